/* The alarm state machine, one instance per condition, and the audio pause. Called within engine_step. The table in
 * docs/STATE-MACHINES.md is compared with this file by tests/unit/test_core_states.c. */
#include "core.h"

void alarm_init(struct engine *engine)
{
	static const uint16_t base[CONDITION_KIND_COUNT + 1] = {
	    [CONDITION_RULE] = ALARM_BASE_RULE,
	    [CONDITION_MISSING] = ALARM_BASE_MISSING,
	    [CONDITION_DEVICE] = ALARM_BASE_DEVICE,
	    [CONDITION_CUFF_FAILED] = ALARM_BASE_CUFF_FAILED,
	    [CONDITION_CHECK_LATE] = ALARM_BASE_CHECK_LATE,
	    [CONDITION_SERVICE] = ALARM_BASE_SERVICE,
	    [CONDITION_CLOCK] = ALARM_BASE_CLOCK,
	    [CONDITION_KIND_COUNT] = ALARMS_MAX,
	};

	for (int kind = 0; kind < CONDITION_KIND_COUNT; kind++) {
		for (uint16_t id = base[kind]; id < base[kind + 1]; id++) {
			struct alarm *alarm = &engine->alarms[id];

			alarm->id = id;
			alarm->kind = (enum condition_kind)kind;
			alarm->index = (uint8_t)(id - base[kind]);
			alarm->violated = MONO_NEVER;
			alarm->cleared = MONO_NEVER;
		}
	}
}

/* Every announced change goes through here. */
static void announce(struct step *step, struct alarm *alarm, enum alarm_change change)
{
	struct action *action = step_action(step, ACTION_ALARM);

	alarm->generation++;
	alarm->changed_wall_ns = step->wall_ns;
	action->u.alarm.change = change;
	memcpy(&action->u.alarm.alarm, alarm, sizeof(*alarm));
}

static void forget_acknowledgement(struct alarm *alarm)
{
	memset(alarm->acknowledged_by, 0, sizeof(alarm->acknowledged_by));
	alarm->acknowledged_wall_ns = 0;
}

static void set_cause(struct alarm *alarm, const struct verdict *verdict)
{
	alarm->priority = verdict->priority;
	alarm->has_value = verdict->has_value;
	alarm->parameter = verdict->parameter;
	alarm->milli = verdict->milli;
	alarm->limit = verdict->limit;
	alarm->reason = verdict->reason;
}

/* Something new needs attention: a pause that was meant for the old does not cover it. */
static void break_pause(struct step *step, enum priority priority)
{
	if (priority > PRIORITY_NONE)
		alarm_resume_audio(step, "");
}

static void raise(struct step *step, struct alarm *alarm, enum alarm_state state)
{
	alarm->state = state;
	alarm->cleared = MONO_NEVER;
	alarm->raised = step->now;
	alarm->raised_wall_ns = step->wall_ns;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_RAISED);
	break_pause(step, alarm->priority);
}

static void end(struct step *step, struct alarm *alarm, enum alarm_change change)
{
	bool was_announced = alarm_announced(alarm->state);

	alarm->state = ALARM_INACTIVE;
	alarm->violated = MONO_NEVER;
	alarm->cleared = MONO_NEVER;
	if (was_announced)
		announce(step, alarm, change);
}

static void escalate(struct step *step, struct alarm *alarm, const struct verdict *verdict)
{
	set_cause(alarm, verdict);
	alarm->state = ALARM_ACTIVE;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_PRIORITY_CHANGED);
	break_pause(step, alarm->priority);
}

static void condition_holds(struct step *step, struct alarm *alarm, const struct verdict *verdict)
{
	switch (alarm->state) {
	case ALARM_INACTIVE:
		alarm->state = ALARM_PENDING;
		alarm->violated = verdict->since;
		set_cause(alarm, verdict);
		break;
	case ALARM_PENDING:
		set_cause(alarm, verdict);
		break;
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		alarm->cleared = MONO_NEVER;
		if (verdict->priority > alarm->priority)
			escalate(step, alarm, verdict);
		break;
	case ALARM_LATCHED:
		/* Nobody has answered yet: it is present again at once, without a second delay. */
		alarm->violated = verdict->since;
		set_cause(alarm, verdict);
		raise(step, alarm, ALARM_ACTIVE);
		break;
	case ALARM_STATE_COUNT:
		break;
	}
}

static void condition_gone(struct step *step, struct alarm *alarm, const struct verdict *verdict)
{
	switch (alarm->state) {
	case ALARM_PENDING:
		end(step, alarm, ALARM_CLEARED);
		break;
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		if (mono_is_never(alarm->cleared))
			alarm->cleared = verdict->since;
		break;
	case ALARM_INACTIVE:
	case ALARM_LATCHED:
	case ALARM_STATE_COUNT:
		break;
	}
}

/* Nothing that needs an unbroken run goes on. If the run is over at this very instant: a raise stands, a clear does
 * not. */
static void condition_unknown(struct step *step, struct alarm *alarm)
{
	struct timing timing = condition_timing(step->engine, alarm);

	switch (alarm->state) {
	case ALARM_PENDING:
		if (!mono_reached(mono_after(alarm->violated, timing.delay_ns), step->now))
			end(step, alarm, ALARM_CLEARED);
		break;
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		alarm->cleared = MONO_NEVER;
		break;
	case ALARM_INACTIVE:
	case ALARM_LATCHED:
	case ALARM_STATE_COUNT:
		break;
	}
}

void alarm_advance(struct step *step, uint16_t id)
{
	struct alarm *alarm = &step->engine->alarms[id];
	struct timing timing = condition_timing(step->engine, alarm);

	switch (alarm->state) {
	case ALARM_PENDING:
		if (mono_reached(mono_after(alarm->violated, timing.delay_ns), step->now))
			raise(step, alarm, ALARM_ACTIVE);
		break;
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		if (!mono_reached(mono_after(alarm->cleared, timing.clear_delay_ns), step->now))
			break;
		if (timing.latching && alarm->state == ALARM_ACTIVE) {
			alarm->state = ALARM_LATCHED;
			alarm->violated = MONO_NEVER;
			announce(step, alarm, ALARM_BECAME_LATCHED);
		} else {
			end(step, alarm, ALARM_CLEARED);
		}
		break;
	case ALARM_INACTIVE:
	case ALARM_LATCHED:
	case ALARM_STATE_COUNT:
		break;
	}
}

void alarm_judge(struct step *step, uint16_t id, const struct verdict *verdict)
{
	struct alarm *alarm = &step->engine->alarms[id];

	switch (verdict->judgement) {
	case JUDGEMENT_HOLDS:
		condition_holds(step, alarm, verdict);
		break;
	case JUDGEMENT_GONE:
		condition_gone(step, alarm, verdict);
		break;
	case JUDGEMENT_UNKNOWN:
		condition_unknown(step, alarm);
		break;
	}
	alarm_advance(step, id);
}

/* A step of the wall clock is over when it is noticed: raised as latched, to be acknowledged. */
void alarm_clock_stepped(struct step *step)
{
	struct alarm *alarm = &step->engine->alarms[ALARM_BASE_CLOCK];

	if (alarm->state == ALARM_LATCHED)
		return;
	alarm->priority = PRIORITY_LOW;
	raise(step, alarm, ALARM_LATCHED);
}

void alarm_withdraw_session(struct step *step)
{
	for (uint16_t id = 0; id < ALARM_BASE_SERVICE; id++)
		end(step, &step->engine->alarms[id], ALARM_SESSION_ENDED);
}

enum result alarm_acknowledge(struct step *step, uint16_t id, const char *actor)
{
	enum result result = RESULT_UNKNOWN_ALARM;

	for (uint16_t i = 0; i < ALARMS_MAX; i++) {
		struct alarm *alarm = &step->engine->alarms[i];

		if ((id != ALARM_ID_ALL && id != i) || !alarm_sounding(alarm->state))
			continue;
		core_copy_text(alarm->acknowledged_by, actor, sizeof(alarm->acknowledged_by));
		alarm->acknowledged_wall_ns = step->wall_ns;
		if (alarm->state == ALARM_LATCHED) {
			end(step, alarm, ALARM_CLEARED);
		} else {
			alarm->state = ALARM_ACKNOWLEDGED;
			announce(step, alarm, ALARM_WAS_ACKNOWLEDGED);
		}
		result = RESULT_OK;
	}
	return result;
}

/* ---- audio pause --------------------------------------------------------------------------------------------------
 */

void alarm_pause_audio(struct step *step, const char *actor)
{
	struct engine *engine = step->engine;

	engine->audio_paused_until = mono_after(step->now, engine->config->plan.audio_pause_ns);
	core_copy_text(engine->audio_paused_by, actor, sizeof(engine->audio_paused_by));
	step_session(step, SESSION_AUDIO, actor);
}

void alarm_resume_audio(struct step *step, const char *actor)
{
	struct engine *engine = step->engine;

	if (engine->audio_paused_until.ns == 0)
		return;
	engine->audio_paused_until.ns = 0;
	memset(engine->audio_paused_by, 0, sizeof(engine->audio_paused_by));
	step_session(step, SESSION_AUDIO, actor);
}

void alarm_audio_advance(struct step *step)
{
	if (mono_reached(step->engine->audio_paused_until, step->now))
		alarm_resume_audio(step, "");
}

/* ---- what displays compare ----------------------------------------------------------------------------------------
 */

struct mono alarm_deadline(const struct engine *engine)
{
	struct mono deadline = engine->audio_paused_until.ns != 0 ? engine->audio_paused_until : MONO_NEVER;

	for (uint16_t id = 0; id < ALARMS_MAX; id++) {
		const struct alarm *alarm = &engine->alarms[id];
		struct timing timing = condition_timing(engine, alarm);

		if (alarm->state == ALARM_PENDING)
			deadline = mono_earlier(deadline, mono_after(alarm->violated, timing.delay_ns));
		else if (alarm->state == ALARM_ACTIVE || alarm->state == ALARM_ACKNOWLEDGED)
			deadline = mono_earlier(deadline, mono_after(alarm->cleared, timing.clear_delay_ns));
	}
	return deadline;
}

enum priority engine_highest_priority(const struct engine *engine)
{
	enum priority highest = PRIORITY_NONE;

	for (uint16_t id = 0; id < ALARMS_MAX; id++)
		if (alarm_announced(engine->alarms[id].state) && engine->alarms[id].priority > highest)
			highest = engine->alarms[id].priority;
	return highest;
}

static uint64_t hash_u32(uint64_t hash, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		hash ^= (value >> shift) & 0xff;
		hash *= UINT64_C(0x100000001b3);
	}
	return hash;
}

uint64_t engine_alarm_digest(const struct engine *engine, uint16_t *count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	*count = 0;
	for (uint16_t id = 0; id < ALARMS_MAX; id++) {
		if (!alarm_announced(engine->alarms[id].state))
			continue;
		hash = hash_u32(hash, id);
		hash = hash_u32(hash, engine->alarms[id].generation);
		(*count)++;
	}
	return hash;
}
