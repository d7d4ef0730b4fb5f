/* Loop-back check: a heartbeat that went out must come back through the child's own subscription within a second.
 * zmq_send succeeds even when libzmq's I/O thread is stuck, so this is the only sign that messages really leave.
 * Private to the publisher child; pure (loopback.c), tested in tests/unit/test_publisher.c. */
#ifndef VITALS_PUBLISH_LOOPBACK_H
#define VITALS_PUBLISH_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/mono.h"

#define LOOPBACK_LIMIT_NS NS_PER_S
#define LOOPBACK_SLOTS    4
#define LOOPBACK_BYTES    512 /* longer than any heartbeat */

struct loopback_slot {
	size_t size; /* 0 = free */
	struct mono sent;
	uint8_t bytes[LOOPBACK_BYTES];
};

/* The last heartbeats sent. Zeroed by the caller before use. */
struct loopback {
	struct loopback_slot slots[LOOPBACK_SLOTS];
	unsigned next; /* slot that is written next: the oldest */
	bool waiting;
	struct mono oldest_sent; /* of those that have not been seen, while waiting */
	uint64_t seen;
};

void loopback_sent(struct loopback *loopback, const uint8_t *bytes, size_t size, struct mono now);

/* True if this is one of the last heartbeats sent; it and all before it then count as delivered. Anything else (another
 * publisher on a stolen path) is not taken for ours. */
bool loopback_seen(struct loopback *loopback, const uint8_t *bytes, size_t size);

bool loopback_late(const struct loopback *loopback, struct mono now);

#endif
