/* Why a command was refused, so that staff know what to look at and what to do. Pure. Called by perform.c on the engine
 * thread, with the engine as the refused command left it: unchanged. In daemon/desk/explain.c. */
#ifndef DAEMON_EXPLAIN_H
#define DAEMON_EXPLAIN_H

#include "vitals/people.h"
#include "vitals/refusal.h"

/* False if the result alone says it all; then `refusal` says no more than that. */
bool explain(struct refusal *refusal, const struct engine *engine, const struct event_command *command,
             enum result result);

/* That nobody is known by that name, and who is; as many as there is room for. */
void explain_person(struct refusal *refusal, const struct people *people, const char *name);

#endif
