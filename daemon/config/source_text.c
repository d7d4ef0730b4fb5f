/* Configuration files as text: loading with bounds, and a scan that refuses what libconfuse would expand, skip in
 * silence or misunderstand. Called by config.c at start, before any thread exists. */
#include "daemon/config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ERRORS_SHOWN 100

void report_error(struct report *report, struct where where, const char *format, ...)
{
	report->count++;
	if (report->count > ERRORS_SHOWN + 1)
		return;
	if (report->count == ERRORS_SHOWN + 1) {
		(void)fprintf(report->stream, "%s:%d: more errors follow, not shown\n", where.file, where.line);
		return;
	}
	/* A stream that cannot be written is no reason to stop: the count is the result. */
	(void)fprintf(report->stream, "%s:%d: %s: ", where.file, where.line, where.key);
	va_list arguments;
	va_start(arguments, format);
	(void)vfprintf(report->stream, format, arguments);
	va_end(arguments);
	(void)fputc('\n', report->stream);
}

/* Fills `bytes` from `fd`; returns the count, at most `size`, or -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t count = 0;
	while (count < size) {
		ssize_t got = read(fd, bytes + count, size - count);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (got == 0)
			break;
		count += (size_t)got;
	}
	return (ssize_t)count;
}

#define LEGAL_FILE "a readable regular file of at most 262144 bytes"

static bool load_open(int fd, struct text *text, const char *path, struct report *report, struct where where)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		report_error(report, where, "%s is not a regular file (legal: " LEGAL_FILE ")", path);
		return false;
	}
	text->bytes = malloc(SOURCE_BYTES_MAX + 2);
	if (text->bytes == NULL) {
		report_error(report, where, "not enough memory to read %s (legal: " LEGAL_FILE ")", path);
		return false;
	}
	ssize_t count = read_all(fd, text->bytes, SOURCE_BYTES_MAX + 1);
	int error = errno;
	if (count < 0)
		report_error(report, where, "cannot read %s: %s (legal: " LEGAL_FILE ")", path, strerror(error));
	else if (count > SOURCE_BYTES_MAX)
		report_error(report, where, "%s is too large (legal: " LEGAL_FILE ")", path);
	if (count < 0 || count > SOURCE_BYTES_MAX) {
		free(text->bytes);
		text->bytes = NULL;
		return false;
	}
	text->size = (size_t)count;
	text->bytes[count] = '\0';
	return true;
}

bool text_load(struct text *text, const char *path, struct report *report, struct where where)
{
	*text = (struct text){0};
	/* Non-blocking, so that a FIFO or a terminal line cannot hold the start up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = errno;
	if (fd < 0) {
		report_error(report, where, "cannot open %s: %s (legal: " LEGAL_FILE ")", path, strerror(error));
		return false;
	}
	bool loaded = load_open(fd, text, path, report, where);
	(void)close(fd); /* only read from */
	return loaded;
}

/* Length of the valid UTF-8 character at `p`, 0 if it is none or a control character other than tab and line ends. */
static size_t character_length(const unsigned char *p, const unsigned char *end)
{
	if (*p < 0x80)
		return (*p >= 0x20 && *p != 0x7F) || *p == '\n' || *p == '\t' || *p == '\r' ? 1 : 0;
	size_t length = *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : 2;
	if (*p < 0xC2 || *p > 0xF4 || (size_t)(end - p) < length)
		return 0;
	uint32_t code = *p & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3Fu);
	}
	bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
	bool surrogate = code >= 0xD800 && code <= 0xDFFF;
	return overlong || surrogate || code > 0x10FFFF || code < 0xA0 ? 0 : length;
}

static bool check_encoding(const struct text *text, const char *file, struct report *report)
{
	const unsigned char *p = (const unsigned char *)text->bytes;
	const unsigned char *end = p + text->size;
	int line = 1;
	while (p < end) {
		size_t length = character_length(p, end);
		if (length == 0) {
			report_error(report, (struct where){file, line, "text"},
			             "byte 0x%02X is a control character or not UTF-8 (legal: UTF-8 text)", *p);
			return false;
		}
		line += *p == '\n';
		p += length;
	}
	return true;
}

enum scan_state {
	SCAN_PLAIN,
	SCAN_LINE_COMMENT,
	SCAN_BLOCK_COMMENT,
	SCAN_DOUBLE, /* inside "..." */
	SCAN_SINGLE, /* inside '...' */
};

struct scan {
	enum scan_state state;
	int line;
	int opened; /* line of the string or block comment that is open */
	int depth;  /* of braces */
	int brace;  /* line of the outermost one that is open */
	const char *file;
	struct report *report;
};

static void scan_refuse(struct scan *scan, char c, const char *legal)
{
	report_error(scan->report, (struct where){scan->file, scan->line, "syntax"},
	             "character '%c' is not allowed here (legal: %s)", c, legal);
}

static void scan_plain(struct scan *scan, char *p)
{
	bool comment = *p == '#' || (*p == '/' && (p[1] == '/' || p[1] == '*'));
	if (comment) {
		scan->state = *p == '/' && p[1] == '*' ? SCAN_BLOCK_COMMENT : SCAN_LINE_COMMENT;
		scan->opened = scan->line;
		p[0] = ' ';
		if (scan->state == SCAN_BLOCK_COMMENT)
			p[1] = ' '; /* so that the two characters of the opening cannot also close it */
	} else if (*p == '"' || *p == '\'') {
		scan->state = *p == '"' ? SCAN_DOUBLE : SCAN_SINGLE;
		scan->opened = scan->line;
	} else {
		static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		                            "_-.={}, \t\r";
		if (*p == '{' && scan->depth++ == 0)
			scan->brace = scan->line;
		scan->depth -= *p == '}' && scan->depth > 0;
		if (strchr(legal, *p) == NULL)
			scan_refuse(scan, *p, "letters, digits, _ - . = { } , # and quoted strings");
	}
}

static void scan_string(struct scan *scan, char *p)
{
	char quote = scan->state == SCAN_DOUBLE ? '"' : '\'';
	if (*p == quote)
		scan->state = SCAN_PLAIN;
	else if (*p == '\\' || *p == '|' || *p == '\t' || *p == '\r')
		scan_refuse(scan, *p == '\t' || *p == '\r' ? ' ' : *p, "a string without \\ | and control characters");
	else if (*p == '$' && p[1] == '{' && quote == '"')
		report_error(scan->report, (struct where){scan->file, scan->line, "syntax"},
		             "environment variables are not expanded (legal: 'text with ${' in single quotes)");
}

static void scan_comment(struct scan *scan, char *p)
{
	if (scan->state == SCAN_BLOCK_COMMENT && p[0] == '*' && p[1] == '/') {
		p[1] = ' ';
		scan->state = SCAN_PLAIN;
	}
	*p = ' ';
}

/* False if a string runs over the end of its line: nothing after it can be understood. */
static bool scan_newline(struct scan *scan)
{
	if (scan->state == SCAN_DOUBLE || scan->state == SCAN_SINGLE) {
		report_error(scan->report, (struct where){scan->file, scan->line, "syntax"},
		             "string is not closed (legal: both quotes on one line)");
		return false;
	}
	if (scan->state == SCAN_LINE_COMMENT)
		scan->state = SCAN_PLAIN;
	scan->line++;
	return true;
}

bool text_scan(struct text *text, const char *file, struct report *report)
{
	if (!check_encoding(text, file, report))
		return false;
	int before = report->count;
	struct scan scan = {.state = SCAN_PLAIN, .line = 1, .file = file, .report = report};
	for (char *p = text->bytes; *p != '\0'; p++) {
		if (*p == '\n') {
			if (!scan_newline(&scan))
				return false;
			continue;
		}
		switch (scan.state) {
		case SCAN_PLAIN:
			scan_plain(&scan, p);
			break;
		case SCAN_LINE_COMMENT:
		case SCAN_BLOCK_COMMENT:
			scan_comment(&scan, p);
			break;
		case SCAN_DOUBLE:
		case SCAN_SINGLE:
			scan_string(&scan, p);
			break;
		}
	}
	bool open = scan.state != SCAN_PLAIN && scan.state != SCAN_LINE_COMMENT;
	if (open)
		report_error(report, (struct where){file, scan.opened, "syntax"},
		             "string or comment is not closed (legal: a closing quote or */)");
	/* libconfuse takes the end of the file for the end of every open section: half a file would pass. */
	else if (scan.depth > 0)
		report_error(report, (struct where){file, scan.brace, "syntax"},
		             "brace is not closed (legal: a } for each {)");
	return report->count == before;
}
