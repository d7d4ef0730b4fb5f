/* How the library says what went wrong: into the caller's struct client_problem. Called by everything in clients/lib
 * that can fail. */
#ifndef CLIENT_PROBLEM_H
#define CLIENT_PROBLEM_H

#include "clients/lib/vitals-client.h"

/* Both return false, so that a failing function can end with them. `about` is a path or an endpoint. */
bool problem_is(struct client_problem *problem, enum client_code code, const char *about, const char *what);

/* With the words for `error`, an errno, and a hint if there is one. */
bool problem_errno(struct client_problem *problem, enum client_code code, const char *about, const char *what,
                   int error);

#endif
