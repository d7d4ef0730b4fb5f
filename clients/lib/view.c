/* The subscriber's model of one bedside; see vitals-client.h and view.h. Called by client.c and by displays. */
#include "clients/lib/view.h"

#include <string.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

/* Longer durations are nonsense; cut so that adding local time to them cannot overflow. */
#define DURATION_MAX (INT64_MAX / 4)

#define COPY(to, from) out_copy(to, sizeof(to), from)

static int64_t duration(int64_t ns)
{
	return ns > DURATION_MAX ? DURATION_MAX : ns < -DURATION_MAX ? -DURATION_MAX : ns;
}

static int64_t age(int64_t ns)
{
	return ns < 0 ? 0 : duration(ns);
}

void view_init(struct view *view, const char *bedside, int64_t now_ns)
{
	memset(view, 0, sizeof(*view));
	COPY(view->bedside, bedside);
	view->heard_ns = now_ns;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static void reading_of(struct view_reading *reading, const Vitals__V1__Reading *from, int64_t now_ns)
{
	memset(reading, 0, sizeof(*reading));
	COPY(reading->parameter, from->parameter);
	COPY(reading->label, from->label);
	COPY(reading->unit, from->unit);
	COPY(reading->device, from->device);
	COPY(reading->source, from->source);
	reading->decimals = from->decimals > 3 ? 3 : from->decimals;
	reading->quality = (enum view_quality)from->quality;
	reading->reason = (enum view_reason)from->reason;
	reading->intermittent = from->intermittent;
	reading->received_ns = now_ns;
	reading->has_value = message_has_value(from);
	if (reading->has_value) {
		reading->milli = from->milli;
		reading->age_ns = age(from->age_ns);
		reading->determined_unix_ns = from->determined_unix_ns;
	} else if (from->result_case == VITALS__V1__READING__RESULT_NO_VALUE) {
		reading->reason = (enum view_reason)from->no_value->reason;
	}
	reading->has_last_good = !reading->has_value && from->last_good != NULL;
	if (reading->has_last_good) {
		reading->last_good_milli = from->last_good->milli;
		reading->last_good_age_ns = age(from->last_good->age_ns);
		reading->last_good_unix_ns = from->last_good->determined_unix_ns;
	}
}

static void alarm_of(struct view_alarm *alarm, const Vitals__V1__Alarm *from, int64_t now_ns)
{
	memset(alarm, 0, sizeof(*alarm));
	alarm->id = from->id;
	alarm->generation = from->generation;
	COPY(alarm->condition, from->condition);
	COPY(alarm->text, from->text);
	COPY(alarm->acknowledged_by, from->acknowledged_by);
	COPY(alarm->parameter, from->parameter);
	COPY(alarm->eased_from, from->eased_from);
	alarm->priority = (enum view_priority)from->priority;
	alarm->state = (enum view_state)from->state;
	alarm->has_value = from->trigger_case == VITALS__V1__ALARM__TRIGGER_MILLI;
	if (alarm->has_value) {
		alarm->milli = from->milli;
		alarm->limit_milli = from->limit_milli;
		alarm->worst_milli = from->worst_milli;
	}
	alarm->has_now = from->now_case == VITALS__V1__ALARM__NOW_NOW_MILLI;
	alarm->now_milli = alarm->has_now ? from->now_milli : 0;
	alarm->violated_ns = age(from->violated_ns);
	alarm->unconfirmed = from->confirms && !from->confirmed;
	alarm->test = from->test;
	alarm->reminders = from->reminders;
	alarm->age_ns = age(from->age_ns);
	alarm->received_ns = now_ns;
}

static void set_reading(struct view *view, const Vitals__V1__Reading *from, int64_t now_ns)
{
	struct view_reading reading;
	size_t i = 0;

	reading_of(&reading, from, now_ns);
	while (i < view->reading_count && strcmp(view->readings[i].parameter, reading.parameter) != 0)
		i++;
	if (i == MESSAGE_READINGS_MAX) {
		view->gap = true; /* more parameters than there can be: this picture is not whole */
		return;
	}
	view->readings[i] = reading;
	view->reading_count += i == view->reading_count;
}

/* A lower or equal generation is old news. A cleared alarm keeps its place, so that old news of it stays old. */
static void set_alarm(struct view *view, const Vitals__V1__Alarm *from, int64_t now_ns)
{
	size_t i = 0;

	while (i < view->alarm_count && view->alarms[i].id != from->id)
		i++;
	if (i == MESSAGE_ALARMS_MAX) {
		view->out_of_step = true;
		return;
	}
	if (i < view->alarm_count && from->generation <= view->alarms[i].generation)
		return;
	alarm_of(&view->alarms[i], from, now_ns);
	view->alarm_count += i == view->alarm_count;
}

static void set_device(struct view *view, const Vitals__V1__Device *from)
{
	char name[VIEW_NAME];
	size_t i = 0;

	COPY(name, from->name);
	while (i < view->device_count && strcmp(view->devices[i].name, name) != 0)
		i++;
	if (i == MESSAGE_DEVICES_MAX) {
		view->gap = true;
		return;
	}
	struct view_device *device = &view->devices[i];
	memcpy(device->name, name, sizeof(name));
	COPY(device->fault, from->fault);
	device->state = (enum view_device_state)from->state;
	view->device_count += i == view->device_count;
}

static void set_check(struct view_check *check, const Vitals__V1__Check *from)
{
	COPY(check->name, from->name);
	COPY(check->text, from->text);
	check->has_next = from->next_case == VITALS__V1__CHECK__NEXT_DUE_IN_NS;
	check->due_in_ns = check->has_next ? duration(from->due_in_ns) : 0;
	check->done = from->done;
	check->missed = from->missed;
}

static void set_override(struct view_override *override, const Vitals__V1__Override *from)
{
	if (from == NULL)
		return;
	COPY(override->name, from->name);
	COPY(override->reason, from->reason);
}

static void set_out(struct view_out *out, const Vitals__V1__TakenOut *from)
{
	out->device = from->what_case == VITALS__V1__TAKEN_OUT__WHAT_DEVICE;
	if (out->device)
		COPY(out->name, from->device);
	else if (from->what_case == VITALS__V1__TAKEN_OUT__WHAT_PARAMETER)
		COPY(out->name, from->parameter);
	COPY(out->by, from->by);
	COPY(out->reason, from->reason);
	out->left_ns = age(from->left_ns);
}

static void set_limit(struct view_limit *limit, const Vitals__V1__Limit *from)
{
	COPY(limit->rule, from->rule);
	COPY(limit->term, from->term);
	COPY(limit->parameter, from->parameter);
	limit->comparison = (enum view_comparison)from->comparison;
	limit->reference = (enum view_reference)from->reference;
	limit->priority = (enum view_priority)from->priority;
	limit->milli = from->limit_milli;
	limit->changed = from->changed;
}

/* The counts were bounded when the message was unpacked. */
static void set_lists(struct view_details *details, const Vitals__V1__Session *from)
{
	details->item_count = from->n_item;
	for (size_t i = 0; i < from->n_item; i++) {
		COPY(details->items[i].name, from->item[i]->name);
		COPY(details->items[i].text, from->item[i]->text);
		details->items[i].before_start = from->item[i]->before_start;
		details->items[i].ticked = from->item[i]->ticked;
	}
	details->blocker_count = from->n_blocker;
	for (size_t i = 0; i < from->n_blocker; i++) {
		COPY(details->blockers[i].name, from->blocker[i]->name);
		COPY(details->blockers[i].text, from->blocker[i]->text);
	}
	details->limit_count = from->n_limit;
	for (size_t i = 0; i < from->n_limit; i++)
		set_limit(&details->limits[i], from->limit[i]);
	details->out_count = from->n_taken_out;
	for (size_t i = 0; i < from->n_taken_out; i++)
		set_out(&details->outs[i], from->taken_out[i]);
	details->usual_count = from->n_usual;
	for (size_t i = 0; i < from->n_usual; i++) {
		COPY(details->usual[i].parameter, from->usual[i]->parameter);
		details->usual[i].low_milli = from->usual[i]->low_milli;
		details->usual[i].high_milli = from->usual[i]->high_milli;
	}
	details->given_count = from->n_given;
	if (from->n_given > 0)
		details->last_given_ns = age(from->given[from->n_given - 1]->age_ns);
}

static void set_details(struct view_details *details, const Vitals__V1__Session *from)
{
	COPY(details->phase_text, from->phase_text);
	COPY(details->second_person, from->second_person);
	details->series = from->series;
	details->has_oxygen = from->oxygen != NULL;
	details->oxygen_ml_per_min = from->oxygen != NULL ? from->oxygen->ml_per_min : 0;
	details->age_years = from->age_years;
	details->ug_per_ml = from->ug_per_ml;
	details->device_ug = from->device_ug;
	set_override(&details->start_override, from->start_override);
	set_override(&details->close_override, from->close_override);
	details->has_expected = from->expected != NULL;
	if (details->has_expected) {
		details->expected_ng_per_l = from->expected->ng_per_l;
		details->low_ng_per_l = from->expected->low_ng_per_l;
		details->high_ng_per_l = from->expected->high_ng_per_l;
	}
	details->has_recheck = from->recheck != NULL;
	if (details->has_recheck) {
		COPY(details->recheck, from->recheck->parameter);
		details->recheck_in_ns = duration(from->recheck->due_in_ns);
	}
	set_lists(details, from);
}

static void set_session(struct view *view, const Vitals__V1__Session *from, int64_t now_ns)
{
	struct view_session *session = &view->session;

	memset(session, 0, sizeof(*session));
	session->received_ns = now_ns;
	session->open = from->open;
	COPY(session->id, from->id);
	COPY(session->patient_ref, from->patient_ref);
	COPY(session->plan, from->plan);
	COPY(session->plan_title, from->plan_title);
	COPY(session->phase, from->phase);
	COPY(session->audio_paused_by, from->audio_paused_by);
	session->started = from->started;
	session->paused = from->paused;
	session->ended = from->ended;
	session->since_open_ns = age(from->since_open_ns);
	session->since_start_ns = age(from->since_start_ns);
	session->since_end_ns = age(from->since_end_ns);
	session->planned_duration_ns = age(from->planned_duration_ns);
	session->paused_ns = age(from->paused_ns);
	session->audio_paused_ns = age(from->audio_paused_ns);
	session->weight_g = from->weight_g;
	session->dose_ug = from->dose_ug;
	session->baseline_complete = from->baseline_complete;
	session->baseline_sys_milli = from->baseline_sys_milli;
	session->baseline_dia_milli = from->baseline_dia_milli;
	session->check_count = from->n_check < MESSAGE_CHECKS_MAX ? from->n_check : MESSAGE_CHECKS_MAX;
	for (size_t i = 0; i < session->check_count; i++)
		set_check(&session->checks[i], from->check[i]);
	set_details(&session->details, from);
}

/* ---- trust ------------------------------------------------------------------------------------------------------- */

static void fnv(uint64_t *hash, uint32_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*hash = (*hash ^ ((word >> shift) & 0xff)) * FNV_PRIME;
}

uint64_t view_digest(const struct view *view, size_t *count)
{
	uint64_t hash = FNV_OFFSET;
	int64_t last = -1;

	*count = 0;
	for (;;) { /* selects in ascending id; the table is small and in no order */
		const struct view_alarm *next = NULL;
		for (size_t i = 0; i < view->alarm_count; i++) {
			const struct view_alarm *alarm = &view->alarms[i];
			if (view_announced(alarm) && alarm->id > last && (next == NULL || alarm->id < next->id))
				next = alarm;
		}
		if (next == NULL)
			return hash;
		fnv(&hash, next->id);
		fnv(&hash, next->generation);
		last = next->id;
		++*count;
	}
}

static void judge_alarms(struct view *view, const Vitals__V1__Heartbeat *heartbeat)
{
	size_t count;
	uint64_t digest = view_digest(view, &count);

	if (count != heartbeat->alarm_count || digest != heartbeat->alarm_digest)
		view->out_of_step = true;
}

/* The heartbeat knows the last number of each topic: this is how the loss of a last message is noticed. */
static void judge_sequences(struct view *view, const Vitals__V1__Heartbeat *heartbeat)
{
	view->gap = view->gap || heartbeat->alarm_sequence > view->sequence[VIEW_ALARM] ||
	            heartbeat->readings_sequence > view->sequence[VIEW_READINGS] ||
	            heartbeat->device_sequence > view->sequence[VIEW_DEVICE] ||
	            heartbeat->session_sequence > view->sequence[VIEW_SESSION];
}

static void set_heartbeat(struct view *view, const Vitals__V1__Heartbeat *heartbeat, int64_t now_ns)
{
	view->has_heartbeat = true;
	view->heartbeat_ns = now_ns;
	view->recorder_failed = heartbeat->recorder_failed;
	view->publisher_failed = heartbeat->publisher_failed;
	view->watch = (enum view_watch)heartbeat->watch;
}

void view_apply_snapshot(struct view *view, const Vitals__V1__Snapshot *snapshot, int64_t now_ns)
{
	view->reading_count = view->alarm_count = view->device_count = 0;
	view->gap = view->out_of_step = false;
	view->complete = view->heard = true;
	view->heard_ns = now_ns;
	set_session(view, snapshot->session, now_ns);
	for (size_t i = 0; i < snapshot->n_reading; i++)
		set_reading(view, snapshot->reading[i], now_ns);
	for (size_t i = 0; i < snapshot->n_alarm; i++)
		set_alarm(view, snapshot->alarm[i], now_ns);
	for (size_t i = 0; i < snapshot->n_device; i++)
		set_device(view, snapshot->device[i]);
	set_heartbeat(view, snapshot->heartbeat, now_ns);
	judge_alarms(view, snapshot->heartbeat);
}

/* Where every topic stands as of a snapshot. Never back: a message that has come already must not count as missed. */
static void take_sequences(struct view *view, const Vitals__V1__Heartbeat *heartbeat)
{
	const uint64_t at[VIEW_SNAPSHOT] = {heartbeat->alarm_sequence, heartbeat->readings_sequence,
	                                    heartbeat->device_sequence, heartbeat->session_sequence};

	for (int topic = 0; topic < VIEW_SNAPSHOT; topic++) {
		if (at[topic] > view->sequence[topic])
			view->sequence[topic] = at[topic];
	}
	if (heartbeat->alarm_sequence > view->alarms_shown)
		view->alarms_shown = heartbeat->alarm_sequence;
}

static void begin_epoch(struct view *view, uint64_t epoch, int64_t now_ns)
{
	uint64_t refused = view->refused;
	char bedside[VIEW_NAME];

	memcpy(bedside, view->bedside, sizeof(bedside));
	view_init(view, bedside, now_ns);
	view->has_epoch = true;
	view->epoch = epoch;
	view->refused = refused;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static const enum view_topic topic_of_body[] = {
    [VITALS__V1__MESSAGE__BODY_ALARM] = VIEW_ALARM,       [VITALS__V1__MESSAGE__BODY_READINGS] = VIEW_READINGS,
    [VITALS__V1__MESSAGE__BODY_DEVICE] = VIEW_DEVICE,     [VITALS__V1__MESSAGE__BODY_SESSION] = VIEW_SESSION,
    [VITALS__V1__MESSAGE__BODY_SNAPSHOT] = VIEW_SNAPSHOT, [VITALS__V1__MESSAGE__BODY_HEARTBEAT] = VIEW_HEARTBEAT,
};

enum view_topic view_topic_of(const Vitals__V1__Message *message)
{
	return topic_of_body[message->body_case];
}

/* The topic must be "vitals/BEDSIDE/" and the name of the body, with the bedside of the message. */
static bool topic_right(const char *topic, const Vitals__V1__Message *message)
{
	static const char prefix[] = "vitals/";
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t length = strlen(message->bedside);

	if (length == 0 || length >= VIEW_NAME || strspn(message->bedside, token) != length ||
	    strncmp(topic, prefix, sizeof(prefix) - 1) != 0)
		return false;
	topic += sizeof(prefix) - 1;
	return strncmp(topic, message->bedside, length) == 0 && topic[length] == '/' &&
	       strcmp(topic + length + 1, message_body_name(message)) == 0;
}

/* Judges epoch and sequence. False for a message that was seen before. */
static bool take_envelope(struct view *view, const Vitals__V1__Message *message, int64_t now_ns)
{
	uint64_t *sequence = &view->sequence[topic_of_body[message->body_case]];

	if (!view->has_epoch || view->epoch != message->epoch)
		begin_epoch(view, message->epoch, now_ns);
	else if (message->sequence <= *sequence)
		return false;
	/* Before the first snapshot nothing can be missed yet; a missed snapshot or heartbeat takes nothing along. */
	if (view->complete && sequence < &view->sequence[VIEW_SNAPSHOT] && message->sequence != *sequence + 1)
		view->gap = true;
	*sequence = message->sequence;
	view->demo = message->demo;
	view->heard = true;
	view->heard_ns = now_ns;
	return true;
}

/* Until the first snapshot of an epoch everything but heartbeats is ignored: a part would look like the whole. */
static void apply_body(struct view *view, const Vitals__V1__Message *message, int64_t now_ns)
{
	if (!view->complete && message->body_case != VITALS__V1__MESSAGE__BODY_SNAPSHOT &&
	    message->body_case != VITALS__V1__MESSAGE__BODY_HEARTBEAT)
		return;
	if (message->body_case == VITALS__V1__MESSAGE__BODY_ALARM) {
		set_alarm(view, message->alarm->alarm, now_ns);
		view->alarms_shown += message->sequence == view->alarms_shown + 1; /* not beyond a gap */
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_READINGS) {
		for (size_t i = 0; i < message->readings->n_reading; i++)
			set_reading(view, message->readings->reading[i], now_ns);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_DEVICE) {
		set_device(view, message->device);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_SESSION) {
		set_session(view, message->session->session, now_ns);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_SNAPSHOT) {
		take_sequences(view, message->snapshot->heartbeat);
		view_apply_snapshot(view, message->snapshot, now_ns);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_HEARTBEAT) {
		set_heartbeat(view, message->heartbeat, now_ns);
		if (view->complete) {
			judge_sequences(view, message->heartbeat);
			judge_alarms(view, message->heartbeat);
		}
	}
}

bool view_apply(struct view *view, const char *topic, const Vitals__V1__Message *message, int64_t now_ns)
{
	if (!topic_right(topic, message) || message->sequence == 0) {
		view->refused++;
		return false;
	}
	if (view->bedside[0] == '\0')
		COPY(view->bedside, message->bedside);
	if (strcmp(view->bedside, message->bedside) != 0 || !take_envelope(view, message, now_ns))
		return false;
	apply_body(view, message, now_ns);
	return true;
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

enum view_link view_link(const struct view *view, int64_t now_ns)
{
	int64_t silence = now_ns - view->heard_ns;

	if (silence >= VIEW_NO_DATA_NS)
		return VIEW_NO_DATA;
	if (view->heard && silence >= VIEW_STALE_NS)
		return VIEW_STALE;
	if (!view->complete)
		return VIEW_WAITING;
	return view->out_of_step ? VIEW_OUT_OF_STEP : view->gap ? VIEW_GAP : VIEW_OK;
}

const char *view_link_name(enum view_link link)
{
	static const char *const names[VIEW_LINKS] = {"ok", "gap", "out-of-step", "waiting", "stale", "no-data"};

	return names[link];
}

const char *view_quiet_text(const struct view *view)
{
	switch (view->watch) {
	case VIEW_WATCH_SESSION:
		return "No alarm";
	case VIEW_WATCH_CRITICAL:
		return "NO SESSION: critical limits only";
	case VIEW_WATCH_NO_SIGNAL:
		return "NO SIGNAL: no limit is judged on a live value";
	case VIEW_WATCH_NOTHING:
	case VIEW_WATCH_UNSPECIFIED:
		break;
	}
	return "NOT WATCHED";
}

const struct view_reading *view_reading(const struct view *view, const char *parameter)
{
	for (size_t i = 0; i < view->reading_count; i++) {
		if (strcmp(view->readings[i].parameter, parameter) == 0)
			return &view->readings[i];
	}
	return NULL;
}

const struct view_alarm *view_alarm(const struct view *view, uint32_t id)
{
	for (size_t i = 0; i < view->alarm_count; i++) {
		if (view->alarms[i].id == id)
			return &view->alarms[i];
	}
	return NULL;
}

const struct view_device *view_device(const struct view *view, const char *name)
{
	for (size_t i = 0; i < view->device_count; i++) {
		if (strcmp(view->devices[i].name, name) == 0)
			return &view->devices[i];
	}
	return NULL;
}

bool view_announced(const struct view_alarm *alarm)
{
	return alarm->state != VIEW_STATE_INACTIVE;
}

int view_rank(enum view_priority priority)
{
	return priority >= VIEW_PRIORITY_NONE && priority <= VIEW_PRIORITY_HIGH
	           ? (int)priority - (int)VIEW_PRIORITY_NONE
	           : 4;
}

static bool before(const struct view_alarm *a, const struct view_alarm *b, int64_t now_ns)
{
	bool a_answered = a->state == VIEW_STATE_ACKNOWLEDGED;
	bool b_answered = b->state == VIEW_STATE_ACKNOWLEDGED;
	int64_t a_age = a->age_ns + (now_ns - a->received_ns), b_age = b->age_ns + (now_ns - b->received_ns);

	if (view_rank(a->priority) != view_rank(b->priority))
		return view_rank(a->priority) > view_rank(b->priority);
	if (a_answered != b_answered)
		return b_answered;
	return a_age != b_age ? a_age < b_age : a->id < b->id;
}

size_t view_sorted_alarms(const struct view *view, uint16_t order[MESSAGE_ALARMS_MAX], int64_t now_ns)
{
	size_t count = 0;

	for (size_t i = 0; i < view->alarm_count; i++) {
		if (!view_announced(&view->alarms[i]))
			continue;
		size_t at = count++;
		for (; at > 0 && before(&view->alarms[i], &view->alarms[order[at - 1]], now_ns); at--)
			order[at] = order[at - 1];
		order[at] = (uint16_t)i;
	}
	return count;
}
