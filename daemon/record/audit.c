/* Turns actions into record lines: key="value" pairs in a fixed order for each kind, because auditors grep them.
 * Called by the engine thread (daemon/perform.c, daemon/loop.c). */
#include "daemon/record/audit.h"

#include <string.h>

static void begin(struct audit_line *audit, enum severity severity, const char *kind)
{
	audit->wanted = true;
	audit->severity = severity;
	audit->kind = kind;
	line_start(&audit->line);
}

/* Each line of a session says which, and of whom; what ends with it belongs to it. */
static void begin_of(struct audit_line *audit, const struct engine *engine, enum severity severity, const char *kind)
{
	const struct session *session = &engine->session;
	bool closed_now = session->id[0] != '\0' && !mono_before(engine->watched_since, engine->now);
	begin(audit, severity, kind);
	if (!session->open && !closed_now)
		return;
	line_text(&audit->line, "session", session->id);
	line_text(&audit->line, "patient", session->order.patient_ref);
}

static enum severity alarm_severity(enum alarm_change change, enum priority priority)
{
	if (change != ALARM_RAISED && change != ALARM_PRIORITY_CHANGED && change != ALARM_REASON_CHANGED &&
	    change != ALARM_WORSE)
		return SEVERITY_NOTICE;
	switch (priority) {
	case PRIORITY_HIGH:
		return SEVERITY_CRITICAL;
	case PRIORITY_MEDIUM:
		return SEVERITY_ERROR;
	case PRIORITY_LOW:
		return SEVERITY_WARNING;
	case PRIORITY_NONE:
		return SEVERITY_NOTICE;
	}
	return SEVERITY_CRITICAL;
}

static void alarm_line(struct audit_line *audit, const struct engine *engine, enum alarm_change change,
                       const struct alarm *alarm)
{
	char name[64];
	char text[TEXT_BYTES + 32];
	engine_condition_name(engine, alarm, name, sizeof(name));
	engine_condition_text(engine, alarm, text, sizeof(text));
	begin_of(audit, engine, alarm_severity(change, alarm->priority), "alarm");
	line_text(&audit->line, "change", alarm_change_name(change));
	line_text(&audit->line, "condition", name);
	line_text(&audit->line, "priority", priority_name(alarm->priority));
	line_text(&audit->line, "state", alarm_state_name(alarm->state));
	line_number(&audit->line, "id", engine_alarm_id(engine, alarm->id));
	line_number(&audit->line, "generation", alarm->generation);
	line_text(&audit->line, "text", text);
	if (alarm->has_value) {
		line_text(&audit->line, "parameter", parameter_table[alarm->parameter].name);
		line_milli(&audit->line, "value", alarm->milli);
		line_milli(&audit->line, "limit", alarm->limit);
	}
	if (alarm->reason != REASON_NONE)
		line_text(&audit->line, "reason", reason_name(alarm->reason));
	if (alarm->acknowledged_by[0] != '\0')
		line_text(&audit->line, "acknowledged_by", alarm->acknowledged_by);
	if (alarm->kind == CONDITION_RULE && engine->config->plan.rules[alarm->index].confirm)
		line_text(&audit->line, "confirmed", alarm->confirmed ? "yes" : "no");
	if (alarm->eased && alarm_announced(alarm->state))
		line_text(&audit->line, "eased_from", engine->config->plan.rules[alarm->eased_from].name);
	if (alarm->reminders > 0)
		line_number(&audit->line, "reminders", alarm->reminders);
	if (alarm->test)
		line_text(&audit->line, "test", "yes");
}

/* What the same determination said besides. */
static void rest_of_pressure(struct line *line, const struct engine *engine, struct mono determined)
{
	static const enum parameter others[] = {PARAMETER_NIBP_DIA, PARAMETER_NIBP_MEAN};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct measurement reading = engine_reading(engine, others[i], engine->now);
		if (measurement_has_value(&reading) && reading.determined.ns == determined.ns)
			line_milli(line, parameter_table[others[i]].name, reading.milli);
	}
}

/* What became of the checks that changed; of one that was done also with which value, and how old that is. */
static void check_pairs(struct line *line, const struct engine *engine, uint32_t changed)
{
	for (uint8_t i = 0; i < engine->config->plan.check_count; i++) {
		const struct check_state *state = &engine->session.checks[i];
		enum parameter parameter = engine->config->plan.checks[i].parameter;
		struct measurement reading = engine_reading(engine, parameter, engine->now);
		if ((changed & (UINT32_C(1) << i)) == 0)
			continue;
		line_text(line, "check", engine->config->plan.checks[i].name);
		line_text(line, "due", mono_is_never(state->overdue_since) ? "no" : "yes");
		line_number(line, "done", state->done);
		line_number(line, "missed", state->missed);
		line_text(line, "parameter", parameter_table[parameter].name);
		if (!measurement_has_value(&reading))
			continue;
		line_milli(line, "value", reading.milli);
		line_number(line, "age_s", mono_since(engine->now, reading.determined) / NS_PER_S);
		if (parameter == PARAMETER_NIBP_SYS)
			rest_of_pressure(line, engine, reading.determined);
	}
}

static void session_line(struct audit_line *audit, const struct engine *engine, enum session_change change,
                         const char *actor, uint32_t checks)
{
	const struct session *session = &engine->session;
	const struct plan *plan = &engine->config->plan;
	/* What staff ordered has a line of its own, with its contents (audit_command). */
	bool ordered = change == SESSION_ITEM || change == SESSION_LIMIT || change == SESSION_TAKEN_OUT ||
	               change == SESSION_OXYGEN;
	if (ordered && actor[0] != '\0')
		return;
	begin_of(audit, engine, SEVERITY_NOTICE, "session");
	line_text(&audit->line, "change", session_change_name(change));
	line_text(&audit->line, "actor", actor);
	line_text(&audit->line, "plan", plan->name);
	line_text(&audit->line, "phase", session->phase < plan->phase_count ? plan->phases[session->phase].name : "");
	if (change == SESSION_OPENED) {
		line_number(&audit->line, "weight_g", session->order.weight_g);
		line_number(&audit->line, "dose_ug", session->order.dose_ug);
		line_number(&audit->line, "duration_s", session->order.duration_s);
		line_number(&audit->line, "ug_per_ml", session->order.ug_per_ml);
		line_number(&audit->line, "series", session->order.series);
		line_number(&audit->line, "age_years", session->order.age_years);
		line_text(&audit->line, "second_person", session->order.second_person);
	}
	if (change == SESSION_CHECK)
		check_pairs(&audit->line, engine, checks);
	if (change == SESSION_GIVEN)
		line_number(&audit->line, "given", session->given_count);
	if (session->baseline.complete) {
		line_milli(&audit->line, "baseline_sys", session->baseline.sys);
		line_milli(&audit->line, "baseline_dia", session->baseline.dia);
		line_number(&audit->line, "baseline_readings", session->baseline.readings);
	}
}

static void device_line(struct audit_line *audit, const struct engine *engine, uint8_t device)
{
	const struct engine_device_state *state = &engine->devices[device];
	begin_of(audit, engine, state->state == DEVICE_UP ? SEVERITY_NOTICE : SEVERITY_WARNING, "device");
	line_text(&audit->line, "device", engine->config->devices[device].name);
	line_text(&audit->line, "state", device_state_name(state->state));
	line_text(&audit->line, "fault", device_fault_name(state->fault));
}

static void observation_line(struct audit_line *audit, const struct engine *engine, const char *actor,
                             const struct observation *observation)
{
	begin_of(audit, engine, SEVERITY_NOTICE, "observation");
	line_text(&audit->line, "actor", actor);
	if (observation->has_score) {
		line_text(&audit->line, "parameter", parameter_table[observation->parameter].name);
		line_milli(&audit->line, "score", observation->milli);
	}
	if (observation->note[0] != '\0')
		line_text(&audit->line, "note", observation->note);
}

/* ---- commands with contents ------------------------------------------------------------------ */

#define BLOCKERS_BYTES sizeof(((struct audit_before *)NULL)->blockers)
#define BLOCKERS_MOST  16

static void list_blockers(char *list, const struct engine *engine)
{
	char names[BLOCKERS_MOST][NAME_BYTES];
	uint8_t count = engine_blockers(engine, names, BLOCKERS_MOST);
	size_t used = 0;
	for (uint8_t i = 0; i < count; i++) {
		size_t size = i < BLOCKERS_MOST ? strnlen(names[i], NAME_BYTES - 1) : 0;
		if (i >= BLOCKERS_MOST || used + size + 5 > BLOCKERS_BYTES) {
			memcpy(list + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(list + used, names[i], size);
		used += size;
		if (i + 1 < count)
			list[used++] = ' ';
	}
	list[used] = '\0';
}

/* By what blocks the start or the leaving. */
static bool can_be_blocked(enum command command)
{
	return command == COMMAND_SESSION_START || command == COMMAND_SESSION_RESUME ||
	       command == COMMAND_SESSION_CLOSE || command == COMMAND_DEVICE_GIVEN;
}

/* Index of the rule, or -1. */
static int rule_named(const struct plan *plan, const char *name)
{
	for (int i = 0; i < plan->rule_count; i++)
		if (strcmp(plan->rules[i].name, name) == 0)
			return i;
	return -1;
}

void audit_look(struct audit_before *before, const struct engine *engine, const struct event_command *command)
{
	before->blockers[0] = '\0';
	before->has_limit = false;
	if (command->command == COMMAND_DEVICE_GIVEN && engine->session.started) {
		if (engine_device_out_of_turn(engine))
			memcpy(before->blockers, "out-of-turn", sizeof("out-of-turn"));
	} else if (can_be_blocked(command->command))
		list_blockers(before->blockers, engine);
	if (command->command == COMMAND_LIMIT) {
		int rule = rule_named(&engine->config->plan, command->u.limit.rule);
		int term = rule >= 0 ? engine_term(&engine->config->plan.rules[rule], command->u.limit.term) : -1;
		before->has_limit = term >= 0;
		if (before->has_limit)
			before->limit = engine_limit(engine, (uint8_t)rule, (uint8_t)term);
	}
}

static void begin_command(struct audit_line *audit, const struct engine *engine, const struct event_command *command,
                          const char *kind)
{
	begin_of(audit, engine, SEVERITY_NOTICE, kind);
	line_text(&audit->line, "actor", command->actor);
}

static void override_pairs(struct audit_line *audit, const struct override *override)
{
	if (override->name[0] == '\0')
		return;
	line_text(&audit->line, "override", override->name);
	line_text(&audit->line, "override_reason", override->reason);
}

/* A limit that was found goes by its whole name, however short the order was. */
static void limit_line(struct audit_line *audit, const struct engine *engine, const struct audit_before *before,
                       const struct event_command *command)
{
	begin_command(audit, engine, command, "limit");
	line_text(&audit->line, "rule", command->u.limit.rule);
	if (before->has_limit) {
		const struct plan *plan = &engine->config->plan;
		const struct plan_rule *rule = &plan->rules[rule_named(plan, command->u.limit.rule)];
		char name[NAME_BYTES];
		engine_term_name(&rule->terms[engine_term(rule, command->u.limit.term)], name);
		line_text(&audit->line, "term", name);
		line_milli(&audit->line, "old", before->limit);
	} else
		line_text(&audit->line, "term", command->u.limit.term);
	line_milli(&audit->line, "new", command->u.limit.limit);
	line_text(&audit->line, "second_person", command->u.limit.second_person);
	line_text(&audit->line, "reason", command->u.limit.reason);
}

static void take_out_line(struct audit_line *audit, const struct engine *engine, const struct event_command *command)
{
	const struct take_out *out = &command->u.take_out;
	begin_command(audit, engine, command, out->duration_s > 0 ? "take-out" : "put-back");
	line_text(&audit->line, out->is_device ? "device" : "parameter", out->name);
	line_number(&audit->line, "duration_s", out->duration_s);
	line_text(&audit->line, "reason", out->reason);
	override_pairs(audit, &out->override);
}

/* Nobody's responsibility is recorded where none was needed. */
static void override_line(struct audit_line *audit, const struct engine *engine, const struct audit_before *before,
                          const struct event_command *command)
{
	if (command->u.override.name[0] == '\0' || before->blockers[0] == '\0')
		return;
	begin_command(audit, engine, command, "override");
	audit->severity = SEVERITY_WARNING;
	line_text(&audit->line, "command", command_name(command->command));
	line_text(&audit->line, "blockers", before->blockers);
	override_pairs(audit, &command->u.override);
}

void audit_command(struct audit_line *audit, const struct engine *engine, const struct audit_before *before,
                   const struct event_command *command)
{
	audit->wanted = false;
	switch (command->command) {
	case COMMAND_SESSION_START:
	case COMMAND_SESSION_RESUME:
	case COMMAND_SESSION_CLOSE:
	case COMMAND_DEVICE_GIVEN:
		override_line(audit, engine, before, command);
		break;
	case COMMAND_LIMIT:
		limit_line(audit, engine, before, command);
		break;
	case COMMAND_TAKE_OUT:
		take_out_line(audit, engine, command);
		break;
	case COMMAND_ITEM:
		begin_command(audit, engine, command, "item");
		line_text(&audit->line, "item", command->u.item.name);
		line_text(&audit->line, "ticked", command->u.item.ticked ? "yes" : "no");
		break;
	case COMMAND_OXYGEN:
		begin_command(audit, engine, command, "oxygen");
		line_number(&audit->line, "ml_per_min", command->u.oxygen_ml_per_min);
		break;
	/* What these say stands in their actions and in their reply. */
	case COMMAND_SESSION_OPEN:
	case COMMAND_SESSION_PAUSE:
	case COMMAND_SESSION_STOP:
	case COMMAND_ALARM_ACKNOWLEDGE:
	case COMMAND_ALARM_ACKNOWLEDGE_SHOWN:
	case COMMAND_AUDIO_PAUSE:
	case COMMAND_OBSERVE:
	case COMMAND_CUFF_START:
	case COMMAND_CUFF_STOP:
	case COMMAND_TEST_ALARM:
	case COMMAND_CALL_HELP:
	case COMMAND_RECEIPT:
	case COMMAND_COUNT:
		break;
	}
}

void audit_load(struct audit_line *audit, const struct engine *engine, uint16_t slot)
{
	const struct alarm_load *load = &engine->session.load[slot];
	char name[64];
	audit->wanted = false;
	if (load->raised == 0)
		return;
	engine_condition_name(engine, &engine->alarms[slot], name, sizeof(name));
	begin_of(audit, engine, SEVERITY_INFO, "load");
	line_text(&audit->line, "condition", name);
	line_number(&audit->line, "raised", load->raised);
	line_number(&audit->line, "nuisance", load->nuisance);
	line_number(&audit->line, "acknowledged", load->acknowledged);
	line_number(&audit->line, "acknowledge_ms", load->acknowledge_ns_total / NS_PER_MS);
}

/* ---- actions --------------------------------------------------------------------------------- */

void audit_action(struct audit_line *audit, const struct engine *engine, const struct action *action)
{
	audit->wanted = false;
	switch (action->kind) {
	case ACTION_ALARM:
		alarm_line(audit, engine, action->u.alarm.change, &action->u.alarm.alarm);
		break;
	case ACTION_SESSION:
		session_line(audit, engine, action->u.session.change, action->u.session.actor,
		             action->u.session.checks);
		break;
	case ACTION_DEVICE:
		device_line(audit, engine, action->u.device);
		break;
	case ACTION_OBSERVATION:
		observation_line(audit, engine, action->u.observation.actor, &action->u.observation.observation);
		break;
	case ACTION_CUFF:
		begin_of(audit, engine, SEVERITY_INFO, "cuff");
		line_text(&audit->line, "device", engine->config->devices[action->u.cuff.device].name);
		line_text(&audit->line, "order", action->u.cuff.start ? "start" : "stop");
		break;
	case ACTION_REPLY:
		begin_of(audit, engine, SEVERITY_NOTICE, "command");
		line_text(&audit->line, "actor", action->u.reply.actor);
		line_text(&audit->line, "command", command_name(action->u.reply.command));
		line_text(&audit->line, "result", result_name(action->u.reply.result));
		if (action->u.reply.result == RESULT_BLOCKED && can_be_blocked(action->u.reply.command)) {
			char names[BLOCKERS_BYTES];
			list_blockers(names, engine);
			line_text(&audit->line, "blockers", names);
		}
		audit->wanted = action->u.reply.command != COMMAND_RECEIPT; /* every second from each display */
		break;
	case ACTION_READINGS:
		break;
	}
}

void audit_start(struct audit_line *audit, const struct config *config, uint64_t epoch, const struct record_run *run)
{
	static const char digits[] = "0123456789abcdef";
	char hex[17];
	for (int i = 0; i < 16; i++)
		hex[i] = digits[(epoch >> (60 - 4 * i)) & 15];
	hex[16] = '\0';
	begin(audit, SEVERITY_NOTICE, "start");
	line_text(&audit->line, "version", VITALS_VERSION);
	line_text(&audit->line, "config", config->path);
	line_text(&audit->line, "config_hash", config->hash_hex);
	line_text(&audit->line, "plan", config->engine.plan.name);
	line_text(&audit->line, "plan_hash", config->plan_hash_hex);
	line_text(&audit->line, "demo", config->engine.plan.demo ? "yes" : "no");
	line_text(&audit->line, "epoch", hex);
	line_text(&audit->line, "boot", run->boot);
	line_number(&audit->line, "mono_ns", run->mono_ns);
	line_text(&audit->line, "core", record_core_id);
}

void audit_stop(struct audit_line *audit, const char *why)
{
	begin(audit, SEVERITY_NOTICE, "stop");
	line_text(&audit->line, "why", why);
}

void audit_visit(struct audit_line *audit, const char *what, const char *actor, const char *from)
{
	begin(audit, SEVERITY_INFO, "visit");
	line_text(&audit->line, "what", what);
	line_text(&audit->line, "actor", actor);
	if (from[0] != '\0')
		line_text(&audit->line, "from", from);
}

void audit_notice(struct audit_line *audit, enum severity severity, const char *what, const char *detail)
{
	begin(audit, severity, "notice");
	line_text(&audit->line, "what", what);
	line_text(&audit->line, "detail", detail);
}

bool audit_kind_of_engine(const char *kind)
{
	static const char *const others[] = {"start",
	                                     "stop",
	                                     "notice",
	                                     "gap",
	                                     "syslog-stalled",
	                                     "syslog-back",
	                                     "syslog-again",
	                                     "record-damaged",
	                                     "record-not-shared",
	                                     "events-removed",
	                                     "anchor",
	                                     "visit"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(kind, others[i]) == 0)
			return false;
	return true;
}
