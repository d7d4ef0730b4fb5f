/* Errors as a code and a sentence; see problem.h. */
#include "clients/lib/problem.h"

#include <errno.h>
#include <string.h>

static struct out begin(struct client_problem *problem, enum client_code code, const char *about)
{
	struct out out = {problem->text, sizeof(problem->text) - 1, 0, false};

	*problem = (struct client_problem){.code = code, .hint = ""};
	out_clean(&out, about);
	out_text(&out, about[0] != '\0' ? ": " : "");
	return out;
}

bool problem_is(struct client_problem *problem, enum client_code code, const char *about, const char *what)
{
	struct out out = begin(problem, code, about);

	out_text(&out, what);
	problem->text[out.used] = '\0';
	return false;
}

bool problem_errno(struct client_problem *problem, enum client_code code, const char *about, const char *what,
                   int error)
{
	struct out out = begin(problem, code, about);

	out_text(&out, what);
	out_text(&out, what[0] != '\0' ? ": " : "");
	out_text(&out, strerror(error));
	problem->text[out.used] = '\0';
	if (code != CLIENT_UNREACHABLE)
		return false;
	if (error == EACCES || error == EPERM)
		problem->hint = "your account must be in the group of that socket";
	if (error == ENOENT || error == ECONNREFUSED)
		problem->hint = "is the monitor of this bedside running?";
	return false;
}
