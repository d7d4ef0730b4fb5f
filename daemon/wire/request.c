/* What is said on the control socket; see request.h.
 *
 * protobuf-c checks the grammar but neither UTF-8 nor embedded NULs nor ranges, and takes memory for every field it
 * does not know. So it unpacks into an arena of fixed size, and everything is validated here. */
#include "daemon/wire/request.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "vitals.pb-c.h"
#include "daemon/plain.h"
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

/* Copies a text of at most 95 bytes for the record. `field` is named if it is refused. */
static bool take_text(struct request *request, const char *field, char to[TEXT_BYTES], const char *from)
{
	size_t size = strnlen(from, TEXT_BYTES);
	if (size >= TEXT_BYTES || !is_plain_text(from)) {
		(void)snprintf(request->problem, sizeof(request->problem),
		               "%s must be one line of UTF-8 without control characters (legal: 0 .. 95 bytes)",
		               field); /* cut is fine */
		return false;
	}
	memcpy(to, from, size + 1);
	return true;
}

static bool take_token(struct request *request, const char *field, char to[NAME_BYTES], const char *from, bool optional)
{
	if (!(optional && from[0] == '\0') && !is_token(from)) {
		(void)snprintf(request->problem, sizeof(request->problem),
		               "%s must be a name in one word (legal: 1 .. 31 of A-Z a-z 0-9 . _ -)",
		               field); /* cut is fine */
		return false;
	}
	memcpy(to, from, strlen(from) + 1); /* a token, or empty: it fits */
	return true;
}

/* ---- commands with arguments ----------------------------------------------------------------- */

/* Who takes responsibility, and why: both or neither. */
static bool take_override(struct request *request, struct override *override, const Vitals__V1__Override *from)
{
	if (from == NULL)
		return true;
	if (!take_token(request, "override.name", override->name, from->name, false) ||
	    !take_text(request, "override.reason", override->reason, from->reason))
		return false;
	return override->reason[0] != '\0' || refuse(request, "override.reason is missing (legal: 1 .. 95 bytes)");
}

static bool take_item(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__ItemTick *from = message->item;
	request->command.u.item.ticked = from->ticked;
	return take_token(request, "item.name", request->command.u.item.name, from->name, false);
}

static bool take_limit(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__LimitOrder *from = message->limit;
	struct limit_order *limit = &request->command.u.limit;
	if (!take_token(request, "limit.rule", limit->rule, from->rule, false) ||
	    !in_range(request, "limit.term", from->term, 0, RULE_TERMS_MAX - 1) ||
	    !in_range(request, "limit.limit_milli", from->limit_milli, INT32_MIN, INT32_MAX) ||
	    !take_token(request, "limit.second_person", limit->second_person, from->second_person, true) ||
	    !take_text(request, "limit.reason", limit->reason, from->reason))
		return false;
	if (limit->reason[0] == '\0')
		return refuse(request, "limit.reason is missing (legal: 1 .. 95 bytes)");
	limit->term = (uint8_t)from->term;
	limit->limit = (int32_t)from->limit_milli;
	return true;
}

static bool take_out(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__TakeOut *from = message->take_out;
	struct take_out *out = &request->command.u.take_out;
	out->is_device = from->what_case == VITALS__V1__TAKE_OUT__WHAT_DEVICE;
	if (!out->is_device && from->what_case != VITALS__V1__TAKE_OUT__WHAT_PARAMETER)
		return refuse(request, "take_out needs a device or a parameter");
	if (!take_token(request, out->is_device ? "take_out.device" : "take_out.parameter", out->name,
	                out->is_device ? from->device : from->parameter, false) ||
	    !in_range_or_zero(request, "take_out.duration_s", from->duration_s, 60, 3600) ||
	    !take_text(request, "take_out.reason", out->reason, from->reason) ||
	    !take_override(request, &out->override, from->override))
		return false;
	if (from->duration_s != 0 && out->reason[0] == '\0')
		return refuse(request, "take_out.reason is missing (legal: 1 .. 95 bytes)");
	out->duration_s = from->duration_s;
	return true;
}

static bool take_receipt(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__Receipt *from = message->receipt;
	struct receipt *receipt = &request->command.u.receipt;
	receipt->epoch = from->epoch;
	receipt->alarm_sequence = from->alarm_sequence;
	return take_token(request, "receipt.display", receipt->display, from->display, false);
}

static bool take_order(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__SessionOpen *from = message->session_open;
	struct session_order *order = &request->command.u.order;
	if (!is_token(from->patient_ref))
		return refuse(request,
		              "session_open.patient_ref must be a pseudonym (legal: 1 .. 31 of A-Z a-z 0-9 . _ -)");
	if (!in_range_or_zero(request, "session_open.weight_g", from->weight_g, 20000, 400000) ||
	    !in_range_or_zero(request, "session_open.dose_ug", from->dose_ug, 1, 1000000) ||
	    !in_range_or_zero(request, "session_open.duration_s", from->duration_s, 60, 43200) ||
	    !in_range_or_zero(request, "session_open.ug_per_ml", from->ug_per_ml, 1, 200000) ||
	    !in_range_or_zero(request, "session_open.series", from->series, 1, 9999) ||
	    !in_range_or_zero(request, "session_open.age_years", from->age_years, 1, 130) ||
	    !take_token(request, "session_open.second_person", order->second_person, from->second_person, true))
		return false;
	memcpy(order->patient_ref, from->patient_ref, strlen(from->patient_ref) + 1);
	order->weight_g = from->weight_g;
	order->dose_ug = from->dose_ug;
	order->duration_s = from->duration_s;
	order->ug_per_ml = from->ug_per_ml;
	order->series = from->series;
	order->age_years = from->age_years;
	return true;
}

static bool take_alarm(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__AlarmAcknowledge *from = message->alarm_acknowledge;
	if (from->which_case == VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL && from->all) {
		request->command.u.alarm_id = ALARM_ID_ALL;
		return true;
	}
	if (from->which_case != VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID)
		return refuse(request, "alarm_acknowledge needs the id of an alarm or all = true");
	if (!in_range(request, "alarm_acknowledge.id", from->id, 1, UINT32_MAX))
		return false;
	request->command.u.alarm_id = from->id;
	return true;
}

static bool take_score(struct request *request, const Vitals__V1__Observe *from)
{
	struct observation *observation = &request->command.u.observation;
	int index = parameter_by_name(from->parameter);
	if (index < 0 || parameter_table[index].cadence != CADENCE_ENTERED)
		return refuse(request, "observe.parameter is not a score that is entered "
		                       "(legal: moaas, rass, cadss, cadss6, bprs, distress, or none)");
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

static bool take_observation(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__Observe *from = message->observe;
	if (!take_text(request, "observe.note", request->command.u.observation.note, from->note))
		return false;
	if (from->parameter[0] == '\0' && from->score_case != VITALS__V1__OBSERVE__SCORE__NOT_SET)
		return refuse(request, "observe.milli without observe.parameter (legal: moaas, rass, cadss, ...)");
	if (from->parameter[0] == '\0' && from->note[0] == '\0')
		return refuse(request, "observe needs a score or a note");
	return from->parameter[0] == '\0' || take_score(request, from);
}

static bool take_start(struct request *request, const Vitals__V1__Request *message)
{
	return take_override(request, &request->command.u.override, message->session_start->override);
}

static bool take_close(struct request *request, const Vitals__V1__Request *message)
{
	return take_override(request, &request->command.u.override, message->session_close->override);
}

static bool take_given(struct request *request, const Vitals__V1__Request *message)
{
	return take_override(request, &request->command.u.override, message->device_given->override);
}

static bool take_command(struct request *request, const Vitals__V1__Request *message)
{
	static const struct {
		Vitals__V1__Request__CommandCase wire;
		enum command command;
		bool (*take)(struct request *request,
		             const Vitals__V1__Request *message); /* NULL: it has no argument */
	} commands[] = {
	    {VITALS__V1__REQUEST__COMMAND_SESSION_OPEN, COMMAND_SESSION_OPEN, take_order},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_START, COMMAND_SESSION_START, take_start},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE, COMMAND_SESSION_PAUSE, NULL},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_RESUME, COMMAND_SESSION_RESUME, NULL},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_STOP, COMMAND_SESSION_STOP, NULL},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE, COMMAND_SESSION_CLOSE, take_close},
	    {VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE, COMMAND_ALARM_ACKNOWLEDGE, take_alarm},
	    {VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE, COMMAND_AUDIO_PAUSE, NULL},
	    {VITALS__V1__REQUEST__COMMAND_OBSERVE, COMMAND_OBSERVE, take_observation},
	    {VITALS__V1__REQUEST__COMMAND_CUFF_START, COMMAND_CUFF_START, NULL},
	    {VITALS__V1__REQUEST__COMMAND_CUFF_STOP, COMMAND_CUFF_STOP, NULL},
	    {VITALS__V1__REQUEST__COMMAND_DEVICE_GIVEN, COMMAND_DEVICE_GIVEN, take_given},
	    {VITALS__V1__REQUEST__COMMAND_ITEM, COMMAND_ITEM, take_item},
	    {VITALS__V1__REQUEST__COMMAND_LIMIT, COMMAND_LIMIT, take_limit},
	    {VITALS__V1__REQUEST__COMMAND_TAKE_OUT, COMMAND_TAKE_OUT, take_out},
	    {VITALS__V1__REQUEST__COMMAND_TEST_ALARM, COMMAND_TEST_ALARM, NULL},
	    {VITALS__V1__REQUEST__COMMAND_RECEIPT, COMMAND_RECEIPT, take_receipt},
	};

	request->status = message->command_case == VITALS__V1__REQUEST__COMMAND_STATUS;
	if (request->status)
		return true;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].wire != message->command_case)
			continue;
		request->command.command = commands[i].command;
		return commands[i].take == NULL || commands[i].take(request, message);
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
