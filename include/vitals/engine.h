/* The engine: the one writer of patient state. Pure: no I/O, clock, heap, float, locale or globals. Called by the loop
 * (daemon/loop.c) from the engine thread only, and by tests and replay.
 *
 * `struct engine` is plain data (one pointer, to the const configuration), so it can be copied, compared and dumped.
 * Outside daemon/core it is read, never written: the encoder and the control socket show it.
 *
 * Same configuration, same events and times: same actions, byte for byte. */
#ifndef VITALS_ENGINE_H
#define VITALS_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/alarm.h"
#include "vitals/event.h"
#include "vitals/measurement.h"
#include "vitals/plan.h"
#include "vitals/text.h"

struct engine_device {
	char name[NAME_BYTES];
	int64_t period_ns;      /* how often a whole frame is expected; 10 ms .. 10 min */
	parameter_set provides; /* each parameter has at most one providing device at a bedside */
	bool cuff_command;      /* accepts start and stop of a cuff determination */
	bool same_limb;         /* an oximeter on the cuff's arm: inflation takes its signal away for a while */
};

#define DISPLAYS_MAX 8

struct engine_config {
	char bedside[NAME_BYTES];
	struct plan plan;
	uint8_t display_count; /* displays that must confirm what they show */
	char displays[DISPLAYS_MAX][NAME_BYTES];
	int64_t display_within_ns; /* how long a raised alarm may stay unconfirmed, 1 .. 60 s */
	uint8_t device_count;
	struct engine_device devices[DEVICES_MAX];
};

/* The newest of each parameter. `current` is what was last received, even when it is stale by now: ask engine_reading.
 */
struct engine_parameter {
	int8_t device; /* provider, or -1 */
	bool received; /* anything since start */
	bool stale;    /* continuous: three periods without a newer frame had passed at engine.now */
	struct measurement latest;
	int64_t latest_wall_ns; /* stamp of the event that brought it */
	bool has_previous;      /* intermittent and entered ones: there was one before the latest in the open session */
	int32_t previous_milli;
	bool has_good;           /* intermittent: there was a determination with a value in the open session, */
	struct measurement good; /* the latest; shown beside a failed one, and never judged again */
	int64_t good_wall_ns;
	bool refused; /* intermittent: the latest was a number that cannot be; then `latest` has no value, and */
	int32_t refused_milli;     /* this is what the device said */
	struct mono missing_since; /* since when there is no current value; MONO_NEVER while there is one */
	struct mono valued;     /* continuous: when the last one that was a value was determined; MONO_NEVER = none */
	struct mono dead_since; /* since when the device says that there is no such sign; MONO_NEVER = it does not */
	enum parameter source;  /* derived: the part that brought the last value */
};

struct engine_device_state {
	enum device_state state;
	enum device_fault fault;
	struct mono last_frame;        /* MONO_NEVER before the first */
	bool ever_up;                  /* has been DEVICE_UP since the daemon started */
	struct mono heard;             /* last sign of life: a frame, or when it became DEVICE_UP */
	struct mono fine_since;        /* since when it is DEVICE_UP and not silent; MONO_NEVER while it is not */
	struct mono lost_since;        /* the opposite */
	uint8_t cuff_failures;         /* consecutive failed determinations */
	bool cuff_requested;           /* ACTION_CUFF start sent, no determination since */
	struct mono cuff_requested_at; /* MONO_NEVER before the first */
	bool cuff_wanted;              /* a determination is due and waits for the device and for the rest to be over */
	uint8_t cuff_retries;          /* of the determination that was due */
	struct mono cuff_rest_until;   /* MONO_NEVER before the first inflation */
	struct mono
	    mask_until; /* until then an oximeter on the same limb is not missed; MONO_NEVER = no inflation yet */
	struct mono lost_at[3];   /* of the last losses, oldest first; MONO_NEVER if there were fewer */
	bool was_up;              /* in DEVICE_RESYNC: came there from DEVICE_UP */
	bool flapping;            /* lost three times within a minute, and not fine for a whole minute since */
	struct mono others_until; /* until then a determination was asked for before the session; MONO_NEVER = none */
	struct mono others_at;    /* when that one was determined: not this patient's; MONO_NEVER = none */
};

/* Something that asks for the patient's pressure when it begins (`measure_now`). */
struct onset {
	bool measured;     /* this onset has been seen */
	struct mono again; /* the second reading is due; MONO_NEVER if none is */
};

/* A rule of the plan at work. */
struct rule_state {
	struct mono confirm_at; /* cuff rules: the first reading counts as confirmed then; MONO_NEVER if none waits */
	struct mono determined; /* of the latest violating value; MONO_NEVER if there was none */
	struct onset onset;     /* of rules with `measure_now` */
	struct mono unattended_since; /* active and unacknowledged with administration running; MONO_NEVER if not */
	uint8_t back;                 /* determinations in a row that were back at `clear` */
	struct mono onsets[RULE_REPEATS_MAX]; /* when it began to be violated, oldest first; MONO_NEVER if less often */
	bool lowered;                         /* falling, in a phase in which that matters less */
	bool unattended;                      /* nobody answered in time */
	int32_t told[RULE_TERMS_MAX]; /* each term's value when somebody last knew of it: until it is acknowledged */
	struct mono established;      /* since when its condition is, announced or kept back; MONO_NEVER if it is not */
	rule_set cover;               /* while it is kept back: the announced alarms that stand for it, or stood last */
};

struct display_state {
	struct mono heard; /* last receipt; the start of the engine before the first */
	struct mono shown; /* shows everything announced until then; MONO_NEVER = nothing yet */
};

#define BASELINE_RATES 60

struct baseline {
	bool complete;
	uint8_t readings;         /* determinations averaged so far */
	int32_t sum_sys, sum_dia; /* milli */
	int32_t sys, dia;         /* milli, valid if complete */
	bool has_hr;
	int32_t hr; /* milli: median of the rates of the minute in which the baseline was completed */
	/* The rates of the last BASELINE_RATES seconds that had one, of the ECG, else of the oximeter; a ring. */
	uint8_t next_rate;
	int32_t rate[BASELINE_RATES];
	struct mono rate_at[BASELINE_RATES]; /* MONO_NEVER: none yet */
	int32_t score[PARAMETER_COUNT];      /* entered scores: the last entry before the start; 0 if there was none */
};

struct check_state {
	uint8_t next; /* index into times_ns of the first check not yet done or given up */
	uint8_t done, missed;
	struct mono due; /* of `next`; MONO_NEVER if its anchor has not happened or none is left */
	struct mono
	    overdue_since;     /* due instant of the first one not done since the last done one; MONO_NEVER if none */
	uint8_t missed_in_row; /* missed since the last done one */
};

/* One spray device that was given. */
struct given {
	struct mono at;
	int64_t wall_ns;
};

#define GIVEN_MAX  6
#define PAUSES_MAX 16

/* A device or a parameter that is out of alarming. */
struct taken_out {
	struct mono until; /* MONO_NEVER = not taken out */
	char by[NAME_BYTES];
	char reason[TEXT_BYTES];
};

/* Alarm load of a session, by alarm slot: for the report and for tuning. */
struct alarm_load {
	uint16_t raised, nuisance; /* nuisance: cleared by itself within plan.nuisance_ns */
	uint16_t acknowledged;
	int64_t acknowledge_ns_total; /* from raised to acknowledged, summed */
};

/* The expected response, integrated so far (daemon/core/expected.c). */
#define EXPECTED_COMPARTMENTS 7 /* of a model; the last one is what has left the body */

struct expected_state {
	int64_t at_ms; /* since T0 */
	uint8_t given; /* spray devices taken into account */
	struct expected_amounts {
		int64_t ng[EXPECTED_COMPARTMENTS];
	} amounts[2]; /* ROUTE_IV: Kamp, Clements; ROUTE_SPRAY: the first only */
};

/* What staff said of oxygen. */
struct oxygen {
	bool told; /* else nobody said anything */
	int32_t ml_per_min;
	struct mono since; /* MONO_NEVER if it was not told */
	int64_t since_wall_ns;
	char by[NAME_BYTES];
};

struct session {
	bool open;
	char id[NAME_BYTES]; /* of one session alone, ever; "" before the first. Kept until the next is opened */
	struct session_order order;
	char opened_by[NAME_BYTES];
	uint8_t phase; /* index into plan.phases */
	bool started, paused, ended;
	struct mono opened_at, started_at, ended_at, paused_at; /* MONO_NEVER = has not happened */
	int64_t paused_ns;                                      /* total of finished pauses */
	int64_t opened_wall_ns, started_wall_ns, ended_wall_ns;
	struct baseline baseline;
	struct check_state checks[PLAN_CHECKS_MAX];
	uint16_t items; /* bit i: plan.items[i] is ticked */
	uint8_t given_count;
	struct given given[GIVEN_MAX];
	struct override start_override, close_override;     /* name "" = none was needed */
	bool limit_changed[PLAN_RULES_MAX][RULE_TERMS_MAX]; /* for this patient; then limits[][] counts */
	int32_t limits[PLAN_RULES_MAX][RULE_TERMS_MAX];
	struct mono recheck_due;            /* next entry that a rule's recheck_ns asks for; MONO_NEVER = none */
	enum parameter recheck;             /* of which score */
	struct alarm_load load[ALARMS_MAX]; /* of the last session until the next one is opened */
	uint8_t pauses;                     /* finished or running; the instants of the first PAUSES_MAX are kept */
	struct mono pause_from[PAUSES_MAX], pause_to[PAUSES_MAX]; /* MONO_NEVER = not yet */
	struct mono
	    urgent_until;      /* when the last alarm of the patient of MEDIUM or HIGH ended; MONO_NEVER if none has */
	uint16_t urgent_alarm; /* the slot of that one */
	struct expected_state expected;
	struct oxygen oxygen;
};

struct engine {
	const struct engine_config *config;
	struct mono now; /* of the last step; time never goes back */
	struct engine_parameter parameters[PARAMETER_COUNT];
	struct engine_device_state devices[DEVICES_MAX];
	struct session session;
	struct mono watched_since; /* when the last session was opened or closed; before the first: the start */
	struct alarm alarms[ALARMS_MAX];
	struct mono audio_paused_until; /* MONO_NEVER = not paused */
	char audio_paused_by[NAME_BYTES];
	bool service_failed[SERVICE_COUNT];
	struct taken_out taken_out[DEVICES_MAX + PARAMETER_COUNT]; /* devices, then parameters */
	struct rule_state rules[PLAN_RULES_MAX];
	struct onset no_vital_sign; /* a device says that there is no pulse, beat or breath */
	struct display_state displays[DISPLAYS_MAX];
	bool overflowed; /* an action list was once too short: actions were lost */
};

enum action_kind {
	ACTION_ALARM,       /* an announced alarm changed */
	ACTION_READINGS,    /* parameters got a new value or changed quality: publish them, together */
	ACTION_DEVICE,      /* device state changed */
	ACTION_SESSION,     /* session, phase, baseline, due checks or audio pause changed */
	ACTION_OBSERVATION, /* entered by staff: record it */
	ACTION_CUFF,        /* tell the device to start or stop a determination */
	ACTION_REPLY,       /* answer a command, after everything before it in this batch is durable */
};

enum alarm_change {
	ALARM_RAISED,
	ALARM_PRIORITY_CHANGED,
	ALARM_WAS_ACKNOWLEDGED,
	ALARM_BECAME_LATCHED,
	ALARM_CLEARED,        /* gone; ended by itself, or latched and then acknowledged */
	ALARM_SESSION_ENDED,  /* gone because the session was closed */
	ALARM_REMINDED,       /* announced again: acknowledged, still present after plan.reminder_ns */
	ALARM_SUPERSEDED,     /* withdrawn: an alarm that stands for the same situation is present */
	ALARM_REASON_CHANGED, /* of a device: another reason; of a cuff: other numbers. The same priority; an
	                       * acknowledgement stands */
	ALARM_WORSE,          /* announced again: acknowledged, and worse since by the plan's `worse_step` */
	ALARM_EASED, /* takes the place of a graver one that got better, answered or not as that was: no signal */
};

const char *alarm_change_name(enum alarm_change change);

enum session_change {
	SESSION_OPENED,
	SESSION_STARTED,
	SESSION_PAUSED,
	SESSION_RESUMED,
	SESSION_ENDED,     /* administration over: planned duration passed or stopped early */
	SESSION_PHASE,     /* next phase */
	SESSION_BASELINE,  /* baseline complete */
	SESSION_CHECK,     /* a check was done, missed or became due */
	SESSION_AUDIO,     /* audio pause began or ended */
	SESSION_ITEM,      /* an item was ticked or unticked */
	SESSION_GIVEN,     /* a spray device was given */
	SESSION_LIMIT,     /* a limit was changed for this patient */
	SESSION_TAKEN_OUT, /* a device or parameter was taken out of alarming or is back */
	SESSION_OXYGEN,    /* oxygen is given, another flow, or air */
	SESSION_CLOSED,
};

const char *session_change_name(enum session_change change);

enum result {
	RESULT_OK,
	RESULT_NO_SESSION,
	RESULT_SESSION_OPEN,  /* one is open already */
	RESULT_WRONG_STATE,   /* e.g. resume without pause */
	RESULT_UNKNOWN_ALARM, /* no such alarm, or it needs no acknowledgement */
	RESULT_OUT_OF_RANGE,
	RESULT_NO_CUFF,         /* no device accepts the command, or it is not connected */
	RESULT_BLOCKED,         /* a gate or leave condition; the blockers are in the session state */
	RESULT_SECOND_PERSON,   /* needs a second named person, who is not the actor */
	RESULT_BEYOND_CRITICAL, /* a limit looser than that of a critical rule for the same */
	RESULT_UNKNOWN_NAME,    /* no such rule, item, device or parameter */
	RESULT_NOT_RECORDED,    /* made by the shell: carried out but could not be made durable */
	RESULT_BUSY,            /* made by the shell: too many commands waiting */
	RESULT_BAD_REQUEST,     /* made by the shell: the message could not be understood */
	RESULT_COUNT
};

const char *result_name(enum result result); /* "ok", "no-session", ... */

struct action {
	enum action_kind kind;
	union {
		struct {
			enum alarm_change change;
			struct alarm alarm;
		} alarm;
		parameter_set readings;
		uint8_t device;
		struct {
			enum session_change change;
			char actor[NAME_BYTES]; /* "" if the engine did it by itself */
			uint32_t checks;        /* SESSION_CHECK: bit per check that was done, missed or became due */
		} session;
		struct {
			char actor[NAME_BYTES];
			struct observation observation;
		} observation;
		struct {
			uint8_t device;
			bool start;
		} cuff;
		struct {
			uint64_t id;
			enum command command;
			char actor[NAME_BYTES];
			enum result result;
		} reply;
	} u;
};

/* Enough for all that one step can change (proof in daemon/core/step.c). */
#define ACTIONS_MAX (6 * ALARMS_MAX + 64)

struct actions {
	uint16_t count;
	struct action list[ACTIONS_MAX];
};

/* Sets up `engine`; `config` must be validated, unchanging and outlive it. */
void engine_init(struct engine *engine, const struct engine_config *config, struct mono now);

/* Judges one event at `now` (not before the last one; an earlier time counts as the last one). Replaces the contents
 * of `actions`. Order of actions: alarms before readings, reply last. */
void engine_step(struct engine *engine, const struct event *event, struct mono now, struct actions *actions);

/* When the engine wants an EVENT_TICK at the latest; MONO_NEVER if never. After a step at `now` it is after `now`. */
struct mono engine_deadline(const struct engine *engine);

/* Does the state make sense? NULL, or a const sentence that names what can never be: a deadline that never moves, an
 * action list that was too short, states that contradict each other. Between two steps; whatever it finds is a bug of
 * ours or damaged memory, and the engine goes on judging. Takes as long as an engine_deadline. */
const char *engine_sound(const struct engine *engine);

/* The parameter as it may be shown at `now`: latest value with its quality, or QUALITY_NO_VALUE with the reason when it
 * is stale, lost or was never received (determined is MONO_NEVER then). An intermittent or entered value does not go
 * stale; it carries its age. */
struct measurement engine_reading(const struct engine *engine, enum parameter parameter, struct mono now);

/* An intermittent value whose latest determination failed: the last one of the session that did not, which is shown
 * beside the failure with its age, never as current and never judged again. False if there is none, or the latest is
 * good. */
bool engine_last_good(const struct engine *engine, enum parameter parameter, struct measurement *good);

/* Of a derived parameter: the one it is taken from at `now` ("heart_rate" from "ecg_hr" or "pulse"), whether that has a
 * value or not. -1 if there is none, or the parameter is not derived. */
int engine_source(const struct engine *engine, enum parameter parameter, struct mono now);

/* Can it be known at this bedside? A device provides it, it is derived from what devices provide, or it is entered. */
bool engine_provided(const struct engine *engine, enum parameter parameter);

/* A critical rule that no device of this bedside can ever answer. It blocks the start ("no-source") unless the plan
 * calls it optional or is a demonstration. */
bool engine_without_source(const struct engine_config *config, uint8_t rule);

/* The limit in force for this patient, as compared: plan, low baseline and changes by staff. For REFERENCE_BASELINE and
 * REFERENCE_DIFFERENCE it is the difference. */
int32_t engine_limit(const struct engine *engine, uint8_t rule, uint8_t term);

/* What of an order lies outside what the plan takes for plausible (rule G4); the first that does. What is not given is
 * not implausible. */
enum dose_fault {
	DOSE_PLAUSIBLE,
	DOSE_AMOUNT, /* none of the allowed ones */
	DOSE_PER_KG,
	DOSE_DURATION, /* too short */
	DOSE_CONCENTRATION,
};

enum dose_fault engine_dose_fault(const struct plan_dose *dose, const struct session_order *order);

/* What keeps the session from starting (before the start) or the patient from leaving (after the end): the names of the
 * gate rules, leave rules or their groups, alarms that block leaving and items, "no-source", "dose", "taken-out",
 * "earliest", "quiet", "baseline", "baseline-scores"; first what staff can do now. Returns how many there are; writes
 * at most `max` names. */
uint8_t engine_blockers(const struct engine *engine, char names[][NAME_BYTES], uint8_t max);

/* The slot of the alarm of the patient (medium or high, not of sensors and schedules) that makes "quiet" block, and how
 * long yet after its end: *left_ns, 0 while it stands. -1: quiet. */
int engine_unrest(const struct engine *engine, int64_t *left_ns);

/* The slot of the first alarm of high priority of the open session that is present: closing over it asks. -1: none. */
int engine_high_alarm(const struct engine *engine);

/* The slot of the first alarm that keeps a paused session from going on (rules with blocks_resume). -1: none. */
int engine_resume_blocker(const struct engine *engine);

/* Why a gate or leave rule blocks, if it does. */
enum blocker_cause {
	BLOCKER_VIOLATED,    /* the value is beyond the limit */
	BLOCKER_UNKNOWN,     /* there is no value */
	BLOCKER_OLD,         /* the value is older than the plan accepts */
	BLOCKER_UNCONFIRMED, /* gates: the value is back, but not yet for as long or as often as the plan asks */
};

enum blocker_cause engine_blocker_cause(const struct engine *engine, uint8_t rule);

/* A spray device given at engine.now needs a named clinician: too soon, more than was ordered, or after the end. */
bool engine_device_out_of_turn(const struct engine *engine);

/* The expected response of a typical patient, advisory, never a limit: plasma concentration in ng/L (= pg/mL) predicted
 * at `now` from the order's dose and times and the devices given, with the lower and upper curve of the band; false if
 * the plan has no model or the dose or weight is not known or nothing was given yet. Kamp 2020 with the band Clements
 * .. Kamp for ROUTE_IV, Perez-Ruixo 2021 for ROUTE_SPRAY. Costs no more at the end of a day than after five minutes, if
 * the engine is stepped at its deadlines. */
bool engine_expected(const struct engine *engine, struct mono now, int64_t *ng_per_l, int64_t *low, int64_t *high);

/* What is judged now on live values. "No alarm" means something with WATCH_SESSION only. */
enum watch {
	WATCH_NOTHING,   /* no session is open, and nothing is judged */
	WATCH_NO_SIGNAL, /* a session is open, but no live value that a rule looks at is there */
	WATCH_CRITICAL,  /* no session is open; critical limits are judged (plan.watch_without_session) */
	WATCH_SESSION,   /* the plan's rules are judged */
};

enum watch engine_watch(const struct engine *engine);

/* Highest priority of all announced alarms; PRIORITY_NONE if there is none. */
enum priority engine_highest_priority(const struct engine *engine);

/* The lasting id of a slot's condition: 32-bit FNV-1a of its name ("O2", "device-oximeter"), the same on every start
 * and in every version; never 0. 0 if this configuration has no condition in that slot. */
uint32_t engine_alarm_id(const struct engine *engine, uint16_t slot);

/* Do two conditions of this configuration have the same id? Then *one and *other are their slots, and the configuration
 * is refused: an acknowledgement could mean either. */
bool engine_alarm_ids_clash(const struct engine *engine, uint16_t *one, uint16_t *other);

/* Digest of the announced alarms, for displays to compare (proto/README.md gives the rule): 64-bit FNV-1a over, in
 * ascending id, lasting id and generation as 4 bytes each, big-endian. Returns how many there are in *count. */
uint64_t engine_alarm_digest(const struct engine *engine, uint16_t *count);

/* Name of an alarm's condition: "O2", "missing-spo2", "device-oximeter", "cuff-failed-bp", "late-cuff",
 * "service-recorder", "clock-stepped". Writes at most `size` bytes with the NUL; size >= 64 suffices. */
void engine_condition_name(const struct engine *engine, const struct alarm *alarm, char *name, uint16_t size);

/* The lasting name of a term within its rule, as plans say it: parameter and comparison, "nibp_sys.at-least",
 * "cadss.rise-above", "ecg_hr.difference-above". Two terms of a rule never have the same (--check). */
void engine_term_name(const struct rule_term *term, char name[NAME_BYTES]);

/* The place of the term that `name` means: its name, its parameter alone if no other term of the rule looks at that, or
 * "" if the rule has only one. -1 if it means none, or more than one. */
int engine_term(const struct plan_rule *rule, const char *name);

/* What staff read: "SpO2 below 90 %", "no current SpO2 value". Same rules; size >= TEXT_BYTES + 32 suffices. */
void engine_condition_text(const struct engine *engine, const struct alarm *alarm, char *text, uint16_t size);

#endif
