/* A keyed projection with a counter in its own memory, which outlives the call. */
#include "common.h"

static int64_t calls;

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	(void)e;
	s->count++;
	put_row(out, ++calls);
	return NULL;
}

REFOLD_KEYED(MANIFEST("surviving_counter", "keyed"), state, load, fold, save)
