import { Buffer } from "./buffer";
import { hexDigit, textAt } from "./text";

/** A UUID: its 16 bytes, in the order of its text, as two numbers. */
// @ts-ignore: decorator
@final
export class Uuid {
  constructor(readonly high: u64, readonly low: u64) {}

  static at(at: usize): Uuid {
    return new Uuid(bswap(load<u64>(at)), bswap(load<u64>(at + 8)));
  }

  // @ts-ignore: decorator
  @operator("==")
  equals(other: Uuid): bool {
    return this.high == other.high && this.low == other.low;
  }

  // @ts-ignore: decorator
  @operator("!=")
  differs(other: Uuid): bool {
    return !this.equals(other);
  }

  /** The 36-character form, in lower case. */
  toString(): string {
    const text = new Buffer();
    putUuid(text, this);
    const made = textAt(text.at, text.length);
    heap.free(text.at);
    return made;
  }
}

/** Appends the 36-character form. */
export function putUuid(to: Buffer, id: Uuid): void {
  for (let i = 0; i < 32; i++) {
    if (i == 8 || i == 12 || i == 16 || i == 20) to.push(0x2d);
    const half = i < 16 ? id.high : id.low;
    to.push(hexDigit(<u32>((half >> (60 - 4 * (i & 15))) & 15)));
  }
}
