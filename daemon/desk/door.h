/* What a door needs of the desk. A door knows its clients and how to speak with them; the desk knows what they asked
 * for. Private to daemon/desk. */
#ifndef DAEMON_DOOR_H
#define DAEMON_DOOR_H

#include "daemon/wire/request.h"
#include "vitals/desk.h"

/* Lives until it has forgotten all that it handed in. */
struct door {
	void (*answers_wait)(void *context); /* recorder or engine thread, with the desk locked; must not block */
	void *context;
};

struct answer {
	uint64_t command; /* as desk_submit returned it */
	struct response response;
	struct refusal refusal; /* response.refusal */
};

/* A response to whoever asked `id`. `refusal` is used until it has been sent; NULL for RESULT_OK. */
struct response desk_response(const struct desk *desk, uint64_t id, enum result result, const struct refusal *refusal);

/* Hands in the command of a client that this door knows as `actor`. The command's id, under which its answer will come
 * to `door`; 0 if it could not be taken: busy. */
uint64_t desk_submit(struct desk *desk, const struct door *door, const char *actor, const struct request *request);

/* The next answer for this door; what got none within 5 s is answered too. False if there is none. */
bool desk_take_answer(struct desk *desk, const struct door *door, struct answer *answer);

/* Who asked has gone. */
void desk_forget(struct desk *desk, uint64_t command);

/* For `status`: copies the current state to `bytes` (DESK_STATE_BYTES). Its size; 0 if there is none. */
size_t desk_status(struct desk *desk, uint8_t *bytes);

#endif
