/* The ZeroMQ side; see subscribe.h. */
#include "clients/lib/subscribe.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "clients/lib/keys.h"
#include "clients/lib/problem.h"

#define RECEIVE_HWM       10000
#define RECONNECT_MS      100
#define RECONNECT_MOST_MS 2000

static bool set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_curve(void *socket, const struct client_options *options, struct client_problem *problem)
{
	char secret[KEY_BYTES], public[KEY_BYTES];

	if (options->server_key == NULL)
		return true;
	if (!keys_read(options->key_file, secret, problem))
		return false;
	bool set =
	    zmq_curve_public(public, secret) == 0 &&
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, KEY_BYTES) == 0 &&
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, KEY_BYTES) == 0 &&
	    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->server_key, strlen(options->server_key) + 1) == 0;
	explicit_bzero(secret, sizeof(secret));
	return set ||
	       problem_is(problem, CLIENT_WRONG, "the monitor's key", "must be the 40 characters of a public key");
}

static bool zmq_problem(struct client_problem *problem, enum client_code code, const char *about)
{
	return problem_is(problem, code, about, zmq_strerror(zmq_errno()));
}

/* No ZMTP heartbeat: it makes libzmq 4.3.4 abort when this side is slow (libzmq issue 3937). Silence is judged by the
 * view. */
static bool set_options(void *socket)
{
	return set_number(socket, ZMQ_LINGER, 0) && set_number(socket, ZMQ_RCVHWM, RECEIVE_HWM) &&
	       set_number(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
	       set_number(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MOST_MS) && set_number(socket, ZMQ_IPV6, 1) &&
	       set_number(socket, ZMQ_TCP_KEEPALIVE, 1) && set_number(socket, ZMQ_TCP_KEEPALIVE_IDLE, 5) &&
	       set_number(socket, ZMQ_TCP_KEEPALIVE_INTVL, 2) && set_number(socket, ZMQ_TCP_KEEPALIVE_CNT, 3) &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &(int64_t){MESSAGE_PACKET_MAX}, sizeof(int64_t)) == 0;
}

bool subscribe_begin(struct subscription *subscription, const struct client_options *options, int64_t now_ns,
                     struct client_problem *problem)
{
	char topic[MESSAGE_TOPIC_BYTES];
	bool any = options->bedside == NULL || options->bedside[0] == '\0';
	size_t size = strlen(options->endpoint);
	int length = any ? snprintf(topic, sizeof(topic), "vitals/")
	                 : snprintf(topic, sizeof(topic), "vitals/%s/", options->bedside);

	if (size >= sizeof(subscription->endpoint) || length < 0 || (size_t)length >= sizeof(topic))
		return problem_is(problem, CLIENT_WRONG, options->endpoint, "endpoint or bedside is too long");
	memcpy(subscription->endpoint, options->endpoint, size + 1);
	subscription->connected_ns = now_ns;
	subscription->context = zmq_ctx_new();
	void *socket = subscription->context == NULL ? NULL : zmq_socket(subscription->context, ZMQ_SUB);
	subscription->socket = socket;
	if (socket == NULL)
		return zmq_problem(problem, CLIENT_SYSTEM, "");
	if (!set_curve(socket, options, problem))
		return false;
	return (set_options(socket) && zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, (size_t)length) == 0 &&
	        zmq_connect(socket, subscription->endpoint) == 0) ||
	       zmq_problem(problem, CLIENT_WRONG, subscription->endpoint);
}

void subscribe_again(struct subscription *subscription, int64_t now_ns)
{
	subscription->connected_ns = now_ns;
	/* Fails when a try before this one failed: no matter. */
	(void)zmq_disconnect(subscription->socket, subscription->endpoint);
	(void)zmq_connect(subscription->socket, subscription->endpoint); /* was accepted once; tried again later */
}

int subscribe_next(struct subscription *subscription)
{
	int parts = 0, more = 1;

	for (; more != 0; parts++) { /* libzmq hands over whole messages: every part is here already */
		zmq_msg_t part;
		(void)zmq_msg_init(&part); /* cannot fail */
		if (zmq_msg_recv(&part, subscription->socket, ZMQ_DONTWAIT) < 0) {
			(void)zmq_msg_close(&part); /* is empty */
			return parts == 0 ? -1 : 0;
		}
		size_t size = zmq_msg_size(&part);
		if (parts == 0) { /* the last one is kept until there is another */
			subscription->topic[0] = '\0';
			subscription->message = NULL;
		}
		if (parts == 0 && size < MESSAGE_TOPIC_BYTES) {
			memcpy(subscription->topic, zmq_msg_data(&part), size);
			subscription->topic[size] = '\0';
		} else if (parts == 1) {
			subscription->message = message_unpack(&subscription->arena, zmq_msg_data(&part), size);
		}
		more = zmq_msg_more(&part);
		(void)zmq_msg_close(&part); /* was initialised */
	}
	return parts == 2 && subscription->message != NULL ? 1 : 0;
}

void subscribe_end(struct subscription *subscription)
{
	if (subscription->socket != NULL)
		(void)zmq_close(subscription->socket); /* is a socket */
	if (subscription->context != NULL)
		(void)zmq_ctx_term(subscription->context); /* LINGER 0: cannot wait */
	subscription->socket = subscription->context = NULL;
}

bool subscribe_wait(void *const *sockets, size_t count, int fd, int timeout_ms)
{
	zmq_pollitem_t items[CLIENT_WAIT_MOST + 1];

	for (size_t i = 0; i < count; i++)
		items[i] = (zmq_pollitem_t){sockets[i], 0, ZMQ_POLLIN, 0};
	items[count] = (zmq_pollitem_t){NULL, fd, ZMQ_POLLIN, 0};
	/* An interrupted wait is an ordinary one: whatever it was is seen on the next turn. */
	int ready = zmq_poll(items, (int)count + (fd >= 0), timeout_ms);
	return ready > 0 && fd >= 0 && items[count].revents != 0;
}
