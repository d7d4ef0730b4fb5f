/* vitals-sim: the main thread. It owns the clock, the scenario, the commands and the patient, and ticks once a second;
 * the devices' threads read the world it leaves under one lock. The start and the end are to be read from main(). */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/sim/options.h"

#define CUFF_SECONDS     25
#define CUFF_SECONDS_MIN 4
#define COMMAND_BYTES    256
#define MODBUS_UNIT      1

struct commands {
	int fd;    /* -1: none, or ended */
	bool made; /* the FIFO is ours to remove */
	bool overlong;
	size_t count;
	char line[COMMAND_BYTES];
};

struct simulator {
	struct options options;
	struct world world;
	struct patient patient;
	struct scenario scenario;
	struct commands commands;
	struct oximeter oximeter;
	struct modbus_device modbus[2]; /* cuff, ecg */
	int64_t anchor_ns[FROM_COUNT];  /* 0: has not happened */
	int64_t next_tick_ns;
	int signals;
	bool quit;
};

int64_t sim_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void world_lock(struct world *world)
{
	(void)pthread_mutex_lock(&world->lock); /* never recursive, never destroyed while in use */
}

void world_unlock(struct world *world)
{
	(void)pthread_mutex_unlock(&world->lock); /* held by the caller */
}

enum mode world_mode(struct world *world, enum device device, int64_t now_ns)
{
	struct device_state *state = &world->device[device];

	if (state->mode == MODE_HANG && now_ns >= state->hang_until_ns)
		state->mode = MODE_NORMAL;
	return state->mode;
}

static void wake_devices(struct world *world)
{
	for (int i = 0; i < DEVICE_COUNT; i++)
		if (world->device[i].used)
			(void)eventfd_write(world->device[i].wake, 1); /* full means: already woken */
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* With the world's lock held. */
static void apply_to_devices(struct world *world, const struct sim_event *event, int64_t now_ns)
{
	struct device_state *state = &world->device[event->device];

	switch (event->what) {
	case HAPPEN_PROBE_OFF:
	case HAPPEN_PROBE_ON:
		state->probe_off = event->what == HAPPEN_PROBE_OFF;
		break;
	case HAPPEN_LEAD_OFF:
	case HAPPEN_LEAD_ON:
		world->device[DEVICE_ECG].lead_off = event->what == HAPPEN_LEAD_OFF;
		break;
	case HAPPEN_CABLE_PULL:
	case HAPPEN_CABLE_PLUG:
		state->plugged = event->what == HAPPEN_CABLE_PLUG;
		break;
	case HAPPEN_CUFF_FAIL:
		world->cuff.fail_next = (int)event->number[0];
		break;
	case HAPPEN_CUFF_SECONDS:
		world->cuff.seconds = event->number[0];
		break;
	case HAPPEN_CUFF_BUTTON:
		(void)cuff_command(&world->cuff, 1, now_ns); /* one that runs goes on */
		break;
	case HAPPEN_NO_VALUE:
	case HAPPEN_DOUBT:
	case HAPPEN_VALUE:
		state->silent_values = event->what == HAPPEN_NO_VALUE;
		state->doubtful = event->what == HAPPEN_DOUBT;
		state->complaint = event->complaint;
		break;
	case HAPPEN_MODE:
		state->mode = event->mode;
		state->mode_number = event->number[0];
		state->hang_until_ns = now_ns + (int64_t)(event->number[0] * (double)NS_PER_S);
		break;
	case HAPPEN_INFUSION_START:
	case HAPPEN_INFUSION_STOP:
	case HAPPEN_QUIT:
	case HAPPEN_DESATURATION:
	case HAPPEN_VASOVAGAL:
	case HAPPEN_SURGE:
	case HAPPEN_TACHYCARDIA:
	case HAPPEN_APNOEA:
	case HAPPEN_HYPOVENTILATION:
	case HAPPEN_BASELINE:
	case HAPPEN_COURSE:
	case HAPPEN_PULSE_FOLLOWS:
		break;
	}
}

static void apply(struct simulator *sim, const struct sim_event *event)
{
	int64_t now_ns = sim_now_ns();

	if (event->prompt != NULL) {
		(void)printf("staff: %s\n", event->prompt);
		return;
	}
	if (event->what == HAPPEN_INFUSION_START)
		sim->anchor_ns[FROM_START] = now_ns;
	if (event->what == HAPPEN_INFUSION_STOP)
		sim->anchor_ns[FROM_STOP] = now_ns;
	sim->quit = sim->quit || event->what == HAPPEN_QUIT;
	world_lock(&sim->world);
	apply_to_devices(&sim->world, event, now_ns);
	world_unlock(&sim->world);
	patient_event(&sim->patient, event->what, event->number);
	if (event->what == HAPPEN_COURSE)
		patient_tell(&sim->patient, event->vital, event->number);
	wake_devices(&sim->world);
}

static int64_t event_time_ns(const struct simulator *sim, const struct sim_event *event)
{
	if (event->done || sim->anchor_ns[event->anchor] == 0)
		return INT64_MAX;
	return sim->anchor_ns[event->anchor] + (int64_t)(event->at_s * (double)NS_PER_S);
}

/* All that are due, the earliest first; returns when the next one is. Each one happens once, so this ends. */
static int64_t run_scenario(struct simulator *sim, int64_t now_ns)
{
	for (;;) {
		struct sim_event *first = NULL;
		int64_t first_ns = INT64_MAX;

		for (size_t i = 0; i < sim->scenario.count; i++) {
			int64_t at_ns = event_time_ns(sim, &sim->scenario.list[i]);

			if (at_ns < first_ns) {
				first_ns = at_ns;
				first = &sim->scenario.list[i];
			}
		}
		if (first == NULL || first_ns > now_ns)
			return first_ns;
		first->done = true;
		apply(sim, first);
	}
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static bool commands_open(struct commands *commands, const char *path, char error[SIM_TEXT])
{
	struct stat found;

	commands->fd = STDIN_FILENO;
	if (path == NULL)
		return true;
	commands->made = mkfifo(path, 0600) == 0;
	/* Opened for both, so that it does not end when one writer has gone. */
	commands->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (commands->fd >= 0 && fstat(commands->fd, &found) == 0 && S_ISFIFO(found.st_mode))
		return true;
	(void)snprintf(error, SIM_TEXT, "--commands %.200s: cannot be opened as a FIFO", path);
	return false;
}

static void commands_close(struct commands *commands, const char *path)
{
	if (commands->fd > STDIN_FILENO)
		(void)close(commands->fd); /* only read */
	if (commands->made)
		(void)unlink(path); /* gone already is as good */
}

static void command(struct simulator *sim, char *line)
{
	struct sim_event event;
	char error[SIM_TEXT];

	if (line[strspn(line, " \t\r")] == '\0')
		return;
	if (scenario_parse_event(line, &event, error))
		apply(sim, &event);
	else
		(void)fprintf(stderr, "vitals-sim: command: %s\n", error);
}

static void commands_read(struct simulator *sim)
{
	struct commands *commands = &sim->commands;
	char bytes[COMMAND_BYTES];
	ssize_t got = read(commands->fd, bytes, sizeof bytes);
	int code = errno;

	if (got < 0 && (code == EAGAIN || code == EINTR))
		return;
	if (got <= 0) {
		commands->fd = -1; /* standard input has ended: the simulator goes on without */
		return;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n') {
			commands->line[commands->count] = '\0';
			commands->count = 0;
			if (commands->overlong)
				(void)fprintf(stderr, "vitals-sim: command: line too long\n");
			else
				command(sim, commands->line);
			commands->overlong = false;
		} else if (bytes[i] == '\0' || commands->count == COMMAND_BYTES - 1) {
			commands->overlong = true;
		} else {
			commands->line[commands->count++] = bytes[i];
		}
	}
}

/* ---- clock ------------------------------------------------------------------------------------------------------- */

static const char *or_null(char text[16], uint16_t value)
{
	(void)snprintf(text, 16, "%u", value);
	return value == CUFF_MISSING ? "null" : text;
}

static void print_truth(const struct simulator *sim, const struct cuff *cuff)
{
	const struct vitals *v = &sim->patient.now;
	char text[4][16];

	(void)printf("{\"t\":%.0f,\"minute\":%.2f,\"dosing\":%s,\"ng_ml\":%.2f,\"sys\":%.2f,\"dia\":%.2f,\"mean\":%.2f,"
	             "\"hr\":%.3f,\"spo2\":%.3f,\"resp\":%.3f,\"etco2\":%.3f,\"shown_spo2\":%ld,\"shown_bpm\":%ld,"
	             "\"shown_resp_x10\":%ld,\"shown_etco2_x10\":%ld,\"cuff_measuring\":%s,\"cuff_sequence\":%u,"
	             "\"cuff_status\":%u,\"cuff_sys\":%s,\"cuff_dia\":%s,\"cuff_mean\":%s,\"cuff_pulse\":%s}\n",
	             v->time_s, v->minute, sim->patient.started && pk_dosing(&sim->patient.pk) ? "true" : "false",
	             v->ng_ml, v->sys, v->dia, v->mean, v->hr, v->spo2, v->resp, v->etco2, lround(v->spo2),
	             lround(v->pulse), lround(v->resp * 10), lround(v->etco2 * 10), cuff->measuring ? "true" : "false",
	             cuff->sequence, cuff->status, or_null(text[0], cuff->sys), or_null(text[1], cuff->dia),
	             or_null(text[2], cuff->mean), or_null(text[3], cuff->pulse));
}

static void tick(struct simulator *sim, int64_t now_ns)
{
	if (now_ns < sim->next_tick_ns)
		return;
	/* A machine that slept does not run through all it missed. */
	sim->next_tick_ns += NS_PER_S;
	if (sim->next_tick_ns < now_ns)
		sim->next_tick_ns = now_ns + NS_PER_S;
	patient_step(&sim->patient);
	world_lock(&sim->world);
	sim->world.vitals = sim->patient.now;
	sim->world.tick++;
	cuff_update(&sim->world.cuff, &sim->world, now_ns);
	/* Printed before the lock is given back: whatever arrives over a wire has been told before. */
	if (sim->options.print_truth)
		print_truth(sim, &sim->world.cuff);
	world_unlock(&sim->world);
	wake_devices(&sim->world);
}

static void run(struct simulator *sim)
{
	int64_t end_ns = INT64_MAX;

	sim->anchor_ns[FROM_BEGIN] = sim_now_ns();
	sim->next_tick_ns = sim->anchor_ns[FROM_BEGIN] + NS_PER_S;
	if (sim->options.seconds > 0)
		end_ns = sim->anchor_ns[FROM_BEGIN] + (int64_t)(sim->options.seconds * (double)NS_PER_S);
	while (!sim->quit) {
		int64_t now_ns = sim_now_ns();
		int64_t next_ns = run_scenario(sim, now_ns);

		tick(sim, now_ns);
		if (now_ns >= end_ns)
			return;
		if (next_ns > sim->next_tick_ns)
			next_ns = sim->next_tick_ns;
		if (next_ns > end_ns)
			next_ns = end_ns;
		int64_t wait_ms = next_ns > now_ns ? (next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
		struct pollfd list[2] = {{.fd = sim->signals, .events = POLLIN},
		                         {.fd = sim->commands.fd, .events = POLLIN}};

		if (poll(list, 2, (int)wait_ms) < 0)
			continue;
		if (list[0].revents != 0)
			return;
		if (list[1].revents != 0)
			commands_read(sim);
	}
}

/* ---- start and end ----------------------------------------------------------------------------------------------- */

static bool prepare_device(struct simulator *sim, enum device device, struct wire *wire, char error[SIM_TEXT])
{
	const struct options *options = &sim->options;
	struct device_state *state = &sim->world.device[device];

	state->used = state->plugged = options->pty[device] != NULL || options->tcp[device] >= 0;
	if (!state->used)
		return true;
	*wire = (struct wire){.kind = options->pty[device] != NULL ? WIRE_PTY : WIRE_TCP,
	                      .name = device_names[device],
	                      .path = options->pty[device],
	                      .bind = options->bind,
	                      .port = options->tcp[device] > 0 ? (uint16_t)options->tcp[device] : 0};
	state->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (state->wake >= 0)
		return true;
	(void)snprintf(error, SIM_TEXT, "eventfd: %s", strerrordesc_np(errno));
	return false;
}

static bool start_devices(struct simulator *sim, char error[SIM_TEXT])
{
	struct world *world = &sim->world;
	uint64_t seed = sim->options.seed;

	sim->oximeter.world = world;
	sim->oximeter.prng.state = seed + 3;
	if (!prepare_device(sim, DEVICE_OXIMETER, &sim->oximeter.wire, error) ||
	    (world->device[DEVICE_OXIMETER].used && !oximeter_start(&sim->oximeter, error)))
		return false;
	for (int i = 0; i < 2; i++) {
		enum device device = i == 0 ? DEVICE_CUFF : DEVICE_ECG;

		sim->modbus[i].world = world;
		sim->modbus[i].device = device;
		sim->modbus[i].prng.state = seed + 4 + (uint64_t)i;
		sim->modbus[i].baud = sim->options.baud;
		sim->modbus[i].unit = MODBUS_UNIT;
		if (!prepare_device(sim, device, &sim->modbus[i].wire, error) ||
		    (world->device[device].used && !modbus_device_start(&sim->modbus[i], error)))
			return false;
	}
	return true;
}

static void announce(const struct wire *wire)
{
	if (wire->name == NULL)
		return;
	if (wire->kind == WIRE_TCP)
		(void)printf("listening %s %s:%u\n", wire->name, wire->bind, (unsigned)wire->port);
	else
		(void)printf("pty %s %s\n", wire->name, wire->path);
}

static void end_devices(struct simulator *sim)
{
	world_lock(&sim->world);
	sim->world.stopping = true;
	world_unlock(&sim->world);
	wake_devices(&sim->world);
	oximeter_join(&sim->oximeter);
	modbus_device_join(&sim->modbus[0]);
	modbus_device_join(&sim->modbus[1]);
}

static int print_pk(enum session_kind kind)
{
	struct pk pk;

	pk_start(&pk, kind);
	(void)printf("minute,ng_ml\n");
	for (int minute = 0; minute <= PK_MINUTES; minute++) {
		(void)printf("%d,%.3f\n", minute, pk_ng_ml(&pk));
		pk_advance(&pk, 1);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}

static int print_sessions(const struct options *options)
{
	(void)printf("baseline_sys,baseline_dia,baseline_hr,rise_sys,rise_dia,rise_hr\n");
	for (uint32_t i = 0; i < options->sessions; i++) {
		struct patient p;

		patient_init(&p, options->seed + i, options->session, 1);
		(void)printf("%.2f,%.2f,%.2f,%.2f,%.2f,%.2f\n", p.base_sys, p.base_dia, p.base_hr, p.peak_sys,
		             p.peak_dia, p.peak_hr);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}

/* Blocked before any thread starts, so that all of them inherit it; taken by the main loop. */
static bool catch_signals(struct simulator *sim)
{
	sigset_t set;

	if (sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 || sigaddset(&set, SIGINT) != 0 ||
	    sigaddset(&set, SIGHUP) != 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	/* In the background of a terminal, reading standard input then is an error instead of a stop. */
	if (signal(SIGTTIN, SIG_IGN) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return false;
	sim->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return sim->signals >= 0;
}

static void make_cuff(struct cuff *cuff, const struct options *options)
{
	double seconds = CUFF_SECONDS / options->speed;

	if (seconds < CUFF_SECONDS_MIN)
		seconds = CUFF_SECONDS_MIN;
	*cuff = (struct cuff){.prng.state = options->seed + 2,
	                      .seconds = options->cuff_seconds > 0 ? options->cuff_seconds : seconds,
	                      .scatter = 5,
	                      .fail_rate = options->cuff_failures / 100,
	                      .sys = CUFF_MISSING,
	                      .dia = CUFF_MISSING,
	                      .mean = CUFF_MISSING,
	                      .pulse = CUFF_MISSING};
}

int main(int argc, char **argv)
{
	static struct simulator sim = {.world.lock = PTHREAD_MUTEX_INITIALIZER};
	char error[SIM_TEXT];

	if (!options_read(&sim.options, argc, argv, error) ||
	    (sim.options.scenario != NULL && !scenario_load(sim.options.scenario, &sim.scenario, error))) {
		(void)fprintf(stderr, "vitals-sim: %s\n", error);
		return 2;
	}
	if (sim.options.action == ACTION_HELP)
		return options_help(stdout) && fflush(stdout) == 0 ? 0 : 1;
	if (sim.options.action == ACTION_PRINT_PK)
		return print_pk(sim.options.session);
	if (sim.options.action == ACTION_PRINT_SESSIONS)
		return print_sessions(&sim.options);

	patient_init(&sim.patient, sim.options.seed, sim.options.session, sim.options.speed);
	make_cuff(&sim.world.cuff, &sim.options);
	sim.world.vitals = sim.patient.now;
	if (sim.scenario.story) {
		patient_event(&sim.patient, HAPPEN_BASELINE, sim.scenario.baseline);
		sim.world.cuff.scatter = sim.scenario.noise;
		sim.world.cuff.fail_rate = 0; /* a story says which ones fail */
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* a reader sees each line at once; without it only later */
	bool good = catch_signals(&sim);

	if (!good)
		(void)snprintf(error, sizeof error, "signals cannot be caught");
	good = good && commands_open(&sim.commands, sim.options.commands, error) && start_devices(&sim, error);
	if (good) {
		announce(&sim.oximeter.wire);
		announce(&sim.modbus[0].wire);
		announce(&sim.modbus[1].wire);
		(void)printf("ready\n");
		run(&sim);
	} else {
		(void)fprintf(stderr, "vitals-sim: %s\n", error);
	}
	end_devices(&sim);
	commands_close(&sim.commands, sim.options.commands);
	return good ? 0 : 1;
}
