/* A shipped plan, a patient with devices and staff who score what is due: what test_plan_*.c share. */
#ifndef VITALS_TESTS_PLAN_WORLD_H
#define VITALS_TESTS_PLAN_WORLD_H

#include "tests/unit/config_world.h"
#include "tests/unit/core_world.h"

#define MIN (60 * S)

/* A patient with devices: each value once a second, and a cuff that takes `cuff_takes_ns` when it is asked. */
static struct bed {
	struct world w;
	int32_t spo2 /* 0 = probe off */, rate, pulse, resp, sys, dia;
	int32_t moaas, cadss;  /* what staff enter whenever it is due */
	int64_t cuff_takes_ns; /* 0 = it never finishes */
	int inflations;
	bool idle;         /* staff do not score */
	bool no_perfusion; /* an oximeter that does not tell it */
} bed;

static inline void answer_cuff(void)
{
	const struct engine_device_state *d = &bed.w.engine.devices[CUFF];
	if (!d->cuff_requested || bed.cuff_takes_ns == 0 || bed.w.now - d->cuff_requested_at.ns < bed.cuff_takes_ns)
		return;
	bed.inflations++;
	pressure(&bed.w, bed.sys, bed.dia);
}

static inline void enter_due_scores(void)
{
	const struct plan *plan = &bed.w.config.plan;
	for (uint8_t i = 0; i < plan->check_count && !bed.idle; i++) {
		enum parameter parameter = plan->checks[i].parameter;
		int32_t entry = parameter == PARAMETER_MOAAS ? bed.moaas : bed.cadss;
		if (parameter_table[parameter].cadence == CADENCE_ENTERED &&
		    bed.w.engine.session.checks[i].overdue_since.ns != INT64_MAX)
			assert_int_equal(score(&bed.w, parameter, entry * MILLI), RESULT_OK);
	}
}

static inline void go(int64_t ns)
{
	struct world *w = &bed.w;
	for (int64_t end = w->now + ns; w->now < end;) {
		run(w, w->now + S);
		bool off = bed.spo2 == 0;
		struct measurement oximeter[] = {
		    off ? no_value(w, PARAMETER_SPO2, REASON_SENSOR_OFF) : value(w, PARAMETER_SPO2, bed.spo2),
		    off ? no_value(w, PARAMETER_PULSE, REASON_SENSOR_OFF) : value(w, PARAMETER_PULSE, bed.pulse),
		    value(w, PARAMETER_PERFUSION, 3),
		};
		struct measurement ecg[] = {value(w, PARAMETER_ECG_HR, bed.rate), value(w, PARAMETER_RESP, bed.resp)};
		frame_of(w, OXIMETER, bed.no_perfusion ? 2 : 3, oximeter);
		frame_of(w, ECG, 2, ecg);
		frame_of(w, CUFF, 0, NULL);
		answer_cuff();
		enter_due_scores();
	}
}

static inline void read_plan_file(const char *plan)
{
	read_good(write_variant(plan, GOOD "map.conf", ENDPOINTS));
	memset(&bed, 0, sizeof bed);
	world_plan(&bed.w);
	bed.w.config.plan = config.engine.plan;
	bed.spo2 = 98;
	bed.rate = bed.pulse = 70;
	bed.resp = 14;
	bed.sys = 120;
	bed.dia = 76;
	bed.moaas = 5;
	bed.cuff_takes_ns = 20 * S;
	world_begin(&bed.w, 100 * S);
	all_up(&bed.w);
}

static inline enum result open_with(int32_t dose_ug, int32_t age, const char *second)
{
	struct event event = make_command(&bed.w, COMMAND_SESSION_OPEN);
	event.u.command.u.order.weight_g = 70000;
	event.u.command.u.order.dose_ug = dose_ug;
	event.u.command.u.order.age_years = age;
	put_text(event.u.command.u.order.second_person, second, NAME_BYTES);
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

static inline enum result tick_item(const char *name)
{
	struct event event = make_command(&bed.w, COMMAND_ITEM);
	put_text(event.u.command.u.item.name, name, NAME_BYTES);
	event.u.command.u.item.ticked = true;
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

static inline enum result overriding(enum command command, const char *name, const char *reason)
{
	struct event event = make_command(&bed.w, command);
	put_text(event.u.command.u.override.name, name, NAME_BYTES);
	put_text(event.u.command.u.override.reason, reason, TEXT_BYTES);
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

/* The first limit of the rule. */
static inline enum result loosen(const char *rule, int32_t limit, const char *second)
{
	const struct plan *plan = &bed.w.engine.config->plan;
	struct event event = make_command(&bed.w, COMMAND_LIMIT);
	struct limit_order *order = &event.u.command.u.limit;
	put_text(order->rule, rule, NAME_BYTES);
	for (uint8_t r = 0; r < plan->rule_count; r++)
		if (strcmp(plan->rules[r].name, rule) == 0)
			engine_term_name(&plan->rules[r].terms[0], order->term);
	put_text(order->second_person, second, NAME_BYTES);
	put_text(order->reason, "known to the clinic", TEXT_BYTES);
	order->limit = limit * MILLI;
	world_step(&bed.w, &event);
	return reply(&bed.w);
}

/* "G1 dose ..." of what blocks now. */
static inline const char *blockers(void)
{
	static char names[64][NAME_BYTES], text[4096];
	uint8_t count = engine_blockers(&bed.w.engine, names, 64);
	size_t used = 0;
	text[0] = '\0';
	for (uint8_t i = 0; i < count && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s ", names[i]);
	return text;
}

static inline const struct alarm *alarm_of(const char *name)
{
	const struct plan *plan = &bed.w.config.plan;
	for (uint8_t i = 0; i < plan->rule_count; i++)
		if (strcmp(plan->rules[i].name, name) == 0)
			return &bed.w.engine.alarms[ALARM_BASE_RULE + i];
	fail_msg("there is no rule %s", name);
	return NULL;
}

static inline bool present(const char *name)
{
	enum alarm_state state = alarm_of(name)->state;
	return state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED;
}

/* "B3:medium O2:high " of the announced rules, those without a signal left out. */
static inline const char *alarms(void)
{
	static char text[4096];
	const struct plan *plan = &bed.w.config.plan;
	text[0] = '\0';
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		const struct alarm *alarm = &bed.w.engine.alarms[ALARM_BASE_RULE + i];
		if (alarm_announced(alarm->state) && alarm->priority > PRIORITY_NONE)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s:%s ", plan->rules[i].name,
			               priority_name(alarm->priority));
	}
	return text;
}

static inline void scores(int32_t moaas, int32_t cadss)
{
	assert_int_equal(score(&bed.w, PARAMETER_MOAAS, moaas * MILLI), RESULT_OK);
	assert_int_equal(score(&bed.w, PARAMETER_CADSS, cadss * MILLI), RESULT_OK);
}

/* Rest, two cuff readings, scores, the ticked item, start. */
static inline void begin_infusion(void)
{
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	scores(5, 0);
	assert_int_equal(tick_item("cuff-arm"), RESULT_OK);
	go(6 * MIN);
	assert_string_equal(blockers(), "");
	assert_int_equal(order(&bed.w, COMMAND_SESSION_START), RESULT_OK);
	assert_true(bed.w.engine.session.baseline.complete);
	assert_int_equal(bed.w.engine.session.baseline.sys, 120 * MILLI);
}

/* To 62 minutes after the end of the infusion, without any trouble. */
static inline void finish_infusion(void)
{
	begin_infusion();
	go(102 * MIN);
	assert_true(bed.w.engine.session.ended);
}

#endif
