/* The gate of the drivers without checksum: a memory that is printed is not the patient, and what waited on its way has
 * its age. Each test is a device that sends lines at times of its own. */
#include "driver_world.h"

struct device {
	const struct driver *driver;
	struct stream stream;
	struct mono now;
	struct frames frames;
};

static void connect(struct device *device, const char *name)
{
	*device = (struct device){.driver = driver_named(name), .now = {100 * NS_PER_S}};
	device->driver->feed(&device->stream, (const uint8_t *)"\r\n", 2, device->now, frames_collect, &device->frames);
}

static void pass(struct device *device, int64_t ms)
{
	device->now.ns += ms * NS_PER_MS;
}

static void send(struct device *device, const char *line)
{
	device->driver->feed(&device->stream, (const uint8_t *)line, strlen(line), device->now, frames_collect,
	                     &device->frames);
	device->driver->feed(&device->stream, (const uint8_t *)"\r\n", 2, device->now, frames_collect, &device->frames);
}

/* Frames since the last question. */
static size_t told(struct device *device)
{
	size_t count = device->frames.count;

	device->frames.count = 0;
	return count;
}

/* The last frame, of `count` since the last question, has this saturation, `age_ms` old. */
static void must_tell(struct device *device, size_t count, int spo2, int64_t age_ms)
{
	assert_int_equal(device->frames.count, count);
	const struct decoded *last = &device->frames.list[count - 1];
	must_be(last, PARAMETER_SPO2, spo2);
	assert_int_equal(device->now.ns - last->list[0].determined.ns, age_ms * NS_PER_MS);
	(void)told(device);
}

/* No value among the frames since the last question. */
static void must_tell_no_value(struct device *device)
{
	for (size_t i = 0; i < device->frames.count; i++) {
		must_lack(&device->frames.list[i], PARAMETER_SPO2, REASON_PRINTING_MEMORY);
		must_lack(&device->frames.list[i], PARAMETER_PULSE, REASON_PRINTING_MEMORY);
	}
	(void)told(device);
}

/* ---- lines of devices ---------------------------------------------------------------------------------------------
 */

static void nellcor(struct device *device, const char *day, int second, int spo2)
{
	char line[128];

	(void)snprintf(line, sizeof line, "%s %02d:%02d:%02d    %2d      72      20", day, 10 + second / 3600,
	               second / 60 % 60, second % 60, spo2);
	send(device, line);
}

static void masimo(struct device *device, int day, int second, int spo2)
{
	char line[128];

	(void)snprintf(line, sizeof line, "03/%02d/26 %02d:%02d:%02d SPO2=%03d%% BPM=072 ALARM=0000 EXC=000800", day,
	               10 + second / 3600, second / 60 % 60, second % 60, spo2);
	send(device, line);
}

static void nonin(struct device *device, int spo2)
{
	char line[128];

	(void)snprintf(line, sizeof line, "SPO2=%03d HR=072", spo2);
	send(device, line);
}

#define LIVE_HEAD   "N-560    VERSION 1.56.00    CRC:XXXX  SpO2 Limit:  85-100%    PR Limit:  40-170BPM"
#define STORED_HEAD "N-560    VERSION 1.56.00    TREND     SpO2 Limit:  85-100%    PR Limit:  40-170BPM"

/* A Nellcor that is known to be live, at 80 %. */
static void live_nellcor(struct device *device, const char *head)
{
	connect(device, "nellcor-ascii");
	send(device, head);
	for (int i = 0; i < 3; i++) {
		nellcor(device, "14-Mar-26", 2 * i, 80);
		must_tell(device, 1, 80, 0);
		pass(device, 2000);
	}
}

static void print_memory(struct device *device, const char *day, int from, int lines, int ms)
{
	for (int i = from; i < from + lines; i++) {
		nellcor(device, day, 2 * i, 98);
		pass(device, ms);
	}
}

/* ---- a printed memory ---------------------------------------------------------------------------------------------
 */

static void test_a_printed_memory(void **state)
{
	struct device device;

	(void)state;
	live_nellcor(&device, LIVE_HEAD);
	send(&device, STORED_HEAD);
	send(&device, "                         ADULT            0SAT-S");
	send(&device, "TIME                %SpO2   BPM     PA");
	print_memory(&device, "13-Mar-26", 0, 100, 50);
	send(&device, "Output Complete");
	assert_int_equal(device.frames.count, 100); /* each says why there is no value */
	must_tell_no_value(&device);
	assert_int_equal(device.stream.bad_frames, 0);
	pass(&device, 1000);
	send(&device, LIVE_HEAD);
	nellcor(&device, "14-Mar-26", 14, 81);
	must_tell(&device, 1, 81, 0);
}

/* Some models begin the live output again without a header: then the pace tells. */
static void test_lines_at_the_live_pace_end_it(void **state)
{
	struct device device;

	(void)state;
	live_nellcor(&device, LIVE_HEAD);
	send(&device, STORED_HEAD);
	print_memory(&device, "13-Mar-26", 0, 60, 50);
	must_tell_no_value(&device);
	for (int i = 0; i < 2; i++) {
		pass(&device, 2000);
		nellcor(&device, "14-Mar-26", 20 + 2 * i, 81);
		must_tell_no_value(&device);
	}
	pass(&device, 2000);
	nellcor(&device, "14-Mar-26", 24, 81);
	must_tell(&device, 1, 81, 0);
}

/* A damaged header does not matter: the device's clock is another one, and then the pace. */
static void test_a_header_that_is_lost(void **state)
{
	static const char *const heads[] = {LIVE_HEAD, "NPB-290 VERSION 1.0.0.1 CRC: XXXX SpO2 Limit: 85-100%"};
	struct device device;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		live_nellcor(&device, heads[i]);
		print_memory(&device, i == 0 ? "13-Mar-26" : "13-MAR-26", 0, 100, 50);
		assert_true(device.frames.count > 70); /* and it is said why there is no value */
		must_tell_no_value(&device);
		pass(&device, 2000);
		send(&device, heads[i]);
		nellcor(&device, "14-MAR-26", 14, 81);
		must_tell(&device, 1, 81, 0);
	}
}

/* Connected while it prints. The line may be packed by a device server. */
static void test_connected_in_the_middle(void **state)
{
	struct device device;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		connect(&device, "nellcor-ascii");
		for (int i = 0; i < 50; i++) {
			print_memory(&device, "13-Mar-26", 4 * i, packed ? 4 : 1, packed ? 0 : 50);
			pass(&device, packed ? 200 : 0);
		}
		must_tell_no_value(&device);
	}
	connect(&device, "masimo-ascii1"); /* 60 bytes at 9600 baud */
	for (int i = 0; i < 100; i++) {
		masimo(&device, 13, 2 * i, 98);
		pass(&device, 65);
	}
	must_tell_no_value(&device);
	connect(&device, "nonin-ascii");
	for (int i = 0; i < 100; i++) {
		nonin(&device, 98);
		pass(&device, 30);
	}
	must_tell_no_value(&device);
}

/* Without a header no single line counts, until a second one comes at the pace of the device. */
static void test_the_first_line_waits_for_the_second(void **state)
{
	struct device device;

	(void)state;
	connect(&device, "nellcor-ascii");
	nellcor(&device, "14-MAR-26", 5, 97);
	assert_int_equal(told(&device), 0);
	pass(&device, 2000);
	nellcor(&device, "14-MAR-26", 7, 96);
	must_be(&device.frames.list[0], PARAMETER_SPO2, 97);
	assert_int_equal(device.frames.list[0].list[0].determined.ns, device.now.ns - 2 * NS_PER_S);
	must_tell(&device, 2, 96, 0);
}

static void test_memory_of_others(void **state)
{
	struct device device;

	(void)state;
	connect(&device, "masimo-ascii1");
	for (int i = 0; i < 5; i++) {
		masimo(&device, 14, i, 80);
		pass(&device, 1000);
	}
	must_tell(&device, 5, 80, 1000);
	for (int i = 0; i < 100; i++) { /* stored lines, ten seconds apart */
		masimo(&device, 13, 10 * i, 98);
		pass(&device, 65);
	}
	must_tell_no_value(&device);
	connect(&device, "nonin-ascii");
	for (int i = 0; i < 5; i++) {
		nonin(&device, 80);
		pass(&device, 1000);
	}
	must_tell(&device, 5, 80, 1000);
	nonin(&device, 98); /* no clock: of the first one nothing is known */
	(void)told(&device);
	for (int i = 0; i < 100; i++) {
		pass(&device, 30);
		nonin(&device, 98);
	}
	must_tell_no_value(&device);
}

/* ---- what waited on its way ---------------------------------------------------------------------------------------
 */

/* A device server sends five lines at once, every five periods. */
static void test_packed_lines_have_their_age(void **state)
{
	struct device device;

	(void)state;
	connect(&device, "masimo-ascii1");
	for (int burst = 0; burst < 12; burst++) {
		(void)told(&device);
		for (int i = 0; i < 5; i++)
			masimo(&device, 14, 5 * burst + i, 90 + i);
		if (burst == 0)
			assert_int_equal(told(&device), 0); /* nothing is known of it yet */
		else if (burst > 1) {
			assert_int_equal(device.frames.count, 5);
			for (int i = 0; i < 4; i++)
				assert_in_range(device.now.ns - device.frames.list[i].list[0].determined.ns,
				                (4 - i) * NS_PER_S, (5 - i) * NS_PER_S);
			must_tell(&device, 5, 94, 0);
			assert_true(device.stream.gate.knows_age);
		}
		pass(&device, 5000);
	}
}

/* The same of a device without a clock: there is a period between two lines. */
static void test_packed_lines_without_a_clock(void **state)
{
	struct device device;

	(void)state;
	connect(&device, "nonin-ascii");
	for (int burst = 0; burst < 12; burst++) {
		(void)told(&device);
		for (int i = 0; i < 5; i++)
			nonin(&device, 90 + i);
		for (size_t i = 0; burst > 1 && i < 5; i++)
			assert_in_range(device.now.ns - device.frames.list[i].list[0].determined.ns,
			                (int64_t)(4 - i) * NS_PER_S, (int64_t)(5 - i) * NS_PER_S);
		if (burst > 1)
			assert_int_equal(device.frames.count, 5);
		pass(&device, 5000);
	}
}

/* What a network kept for a while comes at once, and is old. */
static void test_a_queue_is_old(void **state)
{
	struct device device;

	(void)state;
	connect(&device, "masimo-ascii1");
	for (int i = 0; i < 5; i++) {
		masimo(&device, 14, i, 97);
		pass(&device, 1000);
	}
	(void)told(&device);
	pass(&device, 40 * 1000);
	for (int i = 5; i < 45; i++)
		masimo(&device, 14, i, 88);
	for (size_t i = 0; i < device.frames.count; i++)
		must_be(&device.frames.list[i], PARAMETER_SPO2, 88);
	assert_in_range(device.now.ns - device.frames.list[0].list[0].determined.ns, 37 * NS_PER_S, 41 * NS_PER_S);
	must_tell(&device, device.frames.count, 88, 1000);
	masimo(&device, 14, 45, 97);
	must_tell(&device, 1, 97, 0);
}

static void test_halves_of_a_line(void **state)
{
	static const char line[] = "03/14/26 10:00:02 SPO2=096% BPM=072 ALARM=0000 EXC=000800\r\n";
	struct device device;

	(void)state;
	connect(&device, "masimo-ascii1");
	masimo(&device, 14, 0, 97);
	pass(&device, 1000);
	masimo(&device, 14, 1, 97);
	(void)told(&device);
	pass(&device, 1000);
	device.driver->feed(&device.stream, (const uint8_t *)line, 30, device.now, frames_collect, &device.frames);
	pass(&device, 1500);
	device.driver->feed(&device.stream, (const uint8_t *)line + 30, sizeof line - 31, device.now, frames_collect,
	                    &device.frames);
	must_tell(&device, 1, 96, 1500);
}

/* ---- ends of lines ------------------------------------------------------------------------------------------------
 */

static size_t write_line(size_t driver, char *text, size_t size, int i)
{
	int count = driver == 0 ? snprintf(text, size, "03/14/26 10:00:%02d SPO2=0%02d%% BPM=072 ALARM=0000 EXC=000800",
	                                   i, 70 + i)
	            : driver == 1 ? snprintf(text, size, "14-Mar-26 10:00:%02d    %02d      72      20", 2 * i, 70 + i)
	                          : snprintf(text, size, "SPO2=0%02d HR=072", 70 + i);
	return (size_t)count;
}

/* Every padding before a line and every end of a line that devices send, of every text driver; in pieces and whole. */
static void test_line_ends(void **state)
{
	static const char *const ends[] = {"\r\n", "\n", "\r", "\n\r", "\r\r\n"};
	static const struct {
		char bytes[3];
		size_t count;
	} paddings[] = {{"", 0}, {"\0\0", 2}, {"\x11", 1}, {"\x13", 1}, {"\x13\x11", 2}};
	static const char *const drivers[] = {"masimo-ascii1", "nellcor-ascii", "nonin-ascii"};
	struct device device;

	(void)state;
	for (size_t d = 0; d < 3; d++)
		for (int piece = 1; piece < 100; piece += 13) {
			connect(&device, drivers[d]);
			for (int i = 0; i < 25; i++) {
				char bytes[128];
				size_t count = paddings[i / 5].count;
				memcpy(bytes, paddings[i / 5].bytes, count);
				count += write_line(d, bytes + count, sizeof bytes - count, i);
				count += (size_t)snprintf(bytes + count, sizeof bytes - count, "%s", ends[i % 5]);
				for (size_t at = 0; at < count; at += (size_t)piece)
					device.driver->feed(&device.stream, (const uint8_t *)bytes + at,
					                    count - at < (size_t)piece ? count - at : (size_t)piece,
					                    device.now, frames_collect, &device.frames);
				pass(&device, device.driver->period_ns / NS_PER_MS);
			}
			assert_int_equal(device.stream.bad_frames, 0);
			assert_int_equal(device.frames.count, 25);
			for (int i = 0; i < 25; i++)
				must_be(&device.frames.list[i], PARAMETER_SPO2, 70 + i);
		}
}

/* ---- clocks -------------------------------------------------------------------------------------------------------
 */

/* Somebody sets the device's clock, either way; another one stands still. The values go on. */
static void test_a_clock_that_is_set(void **state)
{
	static const int steps[] = {-3600, -8, -3, 3, 8, 3600};
	struct device device;

	(void)state;
	for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
		connect(&device, "masimo-ascii1");
		for (int i = 0; i < 20; i++) {
			masimo(&device, 14, 7200 + i + (i < 10 ? 0 : steps[k]), 97);
			pass(&device, 1000);
		}
		assert_true(device.frames.count >= 19);
		must_tell(&device, device.frames.count, 97, 1000);
	}
	connect(&device, "masimo-ascii1");
	for (int i = 0; i < 100; i++) {
		masimo(&device, 14, 22, 97);
		pass(&device, 1000);
	}
	must_tell(&device, 100, 97, 1000);
	assert_false(device.stream.gate.knows_age);
}

/* Clocks drift, and hosts are late: neither makes a live value old. */
static void test_drift(void **state)
{
	struct device device;

	(void)state;
	for (int fast = -1; fast < 2; fast += 2) {
		connect(&device, "masimo-ascii1");
		for (int i = 0; i < 20000; i++) {
			device.frames.count = 0;
			masimo(&device, 14, i, 97);
			if (i > 0)
				must_tell(&device, i == 1 ? 2 : 1, 97, 0);
			device.now.ns += NS_PER_S + fast * NS_PER_S / 5000 + (i % 7) * NS_PER_MS - 3 * NS_PER_MS;
		}
	}
}

/* Every digit of a clock may be damaged, for one line: it is told all the same, at once or with the next. */
static void test_a_damaged_clock(void **state)
{
	struct device device;

	(void)state;
	for (size_t at = 0; at < 17; at++)
		for (uint8_t bit = 1; bit < 16; bit = (uint8_t)(bit << 1)) {
			connect(&device, "masimo-ascii1");
			for (int i = 0; i < 12; i++) {
				char line[] = "03/14/26 10:33:00 SPO2=097% BPM=072 ALARM=0000 EXC=000800";
				line[15] = (char)('3' + i / 10);
				line[16] = (char)('0' + i % 10);
				if (i == 6 && line[at] >= '0' && line[at] <= '9')
					line[at] = (char)(line[at] ^ bit);
				send(&device, line);
				pass(&device, 1000);
			}
			assert_true(device.frames.count + device.stream.bad_frames == 12);
			const struct decoded *last = &device.frames.list[device.frames.count - 1];
			assert_in_range(device.now.ns - last->list[0].determined.ns, NS_PER_S, 3 * NS_PER_S);
		}
}

/* What is faster than any line is a broken device. Its values go on; the link tells of it. */
static void test_a_flood_is_no_print(void **state)
{
	struct device device;

	(void)state;
	connect(&device, "masimo-ascii1");
	for (int i = 0; i < 3000; i++) {
		masimo(&device, 14, i, 97);
		device.frames.count = device.frames.count > 100 ? 0 : device.frames.count;
		pass(&device, 1);
	}
	assert_true(device.frames.count > 0);
	must_tell(&device, device.frames.count, 97, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_printed_memory),
	    cmocka_unit_test(test_lines_at_the_live_pace_end_it),
	    cmocka_unit_test(test_a_header_that_is_lost),
	    cmocka_unit_test(test_connected_in_the_middle),
	    cmocka_unit_test(test_the_first_line_waits_for_the_second),
	    cmocka_unit_test(test_memory_of_others),
	    cmocka_unit_test(test_packed_lines_have_their_age),
	    cmocka_unit_test(test_packed_lines_without_a_clock),
	    cmocka_unit_test(test_a_queue_is_old),
	    cmocka_unit_test(test_halves_of_a_line),
	    cmocka_unit_test(test_line_ends),
	    cmocka_unit_test(test_a_clock_that_is_set),
	    cmocka_unit_test(test_drift),
	    cmocka_unit_test(test_a_damaged_clock),
	    cmocka_unit_test(test_a_flood_is_no_print),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
