/* The engine thread: waits for the mailbox, signals, the publisher child and the engine's own deadline, and steps the
 * engine. Once every half second it beats: heartbeat, snapshot now and then, the health of the other threads, the wall
 * clock, the service manager's watchdog. It makes no call that can block. */
#include "daemon/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/debug.h"
#include "daemon/notify.h"
#include "daemon/record/box.h"
#include "daemon/shell.h"

#define CHECKPOINT_BEATS 4
#define TREND_BEATS      2
#define EVENTS_PER_TURN  128            /* then time is read again: a flood of events cannot hold up deadlines */
#define RECORDER_SLOW_NS (2 * NS_PER_S) /* a technical alarm */
#define WATCHDOG_PATIENCE_NS                                                                                           \
	(30 * NS_PER_S) /* a recorder or publisher that is stuck for so long: let systemd restart us */
#define CLOCK_STEP_NS  (2 * NS_PER_S)
#define ENGINE_LATE_NS (250 * NS_PER_MS) /* past a deadline of its own: a technical alarm */
#define DEBUG_LATE_NS  (5 * NS_PER_MS)
#define ENGINE_FINE_NS (10 * NS_PER_S) /* without being late again: it ends */

static void service_event(struct loop *loop, enum service service, bool ok, struct mono now)
{
	struct event event = {.kind = EVENT_SERVICE, .wall_ns = shell_wall_ns()};
	event.u.service.service = service;
	event.u.service.ok = ok;
	perform_event(loop, &event, now);
}

static void check_clock(struct loop *loop, struct mono now)
{
	int64_t offset = shell_wall_ns() - now.ns;
	int64_t step = offset - loop->clock_offset_ns;
	loop->clock_offset_ns = offset;
	if (step > -CLOCK_STEP_NS && step < CLOCK_STEP_NS)
		return;
	char detail[64];
	(void)snprintf(detail, sizeof(detail), "the wall clock was set by %+.3f s",
	               (double)step / (double)NS_PER_S); /* fits */
	perform_notice(loop, SEVERITY_WARNING, "clock-stepped", detail);
	struct event event = {.kind = EVENT_CLOCK, .wall_ns = shell_wall_ns()};
	event.u.clock.step_ns = step;
	perform_event(loop, &event, now);
}

/* Who subscribes is whole at once, and not with the next snapshot. */
static void hear_peers(struct loop *loop, struct mono now)
{
	struct publish_peer peer;
	bool refused;
	while (publisher_take_peer(loop->publisher, &peer, &refused))
		perform_peer(loop, &peer, refused);
	loop->snapshot_wanted = publisher_joined(loop->publisher) || loop->snapshot_wanted;
	if (!loop->snapshot_wanted || loop->snapshots_left == 0)
		return;
	loop->snapshot_wanted = false;
	loop->snapshots_left--;
	perform_snapshot(loop, now);
}

/* A dead or silent child is replaced as soon as it has gone; the new epoch tells displays. */
static void check_publisher(struct loop *loop, struct mono now)
{
	bool well = publisher_check(loop->publisher, now);
	hear_peers(loop, now);
	if (well)
		return;
	uint64_t malformed = publisher_malformed(loop->publisher);
	if (malformed != loop->malformed_packets)
		perform_notice(loop, SEVERITY_ERROR, "publisher-malformed",
		               "the publisher process said what it may not say, and was ended");
	loop->malformed_packets = malformed;
	if (loop->publisher_ok) {
		loop->publisher_ok = false;
		loop->publisher_troubled_at = now;
		perform_notice(loop, SEVERITY_ERROR, "publisher-lost", "the publisher process died or fell silent");
		service_event(loop, SERVICE_PUBLISHER, false, now);
	}
	bool started = publisher_restart(loop->publisher, now);
	int error = errno;
	if (started || error != EAGAIN)
		debug(DEBUG_PUBLISH, "another child: %s", started ? "started" : strerror(error));
	if (started) {
		loop->publisher_troubled_at = now; /* what can start one need not be started again itself */
		perform_new_epoch(loop, now);
	}
}

/* Once a beat: the child must be steady and have taken all that was sent to it. */
static void judge_publisher(struct loop *loop, struct mono now)
{
	bool behind = loop->send_failures > 0;
	if (behind)
		debug(DEBUG_PUBLISH, "%u messages could not be handed to the child", loop->send_failures);
	loop->send_failures = 0;
	if (behind && loop->publisher_ok) {
		loop->publisher_ok = false;
		loop->publisher_troubled_at = now;
		perform_notice(loop, SEVERITY_ERROR, "publisher-behind",
		               "messages could not be handed to the publisher");
		service_event(loop, SERVICE_PUBLISHER, false, now);
	} else if (!behind && !loop->publisher_ok && publisher_steady(loop->publisher, now)) {
		loop->publisher_ok = true;
		perform_notice(loop, SEVERITY_NOTICE, "publisher-ok", "messages reach the publisher process");
		service_event(loop, SERVICE_PUBLISHER, true, now);
		perform_snapshot(loop, now);
	}
}

/* What runs stays what it is. That the files say something else is worth an alarm: at the next start it would change.
 */
static void check_reload(struct loop *loop, struct mono now)
{
	if (!reload_finished(&loop->reload))
		return;
	bool refused = loop->reload.result != RELOAD_UNCHANGED;
	if (loop->reload.result == RELOAD_UNCHANGED)
		perform_notice(loop, SEVERITY_NOTICE, "reload-unchanged",
		               "the configuration is what the monitor runs with");
	else if (loop->reload.result == RELOAD_CHANGED)
		perform_notice(loop, SEVERITY_WARNING, "reload-refused",
		               "the configuration has changed; restart the service to apply it");
	else
		perform_notice(loop, SEVERITY_ERROR, "reload-refused", loop->reload.problem);
	if (refused != loop->config_refused) {
		loop->config_refused = refused;
		service_event(loop, SERVICE_CONFIG, !refused, now);
	}
}

/* `slept_for` is when the engine or the beat wanted to be woken. */
static void judge_punctuality(struct loop *loop, struct mono slept_for, struct mono now)
{
	int64_t late_ns = mono_since(now, slept_for);
	if (late_ns > DEBUG_LATE_NS)
		debug(DEBUG_LOOP, "%lld us after a deadline", (long long)(late_ns / 1000));
	if (late_ns > ENGINE_LATE_NS) {
		loop->engine_late_at = now;
		if (loop->engine_late)
			return;
		loop->engine_late = true;
		perform_notice(loop, SEVERITY_ERROR, "engine-late", "a deadline was missed by more than 250 ms");
		service_event(loop, SERVICE_ENGINE, false, now);
	} else if (loop->engine_late && mono_since(now, loop->engine_late_at) >= ENGINE_FINE_NS) {
		loop->engine_late = false;
		service_event(loop, SERVICE_ENGINE, !loop->engine_unsound, now);
	}
}

/* A bug of ours, or damaged memory: staff are told and developers get the state, once; judging goes on. */
static void check_sound(struct loop *loop, struct mono now)
{
	const char *wrong = loop->engine_unsound ? NULL : engine_sound(&loop->engine);
	if (wrong == NULL)
		return;
	loop->engine_unsound = true;
	perform_notice(loop, SEVERITY_ERROR, "engine-unsound", wrong);
	if (!dump_start(&loop->dump, &loop->engine, loop->config, wrong))
		perform_notice(loop, SEVERITY_ERROR, "dump-failed", "no thread to write the engine's state with");
	service_event(loop, SERVICE_ENGINE, false, now);
}

static void check_threads(struct loop *loop, struct mono now)
{
	const char *name = "";
	bool links_slow = !links_alive(loop->links, &name);
	if (links_slow && !loop->links_slow)
		perform_notice(loop, SEVERITY_ERROR, "link-thread-stuck", name);
	loop->links_slow = links_slow;

	struct link_notice notice;
	while (links_notice(loop->links, &notice))
		perform_notice(loop, notice.trouble ? SEVERITY_WARNING : SEVERITY_NOTICE, notice.what, notice.detail);

	bool slow = !recorder_alive(loop->recorder, now, RECORDER_SLOW_NS);
	if (slow != loop->recorder_slow) {
		loop->recorder_slow = slow;
		/* Coming round again is not enough if it still cannot write. */
		service_event(loop, SERVICE_RECORDER, !slow && !recorder_failing(loop->recorder), now);
	}
	uint64_t dropped = mailbox_dropped(loop->mailbox);
	if (dropped != loop->dropped_events) {
		loop->dropped_events = dropped;
		perform_notice(loop, SEVERITY_ERROR, "mailbox-overflow",
		               "events came faster than they could be judged");
	}
}

/* The watchdog is fed only while engine, recorder and publisher meet their deadlines. */
static void feed_watchdog(struct loop *loop, struct mono now)
{
	if (notify_watchdog_ns() == 0)
		return;
	bool recorder_ok = recorder_alive(loop->recorder, now, WATCHDOG_PATIENCE_NS);
	bool publisher_ok = loop->publisher_ok || mono_since(now, loop->publisher_troubled_at) < WATCHDOG_PATIENCE_NS;
	bool control_ok = local_socket_alive(loop->local_socket, now, WATCHDOG_PATIENCE_NS);
	if (recorder_ok && publisher_ok && control_ok)
		notify_send("WATCHDOG=1");
}

static void beat(struct loop *loop, struct mono now)
{
	check_clock(loop, now);
	check_sound(loop, now);
	check_threads(loop, now);
	check_reload(loop, now);
	judge_publisher(loop, now);
	perform_visits(loop);
	if (loop->beats % 2 == 0 && loop->snapshots_left < SNAPSHOTS_LEFT)
		loop->snapshots_left++;
	if (loop->beats % SNAPSHOT_BEATS == 0)
		perform_snapshot(loop, now);
	if (loop->beats % TREND_BEATS == 0 && loop->engine.session.open)
		recorder_trend(loop->recorder, &loop->engine, now, shell_wall_ns());
	box_alive(loop->box, now);
	/* One that is not taken is taken at the next beat: the record is behind. */
	if (loop->beats % CHECKPOINT_BEATS == 0)
		(void)box_checkpoint(loop->box, loop->event_number, &loop->engine, sizeof(loop->engine));
	perform_heartbeat(loop, now);
	notify_ready(); /* if it was not taken at the start */
	feed_watchdog(loop, now);
	loop->beats++;
	/* Never catch up in a burst: after a stall the beat goes on from here. */
	loop->next_beat = mono_after(loop->next_beat, BEAT_NS);
	if (mono_before(loop->next_beat, now))
		loop->next_beat = mono_after(now, BEAT_NS);
}

/* Returns the signal that ends the daemon, or 0. */
static int take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;
	for (int i = 0; i < 8; i++) {
		ssize_t size = read(loop->signal_fd, &info, sizeof(info));
		if (size != (ssize_t)sizeof(info))
			return 0;
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return (int)info.ssi_signo;
		if (info.ssi_signo == SIGHUP)
			reload_ask(&loop->reload);
		/* SIGCHLD only wakes the loop; check_publisher reaps. */
	}
	return 0;
}

static void take_events(struct loop *loop)
{
	struct event event;
	struct mono now = shell_now();
	for (int i = 0; i < EVENTS_PER_TURN && mailbox_take(loop->mailbox, &event); i++)
		perform_event(loop, &event, now);
	if (!mono_before(now, engine_deadline(&loop->engine))) {
		event = (struct event){.kind = EVENT_TICK, .wall_ns = shell_wall_ns()};
		perform_event(loop, &event, now);
	}
	perform_turn_end(loop, now);
}

static struct timespec until(struct mono then, struct mono now)
{
	int64_t ns = mono_since(then, now);
	if (ns > BEAT_NS)
		ns = BEAT_NS;
	return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

int loop_run(struct loop *loop)
{
	struct mono now = shell_now();
	loop->next_beat = now;
	loop->clock_offset_ns = shell_wall_ns() - now.ns;
	loop->publisher_ok = true;
	if (loop->session_lost)
		service_event(loop, SERVICE_SESSION, false, now);
	if (loop->config_refused)
		service_event(loop, SERVICE_CONFIG, false, now);
	for (;;) {
		now = shell_now();
		struct mono wake = mono_earlier(engine_deadline(&loop->engine), loop->next_beat);
		struct timespec timeout = until(mono_earlier(wake, gather_due(&loop->readings)), now);
		struct pollfd fds[] = {
		    {.fd = mailbox_fd(loop->mailbox), .events = POLLIN},
		    {.fd = loop->signal_fd, .events = POLLIN},
		    {.fd = publisher_fd(loop->publisher), .events = POLLIN}, /* -1: the beat starts another child */
		};
		int ready = ppoll(fds, 3, &timeout, NULL);
		if (ready < 0 && errno != EINTR)
			abort(); /* our own descriptors are wrong: a bug; the service manager starts us again */
		struct mono woken = shell_now();
		take_events(loop);
		judge_punctuality(loop, wake, woken);
		if (ready > 0 && fds[1].revents != 0) {
			int signal_number = take_signals(loop);
			if (signal_number != 0)
				return signal_number;
		}
		now = shell_now();
		if (ready > 0 && (fds[1].revents | fds[2].revents) != 0)
			check_publisher(loop, now);
		if (!mono_before(now, loop->next_beat)) {
			check_publisher(loop, now);
			beat(loop, now);
			perform_turn_end(loop, now);
		}
	}
}
