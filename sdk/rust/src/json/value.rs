use alloc::borrow::Cow;
use core::fmt;

use super::{Error, FromJson, Kind, Reader};

/// A JSON value that lies in a text. It is looked at in place: nothing is parsed
/// before somebody asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    text: &'a str,
}

impl<'a> Value<'a> {
    /// Checks that a text is one JSON value.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let mut reader = Reader::new(text);
        let text = reader.skip()?;
        reader.end()?;
        Ok(Value { text })
    }

    /// The value in a text that is JSON: where it is not, methods find nothing.
    #[inline]
    pub(crate) fn trusted(text: &'a str) -> Self {
        Value { text }
    }

    /// The value's own text.
    #[inline]
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The value's kind.
    pub fn kind(self) -> Kind {
        Reader::new(self.text).peek().unwrap_or(Kind::Null)
    }

    /// The member of an object at a path; a dot descends into an object. Each
    /// call looks through the text: to read several members, use
    /// [`read`](Value::read) or [`members`](Value::members).
    pub fn get(self, path: &str) -> Option<Value<'a>> {
        path.split('.').try_fold(self, |value, name| value.members().find(|(n, _)| n == name).map(|(_, v)| v))
    }

    /// The value as a `T`.
    #[inline]
    pub fn read<T: FromJson>(self) -> Result<T, Error> {
        T::read(&mut Reader::new(self.text))
    }

    /// The string, if it is one.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        Reader::new(self.text).string().ok()
    }

    /// The integer, if it is one that fits.
    pub fn as_i64(self) -> Option<i64> {
        self.read().ok()
    }

    /// The integer, if it is one that fits.
    pub fn as_u64(self) -> Option<u64> {
        self.read().ok()
    }

    /// The number, if it is one.
    pub fn as_f64(self) -> Option<f64> {
        self.read().ok()
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        self.read().ok()
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The values of an array, in order; of anything else none.
    pub fn items(self) -> Items<'a> {
        Items(Elements::of(self.text, b'['))
    }

    /// The names and values of an object, in order; of anything else none.
    pub fn members(self) -> Members<'a> {
        Members(Elements::of(self.text, b'{'))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// What is left of an array's or object's inside, from its bracket or a comma on.
struct Elements<'a>(&'a str);

impl<'a> Elements<'a> {
    fn of(text: &'a str, bracket: u8) -> Self {
        let text = text.trim_start();
        Elements(if text.as_bytes().first() == Some(&bracket) { text } else { "" })
    }

    /// A reader of the next element; None at the end.
    fn next(&mut self) -> Option<Reader<'a>> {
        let inside = self.0.get(1..)?.trim_start();
        match self.0.as_bytes()[0] {
            b'[' | b'{' | b',' if !matches!(inside.as_bytes().first(), None | Some(b']' | b'}')) => {
                self.0 = inside;
                Some(Reader::new(inside))
            }
            _ => None,
        }
    }

    /// Goes on behind a value that ends where `value` does.
    fn behind(&mut self, value: &'a str) {
        let end = value.as_ptr() as usize + value.len() - self.0.as_ptr() as usize;
        self.0 = self.0[end..].trim_start();
    }
}

/// The values of an array.
pub struct Items<'a>(Elements<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let text = self.0.next()?.skip().ok()?;
        self.0.behind(text);
        Some(Value { text })
    }
}

/// The names and values of an object.
pub struct Members<'a>(Elements<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.0.next()?;
        let name = reader.string().ok()?;
        let text = reader.behind_colon().ok()?;
        self.0.behind(text);
        Some((name, Value { text }))
    }
}
