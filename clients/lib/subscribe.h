/* What a bedside publishes: a ZeroMQ subscription, with CURVE where the endpoint is protected. Called by client.c; the
 * thread of the handle. */
#ifndef CLIENT_SUBSCRIBE_H
#define CLIENT_SUBSCRIBE_H

#include "clients/lib/message.h"

#define SUBSCRIBE_ENDPOINT_BYTES 256

/* Of one handle; with a context of its own, so that nothing is shared. */
struct subscription {
	void *context, *socket; /* NULL: nothing is subscribed */
	char endpoint[SUBSCRIBE_ENDPOINT_BYTES];
	int64_t connected_ns;
	char topic[MESSAGE_TOPIC_BYTES];    /* of the last message */
	const Vitals__V1__Message *message; /* the last one, in `arena`; NULL = none that was understood */
	struct arena arena;
};

/* False with *problem; subscribe_end is called in either case. */
bool subscribe_begin(struct subscription *subscription, const struct client_options *options, int64_t now_ns,
                     struct client_problem *problem);

/* Reads one message of two parts. 1 = got it; 0 = there was one that is not ours to understand; -1 = nothing there. */
int subscribe_next(struct subscription *subscription);

/* A connection may be dead without anybody telling; a new one costs nothing when nothing comes anyway. */
void subscribe_again(struct subscription *subscription, int64_t now_ns);

void subscribe_end(struct subscription *subscription);

/* See client_wait; CLIENT_WAIT_MOST sockets at most. */
bool subscribe_wait(void *const *sockets, size_t count, int fd, int timeout_ms);

#endif
