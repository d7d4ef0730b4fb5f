/* Which options vitals-sim has; see option_table.c. */
#ifndef SIMULATOR_OPTION_TABLE_H
#define SIMULATOR_OPTION_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum option_code { /* no character has one of these */
	           OPTION_OXIMETER_PTY = 256,
	           OPTION_OXIMETER_TCP,
	           OPTION_CUFF_PTY,
	           OPTION_CUFF_TCP,
	           OPTION_ECG_TCP,
	           OPTION_LAST_DEVICE = OPTION_ECG_TCP,
	           OPTION_BAUD,
	           OPTION_SEED,
	           OPTION_SPEED,
	           OPTION_SESSION,
	           OPTION_SCENARIO,
	           OPTION_COMMANDS,
	           OPTION_CUFF_SECONDS,
	           OPTION_CUFF_FAILURES,
	           OPTION_BIND,
	           OPTION_SECONDS,
	           OPTION_TRUTH,
	           OPTION_PK,
	           OPTION_SESSIONS,
	           OPTION_HELP,
};

struct option_row { /* the devices first */
	const char *name;
	enum option_code code;
	const char *argument; /* what the help calls its value; NULL: it takes none */
	const char *help;
};

#define OPTION_ROWS 19
extern const struct option_row option_table[OPTION_ROWS];

#endif
