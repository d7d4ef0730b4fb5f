/* A conversation with the monitor: one order or question, its answer told to whoever typed the command. Called by the
 * commands; one thread. There is one command in a process, so the handle is kept here. */
#ifndef CTL_TALK_H
#define CTL_TALK_H

#include "clients/ctl/options.h"
#include "clients/lib/vitals-client.h"

bool talk_print(const struct out *out);

/* Room for whatever a command prints. Only one at a time. */
struct out talk_out(void);

/* Says on standard error what went wrong. Returns the exit status for it. */
int talk_complain(const struct client_problem *problem);

/* Gives the order. False after telling why there is no answer, with the exit status. */
bool talk_order(const struct options *options, const struct client_order *order, struct client_answer *answer,
                int *status);

/* Tells what the monitor answered; returns the exit status. */
int talk_tell(const struct options *options, const struct client_answer *answer);

/* Both. */
int talk(const struct options *options, const struct client_order *order);

/* Commands without further contents. */
int talk_simple(const struct options *options, enum client_command command);

/* The state as of now; NULL after telling why there is none, with the exit status. */
const struct view *talk_state(const struct options *options, int *status);

/* Prints the state just asked for as JSON; returns the exit status. */
int talk_state_json(void);

/* The alarm load that came with the state; see client_load. */
bool talk_load(size_t index, struct view_load *load);

void talk_end(void);

#endif
