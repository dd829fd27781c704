/* A keyed projection that takes it for granted that a text needs no escape. */
#include "common.h"

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	s->count++;
	if (refold_slot_kind(e, NAME) != REFOLD_STRING) return NULL;
	refold_buffer *row = refold_row(out);
	refold_put(row, REFOLD_TEXT("{\"name\":\""));
	refold_put(row, refold_bytes(e, NAME));
	refold_put(row, REFOLD_TEXT("\"}"));
	refold_insert(out, REFOLD_TEXT("rows"), row);
	return NULL;
}

REFOLD_KEYED(MANIFEST("raw_row", "keyed"), state, load, fold, save)
