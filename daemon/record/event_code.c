/* The bytes of an event; see event_code.h. Reading and writing go the same way through the same functions, so that the
 * layout and the ranges stand once. Numbers are little-endian, negative ones in two's complement. */
#include "daemon/record/event_code.h"

#include <string.h>

#include "daemon/plain.h"

#define HEAD_BYTES  4 /* version, kind, length */
#define MONO_MOST   (INT64_C(1) << 62)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- codes ------------------------------------------------------------------------------------ */

/* A code is never changed and never given again. 0 is nobody's: what is forgotten here cannot be written. */
static const uint8_t kinds[] = {
    [EVENT_TICK] = 1,    [EVENT_MEASUREMENTS] = 2, [EVENT_DEVICE] = 3, [EVENT_COMMAND] = 4,
    [EVENT_SERVICE] = 5, [EVENT_CLOCK] = 6,        [EVENT_AWAY] = 7,
};

/* 4 was a resumption that nobody could answer for. */
static const uint8_t commands[COMMAND_COUNT] = {
    [COMMAND_SESSION_OPEN] = 1,    [COMMAND_SESSION_START] = 2, [COMMAND_SESSION_PAUSE] = 3,
    [COMMAND_SESSION_RESUME] = 21, [COMMAND_SESSION_STOP] = 5,  [COMMAND_SESSION_CLOSE] = 6,
    [COMMAND_DEVICE_GIVEN] = 7,    [COMMAND_ITEM] = 8,          [COMMAND_LIMIT] = 9,
    [COMMAND_TAKE_OUT] = 10,       [COMMAND_OBSERVE] = 11,      [COMMAND_ALARM_ACKNOWLEDGE] = 12,
    [COMMAND_AUDIO_PAUSE] = 13,    [COMMAND_CUFF_START] = 14,   [COMMAND_CUFF_STOP] = 15,
    [COMMAND_TEST_ALARM] = 16,     [COMMAND_RECEIPT] = 17,      [COMMAND_ALARM_ACKNOWLEDGE_SHOWN] = 18,
    [COMMAND_OXYGEN] = 19,         [COMMAND_CALL_HELP] = 20,
};

static const uint8_t parameters[PARAMETER_COUNT] = {
    /* derived ones come in no event */
    [PARAMETER_NIBP_SYS] = 1, [PARAMETER_NIBP_DIA] = 2, [PARAMETER_NIBP_MEAN] = 3, [PARAMETER_NIBP_PULSE] = 4,
    [PARAMETER_ECG_HR] = 5,   [PARAMETER_PULSE] = 6,    [PARAMETER_SPO2] = 7,      [PARAMETER_PERFUSION] = 8,
    [PARAMETER_RESP] = 9,     [PARAMETER_ETCO2] = 10,   [PARAMETER_MOAAS] = 32,    [PARAMETER_RASS] = 33,
    [PARAMETER_CADSS] = 34,   [PARAMETER_CADSS6] = 35,  [PARAMETER_BPRS] = 36,     [PARAMETER_DISTRESS] = 37,
};

static const uint8_t qualities[] = {
    [QUALITY_NO_VALUE] = 1,
    [QUALITY_VALID] = 2,
    [QUALITY_QUESTIONABLE] = 3,
};

static const uint8_t reasons[REASON_COUNT] = {
    [REASON_NONE] = 1,          [REASON_NEVER_RECEIVED] = 2,   [REASON_STALE] = 3,           [REASON_DEVICE_LOST] = 4,
    [REASON_WRONG_DEVICE] = 5,  [REASON_SENSOR_OFF] = 6,       [REASON_SENSOR_FAULT] = 7,    [REASON_SEARCHING] = 8,
    [REASON_LOW_SIGNAL] = 9,    [REASON_INTERFERENCE] = 10,    [REASON_IMPLAUSIBLE] = 11,    [REASON_FAILED] = 12,
    [REASON_NOT_MEASURED] = 13, [REASON_BABBLE] = 14,          [REASON_NO_PULSE] = 15,       [REASON_ASYSTOLE] = 16,
    [REASON_APNEA] = 17,        [REASON_PRINTING_MEMORY] = 30, [REASON_UNKNOWN_STATUS] = 31, [REASON_FROZEN] = 32,
    [REASON_WRONG_SETUP] = 33,  [REASON_BATTERY_LOW] = 34,
};

static const uint8_t states[] = {
    [DEVICE_DOWN] = 1,
    [DEVICE_RESYNC] = 2,
    [DEVICE_UP] = 3,
    [DEVICE_REFUSED] = 4,
};

static const uint8_t faults[FAULT_COUNT] = {
    [FAULT_NONE] = 1,    [FAULT_NOT_FOUND] = 2,    [FAULT_LOCKED] = 3,    [FAULT_HUNG_UP] = 4,
    [FAULT_TIMEOUT] = 5, [FAULT_BAD_FRAME] = 6,    [FAULT_EXCEPTION] = 7, [FAULT_WRONG_IDENTITY] = 8,
    [FAULT_BABBLE] = 9,  [FAULT_BATTERY_LOW] = 20,
};

static const uint8_t services[SERVICE_COUNT] = {
    [SERVICE_RECORDER] = 1, [SERVICE_PUBLISHER] = 2, [SERVICE_DISPLAYS] = 3,
    [SERVICE_CONFIG] = 4,   [SERVICE_ENGINE] = 5,    [SERVICE_SESSION] = 6,
};

/* ---- pieces ----------------------------------------------------------------------------------- */

struct coder {
	uint8_t *to;         /* NULL: reading */
	const uint8_t *from; /* NULL: writing */
	size_t size, used;
	bool good;
	const struct engine_config *config;
};

static void require(struct coder *coder, bool condition)
{
	coder->good = coder->good && condition;
}

/* Writes `value`, or reads another one; 0 if there is no room or nothing left. */
static uint64_t number(struct coder *coder, uint64_t value, size_t width)
{
	require(coder, coder->size - coder->used >= width);
	if (!coder->good)
		return 0;
	for (size_t i = 0; coder->to != NULL && i < width; i++)
		coder->to[coder->used + i] = (uint8_t)(value >> 8 * i);
	if (coder->from != NULL)
		value = 0;
	for (size_t i = 0; coder->from != NULL && i < width; i++)
		value |= (uint64_t)coder->from[coder->used + i] << 8 * i;
	coder->used += width;
	return value;
}

static void code_flag(struct coder *coder, bool *flag)
{
	uint64_t value = number(coder, *flag ? 1 : 0, 1);
	require(coder, value <= 1);
	*flag = value == 1;
}

static void code_small(struct coder *coder, uint8_t *small, uint8_t most)
{
	*small = (uint8_t)number(coder, *small, 1);
	require(coder, *small <= most);
}

static void code_whole(struct coder *coder, int32_t *whole)
{
	*whole = (int32_t)(uint32_t)number(coder, (uint32_t)*whole, 4);
}

/* 0, or `min` to `max`. */
static void code_given(struct coder *coder, int32_t *given, int32_t min, int32_t max)
{
	code_whole(coder, given);
	require(coder, *given == 0 || (*given >= min && *given <= max));
}

static void code_long(struct coder *coder, int64_t *value)
{
	*value = (int64_t)number(coder, (uint64_t)*value, 8);
}

static void code_instant(struct coder *coder, struct mono *at, bool or_never)
{
	code_long(coder, &at->ns);
	require(coder, (at->ns >= -MONO_MOST && at->ns <= MONO_MOST) || (or_never && mono_is_never(*at)));
}

/* `index` <-> its code. */
static int code_code(struct coder *coder, int index, const uint8_t *codes, size_t count)
{
	bool listed = index >= 0 && (size_t)index < count && codes[index] != 0;
	require(coder, coder->from != NULL || listed);
	uint64_t code = number(coder, listed ? codes[index] : 0, 1);
	for (size_t i = 0; i < count && code != 0; i++)
		if (codes[i] == code)
			return (int)i;
	coder->good = false;
	return 0;
}

/* Length and bytes of a text that fits its room with its NUL. */
static void code_bytes(struct coder *coder, char *text, size_t room)
{
	size_t length = number(coder, strnlen(text, room), 1);
	require(coder, length < room && coder->size - coder->used >= length);
	if (!coder->good)
		return;
	if (coder->to != NULL)
		memcpy(coder->to + coder->used, text, length);
	else
		memcpy(text, coder->from + coder->used, length);
	require(coder, memchr(text, '\0', length) == NULL);
	coder->used += length;
}

static void code_name(struct coder *coder, char name[NAME_BYTES])
{
	code_bytes(coder, name, NAME_BYTES);
	require(coder, is_token(name));
}

static void code_name_or_none(struct coder *coder, char name[NAME_BYTES])
{
	code_bytes(coder, name, NAME_BYTES);
	require(coder, name[0] == '\0' || is_token(name));
}

static void code_text(struct coder *coder, char text[TEXT_BYTES])
{
	code_bytes(coder, text, TEXT_BYTES);
	require(coder, coder->good && is_plain_text(text));
}

static void code_device(struct coder *coder, uint8_t *device)
{
	const struct engine_config *config = coder->config;
	char name[NAME_BYTES] = "";
	require(coder, coder->from != NULL || *device < config->device_count);
	if (coder->good && coder->to != NULL)
		memcpy(name, config->devices[*device].name, sizeof(name));
	code_name(coder, name);
	for (uint8_t i = 0; i < config->device_count; i++)
		if (strcmp(config->devices[i].name, name) == 0) {
			*device = i;
			return;
		}
	coder->good = false;
}

/* Who goes on, and why: both or neither. */
static void code_override(struct coder *coder, struct override *override)
{
	code_name_or_none(coder, override->name);
	code_text(coder, override->reason);
	require(coder, (override->name[0] == '\0') == (override->reason[0] == '\0'));
}

/* ---- commands --------------------------------------------------------------------------------- */

static void code_order(struct coder *coder, struct session_order *order)
{
	code_name(coder, order->session_id);
	code_name(coder, order->patient_ref);
	code_name_or_none(coder, order->second_person);
	code_given(coder, &order->weight_g, ORDER_WEIGHT_G_MIN, ORDER_WEIGHT_G_MAX);
	code_given(coder, &order->dose_ug, ORDER_DOSE_UG_MIN, ORDER_DOSE_UG_MAX);
	code_given(coder, &order->duration_s, ORDER_DURATION_S_MIN, ORDER_DURATION_S_MAX);
	code_given(coder, &order->ug_per_ml, ORDER_UG_PER_ML_MIN, ORDER_UG_PER_ML_MAX);
	code_given(coder, &order->series, ORDER_SERIES_MIN, ORDER_SERIES_MAX);
	code_given(coder, &order->age_years, ORDER_AGE_YEARS_MIN, ORDER_AGE_YEARS_MAX);
}

static void code_observation(struct coder *coder, struct observation *observation)
{
	code_flag(coder, &observation->has_score);
	if (observation->has_score) {
		int parameter = code_code(coder, (int)observation->parameter, parameters, COUNT(parameters));
		const struct parameter_info *info = &parameter_table[parameter];
		observation->parameter = (enum parameter)parameter;
		code_whole(coder, &observation->milli);
		require(coder, info->cadence == CADENCE_ENTERED && observation->milli >= info->plausible_min &&
		                   observation->milli <= info->plausible_max);
	}
	code_text(coder, observation->note);
	require(coder, observation->has_score || observation->note[0] != '\0');
}

static void code_limit(struct coder *coder, struct limit_order *limit)
{
	code_name(coder, limit->rule);
	code_name_or_none(coder, limit->term);
	code_whole(coder, &limit->limit);
	code_name_or_none(coder, limit->second_person);
	code_text(coder, limit->reason);
	require(coder, limit->reason[0] != '\0');
}

static void code_take_out(struct coder *coder, struct take_out *out)
{
	code_flag(coder, &out->is_device);
	code_name(coder, out->name);
	code_given(coder, &out->duration_s, 60, 3600);
	code_text(coder, out->reason);
	require(coder, out->duration_s == 0 || out->reason[0] != '\0');
	code_override(coder, &out->override);
}

static void code_shown(struct coder *coder, struct shown_alarms *shown)
{
	code_long(coder, &shown->settled_ns);
	require(coder, shown->settled_ns >= 0 && shown->settled_ns <= SHOWN_SETTLED_MAX);
	code_small(coder, &shown->count, SHOWN_ALARMS_MAX);
	require(coder, shown->count > 0);
	for (uint8_t i = 0; coder->good && i < shown->count; i++) {
		shown->list[i].id = (uint32_t)number(coder, shown->list[i].id, 4);
		shown->list[i].generation = (uint32_t)number(coder, shown->list[i].generation, 4);
		require(coder, shown->list[i].id != ALARM_ID_ALL);
	}
}

static void code_receipt(struct coder *coder, struct receipt *receipt)
{
	code_name(coder, receipt->display);
	receipt->epoch = number(coder, receipt->epoch, 8);
	receipt->alarm_sequence = number(coder, receipt->alarm_sequence, 8);
	code_instant(coder, &receipt->shown, true);
}

static void code_command(struct coder *coder, struct event_command *command)
{
	command->id = number(coder, command->id, 8);
	code_name(coder, command->actor);
	command->command = (enum command)code_code(coder, (int)command->command, commands, COUNT(commands));
	switch (command->command) {
	case COMMAND_SESSION_OPEN:
		code_order(coder, &command->u.order);
		break;
	case COMMAND_SESSION_START:
	case COMMAND_SESSION_RESUME:
	case COMMAND_SESSION_CLOSE:
	case COMMAND_DEVICE_GIVEN:
		code_override(coder, &command->u.override);
		break;
	case COMMAND_ALARM_ACKNOWLEDGE:
		command->u.alarm_id = (uint32_t)number(coder, command->u.alarm_id, 4);
		break;
	case COMMAND_ALARM_ACKNOWLEDGE_SHOWN:
		code_shown(coder, &command->u.shown);
		break;
	case COMMAND_OBSERVE:
		code_observation(coder, &command->u.observation);
		break;
	case COMMAND_ITEM:
		code_name(coder, command->u.item.name);
		code_flag(coder, &command->u.item.ticked);
		break;
	case COMMAND_LIMIT:
		code_limit(coder, &command->u.limit);
		break;
	case COMMAND_TAKE_OUT:
		code_take_out(coder, &command->u.take_out);
		break;
	case COMMAND_OXYGEN:
		code_whole(coder, &command->u.oxygen_ml_per_min);
		require(coder,
		        command->u.oxygen_ml_per_min >= 0 && command->u.oxygen_ml_per_min <= OXYGEN_ML_PER_MIN_MAX);
		break;
	case COMMAND_RECEIPT:
		code_receipt(coder, &command->u.receipt);
		break;
	case COMMAND_SESSION_PAUSE:
	case COMMAND_SESSION_STOP:
	case COMMAND_AUDIO_PAUSE:
	case COMMAND_CUFF_START:
	case COMMAND_CUFF_STOP:
	case COMMAND_TEST_ALARM:
	case COMMAND_CALL_HELP:
	case COMMAND_COUNT:
		break;
	}
}

/* ---- events ----------------------------------------------------------------------------------- */

/* What a device brings, and what may be said of it. */
static void code_measurement(struct coder *coder, struct measurement *m)
{
	m->parameter = (enum parameter)code_code(coder, (int)m->parameter, parameters, COUNT(parameters));
	m->quality = (enum quality)code_code(coder, (int)m->quality, qualities, COUNT(qualities));
	m->reason = (enum reason)code_code(coder, (int)m->reason, reasons, COUNT(reasons));
	code_whole(coder, &m->milli);
	code_instant(coder, &m->determined, false);
	require(coder, parameter_table[m->parameter].cadence != CADENCE_ENTERED);
	require(coder, m->quality != QUALITY_VALID || m->reason == REASON_NONE);
	require(coder, measurement_has_value(m) || m->milli == 0);
}

static void code_measurements(struct coder *coder, struct event_measurements *frame)
{
	code_device(coder, &frame->device);
	code_small(coder, &frame->count, EVENT_MEASUREMENTS_MAX);
	for (uint8_t i = 0; coder->good && i < frame->count; i++)
		code_measurement(coder, &frame->list[i]);
}

static void code_body(struct coder *coder, struct event *event)
{
	switch (event->kind) {
	case EVENT_TICK:
		break;
	case EVENT_MEASUREMENTS:
		code_measurements(coder, &event->u.measurements);
		break;
	case EVENT_DEVICE:
		code_device(coder, &event->u.device.device);
		event->u.device.state =
		    (enum device_state)code_code(coder, (int)event->u.device.state, states, COUNT(states));
		event->u.device.fault =
		    (enum device_fault)code_code(coder, (int)event->u.device.fault, faults, COUNT(faults));
		break;
	case EVENT_COMMAND:
		code_command(coder, &event->u.command);
		break;
	case EVENT_SERVICE:
		event->u.service.service =
		    (enum service)code_code(coder, (int)event->u.service.service, services, COUNT(services));
		code_flag(coder, &event->u.service.ok);
		break;
	case EVENT_CLOCK:
		code_long(coder, &event->u.clock.step_ns);
		break;
	case EVENT_AWAY:
		code_long(coder, &event->u.away.away_ns);
		require(coder, event->u.away.away_ns >= 0);
		code_flag(coder, &event->u.away.doubtful);
		break;
	}
}

/* `length` is that of the whole event: a piece of one is none, nor is one with something behind it. */
static void code_event(struct coder *coder, struct event *event, struct mono *now, size_t *length)
{
	require(coder, number(coder, EVENT_VERSION, 1) == EVENT_VERSION);
	event->kind = (enum event_kind)code_code(coder, (int)event->kind, kinds, COUNT(kinds));
	*length = number(coder, 0, 2);
	code_instant(coder, now, false);
	code_long(coder, &event->wall_ns);
	code_body(coder, event);
}

size_t event_encode(uint8_t *bytes, size_t size, const struct event *event, struct mono now,
                    const struct engine_config *config)
{
	struct coder coder = {.to = bytes, .size = size, .good = true, .config = config};
	struct event copy = *event; /* what is read and written is one thing here */
	size_t length;
	code_event(&coder, &copy, &now, &length);
	if (!coder.good)
		return 0;
	bytes[HEAD_BYTES - 2] = (uint8_t)coder.used;
	bytes[HEAD_BYTES - 1] = (uint8_t)(coder.used >> 8);
	return coder.used;
}

bool event_decode(struct event *event, struct mono *now, const uint8_t *bytes, size_t size,
                  const struct engine_config *config)
{
	struct coder coder = {.from = bytes, .size = size, .good = true, .config = config};
	size_t length;
	memset(event, 0, sizeof(*event));
	code_event(&coder, event, now, &length);
	if (coder.good && length == size && coder.used == size)
		return true;
	memset(event, 0, sizeof(*event));
	return false;
}

void event_shift(struct event *event, struct mono *now, int64_t ns)
{
	now->ns += ns;
	if (event->kind == EVENT_MEASUREMENTS)
		for (uint8_t i = 0; i < event->u.measurements.count; i++)
			event->u.measurements.list[i].determined.ns += ns;
	if (event->kind == EVENT_COMMAND && event->u.command.command == COMMAND_RECEIPT &&
	    !mono_is_never(event->u.command.u.receipt.shown))
		event->u.command.u.receipt.shown.ns += ns;
}
