/* How long names and texts may be, everywhere: in plans, configuration, commands, alarms and records. All are
 * NUL-terminated and fit with their NUL; what does not fit is refused or cut where it comes in. */
#ifndef VITALS_TEXT_H
#define VITALS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_BYTES 32 /* room for a token of up to 31 characters [A-Za-z0-9._-] */
#define TEXT_BYTES 96 /* room for a line that staff read, up to 95 bytes of UTF-8 */

/* Order of two names of people: a and A are one letter, for nobody is told apart by it. Below 0, 0 or above 0 as a is
 * before, the same as or behind b. */
static inline int name_compare(const char *a, const char *b)
{
	for (size_t i = 0; i < NAME_BYTES; i++) {
		unsigned char x = (unsigned char)(a[i] >= 'A' && a[i] <= 'Z' ? a[i] + ('a' - 'A') : a[i]);
		unsigned char y = (unsigned char)(b[i] >= 'A' && b[i] <= 'Z' ? b[i] + ('a' - 'A') : b[i]);

		if (x != y)
			return x < y ? -1 : 1;
		if (x == '\0')
			break;
	}
	return 0;
}

static inline bool name_same_person(const char *a, const char *b)
{
	return name_compare(a, b) == 0;
}

#endif
