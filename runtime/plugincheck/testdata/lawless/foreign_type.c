/* A stateless projection that emits events of a type that none can have. */
#include "common.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)e;
	refold_buffer *data = refold_row(out);
	refold_open(data);
	refold_close(data);
	refold_emit(out, REFOLD_TEXT("NameGiven"), data);
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("foreign_type", "stateless"), fold)
