/* A line of a story, word by word: what staff.c and expect.c share. */
#include <string.h>

#include "tests/stories/stories.h"

bool rest_wrong(const struct rest *rest)
{
	(void)snprintf(rest->error, SIM_TEXT, "not understood from \"%.40s\"; legal: %.900s",
	               rest->at < rest->count ? rest->words[rest->at] : "the end of the line", rest->usage);
	return false;
}

bool rest_is(struct rest *rest, const char *word)
{
	bool is = rest->at < rest->count && strcmp(rest->words[rest->at], word) == 0;

	rest->at += is;
	return is;
}
