/* Frames in a stream of bytes; see frame.h. Pure; called by drivers, on the thread of whoever feeds them. */
#include "daemon/driver/frame.h"

#include <assert.h>
#include <string.h>

static void take_off(struct stream *stream, size_t count)
{
	assert(count <= stream->count);
	stream->count -= count;
	memmove(stream->bytes, stream->bytes + count, stream->count);
}

void stream_good(struct stream *stream, size_t count)
{
	take_off(stream, count);
	stream->synchronised = true;
	stream->skipped = 0;
}

void stream_drop(struct stream *stream, size_t count, size_t frame_bytes)
{
	if (stream->synchronised) {
		stream->synchronised = false;
		stream->bad_frames++;
	}
	stream->skipped += (uint32_t)count;
	/* The first frame's worth is counted above already, or is the piece of a frame that a connect begins with. */
	if (stream->skipped >= 2 * frame_bytes) {
		stream->bad_frames++;
		stream->skipped -= (uint32_t)frame_bytes;
	}
	take_off(stream, count);
}

void stream_add(struct stream *stream, uint8_t byte, struct mono now)
{
	assert(stream->count < STREAM_BYTES);
	if (stream->count == 0)
		stream->first = now;
	stream->bytes[stream->count++] = byte;
}

void stream_drop_old(struct stream *stream, struct mono now, int64_t age_ns, size_t frame_bytes)
{
	if (stream->count > 0 && mono_since(now, stream->first) > age_ns)
		stream_drop(stream, stream->count, frame_bytes);
}

struct measurement measured(enum parameter parameter, int32_t value, struct mono determined)
{
	return (struct measurement){
	    .parameter = parameter, .quality = QUALITY_VALID, .milli = value * MILLI, .determined = determined};
}

struct measurement not_measured(enum parameter parameter, enum reason reason, struct mono determined)
{
	return (struct measurement){
	    .parameter = parameter, .quality = QUALITY_NO_VALUE, .reason = reason, .determined = determined};
}

bool time_passed(struct mono now, struct mono past, int64_t age_ns)
{
	return past.ns == 0 || mono_since(now, past) >= age_ns;
}
