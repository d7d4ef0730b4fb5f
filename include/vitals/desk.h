/* The desk: who asked, what is outstanding, and where its answer goes. A door (the local socket is one) takes requests
 * and hands them in; the desk makes each an EVENT_COMMAND with an id of its own, and gives the answer to the door it
 * came from when the recorder or the loop releases it. Nothing a client does can stall, grow or crash the daemon: at
 * most DESK_OUTSTANDING_MAX commands, each answered, or given up after 5 s. In daemon/desk/desk.c.
 *
 * The local socket: SOCK_SEQPACKET, one packet = one vitals.v1.Request or Response (proto/README.md). The peer's uid
 * comes from the kernel (SO_PEERCRED); who may connect is a matter of the socket file's mode and group. At most
 * LOCAL_SOCKET_CLIENTS_MAX connections, one outstanding request each. In daemon/desk/local_socket.c, on a thread of its
 * own. */
#ifndef VITALS_DESK_H
#define VITALS_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/mailbox.h"
#include "vitals/refusal.h"
#include "vitals/text.h"

#define LOCAL_SOCKET_CLIENTS_MAX 16
#define LOCAL_SOCKET_SHARE_MAX   8 /* of one account */
#define DESK_OUTSTANDING_MAX     LOCAL_SOCKET_CLIENTS_MAX
#define DESK_STATE_BYTES         163840 /* larger than any packed Snapshot; MESSAGE_BYTES of wire.h */

struct desk;
struct local_socket;

/* `bedside` and `demo` go into every response. NULL with errno. */
struct desk *desk_open(const char *bedside, bool demo, struct mailbox *mailbox);

/* Recorder or engine thread: answer to command `id`. Never blocks. */
void desk_reply(struct desk *desk, uint64_t id, enum result result);

/* Engine thread, before the answer to command `id` can be released: what is said instead of the result alone. Never
 * blocks. */
void desk_explain(struct desk *desk, uint64_t id, const struct refusal *refusal);

/* Engine thread, after every step that changed something and every 500 ms: the state that `status` requests get. Copies
 * `size` bytes (a packed vitals.v1.Snapshot). */
void desk_state(struct desk *desk, const uint8_t *bytes, size_t size);

/* Somebody read the state, subscribed, or was refused: for the record. Of each one and kind once in ten minutes. */
enum visit_kind { VISIT_READ, VISIT_REFUSED, VISIT_DISPLAY, VISIT_DISPLAY_REFUSED };
struct visit {
	enum visit_kind kind;
	char actor[NAME_BYTES]; /* account, or the beginning of a display's key; "" = not known */
	char from[48];          /* address of a display; "" = this computer */
};

/* A door's thread or the engine's. */
void desk_visited(struct desk *desk, enum visit_kind kind, const char *actor, const char *from);

/* Engine thread: the next that is to be told. False if there is none. */
bool desk_take_visit(struct desk *desk, struct visit *visit);

/* Only when no door is left, and no thread that could call the above. NULL is allowed. */
void desk_close(struct desk *desk);

/* Binds `path` (a stale socket of a dead daemon is replaced, a live one is an error), starts the thread. NULL after
 * writing the reason to stderr. */
struct local_socket *local_socket_start(const char *path, struct desk *desk);

bool local_socket_alive(const struct local_socket *local, struct mono now, int64_t within_ns);

/* Gives the answers that are there, closes. False if the thread did not end in time: it may still use the desk. */
bool local_socket_stop(struct local_socket *local, int wait_ms);

#endif
