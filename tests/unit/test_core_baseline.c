/* This patient's own pressure: which determinations count, how they are averaged, what is compared with it. (The plain
 * course is in test_core_session.c.) */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

/* One determination counts once for the baseline, whatever else comes after it. */
static void test_baseline_counts_determinations(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	still(&w, 105 * S);
	pressure(&w, 120, 80);
	live(&w, 110 * S, 97, 70);
	assert_int_equal(w.engine.session.baseline.readings, 1);
	assert_false(w.engine.session.baseline.complete);
	pressure(&w, 140, 90);
	assert_true(w.engine.session.baseline.complete);
	assert_int_equal(w.engine.session.baseline.sys, 130 * MILLI);
	assert_int_equal(w.engine.session.baseline.dia, 85 * MILLI);
}

static void cuff_frame(int32_t sys_milli, int32_t dia_milli, bool dia_known)
{
	struct measurement list[2] = {value(&w, PARAMETER_NIBP_SYS, 0),
	                              no_value(&w, PARAMETER_NIBP_DIA, REASON_FAILED)};

	list[0].milli = sys_milli;
	if (dia_known) {
		list[1] = value(&w, PARAMETER_NIBP_DIA, 0);
		list[1].milli = dia_milli;
	}
	still(&w, w.now + 20 * S);
	frame_of(&w, CUFF, 2, list);
}

/* Both pressures are rounded to the nearest, and half a baseline is none. */
static void test_baseline_rounds_and_needs_both(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	cuff_frame(120000, 0, false);
	assert_int_equal(w.engine.session.baseline.readings, 0);
	cuff_frame(120000, 80000, true);
	cuff_frame(120001, 80001, true);
	assert_true(w.engine.session.baseline.complete);
	assert_int_equal(w.engine.session.baseline.sys, 120001);
	assert_int_equal(w.engine.session.baseline.dia, 80001);
}

/* A rise is a rise above something: without a baseline there is none. */
static void test_no_rise_without_a_baseline(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "B5", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 40, 35);
	rule->terms[0].reference = REFERENCE_BASELINE;
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	pressure(&w, 130, 80);
	assert_false(w.engine.session.baseline.complete);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	assert_int_equal(announced(&w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_baseline_counts_determinations),
	    cmocka_unit_test(test_baseline_rounds_and_needs_both),
	    cmocka_unit_test(test_no_rise_without_a_baseline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
