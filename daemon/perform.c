/* Carries out the engine's actions: publish, record, answer, command. Nothing here waits: the publisher's socket, the
 * recorder's queue and the links' queues are all bounded and non-blocking. Engine thread only. */
#include <string.h>
#include <sys/random.h>

#include "daemon/audit.h"
#include "daemon/loop.h"

static struct stamp stamp_of(struct mono now)
{
	return (struct stamp){now, loop_wall_ns()};
}

static void send_message(struct loop *loop)
{
	if (loop->publisher == NULL || !publisher_send(loop->publisher, &loop->message))
		loop->send_failures++;
}

static void record(struct loop *loop, const struct audit_line *audit)
{
	/* A full queue is the recorder's to count and to report; the alarm goes on. */
	(void)recorder_write(loop->recorder, audit->severity, loop_wall_ns(), audit->kind, audit->line.text);
}

/* The state that `status` gets. Refreshed before an answer is released, so that who asks next sees what was done. */
static void refresh_control(struct loop *loop, struct mono now)
{
	size_t size =
	    encode_state(loop->message.bytes, sizeof(loop->message.bytes), &loop->stream, &loop->engine, stamp_of(now));
	control_state(loop->control, loop->message.bytes, size);
	loop->control_is_old = false;
}

static void perform_action(struct loop *loop, const struct action *action, struct mono now)
{
	struct audit_line audit;
	audit_action(&audit, &loop->engine, action);
	switch (action->kind) {
	case ACTION_ALARM:
		encode_alarm(&loop->message, &loop->stream, &loop->engine, action->u.alarm.change,
		             &action->u.alarm.alarm, stamp_of(now));
		send_message(loop);
		break;
	case ACTION_READINGS:
		loop->unsent_readings |= action->u.readings;
		break;
	case ACTION_DEVICE:
		encode_device(&loop->message, &loop->stream, &loop->engine, action->u.device, stamp_of(now));
		send_message(loop);
		break;
	case ACTION_SESSION:
		encode_session(&loop->message, &loop->stream, &loop->engine, action->u.session.change,
		               action->u.session.actor, stamp_of(now));
		send_message(loop);
		break;
	case ACTION_OBSERVATION:
		break;
	case ACTION_CUFF:
		if (!links_cuff(loop->links, action->u.cuff.device, action->u.cuff.start))
			perform_notice(loop, SEVERITY_ERROR, "cuff-command-lost",
			               "the link's command queue is full; the due check will be reported late");
		break;
	case ACTION_REPLY:
		break;
	}
	if (audit.wanted)
		record(loop, &audit);
	if (action->kind == ACTION_REPLY) {
		refresh_control(loop, now);
		recorder_reply(loop->recorder, action->u.reply.id, action->u.reply.result);
	}
}

void perform_event(struct loop *loop, const struct event *event, struct mono now)
{
	engine_step(&loop->engine, event, now, &loop->actions);
	for (uint16_t i = 0; i < loop->actions.count; i++)
		perform_action(loop, &loop->actions.list[i], now);
	for (uint16_t i = 0; i < loop->actions.count; i++)
		if (loop->actions.list[i].kind != ACTION_READINGS)
			loop->control_is_old = true; /* readings alone can wait for the next beat */
}

void perform_turn_end(struct loop *loop, struct mono now)
{
	if (loop->unsent_readings != 0) {
		encode_readings(&loop->message, &loop->stream, &loop->engine, loop->unsent_readings, stamp_of(now));
		send_message(loop);
		loop->unsent_readings = 0;
	}
	if (loop->control_is_old)
		refresh_control(loop, now);
}

void perform_snapshot(struct loop *loop, struct mono now)
{
	encode_snapshot(&loop->message, &loop->stream, &loop->engine, stamp_of(now));
	send_message(loop);
}

void perform_heartbeat(struct loop *loop, struct mono now)
{
	encode_heartbeat(&loop->message, &loop->stream, &loop->engine, stamp_of(now));
	send_message(loop);
	refresh_control(loop, now);
}

void perform_notice(struct loop *loop, enum severity severity, const char *what, const char *detail)
{
	struct audit_line audit;
	audit_notice(&audit, severity, what, detail);
	record(loop, &audit);
}

void perform_new_epoch(struct loop *loop, struct mono now)
{
	uint64_t epoch = 0;
	/* Without the random source the clock will do: an epoch must differ from the last one, not be secret. */
	if (getrandom(&epoch, sizeof(epoch), GRND_NONBLOCK) != (ssize_t)sizeof(epoch))
		epoch = (uint64_t)loop_wall_ns() * UINT64_C(6364136223846793005);
	loop->stream.epoch = epoch;
	memset(loop->stream.sequence, 0, sizeof(loop->stream.sequence));
	loop->control_is_old = true;
	if (loop->publisher != NULL)
		perform_snapshot(loop, now);
}
