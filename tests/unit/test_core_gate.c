/* What keeps a session from starting and a patient from leaving: gates (G1 .. G4), items, dose, leave rules (L1, L2),
 * quiet, overrides; and spray devices stamped one by one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

static struct plan_rule *add(const char *name, enum rule_kind kind)
{
	struct plan_rule *rule = protocol_rule(&w, name, PRIORITY_NONE, 0, 0);

	rule->kind = kind;
	rule->phases = 0xff;
	return rule;
}

static enum result with_override(enum command command, const char *name, const char *reason)
{
	struct event event = make_command(&w, command);

	put_text(event.u.command.u.override.name, name, NAME_BYTES);
	put_text(event.u.command.u.override.reason, reason, TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

static int blockers(void)
{
	return engine_blockers(&w.engine, NULL, 0);
}

static enum result tick_item(const char *name, bool ticked)
{
	struct event event = make_command(&w, COMMAND_ITEM);

	put_text(event.u.command.u.item.name, name, NAME_BYTES);
	event.u.command.u.item.ticked = ticked;
	world_step(&w, &event);
	return reply(&w);
}

/* ---- gates --------------------------------------------------------------------------------------------------------
 */

static void gate_plan(void)
{
	struct plan_rule *rule;

	world_plan(&w);
	rule = add("G1", RULE_GATE);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 140, 140);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_ABOVE, 90, 90);
	protocol_confirm(rule, PRIORITY_NONE);
	rule->clear_readings = 2;
	rule->age_below = 65;
	rule = add("G1-65", RULE_GATE);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 150, 150);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_ABOVE, 90, 90);
	protocol_confirm(rule, PRIORITY_NONE);
	rule->age_from = 65;
}

static void open_aged(int32_t years)
{
	world_begin(&w, 100 * S);
	all_up(&w);

	struct event event = make_command(&w, COMMAND_SESSION_OPEN);

	event.u.command.u.order.age_years = years;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
}

static void measure(int32_t sys, int32_t dia)
{
	still(&w, w.now + 20 * S);
	pressure(&w, sys, dia);
}

static void test_pressure_gate(void **state)
{
	(void)state;
	static const struct {
		int32_t years, sys, dia;
		bool blocked;
	} cases[] = {{0, 140, 90, false},  {0, 141, 90, true},   {0, 140, 91, true},  {64, 141, 90, true},
	             {65, 141, 90, false}, {65, 150, 90, false}, {65, 151, 90, true}, {80, 150, 91, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gate_plan();
		open_aged(cases[i].years);
		assert_int_equal(blockers(), 1); /* unknown is not normal */
		assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
		measure(cases[i].sys, cases[i].dia);
		assert_int_equal(blockers(), cases[i].blocked);
		assert_int_equal(blocked_by(&w, cases[i].years >= 65 ? "G1-65" : "G1"), cases[i].blocked);
		assert_int_equal(order(&w, COMMAND_SESSION_START), cases[i].blocked ? RESULT_BLOCKED : RESULT_OK);
		assert_int_equal(w.engine.alarms[0].generation + w.engine.alarms[1].generation, 0); /* no alarm */
	}
}

static void test_gate_confirms_and_clears(void **state)
{
	(void)state;
	gate_plan();
	open_aged(40);
	measure(145, 85);
	assert_true(blocked_by(&w, "G1")); /* at once */
	still(&w, w.now + 5 * S);
	assert_true(w.engine.devices[CUFF].cuff_requested); /* asks for the repeat itself */
	measure(138, 85);
	assert_false(blocked_by(&w, "G1")); /* not confirmed: one is enough */
	measure(145, 85);
	measure(146, 85);
	measure(138, 85);
	assert_true(blocked_by(&w, "G1")); /* two at or below */
	assert_int_equal(engine_blocker_cause(&w.engine, 0), BLOCKER_UNCONFIRMED);
	measure(138, 85);
	assert_false(blocked_by(&w, "G1"));
	still(&w, w.now + 1 * S);
	pressure_failed(&w);
	assert_true(blocked_by(&w, "G1")); /* what is known now is nothing */
	measure(138, 85);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	measure(200, 130);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE); /* a gate is over with the start */
}

/* A gate judges the pressure of now: a value that has lain about for longer than the plan accepts blocks. */
static void test_gate_asks_for_a_fresh_pressure(void **state)
{
	(void)state;
	gate_plan();
	w.config.plan.gate_cuff_within_ns = 1800 * S;
	open_aged(40);
	measure(120, 80);
	int64_t measured = w.now;
	still(&w, measured + 1800 * S);
	assert_false(blocked_by(&w, "G1"));
	still(&w, measured + 1800 * S + 1);
	assert_true(blocked_by(&w, "G1"));
	assert_int_equal(engine_blocker_cause(&w.engine, 0), BLOCKER_OLD);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	measure(120, 80);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
}

/* 30 s out of range block, 60 s in range free. */
static void test_gate_delays(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = add("G2", RULE_GATE);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_BELOW, 50, 50);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 110);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 94, 94);
	rule->delay_ns = 30 * S;
	rule->clear_delay_ns = 60 * S;
	world_open(&w, 100 * S);
	assert_true(blocked_by(&w, "G2"));
	live(&w, 110 * S, 97, 110);
	assert_false(blocked_by(&w, "G2"));
	live(&w, 111 * S, 97, 111);
	live(&w, 140 * S, 97, 111);
	run(&w, 141 * S - 1);
	assert_false(blocked_by(&w, "G2"));
	run(&w, 141 * S);
	assert_true(blocked_by(&w, "G2"));
	live(&w, 142 * S, 94, 50);
	live(&w, 201 * S, 94, 50);
	run(&w, 202 * S - 1);
	assert_true(blocked_by(&w, "G2"));
	run(&w, 202 * S);
	assert_false(blocked_by(&w, "G2"));
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	assert_true(blocked_by(&w, "G2"));
}

static void test_gate_optional(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = add("G2-etco2", RULE_GATE);
	protocol_term(rule, PARAMETER_ETCO2, COMPARISON_BELOW, 30, 30); /* nobody measures it here */
	world_open(&w, 0);
	assert_true(blocked_by(&w, "G2-etco2"));
	rule->optional = true;
	assert_int_equal(blockers(), 0);
}

static void test_scores_and_items(void **state)
{
	(void)state;
	struct plan *plan = &w.config.plan;
	struct plan_rule *rule;

	world_plan(&w);
	rule = add("G3", RULE_GATE);
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_BELOW, 5, 5);
	plan->baseline_scores = PARAMETER_BIT(PARAMETER_CADSS);
	plan->item_count = 2;
	put_text(plan->items[0].name, "cuff-arm", NAME_BYTES);
	put_text(plan->items[1].name, "escort", NAME_BYTES);
	plan->items[1].when = ITEM_LEAVE;
	world_begin(&w, 0);
	all_up(&w);
	assert_int_equal(tick_item("cuff-arm", true), RESULT_NO_SESSION);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(blockers(), 3);
	assert_true(blocked_by(&w, "G3") && blocked_by(&w, "baseline-scores") && blocked_by(&w, "cuff-arm"));
	w.now += 1;
	assert_int_equal(score(&w, PARAMETER_MOAAS, 4 * MILLI), RESULT_OK);
	assert_true(blocked_by(&w, "G3"));
	w.now += 1;
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5 * MILLI), RESULT_OK);
	assert_int_equal(score(&w, PARAMETER_CADSS, 0), RESULT_OK);
	assert_int_equal(blockers(), 1);
	assert_int_equal(tick_item("cuff-arm", true), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_ITEM), 1);
	assert_int_equal(blockers(), 0);
	assert_int_equal(tick_item("cuff-arm", false), RESULT_OK);
	assert_true(blocked_by(&w, "cuff-arm"));
	assert_int_equal(tick_item("cuff", true), RESULT_UNKNOWN_NAME);
	assert_int_equal(tick_item("", true), RESULT_UNKNOWN_NAME);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_false(w.engine.session.started);
	assert_int_equal(tick_item("cuff-arm", true), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_string_equal(w.engine.session.start_override.name, "");
	assert_true(blocked_by(&w, "escort"));
}

static void test_override(void **state)
{
	(void)state;
	world_plan(&w);
	w.config.plan.dose.required = true;
	world_open(&w, 0);
	assert_true(blocked_by(&w, "dose"));
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_int_equal(with_override(COMMAND_SESSION_START, "", "why"), RESULT_BLOCKED);
	assert_int_equal(with_override(COMMAND_SESSION_START, "dr.m", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(with_override(COMMAND_SESSION_START, "dr m", "why"), RESULT_OUT_OF_RANGE);
	assert_false(w.engine.session.started);
	assert_int_equal(with_override(COMMAND_SESSION_START, "dr.m", "why"), RESULT_OK);
	assert_true(w.engine.session.started);
	assert_string_equal(w.engine.session.start_override.name, "dr.m");
	assert_string_equal(w.engine.session.start_override.reason, "why");
	/* What was not needed is not recorded as used. */
	world_plan(&w);
	world_open(&w, 0);
	assert_int_equal(with_override(COMMAND_SESSION_START, "dr.m", "why"), RESULT_OK);
	assert_string_equal(w.engine.session.start_override.name, "");
}

/* ---- dose ---------------------------------------------------------------------------------------------------------
 */

static enum result open_dose(int32_t weight_g, int32_t dose_ug, int32_t duration_s, int32_t ug_per_ml,
                             const char *second)
{
	struct event event = make_command(&w, COMMAND_SESSION_OPEN);
	struct session_order *order = &event.u.command.u.order;

	order->weight_g = weight_g;
	order->dose_ug = dose_ug;
	order->duration_s = duration_s;
	order->ug_per_ml = ug_per_ml;
	put_text(order->second_person, second, NAME_BYTES);
	world_begin(&w, 0);
	world_step(&w, &event);
	return reply(&w);
}

static void test_dose(void **state)
{
	(void)state;
	static const struct {
		int32_t weight_g, dose_ug, duration_s, ug_per_ml;
		bool plausible;
	} iv[] = {
	    {70000, 35000, 2400, 1000, true}, {70000, 7000, 0, 0, true},      {70000, 6999, 0, 0, false},
	    {70000, 70000, 0, 0, true},       {70000, 70001, 0, 0, false},    {70000, 350000, 2400, 0, false},
	    {70000, 35000, 1200, 0, true},    {70000, 35000, 1199, 0, false}, {70000, 35000, 240, 0, false},
	    {0, 35000, 2400, 0, true},        {70000, 0, 0, 0, true},         {70000, 35000, 0, 10000, true},
	    {70000, 35000, 0, 10001, false},  {70000, 35000, 0, 999, false},  {33333, 33333, 0, 0, true},
	    {33333, 33334, 0, 0, false},
	};

	for (size_t i = 0; i < sizeof(iv) / sizeof(iv[0]); i++) {
		world_plan(&w);
		w.config.plan.planned_duration_ns = 40 * MINUTE;
		w.config.plan.dose = (struct plan_dose){.min_ug_per_kg = 100,
		                                        .max_ug_per_kg = 1000,
		                                        .min_duration_ns = 20 * MINUTE,
		                                        .min_ug_per_ml = 1000,
		                                        .max_ug_per_ml = 10000};
		enum result expect = iv[i].plausible ? RESULT_OK : RESULT_SECOND_PERSON;

		assert_int_equal(open_dose(iv[i].weight_g, iv[i].dose_ug, iv[i].duration_s, iv[i].ug_per_ml, ""),
		                 expect);
		assert_int_equal(w.engine.session.open, iv[i].plausible);
		/* The actor is no second person. */
		assert_int_equal(open_dose(iv[i].weight_g, iv[i].dose_ug, iv[i].duration_s, iv[i].ug_per_ml, "nurse1"),
		                 expect);
		assert_int_equal(open_dose(iv[i].weight_g, iv[i].dose_ug, iv[i].duration_s, iv[i].ug_per_ml, "dr.b"),
		                 RESULT_OK);
		assert_string_equal(w.engine.session.order.second_person, "dr.b");
	}
	world_plan(&w);
	w.config.plan.dose.allowed_count = 3;
	w.config.plan.dose.allowed_ug[0] = 28000;
	w.config.plan.dose.allowed_ug[1] = 56000;
	w.config.plan.dose.allowed_ug[2] = 84000;
	assert_int_equal(open_dose(0, 56000, 0, 0, ""), RESULT_OK);
	assert_int_equal(open_dose(0, 55999, 0, 0, ""), RESULT_SECOND_PERSON);
	assert_int_equal(open_dose(0, 112000, 0, 0, ""), RESULT_SECOND_PERSON);
	assert_int_equal(open_dose(0, 112000, 0, 0, "dr b"), RESULT_OUT_OF_RANGE);
}

/* ---- spray devices ------------------------------------------------------------------------------------------------
 */

static void test_devices_given(void **state)
{
	(void)state;
	world_plan(&w);
	w.config.plan.planned_duration_ns = 15 * MINUTE;
	w.config.plan.dose.device_ug = 28000;
	w.config.plan.dose.device_rest_ns = 5 * MINUTE;
	w.config.plan.dose.required = true;
	world_begin(&w, 100 * S);
	all_up(&w);
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_NO_SESSION);

	struct event event = make_command(&w, COMMAND_SESSION_OPEN);

	world_step(&w, &event);
	/* T0 is the first device: nothing else starts it. */
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_WRONG_STATE);
	assert_int_equal(with_override(COMMAND_SESSION_START, "dr.m", "why"), RESULT_WRONG_STATE);
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_BLOCKED); /* the dose is not known */
	assert_int_equal(w.engine.session.given_count, 0);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK); /* never started: free */
	event = make_command(&w, COMMAND_SESSION_OPEN);
	event.u.command.u.order.dose_ug = 56000;
	world_step(&w, &event);
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_STARTED), 1);
	assert_int_equal(session_changes(&w, SESSION_GIVEN), 1);
	assert_int_equal(w.engine.session.started_at.ns, 100 * S);
	assert_int_equal(w.engine.session.given[0].at.ns, 100 * S);
	w.now = 100 * S + 5 * MINUTE - 1;
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_WRONG_STATE);
	w.now++;
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_STARTED), 0);
	w.now += 5 * MINUTE;
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_WRONG_STATE); /* more than was ordered */
	assert_int_equal(with_override(COMMAND_DEVICE_GIVEN, "dr.m", "84 mg after all"), RESULT_OK);
	for (int i = 3; i < GIVEN_MAX; i++)
		assert_int_equal(with_override(COMMAND_DEVICE_GIVEN, "dr.m", "why"), RESULT_OK);
	assert_int_equal(w.engine.session.given_count, GIVEN_MAX);
	assert_int_equal(with_override(COMMAND_DEVICE_GIVEN, "dr.m", "why"), RESULT_WRONG_STATE);
	world_plan(&w); /* no spray */
	world_open(&w, 0);
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_WRONG_STATE);
}

/* ---- leaving ------------------------------------------------------------------------------------------------------
 */

static void leave_plan(void)
{
	struct plan_rule *rule;

	world_plan(&w);
	rule = add("near", RULE_LEAVE);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_MOST, 20, 20);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, -20, -20);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_AT_MOST, 20, 20);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_AT_LEAST, -20, -20);
	for (int t = 0; t < 4; t++)
		rule->terms[t].reference = REFERENCE_BASELINE;
	rule->combination = COMBINATION_ALL;
	put_text(rule->group, "pressure", NAME_BYTES);
	rule = add("low", RULE_LEAVE);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_MOST, 140, 140);
	protocol_term(rule, PARAMETER_NIBP_DIA, COMPARISON_AT_MOST, 90, 90);
	rule->combination = COMBINATION_ALL;
	rule->falling = true;
	put_text(rule->group, "pressure", NAME_BYTES);
	w.config.plan.leave.cuff_within_ns = 15 * MINUTE;
	w.config.plan.baseline_readings = 1;
}

static void start_at_100(int32_t sys, int32_t dia)
{
	world_open(&w, 80 * S);
	measure(sys, dia);
	pressure(&w, sys, dia); /* of the same instant: ignored */
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_int_equal(w.now, 100 * S);
}

static void test_leave_pressure(void **state)
{
	(void)state;
	static const struct {
		int32_t before_sys, before_dia, sys, dia;
		bool may;
	} readings[] = {
	    {150, 100, 120, 80, true},  {150, 100, 140, 100, true}, /* within 20 of 120/80 */
	    {100, 60, 100, 60, true},   {100, 60, 99, 60, true},    /* 99/60: below 140/90 and not rising */
	    {98, 60, 99, 60, false},    {150, 95, 141, 80, false},  /* rising; 141 is 21 above and above 140 */
	    {150, 95, 140, 101, false},
	};

	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		leave_plan();
		start_at_100(120, 80);
		measure(readings[i].before_sys, readings[i].before_dia);
		measure(readings[i].sys, readings[i].dia);
		assert_int_equal(blockers(), readings[i].may ? 0 : 1); /* both ways in one line */
		assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), readings[i].may ? RESULT_OK : RESULT_BLOCKED);
	}
	/* Too old a reading is none. */
	leave_plan();
	start_at_100(120, 80);
	measure(120, 80);
	still(&w, w.now + 15 * MINUTE);
	assert_int_equal(blockers(), 0);
	leap(&w, w.now + 1);
	assert_int_equal(blockers(), 1);
}

static void test_leave_scores_and_oxygen(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = add("L2-spo2", RULE_LEAVE);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_ABOVE, 92, 92);
	rule = add("L2-cadss", RULE_LEAVE);
	protocol_term(rule, PARAMETER_CADSS, COMPARISON_AT_MOST, 4, 4);
	protocol_term(rule, PARAMETER_CADSS, COMPARISON_AT_MOST, 0, 0);
	rule->terms[1].reference = REFERENCE_BASELINE;
	w.config.plan.leave.score_within_ns = 30 * MINUTE;
	world_open(&w, 0);
	assert_int_equal(score(&w, PARAMETER_CADSS, 7 * MILLI), RESULT_OK);
	live(&w, 10 * S, 93, 70);
	assert_int_equal(blockers(), 0); /* nobody leaves yet */
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_int_equal(blockers(), 0); /* 7 was the baseline */
	assert_int_equal(score(&w, PARAMETER_CADSS, 8 * MILLI), RESULT_OK);
	assert_true(blocked_by(&w, "L2-cadss"));
	live(&w, 20 * S, 92, 70);
	assert_int_equal(score(&w, PARAMETER_CADSS, 7 * MILLI), RESULT_OK);
	assert_false(blocked_by(&w, "L2-cadss"));
	assert_true(blocked_by(&w, "L2-spo2"));
	live(&w, 30 * S, 93, 70);
	assert_int_equal(blockers(), 0);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	assert_true(blocked_by(&w, "L2-spo2"));
}

static void test_earliest_quiet_and_alarms(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	w.config.plan.leave.has_earliest = true;
	w.config.plan.leave.earliest = ANCHOR_END;
	w.config.plan.leave.earliest_after_ns = 60 * MINUTE;
	w.config.plan.leave.quiet_ns = 15 * MINUTE;
	rule = world_rule(&w, "S4", PARAMETER_RASS, COMPARISON_AT_LEAST, 2, 1);
	rule->blocks_leave = true;
	for (int d = 0; d < 3; d++)
		w.config.devices[d].provides = 0; /* quiet devices */
	world_open(&w, 0);
	still(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_true(blocked_by(&w, "earliest")); /* it has not ended yet */
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_BLOCKED);
	still(&w, 100 * S + 40 * S + 60 * MINUTE - 1);
	assert_true(blocked_by(&w, "earliest"));
	still(&w, 100 * S + 40 * S + 60 * MINUTE);
	assert_int_equal(blockers(), 0);
	assert_int_equal(score(&w, PARAMETER_RASS, 2 * MILLI), RESULT_OK);
	assert_true(blocked_by(&w, "S4") && blocked_by(&w, "quiet"));
	assert_int_equal(blockers(), 2);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(blockers(), 2); /* acknowledged is not gone */
	w.now += 10 * S;
	assert_int_equal(score(&w, PARAMETER_RASS, 0), RESULT_OK);

	int64_t end = w.now;

	assert_int_equal(blockers(), 1);
	assert_int_equal(order(&w, COMMAND_TEST_ALARM), RESULT_OK); /* is no unrest */
	still(&w, end + 15 * MINUTE - 1);
	assert_true(blocked_by(&w, "quiet"));
	still(&w, end + 15 * MINUTE);
	assert_int_equal(blockers(), 0);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
}

/* Going on after a pause asks while the alarm stands that the plan names, answered or not. */
static void test_resume_is_blocked(void **state)
{
	(void)state;
	world_plan(&w);
	world_rule(&w, "S4", PARAMETER_RASS, COMPARISON_AT_LEAST, 2, 1)->blocks_resume = true;
	for (int d = 0; d < 3; d++)
		w.config.devices[d].provides = 0; /* quiet devices */
	world_open(&w, 0);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_WRONG_STATE);
	assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK); /* nothing stands */
	assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
	assert_int_equal(score(&w, PARAMETER_RASS, 2 * MILLI), RESULT_OK);
	assert_int_equal(engine_resume_blocker(&w.engine), ALARM_BASE_RULE);
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_BLOCKED);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_BLOCKED);
	assert_true(w.engine.session.paused);
	assert_int_equal(with_override(COMMAND_SESSION_RESUME, "dr.m", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(with_override(COMMAND_SESSION_RESUME, "dr.m", "sedated on purpose"), RESULT_OK);
	assert_false(w.engine.session.paused);
	assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
	w.now += 10 * S;
	assert_int_equal(score(&w, PARAMETER_RASS, 0), RESULT_OK);
	assert_int_equal(engine_resume_blocker(&w.engine), -1);
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK);
}

static void test_leave_override(void **state)
{
	(void)state;
	leave_plan();
	world_open(&w, 0);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK); /* never started */
	start_at_100(120, 80);
	measure(180, 110);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_BLOCKED);
	assert_true(w.engine.session.open);
	assert_int_equal(with_override(COMMAND_SESSION_CLOSE, "dr.m", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(with_override(COMMAND_SESSION_CLOSE, "dr.m", "taken to hospital"), RESULT_OK);
	assert_false(w.engine.session.open);
	assert_string_equal(w.engine.session.close_override.name, "dr.m");
	assert_int_equal(blockers(), 0); /* no session */
}

/* Quiet means: nothing urgent lately. Early in the monitor's life that is so, and so it is after a while. */
static void test_quiet(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	w.config.plan.leave.quiet_ns = 900 * S;
	world_open(&w, 1 * S);
	live(&w, 3 * S, 97, 70);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	assert_false(blocked_by(&w, "quiet"));
	live(&w, 5 * S, 85, 70);
	assert_true(blocked_by(&w, "quiet"));
	live(&w, 6 * S, 97, 70);
	assert_true(blocked_by(&w, "quiet"));
	live(&w, 905 * S, 97, 70);
	assert_true(blocked_by(&w, "quiet"));
	live(&w, 906 * S, 97, 70);
	assert_false(blocked_by(&w, "quiet"));
}

/* A rule that asks only where its parameter is measured looks at its own parameters, and at no others. */
static void test_optional_gate_looks_at_its_own_terms(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	w.config.devices[CUFF].provides = 0;
	rule = protocol_rule(&w, "G2-resp", PRIORITY_NONE, 0, 0);
	rule->kind = RULE_GATE;
	rule->phases = 0xff;
	rule->optional = true;
	protocol_term(rule, PARAMETER_RESP, COMPARISON_BELOW, 10, 10);
	rule = protocol_rule(&w, "G3", PRIORITY_NONE, 0, 0);
	rule->kind = RULE_GATE;
	rule->phases = 0xff;
	rule->optional = true; /* staff can always be asked */
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_BELOW, 5, 5);
	world_open(&w, 100 * S);
	assert_true(blocked_by(&w, "G2-resp"));
	assert_true(blocked_by(&w, "G3"));
	live(&w, 103 * S, 97, 70);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5 * MILLI), RESULT_OK);
	assert_int_equal(engine_blockers(&w.engine, NULL, 0), 0);
}

/* Falling means below the last determination that had a value. */
static void test_falling_after_a_failed_determination(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "B4", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 160, 155);
	rule->phases = rule->lower_phases = 0xff;
	rule->lower = PRIORITY_LOW;
	world_open(&w, 100 * S);
	still(&w, 110 * S);
	pressure(&w, 170, 90);
	assert_int_equal(w.engine.alarms[0].priority, PRIORITY_MEDIUM);
	still(&w, 120 * S);
	pressure_failed(&w);
	still(&w, 130 * S);
	pressure(&w, 165, 90);
	assert_int_equal(w.engine.alarms[0].priority, PRIORITY_LOW);
	still(&w, 140 * S);
	pressure(&w, 165, 90);
	assert_int_equal(w.engine.alarms[0].priority, PRIORITY_MEDIUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pressure_gate),
	    cmocka_unit_test(test_gate_confirms_and_clears),
	    cmocka_unit_test(test_gate_asks_for_a_fresh_pressure),
	    cmocka_unit_test(test_gate_delays),
	    cmocka_unit_test(test_gate_optional),
	    cmocka_unit_test(test_scores_and_items),
	    cmocka_unit_test(test_override),
	    cmocka_unit_test(test_dose),
	    cmocka_unit_test(test_devices_given),
	    cmocka_unit_test(test_leave_pressure),
	    cmocka_unit_test(test_leave_scores_and_oxygen),
	    cmocka_unit_test(test_earliest_quiet_and_alarms),
	    cmocka_unit_test(test_resume_is_blocked),
	    cmocka_unit_test(test_leave_override),
	    cmocka_unit_test(test_quiet),
	    cmocka_unit_test(test_optional_gate_looks_at_its_own_terms),
	    cmocka_unit_test(test_falling_after_a_failed_determination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
