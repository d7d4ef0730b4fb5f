/* Which names and texts from outside may go in: asked of requests (daemon/wire), recorded events
 * (daemon/record) and accounts (daemon/desk, daemon/config).
 * Pure; any thread. */
#ifndef DAEMON_PLAIN_H
#define DAEMON_PLAIN_H

#include <stdbool.h>

#include "vitals/text.h"

/* A name: 1 to 31 characters [A-Za-z0-9._-]. Looks at NAME_BYTES bytes at most. */
bool is_token(const char *text);

/* An account's name as a name: what is no character of one becomes _, what is too long is cut. */
void plain_name(char name[NAME_BYTES], const char *from);

/* Valid UTF-8 without control characters (C0, DEL, C1). */
bool is_plain_text(const char *text);

#endif
