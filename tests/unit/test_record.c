/* The recorder on real files: durability before answers, the chain over restarts, tampering, every way a disk can refuse,
 * and a syslog that does not read. syslog(3) is replaced by functions of this program. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "daemon/shell.h"
#include "vitals/record.h"

#define DEADLINE_NS (20 * NS_PER_S)
#define STOP_MS 10000

/* ---- a syslog that can be stopped ---------------------------------------------------------------------------------- */

#define LOGGED_MAX 4096

void openlog(const char *ident, int option, int facility);
void closelog(void);
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t open;
	bool closed;
	char ident[NAME_BYTES];
	int facility;
	size_t count;
	int priorities[LOGGED_MAX];
	char lines[LOGGED_MAX][1024];
} logged = {.mutex = PTHREAD_MUTEX_INITIALIZER, .open = PTHREAD_COND_INITIALIZER};

static void log_line(int priority, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void log_line(int priority, const char *format, va_list arguments)
{
	shell_lock(&logged.mutex);
	while (logged.closed)
		(void)pthread_cond_wait(&logged.open, &logged.mutex);
	if (logged.count < LOGGED_MAX) {
		(void)vsnprintf(logged.lines[logged.count], sizeof(logged.lines[0]), format, arguments);
		logged.priorities[logged.count++] = priority;
	}
	shell_unlock(&logged.mutex);
}

void syslog(int priority, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_line(priority, format, arguments);
	va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list arguments;
	(void)flag;
	va_start(arguments, format);
	log_line(priority, format, arguments);
	va_end(arguments);
}

void openlog(const char *ident, int option, int facility)
{
	(void)option;
	shell_lock(&logged.mutex);
	(void)snprintf(logged.ident, sizeof(logged.ident), "%s", ident);
	logged.facility = facility;
	shell_unlock(&logged.mutex);
}

void closelog(void)
{
}

static void log_gate(bool closed)
{
	shell_lock(&logged.mutex);
	logged.closed = closed;
	(void)pthread_cond_broadcast(&logged.open);
	shell_unlock(&logged.mutex);
}

/* ---- fixture ------------------------------------------------------------------------------------------------------- */

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
	pthread_mutex_t mutex;
	size_t answer_count;
	struct answer answers[64];
};

static struct fixture fixture;

/* Waiting for a condition: looks again until the deadline. */
#define WAIT_FOR(condition)                                                                                            \
	do {                                                                                                           \
		struct mono give_up = mono_after(shell_now(), DEADLINE_NS);                                            \
		while (!(condition) && mono_before(shell_now(), give_up))                                              \
			(void)poll(NULL, 0, 5);                                                                        \
		assert_true(condition);                                                                                \
	} while (0)

static sqlite3 *db_open(const char *path)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
	return db;
}

static void db_do(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t db_number(const char *path, const char *sql)
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

static int64_t row_count(void)
{
	return db_number(fixture.path, "SELECT count(*) FROM record");
}

static void db_once(const char *path, const char *sql)
{
	sqlite3 *db = db_open(path);
	db_do(db, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void add_number(crypto_hash_sha256_state *state, uint64_t value, int bytes)
{
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
		unsigned char byte = (unsigned char)(value >> shift);
		crypto_hash_sha256_update(state, &byte, 1);
	}
}

/* Recomputes the whole chain from its description, not with the daemon's code. Returns the number of rows. */
static int64_t verify_chain(const char *path)
{
	sqlite3 *db = db_open(path);
	sqlite3_stmt *statement = NULL;
	unsigned char hash[32] = {0};
	int64_t rows = 0;
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT seq, wall_ns, severity, kind, text, hash FROM record ORDER BY seq",
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

static void take_answer(void *context, uint64_t id, enum result result, bool durable)
{
	struct fixture *f = context;
	int64_t rows = row_count();
	shell_lock(&f->mutex);
	if (f->answer_count < 64)
		f->answers[f->answer_count++] = (struct answer){id, result, durable, rows};
	shell_unlock(&f->mutex);
}

static size_t answer_count(void)
{
	shell_lock(&fixture.mutex);
	size_t count = fixture.answer_count;
	shell_unlock(&fixture.mutex);
	return count;
}

static size_t log_count(void)
{
	shell_lock(&logged.mutex);
	size_t count = logged.count;
	shell_unlock(&logged.mutex);
	return count;
}

static bool log_has(const char *part)
{
	bool found = false;
	shell_lock(&logged.mutex);
	for (size_t i = 0; i < logged.count; i++)
		found = found || strstr(logged.lines[i], part) != NULL;
	shell_unlock(&logged.mutex);
	return found;
}

static void start(void)
{
	fixture.recorder = recorder_start(&fixture.config, fixture.mailbox, false, take_answer, &fixture);
	assert_non_null(fixture.recorder);
}

static void stop(void)
{
	assert_true(recorder_stop(fixture.recorder, STOP_MS));
	fixture.recorder = NULL;
}

static bool put(const char *kind, const char *text)
{
	return recorder_write(fixture.recorder, SEVERITY_NOTICE, 1763690000000000000, kind, text);
}

static bool next_event(struct event *event)
{
	struct mono give_up = mono_after(shell_now(), DEADLINE_NS);
	while (mono_before(shell_now(), give_up)) {
		if (mailbox_take(fixture.mailbox, event))
			return true;
		struct pollfd waiting = {.fd = mailbox_fd(fixture.mailbox), .events = POLLIN};
		(void)poll(&waiting, 1, 100);
	}
	return false;
}

/* The next event must say that the recorder is well, or not. */
static void expect_service(bool ok)
{
	struct event event;
	assert_true(next_event(&event));
	assert_int_equal(event.kind, EVENT_SERVICE);
	assert_int_equal(event.u.service.service, SERVICE_RECORDER);
	assert_int_equal(event.u.service.ok, ok);
}

static void expect_no_event(void)
{
	struct event event;
	assert_false(mailbox_take(fixture.mailbox, &event));
}

static int set_up(void **state)
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
	log_gate(false);
	logged.count = 0;
	return fixture.mailbox == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"", "-wal", "-shm", ".lock", ".damaged-1", ".damaged-1-wal", ".damaged-1-shm",
	                                    ".damaged-2"};
	char path[160];
	(void)state;
	if (fixture.recorder != NULL)
		(void)recorder_stop(fixture.recorder, STOP_MS);
	mailbox_close(fixture.mailbox);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", fixture.path, names[i]);
		(void)unlink(path);
	}
	return rmdir(fixture.directory);
}

/* ---- the ordinary way ----------------------------------------------------------------------------------------------- */

static void test_rows_and_lines(void **state)
{
	struct stat status;
	(void)state;
	start();
	assert_true(recorder_write(fixture.recorder, SEVERITY_CRITICAL, 42, "alarm", "condition=\"O2\""));
	assert_true(put("session", "change=\"opened\""));
	WAIT_FOR(log_count() == 2);
	stop();
	assert_int_equal(verify_chain(fixture.path), 2);
	assert_int_equal(db_number(fixture.path, "SELECT wall_ns FROM record WHERE seq = 1 AND severity = 2 AND kind = 'alarm'"
	                                         " AND text = 'condition=\"O2\"'"),
	                 42);
	assert_int_equal(db_number(fixture.path, "PRAGMA user_version"), 1);
	assert_int_equal(db_number(fixture.path, "PRAGMA application_id"), 0x76697464);
	assert_int_equal(stat(fixture.path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);

	/* Severity and facility in the numbers of syslog(3): local0 is 16 << 3. */
	assert_string_equal(logged.ident, "vitalsd-test");
	assert_int_equal(logged.facility, 16 << 3);
	assert_int_equal(logged.priorities[0], (16 << 3) | 2);
	assert_int_equal(logged.priorities[1], (16 << 3) | 5);
	char line[256], sql[128];
	sqlite3 *db = db_open(fixture.path);
	sqlite3_stmt *statement = NULL;
	(void)snprintf(sql, sizeof(sql), "SELECT substr(lower(hex(hash)), 1, 16) FROM record WHERE seq = 1");
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	(void)snprintf(line, sizeof(line), "kind=\"alarm\" seq=\"1\" hash=\"%s\" condition=\"O2\"",
	               (const char *)sqlite3_column_text(statement, 0));
	(void)sqlite3_finalize(statement);
	(void)sqlite3_close(db);
	assert_string_equal(logged.lines[0], line);
	expect_no_event();
}

static void test_the_longest_line_fits_syslog(void **state)
{
	struct line line;
	(void)state;
	line_start(&line);
	for (int i = 0; i < 100; i++)
		line_text(&line, "key", "\n\n\n\n");
	assert_true(line.truncated);
	start();
	assert_true(put("a-kind-of-exactly-31-characters", line.text));
	WAIT_FOR(log_count() == 1);
	stop();
	assert_true(strlen(logged.lines[0]) <= 900);
	assert_non_null(strstr(logged.lines[0], "truncated=\"1\""));
	assert_non_null(strstr(logged.lines[0], "a-kind-of-exactly-31-characters"));
}

static void test_chain_goes_on_after_a_restart(void **state)
{
	(void)state;
	for (int run = 1; run <= 3; run++) {
		start();
		for (int i = 0; i < 300; i++)
			assert_true(put("row", "a=\"b\""));
		stop();
		assert_int_equal(verify_chain(fixture.path), 300 * run);
	}
	expect_no_event();
}

static void test_answers_only_when_durable(void **state)
{
	(void)state;
	start();
	for (uint64_t i = 1; i <= 20; i++) {
		assert_true(put("command", "what=\"it\""));
		recorder_reply(fixture.recorder, i, RESULT_WRONG_STATE);
		if (i % 4 == 0)
			WAIT_FOR(answer_count() == i);
	}
	stop();
	for (uint64_t i = 1; i <= 20; i++) {
		const struct answer *answer = &fixture.answers[i - 1];
		assert_int_equal(answer->id, i);
		assert_int_equal(answer->result, RESULT_WRONG_STATE);
		assert_true(answer->durable);
		assert_true(answer->rows_seen >= (int64_t)i);
	}
}

static void test_stop_writes_what_is_queued(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 1000; i++)
		assert_true(put("row", "a=\"b\""));
	recorder_reply(fixture.recorder, 9, RESULT_OK);
	stop();
	assert_int_equal(verify_chain(fixture.path), 1000);
	assert_int_equal(fixture.answer_count, 1);
	assert_true(fixture.answers[0].durable);
	assert_int_equal(fixture.answers[0].rows_seen, 1000);
}

/* ---- files that are not as we left them ---------------------------------------------------------------------------- */

static void expect_new_record_after(const char *aside_suffix)
{
	char aside[160];
	(void)snprintf(aside, sizeof(aside), "%s%s", fixture.path, aside_suffix);
	start();
	assert_true(put("row", "a=\"b\""));
	stop();
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(verify_chain(fixture.path), 2);
	assert_int_equal(db_number(fixture.path, "SELECT seq FROM record WHERE kind = 'record-damaged' AND severity = 2"), 1);
	assert_true(log_has("kind=\"record-damaged\" seq=\"1\""));
}

static void make_record(int rows)
{
	start();
	for (int i = 0; i < rows; i++)
		assert_true(put("row", "a=\"b\""));
	stop();
}

static void test_changed_rows_are_noticed(void **state)
{
	static const char *const changes[] = {
		"UPDATE record SET text = 'a=\"c\"' WHERE seq = 5",
		"UPDATE record SET severity = severity + 256 WHERE seq = 5",
		"UPDATE record SET hash = zeroblob(32) WHERE seq = 5",
		"UPDATE record SET seq = 6 WHERE seq = 5",
		"DELETE FROM record WHERE seq = 4",
		"DELETE FROM record WHERE seq < 5",
	};
	char aside[160];
	(void)state;
	(void)snprintf(aside, sizeof(aside), "%s.damaged-1", fixture.path);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		logged.count = 0;
		make_record(5);
		db_once(fixture.path, changes[i]);
		expect_new_record_after(".damaged-1");
		assert_int_equal(unlink(aside), 0);
		assert_int_equal(unlink(fixture.path), 0);
	}
}

static void test_damaged_records_are_kept(void **state)
{
	(void)state;
	make_record(5);
	db_once(fixture.path, "UPDATE record SET wall_ns = 1 WHERE seq = 5");
	expect_new_record_after(".damaged-1");
	db_once(fixture.path, "UPDATE record SET wall_ns = 1 WHERE seq = 2");
	expect_new_record_after(".damaged-2");
	char aside[160];
	(void)snprintf(aside, sizeof(aside), "%s.damaged-1", fixture.path);
	assert_int_equal(db_number(aside, "SELECT count(*) FROM record"), 5);
}

static void test_garbage_and_missing_table(void **state)
{
	(void)state;
	int fd = open(fixture.path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	for (int i = 0; i < 512; i++)
		assert_int_equal(write(fd, "this is not a database..", 24), 24);
	assert_int_equal(close(fd), 0);
	expect_new_record_after(".damaged-1");
	db_once(fixture.path, "ALTER TABLE record RENAME TO recorded");
	expect_new_record_after(".damaged-2");
}

static void refused(void)
{
	assert_null(recorder_start(&fixture.config, fixture.mailbox, false, take_answer, &fixture));
}

static void test_what_is_not_ours_is_refused_and_left_alone(void **state)
{
	(void)state;
	make_record(1);
	db_once(fixture.path, "PRAGMA user_version = 2");
	refused();
	db_once(fixture.path, "PRAGMA user_version = 1; PRAGMA application_id = 77");
	refused();
	assert_int_equal(row_count(), 1);
	db_once(fixture.path, "PRAGMA application_id = 1986622564");
	make_record(1);
	assert_int_equal(verify_chain(fixture.path), 2);
}

static void test_bad_paths_are_refused(void **state)
{
	(void)state;
	(void)snprintf(fixture.config.record_path, PATH_BYTES, "%s/none/record.sqlite", fixture.directory);
	refused();
	(void)snprintf(fixture.config.record_path, PATH_BYTES, "%s", fixture.directory);
	refused();
	char lock[160];
	(void)snprintf(lock, sizeof(lock), "%s.lock", fixture.directory);
	assert_int_equal(unlink(lock), 0);
}

static void test_two_recorders_of_one_file(void **state)
{
	(void)state;
	start();
	refused();
	assert_true(put("row", "a=\"b\""));
	stop();
	make_record(1);
	assert_int_equal(verify_chain(fixture.path), 2);
}

/* ---- disks that refuse ---------------------------------------------------------------------------------------------- */

static void test_locked_record(void **state)
{
	(void)state;
	start();
	assert_true(put("row", "n=\"1\""));
	WAIT_FOR(row_count() == 1);
	sqlite3 *other = db_open(fixture.path);
	db_do(other, "BEGIN IMMEDIATE");
	assert_true(put("row", "n=\"2\""));
	recorder_reply(fixture.recorder, 5, RESULT_OK);
	expect_service(false);
	assert_true(recorder_failing(fixture.recorder));
	WAIT_FOR(answer_count() == 1);
	assert_false(fixture.answers[0].durable);
	recorder_reply(fixture.recorder, 6, RESULT_OK); /* and at once while it lasts */
	WAIT_FOR(answer_count() == 2);
	assert_false(fixture.answers[1].durable);
	assert_true(put("row", "n=\"3\""));
	WAIT_FOR(log_has("kind=\"row\" recorded=\"no\" n=\"3\"")); /* one trail goes on */
	assert_true(log_has("kind=\"row\" recorded=\"no\" n=\"2\""));
	db_do(other, "ROLLBACK");
	expect_service(true);
	assert_false(recorder_failing(fixture.recorder));
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	recorder_reply(fixture.recorder, 7, RESULT_OK);
	WAIT_FOR(answer_count() == 3);
	assert_true(fixture.answers[2].durable);
	assert_int_equal(row_count(), 4);
	stop();
	assert_int_equal(verify_chain(fixture.path), 4);
	assert_int_equal(db_number(fixture.path, "SELECT count(*) FROM record WHERE kind = 'gap' AND text LIKE 'lost=\"0\" %'"),
	                 1);
	expect_no_event();
}

static void test_overflow(void **state)
{
	int64_t taken = 0, refused_rows = 0;
	(void)state;
	start();
	sqlite3 *other = db_open(fixture.path);
	db_do(other, "BEGIN IMMEDIATE");
	assert_true(put("row", "first=\"1\""));
	expect_service(false);
	for (int i = 0; i < 3000; i++)
		*(put("row", "a=\"b\"") ? &taken : &refused_rows) += 1;
	assert_true(taken >= 1024);
	assert_true(refused_rows > 0);
	db_do(other, "ROLLBACK");
	expect_service(true);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	stop();
	char sql[160];
	(void)snprintf(sql, sizeof(sql), "SELECT seq FROM record WHERE kind = 'gap' AND text LIKE 'lost=\"%lld\" %%'",
	               (long long)refused_rows);
	assert_int_equal(db_number(fixture.path, sql), 1 + taken + 1);
	assert_int_equal(verify_chain(fixture.path), 1 + taken + 1);
}

static void test_write_error_of_the_file_system(void **state)
{
	struct rlimit limit, full;
	(void)state;
	start();
	assert_true(put("row", "a=\"b\""));
	WAIT_FOR(row_count() == 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	full = limit;
	full.rlim_cur = 8192; /* the write-ahead log is longer already */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	bool queued = put("row", "a=\"c\"");
	recorder_reply(fixture.recorder, 5, RESULT_OK);
	struct event event;
	bool told = next_event(&event);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(queued);
	assert_true(told);
	assert_false(event.u.service.ok);
	WAIT_FOR(answer_count() == 1);
	assert_false(fixture.answers[0].durable);
	expect_service(true);
	stop();
	assert_int_equal(verify_chain(fixture.path), 3);
	assert_int_equal(db_number(fixture.path, "SELECT seq FROM record WHERE kind = 'gap'"), 3);
}

static void test_removed_while_running(void **state)
{
	(void)state;
	start();
	assert_true(put("row", "a=\"b\""));
	WAIT_FOR(row_count() == 1);
	assert_int_equal(unlink(fixture.path), 0);
	assert_true(put("row", "a=\"c\""));
	expect_service(false);
	expect_service(true);
	stop();
	assert_int_equal(verify_chain(fixture.path), 2); /* the second row and the gap, in a new file */
	assert_int_equal(db_number(fixture.path, "SELECT count(*) FROM record WHERE text = 'a=\"c\"'"), 1);
}

/* ---- a syslog that does not read ------------------------------------------------------------------------------------ */

static void test_blocked_syslog_delays_nothing(void **state)
{
	(void)state;
	log_gate(true);
	start();
	for (uint64_t round = 1; round <= 4; round++) {
		for (int i = 0; i < 600; i++)
			assert_true(put("row", "a=\"b\""));
		recorder_reply(fixture.recorder, round, RESULT_OK);
		WAIT_FOR(answer_count() == round);
		assert_true(fixture.answers[round - 1].durable);
		assert_true(fixture.answers[round - 1].rows_seen >= (int64_t)round * 600);
	}
	WAIT_FOR(db_number(fixture.path, "SELECT count(*) FROM record WHERE kind = 'syslog-stalled'") == 1);
	assert_true(recorder_alive(fixture.recorder, shell_now(), 5 * NS_PER_S));
	assert_int_equal(log_count(), 0);
	log_gate(false);
	WAIT_FOR(log_count() >= 2048);
	assert_true(put("row", "a=\"c\""));
	WAIT_FOR(db_number(fixture.path, "SELECT count(*) FROM record WHERE kind = 'syslog-gap'") == 1);
	WAIT_FOR(log_has("kind=\"syslog-gap\""));
	stop();
	/* What syslog got and what the record says it lost is all there was, but for the last line itself. */
	int64_t lost = db_number(fixture.path, "SELECT CAST(substr(text, 7) AS INTEGER) FROM record WHERE kind = 'syslog-gap'");
	assert_true(lost > 0);
	assert_int_equal((int64_t)log_count() + lost, verify_chain(fixture.path));
	expect_no_event(); /* the record itself was never in trouble */
}

/* The last test: its syslog thread stays where it is until the process ends. */
static void test_stop_with_blocked_syslog(void **state)
{
	(void)state;
	log_gate(true);
	start();
	assert_true(put("row", "a=\"b\""));
	assert_true(recorder_stop(fixture.recorder, 300)); /* returns, and the record is whole */
	fixture.recorder = NULL;
	assert_int_equal(verify_chain(fixture.path), 1);
}

#define RECORD_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORD_TEST(test_rows_and_lines),
		RECORD_TEST(test_the_longest_line_fits_syslog),
		RECORD_TEST(test_chain_goes_on_after_a_restart),
		RECORD_TEST(test_answers_only_when_durable),
		RECORD_TEST(test_stop_writes_what_is_queued),
		RECORD_TEST(test_changed_rows_are_noticed),
		RECORD_TEST(test_damaged_records_are_kept),
		RECORD_TEST(test_garbage_and_missing_table),
		RECORD_TEST(test_what_is_not_ours_is_refused_and_left_alone),
		RECORD_TEST(test_bad_paths_are_refused),
		RECORD_TEST(test_two_recorders_of_one_file),
		RECORD_TEST(test_locked_record),
		RECORD_TEST(test_overflow),
		RECORD_TEST(test_write_error_of_the_file_system),
		RECORD_TEST(test_removed_while_running),
		RECORD_TEST(test_blocked_syslog_delays_nothing),
		RECORD_TEST(test_stop_with_blocked_syslog),
	};
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
