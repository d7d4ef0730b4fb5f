/* Fuzzes what reads recorded traffic: a line that is taken must come back the same when it is written and read again,
 * and Modbus frames must stay within their bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vitals/traffic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_line(const char *text, struct traffic_request *request, bool *asked)
{
	uint16_t registers[125];
	char again[TRAFFIC_LINE_BYTES];
	struct traffic_line line, copy;

	if (traffic_parse(text, &line) != TRAFFIC_LINE)
		return;
	must(line.at_us >= 0 && line.at_us <= TRAFFIC_US_MAX && line.count <= TRAFFIC_BYTES);
	must(traffic_format(&line, again) == strlen(again));
	must(traffic_parse(again, &copy) == TRAFFIC_LINE && memcmp(&line, &copy, sizeof line) == 0);
	if (line.kind == TRAFFIC_SENT)
		*asked = traffic_request(line.bytes, line.count, request);
	else if (*asked && traffic_answer(request, line.bytes, line.count, registers) == TRAFFIC_ANSWER_READ)
		must(request->argument >= 1 && request->argument <= 125);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct traffic_request request;
	bool asked = false;
	char text[2048];

	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t count = end != NULL ? (size_t)(end - data) + 1 : size;
		size_t kept = count < sizeof text ? count : sizeof text - 1;
		memcpy(text, data, kept);
		text[kept] = '\0';
		check_line(text, &request, &asked);
		data += count;
		size -= count;
	}
	return 0;
}
