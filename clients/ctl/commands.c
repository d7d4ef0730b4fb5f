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

/* Nobody reads an alarm and types the command for it in less. */
#define SEEN_NS INT64_C(2000000000)

/* What of the alarms the order is about. */
static bool meant(const struct view_alarm *alarm, const char *name)
{
	bool all = strcmp(name, "all") == 0;

	return view_announced(alarm) && (all || strcasecmp(alarm->condition, name) == 0) &&
	       (!all || alarm->state != VIEW_STATE_ACKNOWLEDGED);
}

static void tell_alarms(const struct view *view, const char *name)
{
	bool none = true;

	fprintf(stderr, "vitalsctl: there is no alarm %s. Now:", name);
	for (size_t i = 0; i < view->alarm_count; i++) {
		if (!view_announced(&view->alarms[i]))
			continue;
		none = false;
		fprintf(stderr, " %s", view->alarms[i].condition);
	}
	fprintf(stderr, none ? " none\n" : "\n");
}

/* The alarms that are meant, as they are shown now; the rest of more than fit is for another order. */
static void fill_shown(struct client_order *order, const struct view *view, const char *name)
{
	bool all = strcmp(name, "all") == 0;
	uint16_t sorted[MESSAGE_ALARMS_MAX];
	size_t count = view_sorted_alarms(view, sorted, 0);

	order->acknowledge.settled_ns = all ? SEEN_NS : 0;
	for (size_t i = 0; i < count && order->acknowledge.shown_count < CLIENT_SHOWN_MOST; i++) {
		const struct view_alarm *alarm = &view->alarms[sorted[i]];

		if (meant(alarm, name))
			order->acknowledge.shown[order->acknowledge.shown_count++] =
			    (struct client_shown){alarm->id, alarm->generation};
	}
}

/* What became of it: whoever acknowledges must read what is still unanswered. */
static int tell_acknowledged(const struct options *options, const struct client_order *order)
{
	int status;
	const struct view *view = talk_state(options, &status);
	struct out out = talk_out();

	if (view == NULL)
		return status;
	for (int left = 0; left < 2; left++) {
		for (size_t i = 0; i < view->alarm_count; i++) {
			const struct view_alarm *alarm = &view->alarms[i];
			bool sounds = view_announced(alarm) && alarm->state != VIEW_STATE_ACKNOWLEDGED;
			bool named = false;

			for (size_t s = 0; s < order->acknowledge.shown_count; s++)
				named = named || order->acknowledge.shown[s].id == alarm->id;
			if (sounds != (left == 1) || (!named && left == 0))
				continue;
			out_format(&out, left == 0 ? "Acknowledged: %s %s" : "NOT acknowledged, new or changed: %s %s",
			           alarm->condition, alarm->text);
			out_text(&out, "\n");
		}
	}
	if (out.used == 0)
		out_text(&out, "Acknowledged; nothing is left.\n");
	return talk_print(&out) ? EXIT_OK : EXIT_REFUSED;
}

int command_alarm_ack(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_ACKNOWLEDGE};
	struct client_answer answer;
	int status;
	const struct view *view = talk_state(options, &status);

	if (view == NULL)
		return status;
	fill_shown(&order, view, argument);
	if (order.acknowledge.shown_count == 0) {
		tell_alarms(view, argument);
		return EXIT_REFUSED;
	}
	if (!talk_order(options, &order, &answer, &status))
		return status;
	if ((options->given & OPTION_JSON) || (!answer.ok && strcmp(answer.result, "unknown-alarm") != 0))
		return talk_tell(options, &answer);
	status = tell_acknowledged(options, &order);
	return answer.ok ? status : EXIT_REFUSED;
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
