/* Names and sentences of alarm conditions. Called by the encoder, the record and the control socket; pure. */
#include "core.h"

struct text {
	char *to;
	uint16_t size, count;
};

/* Appends what fits, never half a UTF-8 character, and keeps the text terminated. */
static void append(struct text *text, const char *from)
{
	size_t length = strlen(from);
	size_t room = (size_t)(text->size - text->count - 1);

	if (length > room) {
		length = room;
		while (length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80)
			length--;
		text->size = (uint16_t)(text->count + length + 1);
	}
	memcpy(text->to + text->count, from, length);
	text->count = (uint16_t)(text->count + length);
	text->to[text->count] = '\0';
}

static void append_two(char *to, uint16_t size, const char *first, const char *second)
{
	struct text text = {.to = to, .size = size};

	if (size == 0)
		return;
	append(&text, first);
	append(&text, second);
}

static const char *comparison_word(enum comparison comparison)
{
	switch (comparison) {
	case COMPARISON_ABOVE:
		return "above";
	case COMPARISON_AT_LEAST:
		return "at-least";
	case COMPARISON_BELOW:
		return "below";
	case COMPARISON_AT_MOST:
		return "at-most";
	}
	return "";
}

static const char *reference_word(enum reference reference)
{
	switch (reference) {
	case REFERENCE_ABSOLUTE:
		return ".";
	case REFERENCE_BASELINE:
		return ".rise-";
	case REFERENCE_DIFFERENCE:
		return ".difference-";
	}
	return "";
}

void engine_term_name(const struct rule_term *term, char name[NAME_BYTES])
{
	struct text text = {.to = name, .size = NAME_BYTES};

	append(&text, parameter_table[term->parameter].name);
	append(&text, reference_word(term->reference));
	append(&text, comparison_word(term->comparison));
}

void engine_condition_name(const struct engine *engine, const struct alarm *alarm, char *name, uint16_t size)
{
	const struct engine_config *config = engine->config;

	switch (alarm->kind) {
	case CONDITION_RULE:
		append_two(name, size, config->plan.rules[alarm->index].name, "");
		break;
	case CONDITION_MISSING:
		append_two(name, size, "missing-", parameter_table[alarm->index].name);
		break;
	case CONDITION_DEVICE:
		append_two(name, size, "device-", config->devices[alarm->index].name);
		break;
	case CONDITION_CUFF_FAILED:
		append_two(name, size, "cuff-failed-", config->devices[alarm->index].name);
		break;
	case CONDITION_CHECK_LATE:
		append_two(name, size, "late-", config->plan.checks[alarm->index].name);
		break;
	case CONDITION_SERVICE:
		append_two(name, size, "service-", service_name((enum service)alarm->index));
		break;
	case CONDITION_CLOCK:
		append_two(name, size, "clock-stepped", "");
		break;
	case CONDITION_FLAPPING:
		append_two(name, size, "flapping-", config->devices[alarm->index].name);
		break;
	case CONDITION_TAKEN_OUT:
		if (alarm->index < DEVICES_MAX) /* a device may have the name of what it measures */
			append_two(name, size, "taken-out-device-", config->devices[alarm->index].name);
		else
			append_two(name, size, "taken-out-", parameter_table[alarm->index - DEVICES_MAX].name);
		break;
	case CONDITION_TEST:
		append_two(name, size, "test", "");
		break;
	case CONDITION_HELP:
		append_two(name, size, "help", "");
		break;
	case CONDITION_AWAY:
		append_two(name, size, "monitor-away", "");
		break;
	case CONDITION_KIND_COUNT:
		break;
	}
}

static void append_number(struct text *text, int32_t milli)
{
	uint32_t left = milli < 0 ? 0U - (uint32_t)milli : (uint32_t)milli;
	uint32_t whole = left / MILLI, tenths = left % MILLI / (MILLI / 10);
	char digits[16];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	if (tenths != 0) { /* as much as staff need */
		digits[--at] = (char)('0' + tenths);
		digits[--at] = '.';
	}
	for (; whole != 0 || at == sizeof(digits) - 1 || digits[at] == '.'; whole /= 10)
		digits[--at] = (char)('0' + whole % 10);
	if (milli < 0)
		digits[--at] = '-';
	append(text, digits + at);
}

static void append_value(struct text *text, enum parameter parameter, int32_t milli)
{
	append_number(text, milli);
	switch (parameter_table[parameter].ucum[0]) {
	case '%':
		append(text, " %");
		break;
	case 'm':
		append(text, " mmHg");
		break;
	case '/':
		append(text, "/min");
		break;
	default: /* scores have none */
		break;
	}
}

static void append_reason(struct text *text, enum reason reason)
{
	static const char *const words[REASON_COUNT] = {
	    [REASON_NEVER_RECEIVED] = "nothing received",
	    [REASON_STALE] = "too old",
	    [REASON_DEVICE_LOST] = "device lost",
	    [REASON_WRONG_DEVICE] = "a different device",
	    [REASON_SENSOR_OFF] = "sensor off",
	    [REASON_SENSOR_FAULT] = "sensor fault",
	    [REASON_SEARCHING] = "searching",
	    [REASON_LOW_SIGNAL] = "weak signal",
	    [REASON_INTERFERENCE] = "interference",
	    [REASON_IMPLAUSIBLE] = "implausible",
	    [REASON_FAILED] = "failed",
	    [REASON_NOT_MEASURED] = "not measured",
	    [REASON_NO_PULSE] = "no pulse found",
	    [REASON_ASYSTOLE] = "asystole",
	    [REASON_APNEA] = "apnoea",
	    [REASON_BABBLE] = "sends far too often",
	    [REASON_PRINTING_MEMORY] = "the device is printing its memory",
	    [REASON_UNKNOWN_STATUS] = "a status of the device is not known",
	    [REASON_FROZEN] = "its registers no longer change",
	    [REASON_WRONG_SETUP] = "set up otherwise than required",
	    [REASON_BATTERY_LOW] = "battery low",
	};

	if (words[reason] == NULL)
		return;
	append(text, " (");
	append(text, words[reason]);
	append(text, ")");
}

/* The cuff fails, or read what cannot be: then with its numbers. */
static void cuff_text(const struct alarm *alarm, const char *device, char *to, uint16_t size)
{
	struct text text = {.to = to, .size = size};

	if (!alarm->has_value) {
		append_two(to, size, "Cuff measurement keeps failing: ", device);
		return;
	}
	append(&text, "Cuff read ");
	append_number(&text, alarm->milli);
	append(&text, "/");
	if (alarm->limit == 0)
		append(&text, "-");
	else
		append_number(&text, alarm->limit);
	append(&text, ", which cannot be: look at the patient; device ");
	append(&text, device);
}

/* Of a value lost beyond its limit, the last that was known, and why nothing came after it; else the value now, where
 * it is not the one that raised the alarm. */
static void rule_text(struct text *text, const struct plan_rule *rule, const struct alarm *alarm)
{
	append(text, rule->text);
	if (alarm->reason != REASON_NONE) {
		append(text, ": lost at ");
		append_value(text, alarm->parameter, alarm->milli);
		append_reason(text, alarm->reason);
	} else if (alarm_announced(alarm->state) && alarm->has_now && alarm->now_milli != alarm->milli) {
		append(text, ": now ");
		append_value(text, alarm->parameter, alarm->now_milli);
	}
}

/* One sensor, one alarm: all that its device does not bring now. */
static void missing_text(struct text *text, const struct engine *engine, const struct alarm *alarm)
{
	const struct engine_parameter *p = &engine->parameters[alarm->index];
	parameter_set asked = engine->config->plan.missing_parameters;

	append(text, "No current value: ");
	append(text, parameter_table[alarm->index].label);
	for (uint8_t i = 0; i < PARAMETER_COUNT; i++) {
		const struct engine_parameter *other = &engine->parameters[i];

		if (i == alarm->index || other->device != p->device || mono_is_never(other->missing_since) ||
		    parameter_table[i].cadence != CADENCE_CONTINUOUS || (asked != 0 && (asked & PARAMETER_BIT(i)) == 0))
			continue;
		append(text, ", ");
		append(text, parameter_table[i].label);
	}
	append_reason(text, alarm->reason);
}

static void away_text(const struct alarm *alarm, char *to, uint16_t size)
{
	struct text text = {.to = to, .size = size};
	int32_t seconds = alarm->milli < 0 ? 0 : alarm->milli;

	append(&text, "The monitor watched nothing for ");
	if (alarm->reason != REASON_NONE)
		append(&text, "about ");
	append_number(&text, seconds < 120            ? seconds * MILLI
	                     : seconds / 60 > 2000000 ? 2000000000
	                                              : seconds / 60 * MILLI);
	append(&text, seconds < 120 ? " s" : " min");
}

void engine_condition_text(const struct engine *engine, const struct alarm *alarm, char *text, uint16_t size)
{
	const struct engine_config *config = engine->config;
	static const char *const services[SERVICE_COUNT] = {
	    [SERVICE_RECORDER] = "The record cannot be written",
	    [SERVICE_PUBLISHER] = "Displays may not be reached",
	    [SERVICE_DISPLAYS] = "A display does not confirm what it shows",
	    [SERVICE_CONFIG] = "A changed configuration was refused",
	    [SERVICE_ENGINE] = "The monitor judged too late, or its state contradicts itself",
	    [SERVICE_SESSION] = "The monitor restarted: open the session again, no limit is watched",
	};

	struct text out = {.to = text, .size = size};

	if (size == 0)
		return;
	text[0] = '\0';
	switch (alarm->kind) {
	case CONDITION_RULE:
		rule_text(&out, &config->plan.rules[alarm->index], alarm);
		break;
	case CONDITION_MISSING:
		missing_text(&out, engine, alarm);
		break;
	case CONDITION_DEVICE:
		append_two(text, size,
		           alarm->reason == REASON_WRONG_DEVICE  ? "A different device answers as "
		           : alarm->reason == REASON_BABBLE      ? "Sends far too often: device "
		           : alarm->reason == REASON_BATTERY_LOW ? "Battery low: device "
		                                                 : "No data from device ",
		           config->devices[alarm->index].name);
		break;
	case CONDITION_CUFF_FAILED:
		cuff_text(alarm, config->devices[alarm->index].name, text, size);
		break;
	case CONDITION_CHECK_LATE:
		append_two(text, size, "Late: ", config->plan.checks[alarm->index].text);
		break;
	case CONDITION_SERVICE:
		if (alarm->index == SERVICE_SESSION && engine->session.open)
			append_two(text, size, "The monitor restarted and may have lost entries: check the session",
			           "");
		else
			append_two(text, size, services[alarm->index], "");
		break;
	case CONDITION_CLOCK:
		append_two(text, size, "The clock of the monitor was stepped", "");
		break;
	case CONDITION_FLAPPING:
		append_two(text, size, "Comes and goes: device ", config->devices[alarm->index].name);
		break;
	case CONDITION_TAKEN_OUT:
		append_two(text, size, "Taken out of alarming: ",
		           alarm->index < DEVICES_MAX ? config->devices[alarm->index].name
		                                      : parameter_table[alarm->index - DEVICES_MAX].label);
		break;
	case CONDITION_TEST:
		append_two(text, size, "TEST of the alarm path", "");
		break;
	case CONDITION_HELP:
		append_two(text, size, "HELP is called for in the room", "");
		break;
	case CONDITION_AWAY:
		away_text(alarm, text, size);
		break;
	case CONDITION_KIND_COUNT:
		break;
	}
}
