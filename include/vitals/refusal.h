/* Why a request was refused: a token with arguments, from which a display can make a sentence in its own language, and
 * the English sentence made of the same. All tokens and sentences of the daemon stand in one table,
 * daemon/wire/refusal.c; proto/README.md lists them. Pure, without heap. */
#ifndef VITALS_REFUSAL_H
#define VITALS_REFUSAL_H

#include <stdint.h>

#include "vitals/engine.h"
#include "vitals/text.h"

#define REFUSAL_ARGUMENTS_MAX 5
#define REFUSAL_VALUE_BYTES   128
#define REFUSAL_TEXT_BYTES    160

enum refusal_code {
	REFUSAL_NONE, /* done */
	/* All that is to be said is the result. */
	REFUSAL_NO_SESSION,
	REFUSAL_SESSION_OPEN,
	REFUSAL_WRONG_STATE,
	REFUSAL_UNKNOWN_ALARM,
	REFUSAL_OUT_OF_RANGE,
	REFUSAL_NO_CUFF,
	REFUSAL_BLOCKED,
	REFUSAL_SECOND_PERSON,
	REFUSAL_BEYOND_CRITICAL,
	REFUSAL_UNKNOWN_NAME,
	REFUSAL_NOT_RECORDED,
	REFUSAL_BUSY,
	/* The prescription. */
	REFUSAL_DOSE_AMOUNT,
	REFUSAL_DOSE_PER_KG,
	REFUSAL_DOSE_DURATION,
	REFUSAL_DOSE_CONCENTRATION,
	/* The wrong moment. */
	REFUSAL_NO_SPRAY,
	REFUSAL_SPRAY_FULL,
	REFUSAL_SPRAY_ENDED,
	REFUSAL_SPRAY_TOO_SOON,
	REFUSAL_SPRAY_ALL_GIVEN,
	REFUSAL_STARTS_WITH_SPRAY,
	REFUSAL_STARTED,
	REFUSAL_NOT_STARTED,
	REFUSAL_ENDED,
	REFUSAL_PAUSED,
	REFUSAL_NOT_PAUSED,
	REFUSAL_TEST_RUNS,
	REFUSAL_NOT_TAKEN_OUT,
	REFUSAL_LAST_SOURCE,
	/* Names and limits. */
	REFUSAL_UNKNOWN_ITEM,
	REFUSAL_UNKNOWN_DEVICE,
	REFUSAL_UNKNOWN_PARAMETER,
	REFUSAL_UNKNOWN_RULE,
	REFUSAL_UNKNOWN_TERM,
	REFUSAL_UNKNOWN_PERSON,
	REFUSAL_LIMIT_LOOSER,
	REFUSAL_LIMIT_IMPLAUSIBLE,
	/* The desk and its doors. */
	REFUSAL_NOT_CONFIRMED,
	REFUSAL_NO_STATE,
	REFUSAL_CLIENTS,
	REFUSAL_CONNECTION_NEEDED,
	REFUSAL_CONNECTION_IDLE,
	REFUSAL_CONNECTION_SILENT,
	/* A close before the start. */
	REFUSAL_HIGH_ALARM,
	REFUSAL_RESUME,
	/* A request that is none. */
	REFUSAL_PACKET_SIZE,
	REFUSAL_PACKET,
	REFUSAL_ROUNDABOUT,
	REFUSAL_NO_COMMAND,
	REFUSAL_FIELD_RANGE,
	REFUSAL_FIELD_RANGE_OR_NONE,
	REFUSAL_FIELD_TEXT,
	REFUSAL_FIELD_NAME,
	REFUSAL_FIELD_PSEUDONYM,
	REFUSAL_FIELD_MISSING,
	REFUSAL_TAKE_OUT_WHAT,
	REFUSAL_ALARM_WHICH,
	REFUSAL_SCORE_UNKNOWN,
	REFUSAL_SCORE_MISSING,
	REFUSAL_SCORE_OF_NOTHING,
	REFUSAL_OBSERVATION_EMPTY,
	/* What stands against a start or a leaving (Session.blocker). */
	REFUSAL_RULE_MET,
	REFUSAL_RULE_UNKNOWN,
	REFUSAL_RULE_OLD,
	REFUSAL_RULE_UNCONFIRMED,
	REFUSAL_ITEM_OPEN,
	REFUSAL_DOSE_UNKNOWN,
	REFUSAL_NO_SOURCE,
	REFUSAL_TAKEN_OUT,
	REFUSAL_NOT_OVER,
	REFUSAL_TOO_EARLY,
	REFUSAL_NOT_QUIET,
	REFUSAL_NOT_QUIET_YET,
	REFUSAL_BASELINE_READINGS,
	REFUSAL_BASELINE_SCORES,
	REFUSAL_BLOCKER,
	REFUSAL_COUNT
};

struct refusal {
	enum refusal_code code;
	uint8_t count;
	struct {
		const char *name; /* static */
		char value[REFUSAL_VALUE_BYTES];
	} arguments[REFUSAL_ARGUMENTS_MAX];
};

/* Begins one; arguments are added next, at most REFUSAL_ARGUMENTS_MAX. */
void refusal_begin(struct refusal *refusal, enum refusal_code code);
void refusal_text(struct refusal *refusal, const char *name, const char *value); /* cut if too long */
void refusal_number(struct refusal *refusal, const char *name, int64_t value);
void refusal_decimal(struct refusal *refusal, const char *name, int64_t milli); /* 362500 -> "362.5" */

/* One more name of a list, the last argument, after a blank. What has no room is left out. */
void refusal_add_name(struct refusal *refusal, const char *name);

/* What says no more than the result does; REFUSAL_NONE for RESULT_OK. */
enum refusal_code refusal_of_result(enum result result);

const char *refusal_token(enum refusal_code code);    /* "dose-per-kg"; "" for REFUSAL_NONE */
const char *refusal_template(enum refusal_code code); /* the sentence, with {argument} where one goes */

/* The sentence for staff. Cut if too long. */
void refusal_sentence(char text[REFUSAL_TEXT_BYTES], const struct refusal *refusal);

#endif
