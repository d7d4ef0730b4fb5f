/* Lines of text: the one place where the streams of all text drivers are cut into lines. Pure. Included by
 * daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_LINES_H
#define VITALS_DAEMON_DRIVER_LINES_H

#include "daemon/driver/gate.h"

/* How long the rest of a line may take. Device servers cut lines anywhere and may send the rest with the next one. */
#define LINE_REST_NS (5 * NS_PER_S)

struct line_format {
	size_t usual; /* bytes of a line; only for counting what is lost */
	struct gate_rule gate;
	/* Emits what a line says, through the gate if the format has no checksum; false if it is none of the device's.
	 * The line began at stream->first and ended at `now`. */
	bool (*take)(struct stream *stream, struct text line, struct mono now, struct sink sink);
};

/* Gives each line, without its end, to `take`. LF, CR and any row of them end a line, and empty lines are skipped. NUL,
 * XON and XOFF before a line are padding. What came before the first line end is thrown away; so is the first half of a
 * line whose rest does not come, and what goes on without end. No bytes at all: the line stays quiet (gate_end). */
void stream_lines(struct stream *stream, struct text bytes, struct mono now, const struct line_format *format,
                  struct sink sink);

bool line_ends(uint8_t byte);
bool line_padding(uint8_t byte);

#endif
