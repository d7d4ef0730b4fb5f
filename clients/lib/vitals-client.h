/* The client library of vitalsd: all that a display, a nurse station or a command line needs to know a bedside, and to
 * ask it. It speaks proto/vitals.proto and nothing else: with the published messages (ZeroMQ, CURVE) and with the
 * control socket of a monitor on this computer.
 *
 * One handle (struct client) stands for one bedside; there is nothing shared and no state outside, so a program may
 * have as many as it likes. A handle belongs to one thread at a time. The rules that a display must keep are in
 * proto/README.md; the view keeps them. Sections: text, the view, the handle, JSON, keys. */
#ifndef VITALS_CLIENT_H
#define VITALS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Text on its way out: a bounded buffer, and the one place where strings from the wire are made harmless. Every string
 * in this header that came from the monitor has passed through out_copy and may go to a terminal. Pure. */
struct out {
	char *bytes; /* not NUL-terminated; the caller's */
	size_t size, used;
	bool overflow; /* something did not fit; what is there is a prefix */
};

void out_bytes(struct out *out, const char *bytes, size_t count);
void out_text(struct out *out, const char *text);
void out_format(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text from outside for a terminal: what could move the cursor, colour, reorder or hide text becomes '?'. */
void out_clean(struct out *out, const char *text);

/* Copy of a text from outside, made harmless in the same way and cut at a whole character. */
void out_copy(char *to, size_t size, const char *text);

/* How many characters (terminal columns) a clean text takes. */
size_t out_columns(const char *text);

/* Thousandths as a decimal number, rounded to `decimals` (0 .. 3) for display. */
void out_milli(struct out *out, int64_t milli, uint32_t decimals);

/* Exact, without zeros at the end: "90", "1.25". */
void out_milli_short(struct out *out, int64_t milli);

/* "0:07", "12:30", "1:02:30"; negative counts as its magnitude. */
void out_duration(struct out *out, int64_t ns);

/* Changes a word in place, and returns it: '_' to ' '; small letters to capitals. */
const char *out_spaced(char *word);
const char *out_upper(char *word);

/* Numbers typed by people, read exactly: no floating point, no rounding. */

/* "72.5" -> 72500. At most three digits after the point may be other than 0. False if it is no plain decimal number, is
 * finer than a thousandth or does not fit. */
bool decimal_milli(const char *text, int64_t *milli);

/* A whole number without sign. */
bool decimal_count(const char *text, uint32_t *count);

/* ---- the view ---------------------------------------------------------------------------------------------------- */

/* What a display knows of one bedside, and how much of it may be believed: the subscriber's side of the rules in
 * proto/README.md. Times are nanoseconds of this computer's CLOCK_MONOTONIC and are passed in; every table is bounded
 * by what one message may hold: */
#define MESSAGE_ALARMS_MAX   256
#define MESSAGE_READINGS_MAX 32
#define MESSAGE_DEVICES_MAX  32
#define MESSAGE_CHECKS_MAX   8
#define MESSAGE_ITEMS_MAX    16
#define MESSAGE_BLOCKERS_MAX 80
#define MESSAGE_LIMITS_MAX   256
#define MESSAGE_OUT_MAX      64
#define MESSAGE_GIVEN_MAX    16
#define MESSAGE_USUAL_MAX    8

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

/* The enumerations of proto/vitals.proto with its numbers, where each is explained. A newer monitor may send a number
 * that is not listed here. */
enum view_quality {
	VIEW_QUALITY_UNSPECIFIED,
	VIEW_QUALITY_NO_VALUE,
	VIEW_QUALITY_VALID,
	VIEW_QUALITY_QUESTIONABLE,
};

enum view_reason {
	VIEW_REASON_UNSPECIFIED,
	VIEW_REASON_NEVER_RECEIVED,
	VIEW_REASON_STALE,
	VIEW_REASON_DEVICE_LOST,
	VIEW_REASON_SENSOR_OFF,
	VIEW_REASON_SENSOR_FAULT,
	VIEW_REASON_SEARCHING,
	VIEW_REASON_LOW_SIGNAL,
	VIEW_REASON_INTERFERENCE,
	VIEW_REASON_IMPLAUSIBLE,
	VIEW_REASON_FAILED,
	VIEW_REASON_NOT_MEASURED,
	VIEW_REASON_WRONG_DEVICE,
	VIEW_REASON_NO_PULSE = 14,
	VIEW_REASON_ASYSTOLE,
	VIEW_REASON_APNEA,
	VIEW_REASON_PRINTING_MEMORY = 20,
	VIEW_REASON_UNKNOWN_STATUS,
	VIEW_REASON_FROZEN,
	VIEW_REASON_WRONG_SETUP,
	VIEW_REASON_BATTERY_LOW,
};

enum view_priority {
	VIEW_PRIORITY_UNSPECIFIED,
	VIEW_PRIORITY_NONE,
	VIEW_PRIORITY_LOW,
	VIEW_PRIORITY_MEDIUM,
	VIEW_PRIORITY_HIGH,
};

enum view_watch {
	VIEW_WATCH_UNSPECIFIED,
	VIEW_WATCH_NOTHING,
	VIEW_WATCH_NO_SIGNAL,
	VIEW_WATCH_CRITICAL,
	VIEW_WATCH_SESSION,
};

enum view_state {
	VIEW_STATE_UNSPECIFIED,
	VIEW_STATE_INACTIVE,
	VIEW_STATE_ACTIVE,
	VIEW_STATE_ACKNOWLEDGED,
	VIEW_STATE_LATCHED,
};

enum view_change {
	VIEW_CHANGE_UNSPECIFIED,
	VIEW_CHANGE_RAISED,
	VIEW_CHANGE_PRIORITY,
	VIEW_CHANGE_ACKNOWLEDGED,
	VIEW_CHANGE_LATCHED,
	VIEW_CHANGE_CLEARED,
	VIEW_CHANGE_SESSION_ENDED,
	VIEW_CHANGE_REMINDED,
	VIEW_CHANGE_SUPERSEDED,
	VIEW_CHANGE_REASON,
	VIEW_CHANGE_WORSE = 12,
	VIEW_CHANGE_EASED,
};

enum view_device_state {
	VIEW_DEVICE_UNSPECIFIED,
	VIEW_DEVICE_DOWN,
	VIEW_DEVICE_RESYNC,
	VIEW_DEVICE_UP,
	VIEW_DEVICE_REFUSED,
};

enum view_comparison {
	VIEW_COMPARISON_UNSPECIFIED,
	VIEW_COMPARISON_ABOVE,
	VIEW_COMPARISON_AT_LEAST,
	VIEW_COMPARISON_BELOW,
	VIEW_COMPARISON_AT_MOST,
};

enum view_reference {
	VIEW_REFERENCE_UNSPECIFIED,
	VIEW_REFERENCE_ABSOLUTE,
	VIEW_REFERENCE_BASELINE,
	VIEW_REFERENCE_DIFFERENCE,
};

/* Durations (`*_ns` below) are those of the message; add the time since `received_ns` of the same struct. */
struct view_reading {
	char parameter[VIEW_NAME], label[VIEW_NAME], unit[VIEW_NAME], device[VIEW_NAME];
	char source[VIEW_NAME]; /* of a derived value: the parameter it is taken from now; "" otherwise */
	uint32_t decimals;
	enum view_quality quality;
	enum view_reason reason;
	bool has_value; /* if false, `milli` and `age_ns` are 0 */
	bool intermittent;
	int64_t milli;
	int64_t age_ns, received_ns;
	int64_t determined_unix_ns;
	bool has_last_good; /* the latest determination failed; the one before it that did not, never the value of now:
	                     */
	int64_t last_good_milli, last_good_age_ns, last_good_unix_ns;
};

struct view_alarm {
	uint32_t id, generation;
	char condition[VIEW_TEXT], text[VIEW_TEXT];
	enum view_priority priority;
	enum view_state state;
	char acknowledged_by[VIEW_NAME], parameter[VIEW_NAME];
	char eased_from[VIEW_NAME]; /* the graver condition that got better into this one; "" if none */
	bool has_value;
	bool has_now;     /* `now_milli`: the value now of what raised it */
	bool unconfirmed; /* a first reading: its repeat is running */
	bool test;        /* must be shown with the word TEST */
	uint32_t reminders;
	int64_t milli, limit_milli, now_milli;
	int64_t worst_milli; /* since it was raised; meaningful if has_value */
	int64_t violated_ns; /* since the limit was first broken; 0 = it is not now */
	int64_t age_ns, received_ns;
};

struct view_device {
	char name[VIEW_NAME], fault[VIEW_NAME];
	enum view_device_state state;
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
	char rule[VIEW_NAME], term[VIEW_NAME], parameter[VIEW_NAME];
	enum view_comparison comparison;
	enum view_reference reference;
	enum view_priority priority;
	int64_t milli;
	bool changed;
};

struct view_out {
	char name[VIEW_NAME], by[VIEW_NAME], reason[VIEW_TEXT];
	bool device; /* else a parameter */
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
	bool has_expected, has_recheck, has_oxygen;
	int32_t oxygen_ml_per_min;                              /* 0 = air */
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
	char id[VIEW_NAME]; /* never that of another session; "" = none was opened yet */
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
	enum view_watch watch; /* as of the last heartbeat */
	uint64_t refused;      /* messages that were not understood */
	struct view_session session;
	size_t reading_count, alarm_count, device_count;
	struct view_reading readings[MESSAGE_READINGS_MAX];
	struct view_alarm alarms[MESSAGE_ALARMS_MAX]; /* some may be INACTIVE: kept for their generation */
	struct view_device devices[MESSAGE_DEVICES_MAX];
};

/* Empty. `bedside` "" = the first bedside that is heard. */
void view_init(struct view *view, const char *bedside, int64_t now_ns);

enum view_link view_link(const struct view *view, int64_t now_ns);
const char *view_link_name(enum view_link link); /* "ok", "gap", "out-of-step", "waiting", "stale", "no-data" */

/* What to say where no alarm stands: "No alarm" only while the limits of a session are judged on live values. */
const char *view_quiet_text(const struct view *view);

/* The one known under that name or id, or NULL. */
const struct view_reading *view_reading(const struct view *view, const char *parameter);
const struct view_alarm *view_alarm(const struct view *view, uint32_t id);
const struct view_device *view_device(const struct view *view, const char *name);

/* Announced: everything that is not known to be inactive. */
bool view_announced(const struct view_alarm *alarm);

/* 0 = none .. 3 = high; 4 = a priority this program does not know, which must not sink below those it knows. */
int view_rank(enum view_priority priority);

/* The name of a number in lower case: "high", "sensor_off"; "unspecified" for 0, "unknown" if it is not listed. Returns
 * `to`. */
enum view_words {
	VIEW_WORDS_QUALITY,
	VIEW_WORDS_REASON,
	VIEW_WORDS_PRIORITY,
	VIEW_WORDS_STATE,
	VIEW_WORDS_CHANGE,
	VIEW_WORDS_DEVICE,
};
char *view_word(char *to, size_t size, enum view_words which, int number);

/* For people: HIGH, MEDIUM, LOW, NOTE. */
const char *view_priority_word(char *to, size_t size, enum view_priority priority);

/* Indexes of the announced alarms: highest priority first, unanswered before acknowledged, then newest first. Returns
 * how many. */
size_t view_sorted_alarms(const struct view *view, uint16_t order[MESSAGE_ALARMS_MAX], int64_t now_ns);

/* 64-bit FNV-1a over id and generation, 4 bytes each, big-endian, of the announced alarms in ascending id. */
uint64_t view_digest(const struct view *view, size_t *count);

/* ---- the handle -------------------------------------------------------------------------------------------------- */

/* Why something was not done. */
enum client_code {
	CLIENT_OK,
	CLIENT_WRONG,       /* what was asked for cannot be: an option or an argument */
	CLIENT_FILE,        /* a key file is missing, open to others or not a key */
	CLIENT_UNREACHABLE, /* no monitor, no right to ask it, or no answer in time */
	CLIENT_UNCLEAR,     /* an answer that is none */
	CLIENT_SYSTEM,      /* memory, descriptors */
};

#define CLIENT_PROBLEM_BYTES 512

struct client_problem {
	enum client_code code;
	char text[CLIENT_PROBLEM_BYTES]; /* one sentence in plain words */
	const char *hint;                /* what to look at, or ""; constant */
	bool in_doubt;                   /* of an order: it was sent, and may have been carried out or not */
};

/* Every string is copied. */
struct client_options {
	const char *bedside;  /* NULL or "": the first one heard */
	const char *endpoint; /* where it publishes, as libzmq writes it; NULL: nothing is subscribed */
	const char *socket;   /* path of its control socket; NULL: nothing is asked or confirmed */
	/* For a protected endpoint: the monitor's public key, and the file with the secret key of this display. */
	const char *server_key, *key_file;
	const char *display; /* send receipts under this name; NULL: none */
};

struct client;

/* A handle that waits for its bedside (it connects by itself and again after every loss), or NULL with *problem. The
 * handle is the caller's until client_close. */
struct client *client_open(const struct client_options *options, int64_t now_ns, struct client_problem *problem);
void client_close(struct client *client); /* NULL is nothing */

/* What is known now; valid as long as the handle, changed by client_next alone. */
const struct view *client_view(const struct client *client);

#define CLIENT_WAIT_MOST 256

/* Sleeps until there is a message for one of `count` handles (those beyond CLIENT_WAIT_MOST are
 * not waited for), or `fd` can be read (-1: none), or for `timeout_ms`, or until a signal. True if `fd` can be read. */
bool client_wait(struct client *const *clients, size_t count, int fd, int timeout_ms);

enum client_next {
	CLIENT_NOTHING, /* no message is waiting */
	CLIENT_IGNORED, /* one that is none of ours: wrong topic, other bedside, seen before, not understood */
	CLIENT_APPLIED, /* the view has it; *news says what it was */
};

/* Besides what is in the view: which part of it came, and for an alarm or the session what happened. */
struct client_news {
	enum view_topic topic;
	enum view_change change;                    /* of an alarm */
	char happened[VIEW_NAME], actor[VIEW_NAME]; /* to the session, and by whom */
};

/* Takes the next message. Never waits. */
enum client_next client_next(struct client *client, int64_t now_ns, struct client_news *news);

/* Call at least four times a second, after what came was shown: connects anew when nothing is heard, and tells the
 * monitor once a second up to which alarm everything is shown, if a display was named. Never waits. */
void client_turn(struct client *client, int64_t now_ns);

/* Why the last receipt was not taken; "" if it was. */
const char *client_unconfirmed(const struct client *client);

/* ---- questions and orders ---------------------------------------------------------------------------------------- */

#define CLIENT_REACH_MS   3000  /* to be let in, and for a question that changes nothing */
#define CLIENT_COMMAND_MS 10000 /* the monitor answers when the command is durable, and after 5 s in any case */

enum client_command {
	CLIENT_SESSION_OPEN,
	CLIENT_SESSION_START,
	CLIENT_SESSION_PAUSE,
	CLIENT_SESSION_RESUME,
	CLIENT_SESSION_STOP,
	CLIENT_SESSION_CLOSE,
	CLIENT_DEVICE_GIVEN,
	CLIENT_ITEM,
	CLIENT_LIMIT,
	CLIENT_TAKE_OUT,
	CLIENT_ACKNOWLEDGE,
	CLIENT_AUDIO_PAUSE,
	CLIENT_OBSERVE,
	CLIENT_CUFF_START,
	CLIENT_CUFF_STOP,
	CLIENT_TEST_ALARM,
	CLIENT_OXYGEN,
	CLIENT_CALL_HELP,
};

#define CLIENT_SHOWN_MOST 24

/* Whoever goes on against a blocker has a name and says why. */
struct client_override {
	const char *name, *reason; /* both NULL: none */
};

/* What is ordered. Units, ranges and meaning are those of the message of that name in proto/vitals.proto; a string that
 * is NULL counts as "", a number that is not given is 0. Only the member of the command is read; the others have none.
 */
struct client_order {
	enum client_command command;
	union {
		struct {
			const char *patient_ref, *second_person;
			int32_t weight_g, dose_ug, duration_s, ug_per_ml, series, age_years;
		} open;
		struct client_override proceed; /* session start and close, device given */
		struct {
			const char *name;
			bool ticked;
		} item;
		struct {
			const char *rule, *second_person, *reason;
			const char *term; /* as in the view's limits; NULL or "" if the rule has only one */
			int64_t limit_milli;
		} limit;
		struct {
			const char *name, *reason;
			bool device;        /* else a parameter */
			int32_t duration_s; /* 0: back in */
			struct client_override override;
		} take_out;
		struct {
			size_t
			    shown_count; /* up to CLIENT_SHOWN_MOST, the alarms as they were shown; 0: `all` or `id` */
			struct client_shown {
				uint32_t id, generation;
			} shown[CLIENT_SHOWN_MOST];
			int64_t settled_ns; /* with `shown`: not those that changed less than this ago */
			bool all;           /* seen or not: a display names what it showed instead */
			uint32_t id;
		} acknowledge;
		struct {
			const char *parameter, *note; /* NULL: a note alone, a score alone */
			int64_t milli;
		} observe;
		int32_t oxygen_ml_per_min; /* 0 = air */
	};
};

struct client_answer {
	bool ok;
	char result[VIEW_NAME];   /* "ok" or the token of the reason, proto/README.md */
	char text[2 * VIEW_TEXT]; /* a sentence for staff; may be "" */
	bool demo;
};

/* Gives an order and waits for the answer, CLIENT_COMMAND_MS at most. False with *problem if there is none. */
bool client_order(struct client *client, const struct client_order *order, struct client_answer *answer,
                  struct client_problem *problem);

/* Asks for the state as of now, CLIENT_REACH_MS at most, and fills `view` with it if the answer is "ok" (the handle's
 * own view is left alone). False with *problem if there is no answer. */
bool client_state(struct client *client, struct view *view, struct client_answer *answer,
                  struct client_problem *problem);

/* How often a condition alarmed in the open session, or else in the last one. */
struct view_load {
	char condition[VIEW_TEXT];
	enum view_priority priority;
	uint32_t raised, nuisance, acknowledged;
	int64_t acknowledge_ns_total;
};

/* The rows of the last client_state: true as long as there is a row `index`. */
bool client_load(const struct client *client, size_t index, struct view_load *load);

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Room for any line below. */
#define JSON_BYTES (2 * 1024 * 1024)

/* The last message that client_next took, or the last answer of the monitor, as one line; fields are named as in
 * proto/vitals.proto, differences are in vitalsctl(1). Nothing if there was none. */
void client_json(const struct client *client, struct out *out);
void client_json_answer(const struct client *client, struct out *out);

/* {"type":"link","state":"no-data"} and a line feed: what this side judges by itself. */
void json_link(struct out *out, const char *state);

/* ---- keys -------------------------------------------------------------------------------------------------------- */

#define KEY_BYTES 41 /* Z85 text of 32 bytes, with the NUL */

/* Makes a CURVE key pair: the secret key in a new file that only its owner can read, the public key in `public`. A file
 * that exists is never overwritten. */
bool keys_generate(const char *path, char public[KEY_BYTES], struct client_problem *problem);

#endif
