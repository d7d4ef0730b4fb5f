/* The control socket: local, SOCK_SEQPACKET, one packet = one vitals.v1.Request or Response (proto/README.md). The
 * peer's uid comes from the kernel (SO_PEERCRED); who may connect is a matter of the socket file's mode and group. One
 * thread (daemon/desk/control.c) owns it; it turns requests into EVENT_COMMAND and gives answers when the recorder or
 * the loop releases them. Nothing a client does can stall, grow or crash the daemon: at most CONTROL_CLIENTS_MAX
 * connections, one outstanding request each. */
#ifndef VITALS_CONTROL_H
#define VITALS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/engine.h"
#include "vitals/mailbox.h"
#include "vitals/text.h"

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_TEXT_BYTES  160

struct control;

#define CONTROL_STATE_BYTES 106496 /* larger than any packed Snapshot; MESSAGE_BYTES of wire.h */

/* Binds `path` (a stale socket of a dead daemon is replaced, a live one is an error), starts the thread. `bedside` and
 * `demo` go into every response. NULL after writing the reason to stderr. */
struct control *control_start(const char *path, const char *bedside, bool demo, struct mailbox *mailbox);

/* Recorder or engine thread: answer to command `id`. Never blocks. */
void control_reply(struct control *control, uint64_t id, enum result result);

/* Engine thread, before the answer to command `id` can be released: the sentence that it gets instead of the one of its
 * result. Cut at CONTROL_TEXT_BYTES. Never blocks. */
void control_explain(struct control *control, uint64_t id, const char *text);

/* Engine thread, after every step that changed something and every 500 ms: the state that `status` requests get. Copies
 * `size` bytes (a packed vitals.v1.Snapshot). */
void control_state(struct control *control, const uint8_t *bytes, size_t size);

bool control_alive(const struct control *control, struct mono now, int64_t within_ns);

void control_stop(struct control *control, int wait_ms);

#endif
