/* A resident projection that keeps the position of each event: its state grows. */
#include "../lawless/common.h"

static int64_t count;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	uint64_t *place = (uint64_t *)refold_keep(64);
	if (!place) refold_panic(REFOLD_TEXT("out of memory"));
	*place = refold_position(e);
	count++;
	return NULL;
}

static void query(refold_text what, refold_buffer *answer) {
	(void)what;
	refold_put_int(answer, count);
}

REFOLD_UNKEYED(MANIFEST("all_positions", "resident"), fold)
REFOLD_QUERY(query)
