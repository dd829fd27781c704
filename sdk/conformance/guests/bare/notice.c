/* The executor of ABI.md's worked example, written from that document alone: no kit,
   no libc. It posts each Log effect to a URL, and takes another one as its
   configuration. A test holds that the document is enough. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name))) name
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT("refold", "begin_effect") void begin_effect(u32 index);
IMPORT("refold_host", "http") u32 http(const void *request, u32 length);
IMPORT("refold_host", "answer") void answer(void *room, u32 length);

static const char manifest[] =
	"{\"abi\":1,\"name\":\"notice\",\"kinds\":[\"log\"],"
	"\"wants\":[{\"capability\":\"http\",\"name\":\"hooks.example.com\",\"reason\":\"posts the notices\"}]}";

/* Offsets of the header of the effects, and of an effect. */
enum { E_COUNT = 12, E_FIRST = 48, F_LENGTH = 0, F_BODY = 96 };
/* Kinds of values, codes of answers, statuses of outcomes. */
enum { I64 = 2, STRING = 4 };
enum { OK = 0, NOT_GRANTED = 1, UNAVAILABLE = 3, TIMEOUT = 4 };
enum { PERFORMED = 0, RETRY = 1, POISON = 2, FATAL = 3 };
enum { INPUT = 1 << 20, REQUEST = 1 << 16, ANSWER = 1 << 20, OUTCOME = 1 << 12 };

static u8 input[INPUT] __attribute__((aligned(8)));
static u8 request[REQUEST] __attribute__((aligned(8)));
static u8 answered[ANSWER] __attribute__((aligned(8)));
static u8 outcome[OUTCOME] __attribute__((aligned(8)));
static char url[1024] = "https://hooks.example.com/notices";
static u32 url_length = sizeof "https://hooks.example.com/notices" - 1;

static u32 get32(const u8 *at) { return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24; }
static void put32(u8 *at, u32 v) { for (int i = 0; i < 4; i++) at[i] = v >> 8 * i; }
static u64 span(const void *at, u32 length) { return (u64)(u32)at << 32 | length; }

static void copy(void *to, const void *from, u32 n) {
	for (u32 i = 0; i < n; i++) ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
}

static u64 say(u32 status, u32 performed, const void *text, u32 length) {
	if (length > OUTCOME - 40) length = OUTCOME - 40;
	for (u32 i = 0; i < 40; i++) ((volatile u8 *)outcome)[i] = 0;
	copy(outcome, "RFO1", 4);
	put32(outcome + 4, 40 + length), put32(outcome + 8, 1);
	put32(outcome + 12, status), put32(outcome + 16, performed);
	if (status == POISON) put32(outcome + 20, performed);
	put32(outcome + 24, 40), put32(outcome + 28, length);
	copy(outcome + 40, text, length);
	return span(outcome, 40 + length);
}

/* value writes value i of a message with 3 values, a string, and returns the offset
   behind it. */
static u32 value(u32 i, u32 at, const void *text, u32 length) {
	u8 *slot = request + 16 + 16 * i;
	put32(slot, STRING), put32(slot + 4, length), put32(slot + 8, at), put32(slot + 12, 0);
	copy(request + at, text, length);
	return at + length;
}

static u32 write_request(const u8 *body, u32 length) {
	u32 at = value(0, 16 + 3 * 16, "POST", 4);
	at = value(1, at, url, url_length);
	at = value(2, at, body, length);
	copy(request, "RFM1", 4);
	put32(request + 4, at), put32(request + 8, 1), put32(request + 12, 3);
	return at;
}

void EXPORT(refold_abi_v1)(void) {}
u32 EXPORT(refold_alloc)(u32 size) { return size > INPUT ? 0 : (u32)input; }
u64 EXPORT(refold_describe)(void) { return span(manifest, sizeof manifest - 1); }

/* The configuration is {} or {"url":"…"}, without escapes. */
u64 EXPORT(refold_configure)(const char *config, u32 length) {
	static const char before[] = "{\"url\":\"", wrong[] = "the configuration is not {\"url\":\"…\"}";
	const u32 head = sizeof before - 1;
	if (length == 2) return 0;
	if (length < head + 2 || length > head + sizeof url) return span(wrong, sizeof wrong - 1);
	for (u32 i = 0; i < head; i++) if (config[i] != before[i]) return span(wrong, sizeof wrong - 1);
	url_length = length - head - 2;
	copy(url, config + head, url_length);
	return 0;
}

u64 EXPORT(refold_execute)(const u8 *effects, u32 length) {
	(void)length;
	const u8 *effect = effects + get32(effects + E_FIRST);
	u32 count = get32(effects + E_COUNT);
	for (u32 i = 0; i < count; i++, effect += get32(effect + F_LENGTH)) {
		begin_effect(i);
		u32 body = get32(effect + F_BODY), body_length = get32(effect + F_BODY + 4);
		if (body_length > REQUEST - 2048) return say(POISON, i, "is too long", 11);
		u32 room = http(request, write_request(effect + body, body_length));
		if (room > ANSWER) return say(POISON, i, "the answer is too long", 22);
		answer(answered, room);
		u32 code = get32(answered + 24), text = get32(answered + 40), text_length = get32(answered + 36);
		if (code == NOT_GRANTED) return say(FATAL, i, answered + text, text_length);
		if (code == UNAVAILABLE || code == TIMEOUT) return say(RETRY, i, answered + text, text_length);
		if (code != OK) return say(POISON, i, answered + text, text_length);
		u32 status = get32(answered + 56);
		if (status == 429 || status >= 500) return say(RETRY, i, "is asked to wait", 16);
		if (status == 401) return say(FATAL, i, "is not known there", 18);
		if (status < 200 || status > 299) return say(POISON, i, "is refused", 10);
	}
	begin_effect(count);
	return say(PERFORMED, count, "", 0);
}
