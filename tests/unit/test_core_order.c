/* What people order, at the edges: names, limits, ages, second persons, what is taken out and which rules that touches.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

/* Names and reasons of one letter are names and reasons. */
static void test_short_names_and_reasons(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct event event;

	world_plan(&w);
	rule = protocol_rule(&w, "O1", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->critical = true;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 70);
	event = make_command(&w, COMMAND_LIMIT);
	put_text(event.u.command.u.limit.rule, "O1", NAME_BYTES);
	event.u.command.u.limit.limit = 92 * MILLI;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE);
	put_text(event.u.command.u.limit.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_SECOND_PERSON);
	put_text(event.u.command.u.limit.second_person, "b", NAME_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "spo2", NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_BLOCKED);
	put_text(event.u.command.u.take_out.override.name, "d", NAME_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE); /* a name, but no reason */
	put_text(event.u.command.u.take_out.override.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
}

static enum result limit_of(const char *rule, int32_t milli)
{
	struct event event = make_command(&w, COMMAND_LIMIT);

	put_text(event.u.command.u.limit.rule, rule, NAME_BYTES);
	event.u.command.u.limit.limit = milli;
	world_step(&w, &event);
	return reply(&w);
}

/* Tighter is free as far as the values can go, and only for terms that there are. */
static void test_limits_at_the_ends(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct event event;

	world_plan(&w);
	rule = protocol_rule(&w, "H1", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 110);
	rule = protocol_rule(&w, "H3", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_BELOW, 50, 50);
	rule = protocol_rule(&w, "H5", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 20, 20);
	rule->terms[0].reference = REFERENCE_DIFFERENCE;
	rule->terms[0].other = PARAMETER_PULSE;
	world_open(&w, 100 * S);
	assert_int_equal(limit_of("H5", -1), RESULT_OUT_OF_RANGE);
	assert_int_equal(limit_of("H5", 0), RESULT_OK);
	assert_int_equal(limit_of("H1", -1), RESULT_OUT_OF_RANGE);
	assert_int_equal(limit_of("H1", 0), RESULT_OK);
	assert_int_equal(limit_of("H3", 350 * MILLI + 1), RESULT_OUT_OF_RANGE);
	assert_int_equal(limit_of("H3", 350 * MILLI), RESULT_OK);
	event = make_command(&w, COMMAND_LIMIT);
	put_text(event.u.command.u.limit.rule, "H1", NAME_BYTES);
	put_text(event.u.command.u.limit.term, "spo2", NAME_BYTES); /* H1 does not look at it */
	event.u.command.u.limit.limit = 100 * MILLI;
	put_text(event.u.command.u.limit.second_person, "b", NAME_BYTES);
	put_text(event.u.command.u.limit.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_UNKNOWN_NAME);
}

static enum result open_with_second(const char *second)
{
	struct event event;

	world_plan(&w);
	w.config.plan.dose.max_ug_per_kg = 1000;
	world_begin(&w, 100 * S);
	event = make_command(&w, COMMAND_SESSION_OPEN);
	event.u.command.u.order.weight_g = 70000;
	event.u.command.u.order.dose_ug = 350000; /* ten times what was meant */
	put_text(event.u.command.u.order.second_person, second, NAME_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

static void test_second_person_of_a_dose(void **state)
{
	(void)state;
	assert_int_equal(open_with_second(""), RESULT_SECOND_PERSON);
	assert_int_equal(open_with_second("nurse1"), RESULT_SECOND_PERSON); /* the same one */
	assert_int_equal(open_with_second("/"), RESULT_OUT_OF_RANGE);
	assert_int_equal(open_with_second("b"), RESULT_OK);
	assert_int_equal(open_with_second("AZaz09._-"), RESULT_OK);
	for (const char *wrong = "@[`{:/ "; *wrong != '\0'; wrong++)
		assert_int_equal(open_with_second((const char[]){'a', *wrong, '\0'}), RESULT_OUT_OF_RANGE);

	world_plan(&w);
	w.config.plan.dose.allowed_count = 1;
	w.config.plan.dose.allowed_ug[0] = 56000;
	world_open(&w, 100 * S);
	assert_true(w.engine.session.open); /* no dose was given, so none is wrong */
}

static void test_age_of_an_order(void **state)
{
	(void)state;
	for (int age = 129; age <= 131; age++) {
		struct event event;

		world_plan(&w);
		world_begin(&w, 100 * S);
		event = make_command(&w, COMMAND_SESSION_OPEN);
		event.u.command.u.order.age_years = age;
		world_step(&w, &event);
		assert_int_equal(reply(&w), age <= 130 ? RESULT_OK : RESULT_OUT_OF_RANGE);
	}
}

/* Nobody starts with a critical rule that sees nothing. */
static void test_taken_out_blocks_the_start(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct event event;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->critical = true;
	world_begin(&w, 100 * S);
	all_up(&w);
	event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "spo2", NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "probe broken", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK); /* no session: nobody is at risk */
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_true(blocked_by(&w, "taken-out"));
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	still(&w, 160 * S);
	assert_false(blocked_by(&w, "taken-out"));
}

/* Nor in a room that could never answer it, and that is said for itself: "any" takes one source, "all" takes each. */
static void test_a_critical_rule_without_a_source_blocks_the_start(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "C4", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_ETCO2, COMPARISON_ABOVE, 70, 65);
	protocol_term(rule, PARAMETER_HEART_RATE, COMPARISON_ABOVE, 130, 125);
	assert_false(engine_without_source(&w.config, 0)); /* not critical */
	rule->critical = true;
	assert_false(engine_without_source(&w.config, 0)); /* any: the ECG, or the oximeter's pulse, is enough */
	rule->combination = COMBINATION_ALL;
	assert_true(engine_without_source(&w.config, 0));
	world_open(&w, 100 * S);
	assert_true(blocked_by(&w, "no-source"));
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	w.config.devices[ECG].provides |= PARAMETER_BIT(PARAMETER_ETCO2);
	assert_false(blocked_by(&w, "no-source"));
	w.config.devices[ECG].provides = 0;
	w.config.devices[OXIMETER].provides = PARAMETER_BIT(PARAMETER_SPO2);
	rule->combination = COMBINATION_ANY;
	assert_true(blocked_by(&w, "no-source"));
	rule->optional = true; /* staff look */
	assert_false(blocked_by(&w, "no-source"));
	rule->optional = false;
	w.config.plan.demo = true;
	assert_false(blocked_by(&w, "no-source"));
}

static enum result take_out(const char *parameter)
{
	struct event event = make_command(&w, COMMAND_TAKE_OUT);

	put_text(event.u.command.u.take_out.name, parameter, NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "repair", TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_short_names_and_reasons),
	    cmocka_unit_test(test_limits_at_the_ends),
	    cmocka_unit_test(test_second_person_of_a_dose),
	    cmocka_unit_test(test_age_of_an_order),
	    cmocka_unit_test(test_taken_out_blocks_the_start),
	    cmocka_unit_test(test_a_critical_rule_without_a_source_blocks_the_start),
	    cmocka_unit_test(test_taken_out_touches_its_own_rules),
	    cmocka_unit_test(test_one_term_blinds_a_rule_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
