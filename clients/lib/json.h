/* Messages as JSON, one object a line, fields named as in proto/vitals.proto. Called by client.c. Pure. */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include "clients/lib/message.h"

/* {"type":"alarm","topic":"vitals/room-1/alarm","version":1, ... ,"alarm":{...}} and a line feed. Differences to the
 * proto file: the fields of an alarm or session change stand beside the envelope; 64-bit random numbers are hex text; a
 * value `milli` is also given as decimal "value"; a reading without a value has "value":null and its "reason" beside
 * it, which is null for a valid one. JSON_BYTES has room for any message that message_unpack lets through: 64 KiB of
 * text in which every byte becomes \u00XX, and the field names of the largest counts. */
void json_message(struct out *out, const char *topic, const Vitals__V1__Message *message);

/* {"type":"response", ...} and a line feed. */
void json_response(struct out *out, const Vitals__V1__Response *response);

#endif
