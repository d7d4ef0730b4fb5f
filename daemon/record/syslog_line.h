/* The copy of a row in syslog: one line of printable ASCII that a classic relay passes whole and that the row can be
 * checked by without the record. Pure; written by the recorder, read by the audit. In daemon/record/syslog_line.c.
 *
 *   kind="alarm" seq="12" t="1764592000123456789" p="2" hash="64 hexadecimal digits" TEXT
 *
 * TEXT is the row's, with every byte above 0x7E as \xNN. If it is too long it is cut between two of its bytes and the
 * line ends with ` cut="1"`; then the row cannot be computed from it, but its hash stands for it in the chain, and what
 * is left of it can be compared with the record. */
#ifndef DAEMON_RECORD_SYSLOG_LINE_H
#define DAEMON_RECORD_SYSLOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/record/chain.h"
#include "vitals/record.h"

#define SYSLOG_LINE_BYTES 900 /* what a relay with lines of 1 KiB passes, with its own head */

/* `hash` NULL: the record does not have the row, and the line says recorded="no". */
void syslog_line_write(char line[SYSLOG_LINE_BYTES], const struct chain_row *row, const uint8_t *hash);

struct syslog_line {
	int64_t seq, wall_ns;
	uint8_t severity;
	char kind[NAME_BYTES];
	uint8_t hash[CHAIN_BYTES];
	bool cut;
	const char *written; /* the line as the monitor gave it to syslog, in the text that was read */
	size_t written_size;
	size_t text_size;
	char text[RECORD_TEXT_BYTES]; /* as in the record */
};

/* Finds the copy of a row in a line of a log, whatever the log puts before it. False if there is none. */
bool syslog_line_read(struct syslog_line *line, const char *text);

#endif
