/* What the driver tests share: collecting and printing decoded frames, replaying the files of tests/replay in pieces
 * and with damage, and holding a conversation with a driver that asks its device. Header only: each test is a program
 * of its own. */
#ifndef TEST_DRIVER_WORLD_H
#define TEST_DRIVER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vitals/driver.h"
#include "vitals/traffic.h"

#define FRAMES_MAX 512
#define FILE_BYTES 32768

struct frames {
	size_t count;
	struct decoded list[FRAMES_MAX];
};

static inline void frames_collect(void *context, const struct decoded *decoded)
{
	struct frames *frames = context;

	assert_true(decoded->count <= EVENT_MEASUREMENTS_MAX);
	for (uint8_t i = 0; i < decoded->count; i++) {
		const struct measurement *m = &decoded->list[i];
		assert_true(m->parameter < PARAMETER_COUNT);
		assert_true((m->quality == QUALITY_VALID) == (m->reason == REASON_NONE));
		assert_true(m->quality != QUALITY_NO_VALUE || m->milli == 0);
	}
	assert_true(frames->count < FRAMES_MAX);
	frames->list[frames->count++] = *decoded;
}

/* One that is in no list. */
static const struct driver *unlisted_driver;

static inline const struct driver *driver_named(const char *name)
{
	const struct driver *driver = unlisted_driver != NULL ? unlisted_driver : driver_by_name(name);
	assert_non_null(driver);
	return driver;
}

/* The measurement of a parameter in a frame; fails the test if it is not there. */
static inline const struct measurement *frame_of(const struct decoded *decoded, enum parameter parameter)
{
	for (uint8_t i = 0; i < decoded->count; i++)
		if (decoded->list[i].parameter == parameter)
			return &decoded->list[i];
	fail_msg("%s is not in the frame", parameter_table[parameter].name);
	return NULL;
}

static inline void must_be(const struct decoded *decoded, enum parameter parameter, int32_t value)
{
	const struct measurement *m = frame_of(decoded, parameter);

	assert_int_equal(m->quality, QUALITY_VALID);
	assert_int_equal(m->milli, value * MILLI);
}

static inline void must_be_doubtful(const struct decoded *decoded, enum parameter parameter, int32_t value,
                                    enum reason reason)
{
	const struct measurement *m = frame_of(decoded, parameter);

	assert_int_equal(m->quality, QUALITY_QUESTIONABLE);
	assert_int_equal(m->reason, reason);
	assert_int_equal(m->milli, value * MILLI);
}

static inline void must_lack(const struct decoded *decoded, enum parameter parameter, enum reason reason)
{
	const struct measurement *m = frame_of(decoded, parameter);

	assert_int_equal(m->quality, QUALITY_NO_VALUE);
	assert_int_equal(m->reason, reason);
}

/* ---- printing -----------------------------------------------------------------------------------------------------
 */

struct page {
	size_t used;
	char text[FILE_BYTES];
};

__attribute__((format(printf, 2, 3))) static inline void page_add(struct page *page, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int count = vsnprintf(page->text + page->used, sizeof page->text - page->used, format, arguments);
	va_end(arguments);
	assert_true(count >= 0);
	page->used += (size_t)count;
	assert_true(page->used < sizeof page->text);
}

static inline void page_frame(struct page *page, const struct decoded *decoded)
{
	for (uint8_t k = 0; k < decoded->count; k++) {
		const struct measurement *m = &decoded->list[k];
		page_add(page, "%s=", parameter_table[m->parameter].name);
		if (!measurement_has_value(m))
			page_add(page, "none(%s)", reason_name(m->reason));
		else if (m->quality == QUALITY_VALID)
			page_add(page, "%d", (int)m->milli);
		else
			page_add(page, "%d?(%s)", (int)m->milli, reason_name(m->reason));
		page_add(page, "%s", k + 1 == decoded->count ? "\n" : " ");
	}
}

/* Returns the number of bytes, or 0 if the file is not there. */
static inline size_t read_whole(const char *path, uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return 0;
	size_t count = fread(bytes, 1, size - 1, file);
	assert_int_equal(fclose(file), 0);
	assert_true(count < size - 1);
	bytes[count] = '\0';
	return count;
}

/* ---- a live device ------------------------------------------------------------------------------------------------
 */

/* Feeds bytes in pieces as a live device sends them: a period from frame to frame, of the drivers that ask for it. Then
 * the line is quiet. */
static inline void feed_live(const struct driver *driver, struct stream *stream, const uint8_t *bytes, size_t count,
                             size_t piece, struct mono *now, struct frames *frames)
{
	struct mono began = *now;

	for (size_t at = 0, size; at < count; at += size) {
		uint32_t before = stream->frames + stream->bad_frames;
		/* A piece ends at the end of a line, and where a binary frame may begin. */
		for (size = 1; size < piece && at + size < count && bytes[at + size - 1] != '\n' &&
		               (bytes[at + size] & 0x80) == 0;)
			size++;
		driver->feed(stream, bytes + at, size, *now, frames_collect, frames);
		if (stream->frames + stream->bad_frames != before && !driver->checksum && !stream->gate.stored)
			*now = began = mono_after(began, driver->period_ns);
	}
	driver->feed(stream, NULL, 0, *now, frames_collect, frames);
}

/* ---- raw files ----------------------------------------------------------------------------------------------------
 */

/* In every cut into pieces of 1 .. 40 bytes the result is the golden one. */
static inline void replay_raw(const char *name, const char *path, const char *golden_path)
{
	static uint8_t raw[FILE_BYTES], golden[FILE_BYTES];
	static struct page page;
	const struct driver *driver = driver_named(name);
	size_t count = read_whole(path, raw, sizeof raw);

	assert_true(count > 0);
	golden[0] = '\0'; /* a file that is not there yet differs, and what it should be is printed */
	(void)read_whole(golden_path, golden, sizeof golden);
	for (size_t piece = 1; piece <= 40; piece++) {
		struct stream stream = {0};
		static struct frames frames;
		frames.count = 0;
		page.used = 0;
		struct mono now = {1};
		feed_live(driver, &stream, raw, count, piece, &now, &frames);
		for (size_t i = 0; i < frames.count; i++)
			page_frame(&page, &frames.list[i]);
		page_add(&page, "bad_frames=%u\n", (unsigned)stream.bad_frames);
		assert_string_equal(page.text, (const char *)golden);
	}
}

/* Not by the whole struct: its padding means nothing and may hold anything. A measurement has none. */
_Static_assert(sizeof(struct measurement) == 4 * sizeof(int32_t) + sizeof(struct mono), "no padding");
static inline bool same_frame(const struct decoded *a, const struct decoded *b)
{
	return a->count == b->count && strcmp(a->serial, b->serial) == 0 &&
	       memcmp(a->list, b->list, a->count * sizeof a->list[0]) == 0;
}

/* The same but for the time: bytes that are cut in front begin another time. */
static inline bool same_values(const struct decoded *a, const struct decoded *b)
{
	struct decoded timed = *a;

	for (uint8_t i = 0; i < a->count && i < b->count; i++)
		timed.list[i].determined = b->list[i].determined;
	return same_frame(&timed, b);
}

/* What a driver makes of bytes, from a fresh stream. */
static inline void decode_bytes(const char *name, const uint8_t *bytes, size_t count, struct frames *frames,
                                struct stream *stream)
{
	*stream = (struct stream){0};
	frames->count = 0;
	struct mono now = {7};
	feed_live(driver_named(name), stream, bytes, count, SIZE_MAX, &now, frames);
}

/* A frame whose halves come more than `rest_ns` apart is none; one that comes in pieces soon after each other counts,
 * and has the time of its first byte. */
static inline void old_half(const char *name, const uint8_t *frame, size_t count, size_t cut, int64_t rest_ns)
{
	const struct driver *driver = driver_named(name);
	struct stream stream = {.synchronised = true};
	static struct frames frames;
	struct mono now = {rest_ns + 1};

	frames.count = 0;
	driver->feed(&stream, frame, cut, (struct mono){0}, frames_collect, &frames);
	feed_live(driver, &stream, frame + cut, count - cut, SIZE_MAX, &now, &frames);
	assert_int_equal(frames.count, 0);
	assert_int_equal(stream.bad_frames, 1);
	driver->feed(&stream, frame, cut, (struct mono){2 * rest_ns}, frames_collect, &frames);
	now.ns = 3 * rest_ns;
	feed_live(driver, &stream, frame + cut, count - cut, SIZE_MAX, &now, &frames);
	assert_int_equal(frames.count, 1);
	assert_int_equal(frames.list[0].list[0].determined.ns, 2 * rest_ns);
}

/* Every truncation, front and back, of a file: nothing but frames that the whole file has, in its order, at most
 * `extra` others. */
static inline void truncate_raw(const char *name, const char *path, size_t extra)
{
	static uint8_t raw[FILE_BYTES];
	static struct frames whole, cut;
	struct stream stream;
	size_t count = read_whole(path, raw, sizeof raw), others = 0;

	assert_true(count > 0);
	decode_bytes(name, raw, count, &whole, &stream);
	assert_true(whole.count > 0);
	for (size_t at = 0; at <= count; at++)
		for (int front = 0; front < 2; front++) {
			decode_bytes(name, front ? raw + at : raw, front ? count - at : at, &cut, &stream);
			size_t next = 0;
			for (size_t i = 0; i < cut.count; i++) {
				size_t k = next;
				while (k < whole.count && !same_values(&cut.list[i], &whole.list[k]))
					k++;
				if (k < whole.count)
					next = k + 1;
				else
					others++;
			}
		}
	assert_int_equal(others, extra);
}

struct flips {
	size_t lost; /* fewer frames than before */
	size_t same;
	size_t wrong; /* a valid number that is another one than before */
	size_t other; /* other qualities or reasons, values gone */
};

/* Every single flipped bit of `bytes`, which decode to `whole` frames. */
static inline struct flips flip_bits(const char *name, const uint8_t *bytes, size_t count)
{
	static uint8_t damaged[FILE_BYTES];
	static struct frames whole, now;
	struct flips flips = {0};
	struct stream stream;

	decode_bytes(name, bytes, count, &whole, &stream);
	assert_true(whole.count > 0);
	for (size_t bit = 0; bit < count * 8; bit++) {
		memcpy(damaged, bytes, count);
		damaged[bit / 8] = (uint8_t)(damaged[bit / 8] ^ 1 << bit % 8);
		decode_bytes(name, damaged, count, &now, &stream);
		assert_true(now.count <= whole.count);
		bool wrong = false, same = now.count == whole.count;
		for (size_t i = 0; i < now.count && now.count == whole.count; i++) {
			same = same && same_frame(&now.list[i], &whole.list[i]);
			for (uint8_t k = 0; k < now.list[i].count; k++)
				wrong |= now.list[i].list[k].quality == QUALITY_VALID &&
				         now.list[i].list[k].milli != whole.list[i].list[k].milli;
		}
		if (now.count < whole.count)
			flips.lost++;
		else if (wrong)
			flips.wrong++;
		else if (same)
			flips.same++;
		else
			flips.other++;
	}
	return flips;
}

/* Whether frames `from` to `to` have this value, at least as certain. */
static inline bool frames_have(const struct frames *frames, size_t from, size_t to, const struct measurement *value)
{
	for (size_t i = from; i < to; i++)
		for (uint8_t k = 0; k < frames->list[i].count; k++) {
			const struct measurement *m = &frames->list[i].list[k];
			if (m->parameter == value->parameter && measurement_has_value(m) && m->milli == value->milli &&
			    (m->quality == value->quality || m->quality == QUALITY_VALID))
				return true;
		}
	return false;
}

/* Whether `now` brings a value that `whole` does not bring there, or is more certain of it. Frames before and behind
 * the damage must be as they were, with at most `changed` others in their place. */
static inline bool is_wrong(const struct frames *now, const struct frames *whole, size_t changed)
{
	size_t most = now->count < whole->count ? now->count : whole->count, front = 0, back = 0;

	while (front < most && same_values(&now->list[front], &whole->list[front]))
		front++;
	while (back < most - front &&
	       same_values(&now->list[now->count - 1 - back], &whole->list[whole->count - 1 - back]))
		back++;
	assert_true(now->count - front - back <= changed);
	for (size_t i = front; i < now->count - back; i++)
		for (uint8_t k = 0; k < now->list[i].count; k++)
			if (measurement_has_value(&now->list[i].list[k]) &&
			    !frames_have(whole, front, whole->count - back, &now->list[i].list[k]))
				return true;
	return false;
}

#define FLIP_PIECE  64
#define FLIP_WINDOW 2560 /* what comes behind is not damaged any more, in more than three frames of any driver */

/* Every single flipped bit of a whole file; returns after how many there was a wrong value. */
static inline size_t flip_file(const char *name, const char *path, size_t changed)
{
	static uint8_t raw[FILE_BYTES];
	static struct frames whole, now;
	const struct driver *driver = driver_named(name);
	struct stream before = {0}, stream;
	struct mono began = {7};
	size_t count = read_whole(path, raw, sizeof raw), wrong = 0;

	assert_true(count > 0);
	for (size_t at = 0; at < count; at += FLIP_PIECE) {
		size_t piece = count - at < FLIP_PIECE ? count - at : FLIP_PIECE;
		size_t window = count - at < FLIP_WINDOW ? count - at : FLIP_WINDOW;
		struct mono when = began;
		stream = before;
		whole.count = 0;
		feed_live(driver, &stream, raw + at, window, SIZE_MAX, &when, &whole);
		for (size_t bit = 8 * at; bit < 8 * (at + piece); bit++) {
			uint8_t mask = (uint8_t)(1U << bit % 8);
			raw[bit / 8] ^= mask;
			stream = before;
			now.count = 0;
			when = began;
			feed_live(driver, &stream, raw + at, window, SIZE_MAX, &when, &now);
			raw[bit / 8] ^= mask;
			wrong += is_wrong(&now, &whole, changed);
		}
		now.count = 0;
		feed_live(driver, &before, raw + at, piece, SIZE_MAX, &began, &now);
	}
	return wrong;
}

/* Bytes that never end and never make a frame: counted, and forgotten when a good frame comes. */
static inline void endless(const char *name, const uint8_t *frame, size_t count, uint8_t byte)
{
	const struct driver *driver = driver_named(name);
	struct stream stream = {0};
	static struct frames frames;

	frames.count = 0;
	for (int i = 0; i < 5000; i++)
		driver->feed(&stream, &byte, 1, (struct mono){1}, frames_collect, &frames);
	assert_int_equal(frames.count, 0);
	assert_true(stream.bad_frames >= 1);
	struct mono now = {3 * NS_PER_S};
	for (int i = 0; i < 3; i++)
		feed_live(driver, &stream, frame, count, SIZE_MAX, &now, &frames);
	assert_true(frames.count >= 2); /* the first may be taken for the end of something */
}

/* ---- conversations ------------------------------------------------------------------------------------------------
 */

/* A driver that asks, and a clock. The other end is the test. */
struct talk {
	const struct driver *driver;
	struct stream stream;
	struct mono now;
	size_t piece; /* bytes are fed in pieces of this size */
	bool muted;   /* the page gets no lines about what is said */
	struct frames frames;
	size_t said; /* commands since talk_clear */
	uint8_t last[SAY_BYTES];
	size_t last_count;
	struct page page;
};

static inline void talk_say(struct talk *talk)
{
	uint8_t bytes[SAY_BYTES];
	size_t count = talk->driver->say(&talk->stream, talk->now, bytes, sizeof bytes);

	assert_true(count <= sizeof bytes);
	assert_true(mono_before(talk->now, talk->stream.say_at));
	if (count == 0)
		return;
	memcpy(talk->last, bytes, count);
	talk->last_count = count;
	talk->said++;
	if (talk->muted)
		return;
	page_add(&talk->page, "%d.%03d >", (int)(talk->now.ns / NS_PER_S), (int)(talk->now.ns % NS_PER_S / NS_PER_MS));
	for (size_t i = 0; i < count; i++)
		page_add(&talk->page, " %02X", bytes[i]);
	page_add(&talk->page, "\n");
}

static inline void talk_collect(void *context, const struct decoded *decoded)
{
	struct talk *talk = context;

	frames_collect(&talk->frames, decoded);
	page_frame(&talk->page, decoded);
	if (decoded->count == 0)
		talk->frames.count--; /* only a sign of life */
}

/* A connection made at `now`. */
static inline void talk_connect(struct talk *talk, const char *name, struct mono now)
{
	*talk = (struct talk){.driver = driver_named(name), .now = now, .piece = SIZE_MAX};
	assert_non_null(talk->driver->say);
	assert_non_null(talk->driver->order);
	talk_say(talk);
}

/* Time passes, as in the stream loop. */
static inline void talk_until(struct talk *talk, struct mono until)
{
	while (!mono_before(until, talk->stream.say_at)) {
		if (mono_before(talk->now, talk->stream.say_at))
			talk->now = talk->stream.say_at;
		talk_say(talk);
	}
	talk->now = until;
}

static inline void talk_wait(struct talk *talk, int64_t ns)
{
	talk_until(talk, mono_after(talk->now, ns));
}

static inline void talk_hear(struct talk *talk, const uint8_t *bytes, size_t count)
{
	for (size_t at = 0; at < count;) {
		size_t piece = count - at < talk->piece ? count - at : talk->piece;
		talk->driver->feed(&talk->stream, bytes + at, piece, talk->now, talk_collect, talk);
		at += piece;
		talk_say(talk);
	}
}

static inline bool talk_order(struct talk *talk, bool start)
{
	bool taken = talk->driver->order(&talk->stream, start);
	talk_say(talk);
	return taken;
}

static inline void talk_clear(struct talk *talk)
{
	talk->frames.count = 0;
	talk->said = 0;
	talk->last_count = 0;
}

static inline bool talk_last_is(const struct talk *talk, const void *bytes, size_t count)
{
	return talk->last_count == count && memcmp(talk->last, bytes, count) == 0;
}

/* What is done to the bytes of a device; -1 for nothing. Counted over the whole file. */
struct damage {
	long flip; /* this bit is another one */
	long cut;  /* of the line with this byte, it and the rest are lost */
};

#define NO_DAMAGE ((struct damage){-1, -1})

/* One line of recorded traffic. `*byte` counts the device's bytes. */
static inline void talk_line(struct talk *talk, const char *text, struct damage damage, long *byte)
{
	struct traffic_line line;
	enum traffic_text kind = traffic_parse(text, &line);

	assert_int_not_equal(kind, TRAFFIC_WRONG);
	if (kind == TRAFFIC_COMMENT)
		return;
	talk_until(talk, (struct mono){line.at_us * 1000});
	if (line.kind == TRAFFIC_START || line.kind == TRAFFIC_STOP) {
		/* Refused or not: the page tells, and a damaged conversation may stand elsewhere. */
		(void)talk_order(talk, line.kind == TRAFFIC_START);
		return;
	}
	assert_int_equal(line.kind, TRAFFIC_RECEIVED);
	if (damage.flip >= *byte * 8 && damage.flip < (*byte + line.count) * 8)
		line.bytes[damage.flip / 8 - *byte] ^= (uint8_t)(1U << damage.flip % 8);
	long first = *byte;
	*byte += line.count;
	if (damage.cut >= first && damage.cut < *byte)
		line.count = (uint16_t)(damage.cut - first);
	talk_hear(talk, line.bytes, line.count);
}

/* Plays a whole file. Returns the number of bytes that the device said. */
static inline long talk_play(struct talk *talk, const char *name, const char *path, size_t piece, struct damage damage)
{
	static uint8_t text[FILE_BYTES];
	long bytes = 0;

	assert_true(read_whole(path, text, sizeof text) > 0);
	talk_connect(talk, name, (struct mono){NS_PER_S});
	talk->piece = piece;
	talk->muted = damage.flip >= 0 || damage.cut >= 0;
	for (const char *line = (const char *)text; line != NULL && *line != '\0';) {
		talk_line(talk, line, damage, &bytes);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	page_add(&talk->page, "bad_frames=%u\n", (unsigned)talk->stream.bad_frames);
	return bytes;
}

static inline void replay_talk(const char *name, const char *path, const char *golden_path)
{
	static uint8_t golden[FILE_BYTES];
	static struct talk talk;

	golden[0] = '\0'; /* a file that is not there yet differs, and what it should be is printed */
	(void)read_whole(golden_path, golden, sizeof golden);
	for (size_t piece = 1; piece <= 40; piece++) {
		(void)talk_play(&talk, name, path, piece, NO_DAMAGE);
		assert_string_equal(talk.page.text, (const char *)golden);
	}
}

/* A frame with values in `now` must be one of `whole`. Returns how many there are. */
static inline size_t count_good(const struct frames *now, const struct frames *whole, struct damage damage)
{
	size_t good = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct decoded *decoded = &now->list[i];
		bool found = !measurement_has_value(&decoded->list[0]);
		good += !found;
		for (size_t k = 0; k < whole->count && !found; k++) {
			const struct decoded *other = &whole->list[k];
			found = other->count == decoded->count;
			for (uint8_t m = 0; m < decoded->count && found; m++)
				found = other->list[m].quality == decoded->list[m].quality &&
				        other->list[m].milli == decoded->list[m].milli;
		}
		if (!found)
			fail_msg("a wrong value: flip %ld cut %ld", damage.flip, damage.cut);
	}
	return good;
}

/* Every single flipped bit of what the device says, and every line of it cut off anywhere: a frame that brings values
 * brings values of the undamaged conversation, and there are not more of them. Returns the damages after which there
 * were fewer. */
static inline size_t damage_talk(const char *name, const char *path)
{
	static struct talk whole, now;
	long bytes = talk_play(&whole, name, path, SIZE_MAX, NO_DAMAGE);
	size_t had = count_good(&whole.frames, &whole.frames, NO_DAMAGE), fewer = 0;

	for (long i = 0; i < bytes * 9; i++) {
		struct damage damage = NO_DAMAGE;
		if (i < bytes)
			damage.cut = i;
		else
			damage.flip = i - bytes;
		(void)talk_play(&now, name, path, SIZE_MAX, damage);
		size_t good = count_good(&now.frames, &whole.frames, damage);
		assert_true(good <= had);
		fewer += good < had;
	}
	return fewer;
}

/* ---- other people's recordings ------------------------------------------------------------------------------------
 */

/* The text of a file of ../shared/captures; skips the test if it is not there. */
static inline const char *read_capture(const char *name)
{
	static uint8_t text[FILE_BYTES];
	char path[128];

	(void)snprintf(path, sizeof path, "../shared/captures/%s", name);
	if (read_whole(path, text, sizeof text) == 0) {
		print_message("captures are not here: skipped\n");
		skip();
	}
	return (const char *)text;
}

/* The bytes of the first line of a hex file that begins so. */
static inline size_t read_capture_line(const char *text, const char *front, uint8_t *bytes, size_t size)
{
	char begin[64];
	size_t count;

	(void)snprintf(begin, sizeof begin, "\n%s", front);
	const char *line = strstr(text, begin);
	assert_non_null(line);
	assert_true(traffic_hex(line + 1, bytes, size, &count));
	return count;
}

/* The bytes of a part of a hex file: the lines behind the one that says `mark`, up to the next that is no hex. */
static inline size_t read_part(const char *text, const char *mark, uint8_t *bytes, size_t size)
{
	char line_of_mark[32];
	size_t count = 0;

	(void)snprintf(line_of_mark, sizeof line_of_mark, "\n%s\n", mark);
	const char *line = strstr(text, line_of_mark);
	assert_non_null(line);
	line += strlen(line_of_mark);
	while (line != NULL && strchr("0123456789ABCDEF", *line) != NULL && *line != '\0') {
		size_t more;
		assert_true(traffic_hex(line, bytes + count, size - count, &more));
		count += more;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	assert_true(count > 0);
	return count;
}

#endif
