/* What staff know and tell the monitor: that help is needed, that oxygen is given. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"

static struct world w;

/* Until somebody answers, session or not; a second call changes nothing. */
static void test_call_help(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	assert_int_equal(order(&w, COMMAND_CALL_HELP), RESULT_OK);
	assert_int_equal(changes(&w, ALARM_BASE_HELP, ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[ALARM_BASE_HELP].priority, PRIORITY_HIGH);
	assert_int_equal(order(&w, COMMAND_CALL_HELP), RESULT_OK);
	assert_int_equal(changes(&w, ALARM_BASE_HELP, ALARM_RAISED), 0);
	run(&w, 3600 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(state_of(&w, ALARM_BASE_HELP), ALARM_ACTIVE);
	assert_int_equal(acknowledge(&w, ALARM_BASE_HELP), RESULT_OK);
	assert_int_equal(state_of(&w, ALARM_BASE_HELP), ALARM_INACTIVE);
	assert_string_equal(w.engine.alarms[ALARM_BASE_HELP].acknowledged_by, "nurse1");
}

static enum result oxygen(int32_t ml_per_min)
{
	struct event event = make_command(&w, COMMAND_OXYGEN);

	event.u.command.u.oxygen_ml_per_min = ml_per_min;
	world_step(&w, &event);
	return reply(&w);
}

static void test_oxygen(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	assert_int_equal(oxygen(2000), RESULT_NO_SESSION);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_false(w.engine.session.oxygen.told);
	assert_int_equal(oxygen(-1), RESULT_OUT_OF_RANGE);
	assert_int_equal(oxygen(OXYGEN_ML_PER_MIN_MAX + 1), RESULT_OUT_OF_RANGE);
	assert_int_equal(oxygen(2000), RESULT_OK);
	assert_int_equal(w.engine.session.oxygen.ml_per_min, 2000);
	assert_string_equal(w.engine.session.oxygen.by, "nurse1");
	assert_int_equal(oxygen(0), RESULT_OK);
	assert_true(w.engine.session.oxygen.told);
	assert_int_equal(w.engine.session.oxygen.ml_per_min, 0);
	/* The next patient breathes what nobody has said yet. */
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_false(w.engine.session.oxygen.told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_call_help),
	    cmocka_unit_test(test_oxygen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
