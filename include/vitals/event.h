/* Everything that can happen to the engine. A device value, a nurse's command, a lost link and a failed disk write are
 * all events; the engine knows nothing of the world but these. Plain data, fixed size, no pointers, so that an event
 * can be queued, recorded and replayed. Made by link threads, the control thread, the recorder and the loop; consumed
 * by engine_step only. */
#ifndef VITALS_EVENT_H
#define VITALS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/measurement.h"
#include "vitals/text.h"

#define DEVICES_MAX            32
#define EVENT_MEASUREMENTS_MAX 8

enum event_kind {
	EVENT_TICK,         /* time passed: a deadline of the engine is due */
	EVENT_MEASUREMENTS, /* a device sent a whole valid frame; it may hold no measurement at all */
	EVENT_DEVICE,       /* a device's connection changed */
	EVENT_COMMAND,      /* somebody on the control socket wants something */
	EVENT_SERVICE,      /* recorder or publisher failed or recovered */
	EVENT_CLOCK,        /* the wall clock was stepped */
	EVENT_AWAY,         /* the monitor was stopped and has taken up again what it knew */
};

enum device_state {
	DEVICE_DOWN,    /* port not open, or closed after an error; reconnecting by itself */
	DEVICE_RESYNC,  /* connected; line being cleared and identity checked; no values yet */
	DEVICE_UP,      /* identified, values flow */
	DEVICE_REFUSED, /* a different device answers under this name */
};

enum device_fault {
	FAULT_NONE,
	FAULT_NOT_FOUND, /* port or address does not exist or refuses */
	FAULT_LOCKED,    /* another program owns the port */
	FAULT_HUNG_UP,   /* cable pulled, connection closed */
	FAULT_TIMEOUT,   /* no answer in time */
	FAULT_BAD_FRAME, /* checksum, length, unit, grammar */
	FAULT_EXCEPTION, /* the device answered that it cannot */
	FAULT_WRONG_IDENTITY,
	FAULT_BABBLE,      /* with DEVICE_UP: it sends far more often than its period says */
	FAULT_BATTERY_LOW, /* with DEVICE_UP: it says so; its values are there */
	FAULT_COUNT
};

const char *device_state_name(enum device_state state); /* "down", "resync", "up", "refused" */
const char *device_fault_name(enum device_fault fault); /* "none", "not-found", ... */

struct event_measurements {
	uint8_t device; /* index into engine_config.devices */
	uint8_t count;  /* 0 .. EVENT_MEASUREMENTS_MAX */
	struct measurement list[EVENT_MEASUREMENTS_MAX];
};

struct event_device {
	uint8_t device;
	enum device_state state;
	enum device_fault fault; /* why it left DEVICE_UP, or why it cannot get there */
};

enum command {
	COMMAND_SESSION_OPEN,
	COMMAND_SESSION_START, /* T0 */
	COMMAND_SESSION_PAUSE,
	COMMAND_SESSION_RESUME,
	COMMAND_SESSION_STOP, /* administration ended early */
	COMMAND_SESSION_CLOSE,
	COMMAND_ALARM_ACKNOWLEDGE,
	COMMAND_AUDIO_PAUSE,
	COMMAND_OBSERVE,
	COMMAND_CUFF_START,
	COMMAND_CUFF_STOP,
	COMMAND_DEVICE_GIVEN, /* spray: one device was given; the first one is T0 if the session was not started */
	COMMAND_ITEM,         /* tick or untick an item of the plan's lists */
	COMMAND_LIMIT,        /* change one limit for this patient */
	COMMAND_TAKE_OUT,     /* take a device or a parameter out of alarming for a stated time */
	COMMAND_TEST_ALARM,   /* a test alarm travels the whole path, marked TEST */
	COMMAND_RECEIPT,      /* a display confirms what it shows */
	COMMAND_ALARM_ACKNOWLEDGE_SHOWN, /* acknowledge exactly what somebody saw */
	COMMAND_OXYGEN,                  /* staff give oxygen, or the patient is on air again */
	COMMAND_CALL_HELP,               /* a high alarm by hand, until somebody acknowledges it */
	COMMAND_COUNT
};

const char *command_name(enum command command); /* "session-open", ... */

/* Flow of oxygen that staff may enter: up to the highest of high-flow nasal systems. */
#define OXYGEN_ML_PER_MIN_MAX 60000

#define ALARM_ID_ALL 0 /* acknowledge every unacknowledged alarm; the id of none */

/* Somebody takes responsibility for going on although something blocks. "" = no override. */
struct override {
	char name[NAME_BYTES]; /* the clinician, a token */
	char reason[TEXT_BYTES];
};

/* What an order may say; 0 stands for "not given" in each. The one definition: the core, the wire and the plans use it,
 * and the contract, the manual and vitalsctl are compared with it (tests/unit/test_order_ranges.c). Plausible, not
 * usual: what is usual is the plan's to say. A syringe holds at most 100 mg/mL of ketamine (strongest vial: Ketalar, US
 * label), a spray device 140 mg/mL of esketamine (28 mg in 0.2 mL, Spravato, US label). */
#define ORDER_WEIGHT_G_MIN   20000
#define ORDER_WEIGHT_G_MAX   400000
#define ORDER_DOSE_UG_MIN    1
#define ORDER_DOSE_UG_MAX    1000000
#define ORDER_DURATION_S_MIN 60
#define ORDER_DURATION_S_MAX 43200
#define ORDER_UG_PER_ML_MIN  1
#define ORDER_UG_PER_ML_MAX  200000
#define ORDER_SERIES_MIN     1
#define ORDER_SERIES_MAX     9999
#define ORDER_AGE_YEARS_MIN  1
#define ORDER_AGE_YEARS_MAX  130

struct session_order {                  /* COMMAND_SESSION_OPEN */
	char patient_ref[NAME_BYTES];   /* pseudonymous, [A-Za-z0-9._-]{1,31}; never a name */
	char session_id[NAME_BYTES];    /* made by the shell (daemon/session_id.h): a token that never repeats */
	char second_person[NAME_BYTES]; /* who checked an unusual dose; "" = nobody */
	int32_t weight_g;               /* of the patient */
	int32_t dose_ug;                /* planned */
	int32_t duration_s;             /* of the administration; 0 = the plan's */
	int32_t ug_per_ml;              /* concentration of the syringe */
	int32_t series;                 /* which treatment of the series this is */
	int32_t age_years;              /* gates may depend on it (G1: from 65) */
};

struct observation { /* COMMAND_OBSERVE: a score, a note, or both */
	bool has_score;
	enum parameter parameter; /* of CADENCE_ENTERED */
	int32_t milli;
	char note[TEXT_BYTES]; /* free text, control characters already removed; "" if none */
};

struct item_tick { /* COMMAND_ITEM */
	char name[NAME_BYTES];
	bool ticked;
};

/* COMMAND_LIMIT. Tighter is free. Looser needs two named people, the actor and `second_person`, and a reason; and a
 * rule that is not critical stays within the limits of the critical rules that watch the same parameter in the same
 * direction. */
struct limit_order {
	char rule[NAME_BYTES];
	char term[NAME_BYTES]; /* which of the rule's limits: engine_term_name, or the parameter alone if only one term
	                        * looks at it, or "" if the rule has only one */
	int32_t limit;         /* milli; `clear` keeps its distance */
	char second_person[NAME_BYTES];
	char reason[TEXT_BYTES];
};

/* COMMAND_TAKE_OUT. Never silent: a low technical condition stands while it lasts, with a reminder when it ends. */
struct take_out {
	bool is_device; /* else a parameter */
	char name[NAME_BYTES];
	int32_t duration_s; /* 60 .. 3600; 0 = put back in at once */
	char reason[TEXT_BYTES];
	struct override override; /* needed if a critical rule of an open session would lose its only source */
};

#define SHOWN_ALARMS_MAX  24
#define SHOWN_SETTLED_MAX (INT64_C(60) * 1000000000)

/* COMMAND_ALARM_ACKNOWLEDGE_SHOWN. What has become something else since it was shown (another generation), and what
 * changed less than settled_ns ago, is left alone: nobody can have seen it. */
struct shown_alarms {
	int64_t settled_ns; /* 0 .. SHOWN_SETTLED_MAX */
	uint8_t count;      /* 1 .. SHOWN_ALARMS_MAX */
	struct shown_alarm {
		uint32_t id, generation; /* engine_alarm_id; as in struct alarm */
	} list[SHOWN_ALARMS_MAX];
};

struct receipt { /* COMMAND_RECEIPT */
	char display[NAME_BYTES];
	uint64_t epoch;
	uint64_t alarm_sequence; /* highest one shown without a gap */
	struct mono shown;       /* made by the shell: everything announced up to then is shown; MONO_NEVER = nothing */
};

struct event_command {
	uint64_t id;            /* given back in ACTION_REPLY; unique within a run */
	char actor[NAME_BYTES]; /* local account of the peer, e.g. "nurse1" or "uid-1003" */
	enum command command;
	union {
		struct session_order order;
		uint32_t alarm_id; /* COMMAND_ALARM_ACKNOWLEDGE: engine_alarm_id, or ALARM_ID_ALL */
		struct shown_alarms shown;
		struct observation observation;
		struct override override; /* COMMAND_SESSION_START, _RESUME, _CLOSE, COMMAND_DEVICE_GIVEN */
		struct item_tick item;
		struct limit_order limit;
		struct take_out take_out;
		struct receipt receipt;
		int32_t oxygen_ml_per_min; /* COMMAND_OXYGEN: 0 .. OXYGEN_ML_PER_MIN_MAX; 0 = air */
	} u;
};

enum service {
	SERVICE_RECORDER,
	SERVICE_PUBLISHER,
	SERVICE_DISPLAYS, /* a required display does not confirm (judged by the engine from receipts) */
	SERVICE_CONFIG,   /* a changed configuration was refused */
	SERVICE_ENGINE,   /* the engine was late for its own deadline */
	SERVICE_SESSION,  /* the monitor stopped in a session and knows nothing of it; ends when one is opened */
	SERVICE_COUNT
};

const char *service_name(enum service service);

struct event_service {
	enum service service;
	bool ok;
};

struct event_clock {
	int64_t step_ns; /* wall time minus what it should be by the monotonic clock; either sign */
};

struct event_away {
	int64_t away_ns; /* how long nothing was watched; >= 0 */
	bool doubtful;   /* known from the wall clock alone: the computer was started again */
};

struct event {
	enum event_kind kind;
	int64_t wall_ns; /* CLOCK_REALTIME when the event was made: a stamp, never used in a decision */
	union {
		struct event_measurements measurements;
		struct event_device device;
		struct event_command command;
		struct event_service service;
		struct event_clock clock;
		struct event_away away;
	} u;
};

#endif
