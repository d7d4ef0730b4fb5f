/* Plans: every number of the shipped ones against a second table, what is missing in a plan means, and what `--check`
 * prints of one. Mistakes in plans are in tests/config/bad (test_config.c). Run from the top of the repository. */
#include "tests/unit/config_world.h"

static const struct plan_rule *find_rule(const char *name)
{
	const struct plan *plan = &config.engine.plan;
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (strcmp(plan->rules[i].name, name) == 0)
			return &plan->rules[i];
	return NULL;
}

static void test_shipped_demo_plan(void **state)
{
	(void)state;
	read_good("etc/vitalsd.conf");
	const struct plan *plan = &config.engine.plan;
	assert_string_equal(plan->name, "demo");
	assert_true(plan->demo);
	assert_int_equal(plan->planned_duration_ns, 40 * NS_PER_S);
	assert_int_equal(plan->audio_pause_ns, 20 * NS_PER_S);
	assert_int_equal(plan->missing.escalated, PRIORITY_MEDIUM);
	assert_int_equal(plan->phase_count, 5);
	assert_int_equal(plan->phases[4].anchor, ANCHOR_END);
	assert_int_equal(plan->phases[4].after_ns, 40 * NS_PER_S);
	assert_int_equal(plan->check_count, 4);
	assert_int_equal(plan->checks[1].times_ns[3], 35 * NS_PER_S);
	const struct plan_rule *b3 = find_rule("B3"), *b4 = find_rule("B4"), *b5 = find_rule("B5"),
	                       *o1 = find_rule("O1");
	assert_true(b3 != NULL && b4 != NULL && b5 != NULL && o1 != NULL);
	assert_int_equal(b3->phases, 0x02);
	assert_int_equal(b4->phases, 0x1C);
	assert_int_equal(b4->terms[0].comparison, COMPARISON_ABOVE);
	assert_int_equal(b5->phases, 0x1F);
	assert_int_equal(b5->combination, COMBINATION_ANY);
	assert_int_equal(b5->term_count, 2);
	assert_int_equal(b5->terms[1].reference, REFERENCE_BASELINE);
	assert_int_equal(b5->terms[1].comparison, COMPARISON_AT_LEAST);
	assert_int_equal(b5->terms[1].limit, 25 * MILLI);
	assert_int_equal(o1->terms[0].clear, 95 * MILLI);
	assert_int_equal(o1->delay_ns, 6 * NS_PER_S);
	assert_int_equal(o1->clear_delay_ns, 3 * NS_PER_S);
	/* Nothing stands in the way of two minutes. */
	assert_int_equal(plan->item_count, 0);
	assert_int_equal(plan->baseline_scores, 0);
	assert_false(plan->dose.required || plan->leave.has_earliest || plan->leave.quiet_ns != 0);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		assert_int_equal(plan->rules[i].kind, RULE_ALARM);
}

static rule_set rule_bit(const char *name)
{
	const struct plan_rule *rule = find_rule(name);
	if (rule == NULL)
		fail_msg("there is no rule %s", name);
	return RULE_BIT(rule - config.engine.plan.rules);
}

/* The numbers of the rule table, written down a second time. */
struct row {
	const char *name;
	enum parameter parameter;
	int32_t limit, clear; /* in whole units */
	int delay_s, clear_delay_s;
	enum priority priority;
	bool latching, critical, confirm;
	enum priority first;
	uint8_t clear_readings;
};

static const struct row shared_rows[] = {
    {"B1", PARAMETER_NIBP_SYS, 180, 170, 0, 0, PRIORITY_HIGH, true, true, true, PRIORITY_MEDIUM, 2},
    {"B2", PARAMETER_NIBP_SYS, 200, 170, 0, 0, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 2},
    {"B4", PARAMETER_NIBP_SYS, 160, 155, 0, 0, PRIORITY_MEDIUM, false, false, true, PRIORITY_NONE, 2},
    {"B5", PARAMETER_NIBP_SYS, 40, 30, 0, 0, PRIORITY_MEDIUM, false, false, true, PRIORITY_NONE, 2},
    {"B6", PARAMETER_NIBP_SYS, 90, 95, 0, 0, PRIORITY_HIGH, true, true, true, PRIORITY_MEDIUM, 2},
    {"B8", PARAMETER_NIBP_SYS, -30, -25, 0, 0, PRIORITY_MEDIUM, false, false, true, PRIORITY_NONE, 2},
    {"B9", PARAMETER_NIBP_MEAN, 65, 70, 0, 0, PRIORITY_MEDIUM, false, false, true, PRIORITY_NONE, 2},
    {"B10", PARAMETER_PULSE_PRESSURE, 20, 25, 0, 0, PRIORITY_MEDIUM, false, false, true, PRIORITY_NONE, 2},
    {"H5", PARAMETER_ECG_HR, 20, 10, 30, 30, PRIORITY_LOW, false, false, false, PRIORITY_NONE, 1},
    {"O1", PARAMETER_SPO2, 93, 95, 30, 15, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"O2", PARAMETER_SPO2, 90, 92, 15, 15, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
    {"O3", PARAMETER_SPO2, 85, 92, 5, 15, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
    {"R1", PARAMETER_RESP, 10, 12, 30, 30, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"R2", PARAMETER_RESP, 8, 10, 15, 30, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
    {"R3", PARAMETER_RESP, 24, 22, 60, 30, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"R4", PARAMETER_ETCO2, 55, 50, 60, 30, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"S1", PARAMETER_MOAAS, 4, 5, 0, 0, PRIORITY_NONE, false, false, false, PRIORITY_NONE, 1},
    {"S2", PARAMETER_MOAAS, 3, 4, 0, 0, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"S3", PARAMETER_MOAAS, 2, 4, 0, 0, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
    {"S3-resp", PARAMETER_MOAAS, 3, 4, 0, 0, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
    {"S4", PARAMETER_RASS, 2, 1, 0, 0, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"S4-high", PARAMETER_RASS, 3, 1, 0, 0, PRIORITY_HIGH, true, false, false, PRIORITY_NONE, 1},
    {"S4-distress", PARAMETER_DISTRESS, 1, 0, 0, 0, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
    {"S5", PARAMETER_RASS, -4, -2, 0, 0, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
    {"D1", PARAMETER_CADSS, 4, 4, 0, 0, PRIORITY_NONE, false, false, false, PRIORITY_NONE, 1},
};

static void check_row(const struct row *row)
{
	const struct plan_rule *rule = find_rule(row->name);
	if (rule == NULL)
		fail_msg("there is no rule %s", row->name);
	const struct rule_term *term = &rule->terms[0];
	bool same = term->parameter == row->parameter && term->limit == row->limit * MILLI &&
	            term->clear == row->clear * MILLI && rule->delay_ns == row->delay_s * NS_PER_S &&
	            rule->clear_delay_ns == row->clear_delay_s * NS_PER_S && rule->priority == row->priority &&
	            rule->latching == row->latching && rule->critical == row->critical &&
	            rule->confirm == row->confirm && rule->first == row->first &&
	            rule->clear_readings == row->clear_readings;
	if (!same)
		fail_msg("rule %s is not as in the table", row->name);
	assert_int_equal(rule->confirm_within_ns, row->confirm ? 90 * NS_PER_S : 0);
}

/* What both clinical plans have in common. */
static void check_clinical_plan(void)
{
	const enum parameter hr = PARAMETER_HEART_RATE;
	for (size_t i = 0; i < sizeof shared_rows / sizeof shared_rows[0]; i++)
		check_row(&shared_rows[i]);
	const struct row heart[] = {
	    {"H1", hr, 110, 105, 60, 30, PRIORITY_LOW, false, false, false, PRIORITY_NONE, 1},
	    {"H2", hr, 130, 125, 15, 30, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
	    {"H3", hr, 50, 55, 30, 30, PRIORITY_MEDIUM, false, false, false, PRIORITY_NONE, 1},
	    {"H4", hr, 40, 45, 10, 15, PRIORITY_HIGH, true, true, false, PRIORITY_NONE, 1},
	};
	for (size_t i = 0; i < sizeof heart / sizeof heart[0]; i++)
		check_row(&heart[i]);
	const struct rule_term *shock = &find_rule("B11")->terms[0];
	assert_true(shock->parameter == PARAMETER_SHOCK_INDEX && shock->limit == 900 && shock->clear == 800);
	const struct plan *plan = &config.engine.plan;
	const struct plan_rule *b1 = find_rule("B1"), *h3 = find_rule("H3"), *h5 = find_rule("H5"),
	                       *d1 = find_rule("D1");
	assert_int_equal(b1->terms[1].parameter, PARAMETER_NIBP_DIA);
	assert_int_equal(b1->terms[1].limit, 110 * MILLI);
	assert_int_equal(b1->terms[1].clear, 105 * MILLI);
	assert_int_equal(b1->superseded_by, rule_bit("B2"));
	assert_int_equal(h3->terms[0].low_baseline, 60 * MILLI);
	assert_int_equal(h3->terms[0].low_drop, 15 * MILLI);
	assert_true(h5->technical && h5->terms[0].reference == REFERENCE_DIFFERENCE);
	assert_int_equal(h5->terms[0].other, PARAMETER_PULSE);
	assert_int_equal(d1->combination, COMBINATION_ALL);
	assert_int_equal(d1->terms[1].reference, REFERENCE_BASELINE);
	assert_int_equal(d1->terms[1].limit, 0);
	/* One situation, one alarm. */
	assert_int_equal(find_rule("O1")->superseded_by, rule_bit("O2") | rule_bit("O3"));
	assert_int_equal(find_rule("O2")->superseded_by, rule_bit("O3"));
	assert_int_equal(find_rule("H1")->superseded_by, rule_bit("H2"));
	assert_int_equal(find_rule("H3")->superseded_by, rule_bit("H4"));
	assert_int_equal(find_rule("R1")->superseded_by, rule_bit("R2"));
	assert_int_equal(find_rule("S2")->superseded_by, rule_bit("S3") | rule_bit("S3-resp"));
	assert_int_equal(find_rule("S3-resp")->with,
	                 rule_bit("O1") | rule_bit("O2") | rule_bit("O3") | rule_bit("R1") | rule_bit("R2"));
	assert_int_equal(find_rule("S2")->recheck_ns, 300 * NS_PER_S);
	const struct plan_rule *d2 = find_rule("D2");
	assert_true(d2 != NULL && d2->has_from && d2->blocks_leave && d2->term_count == 0);
	assert_int_equal(d2->with, rule_bit("D1") | rule_bit("D1-6"));
	/* Before the start and before leaving. */
	assert_int_equal(plan->baseline_scores, PARAMETER_BIT(PARAMETER_MOAAS) | PARAMETER_BIT(PARAMETER_CADSS));
	assert_int_equal(plan->missing_parameters, PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE) |
	                                               PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_RESP));
	assert_int_equal(plan->missing_clear_ns, 10 * NS_PER_S);
	assert_int_equal(plan->missing_sole, PRIORITY_MEDIUM);
	assert_true(plan->dose.required && plan->leave.has_earliest);
	assert_int_equal(plan->leave.quiet_ns, 900 * NS_PER_S);
	const struct plan_rule *g2 = find_rule("G2"), *g3 = find_rule("G3"), *base = find_rule("BP-baseline"),
	                       *low = find_rule("BP-low");
	assert_true(g2 != NULL && g3 != NULL && base != NULL && low != NULL);
	assert_true(g2->kind == RULE_GATE && g2->term_count == 3 && g2->phases == 1);
	assert_int_equal(g2->delay_ns, 30 * NS_PER_S);
	assert_int_equal(g2->clear_delay_ns, 60 * NS_PER_S);
	assert_int_equal(g3->terms[0].clear, 5 * MILLI);
	assert_true(base->kind == RULE_LEAVE && base->term_count == 4 && base->combination == COMBINATION_ALL);
	assert_true(low->falling && !base->falling);
	assert_string_equal(base->group, low->group);
	assert_int_equal(plan->item_count, 5);
	assert_int_equal(plan->items[0].when, ITEM_START);
	assert_int_equal(plan->items[4].when, ITEM_LEAVE);
}

static void test_shipped_infusion_plan(void **state)
{
	(void)state;
	read_good(write_variant("etc/plans/ketamine-iv.conf", GOOD "map.conf", ENDPOINTS));
	const struct plan *plan = &config.engine.plan;
	check_clinical_plan();
	assert_false(plan->demo);
	assert_int_equal(plan->route, ROUTE_IV);
	assert_int_equal(plan->phases[0].usual_count, 0);
	assert_int_equal(plan->phases[1].usual_count, 3);
	assert_int_equal(plan->phases[1].usual[1].parameter, PARAMETER_NIBP_DIA);
	assert_int_equal(plan->phases[1].usual[1].low_rise, -6 * MILLI);
	assert_int_equal(plan->phases[1].usual[1].high_rise, 28 * MILLI);
	assert_int_equal(plan->planned_duration_ns, 2400 * NS_PER_S);
	assert_int_equal(plan->checks[1].times_ns[7], 2400 * NS_PER_S);
	const struct plan_rule *b3 = find_rule("B3"), *b4 = find_rule("B4"), *g1 = find_rule("G1"),
	                       *d2 = find_rule("D2");
	assert_true(b3 != NULL && b4 != NULL && g1 != NULL);
	assert_int_equal(b3->phases, 0x02);
	assert_int_equal(b3->unattended_ns, 120 * NS_PER_S);
	assert_int_equal(b3->unattended, PRIORITY_HIGH);
	assert_int_equal(b4->phases, 0x1C);
	assert_int_equal(b4->lower_phases, 0x0C);
	assert_int_equal(b4->lower, PRIORITY_LOW);
	assert_int_equal(b4->superseded_by, rule_bit("B1") | rule_bit("B2") | rule_bit("B3"));
	assert_int_equal(find_rule("B5")->superseded_by, rule_bit("B1") | rule_bit("B2") | rule_bit("B3"));
	assert_int_equal(g1->terms[0].limit, 140 * MILLI);
	assert_true(g1->confirm && g1->clear_readings == 2 && g1->age_from == 0 && g1->age_below == 0);
	assert_int_equal(d2->from, ANCHOR_END);
	assert_int_equal(d2->from_after_ns, 3600 * NS_PER_S);
	assert_int_equal(plan->leave.earliest, ANCHOR_END);
	assert_int_equal(plan->leave.earliest_after_ns, 3600 * NS_PER_S);
	assert_int_equal(plan->dose.min_ug_per_kg, 300);
	assert_int_equal(plan->dose.max_ug_per_kg, 750);
	assert_int_equal(plan->dose.min_duration_ns, 1200 * NS_PER_S);
	assert_int_equal(plan->dose.max_ug_per_ml, 10000);
	assert_string_equal(plan->checks[6].name, "cadss-still");
	assert_int_equal(plan->checks[6].with, d2->with);
}

static void test_shipped_spray_plan(void **state)
{
	(void)state;
	read_good(write_variant("etc/plans/esketamine-spray.conf", GOOD "map.conf", ENDPOINTS));
	const struct plan *plan = &config.engine.plan;
	check_clinical_plan();
	assert_int_equal(plan->route, ROUTE_SPRAY);
	assert_null(find_rule("B3"));
	assert_int_equal(plan->phases[4].anchor, ANCHOR_START);
	assert_int_equal(plan->phases[4].after_ns, 7200 * NS_PER_S);
	const struct plan_rule *g1 = find_rule("G1"), *old = find_rule("G1-65"), *d2 = find_rule("D2");
	assert_true(g1 != NULL && old != NULL);
	assert_int_equal(g1->age_below, 65);
	assert_int_equal(old->age_from, 65);
	assert_int_equal(old->terms[0].limit, 150 * MILLI);
	assert_int_equal(d2->from, ANCHOR_START);
	assert_int_equal(d2->from_after_ns, 5400 * NS_PER_S);
	assert_int_equal(plan->leave.earliest, ANCHOR_START);
	assert_int_equal(plan->leave.earliest_after_ns, 7200 * NS_PER_S);
	assert_int_equal(plan->dose.allowed_count, 3);
	assert_int_equal(plan->dose.allowed_ug[2], 84000);
	assert_int_equal(plan->dose.device_ug, 28000);
	assert_int_equal(plan->dose.device_rest_ns, 300 * NS_PER_S);
	assert_int_equal(find_rule("B5")->superseded_by, rule_bit("B1") | rule_bit("B2"));
	assert_string_equal(plan->checks[1].name, "cuff-20");
	assert_int_equal(plan->checks[1].late, PRIORITY_LOW);
	assert_string_equal(plan->checks[2].name, "cuff-40");
	assert_int_equal(plan->checks[2].early_ns, 300 * NS_PER_S);
	assert_int_equal(plan->checks[2].late, PRIORITY_MEDIUM);
	assert_int_equal(plan->checks[3].late, PRIORITY_LOW);
}

/* Every number of a clinical plan names its source: in the line itself or in the comment above the section. */
static void test_every_rule_names_its_source(void **state)
{
	(void)state;
	static const char *const plans[] = {"etc/plans/ketamine-iv.conf", "etc/plans/esketamine-spray.conf"};
	int sections = 0;
	for (size_t i = 0; i < 2; i++) {
		char line[1024];
		bool sourced = false;
		FILE *file = fopen(plans[i], "r");
		assert_non_null(file);
		while (fgets(line, sizeof line, file) != NULL) {
			const char *text = line + strspn(line, " ");
			bool begins = strncmp(text, "rule ", 5) == 0 || strncmp(text, "gate ", 5) == 0 ||
			              strncmp(text, "dose ", 5) == 0 || strncmp(text, "missing ", 8) == 0;
			if (*text == '#')
				sourced |= strchr(text, '[') != NULL || strstr(text, "proposal") != NULL;
			else if (begins && !sourced)
				fail_msg("%s: no source above: %s", plans[i], line);
			sections += begins;
			/* The comment is for what follows it; one of the leave rules stands for several. */
			if (*text == '\n' || strncmp(line, "}", 1) == 0)
				sourced = false;
		}
		assert_int_equal(fclose(file), 0);
	}
	assert_true(sections > 80);
}

/* What is missing in a plan means: not asked, not earlier, five seconds. */
static void test_defaults(void **state)
{
	(void)state;
	read_good(GOOD "main.conf");
	const struct plan *plan = &config.engine.plan;
	const struct plan_rule *b1 = find_rule("B1");
	assert_int_equal(plan->route, ROUTE_NONE);
	assert_int_equal(plan->audio_pause_ns, 120 * NS_PER_S);
	assert_int_equal(plan->reminder_ns, 0);
	assert_int_equal(plan->nuisance_ns, 15 * NS_PER_S);
	assert_int_equal(plan->cuff_rest_ns, 5 * NS_PER_S);
	assert_int_equal(plan->cuff_mask_ns, 30 * NS_PER_S);
	assert_int_equal(plan->cuff_mask_max_ns, 90 * NS_PER_S);
	assert_int_equal(plan->baseline_scores, 0);
	assert_int_equal(plan->checks[0].early_ns, 120 * NS_PER_S);
	assert_int_equal(plan->checks[0].late, PRIORITY_LOW);
	assert_int_equal(plan->checks[0].with, 0);
	assert_string_equal(plan->phases[1].text, "infusion");
	assert_false(b1->confirm || b1->critical || b1->technical || b1->blocks_leave || b1->has_from || b1->optional);
	assert_int_equal(b1->clear_readings, 1);
	assert_int_equal(b1->superseded_by | b1->with, 0);
	assert_false(plan->dose.required || plan->leave.has_earliest);
	assert_int_equal(plan->leave.cuff_within_ns | plan->leave.score_within_ns | plan->leave.quiet_ns, 0);
	assert_int_equal(config.engine.display_count, 0);
	assert_int_equal(config.engine.display_within_ns, 0);
	assert_false(config.engine.devices[0].same_limb);
}

/* A clinician signs what is printed, so every kind of number has to be in it. */
static void test_print_plan(void **state)
{
	(void)state;
	static char text[65536];
	static const char *const lines[] = {
	    "rule B1, high, latching, critical: Blood pressure at or above 180/110\n    nibp_sys >= 180 (back at 170); "
	    "never beyond 200; told again when acknowledged and worse by 10\n    or nibp_dia >= 110 (back at 105); "
	    "never beyond 120; told again when acknowledged and worse by 10\n    confirmed by a "
	    "second reading within 90 s, medium until then\n"
	    "    ends after 2 readings in a row\n    extra readings meanwhile, every: 300 s\n    gives way to: B2\n",
	    "high if nobody acknowledges or pauses within 120 s\n    in infusion\n",
	    "low while it falls in recovery observation\n",
	    "baseline minus 15; told again when acknowledged and worse by 8\n    must last: 30 s\n",
	    "rule H5, low, technical: ",
	    "ecg_hr apart from pulse > 20 (back at 10)\n",
	    "only together with one of: O1 O2 O3 R1 R2\n    to be entered again after: 300 s\n",
	    "from end of administration + 3600 s on\n    blocks leaving\n",
	    "gate G2-resp: ",
	    "not asked if no device provides it\n",
	    "and nibp_dia minus baseline >= -20\n    and not above the reading before\n    one of group BP is enough\n",
	    "leaving: not before end of administration + 3600 s\n",
	    "item cuff-arm, before the start: ",
	    "item escort, before leaving: ",
	    "at least 0.3 mg/kg, at most 0.75 mg/kg",
	    "before the start: cadss entered\n",
	    "usual, no limit: nibp_sys minus baseline -6 to 38\n",
	    "NOTE: no device provides spo2\n",
	    "WARNING: no source for critical rule O2: no device provides spo2; it is never judged here, and blocks the "
	    "start",
	    "WARNING: no source for critical rule R2: no device provides resp; it is never judged here\n",
	};
	read_good(write_variant("etc/plans/ketamine-iv.conf", GOOD "map.conf", ENDPOINTS));
	FILE *out = fmemopen(text, sizeof text - 1, "w");
	assert_non_null(out);
	assert_int_equal(config_print(&config, out), 0);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("not printed: %s", lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shipped_demo_plan),  cmocka_unit_test(test_shipped_infusion_plan),
	    cmocka_unit_test(test_shipped_spray_plan), cmocka_unit_test(test_every_rule_names_its_source),
	    cmocka_unit_test(test_defaults),           cmocka_unit_test(test_print_plan),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
