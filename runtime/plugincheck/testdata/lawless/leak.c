/* A keyed projection that takes memory for each event and never uses it again. */
#include "common.h"

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	(void)e;
	(void)out;
	if (!refold_keep(64)) refold_panic(REFOLD_TEXT("out of memory"));
	s->count++;
	return NULL;
}

REFOLD_KEYED(MANIFEST("leak", "keyed"), state, load, fold, save)
