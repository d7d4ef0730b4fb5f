/* The local socket, a door of the desk: one thread that accepts clients of this computer, hands in what they ask for
 * and gives them their answers. Started and stopped by main.
 *
 * Everything is bounded: connections, and those of one account; one command each; how long a connection may be silent.
 * A client is read only while nothing of it is outstanding, and closed when it does not read. */
#include "vitals/desk.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/desk/accounts.h"
#include "daemon/desk/door.h"
#include "daemon/shell.h"

#define ROUND_MS          500
#define IDLE_LIMIT_NS     (60 * NS_PER_S) /* silent for so long, a connection is closed */
#define QUIET_NS          (2 * NS_PER_S)  /* or for so long, if its place is needed: a display confirms every second */
#define BAD_IN_A_ROW_MAX  3
#define ACCEPTS_PER_ROUND 32

struct client {
	int fd;    /* -1: free */
	uid_t uid; /* of its account, as the kernel knows it */
	char actor[NAME_BYTES];
	uint8_t bad_in_a_row;
	bool spoke;        /* since it connected */
	struct mono heard; /* the last time, or when it connected */
	uint64_t command;  /* the desk's id of what is outstanding; 0 = nothing is */
	uint64_t request;  /* its own id of that */
};

struct local_socket {
	struct shell_thread thread;
	struct desk *desk;
	struct door door;
	struct accounts *accounts;
	int wake_fd, listen_fd;
	bool bound;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	_Atomic int64_t beat_ns;
	_Atomic bool stopping;

	/* The thread's own. */
	struct mono accept_after; /* out of descriptors: no accepting before this */
	struct client clients[LOCAL_SOCKET_CLIENTS_MAX];
	uint8_t snapshot[DESK_STATE_BYTES];
	uint8_t packet[DESK_STATE_BYTES + RESPONSE_HEAD_BYTES];
};

/* Recorder or engine thread. */
static void answers_wait(void *context)
{
	const struct local_socket *local = context;
	shell_wake(local->wake_fd);
}

bool local_socket_alive(const struct local_socket *local, struct mono now, int64_t within_ns)
{
	struct mono beat = {atomic_load(&local->beat_ns)};
	return mono_since(now, beat) <= within_ns;
}

/* ---- clients --------------------------------------------------------------------------------- */

/* Takes what was sent and not read before closing: otherwise the kernel gives the peer a reset instead of our last
 * word. */
static void close_politely(int fd)
{
	uint8_t byte;
	(void)shutdown(fd, SHUT_RD); /* the peer may be gone already */
	for (int i = 0; i < 64 && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0; i++)
		continue;
	(void)close(fd); /* nothing was written to a disk */
}

static void drop(struct local_socket *local, struct client *client)
{
	if (client->command != 0)
		desk_forget(local->desk, client->command);
	client->command = 0;
	close_politely(client->fd);
	client->fd = -1;
}

/* False if the peer does not take it. */
static bool send_response(struct local_socket *local, int fd, const struct response *response)
{
	size_t size = response_encode(local->packet, sizeof(local->packet), response);
	return send(fd, local->packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

static void respond(struct local_socket *local, struct client *client, const struct response *response)
{
	if (!send_response(local, client->fd, response))
		drop(local, client);
}

static void refuse(struct local_socket *local, struct client *client, uint64_t id, enum result result,
                   const struct refusal *refusal)
{
	struct response response = desk_response(local->desk, id, result, refusal);
	respond(local, client, &response);
}

static void refuse_bad(struct local_socket *local, struct client *client, const struct request *request)
{
	desk_visited(local->desk, VISIT_REFUSED, client->actor, "");
	refuse(local, client, request->id, RESULT_BAD_REQUEST, &request->refusal);
	client->bad_in_a_row++;
	if (client->fd >= 0 && client->bad_in_a_row >= BAD_IN_A_ROW_MAX)
		drop(local, client);
}

static void answer_status(struct local_socket *local, struct client *client, uint64_t id)
{
	struct refusal refusal;
	struct response response = desk_response(local->desk, id, RESULT_OK, NULL);
	desk_visited(local->desk, VISIT_READ, client->actor, "");
	response.snapshot = local->snapshot;
	response.snapshot_size = desk_status(local->desk, local->snapshot);
	if (response.snapshot_size > 0) {
		respond(local, client, &response);
		return;
	}
	refusal_begin(&refusal, REFUSAL_NO_STATE);
	refuse(local, client, id, RESULT_BUSY, &refusal);
}

static void submit(struct local_socket *local, struct client *client, const struct request *request)
{
	client->request = request->id;
	client->command = desk_submit(local->desk, &local->door, client->actor, request);
	if (client->command != 0)
		return;
	struct refusal refusal;
	refusal_begin(&refusal, REFUSAL_BUSY);
	refuse(local, client, request->id, RESULT_BUSY, &refusal);
}

static void read_client(struct local_socket *local, struct client *client, struct mono now)
{
	struct request request;
	uint8_t bytes[REQUEST_BYTES_MAX];
	/* MSG_TRUNC: the size that was sent, even if it did not fit. */
	ssize_t size = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);
	int error = errno;
	if (size < 0 && (error == EAGAIN || error == EINTR))
		return;
	if (size <= 0) {
		drop(local, client);
		return;
	}
	client->spoke = true;
	client->heard = now;
	if (!request_decode(&request, bytes, (size_t)size)) {
		refuse_bad(local, client, &request);
		return;
	}
	client->bad_in_a_row = 0;
	if (request.status)
		answer_status(local, client, request.id);
	else
		submit(local, client, &request);
}

static void give_answers(struct local_socket *local)
{
	struct answer given;
	while (desk_take_answer(local->desk, &local->door, &given)) {
		for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++) {
			struct client *client = &local->clients[slot];
			if (client->command != given.command)
				continue;
			client->command = 0;
			respond(local, client, &given.response);
		}
	}
}

/* ---- accepting ------------------------------------------------------------------------------- */

static size_t connections_of(const struct local_socket *local, uid_t uid)
{
	size_t count = 0;
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++)
		if (local->clients[slot].fd >= 0 && local->clients[slot].uid == uid)
			count++;
	return count;
}

/* How well a connection can be spared: those of the account that has the most, of these the quiet ones, of these those
 * that never said anything, of these the one that has been silent for longest. */
struct spare {
	size_t held;
	bool quiet, mute;
	int64_t silent_ns;
};

static bool spared_before(const struct spare *a, const struct spare *b)
{
	if (a->held != b->held)
		return a->held > b->held;
	if (a->quiet != b->quiet)
		return a->quiet;
	if (a->mute != b->mute)
		return a->mute;
	return a->silent_ns > b->silent_ns;
}

/* Which connection goes for a new one of this account; NULL if none may. A quiet one may, and one that is in use if its
 * account has at least two more. An account that has its share pays for its own. */
static struct client *to_be_spared(struct local_socket *local, uid_t newcomer, struct mono now)
{
	size_t own = connections_of(local, newcomer);
	struct client *found = NULL;
	struct spare best = {0};
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++) {
		struct client *client = &local->clients[slot];
		if (client->fd < 0 || (own >= LOCAL_SOCKET_SHARE_MAX && client->uid != newcomer))
			continue;
		struct spare spare = {.held = connections_of(local, client->uid),
		                      .mute = !client->spoke,
		                      .silent_ns = mono_since(now, client->heard)};
		spare.quiet = spare.silent_ns > QUIET_NS && client->command == 0;
		if ((spare.quiet || spare.held >= own + 2) && (found == NULL || spared_before(&spare, &best))) {
			found = client;
			best = spare;
		}
	}
	return found;
}

/* Closes a connection with a last word. */
static void dismiss(struct local_socket *local, struct client *client, const struct refusal *why)
{
	struct refusal needed;
	refusal_begin(&needed, REFUSAL_CONNECTION_NEEDED);
	if (client->command != 0)
		refuse(local, client, client->request, RESULT_NOT_RECORDED, &needed);
	else
		refuse(local, client, 0, RESULT_BUSY, why);
	if (client->fd >= 0)
		drop(local, client);
}

/* A place for a connection of this account; NULL if there is none. */
static struct client *make_room(struct local_socket *local, uid_t uid, struct mono now)
{
	for (size_t slot = 0; connections_of(local, uid) < LOCAL_SOCKET_SHARE_MAX && slot < LOCAL_SOCKET_CLIENTS_MAX;
	     slot++)
		if (local->clients[slot].fd < 0)
			return &local->clients[slot];
	struct client *client = to_be_spared(local, uid, now);
	struct refusal idle;
	refusal_begin(&idle, REFUSAL_CONNECTION_IDLE);
	if (client != NULL)
		dismiss(local, client, &idle);
	return client;
}

static void close_idle(struct local_socket *local, struct mono now)
{
	struct refusal silent;
	refusal_begin(&silent, REFUSAL_CONNECTION_SILENT);
	refusal_number(&silent, "seconds", IDLE_LIMIT_NS / NS_PER_S);
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++) {
		struct client *client = &local->clients[slot];
		if (client->fd >= 0 && mono_since(now, client->heard) > IDLE_LIMIT_NS && client->command == 0)
			dismiss(local, client, &silent);
	}
}

static void welcome(struct local_socket *local, int fd, struct mono now)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		close_politely(fd); /* nobody we could name in the record */
		return;
	}
	struct client *client = make_room(local, peer.uid, now);
	if (client == NULL) {
		struct refusal refusal;
		char account[NAME_BYTES];
		(void)snprintf(account, sizeof(account), "uid-%u", (unsigned)peer.uid); /* fits */
		desk_visited(local->desk, VISIT_REFUSED, account, "");
		refusal_begin(&refusal, REFUSAL_CLIENTS);
		refusal_number(&refusal, "account", LOCAL_SOCKET_SHARE_MAX);
		refusal_number(&refusal, "all", LOCAL_SOCKET_CLIENTS_MAX);
		struct response response = desk_response(local->desk, 0, RESULT_BUSY, &refusal);
		(void)send_response(local, fd, &response); /* it is closed either way */
		close_politely(fd);
		return;
	}
	client->uid = peer.uid;
	client->fd = fd;
	client->command = 0;
	client->bad_in_a_row = 0;
	client->spoke = false;
	client->heard = now;
}

static void accept_clients(struct local_socket *local, struct mono now)
{
	for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
		int fd = accept4(local->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		int error = errno;
		if (fd >= 0) {
			welcome(local, fd, now);
			continue;
		}
		if (error != EAGAIN && error != EINTR && error != ECONNABORTED)
			local->accept_after = mono_after(now, ROUND_MS * NS_PER_MS);
		return;
	}
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* A client is read while nothing of it is outstanding and its name is not worth waiting for. Returns for how long the
 * thread may sleep. */
static int choose_clients(struct local_socket *local, struct pollfd fds[LOCAL_SOCKET_CLIENTS_MAX], struct mono now)
{
	int64_t sleep_ns = ROUND_MS * NS_PER_MS;
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++) {
		struct client *client = &local->clients[slot];
		int64_t wait_ns = 0;
		if (client->fd >= 0)
			wait_ns = accounts_name(local->accounts, client->uid, now, client->actor);
		bool heard = client->command == 0 && wait_ns == 0;
		fds[slot] = (struct pollfd){.fd = client->fd, .events = heard ? POLLIN : 0};
		if (wait_ns > 0 && wait_ns < sleep_ns)
			sleep_ns = wait_ns;
	}
	return (int)(sleep_ns / NS_PER_MS) + 1;
}

static void wait_and_serve(struct local_socket *local)
{
	struct pollfd fds[2 + LOCAL_SOCKET_CLIENTS_MAX];
	struct mono now = shell_now();
	bool accepting = !mono_before(now, local->accept_after);
	fds[0] = (struct pollfd){.fd = local->wake_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = accepting ? local->listen_fd : -1, .events = POLLIN};
	if (poll(fds, 2 + LOCAL_SOCKET_CLIENTS_MAX, choose_clients(local, fds + 2, now)) <= 0)
		return;
	now = shell_now();
	if ((fds[0].revents & POLLIN) != 0)
		shell_wake_clear(local->wake_fd);
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++) {
		short events = fds[2 + slot].revents;
		if ((events & POLLIN) != 0)
			read_client(local, &local->clients[slot], now);
		else if ((events & (POLLHUP | POLLERR)) != 0)
			drop(local, &local->clients[slot]);
	}
	if ((fds[1].revents & POLLIN) != 0)
		accept_clients(local, now);
}

static void run(void *context)
{
	struct local_socket *local = context;
	for (;;) {
		struct mono now = shell_now();
		atomic_store(&local->beat_ns, now.ns);
		bool stopping = atomic_load(&local->stopping); /* before the answers: the last ones are given */
		give_answers(local);
		if (stopping)
			break;
		close_idle(local, now);
		wait_and_serve(local);
	}
}

/* ---- start and stop -------------------------------------------------------------------------- */

static bool complain(const struct local_socket *local, const char *what)
{
	(void)fprintf(stderr, "vitalsd: control socket %s: %s\n", local->path, what); /* nowhere else to say it */
	return false;
}

static bool complain_errno(const struct local_socket *local, int error)
{
	return complain(local, strerror(error));
}

/* Removes a socket that nobody listens on. Anything else under that name is left alone. */
static bool remove_stale(const struct local_socket *local, const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(local->path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return complain(local, "the name is taken by something that is not a socket");
	int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return complain_errno(local, errno);
	int connected = connect(probe, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;
	(void)close(probe); /* nothing was written */
	if (connected == 0 || error != ECONNREFUSED)
		return complain(local, "another program listens there");
	if (unlink(local->path) != 0)
		return complain_errno(local, errno);
	return true;
}

static bool listen_on(struct local_socket *local)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, local->path, sizeof(address.sun_path));
	local->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (local->listen_fd < 0)
		return complain_errno(local, errno);
	/* The file is born with at most this mode and without touching the process's umask, then gets exactly it. */
	if (fchmod(local->listen_fd, 0660) != 0)
		return complain_errno(local, errno);
	int bound = bind(local->listen_fd, (const struct sockaddr *)&address, sizeof(address));
	int error = errno;
	if (bound != 0 && error == EADDRINUSE) {
		if (!remove_stale(local, &address))
			return false;
		bound = bind(local->listen_fd, (const struct sockaddr *)&address, sizeof(address));
		error = errno;
	}
	if (bound != 0)
		return complain_errno(local, error);
	local->bound = true;
	if (chmod(local->path, 0660) != 0 || listen(local->listen_fd, LOCAL_SOCKET_CLIENTS_MAX) != 0)
		return complain_errno(local, errno);
	return true;
}

static bool set_up(struct local_socket *local, const char *path)
{
	size_t size = strlen(path);
	if (size == 0 || size >= sizeof(local->path)) {
		(void)fprintf(
		    stderr,
		    "vitalsd: control socket %s: the length of the path is out of range (legal: 1 .. 107 bytes)\n",
		    path);
		return false;
	}
	memcpy(local->path, path, size + 1);
	if (local->wake_fd < 0)
		return complain_errno(local, errno);
	local->accounts = accounts_start(local->wake_fd);
	if (local->accounts == NULL)
		return complain_errno(local, errno);
	if (!listen_on(local))
		return false;
	if (shell_thread_start(&local->thread, "control", run, local) != 0)
		return complain(local, "the thread could not be started");
	return true;
}

static void tear_down(struct local_socket *local, struct mono deadline)
{
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++)
		if (local->clients[slot].fd >= 0)
			drop(local, &local->clients[slot]);
	if (local->accounts != NULL)
		accounts_stop(local->accounts, deadline);
	if (local->bound)
		(void)unlink(local->path); /* left behind it is stale, and replaced at the next start */
	if (local->listen_fd >= 0)
		(void)close(local->listen_fd); /* nothing was written to a disk */
	if (local->wake_fd >= 0)
		(void)close(local->wake_fd);
	free(local);
}

struct local_socket *local_socket_start(const char *path, struct desk *desk)
{
	struct local_socket *local = calloc(1, sizeof(*local));
	if (local == NULL) {
		(void)fputs("vitalsd: control socket: out of memory\n", stderr);
		return NULL;
	}
	local->desk = desk;
	local->door = (struct door){answers_wait, local};
	local->listen_fd = -1;
	for (size_t slot = 0; slot < LOCAL_SOCKET_CLIENTS_MAX; slot++)
		local->clients[slot].fd = -1;
	atomic_init(&local->beat_ns, shell_now().ns);
	local->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!set_up(local, path)) {
		tear_down(local, MONO_NEVER);
		return NULL;
	}
	return local;
}

bool local_socket_stop(struct local_socket *local, int wait_ms)
{
	struct mono deadline = mono_after(shell_now(), wait_ms * NS_PER_MS);
	atomic_store(&local->stopping, true);
	shell_wake(local->wake_fd);
	if (!shell_thread_join(&local->thread, deadline))
		return false; /* its memory stays until the process has ended */
	tear_down(local, deadline);
	return true;
}
