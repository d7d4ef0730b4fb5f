/* A bedside with something of everything, for the tests of the encoder (test_encode.c, test_vectors.c): the state is
 * written straight into the engine's struct, so that it stays the same whatever the core does. */
#ifndef TESTS_ENCODE_BEDSIDE_H
#define TESTS_ENCODE_BEDSIDE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vitals.pb-c.h"
#include "vitals/wire.h"

static const struct stamp stamp = {{100 * NS_PER_S}, INT64_C(1760000000000000000)};

static struct engine_config config;
static struct engine engine;
static struct stream_id id;
static struct message message __attribute__((unused)); /* not by all who include this */

/* ---- a bedside -----------------------------------------------------------------------------------------------------
 */

static inline void set_text(char *to, size_t size, const char *text)
{
	assert_true(snprintf(to, size, "%s", text) < (int)size);
}
#define SET(field, text) set_text(field, sizeof(field), text)

static inline void make_rule(struct plan_rule *rule, const char *name, const char *text, enum parameter parameter,
                             int32_t limit, int32_t clear)
{
	SET(rule->name, name);
	SET(rule->text, text);
	rule->priority = PRIORITY_HIGH;
	rule->latching = true;
	rule->term_count = 1;
	rule->terms[0] =
	    (struct rule_term){.parameter = parameter, .comparison = COMPARISON_BELOW, .limit = limit, .clear = clear};
	rule->phases = 3;
}

static inline void make_config(void)
{
	struct plan *plan = &config.plan;

	memset(&config, 0, sizeof config);
	SET(config.bedside, "room-1");
	SET(plan->name, "demo");
	SET(plan->title, "Demonstration, \xc3\xbc"
	                 "ben");
	plan->demo = true;
	plan->planned_duration_ns = 40 * NS_PER_S;
	plan->audio_pause_ns = 120 * NS_PER_S;
	plan->phase_count = 2;
	SET(plan->phases[0].name, "baseline");
	SET(plan->phases[1].name, "infusion");
	SET(plan->phases[1].text, "Infusion: blood pressure rises for a while");
	plan->phases[1].anchor = ANCHOR_START;
	plan->phases[1].usual_count = 2;
	plan->phases[1].usual[0] = (struct plan_usual){PARAMETER_NIBP_SYS, -6000, 38000};
	plan->phases[1].usual[1] = (struct plan_usual){PARAMETER_ECG_HR, -2000, 16000};
	plan->rule_count = 3;
	make_rule(&plan->rules[0], "O2", "SpO2 below 90 %", PARAMETER_SPO2, 90000, 92000);
	make_rule(&plan->rules[1], "R2", "Respiration below 8 per minute", PARAMETER_RESP, 8000, 10000);
	make_rule(&plan->rules[2], "B1", "Blood pressure very high", PARAMETER_NIBP_SYS, 180000, 170000);
	plan->rules[2].confirm = true;
	plan->rules[2].term_count = 2;
	plan->rules[2].terms[0].comparison = COMPARISON_AT_LEAST;
	plan->rules[2].terms[1] = (struct rule_term){.parameter = PARAMETER_NIBP_DIA,
	                                             .comparison = COMPARISON_AT_LEAST,
	                                             .reference = REFERENCE_BASELINE,
	                                             .limit = 25000,
	                                             .clear = 20000};
	plan->item_count = 2;
	SET(plan->items[0].name, "cuff-arm");
	SET(plan->items[0].text, "The cuff is not on the arm with the drip");
	SET(plan->items[1].name, "escort");
	SET(plan->items[1].text, "Somebody takes the patient home");
	plan->items[1].when = ITEM_LEAVE;
	plan->check_count = 2;
	SET(plan->checks[0].name, "cuff");
	SET(plan->checks[0].text, "Cuff");
	plan->checks[0].parameter = PARAMETER_NIBP_SYS;
	SET(plan->checks[1].name, "moaas");
	SET(plan->checks[1].text, "MOAA/S");
	plan->checks[1].parameter = PARAMETER_MOAAS;
	config.device_count = 2;
	SET(config.devices[0].name, "oximeter");
	config.devices[0].period_ns = NS_PER_S;
	config.devices[0].provides = PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE);
	SET(config.devices[1].name, "bedside-monitor");
	config.devices[1].period_ns = 500 * NS_PER_MS;
	config.devices[1].provides = PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_ECG_HR) |
	                             PARAMETER_BIT(PARAMETER_RESP) | PARAMETER_BIT(PARAMETER_ETCO2);
	config.devices[1].cuff_command = true;
}

static inline void receive(enum parameter parameter, enum quality quality, enum reason reason, int32_t milli,
                           int64_t age_ns)
{
	struct engine_parameter *p = &engine.parameters[parameter];

	p->received = true;
	p->latest = (struct measurement){parameter, quality, reason, milli, {stamp.now.ns - age_ns}};
	p->latest_wall_ns = stamp.wall_ns - age_ns;
	p->missing_since = MONO_NEVER;
}

static inline void device_up(int device, int64_t age_ns)
{
	struct mono then = {stamp.now.ns - age_ns};

	engine.devices[device].state = DEVICE_UP;
	engine.devices[device].last_frame = then;
	engine.devices[device].heard = then;
	engine.devices[device].fine_since = (struct mono){NS_PER_S};
	engine.devices[device].lost_since = MONO_NEVER;
}

/* Something of every kind: valid, questionable, zero, no value, never received, old cuff, negative score. */
static inline void make_engine(void)
{
	make_config();
	engine_init(&engine, &config, (struct mono){NS_PER_S});
	engine.now = stamp.now;
	device_up(0, 100 * NS_PER_MS);
	device_up(1, 200 * NS_PER_MS);
	receive(PARAMETER_SPO2, QUALITY_VALID, REASON_NONE, 89000, 100 * NS_PER_MS);
	receive(PARAMETER_PULSE, QUALITY_QUESTIONABLE, REASON_LOW_SIGNAL, 71000, 100 * NS_PER_MS);
	receive(PARAMETER_NIBP_SYS, QUALITY_VALID, REASON_NONE, 120000, 60 * NS_PER_S);
	receive(PARAMETER_RESP, QUALITY_VALID, REASON_NONE, 0, 200 * NS_PER_MS);
	receive(PARAMETER_ETCO2, QUALITY_NO_VALUE, REASON_SENSOR_OFF, 0, 200 * NS_PER_MS);
	receive(PARAMETER_RASS, QUALITY_VALID, REASON_NONE, -2000, 30 * NS_PER_S);
	memset(&id, 0, sizeof id);
	id.epoch = UINT64_C(0x0123456789abcdef);
	id.config_hash_hex = "6d3a54cb0f1b9ad0f3b44d9be0b2ff8d59bb5ac43e8d2a2f9c2d1f0e7a6b5c4d";
	id.plan_hash_hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
}

static inline struct alarm *raise_alarm(uint16_t slot, enum condition_kind kind, uint8_t index, enum alarm_state state,
                                        enum priority priority, uint32_t generation)
{
	struct alarm *alarm = &engine.alarms[slot];

	alarm->id = slot;
	alarm->kind = kind;
	alarm->index = index;
	alarm->state = state;
	alarm->priority = priority;
	alarm->generation = generation;
	alarm->cleared = MONO_NEVER;
	alarm->raised = (struct mono){stamp.now.ns - 5 * NS_PER_S};
	alarm->raised_wall_ns = stamp.wall_ns - 5 * NS_PER_S;
	return alarm;
}

static inline struct alarm *raise_o2(enum alarm_state state, uint32_t generation)
{
	struct alarm *alarm = raise_alarm(ALARM_BASE_RULE, CONDITION_RULE, 0, state, PRIORITY_HIGH, generation);

	alarm->has_value = true;
	alarm->parameter = PARAMETER_SPO2;
	alarm->milli = 88000;
	alarm->limit = 90000;
	return alarm;
}

static inline struct alarm *raise_missing(void)
{
	struct alarm *alarm = raise_alarm(ALARM_BASE_MISSING + PARAMETER_ETCO2, CONDITION_MISSING, PARAMETER_ETCO2,
	                                  ALARM_ACTIVE, PRIORITY_LOW, 4);

	alarm->reason = REASON_SENSOR_OFF;
	return alarm;
}

/* First reading above the limit: the repeat is running. */
static inline struct alarm *raise_b1(void)
{
	struct alarm *alarm = raise_alarm(ALARM_BASE_RULE + 2, CONDITION_RULE, 2, ALARM_ACTIVE, PRIORITY_MEDIUM, 1);

	alarm->has_value = true;
	alarm->parameter = PARAMETER_NIBP_SYS;
	alarm->milli = 184000;
	alarm->limit = 180000;
	return alarm;
}

static inline void take_out(void)
{
	struct taken_out *out = &engine.taken_out[DEVICES_MAX + PARAMETER_ETCO2];

	out->until = (struct mono){400 * NS_PER_S};
	SET(out->by, "nurse1");
	SET(out->reason, "patient eats");
}

static inline void open_session(void)
{
	struct session *session = &engine.session;

	session->open = true;
	SET(session->id, "20261201T093015Z-3f9a27c1");
	SET(session->order.patient_ref, "P-0042");
	session->order.weight_g = 70500;
	session->order.dose_ug = 35000;
	session->order.ug_per_ml = 1000;
	session->order.series = 4;
	session->order.age_years = 67;
	SET(session->order.second_person, "dr.b");
	session->items = 1;
	SET(session->start_override.name, "dr.a");
	SET(session->start_override.reason, "known white-coat hypertension");
	session->limit_changed[1][0] = true;
	session->limits[1][0] = 9000;
	session->recheck = PARAMETER_MOAAS;
	session->recheck_due = (struct mono){280 * NS_PER_S};
	session->given_count = 1;
	session->given[0] = (struct given){{40 * NS_PER_S}, stamp.wall_ns - 60 * NS_PER_S};
	session->load[ALARM_BASE_RULE] =
	    (struct alarm_load){.raised = 3, .nuisance = 1, .acknowledged = 2, .acknowledge_ns_total = 25 * NS_PER_S};
	session->phase = 1;
	session->started = true;
	session->paused = true;
	session->opened_at = (struct mono){10 * NS_PER_S};
	session->started_at = (struct mono){40 * NS_PER_S};
	session->paused_at = (struct mono){90 * NS_PER_S};
	session->paused_ns = 4 * NS_PER_S;
	session->baseline = (struct baseline){.complete = true, .readings = 2, .sys = 118500, .dia = 76000};
	session->checks[0] = (struct check_state){.next = 2, .done = 2, .due = {130 * NS_PER_S}};
	session->checks[1] = (struct check_state){.next = 1, .missed = 1, .due = MONO_NEVER};
	engine.audio_paused_until = (struct mono){115 * NS_PER_S};
	SET(engine.audio_paused_by, "nurse1");
}

static inline int setup(void **state)
{
	(void)state;
	make_engine();
	return 0;
}

#endif
