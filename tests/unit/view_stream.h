/* A publisher in miniature for the tests of vitalsctl's subscriber: packs messages as the wire has them, lets a view
 * read them back. The files of vitalsctl are no library: what draws is compiled into the test that includes this, once.
 */
#ifndef TESTS_UNIT_VIEW_STREAM_H
#define TESTS_UNIT_VIEW_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/lib/json.h"
#include "clients/lib/view.h"

#define S INT64_C(1000000000)

static struct arena memory;
static struct view display;

/* A publisher in miniature: packs a message as the wire has it, and lets the view read it back. */
struct sender {
	uint64_t epoch, sequence[VIEW_TOPICS];
	const char *topic; /* NULL = the right one */
	int64_t now_ns;
	Vitals__V1__Watch watch;
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

static inline bool send_body(struct sender *sender, Vitals__V1__Message *message, Vitals__V1__Message__BodyCase body)
{
	char topic[MESSAGE_TOPIC_BYTES];

	message->version = 1;
	message->bedside = room;
	message->epoch = sender->epoch;
	message->body_case = body;
	message->sequence = ++sender->sequence[view_topic_of(message)];
	(void)snprintf(topic, sizeof(topic), "vitals/room-1/%s", message_body_name(message));
	const Vitals__V1__Message *got = unpacked(message);
	assert_non_null(got);
	return view_apply(&display, sender->topic != NULL ? sender->topic : topic, got, sender->now_ns);
}

static char token_o2[] = "O2", text_o2[] = "SpO2 below 90 %", spo2[] = "spo2", label_spo2[] = "SpO2";

static inline void make_alarm(Vitals__V1__Alarm *alarm, uint32_t id, uint32_t generation, Vitals__V1__AlarmState state)
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

static inline bool send_alarm(struct sender *sender, uint32_t id, uint32_t generation, Vitals__V1__AlarmState state)
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
static inline void make_heartbeat(const struct sender *sender, Vitals__V1__Heartbeat *heartbeat, size_t count,
                                  uint64_t digest)
{
	vitals__v1__heartbeat__init(heartbeat);
	heartbeat->alarm_sequence = sender->sequence[VIEW_ALARM];
	heartbeat->readings_sequence = sender->sequence[VIEW_READINGS];
	heartbeat->device_sequence = sender->sequence[VIEW_DEVICE];
	heartbeat->session_sequence = sender->sequence[VIEW_SESSION];
	heartbeat->alarm_count = (uint32_t)count;
	heartbeat->alarm_digest = digest;
	heartbeat->watch = sender->watch;
}

static inline bool send_heartbeat(struct sender *sender, size_t count, uint64_t digest)
{
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Message message;

	make_heartbeat(sender, &heartbeat, count, digest);
	vitals__v1__message__init(&message);
	message.heartbeat = &heartbeat;
	return send_body(sender, &message, VITALS__V1__MESSAGE__BODY_HEARTBEAT);
}

#define EMPTY_DIGEST UINT64_C(0xcbf29ce484222325) /* FNV-1a 64 of nothing */

static inline bool send_snapshot(struct sender *sender, size_t count, Vitals__V1__Alarm **alarms, uint64_t digest)
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

static inline bool send_reading(struct sender *sender, Vitals__V1__Reading *reading)
{
	Vitals__V1__Readings readings = VITALS__V1__READINGS__INIT;
	Vitals__V1__Message message;

	readings.n_reading = 1;
	readings.reading = &reading;
	vitals__v1__message__init(&message);
	message.readings = &readings;
	return send_body(sender, &message, VITALS__V1__MESSAGE__BODY_READINGS);
}

static inline void make_reading(Vitals__V1__Reading *reading, Vitals__V1__Quality quality, int64_t milli)
{
	vitals__v1__reading__init(reading);
	reading->parameter = spo2;
	reading->label = label_spo2;
	reading->quality = quality;
	reading->result_case = VITALS__V1__READING__RESULT_MILLI;
	reading->milli = milli;
	reading->age_ns = 2 * S;
}

static inline size_t announced(void)
{
	size_t count;

	(void)view_digest(&display, &count);
	return count;
}

/* A view that has its first snapshot, of nothing. */
static inline struct sender connected(void)
{
	struct sender sender = {.epoch = 7, .now_ns = 10 * S, .watch = VITALS__V1__WATCH__WATCH_SESSION};

	view_init(&display, "", sender.now_ns);
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_WAITING);
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST));
	assert_int_equal(view_link(&display, sender.now_ns), VIEW_OK);
	return sender;
}

#endif
