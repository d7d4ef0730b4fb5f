/* The daemon's one table of refusals: tokens for programs, sentences for people; see vitals/refusal.h. A token never
 * changes its meaning or its arguments. */
#include "vitals/refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_IT " Check the order; if it is right, name the second person who checked it."
#define OVERRIDE " A named clinician may override."

static const struct {
	const char *token, *sentence;
} table[REFUSAL_COUNT] = {
    [REFUSAL_NONE] = {"", "Done."},
    [REFUSAL_NO_SESSION] = {"no-session", "No session is open."},
    [REFUSAL_SESSION_OPEN] = {"session-open", "A session is open already. Close it first."},
    [REFUSAL_WRONG_STATE] = {"wrong-state", "The session is not in a state in which this can be done."},
    [REFUSAL_UNKNOWN_ALARM] = {"unknown-alarm", "There is no such alarm, or it needs no acknowledgement."},
    [REFUSAL_OUT_OF_RANGE] = {"out-of-range", "A value is missing or out of range."},
    [REFUSAL_NO_CUFF] = {"no-cuff", "No connected device accepts cuff commands."},
    [REFUSAL_BLOCKED] = {"blocked", "Something stands against it. A named clinician may override with a reason."},
    [REFUSAL_SECOND_PERSON] = {"second-person", "This needs a second named person, who is not the one who asks."},
    [REFUSAL_BEYOND_CRITICAL] = {"beyond-critical", "A critical rule for the same parameter allows no limit so loose."},
    [REFUSAL_UNKNOWN_NAME] = {"unknown-name", "There is no rule, item, device, parameter or display of that name."},
    [REFUSAL_NOT_RECORDED] = {"not-recorded", "Carried out, but it could not be recorded."},
    [REFUSAL_BUSY] = {"busy", "Too many commands are waiting. Try again."},

    [REFUSAL_DOSE_AMOUNT] = {"dose-amount", "{dose_mg} mg is no dose of this plan." CHECK_IT},
    [REFUSAL_DOSE_PER_KG] = {"dose-per-kg",
                             "{dose_mg} mg for {weight_kg} kg is {mg_per_kg} mg/kg (plan: {min} to {max})." CHECK_IT},
    [REFUSAL_DOSE_DURATION] = {"dose-duration", "{minutes} min is shorter than the plan allows ({min} min)." CHECK_IT},
    [REFUSAL_DOSE_CONCENTRATION] = {"dose-concentration",
                                    "{mg_per_ml} mg/mL is outside the plan ({min} to {max} mg/mL)." CHECK_IT},

    [REFUSAL_NO_SPRAY] = {"no-spray", "This plan knows no spray devices."},
    [REFUSAL_SPRAY_FULL] = {"spray-full", "{devices} devices are recorded: there is room for no more."},
    [REFUSAL_SPRAY_ENDED] = {"spray-ended", "The administration has ended." OVERRIDE},
    [REFUSAL_SPRAY_TOO_SOON] = {"spray-too-soon", "Too soon: the next device is due in {seconds} s." OVERRIDE},
    [REFUSAL_SPRAY_ALL_GIVEN] = {"spray-all-given",
                                 "All of the ordered {dose_mg} mg were given ({devices} devices)." OVERRIDE},
    [REFUSAL_STARTS_WITH_SPRAY] = {"starts-with-spray", "It starts with the first spray device: record that one."},
    [REFUSAL_STARTED] = {"started", "The session has started already."},
    [REFUSAL_NOT_STARTED] = {"not-started", "The session has not started yet."},
    [REFUSAL_ENDED] = {"ended", "The administration has ended."},
    [REFUSAL_PAUSED] = {"paused", "It is paused already."},
    [REFUSAL_NOT_PAUSED] = {"not-paused", "It is not paused."},
    [REFUSAL_TEST_RUNS] = {"test-runs", "A test alarm is running: acknowledge it first."},
    [REFUSAL_NOT_TAKEN_OUT] = {"not-taken-out", "It is not taken out."},
    [REFUSAL_LAST_SOURCE] = {"last-source", "A critical limit would have no source left." OVERRIDE},

    [REFUSAL_UNKNOWN_ITEM] = {"unknown-item", "There is no such item. There are: {items}"},
    [REFUSAL_UNKNOWN_DEVICE] = {"unknown-device", "There is no such device here. There are: {devices}"},
    [REFUSAL_UNKNOWN_PARAMETER] = {"unknown-parameter", "There is no such parameter here. There are: {parameters}"},
    [REFUSAL_UNKNOWN_PERSON] = {"unknown-person", "Nobody is known here as {person}. Known are: {people}"},
    [REFUSAL_UNKNOWN_RULE] = {"unknown-rule", "There is no alarm rule {rule}: its limits stand beside the values."},
    [REFUSAL_UNKNOWN_TERM] = {"unknown-term", "Name one limit of {rule}. It has: {terms}"},
    [REFUSAL_LIMIT_LOOSER] = {"limit-looser",
                              "{limit} is looser than the plan's {plan}: name the second person who agrees."},
    [REFUSAL_LIMIT_IMPLAUSIBLE] =
        {"limit-implausible",
         "{label} must be a value that can be measured: {min} to {max}, with room for its clearing."},

    [REFUSAL_NOT_CONFIRMED] = {"not-confirmed", "No confirmation within {seconds} s. It may have been carried out: "
                                                "check before repeating it."},
    [REFUSAL_NO_STATE] = {"no-state", "The monitor has no current state to show."},
    [REFUSAL_CLIENTS] = {"clients",
                         "Too many clients are connected ({account} of an account, {all} in all). Try again."},
    [REFUSAL_CONNECTION_NEEDED] = {"connection-needed", "The connection was needed. It may have been carried out: "
                                                        "check before repeating it."},
    [REFUSAL_CONNECTION_IDLE] = {"connection-idle",
                                 "The connection was idle, and needed for another one. Connect again."},
    [REFUSAL_CONNECTION_SILENT] = {"connection-silent", "Nothing was asked for {seconds} s. Connect again."},

    [REFUSAL_RESUME] = {"resume-blocked", "Not to be resumed while this stands: {text}." OVERRIDE},
    [REFUSAL_HIGH_ALARM] = {"high-alarm", "A high alarm stands: {text}." OVERRIDE},

    [REFUSAL_PACKET_SIZE] = {"packet-size", "the packet's size is out of range (legal: 1 .. {max} bytes)"},
    [REFUSAL_PACKET] = {"packet", "the packet is not a vitals.v1.Request"},
    [REFUSAL_ROUNDABOUT] = {"roundabout", "a field is repeated, holds a NUL or is encoded in a roundabout way"},
    [REFUSAL_NO_COMMAND] = {"no-command", "no command that this version knows (legal: one of proto/vitals.proto, "
                                          "Request.command)"},
    [REFUSAL_FIELD_RANGE] = {"field-range", "{field} is {value} (legal: {min} .. {max})"},
    [REFUSAL_FIELD_RANGE_OR_NONE] = {"field-range-or-none",
                                     "{field} is {value} (legal: 0 for none, or {min} .. {max})"},
    [REFUSAL_FIELD_TEXT] = {"field-text", "{field} must be one line of UTF-8 without control characters "
                                          "(legal: 0 .. {max} bytes)"},
    [REFUSAL_FIELD_NAME] = {"field-name", "{field} must be a name in one word (legal: 1 .. 31 of A-Z a-z 0-9 . _ -)"},
    [REFUSAL_FIELD_PSEUDONYM] = {"field-pseudonym",
                                 "{field} must be a pseudonym (legal: 1 .. 31 of A-Z a-z 0-9 . _ -)"},
    [REFUSAL_FIELD_MISSING] = {"field-missing", "{field} is missing (legal: 1 .. {max} bytes)"},
    [REFUSAL_TAKE_OUT_WHAT] = {"take-out-what", "take_out needs a device or a parameter"},
    [REFUSAL_ALARM_WHICH] = {"alarm-which",
                             "alarm_acknowledge needs the alarms that were shown, or the id of one, or all = true"},
    [REFUSAL_SCORE_UNKNOWN] = {"score-unknown",
                               "observe.parameter is not a score that is entered (legal: {scores}, or none)"},
    [REFUSAL_SCORE_MISSING] = {"score-missing", "observe.milli is missing (a parameter needs its score)"},
    [REFUSAL_SCORE_OF_NOTHING] = {"score-of-nothing", "observe.milli without observe.parameter (legal: {scores})"},
    [REFUSAL_OBSERVATION_EMPTY] = {"observation-empty", "observe needs a score or a note"},

    [REFUSAL_RULE_MET] = {"rule", "{text}"},
    [REFUSAL_RULE_UNKNOWN] = {"rule-unknown", "{text}: not known yet"},
    [REFUSAL_RULE_OLD] = {"rule-old", "{text}: measured too long ago"},
    [REFUSAL_RULE_UNCONFIRMED] = {"rule-unconfirmed", "{text}: back, but not long enough"},
    [REFUSAL_ITEM_OPEN] = {"item", "{text}"},
    [REFUSAL_DOSE_UNKNOWN] = {"dose-unknown", "Dose or weight is not known: close the open one and give both"},
    [REFUSAL_NO_SOURCE] = {"no-source", "No source for {rules}: no device here brings {labels}"},
    [REFUSAL_TAKEN_OUT] = {"taken-out", "What a critical limit needs is taken out of alarming"},
    [REFUSAL_NOT_OVER] = {"not-over", "Too early to leave: the administration has not ended"},
    [REFUSAL_TOO_EARLY] = {"too-early", "Too early to leave: {minutes} min more"},
    [REFUSAL_NOT_QUIET] = {"not-quiet", "{text}: quiet for {minutes} min after it ends"},
    [REFUSAL_NOT_QUIET_YET] = {"not-quiet-yet", "{text}: over, {minutes} min more of quiet"},
    [REFUSAL_BASELINE_READINGS] = {"baseline-readings",
                                   "{readings} of {wanted} cuff readings for the baseline: wait, or start one"},
    [REFUSAL_BASELINE_SCORES] = {"baseline-scores", "Enter before the start: {labels}"},
    [REFUSAL_BLOCKER] = {"blocker", "{name}"},
};

void refusal_begin(struct refusal *refusal, enum refusal_code code)
{
	memset(refusal, 0, sizeof(*refusal));
	refusal->code = code;
}

void refusal_text(struct refusal *refusal, const char *name, const char *value)
{
	if (refusal->count == REFUSAL_ARGUMENTS_MAX)
		abort(); /* a bug of ours: no refusal has so many */
	refusal->arguments[refusal->count].name = name;
	(void)snprintf(refusal->arguments[refusal->count].value, REFUSAL_VALUE_BYTES, "%s", value); /* cut is fine */
	refusal->count++;
}

void refusal_number(struct refusal *refusal, const char *name, int64_t value)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%lld", (long long)value); /* fits */
	refusal_text(refusal, name, text);
}

void refusal_decimal(struct refusal *refusal, const char *name, int64_t milli)
{
	char text[32];
	int64_t rest = llabs(milli) % 1000;
	int digits = 3;

	for (; digits > 0 && rest % 10 == 0; digits--)
		rest /= 10;
	if (digits == 0)
		(void)snprintf(text, sizeof(text), "%lld", (long long)(milli / 1000)); /* fits */
	else
		(void)snprintf(text, sizeof(text), "%s%lld.%0*lld", milli < 0 ? "-" : "",
		               (long long)(llabs(milli) / 1000), digits, (long long)rest); /* fits */
	refusal_text(refusal, name, text);
}

void refusal_add_name(struct refusal *refusal, const char *name)
{
	char *list = refusal->arguments[refusal->count - 1].value;
	size_t used = strnlen(list, REFUSAL_VALUE_BYTES - 1);
	size_t size = strnlen(name, NAME_BYTES);

	if (used + 1 + size >= REFUSAL_VALUE_BYTES)
		return;
	(void)snprintf(list + used, REFUSAL_VALUE_BYTES - used, "%s%s", used > 0 ? " " : "", name); /* fits */
}

enum refusal_code refusal_of_result(enum result result)
{
	switch (result) {
	case RESULT_OK:
	case RESULT_COUNT:
		break;
	case RESULT_NO_SESSION:
		return REFUSAL_NO_SESSION;
	case RESULT_SESSION_OPEN:
		return REFUSAL_SESSION_OPEN;
	case RESULT_WRONG_STATE:
		return REFUSAL_WRONG_STATE;
	case RESULT_UNKNOWN_ALARM:
		return REFUSAL_UNKNOWN_ALARM;
	case RESULT_OUT_OF_RANGE:
		return REFUSAL_OUT_OF_RANGE;
	case RESULT_NO_CUFF:
		return REFUSAL_NO_CUFF;
	case RESULT_BLOCKED:
		return REFUSAL_BLOCKED;
	case RESULT_SECOND_PERSON:
		return REFUSAL_SECOND_PERSON;
	case RESULT_BEYOND_CRITICAL:
		return REFUSAL_BEYOND_CRITICAL;
	case RESULT_UNKNOWN_NAME:
		return REFUSAL_UNKNOWN_NAME;
	case RESULT_NOT_RECORDED:
		return REFUSAL_NOT_RECORDED;
	case RESULT_BUSY:
		return REFUSAL_BUSY;
	case RESULT_BAD_REQUEST:
		return REFUSAL_PACKET;
	}
	return REFUSAL_NONE;
}

const char *refusal_token(enum refusal_code code)
{
	return table[code].token;
}

const char *refusal_template(enum refusal_code code)
{
	return table[code].sentence;
}

/* The value of the argument whose name stands at `name`; "" if there is none. */
static const char *value_of(const struct refusal *refusal, const char *name, size_t size)
{
	for (uint8_t i = 0; i < refusal->count; i++)
		if (strlen(refusal->arguments[i].name) == size && memcmp(refusal->arguments[i].name, name, size) == 0)
			return refusal->arguments[i].value;
	return "";
}

void refusal_sentence(char text[REFUSAL_TEXT_BYTES], const struct refusal *refusal)
{
	const char *from = table[refusal->code].sentence;
	size_t used = 0;

	while (*from != '\0' && used < REFUSAL_TEXT_BYTES) {
		size_t plain = strcspn(from, "{");
		size_t name = from[plain] == '{' ? strcspn(from + plain + 1, "}") : 0;
		const char *value = value_of(refusal, from + plain + 1, name);
		int wrote =
		    snprintf(text + used, REFUSAL_TEXT_BYTES - used, "%.*s%s", (int)plain, from, name > 0 ? value : "");
		used += wrote > 0 ? (size_t)wrote : 0;
		from += plain + (name > 0 ? name + 2 : 0);
	}
}
