/* The alarm state machine, one instance per condition. Called within engine_step. The table in
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
	    [CONDITION_FLAPPING] = ALARM_BASE_FLAPPING,
	    [CONDITION_TAKEN_OUT] = ALARM_BASE_TAKEN_OUT,
	    [CONDITION_TEST] = ALARM_BASE_TEST,
	    [CONDITION_HELP] = ALARM_BASE_HELP,
	    [CONDITION_AWAY] = ALARM_BASE_AWAY,
	    [CONDITION_KIND_COUNT] = ALARMS_MAX,
	};

	for (int kind = 0; kind < CONDITION_KIND_COUNT; kind++) {
		for (uint16_t id = base[kind]; id < base[kind + 1]; id++) {
			struct alarm *alarm = &engine->alarms[id];

			alarm->id = id;
			alarm->kind = (enum condition_kind)kind;
			alarm->index = (uint8_t)(id - base[kind]);
			alarm->violated = MONO_NEVER;
			alarm->gap_since = MONO_NEVER;
			alarm->cleared = MONO_NEVER;
			alarm->raised = MONO_NEVER;
			alarm->acknowledged = MONO_NEVER;
			alarm->changed = MONO_NEVER;
			alarm->test = kind == CONDITION_TEST;
		}
	}
}

/* Every announced change goes through here. */
static void announce(struct step *step, struct alarm *alarm, enum alarm_change change)
{
	struct action *action = step_action(step, ACTION_ALARM);

	alarm->generation++;
	alarm->changed = step->now;
	alarm->changed_wall_ns = step->wall_ns;
	action->u.alarm.change = change;
	memcpy(&action->u.alarm.alarm, alarm, sizeof(*alarm));
}

static void forget_acknowledgement(struct alarm *alarm)
{
	memset(alarm->acknowledged_by, 0, sizeof(alarm->acknowledged_by));
	alarm->acknowledged_wall_ns = 0;
	alarm->acknowledged = MONO_NEVER;
}

static struct alarm_load *load_of(struct step *step, const struct alarm *alarm)
{
	return step->engine->session.open ? &step->engine->session.load[alarm->id] : NULL;
}

/* An alarm that nobody had to do anything about. */
static void count_nuisance(struct step *step, const struct alarm *alarm)
{
	struct alarm_load *load = load_of(step, alarm);

	if (load != NULL && mono_since(step->now, alarm->raised) < step->engine->config->plan.nuisance_ns)
		load->nuisance++;
}

/* Of the patient, not of a sensor or a schedule; what the device says of the patient herself ("no pulse") is high. */
bool alarm_is_unrest(const struct engine *engine, const struct alarm *alarm)
{
	if (alarm->test || !alarm_of_session(alarm) || alarm->priority < PRIORITY_MEDIUM)
		return false;
	return alarm->priority == PRIORITY_HIGH ||
	       (alarm->kind == CONDITION_RULE && !engine->config->plan.rules[alarm->index].technical);
}

/* For "quiet" of the leave check. */
static void note_urgent(struct step *step, const struct alarm *alarm)
{
	struct session *session = &step->engine->session;

	if (!session->open || !alarm_is_unrest(step->engine, alarm))
		return;
	session->urgent_until = step->now;
	session->urgent_alarm = alarm->id;
}

static void set_cause(struct alarm *alarm, const struct verdict *verdict)
{
	alarm->priority = verdict->priority;
	alarm->has_value = verdict->has_value;
	alarm->parameter = verdict->parameter;
	if (verdict->parameter != alarm->parameter || !alarm_announced(alarm->state))
		alarm->worst_milli = verdict->milli;
	alarm->milli = verdict->milli;
	alarm->limit = verdict->limit;
	alarm->reason = verdict->reason;
	alarm->has_now = alarm->kind == CONDITION_RULE && verdict->has_value;
	alarm->now_milli = alarm->has_now ? verdict->milli : 0;
}

/* Something new needs attention: a pause that was meant for the old does not cover it. */
static void break_pause(struct step *step, enum priority priority)
{
	if (priority > PRIORITY_NONE)
		audio_resume(step, "");
}

static void raise(struct step *step, struct alarm *alarm, enum alarm_state state)
{
	struct alarm_load *load = load_of(step, alarm);

	if (load != NULL)
		load->raised++;
	alarm->state = state;
	alarm->kept_back = alarm->eased = false;
	alarm->reminders = 0;
	alarm->cleared = MONO_NEVER;
	alarm->raised = step->now;
	alarm->raised_wall_ns = step->wall_ns;
	alarm->worst_milli = alarm->milli;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_RAISED);
	break_pause(step, alarm->priority);
}

static void end(struct step *step, struct alarm *alarm, enum alarm_change change)
{
	bool was_announced = alarm_announced(alarm->state);

	if (was_announced)
		note_urgent(step, alarm);
	alarm->state = ALARM_INACTIVE;
	alarm->kept_back = alarm->eased = false;
	alarm->violated = MONO_NEVER;
	alarm->gap_since = MONO_NEVER;
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

/* Is the text another one? Only of devices, of rules whose value is lost, and of a cuff that read numbers which cannot
 * be: why a value is missing may change with every frame, and is told with the value. */
static bool tells_anew(const struct alarm *alarm, const struct verdict *verdict)
{
	if (alarm->kind == CONDITION_CUFF_FAILED)
		return verdict->has_value &&
		       (!alarm->has_value || verdict->milli != alarm->milli || verdict->limit != alarm->limit);
	return alarm->kind == CONDITION_DEVICE && verdict->reason != alarm->reason;
}

/* Staff read another text, and what they answered stands. */
static void change_reason(struct step *step, struct alarm *alarm, enum reason reason)
{
	alarm->reason = reason;
	announce(step, alarm, ALARM_REASON_CHANGED);
}

static void tell_anew(struct step *step, struct alarm *alarm, const struct verdict *verdict)
{
	enum priority priority = alarm->priority;

	set_cause(alarm, verdict);
	alarm->priority = priority;
	change_reason(step, alarm, verdict->reason);
}

/* A gap neither adds to the delay nor begins it anew. */
static void bridge_gap(struct alarm *alarm, struct mono since)
{
	if (!mono_is_never(alarm->gap_since))
		alarm->violated = mono_after(alarm->violated, mono_since(since, alarm->gap_since));
	alarm->gap_since = MONO_NEVER;
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
		alarm->cleared = MONO_NEVER;
		bridge_gap(alarm, verdict->since);
		if (!alarm->kept_back)
			set_cause(alarm, verdict);
		break;
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		alarm->cleared = MONO_NEVER;
		if (verdict->priority > alarm->priority)
			escalate(step, alarm, verdict);
		else if (tells_anew(alarm, verdict))
			tell_anew(step, alarm, verdict);
		break;
	case ALARM_LATCHED:
		/* Nobody has answered yet: it is present again at once, without a second delay; a rule when all of
		 * them are judged, because what stands for it may be raised by the same value. */
		alarm->violated = verdict->since;
		alarm->cleared = MONO_NEVER;
		alarm->kept_back = alarm->kind == CONDITION_RULE;
		if (alarm->kept_back)
			break;
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
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		if (alarm->state == ALARM_PENDING && !alarm->kept_back)
			end(step, alarm, ALARM_CLEARED);
		else if (mono_is_never(alarm->cleared))
			alarm->cleared = verdict->since;
		break;
	case ALARM_LATCHED:
		alarm->kept_back = false;
		break;
	case ALARM_INACTIVE:
	case ALARM_STATE_COUNT:
		break;
	}
}

/* A delay stands still, a way back to normal begins anew. If the run is over at this very instant: a raise stands, a
 * clear does not. */
static void condition_unknown(struct step *step, struct alarm *alarm)
{
	struct timing timing = timing_of(step->engine, alarm);

	switch (alarm->state) {
	case ALARM_PENDING:
		if (alarm->kept_back)
			alarm->cleared = MONO_NEVER;
		else if (mono_is_never(alarm->gap_since) &&
		         !mono_reached(mono_after(alarm->violated, timing.delay_ns), step->now))
			alarm->gap_since = step->now;
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

/* When another entry is due because the last one was violating: after the acknowledgement in any case. */
static struct mono recheck_at(const struct engine *engine, const struct alarm *alarm)
{
	int64_t recheck_ns = engine->config->plan.rules[alarm->index].recheck_ns;

	if (recheck_ns == 0)
		return MONO_NEVER;

	struct mono due = mono_after(engine->rules[alarm->index].determined, recheck_ns);

	return mono_ahead(due, alarm->acknowledged) ? due : mono_after(alarm->acknowledged, recheck_ns);
}

/* When an acknowledged alarm that is still present is announced again. For scores at the latest when another entry is
 * due; what was taken out of alarming is always remembered. */
static struct mono remind_at(const struct engine *engine, const struct alarm *alarm)
{
	const struct plan *plan = &engine->config->plan;
	struct mono at = MONO_NEVER;

	if (alarm->state != ALARM_ACKNOWLEDGED || alarm->priority == PRIORITY_NONE)
		return MONO_NEVER;
	if (plan->reminder_ns > 0)
		at = mono_after(alarm->acknowledged, plan->reminder_ns);
	switch (alarm->kind) {
	case CONDITION_TAKEN_OUT:
		return mono_earlier(at, mono_after(alarm->acknowledged, TAKEN_OUT_REMINDER_NS));
	case CONDITION_RULE:
		return mono_earlier(at, recheck_at(engine, alarm));
	case CONDITION_MISSING:
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_CHECK_LATE:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_FLAPPING:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
	case CONDITION_KIND_COUNT:
		break;
	}
	return at;
}

static void remind(struct step *step, struct alarm *alarm)
{
	alarm->state = ALARM_ACTIVE;
	if (alarm->reminders < UINT8_MAX)
		alarm->reminders++;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_REMINDED);
}

static struct mono gap_ends_at(const struct engine *engine, const struct alarm *alarm)
{
	return mono_after(alarm->gap_since, engine->config->plan.gap_ns);
}

/* Only such an alarm changes by time alone. */
static bool in_time(const struct alarm *alarm)
{
	return alarm->state != ALARM_INACTIVE && alarm->state != ALARM_LATCHED;
}

void alarm_advance(struct step *step, uint16_t id)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (!in_time(alarm))
		return;

	struct timing timing = timing_of(step->engine, alarm);

	switch (alarm->state) {
	case ALARM_PENDING:
		if (alarm->kept_back) {
			if (mono_reached(mono_after(alarm->cleared, timing.clear_delay_ns), step->now))
				end(step, alarm, ALARM_CLEARED);
		} else if (!mono_is_never(alarm->gap_since)) {
			if (mono_reached(gap_ends_at(step->engine, alarm), step->now))
				end(step, alarm, ALARM_CLEARED);
		} else if (mono_reached(mono_after(alarm->violated, timing.delay_ns), step->now)) {
			if (alarm->kind == CONDITION_RULE)
				alarm->kept_back = true; /* until all rules are judged, or for longer */
			else
				raise(step, alarm, ALARM_ACTIVE);
		}
		break;
	case ALARM_ACTIVE:
	case ALARM_ACKNOWLEDGED:
		if (!mono_reached(mono_after(alarm->cleared, timing.clear_delay_ns), step->now)) {
			if (mono_reached(remind_at(step->engine, alarm), step->now))
				remind(step, alarm);
			break;
		}
		count_nuisance(step, alarm);
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

/* What happened meanwhile was judged late or by nobody: somebody has to look. Raised as latched. */
void alarm_away(struct step *step, const struct event_away *away)
{
	struct alarm *alarm = &step->engine->alarms[ALARM_BASE_AWAY];

	alarm->priority = PRIORITY_MEDIUM;
	alarm->milli = away->away_ns / NS_PER_S > INT32_MAX ? INT32_MAX : (int32_t)(away->away_ns / NS_PER_S);
	alarm->reason = away->doubtful ? REASON_STALE : REASON_NONE;
	raise(step, alarm, ALARM_LATCHED);
}

/* Somebody wants to see that alarms arrive. It ends by itself or when it is acknowledged. */
enum result alarm_test(struct step *step)
{
	struct alarm *alarm = &step->engine->alarms[ALARM_BASE_TEST];

	if (alarm->state != ALARM_INACTIVE)
		return RESULT_WRONG_STATE;
	alarm->priority = PRIORITY_MEDIUM;
	alarm->violated = step->now;
	raise(step, alarm, ALARM_ACTIVE);
	return RESULT_OK;
}

/* Whoever is in the room needs somebody. Only an answer ends it, the end of a session does not. A second call while
 * nobody has come is a reminder to nobody's harm: it stands already. */
enum result alarm_call_help(struct step *step)
{
	struct alarm *alarm = &step->engine->alarms[ALARM_BASE_HELP];

	if (alarm->state != ALARM_INACTIVE)
		return RESULT_OK;
	alarm->priority = PRIORITY_HIGH;
	alarm->violated = step->now;
	raise(step, alarm, ALARM_ACTIVE);
	return RESULT_OK;
}

/* Another alarm stands for the same situation from now on. */
void alarm_withhold(struct step *step, uint16_t id)
{
	struct alarm *alarm = &step->engine->alarms[id];

	note_urgent(step, alarm);
	alarm->state = ALARM_PENDING;
	alarm->kept_back = true;
	alarm->eased = false;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_SUPERSEDED);
}

/* Nothing keeps it back any more: announced without a second delay. */
void alarm_release(struct step *step, uint16_t id, const struct verdict *verdict)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (verdict->judgement == JUDGEMENT_HOLDS)
		set_cause(alarm, verdict);
	alarm->priority = verdict->priority;
	raise(step, alarm, ALARM_ACTIVE);
}

/* The graver one that stood for it got better: the same situation, answered or not as that one was. It is told what it
 * was, what it is now and the worst between, under the text of what it is now; nothing sounds anew and no pause ends.
 */
void alarm_ease(struct step *step, uint16_t id, uint16_t graver, const struct verdict *verdict)
{
	struct alarm *alarm = &step->engine->alarms[id];
	const struct alarm *from = &step->engine->alarms[graver];
	if (verdict->judgement == JUDGEMENT_HOLDS)
		set_cause(alarm, verdict);
	else
		alarm->has_now = false;
	if (from->has_value && from->parameter == alarm->parameter) {
		alarm->milli = from->milli;
		alarm->worst_milli = from->worst_milli;
	}
	alarm->priority = verdict->priority;
	alarm->gap_since = MONO_NEVER;
	alarm->state = mono_is_never(from->acknowledged) ? ALARM_ACTIVE : ALARM_ACKNOWLEDGED;
	alarm->kept_back = false;
	alarm->eased = true;
	alarm->eased_from = from->index;
	alarm->reminders = from->reminders;
	alarm->raised = from->raised;
	alarm->raised_wall_ns = from->raised_wall_ns;
	memcpy(alarm->acknowledged_by, from->acknowledged_by, sizeof(alarm->acknowledged_by));
	alarm->acknowledged = from->acknowledged;
	alarm->acknowledged_wall_ns = from->acknowledged_wall_ns;
	announce(step, alarm, ALARM_EASED);
}

/* Not judged for now: a delay is over or ends, whatever has been announced stays. */
void alarm_lapse(struct step *step, uint16_t id)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (alarm->state == ALARM_PENDING && !alarm->kept_back &&
	    (!mono_is_never(alarm->gap_since) ||
	     !mono_reached(mono_after(alarm->violated, timing_of(step->engine, alarm).delay_ns), step->now)))
		end(step, alarm, ALARM_CLEARED);
	else
		condition_unknown(step, alarm);
	alarm_advance(step, id);
}

/* A rule whose delay runs need not wait for its end: kept back until all rules are judged, then announced. */
void alarm_establish(struct step *step, uint16_t id)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (alarm->state != ALARM_PENDING)
		return;
	alarm->gap_since = MONO_NEVER;
	alarm->kept_back = true;
}

/* Why the value that broke the limit is lost; REASON_NONE: it is back, or never went. */
void alarm_lost(struct step *step, uint16_t id, enum reason reason)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (alarm->reason == reason || alarm->state == ALARM_INACTIVE)
		return;
	if (alarm_present(alarm))
		change_reason(step, alarm, reason);
	else
		alarm->reason = reason;
}

/* Not judged any more. What is latched waits for its acknowledgement nevertheless. */
void alarm_drop(struct step *step, uint16_t id)
{
	if (step->engine->alarms[id].state != ALARM_LATCHED)
		end(step, &step->engine->alarms[id], ALARM_CLEARED);
}

/* Whoever acknowledged it acknowledged something better than this. */
void alarm_worse(struct step *step, uint16_t id, const struct verdict *worse)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (alarm->priority == PRIORITY_NONE)
		return;
	if (worse->parameter != alarm->parameter || !alarm->has_value) {
		alarm->has_value = true;
		alarm->parameter = worse->parameter;
		alarm->milli = alarm->worst_milli = worse->milli;
		alarm->limit = worse->limit;
	}
	alarm->has_now = true;
	alarm->now_milli = worse->milli;
	alarm->eased = false;
	alarm->state = ALARM_ACTIVE;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_WORSE);
	break_pause(step, alarm->priority);
}

/* More urgent: whoever acknowledged it acknowledged something else. Less urgent: the acknowledgement stands. */
void alarm_set_priority(struct step *step, uint16_t id, enum priority priority)
{
	struct alarm *alarm = &step->engine->alarms[id];

	if (priority == alarm->priority)
		return;
	if (priority < alarm->priority) {
		note_urgent(step, alarm);
		alarm->priority = priority;
		announce(step, alarm, ALARM_PRIORITY_CHANGED);
		return;
	}
	alarm->priority = priority;
	alarm->eased = false;
	alarm->state = ALARM_ACTIVE;
	forget_acknowledgement(alarm);
	announce(step, alarm, ALARM_PRIORITY_CHANGED);
	break_pause(step, priority);
}

void alarm_withdraw_session(struct step *step)
{
	for (uint16_t id = 0; id < ALARMS_MAX; id++)
		if (alarm_of_session(&step->engine->alarms[id]))
			end(step, &step->engine->alarms[id], ALARM_SESSION_ENDED);
}

static void acknowledge(struct step *step, struct alarm *alarm, const char *actor)
{
	struct alarm_load *load = load_of(step, alarm);
	bool kept_back = alarm->kept_back;
	struct mono violated = alarm->violated;

	if (load != NULL) {
		load->acknowledged++;
		load->acknowledge_ns_total += mono_since(step->now, alarm->raised);
	}
	core_copy_text(alarm->acknowledged_by, actor, sizeof(alarm->acknowledged_by));
	alarm->acknowledged_wall_ns = step->wall_ns;
	alarm->acknowledged = step->now;
	if (alarm->state != ALARM_LATCHED && !alarm->test && alarm->kind != CONDITION_HELP) {
		alarm->state = ALARM_ACKNOWLEDGED;
		announce(step, alarm, ALARM_WAS_ACKNOWLEDGED);
		return;
	}
	end(step, alarm, ALARM_CLEARED);
	if (!kept_back)
		return;
	alarm->state = ALARM_PENDING;
	alarm->kept_back = true;
	alarm->violated = violated;
}

enum result alarm_acknowledge(struct step *step, uint32_t id, const char *actor)
{
	enum result result = RESULT_UNKNOWN_ALARM;

	for (uint16_t i = 0; i < ALARMS_MAX; i++) {
		struct alarm *alarm = &step->engine->alarms[i];

		if (!alarm_sounding(alarm->state) || (id != ALARM_ID_ALL && id != engine_alarm_id(step->engine, i)))
			continue;
		acknowledge(step, alarm, actor);
		result = RESULT_OK;
	}
	return result;
}

static bool shown_so(const struct step *step, const struct shown_alarms *shown, const struct alarm *alarm)
{
	uint32_t id = engine_alarm_id(step->engine, alarm->id);

	if (mono_since(step->now, alarm->changed) < shown->settled_ns)
		return false;
	for (uint8_t i = 0; i < shown->count; i++)
		if (shown->list[i].id == id && shown->list[i].generation == alarm->generation)
			return true;
	return false;
}

/* An acknowledgement changes no other alarm, so it does not matter which is first. */
enum result alarm_acknowledge_shown(struct step *step, const struct shown_alarms *shown, const char *actor)
{
	enum result result = RESULT_UNKNOWN_ALARM;

	if (shown->count > SHOWN_ALARMS_MAX || shown->settled_ns < 0 || shown->settled_ns > SHOWN_SETTLED_MAX)
		return RESULT_OUT_OF_RANGE;
	for (uint16_t i = 0; i < ALARMS_MAX; i++) {
		struct alarm *alarm = &step->engine->alarms[i];

		if (!alarm_sounding(alarm->state) || !shown_so(step, shown, alarm))
			continue;
		acknowledge(step, alarm, actor);
		result = RESULT_OK;
	}
	return result;
}

struct mono alarm_deadline(const struct engine *engine)
{
	struct mono deadline = engine->audio_paused_until;

	for (uint16_t id = 0; id < ALARMS_MAX; id++) {
		const struct alarm *alarm = &engine->alarms[id];

		if (!in_time(alarm))
			continue;

		struct timing timing = timing_of(engine, alarm);

		if (alarm->state == ALARM_PENDING && !mono_is_never(alarm->gap_since))
			deadline = mono_earlier(deadline, gap_ends_at(engine, alarm));
		else if (alarm->state == ALARM_PENDING && !alarm->kept_back)
			deadline = mono_earlier(deadline, mono_after(alarm->violated, timing.delay_ns));
		else
			deadline = mono_earlier(deadline, mono_after(alarm->cleared, timing.clear_delay_ns));
		deadline = mono_earlier(deadline, remind_at(engine, alarm));
	}
	return deadline;
}
