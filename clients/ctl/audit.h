/* `vitalsctl audit verify` and `audit show`: for auditors; need no monitor. Called by main.c; each returns the exit
 * status: EXIT_REFUSED if something is found that cannot be, or a file cannot be read. */
#ifndef CTL_AUDIT_H
#define CTL_AUDIT_H

#include "clients/ctl/options.h"

int audit_verify(const struct options *options, const char *path);
int audit_show(const struct options *options, const char *path);

#endif
