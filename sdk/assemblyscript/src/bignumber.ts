/** An integer that is not negative, of any size: its words of 32 bits, the lowest
 * first, without zeros at the end. */
// @ts-ignore: decorator
@final
export class BigNumber {
  words: u32[] = [];

  constructor(value: u64) {
    for (; value != 0; value >>= 32) this.words.push(<u32>value);
  }

  clone(): BigNumber {
    const copy = new BigNumber(0);
    copy.words = this.words.slice();
    return copy;
  }

  /** The number of bits up to the highest that is set. */
  bits(): u32 {
    const n = this.words.length;
    return n == 0 ? 0 : 32 * n - clz(this.words[n - 1]);
  }

  times(factor: u32): void {
    this.timesPlus(factor, 0);
  }

  timesPlus(factor: u32, carry: u64): void {
    const words = this.words;
    for (let i = 0; i < words.length; i++) {
      carry += <u64>words[i] * factor;
      words[i] = <u32>carry;
      carry >>= 32;
    }
    if (carry != 0) words.push(<u32>carry);
  }

  timesPowerOfTen(power: u32): void {
    for (; power >= 9; power -= 9) this.times(1_000_000_000);
    for (; power > 0; power--) this.times(10);
  }

  /** Multiplies by 2^bits. */
  shift(bits: u32): void {
    if (this.words.length == 0) return;
    this.times(1 << (bits & 31));
    const whole = bits >> 5;
    const words = new Array<u32>(whole);
    this.words = words.concat(this.words);
  }

  compare(other: BigNumber): i32 {
    const a = this.words, b = other.words;
    if (a.length != b.length) return a.length < b.length ? -1 : 1;
    for (let i = a.length - 1; i >= 0; i--) if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
  }

  plus(other: BigNumber): BigNumber {
    const sum = new BigNumber(0);
    let carry: u64 = 0;
    for (let i = 0; i < max(this.words.length, other.words.length); i++) {
      if (i < this.words.length) carry += this.words[i];
      if (i < other.words.length) carry += other.words[i];
      sum.words.push(<u32>carry);
      carry >>= 32;
    }
    if (carry != 0) sum.words.push(<u32>carry);
    return sum;
  }

  /** Subtracts what is not larger. */
  minus(other: BigNumber): void {
    let borrow: i64 = 0;
    for (let i = 0; i < this.words.length; i++) {
      borrow += <i64>this.words[i] - (i < other.words.length ? <i64>other.words[i] : 0);
      this.words[i] = <u32>borrow;
      borrow >>= 32;
    }
    while (this.words.length > 0 && this.words[this.words.length - 1] == 0) this.words.pop();
  }

  /** Divides where the quotient fits 64 bits, and keeps the remainder. */
  divide(by: BigNumber): u64 {
    let quotient: u64 = 0;
    for (let bit = <i32>this.bits() - <i32>by.bits(); bit >= 0; bit--) {
      const part = by.clone();
      part.shift(bit);
      if (this.compare(part) < 0) continue;
      this.minus(part);
      quotient |= 1 << <u64>bit;
    }
    return quotient;
  }
}
