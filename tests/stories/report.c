/* Tables for people: what differs, and the whole course of alarms, in minutes and seconds of the story. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stories/stories.h"

#define COLUMN 58

const char *clock_text(double s, char text[16])
{
	long whole = labs(lround(s));

	(void)snprintf(text, 16, "%s%02ld:%02ld", s < 0 ? "-" : "", whole / 60 % 100000, whole % 60);
	return text;
}

/* How much of `text` fits into a column, ending between words if it can. */
static size_t fits(const char *text)
{
	size_t length = strlen(text);

	if (length <= COLUMN)
		return length;
	length = COLUMN;
	while (length > COLUMN / 2 && text[length] != ' ')
		length--;
	return length;
}

static void print_row(FILE *out, const char *line, const char *left, const char *right)
{
	do {
		size_t l = fits(left), r = fits(right);

		(void)fprintf(out, "  %4s | %-*.*s | %.*s\n", line, COLUMN, (int)l, left, (int)r, right);
		left += l + strspn(left + l, " ");
		right += r + strspn(right + r, " ");
		line = "";
	} while (*left != '\0' || *right != '\0');
}

void report_differences(const struct performance *performance, FILE *out)
{
	print_row(out, "line", "expected", "what happened instead");
	for (size_t i = 0; i < performance->difference_count; i++) {
		const struct difference *d = &performance->differences[i];
		char line[16];

		(void)snprintf(line, sizeof line, "%u", d->line);
		print_row(out, line, d->expected, d->instead);
	}
}

void report_course(const struct performance *performance, FILE *out)
{
	(void)fprintf(out, "  everything that was announced:\n");
	for (size_t i = 0; i < performance->seen_count; i++) {
		const struct seen *seen = &performance->seen[i];
		char clock[16], value[24] = "";

		if (seen->has_value)
			(void)snprintf(value, sizeof value, " [%g]", (double)seen->milli / MILLI);
		(void)clock_text((double)seen->at_ns / (double)NS_PER_S, clock);
		if (seen->cuff)
			(void)fprintf(out, "  %8s  %-18s\n", clock, "(cuff starts)");
		else
			(void)fprintf(out, "  %8s  %-18s %-6s %-13s %s%s\n", clock, seen->name,
			              priority_name(seen->priority), alarm_change_name(seen->change), seen->text,
			              value);
	}
}
