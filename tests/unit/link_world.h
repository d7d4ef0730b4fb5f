/* What the Modbus link tests share: a bedside of one link, its mailbox, and a reader of events that checks every value
 * that is ever posted. Header only: each test is a program of its own. */
#ifndef TEST_LINK_WORLD_H
#define TEST_LINK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "link_fake.h"
#include "wait.h"
#include "vitals/link.h"

#define PERIOD_NS (20 * NS_PER_MS)
/* Of a device that is to fail, and of one that is not, whatever else the machine does. */
#define TIMEOUT_MS         60
#define PATIENT_TIMEOUT_MS 5000

struct world {
	struct config config;
	struct mailbox *mailbox;
	struct links *links;
	struct fake fake;
	char directory[32];
	unsigned rounds[DEVICES_MAX];
	unsigned nibp_valid, nibp_failed;
	struct mono ended;   /* the last determination of the fake; no age is counted from later */
	struct mono ordered; /* the last start; its determination is never older */
	enum device_state state[DEVICES_MAX];
	enum device_fault fault[DEVICES_MAX];
	bool told[DEVICES_MAX];
	unsigned device_rows[DEVICES_MAX];
	bool may_drop;   /* the test itself filled the mailbox */
	unsigned faults; /* 1 << enum device_fault of everything told */
};

static inline struct register_value world_value(enum parameter parameter, uint8_t block, uint16_t offset)
{
	return (struct register_value){.parameter = parameter,
	                               .block = block,
	                               .offset = offset,
	                               .type = REGISTER_U16,
	                               .scale_milli = 1,
	                               .divisor = 1};
}

static inline void world_identity(struct register_map *map, unsigned unit)
{
	map->has_identity = true;
	map->identity = (struct register_block){.table = REGISTER_HOLDING, .start = 0, .count = 3};
	map->identity_expect_count = 3;
	for (uint8_t i = 0; i < 3; i++)
		map->identity_expect[i] = fake_content(unit, 3, i);
}

/* Input 100..103 and holding 120..121: heart rate, respiration, CO2. */
static inline struct register_map world_vitals_map(unsigned unit)
{
	struct register_map map = {
	    .block_count = 2,
	    .blocks = {{.table = REGISTER_INPUT, .start = 100, .count = 4},
	               {.table = REGISTER_HOLDING, .start = 120, .count = 2}},
	    .value_count = 3,
	    .values = {world_value(PARAMETER_ECG_HR, 0, 0), world_value(PARAMETER_RESP, 0, 3),
	               world_value(PARAMETER_ETCO2, 1, 1)},
	};
	world_identity(&map, unit);
	return map;
}

/* Input 200 (sequence), 201 (status), 202..205: a cuff. */
static inline struct register_map world_cuff_map(unsigned unit)
{
	struct register_map map = {
	    .block_count = 1,
	    .blocks = {{.table = REGISTER_INPUT, .start = FAKE_SEQUENCE_ADDRESS, .count = 6}},
	    .value_count = 2,
	    .values = {world_value(PARAMETER_NIBP_SYS, 0, 2), world_value(PARAMETER_NIBP_DIA, 0, 3)},
	    .has_sequence = true,
	    .has_status = true,
	    .status_offset = 1,
	    .cuff_start = {.used = true, .address = 32, .value = 1},
	    .cuff_stop = {.used = true, .address = 32, .value = 2},
	    .init_count = 1,
	    .init = {{.used = true, .address = 33, .value = 77}},
	};
	world_identity(&map, unit);
	return map;
}

static inline uint8_t world_add(struct world *world, struct register_map map, uint8_t unit, int64_t period_ns)
{
	uint8_t index = world->config.device_count++;

	map.provides = 0;
	world->config.maps[index] = map;
	world->config.map_count = world->config.device_count;
	world->config.devices[index] =
	    (struct device_config){.name = "device", .map = (int8_t)index, .unit = unit, .period_ns = period_ns};
	return index;
}

static inline struct world *world_new(enum link_type type)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	(void)snprintf(world->directory, sizeof world->directory, "/tmp/vitals-link-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	(void)snprintf(world->fake.path, sizeof world->fake.path, "%s/port", world->directory);
	world->ended = MONO_NEVER;
	world->config.link_count = 1;
	world->config.links[0] = (struct link_config){
	    .name = "bus",
	    .type = type,
	    .line = {.baud = 115200, .parity = 'E', .data_bits = 8, .stop_bits = 1},
	    .host = "127.0.0.1",
	    .timeout_ms = TIMEOUT_MS,
	};
	(void)snprintf(world->config.links[0].port, PATH_BYTES, "%s", world->fake.path);
	world->mailbox = mailbox_open();
	assert_non_null(world->mailbox);
	return world;
}

static inline void world_plug(struct world *world)
{
	enum link_type type = world->config.links[0].type;
	bool ready = type == LINK_MODBUS_RTU ? fake_open_pty(&world->fake) : fake_listen(&world->fake);
	world->fake.rtu = type == LINK_MODBUS_RTU_TCP;
	assert_true(ready);
	if (world->links == NULL) /* later the port stays the same, and the link's thread reads it */
		world->config.links[0].tcp_port = world->fake.port;
	assert_true(fake_run(&world->fake));
}

static inline void world_start(struct world *world)
{
	world->links = links_start(&world->config, world->mailbox);
	assert_non_null(world->links);
}

static inline void world_end(struct world *world)
{
	assert_int_equal(links_stop(world->links, 10000), 0);
	fake_stop(&world->fake);
	if (world->fake.held_fd > 0)
		assert_int_equal(close(world->fake.held_fd), 0);
	assert_int_equal(atomic_load(&world->fake.bad_requests), 0);
	assert_true(world->may_drop || mailbox_dropped(world->mailbox) == 0);
	mailbox_close(world->mailbox);
	(void)unlink(world->fake.path); /* TCP has none */
	assert_int_equal(rmdir(world->directory), 0);
	free(world);
}

/* The register that a parameter must have come from. */
static inline uint16_t world_expected(uint8_t unit, enum parameter parameter)
{
	if (parameter == PARAMETER_ECG_HR)
		return fake_content(unit, 4, 100);
	if (parameter == PARAMETER_RESP)
		return fake_content(unit, 4, 103);
	if (parameter == PARAMETER_ETCO2)
		return fake_content(unit, 3, 121);
	if (parameter == PARAMETER_NIBP_SYS)
		return fake_content(unit, 4, 202);
	assert_int_equal(parameter, PARAMETER_NIBP_DIA);
	return fake_content(unit, 4, 203);
}

static inline void world_check_values(struct world *world, const struct event_measurements *frame)
{
	uint8_t device = frame->device;

	assert_int_equal(world->state[device], DEVICE_UP);
	for (uint8_t i = 0; i < frame->count; i++) {
		const struct measurement *m = &frame->list[i];
		bool nibp = m->parameter == PARAMETER_NIBP_SYS;
		if (m->quality == QUALITY_NO_VALUE) {
			assert_int_equal(m->reason, REASON_FAILED);
			world->nibp_failed += nibp;
			continue;
		}
		assert_int_equal(m->quality, QUALITY_VALID);
		bool pressure = parameter_table[m->parameter].cadence == CADENCE_INTERMITTENT;
		int32_t expected = world_expected(world->config.devices[device].unit, m->parameter);
		assert_in_range(m->milli, expected, expected + (pressure ? 3 : 0));
		world->nibp_valid += nibp;
		assert_true(!pressure || !mono_before(world->ended, m->determined));
		assert_true(!pressure || !mono_before(m->determined, world->ordered));
	}
	world->rounds[device]++;
}

/* Takes one event and checks it; false if there is none now. */
static inline bool world_take(struct world *world)
{
	struct event event;

	if (!mailbox_take(world->mailbox, &event))
		return false;
	assert_true(event.wall_ns > 0);
	if (event.kind == EVENT_MEASUREMENTS) {
		world_check_values(world, &event.u.measurements);
		return true;
	}
	assert_int_equal(event.kind, EVENT_DEVICE);
	uint8_t device = event.u.device.device;
	/* Only news is told. */
	assert_false(world->told[device] && world->state[device] == event.u.device.state &&
	             world->fault[device] == event.u.device.fault);
	world->told[device] = true;
	world->device_rows[device]++;
	world->state[device] = event.u.device.state;
	world->fault[device] = event.u.device.fault;
	world->faults |= 1U << event.u.device.fault;
	return true;
}

/* Takes at least one event; fails the test at the deadline. */
static inline void world_step(struct world *world, const struct waiting *wait)
{
	while (!world_take(world))
		wait_more(wait, mailbox_fd(world->mailbox));
}

static inline void world_await_state(struct world *world, uint8_t device, enum device_state state)
{
	struct waiting wait = wait_for(state == DEVICE_UP ? "a device that is up" : "a device that is down or refused");

	while (!world->told[device] || world->state[device] != state)
		world_step(world, &wait);
}

static inline void world_await_fault(struct world *world, uint8_t device, enum device_fault fault)
{
	struct waiting wait = wait_for("a device with the expected fault");

	while (!world->told[device] || world->state[device] == DEVICE_UP || world->fault[device] != fault)
		world_step(world, &wait);
}

/* Waits for a notice, taking events meanwhile. */
static inline void world_await_notice(struct world *world, const char *what, const char *detail)
{
	struct waiting wait = wait_for(what);
	struct link_notice notice;

	for (;;) {
		while (links_notice(world->links, &notice)) {
			if (strcmp(notice.what, what) != 0)
				continue;
			assert_string_equal(notice.detail, detail);
			return;
		}
		wait_more(&wait, mailbox_fd(world->mailbox));
		while (world_take(world))
			continue;
	}
}

/* `more` rounds from now on. */
static inline void world_await_rounds(struct world *world, uint8_t device, unsigned more)
{
	struct waiting wait = wait_for("rounds of values of a device");
	unsigned goal = world->rounds[device] + more;

	while (world->rounds[device] < goal)
		world_step(world, &wait);
}

/* Waits for a number of the fake to reach `goal`, taking events meanwhile. */
static inline void world_await_count(struct world *world, const atomic_int *number, int goal)
{
	struct waiting wait = wait_for("a device that is asked, or asked to write");

	while (atomic_load(number) < goal) {
		wait_more(&wait, mailbox_fd(world->mailbox));
		while (world_take(world))
			continue;
	}
}

static inline struct world *world_running(enum link_type type, int timeout_ms)
{
	struct world *world = world_new(type);

	world->config.links[0].timeout_ms = timeout_ms;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world);
	world_start(world);
	world_await_state(world, 0, DEVICE_UP);
	world_await_rounds(world, 0, 3);
	return world;
}

/* The device misbehaves for a while, is found out, and works again when it behaves: no wrong value, no restart. */
static inline void world_misbehave(enum link_type type, enum fake_mode mode, int delay_ms, int misdeeds)
{
	struct world *world = world_running(type, TIMEOUT_MS);

	world->faults = 0;
	atomic_store(&world->fake.delay_ms, delay_ms);
	atomic_store(&world->fake.mode, (int)mode);
	int before = atomic_load(&world->fake.misdeeds);
	world_await_count(world, &world->fake.misdeeds, before + misdeeds);
	struct waiting wait = wait_for("a fault that is told");
	while ((world->faults & ~(1U << FAULT_NONE)) == 0)
		world_step(world, &wait);
	atomic_store(&world->fake.mode, FAKE_NORMAL);
	world_await_state(world, 0, DEVICE_UP);
	world_await_rounds(world, 0, 5);
	world_end(world);
}

/* There is no room in the mailbox while the link finds its device. What it could not tell it tells as soon as there is:
 * otherwise the engine would ignore the device's values for ever. */
static inline void world_full_mailbox(enum link_type type)
{
	struct world *world = world_new(type);
	struct event event = {.kind = EVENT_DEVICE};
	int filled = 0;

	world->may_drop = true;
	while (mailbox_post(world->mailbox, &event))
		filled++;
	event.kind = EVENT_COMMAND;
	while (mailbox_post(world->mailbox, &event))
		filled++;
	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	world_plug(world);
	world_start(world);
	WAIT_UNTIL("ten polls of a device that could not be told yet", atomic_load(&world->fake.requests) >= 10);
	for (int i = 0; i < filled; i++)
		assert_true(mailbox_take(world->mailbox, &event));
	world_await_state(world, 0, DEVICE_UP);
	world_await_rounds(world, 0, 3);
	world_end(world);
}

/* A bus of two: unit 1 is asked often, the cuff of unit 2 once in ten minutes, so that nothing but an order makes the
 * link talk to it. Unit 1 has just stopped answering: the line was drained, or the connection made anew. */
static inline struct world *world_shaken(enum link_type type)
{
	struct world *world = world_new(type);

	(void)world_add(world, world_vitals_map(1), 1, PERIOD_NS);
	(void)world_add(world, world_cuff_map(2), 2, 600 * NS_PER_S);
	world_plug(world);
	world_start(world);
	world_await_rounds(world, 0, 1);
	if (world->rounds[1] == 0) /* it may have been the first, and there is no other for ten minutes */
		world_await_rounds(world, 1, 1);
	atomic_store(&world->fake.bad_unit, 1);
	atomic_store(&world->fake.mode, FAKE_SILENT);
	world_await_fault(world, 0, FAULT_TIMEOUT);
	return world;
}

/* Another device is now where the cuff was: it gets no order. */
static inline void world_order_to_stranger(enum link_type type)
{
	struct world *world = world_shaken(type);
	int writes = atomic_load(&world->fake.writes);

	atomic_store(&world->fake.identity_change, 1);
	assert_true(links_cuff(world->links, 1, true));
	world_await_state(world, 1, DEVICE_REFUSED);
	assert_int_equal(atomic_load(&world->fake.writes), writes);
	world_await_notice(world, "cuff-command-lost", "bus: device: start: another device answers");
	world_end(world);
}

/* The same cuff is still there: it is asked who it is, and gets the order. */
static inline void world_order_after_identity(enum link_type type)
{
	struct world *world = world_shaken(type);
	int writes = atomic_load(&world->fake.writes);
	int looks = atomic_load(&world->fake.identity_reads);

	assert_true(links_cuff(world->links, 1, true));
	world_await_count(world, &world->fake.writes, writes + 1);
	assert_int_equal(atomic_load(&world->fake.last_write), 2U << 24 | 32U << 16 | 1U);
	assert_true(atomic_load(&world->fake.identity_reads) > looks);
	world_end(world);
}

#endif
