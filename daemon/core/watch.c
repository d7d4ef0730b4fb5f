/* What is watched now, and which rules are judged while no session is open. Pure questions, asked within engine_step
 * and by the encoder on the engine thread. */
#include "core.h"

/* It needs nothing of a session: no phase, no baseline, no other alarm, no reading that somebody must order. */
static bool needs_no_session(const struct plan_rule *rule)
{
	if (rule->kind != RULE_ALARM || !rule->critical || rule->term_count == 0 || rule->with != 0 || rule->has_from)
		return false;
	for (uint8_t i = 0; i < rule->term_count; i++)
		if (rule->terms[i].reference != REFERENCE_ABSOLUTE ||
		    parameter_table[rule->terms[i].parameter].cadence != CADENCE_CONTINUOUS)
			return false;
	return true;
}

bool watch_rule(const struct engine *engine, uint8_t rule)
{
	const struct plan *plan = &engine->config->plan;

	return !engine->session.open && plan->watch_without_session && needs_no_session(&plan->rules[rule]);
}

/* Is it judged now, on a value of now? */
static bool sees(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	bool judged = engine->session.open ? p->kind == RULE_ALARM && (p->phases & (1U << engine->session.phase)) != 0
	                                   : watch_rule(engine, rule);

	for (uint8_t i = 0; judged && i < p->term_count; i++) {
		enum parameter parameter = p->terms[i].parameter;

		if (parameter_table[parameter].cadence == CADENCE_CONTINUOUS && reading_current(engine, parameter) &&
		    !take_out_covers(engine, parameter))
			return true;
	}
	return false;
}

enum watch engine_watch(const struct engine *engine)
{
	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++)
		if (sees(engine, i))
			return engine->session.open ? WATCH_SESSION : WATCH_CRITICAL;
	return engine->session.open ? WATCH_NO_SIGNAL : WATCH_NOTHING;
}
