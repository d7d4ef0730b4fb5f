/* A session plan as data: phases, alarm rules, scheduled checks. Read from etc/plans/NAME.conf by daemon/config, judged
 * by the core, never changed while the daemon runs. All strings are NUL-terminated tokens that were validated when the
 * file was read. Times are nanoseconds, limits thousandths of the parameter's unit.
 *
 * Numbers in a plan are a site's clinical decision; the ones shipped carry their source in etc/plans. */
#ifndef VITALS_PLAN_H
#define VITALS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/mono.h"
#include "vitals/parameter.h"
#include "vitals/text.h"

#define PLAN_PHASES_MAX      8
#define PLAN_RULES_MAX       56
#define PLAN_CHECKS_MAX      8
#define PLAN_USUAL_MAX       4
#define PLAN_CHECK_TIMES_MAX 32
#define PLAN_ITEMS_MAX       12
#define PLAN_DOSES_MAX       6
#define RULE_REPEATS_MAX     5
#define RULE_TERMS_MAX       4 /* G2 looks at three parameters with two limits each: two rules of up to four terms */

/* Set of rules as bits 1 << index in plan.rules. */
typedef uint64_t rule_set;
#define RULE_BIT(i) ((rule_set)1 << (i))

enum priority {
	PRIORITY_NONE, /* recorded and shown, no signal */
	PRIORITY_LOW,
	PRIORITY_MEDIUM,
	PRIORITY_HIGH,
};

/* The instants that phases and checks are counted from. */
enum anchor {
	ANCHOR_OPEN,  /* the session was opened */
	ANCHOR_START, /* T0: infusion or first spray device started */
	ANCHOR_END,   /* administration ended (planned duration passed, or stopped early) */
};

/* The session is in the last phase of the list whose anchor has happened and whose `after_ns` has passed since.
 * phases[0] begins at ANCHOR_OPEN with after_ns 0. */
struct plan_phase {
	char name[NAME_BYTES];
	char text[TEXT_BYTES]; /* what staff read: the phase, and what is usual in it */
	enum anchor anchor;
	int64_t after_ns; /* 0 .. 24 h */
	uint8_t usual_count;
	struct plan_usual {
		enum parameter parameter;    /* one with a baseline */
		int32_t low_rise, high_rise; /* milli, added to this patient's baseline */
	} usual[PLAN_USUAL_MAX]; /* what a typical patient shows in this phase: a prediction to be drawn, never a limit
	                          */
};

enum comparison {
	COMPARISON_ABOVE,    /* value > limit */
	COMPARISON_AT_LEAST, /* value >= limit */
	COMPARISON_BELOW,    /* value < limit */
	COMPARISON_AT_MOST,  /* value <= limit */
};

enum reference {
	REFERENCE_ABSOLUTE,
	REFERENCE_BASELINE, /* the value minus this patient's baseline is compared; false while there is no baseline */
	REFERENCE_DIFFERENCE, /* |value - value of `other`| is compared; unknown while either is missing */
};

/* One comparison. It begins to be violated as `comparison` says against `limit`; once the rule's alarm is active the
 * term counts as violated until the value is back at `clear` or better (at or below it for ABOVE/AT_LEAST, at or above
 * it for BELOW/AT_MOST): the hysteresis.
 *
 * A patient whose resting value is low has a lower limit: with low_baseline > 0, if the baseline is known and below
 * low_baseline, the limit is the baseline minus low_drop, and `clear` lies as far above it as in the plan (rule H3). */
struct rule_term {
	enum parameter parameter;
	enum comparison comparison;
	enum reference reference;
	enum parameter other; /* REFERENCE_DIFFERENCE */
	int32_t limit;
	int32_t clear;
	int32_t low_baseline; /* milli; 0 = the limit does not depend on the baseline */
	int32_t low_drop;
	bool has_never;     /* of critical rules: */
	int32_t never;      /* no two people loosen the limit beyond this, for any patient */
	int32_t worse_step; /* acknowledged and worse by so much since: announced again; 0 = never for that */
};

enum combination {
	COMBINATION_ANY, /* systolic or diastolic */
	COMBINATION_ALL, /* two-parameter rules */
};

enum rule_kind {
	RULE_ALARM, /* raises an alarm */
	RULE_GATE,  /* blocks `session start` while it is violated or (required) unknown; judged in phases[0], no alarm
	             */
	RULE_LEAVE, /* must hold (terms are what is REQUIRED) when the session is closed, else leaving is blocked; no
	               alarm */
};

struct plan_rule {
	char name[NAME_BYTES]; /* "O2": the condition's name on the wire and in the record */
	char text[TEXT_BYTES]; /* "SpO2 below 90 %" */
	enum rule_kind kind;
	enum priority priority;
	bool latching;      /* stays until acknowledged even when the condition is gone */
	bool technical;     /* H5: about the sensors, not the patient */
	bool critical;      /* limits may be loosened for one patient only by two named people */
	bool blocks_resume; /* while this alarm is present, going on after a pause is blocked */
	bool blocks_leave;  /* while this alarm is present, leaving is blocked (D2) */
	bool measure_now;   /* its onset starts the cuff, and once more measure_again_ns later */
	enum combination combination;
	uint8_t term_count; /* 1 .. RULE_TERMS_MAX; 0 only with `with`: it alone decides then (D2) */
	struct rule_term terms[RULE_TERMS_MAX];
	int64_t delay_ns;       /* must be violated this long without a break before it is raised; 0 = at once */
	int64_t clear_delay_ns; /* must be back at `clear` this long before it is cleared; 0 = at once */
	uint8_t phases;         /* bit i: judged in phases[i] */

	/* Safety net under the delay: raised as well when it begins to be violated for the repeat_count-th time within
	 * repeat_within_ns. 0 = no net. */
	uint8_t repeat_count; /* 2 .. RULE_REPEATS_MAX */
	int64_t repeat_within_ns;

	/* Cuff rules. A first violating determination starts a repeat at once (if the device takes the command). With
	 * `first` above NONE it is announced at that priority meanwhile. The second one in a row confirms: full
	 * priority. If no valid determination comes within confirm_within_ns the first one counts as confirmed: a
	 * missing repeat is never good news. A repeat that is back at `clear` ends it. */
	bool confirm;
	bool latch_first; /* it latches, if it does, from the first reading on (B6): a low one does not vanish unseen */
	enum priority first;
	int64_t confirm_within_ns; /* 60 .. 90 s in the shipped plans */
	uint8_t clear_readings;    /* determinations in a row that must be back at `clear`; 1 or 2 */
	int64_t cuff_every_ns;     /* extra cuff determinations while the alarm is present; 0 = none */

	rule_set superseded_by; /* while one of these rules' alarms is present this one is withdrawn or kept back */
	rule_set with;          /* if not 0: violated only while at least one of these rules' alarms is present */
	bool has_from;          /* judged only from `from_after_ns` after `from` on (D2); `with` may name its onset */
	enum anchor from;
	int64_t from_after_ns;
	uint8_t
	    lower_phases;    /* in these phases, while the value falls (below the determination before), the priority */
	enum priority lower; /* is `lower` (B4) */
	int64_t unattended_ns;    /* active, unacknowledged and administration running (not paused) for this long: */
	enum priority unattended; /* priority goes up to this (B7); 0 = never */
	int64_t recheck_ns; /* entered scores: another entry is due this long after a violating one; 0 = none (S2) */

	/* Gates and leave rules only. */
	uint8_t age_from, age_below; /* asked only of patients of age_from <= age < age_below years; 0 = any. An age
	                              * that was not given counts as 0 (G1: the stricter limit) */
	bool optional;               /* not asked if no device of the bedside provides one of its parameters */
	bool falling;                /* leave: besides, each cuff value is not above the determination before it (L2) */
	char group[NAME_BYTES];      /* leave: of the rules with the same group one must hold; "" = this one must */
};

/* Something staff confirm by ticking it, before the start or before leaving. */
enum item_when {
	ITEM_START,
	ITEM_LEAVE,
};

struct plan_item {
	char name[NAME_BYTES]; /* "cuff-arm", "escort" */
	char text[TEXT_BYTES];
	enum item_when when;
};

/* What a plausible prescription looks like (rule G4). 0 = not checked. A session outside it needs a second named
 * person. */
struct plan_dose {
	bool required;
	int32_t min_ug_per_kg, max_ug_per_kg;
	int64_t min_duration_ns;
	int32_t min_ug_per_ml, max_ug_per_ml;
	uint8_t allowed_count; /* spray: whole devices only */
	int32_t allowed_ug[PLAN_DOSES_MAX];
	int32_t device_ug;      /* spray: content of one device; 0 = no devices to stamp */
	int64_t device_rest_ns; /* between two devices */
};

enum route {
	ROUTE_NONE,
	ROUTE_IV,    /* expected response: Kamp model, band Clements */
	ROUTE_SPRAY, /* expected response: Perez-Ruixo model */
};

struct plan_leave {
	bool has_earliest;
	enum anchor earliest; /* L1: leaving is blocked before `earliest` + earliest_after_ns */
	int64_t earliest_after_ns;
	int64_t quiet_ns; /* no alarm of MEDIUM or HIGH for this long; 0 = not asked */
	int64_t
	    cuff_within_ns; /* leave rules look at cuff values no older than this; older = unknown = blocks; 0 = any */
	int64_t score_within_ns; /* the same for entered scores */
};

/* Things that are due at given times. A check is done by a valid determination of `parameter`. */
struct plan_check {
	char name[NAME_BYTES]; /* "cuff", "moaas" */
	char text[TEXT_BYTES];
	enum parameter parameter;
	enum anchor anchor;
	int64_t late_after_ns; /* due + this without a determination: the condition "late-NAME" is raised */
	int64_t early_ns;   /* a determination so long before the due time does it, but no more than half way to the one
	                       before */
	enum priority late; /* priority when late; at least medium after two missed in a row */
	rule_set with;      /* if not 0: a due time at which none of these rules' alarms is present is left out */
	uint8_t time_count;
	int64_t times_ns[PLAN_CHECK_TIMES_MAX]; /* ascending, since the anchor */
};

/* How long a value may be missing before the technical condition is raised, and when it gets more urgent. */
struct plan_missing {
	int64_t raise_after_ns;
	enum priority priority;
	int64_t escalate_after_ns; /* counted from the same instant; INT64_MAX = never */
	enum priority escalated;
};

struct plan {
	char name[NAME_BYTES];
	char title[TEXT_BYTES];
	bool watch_without_session;  /* critical rules of continuous values alone are judged while no session is open */
	bool demo;                   /* everything that shows the session says DEMO */
	int64_t planned_duration_ns; /* administration time unless the session says otherwise */
	int64_t audio_pause_ns;      /* length of an audio pause; default 120 s */
	int64_t gap_ns; /* a value that is missing for so long no more than stops the delay of a rule that it broke; a
	                 * longer gap begins it anew; 0 = every gap does */
	int64_t reminder_ns;  /* an acknowledged alarm that is still present is announced again after this; 0 = never */
	int64_t gap_alarm_ns; /* the monitor was stopped for so long in a session: an alarm says so; 10 s */
	int64_t nuisance_ns;  /* alarms that clear by themselves sooner count as nuisance; 15 s */
	int64_t cuff_rest_ns; /* minimum between two inflations that the engine starts; 5 .. 120 s */
	int64_t
	    cuff_mask_ns; /* after an inflation on the oximeter's limb, missing SpO2 and pulse are not alarmed; 30 s */
	int64_t cuff_mask_max_ns; /* from the inflation's start; 90 s */
	int64_t measure_again_ns; /* rules with measure_now: so long after the onset the second reading; until then a
	                           * new onset of the same rule starts none. 0 only if no rule has it */
	enum route route;
	struct plan_dose dose;
	struct plan_leave leave;
	uint8_t item_count;
	struct plan_item items[PLAN_ITEMS_MAX];
	uint8_t baseline_readings;   /* cuff determinations averaged into the baseline, 1 .. 4 */
	int64_t gate_cuff_within_ns; /* gates look at cuff values no older than this; older ones block; 0 = any */
	parameter_set
	    baseline_scores; /* entered scores without which the start is blocked ("baseline-scores"). The last entry
	                      * before the start is a score's baseline for REFERENCE_BASELINE; none counts as 0 (D1) */
	struct plan_missing missing; /* for every continuous parameter that a device provides, ... */
	struct plan_vital_sign {
		int64_t after_ns;
		enum priority priority; /* NONE = a missing value like any other */
		bool measure_now;       /* its onset starts the cuff, as that of a rule does */
	} no_vital_sign; /* the device says itself that there is no pulse, beat or breath: so long, so urgent */
	int64_t missing_clear_ns; /* a value must be there again this long before its alarm ends; 0 = at once (C3) */
	enum priority
	    missing_sole; /* a lost device that was the only source of heart rate or SpO2: at once (C5); NONE = low */
	parameter_set missing_parameters; /* ... or of these only; 0 = all. Others go missing without an alarm */
	uint8_t phase_count;
	struct plan_phase phases[PLAN_PHASES_MAX];
	uint8_t rule_count;
	struct plan_rule rules[PLAN_RULES_MAX];
	uint8_t check_count;
	struct plan_check checks[PLAN_CHECKS_MAX];
};

#endif
