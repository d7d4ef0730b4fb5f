/* Devices: connection, silence, and the cuff commands that go to them. Called within engine_step. */
#include "core.h"

static struct mono silent_at(const struct engine *engine, uint8_t device)
{
	return mono_after(engine->devices[device].heard, STALE_PERIODS * engine->config->devices[device].period_ns);
}

/* A device that lost step after one bad frame and finds its identity again has not been lost yet. */
bool device_fine(const struct engine *engine, uint8_t device, struct mono now)
{
	const struct engine_device_state *d = &engine->devices[device];

	return (d->state == DEVICE_UP || (d->state == DEVICE_RESYNC && d->was_up)) &&
	       !mono_reached(silent_at(engine, device), now);
}

int device_of_cuff(const struct engine *engine, enum parameter parameter)
{
	enum parameter measured = parameter_derived(parameter) ? PARAMETER_NIBP_SYS : parameter;
	int device = engine->parameters[measured].device;

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
	d->was_up = event->state == DEVICE_UP || (event->state == DEVICE_RESYNC && d->was_up);
	if (!d->was_up)
		d->cuff_requested = false;
	d->state = event->state;
	d->fault = event->fault;
	step->devices_changed |= UINT32_C(1) << event->device;
}

/* The last of three losses was less than a minute after the first. */
static void note_loss(struct step *step, struct engine_device_state *d)
{
	d->lost_at[0] = d->lost_at[1];
	d->lost_at[1] = d->lost_at[2];
	d->lost_at[2] = step->now;
	if (!mono_is_never(d->lost_at[0]) && mono_since(step->now, d->lost_at[0]) <= FLAPPING_NS)
		d->flapping = true;
}

/* Silence and its end are published with the device; the reason why its values are missing changes with it. */
void device_advance(struct step *step)
{
	struct engine *engine = step->engine;

	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		struct engine_device_state *d = &engine->devices[i];
		bool was_fine = !mono_is_never(d->fine_since);
		bool fine = device_fine(engine, i, step->now);

		if (fine && was_fine && mono_reached(mono_after(d->fine_since, FLAPPING_NS), step->now))
			d->flapping = false;
		if (fine == was_fine)
			continue;
		if (fine) {
			d->fine_since = step->now;
			d->lost_since = MONO_NEVER;
		} else {
			d->lost_since = step->now;
			d->fine_since = MONO_NEVER;
			note_loss(step, d);
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
		d->cuff_rest_until = mono_after(step->now, step->engine->config->plan.cuff_rest_ns);
		d->mask_until = mono_after(step->now, step->engine->config->plan.cuff_mask_max_ns);
	} else {
		struct mono masked = mono_after(step->now, step->engine->config->plan.cuff_mask_ns);

		if (mono_before(masked, d->mask_until) && !mono_is_never(d->mask_until))
			d->mask_until = masked;
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

/* What has just begun asks for a pressure, and once more later; until then another onset of it asks for none. */
bool device_onset(struct step *step, struct onset *onset, bool present)
{
	bool wanted = mono_reached(onset->again, step->now);

	if (wanted)
		onset->again = MONO_NEVER;
	if (present && !onset->measured && mono_is_never(onset->again)) {
		onset->again = mono_after(step->now, step->engine->config->plan.measure_again_ns);
		wanted = true;
	}
	onset->measured = present;
	return wanted;
}

/* A determination came, asked for or not. One that was asked for and failed is tried again. */
void device_determined(struct step *step, uint8_t device, bool failed)
{
	struct engine_device_state *d = &step->engine->devices[device];
	const struct plan *plan = &step->engine->config->plan;
	bool requested = d->cuff_requested;

	d->cuff_requested = false;
	d->cuff_rest_until = mono_after(step->now, plan->cuff_rest_ns);
	d->mask_until = mono_earlier(mono_after(step->now, plan->cuff_mask_ns),
	                             requested ? mono_after(d->cuff_requested_at, plan->cuff_mask_max_ns) : MONO_NEVER);
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
		struct engine_device_state *d = &step->engine->devices[i];

		d->cuff_failures = 0;
		d->cuff_retries = 0;
		d->cuff_wanted = false;
		d->others_at = MONO_NEVER;
		d->others_until = d->cuff_requested ? mono_after(d->cuff_requested_at, CUFF_ANSWER_NS) : MONO_NEVER;
	}
}

/* The first determination after an opening that found one under way: it began on the last patient. */
bool device_determined_others(struct step *step, uint8_t device, struct mono determined)
{
	struct engine_device_state *d = &step->engine->devices[device];

	if (!step->engine->session.open || !mono_ahead(d->others_until, step->now))
		return false;
	d->others_until = MONO_NEVER;
	d->others_at = determined;
	d->cuff_requested = false;
	d->cuff_rest_until = mono_after(step->now, step->engine->config->plan.cuff_rest_ns);
	return true;
}

/* When a determination that is wanted can be started: rested, none under way, device there and not taken out. */
static struct mono cuff_free_at(const struct engine *engine, uint8_t device)
{
	const struct engine_device_state *d = &engine->devices[device];

	if (!d->cuff_wanted || d->state != DEVICE_UP || mono_is_never(d->fine_since) ||
	    take_out_covers_device(engine, device))
		return MONO_NEVER;
	if (mono_is_never(d->cuff_rest_until))
		return engine->now; /* nothing was inflated yet */
	if (!d->cuff_requested)
		return d->cuff_rest_until;
	return mono_later(d->cuff_rest_until, mono_after(d->cuff_requested_at, CUFF_ANSWER_NS));
}

bool device_start_cuffs(struct step *step)
{
	struct engine *engine = step->engine;
	bool started = false;

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		if (mono_reached(cuff_free_at(engine, i), step->now)) {
			request_cuff(step, i, true);
			started = true;
		}
	return started;
}

struct mono device_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		const struct engine_device_state *d = &engine->devices[i];

		if (mono_is_never(d->fine_since))
			continue;
		deadline = mono_earlier(deadline, silent_at(engine, i));
		if (d->flapping)
			deadline = mono_earlier(deadline, mono_after(d->fine_since, FLAPPING_NS));
	}
	return deadline;
}

struct mono device_cuff_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		deadline = mono_earlier(deadline, cuff_free_at(engine, i));
	return deadline;
}
