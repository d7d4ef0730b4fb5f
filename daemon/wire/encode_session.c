/* The session as a protobuf-c struct: order, phase, clocks, due checks, devices given, overrides, prediction, audio
 * pause. Called by encode.c on the engine thread; pure. Without an open session only the plan, the audio pause and what
 * is taken out mean anything. The rules' part is in encode_rules.c. */
#include "daemon/wire/encode_parts.h"

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

static const char *route_text(enum route route)
{
	switch (route) {
	case ROUTE_IV:
		return "iv";
	case ROUTE_SPRAY:
		return "spray";
	case ROUTE_NONE:
		break;
	}
	return "";
}

static void fill_order(Vitals__V1__Session *s, const struct session_order *order)
{
	s->patient_ref = wire_text(order->patient_ref);
	if (order->duration_s > 0)
		s->planned_duration_ns = order->duration_s * NS_PER_S;
	s->weight_g = order->weight_g;
	s->dose_ug = order->dose_ug;
	s->ug_per_ml = order->ug_per_ml;
	s->series = order->series;
	s->age_years = order->age_years;
	s->second_person = wire_text(order->second_person);
}

static Vitals__V1__Override *fill_override(Vitals__V1__Override *wire, const struct override *override)
{
	if (override->name[0] == '\0')
		return NULL;
	vitals__v1__override__init(wire);
	wire->name = wire_text(override->name);
	wire->reason = wire_text(override->reason);
	return wire;
}

static void fill_given(struct wire_session *wire, const struct session *session, struct mono now)
{
	wire->session.given = wire->given_list;
	for (uint8_t i = 0; i < session->given_count && i < GIVEN_MAX; i++) {
		vitals__v1__device_given__init(&wire->given[i]);
		wire->given[i].given_unix_ns = session->given[i].wall_ns;
		wire->given[i].age_ns = mono_since(now, session->given[i].at);
		wire->given_list[wire->session.n_given++] = &wire->given[i];
	}
}

/* The patient's own value before the start; false if it is not known. */
static bool baseline_of(const struct baseline *baseline, enum parameter parameter, int32_t *milli)
{
	if (parameter == PARAMETER_NIBP_SYS || parameter == PARAMETER_NIBP_DIA) {
		*milli = parameter == PARAMETER_NIBP_SYS ? baseline->sys : baseline->dia;
		return baseline->complete;
	}
	*milli = baseline->hr;
	return baseline->has_hr &&
	       (parameter == PARAMETER_ECG_HR || parameter == PARAMETER_PULSE || parameter == PARAMETER_HEART_RATE);
}

static void fill_usual(struct wire_session *wire, const struct engine *engine)
{
	const struct session *session = &engine->session;
	const struct plan_phase *phase = &engine->config->plan.phases[session->phase];
	int32_t base;

	wire->session.usual = wire->usual_list;
	for (uint8_t i = 0; i < phase->usual_count; i++) {
		const struct plan_usual *usual = &phase->usual[i];
		Vitals__V1__UsualRange *to = &wire->usual[wire->session.n_usual];
		if (!baseline_of(&session->baseline, usual->parameter, &base))
			continue;
		vitals__v1__usual_range__init(to);
		to->parameter = wire_text(parameter_table[usual->parameter].name);
		to->low_milli = (int64_t)base + usual->low_rise;
		to->high_milli = (int64_t)base + usual->high_rise;
		wire->usual_list[wire->session.n_usual++] = to;
	}
}

/* What lies ahead: the next entry that a rule asks for, and the expected response. */
static void fill_outlook(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	const struct session *session = &engine->session;

	if (!mono_is_never(session->recheck_due)) {
		vitals__v1__recheck__init(&wire->recheck);
		wire->recheck.parameter = wire_text(parameter_table[session->recheck].name);
		wire->recheck.due_in_ns = session->recheck_due.ns - now.ns;
		wire->session.recheck = &wire->recheck;
	}
	vitals__v1__expected__init(&wire->expected);
	if (engine_expected(engine, now, &wire->expected.ng_per_l, &wire->expected.low_ng_per_l,
	                    &wire->expected.high_ng_per_l))
		wire->session.expected = &wire->expected;
}

static void fill_oxygen(struct wire_session *wire, const struct oxygen *oxygen, struct mono now)
{
	if (!oxygen->told)
		return;
	vitals__v1__oxygen__init(&wire->oxygen);
	wire->oxygen.ml_per_min = oxygen->ml_per_min;
	wire->oxygen.since_unix_ns = oxygen->since_wall_ns;
	wire->oxygen.age_ns = mono_since(now, oxygen->since);
	wire->oxygen.by = wire_text(oxygen->by);
	wire->session.oxygen = &wire->oxygen;
}

static void fill_open_session(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	const struct plan *plan = &engine->config->plan;
	const struct session *session = &engine->session;
	Vitals__V1__Session *s = &wire->session;

	fill_order(s, &session->order);
	if (session->phase < plan->phase_count) {
		s->phase = wire_text(plan->phases[session->phase].name);
		s->phase_text = wire_text(plan->phases[session->phase].text);
	}
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
	s->start_override = fill_override(&wire->start_override, &session->start_override);
	s->close_override = fill_override(&wire->close_override, &session->close_override);
	s->baseline_readings = session->baseline.readings;
	s->baseline_complete = session->baseline.complete;
	if (session->baseline.complete) {
		s->baseline_sys_milli = session->baseline.sys;
		s->baseline_dia_milli = session->baseline.dia;
	}
	s->check = wire->check_list;
	s->n_check = plan->check_count;
	for (uint8_t i = 0; i < plan->check_count; i++) {
		wire->check_list[i] = &wire->checks[i];
		fill_check(&wire->checks[i], &plan->checks[i], &session->checks[i], now);
	}
	fill_given(wire, session, now);
	fill_oxygen(wire, &session->oxygen, now);
	fill_outlook(wire, engine, now);
	fill_usual(wire, engine);
	fill_rules(wire, engine);
}

void fill_session(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	const struct plan *plan = &engine->config->plan;
	Vitals__V1__Session *s = &wire->session;

	vitals__v1__session__init(s);
	s->open = engine->session.open;
	s->id = wire_text(engine->session.id);
	s->plan = wire_text(plan->name);
	s->plan_title = wire_text(plan->title);
	s->planned_duration_ns = plan->planned_duration_ns;
	s->route = wire_text(route_text(plan->route));
	s->device_ug = plan->dose.device_ug;
	if (mono_ahead(engine->audio_paused_until, now)) {
		s->audio_paused_ns = mono_since(engine->audio_paused_until, now);
		s->audio_paused_by = wire_text(engine->audio_paused_by);
	}
	fill_taken_out(wire, engine, now);
	if (engine->session.open)
		fill_open_session(wire, engine, now);
}
