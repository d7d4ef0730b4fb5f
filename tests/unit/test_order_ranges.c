/* The ranges of an order: the core, the wire, vitalsctl, the contract and the manuals agree with the one definition in
 * include/vitals/event.h. vitalsctl is no library, so its pure files are compiled into this program. Run from the top
 * of the repository. */
#include "tests/unit/encode_bedside.h"

#include <stdlib.h>

#include "clients/ctl/option_table.c"
#include "clients/ctl/options.c"
#include "clients/lib/vitals-client.h"

#include "daemon/wire/request.h"

struct field {
	const char *name;   /* on the wire */
	const char *option; /* of vitalsctl */
	int32_t factor;     /* of the option's unit to that of the wire */
	int32_t least, most;
	size_t in_order, on_wire, in_options;
};

#define FIELD(field_name, option_name, times, macro)                                                                   \
	{                                                                                                              \
#field_name, option_name, times, ORDER_##macro##_MIN, ORDER_##macro##_MAX,                             \
		    offsetof(struct session_order, field_name), offsetof(Vitals__V1__SessionOpen, field_name),         \
		    offsetof(struct options, field_name)                                                               \
	}

static const struct field fields[] = {
    FIELD(weight_g, "--weight-kg", 1000, WEIGHT_G),
    FIELD(dose_ug, "--dose-mg", 1000, DOSE_UG),
    FIELD(duration_s, "--duration-min", 60, DURATION_S),
    FIELD(ug_per_ml, "--concentration-mg-ml", 1000, UG_PER_ML),
    FIELD(series, "--series", 1, SERIES),
    FIELD(age_years, "--age", 1, AGE_YEARS),
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* `field` of what begins at `base`. */
static void put(void *base, size_t offset, int32_t value)
{
	memcpy((char *)base + offset, &value, sizeof value);
}

static bool core_takes(const struct field *field, int32_t value)
{
	static struct actions actions;
	struct event event = {.kind = EVENT_COMMAND};

	make_engine();
	SET(event.u.command.actor, "nurse1");
	event.u.command.command = COMMAND_SESSION_OPEN;
	SET(event.u.command.u.order.patient_ref, "P-1");
	SET(event.u.command.u.order.session_id, "S-1");
	put(&event.u.command.u.order, field->in_order, value);
	engine_step(&engine, &event, engine.now, &actions);
	assert_true(actions.count > 0);
	const struct action *last = &actions.list[actions.count - 1];
	assert_int_equal(last->kind, ACTION_REPLY);
	assert_true(last->u.reply.result == RESULT_OK || last->u.reply.result == RESULT_OUT_OF_RANGE);
	return last->u.reply.result == RESULT_OK;
}

static bool wire_takes(const struct field *field, int32_t value)
{
	static struct request request;
	uint8_t packet[512];
	char patient[] = "P-1";
	Vitals__V1__Request packed;
	Vitals__V1__SessionOpen open;

	vitals__v1__request__init(&packed);
	vitals__v1__session_open__init(&open);
	open.patient_ref = patient;
	put(&open, field->on_wire, value);
	packed.command_case = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN;
	packed.session_open = &open;
	size_t size = vitals__v1__request__pack(&packed, packet);
	return request_decode(&request, packet, size);
}

/* `value` in the wire's unit, typed in the option's. */
static bool ctl_takes(const struct field *field, int32_t value)
{
	struct options options;
	char program[] = "vitalsctl", option[32], text[32], *argv[] = {program, option, text, NULL};
	int32_t taken;

	(void)snprintf(option, sizeof option, "%s", field->option);
	if (field->factor == 1000)
		(void)snprintf(text, sizeof text, "%d.%03d", value / 1000, value % 1000);
	else if (value % field->factor == 0)
		(void)snprintf(text, sizeof text, "%d", value / field->factor);
	else
		(void)snprintf(text, sizeof text, "%d.95", value / field->factor); /* 57 s of a minute */
	optind = 0;                                                                /* from the beginning again */
	if (!options_read(&options, 3, argv))
		return false;
	memcpy(&taken, (const char *)&options + field->in_options, sizeof taken);
	assert_int_equal(taken, value);
	return true;
}

static void all_take_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIELDS; i++) {
		const struct field *field = &fields[i];
		const int32_t rows[] = {field->least, field->most, field->least - 1, field->most + 1};
		for (size_t k = 0; k < 4; k++) {
			bool right = k < 2 || rows[k] == 0; /* 0: not given */
			if (core_takes(field, rows[k]) != right || wire_takes(field, rows[k]) != right)
				fail_msg("%s %d", field->name, rows[k]);
			/* A minute less one second cannot be typed; and 0 is not "not given" there. */
			bool typed = field->factor != 60 || rows[k] % 60 == 0;
			if (typed && ctl_takes(field, rows[k]) != (k < 2))
				fail_msg("%s %d", field->option, rows[k]);
		}
		assert_false(core_takes(field, -1) || wire_takes(field, -1));
	}
}

static const char *read_text(const char *path)
{
	static char text[512 * 1024];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	size_t size = fread(text, 1, sizeof text - 1, file);
	assert_int_equal(fclose(file), 0);
	assert_true(size > 0 && size < sizeof text - 1);
	text[size] = '\0';
	return text;
}

static void says(const char *path, const char *what)
{
	if (strstr(read_text(path), what) == NULL)
		fail_msg("%s does not say \"%s\"", path, what);
}

/* The contract gives the range after each of these fields in a message. How many it has. */
static int ranges_in(const char *start, const struct field *field)
{
	char name[64], range[64];
	const char *at = strstr(read_text("proto/vitals.proto"), start);
	assert_non_null(at);
	const char *last = strstr(at, "\n}");
	assert_non_null(last);
	(void)snprintf(name, sizeof name, " int32 %s = ", field->name);
	(void)snprintf(range, sizeof range, "// %d..%d", field->least, field->most);
	at = strstr(at, name);
	if (at == NULL || at > last)
		return 0;
	at = strstr(at, "// ");
	if (at == NULL || strncmp(at, range, strlen(range)) != 0)
		fail_msg("proto/vitals.proto, %s: %s is not \"%s\"", start, field->name, range);
	return 1;
}

static void documents_say_the_same(void **state)
{
	(void)state;
	char text[256];

	for (size_t i = 0; i < FIELDS; i++) {
		(void)snprintf(text, sizeof text, "`%s` %d..%d", fields[i].name, fields[i].least, fields[i].most);
		says("proto/README.md", text);
		assert_int_equal(ranges_in("message SessionOpen {", &fields[i]), 1);
		(void)ranges_in("message Session {", &fields[i]); /* not all are told again */
	}
	(void)snprintf(
	    text, sizeof text,
	    "Legal are %d to %d kg, 0.001 to %d mg, %d to %d minutes, 0.001 to %d mg/mL, the treatments %d to %d "
	    "and %d to %d years.",
	    ORDER_WEIGHT_G_MIN / 1000, ORDER_WEIGHT_G_MAX / 1000, ORDER_DOSE_UG_MAX / 1000, ORDER_DURATION_S_MIN / 60,
	    ORDER_DURATION_S_MAX / 60, ORDER_UG_PER_ML_MAX / 1000, ORDER_SERIES_MIN, ORDER_SERIES_MAX,
	    ORDER_AGE_YEARS_MIN, ORDER_AGE_YEARS_MAX);
	says("docs/vitalsctl.1", text);
	(void)snprintf(text, sizeof text, "`max_mg_per_ml` | decimal number | 0.001..%d |", ORDER_UG_PER_ML_MAX / 1000);
	says("docs/CONFIGURATION.md", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_take_the_same),
	    cmocka_unit_test(documents_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
