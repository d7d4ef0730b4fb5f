/* Line-by-line output of `watch`; see lines.h. */
#include "clients/ctl/lines.h"

#include <inttypes.h>
#include <string.h>

struct lines {
	struct out *out;
	const struct view *view;
	const char *clock;
	bool demo, fresh; /* fresh: the view knows nothing of this message's epoch */
};

static void begin(const struct lines *lines, const char *kind)
{
	out_format(lines->out, "%s %s%-8s", lines->clock, lines->demo ? "DEMO " : "", kind);
}

static void word(const struct lines *lines, const ProtobufCEnumDescriptor *descriptor, int value)
{
	char text[48];

	out_word(text, sizeof(text), descriptor, value);
	out_text(lines->out, out_spaced(text));
}

static bool same_reading(const struct view_reading *a, const struct view_reading *b)
{
	if (a->has_value != b->has_value || a->milli != b->milli || a->quality != b->quality || a->reason != b->reason)
		return false;
	return !a->intermittent || a->determined_unix_ns == b->determined_unix_ns;
}

static void reading(const struct lines *lines, const Vitals__V1__Reading *from)
{
	struct view_reading now;
	struct out *out = lines->out;

	view_reading_of(&now, from, 0);
	const struct view_reading *known = lines->fresh ? NULL : view_reading(lines->view, now.parameter);
	if (known != NULL && same_reading(known, &now))
		return;
	begin(lines, "value");
	out_format(out, "%s ", now.label[0] != '\0' ? now.label : now.parameter);
	if (now.has_value) {
		out_milli(out, now.milli, now.decimals);
		out_format(out, "%s%s, age ", strcmp(now.unit, "1") == 0 ? "" : " ",
		           strcmp(now.unit, "1") == 0 ? "" : now.unit);
		out_duration(out, now.age_ns);
	} else {
		out_text(out, "--");
	}
	if (!now.has_value || now.quality != VITALS__V1__QUALITY__QUALITY_VALID) {
		out_text(out, now.has_value ? "? " : " ");
		word(lines, &vitals__v1__reason__descriptor, (int)now.reason);
	}
	out_text(out, "\n");
}

/* `change` is CHANGE_UNSPECIFIED when it comes from a snapshot: then the state says what there is to say. */
static void alarm(const struct lines *lines, const Vitals__V1__Alarm *from, Vitals__V1__Change change)
{
	struct view_alarm now;
	struct out *out = lines->out;
	char priority[16];

	view_alarm_of(&now, from, 0);
	const struct view_alarm *known = lines->fresh ? NULL : view_alarm(lines->view, now.id);
	if (known != NULL && now.generation <= known->generation)
		return;
	begin(lines, "alarm");
	out_format(out, "%s%s ", now.test ? "TEST " : "", view_priority_word(priority, sizeof(priority), now.priority));
	if (change == VITALS__V1__CHANGE__CHANGE_UNSPECIFIED)
		word(lines, &vitals__v1__alarm_state__descriptor, (int)now.state);
	else
		word(lines, &vitals__v1__change__descriptor, (int)change);
	out_format(out, ": %s", now.text);
	if (now.has_value) {
		out_text(out, ": ");
		out_milli_short(out, now.milli);
		out_text(out, " (limit ");
		out_milli_short(out, now.limit_milli);
		out_text(out, ")");
	}
	if (now.acknowledged_by[0] != '\0')
		out_format(out, ", by %s", now.acknowledged_by);
	if (now.unconfirmed && view_announced(&now))
		out_text(out, ", first reading, repeat running");
	out_format(out, " #%" PRIu32 "\n", now.id);
}

static void device(const struct lines *lines, const Vitals__V1__Device *from)
{
	char name[VIEW_NAME], fault[VIEW_NAME];

	out_copy(name, sizeof(name), from->name);
	out_copy(fault, sizeof(fault), from->fault);
	const struct view_device *known = lines->fresh ? NULL : view_device(lines->view, name);
	if (known != NULL && known->state == from->state && strcmp(known->fault, fault) == 0)
		return;
	begin(lines, "device");
	out_format(lines->out, "%s ", name);
	word(lines, &vitals__v1__device_state__descriptor, (int)from->state);
	out_text(lines->out, strcmp(fault, "none") == 0 ? "" : " ");
	out_format(lines->out, "%s\n", strcmp(fault, "none") == 0 ? "" : fault);
}

static void session(const struct lines *lines, const Vitals__V1__Session *from, const char *change, const char *actor)
{
	begin(lines, "session");
	out_clean(lines->out, change);
	out_text(lines->out, actor[0] != '\0' ? " by " : "");
	out_clean(lines->out, actor);
	if (from->open) {
		out_text(lines->out, ": ");
		out_clean(lines->out, from->patient_ref);
		out_text(lines->out, ", ");
		out_clean(lines->out, from->phase);
	}
	bool asked = !from->started || from->ended; /* nobody leaves before the end */
	if (asked && from->n_blocker > 0)
		out_text(lines->out, from->started ? ", before leaving:" : ", before the start:");
	for (size_t i = 0; asked && i < from->n_blocker; i++) {
		out_text(lines->out, " ");
		out_clean(lines->out, from->blocker[i]->name);
	}
	if (from->n_taken_out > 0)
		out_format(lines->out, ", NOT ALARMING: %zu", from->n_taken_out);
	out_text(lines->out, "\n");
}

/* A clearing that was missed would else leave an alarm in the log for ever. */
static void vanished(const struct lines *lines, const Vitals__V1__Snapshot *snapshot)
{
	for (size_t i = 0; i < lines->view->alarm_count && !lines->fresh; i++) {
		const struct view_alarm *known = &lines->view->alarms[i];
		size_t at = 0;
		while (at < snapshot->n_alarm && snapshot->alarm[at]->id != known->id)
			at++;
		if (at < snapshot->n_alarm || !view_announced(known))
			continue;
		begin(lines, "alarm");
		out_format(lines->out, "no longer announced: %s #%" PRIu32 "\n", known->text, known->id);
	}
}

static void snapshot(const struct lines *lines, const Vitals__V1__Snapshot *from)
{
	const struct view_session *known = &lines->view->session;

	if (lines->fresh || !lines->view->complete || known->open != from->session->open ||
	    known->number != from->session->number)
		session(lines, from->session, from->session->open ? "is open" : "none open", "");
	for (size_t i = 0; i < from->n_device; i++)
		device(lines, from->device[i]);
	vanished(lines, from);
	for (size_t i = 0; i < from->n_alarm; i++)
		alarm(lines, from->alarm[i], VITALS__V1__CHANGE__CHANGE_UNSPECIFIED);
	for (size_t i = 0; i < from->n_reading; i++)
		reading(lines, from->reading[i]);
}

void lines_message(struct out *out, const struct view *view, const Vitals__V1__Message *message, const char *clock)
{
	const struct lines lines = {out, view, clock, message->demo, !view->has_epoch || view->epoch != message->epoch};

	if (lines.fresh || !view->complete) { /* as the view: nothing before the first snapshot */
		if (message->body_case == VITALS__V1__MESSAGE__BODY_SNAPSHOT)
			snapshot(&lines, message->snapshot);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_ALARM) {
		alarm(&lines, message->alarm->alarm, message->alarm->change);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_READINGS) {
		for (size_t i = 0; i < message->readings->n_reading; i++)
			reading(&lines, message->readings->reading[i]);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_DEVICE) {
		device(&lines, message->device);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_SESSION) {
		session(&lines, message->session->session, message->session->change, message->session->actor);
	} else if (message->body_case == VITALS__V1__MESSAGE__BODY_SNAPSHOT) {
		snapshot(&lines, message->snapshot);
	}
}

void lines_link(struct out *out, const struct view *view, enum view_link link, const char *clock)
{
	out_format(out, "%s %s%-8s%s\n", clock, view->demo ? "DEMO " : "", "link", view_link_name(link));
}
