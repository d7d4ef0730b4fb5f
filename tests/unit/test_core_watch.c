/* What is judged while no session is open, and what may be said then; closing over an alarm. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

enum { LOW_SPO2, TOO_LOW_SPO2 };

/* One rule that needs a session, and a critical one. */
static void begin(bool watch)
{
	world_plan(&w);
	w.config.plan.watch_without_session = watch;
	world_rule(&w, "O1", PARAMETER_SPO2, COMPARISON_BELOW, 93, 93);
	world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	w.config.plan.rules[TOO_LOW_SPO2].critical = true;
	w.config.plan.rules[TOO_LOW_SPO2].latching = true;
	w.config.plan.rules[TOO_LOW_SPO2].delay_ns = 10 * S;
	w.config.plan.rules[TOO_LOW_SPO2].clear_delay_ns = 5 * S;
	world_begin(&w, 100 * S);
	all_up(&w);
}

static void test_critical_limits_need_no_session(void **state)
{
	(void)state;
	begin(true);
	assert_int_equal(engine_watch(&w.engine), WATCH_NOTHING);
	live(&w, 105 * S, 88, 70);
	assert_int_equal(engine_watch(&w.engine), WATCH_CRITICAL);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_PENDING);
	live(&w, 116 * S, 88, 70);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_ACTIVE);
	assert_int_equal(state_of(&w, LOW_SPO2), ALARM_INACTIVE);
	live(&w, 125 * S, 97, 70);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_LATCHED);
	assert_int_equal(acknowledge(&w, TOO_LOW_SPO2), RESULT_OK);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_INACTIVE);
}

static void test_a_plan_that_does_not_want_it(void **state)
{
	(void)state;
	begin(false);
	live(&w, 130 * S, 70, 30);
	assert_int_equal(engine_watch(&w.engine), WATCH_NOTHING);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_INACTIVE);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(engine_watch(&w.engine), WATCH_SESSION);
}

/* When values stop, nobody knows whether a patient is there: what was raised waits for an answer, nothing else. */
static void test_values_that_stop(void **state)
{
	(void)state;
	begin(true);
	live(&w, 116 * S, 88, 70);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_ACTIVE);
	leap(&w, 200 * S);
	assert_int_equal(engine_watch(&w.engine), WATCH_NOTHING);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_LATCHED);
	begin(true);
	live(&w, 105 * S, 88, 70); /* lost while its delay runs: no alarm without a session */
	leap(&w, 300 * S);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_INACTIVE);
}

/* Opened or closed: each is judged anew, with its whole delay, and with limits of its own. */
static void test_from_session_to_none_and_back(void **state)
{
	(void)state;
	begin(true);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(engine_watch(&w.engine), WATCH_NO_SIGNAL);
	w.engine.session.limit_changed[TOO_LOW_SPO2][0] = true;
	w.engine.session.limits[TOO_LOW_SPO2][0] = 80 * MILLI;
	live(&w, 130 * S, 88, 70);
	assert_int_equal(engine_watch(&w.engine), WATCH_SESSION);
	assert_int_equal(state_of(&w, LOW_SPO2), ALARM_ACTIVE);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_INACTIVE);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(state_of(&w, LOW_SPO2), ALARM_INACTIVE);
	live(&w, 139 * S, 88, 70);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_PENDING);
	live(&w, 142 * S, 88, 70);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_ACTIVE);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(changes(&w, TOO_LOW_SPO2, ALARM_SESSION_ENDED), 1);
	assert_int_equal(state_of(&w, TOO_LOW_SPO2), ALARM_PENDING);
}

/* Before the start nothing is asked but whether somebody answers for a high alarm. */
static void test_closing_over_a_high_alarm(void **state)
{
	struct event event;

	(void)state;
	world_plan(&w);
	world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92)->priority = PRIORITY_HIGH;
	world_open(&w, 100 * S);
	spo2(&w, 80);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_BLOCKED);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_BLOCKED);
	event = make_command(&w, COMMAND_SESSION_CLOSE);
	put_text(event.u.command.u.override.name, "dr.m", NAME_BYTES);
	put_text(event.u.command.u.override.reason, "to the ward", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	assert_string_equal(w.engine.session.close_override.name, "dr.m");
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_BLOCKED);
	spo2(&w, 97);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_critical_limits_need_no_session),
	    cmocka_unit_test(test_a_plan_that_does_not_want_it),
	    cmocka_unit_test(test_values_that_stop),
	    cmocka_unit_test(test_from_session_to_none_and_back),
	    cmocka_unit_test(test_closing_over_a_high_alarm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
