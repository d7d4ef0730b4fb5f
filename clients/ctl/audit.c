/* See audit.h. */
#include "clients/ctl/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vitals/mono.h"
#include "vitals/trail.h"

static void print_sum(const char *path, const struct trail_sum *sum)
{
	printf("%s: %" PRIu64 " rows", path, sum->rows);
	if (sum->rows > 0)
		printf(", %" PRId64 " to %" PRId64 ", last hash %s", sum->first_seq, sum->last_seq, sum->last_hash);
	printf("; %" PRIu64 " found wrong\n", sum->findings);
	if (sum->first_seq > 1)
		printf("%s: begins with row %" PRId64 ": what was before cannot be told from it\n", path,
		       sum->first_seq);
	if (sum->untold > 0)
		printf("%s: %" PRIu64
		       " lines are cut: that their hashes follow each other is all that can be told of them\n",
		       path, sum->untold);
	if (sum->again > 0)
		printf("%s: %" PRIu64 " rows were sent again after a restart, which the record says\n", path,
		       sum->again);
	if (sum->others > 0)
		printf("%s: %" PRIu64 " lines of other bedsides (%s) were not looked at, only those of %s\n", path,
		       sum->others, sum->other_bedside[0] == '\0' ? "unnamed" : sum->other_bedside, sum->bedside);
	if (sum->behind > 0)
		printf("%s: the record has %" PRIu64 " rows behind the last line\n", path, sum->behind);
	if (sum->findings > TRAIL_FINDINGS_TOLD)
		printf("%s: only the first %d are told\n", path, TRAIL_FINDINGS_TOLD);
}

int audit_verify(const struct options *options, const char *path)
{
	struct trail_sum store, log;
	uint64_t findings = 0;
	bool log_alone = strcmp(path, "-") == 0 && options->syslog != NULL;
	if (!log_alone) {
		if (!trail_verify_store(path, &store, stdout, stderr))
			return EXIT_REFUSED;
		print_sum(path, &store);
		findings = store.findings;
	}
	if (options->syslog != NULL) {
		if (!trail_verify_log(options->syslog, log_alone ? NULL : path, options->bedside, &log, stdout, stderr))
			return EXIT_REFUSED;
		print_sum(options->syslog, &log);
		findings += log.findings;
	} else if (!store.end_known) {
		printf("rows cut off at the end show only beside a log (--syslog FILE) or the hash that was known "
		       "before\n");
	}
	return fflush(stdout) == 0 && findings == 0 ? EXIT_OK : EXIT_REFUSED;
}

/* "2026-12-01", "2026-12-01T12:30" or with seconds, UTC. */
static bool read_time(const char *text, int64_t *wall_ns)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
	for (size_t i = 0; text != NULL && i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);
		if (end == NULL || *end != '\0')
			continue;
		*wall_ns = (int64_t)timegm(&tm) * NS_PER_S;
		return true;
	}
	if (text != NULL)
		fprintf(stderr, "vitalsctl: %s is no time (legal: 2026-12-01, 2026-12-01T12:30 or with seconds, UTC)\n",
		        text);
	return text == NULL;
}

int audit_show(const struct options *options, const char *path)
{
	struct trail_filter filter = {.session = options->session, .person = options->person, .alarm = options->alarm};
	if (!read_time(options->since, &filter.since_wall_ns) || !read_time(options->until, &filter.until_wall_ns))
		return EXIT_USAGE;
	return trail_show(path, &filter, stdout, stderr) && fflush(stdout) == 0 ? EXIT_OK : EXIT_REFUSED;
}
