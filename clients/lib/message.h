/* Bytes from the monitor -> a checked message. The bytes are hostile until proven otherwise: they are unpacked into a
 * fixed arena (repeated fields of a small packet could otherwise ask for megabytes) and checked for version, counts and
 * presence. Strings are left as they came; whoever shows them cleans them (out_copy). Pure; one thread. */
#ifndef CLIENT_MESSAGE_H
#define CLIENT_MESSAGE_H

#include "clients/lib/vitals-client.h"
#include "vitals.pb-c.h"

#define MESSAGE_ARENA_BYTES (512 * 1024)
#define MESSAGE_PACKET_MAX  196608
#define MESSAGE_TOPIC_BYTES 80

struct arena {
	size_t used;
	_Alignas(16) uint8_t bytes[MESSAGE_ARENA_BYTES];
};

/* The message or response, living in `arena` until the next call; NULL if it is not one that this program understands.
 */
const Vitals__V1__Message *message_unpack(struct arena *arena, const void *bytes, size_t size);
const Vitals__V1__Response *message_unpack_response(struct arena *arena, const void *bytes, size_t size);

/* True if the reading holds a number that may be shown: its quality must say so too. */
bool message_has_value(const Vitals__V1__Reading *reading);

/* "alarm", "readings", ... : the last part of the topic that a message with this body must have. */
const char *message_body_name(const Vitals__V1__Message *message);

#endif
