/* The alarms of the plan's rules: when a rule is judged, confirmation by a second cuff determination, supersession,
 * priority that changes while an alarm is present. Called within engine_step. docs/STATE-MACHINES.md says it in words.
 *
 * A rule with a continuous parameter, or one that depends on another alarm or on an instant, is judged at every step,
 * on what is known then. One of intermittent and entered parameters alone is judged exactly when one of them is
 * determined, and only its delays run in between. */
#include "core.h"

static const struct plan_rule *plan_rule(const struct engine *engine, uint8_t rule)
{
	return &engine->config->plan.rules[rule];
}

void rule_open(struct engine *engine)
{
	/* All their bytes: engines are compared by them. */
	memset(&engine->no_vital_sign, 0, sizeof(engine->no_vital_sign));
	memset(engine->rules, 0, sizeof(engine->rules));
	engine->no_vital_sign.again = MONO_NEVER;
	for (uint8_t i = 0; i < PLAN_RULES_MAX; i++) {
		struct rule_state *state = &engine->rules[i];

		state->confirm_at = state->determined = state->established = MONO_NEVER;
		state->onset.again = state->unattended_since = MONO_NEVER;
		for (uint8_t k = 0; k < RULE_REPEATS_MAX; k++)
			state->onsets[k] = MONO_NEVER;
	}
}

/* MONO_NEVER if it has not happened, or if the rule waits for nothing. */
static struct mono from_at(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = plan_rule(engine, rule);

	if (!p->has_from)
		return MONO_NEVER;
	return mono_after(clocks_anchor(&engine->session, p->from), p->from_after_ns);
}

/* A gate is judged until the start, an alarm rule in its phases, a leave rule when somebody asks (blocker.c). */
static bool in_force(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = plan_rule(engine, rule);

	if (!engine->session.open)
		return watch_rule(engine, rule);
	switch (p->kind) {
	case RULE_LEAVE:
		return false;
	case RULE_GATE:
		return !engine->session.started;
	case RULE_ALARM:
		break;
	}
	return (p->phases & (1U << engine->session.phase)) != 0 &&
	       (!p->has_from || mono_reached(from_at(engine, rule), engine->now));
}

static bool judged_always(const struct plan_rule *rule)
{
	return rule_has_cadence(rule, CADENCE_CONTINUOUS) || rule->with != 0 || rule->has_from;
}

static bool has_fresh(const struct plan_rule *rule, parameter_set fresh)
{
	for (uint8_t i = 0; i < rule->term_count; i++)
		if ((fresh & PARAMETER_BIT(rule->terms[i].parameter)) != 0)
			return true;
	return false;
}

static enum priority priority_of(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = plan_rule(engine, rule);
	const struct rule_state *state = &engine->rules[rule];
	enum priority priority = state->lowered ? p->lower : p->priority;

	if (p->confirm && p->first > PRIORITY_NONE && !engine->alarms[ALARM_BASE_RULE + rule].confirmed)
		priority = p->first;
	return state->unattended && p->unattended > priority ? p->unattended : priority;
}

static int cuff_of(const struct engine *engine, const struct plan_rule *rule)
{
	return rule->term_count > 0 ? device_of_cuff(engine, rule->terms[0].parameter) : -1;
}

/* A determination beyond the limit, or not yet back at `clear`. The first asks for a repeat, the second confirms. */
static void confirm(struct step *step, uint8_t rule, struct mono since)
{
	struct engine *engine = step->engine;
	const struct plan_rule *p = plan_rule(engine, rule);
	struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];
	int device = cuff_of(engine, p);

	if (alarm->state == ALARM_INACTIVE) {
		alarm->confirmed = false;
		engine->rules[rule].confirm_at = mono_after(since, p->confirm_within_ns);
		if (device >= 0)
			device_want_cuff(step, (uint8_t)device);
		return;
	}
	engine->rules[rule].confirm_at = MONO_NEVER;
	if (rule_verdict(engine, rule, false).judgement == JUDGEMENT_HOLDS)
		alarm->confirmed = true;
}

/* A valid determination for a rule that is judged only then. */
static void judge_determination(struct step *step, uint8_t rule, struct verdict *verdict, bool engaged)
{
	struct engine *engine = step->engine;
	const struct plan_rule *p = plan_rule(engine, rule);
	struct rule_state *state = &engine->rules[rule];
	uint16_t id = (uint16_t)(ALARM_BASE_RULE + rule);
	bool unconfirmed = p->confirm && !engine->alarms[id].confirmed;

	if (verdict->judgement == JUDGEMENT_HOLDS) {
		state->back = 0;
		if (p->confirm)
			confirm(step, rule, verdict->since);
		verdict->priority = priority_of(engine, rule);
	} else {
		state->confirm_at = MONO_NEVER;
		if (!engaged)
			state->back = 0;
		else if (state->back < UINT8_MAX)
			state->back++;
		if (engaged && !unconfirmed && state->back < p->clear_readings) {
			alarm_advance(step, id);
			return;
		}
	}
	alarm_judge(step, id, verdict);
}

static void note_violation(struct engine *engine, uint8_t rule, const struct verdict *verdict)
{
	const struct plan_rule *p = plan_rule(engine, rule);

	engine->rules[rule].determined = verdict->since;
	engine->rules[rule].lowered =
	    (p->lower_phases & (1U << engine->session.phase)) != 0 && rule_falls(engine, rule);
}

/* Its alarm is not there yet and it begins to be violated, again and again. */
static void note_onset(struct step *step, uint8_t rule)
{
	const struct plan_rule *p = plan_rule(step->engine, rule);
	struct mono *onsets = step->engine->rules[rule].onsets;

	for (uint8_t i = 0; i + 1 < RULE_REPEATS_MAX; i++)
		onsets[i] = onsets[i + 1];
	onsets[RULE_REPEATS_MAX - 1] = step->now;
	if (p->repeat_count == 0)
		return;

	struct mono first = onsets[RULE_REPEATS_MAX - p->repeat_count];

	if (!mono_is_never(first) && mono_since(step->now, first) <= p->repeat_within_ns)
		alarm_establish(step, (uint16_t)(ALARM_BASE_RULE + rule));
}

/* The last that was known was beyond the limit, and now there is nothing: no ordinary missing value. */
static void judge_loss(struct step *step, uint8_t rule, enum judgement judgement)
{
	struct engine *engine = step->engine;
	uint16_t id = (uint16_t)(ALARM_BASE_RULE + rule);
	enum reason reason = REASON_NONE;
	bool lost = judgement == JUDGEMENT_UNKNOWN && mono_reached(rule_lost_at(engine, rule, &reason), step->now);

	if (plan_rule(engine, rule)->kind != RULE_ALARM || !engine->session.open)
		return; /* without a session nobody says whether a patient is there: judged while values flow */
	alarm_lost(step, id, lost ? reason : REASON_NONE);
	if (lost)
		alarm_establish(step, id);
}

/* Before anything is told of the alarm: what its value is now, and the worst since it was raised. */
static void note_value(struct step *step, uint8_t rule)
{
	struct alarm *alarm = &step->engine->alarms[ALARM_BASE_RULE + rule];
	int32_t milli = 0;
	bool above = false;

	if (!alarm_announced(alarm->state))
		return;
	alarm->has_now = alarm->has_value && rule_value(step->engine, rule, alarm->parameter, &milli, &above);
	alarm->now_milli = alarm->has_now ? milli : 0;
	if (alarm->has_now && (above ? milli > alarm->worst_milli : milli < alarm->worst_milli))
		alarm->worst_milli = milli;
}

static void rule_judge(struct step *step, uint8_t rule)
{
	struct engine *engine = step->engine;
	const struct plan_rule *p = plan_rule(engine, rule);
	uint16_t id = (uint16_t)(ALARM_BASE_RULE + rule);
	bool engaged = rule_established(engine, rule), always = judged_always(p), fresh = has_fresh(p, step->fresh);
	struct verdict verdict;

	if (p->kind == RULE_LEAVE)
		return;
	note_value(step, rule);
	if (rule_out(engine, rule) || (p->kind == RULE_GATE && engine->session.started)) {
		alarm_drop(step, id);
		return;
	}
	if (!engaged && !in_force(engine, rule)) {
		alarm_lapse(step, id);
		return;
	}
	if (!always && !fresh) {
		alarm_advance(step, id);
		return;
	}
	verdict = rule_verdict(engine, rule, engaged);
	if (p->with != 0 && !rule_any_established(engine, p->with)) {
		verdict.judgement = JUDGEMENT_GONE;
		verdict.since = engine->now;
	}
	/* A determination that failed says nothing: whatever runs goes on. */
	if (!always && verdict.judgement == JUDGEMENT_UNKNOWN) {
		alarm_advance(step, id);
		return;
	}
	if (!engine->session.open && engaged && verdict.judgement == JUDGEMENT_UNKNOWN) {
		verdict.judgement = JUDGEMENT_GONE; /* no value flows any more; what latches waits for an answer */
		verdict.since = engine->now;
	}
	verdict.since = mono_later(verdict.since, p->with != 0 ? engine->now : engine->watched_since);
	if (p->has_from)
		verdict.since = mono_later(verdict.since, mono_earlier(from_at(engine, rule), engine->now));
	if (fresh && verdict.judgement == JUDGEMENT_HOLDS)
		note_violation(engine, rule, &verdict);
	if (always) {
		bool onset = verdict.judgement == JUDGEMENT_HOLDS && engine->alarms[id].state == ALARM_INACTIVE;

		verdict.priority = priority_of(engine, rule);
		alarm_judge(step, id, &verdict);
		if (onset)
			note_onset(step, rule);
		judge_loss(step, rule, verdict.judgement);
	} else {
		judge_determination(step, rule, &verdict, engaged);
	}
}

/* What becomes of an alarm that nothing keeps back any more. */
enum release {
	RELEASE_RAISE,
	RELEASE_EASE, /* it takes the place of the one that stood for it */
	RELEASE_WAIT, /* that one waits for its answer yet, or this is the rest of what was told */
};

/* A graver alarm that got better into this one is the same situation: getting better raises nothing. `graver` is the
 * one whose place is taken. While a graver one is latched nobody has answered, and it goes on saying so for both; what
 * was on its way back when the graver one ended is only told if it breaks its limit again. A value that is lost is
 * news. */
static enum release release_of(const struct engine *engine, uint8_t rule, enum judgement judgement, uint8_t *graver)
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];
	rule_set cover = engine->rules[rule].cover;
	bool knew = false, now = false;

	if (alarm->state != ALARM_PENDING || alarm->reason != REASON_NONE)
		return RELEASE_RAISE;
	for (uint8_t i = 0; cover >> i != 0; i++) {
		const struct alarm *other = &engine->alarms[ALARM_BASE_RULE + i];

		if ((cover >> i & 1) == 0 || !rule_knew(engine, i, rule))
			continue;
		if (other->state == ALARM_LATCHED)
			return RELEASE_WAIT;
		knew = true;
		if (other->changed.ns != engine->now.ns)
			continue;
		if (!now || mono_is_never(other->acknowledged)) /* if one was not answered nobody has answered this */
			*graver = i;
		now = true;
	}
	if (now)
		return RELEASE_EASE;
	if (knew && judgement == JUDGEMENT_UNKNOWN)
		return RELEASE_WAIT; /* it is back in a moment, or lost */
	return knew && rule_verdict(engine, rule, false).judgement == JUDGEMENT_GONE ? RELEASE_WAIT : RELEASE_RAISE;
}

/* One situation, one alarm. Whoever is established keeps back what it supersedes, kept back itself or not, so the order
 * of the rules does not matter. What is on its way back to normal is not announced anew. A delay that runs yet when the
 * graver one ends is over with it: the limit is broken, and that was announced; a first reading waits for its repeat.
 */
static void supersede(struct step *step, uint8_t rule)
{
	struct engine *engine = step->engine;
	const struct plan_rule *p = plan_rule(engine, rule);
	struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];
	bool delayed = alarm->state == ALARM_PENDING && !alarm->kept_back && !p->confirm;
	uint8_t graver = 0;

	if (p->kind != RULE_ALARM)
		return;
	if (rule_superseded(engine, rule)) {
		if (alarm_present(alarm))
			alarm_withhold(step, alarm->id);
		return;
	}
	if ((!alarm->kept_back && !delayed) || !mono_is_never(alarm->cleared) || engine->rules[rule].back > 0)
		return;

	struct verdict verdict = rule_verdict(engine, rule, true);
	enum release release = release_of(engine, rule, verdict.judgement, &graver);

	if (release == RELEASE_WAIT || (delayed && release == RELEASE_RAISE))
		return;
	if (p->confirm && p->first == PRIORITY_NONE)
		alarm->confirmed = true; /* else it would not be established */
	verdict.priority = priority_of(engine, rule);
	if (release == RELEASE_RAISE) {
		alarm_release(step, alarm->id, &verdict);
		return;
	}
	alarm_ease(step, alarm->id, (uint16_t)(ALARM_BASE_RULE + graver), &verdict);
	rule_note(engine, rule, engine->rules[rule].told); /* what it is now is known */
}

/* Who stands for it, all of them being announced by now. Kept when they end, until this one is announced or over: it
 * may have begun before, and wait for its delay or its second reading. */
static void note_cover(struct engine *engine, uint8_t rule)
{
	const struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];
	struct mono *established = &engine->rules[rule].established;
	bool waits = alarm->state == ALARM_PENDING;
	rule_set cover = waits ? rule_cover(engine, rule) : 0;

	if (!rule_established(engine, rule))
		*established = MONO_NEVER;
	else if (mono_is_never(*established))
		*established = engine->now;
	if (cover != 0 || !waits)
		engine->rules[rule].cover = cover;
}

/* Present, nobody answers, and the drug goes on flowing. */
static void attend(struct step *step, uint8_t rule)
{
	const struct session *session = &step->engine->session;
	const struct plan_rule *p = plan_rule(step->engine, rule);
	const struct alarm *alarm = &step->engine->alarms[ALARM_BASE_RULE + rule];
	struct rule_state *state = &step->engine->rules[rule];

	if (!alarm_present(alarm) || !session->open || !session->started || session->paused || session->ended) {
		state->unattended_since = MONO_NEVER;
		state->unattended = false;
	} else if (alarm->state == ALARM_ACKNOWLEDGED ||
	           (alarm->eased && (rule_falls(step->engine, rule) || state->back > 0))) {
		state->unattended_since = MONO_NEVER;
	} else if (mono_is_never(state->unattended_since)) {
		state->unattended_since = step->now;
	}
	if (p->unattended > PRIORITY_NONE &&
	    mono_reached(mono_after(state->unattended_since, p->unattended_ns), step->now))
		state->unattended = true;
}

static struct mono extra_cuff_at(const struct engine *engine, uint8_t rule)
{
	const struct plan_rule *p = plan_rule(engine, rule);
	int device =
	    p->cuff_every_ns > 0 && p->kind == RULE_ALARM && rule_established(engine, rule) ? cuff_of(engine, p) : -1;

	if (device < 0 || engine->devices[device].cuff_wanted)
		return MONO_NEVER;

	struct mono last = mono_last(engine->parameters[p->terms[0].parameter].latest.determined,
	                             engine->devices[device].cuff_requested_at);

	return mono_after(mono_last(last, engine->session.opened_at), p->cuff_every_ns);
}

/* Whether it got worse since somebody answered. */
static void follow(struct step *step, uint8_t rule)
{
	struct engine *engine = step->engine;
	struct rule_state *state = &engine->rules[rule];
	struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];
	struct verdict worse = {.judgement = JUDGEMENT_HOLDS};

	if (!alarm_announced(alarm->state))
		return;
	if (alarm->state == ALARM_ACKNOWLEDGED && rule_worse(engine, rule, state->told, &worse))
		alarm_worse(step, alarm->id, &worse);
	if (alarm->state != ALARM_ACKNOWLEDGED)
		rule_note(engine, rule, state->told); /* what whoever answers now has been told of */
}

/* An inflation on the oximeter's limb would take away the saturation that alarms. */
static bool blinds(const struct engine *engine, const struct plan_rule *rule)
{
	int oximeter = engine->parameters[PARAMETER_SPO2].device;

	for (uint8_t i = 0; i < rule->term_count; i++)
		if (rule->terms[i].parameter == PARAMETER_SPO2 && oximeter >= 0 &&
		    engine->config->devices[oximeter].same_limb)
			return true;
	return false;
}

/* The patient's pressure is asked for now, whenever the last one was. */
static void measure(struct step *step, uint8_t rule)
{
	struct engine *engine = step->engine;
	const struct plan_rule *p = plan_rule(engine, rule);
	int device = device_of_cuff(engine, PARAMETER_NIBP_SYS);

	if (p->measure_now && device_onset(step, &engine->rules[rule].onset, rule_established(engine, rule)) &&
	    device >= 0 && !blinds(engine, p))
		device_want_cuff(step, (uint8_t)device);
}

/* What happens to an alarm while it is present, without a new value. */
static void settle(struct step *step, uint8_t rule)
{
	struct engine *engine = step->engine;
	struct rule_state *state = &engine->rules[rule];
	struct alarm *alarm = &engine->alarms[ALARM_BASE_RULE + rule];

	if (!rule_established(engine, rule) && alarm->state != ALARM_PENDING) {
		state->confirm_at = MONO_NEVER;
		state->back = 0;
	} else if (mono_reached(state->confirm_at, step->now)) {
		state->confirm_at = MONO_NEVER;
		alarm->confirmed = true;
	}
	attend(step, rule);
	measure(step, rule);
	follow(step, rule);
	if (alarm_present(alarm))
		alarm_set_priority(step, alarm->id, priority_of(engine, rule));
	if (mono_reached(extra_cuff_at(engine, rule), step->now))
		device_want_cuff(step, (uint8_t)cuff_of(engine, plan_rule(engine, rule)));
}

/* When the next entry is due because one was violating (S2). Without a session nobody is asked for any. */
static void note_recheck(struct step *step)
{
	struct session *session = &step->engine->session;
	struct mono due = MONO_NEVER;

	for (uint8_t i = 0; session->open && i < step->engine->config->plan.rule_count; i++) {
		const struct plan_rule *p = plan_rule(step->engine, i);
		struct mono at = mono_after(step->engine->rules[i].determined, p->recheck_ns);

		if (p->recheck_ns == 0 || !rule_established(step->engine, i) || !mono_before(at, due))
			continue;
		due = at;
		session->recheck = p->terms[0].parameter;
	}
	if (due.ns == session->recheck_due.ns) /* nothing new, or nothing as before */
		return;
	session->recheck_due = due;
	step->checks_changed = true;
}

void rule_judge_all(struct step *step)
{
	const struct plan *plan = &step->engine->config->plan;

	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (plan->rules[i].with == 0)
			rule_judge(step, i);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (plan->rules[i].with != 0)
			rule_judge(step, i);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		supersede(step, i);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		note_cover(step->engine, i);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		settle(step, i);
	note_recheck(step);
}

static struct mono loss_deadline(const struct engine *engine, uint8_t rule)
{
	enum alarm_state state = engine->alarms[ALARM_BASE_RULE + rule].state;
	enum reason reason = REASON_NONE;

	if (state == ALARM_INACTIVE || state == ALARM_LATCHED || !engine->session.open)
		return MONO_NEVER;

	struct mono at = rule_lost_at(engine, rule, &reason);

	return mono_reached(at, engine->now) ? MONO_NEVER : at;
}

struct mono rule_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++) {
		const struct rule_state *state = &engine->rules[i];
		const struct plan_rule *p = plan_rule(engine, i);

		deadline = mono_earlier(deadline, mono_earlier(state->confirm_at, state->onset.again));
		deadline = mono_earlier(deadline, loss_deadline(engine, i));
		if (p->unattended > PRIORITY_NONE && !state->unattended)
			deadline = mono_earlier(deadline, mono_after(state->unattended_since, p->unattended_ns));
		if (!mono_reached(from_at(engine, i), engine->now))
			deadline = mono_earlier(deadline, from_at(engine, i));
		deadline = mono_earlier(deadline, extra_cuff_at(engine, i));
	}
	return deadline;
}
