/* A stateless projection that looks at how many events its batch has. */
#include "common.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	put_row(out, refold__u32(e->frame + 12));
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("batch_size", "stateless"), fold)
