/* The session and what staff order in it: start and close with overrides, devices, items, limits, take-outs, test
 * alarm, and the alarm load; see commands.h. */
#include "clients/ctl/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clients/lib/decimal.h"
#include "clients/ctl/talk.h"
#include "clients/lib/vitals-client.h"

/* protobuf-c declares every string as `char *`, but only reads them while it packs. */
static char *text(const char *from)
{
	return from == NULL ? (char *)(uintptr_t) "" : (char *)(uintptr_t)from;
}

static bool needs(bool given, const char *what)
{
	if (!given)
		fprintf(stderr, "vitalsctl: this command needs %s\n", what);
	return given;
}

/* Whoever goes on against a blocker has a name and says why. */
static bool override_of(const struct options *options, Vitals__V1__Override *override, bool *is_given)
{
	vitals__v1__override__init(override);
	*is_given = options->override != NULL;
	if (!*is_given)
		return true;
	override->name = options->override;
	override->reason = text(options->reason);
	return needs(options->reason != NULL, "--reason TEXT with --override");
}

/* ---- session ----------------------------------------------------------------------------------------------------- */

int command_session_open(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__SessionOpen open;

	(void)argument;
	if (!needs(options->patient != NULL, "--patient REF, a pseudonymous reference"))
		return EXIT_USAGE;
	vitals__v1__session_open__init(&open);
	open.patient_ref = options->patient;
	open.weight_g = options->weight_g;
	open.dose_ug = options->dose_ug;
	open.duration_s = options->duration_s;
	open.ug_per_ml = options->ug_per_ml;
	open.series = options->series;
	open.age_years = options->age_years;
	open.second_person = text(options->second_person);
	request.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN;
	request.session_open = &open;
	return talk(options, &request);
}

/* The blockers as of now: the answer itself holds only the word. */
static void tell_blockers(const struct options *options)
{
	char name[VIEW_NAME], text[VIEW_TEXT];
	int status;
	const Vitals__V1__Response *response = talk_state(options, &status);

	if (response == NULL)
		return;
	for (size_t i = 0; i < response->snapshot->session->n_blocker; i++) {
		out_copy(name, sizeof(name), response->snapshot->session->blocker[i]->name);
		out_copy(text, sizeof(text), response->snapshot->session->blocker[i]->text);
		fprintf(stderr, "  %s: %s\n", name, text);
	}
	fprintf(stderr, "A clinician may go on with --override NAME --reason TEXT, which is recorded.\n");
}

/* Start, close and device given have the same shape in the request's oneof. */
static int proceed(const struct options *options, Vitals__V1__Request__CommandCase which)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Proceed proceed = VITALS__V1__PROCEED__INIT;
	Vitals__V1__Override override;
	bool given;

	if (!override_of(options, &override, &given) ||
	    !needs(given || options->reason == NULL, "--override NAME with --reason"))
		return EXIT_USAGE;
	proceed.override = given ? &override : NULL;
	request.command_case = which;
	request.session_start = &proceed;
	int status;
	const Vitals__V1__Response *response = talk_ask(options, &request, &status);
	if (response == NULL)
		return status;
	bool blocked = strcmp(response->result, "blocked") == 0;
	status = talk_tell(options, response);
	if (blocked && (options->given & OPTION_JSON) == 0)
		tell_blockers(options);
	return status;
}

int command_session_start(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, VITALS__V1__REQUEST__COMMAND_SESSION_START);
}

int command_session_device(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, VITALS__V1__REQUEST__COMMAND_DEVICE_GIVEN);
}

int command_session_pause(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE);
}

int command_session_resume(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_RESUME);
}

int command_session_stop(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_SESSION_STOP);
}

int command_session_close(const struct options *options, const char *argument)
{
	(void)argument;
	return proceed(options, VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE);
}

/* ---- orders ------------------------------------------------------------------------------------------------------ */

int command_item(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__ItemTick item;

	vitals__v1__item_tick__init(&item);
	item.name = text(argument);
	item.ticked = (options->given & OPTION_OFF) == 0;
	request.command_case = VITALS__V1__REQUEST__COMMAND_ITEM;
	request.item = &item;
	return talk(options, &request);
}

int command_limit(const struct options *options, const char *argument)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__LimitOrder limit;

	if (!needs(options->reason != NULL, "--reason TEXT"))
		return EXIT_USAGE;
	vitals__v1__limit_order__init(&limit);
	if (!decimal_milli(options->second_word, &limit.limit_milli)) {
		fprintf(stderr, "vitalsctl: %s: the limit must be a number with at most 3 decimals\n",
		        options->second_word);
		return EXIT_USAGE;
	}
	limit.rule = text(argument);
	limit.term = options->term;
	limit.second_person = text(options->second_person);
	limit.reason = options->reason;
	request.command_case = VITALS__V1__REQUEST__COMMAND_LIMIT;
	request.limit = &limit;
	return talk(options, &request);
}

static int take_out(const struct options *options, Vitals__V1__TakeOut__WhatCase what, const char *name)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__TakeOut out;
	Vitals__V1__Override override;
	bool given;

	if (!override_of(options, &override, &given))
		return EXIT_USAGE;
	vitals__v1__take_out__init(&out);
	out.what_case = what;
	out.device = text(name); /* or `parameter`: the oneof holds either at the same place */
	out.duration_s = options->minutes_s;
	out.reason = text(options->reason);
	out.override = given ? &override : NULL;
	request.command_case = VITALS__V1__REQUEST__COMMAND_TAKE_OUT;
	request.take_out = &out;
	return talk(options, &request);
}

static int take_out_for(const struct options *options, Vitals__V1__TakeOut__WhatCase what, const char *name)
{
	if (!needs(options->minutes_s > 0, "--minutes N") || !needs(options->reason != NULL, "--reason TEXT"))
		return EXIT_USAGE;
	return take_out(options, what, name);
}

int command_take_out_device(const struct options *options, const char *argument)
{
	return take_out_for(options, VITALS__V1__TAKE_OUT__WHAT_DEVICE, argument);
}

int command_take_out_parameter(const struct options *options, const char *argument)
{
	return take_out_for(options, VITALS__V1__TAKE_OUT__WHAT_PARAMETER, argument);
}

/* Whether the name is a device or a parameter, the monitor knows. */
int command_put_back(const struct options *options, const char *argument)
{
	int status;
	const Vitals__V1__Response *response = talk_state(options, &status);

	if (response == NULL)
		return status;
	const Vitals__V1__Session *session = response->snapshot->session;
	for (size_t i = 0; i < session->n_taken_out; i++) {
		const Vitals__V1__TakenOut *out = session->taken_out[i];
		if (out->what_case == VITALS__V1__TAKEN_OUT__WHAT_DEVICE && strcmp(out->device, argument) == 0)
			return take_out(options, VITALS__V1__TAKE_OUT__WHAT_DEVICE, argument);
		if (out->what_case == VITALS__V1__TAKEN_OUT__WHAT_PARAMETER && strcmp(out->parameter, argument) == 0)
			return take_out(options, VITALS__V1__TAKE_OUT__WHAT_PARAMETER, argument);
	}
	fprintf(stderr, "vitalsctl: %s is not taken out: see `vitalsctl status`\n", argument);
	return EXIT_REFUSED;
}

int command_test_alarm(const struct options *options, const char *argument)
{
	(void)argument;
	return talk_simple(options, VITALS__V1__REQUEST__COMMAND_TEST_ALARM);
}

/* ---- alarm load -------------------------------------------------------------------------------------------------- */

static void load_row(struct out *out, const Vitals__V1__Load *load)
{
	char name[VIEW_TEXT], priority[16];

	out_copy(name, sizeof(name), load->condition);
	out_word(priority, sizeof(priority), &vitals__v1__priority__descriptor, (int)load->priority);
	out_format(out, "%-28s %-8s %6" PRIu32 " %8" PRIu32 " %12" PRIu32, name,
	           load->priority == VITALS__V1__PRIORITY__PRIORITY_NONE ? "" : priority, load->raised, load->nuisance,
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
	const Vitals__V1__Response *response = talk_state(options, &status);

	(void)argument;
	if (response == NULL)
		return status;
	if (options->given & OPTION_JSON)
		return talk_tell(options, response);
	const Vitals__V1__Session *session = response->snapshot->session;
	struct out out = talk_out();
	uint64_t raised = 0, nuisance = 0;
	out_format(&out, "%s%s session %" PRIu32 "\n%-28s %-8s %6s %8s %12s %12s\n", response->demo ? "DEMO " : "",
	           session->open ? "Open" : "Last", session->number, "condition", "priority", "alarms", "nuisance",
	           "acknowledged", "mean time to");
	for (size_t i = 0; i < session->n_load; i++) {
		load_row(&out, session->load[i]);
		raised += session->load[i]->raised;
		nuisance += session->load[i]->nuisance;
	}
	out_format(&out, "%-28s %-8s %6" PRIu64 " %8" PRIu64 "", "all", "", raised, nuisance);
	if (raised > 0)
		out_format(&out, "  (%" PRIu64 " %% cleared by themselves at once)", 100 * nuisance / raised);
	out_text(&out, "\n");
	return talk_print(&out) ? EXIT_OK : EXIT_REFUSED;
}
