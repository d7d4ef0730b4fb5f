/* Commands that need no monitor but write or read a file: `config check`, `keys generate`; see commands.h. */
#include "clients/ctl/commands.h"

#include <stdio.h>

#include "clients/ctl/talk.h"
#include "vitals/config.h"

int command_config_check(const struct options *options, const char *path)
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

int command_keys_generate(const struct options *options, const char *path)
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
