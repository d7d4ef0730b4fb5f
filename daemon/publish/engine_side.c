/* The engine's handle of the publisher child: start, send, check, restart, stop. Engine thread only (publisher_start
 * runs on it before any other thread exists). Nothing here waits for the child, but for the moment in which a new one
 * is started, and at the very end of the daemon. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/publish/protocol.h"

#define SEND_BUFFER_BYTES (1024 * 1024) /* some seconds of traffic; the kernel may allow less */
#define HEARD_LIMIT_NS    (2 * NS_PER_S)
#define LAST_REAP_MS      50
#define PEERS_KEPT        16
#define REPORTS_PER_CHECK 64
#define PAUSE_MIN_NS      (250 * NS_PER_MS) /* between two starts, after a child that died young */
#define PAUSE_MAX_NS      (5 * NS_PER_S)
#define STEADY_NS         NS_PER_S
#define GROWN_UP_NS       (10 * NS_PER_S) /* heard for so long, it has not died young */

union packet_up {
	uint8_t kind;
	struct packet_report report;
	struct packet_peer peer;
	struct packet_joined joined;
};

struct publisher {
	const struct config *config;
	pid_t pid; /* 0 = none to reap */
	int fd;    /* -1 = none */
	bool begun;
	struct mono started, heard; /* the first check begins the time of the first child */
	int64_t pause_ns;           /* before the next start; 0 for the first */
	uint64_t malformed;         /* packets, of all children so far */
	bool joined;
	uint8_t peer_count;
	struct packet_peer peers[PEERS_KEPT]; /* not told yet */
};

static int configure_spawn(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, int fd)
{
	sigset_t none, all;

	(void)sigemptyset(&none); /* cannot fail on a valid set, nor can sigfillset */
	(void)sigfillset(&all);
	int error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, fd, PUBLISHER_FD);
	return error;
}

/* The child gets an empty environment: it must not speak to the service manager in our name. */
static int spawn(pid_t *pid, int fd)
{
	char name[] = "vitalsd", option[] = "--publisher-child";
	char *arguments[] = {name, option, NULL};
	char *environment[] = {NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;

	int error = posix_spawnattr_init(&attributes);
	if (error != 0)
		return error;
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0) {
		error = configure_spawn(&attributes, &actions, fd);
		if (error == 0)
			error = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
		(void)posix_spawn_file_actions_destroy(&actions); /* frees memory only */
	}
	(void)posix_spawnattr_destroy(&attributes); /* frees nothing */
	return error;
}

static bool send_settings(int fd, const struct config *config)
{
	struct packet_settings settings = {.kind = PACKET_SETTINGS};

	memcpy(settings.bedside, config->engine.bedside, sizeof settings.bedside);
	settings.publish = config->publish;
	ssize_t sent = send(fd, &settings, sizeof settings, MSG_DONTWAIT | MSG_NOSIGNAL);
	int error = errno;
	explicit_bzero(&settings, sizeof settings);
	errno = error;
	return sent == (ssize_t)sizeof settings;
}

/* False with errno; then nothing is left behind. */
static bool launch(struct publisher *publisher)
{
	int pair[2];
	const int bytes = SEND_BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	int error = 0;
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) != 0 ||
	    !send_settings(pair[0], publisher->config))
		error = errno;
	if (error == 0)
		error = spawn(&publisher->pid, pair[1]);
	(void)close(pair[1]); /* the child has its own copy */
	if (error != 0) {
		(void)close(pair[0]); /* nothing was written that counts */
		publisher->pid = 0;
		errno = error;
		return false;
	}
	publisher->fd = pair[0];
	return true;
}

struct publisher *publisher_start(const struct config *config)
{
	struct publisher *publisher = calloc(1, sizeof *publisher);

	if (publisher == NULL)
		return NULL;
	publisher->config = config;
	publisher->fd = -1;
	if (launch(publisher))
		return publisher;
	int error = errno;
	free(publisher);
	errno = error;
	return NULL;
}

bool publisher_send(struct publisher *publisher, const struct message *message)
{
	uint8_t head[] = {PACKET_MESSAGE, (uint8_t)message->topic}; /* struct packet_message, without a copy of it */
	struct iovec parts[] = {
	    {.iov_base = head, .iov_len = sizeof head},
	    {.iov_base = (void *)(uintptr_t)message->bytes, .iov_len = message->size}, /* only read */
	};
	const struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};

	return publisher->fd >= 0 && sendmsg(publisher->fd, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

int publisher_fd(const struct publisher *publisher)
{
	return publisher->fd;
}

static void close_fd(struct publisher *publisher)
{
	if (publisher->fd >= 0)
		(void)close(publisher->fd); /* a socket: nothing to lose */
	publisher->fd = -1;
}

/* Waits at most wait_ms for the child's end and reaps it. */
static bool reap(struct publisher *publisher, int wait_ms)
{
	if (publisher->pid == 0)
		return true;
	int pidfd = pidfd_open(publisher->pid, 0);
	if (pidfd >= 0) {
		struct pollfd ended = {.fd = pidfd, .events = POLLIN};
		(void)poll(&ended, 1, wait_ms); /* waitpid below tells what happened */
		(void)close(pidfd);
	}
	pid_t got = waitpid(publisher->pid, NULL, WNOHANG);
	int error = errno;
	if (got == publisher->pid || (got < 0 && error == ECHILD))
		publisher->pid = 0;
	return publisher->pid == 0;
}

static void begin(struct publisher *publisher, struct mono now)
{
	publisher->begun = true;
	publisher->started = publisher->heard = now;
}

/* The pid is ours until it is reaped, so this cannot hit a stranger; if it is dead already, nothing happens. */
static void kill_child(struct publisher *publisher)
{
	close_fd(publisher);
	if (publisher->pid != 0)
		(void)kill(publisher->pid, SIGKILL);
}

uint64_t publisher_malformed(const struct publisher *publisher)
{
	return publisher->malformed;
}

bool publisher_take_peer(struct publisher *publisher, struct publish_peer *peer, bool *refused)
{
	if (publisher->peer_count == 0)
		return false;
	*peer = publisher->peers[0].peer;
	*refused = publisher->peers[0].refused;
	publisher->peer_count--;
	memmove(publisher->peers, publisher->peers + 1, publisher->peer_count * sizeof publisher->peers[0]);
	return true;
}

bool publisher_joined(struct publisher *publisher)
{
	bool joined = publisher->joined;
	publisher->joined = false;
	return joined;
}

static void take_packet(struct publisher *publisher, const union packet_up *packet, size_t size, struct mono now)
{
	switch (packet_check(packet, size, PACKET_UP)) {
	case PACKET_REPORT:
		publisher->heard = now;
		break;
	case PACKET_JOINED:
		publisher->joined = true;
		break;
	case PACKET_PEER:
		if (publisher->peer_count < PEERS_KEPT)
			publisher->peers[publisher->peer_count++] = packet->peer;
		break;
	case PACKET_BAD:
	case PACKET_SETTINGS:
	case PACKET_MESSAGE:
		publisher->malformed++; /* it is not what we started any more */
		kill_child(publisher);
		break;
	}
}

bool publisher_check(struct publisher *publisher, struct mono now)
{
	if (!publisher->begun)
		begin(publisher, now);
	for (int i = 0; publisher->fd >= 0 && i < REPORTS_PER_CHECK; i++) {
		union packet_up packet;
		ssize_t size = recv(publisher->fd, &packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);
		int error = errno;
		if (size < 0 && error == EAGAIN)
			break;
		if (size < 0 && error == EINTR)
			continue;
		if (size <= 0)
			close_fd(publisher); /* it is gone; no second end of file shall wake the loop */
		else
			take_packet(publisher, &packet, (size_t)size, now);
	}
	if (publisher->fd < 0) {
		(void)reap(publisher, 0); /* if it is still on its way out, the restart ends and reaps it */
		return false;
	}
	return mono_since(now, publisher->heard) <= HEARD_LIMIT_NS;
}

bool publisher_steady(struct publisher *publisher, struct mono now)
{
	int64_t needed = publisher->pause_ns <= PAUSE_MIN_NS ? STEADY_NS : GROWN_UP_NS;

	return publisher_check(publisher, now) && mono_before(publisher->started, publisher->heard) &&
	       mono_since(now, publisher->started) >= needed;
}

static int64_t longer(int64_t pause_ns)
{
	if (pause_ns == 0)
		return PAUSE_MIN_NS;
	return pause_ns * 2 < PAUSE_MAX_NS ? pause_ns * 2 : PAUSE_MAX_NS;
}

bool publisher_restart(struct publisher *publisher, struct mono now)
{
	if (!reap(publisher, 0)) {
		kill_child(publisher);
		errno = EAGAIN;
		return false;
	}
	close_fd(publisher);
	if (mono_since(publisher->heard, publisher->started) >= GROWN_UP_NS)
		publisher->pause_ns = 0;
	if (mono_since(now, publisher->started) < publisher->pause_ns) {
		errno = EAGAIN;
		return false;
	}
	publisher->pause_ns = longer(publisher->pause_ns);
	begin(publisher, now);
	return launch(publisher);
}

void publisher_stop(struct publisher *publisher, int wait_ms)
{
	if (publisher == NULL)
		return;
	/* The child reads what was handed over, then the end of file. Closing would throw that away if a report is
	 * unread. */
	if (publisher->fd >= 0 && shutdown(publisher->fd, SHUT_WR) == 0)
		(void)reap(publisher, wait_ms); /* if it does not end in time, the next lines end it */
	kill_child(publisher);
	(void)reap(publisher, LAST_REAP_MS); /* one that cannot be reaped now is left to init: we are about to exit */
	free(publisher);
}
