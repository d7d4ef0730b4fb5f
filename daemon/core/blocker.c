/* What keeps a session from starting and a patient from leaving: gates, leave rules, items, dose, times. Pure
 * questions, asked within engine_step and by the encoder on the engine thread. */
#include "core.h"

/* Whose turn it is: the list begins with what staff can do now. */
enum turn {
	TURN_STAFF,   /* tick, enter, put back */
	TURN_MEASURE, /* a value is wanted */
	TURN_PATIENT, /* she must get better first */
	TURN_TIME,
};

struct blockers {
	char (*names)[NAME_BYTES];
	uint8_t count, max;
	enum turn turn;
};

static void block(struct blockers *blockers, const char *name)
{
	if (blockers->count < blockers->max)
		core_copy_text(blockers->names[blockers->count], name, NAME_BYTES);
	if (blockers->count < UINT8_MAX)
		blockers->count++;
}

static bool outside(int64_t value, int64_t min, int64_t max)
{
	return (min > 0 && value < min) || (max > 0 && value > max);
}

static bool allowed(const struct plan_dose *dose, int32_t dose_ug)
{
	for (uint8_t i = 0; i < dose->allowed_count; i++)
		if (dose->allowed_ug[i] == dose_ug)
			return true;
	return dose->allowed_count == 0;
}

/* What is not given is not implausible. */
enum dose_fault engine_dose_fault(const struct plan_dose *dose, const struct session_order *order)
{
	int64_t per_kg = (int64_t)order->dose_ug * 1000, weight = order->weight_g; /* ug/kg = ug * 1000 / g */

	if (order->dose_ug != 0 && !allowed(dose, order->dose_ug))
		return DOSE_AMOUNT;
	if (order->dose_ug != 0 && weight != 0 &&
	    outside(per_kg, dose->min_ug_per_kg * weight, dose->max_ug_per_kg * weight))
		return DOSE_PER_KG;
	if (order->duration_s != 0 && order->duration_s * NS_PER_S < dose->min_duration_ns)
		return DOSE_DURATION;
	if (order->ug_per_ml != 0 && outside(order->ug_per_ml, dose->min_ug_per_ml, dose->max_ug_per_ml))
		return DOSE_CONCENTRATION;
	return DOSE_PLAUSIBLE;
}

static bool dose_missing(const struct engine *engine)
{
	const struct plan_dose *dose = &engine->config->plan.dose;
	const struct session_order *order = &engine->session.order;
	bool per_kg = dose->min_ug_per_kg > 0 || dose->max_ug_per_kg > 0;

	return dose->required && (order->dose_ug == 0 || (per_kg && order->weight_g == 0));
}

/* Is this gate or leave rule a question for this patient at this bedside? */
static bool asked(const struct engine *engine, const struct plan_rule *rule)
{
	int32_t age = engine->session.order.age_years;

	if (age < rule->age_from || (rule->age_below != 0 && age >= rule->age_below))
		return false;
	for (uint8_t i = 0; rule->optional && i < rule->term_count; i++)
		if (!engine_provided(engine, rule->terms[i].parameter))
			return false;
	return true;
}

/* How old a value may be that a gate or leave rule looks at; 0 = any age. */
static int64_t within_ns(const struct plan *plan, const struct plan_rule *rule, enum parameter parameter)
{
	switch (parameter_table[parameter].cadence) {
	case CADENCE_CONTINUOUS:
		return 0; /* it grows stale by itself */
	case CADENCE_INTERMITTENT:
		return rule->kind == RULE_GATE ? plan->gate_cuff_within_ns : plan->leave.cuff_within_ns;
	case CADENCE_ENTERED:
		return rule->kind == RULE_GATE ? 0 : plan->leave.score_within_ns;
	}
	return 0;
}

/* What was not determined since the session was opened is older than any. */
static bool too_old(const struct engine *engine, uint8_t rule)
{
	const struct plan *plan = &engine->config->plan;
	const struct plan_rule *p = &plan->rules[rule];

	for (uint8_t i = 0; i < p->term_count; i++) {
		enum parameter parameter = p->terms[i].parameter;
		int64_t within = within_ns(plan, p, parameter);

		struct mono determined = engine->parameters[parameter].latest.determined;

		if (within != 0 && (mono_is_never(determined) || mono_since(engine->now, determined) > within))
			return true;
	}
	return false;
}

/* Missing data are never normal: a gate that cannot be judged blocks, and a first reading blocks until its repeat. */
static bool gate_blocks(const struct engine *engine, uint8_t rule)
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];

	return alarm->kept_back || (alarm->state == ALARM_PENDING && engine->config->plan.rules[rule].confirm) ||
	       rule_verdict(engine, rule, false).judgement == JUDGEMENT_UNKNOWN || too_old(engine, rule);
}

static bool leave_rule_met(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];

	if (too_old(engine, rule))
		return false;
	for (uint8_t i = 0; i < p->term_count; i++) {
		const struct engine_parameter *value = &engine->parameters[p->terms[i].parameter];

		if (p->falling && parameter_table[p->terms[i].parameter].cadence == CADENCE_INTERMITTENT &&
		    (!value->has_previous || value->latest.milli > value->previous_milli))
			return false;
	}
	return rule_verdict(engine, rule, false).judgement == JUDGEMENT_HOLDS;
}

/* It, or another one of its group. */
static bool leave_met(const struct engine *engine, uint8_t rule)
{
	const struct plan *plan = &engine->config->plan;

	if (plan->rules[rule].group[0] == '\0')
		return leave_rule_met(engine, rule);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (plan->rules[i].kind == RULE_LEAVE && asked(engine, &plan->rules[i]) &&
		    core_same_text(plan->rules[i].group, plan->rules[rule].group, NAME_BYTES) &&
		    leave_rule_met(engine, i))
			return true;
	return false;
}

static bool rule_blocks(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];

	switch (p->kind) {
	case RULE_ALARM:
		return engine->session.started && p->blocks_leave && rule_any_established(engine, RULE_BIT(rule));
	case RULE_GATE:
		return !engine->session.started && asked(engine, p) && gate_blocks(engine, rule);
	case RULE_LEAVE:
		return engine->session.started && asked(engine, p) && !leave_met(engine, rule);
	}
	return false;
}

/* A rule compares with this patient's own pressure, which is not known by as many readings as the plan asks for. */
static bool baseline_missing(const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;

	for (uint8_t i = 0; i < plan->rule_count && !engine->session.baseline.complete; i++)
		for (uint8_t t = 0; t < plan->rules[i].term_count; t++)
			if (plan->rules[i].terms[t].reference == REFERENCE_BASELINE &&
			    parameter_table[plan->rules[i].terms[t].parameter].cadence == CADENCE_INTERMITTENT)
				return true;
	return false;
}

static bool scores_missing(const struct engine *engine)
{
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((engine->config->plan.baseline_scores & PARAMETER_BIT(p)) != 0 &&
		    !reading_current(engine, (enum parameter)p))
			return true;
	return false;
}

static bool blind(const struct engine *engine)
{
	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++)
		if (rule_blind(engine, i))
			return true;
	return false;
}

static bool without_source(const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;

	for (uint8_t i = 0; i < plan->rule_count && !plan->demo; i++)
		if (engine_without_source(engine->config, i) && !plan->rules[i].optional)
			return true;
	return false;
}

static bool too_early(const struct engine *engine)
{
	const struct plan_leave *leave = &engine->config->plan.leave;

	return leave->has_earliest &&
	       !mono_reached(mono_after(clocks_anchor(&engine->session, leave->earliest), leave->earliest_after_ns),
	                     engine->now);
}

int engine_high_alarm(const struct engine *engine)
{
	for (uint16_t id = 0; id < ALARMS_MAX; id++) {
		const struct alarm *alarm = &engine->alarms[id];

		if (alarm_present(alarm) && alarm->priority == PRIORITY_HIGH && alarm_of_session(alarm))
			return id;
	}
	return -1;
}

int engine_resume_blocker(const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;

	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (plan->rules[i].blocks_resume && rule_any_established(engine, RULE_BIT(i)))
			return ALARM_BASE_RULE + i;
	return -1;
}

int engine_unrest(const struct engine *engine, int64_t *left_ns)
{
	int64_t quiet_ns = engine->config->plan.leave.quiet_ns;
	struct mono until = mono_after(engine->session.urgent_until, quiet_ns);

	*left_ns = 0;
	if (quiet_ns == 0)
		return engine_high_alarm(engine);
	for (uint16_t id = 0; id < ALARMS_MAX; id++)
		if (alarm_announced(engine->alarms[id].state) && alarm_is_unrest(engine, &engine->alarms[id]))
			return id;
	if (!mono_ahead(until, engine->now))
		return -1;
	*left_ns = mono_since(until, engine->now);
	return engine->session.urgent_alarm;
}

/* ---- the list ------------------------------------------------------------------------------------------------------
 */

/* The first rule of its group stands for all of them. */
static bool told_by_group(const struct plan *plan, uint8_t rule)
{
	if (plan->rules[rule].kind != RULE_LEAVE || plan->rules[rule].group[0] == '\0')
		return false;
	for (uint8_t i = 0; i < rule; i++)
		if (plan->rules[i].kind == RULE_LEAVE &&
		    core_same_text(plan->rules[i].group, plan->rules[rule].group, NAME_BYTES))
			return true;
	return false;
}

/* What staff can do about a rule now: enter a score, measure, or wait. */
static enum turn turn_of(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	enum blocker_cause cause = engine_blocker_cause(engine, rule);

	if (p->kind == RULE_ALARM || (cause != BLOCKER_UNKNOWN && cause != BLOCKER_OLD))
		return TURN_PATIENT;
	return rule_has_cadence(p, CADENCE_ENTERED) ? TURN_STAFF : TURN_MEASURE;
}

static void list_rules(struct blockers *blockers, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;

	for (uint8_t i = 0; i < plan->rule_count; i++) {
		const struct plan_rule *p = &plan->rules[i];
		bool grouped = p->kind == RULE_LEAVE && p->group[0] != '\0';

		if (turn_of(engine, i) == blockers->turn && !told_by_group(plan, i) && rule_blocks(engine, i))
			block(blockers, grouped ? p->group : p->name);
	}
}

static void list_turn(struct blockers *blockers, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;
	const struct session *session = &engine->session;
	bool started = session->started;
	int64_t left_ns;

	switch (blockers->turn) {
	case TURN_STAFF:
		if (!started && without_source(engine)) /* first: nothing that follows can cure it in this room */
			block(blockers, "no-source");
		for (uint8_t i = 0; i < plan->item_count; i++)
			if ((plan->items[i].when == ITEM_LEAVE) == started && (session->items & (1U << i)) == 0)
				block(blockers, plan->items[i].name);
		if (!started && dose_missing(engine))
			block(blockers, "dose");
		if (!started && scores_missing(engine))
			block(blockers, "baseline-scores");
		if (!started && blind(engine))
			block(blockers, "taken-out");
		break;
	case TURN_MEASURE:
		if (!started && baseline_missing(engine))
			block(blockers, "baseline");
		break;
	case TURN_PATIENT:
		list_rules(blockers, engine);
		if (started && engine_unrest(engine, &left_ns) >= 0)
			block(blockers, "quiet");
		return;
	case TURN_TIME:
		if (started && too_early(engine))
			block(blockers, "earliest");
		return;
	}
	list_rules(blockers, engine);
}

uint8_t engine_blockers(const struct engine *engine, char names[][NAME_BYTES], uint8_t max)
{
	struct blockers blockers = {.names = names, .max = max};

	if (!engine->session.open)
		return 0;
	for (blockers.turn = TURN_STAFF; blockers.turn <= TURN_TIME; blockers.turn++)
		list_turn(&blockers, engine);
	return blockers.count;
}

/* Of the terms that keep it from being met: one that is too old to count, else one that is not known. */
enum blocker_cause engine_blocker_cause(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = &engine->config->plan.rules[rule];
	enum judgement judgement = rule_verdict(engine, rule, false).judgement;

	if (judgement == JUDGEMENT_UNKNOWN)
		return BLOCKER_UNKNOWN;
	if (too_old(engine, rule))
		return BLOCKER_OLD;
	return p->kind == RULE_GATE && judgement == JUDGEMENT_GONE ? BLOCKER_UNCONFIRMED : BLOCKER_VIOLATED;
}
