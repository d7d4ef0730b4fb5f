/* The session's clocks: the instants that phases, checks and the planned end are counted from. Asked within engine_step
 * and by engine_expected; cleared when a session is opened. */
#include "core.h"

void clocks_clear(struct session *session)
{
	session->oxygen.since = MONO_NEVER;
	session->opened_at = session->started_at = session->ended_at = session->paused_at = MONO_NEVER;
	session->recheck_due = session->urgent_until = MONO_NEVER;
	for (int i = 0; i < PLAN_CHECKS_MAX; i++)
		session->checks[i].due = session->checks[i].overdue_since = MONO_NEVER;
	for (int i = 0; i < BASELINE_RATES; i++)
		session->baseline.rate_at[i] = MONO_NEVER;
	for (int i = 0; i < GIVEN_MAX; i++)
		session->given[i].at = MONO_NEVER;
	for (int i = 0; i < PAUSES_MAX; i++)
		session->pause_from[i] = session->pause_to[i] = MONO_NEVER;
}

struct mono clocks_anchor(const struct session *session, enum anchor anchor)
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

int64_t clocks_duration(const struct engine *engine)
{
	const struct session_order *order = &engine->session.order;

	return order->duration_s != 0 ? order->duration_s * NS_PER_S : engine->config->plan.planned_duration_ns;
}

struct mono clocks_planned_end(const struct engine *engine)
{
	const struct session *session = &engine->session;

	if (!session->started || session->ended || session->paused)
		return MONO_NEVER;
	return mono_after(mono_after(session->started_at, clocks_duration(engine)), session->paused_ns);
}

struct mono clocks_phase_begins(const struct engine *engine, uint8_t phase)
{
	const struct plan_phase *p = &engine->config->plan.phases[phase];

	return mono_after(clocks_anchor(&engine->session, p->anchor), p->after_ns);
}
