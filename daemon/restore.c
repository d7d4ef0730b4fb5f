/* See restore.h. Three ways, the first that is open: the same program, configuration and boot go on from a checkpoint
 * and the events after it; any other steps a new engine through the recorded events of the open session and then
 * through what the box still has; and where there is neither, there is no session. What cannot be known for sure is an
 * alarm. */
#include "daemon/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/record/box.h"
#include "daemon/record/event_code.h"
#include "daemon/shell.h"

#define TICKS_MAX 200000 /* of a day away: every deadline of every check, reminder and span */

struct taking {
	struct loop *loop;
	struct record_now now;
	uint64_t recorded; /* everything up to this event is in the record */
	bool begun;        /* the engine is set up */
	bool from_memory;  /* out of the memory that the record keeps of it: what was so is in there */
	bool whole;        /* nothing was missing or damaged */
	bool doubtful;     /* the computer was started again in between */
	int64_t away_ns;   /* how long nothing was watched */
	bool marked;       /* the new box has the engine as the record knows it */
	uint64_t last;     /* number of the last event taken */
};

/* ---- who we are ------------------------------------------------------------ */

static void hash_self(char hex[65])
{
	crypto_hash_sha256_state state;
	uint8_t piece[16384], hash[crypto_hash_sha256_BYTES];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t count = -1;
	(void)crypto_hash_sha256_init(&state); /* cannot fail, nor can the others */
	while (fd >= 0 && (count = read(fd, piece, sizeof(piece))) > 0)
		(void)crypto_hash_sha256_update(&state, piece, (unsigned long long)count);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	(void)crypto_hash_sha256_final(&state, hash);
	hex[0] = '\0';
	if (count == 0)
		(void)sodium_bin2hex(hex, 65, hash, sizeof(hash));
}

static void read_boot(char boot[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? -1 : read(fd, boot, 36);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	boot[count == 36 ? 36 : 0] = '\0';
}

static void identify(const struct config *config, struct box_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->engine_bytes = sizeof(struct engine);
	hash_self(identity->build);
	read_boot(identity->boot);
	memcpy(identity->config, config->hash_hex, sizeof(identity->config));
	memcpy(identity->plan, config->plan_hash_hex, sizeof(identity->plan));
}

/* An empty name is one that could not be found out: it is equal to none. */
static bool same_name(const char *a, const char *b)
{
	return a[0] != '\0' && strcmp(a, b) == 0;
}

static bool same_monitor(const struct box_identity *a, const struct box_identity *b)
{
	return same_name(a->build, b->build) && same_name(a->boot, b->boot) && same_name(a->config, b->config) &&
	       same_name(a->plan, b->plan) && a->engine_bytes == b->engine_bytes;
}

/* ---- the old plan ------------------------------------------------------------ */

static bool write_all(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t size = strlen(text);
	bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size;
	if (fd >= 0 && close(fd) != 0)
		good = false;
	return good;
}

const char *restore_old_plan(struct recorder *recorder, const struct config *config)
{
	static char path[PATH_BYTES];
	struct record_memory memory;
	char directory[PATH_BYTES];
	recorder_memory(recorder, &memory);
	if (!memory.session_kept || strcmp(memory.plan_hash_hex, config->plan_hash_hex) == 0)
		return NULL;
	/* A plan is called like its file, so the name stays. */
	const char *slash = strrchr(config->plan_path, '/');
	int length = snprintf(directory, sizeof(directory), "%s.plan", config->box_path);
	int whole = snprintf(path, sizeof(path), "%s/%s", directory, slash == NULL ? config->plan_path : slash + 1);
	char *text = recorder_plan_text(recorder, memory.plan_hash_hex);
	bool written = text != NULL && length < (int)sizeof(directory) && whole < (int)sizeof(path) &&
	               (mkdir(directory, 0700) == 0 || errno == EEXIST) && write_all(path, text);
	free(text);
	return written ? path : NULL;
}

/* ---- events of the last run ---------------------------------------------------------- */

/* Whoever starts after us must be able to tell again what is not in the record yet. */
static void mark(struct taking *taking)
{
	uint64_t number = taking->recorded > 0 ? taking->recorded : 1;
	if (taking->marked)
		return;
	taking->marked = true;
	box_recorded(taking->loop->box, number);
	(void)box_checkpoint(taking->loop->box, number, &taking->loop->engine,
	                     sizeof(taking->loop->engine)); /* the first */
}

/* One event; `at` is already in our time. */
static void take(struct taking *taking, uint64_t number, const struct event *event, struct mono at)
{
	struct loop *loop = taking->loop;
	if (!taking->begun)
		engine_init(&loop->engine, &loop->config->engine, at);
	taking->begun = true;
	if (number > taking->recorded) {
		mark(taking);
		perform_again(loop, number, event, at);
	} else {
		engine_step(&loop->engine, event, at, &loop->actions);
	}
	if (number != 0)
		taking->last = number;
}

static void take_bytes(struct taking *taking, uint64_t number, int64_t shift_ns, const uint8_t *bytes, size_t size)
{
	struct event event;
	struct mono at;
	if (number == 0 && taking->from_memory)
		return;
	if (!event_decode(&event, &at, bytes, size, &taking->loop->config->engine)) {
		/* What was so before a session may be of a device that is gone; what happened in it may not. */
		taking->whole = taking->whole && number == 0;
		return;
	}
	event_shift(&event, &at, shift_ns);
	take(taking, number, &event, at);
}

static void take_recorded(void *context, uint64_t number, int64_t shift_ns, const uint8_t *bytes, size_t size)
{
	struct taking *taking = context;
	take_bytes(taking, number, shift_ns, bytes, size);
}

/* What the ring has after event `from`. */
static void take_ring(struct taking *taking, const struct box *old, uint64_t from)
{
	struct box_place place = {.number = from};
	uint8_t bytes[EVENT_BYTES_MAX];
	size_t size;
	uint64_t expected = from + 1;
	while ((size = box_next(old, &place, bytes, sizeof(bytes))) > 0) {
		taking->whole = taking->whole && place.number == expected;
		expected = place.number + 1;
		take_bytes(taking, place.number, 0, bytes, size);
	}
	/* With none since the checkpoint there is nothing to be missed. */
	taking->whole = taking->whole && (box_newest(old) <= from || expected == box_newest(old) + 1);
}

/* ---- the three ways ------------------------------------------------------------ */

static bool from_checkpoint(struct taking *taking, const struct box *old, const struct box_identity *identity)
{
	struct engine *engine = &taking->loop->engine;
	if (old == NULL || !same_monitor(box_identity(old), identity))
		return false;
	uint64_t number = box_restore(old, taking->recorded, engine, sizeof(*engine));
	if (number == 0)
		return false;
	engine->config = &taking->loop->config->engine;
	taking->begun = true;
	taking->last = number;
	take_ring(taking, old, number);
	if (taking->whole)
		return true;
	/* A hole in the ring: the newest checkpoint is still what was so then. */
	number = box_restore(old, UINT64_MAX, engine, sizeof(*engine));
	engine->config = &taking->loop->config->engine;
	taking->last = number > taking->last ? number : taking->last;
	return number != 0;
}

static bool from_events(struct taking *taking, const struct record_memory *memory, const struct box *old)
{
	bool other_boot;
	struct loop *loop = taking->loop;
	if (!memory->session_kept)
		return false;
	/* Exact, where this core wrote it in this boot; times of another boot would have to be moved in it. */
	taking->from_memory = recorder_session_engine(loop->recorder, memory, loop->config->hash_hex, &loop->engine) &&
	                      recorder_same_boot(loop->recorder, memory, &taking->now);
	loop->engine.config = &loop->config->engine;
	taking->begun = taking->from_memory;
	taking->whole =
	    recorder_events(taking->loop->recorder, memory, &taking->now, take_recorded, taking, &other_boot) &&
	    taking->whole;
	taking->doubtful = other_boot;
	bool same_boot = old != NULL && same_name(box_identity(old)->boot, taking->now.boot);
	if (taking->begun && same_boot && box_newest(old) > memory->progress)
		take_ring(taking, old, memory->progress);
	return taking->begun;
}

/* ---- time that passed ------------------------------------------------------------ */

static void again(struct taking *taking, const struct event *event, struct mono at)
{
	mark(taking);
	perform_again(taking->loop, taking->loop->event_number + 1, event, at);
}

/* The monitor was away from the last event on: connections are to be made anew, services are what they are now, and
 * what was due meanwhile is late. */
static void catch_up(struct taking *taking, struct mono alive)
{
	struct loop *loop = taking->loop;
	struct engine *engine = &loop->engine;
	struct mono stopped =
	    mono_later(engine->now, mono_earlier(alive, taking->now.mono)); /* the last sign of life */
	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		struct event event = {.kind = EVENT_DEVICE, .wall_ns = taking->now.wall_ns};
		event.u.device = (struct event_device){i, DEVICE_RESYNC, FAULT_NONE};
		if (engine->devices[i].state == DEVICE_UP)
			again(taking, &event, stopped);
		event.u.device.state = DEVICE_DOWN;
		if (engine->devices[i].state == DEVICE_REFUSED)
			again(taking, &event, stopped);
	}
	for (int i = 0; i < SERVICE_COUNT; i++) {
		struct event event = {.kind = EVENT_SERVICE, .wall_ns = taking->now.wall_ns};
		event.u.service = (struct event_service){(enum service)i, true};
		if (engine->service_failed[i] && i != SERVICE_DISPLAYS && i != SERVICE_SESSION)
			again(taking, &event, stopped);
	}
	struct event tick = {.kind = EVENT_TICK, .wall_ns = taking->now.wall_ns};
	for (int i = 0; i < TICKS_MAX; i++) {
		struct mono due = engine_deadline(engine);
		if (mono_before(taking->now.mono, due))
			break;
		again(taking, &tick, due);
	}
	struct event away = {.kind = EVENT_AWAY, .wall_ns = taking->now.wall_ns};
	taking->away_ns = mono_since(taking->now.mono, stopped);
	away.u.away = (struct event_away){taking->away_ns, taking->doubtful};
	if (engine->session.open)
		again(taking, &away, taking->now.mono);
}

/* ---- the start ------------------------------------------------------------ */

static void notice(struct loop *loop, enum severity severity, const char *what, const char *sentence,
                   const char *detail)
{
	char text[200];
	(void)snprintf(text, sizeof(text), "%s%s", sentence, detail); /* cut is fine */
	perform_notice(loop, severity, what, text);
}

/* What is not taken as it stands is kept for whoever wants to know why. */
static void keep_aside(struct loop *loop, const char *why)
{
	char aside[PATH_BYTES + 8];
	(void)snprintf(aside, sizeof(aside), "%s.kept", loop->config->box_path); /* fits */
	notice(loop, SEVERITY_WARNING, "black-box-refused",
	       rename(loop->config->box_path, aside) == 0 ? "kept beside it as .kept: " : "lost: ", why);
}

static const char *difference(const struct box_identity *a, const struct box_identity *b)
{
	return !same_name(a->boot, b->boot)     ? "it is of another start of the computer"
	       : !same_name(a->build, b->build) ? "another build wrote it"
	       : !same_name(a->plan, b->plan)   ? "it is of another plan"
	                                        : "it is of another configuration";
}

/* One that later runs could not replace: what it holds is not what was last so. */
static bool behind(struct loop *loop, const struct box *old, uint64_t progress)
{
	return box_newest(old) < progress &&
	       box_restore(old, UINT64_MAX, &loop->engine, sizeof(loop->engine)) < progress;
}

/* NULL: there is none, or it is of no use. */
static struct box *open_old(struct loop *loop, const struct box_identity *identity, uint64_t progress)
{
	char why[BOX_WHY_BYTES];
	struct box *old = box_open(loop->config->box_path, why);
	if (old != NULL && behind(loop, old, progress)) {
		keep_aside(loop, "it is older than the record");
		box_close(old);
		return NULL;
	}
	if (why[0] != '\0')
		keep_aside(loop, why);
	else if (old != NULL && !same_monitor(box_identity(old), identity))
		keep_aside(loop, difference(box_identity(old), identity)); /* it stays open, for its events */
	return old;
}

static void begin(struct record_start *start, const struct box_identity *identity, const struct taking *taking)
{
	struct record_run *run = &start->run;
	memcpy(run->boot, identity->boot, sizeof(run->boot));
	memcpy(run->build, identity->build, sizeof(run->build));
	memcpy(run->config_hash_hex, identity->config, sizeof(run->config_hash_hex));
	memcpy(run->plan_hash_hex, identity->plan, sizeof(run->plan_hash_hex));
	run->wall_ns = taking->now.wall_ns;
	run->mono_ns = taking->now.mono.ns;
}

/* For how long nobody watched stands on the record, however short it was. */
static void tell_taken_up(struct loop *loop, const struct taking *taking)
{
	char text[NAME_BYTES + 48];
	(void)snprintf(text, sizeof(text), "%s, not watched for %s%lld ms", loop->engine.session.id,
	               taking->doubtful ? "about " : "", (long long)(taking->away_ns / NS_PER_MS)); /* fits */
	perform_notice(loop, SEVERITY_NOTICE, "session-taken-up", text);
}

/* Which way was gone, and whether something is lost or may be. */
static void tell(struct loop *loop, const struct taking *taking, const struct record_memory *memory, bool taken)
{
	const struct session *session = &loop->engine.session;
	if (memory->shortened)
		notice(loop, SEVERITY_CRITICAL, "record-shortened",
		       "rows are gone, or are not those that were written; known before: ", memory->known);
	if (session->open)
		tell_taken_up(loop, taking);
	bool sure = taken && taking->whole && (session->open || same_name(session->id, memory->session_id));
	loop->session_lost = memory->readable ? memory->session_open && !sure : !taken;
	loop->session_lost = loop->session_lost || (taken && !taking->whole);
}

/* A session that the record does not know is made known to it, as it stands. */
static void tell_session(struct loop *loop, struct record_start *start, const struct record_memory *memory)
{
	const struct session *session = &loop->engine.session;
	memcpy(start->session_id, session->id, sizeof(start->session_id));
	start->opened = memory->opened;
	start->in_session = session->open && memory->session_kept && strcmp(memory->session_id, session->id) == 0;
	if (session->open && !start->in_session && loop->opened_event == 0)
		recorder_session_opened(loop->recorder, start->run.first, &loop->engine, &loop->engine);
}

bool restore_engine(struct loop *loop, struct record_start *start, bool plan_kept)
{
	struct taking taking = {.loop = loop, .whole = true};
	struct box_identity identity;
	struct record_memory memory;
	char why[BOX_WHY_BYTES];

	identify(loop->config, &identity);
	recorder_memory(loop->recorder, &memory);
	memcpy(taking.now.boot, identity.boot, sizeof(taking.now.boot));
	taking.now.mono = shell_now();
	taking.now.wall_ns = shell_wall_ns();
	begin(start, &identity, &taking);
	struct box *old = open_old(loop, &identity, memory.progress);
	taking.recorded = memory.progress;
	if (old != NULL && box_recorded_up_to(old) > taking.recorded)
		taking.recorded = box_recorded_up_to(old);
	loop->box = box_create(loop->config->box_path, &identity, why);
	if (loop->box == NULL)
		return false;
	bool same_boot = old != NULL && same_name(box_identity(old)->boot, identity.boot);
	struct mono alive = same_boot ? box_alive_at(old) : (struct mono){INT64_MIN};
	bool taken = from_checkpoint(&taking, old, &identity) || from_events(&taking, &memory, old);
	if (!taken)
		engine_init(&loop->engine, &loop->config->engine, taking.now.mono);
	mark(&taking);
	start->recorded = taking.recorded > 0 ? taking.recorded : 1; /* event 1 is the very first start */
	loop->event_number = taking.last > start->recorded ? taking.last : start->recorded;
	if (taken)
		catch_up(&taking, alive);
	start->run.first = loop->event_number + 1;
	tell(loop, &taking, &memory, taken);
	tell_session(loop, start, &memory);
	loop->config_refused = plan_kept;
	box_close(old);
	if (why[0] == '\0' && !box_publish(loop->box, loop->config->box_path))
		(void)snprintf(why, sizeof(why), "%s", strerror(errno)); /* fits */
	if (why[0] != '\0')
		notice(loop, SEVERITY_WARNING, "black-box-not-kept", "a restart would lose what is not on disk: ", why);
	return true;
}
