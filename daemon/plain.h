/* Which names and texts from outside may go in: asked of requests (daemon/wire) and of recorded events (daemon/record).
 * Pure; any thread. */
#ifndef DAEMON_PLAIN_H
#define DAEMON_PLAIN_H

#include <stdbool.h>

/* A name: 1 to 31 characters [A-Za-z0-9._-]. Looks at NAME_BYTES bytes at most. */
bool is_token(const char *text);

/* Valid UTF-8 without control characters (C0, DEL, C1). */
bool is_plain_text(const char *text);

#endif
