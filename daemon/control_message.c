/* What is said on the control socket; see control_message.h.
 *
 * protobuf-c checks the grammar but neither UTF-8 nor embedded NULs nor ranges, and takes memory for every field it
 * does not know. So it unpacks into an arena of fixed size, and everything is validated here. */
#include "daemon/control_message.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "vitals.pb-c.h"
#include "vitals/alarm.h"
#include "vitals/parameter.h"

#define ARENA_BYTES 16384

struct arena {
	size_t used;
	alignas(max_align_t) uint8_t bytes[ARENA_BYTES];
};

static void *arena_take(void *context, size_t size)
{
	struct arena *arena = context;
	size_t step = alignof(max_align_t);
	if (size > sizeof(arena->bytes))
		return NULL;
	size_t rounded = (size + step - 1) / step * step;
	if (rounded > sizeof(arena->bytes) - arena->used)
		return NULL;
	void *memory = arena->bytes + arena->used;
	arena->used += rounded;
	return memory;
}

/* All of it goes when the request has been decoded. */
static void arena_free(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

/* ---- validation ------------------------------------------------------------------------------ */

static bool refuse(struct request *request, const char *problem)
{
	(void)snprintf(request->problem, sizeof(request->problem), "%s", problem); /* cut is fine */
	return false;
}

static bool in_range(struct request *request, const char *field, int64_t value, int64_t min, int64_t max)
{
	if (value >= min && value <= max)
		return true;
	(void)snprintf(request->problem, sizeof(request->problem), "%s is %lld (legal: %lld .. %lld)", field,
	               (long long)value, (long long)min, (long long)max); /* cut is fine */
	return false;
}

static bool in_range_or_zero(struct request *request, const char *field, int32_t value, int32_t min, int32_t max)
{
	if (value == 0 || (value >= min && value <= max))
		return true;
	(void)snprintf(request->problem, sizeof(request->problem), "%s is %d (legal: 0 for none, or %d .. %d)", field,
	               value, min, max); /* cut is fine */
	return false;
}

static bool is_token(const char *text)
{
	size_t size = strnlen(text, NAME_BYTES);
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
		      c == '_' || c == '-'))
			return false;
	}
	return size >= 1 && size < NAME_BYTES;
}

/* Bytes of the UTF-8 sequence at `text` (RFC 3629: shortest form, no surrogates, at most U+10FFFF), 0 if it is none. */
static size_t utf8_sequence(const uint8_t *text, uint32_t *code)
{
	static const uint32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size;
	if (text[0] < 0x80)
		size = 1;
	else if ((text[0] & 0xE0) == 0xC0)
		size = 2;
	else if ((text[0] & 0xF0) == 0xE0)
		size = 3;
	else if ((text[0] & 0xF8) == 0xF0)
		size = 4;
	else
		return 0;
	*code = size == 1 ? text[0] : text[0] & (0x7Fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xC0) != 0x80) /* the closing NUL ends it here */
			return 0;
		*code = *code << 6 | (text[i] & 0x3Fu);
	}
	if (*code < shortest[size] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
		return 0;
	return size;
}

/* Valid UTF-8 without control characters (C0, DEL, C1). */
static bool is_plain_text(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	while (*at != 0) {
		uint32_t code;
		size_t size = utf8_sequence(at, &code);
		if (size == 0 || code < 0x20 || (code >= 0x7F && code <= 0x9F))
			return false;
		at += size;
	}
	return true;
}

/* ---- commands with arguments ----------------------------------------------------------------- */

static bool take_order(struct request *request, const Vitals__V1__SessionOpen *from)
{
	struct session_order *order = &request->command.u.order;
	if (!is_token(from->patient_ref))
		return refuse(request,
		              "session_open.patient_ref must be a pseudonym (legal: 1 .. 31 of A-Z a-z 0-9 . _ -)");
	if (!in_range_or_zero(request, "session_open.weight_g", from->weight_g, 20000, 400000) ||
	    !in_range_or_zero(request, "session_open.dose_ug", from->dose_ug, 1, 1000000) ||
	    !in_range_or_zero(request, "session_open.duration_s", from->duration_s, 60, 43200))
		return false;
	memcpy(order->patient_ref, from->patient_ref, strlen(from->patient_ref) + 1);
	order->weight_g = from->weight_g;
	order->dose_ug = from->dose_ug;
	order->duration_s = from->duration_s;
	return true;
}

static bool take_alarm(struct request *request, const Vitals__V1__AlarmAcknowledge *from)
{
	if (from->which_case == VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL && from->all) {
		request->command.u.alarm_id = ALARM_ID_ALL;
		return true;
	}
	if (from->which_case != VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID)
		return refuse(request, "alarm_acknowledge needs the id of an alarm or all = true");
	if (!in_range(request, "alarm_acknowledge.id", from->id, 0, ALARMS_MAX - 1))
		return false;
	request->command.u.alarm_id = (uint16_t)from->id;
	return true;
}

static bool take_score(struct request *request, const Vitals__V1__Observe *from)
{
	struct observation *observation = &request->command.u.observation;
	int index = parameter_by_name(from->parameter);
	if (index < 0 || parameter_table[index].cadence != CADENCE_ENTERED)
		return refuse(request,
		              "observe.parameter is not a score that is entered (legal: moaas, rass, cadss, or none)");
	const struct parameter_info *info = &parameter_table[index];
	if (from->score_case != VITALS__V1__OBSERVE__SCORE_MILLI)
		return refuse(request, "observe.milli is missing (a parameter needs its score)");
	if (!in_range(request, "observe.milli", from->milli, info->plausible_min, info->plausible_max))
		return false;
	observation->has_score = true;
	observation->parameter = (enum parameter)index;
	observation->milli = (int32_t)from->milli;
	return true;
}

static bool take_observation(struct request *request, const Vitals__V1__Observe *from)
{
	size_t size = strnlen(from->note, TEXT_BYTES);
	if (size >= TEXT_BYTES)
		return refuse(request, "observe.note is too long (legal: 0 .. 95 bytes)");
	if (!is_plain_text(from->note))
		return refuse(request,
		              "observe.note must be UTF-8 without control characters (legal: one line of text)");
	if (from->parameter[0] == '\0' && from->score_case != VITALS__V1__OBSERVE__SCORE__NOT_SET)
		return refuse(request, "observe.milli without observe.parameter (legal: moaas, rass, cadss)");
	if (from->parameter[0] == '\0' && size == 0)
		return refuse(request, "observe needs a score or a note");
	if (from->parameter[0] != '\0' && !take_score(request, from))
		return false;
	memcpy(request->command.u.observation.note, from->note, size + 1);
	return true;
}

static bool take_command(struct request *request, const Vitals__V1__Request *from)
{
	enum command *command = &request->command.command;
	switch (from->command_case) {
	case VITALS__V1__REQUEST__COMMAND_STATUS:
		request->status = true;
		return true;
	case VITALS__V1__REQUEST__COMMAND_SESSION_OPEN:
		*command = COMMAND_SESSION_OPEN;
		return take_order(request, from->session_open);
	case VITALS__V1__REQUEST__COMMAND_SESSION_START:
		*command = COMMAND_SESSION_START;
		return true;
	case VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE:
		*command = COMMAND_SESSION_PAUSE;
		return true;
	case VITALS__V1__REQUEST__COMMAND_SESSION_RESUME:
		*command = COMMAND_SESSION_RESUME;
		return true;
	case VITALS__V1__REQUEST__COMMAND_SESSION_STOP:
		*command = COMMAND_SESSION_STOP;
		return true;
	case VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE:
		*command = COMMAND_SESSION_CLOSE;
		return true;
	case VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE:
		*command = COMMAND_ALARM_ACKNOWLEDGE;
		return take_alarm(request, from->alarm_acknowledge);
	case VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE:
		*command = COMMAND_AUDIO_PAUSE;
		return true;
	case VITALS__V1__REQUEST__COMMAND_OBSERVE:
		*command = COMMAND_OBSERVE;
		return take_observation(request, from->observe);
	case VITALS__V1__REQUEST__COMMAND_CUFF_START:
		*command = COMMAND_CUFF_START;
		return true;
	case VITALS__V1__REQUEST__COMMAND_CUFF_STOP:
		*command = COMMAND_CUFF_STOP;
		return true;
	case VITALS__V1__REQUEST__COMMAND__NOT_SET:
	case _VITALS__V1__REQUEST__COMMAND__CASE_IS_INT_SIZE:
		break;
	}
	return refuse(request,
	              "no command that this version knows (legal: one of proto/vitals.proto, Request.command)");
}

bool request_decode(struct request *request, const uint8_t *bytes, size_t size)
{
	struct arena arena;
	ProtobufCAllocator allocator = {.alloc = arena_take, .free = arena_free, .allocator_data = &arena};
	arena.used = 0;
	memset(request, 0, sizeof(*request));
	if (size == 0 || size > REQUEST_BYTES_MAX)
		return refuse(request, "the packet's size is out of range (legal: 1 .. 4096 bytes)");
	Vitals__V1__Request *message = vitals__v1__request__unpack(&allocator, size, bytes);
	if (message == NULL)
		return refuse(request, "the packet is not a vitals.v1.Request");
	request->id = message->id;
	/* A text with an embedded NUL comes out cut, a repeated field hides the one before it: both pack to another
	 * size. */
	if (vitals__v1__request__get_packed_size(message) != size)
		return refuse(request, "a field is repeated, holds a NUL or is encoded in a roundabout way");
	return take_command(request, message);
}

/* ---- responses ------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

static size_t put_varint(uint8_t *bytes, size_t value)
{
	size_t count = 0;
	while (value >= 0x80) {
		bytes[count++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	bytes[count++] = (uint8_t)value;
	return count;
}

size_t response_encode(uint8_t *bytes, size_t size, const struct response *response)
{
	/* Copies, because the generated struct wants writable text. */
	char result[NAME_BYTES], text[REQUEST_PROBLEM_BYTES], bedside[NAME_BYTES];
	Vitals__V1__Response message;
	if (size < RESPONSE_HEAD_BYTES || response->snapshot_size > size - RESPONSE_HEAD_BYTES)
		return 0;
	copy_text(result, sizeof(result), result_name(response->result));
	copy_text(text, sizeof(text), response->text);
	copy_text(bedside, sizeof(bedside), response->bedside);
	vitals__v1__response__init(&message);
	message.id = response->id;
	message.result = result;
	message.text = text;
	message.bedside = bedside;
	message.demo = response->demo;
	size_t count = vitals__v1__response__pack(&message, bytes);
	if (response->snapshot == NULL)
		return count;
	/* Field 4, length-delimited: the snapshot is packed already, and the order of fields is free. */
	bytes[count++] = 4 << 3 | 2;
	count += put_varint(bytes + count, response->snapshot_size);
	memcpy(bytes + count, response->snapshot, response->snapshot_size);
	return count + response->snapshot_size;
}
