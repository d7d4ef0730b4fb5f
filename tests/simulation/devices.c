/* The patient and the three devices of the simulated bedside: frames at their periods, cuff determinations that take
 * their time and fail, probes that fall off, links that drop, flap and fall silent. Sends exactly what a link thread
 * would.
 *
 * The artefacts of a normal day, for the alarm load: the probe is off eight times an hour for 25 s on average, a lead
 * twice an hour for 60 s, one cuff determination in ten fails, and in one session of five the patient goes to the
 * toilet for five minutes with everything off and nobody tells the monitor. */
#include <math.h>
#include <string.h>

#include "tests/simulation/simulation.h"

enum upset {
	UPSET_NONE,
	UPSET_DROP,    /* port gone */
	UPSET_FLAP,    /* gone and back, some times in a row */
	UPSET_SILENT,  /* connected, says nothing */
	UPSET_RESYNC,  /* one bad frame: looks for its place again */
	UPSET_REFUSED, /* something else answers */
	UPSET_OFF,     /* probe or lead off */
	UPSET_IMPLAUSIBLE,
	UPSET_NOISE, /* questionable, jumping values */
	UPSET_COUNT
};

static struct device *device_of(struct room *room, int d)
{
	return &room->devices[d];
}

static int64_t frame_after(struct room *room, int d)
{
	return room->now + (int64_t)((double)room->config.devices[d].period_ns * between(room, 0.98, 1.02));
}

static int64_t about(struct room *room, double mean_s)
{
	return room->now + seconds(-mean_s * log(1 - prng_uniform(&room->prng)));
}

static int64_t next_upset(struct room *room, int d)
{
	if (room->artefacts && d != CUFF)
		return about(room, d == OXIMETER ? 3600.0 / 8 : 3600.0 / 2);
	if (room->trouble == TROUBLE_NONE)
		return NEVER;
	return room->now + seconds(20 - 2000 * log(1 - prng_uniform(&room->prng)));
}

void patient_until(struct room *room)
{
	double steps = (double)room->now / NS_PER_S / room->speed;

	while (room->patient.now.time_s + 1 <= steps)
		patient_step(&room->patient);
}

/* A cuff that takes no commands measures by itself. */
static void plan_automatic(struct room *room)
{
	if (!room->config.devices[CUFF].cuff_command)
		device_of(room, CUFF)->cuff_result = room->now + seconds(between(room, 60, 420));
}

void devices_begin(struct room *room)
{
	room->away_from = room->artefacts && chance(room, 0.2) ? seconds(between(room, 4200, 7800)) : NEVER;
	for (int d = 0; d < DEVICE_TOTAL; d++) {
		struct device *device = device_of(room, d);

		device->next_frame = NEVER; /* not before it is up */
		device->cuff_result = NEVER;
		device->next_fault = NEVER;
		device->fault = UPSET_DROP;
		device->fault_until = room->now + seconds(between(room, 0.1, chance(room, 0.05) ? 60 : 3));
		if (d == CUFF)
			plan_automatic(room);
		if (room->trouble == TROUBLE_NONE)
			device->fault_until = room->now + (1 + d) * NS_PER_MS;
	}
}

static void say_device(struct room *room, int d, enum device_state state, enum device_fault fault)
{
	struct device *device = device_of(room, d);

	device->next_frame = state == DEVICE_UP ? room->now + seconds(between(room, 0.05, 0.9)) : NEVER;
	room->event = (struct event){.kind = EVENT_DEVICE, .u.device = {(uint8_t)d, state, fault}};
	room_step(room);
}

/* ---- frames -------------------------------------------------------------------------------------------------------
 */

static void add(struct room *room, enum parameter parameter, double value, enum reason reason)
{
	struct event_measurements *m = &room->event.u.measurements;
	int32_t milli = (int32_t)(lround(value * 10) * 100); /* tenths */
	struct measurement *one = &m->list[m->count++];

	if (parameter != PARAMETER_PERFUSION)
		milli = (int32_t)lround(value) * MILLI;
	*one = (struct measurement){parameter, QUALITY_VALID, REASON_NONE, milli, {room->now - 20 * NS_PER_MS}};
	if (reason == REASON_INTERFERENCE) {
		one->quality = QUALITY_QUESTIONABLE;
		one->reason = reason;
	} else if (reason != REASON_NONE) {
		one->quality = QUALITY_NO_VALUE;
		one->reason = reason;
		one->milli = 0;
	}
}

static void start_frame(struct room *room, int d)
{
	room->event = (struct event){.kind = EVENT_MEASUREMENTS};
	room->event.u.measurements.device = (uint8_t)d;
}

static bool is_away(const struct room *room)
{
	return room->now >= room->away_from && room->now - room->away_from < 5 * MINUTE;
}

static double jump(struct room *room, int upset, double size)
{
	return upset == UPSET_NOISE && chance(room, 0.3) ? between(room, -size, size) : 0;
}

static void send_frame(struct room *room, int d)
{
	const struct vitals *v = &room->patient.now;
	struct prng *prng = &room->prng;
	int upset = is_away(room) ? UPSET_OFF : device_of(room, d)->fault;
	bool vital = !room->artefacts && device_of(room, d)->fault_until / NS_PER_S % 3 == 0; /* no pulse, asystole */
	enum reason reason = upset == UPSET_OFF     ? vital ? REASON_NO_PULSE : REASON_SENSOR_OFF
	                     : upset == UPSET_NOISE ? REASON_INTERFERENCE
	                                            : REASON_NONE;
	double wild = upset == UPSET_IMPLAUSIBLE ? 900 : 0;

	start_frame(room, d);
	if (d == OXIMETER) {
		double spo2 = v->spo2 + 0.4 * prng_gauss(prng) - fabs(jump(room, upset, 12)) + wild;

		add(room, PARAMETER_SPO2, wild > 0 || spo2 < 100 ? spo2 : 100, reason);
		add(room, PARAMETER_PULSE, v->hr + prng_gauss(prng) + jump(room, upset, 40) + wild, reason);
		add(room, PARAMETER_PERFUSION, 3, reason);
	} else if (d == ECG) {
		add(room, PARAMETER_ECG_HR, v->hr + prng_gauss(prng) + jump(room, upset, 50) + wild, reason);
		add(room, PARAMETER_RESP, fmax(0, v->resp + jump(room, upset, 10)) + wild, reason);
		add(room, PARAMETER_ETCO2, v->etco2, reason);
	}
	room_step(room);
}

/* ---- cuff ---------------------------------------------------------------------------------------------------------
 */

/* For the population check: what the readings after the start came to, seen against the baseline. */
static void note_reading(struct room *room, int sys, int dia)
{
	const struct session *session = &room->engine.session;
	double minute = (double)(room->now - session->started_at.ns) / (double)MINUTE;

	if (!session->started || !session->baseline.complete)
		return;

	int rise_sys = sys - session->baseline.sys / MILLI, rise_dia = dia - session->baseline.dia / MILLI;

	if (room->peak_minute <= 0 || rise_sys > room->rise_sys) {
		room->rise_sys = rise_sys;
		room->peak_minute = minute;
	}
	room->rise_dia = rise_dia > room->rise_dia ? rise_dia : room->rise_dia;
	room->peak_sys = sys > room->peak_sys ? sys : room->peak_sys;
	room->peak_dia = dia > room->peak_dia ? dia : room->peak_dia;
	if (minute >= 39 && minute < 43) {
		room->rise_40_sys = rise_sys;
		room->rise_40_dia = rise_dia;
	}
}

static void send_determination(struct room *room)
{
	const struct vitals *v = &room->patient.now;
	struct prng *prng = &room->prng;
	double a = room->noise * prng_gauss(prng), b = room->noise * 0.8 * prng_gauss(prng);
	bool moved = room->trouble == TROUBLE_RANDOM && chance(room, 0.01); /* speech, an arm that moves */
	double sys = v->sys + a + (moved ? 30 : 0), dia = v->dia + 0.5 * a + 0.5 * b + (moved ? 15 : 0);
	bool fails = chance(room, room->trouble == TROUBLE_NONE && !room->artefacts ? 0.04 : 0.1) || is_away(room);

	start_frame(room, CUFF);
	if (room->trouble == TROUBLE_RANDOM && chance(room, 0.01))
		dia = sys - 4; /* contradicts itself */
	add(room, PARAMETER_NIBP_SYS, sys, fails ? REASON_FAILED : REASON_NONE);
	add(room, PARAMETER_NIBP_DIA, dia, fails ? REASON_FAILED : REASON_NONE);
	add(room, PARAMETER_NIBP_MEAN, dia + (sys - dia) / 3, fails ? REASON_FAILED : REASON_NONE);
	add(room, PARAMETER_NIBP_PULSE, v->hr, fails ? REASON_FAILED : REASON_NONE);
	if (!fails)
		note_reading(room, (int)lround(sys), (int)lround(dia));
	room_step(room);
}

void devices_heed(struct room *room)
{
	for (uint16_t i = 0; i < room->actions.count; i++) {
		const struct action *a = &room->actions.list[i];
		struct device *cuff = device_of(room, CUFF);

		if (a->kind != ACTION_CUFF)
			continue;
		if (!a->u.cuff.start)
			cuff->cuff_result = NEVER;
		else if (cuff->cuff_result == NEVER) /* one that runs goes on */
			cuff->cuff_result = room->now + seconds(between(room, 20, 45));
	}
}

/* ---- what goes wrong ----------------------------------------------------------------------------------------------
 */

static void begin_upset(struct room *room, int d)
{
	struct device *device = device_of(room, d);

	if (room->artefacts) {
		device->fault = UPSET_OFF;
		device->fault_until = about(room, d == OXIMETER ? 25 : 60);
		device->next_fault = NEVER;
		return;
	}
	device->fault = 1 + (int)(prng_next(&room->prng) % (UPSET_COUNT - 1));
	device->fault_until = room->now + seconds(chance(room, 0.3) ? between(room, 60, 400) : between(room, 2, 60));
	device->next_fault = NEVER;
	switch (device->fault) {
	case UPSET_FLAP:
		device->flaps = 2 + (int)(prng_next(&room->prng) % 5);
		device->fault_until = room->now + seconds(between(room, 1, 12));
		say_device(room, d, DEVICE_DOWN, FAULT_HUNG_UP);
		break;
	case UPSET_DROP:
		say_device(room, d, DEVICE_DOWN, FAULT_NOT_FOUND);
		break;
	case UPSET_RESYNC:
		device->fault_until = room->now + seconds(between(room, 0.1, 20));
		say_device(room, d, DEVICE_RESYNC, FAULT_BAD_FRAME);
		break;
	case UPSET_REFUSED:
		say_device(room, d, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
		break;
	case UPSET_SILENT:
		device->next_frame = NEVER;
		break;
	default: /* the values change, the link does not */
		break;
	}
	if (device->fault != UPSET_OFF && device->fault != UPSET_IMPLAUSIBLE && device->fault != UPSET_NOISE)
		device->cuff_result = NEVER;
}

static void end_upset(struct room *room, int d)
{
	struct device *device = device_of(room, d);
	int was = device->fault;
	bool up = room->engine.devices[d].state == DEVICE_UP;

	device->fault_until = NEVER;
	if (was == UPSET_FLAP && device->flaps-- > 0) {
		device->fault_until = room->now + seconds(between(room, 1, 15));
		say_device(room, d, up ? DEVICE_DOWN : DEVICE_UP, up ? FAULT_TIMEOUT : FAULT_NONE);
		return;
	}
	device->fault = UPSET_NONE;
	device->next_fault = next_upset(room, d);
	if (d == CUFF && device->cuff_result == NEVER)
		plan_automatic(room);
	if (!up)
		say_device(room, d, DEVICE_UP, FAULT_NONE);
	else if (was == UPSET_SILENT)
		device->next_frame = room->now;
}

/* ---- turns --------------------------------------------------------------------------------------------------------
 */

static int64_t next_of(const struct device *device)
{
	int64_t next = device->next_frame;

	next = device->next_fault < next ? device->next_fault : next;
	next = device->fault_until < next ? device->fault_until : next;
	return device->cuff_result < next ? device->cuff_result : next;
}

int64_t devices_next(const struct room *room)
{
	int64_t next = NEVER;

	for (int d = 0; d < DEVICE_TOTAL; d++) {
		int64_t one = next_of(&room->devices[d]);

		next = one < next ? one : next;
	}
	return next;
}

void devices_turn(struct room *room)
{
	for (int d = 0; d < DEVICE_TOTAL; d++) {
		struct device *device = device_of(room, d);

		if (next_of(device) > room->now)
			continue;
		patient_until(room);
		if (device->fault_until <= room->now) {
			end_upset(room, d);
		} else if (device->next_fault <= room->now) {
			begin_upset(room, d);
		} else if (device->cuff_result <= room->now) {
			device->cuff_result = NEVER;
			plan_automatic(room);
			send_determination(room);
		} else {
			device->next_frame = frame_after(room, d);
			send_frame(room, d);
		}
		return;
	}
}
