/* Stories: the file as lines, the head, the lines of patient and devices with their repetitions. Called once, before
 * anything runs, by vitals-sim and by the story run of the tests. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clients/sim/story.h"

#define CUFF_SECONDS 25
#define REPEATS_MAX  400

/* What staff do begins with one of these; tests/stories/staff.c reads the rest of the line. */
static const char *const staff_words[] = {
    "open",        "start",   "pause",    "resume",     "stop",     "close",     "give",      "ack",
    "audio-pause", "observe", "tick",     "untick",     "cuff",     "cuff-stop", "limit",     "take-out",
    "put-back",    "note",    "distress", "test-alarm", "when-due", "oxygen",    "call-help",
};
#define STAFF_WORDS (sizeof staff_words / sizeof staff_words[0])

/* Each begins; its counterpart ends what it began. */
static const struct {
	const char *begin;
	enum happening end;
} reversible[] = {
    {"probe-off", HAPPEN_PROBE_ON}, {"lead-off", HAPPEN_LEAD_ON},      {"no-value", HAPPEN_VALUE},
    {"doubt", HAPPEN_VALUE},        {"cable-pull", HAPPEN_CABLE_PLUG},
};
#define REVERSIBLE (sizeof reversible / sizeof reversible[0])

size_t story_split(char *text, char *words[STORY_WORDS], bool *open_quote)
{
	size_t count = 0;

	*open_quote = false;
	for (;;) {
		bool quoted;

		while (isspace((unsigned char)*text))
			*text++ = '\0';
		if (*text == '\0' || *text == '#')
			break;
		if (count == STORY_WORDS)
			return STORY_WORDS + 1;
		quoted = *text == '"';
		text += quoted;
		words[count++] = text;
		while (*text != '\0' && (quoted ? *text != '"' : !isspace((unsigned char)*text)))
			text++;
		if (quoted && *text == '\0') {
			*open_quote = true;
			return 0;
		}
		if (quoted)
			*text++ = '\0';
	}
	*text = '\0';
	return count;
}

bool story_time(const char *word, double *at_s)
{
	bool before = *word == '-';
	const char *digits = word + before;
	size_t minutes = strspn(digits, "0123456789");
	const char *s = digits + minutes;

	if (minutes == 0 || minutes > 3 || s[0] != ':' || s[1] < '0' || s[1] > '5' || !isdigit((unsigned char)s[2]) ||
	    s[3] != '\0')
		return false;
	*at_s = (double)(strtol(digits, NULL, 10) * 60 + (s[1] - '0') * 10 + (s[2] - '0'));
	*at_s = before ? -*at_s : *at_s;
	return true;
}

static bool wrong(char error[SIM_TEXT], const char *what, const char *word, const char *legal)
{
	(void)snprintf(error, SIM_TEXT, "%s \"%.60s\"; legal: %s", what, word, legal);
	return false;
}

/* ---- head ---------------------------------------------------------------------------------------------------------
 */

static int device_by_name(const char *word)
{
	for (int i = 0; i < DEVICE_COUNT; i++)
		if (strcmp(word, device_names[i]) == 0)
			return i;
	return -1;
}

static bool head_text(char *to, char *const *words, size_t count, char error[SIM_TEXT])
{
	if (count != 2)
		return wrong(error, "one word or one text in quotes belongs behind", words[0], "as in story \"Title\"");
	(void)snprintf(to, STORY_LINE_BYTES, "%s", words[1]); /* no longer than its line */
	return true;
}

static bool head_room(struct story *story, char *const *words, size_t count, char error[SIM_TEXT])
{
	for (size_t i = 1; i < count; i++) {
		int device = device_by_name(words[i]);

		if (device < 0)
			return wrong(error, "unknown device", words[i], "room [ecg] [oximeter] [cuff]");
		story->room[device] = true;
	}
	return count > 1 || wrong(error, "no device behind", words[0], "room [ecg] [oximeter] [cuff]");
}

/* `period DEVICE N s` */
static bool head_period(struct story *story, char *const *words, size_t count, char error[SIM_TEXT])
{
	static const char legal[] = "period DEVICE N s, a device of the room, N from 1 to 60 in whole seconds";
	int device = count == 4 ? device_by_name(words[1]) : -1;
	double s;

	if (device < 0 || !scenario_duration(words[2], words[3], &s) || s < 1 || s > 60 || fmod(s, 1) > 0)
		return wrong(error, "no such line:", words[0], legal);
	story->period_s[device] = s;
	return true;
}

/* `noise N seed N` */
static bool head_noise(struct story *story, char *const *words, size_t count, char error[SIM_TEXT])
{
	char *end_noise = "x", *end_seed = "x";

	if (count == 4 && strcmp(words[2], "seed") == 0) {
		story->events.noise = strtod(words[1], &end_noise);
		story->seed = strtoul(words[3], &end_seed, 10);
	}
	if (*end_noise == '\0' && *end_seed == '\0' && story->events.noise >= 0 && story->events.noise <= 20)
		return true;
	return wrong(error, "no such line:", words[0], "noise N seed N, the first from 0 to 20 mmHg");
}

static bool head_baseline(struct story *story, char *const *words, size_t count, char error[SIM_TEXT])
{
	struct sim_event event = {.number = {[5] = 38}}; /* EtCO2, if nobody says */

	if (!scenario_read_event(words, count, &event, error))
		return false;
	memcpy(story->events.baseline, event.number, sizeof story->events.baseline);
	story->events.story = true;
	return true;
}

static bool read_head(struct story *story, char *const *words, size_t count, char error[SIM_TEXT])
{
	const struct {
		const char *name;
		char *text;
		bool (*read)(struct story *story, char *const *words, size_t count, char error[SIM_TEXT]);
	} heads[] = {
	    {"story", story->title, NULL},     {"source", story->source, NULL}, {"plan", story->plan, NULL},
	    {"room", NULL, head_room},         {"period", NULL, head_period},   {"noise", NULL, head_noise},
	    {"baseline", NULL, head_baseline},
	};

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		if (strcmp(words[0], heads[i].name) != 0)
			continue;
		return heads[i].text != NULL ? head_text(heads[i].text, words, count, error)
		                             : heads[i].read(story, words, count, error);
	}
	return wrong(error, "a line cannot begin with", words[0],
	             "story, source, plan, room, period, noise, baseline, a time MM:SS, expect, never");
}

static bool head_complete(const struct story *story, char error[SIM_TEXT])
{
	const char *missing = story->title[0] == '\0'    ? "story \"TITLE\""
	                      : story->source[0] == '\0' ? "source \"WHERE THE COURSE COMES FROM\""
	                      : story->plan[0] == '\0'   ? "plan NAME"
	                      : !story->events.story     ? "baseline SYSTOLIC/DIASTOLIC hr N spo2 N resp N"
	                      : !(story->room[0] || story->room[1] || story->room[2]) ? "room DEVICE ..."
	                                                                              : NULL;

	if (missing != NULL)
		(void)snprintf(error, SIM_TEXT, "this line is missing: %s", missing);
	return missing == NULL;
}

/* ---- repetition ----------------------------------------------------------------------------------------------------
 */

struct repeat {
	bool ends; /* after on_s */
	double on_s, every_s, until_s;
};

/* `... for D`, `... for D in every D until MM:SS`; takes it off the words. */
static bool read_repeat(char *const *words, size_t *count, double at_s, struct repeat *repeat, char error[SIM_TEXT])
{
	static const char legal[] = "EVENT for N s|min, or EVENT for N s|min in every N s|min until MM:SS";
	size_t at = 1;

	while (at < *count && strcmp(words[at], "for") != 0)
		at++;
	if (at == *count)
		return true;
	repeat->ends = true;
	bool once = at + 3 == *count, often = at + 9 == *count;

	*count = at;
	if ((!once && !often) || !scenario_duration(words[at + 1], words[at + 2], &repeat->on_s) || repeat->on_s <= 0)
		return wrong(error, "not understood from", words[at], legal);
	if (once)
		return true;
	if (strcmp(words[at + 3], "in") != 0 || strcmp(words[at + 4], "every") != 0 ||
	    !scenario_duration(words[at + 5], words[at + 6], &repeat->every_s) || strcmp(words[at + 7], "until") != 0 ||
	    !story_time(words[at + 8], &repeat->until_s))
		return wrong(error, "not understood from", words[at + 3], legal);
	if (repeat->every_s > repeat->on_s && repeat->until_s > at_s &&
	    (repeat->until_s - at_s) / repeat->every_s <= REPEATS_MAX)
		return true;
	return wrong(error, "this cannot be repeated every", words[at + 5],
	             "longer than it lasts, until later than its time, at most 400 times");
}

static bool add_repeated(struct story *story, const struct sim_event *event, enum happening end,
                         const struct repeat *repeat, char error[SIM_TEXT])
{
	struct sim_event begin = *event, finish = *event;
	double until_s = repeat->until_s > event->at_s ? repeat->until_s : event->at_s + 0.5;

	finish.what = end;
	for (; begin.at_s < until_s; begin.at_s += repeat->every_s) {
		finish.at_s = begin.at_s + repeat->on_s;
		if (!scenario_add(&story->events, &begin, error) ||
		    (repeat->ends && !scenario_add(&story->events, &finish, error)))
			return false;
		story->last_s = fmax(story->last_s, repeat->ends ? finish.at_s : begin.at_s);
	}
	return true;
}

/* A device that the room does not have cannot do anything. */
static bool device_there(const struct story *story, const struct sim_event *event, char *const *words,
                         char error[SIM_TEXT])
{
	enum device device = event->device;

	if (event->what == HAPPEN_LEAD_OFF || event->what == HAPPEN_LEAD_ON)
		device = DEVICE_ECG;
	if (event->what == HAPPEN_CUFF_FAIL || event->what == HAPPEN_CUFF_SECONDS || event->what == HAPPEN_CUFF_BUTTON)
		device = DEVICE_CUFF;
	if (story->room[device] || device == DEVICE_OXIMETER)
		return true;
	return wrong(error, "the room has no such device:", words[0], "devices of the line `room`");
}

static bool read_happening(struct story *story, double at_s, char *const *words, size_t count, char error[SIM_TEXT])
{
	struct sim_event event = {.at_s = at_s};
	struct repeat repeat = {.every_s = 1, .until_s = at_s};
	size_t r = 0;

	while (r < REVERSIBLE && strcmp(words[0], reversible[r].begin) != 0)
		r++;
	if (r < REVERSIBLE && !read_repeat(words, &count, at_s, &repeat, error))
		return false;
	if (!scenario_read_event(words, count, &event, error) || !device_there(story, &event, words, error))
		return false;
	event.at_s = at_s;
	if (event.what == HAPPEN_BASELINE || event.what == HAPPEN_QUIT || event.what == HAPPEN_INFUSION_START ||
	    event.what == HAPPEN_INFUSION_STOP)
		return wrong(error, "not at a time of a story:", words[0], "vital signs, episodes, devices, staff");
	return add_repeated(story, &event, r < REVERSIBLE ? reversible[r].end : HAPPEN_VALUE, &repeat, error);
}

/* ---- lines ---------------------------------------------------------------------------------------------------------
 */

static bool is_staff(const char *word)
{
	for (size_t i = 0; i < STAFF_WORDS; i++)
		if (strcmp(word, staff_words[i]) == 0)
			return true;
	return false;
}

static bool unknown_word(const char *word, char error[SIM_TEXT])
{
	char device[SIM_TEXT];
	char *words[1] = {(char[32]){0}};
	struct sim_event event;

	(void)snprintf(words[0], 32, "%.31s", word);
	(void)scenario_read_event(words, 1, &event, device); /* says what it knows */

	int used = snprintf(error, SIM_TEXT, "%.600s; staff:", device);

	for (size_t i = 0; i < STAFF_WORDS && used > 0 && used < SIM_TEXT; i++) {
		int more = snprintf(error + used, SIM_TEXT - (size_t)used, " %s", staff_words[i]);

		used = more > 0 ? used + more : SIM_TEXT;
	}
	return false;
}

/* Keeps a line for who reads staff or expectations. */
static bool keep_line(struct story_line *list, size_t *count, unsigned number, double at_s, const char *text,
                      char error[SIM_TEXT])
{
	struct story_line *line = &list[*count];
	bool open_quote;

	if (*count == STORY_LINES)
		return wrong(error, "too many lines at", text, "160 of staff, 160 of expectations");
	(*count)++;
	line->number = number;
	line->at_s = at_s;
	(void)snprintf(line->text, sizeof line->text, "%s", text); /* as long as a line */
	(void)snprintf(line->cut, sizeof line->cut, "%s", text);
	line->count = story_split(line->cut, line->words, &open_quote); /* was cut once, so it can be */
	return true;
}

static bool read_timed(struct story *story, unsigned number, double at_s, const char *text, char *const *words,
                       size_t count, char error[SIM_TEXT])
{
	story->begin_s = fmin(story->begin_s, at_s);
	story->last_s = fmax(story->last_s, at_s);
	if (count == 0) {
		(void)snprintf(error, SIM_TEXT, "nothing happens at this time");
		return false;
	}
	if (is_staff(words[0]))
		return keep_line(story->staff, &story->staff_count, number, at_s, text, error);
	if (strcmp(words[0], "end") == 0 && count == 1)
		return true;
	if (scenario_knows(words[0]))
		return read_happening(story, at_s, words, count, error);
	return unknown_word(words[0], error);
}

static bool read_line(struct story *story, unsigned number, char *text, char error[SIM_TEXT])
{
	char whole[STORY_LINE_BYTES];
	char *words[STORY_WORDS];
	bool open_quote;
	double at_s;

	(void)snprintf(whole, sizeof whole, "%s", text); /* as long as a line */
	whole[strcspn(whole, "\r\n")] = '\0';
	size_t count = story_split(text, words, &open_quote);

	if (open_quote || count > STORY_WORDS) {
		(void)snprintf(error, SIM_TEXT, open_quote ? "a text in quotes does not end" : "more than %d words",
		               STORY_WORDS);
		return false;
	}
	if (count == 0)
		return true;
	if (story_time(words[0], &at_s))
		return read_timed(story, number, at_s, count > 1 ? whole + (words[1] - text) : "", words + 1, count - 1,
		                  error);
	if (strcmp(words[0], "expect") == 0 || strcmp(words[0], "never") == 0)
		return keep_line(story->expect, &story->expect_count, number, 0, whole, error);
	return read_head(story, words, count, error);
}

bool story_read(FILE *file, const char *name, struct story *story, char error[SIM_TEXT])
{
	char line[STORY_LINE_BYTES], what[SIM_TEXT];
	unsigned number = 0;
	bool good = true;

	*story = (struct story){.cuff_seconds = CUFF_SECONDS, .begin_s = HUGE_VAL, .last_s = -HUGE_VAL};
	for (int d = 0; d < DEVICE_COUNT; d++)
		story->period_s[d] = 1;
	while (good && fgets(line, sizeof line, file) != NULL) {
		number++;
		good = strlen(line) < sizeof line - 1 || line[sizeof line - 2] == '\n';
		if (!good)
			(void)snprintf(what, sizeof what, "line longer than %d characters", STORY_LINE_BYTES - 2);
		good = good && read_line(story, number, line, what);
	}
	if (good)
		good = head_complete(story, what);
	if (good && story->last_s < story->begin_s) {
		good = false;
		(void)snprintf(what, sizeof what, "nothing happens: a line with a time is missing");
	}
	if (!good)
		(void)snprintf(error, SIM_TEXT, "%.120s:%u: %.880s", name, number, what);
	return good;
}

/* ---- for vitals-sim ------------------------------------------------------------------------------------------------
 */

bool story_begins(FILE *file)
{
	char line[STORY_LINE_BYTES];
	bool story = false, decided = false;

	while (!decided && fgets(line, sizeof line, file) != NULL) {
		size_t blanks = strspn(line, " \t\r\n");

		decided = line[blanks] != '\0' && line[blanks] != '#';
		story = strncmp(line + blanks, "story ", 6) == 0;
	}
	rewind(file);
	return story;
}

bool story_scenario(const struct story *story, struct scenario *scenario, char error[SIM_TEXT])
{
	*scenario = story->events;
	for (size_t i = 0; i < scenario->count; i++)
		scenario->list[i].at_s -= story->begin_s;
	for (size_t i = 0; i < story->staff_count; i++) {
		struct sim_event event = {.at_s = story->staff[i].at_s - story->begin_s,
		                          .prompt = story->staff[i].text};

		if (!scenario_add(scenario, &event, error))
			return false;
	}
	return true;
}
