/* The simulated pulse oximeter: its thread writes one Masimo ASCII 1 line a second (layout of a Rad-8) to whoever is
 * connected, 9600 8N1 pace on a pty. A new line waits for the main thread's tick, so that line and truth agree. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "clients/sim/sim.h"

#define BAUD      9600
#define BITS      10 /* 8N1 */
#define CHUNK     8
#define ABSENT_MS 10

#define EXC_RUNNING       0x800U
#define EXC_DEFECTIVE     0x02U
#define EXC_LOW_PERFUSION 0x04U
#define EXC_SEARCH        0x08U
#define EXC_INTERFERENCE  0x10U
#define EXC_SENSOR_OFF    0x20U
#define ALARM_SPO2_LOW    0x02U
#define ALARM_PR_HIGH     0x04U
#define ALARM_PR_LOW      0x08U
#define ALARM_ACTIVE      0x10U

/* What the oximeter has to say about its values. */
struct say {
	bool values;
	unsigned exceptions;
};

static struct say say_of(const struct device_state *state)
{
	static const unsigned bits[COMPLAINT_COUNT] = {
	    [COMPLAINT_SENSOR_OFF] = EXC_SENSOR_OFF,    [COMPLAINT_SENSOR_FAULT] = EXC_DEFECTIVE,
	    [COMPLAINT_SEARCHING] = EXC_SEARCH,         [COMPLAINT_NO_PULSE] = EXC_SEARCH, /* it has no other word */
	    [COMPLAINT_LOW_SIGNAL] = EXC_LOW_PERFUSION, [COMPLAINT_INTERFERENCE] = EXC_INTERFERENCE,
	};

	if (state->probe_off)
		return (struct say){false, EXC_SENSOR_OFF};
	return (struct say){!state->silent_values,
	                    state->silent_values || state->doubtful ? bits[state->complaint] : EXC_RUNNING};
}

static size_t write_line(const struct vitals *vitals, struct say say, char *line, size_t capacity)
{
	time_t wall = time(NULL);
	struct tm clock;
	char stamp[80], values[64];
	long spo2 = lround(vitals->spo2), bpm = lround(vitals->pulse);
	unsigned alarm = 0;

	if (gmtime_r(&wall, &clock) == NULL)
		return 0;
	(void)snprintf(stamp, sizeof stamp, "%02d/%02d/%02d %02d:%02d:%02d", clock.tm_mon + 1, clock.tm_mday,
	               clock.tm_year % 100, clock.tm_hour, clock.tm_min, clock.tm_sec);
	if (say.values) {
		alarm |=
		    (spo2 < 90 ? ALARM_SPO2_LOW : 0) | (bpm > 140 ? ALARM_PR_HIGH : 0) | (bpm < 50 ? ALARM_PR_LOW : 0);
		alarm |= alarm != 0 ? ALARM_ACTIVE : 0;
		(void)snprintf(values, sizeof values, "SPO2=%03ld%% BPM=%03ld PI=%05.2f%%", spo2, bpm,
		               4.5 + 0.3 * sin(vitals->time_s / 7));
	} else {
		(void)snprintf(values, sizeof values, "SPO2=---%% BPM=--- PI=--.--%%");
	}
	int count = snprintf(
	    line, capacity, "%s SN=0000000000 %s SPCO=--.-%% SPMET=--.-%% DESAT=-- PIDELTA=+-- ALARM=%04X EXC=%06X\r\n",
	    stamp, values, alarm, say.exceptions);

	return count > 0 && (size_t)count < capacity ? (size_t)count : 0;
}

/* A line as the mode puts it on the wire. */
static void prepare(struct oximeter *oximeter, struct playout *playout, enum mode mode, double number,
                    const struct vitals *vitals, struct say say)
{
	bool tcp = oximeter->wire.kind == WIRE_TCP;
	size_t before = 0;

	*playout = (struct playout){.due_ns = sim_now_ns()};
	if (mode == MODE_HANG)
		return;
	if (mode == MODE_GARBAGE)
		for (before = 0; before < 24; before++)
			playout->bytes[before] = (uint8_t)prng_next(&oximeter->prng);
	playout->count = write_line(vitals, say, (char *)playout->bytes + before, PLAYOUT_BYTES - before) + before;
	if (mode == MODE_CUT)
		playout->count /= 2;
	playout->chunk = tcp ? PLAYOUT_BYTES : CHUNK;
	playout->gap_ns = tcp ? 0 : CHUNK * BITS * NS_PER_S / BAUD;
	if (mode == MODE_DRIBBLE) {
		playout->chunk = 1;
		playout->gap_ns = (int64_t)number * NS_PER_MS;
	}
	if (mode == MODE_LATE)
		playout->due_ns += (int64_t)number * NS_PER_MS;
}

static void turn(struct oximeter *oximeter, struct playout *playout)
{
	struct wire *wire = &oximeter->wire;
	struct pollfd list[WIRE_FDS + 1];
	uint8_t ignored[64];
	const uint8_t *bytes;
	int64_t wait_ms = playout_wait_ms(playout, sim_now_ns());

	(void)wire_poll_list(wire, list);
	list[WIRE_FDS] = (struct pollfd){.fd = oximeter->world->device[DEVICE_OXIMETER].wake, .events = POLLIN};
	if (wait_ms < 0)
		wait_ms = wire->absent ? ABSENT_MS : 1000;
	if (poll(list, WIRE_FDS + 1, (int)wait_ms) < 0)
		return;
	if (list[WIRE_FDS].revents != 0) {
		eventfd_t count;

		(void)eventfd_read(list[WIRE_FDS].fd, &count); /* only wakes */
	}
	if (list[0].revents != 0)
		wire_accept(wire);
	for (size_t i = 1; i < WIRE_FDS; i++)
		if (list[i].revents != 0)
			(void)wire_read(wire, i - 1, ignored, sizeof ignored); /* the device has no commands */
	size_t count = playout_take(playout, sim_now_ns(), &bytes);

	for (size_t i = 0; count > 0 && i < WIRE_PEERS; i++)
		wire_write(wire, i, bytes, count);
}

static void follow_cable(struct oximeter *oximeter, struct playout *playout, bool plugged)
{
	char error[SIM_TEXT];

	if (plugged == wire_plugged(&oximeter->wire))
		return;
	playout->count = 0;
	if (!plugged)
		wire_pull(&oximeter->wire);
	else if (!wire_plug(&oximeter->wire, error))
		(void)fprintf(stderr, "vitals-sim: %s: %s\n", oximeter->wire.name, error);
}

static void *oximeter_run(void *context)
{
	struct oximeter *oximeter = context;
	struct world *world = oximeter->world;
	struct playout playout = {0};
	uint32_t tick = 0;
	bool stopping = false;

	while (!stopping) {
		world_lock(world);
		struct device_state state = world->device[DEVICE_OXIMETER];
		enum mode mode = world_mode(world, DEVICE_OXIMETER, sim_now_ns());
		struct vitals vitals = world->vitals;
		bool fresh = world->tick != tick;

		tick = world->tick;
		stopping = world->stopping;
		world_unlock(world);
		follow_cable(oximeter, &playout, state.plugged);
		wire_check(&oximeter->wire);
		if (fresh && !playout_busy(&playout)) /* a line slower than a second swallows the next */
			prepare(oximeter, &playout, mode, state.mode_number, &vitals, say_of(&state));
		turn(oximeter, &playout);
	}
	wire_pull(&oximeter->wire);
	return NULL;
}

bool oximeter_start(struct oximeter *oximeter, char error[SIM_TEXT])
{
	if (!wire_plug(&oximeter->wire, error))
		return false;
	int code = pthread_create(&oximeter->thread, NULL, oximeter_run, oximeter);

	if (code != 0) {
		(void)snprintf(error, SIM_TEXT, "thread: %s", strerrordesc_np(code));
		wire_pull(&oximeter->wire);
		return false;
	}
	oximeter->running = true;
	return true;
}

void oximeter_join(struct oximeter *oximeter)
{
	if (oximeter->running)
		(void)pthread_join(oximeter->thread, NULL); /* it was started */
	oximeter->running = false;
}
