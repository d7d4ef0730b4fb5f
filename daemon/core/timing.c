/* How each condition's alarm behaves in time: how long it must hold or be gone, whether it latches, and
 * whether it ends with the session. Pure questions
 * on plan and state, asked by the alarm state machine. */
#include "core.h"

static struct timing rule_timing(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	bool unconfirmed = p->confirm && !engine->alarms[ALARM_BASE_RULE + rule].confirmed;
	struct timing timing = {p->delay_ns, p->clear_delay_ns, p->latching && (!unconfirmed || p->latch_first)};

	if (unconfirmed && p->first == PRIORITY_NONE)
		timing.delay_ns = p->confirm_within_ns;
	return timing;
}

/* A device that has not been up since the start of the daemon gets as long as a missing value does: it may be starting
 * itself. One that answers under a wrong identity does not. */
static bool in_grace(const struct engine_device_state *device)
{
	return !device->ever_up && device->state != DEVICE_REFUSED;
}

struct timing timing_of(const struct engine *engine, const struct alarm *alarm)
{
	const struct plan *plan = &engine->config->plan;
	struct timing timing = {0};

	switch (alarm->kind) {
	case CONDITION_RULE:
		timing = rule_timing(engine, alarm->index);
		break;
	case CONDITION_MISSING:
		if (!mono_reached(reading_dead_at(engine, (enum parameter)alarm->index), engine->now))
			timing.delay_ns = plan->missing.raise_after_ns;
		timing.clear_delay_ns = plan->missing_clear_ns;
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
	case CONDITION_FLAPPING:
	case CONDITION_TAKEN_OUT:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
	case CONDITION_KIND_COUNT:
		break;
	}
	return timing;
}

/* Only while a session is open: the plan's rules, values, devices, checks. */
bool alarm_of_session(const struct alarm *alarm)
{
	switch (alarm->kind) {
	case CONDITION_RULE:
	case CONDITION_MISSING:
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_CHECK_LATE:
	case CONDITION_FLAPPING:
		return true;
	case CONDITION_SERVICE:
		return alarm->index == SERVICE_DISPLAYS;
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
