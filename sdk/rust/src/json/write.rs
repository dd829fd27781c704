use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{number, Value};
use crate::uuid::DIGITS;

/// A type that is written as JSON.
pub trait ToJson {
    /// Appends the value's JSON text.
    fn write(&self, to: &mut Vec<u8>);
}

/// A type that is written as a JSON object, and whose members can become those of
/// another one.
pub trait Fill {
    /// Adds the members.
    fn fill(&self, object: &mut Object<'_>);
}

/// Writes a JSON object, name by name in the order of the calls.
pub struct Object<'a> {
    to: &'a mut Vec<u8>,
    empty: bool,
}

impl Object<'_> {
    /// Appends an object that `members` fills.
    #[inline]
    pub fn write(to: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
        to.push(b'{');
        let mut object = Object { to, empty: true };
        members(&mut object);
        object.to.push(b'}');
    }

    /// Adds a member.
    #[inline]
    pub fn set(&mut self, name: &str, value: impl ToJson) -> &mut Self {
        self.name(name);
        value.write(self.to);
        self
    }

    /// Adds an object.
    #[inline]
    pub fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.name(name);
        Object::write(self.to, members);
        self
    }

    /// Adds an array.
    #[inline]
    pub fn array(&mut self, name: &str, items: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        self.name(name);
        Array::write(self.to, items);
        self
    }

    /// Adds the members of a record, or of a value that is an object.
    #[inline]
    pub fn fill(&mut self, from: &(impl Fill + ?Sized)) -> &mut Self {
        from.fill(self);
        self
    }

    #[inline]
    fn name(&mut self, name: &str) {
        if !self.empty {
            self.to.push(b',');
        }
        self.empty = false;
        string(self.to, name);
        self.to.push(b':');
    }
}

/// Writes a JSON array.
pub struct Array<'a> {
    to: &'a mut Vec<u8>,
    empty: bool,
}

impl Array<'_> {
    /// Appends an array that `items` fills.
    #[inline]
    pub fn write(to: &mut Vec<u8>, items: impl FnOnce(&mut Array<'_>)) {
        to.push(b'[');
        let mut array = Array { to, empty: true };
        items(&mut array);
        array.to.push(b']');
    }

    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: impl ToJson) -> &mut Self {
        self.comma();
        value.write(self.to);
        self
    }

    /// Adds an object.
    #[inline]
    pub fn object(&mut self, members: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.comma();
        Object::write(self.to, members);
        self
    }

    /// Adds an array.
    #[inline]
    pub fn array(&mut self, items: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        self.comma();
        Array::write(self.to, items);
        self
    }

    #[inline]
    fn comma(&mut self) {
        if !self.empty {
            self.to.push(b',');
        }
        self.empty = false;
    }
}

/// An object as text, such as the answer to a query.
pub fn object(members: impl FnOnce(&mut Object<'_>)) -> String {
    let mut to = Vec::new();
    Object::write(&mut to, members);
    finished(to)
}

/// An array as text.
pub fn array(items: impl FnOnce(&mut Array<'_>)) -> String {
    let mut to = Vec::new();
    Array::write(&mut to, items);
    finished(to)
}

/// A value as text.
pub fn to_string(value: &(impl ToJson + ?Sized)) -> String {
    let mut to = Vec::new();
    value.write(&mut to);
    finished(to)
}

fn finished(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// Appends a JSON string: escaped is what must be, and nothing else.
#[inline]
fn string(to: &mut Vec<u8>, text: &str) {
    let (bytes, mut start) = (text.as_bytes(), 0);
    to.reserve(bytes.len() + 2);
    to.push(b'"');
    for (at, &c) in bytes.iter().enumerate() {
        if c < b' ' || c == b'"' || c == b'\\' {
            to.extend_from_slice(&bytes[start..at]);
            escape(to, c);
            start = at + 1;
        }
    }
    to.extend_from_slice(&bytes[start..]);
    to.push(b'"');
}

#[cold]
fn escape(to: &mut Vec<u8>, c: u8) {
    let short = match c {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        b'"' | b'\\' => c,
        _ => {
            to.extend_from_slice(b"\\u00");
            to.extend_from_slice(&[DIGITS[(c >> 4) as usize], DIGITS[(c & 15) as usize]]);
            return;
        }
    };
    to.extend_from_slice(&[b'\\', short]);
}

macro_rules! integers {
    ($($type:ty as $wide:ty, $put:path;)*) => {$(
        impl ToJson for $type {
            #[inline]
            fn write(&self, to: &mut Vec<u8>) {
                $put(to, *self as $wide)
            }
        }
    )*};
}

integers! {
    i8 as i64, number::signed;
    i16 as i64, number::signed;
    i32 as i64, number::signed;
    i64 as i64, number::signed;
    isize as i64, number::signed;
    u8 as u64, number::unsigned;
    u16 as u64, number::unsigned;
    u32 as u64, number::unsigned;
    u64 as u64, number::unsigned;
    usize as u64, number::unsigned;
}

/// What JSON has no number for is null.
impl ToJson for f64 {
    fn write(&self, to: &mut Vec<u8>) {
        number::float(to, *self);
    }
}

impl ToJson for bool {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl ToJson for str {
    #[inline]
    fn write(&self, to: &mut Vec<u8>) {
        string(to, self);
    }
}

impl ToJson for String {
    #[inline]
    fn write(&self, to: &mut Vec<u8>) {
        string(to, self);
    }
}

impl ToJson for Cow<'_, str> {
    fn write(&self, to: &mut Vec<u8>) {
        string(to, self);
    }
}

/// None is null.
impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(to),
            None => to.extend_from_slice(b"null"),
        }
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    #[inline]
    fn write(&self, to: &mut Vec<u8>) {
        (**self).write(to);
    }
}

impl<T: ToJson + ?Sized> ToJson for Box<T> {
    fn write(&self, to: &mut Vec<u8>) {
        (**self).write(to);
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, to: &mut Vec<u8>) {
        Array::write(to, |array| {
            for item in self {
                array.push(item);
            }
        });
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, to: &mut Vec<u8>) {
        self.as_slice().write(to);
    }
}

impl<T: ToJson> ToJson for BTreeSet<T> {
    fn write(&self, to: &mut Vec<u8>) {
        Array::write(to, |array| {
            for item in self {
                array.push(item);
            }
        });
    }
}

impl<K: AsRef<str>, V: ToJson> Fill for BTreeMap<K, V> {
    fn fill(&self, object: &mut Object<'_>) {
        for (name, value) in self {
            object.set(name.as_ref(), value);
        }
    }
}

impl<K: AsRef<str>, V: ToJson> ToJson for BTreeMap<K, V> {
    fn write(&self, to: &mut Vec<u8>) {
        Object::write(to, |object| self.fill(object));
    }
}

/// The value's own text.
impl ToJson for Value<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.text().as_bytes());
    }
}

impl Fill for Value<'_> {
    fn fill(&self, object: &mut Object<'_>) {
        for (name, value) in self.members() {
            object.set(&name, value);
        }
    }
}
