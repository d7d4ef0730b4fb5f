/* Lines of text; see lines.h. Pure; called by drivers, on the thread of whoever feeds them. */
#include "daemon/driver/lines.h"

enum { NUL = 0x00, XON = 0x11, XOFF = 0x13 };

bool line_ends(uint8_t byte)
{
	return byte == '\n' || byte == '\r';
}

bool line_padding(uint8_t byte)
{
	return byte == NUL || byte == XON || byte == XOFF;
}

static void end_line(struct stream *stream, struct mono now, const struct line_format *format, struct sink sink)
{
	struct text line = {stream->bytes, stream->count};

	if (stream->synchronised && line.count > 0 && !format->take(stream, line, now, sink)) {
		stream->bad_frames++;
		gate_bad(stream);
	}
	stream_good(stream, stream->count);
}

static void take_byte(struct stream *stream, uint8_t byte, struct mono now, const struct line_format *format,
                      struct sink sink)
{
	if (line_ends(byte)) {
		end_line(stream, now, format, sink);
		return;
	}
	if (line_padding(byte) && stream->count == 0)
		return;
	/* Before the first line end nothing is kept, but a stream without any line end is counted. */
	stream_add(stream, byte, now);
	if (!stream->synchronised || stream->count == STREAM_BYTES) {
		stream_drop(stream, stream->count, format->usual);
		gate_bad(stream);
	}
}

void stream_lines(struct stream *stream, struct text bytes, struct mono now, const struct line_format *format,
                  struct sink sink)
{
	if (bytes.count == 0)
		gate_end(stream, &format->gate, sink);
	stream_drop_old(stream, now, LINE_REST_NS, format->usual);
	for (size_t i = 0; i < bytes.count; i++)
		take_byte(stream, bytes.at[i], now, format, sink);
}
