/* Time on the wire of a Modbus link: how long a round of polls can take, and whether the configured periods and
 * timeouts can be met. Called by config_main.c at start; config_link_cycle_ns by main and link threads too. */
#include <inttypes.h>
#include <string.h>

#include "daemon/config/reading.h"

/* FC 03 and 04: unit, function, address, count, CRC; and unit, function, byte count, 2N bytes, CRC. */
#define REQUEST_CHARACTERS           8
#define ANSWER_CHARACTERS(registers) (5 + 2 * (registers))
/* What an answer costs besides its characters: 10 ms for the device to think (our allowance), and on serial lines the
 * 16 ms after which a USB adapter with the common factory setting (FTDI latency timer) hands over a short packet. */
#define TURNAROUND_NS (10 * NS_PER_MS)
#define ADAPTER_NS    (16 * NS_PER_MS)

static int64_t character_ns(const struct line_settings *line)
{
	int64_t bits = 1 + line->data_bits + (line->parity != 'N') + line->stop_bits;
	return bits * NS_PER_S / line->baud;
}

/* Silence between frames: 3.5 characters, fixed above 19200 baud ("Modbus over serial line" V1.02, 2.5.1.1). */
static int64_t silence_ns(const struct line_settings *line)
{
	return line->baud > 19200 ? 1750000 : character_ns(line) * 7 / 2;
}

/* From the first bit of the request to the last of the answer, the device answering at once; 0 on TCP. */
static int64_t wire_ns(const struct link_config *link, uint16_t registers)
{
	if (link->type != LINK_MODBUS_RTU)
		return 0;
	int64_t characters = REQUEST_CHARACTERS + ANSWER_CHARACTERS(registers);
	return characters * character_ns(&link->line) + 2 * silence_ns(&link->line);
}

static int64_t device_round_ns(const struct config *config, const struct device_config *device)
{
	const struct link_config *link = &config->links[device->link];
	const struct register_map *map = &config->maps[device->map];
	int64_t sum = 0;
	for (uint8_t i = 0; i < map->block_count; i++)
		sum += wire_ns(link, map->blocks[i].count) + TURNAROUND_NS +
		       (link->type == LINK_MODBUS_RTU ? ADAPTER_NS : 0);
	return sum;
}

int64_t config_link_cycle_ns(const struct config *config, uint8_t link)
{
	int64_t sum = 0;
	for (uint8_t i = 0; i < config->device_count; i++) {
		const struct device_config *device = &config->devices[i];
		/* A device that does not answer costs its timeout once; the rest of its round is then dropped. */
		if (device->link == link && device->map >= 0)
			sum += device_round_ns(config, device) + config->links[link].timeout_ms * NS_PER_MS;
	}
	return sum;
}

static int64_t whole_ms(int64_t ns)
{
	return (ns + NS_PER_MS - 1) / NS_PER_MS;
}

/* "cuff 46 (4 registers, 1 read) + 300, gas 52 (..) + 300 at 9600 baud": what each device of a link adds to a round. */
static void describe_round(const struct config *config, uint8_t link, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (uint8_t i = 0; i < config->device_count && used < size; i++) {
		const struct device_config *device = &config->devices[i];
		if (device->link != link || device->map < 0)
			continue;
		const struct register_map *map = &config->maps[device->map];
		unsigned registers = 0;
		for (uint8_t b = 0; b < map->block_count; b++)
			registers += map->blocks[b].count;
		int length =
		    snprintf(text + used, size - used, "%s%s %" PRId64 " (%u registers, %u read%s) + %d",
		             used > 0 ? ", " : "", device->name, whole_ms(device_round_ns(config, device)), registers,
		             map->block_count, map->block_count == 1 ? "" : "s", (int)config->links[link].timeout_ms);
		used += length > 0 ? (size_t)length : 0;
	}
	if (config->links[link].type == LINK_MODBUS_RTU && used < size)
		(void)snprintf(text + used, size - used, " at %d baud", (int)config->links[link].line.baud);
}

static void check_period(struct reading *reading, const struct section *section, const struct device_config *device)
{
	const struct config *config = reading->config;
	int64_t cycle = config_link_cycle_ns(config, device->link);
	if (device->period_ns >= cycle)
		return;
	char round[512];
	describe_round(config, device->link, round, sizeof round);
	report_error(&reading->report, key_where(section, "poll_period_ms"),
	             "%" PRId64 " ms cannot be met on link \"%s\": a round takes wire + timeout = %s = %" PRId64
	             " ms (legal: %" PRId64 "..600000)",
	             device->period_ns / NS_PER_MS, config->links[device->link].name, round, whole_ms(cycle),
	             whole_ms(cycle));
}

/* The answer with the most registers on this link, identity included; *owner gives it. */
static uint16_t longest_answer(const struct config *config, uint8_t link, const char **owner)
{
	uint16_t most = 0;
	for (uint8_t i = 0; i < config->device_count; i++) {
		const struct device_config *device = &config->devices[i];
		if (device->link != link || device->map < 0)
			continue;
		const struct register_map *map = &config->maps[device->map];
		for (uint8_t b = 0; b <= map->block_count; b++) {
			uint16_t count = b < map->block_count ? map->blocks[b].count
			                                      : (uint16_t)(map->has_identity ? map->identity.count : 0);
			if (count > most) {
				most = count;
				*owner = device->name;
			}
		}
	}
	return most;
}

static void check_timeout(struct reading *reading, const struct section *root, uint8_t index)
{
	const struct link_config *link = &reading->config->links[index];
	const char *owner = "";
	uint16_t registers = longest_answer(reading->config, index, &owner);
	int64_t needed = whole_ms(wire_ns(link, registers));
	if (registers == 0 || link->timeout_ms >= needed)
		return;
	struct section section = section_at(root, "link", index);
	report_error(&reading->report, key_where(&section, "timeout_ms"),
	             "%d ms is over before %d registers of device \"%s\" have passed the wire at %d baud: %d "
	             "characters of %" PRId64 " us + silence = %" PRId64 " ms (legal: %" PRId64 "..5000)",
	             (int)link->timeout_ms, registers, owner, (int)link->line.baud,
	             REQUEST_CHARACTERS + ANSWER_CHARACTERS(registers), character_ns(&link->line) / 1000, needed,
	             needed);
}

/* Whether everything on the link was read without error, so that it can be added up. */
static bool bus_good(const struct reading *reading, const struct section *root, uint8_t link)
{
	const struct config *config = reading->config;
	enum link_type type = config->links[link].type;
	if (!reading->link_good[link] || type == LINK_SERIAL || type == LINK_RAW_TCP)
		return false;
	for (uint8_t i = 0; i < config->device_count; i++) {
		struct section device = section_at(root, "device", i);
		bool uses = strcmp(key_string_at(&device, "link", 0), config->links[link].name) == 0;
		if (uses && !reading->device_good[i])
			return false;
	}
	return true;
}

void check_buses(struct reading *reading)
{
	const struct config *config = reading->config;
	struct section root = tree_root(&reading->main);
	for (uint8_t link = 0; link < config->link_count; link++) {
		if (!bus_good(reading, &root, link))
			continue;
		check_timeout(reading, &root, link);
		for (uint8_t i = 0; i < config->device_count; i++) {
			struct section section = section_at(&root, "device", i);
			if (reading->device_good[i] && config->devices[i].link == link)
				check_period(reading, &section, &config->devices[i]);
		}
	}
}
