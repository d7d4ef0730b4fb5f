/* What is wrong with a refused command; see explain.h. The sentences are those of daemon/wire/refusal.c. */
#include "daemon/desk/explain.h"

#include <string.h>

#define MINUTE_NS (60 * NS_PER_S)

/* ---- the prescription ------------------------------------------------------------------------ */

static void dose(struct refusal *refusal, const struct plan_dose *plan, const struct session_order *order)
{
	switch (engine_dose_fault(plan, order)) {
	case DOSE_PLAUSIBLE:
		break;
	case DOSE_AMOUNT:
		refusal_begin(refusal, REFUSAL_DOSE_AMOUNT);
		refusal_decimal(refusal, "dose_mg", order->dose_ug);
		break;
	case DOSE_PER_KG:
		refusal_begin(refusal, REFUSAL_DOSE_PER_KG);
		refusal_decimal(refusal, "dose_mg", order->dose_ug);
		refusal_decimal(refusal, "weight_kg", order->weight_g);
		refusal_decimal(refusal, "mg_per_kg", (int64_t)order->dose_ug * 1000 / order->weight_g);
		refusal_decimal(refusal, "min", plan->min_ug_per_kg);
		refusal_decimal(refusal, "max", plan->max_ug_per_kg);
		break;
	case DOSE_DURATION:
		refusal_begin(refusal, REFUSAL_DOSE_DURATION);
		refusal_decimal(refusal, "minutes", (int64_t)order->duration_s * 1000 / 60);
		refusal_decimal(refusal, "min", plan->min_duration_ns * 1000 / MINUTE_NS);
		break;
	case DOSE_CONCENTRATION:
		refusal_begin(refusal, REFUSAL_DOSE_CONCENTRATION);
		refusal_decimal(refusal, "mg_per_ml", order->ug_per_ml);
		refusal_decimal(refusal, "min", plan->min_ug_per_ml);
		refusal_decimal(refusal, "max", plan->max_ug_per_ml);
		break;
	}
}

/* ---- the wrong moment ------------------------------------------------------------------------ */

static void given(struct refusal *refusal, const struct engine *engine)
{
	const struct session *session = &engine->session;
	const struct plan_dose *plan = &engine->config->plan.dose;
	int64_t wait_ns =
	    session->given_count == 0
	        ? 0
	        : plan->device_rest_ns - mono_since(engine->now, session->given[session->given_count - 1].at);

	if (plan->device_ug == 0) {
		refusal_begin(refusal, REFUSAL_NO_SPRAY);
	} else if (session->given_count == GIVEN_MAX) {
		refusal_begin(refusal, REFUSAL_SPRAY_FULL);
		refusal_number(refusal, "devices", GIVEN_MAX);
	} else if (session->ended) {
		refusal_begin(refusal, REFUSAL_SPRAY_ENDED);
	} else if (wait_ns > 0) {
		refusal_begin(refusal, REFUSAL_SPRAY_TOO_SOON);
		refusal_number(refusal, "seconds", (wait_ns + NS_PER_S - 1) / NS_PER_S);
	} else {
		refusal_begin(refusal, REFUSAL_SPRAY_ALL_GIVEN);
		refusal_decimal(refusal, "dose_mg", session->order.dose_ug);
		refusal_number(refusal, "devices", session->given_count);
	}
}

static enum refusal_code moment(const struct engine *engine, enum command command)
{
	const struct session *session = &engine->session;

	if (command == COMMAND_SESSION_START)
		return engine->config->plan.dose.device_ug != 0 ? REFUSAL_STARTS_WITH_SPRAY : REFUSAL_STARTED;
	if (command == COMMAND_TEST_ALARM)
		return REFUSAL_TEST_RUNS;
	if (command == COMMAND_TAKE_OUT)
		return REFUSAL_NOT_TAKEN_OUT;
	if (!session->started)
		return REFUSAL_NOT_STARTED;
	if (session->ended)
		return REFUSAL_ENDED;
	return session->paused ? REFUSAL_PAUSED : REFUSAL_NOT_PAUSED;
}

/* ---- names, limits, sources ------------------------------------------------------------------ */

static void unknown_item(struct refusal *refusal, const struct plan *plan)
{
	refusal_begin(refusal, REFUSAL_UNKNOWN_ITEM);
	refusal_text(refusal, "items", "");
	for (uint8_t i = 0; i < plan->item_count; i++)
		refusal_add_name(refusal, plan->items[i].name);
}

static void unknown_source(struct refusal *refusal, const struct engine_config *config, bool is_device)
{
	refusal_begin(refusal, is_device ? REFUSAL_UNKNOWN_DEVICE : REFUSAL_UNKNOWN_PARAMETER);
	refusal_text(refusal, is_device ? "devices" : "parameters", "");
	for (uint8_t d = 0; d < config->device_count; d++) {
		if (is_device)
			refusal_add_name(refusal, config->devices[d].name);
		for (int p = 0; p < PARAMETER_COUNT && !is_device; p++)
			if ((config->devices[d].provides & PARAMETER_BIT(p)) != 0)
				refusal_add_name(refusal, parameter_table[p].name);
	}
}

void explain_person(struct refusal *refusal, const struct people *people, const char *name)
{
	refusal_begin(refusal, REFUSAL_UNKNOWN_PERSON);
	refusal_text(refusal, "person", name);
	refusal_text(refusal, "people", people->count > 0 ? "" : "-");
	for (uint16_t i = 0; i < people->count; i++)
		refusal_add_name(refusal, people->list[i].name);
}

static void alarm_stands(struct refusal *refusal, enum refusal_code code, const struct engine *engine, int slot)
{
	char text[TEXT_BYTES + 32];

	if (slot < 0)
		return;
	engine_condition_text(engine, &engine->alarms[slot], text, sizeof(text));
	refusal_begin(refusal, code);
	refusal_text(refusal, "text", text);
}

static const struct plan_rule *rule_named(const struct plan *plan, const char *name)
{
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (strncmp(plan->rules[i].name, name, NAME_BYTES) == 0)
			return &plan->rules[i];
	return NULL;
}

static void limit(struct refusal *refusal, const struct engine *engine, const struct limit_order *order,
                  enum result result)
{
	const struct plan_rule *rule = rule_named(&engine->config->plan, order->rule);

	if (rule == NULL || rule->kind != RULE_ALARM) {
		refusal_begin(refusal, REFUSAL_UNKNOWN_RULE);
		refusal_text(refusal, "rule", order->rule);
		return;
	}
	int place = engine_term(rule, order->term);
	if (place < 0) {
		refusal_begin(refusal, REFUSAL_UNKNOWN_TERM);
		refusal_text(refusal, "rule", rule->name);
		refusal_text(refusal, "terms", "");
		for (uint8_t t = 0; t < rule->term_count; t++) {
			char name[NAME_BYTES];
			engine_term_name(&rule->terms[t], name);
			refusal_add_name(refusal, name);
		}
		return;
	}
	const struct rule_term *term = &rule->terms[place];
	const struct parameter_info *info = &parameter_table[term->parameter];
	if (result == RESULT_SECOND_PERSON) {
		refusal_begin(refusal, REFUSAL_LIMIT_LOOSER);
		refusal_decimal(refusal, "limit", order->limit);
		refusal_decimal(refusal, "plan", term->limit);
	} else if (result == RESULT_OUT_OF_RANGE && term->reference == REFERENCE_ABSOLUTE) {
		refusal_begin(refusal, REFUSAL_LIMIT_IMPLAUSIBLE);
		refusal_text(refusal, "label", info->label);
		refusal_decimal(refusal, "min", info->plausible_min);
		refusal_decimal(refusal, "max", info->plausible_max);
	}
}

/* ---- all ------------------------------------------------------------------------------------- */

static void unknown(struct refusal *refusal, const struct engine *engine, const struct event_command *command)
{
	if (command->command == COMMAND_ITEM)
		unknown_item(refusal, &engine->config->plan);
	if (command->command == COMMAND_TAKE_OUT)
		unknown_source(refusal, engine->config, command->u.take_out.is_device);
}

bool explain(struct refusal *refusal, const struct engine *engine, const struct event_command *command,
             enum result result)
{
	refusal_begin(refusal, refusal_of_result(result));
	if (result == RESULT_SECOND_PERSON && command->command == COMMAND_SESSION_OPEN)
		dose(refusal, &engine->config->plan.dose, &command->u.order);
	else if (result == RESULT_WRONG_STATE && command->command == COMMAND_DEVICE_GIVEN)
		given(refusal, engine);
	else if (result == RESULT_WRONG_STATE)
		refusal_begin(refusal, moment(engine, command->command));
	else if (result == RESULT_BLOCKED && command->command == COMMAND_TAKE_OUT)
		refusal_begin(refusal, REFUSAL_LAST_SOURCE);
	else if (result == RESULT_BLOCKED && command->command == COMMAND_SESSION_CLOSE && !engine->session.started)
		alarm_stands(refusal, REFUSAL_HIGH_ALARM, engine, engine_high_alarm(engine));
	else if (result == RESULT_BLOCKED && command->command == COMMAND_SESSION_RESUME)
		alarm_stands(refusal, REFUSAL_RESUME, engine, engine_resume_blocker(engine));
	else if (command->command == COMMAND_LIMIT && result != RESULT_OK && result != RESULT_NO_SESSION)
		limit(refusal, engine, &command->u.limit, result);
	else if (result == RESULT_UNKNOWN_NAME)
		unknown(refusal, engine, command);
	return refusal->code != refusal_of_result(result);
}
