/* The record file: one SQLite table of chained rows, in WAL mode, synced at each commit. Owned by the recorder: opened
 * by recorder_start, then used by the recorder thread alone. In daemon/record/store.c. */
#ifndef DAEMON_RECORD_STORE_H
#define DAEMON_RECORD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/record/chain.h"

#define STORE_APPLICATION_ID 0x76697464 /* "vitd" */
#define STORE_VERSION        1
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

#endif
