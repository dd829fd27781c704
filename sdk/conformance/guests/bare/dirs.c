/* The projection of ABI.md's worked example, written from that document alone:
   no kit, no libc. It sums added lines by directory. A test holds that the
   document is enough. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define EXPORT(name) __attribute__((export_name(#name))) name

__attribute__((import_module("refold"), import_name("begin_event"))) void begin_event(u32 index);

static const char manifest[] =
	"{\"abi\":1,\"name\":\"dirs\",\"state\":\"keyed\",\"key\":\"dir\",\"events\":[\"file_added\",\"file_deleted\"],"
	"\"fields\":[{\"path\":\"additions\",\"type\":\"i64\"},{\"path\":\"dir\",\"type\":\"string\"}]}";

/* Offsets of a batch's header, a group, an event, a slot. */
enum { B_GROUPS = 16, B_GROUP_TABLE = 20 };
enum { G_KEY = 0, G_STATE = 8, G_FLAGS = 16, G_FIRST = 20, G_EVENTS = 24, G_AT = 28, GROUP = 32, HAS_STATE = 1 };
enum { E_LENGTH = 0, E_TYPE = 96, E_SLOTS = 108 };
enum { S_KIND = 0, S_VALUE = 8, I64 = 2 };
enum { INPUT = 1 << 16, OUTPUT = 1 << 16, STATES = 1 << 14 };

static u8 input[INPUT] __attribute__((aligned(8)));
static u8 output[OUTPUT] __attribute__((aligned(8)));
static u8 states[STATES]; /* the table of group results, and behind it the states */
static u32 out, table, text;

static u32 get32(const u8 *at) { return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24; }
static u64 get64(const u8 *at) { return get32(at) | (u64)get32(at + 4) << 32; }
static void put32(u8 *at, u32 v) { for (int i = 0; i < 4; i++) at[i] = v >> 8 * i; }
static u64 span(const void *at, u32 length) { return (u64)(u32)at << 32 | length; }

static u32 copy(u8 *to, const void *from, u32 n) {
	for (u32 i = 0; i < n; i++) to[i] = ((const u8 *)from)[i];
	return n;
}

static u32 number(u8 *to, i64 n) {
	u8 digits[20];
	u32 count = 0, length = 0;
	u64 left = n < 0 ? -(u64)n : (u64)n;
	if (n < 0) to[length++] = '-';
	do digits[count++] = '0' + left % 10; while (left /= 10);
	while (count) to[length++] = digits[--count];
	return length;
}

/* The state is {"n":N}. */
static u32 state(u8 *to, i64 n) {
	u32 length = copy(to, "{\"n\":", 5);
	length += number(to + length, n);
	return length + copy(to + length, "}", 1);
}

static i64 parse(const u8 *at) {
	int negative = at[5] == '-';
	u64 n = 0;
	for (at += 5 + negative; *at != '}'; at++) n = 10 * n + (*at - '0');
	return negative ? -n : n;
}

/* Insert into "dirs", caused by an event. The keys need no escapes here. */
static void insert(u32 cause, const u8 *key, u32 key_length, i64 n) {
	u8 *e = output + out, *body = e + 52;
	u32 length = copy(body, "{\"dir\":\"", 8);
	length += copy(body + length, key, key_length);
	length += copy(body + length, "\",\"n\":", 6);
	length += number(body + length, n);
	length += copy(body + length, "}", 1);
	copy(e + 48, "dirs", 4);
	put32(e, (52 + length + 7) & ~7u);
	put32(e + 4, 1); /* kind 1, level 0 */
	put32(e + 8, cause);
	put32(e + 16, 48), put32(e + 20, 4);
	put32(e + 32, 52), put32(e + 36, length);
	out += get32(e);
}

static u64 reject(u32 event) {
	static const char reason[] = "additions is no integer";
	for (u32 i = 0; i < 48; i++) output[i] = 0;
	copy(output, "RFR1", 4);
	put32(output + 8, 1), put32(output + 12, 1);
	put32(output + 28, 48);
	put32(output + 32, event), put32(output + 36, 48), put32(output + 40, sizeof reason - 1);
	copy(output + 48, reason, sizeof reason - 1);
	put32(output + 4, 48 + sizeof reason - 1);
	return span(output, 48 + sizeof reason - 1);
}

void EXPORT(refold_abi_v1)(void) {}
u32 EXPORT(refold_alloc)(u32 size) { return size > INPUT ? 0 : (u32)input; }
u64 EXPORT(refold_describe)(void) { return span(manifest, sizeof manifest - 1); }

u64 EXPORT(refold_fold)(const u8 *batch, u32 length) {
	(void)length;
	u32 groups = get32(batch + B_GROUPS), results = 0;
	for (u32 i = 0; i < OUTPUT; i++) output[i] = 0;
	out = 48, table = 0, text = 16 * groups;
	for (u32 i = 0; i < groups; i++) {
		const u8 *g = batch + get32(batch + B_GROUP_TABLE) + GROUP * i;
		const u8 *event = batch + get32(g + G_AT);
		u32 first = get32(g + G_FIRST), count = get32(g + G_EVENTS);
		i64 n = 0;
		if (!count) continue;
		begin_event(first); /* reading the state is work of its first event */
		if (get32(g + G_FLAGS) & HAS_STATE) n = parse(batch + get32(g + G_STATE));
		for (u32 j = 0; j < count; j++, event += get32(event + E_LENGTH)) {
			if (j) begin_event(first + j);
			if (get32(event + E_TYPE) != 0) continue; /* file_deleted adds nothing */
			const u8 *slot = event + get32(event + E_SLOTS);
			if (get32(slot + S_KIND) != I64) return reject(first + j);
			n += (i64)get64(slot + S_VALUE);
			if (out + get32(g + G_KEY + 4) + 128 > OUTPUT / 2) __builtin_trap();
			insert(first + j, batch + get32(g + G_KEY), get32(g + G_KEY + 4), n);
		}
		if (text + 32 > STATES) __builtin_trap();
		u8 *r = states + table;
		put32(r, i), put32(r + 4, 1), put32(r + 8, text);
		put32(r + 12, state(states + text, n));
		text += get32(r + 12);
		table += 16, results++;
	}
	/* The table and the states lie behind the effects. */
	for (u32 at = 0; at < table; at += 16) put32(states + at + 8, out + get32(states + at + 8));
	copy(output + out, states, text);
	copy(output, "RFR1", 4);
	put32(output + 4, out + text);
	put32(output + 8, 1);
	put32(output + 16, results), put32(output + 20, out);
	u32 effects = 0;
	for (u32 at = 48; at < out; at += get32(output + at)) effects++;
	put32(output + 24, effects), put32(output + 28, 48);
	return span(output, out + text);
}
