/* Register maps (etc/devices): schema and checks of one Modbus device. Called by config_main.c at start, once for each
 * file. Addresses are written as the device's manual prints them (`address_base`) and kept as they are on the wire. */
#include <inttypes.h>
#include <string.h>

#include "daemon/config/reading.h"

static cfg_opt_t identity_rows[] = {TREE_LINE(),         TREE_VALUE("table"), TREE_VALUE("address"),
                                    TREE_VALUE("count"), TREE_LIST("expect"), TREE_END()};
static cfg_opt_t block_rows[] = {TREE_LINE(), TREE_VALUE("table"), TREE_VALUE("address"), TREE_VALUE("count"),
                                 TREE_END()};
static cfg_opt_t place_rows[] = {TREE_LINE(), TREE_VALUE("block"), TREE_VALUE("address"), TREE_END()};
static cfg_opt_t doubt_rows[] = {TREE_LINE(),        TREE_VALUE("block"), TREE_VALUE("address"),
                                 TREE_VALUE("mask"), TREE_VALUE("value"), TREE_VALUE("reason"),
                                 TREE_END()};
static cfg_opt_t none_rows[] = {TREE_LINE(), TREE_VALUE("from"), TREE_VALUE("to"), TREE_VALUE("reason"), TREE_END()};
static cfg_opt_t value_rows[] = {
    TREE_LINE(),
    TREE_VALUE("block"),
    TREE_VALUE("address"),
    TREE_VALUE("type"),
    TREE_VALUE("order"),
    TREE_VALUE("scale"),
    TREE_VALUE("offset"),
    TREE_LIST("missing"),
    TREE_VALUE("missing_reason"),
    TREE_VALUE("bits"),
    TREE_SECTION("none", none_rows),
    TREE_SECTION("valid_if", doubt_rows),
    TREE_SECTION("doubtful_if", doubt_rows),
    TREE_END(),
};
static cfg_opt_t alive_rows[] = {TREE_LINE(),        TREE_VALUE("block"),    TREE_VALUE("address"),
                                 TREE_VALUE("mask"), TREE_VALUE("within_s"), TREE_END()};
static cfg_opt_t require_rows[] = {TREE_LINE(),        TREE_VALUE("block"), TREE_VALUE("address"),
                                   TREE_VALUE("mask"), TREE_VALUE("value"), TREE_LIST("parameters"),
                                   TREE_END()};
static cfg_opt_t write_rows[] = {TREE_LINE(), TREE_VALUE("address"), TREE_VALUE("value"), TREE_END()};
static cfg_opt_t map_rows[] = {
    TREE_LINE(),
    TREE_VALUE("description"),
    TREE_VALUE("address_base"),
    TREE_SECTION("identity", identity_rows),
    TREE_TITLED("block", block_rows),
    TREE_SECTION("sequence", place_rows),
    TREE_SECTION("status", place_rows),
    TREE_SECTION("alive", alive_rows),
    TREE_SECTION("require", require_rows),
    TREE_TITLED("value", value_rows),
    TREE_TITLED("command", write_rows),
    TREE_SECTION("init", write_rows),
    TREE_END(),
};

struct map_reading {
	struct register_map *map;
	struct report *report;
	int64_t bases[2]; /* first address of enum register_table as the file writes it */
	char block_names[REGISTER_MAP_BLOCKS_MAX][NAME_BYTES];
	bool block_good[REGISTER_MAP_BLOCKS_MAX];
	bool values_good; /* all of them; else what the map provides is not known */
};

static bool read_base(struct map_reading *reading, const struct section *root)
{
	static const char *const names[] = {"0", "1", "30001", "40001", NULL};
	static const int64_t bases[][2] = {{0, 0}, {1, 1}, {30001, 40001}, {30001, 40001}};
	int choice;
	if (!key_choice(root, "address_base", REQUIRED, names, &choice))
		return false;
	memcpy(reading->bases, bases[choice], sizeof reading->bases);
	reading->map->address_base = (uint16_t)bases[choice][0];
	return true;
}

/* Key "address" in the spelling of the file -> wire address. */
static bool read_address(const struct map_reading *reading, const struct section *section, enum register_table table,
                         uint16_t *wire)
{
	int64_t base = reading->bases[table];
	int64_t last = base >= 30001 ? base + 9998 : base + UINT16_MAX;
	int64_t address;
	if (!key_integer(section, "address", REQUIRED, base, last, &address))
		return false;
	*wire = (uint16_t)(address - base);
	return true;
}

static bool read_block(const struct map_reading *reading, const struct section *section, struct register_block *block)
{
	static const char *const tables[] = {[REGISTER_INPUT] = "input", [REGISTER_HOLDING] = "holding", NULL};
	int table;
	int64_t count;
	bool good = key_choice(section, "table", REQUIRED, tables, &table);
	if (good) {
		block->table = (enum register_table)table;
		good = read_address(reading, section, block->table, &block->start);
	}
	if (!key_integer(section, "count", REQUIRED, 1, REGISTER_BLOCK_MAX, &count))
		return false;
	block->count = (uint16_t)count;
	if (good && block->start + count > UINT16_MAX + 1) {
		report_error(reading->report, key_where(section, "count"), "runs past register 65535 (legal: 1..%d)",
		             UINT16_MAX + 1 - block->start);
		return false;
	}
	return good;
}

static void read_identity(struct map_reading *reading, const struct section *root)
{
	struct register_map *map = reading->map;
	struct section section;
	if (!section_only(root, "identity", OPTIONAL, &section))
		return;
	map->has_identity = true;
	bool good = read_block(reading, &section, &map->identity);
	if (!key_present(&section, "expect", REQUIRED, "1..8 register values"))
		return;
	unsigned count = key_count(&section, "expect");
	unsigned most = good && map->identity.count < 8 ? map->identity.count : 8;
	if (count > most) {
		report_error(reading->report, key_where_at(&section, "expect", most),
		             "there are %u values (legal: 1..%u)", count, most);
		return;
	}
	map->identity_expect_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		int64_t value = 0;
		(void)key_integer_at(&section, "expect", i, 0, UINT16_MAX, &value);
		map->identity_expect[i] = (uint16_t)value;
	}
}

static void read_blocks(struct map_reading *reading, const struct section *root)
{
	struct register_map *map = reading->map;
	map->block_count = (uint8_t)section_bounded(root, "block", REGISTER_MAP_BLOCKS_MAX);
	if (map->block_count == 0)
		report_error(reading->report, section_where(root, "block"), "there is no block (legal: 1..%d)",
		             REGISTER_MAP_BLOCKS_MAX);
	for (uint8_t i = 0; i < map->block_count; i++) {
		struct section section = section_at(root, "block", i);
		bool named = title_token(&section, reading->block_names[i]);
		reading->block_good[i] = read_block(reading, &section, &map->blocks[i]) && named;
	}
}

bool map_lengths_differ(const struct register_map *map, uint16_t *count)
{
	for (uint8_t i = 0; i < map->block_count; i++) {
		*count = map->blocks[i].count;
		if (map->has_identity && map->identity.count == *count)
			return false;
		for (uint8_t j = 0; j < i; j++)
			if (map->blocks[j].count == *count)
				return false;
	}
	return true;
}

/* Keys "block" and "address" of something that is `width` registers long. */
static bool read_place(const struct map_reading *reading, const struct section *section, uint16_t width, uint8_t *block,
                       uint16_t *offset)
{
	char name[NAME_BYTES];
	uint16_t wire;
	if (!key_token(section, "block", REQUIRED, name))
		return false;
	uint8_t i = 0;
	while (i < reading->map->block_count && strcmp(reading->block_names[i], name) != 0)
		i++;
	if (i == reading->map->block_count) {
		report_error(reading->report, key_where(section, "block"),
		             "there is no block \"%s\" (legal: a block of this map)", name);
		return false;
	}
	const struct register_block *found = &reading->map->blocks[i];
	if (!reading->block_good[i] || !read_address(reading, section, found->table, &wire))
		return false;
	if (wire < found->start || wire + width > found->start + found->count) {
		int first = (int)(found->start + reading->bases[found->table]);
		report_error(reading->report, key_where(section, "address"), "is not in block %s (legal: %d..%d)", name,
		             first, first + found->count - width);
		return false;
	}
	*block = i;
	*offset = (uint16_t)(wire - found->start);
	return true;
}

static void read_missing_codes(const struct section *section, struct register_value *value)
{
	static const struct {
		int64_t min, max;
	} widths[] = {
	    [REGISTER_U8_HIGH] = {0, UINT8_MAX},       [REGISTER_U8_LOW] = {0, UINT8_MAX},
	    [REGISTER_U16] = {0, UINT16_MAX},          [REGISTER_S16] = {INT16_MIN, UINT16_MAX},
	    [REGISTER_U32] = {0, UINT32_MAX},          [REGISTER_S32] = {INT32_MIN, UINT32_MAX},
	    [REGISTER_F32] = {0, UINT32_MAX},          [REGISTER_S8_HIGH] = {INT8_MIN, UINT8_MAX},
	    [REGISTER_S8_LOW] = {INT8_MIN, UINT8_MAX},
	};
	struct report *report = section->source->report;
	if (!key_present(section, "missing", OPTIONAL, "1..4 raw codes"))
		return;
	unsigned count = key_count(section, "missing");
	if (count > REGISTER_MISSING_MAX) {
		report_error(report, key_where_at(section, "missing", REGISTER_MISSING_MAX),
		             "there are %u codes (legal: 1..%d)", count, REGISTER_MISSING_MAX);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		int64_t code;
		if (!key_integer_at(section, "missing", i, widths[value->type].min, widths[value->type].max, &code))
			continue;
		uint32_t pattern = (uint32_t)(code & UINT32_MAX);
		if (value->type == REGISTER_S8_HIGH || value->type == REGISTER_S8_LOW)
			pattern &= UINT8_MAX;
		value->missing[value->missing_count++] = value->type == REGISTER_S16 ? pattern & UINT16_MAX : pattern;
	}
}

/* One of the reasons that a device can give; the others are the monitor's own. */
static void read_reason(const struct section *section, const char *key, enum need need, enum reason *reason)
{
	const char *names[REASON_COUNT + 1] = {NULL};
	for (int i = REASON_SENSOR_OFF; i <= REASON_APNEA; i++)
		names[i - REASON_SENSOR_OFF] = reason_name((enum reason)i);
	int choice;
	if (key_choice(section, key, need, names, &choice))
		*reason = (enum reason)(choice + REASON_SENSOR_OFF);
}

/* value in milli = raw * scale_milli / divisor + offset_milli; six decimals, of which three go into the divisor when
 * they are needed. */
static void read_scale(const struct section *section, struct register_value *value)
{
	int64_t scale = 1000000, offset = 0;
	enum need need = value->type == REGISTER_F32 ? OPTIONAL : REQUIRED;
	(void)key_decimal(section, "scale", need, 6, 1, INT64_C(1000) * 1000000, &scale);
	bool fine = scale % 1000 != 0;
	value->divisor = fine ? 1000 : 1;
	value->scale_milli = (int32_t)(fine ? scale : scale / 1000);
	(void)key_decimal(section, "offset", OPTIONAL, 3, INT64_C(-1000000) * MILLI, INT64_C(1000000) * MILLI, &offset);
	value->offset_milli = (int32_t)offset;
}

/* The bits of a register that count. */
static uint16_t read_mask(const struct section *section)
{
	int64_t mask = UINT16_MAX;
	(void)key_integer(section, "mask", OPTIONAL, 1, UINT16_MAX, &mask);
	return (uint16_t)mask;
}

/* Key "value": what is left of a register by `mask`. */
static uint16_t read_masked(const struct section *section, uint16_t mask)
{
	int64_t value = 0;
	if (key_integer(section, "value", REQUIRED, 0, UINT16_MAX, &value) && (value & ~mask) != 0)
		report_error(section->source->report, key_where(section, "value"),
		             "0x%04X can never be what the mask 0x%04X leaves (legal: bits of the mask)",
		             (unsigned)value, mask);
	return (uint16_t)value;
}

static uint8_t read_doubts(const struct map_reading *reading, const struct section *section, const char *name,
                           struct register_doubt doubts[REGISTER_DOUBTS_MAX])
{
	uint8_t count = (uint8_t)section_bounded(section, name, REGISTER_DOUBTS_MAX);
	for (uint8_t i = 0; i < count; i++) {
		struct section own = section_at(section, name, i);
		(void)read_place(reading, &own, 1, &doubts[i].block, &doubts[i].offset);
		doubts[i].mask = read_mask(&own);
		doubts[i].bits = read_masked(&own, doubts[i].mask);
		read_reason(&own, "reason", REQUIRED, &doubts[i].reason);
	}
	return count;
}

/* The codes of a type, as `none` and `missing` may write them. */
static void read_nones(const struct section *section, struct register_value *value)
{
	value->none_count = (uint8_t)section_bounded(section, "none", REGISTER_DOUBTS_MAX);
	for (uint8_t i = 0; i < value->none_count; i++) {
		struct register_none *none = &value->none[i];
		struct section own = section_at(section, "none", i);
		bool good = key_integer(&own, "from", REQUIRED, INT32_MIN, UINT32_MAX, &none->from);
		none->to = none->from;
		good = (key_count(&own, "to") == 0 ||
		        key_integer(&own, "to", OPTIONAL, INT32_MIN, UINT32_MAX, &none->to)) &&
		       good;
		if (good && none->to < none->from)
			report_error(section->source->report, key_where(&own, "to"),
			             "is less than from (legal: at least that)");
		read_reason(&own, "reason", REQUIRED, &none->reason);
	}
}

/* A field of an unsigned value; bits without a gap, so that it is a number. */
static void read_bits(const struct section *section, struct register_value *value)
{
	int64_t most = value->type == REGISTER_U32                                         ? UINT32_MAX
	               : value->type == REGISTER_U16                                       ? UINT16_MAX
	               : value->type == REGISTER_U8_HIGH || value->type == REGISTER_U8_LOW ? UINT8_MAX
	                                                                                   : 0;
	int64_t bits = 0;
	if (most == 0) {
		key_refuse(section, "bits", "only an unsigned type has fields");
		return;
	}
	if (!key_integer(section, "bits", OPTIONAL, 1, most, &bits))
		return;
	int64_t lowest = bits & -bits;
	if ((bits & (bits + lowest)) != 0)
		report_error(section->source->report, key_where(section, "bits"),
		             "0x%" PRIX64 " has a gap (legal: neighbouring bits, such as 0x3F0)", (uint64_t)bits);
	value->bits = (uint32_t)bits;
}

static parameter_set measured_parameters(void)
{
	parameter_set set = 0;
	for (int i = 0; i < PARAMETER_COUNT; i++)
		if (parameter_table[i].cadence != CADENCE_ENTERED && !parameter_derived((enum parameter)i))
			set |= PARAMETER_BIT(i);
	return set;
}

static void read_value(const struct map_reading *reading, const struct section *section, struct register_value *value)
{
	static const char *const types[] = {
	    [REGISTER_U8_HIGH] = "u8-high", [REGISTER_U8_LOW] = "u8-low",
	    [REGISTER_U16] = "u16",         [REGISTER_S16] = "s16",
	    [REGISTER_U32] = "u32",         [REGISTER_S32] = "s32",
	    [REGISTER_F32] = "f32",         [REGISTER_S8_HIGH] = "s8-high",
	    [REGISTER_S8_LOW] = "s8-low",   NULL,
	};
	static const char *const orders[] = {
	    [ORDER_ABCD] = "abcd", [ORDER_CDAB] = "cdab", [ORDER_BADC] = "badc", [ORDER_DCBA] = "dcba", NULL,
	};
	int parameter = title_parameter(section, measured_parameters()), type, order;
	if (!key_choice(section, "type", REQUIRED, types, &type))
		return;
	value->parameter = (enum parameter)(parameter >= 0 ? parameter : 0);
	value->type = (enum register_type)type;
	bool wide = value->type == REGISTER_U32 || value->type == REGISTER_S32 || value->type == REGISTER_F32;
	if (!wide)
		key_refuse(section, "order", "a value of one register has no order");
	else if (key_choice(section, "order", REQUIRED, orders, &order))
		value->order = (enum register_order)order;
	(void)read_place(reading, section, wide ? 2 : 1, &value->block, &value->offset);
	read_scale(section, value);
	read_missing_codes(section, value);
	value->missing_reason = REASON_NOT_MEASURED;
	read_reason(section, "missing_reason", OPTIONAL, &value->missing_reason);
	read_bits(section, value);
	read_nones(section, value);
	value->valid_count = read_doubts(reading, section, "valid_if", value->valid_if);
	value->doubtful_count = read_doubts(reading, section, "doubtful_if", value->doubtful_if);
}

static void read_values(struct map_reading *reading, const struct section *root)
{
	struct register_map *map = reading->map;
	/* One frame carries at most so many measurements. */
	unsigned most =
	    EVENT_MEASUREMENTS_MAX < REGISTER_MAP_VALUES_MAX ? EVENT_MEASUREMENTS_MAX : REGISTER_MAP_VALUES_MAX;
	bool intermittent = false;
	int before = reading->report->count;
	map->value_count = (uint8_t)section_bounded(root, "value", most);
	if (map->value_count == 0)
		report_error(reading->report, section_where(root, "value"), "there is no value (legal: 1..%u)", most);
	for (uint8_t i = 0; i < map->value_count; i++) {
		struct section section = section_at(root, "value", i);
		read_value(reading, &section, &map->values[i]);
		map->provides |= PARAMETER_BIT(map->values[i].parameter);
		intermittent |= parameter_table[map->values[i].parameter].cadence == CADENCE_INTERMITTENT;
	}
	reading->values_good = reading->report->count == before;
	/* Of a name that is not known nobody knows what it needs. */
	if (reading->values_good && intermittent && !map->has_sequence)
		report_error(reading->report, section_where(root, "sequence"),
		             "is missing: an old cuff reading could not be told from a new one (legal: sequence { "
		             "block, address })");
}

static parameter_set continuous_of(parameter_set set)
{
	parameter_set continuous = 0;
	for (int i = 0; i < PARAMETER_COUNT; i++)
		if (parameter_table[i].cadence == CADENCE_CONTINUOUS)
			continuous |= set & PARAMETER_BIT(i);
	return continuous;
}

static void read_alive(const struct map_reading *reading, const struct section *root)
{
	static const struct span within = {.key_s = "within_s", .min_s = 1, .max_s = 600};
	struct register_map *map = reading->map;
	struct register_alive *alive = &map->alive;
	struct section section;
	alive->used = section_only(root, "alive", OPTIONAL, &section);
	if (!alive->used)
		return;
	(void)read_place(reading, &section, 1, &alive->block, &alive->offset);
	alive->mask = read_mask(&section);
	(void)key_span(&section, &within, REQUIRED, &alive->within_ns);
	if (reading->values_good && continuous_of(map->provides) == 0)
		report_error(
		    reading->report, section_where(&section, "alive"),
		    "the map has no continuous value (legal: with one; of a cuff `sequence` tells what is new)");
}

static parameter_set read_required(const struct map_reading *reading, const struct section *section)
{
	parameter_set set = 0;
	if (!key_present(section, "parameters", OPTIONAL, "values of this map"))
		return reading->map->provides;
	for (unsigned i = 0; i < key_count(section, "parameters"); i++) {
		const char *name = key_string_at(section, "parameters", i);
		int parameter = parameter_by_name(name);
		if (parameter >= 0 && (reading->map->provides & PARAMETER_BIT(parameter)) != 0)
			set |= PARAMETER_BIT(parameter);
		else if (reading->values_good)
			report_error(reading->report, key_where_at(section, "parameters", i),
			             "\"%.40s\" is no value of this map (legal: its values)", name);
	}
	return set;
}

static void read_requires(const struct map_reading *reading, const struct section *root)
{
	struct register_map *map = reading->map;
	map->require_count = (uint8_t)section_bounded(root, "require", REGISTER_REQUIRES_MAX);
	for (uint8_t i = 0; i < map->require_count; i++) {
		struct register_require *require = &map->requires[i];
		struct section section = section_at(root, "require", i);
		(void)read_place(reading, &section, 1, &require->block, &require->offset);
		require->mask = read_mask(&section);
		require->value = read_masked(&section, require->mask);
		require->parameters = read_required(reading, &section);
	}
}

static bool read_write(const struct map_reading *reading, const struct section *section, struct register_write *write)
{
	int64_t value = 0;
	bool placed = read_address(reading, section, REGISTER_HOLDING, &write->address);
	write->used = key_integer(section, "value", REQUIRED, 0, UINT16_MAX, &value) && placed;
	write->value = (uint16_t)value;
	return write->used;
}

static void read_writes(struct map_reading *reading, const struct section *root)
{
	struct register_map *map = reading->map;
	unsigned count = section_count(root, "command");
	for (unsigned i = 0; i < count; i++) {
		struct section section = section_at(root, "command", i);
		bool start = strcmp(section_title(&section), "cuff-start") == 0;
		if (start || strcmp(section_title(&section), "cuff-stop") == 0)
			(void)read_write(reading, &section, start ? &map->cuff_start : &map->cuff_stop);
		else
			report_error(reading->report, section_where(&section, "command"),
			             "\"%.40s\" is not known (legal: cuff-start | cuff-stop)", section_title(&section));
	}
	if (count == 1) {
		struct section only = section_at(root, "command", 0);
		report_error(
		    reading->report, section_where(&only, "command"),
		    "a cuff that can be started must be stoppable (legal: both cuff-start and cuff-stop, or none)");
	}
	if (reading->values_good && count > 0 && (map->provides & PARAMETER_BIT(PARAMETER_NIBP_SYS)) == 0) {
		struct section first = section_at(root, "command", 0);
		report_error(reading->report, section_where(&first, "command"),
		             "the map has no cuff value (legal: with value nibp_sys only)");
	}
	map->init_count = (uint8_t)section_bounded(root, "init", REGISTER_MAP_WRITES_MAX);
	for (uint8_t i = 0; i < map->init_count; i++) {
		struct section section = section_at(root, "init", i);
		(void)read_write(reading, &section, &map->init[i]);
	}
}

static void read_sections(struct map_reading *reading, const struct section *root)
{
	struct register_map *map = reading->map;
	struct section section;
	(void)key_text(root, "description", REQUIRED, map->description, sizeof map->description);
	if (!read_base(reading, root))
		return; /* no address can be understood without it */
	read_identity(reading, root);
	read_blocks(reading, root);
	map->has_sequence = section_only(root, "sequence", OPTIONAL, &section);
	if (map->has_sequence)
		(void)read_place(reading, &section, 1, &map->sequence_block, &map->sequence_offset);
	map->has_status = section_only(root, "status", OPTIONAL, &section);
	if (map->has_status)
		(void)read_place(reading, &section, 1, &map->status_block, &map->status_offset);
	read_values(reading, root);
	read_alive(reading, root);
	read_requires(reading, root);
	read_writes(reading, root);
}

int read_map(struct reading *reading, const char *file, struct where where)
{
	struct config *config = reading->config;
	int index = config->map_count++; /* at most one for each device */
	struct map_reading here = {.map = &config->maps[index], .report = &reading->report};
	struct source source;
	int before = reading->report.count;
	memcpy(reading->map_files[index], file, strlen(file) + 1);
	(void)reading_name(reading, where, file, here.map->name);
	if (reading_open(reading, &source, file, where, map_rows, NULL)) {
		struct section root = tree_root(&source);
		read_sections(&here, &root);
	}
	tree_close(&source);
	reading->map_good[index] = reading->report.count == before;
	return index;
}
