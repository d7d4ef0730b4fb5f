/* The publisher child: the process that owns every ZeroMQ socket, so that a stranger on the network, or an abort inside
 * libzmq, costs no judgement. Started by engine_side.c as `vitalsd --publisher-child` with the engine's socket as fd 3;
 * one thread of ours beside libzmq's. It gives up what it does not need, reads finished messages, sends them, and
 * proves by its own subscription that they leave. It ends when the engine closes the socket or dies. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/publish/loopback.h"
#include "daemon/publish/protocol.h"
#include "daemon/publish/sockets.h"
#include "daemon/shell.h"

#define OPEN_FILES        256 /* strangers' connections end here */
#define PACKETS_PER_TURN  64
#define LISTENED_PER_TURN 16
#define TURN_MS           250 /* the loop-back check is looked at this often when nothing happens */
#define SETTINGS_WAIT_S   5
#define LAST_WORDS_MS     200
#define REFUSALS_AT_ONCE  8
#define REFUSAL_AGAIN_NS  (10 * NS_PER_S) /* one more may be told */

/* When memory runs out the kernel ends this process before the one that judges alarms. */
static void volunteer_for_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1000", 4); /* a help, not a condition */
	(void)close(fd);
}

static bool drop_privileges(void)
{
	const struct rlimit files = {OPEN_FILES, OPEN_FILES};
	const struct rlimit core = {0, 0};
	const struct sched_param normal = {0};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	volunteer_for_oom();
	/* A listener on the network must not compete with the engine; refused only where it never was real-time. */
	(void)sched_setscheduler(0, SCHED_OTHER, &normal);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       syscall(SYS_capset, &header, none) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0 &&
	       setrlimit(RLIMIT_CORE, &core) == 0;
}

/* A terminal or service manager signals the whole group; the child still has the engine's last words to send, and ends
 * with the engine's socket. */
static bool ignore_signals(void)
{
	const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
		if (sigaction(ignored[i], &ignore, NULL) != 0)
			return false;
	}
	return true;
}

/* The kernel ends this process with the thread that started it. If that was gone before the kernel was asked, another
 * process is the parent already. */
static bool tie_to_engine(void)
{
	struct ucred engine;
	socklen_t size = sizeof engine;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return false;
	if (getsockopt(PUBLISHER_FD, SOL_SOCKET, SO_PEERCRED, &engine, &size) == 0 && engine.pid != getppid())
		_exit(PUBLISHER_EXIT_END);
	return true;
}

/* An engine that stops shuts its side down and waits; one that is gone has hung up. Nobody waits for its last words,
 * and its successor needs the endpoints. */
static int last_words_ms(void)
{
	struct pollfd engine = {.fd = PUBLISHER_FD};

	return poll(&engine, 1, 0) == 0 ? LAST_WORDS_MS : 0;
}

static bool receive_settings(struct packet_settings *settings)
{
	const struct timeval wait = {.tv_sec = SETTINGS_WAIT_S};

	if (setsockopt(PUBLISHER_FD, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0)
		return false;
	ssize_t size = recv(PUBLISHER_FD, settings, sizeof *settings, MSG_TRUNC);
	return size > 0 && packet_check(settings, (size_t)size, PACKET_DOWN) == PACKET_SETTINGS;
}

/* Sends on what the engine has handed over. True to go on; else `status` says why not. */
static bool forward(struct sockets *sockets, struct loopback *loopback, int *status)
{
	static struct packet_message packet;

	for (int i = 0; i < PACKETS_PER_TURN; i++) {
		ssize_t size = recv(PUBLISHER_FD, &packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);
		int error = errno;
		*status = PUBLISHER_EXIT_END;
		if (size < 0)
			return error == EAGAIN || error == EINTR;
		if (size == 0)
			return false;
		*status = PUBLISHER_EXIT_PACKET;
		if (packet_check(&packet, (size_t)size, PACKET_DOWN) != PACKET_MESSAGE)
			return false;
		size_t body = (size_t)size - PACKET_MESSAGE_HEAD;
		if (packet.topic == TOPIC_HEARTBEAT)
			loopback_sent(loopback, packet.bytes, body, shell_now());
		sockets_send(sockets, (enum topic)packet.topic, packet.bytes, body);
	}
	return true;
}

/* If the engine does not read, it will miss the reports and restart us. */
static void say(const void *packet, size_t size)
{
	(void)send(PUBLISHER_FD, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Takes one message from the own subscription and reports a heartbeat that came back. False if there was none. */
static bool listen_once(struct sockets *sockets, struct loopback *loopback)
{
	char topic[TOPIC_BYTES];
	uint8_t body[LOOPBACK_BYTES];

	/* Both frames of a message arrive together. */
	if (zmq_recv(sockets->listen, topic, sizeof topic, ZMQ_DONTWAIT) < 0)
		return false;
	int size = zmq_recv(sockets->listen, body, sizeof body, ZMQ_DONTWAIT);
	if (size <= 0 || (size_t)size > sizeof body || !loopback_seen(loopback, body, (size_t)size))
		return true;
	const struct packet_report report = {.kind = PACKET_REPORT, .seen = loopback->seen};
	say(&report, sizeof report);
	return true;
}

/* Strangers can knock as often as they like; the record is told of some, and there is one line for each display. */
struct refusals {
	int left;
	struct mono at; /* when `left` last grew */
};

static void answer_peer(struct zap *zap, struct refusals *refusals)
{
	struct packet_peer packet;
	memset(&packet, 0, sizeof packet); /* padding too: it leaves the process */
	packet.kind = PACKET_PEER;
	enum zap_answer answer = zap_serve(zap, &packet.peer);
	packet.refused = answer == ZAP_REFUSED;
	if (answer == ZAP_NOBODY)
		return;
	struct mono now = shell_now();
	if (mono_since(now, refusals->at) >= REFUSAL_AGAIN_NS) {
		refusals->at = now;
		refusals->left = refusals->left < REFUSALS_AT_ONCE ? refusals->left + 1 : REFUSALS_AT_ONCE;
	}
	if (packet.refused && refusals->left == 0)
		return;
	if (packet.refused)
		refusals->left--;
	say(&packet, sizeof packet);
}

static int serve(struct sockets *sockets)
{
	static struct loopback loopback;
	struct refusals refusals = {.left = REFUSALS_AT_ONCE, .at = shell_now()};
	int status;

	for (;;) {
		zmq_pollitem_t items[] = {
		    {.fd = PUBLISHER_FD, .events = ZMQ_POLLIN},
		    {.socket = sockets->listen, .events = ZMQ_POLLIN},
		    {.socket = sockets->zap.socket, .events = ZMQ_POLLIN},
		    {.socket = sockets->plain != NULL ? sockets->plain : sockets->curve, .events = ZMQ_POLLIN},
		    {.socket = sockets->curve, .events = ZMQ_POLLIN},
		};
		int count = sockets->plain != NULL && sockets->curve != NULL ? 5 : 4;
		if (zmq_poll(items, count, TURN_MS) < 0 && zmq_errno() != EINTR)
			return PUBLISHER_EXIT_CALL;
		if ((items[0].revents & (ZMQ_POLLIN | ZMQ_POLLERR)) && !forward(sockets, &loopback, &status))
			return status;
		for (int i = 0; i < LISTENED_PER_TURN && listen_once(sockets, &loopback); i++)
			;
		if (items[2].revents & ZMQ_POLLIN)
			answer_peer(&sockets->zap, &refusals);
		if (sockets_joined(sockets))
			say(&(const struct packet_joined){PACKET_JOINED}, sizeof(struct packet_joined));
		if (loopback_late(&loopback, shell_now())) {
			(void)fprintf(stderr, "vitalsd publisher: own heartbeat did not come back within a second\n");
			return PUBLISHER_EXIT_LOOPBACK;
		}
	}
}

int publisher_child_main(void)
{
	static struct packet_settings settings;
	static struct sockets sockets;

	if (prctl(PR_SET_NAME, "vitalsd-publish") != 0 || !ignore_signals() ||
	    close_range(PUBLISHER_FD + 1, ~0U, 0) != 0 || !drop_privileges() || !tie_to_engine()) {
		int error = errno;
		(void)fprintf(stderr, "vitalsd publisher: start: %s\n", strerror(error));
		return PUBLISHER_EXIT_CALL;
	}
	if (!receive_settings(&settings)) {
		(void)fprintf(stderr,
		              "vitalsd publisher: no settings on descriptor 3; vitalsd starts this by itself\n");
		return PUBLISHER_EXIT_CALL;
	}
	bool open = sockets_open(&sockets, settings.bedside, &settings.publish);
	explicit_bzero(&settings, sizeof settings);
	int status = open ? serve(&sockets) : PUBLISHER_EXIT_SETTINGS;
	sockets_close(&sockets, last_words_ms());
	return status;
}
