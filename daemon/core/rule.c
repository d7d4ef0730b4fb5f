/* The plan's alarm rules, judged on values. Called within engine_step.
 *
 * A rule with a continuous parameter is judged at every step, on current values. One of intermittent and entered
 * parameters alone is judged exactly when one of them is determined, and only its delays run in between. */
#include "core.h"

struct term_result {
	enum judgement judgement;
	struct mono at;       /* when it was determined */
	int32_t milli, limit; /* of a term that holds; the limit as an absolute value */
};

static bool baseline_of(const struct baseline *b, enum parameter parameter, int32_t *milli)
{
	if (!b->complete)
		return false;
	if (parameter == PARAMETER_NIBP_SYS)
		*milli = b->sys;
	else if (parameter == PARAMETER_NIBP_DIA)
		*milli = b->dia;
	else if ((parameter == PARAMETER_ECG_HR || parameter == PARAMETER_PULSE) && b->has_hr)
		*milli = b->hr;
	else
		return false;
	return true;
}

static bool beyond_limit(const struct rule_term *term, int64_t value)
{
	switch (term->comparison) {
	case COMPARISON_ABOVE:
		return value > term->limit;
	case COMPARISON_AT_LEAST:
		return value >= term->limit;
	case COMPARISON_BELOW:
		return value < term->limit;
	case COMPARISON_AT_MOST:
		return value <= term->limit;
	}
	return false;
}

/* Once engaged a term stays violated until the value is back at `clear`; a value beyond the limit is never back. */
static bool violated(const struct rule_term *term, int64_t value, bool engaged)
{
	bool upper = term->comparison == COMPARISON_ABOVE || term->comparison == COMPARISON_AT_LEAST;

	return beyond_limit(term, value) || (engaged && (upper ? value > term->clear : value < term->clear));
}

static struct term_result judge_term(const struct engine *engine, const struct rule_term *term, bool engaged)
{
	const struct engine_parameter *p = &engine->parameters[term->parameter];
	struct term_result result = {.judgement = JUDGEMENT_GONE, .at = p->latest.determined};
	int32_t base = 0;

	if (term->reference == REFERENCE_BASELINE && !baseline_of(&engine->session.baseline, term->parameter, &base))
		return result;
	if (!reading_current(engine, term->parameter))
		result.judgement = JUDGEMENT_UNKNOWN;
	else if (violated(term, (int64_t)p->latest.milli - base, engaged))
		result.judgement = JUDGEMENT_HOLDS;
	result.milli = p->latest.milli;
	result.limit = base + term->limit;
	return result;
}

/* ANY: one term that holds decides, then one that is unknown. ALL: one that is gone decides, then one that is unknown.
 * What one term decides is so since the first such; what takes all terms is so since the last. */
static struct verdict combine(const struct plan_rule *rule, const struct term_result *results)
{
	bool any = rule->combination == COMBINATION_ANY;
	enum judgement decisive = any ? JUDGEMENT_HOLDS : JUDGEMENT_GONE;
	enum judgement judgement = any ? JUDGEMENT_GONE : JUDGEMENT_HOLDS;
	struct verdict verdict = {.priority = rule->priority};
	bool first = true;

	for (uint8_t i = 0; i < rule->term_count; i++) {
		if (results[i].judgement == decisive)
			judgement = decisive;
		else if (results[i].judgement == JUDGEMENT_UNKNOWN && judgement != decisive)
			judgement = JUDGEMENT_UNKNOWN;
	}
	verdict.judgement = judgement;
	for (uint8_t i = 0; i < rule->term_count; i++) {
		if (results[i].judgement != judgement)
			continue;
		if (first) {
			verdict.since = results[i].at;
			verdict.has_value = true;
			verdict.parameter = rule->terms[i].parameter;
			verdict.milli = results[i].milli;
			verdict.limit = results[i].limit;
			first = false;
		}
		verdict.since = judgement == decisive ? mono_earlier(verdict.since, results[i].at)
		                                      : mono_later(verdict.since, results[i].at);
	}
	return verdict;
}

static bool has_continuous(const struct plan_rule *rule)
{
	for (uint8_t i = 0; i < rule->term_count; i++)
		if (parameter_table[rule->terms[i].parameter].cadence == CADENCE_CONTINUOUS)
			return true;
	return false;
}

static bool has_fresh(const struct plan_rule *rule, parameter_set fresh)
{
	for (uint8_t i = 0; i < rule->term_count; i++)
		if ((fresh & PARAMETER_BIT(rule->terms[i].parameter)) != 0)
			return true;
	return false;
}

void rule_judge(struct step *step, uint8_t rule)
{
	const struct engine *engine = step->engine;
	const struct plan_rule *plan_rule = &engine->config->plan.rules[rule];
	uint16_t id = (uint16_t)(ALARM_BASE_RULE + rule);
	enum alarm_state state = engine->alarms[id].state;
	bool engaged = state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED;
	bool in_phase = (plan_rule->phases & (1U << engine->session.phase)) != 0;
	bool always = has_continuous(plan_rule);

	if (!in_phase && !engaged) {
		const struct verdict left = {.judgement = JUDGEMENT_UNKNOWN};

		alarm_judge(step, id, &left);
		return;
	}
	if (!always && !has_fresh(plan_rule, step->fresh)) {
		alarm_advance(step, id);
		return;
	}

	struct term_result results[RULE_TERMS_MAX];

	for (uint8_t i = 0; i < plan_rule->term_count; i++)
		results[i] = judge_term(engine, &plan_rule->terms[i], engaged);

	struct verdict verdict = combine(plan_rule, results);

	/* A determination that failed says nothing: whatever runs goes on. */
	if (!always && verdict.judgement == JUDGEMENT_UNKNOWN) {
		alarm_advance(step, id);
		return;
	}
	verdict.since = mono_later(verdict.since, engine->session.opened_at);
	alarm_judge(step, id, &verdict);
}
