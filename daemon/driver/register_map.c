/* The generic Modbus device: registers to measurements as a map from etc/devices says. Pure; called by link threads
 * after each complete round of reads, by tests and by the fuzzer. All arithmetic is on integers, the IEEE 754 single
 * included, because libmodbus's float helpers differ between its releases and do not round-trip in Debian's. */
#include <assert.h>

#include "daemon/driver/determination.h"
#include "vitals/driver.h"

/* Bits of an IEEE 754 single. */
#define F32_SIGN          UINT32_C(0x80000000)
#define F32_EXPONENT_MAX  255
#define F32_FRACTION_BITS 23
#define F32_BIAS          127

static uint32_t word_32(const uint16_t *registers, enum register_order order)
{
	uint32_t first = registers[0], second = registers[1];
	uint32_t first_swapped = (first >> 8 | first << 8) & 0xFFFF;
	uint32_t second_swapped = (second >> 8 | second << 8) & 0xFFFF;

	switch (order) {
	case ORDER_ABCD:
		return first << 16 | second;
	case ORDER_CDAB:
		return second << 16 | first;
	case ORDER_BADC:
		return first_swapped << 16 | second_swapped;
	case ORDER_DCBA:
		return second_swapped << 16 | first_swapped;
	}
	assert(false);
	return 0;
}

/* The raw bit pattern, of the type's width. */
static uint32_t raw_bits(const struct register_value *value, const uint16_t *registers)
{
	const uint16_t *first = registers + value->offset;

	switch (value->type) {
	case REGISTER_U8_HIGH:
	case REGISTER_S8_HIGH:
		return (uint32_t)*first >> 8;
	case REGISTER_U8_LOW:
	case REGISTER_S8_LOW:
		return *first & 0xFFU;
	case REGISTER_U16:
	case REGISTER_S16:
		return *first;
	case REGISTER_U32:
	case REGISTER_S32:
	case REGISTER_F32:
		return word_32(first, value->order);
	}
	assert(false);
	return 0;
}

/* numerator / (divisor * 2^shift), rounded half away from 0. divisor > 0. */
static int64_t divide_rounded(int64_t numerator, int64_t divisor, unsigned shift)
{
	bool negative = numerator < 0;
	uint64_t magnitude = negative ? 0 - (uint64_t)numerator : (uint64_t)numerator;
	uint64_t by = (uint64_t)divisor;

	if (shift > 0) {
		/* Below one half of the whole divisor the result is 0; above it the whole divisor fits 64 bits, since
		 * it is at most twice the magnitude, which never uses the top bit here. */
		if (shift > 63 || magnitude >> (shift - 1) < by)
			return 0;
		by <<= shift;
	}
	uint64_t quotient = magnitude / by, rest = magnitude % by;
	if (rest >= by - rest)
		quotient++;
	return negative ? -(int64_t)quotient : (int64_t)quotient;
}

/* Adds the offset and narrows; false if the result does not fit. */
static bool finish(int64_t scaled, int32_t offset_milli, int32_t *milli)
{
	if (scaled > 2 * (int64_t)INT32_MAX || scaled < 2 * (int64_t)INT32_MIN)
		return false;
	scaled += offset_milli;
	if (scaled > INT32_MAX || scaled < INT32_MIN)
		return false;
	*milli = (int32_t)scaled;
	return true;
}

static bool scale_integer(const struct register_value *value, int64_t raw, int32_t *milli)
{
	/* |raw| < 2^32 and |scale| <= 2^31: the product fits. */
	return finish(divide_rounded(raw * value->scale_milli, value->divisor, 0), value->offset_milli, milli);
}

/* A finite single: fraction * 2^power, scaled. */
static bool scale_f32(const struct register_value *value, uint32_t bits, int32_t *milli)
{
	uint32_t exponent = bits >> F32_FRACTION_BITS & F32_EXPONENT_MAX;
	int64_t fraction = bits & ((UINT32_C(1) << F32_FRACTION_BITS) - 1);
	int power = 1 - F32_BIAS - F32_FRACTION_BITS;

	if (exponent > 0) {
		fraction |= INT64_C(1) << F32_FRACTION_BITS;
		power = (int)exponent - F32_BIAS - F32_FRACTION_BITS;
	}
	if ((bits & F32_SIGN) != 0)
		fraction = -fraction;
	int64_t product = fraction * value->scale_milli; /* below 2^55 */
	if (power <= 0)
		return finish(divide_rounded(product, value->divisor, (unsigned)-power), value->offset_milli, milli);
	for (; power > 0 && product != 0; power--) {
		if (product > INT64_MAX / 2 || product <= INT64_MIN / 2)
			return false;
		product *= 2;
	}
	return finish(divide_rounded(product, value->divisor, 0), value->offset_milli, milli);
}

static bool is_missing(const struct register_value *value, uint32_t bits)
{
	for (uint8_t i = 0; i < value->missing_count; i++)
		if (value->missing[i] == bits)
			return true;
	/* NaN and the infinities have the largest exponent. */
	return value->type == REGISTER_F32 && (bits >> F32_FRACTION_BITS & F32_EXPONENT_MAX) == F32_EXPONENT_MAX;
}

/* The raw value as a number; of an f32 its bit pattern. */
static int64_t raw_number(const struct register_value *value, uint32_t bits)
{
	switch (value->type) {
	case REGISTER_U8_HIGH:
	case REGISTER_U8_LOW:
	case REGISTER_U16:
	case REGISTER_U32:
	case REGISTER_F32:
		return bits;
	case REGISTER_S8_HIGH:
	case REGISTER_S8_LOW:
		return bits < 0x80 ? (int64_t)bits : (int64_t)bits - 0x100;
	case REGISTER_S16:
		return bits < 0x8000 ? (int64_t)bits : (int64_t)bits - 0x10000;
	case REGISTER_S32:
		return bits < F32_SIGN ? (int64_t)bits : (int64_t)bits - INT64_C(0x100000000);
	}
	assert(false);
	return 0;
}

static bool scale(const struct register_value *value, uint32_t bits, int32_t *milli)
{
	if (value->type == REGISTER_F32)
		return scale_f32(value, bits, milli);
	return scale_integer(value, raw_number(value, bits), milli);
}

/* The bits of a packed value, moved down to the lowest. */
static uint32_t bits_of(uint32_t raw, uint32_t mask)
{
	if (mask == 0)
		return raw;
	raw &= mask;
	for (; (mask & 1) == 0; mask >>= 1)
		raw >>= 1;
	return raw;
}

static bool holds(const struct register_doubt *doubt, const uint16_t *const registers[])
{
	return (registers[doubt->block][doubt->offset] & doubt->mask) == doubt->bits;
}

/* Why there is no value: what the device says of it, then its codes. REASON_NONE: there is one. */
static enum reason why_none(const struct register_value *value, const uint16_t *const registers[], uint32_t bits)
{
	int64_t number = raw_number(value, bits);

	for (uint8_t i = 0; i < value->valid_count; i++)
		if (!holds(&value->valid_if[i], registers))
			return value->valid_if[i].reason;
	for (uint8_t i = 0; i < value->none_count; i++)
		if (number >= value->none[i].from && number <= value->none[i].to)
			return value->none[i].reason;
	return is_missing(value, bits) ? value->missing_reason : REASON_NONE;
}

static enum reason why_doubtful(const struct register_value *value, const uint16_t *const registers[])
{
	for (uint8_t i = 0; i < value->doubtful_count; i++)
		if (holds(&value->doubtful_if[i], registers))
			return value->doubtful_if[i].reason;
	return REASON_NONE;
}

static void measure_none(struct measurement *m, enum reason reason)
{
	m->quality = QUALITY_NO_VALUE;
	m->reason = reason;
	m->milli = 0;
}

static void measure(const struct register_value *value, const uint16_t *const registers[], struct measurement *m)
{
	uint32_t bits = bits_of(raw_bits(value, registers[value->block]), value->bits);
	enum reason none = why_none(value, registers, bits);

	if (none != REASON_NONE) {
		measure_none(m, none);
	} else if (!scale(value, bits, &m->milli)) {
		measure_none(m, REASON_IMPLAUSIBLE);
	} else {
		m->reason = why_doubtful(value, registers);
		m->quality = m->reason == REASON_NONE ? QUALITY_VALID : QUALITY_QUESTIONABLE;
	}
}

static bool is_intermittent(const struct measurement *m)
{
	return parameter_table[m->parameter].cadence == CADENCE_INTERMITTENT;
}

static void look(struct register_state *state, uint16_t sequence, const struct decoded *round, struct mono at)
{
	struct determination values = {.count = 0};

	for (uint8_t i = 0; i < round->count; i++) {
		const struct measurement *m = &round->list[i];
		if (!is_intermittent(m))
			continue;
		values.milli[values.count] = m->milli;
		values.quality[values.count] = (uint8_t)m->quality;
		values.reason[values.count++] = (uint8_t)m->reason;
	}
	determination_look(state, sequence, &values, at);
}

/* Leaves the intermittent values out that are not news. */
static void keep_news(const struct register_state *state, struct decoded *round)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < round->count; i++) {
		struct measurement m = round->list[i];
		if (is_intermittent(&m)) {
			if (state->news != SEQUENCE_NEW && state->news != SEQUENCE_UNSEEN)
				continue;
			m.determined = state->ended_after;
			if (state->news == SEQUENCE_UNSEEN)
				measure_none(&m, REASON_FAILED);
		}
		round->list[kept++] = m;
	}
	round->count = kept;
}

enum life {
	LIFE_PROVED,
	LIFE_UNKNOWN, /* no change seen yet, and none was due */
	LIFE_FROZEN,
};

/* A change shows life only if the looks before and after it are close enough: after a longer gap it may be an old one.
 */
static enum life look_alive(const struct register_alive *alive, struct register_state *state,
                            const uint16_t *const registers[], struct mono now)
{
	if (!alive->used)
		return LIFE_PROVED;
	uint16_t seen = registers[alive->block][alive->offset] & alive->mask;
	bool lapse = !state->alive.known || mono_since(now, state->alive.looked) > alive->within_ns;
	if (lapse || seen != state->alive.seen) {
		state->alive.changed = !lapse;
		state->alive.since = now;
	}
	state->alive.known = true;
	state->alive.seen = seen;
	state->alive.looked = now;
	if (mono_since(now, state->alive.since) > alive->within_ns)
		return LIFE_FROZEN;
	return state->alive.changed ? LIFE_PROVED : LIFE_UNKNOWN;
}

/* The parameters that mean something else now than the map says. */
static parameter_set set_up_wrong(const struct register_map *map, const uint16_t *const registers[])
{
	parameter_set wrong = 0;

	for (uint8_t i = 0; i < map->require_count; i++) {
		const struct register_require *require = &map->requires[i];
		if ((registers[require->block][require->offset] & require->mask) != require->value)
			wrong |= require->parameters;
	}
	return wrong;
}

void register_map_decode(const struct register_map *map, struct register_state *state,
                         const uint16_t *const registers[], struct mono at, struct decoded *decoded)
{
	bool failed = map->has_status && registers[map->status_block][map->status_offset] != 0;
	enum life life = look_alive(&map->alive, state, registers, at);
	parameter_set wrong = set_up_wrong(map, registers);

	decoded->count = 0;
	for (uint8_t i = 0; i < map->value_count && decoded->count < EVENT_MEASUREMENTS_MAX; i++) {
		const struct register_value *value = &map->values[i];
		bool intermittent = parameter_table[value->parameter].cadence == CADENCE_INTERMITTENT;
		if (!intermittent && life == LIFE_UNKNOWN)
			continue;
		struct measurement *m = &decoded->list[decoded->count++];
		m->parameter = value->parameter;
		m->determined = at;
		if (!intermittent && life == LIFE_FROZEN)
			measure_none(m, REASON_FROZEN);
		else if ((wrong & PARAMETER_BIT(value->parameter)) != 0)
			measure_none(m, REASON_WRONG_SETUP);
		else if (intermittent && failed)
			measure_none(m, REASON_FAILED);
		else
			measure(value, registers, m);
		if (!intermittent && map->alive.used && life == LIFE_PROVED)
			m->determined = state->alive.since;
	}
	state->news = SEQUENCE_SAME;
	if (map->has_sequence)
		look(state, registers[map->sequence_block][map->sequence_offset], decoded, at);
	keep_news(state, decoded);
}
