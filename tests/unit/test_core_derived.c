/* Values that are worked out of others: where a heart rate comes from, that a violation goes on when its source
 * changes, what is left when a source is taken out of alarming. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"

static struct world w;

static bool published(parameter_set set)
{
	const struct action *a = find_action(&w, ACTION_READINGS);

	return a != NULL && (a->u.readings & set) == set;
}

static void assert_no_value(enum parameter parameter, enum reason reason)
{
	assert_int_equal(reading(&w, parameter).quality, QUALITY_NO_VALUE);
	assert_int_equal(reading(&w, parameter).reason, reason);
	assert_int_equal(reading(&w, parameter).milli, 0);
}

static void begin(void)
{
	struct plan_rule *rule;

	world_plan(&w);
	rule = world_rule(&w, "H2", PARAMETER_HEART_RATE, COMPARISON_ABOVE, 130, 125);
	rule->priority = PRIORITY_HIGH;
	rule->critical = true;
	rule->delay_ns = 15 * S;
	rule->clear_delay_ns = 10 * S;
	world_begin(&w, 0);
	all_up(&w);
}

static void rate_is(int32_t units, enum parameter source)
{
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).milli, units * MILLI);
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).quality, QUALITY_VALID);
	assert_int_equal(engine_source(&w.engine, PARAMETER_HEART_RATE, at(w.now)), source);
}

static void pulse(int32_t units)
{
	frame(&w, OXIMETER, value(&w, PARAMETER_PULSE, units));
}

/* Both sensors each second until `to`; what is 0 has no value. */
static void both(int64_t to, int32_t ecg, int32_t oximeter)
{
	while (w.now < to) {
		run(&w, w.now + 1 * S);
		frame(&w, ECG,
		      ecg > 0 ? value(&w, PARAMETER_ECG_HR, ecg) : no_value(&w, PARAMETER_ECG_HR, REASON_SENSOR_OFF));
		frame(&w, OXIMETER,
		      oximeter > 0 ? value(&w, PARAMETER_PULSE, oximeter)
		                   : no_value(&w, PARAMETER_PULSE, REASON_SEARCHING));
	}
}

static void test_source(void **state)
{
	(void)state;
	begin();
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).reason, REASON_NEVER_RECEIVED);
	assert_true(engine_provided(&w.engine, PARAMETER_HEART_RATE));
	pulse(71);
	rate_is(71, PARAMETER_PULSE);
	assert_true(published(PARAMETER_BIT(PARAMETER_HEART_RATE)));
	heart_rate(&w, 72);
	rate_is(72, PARAMETER_ECG_HR);
	/* The age is that of the source. */
	run(&w, 2 * S);
	pulse(74);
	assert_false(published(PARAMETER_BIT(PARAMETER_HEART_RATE)));
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).determined.ns, 0);
	rate_is(72, PARAMETER_ECG_HR);
	/* Stale: the other takes over at that instant, without a frame. */
	run(&w, 3 * S);
	rate_is(74, PARAMETER_PULSE);
	assert_true(published(PARAMETER_BIT(PARAMETER_HEART_RATE)));
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).determined.ns, 2 * S);
	/* Asked for a later instant it knows that nothing is left. */
	struct measurement later = engine_reading(&w.engine, PARAMETER_HEART_RATE, at(6 * S));
	assert_int_equal(later.quality, QUALITY_NO_VALUE);
	assert_int_equal(later.milli, 0);
	/* Doubt goes along. */
	struct measurement doubtful = value(&w, PARAMETER_PULSE, 90);
	doubtful.quality = QUALITY_QUESTIONABLE;
	doubtful.reason = REASON_INTERFERENCE;
	frame(&w, OXIMETER, doubtful);
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).quality, QUALITY_QUESTIONABLE);
	assert_int_equal(reading(&w, PARAMETER_HEART_RATE).reason, REASON_INTERFERENCE);
	/* Nothing left: the reason is the first sensor's. */
	both(5 * S, 0, 0);
	assert_no_value(PARAMETER_HEART_RATE, REASON_SENSOR_OFF);
}

/* It cannot be sent: no device is its source. */
static void test_no_frame_brings_it(void **state)
{
	(void)state;
	begin();
	frame(&w, ECG, value(&w, PARAMETER_HEART_RATE, 200));
	assert_no_value(PARAMETER_HEART_RATE, REASON_NEVER_RECEIVED);
}

static void test_violation_goes_on_with_the_other_source(void **state)
{
	(void)state;
	begin();
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	both(10 * S, 150, 148);
	both(15 * S, 0, 148); /* lead off nine seconds after the onset at one second */
	assert_int_equal(w.engine.alarms[0].state, ALARM_PENDING);
	both(16 * S, 0, 148);
	assert_int_equal(w.engine.alarms[0].state, ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[0].raised.ns, 16 * S);
	both(60 * S, 150, 0);
	assert_int_equal(w.engine.alarms[0].state, ALARM_ACTIVE);
	/* The ECG falls silent while it stands: no reading of the other one ends it. */
	while (w.now < 90 * S) {
		run(&w, w.now + 1 * S);
		pulse(140);
	}
	assert_int_equal(w.engine.alarms[0].state, ALARM_ACTIVE);
	both(101 * S, 80, 80);
	assert_int_equal(w.engine.alarms[0].state, ALARM_INACTIVE);
}

static void test_taken_out(void **state)
{
	(void)state;
	struct event event;

	begin();
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	both(2 * S, 72, 74);
	/* What is out is not judged while there is another. */
	event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "ecg_hr", NAME_BYTES);
	put_text(event.u.command.u.take_out.reason, "toilet", TEXT_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	world_step(&w, &event);
	rate_is(74, PARAMETER_PULSE);
	both(3 * S, 200, 74);
	rate_is(74, PARAMETER_PULSE);
	/* Nothing of H2 would be left: that takes a name and a reason. */
	both(4 * S, 200, 74);
	put_text(event.u.command.u.take_out.name, "pulse", NAME_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_BLOCKED);
	put_text(event.u.command.u.take_out.override.name, "doctor", NAME_BYTES);
	put_text(event.u.command.u.take_out.override.reason, "toilet", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	both(30 * S, 200, 74);
	assert_int_equal(w.engine.alarms[0].state, ALARM_INACTIVE);
	rate_is(200, PARAMETER_ECG_HR); /* shown all the same */
}

/* The ECG out, and the oximeter without a value already: the rule would be blind. */
static void test_taking_out_the_last_one_that_brings_a_value(void **state)
{
	(void)state;
	struct event event;

	begin();
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	both(2 * S, 72, 0);
	event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "ecg", NAME_BYTES);
	put_text(event.u.command.u.take_out.reason, "toilet", TEXT_BYTES);
	event.u.command.u.take_out.is_device = true;
	event.u.command.u.take_out.duration_s = 60;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_BLOCKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_source),
	    cmocka_unit_test(test_no_frame_brings_it),
	    cmocka_unit_test(test_violation_goes_on_with_the_other_source),
	    cmocka_unit_test(test_taken_out),
	    cmocka_unit_test(test_taking_out_the_last_one_that_brings_a_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
