/* Names of the accounts that ask. A directory service can hang for ever, so names are looked up by two threads of their
 * own: one reads this computer's list, the other asks the name service for what is not there. Nobody waits for them
 * longer than ACCOUNTS_PATIENCE_NS. Private to daemon/desk; called by the thread of the local socket. */
#ifndef DAEMON_ACCOUNTS_H
#define DAEMON_ACCOUNTS_H

#include <stdint.h>
#include <sys/types.h>

#include "vitals/mono.h"
#include "vitals/text.h"

#define ACCOUNTS_PATIENCE_NS (300 * NS_PER_MS)

struct accounts;

/* `wake_fd` (a non-blocking eventfd that outlives this) is woken when a look-up has ended. NULL with errno. */
struct accounts *accounts_start(int wake_fd);

/* The account's name in the characters of a token, "uid-N" as long as none is known. Returns for how long a better
 * answer is worth waiting; 0 = take this one. A name is asked for again when it is a minute old. Never blocks. */
int64_t accounts_name(struct accounts *accounts, uid_t uid, struct mono now, char name[NAME_BYTES]);

/* A look-up that hangs is left to the end of the process. */
void accounts_stop(struct accounts *accounts, struct mono deadline);

#endif
