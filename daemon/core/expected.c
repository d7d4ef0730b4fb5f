/* The expected response of a typical patient: what published population models predict for the plasma level, in whole
 * numbers. Advisory, drawn beside the measured values, never a limit. Asked by the encoder on the engine thread; within
 * engine_step the integration is carried on every five minutes and kept in the session, to the bit what it would be if
 * it were done anew from T0 each time.
 *
 * A model is a list of flows between compartments, each a share of what its compartment holds per hour, written as the
 * papers write it: clearance over volume. It is integrated by the midpoint rule in steps of 10 s; the fastest of these
 * compartments empties by 3.6 % in that time, so the error of the rule is far below one in a thousand. Amounts are at
 * most 1 g, so that amount * clearance * milliseconds fits. */
#include "core.h"

#define STEP_MS      10000
#define HORIZON_MS   INT64_C(86400000) /* nobody asks for the level a day later */
#define DOSE_MAX_UG  1000000
#define OUT          (EXPECTED_COMPARTMENTS - 1)
#define KEEP_MS      INT64_C(300000) /* so often what was integrated is kept; no question costs more than this takes */
#define HOUR_MS      INT64_C(3600000)
#define SWALLOWED_MS 1908000 /* 0.53 h */
#define NOSE_FIRST   5400    /* share of a device that is taken up through the nose, in ten thousandths: the first */
#define NOSE_LATER   3348    /* 0.62 of that for each later one */
#define SHARE        10000
#define REFERENCE_G  70000 /* volumes of the infusion models are for 70 kg, and linear in weight */
#define NG_PER_UG    1000
#define ML_PER_L     1000

struct flow {
	uint8_t from, to;
	int32_t clearance, volume; /* share per hour = clearance / volume */
};

struct model {
	uint8_t measured;  /* the compartment that is plasma */
	int32_t volume_ml; /* its volume, at REFERENCE_G */
	uint8_t flow_count;
	struct flow flows[10];
};

/* Kamp 2020 (10.1097/ALN.0000000000003577), pooled: V1 25, V2 56, V3 157 L/70 kg; CL 84, Q2 161, Q3 79 L/h/70 kg. */
static const struct model kamp = {
    0,
    25000,
    5,
    {{0, OUT, 84, 25}, {0, 1, 161, 25}, {1, 0, 161, 56}, {0, 2, 79, 25}, {2, 0, 79, 157}},
};

/* Clements, 250 ug/kg: V1 1.7522 L/kg; k10 0.0109, k12 0.0186, k21 0.0137 per minute. */
static const struct model clements = {
    0,
    122654,
    3,
    {{0, OUT, 654, 1000}, {0, 1, 1116, 1000}, {1, 0, 822, 1000}},
};

/* Perez-Ruixo 2021 (10.1007/s40262-020-00953-4), esketamine by nose. 0 nose, ka 2.93 /h; 1 gut, ka 1.45 /h, of which 64
 * % reach the liver; 2 liver, 101 L, flow 151 L/h, elimination 1.11 and to noresketamine 2.77 /h; 3 plasma, 192 L; 4
 * and 5 peripheral, 143 and 417 L, 84.3 and 37.6 L/h. Weight does not matter. */
static const struct model perez_ruixo = {
    3,
    192000,
    10,
    {{0, 3, 293, 100},
     {1, 2, 928, 1000},
     {1, OUT, 522, 1000},
     {2, 3, 151, 101},
     {2, OUT, 388, 100},
     {3, 2, 151, 192},
     {3, 4, 843, 1920},
     {4, 3, 843, 1430},
     {3, 5, 376, 1920},
     {5, 3, 376, 4170}},
};

static int64_t ms_between(struct mono later, struct mono earlier)
{
	return mono_since(later, earlier) / NS_PER_MS;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What flows within `ms` out of `held`, added to `to`. */
static void let_flow(const struct model *model, const struct expected_amounts *held, int64_t ms,
                     struct expected_amounts *to)
{
	for (uint8_t i = 0; i < model->flow_count; i++) {
		const struct flow *f = &model->flows[i];
		int64_t divisor = f->volume * HOUR_MS;
		int64_t moved = (held->ng[f->from] * f->clearance * ms + divisor / 2) / divisor;

		to->ng[f->from] -= moved;
		to->ng[f->to] += moved;
	}
}

static void advance(const struct model *model, struct expected_amounts *held, int64_t ms, uint8_t into,
                    int64_t input_ng)
{
	struct expected_amounts middle = *held;

	middle.ng[into] += input_ng / 2;
	let_flow(model, held, ms / 2, &middle);
	let_flow(model, &middle, ms, held);
	held->ng[into] += input_ng;
}

/* ---- what has been given until `ms` after T0 ----------------------------------------------------------------------
 */

static int64_t infused_ng(const struct engine *engine, int64_t ms)
{
	const struct session *session = &engine->session;
	int64_t duration_ms = clocks_duration(engine) / NS_PER_MS;

	if (session->ended)
		ms = least(ms, ms_between(session->ended_at, session->started_at));

	int64_t running = ms;

	for (uint8_t i = 0; i < session->pauses && i < PAUSES_MAX; i++) {
		int64_t from = ms_between(session->pause_from[i], session->started_at);
		int64_t to = ms_between(session->pause_to[i], session->started_at);

		if (from < ms)
			running -= least(to, ms) - from;
	}
	return session->order.dose_ug * (int64_t)NG_PER_UG * least(running, duration_ms) / duration_ms;
}

static int64_t device_ng(const struct engine *engine)
{
	return engine->config->plan.dose.device_ug * (int64_t)NG_PER_UG;
}

static int64_t swallowed_ng(const struct engine *engine, int64_t ms)
{
	const struct session *session = &engine->session;
	int64_t total = 0;

	for (uint8_t i = 0; i < session->given_count; i++) {
		int64_t since = ms - ms_between(session->given[i].at, session->started_at);
		int64_t share = SHARE - (i == 0 ? NOSE_FIRST : NOSE_LATER);

		if (since > 0)
			total += device_ng(engine) / SHARE * share * least(since, SWALLOWED_MS) / SWALLOWED_MS;
	}
	return total;
}

/* ---- the two routes -----------------------------------------------------------------------------------------------
 */

static int64_t ng_per_l_of(const struct model *model, const struct expected_amounts *held, int64_t weight_g)
{
	return held->ng[model->measured] * ML_PER_L * REFERENCE_G / (model->volume_ml * weight_g);
}

/* The next step of the integration begins at `held->at_ms`: 10 s, or until the next device was given. */
static int64_t step_ms(const struct engine *engine, const struct expected_state *held)
{
	const struct session *session = &engine->session;

	if (engine->config->plan.route != ROUTE_SPRAY || held->given >= session->given_count)
		return STEP_MS;
	return least(STEP_MS, ms_between(session->given[held->given].at, session->started_at) - held->at_ms);
}

static void step_infusion(const struct engine *engine, struct expected_state *held, int64_t ms)
{
	int64_t input = infused_ng(engine, held->at_ms + ms) - infused_ng(engine, held->at_ms);

	advance(&kamp, &held->amounts[0], ms, 0, input);
	advance(&clements, &held->amounts[1], ms, 0, input);
}

static void step_spray(const struct engine *engine, struct expected_state *held, int64_t ms)
{
	int64_t input = swallowed_ng(engine, held->at_ms + ms) - swallowed_ng(engine, held->at_ms);

	advance(&perez_ruixo, &held->amounts[0], ms, 1, input);
}

/* What was given at `held->at_ms` is in the nose from then on. */
static void take_devices(const struct engine *engine, struct expected_state *held)
{
	const struct session *session = &engine->session;

	while (held->given < session->given_count &&
	       ms_between(session->given[held->given].at, session->started_at) <= held->at_ms) {
		int64_t share = held->given == 0 ? NOSE_FIRST : NOSE_LATER;

		held->amounts[0].ng[0] += device_ng(engine) / SHARE * share;
		held->given++;
	}
}

/* To `until_ms` after T0, or only as far as whole steps lead. What has been given until a moment does not change any
 * more afterwards, so it makes no difference in how many goes it is done. */
static void integrate(const struct engine *engine, struct expected_state *held, int64_t until_ms, bool whole_steps)
{
	bool spray = engine->config->plan.route == ROUTE_SPRAY;

	while (held->at_ms < until_ms) {
		if (spray)
			take_devices(engine, held);

		int64_t ms = step_ms(engine, held);

		if (ms > until_ms - held->at_ms && whole_steps)
			return;
		ms = least(ms, until_ms - held->at_ms);
		if (spray)
			step_spray(engine, held, ms);
		else
			step_infusion(engine, held, ms);
		held->at_ms += ms;
	}
}

/* ---- kept in the session, so that a long one costs no more than a short one -----------------------------------------
 */

static bool predictable(const struct engine *engine)
{
	const struct session *session = &engine->session;

	if (!session->started || session->pauses > PAUSES_MAX)
		return false;
	switch (engine->config->plan.route) {
	case ROUTE_NONE:
		return false;
	case ROUTE_IV:
		return session->order.dose_ug != 0 && session->order.weight_g != 0 &&
		       clocks_duration(engine) >= NS_PER_S;
	case ROUTE_SPRAY:
		return session->given_count > 0 && engine->config->plan.dose.device_ug <= DOSE_MAX_UG / GIVEN_MAX;
	}
	return false;
}

void expected_advance(struct step *step)
{
	struct engine *engine = step->engine;

	if (!engine->session.open || !predictable(engine))
		return;

	int64_t since = least(ms_between(step->now, engine->session.started_at), HORIZON_MS);

	integrate(engine, &engine->session.expected, since - since % KEEP_MS, true);
}

struct mono expected_deadline(const struct engine *engine)
{
	if (!engine->session.open || !predictable(engine))
		return MONO_NEVER;

	int64_t since = ms_between(engine->now, engine->session.started_at);

	if (since >= HORIZON_MS)
		return MONO_NEVER;
	return mono_after(engine->session.started_at, (since / KEEP_MS + 1) * KEEP_MS * NS_PER_MS);
}

bool engine_expected(const struct engine *engine, struct mono now, int64_t *ng_per_l, int64_t *low, int64_t *high)
{
	const struct session *session = &engine->session;
	struct expected_state held = session->expected;
	int64_t until_ms = ms_between(now, session->started_at);

	*ng_per_l = *low = *high = 0;
	if (!predictable(engine) || until_ms > HORIZON_MS)
		return false;
	if (until_ms < held.at_ms)
		held = (struct expected_state){0}; /* somebody asks for the past */
	integrate(engine, &held, until_ms, false);
	switch (engine->config->plan.route) {
	case ROUTE_NONE:
		return false;
	case ROUTE_SPRAY:
		*ng_per_l = *low = *high = ng_per_l_of(&perez_ruixo, &held.amounts[0], REFERENCE_G);
		break;
	case ROUTE_IV:
		*ng_per_l = ng_per_l_of(&kamp, &held.amounts[0], session->order.weight_g);
		*low = ng_per_l_of(&clements, &held.amounts[1], session->order.weight_g);
		*high = *low < *ng_per_l ? *ng_per_l : *low;
		*low = least(*low, *ng_per_l);
		break;
	}
	return true;
}
