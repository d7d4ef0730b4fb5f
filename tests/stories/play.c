/* One story, played: patient and devices as the story tells, staff by its lines, the engine in virtual time; what is
 * seen goes into the performance. Time moves only from one turn or deadline to the next. At one instant the turns come
 * in this order: deadlines, patient and devices, staff, frames and cuff results, looks. */
#include <math.h>
#include <string.h>

#include "tests/stories/stories.h"

#define BEGIN_NS   (1000 * NS_PER_S) /* the engine's clock when it starts, some seconds before the story's first line */
#define LEAD_NS    (5 * NS_PER_S)
#define WALL_NS    (INT64_C(1767225600) * NS_PER_S)
#define DUE_NS     (30 * NS_PER_S)  /* staff enter a score so long after it was asked for */
#define SAMPLED_NS (20 * NS_PER_MS) /* a value is so old when its frame is here */

struct bedside_device {
	int64_t next_frame; /* STORY_NEVER while the room has none, or it is not connected */
	int64_t silent_until;
	bool off, leads_off; /* probe, sampling line or cuff; electrodes */
	bool no_value, doubt;
	enum complaint complaint;
	enum mode mode; /* MODE_FROZEN, MODE_KPA; of others the engine sees the link's state alone */
};

struct stage {
	const struct staged *staged;
	struct performance *seen;
	struct engine engine;
	struct actions actions;
	struct event event;
	int64_t now, zero_ns, end_ns; /* on the engine's clock; zero: 00:00 of the story */
	struct patient patient;
	struct prng prng;
	struct bedside_device devices[DEVICE_COUNT];
	int64_t cuff_result; /* STORY_NEVER while none runs */
	double cuff_seconds;
	int cuff_fails;
	bool event_done[EVENTS_MAX], act_done[STORY_LINES], looked[STORY_LINES];
	const struct staff_act *when_due;
	uint64_t command_id;
};

static int64_t engine_time(const struct stage *stage, double story_s)
{
	return stage->zero_ns + (int64_t)llround(story_s * 1000) * NS_PER_MS;
}

/* ---- what is seen
 * ----------------------------------------------------------------------------------------------------- */

static struct seen *new_seen(struct stage *stage)
{
	struct performance *seen = stage->seen;

	if (seen->seen_count == SEEN_MAX)
		return NULL;
	seen->seen[seen->seen_count] = (struct seen){.at_ns = stage->now - stage->zero_ns};
	return &seen->seen[seen->seen_count++];
}

static void see_alarm(struct stage *stage, const struct action *action)
{
	const struct alarm *alarm = &action->u.alarm.alarm;
	struct seen *seen = new_seen(stage);

	if (seen == NULL)
		return;
	seen->change = action->u.alarm.change;
	seen->priority = alarm->priority;
	seen->has_value = alarm->has_value;
	seen->milli = alarm->milli;
	engine_condition_name(&stage->engine, alarm, seen->name, sizeof seen->name);
	engine_condition_text(&stage->engine, alarm, seen->text, sizeof seen->text);
}

static void heed_cuff(struct stage *stage, const struct action *action)
{
	struct seen *seen;

	if (!action->u.cuff.start) {
		stage->cuff_result = STORY_NEVER;
		return;
	}
	if (stage->event.kind != EVENT_COMMAND || stage->event.u.command.command != COMMAND_CUFF_START) {
		seen = new_seen(stage);
		if (seen != NULL) {
			seen->cuff = true;
			(void)snprintf(seen->name, sizeof seen->name, "cuff");
			(void)snprintf(seen->text, sizeof seen->text, "the monitor starts the cuff");
		}
	}
	if (stage->cuff_result == STORY_NEVER) /* one that runs goes on */
		stage->cuff_result = stage->now + (int64_t)(stage->cuff_seconds * (double)NS_PER_S);
}

static enum result step(struct stage *stage)
{
	enum result result = RESULT_OK;

	stage->event.wall_ns = WALL_NS + stage->now;
	engine_step(&stage->engine, &stage->event, (struct mono){stage->now}, &stage->actions);
	for (uint16_t i = 0; i < stage->actions.count; i++) {
		const struct action *action = &stage->actions.list[i];

		if (action->kind == ACTION_ALARM)
			see_alarm(stage, action);
		else if (action->kind == ACTION_CUFF)
			heed_cuff(stage, action);
		else if (action->kind == ACTION_REPLY)
			result = action->u.reply.result;
	}
	return result;
}

static void tick(struct stage *stage)
{
	stage->event = (struct event){.kind = EVENT_TICK};
	(void)step(stage);
}

/* ---- devices
 * ---------------------------------------------------------------------------------------------------------- */

static enum reason reason_of(enum complaint complaint)
{
	static const enum reason reasons[COMPLAINT_COUNT] = {
	    [COMPLAINT_SENSOR_OFF] = REASON_SENSOR_OFF, [COMPLAINT_SENSOR_FAULT] = REASON_SENSOR_FAULT,
	    [COMPLAINT_SEARCHING] = REASON_SEARCHING,   [COMPLAINT_NO_PULSE] = REASON_NO_PULSE,
	    [COMPLAINT_LOW_SIGNAL] = REASON_LOW_SIGNAL, [COMPLAINT_INTERFERENCE] = REASON_INTERFERENCE,
	};

	return reasons[complaint];
}

/* A value as its device brings it: a number, or none with a reason. */
static void add(struct stage *stage, enum parameter parameter, double value, enum quality quality, enum reason reason)
{
	struct event_measurements *frame = &stage->event.u.measurements;
	int32_t milli =
	    parameter == PARAMETER_PERFUSION ? (int32_t)lround(value * MILLI) : (int32_t)lround(value) * MILLI;

	if (quality == QUALITY_NO_VALUE)
		milli = 0;
	frame->list[frame->count++] =
	    (struct measurement){parameter, quality, reason, milli, {stage->now - SAMPLED_NS}};
}

static void begin_frame(struct stage *stage, enum device device)
{
	stage->event = (struct event){.kind = EVENT_MEASUREMENTS};
	stage->event.u.measurements.device = (uint8_t)stage->staged->device[device];
}

/* What the device's register map makes of registers that no longer change, or hold other units. */
static void distrust(struct stage *stage, enum mode mode)
{
	struct event_measurements *frame = &stage->event.u.measurements;
	const parameter_set pressures = PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA) |
	                                PARAMETER_BIT(PARAMETER_NIBP_MEAN) | PARAMETER_BIT(PARAMETER_ETCO2);

	for (uint8_t i = 0; i < frame->count; i++) {
		struct measurement *m = &frame->list[i];
		bool intermittent = parameter_table[m->parameter].cadence == CADENCE_INTERMITTENT;
		bool frozen = mode == MODE_FROZEN && !intermittent;

		if (!frozen && (mode != MODE_KPA || (pressures & PARAMETER_BIT(m->parameter)) == 0))
			continue;
		m->quality = QUALITY_NO_VALUE;
		m->reason = frozen ? REASON_FROZEN : REASON_WRONG_SETUP;
		m->milli = 0;
	}
}

static void send_frame(struct stage *stage, enum device device)
{
	const struct vitals *v = &stage->patient.now;
	const struct bedside_device *d = &stage->devices[device];
	enum reason reason = d->no_value || d->doubt ? reason_of(d->complaint) : REASON_NONE;
	enum quality quality = d->no_value ? QUALITY_NO_VALUE : d->doubt ? QUALITY_QUESTIONABLE : QUALITY_VALID;
	bool no_leads = device == DEVICE_ECG && d->leads_off;

	begin_frame(stage, device);
	if (d->off) {
		quality = QUALITY_NO_VALUE;
		reason = REASON_SENSOR_OFF;
	}
	if (device == DEVICE_OXIMETER) {
		add(stage, PARAMETER_SPO2, v->spo2, quality, reason);
		add(stage, PARAMETER_PULSE, v->pulse, quality, reason);
		add(stage, PARAMETER_PERFUSION, 3, quality, reason);
	} else if (device == DEVICE_ECG) {
		/* The probe of the gateway is its sampling line: leads and line go their own ways. */
		bool gone = no_leads || d->no_value;

		add(stage, PARAMETER_ECG_HR, v->hr, gone ? QUALITY_NO_VALUE : QUALITY_VALID,
		    no_leads ? REASON_SENSOR_OFF
		    : gone   ? reason_of(d->complaint)
		             : REASON_NONE);
		add(stage, PARAMETER_RESP, v->resp, quality, reason);
		add(stage, PARAMETER_ETCO2, v->etco2, quality, reason);
	}
	distrust(stage, d->mode);
	(void)step(stage);
}

static void send_determination(struct stage *stage)
{
	const struct vitals *v = &stage->patient.now;
	double noise = stage->staged->story.events.noise;
	double a = noise * prng_gauss(&stage->prng), b = 0.8 * noise * prng_gauss(&stage->prng);
	bool failed = stage->cuff_fails > 0 || stage->devices[DEVICE_CUFF].off;
	enum quality quality = failed ? QUALITY_NO_VALUE : QUALITY_VALID;
	enum reason reason = failed ? REASON_FAILED : REASON_NONE;

	stage->cuff_result = STORY_NEVER;
	if (stage->cuff_fails > 0)
		stage->cuff_fails--;
	if (stage->devices[DEVICE_CUFF].next_frame == STORY_NEVER ||
	    stage->devices[DEVICE_CUFF].silent_until > stage->now)
		return; /* nobody hears of it */
	begin_frame(stage, DEVICE_CUFF);
	add(stage, PARAMETER_NIBP_SYS, v->sys + a, quality, reason);
	add(stage, PARAMETER_NIBP_DIA, v->dia + b, quality, reason);
	add(stage, PARAMETER_NIBP_MEAN, v->dia + b + (v->sys + a - v->dia - b) / 3, quality, reason);
	add(stage, PARAMETER_NIBP_PULSE, v->hr, quality, reason);
	distrust(stage, stage->devices[DEVICE_CUFF].mode);
	(void)step(stage);
}

static void say_device(struct stage *stage, enum device device, enum device_state state, enum device_fault fault)
{
	int index = stage->staged->device[device];

	if (index < 0)
		return;
	stage->devices[device].next_frame = state == DEVICE_UP ? stage->now : STORY_NEVER;
	stage->event = (struct event){.kind = EVENT_DEVICE, .u.device = {(uint8_t)index, state, fault}};
	(void)step(stage);
}

static void start_own_cuff(struct stage *stage)
{
	if (stage->cuff_result == STORY_NEVER)
		stage->cuff_result = stage->now + (int64_t)(stage->cuff_seconds * (double)NS_PER_S);
}

/* A way of misbehaving as the engine sees it: the link notices, or hears nothing. */
static void misbehave(struct stage *stage, const struct sim_event *event)
{
	stage->devices[event->device].mode = event->mode;
	switch (event->mode) {
	case MODE_NORMAL:
		say_device(stage, event->device, DEVICE_UP, FAULT_NONE);
		break;
	case MODE_HANG:
		stage->devices[event->device].silent_until =
		    stage->now + (int64_t)(event->number[0] * (double)NS_PER_S);
		break;
	case MODE_WRONG_IDENTITY:
		say_device(stage, event->device, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
		break;
	case MODE_FROZEN:
	case MODE_KPA:
		break;
	case MODE_LATE:
	case MODE_DRIBBLE:
	case MODE_WRONG_UNIT:
	case MODE_WRONG_LENGTH:
	case MODE_BAD_CRC:
	case MODE_GARBAGE:
	case MODE_EXCEPTION:
	case MODE_CUT:
	case MODE_ECHO:
		say_device(stage, event->device, DEVICE_RESYNC, FAULT_BAD_FRAME);
		break;
	}
}

static void happen(struct stage *stage, const struct sim_event *event)
{
	struct bedside_device *device = &stage->devices[event->device];

	switch (event->what) {
	case HAPPEN_PROBE_OFF:
	case HAPPEN_PROBE_ON:
		device->off = event->what == HAPPEN_PROBE_OFF;
		break;
	case HAPPEN_LEAD_OFF:
	case HAPPEN_LEAD_ON:
		stage->devices[DEVICE_ECG].leads_off = event->what == HAPPEN_LEAD_OFF;
		break;
	case HAPPEN_NO_VALUE:
	case HAPPEN_DOUBT:
	case HAPPEN_VALUE:
		device->no_value = event->what == HAPPEN_NO_VALUE;
		device->doubt = event->what == HAPPEN_DOUBT;
		device->complaint = event->complaint;
		break;
	case HAPPEN_CABLE_PULL:
		say_device(stage, event->device, DEVICE_DOWN, FAULT_HUNG_UP);
		break;
	case HAPPEN_CABLE_PLUG:
		say_device(stage, event->device, DEVICE_UP, FAULT_NONE);
		break;
	case HAPPEN_CUFF_FAIL:
		stage->cuff_fails = (int)event->number[0];
		break;
	case HAPPEN_CUFF_SECONDS:
		stage->cuff_seconds = event->number[0];
		break;
	case HAPPEN_CUFF_BUTTON:
		start_own_cuff(stage);
		break;
	case HAPPEN_MODE:
		misbehave(stage, event);
		break;
	case HAPPEN_COURSE:
		patient_tell(&stage->patient, event->vital, event->number);
		break;
	case HAPPEN_INFUSION_START:
	case HAPPEN_INFUSION_STOP:
	case HAPPEN_DESATURATION:
	case HAPPEN_VASOVAGAL:
	case HAPPEN_SURGE:
	case HAPPEN_TACHYCARDIA:
	case HAPPEN_APNOEA:
	case HAPPEN_HYPOVENTILATION:
	case HAPPEN_BASELINE:
	case HAPPEN_PULSE_FOLLOWS:
	case HAPPEN_QUIT:
		patient_event(&stage->patient, event->what, event->number);
		break;
	}
}

/* ---- staff
 * ------------------------------------------------------------------------------------------------------------ */

static bool is_blocker(const struct engine *engine, const char *name)
{
	static char names[64][NAME_BYTES];
	uint8_t count = engine_blockers(engine, names, 64);

	for (uint8_t i = 0; i < count && i < 64; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void check_answer(struct stage *stage, const struct staff_act *act, enum result result)
{
	bool good = act->refused ? result != RESULT_OK : result == RESULT_OK;

	if (act->result[0] != '\0' && strcmp(act->result, result_name(result)) != 0)
		good = false;
	stage->seen->broken |= !good && !act->refused && !act->not_yet;
	if (!good)
		differ(stage->seen, act->line->number, act->line->text, "the answer was %s", result_name(result));
	for (size_t i = 0; i < act->blocker_count; i++)
		if (!is_blocker(&stage->engine, act->blockers[i]))
			differ(stage->seen, act->line->number, act->line->text, "%s does not block", act->blockers[i]);
}

static uint32_t alarm_by_name(const struct stage *stage, const char *name)
{
	char one[64];

	for (uint16_t id = 0; id < ALARMS_MAX && strcmp(name, "all") != 0; id++) {
		if (!alarm_announced(stage->engine.alarms[id].state))
			continue;
		engine_condition_name(&stage->engine, &stage->engine.alarms[id], one, sizeof one);
		if (strcmp(one, name) == 0)
			return engine_alarm_id(&stage->engine, id);
	}
	return strcmp(name, "all") == 0 ? ALARM_ID_ALL : UINT32_MAX; /* the second is nobody's */
}

/* What stands on the screen now; the engine leaves what is too new for anybody to have read. */
static void fill_seen(const struct stage *stage, struct shown_alarms *seen)
{
	seen->settled_ns = 2 * NS_PER_S;
	for (uint16_t id = 0; id < ALARMS_MAX && seen->count < SHOWN_ALARMS_MAX; id++)
		if (alarm_sounding(stage->engine.alarms[id].state))
			seen->list[seen->count++] = (struct shown_alarm){engine_alarm_id(&stage->engine, id),
			                                                 stage->engine.alarms[id].generation};
}

static enum result command(struct stage *stage, const struct event_command *order)
{
	stage->event = (struct event){.kind = EVENT_COMMAND, .u.command = *order};
	stage->event.u.command.id = ++stage->command_id;
	return step(stage);
}

static void act(struct stage *stage, const struct staff_act *what)
{
	struct event_command order = what->command;

	if (what->kind == ACT_WHEN_DUE) {
		stage->when_due = what;
		return;
	}
	if (order.command == COMMAND_ALARM_ACKNOWLEDGE_SHOWN)
		fill_seen(stage, &order.u.shown);
	else if (what->kind == ACT_ACK)
		order.u.alarm_id = alarm_by_name(stage, what->name);
	if (order.command == COMMAND_SESSION_OPEN) /* as the shell does: no two alike */
		(void)snprintf(order.u.order.session_id, sizeof order.u.order.session_id, "story-%u",
		               what->line->number);
	check_answer(stage, what, command(stage, &order));
}

/* Scores that the plan has been asking for, as the last line `when-due` says. */
static void enter_due_scores(struct stage *stage)
{
	const struct plan *plan = &stage->engine.config->plan;

	for (uint8_t i = 0; i < plan->check_count && stage->when_due != NULL; i++) {
		enum parameter parameter = plan->checks[i].parameter;
		struct mono since = stage->engine.session.checks[i].overdue_since;
		struct event_command order = {.command = COMMAND_OBSERVE, .actor = "nurse1"};

		if (!stage->when_due->has_score[parameter] || !stage->engine.session.open ||
		    !mono_before(mono_after(since, DUE_NS - 1), (struct mono){stage->now}))
			continue;
		order.u.observation.has_score = true;
		order.u.observation.parameter = parameter;
		order.u.observation.milli = stage->when_due->score[parameter];
		(void)command(stage, &order); /* shows in what is late */
	}
}

/* ---- looks
 * ------------------------------------------------------------------------------------------------------------ */

static double look_at_s(const struct stage *stage, size_t index)
{
	const struct expect *expect = &stage->staged->expects[index];

	return expect->whole ? stage->staged->end_s : expect->from_s;
}

/* One for each expectation, at its first instant; the performance keeps them in the order of the expectations. */
static void look(struct stage *stage, size_t index)
{
	struct look *look = &stage->seen->looks[index];
	const struct engine *engine = &stage->engine;

	*look = (struct look){.at_s = look_at_s(stage, index)};
	for (uint16_t id = 0; id < ALARMS_MAX && look->present_count < PRESENT_MAX; id++) {
		if (!alarm_announced(engine->alarms[id].state))
			continue;
		look->present[look->present_count].priority = engine->alarms[id].priority;
		engine_condition_name(engine, &engine->alarms[id], look->present[look->present_count++].name,
		                      sizeof look->present[0].name);
	}
	look->open = engine->session.open;
	look->started = engine->session.started;
	look->blocker_count = engine_blockers(engine, look->blockers, 64);
	if (look->open)
		memcpy(look->phase, engine->config->plan.phases[engine->session.phase].name, sizeof look->phase);
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		look->shown[p] = engine_reading(engine, (enum parameter)p, engine->now);
		look->has_last[p] = engine_last_good(engine, (enum parameter)p, &look->last[p]);
	}
}

/* ---- turns
 * ------------------------------------------------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The first undone line of a list of times, or -1; its time in *at. */
static int64_t next_look(const struct stage *stage, size_t *index)
{
	int64_t next = STORY_NEVER;

	for (size_t i = 0; i < stage->staged->story.expect_count; i++) {
		int64_t at = engine_time(stage, look_at_s(stage, i));

		if (!stage->looked[i] && at < next) {
			next = at;
			*index = i;
		}
	}
	return next;
}

static int64_t next_event(const struct stage *stage, size_t *index)
{
	const struct scenario *events = &stage->staged->story.events;
	int64_t next = STORY_NEVER;

	for (size_t i = 0; i < events->count; i++) {
		int64_t at = stage->event_done[i] ? STORY_NEVER : engine_time(stage, events->list[i].at_s);

		if (at < next) {
			next = at;
			*index = i;
		}
	}
	return next;
}

static int64_t next_act(const struct stage *stage, size_t *index)
{
	int64_t next = STORY_NEVER;

	for (size_t i = 0; i < stage->staged->story.staff_count; i++) {
		int64_t at = stage->act_done[i] ? STORY_NEVER : engine_time(stage, stage->staged->story.staff[i].at_s);

		if (at < next) {
			next = at;
			*index = i;
		}
	}
	return next;
}

static int64_t next_frame(const struct stage *stage, int *device)
{
	int64_t next = STORY_NEVER;

	for (int d = 0; d < DEVICE_COUNT; d++) {
		if (stage->devices[d].next_frame < next) {
			next = stage->devices[d].next_frame;
			*device = d;
		}
	}
	return next;
}

static void frame_turn(struct stage *stage, enum device device)
{
	struct bedside_device *d = &stage->devices[device];

	d->next_frame += stage->engine.config->devices[stage->staged->device[device]].period_ns;
	if (d->silent_until <= stage->now)
		send_frame(stage, device);
	enter_due_scores(stage);
}

/* False: the story is over. */
static bool turn(struct stage *stage)
{
	size_t event = 0, line = 0, seen = 0;
	int device = 0;
	int64_t deadline = engine_deadline(&stage->engine).ns;
	int64_t events = next_event(stage, &event), acts = next_act(stage, &line);
	int64_t frames = next_frame(stage, &device), looks = next_look(stage, &seen);
	int64_t next = earlier(earlier(deadline, events), earlier(earlier(acts, frames), stage->cuff_result));

	next = earlier(next, looks);
	if (next > stage->end_ns)
		return false;
	stage->now = next > stage->now ? next : stage->now;
	while (engine_time(stage, stage->patient.now.time_s + stage->staged->story.begin_s + 1) <= stage->now)
		patient_step(&stage->patient);
	if (next == deadline) {
		tick(stage);
	} else if (next == events) {
		stage->event_done[event] = true;
		happen(stage, &stage->staged->story.events.list[event]);
	} else if (next == acts) {
		stage->act_done[line] = true;
		act(stage, &stage->staged->acts[line]);
	} else if (next == frames) {
		frame_turn(stage, (enum device)device);
	} else if (next == stage->cuff_result) {
		send_determination(stage);
	} else {
		stage->looked[seen] = true;
		tick(stage);
		look(stage, seen);
	}
	return true;
}

void play(const struct staged *staged, struct performance *performance)
{
	static struct stage stage;

	memset(&stage, 0, sizeof stage);
	memset(performance, 0, sizeof *performance);
	stage.staged = staged;
	stage.seen = performance;
	stage.now = BEGIN_NS;
	stage.zero_ns = BEGIN_NS + LEAD_NS - (int64_t)(staged->story.begin_s * (double)NS_PER_S);
	stage.end_ns = engine_time(&stage, staged->end_s);
	stage.prng.state = staged->story.seed;
	stage.cuff_seconds = staged->story.cuff_seconds;
	stage.cuff_result = STORY_NEVER;
	patient_init(&stage.patient, staged->story.seed, SESSION_KETAMINE_IV, 1);
	patient_event(&stage.patient, HAPPEN_BASELINE, staged->story.events.baseline);
	engine_init(&stage.engine, &staged->config.engine, (struct mono){stage.now});
	for (int d = 0; d < DEVICE_COUNT; d++) {
		stage.devices[d].next_frame = STORY_NEVER;
		say_device(&stage, (enum device)d, DEVICE_UP, FAULT_NONE);
	}
	while (turn(&stage)) {
	}
	performance->look_count = staged->story.expect_count;
}
