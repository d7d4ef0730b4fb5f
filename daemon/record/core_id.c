/* Which core this is; see record.h. A file of its own, made anew whenever one of the core's changes. */
#include "vitals/record.h"

const char record_core_id[] = CORE_ID;
