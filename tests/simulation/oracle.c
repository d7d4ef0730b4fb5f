/* What must be true after every step of a simulated session, judged from what was really sent and answered (world.c),
 * the plan, and the clock of the simulation: no bound here has any slack. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/simulation.h"

#define TOGETHER (5 * NS_PER_S)

#define MUST(condition, ...)                                                                                           \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return complain(__VA_ARGS__);                                                                  \
	} while (0)

__attribute__((format(printf, 1, 2))) static const char *complain(const char *format, ...)
{
	static char text[200];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* cut off is good enough */
	va_end(arguments);
	return text;
}

static const struct plan_rule *rule_of(const struct room *room, int rule)
{
	return &room->config.plan.rules[rule];
}

static const struct alarm *alarm_of(const struct room *room, int id)
{
	return &room->engine.alarms[id];
}

static bool present(const struct room *room, int id)
{
	enum alarm_state state = alarm_of(room, id)->state;

	return state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED;
}

/* Present or kept back by one that is: then that one stands for it, and the record has it. */
static bool established(const struct room *room, int rule)
{
	return present(room, rule) || alarm_of(room, rule)->kept_back;
}

static bool any_established(const struct room *room, rule_set rules)
{
	for (int i = 0; i < room->config.plan.rule_count; i++)
		if ((rules & RULE_BIT(i)) != 0 && established(room, i))
			return true;
	return false;
}

static bool raised_or_inhibited(const struct room *room, int rule)
{
	return present(room, rule) || any_established(room, rule_of(room, rule)->superseded_by) ||
	       oracle_awaits_answer(room, rule);
}

static bool has_cadence(const struct plan_rule *p, enum cadence cadence)
{
	for (int t = 0; t < p->term_count; t++)
		if (parameter_table[p->terms[t].parameter].cadence == cadence)
			return true;
	return false;
}

/* Judged although no session is open: critical, on live values and fixed limits alone. */
static bool without_session(const struct room *room, const struct plan_rule *p)
{
	bool fixed = room->config.plan.watch_without_session && p->kind == RULE_ALARM && p->critical &&
	             p->term_count > 0 && p->with == 0 && !p->has_from;

	for (int t = 0; t < p->term_count; t++)
		fixed = fixed && parameter_table[p->terms[t].parameter].cadence == CADENCE_CONTINUOUS &&
		        p->terms[t].reference == REFERENCE_ABSOLUTE;
	return fixed;
}

static bool in_phase(const struct room *room, const struct plan_rule *p)
{
	if (!room->oracle.open)
		return without_session(room, p);
	return (p->phases & (1U << room->engine.session.phase)) != 0;
}

static int64_t anchor_at(const struct oracle *o, enum anchor anchor)
{
	if (anchor == ANCHOR_OPEN)
		return o->open ? o->opened_at : NEVER;
	if (anchor == ANCHOR_START)
		return o->started ? o->started_at : NEVER;
	return o->ended ? o->ended_at : NEVER;
}

/* Are the anchor and the time after it reached? */
static bool reached(const struct room *room, enum anchor anchor, int64_t after_ns)
{
	int64_t at = anchor_at(&room->oracle, anchor);

	return at != NEVER && room->now >= at + after_ns;
}

/* ---- the run of each rule -----------------------------------------------------------------------------------------
 */

static bool fresh_for(const struct room *room, const struct plan_rule *p)
{
	for (int t = 0; t < p->term_count; t++)
		if ((room->oracle.fresh & PARAMETER_BIT(p->terms[t].parameter)) != 0)
			return true;
	return false;
}

static void run_determined(struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);
	struct rule_run *run = &room->oracle.rules[rule];
	enum truth truth = world_judge(room, rule, false);

	if (truth == TRUTH_UNKNOWN) /* a failed one says nothing */
		return;
	run->holds = truth == TRUTH_HOLDS && (in_phase(room, p) || established(room, rule));
	run->since = room->now;
	run->in_a_row = run->holds ? run->in_a_row + 1 : 0;
	if (run->in_a_row == 1)
		run->first = room->now;
	run->back_in_a_row = world_judge(room, rule, true) == TRUTH_GONE ? run->back_in_a_row + 1 : 0;
}

static void run_continuous(struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);
	struct rule_run *run = &room->oracle.rules[rule];
	enum truth truth = world_judge(room, rule, false);
	bool judged = in_phase(room, p) || established(room, rule), holds = truth == TRUTH_HOLDS && judged;
	bool back = world_judge(room, rule, true) == TRUTH_GONE;

	gaps_run(room, rule, truth);
	if (holds && !run->holds) {
		run->since = room->now;
		run->determined = gaps_determined(room, p);
		gaps_onset(run->onsets, room->now);
		if (run->alarm == ALARM_INACTIVE)
			gaps_onset(run->quiet, room->now);
	}
	run->holds = holds || (judged && run->holds && truth == TRUTH_UNKNOWN);
	if (!back)
		run->back = NEVER;
	else if (run->back == NEVER)
		run->back = gaps_determined(room, p);
}

static void run_attention(struct room *room, int rule)
{
	const struct session *session = &room->engine.session;
	struct rule_run *run = &room->oracle.rules[rule];
	const struct plan_rule *p = rule_of(room, rule);
	bool alone =
	    alarm_of(room, rule)->state == ALARM_ACTIVE && session->started && !session->paused && !session->ended;

	for (int t = 0; alarm_of(room, rule)->eased && t < p->term_count; t++) /* better, and still getting better */
		alone = alone && !room->oracle.sent[p->terms[t].parameter].falls && run->back_in_a_row == 0;
	if (!alone)
		run->alone = NEVER;
	else if (run->alone == NEVER)
		run->alone = room->now;
}

static void run_rules(struct room *room)
{
	struct oracle *o = &room->oracle;

	memcpy(o->was, o->rules, sizeof(o->was[0]) * room->config.plan.rule_count);
	for (int i = 0; i < room->config.plan.rule_count; i++) {
		const struct plan_rule *p = rule_of(room, i);

		if (p->kind == RULE_LEAVE)
			continue;
		if (o->turned || (!o->open && !without_session(room, p)) || world_rule_out(room, i)) {
			o->rules[i] = (struct rule_run){.gap = NEVER, .back = NEVER, .alone = NEVER};
			continue;
		}
		if (has_cadence(p, CADENCE_CONTINUOUS) || p->with != 0 || p->has_from)
			run_continuous(room, i);
		else if (fresh_for(room, p))
			run_determined(room, i);
		else if (!in_phase(room, p) && !established(room, i))
			o->rules[i].holds = false, o->rules[i].in_a_row = 0;
		run_attention(room, i);
		oracle_beside(room, i);
		o->rules[i].alarm = alarm_of(room, i)->state;
	}
}

/* ---- rules --------------------------------------------------------------------------------------------------------
 */

/* Invariants 1 and 5: it is there, or something that stands for it. */
static const char *check_confirmed_rule(const struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);
	const struct rule_run *run = &room->oracle.rules[rule];
	bool confirmed = run->in_a_row >= 2 || (run->in_a_row == 1 && room->now >= run->first + p->confirm_within_ns);

	if (run->in_a_row == 0)
		return NULL;
	if (confirmed || p->first > PRIORITY_NONE)
		MUST(raised_or_inhibited(room, rule), "%s: %d determinations beyond the limit and no alarm", p->name,
		     run->in_a_row);
	if (confirmed && present(room, rule) && p->lower_phases == 0)
		MUST(alarm_of(room, rule)->priority >= p->priority, "%s: confirmed, but not urgent", p->name);
	return NULL;
}

/* Beyond its limit when it was last seen, and not seen any more: no inflation can explain it. */
static bool lost(const struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);
	const struct rule_run *run = &room->oracle.rules[rule];
	int device = world_device_of(room, p->terms[0].parameter);
	int64_t mask = device >= 0 && room->config.devices[device].same_limb ? room->config.plan.cuff_mask_max_ns : 0;

	return p->term_count == 1 && p->terms[0].reference != REFERENCE_DIFFERENCE && run->holds && run->gap != NEVER &&
	       room->now >= run->lost_at + mask;
}

static const char *check_rule(const struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);
	const struct rule_run *run = &room->oracle.rules[rule];
	bool due = p->term_count == 0 || run->holds;

	if (p->unattended > PRIORITY_NONE && run->alone != NEVER && room->now >= run->alone + p->unattended_ns)
		MUST(alarm_of(room, rule)->priority >= p->unattended, "%s: nobody came, and it did not escalate",
		     p->name);
	if (p->confirm)
		return check_confirmed_rule(room, rule);
	if (!due || world_rule_out(room, rule))
		return NULL;
	if (p->with != 0 && !any_established(room, p->with))
		return NULL;
	if (p->has_from && !reached(room, p->from, p->from_after_ns))
		return NULL;
	if (has_cadence(p, CADENCE_CONTINUOUS) && !lost(room, rule) && !gaps_repeated(p, run->quiet) &&
	    (run->gap != NEVER ? run->gap : room->now) < run->since + p->delay_ns)
		return NULL;
	MUST(raised_or_inhibited(room, rule), "%s: beyond its limit for its delay and no alarm%s", p->name,
	     room->oracle.open ? "" : ", without a session");
	MUST(!present(room, rule) || alarm_of(room, rule)->priority >= p->priority || p->lower_phases != 0,
	     "%s: not as urgent as the plan says", p->name);
	return NULL;
}

/* Only what has lasted its delay is announced; only what has been back for its time is taken away (invariant 4: nothing
 * else ends it, no acknowledgement, no single good value, no missing one). */
static const char *check_rule_change(const struct room *room, int rule, enum alarm_change change)
{
	const struct plan_rule *p = rule_of(room, rule);
	const struct rule_run *now = &room->oracle.rules[rule], *was = &room->oracle.was[rule];

	if (!has_cadence(p, CADENCE_CONTINUOUS) || p->with != 0 || p->has_from)
		return NULL;
	if (change == ALARM_RAISED) {
		bool lasted = (now->holds && now->determined + p->delay_ns <= room->now) ||
		              (was->holds && was->determined + p->delay_ns <= room->now);
		bool net = gaps_repeated(p, now->onsets), vanished = was->holds && was->lost_at <= room->now;
		bool again = p->latching && now->holds; /* it was latched and came back */
		bool released = p->superseded_by != 0 && (now->back == NEVER || was->back == NEVER);

		MUST(lasted || again || released || net || vanished, "%s: raised before its delay", p->name);
	}
	if (change == ALARM_BECAME_LATCHED || (change == ALARM_CLEARED && !p->latching)) {
		bool back = (now->back != NEVER && now->back + p->clear_delay_ns <= room->now) ||
		            (was->back != NEVER && was->back + p->clear_delay_ns <= room->now);

		MUST(back || world_rule_out(room, rule), "%s: cleared too early", p->name);
	}
	return NULL;
}

/* ---- technical and procedural -------------------------------------------------------------------------------------
 */

/* Invariant 2. */
static const char *check_device(const struct room *room, int device)
{
	const struct oracle *o = &room->oracle;
	const struct plan_missing *missing = &room->config.plan.missing;
	const char *name = room->config.devices[device].name;
	bool out = o->out_until[device] > room->now;

	if (device == CUFF && !out && o->failures >= 2)
		MUST(present(room, ALARM_BASE_CUFF_FAILED + device) &&
		         (o->failures == 2 ||
		          alarm_of(room, ALARM_BASE_CUFF_FAILED + device)->priority >= PRIORITY_MEDIUM),
		     "%s: %d determinations failed and nobody was told", name, o->failures);
	if (device == CUFF && !out && o->open && o->said_sys != 0)
		MUST(present(room, ALARM_BASE_CUFF_FAILED + device) &&
		         alarm_of(room, ALARM_BASE_CUFF_FAILED + device)->priority >= PRIORITY_MEDIUM &&
		         alarm_of(room, ALARM_BASE_CUFF_FAILED + device)->milli == o->said_sys,
		     "%s: read %d, which cannot be, and nobody was told", name, o->said_sys);
	if (out || world_fine(room, device))
		return NULL;
	if (!o->ever_up[device] && o->state[device] != DEVICE_REFUSED &&
	    room->now < o->opened_at + missing->raise_after_ns)
		return NULL;
	MUST(present(room, ALARM_BASE_DEVICE + device), "%s: lost and no alarm", name);
	return NULL;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* One alarm stands for all values of a sensor: of one of them, or of a rule that says that one was lost. */
static bool told_of(const struct room *room, int device, enum priority *priority)
{
	bool told = false;

	for (int id = 0; id < ALARM_BASE_MISSING + PARAMETER_COUNT; id++) {
		const struct alarm *alarm = alarm_of(room, id);
		enum parameter parameter =
		    id < ALARM_BASE_MISSING ? alarm->parameter : (enum parameter)(id - ALARM_BASE_MISSING);

		if (!present(room, id) || world_device_of(room, parameter) != device ||
		    (id < ALARM_BASE_MISSING && alarm->reason == REASON_NONE))
			continue;
		told = true;
		*priority = alarm->priority > *priority ? alarm->priority : *priority;
	}
	return told;
}

static const char *check_missing(const struct room *room, enum parameter parameter, int device)
{
	const struct oracle *o = &room->oracle;
	const struct plan *plan = &room->config.plan;
	int64_t lacking = world_lacking(room, parameter);
	enum priority priority = PRIORITY_NONE;
	bool told;
	int64_t mask = room->config.devices[device].same_limb ? plan->cuff_mask_max_ns : 0;

	if (lacking == NEVER || world_out(room, parameter) || o->fine_since[device] == NEVER ||
	    (plan->missing_parameters != 0 && (plan->missing_parameters & PARAMETER_BIT(parameter)) == 0))
		return NULL;
	lacking = later(lacking, o->opened_at) + TOGETHER; /* another one that went a little later may stand for it */
	if (room->now < later(lacking, o->fine_since[device]) + plan->missing.raise_after_ns + mask)
		return NULL;
	told = told_of(room, device, &priority);
	MUST(told, "%s: no value and no alarm", parameter_table[parameter].name);
	MUST(room->now < lacking + plan->missing.escalate_after_ns || priority >= plan->missing.escalated,
	     "%s: no value for long and not urgent", parameter_table[parameter].name);
	return NULL;
}

/* The grid of this check ends when a later anchor with a grid for the same parameter has happened. */
static int64_t grid_ends(const struct room *room, const struct plan_check *check)
{
	const struct plan *plan = &room->config.plan;
	int64_t at = NEVER;

	for (int i = 0; i < plan->check_count; i++) {
		int64_t other = anchor_at(&room->oracle, plan->checks[i].anchor);

		if (plan->checks[i].parameter == check->parameter && plan->checks[i].anchor > check->anchor &&
		    other < at)
			at = other;
	}
	return at;
}

/* By its own alarm, or by that of its cuff, which fails or is away; never by two. What is back gets its time again. */
static const char *check_late_told(const struct room *room, int index)
{
	const struct plan_check *check = &room->config.plan.checks[index];
	int device = world_device_of(room, check->parameter), late = ALARM_BASE_CHECK_LATE + index, by = late;

	if (device >= 0 && present(room, ALARM_BASE_CUFF_FAILED + device))
		by = ALARM_BASE_CUFF_FAILED + device;
	else if (device >= 0 && !world_fine(room, device) && present(room, ALARM_BASE_DEVICE + device))
		by = ALARM_BASE_DEVICE + device;
	MUST(by == late || !present(room, late), "%s: late besides %s", check->name, room->config.devices[device].name);
	if (by == late && device >= 0 && room->now < room->oracle.fine_since[device] + check->late_after_ns)
		return NULL;
	MUST(present(room, by), "%s: late and nobody was told", check->name);
	MUST(alarm_of(room, by)->priority >= check->late, "%s: late and not urgent", check->name);
	return NULL;
}

static const char *check_late(const struct room *room, int index)
{
	const struct plan_check *check = &room->config.plan.checks[index];
	int64_t anchor = anchor_at(&room->oracle, check->anchor), ends = grid_ends(room, check), due = NEVER, gap = 0;
	const struct sent *sent = &room->oracle.sent[check->parameter];

	if (anchor == NEVER || check->with != 0)
		return NULL;
	for (int t = 0; t < check->time_count; t++) {
		int64_t at = anchor + check->times_ns[t];

		if (at > ends || room->now < at + check->late_after_ns)
			break;
		due = at;
		gap = t == 0 ? check->times_ns[0] : (check->times_ns[t] - check->times_ns[t - 1]) / 2;
	}
	if (due == NEVER ||
	    (sent->received && sent->determined >= due - (gap < check->early_ns ? gap : check->early_ns)))
		return NULL;
	return check_late_told(room, index);
}

static const char *check_services(const struct room *room)
{
	const struct engine_config *config = &room->config;
	int64_t heard = later(room->oracle.display_heard, room->oracle.opened_at);

	if (room->service_failed)
		MUST(present(room, ALARM_BASE_SERVICE + (int)room->failing), "%s failed and no alarm",
		     service_name(room->failing));
	if (config->display_count > 0 && room->oracle.open && room->now >= heard + config->display_within_ns)
		MUST(present(room, ALARM_BASE_SERVICE + SERVICE_DISPLAYS), "no display confirms and no alarm");
	if (room->event.kind == EVENT_CLOCK &&
	    (room->event.u.clock.step_ns >= 2 * NS_PER_S || room->event.u.clock.step_ns <= -2 * NS_PER_S))
		MUST(alarm_of(room, ALARM_BASE_CLOCK)->state == ALARM_LATCHED, "the clock was stepped and no alarm");
	return NULL;
}

/* ---- values and session -------------------------------------------------------------------------------------------
 */

/* Invariant 3: exactly what was sent last is shown, for as long as it is current. */
static const char *check_reading(const struct room *room, enum parameter parameter)
{
	const struct sent *sent = &room->oracle.sent[parameter];
	struct measurement m = engine_reading(&room->engine, parameter, (struct mono){room->now});
	const char *name = parameter_table[parameter].name;

	MUST(measurement_has_value(&m) == world_current(room, parameter), "%s: %s", name,
	     measurement_has_value(&m) ? "shown though it is not current" : "current, but not shown");
	if (parameter_table[parameter].cadence == CADENCE_INTERMITTENT) {
		struct measurement good;
		bool beside = engine_last_good(&room->engine, parameter, &good);

		MUST(beside == (sent->received && !sent->has_value && sent->good != 0) &&
		         (!beside || good.milli == sent->good),
		     "%s: the last good one is not what stands beside a failed one", name);
	}
	if (measurement_has_value(&m))
		MUST(m.milli == sent->milli && m.determined.ns == sent->determined, "%s: another value is shown", name);
	return NULL;
}

/* Both clocks, and where a planned end lies. */
static const char *check_course(const struct room *room)
{
	const struct session *session = &room->engine.session;
	const struct oracle *o = &room->oracle;

	MUST(session->open == o->open, "the session is %s", session->open ? "open" : "closed");
	if (!o->open)
		return NULL;
	MUST(session->started == o->started && (!o->started || session->started_at.ns == o->started_at),
	     "T0 is not when it was started");
	MUST(session->ended == o->ended && (!o->ended || session->ended_at.ns == o->ended_at),
	     "the end is not where it was planned or ordered");
	MUST(session->paused == (o->paused_at != NEVER), "paused, or not");
	return NULL;
}

static const char *check_phase(const struct room *room)
{
	const struct plan *plan = &room->config.plan;
	int phase = 0;

	for (int i = 0; i < plan->phase_count; i++)
		if (reached(room, plan->phases[i].anchor, plan->phases[i].after_ns))
			phase = i;
	MUST(!room->oracle.open || room->engine.session.phase == phase, "phase %s, but it is %s",
	     plan->phases[room->engine.session.phase].name, plan->phases[phase].name);
	return NULL;
}

static bool recent(const struct room *room, enum parameter parameter, int64_t within_ns)
{
	return within_ns == 0 || room->now - room->oracle.sent[parameter].determined <= within_ns;
}

/* Does this gate or leave rule stand open? */
static bool passes(const struct room *room, const struct plan_rule *p, int rule)
{
	const struct plan_leave *leave = &room->config.plan.leave;
	const struct rule_run *run = &room->oracle.was[rule]; /* before the start ended its watch */
	int32_t age = room->engine.session.order.age_years;

	if (age < p->age_from || (p->age_below > 0 && age >= p->age_below))
		return p->group[0] == '\0';
	if (p->kind == RULE_GATE) /* what has not lasted its delay yet does not block */
		return world_judge(room, rule, false) != TRUTH_UNKNOWN &&
		       !(run->holds && room->now >= run->since + p->delay_ns);
	for (int t = 0; t < p->term_count; t++) {
		enum cadence cadence = parameter_table[p->terms[t].parameter].cadence;

		if ((cadence == CADENCE_INTERMITTENT && !recent(room, p->terms[t].parameter, leave->cuff_within_ns)) ||
		    (cadence == CADENCE_ENTERED && !recent(room, p->terms[t].parameter, leave->score_within_ns)))
			return false;
	}
	return world_judge(room, rule, false) == TRUTH_HOLDS;
}

static bool group_passes(const struct room *room, enum rule_kind kind, const char *group)
{
	const struct plan *plan = &room->config.plan;

	for (int i = 0; i < plan->rule_count; i++)
		if (plan->rules[i].kind == kind && strncmp(plan->rules[i].group, group, NAME_BYTES) == 0 &&
		    passes(room, &plan->rules[i], i))
			return true;
	return false;
}

/* Nobody starts or leaves without an override while a gate or a leave condition stands against it. */
static const char *check_doors(const struct room *room, enum rule_kind kind)
{
	const struct plan *plan = &room->config.plan;
	enum item_when when = kind == RULE_GATE ? ITEM_START : ITEM_LEAVE;

	for (int i = 0; i < plan->rule_count; i++) {
		const struct plan_rule *p = &plan->rules[i];

		if (p->kind != kind)
			continue;
		MUST(p->group[0] == '\0' ? passes(room, p, i) : group_passes(room, kind, p->group),
		     "%s stood against it and nothing was overridden", p->name);
	}
	MUST(kind != RULE_GATE || room->engine.session.baseline.readings >= plan->baseline_readings,
	     "started without the whole baseline and nothing was overridden");
	for (int i = 0; i < plan->item_count; i++)
		MUST(plan->items[i].when != when || (room->engine.session.items & (1U << i)) != 0,
		     "%s was not ticked and nothing was overridden", plan->items[i].name);
	return NULL;
}

static const char *check_session_change(const struct room *room, enum session_change change)
{
	const struct session *session = &room->engine.session;
	const struct plan_leave *leave = &room->config.plan.leave;

	if (change == SESSION_STARTED && session->start_override.name[0] == '\0')
		return check_doors(room, RULE_GATE);
	if (change != SESSION_CLOSED || !session->started || session->close_override.name[0] != '\0')
		return NULL;

	int64_t anchor = leave->earliest == ANCHOR_START ? session->started_at.ns : session->ended_at.ns;

	MUST((leave->earliest == ANCHOR_START || session->ended) && room->now >= anchor + leave->earliest_after_ns,
	     "left before the time");
	return check_doors(room, RULE_LEAVE);
}

static const char *check_actions(const struct room *room)
{
	const char *wrong = NULL;

	for (uint16_t i = 0; i < room->actions.count && wrong == NULL; i++) {
		const struct action *a = &room->actions.list[i];

		const struct alarm *alarm = &a->u.alarm.alarm;

		if (a->kind == ACTION_ALARM && alarm->kind == CONDITION_RULE) {
			wrong = check_rule_change(room, alarm->index, a->u.alarm.change);
			if (wrong == NULL)
				wrong = oracle_better(room, alarm->index, alarm, a->u.alarm.change);
		} else if (a->kind == ACTION_SESSION) {
			wrong = check_session_change(room, a->u.session.change);
		}
	}
	return wrong;
}

static void count(struct room *room)
{
	struct tally *tally = room->tally;

	for (uint16_t i = 0; i < room->actions.count; i++) {
		const struct action *a = &room->actions.list[i];

		if (a->kind != ACTION_ALARM || a->u.alarm.change != ALARM_RAISED)
			continue;
		tally->raised[a->u.alarm.alarm.id]++;
		tally->by_priority[a->u.alarm.alarm.priority]++;
	}
}

static const char *check_watched_rules(const struct room *room)
{
	const char *wrong = NULL;

	for (int i = 0; i < room->config.plan.rule_count && wrong == NULL; i++)
		if (without_session(room, rule_of(room, i)))
			wrong = check_rule(room, i);
	return wrong;
}

static const char *check_open_session(const struct room *room)
{
	const char *wrong = NULL;

	for (int i = 0; i < room->config.plan.rule_count && wrong == NULL; i++)
		if (rule_of(room, i)->kind == RULE_ALARM)
			wrong = check_rule(room, i);
	for (int d = 0; d < DEVICE_TOTAL && wrong == NULL; d++) {
		wrong = check_device(room, d);
		for (int p = 0; p < PARAMETER_COUNT && wrong == NULL; p++)
			if ((room->config.devices[d].provides & PARAMETER_BIT(p)) != 0 &&
			    parameter_table[p].cadence == CADENCE_CONTINUOUS)
				wrong = check_missing(room, (enum parameter)p, d);
	}
	for (int i = 0; i < room->config.plan.check_count && wrong == NULL; i++)
		wrong = check_late(room, i);
	return wrong;
}

const char *oracle_check(struct room *room)
{
	const char *wrong;

	run_rules(room);
	count(room);
	wrong = check_actions(room);
	if (wrong == NULL)
		wrong = check_services(room);
	if (wrong == NULL)
		wrong = check_course(room);
	if (wrong == NULL)
		wrong = check_phase(room);
	for (int p = 0; p < PARAMETER_COUNT && wrong == NULL; p++)
		wrong = check_reading(room, (enum parameter)p);
	if (wrong == NULL)
		wrong = oracle_worse(room);
	if (wrong == NULL)
		wrong = oracle_measured(room);
	if (wrong != NULL)
		return wrong;
	return room->oracle.open ? check_open_session(room) : check_watched_rules(room);
}
