/* How long names and texts may be, everywhere: in plans, configuration, commands, alarms and records. All are
 * NUL-terminated and fit with their NUL; what does not fit is refused or cut where it comes in. */
#ifndef VITALS_TEXT_H
#define VITALS_TEXT_H

#define NAME_BYTES 32 /* room for a token of up to 31 characters [A-Za-z0-9._-] */
#define TEXT_BYTES 96 /* room for a line that staff read, up to 95 bytes of UTF-8 */

#endif
