/* What a link tells the engine: the state of its devices and their values, as events in the mailbox. Called by the
 * thread that owns the link. */
#include <string.h>

#include "daemon/link/link_thread.h"

/* Every byte of an event is recorded, so none is left to chance. */
static struct event new_event(enum event_kind kind)
{
	struct event event;

	memset(&event, 0, sizeof event);
	event.kind = kind;
	event.wall_ns = shell_wall_ns();
	return event;
}

/* True if the engine knows what the link knows. */
static bool post_state(struct link *link, uint8_t device)
{
	struct link_device *known = &link->devices[device];

	if (known->untold) {
		struct event event = new_event(EVENT_DEVICE);
		event.u.device = (struct event_device){.device = device, .state = known->state, .fault = known->fault};
		known->untold = !mailbox_post(link->mailbox, &event);
	}
	return !known->untold;
}

void link_tell(struct link *link, uint8_t device, enum device_state state, enum device_fault fault)
{
	struct link_device *known = &link->devices[device];

	if (state == DEVICE_UP && known->pace.babbles)
		fault = FAULT_BABBLE;
	if (known->known && known->state == state && known->fault == fault)
		return;
	known->known = known->untold = true;
	known->state = state;
	known->fault = fault;
	thin_forget(&known->thin);
	debug(DEBUG_LINK, "%s: %s is %s, fault %s", link->own->name, link->config->devices[device].name,
	      device_state_name(state), device_fault_name(fault));
	(void)post_state(link, device); /* else later */
}

void link_tell_all(struct link *link, enum device_state state, enum device_fault fault)
{
	for (uint8_t i = 0; i < link->config->device_count; i++)
		if (link->config->devices[i].link == link->index)
			link_tell(link, i, state, fault);
}

static bool tells_determination(const struct decoded *decoded)
{
	for (uint8_t i = 0; i < decoded->count; i++)
		if (parameter_table[decoded->list[i].parameter].cadence != CADENCE_CONTINUOUS)
			return true;
	return false;
}

static void post_values(struct link *link, uint8_t device, const struct decoded *decoded)
{
	struct event event = new_event(EVENT_MEASUREMENTS);

	event.u.measurements.device = device;
	event.u.measurements.count = decoded->count;
	for (uint8_t i = 0; i < decoded->count; i++) {
		const struct measurement *value = &decoded->list[i];
		event.u.measurements.list[i] = *value;
		debug(DEBUG_DRIVER, "%s: %s %d thousandths, reason %s", link->config->devices[device].name,
		      parameter_table[value->parameter].name, (int)value->milli, reason_name(value->reason));
	}
	/* Values that come before their device's state are ignored. The next frame brings newer ones; of a cuff not. */
	if ((!post_state(link, device) || !mailbox_post(link->mailbox, &event)) && tells_determination(decoded))
		link_notice(link, true, "determination-lost", link->config->devices[device].name);
}

void link_deliver(struct link *link, uint8_t device, const struct decoded *decoded)
{
	struct link_device *known = &link->devices[device];
	int64_t period_ns = link->config->devices[device].period_ns;
	struct mono now = shell_now();

	pace_count(&known->pace, period_ns, now);
	if (thin_pass(&known->thin, decoded, period_ns, now))
		post_values(link, device, decoded);
}

void link_post_waiting(struct link *link)
{
	struct mono now = shell_now();
	struct decoded decoded;

	for (uint8_t i = 0; i < link->config->device_count; i++) {
		(void)post_state(link, i); /* else at the next wait */
		if (thin_take(&link->devices[i].thin, link->config->devices[i].period_ns, now, &decoded))
			post_values(link, i, &decoded);
	}
}

struct mono link_post_due(const struct link *link)
{
	struct mono due = MONO_NEVER;

	for (uint8_t i = 0; i < link->config->device_count; i++)
		due = mono_earlier(due, thin_due(&link->devices[i].thin));
	return due;
}
