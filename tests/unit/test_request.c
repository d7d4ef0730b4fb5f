/* Requests from anybody: what is accepted means what was sent, everything else is refused with the field and its range.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/wire/request.h"
#include "vitals.pb-c.h"
#include "vitals/alarm.h"

static uint8_t packet[REQUEST_BYTES_MAX + 64];
static struct request request;

static bool decode_packed(const Vitals__V1__Request *message)
{
	size_t size = vitals__v1__request__get_packed_size(message);
	assert_true(size <= sizeof(packet));
	assert_int_equal(vitals__v1__request__pack(message, packet), size);
	return request_decode(&request, packet, size);
}

static bool decode_order(const char *patient, int32_t weight, int32_t dose, int32_t duration)
{
	char text[128];
	Vitals__V1__Request message;
	Vitals__V1__SessionOpen order;
	vitals__v1__request__init(&message);
	vitals__v1__session_open__init(&order);
	(void)snprintf(text, sizeof(text), "%s", patient);
	order.patient_ref = text;
	order.weight_g = weight;
	order.dose_ug = dose;
	order.duration_s = duration;
	message.id = 77;
	message.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN;
	message.session_open = &order;
	return decode_packed(&message);
}

static bool decode_observe(const char *parameter, bool has_score, int64_t milli, const char *note)
{
	char name[64], text[256];
	Vitals__V1__Request message;
	Vitals__V1__Observe observe;
	vitals__v1__request__init(&message);
	vitals__v1__observe__init(&observe);
	(void)snprintf(name, sizeof(name), "%s", parameter);
	(void)snprintf(text, sizeof(text), "%s", note);
	observe.parameter = name;
	observe.note = text;
	if (has_score) {
		observe.score_case = VITALS__V1__OBSERVE__SCORE_MILLI;
		observe.milli = milli;
	}
	message.command_case = VITALS__V1__REQUEST__COMMAND_OBSERVE;
	message.observe = &observe;
	return decode_packed(&message);
}

static bool decode_alarm(Vitals__V1__AlarmAcknowledge__WhichCase which, uint32_t value)
{
	Vitals__V1__Request message;
	Vitals__V1__AlarmAcknowledge acknowledge;
	vitals__v1__request__init(&message);
	vitals__v1__alarm_acknowledge__init(&acknowledge);
	acknowledge.which_case = which;
	if (which == VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL)
		acknowledge.all = value != 0;
	else
		acknowledge.id = value;
	message.command_case = VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE;
	message.alarm_acknowledge = &acknowledge;
	return decode_packed(&message);
}

static bool decode_override(const char *name, const char *reason)
{
	char who[64], why[256];
	Vitals__V1__Request message;
	Vitals__V1__Proceed proceed;
	Vitals__V1__Override override;
	vitals__v1__request__init(&message);
	vitals__v1__proceed__init(&proceed);
	vitals__v1__override__init(&override);
	(void)snprintf(who, sizeof(who), "%s", name);
	(void)snprintf(why, sizeof(why), "%s", reason);
	override.name = who;
	override.reason = why;
	proceed.override = &override;
	message.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE;
	message.session_close = &proceed;
	return decode_packed(&message);
}

static bool decode_limit(const char *rule, const char *term, int64_t limit, const char *second, const char *reason)
{
	char names[3][64], why[256];
	Vitals__V1__Request message;
	Vitals__V1__LimitOrder order;
	vitals__v1__request__init(&message);
	vitals__v1__limit_order__init(&order);
	(void)snprintf(names[0], sizeof(names[0]), "%s", rule);
	(void)snprintf(names[1], sizeof(names[1]), "%s", second);
	(void)snprintf(why, sizeof(why), "%s", reason);
	order.rule = names[0];
	order.second_person = names[1];
	order.reason = why;
	(void)snprintf(names[2], sizeof(names[2]), "%s", term);
	order.term = names[2];
	order.limit_milli = limit;
	message.command_case = VITALS__V1__REQUEST__COMMAND_LIMIT;
	message.limit = &order;
	return decode_packed(&message);
}

static bool decode_take_out(Vitals__V1__TakeOut__WhatCase what, const char *name, int32_t duration, const char *reason)
{
	char text[64], why[256];
	Vitals__V1__Request message;
	Vitals__V1__TakeOut out;
	vitals__v1__request__init(&message);
	vitals__v1__take_out__init(&out);
	(void)snprintf(text, sizeof(text), "%s", name);
	(void)snprintf(why, sizeof(why), "%s", reason);
	out.what_case = what;
	if (what != VITALS__V1__TAKE_OUT__WHAT__NOT_SET)
		out.device = text;
	out.duration_s = duration;
	out.reason = why;
	message.command_case = VITALS__V1__REQUEST__COMMAND_TAKE_OUT;
	message.take_out = &out;
	return decode_packed(&message);
}

static void refused_with(const char *part)
{
	char text[REFUSAL_TEXT_BYTES];
	refusal_sentence(text, &request.refusal);
	if (strstr(text, part) == NULL)
		fail_msg("'%s' does not say '%s'", text, part);
}

static void test_plain_commands(void **state)
{
	static const struct {
		Vitals__V1__Request__CommandCase wire;
		enum command command;
	} cases[] = {
	    {VITALS__V1__REQUEST__COMMAND_SESSION_START, COMMAND_SESSION_START},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE, COMMAND_SESSION_PAUSE},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_RESUME, COMMAND_SESSION_RESUME},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_STOP, COMMAND_SESSION_STOP},
	    {VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE, COMMAND_SESSION_CLOSE},
	    {VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE, COMMAND_AUDIO_PAUSE},
	    {VITALS__V1__REQUEST__COMMAND_CUFF_START, COMMAND_CUFF_START},
	    {VITALS__V1__REQUEST__COMMAND_CUFF_STOP, COMMAND_CUFF_STOP},
	    {VITALS__V1__REQUEST__COMMAND_DEVICE_GIVEN, COMMAND_DEVICE_GIVEN},
	    {VITALS__V1__REQUEST__COMMAND_TEST_ALARM, COMMAND_TEST_ALARM},
	    {VITALS__V1__REQUEST__COMMAND_CALL_HELP, COMMAND_CALL_HELP},
	};
	Vitals__V1__Empty empty;
	Vitals__V1__Proceed proceed;
	(void)state;
	vitals__v1__empty__init(&empty);
	vitals__v1__proceed__init(&proceed);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		Vitals__V1__Request message;
		vitals__v1__request__init(&message);
		message.id = UINT64_MAX - i;
		message.command_case = cases[i].wire;
		message.session_pause = &empty;
		if (cases[i].command == COMMAND_SESSION_START || cases[i].command == COMMAND_SESSION_CLOSE ||
		    cases[i].command == COMMAND_DEVICE_GIVEN)
			message.session_start = &proceed;
		assert_true(decode_packed(&message));
		assert_true(request.id == UINT64_MAX - i);
		assert_false(request.status);
		assert_int_equal(request.command.command, cases[i].command);
		assert_string_equal(request.command.u.override.name, "");
	}
	Vitals__V1__Request message;
	vitals__v1__request__init(&message);
	message.command_case = VITALS__V1__REQUEST__COMMAND_STATUS;
	message.status = &empty;
	assert_true(decode_packed(&message));
	assert_true(request.status);
}

static void test_session_open(void **state)
{
	(void)state;
	assert_true(decode_order("P-0017_a.b", 82500, 40000, 2400));
	assert_int_equal(request.id, 77);
	assert_int_equal(request.command.command, COMMAND_SESSION_OPEN);
	assert_string_equal(request.command.u.order.patient_ref, "P-0017_a.b");
	assert_int_equal(request.command.u.order.weight_g, 82500);
	assert_int_equal(request.command.u.order.dose_ug, 40000);
	assert_int_equal(request.command.u.order.duration_s, 2400);
	assert_true(decode_order("abcdefghijklmnopqrstuvwxyz01234", 0, 0, 0));
	assert_int_equal(strlen(request.command.u.order.patient_ref), 31);
}

static void test_session_open_limits(void **state)
{
	static const char *const bad[] = {
	    "", "abcdefghijklmnopqrstuvwxyz012345", "Ann Smith", "a/b", "a\nb", "\xc3\xa4", "a\x7f"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(decode_order(bad[i], 0, 0, 0));
		assert_int_equal(request.id, 77);
		refused_with("session_open.patient_ref");
		refused_with("1 .. 31");
	}
	assert_true(decode_order("p", 20000, 1, 60));
	assert_true(decode_order("p", 400000, 1000000, 43200));
	assert_false(decode_order("p", 19999, 0, 0));
	refused_with("session_open.weight_g is 19999 (legal: 0 for none, or 20000 .. 400000)");
	assert_string_equal(refusal_token(request.refusal.code), "field-range-or-none");
	assert_int_equal(request.refusal.count, 4);
	assert_string_equal(request.refusal.arguments[0].value, "session_open.weight_g");
	assert_string_equal(request.refusal.arguments[3].name, "max");
	assert_string_equal(request.refusal.arguments[3].value, "400000");
	assert_false(decode_order("p", 400001, 0, 0));
	assert_false(decode_order("p", -20000, 0, 0));
	assert_false(decode_order("p", 0, -1, 0));
	refused_with("session_open.dose_ug");
	assert_false(decode_order("p", 0, 1000001, 0));
	assert_false(decode_order("p", 0, 0, 59));
	refused_with("session_open.duration_s");
	assert_false(decode_order("p", 0, 0, 43201));
}

static void test_session_open_details(void **state)
{
	char patient[] = "P-1", second[] = "dr.b";
	Vitals__V1__Request message;
	Vitals__V1__SessionOpen order;
	(void)state;
	vitals__v1__request__init(&message);
	vitals__v1__session_open__init(&order);
	order.patient_ref = patient;
	order.second_person = second;
	order.ug_per_ml = 200000;
	order.series = 9999;
	order.age_years = 130;
	message.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN;
	message.session_open = &order;
	assert_true(decode_packed(&message));
	assert_string_equal(request.command.u.order.second_person, "dr.b");
	assert_int_equal(request.command.u.order.ug_per_ml, 200000);
	assert_int_equal(request.command.u.order.series, 9999);
	assert_int_equal(request.command.u.order.age_years, 130);
	order.age_years = 131;
	assert_false(decode_packed(&message));
	refused_with("session_open.age_years is 131 (legal: 0 for none, or 1 .. 130)");
	order.age_years = 0;
	order.series = -1;
	assert_false(decode_packed(&message));
	refused_with("session_open.series");
	order.series = 0;
	order.ug_per_ml = 200001;
	assert_false(decode_packed(&message));
	refused_with("session_open.ug_per_ml");
	order.ug_per_ml = 0;
	second[2] = ' ';
	assert_false(decode_packed(&message));
	refused_with("session_open.second_person");
}

static void test_override(void **state)
{
	(void)state;
	assert_true(decode_override("dr.a", "lives next door"));
	assert_int_equal(request.command.command, COMMAND_SESSION_CLOSE);
	assert_string_equal(request.command.u.override.name, "dr.a");
	assert_string_equal(request.command.u.override.reason, "lives next door");
	assert_false(decode_override("dr.a", "")); /* nobody overrides without saying why */
	refused_with("override.reason is missing");
	assert_false(decode_override("", "why"));
	refused_with("override.name");
	assert_false(decode_override("dr a", "why"));
	assert_false(decode_override("dr.a", "line\nfeed"));
	refused_with("override.reason");
}

static void test_item(void **state)
{
	char name[] = "escort";
	Vitals__V1__Request message;
	Vitals__V1__ItemTick item;
	(void)state;
	vitals__v1__request__init(&message);
	vitals__v1__item_tick__init(&item);
	item.name = name;
	item.ticked = true;
	message.command_case = VITALS__V1__REQUEST__COMMAND_ITEM;
	message.item = &item;
	assert_true(decode_packed(&message));
	assert_int_equal(request.command.command, COMMAND_ITEM);
	assert_string_equal(request.command.u.item.name, "escort");
	assert_true(request.command.u.item.ticked);
	item.ticked = false;
	assert_true(decode_packed(&message));
	assert_false(request.command.u.item.ticked);
	name[0] = '\0';
	assert_false(decode_packed(&message));
	refused_with("item.name");
}

static void test_limit(void **state)
{
	(void)state;
	assert_true(decode_limit("H1", "ecg_hr.above", -20000, "dr.b", "athlete"));
	assert_int_equal(request.command.command, COMMAND_LIMIT);
	assert_string_equal(request.command.u.limit.rule, "H1");
	assert_string_equal(request.command.u.limit.term, "ecg_hr.above");
	assert_int_equal(request.command.u.limit.limit, -20000);
	assert_string_equal(request.command.u.limit.second_person, "dr.b");
	assert_string_equal(request.command.u.limit.reason, "athlete");
	assert_true(decode_limit("H1", "", 100000, "", "athlete"));
	assert_string_equal(request.command.u.limit.second_person, "");
	assert_false(decode_limit("H1", "two words", 100000, "", "athlete"));
	refused_with("limit.term");
	assert_false(decode_limit("H1", "a-name-of-thirty-two-characters-x", 100000, "", "athlete"));
	refused_with("limit.term");
	assert_false(decode_limit("H1", "", INT64_C(2147483648), "", "athlete"));
	refused_with("limit.limit_milli");
	assert_false(decode_limit("H1", "", 100000, "", ""));
	refused_with("limit.reason is missing");
	assert_false(decode_limit("", "", 100000, "", "athlete"));
	refused_with("limit.rule");
	assert_false(decode_limit("H1", "", 100000, "two words", "athlete"));
	refused_with("limit.second_person");
}

static void test_take_out(void **state)
{
	(void)state;
	assert_true(decode_take_out(VITALS__V1__TAKE_OUT__WHAT_DEVICE, "oximeter", 60, "new finger"));
	assert_int_equal(request.command.command, COMMAND_TAKE_OUT);
	assert_true(request.command.u.take_out.is_device);
	assert_string_equal(request.command.u.take_out.name, "oximeter");
	assert_int_equal(request.command.u.take_out.duration_s, 60);
	assert_string_equal(request.command.u.take_out.reason, "new finger");
	assert_string_equal(request.command.u.take_out.override.name, "");
	assert_true(decode_take_out(VITALS__V1__TAKE_OUT__WHAT_PARAMETER, "etco2", 3600, "eats"));
	assert_false(request.command.u.take_out.is_device);
	assert_true(
	    decode_take_out(VITALS__V1__TAKE_OUT__WHAT_PARAMETER, "etco2", 0, "")); /* back in: no reason needed */
	assert_false(decode_take_out(VITALS__V1__TAKE_OUT__WHAT_PARAMETER, "etco2", 60, ""));
	refused_with("take_out.reason is missing");
	assert_false(decode_take_out(VITALS__V1__TAKE_OUT__WHAT_PARAMETER, "etco2", 59, "x"));
	refused_with("take_out.duration_s is 59 (legal: 0 for none, or 60 .. 3600)");
	assert_false(decode_take_out(VITALS__V1__TAKE_OUT__WHAT_DEVICE, "oximeter", 3601, "x"));
	assert_false(decode_take_out(VITALS__V1__TAKE_OUT__WHAT__NOT_SET, "", 60, "x"));
	refused_with("take_out needs a device or a parameter");
	assert_false(decode_take_out(VITALS__V1__TAKE_OUT__WHAT_DEVICE, "", 60, "x"));
	refused_with("take_out.device");
}

static void test_receipt(void **state)
{
	char display[] = "station";
	Vitals__V1__Request message;
	Vitals__V1__Receipt receipt;
	(void)state;
	vitals__v1__request__init(&message);
	vitals__v1__receipt__init(&receipt);
	receipt.display = display;
	receipt.epoch = UINT64_MAX;
	receipt.alarm_sequence = UINT64_MAX;
	message.command_case = VITALS__V1__REQUEST__COMMAND_RECEIPT;
	message.receipt = &receipt;
	assert_true(decode_packed(&message));
	assert_int_equal(request.command.command, COMMAND_RECEIPT);
	assert_string_equal(request.command.u.receipt.display, "station");
	assert_true(request.command.u.receipt.epoch == UINT64_MAX);
	assert_true(request.command.u.receipt.alarm_sequence == UINT64_MAX);
	assert_int_equal(request.command.u.receipt.shown.ns, 0); /* the shell's to say */
	display[0] = ' ';
	assert_false(decode_packed(&message));
	refused_with("receipt.display");
}

static bool decode_shown(size_t count, uint32_t id, int64_t settled_ns, bool all)
{
	Vitals__V1__Request message;
	Vitals__V1__AlarmAcknowledge acknowledge;
	Vitals__V1__ShownAlarm alarms[SHOWN_ALARMS_MAX + 1], *list[SHOWN_ALARMS_MAX + 1];
	vitals__v1__request__init(&message);
	vitals__v1__alarm_acknowledge__init(&acknowledge);
	for (size_t i = 0; i < count; i++) {
		vitals__v1__shown_alarm__init(&alarms[i]);
		alarms[i].id = id;
		alarms[i].generation = (uint32_t)i + 5;
		list[i] = &alarms[i];
	}
	acknowledge.n_shown = count;
	acknowledge.shown = list;
	acknowledge.settled_ns = settled_ns;
	acknowledge.which_case =
	    all ? VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL : VITALS__V1__ALARM_ACKNOWLEDGE__WHICH__NOT_SET;
	acknowledge.all = all;
	message.command_case = VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE;
	message.alarm_acknowledge = &acknowledge;
	return decode_packed(&message);
}

static void test_acknowledge_shown(void **state)
{
	(void)state;
	assert_true(decode_shown(SHOWN_ALARMS_MAX, UINT32_MAX, SHOWN_SETTLED_MAX, false));
	assert_int_equal(request.command.command, COMMAND_ALARM_ACKNOWLEDGE_SHOWN);
	assert_int_equal(request.command.u.shown.count, SHOWN_ALARMS_MAX);
	assert_int_equal(request.command.u.shown.list[1].id, UINT32_MAX);
	assert_int_equal(request.command.u.shown.list[1].generation, 6);
	assert_true(request.command.u.shown.settled_ns == SHOWN_SETTLED_MAX);
	assert_false(decode_shown(SHOWN_ALARMS_MAX + 1, 1, 0, false));
	refused_with("alarm_acknowledge.shown is 25 (legal: 1 .. 24)");
	assert_false(decode_shown(1, ALARM_ID_ALL, 0, false));
	refused_with("alarm_acknowledge.shown.id");
	assert_false(decode_shown(1, 1, -1, false));
	refused_with("alarm_acknowledge.settled_ns");
	assert_false(decode_shown(1, 1, 0, true)); /* either what was shown or everything */
	assert_string_equal(refusal_token(request.refusal.code), "alarm-which");
}

static void test_acknowledge(void **state)
{
	(void)state;
	assert_true(decode_alarm(VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID, 1));
	assert_int_equal(request.command.command, COMMAND_ALARM_ACKNOWLEDGE);
	assert_int_equal(request.command.u.alarm_id, 1);
	assert_true(decode_alarm(VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID, UINT32_MAX));
	assert_int_equal(request.command.u.alarm_id, UINT32_MAX);
	/* An id may not become "all" by itself. */
	assert_false(decode_alarm(VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID, ALARM_ID_ALL));
	refused_with("alarm_acknowledge.id");
	assert_true(decode_alarm(VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL, 1));
	assert_int_equal(request.command.u.alarm_id, ALARM_ID_ALL);
	assert_false(decode_alarm(VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL, 0));
	assert_false(decode_alarm(VITALS__V1__ALARM_ACKNOWLEDGE__WHICH__NOT_SET, 0));
}

static void test_observe(void **state)
{
	(void)state;
	assert_true(decode_observe("rass", true, -5000, "calm"));
	assert_int_equal(request.command.command, COMMAND_OBSERVE);
	assert_true(request.command.u.observation.has_score);
	assert_int_equal(request.command.u.observation.parameter, PARAMETER_RASS);
	assert_int_equal(request.command.u.observation.milli, -5000);
	assert_string_equal(request.command.u.observation.note, "calm");
	assert_true(decode_observe("moaas", true, 0, ""));
	assert_true(request.command.u.observation.has_score);
	assert_int_equal(request.command.u.observation.milli, 0);
	assert_true(decode_observe("", false, 0, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"));
	assert_false(request.command.u.observation.has_score);
	assert_string_equal(request.command.u.observation.note, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");

	assert_false(decode_observe("rass", true, 4001, ""));
	refused_with("observe.milli is 4001 (legal: -5000 .. 4000)");
	assert_false(decode_observe("cadss", true, INT64_C(4294967296), ""));
	assert_false(decode_observe("cadss", true, INT64_MIN, ""));
	assert_false(decode_observe("cadss", false, 0, "x"));
	refused_with("observe.milli is missing");
	assert_false(decode_observe("spo2", true, 97000, "")); /* measured, not entered */
	refused_with("observe.parameter is not a score that is entered (legal: moaas ");
	assert_false(decode_observe("nonsense", true, 1000, ""));
	assert_false(decode_observe("", true, 1000, "x"));
	assert_false(decode_observe("", false, 0, ""));
}

static void test_notes(void **state)
{
	static const char *const bad[] = {
	    "line\nfeed",
	    "\x1b[31m",
	    "del\x7f",
	    "c1 \xc2\x9b",
	    "\xff",
	    "\xc0\xaf",
	    "\xed\xa0\x80",
	    "\xf4\x90\x80\x80",
	    "\xe2\x82",
	    "\x80",
	    "\xf8\x88\x80\x80\x80",
	    "\xe0\x80\x8a",
	};
	char note[TEXT_BYTES + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(decode_observe("", false, 0, bad[i]));
		refused_with("observe.note");
	}
	memset(note, 'x', sizeof(note));
	note[TEXT_BYTES] = '\0';
	assert_false(decode_observe("", false, 0, note));
	refused_with("0 .. 95 bytes");
	note[TEXT_BYTES - 1] = '\0';
	assert_true(decode_observe("", false, 0, note));
	assert_string_equal(request.command.u.observation.note, note);
}

static void test_grammar(void **state)
{
	(void)state;
	assert_false(request_decode(&request, packet, 0));
	refused_with("1 .. 4096");
	memset(packet, 0, sizeof(packet));
	assert_false(request_decode(&request, packet, REQUEST_BYTES_MAX + 1));
	refused_with("1 .. 4096");
	assert_false(request_decode(&request, packet, REQUEST_BYTES_MAX));
	memset(packet, 0xFF, sizeof(packet));
	assert_false(request_decode(&request, packet, 100));
	refused_with("not a vitals.v1.Request");

	static const uint8_t only_id[] = {0x08, 0x05};
	assert_false(request_decode(&request, only_id, sizeof(only_id)));
	assert_int_equal(request.id, 5);
	refused_with("no command");
	static const uint8_t later_command[] = {0x08, 0x05, 0xFA, 0x01, 0x00}; /* field 31 */
	assert_false(request_decode(&request, later_command, sizeof(later_command)));
	refused_with("no command");
	static const uint8_t huge_length[] = {0x5A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
	assert_false(request_decode(&request, huge_length, sizeof(huge_length)));
}

/* Bytes that protobuf-c takes but that do not say what they seem to say. */
static void test_roundabout_encodings(void **state)
{
	static const uint8_t nul[] = {0x5A, 0x05, 0x0A, 0x03, 'a', 0x00, 'b'};
	static const uint8_t plain[] = {0x5A, 0x05, 0x0A, 0x03, 'a', 'x', 'b'};
	static const uint8_t two_commands[] = {0x62, 0x00, 0x6A, 0x00};
	static const uint8_t two_ids[] = {0x08, 0x01, 0x08, 0x02, 0x62, 0x00};
	(void)state;
	assert_true(request_decode(&request, plain, sizeof(plain)));
	assert_string_equal(request.command.u.order.patient_ref, "axb");
	assert_false(request_decode(&request, nul, sizeof(nul)));
	refused_with("NUL");
	assert_false(request_decode(&request, two_commands, sizeof(two_commands)));
	refused_with("repeated");
	assert_false(request_decode(&request, two_ids, sizeof(two_ids)));
	refused_with("repeated");
}

/* A packet of nothing but unknown fields makes protobuf-c allocate for each: the arena ends it. */
static void test_amplification(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < REQUEST_BYTES_MAX; i += 2) {
		packet[i] = 7 << 3;
		packet[i + 1] = 1;
	}
	assert_false(request_decode(&request, packet, REQUEST_BYTES_MAX));
	refused_with("not a vitals.v1.Request");
}

static void test_a_few_unknown_fields_are_ignored(void **state)
{
	static const uint8_t bytes[] = {0x62, 0x00, 0xF8, 0x01, 0x07}; /* session_start, field 31 = 7 */
	(void)state;
	assert_true(request_decode(&request, bytes, sizeof(bytes)));
	assert_int_equal(request.command.command, COMMAND_SESSION_START);
}

static void test_response(void **state)
{
	static uint8_t bytes[RESPONSE_HEAD_BYTES + 64];
	static struct refusal refusal;
	uint8_t snapshot[64];
	Vitals__V1__Snapshot shown;
	Vitals__V1__Session session;
	char patient[] = "P-7";
	(void)state;
	vitals__v1__snapshot__init(&shown);
	vitals__v1__session__init(&session);
	session.patient_ref = patient;
	shown.session = &session;
	struct response response = {
	    .id = 9, .result = RESULT_OK, .bedside = "room-1", .demo = true, .snapshot = snapshot};
	response.snapshot_size = vitals__v1__snapshot__pack(&shown, snapshot);
	size_t size = response_encode(bytes, sizeof(bytes), &response);
	assert_true(size > 0);
	Vitals__V1__Response *read = vitals__v1__response__unpack(NULL, size, bytes);
	assert_non_null(read);
	assert_int_equal(read->id, 9);
	assert_string_equal(read->result, "ok");
	assert_string_equal(read->text, "Done.");
	assert_string_equal(read->bedside, "room-1");
	assert_true(read->demo);
	assert_string_equal(read->code, "");
	assert_int_equal(read->n_argument, 0);
	assert_non_null(read->snapshot);
	assert_string_equal(read->snapshot->session->patient_ref, "P-7");
	vitals__v1__response__free_unpacked(read, NULL);

	response.snapshot = NULL;
	response.snapshot_size = 0;
	response.result = RESULT_NO_CUFF;
	response.refusal = &refusal;
	refusal_begin(&refusal, REFUSAL_SPRAY_TOO_SOON); /* not of this result, but it has an argument */
	refusal_number(&refusal, "seconds", 280);
	size = response_encode(bytes, RESPONSE_HEAD_BYTES, &response);
	read = vitals__v1__response__unpack(NULL, size, bytes);
	assert_non_null(read);
	assert_string_equal(read->result, "no-cuff");
	assert_string_equal(read->text, "Too soon: the next device is due in 280 s. A named clinician may override.");
	assert_string_equal(read->code, "spray-too-soon");
	assert_int_equal(read->n_argument, 1);
	assert_string_equal(read->argument[0]->name, "seconds");
	assert_string_equal(read->argument[0]->value, "280");
	assert_null(read->snapshot);
	vitals__v1__response__free_unpacked(read, NULL);
	assert_int_equal(response_encode(bytes, RESPONSE_HEAD_BYTES - 1, &response), 0);
	response.snapshot_size = 1;
	assert_int_equal(response_encode(bytes, RESPONSE_HEAD_BYTES, &response), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_commands),
	    cmocka_unit_test(test_session_open),
	    cmocka_unit_test(test_session_open_limits),
	    cmocka_unit_test(test_session_open_details),
	    cmocka_unit_test(test_override),
	    cmocka_unit_test(test_item),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_take_out),
	    cmocka_unit_test(test_receipt),
	    cmocka_unit_test(test_acknowledge),
	    cmocka_unit_test(test_acknowledge_shown),
	    cmocka_unit_test(test_observe),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_grammar),
	    cmocka_unit_test(test_roundabout_encodings),
	    cmocka_unit_test(test_amplification),
	    cmocka_unit_test(test_a_few_unknown_fields_are_ignored),
	    cmocka_unit_test(test_response),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
