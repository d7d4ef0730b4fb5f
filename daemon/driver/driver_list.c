/* The visible list of streaming drivers. Read by configuration (names), replay and `vitalsctl`; const, any thread.
 * Modbus devices are not here: they are register maps in etc/devices. */
#include <string.h>

#include "daemon/driver/drivers.h"

const struct driver *const driver_list[] = {
    &driver_masimo_ascii1,
    NULL,
};

const struct driver *driver_by_name(const char *name)
{
	for (const struct driver *const *driver = driver_list; *driver != NULL; driver++)
		if (strcmp((*driver)->name, name) == 0)
			return *driver;
	return NULL;
}
