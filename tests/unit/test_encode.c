/* The encoder: what it packs is unpacked again and compared with the engine's state, and the largest messages fit. */
#include "tests/unit/encode_bedside.h"

/* ---- round trips ---------------------------------------------------------------------------------------------------
 */

/* Unpacks `message` and checks the envelope. */
static Vitals__V1__Message *unpack(enum topic topic, uint64_t sequence, Vitals__V1__Message__BodyCase body)
{
	assert_int_equal(message.topic, topic);
	assert_in_range(message.size, 1, MESSAGE_BYTES);
	Vitals__V1__Message *wire = vitals__v1__message__unpack(NULL, message.size, message.bytes);
	assert_non_null(wire);
	assert_int_equal(wire->version, 1);
	assert_string_equal(wire->bedside, "room-1");
	assert_true(wire->epoch == UINT64_C(0x0123456789abcdef));
	assert_int_equal(wire->sequence, sequence);
	assert_true(wire->sent_unix_ns == stamp.wall_ns);
	assert_true(wire->sent_mono_ns == stamp.now.ns);
	assert_true(wire->demo);
	assert_int_equal(wire->body_case, body);
	return wire;
}

static void release(Vitals__V1__Message *wire)
{
	vitals__v1__message__free_unpacked(wire, NULL);
}

static const Vitals__V1__Reading *find_reading(Vitals__V1__Reading *const *list, size_t count, const char *parameter)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i]->parameter, parameter) == 0)
			return list[i];
	}
	return NULL;
}

static void check_no_value(const Vitals__V1__Reading *r, Vitals__V1__Reason reason)
{
	assert_non_null(r);
	assert_int_equal(r->quality, VITALS__V1__QUALITY__QUALITY_NO_VALUE);
	assert_int_equal(r->result_case, VITALS__V1__READING__RESULT_NO_VALUE);
	assert_int_equal(r->no_value->reason, reason);
	assert_int_equal(r->determined_unix_ns, 0);
	assert_int_equal(r->age_ns, 0);
}

static void readings_keep_zero_apart_from_no_value(void **state)
{
	(void)state;
	encode_readings(&message, &id, &engine,
	                PARAMETER_BIT(PARAMETER_RESP) | PARAMETER_BIT(PARAMETER_ETCO2) |
	                    PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_PULSE) |
	                    PARAMETER_BIT(PARAMETER_RASS),
	                stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_READINGS, 1, VITALS__V1__MESSAGE__BODY_READINGS);
	Vitals__V1__Reading **list = wire->readings->reading;
	size_t count = wire->readings->n_reading;
	assert_int_equal(count, 5);
	const Vitals__V1__Reading *r = find_reading(list, count, "resp");
	assert_non_null(r);
	assert_int_equal(r->result_case, VITALS__V1__READING__RESULT_MILLI);
	assert_int_equal(r->milli, 0);
	assert_int_equal(r->quality, VITALS__V1__QUALITY__QUALITY_VALID);
	assert_int_equal(r->age_ns, 200 * NS_PER_MS);
	assert_true(r->determined_unix_ns == stamp.wall_ns - 200 * NS_PER_MS);
	assert_string_equal(r->device, "bedside-monitor");
	assert_string_equal(r->mdc_refid, "MDC_RESP_RATE");
	assert_int_equal(r->mdc_code, 151562);
	assert_string_equal(r->unit, "/min");
	assert_false(r->intermittent);
	check_no_value(find_reading(list, count, "etco2"), VITALS__V1__REASON__REASON_SENSOR_OFF);
	check_no_value(find_reading(list, count, "ecg_hr"), VITALS__V1__REASON__REASON_NEVER_RECEIVED);
	r = find_reading(list, count, "pulse");
	assert_int_equal(r->quality, VITALS__V1__QUALITY__QUALITY_QUESTIONABLE);
	assert_int_equal(r->reason, VITALS__V1__REASON__REASON_LOW_SIGNAL);
	assert_int_equal(r->milli, 71000);
	r = find_reading(list, count, "rass");
	assert_int_equal(r->milli, -2000);
	assert_string_equal(r->device, "");
	assert_true(r->intermittent);
	assert_int_equal(r->age_ns, 30 * NS_PER_S);
	release(wire);
}

/* A determination that failed: no value, and beside it the last good one with its own time and age. */
static void a_failed_reading_carries_the_last_good_one(void **state)
{
	(void)state;
	struct engine_parameter saved = engine.parameters[PARAMETER_NIBP_SYS];
	struct engine_parameter *p = &engine.parameters[PARAMETER_NIBP_SYS];
	p->has_good = true;
	p->good = p->latest;
	p->good_wall_ns = p->latest_wall_ns;
	p->latest.quality = QUALITY_NO_VALUE;
	p->latest.reason = REASON_FAILED;
	p->latest.milli = 0;
	encode_readings(&message, &id, &engine, PARAMETER_BIT(PARAMETER_NIBP_SYS), stamp);
	engine.parameters[PARAMETER_NIBP_SYS] = saved;
	Vitals__V1__Message *wire = unpack(TOPIC_READINGS, 1, VITALS__V1__MESSAGE__BODY_READINGS);
	const Vitals__V1__Reading *r = wire->readings->reading[0];
	check_no_value(r, VITALS__V1__REASON__REASON_FAILED);
	assert_non_null(r->last_good);
	assert_int_equal(r->last_good->milli, 120000);
	assert_int_equal(r->last_good->age_ns, 60 * NS_PER_S);
	assert_true(r->last_good->determined_unix_ns == saved.latest_wall_ns);
	release(wire);
}

/* Each kind of condition has a code that the contract lists, so that no display is left without words. */
static void every_alarm_has_a_code_of_the_contract(void **state)
{
	static char contract[65536];
	FILE *file = fopen("proto/README.md", "r");
	(void)state;
	assert_non_null(file);
	assert_in_range(fread(contract, 1, sizeof(contract) - 1, file), 1000, sizeof(contract) - 2);
	assert_int_equal(fclose(file), 0);
	for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
		char quoted[64];
		if (engine_alarm_id(&engine, slot) == 0)
			continue;
		id.sequence[TOPIC_ALARM] = 0;
		encode_alarm(&message, &id, &engine, ALARM_RAISED, &engine.alarms[slot], stamp);
		Vitals__V1__Message *wire = unpack(TOPIC_ALARM, 1, VITALS__V1__MESSAGE__BODY_ALARM);
		const Vitals__V1__Alarm *a = wire->alarm->alarm;
		(void)snprintf(quoted, sizeof(quoted), "`%s`", a->code);
		assert_true(a->code[0] != '\0' && strstr(contract, quoted) != NULL);
		/* All but what is about the monitor itself are about something that has a name. */
		assert_int_equal(a->subject[0] == '\0',
		                 strcmp(a->code, "clock-stepped") == 0 || strcmp(a->code, "test") == 0 ||
		                     strcmp(a->code, "help") == 0 || strcmp(a->code, "away") == 0);
		assert_non_null(strstr(a->condition, a->subject));
		release(wire);
	}
}

static void alarm_carries_its_value_and_who_acknowledged(void **state)
{
	(void)state;
	struct alarm *alarm = raise_o2(ALARM_ACKNOWLEDGED, 2);

	SET(alarm->acknowledged_by, "nurse1");
	alarm->acknowledged_wall_ns = stamp.wall_ns - NS_PER_S;
	encode_alarm(&message, &id, &engine, ALARM_WAS_ACKNOWLEDGED, alarm, stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_ALARM, 1, VITALS__V1__MESSAGE__BODY_ALARM);
	const Vitals__V1__Alarm *a = wire->alarm->alarm;
	assert_int_equal(wire->alarm->change, VITALS__V1__CHANGE__CHANGE_ACKNOWLEDGED);
	assert_int_equal(a->id, UINT32_C(0x1ce412e4)); /* of "O2" */
	assert_int_equal(a->generation, 2);
	assert_string_equal(a->condition, "O2");
	assert_string_equal(a->text, "SpO2 below 90 %");
	assert_int_equal(a->kind, VITALS__V1__CONDITION_KIND__CONDITION_KIND_PHYSIOLOGICAL);
	assert_int_equal(a->priority, VITALS__V1__PRIORITY__PRIORITY_HIGH);
	assert_int_equal(a->state, VITALS__V1__ALARM_STATE__ALARM_STATE_ACKNOWLEDGED);
	assert_int_equal(a->age_ns, 5 * NS_PER_S);
	assert_true(a->raised_unix_ns == stamp.wall_ns - 5 * NS_PER_S);
	assert_string_equal(a->acknowledged_by, "nurse1");
	assert_true(a->acknowledged_unix_ns == stamp.wall_ns - NS_PER_S);
	assert_string_equal(a->parameter, "spo2");
	assert_int_equal(a->trigger_case, VITALS__V1__ALARM__TRIGGER_MILLI);
	assert_int_equal(a->milli, 88000);
	assert_int_equal(a->limit_milli, 90000);
	assert_int_equal(a->reason, VITALS__V1__REASON__REASON_UNSPECIFIED);
	release(wire);
}

static void technical_alarm_carries_its_reason_and_no_value(void **state)
{
	(void)state;
	encode_alarm(&message, &id, &engine, ALARM_RAISED, raise_missing(), stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_ALARM, 1, VITALS__V1__MESSAGE__BODY_ALARM);
	const Vitals__V1__Alarm *a = wire->alarm->alarm;
	assert_int_equal(wire->alarm->change, VITALS__V1__CHANGE__CHANGE_RAISED);
	assert_string_equal(a->condition, "missing-etco2");
	assert_int_equal(a->kind, VITALS__V1__CONDITION_KIND__CONDITION_KIND_TECHNICAL);
	assert_string_equal(a->parameter, "etco2");
	assert_int_equal(a->trigger_case, VITALS__V1__ALARM__TRIGGER__NOT_SET);
	assert_int_equal(a->reason, VITALS__V1__REASON__REASON_SENSOR_OFF);
	assert_string_equal(a->acknowledged_by, "");
	release(wire);
}

static void another_reason_is_told_with_its_words(void **state)
{
	(void)state;
	struct alarm *alarm = raise_alarm(ALARM_BASE_DEVICE, CONDITION_DEVICE, 0, ALARM_ACKNOWLEDGED, PRIORITY_LOW, 3);

	alarm->reason = REASON_WRONG_DEVICE;
	encode_alarm(&message, &id, &engine, ALARM_REASON_CHANGED, alarm, stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_ALARM, 1, VITALS__V1__MESSAGE__BODY_ALARM);
	assert_int_equal(wire->alarm->change, VITALS__V1__CHANGE__CHANGE_REASON);
	assert_int_equal(wire->alarm->alarm->reason, VITALS__V1__REASON__REASON_WRONG_DEVICE);
	assert_non_null(strstr(wire->alarm->alarm->text, "A different device answers as "));
	release(wire);
}

static void alarm_tells_confirmation_and_test(void **state)
{
	(void)state;
	struct alarm *alarm = raise_b1();

	encode_alarm(&message, &id, &engine, ALARM_RAISED, alarm, stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_ALARM, 1, VITALS__V1__MESSAGE__BODY_ALARM);
	assert_true(wire->alarm->alarm->confirms);
	assert_false(wire->alarm->alarm->confirmed);
	assert_false(wire->alarm->alarm->test);
	release(wire);
	alarm->confirmed = true;
	alarm->reminders = 2;
	encode_alarm(&message, &id, &engine, ALARM_REMINDED, alarm, stamp);
	wire = unpack(TOPIC_ALARM, 2, VITALS__V1__MESSAGE__BODY_ALARM);
	assert_int_equal(wire->alarm->change, VITALS__V1__CHANGE__CHANGE_REMINDED);
	assert_true(wire->alarm->alarm->confirmed);
	assert_int_equal(wire->alarm->alarm->reminders, 2);
	release(wire);
	/* A rule that is not confirmed by a repeat says nothing of it, whatever the slot holds. */
	alarm = raise_o2(ALARM_ACTIVE, 1);
	alarm->confirmed = true;
	alarm->test = true;
	encode_alarm(&message, &id, &engine, ALARM_RAISED, alarm, stamp);
	wire = unpack(TOPIC_ALARM, 3, VITALS__V1__MESSAGE__BODY_ALARM);
	assert_false(wire->alarm->alarm->confirms || wire->alarm->alarm->confirmed);
	assert_true(wire->alarm->alarm->test);
	release(wire);
	config.plan.rules[0].technical = true;
	encode_alarm(&message, &id, &engine, ALARM_RAISED, alarm, stamp);
	wire = unpack(TOPIC_ALARM, 4, VITALS__V1__MESSAGE__BODY_ALARM);
	assert_int_equal(wire->alarm->alarm->kind, VITALS__V1__CONDITION_KIND__CONDITION_KIND_TECHNICAL);
	release(wire);
}

static void device_never_heard_has_age_minus_one(void **state)
{
	(void)state;
	encode_device(&message, &id, &engine, 1, stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_DEVICE, 1, VITALS__V1__MESSAGE__BODY_DEVICE);
	assert_string_equal(wire->device->name, "bedside-monitor");
	assert_int_equal(wire->device->state, VITALS__V1__DEVICE_STATE__DEVICE_STATE_UP);
	assert_string_equal(wire->device->fault, "none");
	assert_int_equal(wire->device->n_parameters, 4);
	assert_string_equal(wire->device->parameters[0], "nibp_sys");
	assert_true(wire->device->cuff_command);
	assert_int_equal(wire->device->last_frame_age_ns, 200 * NS_PER_MS);
	release(wire);
	engine.devices[0].state = DEVICE_REFUSED;
	engine.devices[0].fault = FAULT_WRONG_IDENTITY;
	engine.devices[0].last_frame = MONO_NEVER;
	encode_device(&message, &id, &engine, 0, stamp);
	wire = unpack(TOPIC_DEVICE, 2, VITALS__V1__MESSAGE__BODY_DEVICE);
	assert_int_equal(wire->device->state, VITALS__V1__DEVICE_STATE__DEVICE_STATE_REFUSED);
	assert_string_equal(wire->device->fault, "wrong-identity");
	assert_int_equal(wire->device->last_frame_age_ns, -1);
	release(wire);
}

static void session_tells_phase_checks_and_pauses(void **state)
{
	(void)state;
	open_session();
	encode_session(&message, &id, &engine, SESSION_PAUSED, "nurse1", stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SESSION, 1, VITALS__V1__MESSAGE__BODY_SESSION);
	const Vitals__V1__Session *s = wire->session->session;
	assert_string_equal(wire->session->change, "paused");
	assert_string_equal(wire->session->actor, "nurse1");
	assert_true(s->open && s->started && s->paused && !s->ended);
	assert_string_equal(s->id, "20261201T093015Z-3f9a27c1");
	assert_string_equal(s->patient_ref, "P-0042");
	assert_string_equal(s->plan, "demo");
	assert_string_equal(s->phase, "infusion");
	assert_int_equal(s->since_open_ns, 90 * NS_PER_S);
	assert_int_equal(s->since_start_ns, 60 * NS_PER_S);
	assert_int_equal(s->since_end_ns, 0);
	assert_int_equal(s->paused_ns, 14 * NS_PER_S);
	assert_int_equal(s->planned_duration_ns, 40 * NS_PER_S);
	assert_int_equal(s->weight_g, 70500);
	assert_int_equal(s->dose_ug, 35000);
	assert_true(s->baseline_complete);
	assert_int_equal(s->baseline_sys_milli, 118500);
	assert_int_equal(s->baseline_dia_milli, 76000);
	assert_int_equal(s->n_check, 2);
	assert_string_equal(s->check[0]->name, "cuff");
	assert_string_equal(s->check[0]->parameter, "nibp_sys");
	assert_int_equal(s->check[0]->next_case, VITALS__V1__CHECK__NEXT_DUE_IN_NS);
	assert_int_equal(s->check[0]->due_in_ns, 30 * NS_PER_S);
	assert_int_equal(s->check[0]->done, 2);
	assert_int_equal(s->check[1]->next_case, VITALS__V1__CHECK__NEXT__NOT_SET);
	assert_int_equal(s->check[1]->missed, 1);
	assert_int_equal(s->audio_paused_ns, 15 * NS_PER_S);
	assert_string_equal(s->audio_paused_by, "nurse1");
	release(wire);
}

static void session_tells_order_items_and_overrides(void **state)
{
	(void)state;
	open_session();
	encode_session(&message, &id, &engine, SESSION_ITEM, "nurse1", stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SESSION, 1, VITALS__V1__MESSAGE__BODY_SESSION);
	const Vitals__V1__Session *s = wire->session->session;
	assert_string_equal(wire->session->change, "item");
	assert_string_equal(s->route, "");
	assert_string_equal(s->phase_text, "Infusion: blood pressure rises for a while");
	assert_int_equal(s->series, 4);
	assert_int_equal(s->ug_per_ml, 1000);
	assert_int_equal(s->age_years, 67);
	assert_string_equal(s->second_person, "dr.b");
	assert_int_equal(s->baseline_readings, 2);
	assert_int_equal(s->n_item, 2);
	assert_string_equal(s->item[0]->name, "cuff-arm");
	assert_true(s->item[0]->ticked && s->item[0]->before_start);
	assert_string_equal(s->item[1]->text, "Somebody takes the patient home");
	assert_false(s->item[1]->ticked || s->item[1]->before_start);
	assert_non_null(s->start_override);
	assert_string_equal(s->start_override->name, "dr.a");
	assert_string_equal(s->start_override->reason, "known white-coat hypertension");
	assert_null(s->close_override);
	assert_int_equal(s->n_given, 1);
	assert_int_equal(s->given[0]->age_ns, 60 * NS_PER_S);
	assert_true(s->given[0]->given_unix_ns == stamp.wall_ns - 60 * NS_PER_S);
	assert_non_null(s->recheck);
	assert_string_equal(s->recheck->parameter, "moaas");
	assert_int_equal(s->recheck->due_in_ns, 180 * NS_PER_S);
	assert_null(s->expected);
	/* 118.5 at rest; nothing for the heart rate, which has no baseline. */
	assert_int_equal(s->n_usual, 1);
	assert_string_equal(s->usual[0]->parameter, "nibp_sys");
	assert_int_equal(s->usual[0]->low_milli, 112500);
	assert_int_equal(s->usual[0]->high_milli, 156500);
	assert_int_equal(s->n_load, 0);
	release(wire);
}

static void session_tells_limits_in_force(void **state)
{
	(void)state;
	open_session();
	config.plan.rules[0].phases = 1; /* not judged in this phase */
	encode_session(&message, &id, &engine, SESSION_LIMIT, "nurse1", stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SESSION, 1, VITALS__V1__MESSAGE__BODY_SESSION);
	const Vitals__V1__Session *s = wire->session->session;
	assert_int_equal(s->n_limit, 3);
	assert_string_equal(s->limit[0]->rule, "R2");
	assert_string_equal(s->limit[0]->parameter, "resp");
	assert_int_equal(s->limit[0]->comparison, VITALS__V1__COMPARISON__COMPARISON_BELOW);
	assert_int_equal(s->limit[0]->reference, VITALS__V1__REFERENCE__REFERENCE_ABSOLUTE);
	assert_int_equal(s->limit[0]->limit_milli, 9000);
	assert_int_equal(s->limit[0]->priority, VITALS__V1__PRIORITY__PRIORITY_HIGH);
	assert_true(s->limit[0]->changed);
	assert_string_equal(s->limit[2]->rule, "B1");
	assert_string_equal(s->limit[0]->term, "resp.below");
	assert_string_equal(s->limit[2]->term, "nibp_dia.rise-at-least");
	assert_int_equal(s->limit[2]->reference, VITALS__V1__REFERENCE__REFERENCE_BASELINE);
	assert_int_equal(s->limit[2]->limit_milli, 25000);
	assert_false(s->limit[2]->changed);
	release(wire);
}

static void taken_out_is_told_with_and_without_a_session(void **state)
{
	(void)state;
	take_out();
	engine.taken_out[1] = (struct taken_out){.until = stamp.now}; /* over */
	encode_session(&message, &id, &engine, SESSION_TAKEN_OUT, "nurse1", stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SESSION, 1, VITALS__V1__MESSAGE__BODY_SESSION);
	const Vitals__V1__Session *s = wire->session->session;
	assert_false(s->open);
	assert_int_equal(s->n_taken_out, 1);
	assert_int_equal(s->taken_out[0]->what_case, VITALS__V1__TAKEN_OUT__WHAT_PARAMETER);
	assert_string_equal(s->taken_out[0]->parameter, "etco2");
	assert_int_equal(s->taken_out[0]->left_ns, 300 * NS_PER_S);
	assert_string_equal(s->taken_out[0]->by, "nurse1");
	assert_string_equal(s->taken_out[0]->reason, "patient eats");
	release(wire);
}

static void load_is_told_at_the_close_and_in_the_status(void **state)
{
	(void)state;
	static uint8_t bytes[MESSAGE_BYTES];

	open_session();
	encode_session(&message, &id, &engine, SESSION_CLOSED, "nurse1", stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SESSION, 1, VITALS__V1__MESSAGE__BODY_SESSION);
	assert_int_equal(wire->session->session->n_load, 1);
	const Vitals__V1__Load *load = wire->session->session->load[0];
	assert_string_equal(load->condition, "O2");
	assert_int_equal(load->priority, VITALS__V1__PRIORITY__PRIORITY_HIGH);
	assert_int_equal(load->raised, 3);
	assert_int_equal(load->nuisance, 1);
	assert_int_equal(load->acknowledged, 2);
	assert_int_equal(load->acknowledge_ns_total, 25 * NS_PER_S);
	release(wire);
	size_t size = encode_state(bytes, sizeof bytes, &id, &engine, stamp);
	Vitals__V1__Snapshot *s = vitals__v1__snapshot__unpack(NULL, size, bytes);
	assert_non_null(s);
	assert_int_equal(s->session->n_load, 1);
	vitals__v1__snapshot__free_unpacked(s, NULL);
}

static void closed_session_tells_nothing_of_the_patient(void **state)
{
	(void)state;
	open_session();
	engine.session.open = false;
	encode_session(&message, &id, &engine, SESSION_CLOSED, "", stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SESSION, 1, VITALS__V1__MESSAGE__BODY_SESSION);
	const Vitals__V1__Session *s = wire->session->session;
	assert_string_equal(wire->session->change, "closed");
	assert_false(s->open);
	assert_string_equal(s->patient_ref, "");
	assert_false(s->baseline_complete);
	assert_int_equal(s->n_check, 0);
	assert_int_equal(s->n_item + s->n_limit + s->n_blocker + s->n_given, 0);
	assert_null(s->start_override);
	assert_string_equal(s->second_person, "");
	assert_int_equal(s->age_years, 0);
	assert_string_equal(s->plan, "demo");
	release(wire);
}

static void sequences_count_for_each_topic(void **state)
{
	(void)state;
	encode_heartbeat(&message, &id, &engine, stamp);
	encode_readings(&message, &id, &engine, PARAMETER_BIT(PARAMETER_SPO2), stamp);
	encode_readings(&message, &id, &engine, PARAMETER_BIT(PARAMETER_SPO2), stamp);
	encode_snapshot(&message, &id, &engine, stamp);
	raise_o2(ALARM_ACTIVE, 1);
	raise_missing();
	engine.service_failed[SERVICE_RECORDER] = true;
	encode_heartbeat(&message, &id, &engine, stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_HEARTBEAT, 2, VITALS__V1__MESSAGE__BODY_HEARTBEAT);
	const Vitals__V1__Heartbeat *h = wire->heartbeat;
	assert_int_equal(h->alarm_sequence, 0);
	assert_int_equal(h->readings_sequence, 2);
	assert_int_equal(h->snapshot_sequence, 1);
	assert_int_equal(h->alarm_count, 2);
	/* The worked example of proto/README.md: O2 and missing-etco2, generations 1 and 4. */
	assert_true(h->alarm_digest == UINT64_C(0xca8fc70d6cbfbd3b));
	assert_int_equal(h->highest_priority, VITALS__V1__PRIORITY__PRIORITY_HIGH);
	assert_true(h->recorder_failed);
	assert_false(h->publisher_failed);
	assert_int_equal(h->interval_ns, 500 * NS_PER_MS);
	assert_int_equal(h->watch, VITALS__V1__WATCH__WATCH_NOTHING);
	release(wire);
}

static void snapshot_is_the_whole_state(void **state)
{
	(void)state;
	open_session();
	raise_o2(ALARM_LATCHED, 3);
	raise_missing();
	engine.alarms[ALARM_BASE_RULE + 1].state = ALARM_PENDING;
	encode_snapshot(&message, &id, &engine, stamp);
	Vitals__V1__Message *wire = unpack(TOPIC_SNAPSHOT, 1, VITALS__V1__MESSAGE__BODY_SNAPSHOT);
	const Vitals__V1__Snapshot *s = wire->snapshot;
	assert_true(s->session->open);
	assert_int_equal(s->n_device, 2);
	/* Six provided parameters, heart rate and shock index, and the one score that was entered. */
	assert_int_equal(s->n_reading, 9);
	assert_string_equal(find_reading(s->reading, s->n_reading, "heart_rate")->source, "pulse");
	assert_string_equal(find_reading(s->reading, s->n_reading, "heart_rate")->device, "oximeter");
	assert_string_equal(find_reading(s->reading, s->n_reading, "pulse")->source, "");
	assert_non_null(find_reading(s->reading, s->n_reading, "ecg_hr"));
	assert_non_null(find_reading(s->reading, s->n_reading, "rass"));
	assert_null(find_reading(s->reading, s->n_reading, "moaas"));
	assert_int_equal(s->n_alarm, 2);
	assert_int_equal(s->alarm[0]->state, VITALS__V1__ALARM_STATE__ALARM_STATE_LATCHED);
	assert_int_equal(s->heartbeat->alarm_count, 2);
	assert_int_equal(s->heartbeat->snapshot_sequence, 1);
	assert_string_equal(s->config_hash, id.config_hash_hex);
	assert_string_equal(s->plan_hash, id.plan_hash_hex);
	release(wire);
}

static void state_for_control_takes_no_sequence(void **state)
{
	(void)state;
	static uint8_t bytes[MESSAGE_BYTES];
	struct stream_id before = id;

	size_t size = encode_state(bytes, sizeof bytes, &id, &engine, stamp);
	assert_memory_equal(&before, &id, sizeof id);
	Vitals__V1__Snapshot *s = vitals__v1__snapshot__unpack(NULL, size, bytes);
	assert_non_null(s);
	assert_int_equal(s->n_device, 2);
	assert_false(s->session->open);
	vitals__v1__snapshot__free_unpacked(s, NULL);
}

/* ---- the largest ---------------------------------------------------------------------------------------------------
 */

static void fill(char *text, size_t size)
{
	memset(text, 'W', size - 1);
	text[size - 1] = '\0';
}
#define FILL(field) fill(field, sizeof(field))

static void make_largest_config(void)
{
	struct plan *plan = &config.plan;

	FILL(config.bedside);
	FILL(plan->name);
	FILL(plan->title);
	plan->planned_duration_ns = INT64_MAX;
	plan->phase_count = PLAN_PHASES_MAX;
	plan->rule_count = PLAN_RULES_MAX;
	plan->check_count = PLAN_CHECKS_MAX;
	for (int i = 0; i < PLAN_PHASES_MAX; i++) {
		FILL(plan->phases[i].name);
		FILL(plan->phases[i].text);
		plan->phases[i].usual_count = PLAN_USUAL_MAX;
		for (int u = 0; u < PLAN_USUAL_MAX; u++)
			plan->phases[i].usual[u] = (struct plan_usual){PARAMETER_NIBP_SYS, INT32_MIN, INT32_MIN};
	}
	for (int i = 0; i < PLAN_RULES_MAX; i++) {
		FILL(plan->rules[i].name);
		FILL(plan->rules[i].text);
		plan->rules[i].confirm = true;
		plan->rules[i].phases = UINT8_MAX;
		plan->rules[i].term_count = RULE_TERMS_MAX;
		for (int t = 0; t < RULE_TERMS_MAX; t++)
			plan->rules[i].terms[t] = (struct rule_term){.parameter = PARAMETER_NIBP_PULSE,
			                                             .comparison = COMPARISON_AT_MOST,
			                                             .reference = REFERENCE_DIFFERENCE,
			                                             .limit = INT32_MIN};
	}
	plan->item_count = PLAN_ITEMS_MAX;
	for (int i = 0; i < PLAN_ITEMS_MAX; i++) {
		FILL(plan->items[i].name);
		FILL(plan->items[i].text);
	}
	for (int i = 0; i < PLAN_CHECKS_MAX; i++) {
		FILL(plan->checks[i].name);
		FILL(plan->checks[i].text);
		plan->checks[i].parameter = PARAMETER_NIBP_PULSE;
	}
	config.device_count = DEVICES_MAX;
	for (int i = 0; i < DEVICES_MAX; i++) {
		FILL(config.devices[i].name);
		config.devices[i].cuff_command = true;
		config.devices[i].provides = (PARAMETER_BIT(PARAMETER_COUNT) - 1);
	}
}

static void make_largest_alarm(int slot)
{
	static const int base[CONDITION_KIND_COUNT] = {
	    [CONDITION_RULE] = ALARM_BASE_RULE,
	    [CONDITION_MISSING] = ALARM_BASE_MISSING,
	    [CONDITION_DEVICE] = ALARM_BASE_DEVICE,
	    [CONDITION_CUFF_FAILED] = ALARM_BASE_CUFF_FAILED,
	    [CONDITION_CHECK_LATE] = ALARM_BASE_CHECK_LATE,
	    [CONDITION_SERVICE] = ALARM_BASE_SERVICE,
	    [CONDITION_CLOCK] = ALARM_BASE_CLOCK,
	    [CONDITION_FLAPPING] = ALARM_BASE_FLAPPING,
	    [CONDITION_TAKEN_OUT] = ALARM_BASE_TAKEN_OUT,
	    [CONDITION_TEST] = ALARM_BASE_TEST,
	    [CONDITION_HELP] = ALARM_BASE_HELP,
	    [CONDITION_AWAY] = ALARM_BASE_AWAY,
	};
	int kind = CONDITION_KIND_COUNT - 1;

	while (slot < base[kind])
		kind--;
	struct alarm *alarm = raise_alarm((uint16_t)slot, (enum condition_kind)kind, (uint8_t)(slot - base[kind]),
	                                  ALARM_ACKNOWLEDGED, PRIORITY_HIGH, UINT32_MAX);

	alarm->confirmed = alarm->test = true;
	alarm->reminders = UINT8_MAX;
	alarm->raised = (struct mono){0};
	alarm->raised_wall_ns = INT64_MIN;
	alarm->acknowledged_wall_ns = INT64_MIN;
	FILL(alarm->acknowledged_by);
	alarm->has_value = true;
	alarm->parameter = PARAMETER_NIBP_PULSE;
	alarm->milli = INT32_MIN;
	alarm->limit = INT32_MIN;
	alarm->reason = REASON_FAILED;
}

static void make_largest_session(void)
{
	struct session *session = &engine.session;

	session->items = UINT16_MAX;
	session->order.ug_per_ml = session->order.series = session->order.age_years = INT32_MAX;
	FILL(session->start_override.name);
	FILL(session->start_override.reason);
	session->close_override = session->start_override;
	session->given_count = GIVEN_MAX;
	for (int i = 0; i < GIVEN_MAX; i++)
		session->given[i] = (struct given){{0}, INT64_MIN};
	for (int r = 0; r < PLAN_RULES_MAX; r++)
		for (int t = 0; t < RULE_TERMS_MAX; t++) {
			session->limit_changed[r][t] = true;
			session->limits[r][t] = INT32_MIN;
		}
	session->recheck = PARAMETER_NIBP_PULSE;
	for (int i = 0; i < DEVICES_MAX + PARAMETER_COUNT; i++) {
		engine.taken_out[i].until = MONO_NEVER;
		FILL(engine.taken_out[i].by);
		FILL(engine.taken_out[i].reason);
	}
	for (int i = 0; i < ALARMS_MAX; i++)
		session->load[i] = (struct alarm_load){UINT16_MAX, UINT16_MAX, UINT16_MAX, INT64_MIN};
}

static void make_largest_engine(void)
{
	make_largest_config();
	engine_init(&engine, &config, (struct mono){0});
	for (int i = 0; i < DEVICES_MAX; i++) {
		device_up(i, 1);
		engine.devices[i].state = DEVICE_REFUSED;
		engine.devices[i].fault = FAULT_WRONG_IDENTITY;
		engine.devices[i].last_frame = (struct mono){0};
	}
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		receive((enum parameter)p, QUALITY_QUESTIONABLE, REASON_IMPLAUSIBLE, INT32_MIN, 1);
		engine.parameters[p].latest_wall_ns = INT64_MIN;
	}
	for (int i = 0; i < ALARMS_MAX; i++)
		make_largest_alarm(i);
	open_session();
	engine.session.ended = true;
	FILL(engine.session.id);
	FILL(engine.session.order.patient_ref);
	FILL(engine.session.order.second_person);
	make_largest_session();
	engine.session.baseline.sys = engine.session.baseline.dia = INT32_MIN;
	for (int i = 0; i < PLAN_CHECKS_MAX; i++)
		engine.session.checks[i] = (struct check_state){.done = UINT8_MAX, .missed = UINT8_MAX, .due = {0}};
	engine.audio_paused_until = MONO_NEVER;
	FILL(engine.audio_paused_by);
	for (int t = 0; t < TOPIC_COUNT; t++)
		id.sequence[t] = UINT64_MAX - 10;
}

static void largest_messages_fit(void **state)
{
	(void)state;
	const struct stamp late = {{INT64_MAX - 1}, INT64_MIN};
	static uint8_t bytes[MESSAGE_BYTES];

	make_largest_engine();
	encode_snapshot(&message, &id, &engine, late);
	Vitals__V1__Message *wire = vitals__v1__message__unpack(NULL, message.size, message.bytes);
	assert_non_null(wire);
	assert_int_equal(wire->snapshot->n_alarm, ALARMS_MAX);
	assert_int_equal(wire->snapshot->n_device, DEVICES_MAX);
	assert_int_equal(wire->snapshot->n_reading, PARAMETER_COUNT);
	assert_int_equal(strlen(wire->snapshot->alarm[0]->acknowledged_by), NAME_BYTES - 1);
	print_message("largest snapshot: %zu of %d bytes\n", message.size, MESSAGE_BYTES);
	/* Room for growth, and for the envelope of a control response around the state. */
	assert_true(message.size <= MESSAGE_BYTES - 1024);
	release(wire);
	assert_in_range(encode_state(bytes, sizeof bytes, &id, &engine, late), 1, MESSAGE_BYTES - 1024);
	encode_readings(&message, &id, &engine, PARAMETER_BIT(PARAMETER_COUNT) - 1, late);
	assert_in_range(message.size, 1, 4096);
	encode_session(&message, &id, &engine, SESSION_CLOSED, config.bedside, late);
	assert_in_range(message.size, 1, 40960);
	encode_heartbeat(&message, &id, &engine, late);
	assert_in_range(message.size, 1, 256); /* the loop-back check of the publisher keeps copies of it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(readings_keep_zero_apart_from_no_value, setup),
	    cmocka_unit_test_setup(a_failed_reading_carries_the_last_good_one, setup),
	    cmocka_unit_test_setup(every_alarm_has_a_code_of_the_contract, setup),
	    cmocka_unit_test_setup(alarm_carries_its_value_and_who_acknowledged, setup),
	    cmocka_unit_test_setup(technical_alarm_carries_its_reason_and_no_value, setup),
	    cmocka_unit_test_setup(another_reason_is_told_with_its_words, setup),
	    cmocka_unit_test_setup(alarm_tells_confirmation_and_test, setup),
	    cmocka_unit_test_setup(session_tells_order_items_and_overrides, setup),
	    cmocka_unit_test_setup(session_tells_limits_in_force, setup),
	    cmocka_unit_test_setup(taken_out_is_told_with_and_without_a_session, setup),
	    cmocka_unit_test_setup(load_is_told_at_the_close_and_in_the_status, setup),
	    cmocka_unit_test_setup(device_never_heard_has_age_minus_one, setup),
	    cmocka_unit_test_setup(session_tells_phase_checks_and_pauses, setup),
	    cmocka_unit_test_setup(closed_session_tells_nothing_of_the_patient, setup),
	    cmocka_unit_test_setup(sequences_count_for_each_topic, setup),
	    cmocka_unit_test_setup(snapshot_is_the_whole_state, setup),
	    cmocka_unit_test_setup(state_for_control_takes_no_sequence, setup),
	    cmocka_unit_test_setup(largest_messages_fit, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
