/* See vitals/trail.h. What a finding means is said with it; a row after a wrong one is compared with the wrong one's
 * stored hash, so that one change is one finding. */
#include "vitals/trail.h"

#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/record/last_row.h"
#include "daemon/record/store.h"
#include "daemon/record/syslog_line.h"

struct trail {
	struct trail_sum *sum;
	FILE *out;
	const char *path;
	uint8_t hash[CHAIN_BYTES]; /* of the row before */
	bool any;
};

__attribute__((format(printf, 2, 3))) static void find(struct trail *trail, const char *format, ...)
{
	if (++trail->sum->findings > TRAIL_FINDINGS_TOLD)
		return;
	va_list arguments;
	(void)fprintf(trail->out, "%s: ", trail->path); /* whether it could be written shows in ferror */
	va_start(arguments, format);
	(void)vfprintf(trail->out, format, arguments);
	va_end(arguments);
	(void)fputc('\n', trail->out);
}

static void end(struct trail *trail)
{
	if (trail->any)
		(void)sodium_bin2hex(trail->sum->last_hash, sizeof(trail->sum->last_hash), trail->hash, CHAIN_BYTES);
}

/* ---- the record
 * --------------------------------------------------------------------------------------------------------- */

static bool types_are_ours(sqlite3_stmt *s)
{
	static const int types[] = {SQLITE_INTEGER, SQLITE_INTEGER, SQLITE_INTEGER,
	                            SQLITE_TEXT,    SQLITE_TEXT,    SQLITE_BLOB};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (sqlite3_column_type(s, (int)i) != types[i])
			return false;
	return true;
}

static bool fill_row(sqlite3_stmt *s, struct chain_row *row, const uint8_t **hash)
{
	if (!types_are_ours(s))
		return false;
	row->seq = sqlite3_column_int64(s, 0);
	row->wall_ns = sqlite3_column_int64(s, 1);
	row->severity = (uint8_t)sqlite3_column_int(s, 2);
	row->kind = (const char *)sqlite3_column_text(s, 3);
	row->text = (const char *)sqlite3_column_text(s, 4);
	row->kind_size = (size_t)sqlite3_column_bytes(s, 3);
	row->text_size = (size_t)sqlite3_column_bytes(s, 4);
	*hash = sqlite3_column_blob(s, 5);
	/* SQLite turns what somebody put there into what is asked for: only what needs no turning was written by us. */
	bool severity_fits = sqlite3_column_int64(s, 2) == row->severity;
	return severity_fits && sqlite3_column_bytes(s, 5) == CHAIN_BYTES && *hash != NULL && row->kind != NULL &&
	       row->text != NULL;
}

static void judge_row(struct trail *trail, const struct chain_row *row, const uint8_t *hash)
{
	struct trail_sum *sum = trail->sum;
	uint8_t computed[CHAIN_BYTES];
	bool first = !trail->any;
	if (!first && row->seq != sum->last_seq + 1)
		find(trail, "rows %" PRId64 " to %" PRId64 " are missing", sum->last_seq + 1, row->seq - 1);
	memcpy(computed, trail->hash, CHAIN_BYTES);
	chain_extend(computed, row);
	/* The first of a record that begins later (an exported session) can only be taken as it is. */
	bool follows = first ? row->seq == 1 : row->seq == sum->last_seq + 1;
	if (follows && memcmp(computed, hash, CHAIN_BYTES) != 0)
		find(trail, "row %" PRId64 " is not what was written (%s %.60s)", row->seq, row->kind, row->text);
	memcpy(trail->hash, hash, CHAIN_BYTES);
	trail->any = true;
	sum->first_seq = first ? row->seq : sum->first_seq;
	sum->last_seq = row->seq;
	sum->rows++;
}

static bool complain(FILE *errors, const char *path, const char *why)
{
	(void)fprintf(errors, "%s: %s\n", path, why); /* nowhere else to say it */
	return false;
}

bool trail_verify_store(const char *path, struct trail_sum *sum, FILE *out, FILE *errors)
{
	struct trail trail = {.sum = sum, .out = out, .path = path};
	struct store store;
	struct last_row known;
	sqlite3_stmt *s = NULL;
	int code = SQLITE_ERROR;
	memset(sum, 0, sizeof(*sum));
	/* First: a monitor that writes meanwhile is then only further on. A copy has none beside it. */
	if (!last_row_read(path, &known))
		known.seq = 0;
	if (!store_open_to_read(&store, path))
		return complain(errors, path, store.why);
	if (sqlite3_prepare_v2(store.db, "SELECT seq, wall_ns, severity, kind, text, hash FROM record ORDER BY seq", -1,
	                       &s, NULL) == SQLITE_OK)
		while ((code = sqlite3_step(s)) == SQLITE_ROW) {
			struct chain_row row;
			const uint8_t *hash;
			if (!fill_row(s, &row, &hash)) {
				find(&trail, "row %" PRId64 " is none", (int64_t)sqlite3_column_int64(s, 0));
				continue;
			}
			judge_row(&trail, &row, hash);
			if (row.seq == known.seq && memcmp(hash, known.hash, CHAIN_BYTES) != 0)
				find(&trail, "row %" PRId64 " is not the one that is known beside the record", row.seq);
		}
	if (code != SQLITE_DONE)
		find(&trail, "cannot be read to its end: %s", sqlite3_errmsg(store.db));
	if (known.seq > sum->last_seq)
		find(&trail, "ends with row %" PRId64 ": beside the record, row %" PRId64 " is known", sum->last_seq,
		     known.seq);
	sum->end_known = known.seq > 0;
	(void)sqlite3_finalize(s); /* only read */
	store_close(&store);
	end(&trail);
	return true;
}

/* ---- logs
 * ---------------------------------------------------------------------------------------------------------------- */

/* `journalctl -o json` puts the message into a string of JSON: \" and \\ are the escapes that a line of ours can have.
 */
static void take_json(char *line)
{
	static const char key[] = "\"MESSAGE\":\"";
	char *from = line[0] == '{' ? strstr(line, key) : NULL, *to = line;
	if (from == NULL)
		return;
	for (from += sizeof(key) - 1; *from != '\0' && *from != '"'; from++) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

#define RECENT 2048 /* rows whose hashes are kept: more than the recorder writes between two notes of how far it is */

struct log {
	struct trail trail;
	struct store store; /* db NULL: there is none to compare with */
	sqlite3_stmt *row_of;
	bool chosen;                     /* whose lines these are */
	uint8_t first_hash[CHAIN_BYTES]; /* of the row 1 that these rows follow */
	int64_t record_last, record_anchor;
	int64_t again_from, again_to; /* rows that came again, and no row has said so yet; 0 = none */
	struct {
		int64_t seq;
		uint8_t hash[CHAIN_BYTES];
	} recent[RECENT];
};

static void tell_again(struct log *log)
{
	if (log->again_from != 0)
		find(&log->trail, "rows %" PRId64 " to %" PRId64 " are there twice", log->again_from, log->again_to);
	log->again_from = 0;
}

/* Which rows a monitor sent perhaps twice, because it was killed before it had noted that it had sent them. */
static void announced(struct log *log, const struct syslog_line *line)
{
	const char *from = strstr(line->text, "from=\"");
	if (strcmp(line->kind, "anchor") == 0)
		tell_again(log);
	if (log->again_from == 0 || strcmp(line->kind, "syslog-again") != 0 || from == NULL ||
	    strtoll(from + 6, NULL, 10) != log->again_from)
		return;
	log->trail.sum->again += (uint64_t)(log->again_to - log->again_from + 1);
	log->again_from = 0;
}

static void compare_with_store(struct log *log, const struct syslog_line *line)
{
	struct chain_row row;
	const uint8_t *hash;
	char written[SYSLOG_LINE_BYTES];
	if (log->row_of == NULL)
		return;
	bool there = sqlite3_bind_int64(log->row_of, 1, line->seq) == SQLITE_OK &&
	             sqlite3_step(log->row_of) == SQLITE_ROW && fill_row(log->row_of, &row, &hash);
	if (!there)
		find(&log->trail, "row %" PRId64 " is not in the record (%s %.60s)", line->seq, line->kind, line->text);
	else if (memcmp(hash, line->hash, CHAIN_BYTES) != 0)
		find(&log->trail, "row %" PRId64 " is another one in the record (here %s %.60s, there %s %.60s)",
		     line->seq, line->kind, line->text, row.kind, row.text);
	else if (line->cut) { /* what cannot be computed again can be written again */
		syslog_line_write(written, &row, hash);
		if (strlen(written) != line->written_size || memcmp(written, line->written, line->written_size) != 0)
			find(&log->trail, "row %" PRId64 " is not what was written (%s %.60s)", line->seq, line->kind,
			     line->text);
	}
	(void)sqlite3_reset(log->row_of); /* only read */
}

static void judge_text(struct log *log, const struct syslog_line *line, const uint8_t before[CHAIN_BYTES])
{
	struct trail *trail = &log->trail;
	uint8_t computed[CHAIN_BYTES];
	const struct chain_row row = {.seq = line->seq,
	                              .wall_ns = line->wall_ns,
	                              .severity = line->severity,
	                              .kind_size = strlen(line->kind),
	                              .text_size = line->text_size,
	                              .kind = line->kind,
	                              .text = line->text};
	memcpy(computed, before, CHAIN_BYTES);
	if (line->cut) {
		trail->sum->untold++;
		return;
	}
	chain_extend(computed, &row);
	if (memcmp(computed, line->hash, CHAIN_BYTES) != 0)
		find(trail, "row %" PRId64 " is not what was written (%s %.60s)", line->seq, line->kind, line->text);
}

/* A row that was passed already: the same one again, or one that does not belong here. */
static void judge_again(struct log *log, const struct syslog_line *line)
{
	const size_t at = (size_t)(line->seq % RECENT), before = (size_t)((line->seq + RECENT - 1) % RECENT);
	if (log->recent[at].seq != line->seq || memcmp(log->recent[at].hash, line->hash, CHAIN_BYTES) != 0) {
		find(&log->trail, "row %" PRId64 " comes after row %" PRId64, line->seq, log->trail.sum->last_seq);
		return;
	}
	if (log->recent[before].seq == line->seq - 1)
		judge_text(log, line, log->recent[before].hash);
	compare_with_store(log, line);
	if (log->again_from == 0 || line->seq != log->again_to + 1) {
		tell_again(log);
		log->again_from = line->seq;
	}
	log->again_to = line->seq;
}

static void judge_line(struct log *log, const struct syslog_line *line)
{
	struct trail *trail = &log->trail;
	struct trail_sum *sum = trail->sum;
	int64_t expected = sum->last_seq + 1;
	/* A record that was damaged is moved aside, or somebody took it away; the next one begins with 1. */
	bool anew = trail->any && line->seq == 1 && memcmp(line->hash, log->first_hash, CHAIN_BYTES) != 0;
	if (trail->any && !anew && line->seq < expected) {
		judge_again(log, line);
		return;
	}
	if (anew) {
		find(trail, "after row %" PRId64 " another record begins (%s %.60s)", sum->last_seq, line->kind,
		     line->text);
		memset(trail->hash, 0, CHAIN_BYTES);
	}
	if (line->seq == 1)
		memcpy(log->first_hash, line->hash, CHAIN_BYTES);
	if (trail->any && !anew && line->seq > expected)
		find(trail, "lines of rows %" PRId64 " to %" PRId64 " are missing", expected, line->seq - 1);
	else if (anew || trail->any || line->seq == 1)
		judge_text(log, line, trail->hash);
	announced(log, line);
	compare_with_store(log, line);
	memcpy(trail->hash, line->hash, CHAIN_BYTES);
	sum->first_seq = trail->any ? sum->first_seq : line->seq;
	sum->last_seq = line->seq;
	log->recent[line->seq % RECENT].seq = line->seq;
	memcpy(log->recent[line->seq % RECENT].hash, line->hash, CHAIN_BYTES);
	trail->any = true;
	sum->rows++;
}

/* The monitor that a row is of; "" if it does not say. */
static void bedside_of(const char *text, char bedside[NAME_BYTES])
{
	static const char key[] = "bedside=\"";
	size_t size = strncmp(text, key, sizeof(key) - 1) == 0 ? strcspn(text + sizeof(key) - 1, "\"") : 0;
	size = size < NAME_BYTES ? size : 0;
	memcpy(bedside, text + (size > 0 ? sizeof(key) - 1 : 0), size);
	bedside[size] = '\0';
}

/* Several monitors of one computer write into one log: those of the record are looked at, or of the first line. */
static bool is_of_this(struct log *log, const struct syslog_line *line)
{
	struct trail_sum *sum = log->trail.sum;
	char bedside[NAME_BYTES];
	bedside_of(line->text, bedside);
	if (!log->chosen)
		memcpy(sum->bedside, bedside, sizeof(bedside));
	log->chosen = true;
	if (strcmp(bedside, sum->bedside) == 0)
		return true;
	if (sum->others++ == 0)
		memcpy(sum->other_bedside, bedside, sizeof(bedside));
	return false;
}

static int64_t number_of(struct log *log, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t number = 0;
	if (sqlite3_prepare_v2(log->store.db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		number = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s); /* only read */
	return number;
}

/* A log may be an old one or younger than the record, but where the record has an anchor behind its last line, that is
 * a log that goes no further than it should. */
static void judge_end(struct log *log)
{
	struct trail_sum *sum = log->trail.sum;
	tell_again(log);
	if (!log->trail.any)
		find(&log->trail, "has no line of a record");
	if (log->row_of == NULL)
		return;
	if (log->record_anchor > sum->last_seq)
		find(&log->trail,
		     "ends with row %" PRId64 ", the record has an anchor behind it, row %" PRId64
		     ": lines are cut off, or stand in a later log",
		     sum->last_seq, log->record_anchor);
	sum->behind = log->record_last > sum->last_seq ? (uint64_t)(log->record_last - sum->last_seq) : 0;
	if (log->record_last < sum->last_seq && number_of(log, "SELECT max(seq) FROM record") < sum->last_seq)
		find(&log->trail, "the record ends with row %" PRId64 ", the log with row %" PRId64, log->record_last,
		     sum->last_seq);
}

static bool bedside_of_record(struct log *log)
{
	sqlite3_stmt *s = NULL;
	bool found = sqlite3_prepare_v2(log->store.db, "SELECT text FROM record ORDER BY seq DESC LIMIT 1", -1, &s,
	                                NULL) == SQLITE_OK &&
	             sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) == SQLITE_TEXT;
	if (found)
		bedside_of((const char *)sqlite3_column_text(s, 0), log->trail.sum->bedside);
	(void)sqlite3_finalize(s); /* only read */
	return found;
}

static bool open_beside(struct log *log, const char *store_path, FILE *errors)
{
	if (store_path == NULL)
		return true;
	if (!store_open_to_read(&log->store, store_path))
		return complain(errors, store_path, log->store.why);
	log->chosen = bedside_of_record(log);
	/* Before the log is read: a monitor that writes meanwhile is then only further on. */
	log->record_last = number_of(log, "SELECT max(seq) FROM record");
	log->record_anchor = number_of(log, "SELECT seq FROM record WHERE kind = 'anchor' ORDER BY seq DESC LIMIT 1");
	return sqlite3_prepare_v2(log->store.db,
	                          "SELECT seq, wall_ns, severity, kind, text, hash FROM record WHERE seq = ?1", -1,
	                          &log->row_of, NULL) == SQLITE_OK ||
	       complain(errors, store_path, sqlite3_errmsg(log->store.db));
}

bool trail_verify_log(const char *path, const char *store_path, const char *bedside, struct trail_sum *sum, FILE *out,
                      FILE *errors)
{
	static struct syslog_line line; /* large; one thread */
	static struct log log;
	char *text = NULL;
	size_t room = 0;
	memset(sum, 0, sizeof(*sum));
	memset(&log, 0, sizeof(log));
	log.trail = (struct trail){.sum = sum, .out = out, .path = path};
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return complain(errors, path, "cannot be read");
	bool good = open_beside(&log, store_path, errors);
	if (bedside != NULL) {
		(void)snprintf(sum->bedside, sizeof(sum->bedside), "%s", bedside); /* a longer one is none */
		log.chosen = true;
	}
	while (good && getline(&text, &room, file) >= 0) {
		take_json(text);
		if (syslog_line_read(&line, text) && line.seq > 0 && is_of_this(&log, &line))
			judge_line(&log, &line);
	}
	good = good && ferror(file) == 0;
	free(text);
	(void)fclose(file); /* only read */
	if (good)
		judge_end(&log);
	(void)sqlite3_finalize(log.row_of); /* only read */
	store_close(&log.store);
	end(&log.trail);
	return good;
}
