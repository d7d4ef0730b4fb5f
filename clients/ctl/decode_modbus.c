/* `vitalsctl decode --map`: pairs the requests and answers of recorded Modbus traffic, RTU or TCP, with the same checks
 * as a link, and decodes rounds as it does: a round begins with the block that is read first and counts only if every
 * block was read, and if the device has shown its identity since the connect and since the last error. See decode.h. */
#include <stdio.h>
#include <string.h>

#include "clients/ctl/decode.h"
#include "vitals/traffic.h"

#define UNITS 256

struct exchange {
	const struct register_map *map;
	struct register_state states[UNITS];
	bool identified[UNITS];
	bool asked;
	struct traffic_request request;
	size_t count; /* of the answer so far */
	uint8_t answer[TRAFFIC_FRAME_BYTES];
	/* The round: */
	uint8_t unit;
	uint16_t read; /* a bit for each block */
	struct mono began;
	uint16_t registers[REGISTER_MAP_BLOCKS_MAX][REGISTER_BLOCK_MAX];
	unsigned rounds, refused, strangers;
};

static uint8_t first_block(const struct register_map *map)
{
	return map->has_sequence ? map->sequence_block : 0;
}

/* Which block of the map was asked for, -1 if none: identity, writes, other devices of the bus. */
static int block_of(const struct register_map *map, const struct traffic_request *request)
{
	for (uint8_t i = 0; i < map->block_count; i++)
		if (map->blocks[i].start == request->address && map->blocks[i].count == request->argument &&
		    (map->blocks[i].table == REGISTER_INPUT ? 4 : 3) == request->function)
			return i;
	return -1;
}

static bool asks_identity(const struct register_map *map, const struct traffic_request *request)
{
	return map->has_identity && map->identity.start == request->address &&
	       map->identity.count == request->argument &&
	       (map->identity.table == REGISTER_INPUT ? 4 : 3) == request->function;
}

static void take_identity(struct exchange *exchange, const uint16_t *registers)
{
	const struct register_map *map = exchange->map;
	uint8_t unit = exchange->request.unit;

	exchange->identified[unit] =
	    memcmp(registers, map->identity_expect, map->identity_expect_count * sizeof registers[0]) == 0;
	if (exchange->identified[unit])
		return;
	exchange->states[unit] = (struct register_state){0};
	printf("# unit %u is another device than the map's: its identity is", unit);
	for (uint8_t i = 0; i < map->identity_expect_count; i++)
		printf(" 0x%04X", registers[i]);
	printf("\n");
}

/* After an error: as a link, which asks every device of the bus again who it is. */
static void doubt(struct exchange *exchange)
{
	exchange->read = 0;
	memset(exchange->identified, 0, sizeof exchange->identified);
}

static void end_round(struct exchange *exchange)
{
	const uint16_t *registers[REGISTER_MAP_BLOCKS_MAX];
	struct decoded decoded;
	char before[16];

	exchange->read = 0;
	if (exchange->map->has_identity && !exchange->identified[exchange->unit]) {
		exchange->strangers++;
		return;
	}
	for (uint8_t i = 0; i < REGISTER_MAP_BLOCKS_MAX; i++)
		registers[i] = exchange->registers[i];
	register_map_decode(exchange->map, &exchange->states[exchange->unit], registers, exchange->began, &decoded);
	(void)snprintf(before, sizeof before, "unit %u ", exchange->unit);
	decode_print(exchange->began, before, &decoded);
	exchange->rounds++;
}

static void take_request(struct exchange *exchange, const struct traffic_line *line, struct mono at)
{
	exchange->count = 0;
	exchange->asked = traffic_request(line->bytes, line->count, &exchange->request);
	if (!exchange->asked) {
		exchange->refused++;
		return;
	}
	int block = block_of(exchange->map, &exchange->request);
	if (block >= 0 && block == first_block(exchange->map)) {
		exchange->read = 0;
		exchange->unit = exchange->request.unit;
		exchange->began = at;
	}
}

static void take_answer(struct exchange *exchange, const struct traffic_line *line)
{
	uint16_t registers[REGISTER_BLOCK_MAX];
	const struct register_map *map = exchange->map;

	if (!exchange->asked || exchange->count + line->count > sizeof exchange->answer) {
		exchange->refused++; /* nobody asked for it */
		return;
	}
	memcpy(exchange->answer + exchange->count, line->bytes, line->count);
	exchange->count += line->count;
	exchange->asked = false;
	switch (traffic_answer(&exchange->request, exchange->answer, exchange->count, registers)) {
	case TRAFFIC_ANSWER_SHORT:
		exchange->asked = true;
		return;
	case TRAFFIC_ANSWER_WRONG:
		exchange->refused++;
		doubt(exchange);
		return;
	case TRAFFIC_ANSWER_NONE:
		return;
	case TRAFFIC_ANSWER_READ:
		break;
	}
	if (asks_identity(map, &exchange->request))
		take_identity(exchange, registers);
	int block = block_of(map, &exchange->request);
	if (block < 0 || exchange->request.unit != exchange->unit)
		return;
	memcpy(exchange->registers[block], registers, map->blocks[block].count * sizeof registers[0]);
	exchange->read |= (uint16_t)(1U << block);
	if (exchange->read == (1U << map->block_count) - 1)
		end_round(exchange);
}

static bool play(void *context, const char *text)
{
	struct exchange *exchange = context;
	struct traffic_line line;

	switch (traffic_parse(text, &line)) {
	case TRAFFIC_COMMENT:
		return true;
	case TRAFFIC_WRONG:
		return false;
	case TRAFFIC_LINE:
		break;
	}
	switch (line.kind) {
	case TRAFFIC_RECEIVED:
		take_answer(exchange, &line);
		break;
	case TRAFFIC_SENT:
		if (exchange->asked) /* and it got no answer */
			doubt(exchange);
		take_request(exchange, &line, (struct mono){DECODE_EPOCH_NS + line.at_us * 1000});
		break;
	case TRAFFIC_CONNECTED: /* a gateway may close behind each answer, in the middle of a round too */
		exchange->asked = false;
		break;
	case TRAFFIC_START:
	case TRAFFIC_STOP: /* what was written for them stands in the traffic too */
		break;
	}
	return true;
}

bool decode_modbus(const struct register_map *map, FILE *file, const char *path)
{
	static struct exchange exchange;

	if (decode_kind_of(file) != DECODE_TRAFFIC) {
		fprintf(stderr, "vitalsctl: %s: is not recorded traffic: requests and answers must be told apart\n",
		        path);
		return false;
	}
	exchange = (struct exchange){.map = map};
	bool good = decode_lines(file, path, play, &exchange);
	printf("# %u rounds, %u frames refused", exchange.rounds, exchange.refused);
	if (exchange.strangers > 0)
		printf(", %u rounds of a device that had not shown its identity", exchange.strangers);
	printf("\n");
	return good;
}
