/* Refold's guest that counts events by aggregate, table.c, as a plugin of Extism: the
   same code over the same frames. What it exports reads its input and writes its
   output by Extism's own imports. */

/* There is nobody to tell where an event begins. */
#define import_module annotate
#define import_name annotate
#include "table.c"
#undef import_module
#undef import_name
void begin_event(u32 index) { (void)index; }

#define EXTISM(name) __attribute__((import_module("extism:host/env"), import_name(#name))) name
u64 EXTISM(input_length)(void);
u64 EXTISM(input_load_u64)(u64 at);
u32 EXTISM(input_load_u8)(u64 at);
u64 EXTISM(alloc)(u64 size);
void EXTISM(store_u8)(u64 at, u32 byte);
void EXTISM(output_set)(u64 at, u64 size);

u32 EXPORT(fold)(void) {
	u64 size = input_length(), at = 0;
	u8 *batch = (u8 *)refold_alloc(size);
	if (!batch) return 1;
	for (; at + 8 <= size; at += 8) *(u64 *)(batch + at) = input_load_u64(at);
	for (; at < size; at++) batch[at] = input_load_u8(at);
	refold_fold(batch, size);
	return 0;
}

u32 EXPORT(query)(void) {
	u64 text = refold_query(0, 0), size = text & 0xffffffff, to = alloc(size);
	for (u64 at = 0; at < size; at++) store_u8(to + at, ((u8 *)(u32)(text >> 32))[at]);
	output_set(to, size);
	return 0;
}
