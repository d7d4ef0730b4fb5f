/* What drivers share: scanning of text fields, throwing away of bytes that are no frame, and the telling of a cuff
 * determination. Pure. Included by daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_FRAME_H
#define VITALS_DAEMON_DRIVER_FRAME_H

#include "vitals/driver.h"

typedef void emit_function(void *context, const struct decoded *decoded);

/* Where decoded frames go. */
struct sink {
	emit_function *emit;
	void *context;
};

/* A piece of a frame; never outlives the stream buffer. */
struct text {
	const uint8_t *at;
	size_t count;
};

bool text_is_digit(uint8_t byte);
bool text_is_capital(uint8_t byte);

/* Compares with a picture: '0' stands for any digit, 'A' for any capital, anything else for itself. */
bool text_looks_like(struct text text, const char *picture);
bool text_is(struct text text, const char *other);
bool text_begins(struct text text, const char *front);

/* The digits of a text, base 10 whatever they begin with; anything else is skipped. At most 9 digits. */
int32_t text_number(struct text text);

/* One to `max_digits` digits and nothing else. False if it is anything else. */
bool text_read_number(struct text text, size_t max_digits, int32_t *number);

/* Takes what stands before the first `separator` off the front of `rest`, and the separator with it; all of it if there
 * is none. */
struct text text_take(struct text *rest, uint8_t separator);

/* The first `count` bytes were a whole and right frame; takes them off the front. */
void stream_good(struct stream *stream, size_t count);

/* Throws `count` bytes away from the front. The first ones after a good frame count as a bad frame, and so does every
 * `frame_bytes` of a stream in which no frame can be found at all. */
void stream_drop(struct stream *stream, size_t count, size_t frame_bytes);

/* Adds a byte that came at `now`; there must be room. */
void stream_add(struct stream *stream, uint8_t byte, struct mono now);

/* Half a frame that is older than `age_ns` is never completed with bytes that come later. */
void stream_drop_old(struct stream *stream, struct mono now, int64_t age_ns, size_t frame_bytes);

/* Gives each line of a text protocol, without CR LF, to `take`, which emits what it says and is false if it is none of
 * the device's. Empty lines are skipped. What came before the first line end is thrown away; an older half of a line,
 * which takes less than `age_ns` to send, and what goes on without end too. `usual` is the length of a line; only for
 * counting what is lost. */
void stream_lines(struct stream *stream, struct text bytes, struct mono now, int64_t age_ns, size_t usual,
                  bool (*take)(struct text line, struct mono began, struct sink sink), struct sink sink);

struct measurement measured(enum parameter parameter, int32_t value, struct mono determined);
struct measurement not_measured(enum parameter parameter, enum reason reason, struct mono determined);

#define CUFF_PARAMETERS                                                                                                \
	(PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA) | PARAMETER_BIT(PARAMETER_NIBP_MEAN) |  \
	 PARAMETER_BIT(PARAMETER_NIBP_PULSE))

/* One determination, in mmHg and /min; -1 = missing. */
struct cuff_result {
	int32_t sys, dia, mean, pulse;
};

/* A determination, as a frame of its own. */
void cuff_tell(const struct cuff_result *result, struct mono determined, struct sink sink);

/* A valid frame of a commanded cuff that brought no result: tells the failure that is still to be told, or only that
 * the device is there. */
void cuff_alive(struct stream *stream, struct sink sink);

/* The determination, if one is on, is over, without a result for this reason; REASON_NONE: with one. */
void cuff_end(struct dialogue *dialogue, enum reason failed);

/* What we started cannot be over yet: no cuff goes up and down so fast. */
bool cuff_too_short(const struct dialogue *dialogue, struct mono now);

/* At least `age_ns` have passed since `past`, or there was no such time. */
bool time_passed(struct mono now, struct mono past, int64_t age_ns);

#endif
