/* `vitalsctl decode --driver`: plays recorded bytes to a streaming driver again, with their times, as a link would.
 * Called by decode.c. */
#include "clients/ctl/decode.h"

#include <string.h>

#include "vitals/driver.h"
#include "vitals/traffic.h"

#define SAYS_MAX   1000                   /* at one time; a driver that wants more is stuck */
#define SILENCE_NS (NS_PER_S * 3600 * 24) /* the longest gap through which a driver's own times are played */

struct player {
	const struct driver *driver;
	struct stream stream;
	struct mono now;
	struct mono frame_began; /* of bytes without times */
	bool begun;              /* the first frame or line end since the connect was seen */
	size_t unused;           /* bytes before it that the driver threw away */
	unsigned frames, bad;
	char serial[NAME_BYTES]; /* the last one told */
};

static void print_frame(void *context, const struct decoded *decoded)
{
	struct player *player = context;

	player->frames++;
	if (decoded->serial[0] != '\0' && strcmp(decoded->serial, player->serial) != 0) {
		memcpy(player->serial, decoded->serial, sizeof player->serial);
		printf("# serial number %s\n", player->serial);
	}
	if (decoded->unknown[0] != '\0')
		printf("# status %s is not known\n", decoded->unknown);
	decode_print(player->now, "", decoded);
}

/* ---- the driver, as a link would call it ------------------------------------------------------------------------- */

static void say(struct player *player)
{
	uint8_t bytes[SAY_BYTES];

	if (player->driver->say != NULL)
		(void)player->driver->say(&player->stream, player->now, bytes, sizeof bytes); /* was said then */
}

static void begin(struct player *player)
{
	if (!player->begun && player->unused > 0)
		printf("# the first %zu bytes are not used: after a connect nothing counts before a whole frame or the "
		       "end of "
		       "a line\n",
		       player->unused);
	player->begun = true;
}

static void print_nothing(void *context, const struct decoded *decoded)
{
	(void)context;
	(void)decoded;
}

/* What the driver throws away before the first frame it does not count: so it is looked for here, with a copy, a byte
 * at a time. */
static void look_for_beginning(struct player *player, const uint8_t *bytes, size_t count)
{
	struct stream stream = player->stream;

	for (size_t i = 0; i < count && !player->begun; i++) {
		size_t kept = stream.count;
		player->driver->feed(&stream, bytes + i, 1, player->now, print_nothing, NULL);
		if (stream.synchronised)
			begin(player);
		else if (stream.count <= kept)
			player->unused += kept + 1 - stream.count;
	}
}

static void hear(struct player *player, const uint8_t *bytes, size_t count)
{
	look_for_beginning(player, bytes, count);
	player->driver->feed(&player->stream, bytes, count, player->now, print_frame, player);
	say(player);
}

/* Nothing comes after the last frame of a recording. */
static void hear_no_more(struct player *player)
{
	hear(player, NULL, 0);
	begin(player);
}

static void connect_anew(struct player *player)
{
	hear_no_more(player);
	player->bad += player->stream.bad_frames;
	player->stream = (struct stream){0};
	player->begun = false;
	player->unused = 0;
	say(player);
}

/* Time passes: the driver is asked whenever it wanted to be. */
static void play_until(struct player *player, struct mono until)
{
	if (player->driver->say != NULL && mono_since(until, player->now) < SILENCE_NS)
		for (int i = 0; i < SAYS_MAX && !mono_before(until, player->stream.say_at); i++) {
			if (mono_before(player->now, player->stream.say_at))
				player->now = player->stream.say_at;
			say(player);
		}
	if (mono_before(player->now, until))
		player->now = until;
}

static void order(struct player *player, bool start)
{
	if (player->driver->order != NULL)
		(void)player->driver->order(&player->stream, start); /* refused now as it was then */
	say(player);
}

/* The time that bytes without a time take on the line. */
static void pass_wire(struct player *player, size_t count)
{
	const struct line_settings *line = &player->driver->line;
	int64_t bits = 1 + line->data_bits + (line->parity == 'N' ? 0 : 1) + line->stop_bits;

	play_until(player, mono_after(player->now, (int64_t)count * bits * NS_PER_S / line->baud));
}

/* Bytes without times, at the pace of a live device: a driver that tells stored frames from live ones by their pace
 * would take the speed of the line for that of a printed memory. What the device says to be its memory is not slowed.
 */
static void hear_untimed(struct player *player, const uint8_t *bytes, size_t count)
{
	if (player->driver->checksum) {
		pass_wire(player, count);
		hear(player, bytes, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t before = player->stream.frames + player->stream.bad_frames;
		pass_wire(player, 1);
		hear(player, bytes + i, 1);
		if (player->stream.frames + player->stream.bad_frames == before)
			continue;
		if (!player->stream.gate.stored)
			play_until(player, mono_after(player->frame_began, player->driver->period_ns));
		player->frame_began = player->now;
	}
}

/* ---- the three kinds of file ------------------------------------------------------------------------------------- */

static bool play_traffic(void *context, const char *text)
{
	struct player *player = context;
	struct traffic_line line;

	switch (traffic_parse(text, &line)) {
	case TRAFFIC_COMMENT:
		if (decode_is_header(text)) /* the recording was begun anew: its times are */
			*player = (struct player){.driver = player->driver,
			                          .now = {DECODE_EPOCH_NS},
			                          .frames = player->frames,
			                          .bad = player->bad + player->stream.bad_frames};
		return true;
	case TRAFFIC_WRONG:
		return false;
	case TRAFFIC_LINE:
		break;
	}
	play_until(player, (struct mono){DECODE_EPOCH_NS + line.at_us * 1000});
	switch (line.kind) {
	case TRAFFIC_RECEIVED:
		hear(player, line.bytes, line.count);
		break;
	case TRAFFIC_SENT: /* the driver says it again by itself */
		break;
	case TRAFFIC_CONNECTED:
		connect_anew(player);
		break;
	case TRAFFIC_START:
	case TRAFFIC_STOP:
		order(player, line.kind == TRAFFIC_START);
		break;
	}
	return true;
}

static bool play_hex(void *context, const char *text)
{
	struct player *player = context;
	uint8_t bytes[DECODE_LINE_BYTES / 2];
	size_t count;

	text += strspn(text, " \t");
	if (*text == '[') {
		connect_anew(player);
		return true;
	}
	if (!traffic_hex(text, bytes, sizeof bytes, &count))
		return false;
	if (count == 0)
		return true;
	hear_untimed(player, bytes, count);
	return true;
}

static void play_raw(struct player *player, FILE *file)
{
	uint8_t bytes[32];
	size_t count;

	while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
		hear_untimed(player, bytes, count);
}

bool decode_stream(const struct driver *driver, FILE *file, const char *path)
{
	static struct player player;
	bool good = true;

	player = (struct player){.driver = driver, .now = {DECODE_EPOCH_NS}, .frame_began = {DECODE_EPOCH_NS}};
	connect_anew(&player);
	switch (decode_kind_of(file)) {
	case DECODE_TRAFFIC:
		good = decode_lines(file, path, play_traffic, &player);
		break;
	case DECODE_HEX:
		good = decode_lines(file, path, play_hex, &player);
		break;
	case DECODE_RAW:
		play_raw(&player, file);
		break;
	}
	hear_no_more(&player);
	printf("# %u frames, %u thrown away\n", player.frames, player.bad + player.stream.bad_frames);
	return good;
}
