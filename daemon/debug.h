/* What a developer wants to know at night: lines for chosen rooms (`vitalsd --debug ROOM`), to syslog and never to the
 * record. Off, a line costs one look at a number; on, some microseconds of formatting into a bounded queue. Nobody ever
 * waits for a reader: the recorder (daemon/record/forward.c) takes the lines, those that find no room are counted.
 * In daemon/debug.c.
 *
 * Lines say nothing that the record may not: a patient's reference, never a name. */
#ifndef DAEMON_DEBUG_H
#define DAEMON_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

enum debug_room {
	DEBUG_CONFIG,  /* files read, read again */
	DEBUG_CORE,    /* each event and what it led to */
	DEBUG_DESK,    /* requests and their results */
	DEBUG_DRIVER,  /* frames, bytes that fit no frame */
	DEBUG_LINK,    /* ports, polls, devices' states */
	DEBUG_LOOP,    /* lateness, queues, beats */
	DEBUG_PUBLISH, /* the publisher child, epochs */
	DEBUG_RECORD,  /* transactions and how long they took */
	DEBUG_ROOMS
};

#define DEBUG_LINE_BYTES 240
#define DEBUG_LINES      256

/* Bits of enum debug_room. Written by debug_enable before any thread exists. */
extern uint32_t debug_rooms;

static inline bool debug_on(enum debug_room room)
{
	return (debug_rooms >> room & 1) != 0;
}

/* Any thread, any time. The arguments are not even looked at where the room is off. */
#define debug(room, ...)                                                                                               \
	do {                                                                                                           \
		if (debug_on(room))                                                                                    \
			debug_line(room, __VA_ARGS__);                                                                 \
	} while (0)

__attribute__((format(printf, 2, 3))) void debug_line(enum debug_room room, const char *format, ...);

/* main, before any thread: names of rooms with commas between. False, and nothing is changed, if one is not known. */
bool debug_enable(const char *list);
const char *debug_names(void);

/* Who takes the lines: `wake_fd` is written when there is one, -1 from when it may not be written any more. */
void debug_listen(int wake_fd);

/* The oldest line; false if there is none. */
bool debug_take(char line[DEBUG_LINE_BYTES]);

#endif
