/* What stands in records and goes over the wire keeps its meaning: every message field and enum number of vitals.proto,
 * every token, every code of an event. All of them are in tests/vectors/frozen.txt; a line there that is true no more
 * is an error, and so is something new that is not there yet. `test_frozen --write` adds what is new and changes
 * nothing. Run from the top of the repository. */
#include "tests/unit/event_world.h"

#include "vitals.pb-c.h"
#include "vitals/alarm.h"
#include "vitals/refusal.h"

#define FROZEN      "tests/vectors/frozen.txt"
#define LINES_MAX   2000
#define LINE_BYTES  96
#define DESCRIPTORS 64

static bool writing;
static char now_true[LINES_MAX][LINE_BYTES], frozen[LINES_MAX][LINE_BYTES];
static size_t true_count, frozen_count;

__attribute__((format(printf, 1, 2))) static void fact(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	assert_true(true_count < LINES_MAX);
	assert_in_range(vsnprintf(now_true[true_count++], LINE_BYTES, format, arguments), 1, LINE_BYTES - 1);
	va_end(arguments);
}

/* ---- the wire ---------------------------------------------------------------------------------------------------- */

static const void *seen[DESCRIPTORS];
static size_t seen_count;

static bool first_time(const void *descriptor)
{
	for (size_t i = 0; i < seen_count; i++)
		if (seen[i] == descriptor)
			return false;
	assert_true(seen_count < DESCRIPTORS);
	seen[seen_count++] = descriptor;
	return true;
}

static void enum_facts(const ProtobufCEnumDescriptor *e)
{
	if (!first_time(e))
		return;
	for (unsigned i = 0; i < e->n_values; i++)
		fact("enum %s %d %s", e->short_name, e->values[i].value, e->values[i].name);
}

static const char *type_name(ProtobufCType type)
{
	static const char *const names[] = {
	    [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
	    [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
	    [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
	    [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
	    [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
	    [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
	    [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
	    [PROTOBUF_C_TYPE_BYTES] = "bytes"};
	return names[type];
}

static void message_facts(const ProtobufCMessageDescriptor *m)
{
	if (!first_time(m))
		return;
	for (unsigned i = 0; i < m->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->fields[i];
		const char *type;
		if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
			type = ((const ProtobufCMessageDescriptor *)f->descriptor)->short_name;
			message_facts(f->descriptor);
		} else if (f->type == PROTOBUF_C_TYPE_ENUM) {
			type = ((const ProtobufCEnumDescriptor *)f->descriptor)->short_name;
			enum_facts(f->descriptor);
		} else {
			type = type_name(f->type);
		}
		fact("message %s %u %s%s %s", m->short_name, f->id,
		     f->label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : "", type, f->name);
	}
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* Names of an enum, up to the first number that has none. */
#define TOKENS(what, type, name)                                                                                       \
	for (int i = 0; strcmp(name((type)i), "unknown") != 0; i++)                                                    \
	fact("token " what " %s", name((type)i))

static void token_facts(void)
{
	TOKENS("device-state", enum device_state, device_state_name);
	TOKENS("fault", enum device_fault, device_fault_name);
	TOKENS("command", enum command, command_name);
	TOKENS("service", enum service, service_name);
	TOKENS("reason", enum reason, reason_name);
	TOKENS("alarm-state", enum alarm_state, alarm_state_name);
	TOKENS("priority", enum priority, priority_name);
	TOKENS("condition-kind", enum condition_kind, condition_kind_name);
	TOKENS("alarm-change", enum alarm_change, alarm_change_name);
	TOKENS("session-change", enum session_change, session_change_name);
	TOKENS("result", enum result, result_name);
	for (int r = REFUSAL_NONE + 1; r < REFUSAL_COUNT; r++)
		fact("token refusal %s", refusal_token((enum refusal_code)r));
	for (int p = 0; p < PARAMETER_COUNT; p++)
		fact("parameter %s %u %s %s", parameter_table[p].name, parameter_table[p].mdc_code,
		     parameter_table[p].mdc_refid[0] != '\0' ? parameter_table[p].mdc_refid : "-",
		     parameter_table[p].ucum);
}

/* ---- codes of events --------------------------------------------------------------------------------------------- */

#define HEAD    20                /* version, kind, length, two instants */
#define COMMAND (HEAD + 8 + 7)    /* behind id and "nurse1" */
#define FRAME   (HEAD + 9 + 1)    /* behind "oximeter" and the count */
#define SCORE   (COMMAND + 1 + 1) /* behind command and flag */

static uint8_t code_at(const struct event *event, size_t offset)
{
	uint8_t bytes[EVENT_BYTES_MAX];
	assert_true(event_encode(bytes, sizeof bytes, event, EVENT_NOW, &bed) > offset);
	return bytes[offset];
}

static void frame_facts(void)
{
	static const char *const qualities[] = {"no-value", "valid", "questionable"};
	struct event frame = event_of(EVENT_MEASUREMENTS);
	struct measurement *m = &frame.u.measurements.list[0];
	frame.u.measurements.count = 1;
	for (int q = 0; q <= QUALITY_QUESTIONABLE; q++) {
		m->quality = (enum quality)q;
		fact("event quality %u %s", code_at(&frame, FRAME + 1), qualities[q]);
	}
	for (int r = 0; r < REASON_COUNT; r++) {
		m->reason = (enum reason)r;
		fact("event reason %u %s", code_at(&frame, FRAME + 2), reason_name((enum reason)r));
	}
	for (int p = 0; p < PARAMETER_MOAAS; p++) {
		if (parameter_derived((enum parameter)p))
			continue;
		m->parameter = (enum parameter)p;
		fact("event parameter %u %s", code_at(&frame, FRAME), parameter_table[p].name);
	}
	struct event score = command_of(COMMAND_OBSERVE);
	score.u.command.u.observation.has_score = true;
	for (int p = PARAMETER_MOAAS; p < PARAMETER_COUNT; p++) {
		score.u.command.u.observation.parameter = (enum parameter)p;
		fact("event parameter %u %s", code_at(&score, SCORE), parameter_table[p].name);
	}
}

static void event_facts(void)
{
	static const char *const kinds[] = {"tick", "measurements", "device", "command", "service", "clock", "away"};
	fact("event version %d", EVENT_VERSION);
	for (int k = 0; k <= EVENT_AWAY; k++) {
		struct event event =
		    k == EVENT_COMMAND ? command_of(COMMAND_AUDIO_PAUSE) : event_of((enum event_kind)k);
		fact("event kind %u %s", code_at(&event, 1), kinds[k]);
	}
	for (int c = 0; c < COMMAND_COUNT; c++) {
		struct event event = command_of((enum command)c);
		fill_command(&event.u.command);
		fact("event command %u %s", code_at(&event, COMMAND), command_name((enum command)c));
	}
	struct event device = event_of(EVENT_DEVICE), service = event_of(EVENT_SERVICE);
	for (int s = 0; s <= DEVICE_REFUSED; s++) {
		device.u.device.state = (enum device_state)s;
		fact("event device-state %u %s", code_at(&device, HEAD + 9), device_state_name((enum device_state)s));
	}
	for (int f = 0; f < FAULT_COUNT; f++) {
		device.u.device.fault = (enum device_fault)f;
		fact("event fault %u %s", code_at(&device, HEAD + 10), device_fault_name((enum device_fault)f));
	}
	for (int s = 0; s < SERVICE_COUNT; s++) {
		service.u.service.service = (enum service)s;
		fact("event service %u %s", code_at(&service, HEAD), service_name((enum service)s));
	}
	frame_facts();
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static void read_frozen(void)
{
	FILE *file = fopen(FROZEN, "r");
	if (file == NULL)
		fail_msg(FROZEN ": cannot be opened; run from the top of the repository");
	while (frozen_count < LINES_MAX && fgets(frozen[frozen_count], LINE_BYTES, file) != NULL) {
		frozen[frozen_count][strcspn(frozen[frozen_count], "\n")] = '\0';
		frozen_count++;
	}
	assert_int_equal(fclose(file), 0);
}

static bool listed(char lines[][LINE_BYTES], size_t count, const char *line)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(lines[i], line) == 0)
			return true;
	return false;
}

static void append_new(void)
{
	FILE *file = fopen(FROZEN, "a");
	assert_non_null(file);
	for (size_t i = 0; i < true_count; i++)
		if (!listed(frozen, frozen_count, now_true[i]))
			assert_true(fprintf(file, "%s\n", now_true[i]) > 0);
	assert_int_equal(fclose(file), 0);
}

static void test_nothing_has_changed(void **state)
{
	(void)state;
	int wrong = 0;
	message_facts(&vitals__v1__message__descriptor);
	message_facts(&vitals__v1__request__descriptor);
	message_facts(&vitals__v1__response__descriptor);
	token_facts();
	event_facts();
	read_frozen();
	if (writing)
		append_new();
	for (size_t i = 0; i < frozen_count; i++)
		if (!listed(now_true, true_count, frozen[i])) {
			print_error("%s:%zu: true no more: %s\n", FROZEN, i + 1, frozen[i]);
			wrong++;
		}
	for (size_t i = 0; i < true_count && !writing; i++)
		if (!listed(frozen, frozen_count, now_true[i])) {
			print_error("%s: new, add it with --write: %s\n", FROZEN, now_true[i]);
			wrong++;
		}
	assert_int_equal(wrong, 0);
	assert_true(true_count > 400);
}

/* docs/RECORD.md names every code of an event as "3 stale". */
static void test_codes_are_documented(void **state)
{
	(void)state;
	static char page[64 * 1024];
	int codes = 0;
	FILE *file = fopen("docs/RECORD.md", "r");
	assert_non_null(file);
	page[fread(page, 1, sizeof page - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < true_count; i++) {
		char what[LINE_BYTES], words[LINE_BYTES], name[LINE_BYTES];
		unsigned code;
		if (sscanf(now_true[i], "event %95s %u %95s", what, &code, name) != 3)
			continue;
		assert_true(snprintf(words, sizeof words, " %u %.60s", code, name) < (int)sizeof words);
		if (strstr(page, words) == NULL)
			fail_msg("docs/RECORD.md does not say%s", words);
		codes++;
	}
	assert_true(codes > 60);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_has_changed),
	    cmocka_unit_test(test_codes_are_documented),
	};
	writing = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
