/* Plan files (etc/plans): schema, phases, rules, checks. Called by config_main.c at start. Nothing clinical has a
 * silent default: a limit without `clear`, a continuous value without `delay_s` or a rule without `priority` is an
 * error. */
#include <string.h>

#include "daemon/config/reading.h"

static cfg_opt_t missing_rows[] = {TREE_LINE(),
                                   TREE_VALUE("raise_after_s"),
                                   TREE_VALUE("priority"),
                                   TREE_VALUE("escalate_after_s"),
                                   TREE_VALUE("escalated"),
                                   TREE_END()};
static cfg_opt_t phase_rows[] = {TREE_LINE(), TREE_VALUE("anchor"), TREE_VALUE("after_s"), TREE_VALUE("after_min"),
                                 TREE_END()};
static cfg_opt_t term_rows[] = {
    TREE_LINE(),           TREE_VALUE("above"),         TREE_VALUE("at-least"), TREE_VALUE("below"),
    TREE_VALUE("at-most"), TREE_VALUE("rise-at-least"), TREE_VALUE("clear"),    TREE_END(),
};
static cfg_opt_t rule_rows[] = {
    TREE_LINE(),
    TREE_VALUE("text"),
    TREE_VALUE("priority"),
    TREE_VALUE("latching"),
    TREE_VALUE("combine"),
    TREE_VALUE("delay_s"),
    TREE_VALUE("clear_delay_s"),
    TREE_LIST("phases"),
    TREE_TITLED("term", term_rows),
    TREE_END(),
};
static cfg_opt_t check_rows[] = {
    TREE_LINE(),       TREE_VALUE("text"),  TREE_VALUE("parameter"),    TREE_VALUE("anchor"),
    TREE_LIST("at_s"), TREE_LIST("at_min"), TREE_VALUE("late_after_s"), TREE_VALUE("late_after_min"),
    TREE_END(),
};
static cfg_opt_t plan_rows[] = {
    TREE_LINE(),
    TREE_VALUE("title"),
    TREE_VALUE("demo"),
    TREE_VALUE("planned_duration_s"),
    TREE_VALUE("planned_duration_min"),
    TREE_VALUE("audio_pause_s"),
    TREE_VALUE("baseline_readings"),
    TREE_SECTION("missing", missing_rows),
    TREE_TITLED("phase", phase_rows),
    TREE_TITLED("rule", rule_rows),
    TREE_TITLED("check", check_rows),
    TREE_END(),
};

#define DAY_S INT64_C(86400)

static const char *const priorities[] = {
    [PRIORITY_NONE] = "none", [PRIORITY_LOW] = "low", [PRIORITY_MEDIUM] = "medium", [PRIORITY_HIGH] = "high", NULL,
};
static const char *const anchors[] = {
    [ANCHOR_OPEN] = "open",
    [ANCHOR_START] = "start",
    [ANCHOR_END] = "end",
    NULL,
};

static bool read_priority(const struct section *section, const char *key, enum need need, enum priority *priority)
{
	int choice;
	if (!key_choice(section, key, need, priorities, &choice))
		return false;
	*priority = (enum priority)choice;
	return true;
}

static bool read_anchor(const struct section *section, enum anchor *anchor)
{
	int choice;
	if (!key_choice(section, "anchor", REQUIRED, anchors, &choice))
		return false;
	*anchor = (enum anchor)choice;
	return true;
}

static void read_missing(const struct section *root, struct plan_missing *missing)
{
	static const struct span raise = {"raise_after_s", NULL, 1, 3600},
	                         escalate = {"escalate_after_s", NULL, 2, 7200};
	struct section section;
	if (!section_only(root, "missing", REQUIRED, &section))
		return;
	(void)key_span(&section, &raise, REQUIRED, &missing->raise_after_ns);
	(void)read_priority(&section, "priority", REQUIRED, &missing->priority);
	missing->escalate_after_ns = INT64_MAX;
	missing->escalated = missing->priority;
	bool wanted = key_count(&section, "escalated") > 0 || key_count(&section, "escalate_after_s") > 0;
	if (!wanted || !key_span(&section, &escalate, REQUIRED, &missing->escalate_after_ns) ||
	    !read_priority(&section, "escalated", REQUIRED, &missing->escalated))
		return;
	if (missing->escalate_after_ns <= missing->raise_after_ns)
		report_error(root->source->report, key_where(&section, "escalate_after_s"),
		             "is not after raise_after_s (legal: more than raise_after_s)");
	if (missing->escalated <= missing->priority)
		report_error(root->source->report, key_where(&section, "escalated"),
		             "is not more urgent than priority (legal: a higher one)");
}

static void read_phase(const struct section *section, struct plan *plan, uint8_t index)
{
	static const struct span after = {"after_s", "after_min", 0, DAY_S};
	struct plan_phase *phase = &plan->phases[index];
	struct report *report = section->source->report;
	(void)title_token(section, phase->name);
	if (!read_anchor(section, &phase->anchor))
		return;
	bool given = key_span(section, &after, OPTIONAL, &phase->after_ns);
	if (index == 0 && (phase->anchor != ANCHOR_OPEN || phase->after_ns != 0))
		report_error(report, section_where(section, "phase"),
		             "the first phase does not begin when the session is opened (legal: anchor open, after 0)");
	for (uint8_t i = 0; i < index; i++) {
		const struct plan_phase *earlier = &plan->phases[i];
		if (earlier->anchor != phase->anchor || earlier->after_ns < phase->after_ns)
			continue;
		struct where where = section_where(section, "phase");
		if (given)
			where = key_where(section, span_key(section, &after, OPTIONAL));
		report_error(report, where, "begins no later than phase %s, which stands before it (legal: later)",
		             earlier->name);
	}
}

static const struct comparison_key {
	const char *key;
	enum comparison comparison;
	enum reference reference;
} comparison_keys[] = {
    {"above", COMPARISON_ABOVE, REFERENCE_ABSOLUTE},
    {"at-least", COMPARISON_AT_LEAST, REFERENCE_ABSOLUTE},
    {"below", COMPARISON_BELOW, REFERENCE_ABSOLUTE},
    {"at-most", COMPARISON_AT_MOST, REFERENCE_ABSOLUTE},
    {"rise-at-least", COMPARISON_AT_LEAST, REFERENCE_BASELINE},
};
#define COMPARISON_KEYS  (sizeof comparison_keys / sizeof comparison_keys[0])
#define LEGAL_COMPARISON "one of above, at-least, below, at-most, rise-at-least"

static const struct comparison_key *find_comparison(const struct section *section)
{
	const struct comparison_key *found = NULL;
	for (size_t i = 0; i < COMPARISON_KEYS; i++) {
		if (key_count(section, comparison_keys[i].key) == 0)
			continue;
		if (found != NULL) {
			report_error(section->source->report, key_where(section, comparison_keys[i].key),
			             "%s is given as well (legal: " LEGAL_COMPARISON ")", found->key);
			return NULL;
		}
		found = &comparison_keys[i];
	}
	if (found == NULL)
		report_error(section->source->report, section_where(section, "term"),
		             "has no limit (legal: " LEGAL_COMPARISON ")");
	return found;
}

/* `clear` must be a value at which the term is not violated, or the alarm could never settle. */
static bool clear_valid(const struct rule_term *term)
{
	switch (term->comparison) {
	case COMPARISON_ABOVE:
		return term->clear <= term->limit;
	case COMPARISON_AT_LEAST:
		return term->clear < term->limit;
	case COMPARISON_BELOW:
		return term->clear >= term->limit;
	case COMPARISON_AT_MOST:
		return term->clear > term->limit;
	}
	return false;
}

static void read_term(const struct section *section, struct rule_term *term)
{
	int parameter = title_parameter(section);
	const struct comparison_key *found = find_comparison(section);
	if (parameter < 0 || found == NULL)
		return;
	const struct parameter_info *info = &parameter_table[parameter];
	term->parameter = (enum parameter)parameter;
	term->comparison = found->comparison;
	term->reference = found->reference;
	int64_t min = info->plausible_min, max = info->plausible_max, limit, clear;
	if (term->reference == REFERENCE_BASELINE) {
		max -= min;
		min = 0;
		if (term->parameter != PARAMETER_NIBP_SYS && term->parameter != PARAMETER_NIBP_DIA &&
		    term->parameter != PARAMETER_ECG_HR && term->parameter != PARAMETER_PULSE)
			report_error(section->source->report, key_where(section, found->key),
			             "%s has no baseline (legal: nibp_sys, nibp_dia, ecg_hr, pulse)", info->name);
	}
	if (!key_decimal(section, found->key, REQUIRED, 3, min, max, &limit) ||
	    !key_decimal(section, "clear", REQUIRED, 3, min, max, &clear))
		return;
	term->limit = (int32_t)limit;
	term->clear = (int32_t)clear;
	if (!clear_valid(term)) {
		bool upper = term->comparison == COMPARISON_ABOVE || term->comparison == COMPARISON_AT_LEAST;
		char text[32];
		decimal_text(text, sizeof text, limit, 3);
		report_error(section->source->report, key_where(section, "clear"),
		             "is on the wrong side of %s = %s (legal: %s the limit)", found->key, text,
		             upper ? "below" : "above");
	}
}

static uint8_t read_phases(const struct section *section, const struct plan *plan)
{
	uint8_t mask = 0;
	if (!key_present(section, "phases", OPTIONAL, "names of phases"))
		return (uint8_t)((1u << plan->phase_count) - 1);
	for (unsigned i = 0; i < key_count(section, "phases"); i++) {
		const char *name = key_string_at(section, "phases", i);
		uint8_t phase = 0;
		while (phase < plan->phase_count && strcmp(plan->phases[phase].name, name) != 0)
			phase++;
		if (phase == plan->phase_count)
			report_error(section->source->report, key_where_at(section, "phases", i),
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
	bool continuous = false;
	for (uint8_t i = 0; i < rule->term_count; i++)
		continuous |= parameter_table[rule->terms[i].parameter].cadence == CADENCE_CONTINUOUS;
	if (continuous) {
		(void)key_span(section, &delay, REQUIRED, &rule->delay_ns);
		(void)key_span(section, &clear, REQUIRED, &rule->clear_delay_ns);
	} else {
		key_refuse(section, "delay_s", why);
		key_refuse(section, "clear_delay_s", why);
	}
}

static void read_rule(const struct section *section, const struct plan *plan, struct plan_rule *rule)
{
	static const char *const combinations[] = {[COMBINATION_ANY] = "any", [COMBINATION_ALL] = "all", NULL};
	int before = section->source->report->count;
	int combination = COMBINATION_ANY;
	(void)title_token(section, rule->name);
	(void)key_text(section, "text", REQUIRED, rule->text, sizeof rule->text);
	(void)read_priority(section, "priority", REQUIRED, &rule->priority);
	(void)key_boolean(section, "latching", &rule->latching);
	(void)key_choice(section, "combine", OPTIONAL, combinations, &combination);
	rule->combination = (enum combination)combination;
	rule->phases = read_phases(section, plan);
	rule->term_count = (uint8_t)section_bounded(section, "term", RULE_TERMS_MAX);
	if (rule->term_count == 0)
		report_error(section->source->report, section_where(section, "term"),
		             "is missing in rule %s (legal: 1..%d)", section_title(section), RULE_TERMS_MAX);
	int terms_before = section->source->report->count;
	for (uint8_t i = 0; i < rule->term_count; i++) {
		struct section term = section_at(section, "term", i);
		read_term(&term, &rule->terms[i]);
	}
	if (rule->term_count > 0 && section->source->report->count == terms_before)
		read_delays(section, rule);
	if (rule->latching && rule->priority == PRIORITY_NONE && section->source->report->count == before)
		report_error(section->source->report, key_where(section, "latching"),
		             "priority none gives no signal that could latch (legal: false)");
}

static void read_times(const struct section *section, struct plan_check *check)
{
	static const struct span at = {"at_s", "at_min", 0, DAY_S};
	struct report *report = section->source->report;
	const char *key = span_key(section, &at, REQUIRED);
	if (key == NULL)
		return;
	unsigned count = key_count(section, key);
	if (count > PLAN_CHECK_TIMES_MAX) {
		report_error(report, key_where_at(section, key, PLAN_CHECK_TIMES_MAX),
		             "there are %u times (legal: 1..%d)", count, PLAN_CHECK_TIMES_MAX);
		return;
	}
	check->time_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		if (!span_at(section, &at, key, i, &check->times_ns[i]))
			return;
		if (i > 0 && check->times_ns[i] <= check->times_ns[i - 1])
			report_error(report, key_where_at(section, key, i),
			             "%s does not come after %s (legal: ascending times)",
			             key_string_at(section, key, i), key_string_at(section, key, i - 1));
	}
}

static void read_check(const struct section *section, struct plan_check *check)
{
	static const struct span late = {"late_after_s", "late_after_min", 1, 3600};
	(void)title_token(section, check->name);
	(void)key_text(section, "text", REQUIRED, check->text, sizeof check->text);
	(void)read_anchor(section, &check->anchor);
	(void)key_span(section, &late, REQUIRED, &check->late_after_ns);
	read_times(section, check);
	char name[NAME_BYTES];
	if (!key_token(section, "parameter", REQUIRED, name))
		return;
	int parameter = parameter_by_name(name);
	if (parameter >= 0 && parameter_table[parameter].cadence != CADENCE_CONTINUOUS)
		check->parameter = (enum parameter)parameter;
	else
		report_error(section->source->report, key_where(section, "parameter"),
		             "\"%s\" cannot be due at a time (legal: a cuff value or an entered score)", name);
}

static void read_sections(const struct section *root, struct plan *plan)
{
	struct report *report = root->source->report;
	plan->phase_count = (uint8_t)section_bounded(root, "phase", PLAN_PHASES_MAX);
	plan->rule_count = (uint8_t)section_bounded(root, "rule", PLAN_RULES_MAX);
	plan->check_count = (uint8_t)section_bounded(root, "check", PLAN_CHECKS_MAX);
	if (plan->phase_count == 0)
		report_error(report, section_where(root, "phase"), "there is no phase (legal: 1..%d)", PLAN_PHASES_MAX);
	if (plan->rule_count == 0)
		report_error(report, section_where(root, "rule"), "there is no rule (legal: 1..%d)", PLAN_RULES_MAX);
	for (uint8_t i = 0; i < plan->phase_count; i++) {
		struct section section = section_at(root, "phase", i);
		read_phase(&section, plan, i);
	}
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		struct section section = section_at(root, "rule", i);
		read_rule(&section, plan, &plan->rules[i]);
	}
	for (uint8_t i = 0; i < plan->check_count; i++) {
		struct section section = section_at(root, "check", i);
		read_check(&section, &plan->checks[i]);
	}
}

void read_plan(struct reading *reading, const char *file, struct where where)
{
	static const struct span duration = {"planned_duration_s", "planned_duration_min", 10, 43200};
	static const struct span pause = {"audio_pause_s", NULL, 10, 600};
	struct plan *plan = &reading->config->engine.plan;
	struct source source;
	(void)reading_name(reading, where, file, plan->name);
	if (reading_open(reading, &source, file, where, plan_rows, reading->config->plan_hash_hex)) {
		struct section root = tree_root(&source);
		int64_t readings;
		(void)key_text(&root, "title", REQUIRED, plan->title, sizeof plan->title);
		(void)key_boolean(&root, "demo", &plan->demo);
		(void)key_span(&root, &duration, REQUIRED, &plan->planned_duration_ns);
		plan->audio_pause_ns = 120 * NS_PER_S; /* two minutes, as common on bedside monitors */
		(void)key_span(&root, &pause, OPTIONAL, &plan->audio_pause_ns);
		if (key_integer(&root, "baseline_readings", REQUIRED, 1, 4, &readings))
			plan->baseline_readings = (uint8_t)readings;
		read_missing(&root, &plan->missing);
		read_sections(&root, plan);
	}
	tree_close(&source);
}
