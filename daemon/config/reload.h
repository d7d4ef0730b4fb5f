/* Reading the configuration again on SIGHUP, on a thread of its own, because files can block and the engine may not. A
 * running monitor never changes its configuration: the answer is only whether the files still say what it runs with. In
 * daemon/config/reload.c; started and stopped by main, asked by the loop.
 *
 * The thread is there from the start, with normal priority, so that asking costs the engine one write to an eventfd and
 * hearing two loads: it never waits for a thread of lower priority to begin or to end. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/shell.h"
#include "vitals/config.h"

#define RELOAD_PROBLEM_BYTES 512

enum reload_result {
	RELOAD_UNCHANGED,
	RELOAD_CHANGED, /* valid, and something else than what runs */
	RELOAD_INVALID,
};

struct reload {
	const struct config *running; /* NULL: not started */
	struct config_wish wish;
	struct shell_thread thread;
	int wake_fd;
	_Atomic bool stopping;
	_Atomic uint32_t asked; /* written by the engine thread */
	_Atomic uint32_t done;  /* written by the reload thread: the last wish whose answer is below */
	uint32_t told;          /* engine thread */
	/* Of the engine thread while asked and done are equal, else of the reload thread: */
	enum reload_result result;
	char problem[RELOAD_PROBLEM_BYTES]; /* the first error, if invalid */
};

/* Starts the thread; the caller has normal priority. `bedside` as in struct config_wish. False with errno. */
bool reload_start(struct reload *reload, const struct config *running, const char *bedside);

/* Engine thread. The files are read, once more if they are being read. */
void reload_ask(struct reload *reload);

/* Engine thread. True once when all that was asked for has been read; then result and problem are valid until the next
 * wish. */
bool reload_finished(struct reload *reload);

/* False if the thread is stuck in a file: it is left alone and ends with the process. */
bool reload_stop(struct reload *reload, int wait_ms);

#endif
