/* A small bedside for tests of the pure core: three devices, a plan to add rules to, and short ways to say what
 * happens. Included by test_core_*.c. No test framework in here, no clock: time is `world.now`. */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vitals/engine.h"

#define S  NS_PER_S
#define MS NS_PER_MS

enum { OXIMETER, CUFF, ECG };

struct world {
	struct engine_config config;
	struct engine engine;
	struct actions actions; /* of the last step */
	int64_t now;            /* ns */
	uint64_t command_id;
};

static inline struct mono at(int64_t ns)
{
	return (struct mono){ns};
}

static inline void put_text(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	memset(to, 0, size);
	memcpy(to, from, length < size ? length : size - 1);
}

static inline void world_device(struct world *w, int index, const char *name, parameter_set provides, bool cuff)
{
	struct engine_device *d = &w->config.devices[index];

	put_text(d->name, name, sizeof(d->name));
	d->period_ns = 1 * S;
	d->provides = provides;
	d->cuff_command = cuff;
	if (w->config.device_count <= index)
		w->config.device_count = (uint8_t)(index + 1);
}

static inline void world_phase(struct world *w, const char *name, enum anchor anchor, int64_t after_ns)
{
	struct plan_phase *p = &w->config.plan.phases[w->config.plan.phase_count++];

	put_text(p->name, name, sizeof(p->name));
	p->anchor = anchor;
	p->after_ns = after_ns;
}

/* Configuration without rules and checks. Change it, then call world_begin. */
static inline void world_plan(struct world *w)
{
	memset(w, 0, sizeof(*w));
	put_text(w->config.bedside, "room-1", sizeof(w->config.bedside));
	world_device(
	    w, OXIMETER, "oximeter",
	    PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE) | PARAMETER_BIT(PARAMETER_PERFUSION), false);
	world_device(w, CUFF, "bp",
	             PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA) |
	                 PARAMETER_BIT(PARAMETER_NIBP_MEAN) | PARAMETER_BIT(PARAMETER_NIBP_PULSE),
	             true);
	world_device(w, ECG, "ecg", PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_RESP), false);

	struct plan *plan = &w->config.plan;

	plan->planned_duration_ns = 40 * S;
	plan->audio_pause_ns = 20 * S;
	plan->cuff_rest_ns = 5 * S;
	plan->baseline_readings = 2;
	plan->missing = (struct plan_missing){5 * S, PRIORITY_LOW, 20 * S, PRIORITY_MEDIUM};
	world_phase(w, "baseline", ANCHOR_OPEN, 0);
	world_phase(w, "infusion", ANCHOR_START, 0);
	world_phase(w, "recovery", ANCHOR_END, 0);
	world_phase(w, "observation", ANCHOR_END, 20 * S);
}

static inline struct plan_rule *world_rule(struct world *w, const char *name, enum parameter parameter,
                                           enum comparison comparison, int32_t limit, int32_t clear)
{
	struct plan_rule *rule = &w->config.plan.rules[w->config.plan.rule_count++];

	put_text(rule->name, name, sizeof(rule->name));
	put_text(rule->text, name, sizeof(rule->text));
	rule->priority = PRIORITY_MEDIUM;
	rule->term_count = 1;
	rule->terms[0] = (struct rule_term){
	    .parameter = parameter, .comparison = comparison, .limit = limit * MILLI, .clear = clear * MILLI};
	rule->clear_readings = 1;
	rule->phases = 0xff;
	return rule;
}

static inline struct plan_check *world_check(struct world *w, const char *name, enum parameter parameter,
                                             enum anchor anchor, int64_t late_after_ns, int count, const int64_t *times)
{
	struct plan_check *check = &w->config.plan.checks[w->config.plan.check_count++];

	put_text(check->name, name, sizeof(check->name));
	put_text(check->text, name, sizeof(check->text));
	check->parameter = parameter;
	check->anchor = anchor;
	check->late_after_ns = late_after_ns;
	check->late = PRIORITY_LOW;
	check->early_ns = 120 * S;
	check->time_count = (uint8_t)count;
	memcpy(check->times_ns, times, (size_t)count * sizeof(times[0]));
	return check;
}

static inline void world_begin(struct world *w, int64_t now)
{
	w->now = now;
	engine_init(&w->engine, &w->config, at(now));
}

static inline void world_step(struct world *w, const struct event *event)
{
	struct event copy = *event;

	copy.wall_ns = w->now + 1000 * S;
	engine_step(&w->engine, &copy, at(w->now), &w->actions);
}

static inline void tick(struct world *w)
{
	struct event event = {.kind = EVENT_TICK};

	world_step(w, &event);
}

/* To the instant `to`, one tick there, none on the way. */
static inline void leap(struct world *w, int64_t to)
{
	w->now = to;
	tick(w);
}

/* To the instant `to` with a tick at every deadline, as the loop does it, and one at `to`. */
static inline void run(struct world *w, int64_t to)
{
	for (struct mono next = engine_deadline(&w->engine); next.ns <= to; next = engine_deadline(&w->engine))
		leap(w, next.ns);
	if (w->now < to)
		leap(w, to);
}

static inline void device_is(struct world *w, int device, enum device_state state, enum device_fault fault)
{
	struct event event = {.kind = EVENT_DEVICE, .u.device = {(uint8_t)device, state, fault}};

	world_step(w, &event);
}

static inline void all_up(struct world *w)
{
	for (int d = 0; d < w->config.device_count; d++)
		device_is(w, d, DEVICE_UP, FAULT_NONE);
}

static inline struct measurement value(const struct world *w, enum parameter parameter, int32_t units)
{
	return (struct measurement){parameter, QUALITY_VALID, REASON_NONE, units * MILLI, at(w->now)};
}

static inline struct measurement no_value(const struct world *w, enum parameter parameter, enum reason reason)
{
	return (struct measurement){parameter, QUALITY_NO_VALUE, reason, 0, at(w->now)};
}

static inline void frame_of(struct world *w, int device, int count, const struct measurement *list)
{
	struct event event = {.kind = EVENT_MEASUREMENTS};

	event.u.measurements.device = (uint8_t)device;
	event.u.measurements.count = (uint8_t)count;
	if (count > 0)
		memcpy(event.u.measurements.list, list, (size_t)count * sizeof(list[0]));
	world_step(w, &event);
}

static inline void frame(struct world *w, int device, struct measurement m)
{
	frame_of(w, device, 1, &m);
}

static inline void spo2(struct world *w, int32_t percent)
{
	frame(w, OXIMETER, value(w, PARAMETER_SPO2, percent));
}

static inline void heart_rate(struct world *w, int32_t rate)
{
	frame(w, ECG, value(w, PARAMETER_ECG_HR, rate));
}

static inline void pressure(struct world *w, int32_t sys, int32_t dia)
{
	struct measurement list[2] = {value(w, PARAMETER_NIBP_SYS, sys), value(w, PARAMETER_NIBP_DIA, dia)};

	frame_of(w, CUFF, 2, list);
}

static inline void pressure_failed(struct world *w)
{
	frame(w, CUFF, no_value(w, PARAMETER_NIBP_SYS, REASON_FAILED));
}

/* Normal frames of every device each second until `to`, so that nothing is missing. The last ones come at `to`. */
static inline void live(struct world *w, int64_t to, int32_t percent, int32_t rate)
{
	while (w->now < to) {
		run(w, w->now + 1 * S < to ? w->now + 1 * S : to);

		struct measurement oximeter[3] = {value(w, PARAMETER_SPO2, percent), value(w, PARAMETER_PULSE, 70),
		                                  value(w, PARAMETER_PERFUSION, 3)};
		struct measurement ecg[2] = {value(w, PARAMETER_ECG_HR, rate), value(w, PARAMETER_RESP, 14)};

		frame_of(w, CUFF, 0, NULL);
		frame_of(w, ECG, 2, ecg);
		frame_of(w, OXIMETER, 3, oximeter);
	}
}

static inline struct event make_command(struct world *w, enum command command)
{
	struct event event = {.kind = EVENT_COMMAND};

	event.u.command.id = ++w->command_id;
	event.u.command.command = command;
	put_text(event.u.command.actor, "nurse1", sizeof(event.u.command.actor));
	if (command == COMMAND_SESSION_OPEN) {
		put_text(event.u.command.u.order.patient_ref, "P-17", sizeof(event.u.command.u.order.patient_ref));
		put_text(event.u.command.u.order.session_id, "S-1", sizeof(event.u.command.u.order.session_id));
	}
	return event;
}

/* The result of the one reply in the last step; RESULT_COUNT if there is not exactly one, at the end. */
static inline enum result reply(const struct world *w)
{
	int replies = 0;

	for (uint16_t i = 0; i < w->actions.count; i++)
		replies += w->actions.list[i].kind == ACTION_REPLY;
	if (replies != 1 || w->actions.list[w->actions.count - 1].kind != ACTION_REPLY)
		return RESULT_COUNT;
	return w->actions.list[w->actions.count - 1].u.reply.result;
}

static inline enum result order(struct world *w, enum command command)
{
	struct event event = make_command(w, command);

	world_step(w, &event);
	return reply(w);
}

/* The rule of proto/README.md, worked out again. */
static inline uint64_t digest_again(const struct engine *engine, uint16_t *count)
{
	uint64_t h = 14695981039346656037ULL;

	*count = 0;
	for (uint64_t last = 0;;) { /* in ascending lasting id */
		uint64_t next = UINT64_MAX;
		uint32_t generation = 0;

		for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
			uint32_t id = engine_alarm_id(engine, slot);

			if (!alarm_announced(engine->alarms[slot].state) || id <= last || id >= next)
				continue;
			next = id;
			generation = engine->alarms[slot].generation;
		}
		if (next == UINT64_MAX)
			break;
		uint8_t bytes[8] = {(uint8_t)(next >> 24),       (uint8_t)(next >> 16),
		                    (uint8_t)(next >> 8),        (uint8_t)next,
		                    (uint8_t)(generation >> 24), (uint8_t)(generation >> 16),
		                    (uint8_t)(generation >> 8),  (uint8_t)generation};
		for (int i = 0; i < 8; i++)
			h = (h ^ bytes[i]) * 1099511628211ULL;
		last = next;
		(*count)++;
	}
	return h;
}

#define ALL_SLOTS UINT16_MAX

static inline enum result acknowledge(struct world *w, uint16_t id)
{
	struct event event = make_command(w, COMMAND_ALARM_ACKNOWLEDGE);

	event.u.command.u.alarm_id = id == ALL_SLOTS ? ALARM_ID_ALL : engine_alarm_id(&w->engine, id);
	world_step(w, &event);
	return reply(w);
}

static inline enum result score(struct world *w, enum parameter parameter, int32_t milli)
{
	struct event event = make_command(w, COMMAND_OBSERVE);

	event.u.command.u.observation.has_score = true;
	event.u.command.u.observation.parameter = parameter;
	event.u.command.u.observation.milli = milli;
	world_step(w, &event);
	return reply(w);
}

static inline void service_is(struct world *w, enum service service, bool ok)
{
	struct event event = {.kind = EVENT_SERVICE, .u.service = {service, ok}};

	world_step(w, &event);
}

/* A world with devices up and a session open, everything at `now`. */
static inline void world_open(struct world *w, int64_t now)
{
	world_begin(w, now);
	all_up(w);
	(void)order(w, COMMAND_SESSION_OPEN); /* checked by the session tests */
}

static inline enum alarm_state state_of(const struct world *w, int id)
{
	return w->engine.alarms[id].state;
}

/* How often the last step announced this change of this alarm. */
static inline int changes(const struct world *w, int id, enum alarm_change change)
{
	int count = 0;

	for (uint16_t i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.list[i];

		count += a->kind == ACTION_ALARM && a->u.alarm.alarm.id == id && a->u.alarm.change == change;
	}
	return count;
}

static inline int session_changes(const struct world *w, enum session_change change)
{
	int count = 0;

	for (uint16_t i = 0; i < w->actions.count; i++)
		count += w->actions.list[i].kind == ACTION_SESSION && w->actions.list[i].u.session.change == change;
	return count;
}

static inline const struct action *find_action(const struct world *w, enum action_kind kind)
{
	for (uint16_t i = 0; i < w->actions.count; i++)
		if (w->actions.list[i].kind == kind)
			return &w->actions.list[i];
	return NULL;
}

static inline int announced(const struct world *w)
{
	int count = 0;

	for (int id = 0; id < ALARMS_MAX; id++)
		count += alarm_announced(w->engine.alarms[id].state);
	return count;
}

static inline struct measurement reading(const struct world *w, enum parameter parameter)
{
	return engine_reading(&w->engine, parameter, at(w->now));
}

#endif
