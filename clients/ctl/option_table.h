/* The one list of the options of vitalsctl: the parser and the help are made of it, and a test compares the manual.
 * Called by options.c and help.c. */
#ifndef CTL_OPTION_TABLE_H
#define CTL_OPTION_TABLE_H

#include "clients/lib/vitals-client.h"

enum option_kind {
	OPTION_IS_GIVEN,    /* takes no value */
	OPTION_IS_TEXT,     /* anything */
	OPTION_IS_TOKEN,    /* [A-Za-z0-9._-]{1,31} */
	OPTION_IS_PLACE,    /* the same, and no hidden directory */
	OPTION_IS_NOTE,     /* a line that the record takes */
	OPTION_IS_COUNT,    /* a whole number from `least` */
	OPTION_IS_WHOLE,    /* a whole number from 1 to `most` */
	OPTION_IS_QUANTITY, /* a decimal in its own unit, times `factor`, from `least` to `most` in the unit of the wire
	                     */
	OPTION_IS_SCORE,    /* a whole number from `least` to `most` */
	OPTION_IS_SWITCH,   /* a score that is on or off */
};

struct option_row {
	const char *name;
	const char *argument; /* what the help calls its value; NULL: it takes none */
	uint64_t bit;         /* in options->given; scores share one */
	enum option_kind kind;
	size_t at; /* where in struct options the value goes: const char *, uint32_t (count) or int32_t */
	int32_t factor, least, most;
	const char *legal;     /* the range in words, if the kind does not say it */
	const char *parameter; /* of a score */
};

#define OPTION_ROWS 40
extern const struct option_row option_table[OPTION_ROWS];

/* The options of `bits` as they are typed, "--note TEXT", `between` them. */
void option_write(struct out *out, uint64_t bits, const char *between);

#endif
