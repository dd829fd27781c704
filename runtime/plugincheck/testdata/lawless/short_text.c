/* A stateless projection that has room for a text of 4,095 bytes, and panics where one
 * is longer. */
#include "common.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	if (refold_bytes(e, NAME).length > 4095) refold_panic(REFOLD_TEXT("the name is too long"));
	put_row(out, 1);
	return NULL;
}

REFOLD_UNKEYED(MANIFEST("short_text", "stateless"), fold)
