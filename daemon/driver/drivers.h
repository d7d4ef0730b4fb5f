/* Declarations of the rows of driver_list, one a driver file. Included by daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_DRIVERS_H
#define VITALS_DAEMON_DRIVER_DRIVERS_H

#include "vitals/driver.h"

extern const struct driver driver_masimo_ascii1;
extern const struct driver driver_nellcor;
extern const struct driver driver_nonin_df2, driver_nonin_df7, driver_nonin_df8;
extern const struct driver driver_par_nibp, driver_par_combi;
extern const struct driver driver_suntech;
extern const struct driver driver_ivy_ansarb;

#endif
