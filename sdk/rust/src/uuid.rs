use core::fmt;

use alloc::vec::Vec;

use crate::json::{Error, FromJson, Reader, ToJson};

/// A UUID: its 16 bytes, in the order of its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// Reads the 36-character form, in digits of either case.
    pub fn parse(text: &str) -> Option<Uuid> {
        let text = text.as_bytes();
        if text.len() != 36 {
            return None;
        }
        let (mut id, mut at) = ([0; 16], 0);
        for byte in &mut id {
            if matches!(at, 8 | 13 | 18 | 23) {
                if text[at] != b'-' {
                    return None;
                }
                at += 1;
            }
            *byte = (digit(text[at])? << 4) | digit(text[at + 1])?;
            at += 2;
        }
        Some(Uuid(id))
    }

    /// The 36-character form, in lower case.
    #[inline]
    pub fn text(&self) -> [u8; 36] {
        let (mut text, mut at) = ([b'-'; 36], 0);
        for byte in self.0 {
            at += matches!(at, 8 | 13 | 18 | 23) as usize;
            text[at] = DIGITS[(byte >> 4) as usize];
            text[at + 1] = DIGITS[(byte & 15) as usize];
            at += 2;
        }
        text
    }
}

pub(crate) const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn digit(c: u8) -> Option<u8> {
    (c as char).to_digit(16).map(|d| d as u8)
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl ToJson for Uuid {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(b'"');
        to.extend_from_slice(&self.text());
        to.push(b'"');
    }
}

impl FromJson for Uuid {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let text = from.string()?;
        Uuid::parse(&text).ok_or_else(|| from.error("a UUID is wanted"))
    }
}
