/* The conditions other than the plan's rules: lost devices, missing values, failing cuffs, late checks, services.
 * Judged at every step; one situation makes one alarm. Called within engine_step. */
#include "core.h"

/* A device that has not been up since the start of the daemon gets as long as a missing value does: it may be starting
 * itself. One that answers under a wrong identity does not. */
static bool in_grace(const struct engine_device_state *device)
{
	return !device->ever_up && device->state != DEVICE_REFUSED;
}

struct timing condition_timing(const struct engine *engine, const struct alarm *alarm)
{
	const struct plan *plan = &engine->config->plan;
	struct timing timing = {0};

	switch (alarm->kind) {
	case CONDITION_RULE:
		timing.delay_ns = plan->rules[alarm->index].delay_ns;
		timing.clear_delay_ns = plan->rules[alarm->index].clear_delay_ns;
		timing.latching = plan->rules[alarm->index].latching;
		break;
	case CONDITION_MISSING:
		timing.delay_ns = plan->missing.raise_after_ns;
		break;
	case CONDITION_DEVICE:
		if (in_grace(&engine->devices[alarm->index]))
			timing.delay_ns = plan->missing.raise_after_ns;
		break;
	case CONDITION_CHECK_LATE:
		timing.delay_ns = plan->checks[alarm->index].late_after_ns;
		break;
	case CONDITION_CUFF_FAILED:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_KIND_COUNT:
		break;
	}
	return timing;
}

/* The session has been without this value since then. */
static struct mono missing_since(const struct engine *engine, enum parameter parameter)
{
	return mono_later(engine->parameters[parameter].missing_since, engine->session.opened_at);
}

static struct mono missing_urgent_at(const struct engine *engine, enum parameter parameter)
{
	return mono_after(missing_since(engine, parameter), engine->config->plan.missing.escalate_after_ns);
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

static struct verdict device_verdict(const struct engine *engine, uint8_t device)
{
	struct verdict verdict = {.judgement = JUDGEMENT_GONE, .since = engine->now};

	if (mono_is_never(engine->devices[device].lost_since))
		return verdict;
	verdict.judgement = JUDGEMENT_HOLDS;
	verdict.since = device_since(engine, device);
	verdict.reason = REASON_DEVICE_LOST;
	verdict.priority = missing_priority(engine, PRIORITY_LOW, device_urgent_at(engine, device));
	return verdict;
}

/* Inhibited while its device is lost: that has an alarm of its own. After that the device gets its time to bring values
 * again. */
static struct verdict missing_verdict(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];
	const struct engine_device_state *device = &engine->devices[p->device];
	struct verdict verdict = {.judgement = JUDGEMENT_GONE, .since = engine->now};

	if (mono_is_never(device->fine_since) || mono_is_never(p->missing_since))
		return verdict;
	verdict.judgement = JUDGEMENT_HOLDS;
	verdict.since = mono_later(missing_since(engine, parameter), device->fine_since);
	verdict.parameter = parameter;
	verdict.reason = engine_reading(engine, parameter, engine->now).reason;
	verdict.priority =
	    missing_priority(engine, engine->config->plan.missing.priority, missing_urgent_at(engine, parameter));
	return verdict;
}

static struct verdict cuff_verdict(const struct engine *engine, uint8_t device)
{
	struct verdict verdict = {.judgement = JUDGEMENT_GONE, .since = engine->now};
	uint8_t failures = engine->devices[device].cuff_failures;

	if (failures < 2)
		return verdict;
	verdict.judgement = JUDGEMENT_HOLDS;
	verdict.priority = failures == 2 ? PRIORITY_LOW : PRIORITY_MEDIUM;
	verdict.parameter = PARAMETER_NIBP_SYS;
	verdict.reason = engine->parameters[PARAMETER_NIBP_SYS].latest.reason;
	return verdict;
}

static struct verdict service_verdict(const struct engine *engine, enum service service)
{
	return (struct verdict){
	    .judgement = engine->service_failed[service] ? JUDGEMENT_HOLDS : JUDGEMENT_GONE,
	    .since = engine->now,
	    .priority = PRIORITY_MEDIUM,
	};
}

static bool is_watched(const struct engine *engine, enum parameter parameter)
{
	return parameter_table[parameter].cadence == CADENCE_CONTINUOUS && engine->parameters[parameter].device >= 0;
}

void condition_judge_all(struct step *step)
{
	const struct engine *engine = step->engine;
	struct verdict verdict;

	for (uint8_t i = 0; i < SERVICE_COUNT; i++) {
		verdict = service_verdict(engine, (enum service)i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_SERVICE + i), &verdict);
	}
	if (!engine->session.open)
		return;
	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++)
		rule_judge(step, i);
	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		verdict = device_verdict(engine, i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_DEVICE + i), &verdict);
		verdict = cuff_verdict(engine, i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_CUFF_FAILED + i), &verdict);
	}
	for (uint8_t i = 0; i < PARAMETER_COUNT; i++) {
		if (!is_watched(engine, (enum parameter)i))
			continue;
		verdict = missing_verdict(engine, (enum parameter)i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_MISSING + i), &verdict);
	}
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		verdict = check_verdict(engine, i);
		alarm_judge(step, (uint16_t)(ALARM_BASE_CHECK_LATE + i), &verdict);
	}
}

static struct mono urgent_deadline(const struct engine *engine, uint16_t id, struct mono at)
{
	const struct alarm *alarm = &engine->alarms[id];

	if (alarm->state == ALARM_INACTIVE || alarm->priority >= engine->config->plan.missing.escalated)
		return MONO_NEVER;
	return at;
}

/* Escalations. When a condition is raised or cleared is known to alarm_deadline. */
struct mono condition_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->device_count; i++)
		deadline = mono_earlier(
		    deadline, urgent_deadline(engine, (uint16_t)(ALARM_BASE_DEVICE + i), device_urgent_at(engine, i)));
	for (uint8_t i = 0; i < PARAMETER_COUNT; i++)
		deadline = mono_earlier(deadline, urgent_deadline(engine, (uint16_t)(ALARM_BASE_MISSING + i),
		                                                  missing_urgent_at(engine, (enum parameter)i)));
	return deadline;
}
