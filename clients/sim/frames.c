/* Modbus frames as bytes: where a request ends, and how a right answer becomes a wrong one. Pure functions, called by
 * the relay between the libmodbus server and the wire (modbus_device.c). */
#include <string.h>

#include "clients/sim/sim.h"

static uint16_t crc16(const uint8_t *bytes, size_t count)
{
	uint16_t crc = 0xFFFF;

	for (size_t i = 0; i < count; i++) {
		crc = (uint16_t)(crc ^ bytes[i]);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
	}
	return crc;
}

static int tcp_length(const uint8_t *bytes, size_t count)
{
	if (count < 6)
		return 0;
	size_t length = (size_t)(bytes[4] << 8 | bytes[5]);

	if (bytes[2] != 0 || bytes[3] != 0 || length < 2 || length > 254)
		return -1;
	return count >= 6 + length ? (int)(6 + length) : 0;
}

static int rtu_length(const uint8_t *bytes, size_t count)
{
	size_t length;

	if (count < 2)
		return 0;
	switch (bytes[1]) {
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
		length = 8;
		break;
	case 15:
	case 16:
		if (count < 7)
			return 0;
		length = 9U + bytes[6];
		break;
	default:
		return -1;
	}
	if (count < length)
		return 0;
	return crc16(bytes, length - 2) == (bytes[length - 2] | bytes[length - 1] << 8) ? (int)length : -1;
}

int frame_request_length(bool tcp, const uint8_t *bytes, size_t count)
{
	return tcp ? tcp_length(bytes, count) : rtu_length(bytes, count);
}

/* The length or CRC that fits the changed frame; returns its new length. `head` is where the unit number stands. */
static size_t refit(bool tcp, uint8_t *frame, size_t head, size_t pdu_count)
{
	size_t end = head + 1 + pdu_count;

	if (tcp) {
		frame[4] = (uint8_t)((1 + pdu_count) >> 8);
		frame[5] = (uint8_t)(1 + pdu_count);
		return end;
	}
	uint16_t crc = crc16(frame, end);

	frame[end] = (uint8_t)crc;
	frame[end + 1] = (uint8_t)(crc >> 8);
	return end + 2;
}

/* One register less in the answer to a read; two bytes more in any other answer. */
static size_t change_length(uint8_t *pdu, size_t pdu_count)
{
	bool read = pdu[0] == 3 || pdu[0] == 4;

	if (read && pdu[1] > 2) {
		pdu[1] = (uint8_t)(pdu[1] - 2);
		return pdu_count - 2;
	}
	if (read)
		pdu[1] = (uint8_t)(pdu[1] + 2);
	pdu[pdu_count] = 0;
	pdu[pdu_count + 1] = 0;
	return pdu_count + 2;
}

static size_t prefix_random(struct prng *prng, uint8_t *out)
{
	size_t count = 3 + prng_next(prng) % 8;

	for (size_t i = 0; i < count; i++)
		out[i] = (uint8_t)prng_next(prng);
	return count;
}

size_t frame_misbehave(bool tcp, enum mode mode, struct prng *prng, const uint8_t *request, size_t request_count,
                       const uint8_t *answer, size_t count, uint8_t out[PLAYOUT_BYTES])
{
	size_t head = tcp ? 6 : 0;
	size_t before = 0;

	/* The shortest answer is an exception: unit, function, code. */
	if (count < head + (tcp ? 3 : 5) || count > FRAME_BYTES || request_count > FRAME_BYTES)
		return 0;
	if (mode == MODE_GARBAGE)
		before = prefix_random(prng, out);
	if (mode == MODE_ECHO) {
		memcpy(out, request, request_count);
		before = request_count;
	}
	uint8_t *frame = out + before;
	uint8_t *pdu = frame + head + 1;
	size_t pdu_count = count - head - 1 - (tcp ? 0 : 2);

	memcpy(frame, answer, count);
	switch (mode) {
	case MODE_WRONG_UNIT:
		frame[head] = (uint8_t)(frame[head] % 247 + 1);
		return refit(tcp, frame, head, pdu_count);
	case MODE_WRONG_LENGTH:
		return refit(tcp, frame, head, change_length(pdu, pdu_count));
	case MODE_EXCEPTION:
		pdu[0] = (uint8_t)(pdu[0] | 0x80);
		pdu[1] = 4;
		return refit(tcp, frame, head, 2);
	case MODE_BAD_CRC:
		frame[tcp ? 1 : count - 1] ^= 0x5A;
		return count;
	case MODE_CUT:
		return count / 2;
	case MODE_NORMAL:
	case MODE_HANG:
	case MODE_LATE:
	case MODE_DRIBBLE:
	case MODE_GARBAGE:
	case MODE_WRONG_IDENTITY:
	case MODE_FROZEN: /* the registers are wrong, not the frame */
	case MODE_KPA:
	case MODE_ECHO:
		break;
	}
	return before + count;
}
