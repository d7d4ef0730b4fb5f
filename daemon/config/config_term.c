/* One term of a rule: a parameter, its limits, where they end. Called by config_rule.c at start. */
#include <string.h>

#include "daemon/config/plan_reading.h"

#define LIMIT_VALUES                                                                                                   \
	TREE_VALUE("above"), TREE_VALUE("at-least"), TREE_VALUE("below"), TREE_VALUE("at-most"),                       \
	    TREE_VALUE("rise-above"), TREE_VALUE("rise-at-least"), TREE_VALUE("rise-below"),                           \
	    TREE_VALUE("rise-at-most")

cfg_opt_t term_rows[] = {
    TREE_LINE(),
    LIMIT_VALUES,
    TREE_VALUE("difference-above"),
    TREE_VALUE("other"),
    TREE_VALUE("clear"),
    TREE_VALUE("worse_step"),
    TREE_VALUE("baseline_below"),
    TREE_VALUE("baseline_drop"),
    TREE_VALUE("never_beyond"),
    TREE_END(),
};
cfg_opt_t gate_term_rows[] = {TREE_LINE(), LIMIT_VALUES, TREE_VALUE("clear"), TREE_END()};
cfg_opt_t leave_term_rows[] = {TREE_LINE(), LIMIT_VALUES, TREE_END()};

/* A term may have several limits (outside 50 .. 110); each becomes a term of the rule. */
static const struct comparison_key {
	const char *key;
	enum comparison comparison;
	enum reference reference;
} comparison_keys[] = {
    {"above", COMPARISON_ABOVE, REFERENCE_ABSOLUTE},
    {"at-least", COMPARISON_AT_LEAST, REFERENCE_ABSOLUTE},
    {"below", COMPARISON_BELOW, REFERENCE_ABSOLUTE},
    {"at-most", COMPARISON_AT_MOST, REFERENCE_ABSOLUTE},
    {"rise-above", COMPARISON_ABOVE, REFERENCE_BASELINE},
    {"rise-at-least", COMPARISON_AT_LEAST, REFERENCE_BASELINE},
    {"rise-below", COMPARISON_BELOW, REFERENCE_BASELINE},
    {"rise-at-most", COMPARISON_AT_MOST, REFERENCE_BASELINE},
    {"difference-above", COMPARISON_ABOVE, REFERENCE_DIFFERENCE},
};
#define COMPARISON_KEYS  (sizeof comparison_keys / sizeof comparison_keys[0])
#define LEGAL_COMPARISON "above, at-least, below, at-most, each also with rise- in front, or difference-above"

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

static bool is_upper(const struct rule_term *term)
{
	return term->comparison == COMPARISON_ABOVE || term->comparison == COMPARISON_AT_LEAST;
}

bool parameter_has_baseline(enum parameter parameter)
{
	return parameter == PARAMETER_NIBP_SYS || parameter == PARAMETER_NIBP_DIA || parameter == PARAMETER_ECG_HR ||
	       parameter == PARAMETER_PULSE || parameter == PARAMETER_HEART_RATE ||
	       parameter_table[parameter].cadence == CADENCE_ENTERED;
}
#define LEGAL_BASELINE "nibp_sys, nibp_dia, heart_rate, ecg_hr, pulse or an entered score"

static void read_other(const struct section *section, struct rule_term *term)
{
	char name[NAME_BYTES];
	if (!key_token(section, "other", REQUIRED, name))
		return;
	int other = parameter_by_name(name);
	if (other >= 0 && other != (int)term->parameter && parameter_table[other].cadence == CADENCE_CONTINUOUS &&
	    parameter_table[term->parameter].cadence == CADENCE_CONTINUOUS &&
	    strcmp(parameter_table[other].ucum, parameter_table[term->parameter].ucum) == 0)
		term->other = (enum parameter)other;
	else
		report_error(section->source->report, key_where(section, "other"),
		             "%s and \"%s\" cannot be compared (legal: two continuous parameters of the same unit)",
		             parameter_table[term->parameter].name, name);
}

/* The lower limit of a patient whose resting value is low. It may only ever be looser than the plan's, so it is never
 * allowed where a limit is critical: a baseline must not widen that one. */
static void read_low_baseline(const struct section *section, bool critical, struct rule_term *term)
{
	static const char *const keys[] = {"baseline_below", "baseline_drop"};
	const struct parameter_info *info = &parameter_table[term->parameter];
	struct report *report = section->source->report;
	if (key_count(section, keys[0]) == 0 && key_count(section, keys[1]) == 0)
		return;
	const char *why = critical                                ? "a baseline cannot widen a critical limit"
	                  : term->reference != REFERENCE_ABSOLUTE ? "the limit counts from the baseline already"
	                  : is_upper(term) || !parameter_has_baseline(term->parameter)
	                      ? "this limit knows no low baseline"
	                      : NULL;
	if (why != NULL) {
		key_refuse(section, keys[0], why);
		key_refuse(section, keys[1], why);
		return;
	}
	int64_t below, drop;
	int64_t min = info->plausible_min > 0 ? info->plausible_min : 1;
	bool right = key_decimal(section, keys[0], REQUIRED, 3, min, info->plausible_max, &below);
	if (!key_decimal(section, keys[1], REQUIRED, 3, 1, info->plausible_max, &drop) || !right)
		return;
	term->low_baseline = (int32_t)below;
	term->low_drop = (int32_t)drop;
	if (below - drop > term->limit)
		report_error(report, key_where(section, keys[1]),
		             "would tighten the limit of a patient just under baseline_below (legal: at least "
		             "baseline_below minus the limit)");
}

static unsigned limit_count(const struct section *section)
{
	unsigned count = 0;
	for (size_t i = 0; i < COMPARISON_KEYS; i++)
		count += key_count(section, comparison_keys[i].key) > 0;
	return count;
}

/* An alarm says where it ends, unless its term has several limits: then each ends at its own. A gate may say it. What
 * has to hold when the patient leaves has no end. */
static void read_clear(const struct section *section, enum rule_kind kind, const char *key, int64_t min, int64_t max,
                       struct rule_term *term)
{
	int64_t clear = term->limit;
	bool several = limit_count(section) > 1;
	bool strict = term->comparison == COMPARISON_AT_LEAST || term->comparison == COMPARISON_AT_MOST;
	bool given = key_count(section, "clear") > 0;
	if (!several && (given || kind == RULE_ALARM || (kind == RULE_GATE && strict)))
		if (!key_decimal(section, "clear", REQUIRED, 3, min, max, &clear))
			return;
	term->clear = (int32_t)clear;
	if (kind == RULE_LEAVE || clear_valid(term))
		return;
	char text[32];
	decimal_text(text, sizeof text, term->limit, 3);
	if (several)
		report_error(section->source->report, key_where(section, key),
		             "%s cannot end at its own limit (legal: above or below, with or without rise-)", text);
	else
		report_error(section->source->report, key_where(section, "clear"),
		             "is on the wrong side of %s = %s (legal: %s the limit)", key, text,
		             is_upper(term) ? "below" : "above");
}

/* How far two people may loosen a critical limit. A plan that does not say it leaves that to them. */
static void read_never(const struct section *section, const struct plan_rule *rule, int64_t min, int64_t max,
                       struct rule_term *term)
{
	static const char key[] = "never_beyond";
	int64_t never;
	if (key_count(section, key) == 0)
		return;
	if (!rule->critical || limit_count(section) > 1) {
		key_refuse(section, key,
		           rule->critical ? "a term with several limits has no one end"
		                          : "only a critical limit has such an end");
		return;
	}
	if (!key_decimal(section, key, REQUIRED, 3, min, max, &never))
		return;
	term->has_never = true;
	term->never = (int32_t)never;
	if (is_upper(term) ? never < term->limit : never > term->limit)
		report_error(section->source->report, key_where(section, key),
		             "is on the near side of the limit (legal: the limit, or looser)");
}

static void read_limit(const struct section *section, const struct plan_rule *rule, const struct comparison_key *found,
                       struct rule_term *term)
{
	const struct parameter_info *info = &parameter_table[term->parameter];
	term->comparison = found->comparison;
	term->reference = found->reference;
	int64_t min = info->plausible_min, max = info->plausible_max, limit, worse = 0;
	if (term->reference != REFERENCE_ABSOLUTE) {
		max -= min;
		min = term->reference == REFERENCE_BASELINE ? -max : 0;
	}
	if (term->reference == REFERENCE_BASELINE && !parameter_has_baseline(term->parameter))
		report_error(section->source->report, key_where(section, found->key),
		             "%s has no baseline (legal: " LEGAL_BASELINE ")", info->name);
	if (term->reference == REFERENCE_BASELINE && rule->critical)
		report_error(section->source->report, key_where(section, found->key),
		             "a critical limit cannot hang on the baseline (legal: above, at-least, below, at-most)");
	if (!key_decimal(section, found->key, REQUIRED, 3, min, max, &limit))
		return;
	term->limit = (int32_t)limit;
	read_clear(section, rule->kind, found->key, min, max, term);
	read_low_baseline(section, rule->critical, term);
	if (rule->kind == RULE_ALARM)
		read_never(section, rule, min, max, term);
	if (rule->kind == RULE_ALARM &&
	    key_decimal(section, "worse_step", OPTIONAL, 3, 1, info->plausible_max - info->plausible_min, &worse))
		term->worse_step = (int32_t)worse;
	if (term->reference == REFERENCE_DIFFERENCE)
		read_other(section, term);
	else if (limit_count(section) == 1)
		key_refuse(section, "other", "only difference-above compares two parameters");
}

/* The limit before `index` that means the same direction, or NULL. */
static const struct comparison_key *same_direction(const struct section *section, size_t index)
{
	const struct comparison_key *this = &comparison_keys[index];
	bool upper = this->comparison == COMPARISON_ABOVE || this->comparison == COMPARISON_AT_LEAST;
	for (size_t i = 0; i < index; i++) {
		const struct comparison_key *other = &comparison_keys[i];
		bool other_upper = other->comparison == COMPARISON_ABOVE || other->comparison == COMPARISON_AT_LEAST;
		if (key_count(section, other->key) > 0 && other->reference == this->reference && other_upper == upper)
			return other;
	}
	return NULL;
}

void read_term(const struct section *section, struct plan_rule *rule)
{
	struct report *report = section->source->report;
	int parameter = title_parameter(section, PARAMETER_BIT(PARAMETER_COUNT) - 1);
	if (limit_count(section) == 0)
		report_error(report, section_where(section, "term"), "has no limit (legal: " LEGAL_COMPARISON ")");
	if (limit_count(section) > 1)
		key_refuse(section, "clear", "a term with several limits ends at each of them");
	for (size_t i = 0; i < COMPARISON_KEYS && parameter >= 0; i++) {
		const struct comparison_key *key = &comparison_keys[i], *same = same_direction(section, i);
		if (key_count(section, key->key) == 0)
			continue;
		if (same != NULL) {
			report_error(report, key_where(section, key->key),
			             "%s is given as well (legal: one limit in each direction)", same->key);
		} else if (rule->term_count == RULE_TERMS_MAX) {
			report_error(report, key_where(section, key->key),
			             "is one limit too many in rule %s (legal: 1..%d)", rule->name, RULE_TERMS_MAX);
		} else {
			struct rule_term *term = &rule->terms[rule->term_count++];
			term->parameter = (enum parameter)parameter;
			read_limit(section, rule, key, term);
		}
	}
}
