/* A stateless projection that points into a frame which is no longer there. */
#include "common.h"

static refold_text before;

static const char *fold(const refold_event *e, refold_effects *out) {
	put_row(out, before.length ? (unsigned char)before.at[0] : 0);
	before = refold_bytes(e, NAME);
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("dangling", "stateless"), fold)
