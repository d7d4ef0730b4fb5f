/* One request and its answer; see talk.h. */
#include "clients/ctl/talk.h"

#include <stdio.h>
#include <string.h>

#include "clients/lib/ask.h"
#include "clients/lib/json.h"
#include "clients/lib/vitals-client.h"

#define ANSWER_BYTES 256

/* Too large for a stack; there is one command in a process. */
static struct arena arena;
static char output[JSON_BYTES];

bool talk_print(const struct out *out)
{
	return fwrite(out->bytes, 1, out->used, stdout) == out->used && fflush(stdout) == 0;
}

struct out talk_out(void)
{
	return (struct out){output, sizeof(output), 0, false};
}

static int said(const Vitals__V1__Response *response)
{
	return strcmp(response->result, "ok") == 0 ? EXIT_OK : EXIT_REFUSED;
}

const Vitals__V1__Response *talk_ask(const struct options *options, Vitals__V1__Request *request, int *status)
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

int talk_tell(const struct options *options, const Vitals__V1__Response *response)
{
	char text[ANSWER_BYTES];
	struct out out = talk_out();
	int status = said(response);

	if (options->given & OPTION_JSON) {
		json_response(&out, response);
		return talk_print(&out) ? status : EXIT_REFUSED;
	}
	out_copy(text, sizeof(text), response->text[0] != '\0' ? response->text : response->result);
	if (status == EXIT_OK)
		return printf("%s%s\n", response->demo ? "DEMO " : "", text) > 0 ? EXIT_OK : EXIT_REFUSED;
	/* It was done, or may have been: who reads "refused" does it twice. */
	bool done = strcmp(response->result, "not-recorded") == 0;
	fprintf(stderr, "vitalsctl: %s%s\n", done ? "" : "refused by the monitor: ", text);
	return EXIT_REFUSED;
}

int talk(const struct options *options, Vitals__V1__Request *request)
{
	int status;
	const Vitals__V1__Response *response = talk_ask(options, request, &status);

	return response == NULL ? status : talk_tell(options, response);
}

/* The oneof of the request has the same shape for each of them. */
int talk_simple(const struct options *options, Vitals__V1__Request__CommandCase which)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Empty empty = VITALS__V1__EMPTY__INIT;

	request.command_case = which;
	request.status = &empty;
	return talk(options, &request);
}

const Vitals__V1__Response *talk_state(const struct options *options, int *status)
{
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Empty empty = VITALS__V1__EMPTY__INIT;

	request.command_case = VITALS__V1__REQUEST__COMMAND_STATUS;
	request.status = &empty;
	const Vitals__V1__Response *response = talk_ask(options, &request, status);
	if (response == NULL)
		return NULL;
	if (said(response) != EXIT_OK || response->snapshot == NULL) {
		*status = talk_tell(options, response) == EXIT_OK ? EXIT_UNREACHABLE : EXIT_REFUSED;
		return NULL;
	}
	return response;
}
