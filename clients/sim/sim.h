/* vitals-sim: what its rooms share. One process, one lock (struct world): the main thread owns the clock, the scenario
 * and the patient; each device has its own thread (and, for Modbus devices, one more for the libmodbus server). The
 * simulator is a test and training peer outside the daemon, so floating point is allowed here. */
#ifndef SIMULATOR_SIM_H
#define SIMULATOR_SIM_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/sim/scenario.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* ---- devices ----------------------------------------------------------------------------------------------------- */

struct device_state { /* set by the main thread */
	bool used;
	bool plugged;
	bool probe_off;
	bool lead_off;
	bool silent_values, doubtful; /* for `complaint` */
	enum complaint complaint;
	enum mode mode;
	double mode_number;
	int64_t hang_until_ns;
	int wake; /* eventfd of the device's thread */
};

struct cuff {
	struct prng prng;
	double seconds;   /* a determination takes */
	double fail_rate; /* 0 .. 1 */
	double scatter;   /* SD of a systolic reading, mmHg */
	int fail_next;    /* determinations that a scenario makes fail */
	bool measuring;
	int64_t begun_ns;
	uint16_t sequence, status;
	uint16_t sys, dia, mean, pulse;
};

struct world {
	pthread_mutex_t lock;
	bool stopping;
	uint32_t tick; /* counts seconds; the oximeter sends one line for each */
	struct vitals vitals;
	struct device_state device[DEVICE_COUNT];
	struct cuff cuff;
};

int64_t sim_now_ns(void); /* CLOCK_MONOTONIC */
void world_lock(struct world *world);
void world_unlock(struct world *world);
/* What the device does at `now_ns`: a hang ends by itself. Call with the lock held. */
enum mode world_mode(struct world *world, enum device device, int64_t now_ns);

/* cuff.c and ecg.c: the registers behind the two Modbus devices. All with the lock held. */
#define CUFF_MISSING 0xFFFF
#define MMHG_PER_KPA 7.50062
void cuff_update(struct cuff *cuff, const struct world *world, int64_t now_ns);
void cuff_registers(const struct cuff *cuff, int64_t now_ns, bool kpa, uint16_t input[8]);
bool cuff_command(struct cuff *cuff, uint16_t value, int64_t now_ns); /* false: busy */
void ecg_registers(const struct world *world, int64_t now_ns, bool kpa, uint16_t input[7]);

/* ---- wires ------------------------------------------------------------------------------------------------------- */

#define WIRE_PEERS 4
#define WIRE_FDS   (WIRE_PEERS + 1)

enum wire_kind {
	WIRE_PTY,
	WIRE_TCP,
};

/* A place where somebody can connect: a pty behind a symlink, or a TCP listener. Used by one thread. */
struct wire {
	enum wire_kind kind;
	const char *name;
	const char *path; /* of the symlink */
	const char *bind;
	uint16_t port; /* 0: any; then the one chosen, kept over a replug */
	int listener;
	int peers[WIRE_PEERS]; /* -1: none; a pty's master is the first */
	bool absent;           /* nobody has the pty open */
};

bool wire_plug(struct wire *wire, char error[SIM_TEXT]);
void wire_pull(struct wire *wire);
bool wire_plugged(const struct wire *wire);
void wire_check(struct wire *wire); /* looks whether somebody opened the pty */
size_t wire_poll_list(const struct wire *wire, struct pollfd list[WIRE_FDS]);
void wire_accept(struct wire *wire);
/* 0: nothing to read or the peer has gone (then it is no longer in the list). */
size_t wire_read(struct wire *wire, size_t peer, uint8_t *bytes, size_t capacity);
void wire_write(struct wire *wire, size_t peer, const uint8_t *bytes, size_t count);

/* Bytes on their way to the wire, paced. */
#define PLAYOUT_BYTES 768
struct playout {
	size_t count, sent;
	size_t chunk;
	int64_t due_ns, gap_ns;
	uint8_t bytes[PLAYOUT_BYTES];
};
bool playout_busy(const struct playout *playout);
int64_t playout_wait_ms(const struct playout *playout, int64_t now_ns); /* -1: nothing to send */
/* The bytes that are due now; the caller writes them. */
size_t playout_take(struct playout *playout, int64_t now_ns, const uint8_t **bytes);

/* ---- Modbus frames and threads ----------------------------------------------------------------------------------- */

#define FRAME_BYTES 300
/* Length of the whole request at the start of `bytes`; 0: more is needed; -1: no such request. */
int frame_request_length(bool tcp, const uint8_t *bytes, size_t count);
/* Turns a right answer into what `mode` puts on the wire; returns its length (<= PLAYOUT_BYTES). */
size_t frame_misbehave(bool tcp, enum mode mode, struct prng *prng, const uint8_t *request, size_t request_count,
                       const uint8_t *answer, size_t count, uint8_t out[PLAYOUT_BYTES]);

struct oximeter {
	struct world *world;
	struct wire wire;
	struct prng prng;
	pthread_t thread;
	bool running;
};
bool oximeter_start(struct oximeter *oximeter, char error[SIM_TEXT]);
void oximeter_join(struct oximeter *oximeter);

struct modbus_device {
	struct world *world;
	enum device device;
	struct wire wire;
	struct prng prng;
	int baud; /* of a pty */
	int unit;
	int relay_end, server_end; /* a socketpair: libmodbus on one side, the relay and the wire on the other */
	pthread_t relay, server;
	bool running;
};
bool modbus_device_start(struct modbus_device *device, char error[SIM_TEXT]);
void modbus_device_join(struct modbus_device *device);
void *modbus_server_run(void *device); /* thread */

#endif
