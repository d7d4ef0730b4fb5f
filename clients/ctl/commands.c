/* State, alarms, scores, cuff: requests of staff from the command line; see commands.h. */
#include "clients/ctl/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/lib/decimal.h"
#include "clients/ctl/screen.h"
#include "clients/ctl/talk.h"
#include "clients/ctl/terminal.h"

#define COLUMNS_OF_A_FILE 120

static struct view view; /* too large for a stack; there is one command in a process */

/* ---- state ------------------------------------------------------------------------------------------------------- */

static int show_state(const struct options *options, bool alarms_only)
{
	int status;
	const Vitals__V1__Response *response = talk_state(options, &status);
	time_t seconds = time(NULL);
	char clock[16] = "";
	struct tm local;
	bool terminal = isatty(STDOUT_FILENO);
	struct screen screen = {.colour = terminal, .clock = clock};
	struct out out = talk_out();

	if (response == NULL)
		return status;
	if (options->given & OPTION_JSON)
		return talk_tell(options, response);
	if (localtime_r(&seconds, &local) == NULL || strftime(clock, sizeof(clock), "%H:%M:%S", &local) == 0)
		clock[0] = '\0';
	terminal_size(&screen.rows, &screen.columns);
	screen.columns = terminal ? screen.columns : COLUMNS_OF_A_FILE;
	view_init(&view, response->bedside, 0);
	view_apply_snapshot(&view, response->snapshot, 0);
	view.demo = response->demo;
	if (alarms_only)
		screen_alarms(&out, &view, &screen, 0);
	else
		screen_frame(&out, &view, &screen, 0);
	return talk_print(&out) ? EXIT_OK : EXIT_REFUSED;
}

int command_status(const struct options *options, const char *argument)
{
	(void)argument;
	return show_state(options, false);
}

int command_alarm_list(const struct options *options, const char *argument)
{
	(void)argument;
	return show_state(options, true);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

/* The id of the announced alarm whose condition has that name. */
static bool alarm_named(const struct options *options, const char *name, uint32_t *id, int *status)
{
	const Vitals__V1__Response *response = talk_state(options, status);

	if (response == NULL)
		return false;
	const Vitals__V1__Snapshot *snapshot = response->snapshot;
	for (size_t i = 0; i < snapshot->n_alarm; i++) {
		if (strcmp(snapshot->alarm[i]->condition, name) == 0) {
			*id = snapshot->alarm[i]->id;
			return true;
		}
	}
	fprintf(stderr, "vitalsctl: no alarm %s is announced: see `vitalsctl alarm list`\n", name);
	*status = EXIT_REFUSED;
	return false;
}

int command_alarm_ack(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__AlarmAcknowledge which = VITALS__V1__ALARM_ACKNOWLEDGE__INIT;
	int status;

	if (strcmp(argument, "all") == 0) {
		which.which_case = VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL;
		which.all = 1;
	} else {
		which.which_case = VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID;
		if (!decimal_count(argument + (argument[0] == '#'), &which.id) &&
		    !alarm_named(options, argument, &which.id, &status))
			return status;
	}
	request.command_case = VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE;
	request.alarm_acknowledge = &which;
	return talk(options, &request);
}

int command_audio_pause(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE);
}

/* ---- observations and cuff --------------------------------------------------------------------------------------- */

int command_observe(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Observe observe;

	(void)argument;
	if (options->score == NULL && options->note == NULL) {
		fprintf(stderr, "vitalsctl: observe needs one of --moaas N, --rass N, --cadss N, --cadss6 N, --bprs N, "
		                "--distressed on|off, or --note TEXT\n");
		return EXIT_USAGE;
	}
	vitals__v1__observe__init(&observe);
	if (options->score != NULL) {
		observe.parameter = options->score;
		observe.score_case = VITALS__V1__OBSERVE__SCORE_MILLI;
		observe.milli = options->score_milli;
	}
	if (options->note != NULL)
		observe.note = options->note;
	request.command_case = VITALS__V1__REQUEST__COMMAND_OBSERVE;
	request.observe = &observe;
	return talk(options, &request);
}

int command_cuff_start(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_CUFF_START);
}

int command_cuff_stop(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_CUFF_STOP);
}
