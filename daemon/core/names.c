/* Tokens and sentences of the core's enums, for configuration, record, wire and staff. Const data and pure look-ups,
 * called by every room from any thread. A number outside its enum gives "unknown": names are also asked for values that
 * were read back from a record. */
#include "vitals/engine.h"

#include <stddef.h>

#define NAME_OF(table, value)                                                                                          \
	((size_t)(value) < sizeof(table) / sizeof((table)[0]) && (table)[(size_t)(value)] != NULL                      \
	     ? (table)[(size_t)(value)]                                                                                \
	     : "unknown")

const char *device_state_name(enum device_state state)
{
	static const char *const names[] = {
	    [DEVICE_DOWN] = "down",
	    [DEVICE_RESYNC] = "resync",
	    [DEVICE_UP] = "up",
	    [DEVICE_REFUSED] = "refused",
	};

	return NAME_OF(names, state);
}

const char *device_fault_name(enum device_fault fault)
{
	static const char *const names[FAULT_COUNT] = {
	    [FAULT_NONE] = "none",           [FAULT_NOT_FOUND] = "not-found",
	    [FAULT_LOCKED] = "locked",       [FAULT_HUNG_UP] = "hung-up",
	    [FAULT_TIMEOUT] = "timeout",     [FAULT_BAD_FRAME] = "bad-frame",
	    [FAULT_EXCEPTION] = "exception", [FAULT_WRONG_IDENTITY] = "wrong-identity",
	    [FAULT_BABBLE] = "babble",       [FAULT_BATTERY_LOW] = "battery-low",
	};

	return NAME_OF(names, fault);
}

const char *command_name(enum command command)
{
	static const char *const names[COMMAND_COUNT] = {
	    [COMMAND_SESSION_OPEN] = "session-open",
	    [COMMAND_SESSION_START] = "session-start",
	    [COMMAND_SESSION_PAUSE] = "session-pause",
	    [COMMAND_SESSION_RESUME] = "session-resume",
	    [COMMAND_SESSION_STOP] = "session-stop",
	    [COMMAND_SESSION_CLOSE] = "session-close",
	    [COMMAND_ALARM_ACKNOWLEDGE] = "alarm-acknowledge",
	    [COMMAND_AUDIO_PAUSE] = "audio-pause",
	    [COMMAND_OBSERVE] = "observe",
	    [COMMAND_CUFF_START] = "cuff-start",
	    [COMMAND_CUFF_STOP] = "cuff-stop",
	    [COMMAND_DEVICE_GIVEN] = "device-given",
	    [COMMAND_ITEM] = "item",
	    [COMMAND_LIMIT] = "limit",
	    [COMMAND_TAKE_OUT] = "take-out",
	    [COMMAND_TEST_ALARM] = "test-alarm",
	    [COMMAND_OXYGEN] = "oxygen",
	    [COMMAND_CALL_HELP] = "call-help",
	    [COMMAND_ALARM_ACKNOWLEDGE_SHOWN] = "alarm-acknowledge-shown",
	    [COMMAND_RECEIPT] = "receipt",
	};

	return NAME_OF(names, command);
}

const char *service_name(enum service service)
{
	static const char *const names[SERVICE_COUNT] = {
	    [SERVICE_RECORDER] = "recorder", [SERVICE_PUBLISHER] = "publisher", [SERVICE_DISPLAYS] = "displays",
	    [SERVICE_CONFIG] = "config",     [SERVICE_ENGINE] = "engine",       [SERVICE_SESSION] = "session",
	};

	return NAME_OF(names, service);
}

const char *reason_name(enum reason reason)
{
	static const char *const names[REASON_COUNT] = {
	    [REASON_NONE] = "none",
	    [REASON_NEVER_RECEIVED] = "never_received",
	    [REASON_STALE] = "stale",
	    [REASON_DEVICE_LOST] = "device_lost",
	    [REASON_WRONG_DEVICE] = "wrong_device",
	    [REASON_SENSOR_OFF] = "sensor_off",
	    [REASON_SENSOR_FAULT] = "sensor_fault",
	    [REASON_SEARCHING] = "searching",
	    [REASON_LOW_SIGNAL] = "low_signal",
	    [REASON_INTERFERENCE] = "interference",
	    [REASON_IMPLAUSIBLE] = "implausible",
	    [REASON_FAILED] = "failed",
	    [REASON_NOT_MEASURED] = "not_measured",
	    [REASON_NO_PULSE] = "no_pulse",
	    [REASON_ASYSTOLE] = "asystole",
	    [REASON_APNEA] = "apnea",
	    [REASON_BABBLE] = "babble",
	    [REASON_PRINTING_MEMORY] = "printing_memory",
	    [REASON_UNKNOWN_STATUS] = "unknown_status",
	    [REASON_FROZEN] = "frozen",
	    [REASON_WRONG_SETUP] = "wrong_setup",
	    [REASON_BATTERY_LOW] = "battery_low",
	};

	return NAME_OF(names, reason);
}

const char *alarm_state_name(enum alarm_state state)
{
	static const char *const names[ALARM_STATE_COUNT] = {
	    [ALARM_INACTIVE] = "inactive",         [ALARM_PENDING] = "pending", [ALARM_ACTIVE] = "active",
	    [ALARM_ACKNOWLEDGED] = "acknowledged", [ALARM_LATCHED] = "latched",
	};

	return NAME_OF(names, state);
}

const char *priority_name(enum priority priority)
{
	static const char *const names[] = {
	    [PRIORITY_NONE] = "none",
	    [PRIORITY_LOW] = "low",
	    [PRIORITY_MEDIUM] = "medium",
	    [PRIORITY_HIGH] = "high",
	};

	return NAME_OF(names, priority);
}

const char *condition_kind_name(enum condition_kind kind)
{
	static const char *const names[CONDITION_KIND_COUNT] = {
	    [CONDITION_RULE] = "rule",
	    [CONDITION_MISSING] = "missing",
	    [CONDITION_DEVICE] = "device",
	    [CONDITION_CUFF_FAILED] = "cuff-failed",
	    [CONDITION_CHECK_LATE] = "check-late",
	    [CONDITION_SERVICE] = "service",
	    [CONDITION_CLOCK] = "clock",
	    [CONDITION_AWAY] = "away",
	    [CONDITION_FLAPPING] = "flapping",
	    [CONDITION_TAKEN_OUT] = "taken-out",
	    [CONDITION_TEST] = "test",
	    [CONDITION_HELP] = "help",
	};

	return NAME_OF(names, kind);
}

const char *alarm_change_name(enum alarm_change change)
{
	static const char *const names[] = {
	    [ALARM_RAISED] = "raised",
	    [ALARM_PRIORITY_CHANGED] = "priority",
	    [ALARM_WAS_ACKNOWLEDGED] = "acknowledged",
	    [ALARM_BECAME_LATCHED] = "latched",
	    [ALARM_CLEARED] = "cleared",
	    [ALARM_SESSION_ENDED] = "session-ended",
	    [ALARM_REMINDED] = "reminded",
	    [ALARM_SUPERSEDED] = "superseded",
	    [ALARM_REASON_CHANGED] = "reason",
	    [ALARM_WORSE] = "worse",
	    [ALARM_EASED] = "eased",
	};

	return NAME_OF(names, change);
}

const char *session_change_name(enum session_change change)
{
	static const char *const names[] = {
	    [SESSION_OPENED] = "opened",     [SESSION_STARTED] = "started",     [SESSION_PAUSED] = "paused",
	    [SESSION_RESUMED] = "resumed",   [SESSION_ENDED] = "ended",         [SESSION_PHASE] = "phase",
	    [SESSION_BASELINE] = "baseline", [SESSION_CHECK] = "check",         [SESSION_AUDIO] = "audio",
	    [SESSION_OXYGEN] = "oxygen",     [SESSION_ITEM] = "item",           [SESSION_GIVEN] = "given",
	    [SESSION_LIMIT] = "limit",       [SESSION_TAKEN_OUT] = "taken-out", [SESSION_CLOSED] = "closed",
	};

	return NAME_OF(names, change);
}

const char *result_name(enum result result)
{
	static const char *const names[RESULT_COUNT] = {
	    [RESULT_OK] = "ok",
	    [RESULT_NO_SESSION] = "no-session",
	    [RESULT_SESSION_OPEN] = "session-open",
	    [RESULT_WRONG_STATE] = "wrong-state",
	    [RESULT_UNKNOWN_ALARM] = "unknown-alarm",
	    [RESULT_OUT_OF_RANGE] = "out-of-range",
	    [RESULT_NO_CUFF] = "no-cuff",
	    [RESULT_BLOCKED] = "blocked",
	    [RESULT_SECOND_PERSON] = "second-person",
	    [RESULT_BEYOND_CRITICAL] = "beyond-critical",
	    [RESULT_UNKNOWN_NAME] = "unknown-name",
	    [RESULT_NOT_RECORDED] = "not-recorded",
	    [RESULT_BUSY] = "busy",
	    [RESULT_BAD_REQUEST] = "bad-request",
	};

	return NAME_OF(names, result);
}
