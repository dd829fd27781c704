//! Numbers as text.

use alloc::vec::Vec;
use core::fmt::Write;

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

#[inline]
pub(super) fn signed(to: &mut Vec<u8>, value: i64) {
    if value < 0 {
        to.push(b'-');
    }
    unsigned(to, value.unsigned_abs());
}

#[inline]
pub(super) fn unsigned(to: &mut Vec<u8>, mut value: u64) {
    let (mut digits, mut at) = ([0; 20], 20);
    while value >= 10 {
        let pair = 2 * (value % 100) as usize;
        value /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if value > 0 || at == 20 {
        at -= 1;
        digits[at] = b'0' + value as u8;
    }
    if digits[at] == b'0' && at < 19 {
        at += 1; // a pair that began with 0
    }
    to.extend_from_slice(&digits[at..]);
}

/// Appends the fewest digits that say which f64 it is, as JSON.stringify lays
/// them out: with an exponent below 1e-6 and from 1e21 on.
pub(super) fn float(to: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        to.extend_from_slice(b"null");
        return;
    }
    let size = if value < 0.0 { -value } else { value };
    let start = to.len();
    let mut text = Text(to);
    // Writing to memory does not fail.
    let _ = match size == 0.0 || (1e-6..1e21).contains(&size) {
        true => write!(text, "{}", value),
        false => write!(text, "{:e}", value),
    };
    if let Some(e) = to[start..].iter().position(|&c| c == b'e') {
        if to[start + e + 1] != b'-' {
            to.insert(start + e + 1, b'+');
        }
    }
}

struct Text<'a>(&'a mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn integers() {
        let mut numbers = std::vec![0, 1, 9, 10, 11, 99, 100, 101, 109, 110, 999, 1000, 1001, 10_000, u64::MAX];
        numbers.extend((0..64).map(|n| 1 << n));
        for n in numbers {
            let (mut text, mut negative) = (Vec::new(), Vec::new());
            unsigned(&mut text, n);
            assert_eq!(String::from_utf8(text).unwrap(), n.to_string());
            signed(&mut negative, n as i64);
            assert_eq!(String::from_utf8(negative).unwrap(), (n as i64).to_string());
        }
    }

    #[test]
    fn floats() {
        for (value, want) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (123456789.0, "123456789"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::from_bits(1), "5e-324"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ] {
            let mut text = Vec::new();
            float(&mut text, value);
            assert_eq!(String::from_utf8(text).unwrap(), want);
        }
    }
}
