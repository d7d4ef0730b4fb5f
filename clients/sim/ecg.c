/* The simulated ECG and capnography gateway: its seven input registers. Called by its Modbus server's thread with the
 * world's lock held. */
#include <math.h>
#include <string.h>

#include "clients/sim/sim.h"

#define ECG_MISSING 0xFFFF
#define LEAD_OFF    1
#define SAMPLE_OFF  2

#define HEARTBEAT_NS (50 * NS_PER_MS)

void ecg_registers(const struct world *world, int64_t now_ns, bool kpa, uint16_t input[7])
{
	const struct device_state *device = &world->device[DEVICE_ECG];
	float hr = (float)world->vitals.hr;
	uint32_t bits;

	memcpy(&bits, &hr, sizeof bits);
	bool no_leads = device->lead_off || device->silent_values;

	if (no_leads)
		bits = 0x7FC00000; /* NaN */
	input[0] = (uint16_t)bits; /* CDAB: the low word first */
	input[1] = (uint16_t)(bits >> 16);
	input[2] = device->probe_off ? ECG_MISSING : (uint16_t)lround(world->vitals.resp * 10);
	input[3] =
	    device->probe_off ? ECG_MISSING : (uint16_t)lround(world->vitals.etco2 * 10 / (kpa ? MMHG_PER_KPA : 1));
	input[4] = (uint16_t)((no_leads ? LEAD_OFF : 0) | (device->probe_off ? SAMPLE_OFF : 0));
	input[5] = (uint16_t)(now_ns / HEARTBEAT_NS); /* a living gateway counts */
	input[6] = kpa ? 1 : 0;
}
