/* The expected response as it was first written: integrated anew from T0 each time. Kept as the oracle of the one that
 * carries its integration on (daemon/core/expected.c); included by test_core_expected_kept.c. */
#ifndef EXPECTED_ORACLE_H
#define EXPECTED_ORACLE_H

#include "vitals/engine.h"

#define STEP_MS      10000
#define HORIZON_MS   INT64_C(86400000) /* nobody asks for the level a day later */
#define DOSE_MAX_UG  1000000
#define COMPARTMENTS 6
#define OUT          COMPARTMENTS
#define HOUR_MS      INT64_C(3600000)
#define SWALLOWED_MS 1908000 /* 0.53 h */
#define NOSE_FIRST   5400    /* share of a device that is taken up through the nose, in ten thousandths: the first */
#define NOSE_LATER   3348    /* 0.62 of that for each later one */
#define SHARE        10000
#define REFERENCE_G  70000 /* volumes of the infusion models are for 70 kg, and linear in weight */
#define NG_PER_UG    1000
#define ML_PER_L     1000

static int64_t duration_ns(const struct engine *engine)
{
	const struct session_order *order = &engine->session.order;

	return order->duration_s != 0 ? order->duration_s * NS_PER_S : engine->config->plan.planned_duration_ns;
}

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

/* Amounts in nanograms: at most 1 g, so that amount * clearance * milliseconds fits. */
struct amounts {
	int64_t ng[COMPARTMENTS + 1];
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
static void let_flow(const struct model *model, const struct amounts *held, int64_t ms, struct amounts *to)
{
	for (uint8_t i = 0; i < model->flow_count; i++) {
		const struct flow *f = &model->flows[i];
		int64_t divisor = f->volume * HOUR_MS;
		int64_t moved = (held->ng[f->from] * f->clearance * ms + divisor / 2) / divisor;

		to->ng[f->from] -= moved;
		to->ng[f->to] += moved;
	}
}

static void advance(const struct model *model, struct amounts *held, int64_t ms, uint8_t into, int64_t input_ng)
{
	struct amounts middle = *held;

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
	int64_t duration_ms = duration_ns(engine) / NS_PER_MS;

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

static int64_t ng_per_l_of(const struct model *model, const struct amounts *held, int64_t weight_g)
{
	return held->ng[model->measured] * ML_PER_L * REFERENCE_G / (model->volume_ml * weight_g);
}

static int64_t after_infusion(const struct engine *engine, const struct model *model, int64_t until_ms)
{
	struct amounts held = {{0}};
	int64_t given = 0;

	for (int64_t at = 0, ms; at < until_ms; at += ms) {
		ms = least(STEP_MS, until_ms - at);

		int64_t now_given = infused_ng(engine, at + ms);

		advance(model, &held, ms, 0, now_given - given);
		given = now_given;
	}
	return ng_per_l_of(model, &held, engine->session.order.weight_g);
}

static int64_t after_spray(const struct engine *engine, int64_t until_ms)
{
	const struct session *session = &engine->session;
	struct amounts held = {{0}};
	int64_t swallowed = 0;
	uint8_t next = 0;

	for (int64_t at = 0, ms; at < until_ms; at += ms) {
		ms = least(STEP_MS, until_ms - at);
		while (next < session->given_count && ms_between(session->given[next].at, session->started_at) <= at)
			held.ng[0] += device_ng(engine) / SHARE * (next++ == 0 ? NOSE_FIRST : NOSE_LATER);
		if (next < session->given_count)
			ms = least(ms, ms_between(session->given[next].at, session->started_at) - at);

		int64_t now_swallowed = swallowed_ng(engine, at + ms);

		advance(&perez_ruixo, &held, ms, 1, now_swallowed - swallowed);
		swallowed = now_swallowed;
	}
	return ng_per_l_of(&perez_ruixo, &held, REFERENCE_G);
}

static bool from_the_start(const struct engine *engine, struct mono now, int64_t *ng_per_l, int64_t *low, int64_t *high)
{
	const struct session *session = &engine->session;
	int64_t until_ms = ms_between(now, session->started_at);

	*ng_per_l = *low = *high = 0;
	if (!session->started || until_ms > HORIZON_MS || session->pauses > PAUSES_MAX)
		return false;
	switch (engine->config->plan.route) {
	case ROUTE_NONE:
		return false;
	case ROUTE_IV:
		if (session->order.dose_ug == 0 || session->order.weight_g == 0 || duration_ns(engine) < NS_PER_S)
			return false;
		*ng_per_l = after_infusion(engine, &kamp, until_ms);
		*low = after_infusion(engine, &clements, until_ms);
		*high = *low < *ng_per_l ? *ng_per_l : *low;
		*low = least(*low, *ng_per_l);
		return true;
	case ROUTE_SPRAY:
		if (session->given_count == 0 || engine->config->plan.dose.device_ug > DOSE_MAX_UG / GIVEN_MAX)
			return false;
		*ng_per_l = *low = *high = after_spray(engine, until_ms);
		return true;
	}
	return false;
}

#endif
