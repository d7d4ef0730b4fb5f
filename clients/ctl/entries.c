/* Short forms of what staff enter most: a score, a note, oxygen, a call for help. Each answer says what was recorded
 * and for whom; see commands.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/commands.h"
#include "clients/ctl/option_table.h"
#include "clients/ctl/talk.h"

#define NOTE_MOST 95
#define FLOW_MOST 60000 /* mL/min, of the wire */

/* Gives the order; then the patient's reference is asked for, so that an entry at the wrong bedside is noticed. */
static int enter(const struct options *options, const struct client_order *order, const char *what)
{
	struct client_answer answer;
	int status;

	if (!talk_order(options, order, &answer, &status))
		return status;
	if (!answer.ok || (options->given & OPTION_JSON))
		return talk_tell(options, &answer);
	const struct view *view = talk_state(options, &status);
	if (view == NULL)
		return status;
	const char *whom = view->session.open ? view->session.patient_ref : "no session";
	return printf("%sRecorded for %s at %s: %s\n", answer.demo ? "DEMO " : "", whom, view->bedside, what) > 0
	           ? EXIT_OK
	           : EXIT_REFUSED;
}

static const struct option_row *row_of(const char *parameter)
{
	for (size_t i = 0; i < OPTION_ROWS; i++)
		if (option_table[i].parameter != NULL && strcmp(option_table[i].parameter, parameter) == 0)
			return &option_table[i];
	return NULL;
}

static int score(const struct options *options, const char *parameter, const char *label, const char *number)
{
	struct client_order order = {.command = CLIENT_OBSERVE};
	const struct option_row *row = row_of(parameter);
	int64_t milli;
	char what[64];

	if (row == NULL || !decimal_milli(number, &milli) || milli % 1000 != 0 || milli / 1000 < row->least ||
	    milli / 1000 > row->most) {
		fprintf(stderr, "vitalsctl: %s %s: must be %s\n", parameter, number,
		        row != NULL ? row->legal : "a score");
		return EXIT_USAGE;
	}
	order.observe.parameter = parameter;
	order.observe.milli = milli;
	(void)snprintf(what, sizeof(what), "%s %" PRId64, label, milli / 1000); /* fits */
	return enter(options, &order, what);
}

int command_moaas(const struct options *options, const char *argument)
{
	return score(options, "moaas", "MOAA/S", argument);
}

int command_cadss(const struct options *options, const char *argument)
{
	return score(options, "cadss", "CADSS", argument);
}

int command_bprs(const struct options *options, const char *argument)
{
	return score(options, "bprs", "BPRS+", argument);
}

int command_distressed(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_OBSERVE};

	(void)argument;
	order.observe.parameter = "distress";
	order.observe.milli = 1000;
	return enter(options, &order, "distressed");
}

int command_settled(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_OBSERVE};

	(void)argument;
	order.observe.parameter = "distress";
	return enter(options, &order, "settled, not distressed");
}

int command_note(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_OBSERVE};
	char clean[NOTE_MOST + 1];

	out_copy(clean, sizeof(clean), argument);
	if (argument[0] == '\0' || strcmp(clean, argument) != 0) {
		fprintf(stderr, "vitalsctl: note TEXT: must be 1 to 95 bytes of UTF-8 without control characters\n");
		return EXIT_USAGE;
	}
	order.observe.note = argument;
	return enter(options, &order, argument);
}

int command_oxygen(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_OXYGEN};
	int64_t flow = 0;
	bool air = strcmp(argument, "air") == 0;
	char what[64];

	if (!air && (!decimal_milli(argument, &flow) || flow <= 0 || flow > FLOW_MOST)) {
		fprintf(stderr, "vitalsctl: oxygen %s: must be air, or 0.001 to 60 L/min, at most 3 decimals\n",
		        argument);
		return EXIT_USAGE;
	}
	order.oxygen_ml_per_min = (int32_t)flow;
	(void)snprintf(what, sizeof(what), air ? "on air" : "oxygen %s L/min",
	               argument); /* a cut number is told as cut */
	return enter(options, &order, what);
}

int command_call_help(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_CALL_HELP};

	(void)argument;
	return enter(options, &order, "help is called for, until somebody acknowledges (alarm ack help)");
}
