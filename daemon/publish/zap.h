/* Who may subscribe: libzmq asks this handler (ZeroMQ RFC 27, ZAP) once for each new connection. Over CURVE the key
 * must be listed, and every client key is served when there is no handler; where no keys are asked for whoever can
 * connect may, and is asked for only to be told of. Private to the publisher child, its only thread; in zap.c. */
#ifndef VITALS_PUBLISH_ZAP_H
#define VITALS_PUBLISH_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/publish.h"

#define ZAP_DOMAIN       "vitalsd"
#define ZAP_PLAIN_DOMAIN "vitalsd-local"
#define ZAP_KEY_BYTES    32

struct zap {
	void *socket;
	int own_key; /* place of the child's own in `keys`; -1 = it has none */
	uint8_t key_count;
	uint8_t keys[CLIENT_KEYS_MAX + 1][ZAP_KEY_BYTES]; /* the listed displays, and the child's own loop-back */
};

/* Z85 text to the list; false if it is not a key. */
bool zap_allow(struct zap *zap, const char *z85);

/* Binds the handler; must come before any CURVE socket is bound. False with errno of libzmq. */
bool zap_open(struct zap *zap, void *context);

enum zap_answer {
	ZAP_NOBODY, /* nobody asked, or only the child itself */
	ZAP_ALLOWED,
	ZAP_REFUSED,
};

/* Answers one waiting question, and says whom. Never blocks. */
enum zap_answer zap_serve(const struct zap *zap, struct publish_peer *peer);

#endif
