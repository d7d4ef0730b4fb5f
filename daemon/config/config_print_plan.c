/* The plan as it was understood, for `vitalsd --check` and `vitalsctl config check`: every rule with every number, so
 * that a clinician can sign what is printed. Called by config_print.c. */
#include <inttypes.h>

#include "daemon/config/plan_reading.h"

static const char *anchor_text(enum anchor anchor)
{
	switch (anchor) {
	case ANCHOR_OPEN:
		return "session opened";
	case ANCHOR_START:
		return "start";
	case ANCHOR_END:
		return "end of administration";
	}
	return "";
}

static const char *comparison_text(enum comparison comparison)
{
	switch (comparison) {
	case COMPARISON_ABOVE:
		return ">";
	case COMPARISON_AT_LEAST:
		return ">=";
	case COMPARISON_BELOW:
		return "<";
	case COMPARISON_AT_MOST:
		return "<=";
	}
	return "";
}

static const char *kind_text(enum rule_kind kind)
{
	switch (kind) {
	case RULE_ALARM:
		return "rule";
	case RULE_GATE:
		return "gate";
	case RULE_LEAVE:
		return "leave rule";
	}
	return "";
}

/* "    between: 30 s\n", if there is something to say. */
static void print_span(const char *what, int64_t ns, FILE *out)
{
	if (ns != 0)
		(void)fprintf(out, "    %s: %" PRId64 " s\n", what, ns / NS_PER_S);
}

static void print_names(const char *what, const struct plan *plan, rule_set set, FILE *out)
{
	if (set == 0)
		return;
	(void)fprintf(out, "    %s:", what);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if ((set & RULE_BIT(i)) != 0)
			(void)fprintf(out, " %s", plan->rules[i].name);
	(void)fputc('\n', out);
}

static void print_phases(const struct plan *plan, uint8_t phases, FILE *out)
{
	for (uint8_t i = 0; i < plan->phase_count; i++)
		if ((phases & 1u << i) != 0)
			(void)fprintf(out, " %s", plan->phases[i].name);
	(void)fputc('\n', out);
}

/* A parameter that no device provides and nobody enters is legal, but what hangs on it is never judged, or always
 * blocks. */
static void print_unprovided(const struct config *config, enum parameter parameter, FILE *out)
{
	parameter_set all = 0;
	for (uint8_t i = 0; i < config->device_count; i++)
		all |= config->engine.devices[i].provides;
	if (!parameter_provided(parameter, all))
		(void)fprintf(out, "    NOTE: no device provides %s\n", parameter_table[parameter].name);
}

static void print_term(const struct plan_rule *rule, const struct rule_term *term, FILE *out)
{
	char limit[32], other[32];
	decimal_text(limit, sizeof limit, term->limit, 3);
	(void)fprintf(out, "    %s%s",
	              term == rule->terms                    ? ""
	              : rule->combination == COMBINATION_ALL ? "and "
	                                                     : "or ",
	              parameter_table[term->parameter].name);
	if (term->reference == REFERENCE_BASELINE)
		(void)fprintf(out, " minus baseline");
	if (term->reference == REFERENCE_DIFFERENCE)
		(void)fprintf(out, " apart from %s", parameter_table[term->other].name);
	(void)fprintf(out, " %s %s", comparison_text(term->comparison), limit);
	decimal_text(other, sizeof other, term->clear, 3);
	if (rule->kind != RULE_LEAVE)
		(void)fprintf(out, " (back at %s)", other);
	if (term->low_baseline != 0) {
		decimal_text(limit, sizeof limit, term->low_baseline, 3);
		decimal_text(other, sizeof other, term->low_drop, 3);
		(void)fprintf(out, "; with a baseline below %s: baseline minus %s", limit, other);
	}
	decimal_text(limit, sizeof limit, term->never, 3);
	if (term->has_never)
		(void)fprintf(out, "; never beyond %s", limit);
	if (term->worse_step != 0) {
		decimal_text(limit, sizeof limit, term->worse_step, 3);
		(void)fprintf(out, "; told again when acknowledged and worse by %s", limit);
	}
	(void)fputc('\n', out);
}

static void print_cuff_rule(const struct plan *plan, const struct plan_rule *rule, FILE *out)
{
	if (rule->confirm)
		(void)fprintf(out, "    confirmed by a second reading within %" PRId64 " s, %s until then\n",
		              rule->confirm_within_ns / NS_PER_S,
		              rule->first == PRIORITY_NONE ? "not announced" : priority_name(rule->first));
	if (rule->latch_first)
		(void)fprintf(out, "    stays until it is acknowledged, from the first reading on\n");
	if (rule->clear_readings > 1)
		(void)fprintf(out, "    ends after %u readings in a row\n", rule->clear_readings);
	print_span("extra readings meanwhile, every", rule->cuff_every_ns, out);
	if (rule->lower_phases != 0) {
		(void)fprintf(out, "    %s while it falls in", priority_name(rule->lower));
		print_phases(plan, rule->lower_phases, out);
	}
}

static void print_relations(const struct plan *plan, const struct plan_rule *rule, FILE *out)
{
	print_names("gives way to", plan, rule->superseded_by, out);
	print_names("only together with one of", plan, rule->with, out);
	if (rule->has_from)
		(void)fprintf(out, "    from %s + %" PRId64 " s on\n", anchor_text(rule->from),
		              rule->from_after_ns / NS_PER_S);
	if (rule->blocks_resume)
		(void)fprintf(out, "    blocks going on after a pause\n");
	if (rule->unattended_ns != 0)
		(void)fprintf(out, "    %s if nobody acknowledges or pauses within %" PRId64 " s\n",
		              priority_name(rule->unattended), rule->unattended_ns / NS_PER_S);
	print_span("to be entered again after", rule->recheck_ns, out);
	if (rule->measure_now)
		(void)fprintf(out, "    starts the cuff at once, and again later\n");
	if (rule->blocks_leave)
		(void)fprintf(out, "    blocks leaving\n");
}

static void print_conditions(const struct plan_rule *rule, FILE *out)
{
	if (rule->age_from != 0)
		(void)fprintf(out, "    from %u years on\n", rule->age_from);
	if (rule->age_below != 0)
		(void)fprintf(out, "    below %u years\n", rule->age_below);
	if (rule->falling)
		(void)fprintf(out, "    and not above the reading before\n");
	if (rule->group[0] != '\0')
		(void)fprintf(out, "    one of group %s is enough\n", rule->group);
	if (rule->optional)
		(void)fprintf(out, "    not asked %sif no device provides it\n",
		              rule->kind == RULE_ALARM ? "for at the start " : "");
}

static void print_rule(const struct config *config, const struct plan_rule *rule, FILE *out)
{
	const struct plan *plan = &config->engine.plan;
	(void)fprintf(out, "  %s %s", kind_text(rule->kind), rule->name);
	if (rule->kind == RULE_ALARM)
		(void)fprintf(out, ", %s%s%s%s", priority_name(rule->priority), rule->latching ? ", latching" : "",
		              rule->critical ? ", critical" : "", rule->technical ? ", technical" : "");
	(void)fprintf(out, ": %s\n", rule->text);
	for (uint8_t i = 0; i < rule->term_count; i++)
		print_term(rule, &rule->terms[i], out);
	print_span("must last", rule->delay_ns, out);
	if (rule->repeat_count > 0)
		(void)fprintf(out, "    or begin %u times within %" PRId64 " s\n", rule->repeat_count,
		              rule->repeat_within_ns / NS_PER_S);
	print_span("must be back for", rule->clear_delay_ns, out);
	print_cuff_rule(plan, rule, out);
	print_relations(plan, rule, out);
	print_conditions(rule, out);
	if (rule->kind == RULE_ALARM) {
		(void)fprintf(out, "    in");
		print_phases(plan, rule->phases, out);
	}
	parameter_set noted = 0;
	for (uint8_t i = 0; i < rule->term_count; i++) {
		const struct rule_term *term = &rule->terms[i];
		if ((noted & PARAMETER_BIT(term->parameter)) == 0)
			print_unprovided(config, term->parameter, out);
		noted |= PARAMETER_BIT(term->parameter);
		if (term->reference == REFERENCE_DIFFERENCE)
			print_unprovided(config, term->other, out);
	}
}

static void print_check(const struct config *config, const struct plan_check *check, FILE *out)
{
	(void)fprintf(
	    out, "  check %s of %s, early by %" PRId64 " s counts, %s when late after %" PRId64 " s, seconds from %s:",
	    check->name, parameter_table[check->parameter].name, check->early_ns / NS_PER_S, priority_name(check->late),
	    check->late_after_ns / NS_PER_S, anchor_text(check->anchor));
	for (uint8_t i = 0; i < check->time_count; i++)
		(void)fprintf(out, " %" PRId64, check->times_ns[i] / NS_PER_S);
	(void)fputc('\n', out);
	print_names("only together with one of", &config->engine.plan, check->with, out);
	print_unprovided(config, check->parameter, out);
}

static void print_bounds(const char *unit, int32_t low, int32_t high, FILE *out)
{
	char text[32];
	if (low != 0) {
		decimal_text(text, sizeof text, low, 3);
		(void)fprintf(out, ", at least %s %s", text, unit);
	}
	if (high != 0) {
		decimal_text(text, sizeof text, high, 3);
		(void)fprintf(out, ", at most %s %s", text, unit);
	}
}

static void print_dose(const struct plan_dose *dose, FILE *out)
{
	char text[32];
	(void)fprintf(out, "  dose: %s", dose->required ? "required" : "need not be given");
	print_bounds("mg/kg", dose->min_ug_per_kg, dose->max_ug_per_kg, out);
	print_bounds("mg/mL", dose->min_ug_per_ml, dose->max_ug_per_ml, out);
	if (dose->min_duration_ns != 0)
		(void)fprintf(out, ", over at least %" PRId64 " s", dose->min_duration_ns / NS_PER_S);
	for (uint8_t i = 0; i < dose->allowed_count; i++) {
		decimal_text(text, sizeof text, dose->allowed_ug[i], 3);
		(void)fprintf(out, "%s%s mg", i == 0 ? ", only " : " or ", text);
	}
	if (dose->device_ug != 0) {
		decimal_text(text, sizeof text, dose->device_ug, 3);
		(void)fprintf(out, ", devices of %s mg at least %" PRId64 " s apart", text,
		              dose->device_rest_ns / NS_PER_S);
	}
	(void)fprintf(out, "; otherwise a second person\n");
}

static void print_leave(const struct plan_leave *leave, FILE *out)
{
	if (leave->has_earliest)
		(void)fprintf(out, "  leaving: not before %s + %" PRId64 " s\n", anchor_text(leave->earliest),
		              leave->earliest_after_ns / NS_PER_S);
	print_span("leaving: no medium or high alarm for", leave->quiet_ns, out);
	print_span("leaving: cuff readings no older than", leave->cuff_within_ns, out);
	print_span("leaving: scores no older than", leave->score_within_ns, out);
}

static void print_manners(const struct plan *plan, FILE *out)
{
	static const char *const routes[] = {
	    [ROUTE_NONE] = "none", [ROUTE_IV] = "infusion (Kamp)", [ROUTE_SPRAY] = "spray (Perez-Ruixo)"};
	(void)fprintf(out, "  planned duration %" PRId64 " s, audio pause %" PRId64 " s, baseline of %u readings\n",
	              plan->planned_duration_ns / NS_PER_S, plan->audio_pause_ns / NS_PER_S, plan->baseline_readings);
	(void)fprintf(out, "  expected response: %s\n", routes[plan->route]);
	(void)fprintf(out, "  while no session is open: %s\n",
	              plan->watch_without_session ? "critical limits of live values are judged" : "nothing is judged");
	print_span("a missing value stops the delay of a limit that it broke, for up to", plan->gap_ns, out);
	print_span("acknowledged alarms are announced again after", plan->reminder_ns, out);
	print_span("after an alarm that starts the cuff, it is started again after", plan->measure_again_ns, out);
	print_span("counted as nuisance when over within", plan->nuisance_ns, out);
	print_span("an alarm when the monitor was stopped for", plan->gap_alarm_ns, out);
	print_span("gates: cuff readings no older than", plan->gate_cuff_within_ns, out);
	print_span("between two inflations", plan->cuff_rest_ns, out);
	print_span("oximeter on the cuff's limb, no missing value after an inflation for", plan->cuff_mask_ns, out);
	print_span("and from its beginning no longer than", plan->cuff_mask_max_ns, out);
	(void)fprintf(out, "  missing value: %s after %" PRId64 " s", priority_name(plan->missing.priority),
	              plan->missing.raise_after_ns / NS_PER_S);
	if (plan->missing.escalate_after_ns != INT64_MAX)
		(void)fprintf(out, ", %s after %" PRId64 " s", priority_name(plan->missing.escalated),
		              plan->missing.escalate_after_ns / NS_PER_S);
	(void)fprintf(out, ", back for %" PRId64 " s", plan->missing_clear_ns / NS_PER_S);
	if (plan->no_vital_sign.priority != PRIORITY_NONE)
		(void)fprintf(out, ", %s after %" PRId64 " s if the device finds no pulse, beat or breath%s",
		              priority_name(plan->no_vital_sign.priority), plan->no_vital_sign.after_ns / NS_PER_S,
		              plan->no_vital_sign.measure_now ? ", which starts the cuff" : "");
	if (plan->missing_sole != PRIORITY_NONE)
		(void)fprintf(out, ", the only source of SpO2 or heart rate lost: %s",
		              priority_name(plan->missing_sole));
	for (int i = 0; i < PARAMETER_COUNT; i++)
		if ((plan->missing_parameters & PARAMETER_BIT(i)) != 0)
			(void)fprintf(out, ", %s", parameter_table[i].name);
	(void)fputc('\n', out);
	for (int i = 0; i < PARAMETER_COUNT; i++)
		if ((plan->baseline_scores & PARAMETER_BIT(i)) != 0)
			(void)fprintf(out, "  before the start: %s entered\n", parameter_table[i].name);
}

static void print_phase(const struct plan_phase *phase, FILE *out)
{
	char low[32], high[32];
	(void)fprintf(out, "  phase %s: %s + %" PRId64 " s: %s\n", phase->name, anchor_text(phase->anchor),
	              phase->after_ns / NS_PER_S, phase->text);
	for (uint8_t i = 0; i < phase->usual_count; i++) {
		decimal_text(low, sizeof low, phase->usual[i].low_rise, 3);
		decimal_text(high, sizeof high, phase->usual[i].high_rise, 3);
		(void)fprintf(out, "    usual, no limit: %s minus baseline %s to %s\n",
		              parameter_table[phase->usual[i].parameter].name, low, high);
	}
}

void print_plan(const struct config *config, FILE *out)
{
	const struct plan *plan = &config->engine.plan;
	(void)fprintf(out, "\nplan %s%s: %s\n", plan->name, plan->demo ? " (DEMO)" : "", plan->title);
	print_manners(plan, out);
	print_dose(&plan->dose, out);
	for (uint8_t i = 0; i < plan->phase_count; i++)
		print_phase(&plan->phases[i], out);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		print_rule(config, &plan->rules[i], out);
	print_leave(&plan->leave, out);
	for (uint8_t i = 0; i < plan->item_count; i++)
		(void)fprintf(out, "  item %s, before %s: %s\n", plan->items[i].name,
		              plan->items[i].when == ITEM_START ? "the start" : "leaving", plan->items[i].text);
	for (uint8_t i = 0; i < plan->check_count; i++)
		print_check(config, &plan->checks[i], out);
}
