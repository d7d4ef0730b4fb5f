/* RTU frames over TCP on the loopback, against the misbehaving device. Every value that is ever posted is compared with
 * the one register it may come from (link_world.h). */
#include "link_world.h"

static void misbehave(enum fake_mode mode, int delay_ms, int misdeeds)
{
	world_misbehave(LINK_MODBUS_RTU_TCP, mode, delay_ms, misdeeds);
}

static void test_answers_of_wrong_form(void **state)
{
	static const enum fake_mode modes[] = {FAKE_WRONG_UNIT, FAKE_WRONG_LENGTH, FAKE_BAD_CRC, FAKE_EXCEPTION,
	                                       FAKE_GARBAGE,    FAKE_CUT,          FAKE_ECHO,    FAKE_STALE};

	(void)state;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		misbehave(modes[i], 0, 2);
}

/* A late answer reaches the next connection of a transparent server; it is never taken for another one. */
static void test_answers_at_the_wrong_time(void **state)
{
	(void)state;
	misbehave(FAKE_LATE, 90, 2);
	misbehave(FAKE_DRIBBLE, 0, 2);
	misbehave(FAKE_SILENT, 0, 2);
	misbehave(FAKE_HANG_UP, 0, 2);
	misbehave(FAKE_BUSY, 0, 4);
}

static void test_cuff_and_gateway_that_closes(void **state)
{
	struct world *world = world_new(LINK_MODBUS_RTU_TCP);

	(void)state;
	world->config.links[0].timeout_ms = PATIENT_TIMEOUT_MS;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	atomic_store(&world->fake.closing, FAKE_CLOSES_LATER);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	int writes = atomic_load(&world->fake.writes);
	assert_true(links_cuff(world->links, 0, true));
	world_await_count(world, &world->fake.writes, writes + 1);
	atomic_fetch_add(&world->fake.sequence, 1);
	world_await_rounds(world, 0, 3);
	assert_int_equal(world->nibp_valid, 1);
	assert_int_equal(world->state[0], DEVICE_UP);
	world_end(world);
}

/* Between an answer of one unit and the question to another; the fake counts what comes too early as bad. */
static void test_turnaround(void **state)
{
	static const enum link_type types[] = {LINK_MODBUS_RTU_TCP, LINK_MODBUS_TCP, LINK_MODBUS_RTU};

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct world *world = world_new(types[i]);
		world->config.links[0].timeout_ms = PATIENT_TIMEOUT_MS;
		world->config.links[0].turnaround_ms = 40;
		atomic_store(&world->fake.turnaround_ms, 30);
		(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
		(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
		world_plug(world);
		world_start(world);
		world_await_rounds(world, 0, 3);
		world_await_rounds(world, 1, 3);
		world_end(world);
	}
}

static void test_no_order_to_a_stranger(void **state)
{
	(void)state;
	world_order_to_stranger(LINK_MODBUS_RTU_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers_of_wrong_form),        cmocka_unit_test(test_answers_at_the_wrong_time),
	    cmocka_unit_test(test_cuff_and_gateway_that_closes), cmocka_unit_test(test_turnaround),
	    cmocka_unit_test(test_no_order_to_a_stranger),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
