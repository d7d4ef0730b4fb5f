/* See replay.h. Without --plan every row is compared with the one that was recorded; with it the alarms of the session
 * are put beside those that another plan would have given. */
#include "clients/ctl/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/lib/vitals-client.h"
#include "vitals/config.h"
#include "vitals/replay.h"

/* ---- the same again
 * --------------------------------------------------------------------------------------------------- */

struct lockstep {
	struct replay *replay;
	bool aligned; /* the row that opened the session was there */
	bool different;
	uint64_t rows;
};

static void compare_row(void *context, const char *kind, const char *text)
{
	struct lockstep *lockstep = context;
	int64_t seq;
	const char *recorded_kind, *recorded_text;
	lockstep->aligned =
	    lockstep->aligned || (strcmp(kind, "session") == 0 && strstr(text, "change=\"opened\"") != NULL);
	if (!lockstep->aligned || lockstep->different)
		return;
	do {
		if (!replay_recorded_row(lockstep->replay, &seq, &recorded_kind, &recorded_text)) {
			printf("the record ends; now: %s %s\n", kind, text);
			lockstep->different = true;
			return;
		}
		/* Refused before the engine was asked, because of who asked. */
	} while (strcmp(recorded_kind, "command") == 0 && strcmp(recorded_text, text) != 0 &&
	         (strstr(recorded_text, "result=\"unknown-name\"") != NULL ||
	          strstr(recorded_text, "result=\"second-person\"") != NULL));
	lockstep->rows++;
	if (strcmp(kind, recorded_kind) == 0 && strcmp(text, recorded_text) == 0)
		return;
	lockstep->different = true;
	printf("row %" PRId64 " is judged differently\n  recorded: %s %s\n  now:      %s %s\n", seq, recorded_kind,
	       recorded_text, kind, text);
}

static int compare(struct replay *replay)
{
	const struct replay_session *session = replay_session(replay);
	struct lockstep lockstep = {.replay = replay};
	const struct replay_told told = {.row = compare_row, .context = &lockstep};
	if (!replay_run(replay, NULL, &told, stderr))
		return EXIT_REFUSED;
	if (!lockstep.aligned || lockstep.rows == 0) {
		printf("session %s: the record does not hold the beginning of it\n", session->id);
		return EXIT_REFUSED;
	}
	printf("session %s: %" PRIu64 " events, %" PRIu64 " rows %s%s\n", session->id,
	       session->last - session->opened + 1, lockstep.rows,
	       lockstep.different ? "up to a difference" : "as they were recorded",
	       session->same_core ? "" : " (recorded by another version)");
	return lockstep.different ? EXIT_REFUSED : EXIT_OK;
}

/* ---- what other limits would have done
 * -------------------------------------------------------------------------------- */

#define CONDITIONS_MAX 512

struct tally {
	char name[64];
	uint32_t raised[2];   /* with the plan of the session, with the other */
	int64_t first_s[2];   /* after the opening */
	int64_t present_s[2]; /* sum */
	int64_t since_ns[2];  /* while it is present; else -1 */
	enum priority highest[2];
};

struct tallies {
	int which;
	size_t count;
	struct mono opened;
	struct tally list[CONDITIONS_MAX];
};

static struct tally *find(struct tallies *tallies, const char *name)
{
	for (size_t i = 0; i < tallies->count; i++)
		if (strcmp(tallies->list[i].name, name) == 0)
			return &tallies->list[i];
	if (tallies->count == CONDITIONS_MAX)
		return NULL;
	struct tally *tally = &tallies->list[tallies->count++];
	memset(tally, 0, sizeof(*tally));
	(void)snprintf(tally->name, sizeof(tally->name), "%s", name); /* fits */
	tally->since_ns[0] = tally->since_ns[1] = -1;
	return tally;
}

static void count_alarm(void *context, const struct engine *engine, enum alarm_change change, const struct alarm *alarm)
{
	struct tallies *tallies = context;
	char name[64];
	int which = tallies->which;
	engine_condition_name(engine, alarm, name, sizeof(name));
	struct tally *tally = engine->session.open || change != ALARM_RAISED ? find(tallies, name) : NULL;
	if (tally == NULL)
		return;
	int64_t now = mono_since(engine->now, engine->session.opened_at);
	if (change == ALARM_RAISED && tally->raised[which]++ == 0)
		tally->first_s[which] = now / NS_PER_S;
	if (alarm->priority > tally->highest[which])
		tally->highest[which] = alarm->priority;
	bool present = alarm_announced(alarm->state);
	if (present && tally->since_ns[which] < 0)
		tally->since_ns[which] = now;
	if (!present && tally->since_ns[which] >= 0) {
		tally->present_s[which] += (now - tally->since_ns[which]) / NS_PER_S;
		tally->since_ns[which] = -1;
	}
}

static void print_side(const struct tally *tally, int which)
{
	if (tally->raised[which] == 0)
		printf("  %-36s", "-");
	else
		printf("  %-6s %3" PRIu32 " x  from %3" PRId64 ":%02" PRId64 "  %5" PRId64 " s    ",
		       priority_name(tally->highest[which]), tally->raised[which], tally->first_s[which] / 60,
		       tally->first_s[which] % 60, tally->present_s[which]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

static void print_tallies(struct tallies *tallies, const struct replay_session *session, int64_t ns)
{
	uint64_t total[2] = {0, 0}, lost = 0, won = 0;
	qsort(tallies->list, tallies->count, sizeof(tallies->list[0]), by_name);
	printf("session %s, times after its opening\n%-28s  %-36s  %s\n", session->id, "alarm", "as it was",
	       "with the other plan");
	for (size_t i = 0; i < tallies->count; i++) {
		const struct tally *tally = &tallies->list[i];
		if (tally->raised[0] == 0 && tally->raised[1] == 0)
			continue;
		printf("%-28s", tally->name);
		print_side(tally, 0);
		print_side(tally, 1);
		printf("%s\n", tally->raised[1] == 0 ? "lost" : tally->raised[0] == 0 ? "won" : "");
		lost += tally->raised[1] == 0;
		won += tally->raised[0] == 0;
		for (int which = 0; which < 2; which++)
			total[which] += tally->raised[which];
	}
	double hours = ns > 0 ? (double)ns / 3.6e12 : 1;
	printf("alarms an hour: %.1f and %.1f; %" PRIu64 " lost, %" PRIu64 " won\n", (double)total[0] / hours,
	       (double)total[1] / hours, lost, won);
}

static int what_if(struct replay *replay, const char *plan_path)
{
	static struct plan plan;
	static struct tallies tallies;
	const struct replay_told told = {.alarm = count_alarm, .context = &tallies};
	if (config_read_plan(&plan, plan_path, stderr) != 0)
		return EXIT_REFUSED;
	/* Both from what was so before the session: else more than the plan would differ. */
	const struct plan recorded = *replay_plan(replay);
	for (tallies.which = 0; tallies.which < 2; tallies.which++)
		if (!replay_run(replay, tallies.which == 0 ? &recorded : &plan, &told, stderr))
			return EXIT_REFUSED;
	print_tallies(&tallies, replay_session(replay),
	              mono_since(replay_engine(replay)->now, replay_engine(replay)->session.opened_at));
	return EXIT_OK;
}

int replay_file(const struct options *options, const char *path)
{
	struct replay *replay = replay_open(path, options->session == NULL ? "" : options->session, stderr);
	if (replay == NULL)
		return EXIT_REFUSED;
	int code = options->plan == NULL ? compare(replay) : what_if(replay, options->plan);
	replay_close(replay);
	return fflush(stdout) == 0 ? code : EXIT_REFUSED;
}

int replay_export_file(const struct options *options, const char *path)
{
	const char *session = options->session == NULL ? "" : options->session;
	return replay_export(path, session, options->second_word, stderr) ? EXIT_OK : EXIT_REFUSED;
}
