/* A conversation with the monitor: one request, its answer told to whoever typed the command. Called by the commands;
 * one thread. */
#ifndef CTL_TALK_H
#define CTL_TALK_H

#include "clients/lib/message.h"
#include "clients/ctl/options.h"
#include "clients/lib/text.h"

bool talk_print(const struct out *out);

/* Room for whatever a command prints. Only one at a time. */
struct out talk_out(void);

/* Asks. NULL after telling why there is no answer, with the exit status. */
const Vitals__V1__Response *talk_ask(const struct options *options, Vitals__V1__Request *request, int *status);

/* Tells what the monitor answered; returns the exit status. */
int talk_tell(const struct options *options, const Vitals__V1__Response *response);

/* Both. */
int talk(const struct options *options, Vitals__V1__Request *request);

/* Commands without further contents. */
int talk_simple(const struct options *options, Vitals__V1__Request__CommandCase which);

/* The answer to `status`, with a snapshot; NULL after telling why there is none, with the exit status. */
const Vitals__V1__Response *talk_state(const struct options *options, int *status);

#endif
