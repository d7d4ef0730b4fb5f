/* Reading the configuration again; see reload.h. */
#include "daemon/config/reload.h"

#include <stdio.h>
#include <string.h>

#include "daemon/debug.h"

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

static void read_again(struct reload *reload)
{
	char errors[2 * RELOAD_PROBLEM_BYTES] = "cannot be read";
	FILE *out = fmemopen(errors, sizeof(errors) - 1, "w");
	int count = out == NULL ? 1 : config_read_as(&scratch, reload->running->path, &reload->wish, out);
	if (out != NULL)
		(void)fclose(out); /* a buffer that is full holds the first error, which is what counts */
	errors[sizeof(errors) - 1] = '\0';
	first_error(reload, errors);
	bool same = strcmp(scratch.hash_hex, reload->running->hash_hex) == 0;
	reload->result = count != 0 ? RELOAD_INVALID : same ? RELOAD_UNCHANGED : RELOAD_CHANGED;
	debug(DEBUG_CONFIG, "read again: %d errors, %s", count, same ? "as what runs" : "not what runs");
	explicit_bzero(&scratch, sizeof(scratch)); /* may hold a secret key */
}

static void run(void *context)
{
	struct reload *reload = context;
	while (!atomic_load(&reload->stopping)) {
		struct pollfd wake = {.fd = reload->wake_fd, .events = POLLIN};
		if (poll(&wake, 1, -1) > 0)
			shell_wake_clear(reload->wake_fd);
		uint32_t asked = atomic_load(&reload->asked);
		while (asked != atomic_load(&reload->done) && !atomic_load(&reload->stopping)) {
			read_again(reload);
			atomic_store(&reload->done, asked);
			asked = atomic_load(&reload->asked); /* the files may have changed since */
		}
	}
}

bool reload_start(struct reload *reload, const struct config *running, const char *bedside)
{
	reload->wish = (struct config_wish){.bedside = bedside, .in_use = true};
	reload->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reload->wake_fd < 0)
		return false;
	reload->running = running;
	int error = shell_thread_start(&reload->thread, "reload", run, reload);
	if (error == 0)
		return true;
	reload->running = NULL;
	(void)close(reload->wake_fd); /* nothing was written */
	errno = error;
	return false;
}

void reload_ask(struct reload *reload)
{
	(void)atomic_fetch_add(&reload->asked, 1);
	shell_wake(reload->wake_fd);
}

bool reload_finished(struct reload *reload)
{
	uint32_t asked = atomic_load(&reload->asked);
	if (asked == reload->told || asked != atomic_load(&reload->done))
		return false;
	reload->told = asked;
	return true;
}

bool reload_stop(struct reload *reload, int wait_ms)
{
	if (reload->running == NULL)
		return true;
	atomic_store(&reload->stopping, true);
	shell_wake(reload->wake_fd);
	if (!shell_thread_join(&reload->thread, mono_after(shell_now(), wait_ms * NS_PER_MS)))
		return false;
	(void)close(reload->wake_fd); /* nothing was written */
	reload->running = NULL;
	return true;
}
