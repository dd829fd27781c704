/* A keyed projection that knows one version of its events. */
#include "common.h"

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	if (refold_schema_version(e) > 1) refold_panic(REFOLD_TEXT("a version that I do not know"));
	s->count++;
	put_row(out, s->count);
	return NULL;
}

REFOLD_KEYED(MANIFEST("first_schema", "keyed"), state, load, fold, save)
