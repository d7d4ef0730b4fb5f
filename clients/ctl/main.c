/* vitalsctl: the command line of staff and technicians. Finds the command, checks that its options belong to it, runs
 * it. It knows the monitor only by proto/vitals.proto, and its configuration files by include/vitals/config.h. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/commands.h"
#include "clients/ctl/devices.h"
#include "clients/ctl/talk.h"
#include "clients/ctl/watch.h"
#include "vitals/config.h"

static const char usage[] = "Usage: vitalsctl [--bedside NAME | --socket PATH] [--json] COMMAND\n"
                            "\n"
                            "  status                        what the monitor shows now\n"
                            "  watch                         the same, live   [--endpoint E] [--seconds N]\n"
                            "                                [--curve-server-key KEY --curve-key-file FILE]\n"
                            "                                [--confirm NAME]\n"
                            "  session open --patient REF    [--weight-kg N] [--dose-mg N] [--duration-min N]\n"
                            "                                [--concentration-mg-ml N] [--series N] [--age N]\n"
                            "                                [--second-person P]\n"
                            "  session start | close         [--override NAME --reason TEXT]\n"
                            "  session pause | resume | stop\n"
                            "  session device                one spray device was given  [--override ...]\n"
                            "  session load                  alarm load of the open session or the last\n"
                            "  item NAME [--off]             tick or untick an item of the plan\n"
                            "  limit RULE VALUE --reason TEXT [--term N] [--second-person P]\n"
                            "  take-out device | parameter NAME --minutes N --reason TEXT [--override NAME]\n"
                            "  put-back NAME                 alarming again\n"
                            "  test-alarm                    goes to every display, marked TEST\n"
                            "  alarm list                    announced alarms with their numbers\n"
                            "  alarm ack NAME | all          acknowledge by condition (O2, missing-spo2), or all\n"
                            "  alarm pause-audio             stop the sound for the time the plan allows\n"
                            "  observe --moaas N | --rass N | --cadss N | --cadss6 N | --bprs N | --distressed on|off\n"
                            "          [--note TEXT]         or a note alone\n"
                            "  cuff start | stop             one blood-pressure determination\n"
                            "  config check FILE             read a configuration and print what was understood\n"
                            "  devices scan                  listen at the serial ports  [--port PATH] [--seconds N]\n"
                            "  decode --driver NAME FILE     what a driver makes of recorded traffic\n"
                            "  decode --map MAP FILE         the same for a Modbus device\n"
                            "  keys generate FILE            CURVE key pair: secret to FILE, public key printed\n"
                            "\n"
                            "Environment: VITALS_SOCKET, VITALS_ENDPOINT. Exit status: 0 done, 1 refused,\n"
                            "2 wrong usage, 3 the monitor cannot be reached. Manual: man vitalsctl\n";

static int config_check(const struct options *options, const char *path)
{
	static struct config config; /* too large for a stack */

	(void)options;
	int errors = config_read(&config, path, stderr);
	if (errors != 0) {
		fprintf(stderr, "vitalsctl: %s: %d error%s\n", path, errors, errors == 1 ? "" : "s");
		return EXIT_REFUSED;
	}
	return config_print(&config, stdout) == 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_REFUSED;
}

static int generate(const struct options *options, const char *path)
{
	char public[KEY_BYTES];
	struct client_problem problem;

	(void)options;
	if (!keys_generate(path, public, &problem)) {
		(void)talk_complain(&problem); /* a file or the system: refused in either case */
		return EXIT_REFUSED;
	}
	return printf("%s\n", public) > 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_REFUSED;
}

static int watch(const struct options *options, const char *argument)
{
	(void)argument;
	return watch_run(options);
}

static const struct verb {
	const char *word, *second; /* second NULL: one word is enough */
	const char *argument;      /* what it is called, or NULL; two words if there are two */
	uint32_t options;          /* beside those that go everywhere */
	int (*run)(const struct options *options, const char *argument);
} verbs[] = {
    {"status", NULL, NULL, 0, command_status},
    {"watch", NULL, NULL, OPTION_ENDPOINT | OPTION_SECONDS | OPTION_SERVER_KEY | OPTION_KEY_FILE | OPTION_CONFIRM,
     watch},
    {"session", "open", NULL,
     OPTION_PATIENT | OPTION_WEIGHT | OPTION_DOSE | OPTION_DURATION | OPTION_CONCENTRATION | OPTION_SERIES |
         OPTION_AGE | OPTION_SECOND_PERSON,
     command_session_open},
    {"session", "start", NULL, OPTION_OVERRIDE | OPTION_REASON, command_session_start},
    {"session", "device", NULL, OPTION_OVERRIDE | OPTION_REASON, command_session_device},
    {"session", "pause", NULL, 0, command_session_pause},
    {"session", "resume", NULL, 0, command_session_resume},
    {"session", "stop", NULL, 0, command_session_stop},
    {"session", "close", NULL, OPTION_OVERRIDE | OPTION_REASON, command_session_close},
    {"session", "load", NULL, 0, command_session_load},
    {"item", NULL, "NAME", OPTION_OFF, command_item},
    {"limit", NULL, "RULE VALUE", OPTION_TERM | OPTION_REASON | OPTION_SECOND_PERSON, command_limit},
    {"take-out", "device", "NAME", OPTION_MINUTES | OPTION_REASON | OPTION_OVERRIDE, command_take_out_device},
    {"take-out", "parameter", "NAME", OPTION_MINUTES | OPTION_REASON | OPTION_OVERRIDE, command_take_out_parameter},
    {"put-back", NULL, "NAME", 0, command_put_back},
    {"test-alarm", NULL, NULL, 0, command_test_alarm},
    {"alarm", "list", NULL, 0, command_alarm_list},
    {"alarm", "ack", "NAME or all", 0, command_alarm_ack},
    {"alarm", "pause-audio", NULL, 0, command_audio_pause},
    {"observe", NULL, NULL, OPTION_SCORE | OPTION_NOTE, command_observe},
    {"cuff", "start", NULL, 0, command_cuff_start},
    {"cuff", "stop", NULL, 0, command_cuff_stop},
    {"config", "check", "FILE", 0, config_check},
    {"devices", "scan", NULL, OPTION_PORT | OPTION_SECONDS, devices_scan},
    {"decode", NULL, "FILE", OPTION_DRIVER | OPTION_MAP, decode_file},
    {"keys", "generate", "FILE", 0, generate},
};

static int complain(const char *what, const char *about)
{
	fprintf(stderr, "vitalsctl: %s%s; `vitalsctl --help` shows how\n", what, about);
	return EXIT_USAGE;
}

/* The command that the words name, NULL if there is none. */
static const struct verb *find(int count, char **words)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(words[0], verbs[i].word) != 0)
			continue;
		if (verbs[i].second == NULL || (count > 1 && strcmp(words[1], verbs[i].second) == 0))
			return &verbs[i];
	}
	return NULL;
}

/* How many words follow those of the command. */
static int arguments(const struct verb *verb)
{
	return verb->argument == NULL ? 0 : strcmp(verb->argument, "RULE VALUE") == 0 ? 2 : 1;
}

static int run(struct options *options, int count, char **words)
{
	if (count == 0)
		return complain("a command is missing", "");
	const struct verb *verb = find(count, words);
	if (verb == NULL)
		return complain("no such command: ", words[count > 1 ? 1 : 0]);
	int used = verb->second == NULL ? 1 : 2;
	int wanted = used + arguments(verb);
	if (count < wanted)
		return complain("this command needs ", verb->argument);
	if (count > wanted)
		return complain("too many words: ", words[count - 1]);
	if (options->given & ~(verb->options | (uint32_t)OPTIONS_EVERYWHERE))
		return complain("an option does not belong to this command", "");
	if ((options->given & OPTION_BEDSIDE) && (options->given & OPTION_SOCKET))
		return complain("--bedside and --socket exclude each other", "");
	options->second_word = wanted == used + 2 ? words[used + 1] : NULL;
	int status = verb->run(options, verb->argument != NULL ? words[used] : NULL);
	talk_end();
	return status;
}

int main(int argc, char **argv)
{
	struct options options;

	if (!options_read(&options, argc, argv))
		return complain("the options are wrong", "");
	if (options.given & OPTION_HELP)
		return fputs(usage, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_REFUSED;
	if (options.given & OPTION_VERSION)
		return printf("vitalsctl %s\n", VITALS_VERSION) > 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_REFUSED;
	return run(&options, argc - optind, argv + optind);
}
