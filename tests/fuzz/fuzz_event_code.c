/* Fuzzes the decoding of recorded events. What is accepted has these very bytes and no others, and the engine can be
 * stepped with it. */
#include <stdlib.h>
#include <string.h>

#include "daemon/record/event_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct engine_config config = {
	    .bedside = "room-1",
	    .display_within_ns = 10 * NS_PER_S,
	    .device_count = 3,
	    .devices = {{.name = "oximeter",
	                 .period_ns = NS_PER_S,
	                 .provides = PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE)},
	                {.name = "bp", .period_ns = NS_PER_S, .provides = PARAMETER_BIT(PARAMETER_NIBP_SYS)},
	                {.name = "a-name-of-the-longest-that-fits", .period_ns = NS_PER_S}},
	    .plan = {.phase_count = 1, .baseline_readings = 1, .planned_duration_ns = 2400 * NS_PER_S},
	};
	static struct engine engine;
	static struct actions actions;
	struct event event;
	struct mono now;
	uint8_t again[EVENT_BYTES_MAX];

	if (!event_decode(&event, &now, bytes, size, &config))
		return 0;
	must(event_encode(again, sizeof again, &event, now, &config) == size);
	must(memcmp(again, bytes, size) == 0);
	engine_init(&engine, &config, now);
	engine_step(&engine, &event, now, &actions);
	must(engine_sound(&engine) == NULL);
	return 0;
}
