/* The recorder when the disk or syslog refuses: the engine hears of it, answers say so, nothing is lost in silence. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/record_world.h"

/* ---- disks that refuse ----------------------------------------------------------------------- */

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
	WAIT_FOR(log_has("kind=\"row\" recorded=\"no\" bedside=\"t\" n=\"3\"")); /* one trail goes on */
	assert_true(log_has("kind=\"row\" recorded=\"no\" bedside=\"t\" n=\"2\""));
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
	assert_int_equal(
	    db_number(fixture.path, "SELECT count(*) FROM record WHERE kind = 'gap' AND text LIKE '% lost=\"0\" %'"),
	    1);
	expect_no_event();
}

/* The directory comes later, as a disk does that is mounted late or was full: until then an alarm, not a dark bedside.
 */
static void test_no_directory_at_the_start(void **state)
{
	(void)state;
	char directory[100], lock[200];
	(void)snprintf(directory, sizeof(directory), "%s/late", fixture.directory);
	(void)snprintf(fixture.config.record_path, PATH_BYTES, "%s/record.sqlite", directory);
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/record.sqlite", directory);
	start();
	assert_true(put("row", "n=\"1\""));
	expect_service(false);
	recorder_reply(fixture.recorder, 5, RESULT_OK);
	WAIT_FOR(answer_count() == 1);
	assert_false(fixture.answers[0].durable);
	assert_int_equal(mkdir(directory, 0700), 0);
	expect_service(true);
	stop();
	assert_int_equal(verify_chain(fixture.path), 2); /* the row and the gap */
	(void)snprintf(lock, sizeof(lock), "%s.lock", fixture.path);
	(void)unlink(lock); /* made or not */
	(void)snprintf(lock, sizeof(lock), "%s.last", fixture.path);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(unlink(fixture.path), 0);
	assert_int_equal(rmdir(directory), 0);
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
	(void)snprintf(sql, sizeof(sql),
	               "SELECT seq FROM record WHERE kind = 'gap' AND text LIKE '%% lost=\"%lld\" %%'",
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
	/* Nothing may fail before the limit is as it was. */
	struct pollfd mail = {.fd = mailbox_fd(fixture.mailbox), .events = POLLIN};
	bool told = poll(&mail, 1, WAIT_MS) == 1 && mailbox_take(fixture.mailbox, &event);
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
	assert_int_equal(db_number(fixture.path, "SELECT count(*) FROM record WHERE text LIKE '% a=\"c\"'"), 1);
}

/* ---- a log daemon that does not read, or is not there ------------------------------------------ */

static long long seq_of(const char *line)
{
	const char *at = strstr(line, "seq=\"");
	assert_non_null(at);
	return strtoll(at + 5, NULL, 10);
}

static bool record_has(const char *kind)
{
	char sql[100];
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM record WHERE kind = '%s'", kind);
	return db_number(fixture.path, sql) == 1;
}

/* The log has each row of the record from `first` on, once and in its order. */
static void expect_whole_log(long long first)
{
	WAIT_FOR((int64_t)log_count() + first - 1 >= row_count());
	size_t count = log_count(); /* what comes now stands behind these */
	for (size_t i = 0; i < count; i++)
		assert_int_equal(seq_of(logged.lines[i]), first + (long long)i);
}

static void write_rounds(uint64_t from, uint64_t to)
{
	for (uint64_t round = from; round <= to; round++) {
		for (int i = 0; i < 600; i++)
			assert_true(put("row", "a=\"b\""));
		recorder_reply(fixture.recorder, round, RESULT_OK);
		WAIT_FOR(answer_count() == round);
		assert_true(fixture.answers[round - 1].durable);
		assert_true(fixture.answers[round - 1].rows_seen >= (int64_t)round * 600);
	}
}

static void test_blocked_syslog_delays_nothing_and_misses_nothing(void **state)
{
	(void)state;
	log_gate(true);
	start();
	write_rounds(1, 4);
	WAIT_FOR(record_has("syslog-stalled"));
	assert_int_equal(db_number(fixture.path, "SELECT text LIKE '%why=\"it does not read\"' FROM record"
	                                         " WHERE kind = 'syslog-stalled'"),
	                 1);
	WAIT_FOR(recorder_alive(fixture.recorder, shell_now(), NS_PER_S));
	assert_int_equal(log_count(), 0);
	log_gate(false);
	WAIT_FOR(record_has("syslog-back"));
	expect_whole_log(1);
	stop();
	verify_chain(fixture.path);
	expect_no_event(); /* the record itself was never in trouble */
}

/* Its socket comes late, goes, and another daemon comes. */
static void test_absent_syslog_is_told_and_gets_everything(void **state)
{
	(void)state;
	log_end(fixture.config.syslog_socket);
	start();
	write_rounds(1, 1);
	WAIT_FOR(record_has("syslog-stalled"));
	assert_int_equal(db_number(fixture.path, "SELECT text LIKE '%why=\"No such file or directory\"' FROM record"
	                                         " WHERE kind = 'syslog-stalled'"),
	                 1);
	log_start(fixture.config.syslog_socket);
	WAIT_FOR(record_has("syslog-back"));
	expect_whole_log(1);
	log_end(fixture.config.syslog_socket);
	log_start(fixture.config.syslog_socket);
	write_rounds(2, 2);
	expect_whole_log(1);
	stop();
}

/* What was not sent when the monitor stopped is sent by the next one, and the record says which rows it was. */
static void test_the_next_start_sends_the_rest(void **state)
{
	(void)state;
	start();
	assert_true(put("row", "a=\"b\""));
	WAIT_FOR(log_count() == 1);
	stop();
	log_end(fixture.config.syslog_socket);
	start();
	assert_true(put("row", "a=\"c\""));
	assert_true(put("row", "a=\"d\""));
	stop();
	log_start(fixture.config.syslog_socket);
	start();
	WAIT_FOR(record_has("syslog-again"));
	expect_whole_log(1);
	stop();
	assert_int_equal(db_number(fixture.path, "SELECT text LIKE '%from=\"2\" to=\"3\"' FROM record"
	                                         " WHERE kind = 'syslog-again'"),
	                 1);
}

/* A record from which rows were taken: the log goes on with those that are new. */
static void test_a_record_that_is_shorter_than_its_log(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 5; i++)
		assert_true(put("row", "a=\"b\""));
	WAIT_FOR(log_count() == 5);
	stop();
	db_once(fixture.path, "DELETE FROM record WHERE seq > 3");
	start();
	assert_true(put("row", "a=\"c\""));
	WAIT_FOR(log_count() == 6);
	stop();
	assert_int_equal(seq_of(logged.lines[5]), 4);
}

static void test_stop_with_blocked_syslog(void **state)
{
	(void)state;
	log_gate(true);
	start();
	write_rounds(1, 1);
	assert_true(recorder_stop(fixture.recorder, 3000)); /* returns, and the record is whole */
	fixture.recorder = NULL;
	assert_int_equal(verify_chain(fixture.path), 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RECORD_TEST(test_locked_record),
	    RECORD_TEST(test_no_directory_at_the_start),
	    RECORD_TEST(test_overflow),
	    RECORD_TEST(test_write_error_of_the_file_system),
	    RECORD_TEST(test_removed_while_running),
	    RECORD_TEST(test_blocked_syslog_delays_nothing_and_misses_nothing),
	    RECORD_TEST(test_absent_syslog_is_told_and_gets_everything),
	    RECORD_TEST(test_the_next_start_sends_the_rest),
	    RECORD_TEST(test_a_record_that_is_shorter_than_its_log),
	    RECORD_TEST(test_stop_with_blocked_syslog),
	};
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
