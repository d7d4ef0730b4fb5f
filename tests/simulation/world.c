/* What the oracle knows of the world: values, devices, session and limits as the events and the answers to commands
 * tell them, kept without a look at the engine's own books (except the baseline of the heart rate). Judges the plan's
 * rules on that. */
#include <math.h>
#include <string.h>

#include "tests/simulation/simulation.h"

#define PULSE_PRESSURE_MIN (10 * MILLI)

static bool continuous(enum parameter parameter)
{
	return parameter_table[parameter].cadence == CADENCE_CONTINUOUS;
}

int world_device_of(const struct room *room, enum parameter parameter)
{
	if (parameter == PARAMETER_HEART_RATE)
		parameter = room->oracle.rate_from;
	for (int d = 0; d < DEVICE_TOTAL; d++)
		if ((room->config.devices[d].provides & PARAMETER_BIT(parameter)) != 0)
			return d;
	return -1;
}

static int64_t patience(const struct room *room, int device)
{
	return 3 * room->config.devices[device].period_ns;
}

enum result world_reply(const struct room *room)
{
	const struct actions *a = &room->actions;

	if (a->count == 0 || a->list[a->count - 1].kind != ACTION_REPLY)
		return RESULT_COUNT;
	return a->list[a->count - 1].u.reply.result;
}

/* ---- questions ----------------------------------------------------------------------------------------------------
 */

bool world_fine(const struct room *room, int device)
{
	const struct oracle *o = &room->oracle;
	bool connected =
	    o->state[device] == DEVICE_UP || (o->state[device] == DEVICE_RESYNC && o->resync_from_up[device]);

	return connected && room->now < o->heard[device] + patience(room, device);
}

bool world_current(const struct room *room, enum parameter parameter)
{
	const struct sent *sent = &room->oracle.sent[parameter];
	int device = world_device_of(room, parameter);

	if (!sent->received || !sent->has_value)
		return false;
	return !continuous(parameter) || room->now < sent->determined + patience(room, device);
}

int64_t world_lacking(const struct room *room, enum parameter parameter)
{
	const struct sent *sent = &room->oracle.sent[parameter];

	if (world_current(room, parameter))
		return NEVER;
	return sent->received && sent->has_value ? sent->determined + patience(room, world_device_of(room, parameter))
	                                         : sent->lacking;
}

/* The device says that there is no such vital sign, and has not fallen silent since. */
bool world_dead(const struct room *room, enum parameter parameter)
{
	const struct sent *sent = &room->oracle.sent[parameter];

	return sent->dead != NEVER && room->now < sent->determined + patience(room, world_device_of(room, parameter));
}

bool world_out(const struct room *room, enum parameter parameter)
{
	const struct oracle *o = &room->oracle;
	int device = world_device_of(room, parameter);

	if (parameter == PARAMETER_HEART_RATE && world_out(room, PARAMETER_ECG_HR) && world_out(room, PARAMETER_PULSE))
		return true;
	if (parameter == PARAMETER_PULSE_PRESSURE &&
	    (world_out(room, PARAMETER_NIBP_SYS) || world_out(room, PARAMETER_NIBP_DIA)))
		return true;
	if (parameter == PARAMETER_SHOCK_INDEX &&
	    (world_out(room, PARAMETER_NIBP_SYS) ||
	     (world_out(room, PARAMETER_ECG_HR) && world_out(room, PARAMETER_PULSE) &&
	      world_out(room, PARAMETER_NIBP_PULSE))))
		return true;
	if (parameter_derived(parameter))
		return o->out_until[DEVICES_MAX + (int)parameter] > room->now;
	return o->out_until[DEVICES_MAX + (int)parameter] > room->now ||
	       (device >= 0 && o->out_until[device] > room->now);
}

bool world_rule_out(const struct room *room, int rule)
{
	const struct plan_rule *p = &room->config.plan.rules[rule];

	for (int t = 0; t < p->term_count; t++)
		if (world_out(room, p->terms[t].parameter) ||
		    (p->terms[t].reference == REFERENCE_DIFFERENCE && world_out(room, p->terms[t].other)))
			return true;
	return false;
}

static bool baseline_of(const struct oracle *o, enum parameter parameter, int32_t *base)
{
	if (parameter_table[parameter].cadence == CADENCE_ENTERED) {
		*base = o->base_score[parameter];
		return o->started;
	}
	*base = parameter == PARAMETER_NIBP_SYS ? o->base_sys : o->base_dia;
	return o->baseline && (parameter == PARAMETER_NIBP_SYS || parameter == PARAMETER_NIBP_DIA);
}

/* A critical limit: the plan's, or what two people agreed on. Never the patient's own. */
static int32_t limit_of(const struct room *room, int rule, int t)
{
	const struct oracle *o = &room->oracle;
	const struct plan_rule *p = &room->config.plan.rules[rule];
	const struct baseline *b = &room->engine.session.baseline;
	const struct rule_term *term = &p->terms[t];

	if (o->limit_changed[rule][t])
		return o->limits[rule][t];
	if (!p->critical && term->low_baseline > 0 && b->complete && b->has_hr && b->hr < term->low_baseline)
		return b->hr - term->low_drop;
	return term->limit;
}

static enum truth judge_term(const struct room *room, int rule, int t, bool engaged)
{
	const struct rule_term *term = &room->config.plan.rules[rule].terms[t];
	bool up = term->comparison == COMPARISON_ABOVE || term->comparison == COMPARISON_AT_LEAST;
	int32_t limit = limit_of(room, rule, t), base = 0, value = room->oracle.sent[term->parameter].milli;
	int32_t room_left = up ? term->limit - term->clear : term->clear - term->limit;
	bool equal = term->comparison == COMPARISON_AT_LEAST || term->comparison == COMPARISON_AT_MOST;

	if (term->reference == REFERENCE_BASELINE && !baseline_of(&room->oracle, term->parameter, &base))
		return TRUTH_GONE;
	if (!world_current(room, term->parameter) ||
	    (term->reference == REFERENCE_DIFFERENCE && !world_current(room, term->other)))
		return TRUTH_UNKNOWN;
	value -= base;
	if (term->reference == REFERENCE_DIFFERENCE) {
		value -= room->oracle.sent[term->other].milli;
		value = value < 0 ? -value : value;
	}

	int32_t beyond = up ? value - limit : limit - value;

	if (beyond > 0 || (equal && beyond == 0))
		return TRUTH_HOLDS;
	return engaged && beyond > -room_left ? TRUTH_HOLDS : TRUTH_GONE;
}

enum truth world_judge(const struct room *room, int rule, bool engaged)
{
	const struct plan_rule *p = &room->config.plan.rules[rule];
	bool all = p->combination == COMBINATION_ALL || p->term_count == 0;
	int holds = 0, unknown = 0;

	for (int t = 0; t < p->term_count; t++) {
		enum truth truth = judge_term(room, rule, t, engaged);

		holds += truth == TRUTH_HOLDS;
		unknown += truth == TRUTH_UNKNOWN;
	}
	if (all)
		return holds == p->term_count            ? TRUTH_HOLDS
		       : holds + unknown < p->term_count ? TRUTH_GONE
		                                         : TRUTH_UNKNOWN;
	return holds > 0 ? TRUTH_HOLDS : unknown > 0 ? TRUTH_UNKNOWN : TRUTH_GONE;
}

/* ---- events -------------------------------------------------------------------------------------------------------
 */

static bool plausible(const struct measurement *m)
{
	const struct parameter_info *info = &parameter_table[m->parameter];

	return m->quality != QUALITY_NO_VALUE && m->milli >= info->plausible_min && m->milli <= info->plausible_max;
}

static bool contradictory(const struct event_measurements *frame)
{
	int32_t sys = INT32_MAX, dia = 0;
	bool bad = false;

	for (int i = 0; i < frame->count; i++) {
		const struct measurement *m = &frame->list[i];

		if (m->parameter == PARAMETER_NIBP_SYS)
			sys = m->milli;
		else if (m->parameter == PARAMETER_NIBP_DIA)
			dia = m->milli;
		else
			continue;
		bad = bad || !plausible(m);
	}
	return bad || sys - dia < PULSE_PRESSURE_MIN;
}

static void take_value(struct room *room, const struct measurement *m, bool usable)
{
	struct sent *sent = &room->oracle.sent[m->parameter];
	int64_t lacking = world_lacking(room, m->parameter);
	bool dead = world_dead(room, m->parameter);

	sent->lacking = usable ? NEVER : lacking == NEVER ? m->determined.ns : lacking;
	sent->falls = usable && sent->has_value && m->milli < sent->milli;
	sent->received = true;
	sent->good = usable ? m->milli : sent->good;
	sent->has_value = usable;
	sent->milli = usable ? m->milli : 0;
	sent->valued = usable ? m->determined.ns : sent->valued;
	if (usable || m->reason != REASON_NO_PULSE)
		sent->dead = NEVER;
	else if (!dead)
		sent->dead = m->determined.ns;
	sent->determined = m->determined.ns;
	room->oracle.fresh |= PARAMETER_BIT(m->parameter);
}

/* One heart rate: the ECG's, else the oximeter's; what is out counts only if everything is. */
static void choose_rate(struct room *room)
{
	struct oracle *o = &room->oracle;
	bool all_out = world_out(room, PARAMETER_HEART_RATE);
	bool ecg = all_out || !world_out(room, PARAMETER_ECG_HR), pulse = all_out || !world_out(room, PARAMETER_PULSE);

	if (ecg && (!pulse || world_current(room, PARAMETER_ECG_HR)))
		o->rate_from = PARAMETER_ECG_HR;
	else if (pulse && (!ecg || world_current(room, PARAMETER_PULSE)))
		o->rate_from = PARAMETER_PULSE;
	o->sent[PARAMETER_HEART_RATE] = o->sent[o->rate_from];
}

/* What follows from one cuff reading: the distance of its pressures, and the rate of that moment over the systolic one.
 * The cuff's own count stands in where no sensor that is not out has a rate. */
static void follow_reading(struct room *room, const struct event_measurements *frame, bool bad)
{
	struct oracle *o = &room->oracle;
	struct measurement m = {.determined = {frame->list[0].determined.ns}};
	int32_t rate = -1, counted = -1;

	choose_rate(room);
	for (int i = 0; i < frame->count; i++)
		if (frame->list[i].parameter == PARAMETER_NIBP_PULSE && plausible(&frame->list[i]) &&
		    !world_out(room, PARAMETER_NIBP_PULSE))
			counted = frame->list[i].milli;
	if (world_current(room, PARAMETER_HEART_RATE)) {
		rate = o->sent[PARAMETER_HEART_RATE].milli;
		m.determined.ns = o->sent[PARAMETER_HEART_RATE].determined < m.determined.ns
		                      ? o->sent[PARAMETER_HEART_RATE].determined
		                      : m.determined.ns;
	}
	if (counted >= 0 && (rate < 0 || world_out(room, PARAMETER_HEART_RATE))) {
		rate = counted;
		m.determined = frame->list[0].determined;
	}
	m.parameter = PARAMETER_SHOCK_INDEX;
	m.milli = bad || rate < 0 ? 0 : (int32_t)lround((double)rate * MILLI / o->sent[PARAMETER_NIBP_SYS].milli);
	take_value(room, &m, !bad && rate >= 0);
	m.parameter = PARAMETER_PULSE_PRESSURE;
	m.milli = o->sent[PARAMETER_NIBP_SYS].milli - o->sent[PARAMETER_NIBP_DIA].milli;
	m.determined = frame->list[0].determined;
	take_value(room, &m, !bad);
}

static void baseline_reading(struct room *room)
{
	struct oracle *o = &room->oracle;
	const parameter_set both = PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA);

	if (!o->open || o->baseline || (o->fresh & both) != both || !world_current(room, PARAMETER_NIBP_SYS))
		return;
	o->readings++;
	o->sum_sys += o->sent[PARAMETER_NIBP_SYS].milli;
	o->sum_dia += o->sent[PARAMETER_NIBP_DIA].milli;
	o->baseline = o->started || o->readings >= room->config.plan.baseline_readings;
	o->base_sys = (int32_t)((o->sum_sys + o->readings / 2) / o->readings);
	o->base_dia = (int32_t)((o->sum_dia + o->readings / 2) / o->readings);
}

/* Ordered before the session was opened, and come within the minute that a determination may take: the last patient's.
 */
static bool of_another(struct room *room)
{
	struct oracle *o = &room->oracle;
	bool before = o->open && o->cuff_before != NEVER && room->now < o->cuff_before + 60 * NS_PER_S;

	o->cuff_asked = NEVER;
	if (before)
		o->cuff_before = NEVER;
	return before;
}

static void heed_frame(struct room *room, const struct event_measurements *frame)
{
	struct oracle *o = &room->oracle;
	bool cuff = false, bad = frame->device == CUFF && contradictory(frame);

	if (o->state[frame->device] != DEVICE_UP)
		return;
	o->heard[frame->device] = room->now;
	if (frame->device == CUFF && frame->count > 0 && of_another(room))
		return;
	for (int i = 0; i < frame->count; i++) {
		const struct measurement *m = &frame->list[i];

		take_value(room, m, plausible(m) && !bad);
		cuff = cuff || m->parameter == PARAMETER_NIBP_SYS;
	}
	if (!cuff)
		return;
	o->failures = bad ? o->failures + 1 : 0;
	follow_reading(room, frame, bad);
	o->said_sys = 0;
	for (int i = 0; bad && i < frame->count; i++)
		if (frame->list[i].parameter == PARAMETER_NIBP_SYS && frame->list[i].quality != QUALITY_NO_VALUE)
			o->said_sys = frame->list[i].milli;
	baseline_reading(room);
}

static void heed_device(struct room *room, const struct event_device *event)
{
	struct oracle *o = &room->oracle;
	int d = event->device;

	if (event->state == DEVICE_UP && o->state[d] != DEVICE_UP) {
		o->heard[d] = room->now;
		o->ever_up[d] = true;
	}
	o->resync_from_up[d] = event->state == DEVICE_UP || (event->state == DEVICE_RESYNC && o->resync_from_up[d]);
	o->state[d] = event->state;
	if (d == CUFF && event->state != DEVICE_UP && !o->resync_from_up[d])
		o->cuff_asked = NEVER;
}

static void heed_cuff(struct room *room)
{
	for (uint16_t i = 0; i < room->actions.count; i++)
		if (room->actions.list[i].kind == ACTION_CUFF)
			room->oracle.cuff_asked = room->actions.list[i].u.cuff.start ? room->now : NEVER;
}

static void new_session(struct room *room, const struct session_order *order)
{
	struct oracle *o = &room->oracle;

	o->open = o->turned = true;
	o->opened_at = room->now;
	o->duration_ns = order->duration_s > 0 ? order->duration_s * NS_PER_S : room->config.plan.planned_duration_ns;
	o->paused_at = NEVER;
	o->paused_ns = 0;
	o->failures = 0;
	o->said_sys = 0;
	o->measure_from = NEVER;
	memset(o->measured_until, 0, sizeof(o->measured_until));
	memset(o->was_there, 0, sizeof(o->was_there));
	o->cuff_before = o->cuff_asked;
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if (!continuous((enum parameter)p))
			o->sent[p] = (struct sent){.lacking = room->now, .dead = NEVER};
}

static void heed_limit(struct room *room, const struct limit_order *order)
{
	const struct plan *plan = &room->config.plan;

	for (int r = 0; r < plan->rule_count; r++) {
		if (strncmp(plan->rules[r].name, order->rule, NAME_BYTES) != 0)
			continue;
		int term = engine_term(&plan->rules[r], order->term);
		room->oracle.limit_changed[r][term] = true;
		room->oracle.limits[r][term] = order->limit;
		room->oracle.rules[r] = (struct rule_run){.gap = NEVER, .back = NEVER, .alone = NEVER};
	}
}

static void heed_take_out(struct room *room, const struct take_out *order)
{
	int64_t until = order->duration_s == 0 ? 0 : room->now + order->duration_s * NS_PER_S;

	for (int d = 0; order->is_device && d < DEVICE_TOTAL; d++)
		if (strncmp(room->config.devices[d].name, order->name, NAME_BYTES) == 0)
			room->oracle.out_until[d] = until;
	for (int p = 0; !order->is_device && p < PARAMETER_COUNT; p++)
		if (strncmp(parameter_table[p].name, order->name, NAME_BYTES) == 0)
			room->oracle.out_until[DEVICES_MAX + p] = until;
}

static void heed_score(struct room *room, const struct observation *observation)
{
	struct measurement m = {observation->parameter, QUALITY_VALID, REASON_NONE, observation->milli, {room->now}};

	if (observation->has_score)
		take_value(room, &m, true);
}

static void heed_start(struct room *room)
{
	struct oracle *o = &room->oracle;

	o->started = true;
	o->started_at = room->now;
	for (int p = 0; p < PARAMETER_COUNT; p++)
		o->base_score[p] = o->sent[p].received && !continuous((enum parameter)p) ? o->sent[p].milli : 0;
	if (o->readings > 0)
		o->baseline = true;
}

/* The clocks of the session, by the answers to commands alone. */
static void heed_course(struct room *room, enum command command)
{
	struct oracle *o = &room->oracle;
	bool goes_on = command == COMMAND_SESSION_RESUME || command == COMMAND_SESSION_STOP;

	if (command == COMMAND_SESSION_START || (command == COMMAND_DEVICE_GIVEN && !o->started))
		heed_start(room);
	if (command == COMMAND_SESSION_PAUSE)
		o->paused_at = room->now;
	if (goes_on && o->paused_at != NEVER) {
		o->paused_ns += room->now - o->paused_at;
		o->paused_at = NEVER;
	}
	if (command == COMMAND_SESSION_STOP) {
		o->ended = true;
		o->ended_at = room->now;
	}
	if (command == COMMAND_SESSION_CLOSE) {
		o->open = o->started = o->ended = false;
		o->turned = true;
		o->opened_at = room->now; /* what follows is nobody's session */
		memset(o->limit_changed, 0, sizeof(o->limit_changed));
		memset(o->out_until, 0, sizeof(o->out_until));
	}
}

/* The administration ends by itself where it was planned, paused time left out. */
static void planned_end(struct room *room)
{
	struct oracle *o = &room->oracle;
	int64_t at = o->started_at + o->duration_ns + o->paused_ns;

	if (!o->started || o->ended || o->paused_at != NEVER || room->now < at)
		return;
	o->ended = true;
	o->ended_at = at;
}

static void heed_command(struct room *room, const struct event_command *command)
{
	struct oracle *o = &room->oracle;

	if (world_reply(room) != RESULT_OK)
		return;
	if (command->command == COMMAND_SESSION_OPEN)
		new_session(room, &command->u.order);
	else if (command->command == COMMAND_OBSERVE)
		heed_score(room, &command->u.observation);
	else if (command->command == COMMAND_LIMIT)
		heed_limit(room, &command->u.limit);
	else if (command->command == COMMAND_TAKE_OUT)
		heed_take_out(room, &command->u.take_out);
	else if (command->command == COMMAND_RECEIPT)
		o->display_heard = room->now;
	heed_course(room, command->command);
}

/* Whether each device is fine, before its sign of life in this step counts: a silence that nobody was told of breaks
 * it. */
static void note_silence(struct room *room)
{
	for (int d = 0; d < DEVICE_TOTAL; d++)
		if (!world_fine(room, d))
			room->oracle.fine_since[d] = NEVER;
}

void world_heed(struct room *room)
{
	struct oracle *o = &room->oracle;

	note_silence(room);
	o->fresh = 0;
	o->turned = false;
	switch (room->event.kind) {
	case EVENT_MEASUREMENTS:
		heed_frame(room, &room->event.u.measurements);
		break;
	case EVENT_DEVICE:
		heed_device(room, &room->event.u.device);
		break;
	case EVENT_COMMAND:
		heed_command(room, &room->event.u.command);
		break;
	case EVENT_TICK:
	case EVENT_SERVICE:
	case EVENT_CLOCK:
	case EVENT_AWAY:
		break;
	}
	for (int d = 0; d < DEVICE_TOTAL; d++) {
		bool fine = world_fine(room, d);

		o->fine_since[d] = !fine ? NEVER : o->fine_since[d] == NEVER ? room->now : o->fine_since[d];
	}
	planned_end(room);
	choose_rate(room);
	heed_cuff(room);
}

void world_begin(struct room *room)
{
	struct oracle *o = &room->oracle;

	memset(o, 0, sizeof(*o));
	o->display_heard = room->now;
	o->rate_from = PARAMETER_ECG_HR;
	o->measure_from = NEVER;
	o->cuff_asked = o->cuff_before = NEVER;
	for (int d = 0; d < DEVICE_TOTAL; d++)
		o->fine_since[d] = NEVER;
	for (int p = 0; p < PARAMETER_COUNT; p++)
		o->sent[p].lacking = room->now, o->sent[p].dead = NEVER;
	for (int r = 0; r < PLAN_RULES_MAX; r++)
		o->rules[r] = (struct rule_run){.gap = NEVER, .back = NEVER, .alone = NEVER};
}
