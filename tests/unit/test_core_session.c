/* The session: orders, planned end, phases, baseline, checks, cuff starts, observations, determinism. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_protocol.h"

static struct world w, v;

#define LATE(c)     (ALARM_BASE_CHECK_LATE + (c))
#define CUFF_FAILED (ALARM_BASE_CUFF_FAILED + CUFF)

static void test_order_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *patient;
		int32_t weight_g, dose_ug, duration_s;
		enum result expect;
	} cases[] = {
	    {"P-17", 0, 0, 0, RESULT_OK},
	    {"A", 20000, 1, 60, RESULT_OK},
	    {"abcdefghijklmnopqrstuvwxyz._-123", 0, 0, 0, RESULT_OUT_OF_RANGE}, /* no room for the NUL */
	    {"abcdefghijklmnopqrstuvwxyz._-12", 400000, 1000000, 43200, RESULT_OK},
	    {"", 0, 0, 0, RESULT_OUT_OF_RANGE},
	    {"Jane Doe", 0, 0, 0, RESULT_OUT_OF_RANGE},
	    {"P\xc3\xa9", 0, 0, 0, RESULT_OUT_OF_RANGE},
	    {"P", 19999, 0, 0, RESULT_OUT_OF_RANGE},
	    {"P", 400001, 0, 0, RESULT_OUT_OF_RANGE},
	    {"P", -1, 0, 0, RESULT_OUT_OF_RANGE},
	    {"P", 0, -1, 0, RESULT_OUT_OF_RANGE},
	    {"P", 0, 1000001, 0, RESULT_OUT_OF_RANGE},
	    {"P", 0, 0, 59, RESULT_OUT_OF_RANGE},
	    {"P", 0, 0, 43201, RESULT_OUT_OF_RANGE},
	};

	world_plan(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_begin(&w, 5 * S);

		struct event event = make_command(&w, COMMAND_SESSION_OPEN);
		struct session_order *o = &event.u.command.u.order;

		memset(o->patient_ref, 0, sizeof(o->patient_ref));
		memcpy(o->patient_ref, cases[i].patient,
		       strlen(cases[i].patient) < NAME_BYTES ? strlen(cases[i].patient) : NAME_BYTES);
		o->weight_g = cases[i].weight_g;
		o->dose_ug = cases[i].dose_ug;
		o->duration_s = cases[i].duration_s;
		world_step(&w, &event);
		assert_int_equal(reply(&w), cases[i].expect);
		assert_int_equal(w.engine.session.open, cases[i].expect == RESULT_OK);
		assert_int_equal(session_changes(&w, SESSION_OPENED), cases[i].expect == RESULT_OK);
		if (cases[i].expect != RESULT_OK)
			continue;
		assert_string_equal(w.engine.session.order.patient_ref, cases[i].patient);
		assert_string_equal(w.engine.session.opened_by, "nurse1");
		assert_string_equal(w.engine.session.id, "S-1");
		assert_int_equal(w.engine.session.opened_at.ns, 5 * S);
	}
}

static void test_every_command_has_one_reply(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	for (int c = 0; c <= COMMAND_COUNT; c++) {
		struct event event = make_command(&w, (enum command)c);

		world_step(&w, &event);
		assert_int_not_equal(reply(&w), RESULT_COUNT);

		const struct action *last = &w.actions.list[w.actions.count - 1];

		assert_int_equal(last->u.reply.id, event.u.command.id);
		assert_int_equal(last->u.reply.command, c);
		assert_string_equal(last->u.reply.actor, "nurse1");
	}
}

static void test_planned_end_and_phases(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		world_plan(&w);
		world_open(&w, 0);
		leap(&w, 10 * S);
		assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
		assert_int_equal(w.engine.session.phase, 1);
		assert_int_equal(session_changes(&w, SESSION_PHASE), 1);
		leap(&w, 20 * S);
		assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
		leap(&w, 35 * S);
		assert_int_equal(order(&w, COMMAND_SESSION_RESUME), RESULT_OK);
		assert_int_equal(w.engine.session.paused_ns, 15 * S);
		leap(&w, 65 * S - 1); /* 10 + 40 + 15 */
		assert_false(w.engine.session.ended);
		if (!late) {
			leap(&w, 65 * S);
			assert_true(w.engine.session.ended);
			assert_int_equal(session_changes(&w, SESSION_ENDED), 1);
			assert_string_equal(find_action(&w, ACTION_SESSION)->u.session.actor, "");
			assert_int_equal(w.engine.session.phase, 2);
			leap(&w, 85 * S - 1);
			assert_int_equal(w.engine.session.phase, 2);
			leap(&w, 85 * S);
		} else {
			leap(&w, 90 * S);
			assert_int_equal(session_changes(&w, SESSION_ENDED), 1);
		}
		assert_int_equal(w.engine.session.ended_at.ns, 65 * S); /* where it was planned */
		assert_int_equal(w.engine.session.phase, 3);
	}
	/* The order's duration goes before the plan's. A stop ends a pause. */
	world_plan(&w);
	world_begin(&w, 0);
	struct event open = make_command(&w, COMMAND_SESSION_OPEN);
	open.u.command.u.order.duration_s = 60;
	world_step(&w, &open);
	(void)order(&w, COMMAND_SESSION_START);
	leap(&w, 60 * S - 1);
	assert_false(w.engine.session.ended);
	(void)order(&w, COMMAND_SESSION_PAUSE);
	leap(&w, 600 * S);
	assert_false(w.engine.session.ended);
	assert_int_equal(order(&w, COMMAND_SESSION_STOP), RESULT_OK);
	assert_false(w.engine.session.paused);
	assert_int_equal(w.engine.session.ended_at.ns, 600 * S);
	assert_int_equal(w.engine.session.paused_ns, 540 * S + 1);
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	struct event next = make_command(&w, COMMAND_SESSION_OPEN);
	put_text(next.u.command.u.order.session_id, "S-2", sizeof(next.u.command.u.order.session_id));
	world_step(&w, &next);
	assert_string_equal(w.engine.session.id, "S-2");
	/* One without a name of its own is none. */
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	next.u.command.u.order.session_id[0] = '\0';
	world_step(&w, &next);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE);
	assert_false(w.engine.session.open);
	(void)order(&w, COMMAND_SESSION_OPEN);
	assert_false(w.engine.session.started);
	assert_int_equal(w.engine.session.phase, 0);
}

static void start_by_override(void)
{
	struct event event = make_command(&w, COMMAND_SESSION_START);

	assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_BLOCKED);
	assert_int_equal(engine_blockers(&w.engine, NULL, 0), 1); /* "baseline" */
	put_text(event.u.command.u.override.name, "dr.m", NAME_BYTES);
	put_text(event.u.command.u.override.reason, "cuff does not fit", TEXT_BYTES);
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
}

static void test_baseline(void **state)
{
	(void)state;
	const struct baseline *b = &w.engine.session.baseline;

	world_plan(&w);
	world_rule(&w, "B5", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 40, 30)->terms[0].reference = REFERENCE_BASELINE;
	world_rule(&w, "HB", PARAMETER_ECG_HR, COMPARISON_ABOVE, 30, 20)->terms[0].reference = REFERENCE_BASELINE;
	world_open(&w, 0);
	live(&w, 1 * S, 97, 71);
	pressure(&w, 121, 80);
	w.now += 1 * S;
	pressure(&w, 121, 119); /* implausible: does not count */
	assert_false(b->complete);
	w.now += 1 * S;
	pressure(&w, 124, 83);
	assert_true(b->complete);
	assert_int_equal(session_changes(&w, SESSION_BASELINE), 1);
	assert_int_equal(b->sys, 122500);
	assert_int_equal(b->dia, 81500);
	assert_true(b->has_hr);
	assert_int_equal(b->hr, 71 * MILLI);
	w.now += 1 * S;
	pressure(&w, 162, 90); /* +39.5 */
	assert_int_equal(b->sys, 122500);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	w.now += 1 * S;
	pressure(&w, 163, 90); /* +40.5 */
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(w.engine.alarms[0].limit, 162500); /* absolute */
	w.now += 1 * S;
	pressure(&w, 152, 90); /* +29.5 */
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	heart_rate(&w, 101);
	assert_int_equal(state_of(&w, 1), ALARM_INACTIVE);
	w.now += 1 * S;
	heart_rate(&w, 102);
	assert_int_equal(state_of(&w, 1), ALARM_ACTIVE);

	/* Rounded, not cut. */
	world_open(&w, 0);
	pressure(&w, 121, 80);
	w.now += 1 * S;
	struct measurement list[2] = {value(&w, PARAMETER_NIBP_SYS, 124), value(&w, PARAMETER_NIBP_DIA, 80)};
	list[0].milli += 1;
	frame_of(&w, CUFF, 2, list);
	assert_int_equal(b->sys, 122501);

	/* Started with one reading: that is the baseline. */
	world_open(&w, 0);
	pressure(&w, 130, 70);
	w.now += 1 * S;
	start_by_override();
	assert_true(b->complete);
	assert_int_equal(session_changes(&w, SESSION_BASELINE), 1);
	assert_int_equal(b->sys, 130 * MILLI);
	assert_false(b->has_hr);

	/* Started with none: the next one is, and without a baseline the rule is not violated. */
	world_open(&w, 0);
	start_by_override();
	w.now += 1 * S;
	pressure(&w, 230, 70);
	assert_true(b->complete);
	assert_int_equal(b->sys, 230 * MILLI);
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	/* A new session, a new baseline. */
	assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
	(void)order(&w, COMMAND_SESSION_OPEN);
	assert_false(b->complete);
	assert_int_equal(b->readings, 0);
}

static const int64_t grid[] = {10 * S, 30 * S, 50 * S};

static void test_checks(void **state)
{
	(void)state;
	const struct check_state *c = &w.engine.session.checks[0];

	world_plan(&w);
	(void)world_check(&w, "moaas", PARAMETER_MOAAS, ANCHOR_START, 5 * S, 3, grid);
	world_open(&w, 0);
	live(&w, 1 * S, 97, 70);
	assert_true(c->due.ns == INT64_MAX);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK); /* before the anchor */
	assert_int_equal(c->done, 0);
	(void)order(&w, COMMAND_SESSION_START); /* T0 = 1 s */
	assert_int_equal(c->due.ns, 11 * S);
	w.now += 1;
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK); /* the first: any after the anchor */
	assert_int_equal(session_changes(&w, SESSION_CHECK), 1);
	assert_int_equal(c->done, 1);
	assert_int_equal(c->due.ns, 31 * S);
	live(&w, 20 * S, 97, 70);
	w.now = 21 * S - 1; /* half the gap before 31 s is 21 s */
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
	assert_int_equal(c->done, 1);
	w.now = 21 * S;
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
	assert_int_equal(c->done, 2);
	assert_int_equal(c->due.ns, 51 * S);
	live(&w, 51 * S, 97, 70);
	assert_int_equal(c->overdue_since.ns, 51 * S);
	leap(&w, 56 * S - 1);
	assert_int_equal(state_of(&w, LATE(0)), ALARM_PENDING);
	leap(&w, 56 * S);
	assert_int_equal(changes(&w, LATE(0), ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[LATE(0)].priority, PRIORITY_LOW);
	assert_int_equal(w.engine.alarms[LATE(0)].parameter, PARAMETER_MOAAS);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
	assert_int_equal(changes(&w, LATE(0), ALARM_CLEARED), 1);
	assert_int_equal(c->done, 3);
	assert_int_equal(c->missed, 0);
	assert_true(c->due.ns == INT64_MAX);
}

static void test_check_missed(void **state)
{
	(void)state;
	const struct check_state *c = &w.engine.session.checks[0];

	for (int late = 0; late < 2; late++) {
		world_plan(&w);
		(void)world_check(&w, "moaas", PARAMETER_MOAAS, ANCHOR_OPEN, 5 * S, 3, grid);
		world_open(&w, 0);
		if (!late) {
			run(&w, 15 * S);
			assert_int_equal(w.engine.alarms[LATE(0)].priority, PRIORITY_LOW);
			run(&w, 30 * S);
			assert_int_equal(c->missed, 1);
			assert_int_equal(c->due.ns, 30 * S);
			assert_int_equal(session_changes(&w, SESSION_CHECK), 1);
			run(&w, 35 * S - 1);
			assert_int_equal(w.engine.alarms[LATE(0)].priority, PRIORITY_LOW);
			run(&w, 35 * S); /* the following one is late too */
			assert_int_equal(changes(&w, LATE(0), ALARM_PRIORITY_CHANGED), 1);
			assert_int_equal(w.engine.alarms[LATE(0)].priority, PRIORITY_MEDIUM);
			run(&w, 100 * S);
		} else {
			leap(&w, 100 * S);
			assert_int_equal(changes(&w, LATE(0), ALARM_RAISED), 1);
			assert_int_equal(w.engine.alarms[LATE(0)].priority, PRIORITY_MEDIUM);
		}
		assert_int_equal(c->missed, 2); /* the last is never given up */
		assert_int_equal(c->next, 2);
		assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
		assert_int_equal(c->done, 1);
		assert_int_equal(state_of(&w, LATE(0)), ALARM_INACTIVE);
	}
	/* A done one ends the row: late again is low again, even after one was missed before. */
	world_plan(&w);
	(void)world_check(&w, "moaas", PARAMETER_MOAAS, ANCHOR_OPEN, 5 * S, 3, grid);
	world_open(&w, 0);
	run(&w, 31 * S);
	assert_int_equal(c->missed_in_row, 1);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
	run(&w, 55 * S);
	assert_int_equal(changes(&w, LATE(0), ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[LATE(0)].priority, PRIORITY_LOW);
}

static void test_later_anchor_ends_the_earlier_grid(void **state)
{
	(void)state;
	static const int64_t infusion[] = {10 * S, 20 * S, 40 * S}, after[] = {10 * S};

	world_plan(&w); /* planned duration 40 s: the last time of the infusion is its end */
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_START, 5 * S, 3, infusion);
	(void)world_check(&w, "cuff-after", PARAMETER_NIBP_SYS, ANCHOR_END, 5 * S, 1, after);
	(void)world_check(&w, "moaas", PARAMETER_MOAAS, ANCHOR_START, 5 * S, 3, infusion);
	world_open(&w, 0);
	(void)order(&w, COMMAND_SESSION_START);
	live(&w, 15 * S, 97, 70);
	(void)order(&w, COMMAND_SESSION_STOP);
	assert_int_equal(w.engine.session.checks[0].due.ns, 10 * S); /* overdue stays */
	pressure(&w, 120, 80);
	assert_true(w.engine.session.checks[0].due.ns == INT64_MAX); /* 20 s and 40 s are dropped */
	assert_int_equal(w.engine.session.checks[0].missed, 0);
	assert_int_equal(w.engine.session.checks[1].done, 1); /* determined after the end */
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_OK);
	assert_int_equal(w.engine.session.checks[2].due.ns, 20 * S); /* no times after the end: goes on */

	/* The time that coincides with the planned end is still due. */
	world_open(&w, 0);
	(void)order(&w, COMMAND_SESSION_START);
	live(&w, 10 * S, 97, 70);
	pressure(&w, 120, 80);
	live(&w, 20 * S, 97, 70);
	pressure(&w, 120, 80);
	live(&w, 40 * S, 97, 70);
	assert_true(w.engine.session.ended);
	assert_int_equal(w.engine.session.checks[0].overdue_since.ns, 40 * S);
}

static bool cuff_started(void)
{
	const struct action *a = find_action(&w, ACTION_CUFF);

	return a != NULL && a->u.cuff.start && a->u.cuff.device == CUFF;
}

static void test_cuff_starts(void **state)
{
	(void)state;
	static const int64_t times[] = {0, 80 * S, 100 * S};

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 15 * S, 3, times);
	world_open(&w, 100 * S);
	assert_true(cuff_started());
	assert_true(w.engine.devices[CUFF].cuff_requested);
	for (int64_t t = 101 * S; t <= 179 * S; t += 1 * S) {
		run(&w, t);
		assert_false(cuff_started()); /* once */
		frame_of(&w, CUFF, 0, NULL);
	}
	run(&w, 180 * S);
	assert_true(cuff_started()); /* the next is due, the first was missed */
	run(&w, 182 * S);
	pressure_failed(&w);
	assert_false(cuff_started());
	assert_int_equal(state_of(&w, CUFF_FAILED), ALARM_INACTIVE); /* one failure is a reason to repeat */
	run(&w, 184 * S);
	frame_of(&w, CUFF, 0, NULL);
	leap(&w, 187 * S - 1);
	assert_false(cuff_started());
	frame_of(&w, CUFF, 0, NULL);
	leap(&w, 187 * S); /* first repeat after 5 s rest */
	assert_true(cuff_started());
	leap(&w, 188 * S);
	pressure_failed(&w);
	assert_int_equal(changes(&w, CUFF_FAILED, ALARM_RAISED), 1);
	assert_int_equal(w.engine.alarms[CUFF_FAILED].priority, PRIORITY_LOW);
	assert_int_equal(w.engine.alarms[CUFF_FAILED].reason, REASON_FAILED);
	leap(&w, 190 * S);
	frame_of(&w, CUFF, 0, NULL);
	run(&w, 192 * S);
	frame_of(&w, CUFF, 0, NULL);
	leap(&w, 193 * S); /* second repeat */
	assert_true(cuff_started());
	pressure_failed(&w);
	assert_int_equal(changes(&w, CUFF_FAILED, ALARM_PRIORITY_CHANGED), 1);
	assert_int_equal(w.engine.alarms[CUFF_FAILED].priority, PRIORITY_MEDIUM);
	for (int64_t t = 194 * S; t < 200 * S; t += 1 * S) {
		run(&w, t);
		assert_false(cuff_started()); /* no third */
		frame_of(&w, CUFF, 0, NULL);
	}
	run(&w, 200 * S);
	assert_true(cuff_started());
	leap(&w, 201 * S);
	pressure(&w, 120, 80);
	assert_int_equal(changes(&w, CUFF_FAILED, ALARM_CLEARED), 1);
	assert_int_equal(w.engine.devices[CUFF].cuff_failures, 0);
	assert_int_equal(w.engine.session.checks[0].done, 1);
	assert_int_equal(w.engine.session.checks[0].missed, 2);
}

static void test_cuff_waits_for_its_device(void **state)
{
	(void)state;
	static const int64_t times[] = {0, 60 * S};

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 15 * S, 2, times);
	world_begin(&w, 0);
	(void)order(&w, COMMAND_SESSION_OPEN);
	assert_false(cuff_started());
	run(&w, 3 * S);
	device_is(&w, CUFF, DEVICE_RESYNC, FAULT_NONE);
	assert_false(cuff_started());
	device_is(&w, CUFF, DEVICE_UP, FAULT_NONE);
	assert_true(cuff_started());
	/* Closed while one is waiting: it is not started any more. */
	pressure_failed(&w);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
	(void)order(&w, COMMAND_SESSION_CLOSE);
	for (int64_t t = 4 * S; t < 20 * S; t += 1 * S) {
		run(&w, t);
		assert_false(cuff_started());
		frame_of(&w, CUFF, 0, NULL);
	}
}

/* A neighbour on its bus made the link connect anew. The determination goes on, and is tried again if it fails. */
static void test_cuff_asked_for_before_a_new_connection(void **state)
{
	(void)state;
	static const int64_t times[] = {0};

	world_plan(&w);
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 15 * S, 1, times);
	world_begin(&w, 0);
	all_up(&w);
	(void)order(&w, COMMAND_SESSION_OPEN);
	assert_true(cuff_started());
	device_is(&w, CUFF, DEVICE_RESYNC, FAULT_HUNG_UP);
	device_is(&w, CUFF, DEVICE_UP, FAULT_NONE);
	pressure_failed(&w);
	assert_true(w.engine.devices[CUFF].cuff_wanted);
}

static void test_cuff_commands(void **state)
{
	(void)state;
	world_plan(&w);
	world_begin(&w, 0);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_NO_CUFF); /* not connected */
	assert_null(find_action(&w, ACTION_CUFF));
	all_up(&w);
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_OK);
	assert_true(cuff_started());
	assert_int_equal(order(&w, COMMAND_CUFF_STOP), RESULT_OK);
	assert_false(find_action(&w, ACTION_CUFF)->u.cuff.start);
	assert_false(w.engine.devices[CUFF].cuff_requested);
	w.config.devices[CUFF].cuff_command = false;
	assert_int_equal(order(&w, COMMAND_CUFF_START), RESULT_NO_CUFF);
}

static void test_observe(void **state)
{
	(void)state;
	static const struct {
		enum parameter parameter;
		int32_t milli;
		enum result expect;
	} cases[] = {
	    {PARAMETER_MOAAS, 0, RESULT_OK},
	    {PARAMETER_MOAAS, 5000, RESULT_OK},
	    {PARAMETER_MOAAS, 6000, RESULT_OUT_OF_RANGE},
	    {PARAMETER_MOAAS, -1000, RESULT_OUT_OF_RANGE},
	    {PARAMETER_MOAAS, 4500, RESULT_OUT_OF_RANGE},
	    {PARAMETER_RASS, -5000, RESULT_OK},
	    {PARAMETER_RASS, -5001, RESULT_OUT_OF_RANGE},
	    {PARAMETER_RASS, 4000, RESULT_OK},
	    {PARAMETER_CADSS, 92000, RESULT_OK},
	    {PARAMETER_CADSS, 93000, RESULT_OUT_OF_RANGE},
	    {PARAMETER_SPO2, 97000, RESULT_OUT_OF_RANGE},
	    {PARAMETER_COUNT, 0, RESULT_OUT_OF_RANGE},
	};

	world_plan(&w);
	(void)world_rule(&w, "S2", PARAMETER_MOAAS, COMPARISON_AT_MOST, 3, 4);
	world_begin(&w, 0);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 5000), RESULT_NO_SESSION);
	(void)order(&w, COMMAND_SESSION_OPEN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w.now += 1 * S;
		assert_int_equal(score(&w, cases[i].parameter, cases[i].milli), cases[i].expect);

		const struct action *a = find_action(&w, ACTION_OBSERVATION);

		assert_int_equal(a != NULL, cases[i].expect == RESULT_OK);
		if (a == NULL)
			continue;
		assert_string_equal(a->u.observation.actor, "nurse1");
		assert_int_equal(a->u.observation.observation.milli, cases[i].milli);
		assert_int_equal(reading(&w, cases[i].parameter).milli, cases[i].milli);
		assert_int_equal(reading(&w, cases[i].parameter).determined.ns, w.now);
	}
	assert_int_equal(state_of(&w, 0), ALARM_INACTIVE);
	assert_int_equal(score(&w, PARAMETER_MOAAS, 3000), RESULT_OK); /* judged */
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	leap(&w, 3600 * S);
	assert_int_equal(reading(&w, PARAMETER_MOAAS).milli, 3000); /* carries its age */
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);

	struct event note = make_command(&w, COMMAND_OBSERVE);

	world_step(&w, &note);
	assert_int_equal(reply(&w), RESULT_OUT_OF_RANGE); /* neither score nor note */
	(void)order(&w, COMMAND_SESSION_CLOSE);
	put_text(note.u.command.u.observation.note, "patient asks for water", TEXT_BYTES);
	world_step(&w, &note);
	assert_int_equal(reply(&w), RESULT_OK);
	assert_string_equal(find_action(&w, ACTION_OBSERVATION)->u.observation.observation.note,
	                    "patient asks for water");
}

/* A whole small session, told to `world` in the same words each time. */
static void tell(struct world *world, int from, int to)
{
	for (int i = from; i < to; i++) {
		if (i == 2)
			all_up(world);
		if (i == 3)
			(void)order(world, COMMAND_SESSION_OPEN);
		if (i == 12)
			(void)order(world, COMMAND_SESSION_START);
		if (i == 30)
			(void)acknowledge(world, ALL_SLOTS);
		if (i == 40)
			device_is(world, ECG, DEVICE_DOWN, FAULT_TIMEOUT);
		if (i % 7 == 6)
			pressure(world, 110 + 2 * i, 70 + i);
		live(world, (i + 1) * S, i > 20 && i < 35 ? 88 : 97, 60 + i);
	}
}

static void tell_plan(struct world *world)
{
	static const int64_t times[] = {0, 7 * S, 20 * S};

	world_plan(world);
	world_rule(world, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92)->latching = true;
	world_rule(world, "B1", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170)->priority = PRIORITY_HIGH;
	(void)world_check(world, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, 5 * S, 3, times);
	world_begin(world, 0);
}

/* Same events, same bytes; and an engine copied in the middle goes on as the original does. */
static void test_determinism_and_copy(void **state)
{
	(void)state;
	static struct world before;

	memset(&w, 0xaa, sizeof(w)); /* nothing may depend on what was there before */
	memset(&v, 0x55, sizeof(v));
	tell_plan(&w);
	tell_plan(&v);
	for (int i = 0; i < 60; i++) {
		tell(&w, i, i + 1);
		tell(&v, i, i + 1);
		v.engine.config = &w.config;
		assert_memory_equal(&w.engine, &v.engine, sizeof(w.engine));
		assert_int_equal(w.actions.count, v.actions.count);
		assert_memory_equal(w.actions.list, v.actions.list, w.actions.count * sizeof(w.actions.list[0]));
		v.engine.config = &v.config;
		if (i == 25)
			before = w;
	}
	assert_true(w.engine.alarms[0].generation > 0);
	tell(&before, 26, 60);
	assert_memory_equal(&w.engine, &before.engine, sizeof(w.engine));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order_ranges),
	    cmocka_unit_test(test_every_command_has_one_reply),
	    cmocka_unit_test(test_planned_end_and_phases),
	    cmocka_unit_test(test_baseline),
	    cmocka_unit_test(test_checks),
	    cmocka_unit_test(test_check_missed),
	    cmocka_unit_test(test_later_anchor_ends_the_earlier_grid),
	    cmocka_unit_test(test_cuff_starts),
	    cmocka_unit_test(test_cuff_waits_for_its_device),
	    cmocka_unit_test(test_cuff_asked_for_before_a_new_connection),
	    cmocka_unit_test(test_cuff_commands),
	    cmocka_unit_test(test_observe),
	    cmocka_unit_test(test_determinism_and_copy),
	    cmocka_unit_test(test_more_pauses_than_are_kept),
	    cmocka_unit_test(test_closed_session_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
