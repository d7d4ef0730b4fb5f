/* What is out of alarming for a stated time: a device under repair, a sensor that disturbs. Never silently: a low alarm
 * stands while it lasts. Called within engine_step. */
#include "core.h"

#define OUT_MIN_S 60
#define OUT_MAX_S 3600

static bool out(const struct engine *engine, int slot)
{
	return engine->taken_out[slot].until.ns != 0;
}

bool take_out_covers_device(const struct engine *engine, uint8_t device)
{
	return out(engine, device);
}

bool take_out_covers(const struct engine *engine, enum parameter parameter)
{
	int device = engine->parameters[parameter].device;

	return out(engine, DEVICES_MAX + (int)parameter) || (device >= 0 && out(engine, device));
}

/* A critical rule of which no term can be judged any more: what is left of it has no source, or brings no value. */
bool take_out_blinds(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	bool touched = false;

	if (p->kind != RULE_ALARM || !p->critical)
		return false;
	if (rule_out(engine, rule))
		return true;
	for (uint8_t i = 0; i < p->term_count; i++) {
		enum parameter parameter = p->terms[i].parameter;
		bool continuous = parameter_table[parameter].cadence == CADENCE_CONTINUOUS;

		if (take_out_covers(engine, parameter))
			touched = true;
		else if (!continuous || reading_current(engine, parameter))
			return false;
	}
	return touched;
}

static rule_set blinded(const struct engine *engine)
{
	rule_set rules = 0;

	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++)
		if (take_out_blinds(engine, i))
			rules |= RULE_BIT(i);
	return rules;
}

static int slot_of(const struct engine *engine, const struct take_out *order)
{
	if (!order->is_device) {
		for (int p = 0; p < PARAMETER_COUNT; p++)
			if (core_same_text(parameter_table[p].name, order->name, strlen(parameter_table[p].name) + 1))
				return DEVICES_MAX + p;
		return -1;
	}
	for (int d = 0; d < engine->config->device_count; d++)
		if (core_same_text(engine->config->devices[d].name, order->name, NAME_BYTES))
			return d;
	return -1;
}

static enum result put_back(struct step *step, int slot, const char *actor)
{
	if (!out(step->engine, slot))
		return RESULT_WRONG_STATE;
	memset(&step->engine->taken_out[slot], 0, sizeof(step->engine->taken_out[slot]));
	step_session(step, SESSION_TAKEN_OUT, actor);
	return RESULT_OK;
}

enum result take_out_command(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	const struct take_out *order = &command->u.take_out;
	int slot = slot_of(engine, order);

	if (slot < 0)
		return RESULT_UNKNOWN_NAME;
	if (order->duration_s == 0)
		return put_back(step, slot, command->actor);
	if (order->duration_s < OUT_MIN_S || order->duration_s > OUT_MAX_S || order->reason[0] == '\0')
		return RESULT_OUT_OF_RANGE;

	rule_set blind = blinded(engine);
	struct taken_out *taken = &engine->taken_out[slot], before = *taken;

	taken->until = mono_after(step->now, order->duration_s * NS_PER_S);
	if (engine->session.open && (blinded(engine) & ~blind) != 0 && !session_override_valid(&order->override)) {
		*taken = before;
		return order->override.name[0] == '\0' ? RESULT_BLOCKED : RESULT_OUT_OF_RANGE;
	}
	core_copy_text(taken->by, command->actor, sizeof(taken->by));
	core_copy_text(taken->reason, order->reason, sizeof(taken->reason));
	step_session(step, SESSION_TAKEN_OUT, command->actor);
	return RESULT_OK;
}

void take_out_advance(struct step *step)
{
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		if (out(step->engine, i) && mono_reached(step->engine->taken_out[i].until, step->now))
			(void)put_back(step, i, ""); /* it is out */
}

struct mono take_out_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		if (out(engine, i))
			deadline = mono_earlier(deadline, engine->taken_out[i].until);
	return deadline;
}
