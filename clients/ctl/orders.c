/* The session and what staff order in it: start and close with overrides, devices, items, limits, take-outs, test
 * alarm, and the alarm load; see commands.h. */
#include "clients/ctl/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/talk.h"

/* With a reason, the table of commands sees to that. */
static struct client_override override_of(const struct options *options)
{
	return (struct client_override){options->override, options->reason};
}

/* ---- session ----------------------------------------------------------------------------------------------------- */

int command_session_open(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_SESSION_OPEN};

	(void)argument;
	order.open.patient_ref = options->patient;
	order.open.weight_g = options->weight_g;
	order.open.dose_ug = options->dose_ug;
	order.open.duration_s = options->duration_s;
	order.open.ug_per_ml = options->ug_per_ml;
	order.open.series = options->series;
	order.open.age_years = options->age_years;
	order.open.second_person = options->second_person;
	return talk(options, &order);
}

/* The blockers as of now: the answer itself holds only the word. */
static void tell_blockers(const struct options *options)
{
	int status;
	const struct view *view = talk_state(options, &status);

	if (view == NULL)
		return;
	const struct view_details *details = &view->session.details;
	for (size_t i = 0; i < details->blocker_count; i++)
		fprintf(stderr, "  %s: %s\n", details->blockers[i].name, details->blockers[i].text);
	fprintf(stderr, "A clinician may go on with --override NAME --reason TEXT, which is recorded.\n");
}

/* Start, close and device given have the same shape. */
static int proceed(const struct options *options, enum client_command command)
{
	struct client_order order = {.command = command};
	struct client_answer answer;
	int status;

	order.proceed = override_of(options);
	if (!talk_order(options, &order, &answer, &status))
		return status;
	status = talk_tell(options, &answer);
	if (strcmp(answer.result, "blocked") == 0 && (options->given & OPTION_JSON) == 0)
		tell_blockers(options);
	return status;
}

int command_session_start(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, CLIENT_SESSION_START);
}

int command_session_device(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, CLIENT_DEVICE_GIVEN);
}

int command_session_pause(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, CLIENT_SESSION_PAUSE);
}

int command_session_resume(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, CLIENT_SESSION_RESUME);
}

int command_session_stop(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, CLIENT_SESSION_STOP);
}

int command_session_close(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, CLIENT_SESSION_CLOSE);
}

/* ---- orders ------------------------------------------------------------------------------------------------------ */

int command_item(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_ITEM};

	order.item.name = argument;
	order.item.ticked = (options->given & OPTION_OFF) == 0;
	return talk(options, &order);
}

int command_limit(const struct options *options, const char *argument)
{
	struct client_order order = {.command = CLIENT_LIMIT};

	if (!decimal_milli(options->second_word, &order.limit.limit_milli)) {
		fprintf(stderr, "vitalsctl: %s: the limit must be a number with at most 3 decimals\n",
		        options->second_word);
		return EXIT_USAGE;
	}
	order.limit.rule = argument;
	order.limit.term = options->term;
	order.limit.second_person = options->second_person;
	order.limit.reason = options->reason;
	return talk(options, &order);
}

static int take_out(const struct options *options, bool device, const char *name)
{
	struct client_order order = {.command = CLIENT_TAKE_OUT};

	order.take_out.override = override_of(options);
	order.take_out.device = device;
	order.take_out.name = name;
	order.take_out.duration_s = options->minutes_s;
	order.take_out.reason = options->reason;
	return talk(options, &order);
}

int command_take_out_device(const struct options *options, const char *argument)
{
	return take_out(options, true, argument);
}

int command_take_out_parameter(const struct options *options, const char *argument)
{
	return take_out(options, false, argument);
}

/* Whether the name is a device or a parameter, the monitor knows. */
int command_put_back(const struct options *options, const char *argument)
{
	int status;
	const struct view *view = talk_state(options, &status);

	if (view == NULL)
		return status;
	const struct view_details *details = &view->session.details;
	for (size_t i = 0; i < details->out_count; i++) {
		if (strcmp(details->outs[i].name, argument) == 0)
			return take_out(options, details->outs[i].device, argument);
	}
	fprintf(stderr, "vitalsctl: %s is not taken out: see `vitalsctl status`\n", argument);
	return EXIT_REFUSED;
}

int command_test_alarm(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, CLIENT_TEST_ALARM);
}

/* ---- alarm load -------------------------------------------------------------------------------------------------- */

static void load_row(struct out *out, const struct view_load *load)
{
	char word[16];
	const char *priority = view_word(word, sizeof(word), VIEW_WORDS_PRIORITY, (int)load->priority);

	out_format(out, "%-28s %-8s %6" PRIu32 " %8" PRIu32 " %12" PRIu32, load->condition,
	           load->priority == VIEW_PRIORITY_NONE ? "" : priority, load->raised, load->nuisance,
	           load->acknowledged);
	if (load->acknowledged > 0)
		out_format(out, " %10" PRId64 " s",
		           load->acknowledge_ns_total / (int64_t)load->acknowledged / 1000000000);
	out_text(out, "\n");
}

/* Of the open session, or of the last one. */
int command_session_load(const struct options *options, const char *argument)
{
	int status;
	const struct view *view = talk_state(options, &status);
	struct view_load load;

	(void)argument;
	if (view == NULL)
		return status;
	if (options->given & OPTION_JSON)
		return talk_state_json();
	const struct view_session *session = &view->session;
	struct out out = talk_out();
	uint64_t raised = 0, nuisance = 0;
	out_format(&out, "%s%s session %s\n%-28s %-8s %6s %8s %12s %12s\n", view->demo ? "DEMO " : "",
	           session->open ? "Open" : "Last", session->id, "condition", "priority", "alarms", "nuisance",
	           "acknowledged", "mean time to");
	for (size_t i = 0; talk_load(i, &load); i++) {
		load_row(&out, &load);
		raised += load.raised;
		nuisance += load.nuisance;
	}
	out_format(&out, "%-28s %-8s %6" PRIu64 " %8" PRIu64 "", "all", "", raised, nuisance);
	if (raised > 0)
		out_format(&out, "  (%" PRIu64 " %% cleared by themselves at once)", 100 * nuisance / raised);
	out_text(&out, "\n");
	return talk_print(&out) ? EXIT_OK : EXIT_REFUSED;
}
