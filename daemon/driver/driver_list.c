/* Makes the list of drivers.h. Read by configuration (names), replay and `vitalsctl`; const, any thread. */
#include <string.h>

#include "daemon/driver/drivers.h"

#define DRIVER_ADDRESS(row) &row,

const struct driver *const driver_list[] = {DRIVERS(DRIVER_ADDRESS) NULL};

const struct driver *driver_by_name(const char *name)
{
	for (const struct driver *const *driver = driver_list; *driver != NULL; driver++)
		if (strcmp((*driver)->name, name) == 0)
			return *driver;
	return NULL;
}

const char *evidence_name(enum evidence evidence)
{
	switch (evidence) {
	case EVIDENCE_NONE:
		return "never connected";
	case EVIDENCE_EXAMPLES:
		return "examples";
	case EVIDENCE_RECORDED:
		return "recorded bytes";
	}
	return "unknown";
}
