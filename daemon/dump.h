/* The engine's state as a file for developers, written once in a run when engine_sound found what can never be. On a
 * thread of its own, because a disk can block and the engine may not. In daemon/dump.c; started by the loop, ended by
 * main.
 *
 * The file is RECORD.dump beside the record, 0600, a new one in place of an older one: lines `vitalsd VERSION`,
 * `wall_ns N`, `bytes N`, `why SENTENCE`, an empty line, and `struct engine` (include/vitals/engine.h) as it lies in
 * memory, to be read by a program of the same build. It holds what the record holds: a pseudonym, no name. */
#ifndef DAEMON_DUMP_H
#define DAEMON_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/shell.h"
#include "vitals/config.h"
#include "vitals/engine.h"

struct dump {
	struct shell_thread thread;
	bool started, lower_priority;
	char path[PATH_BYTES + 8];
	char why[TEXT_BYTES];
	int64_t wall_ns;
	struct engine engine; /* as it was */
};

/* Engine thread, once: copies `engine` and starts writing. `why` is what engine_sound said. False if no thread could be
 * started. */
bool dump_start(struct dump *dump, const struct engine *engine, const struct config *config, const char *why);

/* Waits for the file until `deadline`. False if it was not done. */
bool dump_end(struct dump *dump, struct mono deadline);

#endif
