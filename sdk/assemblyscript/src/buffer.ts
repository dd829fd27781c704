const most: u32 = 128 << 20;

/** A growing run of bytes, outside of the collector's sight. */
// @ts-ignore: decorator
@final
export class Buffer {
  at: usize = 0;
  length: u32 = 0;
  capacity: u32 = 0;

  /** Makes room for n more bytes and returns where they begin. */
  // @ts-ignore: decorator
  @inline
  room(n: u32): usize {
    if (n > this.capacity - this.length) this.grow(n);
    return this.at + this.length;
  }

  /** Appends n bytes and returns where they are. */
  // @ts-ignore: decorator
  @inline
  extend(n: u32): usize {
    const at = this.room(n);
    this.length += n;
    return at;
  }

  // @ts-ignore: decorator
  @inline
  push(byte: u32): void {
    store<u8>(this.extend(1), byte);
  }

  copy(from: usize, n: u32): void {
    memory.copy(this.extend(n), from, n);
  }

  /** Appends zeros up to a multiple of 8. */
  pad(): void {
    const n = -this.length & 7;
    store<u64>(this.room(8), 0);
    this.length += n;
  }

  private grow(n: u32): void {
    if (n > most || this.length > most) throw new Error("refold: a buffer grows over 128 MiB");
    const capacity = 2 * this.capacity + n + 256;
    this.at = this.at ? heap.realloc(this.at, capacity) : heap.alloc(capacity);
    this.capacity = capacity;
  }
}
