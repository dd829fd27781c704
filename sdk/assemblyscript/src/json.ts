import { Buffer } from "./buffer";
import { readFloat, readInt, readUint, readWhole } from "./number";
import { reject } from "./reject";
import { isText, putText, textAt } from "./text";

/** The kinds of JSON values. */
export enum JsonKind {
  Null,
  Bool,
  Number,
  String,
  Array,
  Object,
}

/**
 * A JSON value that lies in a text. It is looked at in place: nothing is parsed
 * before somebody asks. A value that is asked for as another kind than it has
 * rejects the event, and so does a state of one.
 */
// @ts-ignore: decorator
@final
export class Json {
  private constructor(readonly at: usize, readonly end: usize, readonly path: string, readonly owner: ArrayBuffer | null) {}

  /** The value in memory that is JSON. */
  static trusted(at: usize, length: u32): Json {
    cursor = at;
    limit = at + length;
    return new Json(space(), limit, "", null);
  }

  /** The value in memory, or null if that is no JSON. */
  static check(at: usize, length: u32): Json | null {
    const value = Json.trusted(at, length);
    if (!skip(0)) return null;
    const end = cursor;
    return space() == limit ? new Json(value.at, end, "", null) : null;
  }

  /** The value of a text, or null if that is no JSON. */
  static parse(text: string): Json | null {
    const bytes = String.UTF8.encode(text);
    const value = Json.check(changetype<usize>(bytes), bytes.byteLength);
    return value ? new Json(value.at, value.end, "", bytes) : null;
  }

  /** The value's kind. */
  get kind(): JsonKind {
    if (this.at == this.end) return JsonKind.Null;
    switch (load<u8>(this.at)) {
      case 0x22: return JsonKind.String;
      case 0x7b: return JsonKind.Object;
      case 0x5b: return JsonKind.Array;
      case 0x74:
      case 0x66: return JsonKind.Bool;
      case 0x6e: return JsonKind.Null;
    }
    return JsonKind.Number;
  }

  /** The value's own text. */
  get raw(): string {
    return textAt(this.at, <u32>(this.end - this.at));
  }

  /** The member of an object at a path, or null; a dot descends into an object. */
  get(path: string): Json | null {
    let value: Json | null = this;
    const names = path.split(".");
    for (let i = 0; i < names.length && value != null; i++) value = value.member(names[i]);
    return value;
  }

  /** The string. */
  text(): string {
    if (this.kind != JsonKind.String) return this.isNo<string>("a string", "");
    return stringAt(this.at, this.end);
  }

  /** The integer. */
  int(): i64 {
    const value = readInt(this.at, this.end);
    return readWhole ? value : this.isNo<i64>("an integer of i64", 0);
  }

  /** The integer that is not negative. */
  uint(): u64 {
    const value = readUint(this.at, this.end);
    return readWhole ? value : this.isNo<u64>("an integer of u64", 0);
  }

  /** The number. */
  float(): f64 {
    if (this.kind != JsonKind.Number) return this.isNo<f64>("a number", 0);
    return readFloat(this.at, this.end);
  }

  /** The boolean. */
  bool(): bool {
    if (this.kind != JsonKind.Bool) return this.isNo<bool>("a boolean", false);
    return load<u8>(this.at) == 0x74;
  }

  /** The string that a member is; the other value where it is absent or null. */
  textOf(name: string, otherwise: string = ""): string {
    const value = this.present(name);
    return value ? value.text() : otherwise;
  }

  /** The integer that a member is; the other value where it is absent or null. */
  intOf(name: string, otherwise: i64 = 0): i64 {
    const value = this.present(name);
    return value ? value.int() : otherwise;
  }

  /** The integer that a member is; the other value where it is absent or null. */
  uintOf(name: string, otherwise: u64 = 0): u64 {
    const value = this.present(name);
    return value ? value.uint() : otherwise;
  }

  /** The number that a member is; the other value where it is absent or null. */
  floatOf(name: string, otherwise: f64 = 0): f64 {
    const value = this.present(name);
    return value ? value.float() : otherwise;
  }

  /** The boolean that a member is; the other value where it is absent or null. */
  boolOf(name: string, otherwise: bool = false): bool {
    const value = this.present(name);
    return value ? value.bool() : otherwise;
  }

  /** The values of an array, in order. */
  items(): Json[] {
    const list: Json[] = [];
    if (this.kind != JsonKind.Array) return this.isNo<Json[]>("an array", list);
    this.enter();
    while (more(0x5d)) {
      const start = space();
      if (!skip(0)) break;
      list.push(this.part(start, list.length.toString()));
    }
    return list;
  }

  /** The names of an object, in order. */
  names(): string[] {
    const list: string[] = [];
    if (this.kind != JsonKind.Object) return this.isNo<string[]>("an object", list);
    this.enter();
    while (more(0x7d)) {
      const start = space();
      if (!skipString()) break;
      list.push(stringAt(start, cursor));
      if (!colon() || !skip(0)) break;
    }
    return list;
  }

  private present(name: string): Json | null {
    const value = this.member(name);
    return value && value.kind == JsonKind.Null ? null : value;
  }

  private member(name: string): Json | null {
    if (this.kind != JsonKind.Object) return null;
    this.enter();
    while (more(0x7d)) {
      const start = space();
      if (!skipString()) break;
      const found = isText(name, start + 1, <u32>(cursor - start - 2)) || stringAt(start, cursor) == name;
      if (!colon()) break;
      const from = space();
      if (!skip(0)) break;
      if (found) return this.part(from, name);
    }
    return null;
  }

  private enter(): void {
    cursor = this.at;
    limit = this.end;
  }

  private part(start: usize, name: string): Json {
    return new Json(start, cursor, this.path == "" ? name : this.path + "." + name, this.owner);
  }

  private isNo<T>(wanted: string, otherwise: T): T {
    const length = <u32>min<usize>(this.end - this.at, 60);
    reject((this.path == "" ? "" : this.path + ": ") + wanted + " is wanted, not " + textAt(this.at, length));
    return otherwise;
  }
}

// The scanner: where it is, and where its text ends.
let cursor: usize = 0;
let limit: usize = 0;
const deepest = 128;

// @ts-ignore: decorator
@inline
function byte(): u32 {
  return cursor < limit ? load<u8>(cursor) : 0;
}

/** Passes over white space, and returns where it is then. */
function space(): usize {
  while (true) {
    const c = byte();
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return cursor;
    cursor++;
  }
}

/** Goes on to the next element of an array or object, from its bracket or behind
 * an element; false at its end. */
function more(end: u32): bool {
  space();
  const c = byte();
  if (c != 0x5b && c != 0x7b && c != 0x2c) return false;
  cursor++;
  space();
  return byte() != end;
}

function colon(): bool {
  space();
  if (byte() != 0x3a) return false;
  cursor++;
  return true;
}

/** Passes over a value; false if there is none. */
function skip(depth: i32): bool {
  space();
  switch (byte()) {
    case 0x22: return skipString();
    case 0x7b: return depth < deepest && skipElements(0x7d, depth);
    case 0x5b: return depth < deepest && skipElements(0x5d, depth);
    case 0x74: return skipWord("true");
    case 0x66: return skipWord("false");
    case 0x6e: return skipWord("null");
  }
  return skipNumber();
}

function skipElements(end: u32, depth: i32): bool {
  cursor++;
  space();
  if (byte() == end) {
    cursor++;
    return true;
  }
  while (true) {
    space();
    if (end == 0x7d && !(skipString() && colon())) return false;
    if (!skip(depth + 1)) return false;
    space();
    const c = byte();
    cursor++;
    if (c == end) return true;
    if (c != 0x2c) return false;
  }
}

function skipWord(word: string): bool {
  const start = cursor;
  cursor += word.length;
  return cursor <= limit && isText(word, start, word.length);
}

function skipDigits(): u32 {
  const start = cursor;
  while (byte() - 0x30 <= 9) cursor++;
  return <u32>(cursor - start);
}

function skipNumber(): bool {
  if (byte() == 0x2d) cursor++;
  const first = byte(), n = skipDigits();
  if (n == 0 || (first == 0x30 && n > 1)) return false;
  if (byte() == 0x2e) {
    cursor++;
    if (skipDigits() == 0) return false;
  }
  if ((byte() | 0x20) == 0x65) {
    cursor++;
    if (byte() == 0x2b || byte() == 0x2d) cursor++;
    if (skipDigits() == 0) return false;
  }
  return true;
}

function skipString(): bool {
  if (byte() != 0x22) return false;
  cursor++;
  while (true) {
    const c = byte();
    if (c < 0x20) return false; // the text's end is one, too
    cursor++;
    if (c == 0x22) return true;
    if (c == 0x5c && !skipEscape()) return false;
  }
}

function skipEscape(): bool {
  const c = byte();
  cursor++;
  switch (c) {
    case 0x22: case 0x5c: case 0x2f: case 0x62: case 0x66: case 0x6e: case 0x72: case 0x74: return true;
    case 0x75: break;
    default: return false;
  }
  for (let i = 0; i < 4; i++, cursor++) if (hexValue(byte()) > 15) return false;
  return true;
}

function hexValue(c: u32): u32 {
  if (c - 0x30 <= 9) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter <= 5 ? letter + 10 : 16;
}

const unescaped = new Buffer();

/** The string of a JSON string, whose quotes are the first and the last byte. */
function stringAt(at: usize, end: usize): string {
  at++;
  end--;
  let plain = at;
  while (plain < end && load<u8>(plain) != 0x5c) plain++;
  if (plain == end) return textAt(at, <u32>(end - at));
  unescaped.length = 0;
  let pieces = "";
  while (at < end) {
    const c: u32 = load<u8>(at++);
    if (c != 0x5c) {
      unescaped.push(c);
      continue;
    }
    const escape: u32 = load<u8>(at++);
    if (escape != 0x75) {
      unescaped.push(meant(escape));
      continue;
    }
    // A unit of UTF-16, which may be half a pair: pairs meet in the string.
    let unit: u32 = 0;
    for (let i = 0; i < 4; i++) unit = (unit << 4) | hexValue(load<u8>(at++));
    pieces += textAt(unescaped.at, unescaped.length) + String.fromCharCode(unit);
    unescaped.length = 0;
  }
  return pieces + textAt(unescaped.at, unescaped.length);
}

function meant(escape: u32): u32 {
  switch (escape) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
  }
  return escape;
}
