/* Limits for one patient, what is taken out of alarming, test alarms, displays that must confirm, devices that come and
 * go or lose step, cuffs that take the oximeter's signal away, values that must be back for a while. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

#define DEVICE(d)        (ALARM_BASE_DEVICE + (d))
#define MISSING(p)       (ALARM_BASE_MISSING + (p))
#define FLAPPING(d)      (ALARM_BASE_FLAPPING + (d))
#define OUT_DEVICE(d)    (ALARM_BASE_TAKEN_OUT + (d))
#define OUT_PARAMETER(p) (ALARM_BASE_TAKEN_OUT + DEVICES_MAX + (p))
#define DISPLAYS_LATE    (ALARM_BASE_SERVICE + SERVICE_DISPLAYS)

static struct world w;

static void begin(void)
{
	protocol_plan(&w);
	protocol_start(&w, 120, 80, 70);
}

/* ---- limits for this patient --------------------------------------------------------------------------------------
 */

static enum result set_limit(const char *rule, const char *term, int32_t limit, const char *second, const char *reason)
{
	struct event event = make_command(&w, COMMAND_LIMIT);
	struct limit_order *order = &event.u.command.u.limit;

	put_text(order->rule, rule, NAME_BYTES);
	put_text(order->term, term, NAME_BYTES);
	order->limit = limit * MILLI;
	put_text(order->second_person, second, NAME_BYTES);
	put_text(order->reason, reason, TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

static void test_limit_who_may(void **state)
{
	(void)state;
	static const struct {
		const char *rule, *term;
		int32_t limit;
		const char *second, *reason;
		enum result expect;
	} orders[] = {
	    {"O1", "", 94, "", "", RESULT_OK},                      /* tighter is free */
	    {"O1", "", 93, "", "", RESULT_OK},                      /* the plan's own */
	    {"O1", "", 92, "dr.b", "lung", RESULT_OK},              /* looser, within O2 */
	    {"O1", "", 92, "", "lung", RESULT_SECOND_PERSON},       /* one person */
	    {"O1", "", 92, "nurse1", "lung", RESULT_SECOND_PERSON}, /* who asks is no second */
	    {"O1", "", 92, "d b", "lung", RESULT_SECOND_PERSON},
	    {"O1", "", 92, "dr.b", "", RESULT_OUT_OF_RANGE},        /* not without a reason */
	    {"O1", "", 90, "dr.b", "lung", RESULT_OK},              /* at O2's limit */
	    {"O1", "", 89, "dr.b", "lung", RESULT_BEYOND_CRITICAL}, /* beyond it */
	    {"O2", "", 91, "", "", RESULT_OK},                      /* a critical one: tighter */
	    {"O2", "", 89, "", "lung", RESULT_SECOND_PERSON},       /* looser */
	    {"O2", "", 88, "dr.b", "lung", RESULT_OK},
	    {"H1", "", 130, "dr.b", "anxious", RESULT_OK},
	    {"H1", "", 131, "dr.b", "anxious", RESULT_BEYOND_CRITICAL},
	    {"H3", "", 40, "dr.b", "athlete", RESULT_OK},
	    {"H3", "", 39, "dr.b", "athlete", RESULT_BEYOND_CRITICAL},
	    {"B3", "nibp_sys", 170, "dr.b", "hypertensive", RESULT_OK},
	    {"B3", "nibp_sys", 180, "dr.b", "hypertensive", RESULT_OK},
	    {"B3", "nibp_sys", 181, "dr.b", "hypertensive", RESULT_BEYOND_CRITICAL},
	    {"B3", "nibp_dia", 110, "dr.b", "hypertensive", RESULT_OK},
	    {"B3", "nibp_dia", 111, "dr.b", "hypertensive", RESULT_BEYOND_CRITICAL},
	    {"B5", "nibp_sys", 50, "", "hypertensive", RESULT_SECOND_PERSON},
	    {"B5", "nibp_sys", 50, "dr.b", "hypertensive", RESULT_OK}, /* no critical rule on the rise */
	    {"B5", "nibp_sys", 30, "", "", RESULT_OK},
	    {"R3", "", 30, "", "anxious", RESULT_SECOND_PERSON},
	    {"R3", "", 30, "dr.b", "anxious", RESULT_OK}, /* none watches that side */
	    {"B3", "", 150, "", "", RESULT_UNKNOWN_NAME}, /* which? */
	    {"B3", "resp", 150, "", "", RESULT_UNKNOWN_NAME},
	    {"B3", "nibp_sys.above", 150, "", "", RESULT_OK},
	    {"B3", "nibp_sys.below", 150, "", "", RESULT_UNKNOWN_NAME},
	    {"O1", "", 99, "", "", RESULT_OUT_OF_RANGE}, /* could never clear: 101 % */
	    {"O1", "", 98, "", "", RESULT_OK},
	    {"O1", "", 0, "dr.b", "x", RESULT_OUT_OF_RANGE},
	    {"XX", "", 90, "", "", RESULT_UNKNOWN_NAME},
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		begin();

		enum result result =
		    set_limit(orders[i].rule, orders[i].term, orders[i].limit, orders[i].second, orders[i].reason);

		if (result != orders[i].expect)
			print_error("%s %d: %s\n", orders[i].rule, orders[i].limit, result_name(result));
		assert_int_equal(result, orders[i].expect);
		assert_int_equal(session_changes(&w, SESSION_LIMIT), result == RESULT_OK);
	}
	world_plan(&w);
	world_begin(&w, 0);
	assert_int_equal(set_limit("O1", "", 94, "", ""), RESULT_NO_SESSION);
}

/* `clear` keeps its distance, the alarm tells the limit in force, the next patient has the plan's. */
static void test_limit_takes_effect(void **state)
{
	(void)state;
	begin();
	assert_int_equal(set_limit("O1", "", 95, "", ""), RESULT_OK);
	assert_int_equal(engine_limit(&w.engine, O1, 0), 95 * MILLI);
	live(&w, w.now + 40 * S, 94, 70);
	assert_int_equal(state_of(&w, O1), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[O1].limit, 95 * MILLI);
	live(&w, w.now + 40 * S, 96, 70);
	assert_int_equal(state_of(&w, O1), ALARM_ACTIVE); /* back at 97 */
	live(&w, w.now + 40 * S, 97, 70);
	assert_int_equal(state_of(&w, O1), ALARM_INACTIVE);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(engine_limit(&w.engine, O1, 0), 93 * MILLI);
}

/* ---- taken out of alarming ----------------------------------------------------------------------------------------
 */

static enum result take_out(bool device, const char *name, int32_t seconds, const char *reason, const char *clinician)
{
	struct event event = make_command(&w, COMMAND_TAKE_OUT);
	struct take_out *order = &event.u.command.u.take_out;

	order->is_device = device;
	put_text(order->name, name, NAME_BYTES);
	order->duration_s = seconds;
	put_text(order->reason, reason, TEXT_BYTES);
	put_text(order->override.name, clinician, NAME_BYTES);
	put_text(order->override.reason, clinician[0] != '\0' ? "seen" : "", TEXT_BYTES);
	world_step(&w, &event);
	return reply(&w);
}

static void test_take_out_orders(void **state)
{
	(void)state;
	begin();
	assert_int_equal(take_out(true, "nothing", 60, "x", ""), RESULT_UNKNOWN_NAME);
	assert_int_equal(take_out(false, "oximeter", 60, "x", ""), RESULT_UNKNOWN_NAME);
	assert_int_equal(take_out(false, "perfusion", 59, "x", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(take_out(false, "perfusion", 3601, "x", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(take_out(false, "perfusion", -1, "x", ""), RESULT_OUT_OF_RANGE);
	assert_int_equal(take_out(false, "perfusion", 60, "", ""), RESULT_OUT_OF_RANGE); /* no reason */
	assert_int_equal(take_out(false, "perfusion", 0, "x", ""), RESULT_WRONG_STATE);  /* is not out */
	assert_int_equal(take_out(false, "perfusion", 60, "x", ""), RESULT_OK); /* nothing critical hangs on it */
	assert_int_equal(take_out(false, "spo2", 60, "x", ""), RESULT_BLOCKED); /* O2 does on this */
	assert_int_equal(take_out(true, "oximeter", 60, "x", ""), RESULT_BLOCKED);
	assert_true(mono_is_never(w.engine.taken_out[OXIMETER].until));
	assert_int_equal(take_out(true, "oximeter", 60, "probe torn", "dr.m"), RESULT_OK);
	assert_string_equal(w.engine.taken_out[OXIMETER].by, "nurse1");
	assert_string_equal(w.engine.taken_out[OXIMETER].reason, "probe torn");
	/* A second source is enough; one that brings nothing is none. */
	begin();
	struct plan_rule *h2 = &w.config.plan.rules[H2], *h4 = &w.config.plan.rules[H4], *r2 = &w.config.plan.rules[R2];

	r2->critical = false;
	h2->terms[h2->term_count++] = h2->terms[0];
	h2->terms[1].parameter = PARAMETER_PULSE;
	h4->terms[h4->term_count++] = h4->terms[0];
	h4->terms[1].parameter = PARAMETER_PULSE;
	live(&w, w.now + 1 * S, 97, 70);
	assert_int_equal(take_out(true, "ecg", 60, "x", ""), RESULT_OK);
	assert_int_equal(take_out(true, "ecg", 0, "", ""), RESULT_OK);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_PULSE, REASON_SENSOR_OFF));
	assert_int_equal(take_out(true, "ecg", 60, "x", ""), RESULT_BLOCKED);
	/* Without a session nobody is watched, but a start needs an override then. */
	protocol_plan(&w);
	world_begin(&w, 0);
	all_up(&w);
	assert_int_equal(take_out(true, "oximeter", 600, "x", ""), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_int_equal(take_out(true, "oximeter", 0, "", ""), RESULT_OK);
	w.engine.session.baseline.complete = true;
	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
	/* Who answers for one critical limit does not answer for the next one. */
	begin();
	assert_int_equal(take_out(false, "spo2", 300, "changing the probe", "dr.m"), RESULT_OK);
	assert_int_equal(take_out(true, "bp", 300, "cuff leaks", ""), RESULT_BLOCKED);
	assert_true(mono_is_never(w.engine.taken_out[CUFF].until));
	assert_int_equal(take_out(false, "spo2", 600, "it takes longer", ""), RESULT_OK); /* the same again */
	assert_int_equal(take_out(true, "bp", 300, "cuff leaks", "dr.m"), RESULT_OK);
}

static void test_taken_out(void **state)
{
	(void)state;
	begin();
	live(&w, w.now + 40 * S, 92, 70);
	assert_int_equal(state_of(&w, O1), ALARM_ACTIVE);

	int64_t out_at = w.now;

	assert_int_equal(take_out(false, "spo2", 1500, "changing the probe", "dr.m"), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_TAKEN_OUT), 1);
	assert_int_equal(changes(&w, O1, ALARM_CLEARED), 1);
	assert_int_equal(changes(&w, OUT_PARAMETER(PARAMETER_SPO2), ALARM_RAISED), 1); /* never silently */
	assert_int_equal(w.engine.alarms[OUT_PARAMETER(PARAMETER_SPO2)].priority, PRIORITY_LOW);
	live(&w, w.now + 60 * S, 80, 70);
	assert_int_equal(state_of(&w, O3), ALARM_INACTIVE);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 80 * MILLI); /* still shown */
	assert_int_equal(acknowledge(&w, OUT_PARAMETER(PARAMETER_SPO2)), RESULT_OK);

	int64_t answer = w.now;

	while (w.now < answer + 600 * S) /* no value at all: not missed either */
		still(&w, w.now + 1 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_PULSE)), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[OUT_PARAMETER(PARAMETER_SPO2)].reminders, 1); /* remembered */
	still(&w, out_at + 1500 * S - 1);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_INACTIVE);
	leap(&w, out_at + 1500 * S); /* in again by itself */
	assert_int_equal(changes(&w, OUT_PARAMETER(PARAMETER_SPO2), ALARM_CLEARED), 1);
	assert_int_equal(changes(&w, MISSING(PARAMETER_SPO2), ALARM_RAISED), 1);
	assert_int_equal(session_changes(&w, SESSION_TAKEN_OUT), 1);
}

static void test_taken_out_device(void **state)
{
	(void)state;
	begin();
	assert_int_equal(take_out(true, "bp", 600, "cuff leaks", "dr.m"), RESULT_OK);
	device_is(&w, CUFF, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(state_of(&w, DEVICE(CUFF)), ALARM_INACTIVE);
	device_is(&w, CUFF, DEVICE_UP, FAULT_NONE);
	pressure(&w, 210, 130);
	assert_int_equal(state_of(&w, B2), ALARM_INACTIVE);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK); /* a person may */
	assert_int_equal(take_out(true, "bp", 0, "", ""), RESULT_OK);
	assert_int_equal(state_of(&w, OUT_DEVICE(CUFF)), ALARM_INACTIVE);
	w.now += 1 * S;
	pressure(&w, 210, 130);
	assert_int_equal(state_of(&w, B2), ALARM_ACTIVE);
}

/* What was out for this patient is in for the next. */
static void test_take_outs_end_at_the_close(void **state)
{
	(void)state;
	begin();
	assert_int_equal(take_out(true, "bp", 600, "cuff leaks", "dr.m"), RESULT_OK);
	assert_int_equal(take_out(false, "perfusion", 600, "x", ""), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(session_changes(&w, SESSION_TAKEN_OUT), 2);
	assert_int_equal(state_of(&w, OUT_DEVICE(CUFF)), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, OUT_PARAMETER(PARAMETER_PERFUSION)), ALARM_INACTIVE);
	assert_int_equal(take_out(true, "bp", 600, "in repair", ""), RESULT_OK); /* between two patients: it stays */
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(state_of(&w, OUT_DEVICE(CUFF)), ALARM_ACTIVE);
}

/* ---- test alarm ---------------------------------------------------------------------------------------------------
 */

static void test_test_alarm(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	assert_int_equal(order(&w, COMMAND_TEST_ALARM), RESULT_OK);
	assert_int_equal(changes(&w, ALARM_BASE_TEST, ALARM_RAISED), 1);
	assert_true(w.engine.alarms[ALARM_BASE_TEST].test);
	assert_int_equal(w.engine.alarms[ALARM_BASE_TEST].priority, PRIORITY_MEDIUM);
	assert_int_equal(order(&w, COMMAND_TEST_ALARM), RESULT_WRONG_STATE); /* one at a time */
	run(&w, 30 * S - 1);
	assert_int_equal(state_of(&w, ALARM_BASE_TEST), ALARM_ACTIVE);
	run(&w, 30 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_TEST), ALARM_INACTIVE);
	assert_int_equal(order(&w, COMMAND_TEST_ALARM), RESULT_OK);
	assert_int_equal(acknowledge(&w, ALARM_BASE_TEST), RESULT_OK);
	assert_int_equal(changes(&w, ALARM_BASE_TEST, ALARM_CLEARED), 1);
	assert_string_equal(w.engine.alarms[ALARM_BASE_TEST].acknowledged_by, "nurse1");
	for (int id = 0; id < ALARM_BASE_TEST; id++)
		assert_false(w.engine.alarms[id].test);
	/* Opening or closing a session does not end it. */
	assert_int_equal(order(&w, COMMAND_TEST_ALARM), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(state_of(&w, ALARM_BASE_TEST), ALARM_ACTIVE);
}

/* ---- displays -----------------------------------------------------------------------------------------------------
 */

static enum result receipt(const char *display, int64_t shown)
{
	struct event event = make_command(&w, COMMAND_RECEIPT);

	put_text(event.u.command.u.receipt.display, display, NAME_BYTES);
	event.u.command.u.receipt.shown = at(shown);
	world_step(&w, &event);
	return reply(&w);
}

static void display_plan(void)
{
	world_plan(&w);
	for (int d = 0; d < 3; d++)
		w.config.devices[d].provides = 0;
	w.config.display_count = 2;
	put_text(w.config.displays[0], "bedside", NAME_BYTES);
	put_text(w.config.displays[1], "station", NAME_BYTES);
	w.config.display_within_ns = 10 * S;
	(void)world_rule(&w, "S4", PARAMETER_RASS, COMPARISON_AT_LEAST, 2, 1);
	world_begin(&w, 0);
	all_up(&w);
}

static void both(int64_t shown)
{
	assert_int_equal(receipt("bedside", shown), RESULT_OK);
	assert_int_equal(receipt("station", shown), RESULT_OK);
}

static void test_display_is_silent(void **state)
{
	(void)state;
	display_plan();
	still(&w, 100 * S); /* nobody is treated: displays may sleep */
	assert_int_equal(state_of(&w, DISPLAYS_LATE), ALARM_INACTIVE);
	assert_int_equal(receipt("kitchen", 0), RESULT_UNKNOWN_NAME);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	still(&w, 110 * S - 1);
	assert_int_equal(state_of(&w, DISPLAYS_LATE), ALARM_INACTIVE);
	assert_int_equal(receipt("bedside", 0), RESULT_OK); /* one of two */
	leap(&w, 110 * S);
	assert_int_equal(changes(&w, DISPLAYS_LATE, ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[DISPLAYS_LATE].priority, PRIORITY_MEDIUM);
	w.now += 1 * S;
	both(w.now); /* both live, and show the alarm about themselves */
	assert_int_equal(state_of(&w, DISPLAYS_LATE), ALARM_INACTIVE);
	for (int i = 0; i < 20; i++) {
		still(&w, w.now + 9 * S);
		both(0); /* nothing new to show: a sign of life is enough */
		assert_int_equal(state_of(&w, DISPLAYS_LATE), ALARM_INACTIVE);
	}
	still(&w, w.now + 10 * S);
	assert_int_equal(state_of(&w, DISPLAYS_LATE), ALARM_ACTIVE);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(changes(&w, DISPLAYS_LATE, ALARM_SESSION_ENDED), 1);
}

static void test_display_does_not_show(void **state)
{
	(void)state;
	display_plan();
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	w.now = 1 * S;
	assert_int_equal(score(&w, PARAMETER_RASS, 2 * MILLI), RESULT_OK);

	int64_t raised = w.now;

	w.now = 2 * S;
	both(raised - 1); /* live, but not up to it */
	still(&w, 9 * S);
	assert_int_equal(receipt("bedside", raised), RESULT_OK);
	assert_int_equal(receipt("station", raised - 1), RESULT_OK);
	still(&w, raised + 10 * S - 1);
	assert_int_equal(state_of(&w, DISPLAYS_LATE), ALARM_INACTIVE);
	leap(&w, raised + 10 * S);
	assert_int_equal(changes(&w, DISPLAYS_LATE, ALARM_RAISED), 1);
	assert_int_equal(receipt("station", raised), RESULT_OK);
	assert_int_equal(changes(&w, DISPLAYS_LATE, ALARM_CLEARED), 1);
	/* Shown once is shown: an older receipt takes nothing back, one from the future says no more than now. */
	assert_int_equal(receipt("station", 0), RESULT_OK);
	assert_int_equal(w.engine.displays[1].shown.ns, raised);
	assert_int_equal(receipt("station", MONO_NEVER.ns), RESULT_OK); /* shows nothing of now */
	assert_int_equal(w.engine.displays[1].shown.ns, raised);
	assert_int_equal(receipt("station", INT64_MAX - 1), RESULT_OK);
	assert_int_equal(w.engine.displays[1].shown.ns, w.now);
}

/* ---- devices that come and go -------------------------------------------------------------------------------------
 */

static void lose(int64_t when)
{
	run(&w, when - 100 * MS);
	device_is(&w, ECG, DEVICE_UP, FAULT_NONE);
	run(&w, when);
	device_is(&w, ECG, DEVICE_DOWN, FAULT_HUNG_UP);
}

static void test_flapping(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		world_plan(&w);
		world_begin(&w, 0);
		assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
		lose(10 * S);
		lose(40 * S);
		lose(70 * S + over); /* three within 60 s, or a nanosecond more */
		assert_int_equal(state_of(&w, FLAPPING(ECG)), over ? ALARM_INACTIVE : ALARM_ACTIVE);
		if (over)
			continue;
		assert_int_equal(w.engine.alarms[FLAPPING(ECG)].priority, PRIORITY_LOW);
		run(&w, 200 * S);
		assert_int_equal(state_of(&w, FLAPPING(ECG)), ALARM_ACTIVE); /* down all the time */
		device_is(&w, ECG, DEVICE_UP, FAULT_NONE);
		still(&w, 260 * S - 1);
		assert_int_equal(state_of(&w, FLAPPING(ECG)), ALARM_ACTIVE);
		still(&w, 260 * S);
		assert_int_equal(state_of(&w, FLAPPING(ECG)), ALARM_INACTIVE); /* up for a minute */
		lose(261 * S);
		assert_int_equal(state_of(&w, FLAPPING(ECG)), ALARM_INACTIVE);
	}
}

/* One bad frame makes a link find its step again: not a loss until the device has been silent for three periods. */
static void test_resync(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	device_is(&w, ECG, DEVICE_RESYNC, FAULT_BAD_FRAME);
	assert_int_equal(state_of(&w, DEVICE(ECG)), ALARM_INACTIVE);
	run(&w, 12 * S);
	device_is(&w, ECG, DEVICE_UP, FAULT_NONE);
	live(&w, 15 * S, 97, 70);
	assert_int_equal(w.engine.alarms[DEVICE(ECG)].generation, 0);
	device_is(&w, ECG, DEVICE_RESYNC, FAULT_BAD_FRAME);
	run(&w, 18 * S - 1);
	assert_int_equal(state_of(&w, DEVICE(ECG)), ALARM_INACTIVE);
	run(&w, 18 * S);
	assert_int_equal(changes(&w, DEVICE(ECG), ALARM_RAISED), 1);
	/* Down is down, and resynchronising after that is not up. */
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
	frame_of(&w, OXIMETER, 0, NULL);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(state_of(&w, DEVICE(OXIMETER)), ALARM_ACTIVE);
	device_is(&w, OXIMETER, DEVICE_RESYNC, FAULT_NONE);
	assert_int_equal(state_of(&w, DEVICE(OXIMETER)), ALARM_ACTIVE);
	frame(&w, CUFF, value(&w, PARAMETER_NIBP_SYS, 120));
	device_is(&w, CUFF, DEVICE_RESYNC, FAULT_BAD_FRAME);
	device_is(&w, CUFF, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
	assert_int_equal(state_of(&w, DEVICE(CUFF)), ALARM_ACTIVE);
}

/* ---- the cuff on the oximeter's arm -------------------------------------------------------------------------------
 */

static void mask_plan(bool same_limb)
{
	world_plan(&w);
	w.config.plan.missing = (struct plan_missing){30 * S, PRIORITY_LOW, 120 * S, PRIORITY_MEDIUM};
	w.config.plan.cuff_mask_ns = 30 * S;
	w.config.plan.cuff_mask_max_ns = 90 * S;
	w.config.devices[OXIMETER].same_limb = same_limb;
	(void)world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	world_open(&w, 0);
	live(&w, 100 * S, 97, 70);
}

/* The finger is without pulse; the heart rate goes on. */
static void without_oximetry(int64_t to)
{
	while (w.now < to) {
		run(&w, w.now + 1 * S < to ? w.now + 1 * S : to);

		struct measurement none[2] = {no_value(&w, PARAMETER_SPO2, REASON_SEARCHING),
		                              no_value(&w, PARAMETER_PULSE, REASON_SEARCHING)};

		frame_of(&w, OXIMETER, 2, none);
		frame_of(&w, CUFF, 0, NULL);
		heart_rate(&w, 70);
	}
}

static void test_mask(void **state)
{
	(void)state;
	for (int same_limb = 0; same_limb < 2; same_limb++) {
		mask_plan(same_limb == 1);
		assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
		without_oximetry(140 * S);
		assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), same_limb ? ALARM_INACTIVE : ALARM_ACTIVE);
		assert_int_equal(state_of(&w, MISSING(PARAMETER_PERFUSION)), ALARM_INACTIVE); /* SpO2 stands for it */
		assert_int_equal(state_of(&w, MISSING(PARAMETER_RESP)), ALARM_ACTIVE);        /* never muted */
		if (!same_limb)
			continue;
		pressure(&w, 120, 80);
		without_oximetry(170 * S - 1);
		assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_INACTIVE);
		run(&w, 170 * S); /* 30 s after the determination */
		assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	}
	/* A low value is low, whatever the cuff does. */
	mask_plan(true);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	w.now += 1 * S;
	spo2(&w, 80);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
}

static void test_mask_is_bounded(void **state)
{
	(void)state;
	mask_plan(true); /* no result ever */
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	without_oximetry(190 * S - 1);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_INACTIVE);
	run(&w, 190 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	mask_plan(true); /* the result after 80 s: ten more, not thirty */
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	without_oximetry(180 * S);
	pressure(&w, 120, 80);
	without_oximetry(190 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	mask_plan(true); /* one inflation after the other */
	for (int64_t t = 100 * S; t < 190 * S; t += 30 * S) {
		assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
		without_oximetry(t + 20 * S);
		pressure(&w, 120, 80);
		without_oximetry(t + 30 * S);
	}
	run(&w, 191 * S - 1);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_INACTIVE);
	run(&w, 191 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE); /* missing for 90 s */
	mask_plan(true);                                                       /* what is announced already stays */
	without_oximetry(140 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
}

/* ---- missing values -----------------------------------------------------------------------------------------------
 */

static void test_missing_must_be_back_for_a_while(void **state)
{
	(void)state;
	mask_plan(false);
	w.config.plan.missing_clear_ns = 10 * S;
	without_oximetry(140 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	live(&w, 145 * S, 97, 70);
	without_oximetry(150 * S); /* flickers */
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	assert_int_equal(w.engine.session.load[MISSING(PARAMETER_SPO2)].raised, 1);
	without_oximetry(221 * S - 1);
	assert_int_equal(w.engine.alarms[MISSING(PARAMETER_SPO2)].priority, PRIORITY_LOW);
	without_oximetry(221 * S); /* 120 s after 101: the flicker does not start it anew */
	assert_int_equal(w.engine.alarms[MISSING(PARAMETER_SPO2)].priority, PRIORITY_MEDIUM);
	run(&w, 222 * S);
	spo2(&w, 97);
	live(&w, 231 * S, 97, 70);
	run(&w, 232 * S - 1);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	run(&w, 232 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_INACTIVE);
	/* Its device is lost: that is an alarm of its own, at once. */
	without_oximetry(300 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(changes(&w, MISSING(PARAMETER_SPO2), ALARM_CLEARED), 1);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_RAISED), 1);
}

static void test_missing_only_what_is_asked(void **state)
{
	(void)state;
	mask_plan(false);
	w.config.plan.missing_parameters = PARAMETER_BIT(PARAMETER_SPO2);
	without_oximetry(200 * S);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_PULSE)), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_PERFUSION)), ALARM_INACTIVE);
}

/* Lost is low, at once medium if nobody else knows SpO2 or the heart rate. */
static void test_sole_source(void **state)
{
	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		enum priority sole = asked ? PRIORITY_MEDIUM : PRIORITY_LOW;

		mask_plan(false);
		w.config.plan.missing_sole = asked ? PRIORITY_MEDIUM : PRIORITY_NONE;
		device_is(&w, CUFF, DEVICE_DOWN, FAULT_HUNG_UP);
		assert_int_equal(w.engine.alarms[DEVICE(CUFF)].priority, PRIORITY_LOW);
		device_is(&w, ECG, DEVICE_DOWN, FAULT_HUNG_UP); /* the oximeter's pulse is left */
		assert_int_equal(w.engine.alarms[DEVICE(ECG)].priority, PRIORITY_LOW);
		device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
		assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, sole);
		assert_int_equal(w.engine.alarms[DEVICE(ECG)].priority, sole);
	}
}

/* ---- conditional checks -------------------------------------------------------------------------------------------
 */

/* CADSS again at 80 s only if it is above 4 then. */
static void test_check_with_reason(void **state)
{
	(void)state;
	static const int64_t times[] = {40 * S, 80 * S};

	for (int reason = 0; reason < 2; reason++) {
		world_plan(&w);
		for (int d = 0; d < 3; d++)
			w.config.devices[d].provides = 0;
		(void)world_rule(&w, "D1", PARAMETER_CADSS, COMPARISON_ABOVE, 4, 4);

		struct plan_check *check = world_check(&w, "cadss", PARAMETER_CADSS, ANCHOR_OPEN, 5 * S, 2, times);

		check->with = RULE_BIT(0);
		check->late = PRIORITY_MEDIUM;
		check->early_ns = 10 * S;
		world_open(&w, 0);
		still(&w, 20 * S);
		assert_int_equal(score(&w, PARAMETER_CADSS, 9 * MILLI), RESULT_OK); /* too early for 40 */
		assert_int_equal(w.engine.session.checks[0].done, 0);
		still(&w, 40 * S);
		assert_int_equal(w.engine.session.checks[0].overdue_since.ns, 40 * S);
		still(&w, 41 * S);
		assert_int_equal(score(&w, PARAMETER_CADSS, (reason ? 9 : 3) * MILLI), RESULT_OK);
		assert_int_equal(w.engine.session.checks[0].done, 1);
		still(&w, 85 * S);
		assert_int_equal(state_of(&w, ALARM_BASE_CHECK_LATE), reason ? ALARM_ACTIVE : ALARM_INACTIVE);
		assert_int_equal(w.engine.session.checks[0].missed, 0);
		if (reason)
			assert_int_equal(w.engine.alarms[ALARM_BASE_CHECK_LATE].priority, PRIORITY_MEDIUM);
		else
			assert_int_equal(w.engine.session.checks[0].due.ns, INT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_limit_who_may),
	    cmocka_unit_test(test_limit_takes_effect),
	    cmocka_unit_test(test_take_out_orders),
	    cmocka_unit_test(test_take_outs_end_at_the_close),
	    cmocka_unit_test(test_taken_out),
	    cmocka_unit_test(test_taken_out_device),
	    cmocka_unit_test(test_test_alarm),
	    cmocka_unit_test(test_display_is_silent),
	    cmocka_unit_test(test_display_does_not_show),
	    cmocka_unit_test(test_flapping),
	    cmocka_unit_test(test_resync),
	    cmocka_unit_test(test_mask),
	    cmocka_unit_test(test_mask_is_bounded),
	    cmocka_unit_test(test_missing_must_be_back_for_a_while),
	    cmocka_unit_test(test_missing_only_what_is_asked),
	    cmocka_unit_test(test_sole_source),
	    cmocka_unit_test(test_check_with_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
