/* What was understood, for `vitalsd --check` and `vitalsctl config check`: every value with its default filled in,
 * Modbus addresses as on the wire and as manuals print them, and the time a round of each bus takes. Never the secret
 * key. */
#include <inttypes.h>

#include "daemon/config/plan_reading.h"

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static const char *type_text(enum register_type type)
{
	static const char *const names[] = {
	    [REGISTER_U8_HIGH] = "u8-high", [REGISTER_U8_LOW] = "u8-low",   [REGISTER_U16] = "u16",
	    [REGISTER_S16] = "s16",         [REGISTER_U32] = "u32",         [REGISTER_S32] = "s32",
	    [REGISTER_F32] = "f32",         [REGISTER_S8_HIGH] = "s8-high", [REGISTER_S8_LOW] = "s8-low",
	};
	return names[type];
}

static const char *order_text(const struct register_value *value)
{
	static const char *const names[] = {
	    [ORDER_ABCD] = " abcd", [ORDER_CDAB] = " cdab", [ORDER_BADC] = " badc", [ORDER_DCBA] = " dcba"};
	bool wide = value->type == REGISTER_U32 || value->type == REGISTER_S32 || value->type == REGISTER_F32;
	return wide ? names[value->order] : "";
}

static void print_parameters(parameter_set set, FILE *out)
{
	for (int i = 0; i < PARAMETER_COUNT; i++)
		if ((set & PARAMETER_BIT(i)) != 0)
			(void)fprintf(out, " %s", parameter_table[i].name);
	(void)fputc('\n', out);
}

static void print_link(const struct config *config, uint8_t index, FILE *out)
{
	const struct link_config *link = &config->links[index];
	bool serial = link->type == LINK_SERIAL || link->type == LINK_MODBUS_RTU;
	bool modbus = link->type != LINK_SERIAL && link->type != LINK_RAW_TCP;
	(void)fprintf(out, "\nlink %s: %s ", link->name, modbus ? "Modbus" : "stream");
	if (serial)
		(void)fprintf(out, "on %s, %d %d%c%d\n", link->port, (int)link->line.baud, link->line.data_bits,
		              link->line.parity, link->line.stop_bits);
	else if (link->listen[0] != '\0')
		(void)fprintf(out, "over TCP from %s, which connects to %s port %u\n", link->host, link->listen,
		              link->tcp_port);
	else
		(void)fprintf(out, "%sover TCP to %s port %u\n", link->type == LINK_MODBUS_RTU_TCP ? "RTU " : "",
		              link->host, link->tcp_port);
	if (link->traffic_path[0] != '\0')
		(void)fprintf(out, "  RAW TRAFFIC with patient data is recorded in %s\n", link->traffic_path);
	char tight[768];
	if (modbus)
		(void)fprintf(out, "  timeout %d ms, worst round %" PRId64 " ms\n", (int)link->timeout_ms,
		              config_link_cycle_ns(config, index) / NS_PER_MS);
	if (modbus && bus_is_tight(config, index, tight, sizeof tight))
		(void)fprintf(out, "  NOTE: %s\n", tight);
}

/* A gateway may answer for a device that is dead. */
static void ask_alive(const struct register_map *map, FILE *out)
{
	bool continuous = false;
	for (uint8_t i = 0; i < map->value_count; i++)
		continuous |= parameter_table[map->values[i].parameter].cadence == CADENCE_CONTINUOUS;
	if (continuous && !map->alive.used)
		(void)fprintf(out,
		              "  NOTE: map %s has no `alive`: is there a register that the device keeps changing? "
		              "Without it the last values\n  of a dead device that a gateway goes on serving are "
		              "taken for live ones\n",
		              map->name);
}

static void print_device(const struct config *config, uint8_t index, FILE *out)
{
	const struct device_config *device = &config->devices[index];
	(void)fprintf(out, "\ndevice %s on link %s, every %" PRId64 " ms: ", device->name,
	              config->links[device->link].name, device->period_ns / NS_PER_MS);
	if (device->driver != NULL)
		(void)fprintf(out, "driver %s (%s; tested with: %s)\n", device->driver->name,
		              device->driver->description, evidence_name(device->driver->evidence));
	else
		(void)fprintf(out, "map %s, unit %u\n", config->maps[device->map].name, device->unit);
	if (device->map >= 0 && config->links[device->link].type != LINK_MODBUS_RTU)
		ask_alive(&config->maps[device->map], out);
	if (device->serial[0] != '\0')
		(void)fprintf(out, "  only number %s is believed\n", device->serial);
	if (config->engine.devices[index].provides == 0)
		(void)fprintf(out, "  its values are NOT USED, only its state is shown\n");
	(void)fprintf(out, "  provides");
	print_parameters(config->engine.devices[index].provides, out);
	(void)fprintf(out, "  cuff can be started: %s\n", yes_no(config->engine.devices[index].cuff_command));
	if (config->engine.devices[index].same_limb)
		(void)fprintf(out, "  on the cuff's limb: an inflation takes its signal away for a while\n");
}

/* "input 16 (30017)": on the wire, and as a manual that counts from 30001 or 40001 prints it. */
static void print_address(enum register_table table, unsigned wire, FILE *out)
{
	bool input = table == REGISTER_INPUT;
	(void)fprintf(out, "%s %u (%u)", input ? "input" : "holding", wire, wire + (input ? 30001u : 40001u));
}

static void print_place(const struct register_map *map, uint8_t block, uint16_t offset, FILE *out)
{
	print_address(map->blocks[block].table, (unsigned)map->blocks[block].start + offset, out);
}

static void print_doubts(const struct register_map *map, const struct register_doubt *doubts, uint8_t count, bool holds,
                         FILE *out)
{
	for (uint8_t i = 0; i < count; i++) {
		(void)fprintf(out, "    %s if ", holds ? "doubtful" : "none");
		print_place(map, doubts[i].block, doubts[i].offset, out);
		(void)fprintf(out, " & 0x%04X %s 0x%04X (%s)\n", doubts[i].mask, holds ? "is" : "is not",
		              doubts[i].bits, reason_name(doubts[i].reason));
	}
}

static void print_value(const struct register_map *map, const struct register_value *value, FILE *out)
{
	char scale[32], offset[32];
	decimal_text(scale, sizeof scale, (int64_t)value->scale_milli * 1000 / value->divisor, 6);
	decimal_text(offset, sizeof offset, value->offset_milli, 3);
	(void)fprintf(out, "  %s at ", parameter_table[value->parameter].name);
	print_place(map, value->block, value->offset, out);
	(void)fprintf(out, ": %s%s x %s + %s", type_text(value->type), order_text(value), scale, offset);
	for (uint8_t i = 0; i < value->missing_count; i++)
		(void)fprintf(out, "%s0x%" PRIX32, i == 0 ? "; none if " : ", ", value->missing[i]);
	(void)fprintf(out, " (%s)\n", reason_name(value->missing_reason));
	if (value->bits != 0)
		(void)fprintf(out, "    bits 0x%" PRIX32 " alone, moved down\n", value->bits);
	for (uint8_t i = 0; i < value->none_count; i++)
		(void)fprintf(out, "    none from %" PRId64 " to %" PRId64 " (%s)\n", value->none[i].from,
		              value->none[i].to, reason_name(value->none[i].reason));
	print_doubts(map, value->valid_if, value->valid_count, false, out);
	print_doubts(map, value->doubtful_if, value->doubtful_count, true, out);
}

static void print_write(const char *what, const struct register_write *write, FILE *out)
{
	if (!write->used)
		return;
	(void)fprintf(out, "  %s: write %u to ", what, write->value);
	print_address(REGISTER_HOLDING, write->address, out);
	(void)fputc('\n', out);
}

static void print_trust(const struct register_map *map, FILE *out)
{
	const struct register_alive *alive = &map->alive;
	if (alive->used) {
		(void)fprintf(out, "  alive while this changes within %" PRId64 " s: ", alive->within_ns / NS_PER_S);
		print_place(map, alive->block, alive->offset, out);
		(void)fprintf(out, " & 0x%04X\n", alive->mask);
	}
	for (uint8_t i = 0; i < map->require_count; i++) {
		const struct register_require *require = &map->requires[i];
		(void)fprintf(out, "  must hold: ");
		print_place(map, require->block, require->offset, out);
		(void)fprintf(out, " & 0x%04X = 0x%04X, else no", require->mask, require->value);
		print_parameters(require->parameters, out);
	}
}

/* A number such as 40033 in a file that counts from 0 or 1 is a register of its own, which few devices have; most
 * likely it was copied from a manual that counts from 40001. */
static void question_address(const struct register_map *map, enum register_table table, unsigned wire, FILE *out)
{
	unsigned written = wire + map->address_base;
	unsigned first = written >= 40001 ? 40001 : 30001;
	if (map->address_base > 1 || written < 30001 || written > 49999)
		return;
	(void)fprintf(out, "  NOTE: address %u is taken as ", written);
	print_address(table, wire, out);
	(void)fprintf(out, ", since address_base is %u. If a manual prints %u for register %u, write %u\n",
	              map->address_base, written, written - first, written - first + map->address_base);
}

static void question_addresses(const struct register_map *map, FILE *out)
{
	for (uint8_t i = 0; i < map->block_count; i++)
		question_address(map, map->blocks[i].table, map->blocks[i].start, out);
	if (map->has_identity)
		question_address(map, map->identity.table, map->identity.start, out);
	if (map->cuff_start.used)
		question_address(map, REGISTER_HOLDING, map->cuff_start.address, out);
	if (map->cuff_stop.used)
		question_address(map, REGISTER_HOLDING, map->cuff_stop.address, out);
	for (uint8_t i = 0; i < map->init_count; i++)
		question_address(map, REGISTER_HOLDING, map->init[i].address, out);
}

static void print_map(const struct register_map *map, FILE *out)
{
	(void)fprintf(out, "\nmap %s: %s\n", map->name, map->description);
	for (uint8_t i = 0; i < map->block_count; i++) {
		(void)fprintf(out, "  reads ");
		print_address(map->blocks[i].table, map->blocks[i].start, out);
		(void)fprintf(out, " x %u\n", map->blocks[i].count);
	}
	if (map->has_identity) {
		(void)fprintf(out, "  identity ");
		print_address(map->identity.table, map->identity.start, out);
		(void)fprintf(out, " x %u =", map->identity.count);
		for (uint8_t i = 0; i < map->identity_expect_count; i++)
			(void)fprintf(out, " 0x%04X", map->identity_expect[i]);
		(void)fputc('\n', out);
	}
	for (uint8_t i = 0; i < map->value_count; i++)
		print_value(map, &map->values[i], out);
	if (map->has_sequence) {
		(void)fprintf(out, "  new reading when this changes: ");
		print_place(map, map->sequence_block, map->sequence_offset, out);
		(void)fputc('\n', out);
	}
	if (map->has_status) {
		(void)fprintf(out, "  reading good when this is 0: ");
		print_place(map, map->status_block, map->status_offset, out);
		(void)fputc('\n', out);
	}
	print_trust(map, out);
	print_write("cuff start", &map->cuff_start, out);
	print_write("cuff stop", &map->cuff_stop, out);
	for (uint8_t i = 0; i < map->init_count; i++)
		print_write("after connecting", &map->init[i], out);
	question_addresses(map, out);
}

static void print_people(const struct people *people, FILE *out)
{
	(void)fprintf(out, "%u people may be named beside who asks (%u listed, the others have accounts here):%s",
	              people->count, people->listed, people->count == 0 ? " nobody\n" : "");
	for (uint16_t i = 0; i < people->count; i++)
		(void)fprintf(out, " %s%s", people->list[i].name, i + 1 == people->count ? "\n" : "");
	if (people->left_out > 0)
		(void)fprintf(out, "  %u accounts more are NOT KNOWN: there is no room for them, list who is needed\n",
		              people->left_out);
}

static void print_general(const struct config *config, FILE *out)
{
	const struct publish_config *publish = &config->publish;
	(void)fprintf(out, "configuration %s\n  sha256 %s\n  plan sha256 %s\n", config->path, config->hash_hex,
	              config->plan_hash_hex);
	(void)fprintf(out, "bedside %s\ncontrol socket %s\nrecord %s\nblack box %s\nsyslog ident %s, socket %s\n",
	              config->engine.bedside, config->control_socket, config->record_path, config->box_path,
	              config->syslog_ident, config->syslog_socket);
	if (config->record_group[0] != '\0')
		(void)fprintf(out, "record readable for group %s\n", config->record_group);
	if (config->keep_events_ns > 0)
		(void)fprintf(out, "events of a session kept for %d days after it\n",
		              (int)(config->keep_events_ns / (24 * 3600 * NS_PER_S)));
	if (config->realtime_priority > 0)
		(void)fprintf(out, "real-time priority %u\n", config->realtime_priority);
	else
		(void)fprintf(out, "normal scheduling\n");
	for (uint8_t i = 0; i < publish->endpoint_count; i++)
		(void)fprintf(out, "publish %s\n", publish->endpoints[i]);
	if (publish->curve)
		(void)fprintf(out, "encrypted with the key of %s, %u display key(s)\n", publish->secret_key_file,
		              publish->client_key_count);
	else
		(void)fprintf(out, "not encrypted: this computer only\n");
	if (config->engine.display_count > 0)
		(void)fprintf(out, "displays that must confirm within %" PRId64 " s:",
		              config->engine.display_within_ns / NS_PER_S);
	for (uint8_t i = 0; i < config->engine.display_count; i++)
		(void)fprintf(out, " %s%s", config->engine.displays[i],
		              i + 1 == config->engine.display_count ? "\n" : "");
}

/* The last words, so that they are read: a limit that is called critical and is never judged here. */
static void print_without_source(const struct config *config, FILE *out)
{
	const struct plan *plan = &config->engine.plan;
	parameter_set all = 0;

	for (uint8_t i = 0; i < config->device_count; i++)
		all |= config->engine.devices[i].provides;
	for (uint8_t i = 0; i < plan->rule_count; i++) {
		parameter_set noted = 0;

		if (!engine_without_source(&config->engine, i))
			continue;
		(void)fprintf(out, "\nWARNING: no source for critical rule %s: no device provides",
		              plan->rules[i].name);
		for (uint8_t t = 0; t < plan->rules[i].term_count; t++) {
			enum parameter parameter = plan->rules[i].terms[t].parameter;

			if ((noted & PARAMETER_BIT(parameter)) == 0 && !parameter_provided(parameter, all))
				(void)fprintf(out, " %s", parameter_table[parameter].name);
			noted |= PARAMETER_BIT(parameter);
		}
		(void)fprintf(out, "; it is never judged here%s\n",
		              plan->rules[i].optional || plan->demo ? "" : ", and blocks the start (no-source)");
	}
}

int config_print(const struct config *config, FILE *out)
{
	print_general(config, out);
	print_people(&config->people, out);
	for (uint8_t i = 0; i < config->link_count; i++)
		print_link(config, i, out);
	for (uint8_t i = 0; i < config->device_count; i++)
		print_device(config, i, out);
	for (uint8_t i = 0; i < config->map_count; i++)
		print_map(&config->maps[i], out);
	print_plan(config, out);
	print_without_source(config, out);
	return ferror(out) ? -1 : 0;
}
