/* Scheduled checks: when each is due, what does it, when it counts as missed. Called within engine_step. */
#include "core.h"

static const struct plan_check *plan_check(const struct engine *engine, uint8_t check)
{
	return &engine->config->plan.checks[check];
}

/* Once a later anchor has happened for which the plan has times of its own for the same parameter, the earlier grid
 * ends: after an early stop the recovery's cuff times replace those of the infusion. */
static struct mono superseded_at(const struct engine *engine, const struct plan_check *check)
{
	struct mono at = MONO_NEVER;

	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		const struct plan_check *other = plan_check(engine, i);

		if (other->parameter == check->parameter && other->anchor > check->anchor)
			at = mono_earlier(at, clocks_anchor(&engine->session, other->anchor));
	}
	return at;
}

static struct mono due_of(const struct engine *engine, uint8_t check, uint8_t index)
{
	const struct plan_check *p = plan_check(engine, check);

	if (index >= p->time_count)
		return MONO_NEVER;

	struct mono due = mono_after(clocks_anchor(&engine->session, p->anchor), p->times_ns[index]);

	return mono_before(superseded_at(engine, p), due) ? MONO_NEVER : due;
}

/* From when on a determination counts for the next due time. */
static struct mono counts_from(const struct engine *engine, uint8_t check)
{
	const struct check_state *state = &engine->session.checks[check];
	const struct plan_check *p = plan_check(engine, check);

	if (state->next == 0 && p->early_ns == 0)
		return clocks_anchor(&engine->session, p->anchor);

	int64_t gap = state->next == 0 ? p->times_ns[0] : (p->times_ns[state->next] - p->times_ns[state->next - 1]) / 2;

	return (struct mono){state->due.ns - (gap < p->early_ns ? gap : p->early_ns)};
}

void check_open(struct engine *engine)
{
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		struct check_state *state = &engine->session.checks[i];

		memset(state, 0, sizeof(*state)); /* all its bytes: engines are compared by them */
		state->due = state->overdue_since = MONO_NEVER;
	}
	check_anchored(engine);
}

/* What is overdue already stays so; what lies ahead is counted anew. */
void check_anchored(struct engine *engine)
{
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		struct check_state *state = &engine->session.checks[i];

		if (mono_is_never(state->overdue_since))
			state->due = due_of(engine, i, state->next);
	}
}

/* A time for which there is no reason now: none of the alarms it depends on is present. */
static bool left_out(const struct engine *engine, uint8_t check)
{
	rule_set with = plan_check(engine, check)->with;

	return with != 0 && !rule_any_established(engine, with);
}

static void go_on(struct engine *engine, uint8_t check)
{
	struct check_state *state = &engine->session.checks[check];

	state->next++;
	state->due = due_of(engine, check, state->next);
}

static void changed(struct step *step, uint8_t check)
{
	step->checks |= UINT32_C(1) << check;
	step->checks_changed = true;
}

static void became_due(struct step *step, uint8_t check)
{
	int device = device_of_cuff(step->engine, plan_check(step->engine, check)->parameter);

	if (device >= 0)
		device_want_cuff(step, (uint8_t)device);
	changed(step, check);
}

void check_advance(struct step *step)
{
	struct engine *engine = step->engine;

	if (!engine->session.open)
		return;
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		struct check_state *state = &engine->session.checks[i];

		while (mono_is_never(state->overdue_since) && mono_reached(state->due, step->now) &&
		       left_out(engine, i)) {
			go_on(engine, i);
			changed(step, i);
		}
		if (mono_is_never(state->overdue_since) && mono_reached(state->due, step->now)) {
			state->overdue_since = state->due;
			became_due(step, i);
		}
		while (!mono_is_never(state->overdue_since)) {
			struct mono following = due_of(engine, i, (uint8_t)(state->next + 1));

			if (!mono_reached(following, step->now))
				break;
			state->missed++;
			state->missed_in_row++;
			go_on(engine, i);
			if (left_out(engine, i)) {
				go_on(engine, i);
				state->overdue_since = MONO_NEVER;
				state->missed_in_row = 0;
				changed(step, i);
			} else {
				became_due(step, i);
			}
		}
	}
}

/* After an event: does something it determined do a check? */
void check_determined(struct step *step)
{
	struct engine *engine = step->engine;

	if (!engine->session.open)
		return;
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		struct check_state *state = &engine->session.checks[i];
		enum parameter parameter = plan_check(engine, i)->parameter;

		if ((step->fresh & PARAMETER_BIT(parameter)) == 0 || !reading_current(engine, parameter) ||
		    mono_is_never(state->due) ||
		    mono_before(engine->parameters[parameter].latest.determined, counts_from(engine, i)))
			continue;
		state->done++;
		go_on(engine, i);
		state->overdue_since = MONO_NEVER;
		state->missed_in_row = 0;
		changed(step, i);
	}
}

/* When lateness gets more urgent: two in a row were missed, or one was and the next is late too. */
static struct mono urgent_at(const struct engine *engine, uint8_t check)
{
	const struct check_state *state = &engine->session.checks[check];

	if (state->missed_in_row == 0)
		return MONO_NEVER;
	return state->missed_in_row > 1 ? state->overdue_since
	                                : mono_after(state->due, plan_check(engine, check)->late_after_ns);
}

/* The device that brings what is due; -1: staff enter it, or there is none. */
int check_device(const struct engine *engine, uint8_t check)
{
	return engine->parameters[plan_check(engine, check)->parameter].device;
}

static struct mono late_at(const struct engine *engine, uint8_t check)
{
	return mono_after(engine->session.checks[check].overdue_since, plan_check(engine, check)->late_after_ns);
}

struct verdict check_verdict(const struct engine *engine, uint8_t check)
{
	const struct check_state *state = &engine->session.checks[check];
	enum priority late = plan_check(engine, check)->late;
	bool urgent = late < PRIORITY_MEDIUM && mono_reached(urgent_at(engine, check), engine->now);

	if (mono_is_never(state->overdue_since))
		return (struct verdict){.judgement = JUDGEMENT_GONE, .since = engine->now};
	return (struct verdict){
	    .judgement = JUDGEMENT_HOLDS,
	    .since = state->overdue_since,
	    .priority = urgent ? PRIORITY_MEDIUM : late,
	    .parameter = plan_check(engine, check)->parameter,
	};
}

/* What the alarm of a late determination of this device would say now; PRIORITY_NONE if none is late. */
enum priority check_late(const struct engine *engine, uint8_t device)
{
	enum priority priority = PRIORITY_NONE;

	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		struct verdict verdict = check_verdict(engine, i);

		if (check_device(engine, i) == (int)device && verdict.judgement == JUDGEMENT_HOLDS &&
		    mono_reached(late_at(engine, i), engine->now) && verdict.priority > priority)
			priority = verdict.priority;
	}
	return priority;
}

bool check_waits_for(const struct engine *engine, uint8_t device)
{
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++)
		if (!mono_is_never(engine->session.checks[i].overdue_since) && check_device(engine, i) == (int)device)
			return true;
	return false;
}

struct mono check_deadline(const struct engine *engine)
{
	struct mono deadline = MONO_NEVER;

	if (!engine->session.open)
		return MONO_NEVER;
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		const struct check_state *state = &engine->session.checks[i];

		if (mono_is_never(state->overdue_since)) {
			deadline = mono_earlier(deadline, state->due);
			continue;
		}
		deadline = mono_earlier(deadline, due_of(engine, i, (uint8_t)(state->next + 1)));
		if (mono_before(engine->now, urgent_at(engine, i)))
			deadline = mono_earlier(deadline, urgent_at(engine, i));
		if (mono_before(engine->now, late_at(engine, i)))
			deadline = mono_earlier(deadline, late_at(engine, i));
	}
	return deadline;
}
