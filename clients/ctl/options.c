/* Reading of the options, by the table; see options.h. */
#include "clients/ctl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/option_table.h"
#include "clients/lib/vitals-client.h"

#define NOTE_MOST  95
#define FIRST_CODE 256 /* of getopt_long; no character has it */

static bool wrong(const struct option_row *row, const char *value, const char *legal)
{
	fprintf(stderr, "vitalsctl: --%s %s: must be %s\n", row->name, value, legal);
	return false;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* A quantity in the unit of the option, times `factor`, in the integer unit of the wire: exact or refused. The range is
 * that of the wire, in its unit; `legal` says it in the option's. */
static bool quantity(const struct option_row *row, const char *text, int32_t *result)
{
	int64_t milli;

	if (!decimal_milli(text, &milli) || milli <= 0 || milli > INT64_MAX / row->factor ||
	    milli * row->factor % 1000 != 0 || milli * row->factor / 1000 < row->least ||
	    milli * row->factor / 1000 > row->most)
		return wrong(row, text, row->legal);
	*result = (int32_t)(milli * row->factor / 1000);
	return true;
}

static bool token(const struct option_row *row, const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > OPTION_NAME_MOST || strspn(text, OPTION_NAME_CHARS) != length)
		return wrong(row, text, "1 to 31 of the characters A-Z a-z 0-9 . _ -");
	return row->kind != OPTION_IS_PLACE || text[0] != '.' || wrong(row, text, "no hidden directory");
}

static bool note(const struct option_row *row, const char *text)
{
	char clean[NOTE_MOST + 1];

	out_copy(clean, sizeof(clean), text);
	if (text[0] == '\0' || strcmp(clean, text) != 0)
		return wrong(row, "TEXT", "1 to 95 bytes of UTF-8 without control characters");
	return true;
}

static bool count(const struct option_row *row, const char *text, uint32_t *result)
{
	return (decimal_count(text, result) && *result >= (uint32_t)row->least) || wrong(row, text, row->legal);
}

static bool whole(const struct option_row *row, const char *text, int32_t *result)
{
	uint32_t value;

	if (!decimal_count(text, &value) || value == 0 || value > (uint32_t)row->most)
		return wrong(row, text, row->legal);
	*result = (int32_t)value;
	return true;
}

static bool score(const struct option_row *row, const char *text, int32_t *result)
{
	int64_t milli;

	if (row->kind == OPTION_IS_SWITCH) {
		milli = strcmp(text, "on") == 0 ? 1000 : 0;
		if (milli == 0 && strcmp(text, "off") != 0)
			return wrong(row, text, row->legal);
	} else if (!decimal_milli(text, &milli) || milli % 1000 != 0 || milli / 1000 < row->least ||
	           milli / 1000 > row->most) {
		return wrong(row, text, row->legal);
	}
	*result = (int32_t)milli;
	return true;
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool take(struct options *options, const struct option_row *row, const char *text)
{
	void *at = (char *)options + row->at;

	if (options->given & row->bit) {
		fprintf(stderr, "vitalsctl: %s\n",
		        row->bit == OPTION_SCORE ? "one score at a time" : "the same option was given twice");
		return false;
	}
	options->given |= row->bit;
	switch (row->kind) {
	case OPTION_IS_GIVEN:
		return true;
	case OPTION_IS_TEXT:
		*(const char **)at = text;
		return true;
	case OPTION_IS_TOKEN:
	case OPTION_IS_PLACE:
		*(const char **)at = text;
		return token(row, text);
	case OPTION_IS_NOTE:
		*(const char **)at = text;
		return note(row, text);
	case OPTION_IS_COUNT:
		return count(row, text, at);
	case OPTION_IS_WHOLE:
		return whole(row, text, at);
	case OPTION_IS_QUANTITY:
		return quantity(row, text, at);
	case OPTION_IS_SCORE:
	case OPTION_IS_SWITCH:
		options->score = row->parameter;
		return score(row, text, at);
	}
	return false; /* no other kind exists */
}

bool options_read(struct options *options, int argc, char **argv)
{
	struct option list[OPTION_ROWS + 1] = {0};

	for (int i = 0; i < OPTION_ROWS; i++) {
		list[i] = (struct option){option_table[i].name,
		                          option_table[i].argument == NULL ? no_argument : required_argument, NULL,
		                          FIRST_CODE + i};
	}
	*options = (struct options){0};
	for (;;) {
		int code = getopt_long(argc, argv, "", list, NULL);
		if (code < 0)
			return true;
		if (code < FIRST_CODE) /* unknown; was reported */
			return false;
		if (!take(options, &option_table[code - FIRST_CODE], optarg))
			return false;
	}
}
