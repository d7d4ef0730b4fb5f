/* Terminal rows: columns are counted, what does not fit is cut, styles are plain ANSI escapes. Texts given to these
 * functions must be clean (out.h). Pure; used by screen.c. */
#ifndef CTL_ROW_H
#define CTL_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/lib/vitals-client.h"

#define STYLE_BOLD    "1"
#define STYLE_DIM     "2"
#define STYLE_REVERSE "7"
#define STYLE_RED     "1;97;41"
#define STYLE_YELLOW  "1;30;43"
#define STYLE_CYAN    "1;30;46"

struct row {
	struct out *out;
	size_t columns; /* of the terminal */
	bool colour;    /* false: no escapes at all */
	bool first;     /* no row of this frame was begun yet */
	size_t column;  /* of the row being written, from 0 */
};

/* Ends the row before it (clearing what an earlier frame left there) and begins the next. */
void row_begin(struct row *row);

/* Ends the last row. */
void row_end(struct row *row);

/* From here on; "" = plain. */
void row_style(struct row *row, const char *style);

/* As much of `text` as fits in the row. */
void row_text(struct row *row, const char *text);

/* `text` in a field of `width` columns: cut to leave one column free, filled with spaces; right-aligned, never cut to a
 * wrong number: "##" if it does not fit. */
void row_field(struct row *row, const char *text, size_t width);
void row_number(struct row *row, const char *text, size_t width);

/* Spaces up to `column`. */
void row_fill(struct row *row, size_t column);

#endif
