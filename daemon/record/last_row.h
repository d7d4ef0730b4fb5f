/* The end of the record, kept in a small file beside it: its last row, that row's hash, and which session is open. So
 * that a record that was shortened, replaced or has lost its write-ahead log never looks like a quiet beginning. Two
 * places are written in turn, each with a checksum. Recorder thread; read by the main thread at the start. In
 * daemon/record/last_row.c. */
#ifndef DAEMON_RECORD_LAST_ROW_H
#define DAEMON_RECORD_LAST_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/record/chain.h"
#include "vitals/text.h"

#define LAST_ROW_SUFFIX ".last"

struct last_row {
	uint64_t turn;     /* of writing; the higher one counts */
	int64_t seq;       /* 0: none */
	int64_t forwarded; /* the last one that syslog has taken */
	uint8_t hash[CHAIN_BYTES];
	char session_id[NAME_BYTES]; /* "" if none is open */
};

/* False if there is none, or neither place is whole. */
bool last_row_read(const char *record_path, struct last_row *last);

/* Writes the next turn; `sync`: and waits for the disk. False with errno set. */
bool last_row_write(const char *record_path, struct last_row *last, bool sync);

#endif
