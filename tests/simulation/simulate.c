/* simulate: whole random sessions of the real engine in simulated time, checked after every step; and the population
 * check.
 *
 *   simulate [--seed N] [--sessions N]          random sessions, both plans in turn; exit 1 at the first that fails
 *   simulate --seed N --session K --trace       one of them again, with everything that happened
 *   simulate --population PLAN N [--noise MMHG] [--placebo] [--artefacts]
 *                                               N good-weather sessions against the published rates
 *
 * Run from the top of the repository. The same seed gives the same sessions on every machine with the same libm. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/simulation/simulation.h"

struct arguments {
	uint64_t seed;
	long sessions, only; /* only: -1 = all */
	bool trace;
	const char *population; /* the plan, or NULL */
	double noise;           /* below 0: not given */
	bool placebo, artefacts;
};

static struct config config;
static struct engine_config plans[2]; /* infusion, spray */
static struct room room;
static struct tally tally;

static const char *const plan_names[2] = {"ketamine-iv", "esketamine-spray"};

static int write_config(const char *path, const char *plan)
{
	char here[PATH_BYTES];
	FILE *file = getcwd(here, sizeof(here)) != NULL ? fopen(path, "w") : NULL;

	if (file == NULL)
		return -1;
	(void)fprintf(file,
	              "bedside = \"simulated\"\nplan = \"%s/etc/plans/%s.conf\"\n"
	              "control { socket = \"/run/simulated/control\" }\n"
	              "record { path = \"/var/lib/simulated/record.sqlite\" }\n"
	              "publish { endpoints = { \"ipc:///run/simulated/publish\" } }\n"
	              "link \"line\" { type = \"serial\"  port = \"/dev/ttyS0\" }\n"
	              "device \"oximeter\" { link = \"line\"  driver = \"masimo-ascii1\" }\n"
	              "link \"bus\" { type = \"modbus-rtu\"  port = \"/dev/ttyS1\" }\n"
	              "device \"cuff\" { link = \"bus\"  map = \"%s/etc/devices/vitals-sim-cuff.conf\"  unit = 1 "
	              "poll_period_ms = 1000 }\n"
	              "link \"gateway\" { type = \"modbus-tcp\"  host = \"127.0.0.1\"  tcp_port = 1502 }\n"
	              "device \"ecg\" { link = \"gateway\"  map = \"%s/etc/devices/vitals-sim-ecg.conf\"  unit = 1 "
	              "poll_period_ms = 1000 }\n",
	              here, plan, here, here); /* an error shows when it is closed */
	return fclose(file);
}

/* The shipped plan, read as the daemon reads it. */
static bool read_plan(int index)
{
	char directory[] = "/tmp/vitals-simulate-XXXXXX", path[PATH_BYTES];
	bool ok;

	if (mkdtemp(directory) == NULL)
		return false;
	(void)snprintf(path, sizeof(path), "%s/main.conf", directory); /* it fits */
	ok = write_config(path, plan_names[index]) == 0 && config_read(&config, path, stderr) == 0;
	(void)unlink(path); /* it may not have come so far */
	(void)rmdir(directory);
	plans[index] = config.engine;
	return ok;
}

/* Sessions of one seed do not depend on each other, so each can be run alone. */
static uint64_t session_seed(uint64_t seed, long session)
{
	struct prng prng = {seed * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)session};

	return prng_next(&prng);
}

static bool one_session(const struct arguments *arguments, long session)
{
	static const enum session_kind sprays[2] = {SESSION_ESKETAMINE_56, SESSION_ESKETAMINE_84};
	int plan = (int)(session % 2);
	enum session_kind kind = plan == 0 ? SESSION_KETAMINE_IV : sprays[session / 2 % 2];
	const char *wrong = room_run(&room, &plans[plan], session_seed(arguments->seed, session), TROUBLE_RANDOM, kind,
	                             arguments->trace);

	if (wrong == NULL)
		return true;
	(void)fflush(stdout);
	(void)fprintf(stderr,
	              "FAILED after %.3f s: %s\n  again with: simulate --seed %" PRIu64 " --session %ld --trace\n",
	              (double)room.now / (double)NS_PER_S, wrong, arguments->seed, session);
	return false;
}

static double processor_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* The runs were about something: each kind of condition came up, people were stopped at the door, and went through it.
 */
static bool was_about_something(long sessions)
{
	static const struct {
		const char *name;
		int from, to;
	} kinds[] = {
	    {"rules", ALARM_BASE_RULE, ALARM_BASE_MISSING},
	    {"missing values", ALARM_BASE_MISSING, ALARM_BASE_DEVICE},
	    {"devices", ALARM_BASE_DEVICE, ALARM_BASE_CUFF_FAILED},
	    {"failed cuffs", ALARM_BASE_CUFF_FAILED, ALARM_BASE_CHECK_LATE},
	    {"late checks", ALARM_BASE_CHECK_LATE, ALARM_BASE_SERVICE},
	    {"services", ALARM_BASE_SERVICE, ALARM_BASE_CLOCK},
	    {"clock", ALARM_BASE_CLOCK, ALARM_BASE_FLAPPING},
	    {"flapping", ALARM_BASE_FLAPPING, ALARM_BASE_TAKEN_OUT},
	    {"taken out", ALARM_BASE_TAKEN_OUT, ALARM_BASE_TEST},
	    {"test", ALARM_BASE_TEST, ALARMS_MAX},
	};
	bool all = true;

	(void)printf("alarms:");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t raised = 0;

		for (int id = kinds[i].from; id < kinds[i].to; id++)
			raised += tally.raised[id];
		(void)printf(" %s %" PRIu64 ";", kinds[i].name, raised);
		all = all && raised > 0;
	}
	(void)printf(" blocked %" PRIu64 ", overridden %" PRIu64 ", refused %" PRIu64 "; killed and taken up %" PRIu64
	             "\n",
	             tally.blocked, tally.overridden, tally.refused, tally.kills);
	return sessions < 100 || (all && tally.blocked > 0 && tally.overridden > 0 && tally.kills > 100);
}

static int random_sessions(const struct arguments *arguments)
{
	double begun = processor_seconds();
	long first = arguments->only < 0 ? 0 : arguments->only;
	long end = arguments->only < 0 ? arguments->sessions : arguments->only + 1;

	for (long session = first; session < end; session++)
		if (!one_session(arguments, session))
			return 1;

	double took = processor_seconds() - begun;

	(void)printf("seed %" PRIu64 ": %ld sessions, %" PRIu64
	             " steps, all as they must be; %.1f s (%.2f ms a session)\n",
	             arguments->seed, end - first, tally.steps, took, 1000 * took / (double)(end - first));
	if (was_about_something(end - first))
		return 0;
	(void)fprintf(stderr, "the sessions did not come across everything\n");
	return 1;
}

/* ---- arguments ----------------------------------------------------------------------------------------------------
 */

static bool number(const char *text, long low, long *value)
{
	char *end;

	*value = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' && *value >= low;
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
	*arguments = (struct arguments){.seed = 1, .sessions = 300, .only = -1, .noise = -1};
	for (int i = 1; i < argc; i++) {
		long value = 0;
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--trace") == 0) {
			arguments->trace = true;
		} else if (strcmp(argv[i], "--placebo") == 0) {
			arguments->placebo = true;
		} else if (strcmp(argv[i], "--artefacts") == 0) {
			arguments->artefacts = true;
		} else if (strcmp(argv[i], "--population") == 0 && i + 2 < argc) {
			arguments->population = argv[++i];
			if (!number(argv[++i], 1, &arguments->sessions))
				return false;
		} else if (strcmp(argv[i], "--seed") == 0 && more && number(argv[i + 1], 0, &value)) {
			arguments->seed = (uint64_t)value, i++;
		} else if (strcmp(argv[i], "--sessions") == 0 && more && number(argv[i + 1], 1, &value)) {
			arguments->sessions = value, i++;
		} else if (strcmp(argv[i], "--session") == 0 && more && number(argv[i + 1], 0, &value)) {
			arguments->only = value, i++;
		} else if (strcmp(argv[i], "--noise") == 0 && more && number(argv[i + 1], 0, &value)) {
			arguments->noise = (double)value, i++;
		} else {
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct arguments arguments;

	if (!read_arguments(argc, argv, &arguments)) {
		(void)fprintf(stderr,
		              "usage: simulate [--seed N] [--sessions N | --session K [--trace]]\n"
		              "       simulate --population ketamine-iv|esketamine-spray N [--seed N] [--noise MMHG] "
		              "[--placebo] [--artefacts]\n");
		return 2;
	}
	if (!read_plan(0) || !read_plan(1))
		return 1;
	room.tally = &tally;
	if (arguments.population == NULL)
		return random_sessions(&arguments);

	struct population asked = {.placebo = arguments.placebo,
	                           .artefacts = arguments.artefacts,
	                           .sessions = arguments.sessions,
	                           .seed = arguments.seed,
	                           .noise = arguments.noise};

	for (int i = 0; i < 2; i++) {
		asked.iv = i == 0;
		if (strcmp(arguments.population, plan_names[i]) == 0 && !(asked.iv && asked.placebo))
			return population(&plans[i], &asked);
	}
	(void)fprintf(stderr, "no such plan: %s\n", arguments.population);
	return 2;
}
