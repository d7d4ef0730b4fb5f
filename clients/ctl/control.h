/* One question to the monitor over its control socket, and its answer. Called by commands.c; one thread. */
#ifndef CTL_CONTROL_H
#define CTL_CONTROL_H

#include "clients/ctl/message.h"

#define CONTROL_WAIT_MS 3000 /* the monitor answers a command when it is durable, which is much sooner */

/* Sends `request` to the socket at `path`. Returns the answer, living in `arena` until the next call, or NULL after
 * writing to stderr why there is none. Returns within about twice CONTROL_WAIT_MS. */
const Vitals__V1__Response *control_ask(struct arena *arena, const char *path, Vitals__V1__Request *request);

#endif
