/* Declarations of the rows of driver_list, one a driver file. Included by daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_DRIVERS_H
#define VITALS_DAEMON_DRIVER_DRIVERS_H

#include "vitals/driver.h"

extern const struct driver driver_masimo_ascii1;

#endif
