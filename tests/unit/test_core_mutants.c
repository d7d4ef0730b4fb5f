/* What tests/mutation found that no other core test noticed about rules, sessions and orders: edges of times, counts
 * and names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

static bool blocked_by(const char *name)
{
	char names[64][NAME_BYTES];
	uint8_t count = engine_blockers(&w.engine, names, 64);

	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
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
	assert_false(blocked_by("quiet"));
	live(&w, 5 * S, 85, 70);
	assert_true(blocked_by("quiet"));
	live(&w, 6 * S, 97, 70);
	assert_true(blocked_by("quiet"));
	live(&w, 905 * S, 97, 70);
	assert_true(blocked_by("quiet"));
	live(&w, 906 * S, 97, 70);
	assert_false(blocked_by("quiet"));
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
	assert_true(blocked_by("G2-resp"));
	assert_true(blocked_by("G3"));
	live(&w, 103 * S, 97, 70);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5 * MILLI), RESULT_OK);
	assert_int_equal(engine_blockers(&w.engine, NULL, 0), 0);
}

static void clock_stepped(int64_t step_ns)
{
	struct event event = {.kind = EVENT_CLOCK, .u.clock = {step_ns}};

	world_step(&w, &event);
}

/* A second step of the clock while the first is not answered is the same alarm. */
static void test_clock_stepped_again(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	clock_stepped(5 * S);
	assert_int_equal(changes(&w, ALARM_BASE_CLOCK, ALARM_RAISED), 1);
	clock_stepped(-5 * S);
	assert_int_equal(changes(&w, ALARM_BASE_CLOCK, ALARM_RAISED), 0);
	assert_int_equal(w.engine.alarms[ALARM_BASE_CLOCK].generation, 1);
}

/* A rule that another one stands for is on its way back; a gap makes it begin again. */
static void test_gap_breaks_the_way_back_of_what_is_kept_back(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_MEDIUM, 0, 15 * S);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "fast", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 90, 140);
	assert_int_equal(state_of(&w, 1), ALARM_ACTIVE);
	assert_true(w.engine.alarms[0].kept_back);
	live(&w, 111 * S, 97, 140);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	live(&w, 126 * S, 97, 140);
	assert_true(w.engine.alarms[0].kept_back);
	live(&w, 128 * S, 97, 140);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
}

/* The delay of a rule that is judged from an instant on counts from that instant, not from the value before it. */
static void test_delay_after_an_instant(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "later", PRIORITY_MEDIUM, 1 * S, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 105);
	rule->phases = 0xff;
	rule->has_from = true;
	rule->from = ANCHOR_OPEN;
	rule->from_after_ns = 10 * S + 500 * MS;
	world_open(&w, 100 * S);
	live(&w, 110 * S, 97, 120);
	run(&w, 111 * S + 499 * MS);
	assert_int_equal(state_of(&w, 0), ALARM_PENDING);
	run(&w, 111 * S + 500 * MS);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

/* Names and reasons of one letter are names and reasons. */
static void test_short_names_and_reasons(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct event event;

	world_plan(&w);
	rule = protocol_rule(&w, "O1", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->critical = true;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 70);
	event = make_command(&w, COMMAND_LIMIT);
	put_text(event.u.command.u.limit.rule, "O1", NAME_BYTES);
	event.u.command.u.limit.limit = 92 * MILLI;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE);
	put_text(event.u.command.u.limit.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_SECOND_PERSON);
	put_text(event.u.command.u.limit.second_person, "b", NAME_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "spo2", NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_BLOCKED);
	put_text(event.u.command.u.take_out.override.name, "d", NAME_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE); /* a name, but no reason */
	put_text(event.u.command.u.take_out.override.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
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

/* However often it is paused: the first instants stay as they were. */
static void test_more_pauses_than_are_kept(void **state)
{
	(void)state;
	world_plan(&w);
	w.config.plan.planned_duration_ns = 3600 * S;
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	for (int i = 0; i < PAUSES_MAX + 2; i++) {
		still(&w, w.now + 1 * S);
		assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
		assert_int_equal(session_changes(&w, SESSION_PAUSED), 1);
		still(&w, w.now + 1 * S);
		assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK);
		assert_int_equal(session_changes(&w, SESSION_RESUMED), 1);
	}
	assert_int_equal(w.engine.session.pauses, PAUSES_MAX + 2);
	for (int i = 0; i < PAUSES_MAX; i++) {
		assert_int_equal(w.engine.session.pause_from[i].ns, (102 + 2 * i) * S);
		assert_int_equal(w.engine.session.pause_to[i].ns, (103 + 2 * i) * S);
	}
	assert_int_equal(w.engine.session.paused_ns, (PAUSES_MAX + 2) * S);
	for (int i = 0; i < UINT8_MAX; i++) {
		assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
		assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK);
	}
	assert_int_equal(w.engine.session.pauses, UINT8_MAX); /* or more */
}

/* Nothing is judged for a session that is over. */
static void test_closed_session_stands_still(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	still(&w, 141 * S); /* ended at 140 s, observation would begin at 160 s */
	assert_int_equal(w.engine.session.phase, RECOVERY);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	still(&w, 170 * S);
	assert_int_equal(w.engine.session.phase, RECOVERY);

	world_plan(&w);
	w.config.device_count = 0;
	w.config.display_count = 1;
	put_text(w.config.displays[0], "desk", NAME_BYTES);
	w.config.display_within_ns = 10 * S;
	world_begin(&w, 100 * S);
	tick(&w);
	assert_int_equal(engine_deadline(&w.engine).ns, INT64_MAX); /* nobody waits for anything */
}

/* One reading is back, one more would end it: it is not announced when the alarm that stood for it ends. */
static void test_way_back_by_readings_is_not_announced(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "high", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 160, 155);
	rule->clear_readings = 2;
	rule->phases = 0xff;
	rule->superseded_by = RULE_BIT(1);
	rule = protocol_rule(&w, "fast", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	live(&w, 101 * S, 97, 140);
	pressure(&w, 165, 90);
	assert_true(w.engine.alarms[0].kept_back);
	live(&w, 110 * S, 97, 140);
	pressure(&w, 150, 90);
	live(&w, 111 * S, 97, 70);
	assert_int_equal(state_of(&w, 1), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, 0), ALARM_PENDING);
	live(&w, 120 * S, 97, 70);
	pressure(&w, 165, 90);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

static enum result limit_of(const char *rule, uint8_t term, int32_t milli)
{
	struct event event = make_command(&w, COMMAND_LIMIT);

	put_text(event.u.command.u.limit.rule, rule, NAME_BYTES);
	event.u.command.u.limit.term = term;
	event.u.command.u.limit.limit = milli;
	world_step(&w, &event);
	return reply(&w);
}

/* Tighter is free as far as the values can go, and only for terms that there are. */
static void test_limits_at_the_ends(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct event event;

	world_plan(&w);
	rule = protocol_rule(&w, "H1", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 110, 110);
	rule = protocol_rule(&w, "H3", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_BELOW, 50, 50);
	rule = protocol_rule(&w, "H5", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 20, 20);
	rule->terms[0].reference = REFERENCE_DIFFERENCE;
	rule->terms[0].other = PARAMETER_PULSE;
	world_open(&w, 100 * S);
	assert_int_equal(limit_of("H5", 0, -1), RESULT_OUT_OF_RANGE);
	assert_int_equal(limit_of("H5", 0, 0), RESULT_OK);
	assert_int_equal(limit_of("H1", 0, -1), RESULT_OUT_OF_RANGE);
	assert_int_equal(limit_of("H1", 0, 0), RESULT_OK);
	assert_int_equal(limit_of("H3", 0, 350 * MILLI + 1), RESULT_OUT_OF_RANGE);
	assert_int_equal(limit_of("H3", 0, 350 * MILLI), RESULT_OK);
	event = make_command(&w, COMMAND_LIMIT);
	put_text(event.u.command.u.limit.rule, "H1", NAME_BYTES);
	event.u.command.u.limit.term = 1; /* there is only term 0 */
	event.u.command.u.limit.limit = 100 * MILLI;
	put_text(event.u.command.u.limit.second_person, "b", NAME_BYTES);
	put_text(event.u.command.u.limit.reason, "x", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE);
}

static enum result open_with_second(const char *second)
{
	struct event event;

	world_plan(&w);
	w.config.plan.dose.max_ug_per_kg = 1000;
	world_begin(&w, 100 * S);
	event = make_command(&w, COMMAND_SESSION_OPEN);
	event.u.command.u.order.weight_g = 70000;
	event.u.command.u.order.dose_ug = 350000; /* ten times what was meant */
	put_text(event.u.command.u.order.second_person, second, NAME_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

static void test_second_person_of_a_dose(void **state)
{
	(void)state;
	assert_int_equal(open_with_second(""), RESULT_SECOND_PERSON);
	assert_int_equal(open_with_second("nurse1"), RESULT_SECOND_PERSON); /* the same one */
	assert_int_equal(open_with_second("/"), RESULT_OUT_OF_RANGE);
	assert_int_equal(open_with_second("b"), RESULT_OK);
	assert_int_equal(open_with_second("AZaz09._-"), RESULT_OK);
	for (const char *wrong = "@[`{:/ "; *wrong != '\0'; wrong++)
		assert_int_equal(open_with_second((const char[]){'a', *wrong, '\0'}), RESULT_OUT_OF_RANGE);

	world_plan(&w);
	w.config.plan.dose.allowed_count = 1;
	w.config.plan.dose.allowed_ug[0] = 56000;
	world_open(&w, 100 * S);
	assert_true(w.engine.session.open); /* no dose was given, so none is wrong */
}

/* Nobody starts with a critical rule that sees nothing. */
static void test_taken_out_blocks_the_start(void **state)
{
	(void)state;
	struct plan_rule *rule;
	struct event event;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->critical = true;
	world_begin(&w, 100 * S);
	all_up(&w);
	event = make_command(&w, COMMAND_TAKE_OUT);
	put_text(event.u.command.u.take_out.name, "spo2", NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "probe broken", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK); /* no session: nobody is at risk */
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_true(blocked_by("taken-out"));
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	still(&w, 160 * S);
	assert_false(blocked_by("taken-out"));
}

/* What was urgent until another alarm stood for it was urgent until then. */
static void test_quiet_after_what_was_superseded(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(1);
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	w.config.plan.leave.quiet_ns = 60 * S;
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	live(&w, 110 * S, 90, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	live(&w, 120 * S, 90, 140);
	assert_true(w.engine.alarms[0].kept_back);
	assert_true(blocked_by("quiet"));
	live(&w, 170 * S, 97, 140);
	assert_true(blocked_by("quiet"));
	live(&w, 172 * S, 97, 140);
	assert_false(blocked_by("quiet"));
}

/* One determination counts once for the baseline, whatever else comes after it. */
static void test_baseline_counts_determinations(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	still(&w, 105 * S);
	pressure(&w, 120, 80);
	live(&w, 110 * S, 97, 70);
	assert_int_equal(w.engine.session.baseline.readings, 1);
	assert_false(w.engine.session.baseline.complete);
	pressure(&w, 140, 90);
	assert_true(w.engine.session.baseline.complete);
	assert_int_equal(w.engine.session.baseline.sys, 130 * MILLI);
	assert_int_equal(w.engine.session.baseline.dia, 85 * MILLI);
}

/* What is withdrawn takes its acknowledgement with it. */
static void test_superseded_forgets_its_acknowledgement(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "low", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->superseded_by = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "fast", PRIORITY_LOW, 0, 0);
	protocol_term(rule, PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	spo2(&w, 90);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_int_equal(w.engine.alarms[0].acknowledged.ns, w.now);
	heart_rate(&w, 140);
	assert_int_equal(changes(&w, 0, ALARM_SUPERSEDED), 1);
	assert_string_equal(w.engine.alarms[0].acknowledged_by, "");
	assert_int_equal(w.engine.alarms[0].acknowledged.ns, INT64_MAX);
}

static void test_pause_forgets_who_asked(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	assert_string_equal(w.engine.audio_paused_by, "nurse1");
	still(&w, 120 * S);
	assert_string_equal(w.engine.audio_paused_by, "");
}

/* Actions depend on nothing that was in their memory before. */
static void test_actions_are_whole(void **state)
{
	(void)state;
	static struct world other;

	for (int i = 0; i < 2; i++) {
		world_plan(&w);
		world_begin(&w, 100 * S);
		all_up(&w);
		memset(&w.actions, i == 0 ? 0x00 : 0xaa, sizeof(w.actions));
		(void)order(&w, COMMAND_SESSION_OPEN); /* its actions are looked at below */
		if (i == 0)
			other = w;
	}
	assert_int_equal(w.actions.count, other.actions.count);
	assert_memory_equal(w.actions.list, other.actions.list, w.actions.count * sizeof(w.actions.list[0]));
}

/* A latched alarm that is present again says what it is about now. */
static void test_latched_again_has_a_new_cause(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "O2", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	spo2(&w, 88);
	spo2(&w, 97);
	assert_int_equal(state_of(&w, 0), ALARM_LATCHED);
	spo2(&w, 79);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[0].milli, 79 * MILLI);
}

/* Whoever acknowledged a first reading has not acknowledged its confirmation. */
static void test_confirmation_forgets_the_acknowledgement(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "B1", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
	protocol_confirm(rule, PRIORITY_MEDIUM);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	pressure(&w, 185, 90);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	still(&w, 191 * S - 1);
	assert_int_equal(state_of(&w, 0), ALARM_ACKNOWLEDGED);
	run(&w, 191 * S); /* no repeat came: the first one counts */
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[0].priority, PRIORITY_HIGH);
	assert_string_equal(w.engine.alarms[0].acknowledged_by, "");
}

static void test_age_of_an_order(void **state)
{
	(void)state;
	for (int age = 129; age <= 131; age++) {
		struct event event;

		world_plan(&w);
		world_begin(&w, 100 * S);
		event = make_command(&w, COMMAND_SESSION_OPEN);
		event.u.command.u.order.age_years = age;
		world_step(&w, &event);
		assert_int_equal(reply(&w), age <= 130 ? RESULT_OK : RESULT_OUT_OF_RANGE);
	}
}

/* A rule that depends on another one may be the first of the plan. */
static void test_dependent_rule_comes_first(void **state)
{
	(void)state;
	struct plan_rule *rule;

	world_plan(&w);
	rule = protocol_rule(&w, "S3-resp", PRIORITY_HIGH, 0, 0);
	protocol_term(rule, PARAMETER_MOAAS, COMPARISON_AT_MOST, 3, 4);
	rule->with = RULE_BIT(1);
	rule->phases = 0xff;
	rule = protocol_rule(&w, "O1", PRIORITY_MEDIUM, 0, 0);
	protocol_term(rule, PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->phases = 0xff;
	world_open(&w, 100 * S);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 3 * MILLI), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	spo2(&w, 91);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quiet),
	    cmocka_unit_test(test_optional_gate_looks_at_its_own_terms),
	    cmocka_unit_test(test_clock_stepped_again),
	    cmocka_unit_test(test_gap_breaks_the_way_back_of_what_is_kept_back),
	    cmocka_unit_test(test_delay_after_an_instant),
	    cmocka_unit_test(test_short_names_and_reasons),
	    cmocka_unit_test(test_falling_after_a_failed_determination),
	    cmocka_unit_test(test_more_pauses_than_are_kept),
	    cmocka_unit_test(test_closed_session_stands_still),
	    cmocka_unit_test(test_way_back_by_readings_is_not_announced),
	    cmocka_unit_test(test_limits_at_the_ends),
	    cmocka_unit_test(test_second_person_of_a_dose),
	    cmocka_unit_test(test_taken_out_blocks_the_start),
	    cmocka_unit_test(test_quiet_after_what_was_superseded),
	    cmocka_unit_test(test_baseline_counts_determinations),
	    cmocka_unit_test(test_superseded_forgets_its_acknowledgement),
	    cmocka_unit_test(test_pause_forgets_who_asked),
	    cmocka_unit_test(test_actions_are_whole),
	    cmocka_unit_test(test_latched_again_has_a_new_cause),
	    cmocka_unit_test(test_confirmation_forgets_the_acknowledgement),
	    cmocka_unit_test(test_age_of_an_order),
	    cmocka_unit_test(test_dependent_rule_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
