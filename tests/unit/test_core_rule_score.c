/* The rules on entered scores of the clinical reference, section 8.3: S1 .. S4, D1, D2. Judged when entered; those that
 * depend on another alarm or on an instant, when that comes. And reminders, which recheck makes earlier. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

static void begin(void)
{
	protocol_plan(&w);
	protocol_start(&w, 120, 80, 70);
}

static void enter(enum parameter parameter, int32_t points)
{
	w.now += 1 * S;
	assert_int_equal(score(&w, parameter, points * MILLI), RESULT_OK);
}

static bool present(int rule)
{
	return state_of(&w, rule) == ALARM_ACTIVE || state_of(&w, rule) == ALARM_ACKNOWLEDGED;
}

static void test_sedation(void **state)
{
	(void)state;
	static const int rule_for[] = {S3, S3, S3, S2, S1, -1}; /* by MOAA/S */
	static const enum priority priority_for[] = {PRIORITY_HIGH,   PRIORITY_HIGH, PRIORITY_HIGH,
	                                             PRIORITY_MEDIUM, PRIORITY_NONE, PRIORITY_NONE};

	for (int32_t points = 0; points <= 5; points++) {
		begin();
		enter(PARAMETER_MOAAS, points);
		for (int rule = S1; rule <= S3_RESP; rule++)
			assert_int_equal(present(rule), rule == rule_for[points]); /* one situation, one alarm */
		assert_int_equal(engine_highest_priority(&w.engine), priority_for[points]);
		enter(PARAMETER_MOAAS, 5);
		for (int rule = S1; rule <= S3_RESP; rule++)
			assert_false(present(rule));
		assert_int_equal(state_of(&w, S3), points <= 2 ? ALARM_LATCHED : ALARM_INACTIVE);
	}
}

/* From 2 up: 3 is within the limit of S3 but not back at 4; then S2 has nothing left to say; S1 stays until 5. */
static void test_sedation_ends(void **state)
{
	(void)state;
	begin();
	enter(PARAMETER_MOAAS, 2);
	assert_int_equal(acknowledge(&w, S3), RESULT_OK);
	enter(PARAMETER_MOAAS, 3);
	assert_true(present(S3));
	enter(PARAMETER_MOAAS, 4);
	assert_false(present(S3) || present(S2));
	assert_true(present(S1));
	enter(PARAMETER_MOAAS, 5);
	for (int rule = S1; rule <= S3_RESP; rule++)
		assert_int_equal(state_of(&w, rule), ALARM_INACTIVE);
}

static void low_oxygen(int64_t to)
{
	live(&w, to, 92, 70);
}

/* MOAA/S 3 is high together with O1: whichever comes first. */
static void test_sedation_with_breathing(void **state)
{
	(void)state;
	begin();
	enter(PARAMETER_MOAAS, 3);
	live(&w, 110 * S, 97, 70);
	low_oxygen(140 * S);
	assert_true(present(S2) && !present(O1));
	low_oxygen(142 * S);
	assert_true(present(O1) && present(S3_RESP));
	assert_false(present(S2));                                                           /* superseded */
	assert_int_equal(w.engine.alarms[S3_RESP].raised.ns, w.engine.alarms[O1].raised.ns); /* at the very instant */
	assert_int_equal(w.engine.alarms[S3_RESP].milli, 3 * MILLI);
	live(&w, 160 * S, 97, 70);
	assert_int_equal(state_of(&w, S3_RESP), ALARM_LATCHED); /* O1 is over */
	assert_int_equal(acknowledge(&w, S3_RESP), RESULT_OK);
	assert_int_equal(state_of(&w, S2), ALARM_ACKNOWLEDGED); /* what is left of it */

	begin();
	low_oxygen(140 * S);
	assert_true(present(O1));
	enter(PARAMETER_MOAAS, 4);
	assert_false(present(S3_RESP));
	low_oxygen(142 * S);
	enter(PARAMETER_MOAAS, 3);
	assert_int_equal(changes(&w, S3_RESP, ALARM_RAISED), 1);
	/* O2 supersedes O1, which is present nevertheless. */
	live(&w, w.now + 20 * S, 89, 70);
	assert_true(present(O2) && !present(O1) && present(S3_RESP));
	assert_int_equal(w.engine.session.load[S3_RESP].raised, 1);
	enter(PARAMETER_MOAAS, 4);
	assert_false(present(S3_RESP));
}

static void test_agitation_and_distress(void **state)
{
	(void)state;
	for (int32_t points = -5; points <= 4; points++) {
		begin();
		enter(PARAMETER_RASS, points);
		assert_int_equal(present(S4M), points == 2);
		assert_int_equal(present(S4H), points >= 3);
		enter(PARAMETER_RASS, 1);
		assert_false(present(S4M) || present(S4H));
	}
	begin();
	enter(PARAMETER_DISTRESS, 1);
	assert_true(present(S4D));
	enter(PARAMETER_DISTRESS, 1);
	assert_int_equal(changes(&w, S4D, ALARM_RAISED), 0);
	enter(PARAMETER_DISTRESS, 0);
	assert_int_equal(changes(&w, S4D, ALARM_CLEARED), 1);
}

/* Above 4 and above the baseline, which is the last entry before the start; none counts as 0. */
static void test_dissociation(void **state)
{
	(void)state;
	static const struct {
		int32_t baseline, points; /* baseline -1: none entered */
		bool dissociating;
	} entries[] = {{-1, 4, false}, {-1, 5, true}, {0, 5, true},  {7, 6, false},
	               {7, 7, false},  {7, 8, true},  {3, 4, false}, {3, 5, true}};

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		protocol_plan(&w);
		world_open(&w, 90 * S);
		if (entries[i].baseline >= 0) {
			enter(PARAMETER_CADSS, 50);
			enter(PARAMETER_CADSS, entries[i].baseline);
		}
		w.engine.session.baseline.complete = true;
		assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
		enter(PARAMETER_CADSS, entries[i].points);
		assert_int_equal(present(D1), entries[i].dissociating);
		assert_int_equal(w.engine.alarms[D1].priority, PRIORITY_NONE); /* no sound */
		enter(PARAMETER_CADSS, entries[i].baseline > 4 ? entries[i].baseline : 4);
		assert_false(present(D1));
	}
}

static void enter_at(int64_t when, int32_t points)
{
	still(&w, when - 1 * S);
	enter(PARAMETER_CADSS, points);
}

/* Still dissociating 60 minutes after the end: raised by time alone, at that very instant, or later with the onset. */
static void test_late_resolution(void **state)
{
	(void)state;
	const int64_t end = 100 * S + 40 * MINUTE, limit = end + 60 * MINUTE;

	begin();
	enter_at(130 * S, 20);
	leap(&w, limit - 1);
	assert_true(present(D1));
	assert_int_equal(state_of(&w, D2), ALARM_INACTIVE);
	leap(&w, limit);
	assert_int_equal(changes(&w, D2, ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[D2].priority, PRIORITY_MEDIUM);
	assert_false(w.engine.alarms[D2].has_value);
	still(&w, limit + 10 * S);
	enter(PARAMETER_CADSS, 4);
	assert_int_equal(changes(&w, D2, ALARM_CLEARED), 1);

	begin();
	enter_at(130 * S, 20);
	enter_at(end, 3);
	leap(&w, limit + 10 * MINUTE);
	assert_int_equal(state_of(&w, D2), ALARM_INACTIVE);
	enter(PARAMETER_CADSS, 9);
	assert_int_equal(changes(&w, D2, ALARM_RAISED), 1);

	/* Stopped early: counted from the real end. */
	begin();
	enter_at(130 * S, 20);
	assert_int_equal(order(&w, COMMAND_SESSION_STOP), RESULT_OK);
	leap(&w, 130 * S + 60 * MINUTE - 1);
	assert_int_equal(state_of(&w, D2), ALARM_INACTIVE);
	leap(&w, 130 * S + 60 * MINUTE);
	assert_true(present(D2));
}

/* ---- recheck and reminders ----------------------------------------------------------------------------------------
 */

static void test_recheck(void **state)
{
	(void)state;
	begin();
	enter(PARAMETER_MOAAS, 3);

	int64_t entry = w.now;

	assert_int_equal(w.engine.session.recheck_due.ns, entry + 5 * MINUTE);
	assert_int_equal(w.engine.session.recheck, PARAMETER_MOAAS);
	assert_int_equal(session_changes(&w, SESSION_CHECK), 1);
	still(&w, entry + 60 * S);
	assert_int_equal(acknowledge(&w, S2), RESULT_OK);
	still(&w, entry + 5 * MINUTE - 1);
	assert_int_equal(state_of(&w, S2), ALARM_ACKNOWLEDGED);
	leap(&w, entry + 5 * MINUTE);
	assert_int_equal(changes(&w, S2, ALARM_REMINDED), 1);
	assert_int_equal(state_of(&w, S2), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[S2].reminders, 1);
	assert_string_equal(w.engine.alarms[S2].acknowledged_by, "");
	/* Acknowledged after it was due: in another five minutes. */
	w.now += 10 * S;
	assert_int_equal(acknowledge(&w, S2), RESULT_OK);

	int64_t answer = w.now;

	still(&w, answer + 5 * MINUTE - 1);
	assert_int_equal(state_of(&w, S2), ALARM_ACKNOWLEDGED);
	leap(&w, answer + 5 * MINUTE);
	assert_int_equal(w.engine.alarms[S2].reminders, 2);
	/* An entry counts anew, a good one ends it. */
	enter(PARAMETER_MOAAS, 3);
	assert_int_equal(w.engine.session.recheck_due.ns, w.now + 5 * MINUTE);
	enter(PARAMETER_MOAAS, 5);
	assert_int_equal(w.engine.session.recheck_due.ns, INT64_MAX);
}

static void test_reminder(void **state)
{
	(void)state;
	protocol_plan(&w);
	w.config.plan.reminder_ns = 10 * MINUTE;
	protocol_start(&w, 120, 80, 70);
	enter(PARAMETER_RASS, 2);
	still(&w, w.now + 30 * MINUTE); /* nobody answered: nothing to be reminded of */
	assert_int_equal(w.engine.alarms[S4M].reminders, 0);
	assert_int_equal(acknowledge(&w, S4M), RESULT_OK);

	int64_t answer = w.now;

	still(&w, answer + 10 * MINUTE - 1);
	assert_int_equal(state_of(&w, S4M), ALARM_ACKNOWLEDGED);
	leap(&w, answer + 10 * MINUTE);
	assert_int_equal(changes(&w, S4M, ALARM_REMINDED), 1);
	assert_int_equal(acknowledge(&w, S4M), RESULT_OK);
	enter(PARAMETER_RASS, 1);
	still(&w, w.now + 30 * MINUTE);
	assert_int_equal(state_of(&w, S4M), ALARM_INACTIVE);
	/* What has no signal has no reminder. */
	enter(PARAMETER_CADSS, 20);
	assert_int_equal(acknowledge(&w, D1), RESULT_OK);
	still(&w, w.now + 30 * MINUTE);
	assert_int_equal(state_of(&w, D1), ALARM_ACKNOWLEDGED);
}

/* ---- alarm load ---------------------------------------------------------------------------------------------------
 */

static void test_alarm_load(void **state)
{
	(void)state;
	begin();
	enter(PARAMETER_RASS, 2);
	still(&w, w.now + 15 * S - 1);
	w.now -= 1 * S;           /* enter() adds it */
	enter(PARAMETER_RASS, 0); /* cleared by itself a nanosecond sooner than 15 s */
	enter(PARAMETER_RASS, 2);
	still(&w, w.now + 14 * S);
	enter(PARAMETER_RASS, 0); /* at 15 s */
	enter(PARAMETER_RASS, 2);
	still(&w, w.now + 40 * S);
	assert_int_equal(acknowledge(&w, S4M), RESULT_OK);
	enter(PARAMETER_RASS, 0);

	const struct alarm_load *load = &w.engine.session.load[S4M];

	assert_int_equal(load->raised, 3);
	assert_int_equal(load->nuisance, 1);
	assert_int_equal(load->acknowledged, 1);
	assert_int_equal(load->acknowledge_ns_total, 40 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(load->raised, 3); /* for the report */
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(load->raised, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sedation),
	    cmocka_unit_test(test_sedation_ends),
	    cmocka_unit_test(test_sedation_with_breathing),
	    cmocka_unit_test(test_agitation_and_distress),
	    cmocka_unit_test(test_dissociation),
	    cmocka_unit_test(test_late_resolution),
	    cmocka_unit_test(test_recheck),
	    cmocka_unit_test(test_reminder),
	    cmocka_unit_test(test_alarm_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
