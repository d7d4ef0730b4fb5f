/* The main file (vitalsd.conf): schema, links and devices. Called by config.c at start. What spans several sections is
 * checked in config_check.c and config_bus.c. */
#include <arpa/inet.h>
#include <string.h>

#include "daemon/config/reading.h"

static cfg_opt_t control_rows[] = {TREE_LINE(), TREE_VALUE("socket"), TREE_END()};
static cfg_opt_t record_rows[] = {
    TREE_LINE(),         TREE_VALUE("path"), TREE_VALUE("black_box"), TREE_VALUE("keep_events_days"),
    TREE_VALUE("group"), TREE_END()};
static cfg_opt_t publish_rows[] = {TREE_LINE(),
                                   TREE_LIST("endpoints"),
                                   TREE_VALUE("curve_secret_key_file"),
                                   TREE_LIST("display_keys"),
                                   TREE_LIST("required_displays"),
                                   TREE_VALUE("confirm_within_s"),
                                   TREE_END()};
static cfg_opt_t link_rows[] = {
    TREE_LINE(),
    TREE_VALUE("type"),
    TREE_VALUE("port"),
    TREE_VALUE("baud"),
    TREE_VALUE("parity"),
    TREE_VALUE("data_bits"),
    TREE_VALUE("stop_bits"),
    TREE_VALUE("host"),
    TREE_VALUE("tcp_port"),
    TREE_VALUE("listen"),
    TREE_VALUE("timeout_ms"),
    TREE_VALUE("turnaround_ms"),
    TREE_VALUE("traffic_path"),
    TREE_END(),
};
static cfg_opt_t device_rows[] = {
    TREE_LINE(),
    TREE_VALUE("link"),
    TREE_VALUE("driver"),
    TREE_VALUE("map"),
    TREE_VALUE("unit"),
    TREE_VALUE("poll_period_ms"),
    TREE_LIST("parameters"),
    TREE_VALUE("same_limb_as_cuff"),
    TREE_VALUE("serial_number"),
    TREE_VALUE("use"),
    TREE_END(),
};
static cfg_opt_t main_rows[] = {
    TREE_LINE(),
    TREE_VALUE("bedside"),
    TREE_VALUE("plan"),
    TREE_VALUE("syslog_ident"),
    TREE_VALUE("syslog_socket"),
    TREE_VALUE("realtime_priority"),
    TREE_LIST("people"),
    TREE_SECTION("control", control_rows),
    TREE_SECTION("record", record_rows),
    TREE_SECTION("publish", publish_rows),
    TREE_TITLED("link", link_rows),
    TREE_TITLED("device", device_rows),
    TREE_END(),
};

#define SOCKET_PATH_MAX 107 /* sun_path of a UNIX socket, less the NUL */

static const char *const link_types[] = {
    [LINK_MODBUS_RTU] = "modbus-rtu", [LINK_MODBUS_TCP] = "modbus-tcp",         [LINK_SERIAL] = "serial",
    [LINK_RAW_TCP] = "raw-tcp",       [LINK_MODBUS_RTU_TCP] = "modbus-rtu-tcp", NULL,
};

/* ---- links ------------------------------------------------------------------------------------------------------- */

static void read_baud(const struct section *section, int32_t *baud)
{
	static const int32_t rates[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
	static const char legal[] = "1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200";
	int64_t value;
	if (!key_integer(section, "baud", OPTIONAL, 1200, 115200, &value))
		return;
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		if (rates[i] == value) {
			*baud = rates[i];
			return;
		}
	}
	report_error(section->source->report, key_where(section, "baud"), "%d is not a standard rate (legal: %s)",
	             (int)value, legal);
}

/* Fields that the file does not give stay as they are. */
static void read_line(const struct section *section, struct line_settings *line, int64_t data_bits_min)
{
	static const char *const parities[] = {"none", "even", "odd", NULL};
	int64_t bits;
	int parity;
	read_baud(section, &line->baud);
	if (key_choice(section, "parity", OPTIONAL, parities, &parity))
		line->parity = "NEO"[parity];
	if (key_integer(section, "data_bits", OPTIONAL, data_bits_min, 8, &bits))
		line->data_bits = (uint8_t)bits;
	if (key_integer(section, "stop_bits", OPTIONAL, 1, 2, &bits))
		line->stop_bits = (uint8_t)bits;
}

static void read_serial_link(const struct section *section, struct link_config *link)
{
	(void)key_path(section, "port", REQUIRED, PATH_BYTES - 1, link->port);
	key_refuse(section, "host", "a serial link has no host");
	key_refuse(section, "tcp_port", "a serial link has no TCP port");
	key_refuse(section, "listen", "a serial link has no TCP port");
	if (link->type == LINK_MODBUS_RTU) {
		/* 19200 8E1 is the default of "Modbus over serial line" V1.02; its frames need 8 data bits. */
		link->line = (struct line_settings){.baud = 19200, .parity = 'E', .data_bits = 8, .stop_bits = 1};
		read_line(section, &link->line, 8);
	} else {
		read_line(section, &link->line, 7); /* gaps are filled from the driver, when its device is read */
	}
}

/* Returns the family; 0 if it is not there or wrong. */
static int read_address(const struct section *section, const char *key, enum need need, char text[46],
                        struct in6_addr *address)
{
	if (!key_text(section, key, need, text, sizeof(struct link_config){0}.host))
		return 0;
	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, text, address) == 1)
		return AF_INET6;
	report_error(section->source->report, key_where(section, key),
	             "\"%s\" is not a numeric address (legal: IPv4 or IPv6 address, no name)", text);
	return 0;
}

/* Whoever reaches a port that is open on every address could send values. */
static void check_listen(const struct section *section, const struct link_config *link, int host, int own,
                         const struct in6_addr *address)
{
	static const struct in6_addr any;
	if (own == 0)
		return;
	if (memcmp(address, &any, own == AF_INET ? sizeof(struct in_addr) : sizeof any) == 0)
		report_error(section->source->report, key_where(section, "listen"),
		             "\"%s\" is every address of this computer (legal: one of its addresses)", link->listen);
	else if (host != 0 && host != own)
		report_error(section->source->report, key_where(section, "listen"),
		             "\"%s\" and host \"%s\" cannot reach each other (legal: both IPv4 or both IPv6)",
		             link->listen, link->host);
}

static void read_tcp_link(const struct section *section, struct link_config *link)
{
	static const char why[] = "a TCP link has no serial line";
	static const char *const serial_keys[] = {"port", "baud", "parity", "data_bits", "stop_bits"};
	for (size_t i = 0; i < sizeof serial_keys / sizeof serial_keys[0]; i++)
		key_refuse(section, serial_keys[i], why);
	struct in6_addr host, own;
	int family = read_address(section, "host", REQUIRED, link->host, &host);
	if (link->type != LINK_RAW_TCP)
		key_refuse(section, "listen", "a Modbus device is asked, so it is connected to");
	else
		check_listen(section, link, family, read_address(section, "listen", OPTIONAL, link->listen, &own),
		             &own);
	int64_t port = 502; /* assigned to Modbus */
	(void)key_integer(section, "tcp_port", link->type == LINK_MODBUS_TCP ? OPTIONAL : REQUIRED, 1, 65535, &port);
	link->tcp_port = (uint16_t)port;
}

static void read_link(struct reading *reading, const struct section *section, uint8_t index)
{
	struct link_config *link = &reading->config->links[index];
	int before = reading->report.count;
	int type;
	(void)title_token(section, link->name);
	if (!key_choice(section, "type", REQUIRED, link_types, &type))
		return; /* what the other keys mean depends on it */
	link->type = (enum link_type)type;
	if (link->type == LINK_MODBUS_RTU || link->type == LINK_SERIAL)
		read_serial_link(section, link);
	else
		read_tcp_link(section, link);
	int64_t timeout = link->type == LINK_MODBUS_RTU ? 300 : 500, turnaround = 0;
	if (link->type == LINK_SERIAL || link->type == LINK_RAW_TCP) {
		key_refuse(section, "timeout_ms", "a streaming link asks no questions");
		key_refuse(section, "turnaround_ms", "a streaming link asks no questions");
	} else {
		(void)key_integer(section, "timeout_ms", OPTIONAL, 20, 5000, &timeout);
		(void)key_integer(section, "turnaround_ms", OPTIONAL, 0, 1000, &turnaround);
	}
	link->timeout_ms = (int32_t)timeout;
	link->turnaround_ms = (int32_t)turnaround;
	(void)key_path(section, "traffic_path", OPTIONAL, PATH_BYTES - 1, link->traffic_path);
	reading->link_good[index] = reading->report.count == before;
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

static int find_link(const struct reading *reading, const struct section *section)
{
	const struct config *config = reading->config;
	char name[NAME_BYTES], legal[512] = "";
	size_t used = 0;
	for (uint8_t i = 0; i < config->link_count && used < sizeof legal; i++) {
		int length =
		    snprintf(legal + used, sizeof legal - used, "%s%s", i > 0 ? ", " : "", config->links[i].name);
		used += length > 0 ? (size_t)length : 0;
	}
	if (!key_token(section, "link", REQUIRED, name))
		return -1;
	for (uint8_t i = 0; i < config->link_count; i++)
		if (strcmp(config->links[i].name, name) == 0)
			return i;
	report_error(section->source->report, key_where(section, "link"), "there is no link \"%s\" (legal: %s)", name,
	             legal);
	return -1;
}

static void read_streaming_device(struct reading *reading, const struct section *section, struct device_config *device,
                                  struct link_config *link)
{
	static const char why[] = "the device talks by itself";
	char name[NAME_BYTES], legal[512] = "";
	size_t used = 0;
	key_refuse(section, "map", why);
	key_refuse(section, "unit", why);
	key_refuse(section, "poll_period_ms", why);
	for (int i = 0; driver_list[i] != NULL && used < sizeof legal; i++) {
		int length =
		    snprintf(legal + used, sizeof legal - used, "%s%s", i > 0 ? ", " : "", driver_list[i]->name);
		used += length > 0 ? (size_t)length : 0;
	}
	if (!key_present(section, "driver", REQUIRED, legal) || !key_token(section, "driver", REQUIRED, name))
		return;
	device->driver = driver_by_name(name);
	if (device->driver == NULL) {
		report_error(&reading->report, key_where(section, "driver"), "there is no driver \"%s\" (legal: %s)",
		             name, legal);
		return;
	}
	device->period_ns = device->driver->period_ns;
	(void)key_token(section, "serial_number", OPTIONAL, device->serial);
	if (!device->driver->tells_serial)
		key_refuse(section, "serial_number", "the device does not tell it");
	struct line_settings *line = &link->line;
	const struct line_settings *usual = &device->driver->line;
	if (link->type == LINK_SERIAL)
		*line = (struct line_settings){
		    .baud = line->baud != 0 ? line->baud : usual->baud,
		    .parity = line->parity != '\0' ? line->parity : usual->parity,
		    .data_bits = line->data_bits != 0 ? line->data_bits : usual->data_bits,
		    .stop_bits = line->stop_bits != 0 ? line->stop_bits : usual->stop_bits,
		    .modem_low = usual->modem_low,
		};
}

static void read_device_map(struct reading *reading, const struct section *section, struct device_config *device)
{
	char path[PATH_BYTES], file[PATH_BYTES];
	struct where where = key_where(section, "map");
	if (!key_text(section, "map", REQUIRED, path, sizeof path) || !reading_resolve(reading, where, path, file))
		return;
	int map = 0;
	while (map < reading->config->map_count && strcmp(reading->map_files[map], file) != 0)
		map++;
	if (map == reading->config->map_count)
		map = read_map(reading, file, where);
	device->map = (int8_t)map;
}

static void read_modbus_device(struct reading *reading, const struct section *section, struct device_config *device,
                               const struct link_config *link)
{
	key_refuse(section, "driver", "a Modbus device is described by a map");
	key_refuse(section, "serial_number", "a Modbus device is known by the identity of its map");
	read_device_map(reading, section, device);
	int64_t value;
	bool tcp = link->type == LINK_MODBUS_TCP; /* on a serial line 0 is everybody, and nobody answers */
	if (key_integer(section, "unit", REQUIRED, tcp ? 0 : 1, tcp ? 255 : 247, &value)) {
		device->unit = (uint8_t)value;
		if (value > 247 && value < 255)
			report_error(&reading->report, key_where(section, "unit"),
			             "%d is reserved (legal: 0..247 or 255)", (int)value);
	}
	bool map_good = device->map >= 0 && reading->map_good[device->map];
	uint16_t twice;
	if (map_good && link->type != LINK_MODBUS_TCP &&
	    !map_lengths_differ(&reading->config->maps[device->map], &twice))
		report_error(
		    &reading->report, key_where(section, "map"),
		    "two reads of the map have %u registers: on a serial line a late answer to one could pass for "
		    "the other's (legal: blocks, and the identity, each of a length of its own)",
		    twice);
	if (!key_integer(section, "poll_period_ms", REQUIRED, 10, 600000, &value))
		return;
	device->period_ns = value * NS_PER_MS;
	if (!map_good)
		return;
	const struct register_alive *alive = &reading->config->maps[device->map].alive;
	if (alive->used && alive->within_ns < 2 * device->period_ns)
		report_error(&reading->report, key_where(section, "poll_period_ms"),
		             "%d ms: the map's `alive` must change within %d s, which takes two polls to see (legal: "
		             "10..%d)",
		             (int)value, (int)(alive->within_ns / NS_PER_S), (int)(alive->within_ns / NS_PER_MS / 2));
}

/* `all` is what the device can give; the list, if there is one, picks from it. Of a device that is not used nothing is
 * taken but its state. */
static parameter_set read_parameters(struct reading *reading, const struct section *section, parameter_set all)
{
	parameter_set picked = 0;
	bool use = true;
	(void)key_boolean(section, "use", &use);
	if (!use) {
		key_refuse(section, "parameters", "no value of the device is used");
		return 0;
	}
	if (!key_present(section, "parameters", OPTIONAL, "names of parameters that the device provides"))
		return all;
	for (unsigned i = 0; i < key_count(section, "parameters"); i++) {
		const char *name = key_string_at(section, "parameters", i);
		int parameter = parameter_by_name(name);
		if (parameter < 0 || (all & PARAMETER_BIT(parameter)) == 0)
			report_error(
			    &reading->report, key_where_at(section, "parameters", i),
			    "\"%.40s\" is not provided by this device (legal: what its driver or map provides)", name);
		else
			picked |= PARAMETER_BIT(parameter);
	}
	return picked;
}

static void read_device(struct reading *reading, const struct section *section, uint8_t index)
{
	struct device_config *device = &reading->config->devices[index];
	struct engine_device *engine = &reading->config->engine.devices[index];
	int before = reading->report.count;
	device->map = -1;
	(void)title_token(section, device->name);
	int number = find_link(reading, section);
	if (number < 0 || !reading->link_good[number])
		return; /* what the other keys mean depends on the link */
	struct link_config *link = &reading->config->links[number];
	device->link = (uint8_t)number;
	parameter_set provides = 0;
	if (link->type == LINK_SERIAL || link->type == LINK_RAW_TCP) {
		read_streaming_device(reading, section, device, link);
		provides = device->driver != NULL ? device->driver->provides : 0;
	} else {
		read_modbus_device(reading, section, device, link);
		if (device->map < 0 || !reading->map_good[device->map])
			return;
		provides = reading->config->maps[device->map].provides;
	}
	if (reading->report.count != before)
		return;
	engine->provides = read_parameters(reading, section, provides);
	engine->period_ns = device->period_ns;
	(void)key_boolean(section, "same_limb_as_cuff", &engine->same_limb);
	/* A name of the list that is not known may have been spo2. */
	if ((engine->provides & PARAMETER_BIT(PARAMETER_SPO2)) == 0 && reading->report.count == before)
		key_refuse(section, "same_limb_as_cuff", "the device does not provide spo2");
	bool takes_orders =
	    device->driver != NULL ? device->driver->order != NULL : reading->config->maps[device->map].cuff_start.used;
	engine->cuff_command = takes_orders && (engine->provides & PARAMETER_BIT(PARAMETER_NIBP_SYS)) != 0;
	memcpy(engine->name, device->name, sizeof engine->name);
	reading->device_good[index] = reading->report.count == before;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

/* By default where the control socket is: a directory that lasts as long as the computer runs. */
static void read_box(const struct section *section, struct config *config)
{
	const char *slash = strrchr(config->control_socket, '/');
	int directory = slash == NULL ? 0 : (int)(slash - config->control_socket) + 1;
	(void)snprintf(config->box_path, sizeof config->box_path, "%.*sblack-box",
	               directory, /* fits: a socket's path */
	               config->control_socket);
	(void)key_path(section, "black_box", OPTIONAL, PATH_BYTES - 1 - (int)sizeof ".new", config->box_path);
}

static void read_keeping(const struct section *section, struct config *config)
{
	int64_t days;
	if (key_integer(section, "keep_events_days", OPTIONAL, 7, 36500, &days))
		config->keep_events_ns = days * 24 * 3600 * NS_PER_S;
}

static void read_general(struct reading *reading, const struct section *root)
{
	struct config *config = reading->config;
	struct section section;
	int64_t priority = 0;
	const char *wanted = reading->wish.bedside;
	if (key_token(root, "bedside", REQUIRED, config->engine.bedside) && wanted != NULL &&
	    strcmp(config->engine.bedside, wanted) != 0)
		report_error(
		    &reading->report, key_where(root, "bedside"),
		    "is \"%s\", but this monitor was started for \"%.40s\" (legal: the name it is started for)",
		    config->engine.bedside, wanted);
	memcpy(config->syslog_ident, "vitalsd", sizeof "vitalsd");
	(void)key_token(root, "syslog_ident", OPTIONAL, config->syslog_ident);
	memcpy(config->syslog_socket, "/dev/log", sizeof "/dev/log");
	(void)key_path(root, "syslog_socket", OPTIONAL, SOCKET_PATH_MAX, config->syslog_socket);
	(void)key_integer(root, "realtime_priority", OPTIONAL, 0, 50, &priority);
	config->realtime_priority = (uint8_t)priority;
	if (section_only(root, "control", REQUIRED, &section))
		(void)key_path(&section, "socket", REQUIRED, SOCKET_PATH_MAX, config->control_socket);
	if (section_only(root, "record", REQUIRED, &section)) {
		(void)key_path(&section, "path", REQUIRED, PATH_BYTES - 1, config->record_path);
		read_box(&section, config);
		read_keeping(&section, config);
		(void)key_token(&section, "group", OPTIONAL, config->record_group);
	}
	read_people(reading);
	read_publish(reading);
}

static void read_plan_of(struct reading *reading, const struct section *root)
{
	char path[PATH_BYTES], file[PATH_BYTES];
	struct where where = key_where(root, "plan");
	if (!key_text(root, "plan", REQUIRED, path, sizeof path) || !reading_resolve(reading, where, path, file))
		return;
	if (reading->wish.plan_path != NULL)
		(void)snprintf(file, sizeof file, "%s", reading->wish.plan_path); /* was made to fit */
	memcpy(reading->config->plan_path, file, sizeof file);
	read_plan(reading, file, where);
}

void read_main(struct reading *reading)
{
	struct config *config = reading->config;
	struct where where = {config->path, 1, "file"};
	if (!reading_open(reading, &reading->main, config->path, where, main_rows, NULL))
		return;
	struct section root = tree_root(&reading->main);
	read_general(reading, &root);
	read_plan_of(reading, &root);
	config->link_count = (uint8_t)section_bounded(&root, "link", LINKS_MAX);
	for (uint8_t i = 0; i < config->link_count; i++) {
		struct section section = section_at(&root, "link", i);
		read_link(reading, &section, i);
	}
	config->device_count = (uint8_t)section_bounded(&root, "device", DEVICES_MAX);
	config->engine.device_count = config->device_count;
	if (config->device_count == 0)
		report_error(&reading->report, section_where(&root, "device"), "there is no device (legal: 1..%d)",
		             DEVICES_MAX);
	for (uint8_t i = 0; i < config->device_count; i++) {
		struct section section = section_at(&root, "device", i);
		read_device(reading, &section, i);
	}
	check_bedside(reading);
	check_paths(reading);
	check_buses(reading);
}
