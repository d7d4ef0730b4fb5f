/* Where time begins means nothing to the core: a run whose times are all moved by the same amount decides the same, up
 * to that amount. So a session can be taken up again on a computer whose clock has started anew, with instants before
 * its start. Random bedsides and events, as in test_core_random.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_oracle.h"

#define RUNS  20
#define BYTES 6000
#define BEGIN (1 * S)

static struct world w, moved;
static uint8_t bytes[BYTES];

static void move(struct mono *at, int64_t by)
{
	if (!mono_is_never(*at))
		at->ns += by;
}

static void move_alarm(struct alarm *alarm, int64_t by)
{
	move(&alarm->violated, by);
	move(&alarm->gap_since, by);
	move(&alarm->cleared, by);
	move(&alarm->raised, by);
	move(&alarm->acknowledged, by);
	move(&alarm->changed, by);
}

static void move_session(struct session *session, int64_t by)
{
	struct mono *const instants[] = {&session->opened_at,   &session->started_at,  &session->ended_at,
	                                 &session->paused_at,   &session->recheck_due, &session->urgent_until,
	                                 &session->oxygen.since};

	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++)
		move(instants[i], by);
	for (int i = 0; i < BASELINE_RATES; i++)
		move(&session->baseline.rate_at[i], by);
	for (int i = 0; i < PLAN_CHECKS_MAX; i++) {
		move(&session->checks[i].due, by);
		move(&session->checks[i].overdue_since, by);
	}
	for (int i = 0; i < GIVEN_MAX; i++)
		move(&session->given[i].at, by);
	for (int i = 0; i < PAUSES_MAX; i++) {
		move(&session->pause_from[i], by);
		move(&session->pause_to[i], by);
	}
}

static void move_device(struct engine_device_state *device, int64_t by)
{
	struct mono *const instants[] = {
	    &device->last_frame,        &device->heard,           &device->fine_since,   &device->lost_since,
	    &device->cuff_requested_at, &device->cuff_rest_until, &device->mask_until,   &device->lost_at[0],
	    &device->lost_at[1],        &device->lost_at[2],      &device->others_until, &device->others_at};

	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++)
		move(instants[i], by);
}

/* Every instant that the engine knows. */
static void move_engine(struct engine *engine, int64_t by)
{
	move(&engine->now, by);
	move(&engine->watched_since, by);
	move(&engine->audio_paused_until, by);
	for (int i = 0; i < PARAMETER_COUNT; i++) {
		move(&engine->parameters[i].latest.determined, by);
		move(&engine->parameters[i].missing_since, by);
		move(&engine->parameters[i].valued, by);
		move(&engine->parameters[i].good.determined, by);
		move(&engine->parameters[i].dead_since, by);
	}
	for (int i = 0; i < DEVICES_MAX; i++)
		move_device(&engine->devices[i], by);
	move_session(&engine->session, by);
	for (int i = 0; i < ALARMS_MAX; i++)
		move_alarm(&engine->alarms[i], by);
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		move(&engine->taken_out[i].until, by);
	for (int i = 0; i < PLAN_RULES_MAX; i++) {
		move(&engine->rules[i].confirm_at, by);
		move(&engine->rules[i].determined, by);
		move(&engine->rules[i].established, by);
		move(&engine->rules[i].unattended_since, by);
		move(&engine->rules[i].onset.again, by);
		for (int k = 0; k < RULE_REPEATS_MAX; k++)
			move(&engine->rules[i].onsets[k], by);
	}
	move(&engine->no_vital_sign.again, by);
	for (int i = 0; i < DISPLAYS_MAX; i++) {
		move(&engine->displays[i].heard, by);
		move(&engine->displays[i].shown, by);
	}
}

static void move_event(struct event *event, int64_t by)
{
	if (event->kind == EVENT_MEASUREMENTS)
		for (int i = 0; i < EVENT_MEASUREMENTS_MAX; i++)
			move(&event->u.measurements.list[i].determined, by);
	if (event->kind == EVENT_COMMAND && event->u.command.command == COMMAND_RECEIPT)
		move(&event->u.command.u.receipt.shown, by);
}

static void assert_same(int64_t by)
{
	static struct engine back;

	back = moved.engine;
	back.config = w.engine.config;
	move_engine(&back, -by);
	assert_memory_equal(&back, &w.engine, sizeof(back));
	assert_int_equal(moved.actions.count, w.actions.count);
	for (uint16_t i = 0; i < w.actions.count; i++) {
		struct action action = moved.actions.list[i];

		if (action.kind == ACTION_ALARM)
			move_alarm(&action.u.alarm.alarm, -by);
		assert_memory_equal(&action, &w.actions.list[i], sizeof(action));
	}
}

/* xorshift64*, so that every machine draws the same. */
static void fill(uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (int i = 0; i < BYTES; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		bytes[i] = (uint8_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 56);
	}
}

static uint64_t run_moved(uint64_t seed, int64_t by)
{
	struct source source = {bytes, BYTES, 0};
	uint64_t raised = 0;

	fill(seed);
	random_plan(&source, &w);
	moved = w;
	world_begin(&w, BEGIN);
	world_begin(&moved, BEGIN + by);
	while (!source_empty(&source)) {
		struct event event;
		struct mono deadline, moved_deadline = engine_deadline(&moved.engine);

		move(&moved_deadline, -by);
		deadline = engine_deadline(&w.engine);
		assert_int_equal(deadline.ns, moved_deadline.ns);
		w.now = random_instant(&source, &w);
		random_event(&source, &w, &event);
		engine_step(&w.engine, &event, at(w.now), &w.actions);
		move_event(&event, by);
		engine_step(&moved.engine, &event, at(w.now + by), &moved.actions);
		assert_same(by);
		for (uint16_t i = 0; i < w.actions.count; i++)
			raised += w.actions.list[i].kind == ACTION_ALARM;
	}
	return raised;
}

static void test_moved_times_decide_alike(void **state)
{
	(void)state;
	/* Begins at 0, a little after, around a day and a year, far away, and before the origin. */
	static const int64_t offsets[] = {-BEGIN,
	                                  1,
	                                  S,
	                                  86400 * S,
	                                  31536000 * S,
	                                  INT64_C(1000000000000000000),
	                                  -10 * S,
	                                  -86400 * S,
	                                  -INT64_C(1000000000000000000)};
	uint64_t raised = 0;

	for (uint64_t seed = 2000; seed < 2000 + RUNS; seed++)
		for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
			raised += run_moved(seed, offsets[i]);
	assert_true(raised > 20000); /* the runs were about something */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_moved_times_decide_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
