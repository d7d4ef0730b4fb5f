/* Modbus RTU on a serial line through libmodbus. Called by the link's thread from bus_loop.c.
 *
 * RTU has no transaction id: only length and unit tell one answer from another. So requests go out on a line that was
 * silent for 3.5 characters, answers are checked against their request here, and after any doubt the line is drained
 * until it has been quiet for longer than any answer can be late. libmodbus keeps no silence, checks only the CRC of
 * what modbus_receive_confirmation returns, and its recovery modes can loop for ever: they stay off.
 *
 * The length of an answer and the baud rate are known, so the thread sleeps until the last character is due, once more
 * if the device took its time, and does not wake for each character. */
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/link/modbus_port.h"

/* Fixed above 19200 baud (Modbus over serial line V1.02, 2.5.1.1). */
#define SILENCE_FAST_NS (1750 * NS_PER_MS / 1000)
/* A device's turnaround at the least, whatever is configured. */
#define ANSWER_MARGIN_NS     (20 * NS_PER_MS)
#define STRAY_TRIES          8
#define RESYNC_QUIET_PERIODS 5

static int64_t character_ns(const struct line_settings *line)
{
	int64_t bits = 1 + line->data_bits + (line->parity == 'N' ? 0 : 1) + line->stop_bits;

	return bits * NS_PER_S / line->baud;
}

static int64_t silence_ns(const struct line_settings *line)
{
	return line->baud > 19200 ? SILENCE_FAST_NS : character_ns(line) * 7 / 2;
}

static int answer_bytes(const struct request *request)
{
	return request->function == MODBUS_WRITE_ONE ? REQUEST_BYTES + 2 : 5 + 2 * request->argument;
}

/* From the first character of the request to the last of the answer, if the device needs no time. */
static int64_t wire_ns(const struct line_settings *line, const struct request *request)
{
	return (REQUEST_BYTES + 2 + answer_bytes(request)) * character_ns(line) + silence_ns(line);
}

static int64_t timeout_ns(const struct modbus_port *port, int64_t wire)
{
	int64_t configured = port->link->own->timeout_ms * NS_PER_MS;

	return configured > wire + ANSWER_MARGIN_NS ? configured : wire + ANSWER_MARGIN_NS;
}

static bool set_timeout(modbus_t *context, int64_t ns)
{
	uint32_t us = (uint32_t)(ns > NS_PER_MS ? ns / 1000 : 1000);

	return modbus_set_response_timeout(context, us / 1000000, us % 1000000) == 0;
}

static enum device_fault rtu_open(struct modbus_port *port)
{
	const struct line_settings *line = &port->link->own->line;
	enum device_fault fault = serial_line_claim(&port->serial, port->link->own->port);

	if (fault != FAULT_NONE)
		return fault;
	/* A second connect with parity to the same pty fails in this C library, and a pty has no parity to check. */
	char parity = port->serial.is_pty ? 'N' : line->parity;
	port->context = modbus_new_rtu(port->serial.real, line->baud, parity, line->data_bits, line->stop_bits);
	if (port->context == NULL) {
		serial_line_release(&port->serial);
		return FAULT_NOT_FOUND;
	}
	/* Byte timeout 0: the response timeout covers the whole answer; otherwise every byte starts it anew. */
	bool ready = modbus_set_byte_timeout(port->context, 0, 0) == 0 && modbus_connect(port->context) == 0;
	int error = errno;
	if (ready) {
		port->fd = modbus_get_socket(port->context);
		if (serial_line_settle_link(port->link, &port->serial, port->fd, line)) {
			link_traffic(port->link, TRAFFIC_CONNECTED, NULL, 0);
			port->line_busy_until = shell_now();
			return FAULT_NONE;
		}
		modbus_close(port->context);
	}
	if (!ready && error == EINVAL)
		serial_line_tell_line(port->link, &port->serial, line);
	modbus_free(port->context);
	serial_line_release(&port->serial);
	return !ready && error == EBUSY ? FAULT_LOCKED : FAULT_NOT_FOUND;
}

static void rtu_close(struct modbus_port *port)
{
	(void)tcflush(port->fd, TCIOFLUSH); /* else close may wait for output; may fail on a port that is gone */
	modbus_close(port->context);
	modbus_free(port->context);
	serial_line_release(&port->serial);
}

/* Waits for 3.5 silent characters. What comes in the meantime belongs to nobody: line noise, a transceiver that turns
 * round, an answer that was longer than it said. */
static enum outcome await_silence(struct modbus_port *port)
{
	for (int i = 0; i < STRAY_TRIES; i++) {
		int waiting = 0;
		link_sleep_until(mono_after(port->line_busy_until, silence_ns(&port->link->own->line)));
		if (ioctl(port->fd, FIONREAD, &waiting) < 0)
			return OUTCOME_LOST;
		if (waiting == 0)
			return OUTCOME_OK;
		if (tcflush(port->fd, TCIFLUSH) < 0)
			return OUTCOME_LOST;
		port->line_busy_until = shell_now();
	}
	return OUTCOME_BAD_FRAME;
}

/* As it stood on the wire. */
static void request_traffic(struct modbus_port *port, const uint8_t bytes[REQUEST_BYTES])
{
	uint16_t crc = frame_crc(bytes, REQUEST_BYTES);
	uint8_t frame[REQUEST_BYTES + 2];

	memcpy(frame, bytes, REQUEST_BYTES);
	frame[REQUEST_BYTES] = (uint8_t)(crc & 0xFF);
	frame[REQUEST_BYTES + 1] = (uint8_t)(crc >> 8);
	link_traffic(port->link, TRAFFIC_SENT, frame, sizeof frame);
}

/* Sleeps while the answer is on its way. Decides nothing: whatever is there then, libmodbus reads and judges, until
 * `deadline`. */
static void await_answer(const struct modbus_port *port, const struct request *request, struct mono due,
                         struct mono deadline)
{
	struct pollfd line = {.fd = port->fd, .events = POLLIN};
	int waiting = 0;

	link_sleep_until(due);
	int64_t left = mono_since(deadline, shell_now());
	struct timespec limit = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
	if (ppoll(&line, 1, &limit, NULL) <= 0 || line.revents != POLLIN || ioctl(port->fd, FIONREAD, &waiting) < 0)
		return;
	/* The next character may be about to come, so one of them is left to libmodbus. */
	int missing = answer_bytes(request) - waiting - 1;
	int64_t rest = missing > 0 ? missing * character_ns(&port->link->own->line) : 0;
	link_sleep_until(mono_earlier(mono_after(shell_now(), rest), deadline));
}

static enum outcome rtu_transact(struct modbus_port *port, const struct request *request, uint16_t *registers)
{
	int64_t wire = wire_ns(&port->link->own->line, request);
	uint8_t bytes[REQUEST_BYTES];
	uint8_t answer[MODBUS_MAX_ADU_LENGTH];
	enum outcome outcome = await_silence(port);

	if (outcome != OUTCOME_OK)
		return outcome;
	request_pack(request, bytes);
	errno = 0;
	int rc = modbus_set_slave(port->context, request->unit);
	if (rc == 0)
		rc = modbus_send_raw_request(port->context, bytes, REQUEST_BYTES);
	int error = errno;
	struct mono sent = shell_now(); /* the first character is on its way now, not earlier */
	if (rc < 0)
		return outcome_of_errno(error);
	request_traffic(port, bytes);
	memset(answer, ANSWER_FILLING, sizeof answer);
	struct mono deadline = mono_after(sent, timeout_ns(port, wire));
	await_answer(port, request, mono_after(sent, wire), deadline);
	if (!set_timeout(port->context, mono_since(deadline, shell_now())))
		return OUTCOME_LOST;
	errno = 0;
	rc = modbus_receive_confirmation(port->context, answer);
	error = errno;
	port->line_busy_until = shell_now();
	answer_traffic(port, answer, sizeof answer, rc);
	if (rc < 0)
		return outcome_of_errno(error);
	/* 0 is what libmodbus makes of a frame for another unit, unchecked. */
	return answer_check(request, answer, rc - 2, registers);
}

/* Drops what comes until the line was quiet for twice the longest time that an answer may take. */
static bool drain(struct modbus_port *port)
{
	const struct line_settings *line = &port->link->own->line;
	struct request longest = {.function = MODBUS_READ_INPUT, .argument = port->longest};
	int64_t quiet = 2 * timeout_ns(port, wire_ns(line, &longest)); /* never below the 3.5 characters */
	struct mono cap = mono_after(shell_now(), RESYNC_QUIET_PERIODS * quiet);
	struct mono quiet_at = mono_after(shell_now(), quiet);

	for (;;) {
		uint8_t dropped[64];
		ssize_t count;
		switch (link_wait(port->link, port->fd, POLLIN, mono_earlier(quiet_at, cap))) {
		case WAIT_TIMEOUT:
			port->line_busy_until = shell_now();
			return mono_before(quiet_at, cap) && tcflush(port->fd, TCIFLUSH) == 0;
		case WAIT_READY:
			count = read(port->fd, dropped, sizeof dropped);
			if (count <= 0)
				return false;
			link_traffic(port->link, TRAFFIC_RECEIVED, dropped, (size_t)count);
			quiet_at = mono_after(shell_now(), quiet);
			break;
		case WAIT_GONE:
			return false;
		case WAIT_WOKEN:
			if (atomic_load(&port->link->stopping))
				return true;
			break;
		}
	}
}

static bool rtu_resync(struct modbus_port *port)
{
	if (drain(port))
		return true;
	rtu_close(port);
	return false;
}

const struct modbus_port_ops rtu_port_ops = {
    .open = rtu_open,
    .transact = rtu_transact,
    .resync = rtu_resync,
    .close = rtu_close,
};
