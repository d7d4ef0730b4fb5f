/* Sentences for refused commands; see explain.h. A text that is too long is cut at its end. */
#include "daemon/desk/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIMAL_BYTES 24
#define MINUTE_NS     (60 * NS_PER_S)

/* Thousandths as a person writes them: 5000 -> "5", 362500 -> "362.5". */
static const char *decimal(char text[DECIMAL_BYTES], int64_t milli)
{
	int64_t rest = llabs(milli) % 1000;
	int digits = 3;

	for (; digits > 0 && rest % 10 == 0; digits--)
		rest /= 10;
	if (digits == 0)
		(void)snprintf(text, DECIMAL_BYTES, "%lld", (long long)(milli / 1000)); /* fits */
	else
		(void)snprintf(text, DECIMAL_BYTES, "%s%lld.%0*lld", milli < 0 ? "-" : "",
		               (long long)(llabs(milli) / 1000), digits, (long long)rest); /* fits */
	return text;
}

/* ---- the prescription ------------------------------------------------------------------------ */

#define CHECK_IT "Check the order; if it is right, name the second person who checked it."

static void dose(char *text, const struct plan_dose *plan, const struct session_order *order)
{
	char a[DECIMAL_BYTES], b[DECIMAL_BYTES], c[DECIMAL_BYTES], d[DECIMAL_BYTES], e[DECIMAL_BYTES];

	switch (engine_dose_fault(plan, order)) {
	case DOSE_PLAUSIBLE:
		break;
	case DOSE_AMOUNT:
		(void)snprintf(text, EXPLAIN_BYTES, "%s mg is no dose of this plan. " CHECK_IT,
		               decimal(a, order->dose_ug));
		break;
	case DOSE_PER_KG:
		(void)snprintf(text, EXPLAIN_BYTES, "%s mg for %s kg is %s mg/kg (plan: %s to %s). " CHECK_IT,
		               decimal(a, order->dose_ug), decimal(b, order->weight_g),
		               decimal(c, (int64_t)order->dose_ug * 1000 / order->weight_g),
		               decimal(d, plan->min_ug_per_kg), decimal(e, plan->max_ug_per_kg));
		break;
	case DOSE_DURATION:
		(void)snprintf(text, EXPLAIN_BYTES, "%s min is shorter than the plan allows (%s min). " CHECK_IT,
		               decimal(a, (int64_t)order->duration_s * 1000 / 60),
		               decimal(b, plan->min_duration_ns * 1000 / MINUTE_NS));
		break;
	case DOSE_CONCENTRATION:
		(void)snprintf(text, EXPLAIN_BYTES, "%s mg/mL is outside the plan (%s to %s mg/mL). " CHECK_IT,
		               decimal(a, order->ug_per_ml), decimal(b, plan->min_ug_per_ml),
		               decimal(c, plan->max_ug_per_ml));
		break;
	}
}

/* ---- the wrong moment ------------------------------------------------------------------------ */

static void given(char *text, const struct engine *engine)
{
	const struct session *session = &engine->session;
	const struct plan_dose *plan = &engine->config->plan.dose;
	int64_t wait_ns =
	    session->given_count == 0
	        ? 0
	        : plan->device_rest_ns - mono_since(engine->now, session->given[session->given_count - 1].at);
	char a[DECIMAL_BYTES];

	if (plan->device_ug == 0)
		(void)snprintf(text, EXPLAIN_BYTES, "This plan knows no spray devices.");
	else if (session->given_count == GIVEN_MAX)
		(void)snprintf(text, EXPLAIN_BYTES, "%d devices are recorded: there is room for no more.", GIVEN_MAX);
	else if (session->ended)
		(void)snprintf(text, EXPLAIN_BYTES, "The administration has ended. A named clinician may override.");
	else if (wait_ns > 0)
		(void)snprintf(text, EXPLAIN_BYTES,
		               "Too soon: the next device is due in %lld s. A named clinician may override.",
		               (long long)((wait_ns + NS_PER_S - 1) / NS_PER_S));
	else
		(void)snprintf(text, EXPLAIN_BYTES,
		               "All of the ordered %s mg were given (%u devices). A named clinician may override.",
		               decimal(a, session->order.dose_ug), session->given_count);
}

static const char *moment(const struct engine *engine, enum command command)
{
	const struct session *session = &engine->session;

	if (command == COMMAND_SESSION_START)
		return engine->config->plan.dose.device_ug != 0
		           ? "It starts with the first spray device: record that one."
		           : "The session has started already.";
	if (command == COMMAND_TEST_ALARM)
		return "A test alarm is running: acknowledge it first.";
	if (command == COMMAND_TAKE_OUT)
		return "It is not taken out.";
	if (!session->started)
		return "The session has not started yet.";
	if (session->ended)
		return "The administration has ended.";
	return session->paused ? "It is paused already." : "It is not paused.";
}

/* ---- names, limits, sources ------------------------------------------------------------------ */

static void add_name(char *text, const char *name)
{
	size_t used = strnlen(text, EXPLAIN_BYTES - 1);

	(void)snprintf(text + used, EXPLAIN_BYTES - used, " %s", name); /* cut is fine */
}

static void unknown_item(char *text, const struct plan *plan)
{
	(void)snprintf(text, EXPLAIN_BYTES, "There is no such item. There are:");
	for (uint8_t i = 0; i < plan->item_count; i++)
		add_name(text, plan->items[i].name);
}

static void unknown_source(char *text, const struct engine_config *config, bool is_device)
{
	(void)snprintf(text, EXPLAIN_BYTES, "There is no such %s here. There are:", is_device ? "device" : "parameter");
	for (uint8_t d = 0; d < config->device_count; d++) {
		if (is_device)
			add_name(text, config->devices[d].name);
		for (int p = 0; p < PARAMETER_COUNT && !is_device; p++)
			if ((config->devices[d].provides & PARAMETER_BIT(p)) != 0)
				add_name(text, parameter_table[p].name);
	}
}

static const struct plan_rule *rule_named(const struct plan *plan, const char *name)
{
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (strncmp(plan->rules[i].name, name, NAME_BYTES) == 0)
			return &plan->rules[i];
	return NULL;
}

static void limit(char *text, const struct engine *engine, const struct limit_order *order, enum result result)
{
	const struct plan_rule *rule = rule_named(&engine->config->plan, order->rule);
	char a[DECIMAL_BYTES], b[DECIMAL_BYTES];

	if (rule == NULL || result == RESULT_UNKNOWN_NAME) {
		(void)snprintf(text, EXPLAIN_BYTES, "There is no alarm rule %s: its limits stand beside the values.",
		               order->rule);
		return;
	}
	if (order->term >= rule->term_count) {
		(void)snprintf(text, EXPLAIN_BYTES, "%s has no term %u (it has %u, counted from 0).", rule->name,
		               order->term, rule->term_count);
		return;
	}
	const struct rule_term *term = &rule->terms[order->term];
	const struct parameter_info *info = &parameter_table[term->parameter];
	if (result == RESULT_SECOND_PERSON)
		(void)snprintf(text, EXPLAIN_BYTES,
		               "%s is looser than the plan's %s: name the second person who agrees.",
		               decimal(a, order->limit), decimal(b, term->limit));
	else if (result == RESULT_OUT_OF_RANGE && term->reference == REFERENCE_ABSOLUTE)
		(void)snprintf(text, EXPLAIN_BYTES,
		               "%s must be a value that can be measured: %s to %s, with room for its clearing.",
		               info->label, decimal(a, info->plausible_min), decimal(b, info->plausible_max));
}

/* ---- all ------------------------------------------------------------------------------------- */

static void unknown(char *text, const struct engine *engine, const struct event_command *command)
{
	if (command->command == COMMAND_ITEM)
		unknown_item(text, &engine->config->plan);
	if (command->command == COMMAND_TAKE_OUT)
		unknown_source(text, engine->config, command->u.take_out.is_device);
}

void explain(char text[EXPLAIN_BYTES], const struct engine *engine, const struct event_command *command,
             enum result result)
{
	text[0] = '\0';
	if (result == RESULT_SECOND_PERSON && command->command == COMMAND_SESSION_OPEN)
		dose(text, &engine->config->plan.dose, &command->u.order);
	else if (result == RESULT_WRONG_STATE && command->command == COMMAND_DEVICE_GIVEN)
		given(text, engine);
	else if (result == RESULT_WRONG_STATE)
		(void)snprintf(text, EXPLAIN_BYTES, "%s", moment(engine, command->command));
	else if (result == RESULT_BLOCKED && command->command == COMMAND_TAKE_OUT)
		(void)snprintf(text, EXPLAIN_BYTES,
		               "A critical limit would have no source left. A named clinician may override.");
	else if (command->command == COMMAND_LIMIT && result != RESULT_OK && result != RESULT_NO_SESSION)
		limit(text, engine, &command->u.limit, result);
	else if (result == RESULT_UNKNOWN_NAME)
		unknown(text, engine, command);
}
