/* Reading the configuration again on SIGHUP, on a thread of its own, because files can block and the engine may not. A
 * running monitor never changes its configuration: the answer is only whether the files still say what it runs with. In
 * daemon/config/reload.c; started and asked by the loop. */
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
	const struct config *running;
	struct shell_thread thread;
	bool busy;
	bool again; /* asked for once more while the thread was reading */
	_Atomic bool done;
	enum reload_result result;          /* valid when done */
	char problem[RELOAD_PROBLEM_BYTES]; /* the first error, if invalid */
};

/* Starts reading, or does so again after the reading that is under way. False if no thread could be started. */
bool reload_start(struct reload *reload, const struct config *running);

/* True once when all that was asked for has been read; then result and problem are valid. */
bool reload_finished(struct reload *reload);

#endif
