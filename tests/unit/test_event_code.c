/* The bytes of events: there and back, nothing else is accepted, nothing that cannot be is written. */
#include "tests/unit/event_world.h"

static uint8_t bytes[EVENT_BYTES_MAX];

static bool decoded(struct event *event, struct mono *now, const uint8_t *from, size_t size)
{
	return event_decode(event, now, from, size, &bed);
}

/* Encodes, decodes and compares. Returns the size. */
static size_t there_and_back(const struct event *event, struct mono now)
{
	struct event back;
	struct mono back_now;
	size_t size = event_encode(bytes, sizeof bytes, event, now, &bed);
	if (size == 0)
		fail_msg("kind %d command %d cannot be written", (int)event->kind, (int)event->u.command.command);
	assert_true(decoded(&back, &back_now, bytes, size));
	assert_int_equal(back_now.ns, now.ns);
	assert_memory_equal(&back, event, sizeof back);
	return size;
}

static void test_random_events_come_back(void **state)
{
	(void)state;
	int kinds[EVENT_AWAY + 1] = {0}, commands[COMMAND_COUNT] = {0}, reasons[REASON_COUNT] = {0};
	struct event event;
	for (int i = 0; i < 40000; i++) {
		roll_event(&event);
		(void)there_and_back(&event, roll_instant());
		kinds[event.kind]++;
		if (event.kind == EVENT_COMMAND)
			commands[event.u.command.command]++;
		for (int m = 0; event.kind == EVENT_MEASUREMENTS && m < event.u.measurements.count; m++)
			reasons[event.u.measurements.list[m].reason]++;
	}
	for (size_t i = 0; i <= EVENT_AWAY; i++)
		assert_true(kinds[i] > 1000);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		assert_true(commands[i] > 100);
	for (size_t i = 0; i < REASON_COUNT; i++)
		assert_true(reasons[i] > 100);
}

/* A piece of an event is none, nor is one with something behind it. Whatever one wrong bit makes of it is refused, or
 * is a whole event of its own, with these very bytes. */
static void test_damage(void **state)
{
	(void)state;
	struct event event, other;
	struct mono now;
	uint8_t bad[EVENT_BYTES_MAX + 1], again[EVENT_BYTES_MAX];
	for (int i = 0; i < 400; i++) {
		roll_event(&event);
		size_t size = there_and_back(&event, roll_instant());
		memset(bad, 0, sizeof bad);
		memcpy(bad, bytes, size);
		for (size_t cut = 0; cut < size; cut++)
			assert_false(decoded(&other, &now, bad, cut));
		assert_false(decoded(&other, &now, bad, size + 1));
		for (size_t bit = 0; bit < 8 * size; bit++) {
			bad[bit / 8] ^= (uint8_t)(1U << bit % 8);
			if (decoded(&other, &now, bad, size)) {
				assert_true(bit >= 32); /* nothing of version, kind and length */
				assert_int_equal(event_encode(again, sizeof again, &other, now, &bed), size);
				assert_memory_equal(again, bad, size);
			}
			bad[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
}

static void test_random_bytes(void **state)
{
	(void)state;
	struct event event;
	struct mono now;
	uint8_t noise[EVENT_BYTES_MAX], again[EVENT_BYTES_MAX];
	for (int i = 0; i < 100000; i++) {
		size_t size = (size_t)roll_below((int)sizeof noise + 1);
		for (size_t k = 0; k < size; k++)
			noise[k] = (uint8_t)roll();
		if (size >= 4) { /* past the first look */
			noise[0] = EVENT_VERSION;
			noise[1] = (uint8_t)(1 + roll_below(6));
			noise[2] = (uint8_t)size;
			noise[3] = (uint8_t)(size >> 8);
		}
		if (decoded(&event, &now, noise, size)) {
			assert_int_equal(event_encode(again, sizeof again, &event, now, &bed), size);
			assert_memory_equal(again, noise, size);
		}
	}
}

static void test_size(void **state)
{
	(void)state;
	struct event event = command_of(COMMAND_TAKE_OUT);
	struct take_out *out = &event.u.command.u.take_out;
	memset(event.u.command.actor, 'a', NAME_BYTES - 1);
	memset(out->name, 'n', NAME_BYTES - 1);
	out->duration_s = 3600;
	memset(out->reason, 'r', TEXT_BYTES - 1);
	memset(out->override.name, 'o', NAME_BYTES - 1);
	memset(out->override.reason, 'w', TEXT_BYTES - 1);
	assert_int_equal(there_and_back(&event, EVENT_NOW), EVENT_BYTES_MAX);
	for (size_t size = 0; size < EVENT_BYTES_MAX; size++)
		assert_int_equal(event_encode(bytes, size, &event, EVENT_NOW, &bed), 0);
	for (int i = 0; i < 20000; i++) {
		roll_event(&event);
		assert_in_range(there_and_back(&event, EVENT_NOW), 20, EVENT_BYTES_MAX);
	}
}

/* A device is the one of that name, wherever it stands; one that is not there is nobody's. */
static void test_devices_go_by_name(void **state)
{
	(void)state;
	struct event event = event_of(EVENT_DEVICE), back;
	struct mono now;
	static struct engine_config other;
	event.u.device.state = DEVICE_UP;
	event.u.device.device = 1;
	size_t size = there_and_back(&event, EVENT_NOW);
	other.device_count = 5;
	for (int i = 0; i < 4; i++)
		PUT(other.devices[i].name, "other");
	PUT(other.devices[4].name, "bp");
	assert_true(event_decode(&back, &now, bytes, size, &other));
	assert_int_equal(back.u.device.device, 4);
	other.device_count = 4;
	assert_false(event_decode(&back, &now, bytes, size, &other));
	event.u.device.device = bed.device_count;
	assert_int_equal(event_encode(bytes, sizeof bytes, &event, EVENT_NOW, &bed), 0);
}

static void unknown(const struct event *event, size_t offset, uint8_t known)
{
	struct event back;
	struct mono now;
	size_t size = there_and_back(event, EVENT_NOW);
	assert_true(offset < size);
	assert_int_equal(bytes[offset], known);
	static const uint8_t strangers[] = {0, 99, 255};
	for (size_t i = 0; i < sizeof strangers; i++) {
		bytes[offset] = strangers[i];
		assert_false(decoded(&back, &now, bytes, size));
		assert_int_equal(back.wall_ns, 0); /* nothing is left of it */
	}
}

static void test_unknown_version_and_codes(void **state)
{
	(void)state;
	struct event tick = event_of(EVENT_TICK), frame = event_of(EVENT_MEASUREMENTS),
	             service = event_of(EVENT_SERVICE), device = event_of(EVENT_DEVICE),
	             command = command_of(COMMAND_AUDIO_PAUSE), score = command_of(COMMAND_OBSERVE);
	measure(&frame, PARAMETER_SPO2, QUALITY_QUESTIONABLE, REASON_INTERFERENCE, 97000);
	device.u.device.fault = FAULT_TIMEOUT;
	fill_command(&score.u.command);
	unknown(&tick, 0, EVENT_VERSION);
	unknown(&tick, 1, 1);
	unknown(&frame, 30, 7); /* 20, "oximeter" with its length, count */
	unknown(&frame, 31, 3);
	unknown(&frame, 32, 10);
	unknown(&device, 29, 1);
	unknown(&device, 30, 5);
	unknown(&service, 20, 1);
	unknown(&command, 35, 13); /* 20, id, "nurse1" with its length */
	unknown(&score, 37, 33);
}

/* What no driver, request or part of the shell may make is not written, and so cannot come back. */
static void refused(const struct event *event)
{
	assert_int_equal(event_encode(bytes, sizeof bytes, event, EVENT_NOW, &bed), 0);
}

#define REFUSED(of, change)                                                                                            \
	do {                                                                                                           \
		struct event e = of;                                                                                   \
		struct event_command *c = &e.u.command;                                                                \
		if (e.kind == EVENT_COMMAND)                                                                           \
			fill_command(c);                                                                               \
		change;                                                                                                \
		refused(&e);                                                                                           \
	} while (0)

static void test_ranges_of_commands(void **state)
{
	(void)state;
	REFUSED(event_of((enum event_kind)17), (void)c);
	REFUSED(command_of(COMMAND_COUNT), (void)c);
	REFUSED(command_of(COMMAND_AUDIO_PAUSE), c->actor[0] = '\0');
	REFUSED(command_of(COMMAND_AUDIO_PAUSE), c->actor[2] = ' ');
	REFUSED(command_of(COMMAND_AUDIO_PAUSE), memset(c->actor, 'a', NAME_BYTES));
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.session_id[0] = '\0');
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.patient_ref[0] = '\0');
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.patient_ref[1] = ' ');
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.second_person[0] = '/');
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.weight_g = 19999);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.weight_g = 400001);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.dose_ug = -1);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.dose_ug = 1000001);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.duration_s = 59);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.duration_s = 43201);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.ug_per_ml = 200001);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.series = 10000);
	REFUSED(command_of(COMMAND_SESSION_OPEN), c->u.order.age_years = 131);
	REFUSED(command_of(COMMAND_SESSION_START), c->u.override.name[0] = '\0');
	REFUSED(command_of(COMMAND_SESSION_START), c->u.override.reason[0] = '\0');
	REFUSED(command_of(COMMAND_SESSION_CLOSE), c->u.override.reason[0] = '\n');
	REFUSED(command_of(COMMAND_DEVICE_GIVEN), c->u.override.reason[0] = '\x80');
	REFUSED(command_of(COMMAND_DEVICE_GIVEN), memset(c->u.override.reason, 'r', TEXT_BYTES));
	REFUSED(command_of(COMMAND_OBSERVE), c->u.observation.parameter = PARAMETER_SPO2);
	REFUSED(command_of(COMMAND_OBSERVE), c->u.observation.parameter = PARAMETER_COUNT);
	REFUSED(command_of(COMMAND_OBSERVE), c->u.observation.milli = -5001);
	REFUSED(command_of(COMMAND_OBSERVE), c->u.observation.milli = 4001);
	REFUSED(command_of(COMMAND_OBSERVE), memset(&c->u.observation, 0, sizeof c->u.observation));
	REFUSED(command_of(COMMAND_ITEM), c->u.item.name[0] = '\0');
	REFUSED(command_of(COMMAND_LIMIT), c->u.limit.rule[0] = '\0');
	REFUSED(command_of(COMMAND_LIMIT), c->u.limit.term[0] = '/');
	REFUSED(command_of(COMMAND_LIMIT), c->u.limit.reason[0] = '\0');
	REFUSED(command_of(COMMAND_LIMIT), c->u.limit.second_person[1] = ' ');
	REFUSED(command_of(COMMAND_TAKE_OUT), c->u.take_out.name[0] = '\0');
	REFUSED(command_of(COMMAND_TAKE_OUT), c->u.take_out.duration_s = 59);
	REFUSED(command_of(COMMAND_TAKE_OUT), c->u.take_out.duration_s = 3601);
	REFUSED(command_of(COMMAND_TAKE_OUT), c->u.take_out.reason[0] = '\0');
	REFUSED(command_of(COMMAND_TAKE_OUT), c->u.take_out.override.name[0] = '\0');
	REFUSED(command_of(COMMAND_RECEIPT), c->u.receipt.display[0] = '\0');
	REFUSED(command_of(COMMAND_RECEIPT), c->u.receipt.shown.ns = INT64_MAX - 1);
}

static void test_ranges_of_frames(void **state)
{
	(void)state;
	static const struct measurement impossible[] = {
	    {PARAMETER_COUNT, QUALITY_VALID, REASON_NONE, 1, {0}},
	    {PARAMETER_MOAAS, QUALITY_VALID, REASON_NONE, 1, {0}}, /* nobody measures it */
	    {PARAMETER_HEART_RATE, QUALITY_VALID, REASON_NONE, 1, {0}},
	    {PARAMETER_SPO2, (enum quality)3, REASON_NONE, 1, {0}},
	    {PARAMETER_SPO2, QUALITY_QUESTIONABLE, REASON_COUNT, 1, {0}},
	    {PARAMETER_SPO2, QUALITY_VALID, REASON_LOW_SIGNAL, 1, {0}},
	    {PARAMETER_SPO2, QUALITY_NO_VALUE, REASON_SENSOR_OFF, 1, {0}},
	    {PARAMETER_SPO2, QUALITY_VALID, REASON_NONE, 1, {INT64_MAX}},
	    {PARAMETER_SPO2, QUALITY_VALID, REASON_NONE, 1, {-(INT64_C(1) << 62) - 1}},
	};
	for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
		struct event event = event_of(EVENT_MEASUREMENTS);
		event.u.measurements.count = 1;
		event.u.measurements.list[0] = impossible[i];
		refused(&event);
	}
	REFUSED(event_of(EVENT_MEASUREMENTS), {
		(void)c;
		e.u.measurements.count = EVENT_MEASUREMENTS_MAX + 1;
	});
	REFUSED(event_of(EVENT_DEVICE), {
		(void)c;
		e.u.device.state = (enum device_state)4;
	});
	REFUSED(event_of(EVENT_DEVICE), {
		(void)c;
		e.u.device.fault = FAULT_COUNT;
	});
	REFUSED(event_of(EVENT_SERVICE), {
		(void)c;
		e.u.service.service = SERVICE_COUNT;
	});
	struct event tick = event_of(EVENT_TICK);
	assert_int_equal(event_encode(bytes, sizeof bytes, &tick, MONO_NEVER, &bed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_events_come_back),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_random_bytes),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_devices_go_by_name),
	    cmocka_unit_test(test_unknown_version_and_codes),
	    cmocka_unit_test(test_ranges_of_commands),
	    cmocka_unit_test(test_ranges_of_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
