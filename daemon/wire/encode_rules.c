/* What the plan's rules make of the session, as protobuf-c structs: items to tick, blockers in words, limits in force,
 * what is taken out of alarming, the alarm load. Called by encode.c and encode_session.c on the engine thread; pure. */
#include <stdio.h>
#include <string.h>

#include "daemon/wire/encode_parts.h"

static void fill_items(struct wire_session *wire, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;

	wire->session.item = wire->item_list;
	for (uint8_t i = 0; i < plan->item_count; i++) {
		vitals__v1__item__init(&wire->items[i]);
		wire->items[i].name = wire_text(plan->items[i].name);
		wire->items[i].text = wire_text(plan->items[i].text);
		wire->items[i].before_start = plan->items[i].when == ITEM_START;
		wire->items[i].ticked = (engine->session.items >> i & 1) != 0;
		wire->item_list[wire->session.n_item++] = &wire->items[i];
	}
}

/* ---- blockers: what staff must do about each ------------------------------------------------- */

static void say_rule(char *text, size_t size, const struct engine *engine, uint8_t rule)
{
	static const char *const causes[] = {
	    [BLOCKER_VIOLATED] = "",
	    [BLOCKER_UNKNOWN] = ": not known yet",
	    [BLOCKER_OLD] = ": measured too long ago",
	    [BLOCKER_UNCONFIRMED] = ": back, but not long enough",
	};
	const struct plan_rule *r = &engine->config->plan.rules[rule];

	(void)snprintf(text, size, "%s%s", r->text,
	               r->kind == RULE_ALARM ? "" : causes[engine_blocker_cause(engine, rule)]); /* it fits */
}

static void say_scores(char *text, size_t size, const struct engine *engine)
{
	size_t used = (size_t)snprintf(text, size, "Enter before the start:");

	for (int p = 0; p < PARAMETER_COUNT && used < size; p++)
		if ((engine->config->plan.baseline_scores & PARAMETER_BIT(p)) != 0 &&
		    engine_reading(engine, (enum parameter)p, engine->now).quality == QUALITY_NO_VALUE)
			used += (size_t)snprintf(text + used, size - used, " %s", parameter_table[p].label);
}

static void say_earliest(char *text, size_t size, const struct engine *engine)
{
	const struct plan_leave *leave = &engine->config->plan.leave;
	const struct session *session = &engine->session;
	bool from_end = leave->earliest == ANCHOR_END;
	struct mono from = from_end ? session->ended_at : session->started_at;
	int64_t left_ns = leave->earliest_after_ns - mono_since(engine->now, from);

	if (from_end && !session->ended)
		(void)snprintf(text, size, "Too early to leave: the administration has not ended");
	else
		(void)snprintf(text, size, "Too early to leave: %lld min more",
		               (long long)((left_ns + 60 * NS_PER_S - 1) / (60 * NS_PER_S)));
}

/* Blockers that are neither rules nor items of the plan. */
static bool say_own(char *text, size_t size, const struct engine *engine, const char *name)
{
	const struct plan *plan = &engine->config->plan;

	if (strcmp(name, "dose") == 0)
		(void)snprintf(text, size, "Dose or weight is not known: close the open one and give both");
	else if (strcmp(name, "taken-out") == 0)
		(void)snprintf(text, size, "What a critical limit needs is taken out of alarming");
	else if (strcmp(name, "earliest") == 0)
		say_earliest(text, size, engine);
	else if (strcmp(name, "quiet") == 0)
		(void)snprintf(text, size, "A medium or high alarm is present or ended less than %lld min ago",
		               (long long)(plan->leave.quiet_ns / (60 * NS_PER_S)));
	else if (strcmp(name, "baseline") == 0)
		(void)snprintf(text, size, "%u of %u cuff readings for the baseline: wait, or start one",
		               engine->session.baseline.readings, plan->baseline_readings);
	else if (strcmp(name, "baseline-scores") == 0)
		say_scores(text, size, engine);
	else
		return false;
	return true;
}

/* The name itself if there are no words for it. */
static void say_blocker(char *text, size_t size, const struct engine *engine, const char *name)
{
	const struct plan *plan = &engine->config->plan;

	if (say_own(text, size, engine, name))
		return;
	(void)snprintf(text, size, "%s", name);
	for (uint8_t i = 0; i < plan->item_count; i++)
		if (strcmp(name, plan->items[i].name) == 0)
			(void)snprintf(text, size, "%s", plan->items[i].text);
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (strcmp(name, plan->rules[i].name) == 0)
			say_rule(text, size, engine, i);
}

static void fill_blockers(struct wire_session *wire, const struct engine *engine)
{
	uint8_t count = engine_blockers(engine, wire->blocker_names, WIRE_BLOCKERS_MAX);

	wire->session.blocker = wire->blocker_list;
	for (uint8_t i = 0; i < count && i < WIRE_BLOCKERS_MAX; i++) {
		char name[NAME_BYTES]; /* a copy, so that the compiler sees that the texts do not overlap */
		memcpy(name, wire->blocker_names[i], sizeof name);
		vitals__v1__blocker__init(&wire->blockers[i]);
		say_blocker(wire->blocker_texts[i], sizeof wire->blocker_texts[i], engine, name);
		wire->blockers[i].name = wire->blocker_names[i];
		wire->blockers[i].text = wire->blocker_texts[i];
		wire->blocker_list[wire->session.n_blocker++] = &wire->blockers[i];
	}
}

static void fill_limit(Vitals__V1__Limit *wire, const struct engine *engine, uint8_t rule, uint8_t term)
{
	const struct plan_rule *r = &engine->config->plan.rules[rule];

	vitals__v1__limit__init(wire);
	wire->rule = wire_text(r->name);
	wire->term = term;
	wire->parameter = wire_text(parameter_table[r->terms[term].parameter].name);
	wire->comparison = wire_comparison(r->terms[term].comparison);
	wire->reference = wire_reference(r->terms[term].reference);
	wire->limit_milli = engine_limit(engine, rule, term);
	wire->priority = wire_priority(r->priority);
	wire->changed = engine->session.limit_changed[rule][term];
}

static void fill_limits(struct wire_session *wire, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;
	size_t count = 0;

	wire->session.limit = wire->limit_list;
	for (uint8_t rule = 0; rule < plan->rule_count; rule++) {
		const struct plan_rule *r = &plan->rules[rule];
		if (r->kind != RULE_ALARM || (r->phases >> engine->session.phase & 1) == 0)
			continue;
		for (uint8_t term = 0; term < r->term_count; term++, count++) {
			fill_limit(&wire->limits[count], engine, rule, term);
			wire->limit_list[count] = &wire->limits[count];
		}
	}
	wire->session.n_limit = count;
}

void fill_rules(struct wire_session *wire, const struct engine *engine)
{
	fill_items(wire, engine);
	fill_blockers(wire, engine);
	fill_limits(wire, engine);
}

void fill_taken_out(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	size_t count = 0;

	wire->session.taken_out = wire->out_list;
	for (int i = 0; i < WIRE_OUT_MAX; i++) {
		const struct taken_out *out = &engine->taken_out[i];
		Vitals__V1__TakenOut *to = &wire->out[count];
		if (!mono_ahead(out->until, now))
			continue;
		vitals__v1__taken_out__init(to);
		if (i < DEVICES_MAX) {
			to->what_case = VITALS__V1__TAKEN_OUT__WHAT_DEVICE;
			to->device = wire_text(engine->config->devices[i].name);
		} else {
			to->what_case = VITALS__V1__TAKEN_OUT__WHAT_PARAMETER;
			to->parameter = wire_text(parameter_table[i - DEVICES_MAX].name);
		}
		to->left_ns = mono_since(out->until, now);
		to->by = wire_text(out->by);
		to->reason = wire_text(out->reason);
		wire->out_list[count++] = to;
	}
	wire->session.n_taken_out = count;
}

void fill_load(struct wire_session *wire, const struct engine *engine)
{
	size_t count = 0;

	wire->session.load = wire->load_list;
	for (int i = 0; i < ALARMS_MAX; i++) {
		const struct alarm_load *load = &engine->session.load[i];
		const struct alarm *alarm = &engine->alarms[i];
		if (load->raised == 0)
			continue;
		Vitals__V1__Load *row = &wire->load[count];
		vitals__v1__load__init(row);
		engine_condition_name(engine, alarm, wire->load_names[count], sizeof wire->load_names[0]);
		row->condition = wire->load_names[count];
		row->priority = wire_priority(
		    alarm->kind == CONDITION_RULE ? engine->config->plan.rules[alarm->index].priority : PRIORITY_NONE);
		row->raised = load->raised;
		row->nuisance = load->nuisance;
		row->acknowledged = load->acknowledged;
		row->acknowledge_ns_total = load->acknowledge_ns_total;
		wire->load_list[count++] = row;
	}
	wire->session.n_load = count;
}
