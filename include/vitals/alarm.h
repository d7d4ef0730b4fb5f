/* Alarm conditions and their states, in the words of IEC 60601-1-8. One condition has one slot for the daemon's life,
 * so that an alarm's id never changes; each visible change of a slot increments its generation. The state machine is in
 * daemon/core/alarm.c, its table in docs/STATE-MACHINES.md. */
#ifndef VITALS_ALARM_H
#define VITALS_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/event.h"
#include "vitals/mono.h"
#include "vitals/plan.h"
#include "vitals/text.h"

enum condition_kind {
	CONDITION_RULE,        /* physiological: plan->rules[index] */
	CONDITION_MISSING,     /* technical: no current value of parameter `index` though its device talks */
	CONDITION_DEVICE,      /* technical: device `index` lost, silent or refused */
	CONDITION_CUFF_FAILED, /* technical: determinations of device `index` fail */
	CONDITION_CHECK_LATE,  /* procedural: plan->checks[index] was not done */
	CONDITION_SERVICE,     /* technical: enum service `index` */
	CONDITION_CLOCK,       /* technical: the wall clock was stepped; index 0 */
	CONDITION_FLAPPING,    /* technical: device `index` comes and goes */
	CONDITION_TAKEN_OUT, /* technical: device `index` or parameter (DEVICES_MAX + index) is taken out of alarming */
	CONDITION_TEST,      /* technical: a test alarm; index 0 */
	CONDITION_HELP,      /* somebody in the room calls for help; index 0 */
	CONDITION_AWAY,      /* technical: nothing was watched for a while; index 0, `milli` the seconds */
	CONDITION_KIND_COUNT
};

/* Slots: alarm id = base of the kind + index. */
enum {
	ALARM_BASE_RULE = 0,
	ALARM_BASE_MISSING = ALARM_BASE_RULE + PLAN_RULES_MAX,
	ALARM_BASE_DEVICE = ALARM_BASE_MISSING + PARAMETER_COUNT,
	ALARM_BASE_CUFF_FAILED = ALARM_BASE_DEVICE + DEVICES_MAX,
	ALARM_BASE_CHECK_LATE = ALARM_BASE_CUFF_FAILED + DEVICES_MAX,
	ALARM_BASE_SERVICE = ALARM_BASE_CHECK_LATE + PLAN_CHECKS_MAX,
	ALARM_BASE_CLOCK = ALARM_BASE_SERVICE + SERVICE_COUNT,
	ALARM_BASE_FLAPPING = ALARM_BASE_CLOCK + 1,
	ALARM_BASE_TAKEN_OUT = ALARM_BASE_FLAPPING + DEVICES_MAX,
	ALARM_BASE_TEST = ALARM_BASE_TAKEN_OUT + DEVICES_MAX + PARAMETER_COUNT,
	ALARM_BASE_HELP = ALARM_BASE_TEST + 1,
	ALARM_BASE_AWAY = ALARM_BASE_HELP + 1,
	ALARMS_MAX = ALARM_BASE_AWAY + 1
};

enum alarm_state {
	ALARM_INACTIVE,
	ALARM_PENDING,      /* violated, delay running; not announced */
	ALARM_ACTIVE,       /* present, nobody has acknowledged */
	ALARM_ACKNOWLEDGED, /* present, sound stopped by a named person */
	ALARM_LATCHED,      /* condition gone, not yet acknowledged */
	ALARM_STATE_COUNT
};

const char *alarm_state_name(enum alarm_state state);
const char *priority_name(enum priority priority); /* "none", "low", "medium", "high" */
const char *condition_kind_name(enum condition_kind kind);

/* Announced: shown on displays, counted in the digest. */
static inline bool alarm_announced(enum alarm_state state)
{
	return state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED || state == ALARM_LATCHED;
}

/* What a display may still sound for: announced and nobody has answered. */
static inline bool alarm_sounding(enum alarm_state state)
{
	return state == ALARM_ACTIVE || state == ALARM_LATCHED;
}

struct alarm {
	uint16_t id; /* the slot: a place in this build's table, never sent or recorded (engine_alarm_id is) */
	enum condition_kind kind;
	uint8_t index;
	enum alarm_state state;
	enum priority priority;
	uint32_t generation;  /* 0 = never announced; +1 at each announced change */
	struct mono violated; /* since when the condition holds (PENDING and later) */
	struct mono
	    gap_since;       /* rules, PENDING: since when there is no value; the delay stands still. Else MONO_NEVER */
	struct mono cleared; /* since when it no longer holds, while the clear delay runs; MONO_NEVER if it holds */
	struct mono raised;  /* when it was announced; MONO_NEVER if it never was */
	int64_t raised_wall_ns;
	int64_t changed_wall_ns;
	char acknowledged_by[NAME_BYTES]; /* "" if nobody */
	int64_t acknowledged_wall_ns;
	bool has_value; /* the value that raised or escalated it */
	enum parameter parameter;
	int32_t milli;
	int32_t limit;            /* of a cuff that read what cannot be: the diastolic pressure, 0 if it read none */
	enum reason reason;       /* technical conditions: why; rules: why the value that broke the limit is lost now */
	bool has_now;             /* rules: there is a value now of what `milli` was; as compared, like `milli` */
	int32_t now_milli;        /* it */
	int32_t worst_milli;      /* the worst since it was raised; meaningful while announced if has_value */
	bool confirmed;           /* cuff rules: by a second determination, or for want of one */
	bool test;                /* marked TEST everywhere */
	uint8_t reminders;        /* times it was announced again while acknowledged */
	struct mono acknowledged; /* when; MONO_NEVER if nobody */
	struct mono changed;      /* when it was last announced: its generation is that old; MONO_NEVER if never */
	bool eased;               /* rules: it took the place of the alarm of a graver rule that got better, */
	uint8_t eased_from;       /* this one, and has not been raised or got worse since */
	bool kept_back; /* rules: its condition is established, but an alarm that supersedes it stands for it (PENDING,
	                 */
};                      /* or LATCHED and present again); gates: it blocks */

#endif
