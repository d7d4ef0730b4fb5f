/* The record as a story: who did what, when and why, a line for each row. See vitals/trail.h. Words stand in the rows
 * already; here they get an order for readers. */
#include "vitals/trail.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>

#include "daemon/record/store.h"
#include "vitals/mono.h"
#include "vitals/text.h"

/* The value of KEY in a row's pairs, without its escapes; "" if it is not there. */
static const char *value(const char *text, const char *key, char out[RECORD_TEXT_BYTES])
{
	size_t key_size = strlen(key), used = 0;
	out[0] = '\0';
	for (const char *at = text; (at = strstr(at, key)) != NULL; at += key_size) {
		bool begins = at == text || at[-1] == ' ';
		if (!begins || strncmp(at + key_size, "=\"", 2) != 0)
			continue;
		for (at += key_size + 2; *at != '\0' && *at != '"' && used + 1 < RECORD_TEXT_BYTES; at++)
			out[used++] = *at;
		out[used] = '\0';
		break;
	}
	return out;
}

static bool names(const char *text, const char *person)
{
	static const char *const keys[] = {"actor", "acknowledged_by", "second_person", "override", "name"};
	char found[RECORD_TEXT_BYTES];
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (name_same_person(value(text, keys[i], found), person))
			return true;
	return false;
}

static bool wanted(const struct trail_filter *filter, const char *text, int64_t wall_ns)
{
	char found[RECORD_TEXT_BYTES];
	if (filter->since_wall_ns != 0 && wall_ns < filter->since_wall_ns)
		return false;
	if (filter->until_wall_ns != 0 && wall_ns >= filter->until_wall_ns)
		return false;
	if (filter->person != NULL && !names(text, filter->person))
		return false;
	return filter->alarm == NULL || strcmp(value(text, "condition", found), filter->alarm) == 0;
}

static void print_pairs(FILE *out, const char *text, const char *const *left_out)
{
	for (const char *at = text; *at != '\0';) {
		size_t pair = strcspn(at, "\""), key = strcspn(at, "=");
		size_t size = at[pair] == '\0' ? pair : pair + 1 + strcspn(at + pair + 1, "\"");
		bool told = false;
		for (int i = 0; left_out[i] != NULL; i++)
			told = told || (strlen(left_out[i]) == key && strncmp(at, left_out[i], key) == 0);
		if (!told && size > pair + 1)
			(void)fprintf(out, " %.*s=%.*s", (int)key, at, (int)(size - pair - 1), at + pair + 1);
		at += size;
		at += *at == '"';
		at += *at == ' ';
	}
}

static void print_row(FILE *out, int64_t wall_ns, const char *kind, const char *text)
{
	static const char *const with_actor[] = {"bedside", "actor", "change", "session",
	                                         "patient", "plan",  "phase",  NULL};
	static const char *const opening[] = {"bedside", "actor", "change",
	                                      NULL}; /* which, of whom, and by which plan */
	static const char *const of_alarm[] = {"bedside",    "change",  "condition", "priority", "state", "id",
	                                       "generation", "session", "patient",   "text",     NULL};
	char when[32], actor[RECORD_TEXT_BYTES], a[RECORD_TEXT_BYTES], b[RECORD_TEXT_BYTES], c[RECORD_TEXT_BYTES];
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;
	if (gmtime_r(&seconds, &tm) == NULL || strftime(when, sizeof(when), "%F %T", &tm) == 0)
		when[0] = '\0';
	(void)fprintf(out, "%s.%03dZ  ", when, (int)(wall_ns / NS_PER_MS % 1000)); /* a failure shows in ferror */
	if (strcmp(kind, "alarm") == 0) {
		(void)fprintf(out, "alarm %s, %s priority, %s: %s;", value(text, "condition", a),
		              value(text, "priority", b), value(text, "change", c), value(text, "text", actor));
		print_pairs(out, text, of_alarm);
	} else {
		(void)value(text, "actor", actor);
		(void)fprintf(out, "%s: %s %s", actor[0] == '\0' ? "the monitor" : actor, kind,
		              value(text, "change", a));
		bool opened = strcmp(kind, "session") == 0 && strcmp(a, "opened") == 0;
		print_pairs(out, text, opened ? opening : with_actor);
	}
	(void)fputc('\n', out);
}

bool trail_show(const char *path, const struct trail_filter *filter, FILE *out, FILE *errors)
{
	struct store store;
	sqlite3_stmt *s = NULL;
	/* What lies between the first and the last row that names a session is of it. */
	static const char sql[] =
	    "SELECT wall_ns, kind, text FROM record WHERE ?1 = '' OR seq BETWEEN"
	    " (SELECT min(seq) FROM record WHERE text LIKE '%session=\"' || ?1 || '\"%') AND"
	    " (SELECT max(seq) FROM record WHERE text LIKE '%session=\"' || ?1 || '\"%') ORDER BY seq";
	if (!store_open_to_read(&store, path)) {
		(void)fprintf(errors, "%s: %s\n", path, store.why); /* nowhere else to say it */
		return false;
	}
	int code = SQLITE_ERROR;
	bool bound =
	    sqlite3_prepare_v2(store.db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(s, 1, filter->session == NULL ? "" : filter->session, -1, SQLITE_STATIC) == SQLITE_OK;
	while (bound && (code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *kind = (const char *)sqlite3_column_text(s, 1),
		           *text = (const char *)sqlite3_column_text(s, 2);
		if (kind != NULL && text != NULL && wanted(filter, text, sqlite3_column_int64(s, 0)))
			print_row(out, sqlite3_column_int64(s, 0), kind, text);
	}
	if (code != SQLITE_DONE)
		(void)fprintf(errors, "%s: %s\n", path, sqlite3_errmsg(store.db)); /* as above */
	(void)sqlite3_finalize(s);                                                 /* only read */
	store_close(&store);
	return code == SQLITE_DONE;
}
