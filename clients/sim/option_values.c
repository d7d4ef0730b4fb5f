/* Values of options: read and checked, or refused with what is legal. Called by options.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/sim/option_values.h"

bool value_number(const char *name, const char *text, double low, double high, double *out, char error[SIM_TEXT])
{
	char *end;

	errno = 0;
	*out = strtod(text, &end);
	if (errno == 0 && end != text && *end == '\0' && isfinite(*out) && *out >= low && *out <= high)
		return true;
	(void)snprintf(error, SIM_TEXT, "--%s: \"%.60s\" must be a number from %.15g to %.15g", name, text, low, high);
	return false;
}

bool value_whole(const char *name, const char *text, int64_t low, int64_t high, int64_t *out, char error[SIM_TEXT])
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *out >= low && *out <= high)
		return true;
	(void)snprintf(error, SIM_TEXT, "--%s: \"%.60s\" must be a whole number from %lld to %lld", name, text,
	               (long long)low, (long long)high);
	return false;
}

bool value_session(const char *name, const char *text, enum session_kind *kind, char error[SIM_TEXT])
{
	static const char *const names[] = {"ketamine-iv", "esketamine-56", "esketamine-84"};

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*kind = (enum session_kind)i;
			return true;
		}
	}
	(void)snprintf(error, SIM_TEXT, "--%s: \"%.60s\" must be ketamine-iv, esketamine-56 or esketamine-84", name,
	               text);
	return false;
}

bool value_address(const char *text, char error[SIM_TEXT])
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) == 1)
		return true;
	(void)snprintf(error, SIM_TEXT, "--bind: \"%.60s\" must be a numeric IPv4 address", text);
	return false;
}
