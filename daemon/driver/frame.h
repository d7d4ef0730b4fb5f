/* Frames in a stream of bytes: finding them, throwing away what is none, and giving them on. Pure. Included by
 * daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_FRAME_H
#define VITALS_DAEMON_DRIVER_FRAME_H

#include "daemon/driver/text_field.h"
#include "vitals/driver.h"

typedef void emit_function(void *context, const struct decoded *decoded);

/* Where decoded frames go. */
struct sink {
	emit_function *emit;
	void *context;
};

/* The first `count` bytes were a whole and right frame; takes them off the front. */
void stream_good(struct stream *stream, size_t count);

/* Throws `count` bytes away from the front. The first ones after a good frame count as a bad frame, and so does every
 * `frame_bytes` of a stream in which no frame can be found at all. */
void stream_drop(struct stream *stream, size_t count, size_t frame_bytes);

/* Adds a byte that came at `now`; there must be room. */
void stream_add(struct stream *stream, uint8_t byte, struct mono now);

/* Half a frame that is older than `age_ns` is never completed with bytes that come later. */
void stream_drop_old(struct stream *stream, struct mono now, int64_t age_ns, size_t frame_bytes);

struct measurement measured(enum parameter parameter, int32_t value, struct mono determined);
struct measurement not_measured(enum parameter parameter, enum reason reason, struct mono determined);

/* At least `age_ns` have passed since `past`, or there was no such time. */
bool time_passed(struct mono now, struct mono past, int64_t age_ns);

#endif
