/* The options of vitalsctl, read and checked as far as they can be without the monitor: option_table.c says which there
 * are, options.c reads them, bedside.c finds the bedside. Called by main.c and the commands. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum exit_status {
	EXIT_OK = 0,
	EXIT_REFUSED = 1, /* by the monitor, or a file is wrong */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
};

#define OPTION_PATH_BYTES 256
#define OPTION_NAME_MOST  31 /* of a token of the contract */
#define OPTION_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* One bit for each option, to tell which were given and which belong to a command. */
enum {
	OPTION_BEDSIDE = 1 << 0,
	OPTION_SOCKET = 1 << 1,
	OPTION_JSON = 1 << 2,
	OPTION_ENDPOINT = 1 << 3,
	OPTION_SECONDS = 1 << 4,
	OPTION_SERVER_KEY = 1 << 5,
	OPTION_KEY_FILE = 1 << 6,
	OPTION_PORT = 1 << 28,
	OPTION_DRIVER = 1 << 29,
	OPTION_MAP = 1 << 30,
	OPTION_PATIENT = 1 << 7,
	OPTION_WEIGHT = 1 << 8,
	OPTION_DOSE = 1 << 9,
	OPTION_DURATION = 1 << 10,
	OPTION_SCORE = 1 << 11, /* any of them */
	OPTION_SERIES = 1 << 12,
	OPTION_AGE = 1 << 13,
	OPTION_NOTE = 1 << 14,
	OPTION_HELP = 1 << 15,
	OPTION_VERSION = 1 << 16,
	OPTION_CONCENTRATION = 1 << 17,
	OPTION_SECOND_PERSON = 1 << 18,
	OPTION_OVERRIDE = 1 << 19,
	OPTION_REASON = 1 << 20,
	OPTION_OFF = 1 << 21,
	OPTION_TERM = 1 << 22,
	OPTION_MINUTES = 1 << 23,
	OPTION_CONFIRM = 1 << 24,
	OPTION_SESSION = 1 << 25,
	OPTION_PLAN = 1 << 26,
};
#define OPTIONS_EVERYWHERE (OPTION_BEDSIDE | OPTION_SOCKET | OPTION_JSON | OPTION_HELP | OPTION_VERSION)

struct options {
	uint32_t given;
	const char *bedside, *socket, *endpoint, *server_key, *key_file, *port, *driver, *map;
	const char *patient, *note, *second_person, *override, *reason, *confirm;
	const char *session, *plan;
	int32_t weight_g, dose_ug, duration_s; /* 0 = not given */
	int32_t series, age_years, ug_per_ml;  /* 0 = not given */
	const char *score;                     /* the parameter of the one score that was given, and its value */
	int32_t score_milli;
	int32_t minutes_s; /* --minutes, in seconds; 0 = not given */
	const char *term;
	const char *second_word; /* of a command with two arguments; set by main.c */
	uint32_t seconds;
};

/* Reads every option; the words that are none are then argv[optind] to argv[argc - 1]. False after writing to stderr
 * what is wrong. */
bool options_read(struct options *options, int argc, char **argv);

/* Where the bedside is, by option, environment or the only directory under /run/vitalsd. False after writing to stderr
 * why it is not known. */
bool options_socket(const struct options *options, char path[OPTION_PATH_BYTES]);
bool options_endpoint(const struct options *options, char endpoint[OPTION_PATH_BYTES]);

#endif
