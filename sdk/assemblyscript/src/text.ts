/** Texts are UTF-8 on the host's side and UTF-16 on this one. */
import { Buffer } from "./buffer";

const replacement: u32 = 0xfffd;
const hexDigits = memory.data<u8>([0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66]);

/** The hexadecimal digit of a value below 16. */
// @ts-ignore: decorator
@inline
export function hexDigit(value: u32): u32 {
  return load<u8>(hexDigits + value);
}

/** Appends a text in UTF-8. Half a pair of surrogates becomes U+FFFD. */
export function putText(to: Buffer, text: string): void {
  let from = changetype<usize>(text);
  const end = from + (<usize>text.length << 1);
  let at = to.room(3 * text.length);
  while (from < end) {
    const c: u32 = load<u16>(from);
    from += 2;
    if (c < 0x80) {
      store<u8>(at++, c);
    } else {
      from += pairedAt(c, from, end);
      at += encode(at, codePoint(c, from, end));
    }
  }
  to.length = <u32>(at - to.at);
}

/** Appends a JSON string: escaped is what must be, and nothing else. */
export function putString(to: Buffer, text: string): void {
  let from = changetype<usize>(text);
  const end = from + (<usize>text.length << 1);
  let at = to.room(6 * text.length + 2);
  store<u8>(at++, 0x22);
  while (from < end) {
    const c: u32 = load<u16>(from);
    from += 2;
    if (c >= 0x80) {
      from += pairedAt(c, from, end);
      at += encode(at, codePoint(c, from, end));
    } else if (c < 0x20 || c == 0x22 || c == 0x5c) {
      at = escape(at, c);
    } else {
      store<u8>(at++, c);
    }
  }
  store<u8>(at++, 0x22);
  to.length = <u32>(at - to.at);
}

/** 2 if a unit and the next one, at `next`, are a pair of surrogates; else 0. */
// @ts-ignore: decorator
@inline
function pairedAt(c: u32, next: usize, end: usize): usize {
  return (c & 0xfc00) == 0xd800 && next < end && (load<u16>(next) & 0xfc00) == 0xdc00 ? 2 : 0;
}

/** The code point of a unit; `behind` is where the pair that it may begin ends. */
// @ts-ignore: decorator
@inline
function codePoint(c: u32, behind: usize, end: usize): u32 {
  if ((c & 0xf800) != 0xd800) return c;
  const low: u32 = load<u16>(behind - 2);
  if ((c & 0xfc00) != 0xd800 || (low & 0xfc00) != 0xdc00) return replacement;
  return 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
}

/** Writes a code point from 0x80 on, and returns how many bytes that were. */
function encode(at: usize, c: u32): usize {
  if (c < 0x800) {
    store<u8>(at, 0xc0 | (c >> 6));
    store<u8>(at + 1, 0x80 | (c & 63));
    return 2;
  }
  if (c < 0x10000) {
    store<u8>(at, 0xe0 | (c >> 12));
    store<u8>(at + 1, 0x80 | ((c >> 6) & 63));
    store<u8>(at + 2, 0x80 | (c & 63));
    return 3;
  }
  store<u8>(at, 0xf0 | (c >> 18));
  store<u8>(at + 1, 0x80 | ((c >> 12) & 63));
  store<u8>(at + 2, 0x80 | ((c >> 6) & 63));
  store<u8>(at + 3, 0x80 | (c & 63));
  return 4;
}

/** Writes the escape of an ASCII character, and returns where it ends. */
function escape(at: usize, c: u32): usize {
  store<u8>(at, 0x5c);
  switch (c) {
    case 0x0a: store<u8>(at + 1, 0x6e); break;
    case 0x0d: store<u8>(at + 1, 0x72); break;
    case 0x09: store<u8>(at + 1, 0x74); break;
    case 0x22:
    case 0x5c: store<u8>(at + 1, c); break;
    default:
      store<u32>(at + 1, 0x30303075); // u000
      store<u8>(at + 4, 0x30 + (c >> 4));
      store<u8>(at + 5, hexDigit(c & 15));
      return at + 6;
  }
  return at + 2;
}

const kept = new StaticArray<string | null>(1024);

/**
 * The string in UTF-8 bytes. Short ones are kept, each in the one place that its
 * bytes give it: payloads name the same things again and again, and to make a
 * string costs as much as all else of a small fold.
 */
export function textAt(at: usize, length: u32): string {
  if (length == 0) return "";
  if (length > 64) return decode(at, length);
  let hash: u32 = 2166136261;
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ load<u8>(at + i)) * 16777619;
  const place = (hash ^ (hash >> 15)) & 1023;
  const last = unchecked(kept[place]);
  if (last != null && isText(last, at, length)) return last;
  const text = decode(at, length);
  unchecked(kept[place] = text);
  return text;
}

/** Whether a string of ASCII alone is that in UTF-8 bytes. */
export function isText(text: string, at: usize, length: u32): bool {
  if (<u32>text.length != length) return false;
  const from = changetype<usize>(text);
  for (let i: u32 = 0; i < length; i++) {
    const c = load<u8>(at + i);
    if (c >= 0x80 || load<u16>(from + (<usize>i << 1)) != <u16>c) return false;
  }
  return true;
}

function decode(at: usize, length: u32): string {
  const end = at + length;
  let units: u32 = 0;
  for (let p = at; p < end; ) {
    const c = next(p, end);
    p += c >> 24;
    units += (c & 0xffffff) > 0xffff ? 2 : 1;
  }
  const text = changetype<string>(__new(<usize>units << 1, idof<string>()));
  let to = changetype<usize>(text);
  for (let p = at; p < end; ) {
    const step = next(p, end), c = step & 0xffffff;
    p += step >> 24;
    if (c > 0xffff) {
      store<u32>(to, (((c - 0x10000) >> 10) | 0xd800) | (((c & 0x3ff) | 0xdc00) << 16));
      to += 4;
    } else {
      store<u16>(to, c);
      to += 2;
    }
  }
  return text;
}

/** The code point at p, and how many bytes it has in the upper 8 bits. What is not
 * UTF-8 is U+FFFD, byte by byte. */
// @ts-ignore: decorator
@inline
function next(p: usize, end: usize): u32 {
  const c: u32 = load<u8>(p);
  return c < 0x80 ? c | (1 << 24) : longer(c, p, end);
}

function longer(c: u32, p: usize, end: usize): u32 {
  const n: u32 = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (n == 0 || p + n > end) return replacement | (1 << 24);
  let point = c & (0x7f >> n);
  for (let i: u32 = 1; i < n; i++) {
    const more: u32 = load<u8>(p + i);
    if ((more & 0xc0) != 0x80) return replacement | (1 << 24);
    point = (point << 6) | (more & 63);
  }
  const least: u32 = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
  if (point < least || point > 0x10ffff || (point & ~0x7ff) == 0xd800) return replacement | (1 << 24);
  return point | (n << 24);
}

/** Orders texts by their bytes in UTF-8, as Go and Rust order strings: below 0, 0
 * or above 0. Give it to an array's sort. */
export function compareText(a: string, b: string): i32 {
  const n = min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x: i32 = a.charCodeAt(i), y: i32 = b.charCodeAt(i);
    if (x != y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A unit's place in the order of code points: pairs of surrogates come last. */
function rank(unit: i32): i32 {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
