/* Writing the engine's state for developers; see dump.h. */
#include "daemon/dump.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* What could not be written is only missing: the record and syslog have been told what was found. */
static void write_file(const struct dump *dump)
{
	int fd = open(dump->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file == NULL) {
		if (fd >= 0)
			(void)close(fd); /* nothing was written */
		return;
	}
	(void)fprintf(file, "vitalsd %s\nwall_ns %lld\nbytes %zu\nwhy %s\n\n", VITALS_VERSION, (long long)dump->wall_ns,
	              sizeof(dump->engine), dump->why);
	(void)fwrite(&dump->engine, sizeof(dump->engine), 1, file);
	(void)fclose(file);
}

/* People export records to files of such names: one that is not ours is left alone, and the dump is missing. */
static bool is_foreign(const char *path)
{
	static const char start[] = "vitalsd ";
	char head[sizeof(start) - 1];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false; /* nothing, or a link */
	ssize_t count = read(fd, head, sizeof(head));
	(void)close(fd); /* only read from */
	return count != 0 && (count != (ssize_t)sizeof(head) || memcmp(head, start, sizeof(head)) != 0);
}

static void run(void *context)
{
	const struct dump *dump = context;
	const struct sched_param ordinary = {.sched_priority = 0};
	/* It must not compete with the engine's thread, which started it. */
	if (dump->lower_priority)
		(void)sched_setscheduler(0, SCHED_OTHER, &ordinary); /* then it is only done sooner */
	if (is_foreign(dump->path))
		return;
	(void)unlink(dump->path); /* of an earlier run, if there is one; a link to elsewhere is not followed */
	write_file(dump);
}

bool dump_start(struct dump *dump, const struct engine *engine, const struct config *config, const char *why)
{
	if (dump->started)
		return true;
	dump->engine = *engine;
	dump->wall_ns = shell_wall_ns();
	dump->lower_priority = config->realtime_priority > 0;
	(void)snprintf(dump->why, sizeof(dump->why), "%s", why);
	(void)snprintf(dump->path, sizeof(dump->path), "%s.dump", config->record_path);
	dump->started = shell_thread_start(&dump->thread, "dump", run, dump) == 0;
	return dump->started;
}

bool dump_end(struct dump *dump, struct mono deadline)
{
	bool ended = !dump->started || shell_thread_join(&dump->thread, deadline);
	dump->started = false;
	return ended;
}
