/* What the plan's rules say about the values: limits in force for this patient, terms, combinations, what is left of a
 * rule when something is taken out, whether its alarm is there. Pure questions; what becomes of the answers is in
 * rule_alarm.c (alarms) and blocker.c (gates and leave rules). Called within engine_step, and engine_limit by the
 * encoder on the engine thread. */
#include "core.h"

struct term_result {
	enum judgement judgement;
	struct mono at;       /* when it was determined; if it never was: when the session was opened */
	int32_t milli, limit; /* the limit as an absolute value; of differences both are differences */
};

static bool baseline_of(const struct session *session, enum parameter parameter, int32_t *milli)
{
	const struct baseline *b = &session->baseline;

	switch (parameter) {
	case PARAMETER_NIBP_SYS:
		*milli = b->sys;
		return b->complete;
	case PARAMETER_NIBP_DIA:
		*milli = b->dia;
		return b->complete;
	case PARAMETER_ECG_HR:
	case PARAMETER_PULSE:
	case PARAMETER_HEART_RATE:
		*milli = b->hr;
		return b->complete && b->has_hr;
	case PARAMETER_MOAAS:
	case PARAMETER_RASS:
	case PARAMETER_CADSS:
	case PARAMETER_CADSS6:
	case PARAMETER_BPRS:
	case PARAMETER_DISTRESS:
		*milli = b->score[parameter];
		return session->started;
	case PARAMETER_NIBP_MEAN:
	case PARAMETER_NIBP_PULSE:
	case PARAMETER_SPO2:
	case PARAMETER_PERFUSION:
	case PARAMETER_RESP:
	case PARAMETER_ETCO2:
	case PARAMETER_PULSE_PRESSURE:
	case PARAMETER_SHOCK_INDEX:
	case PARAMETER_COUNT:
		break;
	}
	return false;
}

int32_t engine_limit(const struct engine *engine, uint8_t rule, uint8_t term)
{
	const struct rule_term *t = &engine->config->plan.rules[rule].terms[term];
	int32_t base;

	if (engine->session.open && engine->session.limit_changed[rule][term])
		return engine->session.limits[rule][term];
	if (t->low_baseline > 0 && baseline_of(&engine->session, t->parameter, &base) && base < t->low_baseline)
		return base - t->low_drop;
	return t->limit;
}

static bool beyond(enum comparison comparison, int64_t value, int64_t limit)
{
	switch (comparison) {
	case COMPARISON_ABOVE:
		return value > limit;
	case COMPARISON_AT_LEAST:
		return value >= limit;
	case COMPARISON_BELOW:
		return value < limit;
	case COMPARISON_AT_MOST:
		return value <= limit;
	}
	return false;
}

bool rule_term_above(const struct rule_term *term)
{
	switch (term->comparison) {
	case COMPARISON_ABOVE:
	case COMPARISON_AT_LEAST:
		return true;
	case COMPARISON_BELOW:
	case COMPARISON_AT_MOST:
		break;
	}
	return false;
}

/* Once the alarm is present the value must come back to `clear`: hysteresis. */
static bool violated(const struct rule_term *term, int64_t value, int64_t limit, bool engaged)
{
	int64_t clear = limit + term->clear - term->limit;

	if (!engaged || beyond(term->comparison, value, limit))
		return beyond(term->comparison, value, limit);
	return rule_term_above(term) ? value > clear : value < clear;
}

static bool known(const struct engine *engine, enum parameter parameter)
{
	return reading_current(engine, parameter) && !take_out_covers(engine, parameter);
}

/* The second parameter that a term looks at; -1 if it is about one alone. */
static int other_of(const struct rule_term *term)
{
	switch (term->reference) {
	case REFERENCE_ABSOLUTE:
	case REFERENCE_BASELINE:
		break;
	case REFERENCE_DIFFERENCE:
		return (int)term->other;
	}
	return -1;
}

/* The number that is compared with the limit. */
static int64_t compared(const struct engine *engine, const struct rule_term *term, int32_t base)
{
	int64_t value = engine->parameters[term->parameter].latest.milli;

	switch (term->reference) {
	case REFERENCE_ABSOLUTE:
		break;
	case REFERENCE_BASELINE:
		return value - base;
	case REFERENCE_DIFFERENCE:
		value -= engine->parameters[term->other].latest.milli;
		return value < 0 ? -value : value;
	}
	return value;
}

static struct term_result judge_term(const struct engine *engine, uint8_t rule, uint8_t t, bool engaged)
{
	const struct rule_term *term = &engine->config->plan.rules[rule].terms[t];
	const struct measurement *m = &engine->parameters[term->parameter].latest;
	int other = other_of(term);
	int32_t base = 0, limit = engine_limit(engine, rule, t);
	struct term_result result = {.judgement = JUDGEMENT_GONE, .at = m->determined, .milli = m->milli};

	if (mono_is_never(result.at))
		result.at = engine->session.opened_at;
	if (term->reference == REFERENCE_BASELINE && !baseline_of(&engine->session, term->parameter, &base))
		return result;
	result.limit = base + limit;
	if (!known(engine, term->parameter) || (other >= 0 && !known(engine, (enum parameter)other))) {
		result.judgement = JUDGEMENT_UNKNOWN;
		return result;
	}

	int64_t value = compared(engine, term, base);

	if (other >= 0) {
		result.milli = (int32_t)value;
		result.at = mono_later(result.at, engine->parameters[other].latest.determined);
	}
	if (violated(term, value, limit, engaged))
		result.judgement = JUDGEMENT_HOLDS;
	return result;
}

/* Without terms all of them hold. */
static bool one_decides(const struct plan_rule *rule)
{
	switch (rule->combination) {
	case COMBINATION_ANY:
		return rule->term_count > 0;
	case COMBINATION_ALL:
		break;
	}
	return false;
}

/* ANY: one term that holds decides, then one that is unknown. ALL: one that is gone decides, then one that is unknown.
 * What one term decides is so since the first such; what takes all terms is so since the last; without terms, now. */
static struct verdict combine(const struct plan_rule *rule, const struct term_result *results, struct mono now)
{
	bool any = one_decides(rule);
	enum judgement decisive = any ? JUDGEMENT_HOLDS : JUDGEMENT_GONE;
	enum judgement judgement = any ? JUDGEMENT_GONE : JUDGEMENT_HOLDS;
	struct verdict verdict = {.since = now, .priority = rule->priority};
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

/* The values against the limits, nothing else. */
struct verdict rule_verdict(const struct engine *engine, uint8_t rule, bool engaged)
{
	const struct plan_rule *plan_rule = &engine->config->plan.rules[rule];
	struct term_result results[RULE_TERMS_MAX];

	for (uint8_t i = 0; i < plan_rule->term_count; i++)
		results[i] = judge_term(engine, rule, i, engaged);
	return combine(plan_rule, results, engine->now);
}

/* What `parameter` of the rule is now, as it is compared, and whether more is worse. False if it is not known. */
bool rule_value(const struct engine *engine, uint8_t rule, enum parameter parameter, int32_t *milli, bool *above)
{
	const struct plan_rule *plan_rule = &engine->config->plan.rules[rule];
	bool found = false;

	for (uint8_t i = 0; i < plan_rule->term_count; i++) {
		struct term_result result = judge_term(engine, rule, i, true);

		if (plan_rule->terms[i].parameter != parameter || result.judgement == JUDGEMENT_UNKNOWN ||
		    (found && result.judgement != JUDGEMENT_HOLDS))
			continue;
		*milli = result.milli;
		*above = rule_term_above(&plan_rule->terms[i]);
		found = true;
	}
	return found;
}

/* Every term's value; where there is none the one that the alarm tells, as it was when it was lost, or the limit, so
 * that whatever comes is compared with that. */
void rule_note(const struct engine *engine, uint8_t rule, int32_t told[RULE_TERMS_MAX])
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];

	for (uint8_t i = 0; i < engine->config->plan.rules[rule].term_count; i++) {
		struct term_result result = judge_term(engine, rule, i, true);

		told[i] = result.milli;
		if (result.judgement == JUDGEMENT_UNKNOWN)
			told[i] =
			    alarm->has_value && alarm->parameter == engine->config->plan.rules[rule].terms[i].parameter
			        ? alarm->milli
			        : result.limit;
	}
}

/* Is a value beyond its limit worse than `told` by the step of its term? */
bool rule_worse(const struct engine *engine, uint8_t rule, const int32_t told[RULE_TERMS_MAX], struct verdict *worse)
{
	const struct plan_rule *plan_rule = &engine->config->plan.rules[rule];

	for (uint8_t i = 0; i < plan_rule->term_count; i++) {
		const struct rule_term *term = &plan_rule->terms[i];
		struct term_result result = judge_term(engine, rule, i, true);
		int64_t step = (int64_t)result.milli - told[i];

		if (term->worse_step == 0 || result.judgement != JUDGEMENT_HOLDS ||
		    (rule_term_above(term) ? step : -step) < term->worse_step)
			continue;
		worse->has_value = true;
		worse->parameter = term->parameter;
		worse->milli = result.milli;
		worse->limit = result.limit;
		return true;
	}
	return false;
}

/* Every value beyond its limit lies below the determination before it. */
bool rule_falls(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *plan_rule = &engine->config->plan.rules[rule];
	bool falls = false;

	for (uint8_t i = 0; i < plan_rule->term_count; i++) {
		const struct engine_parameter *p = &engine->parameters[plan_rule->terms[i].parameter];

		if (judge_term(engine, rule, i, true).judgement != JUDGEMENT_HOLDS)
			continue;
		if (!p->has_previous || p->latest.milli >= p->previous_milli)
			return false;
		falls = true;
	}
	return falls;
}

static bool term_out(const struct engine *engine, const struct rule_term *term)
{
	int other = other_of(term);

	return take_out_covers(engine, term->parameter) ||
	       (other >= 0 && take_out_covers(engine, (enum parameter)other));
}

/* Too much of it is taken out of alarming to be judged at all. */
bool rule_out(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *plan_rule = &engine->config->plan.rules[rule];
	uint8_t out = 0;

	for (uint8_t i = 0; i < plan_rule->term_count; i++)
		out = (uint8_t)(out + term_out(engine, &plan_rule->terms[i]));
	switch (plan_rule->combination) {
	case COMBINATION_ANY:
		return out > 0 && out == plan_rule->term_count;
	case COMBINATION_ALL:
		break;
	}
	return out > 0;
}

bool rule_has_cadence(const struct plan_rule *rule, enum cadence cadence)
{
	for (uint8_t i = 0; i < rule->term_count; i++)
		if (parameter_table[rule->terms[i].parameter].cadence == cadence)
			return true;
	return false;
}

int rule_by_name(const struct engine *engine, const char *name)
{
	for (int i = 0; i < engine->config->plan.rule_count; i++)
		if (core_same_text(engine->config->plan.rules[i].name, name, NAME_BYTES))
			return i;
	return -1;
}

int engine_term(const struct plan_rule *rule, const char *name)
{
	int found = -1;
	uint8_t count = 0;

	for (uint8_t t = 0; t < rule->term_count; t++) {
		char own[NAME_BYTES];

		engine_term_name(&rule->terms[t], own);
		if (core_same_text(own, name, NAME_BYTES))
			return t;
		if (name[0] == '\0' ||
		    core_same_text(parameter_table[rule->terms[t].parameter].name, name, NAME_BYTES)) {
			found = t;
			count++;
		}
	}
	return count == 1 ? found : -1;
}

/* A critical rule that the bedside's devices can never answer: none of the values that would do is brought by any. What
 * the plan calls optional is watched by staff where no device does; a demonstration has no patient. */
bool engine_without_source(const struct engine_config *config, uint8_t rule)
{
	const struct plan_rule *p = &config->plan.rules[rule];
	parameter_set set = 0;
	uint8_t lacking = 0;

	for (uint8_t d = 0; d < config->device_count; d++)
		set |= config->devices[d].provides;
	for (uint8_t t = 0; t < p->term_count; t++)
		lacking =
		    (uint8_t)(lacking + (!parameter_provided(p->terms[t].parameter, set) ||
		                         (other_of(&p->terms[t]) >= 0 && !parameter_provided(p->terms[t].other, set))));
	return p->kind == RULE_ALARM && p->critical && lacking > 0 && (lacking == p->term_count || !one_decides(p));
}

/* A critical rule of which no term can be judged any more: what is left of it has no source, or brings no value. */
bool rule_blind(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	bool touched = false;

	if (p->kind != RULE_ALARM || !p->critical)
		return false;
	if (rule_out(engine, rule))
		return true;
	for (uint8_t i = 0; i < p->term_count; i++) {
		enum parameter parameter = p->terms[i].parameter;
		bool continuous = parameter_table[parameter].cadence == CADENCE_CONTINUOUS;
		struct measurement left = engine_reading(engine, parameter, engine->now); /* without what is out */

		touched = touched || take_out_touches(engine, parameter);
		if (!take_out_covers(engine, parameter) && (!continuous || measurement_has_value(&left)))
			return false;
	}
	return touched;
}

/* When a rule that was violated lost the value that said so, and why. MONO_NEVER: it has not; nobody would know a
 * difference of two parameters by one of them, and what is taken out of alarming is not lost. */
struct mono rule_lost_at(const struct engine *engine, uint8_t rule, enum reason *reason)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	enum parameter cause = engine->alarms[ALARM_BASE_RULE + rule].parameter;
	struct mono at = MONO_NEVER;

	for (uint8_t i = 0; i < p->term_count; i++) {
		enum parameter parameter = p->terms[i].parameter;
		struct mono one = reading_lost_at(engine, parameter);

		if (other_of(&p->terms[i]) >= 0 || take_out_covers(engine, parameter) || !mono_before(one, at) ||
		    (one_decides(p) && parameter != cause))
			continue;
		at = one;
		*reason = engine_reading(engine, parameter, engine->now).reason;
	}
	return at;
}

/* ---- the rule's alarm, as others depend on it ----------------------------------------------------------------------
 */

/* The condition is there, whether it is announced or another alarm stands for it. */
bool rule_established(const struct engine *engine, uint8_t rule)
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];

	return alarm_present(alarm) || alarm->kept_back;
}

bool rule_any_established(const struct engine *engine, rule_set rules)
{
	for (uint8_t i = 0; rules >> i != 0; i++)
		if ((rules >> i & 1) != 0 && rule_established(engine, i))
			return true;
	return false;
}

bool rule_superseded(const struct engine *engine, uint8_t rule)
{
	return rule_any_established(engine, engine->config->plan.rules[rule].superseded_by);
}

/* Those whose alarms are announced, of all that stand for it or for what stands for it. */
rule_set rule_cover(const struct engine *engine, uint8_t rule)
{
	const struct plan *plan = &engine->config->plan;
	rule_set above = plan->rules[rule].superseded_by, found = 0, before;

	do {
		before = above;
		for (uint8_t i = 0; i < plan->rule_count; i++)
			if ((above & RULE_BIT(i)) != 0 && engine->alarms[ALARM_BASE_RULE + i].kept_back)
				above |= plan->rules[i].superseded_by;
	} while (above != before);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if ((above & RULE_BIT(i)) != 0 && alarm_present(&engine->alarms[ALARM_BASE_RULE + i]))
			found |= RULE_BIT(i);
	return found;
}

/* The term of `rule` that looks at this value in the same direction; -1 if there is none. */
static int term_alike(const struct plan_rule *rule, const struct rule_term *term)
{
	for (uint8_t t = 0; t < rule->term_count; t++)
		if (rule->terms[t].parameter == term->parameter && other_of(&rule->terms[t]) < 0 &&
		    other_of(term) < 0 && rule_term_above(&rule->terms[t]) == rule_term_above(term))
			return t;
	return -1;
}

/* Has whoever was told of the graver rule's alarm been told of what `rule` finds now, or of worse? Each value beyond
 * its limit is one that the graver rule looks at as well, and not worse than it was then by a step; else all of it was
 * so already when the graver one was answered (or raised, if nobody has). Not if the graver one is not judged any more.
 */
bool rule_knew(const struct engine *engine, uint8_t graver, uint8_t rule)
{
	const struct plan *plan = &engine->config->plan;
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + graver];
	struct mono told = mono_is_never(alarm->acknowledged) ? alarm->raised : alarm->acknowledged;
	struct mono established = engine->rules[rule].established; /* a silent first reading was told to nobody */
	bool before = !mono_is_never(established) && !mono_ahead(established, told);

	if (rule_out(engine, graver) || rule_verdict(engine, rule, true).judgement == JUDGEMENT_GONE)
		return false;
	for (uint8_t t = 0; t < plan->rules[rule].term_count; t++) {
		const struct rule_term *term = &plan->rules[rule].terms[t];
		struct term_result result = judge_term(engine, rule, t, true);
		int alike = term_alike(&plan->rules[graver], term);

		if (result.judgement == JUDGEMENT_GONE)
			continue;
		if (alike < 0 && !before)
			return false;
		if (alike < 0 ||
		    result.judgement == JUDGEMENT_UNKNOWN) /* if it stays away it is lost, and that is told */
			continue;

		int64_t worse = (int64_t)result.milli - engine->rules[graver].told[alike];

		if ((rule_term_above(term) ? worse : -worse) >= (term->worse_step > 0 ? term->worse_step : 1))
			return false;
	}
	return true;
}
