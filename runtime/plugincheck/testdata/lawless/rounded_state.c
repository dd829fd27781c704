/* A keyed projection that counts halves, and saves whole numbers. */
#include "common.h"

static bool load_whole(state *s, refold_text text) {
	s->count = 2 * refold_find_int(text, REFOLD_TEXT("count"));
	return true;
}

static void save_whole(const state *s, refold_buffer *text) { save(&(state){s->count / 2}, text); }

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	(void)e;
	(void)out;
	s->count++;
	return NULL;
}

REFOLD_KEYED(MANIFEST("rounded_state", "keyed"), state, load_whole, fold, save_whole)
