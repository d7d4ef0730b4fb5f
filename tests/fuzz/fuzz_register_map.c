/* Fuzzes the register-map decoder with every valid map and any registers. What it calls valid must be the scaled value
 * within half a thousandth, by another road (long double). */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vitals/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK_REGISTERS 8

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct input {
	const uint8_t *at;
	size_t left;
};

/* The next bytes, or zeros at the end. */
static uint32_t take(struct input *input, size_t count)
{
	uint32_t number = 0;

	for (size_t i = 0; i < count; i++) {
		number = number << 8 | (input->left > 0 ? *input->at : 0);
		if (input->left > 0) {
			input->at++;
			input->left--;
		}
	}
	return number;
}

static void make_map(struct input *input, struct register_map *map)
{
	memset(map, 0, sizeof *map);
	map->block_count = 2;
	map->blocks[0].count = map->blocks[1].count = BLOCK_REGISTERS;
	map->has_sequence = (take(input, 1) & 1) != 0;
	map->sequence_offset = (uint16_t)(take(input, 1) % BLOCK_REGISTERS);
	map->has_status = (take(input, 1) & 1) != 0;
	map->status_block = 1;
	map->status_offset = (uint16_t)(take(input, 1) % BLOCK_REGISTERS);
	map->alive.used = (take(input, 1) & 1) != 0;
	map->alive.offset = (uint16_t)(take(input, 1) % BLOCK_REGISTERS);
	map->alive.mask = (uint16_t)(1 + take(input, 2) % UINT16_MAX);
	map->alive.within_ns = 1 + (int64_t)(take(input, 1) % 8);
	map->require_count = (uint8_t)(take(input, 1) % (REGISTER_REQUIRES_MAX + 1));
	for (uint8_t i = 0; i < map->require_count; i++) {
		struct register_require *require = &map->requires[i];
		require->block = (uint8_t)(take(input, 1) % 2);
		require->offset = (uint16_t)(take(input, 1) % BLOCK_REGISTERS);
		require->mask = (uint16_t)take(input, 2);
		require->value = (uint16_t)take(input, 2);
		require->parameters = take(input, 2);
	}
	map->value_count = (uint8_t)(take(input, 1) % (REGISTER_MAP_VALUES_MAX + 1));
	for (uint8_t i = 0; i < map->value_count; i++) {
		struct register_value *value = &map->values[i];
		value->parameter = (enum parameter)(take(input, 1) % PARAMETER_MOAAS);
		value->block = (uint8_t)(take(input, 1) % 2);
		value->offset = (uint16_t)(take(input, 1) % (BLOCK_REGISTERS - 1));
		value->type = (enum register_type)(take(input, 1) % (REGISTER_S8_LOW + 1));
		value->order = (enum register_order)(take(input, 1) % (ORDER_DCBA + 1));
		value->scale_milli = (int32_t)take(input, 4);
		value->divisor = 1 + (int32_t)(take(input, 3) % 1000000);
		value->offset_milli = (int32_t)take(input, 4);
		value->missing_count = (uint8_t)(take(input, 1) % (REGISTER_MISSING_MAX + 1));
		for (uint8_t k = 0; k < value->missing_count; k++)
			value->missing[k] = take(input, 4);
		value->missing_reason = REASON_SENSOR_OFF;
		if (value->type == REGISTER_U16 && (take(input, 1) & 1) != 0)
			value->bits = 0x03F0;
		value->valid_count = (uint8_t)(take(input, 1) % 2);
		value->valid_if[0] = (struct register_doubt){.mask = 1, .bits = 1, .reason = REASON_SENSOR_FAULT};
		value->doubtful_count = (uint8_t)(take(input, 1) % 2);
		value->doubtful_if[0] = (struct register_doubt){.mask = 2, .bits = 2, .reason = REASON_INTERFERENCE};
		value->none_count = (uint8_t)(take(input, 1) % 2);
		value->none[0] = (struct register_none){.from = -3, .to = 7, .reason = REASON_SEARCHING};
	}
}

static long double raw_value(const struct register_value *value, const uint16_t *block)
{
	const uint16_t *r = block + value->offset;
	uint8_t b[4] = {(uint8_t)(r[0] >> 8), (uint8_t)r[0], (uint8_t)(r[1] >> 8), (uint8_t)r[1]};
	static const uint8_t place[][4] = {{0, 1, 2, 3}, {2, 3, 0, 1}, {1, 0, 3, 2}, {3, 2, 1, 0}};
	const uint8_t *p = place[value->order];
	uint32_t bits = (uint32_t)b[p[0]] << 24 | (uint32_t)b[p[1]] << 16 | (uint32_t)b[p[2]] << 8 | b[p[3]];
	float single;
	int32_t s32;

	memcpy(&single, &bits, sizeof single);
	memcpy(&s32, &bits, sizeof s32);
	switch (value->type) {
	case REGISTER_U8_HIGH:
		return b[0];
	case REGISTER_U8_LOW:
		return b[1];
	case REGISTER_S8_HIGH:
		return (int8_t)b[0];
	case REGISTER_S8_LOW:
		return (int8_t)b[1];
	case REGISTER_U16:
		return value->bits == 0 ? r[0] : r[0] / 16 % 64;
	case REGISTER_S16:
		return (int16_t)r[0];
	case REGISTER_U32:
		return bits;
	case REGISTER_S32:
		return s32;
	case REGISTER_F32:
		return (long double)single;
	}
	abort();
}

static bool required_holds(const struct register_map *map, const uint16_t *const registers[], enum parameter parameter)
{
	for (uint8_t i = 0; i < map->require_count; i++) {
		const struct register_require *r = &map->requires[i];
		if ((r->parameters >> parameter & 1) != 0 && (registers[r->block][r->offset] & r->mask) != r->value)
			return false;
	}
	return true;
}

/* All looks so far at the alive register, and what they say by going through them again. */
#define LOOKS 6

struct looks {
	int count;
	uint16_t seen[LOOKS];
	int64_t at[LOOKS];
};

/* The last look whose value was new, the look before it close enough. -1: none, and the time for one is not over. -2:
 * none in time. */
static int64_t alive_since(const struct register_alive *alive, const struct looks *looks)
{
	int last = looks->count - 1;
	int64_t floor = looks->at[0]; /* since when looks are close to each other */

	for (int i = last; i > 0; i--) {
		if (looks->at[i] - looks->at[i - 1] > alive->within_ns) {
			floor = looks->at[i];
			break;
		}
		if (looks->seen[i] != looks->seen[i - 1])
			return looks->at[last] - looks->at[i] > alive->within_ns ? -2 : looks->at[i];
	}
	return looks->at[last] - floor > alive->within_ns ? -2 : -1;
}

static void check_one(const struct register_map *map, const struct measurement *m, const uint16_t *const registers[],
                      const struct register_value *value, int64_t determined)
{
	bool holds = required_holds(map, registers, value->parameter);

	must(m->parameter == value->parameter && m->determined.ns == determined);
	must(holds == (m->reason != REASON_WRONG_SETUP) || m->reason == REASON_FROZEN);
	must((m->quality == QUALITY_VALID) == (m->reason == REASON_NONE));
	must((m->quality == QUALITY_QUESTIONABLE) == (m->reason == REASON_INTERFERENCE));
	if (!measurement_has_value(m)) {
		must(m->milli == 0);
		must(m->reason == REASON_SENSOR_FAULT || m->reason == REASON_SEARCHING ||
		     m->reason == REASON_WRONG_SETUP || m->reason == REASON_SENSOR_OFF ||
		     m->reason == REASON_IMPLAUSIBLE || (m->reason == REASON_FAILED && map->has_status));
		return;
	}
	long double exact = raw_value(value, registers[value->block]) * value->scale_milli / value->divisor;
	must(isfinite(exact));
	must(value->valid_count == 0 || (registers[0][0] & 1) == 1);
	must((value->doubtful_count > 0 && (registers[0][0] & 2) == 2) == (m->quality == QUALITY_QUESTIONABLE));
	if (value->none_count > 0 && value->type != REGISTER_F32)
		must(raw_value(value, registers[value->block]) < -3 || raw_value(value, registers[value->block]) > 7);
	must(holds);
	must(fabsl(exact + value->offset_milli - m->milli) <= 0.5L + 1e-6L);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct register_map map;
	struct register_state state = {0};
	uint16_t blocks[2][BLOCK_REGISTERS];
	const uint16_t *const registers[] = {blocks[0], blocks[1]};
	struct looks looks = {0};
	int64_t now = 5;

	make_map(&input, &map);
	for (int round = 0; round < LOOKS; round++) {
		struct decoded decoded;
		now += 1 + take(&input, 1) % 10;
		for (int i = 0; i < 2 * BLOCK_REGISTERS; i++)
			blocks[i / BLOCK_REGISTERS][i % BLOCK_REGISTERS] = (uint16_t)take(&input, 2);
		looks.seen[looks.count] = blocks[0][map.alive.offset] & map.alive.mask;
		looks.at[looks.count++] = now;
		int64_t since = map.alive.used ? alive_since(&map.alive, &looks) : now;
		register_map_decode(&map, &state, registers, (struct mono){now}, &decoded);
		/* Which look shows a determination is judged in tests/unit/test_driver_determination.c. */
		bool unseen = state.news == SEQUENCE_UNSEEN;
		bool is_new = unseen || state.news == SEQUENCE_NEW;
		must(!is_new || map.has_sequence);
		uint8_t k = 0;
		for (uint8_t i = 0; i < map.value_count; i++) {
			bool intermittent = parameter_table[map.values[i].parameter].cadence == CADENCE_INTERMITTENT;
			if (intermittent ? !is_new : since == -1)
				continue;
			must(k < decoded.count);
			must((decoded.list[k].reason == REASON_FROZEN) == (!intermittent && since == -2));
			if (intermittent && unseen)
				must(decoded.list[k].reason == REASON_FAILED);
			else if (decoded.list[k].reason == REASON_FROZEN)
				must(!measurement_has_value(&decoded.list[k]) && decoded.list[k].determined.ns == now);
			else
				check_one(&map, &decoded.list[k], registers, &map.values[i],
				          intermittent ? state.ended_after.ns : since);
			k++;
		}
		must(k == decoded.count);
	}
	return 0;
}
