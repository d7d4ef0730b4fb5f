/* The table of values, a row for each second of a session: made for people with `sqlite3` and a plotting program, and
 * for reports. See store.h. Recorder thread. Everything in it follows from the events; it is kept because nobody should
 * have to step an engine to draw a line. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "daemon/record/store.h"

#define SQL_BYTES 6000

struct sql {
	char text[SQL_BYTES];
	size_t used;
};

static void add(struct sql *sql, const char *text)
{
	size_t size = strlen(text);
	if (sql->used + size >= sizeof(sql->text))
		return; /* fits: names are at most NAME_BYTES */
	memcpy(sql->text + sql->used, text, size + 1);
	sql->used += size;
}

static bool run(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool has_column(struct store *store, const char *name)
{
	return sqlite3_table_column_metadata(store->db, "main", "trend", name, NULL, NULL, NULL, NULL, NULL) ==
	       SQLITE_OK;
}

/* In their units, with a time that plotting programs read. */
static void add_view(struct sql *sql)
{
	add(sql, "CREATE VIEW trend_values AS SELECT session.id AS session, datetime(wall_s, 'unixepoch') AS utc");
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		const char *name = parameter_table[p].name;
		add(sql, ", ");
		add(sql, name);
		add(sql, " / 1000.0 AS ");
		add(sql, name);
	}
	add(sql, ", doubtful FROM trend JOIN session USING (opened);");
}

bool store_make_trend(struct store *store)
{
	struct sql sql = {.used = 0};
	if (!run(store,
	         "CREATE TABLE IF NOT EXISTS trend(opened INTEGER NOT NULL, wall_s INTEGER NOT NULL, doubtful TEXT,"
	         " PRIMARY KEY(opened, wall_s)) WITHOUT ROWID"))
		return false;
	add(&sql, "BEGIN IMMEDIATE;");
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if (has_column(store, parameter_table[p].name))
			continue;
		add(&sql, "ALTER TABLE trend ADD COLUMN ");
		add(&sql, parameter_table[p].name);
		add(&sql, " INTEGER;");
	}
	bool made = sql.used == strlen("BEGIN IMMEDIATE;") &&
	            sqlite3_table_column_metadata(store->db, "main", "trend_values", NULL, NULL, NULL, NULL, NULL,
	                                          NULL) == SQLITE_OK;
	if (made)
		return true;
	add(&sql, "DROP VIEW IF EXISTS trend_values;");
	add_view(&sql);
	add(&sql, "COMMIT;");
	return run(store, sql.text);
}

/* Only the columns of what is known: the others are null. */
static void statement_of(struct sql *sql, const struct store_trend *trend)
{
	add(sql, "INSERT OR REPLACE INTO trend(opened, wall_s, doubtful");
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((trend->known & PARAMETER_BIT(p)) != 0) {
			add(sql, ", ");
			add(sql, parameter_table[p].name);
		}
	add(sql, ") VALUES(?, ?, ?");
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((trend->known & PARAMETER_BIT(p)) != 0)
			add(sql, ", ?");
	add(sql, ")");
}

static void doubtful_names(const struct store_trend *trend, struct sql *names)
{
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((trend->doubtful & PARAMETER_BIT(p)) != 0) {
			add(names, names->used > 0 ? " " : "");
			add(names, parameter_table[p].name);
		}
}

bool store_put_trend(struct store *store, uint64_t opened, const struct store_trend *trend)
{
	struct sql sql = {.used = 0}, names = {.used = 0};
	sqlite3_stmt *s = NULL;
	int at = 3;
	statement_of(&sql, trend);
	doubtful_names(trend, &names);
	bool bound = sqlite3_prepare_v2(store->db, sql.text, -1, &s, NULL) == SQLITE_OK &&
	             sqlite3_bind_int64(s, 1, (int64_t)opened) == SQLITE_OK &&
	             sqlite3_bind_int64(s, 2, trend->wall_s) == SQLITE_OK;
	if (bound && names.used > 0)
		bound = sqlite3_bind_text(s, 3, names.text, -1, SQLITE_STATIC) == SQLITE_OK;
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((trend->known & PARAMETER_BIT(p)) != 0)
			bound = bound && sqlite3_bind_int(s, ++at, trend->milli[p]) == SQLITE_OK;
	return store_finish(store, s, bound);
}
