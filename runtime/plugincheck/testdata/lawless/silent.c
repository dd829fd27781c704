/* A resident projection that counts batches, and tells nobody. */
#include "common.h"

static int64_t batches;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	if (e->index == 0) batches++;
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("silent", "resident"), fold)
