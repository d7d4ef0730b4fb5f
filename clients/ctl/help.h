/* `vitalsctl --help`, made of the tables of commands and options. Called by main.c. */
#ifndef CTL_HELP_H
#define CTL_HELP_H

#include <stdbool.h>

/* False if it cannot be written. */
bool help_print(void);

#endif
