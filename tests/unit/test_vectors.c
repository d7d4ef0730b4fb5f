/* The golden vectors of proto/vectors are what the encoder makes today. Run from the top of the repository.
 * `test_vectors --write` writes them anew; then tests/vectors/check.py --write their text, to be read by a person. */
#include "tests/unit/encode_bedside.h"

#include "daemon/wire/request.h"

#define VECTORS "proto/vectors/"

static bool writing;

static void to_hex(char *hex, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex++ = '\n';
	*hex = '\0';
}

static void golden(const char *name, const uint8_t *bytes, size_t size)
{
	static char hex[2 * MESSAGE_BYTES + 2], found[2 * MESSAGE_BYTES + 2];
	char path[128];

	assert_true(size <= MESSAGE_BYTES);
	to_hex(hex, bytes, size);
	assert_true(snprintf(path, sizeof path, VECTORS "%s.hex", name) < (int)sizeof path);
	FILE *file = fopen(path, writing ? "w" : "r");
	if (file == NULL)
		fail_msg("%s: cannot be opened; run from the top of the repository", path);
	if (writing) {
		assert_true(fputs(hex, file) >= 0);
	} else {
		size_t got = fread(found, 1, sizeof found - 1, file);
		found[got] = '\0';
	}
	assert_int_equal(fclose(file), 0);
	if (!writing)
		assert_string_equal(found, hex);
}

static void golden_message(const char *name)
{
	golden(name, message.bytes, message.size);
}

static void golden_messages(void **state)
{
	(void)state;
	struct alarm *alarm;

	encode_heartbeat(&message, &id, &engine, stamp);
	golden_message("message-heartbeat-quiet");
	encode_readings(&message, &id, &engine, PARAMETER_BIT(PARAMETER_COUNT) - 1, stamp);
	golden_message("message-readings");
	encode_device(&message, &id, &engine, 1, stamp);
	golden_message("message-device-up");
	engine.devices[0].state = DEVICE_DOWN;
	engine.devices[0].fault = FAULT_HUNG_UP;
	engine.devices[0].last_frame = MONO_NEVER;
	encode_device(&message, &id, &engine, 0, stamp);
	golden_message("message-device-down");
	device_up(0, 100 * NS_PER_MS);
	engine.devices[0].fault = FAULT_NONE;
	open_session();
	encode_session(&message, &id, &engine, SESSION_PAUSED, "nurse1", stamp);
	golden_message("message-session-paused");
	take_out();
	encode_session(&message, &id, &engine, SESSION_TAKEN_OUT, "nurse1", stamp);
	golden_message("message-session-taken-out");
	engine.taken_out[DEVICES_MAX + PARAMETER_ETCO2].until = (struct mono){0};
	alarm = raise_o2(ALARM_ACTIVE, 1);
	encode_alarm(&message, &id, &engine, ALARM_RAISED, alarm, stamp);
	golden_message("message-alarm-raised");
	raise_missing();
	encode_heartbeat(&message, &id, &engine, stamp);
	golden_message("message-heartbeat-two-alarms");
	encode_snapshot(&message, &id, &engine, stamp);
	golden_message("message-snapshot");
	SET(alarm->acknowledged_by, "nurse1");
	alarm->acknowledged_wall_ns = stamp.wall_ns;
	alarm->state = ALARM_INACTIVE;
	alarm->generation = 4;
	encode_alarm(&message, &id, &engine, ALARM_CLEARED, alarm, stamp);
	golden_message("message-alarm-cleared");
	alarm = raise_b1();
	encode_alarm(&message, &id, &engine, ALARM_RAISED, alarm, stamp);
	golden_message("message-alarm-unconfirmed");
	alarm->confirmed = true;
	alarm->priority = PRIORITY_HIGH;
	alarm->generation = 2;
	encode_alarm(&message, &id, &engine, ALARM_PRIORITY_CHANGED, alarm, stamp);
	golden_message("message-alarm-confirmed");
	alarm->state = ALARM_INACTIVE;
	alarm = raise_alarm(ALARM_BASE_TEST, CONDITION_TEST, 0, ALARM_ACTIVE, PRIORITY_LOW, 1);
	alarm->test = true;
	encode_alarm(&message, &id, &engine, ALARM_RAISED, alarm, stamp);
	golden_message("message-alarm-test");
	engine.session.open = false;
	encode_session(&message, &id, &engine, SESSION_CLOSED, "", stamp);
	golden_message("message-session-closed");
}

/* Open and not started: what blocks the start, in words. */
static void golden_blocked(void **state)
{
	(void)state;
	engine.session.open = true;
	SET(engine.session.id, "20261201T101500Z-0a1b2c3d");
	engine.session.opened_at = (struct mono){10 * NS_PER_S};
	for (int i = 0; i < 2; i++)
		engine.session.checks[i].due = (struct mono){0};
	SET(engine.session.order.patient_ref, "P-0043");
	encode_session(&message, &id, &engine, SESSION_OPENED, "nurse1", stamp);
	golden_message("message-session-blocked");
}

static void golden_request(const char *name, Vitals__V1__Request *request)
{
	uint8_t bytes[512];

	request->id = 7;
	assert_in_range(vitals__v1__request__get_packed_size(request), 1, sizeof bytes);
	golden(name, bytes, vitals__v1__request__pack(request, bytes));
}

static void golden_requests(void **state)
{
	(void)state;
	Vitals__V1__Request request;
	Vitals__V1__Empty empty;
	Vitals__V1__SessionOpen order;
	Vitals__V1__AlarmAcknowledge acknowledge;
	Vitals__V1__ShownAlarm shown, *list = &shown;
	Vitals__V1__Observe observe;
	char patient[] = "P-0042", parameter[] = "moaas", note[] = "drowsy, answers";

	vitals__v1__request__init(&request);
	vitals__v1__empty__init(&empty);
	request.command_case = VITALS__V1__REQUEST__COMMAND_STATUS;
	request.status = &empty;
	golden_request("request-status", &request);
	vitals__v1__session_open__init(&order);
	order.patient_ref = patient;
	order.weight_g = 70500;
	request.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN;
	request.session_open = &order;
	golden_request("request-session-open", &request);
	vitals__v1__alarm_acknowledge__init(&acknowledge);
	acknowledge.which_case = VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID;
	acknowledge.id = UINT32_C(0x1ce412e4); /* of "O2" */
	request.command_case = VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE;
	request.alarm_acknowledge = &acknowledge;
	golden_request("request-alarm-acknowledge", &request);
	vitals__v1__shown_alarm__init(&shown);
	shown.id = UINT32_C(0x1ce412e4);
	shown.generation = 7;
	vitals__v1__alarm_acknowledge__init(&acknowledge);
	acknowledge.n_shown = 1;
	acknowledge.shown = &list;
	acknowledge.settled_ns = 2000000000;
	golden_request("request-alarm-acknowledge-shown", &request);
	vitals__v1__observe__init(&observe);
	observe.parameter = parameter;
	observe.score_case = VITALS__V1__OBSERVE__SCORE_MILLI;
	observe.milli = 0;
	observe.note = note;
	request.command_case = VITALS__V1__REQUEST__COMMAND_OBSERVE;
	request.observe = &observe;
	golden_request("request-observe-moaas-0", &request);
}

static void golden_new_requests(void **state)
{
	(void)state;
	Vitals__V1__Request request;
	Vitals__V1__Override override;
	Vitals__V1__Proceed proceed;
	Vitals__V1__LimitOrder limit;
	Vitals__V1__TakeOut out;
	Vitals__V1__Receipt receipt;
	char name[] = "dr.a", reason[] = "known white-coat hypertension", rule[] = "R2", second[] = "dr.b";
	char why[] = "resting value is low", parameter[] = "etco2", eats[] = "patient eats", display[] = "station";

	vitals__v1__request__init(&request);
	vitals__v1__override__init(&override);
	override.name = name;
	override.reason = reason;
	vitals__v1__proceed__init(&proceed);
	proceed.override = &override;
	request.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_START;
	request.session_start = &proceed;
	golden_request("request-session-start-override", &request);
	vitals__v1__limit_order__init(&limit);
	limit.rule = rule;
	limit.limit_milli = 9000;
	limit.second_person = second;
	limit.reason = why;
	request.command_case = VITALS__V1__REQUEST__COMMAND_LIMIT;
	request.limit = &limit;
	golden_request("request-limit", &request);
	vitals__v1__take_out__init(&out);
	out.what_case = VITALS__V1__TAKE_OUT__WHAT_PARAMETER;
	out.parameter = parameter;
	out.duration_s = 300;
	out.reason = eats;
	request.command_case = VITALS__V1__REQUEST__COMMAND_TAKE_OUT;
	request.take_out = &out;
	golden_request("request-take-out", &request);
	vitals__v1__receipt__init(&receipt);
	receipt.display = display;
	receipt.epoch = UINT64_C(0x0123456789abcdef);
	receipt.alarm_sequence = 12;
	request.command_case = VITALS__V1__REQUEST__COMMAND_RECEIPT;
	request.receipt = &receipt;
	golden_request("request-receipt", &request);
}

static void golden_refusal(const char *name, enum result result, const struct refusal *refusal)
{
	uint8_t bytes[RESPONSE_HEAD_BYTES];
	const struct response response = {
	    .id = 7, .result = result, .refusal = refusal, .bedside = "room-1", .demo = true};

	golden(name, bytes, response_encode(bytes, sizeof bytes, &response));
}

static void golden_responses(void **state)
{
	(void)state;
	struct refusal refusal;

	refusal_begin(&refusal, REFUSAL_UNKNOWN_ALARM);
	golden_refusal("response-refused", RESULT_UNKNOWN_ALARM, &refusal);
	refusal_begin(&refusal, REFUSAL_DOSE_PER_KG);
	refusal_decimal(&refusal, "dose_mg", 362500);
	refusal_decimal(&refusal, "weight_kg", 72500);
	refusal_decimal(&refusal, "mg_per_kg", 5000);
	refusal_decimal(&refusal, "min", 100);
	refusal_decimal(&refusal, "max", 1000);
	golden_refusal("response-refused-dose", RESULT_SECOND_PERSON, &refusal);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(golden_messages, setup),  cmocka_unit_test_setup(golden_blocked, setup),
	    cmocka_unit_test_setup(golden_requests, setup),  cmocka_unit_test_setup(golden_new_requests, setup),
	    cmocka_unit_test_setup(golden_responses, setup),
	};

	writing = argc == 2 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
