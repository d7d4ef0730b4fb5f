/* engine_sound finds each contradiction that is planted by hand into a busy bedside, and nothing before. (That it finds
 * nothing in any state that events lead to is asked after every step of test_core_random.c, test_core_exhaustive.c and
 * the simulation.) */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "daemon/core/core.h"
#include "tests/unit/core_world.h"

#define B1 1
#define G1 2

static struct world w;
static const struct engine *const e = &w.engine;

/* A started session on a spray plan: O2 active, B1 pending, ECG lost, perfusion taken out, sound paused, a display,
 * the publisher failed. */
static void busy(void)
{
	static const int64_t times[] = {10 * S, 20 * S, 300 * S};
	struct plan_rule *rule;

	world_plan(&w);
	w.config.plan.dose.device_ug = 28000;
	w.config.plan.route = ROUTE_SPRAY;
	w.config.plan.planned_duration_ns = 400 * S;
	w.config.plan.reminder_ns = 0;
	w.config.display_count = 1;
	put_text(w.config.displays[0], "bedside", NAME_BYTES);
	w.config.display_within_ns = 60 * S;
	world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92)->priority = PRIORITY_HIGH;
	rule = world_rule(&w, "B1", PARAMETER_NIBP_SYS, COMPARISON_ABOVE, 180, 170);
	rule->confirm = true;
	rule->confirm_within_ns = 60 * S;
	(void)world_rule(&w, "G1", PARAMETER_SPO2, COMPARISON_BELOW, 50, 50);
	w.config.plan.rules[G1].kind = RULE_GATE;
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_START, 5 * S, 3, times);
	world_open(&w, 100 * S);
	live(&w, 105 * S, 97, 70);
	pressure(&w, 120, 80);
	assert_int_equal(order(&w, COMMAND_DEVICE_GIVEN), RESULT_OK);
	live(&w, 130 * S, 80, 70);

	struct event event = make_command(&w, COMMAND_TAKE_OUT);

	put_text(event.u.command.u.take_out.name, "perfusion", NAME_BYTES);
	put_text(event.u.command.u.take_out.reason, "cold hand", TEXT_BYTES);
	event.u.command.u.take_out.duration_s = 600;
	world_step(&w, &event);
	assert_int_equal(reply(&w), RESULT_OK);
	device_is(&w, ECG, DEVICE_DOWN, FAULT_HUNG_UP);
	pressure(&w, 190, 90);
	service_is(&w, SERVICE_PUBLISHER, false);
	assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
	live(&w, 135 * S, 80, 70);
	assert_int_equal(order(&w, COMMAND_AUDIO_PAUSE), RESULT_OK);
	assert_int_equal(state_of(&w, 0), ALARM_ACTIVE);
	assert_int_equal(state_of(&w, B1), ALARM_PENDING);
	assert_null(engine_sound(e));
}

/* Plants `change`, which must be found as `words`. */
#define PLANT(change, words)                                                                                           \
	do {                                                                                                           \
		busy();                                                                                                \
		change;                                                                                                \
		const char *found = engine_sound(e);                                                                   \
		assert_non_null(found);                                                                                \
		assert_string_equal(found, words);                                                                     \
	} while (0)

static void test_session(void **state)
{
	(void)state;
	struct session *s = &w.engine.session;

	PLANT(s->phase = 4, "the session is in a phase that the plan does not have");
	PLANT(s->opened_at = MONO_NEVER, "a session is open that was never opened");
	PLANT(s->id[0] = '\0', "a session is open that was never opened");
	PLANT(s->started_at = MONO_NEVER, "a session has started without having been opened");
	PLANT(s->started_at = at(1), "a session has started without having been opened");
	PLANT(s->started = false, "a session has started without having been opened");
	PLANT(s->ended = true, "a session has ended before it was started");
	PLANT((s->paused = false, s->ended = true, s->ended_at = at(101 * S)),
	      "a session has ended before it was started");
	PLANT((s->ended = true, s->ended_at = at(w.now)), "a session is paused that does not run");
	PLANT(s->pauses = 0, "a session is paused that does not run");
	PLANT(s->paused_at = at(w.now + 1), "something of the session lies in the future");
	PLANT(s->started_at = at(w.now + 1), "something of the session lies in the future");
	PLANT(s->opened_at = s->started_at = at(w.now + 1), "something of the session lies in the future");
	PLANT((s->open = s->paused = false, s->recheck_due = at(w.now + S)), "an entry is due without a session");
	PLANT((s->baseline.complete = true, s->baseline.readings = 0), "a baseline without a reading");
	PLANT(s->given_count = GIVEN_MAX + 1, "a spray device was given outside a session");
	PLANT(s->given[0].at = MONO_NEVER, "the spray devices given are not in order");
	PLANT((s->given_count = 2, s->given[1].at = at(1)), "the spray devices given are not in order");
	PLANT(s->pause_to[0] = at(s->pause_from[0].ns - 1), "a pause ended before it began");
	PLANT(s->expected.at_ms = 30001, "the expected response is ahead of time");
	PLANT(s->expected.given = 2, "the expected response is ahead of time");
	PLANT(s->checks[0].next = 4, "a check was done more often than it was due");
	PLANT(s->checks[0].done = s->checks[0].next + 1, "a check was done more often than it was due");
	PLANT(s->checks[0].missed_in_row = 9, "a check was done more often than it was due");
	PLANT(s->checks[0].overdue_since = at(w.now + 1), "a check is overdue before its time");
}

static void test_devices_and_values(void **state)
{
	(void)state;
	struct engine_device_state *d = w.engine.devices;
	struct engine_parameter *p = w.engine.parameters;

	PLANT(w.config.devices[ECG].provides |= PARAMETER_BIT(PARAMETER_SPO2), "two devices bring the same parameter");
	PLANT(d[ECG].state = (enum device_state)9, "a device is in no state that exists");
	PLANT(d[ECG].fine_since = at(w.now), "a device is both fine and lost, or neither");
	PLANT(d[OXIMETER].fine_since = MONO_NEVER, "a device is both fine and lost, or neither");
	PLANT(d[OXIMETER].heard = MONO_NEVER, "a device is up that was never heard");
	PLANT(d[OXIMETER].cuff_wanted = true, "a cuff is asked of a device that has none");
	PLANT((d[CUFF].cuff_requested = true, d[CUFF].cuff_requested_at = MONO_NEVER), "a cuff was started at no time");
	PLANT(d[OXIMETER].flapping = true, "a device comes and goes that was not lost three times");
	PLANT(p[PARAMETER_SPO2].latest.parameter = PARAMETER_PULSE, "a value stands under another parameter");
	PLANT(p[PARAMETER_SPO2].device = ECG, "a value stands under another parameter");
	PLANT(p[PARAMETER_ECG_HR].device = OXIMETER, "a value stands under another parameter");
	PLANT(p[PARAMETER_SPO2].received = false, "a value that was never received");
	PLANT(p[PARAMETER_SPO2].latest.determined = at(w.now + 1), "a value from the future");
	PLANT(p[PARAMETER_SPO2].latest.determined = MONO_NEVER, "a value from the future");
	PLANT(p[PARAMETER_SPO2].latest.quality = QUALITY_NO_VALUE, "no value, and a number or no reason");
	PLANT(p[PARAMETER_SPO2].latest.milli = 101 * MILLI, "an implausible value is kept");
	PLANT(p[PARAMETER_NIBP_SYS].stale = true, "a value that cannot grow stale is stale");
	PLANT(p[PARAMETER_SPO2].missing_since = at(w.now), "a value is both current and missing, or neither");
	PLANT(p[PARAMETER_SPO2].stale = true, "a value is both current and missing, or neither");
}

static void test_alarms(void **state)
{
	(void)state;
	struct alarm *a = w.engine.alarms;

	PLANT(a[3].id = 4, "an alarm stands in another one's place");
	PLANT(a[3].test = true, "an alarm stands in another one's place");
	PLANT(a[0].state = ALARM_STATE_COUNT, "an alarm is in no state that exists");
	PLANT(a[0].priority = (enum priority)4, "an alarm is in no state that exists");
	PLANT(a[0].kept_back = true, "an alarm is kept back and announced");
	PLANT(a[ALARM_BASE_DEVICE + ECG].kept_back = true, "an alarm is kept back and announced");
	PLANT((w.engine.session.open = w.engine.session.paused = false), "an alarm of a session without a session");
	PLANT(a[0].priority = PRIORITY_NONE, "an alarm without a priority");
	PLANT(a[B1].priority = PRIORITY_NONE, "an alarm without a priority");
	PLANT(a[ALARM_BASE_DEVICE + ECG].priority = PRIORITY_NONE, "an alarm without a priority");
	PLANT(a[B1].violated = MONO_NEVER, "an alarm waits for what never began");
	PLANT(a[0].generation = 0, "an alarm is announced that never was");
	PLANT(a[0].raised = MONO_NEVER, "an alarm was raised at no time");
	PLANT(a[0].state = ALARM_LATCHED, "an alarm is latched that does not latch");
	PLANT(a[0].state = ALARM_ACKNOWLEDGED, "an alarm was acknowledged by nobody");
	PLANT((a[0].state = ALARM_ACKNOWLEDGED, a[0].acknowledged = at(w.now)), "an alarm was acknowledged by nobody");
	PLANT(put_text(a[0].acknowledged_by, "nurse1", NAME_BYTES), "an alarm sounds that was acknowledged");
	PLANT((a[G1] = a[0], a[G1].id = G1), "a gate or leave rule alarms");
	PLANT((w.config.plan.rules[0].superseded_by = RULE_BIT(B1), a[B1].kept_back = true),
	      "an alarm is present although another one stands for it");
	PLANT((a[B1].state = ALARM_ACTIVE, a[B1].generation = 1, a[B1].raised = at(w.now)),
	      "an alarm is announced that nothing has confirmed");
	PLANT((w.config.plan.check_count = 0, a[ALARM_BASE_CHECK_LATE].state = ALARM_PENDING,
	       a[ALARM_BASE_CHECK_LATE].priority = PRIORITY_LOW, a[ALARM_BASE_CHECK_LATE].violated = at(w.now)),
	      "an alarm of what is not there");
}

static void test_maintenance(void **state)
{
	(void)state;
	struct taken_out *out = &w.engine.taken_out[DEVICES_MAX + PARAMETER_PERFUSION];

	PLANT(out->until = MONO_NEVER, "something is taken out without an alarm, or the other way round");
	PLANT(w.engine.taken_out[ECG].until = at(w.now + S),
	      "something is taken out without an alarm, or the other way round");
	PLANT(out->until = at(w.now), "something is taken out by nobody, or for longer than was said");
	PLANT(out->by[0] = '\0', "something is taken out by nobody, or for longer than was said");
	PLANT(w.engine.service_failed[SERVICE_RECORDER] = true,
	      "a service has failed without an alarm, or the other way round");
	PLANT(w.engine.displays[0].shown = at(w.now + 1), "a display shows the future");
	PLANT(w.engine.audio_paused_by[0] = '\0', "the sound is paused by nobody, or for longer than was said");
	PLANT(w.engine.audio_paused_until = at(w.now), "the sound is paused by nobody, or for longer than was said");
}

static void test_outside(void **state)
{
	(void)state;
	PLANT(w.engine.overflowed = true, "an action list was too short");
	/* A deadline of the past that no step has passed: the clock of the engine was set forward behind its back. */
	PLANT(w.engine.session.checks[0].due = at(w.now), "a deadline never moves");
}

/* A step that has one action too many says so, and keeps the memory behind the list. daemon/core/step.c proves that no
 * step has: here the list is full when it is asked for another place. */
static void test_too_short_list(void **state)
{
	(void)state;
	struct step step = {.engine = &w.engine, .now = at(w.now), .actions = &w.actions};

	busy();
	w.actions.count = ACTIONS_MAX - 1;
	(void)step_action(&step, ACTION_READINGS);
	assert_null(engine_sound(e));
	assert_ptr_equal(step_action(&step, ACTION_READINGS), &w.actions.list[ACTIONS_MAX - 1]);
	assert_int_equal(w.actions.count, ACTIONS_MAX);
	assert_string_equal(engine_sound(e), "an action list was too short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_session), cmocka_unit_test(test_devices_and_values),
	    cmocka_unit_test(test_alarms),  cmocka_unit_test(test_maintenance),
	    cmocka_unit_test(test_outside), cmocka_unit_test(test_too_short_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
