/* Every sequence of fourteen events on a small plan, to a fixed depth, with the oracle and an independent little model
 * of what must be announced after every step. Two situations that differ only in how long ago everything happened are
 * the same and are followed once.
 *
 * The plan: O1 and O2 on a live signal (delays of 2 s and 1 s, O2 stands for O1, O2 latches), B1 on the cuff (first
 * reading medium, confirmed high, two readings to clear, latches), D on an entered score from a second after the end
 * on, a missing value after 2 s, gaps of up to 10 s that stop a delay, a gate, a leave rule. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_oracle.h"

#define DEPTH   5
#define VISITED (1U << 21) /* room for the distinct situations, a power of two */
#define RAISE   (2 * S)    /* of a missing value */

enum { O1, O2, B1, D, GATE, LEAVE };

enum happening {
	SECOND,   /* a second passes */
	DEADLINE, /* the engine's deadline comes, if it is within ten seconds */
	SPO2_GOOD,
	SPO2_LOW,      /* O1 */
	SPO2_VERY_LOW, /* O2 */
	SPO2_NONE,
	BP_HIGH,
	BP_GOOD,
	BP_FAILED,
	ACKNOWLEDGE,
	START_STOP, /* start, then stop, with an override */
	SCORE_HIGH,
	OPEN_CLOSE,
	LINK, /* the oximeter is lost, or is there again */
	HAPPENINGS
};

/* What a careful observer notes, without looking into the engine. */
struct observer {
	int64_t low_since, very_low_since; /* since the opening, gaps left out; -1 if not */
	int64_t low_from;                  /* the first low value since the last good second; -1 if there was none */
	int32_t told;                      /* the value when somebody last answered, or the last while nobody has */
	int64_t good_since;                /* -1 if the last value was not good */
	int64_t gap_since;                 /* no value since then, the one before it being low; -1 if not */
	int64_t valued;                    /* the last value */
	int64_t none_since;                /* a device that talks brings no value */
	int64_t heard;                     /* its last frame */
	int highs;                         /* cuff readings beyond the limit without one back at `clear` */
	bool up;
};

static struct world w;
static struct shadow shadow;
static struct observer observer;
static uint64_t visited[VISITED];
static uint8_t visited_depth[VISITED];
static uint64_t situations, steps, reached[ALARM_STATE_COUNT], confirmed, superseded, eased;
static enum happening path[DEPTH];

static struct plan_rule *rule_of(int index, enum rule_kind kind)
{
	struct plan_rule *rule = &w.config.plan.rules[index];

	rule->kind = kind;
	return rule;
}

static void small_plan(void)
{
	struct plan_rule *rule;

	world_plan(&w);
	w.config.device_count = 2;
	w.config.devices[OXIMETER].provides = PARAMETER_BIT(PARAMETER_SPO2);
	w.config.devices[OXIMETER].period_ns = 1 * S;
	w.config.devices[CUFF].provides = PARAMETER_BIT(PARAMETER_NIBP_SYS);
	w.config.devices[CUFF].period_ns = 600 * S;
	w.config.plan.planned_duration_ns = 4 * S;
	w.config.plan.missing = (struct plan_missing){RAISE, PRIORITY_LOW, 5 * S, PRIORITY_MEDIUM};
	w.config.plan.reminder_ns = 3 * S;
	w.config.plan.gap_ns = 10 * S;
	w.config.plan.leave.quiet_ns = 2 * S;
	rule = world_rule(&w, "O1", PARAMETER_SPO2, COMPARISON_BELOW, 93, 95);
	rule->delay_ns = 2 * S;
	rule->clear_delay_ns = 1 * S;
	rule->superseded_by = RULE_BIT(O2);
	rule = world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	rule->priority = PRIORITY_HIGH;
	rule->delay_ns = 1 * S;
	rule->clear_delay_ns = 1 * S;
	rule->latching = true;
	rule = world_rule(&w, "B1", PARAMETER_NIBP_SYS, COMPARISON_AT_LEAST, 180, 170);
	rule->priority = PRIORITY_HIGH;
	rule->confirm = true;
	rule->first = PRIORITY_MEDIUM;
	rule->confirm_within_ns = 3 * S;
	rule->clear_readings = 2;
	rule->latching = true;
	rule = world_rule(&w, "D", PARAMETER_CADSS, COMPARISON_ABOVE, 4, 4);
	rule->has_from = true;
	rule->from = ANCHOR_END;
	rule->from_after_ns = 1 * S;
	rule->blocks_leave = true;
	(void)world_rule(&w, "gate", PARAMETER_SPO2, COMPARISON_BELOW, 93, 93);
	rule_of(GATE, RULE_GATE)->delay_ns = 1 * S;
	(void)world_rule(&w, "leave", PARAMETER_SPO2, COMPARISON_ABOVE, 92, 92);
	(void)rule_of(LEAVE, RULE_LEAVE);
}

/* ---- when two situations are the same -----------------------------------------------------------------------------
 */

static uint64_t digest;

static void mix(int64_t value)
{
	digest = (digest ^ (uint64_t)value) * UINT64_C(0x9e3779b97f4a7c15);
	digest ^= digest >> 29;
}

/* Long ago is long ago, never is never. */
static void mix_time(int64_t ns)
{
	int64_t ago = w.engine.now.ns - ns;

	if (ns == INT64_MAX || ns == 0)
		mix(ns);
	else
		mix(ago > 60 * S ? 60 * S : ago);
}

static void mix_values(void)
{
	static const enum parameter used[] = {PARAMETER_SPO2, PARAMETER_NIBP_SYS, PARAMETER_CADSS};

	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		const struct engine_parameter *p = &w.engine.parameters[used[i]];

		mix(p->received * 4 + p->stale * 2 + p->has_previous);
		mix(p->latest.milli);
		mix((int)p->latest.quality * 32 + (int)p->latest.reason);
		mix(p->previous_milli);
		mix_time(p->latest.determined.ns);
		mix_time(p->missing_since.ns);
		mix_time(p->valued.ns);
	}
	for (int d = 0; d < 2; d++) {
		const struct engine_device_state *s = &w.engine.devices[d];

		mix((int)s->state * 64 + s->cuff_requested * 32 + s->cuff_wanted * 16 + s->cuff_failures * 4 +
		    s->cuff_retries);
		mix_time(s->heard.ns);
		mix_time(s->cuff_rest_until.ns);
		mix_time(s->cuff_requested_at.ns);
		mix(s->flapping * 2 + s->ever_up);
		for (int i = 0; i < 3; i++)
			mix_time(s->lost_at[i].ns);
		mix_time(s->fine_since.ns);
		mix_time(s->lost_since.ns);
	}
}

static uint64_t situation(void)
{
	const struct session *session = &w.engine.session;

	digest = UINT64_C(0xcbf29ce484222325);
	mix(session->open * 8 + session->started * 4 + session->ended * 2 + !mono_is_never(session->urgent_until));
	mix(session->phase * 8 + session->baseline.complete * 4 + session->baseline.readings);
	mix(session->baseline.score[PARAMETER_CADSS]);
	mix_time(session->opened_at.ns);
	mix_time(session->started_at.ns);
	mix_time(session->ended_at.ns);
	mix_time(session->urgent_until.ns);
	mix_values();
	for (int id = 0; id < ALARMS_MAX; id++) {
		const struct alarm *a = &w.engine.alarms[id];

		if (a->state == ALARM_INACTIVE)
			continue;
		mix(id * 64 + (int)a->state * 8 + a->kept_back * 4 + (int)a->priority);
		mix((int)a->reason);
		mix_time(a->gap_since.ns);
		mix(a->confirmed * 8 + (int)shadow.acknowledged[id]);
		mix_time(a->violated.ns);
		mix_time(a->cleared.ns);
		mix_time(a->acknowledged.ns);
		mix_time(a->raised.ns);
		mix(a->eased * 64 + a->eased_from);
	}
	for (int r = 0; r < w.config.plan.rule_count; r++) {
		mix(w.engine.rules[r].back);
		mix_time(w.engine.rules[r].confirm_at.ns);
		mix((int64_t)w.engine.rules[r].cover);
		mix(w.engine.rules[r].told[0]);
	}
	mix_time(observer.low_since);
	mix_time(observer.very_low_since);
	mix_time(observer.low_from);
	mix_time(observer.good_since);
	mix(observer.told);
	mix_time(observer.gap_since);
	mix_time(observer.valued);
	mix_time(observer.none_since);
	mix_time(observer.heard);
	mix(observer.highs * 2 + observer.up);
	return digest | 1;
}

/* True if it was followed before, at least as deep. */
static bool seen_before(int depth)
{
	uint64_t s = situation();

	for (uint64_t i = s >> 20;; i++) {
		uint64_t slot = i & (VISITED - 1);

		if (visited[slot] == s) {
			if (visited_depth[slot] >= depth)
				return true;
			visited_depth[slot] = (uint8_t)depth;
			return false;
		}
		if (visited[slot] == 0) {
			assert_true(++situations < VISITED / 2);
			visited[slot] = s;
			visited_depth[slot] = (uint8_t)depth;
			return false;
		}
	}
}

/* ---- what happens -------------------------------------------------------------------------------------------------
 */

static void command(struct event *event, enum command what)
{
	event->kind = EVENT_COMMAND;
	event->u.command.command = what;
	memcpy(event->u.command.actor, "nurse", 5);
}

static void measured(struct event *event, int device, struct measurement m)
{
	event->kind = EVENT_MEASUREMENTS;
	event->u.measurements.device = (uint8_t)device;
	event->u.measurements.count = 1;
	event->u.measurements.list[0] = m;
}

/* False if it cannot happen now. */
static bool make(enum happening what, struct event *event)
{
	struct mono deadline = engine_deadline(&w.engine);

	memset(event, 0, sizeof(*event));
	switch (what) {
	case SECOND:
		w.now += 1 * S;
		return true;
	case DEADLINE:
		if (deadline.ns > w.now + 10 * S || deadline.ns == w.now + 1 * S)
			return false;
		w.now = deadline.ns;
		return true;
	case SPO2_GOOD:
	case SPO2_LOW:
	case SPO2_VERY_LOW:
		measured(event, OXIMETER,
		         value(&w, PARAMETER_SPO2,
		               what == SPO2_GOOD  ? 97
		               : what == SPO2_LOW ? 92
		                                  : 85));
		return true;
	case SPO2_NONE:
		measured(event, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
		return true;
	case BP_HIGH:
		measured(event, CUFF, value(&w, PARAMETER_NIBP_SYS, 185));
		return true;
	case BP_GOOD:
		measured(event, CUFF, value(&w, PARAMETER_NIBP_SYS, 120));
		return true;
	case BP_FAILED:
		measured(event, CUFF, no_value(&w, PARAMETER_NIBP_SYS, REASON_FAILED));
		return true;
	case ACKNOWLEDGE:
		command(event, COMMAND_ALARM_ACKNOWLEDGE);
		event->u.command.u.alarm_id = ALARM_ID_ALL;
		return true;
	case START_STOP:
		command(event, w.engine.session.started ? COMMAND_SESSION_STOP : COMMAND_SESSION_START);
		if (!w.engine.session.started) {
			memcpy(event->u.command.u.override.name, "m", 1);
			memcpy(event->u.command.u.override.reason, "x", 1);
		}
		return w.engine.session.open && !w.engine.session.ended;
	case SCORE_HIGH:
		command(event, COMMAND_OBSERVE);
		event->u.command.u.observation.has_score = true;
		event->u.command.u.observation.parameter = PARAMETER_CADSS;
		event->u.command.u.observation.milli =
		    w.engine.parameters[PARAMETER_CADSS].latest.milli == 9 * MILLI ? 2 * MILLI : 9 * MILLI;
		return w.engine.session.open;
	case OPEN_CLOSE:
		command(event, w.engine.session.open ? COMMAND_SESSION_CLOSE : COMMAND_SESSION_OPEN);
		if (!w.engine.session.open) {
			memcpy(event->u.command.u.order.patient_ref, "P", 1);
			memcpy(event->u.command.u.order.session_id, "S", 1);
		}
		return true;
	case LINK:
		event->kind = EVENT_DEVICE;
		event->u.device.state = observer.up ? DEVICE_DOWN : DEVICE_UP;
		return true;
	case HAPPENINGS:
		break;
	}
	return false;
}

/* ---- what must be announced ---------------------------------------------------------------------------------------
 */

static bool stands(int id)
{
	return alarm_announced(w.engine.alarms[id].state);
}

static bool present(int id)
{
	return state_of(&w, id) == ALARM_ACTIVE || state_of(&w, id) == ALARM_ACKNOWLEDGED;
}

static bool said_to_be_lost(int id)
{
	return present(id) && w.engine.alarms[id].reason != REASON_NONE;
}

static bool takes_cuff(enum happening what)
{
	return (what == BP_HIGH || what == BP_GOOD) && find_action(&w, ACTION_READINGS) != NULL;
}

/* A gap is no time at a low value, nor an end of it. What was low and is not seen any more is lost at the fourth
 * second. */
static void observe_gap(bool none, bool value_came, int64_t now)
{
	int64_t determined = w.engine.parameters[PARAMETER_SPO2].latest.determined.ns;
	int64_t stale_at = determined == MONO_NEVER.ns ? INT64_MAX : determined + 3 * S;

	if (observer.gap_since < 0 && observer.low_since >= 0 && none)
		observer.gap_since = now;
	if (observer.gap_since < 0 && observer.low_since >= 0 && !value_came && now >= stale_at)
		observer.gap_since = stale_at;
	if (!value_came)
		return;
	observer.valued = now;
	if (observer.gap_since < 0)
		return;
	observer.low_since += now - observer.gap_since;
	if (observer.very_low_since >= 0)
		observer.very_low_since += now - observer.gap_since;
	observer.gap_since = -1;
}

/* The observer sees the event and the clock only. */
static void observe(enum happening what, bool was_open)
{
	int64_t now = w.now;
	bool open = w.engine.session.open, opened = open && !was_open;
	bool none = what == SPO2_NONE && observer.up,
	     value_came = what >= SPO2_GOOD && what <= SPO2_VERY_LOW && observer.up;

	if (what == LINK) {
		observer.up = !observer.up;
		observer.heard = now;
	}
	if (none || value_came) {
		if (now - observer.heard >= 3 * S) /* it was silent: it gets its time again */
			observer.none_since = -1;
		observer.heard = now;
	}
	if (opened || !open || what == LINK)
		observer.low_since = observer.very_low_since = observer.low_from = observer.good_since =
		    observer.gap_since = -1;
	observe_gap(none, value_came, now);
	if (value_came) {
		if (observer.good_since >= 0 && now - observer.good_since >= 1 * S)
			observer.low_from = -1;
		if (what != SPO2_GOOD && observer.low_from < 0)
			observer.low_from = now;
		observer.good_since = what != SPO2_GOOD ? -1 : observer.good_since < 0 ? now : observer.good_since;
		observer.low_since = what == SPO2_GOOD ? -1 : observer.low_since < 0 ? now : observer.low_since;
		observer.very_low_since = what != SPO2_VERY_LOW         ? -1
		                          : observer.very_low_since < 0 ? now
		                                                        : observer.very_low_since;
		observer.none_since = -1;
	} else if ((none && observer.none_since < 0) || opened || what == LINK) {
		observer.none_since = none || (observer.none_since >= 0 && observer.up) ? now : -1;
	}
	if (opened)
		observer.highs = 0;
	if (takes_cuff(what))
		observer.highs = what == BP_HIGH ? observer.highs + 1 : 0;
}

static const char *announced_what_must_be(enum happening what)
{
	if (!w.engine.session.open)
		return NULL;
	int64_t seen = observer.gap_since >= 0 ? observer.gap_since : w.now;
	/* Nobody has answered the graver one, which began when it was low already: it goes on saying so. */
	bool waits = state_of(&w, O2) == ALARM_LATCHED && w.engine.alarms[O2].raised.ns >= observer.low_from &&
	             observer.low_from >= 0;

	if (observer.very_low_since >= 0 && seen - observer.very_low_since >= 1 * S)
		MUST(present(O2), "very low for its delay, and no O2");
	if (observer.gap_since >= 0 && w.now - observer.valued >= 4 * S)
		MUST(present(O1) || present(O2), "lost while low, and neither O1 nor O2");
	if (observer.low_since >= 0 && seen - observer.low_since >= 2 * S)
		MUST(present(O1) || present(O2) || waits, "low for its delay, and neither O1 nor O2");
	MUST(!(present(O1) && present(O2)), "O1 beside O2");
	if (observer.none_since >= 0 && w.now - observer.none_since >= RAISE && observer.up)
		MUST(stands(ALARM_BASE_MISSING + PARAMETER_SPO2) || stands(ALARM_BASE_DEVICE + OXIMETER) ||
		         said_to_be_lost(O1) || said_to_be_lost(O2),
		     "no value, and silence about it");
	if (!observer.up)
		MUST(stands(ALARM_BASE_DEVICE + OXIMETER), "no device, and silence about it");
	if (what == BP_HIGH && observer.highs > 0)
		MUST(present(B1), "high pressure, and no B1");
	if (observer.highs >= 2)
		MUST(present(B1) && w.engine.alarms[B1].priority == PRIORITY_HIGH, "twice high, and B1 not high");
	return NULL;
}

/* Getting better raises nothing: what is left of O2 is told as it was answered. */
static const char *better_is_silent(const enum alarm_state *before)
{
	bool was = before[O2] == ALARM_ACTIVE || before[O2] == ALARM_ACKNOWLEDGED;

	if (!w.engine.session.open || !was || present(O2))
		return NULL;
	if (w.engine.parameters[PARAMETER_SPO2].latest.milli < observer.told) /* not better than what was answered */
		return NULL;
	MUST(changes(&w, O1, ALARM_RAISED) == 0, "better, and O1 is raised");
	if (before[O2] == ALARM_ACKNOWLEDGED && observer.low_since >= 0 && observer.gap_since < 0 && observer.up) {
		MUST(state_of(&w, O1) == ALARM_ACKNOWLEDGED || changes(&w, O1, ALARM_REMINDED) == 1,
		     "still low, and O1 does not take the place of O2");
		eased++;
	}
	return NULL;
}

static const char *after(enum happening what, const struct event *event, const enum alarm_state *before, bool was_open)
{
	const char *wrong = oracle(&shadow, &w.engine, event, &w.actions);

	MUST(wrong == NULL, wrong);
	/* Acknowledging never makes anything disappear that is there. */
	for (int id = 0; what == ACKNOWLEDGE && id < ALARMS_MAX; id++)
		MUST(before[id] != ALARM_ACTIVE || state_of(&w, id) == ALARM_ACKNOWLEDGED,
		     "an acknowledged alarm disappeared");
	observe(what, was_open);
	wrong = better_is_silent(before);
	if (state_of(&w, O2) != ALARM_ACKNOWLEDGED || before[O2] != ALARM_ACKNOWLEDGED)
		observer.told = w.engine.parameters[PARAMETER_SPO2].latest.milli;
	return wrong != NULL ? wrong : announced_what_must_be(what);
}

static void follow(int depth)
{
	struct engine engine = w.engine;
	struct shadow seen = shadow;
	struct observer noted = observer;
	enum alarm_state before[ALARMS_MAX];
	int64_t now = w.now;

	for (int id = 0; id < ALARMS_MAX; id++)
		before[id] = engine.alarms[id].state;
	for (int what = 0; what < HAPPENINGS; what++) {
		struct event event;

		path[DEPTH - depth] = (enum happening)what;
		if (make((enum happening)what, &event)) {
			engine_step(&w.engine, &event, at(w.now), &w.actions);
			steps++;

			const char *wrong = after((enum happening)what, &event, before, engine.session.open);

			for (int i = 0; wrong != NULL && i <= DEPTH - depth; i++)
				print_error("%d ", path[i]);
			if (wrong != NULL)
				print_error(": %s\n", wrong);
			assert_null(wrong);
			for (int id = 0; id < ALARMS_MAX; id++)
				reached[state_of(&w, id)]++;
			confirmed += w.engine.alarms[B1].confirmed;
			superseded += w.engine.alarms[O1].kept_back;
			if (depth > 1 && !seen_before(depth - 1))
				follow(depth - 1);
		}
		w.engine = engine;
		shadow = seen;
		observer = noted;
		w.now = now;
	}
}

/* One event, checked like all others. */
static void step_once(enum happening what)
{
	static enum alarm_state before[ALARMS_MAX];
	bool was_open = w.engine.session.open;
	struct event event;

	for (int id = 0; id < ALARMS_MAX; id++)
		before[id] = state_of(&w, id);
	assert_true(make(what, &event));
	engine_step(&w.engine, &event, at(w.now), &w.actions);
	assert_null(after(what, &event, before, was_open));
}

/* From the beginning, and from where sessions get to. */
static void test_every_sequence(void **state)
{
	(void)state;
	static const enum happening starts[][8] = {
	    {HAPPENINGS},
	    {OPEN_CLOSE, SPO2_GOOD, START_STOP, HAPPENINGS},
	    {OPEN_CLOSE, START_STOP, SPO2_VERY_LOW, SECOND, SPO2_LOW, ACKNOWLEDGE, HAPPENINGS},
	    {OPEN_CLOSE, SPO2_LOW, SECOND, SPO2_LOW, SECOND, SPO2_VERY_LOW, SECOND, HAPPENINGS},
	    {OPEN_CLOSE, SPO2_VERY_LOW, SECOND, ACKNOWLEDGE, SPO2_LOW, HAPPENINGS},
	    {OPEN_CLOSE, BP_HIGH, SECOND, BP_HIGH, ACKNOWLEDGE, SECOND, BP_GOOD, HAPPENINGS},
	    {OPEN_CLOSE, SPO2_NONE, SECOND, SPO2_NONE, SECOND, ACKNOWLEDGE, HAPPENINGS},
	    {OPEN_CLOSE, SCORE_HIGH, START_STOP, START_STOP, SPO2_GOOD, SECOND, HAPPENINGS},
	};

	small_plan();
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		world_begin(&w, 1000 * S);
		all_up(&w);
		for (uint16_t a = 0; a < w.actions.count; a++)
			assert_int_not_equal(w.actions.list[a].kind, ACTION_ALARM);
		memset(&shadow, 0, sizeof(shadow));
		observer = (struct observer){.low_since = -1,
		                             .very_low_since = -1,
		                             .low_from = -1,
		                             .good_since = -1,
		                             .gap_since = -1,
		                             .none_since = -1,
		                             .heard = w.now,
		                             .up = true};
		for (int k = 0; starts[i][k] != HAPPENINGS; k++)
			step_once(starts[i][k]);
		follow(DEPTH);
	}
	print_message("%llu steps, %llu situations, depth %d\n", (unsigned long long)steps,
	              (unsigned long long)situations, DEPTH);
	for (int s = 0; s < ALARM_STATE_COUNT; s++)
		assert_true(reached[s] > 1000);
	assert_true(confirmed > 1000 && superseded > 1000 && eased > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
