/* The visible list of streaming drivers, one row a driver: to add one, write its file and its row here. Modbus devices
 * are not here: they are register maps in etc/devices. Included by daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_DRIVERS_H
#define VITALS_DAEMON_DRIVER_DRIVERS_H

#include "vitals/driver.h"

/* clang-format off */
#define DRIVERS(ROW)              \
	ROW(driver_masimo_ascii1) \
	ROW(driver_nellcor)       \
	ROW(driver_nonin_df2)     \
	ROW(driver_nonin_df7)     \
	ROW(driver_nonin_df8)     \
	ROW(driver_nonin_ascii)   \
	ROW(driver_par_nibp)      \
	ROW(driver_par_combi)     \
	ROW(driver_suntech)       \
	ROW(driver_ivy_ansarb)
/* clang-format on */

#define DRIVER_DECLARE(row) extern const struct driver row;
DRIVERS(DRIVER_DECLARE)

#endif
