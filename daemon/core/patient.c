/* What staff enter for this patient beside scores: items ticked, limits changed, spray devices given. Called within
 * engine_step. */
#include "core.h"

enum result patient_item(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	const struct plan *plan = &engine->config->plan;
	const struct item_tick *tick = &command->u.item;

	if (!engine->session.open)
		return RESULT_NO_SESSION;
	for (uint8_t i = 0; i < plan->item_count; i++) {
		uint16_t bit = (uint16_t)(1U << i);

		if (!core_same_text(plan->items[i].name, tick->name, NAME_BYTES))
			continue;
		engine->session.items =
		    (uint16_t)(tick->ticked ? engine->session.items | bit : engine->session.items & ~(unsigned)bit);
		step_session(step, SESSION_ITEM, command->actor);
		return RESULT_OK;
	}
	return RESULT_UNKNOWN_NAME;
}

/* ---- limits -------------------------------------------------------------------------------------------------------
 */

static bool looser(const struct rule_term *term, int32_t limit, int32_t than)
{
	return rule_term_above(term) ? limit > than : limit < than;
}

/* A critical rule of the same kind would call before this one. */
static bool beyond_critical(const struct plan *plan, const struct rule_term *term, int32_t limit)
{
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		const struct plan_rule *rule = &plan->rules[i];

		for (uint8_t t = 0; rule->kind == RULE_ALARM && rule->critical && t < rule->term_count; t++) {
			const struct rule_term *other = &rule->terms[t];

			if (other->parameter == term->parameter && other->reference == term->reference &&
			    rule_term_above(other) == rule_term_above(term) && looser(term, limit, other->limit))
				return true;
		}
	}
	return false;
}

static bool in_range(const struct rule_term *term, int32_t limit)
{
	const struct parameter_info *info = &parameter_table[term->parameter];
	int64_t clear = (int64_t)limit + term->clear - term->limit;
	int64_t min = info->plausible_min, max = info->plausible_max;

	if (term->reference != REFERENCE_ABSOLUTE) {
		max = max - min;
		min = term->reference == REFERENCE_DIFFERENCE ? 0 : -max;
	}
	return limit >= min && limit <= max && clear >= min && clear <= max;
}

enum result patient_limit(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	const struct limit_order *order = &command->u.limit;
	int rule = rule_by_name(engine, order->rule);

	if (!engine->session.open)
		return RESULT_NO_SESSION;
	if (rule < 0 || engine->config->plan.rules[rule].kind != RULE_ALARM)
		return RESULT_UNKNOWN_NAME;

	const struct plan_rule *p = &engine->config->plan.rules[rule];

	if (order->term >= p->term_count || !in_range(&p->terms[order->term], order->limit))
		return RESULT_OUT_OF_RANGE;

	const struct rule_term *term = &p->terms[order->term];

	if (looser(term, order->limit, term->limit)) {
		if (order->reason[0] == '\0')
			return RESULT_OUT_OF_RANGE;
		if (!p->critical && beyond_critical(&engine->config->plan, term, order->limit))
			return RESULT_BEYOND_CRITICAL;
		if (!core_valid_token(order->second_person) ||
		    core_same_text(order->second_person, command->actor, NAME_BYTES))
			return RESULT_SECOND_PERSON;
	}
	engine->session.limit_changed[rule][order->term] = true;
	engine->session.limits[rule][order->term] = order->limit;
	step_session(step, SESSION_LIMIT, command->actor);
	return RESULT_OK;
}

/* ---- spray --------------------------------------------------------------------------------------------------------
 */

/* Too soon after the last one, more than was ordered, or after the end. */
bool engine_device_out_of_turn(const struct engine *engine)
{
	const struct session *session = &engine->session;
	const struct plan_dose *dose = &engine->config->plan.dose;
	uint8_t count = session->given_count;

	return session->ended ||
	       (count > 0 && mono_since(engine->now, session->given[count - 1].at) < dose->device_rest_ns) ||
	       (session->order.dose_ug != 0 && (count + 1) * (int64_t)dose->device_ug > session->order.dose_ug);
}

/* The first one is T0. What was given is given: with a name and a reason it is recorded whatever the plan says. */
enum result patient_given(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	struct session *session = &engine->session;

	if (!session->open)
		return RESULT_NO_SESSION;
	if (engine->config->plan.dose.device_ug == 0 || session->given_count == GIVEN_MAX)
		return RESULT_WRONG_STATE;
	if (engine_device_out_of_turn(engine) && !session_override_valid(&command->u.override))
		return RESULT_WRONG_STATE;
	if (!session->started) {
		enum result result = session_start(step, command->actor, &command->u.override);

		if (result != RESULT_OK)
			return result;
	}
	session->given[session->given_count].at = step->now;
	session->given[session->given_count].wall_ns = step->wall_ns;
	session->given_count++;
	step_session(step, SESSION_GIVEN, command->actor);
	return RESULT_OK;
}
