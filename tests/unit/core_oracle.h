/* Random bedsides, random events, and what must hold after every step whatever happened. Bytes decide everything, so
 * the same source serves the seeded random test (tests/unit/test_core_random.c) and the fuzzer
 * (tests/fuzz/fuzz_engine.c). */
#ifndef CORE_ORACLE_H
#define CORE_ORACLE_H

#include "tests/unit/core_world.h"

/* ---- bytes to decisions -------------------------------------------------------------------------------------------
 */

struct source {
	const uint8_t *bytes;
	size_t size, at;
};

static inline bool source_empty(const struct source *s)
{
	return s->at >= s->size;
}

/* 0 when the source is empty. */
static inline uint8_t take(struct source *s)
{
	return source_empty(s) ? 0 : s->bytes[s->at++];
}

static inline int pick(struct source *s, int count)
{
	return take(s) % count;
}

static inline int64_t pick_time(struct source *s)
{
	static const int64_t times[] = {0, 1, 500 * MS, 1 * S, 2 * S, 3 * S, 3 * S + 1, 10 * S};

	return times[pick(s, 8)];
}

static inline void random_term(struct source *s, struct rule_term *term)
{
	term->parameter = (enum parameter)pick(s, PARAMETER_COUNT);
	term->comparison = (enum comparison)pick(s, 4);
	term->reference = (enum reference)(pick(s, 4) == 0 ? 1 + pick(s, 2) : 0);
	term->other = (enum parameter)pick(s, PARAMETER_COUNT);
	term->low_baseline = term->reference == REFERENCE_ABSOLUTE && pick(s, 4) == 0 ? 100 * MILLI : 0;
	term->low_drop = 15 * MILLI;

	bool above = term->comparison == COMPARISON_ABOVE || term->comparison == COMPARISON_AT_LEAST;
	const struct parameter_info *info = &parameter_table[term->parameter];
	int32_t span = (info->plausible_max - info->plausible_min) / MILLI;
	int32_t limit = info->plausible_min / MILLI + (int32_t)(take(s)) * span / 255;

	if (term->reference != REFERENCE_ABSOLUTE)
		limit = above || term->reference == REFERENCE_DIFFERENCE ? 20 : -20;
	term->limit = limit * MILLI;
	term->worse_step = pick(s, 3) == 0 ? (1 + pick(s, 4)) * MILLI : 0;
	term->clear = term->limit + (above ? -1 : 1) * pick(s, 6) * MILLI;
}

/* What a rule may have besides: legal combinations only. */
static inline void random_rule_rest(struct source *s, struct plan *plan, int index)
{
	struct plan_rule *rule = &plan->rules[index];
	bool cuff = true;

	for (uint8_t t = 0; t < rule->term_count; t++)
		cuff = cuff && parameter_table[rule->terms[t].parameter].cadence == CADENCE_INTERMITTENT;
	rule->clear_readings = (uint8_t)(1 + pick(s, 2));
	if (rule->kind != RULE_ALARM) {
		rule->latching = false;
		rule->optional = pick(s, 2) == 1;
		rule->falling = pick(s, 4) == 0;
		rule->group[0] = (char)(pick(s, 3) == 0 ? 'g' : 0);
		return;
	}
	for (int i = index + 1; i < plan->rule_count; i++)
		if (pick(s, 4) == 0 && plan->rules[i].kind == RULE_ALARM)
			rule->superseded_by |= RULE_BIT(i);
	rule->critical = pick(s, 4) == 0;
	rule->blocks_leave = pick(s, 4) == 0;
	rule->measure_now = !cuff && pick(s, 4) == 0;
	rule->lower_phases = (uint8_t)(pick(s, 3) == 0 ? 0xff : 0);
	rule->lower = (enum priority)pick(s, (int)rule->priority + 1);
	rule->unattended_ns = pick_time(s) + 1;
	rule->unattended = (enum priority)(pick(s, 3) == 0 ? pick(s, 4) : 0);
	rule->recheck_ns = pick(s, 3) == 0 ? pick_time(s) : 0;
	rule->cuff_every_ns = cuff && pick(s, 3) == 0 ? 30 * S : 0;
	if (cuff && pick(s, 2) == 0) {
		rule->confirm = true;
		rule->first = (enum priority)pick(s, (int)rule->priority + 1);
		rule->latch_first = rule->first > PRIORITY_NONE && pick(s, 3) == 0;
		rule->confirm_within_ns = pick_time(s) + 1;
		rule->delay_ns = rule->clear_delay_ns = 0;
		return;
	}
	for (int i = 0; i < index; i++)
		if (pick(s, 8) == 0 && plan->rules[i].kind == RULE_ALARM && plan->rules[i].with == 0)
			rule->with |= RULE_BIT(i);
	if (rule->with != 0 && pick(s, 4) == 0)
		rule->term_count = 0;
	rule->has_from = pick(s, 6) == 0;
	rule->from = (enum anchor)pick(s, 3);
	rule->from_after_ns = pick_time(s);
}

static inline void random_session(struct source *s, struct world *w)
{
	struct plan *plan = &w->config.plan;

	plan->watch_without_session = pick(s, 2) == 1;
	plan->missing_clear_ns = pick_time(s);
	plan->missing_sole = (enum priority)pick(s, 4);
	plan->missing_parameters = pick(s, 3) == 0 ? PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_RESP) : 0;
	plan->reminder_ns = pick(s, 3) == 0 ? pick_time(s) : 0;
	plan->nuisance_ns = pick_time(s);
	plan->measure_again_ns = pick_time(s) + 1;
	plan->cuff_rest_ns = pick_time(s);
	plan->cuff_mask_ns = pick_time(s);
	plan->cuff_mask_max_ns = plan->cuff_mask_ns + pick_time(s);
	plan->route = (enum route)pick(s, 3);
	plan->dose.device_ug = pick(s, 2) * 28000;
	plan->dose.device_rest_ns = pick_time(s);
	plan->dose.max_ug_per_kg = pick(s, 4) == 0 ? 1000 : 0;
	plan->leave.has_earliest = pick(s, 4) == 0;
	plan->leave.earliest = (enum anchor)pick(s, 3);
	plan->leave.earliest_after_ns = pick_time(s);
	plan->leave.quiet_ns = pick(s, 4) == 0 ? pick_time(s) : 0;
	plan->leave.cuff_within_ns = pick_time(s);
	plan->item_count = (uint8_t)(pick(s, 6) == 0 ? 2 : 0);
	plan->items[0].name[0] = 'a';
	plan->items[1].name[0] = 'b';
	plan->items[1].when = ITEM_LEAVE;
	plan->baseline_scores = pick(s, 8) == 0 ? PARAMETER_BIT(PARAMETER_MOAAS) : 0;
	w->config.devices[OXIMETER].same_limb = pick(s, 2) == 1;
	w->config.display_count = (uint8_t)(pick(s, 2));
	w->config.displays[0][0] = 'd';
	w->config.display_within_ns = pick_time(s) + 1;
}

static inline void random_plan(struct source *s, struct world *w)
{
	struct plan *plan = &w->config.plan;

	world_plan(w);
	random_session(s, w);
	for (int i = pick(s, 8); i > 0; i--) {
		struct plan_rule *rule = &plan->rules[plan->rule_count++];

		rule->priority = (enum priority)pick(s, 4);
		rule->latching = pick(s, 2) == 1;
		rule->combination = (enum combination)pick(s, 2);
		rule->term_count = (uint8_t)(1 + pick(s, RULE_TERMS_MAX));
		for (uint8_t t = 0; t < rule->term_count; t++)
			random_term(s, &rule->terms[t]);
		rule->delay_ns = pick_time(s);
		rule->clear_delay_ns = pick_time(s);
		rule->phases = (uint8_t)(pick(s, 2) == 0 ? 0xff : take(s));
		rule->kind = (enum rule_kind)(pick(s, 6) == 0 ? 1 + pick(s, 2) : 0);
		rule->name[0] = 'r';
		rule->name[1] = (char)('0' + plan->rule_count);
	}
	for (int i = 0; i < plan->rule_count; i++)
		random_rule_rest(s, plan, i);
	for (int i = pick(s, 4); i > 0; i--) {
		struct plan_check *check = &plan->checks[plan->check_count++];
		check->name[0] = (char)('a' + plan->check_count);

		check->parameter = (enum parameter)pick(s, PARAMETER_COUNT);
		check->anchor = (enum anchor)pick(s, 3);
		check->late_after_ns = pick_time(s) + 1;
		check->time_count = (uint8_t)(1 + pick(s, 5));
		for (uint8_t t = 0; t < check->time_count; t++)
			check->times_ns[t] = (t > 0 ? check->times_ns[t - 1] + 1 : 0) + pick_time(s);
		check->early_ns = pick_time(s) * 20;
		check->late = (enum priority)pick(s, 4);
		check->with = pick(s, 4) == 0 && plan->rule_count > 0 ? RULE_BIT(0) : 0;
	}
	plan->baseline_readings = (uint8_t)(1 + pick(s, 4));
	plan->missing.raise_after_ns = pick_time(s);
	plan->missing.escalate_after_ns = pick(s, 4) == 0 ? INT64_MAX : pick_time(s) + 2 * S;
	plan->missing.priority = (enum priority)pick(s, 4);
	plan->missing.escalated = (enum priority)pick(s, 4);
	for (int d = 0; d < w->config.device_count; d++)
		w->config.devices[d].period_ns = 10 * MS + pick_time(s);
}

/* Values near the limits, where things happen, or anywhere. */
static inline int32_t random_milli(struct source *s, const struct world *w, enum parameter parameter)
{
	const struct plan *plan = &w->config.plan;
	const struct parameter_info *info = &parameter_table[parameter];
	int32_t middle = (info->plausible_min + info->plausible_max) / 2;

	for (uint8_t r = 0; r < plan->rule_count; r++) {
		const struct rule_term *term = &plan->rules[r].terms[0];

		if (term->parameter == parameter && term->reference == REFERENCE_ABSOLUTE && pick(s, 3) == 0)
			return term->limit + (pick(s, 13) - 6) * MILLI;
	}
	return middle + ((int32_t)take(s) - 128) * (info->plausible_max - info->plausible_min) / 240;
}

static inline void random_frame(struct source *s, const struct world *w, struct event_measurements *m)
{
	m->device = (uint8_t)pick(s, 4);
	m->count = (uint8_t)pick(s, EVENT_MEASUREMENTS_MAX + 1);
	for (uint8_t i = 0; i < m->count; i++) {
		struct measurement *one = &m->list[i];
		int provided[PARAMETER_COUNT], count = 0;

		for (int p = 0; p < PARAMETER_COUNT; p++)
			if (m->device < w->config.device_count &&
			    (w->config.devices[m->device].provides & PARAMETER_BIT(p)) != 0)
				provided[count++] = p;
		one->parameter = (enum parameter)(count > 0 && pick(s, 16) > 0 ? provided[pick(s, count)]
		                                                               : pick(s, PARAMETER_COUNT + 2));
		one->quality = (enum quality)(pick(s, 8) > 1 ? QUALITY_VALID : pick(s, 4));
		one->reason = (enum reason)(one->quality == QUALITY_VALID ? 0 : pick(s, REASON_COUNT + 2));
		if ((unsigned)one->parameter < PARAMETER_COUNT)
			one->milli = random_milli(s, w, one->parameter);
		one->determined = at(w->now - (pick(s, 3) == 0 ? pick_time(s) / 4 : 0) + (pick(s, 64) == 0 ? S : 0));
	}
}

static inline void random_maintenance(struct source *s, const struct world *w, struct event_command *c)
{
	if (c->command == COMMAND_ITEM) {
		c->u.item.name[0] = (char)('a' + pick(s, 3));
		c->u.item.ticked = pick(s, 3) > 0;
	} else if (c->command == COMMAND_LIMIT) {
		c->u.limit.rule[0] = 'r';
		c->u.limit.rule[1] = (char)('1' + pick(s, 9));
		const struct plan *plan = &w->engine.config->plan;
		int rule = pick(s, PLAN_RULES_MAX), term = pick(s, RULE_TERMS_MAX);
		if (rule < plan->rule_count && term < plan->rules[rule].term_count)
			engine_term_name(&plan->rules[rule].terms[term], c->u.limit.term);
		c->u.limit.limit = (take(s) - 28) * MILLI;
		c->u.limit.second_person[0] = (char)(pick(s, 2) == 0 ? 'B' : 0);
		c->u.limit.reason[0] = 'x';
	} else if (c->command == COMMAND_TAKE_OUT) {
		c->u.take_out.is_device = pick(s, 2) == 0;
		put_text(c->u.take_out.name, c->u.take_out.is_device ? "oximeter" : "nibp_sys", NAME_BYTES);
		c->u.take_out.duration_s = pick(s, 3) == 0 ? 0 : 60;
		c->u.take_out.reason[0] = 'x';
		c->u.take_out.override.name[0] = (char)(pick(s, 2) == 0 ? 'M' : 0);
		c->u.take_out.override.reason[0] = 'x';
	} else if (c->command == COMMAND_OXYGEN) {
		c->u.oxygen_ml_per_min = (pick(s, 64) - 1) * MILLI;
	} else if (c->command == COMMAND_ALARM_ACKNOWLEDGE_SHOWN) {
		c->u.shown.settled_ns = pick(s, 2) * 2 * S;
		c->u.shown.count = (uint8_t)pick(s, SHOWN_ALARMS_MAX + 2);
		for (uint8_t i = 0; i < c->u.shown.count && i < SHOWN_ALARMS_MAX; i++) {
			uint16_t slot = (uint16_t)pick(s, ALARMS_MAX);

			c->u.shown.list[i] =
			    (struct shown_alarm){engine_alarm_id(&w->engine, slot),
			                         w->engine.alarms[slot].generation - (uint32_t)pick(s, 2)};
		}
	} else if (c->command == COMMAND_RECEIPT) {
		c->u.receipt.display[0] = pick(s, 4) > 0 ? 'd' : 'e';
		c->u.receipt.shown = at(w->now - pick_time(s));
	}
}

static inline void random_command(struct source *s, const struct world *w, struct event_command *c)
{
	/* Mostly what a session needs, so that runs get somewhere. */
	static const uint8_t likely[] = {COMMAND_SESSION_OPEN,      COMMAND_SESSION_OPEN, COMMAND_SESSION_START,
	                                 COMMAND_ALARM_ACKNOWLEDGE, COMMAND_OBSERVE,      COMMAND_ALARM_ACKNOWLEDGE,
	                                 COMMAND_RECEIPT,           COMMAND_OBSERVE};

	memcpy(c->actor, "nurse", 5);
	c->id = take(s);
	c->command = (enum command)(pick(s, 3) > 0 ? likely[pick(s, 8)] : pick(s, COMMAND_COUNT + 1));
	if (c->command == COMMAND_SESSION_OPEN) {
		memcpy(c->u.order.patient_ref, pick(s, 8) == 0 ? "a b" : "P-1", 3);
		memcpy(c->u.order.session_id, "S-1", 3);
		c->u.order.duration_s = pick(s, 4) == 0 ? 60 : 0;
		c->u.order.weight_g = pick(s, 8) == 0 ? take(s) * 2000 : 0;
	} else if (c->command == COMMAND_ALARM_ACKNOWLEDGE) {
		c->u.alarm_id =
		    pick(s, 2) == 0 ? ALARM_ID_ALL : engine_alarm_id(&w->engine, (uint16_t)pick(s, ALARMS_MAX + 2));
	} else if (c->command == COMMAND_OBSERVE) {
		c->u.observation.has_score = pick(s, 4) > 0;
		c->u.observation.parameter = (enum parameter)(PARAMETER_MOAAS + pick(s, 7));
		c->u.observation.milli = (pick(s, 10) - 4) * MILLI;
		c->u.observation.note[0] = pick(s, 2) == 0 ? '\0' : 'x';
	} else if (c->command == COMMAND_SESSION_START || c->command == COMMAND_SESSION_RESUME ||
	           c->command == COMMAND_SESSION_CLOSE || c->command == COMMAND_DEVICE_GIVEN) {
		c->u.override.name[0] = pick(s, 3) > 0 ? 'M' : '\0';
		c->u.override.reason[0] = pick(s, 8) > 0 ? 'x' : '\0';
	} else {
		random_maintenance(s, w, c);
	}
}

static inline void random_event(struct source *s, const struct world *w, struct event *event)
{
	int kind = pick(s, 17);

	memset(event, 0, sizeof(*event));
	event->wall_ns = w->now * 3;
	if (kind < 8) {
		event->kind = EVENT_MEASUREMENTS;
		random_frame(s, w, &event->u.measurements);
	} else if (kind < 10) {
		event->kind = EVENT_DEVICE;
		event->u.device.device = (uint8_t)pick(s, 4);
		event->u.device.state = (enum device_state)(pick(s, 3) > 0 ? DEVICE_UP : pick(s, 5));
		event->u.device.fault = (enum device_fault)pick(s, FAULT_COUNT + 1);
	} else if (kind < 13) {
		event->kind = EVENT_COMMAND;
		random_command(s, w, &event->u.command);
	} else if (kind == 13) {
		event->kind = EVENT_SERVICE;
		event->u.service.service = (enum service)pick(s, SERVICE_COUNT + 1);
		event->u.service.ok = pick(s, 2) == 1;
	} else if (kind == 14) {
		event->kind = EVENT_CLOCK;
		event->u.clock.step_ns = (pick(s, 9) - 4) * S;
	} else if (kind == 15) {
		event->kind = EVENT_AWAY;
		event->u.away.away_ns = pick(s, 21) * S;
		event->u.away.doubtful = pick(s, 2) == 1;
	} else {
		event->kind = EVENT_TICK;
	}
}

/* When the next event comes: often soon, often exactly at the deadline or just beside it. */
static inline int64_t random_instant(struct source *s, const struct world *w)
{
	struct mono deadline = engine_deadline(&w->engine);

	switch (pick(s, 6)) {
	case 0:
		return deadline.ns == INT64_MAX ? w->now + S : deadline.ns;
	case 1:
		return deadline.ns == INT64_MAX ? w->now : deadline.ns - 1;
	case 2:
		return w->now + pick_time(s) * 4;
	case 3:
		return w->now;
	default:
		return w->now + take(s) * 5 * MS;
	}
}

/* ---- what must hold -----------------------------------------------------------------------------------------------
 */

/* A critical rule of live values and fixed limits alone, if the plan wants it. */
static inline bool needs_no_session(const struct engine *e, int id)
{
	const struct plan_rule *p = &e->config->plan.rules[id < PLAN_RULES_MAX ? id : 0];
	bool fixed = id < e->config->plan.rule_count && e->config->plan.watch_without_session && p->critical &&
	             p->kind == RULE_ALARM && p->with == 0 && !p->has_from && p->term_count > 0;

	for (uint8_t t = 0; t < p->term_count; t++)
		fixed = fixed && p->terms[t].reference == REFERENCE_ABSOLUTE &&
		        parameter_table[p->terms[t].parameter].cadence == CADENCE_CONTINUOUS;
	return fixed;
}

/* What a display would know that saw every action. */
struct shadow {
	struct alarm alarms[ALARMS_MAX];
	enum priority acknowledged[ALARMS_MAX]; /* priority at which it was */
};

#define MUST(condition, words)                                                                                         \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return words;                                                                                  \
	} while (0)

static inline const char *check_alarm_action(struct shadow *shadow, const struct alarm *a, enum alarm_change change)
{
	struct alarm *before = &shadow->alarms[a->id];

	MUST(a->generation == before->generation + 1, "a generation was skipped");
	switch (change) {
	case ALARM_RAISED:
		MUST(alarm_sounding(a->state) && before->state != ALARM_ACTIVE && before->state != ALARM_ACKNOWLEDGED,
		     "raised from a state in which it was present");
		break;
	case ALARM_PRIORITY_CHANGED:
		MUST(a->priority != before->priority && alarm_announced(before->state), "an escalation that is none");
		MUST(a->state == (a->priority > before->priority ? ALARM_ACTIVE : before->state),
		     "an acknowledgement lost or kept wrongly");
		break;
	case ALARM_WORSE:
		MUST(before->state == ALARM_ACKNOWLEDGED && a->state == ALARM_ACTIVE && a->kind == CONDITION_RULE &&
		         a->priority == before->priority && a->priority > PRIORITY_NONE && a->has_now,
		     "worse than what nobody had answered");
		break;
	case ALARM_REASON_CHANGED:
		MUST(a->kind == CONDITION_DEVICE || a->kind == CONDITION_RULE
		         ? a->reason != before->reason
		         : a->kind == CONDITION_CUFF_FAILED && a->has_value &&
		               (a->milli != before->milli || a->limit != before->limit || !before->has_value),
		     "told anew without anything new");
		MUST(a->priority == before->priority && a->state == before->state && alarm_announced(a->state),
		     "another reason that is none");
		break;
	case ALARM_REMINDED:
		MUST(before->state == ALARM_ACKNOWLEDGED && a->state == ALARM_ACTIVE && a->priority > PRIORITY_NONE,
		     "reminded of nothing");
		break;
	case ALARM_SUPERSEDED:
		MUST((before->state == ALARM_ACTIVE || before->state == ALARM_ACKNOWLEDGED) &&
		         a->state == ALARM_PENDING && a->kept_back && a->kind == CONDITION_RULE,
		     "superseded, but not withdrawn");
		break;
	case ALARM_WAS_ACKNOWLEDGED:
		MUST(before->state == ALARM_ACTIVE && a->state == ALARM_ACKNOWLEDGED && a->acknowledged_by[0] != '\0',
		     "acknowledged by nobody");
		shadow->acknowledged[a->id] = a->priority;
		break;
	case ALARM_EASED:
		MUST(a->kind == CONDITION_RULE && (a->state == ALARM_ACTIVE || a->state == ALARM_ACKNOWLEDGED) &&
		         !alarm_announced(before->state) && a->eased,
		     "got better, but was there already");
		before = &shadow->alarms[a->eased_from];
		MUST(before->state == ALARM_INACTIVE && before->generation > 0 && before->raised.ns == a->raised.ns &&
		         strcmp(before->acknowledged_by, a->acknowledged_by) == 0,
		     "took the place of one that is there, or of another answer");
		shadow->acknowledged[a->id] = a->priority;
		before = &shadow->alarms[a->id];
		break;
	case ALARM_BECAME_LATCHED:
		MUST(before->state == ALARM_ACTIVE && a->state == ALARM_LATCHED, "latched from nowhere");
		break;
	case ALARM_CLEARED:
	case ALARM_SESSION_ENDED:
		MUST(alarm_announced(before->state) && a->state == ALARM_INACTIVE, "cleared what was not there");
		break;
	}
	*before = *a;
	return NULL;
}

static inline const char *check_actions(struct shadow *shadow, const struct event *event, const struct actions *actions,
                                        bool *signalled)
{
	int replies = 0;
	bool readings = false;

	MUST(actions->count < ACTIONS_MAX, "more actions than the proof allows");
	for (uint16_t i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];

		if (a->kind == ACTION_ALARM) {
			enum priority before = shadow->alarms[a->u.alarm.alarm.id].priority;
			const char *wrong = check_alarm_action(shadow, &a->u.alarm.alarm, a->u.alarm.change);

			MUST(wrong == NULL, wrong);
			MUST(!readings, "an alarm behind readings");
			if ((a->u.alarm.change == ALARM_RAISED || a->u.alarm.change == ALARM_WORSE ||
			     (a->u.alarm.change == ALARM_PRIORITY_CHANGED && a->u.alarm.alarm.priority > before)) &&
			    a->u.alarm.alarm.priority > PRIORITY_NONE)
				*signalled = true;
		}
		MUST(a->kind != ACTION_READINGS || !readings, "readings twice");
		readings = readings || a->kind == ACTION_READINGS;
		replies += a->kind == ACTION_REPLY;
		MUST(a->kind != ACTION_REPLY || i + 1 == actions->count, "a reply that is not last");
	}
	MUST(replies == (event->kind == EVENT_COMMAND ? 1 : 0), "not one reply for each command");
	return NULL;
}

/* A graver alarm got better into this one, and nobody has answered that yet. */
static inline bool waits_for_an_answer(const struct engine *e, uint8_t rule)
{
	for (int i = 0; i < e->config->plan.rule_count; i++)
		if ((e->rules[rule].cover & RULE_BIT(i)) != 0 && e->alarms[i].state == ALARM_LATCHED)
			return e->alarms[rule].reason == REASON_NONE;
	return false;
}

/* Or it ended while this one was on its way back, and no value breaks a limit now, though not all are back at `clear`.
 */
static inline bool within_limits(const struct engine *e, uint8_t rule)
{
	const struct plan_rule *p = &e->config->plan.rules[rule];

	for (uint8_t t = 0; t < p->term_count; t++) {
		const struct rule_term *term = &p->terms[t];
		const struct engine_parameter *value = &e->parameters[term->parameter];
		int32_t limit = engine_limit(e, rule, t);

		if (!measurement_has_value(&value->latest) ||
		    value->stale) /* for a moment, or it is lost: then it has a reason */
			continue;
		if (term->reference != REFERENCE_ABSOLUTE) /* of differences less is known here */
			return e->rules[rule].cover != 0;
		if (term->comparison == COMPARISON_ABOVE      ? value->latest.milli > limit
		    : term->comparison == COMPARISON_AT_LEAST ? value->latest.milli >= limit
		    : term->comparison == COMPARISON_BELOW    ? value->latest.milli < limit
		                                              : value->latest.milli <= limit)
			return p->combination == COMBINATION_ALL && e->rules[rule].cover != 0;
	}
	return e->rules[rule].cover != 0;
}

/* One situation, one alarm; and nothing is kept back without a reason. */
static inline const char *check_rule(const struct engine *e, uint8_t rule)
{
	const struct plan_rule *p = &e->config->plan.rules[rule];
	const struct alarm *a = &e->alarms[rule];
	bool superseded = false, present = a->state == ALARM_ACTIVE || a->state == ALARM_ACKNOWLEDGED;

	if (!e->session.open) /* judged no more */
		return NULL;
	for (int i = 0; i < e->config->plan.rule_count; i++)
		superseded = superseded || ((p->superseded_by & RULE_BIT(i)) != 0 &&
		                            (e->alarms[i].state == ALARM_ACTIVE ||
		                             e->alarms[i].state == ALARM_ACKNOWLEDGED || e->alarms[i].kept_back));
	MUST(p->kind == RULE_ALARM || !alarm_announced(a->state), "a gate or leave rule that alarms");
	MUST(p->kind != RULE_LEAVE || a->state == ALARM_INACTIVE, "a leave rule that is judged");
	MUST(p->kind != RULE_GATE || !e->session.started || a->state == ALARM_INACTIVE, "a gate after the start");
	MUST(!present || !superseded, "present and superseded");
	MUST(!a->kept_back || superseded || p->kind == RULE_GATE || a->cleared.ns != INT64_MAX ||
	         e->rules[rule].back > 0 || waits_for_an_answer(e, rule) || within_limits(e, rule),
	     "kept back for no reason");
	MUST(!a->kept_back || a->state == ALARM_PENDING || a->state == ALARM_LATCHED, "kept back and announced");
	MUST(!present || p->confirm == false || a->confirmed || p->first > PRIORITY_NONE,
	     "raised without confirmation");
	return NULL;
}

static inline const char *check_alarms(const struct shadow *shadow, const struct engine *e)
{
	uint16_t count = 0, engine_count = 0;

	for (int id = 0; id < ALARMS_MAX; id++) {
		const struct alarm *a = &e->alarms[id], *seen = &shadow->alarms[id];

		MUST(a->generation == seen->generation, "a change was not announced");
		MUST(alarm_announced(a->state) == alarm_announced(seen->state), "announced and not seen");
		MUST(!alarm_announced(a->state) || (a->state == seen->state && a->priority == seen->priority),
		     "state or priority changed unseen");
		MUST(a->state == ALARM_INACTIVE || e->session.open || needs_no_session(e, id) ||
		         (id >= ALARM_BASE_SERVICE && a->kind != CONDITION_FLAPPING),
		     "alarm without a session");
		MUST(a->test == (id == ALARM_BASE_TEST), "a test that is none");
		MUST(!a->kept_back || id < ALARM_BASE_MISSING, "only rules are kept back");
		if (id < e->config->plan.rule_count) {
			const char *wrong = check_rule(e, (uint8_t)id);

			MUST(wrong == NULL, wrong);
		}
		MUST(a->state != ALARM_ACKNOWLEDGED || a->priority <= shadow->acknowledged[id],
		     "an acknowledgement survived an escalation");
		MUST(a->state != ALARM_LATCHED || id == ALARM_BASE_CLOCK || id == ALARM_BASE_AWAY ||
		         (a->kind == CONDITION_RULE && e->config->plan.rules[a->index].latching),
		     "latched without being told to");
	}
	MUST(engine_alarm_digest(e, &engine_count) == digest_again(e, &count) && engine_count == count,
	     "another digest");
	return NULL;
}

static inline const char *check_values(const struct engine *e)
{
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		struct measurement m = engine_reading(e, (enum parameter)p, e->now);
		const struct parameter_info *info = &parameter_table[p];
		int device = e->parameters[p].device;

		MUST((int)m.parameter == p, "another parameter");
		MUST((unsigned)m.reason < REASON_COUNT, "no such reason");
		if (!measurement_has_value(&m)) {
			MUST(m.milli == 0 && m.reason != REASON_NONE, "no value, and a number or no reason");
			MUST(info->cadence != CADENCE_CONTINUOUS || device < 0 ||
			         e->parameters[p].missing_since.ns <= e->now.ns,
			     "missing since never");
			continue;
		}
		MUST(m.milli >= info->plausible_min && m.milli <= info->plausible_max, "an implausible value");
		MUST(m.determined.ns <= e->now.ns, "a value from the future");
		if (info->cadence != CADENCE_CONTINUOUS)
			continue;
		if (parameter_derived((enum parameter)p)) {
			int from = engine_source(e, (enum parameter)p, e->now);
			struct measurement part = engine_reading(e, (enum parameter)from, e->now);

			MUST(measurement_has_value(&part) && part.milli == m.milli &&
			         part.determined.ns == m.determined.ns && part.quality == m.quality,
			     "a derived value that is not its part's");
			MUST(memcmp(&e->parameters[p].latest, &m, sizeof(m)) == 0,
			     "another value is judged than shown");
			continue;
		}
		MUST(device >= 0 && e->now.ns - m.determined.ns < 3 * e->config->devices[device].period_ns,
		     "a stale value");
		MUST(e->parameters[p].missing_since.ns == INT64_MAX, "a current value is missing");
	}
	return NULL;
}

/* Time alone changes nothing now, and nothing before the deadline. */
static inline const char *check_deadline(const struct engine *e)
{
	static struct engine copy;
	static struct actions actions;
	const struct event nothing = {.kind = EVENT_TICK};
	struct mono deadline = engine_deadline(e);

	MUST(deadline.ns > e->now.ns, "the deadline has passed");
	copy = *e;
	engine_step(&copy, &nothing, e->now, &actions);
	MUST(actions.count == 0, "something due was left undone");
	MUST(memcmp(&copy, e, sizeof(copy)) == 0, "a tick at the same instant changed the engine");
	if (deadline.ns == INT64_MAX)
		return NULL;
	engine_step(&copy, &nothing, (struct mono){deadline.ns - 1}, &actions);
	MUST(actions.count == 0, "something happened before the deadline");
	copy.now = e->now;
	MUST(memcmp(&copy, e, sizeof(copy)) == 0, "the engine changed before the deadline");
	return NULL;
}

/* After a step with `event`: NULL, or what is wrong. */
static inline const char *oracle(struct shadow *shadow, const struct engine *e, const struct event *event,
                                 const struct actions *actions)
{
	bool signalled = false;
	const char *wrong = check_actions(shadow, event, actions, &signalled);

	MUST(wrong == NULL, wrong);
	MUST(mono_is_never(e->audio_paused_until) || e->audio_paused_until.ns > e->now.ns,
	     "an audio pause that is over");
	MUST(!signalled || mono_is_never(e->audio_paused_until) ||
	         (event->kind == EVENT_COMMAND && event->u.command.command == COMMAND_AUDIO_PAUSE),
	     "a new alarm in an audio pause");
	wrong = engine_sound(e);
	MUST(wrong == NULL, wrong);
	wrong = check_alarms(shadow, e);
	MUST(wrong == NULL, wrong);
	wrong = check_values(e);
	MUST(wrong == NULL, wrong);
	return check_deadline(e);
}

#endif
