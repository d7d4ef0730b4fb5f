/* Modbus TCP through libmodbus. Called by the link's thread from bus_loop.c.
 *
 * After any doubt the connection is closed and made anew: what an old connection still delivers can then never be taken
 * for an answer. The header is packed and checked here, because libmodbus does not compare the unit of a TCP answer and
 * gives every raw request the same transaction id. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/link/modbus_port.h"
#include "daemon/link/tcp_socket.h"

#define HEADER_BYTES 6 /* transaction, protocol, length */

static bool set_timeouts(modbus_t *context, int32_t timeout_ms)
{
	uint32_t ms = (uint32_t)timeout_ms;

	/* Byte timeout 0: the response timeout covers the whole answer; otherwise every byte starts it anew. */
	return modbus_set_response_timeout(context, ms / 1000, ms % 1000 * 1000) == 0 &&
	       modbus_set_byte_timeout(context, 0, 0) == 0;
}

static enum device_fault tcp_open(struct modbus_port *port)
{
	const struct link_config *own = port->link->own;
	char service[8];

	(void)snprintf(service, sizeof service, "%u", (unsigned)own->tcp_port); /* at most 5 digits */
	port->context = modbus_new_tcp_pi(own->host, service);                  /* numeric: no name is looked up */
	if (port->context == NULL)
		return FAULT_NOT_FOUND;
	bool connected = set_timeouts(port->context, own->timeout_ms) && modbus_connect(port->context) == 0;
	if (connected) {
		port->fd = modbus_get_socket(port->context);
		if (tcp_socket_watch(port->fd)) {
			link_traffic(port->link, TRAFFIC_CONNECTED, NULL, 0);
			return FAULT_NONE;
		}
		modbus_close(port->context);
	}
	modbus_free(port->context);
	return FAULT_NOT_FOUND;
}

static void tcp_close(struct modbus_port *port)
{
	modbus_close(port->context);
	modbus_free(port->context);
}

/* Nothing may wait in the socket before a question is asked. */
static enum outcome expect_silence(const struct modbus_port *port)
{
	uint8_t byte;
	ssize_t waiting = recv(port->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
	int error = errno;

	if (waiting > 0)
		return OUTCOME_BAD_FRAME;
	return waiting < 0 && error == EAGAIN ? OUTCOME_OK : OUTCOME_LOST;
}

static enum outcome send_request(struct modbus_port *port, const struct request *request)
{
	uint8_t frame[HEADER_BYTES + REQUEST_BYTES] = {0};

	port->transaction++;
	frame[0] = (uint8_t)(port->transaction >> 8);
	frame[1] = (uint8_t)(port->transaction & 0xFF);
	frame[5] = REQUEST_BYTES;
	request_pack(request, frame + HEADER_BYTES);
	if (send(port->fd, frame, sizeof frame, MSG_NOSIGNAL) != (ssize_t)sizeof frame)
		return OUTCOME_LOST;
	link_traffic(port->link, TRAFFIC_SENT, frame, sizeof frame);
	return OUTCOME_OK;
}

static bool header_matches(const struct modbus_port *port, const uint8_t *answer, int count)
{
	return count > HEADER_BYTES && (answer[0] << 8 | answer[1]) == port->transaction &&
	       (answer[2] << 8 | answer[3]) == 0 && (answer[4] << 8 | answer[5]) == count - HEADER_BYTES;
}

static enum outcome tcp_transact(struct modbus_port *port, const struct request *request, uint16_t *registers)
{
	uint8_t answer[MODBUS_MAX_ADU_LENGTH];
	enum outcome outcome = expect_silence(port);

	if (outcome == OUTCOME_OK)
		outcome = send_request(port, request);
	if (outcome != OUTCOME_OK)
		return outcome;
	memset(answer, ANSWER_FILLING, sizeof answer);
	errno = 0;
	int count = modbus_receive_confirmation(port->context, answer);
	int error = errno;
	answer_traffic(port, answer, sizeof answer, count);
	if (count < 0)
		return outcome_of_errno(error);
	if (!header_matches(port, answer, count))
		return OUTCOME_BAD_FRAME;
	return answer_check(request, answer + HEADER_BYTES, count - HEADER_BYTES, registers);
}

static bool tcp_closed(const struct modbus_port *port)
{
	return expect_silence(port) == OUTCOME_LOST;
}

static bool tcp_resync(struct modbus_port *port)
{
	tcp_close(port);
	link_touch(port->link);
	return tcp_open(port) == FAULT_NONE;
}

const struct modbus_port_ops tcp_port_ops = {
    .open = tcp_open,
    .transact = tcp_transact,
    .resync = tcp_resync,
    .close = tcp_close,
    .closed = tcp_closed,
    .reconnects = true,
};
