/* A story: one course of one patient in a text that a clinician can read (tests/stories/README.md has the grammar).
 * Read here for both who play it: vitals-sim, in real time with its devices, and the story run of the tests, in virtual
 * time through the engine. This part knows patient and devices. What staff do and what must be seen stay lines of text:
 * the simulator shows the first to the trainee, the tests read both. */
#ifndef SIMULATOR_STORY_H
#define SIMULATOR_STORY_H

#include <stdio.h>

#include "clients/sim/scenario.h"

#define STORY_LINES      160
#define STORY_LINE_BYTES 256
#define STORY_WORDS      40

/* A line that is not of the patient or the devices. */
struct story_line {
	unsigned number;             /* in the file */
	double at_s;                 /* of staff lines: on the story's clock */
	char text[STORY_LINE_BYTES]; /* without its time */
	char cut[STORY_LINE_BYTES];  /* the same, cut into the words below */
	size_t count;
	char *words[STORY_WORDS];
};

struct story {
	char title[STORY_LINE_BYTES], source[STORY_LINE_BYTES], plan[STORY_LINE_BYTES];
	bool room[DEVICE_COUNT];
	double period_s[DEVICE_COUNT];
	double cuff_seconds; /* a determination takes */
	uint64_t seed;
	double begin_s, last_s; /* first and last line on the story's clock */
	struct scenario events; /* at_s on the story's clock; in the order of the file */
	size_t staff_count, expect_count;
	struct story_line staff[STORY_LINES], expect[STORY_LINES];
};

/* Reads a story to its end. False: `error` is "NAME:LINE: what is wrong and what is legal". */
bool story_read(FILE *file, const char *name, struct story *story, char error[SIM_TEXT]);

/* "MM:SS" with up to three digits of minutes, "-" before it for what comes before 00:00. */
bool story_time(const char *word, double *at_s);

/* Cuts a line into words; a text in quotes is one word. Returns how many, or STORY_WORDS + 1 if there are more;
 * 0 with *open_quote if a quote does not end. */
size_t story_split(char *text, char *words[STORY_WORDS], bool *open_quote);

/* Are these the first bytes of a story, not of a scenario? */
bool story_begins(FILE *file);

/* The story as a scenario of vitals-sim: patient, devices, and what staff do as prompts. `story` must stay. */
bool story_scenario(const struct story *story, struct scenario *scenario, char error[SIM_TEXT]);

#endif
