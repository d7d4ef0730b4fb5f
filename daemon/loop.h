/* The engine thread's loop and what it owns. Private to daemon/{main,loop,perform}.c. */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/dump.h"
#include "daemon/gather.h"
#include "daemon/publish/receipts.h"
#include "daemon/config/reload.h"
#include "vitals/config.h"
#include "vitals/desk.h"
#include "vitals/engine.h"
#include "vitals/link.h"
#include "vitals/mailbox.h"
#include "vitals/publish.h"
#include "vitals/record.h"

#define BEAT_NS        (500 * NS_PER_MS) /* heartbeat, housekeeping, watchdog */
#define SNAPSHOT_BEATS 10                /* a snapshot every 5 s */
#define SNAPSHOTS_LEFT 4                 /* at once for who subscribes; one more in each second */

struct loop {
	const struct config *config;
	struct mailbox *mailbox;
	struct recorder *recorder;
	struct publisher *publisher;
	struct desk *desk;
	struct local_socket *local_socket;
	struct links *links;
	int signal_fd;

	struct engine engine;
	struct actions actions;
	struct box *box;       /* what the next run needs; never NULL once restore_box was there */
	uint64_t event_number; /* of the last event that stepped the engine */
	uint64_t opened_event; /* of the one that opened a session in this run; 0 = none did */
	bool restoring;        /* what is stepped happened before: it is recorded, and nobody else is told */
	struct engine before;  /* a session is being opened: the engine before that */
	struct stream_id stream;
	struct message message;           /* scratch of the encoder */
	char refusal[REFUSAL_TEXT_BYTES]; /* why the command at hand is refused; "" if its result says it all */

	struct gather readings; /* not sent yet */
	bool desk_is_old;       /* the state that `status` gets is behind */
	struct mono next_beat;
	uint32_t beats;
	int64_t clock_offset_ns; /* wall minus monotonic at the last beat */
	bool publisher_ok;
	uint32_t send_failures;            /* since the last beat */
	uint64_t malformed_packets;        /* of publisher children, as last reported */
	bool snapshot_wanted;              /* somebody subscribed and waits for one */
	uint8_t snapshots_left;            /* that may be sent for it: they cost everybody else's link */
	struct mono publisher_troubled_at; /* when it failed, or the last of its successors was started */
	bool recorder_slow;
	bool links_slow;
	bool engine_late;
	struct mono engine_late_at; /* the last time */
	bool engine_unsound;        /* its state was found to contradict itself; for the rest of the run */
	struct dump dump;
	struct receipts receipts;
	struct reload reload;
	bool session_lost;       /* a session was open and could not be taken up, or that is not sure */
	bool config_refused;     /* the files say something else than what runs */
	uint64_t dropped_events; /* of the mailbox, as last reported */
};

/* Runs until SIGTERM or SIGINT. Returns the signal. The engine and everything in `loop` above it must be set up. */
int loop_run(struct loop *loop);

/* ---- daemon/perform.c: carrying out what the engine asks for -------------------------------------------------------
 */

/* Steps the engine with an event of the last run, number `number`, or with one that only time brings: recorded, told to
 * nobody. */
void perform_again(struct loop *loop, uint64_t number, const struct event *event, struct mono now);

/* Steps the engine with one event and carries out the actions, readings excepted. */
void perform_event(struct loop *loop, const struct event *event, struct mono now);

/* End of a turn: sends the readings gathered if it is time (after the alarms of the turn), refreshes the desk's
 * copy. */
void perform_turn_end(struct loop *loop, struct mono now);

void perform_snapshot(struct loop *loop, struct mono now);
void perform_heartbeat(struct loop *loop, struct mono now);
/* A display connected, or a stranger was refused. */
void perform_peer(struct loop *loop, const struct publish_peer *peer, bool refused);
/* Who was at the desk or connected goes on the record. */
void perform_visits(struct loop *loop);

void perform_notice(struct loop *loop, enum severity severity, const char *what, const char *detail);

/* A new epoch: with the start and with each new publisher child. */
void perform_new_epoch(struct loop *loop, struct mono now);

#endif
