/* What goes over the socketpair between the engine's process and the publisher child: both are the same binary, so
 * plain structs do. Each packet begins with its kind. Down: one packet of settings, then one for each message. Up:
 * reports. The child serves the network, so what it says is checked before it is believed; protocol.c is the one place
 * for that. The end of file in either direction means that the other side is gone. Private to daemon/publish
 * (engine_side.c and child_side.c). */
#ifndef VITALS_PUBLISH_PROTOCOL_H
#define VITALS_PUBLISH_PROTOCOL_H

#include "vitals/publish.h"

#define PUBLISHER_FD 3

enum publisher_exit {
	PUBLISHER_EXIT_END = 0,      /* the engine closed the socket */
	PUBLISHER_EXIT_CALL = 1,     /* not started by vitalsd, or the system refused something */
	PUBLISHER_EXIT_SETTINGS = 2, /* an endpoint or key cannot be used */
	PUBLISHER_EXIT_LOOPBACK = 3, /* own heartbeat was not seen in time: libzmq does not deliver */
	PUBLISHER_EXIT_PACKET = 4,   /* the engine said something that is no packet */
};

/* Kinds are not counted from 0: what was never written is none. */
enum packet_kind {
	PACKET_BAD = 0,
	PACKET_SETTINGS = 0x51, /* down */
	PACKET_MESSAGE,
	PACKET_REPORT = 0xA1, /* up */
	PACKET_PEER,
	PACKET_JOINED,
};

enum packet_way {
	PACKET_DOWN,
	PACKET_UP,
};

struct packet_settings {
	uint8_t kind;
	char bedside[NAME_BYTES];
	struct publish_config publish;
};

struct packet_message {
	uint8_t kind;
	uint8_t topic; /* enum topic */
	uint8_t bytes[MESSAGE_BYTES];
};

#define PACKET_MESSAGE_HEAD offsetof(struct packet_message, bytes)

/* Sent each time a heartbeat came back through the child's own subscription. */
struct packet_report {
	uint8_t kind;
	uint64_t seen; /* how many so far */
};

/* Somebody connected: a display that may read, or a stranger that may not. */
struct packet_peer {
	uint8_t kind;
	bool refused;
	struct publish_peer peer;
};

/* Somebody subscribed to snapshots, and waits for the first. */
struct packet_joined {
	uint8_t kind;
};

/* The kind of a packet that came this way, if it is whole; else PACKET_BAD. `size` is the size that was sent
 * (MSG_TRUNC); of a larger packet than the way allows only the first byte is looked at. Pure. */
enum packet_kind packet_check(const void *packet, size_t size, enum packet_way way);

#endif
