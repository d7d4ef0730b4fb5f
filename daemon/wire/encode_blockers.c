/* What stands against a start or a leaving, as protobuf-c structs: which it is, why, what staff must do about it, as a
 * code with arguments and in English (refusal.c). Called by encode_rules.c on the engine thread; pure. */
#include <stdio.h>
#include <string.h>

#include "daemon/wire/encode_parts.h"

static enum refusal_code code_of(const struct engine *engine, uint8_t rule)
{
	if (engine->config->plan.rules[rule].kind == RULE_ALARM)
		return REFUSAL_RULE_MET;
	switch (engine_blocker_cause(engine, rule)) {
	case BLOCKER_VIOLATED:
		return REFUSAL_RULE_MET;
	case BLOCKER_UNKNOWN:
		return REFUSAL_RULE_UNKNOWN;
	case BLOCKER_OLD:
		return REFUSAL_RULE_OLD;
	case BLOCKER_UNCONFIRMED:
		return REFUSAL_RULE_UNCONFIRMED;
	}
	return REFUSAL_RULE_MET;
}

static void say_scores(struct refusal *said, const struct engine *engine)
{
	const parameter_set wanted = engine->config->plan.baseline_scores;

	refusal_begin(said, REFUSAL_BASELINE_SCORES);
	for (int list = 0; list < 2; list++) {
		refusal_text(said, list == 0 ? "scores" : "labels", "");
		for (int p = 0; p < PARAMETER_COUNT; p++)
			if ((wanted & PARAMETER_BIT(p)) != 0 &&
			    engine_reading(engine, (enum parameter)p, engine->now).quality == QUALITY_NO_VALUE)
				refusal_add_name(said, list == 0 ? parameter_table[p].name : parameter_table[p].label);
	}
}

static void say_earliest(struct refusal *said, const struct engine *engine)
{
	const struct plan_leave *leave = &engine->config->plan.leave;
	const struct session *session = &engine->session;
	bool from_end = leave->earliest == ANCHOR_END;
	struct mono from = from_end ? session->ended_at : session->started_at;
	int64_t left_ns = leave->earliest_after_ns - mono_since(engine->now, from);

	if (from_end && !session->ended) {
		refusal_begin(said, REFUSAL_NOT_OVER);
		return;
	}
	refusal_begin(said, REFUSAL_TOO_EARLY);
	refusal_number(said, "minutes", (left_ns + 60 * NS_PER_S - 1) / (60 * NS_PER_S));
}

/* Which critical rules, and which values they want. */
static void say_source(struct refusal *said, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;
	parameter_set wanted = 0;

	refusal_begin(said, REFUSAL_NO_SOURCE);
	refusal_text(said, "rules", "");
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		if (plan->rules[i].optional || !engine_without_source(engine->config, i))
			continue;
		refusal_add_name(said, plan->rules[i].name);
		for (uint8_t t = 0; t < plan->rules[i].term_count; t++)
			if (!engine_provided(engine, plan->rules[i].terms[t].parameter))
				wanted |= PARAMETER_BIT(plan->rules[i].terms[t].parameter);
	}
	for (int list = 0; list < 2; list++) {
		refusal_text(said, list == 0 ? "parameters" : "labels", "");
		for (int p = 0; p < PARAMETER_COUNT; p++)
			if ((wanted & PARAMETER_BIT(p)) != 0)
				refusal_add_name(said, list == 0 ? parameter_table[p].name : parameter_table[p].label);
	}
}

/* Which alarm, and for how long yet. */
static void say_quiet(struct refusal *said, const struct engine *engine)
{
	int64_t left_ns;
	int slot = engine_unrest(engine, &left_ns);
	char text[TEXT_BYTES + 32] = "";

	if (slot >= 0)
		engine_condition_text(engine, &engine->alarms[slot], text, sizeof(text));
	refusal_begin(said, left_ns > 0 ? REFUSAL_NOT_QUIET_YET : REFUSAL_NOT_QUIET);
	refusal_text(said, "text", text);
	refusal_number(said, "minutes",
	               ((left_ns > 0 ? left_ns : engine->config->plan.leave.quiet_ns) + 60 * NS_PER_S - 1) /
	                   (60 * NS_PER_S));
}

/* Blockers that are neither rules nor items of the plan. */
static bool say_own(struct refusal *said, const struct engine *engine, const char *name)
{
	const struct plan *plan = &engine->config->plan;

	if (strcmp(name, "dose") == 0) {
		refusal_begin(said, REFUSAL_DOSE_UNKNOWN);
	} else if (strcmp(name, "no-source") == 0) {
		say_source(said, engine);
	} else if (strcmp(name, "taken-out") == 0) {
		refusal_begin(said, REFUSAL_TAKEN_OUT);
	} else if (strcmp(name, "earliest") == 0) {
		say_earliest(said, engine);
	} else if (strcmp(name, "quiet") == 0) {
		say_quiet(said, engine);
	} else if (strcmp(name, "baseline") == 0) {
		refusal_begin(said, REFUSAL_BASELINE_READINGS);
		refusal_number(said, "readings", engine->session.baseline.readings);
		refusal_number(said, "wanted", plan->baseline_readings);
	} else if (strcmp(name, "baseline-scores") == 0) {
		say_scores(said, engine);
	} else {
		return false;
	}
	return true;
}

/* One of several suffices: all that would do, in one line. The first of them says why it does not. */
static bool say_group(struct refusal *said, const struct engine *engine, const char *name)
{
	const struct plan *plan = &engine->config->plan;
	char texts[REFUSAL_VALUE_BYTES] = "";
	int first = -1;

	for (uint8_t i = 0; i < plan->rule_count; i++) {
		size_t used = strlen(texts);

		if (plan->rules[i].kind != RULE_LEAVE || strcmp(name, plan->rules[i].group) != 0)
			continue;
		(void)snprintf(texts + used, sizeof texts - used, "%s%s",
		               first < 0 ? "" : ", or: ", plan->rules[i].text); /* cut is good enough */
		first = first < 0 ? i : first;
	}
	if (first < 0)
		return false;
	refusal_begin(said, code_of(engine, (uint8_t)first));
	refusal_text(said, "rule", name);
	refusal_text(said, "text", texts);
	return true;
}

static void say_of_plan(struct refusal *said, const struct engine *engine, const char *name)
{
	const struct plan *plan = &engine->config->plan;

	if (say_group(said, engine, name))
		return;
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		if (strcmp(name, plan->rules[i].name) != 0)
			continue;
		refusal_begin(said, code_of(engine, i));
		refusal_text(said, "rule", name);
		refusal_text(said, "text", plan->rules[i].text);
		return;
	}
	for (uint8_t i = 0; i < plan->item_count; i++) {
		if (strcmp(name, plan->items[i].name) != 0)
			continue;
		refusal_begin(said, REFUSAL_ITEM_OPEN);
		refusal_text(said, "item", name);
		refusal_text(said, "text", plan->items[i].text);
		return;
	}
	refusal_begin(said, REFUSAL_BLOCKER); /* there are no words for it */
	refusal_text(said, "name", name);
}

static void fill_blocker(struct wire_blocker *wire, const struct engine *engine, char *name)
{
	vitals__v1__blocker__init(&wire->blocker);
	if (!say_own(&wire->said, engine, name))
		say_of_plan(&wire->said, engine, name);
	refusal_sentence(wire->text, &wire->said);
	wire->blocker.name = name;
	wire->blocker.text = wire->text;
	wire->blocker.code = wire_text(refusal_token(wire->said.code));
	wire->blocker.n_argument = wire->said.count;
	wire->blocker.argument = wire->list;
	for (uint8_t i = 0; i < wire->said.count; i++) {
		vitals__v1__argument__init(&wire->arguments[i]);
		wire->arguments[i].name = wire_text(wire->said.arguments[i].name);
		wire->arguments[i].value = wire->said.arguments[i].value;
		wire->list[i] = &wire->arguments[i];
	}
}

void fill_blockers(struct wire_session *wire, const struct engine *engine)
{
	uint8_t count = engine_blockers(engine, wire->blocker_names, WIRE_BLOCKERS_MAX);

	wire->session.blocker = wire->blocker_list;
	for (uint8_t i = 0; i < count && i < WIRE_BLOCKERS_MAX; i++) {
		fill_blocker(&wire->blockers[i], engine, wire->blocker_names[i]);
		wire->blocker_list[wire->session.n_blocker++] = &wire->blockers[i].blocker;
	}
}
