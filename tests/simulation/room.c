/* One simulated session: who is next (engine, devices, staff, displays, services), one step at a time, the oracle after
 * each. Time moves only from one event or deadline to the next. */
#include <math.h>
#include <string.h>

#include "tests/simulation/simulation.h"

#define WALL_START_NS  (INT64_C(1767225600) * NS_PER_S)
#define SESSION_MAX_NS (8 * 60 * MINUTE)
#define THOROUGH_EVERY 512 /* steps between two looks at what a copy of the whole engine would do */

bool chance(struct room *room, double probability)
{
	return prng_uniform(&room->prng) < probability;
}

double between(struct room *room, double low, double high)
{
	return low + (high - low) * prng_uniform(&room->prng);
}

int64_t seconds(double s)
{
	return (int64_t)(s * 1000.0) * NS_PER_MS;
}

static int64_t in_about(struct room *room, double mean_s)
{
	return room->now + seconds(1 - mean_s * log(1 - prng_uniform(&room->prng)));
}

void room_step(struct room *room)
{
	room->event.wall_ns = WALL_START_NS + room->now;
	if (room->trace)
		trace_event(room);
	restart_note(room);
	engine_step(&room->engine, &room->event, (struct mono){room->now}, &room->actions);
	room->tally->steps++;
	if (room->trace)
		trace_actions(room);
	world_heed(room);
	if (room->wrong == NULL)
		room->wrong = restart_maybe(room);
	if (room->wrong == NULL)
		room->wrong = oracle_check(room);
	if (room->wrong == NULL)
		room->wrong =
		    shadow_look(&room->engine, &room->event, &room->actions, room->tally->steps % THOROUGH_EVERY == 0);
	devices_heed(room);
	staff_heed(room);
}

static void display_turn(struct room *room)
{
	struct event_command *c = &room->event.u.command;

	room->next_display = room->now + room->config.display_within_ns / 3;
	if (room->now < room->display_dead_until)
		return;
	if (chance(room, 0.001))
		room->display_dead_until = room->now + seconds(between(room, 10, 200));
	room->event = (struct event){.kind = EVENT_COMMAND};
	c->command = COMMAND_RECEIPT;
	c->id = ++room->staff.command_id;
	memcpy(c->actor, "display", sizeof("display"));
	memcpy(c->u.receipt.display, room->config.displays[0], NAME_BYTES);
	c->u.receipt.shown = (struct mono){room->now};
	room_step(room);
}

static void service_turn(struct room *room)
{
	static const enum service which[] = {SERVICE_RECORDER, SERVICE_PUBLISHER, SERVICE_CONFIG, SERVICE_ENGINE};

	if (!room->service_failed)
		room->failing = which[prng_next(&room->prng) % 4];
	room->service_failed = !room->service_failed;
	room->next_service = in_about(room, room->service_failed ? 60 : 2400);
	room->event = (struct event){.kind = EVENT_SERVICE, .u.service = {room->failing, !room->service_failed}};
	room_step(room);
}

static void clock_turn(struct room *room)
{
	room->next_clock = in_about(room, 5000);
	room->event = (struct event){.kind = EVENT_CLOCK, .u.clock = {seconds(between(room, -40, 40))}};
	room_step(room);
}

static void tick(struct room *room)
{
	room->event = (struct event){.kind = EVENT_TICK};
	room_step(room);
}

static void room_begin(struct room *room, const struct engine_config *config, uint64_t seed, enum trouble trouble,
                       bool trace)
{
	struct tally *tally = room->tally;
	struct patient patient = room->patient;
	double noise = room->noise;
	bool placebo = room->placebo, artefacts = room->artefacts;

	memset(room, 0, sizeof(*room));
	room->tally = tally;
	room->patient = patient;
	room->noise = noise;
	room->placebo = placebo;
	room->artefacts = artefacts;
	room->config = *config;
	room->seed = seed;
	room->prng.state = seed;
	room->trouble = trouble;
	room->trace = trace;
	room->now = 5 * NS_PER_S;
	room->next_display = room->next_service = room->next_clock = NEVER;
}

/* How often the devices bring values decides how many steps a session has: one in forty runs at the devices' real rate.
 */
static double draw_period(struct room *room)
{
	double u = prng_uniform(&room->prng);

	if (room->artefacts)
		return 2; /* they are shorter than 20 s */
	if (room->trouble == TROUBLE_NONE)
		return 20;
	return u < 0.025 ? 1 : u < 0.1 ? 3 : u < 0.3 ? 8 : u < 0.6 ? 12 : 20;
}

static void draw_room(struct room *room)
{
	struct engine_config *config = &room->config;

	room->speed = draw_period(room);
	config->devices[OXIMETER].period_ns = seconds(room->speed);
	config->devices[ECG].period_ns = seconds(room->speed);
	config->devices[CUFF].period_ns = seconds(room->speed * 3);
	config->display_count = 0;
	if (room->trouble == TROUBLE_NONE)
		return;
	room->noise = between(room, 1, 8);
	config->devices[OXIMETER].same_limb = chance(room, 0.3);
	config->devices[CUFF].cuff_command = !chance(room, 0.1);
	if (chance(room, 0.15)) {
		config->display_count = 1;
		memcpy(config->displays[0], "bedside", sizeof("bedside"));
		config->display_within_ns = seconds(between(room, 20, 60));
		room->next_display = room->now + 3 * NS_PER_S;
	}
	room->next_service = in_about(room, 3000);
	room->next_clock = in_about(room, 5000);
}

static void turn(struct room *room, int64_t deadline)
{
	int64_t devices = devices_next(room), staff = staff_next(room), next = deadline;

	next = devices < next ? devices : next;
	next = staff < next ? staff : next;
	next = room->next_display < next ? room->next_display : next;
	next = room->next_service < next ? room->next_service : next;
	next = room->next_clock < next ? room->next_clock : next;
	room->now = next > room->now ? next : room->now;
	if (next == deadline)
		tick(room);
	else if (next == devices)
		devices_turn(room);
	else if (next == staff)
		staff_turn(room);
	else if (next == room->next_display)
		display_turn(room);
	else if (next == room->next_service)
		service_turn(room);
	else
		clock_turn(room);
}

static const char *room_live(struct room *room)
{
	if (room->placebo)
		room->patient.peak_sys = room->patient.peak_dia = room->patient.peak_hr = 0;
	engine_init(&room->engine, &room->config, (struct mono){room->now});
	if (room->trouble == TROUBLE_RANDOM && !restart_begin(room))
		return "no memory for a black box";
	shadow_begin();
	world_begin(room);
	devices_begin(room);
	staff_begin(room);
	room->tally->sessions++;
	while (room->wrong == NULL && !room->staff.done) {
		int64_t deadline = engine_deadline(&room->engine).ns;

		if (deadline <= room->engine.now.ns)
			return "the deadline has passed";
		/* The loop is late now and then. */
		if (room->trouble == TROUBLE_RANDOM && deadline != NEVER && chance(room, 0.02))
			deadline += seconds(between(room, 0, 3));
		turn(room, deadline);
		if (room->now > SESSION_MAX_NS)
			return "the session does not end";
	}
	return room->wrong;
}

const char *room_run(struct room *room, const struct engine_config *config, uint64_t seed, enum trouble trouble,
                     enum session_kind kind, bool trace)
{
	room_begin(room, config, seed, trouble, trace);
	draw_room(room);
	patient_init(&room->patient, seed ^ UINT64_C(0x5bd1e995), kind, room->speed);
	const char *wrong = room_live(room);
	restart_end(room);
	return wrong;
}

const char *room_again(struct room *room, const struct engine_config *config, uint64_t seed)
{
	room_begin(room, config, seed, TROUBLE_NONE, false);
	draw_room(room);
	return room_live(room);
}
