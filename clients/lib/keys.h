/* CURVE keys in files: one line of Z85 text, readable by their owner only. Called by main.c and watch.c. */
#ifndef CLIENT_KEYS_H
#define CLIENT_KEYS_H

#include <stdbool.h>

#define KEY_BYTES 41 /* Z85 text of 32 bytes, with the NUL */

/* `keys generate FILE`: writes the secret key to a new file and the public key to stdout. Returns the exit status. */
int keys_generate(const char *path);

/* The secret key in `path`. False after writing to stderr what is wrong; a file that others may read is refused. */
bool keys_read(const char *path, char secret[KEY_BYTES]);

#endif
