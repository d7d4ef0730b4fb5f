/* Opens, guards and closes the ZeroMQ sockets; see sockets.h. Publisher child, its only thread.
 *
 * Chosen with care for libzmq 4.3.4: one context and one I/O thread, no ZMTP heartbeat (aborts a process whose queue is
 * full), no socket monitor (unread, it stops delivery), bounded queues, short handshakes, small incoming messages. */
#include "daemon/publish/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/publish/protocol.h"
#include "daemon/shell.h"

#define SEND_QUEUE             2000 /* messages for one subscriber: more than 10 s of traffic of a busy bedside */
#define LISTEN_QUEUE           16
#define SUBSCRIPTIONS_PER_TURN 64
#define INCOMING_BYTES         4096 /* subscriptions and handshakes are far smaller */
#define HANDSHAKE_MS           3000
#define SILENT_PEER_MS         5000     /* a TCP peer that acknowledges nothing for so long is dropped */
#define BIND_WAIT_NS           NS_PER_S /* for an endpoint that is in use; less than the engine's patience */
#define BIND_PAUSE_MS          20
#define SOCKET_UMASK           0117 /* a new ipc socket file gets 0660 */

static const char ipc_prefix[] = "ipc://";
static const char tcp_prefix[] = "tcp://";

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool fail(const char *what, const char *which)
{
	int error = zmq_errno();
	(void)fprintf(stderr, "vitalsd publisher: %s %s: %s\n", what, which, zmq_strerror(error));
	return false;
}

static bool set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_text(void *socket, int option, const char *text)
{
	return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

static bool set_common(void *socket)
{
	return set_int(socket, ZMQ_LINGER, 0) && set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
	       set_int(socket, ZMQ_TCP_KEEPALIVE, 1) && set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, 5) &&
	       set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, 2) && set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, 3) &&
	       set_int(socket, ZMQ_TCP_MAXRT, SILENT_PEER_MS);
}

static void *open_pub(void *context)
{
	int64_t incoming = INCOMING_BYTES;
	void *socket = zmq_socket(context, ZMQ_XPUB);

	/* Verbose: each subscriber's word comes through, not only the first one's for a topic. */
	if (socket == NULL || !set_common(socket) || !set_int(socket, ZMQ_SNDHWM, SEND_QUEUE) ||
	    !set_int(socket, ZMQ_XPUB_VERBOSE, 1) ||
	    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &incoming, sizeof incoming) != 0) {
		(void)fail("cannot open a socket for", "publishing");
		return NULL;
	}
	return socket;
}

enum attempt {
	ATTEMPT_DONE,
	ATTEMPT_BUSY,   /* somebody has it now: a child whose engine crashed may be on its way out */
	ATTEMPT_REFUSED /* told to stderr */
};

static enum attempt refuse(const char *which, const char *why)
{
	(void)fprintf(stderr, "vitalsd publisher: %s: %s\n", which, why);
	return ATTEMPT_REFUSED;
}

/* libzmq unlinks what it finds at an ipc path, whatever it is. Done only if that is nothing, or a socket that nobody
 * listens on. */
static enum attempt look_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	if (lstat(path, &status) != 0)
		return ATTEMPT_DONE; /* nothing there, or nothing that could be unlinked */
	if (!S_ISSOCK(status.st_mode))
		return refuse(path, "the name is taken by something that is not a socket; it is left alone");
	if (strlen(path) >= sizeof address.sun_path)
		return refuse(path, "the path is too long");
	memcpy(address.sun_path, path, strlen(path));
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return refuse(path, strerror(errno));
	int connected = connect(probe, (const struct sockaddr *)&address, sizeof address);
	int error = errno;
	(void)close(probe); /* nothing was written */
	if (connected == 0 || error == EAGAIN)
		return ATTEMPT_BUSY;
	if (error == ECONNREFUSED || error == ENOENT)
		return ATTEMPT_DONE;
	return refuse(path, error == EPROTOTYPE ? "it is another program's socket; it is left alone" : strerror(error));
}

/* A second process can bind an ipc path and take it over without an error to the first. The lock keeps vitalsd from
 * doing so to itself; it is held until the process ends. */
static enum attempt lock_path(const char *path)
{
	char name[PATH_BYTES + 8];
	int length = snprintf(name, sizeof name, "%s.lock", path);

	if (length < 0 || (size_t)length >= sizeof name)
		return refuse(path, "the path is too long");
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return refuse(name, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return ATTEMPT_DONE;
	int error = errno;
	(void)close(fd); /* nothing was written */
	return error == EWOULDBLOCK ? ATTEMPT_BUSY : refuse(name, strerror(error));
}

static enum attempt try_bind(void *socket, const char *endpoint, bool *locked)
{
	if (starts_with(endpoint, ipc_prefix)) {
		const char *path = endpoint + strlen(ipc_prefix);
		enum attempt attempt = look_at(path);
		if (attempt == ATTEMPT_DONE && !*locked)
			attempt = lock_path(path);
		if (attempt != ATTEMPT_DONE)
			return attempt;
		*locked = true;
	}
	mode_t before = umask(SOCKET_UMASK);
	int bound = zmq_bind(socket, endpoint);
	int error = zmq_errno();
	(void)umask(before);
	if (bound == 0)
		return ATTEMPT_DONE;
	return error == EADDRINUSE ? ATTEMPT_BUSY : refuse(endpoint, zmq_strerror(error));
}

/* False at once when the engine is gone: then nothing is to be bound any more. */
static bool pause_a_little(void)
{
	struct pollfd engine = {.fd = PUBLISHER_FD};

	return poll(&engine, 1, BIND_PAUSE_MS) == 0;
}

/* An endpoint that is in use is tried again for a while: after a crash of the engine the old child may hold it for some
 * milliseconds more, and that is no reason for an alarm. */
static bool bind_patiently(void *socket, const char *endpoint)
{
	const struct mono give_up = mono_after(shell_now(), BIND_WAIT_NS);
	bool locked = false;

	for (bool first = true;; first = false) {
		enum attempt attempt = try_bind(socket, endpoint, &locked);
		if (attempt != ATTEMPT_BUSY)
			return attempt == ATTEMPT_DONE;
		if (first)
			(void)fprintf(stderr, "vitalsd publisher: %s is in use: waiting for it\n", endpoint);
		if (!mono_before(shell_now(), give_up)) {
			(void)fprintf(stderr, "vitalsd publisher: %s is in use by another process\n", endpoint);
			return false;
		}
		if (!pause_a_little())
			return false;
	}
}

static bool bind_endpoint(void *socket, const char *endpoint)
{
	/* Abstract names and wildcards have no file whose mode could guard them. */
	if (starts_with(endpoint, ipc_prefix) && endpoint[strlen(ipc_prefix)] != '/')
		return refuse(endpoint, "the path must be absolute") == ATTEMPT_DONE;
	if (!starts_with(endpoint, ipc_prefix) && !starts_with(endpoint, tcp_prefix))
		return refuse(endpoint, "only ipc:// and tcp:// are supported") == ATTEMPT_DONE;
	if (!set_int(socket, ZMQ_IPV6, starts_with(endpoint, "tcp://[")))
		return fail("cannot set up", endpoint);
	return bind_patiently(socket, endpoint);
}

static bool is_plain(const struct publish_config *publish, const char *endpoint)
{
	return !publish->curve || starts_with(endpoint, ipc_prefix);
}

/* Without keys only this computer may read. The configuration refuses such an endpoint too; here it is the last gate.
 */
static bool is_local(const char *endpoint)
{
	return starts_with(endpoint, ipc_prefix) || starts_with(endpoint, "tcp://127.") ||
	       starts_with(endpoint, "tcp://[::1]:");
}

static bool open_plain(struct sockets *sockets)
{
	sockets->plain = open_pub(sockets->context);
	return sockets->plain != NULL && (set_text(sockets->plain, ZMQ_ZAP_DOMAIN, ZAP_PLAIN_DOMAIN) ||
	                                  fail("cannot set up", "the local socket"));
}

static bool open_curve(struct sockets *sockets, struct publish_config *publish)
{
	for (uint8_t i = 0; i < publish->client_key_count; i++) {
		if (!zap_allow(&sockets->zap, publish->client_keys[i])) {
			(void)fprintf(stderr, "vitalsd publisher: client key %d is not a Z85 key of 40 characters\n",
			              i + 1);
			return false;
		}
	}
	sockets->curve = open_pub(sockets->context);
	if (sockets->curve == NULL)
		return false;
	return (set_int(sockets->curve, ZMQ_CURVE_SERVER, 1) &&
	        set_text(sockets->curve, ZMQ_CURVE_SECRETKEY, publish->secret_key) &&
	        set_text(sockets->curve, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN)) ||
	       fail("cannot use the", "secret key");
}

/* The loop-back subscription goes the way of a real subscriber. Where every endpoint has CURVE it needs a key of its
 * own, which lives as long as the process. */
static bool give_listener_keys(struct sockets *sockets, const char *secret_key)
{
	char server_public[CURVE_KEY_BYTES], own_public[CURVE_KEY_BYTES], own_secret[CURVE_KEY_BYTES];

	bool done = zmq_curve_public(server_public, secret_key) == 0 &&
	            zmq_curve_keypair(own_public, own_secret) == 0 && zap_allow(&sockets->zap, own_public) &&
	            set_text(sockets->listen, ZMQ_CURVE_SERVERKEY, server_public) &&
	            set_text(sockets->listen, ZMQ_CURVE_PUBLICKEY, own_public) &&
	            set_text(sockets->listen, ZMQ_CURVE_SECRETKEY, own_secret);
	sockets->zap.own_key = done ? sockets->zap.key_count - 1 : -1;
	explicit_bzero(own_secret, sizeof own_secret);
	return done;
}

static bool open_listener(struct sockets *sockets, const struct publish_config *publish)
{
	void *target = sockets->plain != NULL ? sockets->plain : sockets->curve;
	char endpoint[PATH_BYTES + 16];
	size_t size = sizeof endpoint;

	/* The last one of its kind, as good as any, with wildcards resolved. */
	if (zmq_getsockopt(target, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
		return fail("cannot find", "the own endpoint");
	sockets->listen = zmq_socket(sockets->context, ZMQ_SUB);
	if (sockets->listen == NULL || !set_common(sockets->listen) ||
	    !set_int(sockets->listen, ZMQ_RCVHWM, LISTEN_QUEUE) ||
	    !set_int(sockets->listen, ZMQ_IPV6, starts_with(endpoint, "tcp://[")))
		return fail("cannot open a socket for", "the loop-back check");
	if (target == sockets->curve && !give_listener_keys(sockets, publish->secret_key))
		return fail("cannot make keys for", "the loop-back check");
	if (!set_text(sockets->listen, ZMQ_SUBSCRIBE, sockets->topics[TOPIC_HEARTBEAT]) ||
	    zmq_connect(sockets->listen, endpoint) != 0)
		return fail("cannot subscribe to", endpoint);
	return true;
}

static const char *topic_name(enum topic topic)
{
	switch (topic) {
	case TOPIC_ALARM:
		return "alarm";
	case TOPIC_READINGS:
		return "readings";
	case TOPIC_DEVICE:
		return "device";
	case TOPIC_SESSION:
		return "session";
	case TOPIC_SNAPSHOT:
		return "snapshot";
	case TOPIC_HEARTBEAT:
		return "heartbeat";
	case TOPIC_COUNT:
		break;
	}
	return "";
}

static bool open_endpoints(struct sockets *sockets, struct publish_config *publish)
{
	for (uint8_t i = 0; i < publish->endpoint_count; i++) {
		const char *endpoint = publish->endpoints[i];
		bool plain = is_plain(publish, endpoint);
		if (!publish->curve && !is_local(endpoint)) {
			(void)fprintf(stderr, "vitalsd publisher: %s: an endpoint on the network needs keys\n",
			              endpoint);
			return false;
		}
		if (plain && sockets->plain == NULL && !open_plain(sockets))
			return false;
		if (!plain && sockets->curve == NULL && !open_curve(sockets, publish))
			return false;
		if (!bind_endpoint(plain ? sockets->plain : sockets->curve, endpoint))
			return false;
	}
	return publish->endpoint_count > 0 && open_listener(sockets, publish);
}

bool sockets_open(struct sockets *sockets, const char *bedside, struct publish_config *publish)
{
	for (int t = 0; t < TOPIC_COUNT; t++) {
		int length =
		    snprintf(sockets->topics[t], TOPIC_BYTES, "vitals/%s/%s", bedside, topic_name((enum topic)t));
		if (length < 0 || length >= TOPIC_BYTES)
			return false;
	}
	sockets->context = zmq_ctx_new();
	if (sockets->context == NULL || zmq_ctx_set(sockets->context, ZMQ_IO_THREADS, 1) != 0)
		return fail("cannot start", "libzmq");
	sockets->zap.own_key = -1;
	if (!zap_open(&sockets->zap, sockets->context))
		return fail("cannot open the", "ZAP handler");
	bool done = open_endpoints(sockets, publish);
	explicit_bzero(publish->secret_key, sizeof publish->secret_key);
	return done;
}

static void send_to(void *socket, const char *topic, const uint8_t *bytes, size_t size)
{
	if (socket == NULL)
		return;
	/* A PUB socket accepts everything and drops for who is behind; a failure shows in the loop-back check. */
	if (zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
		(void)zmq_send(socket, bytes, size, ZMQ_DONTWAIT);
}

void sockets_send(struct sockets *sockets, enum topic topic, const uint8_t *bytes, size_t size)
{
	send_to(sockets->plain, sockets->topics[topic], bytes, size);
	send_to(sockets->curve, sockets->topics[topic], bytes, size);
}

/* A subscription is one frame: 1 and the beginning of the topics that are wanted. */
static bool wants_snapshot(void *socket, const char *topic)
{
	char frame[1 + TOPIC_BYTES];
	bool wanted = false;
	for (int i = 0; socket != NULL && i < SUBSCRIPTIONS_PER_TURN; i++) {
		int size = zmq_recv(socket, frame, sizeof frame, ZMQ_DONTWAIT);
		if (size < 0)
			break;
		wanted = wanted || (size > 0 && (size_t)size <= sizeof frame && frame[0] == 1 &&
		                    strncmp(topic, frame + 1, (size_t)size - 1) == 0);
	}
	return wanted;
}

bool sockets_joined(struct sockets *sockets)
{
	const char *topic = sockets->topics[TOPIC_SNAPSHOT];
	bool plain = wants_snapshot(sockets->plain, topic), curve = wants_snapshot(sockets->curve, topic);
	return plain || curve;
}

static void close_socket(void *socket, int linger_ms)
{
	if (socket == NULL)
		return;
	(void)set_int(socket, ZMQ_LINGER, linger_ms); /* cannot fail on an open socket */
	(void)zmq_close(socket);
}

void sockets_close(struct sockets *sockets, int linger_ms)
{
	close_socket(sockets->listen, 0);
	close_socket(sockets->plain, linger_ms);
	close_socket(sockets->curve, linger_ms);
	close_socket(sockets->zap.socket, 0);
	if (sockets->context != NULL)
		(void)zmq_ctx_term(sockets->context); /* every socket is closed and lingers briefly: this returns */
}
