/* Messages to the service manager (the protocol of sd_notify(3)). Engine thread only. In daemon/notify.c. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

/* Takes the way to $NOTIFY_SOCKET if there is one. Call once, before threads. */
void notify_open(void);

/* Says that the start is over; called again, says it again until it was taken: a manager that never hears it would end
 * the monitor after its start timeout. */
void notify_ready(void);

/* Sends one message such as "WATCHDOG=1"; does nothing without a service manager. Never blocks. */
void notify_send(const char *message);

/* How often the watchdog wants to be fed, from $WATCHDOG_USEC; 0 if it does not. */
int64_t notify_watchdog_ns(void);

#endif
