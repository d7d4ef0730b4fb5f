/* Signals that come and go: a gap stops a delay, a value lost beyond its limit is told, three times in a minute are
 * told, a device's own word that there is no pulse. daemon/core/{alarm,rule_alarm,reading,condition}.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"

static struct world w;

static void gap_plan(int64_t delay_s)
{
	world_plan(&w);
	w.config.plan.missing = (struct plan_missing){30 * S, PRIORITY_LOW, 120 * S, PRIORITY_MEDIUM};
	w.config.plan.gap_ns = 60 * S;
	struct plan_rule *rule = world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->priority = PRIORITY_HIGH;
	rule->delay_ns = delay_s * S;
	rule->clear_delay_ns = 5 * S;
	world_open(&w, 0);
	live(&w, 100 * S, 97, 70);
}

/* Once a second a percentage, or (negative) the reason why there is none. */
static void frames(int64_t to, int percent)
{
	while (w.now < to) {
		run(&w, w.now + 1 * S);
		if (percent > 0)
			spo2(&w, percent);
		else
			frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, (enum reason) - percent));
	}
}

#define NONE (-(int)REASON_SENSOR_OFF)
#define O2   ((uint16_t)ALARM_BASE_RULE)

/* Two seconds in each ten without a value: too short to be lost. */
static void test_time_beyond_the_limit_adds_up(void **state)
{
	(void)state;
	gap_plan(15);
	frames(108 * S, 86); /* first at 101: 8 s until the gap begins at 109 */
	frames(110 * S, NONE);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	frames(117 * S, 86); /* goes on at 111 */
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	frames(118 * S, 86);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[O2].reason, REASON_NONE);
}

static void test_a_good_value_ends_it(void **state)
{
	(void)state;
	gap_plan(15);
	frames(110 * S, 86);
	frames(112 * S, NONE);
	frames(113 * S, 97);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	frames(127 * S, 86);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
}

/* An inflation explains the gap, so it is not a loss; but one that is too long says nothing of what was before. */
static void test_a_long_gap_begins_it_anew(void **state)
{
	(void)state;
	gap_plan(15);
	w.config.devices[OXIMETER].same_limb = true;
	w.config.plan.cuff_mask_max_ns = 90 * S;
	w.config.plan.cuff_mask_ns = 30 * S;
	frames(110 * S, 86);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	frames(170 * S, NONE);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	frames(171 * S, NONE);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	frames(185 * S, 86);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
}

static void test_lost_beyond_the_limit(void **state)
{
	(void)state;
	gap_plan(15);
	frames(105 * S, 86);
	frames(108 * S, NONE);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	run(&w, 109 * S); /* four periods after the last value */
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[O2].reason, REASON_SENSOR_OFF);
	assert_int_equal(w.engine.alarms[O2].milli, 86 * MILLI);

	char text[TEXT_BYTES + 32];
	engine_condition_text(&w.engine, &w.engine.alarms[O2], text, sizeof(text));
	assert_string_equal(text, "O2: lost at 86 % (sensor off)");
	frames(200 * S, NONE); /* said once: the missing value has no alarm beside it */
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_INACTIVE);
	frames(201 * S, 91); /* there, and not back at `clear` */
	assert_int_equal(w.engine.alarms[O2].reason, REASON_NONE);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	frames(207 * S, 97);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
}

/* A good value that goes missing is a missing value and no more. */
static void test_lost_at_a_good_value(void **state)
{
	(void)state;
	gap_plan(15);
	frames(160 * S, NONE);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_ACTIVE);
}

static void test_what_is_taken_out_is_not_lost(void **state)
{
	(void)state;
	gap_plan(15);
	frames(105 * S, 86);
	struct event event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "spo2", NAME_BYTES);
	put_text(event.u.command.u.take_out.reason, "toilet", TEXT_BYTES);
	put_text(event.u.command.u.take_out.override.name, "dr.a", NAME_BYTES);
	put_text(event.u.command.u.take_out.override.reason, "toilet", TEXT_BYTES);
	event.u.command.u.take_out.duration_s = 300;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	frames(160 * S, NONE);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
}

/* The technical alarm would be more urgent by now: it is told beside a rule of low priority. */
static void test_a_low_rule_does_not_hide_an_urgent_loss(void **state)
{
	(void)state;
	gap_plan(15);
	w.config.plan.rules[0].priority = PRIORITY_LOW;
	frames(105 * S, 86);
	frames(220 * S, NONE);
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_INACTIVE);
	frames(230 * S, NONE);
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2].priority, PRIORITY_MEDIUM);
}

static void dip(int64_t from)
{
	frames(from, 97);
	frames(from + 2 * S, 86);
}

static void test_three_times_in_a_minute(void **state)
{
	(void)state;
	gap_plan(15);
	w.config.plan.rules[0].repeat_count = 3;
	w.config.plan.rules[0].repeat_within_ns = 60 * S;
	dip(110 * S);
	dip(140 * S);
	dip(171 * S - 1); /* the third begins 61 s after the first ... */
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	dip(190 * S); /* ... this one is the third within 60 s */
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
}

static void test_no_pulse_is_said_of_the_patient(void **state)
{
	(void)state;
	gap_plan(15);
	w.config.plan.no_vital_sign = (struct plan_vital_sign){10 * S, PRIORITY_HIGH, false};
	frames(105 * S, -(int)REASON_NO_PULSE); /* since 101 */
	frames(106 * S, -(int)REASON_SEARCHING);
	frames(116 * S, -(int)REASON_NO_PULSE); /* since 107 */
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_PENDING);
	run(&w, 117 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2].priority, PRIORITY_HIGH);
	assert_int_equal(w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2].reason, REASON_NO_PULSE);
}

/* The pressure is asked for when it is said, once more later, and not because it is said again in between. */
static void test_no_pulse_measures_the_pressure(void **state)
{
	(void)state;
	gap_plan(15);
	w.config.plan.no_vital_sign = (struct plan_vital_sign){10 * S, PRIORITY_HIGH, true};
	w.config.devices[CUFF].period_ns = 600 * S;
	w.config.plan.measure_again_ns = 120 * S;
	frames(110 * S, -(int)REASON_NO_PULSE); /* since 101 */
	assert_false(w.engine.devices[CUFF].cuff_requested);
	run(&w, 111 * S);
	assert_true(w.engine.devices[CUFF].cuff_requested);
	pressure(&w, 70, 40);
	frames(120 * S, 97);
	frames(140 * S, -(int)REASON_NO_PULSE);
	assert_false(w.engine.devices[CUFF].cuff_requested || w.engine.devices[CUFF].cuff_wanted);
	frames(230 * S, 97);
	assert_false(w.engine.devices[CUFF].cuff_requested);
	frames(231 * S, 97);
	assert_true(w.engine.devices[CUFF].cuff_requested);
}

/* The cuff on the same arm takes the pulse away. */
static void test_no_pulse_under_an_inflation(void **state)
{
	(void)state;
	gap_plan(15);
	w.config.devices[OXIMETER].same_limb = true;
	w.config.plan.cuff_mask_max_ns = 90 * S;
	w.config.plan.cuff_mask_ns = 30 * S;
	w.config.plan.no_vital_sign = (struct plan_vital_sign){10 * S, PRIORITY_HIGH, false};
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	frames(160 * S, -(int)REASON_NO_PULSE);
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_SPO2), ALARM_INACTIVE);
	frames(195 * S, -(int)REASON_NO_PULSE);
	assert_int_equal(w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2].priority, PRIORITY_HIGH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_time_beyond_the_limit_adds_up),
	    cmocka_unit_test(test_a_good_value_ends_it),
	    cmocka_unit_test(test_a_long_gap_begins_it_anew),
	    cmocka_unit_test(test_lost_beyond_the_limit),
	    cmocka_unit_test(test_lost_at_a_good_value),
	    cmocka_unit_test(test_what_is_taken_out_is_not_lost),
	    cmocka_unit_test(test_a_low_rule_does_not_hide_an_urgent_loss),
	    cmocka_unit_test(test_three_times_in_a_minute),
	    cmocka_unit_test(test_no_pulse_is_said_of_the_patient),
	    cmocka_unit_test(test_no_pulse_measures_the_pressure),
	    cmocka_unit_test(test_no_pulse_under_an_inflation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
