/* The engine's enums in the words of proto/vitals.proto, one switch each, so that neither side's numbers can drift and
 * a new member does not compile until it has a word on the wire. Pure; called by the encoder. A value outside the enum
 * becomes UNSPECIFIED, which a reader treats as unknown. */
#include "daemon/wire/encode_parts.h"

Vitals__V1__Quality wire_quality(enum quality quality)
{
	switch (quality) {
	case QUALITY_NO_VALUE:
		return VITALS__V1__QUALITY__QUALITY_NO_VALUE;
	case QUALITY_VALID:
		return VITALS__V1__QUALITY__QUALITY_VALID;
	case QUALITY_QUESTIONABLE:
		return VITALS__V1__QUALITY__QUALITY_QUESTIONABLE;
	}
	return VITALS__V1__QUALITY__QUALITY_UNSPECIFIED;
}

Vitals__V1__Reason wire_reason(enum reason reason)
{
	switch (reason) {
	case REASON_NEVER_RECEIVED:
		return VITALS__V1__REASON__REASON_NEVER_RECEIVED;
	case REASON_STALE:
		return VITALS__V1__REASON__REASON_STALE;
	case REASON_DEVICE_LOST:
		return VITALS__V1__REASON__REASON_DEVICE_LOST;
	case REASON_WRONG_DEVICE:
		return VITALS__V1__REASON__REASON_WRONG_DEVICE;
	case REASON_SENSOR_OFF:
		return VITALS__V1__REASON__REASON_SENSOR_OFF;
	case REASON_SENSOR_FAULT:
		return VITALS__V1__REASON__REASON_SENSOR_FAULT;
	case REASON_SEARCHING:
		return VITALS__V1__REASON__REASON_SEARCHING;
	case REASON_LOW_SIGNAL:
		return VITALS__V1__REASON__REASON_LOW_SIGNAL;
	case REASON_INTERFERENCE:
		return VITALS__V1__REASON__REASON_INTERFERENCE;
	case REASON_IMPLAUSIBLE:
		return VITALS__V1__REASON__REASON_IMPLAUSIBLE;
	case REASON_FAILED:
		return VITALS__V1__REASON__REASON_FAILED;
	case REASON_NOT_MEASURED:
		return VITALS__V1__REASON__REASON_NOT_MEASURED;
	case REASON_BABBLE:
		return VITALS__V1__REASON__REASON_BABBLE;
	case REASON_NONE:
	case REASON_COUNT:
		break;
	}
	return VITALS__V1__REASON__REASON_UNSPECIFIED;
}

Vitals__V1__Priority wire_priority(enum priority priority)
{
	switch (priority) {
	case PRIORITY_NONE:
		return VITALS__V1__PRIORITY__PRIORITY_NONE;
	case PRIORITY_LOW:
		return VITALS__V1__PRIORITY__PRIORITY_LOW;
	case PRIORITY_MEDIUM:
		return VITALS__V1__PRIORITY__PRIORITY_MEDIUM;
	case PRIORITY_HIGH:
		return VITALS__V1__PRIORITY__PRIORITY_HIGH;
	}
	return VITALS__V1__PRIORITY__PRIORITY_UNSPECIFIED;
}

Vitals__V1__AlarmState wire_alarm_state(enum alarm_state state)
{
	switch (state) {
	case ALARM_INACTIVE:
	case ALARM_PENDING: /* the delay is running: nothing has been announced yet */
		return VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE;
	case ALARM_ACTIVE:
		return VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE;
	case ALARM_ACKNOWLEDGED:
		return VITALS__V1__ALARM_STATE__ALARM_STATE_ACKNOWLEDGED;
	case ALARM_LATCHED:
		return VITALS__V1__ALARM_STATE__ALARM_STATE_LATCHED;
	case ALARM_STATE_COUNT:
		break;
	}
	return VITALS__V1__ALARM_STATE__ALARM_STATE_UNSPECIFIED;
}

Vitals__V1__ConditionKind wire_condition_kind(enum condition_kind kind)
{
	switch (kind) {
	case CONDITION_RULE:
		return VITALS__V1__CONDITION_KIND__CONDITION_KIND_PHYSIOLOGICAL;
	case CONDITION_MISSING:
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_FLAPPING:
	case CONDITION_TAKEN_OUT:
	case CONDITION_TEST:
		return VITALS__V1__CONDITION_KIND__CONDITION_KIND_TECHNICAL;
	case CONDITION_CHECK_LATE:
		return VITALS__V1__CONDITION_KIND__CONDITION_KIND_PROCEDURAL;
	case CONDITION_KIND_COUNT:
		break;
	}
	return VITALS__V1__CONDITION_KIND__CONDITION_KIND_UNSPECIFIED;
}

Vitals__V1__Change wire_change(enum alarm_change change)
{
	switch (change) {
	case ALARM_RAISED:
		return VITALS__V1__CHANGE__CHANGE_RAISED;
	case ALARM_PRIORITY_CHANGED:
		return VITALS__V1__CHANGE__CHANGE_PRIORITY;
	case ALARM_WAS_ACKNOWLEDGED:
		return VITALS__V1__CHANGE__CHANGE_ACKNOWLEDGED;
	case ALARM_BECAME_LATCHED:
		return VITALS__V1__CHANGE__CHANGE_LATCHED;
	case ALARM_CLEARED:
		return VITALS__V1__CHANGE__CHANGE_CLEARED;
	case ALARM_SESSION_ENDED:
		return VITALS__V1__CHANGE__CHANGE_SESSION_ENDED;
	case ALARM_REMINDED:
		return VITALS__V1__CHANGE__CHANGE_REMINDED;
	case ALARM_SUPERSEDED:
		return VITALS__V1__CHANGE__CHANGE_SUPERSEDED;
	case ALARM_REASON_CHANGED:
		return VITALS__V1__CHANGE__CHANGE_REASON;
	}
	return VITALS__V1__CHANGE__CHANGE_UNSPECIFIED;
}

Vitals__V1__DeviceState wire_device_state(enum device_state state)
{
	switch (state) {
	case DEVICE_DOWN:
		return VITALS__V1__DEVICE_STATE__DEVICE_STATE_DOWN;
	case DEVICE_RESYNC:
		return VITALS__V1__DEVICE_STATE__DEVICE_STATE_RESYNC;
	case DEVICE_UP:
		return VITALS__V1__DEVICE_STATE__DEVICE_STATE_UP;
	case DEVICE_REFUSED:
		return VITALS__V1__DEVICE_STATE__DEVICE_STATE_REFUSED;
	}
	return VITALS__V1__DEVICE_STATE__DEVICE_STATE_UNSPECIFIED;
}

Vitals__V1__Comparison wire_comparison(enum comparison comparison)
{
	switch (comparison) {
	case COMPARISON_ABOVE:
		return VITALS__V1__COMPARISON__COMPARISON_ABOVE;
	case COMPARISON_AT_LEAST:
		return VITALS__V1__COMPARISON__COMPARISON_AT_LEAST;
	case COMPARISON_BELOW:
		return VITALS__V1__COMPARISON__COMPARISON_BELOW;
	case COMPARISON_AT_MOST:
		return VITALS__V1__COMPARISON__COMPARISON_AT_MOST;
	}
	return VITALS__V1__COMPARISON__COMPARISON_UNSPECIFIED;
}

Vitals__V1__Reference wire_reference(enum reference reference)
{
	switch (reference) {
	case REFERENCE_ABSOLUTE:
		return VITALS__V1__REFERENCE__REFERENCE_ABSOLUTE;
	case REFERENCE_BASELINE:
		return VITALS__V1__REFERENCE__REFERENCE_BASELINE;
	case REFERENCE_DIFFERENCE:
		return VITALS__V1__REFERENCE__REFERENCE_DIFFERENCE;
	}
	return VITALS__V1__REFERENCE__REFERENCE_UNSPECIFIED;
}
