/* Scenario files and command lines: text to events. Called by the main thread, at the start for a file, at any time for
 * a command. A line is `TIME EVENT [ARGUMENTS]`; TIME is seconds since the simulator's start, or start+S / stop+S
 * since the infusion's. Every error says what is legal. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/sim/sim.h"

#define WORDS_MAX      10
#define LINE_MAX_BYTES 256
#define ALL            7U /* devices */
#define OXI            (1U << DEVICE_OXIMETER)
#define CUFF           (1U << DEVICE_CUFF)
#define ECG            (1U << DEVICE_ECG)
#define DAY_S          86400

const char *const device_names[DEVICE_COUNT] = {"oximeter", "cuff", "ecg"};

/* `shape` has one word for each word of the arguments: # a number (its range in turn), @ a device, else itself. */
struct shape {
	const char *name;
	enum happening what;
	enum mode mode;
	unsigned devices;
	const char *shape;
	const char *usage;
	struct {
		double low, high;
	} range[3];
};

/* clang-format off */
static const struct shape shapes[] = {
	{"infusion", HAPPEN_INFUSION_START, MODE_NORMAL, 0, "start", "infusion start | stop", {{0, 0}}},
	{"infusion", HAPPEN_INFUSION_STOP, MODE_NORMAL, 0, "stop", "infusion start | stop", {{0, 0}}},
	{"start", HAPPEN_INFUSION_START, MODE_NORMAL, 0, "", "start", {{0, 0}}},
	{"stop", HAPPEN_INFUSION_STOP, MODE_NORMAL, 0, "", "stop", {{0, 0}}},
	{"desaturation", HAPPEN_DESATURATION, MODE_NORMAL, 0, "# over # for #",
	 "desaturation PERCENT over SECONDS for SECONDS", {{40, 100}, {0, DAY_S}, {0, DAY_S}}},
	{"vasovagal", HAPPEN_VASOVAGAL, MODE_NORMAL, 0, "for #", "vasovagal for SECONDS", {{1, DAY_S}}},
	{"surge", HAPPEN_SURGE, MODE_NORMAL, 0, "# # for #",
	 "surge SYSTOLIC DIASTOLIC for SECONDS", {{60, 280}, {30, 180}, {1, DAY_S}}},
	{"tachycardia", HAPPEN_TACHYCARDIA, MODE_NORMAL, 0, "# for #",
	 "tachycardia BPM for SECONDS", {{60, 240}, {1, DAY_S}}},
	{"apnoea", HAPPEN_APNOEA, MODE_NORMAL, 0, "for #", "apnoea for SECONDS", {{1, DAY_S}}},
	{"hypoventilation", HAPPEN_HYPOVENTILATION, MODE_NORMAL, 0, "# for #",
	 "hypoventilation BREATHS for SECONDS", {{1, 14}, {1, DAY_S}}},
	{"probe-off", HAPPEN_PROBE_OFF, MODE_NORMAL, ALL, "@", "probe-off DEVICE", {{0, 0}}},
	{"probe-on", HAPPEN_PROBE_ON, MODE_NORMAL, ALL, "@", "probe-on DEVICE", {{0, 0}}},
	{"lead-off", HAPPEN_LEAD_OFF, MODE_NORMAL, 0, "", "lead-off", {{0, 0}}},
	{"lead-on", HAPPEN_LEAD_ON, MODE_NORMAL, 0, "", "lead-on", {{0, 0}}},
	{"cable-pull", HAPPEN_CABLE_PULL, MODE_NORMAL, ALL, "@", "cable-pull DEVICE", {{0, 0}}},
	{"cable-plug", HAPPEN_CABLE_PLUG, MODE_NORMAL, ALL, "@", "cable-plug DEVICE", {{0, 0}}},
	{"cuff-fail", HAPPEN_CUFF_FAIL, MODE_NORMAL, 0, "#", "cuff-fail COUNT", {{0, 1000}}},
	{"normal", HAPPEN_MODE, MODE_NORMAL, ALL, "@", "normal DEVICE", {{0, 0}}},
	{"hang", HAPPEN_MODE, MODE_HANG, ALL, "@ #", "hang DEVICE SECONDS", {{0.1, DAY_S}}},
	{"late", HAPPEN_MODE, MODE_LATE, ALL, "@ #", "late DEVICE MILLISECONDS", {{1, 60000}}},
	{"dribble", HAPPEN_MODE, MODE_DRIBBLE, ALL, "@ #", "dribble DEVICE MILLISECONDS-PER-BYTE", {{1, 10000}}},
	{"wrong-unit", HAPPEN_MODE, MODE_WRONG_UNIT, CUFF | ECG, "@", "wrong-unit DEVICE", {{0, 0}}},
	{"wrong-length", HAPPEN_MODE, MODE_WRONG_LENGTH, CUFF | ECG, "@", "wrong-length DEVICE", {{0, 0}}},
	{"bad-crc", HAPPEN_MODE, MODE_BAD_CRC, CUFF | ECG, "@", "bad-crc DEVICE", {{0, 0}}},
	{"garbage", HAPPEN_MODE, MODE_GARBAGE, ALL, "@", "garbage DEVICE", {{0, 0}}},
	{"exception", HAPPEN_MODE, MODE_EXCEPTION, CUFF | ECG, "@", "exception DEVICE", {{0, 0}}},
	{"wrong-identity", HAPPEN_MODE, MODE_WRONG_IDENTITY, CUFF | ECG, "@", "wrong-identity DEVICE", {{0, 0}}},
	{"cut", HAPPEN_MODE, MODE_CUT, ALL, "@", "cut DEVICE", {{0, 0}}},
	{"echo", HAPPEN_MODE, MODE_ECHO, CUFF, "@", "echo cuff", {{0, 0}}},
	{"quit", HAPPEN_QUIT, MODE_NORMAL, 0, "", "quit", {{0, 0}}},
};
/* clang-format on */
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

static size_t split(char *text, char *words[WORDS_MAX])
{
	size_t count = 0;

	for (;;) {
		while (isspace((unsigned char)*text))
			*text++ = '\0';
		if (*text == '\0' || *text == '#')
			break;
		if (count == WORDS_MAX)
			return WORDS_MAX + 1;
		words[count++] = text;
		while (*text != '\0' && !isspace((unsigned char)*text))
			text++;
	}
	*text = '\0';
	return count;
}

static bool parse_number(const char *word, double low, double high, double *number)
{
	char *end;

	errno = 0;
	*number = strtod(word, &end);
	return errno == 0 && end != word && *end == '\0' && isfinite(*number) && *number >= low && *number <= high;
}

static bool parse_device(const char *word, unsigned devices, enum device *device)
{
	for (unsigned i = 0; i < DEVICE_COUNT; i++) {
		if (strcmp(word, device_names[i]) == 0) {
			*device = (enum device)i;
			return (devices & 1U << i) != 0;
		}
	}
	return false;
}

static bool wrong_usage(const struct shape *shape, const char *what, char error[SIM_TEXT])
{
	(void)snprintf(error, SIM_TEXT, "%s; usage: %s", what, shape->usage);
	return false;
}

static bool read_device(const struct shape *shape, const char *word, struct sim_event *event, char error[SIM_TEXT])
{
	char what[200] = "the device must be one of";

	if (parse_device(word, shape->devices, &event->device))
		return true;
	for (unsigned i = 0; i < DEVICE_COUNT; i++) {
		size_t used = strlen(what);

		if ((shape->devices & 1U << i) != 0)
			(void)snprintf(what + used, sizeof what - used, " %s", device_names[i]);
	}
	return wrong_usage(shape, what, error);
}

/* Reads the words after the event's name by its shape. */
static bool read_arguments(const struct shape *shape, char **words, size_t count, struct sim_event *event,
                           char error[SIM_TEXT])
{
	const char *want = shape->shape;
	size_t numbers = 0, i = 0;
	char what[200];

	for (; *want != '\0'; i++) {
		size_t length = strcspn(want, " ");

		if (i == count)
			return wrong_usage(shape, "something is missing", error);
		if (*want == '#') {
			double low = shape->range[numbers].low, high = shape->range[numbers].high;

			if (!parse_number(words[i], low, high, &event->number[numbers++])) {
				(void)snprintf(what, sizeof what, "\"%.40s\" must be a number from %g to %g", words[i],
				               low, high);
				return wrong_usage(shape, what, error);
			}
		} else if (*want == '@') {
			if (!read_device(shape, words[i], event, error))
				return false;
		} else if (strncmp(words[i], want, length) != 0 || words[i][length] != '\0') {
			(void)snprintf(what, sizeof what, "\"%.40s\" is not expected here", words[i]);
			return wrong_usage(shape, what, error);
		}
		want += length;
		want += strspn(want, " ");
	}
	return i == count || wrong_usage(shape, "something is left over", error);
}

static bool unknown_event(const char *name, char error[SIM_TEXT])
{
	int used = snprintf(error, SIM_TEXT, "unknown event \"%.40s\"; legal:", name);
	size_t at = used > 0 ? (size_t)used : 0;

	for (size_t i = 0; i < SHAPE_COUNT && at < SIM_TEXT; i++) {
		if (i > 0 && strcmp(shapes[i].name, shapes[i - 1].name) == 0)
			continue;
		used = snprintf(error + at, SIM_TEXT - at, " %s", shapes[i].name);
		at += used > 0 ? (size_t)used : 0;
	}
	return false;
}

static bool read_event(char **words, size_t count, struct sim_event *event, char error[SIM_TEXT])
{
	bool found = false;

	if (count == 0) {
		(void)snprintf(error, SIM_TEXT, "an event is missing after the time");
		return false;
	}
	/* A name may have several shapes; the last one's complaint is told. */
	for (size_t i = 0; i < SHAPE_COUNT; i++) {
		if (strcmp(words[0], shapes[i].name) != 0)
			continue;
		found = true;
		event->what = shapes[i].what;
		event->mode = shapes[i].mode;
		if (read_arguments(&shapes[i], words + 1, count - 1, event, error))
			return true;
	}
	return found ? false : unknown_event(words[0], error);
}

bool scenario_parse_event(char *text, struct sim_event *event, char error[SIM_TEXT])
{
	char *words[WORDS_MAX];
	size_t count = split(text, words);

	*event = (struct sim_event){0};
	if (count > WORDS_MAX) {
		(void)snprintf(error, SIM_TEXT, "more than %d words", WORDS_MAX);
		return false;
	}
	if (count > 1 && strcmp(words[0], "event") == 0)
		return read_event(words + 1, count - 1, event, error);
	return read_event(words, count, event, error);
}

static bool read_time(const char *word, struct sim_event *event, char error[SIM_TEXT])
{
	static const char *const anchors[ANCHOR_COUNT] = {"", "start+", "stop+"};

	for (int i = ANCHOR_COUNT - 1; i >= 0; i--) {
		size_t length = strlen(anchors[i]);

		if (strncmp(word, anchors[i], length) != 0)
			continue;
		event->anchor = (enum anchor)i;
		if (parse_number(word + length, 0, DAY_S, &event->at_s))
			return true;
		break;
	}
	(void)snprintf(error, SIM_TEXT,
	               "time \"%.40s\" must be SECONDS, start+SECONDS or stop+SECONDS, SECONDS from 0 to %d", word,
	               DAY_S);
	return false;
}

static bool read_line(char *line, struct scenario *scenario, char error[SIM_TEXT])
{
	char *words[WORDS_MAX];
	struct sim_event event = {0};
	size_t length = strlen(line);

	if (length == LINE_MAX_BYTES - 1 && line[length - 1] != '\n') {
		(void)snprintf(error, SIM_TEXT, "line longer than %d characters", LINE_MAX_BYTES - 2);
		return false;
	}
	size_t count = split(line, words);

	if (count == 0)
		return true;
	if (count > WORDS_MAX) {
		(void)snprintf(error, SIM_TEXT, "more than %d words", WORDS_MAX);
		return false;
	}
	if (!read_time(words[0], &event, error) || !read_event(words + 1, count - 1, &event, error))
		return false;
	if (scenario->count == EVENTS_MAX) {
		(void)snprintf(error, SIM_TEXT, "more than %d events", EVENTS_MAX);
		return false;
	}
	scenario->list[scenario->count++] = event;
	return true;
}

bool scenario_load(const char *path, struct scenario *scenario, char error[SIM_TEXT])
{
	char line[LINE_MAX_BYTES], what[SIM_TEXT];
	unsigned number = 0;
	bool good = true;
	FILE *file = fopen(path, "re");

	scenario->count = 0;
	if (file == NULL) {
		(void)snprintf(error, SIM_TEXT, "%.200s: %s", path, strerrordesc_np(errno));
		return false;
	}
	while (good && fgets(line, sizeof line, file) != NULL) {
		number++;
		good = read_line(line, scenario, what);
	}
	if (!good)
		(void)snprintf(error, SIM_TEXT, "%.100s:%u: %.380s", path, number, what);
	if (good && ferror(file)) {
		(void)snprintf(error, SIM_TEXT, "%.200s: cannot be read to its end", path);
		good = false;
	}
	(void)fclose(file); /* only read */
	return good;
}
