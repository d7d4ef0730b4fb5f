/* Monotonic time as a type of its own, so that it cannot be mixed with wall time or a plain count by accident.
 *
 * Unit: nanoseconds of CLOCK_MONOTONIC. The origin means nothing, and no number but MONO_NEVER is special: an instant
 * before the computer started is below 0, and all times may be moved by the same amount. MONO_NEVER sorts after every
 * other time and stands for whatever has not happened, is not wanted or has no deadline. Range of the others: +- 2^62
 * (146 years), so that a difference fits. Pure: nothing here reads a clock; `now` is always passed in.
 * Used by every room; included by the core. */
#ifndef VITALS_MONO_H
#define VITALS_MONO_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

struct mono {
	int64_t ns;
};

#define MONO_NEVER ((struct mono){INT64_MAX})

static inline bool mono_is_never(struct mono a)
{
	return a.ns == INT64_MAX;
}

static inline bool mono_before(struct mono a, struct mono b)
{
	return a.ns < b.ns;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
	return mono_before(b, a) ? b : a;
}

/* The later of two instants; MONO_NEVER if one of them is. */
static inline struct mono mono_later(struct mono a, struct mono b)
{
	return mono_before(a, b) ? b : a;
}

/* The last of two instants that has happened; MONO_NEVER only if neither has. */
static inline struct mono mono_last(struct mono a, struct mono b)
{
	if (mono_is_never(a) || mono_is_never(b))
		return mono_earlier(a, b);
	return mono_later(a, b);
}

/* Has `at` been reached? MONO_NEVER never is. */
static inline bool mono_reached(struct mono at, struct mono now)
{
	return !mono_is_never(at) && !mono_before(now, at);
}

/* Does `at` lie ahead? MONO_NEVER does not: what ends then is not there. */
static inline bool mono_ahead(struct mono at, struct mono now)
{
	return !mono_is_never(at) && mono_before(now, at);
}

/* a + ns, saturating at MONO_NEVER; ns >= 0, INT64_MAX for a span without end. */
static inline struct mono mono_after(struct mono a, int64_t ns)
{
	return ns == INT64_MAX || a.ns > INT64_MAX - ns ? MONO_NEVER : (struct mono){a.ns + ns};
}

/* later - earlier in nanoseconds; 0 if `later` is in fact the earlier one, or `earlier` never was. `later` is not
 * MONO_NEVER. */
static inline int64_t mono_since(struct mono later, struct mono earlier)
{
	return later.ns > earlier.ns ? later.ns - earlier.ns : 0;
}

#endif
