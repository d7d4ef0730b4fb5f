/* What tests/mutation found that no other core test noticed about sessions, limits taken out, and pauses that end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

static enum result take_out(const char *parameter)
{
	struct event event = make_command(&w, COMMAND_TAKE_OUT);

	put_text(event.u.command.u.take_out.name, parameter, NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "repair", TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
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

/* Every change says who, an observation says of what. */
static void test_actions_name_actor_and_parameter(void **state)
{
	(void)state;
	const struct action *action;

	world_plan(&w);
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	assert_int_equal(score(&w, PARAMETER_CADSS, 3 * MILLI), RESULT_OK);
	action = find_action(&w, ACTION_OBSERVATION);
	assert_int_equal(action->u.observation.observation.parameter, PARAMETER_CADSS);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_CLOSED), 1);
	action = find_action(&w, ACTION_SESSION);
	assert_string_equal(action->u.session.actor, "nurse1");
}

/* What is taken out touches the rules about it and no other. */
static void test_taken_out_touches_its_own_rules(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 70);
	assert_int_equal(take_out("nibp_sys"), RESULT_OK);
	spo2(&w, 88);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

/* Of a critical rule that needs all of its terms, one is enough to blind it. */
static void test_one_term_blinds_a_rule_of_all(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "S3", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 94, 95);
	protocol_term(rule, PARAMETER_RESP, COMPARISON_BELOW, 10, 11);
	rule->combination = COMBINATION_ALL;
	rule->critical = true;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 70);
	assert_int_equal(take_out("resp"), RESULT_BLOCKED);
}

/* A latched alarm that is kept back is still there after its acknowledgement, and calls when nothing stands for it any
 * more. */
static void test_acknowledged_while_kept_back(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->superseded_by = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "fast", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	spo2(&w, 88);
	spo2(&w, 97);
	heart_rate(&w, 140);
	spo2(&w, 88);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_PENDING);
	assert_true(w.engine.alarms[0].kept_back);
	heart_rate(&w, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

/* What becomes more urgent breaks through a pause, by a repeat or for want of one. */
static void test_more_urgent_ends_a_pause(void **state)
{
	(void)state;
	for (int repeated = 0; repeated < 2; repeated++) {
		struct plan_rule *rule;

		world_plan(&w);
		rule = protocol_rule(&w, "B1", PRIORITY_HIGH, 0, 0);
		protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
		protocol_confirm(rule, PRIORITY_MEDIUM);
		rule->phases = 0xff;
		world_open(&w, 100 * S);
		still(&w, 101 * S);
		pressure(&w, 185, 90);
		still(&w, 185 * S);
		assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
		assert_int_equal(w.engine.alarms[0].priority, PRIORITY_MEDIUM);
		assert_false(mono_is_never(w.engine.audio_paused_until));
		still(&w, repeated ? 190 * S : 191 * S);
		if (repeated)
			pressure(&w, 186, 90);
		assert_int_equal(w.engine.alarms[0].priority, PRIORITY_HIGH);
		assert_true(mono_is_never(w.engine.audio_paused_until));
	}
}

/* What becomes less urgent was urgent until then. */
static void test_less_urgent_was_urgent_until_then(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "B4", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 160, 155);
	rule->phases = rule->lower_phases = 0xff;
	rule->lower = PRIORITY_LOW;
	world_open(&w, 100 * S);
	still(&w, 110 * S);
	pressure(&w, 170, 90);
	still(&w, 120 * S);
	pressure(&w, 165, 90);
	assert_int_equal(w.engine.alarms[0].priority, PRIORITY_LOW);
	assert_int_equal(w.engine.session.urgent_until.ns, 120 * S);
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

/* A take-out ends at its instant, the first device's too. */
static void test_first_device_comes_back_in_time(void **state)
{
	(void)state;
	struct event event;

	world_plan(&w);
	world_begin(&w, 100 * S);
	all_up(&w);
	event = make_command(&w, COMMAND_TAKE_OUT);
	event.u.command.u.take_out.is_device = true;
	put_text(event.u.command.u.take_out.name, "oximeter", NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "repair", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	run(&w, 130 * S); /* by then every device has fallen silent: nothing else is due */
	assert_int_equal(engine_deadline(&w.engine).ns, 160 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_baseline_rounds_and_needs_both),
	    cmocka_unit_test(test_actions_name_actor_and_parameter),
	    cmocka_unit_test(test_taken_out_touches_its_own_rules),
	    cmocka_unit_test(test_one_term_blinds_a_rule_of_all),
	    cmocka_unit_test(test_acknowledged_while_kept_back),
	    cmocka_unit_test(test_more_urgent_ends_a_pause),
	    cmocka_unit_test(test_less_urgent_was_urgent_until_then),
	    cmocka_unit_test(test_no_rise_without_a_baseline),
	    cmocka_unit_test(test_first_device_comes_back_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
