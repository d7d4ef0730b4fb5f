/* ZAP handler with an allow list; see zap.h. Runs in the publisher child's poll loop. The question comes from libzmq's
 * own I/O thread, but a stranger chose some of its bytes: frames are bounded and looked at only after their length. */
#include "daemon/publish/zap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define FRAME_BYTES 256
#define FRAMES_MAX  8

enum zap_frame {
	ZAP_VERSION,
	ZAP_REQUEST_ID,
	ZAP_DOMAIN_NAME,
	ZAP_ADDRESS,
	ZAP_ROUTING_ID,
	ZAP_MECHANISM,
	ZAP_CREDENTIAL,
};

struct zap_request {
	int count;
	size_t size[FRAMES_MAX];
	uint8_t bytes[FRAMES_MAX][FRAME_BYTES];
};

bool zap_allow(struct zap *zap, const char *z85)
{
	if (strlen(z85) != CURVE_KEY_BYTES - 1 || zap->key_count >= CLIENT_KEYS_MAX + 1)
		return false;
	if (zmq_z85_decode(zap->keys[zap->key_count], z85) == NULL)
		return false;
	zap->key_count++;
	return true;
}

bool zap_open(struct zap *zap, void *context)
{
	int linger = 0;

	zap->socket = zmq_socket(context, ZMQ_REP);
	return zap->socket != NULL && zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
	       zmq_bind(zap->socket, "inproc://zeromq.zap.01") == 0;
}

/* Takes one whole question; frames beyond the bounds are read and forgotten, and make it invalid. */
static bool receive(void *socket, struct zap_request *request)
{
	int more = 1;
	bool valid = true;

	request->count = 0;
	while (more) {
		uint8_t bytes[FRAME_BYTES];
		int size = zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
		if (size < 0)
			return false;
		if (request->count < FRAMES_MAX && (size_t)size <= sizeof bytes) {
			request->size[request->count] = (size_t)size;
			memcpy(request->bytes[request->count], bytes, (size_t)size);
			request->count++;
		} else {
			valid = false;
		}
		size_t length = sizeof more;
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length) != 0)
			return false;
	}
	if (!valid)
		request->count = 0;
	return true;
}

static bool frame_is(const struct zap_request *request, enum zap_frame frame, const char *text)
{
	return request->size[frame] == strlen(text) && memcmp(request->bytes[frame], text, strlen(text)) == 0;
}

static const uint8_t *key_of(const struct zap_request *request)
{
	bool curve = request->count == ZAP_CREDENTIAL + 1 && frame_is(request, ZAP_MECHANISM, "CURVE") &&
	             request->size[ZAP_CREDENTIAL] == ZAP_KEY_BYTES;
	return curve ? request->bytes[ZAP_CREDENTIAL] : NULL;
}

/* The place of its key in the list; -1 if it has none. */
static int listed(const struct zap *zap, const struct zap_request *request)
{
	const uint8_t *key = key_of(request);
	for (uint8_t i = 0; key != NULL && i < zap->key_count; i++) {
		if (memcmp(key, zap->keys[i], ZAP_KEY_BYTES) == 0)
			return i;
	}
	return -1;
}

static bool allowed(const struct zap *zap, const struct zap_request *request)
{
	if (request->count < ZAP_MECHANISM + 1 || !frame_is(request, ZAP_VERSION, "1.0"))
		return false;
	if (frame_is(request, ZAP_DOMAIN_NAME, ZAP_PLAIN_DOMAIN))
		return request->count == ZAP_MECHANISM + 1 && frame_is(request, ZAP_MECHANISM, "NULL");
	return frame_is(request, ZAP_DOMAIN_NAME, ZAP_DOMAIN) && listed(zap, request) >= 0;
}

/* The last number of a peer's ":uid:gid:pid", and what stands before it. */
static bool split_number(char *text, uint32_t *number)
{
	char *colon = strrchr(text, ':'), *end;
	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return false;
	unsigned long value = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || value > UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	*colon = '\0';
	return true;
}

/* libzmq puts uid, gid and pid behind the address of a local socket, and nothing behind that of a network's. A stranger
 * has no say in either. */
static void describe(const struct zap_request *request, struct publish_peer *peer, uint32_t *pid)
{
	char address[FRAME_BYTES + 1] = "", local[FRAME_BYTES + 1], key[CURVE_KEY_BYTES];
	uint32_t gid, uid;
	memset(peer, 0, sizeof *peer);
	peer->uid = PERSON_NO_ACCOUNT;
	*pid = 0;
	if (request->count > ZAP_ADDRESS) {
		memcpy(address, request->bytes[ZAP_ADDRESS], request->size[ZAP_ADDRESS]);
		address[request->size[ZAP_ADDRESS]] = '\0';
	}
	const uint8_t *credential = key_of(request);
	if (credential != NULL && zmq_z85_encode(key, credential, ZAP_KEY_BYTES) != NULL)
		(void)snprintf(peer->who, sizeof peer->who, "key %.12s", key);
	memcpy(local, address, sizeof local);
	if (split_number(local, pid) && split_number(local, &gid) && split_number(local, &uid) &&
	    strchr(local, ':') == NULL) {
		peer->uid = uid;
	} else {
		*pid = 0;
		(void)snprintf(peer->from, sizeof peer->from, "%.47s", address); /* an address is shorter */
	}
}

enum zap_answer zap_serve(const struct zap *zap, struct publish_peer *peer)
{
	struct zap_request request;
	uint32_t pid;

	if (!receive(zap->socket, &request))
		return ZAP_NOBODY;
	bool yes = allowed(zap, &request);
	describe(&request, peer, &pid);
	bool own = pid == (uint32_t)getpid() || (zap->own_key >= 0 && listed(zap, &request) == zap->own_key);
	size_t id_size = request.count > ZAP_REQUEST_ID ? request.size[ZAP_REQUEST_ID] : 0;
	const struct {
		const void *bytes;
		size_t size;
	} answer[] = {
	    {"1.0", 3}, {request.bytes[ZAP_REQUEST_ID], id_size}, {yes ? "200" : "400", 3}, {"", 0}, {"", 0}, {"", 0},
	};
	const size_t frames = sizeof answer / sizeof answer[0];
	for (size_t i = 0; i < frames; i++) {
		int flags = ZMQ_DONTWAIT | (i + 1 < frames ? ZMQ_SNDMORE : 0);
		/* An asker that is gone needs no answer; the next question starts afresh. */
		if (zmq_send(zap->socket, answer[i].bytes, answer[i].size, flags) < 0)
			return ZAP_NOBODY;
	}
	return own ? ZAP_NOBODY : yes ? ZAP_ALLOWED : ZAP_REFUSED;
}
