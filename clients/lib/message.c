/* Unpacking and checking of what the monitor sends; see message.h. Called by client.c, ask.c and confirm.c. */
#include "clients/lib/message.h"

static void *arena_take(void *data, size_t size)
{
	struct arena *arena = data;
	size_t rounded = (size + 15) & ~(size_t)15;

	if (rounded < size || rounded > sizeof(arena->bytes) - arena->used)
		return NULL;
	void *memory = arena->bytes + arena->used;
	arena->used += rounded;
	return memory;
}

/* The arena is emptied as a whole, by the next message. */
static void arena_give(void *data, void *memory)
{
	(void)data;
	(void)memory;
}

static bool session_right(const Vitals__V1__Session *session)
{
	return session != NULL && session->n_check <= MESSAGE_CHECKS_MAX && session->n_item <= MESSAGE_ITEMS_MAX &&
	       session->n_blocker <= MESSAGE_BLOCKERS_MAX && session->n_limit <= MESSAGE_LIMITS_MAX &&
	       session->n_taken_out <= MESSAGE_OUT_MAX && session->n_given <= MESSAGE_GIVEN_MAX &&
	       session->n_load <= MESSAGE_ALARMS_MAX && session->n_usual <= MESSAGE_USUAL_MAX;
}

static bool devices_right(size_t count, Vitals__V1__Device *const *devices)
{
	if (count > MESSAGE_DEVICES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (devices[i]->n_parameters > MESSAGE_READINGS_MAX)
			return false;
	}
	return true;
}

static bool snapshot_right(const Vitals__V1__Snapshot *snapshot)
{
	return session_right(snapshot->session) && devices_right(snapshot->n_device, snapshot->device) &&
	       snapshot->n_reading <= MESSAGE_READINGS_MAX && snapshot->n_alarm <= MESSAGE_ALARMS_MAX &&
	       snapshot->heartbeat != NULL;
}

static bool body_right(const Vitals__V1__Message *message)
{
	if (message->body_case == VITALS__V1__MESSAGE__BODY_ALARM)
		return message->alarm->alarm != NULL;
	if (message->body_case == VITALS__V1__MESSAGE__BODY_READINGS)
		return message->readings->n_reading <= MESSAGE_READINGS_MAX;
	if (message->body_case == VITALS__V1__MESSAGE__BODY_DEVICE)
		return devices_right(1, &message->device);
	if (message->body_case == VITALS__V1__MESSAGE__BODY_SESSION)
		return session_right(message->session->session);
	if (message->body_case == VITALS__V1__MESSAGE__BODY_SNAPSHOT)
		return snapshot_right(message->snapshot);
	return message->body_case == VITALS__V1__MESSAGE__BODY_HEARTBEAT;
}

const Vitals__V1__Message *message_unpack(struct arena *arena, const void *bytes, size_t size)
{
	ProtobufCAllocator allocator = {arena_take, arena_give, arena};

	arena->used = 0;
	const Vitals__V1__Message *message = vitals__v1__message__unpack(&allocator, size, bytes);
	return message != NULL && message->version == 1 && body_right(message) ? message : NULL;
}

const Vitals__V1__Response *message_unpack_response(struct arena *arena, const void *bytes, size_t size)
{
	ProtobufCAllocator allocator = {arena_take, arena_give, arena};

	arena->used = 0;
	const Vitals__V1__Response *response = vitals__v1__response__unpack(&allocator, size, bytes);
	if (response != NULL && response->snapshot != NULL && !snapshot_right(response->snapshot))
		return NULL;
	return response;
}

bool message_has_value(const Vitals__V1__Reading *reading)
{
	return reading->result_case == VITALS__V1__READING__RESULT_MILLI && reading->milli >= INT32_MIN &&
	       reading->milli <= INT32_MAX &&
	       (reading->quality == VITALS__V1__QUALITY__QUALITY_VALID ||
	        reading->quality == VITALS__V1__QUALITY__QUALITY_QUESTIONABLE);
}

const char *message_body_name(const Vitals__V1__Message *message)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(message->base.descriptor, message->body_case);

	return field == NULL ? "" : field->name;
}
