/* The record file on SQLite; see store.h. Recorder thread, after recorder_start. */
#include "daemon/record/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vitals/record.h"

#define BUSY_TIMEOUT_MS  500 /* somebody else writes: an error, well before the recorder counts as stuck */
#define VERIFY_ROWS      256 /* of the end of the chain, at each start */
#define ASIDE_MAX        999
#define ASIDE_PATH_BYTES 512

static const char create_sql[] =
    "BEGIN IMMEDIATE;" STORE_SCHEMA ", severity INTEGER NOT NULL,"
    " kind TEXT NOT NULL, text TEXT NOT NULL, hash BLOB NOT NULL);"
    "PRAGMA application_id = 1986622564;" /* STORE_APPLICATION_ID: pragmas take no parameters */
    "COMMIT;";
_Static_assert(STORE_APPLICATION_ID == 1986622564, "as in create_sql");

/* What the start asks for must not take longer with each year of the record. Records of before get it once. */
static const char index_sql[] = "CREATE INDEX IF NOT EXISTS record_sessions ON record(seq) WHERE kind = 'session'";

static const char insert_sql[] =
    "INSERT INTO record(seq, wall_ns, severity, kind, text, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6)";

static const char tail_sql[] =
    "SELECT seq, wall_ns, severity, kind, text, hash FROM"
    " (SELECT seq, wall_ns, severity, kind, text, hash FROM record ORDER BY seq DESC LIMIT ?1) ORDER BY seq";

static const char after_sql[] =
    "SELECT seq, wall_ns, severity, kind, text, hash FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2";

static void say(struct store *store, const char *what, const char *detail)
{
	(void)snprintf(store->why, sizeof(store->why), "%s: %s", what, detail); /* cut is fine */
}

static void say_sqlite(struct store *store, const char *what)
{
	say(store, what, store->db == NULL ? "out of memory" : sqlite3_errmsg(store->db));
}

/* After a failed SQLite call while opening: is the file broken, or is something in the way? */
static enum store_opened judge(struct store *store, const char *what)
{
	int code = store->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(store->db);
	say_sqlite(store, what);
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ? STORE_DAMAGED : STORE_REFUSED;
}

/* A file that is there already. SQLite would call one of another program damaged, and it would be moved aside. Nothing
 * is open yet, so closing drops no lock of SQLite's. */
static enum store_opened look_at(struct store *store, const char *path)
{
	uint8_t head[RECORD_HEAD_BYTES];
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = errno;
	if (fd < 0) {
		say(store, "cannot be read", strerror(error));
		return STORE_REFUSED;
	}
	bool plain = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	ssize_t count = plain ? read(fd, head, sizeof(head)) : -1;
	(void)close(fd); /* only read from */
	if (!plain) {
		say(store, "not a regular file", path);
		return STORE_REFUSED;
	}
	if (count < 0 || record_is_ours(head, (size_t)count))
		return STORE_OPENED; /* what cannot be read is SQLite's to judge */
	say(store, "not a record of vitalsd", "it is left alone; move it away, or give another path");
	return STORE_FOREIGN;
}

/* The file is made by us and not by SQLite, so that its mode depends on no umask; log and index inherit it. */
static enum store_opened create_file(struct store *store, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error = errno;
	if (fd >= 0)
		return close(fd) == 0 ? STORE_OPENED : STORE_REFUSED;
	if (error == EEXIST)
		return look_at(store, path);
	say(store, "cannot be created", strerror(error));
	return STORE_REFUSED;
}

/* First column of the first row of a pragma or query; false if it fails. */
static bool query_number(struct store *store, const char *sql, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	          sqlite3_step(statement) == SQLITE_ROW;
	if (ok)
		*number = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement); /* repeats the error of step */
	return ok;
}

static enum store_opened set_wal(struct store *store)
{
	sqlite3_stmt *statement = NULL;
	enum store_opened opened = STORE_OPENED;
	if (sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW) {
		opened = judge(store, "write-ahead log");
	} else {
		const char *mode = (const char *)sqlite3_column_text(statement, 0);
		if (mode == NULL || strcmp(mode, "wal") != 0) {
			say(store, "write-ahead log", "the file system does not support it");
			opened = STORE_REFUSED;
		}
	}
	(void)sqlite3_finalize(statement); /* repeats the error of step */
	if (opened == STORE_OPENED &&
	    sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK)
		opened = judge(store, "synchronous");
	return opened;
}

/* Ours, another program's, or new? */
static enum store_opened identify(struct store *store)
{
	int64_t application = 0, version = 0, tables = 0;
	if (!query_number(store, "PRAGMA application_id", &application) ||
	    !query_number(store, "PRAGMA user_version", &version) ||
	    !query_number(store, "SELECT count(*) FROM sqlite_master", &tables))
		return judge(store, "cannot be read");
	bool is_new = application == 0 && version == 0 && tables == 0;
	if (!is_new && application != STORE_APPLICATION_ID) {
		say(store, "not a record of vitalsd", "it belongs to another program");
		return STORE_FOREIGN;
	}
	if (version > STORE_VERSION) {
		say(store, "a later version of the record", "this vitalsd writes version 2");
		return STORE_FOREIGN;
	}
	enum store_opened opened = set_wal(store);
	if (opened != STORE_OPENED)
		return opened;
	if (is_new && sqlite3_exec(store->db, create_sql, NULL, NULL, NULL) != SQLITE_OK) {
		opened = judge(store, "cannot be set up");
		return opened == STORE_DAMAGED ? STORE_REFUSED : opened; /* nothing is lost with an empty file */
	}
	if (version < STORE_VERSION && sqlite3_exec(store->db, store_input_sql, NULL, NULL, NULL) != SQLITE_OK)
		return judge(store, "cannot be brought to version 2");
	if (!store_make_trend(store))
		return judge(store, "cannot be used");
	/* A copy of the file alone, without its log, has the tables at least. What is in use by a reader stays in the
	 * log. */
	(void)sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return STORE_OPENED;
}

/* The columns of tail_sql and after_sql. NULL if they are no row of ours, else its hash. */
static const uint8_t *columns(sqlite3_stmt *statement, struct chain_row *row)
{
	int64_t severity = sqlite3_column_int64(statement, 2);
	row->seq = sqlite3_column_int64(statement, 0);
	row->wall_ns = sqlite3_column_int64(statement, 1);
	row->severity = (uint8_t)severity;
	row->kind = (const char *)sqlite3_column_text(statement, 3);
	row->text = (const char *)sqlite3_column_text(statement, 4);
	row->kind_size = (size_t)sqlite3_column_bytes(statement, 3);
	row->text_size = (size_t)sqlite3_column_bytes(statement, 4);
	const uint8_t *hash = sqlite3_column_blob(statement, 5);
	bool whole = severity >= 0 && severity <= UINT8_MAX && row->kind != NULL && row->text != NULL && hash != NULL &&
	             sqlite3_column_bytes(statement, 5) == CHAIN_BYTES;
	return whole ? hash : NULL;
}

/* One row of the tail against the one before it. The first row of a long record is taken as it is. */
static bool tail_row(struct store *store, sqlite3_stmt *statement, bool first)
{
	struct chain_row row;
	const uint8_t *hash = columns(statement, &row);
	if (hash == NULL)
		return false;
	if (!first || row.seq == 1) {
		if (row.seq != store->seq + 1)
			return false;
		chain_extend(store->hash, &row);
		store->seq = row.seq;
		return memcmp(store->hash, hash, CHAIN_BYTES) == 0;
	}
	store->seq = row.seq;
	memcpy(store->hash, hash, CHAIN_BYTES);
	return true;
}

static enum store_opened verify_tail(struct store *store)
{
	sqlite3_stmt *statement = NULL;
	enum store_opened opened = STORE_OPENED;
	int rows = 0, code = SQLITE_ERROR;
	store->seq = 0;
	memset(store->hash, 0, sizeof(store->hash));
	if (sqlite3_prepare_v2(store->db, tail_sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_int(statement, 1, VERIFY_ROWS) != SQLITE_OK)
		opened = judge(store, "cannot be read");
	while (opened == STORE_OPENED && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (!tail_row(store, statement, rows == 0)) {
			say(store, "the chain of hashes is broken", "the end of the record was damaged or changed");
			opened = STORE_DAMAGED;
		}
		rows++;
	}
	if (opened == STORE_OPENED && code != SQLITE_DONE)
		opened = judge(store, "cannot be read");
	if (opened == STORE_OPENED && rows == 1 && store->seq != 1) {
		say(store, "the chain of hashes is broken", "rows are missing");
		opened = STORE_DAMAGED;
	}
	(void)sqlite3_finalize(statement); /* repeats the error of step */
	return opened;
}

static enum store_opened open_db(struct store *store, const char *path)
{
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS) != SQLITE_OK)
		return judge(store, "cannot be opened");
	if (sqlite3_db_readonly(store->db, "main") != 0) {
		say(store, "cannot be written", "read-only file or file system");
		return STORE_REFUSED;
	}
	enum store_opened opened = identify(store);
	if (opened == STORE_OPENED)
		opened = verify_tail(store);
	if (opened == STORE_OPENED && sqlite3_exec(store->db, index_sql, NULL, NULL, NULL) != SQLITE_OK)
		opened = judge(store, "cannot be used");
	if (opened == STORE_OPENED &&
	    sqlite3_prepare_v3(store->db, insert_sql, -1, SQLITE_PREPARE_PERSISTENT, &store->insert, NULL) != SQLITE_OK)
		opened = judge(store, "cannot be used");
	return opened;
}

enum store_opened store_open(struct store *store, const char *path)
{
	memset(store, 0, sizeof(*store));
	enum store_opened opened = create_file(store, path);
	if (opened == STORE_OPENED)
		opened = open_db(store, path);
	if (opened != STORE_OPENED)
		store_close(store);
	return opened;
}

/* The last connection to close also moves the write-ahead log into the file. */
void store_close(struct store *store)
{
	(void)sqlite3_finalize(store->insert); /* repeats the error of the last insert */
	(void)sqlite3_close(store->db);        /* SQLITE_BUSY only with statements left, and there are none */
	store->insert = NULL;
	store->db = NULL;
}

static bool move_part(struct store *store, const char *path, const char *aside, const char *suffix, bool must_exist)
{
	char from[ASIDE_PATH_BYTES], to[ASIDE_PATH_BYTES];
	int from_size = snprintf(from, sizeof(from), "%s%s", path, suffix);
	int to_size = snprintf(to, sizeof(to), "%s%s", aside, suffix);
	if (from_size < 0 || (size_t)from_size >= sizeof(from) || to_size < 0 || (size_t)to_size >= sizeof(to)) {
		say(store, "cannot be moved aside", "the path is too long");
		return false;
	}
	if (rename(from, to) == 0)
		return true;
	int error = errno;
	if (error == ENOENT && !must_exist)
		return true;
	say(store, "cannot be moved aside", strerror(error));
	return false;
}

bool store_set_aside(struct store *store, const char *path, char *aside, size_t size)
{
	struct stat status;
	for (int n = 1; n <= ASIDE_MAX; n++) {
		int length = snprintf(aside, size, "%s.damaged-%d", path, n);
		if (length < 0 || (size_t)length >= size)
			break;
		if (lstat(aside, &status) == 0)
			continue;
		/* The log first: a main file without its log is still a record, a log alone is nothing. */
		return move_part(store, path, aside, "-wal", false) && move_part(store, path, aside, "-shm", false) &&
		       move_part(store, path, aside, "", true);
	}
	say(store, "cannot be moved aside", "too many damaged records are kept already");
	return false;
}

bool store_session_open(struct store *store)
{
	/* The texts are escaped: no value can look like another pair. */
	static const char sql[] = "SELECT text LIKE '%change=\"opened\"%' FROM"
	                          " (SELECT seq, text FROM record INDEXED BY record_sessions WHERE kind = 'session'"
	                          "  ORDER BY seq DESC LIMIT 10000)"
	                          " WHERE text LIKE '%change=\"opened\"%' OR text LIKE '%change=\"closed\"%'"
	                          " ORDER BY seq DESC LIMIT 1";
	int64_t opened = 0;
	return query_number(store, sql, &opened) && opened != 0;
}

/* Ends a failed transaction. A connection that lost its file or had an I/O error is opened anew before the next try; a
 * lock or a full disk passes by itself. */
static bool give_up(struct store *store, const char *what)
{
	int code = sqlite3_errcode(store->db);
	say_sqlite(store, what);
	store->reopen = code != SQLITE_BUSY && code != SQLITE_FULL;
	(void)sqlite3_reset(store->insert); /* repeats the error of the insert */
	if (sqlite3_get_autocommit(store->db) == 0 &&
	    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		store->reopen = true;
	return false;
}

bool store_begin(struct store *store)
{
	int moved = 0;
	/* Rows written to a file that no longer has a name would be lost without anybody noticing. */
	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0) {
		say(store, "the file was moved or removed", "a new one is begun");
		store->reopen = true;
		return false;
	}
	store->open_seq = store->seq;
	memcpy(store->open_hash, store->hash, CHAIN_BYTES);
	if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return give_up(store, "cannot be written");
	return true;
}

bool store_append(struct store *store, struct chain_row *row)
{
	sqlite3_stmt *insert = store->insert;
	row->seq = store->open_seq + 1;
	chain_extend(store->open_hash, row);
	store->open_seq = row->seq;
	if (sqlite3_bind_int64(insert, 1, row->seq) != SQLITE_OK ||
	    sqlite3_bind_int64(insert, 2, row->wall_ns) != SQLITE_OK ||
	    sqlite3_bind_int(insert, 3, row->severity) != SQLITE_OK ||
	    sqlite3_bind_text(insert, 4, row->kind, (int)row->kind_size, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(insert, 5, row->text, (int)row->text_size, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_blob(insert, 6, store->open_hash, CHAIN_BYTES, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
		return give_up(store, "cannot be written");
	return true;
}

bool store_commit(struct store *store)
{
	if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return give_up(store, "cannot be written");
	store->seq = store->open_seq;
	memcpy(store->hash, store->open_hash, CHAIN_BYTES);
	return true;
}

uint32_t store_rows_after(struct store *store, int64_t seq, uint32_t most, store_row_fn take, void *context)
{
	sqlite3_stmt *s = NULL;
	uint32_t taken = 0;
	bool more = sqlite3_prepare_v2(store->db, after_sql, -1, &s, NULL) == SQLITE_OK &&
	            sqlite3_bind_int64(s, 1, seq) == SQLITE_OK && sqlite3_bind_int64(s, 2, most) == SQLITE_OK;
	while (more && sqlite3_step(s) == SQLITE_ROW) {
		struct chain_row row;
		const uint8_t *hash = columns(s, &row);
		more = hash != NULL && take(context, &row, hash);
		if (more)
			taken++;
	}
	(void)sqlite3_finalize(s); /* what cannot be read shows when it is written to */
	return taken;
}
