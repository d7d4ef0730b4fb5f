/* Recorded traffic: the text format of what went over a link, with times. Written by the traffic writer of daemon/link
 * (link option traffic_path), read by `vitalsctl decode` and by tests. Pure; in daemon/link/traffic_text.c.
 *
 * A file is lines: comments, which begin with '#', and "TIME WHAT". TIME is in microseconds since the file's own start,
 * or, with a point, in seconds. WHAT is "<" and hexadecimal bytes that came from the device, ">" and bytes that went to
 * it, "connected" (the port was opened: what was known of the device no longer holds), or "start" or "stop" (somebody
 * ordered a cuff determination). */
#ifndef VITALS_TRAFFIC_H
#define VITALS_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum traffic_kind {
	TRAFFIC_RECEIVED,
	TRAFFIC_SENT,
	TRAFFIC_CONNECTED,
	TRAFFIC_START,
	TRAFFIC_STOP,
};

/* How the first line of each file begins. */
#define TRAFFIC_HEADER "# vitalsd traffic 1:"

/* Is a file that begins so recorded traffic of vitalsd, or empty? */
bool traffic_is_ours(const uint8_t *head, size_t size);

#define TRAFFIC_BYTES 512 /* of one line */
/* A line as text: time, kind, two digits for each byte, line feed, NUL. */
#define TRAFFIC_LINE_BYTES (2 * TRAFFIC_BYTES + 40)
#define TRAFFIC_US_MAX     INT64_C(9000000000000000) /* 285 years */

struct traffic_line {
	enum traffic_kind kind;
	int64_t at_us;
	uint16_t count; /* 0 unless RECEIVED or SENT */
	uint8_t bytes[TRAFFIC_BYTES];
};

enum traffic_text {
	TRAFFIC_LINE,
	TRAFFIC_COMMENT, /* or nothing at all */
	TRAFFIC_WRONG,
};

/* Reads one line, with or without its line feed. `line` is set only for TRAFFIC_LINE. */
enum traffic_text traffic_parse(const char *text, struct traffic_line *line);

/* Writes one line with its line feed. Returns its length. */
size_t traffic_format(const struct traffic_line *line, char text[TRAFFIC_LINE_BYTES]);

/* Hexadecimal bytes, blanks between pairs allowed, up to the end of the line, a '#' or "->". False if there is anything
 * else, or more than `size` bytes. */
bool traffic_hex(const char *text, uint8_t *bytes, size_t size, size_t *count);

/* ---- Modbus frames in recorded traffic (daemon/link/traffic_modbus.c) ---------------------------------------------
 */

#define TRAFFIC_FRAME_BYTES 260 /* no Modbus frame is longer */

struct traffic_request {
	bool tcp;
	uint16_t transaction; /* TCP */
	uint8_t unit, function;
	uint16_t address, argument; /* argument: count of registers, or the value to write */
};

/* A request as vitalsd sends them, RTU (with a correct checksum) or TCP: reads of registers, writes of one. */
bool traffic_request(const uint8_t *bytes, size_t count, struct traffic_request *request);

enum traffic_answer {
	TRAFFIC_ANSWER_SHORT, /* so far so good: the rest has not come yet */
	TRAFFIC_ANSWER_WRONG, /* not the answer to this request */
	TRAFFIC_ANSWER_NONE,  /* right, but no registers: a write, an exception */
	TRAFFIC_ANSWER_READ,  /* `registers` holds what was asked for */
};

/* Judges as a link does. `registers` has room for request->argument of them, at most 125. */
enum traffic_answer traffic_answer(const struct traffic_request *request, const uint8_t *bytes, size_t count,
                                   uint16_t *registers);

#endif
