/* stories: plays stories and says what differs.
 *
 *   stories [-v] FILE|DIRECTORY ...    a directory: its *.story files, in order
 *   -v                                 everything that was announced, for each story
 *
 * Stories in a directory called "open" show what the monitor does not do yet: they are told as known open and do not
 * fail. One that passes does, because it has to move; and one that is open for another reason than its own, because
 * staff could not do what it tells. Run from the top of the repository. The last line has the counts. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/stories/stories.h"

struct counts {
	int passed, failed, open;
	bool verbose;
};

static bool is_open(const char *path)
{
	return strstr(path, "/open/") != NULL;
}

static void say_one(const char *path, const struct staged *staged, const struct performance *performance,
                    struct counts *counts)
{
	bool good = performance->difference_count == 0;
	bool failed = is_open(path) ? good || performance->broken : !good;
	const char *word = !failed          ? is_open(path) ? "known open" : "ok"
	                   : !is_open(path) ? "FAILED"
	                   : good           ? "FAILED, it passes: move it out of open"
	                                    : "FAILED, staff could not do what it tells (without not-yet)";

	counts->open += is_open(path) && !failed;
	counts->failed += failed;
	counts->passed += !failed && !is_open(path);
	(void)printf("%s: %s: %s\n", path, word, staged->story.title);
	if (!good && (failed || counts->verbose))
		report_differences(performance, stdout);
	if (failed || counts->verbose)
		report_course(performance, stdout);
}

static void run_file(const char *path, struct counts *counts)
{
	static struct staged staged;
	static struct performance performance;
	char error[SIM_TEXT];
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		(void)printf("%s: %s\n", path, strerrordesc_np(errno));
		counts->failed++;
		return;
	}
	if (stage(file, path, &staged, error)) {
		play(&staged, &performance);
		judge(&staged, &performance);
		say_one(path, &staged, &performance, counts);
	} else {
		(void)printf("%s\n", error);
		counts->failed++;
	}
	(void)fclose(file); /* only read */
}

static int is_story(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 6 && strcmp(entry->d_name + length - 6, ".story") == 0;
}

static void run_directory(const char *path, struct counts *counts)
{
	struct dirent **list;
	int count = scandir(path, &list, is_story, alphasort);

	for (int i = 0; i < count; i++) {
		char file[PATH_BYTES];

		if (snprintf(file, sizeof file, "%s/%s", path, list[i]->d_name) < (int)sizeof file)
			run_file(file, counts);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	if (count <= 0) {
		(void)printf("%s: no story\n", path);
		counts->failed += count < 0;
	}
}

int main(int argc, char **argv)
{
	struct counts counts = {0};

	for (int i = 1; i < argc; i++) {
		struct stat found;

		if (strcmp(argv[i], "-v") == 0)
			counts.verbose = true;
		else if (stat(argv[i], &found) == 0 && S_ISDIR(found.st_mode))
			run_directory(argv[i], &counts);
		else
			run_file(argv[i], &counts);
	}
	if (counts.passed + counts.failed + counts.open == 0) {
		(void)fprintf(stderr, "usage: stories [-v] FILE|DIRECTORY ...\n");
		return 2;
	}
	(void)printf("known open: %d\nstories: %d passed, %d failed\n", counts.open, counts.passed, counts.failed);
	return counts.failed == 0 ? 0 : 1;
}
