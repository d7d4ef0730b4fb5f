/* The rule table of the clinical reference, section 8.3, written as a plan by hand: what the rules mean is tested on
 * this, not on the configuration files. Included by test_core_rule_*.c. */
#ifndef CORE_PROTOCOL_H
#define CORE_PROTOCOL_H

#include "tests/unit/core_world.h"

enum { BASELINE, INFUSION, RECOVERY, OBSERVATION };
#define IN(phase)   (1U << (phase))
#define AFTER_START (IN(INFUSION) | IN(RECOVERY) | IN(OBSERVATION))
#define MINUTE      (60 * S)

/* Indexes in the plan: the same order as in protocol_plan. */
enum {
	B1,
	B2,
	B3,
	B4,
	B5,
	B6,
	H1,
	H2,
	H3,
	H4,
	H5,
	O1,
	O2,
	O3,
	R1,
	R2,
	R3,
	S1,
	S2,
	S3,
	S3_RESP,
	S4M,
	S4H,
	S4D,
	D1,
	D2,
	RULES
};

static inline struct plan_rule *protocol_rule(struct world *w, const char *name, enum priority priority,
                                              int64_t delay_ns, int64_t clear_delay_ns)
{
	struct plan_rule *rule = &w->config.plan.rules[w->config.plan.rule_count++];

	put_text(rule->name, name, sizeof(rule->name));
	put_text(rule->text, name, sizeof(rule->text));
	rule->priority = priority;
	rule->delay_ns = delay_ns;
	rule->clear_delay_ns = clear_delay_ns;
	rule->clear_readings = 1;
	rule->latching = priority == PRIORITY_HIGH;
	rule->phases = AFTER_START;
	return rule;
}

static inline void protocol_term(struct plan_rule *rule, enum parameter parameter, enum comparison comparison,
                                 int32_t limit, int32_t clear)
{
	rule->terms[rule->term_count++] = (struct rule_term){
	    .parameter = parameter, .comparison = comparison, .limit = limit * MILLI, .clear = clear * MILLI};
}

/* Systolic or diastolic, cleared by two readings. */
static inline struct plan_rule *protocol_pressure(struct world *w, const char *name, enum priority priority,
                                                  enum comparison comparison, int32_t sys, int32_t sys_clear,
                                                  int32_t dia, int32_t dia_clear)
{
	struct plan_rule *rule = protocol_rule(w, name, priority, 0, 0);

	protocol_term(rule, PARAMETER_NIBP_SYS, comparison, sys, sys_clear);
	if (dia != 0)
		protocol_term(rule, PARAMETER_NIBP_DIA, comparison, dia, dia_clear);
	rule->clear_readings = 2;
	return rule;
}

static inline void protocol_confirm(struct plan_rule *rule, enum priority first)
{
	rule->confirm = true;
	rule->first = first;
	rule->confirm_within_ns = 90 * S;
}

static inline void protocol_pressures(struct world *w)
{
	struct plan_rule *rule = protocol_pressure(w, "B1", PRIORITY_HIGH, COMPARISON_AT_LEAST, 180, 170, 110, 105);

	protocol_confirm(rule, PRIORITY_MEDIUM);
	rule->critical = true;
	rule->superseded_by = RULE_BIT(B2);
	(void)protocol_pressure(w, "B2", PRIORITY_HIGH, COMPARISON_AT_LEAST, 200, 170, 120, 105);
	rule = protocol_pressure(w, "B3", PRIORITY_MEDIUM, COMPARISON_ABOVE, 160, 155, 100, 95);
	protocol_confirm(rule, PRIORITY_NONE);
	rule->phases = IN(INFUSION);
	rule->superseded_by = RULE_BIT(B1) | RULE_BIT(B2);
	rule->unattended_ns = 120 * S; /* B7 */
	rule->unattended = PRIORITY_HIGH;
	rule = protocol_pressure(w, "B4", PRIORITY_MEDIUM, COMPARISON_ABOVE, 160, 155, 100, 95);
	protocol_confirm(rule, PRIORITY_NONE);
	rule->phases = IN(RECOVERY) | IN(OBSERVATION);
	rule->lower_phases = rule->phases;
	rule->lower = PRIORITY_LOW;
	rule->superseded_by = RULE_BIT(B1) | RULE_BIT(B2) | RULE_BIT(B3);
	rule = protocol_pressure(w, "B5", PRIORITY_MEDIUM, COMPARISON_AT_LEAST, 40, 30, 25, 20);
	protocol_confirm(rule, PRIORITY_NONE);
	rule->terms[0].reference = rule->terms[1].reference = REFERENCE_BASELINE;
	rule->superseded_by = RULE_BIT(B1) | RULE_BIT(B2) | RULE_BIT(B3) | RULE_BIT(B4);
	rule = protocol_pressure(w, "B6", PRIORITY_HIGH, COMPARISON_BELOW, 90, 95, 0, 0);
	protocol_confirm(rule, PRIORITY_MEDIUM);
}

static inline void protocol_rates(struct world *w)
{
	struct plan_rule *rule = protocol_rule(w, "H1", PRIORITY_LOW, 60 * S, 30 * S);

	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 105);
	rule->superseded_by = RULE_BIT(H2);
	rule = protocol_rule(w, "H2", PRIORITY_HIGH, 15 * S, 30 * S);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->critical = true;
	rule = protocol_rule(w, "H3", PRIORITY_MEDIUM, 30 * S, 30 * S);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_BELOW, 50, 55);
	rule->terms[0].low_baseline = 60 * MILLI;
	rule->terms[0].low_drop = 15 * MILLI;
	rule->superseded_by = RULE_BIT(H4);
	rule = protocol_rule(w, "H4", PRIORITY_HIGH, 10 * S, 15 * S);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_BELOW, 40, 45);
	rule->critical = true;
	rule = protocol_rule(w, "H5", PRIORITY_LOW, 30 * S, 30 * S);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 20, 10);
	rule->terms[0].reference = REFERENCE_DIFFERENCE;
	rule->terms[0].other = PARAMETER_PULSE;
	rule->technical = true;
}

static inline void protocol_breathing(struct world *w)
{
	struct plan_rule *rule = protocol_rule(w, "O1", PRIORITY_MEDIUM, 30 * S, 15 * S);

	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(O2) | RULE_BIT(O3);
	rule = protocol_rule(w, "O2", PRIORITY_HIGH, 15 * S, 15 * S);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->critical = true;
	rule->superseded_by = RULE_BIT(O3);
	rule = protocol_rule(w, "O3", PRIORITY_HIGH, 5 * S, 15 * S);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 85, 92);
	rule = protocol_rule(w, "R1", PRIORITY_MEDIUM, 30 * S, 30 * S);
	protocol_term(rule, PARAMETER_RESP, COMPARISON_BELOW, 10, 12);
	rule->superseded_by = RULE_BIT(R2);
	rule = protocol_rule(w, "R2", PRIORITY_HIGH, 15 * S, 30 * S);
	protocol_term(rule, PARAMETER_RESP, COMPARISON_BELOW, 8, 10);
	rule->critical = true;
	rule = protocol_rule(w, "R3", PRIORITY_LOW, 60 * S, 30 * S);
	protocol_term(rule, PARAMETER_RESP, COMPARISON_ABOVE, 24, 22);
}

static inline void protocol_scores(struct world *w)
{
	struct plan_rule *rule = protocol_rule(w, "S1", PRIORITY_NONE, 0, 0);

	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_AT_MOST, 4, 5);
	rule->superseded_by = RULE_BIT(S2) | RULE_BIT(S3) | RULE_BIT(S3_RESP);
	rule = protocol_rule(w, "S2", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_AT_MOST, 3, 4);
	rule->recheck_ns = 5 * MINUTE;
	rule->superseded_by = RULE_BIT(S3) | RULE_BIT(S3_RESP);
	rule = protocol_rule(w, "S3", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_AT_MOST, 2, 4);
	rule->critical = true;
	rule = protocol_rule(w, "S3-resp", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_AT_MOST, 3, 4);
	rule->with = RULE_BIT(O1) | RULE_BIT(O2) | RULE_BIT(O3) | RULE_BIT(R1) | RULE_BIT(R2);
	rule->superseded_by = RULE_BIT(S3);
	rule = protocol_rule(w, "S4", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_RASS, COMPARISON_AT_LEAST, 2, 1);
	rule->superseded_by = RULE_BIT(S4H);
	rule = protocol_rule(w, "S4-high", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_RASS, COMPARISON_AT_LEAST, 3, 1);
	rule = protocol_rule(w, "S4-distress", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_DISTRESS, COMPARISON_AT_LEAST, 1, 0);
	rule = protocol_rule(w, "D1", PRIORITY_NONE, 0, 0);
	protocol_term(rule, PARAMETER_CADSS, COMPARISON_ABOVE, 4, 4);
	protocol_term(rule, PARAMETER_CADSS, COMPARISON_ABOVE, 0, 0);
	rule->terms[1].reference = REFERENCE_BASELINE;
	rule->combination = COMBINATION_ALL;
	rule = protocol_rule(w, "D2", PRIORITY_MEDIUM, 0, 0);
	rule->with = RULE_BIT(D1);
	rule->has_from = true;
	rule->from = ANCHOR_END;
	rule->from_after_ns = 60 * MINUTE;
	rule->blocks_leave = true;
}

/* The protocol for an infusion of 40 minutes. Devices send every second. */
static inline void protocol_plan(struct world *w)
{
	struct plan *plan = &w->config.plan;

	world_plan(w);
	plan->planned_duration_ns = 40 * MINUTE;
	plan->phases[OBSERVATION].after_ns = 30 * MINUTE;
	plan->missing = (struct plan_missing){30 * S, PRIORITY_LOW, 120 * S, PRIORITY_MEDIUM};
	plan->reminder_ns = 0;
	plan->nuisance_ns = 15 * S;
	plan->gap_alarm_ns = 10 * S;
	protocol_pressures(w);
	protocol_rates(w);
	protocol_breathing(w);
	protocol_scores(w);
}

/* Started at 100 s, with a baseline if `sys` is not 0. The heart rate was `rate`. */
static inline void protocol_start(struct world *w, int32_t sys, int32_t dia, int32_t rate)
{
	world_open(w, 90 * S);
	live(w, 95 * S, 97, rate);
	if (sys != 0) {
		pressure(w, sys, dia);
		live(w, 97 * S, 97, rate);
		pressure(w, sys, dia);
	}
	live(w, 100 * S, 97, rate);
	(void)order(w, COMMAND_SESSION_START); /* the gates have tests of their own */
}

/* Frames of all devices without a measurement: nobody is lost. */
static inline void still(struct world *w, int64_t to)
{
	while (w->now < to) {
		run(w, w->now + 1 * S < to ? w->now + 1 * S : to);
		for (int d = 0; d < w->config.device_count; d++)
			frame_of(w, d, 0, NULL);
	}
}

/* Does `name` keep the session from starting, or the patient from leaving? */
static inline bool blocked_by(const struct world *w, const char *name)
{
	char names[64][NAME_BYTES];
	uint8_t count = engine_blockers(&w->engine, names, 64);

	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

#endif
