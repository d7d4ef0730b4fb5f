/* The help; see help.h. A command stands at column 2, what does not fit behind it at column 6, what it is at column 10:
 * a test reads it so. */
#include "clients/ctl/help.h"

#include <stdio.h>
#include <string.h>

#include "clients/ctl/command_table.h"
#include "clients/ctl/option_table.h"

#define COLUMNS 80

struct sheet {
	struct out out;
	size_t column;
	char bytes[16384];
};

/* One piece that is not broken, on this row or the next. */
static void piece(struct sheet *sheet, const char *text)
{
	size_t length = strlen(text);

	if (sheet->column + 1 + length > COLUMNS) {
		out_text(&sheet->out, "\n     ");
		sheet->column = 5;
	}
	out_format(&sheet->out, " %s", text);
	sheet->column += 1 + length;
}

/* The options of `bits` in one piece, `between` them, in brackets. */
static void options_together(struct sheet *sheet, uint64_t bits, const char *between, const char *open,
                             const char *close)
{
	char text[256];
	struct out out = {text, sizeof(text) - 1, 0, false};

	if (bits == 0)
		return;
	out_text(&out, open);
	option_write(&out, bits, between);
	out_text(&out, close);
	text[out.used] = '\0';
	piece(sheet, text);
}

/* Each in a piece of its own; what shares a bit excludes each other. */
static void options_apart(struct sheet *sheet, uint64_t bits, const char *open, const char *close)
{
	for (size_t i = 0; i < OPTION_ROWS; i++) {
		options_together(sheet, bits & option_table[i].bit, " | ", open, close);
		bits &= ~option_table[i].bit;
	}
}

static void describe(struct sheet *sheet, const struct command *command)
{
	out_format(&sheet->out, "  %s", command->word);
	sheet->column = 2 + strlen(command->word);
	if (command->second != NULL)
		piece(sheet, command->second);
	if (command->argument != NULL)
		piece(sheet, command->argument);
	options_apart(sheet, command->needed, "", "");
	options_together(sheet, command->one_of, " | ", "(", ")");
	options_together(sheet, command->together, " ", "[", "]");
	options_apart(sheet, command->optional, "[", "]");
	out_format(&sheet->out, "\n          %s\n", command->summary);
}

bool help_print(void)
{
	static struct sheet sheet; /* once in a process */

	sheet.out = (struct out){sheet.bytes, sizeof(sheet.bytes), 0, false};
	out_text(&sheet.out, "Usage: vitalsctl");
	sheet.column = 16;
	options_together(&sheet, OPTION_BEDSIDE | OPTION_SOCKET, " | ", "[", "]");
	options_apart(&sheet, OPTION_JSON, "[", "]");
	piece(&sheet, "COMMAND");
	out_text(&sheet.out, "\n       vitalsctl");
	sheet.column = 16;
	options_together(&sheet, OPTION_HELP | OPTION_VERSION, " | ", "", "");
	out_text(&sheet.out, "\n\n");
	for (size_t i = 0; i < COMMAND_ROWS; i++)
		describe(&sheet, &command_table[i]);
	out_text(&sheet.out, "\nEnvironment: VITALS_SOCKET, VITALS_ENDPOINT. Exit status: 0 done, 1 refused,\n"
	                     "2 wrong usage, 3 the monitor cannot be reached. Manual: man vitalsctl\n");
	return !sheet.out.overflow && fwrite(sheet.bytes, 1, sheet.out.used, stdout) == sheet.out.used &&
	       fflush(stdout) == 0;
}
