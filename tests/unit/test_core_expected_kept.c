/* The expected response is carried on within engine_step and costs the same at the end of a day: to the last nanogram
 * what an integration from T0 gives (expected_oracle.h), whatever was paused, stopped or given in between, and however
 * often the engine was stepped. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"
#include "tests/unit/expected_oracle.h"

#define MINUTE (60 * S)
#define T0     (1000 * S + 123456789)
#define DAY    (86400 * S)

static struct world w, late;
static uint64_t draws, compared;

/* xorshift64*, so that every machine draws the same. */
static int64_t draw(int64_t below)
{
	draws ^= draws >> 12;
	draws ^= draws << 25;
	draws ^= draws >> 27;
	return (int64_t)((draws * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

static void assert_as_from_the_start(int64_t ahead_ns)
{
	struct mono then = at(w.now + ahead_ns);
	int64_t is[3], must[3];
	bool known = engine_expected(&w.engine, then, &is[0], &is[1], &is[2]);

	assert_int_equal(known, from_the_start(&w.engine, then, &must[0], &must[1], &must[2]));
	assert_memory_equal(is, must, sizeof(is));
	compared += known;
}

static void override(struct event *event)
{
	if (event->u.command.command != COMMAND_DEVICE_GIVEN)
		return;
	put_text(event->u.command.u.override.name, "dr.m", NAME_BYTES);
	put_text(event->u.command.u.override.reason, "x", TEXT_BYTES);
}

/* Opened, and after a while T0. */
static void begin(enum route route)
{
	world_plan(&w);
	w.config.plan.route = route;
	w.config.plan.planned_duration_ns = (1 + draw(60)) * MINUTE + draw(1000) * MS;
	w.config.plan.dose.device_ug = route == ROUTE_SPRAY ? 28000 : 0;
	world_begin(&w, T0);

	struct event event = make_command(&w, COMMAND_SESSION_OPEN);

	event.u.command.u.order.weight_g = 45000 + (int32_t)draw(80000);
	event.u.command.u.order.dose_ug = 1000 + (int32_t)draw(100000);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	w.now += draw(3 * MINUTE);
	event = make_command(&w, route == ROUTE_SPRAY ? COMMAND_DEVICE_GIVEN : COMMAND_SESSION_START);
	override(&event);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
}

/* What people do, right or not: pauses, a stop, a device. */
static void act(void)
{
	static const enum command commands[] = {COMMAND_SESSION_PAUSE, COMMAND_SESSION_RESUME, COMMAND_SESSION_RESUME,
	                                        COMMAND_SESSION_PAUSE, COMMAND_DEVICE_GIVEN,   COMMAND_SESSION_STOP};
	struct event event = make_command(&w, commands[draw(draw(8) == 0 ? 6 : 5)]);

	override(&event);
	world_step(&w, &event);
	assert_true(reply(&w) == RESULT_OK || reply(&w) == RESULT_WRONG_STATE);
}

static void test_equals_an_integration_from_the_start(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		enum route route = seed % 2 == 0 ? ROUTE_SPRAY : ROUTE_IV;

		draws = seed * UINT64_C(0x9e3779b97f4a7c15);
		begin(route);
		for (int i = 0; i < 60; i++) {
			int64_t gap = draw(4) == 0 ? draw(20 * MINUTE) : draw(30 * S);

			run(&w, w.now + gap);
			assert_as_from_the_start(0);
			assert_as_from_the_start(draw(10 * MINUTE));
			act();
			assert_as_from_the_start(0);
		}
		run(&w, w.now + 3 * 3600 * S);
		assert_as_from_the_start(0);
	}
	assert_true(compared > 5000);
}

/* A question costs what has passed since the last instant that was kept; that is never more than five minutes. */
static void test_no_question_goes_far_back(void **state)
{
	(void)state;
	static const enum route routes[] = {ROUTE_IV, ROUTE_SPRAY};

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		draws = 77;
		begin(routes[i]);

		int64_t started = w.now;

		late = w;
		late.engine.config = &late.config;
		for (int64_t t = 7 * S; t <= DAY + MINUTE; t += 97 * S) {
			run(&w, started + t);
			assert_true(t > DAY || t / MS - w.engine.session.expected.at_ms <= 310 * 1000);
		}
		leap(&late, w.now); /* one step instead of many */
		late.engine.config = w.engine.config;
		assert_memory_equal(&late.engine.session.expected, &w.engine.session.expected,
		                    sizeof(w.engine.session.expected));
		w.now = started + DAY;
		assert_as_from_the_start(0);
		assert_as_from_the_start(1 * MS); /* none any more */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equals_an_integration_from_the_start),
	    cmocka_unit_test(test_no_question_goes_far_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
