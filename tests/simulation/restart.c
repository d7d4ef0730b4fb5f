/* The monitor is killed in the middle of sessions: what is left is its black box, and the engine that goes on is the
 * one out of it. Nobody in the room, the oracle least of all, may notice. Draws from numbers of its own, so that
 * sessions are the same with and without. Called by room.c around each step. */
#include <string.h>

#include "daemon/record/event_code.h"
#include "tests/simulation/simulation.h"

#define KILL_EVERY       1500 /* steps, on average */
#define CHECKPOINT_EVERY 300

static struct engine before, poisoned;

bool restart_begin(struct room *room)
{
	char why[BOX_WHY_BYTES];
	const struct box_identity identity = {.engine_bytes = sizeof(struct engine)};

	room->box = box_create("", &identity, why);
	if (room->box == NULL)
		return false;
	room->kills.state = room->seed + 1;
	room->event_number = 1;
	memset(&poisoned, 0xa5, sizeof(poisoned));
	box_recorded(room->box, 1);
	return box_checkpoint(room->box, 1, &room->engine, sizeof(room->engine));
}

void restart_end(struct room *room)
{
	box_close(room->box);
	room->box = NULL;
}

/* As the daemon does: the event first. */
void restart_note(struct room *room)
{
	uint8_t bytes[EVENT_BYTES_MAX];
	size_t size;

	if (room->box == NULL)
		return;
	size = event_encode(bytes, sizeof(bytes), &room->event, (struct mono){room->now}, &room->config);
	room->event_number++;
	if (size > 0)
		box_append(room->box, room->event_number, bytes, size);
	else
		room->unwritten = true; /* staff here say what no request may say */
}

/* The record is behind by some events, at times by more than a checkpoint; what it has it keeps. */
static void record(struct room *room)
{
	uint64_t behind = prng_next(&room->kills) % 500;

	if (room->unwritten)
		behind = 0;
	if (room->event_number > behind && room->event_number - behind > box_recorded_up_to(room->box))
		box_recorded(room->box, room->event_number - behind);
	(void)box_checkpoint(room->box, room->event_number, &room->engine, sizeof(room->engine));
	room->unwritten = false;
}

static bool take_up(struct room *room)
{
	struct box_place place = {0};
	uint8_t bytes[EVENT_BYTES_MAX];
	size_t size;

	room->engine = poisoned;
	place.number = box_restore(room->box, box_recorded_up_to(room->box), &room->engine, sizeof(room->engine));
	room->engine.config = &room->config;
	while (place.number > 0 && (size = box_next(room->box, &place, bytes, sizeof(bytes))) > 0) {
		struct event event;
		struct mono at;

		if (!event_decode(&event, &at, bytes, size, &room->config))
			return false;
		engine_step(&room->engine, &event, at, &room->actions);
	}
	return place.number == room->event_number;
}

const char *restart_maybe(struct room *room)
{
	static struct actions actions;

	if (room->box == NULL)
		return NULL;
	if (room->unwritten || prng_next(&room->kills) % CHECKPOINT_EVERY == 0)
		record(room);
	if (prng_next(&room->kills) % KILL_EVERY != 0)
		return NULL;
	room->tally->kills++;
	before = room->engine;
	actions = room->actions;
	if (!take_up(room))
		return "the black box does not hold every event";
	room->actions = actions; /* of the last step: those who look on have not seen it yet */
	return memcmp(&before, &room->engine, sizeof(before)) == 0 ? NULL : "another engine came out of the black box";
}
