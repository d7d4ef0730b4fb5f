/* Who may subscribe over CURVE: libzmq asks this handler (ZeroMQ RFC 27, ZAP) once for each new connection, and serves
 * every client key when there is none. Private to the publisher child, its only thread; in zap.c. */
#ifndef VITALS_PUBLISH_ZAP_H
#define VITALS_PUBLISH_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/config.h"

#define ZAP_DOMAIN    "vitalsd"
#define ZAP_KEY_BYTES 32

struct zap {
	void *socket;
	uint8_t key_count;
	uint8_t keys[CLIENT_KEYS_MAX + 1][ZAP_KEY_BYTES]; /* the listed displays, and the child's own loop-back */
};

/* Z85 text to the list; false if it is not a key. */
bool zap_allow(struct zap *zap, const char *z85);

/* Binds the handler; must come before any CURVE socket is bound. False with errno of libzmq. */
bool zap_open(struct zap *zap, void *context);

/* Answers one waiting question. Never blocks. */
void zap_serve(const struct zap *zap);

#endif
