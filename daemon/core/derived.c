/* Values that are worked out of others: one heart rate, whichever sensor still has one; pulse pressure and shock index
 * of each cuff determination. A derived value has no device and comes in no event. It has the quality of its worst part
 * and the age of its oldest, and no value for the reason of the part that is missing. Called within engine_step;
 * engine_reading, engine_source and engine_provided by the encoder and the control socket on the engine thread. */
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

/* ---- of a determination -------------------------------------------------------------------------------------------
 */

/* The worse of two: no value before doubt before a valid one; the older time. What stands is `a`'s where they agree. */
static struct measurement worse(struct measurement a, const struct measurement *b)
{
	a.determined = mono_earlier(a.determined, b->determined);
	if (!measurement_has_value(&a) || (measurement_has_value(b) && b->quality == QUALITY_VALID))
		return a;
	if (!measurement_has_value(b) || a.quality == QUALITY_VALID) {
		a.quality = b->quality;
		a.reason = b->reason;
	}
	return a;
}

/* `m` with this number, if it has one and it can be. */
static struct measurement valued(struct measurement m, enum parameter parameter, int64_t milli)
{
	const struct parameter_info *info = &parameter_table[parameter];

	m.parameter = parameter;
	m.milli = 0;
	if (!measurement_has_value(&m))
		return m;
	if (milli < info->plausible_min || milli > info->plausible_max) {
		m.quality = QUALITY_NO_VALUE;
		m.reason = REASON_IMPLAUSIBLE;
		return m;
	}
	m.milli = (int32_t)milli;
	return m;
}

/* Both pressures must be of this determination: an older diastolic says nothing about it. */
static struct measurement pulse_pressure(const struct engine *engine)
{
	const struct measurement *sys = &engine->parameters[PARAMETER_NIBP_SYS].latest;
	struct measurement dia = reading_at(engine, PARAMETER_NIBP_DIA, engine->now);

	if (measurement_has_value(&dia) && dia.determined.ns != sys->determined.ns)
		dia = no_value(PARAMETER_NIBP_DIA, REASON_NOT_MEASURED);
	return valued(worse(*sys, &dia), PARAMETER_PULSE_PRESSURE, (int64_t)sys->milli - dia.milli);
}

/* The heart rate of that moment; without one, or with all its sensors out, what the cuff counted. Rounded to
 * thousandths. */
static struct measurement shock_index(const struct engine *engine)
{
	const struct measurement *sys = &engine->parameters[PARAMETER_NIBP_SYS].latest;
	const struct measurement *cuff = &engine->parameters[PARAMETER_NIBP_PULSE].latest;
	struct measurement rate = heart_rate_at(engine, engine->now);
	bool of_cuff = measurement_has_value(cuff) && cuff->determined.ns == sys->determined.ns &&
	               !take_out_covers(engine, PARAMETER_NIBP_PULSE);

	if (of_cuff && (!measurement_has_value(&rate) || take_out_covers(engine, PARAMETER_HEART_RATE)))
		rate = *cuff;

	int64_t milli = sys->milli > 0 ? ((int64_t)rate.milli * MILLI + sys->milli / 2) / sys->milli : 0;

	return valued(worse(*sys, &rate), PARAMETER_SHOCK_INDEX, milli);
}

/* Once, when the pressure is determined; then it carries its age. */
static void derive_once(struct step *step)
{
	const struct measurement of[] = {pulse_pressure(step->engine), shock_index(step->engine)};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (engine_provided(step->engine, of[i].parameter))
			reading_derived(step, &of[i]);
}

/* ---- all ----------------------------------------------------------------------------------------------------------
 */

static bool live(enum parameter parameter)
{
	return parameter_derived(parameter) && parameter_table[parameter].cadence == CADENCE_CONTINUOUS;
}

struct measurement engine_reading(const struct engine *engine, enum parameter parameter, struct mono now)
{
	return live(parameter) ? heart_rate_at(engine, now) : reading_at(engine, parameter, now);
}

int engine_source(const struct engine *engine, enum parameter parameter, struct mono now)
{
	return live(parameter) ? rate_source(engine, now) : -1;
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
		if (live((enum parameter)p) && engine_provided(step->engine, (enum parameter)p))
			derive(step, (enum parameter)p);
	if (is_part(step->fresh, PARAMETER_NIBP_SYS))
		derive_once(step);
}
