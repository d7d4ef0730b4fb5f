/* The command line of vitals-sim: every wrong word gets an answer that says what is legal. Called once by main. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/sim/options.h"

const char options_usage[] =
    "usage: vitals-sim DEVICE... [OPTION...]\n"
    "A simulated patient with simulated devices that speak the real protocols. Not for use on patients.\n"
    "\n"
    "devices (at least one):\n"
    "  --oximeter-pty PATH | --oximeter-tcp PORT   Masimo ASCII 1, a line a second\n"
    "  --cuff-pty PATH [--baud N] | --cuff-tcp PORT  Modbus RTU or TCP, unit 1\n"
    "  --ecg-tcp PORT                              Modbus TCP\n"
    "  PATH becomes a symbolic link to a pty; PORT 0 takes a free one, printed as `listening NAME ADDRESS:PORT`.\n"
    "\n"
    "options:\n"
    "  --seed N            same seed and events, same patient (1)\n"
    "  --speed N           the drug's clock runs N times faster, 1 to 600 (1)\n"
    "  --session KIND      ketamine-iv, esketamine-56 or esketamine-84 (ketamine-iv)\n"
    "  --scenario FILE     events, one a line: TIME EVENT [ARGUMENTS]\n"
    "  --commands FIFO     read commands from it instead of standard input\n"
    "  --cuff-seconds N    a determination takes (25 / speed, at least 4)\n"
    "  --cuff-failures N   per cent of determinations that fail (4)\n"
    "  --bind ADDRESS      IPv4 address to listen on (127.0.0.1)\n"
    "  --seconds N         end after it\n"
    "  --print-truth       one JSON line a second: what is true\n"
    "  --print-pk KIND     print minute,ng_ml and end\n"
    "  --print-sessions N  print baseline and peak rise of N drawn sessions and end\n"
    "  --help\n";

enum option_code {
	OPTION_SEED = 256,
	OPTION_SPEED,
	OPTION_SESSION,
	OPTION_SCENARIO,
	OPTION_COMMANDS,
	OPTION_BIND,
	OPTION_OXIMETER_PTY,
	OPTION_OXIMETER_TCP,
	OPTION_CUFF_PTY,
	OPTION_CUFF_TCP,
	OPTION_ECG_TCP,
	OPTION_BAUD,
	OPTION_SECONDS,
	OPTION_CUFF_SECONDS,
	OPTION_CUFF_FAILURES,
	OPTION_TRUTH,
	OPTION_PK,
	OPTION_SESSIONS,
	OPTION_HELP,
};

static const struct option table[] = {
    {"seed", required_argument, NULL, OPTION_SEED},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"session", required_argument, NULL, OPTION_SESSION},
    {"scenario", required_argument, NULL, OPTION_SCENARIO},
    {"commands", required_argument, NULL, OPTION_COMMANDS},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"oximeter-pty", required_argument, NULL, OPTION_OXIMETER_PTY},
    {"oximeter-tcp", required_argument, NULL, OPTION_OXIMETER_TCP},
    {"cuff-pty", required_argument, NULL, OPTION_CUFF_PTY},
    {"cuff-tcp", required_argument, NULL, OPTION_CUFF_TCP},
    {"ecg-tcp", required_argument, NULL, OPTION_ECG_TCP},
    {"baud", required_argument, NULL, OPTION_BAUD},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"cuff-seconds", required_argument, NULL, OPTION_CUFF_SECONDS},
    {"cuff-failures", required_argument, NULL, OPTION_CUFF_FAILURES},
    {"print-truth", no_argument, NULL, OPTION_TRUTH},
    {"print-pk", required_argument, NULL, OPTION_PK},
    {"print-sessions", required_argument, NULL, OPTION_SESSIONS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static bool number(const char *name, const char *text, double low, double high, double *out, char error[SIM_TEXT])
{
	char *end;

	errno = 0;
	*out = strtod(text, &end);
	if (errno == 0 && end != text && *end == '\0' && isfinite(*out) && *out >= low && *out <= high)
		return true;
	(void)snprintf(error, SIM_TEXT, "--%s: \"%.60s\" must be a number from %.15g to %.15g", name, text, low, high);
	return false;
}

static bool whole(const char *name, const char *text, int64_t low, int64_t high, int64_t *out, char error[SIM_TEXT])
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *out >= low && *out <= high)
		return true;
	(void)snprintf(error, SIM_TEXT, "--%s: \"%.60s\" must be a whole number from %lld to %lld", name, text,
	               (long long)low, (long long)high);
	return false;
}

static bool session(const char *name, const char *text, enum session_kind *kind, char error[SIM_TEXT])
{
	static const char *const names[] = {"ketamine-iv", "esketamine-56", "esketamine-84"};

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*kind = (enum session_kind)i;
			return true;
		}
	}
	(void)snprintf(error, SIM_TEXT, "--%s: \"%.60s\" must be ketamine-iv, esketamine-56 or esketamine-84", name,
	               text);
	return false;
}

static bool port(struct options *options, enum device device, const char *name, char error[SIM_TEXT])
{
	int64_t value;

	if (!whole(name, optarg, 0, 65535, &value, error))
		return false;
	options->tcp[device] = (int32_t)value;
	return true;
}

static bool address(const char *text, char error[SIM_TEXT])
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) == 1)
		return true;
	(void)snprintf(error, SIM_TEXT, "--bind: \"%.60s\" must be a numeric IPv4 address", text);
	return false;
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
		if (!whole(name, optarg, 1200, 115200, &value, error))
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
		if (!whole(name, optarg, 0, INT64_MAX, &value, error))
			return false;
		options->seed = (uint64_t)value;
		return true;
	case OPTION_SPEED:
		return number(name, optarg, 1, 600, &options->speed, error);
	case OPTION_SESSION:
		return session(name, optarg, &options->session, error);
	case OPTION_SCENARIO:
		options->scenario = optarg;
		return true;
	case OPTION_COMMANDS:
		options->commands = optarg;
		return true;
	case OPTION_BIND:
		options->bind = optarg;
		return address(optarg, error);
	case OPTION_SECONDS:
		return number(name, optarg, 0.1, 1e6, &options->seconds, error);
	case OPTION_CUFF_SECONDS:
		return number(name, optarg, 0.1, 120, &options->cuff_seconds, error);
	case OPTION_CUFF_FAILURES:
		return number(name, optarg, 0, 100, &options->cuff_failures, error);
	case OPTION_TRUTH:
		options->print_truth = true;
		return true;
	case OPTION_PK:
		options->action = ACTION_PRINT_PK;
		return session(name, optarg, &options->session, error);
	case OPTION_SESSIONS:
		if (!whole(name, optarg, 1, 1000000, &value, error))
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
	int code, index = 0;

	*options = (struct options){
	    .seed = 1, .speed = 1, .bind = "127.0.0.1", .tcp = {-1, -1, -1}, .baud = 19200, .cuff_failures = 4};
	opterr = 0;
	while ((code = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (code == '?') {
			(void)snprintf(error, SIM_TEXT, "\"%.60s\" is unknown or lacks its argument; see --help",
			               argv[optind - 1]);
			return false;
		}
		if (!read_option(options, code, table[index].name, error))
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
