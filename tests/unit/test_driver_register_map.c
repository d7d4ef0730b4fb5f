/* The register-map decoder: every type in every order, scaling and rounding, missing codes, and what counts as a new
 * determination. Order vectors: 123456.0 = 0x47F12000, as in libmodbus's own tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vitals/driver.h"

/* A map with one continuous value at offset 1 of block 0. */
static struct register_map one_value(enum register_type type, enum register_order order, int32_t scale_milli,
                                     int32_t divisor, int32_t offset_milli)
{
	struct register_map map = {
	    .block_count = 1,
	    .blocks = {{.table = REGISTER_INPUT, .start = 100, .count = 4}},
	    .value_count = 1,
	    .values = {{.parameter = PARAMETER_ECG_HR,
	                .offset = 1,
	                .type = type,
	                .order = order,
	                .scale_milli = scale_milli,
	                .divisor = divisor,
	                .offset_milli = offset_milli,
	                .missing_reason = REASON_NOT_MEASURED}},
	};
	return map;
}

static struct measurement decode_one(const struct register_map *map, uint16_t first, uint16_t second)
{
	const uint16_t block[4] = {0xDEAD, first, second, 0xBEEF};
	const uint16_t *const registers[] = {block};
	struct register_state state = {0};
	struct decoded decoded;

	register_map_decode(map, &state, registers, (struct mono){42}, &decoded);
	assert_int_equal(decoded.count, 1);
	assert_int_equal(decoded.list[0].parameter, PARAMETER_ECG_HR);
	assert_int_equal(decoded.list[0].determined.ns, 42);
	return decoded.list[0];
}

static void decodes_to(const struct register_map *map, uint16_t first, uint16_t second, int32_t milli)
{
	struct measurement m = decode_one(map, first, second);

	assert_int_equal(m.quality, QUALITY_VALID);
	assert_int_equal(m.reason, REASON_NONE);
	assert_int_equal(m.milli, milli);
}

static void has_no_value(const struct register_map *map, uint16_t first, uint16_t second, enum reason reason)
{
	struct measurement m = decode_one(map, first, second);

	assert_int_equal(m.quality, QUALITY_NO_VALUE);
	assert_int_equal(m.reason, reason);
	assert_int_equal(m.milli, 0);
}

/* The two registers of a 32-bit pattern in each order, made in another way than the decoder takes them apart. */
static void put_32(enum register_order order, uint32_t bits, uint16_t out[2])
{
	static const char *const letters[] = {
	    [ORDER_ABCD] = "ABCD", [ORDER_CDAB] = "CDAB", [ORDER_BADC] = "BADC", [ORDER_DCBA] = "DCBA"};
	uint8_t bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(bits >> 8 * (3 - (letters[order][i] - 'A')) & 0xFF);
	out[0] = (uint16_t)(bytes[0] << 8 | bytes[1]);
	out[1] = (uint16_t)(bytes[2] << 8 | bytes[3]);
}

static void test_published_orders(void **state)
{
	static const struct {
		enum register_order order;
		uint16_t first, second;
	} cases[] = {
	    {ORDER_ABCD, 0x47F1, 0x2000},
	    {ORDER_DCBA, 0x0020, 0xF147},
	    {ORDER_BADC, 0xF147, 0x0020},
	    {ORDER_CDAB, 0x2000, 0x47F1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct register_map map = one_value(REGISTER_F32, cases[i].order, 1000, 1, 0);
		decodes_to(&map, cases[i].first, cases[i].second, 123456000);
	}
}

static void test_types_and_orders(void **state)
{
	static const struct {
		enum register_type type;
		uint32_t bits;
		int32_t milli; /* at scale 1 */
	} cases[] = {
	    {REGISTER_U32, 72, 72000},
	    {REGISTER_U32, 0x00010002, 65538000},
	    {REGISTER_S32, 0xFFFFFFFF, -1000},
	    {REGISTER_S32, 0xFFFE1DC0, -123456000},
	    {REGISTER_S32, 0x0001E240, 123456000},
	    {REGISTER_F32, 0x42F10000, 120500}, /* 120.5 */
	    {REGISTER_F32, 0xC2F10000, -120500},
	    {REGISTER_F32, 0x3DCCCCCD, 100}, /* 0.1 */
	    {REGISTER_F32, 0x00000000, 0},
	    {REGISTER_F32, 0x80000000, 0}, /* -0 */
	    {REGISTER_F32, 0x00000001, 0}, /* smallest denormal */
	    {REGISTER_F32, 0x007FFFFF, 0}, /* largest denormal */
	    {REGISTER_F32, 0x00800000, 0}, /* smallest normal */
	    {REGISTER_F32, 0x3F800000, 1000},
	    {REGISTER_F32, 0x3A03126F, 1}, /* 0.0005: the next single above one half of a thousandth */
	    {REGISTER_F32, 0x3A03126E, 0}, /* the next below */
	    {REGISTER_F32, 0xBA03126F, -1},
	    {REGISTER_F32, 0x4A03126E, 2147483500}, /* 2147483.5 */
	    {REGISTER_F32, 0xCA03126E, -2147483500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int order = ORDER_ABCD; order <= ORDER_DCBA; order++) {
			struct register_map map = one_value(cases[i].type, (enum register_order)order, 1000, 1, 0);
			uint16_t pair[2];
			put_32((enum register_order)order, cases[i].bits, pair);
			decodes_to(&map, pair[0], pair[1], cases[i].milli);
		}
}

static void test_small_types(void **state)
{
	struct register_map high = one_value(REGISTER_U8_HIGH, ORDER_ABCD, 1000, 1, 0);
	struct register_map low = one_value(REGISTER_U8_LOW, ORDER_ABCD, 1000, 1, 0);
	struct register_map u16 = one_value(REGISTER_U16, ORDER_ABCD, 1000, 1, 0);
	struct register_map s16 = one_value(REGISTER_S16, ORDER_ABCD, 1000, 1, 0);

	(void)state;
	decodes_to(&high, 0x61FF, 0, 97000);
	decodes_to(&high, 0xFF00, 0, 255000);
	decodes_to(&low, 0xFF61, 0, 97000);
	decodes_to(&u16, 0xFFFF, 0, 65535000);
	decodes_to(&u16, 0x8000, 0, 32768000);
	decodes_to(&s16, 0xFFFF, 0, -1000);
	decodes_to(&s16, 0x8000, 0, -32768000);
	decodes_to(&s16, 0x7FFF, 0, 32767000);
}

static void test_rounding(void **state)
{
	static const struct {
		uint16_t raw;
		int32_t scale_milli, divisor, offset_milli, milli;
	} cases[] = {
	    {1, 1, 2, 0, 1},
	    {1, -1, 2, 0, -1},
	    {1, 1, 3, 0, 0},
	    {2, 1, 3, 0, 1},
	    {0xFFFF, 1, 2, 0, -1},
	    {3, 1, 2, 0, 2},
	    {0xFFFD, 1, 2, 0, -2},
	    {123, 100, 1, 0, 12300},
	    {123, 1000, 10, 0, 12300},
	    {10, 1000, 1, -273150, -263150},
	    {1, 1, 1000000, 0, 0},
	    {5000, 100, 1000000, 0, 1},
	    {4999, 100, 1000000, 0, 0},
	    /* The offset comes after the rounding of the scaled value. */
	    {1, 1, 2, -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct register_map map =
		    one_value(REGISTER_S16, ORDER_ABCD, cases[i].scale_milli, cases[i].divisor, cases[i].offset_milli);
		decodes_to(&map, cases[i].raw, 0, cases[i].milli);
	}
}

/* 0.1 units as a single with an awkward divisor, against the same in wide integers. */
static void test_f32_against_exact(void **state)
{
	(void)state;
	for (uint32_t quarter = 0; quarter < 4096; quarter++) {
		/* quarter / 4 as a single: exact. */
		uint32_t bits = 0;
		if (quarter > 0) {
			uint32_t top = 31 - (uint32_t)__builtin_clz(quarter);
			bits = (top - 2 + 127) << 23 | (quarter << (23 - top) & 0x7FFFFF);
		}
		struct register_map map = one_value(REGISTER_F32, ORDER_ABCD, 77, 12, -5);
		int64_t twice = 2 * (int64_t)quarter * 77, by = 4 * 12;
		decodes_to(&map, (uint16_t)(bits >> 16), (uint16_t)(bits & 0xFFFF),
		           (int32_t)((twice + by) / (2 * by) - 5));
	}
}

static void test_out_of_range(void **state)
{
	struct register_map u32 = one_value(REGISTER_U32, ORDER_ABCD, 1000, 1, 0);
	struct register_map wide = one_value(REGISTER_U32, ORDER_ABCD, INT32_MAX, 1, INT32_MAX);
	struct register_map deep = one_value(REGISTER_U32, ORDER_ABCD, INT32_MIN, 1, INT32_MIN);
	struct register_map f32 = one_value(REGISTER_F32, ORDER_ABCD, INT32_MAX, 1, 0);
	struct register_map edge = one_value(REGISTER_U32, ORDER_ABCD, 1, 1, 0);
	struct register_map power = one_value(REGISTER_F32, ORDER_ABCD, 1024, 1, 0);

	(void)state;
	has_no_value(&power, 0xDA00, 0x0000, REASON_IMPLAUSIBLE); /* -2^53: -2^63 when scaled, which has no opposite */
	has_no_value(&u32, 0xFFFF, 0xFFFF, REASON_IMPLAUSIBLE);
	has_no_value(&wide, 0xFFFF, 0xFFFF, REASON_IMPLAUSIBLE);
	has_no_value(&deep, 0xFFFF, 0xFFFF, REASON_IMPLAUSIBLE);
	has_no_value(&f32, 0x7F7F, 0xFFFF, REASON_IMPLAUSIBLE); /* largest single */
	has_no_value(&f32, 0xFF7F, 0xFFFF, REASON_IMPLAUSIBLE);
	has_no_value(&f32, 0x4B00, 0x0000, REASON_IMPLAUSIBLE); /* 2^23 */
	decodes_to(&edge, 0x7FFF, 0xFFFF, INT32_MAX);
	has_no_value(&edge, 0x8000, 0x0000, REASON_IMPLAUSIBLE);
}

static void test_missing(void **state)
{
	struct register_map u16 = one_value(REGISTER_U16, ORDER_ABCD, 1000, 1, 0);
	struct register_map s16 = one_value(REGISTER_S16, ORDER_ABCD, 1000, 1, 0);
	struct register_map high = one_value(REGISTER_U8_HIGH, ORDER_ABCD, 1000, 1, 0);
	struct register_map u32 = one_value(REGISTER_U32, ORDER_CDAB, 1000, 1, 0);
	struct register_map f32 = one_value(REGISTER_F32, ORDER_ABCD, 1000, 1, 0);

	(void)state;
	u16.values[0].missing_count = 2;
	u16.values[0].missing[0] = 0xFFFF;
	u16.values[0].missing[1] = 0;
	u16.values[0].missing_reason = REASON_SENSOR_OFF;
	has_no_value(&u16, 0xFFFF, 0, REASON_SENSOR_OFF);
	has_no_value(&u16, 0, 0, REASON_SENSOR_OFF);
	decodes_to(&u16, 0xFFFE, 0, 65534000);
	s16.values[0].missing_count = 1;
	s16.values[0].missing[0] = 0x8000;
	has_no_value(&s16, 0x8000, 0, REASON_NOT_MEASURED);
	high.values[0].missing_count = 1;
	high.values[0].missing[0] = 0;
	has_no_value(&high, 0x00FF, 0, REASON_NOT_MEASURED);
	u32.values[0].missing_count = 1;
	u32.values[0].missing[0] = 0x00010002;
	has_no_value(&u32, 0x0002, 0x0001, REASON_NOT_MEASURED);
	has_no_value(&f32, 0x7FC0, 0, REASON_NOT_MEASURED); /* NaN */
	has_no_value(&f32, 0xFFC1, 2, REASON_NOT_MEASURED);
	has_no_value(&f32, 0x7F80, 0, REASON_NOT_MEASURED); /* infinities */
	has_no_value(&f32, 0xFF80, 0, REASON_NOT_MEASURED);
}

/* A cuff with a heart rate beside it: sequence in block 0, status and values in block 1. */
static struct register_map cuff(void)
{
	struct register_map map = {
	    .block_count = 2,
	    .blocks = {{.start = 0, .count = 1}, {.start = 10, .count = 4}},
	    .value_count = 3,
	    .values = {{.parameter = PARAMETER_NIBP_SYS, .block = 1, .offset = 1},
	               {.parameter = PARAMETER_NIBP_DIA, .block = 1, .offset = 2},
	               {.parameter = PARAMETER_ECG_HR, .block = 1, .offset = 3}},
	    .has_sequence = true,
	    .has_status = true,
	    .status_block = 1,
	};
	for (int i = 0; i < 3; i++) {
		map.values[i].type = REGISTER_U16;
		map.values[i].scale_milli = 1000;
		map.values[i].divisor = 1;
		map.values[i].missing_reason = REASON_NOT_MEASURED;
	}
	return map;
}

/* As a link does: once more if the first look at new values asks for it. */
static struct decoded round_of(const struct register_map *map, struct register_state *state, uint16_t sequence,
                               uint16_t status, uint16_t sys)
{
	const uint16_t first[] = {sequence}, second[] = {status, sys, 80, 71};
	const uint16_t *const registers[] = {first, second};
	struct decoded decoded;

	register_map_decode(map, state, registers, (struct mono){9}, &decoded);
	if (state->news == SEQUENCE_UNSETTLED)
		register_map_decode(map, state, registers, (struct mono){9}, &decoded);
	return decoded;
}

static void test_sequence(void **state)
{
	struct register_map map = cuff();
	struct register_state memory = {0};

	(void)state;
	/* The first look after a connect: the reading found there has no known age. */
	struct decoded decoded = round_of(&map, &memory, 7, 0, 120);
	assert_int_equal(decoded.count, 1);
	assert_int_equal(decoded.list[0].parameter, PARAMETER_ECG_HR);
	/* Nothing new, whatever the registers hold. */
	decoded = round_of(&map, &memory, 7, 0, 121);
	assert_int_equal(decoded.count, 1);
	/* A new one. */
	decoded = round_of(&map, &memory, 8, 0, 122);
	assert_int_equal(decoded.count, 3);
	assert_int_equal(decoded.list[0].parameter, PARAMETER_NIBP_SYS);
	assert_int_equal(decoded.list[0].quality, QUALITY_VALID);
	assert_int_equal(decoded.list[0].milli, 122000);
	assert_int_equal(decoded.list[1].milli, 80000);
	assert_int_equal(decoded.list[2].milli, 71000);
	/* Judged once. */
	decoded = round_of(&map, &memory, 8, 0, 122);
	assert_int_equal(decoded.count, 1);
	/* A failed one: what the registers hold is the reading before it. */
	decoded = round_of(&map, &memory, 9, 3, 122);
	assert_int_equal(decoded.count, 3);
	assert_int_equal(decoded.list[0].quality, QUALITY_NO_VALUE);
	assert_int_equal(decoded.list[0].reason, REASON_FAILED);
	assert_int_equal(decoded.list[0].milli, 0);
	assert_int_equal(decoded.list[1].reason, REASON_FAILED);
	assert_int_equal(decoded.list[2].quality, QUALITY_VALID); /* the heart rate has nothing to do with it */
	/* It went back: the module was switched off and on, and this is no determination. */
	decoded = round_of(&map, &memory, 0, 0, 130);
	assert_int_equal(decoded.count, 1);
	assert_int_equal(memory.news, SEQUENCE_RESTARTED);
	decoded = round_of(&map, &memory, 1, 0, 135);
	assert_int_equal(decoded.count, 3);
	assert_int_equal(decoded.list[0].milli, 135000);
	/* When another device answered in its place, the register is learnt anew. */
	memory = (struct register_state){0};
	decoded = round_of(&map, &memory, 5, 0, 131);
	assert_int_equal(decoded.count, 1);
}

static void test_first_sequence_zero(void **state)
{
	struct register_map map = cuff();
	struct register_state memory = {0};

	(void)state;
	assert_int_equal(round_of(&map, &memory, 0, 0, 120).count, 1);
	assert_int_equal(round_of(&map, &memory, 0, 0, 120).count, 1);
	assert_int_equal(round_of(&map, &memory, 1, 0, 121).count, 3);
}

/* Such a map is refused when it is read; here it must not invent determinations. */
static void test_no_sequence(void **state)
{
	struct register_map map = cuff();
	struct register_state memory = {0};

	(void)state;
	map.has_sequence = false;
	for (uint16_t i = 0; i < 5; i++)
		assert_int_equal(round_of(&map, &memory, i, 0, 120).count, 1);
}

static void test_fields(void **state)
{
	struct register_map u16 = one_value(REGISTER_U16, ORDER_ABCD, 1000, 1, 0);
	struct register_map u32 = one_value(REGISTER_U32, ORDER_ABCD, 1000, 1, 0);
	struct register_map low = one_value(REGISTER_U8_LOW, ORDER_ABCD, 1000, 1, 0);
	struct register_map s8_high = one_value(REGISTER_S8_HIGH, ORDER_ABCD, 1000, 1, 0);
	struct register_map s8_low = one_value(REGISTER_S8_LOW, ORDER_ABCD, 1000, 1, 0);

	(void)state;
	u16.values[0].bits = 0x03F0;
	decodes_to(&u16, 0xFE1F, 0, 33000);
	decodes_to(&u16, 0x0000, 0, 0);
	u32.values[0].bits = 0x000FF000;
	decodes_to(&u32, 0xFFF6, 0x1FFF, 97000);
	low.values[0].bits = 0x80;
	decodes_to(&low, 0xFF80, 0, 1000);
	decodes_to(&s8_high, 0xFE61, 0, -2000);
	decodes_to(&s8_low, 0xFE61, 0, 97000);
	decodes_to(&s8_low, 0x0080, 0, -128000);
	/* A code is that of the field, not of its register. */
	u16.values[0].missing_count = 1;
	u16.values[0].missing[0] = 63;
	has_no_value(&u16, 0x03F0, 0, REASON_NOT_MEASURED);
	decodes_to(&u16, 0xFC0F, 0, 0);
}

static void test_codes_with_reasons(void **state)
{
	struct register_map map = one_value(REGISTER_S16, ORDER_ABCD, 1000, 1, 0);
	struct register_value *value = &map.values[0];

	(void)state;
	value->missing_count = 1;
	value->missing[0] = 0x7FFF;
	value->none_count = 3;
	value->none[0] = (struct register_none){-32767, -32764, REASON_SENSOR_OFF};
	value->none[1] = (struct register_none){-32763, -32763, REASON_SEARCHING};
	value->none[2] = (struct register_none){300, 32766, REASON_SENSOR_FAULT};
	has_no_value(&map, 0x8001, 0, REASON_SENSOR_OFF);
	has_no_value(&map, 0x8004, 0, REASON_SENSOR_OFF);
	has_no_value(&map, 0x8005, 0, REASON_SEARCHING);
	decodes_to(&map, 0x8006, 0, -32762000);
	decodes_to(&map, 299, 0, 299000);
	has_no_value(&map, 300, 0, REASON_SENSOR_FAULT);
	has_no_value(&map, 0x7FFF, 0, REASON_NOT_MEASURED);
}

static void test_status_bits(void **state)
{
	struct register_map map = one_value(REGISTER_U16, ORDER_ABCD, 1000, 1, 0);
	struct register_value *value = &map.values[0];

	(void)state;
	/* The second register holds the bits: 0 sensor on, 1..2 quality of which 3 is good, 8 motion. */
	value->valid_count = 2;
	value->valid_if[0] = (struct register_doubt){0, 2, 0x0001, 0x0001, REASON_SENSOR_OFF};
	value->valid_if[1] = (struct register_doubt){0, 2, 0x0006, 0x0006, REASON_LOW_SIGNAL};
	value->doubtful_count = 1;
	value->doubtful_if[0] = (struct register_doubt){0, 2, 0x0100, 0x0100, REASON_INTERFERENCE};
	decodes_to(&map, 97, 0x0007, 97000);
	decodes_to(&map, 97, 0xFE0F, 97000);
	has_no_value(&map, 97, 0x0006, REASON_SENSOR_OFF);
	has_no_value(&map, 97, 0x0000, REASON_SENSOR_OFF); /* the first reason counts */
	has_no_value(&map, 97, 0x0005, REASON_LOW_SIGNAL);
	struct measurement m = decode_one(&map, 97, 0x0107);
	assert_int_equal(m.quality, QUALITY_QUESTIONABLE);
	assert_int_equal(m.reason, REASON_INTERFERENCE);
	assert_int_equal(m.milli, 97000);
	has_no_value(&map, 97, 0x0106, REASON_SENSOR_OFF); /* a doubt makes no value */
}

/* SpO2 beside a counter at 0 and the device's mode at 1; the counter's high byte is none of its business. */
static struct register_map living(void)
{
	struct register_map map = one_value(REGISTER_U16, ORDER_ABCD, 1000, 1, 0);

	map.values[0].parameter = PARAMETER_SPO2;
	map.values[0].offset = 2;
	map.alive = (struct register_alive){.used = true, .mask = 0x00FF, .within_ns = 3 * NS_PER_S};
	return map;
}

static struct decoded look(const struct register_map *map, struct register_state *state, uint16_t counter, int64_t ms)
{
	const uint16_t block[4] = {counter, 0, 98, 0};
	const uint16_t *const registers[] = {block};
	struct decoded decoded;

	register_map_decode(map, state, registers, (struct mono){(1000 + ms) * NS_PER_MS}, &decoded);
	return decoded;
}

static void lives(struct decoded decoded, int64_t since_ms)
{
	assert_int_equal(decoded.count, 1);
	assert_int_equal(decoded.list[0].quality, QUALITY_VALID);
	assert_int_equal(decoded.list[0].milli, 98000);
	assert_int_equal(decoded.list[0].determined.ns, (1000 + since_ms) * NS_PER_MS);
}

static void lacks(struct decoded decoded, enum reason reason)
{
	assert_int_equal(decoded.count, 1);
	assert_int_equal(decoded.list[0].quality, QUALITY_NO_VALUE);
	assert_int_equal(decoded.list[0].reason, reason);
	assert_int_equal(decoded.list[0].milli, 0);
}

static void test_alive(void **state)
{
	struct register_map map = living();
	struct register_state memory = {0};

	(void)state;
	/* Nothing shows yet that anything lives behind the registers. */
	assert_int_equal(look(&map, &memory, 5, 0).count, 0);
	assert_int_equal(look(&map, &memory, 5, 1000).count, 0);
	lives(look(&map, &memory, 6, 2000), 2000);
	/* Served again: as old as the last change. */
	lives(look(&map, &memory, 6, 3000), 2000);
	lives(look(&map, &memory, 6, 5000), 2000); /* the last moment */
	lacks(look(&map, &memory, 6, 5001), REASON_FROZEN);
	lacks(look(&map, &memory, 0x0606, 6000), REASON_FROZEN); /* not the bits that count */
	lacks(look(&map, &memory, 6, 8000), REASON_FROZEN);
	/* It is back. */
	lives(look(&map, &memory, 7, 9000), 9000);
	lives(look(&map, &memory, 0, 9100), 9100); /* a counter that begins anew lives too */
	/* After a gap a change may be an old one; the next one counts. */
	assert_int_equal(look(&map, &memory, 9, 12101).count, 0);
	assert_int_equal(look(&map, &memory, 9, 15101).count, 0);
	lacks(look(&map, &memory, 9, 15102), REASON_FROZEN);
	lives(look(&map, &memory, 10, 16000), 16000);
	lives(look(&map, &memory, 11, 19000), 19000); /* a gap of exactly that much */
}

static void test_alive_never_changes(void **state)
{
	struct register_map map = living();
	struct register_state memory = {0};

	(void)state;
	for (int ms = 0; ms <= 3000; ms += 500)
		assert_int_equal(look(&map, &memory, 0, ms).count, 0);
	for (int ms = 3500; ms <= 60000; ms += 500)
		lacks(look(&map, &memory, 0, ms), REASON_FROZEN);
}

/* A determination is new by itself; only continuous values can be old ones that are served again. */
static void test_alive_beside_a_cuff(void **state)
{
	struct register_map map = cuff();
	struct register_state memory = {0};

	(void)state;
	map.alive = (struct register_alive){.used = true, .block = 1, .mask = 0xFFFF, .within_ns = NS_PER_S};
	assert_int_equal(round_of(&map, &memory, 7, 0, 120).count, 0);
	struct decoded decoded = round_of(&map, &memory, 8, 0, 122);
	assert_int_equal(decoded.count, 2);
	assert_int_equal(decoded.list[0].milli, 122000);
	assert_int_equal(decoded.list[0].determined.ns, 9);
}

static void test_require(void **state)
{
	struct register_map map = cuff();
	struct register_state memory = {0};

	(void)state;
	/* The heart rate's register is 71 = 0x47; bit 6 and bit 0 must be set, bit 7 must not. */
	map.require_count = 2;
	map.requires[0] = (struct register_require){
	    .block = 1, .offset = 3, .mask = 0x00C1, .value = 0x0041, .parameters = PARAMETER_BIT(PARAMETER_NIBP_SYS)};
	map.requires[1] = (struct register_require){
	    .block = 1, .offset = 0, .mask = 0xFFFF, .value = 0, .parameters = PARAMETER_BIT(PARAMETER_ECG_HR)};
	assert_int_equal(round_of(&map, &memory, 1, 0, 120).list[0].quality, QUALITY_VALID);
	assert_int_equal(round_of(&map, &memory, 2, 0, 121).list[0].milli, 121000);
	map.requires[0].value = 0x00C1;
	struct decoded decoded = round_of(&map, &memory, 3, 0, 122);
	assert_int_equal(decoded.count, 3);
	assert_int_equal(decoded.list[0].reason, REASON_WRONG_SETUP);
	assert_int_equal(decoded.list[0].milli, 0);
	assert_int_equal(decoded.list[1].milli, 80000); /* does not need it */
	assert_int_equal(decoded.list[2].milli, 71000);
	/* The other one, and a failed determination: what nobody can read did not fail. */
	decoded = round_of(&map, &memory, 4, 3, 123);
	assert_int_equal(decoded.list[0].reason, REASON_WRONG_SETUP);
	assert_int_equal(decoded.list[1].reason, REASON_FAILED);
	assert_int_equal(decoded.list[2].reason, REASON_WRONG_SETUP);
}

/* The worked example of docs/DRIVERS.md: SpO2 in a high byte, heart rate as 32 bits, raw 0 means no reading. */
static void test_worked_example(void **state)
{
	static const uint16_t reading[] = {0x6100, 0, 0x0048, 0}, empty[] = {0, 0, 0, 0};
	const uint16_t *const with[] = {reading}, *const without[] = {empty};
	struct register_state memory = {0};
	struct decoded decoded;
	struct register_map map = {
	    .block_count = 1,
	    .blocks = {{.table = REGISTER_HOLDING, .start = 6, .count = 4}},
	    .value_count = 2,
	    .values = {{.parameter = PARAMETER_SPO2, .type = REGISTER_U8_HIGH},
	               {.parameter = PARAMETER_PULSE, .offset = 1, .type = REGISTER_U32, .order = ORDER_ABCD}},
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		map.values[i].scale_milli = 1000;
		map.values[i].divisor = 1;
		map.values[i].missing_count = 1;
		map.values[i].missing_reason = REASON_NOT_MEASURED;
	}
	register_map_decode(&map, &memory, with, (struct mono){1}, &decoded);
	assert_int_equal(decoded.count, 2);
	assert_int_equal(decoded.list[0].milli, 97000);
	assert_int_equal(decoded.list[1].milli, 72000);
	register_map_decode(&map, &memory, without, (struct mono){1}, &decoded);
	assert_int_equal(decoded.list[0].quality, QUALITY_NO_VALUE);
	assert_int_equal(decoded.list[1].quality, QUALITY_NO_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published_orders),
	    cmocka_unit_test(test_types_and_orders),
	    cmocka_unit_test(test_small_types),
	    cmocka_unit_test(test_rounding),
	    cmocka_unit_test(test_f32_against_exact),
	    cmocka_unit_test(test_out_of_range),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_sequence),
	    cmocka_unit_test(test_no_sequence),
	    cmocka_unit_test(test_first_sequence_zero),
	    cmocka_unit_test(test_worked_example),
	    cmocka_unit_test(test_alive),
	    cmocka_unit_test(test_require),
	    cmocka_unit_test(test_alive_never_changes),
	    cmocka_unit_test(test_alive_beside_a_cuff),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_codes_with_reasons),
	    cmocka_unit_test(test_status_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
