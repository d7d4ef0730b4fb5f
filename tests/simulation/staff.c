/* Everything people do in a simulated session, late, forgetful and sometimes wrong: open, scores, items, start, spray
 * devices, pauses, answers to alarms, limits, take-outs, leaving with and without override. Also the part of the
 * patient that people judge: dissociation and sedation. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/simulation.h"

static int64_t soon(struct room *room, double low_s, double high_s)
{
	return room->now + seconds(between(room, low_s, high_s));
}

static void plan(struct room *room, int64_t at, enum task_kind kind, int number)
{
	struct staff *staff = &room->staff;

	if (staff->task_count < TASKS_MAX)
		staff->tasks[staff->task_count++] = (struct task){at, kind, number};
}

/* ---- the mind -----------------------------------------------------------------------------------------------------
 */

/* CADSS at the peak: 35 % (infusion) or 59 % (spray) stay at 4 or below, the rest has an exponential tail; mean
 * about 8. Sedation: 35 % of sessions lose a level of MOAA/S or more, few lose two or more. [clinical numbers: van
 * Schalkwyk 2018, REMS 58 months, Takahashi 2021; shapes: proposal] */
static void draw_mind(struct room *room)
{
	struct mind *mind = &room->staff.mind;
	bool iv = room->patient.kind == SESSION_KETAMINE_IV;
	double u = prng_uniform(&room->prng);

	if (room->placebo)
		return; /* nothing is felt */
	mind->cadss_peak = between(room, 0, 4.4);
	if (!chance(room, iv ? 0.35 : 0.59))
		mind->cadss_peak = fmin(92, 5 - 6 * log(1 - prng_uniform(&room->prng)));
	mind->sedation_peak = u < 0.65 ? 0 : u < 0.96 ? 1 : u < 0.993 ? 2 : u < 0.998 ? 3 : u < 0.9995 ? 4 : 5;
}

/* Up from the start (sedation: from minute 15) to minute 40, gone by minute 90. */
static double shape(const struct room *room, double onset)
{
	double minute = room->patient.now.minute;

	if (!room->patient.started || minute < onset || minute > 90)
		return 0;
	return minute < 40 ? (minute - onset) / (40 - onset) : (90 - minute) / 50;
}

static int32_t score_now(struct room *room, int parameter)
{
	const struct mind *mind = &room->staff.mind;
	bool random = room->trouble == TROUBLE_RANDOM;

	switch (parameter) {
	case PARAMETER_MOAAS:
		return 5 - (int32_t)lround(mind->sedation_peak * shape(room, 15));
	case PARAMETER_RASS:
		return random && chance(room, 0.03) ? (int32_t)lround(between(room, -2, 4)) : 0;
	case PARAMETER_CADSS:
		return (int32_t)lround(mind->cadss_peak * shape(room, 0));
	case PARAMETER_CADSS6:
		return (int32_t)lround(mind->cadss_peak * shape(room, 0) / 4);
	case PARAMETER_DISTRESS:
		return random && chance(room, 0.3);
	default:
		return 0;
	}
}

/* ---- commands -----------------------------------------------------------------------------------------------------
 */

static struct event_command *command(struct room *room, enum command kind)
{
	struct event_command *c = &room->event.u.command;

	room->event = (struct event){.kind = EVENT_COMMAND};
	c->id = ++room->staff.command_id;
	c->command = kind;
	(void)snprintf(c->actor, sizeof(c->actor), "nurse%d", chance(room, 0.8) ? 1 : 2);
	return c;
}

static enum result give(struct room *room)
{
	room_step(room);
	if (room->actions.count == 0)
		return RESULT_COUNT;
	return room->actions.list[room->actions.count - 1].u.reply.result;
}

static void observe(struct room *room, int parameter)
{
	struct event_command *c = command(room, COMMAND_OBSERVE);
	int32_t value = score_now(room, parameter);

	c->u.observation.has_score = true;
	c->u.observation.parameter = (enum parameter)parameter;
	c->u.observation.milli = value * MILLI;
	if (parameter == PARAMETER_CADSS && value > room->peak_cadss)
		room->peak_cadss = value;
	if (parameter == PARAMETER_MOAAS && value < room->worst_moaas)
		room->worst_moaas = value;
	(void)give(room);
	if (parameter == PARAMETER_DISTRESS && value > 0)
		plan(room, soon(room, 60, 900), TASK_SCORE, PARAMETER_DISTRESS);
}

static void override(struct room *room, struct override *o)
{
	room->tally->overridden++;
	memcpy(o->name, "doctor1", sizeof("doctor1"));
	memcpy(o->reason, "stable", sizeof("stable"));
	(void)room;
}

static void open_session(struct room *room)
{
	struct event_command *c = command(room, COMMAND_SESSION_OPEN);
	struct session_order *order = &c->u.order;
	bool iv = room->patient.kind == SESSION_KETAMINE_IV, random = room->trouble == TROUBLE_RANDOM;

	(void)snprintf(order->patient_ref, sizeof(order->patient_ref), "P-%u", (unsigned)(room->seed & 0xffffff));
	(void)snprintf(order->session_id, sizeof(order->session_id), "S-%u", (unsigned)(room->seed & 0xffffff));
	order->weight_g = (int32_t)between(room, 45000, 120000);
	order->dose_ug = iv ? order->weight_g / 2 : room->patient.kind == SESSION_ESKETAMINE_56 ? 56000 : 84000;
	order->age_years = (int32_t)between(room, 18, 80);
	order->series = 1;
	room->staff.devices_left = iv ? 0 : order->dose_ug / 28000;
	if (random && chance(room, 0.1))
		order->duration_s = (int32_t)between(room, 1200, 5400);
	if (random && chance(room, 0.05)) {
		order->dose_ug *= 10; /* the classic error */
		if (order->dose_ug > 1000000)
			order->dose_ug = 1000000;
		memcpy(order->second_person, "doctor2", sizeof("doctor2"));
	}
	if (give(room) != RESULT_OK)
		plan(room, soon(room, 5, 20), TASK_OPEN, 0);
}

/* The drug flows from here on. */
static void started(struct room *room)
{
	const double none[HAPPEN_NUMBERS] = {0};

	patient_until(room);
	patient_event(&room->patient, HAPPEN_INFUSION_START, none);
}

static void try_start(struct room *room)
{
	bool spray = room->config.plan.dose.device_ug > 0;
	struct event_command *c = command(room, spray ? COMMAND_DEVICE_GIVEN : COMMAND_SESSION_START);
	bool out_of_patience = ++room->staff.start_tries > (room->trouble == TROUBLE_NONE ? 20 : 6);

	if (out_of_patience && room->staff.overrides)
		override(room, &c->u.override);

	enum result result = give(room);

	if (result == RESULT_OK) {
		started(room);
		if (spray && --room->staff.devices_left > 0)
			plan(room, soon(room, 301, 330), TASK_GIVE, 0);
		else if (spray)
			plan(room, soon(room, 5, 60), TASK_STOP, 0);
		return;
	}
	if (result == RESULT_NO_SESSION)
		return;
	room->tally->blocked++;
	if (room->staff.start_tries > 10 && room->trouble == TROUBLE_RANDOM) {
		plan(room, soon(room, 5, 60), TASK_CLOSE, 0); /* sent home untreated */
		return;
	}
	plan(room, soon(room, 1, 10), TASK_CUFF, 0);
	for (int p = PARAMETER_MOAAS; p <= PARAMETER_CADSS; p++)
		plan(room, soon(room, 5, 30), TASK_SCORE, p);
	for (int i = 0; i < room->config.plan.item_count; i++)
		plan(room, soon(room, 5, 30), TASK_TICK, i);
	plan(room, soon(room, 60, 120), TASK_START, 0);
}

static void give_device(struct room *room)
{
	struct event_command *c = command(room, COMMAND_DEVICE_GIVEN);

	if (room->staff.devices_left < 0)
		override(room, &c->u.override);
	if (give(room) == RESULT_OK && --room->staff.devices_left > 0)
		plan(room, soon(room, 300, 330), TASK_GIVE, 0);
	else
		plan(room, soon(room, 5, 60), TASK_STOP, 0);
}

static void try_close(struct room *room)
{
	struct staff *staff = &room->staff;
	struct event_command *c = command(room, COMMAND_SESSION_CLOSE);

	if (++staff->close_tries > (room->trouble == TROUBLE_NONE ? 15 : 5))
		override(room, &c->u.override);
	if (room->rise_late_sys == INT32_MAX && room->oracle.ended)
		room->rise_late_sys = (int)lround(room->patient.now.sys - room->patient.base_sys);

	enum result result = give(room);

	if (result == RESULT_OK || result == RESULT_NO_SESSION) {
		plan(room, soon(room, 1, 60), TASK_GO, 0);
		return;
	}
	room->tally->blocked++;
	for (int p = PARAMETER_MOAAS; p <= PARAMETER_CADSS; p++)
		plan(room, soon(room, 5, 60), TASK_SCORE, p);
	for (int i = 0; i < room->config.plan.item_count; i++)
		plan(room, soon(room, 5, 60), TASK_TICK, i);
	plan(room, soon(room, 5, 60), TASK_CUFF, 0);
	plan(room, soon(room, 120, 300), TASK_CLOSE, 0);
}

static void look(struct room *room)
{
	uint32_t id = ALARM_ID_ALL;

	room->staff.look_planned = false;
	for (uint16_t i = 0; i < ALARMS_MAX && chance(room, 0.3); i++)
		if (alarm_sounding(room->engine.alarms[i].state))
			id = engine_alarm_id(&room->engine, i);

	struct event_command *c = command(room, COMMAND_ALARM_ACKNOWLEDGE);

	c->u.alarm_id = id;
	(void)give(room);
}

static void change_limit(struct room *room)
{
	const struct engine_config *config = &room->config;
	int rule = (int)(prng_next(&room->prng) % config->plan.rule_count);
	const struct plan_rule *p = &config->plan.rules[rule];
	struct event_command *c = command(room, COMMAND_LIMIT);
	struct limit_order *order = &c->u.limit;

	memcpy(order->rule, p->name, NAME_BYTES);
	uint8_t term = p->term_count > 0 ? (uint8_t)(prng_next(&room->prng) % p->term_count) : 0;
	if (p->term_count > 0)
		engine_term_name(&p->terms[term], order->term);
	order->limit = p->terms[term].limit + (int32_t)lround(between(room, -8, 8)) * MILLI;
	if (chance(room, 0.5))
		memcpy(order->second_person, "doctor2", sizeof("doctor2"));
	if (chance(room, 0.8))
		memcpy(order->reason, "usual for her", sizeof("usual for her"));
	(void)give(room);
}

static void take_out(struct room *room)
{
	const struct engine_config *config = &room->config;
	struct event_command *c = command(room, COMMAND_TAKE_OUT);
	struct take_out *order = &c->u.take_out;

	order->is_device = chance(room, 0.5);
	if (order->is_device)
		memcpy(order->name, config->devices[prng_next(&room->prng) % DEVICE_TOTAL].name, NAME_BYTES);
	else
		(void)snprintf(order->name, sizeof(order->name), "%s",
		               parameter_table[prng_next(&room->prng) % PARAMETER_MOAAS].name);
	order->duration_s = chance(room, 0.1) ? 0 : (int32_t)between(room, 60, 900);
	memcpy(order->reason, "repair", sizeof("repair"));
	if (chance(room, 0.5))
		override(room, &order->override);
	(void)give(room);
}

static void nonsense(struct room *room)
{
	static const enum command which[] = {COMMAND_SESSION_OPEN, COMMAND_SESSION_RESUME, COMMAND_ALARM_ACKNOWLEDGE,
	                                     COMMAND_ITEM,         COMMAND_LIMIT,          COMMAND_RECEIPT,
	                                     COMMAND_TAKE_OUT,     COMMAND_CUFF_STOP,      COMMAND_OBSERVE};
	struct event_command *c = command(room, which[prng_next(&room->prng) % (sizeof(which) / sizeof(which[0]))]);

	if (c->command == COMMAND_ALARM_ACKNOWLEDGE)
		c->u.alarm_id = engine_alarm_id(&room->engine, (uint16_t)(prng_next(&room->prng) % (ALARMS_MAX + 5)));
	if (give(room) != RESULT_OK)
		room->tally->refused++;
}

static void episode(struct room *room)
{
	double steps = between(room, 20, 400) / room->speed; /* the patient counts in steps of `speed` seconds */
	const struct {
		enum happening what;
		double number[HAPPEN_NUMBERS];
	} episodes[] = {
	    {HAPPEN_VASOVAGAL, {between(room, 120, 300) / room->speed}},
	    {HAPPEN_DESATURATION, {between(room, 70, 94), 10 / room->speed + 1, steps}},
	    {HAPPEN_SURGE, {between(room, 150, 230), between(room, 85, 130), 3 * steps}},
	    {HAPPEN_TACHYCARDIA, {between(room, 100, 170), steps}},
	    {HAPPEN_APNOEA, {steps / 4}},
	    {HAPPEN_HYPOVENTILATION, {between(room, 4, 12), steps}},
	};
	uint64_t which = room->trouble == TROUBLE_NONE ? 0 : prng_next(&room->prng) % 6;

	patient_until(room);
	patient_event(&room->patient, episodes[which].what, episodes[which].number);
}

static void simple(struct room *room, enum command kind)
{
	(void)command(room, kind);
	(void)give(room);
}

static void stop(struct room *room)
{
	const double none[HAPPEN_NUMBERS] = {0};

	(void)command(room, COMMAND_SESSION_STOP);
	if (give(room) == RESULT_OK && room->patient.kind == SESSION_KETAMINE_IV) {
		patient_until(room);
		patient_event(&room->patient, HAPPEN_INFUSION_STOP, none);
	}
}

/* The model's pump cannot go on after it stopped: a pause stops the drug for good, whatever the session does then. */
static void pause(struct room *room)
{
	const double none[HAPPEN_NUMBERS] = {0};

	(void)command(room, COMMAND_SESSION_PAUSE);
	if (give(room) != RESULT_OK)
		return;
	patient_until(room);
	patient_event(&room->patient, HAPPEN_INFUSION_STOP, none);
	plan(room, soon(room, 120, 900), TASK_RESUME, 0);
}

/* Blocked: they wait, and in the end answer for it or end the administration. */
static void resume(struct room *room)
{
	(void)command(room, COMMAND_SESSION_RESUME);
	if (give(room) != RESULT_BLOCKED)
		return;
	room->tally->blocked++;
	if (++room->staff.resume_tries <= 3) {
		plan(room, soon(room, 120, 300), TASK_RESUME, 0);
		return;
	}
	room->staff.resume_tries = 0;
	if (!room->staff.overrides) {
		stop(room);
		return;
	}
	override(room, &command(room, COMMAND_SESSION_RESUME)->u.override);
	(void)give(room);
}

static void tick_item(struct room *room, int number)
{
	struct event_command *c = command(room, COMMAND_ITEM);

	memcpy(c->u.item.name, room->config.plan.items[number].name, NAME_BYTES);
	c->u.item.ticked = room->trouble == TROUBLE_NONE || chance(room, 0.97);
	(void)give(room);
}

static void test_alarm(struct room *room, int number)
{
	if (number == 1)
		episode(room);
	else
		simple(room, COMMAND_TEST_ALARM);
}

static void perform(struct room *room, const struct task *task)
{
	switch (task->kind) {
	case TASK_OPEN:
		open_session(room);
		break;
	case TASK_SCORE:
		observe(room, task->number);
		break;
	case TASK_TICK:
		tick_item(room, task->number);
		break;
	case TASK_START:
		try_start(room);
		break;
	case TASK_GIVE:
		give_device(room);
		break;
	case TASK_PAUSE:
		pause(room);
		break;
	case TASK_RESUME:
		resume(room);
		break;
	case TASK_STOP:
		stop(room);
		break;
	case TASK_LOOK:
		look(room);
		break;
	case TASK_CUFF:
		simple(room, COMMAND_CUFF_START);
		break;
	case TASK_CUFF_STOP:
		simple(room, COMMAND_CUFF_STOP);
		break;
	case TASK_LIMIT:
		change_limit(room);
		break;
	case TASK_TAKE_OUT:
		take_out(room);
		break;
	case TASK_TEST:
		test_alarm(room, task->number);
		break;
	case TASK_AUDIO:
		simple(room, COMMAND_AUDIO_PAUSE);
		break;
	case TASK_NOISE:
		nonsense(room);
		break;
	case TASK_CLOSE:
		try_close(room);
		break;
	case TASK_GO:
		room->staff.done = true;
		break;
	}
}

/* ---- turns --------------------------------------------------------------------------------------------------------
 */

static void plan_extras(struct room *room)
{
	static const enum task_kind which[] = {TASK_LIMIT, TASK_TAKE_OUT, TASK_TEST,      TASK_AUDIO, TASK_NOISE,
	                                       TASK_CUFF,  TASK_NOISE,    TASK_CUFF_STOP, TASK_SCORE, TASK_PAUSE};
	int extras = (int)(prng_next(&room->prng) % 8), episodes = (int)(prng_next(&room->prng) % 3);

	if (room->trouble == TROUBLE_NONE) {
		if (room->patient.kind == SESSION_KETAMINE_IV && chance(room, 0.005))
			plan(room, soon(room, 900, 3600), TASK_TEST, 1);
		return;
	}
	for (int i = 0; i < extras; i++) {
		enum task_kind kind = which[prng_next(&room->prng) % (sizeof(which) / sizeof(which[0]))];

		plan(room, soon(room, 20, 7800), kind, kind == TASK_SCORE ? PARAMETER_DISTRESS : 0);
	}
	for (int i = 0; i < episodes; i++)
		plan(room, soon(room, 60, 7200), TASK_TEST, 1);
	if (chance(room, 0.05))
		plan(room, soon(room, 900, 3000), TASK_STOP, 0);
}

void staff_begin(struct room *room)
{
	struct staff *staff = &room->staff;
	bool random = room->trouble == TROUBLE_RANDOM;

	room->worst_moaas = 5;
	room->rise_late_sys = INT32_MAX;
	staff->reaction_s = random ? between(room, 5, 240) : 20;
	staff->diligence = random ? between(room, 0.6, 1) : 1;
	staff->overrides = random ? chance(room, 0.7) : true;
	draw_mind(room);
	plan(room, soon(room, 2, random ? 60 : 3), TASK_OPEN, 0);
	for (int p = PARAMETER_MOAAS; p <= PARAMETER_CADSS; p++)
		plan(room, soon(room, 90, 300), TASK_SCORE, p);
	for (int i = 0; i < room->config.plan.item_count; i++)
		if (room->config.plan.items[i].when == ITEM_START)
			plan(room, soon(room, 90, 500), TASK_TICK, i);
	plan(room, soon(room, random ? 300 : 600, 900), TASK_START, 0);
	plan_extras(room);
}

int64_t staff_next(const struct room *room)
{
	int64_t next = NEVER;

	for (int i = 0; i < room->staff.task_count; i++)
		next = room->staff.tasks[i].at < next ? room->staff.tasks[i].at : next;
	return next;
}

void staff_turn(struct room *room)
{
	struct staff *staff = &room->staff;

	for (int i = 0; i < staff->task_count; i++) {
		struct task task = staff->tasks[i];

		if (task.at > room->now)
			continue;
		staff->tasks[i] = staff->tasks[--staff->task_count];
		perform(room, &task);
		return;
	}
}

/* Scores that the plan asks for from this anchor on, each done or forgotten. */
static void plan_scores(struct room *room, enum anchor anchor)
{
	const struct plan *p = &room->config.plan;
	bool random = room->trouble == TROUBLE_RANDOM;

	for (uint8_t i = 0; i < p->check_count; i++) {
		const struct plan_check *check = &p->checks[i];

		if (check->anchor != anchor || parameter_table[check->parameter].cadence != CADENCE_ENTERED)
			continue;
		for (uint8_t t = 0; t < check->time_count; t++)
			if (chance(room, room->staff.diligence))
				plan(room,
				     room->now + check->times_ns[t] + seconds(between(room, -60, random ? 500 : 60)),
				     TASK_SCORE, (int)check->parameter);
	}
}

static int64_t leave_at(struct room *room, enum anchor anchor)
{
	const struct plan_leave *leave = &room->config.plan.leave;

	if (!leave->has_earliest || leave->earliest != anchor)
		return NEVER;
	if (room->trouble == TROUBLE_RANDOM && chance(room, 0.1))
		return soon(room, 600, 2400); /* wants to go early */
	return room->now + leave->earliest_after_ns + seconds(between(room, 10, 400));
}

static void plan_leaving(struct room *room, enum anchor anchor)
{
	int64_t at = leave_at(room, anchor);

	if (at == NEVER)
		return;
	for (int p = PARAMETER_MOAAS; p <= PARAMETER_CADSS; p++)
		plan(room, at - seconds(between(room, 60, 300)), TASK_SCORE, p);
	for (int i = 0; i < room->config.plan.item_count; i++)
		if (room->config.plan.items[i].when == ITEM_LEAVE)
			plan(room, at - seconds(between(room, 30, 300)), TASK_TICK, i);
	plan(room, at, TASK_CLOSE, 0);
}

static void heed_session(struct room *room, enum session_change change)
{
	if (change == SESSION_STARTED) {
		plan_scores(room, ANCHOR_START);
		plan_leaving(room, ANCHOR_START);
	} else if (change == SESSION_ENDED) {
		plan_scores(room, ANCHOR_END);
		plan_leaving(room, ANCHOR_END);
	}
}

static void heed_alarm(struct room *room, const struct alarm *alarm)
{
	struct staff *staff = &room->staff;

	if (alarm->kind == CONDITION_RULE && room->config.plan.rules[alarm->index].unattended > PRIORITY_NONE &&
	    room->trouble == TROUBLE_RANDOM && chance(room, 0.3))
		plan(room, soon(room, 5, 300), TASK_PAUSE, 0);
	if (alarm->kind == CONDITION_CHECK_LATE && chance(room, 0.7))
		plan(room, soon(room, 5, 200),
		     parameter_table[alarm->parameter].cadence == CADENCE_ENTERED ? TASK_SCORE : TASK_CUFF,
		     (int)alarm->parameter);
	if (!alarm_sounding(alarm->state) || alarm->priority == PRIORITY_NONE || staff->look_planned)
		return;
	staff->look_planned = true;
	plan(room, room->now + seconds(1 - staff->reaction_s * log(1 - prng_uniform(&room->prng))), TASK_LOOK, 0);
}

void staff_heed(struct room *room)
{
	for (uint16_t i = 0; i < room->actions.count; i++) {
		const struct action *a = &room->actions.list[i];

		if (a->kind == ACTION_SESSION)
			heed_session(room, a->u.session.change);
		else if (a->kind == ACTION_ALARM)
			heed_alarm(room, &a->u.alarm.alarm);
	}
}
