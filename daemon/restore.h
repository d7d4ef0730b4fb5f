/* Taking up what the last run left: the engine out of the black box, or stepped through the recorded events of the
 * session that is open. Main thread, before anything is published. In daemon/restore.c. */
#ifndef DAEMON_RESTORE_H
#define DAEMON_RESTORE_H

#include <stdbool.h>

#include "daemon/loop.h"

/* The plan that the open session runs with, if it is not the file's any more: its text is written to a file beside the
 * black box. Returns that path (static), or NULL: the file's plan is right, or the old one is not to be had (then the
 * session is lost). */
const char *restore_old_plan(struct recorder *recorder, const struct config *config);

/* Sets up loop->engine, loop->box and the recorder's beginning: everything is as if the monitor had only not been asked
 * for a while. Rows that the last run did not get into the record are written. False with errno set if there is no
 * memory. `plan_kept`: the engine runs with another plan than the file's. */
bool restore_engine(struct loop *loop, struct record_start *start, bool plan_kept);

#endif
