/* See share.h. The directory service is not asked: it can keep whoever asks it waiting, and a group of the system is in
 * this computer's own list. */
#include "daemon/record/share.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vitals/config.h"

#define LINE_ROOM   65536 /* one group with its members */
#define ENTRIES_MAX 10000

static bool find_group(const char *name, gid_t *gid)
{
	static char line[LINE_ROOM]; /* recorder thread only; its stack is small */
	struct group group, *at = NULL;
	bool found = false;
	FILE *file = fopen("/etc/group", "re");
	for (int i = 0; file != NULL && !found && i < ENTRIES_MAX; i++) {
		int error = fgetgrent_r(file, &group, line, sizeof(line), &at);
		if (error != 0 && error != ERANGE)
			break;
		found = error == 0 && strcmp(at->gr_name, name) == 0;
		if (found)
			*gid = at->gr_gid;
	}
	if (file != NULL)
		(void)fclose(file); /* only read from */
	return found;
}

const char *share_record(const char *record_path, const char *group)
{
	static const char *const beside[] = {"", "-wal", "-shm"};
	gid_t gid;
	if (!find_group(group, &gid))
		return "there is no such group on this computer";
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		char path[PATH_BYTES + 8];
		(void)snprintf(path, sizeof(path), "%s%s", record_path, beside[i]); /* fits */
		if (chown(path, (uid_t)-1, gid) != 0)
			return errno == EPERM ? "the monitor is no member of that group" : "the group cannot be given";
		if (chmod(path, 0640) != 0)
			return "the mode cannot be changed";
	}
	return NULL;
}
