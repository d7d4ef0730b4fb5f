/* Inflations that the engine starts: when, how often, of which device; rest, retries, masks. The schedule of checks is
 * in test_core_check.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

static int starts(void)
{
	int count = 0;

	for (uint16_t i = 0; i < w.actions.count; i++)
		count += w.actions.list[i].kind == ACTION_CUFF && w.actions.list[i].u.cuff.start;
	return count;
}

/* A cuff that was asked and never answers is asked again for the next check after a minute, not before. */
static void test_unanswered_cuff_is_free_after_a_minute(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S, 15 * S};
	int64_t asked;

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 300 * S, 2, times);
	world_open(&w, 100 * S);
	still(&w, 109 * S);
	run(&w, 110 * S);
	assert_int_equal(starts(), 1);
	asked = w.now;
	for (int d = 0; d < w.config.device_count; d++)
		frame_of(&w, d, 0, NULL);
	still(&w, asked + 59 * S);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
	leap(&w, asked + 60 * S - 1);
	assert_int_equal(starts(), 0);
	leap(&w, asked + 60 * S);
	assert_int_equal(starts(), 1);
}

/* A long rest counts from the start of an inflation, answered or not. */
static void test_rest_counts_from_the_start(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S, 15 * S};

	world_plan(&w);
	w.config.plan.cuff_rest_ns = 100 * S;
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 300 * S, 2, times);
	world_open(&w, 100 * S);
	still(&w, 109 * S);
	run(&w, 110 * S);
	assert_int_equal(starts(), 1);
	still(&w, 209 * S);
	run(&w, 210 * S - 1);
	assert_int_equal(starts(), 0);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
	run(&w, 210 * S);
	assert_int_equal(starts(), 1);
}

/* How often the cuff was started since, in steps of a second, while every one of its determinations fails. */
static int starts_while_failing(int64_t to)
{
	int count = 0;

	while (w.now < to) {
		run(&w, w.now + 1 * S);
		if (w.engine.devices[CUFF].cuff_requested) {
			count++;
			pressure_failed(&w);
		}
		for (int d = 0; d < w.config.device_count; d++)
			frame_of(&w, d, 0, NULL);
	}
	return count;
}

/* One that was asked for is tried twice more; the next due one, and a person's, begin anew. */
static void test_retries(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S, 60 * S};

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 300 * S, 2, times);
	world_open(&w, 100 * S);
	still(&w, 105 * S);
	assert_int_equal(starts_while_failing(155 * S), 3);
	assert_int_equal(starts_while_failing(200 * S), 3);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	pressure_failed(&w);
	assert_int_equal(starts_while_failing(250 * S), 2);
}

/* What failed before the session is nobody's alarm. */
static void test_failures_of_another_session(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 100 * S);
	all_up(&w);
	for (int i = 0; i < 3; i++) {
		still(&w, w.now + 10 * S);
		pressure_failed(&w);
	}
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	still(&w, w.now + 10 * S);
	pressure_failed(&w);
	assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_INACTIVE);
	still(&w, w.now + 10 * S);
	pressure_failed(&w);
	assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[ALARM_BASE_CUFF_FAILED + CUFF].priority, PRIORITY_LOW);
}

static struct plan_rule *measuring_rule(void)
{
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->measure_now = true;
	rule->phases = 0xff;
	w.config.plan.measure_again_ns = 120 * S;
	return rule;
}

/* However young the last reading is; and once more, though the alarm is over by then. */
static void test_an_alarm_measures_now(void **state)
{
	(void)state;
	(void)measuring_rule();
	world_open(&w, 100 * S);
	live(&w, 110 * S, 97, 70);
	pressure(&w, 120, 80);
	live(&w, 112 * S, 97, 70);
	spo2(&w, 85);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(starts(), 0); /* it rests */
	frame_of(&w, CUFF, 0, NULL);
	live(&w, 115 * S - 1, 97, 70);
	run(&w, 115 * S);
	assert_int_equal(starts(), 1);
	live(&w, 120 * S, 97, 70);
	pressure(&w, 70, 40);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	spo2(&w, 85); /* it comes and goes: no cuff for each time */
	live(&w, 232 * S - 1, 97, 70);
	assert_false(w.engine.devices[CUFF].cuff_wanted || w.engine.devices[CUFF].cuff_requested);
	run(&w, 232 * S);
	assert_int_equal(starts(), 1);
	live(&w, 240 * S, 97, 70);
	pressure(&w, 110, 70);
	spo2(&w, 85);
	live(&w, 245 * S - 1, 85, 70);
	run(&w, 245 * S);
	assert_int_equal(starts(), 1);
}

/* The inflation would take away the value that alarms. */
static void test_no_measuring_on_the_oximeters_limb(void **state)
{
	(void)state;
	(void)measuring_rule();
	w.config.devices[OXIMETER].same_limb = true;
	world_open(&w, 100 * S);
	live(&w, 110 * S, 85, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_false(w.engine.devices[CUFF].cuff_wanted || w.engine.devices[CUFF].cuff_requested);
}

static void assert_told(enum priority priority, const char *words)
{
	const struct alarm *alarm = &w.engine.alarms[ALARM_BASE_CUFF_FAILED + CUFF];
	char text[TEXT_BYTES + 32];

	assert_int_equal(alarm->priority, priority);
	engine_condition_text(&w.engine, alarm, text, sizeof(text));
	assert_non_null(strstr(text, words));
}

/* They may be the patient's: told at once, with what was read; an answer stands while other numbers are told. */
static void test_numbers_that_cannot_be(void **state)
{
	(void)state;
	const uint16_t id = ALARM_BASE_CUFF_FAILED + CUFF;

	world_plan(&w);
	world_open(&w, 100 * S);
	still(&w, w.now + 10 * S);
	pressure(&w, 100, 96);
	assert_int_equal(changes(&w, id, ALARM_RAISED), 1);
	assert_told(PRIORITY_MEDIUM, "100/96");
	assert_int_equal(acknowledge(&w, id), RESULT_OK);
	still(&w, w.now + 10 * S);
	pressure(&w, 100, 96); /* the same again is nothing new */
	assert_int_equal(changes(&w, id, ALARM_REASON_CHANGED), 0);
	still(&w, w.now + 10 * S);
	pressure(&w, 70, 65);
	assert_int_equal(changes(&w, id, ALARM_REASON_CHANGED), 1);
	assert_int_equal(state_of(&w, id), ALARM_ACKNOWLEDGED);
	assert_told(PRIORITY_MEDIUM, "70/65");
	still(&w, w.now + 10 * S);
	pressure_failed(&w); /* what was read stays to be read */
	assert_told(PRIORITY_MEDIUM, "70/65");
	still(&w, w.now + 10 * S);
	frame(&w, CUFF, value(&w, PARAMETER_NIBP_SYS, 300));
	assert_told(PRIORITY_MEDIUM, "300/-");
	still(&w, w.now + 10 * S);
	pressure(&w, 118, 76);
	assert_int_equal(state_of(&w, id), ALARM_INACTIVE);
	assert_false(w.engine.parameters[PARAMETER_NIBP_SYS].refused);
}

/* A failing cuff that is low already, or medium, tells the numbers as soon as there are some. */
static void test_numbers_after_failures(void **state)
{
	(void)state;
	for (int before = 1; before <= 3; before++) {
		world_plan(&w);
		world_open(&w, 100 * S);
		for (int i = 0; i < before; i++) {
			still(&w, w.now + 10 * S);
			pressure_failed(&w);
		}
		still(&w, w.now + 10 * S);
		pressure(&w, 60, 80);
		assert_told(PRIORITY_MEDIUM, "60/80");
		assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
		assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
		assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_INACTIVE);
		assert_false(w.engine.parameters[PARAMETER_NIBP_SYS].refused);
	}
}

/* A determination that was under way at the opening is the last patient's, whatever it says; the next one is hers. */
static void test_a_cuff_of_the_last_patient(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	still(&w, w.now + 10 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	still(&w, w.now + 10 * S);
	pressure(&w, 210, 130);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).reason, REASON_NEVER_RECEIVED);
	assert_int_equal(w.engine.session.baseline.readings, 0);
	pressure(&w, 210, 130); /* the device says it again */
	assert_int_equal(w.engine.session.baseline.readings, 0);
	still(&w, w.now + 10 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.baseline.readings, 1);
}

/* One that never came is no reason to wait for ever, and a failed one of the last patient does not count. */
static void test_a_lost_cuff_of_the_last_patient(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	still(&w, w.now + 60 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.baseline.readings, 1);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	still(&w, w.now + 10 * S);
	pressure_failed(&w);
	assert_int_equal(w.engine.devices[CUFF].cuff_failures, 0);
}

/* A cuff that is the first device of the list is a cuff like any other. */
static void test_extra_readings_of_the_first_device(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct measurement high[2];

	world_plan(&w);
	w.config.devices[0].provides = w.config.devices[CUFF].provides;
	w.config.devices[0].cuff_command = true;
	w.config.devices[CUFF].provides = PARAMETER_BIT(PARAMETER_SPO2);
	w.config.devices[CUFF].cuff_command = false;
	rule = protocol_rule(&w, "B2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 200, 170);
	rule->phases = 0xff;
	rule->cuff_every_ns = 300 * S;
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	high[0] = value(&w, PARAMETER_NIBP_SYS, 210);
	high[1] = value(&w, PARAMETER_NIBP_DIA, 100);
	frame_of(&w, 0, 2, high);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	still(&w, 400 * S);
	run(&w, 401 * S - 1);
	assert_int_equal(starts(), 0);
	run(&w, 401 * S);
	assert_int_equal(starts(), 1);
}

/* The first device of the list is asked for what is due, too. */
static void test_due_reading_of_the_first_device(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S};

	world_plan(&w);
	w.config.devices[0].provides = w.config.devices[CUFF].provides;
	w.config.devices[0].cuff_command = true;
	w.config.devices[CUFF].provides = 0;
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 20 * S, 1, times);
	world_open(&w, 100 * S);
	still(&w, 109 * S);
	run(&w, 110 * S);
	assert_int_equal(starts(), 1);
}

/* The first device of a configuration may be the cuff. */
static void test_first_device_is_the_cuff(void **state)
{
	(void)state;
	world_plan(&w);
	world_device(&w, 0, "bp", PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA), true);
	world_device(&w, 1, "oximeter", PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE), false);
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	assert_int_equal(starts(), 1);
}

static enum result take_out(const char *name, bool is_device)
{
	struct event event = make_command(&w, COMMAND_TAKE_OUT);

	event.u.command.u.take_out.is_device = is_device;
	put_text(event.u.command.u.take_out.name, name, NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "repair", TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

/* A cuff under repair is not inflated for what is due; every parameter can be taken out by name. */
static void test_taken_out_cuff_is_not_started(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S};

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 20 * S, 1, times);
	world_open(&w, 100 * S);
	assert_int_equal(take_out("bp", true), RESULT_OK);
	still(&w, 159 * S);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
	run(&w, 160 * S);
	assert_int_equal(starts(), 1);
	for (int p = 0; p < PARAMETER_COUNT; p++)
		assert_int_equal(take_out(parameter_table[p].name, false), RESULT_OK);
}

/* The inflation takes the pulse of the oximeter away as well. */
static void test_pulse_is_masked(void **state)
{
	(void)state;
	world_plan(&w);
	w.config.devices[OXIMETER].same_limb = true;
	w.config.plan.cuff_mask_ns = 10 * S;
	w.config.plan.cuff_mask_max_ns = 20 * S;
	world_open(&w, 100 * S);
	live(&w, 110 * S, 97, 70);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	for (int i = 1; i <= 30; i++) {
		run(&w, (110 + i) * S);
		for (int d = 0; d < w.config.device_count; d++)
			frame_of(&w, d, 0, NULL);
		frame(&w, OXIMETER, value(&w, PARAMETER_SPO2, 97));
		frame(&w, OXIMETER, no_value(&w, PARAMETER_PULSE, REASON_SEARCHING));
		if (i == 19)
			assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_PULSE), ALARM_INACTIVE);
	}
	assert_int_equal(state_of(&w, ALARM_BASE_MISSING + PARAMETER_PULSE), ALARM_ACTIVE);
}

/* A cuff that is being identified again is not asked for anything until it is up. */
static void test_cuff_in_resync_is_not_started(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S};

	world_plan(&w);
	w.config.devices[CUFF].period_ns = 10 * S;
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 20 * S, 1, times);
	world_open(&w, 100 * S);
	still(&w, 109 * S);
	device_is(&w, CUFF, DEVICE_RESYNC, FAULT_BAD_FRAME);
	run(&w, 112 * S);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
	device_is(&w, CUFF, DEVICE_UP, FAULT_NONE);
	assert_int_equal(starts(), 1);
}

/* The same with a cuff that did not answer: it is not started for a time that is left out. */
static void test_late_cuff_loses_its_reason(void **state)
{
	(void)state;
	static const int64_t times[] = {20 * S, 60 * S, 100 * S};
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 105);
	rule->phases = 0xff;
	world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 5 * S, 3, times)->with = RULE_BIT(0);
	world_open(&w, 100 * S);
	live(&w, 119 * S, 97, 120);
	run(&w, 120 * S);
	assert_int_equal(starts(), 1);
	live(&w, 159 * S, 97, 70);
	run(&w, 160 * S);
	assert_int_equal(session_changes(&w, SESSION_CHECK), 1);
	assert_int_equal(w.engine.session.checks[0].due.ns, 200 * S);
	assert_false(w.engine.devices[CUFF].cuff_wanted);
	assert_int_equal(w.engine.session.checks[0].missed_in_row, 0); /* it is not the first of two */
	live(&w, 199 * S, 97, 120);
	run(&w, 200 * S);
	assert_int_equal(starts(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unanswered_cuff_is_free_after_a_minute),
	    cmocka_unit_test(test_rest_counts_from_the_start),
	    cmocka_unit_test(test_retries),
	    cmocka_unit_test(test_failures_of_another_session),
	    cmocka_unit_test(test_an_alarm_measures_now),
	    cmocka_unit_test(test_no_measuring_on_the_oximeters_limb),
	    cmocka_unit_test(test_numbers_that_cannot_be),
	    cmocka_unit_test(test_numbers_after_failures),
	    cmocka_unit_test(test_a_cuff_of_the_last_patient),
	    cmocka_unit_test(test_a_lost_cuff_of_the_last_patient),
	    cmocka_unit_test(test_extra_readings_of_the_first_device),
	    cmocka_unit_test(test_due_reading_of_the_first_device),
	    cmocka_unit_test(test_first_device_is_the_cuff),
	    cmocka_unit_test(test_taken_out_cuff_is_not_started),
	    cmocka_unit_test(test_pulse_is_masked),
	    cmocka_unit_test(test_cuff_in_resync_is_not_started),
	    cmocka_unit_test(test_late_cuff_loses_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
