/* Values and devices: staleness, plausibility, what a device may bring, lost devices against missing values. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;

#define MISSING(p) (ALARM_BASE_MISSING + (p))
#define DEVICE(d)  (ALARM_BASE_DEVICE + (d))

static bool published(parameter_set set)
{
	const struct action *a = find_action(&w, ACTION_READINGS);

	return a != NULL && (a->u.readings & set) == set;
}

static void assert_no_value(enum parameter parameter, enum reason reason)
{
	struct measurement m = reading(&w, parameter);

	assert_int_equal(m.quality, QUALITY_NO_VALUE);
	assert_int_equal(m.reason, reason);
	assert_int_equal(m.milli, 0);
}

static void test_stale_at_exactly_three_periods(void **state)
{
	(void)state;
	world_plan(&w);
	w.config.devices[OXIMETER].period_ns = 700 * MS;
	world_begin(&w, 0);
	all_up(&w);
	assert_no_value(PARAMETER_SPO2, REASON_NEVER_RECEIVED);
	w.now = 10 * S;
	spo2(&w, 97);
	assert_true(published(PARAMETER_BIT(PARAMETER_SPO2)));
	leap(&w, 11 * S);
	frame_of(&w, OXIMETER, 0, NULL); /* alive, but no value */
	leap(&w, 12100 * MS - 1);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 97 * MILLI);
	assert_int_equal(engine_deadline(&w.engine).ns, 12100 * MS);
	leap(&w, 12100 * MS);
	assert_no_value(PARAMETER_SPO2, REASON_STALE);
	assert_true(published(PARAMETER_BIT(PARAMETER_SPO2)));
	assert_int_equal(w.engine.parameters[PARAMETER_SPO2].missing_since.ns, 12100 * MS);
	/* Asked for a later instant than the last step it knows too. */
	spo2(&w, 96);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 96 * MILLI);
	struct measurement later = engine_reading(&w.engine, PARAMETER_SPO2, at(12100 * MS + 2100 * MS));
	assert_int_equal(later.reason, REASON_DEVICE_LOST); /* silent by then as well */
	/* A value that is old when it comes is stale at once. */
	struct measurement old = value(&w, PARAMETER_PULSE, 70);
	old.determined = at(w.now - 2100 * MS);
	frame(&w, OXIMETER, old);
	assert_no_value(PARAMETER_PULSE, REASON_STALE);
}

static void test_no_value_keeps_its_reason_until_stale(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	all_up(&w);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	assert_no_value(PARAMETER_SPO2, REASON_SENSOR_OFF);
	leap(&w, 2 * S);
	frame_of(&w, OXIMETER, 0, NULL);
	leap(&w, 3 * S);
	assert_no_value(PARAMETER_SPO2, REASON_STALE);
	assert_true(published(PARAMETER_BIT(PARAMETER_SPO2)));
	leap(&w, 5 * S); /* three periods after the last frame */
	assert_no_value(PARAMETER_SPO2, REASON_DEVICE_LOST);
	assert_true(published(PARAMETER_BIT(PARAMETER_SPO2)));
	assert_non_null(find_action(&w, ACTION_DEVICE));
}

static void test_plausibility(void **state)
{
	(void)state;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		const struct parameter_info *info = &parameter_table[p];
		int32_t values[4] = {info->plausible_min - 1, info->plausible_min, info->plausible_max,
		                     info->plausible_max + 1};

		if (info->cadence == CADENCE_ENTERED || p == PARAMETER_ETCO2 || parameter_derived((enum parameter)p))
			continue;
		world_plan(&w);
		world_begin(&w, 0);
		all_up(&w);
		for (int i = 0; i < 4; i++) {
			struct measurement m = value(&w, (enum parameter)p, 0);

			m.milli = values[i];
			m.determined = at(w.now);
			frame(&w, w.engine.parameters[p].device, m);
			if (i == 1 || i == 2)
				assert_int_equal(reading(&w, (enum parameter)p).milli, values[i]);
			else
				assert_no_value((enum parameter)p, REASON_IMPLAUSIBLE);
			w.now += 1 * S;
		}
	}
}

static void test_contradicting_pressures(void **state)
{
	(void)state;
	static const struct {
		int32_t sys, dia;
		bool good;
	} cases[] = {
	    {120, 80, true},  {90, 80, true},  {89, 80, false},   {80, 80, false}, {80, 120, false},
	    {261, 80, false}, {120, 0, false}, {260, 180, true},  {48, 30, true},  {11, 1, true},
	    {30, 22, false},  {0, 0, false},   {200, 181, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_plan(&w);
		world_begin(&w, 0);
		all_up(&w);

		struct measurement list[4] = {
		    value(&w, PARAMETER_NIBP_PULSE, 70),
		    value(&w, PARAMETER_NIBP_DIA, cases[i].dia),
		    value(&w, PARAMETER_NIBP_MEAN, 95),
		    value(&w, PARAMETER_NIBP_SYS, cases[i].sys),
		};

		frame_of(&w, CUFF, 4, list);
		for (int p = PARAMETER_NIBP_SYS; p <= PARAMETER_NIBP_PULSE; p++) {
			if (cases[i].good)
				assert_int_equal(reading(&w, (enum parameter)p).quality, QUALITY_VALID);
			else
				assert_no_value((enum parameter)p, REASON_IMPLAUSIBLE);
		}
		assert_int_equal(w.engine.devices[CUFF].cuff_failures, cases[i].good ? 0 : 1);
	}
	/* A mean of its own out of range costs only itself. */
	world_begin(&w, 0);
	all_up(&w);
	struct measurement list[3] = {value(&w, PARAMETER_NIBP_SYS, 120), value(&w, PARAMETER_NIBP_DIA, 80),
	                              value(&w, PARAMETER_NIBP_MEAN, 300)};
	frame_of(&w, CUFF, 3, list);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).milli, 120 * MILLI);
	assert_no_value(PARAMETER_NIBP_MEAN, REASON_IMPLAUSIBLE);
}

static void test_what_is_ignored(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	spo2(&w, 97); /* the device is not up */
	assert_no_value(PARAMETER_SPO2, REASON_NEVER_RECEIVED);
	assert_int_equal(w.engine.devices[OXIMETER].last_frame.ns, INT64_MAX);
	all_up(&w);
	frame(&w, ECG, value(&w, PARAMETER_SPO2, 97));      /* not its parameter */
	frame(&w, OXIMETER, value(&w, PARAMETER_MOAAS, 5)); /* scores come from people */
	frame(&w, 31, value(&w, PARAMETER_SPO2, 97));       /* no such device */
	frame(&w, OXIMETER, value(&w, (enum parameter)PARAMETER_COUNT, 97));
	assert_no_value(PARAMETER_SPO2, REASON_NEVER_RECEIVED);
	assert_no_value(PARAMETER_MOAAS, REASON_NEVER_RECEIVED);

	w.now = 10 * S;
	spo2(&w, 97);
	struct measurement older = value(&w, PARAMETER_SPO2, 50);
	older.determined = at(10 * S - 1);
	w.now = 11 * S;
	frame(&w, OXIMETER, older);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 97 * MILLI);
	assert_int_equal(w.engine.devices[OXIMETER].last_frame.ns, 11 * S);

	pressure(&w, 120, 80);
	w.now = 12 * S;
	struct measurement same = value(&w, PARAMETER_NIBP_SYS, 200);
	same.determined = at(11 * S);
	frame(&w, CUFF, same);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).milli, 120 * MILLI);
	assert_null(find_action(&w, ACTION_READINGS));
	/* Determined in the future: not before it is known. */
	struct measurement future = value(&w, PARAMETER_SPO2, 96);
	future.determined = at(1000 * S);
	frame(&w, OXIMETER, future);
	assert_int_equal(reading(&w, PARAMETER_SPO2).determined.ns, 12 * S);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 96 * MILLI);
	/* Time never goes back. */
	w.now = 5 * S;
	tick(&w);
	assert_int_equal(w.engine.now.ns, 12 * S);
}

static void test_intermittent_carries_its_age(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	all_up(&w);
	pressure(&w, 120, 80);
	device_is(&w, CUFF, DEVICE_DOWN, FAULT_HUNG_UP);
	leap(&w, 3600 * S);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).milli, 120 * MILLI);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).determined.ns, 0);
	device_is(&w, CUFF, DEVICE_UP, FAULT_NONE);
	pressure_failed(&w); /* the whole attempt failed, not only what the frame named */
	assert_no_value(PARAMETER_NIBP_SYS, REASON_FAILED);
	assert_no_value(PARAMETER_NIBP_DIA, REASON_FAILED);
	assert_true(published(PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA)));
	assert_no_value(PARAMETER_NIBP_MEAN, REASON_NEVER_RECEIVED);
	w.now += 1 * S;
	pressure(&w, 118, 78);
	assert_int_equal(reading(&w, PARAMETER_NIBP_DIA).milli, 78 * MILLI);
}

/* Beside the failure stands what was known before, with the time at which it was determined: shown, never judged. */
static void test_the_last_good_one_stands_beside_a_failed_one(void **state)
{
	(void)state;
	struct measurement good;

	world_plan(&w);
	(void)world_rule(&w, "B1", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
	world_open(&w, 100 * S);
	assert_false(engine_last_good(&w.engine, PARAMETER_NIBP_SYS, &good));
	pressure_failed(&w);
	assert_false(engine_last_good(&w.engine, PARAMETER_NIBP_SYS, &good)); /* there was none */
	w.now += 10 * S;
	pressure(&w, 185, 95);
	assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	assert_false(engine_last_good(&w.engine, PARAMETER_NIBP_SYS, &good)); /* it is the one that is shown */
	w.now += 10 * S;
	pressure_failed(&w);
	w.now += 10 * S;
	pressure_failed(&w);
	assert_no_value(PARAMETER_NIBP_SYS, REASON_FAILED);
	assert_true(engine_last_good(&w.engine, PARAMETER_NIBP_SYS, &good));
	assert_int_equal(good.milli, 185 * MILLI);
	assert_int_equal(good.determined.ns, 110 * S);
	assert_true(engine_last_good(&w.engine, PARAMETER_NIBP_DIA, &good) && good.milli == 95 * MILLI);
	assert_false(engine_last_good(&w.engine, PARAMETER_SPO2, &good));
	assert_int_equal(changes(&w, 0, ALARM_RAISED) + changes(&w, 0, ALARM_WORSE), 0);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_false(engine_last_good(&w.engine, PARAMETER_NIBP_SYS, &good)); /* another patient's */
	w.now += 10 * S;
	pressure_failed(&w);
	assert_false(engine_last_good(&w.engine, PARAMETER_NIBP_SYS, &good));
}

static void test_opening_forgets_another_patient(void **state)
{
	(void)state;
	world_plan(&w);
	(void)world_rule(&w, "B1", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
	world_open(&w, 0);
	pressure(&w, 190, 80);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	live(&w, 10 * S, 97, 70);
	assert_int_equal(reading(&w, PARAMETER_NIBP_SYS).milli, 190 * MILLI);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_true(published(PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_MOAAS)));
	assert_no_value(PARAMETER_NIBP_SYS, REASON_NEVER_RECEIVED);
	assert_no_value(PARAMETER_MOAAS, REASON_NEVER_RECEIVED);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 97 * MILLI); /* live */
	struct measurement before = value(&w, PARAMETER_NIBP_SYS, 200);
	before.determined = at(10 * S - 1);
	frame(&w, CUFF, before);
	assert_no_value(PARAMETER_NIBP_SYS, REASON_NEVER_RECEIVED);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
}

static void test_lost_device_is_one_alarm(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_LOW);
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].reason, REASON_DEVICE_LOST);
	assert_int_equal(reading(&w, PARAMETER_SPO2).milli, 97 * MILLI); /* current for three periods */
	for (int64_t t = 11 * S; t < 30 * S; t += 1 * S) {
		run(&w, t);
		heart_rate(&w, 70);
		frame(&w, ECG, value(&w, PARAMETER_RESP, 14));
		frame_of(&w, CUFF, 0, NULL);
		assert_int_equal(announced(&w), 1);
	}
	assert_no_value(PARAMETER_SPO2, REASON_DEVICE_LOST);
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_LOW);
	leap(&w, 30 * S - 1);
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_LOW);
	leap(&w, 30 * S); /* escalates 20 s after the loss */
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_MEDIUM);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_PRIORITY_CHANGED), 1);
	/* Back without a value: the device is fine, the value has its own time to come. */
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_CLEARED), 1);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_PENDING);
	for (int64_t t = 31 * S; t < 35 * S; t += 1 * S) {
		run(&w, t);
		frame_of(&w, OXIMETER, 0, NULL);
	}
	leap(&w, 35 * S - 1);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_PENDING);
	leap(&w, 35 * S);
	assert_int_equal(changes(&w, MISSING(PARAMETER_SPO2), ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[MISSING(PARAMETER_SPO2)].priority, PRIORITY_MEDIUM); /* gone for 25 s */
	spo2(&w, 97);
	assert_int_equal(changes(&w, MISSING(PARAMETER_SPO2), ALARM_CLEARED), 1);
}

static void test_silent_device(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	leap(&w, 13 * S - 1);
	assert_int_equal(announced(&w), 0);
	assert_int_equal(engine_deadline(&w.engine).ns, 13 * S);
	leap(&w, 13 * S);
	for (int d = 0; d < 3; d++)
		assert_int_equal(changes(&w, DEVICE(d), ALARM_RAISED), 1);
	assert_int_equal(announced(&w), 3);
	assert_int_equal(w.engine.devices[OXIMETER].lost_since.ns, 13 * S);
	assert_no_value(PARAMETER_SPO2, REASON_DEVICE_LOST);
	run(&w, 32 * S + 999 * MS);
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_LOW);
	run(&w, 3600 * S);
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_MEDIUM);
	assert_int_equal(w.engine.alarms[DEVICE(CUFF)].priority, PRIORITY_LOW); /* nothing continuous */
	assert_int_equal(announced(&w), 3);
	frame_of(&w, OXIMETER, 0, NULL); /* one frame is a sign of life */
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_CLEARED), 1);
	assert_non_null(find_action(&w, ACTION_DEVICE));
}

static void test_never_up_has_a_grace(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 100 * S);
	(void)order(&w, COMMAND_SESSION_OPEN);
	leap(&w, 105 * S - 1);
	assert_int_equal(announced(&w), 0);
	leap(&w, 105 * S);
	for (int d = 0; d < 3; d++)
		assert_int_equal(changes(&w, DEVICE(d), ALARM_RAISED), 1);
	assert_int_equal(announced(&w), 3);

	/* At the opening of a later session the grace begins again; a device that was up before gets none. */
	world_begin(&w, 0);
	device_is(&w, ECG, DEVICE_UP, FAULT_NONE);
	device_is(&w, ECG, DEVICE_DOWN, FAULT_TIMEOUT);
	leap(&w, 1000 * S);
	assert_int_equal(announced(&w), 0); /* no session, no alarm */
	(void)order(&w, COMMAND_SESSION_OPEN);
	assert_int_equal(state_of(&w, DEVICE(ECG)), ALARM_ACTIVE);
	assert_int_equal(announced(&w), 1);
	run(&w, 1005 * S);
	assert_int_equal(announced(&w), 3);

	/* A wrong device is known to be wrong. */
	world_begin(&w, 0);
	(void)order(&w, COMMAND_SESSION_OPEN);
	device_is(&w, CUFF, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
	assert_int_equal(state_of(&w, DEVICE(CUFF)), ALARM_ACTIVE);
}

/* Told once, whatever staff have answered; nothing sounds anew. */
static void test_lost_device_for_another_reason(void **state)
{
	(void)state;
	const struct alarm *alarm = &w.engine.alarms[DEVICE(OXIMETER)];

	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	assert_int_equal(acknowledge(&w, DEVICE(OXIMETER)), RESULT_OK);
	device_is(&w, OXIMETER, DEVICE_RESYNC, FAULT_NONE);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_REASON_CHANGED), 0);
	uint32_t generation = alarm->generation;
	device_is(&w, OXIMETER, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_REASON_CHANGED), 1);
	assert_int_equal(alarm->generation, generation + 1);
	assert_int_equal(alarm->reason, REASON_WRONG_DEVICE);
	assert_int_equal(alarm->state, ALARM_ACKNOWLEDGED);
	assert_string_equal(alarm->acknowledged_by, "nurse1");
	assert_true(w.engine.audio_paused_until.ns != 0);
	run(&w, w.now + 1 * S);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_REASON_CHANGED), 0);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_NOT_FOUND);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_REASON_CHANGED), 1);
	assert_int_equal(alarm->reason, REASON_DEVICE_LOST);
}

/* A device whose battery is low, in the same way. */
static void test_battery_low(void **state)
{
	(void)state;
	const struct alarm *alarm = &w.engine.alarms[DEVICE(OXIMETER)];
	char text[TEXT_BYTES + 32];

	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_BATTERY_LOW);
	assert_int_equal(alarm->state, ALARM_ACTIVE);
	assert_int_equal(alarm->priority, PRIORITY_LOW);
	assert_int_equal(alarm->reason, REASON_BATTERY_LOW);
	engine_condition_text(&w.engine, alarm, text, sizeof text);
	assert_string_equal(text, "Battery low: device oximeter");
	assert_int_equal(announced(&w), 1);                  /* values are there */
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP); /* it was */
	assert_int_equal(alarm->reason, REASON_DEVICE_LOST);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
	assert_int_equal(alarm->state, ALARM_INACTIVE);
}

/* A device that sends far too often: low, of its own words, and it lowers nothing that is judged. */
static void test_babbling_device(void **state)
{
	(void)state;
	const struct alarm *alarm = &w.engine.alarms[DEVICE(OXIMETER)];
	char text[TEXT_BYTES + 32];

	world_plan(&w);
	world_open(&w, 0);
	live(&w, 10 * S, 97, 70);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_BABBLE);
	assert_int_equal(alarm->state, ALARM_ACTIVE);
	assert_int_equal(alarm->priority, PRIORITY_LOW);
	assert_int_equal(alarm->reason, REASON_BABBLE);
	engine_condition_text(&w.engine, alarm, text, sizeof text);
	assert_string_equal(text, "Sends far too often: device oximeter");
	assert_int_equal(announced(&w), 1); /* values are there */
	live(&w, w.now + 120 * S, 97, 70);
	assert_int_equal(alarm->priority, PRIORITY_LOW);
	assert_int_equal(announced(&w), 1);
	/* Lost on top of it: the graver one. */
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(alarm->reason, REASON_DEVICE_LOST);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
	assert_int_equal(alarm->state, ALARM_INACTIVE);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_BABBLE);
	assert_int_equal(alarm->state, ALARM_ACTIVE);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
	assert_int_equal(alarm->state, ALARM_INACTIVE);
}

static void test_never_received(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 0);
	for (int64_t t = 1 * S; t < 5 * S; t += 1 * S) {
		run(&w, t);
		frame_of(&w, OXIMETER, 0, NULL);
		frame_of(&w, ECG, 0, NULL);
		frame_of(&w, CUFF, 0, NULL);
	}
	leap(&w, 5 * S - 1);
	assert_int_equal(announced(&w), 0);
	leap(&w, 5 * S);
	assert_int_equal(announced(&w), 2); /* one for each device whose continuous values are missing */
	assert_int_equal(state_of(&w, MISSING(PARAMETER_ECG_HR)), ALARM_ACTIVE);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[MISSING(PARAMETER_SPO2)].reason, REASON_NEVER_RECEIVED);
	assert_int_equal(state_of(&w, MISSING(PARAMETER_ETCO2)), ALARM_INACTIVE); /* nobody does */
	assert_int_equal(state_of(&w, MISSING(PARAMETER_NIBP_SYS)), ALARM_INACTIVE);
}

static void test_sensor_off_then_cable_pulled(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 0);
	live(&w, 1 * S, 97, 70);
	for (int64_t t = 2 * S; t <= 8 * S; t += 1 * S) {
		run(&w, t);
		frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
	}
	assert_int_equal(state_of(&w, MISSING(PARAMETER_SPO2)), ALARM_ACTIVE);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	assert_int_equal(changes(&w, DEVICE(OXIMETER), ALARM_RAISED), 1);
	assert_int_equal(changes(&w, MISSING(PARAMETER_SPO2), ALARM_CLEARED), 1);
	/* A link that comes and goes without values does not put the escalation off: 20 s after the sensor came off. */
	for (int64_t t = 9 * S; t < 22 * S; t += 2 * S) {
		run(&w, t);
		device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
		run(&w, t + 1 * S);
		device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	}
	assert_int_equal(w.engine.alarms[DEVICE(OXIMETER)].priority, PRIORITY_MEDIUM);
}

/* Nobody is watched until the session that was lost is opened again. */
static void test_lost_session_ends_with_the_next(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	service_is(&w, SERVICE_SESSION, false);
	assert_int_equal(acknowledge(&w, ALARM_BASE_SERVICE + SERVICE_SESSION), RESULT_OK);
	assert_int_equal(state_of(&w, ALARM_BASE_SERVICE + SERVICE_SESSION), ALARM_ACKNOWLEDGED);
	world_open(&w, 10 * S);
	assert_int_equal(state_of(&w, ALARM_BASE_SERVICE + SERVICE_SESSION), ALARM_INACTIVE);
}

static void test_service_and_clock(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	for (int s = 0; s < SERVICE_COUNT; s++) {
		service_is(&w, (enum service)s, false); /* needs no session */
		if (s == SERVICE_DISPLAYS) {
			assert_int_equal(w.actions.count, 0); /* the engine itself judges it, from receipts */
			continue;
		}
		assert_int_equal(changes(&w, ALARM_BASE_SERVICE + s, ALARM_RAISED), 1);
		assert_int_equal(w.engine.alarms[ALARM_BASE_SERVICE + s].priority, s == SERVICE_CONFIG ? PRIORITY_LOW
		                                                                   : s == SERVICE_SESSION
		                                                                       ? PRIORITY_HIGH
		                                                                       : PRIORITY_MEDIUM);
		service_is(&w, (enum service)s, false);
		assert_int_equal(w.actions.count, 0);
		service_is(&w, (enum service)s, true);
		assert_int_equal(changes(&w, ALARM_BASE_SERVICE + s, ALARM_CLEARED), 1);
	}
	static const struct {
		int64_t step_ns;
		bool alarm;
	} cases[] = {{2 * S - 1, false}, {2 * S, true}, {-2 * S + 1, false}, {-2 * S, true}, {INT64_MIN, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event = {.kind = EVENT_CLOCK, .u.clock = {cases[i].step_ns}};

		world_step(&w, &event);
		assert_int_equal(changes(&w, ALARM_BASE_CLOCK, ALARM_RAISED), cases[i].alarm);
		assert_int_equal(state_of(&w, ALARM_BASE_CLOCK), cases[i].alarm ? ALARM_LATCHED : ALARM_INACTIVE);
		if (!cases[i].alarm)
			continue;
		assert_int_equal(w.engine.alarms[ALARM_BASE_CLOCK].priority, PRIORITY_LOW);
		assert_int_equal(acknowledge(&w, ALARM_BASE_CLOCK), RESULT_OK);
		assert_int_equal(state_of(&w, ALARM_BASE_CLOCK), ALARM_INACTIVE);
	}
}

/* Events about devices that do not exist change nothing. */
static void test_unknown_devices(void **state)
{
	(void)state;
	struct engine before;

	world_plan(&w);
	world_open(&w, 100 * S);
	before = w.engine;
	device_is(&w, w.config.device_count, DEVICE_UP, FAULT_NONE);
	assert_memory_equal(&w.engine, &before, sizeof(before));
	frame_of(&w, w.config.device_count, 0, NULL);
	assert_memory_equal(&w.engine, &before, sizeof(before));
	device_is(&w, OXIMETER, (enum device_state)(DEVICE_REFUSED + 1), FAULT_NONE);
	assert_memory_equal(&w.engine, &before, sizeof(before));
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_COUNT);
	assert_memory_equal(&w.engine, &before, sizeof(before));
}

static int device_published(int device)
{
	int count = 0;

	for (uint16_t i = 0; i < w.actions.count; i++)
		count += w.actions.list[i].kind == ACTION_DEVICE && w.actions.list[i].u.device == device;
	return count;
}

/* Each change of a connection is published, a repetition is not. */
static void test_connection_is_published_once(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 100 * S);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_NOT_FOUND);
	assert_int_equal(device_published(OXIMETER), 1);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_NOT_FOUND);
	assert_int_equal(device_published(OXIMETER), 0);
	device_is(&w, OXIMETER, DEVICE_RESYNC, FAULT_NOT_FOUND);
	assert_int_equal(device_published(OXIMETER), 1);
	device_is(&w, OXIMETER, DEVICE_UP, FAULT_NONE);
	assert_int_equal(device_published(OXIMETER), 1);
}

/* What was measured on another patient is not even kept. */
static void test_opening_erases(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 100 * S);
	all_up(&w);
	pressure(&w, 160, 95);
	still(&w, 110 * S);
	pressure(&w, 150, 90);
	assert_int_equal(w.engine.parameters[PARAMETER_NIBP_SYS].latest.milli, 150 * MILLI);
	assert_true(w.engine.parameters[PARAMETER_NIBP_SYS].has_previous);
	assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
	assert_int_equal(w.engine.parameters[PARAMETER_NIBP_SYS].latest.milli, 0);
	assert_int_equal(w.engine.parameters[PARAMETER_NIBP_SYS].latest.quality, QUALITY_NO_VALUE);
	assert_false(w.engine.parameters[PARAMETER_NIBP_SYS].has_previous);
}

static void test_never_received_has_no_instant(void **state)
{
	(void)state;
	world_plan(&w);
	world_open(&w, 100 * S);
	assert_true(mono_is_never(reading(&w, PARAMETER_SPO2).determined));
	assert_int_equal(reading(&w, PARAMETER_SPO2).reason, REASON_NEVER_RECEIVED);
}

/* A valid value needs no reason. */
static void test_valid_has_no_reason(void **state)
{
	(void)state;
	struct measurement m;

	world_plan(&w);
	world_open(&w, 100 * S);
	m = value(&w, PARAMETER_SPO2, 97);
	m.reason = REASON_INTERFERENCE;
	frame(&w, OXIMETER, m);
	assert_int_equal(reading(&w, PARAMETER_SPO2).quality, QUALITY_VALID);
	assert_int_equal(reading(&w, PARAMETER_SPO2).reason, REASON_NONE);
}

/* A take-out ends at its instant, the first device's too. */
static void test_first_device_comes_back_in_time(void **state)
{
	(void)state;
	struct event event;

	world_plan(&w);
	world_begin(&w, 100 * S);
	all_up(&w);
	event = make_command(&w, COMMAND_TAKE_OUT);
	event.u.command.u.take_out.is_device = true;
	put_text(event.u.command.u.take_out.name, "oximeter", NAME_BYTES);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "repair", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	run(&w, 130 * S); /* by then every device has fallen silent: nothing else is due */
	assert_int_equal(engine_deadline(&w.engine).ns, 160 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stale_at_exactly_three_periods),
	    cmocka_unit_test(test_no_value_keeps_its_reason_until_stale),
	    cmocka_unit_test(test_plausibility),
	    cmocka_unit_test(test_contradicting_pressures),
	    cmocka_unit_test(test_what_is_ignored),
	    cmocka_unit_test(test_intermittent_carries_its_age),
	    cmocka_unit_test(test_the_last_good_one_stands_beside_a_failed_one),
	    cmocka_unit_test(test_opening_forgets_another_patient),
	    cmocka_unit_test(test_lost_device_is_one_alarm),
	    cmocka_unit_test(test_lost_device_for_another_reason),
	    cmocka_unit_test(test_silent_device),
	    cmocka_unit_test(test_never_up_has_a_grace),
	    cmocka_unit_test(test_babbling_device),
	    cmocka_unit_test(test_battery_low),
	    cmocka_unit_test(test_never_received),
	    cmocka_unit_test(test_sensor_off_then_cable_pulled),
	    cmocka_unit_test(test_lost_session_ends_with_the_next),
	    cmocka_unit_test(test_service_and_clock),
	    cmocka_unit_test(test_unknown_devices),
	    cmocka_unit_test(test_connection_is_published_once),
	    cmocka_unit_test(test_opening_erases),
	    cmocka_unit_test(test_never_received_has_no_instant),
	    cmocka_unit_test(test_valid_has_no_reason),
	    cmocka_unit_test(test_first_device_comes_back_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
