/* The recorder on real files: durability before answers, the chain over restarts, files that were damaged or changed.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/debug.h"
#include "tests/unit/record_world.h"

/* ---- the ordinary way ------------------------------------------------------------------------ */

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
	assert_int_equal(db_number(fixture.path,
	                           "SELECT wall_ns FROM record WHERE seq = 1 AND severity = 2 AND kind = 'alarm'"
	                           " AND text = 'bedside=\"t\" condition=\"O2\"'"),
	                 42);
	assert_int_equal(db_number(fixture.path, "PRAGMA user_version"), 2);
	assert_int_equal(db_number(fixture.path, "PRAGMA application_id"), 0x76697464);
	assert_int_equal(stat(fixture.path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);

	/* Severity and facility in the numbers of syslog(3): local0 is 16 << 3. */
	assert_string_equal(logged.idents[0], "vitalsd-test");
	assert_int_equal(logged.priorities[0], (16 << 3) | 2);
	assert_int_equal(logged.priorities[1], (16 << 3) | 5);
	char line[256], sql[128];
	sqlite3 *db = db_open(fixture.path);
	sqlite3_stmt *statement = NULL;
	(void)snprintf(sql, sizeof(sql), "SELECT lower(hex(hash)) FROM record WHERE seq = 1");
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	(void)snprintf(line, sizeof(line),
	               "kind=\"alarm\" seq=\"1\" t=\"42\" p=\"2\" hash=\"%s\" bedside=\"t\" condition=\"O2\"",
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
	assert_non_null(strstr(logged.lines[0], " cut=\"1\""));
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

static bool finds_open_session(void)
{
	start();
	stop();
	return fixture.memory.session_open;
}

/* They go the way of syslog alone. */
static void test_debug_lines_are_no_record(void **state)
{
	(void)state;
	assert_true(debug_enable("link"));
	start();
	log_gate(true);
	debug(DEBUG_LINK, "before");
	assert_true(put("row", "n=\"1\""));
	WAIT_FOR(row_count() == 1);
	debug(DEBUG_LINK, "after");
	log_gate(false);
	WAIT_FOR(log_has(": before") && log_has(": after") && log_has("n=\"1\""));
	stop();
	debug_rooms = 0;
	assert_int_equal(verify_chain(fixture.path), 1);
	for (size_t i = 0; i < logged.count; i++)
		assert_int_equal(logged.priorities[i] & 7, strncmp(logged.lines[i], "debug ", 6) == 0 ? 7 : 5);
}

/* By an index over the rows of sessions alone: what lies between does not count, and a record of before gets it. */
static void test_an_open_session_is_found(void **state)
{
	(void)state;
	assert_false(finds_open_session());
	start();
	assert_true(put("session", "change=\"opened\" session=\"1\""));
	assert_true(put("session", "change=\"phase\" session=\"1\""));
	for (int i = 0; i < 900; i++)
		assert_true(put("alarm", "text=\"change=\\x22closed\\x22\""));
	stop();
	assert_true(finds_open_session());
	db_once(fixture.path, "DROP INDEX record_sessions");
	assert_true(finds_open_session());
	assert_int_equal(db_number(fixture.path, "SELECT count(*) FROM sqlite_master WHERE name = 'record_sessions'"),
	                 1);
	start();
	assert_true(put("session", "change=\"closed\" session=\"1\""));
	assert_true(put("note", "change=\"opened\""));
	stop();
	assert_false(finds_open_session());
	assert_int_equal(verify_chain(fixture.path), 904);
}

/* ---- files that are not as we left them ------------------------------------------------------ */

static void expect_new_record_after(const char *aside_suffix)
{
	char aside[160];
	(void)snprintf(aside, sizeof(aside), "%s%s", fixture.path, aside_suffix);
	start();
	assert_true(put("row", "a=\"b\""));
	stop();
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(verify_chain(fixture.path), 2);
	assert_int_equal(
	    db_number(fixture.path, "SELECT seq FROM record WHERE kind = 'record-damaged' AND severity = 2"), 1);
	WAIT_FOR(log_has("moved_to=\""));
	WAIT_FOR(log_has(aside_suffix)); /* where it is kept */
	WAIT_FOR(log_has("kind=\"record-damaged\" seq=\"1\""));
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

/* Overwrites the beginning of the file. */
static void overwrite(const char *bytes, size_t size)
{
	int fd = open(fixture.path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(close(fd), 0);
}

static void test_lost_beginning_and_missing_table(void **state)
{
	static const char zeros[4096], noise[100] = "this was the header of a database";
	(void)state;
	make_record(3);
	overwrite(noise, sizeof(noise));
	expect_new_record_after(".damaged-1");
	overwrite(zeros, sizeof(zeros));
	expect_new_record_after(".damaged-2");
	char aside[160];
	(void)snprintf(aside, sizeof(aside), "%s.damaged-1", fixture.path);
	assert_int_equal(unlink(aside), 0);
	db_once(fixture.path, "ALTER TABLE record RENAME TO recorded");
	expect_new_record_after(".damaged-1");
}

static void refused(void)
{
	assert_null(recorder_start(&fixture.config, fixture.mailbox, false, take_answer, &fixture));
}

static void test_what_is_not_ours_is_refused_and_left_alone(void **state)
{
	(void)state;
	make_record(1);
	db_once(fixture.path, "PRAGMA user_version = 3");
	refused();
	db_once(fixture.path, "PRAGMA user_version = 2; PRAGMA application_id = 77");
	refused();
	assert_int_equal(row_count(), 1);
	db_once(fixture.path, "PRAGMA application_id = 1986622564");
	make_record(1);
	assert_int_equal(verify_chain(fixture.path), 2);
}

/* A plan, a text, another program's database: neither written nor moved. */
static void test_files_of_others_keep_their_bytes(void **state)
{
	static const char plan[] = "title = \"A session plan\"\nplanned_duration_s = 2400\n";
	char text[sizeof(plan) + 1] = "";
	struct stat before, after;
	(void)state;
	int fd = open(fixture.path, O_RDWR | O_CREAT, 0644);
	assert_int_equal(write(fd, plan, sizeof(plan) - 1), sizeof(plan) - 1);
	assert_int_equal(fstat(fd, &before), 0);
	refused();
	assert_int_equal(stat(fixture.path, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_mode == after.st_mode &&
	            before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), sizeof(plan) - 1);
	assert_string_equal(text, plan);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(fixture.path), 0);
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
	db_do(db, "CREATE TABLE stock(item TEXT); INSERT INTO stock VALUES('gloves')");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	refused();
	assert_int_equal(db_number(fixture.path, "SELECT count(*) FROM stock WHERE item = 'gloves'"), 1);
	assert_int_equal(db_number(fixture.path, "SELECT count(*) FROM sqlite_master"), 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RECORD_TEST(test_rows_and_lines),
	    RECORD_TEST(test_the_longest_line_fits_syslog),
	    RECORD_TEST(test_chain_goes_on_after_a_restart),
	    RECORD_TEST(test_answers_only_when_durable),
	    RECORD_TEST(test_stop_writes_what_is_queued),
	    RECORD_TEST(test_debug_lines_are_no_record),
	    RECORD_TEST(test_an_open_session_is_found),
	    RECORD_TEST(test_changed_rows_are_noticed),
	    RECORD_TEST(test_damaged_records_are_kept),
	    RECORD_TEST(test_lost_beginning_and_missing_table),
	    RECORD_TEST(test_what_is_not_ours_is_refused_and_left_alone),
	    RECORD_TEST(test_files_of_others_keep_their_bytes),
	    RECORD_TEST(test_two_recorders_of_one_file),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
