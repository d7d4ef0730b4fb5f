/* The session: commands, phases, the patient's baseline, the planned end. Called within engine_step. The transition
 * table is in docs/STATE-MACHINES.md. */
#include "core.h"

static bool reference_valid(const char *reference)
{
	size_t i = 0;

	for (; i < NAME_BYTES && reference[i] != '\0'; i++) {
		char c = reference[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
		      c == '_' || c == '-'))
			return false;
	}
	return i > 0 && i < NAME_BYTES;
}

static bool zero_or_between(int32_t value, int32_t low, int32_t high)
{
	return value == 0 || (value >= low && value <= high);
}

static enum result session_open(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	struct session *session = &engine->session;
	const struct session_order *order = &command->u.order;

	if (session->open)
		return RESULT_SESSION_OPEN;
	if (!reference_valid(order->patient_ref) || !zero_or_between(order->weight_g, 20000, 400000) ||
	    !zero_or_between(order->dose_ug, 1, 1000000) || !zero_or_between(order->duration_s, 60, 43200))
		return RESULT_OUT_OF_RANGE;

	uint32_t number = session->number + 1;

	memset(session, 0, sizeof(*session));
	session->open = true;
	session->number = number;
	core_copy_text(session->order.patient_ref, order->patient_ref, sizeof(session->order.patient_ref));
	session->order.weight_g = order->weight_g;
	session->order.dose_ug = order->dose_ug;
	session->order.duration_s = order->duration_s;
	core_copy_text(session->opened_by, command->actor, sizeof(session->opened_by));
	session->opened_at = step->now;
	session->opened_wall_ns = step->wall_ns;
	step_session(step, SESSION_OPENED, command->actor);
	alarm_resume_audio(step, command->actor);
	reading_forget(step);
	device_session(step);
	check_open(engine);
	return RESULT_OK;
}

static void baseline_complete(struct step *step)
{
	struct engine *engine = step->engine;
	struct baseline *b = &engine->session.baseline;

	b->complete = true;
	b->sys = (b->sum_sys + b->readings / 2) / b->readings;
	b->dia = (b->sum_dia + b->readings / 2) / b->readings;

	enum parameter rate = reading_current(engine, PARAMETER_ECG_HR) ? PARAMETER_ECG_HR : PARAMETER_PULSE;

	if (reading_current(engine, rate)) {
		b->has_hr = true;
		b->hr = engine->parameters[rate].latest.milli;
	}
	step_session(step, SESSION_BASELINE, "");
}

/* After an event: a cuff determination with both pressures counts, before the start until there are enough, after the
 * start only if there was none. */
void session_baseline(struct step *step)
{
	const parameter_set both = PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA);
	struct engine *engine = step->engine;
	struct baseline *b = &engine->session.baseline;

	if (!engine->session.open || b->complete || (step->fresh & both) != both ||
	    !reading_current(engine, PARAMETER_NIBP_SYS) || !reading_current(engine, PARAMETER_NIBP_DIA))
		return;
	b->readings++;
	b->sum_sys += engine->parameters[PARAMETER_NIBP_SYS].latest.milli;
	b->sum_dia += engine->parameters[PARAMETER_NIBP_DIA].latest.milli;
	if (engine->session.started || b->readings >= engine->config->plan.baseline_readings)
		baseline_complete(step);
}

static enum result session_start(struct step *step, const char *actor)
{
	struct session *session = &step->engine->session;

	if (session->started)
		return RESULT_WRONG_STATE;
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
	step_session(step, SESSION_PAUSED, actor);
	return RESULT_OK;
}

static void end_pause(struct step *step)
{
	struct session *session = &step->engine->session;

	session->paused = false;
	session->paused_ns += mono_since(step->now, session->paused_at);
}

static enum result session_resume(struct step *step, const char *actor)
{
	const struct session *session = &step->engine->session;

	if (!session->paused)
		return RESULT_WRONG_STATE;
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

/* What is known of the session stays readable until the next one is opened. */
static enum result session_close(struct step *step, const char *actor)
{
	struct session *session = &step->engine->session;

	alarm_withdraw_session(step);
	device_session(step);
	if (session->paused)
		end_pause(step);
	session->open = false;
	step_session(step, SESSION_CLOSED, actor);
	return RESULT_OK;
}

enum result session_command(struct step *step, const struct event_command *command)
{
	if (command->command == COMMAND_SESSION_OPEN)
		return session_open(step, command);
	if (!step->engine->session.open)
		return RESULT_NO_SESSION;
	if (command->command == COMMAND_SESSION_START)
		return session_start(step, command->actor);
	if (command->command == COMMAND_SESSION_PAUSE)
		return session_pause(step, command->actor);
	if (command->command == COMMAND_SESSION_RESUME)
		return session_resume(step, command->actor);
	if (command->command == COMMAND_SESSION_STOP)
		return session_stop(step, command->actor);
	return session_close(step, command->actor);
}

struct mono session_anchor(const struct session *session, enum anchor anchor)
{
	switch (anchor) {
	case ANCHOR_OPEN:
		return session->open ? session->opened_at : MONO_NEVER;
	case ANCHOR_START:
		return session->started ? session->started_at : MONO_NEVER;
	case ANCHOR_END:
		return session->ended ? session->ended_at : MONO_NEVER;
	}
	return MONO_NEVER;
}

static struct mono planned_end(const struct engine *engine)
{
	const struct session *session = &engine->session;
	int64_t duration_ns = session->order.duration_s != 0 ? session->order.duration_s * NS_PER_S
	                                                     : engine->config->plan.planned_duration_ns;

	if (!session->started || session->ended || session->paused)
		return MONO_NEVER;
	return mono_after(mono_after(session->started_at, duration_ns), session->paused_ns);
}

static struct mono phase_begins(const struct engine *engine, uint8_t phase)
{
	const struct plan_phase *p = &engine->config->plan.phases[phase];

	return mono_after(session_anchor(&engine->session, p->anchor), p->after_ns);
}

void session_advance(struct step *step)
{
	struct engine *engine = step->engine;
	struct session *session = &engine->session;

	alarm_audio_advance(step);
	if (!session->open)
		return;
	if (mono_reached(planned_end(engine), step->now))
		session_end(step, "");
	for (int i = engine->config->plan.phase_count - 1; i > session->phase; i--) {
		if (!mono_reached(phase_begins(engine, (uint8_t)i), step->now))
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

	struct mono deadline = planned_end(engine);

	for (int i = engine->session.phase + 1; i < engine->config->plan.phase_count; i++)
		deadline = mono_earlier(deadline, phase_begins(engine, (uint8_t)i));
	return deadline;
}
