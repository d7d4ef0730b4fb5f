/* The control socket: one thread that accepts local clients, turns their requests into EVENT_COMMAND and gives the
 * answers when the recorder releases them. Started and stopped by main; control_reply and control_state come from the
 * recorder and the engine thread.
 *
 * Everything is bounded: clients, one command each, the wait for its answer, the state. A client is read only while
 * nothing of it is outstanding, and closed when it does not read. */
#include "vitals/control.h"

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
#include "daemon/wire/request.h"
#include "daemon/shell.h"

#define ROUND_MS          500
#define ANSWER_WAIT_NS    (5 * NS_PER_S)  /* then the client hears that the command was not recorded */
#define STATE_MAX_AGE_NS  (2 * NS_PER_S)  /* four missed refreshes: not shown as current any more */
#define IDLE_LIMIT_NS     (60 * NS_PER_S) /* silent for so long, a connection is closed */
#define QUIET_NS          (2 * NS_PER_S)  /* or for so long, if its place is needed: a display confirms every second */
#define BAD_IN_A_ROW_MAX  3
#define ACCEPTS_PER_ROUND 32

struct client {
	int fd;    /* -1: free */
	uid_t uid; /* of its account, as the kernel knows it */
	char actor[NAME_BYTES];
	uint32_t generation; /* of the slot: an answer for the client before this one is nobody's */
	uint32_t commands;
	uint8_t bad_in_a_row;
	bool spoke;          /* since it connected */
	struct mono heard;   /* the last time, or when it connected */
	uint64_t request_id; /* of the outstanding command */
	struct mono asked;
	/* Under the mutex. */
	uint64_t outstanding; /* id of the command in the engine; 0 = none */
	bool answered;
	enum result result;
	char text[CONTROL_TEXT_BYTES]; /* of the answer; "" = that of its result */
};

struct control {
	struct shell_thread thread;
	struct mailbox *mailbox;
	struct accounts *accounts;
	int wake_fd, listen_fd;
	bool bound;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char bedside[NAME_BYTES];
	bool demo;
	_Atomic int64_t beat_ns;

	pthread_mutex_t mutex;
	bool stopping;
	struct mono state_at;
	size_t state_size;
	uint8_t state[CONTROL_STATE_BYTES];

	/* The thread's own, but for what is marked in struct client. */
	struct mono accept_after; /* out of descriptors: no accepting before this */
	struct client clients[CONTROL_CLIENTS_MAX];
	uint8_t snapshot[CONTROL_STATE_BYTES];
	uint8_t packet[CONTROL_STATE_BYTES + RESPONSE_HEAD_BYTES];
};

/* ---- other threads --------------------------------------------------------------------------- */

/* A command's id: 8 bits of slot, 24 of generation, 32 of the client's count, which starts at 1. */
static uint64_t command_id(size_t slot, const struct client *client)
{
	return (uint64_t)slot << 56 | (uint64_t)(client->generation & 0xFFFFFF) << 32 | client->commands;
}

void control_explain(struct control *control, uint64_t id, const char *text)
{
	size_t slot = (size_t)(id >> 56);
	if (slot >= CONTROL_CLIENTS_MAX)
		return;
	struct client *client = &control->clients[slot];
	shell_lock(&control->mutex);
	if (id != 0 && client->outstanding == id)
		(void)snprintf(client->text, sizeof(client->text), "%s", text); /* cut is fine */
	shell_unlock(&control->mutex);
}

void control_reply(struct control *control, uint64_t id, enum result result)
{
	size_t slot = (size_t)(id >> 56);
	if (slot >= CONTROL_CLIENTS_MAX)
		return;
	struct client *client = &control->clients[slot];
	shell_lock(&control->mutex);
	bool wanted = id != 0 && client->outstanding == id;
	if (wanted) {
		client->answered = true;
		client->result = result;
	}
	shell_unlock(&control->mutex);
	if (wanted)
		shell_wake(control->wake_fd);
}

void control_state(struct control *control, const uint8_t *bytes, size_t size)
{
	struct mono now = shell_now();
	if (size > sizeof(control->state))
		return; /* ours, and bounded by the encoder; the old state grows stale and is refused */
	shell_lock(&control->mutex);
	memcpy(control->state, bytes, size);
	control->state_size = size;
	control->state_at = now;
	shell_unlock(&control->mutex);
}

bool control_alive(const struct control *control, struct mono now, int64_t within_ns)
{
	struct mono beat = {atomic_load(&control->beat_ns)};
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

static void drop(struct control *control, struct client *client)
{
	shell_lock(&control->mutex);
	client->outstanding = 0;
	client->answered = false;
	shell_unlock(&control->mutex);
	close_politely(client->fd);
	client->fd = -1;
}

/* False if the peer does not take it. */
static bool send_response(struct control *control, int fd, const struct response *response)
{
	size_t size = response_encode(control->packet, sizeof(control->packet), response);
	return send(fd, control->packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

static void answer(struct control *control, struct client *client, uint64_t id, enum result result, const char *text)
{
	struct response response = {
	    .id = id, .result = result, .text = text, .bedside = control->bedside, .demo = control->demo};
	if (!send_response(control, client->fd, &response))
		drop(control, client);
}

static void answer_status(struct control *control, struct client *client, uint64_t id)
{
	struct mono now = shell_now();
	struct response response = {.id = id, .result = RESULT_OK, .bedside = control->bedside, .demo = control->demo};
	shell_lock(&control->mutex);
	bool fresh = control->state_size > 0 && mono_since(now, control->state_at) <= STATE_MAX_AGE_NS;
	response.snapshot_size = fresh ? control->state_size : 0;
	memcpy(control->snapshot, control->state, response.snapshot_size);
	shell_unlock(&control->mutex);
	if (!fresh) {
		answer(control, client, id, RESULT_BUSY, "The monitor has no current state to show.");
		return;
	}
	response.text = result_text(RESULT_OK);
	response.snapshot = control->snapshot;
	if (!send_response(control, client->fd, &response))
		drop(control, client);
}

static void refuse(struct control *control, struct client *client, const struct request *request)
{
	answer(control, client, request->id, RESULT_BAD_REQUEST, request->problem);
	client->bad_in_a_row++;
	if (client->fd >= 0 && client->bad_in_a_row >= BAD_IN_A_ROW_MAX)
		drop(control, client);
}

static void submit(struct control *control, size_t slot, const struct request *request)
{
	struct client *client = &control->clients[slot];
	struct event event = {.kind = EVENT_COMMAND, .wall_ns = shell_wall_ns(), .u.command = request->command};
	client->commands++;
	client->request_id = request->id;
	client->asked = shell_now();
	event.u.command.id = command_id(slot, client);
	memcpy(event.u.command.actor, client->actor, sizeof(client->actor));
	/* Before posting: the answer may come before mailbox_post returns. */
	shell_lock(&control->mutex);
	client->outstanding = event.u.command.id;
	client->answered = false;
	client->text[0] = '\0';
	shell_unlock(&control->mutex);
	if (mailbox_post(control->mailbox, &event))
		return;
	shell_lock(&control->mutex);
	client->outstanding = 0;
	shell_unlock(&control->mutex);
	answer(control, client, request->id, RESULT_BUSY, result_text(RESULT_BUSY));
}

static void read_client(struct control *control, size_t slot, struct mono now)
{
	struct client *client = &control->clients[slot];
	struct request request;
	uint8_t bytes[REQUEST_BYTES_MAX];
	/* MSG_TRUNC: the size that was sent, even if it did not fit. */
	ssize_t size = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);
	int error = errno;
	if (size < 0 && (error == EAGAIN || error == EINTR))
		return;
	if (size <= 0) {
		drop(control, client);
		return;
	}
	client->spoke = true;
	client->heard = now;
	if (!request_decode(&request, bytes, (size_t)size)) {
		refuse(control, client, &request);
		return;
	}
	client->bad_in_a_row = 0;
	if (request.status)
		answer_status(control, client, request.id);
	else
		submit(control, slot, &request);
}

/* Gives the answers that have come, and ends the waits that were too long. */
static void give_answers(struct control *control, struct mono now)
{
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++) {
		struct client *client = &control->clients[slot];
		shell_lock(&control->mutex);
		bool answered = client->answered;
		enum result result = client->result;
		char text[CONTROL_TEXT_BYTES];
		memcpy(text, client->text, sizeof(text));
		bool late = !answered && client->outstanding != 0 && mono_since(now, client->asked) > ANSWER_WAIT_NS;
		if (answered || late) {
			client->outstanding = 0;
			client->answered = false;
		}
		shell_unlock(&control->mutex);
		if (answered)
			answer(control, client, client->request_id, result,
			       text[0] != '\0' ? text : result_text(result));
		else if (late)
			answer(control, client, client->request_id, RESULT_NOT_RECORDED,
			       "No confirmation within 5 s. It may have been carried out: check before repeating it.");
	}
}

/* ---- accepting ------------------------------------------------------------------------------- */

static bool waits_for_answer(struct control *control, const struct client *client)
{
	shell_lock(&control->mutex);
	bool waits = client->outstanding != 0;
	shell_unlock(&control->mutex);
	return waits;
}

static size_t connections_of(const struct control *control, uid_t uid)
{
	size_t count = 0;
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++)
		if (control->clients[slot].fd >= 0 && control->clients[slot].uid == uid)
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
static struct client *to_be_spared(struct control *control, uid_t newcomer, struct mono now)
{
	size_t own = connections_of(control, newcomer);
	struct client *found = NULL;
	struct spare best = {0};
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++) {
		struct client *client = &control->clients[slot];
		if (client->fd < 0 || (own >= CONTROL_SHARE_MAX && client->uid != newcomer))
			continue;
		struct spare spare = {.held = connections_of(control, client->uid),
		                      .mute = !client->spoke,
		                      .silent_ns = mono_since(now, client->heard)};
		spare.quiet = spare.silent_ns > QUIET_NS && !waits_for_answer(control, client);
		if ((spare.quiet || spare.held >= own + 2) && (found == NULL || spared_before(&spare, &best))) {
			found = client;
			best = spare;
		}
	}
	return found;
}

/* Closes a connection with a last word. */
static void dismiss(struct control *control, struct client *client, const char *why)
{
	if (waits_for_answer(control, client))
		answer(control, client, client->request_id, RESULT_NOT_RECORDED,
		       "The connection was needed. It may have been carried out: check before repeating it.");
	else
		answer(control, client, 0, RESULT_BUSY, why);
	if (client->fd >= 0)
		drop(control, client);
}

/* A place for a connection of this account; NULL if there is none. */
static struct client *make_room(struct control *control, uid_t uid, struct mono now)
{
	for (size_t slot = 0; connections_of(control, uid) < CONTROL_SHARE_MAX && slot < CONTROL_CLIENTS_MAX; slot++)
		if (control->clients[slot].fd < 0)
			return &control->clients[slot];
	struct client *client = to_be_spared(control, uid, now);
	if (client != NULL)
		dismiss(control, client, "The connection was idle, and needed for another one. Connect again.");
	return client;
}

static void close_idle(struct control *control, struct mono now)
{
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++) {
		struct client *client = &control->clients[slot];
		if (client->fd >= 0 && mono_since(now, client->heard) > IDLE_LIMIT_NS &&
		    !waits_for_answer(control, client))
			dismiss(control, client, "Nothing was asked for a minute. Connect again.");
	}
}

static void welcome(struct control *control, int fd, struct mono now)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		close_politely(fd); /* nobody we could name in the record */
		return;
	}
	struct client *client = make_room(control, peer.uid, now);
	if (client == NULL) {
		struct response response = {
		    .result = RESULT_BUSY,
		    .text = "Too many clients are connected (8 of an account, 16 in all). Try again.",
		    .bedside = control->bedside,
		    .demo = control->demo};
		(void)send_response(control, fd, &response); /* it is closed either way */
		close_politely(fd);
		return;
	}
	client->uid = peer.uid;
	client->fd = fd;
	client->generation++;
	client->commands = 0;
	client->bad_in_a_row = 0;
	client->spoke = false;
	client->heard = now;
}

static void accept_clients(struct control *control, struct mono now)
{
	for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
		int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		int error = errno;
		if (fd >= 0) {
			welcome(control, fd, now);
			continue;
		}
		if (error != EAGAIN && error != EINTR && error != ECONNABORTED)
			control->accept_after = mono_after(now, ROUND_MS * NS_PER_MS);
		return;
	}
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* A client is read while nothing of it is outstanding and its name is not worth waiting for. Returns for how long the
 * thread may sleep. */
static int choose_clients(struct control *control, struct pollfd fds[CONTROL_CLIENTS_MAX], struct mono now)
{
	int64_t sleep_ns = ROUND_MS * NS_PER_MS;
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++) {
		struct client *client = &control->clients[slot];
		int64_t wait_ns = 0;
		if (client->fd >= 0)
			wait_ns = accounts_name(control->accounts, client->uid, now, client->actor);
		shell_lock(&control->mutex);
		bool idle = client->outstanding == 0;
		shell_unlock(&control->mutex);
		fds[slot] = (struct pollfd){.fd = client->fd, .events = idle && wait_ns == 0 ? POLLIN : 0};
		if (wait_ns > 0 && wait_ns < sleep_ns)
			sleep_ns = wait_ns;
	}
	return (int)(sleep_ns / NS_PER_MS) + 1;
}

static void wait_and_serve(struct control *control)
{
	struct pollfd fds[2 + CONTROL_CLIENTS_MAX];
	struct mono now = shell_now();
	bool accepting = !mono_before(now, control->accept_after);
	fds[0] = (struct pollfd){.fd = control->wake_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = accepting ? control->listen_fd : -1, .events = POLLIN};
	if (poll(fds, 2 + CONTROL_CLIENTS_MAX, choose_clients(control, fds + 2, now)) <= 0)
		return;
	now = shell_now();
	if ((fds[0].revents & POLLIN) != 0)
		shell_wake_clear(control->wake_fd);
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++) {
		short events = fds[2 + slot].revents;
		if ((events & POLLIN) != 0)
			read_client(control, slot, now);
		else if ((events & (POLLHUP | POLLERR)) != 0)
			drop(control, &control->clients[slot]);
	}
	if ((fds[1].revents & POLLIN) != 0)
		accept_clients(control, now);
}

static void run(void *context)
{
	struct control *control = context;
	for (;;) {
		struct mono now = shell_now();
		atomic_store(&control->beat_ns, now.ns);
		shell_lock(&control->mutex);
		bool stopping = control->stopping;
		shell_unlock(&control->mutex);
		give_answers(control, now);
		if (stopping)
			break;
		close_idle(control, now);
		wait_and_serve(control);
	}
}

/* ---- start and stop -------------------------------------------------------------------------- */

static bool complain(const struct control *control, const char *what)
{
	(void)fprintf(stderr, "vitalsd: control socket %s: %s\n", control->path, what); /* nowhere else to say it */
	return false;
}

static bool complain_errno(const struct control *control, int error)
{
	return complain(control, strerror(error));
}

/* Removes a socket that nobody listens on. Anything else under that name is left alone. */
static bool remove_stale(const struct control *control, const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(control->path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return complain(control, "the name is taken by something that is not a socket");
	int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return complain_errno(control, errno);
	int connected = connect(probe, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;
	(void)close(probe); /* nothing was written */
	if (connected == 0 || error != ECONNREFUSED)
		return complain(control, "another program listens there");
	if (unlink(control->path) != 0)
		return complain_errno(control, errno);
	return true;
}

static bool listen_on(struct control *control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, control->path, sizeof(address.sun_path));
	control->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->listen_fd < 0)
		return complain_errno(control, errno);
	/* The file is born with at most this mode and without touching the process's umask, then gets exactly it. */
	if (fchmod(control->listen_fd, 0660) != 0)
		return complain_errno(control, errno);
	int bound = bind(control->listen_fd, (const struct sockaddr *)&address, sizeof(address));
	int error = errno;
	if (bound != 0 && error == EADDRINUSE) {
		if (!remove_stale(control, &address))
			return false;
		bound = bind(control->listen_fd, (const struct sockaddr *)&address, sizeof(address));
		error = errno;
	}
	if (bound != 0)
		return complain_errno(control, error);
	control->bound = true;
	if (chmod(control->path, 0660) != 0 || listen(control->listen_fd, CONTROL_CLIENTS_MAX) != 0)
		return complain_errno(control, errno);
	return true;
}

static bool set_up(struct control *control, const char *path)
{
	size_t size = strlen(path);
	if (size == 0 || size >= sizeof(control->path)) {
		(void)fprintf(
		    stderr,
		    "vitalsd: control socket %s: the length of the path is out of range (legal: 1 .. 107 bytes)\n",
		    path);
		return false;
	}
	memcpy(control->path, path, size + 1);
	if (shell_mutex_init(&control->mutex) != 0 || control->wake_fd < 0)
		return complain(control, "no mutex or eventfd");
	control->accounts = accounts_start(control->wake_fd);
	if (control->accounts == NULL)
		return complain_errno(control, errno);
	if (!listen_on(control))
		return false;
	if (shell_thread_start(&control->thread, "control", run, control) != 0)
		return complain(control, "the thread could not be started");
	return true;
}

static void tear_down(struct control *control, struct mono deadline)
{
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++)
		if (control->clients[slot].fd >= 0)
			drop(control, &control->clients[slot]);
	if (control->accounts != NULL)
		accounts_stop(control->accounts, deadline);
	if (control->bound)
		(void)unlink(control->path); /* left behind it is stale, and replaced at the next start */
	if (control->listen_fd >= 0)
		(void)close(control->listen_fd); /* nothing was written to a disk */
	if (control->wake_fd >= 0)
		(void)close(control->wake_fd);
	free(control);
}

struct control *control_start(const char *path, const char *bedside, bool demo, struct mailbox *mailbox)
{
	struct control *control = calloc(1, sizeof(*control));
	if (control == NULL) {
		(void)fputs("vitalsd: control socket: out of memory\n", stderr);
		return NULL;
	}
	control->mailbox = mailbox;
	control->demo = demo;
	(void)snprintf(control->bedside, sizeof(control->bedside), "%s", bedside); /* same size in the configuration */
	control->listen_fd = -1;
	control->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (size_t slot = 0; slot < CONTROL_CLIENTS_MAX; slot++)
		control->clients[slot].fd = -1;
	atomic_init(&control->beat_ns, shell_now().ns);
	if (!set_up(control, path)) {
		tear_down(control, MONO_NEVER);
		return NULL;
	}
	return control;
}

void control_stop(struct control *control, int wait_ms)
{
	struct mono deadline = mono_after(shell_now(), wait_ms * NS_PER_MS);
	shell_lock(&control->mutex);
	control->stopping = true;
	shell_unlock(&control->mutex);
	shell_wake(control->wake_fd);
	if (!shell_thread_join(&control->thread, deadline))
		return; /* its memory stays until the process has ended */
	tear_down(control, deadline);
}
