/* ZAP handler with an allow list; see zap.h. Runs in the publisher child's poll loop. The question comes from libzmq's
 * own I/O thread, but a stranger chose some of its bytes: frames are bounded and looked at only after their length. */
#include "daemon/publish/zap.h"

#include <string.h>
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

static bool allowed(const struct zap *zap, const struct zap_request *request)
{
	if (request->count != ZAP_CREDENTIAL + 1 || !frame_is(request, ZAP_VERSION, "1.0") ||
	    !frame_is(request, ZAP_DOMAIN_NAME, ZAP_DOMAIN) || !frame_is(request, ZAP_MECHANISM, "CURVE") ||
	    request->size[ZAP_CREDENTIAL] != ZAP_KEY_BYTES)
		return false;
	for (uint8_t i = 0; i < zap->key_count; i++) {
		if (memcmp(request->bytes[ZAP_CREDENTIAL], zap->keys[i], ZAP_KEY_BYTES) == 0)
			return true;
	}
	return false;
}

void zap_serve(const struct zap *zap)
{
	struct zap_request request;

	if (!receive(zap->socket, &request))
		return;
	bool yes = allowed(zap, &request);
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
			return;
	}
}
