/* The name of a bedside, claimed for the life of the process: of two monitors with one name each display would take the
 * one for the other. In daemon/claim.c; called by main before anything is started. */
#ifndef DAEMON_CLAIM_H
#define DAEMON_CLAIM_H

#include <stdbool.h>

/* Made by systemd-tmpfiles; only the account of the monitor can write there, so nobody else can keep a name away. */
#define CLAIM_DIRECTORY "/run/vitalsd-names"

enum claim {
	CLAIM_HELD,
	CLAIM_TAKEN,      /* a monitor of that name runs on this computer */
	CLAIM_IMPOSSIBLE, /* no such directory, or no right to it; errno says */
};

/* A monitor that was started for a bedside (--bedside, as the unit does) wants the name `alone`. Any number of others
 * may share one, on a bench or in tests, but not beside one that has it alone. *fd holds the claim until it is closed.
 */
enum claim claim_bedside(const char *directory, const char *bedside, bool alone, int *fd);

#endif
