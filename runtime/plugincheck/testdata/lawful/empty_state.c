/* A keyed projection whose state has no bytes: that there is one is all that it says. */
#include "../lawless/common.h"

static bool load_nothing(state *s, refold_text text) {
	s->count = 1 + text.length;
	return true;
}

static void save_nothing(const state *s, refold_buffer *text) {
	(void)s;
	(void)text;
}

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	(void)e;
	put_row(out, s->count);
	s->count = 1;
	return NULL;
}

REFOLD_KEYED(MANIFEST("empty_state", "keyed"), state, load_nothing, fold, save_nothing)
