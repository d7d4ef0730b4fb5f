/* See prefix.h. */
#include "daemon/record/prefix.h"

#include <string.h>

#include "daemon/record/event_code.h"

struct prefix {
	uint8_t *bytes;
	size_t size;
	const struct engine *engine;
};

static void put(struct prefix *prefix, const struct event *event, struct mono at)
{
	prefix->size +=
	    event_encode(prefix->bytes + prefix->size, PREFIX_BYTES - prefix->size, event, at, prefix->engine->config);
}

/* The measured parameters that were ever received, the one determined first at the front. */
static int by_time(const struct engine *engine, enum parameter order[PARAMETER_COUNT])
{
	int count = 0;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		const struct engine_parameter *parameter = &engine->parameters[p];
		if (parameter->device < 0 || !parameter->received || mono_is_never(parameter->latest.determined))
			continue;
		int at = count++;
		for (; at > 0 &&
		       mono_before(parameter->latest.determined, engine->parameters[order[at - 1]].latest.determined);
		     at--)
			order[at] = order[at - 1];
		order[at] = (enum parameter)p;
	}
	return count;
}

size_t prefix_of(const struct engine *engine, uint8_t bytes[PREFIX_BYTES])
{
	struct prefix prefix = {.bytes = bytes, .engine = engine};
	enum parameter order[PARAMETER_COUNT];
	int count = by_time(engine, order);
	struct mono first = count > 0 ? engine->parameters[order[0]].latest.determined : engine->now;
	for (uint8_t d = 0; d < engine->config->device_count; d++) {
		struct event event = {.kind = EVENT_DEVICE};
		event.u.device = (struct event_device){d, engine->devices[d].state, engine->devices[d].fault};
		put(&prefix, &event, first);
	}
	for (int i = 0; i < count; i++) {
		const struct engine_parameter *parameter = &engine->parameters[order[i]];
		struct event event = {.kind = EVENT_MEASUREMENTS, .wall_ns = parameter->latest_wall_ns};
		event.u.measurements = (struct event_measurements){.device = (uint8_t)parameter->device, .count = 1};
		event.u.measurements.list[0] = parameter->latest;
		put(&prefix, &event, parameter->latest.determined);
	}
	return prefix.size;
}
