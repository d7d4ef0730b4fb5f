/* The session simulation: what its files share. One bedside in simulated time, one thread, no clock, no port: the real
 * core with the real plans, between devices, staff and displays that are drawn from a seed. A test program: floating
 * point is allowed here.
 *
 *   simulate.c    arguments, many sessions in a row, the printed seed
 *   room.c        one session: whose turn it is, steps, trace
 *   devices.c     patient and devices: values, faults of devices and links
 *   staff.c       everything people do
 *   world.c       what the oracle knows: values, devices, session, from events and answers alone
 *   gaps.c        signals that come and go, for the oracle
 *   oracle.c      what the alarms must look like after each step, judged from that
 *   restart.c     the monitor is killed and taken up again
 *   shadow.c      the general invariants of tests/unit/core_oracle.h
 *   population.c  published rates and alarm load */
#ifndef SIMULATION_H
#define SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/sim/patient.h"
#include "daemon/record/box.h"
#include "vitals/config.h"

#define MINUTE (60 * NS_PER_S)
#define NEVER  INT64_MAX

enum { OXIMETER, CUFF, ECG, DEVICE_TOTAL }; /* order of the devices in the generated configuration */

/* How much goes wrong. */
enum trouble {
	TROUBLE_RANDOM, /* everything that can */
	TROUBLE_NONE,   /* population check: a typical patient, good devices, diligent staff */
};

/* ---- what was really sent: the oracle's only source for values -----------------------------------------------------
 */

struct sent {
	bool received, has_value;
	int32_t milli, good; /* good: the last one of the session that was a value; 0 if there was none */
	int64_t determined;
	int64_t lacking; /* since when there was no value at all; NEVER while there is one that is not stale */
	int64_t valued;  /* when the last value was determined */
	bool falls;      /* below the value before */
	int64_t dead;    /* since when the device says that there is no pulse, beat or breath; NEVER if it does not */
};

/* A rule in the eyes of the oracle. Times before the values of this step count in `was`. */
struct rule_run {
	bool holds;
	int64_t since;                    /* of the step at which it began to hold without a break */
	int64_t determined;               /* when the value that began it was determined */
	int64_t lost_at;                  /* when the oldest of its values will count as lost, an inflation left out */
	int64_t gap;                      /* it held, and there is no value since then; NEVER if there is one */
	int64_t onsets[RULE_REPEATS_MAX]; /* when it began to hold, oldest first */
	int64_t quiet[RULE_REPEATS_MAX];  /* the same, without its alarm being there before the step */
	enum alarm_state alarm;           /* after the last step */
	int64_t back;                     /* since when it is back at `clear`, by determination; NEVER if it is not */
	int in_a_row;                     /* cuff: determinations beyond the limit */
	int back_in_a_row;
	int64_t first;   /* cuff: when the first of them was sent */
	rule_set beside; /* alarms that stood for it at some time since it began to wait for its own */
	int32_t told;    /* the value of its first term when somebody answered it, or the last one while nobody has */
	bool knows;      /* `told` is a value */
	int64_t alone;   /* nobody has answered and the drug flows since then; NEVER if not */
};

struct oracle {
	struct sent sent[PARAMETER_COUNT];
	enum parameter rate_from; /* the sensor that the heart rate is of */
	enum device_state state[DEVICE_TOTAL];
	bool ever_up[DEVICE_TOTAL], resync_from_up[DEVICE_TOTAL];
	int64_t heard[DEVICE_TOTAL];
	int64_t fine_since[DEVICE_TOTAL]; /* up and talking; NEVER if not */
	bool open, started, ended;
	bool turned; /* the session was opened or closed in this step: all is judged anew */
	int64_t opened_at, started_at, ended_at;
	int64_t duration_ns, paused_at, paused_ns; /* paused_at: NEVER if it runs */
	int readings;
	int64_t sum_sys, sum_dia;
	bool baseline;
	int32_t base_sys, base_dia, base_score[PARAMETER_COUNT];
	int64_t out_until[DEVICES_MAX + PARAMETER_COUNT];
	bool limit_changed[PLAN_RULES_MAX][RULE_TERMS_MAX];
	int32_t limits[PLAN_RULES_MAX][RULE_TERMS_MAX];
	int64_t display_heard;
	parameter_set fresh;                    /* determined by the event of this step */
	int failures;                           /* of the cuff, in a row */
	int64_t measure_from;                   /* a `measure_now` alarm waits for the cuff since; NEVER if none */
	int64_t measured_until[PLAN_RULES_MAX]; /* no second onset of that rule asks for one before */
	bool was_there[PLAN_RULES_MAX];
	int64_t vital_until; /* the same for what devices say of a vital sign */
	bool was_dead;
	int32_t said_sys;    /* by the cuff, if its last determination cannot be; else 0 */
	int64_t cuff_asked;  /* a determination was ordered then and has not come; NEVER if none is awaited */
	int64_t cuff_before; /* one ordered then was under way when the session was opened; NEVER if none was */
	struct rule_run rules[PLAN_RULES_MAX], was[PLAN_RULES_MAX];
};

/* ---- staff --------------------------------------------------------------------------------------------------------
 */

#define TASKS_MAX 96

enum task_kind {
	TASK_OPEN,
	TASK_SCORE, /* parameter */
	TASK_TICK,  /* item index */
	TASK_START,
	TASK_GIVE,
	TASK_PAUSE,
	TASK_RESUME,
	TASK_STOP,
	TASK_LOOK, /* at the alarms: acknowledge what sounds */
	TASK_CUFF,
	TASK_CUFF_STOP,
	TASK_LIMIT,
	TASK_TAKE_OUT,
	TASK_TEST,
	TASK_AUDIO,
	TASK_NOISE, /* a command that makes no sense now */
	TASK_CLOSE,
	TASK_GO, /* the room is empty: the end */
};

struct task {
	int64_t at;
	enum task_kind kind;
	int number;
};

struct mind { /* the patient's: drawn once, scored by staff */
	double cadss_peak;
	double sedation_peak; /* levels of MOAA/S lost at the peak */
};

struct staff {
	int task_count;
	struct task tasks[TASKS_MAX];
	double reaction_s; /* typical time to answer an alarm */
	double diligence;  /* share of due things really done */
	bool overrides;
	int close_tries, start_tries;
	int resume_tries; /* since the last pause */
	uint64_t command_id;
	int devices_left;
	bool look_planned;
	bool done;
	struct mind mind;
};

/* ---- one bedside ---------------------------------------------------------------------------------------------------
 */

struct device {
	int64_t next_frame;
	int64_t next_fault, fault_until;
	int fault; /* enum fault of devices.c */
	int flaps;
	int64_t cuff_result; /* when the running determination ends; NEVER if none runs */
};

struct tally { /* for the population check, and to see that the runs were about something */
	uint64_t steps, sessions, blocked, overridden, refused;
	uint64_t raised[ALARMS_MAX];
	uint64_t sessions_with[ALARMS_MAX];
	uint64_t by_priority[4];
	uint64_t acknowledged, nuisance;
	uint64_t kills; /* of the monitor, in a session */
};

struct room {
	struct engine_config config;
	struct engine engine;
	struct actions actions;
	int64_t now;
	uint64_t seed;
	enum trouble trouble;
	bool trace;
	struct prng prng;
	struct patient patient;
	double speed;      /* seconds of a patient step */
	double noise;      /* SD of a cuff reading, mmHg */
	bool placebo;      /* the drug does nothing */
	bool artefacts;    /* see devices.c; beside TROUBLE_NONE */
	int64_t away_from; /* the patient leaves the bed; NEVER if not */
	struct device devices[DEVICE_TOTAL];
	struct staff staff;
	struct oracle oracle;
	int64_t next_display, display_dead_until;
	int64_t next_service, next_clock;
	enum service failing;
	bool service_failed;
	struct event event; /* of the last step */
	const char *wrong;  /* what the oracle found; NULL while all is well */
	/* what the cuff showed, for the population check */
	int peak_sys, peak_dia;       /* largest readings after the start */
	int rise_sys, rise_dia;       /* largest rise of a reading above the baseline */
	int rise_40_sys, rise_40_dia; /* at minute 40 */
	int rise_late_sys;            /* 90 minutes after the end, or at the end of the session; of the truth */
	double peak_minute;
	int peak_cadss, worst_moaas;
	struct tally *tally;
	struct box *box; /* NULL: the monitor is not killed */
	uint64_t event_number;
	bool unwritten; /* the last event has no bytes */
	struct prng kills;
};

bool chance(struct room *room, double probability);
double between(struct room *room, double low, double high);
int64_t seconds(double s);

/* room.c: one session to its end. Returns NULL, or what was wrong. */
const char *room_run(struct room *room, const struct engine_config *config, uint64_t seed, enum trouble trouble,
                     enum session_kind kind, bool trace);
/* Another session of the patient who is there already, with good devices and diligent staff. */
const char *room_again(struct room *room, const struct engine_config *config, uint64_t seed);
void room_step(struct room *room);

/* restart.c */
bool restart_begin(struct room *room);
void restart_end(struct room *room);
void restart_note(struct room *room);
const char *restart_maybe(struct room *room);

/* devices.c */
void devices_begin(struct room *room);
int64_t devices_next(const struct room *room);
void devices_turn(struct room *room);
void devices_heed(struct room *room);  /* after a step: cuff commands */
void patient_until(struct room *room); /* brings the patient to room->now */

/* staff.c */
void staff_begin(struct room *room);
int64_t staff_next(const struct room *room);
void staff_turn(struct room *room);
void staff_heed(struct room *room); /* after a step: alarms and answers */

/* world.c: what the oracle knows of the world from the events alone. */
enum truth {
	TRUTH_GONE,
	TRUTH_HOLDS,
	TRUTH_UNKNOWN,
};

void world_begin(struct room *room);
void world_heed(struct room *room);                                     /* after a step */
int world_device_of(const struct room *room, enum parameter parameter); /* -1 if there is none */
bool world_fine(const struct room *room, int device);
bool world_current(const struct room *room, enum parameter parameter);
int64_t world_lacking(const struct room *room, enum parameter parameter); /* since when; NEVER if there is a value */
bool world_dead(const struct room *room, enum parameter parameter);
bool world_out(const struct room *room, enum parameter parameter);
bool world_rule_out(const struct room *room, int rule);
enum truth world_judge(const struct room *room, int rule, bool engaged);
enum result world_reply(const struct room *room);

/* gaps.c: of the rules on live values. */
int64_t gaps_determined(const struct room *room, const struct plan_rule *p); /* of its oldest value */
void gaps_run(struct room *room, int rule, enum truth truth);
void gaps_onset(int64_t onsets[RULE_REPEATS_MAX], int64_t now);
bool gaps_repeated(const struct plan_rule *p, const int64_t onsets[RULE_REPEATS_MAX]);

/* oracle.c and shadow.c: NULL, or what is wrong after a step. */
const char *oracle_check(struct room *room);
const char *oracle_measured(struct room *room);               /* oracle_measure.c, called by oracle_check */
bool oracle_awaits_answer(const struct room *room, int rule); /* oracle_better.c, called by oracle.c */
void oracle_beside(struct room *room, int rule);
const char *oracle_worse(const struct room *room);
const char *oracle_better(const struct room *room, int rule, const struct alarm *alarm, enum alarm_change change);
void shadow_begin(void);
const char *shadow_look(const struct engine *engine, const struct event *event, const struct actions *actions,
                        bool thorough);

/* population.c: 0 if every target is met. */
struct population {
	bool iv, placebo; /* placebo: of the spray */
	bool artefacts;   /* the alarm load of a normal day: nothing is judged */
	long sessions;
	uint64_t seed;
	double noise; /* SD of a cuff reading, mmHg; below 0 = what the judged run takes */
};
int population(const struct engine_config *config, const struct population *asked);

/* trace.c */
void trace_event(const struct room *room);
void trace_actions(const struct room *room);

#endif
