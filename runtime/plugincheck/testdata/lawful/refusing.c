/* A resident projection that refuses the empty query. */
#include "../lawless/common.h"

static int64_t count;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)e;
	put_row(out, ++count);
	return NULL;
}

static void query(refold_text what, refold_buffer *answer) {
	if (what.length) refold_put_int(answer, count);
}

REFOLD_UNKEYED(MANIFEST("refusing", "resident"), fold)
REFOLD_QUERY(query)
