/* Modbus RTU frames over a TCP connection to a transparent device server, behind which is a serial bus. Called by the
 * link's thread from bus_loop.c.
 *
 * As on a serial line only unit, function and length tell one answer from another; and what a slow device answers
 * reaches whatever connection the server has by then. So after any doubt the connection is made anew and then listened
 * to until it has been quiet for longer than any answer can be late. The silence between frames is the server's to
 * keep. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/link/modbus_port.h"
#include "daemon/link/tcp_socket.h"

#define FRAME_BYTES     256
#define EXCEPTION_BYTES 5
#define CRC_BYTES       2
/* A server may have kept bytes from before the connect. */
#define SETTLE_NS     (50 * NS_PER_MS)
#define QUIET_PERIODS 5

static int64_t timeout_ns(const struct modbus_port *port)
{
	return port->link->own->timeout_ms * NS_PER_MS;
}

/* Throws away what comes until it was quiet for `quiet_ns`. False if it never is, or the connection is gone. */
static bool drain(struct modbus_port *port, int64_t quiet_ns)
{
	struct mono cap = mono_after(shell_now(), QUIET_PERIODS * quiet_ns);
	struct mono quiet_at = mono_after(shell_now(), quiet_ns);
	uint8_t dropped[64];

	for (;;) {
		switch (link_wait(port->link, port->fd, POLLIN, mono_earlier(quiet_at, cap))) {
		case WAIT_TIMEOUT:
			return mono_before(quiet_at, cap);
		case WAIT_READY: {
			ssize_t count = recv(port->fd, dropped, sizeof dropped, 0);
			if (count <= 0)
				return false;
			link_traffic(port->link, TRAFFIC_RECEIVED, dropped, (size_t)count);
			quiet_at = mono_after(shell_now(), quiet_ns);
			break;
		}
		case WAIT_GONE:
			return false;
		case WAIT_WOKEN:
			if (atomic_load(&port->link->stopping))
				return true;
			break;
		}
	}
}

static bool open_and_drain(struct modbus_port *port, int64_t quiet_ns)
{
	port->fd = tcp_socket_connect(port->link, timeout_ns(port));
	if (port->fd < 0)
		return false;
	link_traffic(port->link, TRAFFIC_CONNECTED, NULL, 0);
	if (drain(port, quiet_ns))
		return true;
	(void)close(port->fd); /* nothing was written */
	return false;
}

static enum device_fault rtu_tcp_open(struct modbus_port *port)
{
	return open_and_drain(port, SETTLE_NS) ? FAULT_NONE : FAULT_NOT_FOUND;
}

static void rtu_tcp_close(struct modbus_port *port)
{
	(void)close(port->fd); /* what was written is not waited for */
}

static bool rtu_tcp_resync(struct modbus_port *port)
{
	rtu_tcp_close(port);
	return open_and_drain(port, 2 * timeout_ns(port));
}

static bool rtu_tcp_closed(const struct modbus_port *port)
{
	uint8_t byte;
	ssize_t waiting = recv(port->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
	int error = errno;

	return waiting == 0 || (waiting < 0 && error != EAGAIN);
}

/* What waits in the socket before a question is asked belongs to nobody: noise of transceivers that turn round. */
static enum outcome expect_silence(const struct modbus_port *port)
{
	uint8_t stray[FRAME_BYTES];
	ssize_t waiting = recv(port->fd, stray, sizeof stray, MSG_DONTWAIT);
	int error = errno;

	if (waiting < 0)
		return error == EAGAIN ? OUTCOME_OK : OUTCOME_LOST;
	if (waiting == 0)
		return OUTCOME_LOST;
	link_traffic(port->link, TRAFFIC_RECEIVED, stray, (size_t)waiting);
	return (size_t)waiting < sizeof stray ? OUTCOME_OK : OUTCOME_BAD_FRAME;
}

static enum outcome send_request(struct modbus_port *port, const struct request *request)
{
	uint8_t frame[REQUEST_BYTES + CRC_BYTES];

	request_pack(request, frame);
	uint16_t crc = frame_crc(frame, REQUEST_BYTES);
	frame[REQUEST_BYTES] = (uint8_t)(crc & 0xFF);
	frame[REQUEST_BYTES + 1] = (uint8_t)(crc >> 8);
	if (send(port->fd, frame, sizeof frame, MSG_NOSIGNAL) != (ssize_t)sizeof frame)
		return OUTCOME_LOST;
	link_traffic(port->link, TRAFFIC_SENT, frame, sizeof frame);
	return OUTCOME_OK;
}

/* How long the answer is that begins like this. */
static size_t frame_bytes(const struct request *request, const uint8_t *answer, size_t count)
{
	if (count >= 2 && (answer[1] & 0x80) != 0)
		return EXCEPTION_BYTES;
	return request->function == MODBUS_WRITE_ONE ? REQUEST_BYTES + CRC_BYTES
	                                             : 3 + 2U * request->argument + CRC_BYTES;
}

/* Fills `answer` until it is whole. Bytes behind it are left where they are, for expect_silence to find. */
static enum outcome receive(struct modbus_port *port, const struct request *request, uint8_t answer[FRAME_BYTES],
                            size_t *count)
{
	struct mono deadline = mono_after(shell_now(), timeout_ns(port));
	struct pollfd line = {.fd = port->fd, .events = POLLIN};

	while (*count < frame_bytes(request, answer, *count)) {
		int64_t left = mono_since(deadline, shell_now());
		struct timespec limit = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
		/* The shortest answer first: an exception is no longer. */
		size_t wanted = *count < EXCEPTION_BYTES ? EXCEPTION_BYTES : frame_bytes(request, answer, *count);
		int ready = ppoll(&line, 1, &limit, NULL);
		if (ready == 0)
			return *count > 0 ? OUTCOME_BAD_FRAME : OUTCOME_TIMEOUT;
		if (ready < 0)
			continue;
		ssize_t got = recv(port->fd, answer + *count, wanted - *count, 0);
		int error = errno;
		if (got == 0 || (got < 0 && error != EAGAIN && error != EINTR))
			return OUTCOME_LOST;
		*count += got > 0 ? (size_t)got : 0;
	}
	return OUTCOME_OK;
}

static enum outcome rtu_tcp_transact(struct modbus_port *port, const struct request *request, uint16_t *registers)
{
	uint8_t answer[FRAME_BYTES];
	size_t count = 0;
	enum outcome outcome = expect_silence(port);

	if (outcome == OUTCOME_OK)
		outcome = send_request(port, request);
	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = receive(port, request, answer, &count);
	if (count > 0)
		link_traffic(port->link, TRAFFIC_RECEIVED, answer, count);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (frame_crc(answer, count) != 0) /* over a frame and its own checksum */
		return OUTCOME_BAD_FRAME;
	return answer_check(request, answer, (int)count - CRC_BYTES, registers);
}

const struct modbus_port_ops rtu_tcp_port_ops = {
    .open = rtu_tcp_open,
    .transact = rtu_tcp_transact,
    .resync = rtu_tcp_resync,
    .close = rtu_tcp_close,
    .closed = rtu_tcp_closed,
    .reconnects = true,
};
