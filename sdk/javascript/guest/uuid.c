/* uuid.c makes the id of an aggregate that has only a stream's name: a UUID of
 * version 5 (RFC 9562), which is a SHA-1 (RFC 3174). domain/event makes the same. */
#include <string.h>

#include "guest.h"

static const uint8_t streams[16] = {0x9d, 0x7c, 0x8e, 0x0a, 0x6d, 0x5b, 0x4f, 0x3e, 0x8f, 0x0b, 0x3f, 0x1f, 0x9a, 0x2b, 0x6c, 0x54};

typedef struct { uint32_t h[5]; uint8_t block[64]; uint64_t length; } sha1;

static uint32_t rotated(uint32_t v, int by) { return v << by | v >> (32 - by); }

static void sha1_block(sha1 *s) {
	uint32_t w[80], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];
	for (int i = 0; i < 16; i++) w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 | (uint32_t)s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
	for (int i = 16; i < 80; i++) w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
		static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
		uint32_t next = rotated(a, 5) + f + e + k[i / 20] + w[i];
		e = d, d = c, c = rotated(b, 30), b = a, a = next;
	}
	s->h[0] += a, s->h[1] += b, s->h[2] += c, s->h[3] += d, s->h[4] += e;
}

static void sha1_put(sha1 *s, const uint8_t *bytes, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		s->block[s->length++ % 64] = bytes[i];
		if (s->length % 64 == 0) sha1_block(s);
	}
}

void uuid_named(uint8_t id[16], refold_text name) {
	sha1 s = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, {0}, 0};
	sha1_put(&s, streams, sizeof streams);
	sha1_put(&s, (const uint8_t *)name.at, name.length);
	uint64_t bits = 8 * s.length;
	sha1_put(&s, (const uint8_t *)"\x80", 1);
	while (s.length % 64 != 56) sha1_put(&s, (const uint8_t *)"", 1);
	for (int i = 7; i >= 0; i--) sha1_put(&s, (const uint8_t[]){(uint8_t)(bits >> 8 * i)}, 1);
	for (int i = 0; i < 16; i++) id[i] = (uint8_t)(s.h[i / 4] >> (24 - 8 * (i % 4)));
	id[6] = (id[6] & 0x0f) | 0x50;
	id[8] = (id[8] & 0x3f) | 0x80;
}
