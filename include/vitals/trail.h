/* The audit trail, verified: a record's chain of hashes, copies of its rows in logs, and both against each other. In
 * daemon/record/trail.c; used by vitalsctl and tests. Reads only, row by row, in constant memory; one thread. */
#ifndef VITALS_TRAIL_H
#define VITALS_TRAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vitals/text.h"

#define TRAIL_FINDINGS_TOLD 20 /* the others are only counted */

struct trail_sum {
	uint64_t rows;     /* looked at */
	uint64_t findings; /* what cannot be if nobody and nothing has meddled; each is told */
	uint64_t untold;   /* rows whose copy was cut: their text cannot be computed again */
	uint64_t again;    /* rows that the monitor sent a second time, and said so */
	uint64_t others;   /* lines of other bedsides, not looked at */
	char bedside[NAME_BYTES], other_bedside[NAME_BYTES]; /* whose lines were; the first of the others */
	uint64_t behind;             /* rows of the record behind the last one that the log has */
	bool end_known;              /* the last row was compared with what is kept beside the record */
	int64_t first_seq, last_seq; /* 0: none */
	char last_hash[65];
};

/* Every row against its hash and the one before it. Writes a line for each finding to `out`. False after writing why to
 * `errors` if the file cannot be read as a record. */
bool trail_verify_store(const char *path, struct trail_sum *sum, FILE *out, FILE *errors);

/* The copies in a log (any that puts one message on a line; or JSON lines of journalctl), each against the one before
 * it and, unless `store_path` is NULL, against the row in the record. Those of `bedside`; if that is NULL, of the
 * record's, or else of the first line's. */
bool trail_verify_log(const char *path, const char *store_path, const char *bedside, struct trail_sum *sum, FILE *out,
                      FILE *errors);

/* What is told, in words; each NULL or "" : all. Times are nanoseconds since 1970, 0: open. */
struct trail_filter {
	const char *session, *person, *alarm;
	int64_t since_wall_ns, until_wall_ns;
};

bool trail_show(const char *path, const struct trail_filter *filter, FILE *out, FILE *errors);

#endif
