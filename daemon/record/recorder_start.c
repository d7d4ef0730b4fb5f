/* The recorder's beginning and end, and what the record remembers in between: main thread. See vitals/record.h. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>

#include "daemon/record/memory.h"
#include "daemon/record/recorder_inside.h"

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
	forward_init(&recorder->forward, config);
	recorder->use_stderr = use_stderr;
	copy_text(recorder->group, sizeof(recorder->group), config->record_group);
	(void)snprintf(recorder->bedside, sizeof(recorder->bedside), "bedside=\"%s\" ",
	               config->engine.bedside); /* fits */
	/* A full or missing disk is an alarm, not a reason to leave a bedside unwatched: the thread goes on trying. */
	enum store_opened opened = recorder_open_record(recorder);
	if (opened != STORE_OPENED)
		(void)complain(recorder, recorder->store.why);
	if (opened == STORE_FOREIGN)
		return false;
	(void)last_row_read(recorder->path, &recorder->last); /* none: nothing is known */
	return true;
}

static void tear_down(struct recorder *recorder)
{
	store_close(&recorder->store);
	free(recorder->keeper.plan_text);
	free(recorder->keeper.config_text);
	debug_listen(-1);
	forward_close(&recorder->forward);
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
	recorder->keep_ns = config->keep_events_ns;
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
		tear_down(recorder);
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

bool recorder_same_boot(struct recorder *recorder, const struct record_memory *memory, const struct record_now *now)
{
	struct record_run run;
	return store_run_of(&recorder->store, memory->opened, &run) && strcmp(run.boot, now->boot) == 0;
}

bool recorder_session_engine(struct recorder *recorder, const struct record_memory *memory, const char *config_hash_hex,
                             struct engine *engine)
{
	return memory_engine(&recorder->store, memory, config_hash_hex, engine);
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
	keeper->config_text = start->config_text;
	copy_text(keeper->config_path, sizeof(keeper->config_path), start->config_path);
	keeper->in_session = keeper->session_written = start->in_session;
	copy_text(keeper->session.session.id, sizeof(keeper->session.session.id), start->session_id);
	keeper->session.session.opened = start->opened;
	recorder->anchored = shell_now(); /* the start has rows of its own */
	recorder->running = shell_thread_start(&recorder->thread, "recorder", recorder_thread, recorder) == 0;
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
	tear_down(recorder);
	return clean;
}
