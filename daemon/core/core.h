/* What the files of the pure core share. Included by daemon/core only. Everything here runs inside engine_step, on the
 * engine thread; nothing keeps state outside struct engine. */
#ifndef VITALS_CORE_H
#define VITALS_CORE_H

#include "vitals/engine.h"

#include <stddef.h>
#include <string.h>

#define STALE_PERIODS         3 /* a continuous value or a device is current for this many device periods */
#define CUFF_ANSWER_NS        (60 * NS_PER_S) /* a determination takes 25 .. 45 s; then its result is waited for no longer */
#define FLAPPING_NS           (60 * NS_PER_S) /* three losses within this are flapping; this long without one ends it */
#define TOGETHER_NS           (5 * NS_PER_S)  /* values of one device that go missing within this go together */
#define TEST_ALARM_NS         (30 * NS_PER_S)
#define TAKEN_OUT_REMINDER_NS (600 * NS_PER_S)
#define CUFF_RETRIES          2 /* of a due determination that failed; the third failure is the medium alarm */
#define CLOCK_STEP_NS         (2 * NS_PER_S) /* a wall clock step worth an alarm */

/* One engine_step in progress. */
struct step {
	struct engine *engine;
	struct mono now;
	int64_t wall_ns; /* of the event: a stamp only */
	struct actions *actions;
	parameter_set changed;    /* parameters to publish at the end */
	parameter_set fresh;      /* parameters that this event determined: intermittent ones are judged now or never */
	uint32_t devices_changed; /* bit per device to publish at the end */
	uint32_t checks;          /* bit per check that was done, missed or became due */
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

/* What follows is listed layer by layer, the lowest first. A file calls files above its own heading only, so the core
 * has no circles; `make lint` reads the headings. "engine_..." names belong to include/vitals/engine.h. */

/* ==== names and tools ==== */

/* ---- parameter.c ---- */ /* the table; include/vitals/parameter.h */
/* ---- names.c ---- */     /* tokens of enums; include/vitals/event.h, alarm.h, engine.h */
/* ---- text.c ---- */      /* names and sentences of conditions; engine.h */
/* ---- alarm_id.c ---- */  /* engine_alarm_id, engine_alarm_ids_clash, _digest, engine_highest_priority */

/* ---- step.c ---- */
struct action *step_action(struct step *step, enum action_kind kind);
void step_session(struct step *step, enum session_change change, const char *actor);
void core_copy_text(char *to, const char *from, size_t size); /* zero-fills the rest, so that structs compare */
bool core_same_text(const char *a, const char *b, size_t size);
bool core_valid_token(const char *token); /* [A-Za-z0-9._-]{1,31} */

/* ==== facts: what is so ==== */

/* ---- clocks.c ---- */
struct mono clocks_anchor(const struct session *session, enum anchor anchor); /* MONO_NEVER if it has not happened */
int64_t clocks_duration(const struct engine *engine);                         /* of the administration, planned */
struct mono clocks_planned_end(const struct engine *engine); /* MONO_NEVER if nothing is being administered */
struct mono clocks_phase_begins(const struct engine *engine, uint8_t phase);
void clocks_clear(struct session *session); /* nothing of it has happened */

/* ---- take_out.c ---- */
bool take_out_covers(const struct engine *engine, enum parameter parameter);
bool take_out_touches(const struct engine *engine, enum parameter parameter); /* it, or one of its parts */
bool take_out_covers_device(const struct engine *engine, uint8_t device);
enum result take_out_put_back(struct step *step, int slot, const char *actor);
void take_out_advance(struct step *step);
void take_out_end(struct step *step); /* all of it: what was taken out for one patient is in for the next */
struct mono take_out_deadline(const struct engine *engine);

/* ---- device.c ---- */
bool device_fine(const struct engine *engine, uint8_t device, struct mono now); /* up and not silent */
int device_of_cuff(const struct engine *engine,
                   enum parameter parameter); /* its provider, if that can start; else -1 */
void device_event(struct step *step, const struct event_device *event);
void device_determined(struct step *step, uint8_t device, bool failed);
enum result device_cuff(struct step *step, bool start);
void device_want_cuff(struct step *step, uint8_t device);
bool device_onset(struct step *step, struct onset *onset, bool present); /* a pressure is wanted now */
void device_session(struct step *step); /* a session begins or ends: nothing is wanted or counted any more */
bool device_determined_others(struct step *step, uint8_t device, struct mono determined); /* not this patient's */
void device_advance(struct step *step);
bool device_start_cuffs(struct step *step);               /* true if one was started */
struct mono device_deadline(const struct engine *engine); /* of silence */
struct mono device_cuff_deadline(const struct engine *engine);

/* ---- reading.c ---- */                                                    /* engine_last_good, and: */
bool reading_current(const struct engine *engine, enum parameter parameter); /* as of engine->now */
struct mono reading_stale_at(const struct engine *engine, enum parameter parameter);
enum parameter reading_source(const struct engine *engine, enum parameter parameter);
struct mono reading_masked_until(const struct engine *engine, enum parameter parameter);
struct mono reading_lost_at(const struct engine *engine, enum parameter parameter);
struct mono reading_dead_at(const struct engine *engine, enum parameter parameter);
struct measurement reading_at(const struct engine *engine, enum parameter parameter, struct mono now); /* not derived */
void reading_frame(struct step *step, const struct event_measurements *frame);
void reading_score(struct step *step, enum parameter parameter, int32_t milli);
void reading_derived(struct step *step, const struct measurement *m);
void reading_forget(struct step *step); /* a new session: what was determined once belongs to somebody else */
void reading_advance(struct step *step);
struct mono reading_deadline(const struct engine *engine);

/* ---- derived.c ---- */ /* engine_reading, engine_source, engine_provided, and: */
void derived_advance(struct step *step);

/* ==== questions: what follows from it ==== */

/* ---- rule.c ---- */ /* engine_limit, engine_without_source, and: */
struct verdict rule_verdict(const struct engine *engine, uint8_t rule, bool engaged);
bool rule_term_above(const struct rule_term *term); /* the higher the worse */
bool rule_value(const struct engine *engine, uint8_t rule, enum parameter parameter, int32_t *milli, bool *above);
void rule_note(const struct engine *engine, uint8_t rule, int32_t told[RULE_TERMS_MAX]);
bool rule_worse(const struct engine *engine, uint8_t rule, const int32_t told[RULE_TERMS_MAX], struct verdict *worse);
bool rule_falls(const struct engine *engine, uint8_t rule);
bool rule_out(const struct engine *engine, uint8_t rule);
bool rule_blind(const struct engine *engine, uint8_t rule); /* critical, without any source left, by take-outs */
bool rule_has_cadence(const struct plan_rule *rule, enum cadence cadence);
int rule_by_name(const struct engine *engine, const char *name); /* -1 if there is none */
struct mono rule_lost_at(const struct engine *engine, uint8_t rule, enum reason *reason);
bool rule_established(const struct engine *engine, uint8_t rule);
bool rule_any_established(const struct engine *engine, rule_set rules);
bool rule_superseded(const struct engine *engine, uint8_t rule);
rule_set rule_cover(const struct engine *engine, uint8_t rule); /* the announced ones that stand for it */
bool rule_knew(const struct engine *engine, uint8_t graver, uint8_t rule);

/* ---- watch.c ---- */                                     /* engine_watch, and: */
bool watch_rule(const struct engine *engine, uint8_t rule); /* judged although no session is open */

/* ---- check.c ---- */
void check_open(struct engine *engine);
void check_anchored(struct engine *engine); /* an anchor has just happened */
void check_determined(struct step *step);
void check_advance(struct step *step);
struct verdict check_verdict(const struct engine *engine, uint8_t check);
int check_device(const struct engine *engine, uint8_t check);
bool check_waits_for(const struct engine *engine, uint8_t device); /* a determination of it is due */
enum priority check_late(const struct engine *engine, uint8_t device);
struct mono check_deadline(const struct engine *engine);

/* ---- timing.c ---- */
struct timing timing_of(const struct engine *engine, const struct alarm *alarm);
bool alarm_of_session(const struct alarm *alarm);

/* ---- expected.c ---- */ /* engine_expected, and: */
void expected_advance(struct step *step);
struct mono expected_deadline(const struct engine *engine); /* when its integration is to be carried on */

/* ==== the alarm state machine ==== */

/* ---- audio.c ---- */
void audio_pause(struct step *step, const char *actor);
void audio_resume(struct step *step, const char *actor);
void audio_advance(struct step *step);

/* ---- alarm.c ---- */
void alarm_init(struct engine *engine);
void alarm_judge(struct step *step, uint16_t id, const struct verdict *verdict);
void alarm_advance(struct step *step, uint16_t id);
void alarm_clock_stepped(struct step *step);
void alarm_away(struct step *step, const struct event_away *away);
enum result alarm_test(struct step *step);
enum result alarm_call_help(struct step *step);
void alarm_withhold(struct step *step, uint16_t id);
void alarm_release(struct step *step, uint16_t id, const struct verdict *verdict);
void alarm_ease(struct step *step, uint16_t id, uint16_t graver, const struct verdict *verdict);
void alarm_drop(struct step *step, uint16_t id);
void alarm_lapse(struct step *step, uint16_t id);
void alarm_establish(struct step *step, uint16_t id);
void alarm_lost(struct step *step, uint16_t id, enum reason reason);
void alarm_worse(struct step *step, uint16_t id, const struct verdict *worse);
void alarm_set_priority(struct step *step, uint16_t id, enum priority priority);
bool alarm_is_unrest(const struct engine *engine, const struct alarm *alarm);
void alarm_withdraw_session(struct step *step);
enum result alarm_acknowledge(struct step *step, uint32_t id, const char *actor);
enum result alarm_acknowledge_shown(struct step *step, const struct shown_alarms *shown, const char *actor);
struct mono alarm_deadline(const struct engine *engine);

/* ==== what raises alarms, and what blocks ==== */

/* ---- rule_alarm.c ---- */
void rule_open(struct engine *engine);
void rule_judge_all(struct step *step);
struct mono rule_deadline(const struct engine *engine);

/* ---- condition.c ---- */
void condition_judge_all(struct step *step);
struct mono condition_deadline(const struct engine *engine);

/* ---- blocker.c ---- */ /* engine_blockers, engine_blocker_cause, engine_dose_fault, engine_unrest, engine_high_alarm
                           */

/* ==== what people order ==== */

/* ---- session.c ---- */
enum result session_start(struct step *step, const char *actor, const struct override *override);
enum result session_command(struct step *step, const struct event_command *command);
bool session_override_valid(const struct override *override);
void session_advance(struct step *step);
void session_baseline(struct step *step);
struct mono session_deadline(const struct engine *engine);

/* ---- order.c ---- */
enum result order_command(struct step *step, const struct event_command *command);

/* ==== the outside ==== */

/* ---- engine.c ---- */ /* engine_init, engine_step, engine_deadline */
/* ---- sound.c ---- */  /* engine_sound */

/* Announced, and its condition is still there. */
static inline bool alarm_present(const struct alarm *alarm)
{
	return alarm->state == ALARM_ACTIVE || alarm->state == ALARM_ACKNOWLEDGED;
}

#endif
