/* Publishing. The engine's process has no network listener: it hands finished messages over a SOCK_SEQPACKET socketpair
 * to a child process that owns every ZeroMQ socket (daemon/publish/publisher.c). If the child dies another is started
 * within a second, with a new epoch, and the whole state is sent again.
 *
 * Two rooms in one header: the encoder (engine state -> bytes, pure but for protobuf-c; daemon/publish/encode.c) and
 * the engine-side handle of the child (daemon/publish/child.c). */
#ifndef VITALS_PUBLISH_H
#define VITALS_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/config.h"
#include "vitals/engine.h"

#define TOPIC_BYTES 80
#define MESSAGE_BYTES                                                                                                  \
	106496 /* larger than any message: a snapshot with every alarm and every limit takes up to 81 KiB */

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

struct publisher;

/* Forks the child (before any thread exists, and again after it died: the child execs this same binary, /proc/self/exe,
 * as `vitalsd --publisher-child`, with the socket as fd 3 and its part of the configuration sent first). NULL with
 * errno. */
struct publisher *publisher_start(const struct config *config);

/* Engine thread, never blocks. False if the child's socket is full or closed: counted, the child is behind. */
bool publisher_send(struct publisher *publisher, const struct message *message);

/* fd that becomes readable when the child says something or has died; poll it, then call publisher_check. */
int publisher_fd(const struct publisher *publisher);

/* Reads what the child says (it reports its own loop-back heartbeat every 500 ms) and reaps it when dead. Returns true
 * while it is alive and was heard within 2 s of `now`. When false: publisher_restart. */
bool publisher_check(struct publisher *publisher, struct mono now);

/* Ends the old child for sure (SIGKILL by its pid), starts another. Waits for nothing: false with errno EAGAIN while
 * the old one is on its way out, or while it is too early for another: children that die soon after their start follow
 * each other more and more slowly. False with another errno if the start failed; in all cases try again later. */
bool publisher_restart(struct publisher *publisher, struct mono now);

/* True once the child can be called well again: publisher_check is, its own subscription was heard, and it has lived
 * for a second; for ten if the one before it died young too, so that what dies again and again is one trouble, not
 * many. */
bool publisher_steady(struct publisher *publisher, struct mono now);

/* Lets the child send what it has (at most wait_ms), ends it, frees. */
void publisher_stop(struct publisher *publisher, int wait_ms);

/* main() of the child; returns the exit status. */
int publisher_child_main(void);

#endif
