/* A keyed projection that reads behind its frame, where a longer one may have been
 * before. */
#include "common.h"

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	s->count++;
	put_row(out, (unsigned char)e->frame[refold__u32(e->frame + 4) + 64]);
	return NULL;
}

REFOLD_KEYED(MANIFEST("leftover", "keyed"), state, load, fold, save)
