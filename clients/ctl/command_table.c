/* The commands and which options belong to each; see command_table.h. */
#include "clients/ctl/command_table.h"

#include <stdio.h>
#include <string.h>

#include "clients/ctl/audit.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/devices.h"
#include "clients/ctl/option_table.h"
#include "clients/ctl/replay.h"
#include "clients/ctl/watch.h"

#define OVERRIDDEN (OPTION_OVERRIDE | OPTION_REASON)
#define CURVE      (OPTION_SERVER_KEY | OPTION_KEY_FILE)

const struct command command_table[COMMAND_ROWS] = {
    {.word = "status", .summary = "what the monitor shows now", .run = command_status},
    {.word = "watch",
     .summary = "the same, live",
     .optional = OPTION_ENDPOINT | OPTION_SECONDS | OPTION_CONFIRM,
     .together = CURVE,
     .run = watch_run},
    {.word = "session",
     .second = "open",
     .summary = "for one patient, by a pseudonymous reference",
     .needed = OPTION_PATIENT,
     .optional = OPTION_WEIGHT | OPTION_DOSE | OPTION_DURATION | OPTION_CONCENTRATION | OPTION_SERIES | OPTION_AGE |
                 OPTION_SECOND_PERSON,
     .run = command_session_open},
    {.word = "session",
     .second = "start",
     .summary = "the administration begins: T0",
     .together = OVERRIDDEN,
     .run = command_session_start},
    {.word = "session",
     .second = "device",
     .summary = "one spray device was given, now",
     .together = OVERRIDDEN,
     .run = command_session_device},
    {.word = "session", .second = "pause", .summary = "it is interrupted", .run = command_session_pause},
    {.word = "session",
     .second = "resume",
     .summary = "it goes on",
     .together = OVERRIDDEN,
     .run = command_session_resume},
    {.word = "session", .second = "stop", .summary = "it ends before its time", .run = command_session_stop},
    {.word = "session",
     .second = "close",
     .summary = "the session is over",
     .together = OVERRIDDEN,
     .run = command_session_close},
    {.word = "session",
     .second = "load",
     .summary = "alarm load of the open session or the last",
     .run = command_session_load},
    {.word = "session",
     .second = "export",
     .argument = "RECORD FILE",
     .arguments = 2,
     .summary = "one session as a record of its own",
     .optional = OPTION_SESSION,
     .run = replay_export_file},
    {.word = "item",
     .argument = "NAME",
     .arguments = 1,
     .summary = "tick or untick an item of the plan",
     .optional = OPTION_OFF,
     .run = command_item},
    {.word = "limit",
     .argument = "RULE VALUE",
     .arguments = 2,
     .summary = "change a limit for this patient",
     .needed = OPTION_REASON,
     .optional = OPTION_TERM | OPTION_SECOND_PERSON,
     .run = command_limit},
    {.word = "take-out",
     .second = "device",
     .argument = "NAME",
     .arguments = 1,
     .summary = "it does not alarm for a while",
     .needed = OPTION_MINUTES | OPTION_REASON,
     .optional = OPTION_OVERRIDE,
     .run = command_take_out_device},
    {.word = "take-out",
     .second = "parameter",
     .argument = "NAME",
     .arguments = 1,
     .summary = "the same for a parameter",
     .needed = OPTION_MINUTES | OPTION_REASON,
     .optional = OPTION_OVERRIDE,
     .run = command_take_out_parameter},
    {.word = "put-back", .argument = "NAME", .arguments = 1, .summary = "alarming again", .run = command_put_back},
    {.word = "test-alarm", .summary = "goes to every display, marked TEST", .run = command_test_alarm},
    {.word = "alarm", .second = "list", .summary = "announced alarms with their numbers", .run = command_alarm_list},
    {.word = "alarm",
     .second = "ack",
     .argument = "NAME|all",
     .arguments = 1,
     .summary = "acknowledge by condition (O2, missing-spo2), or all",
     .run = command_alarm_ack},
    {.word = "alarm",
     .second = "pause-audio",
     .summary = "stop the sound for the time the plan allows",
     .run = command_audio_pause},
    {.word = "ack", .argument = "NAME|all", .arguments = 1, .summary = "short for alarm ack", .run = command_alarm_ack},
    {.word = "call-help", .summary = "a high alarm by hand, until somebody acknowledges it", .run = command_call_help},
    {.word = "oxygen",
     .argument = "L_PER_MIN|AIR",
     .arguments = 1,
     .summary = "the patient gets so much oxygen, or breathes air again",
     .run = command_oxygen},
    {.word = "moaas", .argument = "N", .arguments = 1, .summary = "enter this score", .run = command_moaas},
    {.word = "cadss", .argument = "N", .arguments = 1, .summary = "enter this score", .run = command_cadss},
    {.word = "bprs", .argument = "N", .arguments = 1, .summary = "enter this score", .run = command_bprs},
    {.word = "distressed", .summary = "the patient is distressed", .run = command_distressed},
    {.word = "settled", .summary = "the patient is not distressed any more", .run = command_settled},
    {.word = "note", .argument = "TEXT", .arguments = 1, .summary = "enter a note alone", .run = command_note},
    {.word = "observe",
     .summary = "enter one score, a note, or both",
     .optional = OPTION_SCORE | OPTION_NOTE,
     .run = command_observe},
    {.word = "cuff", .second = "start", .summary = "one blood-pressure determination", .run = command_cuff_start},
    {.word = "cuff", .second = "stop", .summary = "end it", .run = command_cuff_stop},
    {.word = "config",
     .second = "check",
     .argument = "FILE",
     .arguments = 1,
     .summary = "read a configuration and print what was understood",
     .run = command_config_check},
    {.word = "devices",
     .second = "scan",
     .summary = "listen at the serial ports",
     .optional = OPTION_PORT | OPTION_SECONDS,
     .run = devices_scan},
    {.word = "decode",
     .argument = "FILE",
     .arguments = 1,
     .summary = "what a driver, or a register map, makes of recorded traffic",
     .one_of = OPTION_DRIVER | OPTION_MAP,
     .run = decode_file},
    {.word = "audit",
     .second = "verify",
     .argument = "RECORD",
     .arguments = 1,
     .summary = "is the record, and its copy in a log, what was written",
     .optional = OPTION_SYSLOG | OPTION_BEDSIDE,
     .run = audit_verify},
    {.word = "audit",
     .second = "show",
     .argument = "RECORD",
     .arguments = 1,
     .summary = "who did what, when and why",
     .optional = OPTION_SESSION | OPTION_PERSON | OPTION_ALARM | OPTION_SINCE | OPTION_UNTIL,
     .run = audit_show},
    {.word = "replay",
     .argument = "RECORD",
     .arguments = 1,
     .summary = "a recorded session judged again, and what another plan would have done",
     .optional = OPTION_SESSION | OPTION_PLAN,
     .run = replay_file},
    {.word = "keys",
     .second = "generate",
     .argument = "FILE",
     .arguments = 1,
     .summary = "CURVE key pair: secret to FILE, public key printed",
     .run = command_keys_generate},
};

const struct command *command_find(int count, char **words)
{
	for (size_t i = 0; i < COMMAND_ROWS; i++) {
		const struct command *command = &command_table[i];
		if (strcmp(words[0], command->word) == 0 &&
		    (command->second == NULL || (count > 1 && strcmp(words[1], command->second) == 0)))
			return command;
	}
	return NULL;
}

/* Writes the options of `bits` with their values and `between` them. */
static bool complain(const char *before, uint64_t bits, const char *between, const char *after)
{
	char text[256];
	struct out out = {text, sizeof(text), 0, false};

	option_write(&out, bits, between);
	fprintf(stderr, "vitalsctl: %s%.*s%s\n", before, (int)out.used, text, after);
	return false;
}

bool command_options_right(const struct command *command, const struct options *options)
{
	uint64_t given = options->given, together = given & command->together, one = given & command->one_of;
	uint64_t mine = command->needed | command->one_of | command->together | command->optional;

	if (given & ~(mine | OPTIONS_EVERYWHERE))
		return complain("this command does not take ", given & ~(mine | OPTIONS_EVERYWHERE), ", ", "");
	if (command->needed & ~given)
		return complain("this command needs ", command->needed & ~given, " and ", "");
	if (command->one_of != 0 && (one == 0 || (one & (one - 1)) != 0))
		return complain("this command needs one of ", command->one_of, ", ", "");
	if (together != 0 && together != command->together)
		return complain("", command->together, " and ", " belong together");
	return true;
}
