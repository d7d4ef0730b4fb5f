/* See vitals/replay.h. Rows come out in the order in which daemon/perform.c writes them: what a command changed, then
 * the actions. */
#include "vitals/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/desk/explain.h"
#include "daemon/record/audit.h"
#include "daemon/record/event_code.h"
#include "daemon/record/memory.h"
#include "daemon/record/store.h"
#include "vitals/config.h"

struct replay {
	struct store store;
	struct store_rows rows;
	struct replay_session session;
	struct record_memory memory;
	struct engine_config config; /* as it was recorded */
	struct engine_config other;  /* with another plan */
	struct engine engine;
	struct actions actions;
	/* While it runs. */
	const struct engine_config *with;
	const struct replay_told *told;
	bool from_memory, begun, decoded;
};

/* ---- opening --------------------------------------------------------------------------------------------------------
 */

static struct replay *refuse(struct replay *replay, FILE *errors, const char *path, const char *why)
{
	(void)fprintf(errors, "%s: %s\n", path, why); /* nowhere else to say it */
	replay_close(replay);
	return NULL;
}

/* A plan is called like its file, so it gets that name again. */
static bool read_plan_text(struct replay *replay, FILE *errors)
{
	char directory[] = "/tmp/vitals-plan-XXXXXX", name[NAME_BYTES + 8], path[sizeof(directory) + sizeof(name)];
	char *text = store_file_text(&replay->store, replay->session.plan_hash_hex, name, sizeof(name));
	if (text == NULL || mkdtemp(directory) == NULL) {
		free(text);
		return false;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name); /* fits */
	FILE *file = fopen(path, "wxe");
	bool good = file != NULL && fputs(text, file) >= 0;
	if (file != NULL && fclose(file) != 0)
		good = false;
	good = good && config_read_plan(&replay->config.plan, path, errors) == 0;
	free(text);
	(void)unlink(path); /* it was only to be read */
	(void)rmdir(directory);
	return good;
}

struct replay *replay_open(const char *store_path, const char *session_id, FILE *errors)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	struct store_session session;
	struct record_run run;
	if (replay == NULL)
		return refuse(NULL, errors, store_path, "not enough memory");
	if (!store_open_to_read(&replay->store, store_path))
		return refuse(replay, errors, store_path, replay->store.why);
	if (!store_find_session(&replay->store, session_id, &session))
		return refuse(replay, errors, store_path,
		              session_id[0] == '\0' ? "no session is in it" : "no such session");
	struct replay_session *found = &replay->session;
	memcpy(found->id, session.id, sizeof(found->id));
	memcpy(found->patient_ref, session.patient_ref, sizeof(found->patient_ref));
	memcpy(found->plan_hash_hex, session.plan_hash_hex, sizeof(found->plan_hash_hex));
	found->opened = session.opened;
	found->opened_wall_ns = session.wall_ns;
	found->closed = session.closed != 0;
	found->last = found->closed ? session.closed : store_progress(&replay->store);
	found->same_core = strcmp(session.core, record_core_id) == 0;
	replay->memory = (struct record_memory){.readable = true, .progress = found->last, .opened = found->opened};
	if (!store_run_of(&replay->store, found->opened, &run) ||
	    !store_bedside(&replay->store, run.config_hash_hex, &replay->config))
		return refuse(replay, errors, store_path, "it does not say which devices the bedside had");
	if (!read_plan_text(replay, errors))
		return refuse(replay, errors, store_path,
		              "the plan of the session is not in it, or is none for this program");
	store_rows_start(&replay->store, &replay->rows, found->id);
	return replay;
}

void replay_close(struct replay *replay)
{
	if (replay == NULL)
		return;
	store_rows_done(&replay->rows);
	store_close(&replay->store);
	free(replay);
}

const struct replay_session *replay_session(const struct replay *replay)
{
	return &replay->session;
}

const struct plan *replay_plan(const struct replay *replay)
{
	return &replay->config.plan;
}

const struct engine *replay_engine(const struct replay *replay)
{
	return &replay->engine;
}

/* ---- stepping -------------------------------------------------------------------------------------------------------
 */

static void tell_row(struct replay *replay, const struct audit_line *audit)
{
	if (audit->wanted && replay->told->row != NULL)
		replay->told->row(replay->told->context, audit->kind, audit->line.text);
}

static void tell_action(struct replay *replay, const struct event *event, const struct action *action)
{
	struct audit_line audit;
	struct refusal refusal;
	char sentence[REFUSAL_TEXT_BYTES];
	audit_action(&audit, &replay->engine, action);
	if (action->kind == ACTION_REPLY &&
	    explain(&refusal, &replay->engine, &event->u.command, action->u.reply.result)) {
		refusal_sentence(sentence, &refusal);
		if (sentence[0] != '\0')
			line_text(&audit.line, "why", sentence);
	}
	tell_row(replay, &audit);
	if (action->kind == ACTION_SESSION && action->u.session.change == SESSION_CLOSED)
		for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
			audit_load(&audit, &replay->engine, slot);
			tell_row(replay, &audit);
		}
	if (action->kind == ACTION_ALARM && replay->told->alarm != NULL)
		replay->told->alarm(replay->told->context, &replay->engine, action->u.alarm.change,
		                    &action->u.alarm.alarm);
}

static void step(struct replay *replay, const struct event *event, struct mono at)
{
	const struct actions *actions = &replay->actions;
	struct audit_before before;
	struct audit_line audit;
	if (event->kind == EVENT_COMMAND)
		audit_look(&before, &replay->engine, &event->u.command);
	engine_step(&replay->engine, event, at, &replay->actions);
	const struct action *last = actions->count > 0 ? &actions->list[actions->count - 1] : NULL;
	if (event->kind == EVENT_COMMAND && last != NULL && last->kind == ACTION_REPLY &&
	    last->u.reply.result == RESULT_OK) {
		audit_command(&audit, &replay->engine, &before, &event->u.command);
		tell_row(replay, &audit);
	}
	for (uint16_t i = 0; i < actions->count; i++)
		tell_action(replay, event, &actions->list[i]);
}

static void take(void *context, uint64_t number, int64_t shift_ns, const uint8_t *bytes, size_t size)
{
	struct replay *replay = context;
	struct event event;
	struct mono at;
	if (number == 0 && replay->from_memory)
		return; /* it is in there */
	if (!event_decode(&event, &at, bytes, size, replay->with)) {
		replay->decoded = replay->decoded && number == 0;
		return;
	}
	event_shift(&event, &at, shift_ns);
	if (!replay->begun)
		engine_init(&replay->engine, replay->with, at);
	replay->begun = true;
	step(replay, &event, at);
}

/* The engine's memory before the session, if this program is the one to which it means something. */
static bool load_memory(struct replay *replay)
{
	size_t size;
	void *engine = store_session_blob(&replay->store, replay->session.opened, "engine", &size);
	bool fits = engine != NULL && size == sizeof(replay->engine) && replay->session.same_core;
	if (fits)
		memcpy(&replay->engine, engine, size);
	free(engine);
	return fits;
}

bool replay_run(struct replay *replay, const struct plan *plan, const struct replay_told *told, FILE *errors)
{
	struct record_run run;
	struct record_now now;
	bool other_boot, found = store_run_of(&replay->store, replay->session.last, &run);
	replay->other = replay->config;
	if (plan != NULL)
		replay->other.plan = *plan;
	replay->with = plan == NULL ? &replay->config : &replay->other;
	replay->told = told;
	replay->from_memory = plan == NULL && load_memory(replay);
	replay->begun = replay->from_memory;
	replay->engine.config = replay->with;
	replay->decoded = true;
	/* As the last run took it up, so are its times. */
	memcpy(now.boot, run.boot, sizeof(now.boot));
	now.mono = (struct mono){run.mono_ns};
	now.wall_ns = run.wall_ns;
	if (found && memory_events(&replay->store, &replay->memory, &now, take, replay, &other_boot) && replay->decoded)
		return true;
	(void)fprintf(errors, "session %s: events are missing or damaged after number %llu\n", replay->session.id,
	              (unsigned long long)replay->session.opened); /* nowhere else to say it */
	return false;
}

/* What the recorder put before it is no judgement. */
static const char *behind_bedside(const char *text)
{
	static const char key[] = "bedside=\"";
	size_t size = strncmp(text, key, sizeof(key) - 1) == 0 ? strcspn(text, " ") : 0;
	return size > 0 && text[size] == ' ' ? text + size + 1 : text + size;
}

bool replay_recorded_row(struct replay *replay, int64_t *seq, const char **kind, const char **text)
{
	while (store_rows_next(&replay->rows, seq, kind, text))
		if (audit_kind_of_engine(*kind)) {
			*text = behind_bedside(*text);
			return true;
		}
	return false;
}
