/* `vitalsctl watch`: subscribes to one bedside and shows it. Called by main.c; the main thread is the only one. */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include "clients/ctl/options.h"

/* Runs until it is ended by q, a signal, a reader that went away, or after --seconds. Returns the exit status. */
int watch_run(const struct options *options, const char *argument);

#endif
