/* Values of options; `name` is the option's, for the error. Each is false with *error if the text is not legal. */
#ifndef SIMULATOR_OPTION_VALUES_H
#define SIMULATOR_OPTION_VALUES_H

#include "clients/sim/sim.h"

bool value_number(const char *name, const char *text, double low, double high, double *out, char error[SIM_TEXT]);
bool value_whole(const char *name, const char *text, int64_t low, int64_t high, int64_t *out, char error[SIM_TEXT]);
bool value_session(const char *name, const char *text, enum session_kind *kind, char error[SIM_TEXT]);
bool value_address(const char *text, char error[SIM_TEXT]);

#endif
