/* The subscriber of vitalsctl: what it believes of a stream of published messages, and what it lets through to a
 * terminal or into JSON. The client is no library, so its pure files are compiled into this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/ctl/json.c"
#include "clients/ctl/message.c"
#include "clients/ctl/out.c"
#include "clients/ctl/row.c"
#include "clients/ctl/screen.c"
#include "clients/ctl/view.c"

#define S INT64_C(1000000000)

static struct arena memory;
static struct view display;
static char text[JSON_BYTES];

/* A publisher in miniature: packs a message as the wire has it, and lets the view read it back. */
struct sender {
	uint64_t epoch, sequence[VIEW_TOPICS];
	const char *topic; /* NULL = the right one */
	int64_t now_ns;
};

static char room[] = "room-1";

static const Vitals__V1__Message *unpacked(Vitals__V1__Message *message)
{
	static uint8_t bytes[MESSAGE_PACKET_MAX];
	size_t size = vitals__v1__message__get_packed_size(message);

	assert_true(size <= sizeof(bytes));
	assert_int_equal(vitals__v1__message__pack(message, bytes), size);
	return message_unpack(&memory, bytes, size);
}

static bool send_body(struct sender *sender, Vitals__V1__Message *message, Vitals__V1__Message__BodyCase body)
{
	char topic[MESSAGE_TOPIC_BYTES];

	message->version = 1;
	message->bedside = room;
	message->epoch = sender->epoch;
	message->sequence = ++sender->sequence[topic_of_body[body]];
	message->body_case = body;
	(void)snprintf(topic, sizeof(topic), "vitals/room-1/%s", message_body_name(message));
	const Vitals__V1__Message *got = unpacked(message);
	assert_non_null(got);
	return view_apply(&display, sender->topic != NULL ? sender->topic : topic, got, sender->now_ns);
}

static char token_o2[] = "O2", text_o2[] = "SpO2 below 90 %", nurse[] = "nurse1", spo2[] = "spo2",
            label_spo2[] = "SpO2";

static void make_alarm(Vitals__V1__Alarm *alarm, uint32_t id, uint32_t generation, Vitals__V1__AlarmState state)
{
	vitals__v1__alarm__init(alarm);
	alarm->id = id;
	alarm->generation = generation;
	alarm->condition = token_o2;
	alarm->text = text_o2;
	alarm->priority = VITALS__V1__PRIORITY__PRIORITY_HIGH;
	alarm->state = state;
	alarm->parameter = spo2;
}

static bool send_alarm(struct sender *sender, uint32_t id, uint32_t generation, Vitals__V1__AlarmState state)
{
	Vitals__V1__Alarm alarm;
	Vitals__V1__AlarmChange change = VITALS__V1__ALARM_CHANGE__INIT;
	Vitals__V1__Message message;

	make_alarm(&alarm, id, generation, state);
	change.alarm = &alarm;
	vitals__v1__message__init(&message);
	message.alarm = &change;
	return send_body(sender, &message, VITALS__V1__MESSAGE__BODY_ALARM);
}

/* A heartbeat as a right publisher in the view's own state would send it. */
static void make_heartbeat(const struct sender *sender, Vitals__V1__Heartbeat *heartbeat, size_t count, uint64_t digest)
{
	vitals__v1__heartbeat__init(heartbeat);
	heartbeat->alarm_sequence = sender->sequence[VIEW_ALARM];
	heartbeat->readings_sequence = sender->sequence[VIEW_READINGS];
	heartbeat->device_sequence = sender->sequence[VIEW_DEVICE];
	heartbeat->session_sequence = sender->sequence[VIEW_SESSION];
	heartbeat->alarm_count = (uint32_t)count;
	heartbeat->alarm_digest = digest;
}

static bool send_heartbeat(struct sender *sender, size_t count, uint64_t digest)
{
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Message message;

	make_heartbeat(sender, &heartbeat, count, digest);
	vitals__v1__message__init(&message);
	message.heartbeat = &heartbeat;
	return send_body(sender, &message, VITALS__V1__MESSAGE__BODY_HEARTBEAT);
}

#define EMPTY_DIGEST UINT64_C(0xcbf29ce484222325) /* FNV-1a 64 of nothing */

static bool send_snapshot(struct sender *sender, size_t count, Vitals__V1__Alarm **alarms, uint64_t digest)
{
	Vitals__V1__Session session;
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Message message;

	vitals__v1__session__init(&session);
	make_heartbeat(sender, &heartbeat, count, digest);
	vitals__v1__snapshot__init(&snapshot);
	snapshot.session = &session;
	snapshot.heartbeat = &heartbeat;
	snapshot.n_alarm = count;
	snapshot.alarm = alarms;
	vitals__v1__message__init(&message);
	message.snapshot = &snapshot;
	return send_body(sender, &message, VITALS__V1__MESSAGE__BODY_SNAPSHOT);
}

static bool send_reading(struct sender *sender, Vitals__V1__Reading *reading)
{
	Vitals__V1__Readings readings = VITALS__V1__READINGS__INIT;
	Vitals__V1__Message message;

	readings.n_reading = 1;
	readings.reading = &reading;
	vitals__v1__message__init(&message);
	message.readings = &readings;
	return send_body(sender, &message, VITALS__V1__MESSAGE__BODY_READINGS);
}

static void make_reading(Vitals__V1__Reading *reading, Vitals__V1__Quality quality, int64_t milli)
{
	vitals__v1__reading__init(reading);
	reading->parameter = spo2;
	reading->label = label_spo2;
	reading->quality = quality;
	reading->result_case = VITALS__V1__READING__RESULT_MILLI;
	reading->milli = milli;
	reading->age_ns = 2 * S;
}

static size_t announced(void)
{
	size_t count;

	(void)view_digest(&display, &count);
	return count;
}

/* A view that has its first snapshot, of nothing. */
static struct sender connected(void)
{
	struct sender sender = {.epoch = 7, .now_ns = 10 * S};

	view_init(&display, "", sender.now_ns);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_WAITING);
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	return sender;
}

/* ---- trust ------------------------------------------------------------------------------------------------------- */

static void silence_is_noticed(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_int_equal(view_link(&display, sender.now_ns + VIEW_STALE_NS - 1), VIEW_OK);
	assert_int_equal(view_link(&display, sender.now_ns + VIEW_STALE_NS), VIEW_STALE);
	assert_int_equal(view_link(&display, sender.now_ns + VIEW_NO_DATA_NS - 1), VIEW_STALE);
	assert_int_equal(view_link(&display, sender.now_ns + VIEW_NO_DATA_NS), VIEW_NO_DATA);
	sender.now_ns += 10 * S;
	assert_true(send_heartbeat(&sender, 0, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
}

static void nothing_at_all_is_no_data(void **state)
{
	(void)state;
	view_init(&display, "room-1", 0);
	assert_int_equal(view_link(&display, VIEW_NO_DATA_NS - 1), VIEW_WAITING);
	assert_int_equal(view_link(&display, VIEW_NO_DATA_NS), VIEW_NO_DATA);
}

static void a_missed_message_shows_until_the_next_snapshot(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	sender.sequence[VIEW_ALARM]++; /* lost on the way */
	assert_true(send_alarm(&sender, 1, 3, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_GAP);
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	assert_int_equal(announced(), 0);
}

static void a_missed_last_message_is_found_by_the_heartbeat(void **state)
{
	struct sender sender = connected();

	(void)state;
	sender.sequence[VIEW_DEVICE]++;
	assert_true(send_heartbeat(&sender, 0, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_GAP);
}

static void other_alarms_than_the_monitor_are_out_of_step(void **state)
{
	struct sender sender = connected();
	size_t count;

	(void)state;
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	uint64_t digest = view_digest(&display, &count);
	assert_true(send_heartbeat(&sender, 1, digest));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	assert_true(send_heartbeat(&sender, 1, digest + 1));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OUT_OF_STEP);
	assert_true(send_heartbeat(&sender, 1, digest));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OUT_OF_STEP); /* only a snapshot makes it whole */
}

/* The examples of proto/README.md. */
static void the_digest_is_that_of_the_contract(void **state)
{
	struct sender sender = connected();
	size_t count;

	(void)state;
	assert_true(view_digest(&display, &count) == UINT64_C(0xcbf29ce484222325) && count == 0);
	assert_true(send_alarm(&sender, 57, 4, VITALS__V1__ALARM_STATE__ALARM_STATE_LATCHED));
	assert_true(send_alarm(&sender, 9, 4, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_true(send_alarm(&sender, 0, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACKNOWLEDGED));
	assert_true(view_digest(&display, &count) == UINT64_C(0xc7a65ad1b3131791) && count == 2);
	assert_true(send_alarm(&sender, 57, 5, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_true(view_digest(&display, &count) == UINT64_C(0xa8c7f732281a3812) && count == 1);
}

/* A display that comes late gets the middle of a stream first. */
static void nothing_is_believed_before_the_first_snapshot(void **state)
{
	struct sender sender = {.epoch = 7, .now_ns = 10 * S, .sequence = {41, 900, 3, 5, 11, 500}};

	(void)state;
	view_init(&display, "", sender.now_ns);
	assert_true(send_alarm(&sender, 1, 9, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_true(send_heartbeat(&sender, 7, 7));
	assert_int_equal(announced(), 0);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_WAITING);
	sender.sequence[VIEW_DEVICE] += 2; /* was lost, but the snapshot knows */
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	sender.sequence[VIEW_HEARTBEAT] += 2;
	assert_true(send_heartbeat(&sender, 0, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	assert_true(send_alarm(&sender, 1, 9, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(announced(), 1);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
}

static void a_new_epoch_forgets_everything(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	sender = (struct sender){.epoch = 8, .now_ns = sender.now_ns + S};
	assert_true(send_heartbeat(&sender, 0, EMPTY_DIGEST));
	assert_int_equal(announced(), 0);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_WAITING);
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

static void old_news_of_an_alarm_is_ignored(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_true(send_alarm(&sender, 1, 5, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_true(send_alarm(&sender, 1, 4, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_int_equal(announced(), 1);
	assert_true(send_alarm(&sender, 1, 6, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_int_equal(announced(), 0);
	assert_true(send_alarm(&sender, 1, 5, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(announced(), 0);
}

static void a_message_seen_before_is_ignored(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	sender.sequence[VIEW_ALARM]--;
	assert_false(send_alarm(&sender, 1, 2, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_int_equal(announced(), 1);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
}

static void more_alarms_than_fit_are_admitted(void **state)
{
	struct sender sender = connected();

	(void)state;
	for (uint32_t id = 0; id < MESSAGE_ALARMS_MAX; id++)
		assert_true(send_alarm(&sender, id, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	assert_true(send_alarm(&sender, MESSAGE_ALARMS_MAX, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(announced(), MESSAGE_ALARMS_MAX);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OUT_OF_STEP);
}

static void alarms_are_sorted_by_priority_answer_and_age(void **state)
{
	struct sender sender = connected();
	Vitals__V1__Alarm alarms[5], *list[5];
	uint16_t order[MESSAGE_ALARMS_MAX];

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		make_alarm(&alarms[i], i, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE);
		alarms[i].age_ns = (int64_t)(10 - i) * S;
		list[i] = &alarms[i];
	}
	alarms[0].priority = VITALS__V1__PRIORITY__PRIORITY_LOW;
	alarms[1].priority = VITALS__V1__PRIORITY__PRIORITY_UNSPECIFIED;
	alarms[4].state = VITALS__V1__ALARM_STATE__ALARM_STATE_ACKNOWLEDGED;
	alarms[4].acknowledged_by = nurse;
	assert_true(send_snapshot(&sender, 5, list, 0));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OUT_OF_STEP); /* its own digest was wrong */
	assert_int_equal(view_sorted_alarms(&display, order, sender.now_ns), 5);
	static const uint16_t expected[5] = {1, 3, 2, 4, 0};
	assert_memory_equal(order, expected, sizeof(expected));
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */

static void a_value_without_quality_is_no_value(void **state)
{
	static const struct {
		Vitals__V1__Quality quality;
		int64_t milli;
		bool shown;
	} rows[] = {
	    {VITALS__V1__QUALITY__QUALITY_VALID, 97000, true},
	    {VITALS__V1__QUALITY__QUALITY_QUESTIONABLE, 97000, true},
	    {VITALS__V1__QUALITY__QUALITY_VALID, 0, true},
	    {VITALS__V1__QUALITY__QUALITY_NO_VALUE, 97000, false},
	    {VITALS__V1__QUALITY__QUALITY_UNSPECIFIED, 97000, false},
	    {(Vitals__V1__Quality)77, 97000, false},
	    {VITALS__V1__QUALITY__QUALITY_VALID, INT64_MAX, false},
	};
	struct sender sender = connected();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Vitals__V1__Reading reading;
		make_reading(&reading, rows[i].quality, rows[i].milli);
		assert_true(send_reading(&sender, &reading));
		const struct view_reading *known = view_reading(&display, "spo2");
		assert_non_null(known);
		assert_int_equal(known->has_value, rows[i].shown);
		assert_true(known->milli == (rows[i].shown ? rows[i].milli : 0));
	}
	assert_int_equal(display.reading_count, 1);
}

static void messages_for_others_are_refused(void **state)
{
	static const char *const topics[] = {"",
	                                     "vitals/room-1/alarm2",
	                                     "vitals/room-1/heartbeat",
	                                     "vitals/room-10/alarm",
	                                     "vitals/room/alarm",
	                                     "vitals/room-1/",
	                                     "vital/room-1/alarm"};
	struct sender sender = connected();

	(void)state;
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
		sender.topic = topics[i];
		assert_false(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	}
	assert_int_equal(display.refused, sizeof(topics) / sizeof(topics[0]));
	assert_int_equal(announced(), 0);
}

/* ---- hostile bytes ----------------------------------------------------------------------------------------------- */

static void garbage_does_no_harm(void **state)
{
	uint32_t random = 12345;
	uint8_t bytes[512];
	int understood = 0;

	(void)state;
	view_init(&display, "", 0);
	for (int round = 0; round < 20000; round++) {
		size_t size = 0;
		for (; size < sizeof(bytes); size++) {
			random = random * 1664525 + 1013904223;
			bytes[size] = (uint8_t)(random >> 24);
			if (bytes[size] % 64 == 63)
				break;
		}
		const Vitals__V1__Message *message = message_unpack(&memory, bytes, size);
		understood += message != NULL && view_apply(&display, "vitals/room-1/alarm", message, 0);
	}
	assert_int_equal(understood, 0);
}

/* 60 000 bytes that ask for 30 000 readings. */
static void a_small_packet_cannot_ask_for_much_memory(void **state)
{
	static uint8_t bytes[60008];
	size_t used = 0;

	(void)state;
	bytes[used++] = 1 << 3; /* version 1 */
	bytes[used++] = 1;
	bytes[used++] = 11 << 3 | 2; /* readings, 3 bytes of length */
	bytes[used++] = (60000 & 0x7f) | 0x80;
	bytes[used++] = (60000 >> 7 & 0x7f) | 0x80;
	bytes[used++] = 60000 >> 14;
	for (int i = 0; i < 30000; i++) {
		bytes[used++] = 1 << 3 | 2;
		bytes[used++] = 0;
	}
	assert_null(message_unpack(&memory, bytes, used));
	assert_true(memory.used <= sizeof(memory.bytes));
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static const char *shown(int64_t now_ns)
{
	struct screen screen = {.rows = 24, .columns = 80, .colour = false, .live = true, .clock = "12:00:00"};
	struct out out = {text, sizeof(text) - 1, 0, false};

	screen_frame(&out, &display, &screen, now_ns);
	assert_false(out.overflow);
	text[out.used] = '\0';
	return text;
}

static void the_screen_never_shows_an_old_value_as_live(void **state)
{
	struct sender sender = connected();
	Vitals__V1__Reading reading;

	(void)state;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 97000);
	assert_true(send_reading(&sender, &reading));
	assert_non_null(strstr(shown(sender.now_ns), " 97 "));
	assert_non_null(strstr(shown(sender.now_ns), "0:02")); /* the age it came with */
	assert_null(strstr(shown(sender.now_ns), "STALE"));
	assert_non_null(strstr(shown(sender.now_ns + S), "0:03"));
	assert_non_null(strstr(shown(sender.now_ns + VIEW_STALE_NS), "STALE"));
	assert_non_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "NO DATA FROM room-1"));
	assert_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "97"));
}

static void the_screen_says_no_alarm_only_when_it_knows(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_non_null(strstr(shown(sender.now_ns), "No alarm"));
	sender.sequence[VIEW_ALARM]++;
	assert_true(send_heartbeat(&sender, 1, 1));
	assert_null(strstr(shown(sender.now_ns), "No alarm"));
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_non_null(strstr(shown(sender.now_ns), "HIGH"));
	assert_non_null(strstr(shown(sender.now_ns), "SpO2 below 90 %"));
}

/* Every size of window, with a full view: the frame has as many rows as the window and none is wider. */
static void the_screen_fits_every_window(void **state)
{
	struct sender sender = connected();

	(void)state;
	for (uint32_t id = 0; id < 40; id++)
		assert_true(send_alarm(&sender, id, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	for (int i = 0; i < 13; i++) {
		Vitals__V1__Reading reading;
		char name[2] = {(char)('a' + i), '\0'};
		make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 120000);
		reading.parameter = name;
		assert_true(send_reading(&sender, &reading));
	}
	for (size_t rows = 1; rows < 60; rows++) {
		for (size_t columns = 1; columns < 130; columns += 7) {
			struct screen screen = {.rows = rows, .columns = columns, .live = true, .clock = "12:00:00"};
			struct out out = {text, sizeof(text), 0, false};
			size_t column = 0, lines = 1;
			screen_frame(&out, &display, &screen, sender.now_ns);
			assert_false(out.overflow);
			for (size_t i = 3; i < out.used - 3; i++) { /* without the escapes at both ends */
				column = text[i] == '\n' ? 0 : column + 1;
				lines += text[i] == '\n';
				assert_true(column <= columns);
			}
			assert_int_equal(lines, rows < 5 ? 5 : rows);
		}
	}
}

static const char *json_of(Vitals__V1__Message *message)
{
	struct out out = {text, sizeof(text) - 1, 0, false};

	message->version = 1;
	message->bedside = room;
	message->epoch = UINT64_C(0xfedcba9876543210);
	message->sequence = 3;
	const Vitals__V1__Message *got = unpacked(message);
	assert_non_null(got);
	json_message(&out, "vitals/room-1/x", got);
	assert_false(out.overflow);
	text[out.used] = '\0';
	return text;
}

static void json_has_exact_values_and_null(void **state)
{
	Vitals__V1__Reading reading, *list[1] = {&reading};
	Vitals__V1__Readings readings = VITALS__V1__READINGS__INIT;
	Vitals__V1__NoValue none = VITALS__V1__NO_VALUE__INIT;
	Vitals__V1__Message message;

	(void)state;
	readings.n_reading = 1;
	readings.reading = list;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_READINGS;
	message.readings = &readings;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, -2050);
	const char *line = json_of(&message);
	assert_ptr_equal(strstr(line, "{\"type\":\"readings\",\"topic\":\"vitals/room-1/x\",\"version\":1,"), line);
	assert_non_null(strstr(line, "\"epoch\":\"fedcba9876543210\",\"sequence\":3,"));
	assert_non_null(strstr(line, "\"quality\":\"valid\",\"reason\":null,\"value\":-2.050,\"milli\":-2050,"));
	reading.quality = VITALS__V1__QUALITY__QUALITY_NO_VALUE;
	assert_null(strstr(json_of(&message), "milli"));
	none.reason = VITALS__V1__REASON__REASON_SENSOR_OFF;
	reading.result_case = VITALS__V1__READING__RESULT_NO_VALUE;
	reading.no_value = &none;
	assert_non_null(
	    strstr(json_of(&message), "\"quality\":\"no_value\",\"value\":null,\"reason\":\"sensor_off\","));
}

static void json_escapes_every_foreign_text(void **state)
{
	char evil[] = "a\"b\\c\n\x1b[0m\x7f\xc2\x85\xff\xe2\x80\xae\xf0\x9f\x92\x93\xf3\xa0\x80\x81";
	Vitals__V1__Alarm alarm;
	Vitals__V1__AlarmChange change = VITALS__V1__ALARM_CHANGE__INIT;
	Vitals__V1__Message message;

	(void)state;
	make_alarm(&alarm, 49, 1, (Vitals__V1__AlarmState)99);
	alarm.text = evil;
	change.alarm = &alarm;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_ALARM;
	message.alarm = &change;
	const char *line = json_of(&message);
	assert_non_null(strstr(line, "\"text\":\"a\\\"b\\\\c\\u000a\\u001b[0m\\u007f\\u0085\\ufffd\\u202e"
	                             "\xf0\x9f\x92\x93\\udb40\\udc01\""));
	assert_non_null(strstr(line, "\"state\":\"unknown\""));
	assert_non_null(strstr(line, "\"change\":\"unspecified\",\"alarm\":{\"id\":49,"));
}

/* The largest of everything that message_unpack lets through, all of it escaped, fits in JSON_BYTES. */
static void the_largest_message_fits_as_json(void **state)
{
	static char filler[180];
	static Vitals__V1__Alarm alarms[MESSAGE_ALARMS_MAX], *alarm_list[MESSAGE_ALARMS_MAX];
	Vitals__V1__Session session;
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Message message;

	(void)state;
	vitals__v1__session__init(&session);
	vitals__v1__heartbeat__init(&heartbeat);
	vitals__v1__snapshot__init(&snapshot);
	memset(filler, 1, sizeof(filler) - 1);
	for (size_t i = 0; i < MESSAGE_ALARMS_MAX; i++) {
		make_alarm(&alarms[i], (uint32_t)i, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE);
		alarms[i].text = filler;
		alarm_list[i] = &alarms[i];
	}
	snapshot.session = &session;
	snapshot.heartbeat = &heartbeat;
	snapshot.n_alarm = MESSAGE_ALARMS_MAX;
	snapshot.alarm = alarm_list;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_SNAPSHOT;
	message.snapshot = &snapshot;
	assert_true(strlen(json_of(&message)) > MESSAGE_ALARMS_MAX * 6 * (sizeof(filler) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence_is_noticed),
	    cmocka_unit_test(nothing_at_all_is_no_data),
	    cmocka_unit_test(a_missed_message_shows_until_the_next_snapshot),
	    cmocka_unit_test(a_missed_last_message_is_found_by_the_heartbeat),
	    cmocka_unit_test(other_alarms_than_the_monitor_are_out_of_step),
	    cmocka_unit_test(the_digest_is_that_of_the_contract),
	    cmocka_unit_test(nothing_is_believed_before_the_first_snapshot),
	    cmocka_unit_test(a_new_epoch_forgets_everything),
	    cmocka_unit_test(old_news_of_an_alarm_is_ignored),
	    cmocka_unit_test(a_message_seen_before_is_ignored),
	    cmocka_unit_test(more_alarms_than_fit_are_admitted),
	    cmocka_unit_test(alarms_are_sorted_by_priority_answer_and_age),
	    cmocka_unit_test(a_value_without_quality_is_no_value),
	    cmocka_unit_test(messages_for_others_are_refused),
	    cmocka_unit_test(garbage_does_no_harm),
	    cmocka_unit_test(a_small_packet_cannot_ask_for_much_memory),
	    cmocka_unit_test(the_screen_never_shows_an_old_value_as_live),
	    cmocka_unit_test(the_screen_says_no_alarm_only_when_it_knows),
	    cmocka_unit_test(the_screen_fits_every_window),
	    cmocka_unit_test(json_has_exact_values_and_null),
	    cmocka_unit_test(json_escapes_every_foreign_text),
	    cmocka_unit_test(the_largest_message_fits_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
