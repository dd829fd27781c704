/* A guest of the comparison with native code: a resident projection that counts
   events by aggregate in a hash table of 2^BITS slots, reading the batch frame in
   place. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name))) name
#ifndef BITS
#define BITS 15
#endif
#define SLOTS (1u << BITS)

extern u8 __heap_base;

__attribute__((import_module("refold"), import_name("begin_event"))) void begin_event(u32 index);

struct tally {
	u64 id[2], count, version, bytes;
};

static struct tally table[SLOTS];
static u32 result[12] = {0x31524652, 48, 1, 0, 0, 48, 0, 48, 0, 0, 0, 0};
static char answer[128];
static const char manifest[] = "{\"abi\":1,\"name\":\"table_c\",\"state\":\"resident\"}";

static u64 span(const void *at, u32 length) { return (u64)(u32)at << 32 | length; }

void EXPORT(refold_abi_v1)(void) {}

u32 EXPORT(refold_alloc)(u32 size) {
	u32 heap = ((u32)&__heap_base + 7) & ~7u;
	u32 have = __builtin_wasm_memory_size(0) << 16;
	if (heap + size > have && __builtin_wasm_memory_grow(0, (heap + size - have + 65535) >> 16) == -1ul) return 0;
	return heap;
}

u64 EXPORT(refold_describe)(void) { return span(manifest, sizeof manifest - 1); }

static struct tally *find(const u64 *id) {
	u64 h = (id[0] ^ id[1] * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
	for (u32 i = h >> (64 - BITS);; i = (i + 1) & (SLOTS - 1)) {
		struct tally *t = &table[i];
		if (t->id[0] == id[0] && t->id[1] == id[1]) return t;
		if (!t->count) {
			t->id[0] = id[0], t->id[1] = id[1];
			return t;
		}
	}
}

u64 EXPORT(refold_fold)(const u8 *batch, u32 length) {
	(void)length;
	const u8 *event = batch + *(const u32 *)(batch + 40);
	const u8 *end = event + *(const u32 *)(batch + 44);
	for (u32 i = 0; event < end; event += *(const u32 *)event) {
		begin_event(i++);
		struct tally *t = find((const u64 *)(event + 48));
		u64 version = *(const u64 *)(event + 16);
		t->count++;
		if (version > t->version) t->version = version;
		t->bytes += *(const u32 *)(event + 116);
	}
	return span(result, sizeof result);
}

static char *put(char *to, const char *text, u64 n) {
	char digits[20];
	int count = 0;
	while (*text) *to++ = *text++;
	do digits[count++] = '0' + n % 10; while (n /= 10);
	while (count) *to++ = digits[--count];
	return to;
}

u64 EXPORT(refold_query)(const u8 *query, u32 length) {
	(void)query, (void)length;
	u64 aggregates = 0, events = 0, versions = 0, bytes = 0;
	for (u32 i = 0; i < SLOTS; i++) {
		aggregates += table[i].count != 0;
		events += table[i].count;
		versions += table[i].version;
		bytes += table[i].bytes;
	}
	char *to = put(answer, "{\"aggregates\":", aggregates);
	to = put(to, ",\"events\":", events);
	to = put(to, ",\"versions\":", versions);
	to = put(to, ",\"bytes\":", bytes);
	*to++ = '}';
	return span(answer, to - answer);
}
