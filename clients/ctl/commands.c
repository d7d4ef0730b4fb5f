/* State, alarms, scores, cuff: requests of staff from the command line; see commands.h. */
#include "clients/ctl/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "clients/ctl/screen.h"
#include "clients/ctl/talk.h"
#include "clients/ctl/terminal.h"

#define COLUMNS_OF_A_FILE 120

/* ---- state ------------------------------------------------------------------------------------------------------- */

static int show_state(const struct options *options, bool alarms_only)
{
	int status;
	const struct view *view = talk_state(options, &status);
	time_t seconds = time(NULL);
	char clock[16] = "";
	struct tm local;
	bool terminal = isatty(STDOUT_FILENO);
	struct screen screen = {.colour = terminal, .clock = clock};
	struct out out = talk_out();

	if (view == NULL)
		return status;
	if (options->given & OPTION_JSON)
		return talk_state_json();
	if (localtime_r(&seconds, &local) == NULL || strftime(clock, sizeof(clock), "%H:%M:%S", &local) == 0)
		clock[0] = '\0';
	terminal_size(&screen.rows, &screen.columns);
	screen.columns = terminal ? screen.columns : COLUMNS_OF_A_FILE;
	if (alarms_only)
		screen_alarms(&out, view, &screen, 0);
	else
		screen_frame(&out, view, &screen, 0);
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

/* The lasting id of the announced alarm whose condition has that name, however it is typed; else what there is. */
static bool alarm_named(const struct options *options, const char *name, uint32_t *id, int *status)
{
	const struct view *view = talk_state(options, status);
	bool none = true;

	if (view == NULL)
		return false;
	for (size_t i = 0; i < view->alarm_count; i++) {
		if (view_announced(&view->alarms[i]) && strcasecmp(view->alarms[i].condition, name) == 0) {
			*id = view->alarms[i].id;
			return true;
		}
	}
	fprintf(stderr, "vitalsctl: there is no alarm %s. Now:", name);
	for (size_t i = 0; i < view->alarm_count; i++) {
		if (!view_announced(&view->alarms[i]))
			continue;
		none = false;
		fprintf(stderr, " %s", view->alarms[i].condition);
	}
	fprintf(stderr, none ? " none\n" : "\n");
	*status = EXIT_REFUSED;
	return false;
}

int command_alarm_ack(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_ACKNOWLEDGE};
	int status;

	order.acknowledge.all = strcmp(argument, "all") == 0;
	if (!order.acknowledge.all && !alarm_named(options, argument, &order.acknowledge.id, &status))
		return status;
	return talk(options, &order);
}

int command_audio_pause(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, CLIENT_AUDIO_PAUSE);
}

/* ---- observations and cuff --------------------------------------------------------------------------------------- */

int command_observe(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_OBSERVE};

	(void)argument;
	if (options->score == NULL && options->note == NULL) {
		fprintf(stderr, "vitalsctl: observe needs one of --moaas N, --rass N, --cadss N, --cadss6 N, --bprs N, "
		                "--distressed on|off, or --note TEXT\n");
		return EXIT_USAGE;
	}
	order.observe.parameter = options->score;
	order.observe.milli = options->score_milli;
	order.observe.note = options->note;
	return talk(options, &order);
}

int command_cuff_start(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, CLIENT_CUFF_START);
}

int command_cuff_stop(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, CLIENT_CUFF_STOP);
}
