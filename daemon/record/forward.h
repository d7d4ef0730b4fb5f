/* The way to the system's log: a datagram for each row of the record, read from the record, so that a log daemon that
 * was stopped, stalled or not there yet gets what it missed, in order. Our own datagrams and not syslog(3), which says
 * nothing if nobody takes a line and waits without limit for a reader that has stopped. Nothing here waits. Recorder
 * thread. In daemon/record/forward.c. */
#ifndef DAEMON_RECORD_FORWARD_H
#define DAEMON_RECORD_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/debug.h"
#include "daemon/record/store.h"
#include "daemon/record/syslog_line.h"
#include "vitals/config.h"
#include "vitals/mono.h"

struct forward {
	int fd; /* -1: not connected */
	char socket_path[PATH_BYTES], ident[NAME_BYTES];
	bool known;           /* where it stands: */
	int64_t sent;         /* number of the last row that the log has taken */
	struct mono retry_at; /* without a connection: when to try the next one */
	struct mono since;    /* when it last stopped taking lines; MONO_NEVER = it takes them */
	int error;            /* then: the errno that says why */
	bool full;            /* then: it is there, but its queue is full */
	bool debug_held;      /* a line for developers that waits */
	char debug_line[DEBUG_LINE_BYTES];
};

void forward_init(struct forward *forward, const struct config *config);
void forward_close(struct forward *forward);

/* After the record was opened: goes on behind row `taken`, or, if nobody knows (-1), with the rows to come. A record
 * that is shorter than that is another one. */
void forward_stand(struct forward *forward, const struct store *store, int64_t taken);

/* Hands on the rows that the log does not have yet, as many as it takes. True if there may be more at once. */
bool forward_rows(struct forward *forward, struct store *store, struct mono now);

/* A row that cannot be recorded: once, and lost there if the log does not take it. */
void forward_unrecorded(struct forward *forward, const struct chain_row *row, struct mono now);

/* Lines for developers, behind those of the record; lost where there is no log. */
void forward_debug(struct forward *forward, bool use_stderr, struct mono now);

/* To standard error, for who runs the monitor by hand; what the other end does not take at once is left out. `kind`
 * NULL: the text alone. */
void forward_show(const char *kind, const char *text);

/* To wait for room with POLLOUT; -1 if there is nothing to be waited for. */
int forward_fd(const struct forward *forward);

#endif
