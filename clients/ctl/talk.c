/* One order or question and its answer; see talk.h. */
#include "clients/ctl/talk.h"

#include <stdio.h>
#include <string.h>

static struct client *client; /* opened by the first question */
/* Too large for a stack. */
static struct view state;
static char output[JSON_BYTES];

bool talk_print(const struct out *out)
{
	return fwrite(out->bytes, 1, out->used, stdout) == out->used && fflush(stdout) == 0;
}

struct out talk_out(void)
{
	return (struct out){output, sizeof(output), 0, false};
}

int talk_complain(const struct client_problem *problem)
{
	fprintf(stderr, "vitalsctl: %s\n", problem->text);
	if (problem->hint[0] != '\0')
		fprintf(stderr, "vitalsctl: %s\n", problem->hint);
	if (problem->in_doubt)
		fprintf(stderr,
		        "vitalsctl: the command may have been carried out or not: look at `vitalsctl status`\n");
	switch (problem->code) {
	case CLIENT_OK:
		return EXIT_OK;
	case CLIENT_WRONG:
		return EXIT_USAGE;
	case CLIENT_FILE:
		return EXIT_REFUSED;
	case CLIENT_UNREACHABLE:
	case CLIENT_UNCLEAR:
	case CLIENT_SYSTEM:
		return EXIT_UNREACHABLE;
	}
	return EXIT_REFUSED; /* no other code exists */
}

/* Opens the handle. False after telling why not, with the exit status. */
static bool begin(const struct options *options, int *status)
{
	char path[OPTION_PATH_BYTES];
	struct client_problem problem;

	if (client != NULL)
		return true;
	*status = EXIT_USAGE;
	if (!options_socket(options, path))
		return false;
	client = client_open(&(struct client_options){.socket = path}, 0, &problem);
	if (client == NULL)
		*status = talk_complain(&problem);
	return client != NULL;
}

bool talk_order(const struct options *options, const struct client_order *order, struct client_answer *answer,
                int *status)
{
	struct client_problem problem;

	if (!begin(options, status))
		return false;
	if (client_order(client, order, answer, &problem))
		return true;
	*status = talk_complain(&problem);
	return false;
}

static int print_json(bool ok)
{
	struct out out = talk_out();

	client_json_answer(client, &out);
	return talk_print(&out) && ok ? EXIT_OK : EXIT_REFUSED;
}

int talk_tell(const struct options *options, const struct client_answer *answer)
{
	if (options->given & OPTION_JSON)
		return print_json(answer->ok);
	const char *text = answer->text[0] != '\0' ? answer->text : answer->result;
	if (answer->ok)
		return printf("%s%s\n", answer->demo ? "DEMO " : "", text) > 0 ? EXIT_OK : EXIT_REFUSED;
	/* It was done, or may have been: who reads "refused" does it twice. */
	bool done = strcmp(answer->result, "not-recorded") == 0;
	fprintf(stderr, "vitalsctl: %s%s\n", done ? "" : "refused by the monitor: ", text);
	return EXIT_REFUSED;
}

int talk(const struct options *options, const struct client_order *order)
{
	struct client_answer answer;
	int status;

	return talk_order(options, order, &answer, &status) ? talk_tell(options, &answer) : status;
}

int talk_simple(const struct options *options, enum client_command command)
{
	return talk(options, &(struct client_order){.command = command});
}

const struct view *talk_state(const struct options *options, int *status)
{
	struct client_answer answer;
	struct client_problem problem;

	if (!begin(options, status))
		return NULL;
	if (!client_state(client, &state, &answer, &problem)) {
		*status = talk_complain(&problem);
		return NULL;
	}
	if (!answer.ok)
		*status = talk_tell(options, &answer);
	return answer.ok ? &state : NULL;
}

int talk_state_json(void)
{
	return print_json(true);
}

bool talk_load(size_t index, struct view_load *load)
{
	return client_load(client, index, load);
}

void talk_end(void)
{
	client_close(client);
	client = NULL;
}
