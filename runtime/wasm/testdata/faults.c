/* faults fails in another way for each number of events in a batch. */
#include "refold.h"

#define ITSELF __attribute__((noinline)) static

ITSELF void give_up(void) { refold_panic(REFOLD_TEXT("no luck today")); }

ITSELF uint32_t divide(uint32_t a, volatile uint32_t b) { return a / b; }

ITSELF uint32_t spin(volatile uint32_t n) {
	while (n < 7) n = n % 7;
	return n;
}

ITSELF uint32_t nest(volatile uint32_t n) { return n ? n + nest(n + 1) + n : 7; }

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	switch (refold__u32(e->frame + 12)) {
	case 1: give_up(); break;
	case 2: return divide(7, e->index) ? NULL : "never";
	case 3: return spin(e->index) ? NULL : "never";
	}
	return nest(e->index + 1) ? NULL : "never";
}

REFOLD_UNKEYED("{\"abi\":1,\"name\":\"faults\",\"state\":\"stateless\"}", fold)
