/* The wire: engine state -> bytes of vitals.v1 (proto/vitals.proto, proto/README.md). Pure but for protobuf-c, without
 * heap. In daemon/wire/encode*.c; called by the engine thread (daemon/perform.c) and by tests. The other direction,
 * what clients say, is daemon/wire/request.h. */
#ifndef VITALS_WIRE_H
#define VITALS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "vitals/engine.h"

#define TOPIC_BYTES   80
#define MESSAGE_BYTES 163840 /* larger than any message: tests/unit/test_encode.c makes the largest there can be */

/* Each topic has its own sequence, from 1 in each epoch. Topic text: "vitals/BEDSIDE/" + name. */
enum topic {
	TOPIC_ALARM,     /* "alarm" */
	TOPIC_READINGS,  /* "readings" */
	TOPIC_DEVICE,    /* "device" */
	TOPIC_SESSION,   /* "session" */
	TOPIC_SNAPSHOT,  /* "snapshot": the whole state, every 5 s and at each epoch's start */
	TOPIC_HEARTBEAT, /* "heartbeat": every 500 ms */
	TOPIC_COUNT
};

struct stamp {
	struct mono now;
	int64_t wall_ns;
};

/* Owned by the loop: identity and sequence numbers of this epoch. */
struct stream_id {
	uint64_t epoch;                 /* random, new with each publisher child */
	uint64_t sequence[TOPIC_COUNT]; /* last used */
	const char *config_hash_hex, *plan_hash_hex;
};

struct message {
	enum topic topic;
	size_t size;
	uint8_t bytes[MESSAGE_BYTES]; /* packed vitals.v1.Message */
};

/* Each fills `message` and takes the next sequence number of its topic. They cannot fail: sizes are bounded. */
void encode_alarm(struct message *message, struct stream_id *id, const struct engine *engine, enum alarm_change change,
                  const struct alarm *alarm, struct stamp stamp);
void encode_readings(struct message *message, struct stream_id *id, const struct engine *engine,
                     parameter_set parameters, struct stamp stamp);
void encode_device(struct message *message, struct stream_id *id, const struct engine *engine, uint8_t device,
                   struct stamp stamp);
void encode_session(struct message *message, struct stream_id *id, const struct engine *engine,
                    enum session_change change, const char *actor, struct stamp stamp);
void encode_snapshot(struct message *message, struct stream_id *id, const struct engine *engine, struct stamp stamp);
void encode_heartbeat(struct message *message, struct stream_id *id, const struct engine *engine, struct stamp stamp);

/* Snapshot as the body of a control response: the same bytes without taking a sequence number. Returns its size. */
size_t encode_state(uint8_t *bytes, size_t size, const struct stream_id *id, const struct engine *engine,
                    struct stamp stamp);

#endif
