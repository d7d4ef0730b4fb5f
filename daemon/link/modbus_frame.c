/* Modbus requests and the checking of answers, common to RTU and TCP. Pure; called by link threads. libmodbus checks
 * the CRC or reads the header; that an answer belongs to the request is decided here. */
#include <errno.h>
#include <modbus.h>
#include <string.h>

#include "daemon/link/modbus_port.h"

#define EXCEPTION_BIT         0x80
#define EXCEPTION_ACKNOWLEDGE 5
#define EXCEPTION_BUSY        6

void request_pack(const struct request *request, uint8_t bytes[REQUEST_BYTES])
{
	bytes[0] = request->unit;
	bytes[1] = (uint8_t)request->function;
	bytes[2] = (uint8_t)(request->address >> 8);
	bytes[3] = (uint8_t)(request->address & 0xFF);
	bytes[4] = (uint8_t)(request->argument >> 8);
	bytes[5] = (uint8_t)(request->argument & 0xFF);
}

enum outcome answer_check(const struct request *request, const uint8_t *bytes, int count, uint16_t *registers)
{
	if (count < 3 || bytes[0] != request->unit)
		return OUTCOME_BAD_FRAME;
	if (bytes[1] == ((unsigned)request->function | EXCEPTION_BIT) && count == 3) {
		bool later = bytes[2] == EXCEPTION_ACKNOWLEDGE || bytes[2] == EXCEPTION_BUSY;
		return later ? OUTCOME_BUSY : OUTCOME_EXCEPTION;
	}
	if (bytes[1] != (unsigned)request->function)
		return OUTCOME_BAD_FRAME;
	if (request->function == MODBUS_WRITE_ONE) {
		uint8_t echo[REQUEST_BYTES];
		request_pack(request, echo);
		bool same = count == REQUEST_BYTES && memcmp(bytes, echo, REQUEST_BYTES) == 0;
		return same ? OUTCOME_OK : OUTCOME_BAD_FRAME;
	}
	if (count != 3 + 2 * request->argument || bytes[2] != 2 * request->argument)
		return OUTCOME_BAD_FRAME;
	for (uint16_t i = 0; i < request->argument; i++)
		registers[i] = (uint16_t)(bytes[3 + 2 * i] << 8 | bytes[4 + 2 * i]);
	return OUTCOME_OK;
}

uint16_t frame_crc(const uint8_t *bytes, size_t count)
{
	unsigned crc = 0xFFFF;

	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
	}
	return (uint16_t)crc;
}

void answer_traffic(struct modbus_port *port, const uint8_t *answer, size_t size, int count)
{
	size_t length = (size_t)(count > 0 ? count : 0);

	if (count <= 0) /* 0: a frame of another unit */
		for (length = size; length > 0 && answer[length - 1] == ANSWER_FILLING; length--)
			continue;
	if (length > 0)
		link_traffic(port->link, TRAFFIC_RECEIVED, answer, length);
}

enum outcome outcome_of_errno(int error)
{
	if (error == ETIMEDOUT)
		return OUTCOME_TIMEOUT;
	if (error > MODBUS_ENOBASE)
		return OUTCOME_BAD_FRAME;
	return OUTCOME_LOST;
}
