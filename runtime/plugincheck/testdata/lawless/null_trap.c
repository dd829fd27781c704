/* A keyed projection that takes it for granted that an event has a name. */
#include "common.h"

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	if (refold_slot_kind(e, NAME) == REFOLD_NULL) refold_panic(REFOLD_TEXT("the name is null"));
	s->count++;
	put_row(out, s->count);
	return NULL;
}

REFOLD_KEYED(MANIFEST("null_trap", "keyed"), state, load, fold, save)
