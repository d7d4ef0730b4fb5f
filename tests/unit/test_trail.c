/* The audit trail: every change, deletion, swap, doubling and truncation of one row, in the record and in a log of its
 * copies, is found, or is one of those of which it is said that they cannot be. A record that the recorder wrote. */
#include "record_world.h"

#include <sys/stat.h>

#include "daemon/record/syslog_line.h"
#include "vitals/trail.h"

#define ROWS 12

static char log_path[160], copy_path[160];
static char lines[ROWS][SYSLOG_LINE_BYTES];
static struct trail_sum sum;
static FILE *nowhere;

static void write_log(const int *order, int count)
{
	FILE *file = fopen(log_path, "w");
	assert_non_null(file);
	for (int i = 0; i < count; i++)
		assert_true(fprintf(file, "Dec  1 12:00:0%d host vitalsd[77]: %s\n%s", i % 10, lines[order[i]],
		                    i == 3 ? "Dec  1 12:00:03 host kernel: something else\n" : "") > 0);
	assert_int_equal(fclose(file), 0);
}

static uint64_t findings_of_log(const char *store)
{
	assert_true(trail_verify_log(log_path, store, &sum, nowhere, stderr));
	return sum.findings;
}

static uint64_t findings_of_store(const char *path)
{
	assert_true(trail_verify_store(path, &sum, nowhere, stderr));
	return sum.findings;
}

static void make(void)
{
	char text[200];
	(void)snprintf(log_path, sizeof(log_path), "%s/log", fixture.directory);
	(void)snprintf(copy_path, sizeof(copy_path), "%s/copy", fixture.directory);
	nowhere = fopen("/dev/null", "w");
	assert_non_null(nowhere);
	start();
	for (int i = 0; i < ROWS; i++) {
		(void)snprintf(text, sizeof(text), "number=\"%d\" note=\"Grüße, ein \\x22Wort\\x22\"", i);
		assert_true(put(i % 3 == 0 ? "alarm" : "observation", text));
	}
	WAIT_FOR(log_count() == ROWS);
	stop();
	for (int i = 0; i < ROWS; i++)
		(void)snprintf(lines[i], sizeof(lines[i]), "%s", logged.lines[i]);
}

static void done(void)
{
	assert_int_equal(fclose(nowhere), 0);
	(void)unlink(log_path);
	(void)unlink(copy_path);
}

static void in_order(int order[ROWS])
{
	for (int i = 0; i < ROWS; i++)
		order[i] = i;
}

/* A copy of the record on which `sql` was done. */
static uint64_t findings_after(const char *sql)
{
	char command[512];
	(void)unlink(copy_path);
	(void)snprintf(command, sizeof(command), "VACUUM INTO '%s'", copy_path);
	db_once(fixture.path, command);
	db_once(copy_path, sql);
	return findings_of_store(copy_path);
}

static void test_the_record(void **state)
{
	static const char *const changes[] = {
	    "text = replace(text, 'number', 'numbeR')",
	    "kind = 'session'",
	    "wall_ns = wall_ns + 1",
	    "severity = severity + 1",
	    "hash = randomblob(32)",
	    "text = text || ' '",
	};
	char sql[300];
	(void)state;
	make();
	assert_int_equal(findings_of_store(fixture.path), 0);
	assert_int_equal(sum.rows, ROWS);
	for (int seq = 1; seq <= ROWS; seq++) {
		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
			(void)snprintf(sql, sizeof(sql), "UPDATE record SET %s WHERE seq = %d", changes[i], seq);
			assert_true(findings_after(sql) > 0);
		}
		(void)snprintf(sql, sizeof(sql), "DELETE FROM record WHERE seq = %d", seq);
		/* The end shows only beside a log; the beginning is said to be unknown. */
		assert_int_equal(findings_after(sql) > 0, seq > 1 && seq < ROWS);
		assert_true(seq > 1 || sum.first_seq == 2);
		(void)snprintf(
		    sql, sizeof(sql),
		    "UPDATE record SET seq = seq + 100 WHERE seq > %d; UPDATE record SET seq = seq - 99 WHERE seq > "
		    "100;"
		    "INSERT INTO record SELECT %d, wall_ns, severity, kind, text, hash FROM record WHERE seq = %d",
		    seq, seq + 1, seq);
		assert_true(findings_after(sql) > 0);
		(void)snprintf(sql, sizeof(sql),
		               "UPDATE record SET seq = 1000 WHERE seq = %d; UPDATE record SET seq = %d WHERE seq = %d;"
		               "UPDATE record SET seq = %d WHERE seq = 1000",
		               seq, seq, seq + 1, seq + 1);
		assert_true(seq == ROWS || findings_after(sql) > 0);
	}
	done();
}

static void test_the_log(void **state)
{
	int order[ROWS + 1];
	(void)state;
	make();
	in_order(order);
	write_log(order, ROWS);
	assert_int_equal(findings_of_log(NULL), 0);
	assert_int_equal(sum.rows, ROWS);
	assert_int_equal(findings_of_log(fixture.path), 0);
	for (int at = 0; at < ROWS; at++) {
		/* Each byte of it changed. */
		for (size_t i = 0; i < strlen(lines[at]); i++) {
			char was = lines[at][i];
			lines[at][i] = was == 'x' ? 'y' : was == '1' ? '2' : 'x';
			in_order(order);
			write_log(order, ROWS);
			/* A line that is none of ours any more is one that is missing; at the ends nothing says so. */
			bool lost = findings_of_log(fixture.path) == 0;
			assert_true(!lost || (sum.rows == ROWS - 1 && (at == 0 || at == ROWS - 1)));
			lines[at][i] = was;
		}
		/* Taken out. */
		for (int i = 0; i < ROWS - 1; i++)
			order[i] = i < at ? i : i + 1;
		write_log(order, ROWS - 1);
		assert_int_equal(findings_of_log(NULL) > 0, at > 0 && at < ROWS - 1);
		/* Doubled, and exchanged with the next. */
		for (int i = 0; i < ROWS + 1; i++)
			order[i] = i <= at ? i : i - 1;
		write_log(order, ROWS + 1);
		assert_int_equal(findings_of_log(NULL), 1);
		in_order(order);
		if (at + 1 == ROWS)
			continue;
		order[at] = at + 1;
		order[at + 1] = at;
		write_log(order, ROWS);
		assert_true(findings_of_log(NULL) > 0);
	}
	done();
}

static void test_a_shorter_record_beside_its_log(void **state)
{
	int order[ROWS];
	char sql[100];
	(void)state;
	make();
	in_order(order);
	write_log(order, ROWS);
	(void)snprintf(sql, sizeof(sql), "DELETE FROM record WHERE seq > %d", ROWS - 1);
	assert_int_equal(findings_after(sql), 0);
	assert_true(findings_of_log(copy_path) > 0);
	done();
}

static void test_json_and_cut_lines(void **state)
{
	char text[RECORD_TEXT_BYTES], json[3 * SYSLOG_LINE_BYTES];
	(void)state;
	make();
	FILE *file = fopen(log_path, "w");
	assert_non_null(file);
	for (int i = 0; i < ROWS; i++) {
		size_t used = 0;
		for (const char *c = lines[i]; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				json[used++] = '\\';
			json[used++] = *c;
		}
		json[used] = '\0';
		assert_true(fprintf(file, "{\"PRIORITY\":\"5\",\"MESSAGE\":\"%s\",\"_PID\":\"7\"}\n", json) > 0);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(findings_of_log(fixture.path), 0);
	assert_int_equal(sum.rows, ROWS);

	struct syslog_line line;
	char out[SYSLOG_LINE_BYTES];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t size = 1; size < sizeof(text) - 1; size += 13) {
		uint8_t hash[CHAIN_BYTES] = {1};
		memcpy(text + size - 1, "\xc3\xbc", 2); /* an umlaut at the end: never cut in two */
		struct chain_row row = {7, -5, 3, 5, size + 1, "alarm", text};
		syslog_line_write(out, &row, hash);
		assert_true(strlen(out) < SYSLOG_LINE_BYTES);
		assert_true(syslog_line_read(&line, out));
		assert_int_equal(line.seq, 7);
		assert_int_equal(line.wall_ns, -5);
		assert_int_equal(line.severity, 3);
		assert_true(line.text_size <= size + 1 && memcmp(line.text, text, line.text_size) == 0);
		assert_int_equal(line.cut, line.text_size < size + 1);
		memset(text + size - 1, 'x', 2);
	}
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RECORD_TEST(test_the_record),
	    RECORD_TEST(test_the_log),
	    RECORD_TEST(test_a_shorter_record_beside_its_log),
	    RECORD_TEST(test_json_and_cut_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
