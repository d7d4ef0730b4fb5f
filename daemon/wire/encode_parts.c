/* Readings, alarms, devices and the heartbeat as protobuf-c structs. Called by encode.c on the engine thread; pure:
 * reads the engine, writes the struct it is given. Only fields that mean something at that moment are set. */
#include "daemon/wire/encode_parts.h"

#define HEARTBEAT_INTERVAL_NS (500 * NS_PER_MS)

static void fill_last_good(struct wire_reading *wire, const struct engine *engine, enum parameter parameter,
                           struct mono now)
{
	struct measurement good;

	if (!engine_last_good(engine, parameter, &good))
		return;
	vitals__v1__last_good__init(&wire->last_good);
	wire->last_good.milli = good.milli;
	wire->last_good.determined_unix_ns = engine->parameters[parameter].good_wall_ns;
	wire->last_good.age_ns = mono_since(now, good.determined);
	wire->reading.last_good = &wire->last_good;
}

void fill_reading(struct wire_reading *wire, const struct engine *engine, enum parameter parameter, struct mono now)
{
	const struct parameter_info *info = &parameter_table[parameter];
	int source = engine_source(engine, parameter, now);
	const struct engine_parameter *state = &engine->parameters[source >= 0 ? source : (int)parameter];
	struct measurement m = engine_reading(engine, parameter, now);
	Vitals__V1__Reading *r = &wire->reading;

	vitals__v1__reading__init(r);
	r->parameter = wire_text(info->name);
	r->label = wire_text(info->label);
	r->mdc_code = info->mdc_code;
	r->mdc_refid = wire_text(info->mdc_refid);
	r->unit = wire_text(info->ucum);
	r->decimals = info->decimals;
	r->intermittent = info->cadence != CADENCE_CONTINUOUS;
	if (state->device >= 0)
		r->device = wire_text(engine->config->devices[state->device].name);
	if (source >= 0)
		r->source = wire_text(parameter_table[source].name);
	r->quality = wire_quality(m.quality);
	if (!measurement_has_value(&m)) {
		vitals__v1__no_value__init(&wire->no_value);
		wire->no_value.reason = wire_reason(m.reason);
		r->result_case = VITALS__V1__READING__RESULT_NO_VALUE;
		r->no_value = &wire->no_value;
		fill_last_good(wire, engine, parameter, now);
		return;
	}
	r->reason = wire_reason(m.reason);
	r->result_case = VITALS__V1__READING__RESULT_MILLI;
	r->milli = m.milli;
	r->determined_unix_ns = state->latest_wall_ns;
	r->age_ns = mono_since(now, m.determined);
}

/* The parameter that a condition is about, or "". */
static const char *alarm_parameter(const struct engine *engine, const struct alarm *alarm)
{
	const struct plan *plan = &engine->config->plan;

	if (alarm->has_value)
		return parameter_table[alarm->parameter].name;
	switch (alarm->kind) {
	case CONDITION_RULE:
		if (plan->rules[alarm->index].term_count == 0)
			break;
		return parameter_table[plan->rules[alarm->index].terms[0].parameter].name;
	case CONDITION_MISSING:
		return parameter_table[alarm->index].name;
	case CONDITION_CHECK_LATE:
		return parameter_table[plan->checks[alarm->index].parameter].name;
	case CONDITION_TAKEN_OUT:
		return alarm->index < DEVICES_MAX ? "" : parameter_table[alarm->index - DEVICES_MAX].name;
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_FLAPPING:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
	case CONDITION_KIND_COUNT:
		break;
	}
	return "";
}

/* Which sentence `text` is, for displays that have it in another language: the table of proto/README.md 1.5. */
static const char *alarm_code(const struct alarm *alarm)
{
	switch (alarm->kind) {
	case CONDITION_RULE:
		return "limit";
	case CONDITION_MISSING:
		return "no-value";
	case CONDITION_DEVICE:
		return alarm->reason == REASON_WRONG_DEVICE  ? "device-wrong"
		       : alarm->reason == REASON_BABBLE      ? "device-babbles"
		       : alarm->reason == REASON_BATTERY_LOW ? "device-battery-low"
		                                             : "device-lost";
	case CONDITION_CUFF_FAILED:
		return alarm->has_value ? "cuff-contradicts" : "cuff-failed";
	case CONDITION_CHECK_LATE:
		return "late";
	case CONDITION_SERVICE:
		return "service";
	case CONDITION_CLOCK:
		return "clock-stepped";
	case CONDITION_FLAPPING:
		return "device-flapping";
	case CONDITION_TAKEN_OUT:
		return "taken-out";
	case CONDITION_TEST:
		return "test";
	case CONDITION_HELP:
		return "help";
	case CONDITION_AWAY:
		return alarm->reason == REASON_NONE ? "away" : "away-about";
	case CONDITION_KIND_COUNT:
		break;
	}
	return "";
}

/* What the sentence is about, by its name. */
static const char *alarm_subject(const struct engine *engine, const struct alarm *alarm)
{
	const struct engine_config *config = engine->config;

	switch (alarm->kind) {
	case CONDITION_RULE:
		return config->plan.rules[alarm->index].name;
	case CONDITION_MISSING:
		return parameter_table[alarm->index].name;
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_FLAPPING:
		return config->devices[alarm->index].name;
	case CONDITION_CHECK_LATE:
		return config->plan.checks[alarm->index].name;
	case CONDITION_SERVICE:
		return service_name((enum service)alarm->index);
	case CONDITION_TAKEN_OUT:
		return alarm->index < DEVICES_MAX ? config->devices[alarm->index].name
		                                  : parameter_table[alarm->index - DEVICES_MAX].name;
	case CONDITION_CLOCK:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
	case CONDITION_KIND_COUNT:
		break;
	}
	return "";
}

void fill_alarm(struct wire_alarm *wire, const struct engine *engine, const struct alarm *alarm, struct mono now)
{
	Vitals__V1__Alarm *a = &wire->alarm;

	vitals__v1__alarm__init(a);
	engine_condition_name(engine, alarm, wire->name, sizeof wire->name);
	engine_condition_text(engine, alarm, wire->text, sizeof wire->text);
	a->id = engine_alarm_id(engine, alarm->id);
	a->generation = alarm->generation;
	a->condition = wire->name;
	a->text = wire->text;
	a->code = wire_text(alarm_code(alarm));
	a->subject = wire_text(alarm_subject(engine, alarm));
	a->kind = wire_condition_kind(alarm->kind);
	if (alarm->kind == CONDITION_RULE && engine->config->plan.rules[alarm->index].technical)
		a->kind = VITALS__V1__CONDITION_KIND__CONDITION_KIND_TECHNICAL;
	a->priority = wire_priority(alarm->priority);
	a->state = wire_alarm_state(alarm->state);
	a->raised_unix_ns = alarm->raised_wall_ns;
	a->age_ns = mono_since(now, alarm->raised);
	if (alarm->acknowledged_by[0] != '\0') {
		a->acknowledged_by = wire_text(alarm->acknowledged_by);
		a->acknowledged_unix_ns = alarm->acknowledged_wall_ns;
	}
	a->parameter = wire_text(alarm_parameter(engine, alarm));
	if (alarm->has_value) {
		a->trigger_case = VITALS__V1__ALARM__TRIGGER_MILLI;
		a->milli = alarm->milli;
		a->limit_milli = alarm->limit;
	}
	if (alarm->kind == CONDITION_RULE && alarm->has_value && alarm_announced(alarm->state)) {
		a->worst_milli = alarm->worst_milli;
		a->now_case = alarm->has_now ? VITALS__V1__ALARM__NOW_NOW_MILLI : VITALS__V1__ALARM__NOW__NOT_SET;
		a->now_milli = alarm->now_milli;
		a->violated_ns = mono_is_never(alarm->violated) ? 0 : mono_since(now, alarm->violated);
	}
	if (alarm->eased && alarm_announced(alarm->state))
		a->eased_from = wire_text(engine->config->plan.rules[alarm->eased_from].name);
	a->reason = wire_reason(alarm->reason);
	a->confirms = alarm->kind == CONDITION_RULE && engine->config->plan.rules[alarm->index].confirm;
	a->confirmed = a->confirms && alarm->confirmed;
	a->test = alarm->test;
	a->reminders = alarm->reminders;
}

void fill_device(struct wire_device *wire, const struct engine *engine, uint8_t device, struct mono now)
{
	const struct engine_device *config = &engine->config->devices[device];
	const struct engine_device_state *state = &engine->devices[device];
	Vitals__V1__Device *d = &wire->device;

	vitals__v1__device__init(d);
	d->name = wire_text(config->name);
	d->state = wire_device_state(state->state);
	d->fault = wire_text(device_fault_name(state->fault));
	d->parameters = wire->parameters;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if (config->provides & PARAMETER_BIT(p))
			wire->parameters[d->n_parameters++] = wire_text(parameter_table[p].name);
	}
	d->cuff_command = config->cuff_command;
	d->last_frame_age_ns = state->last_frame.ns == MONO_NEVER.ns ? -1 : mono_since(now, state->last_frame);
}

void fill_heartbeat(Vitals__V1__Heartbeat *heartbeat, const struct stream_id *id, const struct engine *engine)
{
	uint16_t count = 0;

	vitals__v1__heartbeat__init(heartbeat);
	heartbeat->alarm_sequence = id->sequence[TOPIC_ALARM];
	heartbeat->readings_sequence = id->sequence[TOPIC_READINGS];
	heartbeat->device_sequence = id->sequence[TOPIC_DEVICE];
	heartbeat->session_sequence = id->sequence[TOPIC_SESSION];
	heartbeat->snapshot_sequence = id->sequence[TOPIC_SNAPSHOT];
	heartbeat->alarm_digest = engine_alarm_digest(engine, &count);
	heartbeat->alarm_count = count;
	heartbeat->highest_priority = wire_priority(engine_highest_priority(engine));
	heartbeat->recorder_failed = engine->service_failed[SERVICE_RECORDER];
	heartbeat->publisher_failed = engine->service_failed[SERVICE_PUBLISHER];
	heartbeat->interval_ns = HEARTBEAT_INTERVAL_NS;
	heartbeat->watch = wire_watch(engine_watch(engine));
}
