/* Carries out the engine's actions: publish, record, answer, command. Nothing here waits: the publisher's socket, the
 * recorder's queue and the links' queues are all bounded and non-blocking. Engine thread only. */
#include <string.h>
#include <sys/random.h>

#include "daemon/record/audit.h"
#include "daemon/record/box.h"
#include "daemon/record/event_code.h"
#include "daemon/desk/explain.h"
#include "daemon/debug.h"
#include "daemon/loop.h"
#include "daemon/session_id.h"
#include "daemon/shell.h"

static struct stamp stamp_of(struct mono now)
{
	return (struct stamp){now, shell_wall_ns()};
}

static void send_message(struct loop *loop)
{
	if (loop->publisher == NULL || !publisher_send(loop->publisher, &loop->message))
		loop->send_failures++;
}

static void record(struct loop *loop, const struct audit_line *audit)
{
	/* A full queue is the recorder's to count and to report; the alarm goes on. */
	(void)recorder_write(loop->recorder, audit->severity, shell_wall_ns(), audit->kind, audit->line.text);
}

/* The state that `status` gets. Refreshed before an answer is released, so that who asks next sees what was done. */
static void refresh_desk(struct loop *loop, struct mono now)
{
	size_t size =
	    encode_state(loop->message.bytes, sizeof(loop->message.bytes), &loop->stream, &loop->engine, stamp_of(now));
	desk_state(loop->desk, loop->message.bytes, size);
	loop->desk_is_old = false;
}

static void send_alarm(struct loop *loop, const struct action *action, struct mono now)
{
	const struct alarm *alarm = &action->u.alarm.alarm;
	/* The engine may have passed the deadline that raised it some time before `now`. */
	struct mono at = action->u.alarm.change == ALARM_RAISED ? mono_earlier(alarm->raised, now) : now;
	encode_alarm(&loop->message, &loop->stream, &loop->engine, action->u.alarm.change, alarm, stamp_of(now));
	receipts_sent(&loop->receipts, loop->stream.sequence[TOPIC_ALARM], at);
	send_message(loop);
}

static void record_load(struct loop *loop)
{
	struct audit_line audit;
	for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
		audit_load(&audit, &loop->engine, slot);
		if (audit.wanted)
			record(loop, &audit);
	}
}

/* A receipt changes nothing that would have to be durable: it is answered at once. */
static void reply(struct loop *loop, const struct action *action, struct mono now)
{
	if (action->u.reply.command == COMMAND_RECEIPT) {
		desk_reply(loop->desk, action->u.reply.id, action->u.reply.result);
		return;
	}
	refresh_desk(loop, now);
	recorder_reply(loop->recorder, action->u.reply.id, action->u.reply.result);
}

static void record_action(struct loop *loop, const struct action *action)
{
	struct audit_line audit;
	audit_action(&audit, &loop->engine, action);
	if (action->kind == ACTION_REPLY && loop->refusal[0] != '\0')
		line_text(&audit.line, "why", loop->refusal);
	if (audit.wanted)
		record(loop, &audit);
	if (action->kind == ACTION_SESSION && action->u.session.change == SESSION_CLOSED) {
		record_load(loop);
		recorder_session_closed(loop->recorder, loop->event_number);
	}
	if (action->kind != ACTION_SESSION || action->u.session.change != SESSION_OPENED)
		return;
	loop->opened_event = loop->event_number;
	recorder_session_opened(loop->recorder, loop->event_number, &loop->before, &loop->engine);
}

static void perform_action(struct loop *loop, const struct action *action, struct mono now)
{
	switch (action->kind) {
	case ACTION_ALARM:
		send_alarm(loop, action, now);
		gather_hurry(&loop->readings);
		break;
	case ACTION_READINGS:
		gather_add(&loop->readings, action->u.readings);
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
	record_action(loop, action);
	if (action->kind == ACTION_REPLY)
		reply(loop, action, now);
}

/* What the engine cannot know is put in here: it gets a receipt in its own time, or not at all, because it knows no
 * epochs and sequences; and the name of the session that is to be opened. */
static bool translate(struct loop *loop, struct event_command *command, int64_t wall_ns, struct mono now)
{
	if (command->command == COMMAND_SESSION_OPEN)
		session_id_make(command->u.order.session_id, wall_ns);
	if (command->command != COMMAND_RECEIPT ||
	    receipts_translate(&loop->receipts, loop->stream.epoch, now, &command->u.receipt))
		return true;
	desk_reply(loop->desk, command->id, RESULT_OUT_OF_RANGE);
	return false;
}

/* Records what an accepted command changed, before its answer is released. */
static void record_command(struct loop *loop, const struct audit_before *before, const struct event_command *command)
{
	const struct actions *actions = &loop->actions;
	const struct action *last = actions->count > 0 ? &actions->list[actions->count - 1] : NULL;
	struct audit_line audit;
	if (last == NULL || last->kind != ACTION_REPLY || last->u.reply.result != RESULT_OK)
		return;
	audit_command(&audit, &loop->engine, before, command);
	if (audit.wanted)
		record(loop, &audit);
}

/* Staff are told what to do, and the record what was asked for. */
static void explain_refusal(struct loop *loop, const struct event_command *command)
{
	const struct actions *actions = &loop->actions;
	const struct action *last = actions->count > 0 ? &actions->list[actions->count - 1] : NULL;
	if (last == NULL || last->kind != ACTION_REPLY)
		return;
	struct refusal refusal;
	if (!explain(&refusal, &loop->engine, command, last->u.reply.result))
		return;
	refusal_sentence(loop->refusal, &refusal);
	if (!loop->restoring)
		desk_explain(loop->desk, last->u.reply.id, &refusal);
}

/* ---- for whoever looks on ------------------------------------------------------------------------------------ */

static void say_event(const struct loop *loop, const struct event *event)
{
	switch (event->kind) {
	case EVENT_TICK:
		debug(DEBUG_CORE, "a deadline of the engine");
		break;
	case EVENT_MEASUREMENTS:
		debug(DEBUG_CORE, "%d measurements of %s", (int)event->u.measurements.count,
		      loop->config->devices[event->u.measurements.device].name);
		break;
	case EVENT_DEVICE:
		debug(DEBUG_CORE, "%s is %s", loop->config->devices[event->u.device.device].name,
		      device_state_name(event->u.device.state));
		break;
	case EVENT_COMMAND:
		debug(DEBUG_DESK, "request %llu of %s: %s", (unsigned long long)event->u.command.id,
		      event->u.command.actor, command_name(event->u.command.command));
		break;
	case EVENT_SERVICE:
		debug(DEBUG_CORE, "%s is %s", service_name(event->u.service.service),
		      event->u.service.ok ? "well" : "not well");
		break;
	case EVENT_CLOCK:
		debug(DEBUG_CORE, "the wall clock was stepped by %lld ms",
		      (long long)(event->u.clock.step_ns / NS_PER_MS));
		break;
	case EVENT_AWAY:
		debug(DEBUG_CORE, "taken up again after %lld ms", (long long)(event->u.away.away_ns / NS_PER_MS));
		break;
	}
}

static void say_action(const struct loop *loop, const struct action *action)
{
	char name[64];
	switch (action->kind) {
	case ACTION_ALARM:
		engine_condition_name(&loop->engine, &action->u.alarm.alarm, name, sizeof(name));
		debug(DEBUG_CORE, "  alarm %s %s: %s, %s, generation %u", name,
		      alarm_change_name(action->u.alarm.change), priority_name(action->u.alarm.alarm.priority),
		      alarm_state_name(action->u.alarm.alarm.state), action->u.alarm.alarm.generation);
		break;
	case ACTION_SESSION:
		debug(DEBUG_CORE, "  session %s", session_change_name(action->u.session.change));
		break;
	case ACTION_CUFF:
		debug(DEBUG_CORE, "  cuff %s", action->u.cuff.start ? "start" : "stop");
		break;
	case ACTION_REPLY:
		debug(DEBUG_DESK, "answer to %llu: %s", (unsigned long long)action->u.reply.id,
		      result_name(action->u.reply.result));
		break;
	case ACTION_READINGS:
	case ACTION_DEVICE:
	case ACTION_OBSERVATION:
		break;
	}
}

static void perform_actions(struct loop *loop, struct mono now)
{
	for (uint16_t i = 0; i < loop->actions.count; i++)
		say_action(loop, &loop->actions.list[i]);
	for (uint16_t i = 0; i < loop->actions.count; i++)
		if (loop->restoring)
			record_action(loop, &loop->actions.list[i]);
		else
			perform_action(loop, &loop->actions.list[i], now);
	for (uint16_t i = 0; i < loop->actions.count; i++)
		if (loop->actions.list[i].kind != ACTION_READINGS)
			loop->desk_is_old = true; /* readings alone can wait for the next beat */
}

/* Nobody answers for a command but people who are known, and two people are two. Asked before the engine is: what it
 * judges must not depend on the accounts of a computer, or a record could not be stepped through again elsewhere. */
static bool refuse_person(struct loop *loop, struct event_command *command, struct mono now)
{
	enum result result = people_check(&loop->config->people, command);
	struct action *refused = &loop->actions.list[0];
	if (result == RESULT_OK)
		return false;
	memset(refused, 0, sizeof(*refused));
	refused->kind = ACTION_REPLY;
	refused->u.reply.id = command->id;
	refused->u.reply.command = command->command;
	refused->u.reply.result = result;
	memcpy(refused->u.reply.actor, command->actor, sizeof(command->actor));
	loop->actions.count = 1;
	if (result == RESULT_UNKNOWN_NAME) {
		struct refusal refusal;
		explain_person(&refusal, &loop->config->people, people_named(command));
		refusal_sentence(loop->refusal, &refusal);
		desk_explain(loop->desk, command->id, &refusal);
	}
	perform_actions(loop, now);
	loop->refusal[0] = '\0';
	return true;
}

/* The event is in the box before anybody can be told what it led to. One that cannot be written down (no driver,
 * request or thread of ours makes such) is stood for by a checkpoint of what came of it. */
static void step(struct loop *loop, const struct event *event, struct mono now)
{
	uint8_t bytes[EVENT_BYTES_MAX];
	size_t size = event_encode(bytes, sizeof(bytes), event, now, loop->engine.config);
	loop->event_number++;
	if (size > 0)
		box_append(loop->box, loop->event_number, bytes, size);
	engine_step(&loop->engine, event, now, &loop->actions);
	if (size == 0)
		(void)box_checkpoint(loop->box, loop->event_number, &loop->engine, sizeof(loop->engine));
}

static void step_and_perform(struct loop *loop, const struct event *event, struct mono now)
{
	struct audit_before before;
	recorder_begin(loop->recorder);
	if (event->kind != EVENT_COMMAND) {
		step(loop, event, now);
		perform_actions(loop, now);
		recorder_mark(loop->recorder, loop->event_number);
		return;
	}
	const struct event_command *command = &event->u.command;
	audit_look(&before, &loop->engine, command);
	if (command->command == COMMAND_SESSION_OPEN)
		loop->before = loop->engine;
	step(loop, event, now);
	record_command(loop, &before, command);
	explain_refusal(loop, command);
	perform_actions(loop, now);
	recorder_mark(loop->recorder, loop->event_number);
	loop->refusal[0] = '\0';
}

void perform_event(struct loop *loop, const struct event *event, struct mono now)
{
	say_event(loop, event);
	struct event translated = *event;
	if (event->kind == EVENT_COMMAND && (!translate(loop, &translated.u.command, event->wall_ns, now) ||
	                                     refuse_person(loop, &translated.u.command, now)))
		return;
	step_and_perform(loop, &translated, now);
}

void perform_again(struct loop *loop, uint64_t number, const struct event *event, struct mono now)
{
	loop->restoring = true;
	loop->event_number = number - 1;
	step_and_perform(loop, event, now);
	loop->restoring = false;
}

void perform_turn_end(struct loop *loop, struct mono now)
{
	parameter_set readings = gather_take(&loop->readings, now);
	if (readings != 0) {
		encode_readings(&loop->message, &loop->stream, &loop->engine, readings, stamp_of(now));
		send_message(loop);
	}
	if (loop->desk_is_old)
		refresh_desk(loop, now);
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
	refresh_desk(loop, now);
}

void perform_notice(struct loop *loop, enum severity severity, const char *what, const char *detail)
{
	struct audit_line audit;
	audit_notice(&audit, severity, what, detail);
	record(loop, &audit);
}

static const char *visit_name(enum visit_kind kind)
{
	switch (kind) {
	case VISIT_READ:
		return "read";
	case VISIT_REFUSED:
		return "refused";
	case VISIT_DISPLAY:
		return "display";
	case VISIT_DISPLAY_REFUSED:
		return "display-refused";
	}
	return "";
}

void perform_peer(struct loop *loop, const struct publish_peer *peer, bool refused)
{
	const struct people *people = &loop->config->people;
	char actor[NAME_BYTES];
	(void)snprintf(actor, sizeof(actor), "uid-%u", peer->uid); /* fits */
	for (uint16_t i = 0; i < people->count; i++)
		if (people->list[i].uid == peer->uid)
			memcpy(actor, people->list[i].name, sizeof(actor));
	desk_visited(loop->desk, refused ? VISIT_DISPLAY_REFUSED : VISIT_DISPLAY,
	             peer->uid == PERSON_NO_ACCOUNT ? peer->who : actor, peer->from);
}

void perform_visits(struct loop *loop)
{
	struct audit_line audit;
	struct visit visit;
	while (desk_take_visit(loop->desk, &visit)) {
		audit_visit(&audit, visit_name(visit.kind), visit.actor, visit.from);
		record(loop, &audit);
	}
}

void perform_new_epoch(struct loop *loop, struct mono now)
{
	uint64_t epoch = 0;
	/* Without the random source the clock will do: an epoch must differ from the last one, not be secret. */
	if (getrandom(&epoch, sizeof(epoch), GRND_NONBLOCK) != (ssize_t)sizeof(epoch))
		epoch = (uint64_t)shell_wall_ns() * UINT64_C(6364136223846793005);
	loop->stream.epoch = epoch;
	debug(DEBUG_PUBLISH, "epoch %016llx", (unsigned long long)epoch);
	memset(loop->stream.sequence, 0, sizeof(loop->stream.sequence));
	memset(&loop->receipts, 0, sizeof(loop->receipts));
	loop->desk_is_old = true;
	if (loop->publisher != NULL)
		perform_snapshot(loop, now);
}
