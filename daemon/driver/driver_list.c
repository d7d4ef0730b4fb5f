/* The visible list of streaming drivers. Read by configuration (names), replay and `vitalsctl`; const, any thread.
 * Modbus devices are not here: they are register maps in etc/devices. */
#include <string.h>

#include "daemon/driver/drivers.h"

const struct driver *const driver_list[] = {
    &driver_masimo_ascii1, &driver_nellcor,   &driver_nonin_df2, &driver_nonin_df7,  &driver_nonin_df8,
    &driver_par_nibp,      &driver_par_combi, &driver_suntech,   &driver_ivy_ansarb, NULL,
};

const struct driver *driver_by_name(const char *name)
{
	for (const struct driver *const *driver = driver_list; *driver != NULL; driver++)
		if (strcmp((*driver)->name, name) == 0)
			return *driver;
	return NULL;
}
