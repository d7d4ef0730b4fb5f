/* The session: commands, phases, the patient's baseline, the planned end. Called within engine_step. The transition
 * table is in docs/STATE-MACHINES.md. */
#include "core.h"

static bool zero_or_between(int32_t value, int32_t low, int32_t high)
{
	return value == 0 || (value >= low && value <= high);
}

bool session_override_valid(const struct override *override)
{
	return core_valid_token(override->name) && override->reason[0] != '\0';
}

static bool order_in_range(const struct session_order *order)
{
	return core_valid_token(order->patient_ref) && core_valid_token(order->session_id) &&
	       (order->second_person[0] == '\0' || core_valid_token(order->second_person)) &&
	       zero_or_between(order->weight_g, ORDER_WEIGHT_G_MIN, ORDER_WEIGHT_G_MAX) &&
	       zero_or_between(order->dose_ug, ORDER_DOSE_UG_MIN, ORDER_DOSE_UG_MAX) &&
	       zero_or_between(order->duration_s, ORDER_DURATION_S_MIN, ORDER_DURATION_S_MAX) &&
	       zero_or_between(order->ug_per_ml, ORDER_UG_PER_ML_MIN, ORDER_UG_PER_ML_MAX) &&
	       zero_or_between(order->series, ORDER_SERIES_MIN, ORDER_SERIES_MAX) &&
	       zero_or_between(order->age_years, ORDER_AGE_YEARS_MIN, ORDER_AGE_YEARS_MAX);
}

/* Field by field, so that whatever lay behind the texts stays outside. */
static void copy_order(struct session_order *to, const struct session_order *from)
{
	core_copy_text(to->patient_ref, from->patient_ref, sizeof(to->patient_ref));
	core_copy_text(to->session_id, from->session_id, sizeof(to->session_id));
	core_copy_text(to->second_person, from->second_person, sizeof(to->second_person));
	to->weight_g = from->weight_g;
	to->dose_ug = from->dose_ug;
	to->duration_s = from->duration_s;
	to->ug_per_ml = from->ug_per_ml;
	to->series = from->series;
	to->age_years = from->age_years;
}

static enum result session_open(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	struct session *session = &engine->session;
	const struct session_order *order = &command->u.order;

	if (session->open)
		return RESULT_SESSION_OPEN;
	if (!order_in_range(order))
		return RESULT_OUT_OF_RANGE;
	if (engine_dose_fault(&engine->config->plan.dose, order) != DOSE_PLAUSIBLE &&
	    (order->second_person[0] == '\0' || name_same_person(order->second_person, command->actor)))
		return RESULT_SECOND_PERSON;

	alarm_withdraw_session(step); /* of the time between two sessions: judged anew, for this patient */
	memset(session, 0, sizeof(*session));
	clocks_clear(session);
	session->open = true;
	engine->watched_since = step->now;
	core_copy_text(session->id, order->session_id, sizeof(session->id));
	copy_order(&session->order, order);
	core_copy_text(session->opened_by, command->actor, sizeof(session->opened_by));
	session->opened_at = step->now;
	engine->service_failed[SERVICE_SESSION] = false;
	session->opened_wall_ns = step->wall_ns;
	step_session(step, SESSION_OPENED, command->actor);
	audio_resume(step, command->actor);
	reading_forget(step);
	device_session(step);
	check_open(engine);
	rule_open(engine);
	return RESULT_OK;
}

/* One moment in which she moves is not how her heart beats at rest. */
static void note_rate(struct engine *engine)
{
	struct baseline *b = &engine->session.baseline;
	struct mono last = b->rate_at[(b->next_rate + BASELINE_RATES - 1) % BASELINE_RATES];
	enum parameter rate = reading_current(engine, PARAMETER_ECG_HR) ? PARAMETER_ECG_HR : PARAMETER_PULSE;

	if (!reading_current(engine, rate) || (!mono_is_never(last) && mono_since(engine->now, last) < NS_PER_S))
		return;
	b->rate[b->next_rate] = engine->parameters[rate].latest.milli;
	b->rate_at[b->next_rate] = engine->now;
	b->next_rate = (uint8_t)((b->next_rate + 1) % BASELINE_RATES);
}

/* Of the last minute; of two in the middle the lower one. False if there was no rate. */
static bool median_rate(const struct baseline *b, struct mono now, int32_t *median)
{
	int32_t sorted[BASELINE_RATES] = {0};
	int count = 0;

	for (int i = 0; i < BASELINE_RATES; i++) {
		if (mono_is_never(b->rate_at[i]) || mono_since(now, b->rate_at[i]) > BASELINE_RATES * NS_PER_S)
			continue;
		int at = count++;

		for (; at > 0 && sorted[at - 1] > b->rate[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = b->rate[i];
	}
	*median = count > 0 ? sorted[(count - 1) / 2] : 0;
	return count > 0;
}

static void baseline_complete(struct step *step)
{
	struct engine *engine = step->engine;
	struct baseline *b = &engine->session.baseline;

	b->complete = true;
	b->sys = (b->sum_sys + b->readings / 2) / b->readings;
	b->dia = (b->sum_dia + b->readings / 2) / b->readings;

	b->has_hr = median_rate(b, step->now, &b->hr);
	step_session(step, SESSION_BASELINE, "");
}

/* After an event: a cuff determination with both pressures counts, before the start until there are enough, after the
 * start only if there was none. */
void session_baseline(struct step *step)
{
	const parameter_set both = PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA);
	struct engine *engine = step->engine;
	struct baseline *b = &engine->session.baseline;

	if (engine->session.open && !b->complete)
		note_rate(engine);
	if (!engine->session.open || b->complete || (step->fresh & both) != both ||
	    !reading_current(engine, PARAMETER_NIBP_SYS) || !reading_current(engine, PARAMETER_NIBP_DIA))
		return;
	b->readings++;
	b->sum_sys += engine->parameters[PARAMETER_NIBP_SYS].latest.milli;
	b->sum_dia += engine->parameters[PARAMETER_NIBP_DIA].latest.milli;
	if (engine->session.started || b->readings >= engine->config->plan.baseline_readings)
		baseline_complete(step);
}

static void baseline_scores(struct engine *engine)
{
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if (parameter_table[p].cadence == CADENCE_ENTERED && reading_current(engine, (enum parameter)p))
			engine->session.baseline.score[p] = engine->parameters[p].latest.milli;
}

/* Nothing may block, or somebody answers for it by name. */
static enum result pass(bool blocked, const struct override *given, struct override *used)
{
	if (!blocked)
		return RESULT_OK;
	if (given->name[0] == '\0')
		return RESULT_BLOCKED;
	if (!session_override_valid(given))
		return RESULT_OUT_OF_RANGE;
	core_copy_text(used->name, given->name, sizeof(used->name));
	core_copy_text(used->reason, given->reason, sizeof(used->reason));
	return RESULT_OK;
}

enum result session_start(struct step *step, const char *actor, const struct override *override)
{
	struct session *session = &step->engine->session;

	if (session->started)
		return RESULT_WRONG_STATE;

	enum result result = pass(engine_blockers(step->engine, NULL, 0) > 0, override, &session->start_override);

	if (result != RESULT_OK)
		return result;
	baseline_scores(step->engine);
	session->started = true;
	session->started_at = step->now;
	session->started_wall_ns = step->wall_ns;
	step_session(step, SESSION_STARTED, actor);
	if (!session->baseline.complete && session->baseline.readings > 0)
		baseline_complete(step);
	check_anchored(step->engine);
	return RESULT_OK;
}

static enum result session_pause(struct step *step, const char *actor)
{
	struct session *session = &step->engine->session;

	if (!session->started || session->ended || session->paused)
		return RESULT_WRONG_STATE;
	session->paused = true;
	session->paused_at = step->now;
	if (session->pauses < PAUSES_MAX) {
		session->pause_from[session->pauses] = step->now;
		session->pause_to[session->pauses] = MONO_NEVER;
	}
	if (session->pauses < UINT8_MAX)
		session->pauses++;
	step_session(step, SESSION_PAUSED, actor);
	return RESULT_OK;
}

static void end_pause(struct step *step)
{
	struct session *session = &step->engine->session;

	session->paused = false;
	session->paused_ns += mono_since(step->now, session->paused_at);
	if (session->pauses <= PAUSES_MAX)
		session->pause_to[session->pauses - 1] = step->now;
}

static enum result session_resume(struct step *step, const char *actor, const struct override *override)
{
	const struct session *session = &step->engine->session;
	struct override used; /* who answers for it stands in the record */

	if (!session->paused)
		return RESULT_WRONG_STATE;

	enum result result = pass(engine_resume_blocker(step->engine) >= 0, override, &used);

	if (result != RESULT_OK)
		return result;
	end_pause(step);
	step_session(step, SESSION_RESUMED, actor);
	return RESULT_OK;
}

static void session_end(struct step *step, const char *actor)
{
	struct session *session = &step->engine->session;

	if (session->paused)
		end_pause(step);
	session->ended = true;
	session->ended_at = step->now;
	session->ended_wall_ns = step->wall_ns;
	step_session(step, SESSION_ENDED, actor);
	check_anchored(step->engine);
}

static enum result session_stop(struct step *step, const char *actor)
{
	const struct session *session = &step->engine->session;

	if (!session->started || session->ended)
		return RESULT_WRONG_STATE;
	session_end(step, actor);
	return RESULT_OK;
}

/* What stands against a close: before the start a high alarm, after it what stands against leaving. */
static bool close_blocked(const struct engine *engine)
{
	if (engine->session.started)
		return engine_blockers(engine, NULL, 0) > 0;
	return engine_high_alarm(engine) >= 0;
}

/* What is known of the session stays readable until the next one is opened. */
static enum result session_close(struct step *step, const char *actor, const struct override *override)
{
	struct session *session = &step->engine->session;
	enum result result = pass(close_blocked(step->engine), override, &session->close_override);

	if (result != RESULT_OK)
		return result;
	alarm_withdraw_session(step);
	device_session(step);
	take_out_end(step);
	if (session->paused)
		end_pause(step);
	session->recheck_due = MONO_NEVER;
	session->open = false;
	step->engine->watched_since = step->now;
	rule_open(step->engine);
	step_session(step, SESSION_CLOSED, actor);
	return RESULT_OK;
}

enum result session_command(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;

	if (command->command == COMMAND_SESSION_OPEN)
		return session_open(step, command);
	if (!engine->session.open)
		return RESULT_NO_SESSION;
	switch (command->command) {
	case COMMAND_SESSION_START:
		/* Where devices are given the first one is T0: an earlier start would shorten the observation. */
		return engine->config->plan.dose.device_ug != 0
		           ? RESULT_WRONG_STATE
		           : session_start(step, command->actor, &command->u.override);
	case COMMAND_SESSION_PAUSE:
		return session_pause(step, command->actor);
	case COMMAND_SESSION_RESUME:
		return session_resume(step, command->actor, &command->u.override);
	case COMMAND_SESSION_STOP:
		return session_stop(step, command->actor);
	case COMMAND_SESSION_CLOSE:
		return session_close(step, command->actor, &command->u.override);
	case COMMAND_SESSION_OPEN:
	case COMMAND_ALARM_ACKNOWLEDGE:
	case COMMAND_AUDIO_PAUSE:
	case COMMAND_OBSERVE:
	case COMMAND_CUFF_START:
	case COMMAND_CUFF_STOP:
	case COMMAND_DEVICE_GIVEN:
	case COMMAND_ITEM:
	case COMMAND_LIMIT:
	case COMMAND_TAKE_OUT:
	case COMMAND_TEST_ALARM:
	case COMMAND_RECEIPT:
	case COMMAND_ALARM_ACKNOWLEDGE_SHOWN:
	case COMMAND_OXYGEN:
	case COMMAND_CALL_HELP:
	case COMMAND_COUNT:
		break; /* order.c sends none of these here */
	}
	return RESULT_OUT_OF_RANGE;
}

void session_advance(struct step *step)
{
	struct engine *engine = step->engine;
	struct session *session = &engine->session;

	audio_advance(step);
	if (!session->open)
		return;
	if (mono_reached(clocks_planned_end(engine), step->now))
		session_end(step, "");
	for (int i = engine->config->plan.phase_count - 1; i > session->phase; i--) {
		if (!mono_reached(clocks_phase_begins(engine, (uint8_t)i), step->now))
			continue;
		session->phase = (uint8_t)i;
		step->phase_changed = true;
		return;
	}
}

struct mono session_deadline(const struct engine *engine)
{
	if (!engine->session.open)
		return MONO_NEVER;

	struct mono deadline = clocks_planned_end(engine);

	for (int i = engine->session.phase + 1; i < engine->config->plan.phase_count; i++)
		deadline = mono_earlier(deadline, clocks_phase_begins(engine, (uint8_t)i));
	return deadline;
}
