/* Publishing. The engine's process has no network listener: it hands finished messages over a SOCK_SEQPACKET socketpair
 * to a child process that owns every ZeroMQ socket (daemon/publish/child_side.c). If the child dies another is started
 * within a second, with a new epoch, and the whole state is sent again.
 *
 * The engine's handle of that child is daemon/publish/engine_side.c. */
#ifndef VITALS_PUBLISH_H
#define VITALS_PUBLISH_H

#include <stdbool.h>

#include "vitals/config.h"
#include "vitals/people.h"
#include "vitals/wire.h"

struct publisher;

#define PEER_FROM_BYTES 48

/* Who connected to the publisher, as far as the child can tell. */
struct publish_peer {
	uint32_t uid;               /* of a program on this computer; PERSON_NO_ACCOUNT = not known */
	char who[NAME_BYTES];       /* "key ABCDEFGHIJKL" (its beginning), or "" */
	char from[PEER_FROM_BYTES]; /* address without a port, or "" */
};

/* Forks the child (before any thread exists, and again after it died: the child execs this same binary, /proc/self/exe,
 * as `vitalsd --publisher-child`, with the socket as fd 3 and its part of the configuration sent first). NULL with
 * errno. */
struct publisher *publisher_start(const struct config *config);

/* Engine thread, never blocks. False if the child's socket is full or closed: counted, the child is behind. */
bool publisher_send(struct publisher *publisher, const struct message *message);

/* fd that becomes readable when the child says something or has died; poll it, then call publisher_check. */
int publisher_fd(const struct publisher *publisher);

/* Reads what the child says (it reports its own loop-back heartbeat every 500 ms) and reaps it when dead. Returns true
 * while it is alive and was heard within 2 s of `now`. When false: publisher_restart. */
bool publisher_check(struct publisher *publisher, struct mono now);

/* Engine thread, after publisher_check: the next one who connected or was refused (at most 16 are kept, and one that
 * comes too often is told less often). False if there is none. */
bool publisher_take_peer(struct publisher *publisher, struct publish_peer *peer, bool *refused);

/* The same: has anybody subscribed to snapshots since this was asked last? */
bool publisher_joined(struct publisher *publisher);

/* How many packets of all children so far were none of those that a child may send. Each ended its child. */
uint64_t publisher_malformed(const struct publisher *publisher);

/* Ends the old child for sure (SIGKILL by its pid), starts another. Waits for nothing: false with errno EAGAIN while
 * the old one is on its way out, or while it is too early for another: children that die soon after their start follow
 * each other more and more slowly. False with another errno if the start failed; in all cases try again later. */
bool publisher_restart(struct publisher *publisher, struct mono now);

/* True once the child can be called well again: publisher_check is, its own subscription was heard, and it has lived
 * for a second; for ten if the one before it died young too, so that what dies again and again is one trouble, not
 * many. */
bool publisher_steady(struct publisher *publisher, struct mono now);

/* Lets the child send what it has (at most wait_ms), ends it, frees. */
void publisher_stop(struct publisher *publisher, int wait_ms);

/* main() of the child; returns the exit status. */
int publisher_child_main(void);

#endif
