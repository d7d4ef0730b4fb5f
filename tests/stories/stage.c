/* A story made ready to be played: the file read, each line of staff and expectation understood, the room set up. */
#include <math.h>

#include "tests/stories/stories.h"

static bool at_line(const char *name, unsigned line, const char *what, char error[SIM_TEXT])
{
	(void)snprintf(error, SIM_TEXT, "%.120s:%u: %.880s", name, line, what);
	return false;
}

bool stage(FILE *file, const char *name, struct staged *staged, char error[SIM_TEXT])
{
	struct story *story = &staged->story;
	char what[SIM_TEXT];

	if (!story_read(file, name, story, error))
		return false;
	staged->end_s = story->last_s;
	for (size_t i = 0; i < story->staff_count; i++)
		if (!staff_read(&story->staff[i], &staged->acts[i], what))
			return at_line(name, story->staff[i].number, what, error);
	for (size_t i = 0; i < story->expect_count; i++) {
		struct expect *expect = &staged->expects[i];

		if (!expect_read(&story->expect[i], expect, what))
			return at_line(name, story->expect[i].number, what, error);
		if (!expect->whole)
			staged->end_s = fmax(staged->end_s, expect->to_s);
	}
	if (story->expect_count == 0)
		return at_line(name, 1, "nothing is expected; legal: lines that begin with expect or never", error);
	return room_read(staged, what) || at_line(name, 1, what, error);
}
