/* What goes over the socketpair between the engine's process and the publisher child: both are the same binary, so
 * plain structs do. Down: one packet of settings, then one packet for each message. Up: reports. The end of file in
 * either direction means that the other side is gone. Private to daemon/publish (child.c and publisher.c). */
#ifndef VITALS_PUBLISH_PROTOCOL_H
#define VITALS_PUBLISH_PROTOCOL_H

#include "vitals/publish.h"

#define PUBLISHER_FD 3

enum publisher_exit {
	PUBLISHER_EXIT_END = 0,      /* the engine closed the socket */
	PUBLISHER_EXIT_CALL = 1,     /* not started by vitalsd, or the system refused something */
	PUBLISHER_EXIT_SETTINGS = 2, /* an endpoint or key cannot be used */
	PUBLISHER_EXIT_LOOPBACK = 3, /* own heartbeat was not seen in time: libzmq does not deliver */
};

struct publisher_settings {
	char bedside[NAME_BYTES];
	struct publish_config publish;
};

struct publisher_packet {
	uint8_t topic; /* enum topic */
	uint8_t bytes[MESSAGE_BYTES];
};

/* Sent each time a heartbeat came back through the child's own subscription. */
struct publisher_report {
	uint64_t seen; /* how many so far */
};

#endif
