/* The control socket over a real socket, for tests that are its clients and the engine behind the mailbox. The account
 * at the other end, the look-ups of names and the monotonic clock are this program's: it stands before the C library.
 */
#ifndef TESTS_UNIT_DESK_WORLD_H
#define TESTS_UNIT_DESK_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/shell.h"
#include "vitals.pb-c.h"
#include "vitals/desk.h"

/* ---- in place of the C library --------------------------------------------------------------- */

#define LOCAL_UID     1000 /* in this computer's own list */
#define DIRECTORY_UID 2000 /* known to the directory service alone, as are the next ones */
#define NOBODY_UID    3000

static _Atomic bool directory_hangs;
static _Atomic int directory_asked;
static _Atomic int64_t clock_ahead_ns;

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int status = (int)syscall(SYS_clock_gettime, clock, now);
	int64_t ahead_ns = clock == CLOCK_MONOTONIC ? atomic_load(&clock_ahead_ns) : 0;
	int64_t ns = now->tv_nsec + ahead_ns % NS_PER_S;
	now->tv_sec += ahead_ns / NS_PER_S + ns / NS_PER_S;
	now->tv_nsec = ns % NS_PER_S;
	return status;
}

/* A client says by the name of its own end which account it is: "\0UID-COUNT". */
int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
	struct sockaddr_un peer = {0};
	socklen_t length = sizeof(peer) - 1;
	int status = (int)syscall(SYS_getsockopt, fd, level, name, value, size);
	if (status == 0 && level == SOL_SOCKET && name == SO_PEERCRED &&
	    getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
		((struct ucred *)value)->uid = (uid_t)strtoul(peer.sun_path + 1, NULL, 10);
	return status;
}

static inline int account(struct passwd *account, char *buffer, size_t size, uid_t uid, const char *name,
                          struct passwd **found)
{
	memset(account, 0, sizeof(*account));
	(void)snprintf(buffer, size, "%s", name);
	account->pw_name = buffer;
	account->pw_uid = uid;
	*found = account;
	return 0;
}

/* The list of this computer: one account. */
int fgetpwent_r(FILE *restrict file, struct passwd *restrict entry, char *restrict buffer, size_t size,
                struct passwd **restrict found)
{
	*found = NULL;
	if (ftell(file) != 0)
		return ENOENT;
	(void)fseek(file, 1, SEEK_SET);
	return account(entry, buffer, size, LOCAL_UID, "nurse 1", found);
}

/* The directory service: ten accounts. */
int getpwuid_r(uid_t uid, struct passwd *restrict entry, char *restrict buffer, size_t size,
               struct passwd **restrict found)
{
	char name[32];
	*found = NULL;
	atomic_fetch_add(&directory_asked, 1);
	while (atomic_load(&directory_hangs))
		(void)poll(NULL, 0, 5);
	if (uid < DIRECTORY_UID || uid > DIRECTORY_UID + 9)
		return 0;
	(void)snprintf(name, sizeof(name), "domain\\user%u", uid - DIRECTORY_UID);
	return account(entry, buffer, size, uid, name, found);
}

/* ---- the socket and its clients -------------------------------------------------------------- */

#define PATIENCE_MS 20000

struct fixture {
	char directory[64];
	char path[96];
	struct mailbox *mailbox;
	struct desk *desk;
	struct local_socket *local;
};

static struct fixture fixture;
static uint8_t buffer[2 * DESK_STATE_BYTES];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/vitalsd-control-XXXXXX");
	if (mkdtemp(fixture.directory) == NULL)
		return -1;
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/control", fixture.directory);
	fixture.mailbox = mailbox_open();
	fixture.desk = desk_open("room-1", true, fixture.mailbox);
	fixture.local = fixture.desk != NULL ? local_socket_start(fixture.path, fixture.desk) : NULL;
	return fixture.mailbox == NULL || fixture.local == NULL ? -1 : 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	assert_true(local_socket_stop(fixture.local, PATIENCE_MS));
	desk_close(fixture.desk);
	mailbox_close(fixture.mailbox);
	return rmdir(fixture.directory); /* fails if the socket was left behind */
}

static inline int try_connect_as(uid_t uid)
{
	static unsigned count;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	int length =
	    snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%u-%d-%u", uid, (int)getpid(), count++);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
	                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)),
	                 0);
	memset(&address.sun_path, 0, sizeof(address.sun_path));
	memcpy(address.sun_path, fixture.path, strlen(fixture.path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	assert_int_equal(close(fd), 0);
	return -1;
}

static inline int join_as(uid_t uid)
{
	int fd = try_connect_as(uid);
	assert_true(fd >= 0);
	return fd;
}

static inline int join(void)
{
	return join_as(LOCAL_UID);
}

static inline void leave(int fd)
{
	assert_int_equal(close(fd), 0);
}

static inline void say(int fd, const void *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

static inline void ask(int fd, uint64_t id, Vitals__V1__Request__CommandCase command)
{
	uint8_t bytes[64];
	Vitals__V1__Request message;
	Vitals__V1__Empty empty;
	vitals__v1__request__init(&message);
	vitals__v1__empty__init(&empty);
	message.id = id;
	message.command_case = command;
	message.status = &empty;
	say(fd, bytes, vitals__v1__request__pack(&message, bytes));
}

static inline bool readable(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	return poll(&waiting, 1, PATIENCE_MS) == 1;
}

/* The size of the next packet in `buffer`; 0 when the other end has closed. */
static inline size_t hear(int fd)
{
	assert_true(readable(fd));
	ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
	assert_true(size >= 0);
	return (size_t)size;
}

static inline Vitals__V1__Response *response_of(int fd)
{
	size_t size = hear(fd);
	assert_true(size > 0);
	Vitals__V1__Response *response = vitals__v1__response__unpack(NULL, size, buffer);
	assert_non_null(response);
	assert_string_equal(response->bedside, "room-1");
	assert_true(response->demo);
	return response;
}

static inline void expect(int fd, uint64_t id, const char *result, const char *text_part)
{
	Vitals__V1__Response *response = response_of(fd);
	assert_int_equal(response->id, id);
	assert_string_equal(response->result, result);
	assert_non_null(strstr(response->text, text_part));
	assert_null(response->snapshot);
	vitals__v1__response__free_unpacked(response, NULL);
}

static inline struct event_command take_command(void)
{
	struct event event = {0};
	bool taken = mailbox_take(fixture.mailbox, &event);
	for (int i = 0; i < 100 && !taken; i++) { /* the fd may be readable once without an event */
		assert_true(readable(mailbox_fd(fixture.mailbox)));
		taken = mailbox_take(fixture.mailbox, &event);
	}
	assert_true(taken);
	assert_int_equal(event.kind, EVENT_COMMAND);
	assert_true(event.wall_ns > INT64_C(1700000000) * NS_PER_S);
	return event.u.command;
}

static inline void expect_no_command(void)
{
	struct event event;
	assert_false(mailbox_take(fixture.mailbox, &event));
}

/* Returns when the control thread has gone round with everything that was there before. */
static inline void control_goes_round(int fd)
{
	for (uint64_t i = 0; i < 2; i++) {
		ask(fd, 1000 + i, VITALS__V1__REQUEST__COMMAND_STATUS);
		Vitals__V1__Response *response = response_of(fd);
		assert_int_equal(response->id, 1000 + i);
		vitals__v1__response__free_unpacked(response, NULL);
	}
}

static inline void give_state(const char *patient_ref)
{
	char patient[NAME_BYTES];
	uint8_t bytes[256];
	Vitals__V1__Snapshot shown;
	Vitals__V1__Session session;
	vitals__v1__snapshot__init(&shown);
	vitals__v1__session__init(&session);
	(void)snprintf(patient, sizeof(patient), "%s", patient_ref);
	session.patient_ref = patient;
	shown.session = &session;
	desk_state(fixture.desk, bytes, vitals__v1__snapshot__pack(&shown, bytes));
}

#endif
