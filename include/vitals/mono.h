/* Monotonic time as a type of its own, so that it cannot be mixed with wall time or a plain count by accident.
 *
 * Unit: nanoseconds of CLOCK_MONOTONIC. Range: 0 .. INT64_MAX (292 years). The value MONO_NEVER sorts after every
 * other time and is used for "no deadline". Pure: nothing here reads a clock; `now` is always passed in.
 * Used by every room; included by the core. */
#ifndef VITALS_MONO_H
#define VITALS_MONO_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

struct mono {
	int64_t ns;
};

#define MONO_NEVER ((struct mono){INT64_MAX})

static inline bool mono_before(struct mono a, struct mono b)
{
	return a.ns < b.ns;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
	return mono_before(b, a) ? b : a;
}

/* a + ns, saturating at MONO_NEVER; ns >= 0. */
static inline struct mono mono_after(struct mono a, int64_t ns)
{
	return a.ns > INT64_MAX - ns ? MONO_NEVER : (struct mono){a.ns + ns};
}

/* later - earlier in nanoseconds; 0 if `later` is in fact the earlier one. */
static inline int64_t mono_since(struct mono later, struct mono earlier)
{
	return later.ns > earlier.ns ? later.ns - earlier.ns : 0;
}

#endif
