/* Random bedsides and events from fixed seeds, with the oracle after every step; and late steps against punctual ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_oracle.h"

#define RUNS  150
#define BYTES 6000

static struct world w, late;
static struct shadow shadow;
static uint8_t bytes[BYTES];

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

static void begin(struct source *source, uint64_t seed)
{
	fill(seed);
	*source = (struct source){bytes, BYTES, 0};
	random_plan(source, &w);
	world_begin(&w, 1 * S);
	memset(&shadow, 0, sizeof(shadow));
}

static void test_invariants(void **state)
{
	(void)state;
	static uint64_t reached[ALARM_STATE_COUNT];
	uint64_t steps = 0, raised[CONDITION_KIND_COUNT] = {0};

	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct source source;

		begin(&source, seed);
		while (!source_empty(&source)) {
			struct event event;

			w.now = random_instant(&source, &w);
			random_event(&source, &w, &event);
			engine_step(&w.engine, &event, at(w.now), &w.actions);
			steps++;

			const char *wrong = oracle(&shadow, &w.engine, &event, &w.actions);

			if (wrong != NULL)
				print_error("seed %llu, byte %zu: %s\n", (unsigned long long)seed, source.at, wrong);
			assert_null(wrong);
			for (int id = 0; id < ALARMS_MAX; id++) {
				reached[w.engine.alarms[id].state]++;
				raised[w.engine.alarms[id].kind] += changes(&w, id, ALARM_RAISED) > 0;
			}
		}
	}
	/* The runs were about something. */
	assert_true(steps > 20000);
	for (int s = 0; s < ALARM_STATE_COUNT; s++)
		assert_true(reached[s] > 1000);
	for (int k = 0; k < CONDITION_KIND_COUNT; k++)
		assert_true(raised[k] > 20);
}

/* One engine gets a tick at every deadline, the other only the events. They come to the same bytes. Cuff commands are
 * left out: they go out when a step notices that they are due, and a late one goes out once. */
static void test_late_steps_decide_alike(void **state)
{
	(void)state;
	const struct event nothing = {.kind = EVENT_TICK};
	uint64_t compared = 0, ticks = 0;

	for (uint64_t seed = 1000; seed < 1000 + RUNS; seed++) {
		struct source source;

		begin(&source, seed);
		for (int d = 0; d < w.config.device_count; d++)
			w.config.devices[d].cuff_command = false;
		late = w;
		while (!source_empty(&source)) {
			struct event event;
			int64_t next = w.now + take(&source) * 10 * MS * (pick(&source, 16) == 0 ? 100 : 1);

			for (struct mono d = engine_deadline(&w.engine); d.ns < next; d = engine_deadline(&w.engine)) {
				engine_step(&w.engine, &nothing, d, &w.actions);
				ticks++;
			}
			w.now = next;
			random_event(&source, &w, &event);
			event.wall_ns = 0; /* a stamp of the step, so not the same */
			engine_step(&w.engine, &event, at(next), &w.actions);
			engine_step(&late.engine, &event, at(next), &late.actions);
			if (memcmp(&w.engine, &late.engine, sizeof(w.engine)) != 0)
				print_error("seed %llu, byte %zu\n", (unsigned long long)seed, source.at);
			assert_memory_equal(&w.engine, &late.engine, sizeof(w.engine));
			compared++;
		}
	}
	assert_true(compared > 20000);
	assert_true(ticks > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_invariants),
	    cmocka_unit_test(test_late_steps_decide_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
