/* A resident projection that counts batches, and answers with their number. */
#include "common.h"

static int64_t batches;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	if (e->index == 0) batches++;
	return NULL;
}

static void query(refold_text what, refold_buffer *answer) {
	(void)what;
	refold_put_int(answer, batches);
}

REFOLD_UNKEYED(MANIFEST("batch_counter", "resident"), fold)
REFOLD_QUERY(query)
