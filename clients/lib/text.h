/* Text on its way out: a bounded buffer, and the one place where strings from the wire are made harmless. Everything
 * that vitalsctl prints of a message passes through out_clean, out_copy or the JSON writer. Pure; one thread. */
#ifndef CLIENT_TEXT_H
#define CLIENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct out {
	char *bytes; /* not NUL-terminated */
	size_t size, used;
	bool overflow; /* something did not fit; what is there is a prefix */
};

void out_bytes(struct out *out, const char *bytes, size_t count);
void out_text(struct out *out, const char *text);
void out_format(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text from outside for a terminal: what could move the cursor, colour, reorder or hide text becomes '?'. */
void out_clean(struct out *out, const char *text);

/* Copy of a text from outside, made harmless in the same way and cut at a whole character. */
void out_copy(char *to, size_t size, const char *text);

/* Length in bytes of the UTF-8 character that begins at `text` with its code point in *point; 0 if it is not valid
 * UTF-8. */
size_t out_utf8(const char *text, uint32_t *point);

/* True if a terminal may be given the character. */
bool out_harmless(uint32_t point);

/* How many characters (terminal columns) a clean text takes. */
size_t out_columns(const char *text);

/* Thousandths as a decimal number: all three digits, exact; or rounded to `decimals` (0 .. 3) for display. */
void out_milli_exact(struct out *out, int64_t milli);
void out_milli(struct out *out, int64_t milli, uint32_t decimals);

/* Without zeros at the end: "90", "1.25". */
void out_milli_short(struct out *out, int64_t milli);

/* "0:07", "12:30", "1:02:30"; negative counts as its magnitude. */
void out_duration(struct out *out, int64_t ns);

/* The name of an enum value in lower case without its prefix: "high", "sensor_off"; "unspecified" for 0, "unknown" if
 * there is no such value. */
void out_word(char *to, size_t size, const ProtobufCEnumDescriptor *descriptor, int value);

/* Changes a word in place, and returns it: '_' to ' '; small letters to capitals. */
const char *out_spaced(char *word);
const char *out_upper(char *word);

#endif
