/* One session in a file of its own: a record like any other, for another computer to replay and verify. See replay.h.
 * One thread; the monitor may be writing to the record meanwhile. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/record/store.h"
#include "vitals/replay.h"

/* ?1: number of the event that opened it, ?2: of its last one, ?3: its id. What comes first decides what comes after.
 */
static const char *const copies[] = {
    "INSERT INTO main.session SELECT * FROM source.session WHERE opened = ?1",
    "INSERT INTO main.run SELECT * FROM source.run WHERE first <= ?2 AND first >="
    " (SELECT max(first) FROM source.run WHERE first <= ?1)",
    "INSERT INTO main.input SELECT * FROM source.input WHERE last >= ?1 AND first <= ?2",
    "INSERT INTO main.file SELECT * FROM source.file WHERE hash IN (SELECT plan FROM main.session)"
    " OR hash IN (SELECT config FROM main.run)",
    "INSERT INTO main.device SELECT * FROM source.device WHERE config IN (SELECT config FROM main.run)",
    "INSERT INTO main.display SELECT * FROM source.display WHERE config IN (SELECT config FROM main.run)",
    "INSERT INTO main.progress VALUES(1, ?2)",
    /* Up to where the next one is opened: the alarm load and the answer to the closing come behind it. */
    "INSERT INTO main.record SELECT * FROM source.record WHERE seq >="
    " (SELECT min(seq) FROM source.record WHERE kind = 'session' AND text LIKE '%change=\"opened\"%'"
    "  AND text LIKE '%session=\"' || ?3 || '\"%')"
    " AND seq < coalesce((SELECT min(seq) FROM source.record WHERE kind = 'session' AND"
    "  text LIKE '%change=\"opened\"%' AND seq > (SELECT min(seq) FROM source.record WHERE kind = 'session' AND"
    "  text LIKE '%change=\"opened\"%' AND text LIKE '%session=\"' || ?3 || '\"%')), 9223372036854775807)",
};

static bool copy(struct store *store, const char *sql, const struct store_session *session, uint64_t last)
{
	sqlite3_stmt *s = NULL;
	bool bound = sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) == SQLITE_OK;
	int values = s == NULL ? 0 : sqlite3_bind_parameter_count(s);
	bool one = s != NULL && strstr(sql, "?1") != NULL, two = s != NULL && strstr(sql, "?2") != NULL;
	bound = bound && (!one || sqlite3_bind_int64(s, 1, (int64_t)session->opened) == SQLITE_OK) &&
	        (!two || sqlite3_bind_int64(s, 2, (int64_t)last) == SQLITE_OK) &&
	        (values < 3 || sqlite3_bind_text(s, 3, session->id, -1, SQLITE_STATIC) == SQLITE_OK);
	return store_finish(store, s, bound);
}

/* The columns by their names: their order is that in which the two files came to know them. */
static bool copy_trend(struct store *store, const struct store_session *session, uint64_t last)
{
	char columns[2000] = "opened, wall_s, doubtful", sql[4200];
	size_t used = strlen(columns);
	for (int p = 0; p < PARAMETER_COUNT; p++)
		used += (size_t)snprintf(columns + used, sizeof(columns) - used, ", %s",
		                         parameter_table[p].name); /* fits */
	(void)snprintf(sql, sizeof(sql), "INSERT INTO main.trend(%s) SELECT %s FROM source.trend WHERE opened = ?1",
	               columns, columns); /* fits */
	return copy(store, sql, session, last);
}

static bool attach(struct store *store, const char *path)
{
	sqlite3_stmt *s = NULL;
	bool bound = sqlite3_prepare_v2(store->db, "ATTACH ?1 AS source", -1, &s, NULL) == SQLITE_OK &&
	             sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC) == SQLITE_OK;
	return store_finish(store, s, bound);
}

static bool copy_all(struct store *store, const char *from, const struct store_session *session, uint64_t last)
{
	if (!attach(store, from) || !store_begin(store))
		return false;
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (!copy(store, copies[i], session, last))
			return false;
	return copy_trend(store, session, last) && store_commit(store);
}

bool replay_export(const char *store_path, const char *session_id, const char *path, FILE *errors)
{
	struct store source, made;
	struct store_session session;
	if (access(path, F_OK) == 0) {
		(void)fprintf(errors, "%s: is there already\n", path); /* nowhere else to say it */
		return false;
	}
	if (!store_open_to_read(&source, store_path)) {
		(void)fprintf(errors, "%s: %s\n", store_path, source.why); /* as above */
		return false;
	}
	bool found = store_find_session(&source, session_id, &session);
	uint64_t last = session.closed != 0 ? session.closed : store_progress(&source);
	store_close(&source);
	if (!found) {
		(void)fprintf(errors, "%s: no such session\n", store_path); /* as above */
		return false;
	}
	bool good = store_open(&made, path) == STORE_OPENED && copy_all(&made, store_path, &session, last);
	if (!good) {
		(void)fprintf(errors, "%s: %s\n", path, made.why); /* as above */
		(void)unlink(path);                                /* half of a session is none */
	}
	store_close(&made);
	return good;
}
