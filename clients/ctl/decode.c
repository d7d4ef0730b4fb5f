/* `vitalsctl decode`: what a driver or a register map makes of recorded traffic; see devices.h.
 *
 * A file is one of three kinds, told by its first line: recorded traffic (vitals/traffic.h); a hexadecimal dump, with
 * comments behind '#' or "->", in which "[...]" begins a new connection; or plain bytes as they came. The last two have
 * no times: their bytes come at the speed of the line.
 *
 * Output: one line for each measurement, "SECONDS PARAMETER VALUE [questionable] [(reason)]". */
#include "clients/ctl/devices.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/decode.h"
#include "vitals/driver.h"
#include "vitals/parameter.h"
#include "vitals/traffic.h"

#define LINE_BYTES 8192
#define SAYS_MAX   1000                   /* at one time; a driver that wants more is stuck */
#define SILENCE_NS (NS_PER_S * 3600 * 24) /* the longest gap through which a driver's own times are played */

struct player {
	const struct driver *driver;
	struct stream stream;
	struct mono now;
	unsigned frames, bad;
	char serial[NAME_BYTES]; /* the last one told */
};

/* ---- output ------------------------------------------------------------------------------------------------------ */

void decode_print(struct mono at, const char *before, const struct decoded *decoded)
{
	int64_t us = (at.ns - DECODE_EPOCH_NS) / 1000;

	if (decoded->count == 0)
		printf("%" PRId64 ".%06" PRId64 " %s- alive, nothing measured\n", us / 1000000, us % 1000000, before);
	for (uint8_t i = 0; i < decoded->count; i++) {
		const struct measurement *m = &decoded->list[i];
		int64_t determined = (m->determined.ns - DECODE_EPOCH_NS) / 1000;
		printf("%" PRId64 ".%06" PRId64 " %s%s ", determined / 1000000, determined % 1000000, before,
		       parameter_table[m->parameter].name);
		if (!measurement_has_value(m)) {
			printf("none (%s)\n", reason_name(m->reason));
			continue;
		}
		int64_t milli = m->milli < 0 ? -(int64_t)m->milli : m->milli;
		printf("%s%" PRId64 ".%03" PRId64, m->milli < 0 ? "-" : "", milli / 1000, milli % 1000);
		if (m->quality == QUALITY_VALID)
			printf("\n");
		else
			printf(" questionable (%s)\n", reason_name(m->reason));
	}
}

static void print_frame(void *context, const struct decoded *decoded)
{
	struct player *player = context;

	player->frames++;
	if (decoded->serial[0] != '\0' && strcmp(decoded->serial, player->serial) != 0) {
		memcpy(player->serial, decoded->serial, sizeof player->serial);
		printf("# serial number %s\n", player->serial);
	}
	decode_print(player->now, "", decoded);
}

/* ---- the driver, as a link would call it ------------------------------------------------------------------------- */

static void say(struct player *player)
{
	uint8_t bytes[SAY_BYTES];

	if (player->driver->say != NULL)
		(void)player->driver->say(&player->stream, player->now, bytes, sizeof bytes); /* was said then */
}

static void connect_anew(struct player *player)
{
	player->bad += player->stream.bad_frames;
	player->stream = (struct stream){0};
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

static void hear(struct player *player, const uint8_t *bytes, size_t count)
{
	player->driver->feed(&player->stream, bytes, count, player->now, print_frame, player);
	say(player);
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
	uint8_t bytes[LINE_BYTES / 2];
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
	pass_wire(player, count);
	hear(player, bytes, count);
	return true;
}

static void play_raw(struct player *player, FILE *file)
{
	uint8_t bytes[32];
	size_t count;

	while ((count = fread(bytes, 1, sizeof bytes, file)) > 0) {
		pass_wire(player, count);
		hear(player, bytes, count);
	}
}

bool decode_is_header(const char *text)
{
	static const char first[] = "# vitalsd traffic ";

	return strncmp(text, first, sizeof first - 1) == 0;
}

enum decode_kind decode_kind_of(FILE *file)
{
	char text[LINE_BYTES];
	struct traffic_line line;
	uint8_t bytes[LINE_BYTES / 2];
	enum decode_kind kind = DECODE_RAW;
	size_t count;

	while (fgets(text, sizeof text, file) != NULL && kind == DECODE_RAW) {
		const char *begin = text + strspn(text, " \t\r\n");
		enum traffic_text read = traffic_parse(text, &line);
		if (read == TRAFFIC_COMMENT && (*begin == '#' || *begin == '\0'))
			continue;
		if (read == TRAFFIC_LINE)
			kind = DECODE_TRAFFIC;
		else if (*begin == '[' || (traffic_hex(begin, bytes, sizeof bytes, &count) && count > 0))
			kind = DECODE_HEX;
		else
			break;
	}
	rewind(file);
	return kind;
}

bool decode_lines(FILE *file, const char *path, bool (*play)(void *context, const char *line), void *context)
{
	char text[LINE_BYTES];

	for (unsigned number = 1; fgets(text, sizeof text, file) != NULL; number++) {
		bool whole = strchr(text, '\n') != NULL || feof(file);
		if (whole && play(context, text))
			continue;
		fprintf(stderr,
		        "vitalsctl: %s:%u: cannot be read (legal: TIME < or > BYTES in hexadecimal, TIME connected, "
		        "TIME start or stop, # comment; lines below %d bytes)\n",
		        path, number, LINE_BYTES);
		return false;
	}
	return true;
}

static bool decode_driver(const struct driver *driver, FILE *file, const char *path)
{
	static struct player player;
	bool good = true;

	player = (struct player){.driver = driver, .now = {DECODE_EPOCH_NS}};
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
	printf("# %u frames, %u thrown away\n", player.frames, player.bad + player.stream.bad_frames);
	return good;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static const struct driver *find_driver(const char *name)
{
	const struct driver *driver = driver_by_name(name);

	if (driver != NULL)
		return driver;
	fprintf(stderr, "vitalsctl: there is no driver %s. Drivers:", name);
	for (int i = 0; driver_list[i] != NULL; i++)
		fprintf(stderr, " %s", driver_list[i]->name);
	fprintf(stderr, "\n");
	return NULL;
}

int decode_file(const struct options *options, const char *path)
{
	static struct register_map map;
	const struct driver *driver = NULL;

	if ((options->driver == NULL) == (options->map == NULL)) {
		fprintf(stderr, "vitalsctl: decode needs --driver NAME, or --map FILE for a Modbus device\n");
		return EXIT_USAGE;
	}
	if (options->driver != NULL) {
		driver = find_driver(options->driver);
		if (driver == NULL)
			return EXIT_USAGE;
	} else if (config_read_map(&map, options->map, stderr) != 0) {
		return EXIT_REFUSED;
	}
	FILE *file = fopen(path, "rb");
	int error = errno;
	if (file == NULL) {
		fprintf(stderr, "vitalsctl: %s: %s\n", path, strerror(error));
		return EXIT_REFUSED;
	}
	bool good = driver != NULL ? decode_driver(driver, file, path) : decode_modbus(&map, file, path);
	good = ferror(file) == 0 && good;
	(void)fclose(file); /* was only read */
	return fflush(stdout) == 0 && ferror(stdout) == 0 && good ? EXIT_OK : EXIT_REFUSED;
}
