/* The rules on live signals of the clinical reference, section 8.3: H1 .. H5, O1 .. O3, R1 .. R3, each by the same
 * table of cases: at the limit and a unit either side, exactly the delay and a nanosecond less, hysteresis, gaps, stale
 * in the middle, phase changes; and what stands for what. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w;
static int32_t vitals[PARAMETER_COUNT]; /* what the devices send, whole units */

static void normal(void)
{
	vitals[PARAMETER_SPO2] = 97;
	vitals[PARAMETER_PULSE] = 70;
	vitals[PARAMETER_ECG_HR] = 70;
	vitals[PARAMETER_RESP] = 14;
}

static void set(enum parameter parameter, int32_t units)
{
	vitals[parameter] = units;
	if (parameter == PARAMETER_ECG_HR)
		vitals[PARAMETER_PULSE] = units; /* the two agree, unless told otherwise */
}

/* One frame of each device, now. */
static void send(void)
{
	struct measurement oximeter[2] = {value(&w, PARAMETER_SPO2, vitals[PARAMETER_SPO2]),
	                                  value(&w, PARAMETER_PULSE, vitals[PARAMETER_PULSE])};
	struct measurement ecg[2] = {value(&w, PARAMETER_ECG_HR, vitals[PARAMETER_ECG_HR]),
	                             value(&w, PARAMETER_RESP, vitals[PARAMETER_RESP])};

	frame_of(&w, CUFF, 0, NULL);
	frame_of(&w, OXIMETER, 2, oximeter);
	frame_of(&w, ECG, 2, ecg);
}

/* A frame each second, none at `to` itself. */
static void stream(int64_t to)
{
	while (w.now + 1 * S < to) {
		run(&w, w.now + 1 * S);
		send();
	}
	if (w.now < to - 1)
		run(&w, to - 1);
}

static void begin(void)
{
	protocol_plan(&w);
	protocol_start(&w, 120, 80, 70);
	normal();
	send();
}

/* A rule of one term: `out` is the first whole value beyond the limit, `in` the last one within, `back` the first that
 * clears, `held` the one before it. */
static const struct live_case {
	int rule;
	enum parameter parameter;
	int32_t in, out, held, back;
	int64_t delay_s, clear_s;
	enum priority priority;
} cases[] = {
    {H1, PARAMETER_ECG_HR, 110, 111, 106, 105, 60, 30, PRIORITY_LOW},
    {H2, PARAMETER_ECG_HR, 130, 131, 126, 125, 15, 30, PRIORITY_HIGH},
    {H3, PARAMETER_ECG_HR, 50, 49, 54, 55, 30, 30, PRIORITY_MEDIUM},
    {H4, PARAMETER_ECG_HR, 40, 39, 44, 45, 10, 15, PRIORITY_HIGH},
    {O1, PARAMETER_SPO2, 93, 92, 94, 95, 30, 15, PRIORITY_MEDIUM},
    {O2, PARAMETER_SPO2, 90, 89, 91, 92, 15, 15, PRIORITY_HIGH},
    {O3, PARAMETER_SPO2, 85, 84, 91, 92, 5, 15, PRIORITY_HIGH},
    {R1, PARAMETER_RESP, 10, 9, 11, 12, 30, 30, PRIORITY_MEDIUM},
    {R2, PARAMETER_RESP, 8, 7, 9, 10, 15, 30, PRIORITY_HIGH},
    {R3, PARAMETER_RESP, 24, 25, 23, 22, 60, 30, PRIORITY_LOW},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static bool present(int rule)
{
	return state_of(&w, rule) == ALARM_ACTIVE || w.engine.alarms[rule].kept_back;
}

/* A begin that leaves the case violated since w.now. */
static void violate(const struct live_case *c)
{
	begin();
	w.now += 1 * S;
	set(c->parameter, c->out);
	send();
}

static void test_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		for (int beyond = 0; beyond < 2; beyond++) {
			begin();
			set(c->parameter, beyond ? c->out : c->in);
			stream(w.now + (c->delay_s + 5) * S);
			assert_int_equal(present(c->rule), beyond);
		}
		assert_int_equal(w.engine.alarms[c->rule].milli, c->out * MILLI);
		assert_int_equal(w.engine.alarms[c->rule].limit, c->in * MILLI);
	}
}

/* A thousandth beyond the limit is beyond it. */
static void test_unit_boundary(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		for (int32_t off = -1; off <= 1; off++) {
			struct measurement m;
			int64_t until;

			begin();
			until = w.now + (c->delay_s + 2) * S;
			while (w.now < until) {
				w.now += 1 * S;
				m = value(&w, c->parameter, c->in);
				m.milli += off * (c->out > c->in ? 1 : -1);
				frame(&w, c->parameter == PARAMETER_SPO2 ? OXIMETER : ECG, m);
			}
			assert_int_equal(present(c->rule), off > 0);
		}
	}
}

static void test_delay(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		violate(c);

		int64_t since = w.now;

		stream(since + c->delay_s * S); /* one nanosecond less */
		assert_int_equal(state_of(&w, c->rule), ALARM_PENDING);
		assert_false(present(c->rule));
		leap(&w, since + c->delay_s * S);
		assert_int_equal(changes(&w, c->rule, ALARM_RAISED), 1);
		assert_int_equal(w.engine.alarms[c->rule].priority, c->priority);
		assert_int_equal(w.engine.alarms[c->rule].violated.ns, since);
	}
}

/* One frame within the limit starts the delay anew: a single good one ends no alarm, but a violation it does. */
static void test_break(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		violate(c);
		stream(w.now + c->delay_s * S - 1 * S);
		set(c->parameter, c->in);
		send();
		assert_int_equal(state_of(&w, c->rule), ALARM_INACTIVE);
		w.now += 500 * MS;
		set(c->parameter, c->out);
		send();

		int64_t since = w.now;

		stream(since + c->delay_s * S);
		assert_int_equal(state_of(&w, c->rule), ALARM_PENDING);
		leap(&w, since + c->delay_s * S);
		assert_int_equal(changes(&w, c->rule, ALARM_RAISED), 1);
	}
}

/* A gap shorter than three periods is bridged; at three the value is gone and the delay with it. */
static void test_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		for (int stale = 0; stale < 2; stale++) {
			violate(c);

			int64_t since = w.now;

			run(&w, w.now + 1 * S);
			send();
			run(&w, w.now + 3 * S - (stale ? 0 : 1));
			assert_int_equal(state_of(&w, c->rule), stale ? ALARM_INACTIVE : ALARM_PENDING);
			send();
			stream(since + c->delay_s * S);
			leap(&w, since + c->delay_s * S);
			assert_int_equal(present(c->rule), !stale);
		}
	}
}

/* Missing values neither clear an alarm nor let its clear delay run. */
static void test_stale_while_active(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		violate(c);
		stream(w.now + (c->delay_s + 1) * S);
		assert_true(present(c->rule));
		set(c->parameter, c->back);
		w.now++;
		send();
		assert_int_not_equal(w.engine.alarms[c->rule].cleared.ns, INT64_MAX);
		run(&w, w.now + 100 * S);
		assert_true(present(c->rule));
		assert_int_equal(w.engine.alarms[c->rule].cleared.ns, INT64_MAX);
		send();

		int64_t since = w.now;

		stream(since + c->clear_s * S);
		assert_true(present(c->rule));
		leap(&w, since + c->clear_s * S);
		assert_false(present(c->rule));
	}
}

static void test_hysteresis(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		violate(c);
		stream(w.now + (c->delay_s + 1) * S);
		set(c->parameter, c->held);
		stream(w.now + 200 * S);
		assert_true(present(c->rule)); /* within the limit, not yet back */
		set(c->parameter, c->back);
		w.now++;
		send();

		int64_t since = w.now;

		stream(since + c->clear_s * S);
		assert_true(present(c->rule));
		leap(&w, since + c->clear_s * S);
		assert_false(present(c->rule));
		assert_int_equal(state_of(&w, c->rule), c->priority == PRIORITY_HIGH ? ALARM_LATCHED : ALARM_INACTIVE);
	}
}

/* Rules are for all phases after the start: none before, no break at a change. */
static void test_phases(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		const struct live_case *c = &cases[i];

		protocol_plan(&w);
		world_open(&w, 90 * S);
		normal();
		set(c->parameter, c->out);
		stream(90 * S + 300 * S);
		assert_int_equal(state_of(&w, c->rule), ALARM_INACTIVE); /* before the start */
		send();

		int64_t since = w.now;

		w.now += 1 * S;
		w.engine.session.baseline.complete = true;
		assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
		send();
		assert_int_equal(state_of(&w, c->rule), ALARM_PENDING);
		assert_int_equal(w.engine.alarms[c->rule].violated.ns, since); /* of the value that was current */

		/* Infusion to recovery in the middle of the delay. */
		begin();
		stream(100 * S + 40 * MINUTE - c->delay_s * S / 2);
		set(c->parameter, c->out);
		send();
		since = w.now;
		stream(since + c->delay_s * S);
		assert_int_equal(w.engine.session.phase, RECOVERY);
		assert_int_equal(state_of(&w, c->rule), ALARM_PENDING);
		leap(&w, since + c->delay_s * S);
		assert_int_equal(changes(&w, c->rule, ALARM_RAISED), 1);

		/* Out of it: a rule of the infusion alone gives up. */
		begin();
		w.config.plan.rules[c->rule].phases = IN(INFUSION);
		stream(100 * S + 40 * MINUTE - c->delay_s * S / 2);
		set(c->parameter, c->out);
		stream(100 * S + 40 * MINUTE + 300 * S);
		assert_false(present(c->rule));
	}
}

/* ---- two sources of heart rate ------------------------------------------------------------------------------------
 */

static void test_difference(void **state)
{
	(void)state;
	static const struct {
		int32_t ecg, pulse;
		bool differ;
	} rates[] = {{90, 70, false}, {91, 70, true}, {70, 90, false}, {70, 91, true}};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		begin();
		w.now += 1 * S;
		vitals[PARAMETER_ECG_HR] = rates[i].ecg;
		vitals[PARAMETER_PULSE] = rates[i].pulse;
		send();

		int64_t since = w.now;

		stream(since + 30 * S);
		assert_int_equal(state_of(&w, H5), rates[i].differ ? ALARM_PENDING : ALARM_INACTIVE);
		leap(&w, since + 30 * S);
		assert_int_equal(changes(&w, H5, ALARM_RAISED), rates[i].differ);
		if (!rates[i].differ)
			continue;
		assert_int_equal(w.engine.alarms[H5].milli, 21 * MILLI);
		assert_int_equal(w.engine.alarms[H5].limit, 20 * MILLI);
		/* Both values stay as they are. */
		assert_int_equal(reading(&w, PARAMETER_ECG_HR).milli, rates[i].ecg * MILLI);
		assert_int_equal(reading(&w, PARAMETER_PULSE).milli, rates[i].pulse * MILLI);
		vitals[PARAMETER_ECG_HR] = 81;
		vitals[PARAMETER_PULSE] = 70;
		stream(w.now + 100 * S);
		assert_int_equal(state_of(&w, H5), ALARM_ACTIVE); /* 11 apart */
		vitals[PARAMETER_ECG_HR] = 80;
		w.now++;
		send();
		since = w.now;
		stream(since + 30 * S);
		assert_int_equal(state_of(&w, H5), ALARM_ACTIVE);
		leap(&w, since + 30 * S);
		assert_int_equal(changes(&w, H5, ALARM_CLEARED), 1);
	}
}

/* Without one of the two there is nothing to compare. */
static void test_difference_needs_both(void **state)
{
	(void)state;
	begin();
	vitals[PARAMETER_ECG_HR] = 100;
	stream(w.now + 20 * S);
	assert_int_equal(state_of(&w, H5), ALARM_PENDING);
	frame(&w, OXIMETER, no_value(&w, PARAMETER_PULSE, REASON_SEARCHING));
	assert_int_equal(state_of(&w, H5), ALARM_INACTIVE);
	send();
	assert_int_equal(state_of(&w, H5), ALARM_PENDING);
	assert_int_equal(w.engine.alarms[H5].violated.ns, w.now);
}

/* ---- a patient whose resting rate is low --------------------------------------------------------------------------
 */

static void test_low_baseline(void **state)
{
	(void)state;
	static const struct {
		int32_t baseline, limit, clear;
	} patients[] = {{60, 50, 55}, {59, 44, 49}, {52, 37, 42}};

	for (size_t i = 0; i < sizeof(patients) / sizeof(patients[0]); i++) {
		for (int32_t rate = patients[i].limit - 1; rate <= patients[i].limit; rate++) {
			protocol_plan(&w);
			w.config.plan.rules[H4].phases = 0;
			protocol_start(&w, 120, 80, patients[i].baseline);
			assert_int_equal(w.engine.session.baseline.hr, patients[i].baseline * MILLI);
			normal();
			set(PARAMETER_ECG_HR, rate);
			stream(w.now + 40 * S);
			assert_int_equal(present(H3), rate < patients[i].limit);
			assert_int_equal(engine_limit(&w.engine, H3, 0), patients[i].limit * MILLI);
		}
		set(PARAMETER_ECG_HR, patients[i].limit - 1);
		stream(w.now + 40 * S);
		assert_int_equal(w.engine.alarms[H3].limit, patients[i].limit * MILLI);
		set(PARAMETER_ECG_HR, patients[i].clear - 1);
		stream(w.now + 40 * S);
		assert_true(present(H3));
		set(PARAMETER_ECG_HR, patients[i].clear);
		stream(w.now + 40 * S);
		assert_false(present(H3));
	}
}

/* ---- one situation, one alarm -------------------------------------------------------------------------------------
 */

static int announced_rules(void)
{
	int count = 0;

	for (int i = 0; i < RULES; i++)
		count += state_of(&w, i) == ALARM_ACTIVE || state_of(&w, i) == ALARM_ACKNOWLEDGED;
	return count;
}

static void test_supersession(void **state)
{
	(void)state;
	begin();
	set(PARAMETER_SPO2, 92);
	stream(w.now + 31 * S + 1);
	assert_int_equal(state_of(&w, O1), ALARM_ACTIVE);
	assert_int_equal(acknowledge(&w, O1), RESULT_OK);
	w.now += 500 * MS;
	set(PARAMETER_SPO2, 89);
	send();

	int64_t since = w.now;

	stream(since + 15 * S);
	assert_int_equal(state_of(&w, O1), ALARM_ACKNOWLEDGED); /* until the other is there */
	leap(&w, since + 15 * S);
	assert_int_equal(changes(&w, O2, ALARM_RAISED), 1);
	assert_int_equal(changes(&w, O1, ALARM_SUPERSEDED), 1);
	assert_int_equal(state_of(&w, O1), ALARM_PENDING);
	assert_int_equal(announced_rules(), 1);
	send();
	assert_int_equal(w.actions.count, 1); /* readings: quiet, however often it is judged */

	/* 92: O2 ends after its clear delay; nobody answered it, and when somebody does O1 takes its place. */
	set(PARAMETER_SPO2, 92);
	w.now += 500 * MS;
	send();
	since = w.now;
	stream(since + 15 * S);
	assert_int_equal(announced_rules(), 1);
	leap(&w, since + 15 * S);
	assert_int_equal(changes(&w, O2, ALARM_BECAME_LATCHED), 1);
	assert_true(w.engine.alarms[O1].kept_back);
	assert_int_equal(acknowledge(&w, O2), RESULT_OK);
	assert_int_equal(changes(&w, O1, ALARM_EASED), 1);
	assert_int_equal(state_of(&w, O1), ALARM_ACKNOWLEDGED);
	assert_int_equal(w.engine.alarms[O1].now_milli, 92 * MILLI);
}

/* What is on its way back to normal when the other ends is not announced for these seconds. */
static void test_superseded_and_back(void **state)
{
	(void)state;
	begin();
	set(PARAMETER_SPO2, 84);
	stream(w.now + 60 * S);
	assert_int_equal(state_of(&w, O3), ALARM_ACTIVE);
	assert_int_equal(announced_rules(), 1);
	assert_true(w.engine.alarms[O1].kept_back && w.engine.alarms[O2].kept_back);
	set(PARAMETER_SPO2, 94); /* clears O2 and O3, not O1: below 95, though not below 93 */
	stream(w.now + 20 * S);
	assert_int_equal(state_of(&w, O3), ALARM_LATCHED);
	assert_int_equal(acknowledge(&w, O3), RESULT_OK);
	assert_int_equal(state_of(&w, O1), ALARM_ACKNOWLEDGED);

	begin();
	set(PARAMETER_SPO2, 84);
	stream(w.now + 60 * S);
	for (int i = 0; i < 20; i++) {
		set(PARAMETER_SPO2, 92 + i / 3); /* 95 after nine seconds: its delay ends after that of the others */
		stream(w.now + 1 * S + 1);
		w.now++;
		send();
	}
	assert_int_equal(state_of(&w, O3), ALARM_LATCHED);
	assert_true(w.engine.alarms[O1].kept_back);
	stream(w.now + 20 * S);
	assert_int_equal(state_of(&w, O1), ALARM_INACTIVE);
	assert_int_equal(w.engine.session.load[O1].raised, 0);
}

/* A latched alarm waits for its answer beside the one that supersedes it, and is not present again beside it. */
static void test_superseded_while_latched(void **state)
{
	(void)state;
	begin();
	set(PARAMETER_SPO2, 89);
	stream(w.now + 20 * S);
	set(PARAMETER_SPO2, 97);
	stream(w.now + 20 * S);
	assert_int_equal(state_of(&w, O2), ALARM_LATCHED);
	set(PARAMETER_SPO2, 84);
	w.now++;
	send();
	assert_int_equal(state_of(&w, O2), ALARM_ACTIVE); /* nobody has answered */
	stream(w.now + 5 * S + 2);
	assert_int_equal(state_of(&w, O3), ALARM_ACTIVE);
	assert_int_equal(state_of(&w, O2), ALARM_PENDING);
	set(PARAMETER_SPO2, 97);
	stream(w.now + 20 * S);
	assert_int_equal(state_of(&w, O2), ALARM_INACTIVE);
	assert_int_equal(state_of(&w, O3), ALARM_LATCHED);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_unit_boundary),
	    cmocka_unit_test(test_delay),
	    cmocka_unit_test(test_break),
	    cmocka_unit_test(test_gap),
	    cmocka_unit_test(test_stale_while_active),
	    cmocka_unit_test(test_hysteresis),
	    cmocka_unit_test(test_phases),
	    cmocka_unit_test(test_difference),
	    cmocka_unit_test(test_difference_needs_both),
	    cmocka_unit_test(test_low_baseline),
	    cmocka_unit_test(test_supersession),
	    cmocka_unit_test(test_superseded_and_back),
	    cmocka_unit_test(test_superseded_while_latched),
	    cmocka_unit_test(test_delay_after_an_instant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
