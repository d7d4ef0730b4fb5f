/* The gate before the frames of formats that have no checksum; see gate.h. Pure; called by drivers, on the thread of
 * whoever feeds them.
 *
 * Pace. Every line costs a sixth of a second, and time gives it back, up to ten lines' worth, because device servers
 * pack: five lines at once, then nothing for five periods. Lines that are not paid for are too fast to be measured now.
 * A live device sends one or fewer a second; a memory that is printed comes as fast as the line takes it, 7 to 30 a
 * second. What is faster still than any serial line is a broken device, not a printing one: the link tells of it, and
 * its values stay.
 *
 * Clock. The freshest line known ties the device's clock to ours. A line that is behind it has waited somewhere for so
 * long; one that is far behind is stored, and one that runs ahead among lines without a pause is, too. A clock that
 * stands still tells nothing. Somebody may set the clock: two lines at the live pace that agree with each other, and
 * not with what was known, are believed. */
#include "daemon/driver/gate.h"

#include <string.h>

#define COST_NS   (NS_PER_S / 6)
#define CREDIT_NS (10 * COST_NS)
#define DEBT_NS   (11 * COST_NS)
#define STORED_NS (10 * COST_NS) /* of debt: that was no packing */

#define BROKEN_LINES 250 /* a second: more than a line of 115200 baud takes */

#define WIRE_NS   (10 * NS_PER_S / 9600) /* of a byte; most of these devices have no other speed */
#define PAUSE_NS  (50 * NS_PER_MS)       /* of the line; frames that are closer come in one piece */
#define AHEAD_NS  (2 * NS_PER_S)
#define BEHIND_NS (60 * NS_PER_S) /* among lines that come in one piece */
#define LATE_NS   (10 * NS_PER_S) /* behind a pause */
#define EXACT_NS  NS_PER_S        /* devices print whole seconds */

#define AFTER_STORED 3 /* lines at the live pace */
#define LATE_LINES   3 /* in a row */

/* What is known of a line beside its text. */
struct arrival {
	struct mono began, ended;
	struct mono before; /* the end of the one before */
	int64_t clock_s;
	int64_t pause_ns; /* before it */
	bool first;       /* of the connection */
	bool standing;    /* its clock is the one of the line before */
	bool fast;
};

int64_t gate_clock(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute, int32_t second)
{
	int64_t days = (int64_t)(year * 12 + month) * 31 + day;

	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

static void tell(struct stream *stream, struct decoded decoded, struct mono determined, struct sink sink)
{
	for (uint8_t i = 0; i < decoded.count; i++)
		decoded.list[i].determined = determined;
	stream->gate.told = determined;
	sink.emit(sink.context, &decoded);
}

static void tell_stored(const struct decoded *decoded, struct mono began, struct sink sink)
{
	struct decoded none = *decoded;

	for (uint8_t i = 0; i < none.count; i++)
		none.list[i] = not_measured(none.list[i].parameter, REASON_PRINTING_MEMORY, began);
	sink.emit(sink.context, &none);
}

static void keep_back(struct gate *gate, const struct decoded *decoded)
{
	if (gate->held_count == GATE_HELD_MAX) {
		memmove(&gate->held[0], &gate->held[1], (GATE_HELD_MAX - 1) * sizeof gate->held[0]);
		gate->held_count--;
	}
	gate->held[gate->held_count++] = *decoded;
}

static void tell_held(struct stream *stream, struct sink sink)
{
	struct gate *gate = &stream->gate;

	for (uint8_t i = 0; i < gate->held_count; i++) {
		gate->told = gate->held[i].count > 0 ? gate->held[i].list[0].determined : gate->told;
		sink.emit(sink.context, &gate->held[i]);
	}
	gate->held_count = 0;
}

static void close_gate(struct gate *gate)
{
	gate->open = gate->tied = gate->knows_age = false;
	gate->proved = gate->held_count = 0;
}

static void shut_gate(struct gate *gate)
{
	if (gate->stored)
		return;
	close_gate(gate);
	gate->stored = true;
}

/* ---- pace -------------------------------------------------------------------------------------------------------- */

/* A device server may give a line byte by byte, or when it is whole: its time on the wire is no pause. */
static struct arrival arrive(struct stream *stream, struct mono ended, int64_t clock_s)
{
	struct gate *gate = &stream->gate;
	struct arrival line = {
	    .began = stream->first, .ended = ended, .clock_s = clock_s, .first = !gate->heard, .before = gate->last};

	if (!line.first) {
		line.pause_ns = mono_since(ended, gate->last) - (int64_t)stream->count * WIRE_NS;
		line.standing = clock_s != GATE_NO_CLOCK && clock_s == gate->last_clock_s;
		gate->credit_ns += mono_since(ended, gate->last) - COST_NS;
	}
	if (gate->credit_ns > CREDIT_NS)
		gate->credit_ns = CREDIT_NS;
	if (gate->credit_ns < -DEBT_NS)
		gate->credit_ns = -DEBT_NS;
	line.fast = gate->credit_ns < 0 && !line.standing;
	if (!line.fast)
		gate->fast = 0;
	else if (gate->fast++ == 0)
		gate->fast_since = ended;
	gate->heard = true;
	gate->last = ended;
	gate->last_clock_s = clock_s;
	return line;
}

static bool is_broken(const struct gate *gate, struct mono now)
{
	int64_t seconds = mono_since(now, gate->fast_since) / NS_PER_S;

	return gate->fast > 0 && seconds > 0 && gate->fast > BROKEN_LINES * seconds;
}

/* ---- clock ------------------------------------------------------------------------------------------------------- */

static void tie(struct gate *gate, const struct arrival *line)
{
	gate->tied = true;
	gate->tied_at = line->began;
	gate->tied_clock_s = line->clock_s;
}

/* How far the line runs ahead of what the freshest line says; negative: how late it is. */
static int64_t ahead_ns(const struct gate *gate, const struct arrival *line)
{
	return (line->clock_s - gate->tied_clock_s) * NS_PER_S - mono_since(line->began, gate->tied_at);
}

/* What was kept back for its clock came at the live pace if there is a pause behind it, too. Returns whether it did. */
static bool settle_odd(struct stream *stream, const struct arrival *line, struct sink sink)
{
	bool live = stream->gate.held_count > 0 && line->pause_ns >= PAUSE_NS;

	if (live)
		tell_held(stream, sink);
	stream->gate.held_count = 0;
	return live;
}

/* The clock is not the one that is known. At the live pace, and twice, it was set. */
static void take_odd(struct stream *stream, const struct arrival *line, bool again, const struct decoded *decoded,
                     struct sink sink)
{
	if (again) {
		tie(&stream->gate, line);
		tell(stream, *decoded, line->began, sink);
	} else if (line->pause_ns >= PAUSE_NS) {
		keep_back(&stream->gate, decoded);
	}
}

/* Clocks drift: the freshest line of the last piece was of its time, give or take what the clock does not print. */
static void follow_drift(struct gate *gate)
{
	if (gate->best_ns < 0 && gate->best_ns >= -2 * EXACT_NS)
		gate->tied_at = mono_after(gate->tied_at, -gate->best_ns);
	gate->best_ns = -BEHIND_NS;
}

/* Lines that are late, each alone and at the live pace: not a queue, the clock was set back a little. */
static bool was_set_back(struct gate *gate, const struct arrival *line, int64_t ahead)
{
	if (ahead > -2 * EXACT_NS || line->pause_ns < PAUSE_NS)
		gate->late = 0;
	else
		gate->late++;
	return gate->late >= LATE_LINES;
}

/* A line that runs ahead cannot be stored. One with a damaged clock must not set ours. */
static bool was_set_forward(struct gate *gate, int64_t ahead)
{
	gate->early = ahead > AHEAD_NS ? (uint8_t)(gate->early + 1) : 0;
	return (ahead >= 0 && ahead <= AHEAD_NS) || gate->early > 1;
}

static bool fits(const struct gate *gate, const struct arrival *line)
{
	int64_t ahead = ahead_ns(gate, line);

	if (line->pause_ns < PAUSE_NS)
		return ahead <= AHEAD_NS && ahead >= -BEHIND_NS;
	return ahead >= -LATE_NS;
}

static void take_clocked(struct stream *stream, const struct arrival *line, const struct decoded *decoded,
                         struct sink sink)
{
	struct gate *gate = &stream->gate;
	bool again = settle_odd(stream, line, sink);

	if (line->standing || !gate->tied) {
		gate->knows_age = false;
		if (!gate->tied)
			tie(gate, line);
		tell(stream, *decoded, line->began, sink);
		return;
	}
	if (line->pause_ns >= PAUSE_NS)
		follow_drift(gate);
	int64_t ahead = ahead_ns(gate, line);
	if (!fits(gate, line)) {
		if (ahead <= AHEAD_NS)
			take_odd(stream, line, again, decoded, sink);
		return;
	}
	gate->knows_age = ahead <= AHEAD_NS;
	if (was_set_forward(gate, ahead) || was_set_back(gate, line, ahead)) {
		gate->early = 0;
		tie(gate, line);
		ahead = 0;
	}
	if (ahead <= 0 && ahead > gate->best_ns)
		gate->best_ns = ahead;
	struct mono late = {line->began.ns + ahead > 0 ? line->began.ns + ahead : 0};
	tell(stream, *decoded, ahead > -EXACT_NS ? line->began : late, sink);
}

/* Without a clock. What comes at the device's pace is of now. Of the rest it is known that there is a period between
 * two, and that the last one before a pause was of its time: so a piece has its age, and more than what the device can
 * have measured since is none of it. */
static void take_unclocked(struct stream *stream, const struct gate_rule *rule, const struct arrival *line,
                           const struct decoded *decoded, struct sink sink)
{
	bool in_one_piece = line->pause_ns < PAUSE_NS;
	struct mono earliest = mono_after(in_one_piece ? stream->gate.told : line->before, rule->period_ns * 15 / 16);

	if (!rule->paced || line->first || (!in_one_piece && line->pause_ns < rule->period_ns * 3 / 2))
		earliest = line->began;
	else if (line->fast || mono_before(mono_after(line->began, rule->period_ns / 4), earliest))
		return;
	tell(stream, *decoded, mono_earlier(line->began, earliest), sink);
}

/* ---- the gate ---------------------------------------------------------------------------------------------------- */

/* True while the device prints its memory. */
static bool take_stored(struct gate *gate, const struct gate_rule *rule, const struct arrival *line)
{
	bool queued = gate->open && gate->tied && fits(gate, line);

	if (gate->credit_ns <= -STORED_NS && line->fast && !queued)
		shut_gate(gate);
	if (!gate->stored)
		return false;
	if (line->fast)
		gate->proved = 0;
	else if (line->pause_ns >= rule->period_ns / 2)
		gate->proved++;
	if (gate->proved < AFTER_STORED)
		return true;
	gate->stored = false;
	gate->open = true;
	return false;
}

/* True if there is proof enough, with this line. */
static bool take_proof(struct stream *stream, const struct gate_rule *rule, const struct arrival *line,
                       const struct decoded *decoded, struct sink sink)
{
	struct gate *gate = &stream->gate;

	if (gate->open)
		return true;
	bool in_one_piece = !line->first && !line->standing && line->pause_ns < PAUSE_NS;
	if (rule->paced && (line->fast || in_one_piece)) {
		/* In one piece with the line before: nothing is known of either. */
		gate->held_count = 0;
		return false;
	}
	gate->proved++;
	if (gate->proved < rule->needed) {
		keep_back(gate, decoded);
		return false;
	}
	gate->open = true;
	tell_held(stream, sink);
	return true;
}

static bool stands_alone(struct gate *gate, const struct gate_rule *rule, const struct arrival *line)
{
	if (!line->first && line->pause_ns > 3 * rule->period_ns)
		close_gate(gate); /* what came before is not in a row with this */
	return line->first || line->pause_ns >= rule->period_ns / 2;
}

void gate_take(struct stream *stream, const struct gate_rule *rule, const struct decoded *decoded, int64_t clock_s,
               struct mono now, struct sink sink)
{
	struct gate *gate = &stream->gate;
	struct arrival line = arrive(stream, now, clock_s);

	stream->frames++;
	if (!rule->paced)
		line.fast = false;
	if (rule->alone && !stands_alone(gate, rule, &line)) {
		gate_bad(stream);
		return;
	}
	if (rule->paced && is_broken(gate, now)) {
		gate->stored = false;
		gate->open = true;
		tell(stream, *decoded, line.began, sink);
		return;
	}
	if (rule->paced && take_stored(gate, rule, &line)) {
		tell_stored(decoded, line.began, sink);
		return;
	}
	if (!take_proof(stream, rule, &line, decoded, sink))
		return;
	if (clock_s == GATE_NO_CLOCK)
		take_unclocked(stream, rule, &line, decoded, sink);
	else
		take_clocked(stream, &line, decoded, sink);
}

void gate_bad(struct stream *stream)
{
	struct gate *gate = &stream->gate;

	if (!gate->open || gate->last_clock_s == GATE_NO_CLOCK)
		close_gate(gate);
}

void gate_noise(struct stream *stream, struct mono now)
{
	gate_bad(stream);
	stream->gate.heard = true;
	stream->gate.last = now;
}

void gate_stored(struct stream *stream)
{
	shut_gate(&stream->gate);
}

void gate_live(struct stream *stream)
{
	struct gate *gate = &stream->gate;

	if (!gate->open)
		close_gate(gate);
	gate->stored = false;
	gate->open = true;
	gate->credit_ns = CREDIT_NS;
}

void gate_end(struct stream *stream, const struct gate_rule *rule, struct sink sink)
{
	if (rule->needed <= 2 && !stream->gate.stored)
		tell_held(stream, sink);
}
