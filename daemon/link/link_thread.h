/* What the files of this room share: the state of one link and the helpers of its thread. Included by daemon/link (and
 * by the room's unit tests). Fields are the link thread's own unless marked otherwise. */
#ifndef VITALS_DAEMON_LINK_THREAD_H
#define VITALS_DAEMON_LINK_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/debug.h"
#include "daemon/link/thin.h"
#include "daemon/link/traffic.h"
#include "daemon/shell.h"
#include "vitals/link.h"

#define LINK_COMMANDS_MAX 8
#define LINK_NOTICES_MAX  32

#define BACKOFF_MIN_NS (250 * NS_PER_MS)
#define BACKOFF_MAX_NS (5 * NS_PER_S)

struct link_command {
	uint8_t device;
	bool start;
	struct mono asked;
};

/* Written by the engine thread, emptied by the link thread. */
struct link_queue {
	pthread_mutex_t lock;
	uint8_t count;
	struct link_command list[LINK_COMMANDS_MAX];
};

/* Written by all link threads and the traffic writer, emptied by the engine thread. When it is full the newest are
 * lost: it is emptied twice a second. */
struct link_notices {
	pthread_mutex_t lock;
	uint8_t count;
	struct link_notice list[LINK_NOTICES_MAX];
};

/* What the link knows of a device. */
struct link_device {
	bool known;  /* the rest means something */
	bool untold; /* the mailbox had no room: to be posted again */
	enum device_state state;
	enum device_fault fault;
	struct thin thin;
	struct pace pace;
};

struct link {
	const struct config *config;
	const struct link_config *own;
	uint8_t index;
	struct mailbox *mailbox;
	struct link_notices *notices; /* NULL: nobody listens */
	struct traffic_ring *ring;    /* NULL: not recorded */
	struct shell_thread thread;
	char thread_name[16]; /* of the kernel, with the NUL */
	int wake_fd;          /* eventfd: a command waits, or the thread is to end */
	struct link_queue queue;
	atomic_bool stopping;
	atomic_bool ended;
	_Atomic int64_t last_round_ns; /* of the monotonic clock; the thread passed its loop */
	int64_t backoff_ns;            /* before the next attempt to open */
	int latency_told_ms;           /* of the adapter, if it has such a timer */
	bool line_told;                /* that the port does not keep its line settings */
	struct link_device devices[DEVICES_MAX];
};

/* Bodies of the thread; they return when link->stopping. */
void bus_run(struct link *link);    /* Modbus: bus_loop.c */
void stream_run(struct link *link); /* streaming devices: stream_loop.c */

/* Sleeps without a break. For short waits only (silence on a line, an answer on its way). */
void link_sleep_until(struct mono until);

enum wait {
	WAIT_TIMEOUT, /* `until` has come */
	WAIT_READY,   /* fd can be read or written as asked */
	WAIT_GONE,    /* fd hung up or broken */
	WAIT_WOKEN,   /* a command waits, or link->stopping */
};

/* Waits for fd (-1 = none) to be readable or writable (`events` as for poll), for a wake-up, or for `until`. Tells
 * links_alive that the thread is well. */
enum wait link_wait(struct link *link, int fd, short events, struct mono until);

/* The next attempt to open comes after a pause that doubles until something works. False: the link is to end. */
bool link_back_off(struct link *link);
void link_works(struct link *link);

/* Marks the thread as well; called before everything that may block for as long as the link's timeout. */
void link_touch(struct link *link);

/* Posts EVENT_DEVICE if this is news. If the mailbox has no room it is posted later: at the next wait of the thread, or
 * before the device's next values. */
void link_tell(struct link *link, uint8_t device, enum device_state state, enum device_fault fault);
void link_tell_all(struct link *link, enum device_state state, enum device_fault fault);

/* Posts EVENT_MEASUREMENTS, of a device that sends very often not every one (thin.h). A determination that finds no
 * room is lost, and that goes on the record. */
void link_deliver(struct link *link, uint8_t device, const struct decoded *decoded);

/* Posts what could not be posted before, and values that waited long enough. Called at every wait of the thread. */
void link_post_waiting(struct link *link);

/* When there are such values; MONO_NEVER if none wait. */
struct mono link_post_due(const struct link *link);

/* Why a device is not the one that is expected: registers of a Modbus device, serial number of another. */
void identity_registers(char text[LINK_DETAIL_BYTES], const char *device, const struct register_map *map,
                        const uint16_t *read);
void identity_serial(char text[LINK_DETAIL_BYTES], const char *device, const char *expected, const char *read);

/* Puts a notice about this link on the record. */
void link_notice(struct link *link, bool trouble, const char *what, const char *detail);

/* What came or went, for the recording of raw traffic, if there is one. Costs next to nothing and never waits. */
void link_traffic(struct link *link, enum traffic_kind kind, const void *bytes, size_t count);

/* Takes the oldest waiting command for one of `devices` (a bit each); false if there is none. The caller carries it out
 * only for a device that was identified on this connection. Commands that waited too long for their device are thrown
 * away, and that is told: a cuff must not start long after somebody wanted it. */
bool link_take_command(struct link *link, uint32_t devices, struct link_command *command);

/* Puts on the record that a command was not carried out, and why. */
void link_command_lost(struct link *link, const struct link_command *command, const char *why);

#endif
