/* The JSON writer; see json.h. It walks the descriptors that protoc-c made, so that the names can only be those of the
 * contract. Called by client.c. */
#include "clients/lib/json.h"

#include <inttypes.h>
#include <string.h>

#include "clients/lib/text.h"

/* Also what JSON would allow but a terminal or an eye would not: the lines may be read as they are. */
static void escaped(struct out *out, uint32_t point)
{
	if (point < 0x10000)
		out_format(out, "\\u%04" PRIx32, point);
	else
		out_format(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
}

static void quoted(struct out *out, const char *text)
{
	out_text(out, "\"");
	while (*text != '\0') {
		uint32_t point;
		size_t length = out_utf8(text, &point);
		if (length == 0)
			out_text(out, "\\ufffd");
		else if (point == '"' || point == '\\')
			out_format(out, "\\%c", (char)point);
		else if (!out_harmless(point))
			escaped(out, point);
		else
			out_bytes(out, text, length);
		text += length > 0 ? length : 1;
	}
	out_text(out, "\"");
}

static void object(struct out *out, const ProtobufCMessage *message);
static void fields(struct out *out, const ProtobufCMessage *message, bool first);

static void word(struct out *out, const ProtobufCEnumDescriptor *descriptor, int value)
{
	char text[48];

	out_word(text, sizeof(text), descriptor, value);
	quoted(out, text);
}

/* One value at `at`, of the types that the contract uses. */
static void scalar(struct out *out, const ProtobufCFieldDescriptor *field, const void *at)
{
	if (field->type == PROTOBUF_C_TYPE_BOOL)
		out_text(out, *(const protobuf_c_boolean *)at ? "true" : "false");
	else if (field->type == PROTOBUF_C_TYPE_STRING)
		quoted(out, *(char *const *)at);
	else if (field->type == PROTOBUF_C_TYPE_ENUM)
		word(out, field->descriptor, *(const int *)at);
	else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		object(out, *(const ProtobufCMessage *const *)at);
	else if (field->type == PROTOBUF_C_TYPE_FIXED64)
		out_format(out, "\"%016" PRIx64 "\"", *(const uint64_t *)at);
	else if (field->type == PROTOBUF_C_TYPE_UINT64)
		out_format(out, "%" PRIu64, *(const uint64_t *)at);
	else if (field->type == PROTOBUF_C_TYPE_UINT32)
		out_format(out, "%" PRIu32, *(const uint32_t *)at);
	else if (field->type == PROTOBUF_C_TYPE_INT32)
		out_format(out, "%" PRId32, *(const int32_t *)at);
	else
		out_format(out, "%" PRId64, *(const int64_t *)at);
}

static void list(struct out *out, const ProtobufCFieldDescriptor *field, size_t count, const char *elements)
{
	size_t step =
	    field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING ? sizeof(void *) : 0;

	out_text(out, "[");
	for (size_t i = 0; i < count && step > 0; i++) {
		out_text(out, i == 0 ? "" : ",");
		scalar(out, field, elements + i * step);
	}
	out_text(out, "]");
}

static bool present(const ProtobufCFieldDescriptor *field, const char *base)
{
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
	if (field->label != PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)(const void *)(base + field->offset) != NULL;
	return true;
}

static void value(struct out *out, int64_t milli)
{
	out_text(out, "\"value\":");
	out_milli_exact(out, milli);
	out_text(out, ",");
}

/* Fields of a reading that say the same thing twice on the wire are said once here. */
static bool said_otherwise(struct out *out, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (message->descriptor != &vitals__v1__reading__descriptor)
		return false;
	const Vitals__V1__Reading *reading = (const Vitals__V1__Reading *)message;
	bool has_milli = message_has_value(reading);
	if (strcmp(field->name, "no_value") == 0)
		return true;
	if (strcmp(field->name, "reason") != 0)
		return !has_milli && strcmp(field->name, "milli") == 0;
	bool has_reason = reading->result_case == VITALS__V1__READING__RESULT_NO_VALUE;
	out_text(out, has_milli ? ",\"reason\":" : ",\"value\":null,\"reason\":");
	if (has_milli && reading->quality == VITALS__V1__QUALITY__QUALITY_VALID)
		out_text(out, "null");
	else
		word(out, &vitals__v1__reason__descriptor,
		     (int)(has_reason ? reading->no_value->reason : reading->reason));
	return true;
}

/* What changed stands beside the envelope: "alarm":{"alarm":{...}} would help nobody. */
static bool unwrapped(struct out *out, const ProtobufCFieldDescriptor *field, const void *at)
{
	if (field->descriptor != &vitals__v1__alarm_change__descriptor &&
	    field->descriptor != &vitals__v1__session_change__descriptor)
		return false;
	fields(out, *(const ProtobufCMessage *const *)at, false);
	return true;
}

static void fields(struct out *out, const ProtobufCMessage *message, bool first)
{
	const char *base = (const char *)message;

	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const void *at = base + field->offset;
		if (!present(field, base) || said_otherwise(out, message, field) || unwrapped(out, field, at))
			continue;
		out_text(out, first ? "" : ",");
		first = false;
		if (strcmp(field->name, "milli") == 0)
			value(out, *(const int64_t *)at);
		quoted(out, field->name);
		out_text(out, ":");
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			list(out, field, *(const size_t *)(const void *)(base + field->quantifier_offset),
			     *(const char *const *)at);
		else
			scalar(out, field, at);
	}
}

static void object(struct out *out, const ProtobufCMessage *message)
{
	out_text(out, "{");
	fields(out, message, true);
	out_text(out, "}");
}

void json_message(struct out *out, const char *topic, const Vitals__V1__Message *message)
{
	out_text(out, "{\"type\":");
	quoted(out, message_body_name(message));
	out_text(out, ",\"topic\":");
	quoted(out, topic);
	fields(out, &message->base, false);
	out_text(out, "}\n");
}

void json_response(struct out *out, const Vitals__V1__Response *response)
{
	out_text(out, "{\"type\":\"response\"");
	fields(out, &response->base, false);
	out_text(out, "}\n");
}

void json_link(struct out *out, const char *state)
{
	out_text(out, "{\"type\":\"link\",\"state\":");
	quoted(out, state);
	out_text(out, "}\n");
}
