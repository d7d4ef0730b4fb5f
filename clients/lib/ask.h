/* One question to the monitor over its control socket, and its answer. Called by commands.c; one thread. */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include "clients/lib/message.h"

#define CONTROL_REACH_MS   3000  /* to be let in, and for a question that changes nothing */
#define CONTROL_COMMAND_MS 10000 /* the monitor answers when the command is durable, and after 5 s in any case */

/* Sends `request` to the socket at `path`. Returns the answer, living in `arena` until the next call, or NULL after
 * writing to stderr why there is none. Returns when these times are over at the latest. */
const Vitals__V1__Response *control_ask(struct arena *arena, const char *path, Vitals__V1__Request *request);

#endif
