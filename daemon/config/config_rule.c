/* The rules of a plan: alarms, gates before the start, conditions of leaving. Called by config_plan.c at start. Nothing
 * clinical has a silent default: a limit without `clear`, a continuous value without `delay_s` or a rule without
 * `priority` is an error. What rules say of each other is read last, when all of them are known. */
#include <string.h>

#include "daemon/config/plan_reading.h"

static cfg_opt_t from_rows[] = {TREE_LINE(), TREE_VALUE("anchor"), TREE_VALUE("after_s"), TREE_VALUE("after_min"),
                                TREE_END()};
cfg_opt_t rule_rows[] = {
    TREE_LINE(),
    TREE_VALUE("text"),
    TREE_VALUE("priority"),
    TREE_VALUE("latching"),
    TREE_VALUE("critical"),
    TREE_VALUE("optional"),
    TREE_VALUE("technical"),
    TREE_VALUE("blocks_leave"),
    TREE_VALUE("blocks_resume"),
    TREE_VALUE("measure_now"),
    TREE_VALUE("combine"),
    TREE_VALUE("delay_s"),
    TREE_VALUE("clear_delay_s"),
    TREE_VALUE("repeat_count"),
    TREE_VALUE("repeat_within_s"),
    TREE_VALUE("confirm_within_s"),
    TREE_VALUE("first"),
    TREE_VALUE("latch_first"),
    TREE_VALUE("clear_readings"),
    TREE_VALUE("cuff_every_s"),
    TREE_VALUE("cuff_every_min"),
    TREE_VALUE("recheck_s"),
    TREE_VALUE("recheck_min"),
    TREE_VALUE("lower"),
    TREE_LIST("lower_phases"),
    TREE_VALUE("unattended"),
    TREE_VALUE("unattended_s"),
    TREE_LIST("phases"),
    TREE_LIST("superseded_by"),
    TREE_LIST("with"),
    TREE_SECTION("from", from_rows),
    TREE_TITLED("term", term_rows),
    TREE_END(),
};
cfg_opt_t gate_rows[] = {
    TREE_LINE(),
    TREE_VALUE("text"),
    TREE_VALUE("combine"),
    TREE_VALUE("delay_s"),
    TREE_VALUE("clear_delay_s"),
    TREE_VALUE("confirm_within_s"),
    TREE_VALUE("clear_readings"),
    TREE_VALUE("age_from"),
    TREE_VALUE("age_below"),
    TREE_VALUE("optional"),
    TREE_TITLED("term", gate_term_rows),
    TREE_END(),
};
cfg_opt_t leave_rule_rows[] = {
    TREE_LINE(),
    TREE_VALUE("text"),
    TREE_VALUE("combine"),
    TREE_VALUE("group"),
    TREE_VALUE("falling"),
    TREE_VALUE("optional"),
    TREE_TITLED("term", leave_term_rows),
    TREE_END(),
};

/* ---- what a rule says of itself ---------------------------------------------------------------------------------- */

static bool has_cadence(const struct plan_rule *rule, enum cadence cadence)
{
	for (uint8_t i = 0; i < rule->term_count; i++)
		if (parameter_table[rule->terms[i].parameter].cadence == cadence)
			return true;
	return false;
}

static bool all_of_cadence(const struct plan_rule *rule, enum cadence cadence)
{
	for (uint8_t i = 0; i < rule->term_count; i++)
		if (parameter_table[rule->terms[i].parameter].cadence != cadence)
			return false;
	return rule->term_count > 0;
}

static uint8_t read_phases(const struct section *section, const char *key, const struct plan *plan)
{
	uint8_t mask = 0;
	if (!key_present(section, key, OPTIONAL, "names of phases"))
		return 0;
	for (unsigned i = 0; i < key_count(section, key); i++) {
		const char *name = key_string_at(section, key, i);
		uint8_t phase = 0;
		while (phase < plan->phase_count && strcmp(plan->phases[phase].name, name) != 0)
			phase++;
		if (phase == plan->phase_count)
			report_error(section->source->report, key_where_at(section, key, i),
			             "there is no phase \"%.40s\" (legal: a phase of this plan)", name);
		else
			mask |= (uint8_t)(1u << phase);
	}
	return mask;
}

/* A live signal needs a delay that somebody chose; a value that is determined once cannot last for one. */
static void read_delays(const struct section *section, struct plan_rule *rule)
{
	static const struct span delay = {"delay_s", NULL, 0, 3600}, clear = {"clear_delay_s", NULL, 0, 3600};
	static const char why[] = "a value that is determined once is judged at once";
	if (has_cadence(rule, CADENCE_CONTINUOUS)) {
		(void)key_span(section, &delay, REQUIRED, &rule->delay_ns);
		(void)key_span(section, &clear, REQUIRED, &rule->clear_delay_ns);
	} else {
		key_refuse(section, "delay_s", why);
		key_refuse(section, "clear_delay_s", why);
	}
}

/* The net under a delay. */
static void read_repeats(const struct section *section, struct plan_rule *rule)
{
	static const struct span within = {"repeat_within_s", NULL, 5, 600};
	int64_t count;
	if (key_count(section, "repeat_count") == 0 && key_count(section, "repeat_within_s") == 0)
		return;
	if (rule->kind != RULE_ALARM || rule->delay_ns == 0) {
		key_refuse(section, "repeat_count", "only an alarm with a delay has a net under it");
		key_refuse(section, "repeat_within_s", "only an alarm with a delay has a net under it");
		return;
	}
	if (key_integer(section, "repeat_count", REQUIRED, 2, RULE_REPEATS_MAX, &count))
		rule->repeat_count = (uint8_t)count;
	(void)key_span(section, &within, REQUIRED, &rule->repeat_within_ns);
}

/* Keys that mean something for cuff values alone. */
static void read_cuff_keys(const struct section *section, struct plan_rule *rule)
{
	static const char *const keys[] = {"confirm_within_s", "first", "clear_readings", "cuff_every_s",
	                                   "cuff_every_min",   "lower", "lower_phases",   "latch_first"};
	static const struct span within = {"confirm_within_s", NULL, 15, 300},
	                         every = {"cuff_every_s", "cuff_every_min", 60, 3600};
	int64_t readings = 1;
	rule->clear_readings = 1;
	if (!all_of_cadence(rule, CADENCE_INTERMITTENT)) {
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
			key_refuse(section, keys[i], "only a rule of cuff values has repeats");
		return;
	}
	rule->confirm = key_span(section, &within, OPTIONAL, &rule->confirm_within_ns);
	if (rule->confirm && (rule->has_from || key_count(section, "with") > 0))
		key_refuse(section, "confirm_within_s", "a rule with `with` or `from` is not confirmed by a repeat");
	if (key_integer(section, "clear_readings", OPTIONAL, 1, 2, &readings))
		rule->clear_readings = (uint8_t)readings;
	(void)key_span(section, &every, OPTIONAL, &rule->cuff_every_ns);
	if (rule->kind != RULE_ALARM)
		return;
	bool given = read_priority(section, "first", OPTIONAL, &rule->first);
	/* Waiting for the repeat in silence would be a filter in front of a critical limit. */
	if (rule->critical && rule->confirm && rule->first == PRIORITY_NONE && key_count(section, "first") == 0)
		report_error(section->source->report, section_where(section, "first"),
		             "is missing in critical rule %s (legal: low | medium | high)", rule->name);
	else if (rule->critical && given && rule->first == PRIORITY_NONE)
		report_error(section->source->report, key_where(section, "first"),
		             "a critical rule is announced at once (legal: low | medium | high)");
	if (key_boolean(section, "latch_first", &rule->latch_first) && rule->latch_first &&
	    (!rule->latching || rule->first == PRIORITY_NONE || !rule->confirm))
		report_error(section->source->report, key_where(section, "latch_first"),
		             "needs latching, confirm_within_s and first (legal: all of them)");
	if (!given)
		return;
	if (!rule->confirm)
		key_refuse(section, "first", "without confirm_within_s there is no second reading");
	else if (rule->first >= rule->priority)
		report_error(section->source->report, key_where(section, "first"),
		             "is not less urgent than priority (legal: a lower one)");
}

static void read_lower(const struct section *section, const struct plan *plan, struct plan_rule *rule)
{
	struct report *report = section->source->report;
	bool wanted = key_count(section, "lower") > 0 || key_count(section, "lower_phases") > 0;
	if (!wanted || !all_of_cadence(rule, CADENCE_INTERMITTENT))
		return;
	if (read_priority(section, "lower", REQUIRED, &rule->lower) && rule->lower >= rule->priority)
		report_error(report, key_where(section, "lower"),
		             "is not less urgent than priority (legal: a lower one)");
	if (!key_present(section, "lower_phases", REQUIRED, "names of phases"))
		return;
	rule->lower_phases = read_phases(section, "lower_phases", plan);
	if ((rule->lower_phases & ~(unsigned)rule->phases) != 0)
		report_error(report, key_where(section, "lower_phases"),
		             "the rule is not judged in all of them (legal: phases of this rule)");
}

static void read_unattended(const struct section *section, struct plan_rule *rule)
{
	static const struct span after = {"unattended_s", NULL, 10, 3600};
	if (key_count(section, "unattended") == 0 && key_count(section, "unattended_s") == 0)
		return;
	(void)key_span(section, &after, REQUIRED, &rule->unattended_ns);
	if (read_priority(section, "unattended", REQUIRED, &rule->unattended) && rule->unattended <= rule->priority)
		report_error(section->source->report, key_where(section, "unattended"),
		             "is not more urgent than priority (legal: a higher one)");
}

static void read_recheck(const struct section *section, struct plan_rule *rule)
{
	static const struct span after = {"recheck_s", "recheck_min", 30, 3600};
	if (all_of_cadence(rule, CADENCE_ENTERED)) {
		(void)key_span(section, &after, OPTIONAL, &rule->recheck_ns);
		return;
	}
	key_refuse(section, "recheck_s", "only an entered score is entered again");
	key_refuse(section, "recheck_min", "only an entered score is entered again");
}

static void read_from(const struct section *section, struct plan_rule *rule)
{
	static const struct span after = {"after_s", "after_min", 0, DAY_S};
	struct section from;
	if (!section_only(section, "from", OPTIONAL, &from))
		return;
	rule->has_from = read_anchor(&from, &rule->from);
	(void)key_span(&from, &after, OPTIONAL, &rule->from_after_ns);
}

/* A rule without a signal is a note in the record: nothing that belongs to a signal can go with it. */
static void refuse_signals(const struct section *section)
{
	static const char *const keys[] = {"latching",       "critical",     "confirm_within_s", "first",
	                                   "clear_readings", "cuff_every_s", "cuff_every_min",   "lower",
	                                   "lower_phases",   "unattended",   "unattended_s"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		key_refuse(section, keys[i], "priority none gives no signal");
}

static void read_terms(const struct section *section, struct plan_rule *rule)
{
	bool needed = rule->kind != RULE_ALARM || key_count(section, "with") == 0;
	unsigned count = section_bounded(section, "term", RULE_TERMS_MAX);
	if (count == 0 && needed)
		report_error(section->source->report, section_where(section, "term"),
		             "is missing in rule %s (legal: 1..%d)", section_title(section), RULE_TERMS_MAX);
	for (unsigned i = 0; i < count; i++) {
		struct section term = section_at(section, "term", i);
		read_term(&term, rule);
	}
}

/* Rules of cuff values have repeats of their own. */
static void read_measure(const struct section *section, const struct plan *plan, struct plan_rule *rule)
{
	(void)key_boolean(section, "measure_now", &rule->measure_now);
	if (all_of_cadence(rule, CADENCE_INTERMITTENT))
		key_refuse(section, "measure_now",
		           "a rule of cuff values repeats by confirm_within_s and cuff_every_s");
	else if (rule->measure_now && plan->measure_again_ns == 0)
		report_error(section->source->report, key_where(section, "measure_now"),
		             "needs measure_again_s of the plan (legal: 60..900)");
}

/* What every kind of rule has; true if its terms are right, so that keys that depend on them can be judged. */
static bool read_common(const struct section *section, enum combination usual, struct plan_rule *rule)
{
	static const char *const combinations[] = {[COMBINATION_ANY] = "any", [COMBINATION_ALL] = "all", NULL};
	int combination = (int)usual;
	(void)title_token(section, rule->name);
	(void)key_text(section, "text", REQUIRED, rule->text, sizeof rule->text);
	(void)key_choice(section, "combine", OPTIONAL, combinations, &combination);
	rule->combination = (enum combination)combination;
	int before = section->source->report->count;
	read_terms(section, rule);
	return section->source->report->count == before;
}

static void read_alarm_rule(const struct section *section, const struct plan *plan, struct plan_rule *rule)
{
	rule->kind = RULE_ALARM;
	bool known = read_priority(section, "priority", REQUIRED, &rule->priority);
	(void)key_boolean(section, "latching", &rule->latching);
	(void)key_boolean(section, "critical", &rule->critical);
	if (key_boolean(section, "optional", &rule->optional) && rule->optional && !rule->critical)
		report_error(section->source->report, key_where(section, "optional"),
		             "only a critical rule asks for a source (legal: with critical)");
	(void)key_boolean(section, "technical", &rule->technical);
	(void)key_boolean(section, "blocks_leave", &rule->blocks_leave);
	(void)key_boolean(section, "blocks_resume", &rule->blocks_resume);
	rule->phases = read_phases(section, "phases", plan);
	if (rule->phases == 0 && key_count(section, "phases") == 0)
		rule->phases = (uint8_t)((1u << plan->phase_count) - 1);
	bool right = read_common(section, COMBINATION_ANY, rule);
	read_from(section, rule);
	if (known && rule->priority == PRIORITY_NONE) {
		refuse_signals(section);
		rule->clear_readings = 1;
		known = false;
	}
	if (!right)
		return;
	read_delays(section, rule);
	read_repeats(section, rule);
	read_recheck(section, rule);
	read_measure(section, plan, rule);
	if (!known)
		return;
	read_cuff_keys(section, rule);
	read_lower(section, plan, rule);
	read_unattended(section, rule);
}

static void read_gate(const struct section *section, const struct plan *plan, struct plan_rule *rule)
{
	(void)plan;
	int64_t from = 0, below = 0;
	rule->kind = RULE_GATE;
	rule->phases = 1;
	(void)key_boolean(section, "optional", &rule->optional);
	if (key_integer(section, "age_from", OPTIONAL, 1, 120, &from))
		rule->age_from = (uint8_t)from;
	if (key_integer(section, "age_below", OPTIONAL, 1, 120, &below))
		rule->age_below = (uint8_t)below;
	if (from > 0 && below > 0 && below <= from)
		report_error(section->source->report, key_where(section, "age_below"),
		             "no age is in between (legal: more than age_from)");
	if (!read_common(section, COMBINATION_ANY, rule))
		return;
	read_delays(section, rule);
	read_cuff_keys(section, rule);
}

static void read_leave_rule(const struct section *section, const struct plan *plan, struct plan_rule *rule)
{
	rule->kind = RULE_LEAVE;
	rule->phases = (uint8_t)((1u << plan->phase_count) - 1);
	(void)key_boolean(section, "optional", &rule->optional);
	(void)key_boolean(section, "falling", &rule->falling);
	(void)key_token(section, "group", OPTIONAL, rule->group);
	if (read_common(section, COMBINATION_ALL, rule) && rule->falling && !has_cadence(rule, CADENCE_INTERMITTENT))
		key_refuse(section, "falling", "no cuff value is in this rule");
}

/* ---- what rules say of each other -------------------------------------------------------------------------------- */

rule_set read_rule_set(const struct section *section, const char *key, const struct plan *plan)
{
	rule_set set = 0;
	if (!key_present(section, key, OPTIONAL, "names of rules"))
		return 0;
	for (unsigned i = 0; i < key_count(section, key); i++) {
		const char *name = key_string_at(section, key, i);
		uint8_t rule = 0;
		while (rule < plan->rule_count &&
		       (plan->rules[rule].kind != RULE_ALARM || strcmp(plan->rules[rule].name, name) != 0))
			rule++;
		if (rule == plan->rule_count)
			report_error(section->source->report, key_where_at(section, key, i),
			             "there is no rule \"%.40s\" (legal: a rule of this plan)", name);
		else
			set |= RULE_BIT(rule);
	}
	return set;
}

/* The least urgent signal that a rule's alarm may have. */
static enum priority least_priority(const struct plan_rule *rule)
{
	enum priority least = rule->priority;
	if (rule->first != PRIORITY_NONE && rule->first < least)
		least = rule->first;
	if (rule->lower_phases != 0 && rule->lower < least)
		least = rule->lower;
	return least;
}

/* A rule may give way to a more urgent one only, or the urgent alarm would be hidden. */
static void check_urgency(const struct section *section, const struct plan *plan, const struct plan_rule *rule)
{
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if ((rule->superseded_by & RULE_BIT(i)) != 0 && least_priority(&plan->rules[i]) < least_priority(rule))
			report_error(
			    section->source->report, key_where(section, "superseded_by"),
			    "rule %s can be less urgent than rule %s (legal: rules of the same or a higher priority)",
			    plan->rules[i].name, rule->name);
}

/* All rules that `rule` depends on, over any number of steps. */
static rule_set dependencies(const struct plan *plan, uint8_t rule)
{
	rule_set set = plan->rules[rule].superseded_by | plan->rules[rule].with, before = 0;
	while (set != before) {
		before = set;
		for (uint8_t i = 0; i < plan->rule_count; i++)
			if ((before & RULE_BIT(i)) != 0)
				set |= plan->rules[i].superseded_by | plan->rules[i].with;
	}
	return set;
}

static bool names_dependent(const struct plan *plan, rule_set set)
{
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if ((set & RULE_BIT(i)) != 0 && plan->rules[i].with != 0)
			return true;
	return false;
}

static void read_references(const struct section *root, struct plan *plan, uint8_t count)
{
	struct report *report = root->source->report;
	for (uint8_t i = 0; i < count; i++) {
		struct section section = section_at(root, "rule", i);
		plan->rules[i].superseded_by = read_rule_set(&section, "superseded_by", plan);
		plan->rules[i].with = read_rule_set(&section, "with", plan);
	}
	for (uint8_t i = 0; i < count; i++) {
		struct section section = section_at(root, "rule", i);
		const struct plan_rule *rule = &plan->rules[i];
		const char *key = rule->superseded_by != 0 ? "superseded_by" : "with";
		check_urgency(&section, plan, rule);
		if ((dependencies(plan, i) & RULE_BIT(i)) != 0)
			report_error(report, key_where(&section, key),
			             "rule %s comes back to itself (legal: no circle of superseded_by and with)",
			             rule->name);
		else if (names_dependent(plan, rule->with))
			report_error(report, key_where(&section, "with"),
			             "one of these has `with` itself (legal: rules without it)");
		else if (rule->with != 0 && (rule->with & ~rule->superseded_by) == 0)
			report_error(report, key_where(&section, "with"),
			             "each of these also supersedes rule %s (legal: one that does not)", rule->name);
	}
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

typedef void read_one(const struct section *section, const struct plan *plan, struct plan_rule *rule);

static void check_name(const struct section *section, const struct plan *plan, const struct plan_rule *rule)
{
	for (const struct plan_rule *other = plan->rules; other < rule; other++)
		if (other->kind != rule->kind && rule->name[0] != '\0' && strcmp(other->name, rule->name) == 0)
			report_error(section->source->report, section_where(section, "name"),
			             "there is another rule, gate or leave rule %s (legal: names of their own)",
			             rule->name);
}

static void read_kind(const struct section *parent, const char *name, struct plan *plan, read_one *read)
{
	unsigned room = (unsigned)(PLAN_RULES_MAX - plan->rule_count), count = section_count(parent, name);
	if (count > room) {
		struct section extra = section_at(parent, name, room);
		report_error(parent->source->report, section_where(&extra, name),
		             "there are more rules, gates and leave rules than %d (legal: at most %d together)",
		             PLAN_RULES_MAX, PLAN_RULES_MAX);
		count = room;
	}
	for (unsigned i = 0; i < count; i++) {
		struct section section = section_at(parent, name, i);
		struct plan_rule *rule = &plan->rules[plan->rule_count];
		read(&section, plan, rule);
		check_name(&section, plan, rule);
		plan->rule_count++;
	}
}

void read_rules(const struct section *root, struct plan *plan)
{
	struct section leave;
	read_kind(root, "rule", plan, read_alarm_rule);
	uint8_t alarms = plan->rule_count;
	if (alarms == 0)
		report_error(root->source->report, section_where(root, "rule"), "there is no rule (legal: 1..%d)",
		             PLAN_RULES_MAX);
	read_kind(root, "gate", plan, read_gate);
	if (section_count(root, "leave") > 0) {
		leave = section_at(root, "leave", 0);
		read_kind(&leave, "rule", plan, read_leave_rule);
	}
	read_references(root, plan, alarms);
}
