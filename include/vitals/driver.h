/* Drivers: what a device's bytes mean. A driver is a row of const data and pure functions; it does no I/O, keeps no
 * state of its own, never invents a value and never fails hard. Called by link threads (daemon/link) with the device's
 * stream state, by replay and by fuzzers. To add a device: one file in daemon/driver and one line in driver_list
 * (docs/DRIVERS.md).
 *
 * There are two kinds: streaming devices that talk by themselves on a serial line or raw TCP (struct driver), and
 * Modbus devices, which need no C at all: a register map in etc/devices (struct register_map). */
#ifndef VITALS_DRIVER_H
#define VITALS_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/event.h"
#include "vitals/measurement.h"
#include "vitals/text.h"

struct line_settings {
	int32_t baud;      /* one of 1200 2400 4800 9600 19200 38400 57600 115200 */
	char parity;       /* 'N', 'E' or 'O' */
	uint8_t data_bits; /* 7 or 8 */
	uint8_t stop_bits; /* 1 or 2 */
	bool modem_low;    /* DTR and RTS are kept low: they can reset the device */
};

#define STREAM_BYTES 1024 /* longer than any frame of any driver */
#define SAY_BYTES    16   /* longer than any command of any driver */

/* Where a driver that commands a cuff stands in its conversation with the device. Used by the driver alone. */
struct dialogue {
	uint8_t state;    /* of the driver's own enum; 0 = nothing is going on */
	uint8_t tries;    /* questions of this state without the answer wanted */
	bool start, stop; /* ordered, not said yet */
	bool running;     /* a determination is on: its end or its failure has to be told */
	bool ours;        /* it was started by an order, not at the device */
	enum reason
	    failed; /* why it ended without a result: told with the device's next frame; REASON_NONE: it did not */
	struct mono began; /* the determination */
	struct mono ended;
	struct mono said;  /* the last command */
	struct mono heard; /* the last sign that the device is measuring */
};

/* The values of a device that repeats its last determination in every frame. */
struct repeated {
	bool primed;      /* `known` holds something; the first values after a connect have no known age */
	uint8_t times;    /* that `seen` came in a row */
	int32_t known[4]; /* the driver's own order; -1 = missing */
	int32_t seen[4];
	struct mono first; /* when `seen` came first */
};

/* What a frame says of the device's battery. */
enum battery {
	BATTERY_UNTOLD,
	BATTERY_FINE,
	BATTERY_LOW,
};

#define STATUS_WORD_BYTES 8 /* of a device's status word, as text */

/* One whole frame. `count` may be 0: the device is alive but measured nothing. */
struct decoded {
	char serial[NAME_BYTES];         /* the device's own number, if this frame tells it; else empty */
	char unknown[STATUS_WORD_BYTES]; /* a status of the device's that the driver does not know; else empty */
	enum battery battery;
	uint8_t count;
	struct measurement list[EVENT_MEASUREMENTS_MAX];
};

#define GATE_HELD_MAX 3

/* What a driver of a format without checksum knows of the frames before (daemon/driver/gate.h). */
struct gate {
	bool open;            /* there was proof: values are told */
	bool stored;          /* the device prints its memory */
	bool knows_age;       /* its clock tells how old a line is that has waited on its way */
	uint8_t proved;       /* frames in a row */
	bool heard;           /* the next two mean something */
	struct mono last;     /* when the last frame ended */
	int64_t last_clock_s; /* of the device, seconds */
	int64_t credit_ns;    /* how much slower than allowed the frames came; negative: faster */
	uint32_t fast;        /* lines in a row that came too fast, since fast_since */
	struct mono fast_since;
	bool tied; /* the freshest line known: when it came, and its clock */
	struct mono tied_at;
	int64_t tied_clock_s;
	int64_t best_ns;  /* how late the freshest line of this piece was; negative */
	uint8_t early;    /* lines in a row that ran far ahead */
	uint8_t late;     /* lines in a row that were late though alone */
	struct mono told; /* `determined` of the last one told */
	uint8_t held_count;
	struct decoded held[GATE_HELD_MAX]; /* kept back until there is proof */
};

/* What a streaming driver remembers between reads: the bytes of an unfinished frame and, for some, what went before.
 * Owned by the link thread, one per device; zeroed at every (re)connect, so that no order survives one. */
struct stream {
	size_t count;
	uint8_t bytes[STREAM_BYTES];
	struct mono first;   /* when the first byte of the unfinished frame arrived */
	bool synchronised;   /* false until the first frame boundary was seen */
	uint32_t bad_frames; /* frames thrown away since the connect */
	uint32_t skipped;    /* bytes thrown away since then that are not counted as a frame yet */
	uint32_t frames;     /* of drivers with a gate: frames that had the right form, told or not */
	struct mono say_at;  /* when the driver wants its `say` to be called; 0 = at once */
	struct dialogue dialogue;
	struct repeated repeated;
	struct gate gate;
};

/* What stands behind a driver. None was tried on a device yet. */
enum evidence {
	EVIDENCE_NONE,     /* never connected: bytes of our own, made from the document */
	EVIDENCE_EXAMPLES, /* examples that the vendor or another project prints */
	EVIDENCE_RECORDED, /* bytes that somebody recorded from a device */
};

const char *evidence_name(enum evidence evidence); /* "never connected", "examples", "recorded bytes" */

struct driver {
	const char *name;        /* token in the configuration */
	const char *description; /* maker, models, protocol */
	enum evidence evidence;  /* what its bytes were tested with */
	struct line_settings line;
	int64_t period_ns; /* how often the device sends a frame */
	parameter_set provides;
	bool checksum;            /* its frames carry one: two of them prove what it is; without, it takes three */
	bool tells_serial;        /* its frames may carry the device's serial number */
	const char *silence_hint; /* what a technician should check when nothing comes; never NULL */

	/* Takes bytes received at `now`, calls `emit` for each whole valid frame in order: once, or twice where a frame
	 * brings a cuff determination beside its continuous values. Anything else is skipped and counted in
	 * stream->bad_frames. Never looks at more than STREAM_BYTES of an unfinished frame. */
	void (*feed)(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
	             void (*emit)(void *context, const struct decoded *decoded), void *context);

	/* The next two are NULL for devices that talk by themselves and take no commands.
	 *
	 * What is to be sent to the device at `now`: fills `bytes` (at least SAY_BYTES long) and returns how many; 0 if
	 * nothing. Called after the connect, after each `feed` and each `order`, and at stream->say_at, which it sets
	 * to a time to come (else it is asked again after 100 ms). What it returns must be sent, whole. */
	size_t (*say)(struct stream *stream, struct mono now, uint8_t *bytes, size_t size);
	/* Somebody wants a cuff determination to start or to stop; said at one of the next calls of `say`, and
	 * forgotten when the connection is lost before. False if it makes no sense now (one is on already, or none to
	 * stop). The end of a determination that fails or is stopped is emitted as REASON_FAILED,
	 * or with the reason that the device tells. */
	bool (*order)(struct stream *stream, bool start);
};

/* NULL-terminated. */
extern const struct driver *const driver_list[];
const struct driver *driver_by_name(const char *name); /* NULL if there is none */

/* ---- Modbus register maps ---------------------------------------------------------------------------------------- */

enum register_table {
	REGISTER_INPUT,   /* function 4 */
	REGISTER_HOLDING, /* function 3 */
};

enum register_type {
	REGISTER_U8_HIGH, /* high byte of one register */
	REGISTER_U8_LOW,
	REGISTER_U16,
	REGISTER_S16,
	REGISTER_U32,
	REGISTER_S32,
	REGISTER_F32, /* IEEE 754 single; NaN and infinities are "no value" */
	REGISTER_S8_HIGH,
	REGISTER_S8_LOW,
};

/* Order of the four bytes A (most significant) .. D of a 32-bit value in two consecutive registers. */
enum register_order {
	ORDER_ABCD,
	ORDER_CDAB,
	ORDER_BADC,
	ORDER_DCBA,
};

#define REGISTER_MAP_BLOCKS_MAX 8
#define REGISTER_MAP_VALUES_MAX EVENT_MEASUREMENTS_MAX /* a round is one event */
#define REGISTER_MAP_WRITES_MAX 4
#define REGISTER_BLOCK_MAX      125 /* Modbus limit of registers in one read */
#define REGISTER_MISSING_MAX    4
#define REGISTER_REQUIRES_MAX   4
#define REGISTER_DOUBTS_MAX     4 /* of one value, each kind */

/* One read. On a serial line the counts of all blocks of a map (identity included) differ, so that a late answer to one
 * can never pass for the answer to another; checked when the configuration is read. */
struct register_block {
	enum register_table table;
	uint16_t start; /* wire address, from 0 */
	uint16_t count; /* 1 .. REGISTER_BLOCK_MAX */
};

/* What some bits of a register say of a value: register & mask == bits. */
struct register_doubt {
	uint8_t block;
	uint16_t offset;
	uint16_t mask;
	uint16_t bits;
	enum reason reason;
};

/* Raw codes that mean "no value" for a reason of their own. Signed like the type; of an f32 its bit pattern. */
struct register_none {
	int64_t from, to;
	enum reason reason;
};

struct register_value {
	enum parameter parameter;
	uint8_t block;
	uint16_t offset; /* of the first register in the block */
	enum register_type type;
	enum register_order order;
	int32_t scale_milli; /* value in milli = raw * scale_milli / divisor + offset_milli, rounded half away from 0 */
	int32_t divisor;     /* 1 .. 1000000 */
	int32_t offset_milli;
	uint8_t missing_count;
	uint32_t missing[REGISTER_MISSING_MAX]; /* raw codes that mean "no value" (bit pattern of the type's width) */
	enum reason missing_reason;             /* what they mean; REASON_NOT_MEASURED by default */
	uint32_t bits; /* of an unsigned raw value, moved down to the lowest; 0 = all. Before scaling and all codes */
	uint8_t none_count, valid_count, doubtful_count;
	struct register_none none[REGISTER_DOUBTS_MAX];
	struct register_doubt valid_if[REGISTER_DOUBTS_MAX];    /* one that does not hold: no value, for its reason */
	struct register_doubt doubtful_if[REGISTER_DOUBTS_MAX]; /* one that holds: questionable, for its reason */
};

struct register_write {
	bool used;
	uint16_t address; /* holding register, function 6 */
	uint16_t value;
};

/* A register that a living device keeps changing: a counter, a clock. Behind a gateway that serves what it read last,
 * nothing else tells a dead device. Continuous values are as old as its last change; before the first one that is seen
 * they are not told, and after `within_ns` without one there is no value (REASON_FROZEN). */
struct register_alive {
	bool used;
	uint8_t block;
	uint16_t offset;
	uint16_t mask; /* the bits that count */
	int64_t within_ns;
};

/* What must hold (register & mask == value) for a value of `parameters` to mean what the map says, such as the unit
 * that somebody can switch at the device; else there is none (REASON_WRONG_SETUP). */
struct register_require {
	uint8_t block;
	uint16_t offset;
	uint16_t mask;
	uint16_t value;
	parameter_set parameters;
};

struct register_map {
	char name[NAME_BYTES];
	char description[TEXT_BYTES];
	uint16_t address_base; /* as its file counts addresses: 0, 1, 30001 or 40001; here all are those on the wire */
	uint8_t block_count;
	struct register_block blocks[REGISTER_MAP_BLOCKS_MAX];
	uint8_t value_count;
	struct register_value values[REGISTER_MAP_VALUES_MAX];
	bool has_identity; /* must match after every connect and resynchronisation before a value counts */
	struct register_block identity;
	uint16_t identity_expect[8];   /* the first identity_expect_count registers of the identity block */
	uint8_t identity_expect_count; /* 1 .. 8 */
	bool has_sequence; /* a register that counts determinations; without it an intermittent value cannot be told
	                      from the last one, so a map with intermittent parameters needs it */
	uint8_t sequence_block;
	uint16_t sequence_offset;
	bool has_status; /* a register that is 0 when the last determination succeeded */
	uint8_t status_block;
	uint16_t status_offset;
	struct register_alive alive;
	uint8_t require_count;
	struct register_require requires[REGISTER_REQUIRES_MAX];
	struct register_write cuff_start, cuff_stop;
	uint8_t init_count; /* written once after each connect, in order */
	struct register_write init[REGISTER_MAP_WRITES_MAX];
	parameter_set provides; /* computed from the values */
};

/* What a look at the sequence register showed. */
enum sequence_news {
	SEQUENCE_SAME,      /* no new determination; also the first look, which only learns the number */
	SEQUENCE_UNSETTLED, /* it moved, and one more look has to agree: the round is to be read again at once */
	SEQUENCE_WAITS,     /* it moved, but the values are still those of the determination before */
	SEQUENCE_NEW,       /* a determination */
	SEQUENCE_UNSEEN,    /* one that ended while the device could not be asked for longer than SEQUENCE_GAP_NS */
	SEQUENCE_RESTARTED, /* it went back: the module was switched off and on, and measured nothing that is known of
	                     */
};

/* A module that is deaf for as long as it measures is still understood: a cuff may hold its pressure for 180 s at most
 * (IEC 80601-2-30). After longer the age of what it says now would tell little. */
#define SEQUENCE_GAP_NS (180 * NS_PER_S)

/* The intermittent values of one round, in the map's order. */
struct determination {
	uint8_t count;
	int32_t milli[EVENT_MEASUREMENTS_MAX];
	uint8_t quality[EVENT_MEASUREMENTS_MAX], reason[EVENT_MEASUREMENTS_MAX];
};

/* What is remembered of a map device between polls, over lost answers and reconnects too; zeroed when another device
 * answered in its place. */
struct register_state {
	bool primed; /* the sequence register was read once; the values found then have unknown age and are not emitted
	              */
	uint16_t sequence;          /* of the determination that was told or learnt last */
	struct determination known; /* its values, or those that were found when it was learnt */
	struct mono looked;         /* the last look that showed `sequence` */
	bool moved;                 /* the next four: it shows another number, whose values are not taken yet */
	uint16_t next;
	struct mono moved_at; /* the first look that showed it */
	struct determination seen;
	struct {
		bool known;   /* the alive register was read */
		bool changed; /* and changed since */
		uint16_t seen;
		struct mono looked; /* the last time */
		struct mono since;  /* that it is what it is; before the first change: that it is known */
	} alive;
	/* Of the last look: */
	enum sequence_news news;
	uint16_t before;         /* what the register showed before */
	struct mono ended_after; /* SEQUENCE_NEW, SEQUENCE_UNSEEN: the last look before the determination ended */
};

/* Decodes one round of a map. `registers[b]` points at block b's registers. `at`: when the round's first request was
 * sent; continuous values are stamped with it, or are as old as the last
 * change of the alive register if the map has one; a determination with the last look before it ended, so that no age
 * is ever understated. A determination that was not seen in time is emitted as REASON_FAILED. Pure. */
void register_map_decode(const struct register_map *map, struct register_state *state,
                         const uint16_t *const registers[], struct mono at, struct decoded *decoded);

#endif
