/* Receiving and showing of published messages; see watch.h. One loop: it sleeps until a message, a key or the next
 * quarter of a second comes. Signals only set a flag; libzmq keeps them away from its own threads. */
#include "clients/ctl/watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "clients/lib/confirm.h"
#include "clients/lib/json.h"
#include "clients/lib/keys.h"
#include "clients/ctl/lines.h"
#include "clients/ctl/screen.h"
#include "clients/ctl/terminal.h"

#define QUARTER_NS        INT64_C(250000000)
#define BURST_MOST        500 /* messages before the screen gets its turn */
#define RECEIVE_HWM       10000
#define RECONNECT_MS      100
#define RECONNECT_MOST_MS 2000
#define CLOCK_BYTES       16

enum mode { MODE_SCREEN, MODE_LINES, MODE_JSON };

struct watch {
	enum mode mode;
	void *context, *socket;
	char endpoint[OPTION_PATH_BYTES];
	struct view view;
	enum view_link link; /* last one told */
	int64_t end_ns, drawn_quarter, connected_ns;
	struct terminal terminal;
	struct confirm confirm;
};

/* Too large for a stack; there is one watch in a process. */
static struct arena arena;
static char output[JSON_BYTES];

static volatile int stopped; /* set by signals; int is sig_atomic_t here */

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static int64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail with this clock and a valid address */
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static const char *wall_clock(char text[CLOCK_BYTES])
{
	time_t seconds = time(NULL);
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL || strftime(text, CLOCK_BYTES, "%H:%M:%S", &local) == 0)
		return "--:--:--";
	return text;
}

/* A stopped view would show old numbers as if they were live: the stop key is ignored. */
static void take_signals(void)
{
	struct sigaction action = {.sa_handler = stop};
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	static const int ignored[] = {SIGPIPE, SIGTSTP, SIGTTOU, SIGTTIN};

	(void)sigemptyset(&action.sa_mask); /* fails for no argument but NULL */
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		(void)sigaction(ending[i], &action, NULL); /* fails for invalid numbers only */
	action.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &action, NULL);
}

/* ---- subscription ------------------------------------------------------------------------------------------------ */

static bool set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_curve(void *socket, const struct options *options)
{
	char secret[KEY_BYTES], public[KEY_BYTES];

	if (options->server_key == NULL)
		return true;
	if (!keys_read(options->key_file, secret))
		return false;
	bool set =
	    zmq_curve_public(public, secret) == 0 &&
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, KEY_BYTES) == 0 &&
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, KEY_BYTES) == 0 &&
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->server_key, strlen(options->server_key) + 1) == 0;
	explicit_bzero(secret, sizeof(secret));
	if (!set)
		fprintf(stderr, "vitalsctl: --curve-server-key: must be the 40 characters of a public key\n");
	return set;
}

/* No ZMTP heartbeat: it makes libzmq 4.3.4 abort when this side is slow (libzmq issue 3937). Silence is judged here. */
static bool subscribe(struct watch *watch, const struct options *options)
{
	char topic[MESSAGE_TOPIC_BYTES];
	int length = options->bedside == NULL ? snprintf(topic, sizeof(topic), "vitals/")
	                                      : snprintf(topic, sizeof(topic), "vitals/%s/", options->bedside);
	void *socket = watch->socket;

	if (!set_curve(socket, options))
		return false;
	if (set_number(socket, ZMQ_LINGER, 0) && set_number(socket, ZMQ_RCVHWM, RECEIVE_HWM) &&
	    set_number(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
	    set_number(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MOST_MS) && set_number(socket, ZMQ_IPV6, 1) &&
	    set_number(socket, ZMQ_TCP_KEEPALIVE, 1) && set_number(socket, ZMQ_TCP_KEEPALIVE_IDLE, 5) &&
	    set_number(socket, ZMQ_TCP_KEEPALIVE_INTVL, 2) && set_number(socket, ZMQ_TCP_KEEPALIVE_CNT, 3) &&
	    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &(int64_t){MESSAGE_PACKET_MAX}, sizeof(int64_t)) == 0 &&
	    length > 0 && zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, (size_t)length) == 0 &&
	    zmq_connect(socket, watch->endpoint) == 0)
		return true;
	fprintf(stderr, "vitalsctl: %s: %s\n", watch->endpoint, zmq_strerror(zmq_errno()));
	return false;
}

/* A connection may be dead without anybody telling; a new one costs nothing when nothing comes anyway. */
static void reconnect(struct watch *watch, int64_t now_ns)
{
	watch->connected_ns = now_ns;
	(void)zmq_disconnect(watch->socket, watch->endpoint); /* fails when a try before this one failed: no matter */
	(void)zmq_connect(watch->socket, watch->endpoint);    /* was accepted once; tried again in 3 s */
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* Reads one message of two parts. 1 = got it; 0 = there was one that is not ours to understand; -1 = nothing there. */
static int receive(void *socket, char topic[MESSAGE_TOPIC_BYTES], const Vitals__V1__Message **message)
{
	int parts = 0, more = 1;

	topic[0] = '\0';
	*message = NULL;
	for (; more != 0; parts++) { /* libzmq hands over whole messages: every part is here already */
		zmq_msg_t part;
		(void)zmq_msg_init(&part); /* cannot fail */
		if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&part); /* is empty */
			return parts == 0 ? -1 : 0;
		}
		size_t size = zmq_msg_size(&part);
		if (parts == 0 && size < MESSAGE_TOPIC_BYTES) {
			memcpy(topic, zmq_msg_data(&part), size);
			topic[size] = '\0';
		} else if (parts == 1) {
			*message = message_unpack(&arena, zmq_msg_data(&part), size);
		}
		more = zmq_msg_more(&part);
		(void)zmq_msg_close(&part); /* was initialised */
	}
	return parts == 2 && *message != NULL ? 1 : 0;
}

static bool show(struct watch *watch, const char *topic, const Vitals__V1__Message *message, int64_t now_ns)
{
	struct out out = {output, sizeof(output), 0, false};
	char clock[CLOCK_BYTES];
	struct view *view = &watch->view;

	/* Lines compare with what was known before; but only messages that were applied are shown. */
	if (watch->mode == MODE_LINES)
		lines_message(&out, view, message, wall_clock(clock));
	if (!view_apply(view, topic, message, now_ns))
		return true;
	if (watch->mode == MODE_JSON)
		json_message(&out, topic, message);
	return watch->mode == MODE_SCREEN || terminal_write(output, out.used, &stopped);
}

static bool drain(struct watch *watch)
{
	for (int i = 0; i < BURST_MOST; i++) {
		char topic[MESSAGE_TOPIC_BYTES];
		const Vitals__V1__Message *message;
		int got = receive(watch->socket, topic, &message);
		if (got < 0)
			return true;
		if (got == 0)
			watch->view.refused++;
		else if (!show(watch, topic, message, now()))
			return false;
	}
	return true;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static bool draw(struct watch *watch, int64_t now_ns)
{
	struct out out = {output, SCREEN_BYTES, 0, false};
	char clock[CLOCK_BYTES];
	struct screen screen = {.colour = true,
	                        .live = true,
	                        .clock = wall_clock(clock),
	                        .confirms = watch->confirm.display,
	                        .not_confirmed = watch->confirm.problem};

	if (now_ns / QUARTER_NS == watch->drawn_quarter)
		return true;
	watch->drawn_quarter = now_ns / QUARTER_NS;
	terminal_size(&screen.rows, &screen.columns);
	screen_frame(&out, &watch->view, &screen, now_ns);
	return terminal_write(output, out.used, &stopped);
}

static bool tell_link(struct watch *watch, int64_t now_ns)
{
	struct out out = {output, sizeof(output), 0, false};
	char clock[CLOCK_BYTES];
	enum view_link link = view_link(&watch->view, now_ns);

	if (link == watch->link)
		return true;
	watch->link = link;
	if (watch->mode == MODE_JSON)
		json_link(&out, view_link_name(link));
	if (watch->mode == MODE_LINES)
		lines_link(&out, &watch->view, link, wall_clock(clock));
	return terminal_write(output, out.used, &stopped);
}

/* The screen says it in its last row. */
static void tell_confirm(struct watch *watch)
{
	char before[VIEW_TEXT];

	memcpy(before, watch->confirm.problem, sizeof(before));
	confirm_turn(&watch->confirm, &watch->view, now());
	if (watch->mode != MODE_SCREEN && strcmp(before, watch->confirm.problem) != 0)
		fprintf(stderr, "vitalsctl: %s\n",
		        watch->confirm.problem[0] != '\0' ? watch->confirm.problem
		                                          : "the monitor takes receipts again");
}

/* Reads the keys that were pressed. True if one of them ends the view; *open says whether there will be more. */
static bool key_ends(bool *open)
{
	char keys[64];
	ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

	*open = count > 0;
	for (ssize_t i = 0; i < count; i++) {
		if (keys[i] == 'q' || keys[i] == 'Q')
			return true;
	}
	return false;
}

static void loop(struct watch *watch)
{
	bool keys = watch->mode == MODE_SCREEN && watch->terminal.keys;
	bool going = true;

	while (going && !stopped) {
		int64_t now_ns = now();
		zmq_pollitem_t items[2] = {{watch->socket, 0, ZMQ_POLLIN, 0}, {NULL, STDIN_FILENO, ZMQ_POLLIN, 0}};
		long wait_ms = (long)((QUARTER_NS - now_ns % QUARTER_NS) / 1000000 + 1);
		/* An interrupted wait is an ordinary one: whatever it was is seen on the next turn. */
		(void)zmq_poll(items, keys ? 2 : 1, wait_ms);
		if (keys && items[1].revents != 0)
			going = !key_ends(&keys);
		going = going && drain(watch);
		now_ns = now();
		going = going && tell_link(watch, now_ns) && (watch->mode != MODE_SCREEN || draw(watch, now_ns));
		/* After drawing: what stands on a terminal that takes nothing any more is not confirmed. */
		if (going)
			tell_confirm(watch);
		if (now_ns - watch->view.heard_ns >= VIEW_NO_DATA_NS && now_ns - watch->connected_ns >= VIEW_NO_DATA_NS)
			reconnect(watch, now_ns);
		going = going && (watch->end_ns == 0 || now_ns < watch->end_ns);
	}
}

static int run(struct watch *watch, const struct options *options)
{
	watch->context = zmq_ctx_new();
	watch->socket = watch->context == NULL ? NULL : zmq_socket(watch->context, ZMQ_SUB);
	if (watch->socket == NULL) {
		fprintf(stderr, "vitalsctl: %s\n", zmq_strerror(zmq_errno()));
		return EXIT_UNREACHABLE;
	}
	if (!subscribe(watch, options))
		return EXIT_USAGE;
	if (watch->mode == MODE_SCREEN)
		terminal_enter(&watch->terminal);
	loop(watch);
	if (watch->mode == MODE_SCREEN)
		terminal_leave(&watch->terminal);
	return watch->view.heard && view_link(&watch->view, now()) != VIEW_NO_DATA ? EXIT_OK : EXIT_UNREACHABLE;
}

int watch_run(const struct options *options)
{
	static struct watch watch;
	bool curve = options->server_key != NULL;

	if (curve != (options->key_file != NULL)) {
		fprintf(stderr, "vitalsctl: --curve-server-key and --curve-key-file belong together\n");
		return EXIT_USAGE;
	}
	if (!options_endpoint(options, watch.endpoint) || !confirm_init(&watch.confirm, options))
		return EXIT_USAGE;
	watch.mode = options->given & OPTION_JSON ? MODE_JSON : isatty(STDOUT_FILENO) ? MODE_SCREEN : MODE_LINES;
	watch.link = VIEW_LINKS;
	watch.connected_ns = now();
	watch.end_ns = options->seconds > 0 ? now() + (int64_t)options->seconds * 1000000000 : 0;
	view_init(&watch.view, options->bedside != NULL ? options->bedside : "", now());
	take_signals();
	int status = run(&watch, options);
	confirm_end(&watch.confirm);
	if (watch.socket != NULL)
		(void)zmq_close(watch.socket); /* is a socket */
	if (watch.context != NULL)
		(void)zmq_ctx_term(watch.context); /* LINGER 0: cannot wait */
	return status;
}
