/* The shipped plans at work: whole pieces of a session through the engine, with the plan as it is read from its file.
 * What each rule does at its limits is tested in test_core_*.c; here, that the data say what the rule table says. Run
 * from the top of the repository. */
#include "tests/unit/config_world.h"
#include "tests/unit/core_world.h"

#define MIN (60 * S)

/* A patient with devices: each value once a second, and a cuff that takes `cuff_takes_ns` when it is asked. */
static struct bed {
	struct world w;
	int32_t spo2, rate, pulse, resp, sys, dia;
	int32_t moaas, cadss;  /* what staff enter whenever it is due */
	int64_t cuff_takes_ns; /* 0 = it never finishes */
	int inflations;
	bool idle; /* staff do not score */
} bed;

static void answer_cuff(void)
{
	const struct engine_device_state *d = &bed.w.engine.devices[CUFF];
	if (!d->cuff_requested || bed.cuff_takes_ns == 0 || bed.w.now - d->cuff_requested_at.ns < bed.cuff_takes_ns)
		return;
	bed.inflations++;
	pressure(&bed.w, bed.sys, bed.dia);
}

static void enter_due_scores(void)
{
	const struct plan *plan = &bed.w.config.plan;
	for (uint8_t i = 0; i < plan->check_count && !bed.idle; i++) {
		enum parameter parameter = plan->checks[i].parameter;
		int32_t entry = parameter == PARAMETER_MOAAS ? bed.moaas : bed.cadss;
		if (parameter_table[parameter].cadence == CADENCE_ENTERED &&
		    bed.w.engine.session.checks[i].overdue_since.ns != INT64_MAX)
			assert_int_equal(score(&bed.w, parameter, entry * MILLI), RESULT_OK);
	}
}

static void go(int64_t ns)
{
	struct world *w = &bed.w;
	for (int64_t end = w->now + ns; w->now < end;) {
		run(w, w->now + S);
		struct measurement oximeter[] = {value(w, PARAMETER_SPO2, bed.spo2),
		                                 value(w, PARAMETER_PULSE, bed.pulse),
		                                 value(w, PARAMETER_PERFUSION, 3)};
		struct measurement ecg[] = {value(w, PARAMETER_ECG_HR, bed.rate), value(w, PARAMETER_RESP, bed.resp)};
		frame_of(w, OXIMETER, 3, oximeter);
		frame_of(w, ECG, 2, ecg);
		frame_of(w, CUFF, 0, NULL);
		answer_cuff();
		enter_due_scores();
	}
}

static void read_plan_file(const char *plan)
{
	read_good(write_variant(plan, GOOD "map.conf", ENDPOINTS));
	memset(&bed, 0, sizeof bed);
	world_plan(&bed.w);
	bed.w.config.plan = config.engine.plan;
	bed.spo2 = 98;
	bed.rate = bed.pulse = 70;
	bed.resp = 14;
	bed.sys = 120;
	bed.dia = 76;
	bed.moaas = 5;
	bed.cuff_takes_ns = 20 * S;
	world_begin(&bed.w, 100 * S);
	all_up(&bed.w);
}

static enum result open_with(int32_t dose_ug, int32_t age, const char *second)
{
	struct event event = make_command(&bed.w, COMMAND_SESSION_OPEN);
	event.u.command.u.order.weight_g = 70000;
	event.u.command.u.order.dose_ug = dose_ug;
	event.u.command.u.order.age_years = age;
	put_text(event.u.command.u.order.second_person, second, NAME_BYTES);
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

static enum result tick_item(const char *name)
{
	struct event event = make_command(&bed.w, COMMAND_ITEM);
	put_text(event.u.command.u.item.name, name, NAME_BYTES);
	event.u.command.u.item.ticked = true;
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

static enum result overriding(enum command command, const char *name, const char *reason)
{
	struct event event = make_command(&bed.w, command);
	put_text(event.u.command.u.override.name, name, NAME_BYTES);
	put_text(event.u.command.u.override.reason, reason, TEXT_BYTES);
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

static enum result loosen(const char *rule, int32_t limit, const char *second)
{
	struct event event = make_command(&bed.w, COMMAND_LIMIT);
	struct limit_order *order = &event.u.command.u.limit;
	put_text(order->rule, rule, NAME_BYTES);
	put_text(order->second_person, second, NAME_BYTES);
	put_text(order->reason, "known to the clinic", TEXT_BYTES);
	order->limit = limit * MILLI;
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

/* "G1 dose ..." of what blocks now. */
static const char *blockers(void)
{
	static char names[64][NAME_BYTES], text[4096];
	uint8_t count = engine_blockers(&bed.w.engine, names, 64);
	size_t used = 0;
	text[0] = '\0';
	for (uint8_t i = 0; i < count && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s ", names[i]);
	return text;
}

static const struct alarm *alarm_of(const char *name)
{
	const struct plan *plan = &bed.w.config.plan;
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (strcmp(plan->rules[i].name, name) == 0)
			return &bed.w.engine.alarms[ALARM_BASE_RULE + i];
	fail_msg("there is no rule %s", name);
	return NULL;
}

static bool present(const char *name)
{
	enum alarm_state state = alarm_of(name)->state;
	return state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED;
}

/* "B3:medium O2:high " of the announced rules, those without a signal left out. */
static const char *alarms(void)
{
	static char text[4096];
	const struct plan *plan = &bed.w.config.plan;
	text[0] = '\0';
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		const struct alarm *alarm = &bed.w.engine.alarms[ALARM_BASE_RULE + i];
		if (alarm_announced(alarm->state) && alarm->priority > PRIORITY_NONE)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s:%s ", plan->rules[i].name,
			               priority_name(alarm->priority));
	}
	return text;
}

static void scores(int32_t moaas, int32_t cadss)
{
	assert_int_equal(score(&bed.w, PARAMETER_MOAAS, moaas * MILLI), RESULT_OK);
	assert_int_equal(score(&bed.w, PARAMETER_CADSS, cadss * MILLI), RESULT_OK);
}

/* Rest, two cuff readings, scores, the ticked item, start. */
static void begin_infusion(void)
{
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	scores(5, 0);
	assert_int_equal(tick_item("cuff-arm"), RESULT_OK);
	go(6 * MIN);
	assert_string_equal(blockers(), "");
	assert_int_equal(order(&bed.w, COMMAND_SESSION_START), RESULT_OK);
	assert_true(bed.w.engine.session.baseline.complete);
	assert_int_equal(bed.w.engine.session.baseline.sys, 120 * MILLI);
}

/* To 62 minutes after the end of the infusion, without any trouble. */
static void finish_infusion(void)
{
	begin_infusion();
	go(102 * MIN);
	assert_true(bed.w.engine.session.ended);
}

/* ---- before the start -----------------------------------------------------------------------------------------------
 */

static void test_gates_block_the_start(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(0, 40, ""), RESULT_OK);
	assert_string_equal(blockers(), "G1 G2 G2-resp G3 cuff-arm dose baseline-scores ");
	assert_int_equal(order(&bed.w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_int_equal(overriding(COMMAND_SESSION_START, "dr-a", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(overriding(COMMAND_SESSION_START, "dr-a", "seen, well"), RESULT_OK);
	assert_string_equal(bed.w.engine.session.start_override.name, "dr-a");

	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	bed.dia = 91;
	scores(4, 0);
	go(6 * MIN);
	assert_string_equal(blockers(), "G1 G3 cuff-arm ");
	/* Two readings at or below the limit end it, one does not. */
	bed.dia = 90;
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(30 * S);
	scores(5, 0);
	assert_int_equal(tick_item("cuff-arm"), RESULT_OK);
	assert_string_equal(blockers(), "G1 ");
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(30 * S);
	assert_string_equal(blockers(), "");
	bed.spo2 = 93;
	go(31 * S);
	assert_string_equal(blockers(), "G2 ");
	assert_int_equal(order(&bed.w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_string_equal(alarms(), "");
}

static void test_age_changes_the_gate(void **state)
{
	(void)state;
	static const struct {
		int32_t age, sys;
		const char *blocked;
	} cases[] = {
	    {0, 141, "G1 "}, {64, 141, "G1 "}, {64, 140, ""}, {65, 141, ""}, {65, 150, ""}, {65, 151, "G1-65 "},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		read_plan_file("etc/plans/esketamine-spray.conf");
		assert_int_equal(open_with(56000, cases[i].age, ""), RESULT_OK);
		bed.sys = cases[i].sys;
		scores(5, 0);
		assert_int_equal(tick_item("cuff-arm"), RESULT_OK);
		go(6 * MIN);
		assert_string_equal(blockers(), cases[i].blocked);
	}
}

static void test_dose_needs_a_second_person(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(350000, 40, ""), RESULT_SECOND_PERSON); /* ten times as much */
	assert_int_equal(open_with(6999, 40, ""), RESULT_SECOND_PERSON);
	assert_int_equal(open_with(350000, 40, "nurse1"), RESULT_SECOND_PERSON); /* the same person twice */
	assert_int_equal(open_with(350000, 40, "dr-a"), RESULT_OK);
	read_plan_file("etc/plans/esketamine-spray.conf");
	assert_int_equal(open_with(70000, 40, ""), RESULT_SECOND_PERSON);
	assert_int_equal(open_with(84000, 40, ""), RESULT_OK);
}

/* ---- blood pressure -------------------------------------------------------------------------------------------------
 */

static void test_pressure_is_confirmed_by_a_repeat(void **state)
{
	(void)state;
	begin_infusion();
	go(4 * MIN);
	int before = bed.inflations;
	bed.sys = 165; /* B3 and, 45 above the baseline, B5 */
	go(90 * S);    /* minute 5: the reading of the grid */
	assert_int_equal(bed.inflations, before + 1);
	assert_string_equal(alarms(), "");
	go(30 * S); /* its repeat comes by itself */
	assert_int_equal(bed.inflations, before + 2);
	assert_string_equal(alarms(), "B3:medium B5:medium ");

	begin_infusion();
	go(4 * MIN);
	before = bed.inflations;
	bed.sys = 165;
	go(90 * S);
	bed.sys = 130; /* it was a movement */
	go(MIN);
	assert_int_equal(bed.inflations, before + 2);
	assert_string_equal(alarms(), "");
}

static void test_missing_repeat_confirms(void **state)
{
	(void)state;
	begin_infusion();
	go(4 * MIN);
	bed.sys = 181;
	go(90 * S);
	assert_string_equal(alarms(), "B1:medium ");
	bed.cuff_takes_ns = 0;
	go(50 * S);
	assert_string_equal(alarms(), "B1:medium ");
	go(50 * S);
	assert_string_equal(alarms(), "B1:high ");
}

static void test_one_pressure_situation_is_one_alarm(void **state)
{
	(void)state;
	begin_infusion();
	go(4 * MIN);
	bed.sys = 185;
	go(2 * MIN);
	assert_string_equal(alarms(), "B1:high ");
	bed.sys = 205;
	go(5 * MIN);
	assert_string_equal(alarms(), "B2:high ");
	/* Back below 200 but not at 170, then between 155 and 170: each time one alarm, and never none. */
	bed.sys = 165;
	for (int i = 0; i < 15; i++) {
		go(MIN);
		assert_true(strlen(alarms()) > 0);
	}
	assert_true(present("B3"));
	assert_false(present("B1") || present("B2"));
}

static void test_unattended_pause_criterion_goes_high(void **state)
{
	(void)state;
	begin_infusion();
	go(4 * MIN);
	bed.dia = 101; /* exactly 25 above the baseline, too */
	while (!present("B3"))
		go(S);
	int64_t raised = bed.w.now;
	go(raised + 118 * S - bed.w.now);
	assert_int_equal(alarm_of("B3")->priority, PRIORITY_MEDIUM);
	go(4 * S);
	assert_int_equal(alarm_of("B3")->priority, PRIORITY_HIGH);

	begin_infusion();
	go(4 * MIN);
	bed.dia = 101;
	while (!present("B3"))
		go(S);
	assert_int_equal(order(&bed.w, COMMAND_SESSION_PAUSE), RESULT_OK);
	go(3 * MIN);
	assert_int_equal(alarm_of("B3")->priority, PRIORITY_MEDIUM);
}

static void test_falling_pressure_is_less_urgent(void **state)
{
	(void)state;
	begin_infusion();
	go(41 * MIN);
	bed.dia = 105;
	go(14 * MIN);
	assert_int_equal(alarm_of("B4")->priority, PRIORITY_MEDIUM);
	assert_true(present("B4"));
	bed.dia = 102;
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(30 * S);
	assert_int_equal(alarm_of("B4")->priority, PRIORITY_LOW);
	bed.dia = 103;
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(30 * S);
	assert_int_equal(alarm_of("B4")->priority, PRIORITY_MEDIUM);
}

/* ---- live signals ---------------------------------------------------------------------------------------------------
 */

static void test_one_saturation_situation_is_one_alarm(void **state)
{
	(void)state;
	begin_infusion();
	bed.spo2 = 92;
	go(29 * S);
	assert_string_equal(alarms(), "");
	go(3 * S);
	assert_string_equal(alarms(), "O1:medium ");
	bed.spo2 = 89;
	go(17 * S);
	assert_string_equal(alarms(), "O2:high ");
	bed.spo2 = 84;
	go(7 * S);
	assert_true(present("O3"));
	assert_false(present("O1") || present("O2"));
	bed.spo2 = 98;
	go(20 * S);
	assert_int_equal(alarm_of("O3")->state, ALARM_LATCHED);
	assert_int_equal(acknowledge(&bed.w, ALARM_ID_ALL), RESULT_OK);
	assert_string_equal(alarms(), "");
}

static void test_low_resting_rate(void **state)
{
	(void)state;
	begin_infusion();
	bed.rate = bed.pulse = 49;
	go(32 * S);
	assert_string_equal(alarms(), "H3:medium ");

	read_plan_file("etc/plans/ketamine-iv.conf"); /* who rests at 58 may go down to 43 */
	bed.rate = bed.pulse = 58;
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	scores(5, 0);
	assert_int_equal(tick_item("cuff-arm"), RESULT_OK);
	go(6 * MIN);
	assert_int_equal(order(&bed.w, COMMAND_SESSION_START), RESULT_OK);
	bed.rate = bed.pulse = 43;
	go(MIN);
	assert_string_equal(alarms(), "");
	bed.rate = bed.pulse = 42;
	go(32 * S);
	assert_string_equal(alarms(), "H3:medium ");
	bed.rate = bed.pulse = 39;
	go(12 * S);
	assert_string_equal(alarms(), "H4:high ");
}

static void test_two_rates_are_compared(void **state)
{
	(void)state;
	begin_infusion();
	bed.pulse = 91;
	go(32 * S);
	assert_string_equal(alarms(), "H5:low ");
	assert_int_equal(reading(&bed.w, PARAMETER_ECG_HR).milli, 70 * MILLI);
	assert_int_equal(reading(&bed.w, PARAMETER_PULSE).milli, 91 * MILLI);
	bed.pulse = 81;
	go(40 * S);
	assert_string_equal(alarms(), "H5:low ");
	bed.pulse = 80;
	go(32 * S);
	assert_string_equal(alarms(), "");
}

/* ---- scores ---------------------------------------------------------------------------------------------------------
 */

static void test_drowsy_and_breathing_badly(void **state)
{
	(void)state;
	begin_infusion();
	assert_int_equal(score(&bed.w, PARAMETER_MOAAS, 3 * MILLI), RESULT_OK);
	assert_string_equal(alarms(), "S2:medium ");
	assert_int_equal(bed.w.engine.session.recheck_due.ns, bed.w.now + 5 * MIN);
	bed.resp = 9;
	go(33 * S);
	assert_string_equal(alarms(), "R1:medium S3-resp:high ");
	bed.resp = 7; /* the worse breathing alarm takes the place of the other one and still counts */
	go(20 * S);
	assert_string_equal(alarms(), "R2:high S3-resp:high ");
	assert_int_equal(score(&bed.w, PARAMETER_MOAAS, 2 * MILLI), RESULT_OK);
	assert_string_equal(alarms(), "R2:high S3:high ");
	assert_false(present("S2") || present("S1"));
}

static void test_agitation_and_distress(void **state)
{
	(void)state;
	begin_infusion();
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 2 * MILLI), RESULT_OK);
	assert_string_equal(alarms(), "S4:medium ");
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 3 * MILLI), RESULT_OK);
	assert_string_equal(alarms(), "S4-high:high ");
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 1 * MILLI), RESULT_OK);
	assert_int_equal(acknowledge(&bed.w, ALARM_ID_ALL), RESULT_OK);
	assert_int_equal(score(&bed.w, PARAMETER_DISTRESS, 1 * MILLI), RESULT_OK);
	assert_string_equal(alarms(), "S4-distress:medium ");
	assert_int_equal(score(&bed.w, PARAMETER_DISTRESS, 0), RESULT_OK);
	assert_string_equal(alarms(), "");
}

static void test_dissociation_that_does_not_end(void **state)
{
	(void)state;
	begin_infusion();
	go(20 * MIN);
	assert_int_equal(score(&bed.w, PARAMETER_CADSS, 4 * MILLI), RESULT_OK);
	assert_false(present("D1"));
	assert_int_equal(score(&bed.w, PARAMETER_CADSS, 5 * MILLI), RESULT_OK);
	assert_true(present("D1"));
	bed.cadss = 5;
	assert_string_equal(alarms(), ""); /* a note, no signal */
	go(79 * MIN + 50 * S);
	assert_false(present("D2"));
	go(20 * S);
	assert_int_equal(alarm_of("D2")->priority, PRIORITY_MEDIUM);
	assert_true(present("D2"));
	assert_non_null(strstr(blockers(), "D2 "));
	assert_int_equal(score(&bed.w, PARAMETER_CADSS, 4 * MILLI), RESULT_OK);
	assert_false(present("D1") || present("D2"));
	assert_null(strstr(blockers(), "D2 "));
}

/* ---- checks ---------------------------------------------------------------------------------------------------------
 */

static const struct check_state *check_of(const char *name)
{
	const struct plan *plan = &bed.w.config.plan;
	for (uint8_t i = 0; i < plan->check_count; i++)
		if (strcmp(plan->checks[i].name, name) == 0)
			return &bed.w.engine.session.checks[i];
	fail_msg("there is no check %s", name);
	return NULL;
}

/* The score of minute 80 is due for those who still dissociate only. */
static void test_score_that_depends_on_a_score(void **state)
{
	(void)state;
	begin_infusion();
	go(39 * MIN);
	scores(5, 9);
	bed.idle = true;
	go(42 * MIN);
	assert_false(mono_before(at(bed.w.now), check_of("cadss-still")->overdue_since));

	begin_infusion();
	go(39 * MIN);
	scores(5, 4);
	go(42 * MIN);
	assert_int_equal(check_of("cadss-still")->overdue_since.ns, INT64_MAX);
	assert_int_equal(check_of("cadss-still")->next, 1);
	assert_int_equal(check_of("cadss-still")->missed, 0);
}

static void test_spray_pressure_at_minute_40(void **state)
{
	(void)state;
	read_plan_file("etc/plans/esketamine-spray.conf");
	bed.cuff_takes_ns = 0;
	assert_int_equal(open_with(56000, 40, ""), RESULT_OK);
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "dr-a", "cuff broken"), RESULT_OK);
	go(34 * MIN);
	pressure(&bed.w, 120, 80);
	assert_int_equal(check_of("cuff-40")->done, 0);
	go(70 * S);
	pressure(&bed.w, 120, 80); /* 35:10 counts */
	assert_int_equal(check_of("cuff-40")->done, 1);

	read_plan_file("etc/plans/esketamine-spray.conf");
	bed.cuff_takes_ns = 0;
	assert_int_equal(open_with(56000, 40, ""), RESULT_OK);
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "dr-a", "cuff broken"), RESULT_OK);
	go(45 * MIN - 5 * S);
	const struct alarm *late = &bed.w.engine.alarms[ALARM_BASE_CHECK_LATE + 1];
	assert_int_equal(late->state, ALARM_PENDING);
	go(10 * S);
	assert_int_equal(late->state, ALARM_ACTIVE);
	assert_int_equal(late->priority, PRIORITY_MEDIUM);
}

/* ---- leaving --------------------------------------------------------------------------------------------------------
 */

static void tick_leave_items(void)
{
	static const char *const items[] = {"on-air", "suicidality", "escort", "no-driving"};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(tick_item(items[i]), RESULT_OK);
}

static void test_leaving_after_an_infusion(void **state)
{
	(void)state;
	begin_infusion();
	go(41 * MIN);
	assert_string_equal(blockers(), "RASS on-air suicidality escort no-driving earliest ");
	finish_infusion();
	assert_int_equal(order(&bed.w, COMMAND_SESSION_CLOSE), RESULT_BLOCKED);
	scores(5, 0);
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 0), RESULT_OK);
	tick_leave_items();
	assert_string_equal(blockers(), "");
	bed.spo2 = 92;
	go(2 * S);
	assert_string_equal(blockers(), "SpO2 ");
	bed.spo2 = 98;
	bed.rate = 101;
	go(2 * S);
	assert_string_equal(blockers(), "HR ");
	bed.rate = 70;
	go(2 * S);
	assert_int_equal(order(&bed.w, COMMAND_SESSION_CLOSE), RESULT_OK);
}

static void test_leaving_asks_for_fresh_values(void **state)
{
	(void)state;
	finish_infusion();
	scores(5, 0);
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 0), RESULT_OK);
	tick_leave_items();
	go(16 * MIN); /* no reading is due any more */
	assert_string_equal(blockers(), "BP-baseline BP-low ");
	/* 21 above the baseline, and not falling; then falling, and at most 140/90; then higher again. */
	static const struct {
		int32_t sys;
		const char *blocked;
	} cases[] = {{141, "BP-baseline BP-low "}, {140, ""}, {139, ""}, {140, ""}, {141, "BP-baseline BP-low "}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		go(S);
		pressure(&bed.w, cases[i].sys, 76);
		assert_string_equal(blockers(), cases[i].blocked);
	}
	go(31 * MIN);
	assert_non_null(strstr(blockers(), "MOAAS RASS CADSS "));
}

/* Nobody scored: that was an alarm, and what is not known blocks. */
static void test_leaving_without_scores(void **state)
{
	(void)state;
	begin_infusion();
	bed.idle = true;
	go(41 * MIN);
	assert_string_equal(blockers(),
	                    "MOAAS RASS CADSS CADSS-baseline CADSS6 CADSS6-baseline on-air suicidality escort "
	                    "no-driving earliest quiet ");
}

static void test_leaving_low_and_falling(void **state)
{
	(void)state;
	finish_infusion();
	scores(5, 0);
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 0), RESULT_OK);
	tick_leave_items();
	/* 98 is 22 below the baseline: only the second rule of the group can let go, if it falls. */
	static const struct {
		int32_t sys;
		const char *blocked;
	} cases[] = {{99, ""}, {98, ""}, {98, ""}, {99, "BP-baseline BP-low "}, {100, ""}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		go(S);
		pressure(&bed.w, cases[i].sys, 76);
		assert_string_equal(blockers(), cases[i].blocked);
	}
}

static void test_leaving_after_unrest(void **state)
{
	(void)state;
	finish_infusion();
	scores(5, 0);
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 2 * MILLI), RESULT_OK);
	tick_leave_items();
	assert_string_equal(alarms(), "S4:medium ");
	assert_non_null(strstr(blockers(), "RASS quiet "));
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 0), RESULT_OK);
	go(14 * MIN);
	assert_non_null(strstr(blockers(), "quiet "));
	go(2 * MIN);
	assert_null(strstr(blockers(), "quiet "));
	assert_int_equal(overriding(COMMAND_SESSION_CLOSE, "dr-a", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(overriding(COMMAND_SESSION_CLOSE, "dr-a", "pressure seen by hand"), RESULT_OK);
	assert_string_equal(bed.w.engine.session.close_override.reason, "pressure seen by hand");
}

static void test_two_hours_from_the_first_device(void **state)
{
	(void)state;
	read_plan_file("etc/plans/esketamine-spray.conf");
	assert_int_equal(open_with(84000, 40, ""), RESULT_OK);
	scores(5, 0);
	assert_int_equal(tick_item("cuff-arm"), RESULT_OK);
	go(6 * MIN);
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "", ""), RESULT_OK);
	assert_true(bed.w.engine.session.started);
	int64_t first = bed.w.now;
	go(5 * MIN - S);
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "", ""), RESULT_WRONG_STATE);
	go(S);
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "", ""), RESULT_OK);
	go(6 * MIN); /* the third one a little late */
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "", ""), RESULT_OK);
	go(5 * MIN);
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "", ""), RESULT_WRONG_STATE); /* a fourth one */
	go(first + 120 * MIN - S - bed.w.now);
	assert_non_null(strstr(blockers(), "earliest "));
	go(S);
	assert_null(strstr(blockers(), "earliest "));
}

/* ---- limits of one patient ------------------------------------------------------------------------------------------
 */

static void test_critical_limits_need_two_people(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		int32_t looser, tighter;
	} critical[] = {{"B1", 181, 179}, {"B2", 201, 199}, {"B6", 89, 91}, {"H2", 131, 129}, {"H4", 39, 41},
	                {"O2", 89, 91},   {"O3", 84, 86},   {"R2", 7, 9},   {"S3", 1, 3}};
	for (size_t i = 0; i < sizeof critical / sizeof critical[0]; i++) {
		begin_infusion();
		assert_int_equal(loosen(critical[i].rule, critical[i].looser, ""), RESULT_SECOND_PERSON);
		assert_int_equal(loosen(critical[i].rule, critical[i].looser, "nurse1"), RESULT_SECOND_PERSON);
		assert_int_equal(loosen(critical[i].rule, critical[i].tighter, ""), RESULT_OK);
		assert_int_equal(loosen(critical[i].rule, critical[i].looser, "dr-a"), RESULT_OK);
	}
	/* Others: looser by one person up to the critical rule, beyond it by two. */
	begin_infusion();
	assert_int_equal(loosen("O1", 90, ""), RESULT_OK);
	assert_int_equal(loosen("B3", 179, ""), RESULT_OK);
	assert_int_equal(loosen("B3", 190, ""), RESULT_SECOND_PERSON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gates_block_the_start),
	    cmocka_unit_test(test_age_changes_the_gate),
	    cmocka_unit_test(test_dose_needs_a_second_person),
	    cmocka_unit_test(test_pressure_is_confirmed_by_a_repeat),
	    cmocka_unit_test(test_missing_repeat_confirms),
	    cmocka_unit_test(test_one_pressure_situation_is_one_alarm),
	    cmocka_unit_test(test_unattended_pause_criterion_goes_high),
	    cmocka_unit_test(test_falling_pressure_is_less_urgent),
	    cmocka_unit_test(test_one_saturation_situation_is_one_alarm),
	    cmocka_unit_test(test_low_resting_rate),
	    cmocka_unit_test(test_two_rates_are_compared),
	    cmocka_unit_test(test_drowsy_and_breathing_badly),
	    cmocka_unit_test(test_agitation_and_distress),
	    cmocka_unit_test(test_dissociation_that_does_not_end),
	    cmocka_unit_test(test_score_that_depends_on_a_score),
	    cmocka_unit_test(test_spray_pressure_at_minute_40),
	    cmocka_unit_test(test_leaving_after_an_infusion),
	    cmocka_unit_test(test_leaving_asks_for_fresh_values),
	    cmocka_unit_test(test_leaving_without_scores),
	    cmocka_unit_test(test_leaving_low_and_falling),
	    cmocka_unit_test(test_leaving_after_unrest),
	    cmocka_unit_test(test_two_hours_from_the_first_device),
	    cmocka_unit_test(test_critical_limits_need_two_people),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
