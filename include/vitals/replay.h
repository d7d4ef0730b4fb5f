/* A recorded session, stepped through the engine again: from the record's file, on any computer, while the monitor may
 * be writing to it. In daemon/record/replay.c; used by vitalsctl and tests. One thread. */
#ifndef VITALS_REPLAY_H
#define VITALS_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vitals/engine.h"

struct replay_session {
	char id[NAME_BYTES], patient_ref[NAME_BYTES], plan_hash_hex[65];
	uint64_t opened, last; /* numbers of its first and last event */
	int64_t opened_wall_ns;
	bool closed;
	bool same_core; /* this program judges as the one that recorded it: the bytes must be the same */
};

struct replay;

/* The session called `session_id`, or the newest for "". NULL after writing why to `errors`. */
struct replay *replay_open(const char *store_path, const char *session_id, FILE *errors);
void replay_close(struct replay *replay);

const struct replay_session *replay_session(const struct replay *replay);

/* What the replay tells while it runs; each may be NULL. */
struct replay_told {
	void (*row)(void *context, const char *kind, const char *text); /* as the record would have it */
	void (*alarm)(void *context, const struct engine *engine, enum alarm_change change, const struct alarm *alarm);
	void *context;
};

/* Steps the session through. `plan` NULL: the one that it ran with. From the engine's own memory if that is possible
 * and `plan` is NULL, else from what was so before the session. False after writing why to `errors`: not all of it is
 * there. */
bool replay_run(struct replay *replay, const struct plan *plan, const struct replay_told *told, FILE *errors);

/* The next row of the session that the engine led to, from its opening on. False: there is no more. */
bool replay_recorded_row(struct replay *replay, int64_t *seq, const char **kind, const char **text);

/* One session ("": the newest) as a record of its own at `path`, which must not be there yet. False after writing why.
 */
bool replay_export(const char *store_path, const char *session_id, const char *path, FILE *errors);

/* The plan that it ran with. */
const struct plan *replay_plan(const struct replay *replay);

/* Where the engine stands after replay_run. */
const struct engine *replay_engine(const struct replay *replay);

#endif
