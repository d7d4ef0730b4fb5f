/* What is said on the control socket; see request.h.
 *
 * protobuf-c checks the grammar but neither UTF-8 nor embedded NULs nor ranges, and takes memory for every field it
 * does not know. So it unpacks into an arena of fixed size, and everything is validated here. */
#include "daemon/wire/request.h"

#include <stdalign.h>
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

static bool refuse(struct request *request, enum refusal_code code)
{
	refusal_begin(&request->refusal, code);
	return false;
}

static bool refuse_field(struct request *request, enum refusal_code code, const char *field)
{
	refusal_begin(&request->refusal, code);
	refusal_text(&request->refusal, "field", field);
	return false;
}

static bool out_of_range(struct request *request, enum refusal_code code, const char *field, const int64_t range[3])
{
	(void)refuse_field(request, code, field);
	refusal_number(&request->refusal, "value", range[0]);
	refusal_number(&request->refusal, "min", range[1]);
	refusal_number(&request->refusal, "max", range[2]);
	return false;
}

static bool in_range(struct request *request, const char *field, int64_t value, int64_t min, int64_t max)
{
	return (value >= min && value <= max) ||
	       out_of_range(request, REFUSAL_FIELD_RANGE, field, (int64_t[]){value, min, max});
}

static bool in_range_or_zero(struct request *request, const char *field, int32_t value, int32_t min, int32_t max)
{
	return value == 0 || (value >= min && value <= max) ||
	       out_of_range(request, REFUSAL_FIELD_RANGE_OR_NONE, field, (int64_t[]){value, min, max});
}

/* A text that must be there is empty. */
static bool missing(struct request *request, const char *field)
{
	(void)refuse_field(request, REFUSAL_FIELD_MISSING, field);
	refusal_number(&request->refusal, "max", TEXT_BYTES - 1);
	return false;
}

/* Copies a text of at most 95 bytes for the record. `field` is named if it is refused. */
static bool take_text(struct request *request, const char *field, char to[TEXT_BYTES], const char *from)
{
	size_t size = strnlen(from, TEXT_BYTES);
	if (size >= TEXT_BYTES || !is_plain_text(from)) {
		(void)refuse_field(request, REFUSAL_FIELD_TEXT, field);
		refusal_number(&request->refusal, "max", TEXT_BYTES - 1);
		return false;
	}
	memcpy(to, from, size + 1);
	return true;
}

static bool take_token(struct request *request, const char *field, char to[NAME_BYTES], const char *from, bool optional)
{
	if (!(optional && from[0] == '\0') && !is_token(from))
		return refuse_field(request, REFUSAL_FIELD_NAME, field);
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
	return override->reason[0] != '\0' || missing(request, "override.reason");
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
	    !take_token(request, "limit.term", limit->term, from->term, true) ||
	    !in_range(request, "limit.limit_milli", from->limit_milli, INT32_MIN, INT32_MAX) ||
	    !take_token(request, "limit.second_person", limit->second_person, from->second_person, true) ||
	    !take_text(request, "limit.reason", limit->reason, from->reason))
		return false;
	if (limit->reason[0] == '\0')
		return missing(request, "limit.reason");
	limit->limit = (int32_t)from->limit_milli;
	return true;
}

static bool take_out(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__TakeOut *from = message->take_out;
	struct take_out *out = &request->command.u.take_out;
	out->is_device = from->what_case == VITALS__V1__TAKE_OUT__WHAT_DEVICE;
	if (!out->is_device && from->what_case != VITALS__V1__TAKE_OUT__WHAT_PARAMETER)
		return refuse(request, REFUSAL_TAKE_OUT_WHAT);
	if (!take_token(request, out->is_device ? "take_out.device" : "take_out.parameter", out->name,
	                out->is_device ? from->device : from->parameter, false) ||
	    !in_range_or_zero(request, "take_out.duration_s", from->duration_s, 60, 3600) ||
	    !take_text(request, "take_out.reason", out->reason, from->reason) ||
	    !take_override(request, &out->override, from->override))
		return false;
	if (from->duration_s != 0 && out->reason[0] == '\0')
		return missing(request, "take_out.reason");
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
		return refuse_field(request, REFUSAL_FIELD_PSEUDONYM, "session_open.patient_ref");
	if (!in_range_or_zero(request, "session_open.weight_g", from->weight_g, ORDER_WEIGHT_G_MIN,
	                      ORDER_WEIGHT_G_MAX) ||
	    !in_range_or_zero(request, "session_open.dose_ug", from->dose_ug, ORDER_DOSE_UG_MIN, ORDER_DOSE_UG_MAX) ||
	    !in_range_or_zero(request, "session_open.duration_s", from->duration_s, ORDER_DURATION_S_MIN,
	                      ORDER_DURATION_S_MAX) ||
	    !in_range_or_zero(request, "session_open.ug_per_ml", from->ug_per_ml, ORDER_UG_PER_ML_MIN,
	                      ORDER_UG_PER_ML_MAX) ||
	    !in_range_or_zero(request, "session_open.series", from->series, ORDER_SERIES_MIN, ORDER_SERIES_MAX) ||
	    !in_range_or_zero(request, "session_open.age_years", from->age_years, ORDER_AGE_YEARS_MIN,
	                      ORDER_AGE_YEARS_MAX) ||
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

static bool take_shown(struct request *request, const Vitals__V1__AlarmAcknowledge *from)
{
	struct shown_alarms *shown = &request->command.u.shown;
	if (from->which_case != VITALS__V1__ALARM_ACKNOWLEDGE__WHICH__NOT_SET)
		return refuse(request, REFUSAL_ALARM_WHICH);
	if (!in_range(request, "alarm_acknowledge.shown", (int64_t)from->n_shown, 1, SHOWN_ALARMS_MAX) ||
	    !in_range(request, "alarm_acknowledge.settled_ns", from->settled_ns, 0, SHOWN_SETTLED_MAX))
		return false;
	for (size_t i = 0; i < from->n_shown; i++) {
		if (!in_range(request, "alarm_acknowledge.shown.id", from->shown[i]->id, 1, UINT32_MAX))
			return false;
		shown->list[i] = (struct shown_alarm){from->shown[i]->id, from->shown[i]->generation};
	}
	shown->count = (uint8_t)from->n_shown;
	shown->settled_ns = from->settled_ns;
	request->command.command = COMMAND_ALARM_ACKNOWLEDGE_SHOWN;
	return true;
}

static bool take_alarm(struct request *request, const Vitals__V1__Request *message)
{
	const Vitals__V1__AlarmAcknowledge *from = message->alarm_acknowledge;
	if (from->n_shown > 0)
		return take_shown(request, from);
	if (from->which_case == VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL && from->all) {
		request->command.u.alarm_id = ALARM_ID_ALL;
		return true;
	}
	if (from->which_case != VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID)
		return refuse(request, REFUSAL_ALARM_WHICH);
	if (!in_range(request, "alarm_acknowledge.id", from->id, 1, UINT32_MAX))
		return false;
	request->command.u.alarm_id = from->id;
	return true;
}

static bool refuse_scores(struct request *request, enum refusal_code code)
{
	refusal_begin(&request->refusal, code);
	refusal_text(&request->refusal, "scores", "");
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if (parameter_table[p].cadence == CADENCE_ENTERED)
			refusal_add_name(&request->refusal, parameter_table[p].name);
	return false;
}

static bool take_score(struct request *request, const Vitals__V1__Observe *from)
{
	struct observation *observation = &request->command.u.observation;
	int index = parameter_by_name(from->parameter);
	if (index < 0 || parameter_table[index].cadence != CADENCE_ENTERED)
		return refuse_scores(request, REFUSAL_SCORE_UNKNOWN);
	const struct parameter_info *info = &parameter_table[index];
	if (from->score_case != VITALS__V1__OBSERVE__SCORE_MILLI)
		return refuse(request, REFUSAL_SCORE_MISSING);
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
		return refuse_scores(request, REFUSAL_SCORE_OF_NOTHING);
	if (from->parameter[0] == '\0' && from->note[0] == '\0')
		return refuse(request, REFUSAL_OBSERVATION_EMPTY);
	return from->parameter[0] == '\0' || take_score(request, from);
}

static bool take_oxygen(struct request *request, const Vitals__V1__Request *message)
{
	request->command.u.oxygen_ml_per_min = message->oxygen->ml_per_min;
	return in_range(request, "oxygen.ml_per_min", message->oxygen->ml_per_min, 0, OXYGEN_ML_PER_MIN_MAX);
}

static bool take_start(struct request *request, const Vitals__V1__Request *message)
{
	return take_override(request, &request->command.u.override, message->session_start->override);
}

static bool take_resume(struct request *request, const Vitals__V1__Request *message)
{
	return take_override(request, &request->command.u.override, message->session_resume->override);
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
	    {VITALS__V1__REQUEST__COMMAND_SESSION_RESUME, COMMAND_SESSION_RESUME, take_resume},
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
	    {VITALS__V1__REQUEST__COMMAND_OXYGEN, COMMAND_OXYGEN, take_oxygen},
	    {VITALS__V1__REQUEST__COMMAND_CALL_HELP, COMMAND_CALL_HELP, NULL},
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
	return refuse(request, REFUSAL_NO_COMMAND);
}

bool request_decode(struct request *request, const uint8_t *bytes, size_t size)
{
	struct arena arena;
	ProtobufCAllocator allocator = {.alloc = arena_take, .free = arena_free, .allocator_data = &arena};
	arena.used = 0;
	memset(request, 0, sizeof(*request));
	if (size == 0 || size > REQUEST_BYTES_MAX) {
		(void)refuse(request, REFUSAL_PACKET_SIZE);
		refusal_number(&request->refusal, "max", REQUEST_BYTES_MAX);
		return false;
	}
	Vitals__V1__Request *message = vitals__v1__request__unpack(&allocator, size, bytes);
	if (message == NULL)
		return refuse(request, REFUSAL_PACKET);
	request->id = message->id;
	/* A text with an embedded NUL comes out cut, a repeated field hides the one before it: both pack to another
	 * size. */
	if (vitals__v1__request__get_packed_size(message) != size)
		return refuse(request, REFUSAL_ROUNDABOUT);
	return take_command(request, message);
}

/* ---- responses ------------------------------------------------------------------------------- */

/* The generated structs want writable text; packing only reads it. */
static char *readable(const char *text)
{
	return (char *)(uintptr_t)text;
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
	static const struct refusal done = {.code = REFUSAL_NONE};
	const struct refusal *refusal = response->refusal != NULL ? response->refusal : &done;
	Vitals__V1__Argument arguments[REFUSAL_ARGUMENTS_MAX], *list[REFUSAL_ARGUMENTS_MAX];
	char text[REFUSAL_TEXT_BYTES];
	Vitals__V1__Response message;
	if (size < RESPONSE_HEAD_BYTES || response->snapshot_size > size - RESPONSE_HEAD_BYTES)
		return 0;
	refusal_sentence(text, refusal);
	vitals__v1__response__init(&message);
	message.id = response->id;
	message.result = readable(result_name(response->result));
	message.text = text;
	message.bedside = readable(response->bedside);
	message.demo = response->demo;
	message.code = readable(refusal_token(refusal->code));
	for (uint8_t i = 0; i < refusal->count; i++) {
		vitals__v1__argument__init(&arguments[i]);
		arguments[i].name = readable(refusal->arguments[i].name);
		arguments[i].value = readable(refusal->arguments[i].value);
		list[i] = &arguments[i];
	}
	message.n_argument = refusal->count;
	message.argument = list;
	size_t count = vitals__v1__response__pack(&message, bytes);
	if (response->snapshot == NULL)
		return count;
	/* Field 4, length-delimited: the snapshot is packed already, and the order of fields is free. */
	bytes[count++] = 4 << 3 | 2;
	count += put_varint(bytes + count, response->snapshot_size);
	memcpy(bytes + count, response->snapshot, response->snapshot_size);
	return count + response->snapshot_size;
}
