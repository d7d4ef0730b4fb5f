/* The black box: a ring that holds the newest events, checkpoints that never run ahead of the record, and an engine
 * that is, after its process was killed between any two instructions, the one that was never killed. Seeded; the killed
 * processes are children of this program. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/record/box.h"
#include "daemon/record/event_code.h"
#include "tests/unit/core_oracle.h"
#include "tests/unit/wait.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KILLS 60 /* what they look for shows in a few */
#else
#define KILLS 500
#endif
#define BYTES 6000

static char directory[] = "/tmp/vitalsd-box-XXXXXX", path[64];
static struct world w;
static uint8_t bytes[BYTES];
static struct engine restored;
static struct actions unused;

static uint64_t random_next(uint64_t *x)
{
	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return *x * UINT64_C(0x2545f4914f6cdd1d);
}

static void begin(struct source *source, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (int i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(random_next(&x) >> 56);
	*source = (struct source){bytes, BYTES, 0};
	random_plan(source, &w);
	world_begin(&w, 1 * S);
}

static struct box_identity identity(void)
{
	return (struct box_identity){.build = "b", .boot = "1", .engine_bytes = sizeof(struct engine)};
}

/* The next event that has bytes; 0 never: the source begins again when it is empty. */
static size_t next_event(struct source *source, struct event *event, uint8_t code[EVENT_BYTES_MAX])
{
	for (;;) {
		if (source_empty(source))
			source->at = 0;
		w.now = random_instant(source, &w);
		random_event(source, &w, event);
		size_t size = event_encode(code, EVENT_BYTES_MAX, event, at(w.now), &w.config);
		if (size > 0)
			return size;
	}
}

/* ---- the ring --------------------------------------------------------------------------------- */

static struct box *make_box(void)
{
	char why[BOX_WHY_BYTES];
	const struct box_identity who = identity();
	struct box *box = box_create(path, &who, why);
	assert_non_null(box);
	assert_string_equal(why, "");
	assert_true(box_publish(box, path));
	return box;
}

static size_t size_of(uint64_t number)
{
	return 20 + number * 37 % (EVENT_BYTES_MAX - 20);
}

static void expect_bytes(const uint8_t *read, size_t size, uint64_t number)
{
	assert_int_equal(size, size_of(number));
	for (size_t i = 0; i < size; i++)
		assert_int_equal(read[i], (uint8_t)(number + i));
}

static void test_the_ring_keeps_the_newest(void **state)
{
	(void)state;
	struct box *box = make_box();
	struct box_place behind = {0}, along = {0}, from = {.number = 70000};
	uint8_t event[EVENT_BYTES_MAX];
	for (uint64_t number = 7; number < 100000; number++) {
		for (size_t i = 0; i < size_of(number); i++)
			event[i] = (uint8_t)(number + i);
		box_append(box, number, event, size_of(number));
		size_t size = box_next(box, &along, event, sizeof(event));
		assert_int_equal(along.number, number);
		expect_bytes(event, size, number);
		assert_int_equal(box_next(box, &along, event, sizeof(event)), 0);
		assert_int_equal(box_newest(box), number);
	}
	/* Whoever stayed behind goes on with the oldest that is left. */
	uint64_t count = 0, oldest = box_oldest(box);
	assert_true(oldest > 7 && box_newest(box) - oldest > BOX_RING_BYTES / (EVENT_BYTES_MAX + 40));
	for (size_t size; (size = box_next(box, &behind, event, sizeof(event))) > 0; count++) {
		assert_int_equal(behind.number, oldest + count);
		expect_bytes(event, size, behind.number);
	}
	assert_int_equal(behind.number, 99999);
	assert_true(box_next(box, &from, event, sizeof(event)) > 0);
	assert_int_equal(from.number, oldest > 70001 ? oldest : 70001);
	box_close(box);
}

static void test_one_checkpoint_stays_behind_the_record(void **state)
{
	(void)state;
	struct box *box = make_box();
	struct engine engine;
	memset(&engine, 0, sizeof(engine));
	for (uint64_t number = 1; number <= 5; number++) {
		engine.now.ns = (int64_t)number;
		bool taken = box_checkpoint(box, number, &engine, sizeof(engine));
		assert_int_equal(taken, number <= 2);
	}
	assert_int_equal(box_restore(box, UINT64_MAX, &restored, sizeof(restored)), 2);
	assert_int_equal(restored.now.ns, 2);
	assert_int_equal(box_restore(box, 1, &restored, sizeof(restored)), 1);
	assert_int_equal(box_restore(box, 0, &restored, sizeof(restored)), 0);
	box_recorded(box, 2);
	assert_true(box_checkpoint(box, 6, &engine, sizeof(engine)));
	assert_int_equal(box_restore(box, 5, &restored, sizeof(restored)), 2);
	assert_int_equal(box_restore(box, UINT64_MAX, &restored, sizeof(restored)), 6);
	box_close(box);
}

/* ---- damage ----------------------------------------------------------------------------------- */

/* What is read is what was written, or is not read. */
static void expect_nothing_false(uint64_t *refused)
{
	char why[BOX_WHY_BYTES];
	struct box *box = box_open(path, why);
	uint8_t event[EVENT_BYTES_MAX];
	if (box == NULL) {
		assert_true(why[0] != '\0');
		(*refused)++;
		return;
	}
	uint64_t number = box_restore(box, UINT64_MAX, &restored, sizeof(restored));
	if (number != 0)
		assert_int_equal(restored.now.ns, number);
	struct box_place place = {0};
	for (size_t size; (size = box_next(box, &place, event, sizeof(event))) > 0;)
		expect_bytes(event, size, place.number);
	box_close(box);
}

static void test_damage_is_seen(void **state)
{
	(void)state;
	struct box *box = make_box();
	struct engine engine;
	uint8_t event[EVENT_BYTES_MAX];
	uint64_t refused = 0;
	memset(&engine, 0, sizeof(engine));
	for (uint64_t number = 1; number <= 30; number++) {
		for (size_t i = 0; i < size_of(number); i++)
			event[i] = (uint8_t)(number + i);
		box_append(box, number, event, size_of(number));
		engine.now.ns = (int64_t)number;
		if (number <= 2)
			assert_true(box_checkpoint(box, number, &engine, sizeof(engine)));
	}
	box_close(box);
	int fd = open(path, O_RDWR);
	struct stat status;
	assert_int_equal(fstat(fd, &status), 0);
	off_t ring = status.st_size - BOX_RING_BYTES;
	for (off_t i = 0; i < ring + 6000; i = i == 1000           ? 4096
	                                       : i == 4196         ? ring - 70000
	                                       : i == ring - 69900 ? ring
	                                                           : i + 1) {
		uint8_t before, after;
		assert_int_equal(pread(fd, &before, 1, i), 1);
		after = before ^ (uint8_t)(1 << i % 8);
		assert_int_equal(pwrite(fd, &after, 1, i), 1);
		expect_nothing_false(&refused);
		assert_int_equal(pwrite(fd, &before, 1, i), 1);
	}
	assert_true(refused > 200);
	refused = 0;
	assert_int_equal(ftruncate(fd, status.st_size - 4096), 0);
	expect_nothing_false(&refused);
	assert_int_equal(refused, 1);
	assert_int_equal(close(fd), 0);
}

/* ---- killed ----------------------------------------------------------------------------------- */

/* The child: as the daemon does it, without an end. */
static void run_until_killed(uint64_t seed)
{
	struct source source;
	struct event event;
	uint8_t code[EVENT_BYTES_MAX];
	begin(&source, seed);
	struct box *box = make_box();
	(void)box_checkpoint(box, 1, &w.engine, sizeof(w.engine));
	box_recorded(box, 1);
	for (uint64_t number = 2;; number++) {
		size_t size = next_event(&source, &event, code);
		box_append(box, number, code, size);
		engine_step(&w.engine, &event, at(w.now), &w.actions);
		if (number % 7 == 0)
			(void)box_checkpoint(box, number, &w.engine, sizeof(w.engine));
		if (number % 5 == 0)
			box_recorded(box, number - seed % 5);
	}
}

static void expect_engine_after(uint64_t seed, uint64_t newest)
{
	struct source source;
	struct event event;
	uint8_t code[EVENT_BYTES_MAX];
	begin(&source, seed);
	for (uint64_t number = 2; number <= newest; number++) {
		(void)next_event(&source, &event, code); /* the same ones */
		engine_step(&w.engine, &event, at(w.now), &w.actions);
	}
	restored.config = &w.config;
	assert_memory_equal(&restored, &w.engine, sizeof(restored));
}

static void step_on(const struct box *box, uint64_t from, uint64_t newest)
{
	struct box_place place = {.number = from};
	uint8_t code[EVENT_BYTES_MAX];
	for (size_t size; (size = box_next(box, &place, code, sizeof(code))) > 0;) {
		struct event event;
		struct mono now;
		assert_true(event_decode(&event, &now, code, size, &w.config));
		engine_step(&restored, &event, now, &unused);
	}
	assert_int_equal(place.number, newest);
}

static void restore_as(const struct box *box, uint64_t seed, uint64_t most)
{
	struct source source;
	begin(&source, seed); /* for its configuration */
	uint64_t from = box_restore(box, most, &restored, sizeof(restored));
	assert_true(from > 0 && from <= most);
	restored.config = &w.config;
	step_on(box, from, box_newest(box));
	expect_engine_after(seed, box_newest(box));
}

static void kill_one(uint64_t seed)
{
	uint64_t x = seed + 77;
	uint64_t target = 2 + random_next(&x) % 300, spin = random_next(&x) % 2000;
	char why[BOX_WHY_BYTES];
	(void)unlink(path); /* of the last one */
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_until_killed(seed);
	struct box *box = NULL;
	struct waiting wait = wait_for("the child's black box");
	while ((box = box_open(path, why)) == NULL)
		wait_more(&wait, -1);
	while (box_newest(box) < target)
		(void)sched_yield();
	for (volatile uint64_t i = 0; i < spin; i++)
		;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	box_close(box);
	box = box_open(path, why);
	assert_non_null(box);
	restore_as(box, seed, UINT64_MAX);
	restore_as(box, seed, box_recorded_up_to(box));
	box_close(box);
}

static void test_killed_at_any_instant(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= KILLS; seed++)
		kill_one(seed);
}

static int set_up(void **state)
{
	(void)state;
	if (sodium_init() < 0 || mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/box", directory); /* fits */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_ring_keeps_the_newest),
	    cmocka_unit_test(test_one_checkpoint_stays_behind_the_record),
	    cmocka_unit_test(test_damage_is_seen),
	    cmocka_unit_test(test_killed_at_any_instant),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
