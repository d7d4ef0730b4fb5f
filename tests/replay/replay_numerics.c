/* Feeds recorded monitor numerics to the real engine as they were recorded and prints every change of an alarm. Run by
 * tests/integration/test_real_patients.py, which compares the lines with an evaluation of its own (evaluate.py).
 *
 * usage: replay_numerics CONFIG CSV START_S MODE [zero]
 *   START_S  second of the recording at which administration starts; "never"
 *   MODE     nobody (nothing is ever acknowledged) or attended (everything is, at once)
 *   zero     in this recording 0 means "not measured" for everything but the cuff
 *
 * Device 0 of CONFIG is the monitor (all continuous values in one frame), device 1 the cuff. The first column of the
 * CSV is "Time [s]" or "minute". Prints "SECONDS NAME CHANGE PRIORITY" and "SECONDS baseline SYS DIA". */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vitals/config.h"

#define COLUMNS_MAX    12
#define LINE_MAX_BYTES 256
#define EPOCH_S        1000 /* the first row's instant on the monotonic clock */

enum { MONITOR, CUFF };

struct column {
	int parameter; /* -1: not used */
	uint8_t device;
};

struct replay {
	struct engine engine;
	struct actions actions;
	int64_t now;
	uint64_t commands;
	bool zero_is_missing, attended;
	int64_t unit_s; /* of the first column */
	int column_count;
	struct column columns[COLUMNS_MAX];
};

static struct config config;
static struct replay replay;

static void die(const char *what)
{
	(void)fprintf(stderr, "replay_numerics: %s\n", what); /* nothing can be done about a broken stderr */
	exit(1);
}

static void print_time(void)
{
	int64_t ms = (replay.now - EPOCH_S * NS_PER_S) / NS_PER_MS;

	printf("%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

static void print_actions(void)
{
	for (uint16_t i = 0; i < replay.actions.count; i++) {
		const struct action *a = &replay.actions.list[i];
		char name[64];

		if (a->kind == ACTION_ALARM) {
			engine_condition_name(&replay.engine, &a->u.alarm.alarm, name, sizeof(name));
			print_time();
			printf(" %s %s %s\n", name, alarm_change_name(a->u.alarm.change),
			       priority_name(a->u.alarm.alarm.priority));
		} else if (a->kind == ACTION_SESSION && a->u.session.change == SESSION_BASELINE) {
			print_time();
			printf(" baseline %" PRId32 " %" PRId32 "\n", replay.engine.session.baseline.sys,
			       replay.engine.session.baseline.dia);
		} else if (a->kind == ACTION_REPLY && a->u.reply.result != RESULT_OK &&
		           a->u.reply.command != COMMAND_ALARM_ACKNOWLEDGE) {
			die(result_name(a->u.reply.result));
		}
	}
}

static void step(struct event *event)
{
	event->wall_ns = replay.now;
	engine_step(&replay.engine, event, (struct mono){replay.now}, &replay.actions);
	print_actions();
}

static void tick(int64_t at)
{
	struct event event = {.kind = EVENT_TICK};

	replay.now = at;
	step(&event);
}

static void command(enum command which)
{
	struct event event = {.kind = EVENT_COMMAND};
	struct event_command *c = &event.u.command;

	c->id = ++replay.commands;
	c->command = which;
	(void)snprintf(c->actor, sizeof(c->actor), "nurse1"); /* fits */
	if (which == COMMAND_SESSION_OPEN) {
		(void)snprintf(c->u.order.patient_ref, sizeof(c->u.order.patient_ref), "recording"); /* fits */
		(void)snprintf(c->u.order.session_id, sizeof(c->u.order.session_id), "recording");   /* fits */
	} else if (which == COMMAND_SESSION_START || which == COMMAND_DEVICE_GIVEN) {
		(void)snprintf(c->u.override.name, sizeof(c->u.override.name), "dr-replay");         /* fits */
		(void)snprintf(c->u.override.reason, sizeof(c->u.override.reason), "recorded data"); /* fits */
	} else if (which == COMMAND_ALARM_ACKNOWLEDGE) {
		c->u.alarm_id = ALARM_ID_ALL;
	}
	step(&event);
}

static void attend(void)
{
	if (replay.attended)
		command(COMMAND_ALARM_ACKNOWLEDGE);
}

/* With a tick at every deadline on the way, as the daemon's loop does it. */
static void run_to(int64_t to)
{
	for (struct mono next = engine_deadline(&replay.engine); next.ns <= to;
	     next = engine_deadline(&replay.engine)) {
		tick(next.ns);
		attend();
	}
	tick(to);
	attend();
}

/* "101.3" -> 101300; false for "", "NaN" and anything else that is no number. */
static bool read_milli(const char *text, int32_t *milli)
{
	int32_t value = 0, scale = 0;
	bool digits = false;

	while (*text == ' ')
		text++;
	for (; isdigit((unsigned char)*text) || (*text == '.' && scale == 0); text++) {
		if (*text == '.') {
			scale = MILLI;
			continue;
		}
		if (value > 9999999)
			return false;
		digits = true;
		if (scale == 0)
			value = value * 10 + (*text - '0') * MILLI;
		else
			value += (*text - '0') * (scale /= 10);
	}
	*milli = value;
	return digits && *text == '\0';
}

static int split(char *line, char *cells[])
{
	int count = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *cell = line; cell != NULL && count < COLUMNS_MAX; count++) {
		char *comma = strchr(cell, ',');

		if (comma != NULL)
			*comma++ = '\0';
		cells[count] = cell + strspn(cell, " ");
		cell = comma;
	}
	return count;
}

static void read_header(char *line)
{
	static const struct {
		const char *title;
		struct column column;
	} known[] = {
	    {"HR", {PARAMETER_ECG_HR, MONITOR}},      {"PULSE", {PARAMETER_PULSE, MONITOR}},
	    {"RESP", {PARAMETER_RESP, MONITOR}},      {"SpO2", {PARAMETER_SPO2, MONITOR}},
	    {"NBPSys", {PARAMETER_NIBP_SYS, CUFF}},   {"NBPDias", {PARAMETER_NIBP_DIA, CUFF}},
	    {"NBPMean", {PARAMETER_NIBP_MEAN, CUFF}},
	};
	char *cells[COLUMNS_MAX];

	replay.column_count = split(line, cells);
	replay.unit_s = strcmp(cells[0], "minute") == 0 ? 60 : 1;
	for (int i = 0; i < replay.column_count; i++) {
		replay.columns[i].parameter = -1;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (strcmp(cells[i], known[k].title) == 0)
				replay.columns[i] = known[k].column;
	}
}

/* One device's part of a row. A cuff reading is there if one of its cells is not empty; what is empty then was not
 * measured. */
static void feed(uint8_t device, int count, char *cells[])
{
	struct event event = {.kind = EVENT_MEASUREMENTS};
	struct event_measurements *frame = &event.u.measurements;
	bool any = device != CUFF;

	frame->device = device;
	for (int i = 1; i < count && i < replay.column_count; i++) {
		struct measurement m = {.determined = {replay.now}, .reason = REASON_NOT_MEASURED};

		if (replay.columns[i].parameter < 0 || replay.columns[i].device != device)
			continue;
		any = any || cells[i][0] != '\0';
		m.parameter = (enum parameter)replay.columns[i].parameter;
		if (read_milli(cells[i], &m.milli) && (m.milli != 0 || !replay.zero_is_missing)) {
			m.quality = QUALITY_VALID;
			m.reason = REASON_NONE;
		}
		frame->list[frame->count++] = m;
	}
	if (!any)
		frame->count = 0;
	step(&event);
}

static void begin(void)
{
	replay.now = EPOCH_S * NS_PER_S;
	engine_init(&replay.engine, &config.engine, (struct mono){replay.now});
	for (uint8_t d = 0; d < config.device_count; d++) {
		struct event event = {.kind = EVENT_DEVICE, .u.device = {d, DEVICE_UP, FAULT_NONE}};

		step(&event);
	}
	command(COMMAND_SESSION_OPEN);
}

static void replay_rows(FILE *csv, int64_t start_s)
{
	char line[LINE_MAX_BYTES], *cells[COLUMNS_MAX];

	while (fgets(line, sizeof(line), csv) != NULL) {
		int count = split(line, cells);
		int64_t at_s = strtoll(cells[0], NULL, 10) * replay.unit_s;

		if (!replay.engine.session.started && start_s >= 0 && at_s >= start_s) {
			run_to((EPOCH_S + start_s) * NS_PER_S);
			/* Where spray devices are given the first one is T0. */
			command(config.engine.plan.dose.device_ug > 0 ? COMMAND_DEVICE_GIVEN : COMMAND_SESSION_START);
		}
		run_to((EPOCH_S + at_s) * NS_PER_S);
		feed(MONITOR, count, cells);
		feed(CUFF, count, cells);
		attend();
	}
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_BYTES];

	if (argc < 5)
		die("usage: replay_numerics CONFIG CSV START_S nobody|attended [zero]");
	if (config_read(&config, argv[1], stderr) != 0)
		die("configuration refused");

	FILE *csv = fopen(argv[2], "r");

	if (csv == NULL || fgets(line, sizeof(line), csv) == NULL)
		die("recording cannot be read");
	read_header(line);
	replay.attended = strcmp(argv[4], "attended") == 0;
	replay.zero_is_missing = argc > 5;
	begin();
	replay_rows(csv, strcmp(argv[3], "never") == 0 ? -1 : strtoll(argv[3], NULL, 10));
	if (ferror(csv) || fclose(csv) != 0 || fflush(stdout) != 0)
		die("reading or writing failed");
	return 0;
}
