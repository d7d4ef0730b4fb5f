/* The black box: a bounded file, mapped from tmpfs, that outlives the process. It holds two checkpoints of the engine
 * and a ring of the events that stepped it, so that a monitor that was killed goes on where it was. Writing to it is a
 * write to memory: no system call, no wait, no failure. In daemon/record/box.c.
 *
 * Threads: the engine thread appends and takes checkpoints (one writer); the recorder thread reads events and says how
 * far the record has come. The main thread reads the box of the last run before either is there.
 *
 * Events have numbers, 1 for the first that a record ever held, without a gap from run to run. */
#ifndef DAEMON_RECORD_BOX_H
#define DAEMON_RECORD_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/mono.h"

#define BOX_LAYOUT     1
#define BOX_RING_BYTES (4u << 20) /* eight minutes of 80 frames a second, while a disk does not take them */
#define BOX_WHY_BYTES  120

/* What a checkpoint can be taken up by: the same program with the same configuration since the same boot. Hexadecimal
 * or text, NUL-terminated, the rest zero. */
struct box_identity {
	char build[65]; /* SHA-256 of the program */
	char config[65], plan[65];
	char boot[37];
	uint64_t engine_bytes;
};

struct box;

/* A new box, at PATH.new: the next run does not find it before box_publish. Where no such file can be made it is memory
 * that is kept by nobody (*why says why not, else ""). NULL without memory. */
struct box *box_create(const char *path, const struct box_identity *identity, char why[BOX_WHY_BYTES]);

/* Puts it in the place of the last run's box, which is lost with it. False with errno set. */
bool box_publish(struct box *box, const char *path);

/* The box at `path`, to be read only. NULL with *why ("" if there is none): damaged, another layout. */
struct box *box_open(const char *path, char why[BOX_WHY_BYTES]);

void box_close(struct box *box);

const struct box_identity *box_identity(const struct box *box);

/* ---- engine thread ------------------------------------------------------------------------------------------------
 */

/* `number` is one more than the last one's (any for the first). Overwrites the oldest if there is no room. */
void box_append(struct box *box, uint64_t number, const void *bytes, size_t size);

/* The engine after event `number`. Of the two checkpoints one is always kept that is not newer than what is recorded,
 * so that what was done since can be told again; false if this one is not taken for that reason. */
bool box_checkpoint(struct box *box, uint64_t number, const void *engine, size_t size);

/* The engine is awake: until now everything was watched. */
void box_alive(struct box *box, struct mono now);

/* ---- any thread ---------------------------------------------------------------------------------------------------
 */

/* Everything up to event `number` is in the record. */
void box_recorded(struct box *box, uint64_t number);
uint64_t box_recorded_up_to(const struct box *box);

/* Number of the oldest event in the ring and of the newest; oldest > newest: it is empty. */
uint64_t box_oldest(const struct box *box);
uint64_t box_newest(const struct box *box);

struct mono box_alive_at(const struct box *box);

/* A reader's place in the ring: the number of the event that it read last, and where the next begins (0: it will be
 * searched). All zero: before the oldest. */
struct box_place {
	uint64_t number, offset;
};

/* The event after `place`, copied to `bytes` (EVENT_BYTES_MAX suffices). Returns its size, 0 if there is no more, or if
 * it is damaged. If events were overwritten before they were read, place->number jumps. */
size_t box_next(const struct box *box, struct box_place *place, void *bytes, size_t size);

/* The newest whole checkpoint whose number is at most `most`: its engine to `engine`. 0 if there is none. */
uint64_t box_restore(const struct box *box, uint64_t most, void *engine, size_t size);

#endif
