/* What must be true when an alarm gets better or worse: one situation is one alarm all the way down. Called by oracle.c
 * after every step. */
#include <stdio.h>

#include "tests/simulation/simulation.h"

static bool present(const struct room *room, int rule)
{
	enum alarm_state state = room->engine.alarms[rule].state;

	return state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED;
}

static const struct alarm *alarm_of(const struct room *room, int rule)
{
	return &room->engine.alarms[rule];
}

static const struct plan_rule *rule_of(const struct room *room, int rule)
{
	return &room->config.plan.rules[rule];
}

static const char *complain(const char *what, const struct plan_rule *p, const struct plan_rule *other)
{
	static char text[200];

	(void)snprintf(text, sizeof(text), "%s, %s: %s", p->name, other->name, what); /* cut off is good enough */
	return text;
}

/* A graver one that stood for it got better, and nobody has answered: it goes on saying so. */
bool oracle_awaits_answer(const struct room *room, int rule)
{
	for (int i = 0; i < room->config.plan.rule_count; i++)
		if ((room->oracle.rules[rule].beside & RULE_BIT(i)) != 0 && alarm_of(room, i)->state == ALARM_LATCHED &&
		    alarm_of(room, rule)->reason == REASON_NONE)
			return true;
	return false;
}

/* Which alarms stand for it, and stood since it began to wait. */
void oracle_beside(struct room *room, int rule)
{
	struct rule_run *run = &room->oracle.rules[rule];
	const struct plan_rule *p = rule_of(room, rule);

	if (p->term_count > 0 &&
	    (run->alarm != ALARM_ACKNOWLEDGED || alarm_of(room, rule)->state != ALARM_ACKNOWLEDGED)) {
		run->told = room->oracle.sent[p->terms[0].parameter].milli;
		run->knows = world_current(room, p->terms[0].parameter);
	}
	if (alarm_of(room, rule)->state != ALARM_PENDING)
		run->beside = 0;
	for (int i = 0; alarm_of(room, rule)->state == ALARM_PENDING && i < room->config.plan.rule_count; i++)
		if ((rule_of(room, rule)->superseded_by & RULE_BIT(i)) != 0 && present(room, i))
			run->beside |= RULE_BIT(i);
}

static bool one_value(const struct plan_rule *p)
{
	return p->term_count == 1 && p->with == 0 && p->terms[0].reference != REFERENCE_DIFFERENCE;
}

static bool above(const struct rule_term *term)
{
	return term->comparison == COMPARISON_ABOVE || term->comparison == COMPARISON_AT_LEAST;
}

static int64_t worse_by(const struct rule_term *term, int32_t now, int32_t told)
{
	return above(term) ? (int64_t)now - told : (int64_t)told - now;
}

/* Getting worse is told again: nothing that is worse than what was answered, by the step of the plan, counts as
 * answered. */
static const char *check_worse(const struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);
	const struct rule_run *run = &room->oracle.rules[rule];
	const struct alarm *alarm = alarm_of(room, rule);
	const struct sent *sent = &room->oracle.sent[p->terms[0].parameter];

	if (!one_value(p) || p->terms[0].worse_step == 0 || alarm->state != ALARM_ACKNOWLEDGED || !run->knows ||
	    alarm->priority == PRIORITY_NONE || !world_current(room, p->terms[0].parameter) ||
	    world_judge(room, rule, true) != TRUTH_HOLDS ||
	    worse_by(&p->terms[0], sent->milli, run->told) < p->terms[0].worse_step)
		return NULL;
	return complain("worse than what was answered, and nobody was told", p, p);
}

/* No two people move a critical limit of this patient beyond where the plan ends it. */
static const char *check_floor(const struct room *room, int rule)
{
	const struct plan_rule *p = rule_of(room, rule);

	for (int t = 0; t < p->term_count; t++)
		if (p->terms[t].has_never && room->oracle.limit_changed[rule][t] &&
		    worse_by(&p->terms[t], room->oracle.limits[rule][t], p->terms[t].never) > 0)
			return complain("a limit lies beyond its end", p, p);
	return NULL;
}

const char *oracle_worse(const struct room *room)
{
	const char *wrong = NULL;

	for (int i = 0; i < room->config.plan.rule_count && wrong == NULL && room->oracle.open; i++) {
		if (rule_of(room, i)->kind == RULE_ALARM && rule_of(room, i)->term_count > 0)
			wrong = check_worse(room, i);
		if (wrong == NULL)
			wrong = check_floor(room, i);
	}
	return wrong;
}

/* Getting better raises nothing: when an alarm ends because its value came back into the zone of a lesser one, that one
 * takes its place without a signal, or waits for the answer. */
const char *oracle_better(const struct room *room, int rule, const struct alarm *alarm, enum alarm_change change)
{
	const struct plan_rule *p = rule_of(room, rule);

	if (change == ALARM_EASED) {
		if (present(room, alarm->eased_from))
			return complain("the second is there, and the first takes its place", p,
			                rule_of(room, alarm->eased_from));
		if (world_judge(room, rule, true) == TRUTH_GONE)
			return complain("the first takes the place of the second without a reason", p,
			                rule_of(room, alarm->eased_from));
	}
	if (change != ALARM_RAISED || alarm->reason != REASON_NONE || !one_value(p) ||
	    room->oracle.was[rule].alarm == ALARM_LATCHED)
		return NULL;
	for (int i = 0; i < room->config.plan.rule_count; i++) {
		const struct plan_rule *other = rule_of(room, i);
		enum alarm_state was = room->oracle.was[i].alarm;

		if ((p->superseded_by & RULE_BIT(i)) != 0 && one_value(other) && !world_rule_out(room, i) &&
		    other->terms[0].parameter == p->terms[0].parameter &&
		    (was == ALARM_ACTIVE || was == ALARM_ACKNOWLEDGED) && !present(room, i) &&
		    room->oracle.was[i].knows &&
		    worse_by(&p->terms[0], room->oracle.sent[p->terms[0].parameter].milli, room->oracle.was[i].told) <=
		        0)
			return complain("the first is raised because the second got better", p, other);
	}
	return NULL;
}
