/* The Nonin drivers: golden replays, checksums, status bits, held and missing values, damage. Replays files of
 * tests/replay that were written from the protocol's facts, and, when they are there, the vectors of another project.
 */
#include "driver_world.h"

#define PACKET_BYTES 125

/* A packet of format 2 or 7; `status` is added to every frame's. */
static void make_packet(int format, int pulse, int spo2, uint8_t status, uint8_t *packet)
{
	for (int i = 0; i < 25; i++) {
		uint8_t value = (uint8_t)(i == 0 ? pulse >> 7 : i == 1 ? pulse & 0x7F : i == 2 ? spo2 : 0x55);
		uint8_t bits = (uint8_t)(0x80 | status | (i == 0));
		uint8_t *frame = packet + i * 5;
		frame[0] = format == 2 ? 1 : bits;
		frame[1] = format == 2 ? bits : 60;
		frame[2] = (uint8_t)(i * 10);
		frame[3] = value;
		frame[4] = (uint8_t)(frame[0] + frame[1] + frame[2] + frame[3]);
	}
}

static const char *const names[] = {"nonin-df2", "nonin-df7"};
static const int formats[] = {2, 7};

static void test_golden(void **state)
{
	(void)state;
	replay_raw("nonin-df2", "tests/replay/nonin-df2.bin", "tests/replay/nonin-df2.golden");
	replay_raw("nonin-df7", "tests/replay/nonin-df7.bin", "tests/replay/nonin-df7.golden");
	replay_raw("nonin-df8", "tests/replay/nonin-df8.bin", "tests/replay/nonin-df8.golden");
}

static void test_packets(void **state)
{
	static const struct {
		uint8_t status;
		enum quality quality;
		enum reason reason;
	} cases[] = {
	    {0x00, QUALITY_VALID, REASON_NONE},
	    {0x02, QUALITY_VALID, REASON_NONE}, /* green */
	    {0x06, QUALITY_VALID, REASON_NONE}, /* yellow */
	    {0x04, QUALITY_QUESTIONABLE, REASON_LOW_SIGNAL},
	    {0x10, QUALITY_QUESTIONABLE, REASON_LOW_SIGNAL},
	    {0x20, QUALITY_QUESTIONABLE, REASON_INTERFERENCE},
	    {0x30, QUALITY_QUESTIONABLE, REASON_INTERFERENCE},
	    {0x08, QUALITY_NO_VALUE, REASON_SENSOR_OFF},
	    {0x40, QUALITY_NO_VALUE, REASON_SENSOR_OFF},
	    {0x78, QUALITY_NO_VALUE, REASON_SENSOR_OFF},
	};
	uint8_t packet[PACKET_BYTES];
	static struct frames frames;
	struct stream stream;

	(void)state;
	for (int f = 0; f < 2; f++)
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			make_packet(formats[f], 143, 96, cases[i].status, packet);
			decode_bytes(names[f], packet, sizeof packet, &frames, &stream);
			assert_int_equal(frames.count, 1);
			assert_int_equal(frames.list[0].count, 2);
			for (int k = 0; k < 2; k++) {
				const struct measurement *m = &frames.list[0].list[k];
				assert_int_equal(m->quality, cases[i].quality);
				assert_int_equal(m->reason, cases[i].reason);
				assert_int_equal(m->determined.ns, 7);
				if (measurement_has_value(m))
					assert_int_equal(m->milli, m->parameter == PARAMETER_SPO2 ? 96000 : 143000);
			}
		}
}

/* Every damaged bit costs the packet: checksum, frame byte, sync bit or length are wrong then. */
static void test_packet_bit_flips(void **state)
{
	uint8_t packets[2 * PACKET_BYTES];

	(void)state;
	for (int f = 0; f < 2; f++) {
		make_packet(formats[f], 72, 97, 0, packets);
		make_packet(formats[f], 73, 98, 0, packets + PACKET_BYTES);
		struct flips flips = flip_bits(names[f], packets, sizeof packets);
		assert_int_equal(flips.wrong + flips.other + flips.same, 0);
		assert_int_equal(flips.lost, sizeof packets * 8);
	}
}

/* The vectors of the Pufferfish project. */
static void test_capture_packets(void **state)
{
	static uint8_t bytes[PACKET_BYTES * 3], again[PACKET_BYTES * 3];
	static struct frames frames;
	struct stream stream;
	const char *text = read_capture("nonin_df2_pufferfish.hex");
	size_t count = read_part(text, "[A]", bytes, sizeof bytes);

	(void)state;
	assert_int_equal(count, PACKET_BYTES);
	decode_bytes("nonin-df2", bytes, count, &frames, &stream);
	assert_int_equal(frames.count, 1);
	must_be(&frames.list[0], PARAMETER_PULSE, 72);
	must_be(&frames.list[0], PARAMETER_SPO2, 97);
	/* [E]: 23 frames, then a new packet. */
	memcpy(again, bytes, 23 * 5);
	memcpy(again + 23 * 5, bytes, PACKET_BYTES);
	decode_bytes("nonin-df2", bytes, count, &frames, &stream);
	driver_named("nonin-df2")
	    ->feed(&stream, again, 23 * 5 + PACKET_BYTES, (struct mono){8}, frames_collect, &frames);
	assert_int_equal(frames.count, 2);
	assert_int_equal(stream.bad_frames, 1);
	/* [C], [D]: bad checksum, bad header, behind a good packet and before another. */
	for (int i = 0; i < 2; i++) {
		uint8_t bad[16];
		size_t bad_count = read_part(text, i == 0 ? "[C]" : "[D]", bad, sizeof bad);
		decode_bytes("nonin-df2", bytes, count, &frames, &stream);
		driver_named("nonin-df2")->feed(&stream, bad, bad_count, (struct mono){8}, frames_collect, &frames);
		assert_int_equal(frames.count, 1);
		assert_int_equal(stream.bad_frames, 1);
		driver_named("nonin-df2")->feed(&stream, bytes, count, (struct mono){9}, frames_collect, &frames);
		assert_int_equal(frames.count, 2);
	}
	/* [B]: eight frames with a status each, completed by those of [A]. */
	uint8_t mixed[PACKET_BYTES];
	memcpy(mixed, bytes, sizeof mixed);
	size_t eight = read_part(text, "[B]", mixed, sizeof mixed);
	assert_int_equal(eight, 40);
	decode_bytes("nonin-df2", mixed, sizeof mixed, &frames, &stream);
	assert_int_equal(frames.count, 1);
	must_lack(&frames.list[0], PARAMETER_SPO2, REASON_SENSOR_OFF); /* sensor alarm in frame 5 */
}

static void test_capture_format8(void **state)
{
	static struct frames frames;
	struct stream stream = {0};
	uint8_t bytes[8];
	static const char *const lines[] = {"80 48", "81 48", "83 7F", "A3 7F", "94 58"};
	const char *text = read_capture("nonin_df8_df13_derived.hex");

	(void)state;
	frames.count = 0;
	for (int i = 0; i < 5; i++) {
		size_t count = read_capture_line(text, lines[i], bytes, sizeof bytes);
		assert_int_equal(count, 4);
		driver_named("nonin-df8")
		    ->feed(&stream, bytes, count, (struct mono){i * NS_PER_S}, frames_collect, &frames);
	}
	assert_int_equal(frames.count, 5);
	must_be(&frames.list[0], PARAMETER_PULSE, 72);
	must_be(&frames.list[0], PARAMETER_SPO2, 97);
	must_be(&frames.list[1], PARAMETER_PULSE, 200);
	must_lack(&frames.list[2], PARAMETER_PULSE, REASON_NOT_MEASURED);
	must_lack(&frames.list[2], PARAMETER_SPO2, REASON_NOT_MEASURED);
	must_lack(&frames.list[3], PARAMETER_SPO2, REASON_SENSOR_OFF);
	must_be_doubtful(&frames.list[4], PARAMETER_PULSE, 88, REASON_INTERFERENCE);
	must_be_doubtful(&frames.list[4], PARAMETER_SPO2, 93, REASON_INTERFERENCE);
}

/* Four good frames, this one, and four good ones: what the device is heard to say. */
static void among_good_ones(const uint8_t frame[4], struct frames *frames, struct stream *stream)
{
	static const uint8_t good[] = {0x80, 72, 97, 0x00};
	uint8_t bytes[9 * 4];

	for (size_t i = 0; i < 9; i++)
		memcpy(bytes + 4 * i, i == 4 ? frame : good, 4);
	decode_bytes("nonin-df8", bytes, sizeof bytes, frames, stream);
}

static void test_format8_ranges(void **state)
{
	static struct frames frames;
	struct stream stream;

	(void)state;
	for (int pulse = 0; pulse < 512; pulse++)
		for (int spo2 = 0; spo2 < 128; spo2++) {
			uint8_t frame[] = {(uint8_t)(0x80 | pulse >> 7), (uint8_t)(pulse & 0x7F), (uint8_t)spo2, 0};
			among_good_ones(frame, &frames, &stream);
			bool possible = ((pulse >= 18 && pulse <= 321) || pulse == 511) && (spo2 <= 100 || spo2 == 127);
			assert_int_equal(frames.count, possible ? 9 : 8);
			if (!possible)
				continue;
			if (pulse == 511)
				must_lack(&frames.list[4], PARAMETER_PULSE, REASON_NOT_MEASURED);
			else
				must_be(&frames.list[4], PARAMETER_PULSE, pulse);
			if (spo2 == 127)
				must_lack(&frames.list[4], PARAMETER_SPO2, REASON_NOT_MEASURED);
			else
				must_be(&frames.list[4], PARAMETER_SPO2, spo2);
		}
}

/* Format 8 has no checksum: a damaged bit of a number passes where the number is possible. Counted, so that it cannot
 * grow unseen. Each lasts one second; limits with a delay of less than one period alone could act on it. */
static void test_format8_bit_flips(void **state)
{
	static const uint8_t good[] = {0x80, 72, 97, 0x00};
	static struct frames frames;
	struct stream stream;
	size_t wrong = 0, lost = 0;

	(void)state;
	for (size_t bit = 0; bit < 32; bit++) {
		uint8_t frame[4];
		memcpy(frame, good, sizeof frame);
		frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
		among_good_ones(frame, &frames, &stream);
		assert_in_range(frames.count, 4, 9);
		const struct measurement *list = frames.list[frames.count > 4 ? 4 : 0].list;
		lost += frames.count < 9;
		wrong += list[0].quality == QUALITY_VALID && list[0].milli != 97 * MILLI;
		wrong += list[1].quality == QUALITY_VALID && list[1].milli != 72 * MILLI;
	}
	assert_int_equal(wrong, 7 + 4);    /* of 9 bits of the pulse, of 7 of the saturation */
	assert_int_equal(lost, 4 + 5 + 5); /* bit 7s, numbers that cannot be, reserved bits */
}

/* One thing that does not fit, and it takes four frames that stand alone until there is a value again. */
static void test_format8_gate(void **state)
{
	static const uint8_t good[] = {0x80, 72, 97, 0x00};
	static const uint8_t bad[][5] = {{0xC0, 72, 97, 0}, {0x80, 72, 97, 0x02}, {0x80, 72, 101, 0}, {0x80, 72}, {7}};
	const struct driver *driver = driver_named("nonin-df8");
	static struct frames frames;

	(void)state;
	for (size_t k = 0; k < 7; k++) {
		struct stream stream = {0};
		struct mono now = {NS_PER_S};
		frames.count = 0;
		for (int i = 0; i < 12; i++, now.ns += NS_PER_S) {
			driver->feed(&stream, good, 4, now, frames_collect, &frames);
			assert_int_equal(frames.count, i < 3 ? 0 : i < 6 ? i + 1 : i < 9 ? 6 : i + 1);
			if (i != 5)
				continue;
			if (k < 5) {
				struct mono soon = {now.ns + NS_PER_S / 10};
				driver->feed(&stream, bad[k],
				             k == 3   ? 2
				             : k == 4 ? 1
				                      : 4,
				             soon, frames_collect, &frames);
				continue;
			}
			if (k == 5) /* the same frame again, at once */
				driver->feed(&stream, good, 4, now, frames_collect, &frames);
			else
				now.ns += 4 * NS_PER_S; /* not in a row */
		}
		assert_int_equal(frames.list[6].list[0].milli, 97 * MILLI);
	}
}

static void test_old_half(void **state)
{
	static const uint8_t frame[] = {0x80, 72, 97, 0x00};
	const struct driver *driver = driver_named("nonin-df8");
	uint8_t packet[PACKET_BYTES];
	struct stream stream = {0};
	static struct frames frames;

	(void)state;
	frames.count = 0;
	driver->feed(&stream, frame, 2, (struct mono){1}, frames_collect, &frames);
	driver->feed(&stream, frame + 2, 2, (struct mono){NS_PER_S}, frames_collect, &frames);
	assert_int_equal(frames.count, 0);
	make_packet(2, 72, 97, 0, packet);
	stream = (struct stream){0};
	driver = driver_named("nonin-df2");
	driver->feed(&stream, packet, 60, (struct mono){1}, frames_collect, &frames);
	driver->feed(&stream, packet + 60, 65, (struct mono){2 * NS_PER_S}, frames_collect, &frames);
	assert_int_equal(frames.count, 0);
	driver->feed(&stream, packet, 125, (struct mono){2 * NS_PER_S}, frames_collect, &frames);
	assert_int_equal(frames.count, 1);
	assert_int_equal(frames.list[0].list[0].determined.ns, 2 * NS_PER_S);
}

static void test_endless(void **state)
{
	static const uint8_t frame[] = {0x80, 72, 97, 0x00};
	uint8_t packet[PACKET_BYTES];

	(void)state;
	for (int f = 0; f < 2; f++) {
		make_packet(formats[f], 72, 97, 0, packet);
		endless(names[f], packet, sizeof packet, 0x01);
		endless(names[f], packet, sizeof packet, 0x81);
		endless(names[f], packet, sizeof packet, 0x00);
	}
	uint8_t several[6 * 4]; /* in a row */
	for (size_t i = 0; i < sizeof several; i += 4)
		memcpy(several + i, frame, 4);
	endless("nonin-df8", several, sizeof several, 0x80);
	endless("nonin-df8", several, sizeof several, 0x00);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_packets),
	    cmocka_unit_test(test_packet_bit_flips),
	    cmocka_unit_test(test_capture_packets),
	    cmocka_unit_test(test_capture_format8),
	    cmocka_unit_test(test_format8_ranges),
	    cmocka_unit_test(test_format8_bit_flips),
	    cmocka_unit_test(test_format8_gate),
	    cmocka_unit_test(test_old_half),
	    cmocka_unit_test(test_endless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
