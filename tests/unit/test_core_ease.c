/* Getting better raises nothing: a graver alarm that ends in the zone of a lesser one hands its place on, with its
 * answer and without a signal. Getting worse is told again. daemon/core/{rule_alarm,rule,alarm}.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

enum { LESS, GRAVE };

static struct plan_rule *lesser(const char *name, int64_t delay_ns)
{
	struct plan_rule *rule = protocol_rule(&w, name, PRIORITY_MEDIUM, delay_ns, 15 * S);

	rule->superseded_by = RULE_BIT(GRAVE);
	rule->phases = 0xff;
	return rule;
}

static struct plan_rule *graver(const char *name)
{
	struct plan_rule *rule = protocol_rule(&w, name, PRIORITY_HIGH, 0, 15 * S);

	rule->phases = 0xff;
	return rule;
}

/* Below 93, clear at 95; below 90, clear at 92. */
static void saturation(void)
{
	world_plan(&w);
	protocol_term(lesser("O1", 0), PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	protocol_term(graver("O2"), PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	w.config.plan.rules[LESS].terms[0].worse_step = 4 * MILLI;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 86, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_ACTIVE);
	assert_true(w.engine.alarms[LESS].kept_back);
}

static void answered_and_better(void)
{
	saturation();
	live(&w, 103 * S, 84, 70);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 119 * S, 92, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
}

static void test_the_answer_is_handed_on(void **state)
{
	(void)state;
	answered_and_better();

	const struct alarm *less = &w.engine.alarms[LESS], *grave = &w.engine.alarms[GRAVE];

	assert_int_equal(less->state, ALARM_ACKNOWLEDGED);
	assert_int_equal(less->priority, PRIORITY_MEDIUM);
	assert_string_equal(less->acknowledged_by, grave->acknowledged_by);
	assert_int_equal(less->acknowledged.ns, grave->acknowledged.ns);
	assert_int_equal(less->raised.ns, grave->raised.ns);
	assert_int_equal(less->milli, 86 * MILLI);
	assert_int_equal(less->worst_milli, 84 * MILLI);
	assert_int_equal(less->now_milli, 92 * MILLI);
	assert_true(less->eased && less->eased_from == GRAVE);
	assert_int_equal(w.engine.session.load[LESS].raised, 0);
	live(&w, 140 * S, 97, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_INACTIVE);
	assert_false(w.engine.alarms[LESS].eased);
}

static void test_a_pause_is_kept(void **state)
{
	(void)state;
	saturation();
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 115 * S, 92, 70);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	live(&w, 120 * S, 92, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
	assert_false(mono_is_never(w.engine.audio_paused_until));
}

/* Worse than what was told last, by the step of the lesser rule; and the graver limit as ever. */
static void test_worse_is_told_again(void **state)
{
	(void)state;
	answered_and_better();
	live(&w, 125 * S, 94, 70);
	live(&w, 126 * S, 90, 70);
	assert_int_equal(changes(&w, LESS, ALARM_WORSE), 0); /* it was told at 92 */
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
	live(&w, 127 * S, 89, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_ACTIVE);
	assert_true(w.engine.alarms[LESS].kept_back);

	saturation();
	w.config.plan.rules[GRAVE].delay_ns = 60 * S;
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 117 * S, 92, 70);
	live(&w, 118 * S, 88, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
	assert_false(w.engine.alarms[LESS].eased);
}

/* Nobody has answered the graver one: it goes on saying so for both, until somebody does. */
static void test_unanswered_it_waits(void **state)
{
	(void)state;
	saturation();
	live(&w, 120 * S, 92, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_LATCHED);
	live(&w, 200 * S, 92, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_PENDING);
	assert_true(w.engine.alarms[LESS].kept_back);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);

	/* Well meanwhile, and low again: that is another one. */
	saturation();
	live(&w, 120 * S, 92, 70);
	live(&w, 140 * S, 97, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_INACTIVE);
	live(&w, 150 * S, 91, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_LATCHED);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
}

/* A value that is lost while it waits is news. */
static void test_lost_while_it_waits(void **state)
{
	(void)state;
	saturation();
	live(&w, 120 * S, 92, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_LATCHED);
	for (int64_t t = 121 * S; t <= 124 * S; t += S) {
		run(&w, t);
		frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	}
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[LESS].reason, REASON_SENSOR_OFF);
}

/* On its way back when the graver one ends: within the limit it is not worth a word, beyond it it is. */
static void test_on_its_way_back(void **state)
{
	(void)state;
	saturation();
	w.config.plan.rules[LESS].clear_delay_ns = 60 * S;
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 120 * S, 96, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	live(&w, 125 * S, 94, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_PENDING);
	live(&w, 126 * S, 92, 70);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[LESS].milli, 92 * MILLI);
}

/* The delay of the lesser one is over with the graver one: the limit was broken all the time, and that was told. */
static void test_a_delay_is_over_with_it(void **state)
{
	(void)state;
	world_plan(&w);
	protocol_term(lesser("H1", 60 * S), PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 105);
	protocol_term(graver("H2"), PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 140);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 118 * S, 97, 120);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
	live(&w, 170 * S, 97, 120);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
}

static void two_values(bool knew)
{
	world_plan(&w);
	protocol_term(lesser("low", 0), PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	protocol_term(graver("fast"), PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 100 * S);
	live(&w, 101 * S, knew ? 91 : 97, 140);
	assert_int_equal(state_of(&w, GRAVE), ALARM_ACTIVE);
	live(&w, 102 * S, knew ? 91 : 97, 140);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 110 * S, 91, 140);
	assert_true(w.engine.alarms[LESS].kept_back);
	live(&w, 126 * S, 91, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
}

/* Of another value: handed on if it was so when somebody answered, told if it came after that. */
static void test_another_value(void **state)
{
	(void)state;
	two_values(true);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
	two_values(false);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[LESS].raised.ns > w.engine.alarms[GRAVE].raised.ns, true);
}

/* A first reading of which nobody heard was not answered with the graver one, whenever it came. */
static void test_a_silent_first_reading_was_told_to_nobody(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = lesser("B11", 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_BELOW, 100, 105);
	protocol_confirm(rule, PRIORITY_NONE);
	protocol_term(graver("H2"), PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 140);
	pressure(&w, 90, 60);
	live(&w, 103 * S, 97, 140);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	live(&w, 120 * S, 97, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_PENDING);
	pressure(&w, 91, 60);
	assert_int_equal(changes(&w, LESS, ALARM_RAISED), 1);
}

/* What is taken out has not got better. */
static void test_taken_out_is_not_better(void **state)
{
	(void)state;
	two_values(true);
	live(&w, 160 * S, 97, 70);
	live(&w, 161 * S, 91, 140);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);

	struct event event = make_command(&w, COMMAND_TAKE_OUT);

	event.u.command.u.take_out.duration_s = 120;
	put_text(event.u.command.u.take_out.name, "ecg_hr", NAME_BYTES);
	put_text(event.u.command.u.take_out.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
}

static void pressures(bool latching)
{
	struct plan_rule *rule;

	world_plan(&w);
	rule = lesser("B3", 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 160, 155);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_ABOVE, 100, 95);
	rule->terms[0].worse_step = rule->terms[1].worse_step = 10 * MILLI;
	rule->unattended_ns = 30 * S;
	rule->unattended = PRIORITY_HIGH;
	rule->clear_delay_ns = 0;
	rule = graver("B1");
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_AT_LEAST, 110, 105);
	rule->clear_delay_ns = 0;
	rule->latching = latching;
	w.config.plan.planned_duration_ns = 3600 * S;
	w.config.plan.missing = (struct plan_missing){3600 * S, PRIORITY_LOW, INT64_MAX, PRIORITY_LOW};
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	still(&w, 110 * S);
	pressure(&w, 184, 96);
	assert_int_equal(state_of(&w, GRAVE), ALARM_ACTIVE);
}

/* Nothing latches: nobody has answered, and what is left goes on calling, as it did. */
static void test_unanswered_without_latching(void **state)
{
	(void)state;
	pressures(false);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	still(&w, 120 * S);
	pressure(&w, 165, 97);
	assert_int_equal(changes(&w, LESS, ALARM_EASED), 1);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
	assert_string_equal(w.engine.alarms[LESS].acknowledged_by, "");
	assert_false(mono_is_never(w.engine.audio_paused_until));
}

/* Better and still falling: nobody is called more loudly. Not falling any more, it is a pause criterion like any other.
 */
static void test_falling_does_not_escalate(void **state)
{
	(void)state;
	pressures(false);
	still(&w, 120 * S);
	pressure(&w, 168, 90);
	still(&w, 160 * S);
	pressure(&w, 164, 90);
	still(&w, 195 * S);
	assert_int_equal(w.engine.alarms[LESS].priority, PRIORITY_MEDIUM);
	pressure(&w, 164, 90);
	still(&w, 224 * S);
	assert_int_equal(w.engine.alarms[LESS].priority, PRIORITY_MEDIUM);
	still(&w, 225 * S);
	assert_int_equal(w.engine.alarms[LESS].priority, PRIORITY_HIGH);
}

/* One pressure is better, the other one worse by a step: that was told to nobody. */
static void test_better_and_worse_at_once(void **state)
{
	(void)state;
	pressures(true);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	still(&w, 120 * S);
	pressure(&w, 165, 105);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED); /* by 9 */
	pressures(true);
	assert_int_equal(acknowledge(&w, GRAVE), RESULT_OK);
	w.config.plan.rules[GRAVE].terms[1].clear = 108 * MILLI;
	still(&w, 120 * S);
	pressure(&w, 165, 106);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_ACTIVE);
}

/* A chain: whoever is announced hands on to what is left, whatever was kept back between. */
static void test_a_chain(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	protocol_term(lesser("O1", 0), PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule = graver("O2");
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->superseded_by = RULE_BIT(2);
	protocol_term(graver("O3"), PARAMETER_SPO2, COMPARISON_BELOW, 85, 92);
	world_open(&w, 100 * S);
	live(&w, 101 * S, 80, 70);
	assert_int_equal(state_of(&w, 2), ALARM_ACTIVE);
	assert_int_equal(acknowledge(&w, 2), RESULT_OK);
	live(&w, 117 * S, 92, 70);
	assert_int_equal(state_of(&w, GRAVE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, LESS), ALARM_ACKNOWLEDGED);
	assert_int_equal(w.engine.alarms[LESS].eased_from, 2);
	assert_int_equal(w.engine.alarms[LESS].worst_milli, 80 * MILLI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_answer_is_handed_on),
	    cmocka_unit_test(test_a_pause_is_kept),
	    cmocka_unit_test(test_worse_is_told_again),
	    cmocka_unit_test(test_unanswered_it_waits),
	    cmocka_unit_test(test_lost_while_it_waits),
	    cmocka_unit_test(test_on_its_way_back),
	    cmocka_unit_test(test_a_delay_is_over_with_it),
	    cmocka_unit_test(test_another_value),
	    cmocka_unit_test(test_a_silent_first_reading_was_told_to_nobody),
	    cmocka_unit_test(test_taken_out_is_not_better),
	    cmocka_unit_test(test_unanswered_without_latching),
	    cmocka_unit_test(test_falling_does_not_escalate),
	    cmocka_unit_test(test_better_and_worse_at_once),
	    cmocka_unit_test(test_a_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
