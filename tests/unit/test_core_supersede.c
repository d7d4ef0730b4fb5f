/* One situation, one alarm, over time: what is kept back, latched, comes forward again or was answered meanwhile, and
 * what that does to sound and quiet. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

/* A rule that another one stands for is on its way back; a gap makes it begin again. */
static void test_gap_breaks_the_way_back_of_what_is_kept_back(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_MEDIUM, 0, 15 * S);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "fast", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 90, 140);
	assert_int_equal(state_of(&w, 1), ALARM_ACTIVE);
	assert_true(w.engine.alarms[0].kept_back);
	live(&w, 111 * S, 97, 140);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	live(&w, 126 * S, 97, 140);
	assert_true(w.engine.alarms[0].kept_back);
	live(&w, 128 * S, 97, 140);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
}

/* One reading is back, one more would end it: it is not announced when the alarm that stood for it ends. */
static void test_way_back_by_readings_is_not_announced(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "high", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 160, 155);
	rule->clear_readings = 2;
	rule->phases = 0xff;
	rule->superseded_by = RULE_BIT(1);
	rule = protocol_rule(&w, "fast", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 140);
	pressure(&w, 165, 90);
	assert_true(w.engine.alarms[0].kept_back);
	live(&w, 110 * S, 97, 140);
	pressure(&w, 150, 90);
	live(&w, 111 * S, 97, 70);
	assert_int_equal(state_of(&w, 1), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, 0), ALARM_PENDING);
	live(&w, 120 * S, 97, 70);
	pressure(&w, 165, 90);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

/* What was urgent until another alarm stood for it was urgent until then. */
static void test_quiet_after_what_was_superseded(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(1);
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	w.config.plan.leave.quiet_ns = 60 * S;
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	live(&w, 110 * S, 90, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	live(&w, 120 * S, 90, 140);
	assert_true(w.engine.alarms[0].kept_back);
	assert_true(blocked_by(&w, "quiet"));
	live(&w, 170 * S, 97, 140);
	assert_true(blocked_by(&w, "quiet"));
	live(&w, 172 * S, 97, 140);
	assert_false(blocked_by(&w, "quiet"));
}

/* What is withdrawn takes its acknowledgement with it. */
static void test_superseded_forgets_its_acknowledgement(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	spo2(&w, 90);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(w.engine.alarms[0].acknowledged.ns, w.now);
	heart_rate(&w, 140);
	assert_int_equal(changes(&w, 0, ALARM_SUPERSEDED), 1);
	assert_string_equal(w.engine.alarms[0].acknowledged_by, "");
	assert_int_equal(w.engine.alarms[0].acknowledged.ns, INT64_MAX);
}

/* A latched alarm that is present again says what it is about now. */
static void test_latched_again_has_a_new_cause(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	spo2(&w, 88);
	spo2(&w, 97);
	assert_int_equal(state_of(&w, 0), ALARM_LATCHED);
	spo2(&w, 79);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[0].milli, 79 * MILLI);
}

/* What is latched comes back together with what stands for it: one alarm is raised, not two. */
static void test_latched_again_and_superseded_at_once(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->phases = 0xff;
	rule->superseded_by = RULE_BIT(1);
	rule = protocol_rule(&w, "O3", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 85, 92);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	spo2(&w, 88);
	spo2(&w, 97);
	assert_int_equal(state_of(&w, 0), ALARM_LATCHED);
	spo2(&w, 79);
	assert_int_equal(changes(&w, 0, ALARM_RAISED), 0);
	assert_int_equal(changes(&w, 1, ALARM_RAISED), 1);
	assert_int_equal(state_of(&w, 0), ALARM_LATCHED);
	assert_true(w.engine.alarms[0].kept_back);
}

/* Whoever acknowledged a first reading has not acknowledged its confirmation. */
static void test_confirmation_forgets_the_acknowledgement(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "B1", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
	protocol_confirm(rule, PRIORITY_MEDIUM);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	pressure(&w, 185, 90);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	still(&w, 191 * S - 1);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	run(&w, 191 * S); /* no repeat came: the first one counts */
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[0].priority, PRIORITY_HIGH);
	assert_string_equal(w.engine.alarms[0].acknowledged_by, "");
}

/* A rule that depends on another one may be the first of the plan. */
static void test_dependent_rule_comes_first(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "S3-resp", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_AT_MOST, 3, 4);
	rule->with = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "O1", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 3 * MILLI), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	spo2(&w, 91);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

/* Latched, back while another alarm stands for it, and gone again: it is not there. */
static void test_latched_and_kept_back_and_gone(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->phases = 0xff;
	rule->superseded_by = RULE_BIT(1);
	rule = protocol_rule(&w, "fast", PRIORITY_HIGH, 0, 0);
	rule->phases = 0xff;
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 100 * S);
	spo2(&w, 88);
	spo2(&w, 97);
	assert_int_equal(state_of(&w, 0), ALARM_LATCHED);
	heart_rate(&w, 140);
	spo2(&w, 88);
	assert_true(w.engine.alarms[0].kept_back);
	spo2(&w, 97);
	assert_false(w.engine.alarms[0].kept_back);
	assert_int_equal(state_of(&w, 0), ALARM_LATCHED);
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
	w.now += 1 * S;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gap_breaks_the_way_back_of_what_is_kept_back),
	    cmocka_unit_test(test_way_back_by_readings_is_not_announced),
	    cmocka_unit_test(test_quiet_after_what_was_superseded),
	    cmocka_unit_test(test_superseded_forgets_its_acknowledgement),
	    cmocka_unit_test(test_latched_again_has_a_new_cause),
	    cmocka_unit_test(test_latched_again_and_superseded_at_once),
	    cmocka_unit_test(test_confirmation_forgets_the_acknowledgement),
	    cmocka_unit_test(test_dependent_rule_comes_first),
	    cmocka_unit_test(test_latched_and_kept_back_and_gone),
	    cmocka_unit_test(test_acknowledged_while_kept_back),
	    cmocka_unit_test(test_more_urgent_ends_a_pause),
	    cmocka_unit_test(test_less_urgent_was_urgent_until_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
