/* The command line of vitals-sim: every wrong word gets an answer that says what is legal. Called once by main. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "clients/sim/option_table.h"
#include "clients/sim/option_values.h"
#include "clients/sim/options.h"

static bool port(struct options *options, enum device device, const char *name, char error[SIM_TEXT])
{
	int64_t value;

	if (!value_whole(name, optarg, 0, 65535, &value, error))
		return false;
	options->tcp[device] = (int32_t)value;
	return true;
}

static bool read_device_option(struct options *options, int code, const char *name, char error[SIM_TEXT])
{
	int64_t value;

	switch (code) {
	case OPTION_OXIMETER_PTY:
		options->pty[DEVICE_OXIMETER] = optarg;
		return true;
	case OPTION_OXIMETER_TCP:
		return port(options, DEVICE_OXIMETER, name, error);
	case OPTION_CUFF_PTY:
		options->pty[DEVICE_CUFF] = optarg;
		return true;
	case OPTION_CUFF_TCP:
		return port(options, DEVICE_CUFF, name, error);
	case OPTION_ECG_TCP:
		return port(options, DEVICE_ECG, name, error);
	case OPTION_BAUD:
		if (!value_whole(name, optarg, 1200, 115200, &value, error))
			return false;
		options->baud = (int32_t)value;
		return true;
	default: /* plain integers from getopt, not one of our enums */
		(void)snprintf(error, SIM_TEXT, "see --help");
		return false;
	}
}

static bool read_option(struct options *options, int code, const char *name, char error[SIM_TEXT])
{
	int64_t value;

	switch (code) {
	case OPTION_SEED:
		if (!value_whole(name, optarg, 0, INT64_MAX, &value, error))
			return false;
		options->seed = (uint64_t)value;
		return true;
	case OPTION_SPEED:
		return value_number(name, optarg, 1, 600, &options->speed, error);
	case OPTION_SESSION:
		return value_session(name, optarg, &options->session, error);
	case OPTION_SCENARIO:
		options->scenario = optarg;
		return true;
	case OPTION_COMMANDS:
		options->commands = optarg;
		return true;
	case OPTION_BIND:
		options->bind = optarg;
		return value_address(optarg, error);
	case OPTION_SECONDS:
		return value_number(name, optarg, 0.1, 1e6, &options->seconds, error);
	case OPTION_CUFF_SECONDS:
		return value_number(name, optarg, 0.1, 120, &options->cuff_seconds, error);
	case OPTION_CUFF_FAILURES:
		return value_number(name, optarg, 0, 100, &options->cuff_failures, error);
	case OPTION_TRUTH:
		options->print_truth = true;
		return true;
	case OPTION_PK:
		options->action = ACTION_PRINT_PK;
		return value_session(name, optarg, &options->session, error);
	case OPTION_SESSIONS:
		if (!value_whole(name, optarg, 1, 1000000, &value, error))
			return false;
		options->action = ACTION_PRINT_SESSIONS;
		options->sessions = (uint32_t)value;
		return true;
	case OPTION_HELP:
		options->action = ACTION_HELP;
		return true;
	default: /* plain integers from getopt, not one of our enums */
		return read_device_option(options, code, name, error);
	}
}

static bool check_devices(const struct options *options, char error[SIM_TEXT])
{
	bool any = false;

	for (int i = 0; i < DEVICE_COUNT; i++) {
		if (options->pty[i] != NULL && options->tcp[i] >= 0) {
			(void)snprintf(error, SIM_TEXT, "--%s-pty and --%s-tcp exclude each other", device_names[i],
			               device_names[i]);
			return false;
		}
		any = any || options->pty[i] != NULL || options->tcp[i] >= 0;
	}
	if (!any)
		(void)snprintf(error, SIM_TEXT,
		               "no device: give one of --oximeter-pty --oximeter-tcp --cuff-pty "
		               "--cuff-tcp --ecg-tcp");
	return any;
}

bool options_read(struct options *options, int argc, char **argv, char error[SIM_TEXT])
{
	struct option list[OPTION_ROWS + 1] = {0};
	int code, index = 0;

	for (int i = 0; i < OPTION_ROWS; i++)
		list[i] = (struct option){option_table[i].name,
		                          option_table[i].argument == NULL ? no_argument : required_argument, NULL,
		                          (int)option_table[i].code};
	*options = (struct options){
	    .seed = 1, .speed = 1, .bind = "127.0.0.1", .tcp = {-1, -1, -1}, .baud = 19200, .cuff_failures = 4};
	opterr = 0;
	while ((code = getopt_long(argc, argv, "", list, &index)) != -1) {
		if (code == '?') {
			(void)snprintf(error, SIM_TEXT, "\"%.60s\" is unknown or lacks its argument; see --help",
			               argv[optind - 1]);
			return false;
		}
		if (!read_option(options, code, list[index].name, error))
			return false;
		if (options->action == ACTION_HELP)
			return true;
	}
	if (optind < argc) {
		(void)snprintf(error, SIM_TEXT, "\"%.60s\" is not an option; see --help", argv[optind]);
		return false;
	}
	return options->action != ACTION_RUN || check_devices(options, error);
}
