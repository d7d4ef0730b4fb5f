/* The session, its phase, due checks and audio pause as a protobuf-c struct. Called by encode.c on the engine thread;
 * pure. Without an open session only the plan and the audio pause mean anything. */
#include "daemon/publish/encode_parts.h"

static void fill_check(Vitals__V1__Check *wire, const struct plan_check *check, const struct check_state *state,
                       struct mono now)
{
	vitals__v1__check__init(wire);
	wire->name = wire_text(check->name);
	wire->text = wire_text(check->text);
	wire->parameter = wire_text(parameter_table[check->parameter].name);
	wire->done = state->done;
	wire->missed = state->missed;
	if (state->due.ns != MONO_NEVER.ns) {
		wire->next_case = VITALS__V1__CHECK__NEXT_DUE_IN_NS;
		wire->due_in_ns = state->due.ns - now.ns;
	}
}

static void fill_open_session(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	const struct plan *plan = &engine->config->plan;
	const struct session *session = &engine->session;
	Vitals__V1__Session *s = &wire->session;

	s->patient_ref = wire_text(session->order.patient_ref);
	if (session->phase < plan->phase_count)
		s->phase = wire_text(plan->phases[session->phase].name);
	s->started = session->started;
	s->paused = session->paused;
	s->ended = session->ended;
	s->since_open_ns = mono_since(now, session->opened_at);
	if (session->started) {
		s->since_start_ns = mono_since(now, session->started_at);
		s->paused_ns = session->paused_ns + (session->paused ? mono_since(now, session->paused_at) : 0);
	}
	if (session->ended)
		s->since_end_ns = mono_since(now, session->ended_at);
	if (session->order.duration_s > 0)
		s->planned_duration_ns = session->order.duration_s * NS_PER_S;
	s->weight_g = session->order.weight_g;
	s->dose_ug = session->order.dose_ug;
	s->baseline_complete = session->baseline.complete;
	if (session->baseline.complete) {
		s->baseline_sys_milli = session->baseline.sys;
		s->baseline_dia_milli = session->baseline.dia;
	}
	s->check = wire->list;
	s->n_check = plan->check_count;
	for (uint8_t i = 0; i < plan->check_count; i++) {
		wire->list[i] = &wire->checks[i];
		fill_check(&wire->checks[i], &plan->checks[i], &session->checks[i], now);
	}
}

void fill_session(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	const struct plan *plan = &engine->config->plan;
	Vitals__V1__Session *s = &wire->session;

	vitals__v1__session__init(s);
	s->open = engine->session.open;
	s->number = engine->session.number;
	s->plan = wire_text(plan->name);
	s->plan_title = wire_text(plan->title);
	s->planned_duration_ns = plan->planned_duration_ns;
	s->audio_paused_ns = mono_since(engine->audio_paused_until, now);
	if (s->audio_paused_ns > 0)
		s->audio_paused_by = wire_text(engine->audio_paused_by);
	if (engine->session.open)
		fill_open_session(wire, engine, now);
}
