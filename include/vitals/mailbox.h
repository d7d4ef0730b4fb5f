/* The only way into the engine: a bounded queue of events with one reader (the engine thread) and many writers (link
 * threads, control thread, recorder). Mutex and eventfd; no heap after mailbox_open. In daemon/mailbox.c.
 *
 * Every device has its share of slots, three of them: 32 for frames of continuous values, 8 for frames that tell a
 * determination, 8 for changes of its connection. All other events have 128 together. So whatever one writer does, the
 * others lose nothing. When its share is full a frame of continuous values takes the place of the newest of the same
 * device that waits, if it says all that one says, else it is dropped; either is counted. Anything else is refused.
 * What was accepted is taken, a determination whatever follows. A writer never blocks on I/O and never waits for the
 * reader. */
#ifndef VITALS_MAILBOX_H
#define VITALS_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/event.h"

struct mailbox;

/* NULL with errno set on failure. */
struct mailbox *mailbox_open(void);
void mailbox_close(struct mailbox *mailbox);

/* Any thread. Stamps event->wall_ns is the caller's duty. Returns false if the event was dropped (counted). */
bool mailbox_post(struct mailbox *mailbox, const struct event *event);

/* Engine thread. Takes the oldest event; false if there is none. */
bool mailbox_take(struct mailbox *mailbox, struct event *event);

/* Readable when events may be waiting; mailbox_take clears it when the queue is empty. */
int mailbox_fd(const struct mailbox *mailbox);

/* Events dropped since mailbox_open. Any thread. */
uint64_t mailbox_dropped(const struct mailbox *mailbox);

#endif
