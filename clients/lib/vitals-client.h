/* What a display knows of one bedside, and how much of it may be believed: the subscriber's side of the rules in
 * proto/README.md. Pure: time is passed in (nanoseconds of this computer's monotonic clock), nothing is allocated,
 * every table is bounded. Fed by watch.c (published messages) and main.c (the answer to `status`), shown by screen.c
 * and lines.c; one thread. Every string in here is clean and may go to a terminal. */
#ifndef VITALS_CLIENT_H
#define VITALS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/message.h"

#define VIEW_STALE_NS   INT64_C(1500000000) /* three heartbeats missed: what is shown may be old */
#define VIEW_NO_DATA_NS INT64_C(3000000000) /* nothing may be shown as current any more */

#define VIEW_NAME 32
#define VIEW_TEXT 128

enum view_topic { VIEW_ALARM, VIEW_READINGS, VIEW_DEVICE, VIEW_SESSION, VIEW_SNAPSHOT, VIEW_HEARTBEAT, VIEW_TOPICS };

/* How far the view may be trusted; the worst that applies. */
enum view_link {
	VIEW_OK,
	VIEW_GAP,         /* a message was missed; whole again with the next snapshot */
	VIEW_OUT_OF_STEP, /* the alarms here are not those of the monitor; whole again with the next snapshot */
	VIEW_WAITING,     /* no snapshot yet in this epoch: nothing is known */
	VIEW_STALE,
	VIEW_NO_DATA,
	VIEW_LINKS
};

/* Durations (`*_ns` below) are those of the message; add the time since `received_ns` of the same struct. */
struct view_reading {
	char parameter[VIEW_NAME], label[VIEW_NAME], unit[VIEW_NAME], device[VIEW_NAME];
	uint32_t decimals;
	Vitals__V1__Quality quality;
	Vitals__V1__Reason reason;
	bool has_value; /* if false, `milli` and `age_ns` are 0 */
	bool intermittent;
	int64_t milli;
	int64_t age_ns, received_ns;
	int64_t determined_unix_ns;
};

struct view_alarm {
	uint32_t id, generation;
	char condition[VIEW_TEXT], text[VIEW_TEXT];
	Vitals__V1__Priority priority;
	Vitals__V1__AlarmState state;
	char acknowledged_by[VIEW_NAME], parameter[VIEW_NAME];
	bool has_value;
	bool unconfirmed; /* a first reading: its repeat is running */
	bool test;        /* must be shown with the word TEST */
	uint32_t reminders;
	int64_t milli, limit_milli;
	int64_t age_ns, received_ns;
};

struct view_device {
	char name[VIEW_NAME], fault[VIEW_NAME];
	Vitals__V1__DeviceState state;
};

struct view_check {
	char name[VIEW_NAME], text[VIEW_TEXT];
	bool has_next;
	int64_t due_in_ns; /* negative: overdue */
	uint32_t done, missed;
};

struct view_item {
	char name[VIEW_NAME], text[VIEW_TEXT];
	bool before_start, ticked;
};

struct view_blocker {
	char name[VIEW_NAME], text[VIEW_TEXT];
};

struct view_limit {
	char rule[VIEW_NAME], parameter[VIEW_NAME];
	Vitals__V1__Comparison comparison;
	Vitals__V1__Reference reference;
	Vitals__V1__Priority priority;
	int64_t milli;
	bool changed;
};

struct view_out {
	char name[VIEW_NAME], by[VIEW_NAME], reason[VIEW_TEXT];
	int64_t left_ns;
};

struct view_usual { /* a prediction */
	char parameter[VIEW_NAME];
	int64_t low_milli, high_milli;
};

struct view_override {
	char name[VIEW_NAME], reason[VIEW_TEXT]; /* name "" = none */
};

/* What beside the clocks belongs to a session. */
struct view_details {
	char phase_text[VIEW_TEXT], second_person[VIEW_NAME], recheck[VIEW_NAME];
	int32_t series, age_years, ug_per_ml, device_ug;
	struct view_override start_override, close_override;
	bool has_expected, has_recheck;
	int64_t expected_ng_per_l, low_ng_per_l, high_ng_per_l; /* a prediction */
	int64_t recheck_in_ns;                                  /* negative: overdue */
	size_t item_count, blocker_count, limit_count, out_count, given_count, usual_count;
	int64_t last_given_ns; /* ago, if given_count > 0 */
	struct view_item items[MESSAGE_ITEMS_MAX];
	struct view_blocker blockers[MESSAGE_BLOCKERS_MAX];
	struct view_limit limits[MESSAGE_LIMITS_MAX];
	struct view_out outs[MESSAGE_OUT_MAX];
	struct view_usual usual[MESSAGE_USUAL_MAX];
};

struct view_session {
	bool open, started, paused, ended, baseline_complete;
	uint32_t number;
	char patient_ref[VIEW_NAME], plan[VIEW_NAME], plan_title[VIEW_TEXT], phase[VIEW_NAME],
	    audio_paused_by[VIEW_NAME];
	int64_t since_open_ns, since_start_ns, since_end_ns, planned_duration_ns, paused_ns, audio_paused_ns;
	int64_t baseline_sys_milli, baseline_dia_milli;
	int32_t weight_g, dose_ug;
	size_t check_count;
	struct view_check checks[MESSAGE_CHECKS_MAX];
	struct view_details details;
	int64_t received_ns;
};

struct view {
	char bedside[VIEW_NAME]; /* "" until the first message if any bedside will do */
	bool demo;
	bool has_epoch;
	uint64_t epoch;
	uint64_t sequence[VIEW_TOPICS]; /* last received of this epoch; 0 = none yet */
	bool complete;                  /* a snapshot of this epoch was applied */
	uint64_t alarms_shown;          /* alarm messages of this epoch up to this sequence are all in this view */
	bool gap, out_of_step;
	int64_t heard_ns;     /* last accepted message, or the start of watching */
	bool heard;           /* any message at all */
	int64_t heartbeat_ns; /* last heartbeat; meaningful if has_heartbeat */
	bool has_heartbeat, recorder_failed, publisher_failed;
	uint64_t refused; /* messages that were not understood */
	struct view_session session;
	size_t reading_count, alarm_count, device_count;
	struct view_reading readings[MESSAGE_READINGS_MAX];
	struct view_alarm alarms[MESSAGE_ALARMS_MAX]; /* some may be INACTIVE: kept for their generation */
	struct view_device devices[MESSAGE_DEVICES_MAX];
};

/* Empty. `bedside` "" = the first bedside that is heard. */
void view_init(struct view *view, const char *bedside, int64_t now_ns);

/* Takes one published message. False if it is none of ours: wrong topic, other bedside, or seen before. */
bool view_apply(struct view *view, const char *topic, const Vitals__V1__Message *message, int64_t now_ns);

/* Replaces all that was known, as a published snapshot does (the answer to `status`). */
void view_apply_snapshot(struct view *view, const Vitals__V1__Snapshot *snapshot, int64_t now_ns);

enum view_link view_link(const struct view *view, int64_t now_ns);
const char *view_link_name(enum view_link link); /* "ok", "gap", "out-of-step", "waiting", "stale", "no-data" */

/* What a message's parts mean, without applying them. */
void view_reading_of(struct view_reading *reading, const Vitals__V1__Reading *from, int64_t now_ns);
void view_alarm_of(struct view_alarm *alarm, const Vitals__V1__Alarm *from, int64_t now_ns);

/* The one known under that name or id, or NULL. */
const struct view_reading *view_reading(const struct view *view, const char *parameter);
const struct view_alarm *view_alarm(const struct view *view, uint32_t id);
const struct view_device *view_device(const struct view *view, const char *name);

/* Announced: everything that is not known to be inactive. */
bool view_announced(const struct view_alarm *alarm);

/* 0 = none .. 3 = high; 4 = a priority this program does not know, which must not sink below those it knows. */
int view_rank(Vitals__V1__Priority priority);
/* For people: HIGH, MEDIUM, LOW, NOTE. */
const char *view_priority_word(char *to, size_t size, Vitals__V1__Priority priority);

/* Indexes of the announced alarms: highest priority first, unanswered before acknowledged, then newest first. Returns
 * how many. */
size_t view_sorted_alarms(const struct view *view, uint16_t order[MESSAGE_ALARMS_MAX], int64_t now_ns);

/* 64-bit FNV-1a over id and generation, 4 bytes each, big-endian, of the announced alarms in ascending id. */
uint64_t view_digest(const struct view *view, size_t *count);

#endif
