import { Event } from "./event";
import { Json } from "./json";
import { reject } from "./reject";
import { textAt } from "./text";
import { Uuid } from "./uuid";

/** The kinds of slots. */
export enum SlotKind {
  Null,
  Bool,
  Int,
  Float,
  String,
  Bytes,
  Uuid,
  Time,
  Json,
}

/** The fields that the guest has declared, in the order of their slots. */
export const declared: Field[] = [];

/** A payload field that the host decodes. Declare fields as constants of a module,
 * before the projection. */
export abstract class Field {
  private index: u32;

  /** The path is the field's name; a dot descends into an object. */
  protected constructor(readonly path: string, readonly type: string) {
    this.index = declared.length;
    for (let i = 0; i < declared.length; i++) if (declared[i].path == path) this.index = i;
    if (this.index == <u32>declared.length) declared.push(this);
    else if (declared[this.index].type != type) {
      throw new Error("refold: the field " + path + " is declared as " + declared[this.index].type + " and as " + type);
    }
  }

  /** The field as the host decoded it, whatever its kind. */
  slot(e: Event): Slot {
    return new Slot(e.slotAt(this.index), e.at);
  }

  /** The kind of what the host decoded. */
  // @ts-ignore: decorator
  @inline
  kind(e: Event): SlotKind {
    const at = e.slotAt(this.index);
    return at ? load<u32>(at) : SlotKind.Null;
  }

  /** The 8 bytes of the value. */
  // @ts-ignore: decorator
  @inline
  protected bits(e: Event): u64 {
    return load<u64>(e.slotAt(this.index), 8);
  }

  protected text(e: Event): string {
    return new Slot(e.slotAt(this.index), e.at).text;
  }

  /** Rejects the event, and says what is there instead. */
  protected lack(e: Event): void {
    reject("the field " + this.path + " is " + kindName(this.kind(e)) + ", not " + this.type);
  }
}

function kindName(kind: SlotKind): string {
  switch (kind) {
    case SlotKind.Null: return "missing";
    case SlotKind.Bool: return "bool";
    case SlotKind.Int: return "i64";
    case SlotKind.Float: return "f64";
    case SlotKind.String: return "string";
    case SlotKind.Bytes: return "bytes";
    case SlotKind.Uuid: return "uuid";
    case SlotKind.Time: return "time";
  }
  return "an object or array";
}

/** A field of JSON strings. */
// @ts-ignore: decorator
@final
export class StringField extends Field {
  constructor(path: string) {
    super(path, "string");
  }

  /** Whether the field is there and a string. */
  has(e: Event): bool {
    return this.kind(e) == SlotKind.String;
  }

  /** The string, or the other value where the field is absent, null or of another
   * kind. */
  of(e: Event, otherwise: string = ""): string {
    return this.has(e) ? this.text(e) : otherwise;
  }

  /** The string; where it is none, the event is rejected. */
  need(e: Event): string {
    if (!this.has(e)) this.lack(e);
    return this.of(e);
  }
}

/** A field of integers. A number that is none, or does not fit 64 bits, is of
 * another kind. */
// @ts-ignore: decorator
@final
export class IntField extends Field {
  constructor(path: string) {
    super(path, "i64");
  }

  /** Whether the field is there and an integer. */
  has(e: Event): bool {
    return this.kind(e) == SlotKind.Int;
  }

  /** The integer, or the other value where the field is absent, null or of another
   * kind. */
  of(e: Event, otherwise: i64 = 0): i64 {
    return this.has(e) ? <i64>this.bits(e) : otherwise;
  }

  /** The integer; where it is none, the event is rejected. */
  need(e: Event): i64 {
    if (!this.has(e)) this.lack(e);
    return this.of(e);
  }
}

/** A field of numbers. */
// @ts-ignore: decorator
@final
export class FloatField extends Field {
  constructor(path: string) {
    super(path, "f64");
  }

  /** Whether the field is there and a number. */
  has(e: Event): bool {
    const kind = this.kind(e);
    return kind == SlotKind.Float || kind == SlotKind.Int;
  }

  /** The number, or the other value where the field is absent, null or of another
   * kind. */
  of(e: Event, otherwise: f64 = 0): f64 {
    return this.has(e) ? this.slot(e).float : otherwise;
  }

  /** The number; where it is none, the event is rejected. */
  need(e: Event): f64 {
    if (!this.has(e)) this.lack(e);
    return this.of(e);
  }
}

/** A field of true and false. */
// @ts-ignore: decorator
@final
export class BoolField extends Field {
  constructor(path: string) {
    super(path, "bool");
  }

  /** Whether the field is there and a boolean. */
  has(e: Event): bool {
    return this.kind(e) == SlotKind.Bool;
  }

  /** The boolean, or the other value where the field is absent, null or of another
   * kind. */
  of(e: Event, otherwise: bool = false): bool {
    return this.has(e) ? this.bits(e) != 0 : otherwise;
  }

  /** The boolean; where it is none, the event is rejected. */
  need(e: Event): bool {
    if (!this.has(e)) this.lack(e);
    return this.of(e);
  }
}

/** A field of bytes in base64. */
// @ts-ignore: decorator
@final
export class BytesField extends Field {
  constructor(path: string) {
    super(path, "bytes");
  }

  /** Whether the field is there and base64. */
  has(e: Event): bool {
    return this.kind(e) == SlotKind.Bytes;
  }

  /** A copy of the bytes; none where the field is absent, null or of another kind. */
  of(e: Event): Uint8Array {
    return this.has(e) ? this.slot(e).bytes : new Uint8Array(0);
  }

  /** A copy of the bytes; where there are none, the event is rejected. */
  need(e: Event): Uint8Array {
    if (!this.has(e)) this.lack(e);
    return this.of(e);
  }
}

/** A field of UUIDs in their 36-character form. */
// @ts-ignore: decorator
@final
export class UuidField extends Field {
  constructor(path: string) {
    super(path, "uuid");
  }

  /** Whether the field is there and a UUID. */
  has(e: Event): bool {
    return this.kind(e) == SlotKind.Uuid;
  }

  /** The UUID, or null where the field is absent, null or of another kind. */
  of(e: Event): Uuid | null {
    return this.has(e) ? this.slot(e).uuid : null;
  }

  /** The UUID; where it is none, the event is rejected. */
  need(e: Event): Uuid {
    if (!this.has(e)) this.lack(e);
    return this.slot(e).uuid;
  }
}

/** A field of RFC 3339 times. */
// @ts-ignore: decorator
@final
export class TimeField extends Field {
  constructor(path: string) {
    super(path, "time");
  }

  /** Whether the field is there and a time. */
  has(e: Event): bool {
    return this.kind(e) == SlotKind.Time;
  }

  /** The time in Unix nanoseconds, or the other value where the field is absent,
   * null or of another kind. */
  of(e: Event, otherwise: i64 = 0): i64 {
    return this.has(e) ? <i64>this.bits(e) : otherwise;
  }

  /** The time in Unix nanoseconds; where it is none, the event is rejected. */
  need(e: Event): i64 {
    if (!this.has(e)) this.lack(e);
    return this.of(e);
  }
}

/** A payload field as the host decoded it. What is asked for as another kind than
 * it has is empty or 0. */
// @ts-ignore: decorator
@final
export class Slot {
  constructor(private at: usize, private record: usize) {}

  /** The slot's kind. */
  get kind(): SlotKind {
    return this.at ? load<u32>(this.at) : SlotKind.Null;
  }

  /** True or false. */
  get bool(): bool {
    return this.kind == SlotKind.Bool && this.bits != 0;
  }

  /** An integer, or a time in Unix nanoseconds. */
  get int(): i64 {
    return this.kind == SlotKind.Int || this.kind == SlotKind.Time ? <i64>this.bits : 0;
  }

  /** A number. */
  get float(): f64 {
    if (this.kind == SlotKind.Int) return <f64>(<i64>this.bits);
    return this.kind == SlotKind.Float ? reinterpret<f64>(this.bits) : 0;
  }

  /** A string, or JSON text. */
  get text(): string {
    return this.kind == SlotKind.String || this.kind == SlotKind.Json ? textAt(this.start, this.length) : "";
  }

  /** A copy of bytes. */
  get bytes(): Uint8Array {
    const n = this.kind == SlotKind.Bytes ? this.length : 0;
    const copy = new Uint8Array(n);
    memory.copy(copy.dataStart, this.start, n);
    return copy;
  }

  /** A UUID, or zeros. */
  get uuid(): Uuid {
    return this.kind == SlotKind.Uuid ? Uuid.at(this.start) : new Uuid(0, 0);
  }

  /** An object or array; null otherwise. */
  get json(): Json | null {
    return this.kind == SlotKind.Json ? Json.trusted(this.start, this.length) : null;
  }

  private get bits(): u64 {
    return load<u64>(this.at, 8);
  }

  private get length(): u32 {
    return load<u32>(this.at, 4);
  }

  private get start(): usize {
    return this.at ? this.record + <usize>this.bits : 0;
  }
}
