/* The command line of vitals-sim. */
#ifndef SIMULATOR_OPTIONS_H
#define SIMULATOR_OPTIONS_H

#include <stdio.h>

#include "clients/sim/sim.h"

enum action {
	ACTION_RUN,
	ACTION_PRINT_PK,
	ACTION_PRINT_SESSIONS,
	ACTION_HELP,
};

struct options {
	enum action action;
	uint64_t seed;
	double speed;
	enum session_kind session;
	const char *scenario;
	const char *commands; /* FIFO; NULL: standard input */
	const char *bind;
	const char *pty[DEVICE_COUNT];
	int32_t tcp[DEVICE_COUNT]; /* -1: none */
	int32_t baud;
	double seconds;       /* 0: until told to stop */
	double cuff_seconds;  /* 0: 25 s, shortened by speed, at least 4 s */
	double cuff_failures; /* per cent */
	uint32_t sessions;
	bool print_truth;
};

bool options_read(struct options *options, int argc, char **argv, char error[SIM_TEXT]);

/* The help. False if it cannot be written. */
bool options_help(FILE *out);

#endif
