/* What the record says: one line for each action and for the monitor's own start, stop and configuration. Pure
 * formatting on top of line_* (include/vitals/record.h). Engine thread. In daemon/record/audit.c. */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include "vitals/config.h"
#include "vitals/engine.h"
#include "vitals/record.h"

struct audit_line {
	bool wanted; /* some actions are not recorded */
	enum severity severity;
	const char *kind; /* static token */
	struct line line;
};

/* The record of one action of `engine`. */
void audit_action(struct audit_line *audit, const struct engine *engine, const struct action *action);

/* Do rows of this kind say what the engine decided? The others are of the monitor around it. */
bool audit_kind_of_engine(const char *kind);

/* What was so before a command, for the record of what it changed. */
struct audit_before {
	char blockers[256]; /* names with spaces between, "..." at the end if they are more */
	bool has_limit;
	int32_t limit;
};

/* Before the step that carries `command` out. */
void audit_look(struct audit_before *before, const struct engine *engine, const struct event_command *command);

/* After it, if it was accepted: who took which responsibility, which limit, item, device or parameter. Other commands
 * are told by their actions alone and are not wanted here. */
void audit_command(struct audit_line *audit, const struct engine *engine, const struct audit_before *before,
                   const struct event_command *command);

/* The alarm load of the session that was closed, for one alarm slot; not wanted if it was never announced. */
void audit_load(struct audit_line *audit, const struct engine *engine, uint16_t slot);

void audit_start(struct audit_line *audit, const struct config *config, uint64_t epoch, const struct record_run *run);
void audit_stop(struct audit_line *audit, const char *why);

/* Somebody read the state, or was refused at the door. */
void audit_visit(struct audit_line *audit, const char *what, const char *actor, const char *from);

/* Something the daemon noticed about itself: `what` is a token, `detail` a sentence. */
void audit_notice(struct audit_line *audit, enum severity severity, const char *what, const char *detail);

#endif
