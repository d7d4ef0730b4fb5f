/* The record: one thread with a bounded queue owns the SQLite file (WAL), whose disk can block, and the way to syslog.
 * The engine thread hands it batches and never waits. In daemon/record.
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
#include "vitals/mono.h"
#include "vitals/text.h"

#define RECORD_TEXT_BYTES    1600 /* of a row; the copy in syslog is shorter (daemon/record/syslog_line.h) */
#define RECORD_BEDSIDE_BYTES 48   /* of these: what the recorder puts before each text, bedside="NAME" */

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
struct box;

/* Opens the file (creating it 0600) and verifies the end of the chain; what is written waits until recorder_run. A file
 * that cannot be written now (no directory, disk full) is told as EVENT_SERVICE and tried again every second. NULL
 * after writing the reason to stderr if the file is not ours or another vitalsd writes it. `use_stderr` copies each
 * line there. */
struct recorder *recorder_start(const struct config *config, struct mailbox *mailbox, bool use_stderr,
                                record_reply_fn reply, void *context);

/* ---- what the record remembers: main thread, between recorder_start and recorder_run ------------------------------
 */

struct record_memory {
	bool readable;     /* else all of this is unknown */
	uint64_t progress; /* number of the last event of which everything is recorded; 0 = none */
	bool session_open; /* a session was opened and not closed */
	bool session_kept; /* its events are there: record_events gives them */
	uint64_t opened;   /* then: number of the event that opened it */
	char session_id[NAME_BYTES], plan_hash_hex[65]; /* then: and the plan that it runs with */
	bool shortened;  /* the record is not what it was when it was last written: rows are gone or others */
	char known[100]; /* then: the last row that is known to have been there, and its hash */
};

void recorder_memory(struct recorder *recorder, struct record_memory *memory);

/* One event of the session that was left open, in order. `number` 0: not an event that happened but what was so when
 * the session was opened. `shift_ns` is to be added to its times: they were taken since another start of the computer.
 */
typedef void (*record_event_fn)(void *context, uint64_t number, int64_t shift_ns, const uint8_t *bytes, size_t size);

struct record_now {
	char boot[37];
	struct mono mono;
	int64_t wall_ns;
};

/* False if some of them are missing or cannot be read. *other_boot: of some the times are known by the wall clock
 * alone. */
bool recorder_events(struct recorder *recorder, const struct record_memory *memory, const struct record_now *now,
                     record_event_fn give, void *context, bool *other_boot);

/* Was the session opened since this start of the computer? */
bool recorder_same_boot(struct recorder *recorder, const struct record_memory *memory, const struct record_now *now);

/* The engine as it was in memory before that session, if this core kept it with this configuration: then nothing has to
 * be told by events (number 0). `engine->config` is the caller's to set. False: it means nothing here. */
bool recorder_session_engine(struct recorder *recorder, const struct record_memory *memory, const char *config_hash_hex,
                             struct engine *engine);

/* The text of a plan that ran once. NULL if it is not there; freed by the caller. */
char *recorder_plan_text(struct recorder *recorder, const char *hash_hex);

/* ---- the run ------------------------------------------------------------------------------------------------------
 */

/* A run of the monitor: from event `first` on. */
struct record_run {
	uint64_t first;
	char boot[37], build[65], config_hash_hex[65], plan_hash_hex[65];
	int64_t wall_ns, mono_ns; /* at its start */
};

struct record_start {
	struct box *box; /* holds the events that are to be kept, those before `run.first` that are not recorded among
	                  * them; outlives the recorder */
	struct record_run run;
	uint64_t recorded; /* number of the last event of which everything is recorded */
	bool in_session;   /* a session goes on that the record knows: */
	char session_id[NAME_BYTES];
	uint64_t opened; /* number of the event that opened it */
	const char *plan_path;
	char *plan_text; /* becomes the recorder's; NULL if it is not known */
	const char *config_path;
	char *config_text; /* of the main file; the same */
};

/* Starts the thread. False if there is no thread to be had. */
bool recorder_run(struct recorder *recorder, const struct record_start *start);

/* Engine thread: what is written from now on belongs to one event; what is not whole is not put into the file. */
void recorder_begin(struct recorder *recorder);

/* Engine thread: everything that event `number` and those before it led to has been written to the queue. */
void recorder_mark(struct recorder *recorder, uint64_t number);

/* Engine thread: event `number` opened the session of `after`; `before` is the engine before it. Copied. */
void recorder_session_opened(struct recorder *recorder, uint64_t number, const struct engine *before,
                             const struct engine *after);
void recorder_session_closed(struct recorder *recorder, uint64_t number);

/* Engine thread: what is shown now, once a second of an open session. What finds no room while the disk does not take
 * it is left out: the events, from which it follows, are kept apart. */
void recorder_trend(struct recorder *recorder, const struct engine *engine, struct mono now, int64_t wall_ns);

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

/* The same of a black box. */
bool box_is_ours(const uint8_t *head, size_t size);

/* The core that this program judges with: the same text, the same core. */
extern const char record_core_id[];

/* ---- line building (pure; daemon/record/line.c) ------------------------------------------------------------------ */

struct line {
	uint16_t count;
	bool truncated;
	char text[RECORD_TEXT_BYTES];
};

void line_start(struct line *line);
/* Appends ` key="value"`; UTF-8 stays as it is, control characters, `"` `\` `]` and what is no UTF-8 become \xNN. */
void line_text(struct line *line, const char *key, const char *value);
void line_number(struct line *line, const char *key, int64_t value);
/* How many bytes the character at `from` has in UTF-8; 0 if it is none (RFC 3629). Reads no further than its first byte
 * that does not belong to it. */
size_t line_utf8_size(const unsigned char *from);
/* Thousandths, as a decimal with exactly three digits after the point: 120000 -> "120.000". */
void line_milli(struct line *line, const char *key, int32_t milli);

#endif
