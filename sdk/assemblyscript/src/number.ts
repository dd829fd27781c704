/** Numbers as text, and back. */
import { Buffer } from "./buffer";
import { BigNumber } from "./bignumber";

export function putUint(to: Buffer, value: u64): void {
  let digits: u32 = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  const at = to.extend(digits);
  for (let i = digits; i > 0; i--, value /= 10) store<u8>(at + i - 1, <u8>(0x30 + (value % 10)));
}

export function putInt(to: Buffer, value: i64): void {
  if (value < 0) to.push(0x2d);
  putUint(to, value < 0 ? -(<u64>value) : <u64>value);
}

const digits = memory.data(32); // the significant ones of the float that is written

/**
 * Appends the fewest digits that say which f64 it is, as JSON.stringify lays them
 * out: with an exponent below 1e-6 and from 1e21 on. What JSON has no number for
 * is null.
 */
export function putFloat(to: Buffer, value: f64): void {
  if (!isFinite(value)) {
    store<u32>(to.extend(4), 0x6c6c756e); // null
    return;
  }
  if (reinterpret<i64>(value) < 0) to.push(0x2d);
  const size = Math.abs(value);
  if (size < 9007199254740992 && Math.floor(size) == size) {
    putUint(to, <u64>size);
    return;
  }
  const point = shortest(size), n = counted;
  if (point > 21 || point < -5) {
    putExponent(to, n, point - 1);
  } else if (point <= 0) {
    store<u16>(to.extend(2), 0x2e30); // 0.
    putZeros(to, -point);
    to.copy(digits, n);
  } else if (<u32>point >= n) {
    to.copy(digits, n);
    putZeros(to, point - n);
  } else {
    to.copy(digits, point);
    to.push(0x2e);
    to.copy(digits + point, n - point);
  }
}

function putExponent(to: Buffer, n: u32, exponent: i32): void {
  to.copy(digits, 1);
  if (n > 1) to.push(0x2e);
  to.copy(digits + 1, n - 1);
  to.push(0x65);
  to.push(exponent < 0 ? 0x2d : 0x2b);
  putUint(to, abs(exponent));
}

function putZeros(to: Buffer, n: u32): void {
  memory.fill(to.extend(n), 0x30, n);
}

let counted: u32 = 0; // digits that shortest has written

/**
 * Writes the fewest digits between which and the value no other f64 lies, the
 * closest of them, and returns where the decimal point is. It is exact: the value
 * is the fraction of two big numbers, and so are the halves of the distances to
 * the next f64s.
 */
function shortest(value: f64): i32 {
  const bits = reinterpret<u64>(value), field = <i32>(bits >> 52);
  const mantissa = (bits & 0xfffffffffffff) | (field ? 1 << 52 : 0);
  const exponent = max(field, 1) - 1075;
  const even = (mantissa & 1) == 0;
  const wide = mantissa == 1 << 52 && field > 1; // the next one below is half as far
  const above = new BigNumber(2 * mantissa), below = new BigNumber(2); // value = above / below
  const up = new BigNumber(1), down = new BigNumber(1);
  above.shift(max(exponent, 0) + (wide ? 1 : 0));
  below.shift(max(-exponent, 0) + (wide ? 1 : 0));
  up.shift(max(exponent, 0) + (wide ? 1 : 0));
  down.shift(max(exponent, 0));
  let point = <i32>Math.ceil((<f64>(exponent + 64 - <i32>clz(mantissa)) - 1) * 0.30102999566398114 - 1e-10);
  if (point >= 0) {
    below.timesPowerOfTen(point);
  } else {
    above.timesPowerOfTen(-point);
    up.timesPowerOfTen(-point);
    down.timesPowerOfTen(-point);
  }
  const reach = above.plus(up).compare(below);
  if (reach > 0 || (reach == 0 && even)) {
    point++;
  } else {
    above.times(10);
    up.times(10);
    down.times(10);
  }
  generate(above, below, up, down, even);
  return point;
}

function generate(above: BigNumber, below: BigNumber, up: BigNumber, down: BigNumber, even: bool): void {
  counted = 0;
  while (true) {
    let digit: u32 = 0;
    while (above.compare(below) >= 0) {
      above.minus(below);
      digit++;
    }
    const low = above.compare(down), high = above.plus(up).compare(below);
    const mayEnd = low < 0 || (low == 0 && even), mayRound = high > 0 || (high == 0 && even);
    if (mayEnd || mayRound) {
      const half = above.plus(above).compare(below);
      if (mayRound && (!mayEnd || half > 0 || (half == 0 && (digit & 1) == 1))) digit++;
      store<u8>(digits + counted++, 0x30 + digit);
      return;
    }
    store<u8>(digits + counted++, 0x30 + digit);
    above.times(10);
    up.times(10);
    down.times(10);
  }
}

/** Set by the functions that read numbers. */
export let readWhole: bool = false;

/** Reads a JSON number that is an unsigned integer; readWhole says whether it is. */
export function readUint(at: usize, end: usize): u64 {
  let value: u64 = 0;
  readWhole = at < end;
  for (; at < end; at++) {
    const digit: u32 = <u32>load<u8>(at) - 0x30;
    if (digit > 9 || value > u64.MAX_VALUE / 10 || 10 * value > u64.MAX_VALUE - digit) {
      readWhole = false;
      return 0;
    }
    value = 10 * value + digit;
  }
  return value;
}

/** Reads a JSON number that is an integer; readWhole says whether it is. */
export function readInt(at: usize, end: usize): i64 {
  const negative = at < end && load<u8>(at) == 0x2d;
  const size = readUint(at + (negative ? 1 : 0), end);
  if (size > <u64>i64.MAX_VALUE + (negative ? 1 : 0)) readWhole = false;
  return negative ? -(<i64>size) : <i64>size;
}

const tens = memory.data<f64>([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
  1e19, 1e20, 1e21, 1e22]);
const mostDigits: u32 = 800; // more than any f64 and the middle between two have

/** Reads a JSON number: the f64 that is nearest to it. */
export function readFloat(at: usize, end: usize): f64 {
  const negative = load<u8>(at) == 0x2d;
  if (negative) at++;
  let small: u64 = 0, exponent: i32 = 0, seen: u32 = 0, behindPoint: bool = false;
  const start = at;
  for (; at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c == 0x2e) {
      behindPoint = true;
    } else if (c - 0x30 > 9) {
      break;
    } else {
      if (seen > 0 || c != 0x30) seen++;
      if (seen <= 18) small = 10 * small + (c - 0x30);
      if (seen <= mostDigits ? behindPoint : !behindPoint) exponent += behindPoint ? -1 : 1;
    }
  }
  const digitsEnd = at;
  if (at < end) exponent += readExponent(at + 1, end);
  let value: f64;
  if (seen <= 18 && small < 1 << 53 && exponent >= -22 && exponent <= 22) {
    const power = load<f64>(tens + (<usize>abs(exponent) << 3));
    value = exponent < 0 ? <f64>small / power : <f64>small * power;
  } else {
    value = seen == 0 ? 0 : nearest(bigDigits(start, digitsEnd), exponent, <i32>min(seen, mostDigits));
  }
  return negative ? -value : value;
}

function readExponent(at: usize, end: usize): i32 {
  const sign = load<u8>(at);
  if (sign == 0x2b || sign == 0x2d) at++;
  let value: i32 = 0;
  for (; at < end; at++) if (value < 100_000) value = 10 * value + load<u8>(at) - 0x30;
  return sign == 0x2d ? -value : value;
}

/** The significant digits of a number as one. What is cut off of very many leaves
 * a last 1, so that no middle between two f64s seems to be met. */
function bigDigits(at: usize, end: usize): BigNumber {
  const value = new BigNumber(0);
  let seen: u32 = 0, cut = false;
  for (; at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c == 0x2e || (seen == 0 && c == 0x30)) continue;
    if (++seen <= mostDigits) value.timesPlus(10, c - 0x30);
    else if (c != 0x30) cut = true;
  }
  if (cut) value.words[0] |= 1;
  return value;
}

/** The f64 that is nearest to digits × 10^exponent; of two that are, the even one. */
function nearest(above: BigNumber, exponent: i32, count: i32): f64 {
  if (exponent + count < -330) return 0;
  if (exponent + count > 310) return Infinity;
  const below = new BigNumber(1);
  if (exponent >= 0) above.timesPowerOfTen(exponent);
  else below.timesPowerOfTen(-exponent);
  let shift = max(<i32>above.bits() - <i32>below.bits() - 53, -1074); // of the last bit that an f64 keeps
  while (true) {
    const numerator = above.clone(), denominator = below.clone();
    if (shift >= 0) denominator.shift(shift);
    else numerator.shift(-shift);
    let quotient = numerator.divide(denominator); // numerator is what is left
    if (quotient >= 1 << 53) {
      shift++;
      continue;
    }
    const half = numerator.plus(numerator).compare(denominator);
    if (half > 0 || (half == 0 && (quotient & 1) == 1)) quotient++;
    return scaled(quotient, shift);
  }
}

/** quotient × 2^shift, which is exact or beyond all f64s. */
function scaled(quotient: u64, shift: i32): f64 {
  if (quotient == 1 << 53) {
    quotient >>= 1;
    shift++;
  }
  if (quotient < 1 << 52) return reinterpret<f64>(quotient); // subnormal: shift is -1074
  if (shift > 971) return Infinity;
  return reinterpret<f64>((quotient & 0xfffffffffffff) | (<u64>(shift + 1075) << 52));
}
