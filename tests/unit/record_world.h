/* What the tests of the recorder share: a log daemon of their own that can be stopped, a record in a directory
 * of its own, and a check of the chain that uses nothing of the daemon's code. Included once by each test program. */
#ifndef TESTS_UNIT_RECORD_WORLD_H
#define TESTS_UNIT_RECORD_WORLD_H

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "daemon/shell.h"
#include "daemon/record/box.h"
#include "vitals/record.h"

#include "wait.h"

#define STOP_MS WAIT_MS

/* ---- a log daemon that can be stopped ---------------------------------------------------------- */

#define LOGGED_MAX 4096

static struct {
	pthread_mutex_t mutex;
	pthread_t thread;
	bool closed, ending;
	int fd;
	size_t count;
	int priorities[LOGGED_MAX];
	char idents[LOGGED_MAX][NAME_BYTES];
	char lines[LOGGED_MAX][1024];
} logged = {.mutex = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* <PRIORITY>Mmm dd hh:mm:ss IDENT[PID]: TEXT */
static inline void log_line(char *datagram)
{
	char *ident = strchr(datagram, '>'), *pid = strchr(datagram, '['), *text = strstr(datagram, "]: ");
	if (logged.count == LOGGED_MAX || ident == NULL || pid == NULL || text == NULL)
		return;
	*pid = '\0';
	logged.priorities[logged.count] = (int)strtol(datagram + 1, NULL, 10);
	(void)snprintf(logged.idents[logged.count], NAME_BYTES, "%s", ident + sizeof("Mmm dd hh:mm:ss "));
	(void)snprintf(logged.lines[logged.count++], sizeof(logged.lines[0]), "%s", text + 3);
}

static inline void *log_daemon(void *context)
{
	(void)context;
	for (bool ending = false; !ending;) {
		char datagram[2048];
		struct pollfd end = {.fd = logged.fd, .events = POLLIN};
		bool any = poll(&end, 1, 20) == 1;
		shell_lock(&logged.mutex);
		ending = logged.ending;
		while (any && !logged.closed) {
			ssize_t size = recv(logged.fd, datagram, sizeof(datagram) - 1, MSG_DONTWAIT);
			if (size < 0)
				break;
			datagram[size] = '\0';
			log_line(datagram);
		}
		bool idle = logged.closed;
		shell_unlock(&logged.mutex);
		if (idle)
			(void)poll(NULL, 0, 1); /* what has come waits, as it does behind a daemon that was stopped */
	}
	return NULL;
}

static inline void log_start(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	logged.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	logged.ending = false;
	assert_true(logged.fd >= 0);
	assert_int_equal(bind(logged.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(pthread_create(&logged.thread, NULL, log_daemon, NULL), 0);
}

static inline void log_end(const char *path)
{
	if (logged.fd < 0)
		return;
	shell_lock(&logged.mutex);
	logged.ending = true;
	shell_unlock(&logged.mutex);
	assert_int_equal(pthread_join(logged.thread, NULL), 0);
	assert_int_equal(close(logged.fd), 0);
	logged.fd = -1;
	assert_int_equal(unlink(path), 0);
}

static inline void log_gate(bool closed)
{
	shell_lock(&logged.mutex);
	logged.closed = closed;
	shell_unlock(&logged.mutex);
}

/* ---- fixture --------------------------------------------------------------------------------- */

struct answer {
	uint64_t id;
	enum result result;
	bool durable;
	int64_t rows_seen; /* in the file, from another connection, when the answer was given */
};

struct fixture {
	char directory[64];
	char path[128];
	struct config config;
	struct mailbox *mailbox;
	struct recorder *recorder;
	struct record_memory memory; /* as found at the last start */
	struct box *box;
	pthread_mutex_t mutex;
	size_t answer_count;
	struct answer answers[64];
};

static struct fixture fixture;

/* The condition is its own description. */
#define WAIT_FOR(condition) WAIT_UNTIL(#condition, condition)

static inline sqlite3 *db_open(const char *path)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, WAIT_MS), SQLITE_OK);
	return db;
}

static inline void db_do(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static inline int64_t db_number(const char *path, const char *sql)
{
	sqlite3 *db = db_open(path);
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return number;
}

static inline int64_t row_count(void)
{
	return db_number(fixture.path, "SELECT count(*) FROM record");
}

static inline void db_once(const char *path, const char *sql)
{
	sqlite3 *db = db_open(path);
	db_do(db, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline void add_number(crypto_hash_sha256_state *state, uint64_t value, int bytes)
{
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
		unsigned char byte = (unsigned char)(value >> shift);
		crypto_hash_sha256_update(state, &byte, 1);
	}
}

/* Recomputes the whole chain from its description, not with the daemon's code. Returns the number of rows. */
static inline int64_t verify_chain(const char *path)
{
	sqlite3 *db = db_open(path);
	sqlite3_stmt *statement = NULL;
	unsigned char hash[32] = {0};
	int64_t rows = 0;
	assert_int_equal(sqlite3_prepare_v2(db,
	                                    "SELECT seq, wall_ns, severity, kind, text, hash FROM record ORDER BY seq",
	                                    -1, &statement, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		crypto_hash_sha256_state state;
		assert_int_equal(sqlite3_column_int64(statement, 0), ++rows);
		crypto_hash_sha256_init(&state);
		crypto_hash_sha256_update(&state, hash, 32);
		add_number(&state, (uint64_t)rows, 8);
		add_number(&state, (uint64_t)sqlite3_column_int64(statement, 1), 8);
		add_number(&state, (uint64_t)sqlite3_column_int64(statement, 2), 1);
		for (int column = 3; column <= 4; column++) {
			const unsigned char *text = sqlite3_column_text(statement, column);
			size_t size = (size_t)sqlite3_column_bytes(statement, column);
			add_number(&state, size, 4);
			crypto_hash_sha256_update(&state, text, size);
		}
		crypto_hash_sha256_final(&state, hash);
		assert_int_equal(sqlite3_column_bytes(statement, 5), 32);
		assert_memory_equal(sqlite3_column_blob(statement, 5), hash, 32);
	}
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return rows;
}

static inline void take_answer(void *context, uint64_t id, enum result result, bool durable)
{
	struct fixture *f = context;
	int64_t rows = durable ? row_count() : -1;
	shell_lock(&f->mutex);
	if (f->answer_count < 64)
		f->answers[f->answer_count++] = (struct answer){id, result, durable, rows};
	shell_unlock(&f->mutex);
}

static inline size_t answer_count(void)
{
	shell_lock(&fixture.mutex);
	size_t count = fixture.answer_count;
	shell_unlock(&fixture.mutex);
	return count;
}

static inline size_t log_count(void)
{
	shell_lock(&logged.mutex);
	size_t count = logged.count;
	shell_unlock(&logged.mutex);
	return count;
}

static inline bool log_has(const char *part)
{
	bool found = false;
	shell_lock(&logged.mutex);
	for (size_t i = 0; i < logged.count; i++)
		found = found || strstr(logged.lines[i], part) != NULL;
	shell_unlock(&logged.mutex);
	return found;
}

static inline void start(void)
{
	fixture.recorder = recorder_start(&fixture.config, fixture.mailbox, false, take_answer, &fixture);
	assert_non_null(fixture.recorder);
	recorder_memory(fixture.recorder, &fixture.memory);
	char why[BOX_WHY_BYTES];
	const struct box_identity identity = {.engine_bytes = sizeof(struct engine)};
	fixture.box = box_create("", &identity, why);
	assert_non_null(fixture.box);
	const struct record_start begin = {
	    .box = fixture.box, .run = {.first = 2}, .recorded = 1, .plan_path = "", .config_path = ""};
	assert_true(recorder_run(fixture.recorder, &begin));
}

static inline void stop(void)
{
	assert_true(recorder_stop(fixture.recorder, STOP_MS));
	box_close(fixture.box);
	fixture.recorder = NULL;
}

static inline bool put(const char *kind, const char *text)
{
	return recorder_write(fixture.recorder, SEVERITY_NOTICE, 1763690000000000000, kind, text);
}

static inline void next_event(struct event *event)
{
	struct waiting wait = wait_for("an event from the recorder");
	while (!mailbox_take(fixture.mailbox, event))
		wait_more(&wait, mailbox_fd(fixture.mailbox));
}

/* The next event must say that the recorder is well, or not. */
static inline void expect_service(bool ok)
{
	struct event event;
	next_event(&event);
	assert_int_equal(event.kind, EVENT_SERVICE);
	assert_int_equal(event.u.service.service, SERVICE_RECORDER);
	assert_int_equal(event.u.service.ok, ok);
}

static inline void expect_no_event(void)
{
	struct event event;
	assert_false(mailbox_take(fixture.mailbox, &event));
}

static inline int set_up(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	if (pthread_mutex_init(&fixture.mutex, NULL) != 0)
		return -1;
	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/vitalsd-record-XXXXXX");
	if (mkdtemp(fixture.directory) == NULL)
		return -1;
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/record.sqlite", fixture.directory);
	memcpy(fixture.config.record_path, fixture.path, sizeof(fixture.path));
	memcpy(fixture.config.syslog_ident, "vitalsd-test", 13);
	fixture.mailbox = mailbox_open();
	memcpy(fixture.config.engine.bedside, "t", 2);
	(void)snprintf(fixture.config.syslog_socket, PATH_BYTES, "%s/dev-log", fixture.directory);
	log_gate(false);
	logged.count = 0;
	log_start(fixture.config.syslog_socket);
	return fixture.mailbox == NULL ? -1 : 0;
}

static inline int tear_down(void **state)
{
	static const char *const names[] = {"",           "-wal",           "-shm",           ".lock",     ".last",
	                                    ".damaged-1", ".damaged-1-wal", ".damaged-1-shm", ".damaged-2"};
	char path[160];
	(void)state;
	if (fixture.recorder != NULL)
		(void)recorder_stop(fixture.recorder, STOP_MS);
	mailbox_close(fixture.mailbox);
	log_end(fixture.config.syslog_socket);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", fixture.path, names[i]);
		(void)unlink(path);
	}
	return rmdir(fixture.directory);
}

#define RECORD_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
