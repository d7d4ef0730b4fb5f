/* The words for a device that is not the one of the configuration: what was expected, what it answered. Without them a
 * technician sees only that it is refused. Pure; called by link threads. */
#include <stdio.h>

#include "daemon/link/link_thread.h"

static size_t add_registers(char *text, size_t size, size_t used, const uint16_t *registers, uint8_t count)
{
	for (uint8_t i = 0; i < count && used < size; i++) {
		int wrote = snprintf(text + used, size - used, " %04x", registers[i]);
		used += wrote > 0 ? (size_t)wrote : 0;
	}
	return used;
}

void identity_registers(char text[LINK_DETAIL_BYTES], const char *device, const struct register_map *map,
                        const uint16_t *read)
{
	int wrote = snprintf(text, LINK_DETAIL_BYTES, "%s: %s registers from %u (hex): expected", device,
	                     map->identity.table == REGISTER_HOLDING ? "holding" : "input", map->identity.start);
	size_t used = wrote > 0 ? (size_t)wrote : 0;

	used = add_registers(text, LINK_DETAIL_BYTES, used, map->identity_expect, map->identity_expect_count);
	if (used < LINK_DETAIL_BYTES)
		used += (size_t)snprintf(text + used, LINK_DETAIL_BYTES - used, ", read"); /* cut is fine */
	(void)add_registers(text, LINK_DETAIL_BYTES, used, read, map->identity_expect_count);
}

void identity_serial(char text[LINK_DETAIL_BYTES], const char *device, const char *expected, const char *read)
{
	(void)snprintf(text, LINK_DETAIL_BYTES, "%s: serial number %s expected, %s read", device, expected,
	               read[0] != '\0' ? read : "none"); /* fits */
}
