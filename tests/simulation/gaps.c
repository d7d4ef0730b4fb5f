/* Signals that come and go, in the eyes of the oracle: how long a rule has been violated when there were gaps, when
 * what it was violated by is lost, how often it began. Called by oracle.c after each step. */
#include <string.h>

#include "tests/simulation/simulation.h"

int64_t gaps_determined(const struct room *room, const struct plan_rule *p)
{
	int64_t at = room->now;

	for (int t = 0; t < p->term_count; t++) {
		int64_t one = room->oracle.sent[p->terms[t].parameter].determined;

		at = one < at ? one : at;
	}
	return at < room->oracle.opened_at ? room->oracle.opened_at : at;
}

/* A continuous value is lost when the third frame in a row has brought none. */
static int64_t lost_at(const struct room *room, const struct plan_rule *p)
{
	int64_t at = NEVER;

	for (int t = 0; t < p->term_count; t++) {
		const struct sent *sent = &room->oracle.sent[p->terms[t].parameter];
		int device = world_device_of(room, p->terms[t].parameter);

		if (parameter_table[p->terms[t].parameter].cadence == CADENCE_CONTINUOUS && device >= 0 &&
		    sent->valued + 4 * room->config.devices[device].period_ns < at)
			at = sent->valued + 4 * room->config.devices[device].period_ns;
	}
	return at;
}

static int64_t stale_since(const struct room *room, enum parameter parameter, int64_t at)
{
	int64_t lacking = world_lacking(room, parameter);

	return room->oracle.sent[parameter].has_value && lacking < at ? lacking : at;
}

/* Since when there is no value: a frame said so now, or the last one became stale before. */
static int64_t gap_begins(const struct room *room, const struct plan_rule *p)
{
	int64_t at = room->now;

	for (int t = 0; t < p->term_count; t++) {
		at = stale_since(room, p->terms[t].parameter, at);
		if (p->terms[t].reference == REFERENCE_DIFFERENCE)
			at = stale_since(room, p->terms[t].other, at);
	}
	return at;
}

/* A value that is away neither ends nor prolongs what it was beyond, until the gap is too long. */
void gaps_run(struct room *room, int rule, enum truth truth)
{
	const struct plan_rule *p = &room->config.plan.rules[rule];
	struct rule_run *run = &room->oracle.rules[rule];

	run->lost_at = lost_at(room, p);
	if (!run->holds || truth == TRUTH_GONE) {
		run->gap = NEVER;
	} else if (truth == TRUTH_UNKNOWN) {
		if (run->gap == NEVER)
			run->gap = gap_begins(room, p);
		if (room->now >= run->gap + room->config.plan.gap_ns)
			run->holds = false;
	} else if (run->gap != NEVER) {
		int64_t determined = gaps_determined(room, p);

		run->since += room->now - run->gap;
		run->determined += determined > run->gap ? determined - run->gap : 0;
		run->gap = NEVER;
	}
}

void gaps_onset(int64_t onsets[RULE_REPEATS_MAX], int64_t now)
{
	memmove(onsets, onsets + 1, (RULE_REPEATS_MAX - 1) * sizeof(onsets[0]));
	onsets[RULE_REPEATS_MAX - 1] = now;
}

/* So often within the time that the plan names. */
bool gaps_repeated(const struct plan_rule *p, const int64_t onsets[RULE_REPEATS_MAX])
{
	int64_t first = p->repeat_count > 0 ? onsets[RULE_REPEATS_MAX - p->repeat_count] : 0;

	return first > 0 && onsets[RULE_REPEATS_MAX - 1] - first <= p->repeat_within_ns;
}
