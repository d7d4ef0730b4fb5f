/* The gate before the frames of formats that have no checksum: what a frame must show, beside its own form, before it
 * counts as a value of now. Pure. Included by daemon/driver only.
 *
 * Two things are asked. Is this the device at all? A frame that fits by accident is followed by one that does not, so
 * the first frames are kept back until `needed` of them came in a row, and one that does not fit begins it anew. And is
 * it now? Many devices print or play back their memory through the same line, in the same form: then lines come faster
 * than the device measures, and the clock that is printed in them is not the one of before. */
#ifndef VITALS_DAEMON_DRIVER_GATE_H
#define VITALS_DAEMON_DRIVER_GATE_H

#include "daemon/driver/frame.h"

#define GATE_NO_CLOCK INT64_C(-1)

struct gate_rule {
	uint8_t needed;    /* frames in a row before the first value; at most GATE_HELD_MAX + 1 */
	bool paced;        /* frames that come much faster than the device measures are not of now */
	bool alone;        /* nothing comes within half a period of a frame, and the next within three */
	int64_t period_ns; /* how often the device measures */
};

/* A frame that has the right form. `clock_s` is the device's own time in seconds from any beginning, GATE_NO_CLOCK if
 * the frame tells none; `now` when its last byte came. Tells it, with its age where that can be known, keeps it back,
 * or tells no values with REASON_PRINTING_MEMORY. */
void gate_take(struct stream *stream, const struct gate_rule *rule, const struct decoded *decoded, int64_t clock_s,
               struct mono now, struct sink sink);

/* Something came that is no frame. A device whose clock is known needs no new proof: its clock is one. */
void gate_bad(struct stream *stream);

/* The same of bytes that are no frame, which came at `now`: no frame stands alone shortly after them. */
void gate_noise(struct stream *stream, struct mono now);

/* The device says itself that what comes now is its memory, or is live. */
void gate_stored(struct stream *stream);
void gate_live(struct stream *stream);

/* The line was quiet for a period, and nothing more comes: what is kept back only because nothing followed is told. */
void gate_end(struct stream *stream, const struct gate_rule *rule, struct sink sink);

/* Seconds of a device's calendar: later is more, nothing else is promised. */
int64_t gate_clock(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute, int32_t second);

#endif
