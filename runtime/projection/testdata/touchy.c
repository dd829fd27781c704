/* touchy is a resident projection that sums numbers: it traps on a null and rejects
 * what is no number, each after its memory has changed. */
#include "refold.h"

static int64_t sum;

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	sum += 1000;
	if (refold_slot_kind(e, 0) == REFOLD_NULL) refold_panic(REFOLD_TEXT("no number"));
	if (refold_slot_kind(e, 0) != REFOLD_I64) return "no number";
	sum += refold_int(e, 0) - 1000;
	return NULL;
}

static void query(refold_text what, refold_buffer *answer) {
	(void)what;
	refold_put_int(answer, sum);
}

REFOLD_UNKEYED(
	"{\"abi\":1,\"name\":\"touchy\",\"state\":\"resident\",\"events\":[\"counted\"],"
	"\"fields\":[{\"path\":\"n\",\"type\":\"i64\"}],\"sdk\":\"refold-c\"}", fold)
REFOLD_QUERY(query)
