/* The Modbus TCP link on the loopback, against the misbehaving device and against libmodbus's own server. Every value
 * that is ever posted is compared with the one register it may come from (link_world.h). */
#include "link_world.h"

#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "daemon/link/tcp_socket.h"
#include "daemon/shell.h"

static void misbehave(enum fake_mode mode, int delay_ms, int misdeeds)
{
	world_misbehave(LINK_MODBUS_TCP, mode, delay_ms, misdeeds);
}

static void test_late(void **state)
{
	(void)state;
	misbehave(FAKE_LATE, 90, 2);
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

static void test_wrong_transaction(void **state)
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

static void test_tail(void **state)
{
	(void)state;
	misbehave(FAKE_TAIL, 0, 2);
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

static void test_hang_up(void **state)
{
	(void)state;
	misbehave(FAKE_HANG_UP, 0, 2);
}

static void test_refused_then_there(void **state)
{
	struct world *world = world_new(LINK_MODBUS_TCP);

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world);
	fake_stop(&world->fake);
	world_start(world);
	world_await_state(world, 0, DEVICE_DOWN);
	assert_int_equal(world->fault[0], FAULT_NOT_FOUND);
	world_plug(world);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_two_units(void **state)
{
	struct world *world = world_new(LINK_MODBUS_TCP);

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 3);
	world_await_rounds(world, 1, 3);
	assert_true(links_cuff(world->links, 1, true));
	world_await_count(world, &world->fake.writes, 2);
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 32U << 16 | 1U);
	/* One of them dies; its neighbour goes on. */
	atomic_store(&world->fake.bad_unit, 1);
	atomic_store(&world->fake.mode, FAKE_SILENT);
	world_await_fault(world, 0, FAULT_TIMEOUT);
	world_await_rounds(world, 1, 5);
	atomic_store(&world->fake.mode, FAKE_NORMAL);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_wrong_identity(void **state)
{
	struct world *world = world_new(LINK_MODBUS_TCP);

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world);
	atomic_store(&world->fake.identity_change, 1);
	world_start(world);
	world_await_state(world, 0, DEVICE_REFUSED);
	world_await_count(world, &world->fake.requests, 3);
	assert_int_equal(world->rounds[0], 0);
	atomic_store(&world->fake.identity_change, 0);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_full_mailbox(void **state)
{
	(void)state;
	world_full_mailbox(LINK_MODBUS_TCP);
}

static void test_no_order_to_a_stranger(void **state)
{
	(void)state;
	world_order_to_stranger(LINK_MODBUS_TCP);
}

static void test_order_after_identity(void **state)
{
	(void)state;
	world_order_after_identity(LINK_MODBUS_TCP);
}

/* Each question to a dead unit makes the connection anew. Of its neighbour, which goes on, nothing is told. */
static void test_dead_unit_tells_nothing_of_its_neighbour(void **state)
{
	struct world *world = world_shaken(LINK_MODBUS_TCP);

	(void)state;
	unsigned told = world->device_rows[1];
	for (int i = 0; i < 4; i++) {
		world_await_count(world, &world->fake.misdeeds, atomic_load(&world->fake.misdeeds) + 1);
		assert_true(links_cuff(world->links, 1, false));
		world_await_count(world, &world->fake.writes, atomic_load(&world->fake.writes) + 1);
	}
	assert_int_equal(world->state[1], DEVICE_UP);
	assert_int_equal(world->device_rows[1], told);
	world_end(world);
}

/* A gateway closes the connection while nothing is asked, or behind each answer whatever comes: the rounds go on and
 * nothing is told. Nobody is asked before his time: the second device not once more. */
static void gateway_that_closes(enum fake_closing closing)
{
	struct world *world = world_new(LINK_MODBUS_TCP);

	world->config.links[0].timeout_ms = PATIENT_TIMEOUT_MS;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	(void)world_add(world, world_cuff_map(2), 2, 600 * NS_PER_S);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 3);
	world_await_rounds(world, 1, world->rounds[1] == 0);
	unsigned told = world->device_rows[0];
	atomic_store(&world->fake.closing, (int)closing);
	world_await_count(world, &world->fake.connections, atomic_load(&world->fake.connections) + 8);
	world_await_rounds(world, 0, 8);
	assert_int_equal(world->state[0], DEVICE_UP);
	assert_int_equal(world->device_rows[0], told);
	assert_int_equal(world->rounds[1], 1);
	/* The next connection is refused: that is told. */
	fake_stop(&world->fake);
	world_await_fault(world, 0, FAULT_NOT_FOUND);
	assert_int_equal(world->state[0], DEVICE_DOWN);
	world_plug(world);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

static void test_gateway_closes_when_idle(void **state)
{
	(void)state;
	gateway_that_closes(FAKE_CLOSES_IDLE);
}

static void test_gateway_closes_after_each_answer(void **state)
{
	(void)state;
	gateway_that_closes(FAKE_CLOSES_AT_ONCE);
}

static void test_gateway_closes_over_the_next_question(void **state)
{
	(void)state;
	gateway_that_closes(FAKE_CLOSES_LATER);
}

/* Another device is there on the next connection. */
static void test_stranger_behind_a_gateway_that_closes(void **state)
{
	struct world *world = world_running(LINK_MODBUS_TCP, PATIENT_TIMEOUT_MS);

	(void)state;
	atomic_store(&world->fake.closing, FAKE_CLOSES_IDLE);
	world_await_rounds(world, 0, 3);
	atomic_store(&world->fake.identity_change, 1);
	world_await_state(world, 0, DEVICE_REFUSED);
	unsigned rounds = world->rounds[0];
	world_await_count(world, &world->fake.requests, atomic_load(&world->fake.requests) + 4);
	assert_int_equal(world->rounds[0], rounds);
	world_end(world);
}

/* An order behind a gateway that closes after each answer is written once, on a connection of its own. */
static void test_order_through_a_gateway_that_closes(void **state)
{
	struct world *world = world_new(LINK_MODBUS_TCP);

	(void)state;
	world->config.links[0].timeout_ms = PATIENT_TIMEOUT_MS;
	(void)world_add(world, world_cuff_map(2), 2, 600 * NS_PER_S);
	atomic_store(&world->fake.closing, FAKE_CLOSES_LATER);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 1);
	int writes = atomic_load(&world->fake.writes);
	assert_true(links_cuff(world->links, 0, true));
	world_await_count(world, &world->fake.writes, writes + 1);
	assert_true(links_cuff(world->links, 0, false));
	world_await_count(world, &world->fake.writes, writes + 2);
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 32U << 16 | 2U);
	assert_int_equal(world->state[0], DEVICE_UP);
	world_end(world);
}

/* The connection is lost each time a determination ends: all of them are told, once, after the identity. */
static void test_determinations_over_hang_ups(void **state)
{
	struct world *world = world_new(LINK_MODBUS_TCP);

	(void)state;
	(void)world_add(world, world_cuff_map(2), 2, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 2);
	for (unsigned i = 0; i < 4; i++) {
		int misdeeds = atomic_load(&world->fake.misdeeds), looks = atomic_load(&world->fake.identity_reads);
		atomic_store(&world->fake.mode, FAKE_HANG_UP);
		atomic_fetch_add(&world->fake.sequence, 1);
		world->ended = shell_now();
		world_await_count(world, &world->fake.misdeeds, misdeeds + 1);
		atomic_store(&world->fake.mode, FAKE_NORMAL);
		world_await_rounds(world, 0, 3);
		assert_int_equal(world->nibp_valid, i + 1);
		assert_true(atomic_load(&world->fake.identity_reads) > looks);
	}
	world_end(world);
}

/* libmodbus's server as an independent peer. Serves one connection until it is closed. */
struct server {
	modbus_t *context;
	modbus_mapping_t *mapping;
	int listen_fd;
};

static void *serve(void *argument)
{
	struct server *server = argument;
	uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];

	if (modbus_tcp_accept(server->context, &server->listen_fd) < 0)
		return NULL;
	for (;;) {
		int count = modbus_receive(server->context, query);
		if (count < 0)
			return NULL;
		if (count > 0 && modbus_reply(server->context, query, count, server->mapping) < 0)
			return NULL;
	}
}

static void test_libmodbus_server(void **state)
{
	struct world *world = world_new(LINK_MODBUS_TCP);
	struct server server;
	pthread_t thread;

	(void)state;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world); /* to have a port */
	fake_stop(&world->fake);
	server.context = modbus_new_tcp("127.0.0.1", world->fake.port);
	assert_non_null(server.context);
	server.mapping = modbus_mapping_new(0, 0, 200, 200);
	assert_non_null(server.mapping);
	for (unsigned i = 0; i < 200; i++) {
		server.mapping->tab_registers[i] = fake_content(1, 3, i);
		server.mapping->tab_input_registers[i] = fake_content(1, 4, i);
	}
	server.listen_fd = modbus_tcp_listen(server.context, 1);
	assert_true(server.listen_fd >= 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
	world_start(world);
	world_await_rounds(world, 0, 10);
	assert_int_equal(world->state[0], DEVICE_UP);
	assert_int_equal(links_stop(world->links, 10000), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	modbus_close(server.context);
	modbus_free(server.context);
	modbus_mapping_free(server.mapping);
	assert_int_equal(close(server.listen_fd), 0);
	assert_int_equal(close(world->fake.held_fd), 0);
	mailbox_close(world->mailbox);
	assert_int_equal(rmdir(world->directory), 0);
	free(world);
}

/* A peer that vanishes without a word is found out in about ten seconds, not in hours. */
static void test_half_open_is_noticed(void **state)
{
	static const struct {
		int level, name, at_most;
	} options[] = {
	    {IPPROTO_TCP, TCP_KEEPIDLE, 5},
	    {IPPROTO_TCP, TCP_KEEPINTVL, 2},
	    {IPPROTO_TCP, TCP_KEEPCNT, 3},
	    {IPPROTO_TCP, TCP_USER_TIMEOUT, 5000},
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), value = 0;
	socklen_t size = sizeof value;

	(void)state;
	assert_true(fd >= 0);
	assert_true(tcp_socket_watch(fd));
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
	assert_int_equal(value, 1);
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		assert_int_equal(getsockopt(fd, options[i].level, options[i].name, &value, &size), 0);
		assert_in_range(value, 1, options[i].at_most);
	}
	assert_int_equal(close(fd), 0);
	assert_false(tcp_socket_watch(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_late),
	    cmocka_unit_test(test_dribble),
	    cmocka_unit_test(test_wrong_unit),
	    cmocka_unit_test(test_wrong_length),
	    cmocka_unit_test(test_wrong_transaction),
	    cmocka_unit_test(test_exception),
	    cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_tail),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_echo),
	    cmocka_unit_test(test_stale),
	    cmocka_unit_test(test_hang_up),
	    cmocka_unit_test(test_refused_then_there),
	    cmocka_unit_test(test_two_units),
	    cmocka_unit_test(test_wrong_identity),
	    cmocka_unit_test(test_full_mailbox),
	    cmocka_unit_test(test_no_order_to_a_stranger),
	    cmocka_unit_test(test_order_after_identity),
	    cmocka_unit_test(test_dead_unit_tells_nothing_of_its_neighbour),
	    cmocka_unit_test(test_gateway_closes_when_idle),
	    cmocka_unit_test(test_gateway_closes_after_each_answer),
	    cmocka_unit_test(test_gateway_closes_over_the_next_question),
	    cmocka_unit_test(test_stranger_behind_a_gateway_that_closes),
	    cmocka_unit_test(test_order_through_a_gateway_that_closes),
	    cmocka_unit_test(test_determinations_over_hang_ups),
	    cmocka_unit_test(test_libmodbus_server),
	    cmocka_unit_test(test_half_open_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
