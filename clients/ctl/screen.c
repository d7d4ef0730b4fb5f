/* Layout of the terminal view; see screen.h. Values keep their place, alarms are listed under them, checks and devices
 * sit at the bottom. Colours follow the alarm indicator convention of IEC 60601-1-8 (high red, medium yellow, low cyan)
 * and never stand alone: each has its word. */
#include "clients/ctl/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/screen_parts.h"
#include "clients/ctl/session_rows.h"

/* High flashes at 2 Hz, medium at 0.5 Hz, half of the time each (IEC 60601-1-8 allows 1.4-2.8 and 0.4-0.8 Hz at 20-60
 * %); low, and what somebody has answered, is steady. */
static const char *alarm_style(const struct frame *frame, const struct view_alarm *alarm)
{
	int rank = view_rank(alarm->priority);
	bool answered = alarm->state == VIEW_STATE_ACKNOWLEDGED;
	int64_t half_ns = rank >= 3 ? INT64_C(250000000) : INT64_C(1000000000);
	bool dark = frame->screen->live && !answered && rank >= 2 && frame->now_ns / half_ns % 2 != 0;

	if (rank == 0)
		return STYLE_BOLD;
	if (rank == 1)
		return answered ? "36" : STYLE_CYAN;
	if (rank == 2)
		return dark || answered ? "1;33" : STYLE_YELLOW;
	return dark || answered ? "1;31" : STYLE_RED;
}

/* ---- top --------------------------------------------------------------------------------------------------------- */

static void session_times(struct frame *frame, struct out *out)
{
	const struct view_session *session = &frame->view->session;
	int64_t passed = since(frame, session->received_ns);

	if (!session->open) {
		bool known = frame->link != VIEW_NO_DATA && frame->link != VIEW_WAITING;
		out_text(out, known ? "no session open" : "session not known");
		return;
	}
	out_text(out, session->phase);
	if (!session->started) {
		out_text(out, "  not started, open for ");
		out_duration(out, session->since_open_ns + passed);
		return;
	}
	out_text(out, "  T0 +");
	out_duration(out, session->since_start_ns + passed);
	if (session->ended) {
		out_text(out, "  ended +");
		out_duration(out, session->since_end_ns + passed);
		return;
	}
	int64_t given = session->since_start_ns - session->paused_ns + (session->paused ? 0 : passed);
	out_text(out, "  left ");
	out_duration(out, given < session->planned_duration_ns ? session->planned_duration_ns - given : 0);
}

static void header(struct frame *frame)
{
	const struct view *view = frame->view;
	struct row *row = &frame->row;
	struct words words;
	size_t right = row->columns > 18 ? row->columns - 18 : 0;

	row_begin(row);
	row_style(row, STYLE_BOLD);
	row_text(row, " ");
	row_text(row, view->bedside[0] != '\0' ? view->bedside : "?");
	row_text(row, "  ");
	session_times(frame, words_begin(&words));
	row_text(row, words_end(&words));
	row_text(row, "  ");
	if (view->session.open && view->session.paused) {
		row_style(row, STYLE_YELLOW);
		row_text(row, " PAUSED ");
		row_style(row, "");
	}
	row_fill(row, right);
	row_style(row, STYLE_REVERSE ";1");
	row_text(row, view->demo ? " DEMO " : "");
	row_style(row, "");
	row_fill(row, right + 9);
	row_text(row, frame->screen->clock);
}

static void patient(struct frame *frame)
{
	const struct view_session *session = &frame->view->session;
	struct words words;
	struct out *out = words_begin(&words);

	row_begin(&frame->row);
	if (session->open) {
		/* A narrow window cuts the end: what alarms are judged by comes first. */
		out_format(out, " %s", session->patient_ref);
		if (session->baseline_complete) {
			out_text(out, "  baseline ");
			out_milli(out, session->baseline_sys_milli, 0);
			out_text(out, "/");
			out_milli(out, session->baseline_dia_milli, 0);
		}
		if (session->details.has_oxygen) {
			out_text(out, session->details.oxygen_ml_per_min > 0 ? "  O2 " : "  on air");
			if (session->details.oxygen_ml_per_min > 0) {
				out_milli_short(out, session->details.oxygen_ml_per_min);
				out_text(out, " L/min");
			}
		}
		if (session->weight_g > 0) {
			out_text(out, "  ");
			out_milli_short(out, session->weight_g);
			out_text(out, " kg");
		}
		if (session->dose_ug > 0) {
			out_text(out, "  ");
			out_milli_short(out, session->dose_ug);
			out_text(out, " mg");
		}
		if (session->details.ug_per_ml > 0) {
			out_text(out, "  ");
			out_milli_short(out, session->details.ug_per_ml);
			out_text(out, " mg/mL");
		}
		if (session->details.series > 0)
			out_format(out, "  no. %" PRId32 " of the series", session->details.series);
		if (session->details.age_years > 0)
			out_format(out, "  %" PRId32 " years", session->details.age_years);
		out_format(out, "  session %s", session->id);
		out_text(out, "  ");
	}
	row_text(&frame->row, words_end(&words));
	row_style(&frame->row, STYLE_DIM);
	row_text(&frame->row, session->open ? session->plan_title : "");
}

/* The sentence about the link when it is too bad to show anything else first; false if there is none. */
static bool link_banner(struct frame *frame)
{
	struct words words;
	struct out *out = words_begin(&words);
	int64_t silence = since(frame, frame->view->heard_ns);

	if (frame->link == VIEW_NO_DATA) {
		out_format(out, " NO DATA FROM %s for ",
		           frame->view->bedside[0] != '\0' ? frame->view->bedside : "MONITOR");
		out_duration(out, silence);
		out_text(out, ". LOOK AT THE PATIENT.");
	} else if (frame->link == VIEW_STALE) {
		out_format(out, " STALE: nothing heard for %" PRId64 ".%" PRId64 " s. What is below may be old.",
		           silence / 1000000000, silence / 100000000 % 10);
	} else if (frame->link == VIEW_WAITING) {
		out_text(out, " Waiting for the complete state of the monitor ...");
	} else {
		return false;
	}
	row_style(&frame->row, frame->link == VIEW_NO_DATA ? STYLE_RED : STYLE_YELLOW);
	row_text(&frame->row, words_end(&words));
	row_fill(&frame->row, frame->row.columns);
	return true;
}

static void alarm_banner(struct frame *frame)
{
	size_t unanswered = 0;
	struct words words;
	char word[16];

	for (size_t i = 0; i < frame->alarm_count; i++) {
		unanswered += frame->view->alarms[frame->order[i]].state != VIEW_STATE_ACKNOWLEDGED;
	}
	if (frame->alarm_count == 0) {
		row_text(&frame->row, " ");
		row_text(&frame->row, frame->link == VIEW_OK ? view_quiet_text(frame->view)
		                                             : "Messages were missed: alarms may be missing here");
		return;
	}
	const struct view_alarm *first = &frame->view->alarms[frame->order[0]];
	struct out *out = words_begin(&words);
	out_format(out, "  %zu alarm%s, ", frame->alarm_count, frame->alarm_count == 1 ? "" : "s");
	if (screen_high_alarms(frame) > 1)
		out_format(out, "%zu HIGH, ", screen_high_alarms(frame));
	out_format(out, "%zu not acknowledged ", unanswered);
	const char *count = words_end(&words);
	size_t right = frame->row.columns > strlen(count) ? frame->row.columns - strlen(count) : 0;
	row_style(&frame->row, alarm_style(frame, first));
	row_text(&frame->row, first->test ? " TEST " : " ");
	row_text(&frame->row, view_priority_word(word, sizeof(word), first->priority));
	row_text(&frame->row, "  ");
	if (right > frame->row.column)
		row_field(&frame->row, first->text, right - frame->row.column);
	row_text(&frame->row, count);
}

static void banner(struct frame *frame)
{
	row_begin(&frame->row);
	if (!frame->screen->live || !link_banner(frame))
		alarm_banner(frame);
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static const struct view_alarm *alarm_of_parameter(const struct frame *frame, const char *parameter)
{
	for (size_t i = 0; i < frame->alarm_count; i++) {
		const struct view_alarm *alarm = &frame->view->alarms[frame->order[i]];
		if (strcmp(alarm->parameter, parameter) == 0)
			return alarm;
	}
	return NULL;
}

static void limits(struct frame *frame, const struct view_reading *reading)
{
	struct row *row = &frame->row;
	struct words words;

	session_limits(words_begin(&words), &frame->view->session, reading->parameter,
	               row->columns > row->column ? row->columns - row->column : 0);
	row_style(row, STYLE_DIM);
	row_text(row, words_end(&words));
	row_style(row, "");
}

static void remark(struct frame *frame, const struct view_reading *reading)
{
	struct words words;
	char word[32];

	if (frame->link == VIEW_NO_DATA) {
		row_style(&frame->row, STYLE_RED);
		row_text(&frame->row, " NO DATA ");
		return;
	}
	if (frame->link == VIEW_STALE) {
		row_style(&frame->row, STYLE_YELLOW);
		row_text(&frame->row, " STALE ");
		return;
	}
	if (reading->has_value && reading->quality == VIEW_QUALITY_VALID) {
		limits(frame, reading);
		return;
	}
	row_text(&frame->row, reading->has_value ? "? " : "");
	row_text(&frame->row, out_spaced(view_word(word, sizeof(word), VIEW_WORDS_REASON, (int)reading->reason)));
	if (!reading->has_last_good)
		return;

	struct out *out = words_begin(&words);

	out_text(out, ", last ");
	out_milli(out, reading->last_good_milli, reading->decimals);
	out_text(out, ", ");
	out_duration(out, reading->last_good_age_ns + since(frame, reading->received_ns));
	out_text(out, " ago");
	row_text(&frame->row, words_end(&words));
}

static void reading_row(struct frame *frame, const struct view_reading *reading)
{
	struct row *row = &frame->row;
	struct words words;
	bool shown = reading->has_value && frame->link != VIEW_NO_DATA;
	const struct view_alarm *alarm = shown ? alarm_of_parameter(frame, reading->parameter) : NULL;

	row_begin(row);
	row_text(row, " ");
	row_field(row, reading->label[0] != '\0' ? reading->label : reading->parameter, 18);
	row_style(row, alarm != NULL ? alarm_style(frame, alarm) : STYLE_BOLD);
	struct out *out = words_begin(&words);
	if (shown)
		out_milli(out, reading->milli, reading->decimals);
	else
		out_text(out, "--");
	row_number(row, words_end(&words), 8);
	row_text(row, " ");
	row_style(row, "");
	row_text(row, " ");
	row_field(row, strcmp(reading->unit, "1") == 0 ? "" : reading->unit, 9);
	out = words_begin(&words);
	if (shown)
		out_duration(out, reading->age_ns + since(frame, reading->received_ns));
	row_number(row, words_end(&words), 8);
	row_text(row, "  ");
	if (!reading->has_last_good) /* else there is more to say than a row of 80 columns holds */
		row_field(row, reading->source[0] != '\0' ? reading->source : reading->device, 13);
	remark(frame, reading);
}

static void readings(struct frame *frame, size_t count)
{
	struct words words;

	row_begin(&frame->row);
	if (count < frame->view->reading_count &&
	    !screen_never_entered(&frame->view->readings[frame->readings[count]])) {
		out_format(words_begin(&words), " MAKE THIS WINDOW TALLER: values hidden: %zu ",
		           frame->view->reading_count - count);
		row_style(&frame->row, STYLE_YELLOW);
		row_text(&frame->row, words_end(&words));
	} else {
		row_style(&frame->row, STYLE_DIM);
		row_field(&frame->row, " Value", 29);
		row_field(&frame->row, "unit", 9);
		row_number(&frame->row, "age", 8);
		row_text(&frame->row, "  from");
	}
	for (size_t i = 0; i < count; i++)
		reading_row(frame, &frame->view->readings[frame->readings[i]]);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

/* What stands after the alarm's text: who answered, or the value that raised it. */
static void alarm_detail(struct out *out, const struct view_alarm *alarm)
{
	if (alarm->acknowledged_by[0] != '\0') {
		out_format(out, ", by %s", alarm->acknowledged_by);
	} else if (alarm->has_value) {
		out_text(out, ": ");
		out_milli_short(out, alarm->milli);
		out_text(out, " (limit ");
		out_milli_short(out, alarm->limit_milli);
		out_text(out, ")");
	}
	if (alarm->has_value && alarm->has_now && alarm->worst_milli != alarm->milli) {
		out_text(out, ", worst ");
		out_milli_short(out, alarm->worst_milli);
	}
	if (alarm->eased_from[0] != '\0')
		out_format(out, ", was %s", alarm->eased_from);
	if (alarm->unconfirmed)
		out_text(out, ", first reading, repeat running");
	if (alarm->reminders > 0)
		out_format(out, ", reminded %" PRIu32 " times", alarm->reminders);
}

static void alarm_row(struct frame *frame, const struct view_alarm *alarm)
{
	struct row *row = &frame->row;
	struct words words;
	char word[32];

	row_begin(row);
	row_text(row, " ");
	row_style(row, alarm_style(frame, alarm));
	row_field(row, view_priority_word(word, sizeof(word), alarm->priority), 8);
	row_style(row, "");
	struct out *out = words_begin(&words);
	out_duration(out, alarm->age_ns + since(frame, alarm->received_ns));
	row_number(row, words_end(&words), 8);
	row_text(row, frame->link >= VIEW_STALE && frame->screen->live ? " was " : " ");
	const char *was = out_upper(view_word(word, sizeof(word), VIEW_WORDS_STATE, (int)alarm->state));
	bool first = alarm->unconfirmed && alarm->state == VIEW_STATE_ACTIVE;
	row_field(row, first ? "UNCONFIRMED" : was, 13);                /* fits where the detail may not */
	row_field(row, alarm->condition, strlen(alarm->condition) + 1); /* what `alarm ack` takes */
	row_style(row, alarm->test ? STYLE_REVERSE : "");
	row_text(row, alarm->test ? " TEST " : "");
	row_style(row, "");
	alarm_detail(words_begin(&words), alarm);
	const char *detail = words_end(&words);
	size_t columns = out_columns(detail), space = row->columns > row->column ? row->columns - row->column : 0;
	bool answered = alarm->acknowledged_by[0] != '\0';
	if (out_columns(alarm->text) + columns <= space || (!answered && out_columns(alarm->text) <= space))
		row_text(row, alarm->text);
	else
		row_field(row, alarm->text, space > columns + 12 ? space - columns : 12);
	if (answered || row->column + columns <= row->columns) /* half a number would be a wrong one */
		row_text(row, detail);
}

static void alarms(struct frame *frame, size_t rows)
{
	size_t shown = frame->alarm_count <= rows ? frame->alarm_count : rows > 0 ? rows - 1 : 0;
	struct words words;

	for (size_t i = 0; i < shown; i++)
		alarm_row(frame, &frame->view->alarms[frame->order[i]]);
	if (shown < frame->alarm_count && rows > 0) {
		size_t high = screen_high_alarms(frame);
		struct out *out = words_begin(&words);
		out_format(out, " and %zu more, ", frame->alarm_count - shown);
		if (high > shown)
			out_format(out, "%zu of them HIGH (vitalsctl alarm list)", high - shown);
		else
			out_text(out, "not higher (vitalsctl alarm list)");
		row_begin(&frame->row);
		row_style(&frame->row, STYLE_BOLD);
		row_text(&frame->row, words_end(&words));
	}
}

/* ---- the session's own rows ------------------------------------------------------------------------------------- */

static void extras(struct frame *frame, const struct session_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		row_begin(&frame->row);
		row_style(&frame->row, rows[i].style);
		row_text(&frame->row, rows[i].text);
		row_style(&frame->row, "");
	}
}

/* ---- the frame --------------------------------------------------------------------------------------------------- */

static void frame_begin(struct frame *frame, struct out *out, const struct view *view, const struct screen *screen,
                        int64_t now_ns)
{
	frame->view = view;
	frame->screen = screen;
	frame->now_ns = now_ns;
	frame->link = screen->live ? view_link(view, now_ns) : VIEW_OK;
	frame->row = (struct row){out, screen->columns, screen->colour, true, 0};
	frame->alarm_count = view_sorted_alarms(view, frame->order, now_ns);
	screen_order_readings(frame);
}

void screen_frame(struct out *out, const struct view *view, const struct screen *screen, int64_t now_ns)
{
	struct frame frame;
	size_t check_order[MESSAGE_CHECKS_MAX];
	struct session_row rows[SESSION_ROWS_MAX];

	frame_begin(&frame, out, view, screen, now_ns);
	struct layout layout = {.checks = view->session.open ? screen_sorted_checks(&view->session, check_order) : 0,
	                        .devices = view->device_count,
	                        .values = view->reading_count,
	                        .alarms = frame.alarm_count,
	                        .extras = session_rows(&view->session, since(&frame, view->session.received_ns), rows)};
	if (screen->live) {
		screen_fit(&layout, &frame);
		out_text(out, "\033[H");
	}
	header(&frame);
	patient(&frame);
	banner(&frame);
	readings(&frame, layout.values);
	alarms(&frame, layout.alarms);
	extras(&frame, rows, layout.extras);
	for (; layout.gap > 0; layout.gap--)
		row_begin(&frame.row);
	screen_checks(&frame, check_order, layout.checks);
	screen_devices(&frame, layout.devices);
	screen_footer(&frame);
	row_end(&frame.row);
	out_text(out, screen->live ? "\033[J" : "\n");
}

void screen_alarms(struct out *out, const struct view *view, const struct screen *screen, int64_t now_ns)
{
	struct frame frame;

	frame_begin(&frame, out, view, screen, now_ns);
	if (frame.alarm_count == 0) {
		row_begin(&frame.row);
		row_text(&frame.row, view_quiet_text(view));
	}
	alarms(&frame, frame.alarm_count);
	row_end(&frame.row);
	out_text(out, "\n");
}
