/* The commands of whoever connects devices: which ports there are and what speaks at them, and what a driver makes of
 * recorded traffic. They need no monitor. Called by main.c; each returns the exit status. */
#ifndef CTL_DEVICES_H
#define CTL_DEVICES_H

#include "clients/ctl/options.h"

int devices_scan(const struct options *options, const char *argument);
int decode_file(const struct options *options, const char *path);

#endif
