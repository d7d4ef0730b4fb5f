/* See memory.h. Times of events are monotonic and mean nothing after a reboot: then they are moved so that the last
 * event of that boot lies as far back as the wall clock says, and not ahead of now. */
#include "daemon/record/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "daemon/record/event_code.h"

#define BOOTS_MAX 16

void memory_read(struct store *store, const struct last_row *last, struct record_memory *memory)
{
	struct store_session session = {.opened = 0};
	char hex[2 * CHAIN_BYTES + 1];
	memset(memory, 0, sizeof(*memory));
	memory->readable = store->db != NULL;
	if (memory->readable) {
		memory->progress = store_progress(store);
		memory->session_kept = store_open_session(store, &session);
		memory->session_open = memory->session_kept || store_session_open(store);
	}
	if (memory->session_kept) {
		memory->opened = session.opened;
		memcpy(memory->session_id, session.id, sizeof(memory->session_id));
		memcpy(memory->plan_hash_hex, session.plan_hash_hex, sizeof(memory->plan_hash_hex));
	}
	if (last->seq == 0 || (memory->readable && store_has_row(store, last->seq, last->hash)))
		return;
	memory->shortened = memory->readable;
	memory->session_open = memory->session_open || last->session_id[0] != '\0';
	(void)sodium_bin2hex(hex, sizeof(hex), last->hash, CHAIN_BYTES);
	(void)snprintf(memory->known, sizeof(memory->known), "%lld %s", (long long)last->seq, hex); /* fits */
}

/* ---- events -------------------------------------------------------------------------------------------------------
 */

struct boot {
	char id[37];
	int64_t last_mono_ns, last_wall_ns;
};

struct walk {
	struct store *store;
	const struct record_now *now;
	int boots;
	struct boot boot[BOOTS_MAX];
	struct record_run run; /* of the event at hand */
	uint64_t run_end;      /* first event of the run after it; 0: no run is known yet */
};

static int64_t take_i64(const uint8_t *bytes)
{
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

/* Version u8, kind u8, length u16, now i64, wall i64: daemon/record/event_code.h. 0 if no event begins here. */
static size_t event_size(const uint8_t *bytes, size_t left)
{
	size_t size = left < 20 ? 0 : (size_t)(bytes[2] | bytes[3] << 8);
	return size < 20 || size > left ? 0 : size;
}

static struct boot *boot_of(struct walk *walk, uint64_t number)
{
	struct record_run run;
	if (walk->run_end == 0 || number < walk->run.first || number >= walk->run_end) {
		if (!store_run_of(walk->store, number, &run))
			return NULL;
		walk->run = run;
		walk->run_end = store_run_end(walk->store, run.first);
	}
	for (int i = 0; i < walk->boots; i++)
		if (strcmp(walk->boot[i].id, walk->run.boot) == 0)
			return &walk->boot[i];
	if (walk->boots == BOOTS_MAX)
		return NULL;
	struct boot *boot = &walk->boot[walk->boots++];
	memcpy(boot->id, walk->run.boot, sizeof(boot->id));
	return boot;
}

static int64_t shift_of(const struct walk *walk, const struct boot *boot)
{
	if (strcmp(boot->id, walk->now->boot) == 0)
		return 0;
	int64_t away = walk->now->wall_ns - boot->last_wall_ns;
	return walk->now->mono.ns - (away > 0 ? away : 0) - boot->last_mono_ns;
}

typedef bool (*row_fn)(struct walk *walk, uint64_t number, const uint8_t *bytes, size_t size, void *context);

/* Every event from `first` to `last` that is there. False if one is missing, damaged or of an unknown run. */
static bool each_event(struct walk *walk, uint64_t first, uint64_t last, row_fn fn, void *context)
{
	struct store_input input;
	uint64_t next = first;
	bool whole = true;
	store_input_start(walk->store, &input, first);
	while (next <= last && store_input_next(&input)) {
		uint64_t number = input.first;
		for (size_t at = 0, size; number <= last && at < input.size; number++, at += size) {
			size = event_size(input.bytes + at, input.size - at);
			if (size == 0)
				break;
			if (number < next)
				continue; /* before the session, or told already */
			whole = number == next && whole;
			whole = fn(walk, number, input.bytes + at, size, context) && whole;
			next = number + 1;
		}
	}
	return store_input_done(&input) && whole && next == last + 1;
}

static bool note_times(struct walk *walk, uint64_t number, const uint8_t *bytes, size_t size, void *context)
{
	(void)size;
	(void)context;
	struct boot *boot = boot_of(walk, number);
	if (boot == NULL)
		return false;
	boot->last_mono_ns = take_i64(bytes + 4);
	boot->last_wall_ns = take_i64(bytes + 12);
	return true;
}

struct giving {
	record_event_fn give;
	void *context;
	bool other_boot;
};

static bool give_event(struct walk *walk, uint64_t number, const uint8_t *bytes, size_t size, void *context)
{
	struct giving *giving = context;
	const struct boot *boot = boot_of(walk, number);
	if (boot == NULL)
		return false;
	int64_t shift = shift_of(walk, boot);
	giving->other_boot = giving->other_boot || strcmp(boot->id, walk->now->boot) != 0;
	giving->give(giving->context, number, shift, bytes, size);
	return true;
}

static bool give_prefix(struct walk *walk, uint64_t opened, struct giving *giving)
{
	size_t size, at = 0;
	uint8_t *prefix = store_session_blob(walk->store, opened, "prefix", &size);
	const struct boot *boot = boot_of(walk, opened);
	while (prefix != NULL && boot != NULL && at < size) {
		size_t event = event_size(prefix + at, size - at);
		if (event == 0)
			break;
		giving->give(giving->context, 0, shift_of(walk, boot), prefix + at, event);
		at += event;
	}
	bool whole = prefix != NULL && boot != NULL && at == size;
	free(prefix);
	return whole;
}

bool memory_events(struct store *store, const struct record_memory *memory, const struct record_now *now,
                   record_event_fn give, void *context, bool *other_boot)
{
	struct walk walk = {.store = store, .now = now};
	struct giving giving = {.give = give, .context = context};
	bool whole = each_event(&walk, memory->opened, memory->progress, note_times, NULL);
	whole = give_prefix(&walk, memory->opened, &giving) && whole;
	whole = each_event(&walk, memory->opened, memory->progress, give_event, &giving) && whole;
	*other_boot = giving.other_boot;
	return whole;
}

bool memory_engine(struct store *store, const struct record_memory *memory, const char *config_hash_hex,
                   struct engine *engine)
{
	struct store_session session = {.opened = 0};
	struct record_run run;
	size_t size = 0;
	if (!store_find_session(store, memory->session_id, &session) || session.opened != memory->opened ||
	    strcmp(session.core, record_core_id) != 0 || !store_run_of(store, memory->opened, &run) ||
	    strcmp(run.config_hash_hex, config_hash_hex) != 0)
		return false;
	void *bytes = store_session_blob(store, memory->opened, "engine", &size);
	bool fits = bytes != NULL && size == sizeof(*engine);
	if (fits)
		memcpy(engine, bytes, size);
	free(bytes);
	return fits;
}
