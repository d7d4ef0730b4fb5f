/* Which looks at a register map's sequence register show a new determination. The answers of a module are lost one by
 * one and in rows: it hangs up, is deaf while it measures, is switched off and on. Each determination is told once, or
 * that it was lost. See determination.h.
 *
 * A determination ended at some time after the last look that still showed the number before; that look is what its age
 * is counted from. */
#include "daemon/driver/determination.h"

/* A module may count first and write its values after that. */
#define WRITING_NS (3 * NS_PER_S)

/* A number goes forward by less than this, also over its end at 65535; else it went back. */
#define FORWARD 0x8000

static bool same(const struct determination *a, const struct determination *b)
{
	bool equal = a->count == b->count;

	for (uint8_t i = 0; i < a->count && equal; i++)
		equal = a->milli[i] == b->milli[i] && a->quality[i] == b->quality[i] && a->reason[i] == b->reason[i];
	return equal;
}

static void learn(struct register_state *state, uint16_t sequence, const struct determination *values, struct mono at)
{
	state->primed = true;
	state->moved = false;
	state->sequence = sequence;
	state->known = *values;
	state->looked = at;
}

/* The register has moved. Its values are taken when two looks in a row showed the same ones, and not those of the
 * determination before; those only when the module had time to write others. */
static bool settled(struct register_state *state, uint16_t sequence, const struct determination *values, struct mono at)
{
	bool again = state->moved && state->next == sequence;

	if (again && mono_since(at, state->moved_at) >= WRITING_NS)
		return true;
	bool agreed = again && same(&state->seen, values), old = same(&state->known, values);
	state->news = old ? SEQUENCE_WAITS : SEQUENCE_UNSETTLED;
	if (!again)
		state->moved_at = at;
	state->moved = true;
	state->next = sequence;
	state->seen = *values;
	return agreed && !old;
}

void determination_look(struct register_state *state, uint16_t sequence, const struct determination *values,
                        struct mono at)
{
	uint16_t step = (uint16_t)(sequence - state->sequence);

	state->news = SEQUENCE_SAME;
	state->before = state->sequence;
	state->ended_after = state->looked;
	if (!state->primed) {
		learn(state, sequence, values, at);
	} else if (step == 0) {
		state->moved = false;
		state->looked = at;
	} else if (step >= FORWARD) {
		state->news = SEQUENCE_RESTARTED;
		learn(state, sequence, values, at);
	} else if (mono_since(at, state->looked) > SEQUENCE_GAP_NS) {
		state->news = SEQUENCE_UNSEEN;
		learn(state, sequence, values, at);
	} else if (settled(state, sequence, values, at)) {
		state->news = SEQUENCE_NEW;
		learn(state, sequence, values, at);
	}
}
