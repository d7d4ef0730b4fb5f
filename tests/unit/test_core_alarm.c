/* Rules and alarms: delays, hysteresis, latching, acknowledgement, escalation, audio pause, digest. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

#define O2 (ALARM_BASE_RULE + 0)

static struct plan_rule *spo2_rule(int64_t delay_ns, int64_t clear_delay_ns, bool latching)
{
	world_plan(&w);

	struct plan_rule *rule = world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);

	rule->delay_ns = delay_ns;
	rule->clear_delay_ns = clear_delay_ns;
	rule->latching = latching;
	return rule;
}

static void test_delay_to_the_nanosecond(void **state)
{
	(void)state;
	static const struct {
		int64_t delay, wait;
		enum alarm_state expect;
	} cases[] = {
	    {0, 0, ALARM_ACTIVE},
	    {1, 0, ALARM_PENDING},
	    {1, 1, ALARM_ACTIVE},
	    {2 * S, 2 * S - 1, ALARM_PENDING},
	    {2 * S, 2 * S, ALARM_ACTIVE},
	    {3 * S, 3 * S - 1, ALARM_PENDING},
	    {3 * S, 3 * S, ALARM_ACTIVE},           /* the value goes stale at the same instant: the raise wins */
	    {3 * S + 1, 3 * S + 1, ALARM_INACTIVE}, /* stale first */
	    {2 * S, 100 * S, ALARM_ACTIVE},         /* one late step decides as ticks in time would have */
	    {3 * S + 1, 100 * S, ALARM_INACTIVE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)spo2_rule(cases[i].delay, 0, false);
		world_open(&w, 100 * S);
		spo2(&w, 89);
		if (cases[i].wait > 0)
			leap(&w, 100 * S + cases[i].wait);
		assert_int_equal(state_of(&w, O2), cases[i].expect);
	}
}

static void test_delay_counts_from_the_determination(void **state)
{
	(void)state;
	(void)spo2_rule(2 * S, 0, false);
	world_open(&w, 100 * S);
	leap(&w, 101 * S);

	struct measurement m = value(&w, PARAMETER_SPO2, 80);

	m.determined = at(101 * S - 300 * MS);
	frame(&w, OXIMETER, m);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	assert_int_equal(engine_deadline(&w.engine).ns, 101 * S + 1700 * MS);
	leap(&w, 101 * S + 1700 * MS);
	assert_int_equal(changes(&w, O2, ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[O2].violated.ns, 101 * S - 300 * MS);
	assert_int_equal(w.engine.alarms[O2].raised.ns, w.now);
	assert_true(w.engine.alarms[O2].has_value);
	assert_int_equal(w.engine.alarms[O2].milli, 80 * MILLI);
	assert_int_equal(w.engine.alarms[O2].limit, 90 * MILLI);
}

static void test_delay_needs_no_break(void **state)
{
	(void)state;
	(void)spo2_rule(3 * S, 0, false);
	world_open(&w, 100 * S);
	live(&w, 102 * S, 89, 70);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	live(&w, 103 * S, 90, 70); /* 90 is not below 90 */
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	live(&w, 106 * S, 89, 70);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	live(&w, 107 * S, 89, 70);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
}

/* One unit either side of limit and of clear, for each comparison. */
static void test_limit_and_hysteresis(void **state)
{
	(void)state;
	static const struct {
		enum comparison comparison;
		int32_t limit, clear, quiet, loud, keeps, clears;
	} cases[] = {
	    {COMPARISON_ABOVE, 110, 105, 110000, 110001, 105001, 105000},
	    {COMPARISON_AT_LEAST, 110, 105, 109999, 110000, 105001, 105000},
	    {COMPARISON_BELOW, 50, 55, 50000, 49999, 54999, 55000},
	    {COMPARISON_AT_MOST, 50, 55, 50001, 50000, 54999, 55000},
	    {COMPARISON_ABOVE, 110, 110, 110000, 110001, 110001, 110000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int32_t sequence[4] = {cases[i].quiet, cases[i].loud, cases[i].keeps, cases[i].clears};
		enum alarm_state expect[4] = {ALARM_INACTIVE, ALARM_ACTIVE, ALARM_ACTIVE, ALARM_INACTIVE};

		world_plan(&w);
		(void)world_rule(&w, "H", PARAMETER_ECG_HR, cases[i].comparison, cases[i].limit, cases[i].clear);
		world_open(&w, 0);
		for (int j = 0; j < 4; j++) {
			struct measurement m = value(&w, PARAMETER_ECG_HR, 0);

			m.milli = sequence[j];
			frame(&w, ECG, m);
			assert_int_equal(state_of(&w, O2), expect[j]);
			w.now += 1 * S;
		}
	}
}

static void test_clear_delay_to_the_nanosecond(void **state)
{
	(void)state;
	static const struct {
		int64_t wait;
		enum alarm_state expect;
	} cases[] = {
	    {2 * S - 1, ALARM_ACTIVE},
	    {2 * S, ALARM_INACTIVE},
	    {50 * S, ALARM_INACTIVE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)spo2_rule(0, 2 * S, false);
		world_open(&w, 0);
		spo2(&w, 85);
		leap(&w, 1 * S);
		spo2(&w, 92);
		assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
		leap(&w, 1 * S + cases[i].wait);
		assert_int_equal(state_of(&w, O2), cases[i].expect);
	}
	/* A break starts it again: 91 is above the limit but not back at clear. */
	(void)spo2_rule(0, 2 * S, false);
	world_open(&w, 0);
	spo2(&w, 85);
	live(&w, 1 * S, 92, 70);
	live(&w, 2 * S, 91, 70);
	live(&w, 4 * S, 92, 70);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	live(&w, 5 * S, 92, 70);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
}

static void test_missing_data_never_clears(void **state)
{
	(void)state;
	(void)spo2_rule(0, 3 * S, false); /* as long as a value is current: one good value is not enough */
	world_open(&w, 0);
	spo2(&w, 85);
	leap(&w, 1 * S);
	spo2(&w, 99);
	run(&w, 60 * S);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	leap(&w, 61 * S);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	run(&w, 120 * S);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	live(&w, 124 * S, 99, 70);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
}

static void test_latching(void **state)
{
	(void)state;
	(void)spo2_rule(0, 0, true);
	world_open(&w, 0);
	spo2(&w, 85);
	w.now += 1 * S;
	spo2(&w, 95);
	assert_int_equal(state_of(&w, O2), ALARM_LATCHED);
	assert_int_equal(changes(&w, O2, ALARM_BECAME_LATCHED), 1);
	live(&w, 60 * S, 97, 70);
	assert_int_equal(state_of(&w, O2), ALARM_LATCHED);
	assert_int_equal(acknowledge(&w, O2), RESULT_OK);
	assert_int_equal(changes(&w, O2, ALARM_CLEARED), 1);
	assert_string_equal(w.engine.alarms[O2].acknowledged_by, "nurse1");
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	assert_int_equal(w.engine.alarms[O2].generation, 3);

	/* Acknowledged while present: it ends by itself. */
	spo2(&w, 85);
	assert_int_equal(acknowledge(&w, O2), RESULT_OK);
	w.now += 1 * S;
	spo2(&w, 95);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	/* Raised again it is a new alarm that nobody has acknowledged. */
	w.now += 1 * S;
	spo2(&w, 85);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	assert_string_equal(w.engine.alarms[O2].acknowledged_by, "");
	assert_int_equal(w.engine.alarms[O2].generation, 7);
}

static void test_acknowledge(void **state)
{
	(void)state;
	(void)spo2_rule(2 * S, 0, false);
	(void)world_rule(&w, "H2", PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 0);
	assert_int_equal(acknowledge(&w, ALL_SLOTS), RESULT_UNKNOWN_ALARM);
	assert_int_equal(acknowledge(&w, ALARMS_MAX), RESULT_UNKNOWN_ALARM);
	spo2(&w, 85);
	heart_rate(&w, 140);
	assert_int_equal(acknowledge(&w, O2), RESULT_UNKNOWN_ALARM); /* pending */
	w.now += 2 * S;
	spo2(&w, 85);
	assert_int_equal(acknowledge(&w, ALL_SLOTS), RESULT_OK);
	assert_int_equal(changes(&w, O2, ALARM_WAS_ACKNOWLEDGED), 1);
	assert_int_equal(changes(&w, O2 + 1, ALARM_WAS_ACKNOWLEDGED), 1);
	assert_int_equal(acknowledge(&w, O2), RESULT_UNKNOWN_ALARM); /* already */
	assert_int_equal(acknowledge(&w, ALL_SLOTS), RESULT_UNKNOWN_ALARM);
	/* It stops the sound and nothing else. */
	assert_int_equal(state_of(&w, O2), ALARM_ACKNOWLEDGED);
	assert_int_equal(announced(&w), 2);
	assert_int_equal(engine_highest_priority(&w.engine), PRIORITY_MEDIUM);
}

static enum result acknowledge_shown(uint32_t id, uint32_t generation, int64_t settled_ns)
{
	struct event event = make_command(&w, COMMAND_ALARM_ACKNOWLEDGE_SHOWN);

	event.u.command.u.shown.settled_ns = settled_ns;
	event.u.command.u.shown.count = 2;
	event.u.command.u.shown.list[0] = (struct shown_alarm){id, generation};
	event.u.command.u.shown.list[1] = (struct shown_alarm){1, 1}; /* there is none */
	world_step(&w, &event);
	return reply(&w);
}

/* Only what somebody saw, as it was then. */
static void test_acknowledge_shown(void **state)
{
	(void)state;
	(void)spo2_rule(2 * S, 0, false);
	(void)world_rule(&w, "H2", PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 0);
	spo2(&w, 85);
	heart_rate(&w, 140);
	w.now += 2 * S;
	spo2(&w, 85);
	uint32_t id = engine_alarm_id(&w.engine, O2), generation = w.engine.alarms[O2].generation;
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	assert_int_equal(acknowledge_shown(id, generation, SHOWN_SETTLED_MAX + 1), RESULT_OUT_OF_RANGE);
	assert_int_equal(acknowledge_shown(id, generation, -1), RESULT_OUT_OF_RANGE);
	assert_int_equal(acknowledge_shown(id, generation - 1, 0), RESULT_UNKNOWN_ALARM); /* is another by now */
	assert_int_equal(acknowledge_shown(id, generation + 1, 0), RESULT_UNKNOWN_ALARM);
	assert_int_equal(acknowledge_shown(id, generation, S), RESULT_UNKNOWN_ALARM); /* came just now */
	w.now += S - 1;
	assert_int_equal(acknowledge_shown(id, generation, S), RESULT_UNKNOWN_ALARM);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	w.now += 1;
	assert_int_equal(acknowledge_shown(id, generation, S), RESULT_OK);
	assert_int_equal(state_of(&w, O2), ALARM_ACKNOWLEDGED);
	assert_int_equal(state_of(&w, O2 + 1), ALARM_ACTIVE); /* nobody named it */
}

static void test_escalation_ends_acknowledgement_and_pause(void **state)
{
	(void)state;
	int id = ALARM_BASE_MISSING + PARAMETER_SPO2;

	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	for (int64_t t = 11 * S; t <= 20 * S; t += 1 * S) {
		run(&w, t);
		frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	}
	assert_int_equal(state_of(&w, id), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[id].priority, PRIORITY_LOW);
	assert_int_equal(w.engine.alarms[id].reason, REASON_SENSOR_OFF);
	assert_int_equal(acknowledge(&w, ALL_SLOTS), RESULT_OK);
	for (int64_t t = 21 * S; t < 31 * S; t += 1 * S) {
		leap(&w, t);
		frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	}
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	assert_int_equal(state_of(&w, id), ALARM_ACKNOWLEDGED);
	leap(&w, 31 * S - 1);
	assert_int_equal(state_of(&w, id), ALARM_ACKNOWLEDGED);
	leap(&w, 31 * S);
	assert_int_equal(state_of(&w, id), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[id].priority, PRIORITY_MEDIUM);
	assert_int_equal(changes(&w, id, ALARM_PRIORITY_CHANGED), 1);
	assert_string_equal(w.engine.alarms[id].acknowledged_by, "");
	assert_true(mono_is_never(w.engine.audio_paused_until));
	assert_int_equal(session_changes(&w, SESSION_AUDIO), 1);
}

static void test_audio_pause(void **state)
{
	(void)state;
	static const struct {
		enum priority priority;
		bool breaks;
	} cases[] = {{PRIORITY_NONE, false}, {PRIORITY_LOW, true}, {PRIORITY_HIGH, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		spo2_rule(0, 0, false)->priority = cases[i].priority;
		world_begin(&w, 0);
		assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK); /* needs no session */
		assert_string_equal(w.engine.audio_paused_by, "nurse1");
		assert_int_equal(w.engine.audio_paused_until.ns, 20 * S);
		leap(&w, 20 * S - 1);
		assert_int_equal(w.engine.audio_paused_until.ns, 20 * S);
		leap(&w, 20 * S);
		assert_true(mono_is_never(w.engine.audio_paused_until));
		assert_int_equal(session_changes(&w, SESSION_AUDIO), 1);

		world_open(&w, 100 * S);
		assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
		w.now += 1 * S;
		assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK); /* starts anew */
		assert_int_equal(w.engine.audio_paused_until.ns, 121 * S);
		spo2(&w, 80);
		assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
		assert_int_equal(mono_is_never(w.engine.audio_paused_until), cases[i].breaks);
		assert_int_equal(session_changes(&w, SESSION_AUDIO), cases[i].breaks);
	}
	/* Opening a session ends it. */
	(void)spo2_rule(0, 0, false);
	world_begin(&w, 0);
	(void)order(&w, COMMAND_AUDIO_PAUSE);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_true(mono_is_never(w.engine.audio_paused_until));
}

static void test_intermittent_is_judged_once(void **state)
{
	(void)state;
	world_plan(&w);
	world_rule(&w, "B4", PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 160, 155)->phases = 1U << 1; /* infusion only */
	(void)world_rule(&w, "B6", PARAMETER_NIBP_SYS, COMPARISON_BELOW, 90, 95);
	world_open(&w, 0);
	pressure(&w, 170, 90);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	w.now += 1 * S;
	(void)order(&w, COMMAND_SESSION_START); /* a new phase does not judge an old determination */
	live(&w, 10 * S, 97, 70);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	pressure(&w, 170, 90);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	/* A failed determination neither clears nor raises, the next good one does. */
	w.now += 1 * S;
	pressure_failed(&w);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	w.now += 1 * S;
	pressure(&w, 155, 90);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	/* The same determination again is no new one. */
	struct measurement again = value(&w, PARAMETER_NIBP_SYS, 70);

	again.determined = w.engine.parameters[PARAMETER_NIBP_SYS].latest.determined;
	w.now += 1 * S;
	frame(&w, CUFF, again);
	assert_int_equal(state_of(&w, 1), ALARM_INACTIVE);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).milli, 155 * MILLI);
}

static void test_intermittent_with_delays(void **state)
{
	(void)state;
	world_plan(&w);

	struct plan_rule *rule = world_rule(&w, "B", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);

	rule->delay_ns = 30 * S;
	rule->clear_delay_ns = 10 * S;
	world_open(&w, 0);
	pressure(&w, 180, 90);
	live(&w, 10 * S, 97, 70);
	pressure_failed(&w); /* what runs goes on */
	live(&w, 29 * S, 97, 70);
	assert_int_equal(state_of(&w, 0), ALARM_PENDING);
	live(&w, 30 * S, 97, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	pressure(&w, 150, 90);
	live(&w, 39 * S, 97, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	live(&w, 40 * S, 97, 70);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
}

static void test_combinations(void **state)
{
	(void)state;
	static const struct {
		enum combination combination;
		int32_t sys, dia;
		bool raised;
	} cases[] = {
	    {COMBINATION_ANY, 150, 80, false}, {COMBINATION_ANY, 180, 80, true},   {COMBINATION_ANY, 150, 110, true},
	    {COMBINATION_ALL, 180, 80, false}, {COMBINATION_ALL, 150, 110, false}, {COMBINATION_ALL, 180, 110, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_plan(&w);

		struct plan_rule *rule = world_rule(&w, "B1", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);

		rule->combination = cases[i].combination;
		rule->term_count = 2;
		rule->terms[1] = (struct rule_term){.parameter = PARAMETER_NIBP_DIA,
		                                    .comparison = COMPARISON_AT_LEAST,
		                                    .limit = 110000,
		                                    .clear = 105000};
		world_open(&w, 0);
		pressure(&w, cases[i].sys, cases[i].dia);
		assert_int_equal(state_of(&w, 0) == ALARM_ACTIVE, cases[i].raised);
		if (cases[i].raised && cases[i].sys < 180) {
			assert_int_equal(w.engine.alarms[0].parameter, PARAMETER_NIBP_DIA);
			assert_int_equal(w.engine.alarms[0].milli, 110 * MILLI);
		}
	}
}

/* Terms that came together at different instants: any counts from the first, all from the last. */
static void test_combination_counts_from(void **state)
{
	(void)state;
	for (int all = 0; all < 2; all++) {
		world_plan(&w);

		struct plan_rule *rule = world_rule(&w, "X", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);

		rule->combination = all ? COMBINATION_ALL : COMBINATION_ANY;
		rule->phases = 1U << 1;
		rule->term_count = 2;
		rule->terms[1] = (struct rule_term){
		    .parameter = PARAMETER_ECG_HR, .comparison = COMPARISON_ABOVE, .limit = 130000, .clear = 125000};
		world_open(&w, 0);
		w.now = 1 * S;
		spo2(&w, 80);
		w.now = 2 * S;
		heart_rate(&w, 140);
		w.now = 2500 * MS;
		(void)order(&w, COMMAND_SESSION_START);
		assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
		assert_int_equal(w.engine.alarms[0].violated.ns, all ? 2 * S : 1 * S);
	}
}

/* MOAA/S was entered once; when the saturation falls later, both together raise. */
static void test_combination_of_entered_and_continuous(void **state)
{
	(void)state;
	world_plan(&w);

	struct plan_rule *rule = world_rule(&w, "S3", PARAMETER_MOAAS, COMPARISON_AT_MOST, 3, 4);

	rule->combination = COMBINATION_ALL;
	rule->term_count = 2;
	rule->terms[1] = (struct rule_term){
	    .parameter = PARAMETER_SPO2, .comparison = COMPARISON_BELOW, .limit = 93000, .clear = 95000};
	world_open(&w, 0);
	live(&w, 5 * S, 97, 70);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 3000), RESULT_OK);
	live(&w, 10 * S, 97, 70);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	live(&w, 11 * S, 92, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	live(&w, 12 * S, 94, 70);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 4000), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
}

static void test_phases(void **state)
{
	(void)state;
	spo2_rule(3 * S, 0, false)->phases = 1U << 0;
	world_open(&w, 0);
	spo2(&w, 85);
	w.now += 1 * S;
	(void)order(&w, COMMAND_SESSION_START);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	live(&w, 20 * S, 85, 70);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);

	spo2_rule(0, 0, false)->phases = 1U << 0;
	world_open(&w, 0);
	spo2(&w, 85);
	w.now += 1 * S;
	(void)order(&w, COMMAND_SESSION_START);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE); /* announced: stays until the condition is gone */
	live(&w, 5 * S, 91, 70);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	live(&w, 6 * S, 92, 70);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);

	/* Entering a phase judges what is current. */
	spo2_rule(0, 0, false)->phases = 1U << 1;
	world_open(&w, 0);
	live(&w, 5 * S, 85, 70);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	(void)order(&w, COMMAND_SESSION_START);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
}

static void test_only_in_a_session(void **state)
{
	(void)state;
	(void)spo2_rule(0, 0, true);
	world_begin(&w, 0);
	all_up(&w);
	live(&w, 10 * S, 80, 70);
	assert_int_equal(announced(&w), 0);
	w.now += 500 * MS;
	(void)order(&w, COMMAND_SESSION_OPEN); /* a current value is judged, counted from the opening */
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[O2].violated.ns, 10500 * MS);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(changes(&w, O2, ALARM_SESSION_ENDED), 1);
	assert_int_equal(announced(&w), 0);
	live(&w, 20 * S, 80, 70);
	assert_int_equal(announced(&w), 0);
}

static void test_questionable_is_judged(void **state)
{
	(void)state;
	(void)spo2_rule(0, 0, false);
	world_open(&w, 0);

	struct measurement m = value(&w, PARAMETER_SPO2, 80);

	m.quality = QUALITY_QUESTIONABLE;
	m.reason = REASON_LOW_SIGNAL;
	frame(&w, OXIMETER, m);
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE);
	assert_int_equal(reading(&w, PARAMETER_SPO2).quality, QUALITY_QUESTIONABLE);
	assert_int_equal(reading(&w, PARAMETER_SPO2).reason, REASON_LOW_SIGNAL);
}

static void test_digest(void **state)
{
	(void)state;
	uint16_t count = 99, expect_count = 99;
	uint64_t last;

	(void)spo2_rule(0, 0, true);
	(void)world_rule(&w, "H2", PARAMETER_ECG_HR, COMPARISON_ABOVE, 130, 125);
	world_open(&w, 0);
	last = engine_alarm_digest(&w.engine, &count);
	assert_true(last == 0xcbf29ce484222325ULL);
	assert_int_equal(count, 0);
	heart_rate(&w, 140);
	spo2(&w, 80);
	assert_true(engine_alarm_digest(&w.engine, &count) == digest_again(&w.engine, &expect_count));
	assert_int_equal(count, 2);
	assert_int_equal(expect_count, 2);
	last = engine_alarm_digest(&w.engine, &count);
	assert_int_equal(acknowledge(&w, O2), RESULT_OK); /* the same set, another generation */
	assert_true(engine_alarm_digest(&w.engine, &count) != last);
	assert_true(engine_alarm_digest(&w.engine, &count) == digest_again(&w.engine, &expect_count));
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

/* Every change says who, an observation says of what. */
static void test_actions_name_actor_and_parameter(void **state)
{
	(void)state;
	const struct action *action;

	world_plan(&w);
	world_open(&w, 100 * S);
	still(&w, 101 * S);
	assert_int_equal(score(&w, PARAMETER_CADSS, 3 * MILLI), RESULT_OK);
	action = find_action(&w, ACTION_OBSERVATION);
	assert_int_equal(action->u.observation.observation.parameter, PARAMETER_CADSS);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_CLOSED), 1);
	action = find_action(&w, ACTION_SESSION);
	assert_string_equal(action->u.session.actor, "nurse1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_delay_to_the_nanosecond),
	    cmocka_unit_test(test_delay_counts_from_the_determination),
	    cmocka_unit_test(test_delay_needs_no_break),
	    cmocka_unit_test(test_limit_and_hysteresis),
	    cmocka_unit_test(test_clear_delay_to_the_nanosecond),
	    cmocka_unit_test(test_missing_data_never_clears),
	    cmocka_unit_test(test_latching),
	    cmocka_unit_test(test_acknowledge),
	    cmocka_unit_test(test_acknowledge_shown),
	    cmocka_unit_test(test_escalation_ends_acknowledgement_and_pause),
	    cmocka_unit_test(test_audio_pause),
	    cmocka_unit_test(test_intermittent_is_judged_once),
	    cmocka_unit_test(test_intermittent_with_delays),
	    cmocka_unit_test(test_combinations),
	    cmocka_unit_test(test_combination_counts_from),
	    cmocka_unit_test(test_combination_of_entered_and_continuous),
	    cmocka_unit_test(test_phases),
	    cmocka_unit_test(test_only_in_a_session),
	    cmocka_unit_test(test_questionable_is_judged),
	    cmocka_unit_test(test_digest),
	    cmocka_unit_test(test_clock_stepped_again),
	    cmocka_unit_test(test_pause_forgets_who_asked),
	    cmocka_unit_test(test_actions_are_whole),
	    cmocka_unit_test(test_actions_name_actor_and_parameter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
