/* The engine's outside: set-up, one step, the next deadline. Called by the loop from the engine thread, and by tests
 * and replay.
 *
 * A step first goes through every deadline that has passed, in order, each at its own instant, and only then applies
 * the event. So it does not matter to any decision how late a tick comes, or whether one comes at all. */
#include "core.h"

/* More deadlines than there can be between two steps, each being passed once: three for each time of each check, twelve
 * for each alarm (delay, clear, reminder, escalations, confirmation, mask, what it waits for), 288 for the expected
 * response, the rest for phases, parameters, devices and what is taken out. */
#define DEADLINES_MAX (3 * PLAN_CHECKS_MAX * PLAN_CHECK_TIMES_MAX + 12 * ALARMS_MAX + 800)

static void init_devices(struct engine *engine)
{
	for (int d = 0; d < DEVICES_MAX; d++) {
		struct engine_device_state *device = &engine->devices[d];

		device->last_frame = device->heard = device->fine_since = MONO_NEVER;
		device->lost_since = engine->now;
		device->cuff_requested_at = device->cuff_rest_until = device->mask_until = MONO_NEVER;
		device->others_until = device->others_at = MONO_NEVER;
		for (int i = 0; i < 3; i++)
			device->lost_at[i] = MONO_NEVER;
	}
}

void engine_init(struct engine *engine, const struct engine_config *config, struct mono now)
{
	memset(engine, 0, sizeof(*engine));
	engine->config = config;
	engine->now = engine->watched_since = now;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		struct engine_parameter *parameter = &engine->parameters[p];

		parameter->device = -1;
		parameter->latest.parameter = (enum parameter)p;
		parameter->latest.determined = MONO_NEVER;
		parameter->missing_since = now;
		parameter->valued = parameter->dead_since = parameter->good.determined = MONO_NEVER;
		for (int d = config->device_count - 1; d >= 0; d--)
			if ((config->devices[d].provides & PARAMETER_BIT(p)) != 0)
				parameter->device = (int8_t)d;
	}
	init_devices(engine);
	clocks_clear(&engine->session);
	engine->audio_paused_until = MONO_NEVER;
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		engine->taken_out[i].until = MONO_NEVER;
	for (int i = 0; i < DISPLAYS_MAX; i++) {
		engine->displays[i].heard = now;
		engine->displays[i].shown = MONO_NEVER;
	}
	rule_open(engine);
	alarm_init(engine);
}

/* Everything that time alone changes, in the order in which one thing depends on another. */
static void step_advance(struct step *step)
{
	session_advance(step);
	take_out_advance(step);
	device_advance(step);
	reading_advance(step);
	derived_advance(step);
	check_advance(step);
	expected_advance(step);
	condition_judge_all(step);
}

/* Applies the event. Returns the result if it was a command. */
static enum result step_event(struct step *step, const struct event *event)
{
	switch (event->kind) {
	case EVENT_TICK:
		break;
	case EVENT_MEASUREMENTS:
		reading_frame(step, &event->u.measurements);
		session_baseline(step);
		check_determined(step);
		break;
	case EVENT_DEVICE:
		device_event(step, &event->u.device);
		break;
	case EVENT_COMMAND:
		return order_command(step, &event->u.command);
	case EVENT_SERVICE:
		if ((unsigned)event->u.service.service < SERVICE_COUNT)
			step->engine->service_failed[event->u.service.service] = !event->u.service.ok;
		break;
	case EVENT_CLOCK:
		if (event->u.clock.step_ns >= CLOCK_STEP_NS || event->u.clock.step_ns <= -CLOCK_STEP_NS)
			alarm_clock_stepped(step);
		break;
	case EVENT_AWAY:
		if (event->u.away.away_ns >= step->engine->config->plan.gap_alarm_ns)
			alarm_away(step, &event->u.away);
		break;
	}
	return RESULT_OK;
}

static void step_finish(struct step *step, const struct event *event, enum result result)
{
	if (step->phase_changed)
		step_session(step, SESSION_PHASE, "");
	if (step->checks_changed)
		step_session(step, SESSION_CHECK, "");
	for (uint8_t d = 0; d < step->engine->config->device_count; d++)
		if ((step->devices_changed & (UINT32_C(1) << d)) != 0)
			step_action(step, ACTION_DEVICE)->u.device = d;
	if (step->changed != 0)
		step_action(step, ACTION_READINGS)->u.readings = step->changed;
	if (event->kind == EVENT_COMMAND) {
		struct action *action = step_action(step, ACTION_REPLY);

		action->u.reply.id = event->u.command.id;
		action->u.reply.command = event->u.command.command;
		action->u.reply.result = result;
		core_copy_text(action->u.reply.actor, event->u.command.actor, sizeof(action->u.reply.actor));
	}
}

/* When time alone changes what is known and judged. */
static struct mono next_change(const struct engine *engine)
{
	struct mono next = session_deadline(engine);

	next = mono_earlier(next, take_out_deadline(engine));
	next = mono_earlier(next, device_deadline(engine));
	next = mono_earlier(next, reading_deadline(engine));
	next = mono_earlier(next, check_deadline(engine));
	next = mono_earlier(next, expected_deadline(engine));
	next = mono_earlier(next, condition_deadline(engine));
	return mono_earlier(next, alarm_deadline(engine));
}

/* Brings the engine to `now`, one deadline after the other; between them nothing changes. Cuffs are started at the end
 * of the step only: a start that comes late comes once. */
static void step_to(struct step *step, struct mono now)
{
	for (int i = 0; i < DEADLINES_MAX; i++) {
		struct mono deadline = next_change(step->engine);

		if (mono_before(now, deadline))
			break;
		step->now = step->engine->now = mono_later(deadline, step->engine->now);
		step_advance(step);
	}
	step->now = step->engine->now = mono_later(now, step->engine->now);
}

void engine_step(struct engine *engine, const struct event *event, struct mono now, struct actions *actions)
{
	struct step step = {.engine = engine, .wall_ns = event->wall_ns, .actions = actions};

	actions->count = 0;
	step_to(&step, now);

	enum result result = step_event(&step, event);

	if (event->kind != EVENT_TICK)
		step_advance(&step);
	step.fresh = 0; /* judged once */
	if (device_start_cuffs(&step))
		step_advance(&step); /* the inflation masks from now on */
	step_finish(&step, event, result);
}

struct mono engine_deadline(const struct engine *engine)
{
	return mono_earlier(next_change(engine), device_cuff_deadline(engine));
}
