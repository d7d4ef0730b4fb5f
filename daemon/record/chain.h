/* The hash chain of the record. Pure. Called by the recorder thread (daemon/record/store.c).
 *
 * hash = SHA-256(hash of the row before, or 32 zero bytes | seq | wall_ns | severity | kind size | kind | text size |
 * text) where numbers are big-endian: seq and wall_ns 8 bytes (two's complement), severity 1, sizes 4. Sizes are part
 * of it so that no byte can move from one column to the next. */
#ifndef DAEMON_RECORD_CHAIN_H
#define DAEMON_RECORD_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#define CHAIN_BYTES 32

struct chain_row {
	int64_t seq, wall_ns;
	uint8_t severity;
	size_t kind_size, text_size;
	const char *kind, *text;
};

/* `hash` holds the hash of the row before and gets the one of `row`. */
void chain_extend(uint8_t hash[CHAIN_BYTES], const struct chain_row *row);

#endif
