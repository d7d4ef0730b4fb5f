/* Thinning of continuous values, and the pace of a device; see thin.h. Called by link threads. */
#include "daemon/link/thin.h"

#define WINDOW_MAX_NS  (50 * NS_PER_MS) /* staff must not see a delay */
#define BABBLE_FRAMES  100              /* a second: above every device that is meant so */
#define BABBLE_TIMES   10               /* what the period promises */
#define BABBLE_SECONDS 3
#define BABBLE_OVER_NS (10 * NS_PER_S)

static bool is_continuous(const struct measurement *m)
{
	return parameter_table[m->parameter].cadence == CADENCE_CONTINUOUS;
}

/* The same parameters, each with the same quality and reason, and none that is determined only once. */
static bool says_the_same_kind(const struct decoded *a, const struct decoded *b)
{
	if (a->count != b->count)
		return false;
	for (uint8_t i = 0; i < a->count; i++) {
		const struct measurement *one = &a->list[i], *other = &b->list[i];
		if (one->parameter != other->parameter || one->quality != other->quality ||
		    one->reason != other->reason || !is_continuous(one))
			return false;
	}
	return true;
}

static bool is_between(const struct thin *thin, const struct decoded *decoded)
{
	for (uint8_t i = 0; i < decoded->count; i++)
		if (decoded->list[i].milli < thin->low[i] || decoded->list[i].milli > thin->high[i])
			return false;
	return true;
}

bool thin_pass(struct thin *thin, const struct decoded *decoded, int64_t period_ns, struct mono now)
{
	bool in_window = thin->open && mono_before(now, thin->until) && says_the_same_kind(&thin->last, decoded);

	thin->waits = in_window && is_between(thin, decoded);
	if (thin->waits) {
		thin->held = *decoded;
		return false;
	}
	if (!in_window) {
		int64_t window = period_ns / 2 < WINDOW_MAX_NS ? period_ns / 2 : WINDOW_MAX_NS;
		thin->until = mono_after(now, window);
		thin->open = true;
	}
	for (uint8_t i = 0; i < decoded->count; i++) {
		int32_t milli = decoded->list[i].milli;
		thin->low[i] = in_window && thin->low[i] < milli ? thin->low[i] : milli;
		thin->high[i] = in_window && thin->high[i] > milli ? thin->high[i] : milli;
	}
	thin->last = *decoded;
	return true;
}

struct mono thin_due(const struct thin *thin)
{
	return thin->waits ? thin->until : MONO_NEVER;
}

bool thin_take(struct thin *thin, int64_t period_ns, struct mono now, struct decoded *decoded)
{
	if (!thin->waits || mono_before(now, thin->until))
		return false;
	*decoded = thin->held;
	return thin_pass(thin, decoded, period_ns, now);
}

void thin_forget(struct thin *thin)
{
	thin->waits = false;
	thin->open = false;
}

static bool too_many(uint32_t frames, int64_t length_ns, int64_t period_ns)
{
	return frames > BABBLE_FRAMES * (length_ns / NS_PER_S) && frames > BABBLE_TIMES * (length_ns / period_ns);
}

/* `length_ns` is at least a second; more if no frame came for a while. */
static void end_second(struct pace *pace, int64_t period_ns, int64_t length_ns)
{
	if (too_many(pace->frames, length_ns, period_ns)) {
		pace->fine_ns = 0;
		pace->over++;
		pace->babbles = pace->babbles || pace->over == BABBLE_SECONDS;
	} else {
		pace->over = 0;
		pace->fine_ns += length_ns;
		pace->babbles = pace->babbles && pace->fine_ns < BABBLE_OVER_NS;
	}
}

void pace_count(struct pace *pace, int64_t period_ns, struct mono now)
{
	int64_t length = mono_since(now, pace->second);

	if (!pace->begun || length >= NS_PER_S) {
		if (pace->begun)
			end_second(pace, period_ns, length);
		pace->begun = true;
		pace->second = now;
		pace->frames = 0;
	}
	pace->frames++;
}
