/* Files of recorded bytes for `vitalsctl decode`: which of three kinds one is, its lines, and the line that is printed
 * for each measurement. Called by decode_stream.c and decode_modbus.c.
 *
 * A file is one of three kinds, told by its first line: recorded traffic (vitals/traffic.h); a hexadecimal dump, with
 * comments behind '#' or "->", in which "[...]" begins a new connection; or plain bytes as they came. The last two have
 * no times: their bytes come at the speed of the line.
 *
 * Output: one line for each measurement, "SECONDS PARAMETER VALUE [questionable] [(reason)]". */
#include "clients/ctl/decode.h"

#include <inttypes.h>
#include <string.h>

#include "vitals/parameter.h"
#include "vitals/traffic.h"

void decode_print(struct mono at, const char *before, const struct decoded *decoded)
{
	int64_t us = (at.ns - DECODE_EPOCH_NS) / 1000;

	if (decoded->count == 0)
		printf("%" PRId64 ".%06" PRId64 " %s- alive, nothing measured\n", us / 1000000, us % 1000000, before);
	for (uint8_t i = 0; i < decoded->count; i++) {
		const struct measurement *m = &decoded->list[i];
		int64_t determined = (m->determined.ns - DECODE_EPOCH_NS) / 1000;
		printf("%" PRId64 ".%06" PRId64 " %s%s ", determined / 1000000, determined % 1000000, before,
		       parameter_table[m->parameter].name);
		if (!measurement_has_value(m)) {
			printf("none (%s)\n", reason_name(m->reason));
			continue;
		}
		int64_t milli = m->milli < 0 ? -(int64_t)m->milli : m->milli;
		printf("%s%" PRId64 ".%03" PRId64, m->milli < 0 ? "-" : "", milli / 1000, milli % 1000);
		if (m->quality == QUALITY_VALID)
			printf("\n");
		else
			printf(" questionable (%s)\n", reason_name(m->reason));
	}
}

bool decode_is_header(const char *text)
{
	static const char first[] = "# vitalsd traffic ";

	return strncmp(text, first, sizeof first - 1) == 0;
}

enum decode_kind decode_kind_of(FILE *file)
{
	char text[DECODE_LINE_BYTES];
	struct traffic_line line;
	uint8_t bytes[DECODE_LINE_BYTES / 2];
	enum decode_kind kind = DECODE_RAW;
	size_t count;

	while (fgets(text, sizeof text, file) != NULL && kind == DECODE_RAW) {
		const char *begin = text + strspn(text, " \t\r\n");
		enum traffic_text read = traffic_parse(text, &line);
		if (read == TRAFFIC_COMMENT && (*begin == '#' || *begin == '\0'))
			continue;
		if (read == TRAFFIC_LINE)
			kind = DECODE_TRAFFIC;
		else if (*begin == '[' || (traffic_hex(begin, bytes, sizeof bytes, &count) && count > 0))
			kind = DECODE_HEX;
		else
			break;
	}
	rewind(file);
	return kind;
}

bool decode_lines(FILE *file, const char *path, bool (*play)(void *context, const char *line), void *context)
{
	char text[DECODE_LINE_BYTES];

	for (unsigned number = 1; fgets(text, sizeof text, file) != NULL; number++) {
		bool whole = strchr(text, '\n') != NULL || feof(file);
		if (whole && play(context, text))
			continue;
		fprintf(stderr,
		        "vitalsctl: %s:%u: cannot be read (legal: TIME < or > BYTES in hexadecimal, TIME connected, "
		        "TIME start or stop, # comment; lines below %d bytes)\n",
		        path, number, DECODE_LINE_BYTES);
		return false;
	}
	return true;
}
