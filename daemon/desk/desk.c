/* The desk; see vitals/desk.h and door.h. No thread of its own: each function runs on its caller's, and what they share
 * is under the mutex. */
#include "daemon/desk/door.h"

#include <stdio.h>
#include <string.h>

#include "daemon/shell.h"

#define ANSWER_WAIT_NS   (5 * NS_PER_S) /* then the client hears that the command was not recorded */
#define STATE_MAX_AGE_NS (2 * NS_PER_S) /* four missed refreshes: not shown as current any more */

struct outstanding {
	uint64_t command; /* 0 = free */
	const struct door *door;
	uint64_t request; /* the client's own id */
	struct mono asked;
	bool answered;
	enum result result;
	struct refusal refusal; /* REFUSAL_NONE: that of the result */
};

struct desk {
	struct mailbox *mailbox;
	char bedside[NAME_BYTES];
	bool demo;

	pthread_mutex_t mutex;
	/* Under the mutex. */
	uint64_t commands; /* so far: an id is never given twice */
	struct outstanding outstanding[DESK_OUTSTANDING_MAX];
	struct mono state_at;
	size_t state_size;
	uint8_t state[DESK_STATE_BYTES];
};

/* Under the mutex. NULL: nobody waits for this answer (any more). `command` 0 finds a free place. */
static struct outstanding *find(struct desk *desk, uint64_t command)
{
	for (size_t i = 0; i < DESK_OUTSTANDING_MAX; i++)
		if (desk->outstanding[i].command == command)
			return &desk->outstanding[i];
	return NULL;
}

/* ---- engine and recorder --------------------------------------------------------------------- */

void desk_explain(struct desk *desk, uint64_t id, const struct refusal *refusal)
{
	shell_lock(&desk->mutex);
	struct outstanding *at = id != 0 ? find(desk, id) : NULL;
	if (at != NULL)
		at->refusal = *refusal;
	shell_unlock(&desk->mutex);
}

void desk_reply(struct desk *desk, uint64_t id, enum result result)
{
	shell_lock(&desk->mutex);
	struct outstanding *at = id != 0 ? find(desk, id) : NULL;
	if (at != NULL) {
		at->answered = true;
		at->result = result;
		at->door->answers_wait(at->door->context);
	}
	shell_unlock(&desk->mutex);
}

void desk_state(struct desk *desk, const uint8_t *bytes, size_t size)
{
	struct mono now = shell_now();
	if (size > sizeof(desk->state))
		return; /* ours, and bounded by the encoder; the old state grows stale and is refused */
	shell_lock(&desk->mutex);
	memcpy(desk->state, bytes, size);
	desk->state_size = size;
	desk->state_at = now;
	shell_unlock(&desk->mutex);
}

/* ---- doors ----------------------------------------------------------------------------------- */

struct response desk_response(const struct desk *desk, uint64_t id, enum result result, const struct refusal *refusal)
{
	return (struct response){
	    .id = id, .result = result, .refusal = refusal, .bedside = desk->bedside, .demo = desk->demo};
}

uint64_t desk_submit(struct desk *desk, const struct door *door, const char *actor, const struct request *request)
{
	struct event event = {.kind = EVENT_COMMAND, .wall_ns = shell_wall_ns(), .u.command = request->command};
	struct mono now = shell_now();
	(void)snprintf(event.u.command.actor, sizeof(event.u.command.actor), "%s", actor); /* same size */
	/* Before posting: the answer may come before mailbox_post returns. */
	shell_lock(&desk->mutex);
	struct outstanding *at = find(desk, 0);
	if (at != NULL) {
		event.u.command.id = ++desk->commands;
		*at = (struct outstanding){
		    .command = event.u.command.id, .door = door, .request = request->id, .asked = now};
	}
	shell_unlock(&desk->mutex);
	if (at == NULL)
		return 0;
	if (mailbox_post(desk->mailbox, &event))
		return event.u.command.id;
	desk_forget(desk, event.u.command.id);
	return 0;
}

bool desk_take_answer(struct desk *desk, const struct door *door, struct answer *answer)
{
	struct mono now = shell_now();
	struct outstanding taken = {0};
	shell_lock(&desk->mutex);
	for (size_t i = 0; i < DESK_OUTSTANDING_MAX && taken.command == 0; i++) {
		struct outstanding *at = &desk->outstanding[i];
		if (at->command == 0 || at->door != door ||
		    (!at->answered && mono_since(now, at->asked) <= ANSWER_WAIT_NS))
			continue;
		taken = *at;
		at->command = 0;
	}
	shell_unlock(&desk->mutex);
	if (taken.command == 0)
		return false;
	if (!taken.answered) {
		taken.result = RESULT_NOT_RECORDED;
		refusal_begin(&taken.refusal, REFUSAL_NOT_CONFIRMED);
		refusal_number(&taken.refusal, "seconds", ANSWER_WAIT_NS / NS_PER_S);
	} else if (taken.refusal.code == REFUSAL_NONE) {
		refusal_begin(&taken.refusal, refusal_of_result(taken.result));
	}
	answer->command = taken.command;
	answer->refusal = taken.refusal;
	answer->response = desk_response(desk, taken.request, taken.result, &answer->refusal);
	return true;
}

void desk_forget(struct desk *desk, uint64_t command)
{
	shell_lock(&desk->mutex);
	struct outstanding *at = find(desk, command);
	if (at != NULL)
		at->command = 0;
	shell_unlock(&desk->mutex);
}

size_t desk_status(struct desk *desk, uint8_t *bytes)
{
	struct mono now = shell_now();
	shell_lock(&desk->mutex);
	bool fresh = mono_since(now, desk->state_at) <= STATE_MAX_AGE_NS;
	size_t size = fresh ? desk->state_size : 0;
	memcpy(bytes, desk->state, size);
	shell_unlock(&desk->mutex);
	return size;
}

/* ---- start and stop -------------------------------------------------------------------------- */

struct desk *desk_open(const char *bedside, bool demo, struct mailbox *mailbox)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	if (desk == NULL)
		return NULL;
	desk->mailbox = mailbox;
	desk->demo = demo;
	(void)snprintf(desk->bedside, sizeof(desk->bedside), "%s", bedside); /* same size in the configuration */
	int error = shell_mutex_init(&desk->mutex);
	if (error == 0)
		return desk;
	free(desk);
	errno = error;
	return NULL;
}

void desk_close(struct desk *desk)
{
	free(desk);
}
