/* What drivers share; see frame.h. Pure; called by drivers, on the thread of whoever feeds them. */
#include "daemon/driver/frame.h"

#include <assert.h>
#include <string.h>

#define DETERMINATION_MIN_NS (5 * NS_PER_S)

bool text_is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

bool text_is_capital(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z';
}

bool text_looks_like(struct text text, const char *picture)
{
	if (text.count != strlen(picture))
		return false;
	for (size_t i = 0; i < text.count; i++) {
		bool fits = picture[i] == '0'   ? text_is_digit(text.at[i])
		            : picture[i] == 'A' ? text_is_capital(text.at[i])
		                                : text.at[i] == (uint8_t)picture[i];
		if (!fits)
			return false;
	}
	return true;
}

bool text_is(struct text text, const char *other)
{
	return text.count == strlen(other) && memcmp(text.at, other, text.count) == 0;
}

bool text_begins(struct text text, const char *front)
{
	size_t count = strlen(front);
	return text.count >= count && memcmp(text.at, front, count) == 0;
}

int32_t text_number(struct text text)
{
	int32_t number = 0;

	for (size_t i = 0; i < text.count; i++)
		if (text_is_digit(text.at[i]))
			number = number * 10 + (text.at[i] - '0');
	return number;
}

bool text_read_number(struct text text, size_t max_digits, int32_t *number)
{
	if (text.count == 0 || text.count > max_digits)
		return false;
	for (size_t i = 0; i < text.count; i++)
		if (!text_is_digit(text.at[i]))
			return false;
	*number = text_number(text);
	return true;
}

struct text text_take(struct text *rest, uint8_t separator)
{
	struct text front = {rest->at, 0};

	while (front.count < rest->count && rest->at[front.count] != separator)
		front.count++;
	size_t taken = front.count < rest->count ? front.count + 1 : front.count;
	rest->at += taken;
	rest->count -= taken;
	return front;
}

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

void stream_lines(struct stream *stream, struct text bytes, struct mono now, int64_t age_ns, size_t usual,
                  bool (*take)(struct text line, struct mono began, struct sink sink), struct sink sink)
{
	stream_drop_old(stream, now, age_ns, usual);
	for (size_t i = 0; i < bytes.count; i++) {
		if (bytes.at[i] == '\n') {
			struct text line = {stream->bytes, stream->count};
			if (line.count > 0 && line.at[line.count - 1] == '\r')
				line.count--;
			if (stream->synchronised && line.count > 0 && !take(line, stream->first, sink))
				stream->bad_frames++;
			stream_good(stream, stream->count);
			continue;
		}
		/* Before the first line end nothing is kept, but a stream without any line end is counted. */
		stream_add(stream, bytes.at[i], now);
		if (!stream->synchronised || stream->count == STREAM_BYTES)
			stream_drop(stream, stream->count, usual);
	}
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

void cuff_tell(const struct cuff_result *result, struct mono determined, struct sink sink)
{
	const enum parameter parameters[] = {PARAMETER_NIBP_SYS, PARAMETER_NIBP_DIA, PARAMETER_NIBP_MEAN,
	                                     PARAMETER_NIBP_PULSE};
	const int32_t values[] = {result->sys, result->dia, result->mean, result->pulse};
	struct decoded decoded = {.count = 4};

	for (int i = 0; i < 4; i++)
		decoded.list[i] = values[i] < 0 ? not_measured(parameters[i], REASON_NOT_MEASURED, determined)
		                                : measured(parameters[i], values[i], determined);
	sink.emit(sink.context, &decoded);
}

void cuff_alive(struct stream *stream, struct sink sink)
{
	struct decoded decoded = {.count = 0};
	enum reason failed = stream->dialogue.failed;

	if (failed != REASON_NONE) {
		stream->dialogue.failed = REASON_NONE;
		decoded.count = 4;
		decoded.list[0] = not_measured(PARAMETER_NIBP_SYS, failed, stream->first);
		decoded.list[1] = not_measured(PARAMETER_NIBP_DIA, failed, stream->first);
		decoded.list[2] = not_measured(PARAMETER_NIBP_MEAN, failed, stream->first);
		decoded.list[3] = not_measured(PARAMETER_NIBP_PULSE, failed, stream->first);
	}
	sink.emit(sink.context, &decoded);
}

void cuff_end(struct dialogue *dialogue, enum reason failed)
{
	if (dialogue->running)
		dialogue->failed = failed;
	dialogue->running = false;
	dialogue->ours = false;
	dialogue->state = 0;
	dialogue->tries = 0;
}

bool cuff_too_short(const struct dialogue *dialogue, struct mono now)
{
	return dialogue->ours && mono_since(now, dialogue->began) < DETERMINATION_MIN_NS;
}

bool time_passed(struct mono now, struct mono past, int64_t age_ns)
{
	return past.ns == 0 || mono_since(now, past) >= age_ns;
}
