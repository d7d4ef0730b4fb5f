/* See keeper.h. The events come out of the black box, where the engine thread put them; the file gets those of sessions
 * only, because nothing that is judged outside of one has to be judged again. */
#include "daemon/record/keeper.h"

#include <string.h>

#include "daemon/record/event_code.h"

void keeper_note_opened(struct keeper_note *note, uint64_t number, const struct engine *before,
                        const struct engine *after)
{
	struct store_session *session = &note->session;
	memset(session, 0, sizeof(*session));
	note->opened = true;
	note->before = *before;
	session->opened = number;
	session->wall_ns = after->session.opened_wall_ns;
	memcpy(session->id, after->session.id, sizeof(session->id));
	memcpy(session->patient_ref, after->session.order.patient_ref, sizeof(session->patient_ref));
	session->engine_bytes = sizeof(note->before);
	session->prefix_bytes = prefix_of(before, note->prefix);
}

void keeper_note_closed(struct keeper_note *note, uint64_t number, int64_t wall_ns)
{
	note->closed = number;
	note->closed_wall_ns = wall_ns;
	note->opened = note->opened && note->session.opened > number;
}

/* A continuous value is the one of now; one that is determined now and then stands in the second in which it came. */
void keeper_note_trend(struct keeper_trends *trends, struct mono told[PARAMETER_COUNT], const struct engine *engine,
                       struct mono now, int64_t wall_ns)
{
	if (trends->count == KEEPER_TRENDS)
		return;
	struct store_trend *trend = &trends->list[trends->count++];
	memset(trend, 0, sizeof(*trend));
	trend->wall_s = wall_ns / NS_PER_S;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		struct measurement reading = engine_reading(engine, (enum parameter)p, now);
		bool old = parameter_table[p].cadence != CADENCE_CONTINUOUS && reading.determined.ns == told[p].ns;
		if (!measurement_has_value(&reading) || old)
			continue;
		told[p] = reading.determined;
		trend->known |= PARAMETER_BIT(p);
		trend->doubtful |= reading.quality == QUALITY_QUESTIONABLE ? PARAMETER_BIT(p) : 0;
		trend->milli[p] = reading.milli;
	}
}

bool keeper_due(const struct keeper *keeper, const struct keeper_note *note, uint64_t mark, struct mono now, bool all)
{
	if (note->opened || note->closed != 0)
		return true;
	if (!keeper->in_session || mark <= keeper->recorded)
		return false;
	return all || !keeper->wrote_ever || mono_since(now, keeper->wrote) >= NS_PER_S;
}

static bool write_run(struct keeper *keeper, struct store *store)
{
	const char *text = keeper->config_text;
	return store_put_run(store, &keeper->run) &&
	       (text == NULL ||
	        store_put_file(store, keeper->run.config_hash_hex, keeper->config_path, text, strlen(text)));
}

static bool write_session(struct keeper *keeper, struct store *store, const struct keeper_note *note)
{
	struct store_session row = note->session;
	memcpy(row.plan_hash_hex, keeper->run.plan_hash_hex, sizeof(row.plan_hash_hex));
	row.engine = &note->before;
	row.prefix = note->prefix;
	return store_put_session(store, &row) &&
	       store_put_bedside(store, keeper->run.config_hash_hex, note->before.config) &&
	       (keeper->plan_text == NULL ||
	        store_put_file(store, row.plan_hash_hex, keeper->plan_path, keeper->plan_text, keeper->plan_size));
}

/* Events up to `mark` that belong to a session, from where the last commit ended. The place moves only when the commit
 * is done: a failed one reads them again. */
static bool write_events(struct keeper *keeper, struct store *store, uint64_t from, uint64_t mark)
{
	struct box_place place = keeper->place;
	uint64_t first = 0, last = keeper->recorded;
	size_t used = 0;
	while (place.number < mark) {
		struct box_place next = place;
		size_t size = box_next(keeper->box, &next, keeper->piece + used, EVENT_BYTES_MAX);
		if (size == 0)
			break;
		place = next;
		if (place.number <= keeper->recorded || place.number < from)
			continue;
		/* Overwritten ones leave a hole between two rows. */
		bool hole = first != 0 && place.number != last + 1;
		if (hole && !store_put_input(store, first, last, keeper->piece, used))
			return false;
		if (hole) {
			memmove(keeper->piece, keeper->piece + used, size);
			used = 0;
		}
		if (hole || first == 0)
			first = place.number;
		last = place.number;
		used += size;
		if (used + EVENT_BYTES_MAX > sizeof(keeper->piece)) {
			if (!store_put_input(store, first, last, keeper->piece, used))
				return false;
			first = 0;
			used = 0;
		}
	}
	return first == 0 || store_put_input(store, first, last, keeper->piece, used);
}

static bool write_trends(struct keeper *keeper, struct store *store, const struct keeper_note *note,
                         const struct keeper_trends *trends)
{
	uint64_t opened = note->opened ? note->session.opened : keeper->session.session.opened;
	for (int i = 0; i < trends->count; i++)
		if (!store_put_trend(store, opened, &trends->list[i]))
			return false;
	return true;
}

bool keeper_write(struct keeper *keeper, struct store *store, const struct keeper_note *note,
                  const struct keeper_trends *trends, uint64_t mark)
{
	if (!keeper->run_written && !write_run(keeper, store))
		return false;
	/* Of a session that was taken up from another file only the name is known. */
	if (keeper->in_session && !keeper->session_written && keeper->session.opened &&
	    !write_session(keeper, store, &keeper->session))
		return false;
	if (note->opened && !write_session(keeper, store, note))
		return false;
	uint64_t from = keeper->in_session ? 0 : note->opened ? note->session.opened : UINT64_MAX;
	if (!write_events(keeper, store, from, mark) || !write_trends(keeper, store, note, trends))
		return false;
	if (note->closed != 0 && !store_end_session(store, note->closed, note->closed_wall_ns))
		return false;
	return store_put_progress(store, mark);
}

void keeper_done(struct keeper *keeper, const struct keeper_note *note, uint64_t mark, bool wrote, struct mono now)
{
	uint8_t bytes[EVENT_BYTES_MAX];
	keeper->run_written = keeper->run_written || wrote;
	keeper->session_written = keeper->session_written || wrote;
	if (note->closed != 0)
		keeper->in_session = false;
	if (note->opened) {
		keeper->session = *note;
		keeper->in_session = keeper->session_written = true;
	}
	while (keeper->place.number < mark && box_next(keeper->box, &keeper->place, bytes, sizeof(bytes)) > 0)
		;
	keeper->wrote_ever = keeper->wrote_ever || wrote;
	keeper->wrote = wrote ? now : keeper->wrote;
	if (mark <= keeper->recorded)
		return;
	keeper->recorded = mark;
	box_recorded(keeper->box, mark);
}

void keeper_new_file(struct keeper *keeper)
{
	keeper->run_written = keeper->session_written = false;
}
