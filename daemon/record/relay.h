/* The way to syslog(3), which can block for ever when its reader has stopped: a thread of its own with a bounded queue,
 * so that the record never waits for it. Started, fed and stopped by the recorder. In daemon/record/relay.c. */
#ifndef DAEMON_RECORD_RELAY_H
#define DAEMON_RECORD_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/mono.h"
#include "vitals/record.h"

struct relay;

/* NULL with errno set. `use_stderr` copies each line there. */
struct relay *relay_start(const char *ident, bool use_stderr);

/* Recorder thread. Never blocks. False if the line was dropped: the queue was full and has not become empty since. */
bool relay_push(struct relay *relay, enum severity severity, const char *line);

/* Hands on what is queued until `deadline`, then frees, unless the thread is stuck. False if lines were lost. */
bool relay_stop(struct relay *relay, struct mono deadline);

#endif
