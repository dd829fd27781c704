/* A resident projection that counts how often it is asked. */
#include "common.h"

static int64_t count;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)e;
	put_row(out, ++count);
	return NULL;
}

static void query(refold_text what, refold_buffer *answer) {
	(void)what;
	refold_put_int(answer, count++);
}

REFOLD_UNKEYED(MANIFEST("counted_queries", "resident"), fold)
REFOLD_QUERY(query)
