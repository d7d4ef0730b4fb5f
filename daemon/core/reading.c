/* Values: what arrives is checked for plausibility here, kept, and grows stale here. Called within engine_step;
 * reading_at also for the encoder and the control socket on the engine thread. */
#include "core.h"

#define PULSE_PRESSURE_MIN (10 * MILLI) /* mmHg, rule C2 of the session protocol */

static bool continuous(enum parameter parameter)
{
	return parameter_table[parameter].cadence == CADENCE_CONTINUOUS;
}

/* When the latest value of a continuous parameter is too old, whatever it was. */
struct mono reading_stale_at(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];

	if (!continuous(parameter) || p->device < 0 || !p->received)
		return MONO_NEVER;
	return mono_after(p->latest.determined, STALE_PERIODS * engine->config->devices[p->device].period_ns);
}

/* A continuous parameter has a value that may be judged. For the others: the last determination has a value. */
bool reading_current(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];

	return p->received && !p->stale && measurement_has_value(&p->latest);
}

/* Until when a value on the cuff's limb is not missed: inflation takes the signal away for a while. Never for longer
 * than one inflation may take, however many follow each other. MONO_NEVER if there was none. */
struct mono reading_masked_until(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];
	struct mono until = MONO_NEVER;

	if (p->device < 0 || !engine->config->devices[p->device].same_limb ||
	    (parameter != PARAMETER_SPO2 && parameter != PARAMETER_PULSE && parameter != PARAMETER_PERFUSION))
		return until;
	for (uint8_t i = 0; i < engine->config->device_count; i++)
		until = mono_last(until, engine->devices[i].mask_until);
	if (mono_is_never(until))
		return MONO_NEVER;
	return mono_earlier(until, mono_after(mono_later(p->missing_since, engine->session.opened_at),
	                                      engine->config->plan.cuff_mask_max_ns));
}

/* What brought the last value: of a derived one, the part it was taken from. */
enum parameter reading_source(const struct engine *engine, enum parameter parameter)
{
	return parameter_derived(parameter) ? engine->parameters[parameter].source : parameter;
}

/* When a continuous value that was there counts as lost: at the third frame in a row that should have brought one,
 * whatever came instead, and after an inflation that explains it. MONO_NEVER while there is a value, or if there never
 * was one.
 */
struct mono reading_lost_at(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];
	enum parameter source = reading_source(engine, parameter);
	int device = engine->parameters[source].device;

	if (!continuous(parameter) || device < 0 || mono_is_never(p->valued) || reading_current(engine, parameter))
		return MONO_NEVER;
	return mono_last(mono_after(p->valued, (STALE_PERIODS + 1) * engine->config->devices[device].period_ns),
	                 reading_masked_until(engine, source));
}

/* When the device's own word that there is no such vital sign counts: it says so for long enough, and no inflation
 * explains it. MONO_NEVER if it does not say so, or the plan does not ask. */
struct mono reading_dead_at(const struct engine *engine, enum parameter parameter)
{
	const struct plan_vital_sign *vital = &engine->config->plan.no_vital_sign;

	if (vital->priority == PRIORITY_NONE || mono_is_never(engine->parameters[parameter].dead_since))
		return MONO_NEVER;
	return mono_last(mono_after(engine->parameters[parameter].dead_since, vital->after_ns),
	                 reading_masked_until(engine, parameter));
}

struct measurement reading_at(const struct engine *engine, enum parameter parameter, struct mono now)
{
	const struct engine_parameter *p = &engine->parameters[parameter];
	struct measurement m = p->latest;

	if (!p->received) {
		m.determined = MONO_NEVER;
		m.reason = REASON_NEVER_RECEIVED;
	} else if (mono_reached(reading_stale_at(engine, parameter), now)) {
		m.reason = device_fine(engine, (uint8_t)p->device, now) ? REASON_STALE : REASON_DEVICE_LOST;
	} else {
		return m;
	}
	m.quality = QUALITY_NO_VALUE;
	m.milli = 0;
	return m;
}

bool engine_last_good(const struct engine *engine, enum parameter parameter, struct measurement *good)
{
	const struct engine_parameter *p = &engine->parameters[parameter];

	*good = p->good;
	return p->has_good && p->received && !measurement_has_value(&p->latest);
}

static void make_no_value(struct measurement *m, enum reason reason)
{
	m->quality = QUALITY_NO_VALUE;
	m->reason = reason;
	m->milli = 0;
}

static bool plausible(const struct measurement *m)
{
	const struct parameter_info *info = &parameter_table[m->parameter];

	return m->milli >= info->plausible_min && m->milli <= info->plausible_max;
}

/* Is this newer than what is known, and from a device that may bring it? */
static bool acceptable(const struct engine *engine, uint8_t device, const struct measurement *m)
{
	if ((unsigned)m->parameter >= PARAMETER_COUNT || engine->parameters[m->parameter].device != (int8_t)device)
		return false;

	const struct engine_parameter *p = &engine->parameters[m->parameter];
	const struct session *session = &engine->session;

	if (continuous(m->parameter))
		return !p->received || !mono_before(m->determined, p->latest.determined);
	if (session->open && mono_before(m->determined, session->opened_at))
		return false;
	if (!mono_is_never(engine->devices[device].others_at) &&
	    !mono_before(engine->devices[device].others_at, m->determined))
		return false;
	return !p->received || mono_before(p->latest.determined, m->determined);
}

/* Copies what is acceptable of a frame into `list`, in range and free of contradictions of its own; `said` keeps the
 * numbers as they came, 0 where there was none. */
static uint8_t take_frame(const struct step *step, const struct event_measurements *frame, struct measurement *list,
                          int32_t *said)
{
	uint8_t count = 0;

	for (uint8_t i = 0; i < frame->count && i < EVENT_MEASUREMENTS_MAX; i++) {
		struct measurement m = frame->list[i];

		m.determined = mono_earlier(m.determined, step->now);
		if (!acceptable(step->engine, frame->device, &m))
			continue;
		if ((unsigned)m.reason >= REASON_COUNT)
			m.reason = REASON_NONE;
		if (m.quality == QUALITY_VALID)
			m.reason = REASON_NONE;
		else if (m.quality != QUALITY_QUESTIONABLE)
			make_no_value(&m, m.reason == REASON_NONE ? REASON_NOT_MEASURED : m.reason);
		said[count] = m.milli;
		if (measurement_has_value(&m) && !plausible(&m))
			make_no_value(&m, REASON_IMPLAUSIBLE);
		list[count++] = m;
	}
	return count;
}

static struct measurement *find(struct measurement *list, uint8_t count, enum parameter parameter)
{
	for (uint8_t i = 0; i < count; i++)
		if (list[i].parameter == parameter)
			return &list[i];
	return NULL;
}

/* Pressures that contradict each other, or one that cannot be, make the whole determination worthless: the cuff
 * measured something that was not this pulse. */
static void judge_determination(struct measurement *list, uint8_t count)
{
	const struct measurement *sys = find(list, count, PARAMETER_NIBP_SYS);
	const struct measurement *dia = find(list, count, PARAMETER_NIBP_DIA);
	bool implausible =
	    (sys != NULL && sys->reason == REASON_IMPLAUSIBLE) || (dia != NULL && dia->reason == REASON_IMPLAUSIBLE);

	if (sys != NULL && dia != NULL && measurement_has_value(sys) && measurement_has_value(dia) &&
	    sys->milli - dia->milli < PULSE_PRESSURE_MIN)
		implausible = true;
	for (uint8_t i = 0; implausible && i < count; i++)
		if (!continuous(list[i].parameter))
			make_no_value(&list[i], REASON_IMPLAUSIBLE);
}

static void store(struct step *step, const struct measurement *m, int32_t said)
{
	struct engine_parameter *p = &step->engine->parameters[m->parameter];

	if (!continuous(m->parameter) && p->received && measurement_has_value(&p->latest)) {
		p->has_previous = true;
		p->previous_milli = p->latest.milli;
	}
	p->received = true;
	p->stale = false;
	p->latest = *m;
	if (parameter_table[m->parameter].cadence == CADENCE_INTERMITTENT && measurement_has_value(m)) {
		p->has_good = true;
		p->good = *m;
		p->good_wall_ns = step->wall_ns;
	}
	p->refused =
	    !continuous(m->parameter) && !measurement_has_value(m) && m->reason == REASON_IMPLAUSIBLE && said != 0;
	p->refused_milli = p->refused ? said : 0;
	if (continuous(m->parameter) && measurement_has_value(m))
		p->valued = m->determined;
	if (!reason_is_vital(m->reason) || measurement_has_value(m))
		p->dead_since = MONO_NEVER;
	else if (mono_is_never(p->dead_since))
		p->dead_since = m->determined;
	p->latest_wall_ns = step->wall_ns;
	step->changed |= PARAMETER_BIT(m->parameter);
	step->fresh |= PARAMETER_BIT(m->parameter);
}

/* A failed attempt must not leave the previous attempt's values on display as if they were its own. */
static void fail_the_rest(struct step *step, uint8_t device, const struct measurement *cause)
{
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		struct measurement m = *cause;

		m.parameter = (enum parameter)p;
		if (step->engine->parameters[p].device == (int8_t)device && !continuous(m.parameter) &&
		    (step->fresh & PARAMETER_BIT(p)) == 0 && step->engine->parameters[p].received)
			store(step, &m, 0);
	}
}

/* A determination in this frame may have begun before the session: then nothing of it is taken. */
static void note_others(struct step *step, const struct event_measurements *frame)
{
	for (uint8_t i = 0; i < frame->count && i < EVENT_MEASUREMENTS_MAX; i++) {
		struct mono determined = mono_earlier(frame->list[i].determined, step->now);

		if (frame->list[i].parameter == PARAMETER_NIBP_SYS &&
		    !mono_before(determined, step->engine->session.opened_at) &&
		    device_determined_others(step, frame->device, determined))
			return;
	}
}

void reading_frame(struct step *step, const struct event_measurements *frame)
{
	struct engine *engine = step->engine;
	struct measurement list[EVENT_MEASUREMENTS_MAX];
	int32_t said[EVENT_MEASUREMENTS_MAX];

	if (frame->device >= engine->config->device_count || engine->devices[frame->device].state != DEVICE_UP)
		return;
	engine->devices[frame->device].last_frame = step->now;
	engine->devices[frame->device].heard = step->now;
	note_others(step, frame);

	uint8_t count = take_frame(step, frame, list, said);
	const struct measurement *pressure = find(list, count, PARAMETER_NIBP_SYS);

	judge_determination(list, count);
	for (uint8_t i = 0; i < count; i++)
		store(step, &list[i], said[i]);
	if (pressure == NULL)
		return;

	bool failed = !measurement_has_value(pressure);

	if (failed)
		fail_the_rest(step, frame->device, pressure);
	device_determined(step, frame->device, failed);
}

void reading_score(struct step *step, enum parameter parameter, int32_t milli)
{
	struct measurement m = {
	    .parameter = parameter, .quality = QUALITY_VALID, .milli = milli, .determined = step->now};

	store(step, &m, 0);
}

/* What was worked out of a determination stands beside it (derived.c). */
void reading_derived(struct step *step, const struct measurement *m)
{
	store(step, m, 0);
}

void reading_forget(struct step *step)
{
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		struct engine_parameter *parameter = &step->engine->parameters[p];

		if (continuous((enum parameter)p) || !parameter->received)
			continue;
		parameter->received = false;
		parameter->has_previous = parameter->has_good = false;
		parameter->previous_milli = 0;
		parameter->refused = false;
		parameter->refused_milli = 0;
		make_no_value(&parameter->latest, REASON_NONE);
		parameter->latest.determined = MONO_NEVER;
		step->changed |= PARAMETER_BIT(p);
	}
}

void reading_advance(struct step *step)
{
	struct engine *engine = step->engine;

	for (int i = 0; i < PARAMETER_COUNT; i++) {
		struct engine_parameter *p = &engine->parameters[i];
		struct mono stale_at = reading_stale_at(engine, (enum parameter)i);

		if (!continuous((enum parameter)i) || p->device < 0)
			continue;
		if (!p->stale && mono_reached(stale_at, step->now)) {
			p->stale = true;
			p->dead_since = MONO_NEVER;
			step->changed |= PARAMETER_BIT(i);
		}
		if (reading_current(engine, (enum parameter)i))
			p->missing_since = MONO_NEVER;
		else if (mono_is_never(p->missing_since))
			p->missing_since = measurement_has_value(&p->latest) ? stale_at : p->latest.determined;
	}
}

struct mono reading_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (int p = 0; p < PARAMETER_COUNT; p++)
		if (!engine->parameters[p].stale)
			deadline = mono_earlier(deadline, reading_stale_at(engine, (enum parameter)p));
	return deadline;
}
