/* Which bedside is meant: by option, environment, or because there is only one; see options.h. Called by talk.c and
 * watch.c. */
#include "clients/ctl/options.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/lib/vitals-client.h"

#define RUN_DIRECTORY "/run/vitalsd"

/* The names under /run/vitalsd: writes them for a person, space between, and returns how many there are. */
static int bedsides(char name[OPTION_NAME_MOST + 1], struct out *list)
{
	DIR *directory = opendir(RUN_DIRECTORY);
	int count = 0;

	for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
		size_t length = strlen(entry->d_name);
		if (entry->d_name[0] == '.' || length > OPTION_NAME_MOST ||
		    strspn(entry->d_name, OPTION_NAME_CHARS) != length)
			continue;
		out_format(list, " %s", entry->d_name);
		memcpy(name, entry->d_name, length + 1);
		count++;
	}
	if (directory != NULL)
		(void)closedir(directory); /* was only read */
	return count;
}

static bool find_bedside(const struct options *options, char name[OPTION_NAME_MOST + 1])
{
	char bytes[1024];
	struct out list = {bytes, sizeof(bytes), 0, false};

	if (options->bedside != NULL) {
		memcpy(name, options->bedside, strlen(options->bedside) + 1);
		return true;
	}
	int count = bedsides(name, &list);
	if (count == 0)
		fprintf(stderr, "vitalsctl: no monitor under " RUN_DIRECTORY ": give --bedside NAME, or --socket PATH "
		                "(for watch: --endpoint)\n");
	if (count > 1)
		fprintf(stderr, "vitalsctl: which bedside? Give --bedside and one of:%.*s\n", (int)list.used, bytes);
	return count == 1;
}

static bool chosen(const char *text, char result[OPTION_PATH_BYTES])
{
	size_t length = strlen(text);

	if (length == 0 || length >= OPTION_PATH_BYTES) {
		fprintf(stderr, "vitalsctl: path or endpoint %s: must be 1 to 255 bytes long\n", text);
		return false;
	}
	memcpy(result, text, length + 1);
	return true;
}

/* What is said on the command line comes before the environment, and this before what can be found. */
static bool locate(const struct options *options, const char *option, const char *variable, const char *scheme,
                   const char *file, char result[OPTION_PATH_BYTES])
{
	char name[OPTION_NAME_MOST + 1];
	const char *environment = getenv(variable);

	if (option != NULL)
		return chosen(option, result);
	if (options->bedside == NULL && environment != NULL && environment[0] != '\0')
		return chosen(environment, result);
	if (!find_bedside(options, name))
		return false;
	struct out out = {result, OPTION_PATH_BYTES - 1, 0, false};
	out_format(&out, "%s" RUN_DIRECTORY "/%s/%s", scheme, name, file);
	result[out.used] = '\0';
	return true;
}

bool options_socket(const struct options *options, char path[OPTION_PATH_BYTES])
{
	return locate(options, options->socket, "VITALS_SOCKET", "", "control", path);
}

bool options_endpoint(const struct options *options, char endpoint[OPTION_PATH_BYTES])
{
	return locate(options, options->endpoint, "VITALS_ENDPOINT", "ipc://", "publish", endpoint);
}
