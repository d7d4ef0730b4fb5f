/* Devices: connection, silence, and the cuff commands that go to them. Called within engine_step. */
#include "core.h"

static struct mono silent_at(const struct engine *engine, uint8_t device)
{
	return mono_after(engine->devices[device].heard, STALE_PERIODS * engine->config->devices[device].period_ns);
}

bool device_fine(const struct engine *engine, uint8_t device, struct mono now)
{
	return engine->devices[device].state == DEVICE_UP && !mono_reached(silent_at(engine, device), now);
}

int device_of_cuff(const struct engine *engine, enum parameter parameter)
{
	int device = engine->parameters[parameter].device;

	if (parameter_table[parameter].cadence != CADENCE_INTERMITTENT || device < 0 ||
	    !engine->config->devices[device].cuff_command)
		return -1;
	return device;
}

void device_event(struct step *step, const struct event_device *event)
{
	struct engine *engine = step->engine;

	if (event->device >= engine->config->device_count || (unsigned)event->state > DEVICE_REFUSED ||
	    (unsigned)event->fault >= FAULT_COUNT)
		return;

	struct engine_device_state *d = &engine->devices[event->device];

	if (event->state == d->state && event->fault == d->fault)
		return;
	if (event->state == DEVICE_UP && d->state != DEVICE_UP) {
		d->heard = step->now;
		d->ever_up = true;
	}
	if (event->state != DEVICE_UP)
		d->cuff_requested = false;
	d->state = event->state;
	d->fault = event->fault;
	step->devices_changed |= UINT32_C(1) << event->device;
}

/* Silence and its end are published with the device; the reason why its values are missing changes with it. */
void device_advance(struct step *step)
{
	struct engine *engine = step->engine;

	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		struct engine_device_state *d = &engine->devices[i];
		bool was_fine = !mono_is_never(d->fine_since);
		bool fine = device_fine(engine, i, step->now);

		if (fine == was_fine)
			continue;
		if (fine) {
			d->fine_since = step->now;
			d->lost_since = MONO_NEVER;
		} else {
			d->lost_since = step->now;
			d->fine_since = MONO_NEVER;
		}
		step->devices_changed |= UINT32_C(1) << i;
		for (int p = 0; p < PARAMETER_COUNT; p++)
			if (engine->parameters[p].device == (int8_t)i && engine->parameters[p].stale)
				step->changed |= PARAMETER_BIT(p);
	}
}

static void request_cuff(struct step *step, uint8_t device, bool start)
{
	struct engine_device_state *d = &step->engine->devices[device];
	struct action *action = step_action(step, ACTION_CUFF);

	action->u.cuff.device = device;
	action->u.cuff.start = start;
	d->cuff_wanted = false;
	d->cuff_requested = start;
	if (start) {
		d->cuff_requested_at = step->now;
		d->cuff_rest_until = mono_after(step->now, CUFF_REST_NS);
	}
}

/* A person's command is passed on at once; rest and over-pressure are guarded by the cuff itself. */
enum result device_cuff(struct step *step, bool start)
{
	int device = device_of_cuff(step->engine, PARAMETER_NIBP_SYS);

	if (device < 0 || step->engine->devices[device].state != DEVICE_UP)
		return RESULT_NO_CUFF;
	step->engine->devices[device].cuff_retries = 0;
	request_cuff(step, (uint8_t)device, start);
	return RESULT_OK;
}

void device_want_cuff(struct step *step, uint8_t device)
{
	step->engine->devices[device].cuff_wanted = true;
	step->engine->devices[device].cuff_retries = 0;
}

/* A determination came, asked for or not. One that was asked for and failed is tried again. */
void device_determined(struct step *step, uint8_t device, bool failed)
{
	struct engine_device_state *d = &step->engine->devices[device];
	bool requested = d->cuff_requested;

	d->cuff_requested = false;
	d->cuff_rest_until = mono_after(step->now, CUFF_REST_NS);
	if (!failed) {
		d->cuff_failures = 0;
		d->cuff_retries = 0;
		d->cuff_wanted = false;
		return;
	}
	if (d->cuff_failures < UINT8_MAX)
		d->cuff_failures++;
	if (requested && step->engine->session.open && d->cuff_retries < CUFF_RETRIES) {
		d->cuff_retries++;
		d->cuff_wanted = true;
	}
}

void device_session(struct step *step)
{
	for (uint8_t i = 0; i < step->engine->config->device_count; i++) {
		step->engine->devices[i].cuff_failures = 0;
		step->engine->devices[i].cuff_retries = 0;
		step->engine->devices[i].cuff_wanted = false;
	}
}

void device_start_cuffs(struct step *step)
{
	struct engine *engine = step->engine;

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		if (engine->devices[i].cuff_wanted && device_fine(engine, i, step->now) &&
		    mono_reached(engine->devices[i].cuff_rest_until, step->now))
			request_cuff(step, i, true);
}

struct mono device_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		if (!mono_is_never(engine->devices[i].fine_since))
			deadline = mono_earlier(deadline, silent_at(engine, i));
	return deadline;
}

struct mono device_cuff_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		if (engine->devices[i].cuff_wanted && !mono_is_never(engine->devices[i].fine_since))
			deadline = mono_earlier(deadline, engine->devices[i].cuff_rest_until);
	return deadline;
}
