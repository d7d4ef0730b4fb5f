/* Modbus frames in recorded traffic, judged by the same code as live ones; see vitals/traffic.h. Called by vitalsctl
 * and by tests. Pure. */
#include "vitals/traffic.h"

#include "daemon/link/modbus_port.h"

#define HEADER_BYTES  6 /* TCP: transaction, protocol, length */
#define CRC_BYTES     2
#define REGISTERS_MAX 125

static uint16_t word_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool crc_fits(const uint8_t *bytes, size_t count)
{
	uint16_t crc = frame_crc(bytes, count - CRC_BYTES);

	return bytes[count - 2] == (crc & 0xFF) && bytes[count - 1] == crc >> 8;
}

bool traffic_request(const uint8_t *bytes, size_t count, struct traffic_request *request)
{
	*request = (struct traffic_request){.tcp = count == HEADER_BYTES + REQUEST_BYTES};
	if (request->tcp) {
		if (word_at(bytes + 2) != 0 || word_at(bytes + 4) != REQUEST_BYTES)
			return false;
		request->transaction = word_at(bytes);
		bytes += HEADER_BYTES;
	} else if (count != REQUEST_BYTES + CRC_BYTES || !crc_fits(bytes, count)) {
		return false;
	}
	request->unit = bytes[0];
	request->function = bytes[1];
	request->address = word_at(bytes + 2);
	request->argument = word_at(bytes + 4);
	if (request->function == MODBUS_WRITE_ONE)
		return true;
	return (request->function == MODBUS_READ_HOLDING || request->function == MODBUS_READ_INPUT) &&
	       request->argument > 0 && request->argument <= REGISTERS_MAX;
}

/* The whole length of the answer of which `count` bytes are there, 0 if that cannot be told yet. */
static size_t length_of(const struct traffic_request *request, const uint8_t *bytes, size_t count)
{
	if (request->tcp)
		return count < HEADER_BYTES ? 0 : HEADER_BYTES + (size_t)word_at(bytes + 4);
	if (count < 2)
		return 0;
	if ((bytes[1] & 0x80) != 0)
		return 3 + CRC_BYTES;
	if (request->function == MODBUS_WRITE_ONE)
		return REQUEST_BYTES + CRC_BYTES;
	return 3 + 2 * (size_t)request->argument + CRC_BYTES;
}

enum traffic_answer traffic_answer(const struct traffic_request *request, const uint8_t *bytes, size_t count,
                                   uint16_t *registers)
{
	size_t length = length_of(request, bytes, count);
	struct request asked = {
	    .unit = request->unit,
	    .function = (enum modbus_function)request->function,
	    .address = request->address,
	    .argument = request->argument,
	};

	if (length > TRAFFIC_FRAME_BYTES)
		return TRAFFIC_ANSWER_WRONG;
	if (length == 0 || count < length)
		return TRAFFIC_ANSWER_SHORT;
	if (count > length)
		return TRAFFIC_ANSWER_WRONG;
	if (request->tcp) {
		if (word_at(bytes) != request->transaction || word_at(bytes + 2) != 0)
			return TRAFFIC_ANSWER_WRONG;
		bytes += HEADER_BYTES;
		count -= HEADER_BYTES;
	} else {
		if (!crc_fits(bytes, count))
			return TRAFFIC_ANSWER_WRONG;
		count -= CRC_BYTES;
	}
	switch (answer_check(&asked, bytes, (int)count, registers)) {
	case OUTCOME_OK:
		return request->function == MODBUS_WRITE_ONE ? TRAFFIC_ANSWER_NONE : TRAFFIC_ANSWER_READ;
	case OUTCOME_EXCEPTION:
	case OUTCOME_BUSY:
		return TRAFFIC_ANSWER_NONE;
	case OUTCOME_REFUSED:
	case OUTCOME_TIMEOUT:
	case OUTCOME_BAD_FRAME:
	case OUTCOME_LOST:
		break;
	}
	return TRAFFIC_ANSWER_WRONG;
}
