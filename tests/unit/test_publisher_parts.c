/* Parts of the publisher child that need no process: the loop-back check and the ZAP handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/uio.h>
#include <zmq.h>

#include "daemon/publish/loopback.h"
#include "daemon/publish/protocol.h"
#include "daemon/publish/zap.h"

static const uint8_t *bytes_of(const char *text)
{
	return (const uint8_t *)text;
}

static void loopback_is_late_after_a_second(void **state)
{
	(void)state;
	static struct loopback l;
	const struct mono t = {5 * NS_PER_S};

	memset(&l, 0, sizeof l);
	assert_false(loopback_late(&l, MONO_NEVER)); /* nothing sent, nothing missed */
	loopback_sent(&l, bytes_of("h1"), 2, t);
	assert_false(loopback_late(&l, mono_after(t, NS_PER_S)));
	assert_true(loopback_late(&l, mono_after(t, NS_PER_S + 1)));
	loopback_sent(&l, bytes_of("h2"), 2, mono_after(t, NS_PER_S));
	assert_false(loopback_seen(&l, bytes_of("h9"), 2)); /* somebody else's */
	assert_true(loopback_late(&l, mono_after(t, NS_PER_S + 1)));
	assert_true(loopback_seen(&l, bytes_of("h1"), 2)); /* h2 is still awaited */
	assert_false(loopback_late(&l, mono_after(t, 2 * NS_PER_S)));
	assert_true(loopback_late(&l, mono_after(t, 2 * NS_PER_S + 1)));
	assert_true(loopback_seen(&l, bytes_of("h2"), 2));
	assert_false(loopback_late(&l, MONO_NEVER));
	assert_false(loopback_seen(&l, bytes_of("h2"), 2)); /* only once */
	assert_int_equal(l.seen, 2);
}

static void loopback_survives_lost_heartbeats(void **state)
{
	(void)state;
	static struct loopback l;
	const struct mono t = {5 * NS_PER_S};

	memset(&l, 0, sizeof l);
	loopback_sent(&l, bytes_of("h1"), 2, t); /* before the subscription was in effect */
	loopback_sent(&l, bytes_of("h2"), 2, mono_after(t, 500 * NS_PER_MS));
	assert_true(loopback_seen(&l, bytes_of("h2"), 2));
	assert_false(loopback_late(&l, MONO_NEVER));
	/* Many that never come back: late, although the first of them is no longer kept. */
	for (int i = 0; i < 9; i++)
		loopback_sent(&l, bytes_of("lost"), 4, mono_after(t, (2 + i) * NS_PER_S));
	assert_true(loopback_late(&l, mono_after(t, 3 * NS_PER_S + 1)));
}

/* Asks the handler as libzmq would, and returns the status code. */
static struct publish_peer peer;
static enum zap_answer answered;

static const char *ask(const struct zap *zap, void *asker, int count, const struct iovec *frames)
{
	static char answer[6][64];

	for (int i = 0; i < count; i++)
		assert_true(zmq_send(asker, frames[i].iov_base, frames[i].iov_len, i + 1 < count ? ZMQ_SNDMORE : 0) >=
		            0);
	zmq_pollitem_t item = {.socket = zap->socket, .events = ZMQ_POLLIN};
	assert_int_equal(zmq_poll(&item, 1, 60000), 1);
	answered = zap_serve(zap, &peer);
	for (int i = 0; i < 6; i++) {
		int size = zmq_recv(asker, answer[i], sizeof answer[i] - 1, 0);
		assert_in_range(size, 0, sizeof answer[i] - 1);
		answer[i][size] = '\0';
	}
	assert_string_equal(answer[0], "1.0");
	return answer[2];
}

static void zap_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	static struct zap zap;
	static char big[1000];
	char public[CURVE_KEY_BYTES], secret[CURVE_KEY_BYTES];
	uint8_t key[32], other[32] = {0};
	int wait_ms = 60000, linger = 0;
	void *context = zmq_ctx_new();

	memset(&zap, 0, sizeof zap);
	zap.own_key = -1;
	assert_non_null(context);
	assert_int_equal(zmq_curve_keypair(public, secret), 0);
	assert_non_null(zmq_z85_decode(key, public));
	assert_false(zap_allow(&zap, "too short"));
	assert_false(zap_allow(&zap, "                                        "));
	assert_true(zap_allow(&zap, public));
	assert_true(zap_open(&zap, context));
	void *asker = zmq_socket(context, ZMQ_REQ);
	assert_non_null(asker);
	assert_int_equal(zmq_setsockopt(asker, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms), 0);
	assert_int_equal(zmq_setsockopt(asker, ZMQ_LINGER, &linger, sizeof linger), 0);
	assert_int_equal(zmq_connect(asker, "inproc://zeromq.zap.01"), 0);
	struct iovec good[] = {{"1.0", 3}, {"1", 1},     {ZAP_DOMAIN, 7}, {"::1", 3},
	                       {"", 0},    {"CURVE", 5}, {key, 32},       {"", 0}};
	struct iovec asked[8];
#define ASK(count, change, expected)                                                                                   \
	do {                                                                                                           \
		memcpy(asked, good, sizeof good);                                                                      \
		change;                                                                                                \
		assert_string_equal(ask(&zap, asker, count, asked), expected);                                         \
	} while (0)
	ASK(7, (void)0, "200");
	assert_int_equal(answered, ZAP_ALLOWED);
	assert_string_equal(peer.from, "::1");
	assert_int_equal(peer.uid, PERSON_NO_ACCOUNT);
	assert_memory_equal(peer.who, "key ", 4);
	assert_memory_equal(peer.who + 4, public, 12);
	assert_int_equal(strlen(peer.who), 16);
	ASK(7, asked[6].iov_base = other, "400");
	assert_int_equal(answered, ZAP_REFUSED);
	assert_string_equal(peer.who, "key 000000000000");
	/* Where no keys are asked for: who it is, by the kernel's word. */
	struct iovec plain[] = {
	    {"1.0", 3}, {"1", 1},   {ZAP_PLAIN_DOMAIN, strlen(ZAP_PLAIN_DOMAIN)}, {"localhost:1000:50:77", 20},
	    {"", 0},    {"NULL", 4}};
	assert_string_equal(ask(&zap, asker, 6, plain), "200");
	assert_int_equal(answered, ZAP_ALLOWED);
	assert_int_equal(peer.uid, 1000);
	assert_string_equal(peer.from, "");
	plain[3] = (struct iovec){"2001:db8:1:2:3:4", 16};
	assert_string_equal(ask(&zap, asker, 6, plain), "200");
	assert_int_equal(peer.uid, PERSON_NO_ACCOUNT);
	assert_string_equal(peer.from, "2001:db8:1:2:3:4");
	plain[3] = (struct iovec){":0:0:4294967296", 15};
	assert_string_equal(ask(&zap, asker, 6, plain), "200");
	assert_int_equal(peer.uid, PERSON_NO_ACCOUNT);
	plain[2] = (struct iovec){ZAP_DOMAIN, strlen(ZAP_DOMAIN)}; /* but never for the network */
	assert_string_equal(ask(&zap, asker, 6, plain), "400");
	ASK(7, asked[6].iov_len = 31, "400");
	ASK(7, asked[0].iov_base = "2.0", "400");
	ASK(7, asked[2].iov_len = 3, "400");
	ASK(7, asked[5].iov_base = "PLAIN", "400");
	ASK(7, (asked[3] = (struct iovec){big, sizeof big}), "400");
	ASK(6, (void)0, "400");
	ASK(8, (void)0, "400");
	ASK(1, (void)0, "400");
	ASK(7, (void)0, "200");
#undef ASK
	assert_int_equal(zmq_close(asker), 0);
	assert_int_equal(zmq_close(zap.socket), 0);
	assert_int_equal(zmq_ctx_term(context), 0);
}

static enum packet_kind down(const void *packet, size_t size)
{
	return packet_check(packet, size, PACKET_DOWN);
}

static void settings_are_checked(void **state)
{
	(void)state;
	static struct packet_settings s;

	memset(&s, 0, sizeof s);
	assert_int_equal(down(&s, sizeof s), PACKET_BAD); /* no kind */
	s.kind = PACKET_SETTINGS;
	s.publish.endpoint_count = ENDPOINTS_MAX;
	s.publish.client_key_count = CLIENT_KEYS_MAX;
	assert_int_equal(down(&s, sizeof s), PACKET_SETTINGS);
	assert_int_equal(packet_check(&s, sizeof s, PACKET_UP), PACKET_BAD);
	assert_int_equal(down(&s, sizeof s - 1), PACKET_BAD);
	assert_int_equal(down(&s, sizeof s + 1), PACKET_BAD);
	assert_int_equal(down(&s, 0), PACKET_BAD);
	assert_int_equal(down(&s, 1), PACKET_BAD);
#define SPOILED(field, byte)                                                                                           \
	do {                                                                                                           \
		static struct packet_settings spoiled;                                                                 \
		spoiled = s;                                                                                           \
		memset(&spoiled.field, byte, sizeof spoiled.field);                                                    \
		assert_int_equal(down(&spoiled, sizeof spoiled), PACKET_BAD);                                          \
	} while (0)
	SPOILED(bedside, 'x'); /* texts without an end */
	SPOILED(publish.secret_key, 'x');
	SPOILED(publish.endpoints[0], 'x');
	SPOILED(publish.endpoints[ENDPOINTS_MAX - 1], 'x');
	SPOILED(publish.client_keys[CLIENT_KEYS_MAX - 1], 'x');
	SPOILED(publish.endpoint_count, ENDPOINTS_MAX + 1);
	SPOILED(publish.client_key_count, CLIENT_KEYS_MAX + 1);
#undef SPOILED
}

static void messages_and_reports_are_checked(void **state)
{
	(void)state;
	static struct packet_message m = {.kind = PACKET_MESSAGE, .topic = TOPIC_COUNT - 1};
	struct packet_report r = {.kind = PACKET_REPORT, .seen = 1};

	assert_int_equal(down(&m, sizeof m), PACKET_MESSAGE);
	assert_int_equal(down(&m, PACKET_MESSAGE_HEAD + 1), PACKET_MESSAGE);
	assert_int_equal(down(&m, PACKET_MESSAGE_HEAD), PACKET_BAD); /* without a body */
	assert_int_equal(down(&m, 1), PACKET_BAD);
	assert_int_equal(down(&m, sizeof m + 1), PACKET_BAD);
	assert_int_equal(packet_check(&m, sizeof m, PACKET_UP), PACKET_BAD);
	m.topic = TOPIC_COUNT;
	assert_int_equal(down(&m, sizeof m), PACKET_BAD);
	assert_int_equal(packet_check(&r, sizeof r, PACKET_UP), PACKET_REPORT);
	assert_int_equal(down(&r, sizeof r), PACKET_BAD);
	assert_int_equal(packet_check(&r, sizeof r - 1, PACKET_UP), PACKET_BAD);
	assert_int_equal(packet_check(&r, sizeof r + 1, PACKET_UP), PACKET_BAD);
	assert_int_equal(packet_check(&r, 0, PACKET_UP), PACKET_BAD);
	struct packet_peer p;
	memset(&p, 0, sizeof p);
	p.kind = PACKET_PEER;
	assert_int_equal(packet_check(&p, sizeof p, PACKET_UP), PACKET_PEER);
	assert_int_equal(packet_check(&p, sizeof p - 1, PACKET_UP), PACKET_BAD);
	assert_int_equal(down(&p, sizeof p), PACKET_BAD);
	memset(p.peer.from, 'x', sizeof p.peer.from);
	assert_int_equal(packet_check(&p, sizeof p, PACKET_UP), PACKET_BAD);
	memset(p.peer.from, 0, sizeof p.peer.from);
	memset(p.peer.who, 'x', sizeof p.peer.who);
	assert_int_equal(packet_check(&p, sizeof p, PACKET_UP), PACKET_BAD);
	memset(p.peer.who, 0, sizeof p.peer.who);
	memset(&p.refused, 2, 1);
	assert_int_equal(packet_check(&p, sizeof p, PACKET_UP), PACKET_BAD);
	const struct packet_joined j = {PACKET_JOINED};
	assert_int_equal(packet_check(&j, sizeof j, PACKET_UP), PACKET_JOINED);
	assert_int_equal(packet_check(&j, sizeof j + 1, PACKET_UP), PACKET_BAD);
	/* Of all kinds one is legal with this size, each way. */
	int legal = 0;
	for (int kind = 0; kind < 256; kind++) {
		r.kind = (uint8_t)kind;
		legal += packet_check(&r, sizeof r, PACKET_UP) != PACKET_BAD;
	}
	assert_int_equal(legal, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(loopback_is_late_after_a_second),
	    cmocka_unit_test(loopback_survives_lost_heartbeats),
	    cmocka_unit_test(settings_are_checked),
	    cmocka_unit_test(messages_and_reports_are_checked),
	    cmocka_unit_test(zap_refuses_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
