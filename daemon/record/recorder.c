/* The recorder: a bounded queue, and the thread that owns the record file. recorder_write and recorder_reply are called
 * by the engine thread and cost it a short mutex; everything else happens on the recorder thread.
 *
 * There are two batches: the engine fills one, the thread writes the other, and they change places. One batch is one
 * transaction. After its commit the answers in it are released, then syslog gets its rows (forward.c). If it cannot
 * be written it is kept and tried again every second, while the other fills up; what finds no room is counted and
 * becomes a "gap" row at its place in the chain. As long as that lasts, answers are given as not durable and rows go to
 * syslog marked recorded="no", so that at least one trail goes on. */
#include "daemon/record/recorder_inside.h"

#include <poll.h>
#include <stdio.h>

#include "daemon/debug.h"
#include "daemon/record/syslog_line.h"

/* ---- engine thread --------------------------------------------------------------------------- */

static void fill_row(const struct recorder *recorder, struct entry *entry, enum severity severity, int64_t wall_ns,
                     const char *kind, const char *text)
{
	size_t head = strlen(recorder->bedside);
	entry->is_reply = false;
	entry->settled = false;
	entry->severity = severity;
	entry->wall_ns = wall_ns;
	copy_text(entry->kind, sizeof(entry->kind), kind);
	memcpy(entry->text, recorder->bedside, head);
	copy_text(entry->text + head, sizeof(entry->text) - head, text);
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
		fill_row(recorder, &batch->list[batch->count++], severity, wall_ns, kind, text);
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

static struct chain_row row_of(const struct entry *entry)
{
	return (struct chain_row){
	    .wall_ns = entry->wall_ns,
	    .severity = (uint8_t)entry->severity,
	    .kind_size = strlen(entry->kind),
	    .text_size = strlen(entry->text),
	    .kind = entry->kind,
	    .text = entry->text,
	};
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

static void own_row(struct recorder *recorder, enum severity severity, const char *kind, const struct line *line)
{
	struct batch *batch = recorder->draining;
	if (batch->count < QUEUE_ENTRIES + OWN_ROWS)
		fill_row(recorder, &batch->list[batch->count++], severity, shell_wall_ns(), kind, line->text);
}

/* After the first transaction since the record was opened: now all of its files are there. */
static void share(struct recorder *recorder)
{
	struct line line;
	if (recorder->shared || recorder->group[0] == '\0' || !recorder->written)
		return;
	recorder->shared = true;
	const char *why = share_record(recorder->path, recorder->group);
	if (why == NULL)
		return;
	line_start(&line);
	line_text(&line, "group", recorder->group);
	line_text(&line, "why", why);
	own_row(recorder, SEVERITY_WARNING, "record-not-shared", &line);
}

static void add_gap_row(struct recorder *recorder, uint32_t lost)
{
	struct line line;
	line_start(&line);
	line_number(&line, "lost", lost);
	line_text(&line, "why", recorder->gap_due ? recorder->why : "the queue was full");
	own_row(recorder, SEVERITY_ERROR, "gap", &line);
	recorder->gap_due = false;
}

/* Says that syslog takes no lines, and why, and when it has got what it missed. */
static void add_syslog_row(struct recorder *recorder, struct mono now)
{
	const struct forward *forward = &recorder->forward;
	struct line line;
	bool stalled = !mono_is_never(forward->since) && mono_since(now, forward->since) > STALL_NS;
	line_start(&line);
	if (stalled && !recorder->stall_told) {
		line_number(&line, "waiting", recorder->store.seq - forward->sent);
		line_text(&line, "why", forward->full ? "it does not read" : strerror(forward->error));
		own_row(recorder, SEVERITY_WARNING, "syslog-stalled", &line);
		recorder->stall_told = true;
		recorder->stalled = forward->since;
	} else if (recorder->stall_told && mono_is_never(forward->since) && forward->sent == recorder->store.seq) {
		line_number(&line, "stalled_s", mono_since(now, recorder->stalled) / NS_PER_S);
		own_row(recorder, SEVERITY_WARNING, "syslog-back", &line);
		recorder->stall_told = false;
	}
}

/* Between the sending of a line and the note of it, a monitor can be killed. */
static void add_again_row(struct recorder *recorder)
{
	struct line line;
	line_start(&line);
	line_number(&line, "from", recorder->again_from);
	line_number(&line, "to", recorder->again_to);
	own_row(recorder, SEVERITY_NOTICE, "syslog-again", &line);
	recorder->again_from = 0;
}

/* A log whose end was cut off shows by what should be in it: at least this, and one behind each session. */
static void add_anchor_row(struct recorder *recorder, struct mono now)
{
	struct line line;
	if (mono_since(now, recorder->anchored) < ANCHOR_NS && recorder->draining->note.closed == 0)
		return;
	recorder->anchored = now;
	line_start(&line);
	line_number(&line, "events", (int64_t)recorder->draining->mark);
	own_row(recorder, SEVERITY_NOTICE, "anchor", &line);
}

/* The batches change places: what the engine has filled is now to be written. */
static void exchange(struct recorder *recorder, struct mono now)
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
	add_syslog_row(recorder, now);
	share(recorder);
	if (recorder->again_from != 0)
		add_again_row(recorder);
}

/* Between sessions, now and then, one session at a time: what is older than it is to be kept goes, and a row says so.
 */
static void look_for_old(struct recorder *recorder, struct mono now)
{
	struct line line;
	char id[NAME_BYTES];
	int64_t rows = 0;
	bool early = recorder->looked && mono_since(now, recorder->looked_at) < LOOK_NS;
	if (recorder->keep_ns == 0 || recorder->keeper.in_session || recorder->removing != 0 || early)
		return;
	recorder->looked_at = now;
	recorder->removing = store_old_session(&recorder->store, shell_wall_ns() - recorder->keep_ns, id, &rows);
	recorder->looked = recorder->removing == 0; /* another one may be as old */
	if (recorder->removing == 0)
		return;
	line_start(&line);
	line_text(&line, "session", id);
	line_number(&line, "rows", rows);
	own_row(recorder, SEVERITY_NOTICE, "events-removed", &line);
}

static bool append(struct recorder *recorder, const struct entry *entry)
{
	struct chain_row row = row_of(entry);
	return store_append(&recorder->store, &row);
}

/* Begins a new record after a damaged one was moved aside, with a row that says so. */
static bool begin_after_damage(struct recorder *recorder, const char *why, const char *aside)
{
	struct entry entry = {0};
	struct line line;
	line_start(&line);
	line_text(&line, "why", why);
	line_text(&line, "moved_to", aside);
	fill_row(recorder, &entry, SEVERITY_CRITICAL, shell_wall_ns(), "record-damaged", line.text);
	keeper_new_file(&recorder->keeper);
	bool written = store_begin(&recorder->store) && append(recorder, &entry) && store_commit(&recorder->store);
	if (!written) {
		struct chain_row row = row_of(&entry);
		forward_unrecorded(&recorder->forward, &row, shell_now());
	}
	return written;
}

/* Opened for the first time, or anew: how far syslog is, is known beside it. */
static void stand(struct recorder *recorder)
{
	recorder->shared = recorder->written = false;
	struct last_row last;
	bool first = !recorder->forward.known;
	forward_stand(&recorder->forward, &recorder->store, last_row_read(recorder->path, &last) ? last.forwarded : -1);
	if (first && recorder->forward.sent < recorder->store.seq) {
		recorder->again_from = recorder->forward.sent + 1;
		recorder->again_to = recorder->store.seq;
	}
}

/* A monitor must not stay dark because its record is damaged; but a file that is not ours is not touched. */
enum store_opened recorder_open_record(struct recorder *recorder)
{
	struct store *store = &recorder->store;
	char why[STORE_WHY_BYTES], aside[PATH_BYTES + 32];
	enum store_opened opened = store_open(store, recorder->path);
	if (opened == STORE_OPENED)
		stand(recorder);
	if (opened != STORE_DAMAGED)
		return opened;
	copy_text(why, sizeof(why), store->why);
	if (!store_set_aside(store, recorder->path, aside, sizeof(aside)) ||
	    store_open(store, recorder->path) != STORE_OPENED)
		return STORE_REFUSED;
	stand(recorder);
	return begin_after_damage(recorder, why, aside) ? STORE_OPENED : STORE_REFUSED;
}

static bool write_batch(struct recorder *recorder)
{
	struct store *store = &recorder->store;
	struct batch *batch = recorder->draining;
	if (store->db == NULL || store->reopen) {
		store_close(store);
		if (recorder_open_record(recorder) != STORE_OPENED)
			return false;
	}
	if (!store_begin(store))
		return false;
	for (uint32_t i = 0; i < batch->count; i++)
		if (!batch->list[i].is_reply && !append(recorder, &batch->list[i]))
			return false;
	if (recorder->removing != 0 && !store_remove_events(store, recorder->removing))
		return false;
	return keeper_write(&recorder->keeper, store, &batch->note, &batch->trends, batch->mark) && store_commit(store);
}

/* Gives the answer. Syslog gets what is recorded from the record, and the rest from here. With `recorded` only what was
 * not settled before. */
static void settle(struct recorder *recorder, struct entry *entry, bool recorded)
{
	if (entry->settled)
		return;
	entry->settled = true;
	if (entry->is_reply) {
		release(recorder, entry->id, entry->result, recorded);
		return;
	}
	if (recorder->use_stderr)
		forward_show(entry->kind, entry->text);
	if (!recorded) {
		struct chain_row row = row_of(entry);
		forward_unrecorded(&recorder->forward, &row, shell_now());
	}
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
static void note_last_row(struct recorder *recorder, bool sync)
{
	struct last_row *last = &recorder->last;
	last->seq = recorder->store.seq;
	last->forwarded = recorder->forward.sent;
	memcpy(last->hash, recorder->store.hash, sizeof(last->hash));
	memset(last->session_id, 0, sizeof(last->session_id));
	if (recorder->keeper.in_session)
		memcpy(last->session_id, recorder->keeper.session.session.id, sizeof(last->session_id));
	if (!last_row_write(recorder->path, last, sync))
		debug(DEBUG_RECORD, "%s" LAST_ROW_SUFFIX " cannot be written", recorder->path);
}

/* True if syslog may take more at once. */
static bool forward(struct recorder *recorder, struct mono now)
{
	if (recorder->store.db == NULL || recorder->failed)
		return false;
	int64_t before = recorder->forward.sent;
	bool more = forward_rows(&recorder->forward, &recorder->store, now);
	if (recorder->forward.sent != before)
		note_last_row(recorder, false);
	return more;
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
	if (!recorder->failed) {
		exchange(recorder, now);
		look_for_old(recorder, now);
		add_anchor_row(recorder, now);
	}
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
			note_last_row(recorder,
			              recorder->draining->note.opened || recorder->draining->note.closed != 0);
			recorder->written = true;
			settle_batch(recorder, true);
			recorder->draining->count = 0;
			recorder->draining->note.opened = false;
			recorder->draining->note.closed = 0;
			recorder->draining->trends.count = 0;
			recorder->removing = 0;
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
	return forward(recorder, shell_now()) || more;
}

static void wait_for_work(struct recorder *recorder)
{
	struct pollfd fds[2] = {{.fd = recorder->wake_fd, .events = POLLIN},
	                        {.fd = forward_fd(&recorder->forward), .events = POLLOUT}};
	if (poll(fds, 2, ROUND_MS) > 0 && fds[0].revents != 0)
		shell_wake_clear(recorder->wake_fd);
}

/* The last rows, as far as syslog takes them; the next start goes on from there. */
static void forward_rest(struct recorder *recorder)
{
	struct mono deadline = mono_after(shell_now(), FORWARD_END_NS);
	recorder->forward.retry_at = MONO_NEVER; /* nobody is there to wait for another try */
	while (forward(recorder, shell_now()) || forward_fd(&recorder->forward) >= 0) {
		struct pollfd log = {.fd = forward_fd(&recorder->forward), .events = POLLOUT};
		int64_t left = mono_since(deadline, shell_now());
		if (left <= 0 || (log.fd >= 0 && poll(&log, 1, (int)(left / NS_PER_MS) + 1) <= 0))
			break;
	}
	forward_debug(&recorder->forward, recorder->use_stderr, shell_now());
}

void recorder_thread(void *context)
{
	struct recorder *recorder = context;
	debug_listen(recorder->wake_fd);
	for (;;) {
		atomic_store(&recorder->beat_ns, shell_now().ns);
		shell_lock(&recorder->mutex);
		bool stopping = recorder->stopping;
		shell_unlock(&recorder->mutex);
		bool more = turn(recorder, stopping);
		if (!more)
			forward_debug(&recorder->forward, recorder->use_stderr, shell_now());
		if (stopping && !more)
			break;
		if (!more)
			wait_for_work(recorder);
	}
	forward_rest(recorder);
	recorder->clean = !recorder->failed;
	store_close(&recorder->store);
}
