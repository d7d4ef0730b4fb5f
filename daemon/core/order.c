/* What people order: each command finds its way from here. The session's own are in session.c; scores, notes, receipts,
 * items, limits, take-outs and spray devices are carried out here. Called within engine_step. */
#include "core.h"

#define OUT_MIN_S 60
#define OUT_MAX_S 3600

static bool score_acceptable(const struct observation *observation)
{
	if ((unsigned)observation->parameter >= PARAMETER_COUNT)
		return false;

	const struct parameter_info *info = &parameter_table[observation->parameter];

	return info->cadence == CADENCE_ENTERED && observation->milli >= info->plausible_min &&
	       observation->milli <= info->plausible_max && observation->milli % MILLI == 0;
}

static enum result observe(struct step *step, const struct event_command *command)
{
	const struct observation *observation = &command->u.observation;

	if (observation->has_score) {
		if (!step->engine->session.open)
			return RESULT_NO_SESSION;
		if (!score_acceptable(observation))
			return RESULT_OUT_OF_RANGE;
	} else if (observation->note[0] == '\0') {
		return RESULT_OUT_OF_RANGE;
	}

	struct action *action = step_action(step, ACTION_OBSERVATION);
	struct observation *copy = &action->u.observation.observation;

	core_copy_text(action->u.observation.actor, command->actor, sizeof(action->u.observation.actor));
	core_copy_text(copy->note, observation->note, sizeof(copy->note));
	copy->has_score = observation->has_score;
	if (observation->has_score) {
		copy->parameter = observation->parameter;
		copy->milli = observation->milli;
		reading_score(step, observation->parameter, observation->milli);
		check_determined(step);
	}
	return RESULT_OK;
}

/* What a display shows, in the engine's own time: the shell knows which message was made when. */
static enum result note_receipt(struct step *step, const struct receipt *receipt)
{
	const struct engine_config *config = step->engine->config;

	for (uint8_t i = 0; i < config->display_count; i++) {
		struct display_state *display = &step->engine->displays[i];

		if (!core_same_text(config->displays[i], receipt->display, NAME_BYTES))
			continue;
		display->heard = step->now;
		if (!mono_is_never(receipt->shown))
			display->shown = mono_last(display->shown, mono_earlier(receipt->shown, step->now));
		return RESULT_OK;
	}
	return RESULT_UNKNOWN_NAME;
}

/* ---- items -----------------------------------------------------------------------------------------------------
 */

static enum result tick_item(struct step *step, const struct event_command *command)
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

	switch (term->reference) {
	case REFERENCE_ABSOLUTE:
		break;
	case REFERENCE_BASELINE:
		max = max - min;
		min = -max;
		break;
	case REFERENCE_DIFFERENCE:
		max = max - min;
		min = 0;
		break;
	}
	return limit >= min && limit <= max && clear >= min && clear <= max;
}

static enum result change_limit(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	const struct limit_order *order = &command->u.limit;
	int rule = rule_by_name(engine, order->rule);

	if (!engine->session.open)
		return RESULT_NO_SESSION;
	if (rule < 0 || engine->config->plan.rules[rule].kind != RULE_ALARM)
		return RESULT_UNKNOWN_NAME;

	const struct plan_rule *p = &engine->config->plan.rules[rule];

	int t = engine_term(p, order->term);

	if (t < 0)
		return RESULT_UNKNOWN_NAME;

	const struct rule_term *term = &p->terms[t];

	if (!in_range(term, order->limit))
		return RESULT_OUT_OF_RANGE;

	if (looser(term, order->limit, term->limit)) {
		if (order->reason[0] == '\0')
			return RESULT_OUT_OF_RANGE;
		if (!p->critical && beyond_critical(&engine->config->plan, term, order->limit))
			return RESULT_BEYOND_CRITICAL;
		if (term->has_never && looser(term, order->limit, term->never))
			return RESULT_BEYOND_CRITICAL;
		if (!core_valid_token(order->second_person) || name_same_person(order->second_person, command->actor))
			return RESULT_SECOND_PERSON;
	}
	engine->session.limit_changed[rule][t] = true;
	engine->session.limits[rule][t] = order->limit;
	step_session(step, SESSION_LIMIT, command->actor);
	return RESULT_OK;
}

/* ---- oxygen -------------------------------------------------------------------------------------------------------
 */

static enum result give_oxygen(struct step *step, const struct event_command *command)
{
	struct session *session = &step->engine->session;
	struct oxygen *oxygen = &session->oxygen;

	if (!session->open)
		return RESULT_NO_SESSION;
	if (command->u.oxygen_ml_per_min < 0 || command->u.oxygen_ml_per_min > OXYGEN_ML_PER_MIN_MAX)
		return RESULT_OUT_OF_RANGE;
	oxygen->told = true;
	oxygen->ml_per_min = command->u.oxygen_ml_per_min;
	oxygen->since = step->now;
	oxygen->since_wall_ns = step->wall_ns;
	core_copy_text(oxygen->by, command->actor, sizeof(oxygen->by));
	step_session(step, SESSION_OXYGEN, command->actor);
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
static enum result give_device(struct step *step, const struct event_command *command)
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

/* ---- taking out ------------------------------------------------------------------------------------------------
 */

static rule_set blinded(const struct engine *engine)
{
	rule_set rules = 0;

	for (uint8_t i = 0; i < engine->config->plan.rule_count; i++)
		if (rule_blind(engine, i))
			rules |= RULE_BIT(i);
	return rules;
}

static int slot_of(const struct engine *engine, const struct take_out *order)
{
	if (!order->is_device) {
		for (int p = 0; p < PARAMETER_COUNT; p++)
			if (core_same_text(parameter_table[p].name, order->name, strlen(parameter_table[p].name) + 1))
				return DEVICES_MAX + p;
		return -1;
	}
	for (int d = 0; d < engine->config->device_count; d++)
		if (core_same_text(engine->config->devices[d].name, order->name, NAME_BYTES))
			return d;
	return -1;
}

static enum result take_out(struct step *step, const struct event_command *command)
{
	struct engine *engine = step->engine;
	const struct take_out *order = &command->u.take_out;
	int slot = slot_of(engine, order);

	if (slot < 0)
		return RESULT_UNKNOWN_NAME;
	if (order->duration_s == 0)
		return take_out_put_back(step, slot, command->actor);
	if (order->duration_s < OUT_MIN_S || order->duration_s > OUT_MAX_S || order->reason[0] == '\0')
		return RESULT_OUT_OF_RANGE;

	rule_set blind = blinded(engine);
	struct taken_out *taken = &engine->taken_out[slot], before = *taken;

	taken->until = mono_after(step->now, order->duration_s * NS_PER_S);
	if (engine->session.open && (blinded(engine) & ~blind) != 0 && !session_override_valid(&order->override)) {
		*taken = before;
		return order->override.name[0] == '\0' ? RESULT_BLOCKED : RESULT_OUT_OF_RANGE;
	}
	core_copy_text(taken->by, command->actor, sizeof(taken->by));
	core_copy_text(taken->reason, order->reason, sizeof(taken->reason));
	step_session(step, SESSION_TAKEN_OUT, command->actor);
	return RESULT_OK;
}

/* ---- all of them -----------------------------------------------------------------------------------------------
 */

enum result order_command(struct step *step, const struct event_command *command)
{
	switch (command->command) {
	case COMMAND_SESSION_OPEN:
	case COMMAND_SESSION_START:
	case COMMAND_SESSION_PAUSE:
	case COMMAND_SESSION_RESUME:
	case COMMAND_SESSION_STOP:
	case COMMAND_SESSION_CLOSE:
		return session_command(step, command);
	case COMMAND_ALARM_ACKNOWLEDGE:
		return alarm_acknowledge(step, command->u.alarm_id, command->actor);
	case COMMAND_ALARM_ACKNOWLEDGE_SHOWN:
		return alarm_acknowledge_shown(step, &command->u.shown, command->actor);
	case COMMAND_AUDIO_PAUSE:
		audio_pause(step, command->actor);
		return RESULT_OK;
	case COMMAND_OBSERVE:
		return observe(step, command);
	case COMMAND_CUFF_START:
		return device_cuff(step, true);
	case COMMAND_CUFF_STOP:
		return device_cuff(step, false);
	case COMMAND_DEVICE_GIVEN:
		return give_device(step, command);
	case COMMAND_ITEM:
		return tick_item(step, command);
	case COMMAND_LIMIT:
		return change_limit(step, command);
	case COMMAND_TAKE_OUT:
		return take_out(step, command);
	case COMMAND_TEST_ALARM:
		return alarm_test(step);
	case COMMAND_OXYGEN:
		return give_oxygen(step, command);
	case COMMAND_CALL_HELP:
		return alarm_call_help(step);
	case COMMAND_RECEIPT:
		return note_receipt(step, &command->u.receipt);
	case COMMAND_COUNT:
		break;
	}
	return RESULT_OUT_OF_RANGE;
}
