/* vitalsd: arguments, and the visible list of what is started, in which order, and stopped again.
 *
 * Processes: this one, and the publisher child that owns every ZeroMQ socket. Threads here: the engine (this one, after
 * the start), one for each link, the recorder, its syslog writer, the local socket and two that look up its accounts,
 * reload. docs/ARCHITECTURE.md is the map.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon/claim.h"
#include "daemon/debug.h"
#include "daemon/record/audit.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/restore.h"
#include "daemon/shell.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,
};

#define STOP_WAIT_MS     1000
#define STOP_RECORDER_MS 3000 /* its last transaction waits for the disk, and a row that is lost there is lost */

struct options {
	const char *config_path, *bedside;
	bool check, use_stderr;
};

/* Static: both are large, and the engine's memory must not move or fail. */
static struct config config;
static struct loop loop;

static void usage(FILE *out)
{
	(void)fputs("usage: vitalsd --config FILE [--bedside NAME] [--check] [--stderr] [--debug ROOM]...\n"
	            "       vitalsd --version | --help\n\n"
	            "  --config FILE  the bedside's configuration (see vitalsd.conf)\n"
	            "  --bedside NAME the bedside this monitor is started for: the file must say the same\n"
	            "  --check        read and validate everything, print what was understood, exit\n"
	            "  --stderr       copy each record line to standard error\n"
	            "  --debug ROOM   say more of a room, or of several with commas between, in the system log:\n"
	            "                 config, core, desk, driver, link, loop, publish, record\n\n"
	            "SIGTERM stops. Exit status: 0 stopped, 1 failed, 2 usage, 3 configuration refused.\n",
	            out);
}

/* Returns an exit code, or -1 to go on. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {
	    {"config", required_argument, NULL, 'c'}, {"bedside", required_argument, NULL, 'b'},
	    {"check", no_argument, NULL, 'n'},        {"stderr", no_argument, NULL, 'e'},
	    {"debug", required_argument, NULL, 'd'},  {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	for (;;) {
		int option = getopt_long(argc, argv, "c:b:d:neVh", list, NULL);
		if (option == -1)
			break;
		switch (option) {
		case 'c':
			options->config_path = optarg;
			break;
		case 'b':
			options->bedside = optarg;
			break;
		case 'n':
			options->check = true;
			break;
		case 'e':
			options->use_stderr = true;
			break;
		case 'd':
			if (!debug_enable(optarg)) {
				(void)fprintf(stderr, "vitalsd: --debug %.40s: there is no such room (legal: %s)\n",
				              optarg, debug_names());
				return EXIT_USAGE;
			}
			break;
		case 'V':
			return printf("vitalsd %s\n", VITALS_VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (options->config_path == NULL || optind != argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static int read_config(const struct options *options)
{
	const struct config_wish wish = {.bedside = options->bedside};
	int errors = config_read_as(&config, options->config_path, &wish, stderr);
	if (errors != 0) {
		(void)fprintf(stderr, "vitalsd: %s: %d error%s, nothing was started\n", options->config_path, errors,
		              errors == 1 ? "" : "s");
		return EXIT_CONFIG;
	}
	debug(DEBUG_CONFIG, "%s: %d links, %d devices, %d register maps, plan %s, SHA-256 %.16s...", config.path,
	      (int)config.link_count, (int)config.device_count, (int)config.map_count, config.engine.plan.name,
	      config.hash_hex);
	if (!options->check)
		return -1;
	return config_print(&config, stdout) == 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* All signals arrive through the engine's signalfd; threads started later inherit the mask. */
static int block_signals(void)
{
	sigset_t signals;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
		return -1;
	/* A closed socket and a full file are error codes where they happen, not the end of the monitor. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reply_released(void *context, uint64_t id, enum result result, bool durable)
{
	/* Recorder thread. */
	(void)context;
	desk_reply(loop.desk, id, durable || result != RESULT_OK ? result : RESULT_NOT_RECORDED);
}

/* Wake-ups on time: no timer slack, memory locked, real-time class when the configuration asks and the system lets us.
 */
static void make_punctual(void)
{
	if (prctl(PR_SET_TIMERSLACK, 1UL) != 0)
		perform_notice(&loop, SEVERITY_WARNING, "not-punctual", "timer slack could not be set");
	if (config.realtime_priority == 0)
		return;
	struct sched_param param = {.sched_priority = config.realtime_priority};
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		perform_notice(&loop, SEVERITY_WARNING, "not-punctual", "memory could not be locked");
	if (sched_setscheduler(0, SCHED_FIFO, &param) != 0)
		perform_notice(&loop, SEVERITY_WARNING, "not-punctual", "real-time scheduling was refused");
}

static bool fail(const char *what)
{
	int error = errno;
	(void)fprintf(stderr, "vitalsd: %s: %s\n", what, strerror(error));
	return false;
}

/* Once the name is claimed it stays so until the process ends. *claimed: as far as this computer lets us. */
static bool claim_name(const struct options *options, bool *claimed)
{
	int fd;
	switch (claim_bedside(CLAIM_DIRECTORY, config.engine.bedside, options->bedside != NULL, &fd)) {
	case CLAIM_HELD:
		*claimed = true;
		return true;
	case CLAIM_TAKEN:
		(void)fprintf(stderr, "vitalsd: a monitor of bedside \"%s\" runs on this computer already\n",
		              config.engine.bedside);
		return false;
	case CLAIM_IMPOSSIBLE: /* on a bench there is no such directory; a bedside must not stay dark for it */
		*claimed = options->bedside == NULL;
		return true;
	}
	return false;
}

/* The whole of a small file; NULL if it cannot be read. Freed by the recorder. */
static char *read_text(const char *path)
{
	enum { MOST = 1 << 20 };
	char *text = malloc(MOST);
	FILE *file = fopen(path, "re");
	size_t size = text == NULL || file == NULL ? 0 : fread(text, 1, MOST - 1, file);
	bool whole = file != NULL && feof(file) != 0 && size > 0;
	if (file != NULL && fclose(file) != 0)
		whole = false;
	if (!whole) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}

/* A session that is open goes on with the plan that it was opened with, whatever the file says by now. */
static bool keep_plan(const struct options *options)
{
	const char *old = restore_old_plan(loop.recorder, &config);
	const struct config_wish wish = {.bedside = options->bedside, .plan_path = old, .in_use = true};
	if (old == NULL)
		return false;
	if (config_read_as(&config, options->config_path, &wish, stderr) == 0)
		return true;
	/* What this program does not take any more. The file's plan was read before. */
	const struct config_wish files = {.bedside = options->bedside, .in_use = true};
	return config_read_as(&config, options->config_path, &files, stderr) != 0;
}

/* The record, and out of it and the black box what the monitor knew when it was last there. */
static bool take_up(const struct options *options, struct record_start *record)
{
	loop.recorder = recorder_start(&config, loop.mailbox, options->use_stderr, reply_released, NULL);
	if (loop.recorder == NULL)
		return false;
	bool kept = keep_plan(options);
	record->plan_path = config.plan_path;
	record->plan_text = read_text(config.plan_path);
	record->config_path = config.path;
	record->config_text = read_text(config.path);
	if (!restore_engine(&loop, record, kept))
		return fail("black box");
	record->box = loop.box;
	return true;
}

/* The start list. The publisher comes before any thread; the links come last, when there is somebody to judge. */
static bool start(const struct options *options)
{
	struct audit_line audit;
	struct record_start record = {0};
	struct mono now = shell_now();
	bool claimed;

	loop.config = &config;
	loop.stream.config_hash_hex = config.hash_hex;
	loop.stream.plan_hash_hex = config.plan_hash_hex;
	loop.signal_fd = block_signals();
	if (loop.signal_fd < 0)
		return fail("signals");
	if (!claim_name(options, &claimed))
		return false;
	loop.mailbox = mailbox_open();
	if (loop.mailbox == NULL)
		return fail("mailbox");
	if (!take_up(options, &record))
		return false;
	loop.publisher = publisher_start(&config);
	if (loop.publisher == NULL)
		return fail("publisher");
	loop.desk = desk_open(config.engine.bedside, config.engine.plan.demo, loop.mailbox);
	if (loop.desk == NULL)
		return fail("desk");
	loop.local_socket = local_socket_start(config.control_socket, loop.desk);
	if (loop.local_socket == NULL)
		return false;
	perform_new_epoch(&loop, now);
	audit_start(&audit, &config, loop.stream.epoch, &record.run);
	if (!recorder_write(loop.recorder, audit.severity, shell_wall_ns(), audit.kind, audit.line.text))
		return false;
	if (!recorder_run(loop.recorder, &record))
		return false;
	if (!claimed)
		perform_notice(&loop, SEVERITY_WARNING, "name-not-claimed",
		               "another monitor of this name would not be noticed: " CLAIM_DIRECTORY " cannot be used");
	if (!reload_start(&loop.reload, &config, options->bedside))
		return fail("reload thread");
	make_punctual();
	loop.links = links_start(&config, loop.mailbox);
	if (loop.links == NULL)
		return fail("links");
	return true;
}

/* The other way round. Each wait is bounded, so stopping takes a few seconds at the worst. */
static bool stop(const char *why)
{
	bool clean = true, desk_idle = true;
	struct audit_line audit;
	if (loop.links != NULL && links_stop(loop.links, STOP_WAIT_MS) != 0)
		clean = false;
	if (!dump_end(&loop.dump, mono_after(shell_now(), STOP_WAIT_MS * NS_PER_MS)))
		clean = false;
	if (loop.recorder != NULL) {
		audit_stop(&audit, why);
		if (!recorder_write(loop.recorder, audit.severity, shell_wall_ns(), audit.kind, audit.line.text))
			clean = false;
		if (!recorder_stop(loop.recorder, STOP_RECORDER_MS))
			clean = desk_idle = false;
	}
	if (loop.local_socket != NULL && !local_socket_stop(loop.local_socket, STOP_WAIT_MS))
		desk_idle = false;
	if (desk_idle) /* else a thread that is stuck may still come back to it */
		desk_close(loop.desk);
	if (loop.publisher != NULL)
		publisher_stop(loop.publisher, STOP_WAIT_MS);
	if (!reload_stop(&loop.reload, STOP_WAIT_MS))
		clean = false;
	return clean;
}

/* Started without standard input, output or error, the first descriptors that are opened would take their numbers, and
 * whatever a library prints would go to the engine's mailbox. */
static bool fill_standard_fds(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR); /* the lowest that is free; left to the publisher child as well */
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
	struct options options = {0};

	if (!fill_standard_fds())
		return EXIT_FAILED;
	if (argc == 2 && strcmp(argv[1], "--publisher-child") == 0)
		return publisher_child_main();
	int code = parse(argc, argv, &options);
	if (code >= 0)
		return code;
	code = read_config(&options);
	if (code >= 0)
		return code;
	notify_open();
	if (!start(&options)) {
		(void)stop("start-failed"); /* the exit code says it already */
		return EXIT_FAILED;
	}
	notify_ready();
	int signal_number = loop_run(&loop);
	notify_send("STOPPING=1");
	return stop(signal_number == SIGTERM ? "SIGTERM" : "SIGINT") ? EXIT_OK : EXIT_FAILED;
}
