/* What an alarm tells of its value, and that it is told again when it gets worse after somebody answered. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

static struct plan_rule *saturation(void)
{
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->terms[0].worse_step = 4 * MILLI;
	rule->phases = 0xff;
	return rule;
}

static void assert_says(const char *words)
{
	char text[TEXT_BYTES + 32];

	engine_condition_text(&w.engine, &w.engine.alarms[0], text, sizeof(text));
	assert_non_null(strstr(text, words));
}

static void test_worse_after_an_answer(void **state)
{
	(void)state;
	(void)saturation();
	world_open(&w, 100 * S);
	spo2(&w, 84);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	spo2(&w, 81); /* not by the whole step */
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	spo2(&w, 88); /* better is no new measure: the answer was given at 84 */
	spo2(&w, 81);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	spo2(&w, 80);
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 1);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_string_equal(w.engine.alarms[0].acknowledged_by, "");
	assert_true(mono_is_never(w.engine.audio_paused_until));
	assert_says("now 80");
	spo2(&w, 60); /* nobody has answered: it sounds already */
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 0);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED); /* 60 was told when it was answered */
	spo2(&w, 57);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 0);
	spo2(&w, 56);
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 1);
}

/* Answered at the very value that was told again: that answer stands. */
static void test_an_answer_to_worse_stands(void **state)
{
	(void)state;
	(void)saturation();
	world_open(&w, 100 * S);
	spo2(&w, 84);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	spo2(&w, 80);
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 1);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 0);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	spo2(&w, 77);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	spo2(&w, 76);
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 1);
}

static void test_no_step_and_no_signal(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct plan_rule *rule = saturation();

		if (i == 0)
			rule->terms[0].worse_step = 0;
		else
			rule->priority = PRIORITY_NONE;
		world_open(&w, 100 * S);
		spo2(&w, 84);
		assert_int_equal(acknowledge(&w, 0), RESULT_OK);
		spo2(&w, 50);
		assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
		assert_int_equal(changes(&w, 0, ALARM_WORSE), 0);
	}
}

/* The other pressure may be the one that gets worse. */
static void test_another_value_of_the_rule(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "B2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 200, 170);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_AT_LEAST, 120, 105);
	rule->terms[0].worse_step = rule->terms[1].worse_step = 10 * MILLI;
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	pressure(&w, 205, 108);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	w.now += 10 * S;
	pressure(&w, 204, 119);
	assert_int_equal(changes(&w, 0, ALARM_WORSE), 1); /* not back at 105, and 11 more than at the answer */
	assert_int_equal(w.engine.alarms[0].parameter, PARAMETER_NIBP_DIA);
	assert_int_equal(w.engine.alarms[0].milli, 119 * MILLI);
}

static void test_values_of_an_alarm(void **state)
{
	(void)state;
	(void)saturation();
	world_open(&w, 100 * S);
	spo2(&w, 84);
	assert_int_equal(w.engine.alarms[0].now_milli, 84 * MILLI);
	assert_int_equal(w.engine.alarms[0].worst_milli, 84 * MILLI);
	spo2(&w, 79);
	spo2(&w, 86);
	assert_int_equal(w.engine.alarms[0].milli, 84 * MILLI); /* when raised */
	assert_int_equal(w.engine.alarms[0].now_milli, 86 * MILLI);
	assert_int_equal(w.engine.alarms[0].worst_milli, 79 * MILLI);
	assert_says("now 86");
	leap(&w, 104 * S); /* stale: nobody knows */
	assert_false(w.engine.alarms[0].has_now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_worse_after_an_answer), cmocka_unit_test(test_an_answer_to_worse_stands),
	    cmocka_unit_test(test_no_step_and_no_signal), cmocka_unit_test(test_another_value_of_the_rule),
	    cmocka_unit_test(test_values_of_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
