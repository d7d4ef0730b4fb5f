/* Scenario files and command lines: text to events. Called by the main thread, at the start for a file, at any time for
 * a command. A line is `TIME EVENT [ARGUMENTS]`; TIME is seconds since the simulator's start, or start+S / stop+S
 * since the infusion's. Stories (story.c) have the same events. Every error says what is legal. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/sim/story.h"

#define WORDS_MAX      12
#define LINE_MAX_BYTES 256
#define ALL            7U /* devices */
#define OXI            (1U << DEVICE_OXIMETER)
#define CUFF           (1U << DEVICE_CUFF)
#define ECG            (1U << DEVICE_ECG)
#define DAY_S          86400

const char *const device_names[DEVICE_COUNT] = {"oximeter", "cuff", "ecg"};
const char *const complaint_names[COMPLAINT_COUNT] = {
    [COMPLAINT_SENSOR_OFF] = "sensor-off", [COMPLAINT_SENSOR_FAULT] = "sensor-fault",
    [COMPLAINT_SEARCHING] = "searching",   [COMPLAINT_NO_PULSE] = "no-pulse",
    [COMPLAINT_LOW_SIGNAL] = "low-signal", [COMPLAINT_INTERFERENCE] = "interference",
};
#define REASONS "REASON: sensor-off, sensor-fault, searching, no-pulse, low-signal or interference"

/* `shape` has one word for each word of the arguments: # a number (its range in turn; after `over` or `for` seconds,
 * or with the unit s or min), @ a device, ! a reason, else itself. */
struct shape {
	const char *name;
	enum happening what;
	enum mode mode;
	unsigned devices;
	const char *shape;
	const char *usage;
	struct {
		double low, high;
	} range[HAPPEN_NUMBERS];
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
	{"frozen", HAPPEN_MODE, MODE_FROZEN, CUFF | ECG, "@", "frozen DEVICE", {{0, 0}}},
	{"kpa", HAPPEN_MODE, MODE_KPA, CUFF | ECG, "@", "kpa DEVICE", {{0, 0}}},
	{"cut", HAPPEN_MODE, MODE_CUT, ALL, "@", "cut DEVICE", {{0, 0}}},
	{"echo", HAPPEN_MODE, MODE_ECHO, CUFF, "@", "echo cuff", {{0, 0}}},
	{"cuff-seconds", HAPPEN_CUFF_SECONDS, MODE_NORMAL, 0, "#", "cuff-seconds SECONDS", {{1, 600}}},
	{"cuff-button", HAPPEN_CUFF_BUTTON, MODE_NORMAL, 0, "", "cuff-button", {{0, 0}}},
	{"no-value", HAPPEN_NO_VALUE, MODE_NORMAL, OXI | ECG, "@ !", "no-value DEVICE REASON; " REASONS, {{0, 0}}},
	{"doubt", HAPPEN_DOUBT, MODE_NORMAL, OXI | ECG, "@ !", "doubt DEVICE REASON; " REASONS, {{0, 0}}},
	{"value", HAPPEN_VALUE, MODE_NORMAL, OXI | ECG, "@", "value DEVICE", {{0, 0}}},
	{"baseline", HAPPEN_BASELINE, MODE_NORMAL, 0, "# # hr # spo2 # resp # etco2 #",
	 "baseline SYSTOLIC/DIASTOLIC hr N spo2 N resp N etco2 N",
	 {{1, 300}, {1, 300}, {0, 350}, {1, 100}, {0, 150}, {0, 150}}},
	{"baseline", HAPPEN_BASELINE, MODE_NORMAL, 0, "# # hr # spo2 # resp #",
	 "baseline SYSTOLIC/DIASTOLIC hr N spo2 N resp N [etco2 N]",
	 {{1, 300}, {1, 300}, {0, 350}, {1, 100}, {0, 150}, {0, 150}}},
	{"pulse", HAPPEN_PULSE_FOLLOWS, MODE_NORMAL, 0, "follows hr", "pulse follows hr", {{0, 0}}},
	{"quit", HAPPEN_QUIT, MODE_NORMAL, 0, "", "quit", {{0, 0}}},
};
/* clang-format on */
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

/* Vital signs that can be told, with what a device can show. */
struct sign {
	const char *name;
	enum vital vital;
	double low, high;
};
static const struct sign signs[] = {
    {"bp", VITAL_SYS, 1, 300},    {"hr", VITAL_HR, 0, 350},     {"pulse", VITAL_PULSE, 0, 350},
    {"spo2", VITAL_SPO2, 1, 100}, {"resp", VITAL_RESP, 0, 150}, {"etco2", VITAL_ETCO2, 0, 150},
};
#define SIGN_COUNT (sizeof signs / sizeof signs[0])

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

static bool read_complaint(const struct shape *shape, const char *word, struct sim_event *event, char error[SIM_TEXT])
{
	char what[100];

	for (int i = 0; i < COMPLAINT_COUNT; i++) {
		event->complaint = (enum complaint)i;
		if (strcmp(word, complaint_names[i]) == 0)
			return true;
	}
	(void)snprintf(what, sizeof what, "\"%.40s\" is no reason", word);
	return wrong_usage(shape, what, error);
}

static double unit_seconds(const char *word)
{
	return strcmp(word, "s") == 0 ? 1 : strcmp(word, "min") == 0 ? 60 : 0;
}

/* A number, with its unit behind it if it is a time. Returns the words used; 0: it is none or out of range. */
static size_t read_number(char *const *words, size_t left, bool time, double low, double high, double *number)
{
	double unit = time && left > 1 ? unit_seconds(words[1]) : 0;

	if (!parse_number(words[0], -HUGE_VAL, HUGE_VAL, number))
		return 0;
	*number *= unit > 0 ? unit : 1;
	return *number < low || *number > high ? 0 : unit > 0 ? 2 : 1;
}

bool scenario_duration(const char *number, const char *unit, double *seconds)
{
	if (unit_seconds(unit) <= 0 || !parse_number(number, 0, DAY_S, seconds))
		return false;
	*seconds *= unit_seconds(unit);
	return *seconds <= DAY_S;
}

/* Reads the words after the event's name by its shape. */
static bool read_arguments(const struct shape *shape, char *const *words, size_t count, struct sim_event *event,
                           char error[SIM_TEXT])
{
	const char *want = shape->shape;
	size_t numbers = 0, i = 0;
	bool time = false;
	char what[200];

	while (*want != '\0') {
		size_t length = strcspn(want, " "), used = 1;

		if (i == count)
			return wrong_usage(shape, "something is missing", error);
		if (*want == '#') {
			double low = shape->range[numbers].low, high = shape->range[numbers].high;

			used = read_number(words + i, count - i, time, low, high, &event->number[numbers++]);
			if (used == 0) {
				(void)snprintf(what, sizeof what, "\"%.40s\" must be a number from %g to %g", words[i],
				               low, high);
				return wrong_usage(shape, what, error);
			}
		} else if (*want == '@') {
			if (!read_device(shape, words[i], event, error))
				return false;
		} else if (*want == '!') {
			if (!read_complaint(shape, words[i], event, error))
				return false;
		} else if (strncmp(words[i], want, length) != 0 || words[i][length] != '\0') {
			(void)snprintf(what, sizeof what, "\"%.40s\" is not expected here", words[i]);
			return wrong_usage(shape, what, error);
		}
		time = strncmp(want, "over ", 5) == 0 || strncmp(want, "for ", 4) == 0;
		want += length;
		want += strspn(want, " ");
		i += used;
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
	for (size_t i = 0; i < SIGN_COUNT && at < SIM_TEXT; i++) {
		used = snprintf(error + at, SIM_TEXT - at, " %s", signs[i].name);
		at += used > 0 ? (size_t)used : 0;
	}
	return false;
}

/* ---- told vital signs ---------------------------------------------------------------------------------------------
 */

static bool course_usage(const struct sign *sign, const char *word, char error[SIM_TEXT])
{
	(void)snprintf(error, SIM_TEXT,
	               "\"%.40s\" is not expected here; usage: %s is | falls to | rises to %s from %g to %g "
	               "[over N s | over N min]",
	               word, sign->name, sign->vital == VITAL_SYS ? "SYSTOLIC/DIASTOLIC" : "N", sign->low, sign->high);
	return false;
}

/* `is N`, `falls to N`, `rises to N`, each with `over N UNIT` or at once. A pressure is two numbers. */
static bool read_course(const struct sign *sign, char *const *words, size_t count, struct sim_event *event,
                        char error[SIM_TEXT])
{
	size_t i = 0;
	int numbers = sign->vital == VITAL_SYS ? 2 : 1;

	event->what = HAPPEN_COURSE;
	event->vital = sign->vital;
	if (count > 0 && strcmp(words[0], "is") == 0)
		i = 1;
	else if (count > 1 && (strcmp(words[0], "falls") == 0 || strcmp(words[0], "rises") == 0) &&
	         strcmp(words[1], "to") == 0)
		i = 2;
	else
		return course_usage(sign, count > 0 ? words[0] : sign->name, error);
	for (int n = 0; n < numbers; n++, i++)
		if (i >= count || !parse_number(words[i], sign->low, sign->high, &event->number[n]))
			return course_usage(sign, i < count ? words[i] : "end of line", error);
	if (i + 3 == count && strcmp(words[i], "over") == 0 &&
	    scenario_duration(words[i + 1], words[i + 2], &event->number[2]))
		return true;
	return i == count || course_usage(sign, words[i], error);
}

/* "128/82" is two words. */
static size_t split_pressure(char *const *words, size_t count, char *split_words[WORDS_MAX + 1])
{
	size_t made = 0;

	for (size_t i = 0; i < count && made < WORDS_MAX; i++) {
		char *slash = isdigit((unsigned char)words[i][0]) ? strchr(words[i], '/') : NULL;

		split_words[made++] = words[i];
		if (slash == NULL)
			continue;
		*slash = '\0';
		split_words[made++] = slash + 1;
	}
	return made;
}

bool scenario_knows(const char *word)
{
	for (size_t i = 0; i < SHAPE_COUNT; i++)
		if (strcmp(word, shapes[i].name) == 0)
			return true;
	for (size_t i = 0; i < SIGN_COUNT; i++)
		if (strcmp(word, signs[i].name) == 0)
			return true;
	return false;
}

bool scenario_read_event(char *const *given, size_t given_count, struct sim_event *event, char error[SIM_TEXT])
{
	bool found = false;
	char *words[WORDS_MAX + 1];
	size_t count = split_pressure(given, given_count, words);

	if (given_count == 0) {
		(void)snprintf(error, SIM_TEXT, "an event is missing after the time");
		return false;
	}
	if (given_count > WORDS_MAX) {
		(void)snprintf(error, SIM_TEXT, "more than %d words", WORDS_MAX);
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
	for (size_t i = 0; i < SIGN_COUNT; i++)
		if (strcmp(words[0], signs[i].name) == 0)
			return read_course(&signs[i], words + 1, count - 1, event, error);
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
		return scenario_read_event(words + 1, count - 1, event, error);
	return scenario_read_event(words, count, event, error);
}

static bool read_time(const char *word, struct sim_event *event, char error[SIM_TEXT])
{
	static const char *const anchors[FROM_COUNT] = {"", "start+", "stop+"};

	for (int i = FROM_COUNT - 1; i >= 0; i--) {
		size_t length = strlen(anchors[i]);

		if (strncmp(word, anchors[i], length) != 0)
			continue;
		event->anchor = (enum event_anchor)i;
		if (parse_number(word + length, 0, DAY_S, &event->at_s))
			return true;
		break;
	}
	(void)snprintf(error, SIM_TEXT,
	               "time \"%.40s\" must be SECONDS, start+SECONDS or stop+SECONDS, SECONDS from 0 to %d", word,
	               DAY_S);
	return false;
}

bool scenario_add(struct scenario *scenario, const struct sim_event *event, char error[SIM_TEXT])
{
	if (scenario->count == EVENTS_MAX) {
		(void)snprintf(error, SIM_TEXT, "more than %d events", EVENTS_MAX);
		return false;
	}
	scenario->list[scenario->count++] = *event;
	return true;
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
	return read_time(words[0], &event, error) && scenario_read_event(words + 1, count - 1, &event, error) &&
	       scenario_add(scenario, &event, error);
}

static bool load_story(FILE *file, const char *path, struct scenario *scenario, char error[SIM_TEXT])
{
	static struct story story; /* its prompts are shown as long as the simulator runs */

	return story_read(file, path, &story, error) && story_scenario(&story, scenario, error);
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
	if (story_begins(file)) {
		good = load_story(file, path, scenario, error);
		(void)fclose(file); /* only read */
		return good;
	}
	while (good && fgets(line, sizeof line, file) != NULL) {
		number++;
		good = read_line(line, scenario, what);
	}
	if (!good)
		(void)snprintf(error, SIM_TEXT, "%.100s:%u: %.880s", path, number, what);
	if (good && ferror(file)) {
		(void)snprintf(error, SIM_TEXT, "%.200s: cannot be read to its end", path);
		good = false;
	}
	(void)fclose(file); /* only read */
	return good;
}
