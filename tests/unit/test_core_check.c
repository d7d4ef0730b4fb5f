/* Scheduled checks whose reason comes and goes, and those of a closed session. (The plain schedule is in
 * test_core_session.c.) */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

/* After closing, what is known of the session stays as it was. */
static void test_closed_session_counts_no_checks(void **state)
{
	(void)state;
	static const int64_t times[] = {10 * S, 60 * S};

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 20 * S, 2, times);
	world_open(&w, 100 * S);
	still(&w, 112 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.checks[0].done, 1);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	still(&w, 170 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.checks[0].done, 1);
}

/* The reason for a check goes away while it is late: the next time, and the lateness with it, is left out. */
static void test_late_check_loses_its_reason(void **state)
{
	(void)state;
	static const int64_t times[] = {20 * S, 60 * S, 100 * S};
	struct plan_rule *rule;
	struct plan_check *check;

	world_plan(&w);
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 105);
	rule->phases = 0xff;
	check = world_check(&w, "cadss", PARAMETER_CADSS, ANCHOR_OPEN, 5 * S, 3, times);
	check->with = RULE_BIT(0);
	world_open(&w, 100 * S);
	live(&w, 126 * S, 97, 120);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_ACTIVE);
	live(&w, 159 * S, 97, 70);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_ACTIVE);
	run(&w, 160 * S);
	assert_int_equal(session_changes(&w, SESSION_CHECK), 1);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_INACTIVE);
	assert_int_equal(w.engine.session.checks[0].missed, 1);
	assert_int_equal(w.engine.session.checks[0].due.ns, 200 * S);
	live(&w, 190 * S, 97, 120);
	live(&w, 205 * S, 97, 120);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_ACTIVE);
}

/* A time for which there was no reason at all is left out, and displays are told of the next one. */
static void test_check_without_reason(void **state)
{
	(void)state;
	static const int64_t times[] = {20 * S, 60 * S};
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 105);
	world_check(&w, "cadss", PARAMETER_CADSS, ANCHOR_OPEN, 5 * S, 2, times)->with = RULE_BIT(0);
	world_open(&w, 100 * S);
	live(&w, 119 * S, 97, 70);
	run(&w, 120 * S);
	assert_int_equal(session_changes(&w, SESSION_CHECK), 1);
	assert_int_equal(w.engine.session.checks[0].due.ns, 160 * S);
}

/* Without `early` any reading since the anchor does the first time, and none before its time the second. */
static void test_check_without_early(void **state)
{
	(void)state;
	static const int64_t times[] = {20 * S, 60 * S};

	world_plan(&w);
	world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 20 * S, 2, times)->early_ns = 0;
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.checks[0].done, 1);
	still(&w, 159 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.checks[0].done, 1);
	still(&w, 161 * S);
	pressure(&w, 120, 80);
	assert_int_equal(w.engine.session.checks[0].done, 2);
}

static void late_plan(enum priority late)
{
	static const int64_t times[] = {20 * S, 220 * S, 420 * S};

	world_plan(&w);
	world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 60 * S, 3, times)->late = late;
	world_open(&w, 100 * S);
	still(&w, 121 * S);
}

/* That the cuff fails is told; that its reading is late besides tells nobody anything, but makes it as urgent. */
static void test_a_failing_cuff_is_not_late_as_well(void **state)
{
	(void)state;
	late_plan(PRIORITY_MEDIUM);
	pressure_failed(&w);
	still(&w, 140 * S);
	pressure_failed(&w);
	still(&w, 180 * S - 1);
	assert_int_equal(w.engine.alarms[ALARM_BASE_CUFF_FAILED + CUFF].priority, PRIORITY_LOW);
	assert_int_equal(acknowledge(&w, ALARM_BASE_CUFF_FAILED + CUFF), RESULT_OK);
	still(&w, 180 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[ALARM_BASE_CUFF_FAILED + CUFF].priority, PRIORITY_MEDIUM);
	pressure(&w, 120, 80);
	assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_INACTIVE);
}

static enum result take_out_cuff(void)
{
	struct event event = make_command(&w, COMMAND_TAKE_OUT);

	event.u.command.u.take_out.is_device = true;
	event.u.command.u.take_out.duration_s = 120;
	put_text(event.u.command.u.take_out.name, w.config.devices[CUFF].name, NAME_BYTES);
	put_text(event.u.command.u.take_out.reason, "moves", TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

/* What was late first gives way to the reason; whatever ends that without a reading brings it back at once. */
static void test_late_first_then_failing(void **state)
{
	(void)state;
	late_plan(PRIORITY_LOW);
	still(&w, 180 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_ACTIVE);
	pressure_failed(&w);
	still(&w, 200 * S);
	pressure_failed(&w);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_ACTIVE);
	assert_int_equal(take_out_cuff(), RESULT_OK);
	assert_int_equal(state_of(&w, ALARM_BASE_CUFF_FAILED + CUFF), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_ACTIVE);
}

/* A cuff that is away is told as such; back, it gets its time to bring the reading. */
static void test_a_lost_cuff_is_not_late_as_well(void **state)
{
	(void)state;
	late_plan(PRIORITY_LOW);
	device_is(&w, CUFF, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(w.engine.alarms[ALARM_BASE_DEVICE + CUFF].priority, PRIORITY_MEDIUM);
	still(&w, 200 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_INACTIVE);
	device_is(&w, CUFF, DEVICE_UP, FAULT_NONE);
	assert_int_equal(state_of(&w, ALARM_BASE_DEVICE + CUFF), ALARM_INACTIVE);
	still(&w, 260 * S - 1);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_PENDING);
	still(&w, 260 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), ALARM_ACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_closed_session_counts_no_checks),
	    cmocka_unit_test(test_late_check_loses_its_reason),
	    cmocka_unit_test(test_a_failing_cuff_is_not_late_as_well),
	    cmocka_unit_test(test_late_first_then_failing),
	    cmocka_unit_test(test_a_lost_cuff_is_not_late_as_well),
	    cmocka_unit_test(test_check_without_reason),
	    cmocka_unit_test(test_check_without_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
