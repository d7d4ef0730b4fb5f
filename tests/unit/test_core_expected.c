/* The expected response against an independent computation in floating point (../shared, if there) and the table of the
 * clinical reference; pauses, early stop, spray devices at their own times; whole numbers only, the same each time. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"

#define MINUTE    (60 * S)
#define T0        (1000 * S)
#define REFERENCE "../shared/vitals-data/reference/pk_reference.csv"

static struct world w;
static int64_t level, low, high; /* of the last expect() */

static bool expect(int64_t since_start_ns)
{
	return engine_expected(&w.engine, at(T0 + since_start_ns), &level, &low, &high);
}

/* Within 2 %, or half a unit of the table's last digit. */
static void assert_near(int64_t ng_per_l, double ng_per_ml, double digit)
{
	double difference = (double)ng_per_l / 1000 - ng_per_ml;

	difference = difference < 0 ? -difference : difference;
	if (difference > 0.02 * ng_per_ml + digit / 2)
		print_error("%g ng/mL instead of %g\n", (double)ng_per_l / 1000, ng_per_ml);
	assert_true(difference <= 0.02 * ng_per_ml + digit / 2);
}

static void open_infusion(int32_t weight_g, int32_t dose_ug, int32_t duration_s)
{
	world_plan(&w);
	w.config.plan.route = ROUTE_IV;
	world_begin(&w, T0);

	struct event event = make_command(&w, COMMAND_SESSION_OPEN);

	event.u.command.u.order.weight_g = weight_g;
	event.u.command.u.order.dose_ug = dose_ug;
	event.u.command.u.order.duration_s = duration_s;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
}

static void open_spray(int devices, int64_t rest_ns)
{
	world_plan(&w);
	w.config.plan.route = ROUTE_SPRAY;
	w.config.plan.planned_duration_ns = 20 * MINUTE;
	w.config.plan.dose.device_ug = 28000;
	w.config.plan.dose.device_rest_ns = rest_ns;
	world_begin(&w, T0);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	for (int i = 0; i < devices; i++) {
		w.now = T0 + i * rest_ns;
		assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_OK);
	}
}

static void test_table(void **state)
{
	(void)state;
	/* Plasma ng/mL, 0.5 mg/kg over 40 min, and spray: clinical reference, section 5. */
	static const int minutes[] = {5, 10, 20, 30, 40, 45, 50, 60, 80, 100, 120, 180, 240};
	static const int kamp[] = {109, 155, 198, 228, 253, 155, 120, 96, 74, 60, 50, 34, 26};
	static const int clements[] = {33, 62, 110, 147, 177, 157, 141, 115, 85, 68, 59, 44, 35};
	static const int spray[][3] = {{10, 37, 37}, {20, 61, 78}, {30, 70, 95},  {40, 73, 101},
	                               {60, 68, 97}, {90, 53, 77}, {120, 40, 58}, {240, 17, 25}};

	for (int32_t kg = 45; kg <= 120; kg += 25) {
		open_infusion(kg * 1000, kg * 500, 2400);
		for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
			assert_true(expect(minutes[i] * MINUTE));
			assert_near(level, kamp[i], 1);
			assert_near(low, kamp[i] < clements[i] ? kamp[i] : clements[i], 1);
			assert_near(high, kamp[i] < clements[i] ? clements[i] : kamp[i], 1);
		}
	}
	for (int devices = 2; devices <= 3; devices++) {
		open_spray(devices, 5 * MINUTE);
		for (size_t i = 0; i < sizeof(spray) / sizeof(spray[0]); i++) {
			assert_true(expect(spray[i][0] * MINUTE));
			assert_near(level, spray[i][devices - 1], 1);
			assert_true(low == level && high == level);
		}
	}
}

/* Column `column` of the reference at every minute it has. */
static void compare_column(int column)
{
	char line[256];
	int rows = 0;
	FILE *file = fopen(REFERENCE, "r");

	if (file == NULL) {
		print_message("skipped: no %s\n", REFERENCE);
		return;
	}
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file) != NULL) {
		double value[7];

		assert_int_equal(sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf", &value[0], &value[1], &value[2], &value[3],
		                        &value[4], &value[5], &value[6]),
		                 7);
		assert_true(expect((int64_t)value[0] * MINUTE));
		assert_near(level, value[column], 0.1);
		rows++;
	}
	assert_int_equal(fclose(file), 0);
	assert_true(rows > 200);
}

static void test_reference(void **state)
{
	(void)state;
	open_infusion(70000, 35000, 2400);
	compare_column(3);
	/* Clements is the lower curve until shortly after the end and the upper one from then on. */
	for (int minute = 1; minute < 40; minute++) {
		assert_true(expect(minute * MINUTE));
		assert_true(low < level && high == level);
	}
	assert_true(expect(60 * MINUTE) && low == level && high > level);
	for (int devices = 1; devices <= 3; devices++) {
		open_spray(devices, 5 * MINUTE);
		compare_column(3 + devices);
	}
}

static void test_pause_and_stop(void **state)
{
	(void)state;
	open_infusion(70000, 35000, 2400);
	w.config.plan.planned_duration_ns = 40 * MINUTE;
	assert_true(expect(20 * MINUTE));

	int64_t unbroken = level;

	w.now = T0 + 20 * MINUTE;
	assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
	assert_true(expect(20 * MINUTE) && level == unbroken); /* the past stays */
	assert_true(expect(25 * MINUTE) && level < unbroken * 70 / 100);

	int64_t paused = level;

	w.now = T0 + 25 * MINUTE;
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK);
	assert_true(expect(25 * MINUTE) && level == paused);
	assert_true(expect(35 * MINUTE) && level > paused);

	int64_t resumed = level;

	w.now = T0 + 35 * MINUTE;
	assert_int_equal(order(&w, COMMAND_SESSION_STOP), RESULT_OK);
	assert_true(expect(35 * MINUTE) && level == resumed);
	/* After a stop the model predicts -39 % in 5 min at the end of 40; about as much here. */
	assert_true(expect(40 * MINUTE) && level < resumed * 70 / 100 && level > resumed * 50 / 100);
}

static void test_dose_is_proportional(void **state)
{
	(void)state;
	/* Error cases of the clinical reference: ten times the dose; the dose in 4 minutes instead of 40. */
	open_infusion(70000, 350000, 2400);
	assert_true(expect(40 * MINUTE));
	assert_near(level, 2530, 10);
	open_infusion(70000, 35000, 240);
	assert_true(expect(4 * MINUTE));
	assert_near(level, 951, 10);
}

static void test_device_between_steps(void **state)
{
	(void)state;
	/* A device given at an odd instant: its first minute looks like that of any other. */
	open_spray(1, 0);
	assert_true(expect(1 * MINUTE));

	int64_t first = level;

	open_spray(2, 3 * MINUTE + 4 * S + 567 * MS);
	assert_true(expect(3 * MINUTE + 4 * S + 567 * MS));

	int64_t before = level;

	assert_true(expect(4 * MINUTE + 4 * S + 567 * MS));
	assert_true(level - before > first && level - before < 2 * first);
	for (int64_t t = 0; t < 10 * MINUTE; t += 777 * MS) { /* rises without a jump */
		assert_true(expect(t));
		before = level;
		assert_true(expect(t + 777 * MS));
		assert_true(level >= before && level - before < 200);
	}
}

static void test_when_there_is_none(void **state)
{
	(void)state;
	open_infusion(0, 35000, 2400);
	assert_false(expect(MINUTE)); /* weight not known */
	open_infusion(70000, 0, 2400);
	assert_false(expect(MINUTE)); /* dose not known */
	open_infusion(70000, 35000, 2400);
	assert_true(expect(0));
	assert_int_equal(level, 0);
	assert_true(expect(24 * 60 * MINUTE));
	assert_true(level < 2000);
	assert_false(expect(24 * 60 * MINUTE + MS));
	w.config.plan.route = ROUTE_NONE;
	assert_false(expect(MINUTE));
	assert_int_equal(level, 0);
	world_plan(&w);
	w.config.plan.route = ROUTE_SPRAY;
	w.config.plan.dose.device_ug = 28000;
	world_open(&w, T0);
	assert_false(expect(MINUTE)); /* not started */
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_WRONG_STATE);
	assert_false(expect(MINUTE));      /* no device given */
	open_infusion(20000, 1000000, 60); /* the most there can be: no overflow */
	assert_true(expect(MINUTE));
	assert_true(level > 100000000 && level < 200000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_reference),
	    cmocka_unit_test(test_pause_and_stop),
	    cmocka_unit_test(test_dose_is_proportional),
	    cmocka_unit_test(test_device_between_steps),
	    cmocka_unit_test(test_when_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
