/* The guest of the fuel measurements: it scans the payload of each event byte by
   byte, as a parser of JSON does. Without -DMARKED it imports nothing, so that
   bare wazero runs it too. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name))) name

extern u8 __heap_base;

#ifdef MARKED
__attribute__((import_module("refold"), import_name("begin_event"))) void begin_event(u32 index);
#else
static void begin_event(u32 index) { (void)index; }
#endif

static u64 names, strings, digits, deepest;
static u32 result[12] = {0x31524652, 48, 1, 0, 0, 48, 0, 48, 0, 0, 0, 0};
static const char manifest[] = "{\"abi\":1,\"name\":\"scan\",\"state\":\"resident\"}";

static u64 span(const void *at, u32 length) { return (u64)(u32)at << 32 | length; }

void EXPORT(refold_abi_v1)(void) {}

u32 EXPORT(refold_alloc)(u32 size) {
	u32 heap = ((u32)&__heap_base + 7) & ~7u;
	u32 have = __builtin_wasm_memory_size(0) << 16;
	if (heap + size > have && __builtin_wasm_memory_grow(0, (heap + size - have + 65535) >> 16) == -1ul) return 0;
	return heap;
}

u64 EXPORT(refold_describe)(void) { return span(manifest, sizeof manifest - 1); }

static void scan(const u8 *at, const u8 *end) {
	u64 depth = 0;
	for (; at < end; at++) {
		switch (*at) {
		case '"':
			strings++;
			for (at++; at < end && *at != '"'; at++)
				if (*at == '\\') at++;
			break;
		case ':': names++; break;
		case '{': case '[':
			if (++depth > deepest) deepest = depth;
			break;
		case '}': case ']': depth--; break;
		case '0': case '1': case '2': case '3': case '4':
		case '5': case '6': case '7': case '8': case '9': digits++; break;
		}
	}
}

u64 EXPORT(refold_fold)(const u8 *batch, u32 length) {
	(void)length;
	const u8 *event = batch + *(const u32 *)(batch + 40);
	const u8 *end = event + *(const u32 *)(batch + 44);
	for (u32 i = 0; event < end; event += *(const u32 *)event) {
		begin_event(i++);
		const u8 *data = event + *(const u32 *)(event + 112);
		scan(data, data + *(const u32 *)(event + 116));
	}
	return span(result, sizeof result);
}
