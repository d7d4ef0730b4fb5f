/* The desk; see vitals/desk.h and door.h. No thread of its own: each function runs on its caller's, and what they share
 * is under the mutex. */
#include "daemon/desk/door.h"

#include <stdio.h>
#include <string.h>

#include "daemon/shell.h"

#define VISITS_MAX       32               /* accounts that are remembered; then the one seen first is forgotten */
#define VISIT_AGAIN_NS   (600 * NS_PER_S) /* who reads twice a second is one line in ten minutes */
#define ANSWER_WAIT_NS   (5 * NS_PER_S)   /* then the client hears that the command was not recorded */
#define STATE_MAX_AGE_NS (2 * NS_PER_S)   /* four missed refreshes: not shown as current any more */

struct outstanding {
	uint64_t command; /* 0 = free */
	const struct door *door;
	uint64_t request; /* the client's own id */
	struct mono asked;
	bool answered;
	enum result result;
	struct refusal refusal; /* REFUSAL_NONE: that of the result */
};

struct guest {
	struct visit visit;
	struct mono at; /* when it was noted */
	bool untold;
};

struct desk {
	struct mailbox *mailbox;
	char bedside[NAME_BYTES];
	bool demo;

	pthread_mutex_t mutex;
	/* Under the mutex. */
	uint64_t commands; /* so far: an id is never given twice */
	struct outstanding outstanding[DESK_OUTSTANDING_MAX];
	struct guest guests[VISITS_MAX];
	size_t guest_count, guest_next; /* so many are known; the next new one takes this place */
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

bool desk_take_visit(struct desk *desk, struct visit *visit)
{
	bool found = false;
	shell_lock(&desk->mutex);
	for (size_t i = 0; i < desk->guest_count && !found; i++) {
		found = desk->guests[i].untold;
		desk->guests[i].untold = false;
		*visit = desk->guests[i].visit;
	}
	shell_unlock(&desk->mutex);
	return found;
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

static bool same_visit(const struct visit *a, const struct visit *b)
{
	return a->kind == b->kind && strcmp(a->actor, b->actor) == 0 && strcmp(a->from, b->from) == 0;
}

/* The place of this visit: where it was noted before, or a new one. */
static struct guest *place_of(struct desk *desk, const struct visit *visit)
{
	for (size_t i = 0; i < desk->guest_count; i++)
		if (same_visit(&desk->guests[i].visit, visit))
			return &desk->guests[i];
	struct guest *guest = &desk->guests[desk->guest_next];
	desk->guest_next = (desk->guest_next + 1) % VISITS_MAX;
	desk->guest_count += desk->guest_count < VISITS_MAX;
	*guest = (struct guest){.visit = *visit, .at = MONO_NEVER};
	return guest;
}

void desk_visited(struct desk *desk, enum visit_kind kind, const char *actor, const char *from)
{
	struct mono now = shell_now();
	struct visit visit = {.kind = kind};
	(void)snprintf(visit.actor, sizeof(visit.actor), "%s", actor); /* a name, uid-N, a key's beginning */
	(void)snprintf(visit.from, sizeof(visit.from), "%s", from);
	shell_lock(&desk->mutex);
	struct guest *guest = place_of(desk, &visit);
	if (mono_is_never(guest->at) || mono_since(now, guest->at) >= VISIT_AGAIN_NS) {
		guest->at = now;
		guest->untold = true;
	}
	shell_unlock(&desk->mutex);
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
