/* The thread of a Modbus link, RTU or TCP: polls the devices of one bus by turns, each on its own period. Knows
 * schedules, identity, rounds and failures; how bytes travel is behind struct modbus_port.
 *
 * Of a device: connect -> identity matches -> init writes -> rounds of reads. A round counts only if all its blocks
 * were read. After a timeout or a bad frame the port is resynchronised and every device of the bus shows its identity
 * again before its next value. A device that keeps failing is asked less and less often, so that it cannot starve the
 * others. */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "daemon/link/modbus_port.h"

#define GIVE_UP_AFTER 3  /* failures in a row */
#define LATENESS_MAX  10 /* worth telling: five late polls in a row, or every second one for a while */
/* Some modules answer nothing while they measure. As long as the engine waits for what it has ordered. */
#define MEASURING_NS (60 * NS_PER_S)

struct bus_device {
	uint8_t index;
	const struct device_config *own;
	const struct register_map *map;
	struct register_state state;
	bool identified;
	bool initialised; /* the init writes were done since the connect */
	uint8_t failures; /* in a row */
	int lateness;     /* 2 more with each poll that comes a period late or more, 1 less with every other */
	bool late_told;
	bool refusal_told;    /* of what stands in `answered` */
	uint16_t answered[8]; /* to the question who it is, when it was refused */
	bool measures;        /* a start was sent, and no determination has come since */
	struct mono measures_until;
	struct mono due;
};

struct bus {
	struct link *link;
	struct modbus_port port;
	bool open;
	bool fresh;    /* opened, and nobody has shown its identity since */
	bool answered; /* something was answered since it was opened */
	bool closes;   /* the other end closes behind an answer: each question gets a connection of its own */
	enum device_fault failed; /* why it could not be opened */
	int asked;                /* the unit that was asked last; -1: none */
	struct mono ended;        /* then */
	uint8_t count;
	struct bus_device devices[DEVICES_MAX];
	uint16_t registers[REGISTER_MAP_BLOCKS_MAX][REGISTER_BLOCK_MAX];
};

static void bus_close(struct bus *bus)
{
	if (bus->open)
		bus->port.ops->close(&bus->port);
	bus->open = false;
}

static bool bus_open(struct bus *bus)
{
	link_touch(bus->link);
	bus->failed = bus->port.ops->open(&bus->port);
	bus->open = bus->fresh = bus->failed == FAULT_NONE;
	bus->answered = false;
	return bus->open;
}

static enum outcome transact(struct bus *bus, const struct request *request, uint16_t *registers)
{
	if (bus->closes && bus->answered)
		bus_close(bus);
	if (!bus->open && !bus_open(bus))
		return OUTCOME_LOST;
	if (bus->asked >= 0 && bus->asked != request->unit)
		link_sleep_until(mono_after(bus->ended, bus->link->own->turnaround_ms * NS_PER_MS));
	link_touch(bus->link);
	enum outcome outcome = bus->port.ops->transact(&bus->port, request, registers);
	bus->asked = request->unit;
	bus->ended = shell_now();
	bus->answered =
	    bus->answered || outcome == OUTCOME_OK || outcome == OUTCOME_EXCEPTION || outcome == OUTCOME_BUSY;
	return outcome;
}

static enum outcome read_block(struct bus *bus, const struct bus_device *device, const struct register_block *block,
                               uint16_t *registers)
{
	struct request request = {.unit = device->own->unit, .address = block->start, .argument = block->count};

	switch (block->table) {
	case REGISTER_INPUT:
		request.function = MODBUS_READ_INPUT;
		break;
	case REGISTER_HOLDING:
		request.function = MODBUS_READ_HOLDING;
		break;
	}
	return transact(bus, &request, registers);
}

static enum outcome write_register(struct bus *bus, const struct bus_device *device, const struct register_write *write)
{
	struct request request = {
	    .unit = device->own->unit,
	    .function = MODBUS_WRITE_ONE,
	    .address = write->address,
	    .argument = write->value,
	};

	return transact(bus, &request, NULL);
}

/* Told once for each answer: the question is repeated as long as the wrong device is there. */
static void tell_refusal(struct bus *bus, struct bus_device *device, const uint16_t *registers)
{
	char detail[LINK_DETAIL_BYTES];
	size_t size = device->map->identity_expect_count * sizeof(registers[0]);

	if (device->refusal_told && memcmp(device->answered, registers, size) == 0)
		return;
	device->refusal_told = true;
	memcpy(device->answered, registers, size);
	identity_registers(detail, device->own->name, device->map, registers);
	link_notice(bus->link, true, "wrong-device", detail);
}

static enum outcome identify(struct bus *bus, struct bus_device *device)
{
	const struct register_map *map = device->map;
	uint16_t *registers = bus->registers[0];

	if (!map->has_identity)
		return OUTCOME_OK;
	enum outcome outcome = read_block(bus, device, &map->identity, registers);
	if (outcome != OUTCOME_OK)
		return outcome;
	for (uint8_t i = 0; i < map->identity_expect_count; i++)
		if (registers[i] != map->identity_expect[i]) {
			tell_refusal(bus, device, registers);
			return OUTCOME_REFUSED;
		}
	device->refusal_told = false;
	return OUTCOME_OK;
}

static enum outcome initialise(struct bus *bus, const struct bus_device *device)
{
	enum outcome outcome = OUTCOME_OK;

	for (uint8_t i = 0; i < device->map->init_count && outcome == OUTCOME_OK; i++)
		outcome = write_register(bus, device, &device->map->init[i]);
	return outcome;
}

/* The block with the sequence register is read first: a determination that ends during the round is then taken whole in
 * the next one, never half. */
static enum outcome read_round(struct bus *bus, const struct bus_device *device)
{
	const struct register_map *map = device->map;
	uint8_t first = map->has_sequence ? map->sequence_block : 0;
	enum outcome outcome = read_block(bus, device, &map->blocks[first], bus->registers[first]);

	for (uint8_t i = 0; i < map->block_count && outcome == OUTCOME_OK; i++)
		if (i != first)
			outcome = read_block(bus, device, &map->blocks[i], bus->registers[i]);
	return outcome;
}

/* The other end may have closed the connection while nothing was asked: made anew, and whoever is there now has to say
 * who it is. */
static bool connect_again(struct bus *bus)
{
	const struct modbus_port_ops *ops = bus->port.ops;

	if (bus->open && ops->closed != NULL && ops->closed(&bus->port))
		bus_close(bus);
	if (!bus->open && !bus_open(bus))
		return false;
	for (uint8_t i = 0; i < bus->count && bus->fresh; i++)
		bus->devices[i].identified = false;
	bus->fresh = false;
	return true;
}

/* Nothing is written to a device, and no value of it counts, before it has said on this connection who it is. (Where
 * each question needs a connection of its own: at the beginning of the round.) */
static enum outcome prepare(struct bus *bus, struct bus_device *device)
{
	enum outcome outcome = OUTCOME_OK;

	if (!connect_again(bus))
		return OUTCOME_LOST;
	if (!device->identified)
		outcome = identify(bus, device);
	if (outcome != OUTCOME_OK)
		return outcome;
	device->identified = true;
	if (!device->initialised)
		outcome = initialise(bus, device);
	if (outcome == OUTCOME_OK)
		device->initialised = true;
	return outcome;
}

/* What was measured and will not be shown goes on the record. */
static void tell_news(struct bus *bus, struct bus_device *device)
{
	const struct register_state *state = &device->state;
	char detail[LINK_DETAIL_BYTES];
	const char *what = "determination-unseen";
	int wrote = 0;

	switch (state->news) {
	case SEQUENCE_SAME:
	case SEQUENCE_UNSETTLED:
	case SEQUENCE_WAITS:
		return;
	case SEQUENCE_NEW:
		if ((uint16_t)(state->sequence - state->before) == 1)
			return;
		wrote = snprintf(detail, sizeof detail,
		                 "%s: sequence %u after %u: what was determined between was never read",
		                 device->own->name, state->sequence, state->before);
		break;
	case SEQUENCE_UNSEEN:
		wrote =
		    snprintf(detail, sizeof detail,
		             "%s: sequence %u after %u, not asked for %lld s: its age is not known, no value is taken",
		             device->own->name, state->sequence, state->before,
		             (long long)(mono_since(state->looked, state->ended_after) / NS_PER_S));
		break;
	case SEQUENCE_RESTARTED:
		what = "device-restarted";
		device->initialised = false;
		wrote = snprintf(detail, sizeof detail,
		                 "%s: sequence %u after %u: no new determination; one that nobody read is lost",
		                 device->own->name, state->sequence, state->before);
		break;
	}
	(void)wrote; /* a cut text is still a text */
	link_notice(bus->link, true, what, detail);
}

static enum outcome look(struct bus *bus, struct bus_device *device, struct decoded *decoded)
{
	const uint16_t *registers[REGISTER_MAP_BLOCKS_MAX];
	struct mono at = shell_now();
	enum outcome outcome = read_round(bus, device);

	if (outcome != OUTCOME_OK)
		return outcome;
	for (uint8_t i = 0; i < REGISTER_MAP_BLOCKS_MAX; i++)
		registers[i] = bus->registers[i];
	register_map_decode(device->map, &device->state, registers, at, decoded);
	tell_news(bus, device);
	return OUTCOME_OK;
}

static enum outcome poll_round(struct bus *bus, struct bus_device *device, struct decoded *decoded)
{
	enum outcome outcome = prepare(bus, device);

	if (outcome == OUTCOME_OK)
		outcome = look(bus, device, decoded);
	if (outcome == OUTCOME_OK && device->state.news == SEQUENCE_UNSETTLED)
		outcome = look(bus, device, decoded);
	return outcome;
}

/* Some gateways close behind each answer, the next question notwithstanding. Reading can be repeated. */
static enum outcome poll_once(struct bus *bus, struct bus_device *device, struct decoded *decoded)
{
	enum outcome outcome = poll_round(bus, device, decoded);

	if (outcome != OUTCOME_LOST || !bus->port.ops->reconnects || !bus->answered)
		return outcome;
	debug(DEBUG_LINK, "%s: closed behind an answer: asked again", bus->link->own->name);
	bus->closes = true;
	bus_close(bus);
	return poll_round(bus, device, decoded);
}

static bool may_be_deaf(const struct bus_device *device)
{
	return device->measures && mono_before(shell_now(), device->measures_until);
}

/* A device that was told to measure is not lost while it does, even if its values are: what was ordered is waited for.
 */
static void tell_lost(struct bus *bus, const struct bus_device *device, enum device_fault fault)
{
	link_tell(bus->link, device->index, may_be_deaf(device) ? DEVICE_RESYNC : DEVICE_DOWN, fault);
}

/* The port is closed: who the devices are is asked again, and what they were told is told again. */
static void forget(struct bus *bus, enum device_fault fault)
{
	bus->closes = false;
	for (uint8_t i = 0; i < bus->count; i++) {
		bus->devices[i].identified = false;
		bus->devices[i].initialised = false;
		bus->devices[i].failures = 0;
		tell_lost(bus, &bus->devices[i], fault);
	}
}

/* The pause before a device that failed again and again is asked the next time. */
static int64_t pause_ns(uint8_t failures)
{
	int64_t pause = BACKOFF_MIN_NS;

	for (int i = GIVE_UP_AFTER; i < failures && pause < BACKOFF_MAX_NS; i++)
		pause *= 2;
	return pause < BACKOFF_MAX_NS ? pause : BACKOFF_MAX_NS;
}

static void note_failure(struct bus *bus, struct bus_device *device, enum device_fault fault)
{
	bool refused = fault == FAULT_WRONG_IDENTITY;

	if (device->failures < UINT8_MAX)
		device->failures++;
	if (device->failures < GIVE_UP_AFTER && !refused) {
		link_tell(bus->link, device->index, DEVICE_RESYNC, fault);
		return;
	}
	device->identified = false;
	if (!may_be_deaf(device))
		device->initialised = false; /* it may have been switched off and on */
	if (refused)
		link_tell(bus->link, device->index, DEVICE_REFUSED, fault);
	else
		tell_lost(bus, device, fault);
	struct mono next = mono_after(shell_now(), pause_ns(device->failures));
	if (mono_before(device->due, next))
		device->due = next;
}

/* A late answer may be on its way: nobody's next value counts before the line is clean and the device has said again
 * who it is. Of the others only what that shows is told. */
static bool recover(struct bus *bus, struct bus_device *device, enum device_fault fault)
{
	note_failure(bus, device, fault);
	for (uint8_t i = 0; i < bus->count; i++)
		bus->devices[i].identified = false;
	bus->open = bus->port.ops->resync(&bus->port);
	bus->answered = false;
	if (!bus->open)
		forget(bus, fault);
	return bus->open;
}

static const char *words_of(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_OK:
		return "done";
	case OUTCOME_EXCEPTION:
		return "the device answers that it cannot";
	case OUTCOME_BUSY:
		return "the device answers that it is busy";
	case OUTCOME_REFUSED:
		return "another device answers";
	case OUTCOME_TIMEOUT:
		return "no answer";
	case OUTCOME_BAD_FRAME:
		return "a damaged answer";
	case OUTCOME_LOST:
		return "the connection was lost";
	}
	return "";
}

/* What a transaction with this device led to. False if the port is closed now. */
static bool settle(struct bus *bus, struct bus_device *device, enum outcome outcome)
{
	if (outcome != OUTCOME_OK)
		debug(DEBUG_LINK, "%s: %s: %s; %d failures before in a row", bus->link->own->name, device->own->name,
		      words_of(outcome), (int)device->failures);
	switch (outcome) {
	case OUTCOME_OK:
		return true;
	case OUTCOME_BUSY:
		if (device->failures + 1 < GIVE_UP_AFTER)
			device->failures++;
		else
			note_failure(bus, device, FAULT_EXCEPTION);
		return true;
	case OUTCOME_EXCEPTION:
		note_failure(bus, device, FAULT_EXCEPTION);
		return true;
	case OUTCOME_REFUSED:
		note_failure(bus, device, FAULT_WRONG_IDENTITY);
		device->state = (struct register_state){0};
		return true;
	case OUTCOME_TIMEOUT:
		return recover(bus, device, FAULT_TIMEOUT);
	case OUTCOME_BAD_FRAME:
		return recover(bus, device, FAULT_BAD_FRAME);
	case OUTCOME_LOST:
		forget(bus, bus->failed == FAULT_NONE ? FAULT_HUNG_UP : bus->failed);
		bus_close(bus);
		return false;
	}
	assert(false);
	return false;
}

/* The values tell their age; that this goes on and on is worth one line for whoever configured it. */
static void note_lateness(struct bus *bus, struct bus_device *device, bool late)
{
	char detail[TEXT_BYTES];

	if (device->late_told)
		return;
	device->lateness += late ? 2 : device->lateness > 0 ? -1 : 0;
	if (device->lateness < LATENESS_MAX)
		return;
	device->late_told = true;
	/* Cut on purpose. */
	(void)snprintf(detail, sizeof detail, "%s is polled less often than configured", device->own->name);
	link_notice(bus->link, true, "polls-missed", detail);
}

static enum outcome poll_now(struct bus *bus, struct bus_device *device)
{
	struct decoded decoded;
	enum outcome outcome = poll_once(bus, device, &decoded);

	if (outcome != OUTCOME_OK)
		return outcome;
	device->failures = 0;
	if (device->state.news == SEQUENCE_NEW)
		device->measures = false;
	link_works(bus->link);
	link_tell(bus->link, device->index, DEVICE_UP, FAULT_NONE);
	link_deliver(bus->link, device->index, &decoded);
	return OUTCOME_OK;
}

/* One round of one device. Its next time is a whole number of periods after the last one, so that late polls do not
 * shift the later ones; periods that have passed unused are not made up for. */
static bool poll_device(struct bus *bus, struct bus_device *device)
{
	int64_t missed = mono_since(shell_now(), device->due) / device->own->period_ns;

	note_lateness(bus, device, missed > 0);
	if (missed > 0)
		debug(DEBUG_LINK, "%s: %s is polled %lld periods late", bus->link->own->name, device->own->name,
		      (long long)missed);
	device->due = mono_after(device->due, (missed + 1) * device->own->period_ns);
	return settle(bus, device, poll_now(bus, device));
}

/* A start is sent right after a look, so that its determination is never counted as older than the order. */
static enum outcome carry_out(struct bus *bus, struct bus_device *device, bool start)
{
	enum outcome outcome = start ? poll_now(bus, device) : OUTCOME_OK;

	if (outcome == OUTCOME_BUSY || outcome == OUTCOME_EXCEPTION)
		outcome = OUTCOME_OK; /* it answers */
	if (outcome == OUTCOME_OK)
		outcome = prepare(bus, device);
	if (outcome != OUTCOME_OK)
		return outcome;
	device->measures_until = mono_after(shell_now(), MEASURING_NS);
	outcome = write_register(bus, device, start ? &device->map->cuff_start : &device->map->cuff_stop);
	device->measures = start && outcome != OUTCOME_EXCEPTION; /* if the answer was lost it may be obeyed */
	return outcome;
}

/* Devices that answer, or are about to: whether it is the right one is asked before anything is written. */
static uint32_t reachable(const struct bus *bus)
{
	uint32_t devices = 0;

	for (uint8_t i = 0; i < bus->count; i++) {
		enum device_state state = bus->link->devices[bus->devices[i].index].state;
		if (state == DEVICE_UP || state == DEVICE_RESYNC)
			devices |= UINT32_C(1) << bus->devices[i].index;
	}
	return devices;
}

static bool run_commands(struct bus *bus)
{
	struct link_command command;

	while (link_take_command(bus->link, reachable(bus), &command)) {
		struct bus_device *device = NULL;
		for (uint8_t i = 0; i < bus->count; i++)
			if (bus->devices[i].index == command.device)
				device = &bus->devices[i];
		assert(device != NULL);
		enum outcome outcome = carry_out(bus, device, command.start);
		/* Not tried again: a start whose answer was lost may have been obeyed. */
		if (outcome != OUTCOME_OK)
			link_command_lost(bus->link, &command, words_of(outcome));
		if (!settle(bus, device, outcome))
			return false;
	}
	return true;
}

static struct bus_device *next_due(struct bus *bus)
{
	struct bus_device *next = &bus->devices[0];

	for (uint8_t i = 1; i < bus->count; i++)
		if (mono_before(bus->devices[i].due, next->due))
			next = &bus->devices[i];
	return next;
}

/* After a failure the times are kept, so that a connection that comes and goes makes nobody be asked too often; but
 * whoever was given up is not waited for longer than between two attempts. A port that was pulled is asked at once. */
static void set_times(struct bus *bus)
{
	struct mono now = shell_now();
	struct mono latest = mono_after(now, bus->port.ops->reconnects ? BACKOFF_MAX_NS : 0);

	for (uint8_t i = 0; i < bus->count; i++)
		bus->devices[i].due = mono_earlier(mono_later(bus->devices[i].due, now), latest);
}

/* Until the port is closed after an error. */
static void work(struct bus *bus)
{
	set_times(bus);
	while (!atomic_load(&bus->link->stopping)) {
		if (!run_commands(bus))
			return;
		struct bus_device *device = next_due(bus);
		switch (link_wait(bus->link, bus->open ? bus->port.fd : -1, POLLRDHUP, device->due)) {
		case WAIT_TIMEOUT:
			if (!poll_device(bus, device))
				return;
			break;
		case WAIT_GONE:
			if (!bus->port.ops->reconnects) {
				(void)settle(bus, device, OUTCOME_LOST); /* closes the port */
				return;
			}
			debug(DEBUG_LINK, "%s: closed by the other end while nothing was asked", bus->link->own->name);
			bus_close(bus); /* opened again when somebody is to be asked */
			break;
		case WAIT_READY: /* nothing is waited for that could be ready */
		case WAIT_WOKEN:
			break;
		}
	}
	bus_close(bus);
}

static void add_device(struct bus *bus, uint8_t index)
{
	const struct config *config = bus->link->config;
	const struct device_config *own = &config->devices[index];
	const struct register_map *map = &config->maps[own->map];

	bus->devices[bus->count++] = (struct bus_device){.index = index, .own = own, .map = map};
	if (map->has_identity && map->identity.count > bus->port.longest)
		bus->port.longest = map->identity.count;
	for (uint8_t i = 0; i < map->block_count; i++)
		if (map->blocks[i].count > bus->port.longest)
			bus->port.longest = map->blocks[i].count;
}

void bus_run(struct link *link)
{
	const struct modbus_port_ops *ops = link->own->type == LINK_MODBUS_RTU       ? &rtu_port_ops
	                                    : link->own->type == LINK_MODBUS_RTU_TCP ? &rtu_tcp_port_ops
	                                                                             : &tcp_port_ops;
	struct bus bus = {.link = link, .asked = -1, .port = {.link = link, .ops = ops}};

	for (uint8_t i = 0; i < link->config->device_count; i++)
		if (link->config->devices[i].link == link->index)
			add_device(&bus, i);
	while (bus.count > 0 && !atomic_load(&link->stopping)) {
		if (bus_open(&bus)) {
			link_tell_all(link, DEVICE_RESYNC, FAULT_NONE);
			work(&bus);
		} else {
			link_tell_all(link, DEVICE_DOWN, bus.failed);
		}
		if (!link_back_off(link))
			return;
	}
}
