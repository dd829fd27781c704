/* A guest of the comparison with a bulk load: a stateless projection that makes a row
   of each event, the same as the load's. */
#include "refold.h"

static const char *fold(const refold_event *e, refold_effects *out) {
	static const char digits[] = "0123456789abcdef";
	uint64_t n = refold_position(e), id = n * 0x9e3779b97f4a7c15ull;
	char text[16];
	for (int i = 15; i >= 0; i--, id >>= 4) text[i] = digits[id & 15];
	refold_buffer *row = refold_row(out);
	refold_open(row);
	refold_member_text(row, REFOLD_TEXT("id"), (refold_text){text, sizeof text});
	refold_member_text(row, REFOLD_TEXT("owner"), REFOLD_TEXT("somebody's name"));
	refold_member_uint(row, REFOLD_TEXT("balance"), n);
	refold_close(row);
	refold_insert(out, REFOLD_TEXT("accounts"), row);
	return NULL;
}

REFOLD_UNKEYED("{\"abi\":1,\"name\":\"rows\",\"state\":\"stateless\",\"sdk\":\"refold-c\"}", fold)
