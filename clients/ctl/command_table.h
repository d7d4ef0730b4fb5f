/* The one list of the commands of vitalsctl: the parser and the help are made of it, and a test compares the manual.
 * Called by main.c and help.c. */
#ifndef CTL_COMMAND_TABLE_H
#define CTL_COMMAND_TABLE_H

#include "clients/ctl/options.h"

struct command {
	const char *word, *second; /* second NULL: one word is enough */
	const char *argument;      /* the words that follow, named; NULL: none */
	int arguments;             /* how many */
	const char *summary;       /* for the help */
	uint64_t needed;           /* options without which it does not run */
	uint64_t one_of;           /* of these exactly one */
	uint64_t together;         /* all of these or none */
	uint64_t optional;
	int (*run)(const struct options *options, const char *argument);
};

#define COMMAND_ROWS 39
extern const struct command command_table[COMMAND_ROWS];

/* The command that the words name, NULL if there is none. */
const struct command *command_find(int count, char **words);

/* Whether the options that were given belong to the command, and those it needs are there. False after writing to
 * stderr what is wrong. */
bool command_options_right(const struct command *command, const struct options *options);

#endif
