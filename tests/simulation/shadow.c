/* The general invariants of the unit tests (tests/unit/core_oracle.h), after every step of a simulated session: what a
 * display would know that saw every action; one reply for each command; the digest; values that are shown. What a tick
 * would do at once or before the deadline is tried on a copy now and then: it costs more than the step itself. */
#include "tests/unit/core_oracle.h"

void shadow_begin(void);
const char *shadow_look(const struct engine *engine, const struct event *event, const struct actions *actions,
                        bool thorough);

static struct shadow shadow;

void shadow_begin(void)
{
	memset(&shadow, 0, sizeof(shadow));
}

/* Announced changes are rare: without one the table of alarms is as it was, which is looked at now and then all the
 * same. */
const char *shadow_look(const struct engine *engine, const struct event *event, const struct actions *actions,
                        bool thorough)
{
	bool signalled = false, alarms = thorough;
	const char *wrong = check_actions(&shadow, event, actions, &signalled);

	for (uint16_t i = 0; i < actions->count; i++)
		alarms = alarms || actions->list[i].kind == ACTION_ALARM;
	MUST(wrong == NULL, wrong);
	MUST(mono_is_never(engine->audio_paused_until) || engine->audio_paused_until.ns > engine->now.ns,
	     "an audio pause that is over");
	MUST(!signalled || mono_is_never(engine->audio_paused_until) ||
	         (event->kind == EVENT_COMMAND && event->u.command.command == COMMAND_AUDIO_PAUSE),
	     "a new alarm in an audio pause");
	wrong = alarms ? check_alarms(&shadow, engine) : NULL;
	MUST(wrong == NULL, wrong);
	wrong = engine_sound(engine);
	MUST(wrong == NULL, wrong);
	wrong = check_values(engine);
	MUST(wrong == NULL, wrong);
	return thorough ? check_deadline(engine) : NULL;
}
