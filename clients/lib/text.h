/* The part of the text functions that only the library needs; the rest is public. Pure. */
#ifndef CLIENT_TEXT_H
#define CLIENT_TEXT_H

#include <protobuf-c/protobuf-c.h>

#include "clients/lib/vitals-client.h"

/* Length in bytes of the UTF-8 character that begins at `text` with its code point in *point; 0 if it is not valid
 * UTF-8. */
size_t out_utf8(const char *text, uint32_t *point);

/* True if a terminal may be given the character. */
bool out_harmless(uint32_t point);

/* Thousandths as a decimal number with all three digits. */
void out_milli_exact(struct out *out, int64_t milli);

/* As view_word, for any enumeration of the contract. */
void out_word(char *to, size_t size, const ProtobufCEnumDescriptor *descriptor, int number);

#endif
