/* Receiving and showing of published messages; see watch.h. One loop: it sleeps until a message, a key or the next
 * quarter of a second comes. Signals only set a flag; libzmq keeps them away from its own threads. */
#include "clients/ctl/watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/ctl/lines.h"
#include "clients/ctl/screen.h"
#include "clients/ctl/talk.h"
#include "clients/ctl/terminal.h"

#define QUARTER_NS  INT64_C(250000000)
#define BURST_MOST  500 /* messages before the screen gets its turn */
#define CLOCK_BYTES 16

enum mode { MODE_SCREEN, MODE_LINES, MODE_JSON };

struct watch {
	enum mode mode;
	struct client *client;
	const struct view *view; /* the client's */
	const char *display;     /* as which it confirms, or NULL */
	enum view_link link;     /* last one told */
	int64_t end_ns, drawn_quarter;
	struct terminal terminal;
};

/* Too large for a stack; there is one watch in a process. */
static struct view before; /* what was known before the message that is told */
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

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static bool show(struct watch *watch, const struct client_news *news)
{
	struct out out = {output, sizeof(output), 0, false};
	char clock[CLOCK_BYTES];

	if (watch->mode == MODE_LINES)
		lines_change(&out, &before, watch->view, news, wall_clock(clock));
	if (watch->mode == MODE_JSON)
		client_json(watch->client, &out);
	return watch->mode == MODE_SCREEN || terminal_write(output, out.used, &stopped);
}

static bool drain(struct watch *watch)
{
	struct client_news news;

	for (int i = 0; i < BURST_MOST; i++) {
		if (watch->mode == MODE_LINES) /* lines compare with what was known */
			before = *watch->view;
		switch (client_next(watch->client, now(), &news)) {
		case CLIENT_NOTHING:
			return true;
		case CLIENT_IGNORED:
			break;
		case CLIENT_APPLIED:
			if (!show(watch, &news))
				return false;
			break;
		}
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
	                        .confirms = watch->display,
	                        .not_confirmed = client_unconfirmed(watch->client)};

	if (now_ns / QUARTER_NS == watch->drawn_quarter)
		return true;
	watch->drawn_quarter = now_ns / QUARTER_NS;
	terminal_size(&screen.rows, &screen.columns);
	screen_frame(&out, watch->view, &screen, now_ns);
	return terminal_write(output, out.used, &stopped);
}

static bool tell_link(struct watch *watch, int64_t now_ns)
{
	struct out out = {output, sizeof(output), 0, false};
	char clock[CLOCK_BYTES];
	enum view_link link = view_link(watch->view, now_ns);

	if (link == watch->link)
		return true;
	watch->link = link;
	if (watch->mode == MODE_JSON)
		json_link(&out, view_link_name(link));
	if (watch->mode == MODE_LINES)
		lines_link(&out, watch->view, link, wall_clock(clock));
	return terminal_write(output, out.used, &stopped);
}

/* Receipts; the screen says in its last row how they fare. */
static void turn(struct watch *watch)
{
	char was[VIEW_TEXT];
	const char *is = client_unconfirmed(watch->client);

	out_copy(was, sizeof(was), is);
	client_turn(watch->client, now());
	if (watch->mode != MODE_SCREEN && strcmp(was, is) != 0)
		fprintf(stderr, "vitalsctl: %s\n", is[0] != '\0' ? is : "the monitor takes receipts again");
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
		int wait_ms = (int)((QUARTER_NS - now_ns % QUARTER_NS) / 1000000 + 1);
		if (client_wait(&watch->client, 1, keys ? STDIN_FILENO : -1, wait_ms))
			going = !key_ends(&keys);
		going = going && drain(watch);
		now_ns = now();
		going = going && tell_link(watch, now_ns) && (watch->mode != MODE_SCREEN || draw(watch, now_ns));
		/* After drawing: what stands on a terminal that takes nothing any more is not confirmed. */
		if (going)
			turn(watch);
		going = going && (watch->end_ns == 0 || now_ns < watch->end_ns);
	}
}

static int run(struct watch *watch)
{
	if (watch->mode == MODE_SCREEN)
		terminal_enter(&watch->terminal);
	loop(watch);
	if (watch->mode == MODE_SCREEN)
		terminal_leave(&watch->terminal);
	return watch->view->heard && view_link(watch->view, now()) != VIEW_NO_DATA ? EXIT_OK : EXIT_UNREACHABLE;
}

/* NULL after telling why, with the exit status. */
static struct client *begin(const struct options *options, int *status)
{
	char endpoint[OPTION_PATH_BYTES], socket[OPTION_PATH_BYTES];
	struct client_problem problem;
	struct client_options client = {.bedside = options->bedside,
	                                .endpoint = endpoint,
	                                .server_key = options->server_key,
	                                .key_file = options->key_file,
	                                .display = options->confirm};

	*status = EXIT_USAGE;
	if (!options_endpoint(options, endpoint) || (options->confirm != NULL && !options_socket(options, socket)))
		return NULL;
	client.socket = options->confirm != NULL ? socket : NULL;
	struct client *opened = client_open(&client, now(), &problem);
	if (opened == NULL && talk_complain(&problem) == EXIT_UNREACHABLE)
		*status = EXIT_UNREACHABLE;
	return opened;
}

int watch_run(const struct options *options, const char *argument)
{
	static struct watch watch;
	int status;

	(void)argument;
	watch.mode = options->given & OPTION_JSON ? MODE_JSON : isatty(STDOUT_FILENO) ? MODE_SCREEN : MODE_LINES;
	watch.link = VIEW_LINKS;
	watch.end_ns = options->seconds > 0 ? now() + (int64_t)options->seconds * 1000000000 : 0;
	watch.display = options->confirm;
	watch.client = begin(options, &status);
	if (watch.client == NULL)
		return status;
	watch.view = client_view(watch.client);
	take_signals();
	status = run(&watch);
	client_close(watch.client);
	return status;
}
