/* The RTU link on pseudo terminals against a device that misbehaves in every way of the list. Every value that is ever
 * posted is compared with the one register it may come from (link_world.h). */
#include "link_world.h"

#include "daemon/link/link_thread.h"
#include "daemon/link/serial_line.h"

/* Its device is good: no delay of this machine may count as its fault. */
static struct world *running_world(void)
{
	return world_running(LINK_MODBUS_RTU, PATIENT_TIMEOUT_MS);
}

static struct world *patient_world(void)
{
	struct world *world = world_new(LINK_MODBUS_RTU);

	world->config.links[0].timeout_ms = PATIENT_TIMEOUT_MS;
	return world;
}

static void test_normal(void **state)
{
	struct world *world = running_world();
	const char *name = NULL;

	(void)state;
	world_await_rounds(world, 0, 10);
	assert_true(links_alive(world->links, &name));
	world_end(world);
}

static void misbehave(enum fake_mode mode, int delay_ms, int misdeeds)
{
	world_misbehave(LINK_MODBUS_RTU, mode, delay_ms, misdeeds);
}

static void test_late(void **state)
{
	(void)state;
	misbehave(FAKE_LATE, 90, 2); /* comes while the line is drained */
}

static void test_very_late(void **state)
{
	(void)state;
	misbehave(FAKE_LATE, 175, 2); /* comes at the end of the drain */
}

static void test_dribble(void **state)
{
	(void)state;
	misbehave(FAKE_DRIBBLE, 0, 2);
}

static void test_wrong_unit(void **state)
{
	(void)state;
	misbehave(FAKE_WRONG_UNIT, 0, 2);
}

static void test_wrong_length(void **state)
{
	(void)state;
	misbehave(FAKE_WRONG_LENGTH, 0, 2);
}

static void test_bad_crc(void **state)
{
	(void)state;
	misbehave(FAKE_BAD_CRC, 0, 2);
}

static void test_exception(void **state)
{
	(void)state;
	misbehave(FAKE_EXCEPTION, 0, 2);
}

static void test_busy(void **state)
{
	(void)state;
	misbehave(FAKE_BUSY, 0, 4);
}

static void test_garbage(void **state)
{
	(void)state;
	misbehave(FAKE_GARBAGE, 0, 2);
}

static void test_silent(void **state)
{
	(void)state;
	misbehave(FAKE_SILENT, 0, 2);
}

static void test_cut(void **state)
{
	(void)state;
	misbehave(FAKE_CUT, 0, 2);
}

static void test_echo(void **state)
{
	(void)state;
	misbehave(FAKE_ECHO, 0, 2);
}

static void test_stale(void **state)
{
	(void)state;
	misbehave(FAKE_STALE, 0, 2);
}

/* Noise behind a good frame, as transceivers make when they turn round, spoils nothing. */
static void test_tail(void **state)
{
	struct world *world = running_world();

	(void)state;
	atomic_store(&world->fake.mode, FAKE_TAIL);
	world_await_rounds(world, 0, 10);
	assert_true(atomic_load(&world->fake.misdeeds) > 5);
	assert_int_equal(world->state[0], DEVICE_UP);
	world_end(world);
}

/* A device that takes its time is polled less often than it was configured: said once, not each time. */
static void test_slow_device_is_told_once(void **state)
{
	struct world *world = running_world();
	struct waiting wait = wait_for("the notice of polls that are missed");
	struct link_notice notice = {0};

	(void)state;
	atomic_store(&world->fake.delay_ms, 15); /* two answers for a round: one and a half periods */
	atomic_store(&world->fake.mode, FAKE_LATE);
	while (strcmp(notice.what, "polls-missed") != 0) {
		while (!links_notice(world->links, &notice))
			world_step(world, &wait);
	}
	assert_true(notice.trouble);
	assert_string_equal(notice.detail, "bus: device is polled less often than configured");
	world_await_count(world, &world->fake.misdeeds, atomic_load(&world->fake.misdeeds) + 30);
	while (links_notice(world->links, &notice))
		assert_string_not_equal(notice.what, "polls-missed");
	world_end(world);
}

/* The blocks have the same length and there is no identity: only the drain keeps a late answer away. Such a map is
 * refused when it is read. */
static void test_drain_alone(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);
	struct register_map map = world_vitals_map(1);

	(void)state;
	map.has_identity = false;
	map.blocks[1] = (struct register_block){.table = REGISTER_INPUT, .start = 121, .count = 4};
	map.values[2] = world_value(PARAMETER_RESP, 1, 0);
	map.value_count = 2;
	(void)world_add(world, map, 1, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 3);
	atomic_store(&world->fake.delay_ms, 90);
	atomic_store(&world->fake.bad_address, 121); /* the request after it is for the other block */
	for (int i = 0; i < 3; i++) {
		atomic_store(&world->fake.mode, FAKE_LATE);
		world_await_count(world, &world->fake.misdeeds, atomic_load(&world->fake.misdeeds) + 1);
		atomic_store(&world->fake.mode, FAKE_NORMAL);
		world_await_rounds(world, 0, 4);
	}
	world_end(world);
}

static void test_wrong_identity(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world);
	atomic_store(&world->fake.identity_change, 1);
	world_start(world);
	world_await_state(world, 0, DEVICE_REFUSED);
	assert_int_equal(world->fault[0], FAULT_WRONG_IDENTITY);
	world_await_notice(world, "wrong-device",
	                   "bus: device: holding registers from 0 (hex): expected 61b3 61ba 61c1, read 61b4 61bb 61c2");
	world_await_count(world, &world->fake.requests, 3);
	assert_int_equal(world->rounds[0], 0);
	atomic_store(&world->fake.identity_change, 0);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_replug(void **state)
{
	struct world *world = running_world();

	(void)state;
	fake_stop(&world->fake);
	world_await_state(world, 0, DEVICE_DOWN);
	assert_int_equal(world->fault[0], FAULT_HUNG_UP);
	world_plug(world);
	world_await_rounds(world, 0, 3);
	/* Another device comes back under the same name. */
	fake_stop(&world->fake);
	world_await_state(world, 0, DEVICE_DOWN);
	atomic_store(&world->fake.identity_change, 1);
	world_plug(world);
	world_await_state(world, 0, DEVICE_REFUSED);
	unsigned before = world->rounds[0];
	atomic_store(&world->fake.identity_change, 0);
	assert_int_equal(world->rounds[0], before);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_not_found(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_start(world);
	world_await_state(world, 0, DEVICE_DOWN);
	assert_int_equal(world->fault[0], FAULT_NOT_FOUND);
	world_plug(world);
	world_await_rounds(world, 0, 2);
	world_end(world);
}

/* The port belongs to somebody else first. */
static void test_locked(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);
	struct serial_line other;

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world);
	assert_int_equal(serial_line_claim(&other, world->fake.path), FAULT_NONE);
	world_start(world);
	world_await_state(world, 0, DEVICE_DOWN);
	assert_int_equal(world->fault[0], FAULT_LOCKED);
	assert_int_equal(atomic_load(&world->fake.requests), 0);
	serial_line_release(&other);
	world_await_rounds(world, 0, 2);
	world_end(world);
}

/* A dead unit costs its bus mates some polls, no values and no connection. */
static void test_dead_unit(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);

	(void)state;
	world->config.links[0].timeout_ms = 1000; /* the dead one costs it, the other never needs it */
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	world_await_rounds(world, 1, 2);
	atomic_store(&world->fake.bad_unit, 1);
	atomic_store(&world->fake.mode, FAKE_SILENT);
	world_await_fault(world, 0, FAULT_TIMEOUT);
	world_await_state(world, 0, DEVICE_DOWN);
	/* Its neighbour misses no determination while the line is drained again and again. */
	for (unsigned i = 0; i < 2; i++) {
		unsigned before = world->nibp_valid;
		int misdeeds = atomic_load(&world->fake.misdeeds);
		world_await_count(world, &world->fake.misdeeds, misdeeds + 1);
		atomic_fetch_add(&world->fake.sequence, 1);
		world_await_rounds(world, 1, 3);
		assert_int_equal(world->nibp_valid, before + 1);
		assert_int_equal(world->state[1], DEVICE_UP);
	}
	atomic_store(&world->fake.mode, FAKE_NORMAL);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_cuff(void **state)
{
	struct world *world = patient_world();

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	atomic_store(&world->fake.sequence, 41);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 3);
	assert_int_equal(atomic_load(&world->fake.writes), 1); /* the init write, once */
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 33U << 16 | 77U);
	assert_int_equal(world->nibp_valid, 0); /* found there, of unknown age */

	assert_false(links_cuff(world->links, 1, true)); /* has no such command */
	assert_false(links_cuff(world->links, 9, true));
	assert_true(links_cuff(world->links, 0, true));
	world_await_count(world, &world->fake.writes, 2);
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 32U << 16 | 1U);
	assert_true(links_cuff(world->links, 0, false));
	world_await_count(world, &world->fake.writes, 3);
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 32U << 16 | 2U);

	atomic_fetch_add(&world->fake.sequence, 1);
	world_await_rounds(world, 0, 3);
	assert_int_equal(world->nibp_valid, 1);
	atomic_store(&world->fake.status, 5);
	atomic_fetch_add(&world->fake.sequence, 1);
	world_await_rounds(world, 0, 3);
	assert_int_equal(world->nibp_valid, 1);
	assert_int_equal(world->nibp_failed, 1);
	world_end(world);
}

/* What a cuff measured while it was given up is told, its age counted from the last look before; while another one
 * answered in its place its number says nothing. */
static void test_cuff_that_was_away(void **state)
{
	struct world *world = patient_world();

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	atomic_store(&world->fake.mode, FAKE_EXCEPTION);
	world_await_state(world, 0, DEVICE_DOWN);
	atomic_fetch_add(&world->fake.sequence, 1);
	world->ended = shell_now();
	atomic_store(&world->fake.mode, FAKE_NORMAL);
	world_await_state(world, 0, DEVICE_UP);
	world_await_rounds(world, 0, 2);
	assert_int_equal(world->nibp_valid, 1);
	world->ended = MONO_NEVER;

	atomic_store(&world->fake.identity_change, 1);
	atomic_store(&world->fake.mode, FAKE_EXCEPTION);
	world_await_state(world, 0, DEVICE_DOWN);
	atomic_store(&world->fake.mode, FAKE_NORMAL);
	world_await_state(world, 0, DEVICE_REFUSED);
	atomic_fetch_add(&world->fake.sequence, 1);
	atomic_store(&world->fake.identity_change, 0);
	world_await_state(world, 0, DEVICE_UP);
	world_await_rounds(world, 0, 2);
	assert_int_equal(world->nibp_valid, 1);
	atomic_fetch_add(&world->fake.sequence, 1);
	world_await_rounds(world, 0, 3);
	assert_int_equal(world->nibp_valid, 2);
	world_end(world);
}

/* Exactly the answer that would have shown the end of a determination is lost, in each way an answer can be. */
static void test_lost_answer_at_the_end(void **state)
{
	static const enum fake_mode ways[] = {FAKE_SILENT, FAKE_BAD_CRC, FAKE_CUT, FAKE_BUSY, FAKE_EXCEPTION};
	struct world *world = world_new(LINK_MODBUS_RTU);

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		int misdeeds = atomic_load(&world->fake.misdeeds);
		atomic_store(&world->fake.mode, (int)ways[i]);
		atomic_fetch_add(&world->fake.sequence, 1);
		world->ended = shell_now();
		world_await_count(world, &world->fake.misdeeds, misdeeds + 1);
		atomic_store(&world->fake.mode, FAKE_NORMAL);
		world_await_rounds(world, 0, 3);
		assert_int_equal(world->nibp_valid, i + 1);
	}
	world_end(world);
}

/* Determinations between two that were read, and a module that was switched off and on. */
static void test_lost_determinations_are_told(void **state)
{
	struct world *world = patient_world();

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	atomic_store(&world->fake.sequence, 6);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	atomic_store(&world->fake.sequence, 9);
	world_await_notice(world, "determination-unseen",
	                   "bus: device: sequence 9 after 6: what was determined between was never read");
	world_await_rounds(world, 0, 2);
	assert_int_equal(world->nibp_valid, 1);
	int writes = atomic_load(&world->fake.writes);
	atomic_store(&world->fake.sequence, 0);
	world_await_notice(world, "device-restarted",
	                   "bus: device: sequence 0 after 9: no new determination; one that nobody read is lost");
	world_await_count(world, &world->fake.writes, writes + 1); /* what is to be written to it after a start */
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 33U << 16 | 77U);
	world_await_rounds(world, 0, 2);
	assert_int_equal(world->nibp_valid, 1);
	world_end(world);
}

/* A module that answers nothing while it measures, because it was told to: not given up, and its result is told. The
 * look right before the start is what the age is counted from. */
static void test_deaf_while_it_measures(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	world->ordered = shell_now();
	assert_true(links_cuff(world->links, 0, true));
	world_await_count(world, &world->fake.writes, 2);
	int misdeeds = atomic_load(&world->fake.misdeeds);
	atomic_store(&world->fake.mode, FAKE_SILENT);
	world_await_count(world, &world->fake.misdeeds, misdeeds + 5);
	assert_int_equal(world->state[0], DEVICE_RESYNC);
	assert_int_equal(world->fault[0], FAULT_TIMEOUT);
	atomic_fetch_add(&world->fake.sequence, 1);
	world->ended = shell_now();
	atomic_store(&world->fake.mode, FAKE_NORMAL);
	world_await_state(world, 0, DEVICE_UP);
	world_await_rounds(world, 0, 2);
	assert_int_equal(world->nibp_valid, 1);
	/* Deaf again without an order: given up. */
	atomic_store(&world->fake.mode, FAKE_SILENT);
	world_await_state(world, 0, DEVICE_DOWN);
	world_end(world);
}

/* A command waits for the next poll's pause, not for its end. */
static void test_cuff_between_polls(void **state)
{
	struct world *world = patient_world();

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, 600 * NS_PER_S);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 1);
	assert_true(links_cuff(world->links, 0, true));
	world_await_count(world, &world->fake.writes, 2);
	world_end(world);
}

static void test_full_mailbox(void **state)
{
	(void)state;
	world_full_mailbox(LINK_MODBUS_RTU);
}

static void test_no_order_to_a_stranger(void **state)
{
	(void)state;
	world_order_to_stranger(LINK_MODBUS_RTU);
}

static void test_order_after_identity(void **state)
{
	(void)state;
	world_order_after_identity(LINK_MODBUS_RTU);
}

/* A start that waited too long, or for a device that is not there, is not carried out later. */
static void test_cuff_expires(void **state)
{
	static const struct config config = {
	    .device_count = 2, .devices = {{.name = "cuff"}}, .links = {{.name = "bus"}}};
	static struct link_notices notices;
	struct link *link = calloc(1, sizeof *link);
	struct link_command command;

	(void)state;
	assert_non_null(link);
	assert_int_equal(pthread_mutex_init(&notices.lock, NULL), 0);
	link->config = &config;
	link->own = &config.links[0];
	link->notices = &notices;
	assert_int_equal(pthread_mutex_init(&link->queue.lock, NULL), 0);
	link->queue.count = 3;
	link->queue.list[0] =
	    (struct link_command){.device = 0, .start = true, .asked = {shell_now().ns - 3 * NS_PER_S}};
	link->queue.list[1] =
	    (struct link_command){.device = 0, .start = false, .asked = {shell_now().ns - 3 * NS_PER_S}};
	link->queue.list[2] =
	    (struct link_command){.device = 1, .start = true, .asked = mono_after(shell_now(), 3600 * NS_PER_S)};
	assert_false(link_take_command(link, 0, &command));
	assert_int_equal(link->queue.count, 2); /* the old start is gone, and that is told; the stop still waits */
	assert_int_equal(notices.count, 1);
	assert_string_equal(notices.list[0].what, "cuff-command-lost");
	assert_string_equal(notices.list[0].detail, "bus: cuff: start: the device was not ready in time");
	assert_true(link_take_command(link, 1, &command));
	assert_int_equal(command.device, 0);
	assert_false(command.start);
	assert_false(link_take_command(link, 1, &command)); /* the other one is for device 1 */
	assert_int_equal(link->queue.count, 1);
	assert_int_equal(pthread_mutex_destroy(&link->queue.lock), 0);
	assert_int_equal(pthread_mutex_destroy(&notices.lock), 0);
	free(link);
}

/* Attempts to open come less and less often, but never less than every five seconds, and at once after a success. */
static void test_back_off(void **state)
{
	static const int64_t pauses_ms[] = {250, 500, 1000, 2000, 4000, 5000, 5000};
	struct link *link = calloc(1, sizeof *link);

	(void)state;
	assert_non_null(link);
	link_works(link);
	atomic_store(&link->stopping, true); /* so that nothing is waited for */
	for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
		assert_int_equal(link->backoff_ns, pauses_ms[i] * NS_PER_MS);
		assert_false(link_back_off(link));
	}
	link_works(link);
	assert_int_equal(link->backoff_ns, 250 * NS_PER_MS);
	free(link);
}

static void test_queue_is_bounded(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU);
	int taken = 0;

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_start(world); /* no port: nobody takes the commands out */
	world_await_state(world, 0, DEVICE_DOWN);
	for (int i = 0; i < 3 * LINK_COMMANDS_MAX; i++)
		taken += links_cuff(world->links, 0, true);
	assert_int_equal(taken, LINK_COMMANDS_MAX);
	world_plug(world); /* for world_end */
	world_end(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_normal),
	    cmocka_unit_test(test_late),
	    cmocka_unit_test(test_very_late),
	    cmocka_unit_test(test_dribble),
	    cmocka_unit_test(test_wrong_unit),
	    cmocka_unit_test(test_wrong_length),
	    cmocka_unit_test(test_bad_crc),
	    cmocka_unit_test(test_exception),
	    cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_echo),
	    cmocka_unit_test(test_stale),
	    cmocka_unit_test(test_tail),
	    cmocka_unit_test(test_slow_device_is_told_once),
	    cmocka_unit_test(test_drain_alone),
	    cmocka_unit_test(test_wrong_identity),
	    cmocka_unit_test(test_replug),
	    cmocka_unit_test(test_not_found),
	    cmocka_unit_test(test_locked),
	    cmocka_unit_test(test_dead_unit),
	    cmocka_unit_test(test_cuff),
	    cmocka_unit_test(test_cuff_that_was_away),
	    cmocka_unit_test(test_lost_answer_at_the_end),
	    cmocka_unit_test(test_lost_determinations_are_told),
	    cmocka_unit_test(test_deaf_while_it_measures),
	    cmocka_unit_test(test_cuff_expires),
	    cmocka_unit_test(test_cuff_between_polls),
	    cmocka_unit_test(test_full_mailbox),
	    cmocka_unit_test(test_no_order_to_a_stranger),
	    cmocka_unit_test(test_order_after_identity),
	    cmocka_unit_test(test_back_off),
	    cmocka_unit_test(test_queue_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
