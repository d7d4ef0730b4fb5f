/* The engine's mailbox: a ring of events under one mutex, and an eventfd that is readable while it may hold some.
 * Written by link threads, the control thread and the recorder; read by the engine thread (daemon/loop.c).
 *
 * Each device has slots of its own for its values, its determinations and its connection, and all others together have
 * theirs, so that nobody can push anything of somebody else out. Contention is a few hundred events a second at most,
 * and a mutex can be reasoned about. */
#include "vitals/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/shell.h"

/* What an event counts as. */
enum share {
	SHARE_VALUES,         /* frames of continuous values, or of none */
	SHARE_DETERMINATIONS, /* frames with a value that is determined once and never said again */
	SHARE_STATES,         /* EVENT_DEVICE */
	SHARE_COUNT
};

/* Slots of one device: half a second of a device that sends sixty times a second, minutes of a cuff. */
static const uint8_t each[SHARE_COUNT] = {[SHARE_VALUES] = 32, [SHARE_DETERMINATIONS] = 8, [SHARE_STATES] = 8};

#define MAILBOX_EACH   48  /* the sum of the above */
#define MAILBOX_OTHERS 128 /* commands, services, the clock */
#define MAILBOX_SLOTS  (DEVICES_MAX * MAILBOX_EACH + MAILBOX_OTHERS)

struct mailbox {
	pthread_mutex_t lock;
	int fd;
	uint16_t first, count, others;
	uint8_t waiting[DEVICES_MAX][SHARE_COUNT];
	uint64_t dropped;
	struct event ring[MAILBOX_SLOTS];
};

struct mailbox *mailbox_open(void)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));
	if (mailbox == NULL)
		return NULL;
	mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->fd < 0) {
		int error = errno;
		free(mailbox);
		errno = error;
		return NULL;
	}
	int error = shell_mutex_init(&mailbox->lock);
	if (error != 0) {
		(void)close(mailbox->fd); /* nothing was written to it */
		free(mailbox);
		errno = error;
		return NULL;
	}
	return mailbox;
}

void mailbox_close(struct mailbox *mailbox)
{
	(void)pthread_mutex_destroy(&mailbox->lock); /* no other thread is left */
	(void)close(mailbox->fd);
	free(mailbox);
}

static bool tells_determination(const struct event_measurements *measurements)
{
	for (uint8_t i = 0; i < measurements->count; i++)
		if (parameter_table[measurements->list[i].parameter].cadence != CADENCE_CONTINUOUS)
			return true;
	return false;
}

/* Which of the counters of `mailbox` counts this event; NULL: `others`. */
static uint8_t *counter_of(struct mailbox *mailbox, const struct event *event, enum share *share)
{
	switch (event->kind) {
	case EVENT_MEASUREMENTS:
		*share = tells_determination(&event->u.measurements) ? SHARE_DETERMINATIONS : SHARE_VALUES;
		return &mailbox->waiting[event->u.measurements.device][*share];
	case EVENT_DEVICE:
		*share = SHARE_STATES;
		return &mailbox->waiting[event->u.device.device][*share];
	case EVENT_TICK:
	case EVENT_COMMAND:
	case EVENT_SERVICE:
	case EVENT_CLOCK:
	case EVENT_AWAY:
		break;
	}
	return NULL;
}

static parameter_set parameters_of(const struct event_measurements *measurements)
{
	parameter_set set = 0;
	for (uint8_t i = 0; i < measurements->count; i++)
		set |= PARAMETER_BIT(measurements->list[i].parameter);
	return set;
}

/* Puts the newer frame of a device in place of the newest one that waits, if that says nothing the new one does not say
 * again: a cuff determination is never thrown away for an oximeter line. */
static bool replace_older(struct mailbox *mailbox, const struct event *event)
{
	const struct event_measurements *newer = &event->u.measurements;
	for (uint16_t back = 1; back <= mailbox->count; back++) {
		struct event *old = &mailbox->ring[(mailbox->first + mailbox->count - back) % MAILBOX_SLOTS];
		if (old->kind == EVENT_DEVICE && old->u.device.device == newer->device)
			return false; /* what came before that and what comes after it are not the same */
		if (old->kind != EVENT_MEASUREMENTS || old->u.measurements.device != newer->device)
			continue;
		if ((parameters_of(&old->u.measurements) & ~parameters_of(newer)) != 0)
			return false;
		*old = *event;
		return true;
	}
	return false;
}

static bool has_room(const struct mailbox *mailbox, const uint8_t *counter, enum share share)
{
	return counter == NULL ? mailbox->others < MAILBOX_OTHERS : *counter < each[share];
}

bool mailbox_post(struct mailbox *mailbox, const struct event *event)
{
	enum share share = SHARE_COUNT;
	bool kept = true;
	shell_lock(&mailbox->lock);
	uint8_t *counter = counter_of(mailbox, event, &share);
	if (has_room(mailbox, counter, share)) {
		mailbox->ring[(mailbox->first + mailbox->count) % MAILBOX_SLOTS] = *event;
		mailbox->count++;
		if (counter == NULL)
			mailbox->others++;
		else
			(*counter)++;
		/* Under the lock: a writer that loses the processor here passes its turn to whoever wakes and waits for
		 * the lock. Behind it, the reader would sleep on with an event that it was not told of. */
		if (mailbox->count == 1)
			shell_wake(mailbox->fd);
	} else {
		kept = share == SHARE_VALUES && replace_older(mailbox, event);
		mailbox->dropped++;
	}
	shell_unlock(&mailbox->lock);
	return kept;
}

bool mailbox_take(struct mailbox *mailbox, struct event *event)
{
	enum share share = SHARE_COUNT;
	shell_lock(&mailbox->lock);
	bool found = mailbox->count > 0;
	if (found) {
		*event = mailbox->ring[mailbox->first];
		mailbox->first = (uint16_t)((mailbox->first + 1) % MAILBOX_SLOTS);
		mailbox->count--;
		uint8_t *counter = counter_of(mailbox, event, &share);
		if (counter == NULL)
			mailbox->others--;
		else
			(*counter)--;
	} else {
		shell_wake_clear(mailbox->fd); /* under the lock, or the wake-up of a post in between would be taken */
	}
	shell_unlock(&mailbox->lock);
	return found;
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

uint64_t mailbox_dropped(const struct mailbox *mailbox)
{
	/* The lock is the only part that is written here. */
	struct mailbox *shared = (struct mailbox *)(uintptr_t)mailbox;
	shell_lock(&shared->lock);
	uint64_t dropped = shared->dropped;
	shell_unlock(&shared->lock);
	return dropped;
}
