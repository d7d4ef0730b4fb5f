/* The shipped plans at work, start to end: pressure, live signals, scores, checks, the way of an alarm. What each rule
 * does at its limits is tested in test_core_*.c; here, that the data say what the rule table says. Run from the top of
 * the repository. */
#include "tests/unit/plan_world.h"

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
	assert_string_equal(alarms(), "B3:medium ");

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
		assert_true(strlen(alarms()) > 0 || alarm_of("B2")->state == ALARM_LATCHED);
	}
	assert_int_equal(alarm_of("B2")->state, ALARM_LATCHED);
	assert_int_equal(acknowledge(&bed.w, alarm_of("B2")->id), RESULT_OK);
	assert_string_equal(alarms(), "B3:medium ");
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

/* After the end of the schedule the alarm itself asks for readings. */
static void test_extra_readings_while_an_alarm_is_present(void **state)
{
	(void)state;
	finish_infusion();
	int before = bed.inflations;
	go(20 * MIN);
	assert_int_equal(bed.inflations, before);
	bed.sys = 150;
	bed.dia = 102;
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(MIN);
	assert_int_equal(bed.inflations, before + 2); /* and its repeat */
	assert_string_equal(alarms(), "B4:medium B5:medium ");
	go(11 * MIN);
	assert_int_equal(bed.inflations, before + 3);
	bed.sys = 120;
	bed.dia = 76;
	go(11 * MIN);
	assert_int_equal(bed.inflations, before + 4);
	assert_string_equal(alarms(), "B4:medium B5:medium "); /* one good reading is not enough */
	go(11 * MIN);
	assert_int_equal(bed.inflations, before + 5);
	assert_string_equal(alarms(), "");
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
	assert_int_equal(acknowledge(&bed.w, ALL_SLOTS), RESULT_OK);
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

static void test_acknowledged_alarms_are_announced_again(void **state)
{
	(void)state;
	begin_infusion();
	bed.spo2 = 92;
	go(32 * S);
	const struct alarm *o1 = alarm_of("O1");
	assert_int_equal(acknowledge(&bed.w, o1->id), RESULT_OK);
	go(3 * MIN - S);
	assert_int_equal(o1->state, ALARM_ACKNOWLEDGED);
	go(2 * S);
	assert_int_equal(o1->state, ALARM_ACTIVE);
	assert_int_equal(o1->reminders, 1);
}

/* An inflation on the oximeter's limb hides only that there is no value, and only for a while. */
static void test_inflation_hides_only_a_missing_value(void **state)
{
	(void)state;
	const struct alarm *missing = &bed.w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2];
	for (int same_limb = 0; same_limb <= 1; same_limb++) {
		begin_infusion();
		bed.w.config.devices[OXIMETER].same_limb = same_limb == 1;
		go(MIN);
		assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
		bed.spo2 = 0;
		go(48 * S);
		assert_int_equal(missing->state == ALARM_ACTIVE, same_limb == 0);
		go(6 * S);
		assert_int_equal(missing->state, ALARM_ACTIVE);
	}
	begin_infusion();
	bed.w.config.devices[OXIMETER].same_limb = true;
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	bed.spo2 = 89;
	go(17 * S);
	assert_string_equal(alarms(), "O2:high ");
}

static void test_missing_values(void **state)
{
	(void)state;
	begin_infusion();
	const struct alarm *missing = &bed.w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2];
	bed.spo2 = 0;
	bed.no_perfusion = true; /* no rule judges it: shown as missing, no alarm */
	go(29 * S);
	assert_int_equal(missing->state, ALARM_PENDING);
	go(3 * S);
	assert_int_equal(missing->state, ALARM_ACTIVE);
	assert_int_equal(missing->priority, PRIORITY_LOW);
	go(90 * S);
	assert_int_equal(missing->priority, PRIORITY_MEDIUM);
	bed.spo2 = 98;
	go(9 * S);
	assert_int_equal(missing->state, ALARM_ACTIVE);
	go(3 * S);
	assert_int_equal(missing->state, ALARM_INACTIVE);
	assert_int_equal(reading(&bed.w, PARAMETER_PERFUSION).quality, QUALITY_NO_VALUE);
	assert_int_equal(bed.w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_PERFUSION].state, ALARM_INACTIVE);
}

/* The oximeter is the only source of SpO2; the ECG of a rate only while there is no pulse. */
static void test_lost_devices(void **state)
{
	(void)state;
	for (int device = OXIMETER; device <= ECG; device++) {
		begin_infusion();
		const struct alarm *lost = &bed.w.engine.alarms[ALARM_BASE_DEVICE + device];
		device_is(&bed.w, device, DEVICE_DOWN, FAULT_HUNG_UP);
		assert_int_equal(lost->state, ALARM_ACTIVE);
		assert_int_equal(lost->priority, device == OXIMETER ? PRIORITY_MEDIUM : PRIORITY_LOW);
	}
}

static enum result take_out_spo2(const char *name)
{
	struct event event = make_command(&bed.w, COMMAND_TAKE_OUT);
	struct take_out *order = &event.u.command.u.take_out;
	put_text(order->name, "spo2", NAME_BYTES);
	put_text(order->reason, "probe is being changed", TEXT_BYTES);
	put_text(order->override.name, name, NAME_BYTES);
	put_text(order->override.reason, "nurse stays at the bed", TEXT_BYTES);
	order->duration_s = 60;
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

static void test_taking_out_the_only_source(void **state)
{
	(void)state;
	begin_infusion();
	const struct alarm *taken = &bed.w.engine.alarms[ALARM_BASE_TAKEN_OUT + DEVICES_MAX + PARAMETER_SPO2];
	assert_int_equal(take_out_spo2(""), RESULT_BLOCKED);
	assert_int_equal(taken->state, ALARM_INACTIVE);
	assert_int_equal(take_out_spo2("dr-a"), RESULT_OK);
	assert_int_equal(taken->state, ALARM_ACTIVE);
	assert_int_equal(taken->priority, PRIORITY_LOW);
	bed.spo2 = 80;
	go(58 * S);
	assert_string_equal(alarms(), "");
	go(10 * S);
	assert_string_equal(alarms(), "O3:high ");
	assert_int_not_equal(taken->state, ALARM_ACTIVE);
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
	assert_int_equal(acknowledge(&bed.w, ALL_SLOTS), RESULT_OK);
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
	const struct alarm *late = &bed.w.engine.alarms[ALARM_BASE_CHECK_LATE + 2];
	assert_int_equal(late->state, ALARM_PENDING);
	go(10 * S);
	assert_int_equal(late->state, ALARM_ACTIVE);
	assert_int_equal(late->priority, PRIORITY_MEDIUM);
}

/* ---- the way of an alarm
 * --------------------------------------------------------------------------------------------- */

static void confirm_display(const char *name)
{
	struct event event = make_command(&bed.w, COMMAND_RECEIPT);
	put_text(event.u.command.u.receipt.display, name, NAME_BYTES);
	event.u.command.u.receipt.shown = at(bed.w.now);
	world_step(&bed.w, &event);
}

static void test_a_required_display_is_silent(void **state)
{
	(void)state;
	const struct alarm *service = &bed.w.engine.alarms[ALARM_BASE_SERVICE + SERVICE_DISPLAYS];
	begin_infusion();
	put_text(bed.w.config.displays[0], "bedside", NAME_BYTES);
	put_text(bed.w.config.displays[1], "desk", NAME_BYTES);
	bed.w.config.display_count = 2;
	bed.w.config.display_within_ns = 8 * S;
	for (int i = 0; i < 20; i++) {
		confirm_display("bedside");
		confirm_display("desk");
		go(S);
		assert_int_equal(service->state, ALARM_INACTIVE);
	}
	for (int i = 0; i < 9; i++) { /* one of them goes on */
		confirm_display("bedside");
		go(S);
	}
	assert_int_equal(service->state, ALARM_ACTIVE);
	confirm_display("desk");
	go(S);
	assert_int_equal(service->state, ALARM_INACTIVE);
}

static void test_a_test_alarm_is_marked(void **state)
{
	(void)state;
	begin_infusion();
	const struct alarm *test = &bed.w.engine.alarms[ALARM_BASE_TEST];
	assert_int_equal(order(&bed.w, COMMAND_TEST_ALARM), RESULT_OK);
	assert_int_equal(test->state, ALARM_ACTIVE);
	for (int id = 0; id < ALARMS_MAX; id++)
		assert_int_equal(bed.w.engine.alarms[id].test, id == ALARM_BASE_TEST);
	assert_string_equal(alarms(), "");
}

static void test_a_loose_plug_is_told_as_such(void **state)
{
	(void)state;
	begin_infusion();
	const struct alarm *flapping = &bed.w.engine.alarms[ALARM_BASE_FLAPPING + OXIMETER];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(flapping->state, ALARM_INACTIVE);
		device_is(&bed.w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
		device_is(&bed.w, OXIMETER, DEVICE_UP, FAULT_NONE);
		go(5 * S);
	}
	assert_int_equal(flapping->state, ALARM_ACTIVE);
	go(50 * S);
	assert_int_equal(flapping->state, ALARM_ACTIVE);
	go(10 * S);
	assert_int_equal(flapping->state, ALARM_INACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pressure_is_confirmed_by_a_repeat),
	    cmocka_unit_test(test_missing_repeat_confirms),
	    cmocka_unit_test(test_one_pressure_situation_is_one_alarm),
	    cmocka_unit_test(test_unattended_pause_criterion_goes_high),
	    cmocka_unit_test(test_falling_pressure_is_less_urgent),
	    cmocka_unit_test(test_extra_readings_while_an_alarm_is_present),
	    cmocka_unit_test(test_one_saturation_situation_is_one_alarm),
	    cmocka_unit_test(test_low_resting_rate),
	    cmocka_unit_test(test_two_rates_are_compared),
	    cmocka_unit_test(test_acknowledged_alarms_are_announced_again),
	    cmocka_unit_test(test_inflation_hides_only_a_missing_value),
	    cmocka_unit_test(test_missing_values),
	    cmocka_unit_test(test_lost_devices),
	    cmocka_unit_test(test_taking_out_the_only_source),
	    cmocka_unit_test(test_drowsy_and_breathing_badly),
	    cmocka_unit_test(test_agitation_and_distress),
	    cmocka_unit_test(test_dissociation_that_does_not_end),
	    cmocka_unit_test(test_score_that_depends_on_a_score),
	    cmocka_unit_test(test_spray_pressure_at_minute_40),
	    cmocka_unit_test(test_a_required_display_is_silent),
	    cmocka_unit_test(test_a_test_alarm_is_marked),
	    cmocka_unit_test(test_a_loose_plug_is_told_as_such),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
