/* Links: one thread for each port, because libmodbus blocks and one slow or dead device must never delay another link.
 * Each owns its port: opening, line settings, polling, resynchronisation, identity, reconnection with back-off. It
 * talks to the rest by events into the mailbox only (EVENT_MEASUREMENTS, EVENT_DEVICE). In daemon/link. */
#ifndef VITALS_LINK_H
#define VITALS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/config.h"
#include "vitals/mailbox.h"
#include "vitals/text.h"

struct links;

/* Starts a thread for every link of `config`. All signals must be blocked in the caller. Returns NULL with errno set if
 * a thread could not be made. `config` and `mailbox` must outlive the links. */
struct links *links_start(const struct config *config, struct mailbox *mailbox);

/* Engine thread: asks the device's link to start or stop a cuff determination. Never blocks; false if the link's small
 * command queue is full or the device has no such command. */
bool links_cuff(struct links *links, uint8_t device, bool start);

/* What a link wants on the record that is no event of a device: how its port is set up, a recording that began or broke
 * off. */
#define LINK_DETAIL_BYTES 192 /* two names and what a device answered */

struct link_notice {
	bool trouble;
	char what[NAME_BYTES]; /* token */
	char detail[LINK_DETAIL_BYTES];
};

/* Engine thread, at every beat: the oldest notice; false if there is none. */
bool links_notice(struct links *links, struct link_notice *notice);

/* How far each link thread has come: false if some thread has not passed its loop for longer than its answer timeout
 * plus a second. `*name` is then the link's. Any thread. */
bool links_alive(const struct links *links, const char **name);

/* Asks all threads to end, waits at most `wait_ms`, frees. Returns the number of threads that did not end in time (they
 * are left alone and the memory with them: the process is about to exit). */
int links_stop(struct links *links, int wait_ms);

#endif
