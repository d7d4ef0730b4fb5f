/* What is said on the control socket: bytes -> validated request, response -> bytes. Pure but for protobuf-c, without
 * heap. Called by the control thread (daemon/desk/local_socket.c) and by the fuzzer. */
#ifndef DAEMON_WIRE_REQUEST_H
#define DAEMON_WIRE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/refusal.h"

#define REQUEST_BYTES_MAX   4096
#define RESPONSE_HEAD_BYTES 2048 /* a response without its snapshot is always smaller */

struct request {
	uint64_t id;                  /* the client's own; 0 if not even that could be read */
	bool status;                  /* asks for the state; otherwise `command` says what is wanted */
	struct event_command command; /* id and actor are not set here */
	struct refusal refusal;       /* after a failure: what is wrong and what is legal */
};

/* `bytes` come from anybody. False with request->refusal if they are not one whole valid request. */
bool request_decode(struct request *request, const uint8_t *bytes, size_t size);

struct response {
	uint64_t id;
	enum result result;
	const struct refusal *refusal; /* NULL: none */
	const char *bedside;
	bool demo;
	const uint8_t *snapshot; /* packed vitals.v1.Snapshot, or NULL */
	size_t snapshot_size;
};

/* Returns the size, or 0 if `size` is too small: RESPONSE_HEAD_BYTES plus the snapshot suffices. */
size_t response_encode(uint8_t *bytes, size_t size, const struct response *response);

#endif
