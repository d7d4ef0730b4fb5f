/* Checks that span several sections of the main file: ports, units, who provides what. Called by config_main.c when all
 * sections were read; looks only at those that were right by themselves. */
#include <string.h>

#include "daemon/config/reading.h"

static bool is_streaming(const struct link_config *link)
{
	return link->type == LINK_SERIAL || link->type == LINK_RAW_TCP;
}

static bool is_serial(const struct link_config *link)
{
	return link->type == LINK_SERIAL || link->type == LINK_MODBUS_RTU;
}

static bool same_port(const struct link_config *a, const struct link_config *b)
{
	if (is_serial(a) != is_serial(b))
		return false;
	if (is_serial(a))
		return strcmp(a->port, b->port) == 0;
	bool listens = a->listen[0] != '\0';
	if (a->tcp_port != b->tcp_port || listens != (b->listen[0] != '\0'))
		return false;
	return listens ? strcmp(a->listen, b->listen) == 0 : strcmp(a->host, b->host) == 0;
}

/* Every device says which link it uses; else the one that nobody seems to use may be meant. */
static bool links_named(const struct reading *reading, const struct section *root)
{
	const struct config *config = reading->config;
	for (uint8_t i = 0; i < config->device_count; i++) {
		struct section device = section_at(root, "device", i);
		bool named = false;
		for (uint8_t k = 0; k < config->link_count && key_count(&device, "link") > 0; k++)
			named |= strcmp(key_string_at(&device, "link", 0), config->links[k].name) == 0;
		if (!named)
			return false;
	}
	return true;
}

static void check_link(struct reading *reading, const struct section *root, uint8_t index)
{
	const struct config *config = reading->config;
	const struct link_config *link = &config->links[index];
	struct section section = section_at(root, "link", index);
	for (uint8_t i = 0; i < index; i++)
		if (reading->link_good[i] && same_port(&config->links[i], link))
			report_error(&reading->report, key_where(&section, is_serial(link) ? "port" : "host"),
			             "link \"%s\" uses it too (legal: one link for each port)", config->links[i].name);
	unsigned users = 0;
	for (uint8_t i = 0; i < config->device_count; i++) {
		struct section device = section_at(root, "device", i);
		bool uses = strcmp(key_string_at(&device, "link", 0), link->name) == 0;
		users += uses;
		if (uses && users == 2 && is_streaming(link))
			report_error(&reading->report, key_where(&device, "link"),
			             "link \"%s\" has a device already (legal: one device on a streaming link)",
			             link->name);
	}
	if (users == 0 && links_named(reading, root))
		report_error(&reading->report, section_where(&section, "link"),
		             "no device uses link \"%s\" (legal: at least one)", link->name);
}

static void check_unit(struct reading *reading, const struct section *root, uint8_t index)
{
	const struct config *config = reading->config;
	const struct device_config *device = &config->devices[index];
	for (uint8_t i = 0; i < index; i++) {
		const struct device_config *other = &config->devices[i];
		if (!reading->device_good[i] || device->map < 0 || other->link != device->link ||
		    other->unit != device->unit)
			continue;
		struct section section = section_at(root, "device", index);
		report_error(&reading->report, key_where(&section, "unit"),
		             "%d is the unit of device \"%s\" on the same link (legal: units of their own)",
		             device->unit, other->name);
		return;
	}
}

static void check_providers(struct reading *reading, const struct section *root, uint8_t index)
{
	const struct engine_config *engine = &reading->config->engine;
	for (uint8_t i = 0; i < index; i++) {
		parameter_set both = engine->devices[i].provides & engine->devices[index].provides;
		if (!reading->device_good[i] || both == 0)
			continue;
		struct section section = section_at(root, "device", index);
		int parameter = 0;
		while ((both & PARAMETER_BIT(parameter)) == 0)
			parameter++;
		report_error(
		    &reading->report, key_where(&section, "parameters"),
		    "%s comes from device \"%s\" already (legal: one device for each parameter; list the others)",
		    parameter_table[parameter].name, engine->devices[i].name);
	}
}

/* Conditions are known outside by a number worked out of their names (engine_alarm_id). */
static void check_alarm_ids(struct reading *reading, const struct section *root)
{
	static struct engine engine; /* too large for a stack; only main and the reload thread read a configuration */
	struct alarm *alarms = engine.alarms;
	uint16_t one, other;
	char names[2][64];
	if (reading->report.count > 0)
		return; /* what was refused has no name yet */
	engine_init(&engine, &reading->config->engine, (struct mono){0});
	if (!engine_alarm_ids_clash(&engine, &one, &other))
		return;
	engine_condition_name(&engine, &alarms[one], names[0], sizeof(names[0]));
	engine_condition_name(&engine, &alarms[other], names[1], sizeof(names[1]));
	report_error(&reading->report, key_where(root, "bedside"),
	             "the alarms \"%s\" and \"%s\" could not be told apart (legal: other names for the rule, check or "
	             "device)",
	             names[0], names[1]);
}

void check_bedside(struct reading *reading)
{
	const struct config *config = reading->config;
	struct section root = tree_root(&reading->main);
	for (uint8_t i = 0; i < config->link_count; i++)
		if (reading->link_good[i])
			check_link(reading, &root, i);
	for (uint8_t i = 0; i < config->device_count; i++) {
		if (!reading->device_good[i])
			continue;
		check_unit(reading, &root, i);
		check_providers(reading, &root, i);
	}
	check_alarm_ids(reading, &root);
}
