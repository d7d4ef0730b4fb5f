/* The golden events of tests/vectors/events: bytes and what they say, as written once for ever. Run from the top of the
 * repository. `test_event_vectors --write` writes those that are not there yet, and the corpus of the fuzzer; one that
 * is there is never written anew, for records with such bytes exist. */
#include "tests/unit/event_world.h"

#include <ctype.h>

#define VECTORS "tests/vectors/events/"
#define CORPUS  "tests/fuzz/corpus/event_code/"

static bool writing;
static char words[4096];

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	size_t used = strlen(words);
	va_list arguments;
	va_start(arguments, format);
	assert_true(vsnprintf(words + used, sizeof words - used, format, arguments) < (int)(sizeof words - used));
	va_end(arguments);
}

/* ---- what an event says ------------------------------------------------------------------------------------------ */

static void say_measurement(const struct measurement *m)
{
	static const char *const qualities[] = {
	    [QUALITY_NO_VALUE] = "no value", [QUALITY_VALID] = "valid", [QUALITY_QUESTIONABLE] = "questionable"};
	say("%s: %s, %s", parameter_table[m->parameter].name, qualities[m->quality], reason_name(m->reason));
	if (measurement_has_value(m))
		say(", milli %d", m->milli);
	say(", determined_ns %lld\n", (long long)m->determined.ns);
}

static void say_override(const struct override *override)
{
	if (override->name[0] != '\0')
		say("override: %s, %s\n", override->name, override->reason);
}

static void say_order(const struct session_order *order)
{
	say("session_id: %s\npatient_ref: %s\nsecond_person: %s\n", order->session_id, order->patient_ref,
	    order->second_person);
	say("weight_g: %d\ndose_ug: %d\nduration_s: %d\nug_per_ml: %d\nseries: %d\nage_years: %d\n", order->weight_g,
	    order->dose_ug, order->duration_s, order->ug_per_ml, order->series, order->age_years);
}

static void say_observation(const struct observation *observation)
{
	if (observation->has_score)
		say("score: %s, milli %d\n", parameter_table[observation->parameter].name, observation->milli);
	say("note: %s\n", observation->note);
}

static void say_limit(const struct limit_order *limit)
{
	say("rule: %s\nterm: %s\nlimit_milli: %d\nsecond_person: %s\nreason: %s\n", limit->rule, limit->term,
	    limit->limit, limit->second_person, limit->reason);
}

static void say_take_out(const struct take_out *out)
{
	say("%s: %s\nduration_s: %d\nreason: %s\n", out->is_device ? "device" : "parameter", out->name, out->duration_s,
	    out->reason);
	say_override(&out->override);
}

static void say_receipt(const struct receipt *receipt)
{
	say("display: %s\nepoch: %016llx\nalarm_sequence: %llu\n", receipt->display, (unsigned long long)receipt->epoch,
	    (unsigned long long)receipt->alarm_sequence);
	if (mono_is_never(receipt->shown))
		say("shown: never\n");
	else
		say("shown_ns: %lld\n", (long long)receipt->shown.ns);
}

static void say_shown(const struct shown_alarms *shown)
{
	say("settled_ns: %lld\n", (long long)shown->settled_ns);
	for (uint8_t i = 0; i < shown->count; i++)
		say("alarm: %08x generation %u\n", shown->list[i].id, shown->list[i].generation);
}

static void say_command(const struct event_command *c)
{
	say("id: %016llx\nactor: %s\ncommand: %s\n", (unsigned long long)c->id, c->actor, command_name(c->command));
	if (c->command == COMMAND_SESSION_OPEN)
		say_order(&c->u.order);
	else if (c->command == COMMAND_SESSION_START || c->command == COMMAND_SESSION_CLOSE ||
	         c->command == COMMAND_DEVICE_GIVEN)
		say_override(&c->u.override);
	else if (c->command == COMMAND_ALARM_ACKNOWLEDGE)
		say("alarm: %08x%s\n", c->u.alarm_id, c->u.alarm_id == ALARM_ID_ALL ? " (all)" : "");
	else if (c->command == COMMAND_ALARM_ACKNOWLEDGE_SHOWN)
		say_shown(&c->u.shown);
	else if (c->command == COMMAND_OBSERVE)
		say_observation(&c->u.observation);
	else if (c->command == COMMAND_ITEM)
		say("item: %s\nticked: %s\n", c->u.item.name, c->u.item.ticked ? "yes" : "no");
	else if (c->command == COMMAND_LIMIT)
		say_limit(&c->u.limit);
	else if (c->command == COMMAND_TAKE_OUT)
		say_take_out(&c->u.take_out);
	else if (c->command == COMMAND_OXYGEN)
		say("ml_per_min: %d\n", c->u.oxygen_ml_per_min);
	else if (c->command == COMMAND_RECEIPT)
		say_receipt(&c->u.receipt);
}

static void say_body(const struct event *event)
{
	switch (event->kind) {
	case EVENT_TICK:
		say("tick\n");
		break;
	case EVENT_MEASUREMENTS:
		say("measurements of %s: %u\n", bed.devices[event->u.measurements.device].name,
		    event->u.measurements.count);
		for (uint8_t i = 0; i < event->u.measurements.count; i++)
			say_measurement(&event->u.measurements.list[i]);
		break;
	case EVENT_DEVICE:
		say("device: %s\nstate: %s\nfault: %s\n", bed.devices[event->u.device.device].name,
		    device_state_name(event->u.device.state), device_fault_name(event->u.device.fault));
		break;
	case EVENT_COMMAND:
		say_command(&event->u.command);
		break;
	case EVENT_SERVICE:
		say("service: %s\nok: %s\n", service_name(event->u.service.service),
		    event->u.service.ok ? "yes" : "no");
		break;
	case EVENT_CLOCK:
		say("clock stepped_ns: %lld\n", (long long)event->u.clock.step_ns);
		break;
	case EVENT_AWAY:
		say("away_ns: %lld\ndoubtful: %s\n", (long long)event->u.away.away_ns,
		    event->u.away.doubtful ? "yes" : "no");
		break;
	}
}

/* The words, a blank line, the bytes: 32 in each line. */
static void describe(const uint8_t *bytes, size_t size)
{
	struct event event;
	struct mono now;
	assert_true(event_decode(&event, &now, bytes, size, &bed));
	words[0] = '\0';
	say("version: %u\nnow_ns: %lld\nwall_ns: %lld\n", bytes[0], (long long)now.ns, (long long)event.wall_ns);
	say_body(&event);
	for (size_t i = 0; i < size; i++)
		say("%s%02x", i % 32 == 0 ? "\n" : "", bytes[i]);
	say("\n");
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void write_new(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wx");
	if (file == NULL)
		return; /* it is there */
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static const char *read_file(const char *path)
{
	static char text[8192];
	FILE *file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s: cannot be opened; run from the top of the repository", path);
	size_t size = fread(text, 1, sizeof text - 1, file);
	assert_int_equal(fclose(file), 0);
	text[size] = '\0';
	return text;
}

/* The bytes that stand behind the blank line. */
static size_t read_hex(uint8_t *bytes, size_t room, const char *text)
{
	size_t size = 0;
	const char *at = strstr(text, "\n\n");
	assert_non_null(at);
	for (at += 2; at[0] != '\0'; at += isspace((unsigned char)at[0]) ? 1 : 2) {
		char digits[3] = {at[0], at[1], '\0'};
		if (isspace((unsigned char)at[0]))
			continue;
		assert_true(size < room);
		bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return size;
}

static void golden(const char *name, const struct event *event)
{
	uint8_t bytes[EVENT_BYTES_MAX], kept[EVENT_BYTES_MAX];
	char path[128], corpus[128];
	size_t size = event_encode(bytes, sizeof bytes, event, EVENT_NOW, &bed);
	assert_true(size > 0);
	assert_true(snprintf(path, sizeof path, VECTORS "%s.txt", name) < (int)sizeof path);
	assert_true(snprintf(corpus, sizeof corpus, CORPUS "%s", name) < (int)sizeof corpus);
	if (writing) {
		describe(bytes, size);
		write_new(path, words, strlen(words));
		write_new(corpus, bytes, size);
	}
	const char *text = read_file(path);
	assert_int_equal(read_hex(kept, sizeof kept, text), size);
	assert_memory_equal(kept, bytes, size);
	describe(kept, size);
	assert_string_equal(text, words);
}

static void test_frames(void **state)
{
	(void)state;
	struct event frame = event_of(EVENT_MEASUREMENTS);
	golden("measurements-none", &frame);
	measure(&frame, PARAMETER_SPO2, QUALITY_VALID, REASON_NONE, 97000);
	measure(&frame, PARAMETER_PULSE, QUALITY_QUESTIONABLE, REASON_INTERFERENCE, 71000);
	measure(&frame, PARAMETER_PERFUSION, QUALITY_NO_VALUE, REASON_LOW_SIGNAL, 0);
	golden("measurements-oximeter", &frame);
	frame = event_of(EVENT_MEASUREMENTS);
	frame.u.measurements.device = 1;
	measure(&frame, PARAMETER_NIBP_SYS, QUALITY_VALID, REASON_NONE, 131000);
	measure(&frame, PARAMETER_NIBP_DIA, QUALITY_VALID, REASON_NONE, 84000);
	measure(&frame, PARAMETER_NIBP_MEAN, QUALITY_NO_VALUE, REASON_FAILED, 0);
	measure(&frame, PARAMETER_NIBP_PULSE, QUALITY_NO_VALUE, REASON_NOT_MEASURED, 0);
	golden("measurements-cuff", &frame);
}

static void test_others(void **state)
{
	(void)state;
	struct event event = event_of(EVENT_TICK);
	golden("tick", &event);
	event = event_of(EVENT_DEVICE);
	event.u.device.device = 2;
	event.u.device.state = DEVICE_REFUSED;
	event.u.device.fault = FAULT_WRONG_IDENTITY;
	golden("device-refused", &event);
	event = event_of(EVENT_SERVICE);
	event.u.service.service = SERVICE_PUBLISHER;
	event.u.service.ok = true;
	golden("service-ok", &event);
	event = event_of(EVENT_CLOCK);
	event.u.clock.step_ns = -INT64_C(3600000000000);
	golden("clock-back", &event);
	event = event_of(EVENT_AWAY);
	event.u.away.away_ns = INT64_C(252000000000);
	event.u.away.doubtful = true;
	golden("away", &event);
}

static void test_commands(void **state)
{
	(void)state;
	char name[64];
	for (int c = 0; c < COMMAND_COUNT; c++) {
		struct event event = command_of((enum command)c);
		fill_command(&event.u.command);
		(void)snprintf(name, sizeof name, "command-%s", command_name((enum command)c)); /* fits */
		golden(name, &event);
	}
	struct event event = command_of(COMMAND_ALARM_ACKNOWLEDGE);
	golden("command-alarm-acknowledge-all", &event);
	event = command_of(COMMAND_SESSION_START);
	golden("command-session-start-plain", &event);
	event = command_of(COMMAND_RECEIPT);
	fill_command(&event.u.command);
	event.u.command.u.receipt.shown = MONO_NEVER;
	golden("command-receipt-never", &event);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_commands),
	};
	writing = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
