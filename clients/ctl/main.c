/* vitalsctl: the command line of staff and technicians. Finds the command, checks that its options belong to it, runs
 * it. It knows the monitor only by the client library. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/command_table.h"
#include "clients/ctl/help.h"
#include "clients/ctl/talk.h"

static int complain(const char *what, const char *about)
{
	fprintf(stderr, "vitalsctl: %s%s; `vitalsctl --help` shows how\n", what, about);
	return EXIT_USAGE;
}

static int run(struct options *options, int count, char **words)
{
	if (count == 0)
		return complain("a command is missing", "");
	const struct command *command = command_find(count, words);
	if (command == NULL)
		return complain("no such command: ", words[count > 1 ? 1 : 0]);
	int used = command->second == NULL ? 1 : 2;
	int wanted = used + command->arguments;
	if (count < wanted)
		return complain("this command needs ", command->argument);
	if (count > wanted)
		return complain("too many words: ", words[count - 1]);
	if (!command_options_right(command, options))
		return EXIT_USAGE;
	if ((options->given & OPTION_BEDSIDE) && (options->given & OPTION_SOCKET))
		return complain("--bedside and --socket exclude each other", "");
	options->second_word = command->arguments == 2 ? words[used + 1] : NULL;
	int status = command->run(options, command->arguments > 0 ? words[used] : NULL);
	talk_end();
	return status;
}

int main(int argc, char **argv)
{
	struct options options;

	if (!options_read(&options, argc, argv))
		return complain("the options are wrong", "");
	if (options.given & OPTION_HELP)
		return help_print() ? EXIT_OK : EXIT_REFUSED;
	if (options.given & OPTION_VERSION)
		return printf("vitalsctl %s\n", VITALS_VERSION) > 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_REFUSED;
	return run(&options, argc - optind, argv + optind);
}
