/* Requests of staff, made from the command line and sent to the control socket; see commands.h. */
#include "clients/ctl/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/ctl/control.h"
#include "clients/ctl/decimal.h"
#include "clients/ctl/json.h"
#include "clients/ctl/screen.h"
#include "clients/ctl/terminal.h"

#define COLUMNS_OF_A_FILE 120

/* Too large for a stack; there is one command in a process. */
static struct arena arena;
static struct view view;
static char output[JSON_BYTES];

static bool print(const struct out *out)
{
	return fwrite(out->bytes, 1, out->used, stdout) == out->used && fflush(stdout) == 0;
}

static int said(const Vitals__V1__Response *response)
{
	return strcmp(response->result, "ok") == 0 ? EXIT_OK : EXIT_REFUSED;
}

/* Tells what the monitor answered. The sentence goes to stderr if it is a refusal. */
static int tell(const struct options *options, const Vitals__V1__Response *response)
{
	char text[VIEW_TEXT];
	struct out out = {output, sizeof(output), 0, false};

	if (options->given & OPTION_JSON) {
		json_response(&out, response);
		return print(&out) ? said(response) : EXIT_REFUSED;
	}
	out_copy(text, sizeof(text), response->text[0] != '\0' ? response->text : response->result);
	if (said(response) == EXIT_OK)
		return printf("%s%s\n", response->demo ? "DEMO " : "", text) > 0 ? EXIT_OK : EXIT_REFUSED;
	fprintf(stderr, "vitalsctl: refused by the monitor: %s\n", text);
	return EXIT_REFUSED;
}

static const Vitals__V1__Response *ask(const struct options *options, Vitals__V1__Request *request, int *status)
{
	char path[OPTION_PATH_BYTES];
	const Vitals__V1__Response *response;

	*status = EXIT_USAGE;
	if (!options_socket(options, path))
		return NULL;
	*status = EXIT_UNREACHABLE;
	response = control_ask(&arena, path, request);
	return response;
}

static int command(const struct options *options, Vitals__V1__Request *request)
{
	int status;
	const Vitals__V1__Response *response = ask(options, request, &status);

	return response == NULL ? status : tell(options, response);
}

/* Commands without further contents: the oneof of the request has the same shape for each of them. */
static int simple(const struct options *options, Vitals__V1__Request__CommandCase which)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Empty empty = VITALS__V1__EMPTY__INIT;

	request.command_case = which;
	request.status = &empty;
	return command(options, &request);
}

/* ---- state ------------------------------------------------------------------------------------------------------- */

/* Asks for the state. NULL after telling why there is none, with the exit status. */
static const Vitals__V1__Response *state(const struct options *options, int *status)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Empty empty = VITALS__V1__EMPTY__INIT;

	request.command_case = VITALS__V1__REQUEST__COMMAND_STATUS;
	request.status = &empty;
	const Vitals__V1__Response *response = ask(options, &request, status);
	if (response == NULL)
		return NULL;
	if (said(response) != EXIT_OK || response->snapshot == NULL) {
		*status = tell(options, response) == EXIT_OK ? EXIT_UNREACHABLE : EXIT_REFUSED;
		return NULL;
	}
	return response;
}

static int show_state(const struct options *options, bool alarms_only)
{
	int status;
	const Vitals__V1__Response *response = state(options, &status);
	time_t seconds = time(NULL);
	char clock[16] = "";
	struct tm local;
	bool terminal = isatty(STDOUT_FILENO);
	struct screen screen = {.colour = terminal, .clock = clock};
	struct out out = {output, sizeof(output), 0, false};

	if (response == NULL)
		return status;
	if (options->given & OPTION_JSON)
		return tell(options, response);
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
	return print(&out) ? EXIT_OK : EXIT_REFUSED;
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

/* ---- session ----------------------------------------------------------------------------------------------------- */

int command_session_open(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__SessionOpen open;

	(void)argument;
	if (options->patient == NULL) {
		fprintf(stderr, "vitalsctl: session open needs --patient REF, a pseudonymous reference\n");
		return EXIT_USAGE;
	}
	vitals__v1__session_open__init(&open);
	open.patient_ref = options->patient;
	open.weight_g = options->weight_g;
	open.dose_ug = options->dose_ug;
	open.duration_s = options->duration_s;
	request.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN;
	request.session_open = &open;
	return command(options, &request);
}

int command_session_start(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_START);
}

int command_session_pause(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE);
}

int command_session_resume(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_RESUME);
}

int command_session_stop(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_STOP);
}

int command_session_close(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

/* The id of the announced alarm whose condition has that name. */
static bool alarm_named(const struct options *options, const char *name, uint32_t *id, int *status)
{
	const Vitals__V1__Response *response = state(options, status);

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
	return command(options, &request);
}

int command_audio_pause(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE);
}

/* ---- observations and cuff --------------------------------------------------------------------------------------- */

int command_observe(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Observe observe;
	char moaas[] = "moaas", rass[] = "rass", cadss[] = "cadss";
	uint32_t scores = options->given & (OPTION_MOAAS | OPTION_RASS | OPTION_CADSS);

	(void)argument;
	if ((scores & (scores - 1)) != 0 || (scores == 0 && options->note == NULL)) {
		fprintf(stderr, "vitalsctl: observe needs one of --moaas N, --rass N, --cadss N, or --note TEXT\n");
		return EXIT_USAGE;
	}
	vitals__v1__observe__init(&observe);
	if (scores != 0) {
		observe.parameter = scores == OPTION_MOAAS ? moaas : scores == OPTION_RASS ? rass : cadss;
		observe.score_case = VITALS__V1__OBSERVE__SCORE_MILLI;
		observe.milli = options->score_milli;
	}
	if (options->note != NULL)
		observe.note = options->note;
	request.command_case = VITALS__V1__REQUEST__COMMAND_OBSERVE;
	request.observe = &observe;
	return command(options, &request);
}

int command_cuff_start(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_CUFF_START);
}

int command_cuff_stop(const struct options *options, const char *argument)
{
	(void)argument;
	return simple(options, VITALS__V1__REQUEST__COMMAND_CUFF_STOP);
}
