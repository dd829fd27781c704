import { Buffer } from "./buffer";

const second: i64 = 1_000_000_000;

/** Appends Unix nanoseconds in RFC 3339, in UTC, with a fraction of a second where
 * there is one. */
export function putTime(to: Buffer, nanos: i64): void {
  let seconds = nanos / second, fraction = nanos % second;
  if (fraction < 0) {
    fraction += second;
    seconds--;
  }
  let days = seconds / 86_400, rest = seconds % 86_400;
  if (rest < 0) {
    rest += 86_400;
    days--;
  }
  putDate(to, days);
  to.push(0x54); // T
  putDigits(to, rest / 3600, 2);
  to.push(0x3a);
  putDigits(to, (rest / 60) % 60, 2);
  to.push(0x3a);
  putDigits(to, rest % 60, 2);
  if (fraction != 0) {
    to.push(0x2e);
    putDigits(to, fraction, 9);
    while (load<u8>(to.at + to.length - 1) == 0x30) to.length--;
  }
  to.push(0x5a); // Z
}

/** Appends year, month and day. Days are counted from 1 March of a year 0, in eras
 * of 400 years; no time that fits nanoseconds lies before that. */
function putDate(to: Buffer, sinceEpoch: i64): void {
  const days = sinceEpoch + 719_468;
  const era = days / 146_097, ofEra = days % 146_097;
  const year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365;
  const ofYear = ofEra - (365 * year + year / 4 - year / 100);
  const month = (5 * ofYear + 2) / 153;
  putDigits(to, year + era * 400 + (month >= 10 ? 1 : 0), 4);
  to.push(0x2d);
  putDigits(to, month < 10 ? month + 3 : month - 9, 2);
  to.push(0x2d);
  putDigits(to, ofYear - (153 * month + 2) / 5 + 1, 2);
}

function putDigits(to: Buffer, value: i64, width: u32): void {
  const at = to.extend(width);
  for (let i = width; i > 0; i--, value /= 10) store<u8>(at + i - 1, <u8>(0x30 + (value % 10)));
}
