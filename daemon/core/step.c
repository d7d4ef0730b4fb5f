/* What every part of a step uses: a place for an action, and the few things done to texts. Called within engine_step;
 * stands below all other files of the core. */
#include "core.h"

/* A step can never need more than ACTIONS_MAX actions.
 *
 * By time alone a rule without `with` becomes established once or ends once, not both, for that takes a value. Of rules
 * that depend on such ("with", "superseded by") what they depend on goes away at most once and comes at most once, in
 * this order, for what has come stays. So a rule's slot changes by time at most seven times: reminded, unattended,
 * cleared, raised, unattended again (or confirmed), less urgent when the administration ends, superseded. A late check
 * does not change more often: late, more urgent, over because the reason for it is, and once more, reminded. Any other
 * slot is raised or reminded, escalates and ends: three. The event adds two changes to a rule or check (raised, or
 * worse, and superseded at once), one to any other. That is 9 * 64 + 4 * (ALARMS_MAX - 64) = 1272 for 238 slots.
 *
 * Beside them: one action for each device (32), two for a cuff (5 parameters may each have one, and a command), one
 * when something taken out comes back (51), each kind of session change once and an audio change twice more (17), one
 * observation, one set of readings and one reply: 114. The sum is 1386; ACTIONS_MAX is 1492. Should this proof ever be
 * wrong the last action is overwritten, never the memory behind it, and engine_sound says so. */
struct action *step_action(struct step *step, enum action_kind kind)
{
	struct actions *actions = step->actions;

	if (actions->count < ACTIONS_MAX)
		actions->count++;
	else
		step->engine->overflowed = true;

	struct action *action = &actions->list[actions->count - 1];

	memset(action, 0, sizeof(*action));
	action->kind = kind;
	return action;
}

void core_copy_text(char *to, const char *from, size_t size)
{
	size_t i = 0;

	for (; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
	memset(to + i, 0, size - i);
}

bool core_same_text(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (a[i] != b[i])
			return false;
		if (a[i] == '\0')
			return true;
	}
	return false;
}

bool core_valid_token(const char *token)
{
	size_t i = 0;

	for (; i < NAME_BYTES && token[i] != '\0'; i++) {
		char c = token[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
		      c == '_' || c == '-'))
			return false;
	}
	return i > 0 && i < NAME_BYTES;
}

void step_session(struct step *step, enum session_change change, const char *actor)
{
	struct action *action = step_action(step, ACTION_SESSION);

	action->u.session.change = change;
	action->u.session.checks = change == SESSION_CHECK ? step->checks : 0;
	core_copy_text(action->u.session.actor, actor, sizeof(action->u.session.actor));
}
