/* A stateless projection that counts down from a number, which may be negative. */
#include "common.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	volatile int64_t n = refold_int(e, N);
	while (n != 0) n = n - 1;
	put_row(out, n);
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("endless", "stateless"), fold)
