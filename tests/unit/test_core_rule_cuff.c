/* The cuff rules of the clinical reference, section 8.3: B1 .. B7. Confirmation by a repeat that the engine asks for,
 * two readings to clear, rise from the baseline, what stands for what, and the drug that flows on unattended. */
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

/* A determination `after_ns` later; the devices talk on meanwhile. */
static void measure(int64_t after_ns, int32_t sys, int32_t dia)
{
	still(&w, w.now + after_ns);
	pressure(&w, sys, dia);
}

static bool repeat_asked(void)
{
	const struct action *a = find_action(&w, ACTION_CUFF);

	return a != NULL && a->u.cuff.start && a->u.cuff.device == CUFF;
}

static bool present(int rule)
{
	return state_of(&w, rule) == ALARM_ACTIVE || state_of(&w, rule) == ALARM_ACKNOWLEDGED;
}

static enum priority priority_of(int rule)
{
	return present(rule) ? w.engine.alarms[rule].priority : PRIORITY_NONE;
}

/* ---- limits, a unit either side -----------------------------------------------------------------------------------
 */

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		int rule;
		int32_t sys, dia;
		bool violated;
	} readings[] = {
	    {B1, 179, 80, false}, {B1, 180, 80, true}, {B1, 140, 109, false}, {B1, 140, 110, true},
	    {B2, 199, 80, false}, {B2, 200, 80, true}, {B2, 160, 119, false}, {B2, 160, 120, true},
	    {B3, 160, 80, false}, {B3, 161, 80, true}, {B3, 140, 100, false}, {B3, 140, 101, true},
	    {B5, 159, 80, false}, {B5, 160, 80, true}, {B5, 120, 104, false}, {B5, 120, 105, true},
	    {B6, 90, 60, false},  {B6, 89, 60, true},
	};

	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		begin();
		for (int r = 0; r < RULES; r++) /* this one alone */
			if (r != readings[i].rule)
				w.config.plan.rules[r].phases = 0;
		measure(10 * S, readings[i].sys, readings[i].dia);
		measure(20 * S, readings[i].sys, readings[i].dia);
		assert_int_equal(priority_of(readings[i].rule),
		                 readings[i].violated ? w.config.plan.rules[readings[i].rule].priority : PRIORITY_NONE);
		if (readings[i].violated) {
			const struct alarm *a = &w.engine.alarms[readings[i].rule];
			bool sys = readings[i].sys != 140 && readings[i].sys != 120 && readings[i].rule != B2;

			sys = sys || (readings[i].rule == B2 && readings[i].sys == 200);
			assert_int_equal(a->parameter, sys ? PARAMETER_NIBP_SYS : PARAMETER_NIBP_DIA);
			assert_int_equal(a->milli, (sys ? readings[i].sys : readings[i].dia) * MILLI);
		}
	}
}

/* ---- confirmation -------------------------------------------------------------------------------------------------
 */

static void test_first_then_confirmed(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 182, 90);
	assert_int_equal(changes(&w, B1, ALARM_RAISED), 1);
	assert_int_equal(priority_of(B1), PRIORITY_MEDIUM);
	assert_false(w.engine.alarms[B1].confirmed);
	assert_false(repeat_asked()); /* the cuff rests */
	assert_int_equal(engine_deadline(&w.engine).ns <= w.now + 5 * S, 1);
	still(&w, w.now + 5 * S - 1);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
	leap(&w, w.now + 1);
	assert_true(repeat_asked());
	assert_int_equal(acknowledge(&w, B1), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	measure(15 * S, 181, 90);
	assert_int_equal(changes(&w, B1, ALARM_PRIORITY_CHANGED), 1);
	assert_int_equal(state_of(&w, B1), ALARM_ACTIVE); /* breaks through */
	assert_int_equal(priority_of(B1), PRIORITY_HIGH);
	assert_true(w.engine.alarms[B1].confirmed);
	assert_int_equal(w.engine.alarms[B1].milli, 181 * MILLI);
	assert_true(mono_is_never(w.engine.audio_paused_until));
	measure(60 * S, 183, 90); /* nothing new */
	assert_int_equal(changes(&w, B1, ALARM_PRIORITY_CHANGED) + changes(&w, B1, ALARM_RAISED), 0);
	assert_false(repeat_asked() || w.engine.devices[CUFF].cuff_wanted);
}

/* One low reading, the repeat normal: told, and it does not vanish by itself. */
static void test_latches_from_the_first_reading(void **state)
{
	(void)state;
	begin();
	w.config.plan.rules[B6].latch_first = true;
	measure(10 * S, 76, 47);
	assert_int_equal(priority_of(B6), PRIORITY_MEDIUM);
	measure(20 * S, 120, 76);
	assert_int_equal(changes(&w, B6, ALARM_BECAME_LATCHED), 1);
	assert_int_equal(w.engine.alarms[B6].milli, 76 * MILLI);
	measure(60 * S, 80, 50); /* nobody has answered: confirmed by what was there before */
	assert_int_equal(priority_of(B6), PRIORITY_HIGH);
	measure(60 * S, 120, 76);
	measure(60 * S, 120, 76);
	assert_int_equal(state_of(&w, B6), ALARM_LATCHED);
	assert_int_equal(acknowledge(&w, B6), RESULT_OK);
	assert_int_equal(state_of(&w, B6), ALARM_INACTIVE);
}

static void test_repeat_that_is_back_ends_it(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 182, 90);
	measure(20 * S, 170, 90);                            /* one reading is enough while it was not confirmed */
	assert_int_equal(changes(&w, B1, ALARM_CLEARED), 1); /* and nothing latches */
	assert_int_equal(state_of(&w, B1), ALARM_INACTIVE);
	/* Silent first reading: nobody hears of it. */
	begin();
	measure(10 * S, 162, 90);
	assert_int_equal(state_of(&w, B3), ALARM_PENDING);
	assert_int_equal(announced(&w), 0);
	still(&w, w.now + 5 * S);
	assert_true(w.engine.devices[CUFF].cuff_requested);
	measure(15 * S, 158, 90); /* within the limit: nothing was announced, so nothing has to come back */
	assert_int_equal(state_of(&w, B3), ALARM_INACTIVE);
	assert_int_equal(w.engine.session.load[B3].raised, 0);
}

/* Within the limit but not back at `clear`: neither confirms nor ends what was announced; the next one beyond does. */
static void test_repeat_in_between(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 182, 90);
	measure(20 * S, 175, 90);
	assert_int_equal(priority_of(B1), PRIORITY_MEDIUM);
	still(&w, w.now + 200 * S); /* it was valid: not missing */
	assert_int_equal(priority_of(B1), PRIORITY_MEDIUM);
	measure(1 * S, 180, 90);
	assert_int_equal(priority_of(B1), PRIORITY_HIGH);
}

/* No valid determination within the time: the first one counts. To the nanosecond, from its determination. */
static void test_missing_repeat_confirms(void **state)
{
	(void)state;
	for (int cuff = 0; cuff < 2; cuff++) {
		protocol_plan(&w);
		w.config.devices[CUFF].cuff_command = cuff == 1; /* without, the next determination is the repeat */
		protocol_start(&w, 120, 80, 70);
		measure(10 * S, 182, 90);

		int64_t first = w.now;

		still(&w, first + 40 * S);
		pressure_failed(&w); /* is no valid one */
		still(&w, first + 90 * S - 1);
		assert_int_equal(priority_of(B1), PRIORITY_MEDIUM);
		leap(&w, first + 90 * S);
		assert_int_equal(changes(&w, B1, ALARM_PRIORITY_CHANGED), 1);
		assert_int_equal(priority_of(B1), PRIORITY_HIGH);
		assert_true(w.engine.alarms[B1].confirmed);

		begin();
		w.config.devices[CUFF].cuff_command = cuff == 1;
		measure(10 * S, 162, 90);
		first = w.now;
		still(&w, first + 90 * S - 1);
		assert_int_equal(state_of(&w, B3), ALARM_PENDING);
		leap(&w, first + 90 * S);
		assert_int_equal(changes(&w, B3, ALARM_RAISED), 1);
		assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
		assert_true(w.engine.alarms[B3].confirmed);
		/* One late step decides the same. */
		begin();
		measure(10 * S, 162, 90);
		leap(&w, w.now + 1000 * S);
		assert_true(present(B3));
	}
}

static void test_no_confirmation_asked(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 200, 90);
	assert_int_equal(priority_of(B2), PRIORITY_HIGH);
	assert_false(present(B1)); /* stands for it */
	assert_true(w.engine.alarms[B1].kept_back);
}

/* ---- two readings to clear ----------------------------------------------------------------------------------------
 */

static void test_two_readings_clear(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 182, 90);
	measure(20 * S, 182, 90);
	measure(20 * S, 170, 105); /* at `clear`: one */
	assert_int_equal(state_of(&w, B1), ALARM_ACTIVE);
	still(&w, w.now + 300 * S);
	pressure_failed(&w); /* says nothing */
	assert_int_equal(state_of(&w, B1), ALARM_ACTIVE);
	measure(20 * S, 160, 90); /* two */
	assert_int_equal(state_of(&w, B1), ALARM_LATCHED);

	begin();
	measure(10 * S, 182, 90);
	measure(20 * S, 182, 90);
	measure(20 * S, 165, 90);
	measure(20 * S, 171, 90); /* not back: counted from the beginning */
	measure(20 * S, 165, 90);
	assert_int_equal(state_of(&w, B1), ALARM_ACTIVE);
	measure(20 * S, 165, 106); /* diastolic not back */
	measure(20 * S, 165, 105);
	assert_int_equal(state_of(&w, B1), ALARM_ACTIVE);
	measure(20 * S, 165, 105);
	assert_int_equal(state_of(&w, B1), ALARM_LATCHED);
}

/* ---- rise from the baseline ---------------------------------------------------------------------------------------
 */

static void test_rise(void **state)
{
	(void)state;
	static const struct {
		int32_t base_sys, sys;
		bool violated;
	} rises[] = {{100, 139, false}, {100, 140, true}, {119, 158, false}, {119, 159, true}};

	for (size_t i = 0; i < sizeof(rises) / sizeof(rises[0]); i++) {
		protocol_plan(&w);
		protocol_start(&w, rises[i].base_sys, 70, 70);
		measure(10 * S, rises[i].sys, 75);
		measure(20 * S, rises[i].sys, 75);
		assert_int_equal(present(B5), rises[i].violated);
		if (!rises[i].violated)
			continue;
		assert_int_equal(w.engine.alarms[B5].limit, (rises[i].base_sys + 40) * MILLI);
		measure(20 * S, rises[i].base_sys + 30, 90);
		measure(20 * S, rises[i].base_sys + 31, 90);
		measure(20 * S, rises[i].base_sys + 30, 90);
		assert_true(present(B5));
		measure(20 * S, rises[i].base_sys + 30, 90);
		assert_false(present(B5));
	}
	/* No baseline: the next determination is it, and nothing rises from it. */
	protocol_plan(&w);
	protocol_start(&w, 0, 0, 70);
	measure(10 * S, 159, 95);
	measure(20 * S, 159, 95);
	assert_int_equal(announced(&w), 0);
}

/* ---- one situation, one alarm -------------------------------------------------------------------------------------
 */

static int announced_pressures(void)
{
	int count = 0;

	for (int r = B1; r <= B6; r++)
		count += present(r);
	return count;
}

static void test_supersession(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 165, 90);
	measure(20 * S, 166, 90);
	assert_true(present(B3));
	assert_int_equal(announced_pressures(), 1); /* a rise of 46 too */
	measure(60 * S, 181, 90);                   /* unconfirmed, but announced */
	assert_int_equal(changes(&w, B3, ALARM_SUPERSEDED), 1);
	assert_int_equal(priority_of(B1), PRIORITY_MEDIUM);
	measure(20 * S, 182, 90);
	assert_int_equal(priority_of(B1), PRIORITY_HIGH);
	measure(20 * S, 205, 90);
	assert_true(present(B2));
	assert_int_equal(announced_pressures(), 1);
	measure(20 * S, 170, 90);
	measure(20 * S, 170, 90); /* B1 and B2 end; nobody has answered, and B2 goes on saying so for all of them */
	assert_int_equal(state_of(&w, B2), ALARM_LATCHED);
	assert_int_equal(announced_pressures(), 0);
	assert_int_equal(acknowledge(&w, B2),
	                 RESULT_OK); /* B3 takes its place, answered, on the latest determination */
	assert_int_equal(announced_pressures(), 1);
	assert_int_equal(changes(&w, B3, ALARM_EASED), 1);
	assert_true(w.engine.alarms[B3].confirmed);
	assert_int_equal(state_of(&w, B3), ALARM_ACKNOWLEDGED);
	assert_int_equal(w.engine.alarms[B3].now_milli, 170 * MILLI);
	assert_int_equal(w.engine.alarms[B3].worst_milli, 205 * MILLI);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
}

/* The repeat ends B1, and confirms B3 in the same step. */
static void test_repeat_ends_one_and_confirms_another(void **state)
{
	(void)state;
	begin();
	measure(10 * S, 181, 90);
	assert_true(present(B1) && state_of(&w, B3) == ALARM_PENDING);
	measure(20 * S, 169, 90);
	assert_int_equal(changes(&w, B1, ALARM_CLEARED), 1);
	assert_int_equal(changes(&w, B3, ALARM_EASED), 1);
	assert_int_equal(state_of(&w, B3), ALARM_ACTIVE);
	assert_int_equal(announced_pressures(), 1);
}

/* ---- phases: B3, then B4, less urgent while it falls --------------------------------------------------------------
 */

static void test_falling_matters_less(void **state)
{
	(void)state;
	begin();
	assert_int_equal(order(&w, COMMAND_SESSION_STOP), RESULT_OK);
	measure(10 * S, 170, 90);
	measure(20 * S, 172, 90);
	assert_int_equal(priority_of(B4), PRIORITY_MEDIUM);
	assert_int_equal(acknowledge(&w, B4), RESULT_OK);
	measure(60 * S, 168, 90); /* falls */
	assert_int_equal(changes(&w, B4, ALARM_PRIORITY_CHANGED), 1);
	assert_int_equal(priority_of(B4), PRIORITY_LOW);
	assert_int_equal(state_of(&w, B4), ALARM_ACKNOWLEDGED); /* less urgent: the answer stands */
	measure(60 * S, 168, 90);                               /* no longer falls */
	assert_int_equal(priority_of(B4), PRIORITY_MEDIUM);
	assert_int_equal(state_of(&w, B4), ALARM_ACTIVE);
	measure(60 * S, 165, 101); /* the one falls, the other rises beyond its own limit */
	assert_int_equal(priority_of(B4), PRIORITY_MEDIUM);
	measure(60 * S, 164, 99);
	assert_int_equal(priority_of(B4), PRIORITY_LOW);
	/* Falling already when it is confirmed. */
	begin();
	assert_int_equal(order(&w, COMMAND_SESSION_STOP), RESULT_OK);
	measure(10 * S, 170, 90);
	measure(20 * S, 168, 90);
	assert_int_equal(priority_of(B4), PRIORITY_LOW);
}

/* The end of the infusion in the middle of the confirmation: B3 goes on only if it was announced. */
static void test_phase_change(void **state)
{
	(void)state;
	begin();
	still(&w, 100 * S + 40 * MINUTE - 10 * S);
	pressure(&w, 165, 90);
	measure(20 * S, 166, 90);
	assert_int_equal(w.engine.session.phase, RECOVERY);
	assert_int_equal(state_of(&w, B3), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, B4), ALARM_PENDING); /* its first one */
	measure(20 * S, 166, 90);
	assert_true(present(B4));

	begin();
	still(&w, 100 * S + 40 * MINUTE - 30 * S);
	pressure(&w, 165, 90);
	measure(20 * S, 166, 90);
	assert_true(present(B3));
	measure(20 * S, 166, 90);
	measure(20 * S, 166, 90);
	assert_true(present(B3)); /* outlives its phase, and stands for B4 */
	assert_false(present(B4));
	measure(20 * S, 150, 90);
	measure(20 * S, 150, 90);
	assert_int_equal(announced_pressures(), 0);
}

/* ---- the drug flows on --------------------------------------------------------------------------------------------
 */

static void raise_b3(void)
{
	begin();
	measure(10 * S, 165, 90);
	measure(20 * S, 165, 90);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
}

static void test_unattended(void **state)
{
	(void)state;
	raise_b3();

	int64_t since = w.now;

	still(&w, since + 120 * S - 1);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
	leap(&w, since + 120 * S);
	assert_int_equal(changes(&w, B3, ALARM_PRIORITY_CHANGED), 1);
	assert_int_equal(priority_of(B3), PRIORITY_HIGH);
	w.now += 1 * S;
	assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK); /* what was asked for */
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
	still(&w, w.now + 500 * S);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
	w.now += 1 * S;
	assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK);
	since = w.now;
	still(&w, since + 120 * S - 1);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
	leap(&w, since + 120 * S);
	assert_int_equal(priority_of(B3), PRIORITY_HIGH);
}

static void test_attended(void **state)
{
	(void)state;
	raise_b3();
	still(&w, w.now + 119 * S);
	assert_int_equal(acknowledge(&w, B3), RESULT_OK);
	still(&w, w.now + 500 * S);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
	assert_int_equal(state_of(&w, B3), ALARM_ACKNOWLEDGED);
	/* The end of the administration counts like a pause. */
	raise_b3();
	still(&w, w.now + 119 * S);
	assert_int_equal(order(&w, COMMAND_SESSION_STOP), RESULT_OK);
	still(&w, w.now + 500 * S);
	assert_int_equal(priority_of(B3), PRIORITY_MEDIUM);
}

/* ---- extra determinations, masking --------------------------------------------------------------------------------
 */

static void test_extra_determinations(void **state)
{
	(void)state;
	protocol_plan(&w);
	w.config.plan.rules[B3].cuff_every_ns = 60 * S;
	protocol_start(&w, 120, 80, 70);
	measure(10 * S, 165, 90);
	measure(20 * S, 165, 90);

	int64_t last = w.now;

	still(&w, last + 60 * S - 1);
	assert_false(w.engine.devices[CUFF].cuff_requested);
	leap(&w, last + 60 * S);
	assert_true(repeat_asked());
	measure(30 * S, 150, 90); /* one back: still present */
	last = w.now;
	still(&w, last + 60 * S - 1);
	leap(&w, last + 60 * S);
	assert_true(repeat_asked());
	measure(30 * S, 150, 90);
	assert_false(present(B3));
	still(&w, w.now + 300 * S);
	assert_false(w.engine.devices[CUFF].cuff_requested || w.engine.devices[CUFF].cuff_wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_first_then_confirmed),
	    cmocka_unit_test(test_latches_from_the_first_reading),
	    cmocka_unit_test(test_repeat_that_is_back_ends_it),
	    cmocka_unit_test(test_repeat_in_between),
	    cmocka_unit_test(test_missing_repeat_confirms),
	    cmocka_unit_test(test_no_confirmation_asked),
	    cmocka_unit_test(test_two_readings_clear),
	    cmocka_unit_test(test_rise),
	    cmocka_unit_test(test_supersession),
	    cmocka_unit_test(test_repeat_ends_one_and_confirms_another),
	    cmocka_unit_test(test_falling_matters_less),
	    cmocka_unit_test(test_phase_change),
	    cmocka_unit_test(test_unattended),
	    cmocka_unit_test(test_attended),
	    cmocka_unit_test(test_extra_determinations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
