/* The audio pause: how long no sound is wanted, and by whom. Called within engine_step: by orders, by alarms that end
 * it, and by time. */
#include "core.h"

void audio_pause(struct step *step, const char *actor)
{
	struct engine *engine = step->engine;

	engine->audio_paused_until = mono_after(step->now, engine->config->plan.audio_pause_ns);
	core_copy_text(engine->audio_paused_by, actor, sizeof(engine->audio_paused_by));
	step_session(step, SESSION_AUDIO, actor);
}

void audio_resume(struct step *step, const char *actor)
{
	struct engine *engine = step->engine;

	if (mono_is_never(engine->audio_paused_until))
		return;
	engine->audio_paused_until = MONO_NEVER;
	memset(engine->audio_paused_by, 0, sizeof(engine->audio_paused_by));
	step_session(step, SESSION_AUDIO, actor);
}

void audio_advance(struct step *step)
{
	if (mono_reached(step->engine->audio_paused_until, step->now))
		audio_resume(step, "");
}
