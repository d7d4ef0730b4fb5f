/* The recorder: a bounded queue, and the thread that owns the record file. recorder_write and recorder_reply are called
 * by the engine thread and cost it a short mutex; everything else happens on the recorder thread.
 *
 * There are two batches: the engine fills one, the thread writes the other, and they change places. One batch is one
 * transaction. After its commit the answers in it are released, then its lines go to the relay for syslog. If it cannot
 * be written it is kept and tried again every second, while the other fills up; what finds no room is counted and
 * becomes a "gap" row at its place in the chain. As long as that lasts, answers are given as not durable and rows go to
 * syslog marked recorded="no", so that at least one trail goes on. */
#include "vitals/record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>

#include "daemon/debug.h"
#include "daemon/record/keeper.h"
#include "daemon/record/last_row.h"
#include "daemon/record/memory.h"
#include "daemon/record/relay.h"
#include "daemon/record/store.h"
#include "daemon/shell.h"

#define QUEUE_ENTRIES 1024
#define OWN_ROWS      2 /* rows the recorder itself adds to a batch: a gap, syslog stalled or back */
#define RETRY_NS      NS_PER_S
#define ROUND_MS      500

struct entry {
	bool is_reply;
	bool settled; /* answer given, or line handed to syslog, before it could be written */
	enum severity severity;
	enum result result;
	uint64_t id;
	int64_t wall_ns, seq;
	char hash_hex[17];
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
	char path[PATH_BYTES];
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
	struct relay *relay;
	struct batch *draining;
	uint32_t settled_count; /* entries of `filling` already settled while the record fails */
	struct mono retry_at;
	bool gap_due;              /* a failure is over: say so in the record, even if nothing was lost */
	_Atomic bool told_failed;  /* what the engine was last told; read by any thread */
	char why[STORE_WHY_BYTES]; /* of the last failure */
	uint32_t syslog_lost;
	bool syslog_taking, syslog_lost_told;
	bool running; /* the thread was started */
	bool clean;   /* at the end: everything was written */
	struct keeper keeper;
	struct last_row last; /* as it stands beside the record */
	struct batch batches[2];
};

/* ---- engine thread --------------------------------------------------------------------------- */

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

static void fill_row(struct entry *entry, enum severity severity, int64_t wall_ns, const char *kind, const char *text)
{
	entry->is_reply = false;
	entry->settled = false;
	entry->severity = severity;
	entry->wall_ns = wall_ns;
	copy_text(entry->kind, sizeof(entry->kind), kind);
	copy_text(entry->text, sizeof(entry->text), text);
}

static void release(struct recorder *recorder, uint64_t id, enum result result, bool durable)
{
	shell_lock(&recorder->outside);
	if (recorder->mailbox != NULL)
		recorder->reply(recorder->context, id, result, durable);
	shell_unlock(&recorder->outside);
}

bool recorder_write(struct recorder *recorder, enum severity severity, int64_t wall_ns, const char *kind,
                    const char *text)
{
	shell_lock(&recorder->mutex);
	struct batch *batch = recorder->filling;
	bool taken = batch->count < QUEUE_ENTRIES;
	bool first = batch->count == 0;
	if (taken)
		fill_row(&batch->list[batch->count++], severity, wall_ns, kind, text);
	else if (recorder->lost < UINT32_MAX)
		recorder->lost++;
	shell_unlock(&recorder->mutex);
	if (taken && first)
		shell_wake(recorder->wake_fd);
	return taken;
}

void recorder_reply(struct recorder *recorder, uint64_t id, enum result result)
{
	shell_lock(&recorder->mutex);
	struct batch *batch = recorder->filling;
	/* With rows lost, the one that this answer stands for may be among them. */
	bool taken = batch->count < QUEUE_ENTRIES && recorder->lost == 0 && !recorder->failed;
	bool first = batch->count == 0;
	if (taken) {
		struct entry *entry = &batch->list[batch->count++];
		entry->is_reply = true;
		entry->settled = false;
		entry->id = id;
		entry->result = result;
	}
	shell_unlock(&recorder->mutex);
	if (!taken)
		release(recorder, id, result, false);
	else if (first)
		shell_wake(recorder->wake_fd);
}

bool recorder_alive(const struct recorder *recorder, struct mono now, int64_t within_ns)
{
	struct mono beat = {atomic_load(&recorder->beat_ns)};
	return mono_since(now, beat) <= within_ns;
}

bool recorder_failing(const struct recorder *recorder)
{
	return atomic_load(&recorder->told_failed);
}

void recorder_begin(struct recorder *recorder)
{
	shell_lock(&recorder->mutex);
	recorder->within = true;
	shell_unlock(&recorder->mutex);
}

void recorder_mark(struct recorder *recorder, uint64_t number)
{
	shell_lock(&recorder->mutex);
	bool wanted = recorder->wanted;
	recorder->filling->mark = number;
	recorder->within = recorder->wanted = false;
	shell_unlock(&recorder->mutex);
	if (wanted)
		shell_wake(recorder->wake_fd);
}

void recorder_session_opened(struct recorder *recorder, uint64_t number, const struct engine *before,
                             const struct engine *after)
{
	shell_lock(&recorder->mutex);
	keeper_note_opened(&recorder->filling->note, number, before, after);
	shell_unlock(&recorder->mutex);
}

void recorder_trend(struct recorder *recorder, const struct engine *engine, struct mono now, int64_t wall_ns)
{
	shell_lock(&recorder->mutex);
	keeper_note_trend(&recorder->filling->trends, recorder->told, engine, now, wall_ns);
	shell_unlock(&recorder->mutex);
}

void recorder_session_closed(struct recorder *recorder, uint64_t number)
{
	shell_lock(&recorder->mutex);
	keeper_note_closed(&recorder->filling->note, number, shell_wall_ns());
	shell_unlock(&recorder->mutex);
}

/* ---- recorder thread: syslog ----------------------------------------------------------------- */

/* The line around a row: kind, seq and the beginning of the hash, or recorded="no" if the file does not have it. */
static void relay_entry(struct recorder *recorder, const struct entry *entry, bool recorded)
{
	char line[RECORD_TEXT_BYTES];
	int length;
	if (recorded)
		length = snprintf(line, sizeof(line), "kind=\"%s\" seq=\"%lld\" hash=\"%s\" %s", entry->kind,
		                  (long long)entry->seq, entry->hash_hex, entry->text);
	else
		length = snprintf(line, sizeof(line), "kind=\"%s\" recorded=\"no\" %s", entry->kind, entry->text);
	recorder->syslog_taking = length >= 0 && relay_push(recorder->relay, entry->severity, line);
	if (!recorder->syslog_taking)
		recorder->syslog_lost++;
}

/* ---- recorder thread: telling the engine ----------------------------------------------------- */

static void tell(struct recorder *recorder, bool failed)
{
	if (failed == atomic_load(&recorder->told_failed))
		return;
	struct event event = {.kind = EVENT_SERVICE, .wall_ns = shell_wall_ns()};
	event.u.service.service = SERVICE_RECORDER;
	event.u.service.ok = !failed;
	shell_lock(&recorder->outside);
	/* Set first: who takes the event finds recorder_failing in step with it. A full mailbox: the next round tries
	 * again. */
	atomic_store(&recorder->told_failed, failed);
	if (recorder->mailbox == NULL || !mailbox_post(recorder->mailbox, &event))
		atomic_store(&recorder->told_failed, !failed);
	shell_unlock(&recorder->outside);
}

/* ---- recorder thread: batches ---------------------------------------------------------------- */

static void own_row(struct batch *batch, enum severity severity, const char *kind, const struct line *line)
{
	if (batch->count < QUEUE_ENTRIES + OWN_ROWS)
		fill_row(&batch->list[batch->count++], severity, shell_wall_ns(), kind, line->text);
}

static void add_gap_row(struct recorder *recorder, uint32_t lost)
{
	struct line line;
	line_start(&line);
	line_number(&line, "lost", lost);
	line_text(&line, "why", recorder->gap_due ? recorder->why : "the queue was full");
	own_row(recorder->draining, SEVERITY_ERROR, "gap", &line);
	recorder->gap_due = false;
}

/* Says once that syslog does not take lines, and how many were dropped when it does again. */
static void add_syslog_row(struct recorder *recorder)
{
	struct line line;
	line_start(&line);
	line_number(&line, "lost", recorder->syslog_lost);
	if (!recorder->syslog_lost_told) {
		own_row(recorder->draining, SEVERITY_WARNING, "syslog-stalled", &line);
		recorder->syslog_lost_told = true;
	} else if (recorder->syslog_taking) {
		own_row(recorder->draining, SEVERITY_WARNING, "syslog-gap", &line);
		recorder->syslog_lost_told = false;
		recorder->syslog_lost = 0;
	}
}

/* The batches change places: what the engine has filled is now to be written. */
static void exchange(struct recorder *recorder)
{
	shell_lock(&recorder->mutex);
	recorder->wanted = recorder->within;
	if (recorder->within) {
		shell_unlock(&recorder->mutex);
		return;
	}
	struct batch *full = recorder->filling;
	recorder->filling = recorder->draining;
	recorder->draining = full;
	uint32_t lost = recorder->lost;
	recorder->lost = 0;
	recorder->filling->count = 0;
	recorder->filling->mark = full->mark;
	recorder->filling->note.opened = false;
	recorder->filling->note.closed = 0;
	recorder->filling->trends.count = 0;
	shell_unlock(&recorder->mutex);
	recorder->settled_count = 0;
	if (lost > 0)
		tell(recorder, true);
	if (lost > 0 || recorder->gap_due)
		add_gap_row(recorder, lost);
	if (recorder->syslog_lost > 0)
		add_syslog_row(recorder);
}

static bool append(struct recorder *recorder, struct entry *entry)
{
	struct chain_row row = {
	    .wall_ns = entry->wall_ns,
	    .severity = (uint8_t)entry->severity,
	    .kind_size = strlen(entry->kind),
	    .text_size = strlen(entry->text),
	    .kind = entry->kind,
	    .text = entry->text,
	};
	if (!store_append(&recorder->store, &row))
		return false;
	entry->seq = row.seq;
	(void)sodium_bin2hex(entry->hash_hex, sizeof(entry->hash_hex), recorder->store.open_hash, 8); /* fits */
	return true;
}

/* Begins a new record after a damaged one was moved aside, with a row that says so. */
static bool begin_after_damage(struct recorder *recorder, const char *why, const char *aside)
{
	struct entry entry = {0};
	struct line line;
	line_start(&line);
	line_text(&line, "why", why);
	line_text(&line, "moved_to", aside);
	fill_row(&entry, SEVERITY_CRITICAL, shell_wall_ns(), "record-damaged", line.text);
	keeper_new_file(&recorder->keeper);
	bool written = store_begin(&recorder->store) && append(recorder, &entry) && store_commit(&recorder->store);
	relay_entry(recorder, &entry, written);
	return written;
}

/* A monitor must not stay dark because its record is damaged; but a file that is not ours is not touched. */
static enum store_opened open_record(struct recorder *recorder)
{
	struct store *store = &recorder->store;
	char why[STORE_WHY_BYTES], aside[PATH_BYTES + 32];
	enum store_opened opened = store_open(store, recorder->path);
	if (opened != STORE_DAMAGED)
		return opened;
	copy_text(why, sizeof(why), store->why);
	bool begun = store_set_aside(store, recorder->path, aside, sizeof(aside)) &&
	             store_open(store, recorder->path) == STORE_OPENED && begin_after_damage(recorder, why, aside);
	return begun ? STORE_OPENED : STORE_REFUSED;
}

static bool write_batch(struct recorder *recorder)
{
	struct store *store = &recorder->store;
	struct batch *batch = recorder->draining;
	if (store->db == NULL || store->reopen) {
		store_close(store);
		if (open_record(recorder) != STORE_OPENED)
			return false;
	}
	if (!store_begin(store))
		return false;
	for (uint32_t i = 0; i < batch->count; i++)
		if (!batch->list[i].is_reply && !append(recorder, &batch->list[i]))
			return false;
	return keeper_write(&recorder->keeper, store, &batch->note, &batch->trends, batch->mark) && store_commit(store);
}

/* Gives the answer, or hands the line on. With `recorded` only what was not settled before. */
static void settle(struct recorder *recorder, struct entry *entry, bool recorded)
{
	if (entry->settled)
		return;
	entry->settled = true;
	if (entry->is_reply)
		release(recorder, entry->id, entry->result, recorded);
	else
		relay_entry(recorder, entry, recorded);
}

static void settle_batch(struct recorder *recorder, bool recorded)
{
	struct batch *batch = recorder->draining;
	for (uint32_t i = 0; i < batch->count; i++)
		if (batch->list[i].is_reply)
			settle(recorder, &batch->list[i], recorded);
	for (uint32_t i = 0; i < batch->count; i++)
		settle(recorder, &batch->list[i], recorded);
}

/* While the record fails, what waits behind the failed batch is settled too: nobody waits for an answer that may take
 * hours, and syslog is the only trail. */
static void settle_filling(struct recorder *recorder)
{
	for (uint32_t i = recorder->settled_count; i < QUEUE_ENTRIES; i++) {
		struct entry entry;
		shell_lock(&recorder->mutex);
		bool any = i < recorder->filling->count;
		if (any) {
			entry = recorder->filling->list[i];
			recorder->filling->list[i].settled = true;
		}
		shell_unlock(&recorder->mutex);
		if (!any)
			break;
		settle(recorder, &entry, false);
		recorder->settled_count = i + 1;
	}
}

static void set_failed(struct recorder *recorder, bool failed)
{
	shell_lock(&recorder->mutex);
	recorder->failed = failed;
	shell_unlock(&recorder->mutex);
}

/* Kept beside the record; a file that cannot be written costs no more than that. */
static void note_last_row(struct recorder *recorder, const struct keeper_note *note)
{
	struct last_row *last = &recorder->last;
	last->seq = recorder->store.seq;
	memcpy(last->hash, recorder->store.hash, sizeof(last->hash));
	memset(last->session_id, 0, sizeof(last->session_id));
	if (recorder->keeper.in_session)
		memcpy(last->session_id, recorder->keeper.session.session.id, sizeof(last->session_id));
	if (!last_row_write(recorder->path, last, note->opened || note->closed != 0))
		debug(DEBUG_RECORD, "%s" LAST_ROW_SUFFIX " cannot be written", recorder->path);
}

/* Is there anything to be written? */
static bool due(const struct recorder *recorder, struct mono now, bool stopping)
{
	const struct batch *batch = recorder->draining;
	return batch->count > 0 || batch->trends.count > 0 ||
	       keeper_due(&recorder->keeper, &batch->note, batch->mark, now, stopping);
}

/* Returns true if there may be more to write at once. */
static bool turn(struct recorder *recorder, bool stopping)
{
	struct mono now = shell_now();
	/* Only this thread writes `failed`, so it may read it without the mutex. */
	if (!recorder->failed)
		exchange(recorder);
	if (!due(recorder, now, stopping)) {
		if (!recorder->keeper.in_session) /* nothing of what happened since belongs into the file */
			keeper_done(&recorder->keeper, &recorder->draining->note, recorder->draining->mark, false, now);
	} else if (!recorder->failed || stopping || !mono_before(now, recorder->retry_at)) {
		bool written = write_batch(recorder);
		debug(DEBUG_RECORD, "%u entries %s in %lld us, last row %lld; %s", recorder->draining->count,
		      written ? "written" : "not written", (long long)((shell_now().ns - now.ns) / 1000),
		      (long long)recorder->store.seq, written ? "synced" : recorder->store.why);
		if (written) {
			keeper_done(&recorder->keeper, &recorder->draining->note, recorder->draining->mark, true,
			            shell_now());
			note_last_row(recorder, &recorder->draining->note);
			settle_batch(recorder, true);
			recorder->draining->count = 0;
			recorder->draining->note.opened = false;
			recorder->draining->note.closed = 0;
			recorder->draining->trends.count = 0;
			recorder->gap_due = recorder->failed;
			set_failed(recorder, false);
		} else {
			copy_text(recorder->why, sizeof(recorder->why), recorder->store.why);
			recorder->retry_at = mono_after(shell_now(), RETRY_NS);
			set_failed(recorder, true);
			tell(recorder, true);
			settle_batch(recorder, false);
		}
	}
	if (recorder->failed) {
		settle_filling(recorder);
		return false;
	}
	shell_lock(&recorder->mutex);
	bool more = !recorder->within && (recorder->filling->count > 0 || recorder->lost > 0 || recorder->gap_due);
	shell_unlock(&recorder->mutex);
	if (!more)
		tell(recorder, false);
	return more;
}

static void wait_for_work(struct recorder *recorder)
{
	struct pollfd wake = {.fd = recorder->wake_fd, .events = POLLIN};
	if (poll(&wake, 1, ROUND_MS) > 0)
		shell_wake_clear(recorder->wake_fd);
}

static void run(void *context)
{
	struct recorder *recorder = context;
	for (;;) {
		atomic_store(&recorder->beat_ns, shell_now().ns);
		shell_lock(&recorder->mutex);
		bool stopping = recorder->stopping;
		shell_unlock(&recorder->mutex);
		bool more = turn(recorder, stopping);
		if (stopping && !more)
			break;
		if (!more)
			wait_for_work(recorder);
	}
	recorder->clean = !recorder->failed;
	store_close(&recorder->store);
}

/* ---- start and stop -------------------------------------------------------------------------- */

/* Always false. */
static bool complain(const struct recorder *recorder, const char *what)
{
	(void)fprintf(stderr, "vitalsd: record %s: %s\n", recorder->path, what); /* nowhere else to say it */
	return false;
}

/* Two writers would break the chain. The lock is on a file of its own: closing any descriptor of the record itself
 * would drop SQLite's locks. Where not even that file can be made there is nothing to write to and nothing to guard. */
static bool lock_record(struct recorder *recorder)
{
	char path[PATH_BYTES + 8];
	(void)snprintf(path, sizeof(path), "%s.lock", recorder->path); /* fits */
	recorder->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (recorder->lock_fd < 0)
		return true;
	if (flock(recorder->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return complain(recorder, "another vitalsd writes this record");
	return true;
}

static bool set_up(struct recorder *recorder, const struct config *config, bool use_stderr)
{
	if (sodium_init() < 0)
		return complain(recorder, "libsodium could not be initialised");
	if (shell_mutex_init(&recorder->mutex) != 0 || shell_mutex_init(&recorder->outside) != 0 ||
	    recorder->wake_fd < 0)
		return complain(recorder, "no mutex or eventfd");
	if (!lock_record(recorder))
		return false;
	recorder->relay = relay_start(config->syslog_ident, use_stderr);
	if (recorder->relay == NULL)
		return complain(recorder, "the syslog thread could not be started");
	/* A full or missing disk is an alarm, not a reason to leave a bedside unwatched: the thread goes on trying. */
	enum store_opened opened = open_record(recorder);
	if (opened != STORE_OPENED)
		(void)complain(recorder, recorder->store.why);
	if (opened == STORE_FOREIGN)
		return false;
	(void)last_row_read(recorder->path, &recorder->last); /* none: nothing is known */
	return true;
}

static void tear_down(struct recorder *recorder, struct mono deadline)
{
	store_close(&recorder->store);
	free(recorder->keeper.plan_text);
	/* A stuck syslog keeps its own memory; lines lost there are in the record. */
	if (recorder->relay != NULL)
		(void)relay_stop(recorder->relay, deadline);
	if (recorder->lock_fd >= 0)
		(void)close(recorder->lock_fd); /* nothing was written */
	if (recorder->wake_fd >= 0)
		(void)close(recorder->wake_fd);
	free(recorder);
}

struct recorder *recorder_start(const struct config *config, struct mailbox *mailbox, bool use_stderr,
                                record_reply_fn reply, void *context)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	if (recorder == NULL) {
		(void)fputs("vitalsd: record: out of memory\n", stderr);
		return NULL;
	}
	copy_text(recorder->path, sizeof(recorder->path), config->record_path);
	recorder->filling = &recorder->batches[0];
	recorder->draining = &recorder->batches[1];
	recorder->mailbox = mailbox;
	recorder->reply = reply;
	recorder->context = context;
	recorder->lock_fd = -1;
	recorder->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_init(&recorder->beat_ns, shell_now().ns);
	atomic_init(&recorder->told_failed, false);
	if (!set_up(recorder, config, use_stderr)) {
		tear_down(recorder, mono_after(shell_now(), NS_PER_S));
		return NULL;
	}
	return recorder;
}

void recorder_memory(struct recorder *recorder, struct record_memory *memory)
{
	memory_read(&recorder->store, &recorder->last, memory);
}

bool recorder_events(struct recorder *recorder, const struct record_memory *memory, const struct record_now *now,
                     record_event_fn give, void *context, bool *other_boot)
{
	return memory_events(&recorder->store, memory, now, give, context, other_boot);
}

char *recorder_plan_text(struct recorder *recorder, const char *hash_hex)
{
	char name[NAME_BYTES];
	return store_file_text(&recorder->store, hash_hex, name, sizeof(name));
}

bool recorder_run(struct recorder *recorder, const struct record_start *start)
{
	struct keeper *keeper = &recorder->keeper;
	keeper->box = start->box;
	keeper->run = start->run;
	keeper->recorded = start->recorded;
	keeper->place.number = keeper->recorded;
	keeper->plan_text = start->plan_text;
	keeper->plan_size = start->plan_text == NULL ? 0 : strlen(start->plan_text);
	copy_text(keeper->plan_path, sizeof(keeper->plan_path), start->plan_path);
	keeper->in_session = keeper->session_written = start->in_session;
	copy_text(keeper->session.session.id, sizeof(keeper->session.session.id), start->session_id);
	keeper->session.session.opened = start->opened;
	recorder->running = shell_thread_start(&recorder->thread, "recorder", run, recorder) == 0;
	return recorder->running || complain(recorder, "the thread could not be started");
}

bool recorder_stop(struct recorder *recorder, int wait_ms)
{
	struct mono deadline = mono_after(shell_now(), wait_ms * NS_PER_MS);
	shell_lock(&recorder->mutex);
	recorder->stopping = true;
	shell_unlock(&recorder->mutex);
	shell_wake(recorder->wake_fd);
	if (recorder->running && !shell_thread_join(&recorder->thread, deadline)) {
		/* Stuck on the disk. Its memory stays, but it may no longer reach those who are about to go. */
		shell_lock(&recorder->outside);
		recorder->mailbox = NULL;
		shell_unlock(&recorder->outside);
		return false;
	}
	bool clean = recorder->clean;
	tear_down(recorder, deadline);
	return clean;
}
