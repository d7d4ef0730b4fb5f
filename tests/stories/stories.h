/* The story run: what its files share. A story (clients/sim/story.h) is played in virtual time through the real engine
 * and a shipped plan; what it expects is judged afterwards from what was seen. One thread, no clock, no port. A test
 * program: floating point is allowed here.
 *
 *   main.c     arguments, many stories in a row, the counts
 *   room.c     the configuration of a story: plan and devices, read as the daemon reads them
 *   words.c    a line, word by word
 *   staff.c    the lines of staff: text to commands
 *   expect.c   the lines of expectations: text to data
 *   play.c     one story: whose turn it is, devices, staff, what was seen
 *   judge.c    what was seen against what was expected
 *   report.c   tables for people */
#ifndef STORIES_H
#define STORIES_H

#include "clients/sim/story.h"
#include "vitals/config.h"

#define STORY_NEVER INT64_MAX

/* ---- words
 * ----------------------------------------------------------------------------------------------------------- */

/* The words of a line that are still to be read. */
struct rest {
	char *const *words;
	size_t count, at;
	const char *usage;
	char *error;
};

bool rest_wrong(const struct rest *rest);          /* false, with the usage */
bool rest_is(struct rest *rest, const char *word); /* goes on if it is */

/* ---- staff
 * ----------------------------------------------------------------------------------------------------------- */

/* One line of staff, understood. */
struct staff_act {
	const struct story_line *line;
	enum {
		ACT_COMMAND,
		ACT_ACK,      /* `name`: looked up when it happens */
		ACT_WHEN_DUE, /* from here on staff enter this whenever it is asked for */
	} kind;
	struct event_command command;
	char name[NAME_BYTES];
	bool has_score[PARAMETER_COUNT];
	int32_t score[PARAMETER_COUNT]; /* milli */
	bool not_yet;                   /* must be done, and is known not to be */
	bool refused;                   /* what must come of it; else it is done */
	char result[NAME_BYTES];        /* refused how; "" = anyhow */
	size_t blocker_count;           /* refused by at least these */
	const char *blockers[STORY_WORDS];
};

bool staff_read(const struct story_line *line, struct staff_act *act, char error[SIM_TEXT]);

/* ---- expectations
 * ---------------------------------------------------------------------------------------------------- */

enum expect_kind {
	EXPECT_ALARM,    /* announced in the window */
	EXPECT_STANDS,   /* present at the instant */
	EXPECT_CHANGE,   /* ended, latched, reminded of, in the window */
	EXPECT_AT_MOST,  /* so many announcements in the window */
	EXPECT_NEVER,    /* not announced in the window, nor standing there at its beginning */
	EXPECT_NO_OTHER, /* nothing is announced in the window that no line of EXPECT_ALARM expects */
	EXPECT_BLOCKED,  /* the start or leaving, at the instant */
	EXPECT_FREE,
	EXPECT_CUFF, /* the monitor starts a determination in the window */
	EXPECT_NO_CUFF,
	EXPECT_SHOWN, /* a value at the instant */
	EXPECT_PHASE,
};

struct expect {
	const struct story_line *line;
	enum expect_kind kind;
	const char *name; /* of an alarm, with * for any letters; of a phase, a vital sign, "leave" or "start" */
	bool any_priority, or_higher;
	enum priority priority;
	bool whole; /* no window was given: the whole story */
	double from_s, to_s;
	const char *says; /* NULL = anything */
	bool has_value;
	double value, diastolic;
	bool nothing; /* shown: no value */
	const char *change;
	long count;
	size_t blocker_count;
	char *const *blockers;
};

bool expect_read(const struct story_line *line, struct expect *expect, char error[SIM_TEXT]);
bool name_matches(const char *pattern, const char *name);

/* ---- what was seen
 * --------------------------------------------------------------------------------------------------- */

#define SEEN_MAX  4096
#define LOOKS_MAX STORY_LINES

struct seen {          /* an announced change of an alarm, or a cuff start of the monitor (name "cuff") */
	int64_t at_ns; /* on the story's clock */
	bool cuff;
	enum alarm_change change;
	enum priority priority;
	bool has_value;
	int32_t milli;
	bool expected; /* by a line of EXPECT_ALARM */
	char name[64];
	char text[TEXT_BYTES + 32];
};

#define PRESENT_MAX 40
struct look { /* at an instant that an expectation names */
	double at_s;
	size_t present_count;
	struct {
		char name[64];
		enum priority priority;
	} present[PRESENT_MAX];
	uint8_t blocker_count;
	char blockers[64][NAME_BYTES];
	bool open, started;
	char phase[NAME_BYTES];
	struct measurement shown[PARAMETER_COUNT];
	bool has_last[PARAMETER_COUNT]; /* the latest determination failed; beside that stands the last good one */
	struct measurement last[PARAMETER_COUNT];
};

struct difference {
	unsigned line;
	char expected[SIM_TEXT], instead[SIM_TEXT];
};

#define DIFFERENCES_MAX (2 * STORY_LINES)

struct performance {
	size_t seen_count;
	struct seen seen[SEEN_MAX];
	size_t look_count;
	struct look looks[LOOKS_MAX];
	size_t difference_count;
	struct difference differences[DIFFERENCES_MAX];
	bool broken; /* what staff did before anything could be seen was refused: the story is not told */
};

__attribute__((format(printf, 4, 5))) void differ(struct performance *performance, unsigned line, const char *expected,
                                                  const char *instead, ...);

/* ---- one story
 * ------------------------------------------------------------------------------------------------------- */

struct staged { /* a story that was read, with everything that its run needs */
	struct story story;
	struct staff_act acts[STORY_LINES];
	struct expect expects[STORY_LINES];
	struct config config;
	int device[DEVICE_COUNT]; /* index in the configuration, -1 if the room has none */
	double end_s;
};

/* False: `error` says what is wrong with the story, with its line. Run from the top of the repository. */
bool stage(FILE *file, const char *name, struct staged *staged, char error[SIM_TEXT]);
bool room_read(struct staged *staged, char error[SIM_TEXT]);
void play(const struct staged *staged, struct performance *performance);
void judge(const struct staged *staged, struct performance *performance);

/* "12:05", "-8:00" */
const char *clock_text(double s, char text[16]);
void report_differences(const struct performance *performance, FILE *out);
void report_course(const struct performance *performance, FILE *out);

#endif
