/* Ids of sessions; see session_id.h. Engine thread only. */
#include "daemon/session_id.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "daemon/shell.h"

/* Without the random source: what differs between any two calls on this computer since it was switched on. */
static uint32_t chance(void)
{
	static uint32_t calls;
	uint32_t bits;
	calls++;
	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) == (ssize_t)sizeof(bits))
		return bits;
	uint64_t mixed = (uint64_t)shell_now().ns ^ ((uint64_t)getpid() << 32) ^ calls;
	return (uint32_t)((mixed * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

void session_id_make(char id[NAME_BYTES], int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm utc;
	char when[NAME_BYTES];
	/* A clock that stands outside the years that four digits hold still makes an id. */
	if (gmtime_r(&seconds, &utc) == NULL || strftime(when, 17, "%Y%m%dT%H%M%SZ", &utc) != 16)
		memcpy(when, "00000000T000000Z", 17);
	(void)snprintf(id, NAME_BYTES, "%.16s-%08x", when, chance()); /* 25 characters */
}
