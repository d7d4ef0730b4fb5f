/* How often what a device says goes on to the engine. Most devices send once a second and notice nothing of this; some
 * send sixty times a second, and a broken one sends as fast as its line allows.
 *
 * A window begins with a frame that goes on, and lasts for half of the device's period, at most 50 ms. Within it a
 * frame may wait only if
 *   - it holds continuous values alone, of the same parameters, quality and reason as the last frame that went on, and
 *   - none of its values is below the lowest or above the highest that went on in this window.
 * Anything else goes on at once: a determination, a change of quality, every new extreme. Of the frames that wait the
 * last one goes on when the window ends, unless a newer one has by then. So a limit sees the lowest and the highest
 * value of every window at once, and the newest at its end; what is left out lies between values of the same window
 * that it saw, and cannot violate a limit that none of those violates. Of several parameters in one frame each is
 * looked at for itself. A delay of a rule may begin or end later by the length of a window. (A device that rises or
 * falls through more than 32 values before the engine has taken one overflows its share of the mailbox: the newest
 * counts then, and that is told.)
 *
 * Pure; one for each device, used by its link's thread alone. */
#ifndef VITALS_DAEMON_LINK_THIN_H
#define VITALS_DAEMON_LINK_THIN_H

#include "vitals/driver.h"

struct thin {
	bool open; /* a window: */
	struct mono until;
	struct decoded last;                                               /* that went on */
	int32_t low[EVENT_MEASUREMENTS_MAX], high[EVENT_MEASUREMENTS_MAX]; /* that went on in this window */
	bool waits;
	struct decoded held; /* if `waits` */
};

/* True if the frame is to go on now; what waited before is then out of date. False: it waits until thin->until. */
bool thin_pass(struct thin *thin, const struct decoded *decoded, int64_t period_ns, struct mono now);

/* When the frame that waits is due; MONO_NEVER if none does. */
struct mono thin_due(const struct thin *thin);

/* Takes the frame that waits if it is due at `now`; it begins a window. */
bool thin_take(struct thin *thin, int64_t period_ns, struct mono now, struct decoded *decoded);

/* Something else about the device goes on now: nothing waits for it any more, and its next frame goes on at once. */
void thin_forget(struct thin *thin);

/* A device that sends far more often than it should: for three seconds in a row more than a hundred frames in each, and
 * more than ten times what its period promises. It is over after ten seconds in a row without. */
struct pace {
	bool begun;
	struct mono second; /* its beginning */
	uint32_t frames;    /* in it */
	uint32_t over;      /* seconds in a row with too many */
	int64_t fine_ns;    /* without, in a row */
	bool babbles;
};

/* A whole frame came. */
void pace_count(struct pace *pace, int64_t period_ns, struct mono now);

#endif
