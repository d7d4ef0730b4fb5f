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

#define NAME_BYTES 32 /* room for a token of up to 31 characters [A-Za-z0-9._-] */
#define TEXT_BYTES 96 /* room for a line that staff read, up to 95 bytes of UTF-8 */

#define PLAN_PHASES_MAX      8
#define PLAN_RULES_MAX       48
#define PLAN_CHECKS_MAX      8
#define PLAN_CHECK_TIMES_MAX 32
#define RULE_TERMS_MAX       2

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
	enum anchor anchor;
	int64_t after_ns; /* 0 .. 24 h */
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
};

/* One comparison. It begins to be violated as `comparison` says against `limit`; once the rule's alarm is active the
 * term counts as violated until the value is back at `clear` or better (at or below it for ABOVE/AT_LEAST, at or above
 * it for BELOW/AT_MOST): the hysteresis. */
struct rule_term {
	enum parameter parameter;
	enum comparison comparison;
	enum reference reference;
	int32_t limit;
	int32_t clear;
};

enum combination {
	COMBINATION_ANY, /* systolic or diastolic */
	COMBINATION_ALL, /* two-parameter rules */
};

struct plan_rule {
	char name[NAME_BYTES]; /* "O2": the condition's name on the wire and in the record */
	char text[TEXT_BYTES]; /* "SpO2 below 90 %" */
	enum priority priority;
	bool latching; /* stays until acknowledged even when the condition is gone */
	enum combination combination;
	uint8_t term_count; /* 1 .. RULE_TERMS_MAX */
	struct rule_term terms[RULE_TERMS_MAX];
	int64_t delay_ns;       /* must be violated this long without a break before it is raised; 0 = at once */
	int64_t clear_delay_ns; /* must be back at `clear` this long before it is cleared; 0 = at once */
	uint8_t phases;         /* bit i: judged in phases[i] */
};

/* Things that are due at given times. A check is done by a valid determination of `parameter`. */
struct plan_check {
	char name[NAME_BYTES]; /* "cuff", "moaas" */
	char text[TEXT_BYTES];
	enum parameter parameter;
	enum anchor anchor;
	int64_t late_after_ns; /* due + this without a determination: the condition "late-NAME" is raised */
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
	bool demo;                   /* everything that shows the current session says DEMO */
	int64_t planned_duration_ns; /* administration time unless the session says otherwise */
	int64_t audio_pause_ns;      /* length of an audio pause; default 120 s */
	uint8_t baseline_readings;   /* cuff determinations averaged into the baseline, 1 .. 4 */
	struct plan_missing missing; /* for every continuous parameter that a device provides */
	uint8_t phase_count;
	struct plan_phase phases[PLAN_PHASES_MAX];
	uint8_t rule_count;
	struct plan_rule rules[PLAN_RULES_MAX];
	uint8_t check_count;
	struct plan_check checks[PLAN_CHECKS_MAX];
};

#endif
