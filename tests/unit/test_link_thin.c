/* Thinning of continuous values: what may be left out, what never, and that no limit can miss a value by it. And when a
 * device counts as one that sends far too often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/link/thin.h"

#define MS NS_PER_MS
#define S  NS_PER_S

static struct decoded two(int32_t spo2, int32_t pulse)
{
	return (struct decoded){.count = 2,
	                        .list = {{.parameter = PARAMETER_SPO2, .quality = QUALITY_VALID, .milli = spo2},
	                                 {.parameter = PARAMETER_PULSE, .quality = QUALITY_VALID, .milli = pulse}}};
}

static bool pass(struct thin *thin, struct decoded decoded, int64_t at_ns)
{
	return thin_pass(thin, &decoded, S, (struct mono){at_ns});
}

/* What comes as often as it should is never held back, however the computer dawdles. */
static void test_device_of_good_manners(void **state)
{
	(void)state;
	static const int64_t periods[] = {17 * MS, 100 * MS, S};
	struct decoded same = two(97000, 60000);

	for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
		struct thin thin = {0};
		for (int64_t n = 0; n < 100; n++) {
			int64_t late = n % 2 * periods[i] / 3;
			assert_true(thin_pass(&thin, &same, periods[i], (struct mono){n * periods[i] + late}));
		}
	}
}

/* A single violating sample between normal ones reaches the engine at once, in both directions and for each value. */
static void test_single_extreme(void **state)
{
	(void)state;
	static const int32_t odd[][2] = {{84000, 60000}, {99000, 60000}, {97000, 39000}, {97000, 180000}};

	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		struct thin thin = {0};
		assert_true(pass(&thin, two(97000, 60000), 0));
		assert_false(pass(&thin, two(97000, 60000), 1 * MS));
		assert_true(pass(&thin, two(odd[i][0], odd[i][1]), 2 * MS));
		assert_false(pass(&thin, two(97000, 60000), 3 * MS));
		assert_false(pass(&thin, two(odd[i][0], odd[i][1]), 4 * MS)); /* was seen in this window */
		assert_true(pass(&thin, two(odd[i][0], odd[i][1]), 50 * MS));
	}
}

static void test_never_thinned(void **state)
{
	(void)state;
	struct thin thin = {0};
	struct decoded frame = two(97000, 60000), cuff = {.count = 1};

	assert_true(pass(&thin, frame, 0));
	assert_false(pass(&thin, frame, 1 * MS));
	/* A change of quality or reason, forth and back. */
	frame.list[1].quality = QUALITY_QUESTIONABLE;
	frame.list[1].reason = REASON_INTERFERENCE;
	assert_true(pass(&thin, frame, 2 * MS));
	frame.list[1].reason = REASON_LOW_SIGNAL;
	assert_true(pass(&thin, frame, 3 * MS));
	assert_true(pass(&thin, two(97000, 60000), 4 * MS));
	/* Other parameters, none at all. */
	frame.count = 1;
	assert_true(pass(&thin, frame, 5 * MS));
	frame.count = 0;
	assert_true(pass(&thin, frame, 6 * MS));
	assert_false(pass(&thin, frame, 7 * MS)); /* alive, as said before */
	/* Determinations and scores, though they be equal. */
	cuff.list[0] = (struct measurement){.parameter = PARAMETER_NIBP_SYS, .quality = QUALITY_VALID, .milli = 120000};
	assert_true(pass(&thin, cuff, 8 * MS));
	assert_true(pass(&thin, cuff, 8 * MS));
	cuff.list[0].parameter = PARAMETER_MOAAS;
	assert_true(pass(&thin, cuff, 9 * MS));
	assert_true(pass(&thin, cuff, 9 * MS));
	/* After a change of the connection the next one goes on. */
	assert_true(pass(&thin, two(97000, 60000), 10 * MS));
	assert_false(pass(&thin, two(97000, 60000), 11 * MS));
	thin_forget(&thin);
	assert_int_equal(thin_due(&thin).ns, MONO_NEVER.ns);
	assert_true(pass(&thin, two(97000, 60000), 12 * MS));
}

/* The newest value comes at the end of the window though nothing follows it, as old as it is. */
static void test_the_last_one_is_kept(void **state)
{
	(void)state;
	struct thin thin = {0};
	struct decoded taken, held = two(96000, 60000);

	held.list[0].determined = held.list[1].determined = (struct mono){7 * MS};
	assert_true(pass(&thin, two(97000, 60000), 0));
	assert_true(pass(&thin, two(95000, 60000), 1 * MS));
	assert_int_equal(thin_due(&thin).ns, MONO_NEVER.ns);
	assert_false(pass(&thin, two(95000, 60000), 2 * MS));
	assert_false(pass(&thin, held, 7 * MS));
	assert_int_equal(thin_due(&thin).ns, 50 * MS);
	assert_false(thin_take(&thin, S, (struct mono){49 * MS}, &taken));
	assert_true(thin_take(&thin, S, (struct mono){50 * MS}, &taken));
	assert_int_equal(taken.list[0].milli, 96000);
	assert_int_equal(taken.list[0].determined.ns, 7 * MS);
	assert_false(thin_take(&thin, S, (struct mono){60 * MS}, &taken)); /* once */
	/* It began a window. An extreme makes what waits out of date. */
	assert_false(pass(&thin, two(96000, 60000), 60 * MS));
	assert_true(pass(&thin, two(90000, 60000), 61 * MS));
	assert_int_equal(thin_due(&thin).ns, MONO_NEVER.ns);
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 8) % below;
}

struct range {
	int32_t low, high;
};

static struct range widened(struct range range, int32_t milli)
{
	return (struct range){milli < range.low ? milli : range.low, milli > range.high ? milli : range.high};
}

/* What came and what went on of both values, in the window at hand. */
struct tally {
	struct thin thin;
	struct range in[2], out[2];
	uint32_t went;
	int32_t last_came, last_went;
};

/* `until` is the end of the window before this frame was looked at. */
static void tally(struct tally *tally, const struct decoded *frame, bool on, struct mono until)
{
	bool new_window = on && tally->thin.until.ns != until.ns;

	for (int i = 0; i < 2; i++) {
		int32_t milli = frame->list[i].milli;
		if (new_window)
			tally->in[i] = tally->out[i] = (struct range){milli, milli};
		tally->in[i] = widened(tally->in[i], milli);
		if (on)
			tally->out[i] = widened(tally->out[i], milli);
		assert_int_equal(tally->in[i].low, tally->out[i].low);
		assert_int_equal(tally->in[i].high, tally->out[i].high);
	}
	tally->last_came = frame->list[0].milli;
	if (on) {
		tally->went++;
		tally->last_went = frame->list[0].milli;
	}
}

/* For random floods: at every instant the lowest and the highest value of the window have gone on, so that each limit
 * of a single value sees every violation; the last value always comes; and what goes on is few. */
static void test_no_limit_misses_a_value(void **state)
{
	(void)state;
	for (uint32_t run = 0; run < 300; run++) {
		uint32_t seed = run, came = 0, width = 1 + draw(&seed, 60);
		struct tally t = {0};
		struct decoded held;
		int64_t at = 0;
		while (at < 2 * S) {
			at += 30000 + draw(&seed, 60000); /* 30 .. 90 us */
			struct mono until = t.thin.until;
			if (thin_take(&t.thin, S, (struct mono){at}, &held))
				tally(&t, &held, true, until);
			struct decoded frame = two((int32_t)draw(&seed, width), (int32_t)draw(&seed, 9));
			until = t.thin.until;
			bool on = pass(&t.thin, frame, at);
			tally(&t, &frame, on, until);
			came++;
		}
		if (thin_take(&t.thin, S, (struct mono){at + 50 * MS}, &held))
			t.last_went = held.list[0].milli;
		assert_int_equal(t.last_went, t.last_came);
		assert_true(came > 20000 && t.went < 2000);
	}
}

static void count(struct pace *pace, int64_t period_ns, int64_t *at_ns, int64_t length_ns, int64_t step_ns)
{
	for (int64_t end = *at_ns + length_ns; *at_ns < end; *at_ns += step_ns)
		pace_count(pace, period_ns, (struct mono){*at_ns});
}

static void test_pace(void **state)
{
	(void)state;
	struct pace pace = {0};
	int64_t at = 1000 * S;

	/* Sixty a second, and a hundred, whatever was promised; a short burst. */
	count(&pace, S, &at, 20 * S, S / 60);
	assert_false(pace.babbles);
	count(&pace, 10 * S, &at, 20 * S, S / 100);
	assert_false(pace.babbles);
	count(&pace, S, &at, 1 * S, MS);
	count(&pace, S, &at, 2 * S, S);
	count(&pace, S, &at, 1 * S, MS);
	count(&pace, S, &at, 2 * S, S);
	assert_false(pace.babbles);
	/* A device that promises a hundred may send two hundred. */
	count(&pace, S / 100, &at, 10 * S, S / 200);
	assert_false(pace.babbles);
	/* A thousand a second is too much after three seconds, until it was over for ten. */
	count(&pace, S, &at, 2 * S, S);
	count(&pace, S, &at, 5 * S, MS);
	assert_true(pace.babbles);
	count(&pace, S, &at, 6 * S, S);
	assert_true(pace.babbles);
	count(&pace, S, &at, 1 * S, MS);
	count(&pace, S, &at, 8 * S, S);
	assert_true(pace.babbles);
	count(&pace, S, &at, 4 * S, S);
	assert_false(pace.babbles);
	/* Silence is no babble either. */
	count(&pace, S, &at, 5 * S, MS);
	assert_true(pace.babbles);
	at += 60 * S;
	count(&pace, S, &at, 2 * S, S);
	assert_false(pace.babbles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_device_of_good_manners),  cmocka_unit_test(test_single_extreme),
	    cmocka_unit_test(test_never_thinned),           cmocka_unit_test(test_the_last_one_is_kept),
	    cmocka_unit_test(test_no_limit_misses_a_value), cmocka_unit_test(test_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
