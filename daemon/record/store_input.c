/* What the record keeps beside its chained rows: the events that stepped the engine, the sessions and runs that they
 * belong to, the texts of plans. See store.h. Recorder thread, and the main thread before there is one. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/record/store.h"

/* `input` holds rows of many events, one row for each commit of an open session. `session.engine` is a piece of memory
 * of the build that `session.build` names and means nothing to another. */
const char store_input_sql[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS progress(one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS run(first INTEGER PRIMARY KEY, boot TEXT NOT NULL, build TEXT NOT NULL,"
    " config TEXT NOT NULL, plan TEXT NOT NULL, wall_ns INTEGER NOT NULL, mono_ns INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS session(opened INTEGER PRIMARY KEY, id TEXT NOT NULL, patient_ref TEXT NOT NULL,"
    " plan TEXT NOT NULL, core TEXT NOT NULL, opened_wall_ns INTEGER NOT NULL, closed INTEGER,"
    " closed_wall_ns INTEGER, engine BLOB NOT NULL, prefix BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS input(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, events BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS device(config TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL,"
    " period_ns INTEGER NOT NULL, provides TEXT NOT NULL, cuff_command INTEGER NOT NULL, same_limb INTEGER NOT NULL,"
    " PRIMARY KEY(config, place));"
    "CREATE TABLE IF NOT EXISTS display(config TEXT NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL,"
    " within_ns INTEGER NOT NULL, PRIMARY KEY(config, place));"
    "CREATE TABLE IF NOT EXISTS file(hash TEXT PRIMARY KEY, path TEXT NOT NULL, text TEXT NOT NULL);"
    "PRAGMA user_version = 2;"
    "COMMIT;";
_Static_assert(STORE_VERSION == 2, "as in store_input_sql");

static bool fail(struct store *store)
{
	int code = sqlite3_errcode(store->db);
	(void)snprintf(store->why, sizeof(store->why), "cannot be written: %s",
	               sqlite3_errmsg(store->db)); /* cut is fine */
	store->reopen = code != SQLITE_BUSY && code != SQLITE_FULL;
	if (sqlite3_get_autocommit(store->db) == 0 &&
	    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		store->reopen = true;
	return false;
}

static sqlite3_stmt *prepare(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	if (store->db == NULL || sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	return statement;
}

/* Runs a statement whose values are bound (`bound`) to its end. */
bool store_finish(struct store *store, struct sqlite3_stmt *statement, bool bound)
{
	bool done = statement != NULL && bound && sqlite3_step(statement) == SQLITE_DONE;
	(void)sqlite3_finalize(statement); /* repeats the error of step */
	return done || fail(store);
}

static bool number(sqlite3_stmt *statement, int at, int64_t value)
{
	return statement != NULL && sqlite3_bind_int64(statement, at, value) == SQLITE_OK;
}

static bool text(sqlite3_stmt *statement, int at, const char *value)
{
	return statement != NULL && sqlite3_bind_text(statement, at, value, -1, SQLITE_STATIC) == SQLITE_OK;
}

static bool blob(sqlite3_stmt *statement, int at, const void *bytes, size_t size)
{
	return statement != NULL && sqlite3_bind_blob(statement, at, bytes, (int)size, SQLITE_STATIC) == SQLITE_OK;
}

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

bool store_put_progress(struct store *store, uint64_t last)
{
	sqlite3_stmt *s = prepare(store, "INSERT OR REPLACE INTO progress(one, number) VALUES(1, ?1)");
	return store_finish(store, s, number(s, 1, (int64_t)last));
}

bool store_put_input(struct store *store, uint64_t first, uint64_t last, const void *bytes, size_t size)
{
	sqlite3_stmt *s = prepare(store, "INSERT OR REPLACE INTO input(first, last, events) VALUES(?1, ?2, ?3)");
	return store_finish(store, s,
	                    number(s, 1, (int64_t)first) && number(s, 2, (int64_t)last) && blob(s, 3, bytes, size));
}

bool store_put_run(struct store *store, const struct record_run *run)
{
	sqlite3_stmt *s =
	    prepare(store, "INSERT OR REPLACE INTO run(first, boot, build, config, plan, wall_ns, mono_ns)"
	                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	return store_finish(store, s,
	                    number(s, 1, (int64_t)run->first) && text(s, 2, run->boot) && text(s, 3, run->build) &&
	                        text(s, 4, run->config_hash_hex) && text(s, 5, run->plan_hash_hex) &&
	                        number(s, 6, run->wall_ns) && number(s, 7, run->mono_ns));
}

static void names_of(parameter_set set, char *to, size_t size)
{
	size_t used = 0;
	to[0] = '\0';
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((set & PARAMETER_BIT(p)) != 0 && used < size)
			used += (size_t)snprintf(to + used, size - used, "%s%s", used == 0 ? "" : " ",
			                         parameter_table[p].name); /* fits */
}

static bool put_device(struct store *store, const char *config_hash_hex, int place, const struct engine_device *device)
{
	char provides[512];
	names_of(device->provides, provides, sizeof(provides));
	sqlite3_stmt *s =
	    prepare(store, "INSERT OR IGNORE INTO device(config, place, name, period_ns, provides, cuff_command,"
	                   " same_limb) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	bool bound = text(s, 1, config_hash_hex) && number(s, 2, place) && text(s, 3, device->name) &&
	             number(s, 4, device->period_ns) && text(s, 5, provides) && number(s, 6, device->cuff_command) &&
	             number(s, 7, device->same_limb);
	return store_finish(store, s, bound);
}

bool store_put_bedside(struct store *store, const char *config_hash_hex, const struct engine_config *config)
{
	for (int i = 0; i < config->device_count; i++)
		if (!put_device(store, config_hash_hex, i, &config->devices[i]))
			return false;
	for (int i = 0; i < config->display_count; i++) {
		sqlite3_stmt *s = prepare(store, "INSERT OR IGNORE INTO display(config, place, name, within_ns)"
		                                 " VALUES(?1, ?2, ?3, ?4)");
		bool bound = text(s, 1, config_hash_hex) && number(s, 2, i) && text(s, 3, config->displays[i]) &&
		             number(s, 4, config->display_within_ns);
		if (!store_finish(store, s, bound))
			return false;
	}
	return true;
}

bool store_put_file(struct store *store, const char *hash_hex, const char *path, const char *bytes, size_t size)
{
	sqlite3_stmt *s = prepare(store, "INSERT OR IGNORE INTO file(hash, path, text) VALUES(?1, ?2, ?3)");
	bool bound = text(s, 1, hash_hex) && text(s, 2, path) &&
	             sqlite3_bind_text(s, 3, bytes, (int)size, SQLITE_STATIC) == SQLITE_OK;
	return store_finish(store, s, bound);
}

bool store_put_session(struct store *store, const struct store_session *session)
{
	sqlite3_stmt *s = prepare(store, "INSERT OR REPLACE INTO session(opened, id, patient_ref, plan, core,"
	                                 " opened_wall_ns, engine, prefix) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	bool bound =
	    number(s, 1, (int64_t)session->opened) && text(s, 2, session->id) && text(s, 3, session->patient_ref) &&
	    text(s, 4, session->plan_hash_hex) && text(s, 5, record_core_id) && number(s, 6, session->wall_ns) &&
	    blob(s, 7, session->engine, session->engine_bytes) && blob(s, 8, session->prefix, session->prefix_bytes);
	return store_finish(store, s, bound);
}

bool store_end_session(struct store *store, uint64_t last, int64_t wall_ns)
{
	sqlite3_stmt *s =
	    prepare(store, "UPDATE session SET closed = ?1, closed_wall_ns = ?2 WHERE closed IS NULL AND opened < ?1");
	return store_finish(store, s, number(s, 1, (int64_t)last) && number(s, 2, wall_ns));
}

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

static void copy_column(sqlite3_stmt *statement, int at, char *to, size_t size)
{
	const unsigned char *from = sqlite3_column_text(statement, at);
	(void)snprintf(to, size, "%s", from == NULL ? "" : (const char *)from); /* was as short when it was written */
}

uint64_t store_progress(struct store *store)
{
	sqlite3_stmt *s = prepare(store, "SELECT number FROM progress");
	uint64_t last = s != NULL && sqlite3_step(s) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	(void)sqlite3_finalize(s); /* only read */
	return last;
}

bool store_open_session(struct store *store, struct store_session *session)
{
	sqlite3_stmt *s = prepare(store, "SELECT opened, id, plan FROM session WHERE closed IS NULL"
	                                 " ORDER BY opened DESC LIMIT 1");
	bool found = s != NULL && sqlite3_step(s) == SQLITE_ROW;
	memset(session, 0, sizeof(*session));
	if (found) {
		session->opened = (uint64_t)sqlite3_column_int64(s, 0);
		copy_column(s, 1, session->id, sizeof(session->id));
		copy_column(s, 2, session->plan_hash_hex, sizeof(session->plan_hash_hex));
	}
	(void)sqlite3_finalize(s); /* only read */
	return found;
}

bool store_run_of(struct store *store, uint64_t event, struct record_run *run)
{
	sqlite3_stmt *s = prepare(store, "SELECT first, boot, build, config, plan, wall_ns, mono_ns FROM run"
	                                 " WHERE first <= ?1 ORDER BY first DESC LIMIT 1");
	bool found = number(s, 1, (int64_t)event) && sqlite3_step(s) == SQLITE_ROW;
	memset(run, 0, sizeof(*run));
	if (found) {
		run->first = (uint64_t)sqlite3_column_int64(s, 0);
		copy_column(s, 1, run->boot, sizeof(run->boot));
		copy_column(s, 2, run->build, sizeof(run->build));
		copy_column(s, 3, run->config_hash_hex, sizeof(run->config_hash_hex));
		copy_column(s, 4, run->plan_hash_hex, sizeof(run->plan_hash_hex));
		run->wall_ns = sqlite3_column_int64(s, 5);
		run->mono_ns = sqlite3_column_int64(s, 6);
	}
	(void)sqlite3_finalize(s); /* only read */
	return found;
}

uint64_t store_run_end(struct store *store, uint64_t first)
{
	sqlite3_stmt *s = prepare(store, "SELECT min(first) FROM run WHERE first > ?1");
	uint64_t end = UINT64_MAX;
	if (number(s, 1, (int64_t)first) && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		end = (uint64_t)sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s); /* only read */
	return end;
}

bool store_has_row(struct store *store, int64_t seq, const uint8_t hash[CHAIN_BYTES])
{
	sqlite3_stmt *s = prepare(store, "SELECT hash FROM record WHERE seq = ?1");
	bool same = number(s, 1, seq) && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 0) == CHAIN_BYTES &&
	            memcmp(sqlite3_column_blob(s, 0), hash, CHAIN_BYTES) == 0;
	(void)sqlite3_finalize(s); /* only read */
	return same;
}

void store_input_start(struct store *store, struct store_input *input, uint64_t first)
{
	memset(input, 0, sizeof(*input));
	input->statement = prepare(store, "SELECT first, last, events FROM input WHERE last >= ?1 ORDER BY first");
	input->good = number(input->statement, 1, (int64_t)first);
}

bool store_input_next(struct store_input *input)
{
	int code = input->good ? sqlite3_step(input->statement) : SQLITE_ERROR;
	if (code != SQLITE_ROW) {
		input->good = input->good && code == SQLITE_DONE;
		return false;
	}
	input->first = (uint64_t)sqlite3_column_int64(input->statement, 0);
	input->last = (uint64_t)sqlite3_column_int64(input->statement, 1);
	input->bytes = sqlite3_column_blob(input->statement, 2);
	input->size = input->bytes == NULL ? 0 : (size_t)sqlite3_column_bytes(input->statement, 2);
	return true;
}

bool store_input_done(struct store_input *input)
{
	(void)sqlite3_finalize(input->statement); /* only read */
	input->statement = NULL;
	return input->good;
}

static parameter_set set_of(const char *names)
{
	parameter_set set = 0;
	for (const char *name = names; *name != '\0'; name += strspn(name, " ")) {
		size_t size = strcspn(name, " ");
		for (int p = 0; p < PARAMETER_COUNT; p++)
			if (strlen(parameter_table[p].name) == size &&
			    strncmp(parameter_table[p].name, name, size) == 0)
				set |= PARAMETER_BIT(p);
		name += size;
	}
	return set;
}

bool store_bedside(struct store *store, const char *config_hash_hex, struct engine_config *config)
{
	char names[512];
	config->device_count = config->display_count = 0;
	sqlite3_stmt *s = prepare(store, "SELECT name, period_ns, provides, cuff_command, same_limb FROM device"
	                                 " WHERE config = ?1 ORDER BY place");
	bool bound = text(s, 1, config_hash_hex);
	while (bound && config->device_count < DEVICES_MAX && sqlite3_step(s) == SQLITE_ROW) {
		struct engine_device *device = &config->devices[config->device_count++];
		copy_column(s, 0, device->name, sizeof(device->name));
		device->period_ns = sqlite3_column_int64(s, 1);
		copy_column(s, 2, names, sizeof(names));
		device->provides = set_of(names);
		device->cuff_command = sqlite3_column_int(s, 3) != 0;
		device->same_limb = sqlite3_column_int(s, 4) != 0;
	}
	(void)sqlite3_finalize(s); /* only read */
	s = prepare(store, "SELECT name, within_ns FROM display WHERE config = ?1 ORDER BY place");
	bound = text(s, 1, config_hash_hex);
	while (bound && config->display_count < DISPLAYS_MAX && sqlite3_step(s) == SQLITE_ROW) {
		copy_column(s, 0, config->displays[config->display_count++], NAME_BYTES);
		config->display_within_ns = sqlite3_column_int64(s, 1);
	}
	(void)sqlite3_finalize(s); /* only read */
	return config->device_count > 0;
}

static void *copy_blob(sqlite3_stmt *s, bool found, size_t *size)
{
	const void *from = found ? sqlite3_column_blob(s, 0) : NULL;
	*size = from == NULL ? 0 : (size_t)sqlite3_column_bytes(s, 0);
	char *copy = found ? malloc(*size + 1) : NULL;
	if (copy != NULL) {
		if (*size > 0)
			memcpy(copy, from, *size);
		copy[*size] = '\0';
	}
	(void)sqlite3_finalize(s); /* only read */
	return copy;
}

void *store_session_blob(struct store *store, uint64_t opened, const char *what, size_t *size)
{
	sqlite3_stmt *s = prepare(store, strcmp(what, "engine") == 0 ? "SELECT engine FROM session WHERE opened = ?1"
	                                                             : "SELECT prefix FROM session WHERE opened = ?1");
	return copy_blob(s, number(s, 1, (int64_t)opened) && sqlite3_step(s) == SQLITE_ROW, size);
}

char *store_file_text(struct store *store, const char *hash_hex, char *name, size_t size)
{
	size_t text_size;
	char path[512] = "";
	sqlite3_stmt *s = prepare(store, "SELECT text, path FROM file WHERE hash = ?1");
	bool found = text(s, 1, hash_hex) && sqlite3_step(s) == SQLITE_ROW;
	if (found)
		copy_column(s, 1, path, sizeof(path));
	const char *slash = strrchr(path, '/');
	(void)snprintf(name, size, "%s", slash == NULL ? path : slash + 1); /* a name that was read before */
	return copy_blob(s, found, &text_size);
}

bool store_find_session(struct store *store, const char *id, struct store_session *session)
{
	sqlite3_stmt *s =
	    prepare(store, "SELECT opened, id, patient_ref, plan, core, opened_wall_ns, closed FROM session"
	                   " WHERE ?1 = '' OR id = ?1 ORDER BY opened DESC LIMIT 1");
	bool found = text(s, 1, id) && sqlite3_step(s) == SQLITE_ROW;
	memset(session, 0, sizeof(*session));
	if (found) {
		session->opened = (uint64_t)sqlite3_column_int64(s, 0);
		copy_column(s, 1, session->id, sizeof(session->id));
		copy_column(s, 2, session->patient_ref, sizeof(session->patient_ref));
		copy_column(s, 3, session->plan_hash_hex, sizeof(session->plan_hash_hex));
		copy_column(s, 4, session->core, sizeof(session->core));
		session->wall_ns = sqlite3_column_int64(s, 5);
		session->closed = (uint64_t)sqlite3_column_int64(s, 6);
	}
	(void)sqlite3_finalize(s); /* only read */
	return found;
}

uint64_t store_old_session(struct store *store, int64_t wall_ns, char id[NAME_BYTES], int64_t *rows)
{
	uint64_t opened = 0;
	sqlite3_stmt *s =
	    prepare(store, "SELECT opened, id, (SELECT count(*) FROM input WHERE first >= opened AND first <= closed)"
	                   " + (SELECT count(*) FROM trend WHERE trend.opened = session.opened) FROM session"
	                   " WHERE closed_wall_ns < ?1 AND length(engine) > 0 ORDER BY opened LIMIT 1");
	if (number(s, 1, wall_ns) && sqlite3_step(s) == SQLITE_ROW) {
		opened = (uint64_t)sqlite3_column_int64(s, 0);
		copy_column(s, 1, id, NAME_BYTES);
		*rows = sqlite3_column_int64(s, 2);
	}
	(void)sqlite3_finalize(s); /* only read */
	return opened;
}

bool store_remove_events(struct store *store, uint64_t opened)
{
	static const char *const removals[] = {
	    "DELETE FROM input WHERE first >= ?1 AND first <= (SELECT closed FROM session WHERE opened = ?1)",
	    "DELETE FROM trend WHERE opened = ?1",
	    "UPDATE session SET engine = x'', prefix = x'' WHERE opened = ?1",
	};
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		sqlite3_stmt *s = prepare(store, removals[i]);
		if (!store_finish(store, s, number(s, 1, (int64_t)opened)))
			return false;
	}
	return true;
}

void store_rows_start(struct store *store, struct store_rows *rows, const char *id)
{
	/* The texts are escaped: no value can look like another pair. */
	rows->statement = prepare(store, "SELECT seq, kind, text FROM record WHERE seq >="
	                                 " (SELECT min(seq) FROM record WHERE kind = 'session' AND"
	                                 "  text LIKE '%change=\"opened\"%' AND text LIKE '%session=\"' || ?1 || '\"%')"
	                                 " ORDER BY seq");
	if (rows->statement != NULL && sqlite3_bind_text(rows->statement, 1, id, -1, SQLITE_TRANSIENT) != SQLITE_OK)
		store_rows_done(rows);
}

bool store_rows_next(struct store_rows *rows, int64_t *seq, const char **kind, const char **text)
{
	if (rows->statement == NULL || sqlite3_step(rows->statement) != SQLITE_ROW)
		return false;
	*seq = sqlite3_column_int64(rows->statement, 0);
	*kind = (const char *)sqlite3_column_text(rows->statement, 1);
	*text = (const char *)sqlite3_column_text(rows->statement, 2);
	return *kind != NULL && *text != NULL;
}

void store_rows_done(struct store_rows *rows)
{
	(void)sqlite3_finalize(rows->statement); /* only read */
	rows->statement = NULL;
}

/* The version of the file; 0 if it cannot be read. */
static int64_t open_to_read(struct store *store, const char *name, bool *readable)
{
	int64_t version = 0;
	memset(store, 0, sizeof(*store));
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
	bool open = sqlite3_open_v2(name, &store->db, flags, NULL) == SQLITE_OK &&
	            sqlite3_busy_timeout(store->db, 2000) == SQLITE_OK;
	sqlite3_stmt *s = open ? prepare(store, "PRAGMA user_version") : NULL;
	*readable = s != NULL && sqlite3_step(s) == SQLITE_ROW;
	if (*readable)
		version = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s); /* only read */
	return version;
}

/* A path as SQLite wants it in a URI. */
static void uri_of(char *uri, size_t size, const char *path, const char *options)
{
	size_t used = (size_t)snprintf(uri, size, "file:"); /* fits */
	for (const char *c = path; *c != '\0' && used + 4 < size; c++)
		used += (size_t)snprintf(uri + used, size - used, strchr("%?#", *c) == NULL ? "%c" : "%%%02x", *c);
	(void)snprintf(uri + used, size - used, "%s", options); /* a path that is cut is not found */
}

bool store_open_to_read(struct store *store, const char *path)
{
	char uri[4 * PATH_BYTES], log[PATH_BYTES + 8];
	bool readable;
	uri_of(uri, sizeof(uri), path, "");
	int64_t version = open_to_read(store, uri, &readable);
	(void)snprintf(log, sizeof(log), "%s-wal", path); /* a path that is cut is not found */
	if (!readable && access(log, F_OK) != 0) {
		/* Nobody has it open, and who only reads cannot make the files that SQLite wants beside it. */
		store_close(store);
		uri_of(uri, sizeof(uri), path, "?immutable=1");
		version = open_to_read(store, uri, &readable);
	}
	if (version == STORE_VERSION)
		return true;
	(void)snprintf(store->why, sizeof(store->why), "%s",
	               !readable ? sqlite3_errmsg(store->db) : "no record of version 2"); /* cut is fine */
	store_close(store);
	return false;
}
