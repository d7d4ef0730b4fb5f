/* Does the engine's state make sense? A pure look at what can never be, whatever happened: asked by the loop at every
 * beat (daemon/loop.c) and by the tests after every step. It judges our own code, not the patient: what it finds is a
 * bug, or memory that somebody else wrote. Nothing here is stopped or mended. */
#include "core.h"

/* ---- the session ---------------------------------------------------------------------------------------------------
 */

static bool ahead(const struct engine *engine, struct mono at)
{
	return mono_ahead(at, engine->now);
}

static bool happened(struct mono at)
{
	return !mono_is_never(at);
}

static const char *sound_session(const struct engine *engine)
{
	const struct session *s = &engine->session;

	if (s->phase >= engine->config->plan.phase_count)
		return "the session is in a phase that the plan does not have";
	if ((s->open && !happened(s->opened_at)) || happened(s->opened_at) != (s->id[0] != '\0'))
		return "a session is open that was never opened";
	if (s->started != happened(s->started_at) || (s->started && mono_before(s->started_at, s->opened_at)))
		return "a session has started without having been opened";
	if (s->ended != happened(s->ended_at) || (s->ended && !s->started) ||
	    (s->ended && mono_before(s->ended_at, s->started_at)))
		return "a session has ended before it was started";
	if (s->paused && (!s->open || !s->started || s->ended || s->pauses == 0 || !happened(s->paused_at)))
		return "a session is paused that does not run";
	if (ahead(engine, s->opened_at) || ahead(engine, s->started_at) || ahead(engine, s->ended_at) ||
	    ahead(engine, s->paused_at) || ahead(engine, s->urgent_until))
		return "something of the session lies in the future";
	if (!s->open && happened(s->recheck_due))
		return "an entry is due without a session";
	if (s->baseline.complete && s->baseline.readings == 0)
		return "a baseline without a reading";
	return NULL;
}

static const char *sound_given(const struct engine *engine)
{
	const struct session *s = &engine->session;

	if (s->given_count > GIVEN_MAX || (s->given_count > 0 && !s->started))
		return "a spray device was given outside a session";
	for (uint8_t i = 0; i < s->given_count; i++)
		if (!happened(s->given[i].at) || ahead(engine, s->given[i].at) ||
		    (i > 0 && mono_before(s->given[i].at, s->given[i - 1].at)))
			return "the spray devices given are not in order";
	for (uint8_t i = 0; i < s->pauses && i < PAUSES_MAX; i++)
		if (!happened(s->pause_from[i]) || mono_before(s->pause_to[i], s->pause_from[i]))
			return "a pause ended before it began";
	if (s->expected.given > s->given_count ||
	    s->expected.at_ms * NS_PER_MS > (s->started ? mono_since(engine->now, s->started_at) : 0))
		return "the expected response is ahead of time";
	return NULL;
}

static const char *sound_checks(const struct engine *engine)
{
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		const struct check_state *check = &engine->session.checks[i];

		if (check->next > engine->config->plan.checks[i].time_count ||
		    check->done + check->missed > check->next || check->missed_in_row > check->missed)
			return "a check was done more often than it was due";
		if (ahead(engine, check->overdue_since))
			return "a check is overdue before its time";
	}
	return NULL;
}

/* ---- devices and values --------------------------------------------------------------------------------------------
 */

static const char *sound_device(const struct engine *engine, uint8_t device)
{
	const struct engine_device *config = &engine->config->devices[device];
	const struct engine_device_state *d = &engine->devices[device];

	for (uint8_t i = 0; i < device; i++)
		if ((config->provides & engine->config->devices[i].provides) != 0)
			return "two devices bring the same parameter";
	if ((unsigned)d->state > DEVICE_REFUSED || (unsigned)d->fault >= FAULT_COUNT)
		return "a device is in no state that exists";
	if (happened(d->fine_since) == happened(d->lost_since))
		return "a device is both fine and lost, or neither";
	if (d->state == DEVICE_UP && (!d->was_up || !d->ever_up || !happened(d->heard)))
		return "a device is up that was never heard";
	if (!config->cuff_command && (d->cuff_wanted || d->cuff_requested))
		return "a cuff is asked of a device that has none";
	if (d->cuff_requested && (!happened(d->cuff_requested_at) || !happened(d->cuff_rest_until)))
		return "a cuff was started at no time";
	if (d->flapping && !happened(d->lost_at[0]))
		return "a device comes and goes that was not lost three times";
	return NULL;
}

static const char *sound_reading(const struct engine *engine, enum parameter parameter)
{
	const struct engine_parameter *p = &engine->parameters[parameter];
	const struct measurement *m = &p->latest;
	const struct parameter_info *info = &parameter_table[parameter];
	bool continuous = info->cadence == CADENCE_CONTINUOUS;

	if (m->parameter != parameter || p->device >= engine->config->device_count ||
	    (p->device >= 0 && (engine->config->devices[p->device].provides & PARAMETER_BIT(parameter)) == 0))
		return "a value stands under another parameter";
	if (!p->received)
		return measurement_has_value(m) || happened(m->determined) ? "a value that was never received" : NULL;
	if (!happened(m->determined) || ahead(engine, m->determined))
		return "a value from the future";
	if (!measurement_has_value(m) && (m->milli != 0 || m->reason == REASON_NONE))
		return "no value, and a number or no reason";
	if (measurement_has_value(m) && (m->milli < info->plausible_min || m->milli > info->plausible_max))
		return "an implausible value is kept";
	if (p->has_good &&
	    (info->cadence != CADENCE_INTERMITTENT || p->good.parameter != parameter ||
	     !measurement_has_value(&p->good) || !happened(p->good.determined) || ahead(engine, p->good.determined)))
		return "a last good value that is none";
	if (!continuous && p->stale)
		return "a value that cannot grow stale is stale";
	if (continuous && p->device >= 0 && reading_current(engine, parameter) == happened(p->missing_since))
		return "a value is both current and missing, or neither";
	return NULL;
}

/* ---- alarms --------------------------------------------------------------------------------------------------------
 */

/* Can a condition of this kind have no priority? What the plan says without a sound, and nothing else. */
static bool may_be_silent(const struct engine *engine, const struct alarm *alarm)
{
	const struct plan *plan = &engine->config->plan;

	switch (alarm->kind) {
	case CONDITION_RULE:
		return plan->rules[alarm->index].priority == PRIORITY_NONE ||
		       (plan->rules[alarm->index].lower_phases != 0 &&
		        plan->rules[alarm->index].lower == PRIORITY_NONE);
	case CONDITION_MISSING:
		return plan->missing.priority == PRIORITY_NONE;
	case CONDITION_CHECK_LATE:
		return plan->checks[alarm->index].late == PRIORITY_NONE;
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_FLAPPING:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_TAKEN_OUT:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
	case CONDITION_KIND_COUNT:
		break;
	}
	return false;
}

static bool may_latch(const struct engine *engine, const struct alarm *alarm)
{
	return alarm->kind == CONDITION_CLOCK || alarm->kind == CONDITION_AWAY ||
	       (alarm->kind == CONDITION_RULE && engine->config->plan.rules[alarm->index].latching);
}

static const char *sound_announced(const struct engine *engine, const struct alarm *alarm)
{
	bool named = alarm->acknowledged_by[0] != '\0';

	if (alarm->generation == 0)
		return "an alarm is announced that never was";
	if (!happened(alarm->raised) || ahead(engine, alarm->raised))
		return "an alarm was raised at no time";
	if (alarm->state == ALARM_LATCHED && !may_latch(engine, alarm))
		return "an alarm is latched that does not latch";
	if (alarm->state == ALARM_ACKNOWLEDGED && (!named || !happened(alarm->acknowledged)))
		return "an alarm was acknowledged by nobody";
	if (alarm->state != ALARM_ACKNOWLEDGED && (named || happened(alarm->acknowledged)))
		return "an alarm sounds that was acknowledged";
	return NULL;
}

static const char *sound_alarm(const struct engine *engine, uint16_t id)
{
	const struct alarm *alarm = &engine->alarms[id];

	if (alarm->id != id || alarm->test != (id == ALARM_BASE_TEST))
		return "an alarm stands in another one's place";
	if ((unsigned)alarm->state >= ALARM_STATE_COUNT || (unsigned)alarm->priority > PRIORITY_HIGH)
		return "an alarm is in no state that exists";
	if (alarm->kept_back && (alarm->kind != CONDITION_RULE || alarm_present(alarm)))
		return "an alarm is kept back and announced";
	if (alarm->eased && (alarm->kind != CONDITION_RULE || !alarm_announced(alarm->state) ||
	                     alarm->eased_from >= engine->config->plan.rule_count))
		return "an alarm has got better out of nothing";
	if (alarm->state == ALARM_INACTIVE)
		return NULL;
	if (alarm_of_session(alarm) && !engine->session.open &&
	    (alarm->kind != CONDITION_RULE || !watch_rule(engine, alarm->index)))
		return "an alarm of a session without a session";
	if (alarm->priority == PRIORITY_NONE && !may_be_silent(engine, alarm))
		return "an alarm without a priority";
	if (alarm->state == ALARM_PENDING && (!happened(alarm->violated) || ahead(engine, alarm->violated)))
		return "an alarm waits for what never began";
	return alarm_announced(alarm->state) ? sound_announced(engine, alarm) : NULL;
}

static const char *sound_rule(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];

	if (alarm_announced(alarm->state) && p->kind != RULE_ALARM)
		return "a gate or leave rule alarms";
	if (alarm_present(alarm) && rule_superseded(engine, rule))
		return "an alarm is present although another one stands for it";
	if (alarm_present(alarm) && p->confirm && !alarm->confirmed && p->first == PRIORITY_NONE)
		return "an alarm is announced that nothing has confirmed";
	return NULL;
}

/* What is not judged at all must be quiet: slots behind the plan's and the bedside's own. */
static bool unused(const struct engine *engine, const struct alarm *alarm)
{
	switch (alarm->kind) {
	case CONDITION_RULE:
		return alarm->index >= engine->config->plan.rule_count;
	case CONDITION_CHECK_LATE:
		return alarm->index >= engine->config->plan.check_count;
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_FLAPPING:
		return alarm->index >= engine->config->device_count;
	case CONDITION_MISSING:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_TAKEN_OUT:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
	case CONDITION_KIND_COUNT:
		break;
	}
	return false;
}

/* ---- what needs no session -----------------------------------------------------------------------------------------
 */

static const char *sound_maintenance(const struct engine *engine)
{
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++) {
		const struct taken_out *out = &engine->taken_out[i];

		if (happened(out->until) != alarm_present(&engine->alarms[ALARM_BASE_TAKEN_OUT + i]))
			return "something is taken out without an alarm, or the other way round";
		if (happened(out->until) && (!ahead(engine, out->until) || out->by[0] == '\0'))
			return "something is taken out by nobody, or for longer than was said";
	}
	for (int i = 0; i < SERVICE_COUNT; i++)
		if (i != SERVICE_DISPLAYS &&
		    engine->service_failed[i] != alarm_present(&engine->alarms[ALARM_BASE_SERVICE + i]))
			return "a service has failed without an alarm, or the other way round";
	for (int i = 0; i < engine->config->display_count; i++)
		if (ahead(engine, engine->displays[i].heard) || ahead(engine, engine->displays[i].shown))
			return "a display shows the future";
	if (happened(engine->audio_paused_until) != (engine->audio_paused_by[0] != '\0') ||
	    (happened(engine->audio_paused_until) && !ahead(engine, engine->audio_paused_until)))
		return "the sound is paused by nobody, or for longer than was said";
	return NULL;
}

static const char *sound_states(const struct engine *engine)
{
	const char *wrong = sound_session(engine);

	if (wrong == NULL)
		wrong = sound_given(engine);
	if (wrong == NULL)
		wrong = sound_checks(engine);
	for (uint8_t i = 0; wrong == NULL && i < engine->config->device_count; i++)
		wrong = sound_device(engine, i);
	for (int i = 0; wrong == NULL && i < PARAMETER_COUNT; i++)
		wrong = sound_reading(engine, (enum parameter)i);
	for (uint16_t id = 0; wrong == NULL && id < ALARMS_MAX; id++) {
		wrong = sound_alarm(engine, id);
		if (wrong == NULL && engine->alarms[id].state != ALARM_INACTIVE && unused(engine, &engine->alarms[id]))
			wrong = "an alarm of what is not there";
	}
	for (uint8_t i = 0; wrong == NULL && i < engine->config->plan.rule_count; i++)
		wrong = sound_rule(engine, i);
	return wrong != NULL ? wrong : sound_maintenance(engine);
}

/* States first: what is asked for the deadline may rely on them. */
const char *engine_sound(const struct engine *engine)
{
	const char *wrong = sound_states(engine);

	if (wrong != NULL)
		return wrong;
	if (engine->overflowed)
		return "an action list was too short";
	if (mono_reached(engine_deadline(engine), engine->now))
		return "a deadline never moves";
	return NULL;
}
