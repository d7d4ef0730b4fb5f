/* A readable trace of one simulated session: each event as it comes, each announced change and each answer. Values of
 * continuous parameters are written only when they are worth it: one line a frame. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/simulation/simulation.h"

static void stamp(const struct room *room, const char *mark)
{
	int64_t ms = room->now / NS_PER_MS;

	(void)printf("%" PRId64 ":%02d:%02d.%03d %s ", ms / 3600000, (int)(ms / 60000 % 60), (int)(ms / 1000 % 60),
	             (int)(ms % 1000), mark);
}

static void print_frame(const struct room *room, const struct event_measurements *frame)
{
	(void)printf("%s", room->config.devices[frame->device].name);
	for (int i = 0; i < frame->count; i++) {
		const struct measurement *m = &frame->list[i];

		if (m->quality == QUALITY_NO_VALUE)
			(void)printf("  %s none (%s)", parameter_table[m->parameter].name, reason_name(m->reason));
		else
			(void)printf("  %s %d%s", parameter_table[m->parameter].name, m->milli / MILLI,
			             m->quality == QUALITY_QUESTIONABLE ? "?" : "");
	}
	(void)printf("\n");
}

static void print_command(const struct event_command *c)
{
	(void)printf("%s: %s", c->actor, command_name(c->command));
	if (c->command == COMMAND_OBSERVE && c->u.observation.has_score)
		(void)printf(" %s %d", parameter_table[c->u.observation.parameter].name,
		             c->u.observation.milli / MILLI);
	else if (c->command == COMMAND_LIMIT)
		(void)printf(" %s %s to %d", c->u.limit.rule, c->u.limit.term, c->u.limit.limit / MILLI);
	else if (c->command == COMMAND_TAKE_OUT)
		(void)printf(" %s for %d s", c->u.take_out.name, c->u.take_out.duration_s);
	else if (c->command == COMMAND_ITEM)
		(void)printf(" %s %s", c->u.item.name, c->u.item.ticked ? "yes" : "no");
	else if (c->command == COMMAND_ALARM_ACKNOWLEDGE)
		(void)printf(" %u", c->u.alarm_id);
	(void)printf("\n");
}

void trace_event(const struct room *room)
{
	const struct event *e = &room->event;

	if (e->kind == EVENT_MEASUREMENTS && e->u.measurements.count == 0)
		return;
	stamp(room, ">");
	switch (e->kind) {
	case EVENT_TICK:
		(void)printf("tick\n");
		break;
	case EVENT_MEASUREMENTS:
		print_frame(room, &e->u.measurements);
		break;
	case EVENT_DEVICE:
		(void)printf("%s is %s (%s)\n", room->config.devices[e->u.device.device].name,
		             device_state_name(e->u.device.state), device_fault_name(e->u.device.fault));
		break;
	case EVENT_COMMAND:
		print_command(&e->u.command);
		break;
	case EVENT_SERVICE:
		(void)printf("service %s %s\n", service_name(e->u.service.service),
		             e->u.service.ok ? "well" : "failed");
		break;
	case EVENT_CLOCK:
		(void)printf("clock stepped by %" PRId64 " ms\n", e->u.clock.step_ns / NS_PER_MS);
		break;
	case EVENT_AWAY:
		(void)printf("away for %" PRId64 " ms\n", e->u.away.away_ns / NS_PER_MS);
		break;
	}
}

static void print_alarm(const struct room *room, const struct action *a)
{
	char name[64];
	const struct alarm *alarm = &a->u.alarm.alarm;

	engine_condition_name(&room->engine, alarm, name, sizeof(name));
	(void)printf("%s %s: %s %s\n", alarm_change_name(a->u.alarm.change), name, priority_name(alarm->priority),
	             alarm_state_name(alarm->state));
}

void trace_actions(const struct room *room)
{
	for (uint16_t i = 0; i < room->actions.count; i++) {
		const struct action *a = &room->actions.list[i];

		if (a->kind == ACTION_READINGS || a->kind == ACTION_OBSERVATION)
			continue;
		stamp(room, "<");
		if (a->kind == ACTION_ALARM)
			print_alarm(room, a);
		else if (a->kind == ACTION_DEVICE)
			(void)printf("device %s\n", room->config.devices[a->u.device].name);
		else if (a->kind == ACTION_SESSION)
			(void)printf("session %s\n", session_change_name(a->u.session.change));
		else if (a->kind == ACTION_CUFF)
			(void)printf("cuff %s\n", a->u.cuff.start ? "start" : "stop");
		else
			(void)printf("answer %s\n", result_name(a->u.reply.result));
	}
}
