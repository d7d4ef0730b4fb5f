/* The conditions other than the plan's rules: lost devices, missing values, failing cuffs, late checks, services.
 * Judged at every step; one situation makes one alarm. Called within engine_step. */
#include "core.h"

/* The session has been without this value since then. */
static struct mono missing_since(const struct engine *engine, enum parameter parameter)
{
	return mono_later(engine->parameters[parameter].missing_since, engine->session.opened_at);
}

/* A value that flickers while its alarm stands does not start the count anew. */
static struct mono missing_urgent_at(const struct engine *engine, enum parameter parameter)
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_MISSING + parameter];
	struct mono since = missing_since(engine, parameter);

	if (alarm_announced(alarm->state))
		since = mono_earlier(since, mono_later(alarm->violated, engine->session.opened_at));
	return mono_after(since, engine->config->plan.missing.escalate_after_ns);
}

static struct mono device_since(const struct engine *engine, uint8_t device)
{
	return mono_later(engine->devices[device].lost_since, engine->session.opened_at);
}

/* Only a device with continuous values gets more urgent. Counted from when the first of them went missing if that was
 * earlier, so that a link which comes and goes without bringing values cannot start the count again and again. */
static struct mono device_urgent_at(const struct engine *engine, uint8_t device)
{
	struct mono since = device_since(engine, device);
	bool urgent = false;

	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if (engine->parameters[p].device != (int8_t)device || parameter_table[p].cadence != CADENCE_CONTINUOUS)
			continue;
		urgent = true;
		since = mono_earlier(since, missing_since(engine, (enum parameter)p));
	}
	return urgent ? mono_after(since, engine->config->plan.missing.escalate_after_ns) : MONO_NEVER;
}

static enum priority missing_priority(const struct engine *engine, enum priority first, struct mono urgent_at)
{
	enum priority escalated = engine->config->plan.missing.escalated;

	return mono_reached(urgent_at, engine->now) && escalated > first ? escalated : first;
}

static bool brings_rate(const struct engine *engine, enum parameter parameter)
{
	int device = engine->parameters[parameter].device;

	return device >= 0 && !mono_is_never(engine->devices[device].fine_since);
}

/* Without this device nobody knows the patient's SpO2, or the heart rate. */
static bool sole_source(const struct engine *engine, uint8_t device)
{
	parameter_set rates = PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_PULSE);

	if ((engine->config->devices[device].provides & PARAMETER_BIT(PARAMETER_SPO2)) != 0)
		return true;
	return (engine->config->devices[device].provides & rates) != 0 && !brings_rate(engine, PARAMETER_ECG_HR) &&
	       !brings_rate(engine, PARAMETER_PULSE);
}

static bool is_lost(const struct engine *engine, uint8_t device)
{
	return !mono_is_never(engine->devices[device].lost_since);
}

/* Its values are there, and all limits are judged; but a device that sends so often is broken, and one whose battery is
 * low will be gone soon. REASON_NONE if it is well. */
static enum reason ails(const struct engine *engine, uint8_t device)
{
	if (engine->devices[device].state != DEVICE_UP)
		return REASON_NONE;
	return engine->devices[device].fault == FAULT_BABBLE        ? REASON_BABBLE
	       : engine->devices[device].fault == FAULT_BATTERY_LOW ? REASON_BATTERY_LOW
	                                                            : REASON_NONE;
}

static struct verdict device_verdict(const struct engine *engine, uint8_t device)
{
	struct verdict verdict = {.judgement = JUDGEMENT_GONE, .since = engine->now};

	if (take_out_covers_device(engine, device) || (!is_lost(engine, device) && ails(engine, device) == REASON_NONE))
		return verdict;
	verdict.judgement = JUDGEMENT_HOLDS;
	if (!is_lost(engine, device)) {
		verdict.reason = ails(engine, device);
		verdict.priority = PRIORITY_LOW;
		return verdict;
	}
	verdict.since = device_since(engine, device);
	verdict.reason = engine->devices[device].state == DEVICE_REFUSED ? REASON_WRONG_DEVICE : REASON_DEVICE_LOST;

	enum priority sole = sole_source(engine, device) ? engine->config->plan.missing_sole : PRIORITY_NONE;

	verdict.priority =
	    missing_priority(engine, sole > PRIORITY_LOW ? sole : PRIORITY_LOW, device_urgent_at(engine, device));
	if (check_waits_for(engine, device) && verdict.priority < PRIORITY_MEDIUM)
		verdict.priority = PRIORITY_MEDIUM; /* its reading is due, and cannot come */
	return verdict;
}

static bool is_watched(const struct engine *engine, enum parameter parameter)
{
	return parameter_table[parameter].cadence == CADENCE_CONTINUOUS && engine->parameters[parameter].device >= 0;
}

/* Somebody asks for it, and its device is there: a lost one has an alarm of its own. */
static bool missing_asked(const struct engine *engine, enum parameter parameter)
{
	parameter_set asked = engine->config->plan.missing_parameters;

	return is_watched(engine, parameter) && (asked == 0 || (asked & PARAMETER_BIT(parameter)) != 0) &&
	       !take_out_covers(engine, parameter) &&
	       !mono_is_never(engine->devices[engine->parameters[parameter].device].fine_since);
}

/* A rule says already that this value was lost beyond its limit, and as loudly. */
static bool told_by_rule(const struct engine *engine, enum parameter parameter)
{
	enum priority own =
	    missing_priority(engine, engine->config->plan.missing.priority, missing_urgent_at(engine, parameter));

	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++) {
		const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + i];

		if (alarm_present(alarm) && alarm->reason != REASON_NONE &&
		    reading_source(engine, alarm->parameter) == parameter && alarm->priority >= own)
			return true;
	}
	return false;
}

/* What went long before is another event, and what goes now is news. */
static bool went_together(const struct engine *engine, enum parameter one, enum parameter other)
{
	struct mono since = missing_since(engine, one), others = missing_since(engine, other);

	return engine->parameters[one].device == engine->parameters[other].device &&
	       mono_since(since, others) <= TOGETHER_NS && mono_since(others, since) <= TOGETHER_NS;
}

/* One sensor, one alarm: of the values that went missing together, the one that staff look at first stands for all, or
 * a rule that says that one of them is lost. */
static bool told_by_another(const struct engine *engine, enum parameter parameter)
{
	static const uint8_t rank[PARAMETER_COUNT] = {
	    [PARAMETER_SPO2] = 6,  [PARAMETER_ECG_HR] = 5, [PARAMETER_RESP] = 4,
	    [PARAMETER_ETCO2] = 3, [PARAMETER_PULSE] = 2,  [PARAMETER_PERFUSION] = 1,
	};

	if (mono_is_never(engine->parameters[parameter].missing_since))
		return false;
	for (int i = 0; i < PARAMETER_COUNT; i++) {
		if (i == (int)parameter || mono_is_never(engine->parameters[i].missing_since) ||
		    !missing_asked(engine, (enum parameter)i) || !went_together(engine, (enum parameter)i, parameter))
			continue;
		if (told_by_rule(engine, (enum parameter)i) || rank[i] > rank[parameter])
			return true;
	}
	return false;
}

static bool missing_inhibited(const struct engine *engine, enum parameter parameter)
{
	return !missing_asked(engine, parameter) || told_by_rule(engine, parameter) ||
	       told_by_another(engine, parameter);
}

/* After a loss the device gets its time to bring values again. */
static struct verdict missing_verdict(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];
	const struct engine_device_state *device = &engine->devices[p->device];
	struct verdict verdict = {.judgement = JUDGEMENT_GONE, .since = engine->now};

	if (mono_is_never(p->missing_since))
		return verdict;
	if (!alarm_announced(engine->alarms[ALARM_BASE_MISSING + parameter].state) &&
	    mono_ahead(reading_masked_until(engine, parameter), engine->now))
		return verdict;
	verdict.judgement = JUDGEMENT_HOLDS;
	verdict.since = mono_later(missing_since(engine, parameter), device->fine_since);
	verdict.parameter = parameter;
	verdict.reason = engine_reading(engine, parameter, engine->now).reason;
	verdict.priority =
	    missing_priority(engine, engine->config->plan.missing.priority, missing_urgent_at(engine, parameter));
	if (mono_reached(reading_dead_at(engine, parameter), engine->now) &&
	    verdict.priority < engine->config->plan.no_vital_sign.priority)
		verdict.priority = engine->config->plan.no_vital_sign.priority;
	return verdict;
}

/* Numbers that contradict each other are told at once, and as they were read: they may be the patient's. */
static struct verdict cuff_verdict(const struct engine *engine, uint8_t device)
{
	const struct engine_parameter *sys = &engine->parameters[PARAMETER_NIBP_SYS];
	struct verdict verdict = {.judgement = JUDGEMENT_GONE, .since = engine->now};
	uint8_t failures = engine->devices[device].cuff_failures;
	bool refused = sys->device == (int8_t)device && sys->refused && failures > 0;

	if ((failures < 2 && !refused) || take_out_covers_device(engine, device))
		return verdict;
	verdict.judgement = JUDGEMENT_HOLDS;
	verdict.priority = failures == 2 && !refused ? PRIORITY_LOW : PRIORITY_MEDIUM;
	if (check_late(engine, device) > verdict.priority)
		verdict.priority = check_late(engine, device); /* it stands for that alarm */
	verdict.has_value = refused;
	verdict.parameter = PARAMETER_NIBP_SYS;
	verdict.milli = sys->refused_milli;
	verdict.limit = refused ? engine->parameters[PARAMETER_NIBP_DIA].refused_milli : 0;
	verdict.reason = sys->latest.reason;
	return verdict;
}

/* What a device says of the patient herself asks for a pressure, whatever alarm tells it: there may be one. */
static void measure_vital_sign(struct step *step)
{
	struct engine *engine = step->engine;
	int device = device_of_cuff(engine, PARAMETER_NIBP_SYS);
	bool dead = false;

	if (!engine->config->plan.no_vital_sign.measure_now)
		return;
	for (int p = 0; p < PARAMETER_COUNT; p++)
		dead = dead || (is_watched(engine, (enum parameter)p) && !take_out_covers(engine, (enum parameter)p) &&
		                mono_reached(reading_dead_at(engine, (enum parameter)p), engine->now));
	if (device_onset(step, &engine->no_vital_sign, dead) && device >= 0)
		device_want_cuff(step, (uint8_t)device);
}

static struct verdict simple_verdict(const struct engine *engine, bool holds, enum priority priority)
{
	return (struct verdict){
	    .judgement = holds ? JUDGEMENT_HOLDS : JUDGEMENT_GONE,
	    .since = engine->now,
	    .priority = priority,
	};
}

/* When display `display` must have given a sign: within the agreed time after its last one, and after the first alarm
 * that it has not shown yet. */
static struct mono display_late_at(const struct engine *engine, uint8_t display)
{
	const struct display_state *state = &engine->displays[display];
	struct mono since = mono_later(state->heard, engine->session.opened_at);

	for (uint16_t id = 0; id < ALARMS_MAX; id++)
		if (alarm_announced(engine->alarms[id].state) &&
		    (mono_is_never(state->shown) || mono_before(state->shown, engine->alarms[id].raised)))
			since = mono_earlier(since, mono_later(engine->alarms[id].raised, engine->session.opened_at));
	return mono_after(since, engine->config->display_within_ns);
}

/* Why the reading that is late cannot come is told already, and as loudly: its cuff fails, or is not there. */
static bool late_told(const struct engine *engine, uint8_t check)
{
	int device = check_device(engine, check);
	const struct alarm *failed, *lost;

	if (device < 0)
		return false;
	failed = &engine->alarms[ALARM_BASE_CUFF_FAILED + device];
	lost = &engine->alarms[ALARM_BASE_DEVICE + device];
	return alarm_present(failed) || (alarm_present(lost) && is_lost(engine, (uint8_t)device) &&
	                                 lost->priority >= check_verdict(engine, check).priority);
}

/* A device that is back gets its time to bring what is late. */
static struct verdict late_verdict(const struct engine *engine, uint8_t check)
{
	struct verdict verdict = check_verdict(engine, check);
	int device = check_device(engine, check);

	if (device >= 0 && !mono_is_never(engine->devices[device].fine_since))
		verdict.since = mono_later(verdict.since, engine->devices[device].fine_since);
	return verdict;
}

static bool displays_late(const struct engine *engine)
{
	for (uint8_t i = 0; i < engine->config->display_count; i++)
		if (mono_reached(display_late_at(engine, i), engine->now))
			return true;
	return false;
}

/* Without its session a bedside is not watched at all. */
static enum priority service_priority(enum service service)
{
	switch (service) {
	case SERVICE_SESSION:
		return PRIORITY_HIGH;
	case SERVICE_CONFIG:
		return PRIORITY_LOW;
	case SERVICE_RECORDER:
	case SERVICE_PUBLISHER:
	case SERVICE_DISPLAYS:
	case SERVICE_ENGINE:
	case SERVICE_COUNT:
		break;
	}
	return PRIORITY_MEDIUM;
}

static void judge_services(struct step *step)
{
	const struct engine *engine = step->engine;

	for (uint8_t i = 0; i < SERVICE_COUNT; i++) {
		bool failed =
		    i == SERVICE_DISPLAYS ? engine->session.open && displays_late(engine) : engine->service_failed[i];
		struct verdict verdict = simple_verdict(engine, failed, service_priority((enum service)i));

		alarm_judge(step, (uint16_t)(ALARM_BASE_SERVICE + i), &verdict);
	}
}

static struct mono test_ends_at(const struct engine *engine)
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_TEST];

	return alarm->state == ALARM_INACTIVE ? MONO_NEVER : mono_after(alarm->raised, TEST_ALARM_NS);
}

/* What needs no session. */
static void judge_maintenance(struct step *step)
{
	const struct engine *engine = step->engine;
	struct verdict verdict;

	judge_services(step);
	for (uint8_t i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++) {
		uint16_t id = (uint16_t)(ALARM_BASE_TAKEN_OUT + i);

		bool out = !mono_is_never(engine->taken_out[i].until);

		if (!out && engine->alarms[id].state == ALARM_INACTIVE)
			continue;
		verdict = simple_verdict(engine, out, PRIORITY_LOW);
		alarm_judge(step, id, &verdict);
	}
	if (mono_reached(test_ends_at(engine), engine->now)) {
		verdict = simple_verdict(engine, false, PRIORITY_MEDIUM);
		alarm_judge(step, ALARM_BASE_TEST, &verdict);
	}
}

static void judge_session(struct step *step)
{
	const struct engine *engine = step->engine;
	struct verdict verdict;

	rule_judge_all(step);
	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		verdict = device_verdict(engine, i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_DEVICE + i), &verdict);
		verdict = cuff_verdict(engine, i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_CUFF_FAILED + i), &verdict);
		verdict = simple_verdict(engine, engine->devices[i].flapping && !take_out_covers_device(engine, i),
		                         PRIORITY_LOW);
		alarm_judge(step, (uint16_t)(ALARM_BASE_FLAPPING + i), &verdict);
	}
	for (uint8_t i = 0; i < PARAMETER_COUNT; i++) {
		if (!is_watched(engine, (enum parameter)i))
			continue;
		if (missing_inhibited(engine, (enum parameter)i)) {
			alarm_drop(step, (uint16_t)(ALARM_BASE_MISSING + i));
			continue;
		}
		verdict = missing_verdict(engine, (enum parameter)i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_MISSING + i), &verdict);
	}
	measure_vital_sign(step);
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		if (late_told(engine, i)) {
			alarm_drop(step, (uint16_t)(ALARM_BASE_CHECK_LATE + i));
			continue;
		}
		verdict = late_verdict(engine, i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_CHECK_LATE + i), &verdict);
	}
}

void condition_judge_all(struct step *step)
{
	const struct engine *engine = step->engine;

	if (engine->session.open)
		judge_session(step);
	else if (engine->config->plan.watch_without_session)
		rule_judge_all(step);
	judge_maintenance(step); /* displays must confirm what has just been announced */
}

static struct mono urgent_deadline(const struct engine *engine, uint16_t id, struct mono at)
{
	const struct alarm *alarm = &engine->alarms[id];

	if (alarm->state == ALARM_INACTIVE || alarm->priority >= engine->config->plan.missing.escalated)
		return MONO_NEVER;
	return at;
}

static struct mono after_now(const struct engine *engine, struct mono at)
{
	return mono_before(engine->now, at) ? at : MONO_NEVER;
}

static struct mono missing_deadline(const struct engine *engine, enum parameter parameter)
{
	struct mono deadline;

	if (!is_watched(engine, parameter) || mono_is_never(engine->parameters[parameter].missing_since))
		return MONO_NEVER;
	deadline = after_now(engine, missing_urgent_at(engine, parameter));
	deadline = mono_earlier(deadline, after_now(engine, reading_dead_at(engine, parameter)));
	return mono_earlier(deadline, after_now(engine, reading_masked_until(engine, parameter)));
}

/* Escalations, masks, displays. When a condition is raised or cleared is known to alarm_deadline. */
struct mono condition_deadline(const struct engine *engine)
{
	struct mono deadline = test_ends_at(engine);

	if (engine->session.open || engine->config->plan.watch_without_session)
		deadline = mono_earlier(deadline, rule_deadline(engine));
	if (!engine->session.open)
		return deadline;
	deadline = mono_earlier(deadline, engine->no_vital_sign.again);
	for (uint8_t i = 0; i < engine->config->display_count; i++)
		deadline = mono_earlier(deadline, after_now(engine, display_late_at(engine, i)));

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		if (is_lost(engine, i))
			deadline = mono_earlier(deadline, urgent_deadline(engine, (uint16_t)(ALARM_BASE_DEVICE + i),
			                                                  device_urgent_at(engine, i)));
	for (uint8_t i = 0; i < PARAMETER_COUNT; i++)
		deadline = mono_earlier(deadline, missing_deadline(engine, (enum parameter)i));
	return deadline;
}
