/* The record file: one SQLite table of chained rows, in WAL mode, synced at each commit. Owned by the recorder: opened
 * by recorder_start, then used by the recorder thread alone. In daemon/record/store.c. */
#ifndef DAEMON_RECORD_STORE_H
#define DAEMON_RECORD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/record/chain.h"
#include "vitals/record.h"
#include "vitals/text.h"

#define STORE_APPLICATION_ID 0x76697464 /* "vitd" */
#define STORE_VERSION        2
#define STORE_SCHEMA         "CREATE TABLE record(seq INTEGER PRIMARY KEY, wall_ns INTEGER NOT NULL"
#define STORE_WHY_BYTES      200

struct sqlite3;
struct sqlite3_stmt;

struct store {
	struct sqlite3 *db; /* NULL: not open */
	struct sqlite3_stmt *insert;
	int64_t seq;               /* of the last committed row; 0 if there is none */
	uint8_t hash[CHAIN_BYTES]; /* of that row */
	int64_t open_seq;          /* the same within an open transaction */
	uint8_t open_hash[CHAIN_BYTES];
	bool reopen;               /* after a failure: close and open before the next try */
	char why[STORE_WHY_BYTES]; /* of the last failure, in words */
};

enum store_opened {
	STORE_OPENED,
	STORE_DAMAGED, /* a record of ours that is broken or was tampered with: move it aside and start another */
	STORE_FOREIGN, /* belongs to another program or another version: not to be touched */
	STORE_REFUSED, /* cannot be written now: no such directory, no right, disk full, locked */
};

/* Opens or creates (0600) the file and verifies the end of the chain. Unless it returns STORE_OPENED the store is
 * closed and store->why says why. */
enum store_opened store_open(struct store *store, const char *path);
/* To look at it only, also while a monitor writes it. False with store->why. */
bool store_open_to_read(struct store *store, const char *path);
void store_close(struct store *store);

/* Moves the file with its write-ahead log to PATH.damaged-N. Writes the new name; false with store->why. */
bool store_set_aside(struct store *store, const char *path, char *aside, size_t size);

/* Was a session opened and not closed? Looks at no more than the last 10,000 rows of sessions; false if none of them
 * says so, or it cannot be told. */
bool store_session_open(struct store *store);

/* One transaction. After a false answer of any of the three nothing of it is in the file, the chain is where it was
 * before store_begin, and store->why says why. store_append fills row->seq. */
bool store_begin(struct store *store);
bool store_append(struct store *store, struct chain_row *row);
bool store_commit(struct store *store);

/* Committed rows behind row `seq`, in order, `most` at once, until `take` says false. How many it took. */
typedef bool (*store_row_fn)(void *context, const struct chain_row *row, const uint8_t hash[CHAIN_BYTES]);
uint32_t store_rows_after(struct store *store, int64_t seq, uint32_t most, store_row_fn take, void *context);

/* ---- events, sessions, runs (daemon/record/store_input.c): within store_begin .. store_commit ----------------------
 */

/* Runs a statement to its end, if all of its values were bound. False with store->why, and the transaction given up. */
bool store_finish(struct store *store, struct sqlite3_stmt *statement, bool bound);

/* What version 2 has beside `record`. */
extern const char store_input_sql[];

/* Everything up to event `number` is in the file. */
bool store_put_progress(struct store *store, uint64_t number);

/* Events `first` to `last`, one behind the other as event_encode wrote them. */
bool store_put_input(struct store *store, uint64_t first, uint64_t last, const void *bytes, size_t size);

bool store_put_run(struct store *store, const struct record_run *run);
/* The devices and displays of a configuration, as far as the engine knows them. */
bool store_put_bedside(struct store *store, const char *config_hash_hex, const struct engine_config *config);
bool store_put_file(struct store *store, const char *hash_hex, const char *path, const char *text, size_t size);

/* One second of a session, for people who plot: values as they were shown. */
struct store_trend {
	int64_t wall_s;
	parameter_set known, doubtful; /* which have a value, and which of these are doubtful */
	int32_t milli[PARAMETER_COUNT];
};

/* Makes the table, or gives it the columns that this version knows and the file does not yet. */
bool store_make_trend(struct store *store);
bool store_put_trend(struct store *store, uint64_t opened, const struct store_trend *trend);

/* A closed session whose events are still here and that was closed before `wall_ns`: its id and how many rows of events
 * and values it has. 0 if there is none, else the number of the event that opened it. */
uint64_t store_old_session(struct store *store, int64_t wall_ns, char id[NAME_BYTES], int64_t *rows);
/* Within a transaction: removes its events, values and the engine before it. The session itself stays. */
bool store_remove_events(struct store *store, uint64_t opened);

struct store_session {
	uint64_t opened; /* number of the event */
	int64_t wall_ns;
	char id[NAME_BYTES], patient_ref[NAME_BYTES], plan_hash_hex[65], core[40];
	uint64_t closed;             /* number of the event; 0: it is open */
	const void *engine, *prefix; /* the engine before it, as this build has it in memory; the same as events */
	size_t engine_bytes, prefix_bytes;
};

bool store_put_session(struct store *store, const struct store_session *session);
bool store_end_session(struct store *store, uint64_t number, int64_t wall_ns);

/* ---- the same, to be read; at any time -----------------------------------------------------------------------------
 */

/* 0: nothing yet, or it cannot be read. */
uint64_t store_progress(struct store *store);

/* The session that was opened last and not closed: `opened`, `id` and `plan_hash_hex` are filled. False if there is
 * none. */
bool store_open_session(struct store *store, struct store_session *session);

/* The one with this id, or the newest for "". All but the engine and the prefix. */
bool store_find_session(struct store *store, const char *id, struct store_session *session);

/* Walks through the rows of `record` from the one that says that session `id` was opened. */
struct store_rows {
	struct sqlite3_stmt *statement;
};
void store_rows_start(struct store *store, struct store_rows *rows, const char *id);
bool store_rows_next(struct store_rows *rows, int64_t *seq, const char **kind, const char **text);
void store_rows_done(struct store_rows *rows);

/* The run that event `number` belongs to. */
bool store_run_of(struct store *store, uint64_t number, struct record_run *run);
/* The first event of the run after the one that begins with `first`; UINT64_MAX if there is none. */
uint64_t store_run_end(struct store *store, uint64_t first);

/* Does row `seq` have this hash? */
bool store_has_row(struct store *store, int64_t seq, const uint8_t hash[CHAIN_BYTES]);

/* Walks through the rows of events from `first` on. Returns false at the end; `bytes` are valid until the next call.
 * store_input_done ends it; its answer is false if something could not be read. */
struct store_input {
	struct sqlite3_stmt *statement;
	uint64_t first, last;
	const uint8_t *bytes;
	size_t size;
	bool good;
};
void store_input_start(struct store *store, struct store_input *input, uint64_t first);
bool store_input_next(struct store_input *input);
bool store_input_done(struct store_input *input);

/* A copy for the caller to free; NULL if it is not there. `what`: "prefix" or "engine" of a session. */
bool store_bedside(struct store *store, const char *config_hash_hex, struct engine_config *config);
void *store_session_blob(struct store *store, uint64_t opened, const char *what, size_t *size);
/* And the last part of its path. */
char *store_file_text(struct store *store, const char *hash_hex, char *name, size_t size);

#endif
