/* The record: one thread with a bounded queue owns the SQLite file (WAL) and syslog(3), both of which can block. The
 * engine thread hands it batches and never waits. In daemon/record.
 *
 * Each record is one row and one syslog line of escaped key="value" pairs, and carries the SHA-256 of the row before
 * it. A command's answer is released only after the rows before it are durable. A failed write raises EVENT_SERVICE
 * through the mailbox; alarms go on. */
#ifndef VITALS_RECORD_H
#define VITALS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/config.h"
#include "vitals/engine.h"
#include "vitals/mailbox.h"
#include "vitals/text.h"

#define RECORD_TEXT_BYTES 900 /* one line that a classic 1 KiB syslog relay passes whole */

/* Severity as in syslog(3). */
enum severity {
	SEVERITY_CRITICAL = 2,
	SEVERITY_ERROR = 3,
	SEVERITY_WARNING = 4,
	SEVERITY_NOTICE = 5,
	SEVERITY_INFO = 6,
};

/* Called on the recorder thread when the answer to a command may be given: durable is false if it could not be
 * written. Must not block. */
typedef void (*record_reply_fn)(void *context, uint64_t id, enum result result, bool durable);

struct recorder;

/* Opens the file (creating it 0600), verifies the end of the chain, starts the thread. A file that cannot be written
 * now (no directory, disk full) is told as EVENT_SERVICE and tried again every second. NULL after writing the reason to
 * stderr if the file is not ours or another vitalsd writes it. `use_stderr` copies each line there. */
struct recorder *recorder_start(const struct config *config, struct mailbox *mailbox, bool use_stderr,
                                record_reply_fn reply, void *context);

/* Start, before any other call: the record ends in a session that was opened and never closed. False also while the
 * record cannot be read. */
bool recorder_found_open_session(const struct recorder *recorder);

/* Engine thread. A record of kind `kind` (token) with `text` (key="value" pairs, already escaped). Never blocks; false
 * when the queue is full (counted, and written as a gap as soon as there is room). */
bool recorder_write(struct recorder *recorder, enum severity severity, int64_t wall_ns, const char *kind,
                    const char *text);

/* Engine thread: put an answer into the queue behind everything written before. If the queue is full the answer is
 * given at once as not durable. */
void recorder_reply(struct recorder *recorder, uint64_t id, enum result result);

/* Any thread: false if the thread has not come round for more than `within_ns`. */
bool recorder_alive(const struct recorder *recorder, struct mono now, int64_t within_ns);

/* Any thread: true from the EVENT_SERVICE that says the record cannot be written, or that rows were lost, to the one
 * that says all is well. A thread that comes round again after a stall may still be failing. */
bool recorder_failing(const struct recorder *recorder);

/* Writes what is queued (at most wait_ms), closes the file, frees. Returns false if something was lost. */
bool recorder_stop(struct recorder *recorder, int wait_ms);

/* Is a file that begins so a record of vitalsd: one, an empty one, or a damaged one that can still be told from another
 * program's? Gets the first RECORD_HEAD_BYTES of it, or all if it is shorter. Pure (daemon/record/head.c). */
#define RECORD_HEAD_BYTES 4096
bool record_is_ours(const uint8_t *head, size_t size);

/* ---- line building (pure; daemon/record/line.c) ------------------------------------------------------------------ */

struct line {
	uint16_t count;
	bool truncated;
	char text[RECORD_TEXT_BYTES];
};

void line_start(struct line *line);
/* Appends ` key="value"`; bytes outside 0x20..0x7E and `"` `\` `]` become \xNN. */
void line_text(struct line *line, const char *key, const char *value);
void line_number(struct line *line, const char *key, int64_t value);
/* Thousandths, as a decimal with exactly three digits after the point: 120000 -> "120.000". */
void line_milli(struct line *line, const char *key, int32_t milli);

#endif
