/* The engine's mailbox: a ring of events under one mutex, and an eventfd that is readable while it may hold some.
 * Written by link threads, the control thread and the recorder; read by the engine thread (daemon/loop.c).
 *
 * Contention is a few hundred events a second at most, and a mutex can be reasoned about. */
#include "vitals/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/shell.h"

#define MAILBOX_SLOTS 640
/* Measurements may take this many; the rest is kept for events that must not be lost. */
#define MAILBOX_MEASUREMENTS 512

struct mailbox {
	pthread_mutex_t lock;
	int fd;
	uint16_t first, count, measurements;
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
		if (old->kind != EVENT_MEASUREMENTS || old->u.measurements.device != newer->device)
			continue;
		if ((parameters_of(&old->u.measurements) & ~parameters_of(newer)) != 0)
			return false;
		*old = *event;
		return true;
	}
	return false;
}

bool mailbox_post(struct mailbox *mailbox, const struct event *event)
{
	bool kept = true;
	shell_lock(&mailbox->lock);
	bool measurement = event->kind == EVENT_MEASUREMENTS;
	if (mailbox->count == MAILBOX_SLOTS || (measurement && mailbox->measurements == MAILBOX_MEASUREMENTS)) {
		kept = measurement && replace_older(mailbox, event);
		mailbox->dropped++;
	} else {
		mailbox->ring[(mailbox->first + mailbox->count) % MAILBOX_SLOTS] = *event;
		mailbox->count++;
		if (measurement)
			mailbox->measurements++;
	}
	bool wake = mailbox->count == 1;
	shell_unlock(&mailbox->lock);
	if (wake) {
		/* Fails only when the counter is full, and then the fd is readable anyway. */
		(void)eventfd_write(mailbox->fd, 1);
	}
	return kept;
}

bool mailbox_take(struct mailbox *mailbox, struct event *event)
{
	shell_lock(&mailbox->lock);
	bool found = mailbox->count > 0;
	if (found) {
		*event = mailbox->ring[mailbox->first];
		mailbox->first = (uint16_t)((mailbox->first + 1) % MAILBOX_SLOTS);
		mailbox->count--;
		if (event->kind == EVENT_MEASUREMENTS)
			mailbox->measurements--;
	} else {
		eventfd_t ignored;
		/* Under the lock, so that a post in between cannot have its wake-up taken; EAGAIN means it was clear
		 * already. */
		(void)eventfd_read(mailbox->fd, &ignored);
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
