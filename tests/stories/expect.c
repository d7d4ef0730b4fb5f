/* What a story expects: a line of text to data. */
#include <stdlib.h>
#include <string.h>

#include "tests/stories/stories.h"

static const char usage[] =
    "expect ALARM PRIORITY between T and T [value N] [says \"text\"] | "
    "expect ALARM PRIORITY at T | expect ALARM ends|latches|reminds between T and T | "
    "expect at-most N PRIORITY between T and T | expect start|leave blocked [by NAME ...] [at T] | "
    "expect start|leave free [at T] | expect cuff between T and T | expect shown SIGN N|SYS/DIA|nothing at T | "
    "expect phase NAME at T | never ALARM [PRIORITY] [between T and T | at T] | never anything-else [PRIORITY] "
    "[between T and T] | never cuff between T and T; PRIORITY: none low medium high any, + for or higher";

static bool take_time(struct rest *rest, double *s)
{
	if (rest->at == rest->count || !story_time(rest->words[rest->at], s))
		return rest_wrong(rest);
	rest->at++;
	return true;
}

static bool take_priority(struct rest *rest, struct expect *expect)
{
	const char *word = rest->at < rest->count ? rest->words[rest->at] : "";
	size_t length = strcspn(word, "+");

	expect->or_higher = word[length] == '+' && word[length + 1] == '\0';
	expect->any_priority = strcmp(word, "any") == 0;
	for (int p = PRIORITY_NONE; p <= PRIORITY_HIGH && !expect->any_priority; p++) {
		const char *name = priority_name((enum priority)p);

		if (strlen(name) != length || strncmp(name, word, length) != 0)
			continue;
		expect->priority = (enum priority)p;
		rest->at++;
		return word[length] == '\0' || expect->or_higher || rest_wrong(rest);
	}
	rest->at += expect->any_priority;
	return expect->any_priority || rest_wrong(rest);
}

static bool take_window(struct rest *rest, struct expect *expect)
{
	if (!rest_is(rest, "between") || !take_time(rest, &expect->from_s) || !rest_is(rest, "and") ||
	    !take_time(rest, &expect->to_s))
		return rest_wrong(rest);
	if (expect->to_s >= expect->from_s)
		return true;
	(void)snprintf(rest->error, SIM_TEXT, "the window ends at %s before it begins; legal: between T and a later T",
	               rest->words[rest->at - 1]);
	return false;
}

/* `at T`; `optional`: without it, the end of the story. */
static bool take_instant(struct rest *rest, struct expect *expect, bool optional)
{
	expect->whole = optional && rest->at == rest->count;
	if (expect->whole)
		return true;
	if (!rest_is(rest, "at"))
		return rest_wrong(rest);
	return take_time(rest, &expect->from_s) && ((expect->to_s = expect->from_s), true);
}

static bool take_number(struct rest *rest, double *number, double *second)
{
	char *end = NULL;

	if (rest->at < rest->count)
		*number = strtod(rest->words[rest->at], &end);
	if (end == NULL || end == rest->words[rest->at])
		return rest_wrong(rest);
	if (*end == '/' && second != NULL)
		*second = strtod(end + 1, &end);
	if (*end != '\0')
		return rest_wrong(rest);
	rest->at++;
	return true;
}

static bool read_door(struct rest *rest, struct expect *expect)
{
	if (rest_is(rest, "free")) {
		expect->kind = EXPECT_FREE;
		return take_instant(rest, expect, true);
	}
	expect->kind = EXPECT_BLOCKED;
	if (!rest_is(rest, "blocked"))
		return rest_wrong(rest);
	if (rest_is(rest, "by")) {
		expect->blockers = rest->words + rest->at;
		while (rest->at < rest->count && strcmp(rest->words[rest->at], "at") != 0) {
			rest->at++;
			expect->blocker_count++;
		}
		if (expect->blocker_count == 0)
			return rest_wrong(rest);
	}
	return take_instant(rest, expect, true);
}

static bool read_shown(struct rest *rest, struct expect *expect)
{
	static const char *const signs[] = {"bp", "hr", "pulse", "spo2", "resp", "etco2"};

	expect->kind = EXPECT_SHOWN;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0] && expect->name == NULL; i++)
		if (rest_is(rest, signs[i]))
			expect->name = signs[i];
	if (expect->name == NULL)
		return rest_wrong(rest);
	expect->nothing = rest_is(rest, "nothing");
	if (!expect->nothing && !take_number(rest, &expect->value, &expect->diastolic))
		return false;
	return take_instant(rest, expect, false);
}

static bool read_phase(struct rest *rest, struct expect *expect)
{
	expect->kind = EXPECT_PHASE;
	if (rest->at == rest->count)
		return rest_wrong(rest);
	expect->name = rest->words[rest->at++];
	return take_instant(rest, expect, false);
}

static bool read_at_most(struct rest *rest, struct expect *expect)
{
	double number;

	expect->kind = EXPECT_AT_MOST;
	if (!take_number(rest, &number, NULL) || !take_priority(rest, expect))
		return false;
	expect->count = (long)number;
	return take_window(rest, expect);
}

/* Of an alarm: PRIORITY between .. | PRIORITY at .. | ends between .. */
static bool read_alarm(struct rest *rest, struct expect *expect)
{
	static const char *const changes[] = {"ends", "latches", "reminds"};

	expect->kind = EXPECT_CHANGE;
	expect->any_priority = true;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		if (!rest_is(rest, changes[i]))
			continue;
		expect->change = changes[i];
		return take_window(rest, expect);
	}
	if (!take_priority(rest, expect))
		return false;
	if (rest->at < rest->count && strcmp(rest->words[rest->at], "at") == 0) {
		expect->kind = EXPECT_STANDS;
		return take_instant(rest, expect, false);
	}
	expect->kind = EXPECT_ALARM;
	if (!take_window(rest, expect))
		return false;
	if (rest_is(rest, "value")) {
		expect->has_value = true;
		if (!take_number(rest, &expect->value, NULL))
			return false;
	}
	if (!rest_is(rest, "says"))
		return true;
	if (rest->at == rest->count)
		return rest_wrong(rest);
	expect->says = rest->words[rest->at++];
	return true;
}

static bool read_expect(struct rest *rest, struct expect *expect)
{
	if (rest->at == rest->count)
		return rest_wrong(rest);
	expect->name = rest->words[rest->at];
	if (rest_is(rest, "start") || rest_is(rest, "leave"))
		return read_door(rest, expect);
	if (rest_is(rest, "cuff")) {
		expect->kind = EXPECT_CUFF;
		return take_window(rest, expect);
	}
	expect->name = NULL;
	if (rest_is(rest, "shown"))
		return read_shown(rest, expect);
	if (rest_is(rest, "phase"))
		return read_phase(rest, expect);
	if (rest_is(rest, "at-most"))
		return read_at_most(rest, expect);
	expect->name = rest->words[rest->at++];
	return read_alarm(rest, expect);
}

static bool read_never(struct rest *rest, struct expect *expect)
{
	if (rest->at == rest->count)
		return rest_wrong(rest);
	expect->name = rest->words[rest->at++];
	expect->kind = strcmp(expect->name, "cuff") == 0            ? EXPECT_NO_CUFF
	               : strcmp(expect->name, "anything-else") == 0 ? EXPECT_NO_OTHER
	                                                            : EXPECT_NEVER;
	expect->any_priority = true;
	expect->whole = rest->at == rest->count;
	if (expect->whole)
		return true;
	if (strcmp(rest->words[rest->at], "between") != 0 && strcmp(rest->words[rest->at], "at") != 0 &&
	    !take_priority(rest, expect))
		return false;
	expect->whole = rest->at == rest->count;
	if (expect->whole)
		return true;
	return strcmp(rest->words[rest->at], "at") == 0 ? take_instant(rest, expect, false) : take_window(rest, expect);
}

bool expect_read(const struct story_line *line, struct expect *expect, char error[SIM_TEXT])
{
	struct rest rest = {.words = line->words, .count = line->count, .at = 1, .usage = usage, .error = error};

	*expect = (struct expect){.line = line};
	bool good = strcmp(line->words[0], "never") == 0 ? read_never(&rest, expect) : read_expect(&rest, expect);

	return good && (rest.at == rest.count || rest_wrong(&rest));
}

/* `pattern` may hold * for any letters, also none. */
bool name_matches(const char *pattern, const char *name)
{
	if (*pattern == '*')
		return name_matches(pattern + 1, name) || (*name != '\0' && name_matches(pattern, name + 1));
	return *pattern == *name && (*pattern == '\0' || name_matches(pattern + 1, name + 1));
}
