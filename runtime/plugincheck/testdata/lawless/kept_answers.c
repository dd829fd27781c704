/* A resident projection that takes memory for each answer and never uses it again. */
#include "common.h"

static int64_t count;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)e;
	(void)out;
	count++;
	return NULL;
}

static void query(refold_text what, refold_buffer *answer) {
	(void)what;
	if (!refold_keep(1 << 12)) refold_panic(REFOLD_TEXT("out of memory"));
	refold_put_int(answer, count);
}

REFOLD_UNKEYED(MANIFEST("kept_answers", "resident"), fold)
REFOLD_QUERY(query)
