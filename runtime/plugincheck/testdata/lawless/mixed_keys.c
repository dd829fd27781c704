/* A keyed projection that goes on counting from one key to the next. */
#include "common.h"

static int64_t total;

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	if (e->index == 0) total = 0;
	s->count = ++total;
	put_row(out, s->count);
	return NULL;
}

REFOLD_KEYED(MANIFEST("mixed_keys", "keyed"), state, load, fold, save)
