/* CURVE keys in files: one line of Z85 text, readable by their owner only. Making them is public; reading is for
 * subscribe.c. */
#ifndef CLIENT_KEYS_H
#define CLIENT_KEYS_H

#include "clients/lib/vitals-client.h"

/* The secret key in `path`. False with *problem; a file that others may read is refused. */
bool keys_read(const char *path, char secret[KEY_BYTES], struct client_problem *problem);

#endif
