/* Fuzzes the core: bytes become a plan and a sequence of events with their times; after every step the oracle of the
 * random test is asked. Seeds need no form: any bytes are a sequence. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/core_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	static struct shadow shadow;
	struct source source = {data, size, 0};

	random_plan(&source, &w);
	world_begin(&w, 1 * S);
	memset(&shadow, 0, sizeof(shadow));
	while (!source_empty(&source)) {
		struct event event;

		w.now = random_instant(&source, &w);
		random_event(&source, &w, &event);
		engine_step(&w.engine, &event, at(w.now), &w.actions);

		const char *wrong = oracle(&shadow, &w.engine, &event, &w.actions);

		if (wrong != NULL) {
			fprintf(stderr, "byte %zu: %s\n", source.at, wrong);
			abort();
		}
	}
	return 0;
}
