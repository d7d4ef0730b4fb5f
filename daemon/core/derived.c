/* Values that are worked out of others: one heart rate, whichever sensor still has one. A derived value has no device
 * and comes in no event. It follows from its parts at every step, with the quality and the age of the part it is taken
 * from, and has no value for that part's reason. Called within engine_step; engine_reading, engine_source and
 * engine_provided by the encoder and the control socket on the engine thread. */
#include "core.h"

static bool is_part(parameter_set parts, int parameter)
{
	return (parts & PARAMETER_BIT(parameter)) != 0;
}

static parameter_set provided(const struct engine *engine)
{
	parameter_set set = 0;

	for (uint8_t d = 0; d < engine->config->device_count; d++)
		set |= engine->config->devices[d].provides;
	return set;
}

bool engine_provided(const struct engine *engine, enum parameter parameter)
{
	return parameter_provided(parameter, provided(engine));
}

/* The first of the sensors, in the order of the parameters, that has a value; if none has, the first that ever brought
 * anything, else the first that is there. What is taken out of alarming is left alone while another sensor is not: it
 * would be judged. -1 if there is none. */
static int source_of(const struct engine *engine, parameter_set parts, bool all_out, struct mono now)
{
	int source = -1;

	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if (!is_part(parts, p) || engine->parameters[p].device < 0 ||
		    (!all_out && take_out_covers(engine, (enum parameter)p)))
			continue;

		struct measurement m = reading_at(engine, (enum parameter)p, now);

		if (measurement_has_value(&m))
			return p;
		if (source < 0 || (!engine->parameters[source].received && engine->parameters[p].received))
			source = p;
	}
	return source;
}

static int rate_source(const struct engine *engine, struct mono now)
{
	return source_of(engine, parameter_parts[PARAMETER_HEART_RATE].one_of,
	                 take_out_covers(engine, PARAMETER_HEART_RATE), now);
}

static struct measurement no_value(enum parameter parameter, enum reason reason)
{
	return (struct measurement){
	    .parameter = parameter, .quality = QUALITY_NO_VALUE, .reason = reason, .determined = MONO_NEVER};
}

static struct measurement heart_rate_at(const struct engine *engine, struct mono now)
{
	int source = rate_source(engine, now);

	if (source < 0)
		return no_value(PARAMETER_HEART_RATE, REASON_NEVER_RECEIVED);

	struct measurement m = reading_at(engine, (enum parameter)source, now);

	m.parameter = PARAMETER_HEART_RATE;
	return m;
}

struct measurement engine_reading(const struct engine *engine, enum parameter parameter, struct mono now)
{
	return parameter_derived(parameter) ? heart_rate_at(engine, now) : reading_at(engine, parameter, now);
}

int engine_source(const struct engine *engine, enum parameter parameter, struct mono now)
{
	return parameter_derived(parameter) ? rate_source(engine, now) : -1;
}

static bool same(const struct measurement *a, const struct measurement *b)
{
	return a->quality == b->quality && a->reason == b->reason && a->milli == b->milli &&
	       a->determined.ns == b->determined.ns;
}

static void derive(struct step *step, enum parameter parameter)
{
	struct engine_parameter *p = &step->engine->parameters[parameter];
	struct measurement m = engine_reading(step->engine, parameter, step->now);
	int source = engine_source(step->engine, parameter, step->now);

	if (source >= 0 && is_part(step->fresh, source))
		step->fresh |= PARAMETER_BIT(parameter);
	if (same(&m, &p->latest))
		return;
	p->received = !mono_is_never(m.determined);
	p->latest = m;
	if (source >= 0)
		p->latest_wall_ns = step->engine->parameters[source].latest_wall_ns;
	if (measurement_has_value(&m)) {
		p->missing_since = MONO_NEVER;
		p->valued = m.determined;
		p->source = (enum parameter)source;
	}
	if (!measurement_has_value(&m) && mono_is_never(p->missing_since))
		p->missing_since = step->now;
	step->changed |= PARAMETER_BIT(parameter);
}

/* After all that changes a part: a value that came or went, a device that was lost, something taken out or put back. */
void derived_advance(struct step *step)
{
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if (parameter_derived((enum parameter)p) && engine_provided(step->engine, (enum parameter)p))
			derive(step, (enum parameter)p);
}
