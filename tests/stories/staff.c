/* What staff do in a story: a line of text to a command of the engine, and what must come of it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stories/stories.h"

static bool take_word(struct rest *rest, char *to, size_t size)
{
	if (rest->at == rest->count || strlen(rest->words[rest->at]) >= size)
		return rest_wrong(rest);
	(void)snprintf(to, size, "%s", rest->words[rest->at++]);
	return true;
}

/* A number in thousandths. */
static bool take_milli(struct rest *rest, double low, double high, int32_t *milli)
{
	char *end = NULL;
	double number = 0;

	errno = 0;
	if (rest->at < rest->count)
		number = strtod(rest->words[rest->at], &end);
	if (end == NULL || *end != '\0' || end == rest->words[rest->at] || errno != 0 ||
	    !(number >= low && number <= high))
		return rest_wrong(rest);
	rest->at++;
	*milli = (int32_t)lround(number * 1000);
	return true;
}

/* ---- each kind of line
 * ------------------------------------------------------------------------------------------------ */

/* What may stand behind each kind of line. */
static bool ends(const char *word)
{
	return strcmp(word, "as") == 0 || strcmp(word, "not-yet") == 0 || strcmp(word, "refused") == 0;
}

/* `key N [unit]` in any order. */
static bool read_open(struct rest *rest, struct staff_act *act)
{
	struct session_order *order = &act->command.u.order;
	struct {
		const char *key, *unit;
		double high;
		int32_t *to;
		int32_t divide; /* from thousandths */
	} keys[] = {
	    {"weight", "kg", 400, &order->weight_g, 1},      {"dose", "mg", 1000, &order->dose_ug, 1},
	    {"duration", "min", 720, &order->duration_s, 0}, {"concentration", "mg/ml", 1000, &order->ug_per_ml, 1},
	    {"series", "", 1000, &order->series, 1000},      {"age", "", 150, &order->age_years, 1000},
	};

	act->command.command = COMMAND_SESSION_OPEN;
	(void)snprintf(order->patient_ref, sizeof order->patient_ref, "P-1");
	while (rest->at < rest->count && !ends(rest->words[rest->at])) {
		size_t k = 0;

		if (rest_is(rest, "patient")) {
			if (!take_word(rest, order->patient_ref, sizeof order->patient_ref))
				return false;
			continue;
		}
		if (rest_is(rest, "second")) {
			if (!take_word(rest, order->second_person, sizeof order->second_person))
				return false;
			continue;
		}
		while (k < sizeof keys / sizeof keys[0] && !rest_is(rest, keys[k].key))
			k++;
		if (k == sizeof keys / sizeof keys[0])
			return rest_wrong(rest);
		if (!take_milli(rest, 0, keys[k].high, keys[k].to))
			return false;
		*keys[k].to = keys[k].divide == 0 ? *keys[k].to * 60 / 1000 : *keys[k].to / keys[k].divide;
		(void)rest_is(rest, keys[k].unit); /* may be left out */
	}
	return true;
}

/* `[override NAME "reason"]` */
static bool read_override(struct rest *rest, struct override *override)
{
	return !rest_is(rest, "override") || (take_word(rest, override->name, sizeof override->name) &&
	                                      take_word(rest, override->reason, sizeof override->reason));
}

static bool take_score(struct rest *rest, enum parameter *parameter, int32_t *milli)
{
	int p = rest->at < rest->count ? parameter_by_name(rest->words[rest->at]) : -1;

	if (p < 0 || parameter_table[p].cadence != CADENCE_ENTERED)
		return rest_wrong(rest);
	rest->at++;
	*parameter = (enum parameter)p;
	return take_milli(rest, -5, 100, milli);
}

static bool read_observe(struct rest *rest, struct staff_act *act)
{
	struct observation *o = &act->command.u.observation;

	act->command.command = COMMAND_OBSERVE;
	o->has_score = true;
	return take_score(rest, &o->parameter, &o->milli) &&
	       (!rest_is(rest, "note") || take_word(rest, o->note, sizeof o->note));
}

static bool read_note(struct rest *rest, struct staff_act *act)
{
	act->command.command = COMMAND_OBSERVE;
	return take_word(rest, act->command.u.observation.note, sizeof act->command.u.observation.note);
}

static bool read_distress(struct rest *rest, struct staff_act *act)
{
	struct observation *o = &act->command.u.observation;

	act->command.command = COMMAND_OBSERVE;
	o->has_score = true;
	o->parameter = PARAMETER_DISTRESS;
	o->milli = rest_is(rest, "yes") ? MILLI : 0;
	return o->milli > 0 || rest_is(rest, "no") || rest_wrong(rest);
}

static bool read_when_due(struct rest *rest, struct staff_act *act)
{
	act->kind = ACT_WHEN_DUE;
	if (rest_is(rest, "nothing"))
		return true;
	do {
		enum parameter parameter;
		int32_t milli;

		if (!take_score(rest, &parameter, &milli))
			return false;
		act->has_score[parameter] = true;
		act->score[parameter] = milli;
	} while (rest->at < rest->count && !ends(rest->words[rest->at]));
	return true;
}

static bool read_limit(struct rest *rest, struct staff_act *act)
{
	struct limit_order *limit = &act->command.u.limit;

	act->command.command = COMMAND_LIMIT;
	if (!take_word(rest, limit->rule, sizeof limit->rule) || !take_milli(rest, -300, 300, &limit->limit) ||
	    (rest_is(rest, "term") && !take_word(rest, limit->term, sizeof limit->term)) ||
	    (rest_is(rest, "second") && !take_word(rest, limit->second_person, sizeof limit->second_person)))
		return false;
	return rest_is(rest, "because") ? take_word(rest, limit->reason, sizeof limit->reason) : rest_wrong(rest);
}

static bool read_take_out(struct rest *rest, struct staff_act *act)
{
	struct take_out *out = &act->command.u.take_out;
	double s;

	act->command.command = COMMAND_TAKE_OUT;
	if (!take_word(rest, out->name, sizeof out->name) || !rest_is(rest, "for") || rest->at + 2 > rest->count ||
	    !scenario_duration(rest->words[rest->at], rest->words[rest->at + 1], &s))
		return rest_wrong(rest);
	rest->at += 2;
	out->duration_s = (int32_t)s;
	out->is_device = parameter_by_name(out->name) < 0;
	if (!rest_is(rest, "because"))
		return rest_wrong(rest);
	return take_word(rest, out->reason, sizeof out->reason) && read_override(rest, &out->override);
}

static bool read_put_back(struct rest *rest, struct staff_act *act)
{
	struct take_out *out = &act->command.u.take_out;

	act->command.command = COMMAND_TAKE_OUT;
	if (!take_word(rest, out->name, sizeof out->name))
		return false;
	out->is_device = parameter_by_name(out->name) < 0;
	return true;
}

static bool read_item(struct rest *rest, struct staff_act *act)
{
	act->command.command = COMMAND_ITEM;
	act->command.u.item.ticked = strcmp(rest->words[0], "tick") == 0;
	return take_word(rest, act->command.u.item.name, sizeof act->command.u.item.name);
}

static bool read_ack(struct rest *rest, struct staff_act *act)
{
	act->kind = ACT_ACK;
	act->command.command = COMMAND_ALARM_ACKNOWLEDGE;
	act->command.u.alarm_id = ALARM_ID_ALL;
	if (rest_is(rest, "seen")) {
		act->command.command = COMMAND_ALARM_ACKNOWLEDGE_SHOWN;
		return true;
	}
	return take_word(rest, act->name, sizeof act->name);
}

static bool read_oxygen(struct rest *rest, struct staff_act *act)
{
	return rest_is(rest, "air") ||
	       take_milli(rest, 0, OXYGEN_ML_PER_MIN_MAX / 1000, &act->command.u.oxygen_ml_per_min);
}

static bool read_overridable(struct rest *rest, struct staff_act *act)
{
	return read_override(rest, &act->command.u.override);
}

static bool read_nothing(struct rest *rest, struct staff_act *act)
{
	(void)rest;
	(void)act;
	return true;
}

/* ---- the line
 * --------------------------------------------------------------------------------------------------------- */

#define OVERRIDE " [override NAME \"reason\"]"

static const struct {
	const char *verb;
	enum command command;
	bool (*read)(struct rest *rest, struct staff_act *act);
	const char *usage;
} verbs[] = {
    {"open", COMMAND_SESSION_OPEN, read_open,
     "open [weight N kg] [dose N mg] [duration N min] [concentration N mg/ml] [age N] [series N] [patient REF] [second "
     "NAME]"},
    {"start", COMMAND_SESSION_START, read_overridable, "start" OVERRIDE},
    {"give", COMMAND_DEVICE_GIVEN, read_overridable, "give" OVERRIDE},
    {"close", COMMAND_SESSION_CLOSE, read_overridable, "close" OVERRIDE},
    {"pause", COMMAND_SESSION_PAUSE, read_nothing, "pause"},
    {"resume", COMMAND_SESSION_RESUME, read_nothing, "resume"},
    {"stop", COMMAND_SESSION_STOP, read_nothing, "stop"},
    {"ack", COMMAND_ALARM_ACKNOWLEDGE, read_ack, "ack ALARM | all | seen"},
    {"audio-pause", COMMAND_AUDIO_PAUSE, read_nothing, "audio-pause"},
    {"observe", COMMAND_OBSERVE, read_observe, "observe moaas|rass|cadss|cadss6|bprs N [note \"text\"]"},
    {"distress", COMMAND_OBSERVE, read_distress, "distress yes|no"},
    {"note", COMMAND_OBSERVE, read_note, "note \"text\""},
    {"when-due", COMMAND_OBSERVE, read_when_due, "when-due nothing, or when-due moaas|rass|cadss|cadss6|bprs N ..."},
    {"tick", COMMAND_ITEM, read_item, "tick ITEM"},
    {"untick", COMMAND_ITEM, read_item, "untick ITEM"},
    {"cuff", COMMAND_CUFF_START, read_nothing, "cuff"},
    {"cuff-stop", COMMAND_CUFF_STOP, read_nothing, "cuff-stop"},
    {"limit", COMMAND_LIMIT, read_limit, "limit RULE N [term N] [second NAME] because \"reason\""},
    {"take-out", COMMAND_TAKE_OUT, read_take_out, "take-out DEVICE|PARAMETER for N s|min because \"reason\"" OVERRIDE},
    {"put-back", COMMAND_TAKE_OUT, read_put_back, "put-back DEVICE|PARAMETER"},
    {"oxygen", COMMAND_OXYGEN, read_oxygen, "oxygen N | air"},
    {"call-help", COMMAND_CALL_HELP, read_nothing, "call-help"},
    {"test-alarm", COMMAND_TEST_ALARM, read_nothing, "test-alarm"},
};

/* `[as NAME] [not-yet | refused [RESULT [by NAME ...]]]` ends each line; a line that is not refused must be done. */
static bool read_outcome(struct rest *rest, struct staff_act *act)
{
	if (rest_is(rest, "as") && !take_word(rest, act->command.actor, sizeof act->command.actor))
		return false;
	act->not_yet = rest_is(rest, "not-yet");
	act->refused = rest_is(rest, "refused");
	if (!act->refused || rest->at == rest->count)
		return rest->at == rest->count || rest_wrong(rest);
	for (int r = RESULT_OK + 1; r < RESULT_COUNT; r++)
		if (strcmp(rest->words[rest->at], result_name((enum result)r)) == 0)
			(void)snprintf(act->result, sizeof act->result, "%s", rest->words[rest->at]);
	if (act->result[0] == '\0')
		return rest_wrong(rest);
	rest->at++;
	if (rest_is(rest, "by"))
		while (rest->at < rest->count)
			act->blockers[act->blocker_count++] = rest->words[rest->at++];
	return rest->at == rest->count || rest_wrong(rest);
}

bool staff_read(const struct story_line *line, struct staff_act *act, char error[SIM_TEXT])
{
	struct rest rest = {.words = line->words, .count = line->count, .at = 1, .error = error};
	char usage[SIM_TEXT];

	*act = (struct staff_act){.line = line};
	(void)snprintf(act->command.actor, sizeof act->command.actor, "nurse1");
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(line->words[0], verbs[i].verb) != 0)
			continue;
		(void)snprintf(usage, sizeof usage, "%s [as NAME] [not-yet | refused [RESULT [by NAME ...]]]",
		               verbs[i].usage);
		rest.usage = usage;
		act->command.command = verbs[i].command;
		return verbs[i].read(&rest, act) && read_outcome(&rest, act);
	}
	(void)snprintf(error, SIM_TEXT, "the story run does not know what \"%.40s\" means", line->words[0]);
	return false;
}
