/* The publisher child's ZeroMQ sockets: one XPUB for endpoints that local access guards, one XPUB with CURVE for the
 * network, the ZAP handler and the child's own subscription. Private to the child, its only thread; in sockets.c. */
#ifndef VITALS_PUBLISH_SOCKETS_H
#define VITALS_PUBLISH_SOCKETS_H

#include <stdbool.h>

#include "daemon/publish/zap.h"
#include "vitals/publish.h"

struct sockets {
	void *context;
	void *plain;  /* ipc (the file's mode guards it); loopback TCP if there are no keys. NULL if none */
	void *curve;  /* TCP with keys. NULL if none */
	void *listen; /* SUB on an own endpoint (plain if there is one), own heartbeats only */
	struct zap zap;
	char topics[TOPIC_COUNT][TOPIC_BYTES];
};

/* Opens everything; waits at most a second for an endpoint that is in use. False after one line to stderr. Forgets the
 * secret key in `publish` once libzmq has it. */
bool sockets_open(struct sockets *sockets, const char *bedside, struct publish_config *publish);

/* Hands one message to libzmq, which drops it for subscribers that are behind. Never blocks. */
void sockets_send(struct sockets *sockets, enum topic topic, const uint8_t *bytes, size_t size);

/* Takes what subscribers say, a bounded number of messages. True if one of them waits for a snapshot. */
bool sockets_joined(struct sockets *sockets);

/* Sends what is queued for at most linger_ms, then ends. */
void sockets_close(struct sockets *sockets, int linger_ms);

#endif
