/* A value together with what is known about it. A value never travels without its quality and the time at which it was
 * determined; "no value" is a quality, never a number. Made by drivers (daemon/driver), judged by the core. */
#ifndef VITALS_MEASUREMENT_H
#define VITALS_MEASUREMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/mono.h"
#include "vitals/parameter.h"

enum quality {
	QUALITY_NO_VALUE, /* `milli` means nothing; see `reason` */
	QUALITY_VALID,
	QUALITY_QUESTIONABLE, /* the device flags it (motion, low perfusion); still shown and judged */
};

/* Why there is no value, or why it is questionable. The order is part of the wire contract (proto/vitals.proto). */
enum reason {
	REASON_NONE,
	REASON_NEVER_RECEIVED, /* nothing since the monitor or the session started */
	REASON_STALE,          /* was valid once, too old now */
	REASON_DEVICE_LOST,    /* link down, device silent or not identified */
	REASON_WRONG_DEVICE,   /* another device answers under this name; of alarms only */
	REASON_SENSOR_OFF,     /* no finger, probe or lead off */
	REASON_SENSOR_FAULT,   /* defective or unknown sensor */
	REASON_SEARCHING,      /* looking for a pulse or signal */
	REASON_LOW_SIGNAL,     /* low perfusion, low signal quality */
	REASON_INTERFERENCE,   /* motion, light, electrical */
	REASON_IMPLAUSIBLE,    /* outside the plausible range, or contradictory (diastolic >= systolic) */
	REASON_FAILED,         /* a cuff determination ended without a result */
	REASON_NOT_MEASURED,   /* the device says it has no such value */
	REASON_NO_PULSE, /* the device says that it finds no pulse, its sensor being on: not the same as SEARCHING */
	REASON_ASYSTOLE, /* the device says that the heart does not beat */
	REASON_APNEA,    /* the device says that the patient does not breathe */
	REASON_BABBLE,   /* the device sends far too often; of alarms only */
	/* The device sends what it has stored; nothing of the patient comes meanwhile. */
	REASON_PRINTING_MEMORY,
	REASON_UNKNOWN_STATUS, /* the device says something that the driver does not know; the record names it */
	REASON_FROZEN,         /* the registers no longer change: a gateway may serve those of a dead device */
	REASON_WRONG_SETUP,    /* the device is set up otherwise than its map requires, for example kPa for mmHg */
	REASON_COUNT
};

/* Token for logs and JSON ("sensor_off"); never NULL for a reason < REASON_COUNT. */
const char *reason_name(enum reason reason);

struct measurement {
	enum parameter parameter;
	enum quality quality;
	enum reason reason; /* REASON_NONE if quality is VALID */
	int32_t milli;      /* thousandths of the parameter's unit; 0 if QUALITY_NO_VALUE */
	struct mono
	    determined; /* conservative: before the request was sent, or when the first byte of the frame came */
};

/* The device itself says that a vital sign is absent. */
static inline bool reason_is_vital(enum reason reason)
{
	return reason == REASON_NO_PULSE || reason == REASON_ASYSTOLE || reason == REASON_APNEA;
}

static inline bool measurement_has_value(const struct measurement *m)
{
	return m->quality != QUALITY_NO_VALUE;
}

#endif
