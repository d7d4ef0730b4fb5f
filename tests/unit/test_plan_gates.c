/* The shipped plans at work: what blocks the start, what blocks leaving, and whose limits may be changed by whom. Run
 * from the top of the repository. */
#include "tests/unit/plan_world.h"

/* ---- before the start -----------------------------------------------------------------------------------------------
 */

static void test_gates_block_the_start(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(0, 40, ""), RESULT_OK);
	assert_string_equal(blockers(), "cuff-arm dose baseline-scores G3 baseline G1 G2 G2-resp ");
	assert_int_equal(order(&bed.w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_int_equal(overriding(COMMAND_SESSION_START, "dr-a", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(overriding(COMMAND_SESSION_START, "dr-a", "seen, well"), RESULT_OK);
	assert_string_equal(bed.w.engine.session.start_override.name, "dr-a");

	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	bed.dia = 91;
	scores(4, 0);
	go(6 * MIN);
	assert_string_equal(blockers(), "cuff-arm G1 G3 ");
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
	assert_int_equal(open_with(350000, 40, "Nurse1"), RESULT_SECOND_PERSON); /* and under another spelling */
	assert_int_equal(open_with(350000, 40, "dr-a"), RESULT_OK);
	read_plan_file("etc/plans/esketamine-spray.conf");
	assert_int_equal(open_with(70000, 40, ""), RESULT_SECOND_PERSON);
	assert_int_equal(open_with(84000, 40, ""), RESULT_OK);
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
	assert_string_equal(blockers(), "on-air suicidality escort no-driving RASS earliest ");
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
	assert_string_equal(blockers(), "BP ");
	/* 21 above the baseline, and not falling; then falling, and at most 140/90; then higher again. */
	static const struct {
		int32_t sys;
		const char *blocked;
	} cases[] = {{141, "BP "}, {140, ""}, {139, ""}, {140, ""}, {141, "BP "}};
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
	assert_string_equal(blockers(), "on-air suicidality escort no-driving MOAAS RASS CADSS earliest ");
}

static void test_leaving_low_and_falling(void **state)
{
	(void)state;
	finish_infusion();
	scores(5, 0);
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 0), RESULT_OK);
	tick_leave_items();
	/* With a baseline of 115 the second rule of the group lets go from 136 to 140, if it falls; and nothing lets go
	 * more than 20 below: that is not recovered, however it got there. */
	bed.w.engine.session.baseline.sys = 115 * MILLI;
	static const struct {
		int32_t sys;
		const char *blocked;
	} cases[] = {{139, "BP "}, {138, ""}, {138, ""},   {139, "BP "}, {135, ""},
	             {96, ""},     {95, ""},  {94, "BP "}, {93, "BP "},  {95, ""}};
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

static void test_looser_limits_need_two_people(void **state)
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
		assert_int_equal(loosen(critical[i].rule, critical[i].looser, "NURSE1"), RESULT_SECOND_PERSON);
		assert_int_equal(loosen(critical[i].rule, critical[i].tighter, ""), RESULT_OK);
		assert_int_equal(loosen(critical[i].rule, critical[i].looser, "dr-a"), RESULT_OK);
	}
	/* Others: looser by two up to the critical rule, beyond it by nobody. */
	begin_infusion();
	assert_int_equal(loosen("O1", 90, ""), RESULT_SECOND_PERSON);
	assert_int_equal(loosen("O1", 90, "dr-a"), RESULT_OK);
	assert_int_equal(loosen("B3", 179, "dr-a"), RESULT_OK);
	assert_int_equal(loosen("B3", 190, "dr-a"), RESULT_BEYOND_CRITICAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gates_block_the_start),
	    cmocka_unit_test(test_age_changes_the_gate),
	    cmocka_unit_test(test_dose_needs_a_second_person),
	    cmocka_unit_test(test_leaving_after_an_infusion),
	    cmocka_unit_test(test_leaving_asks_for_fresh_values),
	    cmocka_unit_test(test_leaving_without_scores),
	    cmocka_unit_test(test_leaving_low_and_falling),
	    cmocka_unit_test(test_leaving_after_unrest),
	    cmocka_unit_test(test_two_hours_from_the_first_device),
	    cmocka_unit_test(test_looser_limits_need_two_people),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
