/* The libmodbus server of one simulated Modbus device: its own thread, its own context, on one end of a socketpair.
 * The relay (modbus_device.c) gives it one whole request at a time and takes its answer. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <string.h>

#include "clients/sim/sim.h"

#define IDENTITY_VENDOR 0x5653 /* "VS" */
#define IDENTITY_CUFF   0x4342 /* "CB" */
#define IDENTITY_ECG    0x4543 /* "EC" */
#define IDENTITY_OTHER  0x5858
#define CUFF_COMMAND    32
#define WRITE_SINGLE    6

/* What etc/devices/vitals-sim-cuff.conf and vitals-sim-ecg.conf describe. */
static modbus_mapping_t *new_mapping(enum device device)
{
	if (device == DEVICE_CUFF)
		return modbus_mapping_new_start_address(0, 0, 0, 0, 0, CUFF_COMMAND + 1, 16, 8);
	return modbus_mapping_new_start_address(0, 0, 0, 0, 0, 2, 100, 7);
}

/* Returns false when the device is busy with the command in `request`. */
static bool refresh(struct modbus_device *device, modbus_mapping_t *mapping, const uint8_t *pdu)
{
	struct world *world = device->world;
	int64_t now_ns = sim_now_ns();
	bool accepted = true;

	world_lock(world);
	enum mode mode = world_mode(world, device->device, now_ns);
	bool other = mode == MODE_WRONG_IDENTITY, kpa = mode == MODE_KPA;

	mapping->tab_registers[0] = IDENTITY_VENDOR;
	mapping->tab_registers[1] = device->device == DEVICE_CUFF ? IDENTITY_CUFF : IDENTITY_ECG;
	if (other)
		mapping->tab_registers[1] = IDENTITY_OTHER;
	if (device->device == DEVICE_CUFF) {
		if (pdu[0] == WRITE_SINGLE && pdu[1] == 0 && pdu[2] == CUFF_COMMAND)
			accepted = cuff_command(&world->cuff, (uint16_t)(pdu[3] << 8 | pdu[4]), now_ns);
		if (mode != MODE_FROZEN)
			cuff_registers(&world->cuff, now_ns, kpa, mapping->tab_input_registers);
	} else if (mode != MODE_FROZEN) {
		ecg_registers(world, now_ns, kpa, mapping->tab_input_registers);
	}
	world_unlock(world);
	return accepted;
}

static void serve(struct modbus_device *device, modbus_t *server, modbus_mapping_t *mapping)
{
	uint8_t request[MODBUS_MAX_ADU_LENGTH];
	int head = modbus_get_header_length(server);

	for (;;) {
		int count = modbus_receive(server, request);
		int code = errno;

		/* A bad frame is libmodbus's own code and not the end; ECONNRESET is the relay's end. */
		if (count < 0 && code < MODBUS_ENOBASE && code != ETIMEDOUT && code != EINTR)
			return;
		if (count < head + 5)
			continue;
		int sent = refresh(device, mapping, request + head)
		               ? modbus_reply(server, request, count, mapping)
		               : modbus_reply_exception(server, request, MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY);

		if (sent < 0 && errno == EPIPE)
			return;
	}
}

void *modbus_server_run(void *context)
{
	struct modbus_device *device = context;
	modbus_t *server = device->wire.kind == WIRE_TCP ? modbus_new_tcp("127.0.0.1", 1502)
	                                                 : modbus_new_rtu(device->wire.path, device->baud, 'N', 8, 1);
	modbus_mapping_t *mapping = new_mapping(device->device);

	/* The context never opens its address or path: it is given the end of the socketpair. */
	if (server == NULL || mapping == NULL || modbus_set_slave(server, device->unit) != 0 ||
	    modbus_set_socket(server, device->server_end) != 0 || modbus_set_indication_timeout(server, 0, 0) != 0)
		(void)fprintf(stderr, "vitals-sim: %s: the Modbus server cannot start\n", device->wire.name);
	else
		serve(device, server, mapping);
	if (mapping != NULL)
		modbus_mapping_free(mapping);
	if (server != NULL)
		modbus_free(server);
	return NULL;
}
