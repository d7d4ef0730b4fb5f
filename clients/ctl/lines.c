/* Line-by-line output of `watch`; see lines.h. */
#include "clients/ctl/lines.h"

#include <inttypes.h>
#include <string.h>

struct lines {
	struct out *out;
	const struct view *before, *after;
	const char *clock;
	bool fresh; /* nothing of this epoch was known before */
};

static void begin(const struct lines *lines, const char *kind)
{
	out_format(lines->out, "%s %s%-8s", lines->clock, lines->after->demo ? "DEMO " : "", kind);
}

static void word(const struct lines *lines, enum view_words which, int number)
{
	char text[48];

	out_text(lines->out, out_spaced(view_word(text, sizeof(text), which, number)));
}

static bool same_reading(const struct view_reading *a, const struct view_reading *b)
{
	if (a->has_value != b->has_value || a->milli != b->milli || a->quality != b->quality || a->reason != b->reason)
		return false;
	if (strcmp(a->source, b->source) != 0)
		return false;
	return !a->intermittent || a->determined_unix_ns == b->determined_unix_ns;
}

static void reading(const struct lines *lines, const struct view_reading *now)
{
	struct out *out = lines->out;
	const struct view_reading *known = lines->fresh ? NULL : view_reading(lines->before, now->parameter);

	if (known != NULL && same_reading(known, now))
		return;
	begin(lines, "value");
	out_format(out, "%s ", now->label[0] != '\0' ? now->label : now->parameter);
	if (now->has_value) {
		out_milli(out, now->milli, now->decimals);
		out_format(out, "%s%s%s%s, age ", strcmp(now->unit, "1") == 0 ? "" : " ",
		           strcmp(now->unit, "1") == 0 ? "" : now->unit, now->source[0] != '\0' ? " from " : "",
		           now->source);
		out_duration(out, now->age_ns);
	} else {
		out_text(out, "--");
	}
	if (!now->has_value || now->quality != VIEW_QUALITY_VALID) {
		out_text(out, now->has_value ? "? " : " ");
		word(lines, VIEW_WORDS_REASON, (int)now->reason);
	}
	if (now->has_last_good) {
		out_text(out, ", last ");
		out_milli(out, now->last_good_milli, now->decimals);
		out_text(out, ", age ");
		out_duration(out, now->last_good_age_ns);
	}
	out_text(out, "\n");
}

/* `change` is VIEW_CHANGE_UNSPECIFIED when it comes from a snapshot: then the state says what there is to say. */
static void alarm(const struct lines *lines, const struct view_alarm *now, enum view_change change)
{
	struct out *out = lines->out;
	char priority[16];
	const struct view_alarm *known = lines->fresh ? NULL : view_alarm(lines->before, now->id);

	if (known != NULL && now->generation <= known->generation)
		return;
	begin(lines, "alarm");
	out_format(out, "%s%s ", now->test ? "TEST " : "",
	           view_priority_word(priority, sizeof(priority), now->priority));
	if (change == VIEW_CHANGE_UNSPECIFIED)
		word(lines, VIEW_WORDS_STATE, (int)now->state);
	else
		word(lines, VIEW_WORDS_CHANGE, (int)change);
	out_format(out, ": %s", now->text);
	if (now->has_value) {
		out_text(out, ": ");
		out_milli_short(out, now->milli);
		out_text(out, " (limit ");
		out_milli_short(out, now->limit_milli);
		out_text(out, ")");
	}
	if (now->has_value && now->has_now && now->worst_milli != now->milli) {
		out_text(out, ", worst ");
		out_milli_short(out, now->worst_milli);
	}
	if (now->eased_from[0] != '\0')
		out_format(out, ", was %s", now->eased_from);
	if (now->acknowledged_by[0] != '\0')
		out_format(out, ", by %s", now->acknowledged_by);
	if (now->unconfirmed && view_announced(now))
		out_text(out, ", first reading, repeat running");
	out_format(out, " (%s)\n", now->condition);
}

static void device(const struct lines *lines, const struct view_device *now)
{
	const struct view_device *known = lines->fresh ? NULL : view_device(lines->before, now->name);
	const char *fault = strcmp(now->fault, "none") == 0 ? "" : now->fault;

	if (known != NULL && known->state == now->state && strcmp(known->fault, now->fault) == 0)
		return;
	begin(lines, "device");
	out_format(lines->out, "%s ", now->name);
	word(lines, VIEW_WORDS_DEVICE, (int)now->state);
	out_format(lines->out, "%s%s\n", fault[0] == '\0' ? "" : " ", fault);
}

static void session(const struct lines *lines, const char *happened, const char *actor)
{
	const struct view_session *now = &lines->after->session;
	struct out *out = lines->out;

	begin(lines, "session");
	out_text(out, happened);
	out_format(out, "%s%s", actor[0] != '\0' ? " by " : "", actor);
	if (now->open)
		out_format(out, ": %s, %s", now->patient_ref, now->phase);
	bool asked = !now->started || now->ended; /* nobody leaves before the end */
	if (asked && now->details.blocker_count > 0)
		out_text(out, now->started ? ", before leaving:" : ", before the start:");
	for (size_t i = 0; asked && i < now->details.blocker_count; i++)
		out_format(out, " %s", now->details.blockers[i].name);
	if (now->details.out_count > 0)
		out_format(out, ", NOT ALARMING: %zu", now->details.out_count);
	out_text(out, "\n");
}

static void readings(const struct lines *lines)
{
	for (size_t i = 0; i < lines->after->reading_count; i++)
		reading(lines, &lines->after->readings[i]);
}

static void alarms(const struct lines *lines, enum view_change change)
{
	for (size_t i = 0; i < lines->after->alarm_count; i++)
		alarm(lines, &lines->after->alarms[i], change);
}

static void devices(const struct lines *lines)
{
	for (size_t i = 0; i < lines->after->device_count; i++)
		device(lines, &lines->after->devices[i]);
}

/* A clearing that was missed would else leave an alarm in the log for ever. */
static void vanished(const struct lines *lines)
{
	for (size_t i = 0; i < lines->before->alarm_count && !lines->fresh; i++) {
		const struct view_alarm *known = &lines->before->alarms[i];
		if (view_alarm(lines->after, known->id) != NULL || !view_announced(known))
			continue;
		begin(lines, "alarm");
		out_format(lines->out, "no longer announced: %s (%s)\n", known->text, known->condition);
	}
}

static void snapshot(const struct lines *lines)
{
	const struct view_session *known = &lines->before->session, *now = &lines->after->session;

	if (lines->fresh || !lines->before->complete || known->open != now->open || strcmp(known->id, now->id) != 0)
		session(lines, now->open ? "is open" : "none open", "");
	devices(lines);
	vanished(lines);
	alarms(lines, VIEW_CHANGE_UNSPECIFIED);
	readings(lines);
}

void lines_change(struct out *out, const struct view *before, const struct view *after, const struct client_news *news,
                  const char *clock)
{
	const struct lines lines = {out, before, after, clock, !before->has_epoch || before->epoch != after->epoch};

	/* As the view: nothing before the first snapshot. */
	if ((lines.fresh || !before->complete) && news->topic != VIEW_SNAPSHOT)
		return;
	switch (news->topic) {
	case VIEW_ALARM:
		alarms(&lines, news->change);
		break;
	case VIEW_READINGS:
		readings(&lines);
		break;
	case VIEW_DEVICE:
		devices(&lines);
		break;
	case VIEW_SESSION:
		session(&lines, news->happened, news->actor);
		break;
	case VIEW_SNAPSHOT:
		snapshot(&lines);
		break;
	case VIEW_HEARTBEAT:
	case VIEW_TOPICS:
		break;
	}
}

void lines_link(struct out *out, const struct view *view, enum view_link link, const char *clock)
{
	out_format(out, "%s %s%-8s%s\n", clock, view->demo ? "DEMO " : "", "link", view_link_name(link));
}
