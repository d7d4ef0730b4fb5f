/* Beside the rows: which events, sessions and runs the recorder puts into the file, and when. Owned by the recorder and
 * used by its thread alone, but for keeper_note_*, which fill what the engine thread hands over under the recorder's
 * mutex. In daemon/record/keeper.c. */
#ifndef DAEMON_RECORD_KEEPER_H
#define DAEMON_RECORD_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/record/box.h"
#include "daemon/record/prefix.h"
#include "daemon/record/store.h"
#include "vitals/engine.h"

#define KEEPER_PIECE_BYTES 65536 /* of events: one row, unless a disk that was away makes it more */

#define KEEPER_TRENDS 16 /* seconds that wait to be written */

/* What the engine thread says of sessions: one that was closed, then one that was opened. */
struct keeper_note {
	uint64_t closed; /* number of the event; 0 = none was */
	int64_t closed_wall_ns;
	bool opened;
	struct store_session session;
	struct engine before;
	uint8_t prefix[PREFIX_BYTES];
};

struct keeper_trends {
	int count;
	struct store_trend list[KEEPER_TRENDS];
};

struct keeper {
	struct box *box;
	struct box_place place;
	struct record_run run;
	char *plan_text; /* or NULL */
	size_t plan_size;
	char plan_path[PATH_BYTES];
	char *config_text; /* or NULL */
	char config_path[PATH_BYTES];
	bool run_written;
	uint64_t recorded; /* number of the last event of which everything is in the file */
	bool in_session, session_written;
	struct keeper_note session; /* of the open one; its engine and prefix are kept while it lasts */
	struct mono wrote;          /* when events were written last */
	bool wrote_ever;
	uint8_t piece[KEEPER_PIECE_BYTES];
};

void keeper_note_opened(struct keeper_note *note, uint64_t number, const struct engine *before,
                        const struct engine *after);
void keeper_note_closed(struct keeper_note *note, uint64_t number, int64_t wall_ns);

/* `told`: when what was put down last was determined; all zero before the first. */
void keeper_note_trend(struct keeper_trends *trends, struct mono told[PARAMETER_COUNT], const struct engine *engine,
                       struct mono now, int64_t wall_ns);

/* Is there more to be written than rows? At the end (`all`) whatever there is, else events once a second. */
bool keeper_due(const struct keeper *keeper, const struct keeper_note *note, uint64_t mark, struct mono now, bool all);

/* Within a transaction: everything up to event `mark`. False with store->why. */
bool keeper_write(struct keeper *keeper, struct store *store, const struct keeper_note *note,
                  const struct keeper_trends *trends, uint64_t mark);

/* It is on disk, or there was nothing to be put there. */
void keeper_done(struct keeper *keeper, const struct keeper_note *note, uint64_t mark, bool wrote, struct mono now);

/* The file is another one now: what the open session and this run need is written again. */
void keeper_new_file(struct keeper *keeper);

#endif
