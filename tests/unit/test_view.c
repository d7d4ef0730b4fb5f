/* The subscriber of vitalsctl: what it believes of a stream of published messages, right, incomplete or hostile. */
#include "tests/unit/view_stream.h"

static char nurse[] = "nurse1";

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
	(void)state;
	for (int topic = 0; topic < VIEW_SNAPSHOT; topic++) {
		struct sender sender = connected();
		sender.sequence[topic]++;
		assert_true(send_heartbeat(&sender, 0, EMPTY_DIGEST));
		assert_int_equal(view_link(&display, sender.now_ns), VIEW_GAP);
	}
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
	assert_true(send_alarm(&sender, 0xe757c239, 4, VITALS__V1__ALARM_STATE__ALARM_STATE_LATCHED));
	assert_true(send_alarm(&sender, 9, 4, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_true(send_alarm(&sender, 0x1ce412e4, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACKNOWLEDGED));
	assert_true(view_digest(&display, &count) == UINT64_C(0xca8fc70d6cbfbd3b) && count == 2);
	assert_true(send_alarm(&sender, 0xe757c239, 5, VITALS__V1__ALARM_STATE__ALARM_STATE_INACTIVE));
	assert_true(view_digest(&display, &count) == UINT64_C(0x645e8a98edb1e688) && count == 1);
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

static void a_message_with_too_many_parts_is_refused(void **state)
{
	Vitals__V1__Reading reading, *list[MESSAGE_READINGS_MAX + 1];
	Vitals__V1__Alarm alarm, *alarms[MESSAGE_ALARMS_MAX + 1];
	Vitals__V1__Readings readings;
	Vitals__V1__Session session;
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Message message;

	(void)state;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 1);
	make_alarm(&alarm, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE);
	for (size_t i = 0; i <= MESSAGE_READINGS_MAX; i++)
		list[i] = &reading;
	for (size_t i = 0; i <= MESSAGE_ALARMS_MAX; i++)
		alarms[i] = &alarm;
	vitals__v1__readings__init(&readings);
	vitals__v1__session__init(&session);
	vitals__v1__heartbeat__init(&heartbeat);
	vitals__v1__snapshot__init(&snapshot);
	vitals__v1__message__init(&message);
	message.version = 1;
	message.body_case = VITALS__V1__MESSAGE__BODY_READINGS;
	message.readings = &readings;
	readings.reading = list;
	for (size_t over = 0; over < 2; over++) {
		readings.n_reading = MESSAGE_READINGS_MAX + over;
		assert_int_equal(unpacked(&message) != NULL, over == 0);
	}
	message.body_case = VITALS__V1__MESSAGE__BODY_SNAPSHOT;
	message.snapshot = &snapshot;
	snapshot.alarm = alarms;
	snapshot.session = &session;
	snapshot.heartbeat = &heartbeat;
	for (size_t over = 0; over < 2; over++) {
		snapshot.n_alarm = MESSAGE_ALARMS_MAX + over;
		assert_int_equal(unpacked(&message) != NULL, over == 0);
	}
	snapshot.n_alarm = 0;
	snapshot.heartbeat = NULL;
	assert_null(unpacked(&message));
	message.snapshot->heartbeat = &heartbeat;
	message.version = 2;
	assert_null(unpacked(&message));
}

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

/* ---- receipts ---------------------------------------------------------------------------------------------------- */

static void a_receipt_never_reaches_beyond_a_gap(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_int_equal(display.alarms_shown, 0);
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_true(send_alarm(&sender, 2, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(display.alarms_shown, 2);
	sender.sequence[VIEW_ALARM]++; /* 3 is lost */
	assert_true(send_alarm(&sender, 4, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(display.alarms_shown, 2);
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST)); /* as of 4 */
	assert_int_equal(display.alarms_shown, 4);
	assert_true(send_alarm(&sender, 5, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(display.alarms_shown, 5);
	sender.epoch++;
	memset(sender.sequence, 0, sizeof(sender.sequence));
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_int_equal(display.alarms_shown, 0); /* nothing of this epoch is shown before its snapshot */
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
	    cmocka_unit_test(a_message_with_too_many_parts_is_refused),
	    cmocka_unit_test(garbage_does_no_harm),
	    cmocka_unit_test(a_small_packet_cannot_ask_for_much_memory),
	    cmocka_unit_test(a_receipt_never_reaches_beyond_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
