use core::fmt;

use alloc::vec::Vec;

use crate::json::{Error, FromJson, Reader, ToJson};

/// A time: Unix nanoseconds. Its text is RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

const SECOND: i64 = 1_000_000_000;

impl Time {
    /// The time that is so many nanoseconds after 1970 began.
    #[inline]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Time(nanos)
    }

    /// Nanoseconds since 1970 began.
    #[inline]
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// Year, month and day, in UTC.
    pub fn date(self) -> (i32, u32, u32) {
        // Days are counted from 1 March of a year 0, in eras of 400 years.
        let days = self.0.div_euclid(86_400 * SECOND) + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let date = (day - (153 * month + 2) / 5 + 1) as u32;
        let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        ((year + era * 400 + later) as i32, month as u32, date)
    }

    /// Reads RFC 3339; what does not fit 64 bits of nanoseconds is none.
    pub fn parse(text: &str) -> Option<Time> {
        let t = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            t.get(from..to)?.iter().try_fold(0, |n, c| c.is_ascii_digit().then(|| n * 10 + (c - b'0') as i64))
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let marks = t[4] == b'-' && t[7] == b'-' && t[10] == b'T' && t[13] == b':' && t[16] == b':';
        if !marks || hour > 23 || minute > 59 || second > 59 || day < 1 || day > days_of(year, month)? {
            return None;
        }
        let (nanos, at) = fraction(t)?;
        let days = days_before(year, month) + day - 1;
        let seconds = (days * 86_400 + hour * 3600 + minute * 60 + second).checked_sub(offset(&t[at..])?)?;
        let nanos = seconds as i128 * SECOND as i128 + nanos as i128;
        if nanos < i64::MIN as i128 || nanos > i64::MAX as i128 {
            return None;
        }
        Some(Time(nanos as i64))
    }
}

/// The nanoseconds behind the seconds, and where the zone begins.
fn fraction(t: &[u8]) -> Option<(i64, usize)> {
    if t.get(19) != Some(&b'.') {
        return Some((0, 19));
    }
    let (mut nanos, mut unit, mut at) = (0, SECOND, 20);
    while let Some(c) = t.get(at).filter(|c| c.is_ascii_digit()) {
        unit /= 10;
        nanos += (c - b'0') as i64 * unit;
        at += 1;
    }
    (at > 20).then_some((nanos, at))
}

/// The seconds of a zone: `Z`, `+hh:mm` or `-hh:mm`.
fn offset(zone: &[u8]) -> Option<i64> {
    let digit = |c: u8| c.is_ascii_digit().then(|| (c - b'0') as i64);
    match *zone {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), a, b, b':', c, d] => {
            let (hours, minutes) = (digit(a)? * 10 + digit(b)?, digit(c)? * 10 + digit(d)?);
            let seconds = hours * 3600 + minutes * 60;
            (hours < 24 && minutes < 60).then(|| if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_of(year: i64, month: i64) -> Option<i64> {
    match month {
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(28 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) as i64),
        1..=12 => Some(31),
        _ => None,
    }
}

/// The days from 1970 to the month's first.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 - 719_468
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        put(*self, &mut text);
        f.write_str(core::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Appends RFC 3339 in UTC, with a fraction of a second where there is one.
fn put(time: Time, to: &mut Vec<u8>) {
    let (year, month, day) = time.date();
    let second = time.0.div_euclid(SECOND).rem_euclid(86_400) as u32;
    digits(to, year as u32, 4);
    for (mark, value) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        to.push(mark);
        digits(to, value, 2);
    }
    let nanos = time.0.rem_euclid(SECOND) as u32;
    if nanos != 0 {
        to.push(b'.');
        digits(to, nanos, 9);
        while to.last() == Some(&b'0') {
            to.pop();
        }
    }
    to.push(b'Z');
}

fn digits(to: &mut Vec<u8>, mut value: u32, width: usize) {
    let start = to.len();
    to.resize(start + width, b'0');
    for place in to[start..].iter_mut().rev() {
        *place += (value % 10) as u8;
        value /= 10;
    }
}

impl ToJson for Time {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(b'"');
        put(*self, to);
        to.push(b'"');
    }
}

impl FromJson for Time {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let text = from.string()?;
        Time::parse(&text).ok_or_else(|| from.error("a time in RFC 3339 is wanted"))
    }
}

#[cfg(test)]
mod tests {
    use super::Time;
    use std::string::ToString;

    #[test]
    fn texts() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
            (951_782_400_500_000_000, "2000-02-29T00:00:00.5Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(Time(nanos).to_string(), text);
            assert_eq!(Time::parse(text), Some(Time(nanos)), "{}", text);
        }
        assert_eq!(Time::parse("2023-11-14T23:13:20.5+01:00"), Some(Time(1_700_000_000_500_000_000)));
        for text in [
            "",
            "2023-11-14",
            "2023-02-29T00:00:00Z",
            "2300-01-01T00:00:00Z",
            "2023-11-14T24:00:00Z",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13:20.Z",
            "2023-13-14T22:13:20Z",
            "2023-11-14 22:13:20Z",
        ] {
            assert_eq!(Time::parse(text), None, "{}", text);
        }
    }
}
