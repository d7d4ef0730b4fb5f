/* What is out of alarming for a stated time: a device under repair, a sensor that disturbs. Never silently: a low alarm
 * stands while it lasts. Called within engine_step. */
#include "core.h"

static bool out(const struct engine *engine, int slot)
{
	return !mono_is_never(engine->taken_out[slot].until);
}

bool take_out_covers_device(const struct engine *engine, uint8_t device)
{
	return out(engine, device);
}

static bool covered(const struct engine *engine, int parameter)
{
	int device = engine->parameters[parameter].device;

	return out(engine, DEVICES_MAX + parameter) || (device >= 0 && out(engine, device));
}

/* Of a derived parameter: one of the parts that it needs, or all those of which one is enough. */
bool take_out_covers(const struct engine *engine, enum parameter parameter)
{
	const struct parameter_parts *parts = &parameter_parts[parameter];
	bool any = false, left = false;

	if (covered(engine, (int)parameter))
		return true;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if ((parts->needs & PARAMETER_BIT(p)) != 0 && covered(engine, p))
			return true;
		if ((parts->one_of & PARAMETER_BIT(p)) == 0 || engine->parameters[p].device < 0)
			continue;
		any = true;
		left = left || !covered(engine, p);
	}
	return any && !left;
}

bool take_out_touches(const struct engine *engine, enum parameter parameter)
{
	parameter_set parts = parameter_parts[parameter].needs | parameter_parts[parameter].one_of;

	for (int p = 0; p < PARAMETER_COUNT; p++)
		if (((parts | PARAMETER_BIT(parameter)) & PARAMETER_BIT(p)) != 0 && covered(engine, p))
			return true;
	return false;
}

enum result take_out_put_back(struct step *step, int slot, const char *actor)
{
	if (!out(step->engine, slot))
		return RESULT_WRONG_STATE;
	memset(&step->engine->taken_out[slot], 0, sizeof(step->engine->taken_out[slot]));
	step->engine->taken_out[slot].until = MONO_NEVER;
	step_session(step, SESSION_TAKEN_OUT, actor);
	return RESULT_OK;
}

void take_out_advance(struct step *step)
{
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		if (mono_reached(step->engine->taken_out[i].until, step->now))
			(void)take_out_put_back(step, i, ""); /* it is out */
}

void take_out_end(struct step *step)
{
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		(void)take_out_put_back(step, i, ""); /* what is in stays in */
}

struct mono take_out_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++)
		deadline = mono_earlier(deadline, engine->taken_out[i].until);
	return deadline;
}
