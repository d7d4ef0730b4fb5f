/* Everything that can happen to the engine. A device value, a nurse's command, a lost link and a failed disk write are
 * all events; the engine knows nothing of the world but these. Plain data, fixed size, no pointers, so that an event
 * can be queued, recorded and replayed. Made by link threads, the control thread, the recorder and the loop; consumed
 * by engine_step only. */
#ifndef VITALS_EVENT_H
#define VITALS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/measurement.h"
#include "vitals/plan.h"

#define DEVICES_MAX            32
#define EVENT_MEASUREMENTS_MAX 8

enum event_kind {
	EVENT_TICK,         /* time passed: a deadline of the engine is due */
	EVENT_MEASUREMENTS, /* a device sent a whole valid frame; it may hold no measurement at all */
	EVENT_DEVICE,       /* a device's connection changed */
	EVENT_COMMAND,      /* somebody on the control socket wants something */
	EVENT_SERVICE,      /* recorder or publisher failed or recovered */
	EVENT_CLOCK,        /* the wall clock was stepped */
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
	COMMAND_COUNT
};

const char *command_name(enum command command); /* "session-open", ... */

#define ALARM_ID_ALL UINT16_MAX /* acknowledge every unacknowledged alarm */

struct session_order {                /* COMMAND_SESSION_OPEN */
	char patient_ref[NAME_BYTES]; /* pseudonymous, [A-Za-z0-9._-]{1,31}; never a name */
	int32_t weight_g;             /* 0 = not given; else 20000 .. 400000 */
	int32_t dose_ug;              /* 0 = not given; else 1 .. 1000000 */
	int32_t duration_s;           /* 0 = the plan's; else 60 .. 43200 */
};

struct observation { /* COMMAND_OBSERVE: a score, a note, or both */
	bool has_score;
	enum parameter parameter; /* of CADENCE_ENTERED */
	int32_t milli;
	char note[TEXT_BYTES]; /* free text, control characters already removed; "" if none */
};

struct event_command {
	uint64_t id;            /* given back in ACTION_REPLY; unique within a run */
	char actor[NAME_BYTES]; /* local account of the peer, e.g. "nurse1" or "uid-1003" */
	enum command command;
	union {
		struct session_order order;
		uint16_t alarm_id; /* COMMAND_ALARM_ACKNOWLEDGE */
		struct observation observation;
	} u;
};

enum service { SERVICE_RECORDER, SERVICE_PUBLISHER, SERVICE_COUNT };

const char *service_name(enum service service);

struct event_service {
	enum service service;
	bool ok;
};

struct event_clock {
	int64_t step_ns; /* wall time minus what it should be by the monotonic clock; either sign */
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
	} u;
};

#endif
