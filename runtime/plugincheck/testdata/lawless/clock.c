/* A stateless projection that wants to know what time it is. */
#include "common.h"

__attribute__((import_module("env"), import_name("now"))) int64_t now(void);

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)e;
	put_row(out, now());
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("clock", "stateless"), fold)
