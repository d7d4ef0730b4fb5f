/* Readings on their way to the displays: gathered and sent together, at most one message in GATHER_NS, so that no
 * device can flood the displays. What must not wait does not: the first value after a quiet time, a determination
 * (cuff, score), and everything that is gathered when an alarm is announced, so that a display has the value beside its
 * alarm.
 *
 * Pure. Used by daemon/perform.c on the engine thread. */
#ifndef DAEMON_GATHER_H
#define DAEMON_GATHER_H

#include "vitals/mono.h"
#include "vitals/parameter.h"

#define GATHER_NS (50 * NS_PER_MS)

struct gather {
	parameter_set waiting;
	bool urgent;
	bool sent; /* a message, last `at`: */
	struct mono at;
};

/* These have a new value or quality. */
void gather_add(struct gather *gather, parameter_set readings);

/* An alarm was announced. */
void gather_hurry(struct gather *gather);

/* When gather_take will give something; MONO_NEVER if nothing waits. */
struct mono gather_due(const struct gather *gather);

/* At the end of a turn: what is to be sent at `now`; 0 if nothing is. */
parameter_set gather_take(struct gather *gather, struct mono now);

#endif
