/* Plan files (etc/plans): schema, phases, checks, prescription, items, leaving. The rules are in config_rule.c. Called
 * by config_main.c at start. */
#include <string.h>

#include "daemon/config/plan_reading.h"

static cfg_opt_t missing_rows[] = {TREE_LINE(),
                                   TREE_VALUE("raise_after_s"),
                                   TREE_VALUE("priority"),
                                   TREE_VALUE("escalate_after_s"),
                                   TREE_VALUE("escalated"),
                                   TREE_VALUE("clear_after_s"),
                                   TREE_VALUE("only_source"),
                                   TREE_VALUE("no_vital_sign"),
                                   TREE_VALUE("no_vital_sign_after_s"),
                                   TREE_VALUE("no_vital_sign_measure_now"),
                                   TREE_LIST("parameters"),
                                   TREE_END()};
static cfg_opt_t usual_rows[] = {TREE_LINE(), TREE_VALUE("rise-from"), TREE_VALUE("rise-to"), TREE_END()};
static cfg_opt_t phase_rows[] = {TREE_LINE(),
                                 TREE_VALUE("text"),
                                 TREE_VALUE("anchor"),
                                 TREE_VALUE("after_s"),
                                 TREE_VALUE("after_min"),
                                 TREE_TITLED("usual", usual_rows),
                                 TREE_END()};
static cfg_opt_t check_rows[] = {
    TREE_LINE(),
    TREE_VALUE("text"),
    TREE_VALUE("parameter"),
    TREE_VALUE("anchor"),
    TREE_LIST("at_s"),
    TREE_LIST("at_min"),
    TREE_VALUE("early_s"),
    TREE_VALUE("early_min"),
    TREE_VALUE("late_after_s"),
    TREE_VALUE("late_after_min"),
    TREE_VALUE("late_priority"),
    TREE_LIST("with"),
    TREE_END(),
};
static cfg_opt_t item_rows[] = {TREE_LINE(), TREE_VALUE("text"), TREE_VALUE("when"), TREE_END()};
static cfg_opt_t dose_rows[] = {
    TREE_LINE(),
    TREE_VALUE("required"),
    TREE_VALUE("min_mg_per_kg"),
    TREE_VALUE("max_mg_per_kg"),
    TREE_VALUE("min_duration_s"),
    TREE_VALUE("min_duration_min"),
    TREE_VALUE("min_mg_per_ml"),
    TREE_VALUE("max_mg_per_ml"),
    TREE_LIST("allowed_mg"),
    TREE_VALUE("device_mg"),
    TREE_VALUE("device_rest_s"),
    TREE_VALUE("device_rest_min"),
    TREE_END(),
};
static cfg_opt_t earliest_rows[] = {TREE_LINE(), TREE_VALUE("anchor"), TREE_VALUE("after_s"), TREE_VALUE("after_min"),
                                    TREE_END()};
static cfg_opt_t leave_rows[] = {
    TREE_LINE(),
    TREE_SECTION("earliest", earliest_rows),
    TREE_VALUE("quiet_s"),
    TREE_VALUE("quiet_min"),
    TREE_VALUE("cuff_within_s"),
    TREE_VALUE("cuff_within_min"),
    TREE_VALUE("score_within_s"),
    TREE_VALUE("score_within_min"),
    TREE_TITLED("rule", leave_rule_rows),
    TREE_END(),
};
static cfg_opt_t plan_rows[] = {
    TREE_LINE(),
    TREE_VALUE("title"),
    TREE_VALUE("demo"),
    TREE_VALUE("watch_without_session"),
    TREE_VALUE("route"),
    TREE_VALUE("planned_duration_s"),
    TREE_VALUE("planned_duration_min"),
    TREE_VALUE("audio_pause_s"),
    TREE_VALUE("gap_s"),
    TREE_VALUE("reminder_s"),
    TREE_VALUE("reminder_min"),
    TREE_VALUE("measure_again_s"),
    TREE_VALUE("nuisance_s"),
    TREE_VALUE("gap_alarm_s"),
    TREE_VALUE("cuff_rest_s"),
    TREE_VALUE("cuff_mask_s"),
    TREE_VALUE("cuff_mask_max_s"),
    TREE_VALUE("baseline_readings"),
    TREE_VALUE("gate_cuff_within_s"),
    TREE_VALUE("gate_cuff_within_min"),
    TREE_LIST("baseline_scores"),
    TREE_SECTION("missing", missing_rows),
    TREE_SECTION("dose", dose_rows),
    TREE_SECTION("leave", leave_rows),
    TREE_TITLED("phase", phase_rows),
    TREE_TITLED("rule", rule_rows),
    TREE_TITLED("gate", gate_rows),
    TREE_TITLED("check", check_rows),
    TREE_TITLED("item", item_rows),
    TREE_END(),
};

/* The parameters that the list `key` names, all of `cadence`; what else it names is reported with `why`. */
static parameter_set read_parameter_set(const struct section *section, const char *key, enum cadence cadence,
                                        const char *why, const char *legal)
{
	parameter_set set = 0;
	if (!key_present(section, key, OPTIONAL, legal))
		return 0;
	for (unsigned i = 0; i < key_count(section, key); i++) {
		const char *name = key_string_at(section, key, i);
		int parameter = parameter_by_name(name);
		if (parameter >= 0 && parameter_table[parameter].cadence == cadence &&
		    !parameter_derived((enum parameter)parameter))
			set |= PARAMETER_BIT(parameter);
		else
			report_error(section->source->report, key_where_at(section, key, i), "\"%.40s\" %s (legal: %s)",
			             name, why, legal);
	}
	return set;
}

/* What a device says of the patient, not of itself. */
static void read_vital_sign(const struct section *missing, struct plan *plan)
{
	static const struct span after = {"no_vital_sign_after_s", NULL, 1, 120};
	if (key_count(missing, "no_vital_sign") == 0 && key_count(missing, "no_vital_sign_after_s") == 0 &&
	    key_count(missing, "no_vital_sign_measure_now") == 0)
		return;
	(void)key_span(missing, &after, REQUIRED, &plan->no_vital_sign.after_ns);
	if (read_priority(missing, "no_vital_sign", REQUIRED, &plan->no_vital_sign.priority) &&
	    plan->no_vital_sign.priority <= plan->missing.priority)
		report_error(missing->source->report, key_where(missing, "no_vital_sign"),
		             "is not more urgent than priority (legal: a higher one)");
	if (key_boolean(missing, "no_vital_sign_measure_now", &plan->no_vital_sign.measure_now) &&
	    plan->no_vital_sign.measure_now && plan->measure_again_ns == 0)
		report_error(missing->source->report, key_where(missing, "no_vital_sign_measure_now"),
		             "needs measure_again_s of the plan (legal: 60..900)");
}

static void read_missing(const struct section *root, struct plan *plan)
{
	struct plan_missing *missing = &plan->missing;
	static const struct span raise = {"raise_after_s", NULL, 1, 3600},
	                         escalate = {"escalate_after_s", NULL, 2, 7200},
	                         clear = {"clear_after_s", NULL, 0, 600};
	struct section section;
	if (!section_only(root, "missing", REQUIRED, &section))
		return;
	(void)key_span(&section, &raise, REQUIRED, &missing->raise_after_ns);
	(void)read_priority(&section, "priority", REQUIRED, &missing->priority);
	(void)key_span(&section, &clear, OPTIONAL, &plan->missing_clear_ns);
	read_vital_sign(&section, plan);
	(void)read_priority(&section, "only_source", OPTIONAL, &plan->missing_sole);
	plan->missing_parameters = read_parameter_set(&section, "parameters", CADENCE_CONTINUOUS, "does not go missing",
	                                              "a continuous parameter");
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

static parameter_set with_baseline(void)
{
	parameter_set set = 0;
	for (int i = 0; i < PARAMETER_COUNT; i++)
		if (parameter_table[i].cadence != CADENCE_ENTERED && parameter_has_baseline((enum parameter)i))
			set |= PARAMETER_BIT(i);
	return set;
}

/* The range that is usual in a phase, as a rise over the baseline. */
static void read_usual(const struct section *section, struct plan_usual *usual)
{
	struct report *report = section->source->report;
	int parameter = title_parameter(section, with_baseline());
	int64_t low, high;
	if (parameter < 0)
		return;
	const struct parameter_info *info = &parameter_table[parameter];
	int64_t most = (int64_t)info->plausible_max - info->plausible_min;
	usual->parameter = (enum parameter)parameter;
	bool right = key_decimal(section, "rise-from", REQUIRED, 3, -most, most, &low);
	if (!key_decimal(section, "rise-to", REQUIRED, 3, -most, most, &high) || !right)
		return;
	usual->low_rise = (int32_t)low;
	usual->high_rise = (int32_t)high;
	if (low >= high)
		report_error(report, key_where(section, "rise-to"), "is not above rise-from (legal: more than that)");
}

static void read_phase(const struct section *section, struct plan *plan, uint8_t index)
{
	static const struct span after = {"after_s", "after_min", 0, DAY_S};
	struct plan_phase *phase = &plan->phases[index];
	struct report *report = section->source->report;
	(void)title_token(section, phase->name);
	memcpy(phase->text, phase->name, sizeof phase->name);
	(void)key_text(section, "text", OPTIONAL, phase->text, sizeof phase->text);
	phase->usual_count = (uint8_t)section_bounded(section, "usual", PLAN_USUAL_MAX);
	for (uint8_t i = 0; i < phase->usual_count; i++) {
		struct section usual = section_at(section, "usual", i);
		read_usual(&usual, &phase->usual[i]);
	}
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

static void read_check(const struct section *section, const struct plan *plan, struct plan_check *check)
{
	static const struct span late = {"late_after_s", "late_after_min", 1, 3600},
	                         early = {"early_s", "early_min", 0, 1800};
	(void)title_token(section, check->name);
	(void)key_text(section, "text", REQUIRED, check->text, sizeof check->text);
	(void)read_anchor(section, &check->anchor);
	(void)key_span(section, &late, REQUIRED, &check->late_after_ns);
	check->early_ns = 120 * NS_PER_S;
	(void)key_span(section, &early, OPTIONAL, &check->early_ns);
	check->late = PRIORITY_LOW;
	if (read_priority(section, "late_priority", OPTIONAL, &check->late) && check->late == PRIORITY_NONE)
		report_error(section->source->report, key_where(section, "late_priority"),
		             "a late check must be told (legal: low | medium | high)");
	check->with = read_rule_set(section, "with", plan);
	read_times(section, check);
	char name[NAME_BYTES];
	if (!key_token(section, "parameter", REQUIRED, name))
		return;
	int parameter = parameter_by_name(name);
	if (parameter >= 0 && parameter_table[parameter].cadence != CADENCE_CONTINUOUS &&
	    !parameter_derived((enum parameter)parameter))
		check->parameter = (enum parameter)parameter;
	else
		report_error(section->source->report, key_where(section, "parameter"),
		             "\"%s\" cannot be due at a time (legal: a cuff value or an entered score)", name);
}

static void read_item(const struct section *section, struct plan_item *item)
{
	static const char *const whens[] = {[ITEM_START] = "start", [ITEM_LEAVE] = "leave", NULL};
	int when;
	(void)title_token(section, item->name);
	(void)key_text(section, "text", REQUIRED, item->text, sizeof item->text);
	if (key_choice(section, "when", REQUIRED, whens, &when))
		item->when = (enum item_when)when;
}

/* Two bounds in milligrams per something, as micrograms; each may be left out. */
static void read_bounds(const struct section *section, const char *low_key, const char *high_key, int64_t max_ug,
                        int32_t *low, int32_t *high)
{
	int64_t value;
	if (key_decimal(section, low_key, OPTIONAL, 3, 1, max_ug, &value))
		*low = (int32_t)value;
	if (!key_decimal(section, high_key, OPTIONAL, 3, 1, max_ug, &value))
		return;
	*high = (int32_t)value;
	if (*low > *high)
		report_error(section->source->report, key_where(section, high_key),
		             "is less than %s (legal: at least that)", low_key);
}

static void read_devices(const struct section *section, struct plan_dose *dose)
{
	static const struct span rest = {"device_rest_s", "device_rest_min", 1, 3600};
	struct report *report = section->source->report;
	int64_t mg;
	if (key_integer(section, "device_mg", OPTIONAL, 1, 1000, &mg)) {
		dose->device_ug = (int32_t)mg * 1000;
		(void)key_span(section, &rest, REQUIRED, &dose->device_rest_ns);
	} else if (key_count(section, "device_mg") == 0) {
		key_refuse(section, "device_rest_s", "there are no devices without device_mg");
		key_refuse(section, "device_rest_min", "there are no devices without device_mg");
	}
	if (!key_present(section, "allowed_mg", OPTIONAL, "1..1000 mg"))
		return;
	unsigned count = key_count(section, "allowed_mg");
	if (count > PLAN_DOSES_MAX) {
		report_error(report, key_where_at(section, "allowed_mg", PLAN_DOSES_MAX),
		             "there are %u doses (legal: 1..%d)", count, PLAN_DOSES_MAX);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		if (!key_integer_at(section, "allowed_mg", i, 1, 1000, &mg))
			continue;
		dose->allowed_ug[dose->allowed_count++] = (int32_t)mg * 1000;
		if (dose->device_ug != 0 && mg * 1000 % dose->device_ug != 0)
			report_error(report, key_where_at(section, "allowed_mg", i),
			             "%d mg is no number of whole devices (legal: multiples of device_mg)", (int)mg);
	}
}

static void read_dose(const struct section *root, struct plan_dose *dose)
{
	static const struct span duration = {"min_duration_s", "min_duration_min", 1, 43200};
	struct section section;
	if (!section_only(root, "dose", OPTIONAL, &section))
		return;
	(void)key_boolean(&section, "required", &dose->required);
	read_bounds(&section, "min_mg_per_kg", "max_mg_per_kg", 100 * INT64_C(1000), &dose->min_ug_per_kg,
	            &dose->max_ug_per_kg);
	read_bounds(&section, "min_mg_per_ml", "max_mg_per_ml", ORDER_UG_PER_ML_MAX, &dose->min_ug_per_ml,
	            &dose->max_ug_per_ml);
	(void)key_span(&section, &duration, OPTIONAL, &dose->min_duration_ns);
	read_devices(&section, dose);
}

static void read_leave(const struct section *root, struct plan_leave *leave)
{
	static const struct span after = {"after_s", "after_min", 0, DAY_S}, quiet = {"quiet_s", "quiet_min", 1, 7200},
	                         cuff = {"cuff_within_s", "cuff_within_min", 60, 14400},
	                         score = {"score_within_s", "score_within_min", 60, 14400};
	struct section section, earliest;
	if (!section_only(root, "leave", OPTIONAL, &section))
		return;
	(void)key_span(&section, &quiet, OPTIONAL, &leave->quiet_ns);
	(void)key_span(&section, &cuff, OPTIONAL, &leave->cuff_within_ns);
	(void)key_span(&section, &score, OPTIONAL, &leave->score_within_ns);
	if (!section_only(&section, "earliest", OPTIONAL, &earliest))
		return;
	leave->has_earliest = read_anchor(&earliest, &leave->earliest);
	(void)key_span(&earliest, &after, REQUIRED, &leave->earliest_after_ns);
}

static void read_sections(const struct section *root, struct plan *plan)
{
	plan->phase_count = (uint8_t)section_bounded(root, "phase", PLAN_PHASES_MAX);
	plan->check_count = (uint8_t)section_bounded(root, "check", PLAN_CHECKS_MAX);
	plan->item_count = (uint8_t)section_bounded(root, "item", PLAN_ITEMS_MAX);
	if (plan->phase_count == 0)
		report_error(root->source->report, section_where(root, "phase"), "there is no phase (legal: 1..%d)",
		             PLAN_PHASES_MAX);
	for (uint8_t i = 0; i < plan->phase_count; i++) {
		struct section section = section_at(root, "phase", i);
		read_phase(&section, plan, i);
	}
	read_rules(root, plan);
	for (uint8_t i = 0; i < plan->check_count; i++) {
		struct section section = section_at(root, "check", i);
		read_check(&section, plan, &plan->checks[i]);
	}
	for (uint8_t i = 0; i < plan->item_count; i++) {
		struct section section = section_at(root, "item", i);
		read_item(&section, &plan->items[i]);
	}
}

/* How alarms sound and how the cuff is used. */
static void read_manners(const struct section *root, struct plan *plan)
{
	static const struct span pause = {"audio_pause_s", NULL, 10, 600}, gap = {"gap_s", NULL, 1, 300},
	                         reminder = {"reminder_s", "reminder_min", 10, 3600},
	                         nuisance = {"nuisance_s", NULL, 1, 120}, away = {"gap_alarm_s", NULL, 1, 3600},
	                         again = {"measure_again_s", NULL, 60, 900}, rest = {"cuff_rest_s", NULL, 5, 120},
	                         mask = {"cuff_mask_s", NULL, 0, 60}, mask_max = {"cuff_mask_max_s", NULL, 10, 180};
	plan->audio_pause_ns = 120 * NS_PER_S; /* two minutes, as common on bedside monitors */
	plan->nuisance_ns = 15 * NS_PER_S;
	plan->gap_alarm_ns = 10 * NS_PER_S; /* as long as the shortest delay of a critical rule */
	plan->cuff_rest_ns = 5 * NS_PER_S;  /* the least gap of automatic cycles (Spacelabs manual) */
	plan->cuff_mask_ns = 30 * NS_PER_S; /* rule C4 of the session protocol */
	plan->cuff_mask_max_ns = 90 * NS_PER_S;
	(void)key_span(root, &pause, OPTIONAL, &plan->audio_pause_ns);
	(void)key_span(root, &gap, OPTIONAL, &plan->gap_ns);
	(void)key_span(root, &reminder, OPTIONAL, &plan->reminder_ns);
	(void)key_span(root, &nuisance, OPTIONAL, &plan->nuisance_ns);
	(void)key_span(root, &away, OPTIONAL, &plan->gap_alarm_ns);
	(void)key_span(root, &again, OPTIONAL, &plan->measure_again_ns);
	(void)key_span(root, &rest, OPTIONAL, &plan->cuff_rest_ns);
	(void)key_span(root, &mask, OPTIONAL, &plan->cuff_mask_ns);
	(void)key_span(root, &mask_max, OPTIONAL, &plan->cuff_mask_max_ns);
	if (plan->cuff_mask_max_ns <= plan->cuff_mask_ns)
		report_error(root->source->report, key_where(root, "cuff_mask_max_s"),
		             "is not longer than cuff_mask_s (legal: more)");
}

static void read_baseline(const struct section *root, struct plan *plan)
{
	static const struct span within = {"gate_cuff_within_s", "gate_cuff_within_min", 60, 14400};
	int64_t readings;
	(void)key_span(root, &within, OPTIONAL, &plan->gate_cuff_within_ns); /* left out: any age */
	if (key_integer(root, "baseline_readings", REQUIRED, 1, 4, &readings))
		plan->baseline_readings = (uint8_t)readings;
	plan->baseline_scores =
	    read_parameter_set(root, "baseline_scores", CADENCE_ENTERED, "is not entered by staff", "an entered score");
}

void read_plan(struct reading *reading, const char *file, struct where where)
{
	static const char *const routes[] = {[ROUTE_NONE] = "none", [ROUTE_IV] = "iv", [ROUTE_SPRAY] = "spray", NULL};
	static const struct span duration = {"planned_duration_s", "planned_duration_min", 10, 43200};
	struct plan *plan = &reading->config->engine.plan;
	struct source source;
	(void)reading_name(reading, where, file, plan->name);
	if (reading_open(reading, &source, file, where, plan_rows, reading->config->plan_hash_hex)) {
		struct section root = tree_root(&source);
		int route = ROUTE_NONE;
		(void)key_text(&root, "title", REQUIRED, plan->title, sizeof plan->title);
		(void)key_boolean(&root, "demo", &plan->demo);
		plan->watch_without_session = true;
		(void)key_boolean(&root, "watch_without_session", &plan->watch_without_session);
		(void)key_choice(&root, "route", OPTIONAL, routes, &route);
		plan->route = (enum route)route;
		(void)key_span(&root, &duration, REQUIRED, &plan->planned_duration_ns);
		read_manners(&root, plan);
		read_baseline(&root, plan);
		read_missing(&root, plan);
		read_dose(&root, &plan->dose);
		read_leave(&root, &plan->leave);
		read_sections(&root, plan);
	}
	tree_close(&source);
}
