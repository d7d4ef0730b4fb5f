/* What the files of the pure core share. Included by daemon/core only. Everything here runs inside engine_step, on the
 * engine thread; nothing keeps state outside struct engine. */
#ifndef VITALS_CORE_H
#define VITALS_CORE_H

#include "vitals/engine.h"

#include <stddef.h>
#include <string.h>

#define STALE_PERIODS 3 /* a continuous value or a device is current for this many device periods */
#define CUFF_REST_NS                                                                                                   \
	(5 * NS_PER_S)       /* between two determinations the engine starts: the least gap in the first 15            \
	                        minutes of automatic cycles (Spacelabs manual) */
#define CUFF_RETRIES       2 /* of a due determination that failed; the third failure is the medium alarm */
#define CHECK_EARLY_MAX_NS (120 * NS_PER_S) /* how early a determination may come and still count for a due time */
#define CLOCK_STEP_NS      (2 * NS_PER_S)   /* a wall clock step worth an alarm */

/* One engine_step in progress. */
struct step {
	struct engine *engine;
	struct mono now;
	int64_t wall_ns; /* of the event: a stamp only */
	struct actions *actions;
	parameter_set changed;    /* parameters to publish at the end */
	parameter_set fresh;      /* parameters that this event determined: intermittent ones are judged now or never */
	uint32_t devices_changed; /* bit per device to publish at the end */
	bool checks_changed, phase_changed;
};

/* What is known of a condition at an instant. */
enum judgement {
	JUDGEMENT_GONE,
	JUDGEMENT_HOLDS,
	JUDGEMENT_UNKNOWN, /* data are missing or not to be judged: neither raises nor clears */
};

struct verdict {
	enum judgement judgement;
	struct mono since; /* since when it is so; means nothing if unknown */
	enum priority priority;
	bool has_value;
	enum parameter parameter;
	int32_t milli, limit;
	enum reason reason;
};

/* How a condition's alarm behaves in time. */
struct timing {
	int64_t delay_ns, clear_delay_ns;
	bool latching;
};

/* ---- engine.c ---- */
struct action *step_action(struct step *step, enum action_kind kind);
void step_session(struct step *step, enum session_change change, const char *actor);
void core_copy_text(char *to, const char *from, size_t size); /* zero-fills the rest, so that structs compare */

/* ---- reading.c ---- */
bool reading_current(const struct engine *engine, enum parameter parameter); /* as of engine->now */
struct mono reading_stale_at(const struct engine *engine, enum parameter parameter);
void reading_frame(struct step *step, const struct event_measurements *frame);
void reading_score(struct step *step, enum parameter parameter, int32_t milli);
void reading_forget(struct step *step); /* a new session: what was determined once belongs to somebody else */
void reading_advance(struct step *step);
struct mono reading_deadline(const struct engine *engine);

/* ---- device.c ---- */
bool device_fine(const struct engine *engine, uint8_t device, struct mono now); /* up and not silent */
int device_of_cuff(const struct engine *engine,
                   enum parameter parameter); /* its provider, if that can start; else -1 */
void device_event(struct step *step, const struct event_device *event);
void device_determined(struct step *step, uint8_t device, bool failed);
enum result device_cuff(struct step *step, bool start);
void device_want_cuff(struct step *step, uint8_t device);
void device_session(struct step *step); /* a session begins or ends: nothing is wanted or counted any more */
void device_advance(struct step *step);
void device_start_cuffs(struct step *step);
struct mono device_deadline(const struct engine *engine); /* of silence */
struct mono device_cuff_deadline(const struct engine *engine);

/* ---- session.c ---- */
enum result session_command(struct step *step, const struct event_command *command);
struct mono session_anchor(const struct session *session, enum anchor anchor); /* MONO_NEVER if it has not happened */
void session_advance(struct step *step);
void session_baseline(struct step *step);
struct mono session_deadline(const struct engine *engine);

/* ---- check.c ---- */
void check_open(struct engine *engine);
void check_anchored(struct engine *engine); /* an anchor has just happened */
void check_determined(struct step *step);
void check_advance(struct step *step);
struct verdict check_verdict(const struct engine *engine, uint8_t check);
struct mono check_deadline(const struct engine *engine);

/* ---- rule.c ---- */
void rule_judge(struct step *step, uint8_t rule);

/* ---- condition.c ---- */
struct timing condition_timing(const struct engine *engine, const struct alarm *alarm);
void condition_judge_all(struct step *step);
struct mono condition_deadline(const struct engine *engine);

/* ---- alarm.c ---- */
void alarm_init(struct engine *engine);
void alarm_judge(struct step *step, uint16_t id, const struct verdict *verdict);
void alarm_advance(struct step *step, uint16_t id);
void alarm_clock_stepped(struct step *step);
void alarm_withdraw_session(struct step *step);
enum result alarm_acknowledge(struct step *step, uint16_t id, const char *actor);
void alarm_pause_audio(struct step *step, const char *actor);
void alarm_resume_audio(struct step *step, const char *actor);
void alarm_audio_advance(struct step *step);
struct mono alarm_deadline(const struct engine *engine);

static inline struct mono mono_later(struct mono a, struct mono b)
{
	return mono_before(a, b) ? b : a;
}

static inline bool mono_is_never(struct mono a)
{
	return a.ns == INT64_MAX;
}

/* Has `at` been reached? MONO_NEVER never is. */
static inline bool mono_reached(struct mono at, struct mono now)
{
	return !mono_is_never(at) && !mono_before(now, at);
}

#endif
