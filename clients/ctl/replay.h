/* `vitalsctl replay`: a recorded session through the engine again. Needs no monitor. Called by main.c; returns the exit
 * status: EXIT_REFUSED if it is judged differently, or cannot be replayed. */
#ifndef CTL_REPLAY_H
#define CTL_REPLAY_H

#include "clients/ctl/options.h"

int replay_file(const struct options *options, const char *path);

/* `vitalsctl session export RECORD FILE`. */
int replay_export_file(const struct options *options, const char *path);

#endif
