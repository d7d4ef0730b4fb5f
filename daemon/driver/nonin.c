/* Nonin oximeters, binary serial formats 2, 7 and 8: OEM III and Xpod modules (and the many devices they are in), Onyx
 * II, WristOx2, Avant. 9600 8N1; the device sends by itself. Called by link threads and by tests; pure but for the
 * stream state that is passed in.
 *
 * Facts are from the vendor's document 6470-000-01 and from the Pufferfish project's independent tests.
 *
 * Format 2, 75 frames a second: 01, STATUS, PLETH, FLOAT, CHK; CHK is the sum of the other four, mod 256. 25 frames are
 * a packet, three packets a second; the SYNC bit of STATUS stands in the first frame only. FLOAT means something else
 * in each frame of a packet: pulse rate in 1 and 2, SpO2 in 3. Format 7 is the same with a two-byte PLETH in place of
 * the 01. One bad frame spoils its packet.
 *
 * Format 8, once a second: 4 bytes, only the first has bit 7 set, no checksum. Bytes of other devices, and noise, look
 * like that now and then. So the gate (gate.h) asks for frames that stand alone, four in a row; reserved bits must be
 * 0, and numbers between the display range and the code for "missing" are not possible. The first thing that does not
 * fit begins it anew. A device server that packs several frames into one piece cannot be used with this format.
 *
 * Used are the recording values. Those made for displays are held for 10 s after the finger is gone.
 *
 * Format 13 is one measurement at a time, perhaps out of the device's memory: nothing to watch a patient by. The format
 * is chosen at the device or with the vendor's program, which writes the device's memory; this driver sends nothing. */
#include "daemon/driver/drivers.h"
#include "daemon/driver/gate.h"

#define FRAME_BYTES   5
#define FRAMES        25
#define PACKET_BYTES  (FRAME_BYTES * FRAMES)
#define FORMAT8_BYTES 4

/* A packet takes a third of a second, four bytes take 4 ms. An older piece is never completed. */
#define PACKET_NS  NS_PER_S
#define FORMAT8_NS (500 * NS_PER_MS)

#define PULSE_MISSING 511
#define PULSE_MIN     18 /* display range of the vendor's document */
#define PULSE_MAX     321
#define SPO2_MISSING  127
#define SPO2_MAX      100

enum { /* STATUS */
       STATUS_SYNC = 0x01,
       STATUS_PERFUSION = 0x06,
       STATUS_PERFUSION_RED = 0x04,
       STATUS_SENSOR_ALARM = 0x08,
       STATUS_OUT_OF_TRACK = 0x10,
       STATUS_ARTIFACT = 0x20,
       STATUS_DISCONNECTED = 0x40,
       STATUS_FRAME = 0x80,
};

enum { /* format 8: first and last byte */
       FIRST_FRAME = 0x80,
       FIRST_RESERVED = 0x40,
       FIRST_OUT_OF_TRACK = 0x20,
       FIRST_LOW_PERFUSION = 0x10,
       FIRST_ARTIFACT = 0x04,
       LAST_SENSOR_ALARM = 0x08,
       LAST_RESERVED = 0xD6,
};

struct reading {
	int32_t pulse, spo2; /* as sent */
	bool off, lost, low, artifact;
};

static bool is_possible(const struct reading *reading)
{
	return (reading->spo2 <= SPO2_MAX || reading->spo2 == SPO2_MISSING) &&
	       ((reading->pulse >= PULSE_MIN && reading->pulse <= PULSE_MAX) || reading->pulse == PULSE_MISSING);
}

static struct measurement judge(enum parameter parameter, int32_t value, int32_t missing, const struct reading *reading,
                                struct mono determined)
{
	enum reason doubtful = reading->artifact               ? REASON_INTERFERENCE
	                       : reading->lost || reading->low ? REASON_LOW_SIGNAL
	                                                       : REASON_NONE;
	if (reading->off)
		return not_measured(parameter, REASON_SENSOR_OFF, determined);
	if (value == missing)
		return not_measured(parameter, reading->lost ? REASON_SEARCHING : REASON_NOT_MEASURED, determined);
	struct measurement m = measured(parameter, value, determined);
	if (doubtful != REASON_NONE) {
		m.quality = QUALITY_QUESTIONABLE;
		m.reason = doubtful;
	}
	return m;
}

static struct decoded make_frame(const struct reading *reading, struct mono determined)
{
	return (struct decoded){
	    .count = 2,
	    .list = {judge(PARAMETER_SPO2, reading->spo2, SPO2_MISSING, reading, determined),
	             judge(PARAMETER_PULSE, reading->pulse, PULSE_MISSING, reading, determined)},
	};
}

/* Where STATUS is in a frame: format 2 begins with a 01. */
enum { FORMAT2_STATUS = 1, FORMAT7_STATUS = 0 };

/* Could these bytes be the beginning of a packet, as far as they go? */
static bool is_packet(const struct stream *stream, size_t status_at)
{
	for (size_t i = 0; i < stream->count; i++) {
		const uint8_t *frame = stream->bytes + i - i % FRAME_BYTES;
		uint8_t byte = stream->bytes[i];
		bool first = i < FRAME_BYTES;
		if (status_at > 0 && i % FRAME_BYTES == 0 && byte != 1)
			return false;
		if (i % FRAME_BYTES == status_at &&
		    ((byte & STATUS_FRAME) == 0 || ((byte & STATUS_SYNC) != 0) != first))
			return false;
		if (i % FRAME_BYTES == FRAME_BYTES - 1 && (uint8_t)(frame[0] + frame[1] + frame[2] + frame[3]) != byte)
			return false;
	}
	return true;
}

static void end_packet(struct stream *stream, size_t status_at, struct sink sink)
{
	const size_t value_at = FRAME_BYTES - 2;
	struct reading reading = {
	    .pulse = (stream->bytes[value_at] & 0x03) << 7 | (stream->bytes[FRAME_BYTES + value_at] & 0x7F),
	    .spo2 = stream->bytes[2 * FRAME_BYTES + value_at],
	};

	for (size_t i = 0; i < FRAMES; i++) {
		uint8_t status = stream->bytes[i * FRAME_BYTES + status_at];
		reading.off |= (status & (STATUS_SENSOR_ALARM | STATUS_DISCONNECTED)) != 0;
		reading.lost |= (status & STATUS_OUT_OF_TRACK) != 0;
		reading.artifact |= (status & STATUS_ARTIFACT) != 0;
		reading.low |= (status & STATUS_PERFUSION) == STATUS_PERFUSION_RED;
	}
	if (!is_possible(&reading)) {
		stream->count = 0;
		stream->bad_frames++;
		return;
	}
	struct decoded decoded = make_frame(&reading, stream->first);
	stream_good(stream, stream->count);
	sink.emit(sink.context, &decoded);
}

static void feed_packets(struct stream *stream, struct text bytes, struct mono now, size_t status_at, struct sink sink)
{
	stream_drop_old(stream, now, PACKET_NS, PACKET_BYTES);
	for (size_t i = 0; i < bytes.count; i++) {
		stream_add(stream, bytes.at[i], now);
		while (!is_packet(stream, status_at))
			stream_drop(stream, 1, PACKET_BYTES);
		if (stream->count == PACKET_BYTES)
			end_packet(stream, status_at, sink);
	}
}

static void format2_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                         emit_function *emit, void *context)
{
	feed_packets(stream, (struct text){bytes, count}, now, FORMAT2_STATUS, (struct sink){emit, context});
}

static void format7_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                         emit_function *emit, void *context)
{
	feed_packets(stream, (struct text){bytes, count}, now, FORMAT7_STATUS, (struct sink){emit, context});
}

static const struct gate_rule format8_gate = {.needed = 4, .alone = true, .period_ns = NS_PER_S};

static void drop_format8(struct stream *stream)
{
	gate_noise(stream, stream->first);
	stream_drop(stream, stream->count, FORMAT8_BYTES);
}

static void end_format8(struct stream *stream, struct mono now, struct sink sink)
{
	const uint8_t *bytes = stream->bytes;
	struct reading reading = {
	    .pulse = (bytes[0] & 0x03) << 7 | bytes[1],
	    .spo2 = bytes[2],
	    .off = (bytes[3] & LAST_SENSOR_ALARM) != 0,
	    .lost = (bytes[0] & FIRST_OUT_OF_TRACK) != 0,
	    .low = (bytes[0] & FIRST_LOW_PERFUSION) != 0,
	    .artifact = (bytes[0] & FIRST_ARTIFACT) != 0,
	};

	if (!is_possible(&reading) || (bytes[0] & FIRST_RESERVED) != 0 || (bytes[3] & LAST_RESERVED) != 0) {
		drop_format8(stream);
		return;
	}
	struct decoded decoded = make_frame(&reading, stream->first);
	gate_take(stream, &format8_gate, &decoded, GATE_NO_CLOCK, now, sink);
	stream_good(stream, stream->count);
}

static void format8_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                         emit_function *emit, void *context)
{
	if (stream->count > 0 && mono_since(now, stream->first) > FORMAT8_NS)
		drop_format8(stream);
	for (size_t i = 0; i < count; i++) {
		bool begins = (bytes[i] & FIRST_FRAME) != 0;
		/* Half a frame before a new one, or a byte that belongs to none. */
		if (begins && stream->count > 0)
			drop_format8(stream);
		stream_add(stream, bytes[i], now);
		if (!begins && stream->count == 1)
			drop_format8(stream);
		if (stream->count == FORMAT8_BYTES)
			end_format8(stream, now, (struct sink){emit, context});
	}
}

#define LINE                                                                                                           \
	{                                                                                                              \
		.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1                                            \
	}
#define PROVIDES (PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE))
#define HINT     "Is the device set to this serial format? Is the sensor connected and the device on?"

/* Packets come three times a second. Values are called stale three periods after the last one, and one damaged frame
 * costs a packet, so the period is given as a second. */
const struct driver driver_nonin_df2 = {
    .name = "nonin-df2",
    .description = "Nonin OEM III, Xpod, Onyx II, WristOx2, Avant oximeters, serial format 2",
    .evidence = EVIDENCE_EXAMPLES,
    .line = LINE,
    .period_ns = NS_PER_S,
    .provides = PROVIDES,
    .checksum = true,
    .silence_hint = HINT,
    .feed = format2_feed,
};

const struct driver driver_nonin_df7 = {
    .name = "nonin-df7",
    .description = "Nonin OEM III, Xpod, Onyx II, WristOx2 oximeters, serial format 7",
    .evidence = EVIDENCE_NONE,
    .line = LINE,
    .period_ns = NS_PER_S,
    .provides = PROVIDES,
    .checksum = true,
    .silence_hint = HINT,
    .feed = format7_feed,
};

const struct driver driver_nonin_df8 = {
    .name = "nonin-df8",
    .description = "Nonin OEM III, Xpod, Onyx II, WristOx2 oximeters, serial format 8",
    .evidence = EVIDENCE_NONE,
    .line = LINE,
    .period_ns = NS_PER_S,
    .provides = PROVIDES,
    .silence_hint = HINT,
    .feed = format8_feed,
};
