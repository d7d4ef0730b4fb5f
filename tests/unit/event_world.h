/* Events for the tests of their bytes: a small bedside, one event of each kind and command with everything in it, and
 * random ones within the ranges that drivers, requests and the shell keep. */
#ifndef VITALS_TESTS_EVENT_WORLD_H
#define VITALS_TESTS_EVENT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/record/event_code.h"

static const struct engine_config bed = {
    .device_count = 3,
    .devices = {{.name = "oximeter"}, {.name = "bp"}, {.name = "a-name-of-the-longest-that-fits"}},
};

#define EVENT_NOW  ((struct mono){INT64_C(5000000000)})
#define EVENT_WALL INT64_C(1796117415123456789) /* 2026-12-01 09:30:15 UTC */

static inline void put(char *to, size_t size, const char *from)
{
	memset(to, 0, size);
	assert_true(strlen(from) < size);
	memcpy(to, from, strlen(from));
}
#define PUT(array, text) put(array, sizeof(array), text)

static inline struct event event_of(enum event_kind kind)
{
	struct event event;
	memset(&event, 0, sizeof event);
	event.kind = kind;
	event.wall_ns = EVENT_WALL;
	return event;
}

static inline struct event command_of(enum command command)
{
	struct event event = event_of(EVENT_COMMAND);
	event.u.command.command = command;
	event.u.command.id = UINT64_C(0x0102030405060708);
	PUT(event.u.command.actor, "nurse1");
	return event;
}

static inline void measure(struct event *event, enum parameter parameter, enum quality quality, enum reason reason,
                           int32_t milli)
{
	event->u.measurements.list[event->u.measurements.count++] =
	    (struct measurement){parameter, quality, reason, milli, {EVENT_NOW.ns - 250000000}};
}

static inline void fill_command(struct event_command *c)
{
	switch (c->command) {
	case COMMAND_SESSION_OPEN:
		PUT(c->u.order.session_id, "20261201T093015Z-3f9a27c1");
		PUT(c->u.order.patient_ref, "P-0042");
		PUT(c->u.order.second_person, "dr.b");
		c->u.order.weight_g = 72500;
		c->u.order.dose_ug = 36250;
		c->u.order.duration_s = 2400;
		c->u.order.ug_per_ml = 1000;
		c->u.order.series = 4;
		c->u.order.age_years = 67;
		break;
	case COMMAND_SESSION_START:
	case COMMAND_SESSION_RESUME:
	case COMMAND_SESSION_CLOSE:
	case COMMAND_DEVICE_GIVEN:
		PUT(c->u.override.name, "dr.a");
		PUT(c->u.override.reason, "known white-coat hypertension");
		break;
	case COMMAND_ALARM_ACKNOWLEDGE:
		c->u.alarm_id = UINT32_C(0x2e3d1a4f);
		break;
	case COMMAND_ALARM_ACKNOWLEDGE_SHOWN:
		c->u.shown.settled_ns = 2000000000;
		c->u.shown.count = 2;
		c->u.shown.list[0] = (struct shown_alarm){UINT32_C(0x2e3d1a4f), 7};
		c->u.shown.list[1] = (struct shown_alarm){UINT32_C(0x1ce412e4), 1};
		break;
	case COMMAND_OBSERVE:
		c->u.observation.has_score = true;
		c->u.observation.parameter = PARAMETER_RASS;
		c->u.observation.milli = -2000;
		PUT(c->u.observation.note, "schl\xc3\xa4"
		                           "frig");
		break;
	case COMMAND_ITEM:
		PUT(c->u.item.name, "cuff-arm");
		c->u.item.ticked = true;
		break;
	case COMMAND_LIMIT:
		PUT(c->u.limit.rule, "H2");
		PUT(c->u.limit.term, "ecg_hr.above");
		c->u.limit.limit = 140000;
		PUT(c->u.limit.second_person, "dr.b");
		PUT(c->u.limit.reason, "athlete");
		break;
	case COMMAND_TAKE_OUT:
		c->u.take_out.is_device = true;
		PUT(c->u.take_out.name, "oximeter");
		c->u.take_out.duration_s = 300;
		PUT(c->u.take_out.reason, "new finger");
		PUT(c->u.take_out.override.name, "dr.a");
		PUT(c->u.take_out.override.reason, "stays in the room");
		break;
	case COMMAND_OXYGEN:
		c->u.oxygen_ml_per_min = 2500;
		break;
	case COMMAND_RECEIPT:
		PUT(c->u.receipt.display, "desk");
		c->u.receipt.epoch = UINT64_C(0x1122334455667788);
		c->u.receipt.alarm_sequence = 17;
		c->u.receipt.shown = (struct mono){EVENT_NOW.ns - 1000000000};
		break;
	case COMMAND_SESSION_PAUSE:
	case COMMAND_SESSION_STOP:
	case COMMAND_AUDIO_PAUSE:
	case COMMAND_CUFF_START:
	case COMMAND_CUFF_STOP:
	case COMMAND_TEST_ALARM:
	case COMMAND_CALL_HELP:
	case COMMAND_COUNT:
		break;
	}
}

/* ---- random ones ------------------------------------------------------------------------------------------------- */

static uint64_t dice = 1;

static inline uint64_t roll(void) /* xorshift64* */
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return dice * UINT64_C(2685821657736338717);
}

static inline int roll_below(int limit)
{
	return (int)(roll() % (uint64_t)limit);
}

static inline int32_t roll_given(int32_t min, int32_t max)
{
	int which = roll_below(5);
	if (which < 3)
		return which == 0 ? 0 : which == 1 ? min : max;
	return min + (int32_t)(roll() % (uint64_t)((int64_t)max - min + 1));
}

static inline struct mono roll_instant(void)
{
	int64_t most = INT64_C(1) << 62;
	switch (roll_below(4)) {
	case 0:
		return (struct mono){most};
	case 1:
		return (struct mono){-most};
	default:
		return (struct mono){(int64_t)(roll() >> 2) - (most >> 1)};
	}
}

static inline void roll_name(char name[NAME_BYTES], int shortest)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	int length = shortest + roll_below(NAME_BYTES - shortest);
	memset(name, 0, NAME_BYTES);
	for (int i = 0; i < length; i++)
		name[i] = letters[roll_below((int)sizeof letters - 1)];
}

static inline void roll_text(char text[TEXT_BYTES], int shortest)
{
	int length = shortest + roll_below(TEXT_BYTES - shortest);
	memset(text, 0, TEXT_BYTES);
	for (int i = 0; i < length; i++)
		if (roll_below(8) == 0 && i + 2 < length) {
			text[i++] = '\xc3';
			text[i] = (char)(0xa0 + roll_below(32)); /* a letter of two bytes */
		} else {
			text[i] = (char)(0x20 + roll_below(0x5f));
		}
}

static inline void roll_override(struct override *override)
{
	if (roll_below(2) == 0)
		return;
	roll_name(override->name, 1);
	roll_text(override->reason, 1);
}

static inline void roll_order(struct session_order *order)
{
	roll_name(order->session_id, 1);
	roll_name(order->patient_ref, 1);
	roll_name(order->second_person, 0);
	order->weight_g = roll_given(20000, 400000);
	order->dose_ug = roll_given(1, 1000000);
	order->duration_s = roll_given(60, 43200);
	order->ug_per_ml = roll_given(1, 200000);
	order->series = roll_given(1, 9999);
	order->age_years = roll_given(1, 130);
}

static inline void roll_observation(struct observation *observation)
{
	observation->has_score = roll_below(3) > 0;
	if (observation->has_score) {
		observation->parameter =
		    (enum parameter)(PARAMETER_MOAAS + roll_below(PARAMETER_COUNT - PARAMETER_MOAAS));
		const struct parameter_info *info = &parameter_table[observation->parameter];
		observation->milli = info->plausible_min + roll_below(info->plausible_max - info->plausible_min + 1);
	}
	roll_text(observation->note, observation->has_score ? 0 : 1);
}

static inline void roll_command(struct event_command *c)
{
	roll_name(c->actor, 1);
	c->id = roll();
	c->command = (enum command)roll_below(COMMAND_COUNT);
	if (c->command == COMMAND_SESSION_OPEN) {
		roll_order(&c->u.order);
	} else if (c->command == COMMAND_SESSION_START || c->command == COMMAND_SESSION_RESUME ||
	           c->command == COMMAND_SESSION_CLOSE || c->command == COMMAND_DEVICE_GIVEN) {
		roll_override(&c->u.override);
	} else if (c->command == COMMAND_ALARM_ACKNOWLEDGE) {
		c->u.alarm_id = roll_below(3) == 0 ? ALARM_ID_ALL : (uint32_t)roll();
	} else if (c->command == COMMAND_ALARM_ACKNOWLEDGE_SHOWN) {
		c->u.shown.settled_ns = roll_below(2) * INT64_C(1000000000);
		c->u.shown.count = (uint8_t)(1 + roll_below(SHOWN_ALARMS_MAX));
		for (uint8_t i = 0; i < c->u.shown.count; i++)
			c->u.shown.list[i] = (struct shown_alarm){(uint32_t)roll() | 1, (uint32_t)roll()};
	} else if (c->command == COMMAND_OBSERVE) {
		roll_observation(&c->u.observation);
	} else if (c->command == COMMAND_ITEM) {
		roll_name(c->u.item.name, 1);
		c->u.item.ticked = roll_below(2) == 0;
	} else if (c->command == COMMAND_LIMIT) {
		roll_name(c->u.limit.rule, 1);
		roll_name(c->u.limit.term, 0);
		c->u.limit.limit = (int32_t)(uint32_t)roll();
		roll_name(c->u.limit.second_person, 0);
		roll_text(c->u.limit.reason, 1);
	} else if (c->command == COMMAND_TAKE_OUT) {
		c->u.take_out.is_device = roll_below(2) == 0;
		roll_name(c->u.take_out.name, 1);
		c->u.take_out.duration_s = roll_given(60, 3600);
		roll_text(c->u.take_out.reason, c->u.take_out.duration_s == 0 ? 0 : 1);
		roll_override(&c->u.take_out.override);
	} else if (c->command == COMMAND_OXYGEN) {
		c->u.oxygen_ml_per_min = roll_below(OXYGEN_ML_PER_MIN_MAX + 1);
	} else if (c->command == COMMAND_RECEIPT) {
		roll_name(c->u.receipt.display, 1);
		c->u.receipt.epoch = roll();
		c->u.receipt.alarm_sequence = roll();
		c->u.receipt.shown = roll_below(4) == 0 ? MONO_NEVER : roll_instant();
	}
}

static inline void roll_frame(struct event_measurements *frame)
{
	frame->device = (uint8_t)roll_below(bed.device_count);
	frame->count = (uint8_t)roll_below(EVENT_MEASUREMENTS_MAX + 1);
	for (uint8_t i = 0; i < frame->count; i++) {
		struct measurement *m = &frame->list[i];
		m->parameter = (enum parameter)roll_below(PARAMETER_HEART_RATE); /* derived ones come in no event */
		m->quality = (enum quality)roll_below(3);
		m->reason = m->quality == QUALITY_VALID ? REASON_NONE : (enum reason)roll_below(REASON_COUNT);
		m->milli = m->quality == QUALITY_NO_VALUE ? 0 : (int32_t)(uint32_t)roll();
		m->determined = roll_instant();
	}
}

static inline void roll_event(struct event *event)
{
	*event = event_of((enum event_kind)roll_below(EVENT_AWAY + 1));
	event->wall_ns = (int64_t)roll();
	switch (event->kind) {
	case EVENT_TICK:
		break;
	case EVENT_MEASUREMENTS:
		roll_frame(&event->u.measurements);
		break;
	case EVENT_DEVICE:
		event->u.device.device = (uint8_t)roll_below(bed.device_count);
		event->u.device.state = (enum device_state)roll_below(DEVICE_REFUSED + 1);
		event->u.device.fault = (enum device_fault)roll_below(FAULT_COUNT);
		break;
	case EVENT_COMMAND:
		roll_command(&event->u.command);
		break;
	case EVENT_SERVICE:
		event->u.service.service = (enum service)roll_below(SERVICE_COUNT);
		event->u.service.ok = roll_below(2) == 0;
		break;
	case EVENT_CLOCK:
		event->u.clock.step_ns = (int64_t)roll();
		break;
	case EVENT_AWAY:
		event->u.away.away_ns = (int64_t)(roll() >> 1);
		event->u.away.doubtful = roll_below(2) == 0;
		break;
	}
}

#endif
