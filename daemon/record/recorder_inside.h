/* The inside of the recorder: what its engine side, its thread (recorder.c) and its beginning and end
 * (recorder_start.c) share. */
#ifndef DAEMON_RECORD_RECORDER_INSIDE_H
#define DAEMON_RECORD_RECORDER_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "daemon/record/forward.h"
#include "daemon/record/keeper.h"
#include "daemon/record/last_row.h"
#include "daemon/record/share.h"
#include "daemon/record/store.h"
#include "daemon/shell.h"
#include "vitals/record.h"

#define QUEUE_ENTRIES 1024
#define ANCHOR_NS     (600 * NS_PER_S)
#define OWN_ROWS                                                                                                       \
	6 /* rows the recorder itself adds to a batch: not shared, a gap, syslog stalled or back, lines sent again, an \
	     anchor, events removed */
#define RETRY_NS       NS_PER_S
#define STALL_NS       (5 * NS_PER_S) /* that syslog may take nothing before the record says so */
#define ROUND_MS       500
#define FORWARD_END_NS NS_PER_S          /* that the last lines may take */
#define LOOK_NS        (3600 * NS_PER_S) /* for what is older than it is to be kept */

struct entry {
	bool is_reply;
	bool settled; /* answer given, or line handed to syslog, because it could not be written */
	enum severity severity;
	enum result result;
	uint64_t id;
	int64_t wall_ns;
	char kind[NAME_BYTES];
	char text[RECORD_TEXT_BYTES];
};

struct batch {
	uint64_t mark; /* number of the last event of which everything is in this batch or one before it */
	struct keeper_note note;
	struct keeper_trends trends;
	uint32_t count;
	struct entry list[QUEUE_ENTRIES + OWN_ROWS];
};

struct recorder {
	struct shell_thread thread;
	int wake_fd, lock_fd;
	bool use_stderr;
	char path[PATH_BYTES], bedside[RECORD_BEDSIDE_BYTES]; /* as it begins each text */
	_Atomic int64_t beat_ns;

	pthread_mutex_t mutex; /* of what follows, up to the next comment */
	struct batch *filling;
	struct mono told[PARAMETER_COUNT]; /* of the trend */
	uint32_t lost;                     /* rows that found no room, not yet told of in the record */
	bool failed, stopping;
	bool within; /* what an event led to is being written */
	bool wanted; /* the thread waits for its end */

	pthread_mutex_t outside; /* held while calling out, so that recorder_stop can cut a stuck thread off */
	struct mailbox *mailbox; /* NULL when cut off */
	record_reply_fn reply;
	void *context;

	/* The thread's own. */
	struct store store;
	struct forward forward;
	int64_t again_from, again_to; /* rows that syslog gets and perhaps has: the record is to say so; 0 = none */
	struct batch *draining;
	uint32_t settled_count; /* entries of `filling` already settled while the record fails */
	struct mono retry_at;
	bool gap_due;              /* a failure is over: say so in the record, even if nothing was lost */
	_Atomic bool told_failed;  /* what the engine was last told; read by any thread */
	char why[STORE_WHY_BYTES]; /* of the last failure */
	char group[NAME_BYTES];    /* may read the record */
	bool written, shared;      /* since it was opened */
	bool stall_told;
	struct mono stalled; /* then: since when syslog took nothing */
	bool running;        /* the thread was started */
	bool clean;          /* at the end: everything was written */
	struct keeper keeper;
	int64_t keep_ns;       /* events of closed sessions; 0 = for ever */
	struct mono looked_at; /* when something to be removed was looked for last */
	bool looked;
	struct mono anchored; /* when the last row came that says so */
	uint64_t removing;    /* the session whose events go with this batch; 0 = none */
	struct last_row last; /* as it stands beside the record */
	struct batch batches[2];
};

/* Cut to what fits. */
static inline void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

/* The record at `recorder->path`; one that is damaged is moved aside and another begun. */
enum store_opened recorder_open_record(struct recorder *recorder);

/* The thread. */
void recorder_thread(void *context);

#endif
