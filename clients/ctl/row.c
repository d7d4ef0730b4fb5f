/* Writing of terminal rows; see row.h. */
#include "clients/ctl/row.h"

#include <string.h>

void row_end(struct row *row)
{
	struct out *out = row->out;

	row_style(row, "");
	if (row->colour && row->column < row->columns) /* on a full row it would erase the last character */
		out_text(out, "\033[K");
	while (!row->colour && out->used > 0 && out->bytes[out->used - 1] == ' ')
		out->used--;
}

void row_begin(struct row *row)
{
	if (!row->first) {
		row_end(row);
		out_text(row->out, "\n");
	}
	row->first = false;
	row->column = 0;
}

void row_style(struct row *row, const char *style)
{
	if (row->colour)
		out_format(row->out, style[0] == '\0' ? "\033[0m%s" : "\033[0;%sm", style);
}

/* Writes at most `limit` columns of text. */
static void put(struct row *row, const char *text, size_t limit)
{
	while (*text != '\0' && limit > 0 && row->column < row->columns) {
		size_t length = 1;
		while (((unsigned char)text[length] & 0xc0) == 0x80)
			length++;
		out_bytes(row->out, text, length);
		text += length;
		row->column++;
		limit--;
	}
}

void row_text(struct row *row, const char *text)
{
	put(row, text, row->columns);
}

void row_fill(struct row *row, size_t column)
{
	while (row->column < column && row->column < row->columns)
		put(row, " ", 1);
}

void row_field(struct row *row, const char *text, size_t width)
{
	size_t end = row->column + width;

	put(row, text, width - 1);
	row_fill(row, end);
}

void row_number(struct row *row, const char *text, size_t width)
{
	size_t columns = out_columns(text);

	if (columns > width) {
		text = "##";
		columns = 2;
	}
	row_fill(row, row->column + width - columns);
	put(row, text, width);
}
