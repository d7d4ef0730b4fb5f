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
#define OPTION_BEDSIDE       (UINT64_C(1) << 0)
#define OPTION_SOCKET        (UINT64_C(1) << 1)
#define OPTION_JSON          (UINT64_C(1) << 2)
#define OPTION_ENDPOINT      (UINT64_C(1) << 3)
#define OPTION_SECONDS       (UINT64_C(1) << 4)
#define OPTION_SERVER_KEY    (UINT64_C(1) << 5)
#define OPTION_KEY_FILE      (UINT64_C(1) << 6)
#define OPTION_PATIENT       (UINT64_C(1) << 7)
#define OPTION_WEIGHT        (UINT64_C(1) << 8)
#define OPTION_DOSE          (UINT64_C(1) << 9)
#define OPTION_DURATION      (UINT64_C(1) << 10)
#define OPTION_SCORE         (UINT64_C(1) << 11) /* any of them */
#define OPTION_SERIES        (UINT64_C(1) << 12)
#define OPTION_AGE           (UINT64_C(1) << 13)
#define OPTION_NOTE          (UINT64_C(1) << 14)
#define OPTION_HELP          (UINT64_C(1) << 15)
#define OPTION_VERSION       (UINT64_C(1) << 16)
#define OPTION_CONCENTRATION (UINT64_C(1) << 17)
#define OPTION_SECOND_PERSON (UINT64_C(1) << 18)
#define OPTION_OVERRIDE      (UINT64_C(1) << 19)
#define OPTION_REASON        (UINT64_C(1) << 20)
#define OPTION_OFF           (UINT64_C(1) << 21)
#define OPTION_TERM          (UINT64_C(1) << 22)
#define OPTION_MINUTES       (UINT64_C(1) << 23)
#define OPTION_CONFIRM       (UINT64_C(1) << 24)
#define OPTION_SESSION       (UINT64_C(1) << 25)
#define OPTION_PLAN          (UINT64_C(1) << 26)
#define OPTION_PORT          (UINT64_C(1) << 28)
#define OPTION_DRIVER        (UINT64_C(1) << 29)
#define OPTION_MAP           (UINT64_C(1) << 30)
#define OPTION_PERSON        (UINT64_C(1) << 32)
#define OPTION_ALARM         (UINT64_C(1) << 33)
#define OPTION_SINCE         (UINT64_C(1) << 34)
#define OPTION_UNTIL         (UINT64_C(1) << 35)
#define OPTION_SYSLOG        (UINT64_C(1) << 36)
#define OPTIONS_EVERYWHERE   (OPTION_BEDSIDE | OPTION_SOCKET | OPTION_JSON | OPTION_HELP | OPTION_VERSION)

struct options {
	uint64_t given;
	const char *bedside, *socket, *endpoint, *server_key, *key_file, *port, *driver, *map;
	const char *patient, *note, *second_person, *override, *reason, *confirm;
	const char *session, *plan;
	const char *person, *alarm, *since, *until, *syslog;
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
