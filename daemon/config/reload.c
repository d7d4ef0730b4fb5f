/* Reading the configuration again; see reload.h. */
#include "daemon/config/reload.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Too large for a thread's stack; one reading at a time. */
static struct config scratch;

/* The first line of what config_read wrote. */
static void first_error(struct reload *reload, const char *errors)
{
	size_t size = strcspn(errors, "\n");
	if (size >= sizeof(reload->problem))
		size = sizeof(reload->problem) - 1;
	memcpy(reload->problem, errors, size);
	reload->problem[size] = '\0';
}

static void read_again(void *context)
{
	struct reload *reload = context;
	char errors[2 * RELOAD_PROBLEM_BYTES] = "cannot be read";
	const struct sched_param ordinary = {.sched_priority = 0};
	/* It was started by the engine's thread and must not compete with it. Without the real-time class nothing is to
	 * do, and the call may be forbidden. */
	if (reload->running->realtime_priority > 0)
		(void)sched_setscheduler(0, SCHED_OTHER, &ordinary); /* then it is only done sooner */
	FILE *out = fmemopen(errors, sizeof(errors) - 1, "w");
	int count = out == NULL ? 1 : config_read(&scratch, reload->running->path, out);
	if (out != NULL)
		(void)fclose(out); /* a buffer that is full holds the first error, which is what counts */
	errors[sizeof(errors) - 1] = '\0';
	first_error(reload, errors);
	bool same = strcmp(scratch.hash_hex, reload->running->hash_hex) == 0;
	reload->result = count != 0 ? RELOAD_INVALID : same ? RELOAD_UNCHANGED : RELOAD_CHANGED;
	explicit_bzero(&scratch, sizeof(scratch)); /* may hold a secret key */
	atomic_store(&reload->done, true);
}

bool reload_start(struct reload *reload, const struct config *running)
{
	reload->again = reload->busy;
	if (reload->busy)
		return true; /* the thread reads the rest of the struct */
	reload->running = running;
	atomic_store(&reload->done, false);
	reload->busy = shell_thread_start(&reload->thread, "reload", read_again, reload) == 0;
	return reload->busy;
}

bool reload_finished(struct reload *reload)
{
	if (!reload->busy || !atomic_load(&reload->done))
		return false;
	/* It has only to return. */
	(void)shell_thread_join(&reload->thread, mono_after(shell_now(), 100 * NS_PER_MS));
	reload->busy = false;
	/* The files may have changed since: only the newer reading counts, if it can be had. */
	return !reload->again || !reload_start(reload, reload->running);
}
