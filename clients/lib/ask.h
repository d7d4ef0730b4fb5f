/* One question to the monitor over its control socket, and its answer. Called by client.c; the thread of the handle. */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include "clients/lib/message.h"

#define ASK_PATH_BYTES 256

/* Of one handle. */
struct ask {
	char path[ASK_PATH_BYTES]; /* of the control socket; "" = none */
	uint64_t last_id;
	const Vitals__V1__Response *response; /* the last answer, in `arena`; NULL = none */
	struct arena arena;
	uint8_t packet[MESSAGE_PACKET_MAX];
};

/* Sends `request` and waits for the answer, CLIENT_REACH_MS to be let in and `wait_ms` after that. The answer is then
 * ask->response. False with *problem if there is none. */
bool ask_send(struct ask *ask, Vitals__V1__Request *request, int wait_ms, struct client_problem *problem);

#endif
