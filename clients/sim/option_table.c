/* The one list of the options of vitals-sim: the parser and the help are made of it, and a test compares the manual.
 * Called by options.c and main.c. */
#include <stdio.h>

#include "clients/sim/option_table.h"
#include "clients/sim/options.h"

const struct option_row option_table[OPTION_ROWS] = {
    {"oximeter-pty", OPTION_OXIMETER_PTY, "PATH", "Masimo ASCII 1, a line a second"},
    {"oximeter-tcp", OPTION_OXIMETER_TCP, "PORT", "the same on a TCP port"},
    {"cuff-pty", OPTION_CUFF_PTY, "PATH", "Modbus RTU, unit 1"},
    {"cuff-tcp", OPTION_CUFF_TCP, "PORT", "Modbus TCP, unit 1"},
    {"ecg-tcp", OPTION_ECG_TCP, "PORT", "Modbus TCP"},
    {"baud", OPTION_BAUD, "N", "pace of the cuff on a pty (19200)"},
    {"seed", OPTION_SEED, "N", "same seed and events, same patient (1)"},
    {"speed", OPTION_SPEED, "N", "the drug's clock runs N times faster, 1 to 600 (1)"},
    {"session", OPTION_SESSION, "KIND", "ketamine-iv, esketamine-56 or esketamine-84 (ketamine-iv)"},
    {"scenario", OPTION_SCENARIO, "FILE", "events, one a line: TIME EVENT [ARGUMENTS]"},
    {"commands", OPTION_COMMANDS, "FIFO", "read commands from it instead of standard input"},
    {"cuff-seconds", OPTION_CUFF_SECONDS, "N", "a determination takes (25 / speed, at least 4)"},
    {"cuff-failures", OPTION_CUFF_FAILURES, "N", "per cent of determinations that fail (4)"},
    {"bind", OPTION_BIND, "ADDRESS", "IPv4 address to listen on (127.0.0.1)"},
    {"seconds", OPTION_SECONDS, "N", "end after it"},
    {"print-truth", OPTION_TRUTH, NULL, "one JSON line a second: what is true"},
    {"print-pk", OPTION_PK, "KIND", "print minute,ng_ml and end"},
    {"print-sessions", OPTION_SESSIONS, "N", "print baseline and peak rise of N drawn sessions and end"},
    {"help", OPTION_HELP, NULL, "print this and end"},
};

static int rows(FILE *out, size_t from, size_t to)
{
	int bad = 0;

	for (size_t i = from; i < to; i++) {
		const struct option_row *row = &option_table[i];
		char words[40];
		(void)snprintf(words, sizeof words, "--%s %s", row->name, row->argument != NULL ? row->argument : "");
		bad |= fprintf(out, "  %-20s  %s\n", words, row->help) < 0;
	}
	return bad;
}

bool options_help(FILE *out)
{
	size_t devices = 0;

	while (option_table[devices].code <= OPTION_LAST_DEVICE)
		devices++;
	return fputs("usage: vitals-sim DEVICE... [OPTION...]\n"
	             "A simulated patient with simulated devices that speak the real protocols. Not for use on "
	             "patients.\n"
	             "\ndevices (at least one):\n",
	             out) >= 0 &&
	       rows(out, 0, devices) == 0 &&
	       fputs("  PATH becomes a symbolic link to a pty; PORT 0 takes a free one, printed as `listening NAME "
	             "ADDRESS:PORT`.\n\noptions:\n",
	             out) >= 0 &&
	       rows(out, devices, OPTION_ROWS) == 0;
}
