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
	assert_true(trail_verify_log(log_path, store, NULL, &sum, nowhere, stderr));
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
		assert_true(put(i == ROWS - 1 ? "anchor" : i % 3 == 0 ? "alarm" : "observation", text));
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
	    /* What SQLite would turn into what was there. */
	    "severity = severity + 256",
	    "severity = severity || ' and more'",
	    "wall_ns = wall_ns || ' and more'",
	    "text = CAST(text AS BLOB)",
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

/* A text is not believed for saying of itself that it was cut, with a record beside it or without. */
static void test_forged_cut_lines(void **state)
{
	int order[ROWS];
	(void)state;
	make();
	in_order(order);
	for (int at = 0; at < ROWS; at++) {
		char was[SYSLOG_LINE_BYTES];
		memcpy(was, lines[at], sizeof(was));
		char *text = strstr(lines[at], "number=");
		assert_non_null(text);
		(void)snprintf(text, 40, "number=\"forged\" cut=\"1\"");
		write_log(order, ROWS);
		assert_int_equal(findings_of_log(NULL), 1);
		assert_int_equal(findings_of_log(fixture.path), 1);
		/* As long as one that was cut: only the record knows. */
		size_t used = (size_t)(text - lines[at]);
		memset(text, 'x', SYSLOG_LINE_BYTES - 1 - used);
		memcpy(lines[at] + SYSLOG_LINE_BYTES - 9, " cut=\"1\"", 9);
		write_log(order, ROWS);
		assert_int_equal(findings_of_log(NULL), 0);
		assert_int_equal(sum.untold, 1);
		assert_int_equal(findings_of_log(fixture.path), 1);
		memcpy(lines[at], was, sizeof(was));
	}
	done();
}

static void test_ends_and_beginnings_of_logs(void **state)
{
	int order[ROWS + 1];
	(void)state;
	make();
	in_order(order);
	for (int count = 0; count < ROWS; count++) { /* the last row is an anchor */
		write_log(order, count);
		assert_int_equal(findings_of_log(fixture.path), count == 0 ? 2 : 1);
		assert_int_equal(sum.behind, ROWS - count);
	}
	/* The first line again: no new beginning. Another first line: one, and it is told. */
	order[ROWS] = 0;
	write_log(order, ROWS + 1);
	assert_int_equal(findings_of_log(NULL), 1);
	struct chain_row row = {1, 5, 5, 5, 21, "start", "bedside=\"t\" x=\"other\""};
	uint8_t hash[CHAIN_BYTES] = {0};
	chain_extend(hash, &row);
	syslog_line_write(lines[0], &row, hash);
	write_log(order + ROWS - 1, 2);
	assert_int_equal(findings_of_log(NULL), 1);
	done();
}

static void test_the_end_that_is_known_beside_the_record(void **state)
{
	(void)state;
	make();
	assert_int_equal(findings_of_store(fixture.path), 0);
	assert_true(sum.end_known);
	assert_int_equal(findings_after("SELECT 1"), 0);
	assert_false(sum.end_known);
	db_once(fixture.path, "UPDATE record SET hash = randomblob(32) WHERE seq = 12");
	assert_int_equal(findings_of_store(fixture.path), 2);
	db_once(fixture.path, "DELETE FROM record WHERE seq = 12");
	assert_int_equal(findings_of_store(fixture.path), 1);
	db_once(fixture.path, "DELETE FROM record");
	assert_int_equal(findings_of_store(fixture.path), 1);
	done();
}

/* A chain of its own, in a log of which the lines come in this order. */
static uint64_t findings_of_chain(const struct chain_row *rows, int count, const int *order, int lines_count)
{
	static char chain_lines[ROWS][SYSLOG_LINE_BYTES];
	uint8_t hash[CHAIN_BYTES] = {0};
	for (int i = 0; i < count; i++) {
		struct chain_row row = rows[i];
		row.seq = i + 1;
		row.severity = 5;
		row.kind_size = strlen(row.kind);
		row.text_size = strlen(row.text);
		chain_extend(hash, &row);
		syslog_line_write(chain_lines[i], &row, hash);
	}
	FILE *file = fopen(log_path, "w");
	assert_non_null(file);
	for (int i = 0; i < lines_count; i++)
		assert_true(fprintf(file, "%s\n", chain_lines[order[i]]) > 0);
	assert_int_equal(fclose(file), 0);
	return findings_of_log(NULL);
}

static void test_lines_that_were_sent_again(void **state)
{
	static const struct chain_row rows[] = {
	    {.kind = "start", .text = ""},
	    {.kind = "alarm", .text = "n=\"2\""},
	    {.kind = "alarm", .text = "n=\"3\""},
	    {.kind = "start", .text = ""},
	    {.kind = "syslog-again", .text = "from=\"2\" to=\"3\""},
	    {.kind = "anchor", .text = ""},
	};
	static const int again[] = {0, 1, 2, 1, 2, 3, 4, 5}, late[] = {0, 1, 2, 3, 4, 1, 2, 5},
	                 others[] = {0, 0, 1, 2, 3, 4, 5, 5}, never[] = {0, 1, 2, 1, 2, 3, 5, 5};
	(void)state;
	make();
	assert_int_equal(findings_of_chain(rows, 6, again, 8), 0);
	assert_int_equal(sum.again, 2);
	assert_int_equal(findings_of_chain(rows, 6, late, 8), 1);   /* not before what says so */
	assert_int_equal(findings_of_chain(rows, 6, others, 8), 2); /* rows that it does not name */
	assert_int_equal(findings_of_chain(rows, 6, never, 7), 2);  /* its own line is missing */
	done();
}

/* Two monitors of one computer: the lines of the one that was asked for, and the others are counted. */
static void test_a_log_of_two_bedsides(void **state)
{
	int order[ROWS];
	(void)state;
	make();
	in_order(order);
	write_log(order, ROWS);
	struct chain_row row = {1, 5, 5, 5, 15, "start", "bedside=\"other\""};
	uint8_t hash[CHAIN_BYTES] = {0};
	char line[SYSLOG_LINE_BYTES];
	chain_extend(hash, &row);
	syslog_line_write(line, &row, hash);
	FILE *file = fopen(log_path, "a");
	assert_non_null(file);
	assert_true(fprintf(file, "Dec  1 12:00:00 host vitalsd[78]: %s\n", line) > 0);
	assert_int_equal(fclose(file), 0);
	for (int beside = 0; beside < 2; beside++) {
		assert_int_equal(findings_of_log(beside ? fixture.path : NULL), 0);
		assert_string_equal(sum.bedside, "t");
		assert_string_equal(sum.other_bedside, "other");
		assert_int_equal(sum.others, 1);
	}
	assert_true(trail_verify_log(log_path, NULL, "other", &sum, nowhere, stderr));
	assert_int_equal(sum.findings, 0);
	assert_int_equal(sum.rows, 1);
	assert_int_equal(sum.others, ROWS);
	done();
}

static void test_what_the_record_escaped_stays_so(void **state)
{
	static const char *const texts[] = {"\xff",         "\xc3",     "\xf0\xc3\xbc",
	                                    "\xc3\xbc\xc3", "\xe2\x82", "\xe2\x82\xac\xff\xfe"};
	(void)state;
	make();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct line text;
		line_start(&text);
		line_text(&text, "config", texts[i]);
		const struct chain_row row = {.kind = "start", .text = text.text};
		assert_int_equal(findings_of_chain(&row, 1, &(const int){0}, 1), 0);
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
	    RECORD_TEST(test_forged_cut_lines),
	    RECORD_TEST(test_ends_and_beginnings_of_logs),
	    RECORD_TEST(test_the_end_that_is_known_beside_the_record),
	    RECORD_TEST(test_lines_that_were_sent_again),
	    RECORD_TEST(test_a_log_of_two_bedsides),
	    RECORD_TEST(test_what_the_record_escaped_stays_so),
	    RECORD_TEST(test_a_shorter_record_beside_its_log),
	    RECORD_TEST(test_json_and_cut_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
