/* faults fails in one way in a batch of one event, and in another in a longer one. */
#include "refold.h"

__attribute__((noinline)) static void give_up(void) { refold_panic(REFOLD_TEXT("no luck today")); }

__attribute__((noinline)) static uint32_t divide(uint32_t a, volatile uint32_t b) { return a / b; }

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	if (refold__u32(e->frame + 12) == 1) give_up();
	return divide(7, e->index) ? NULL : "never";
}

REFOLD_UNKEYED("{\"abi\":1,\"name\":\"faults\",\"state\":\"stateless\"}", fold)
