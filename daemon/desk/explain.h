/* Why a command was refused, in a sentence that tells staff what to look at and what to do. Pure. Called by perform.c
 * on the engine thread, with the engine as the refused command left it: unchanged. In daemon/desk/explain.c. */
#ifndef DAEMON_EXPLAIN_H
#define DAEMON_EXPLAIN_H

#include "vitals/desk.h"

#define EXPLAIN_BYTES DESK_TEXT_BYTES

/* "" if the sentence of the result alone (result_text) says it all. */
void explain(char text[EXPLAIN_BYTES], const struct engine *engine, const struct event_command *command,
             enum result result);

#endif
