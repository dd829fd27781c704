/* A stateless projection that gives for an effect's cause the event before. */
#include "common.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	if (e->index > 0) out->cause = e->index - 1;
	put_row(out, 1);
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("wrong_cause", "stateless"), fold)
