use core::fmt;
use core::marker::PhantomData;

use crate::frame::{text, Place};
use crate::{json, Event, Reject, Time, Uuid};

/// What a projection declares with its `FIELDS`; [`fields!`](crate::fields)
/// makes it.
pub type Fields = &'static [Declared];

/// A field as the manifest has it: a path and a type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Declared {
    pub path: &'static str,
    pub kind: &'static str,
}

/// A type that a payload field may have: `bool`, `i64`, `f64`, `str`, `[u8]`
/// (base64 in JSON), [`Uuid`] and [`Time`].
pub trait FieldType<'a>: Kind {
    /// What a field of the type gives; `&str` for `str`.
    type Value: Default;
    #[doc(hidden)]
    fn value(slot: Slot<'a>) -> Option<Self::Value>;
}

/// The name of a field's type in a manifest.
#[doc(hidden)]
pub trait Kind {
    const NAME: &'static str;
}

macro_rules! field_types {
    ($($type:ty, $name:literal, $value:ty, $pattern:pat => $result:expr;)*) => {$(
        impl Kind for $type {
            const NAME: &'static str = $name;
        }
        impl<'a> FieldType<'a> for $type {
            type Value = $value;
            #[inline]
            fn value(slot: Slot<'a>) -> Option<$value> {
                match slot {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        }
    )*};
}

field_types! {
    bool, "bool", bool, Slot::Bool(v) => v;
    i64, "i64", i64, Slot::I64(v) => v;
    str, "string", &'a str, Slot::Str(v) => v;
    [u8], "bytes", &'a [u8], Slot::Bytes(v) => v;
    Uuid, "uuid", Uuid, Slot::Uuid(v) => v;
    Time, "time", Time, Slot::Time(v) => v;
}

impl Kind for f64 {
    const NAME: &'static str = "f64";
}

impl<'a> FieldType<'a> for f64 {
    type Value = f64;
    #[inline]
    fn value(slot: Slot<'a>) -> Option<f64> {
        match slot {
            Slot::F64(v) => Some(v),
            Slot::I64(v) => Some(v as f64),
            _ => None,
        }
    }
}

/// A payload field that the host decodes; [`fields!`](crate::fields) names them.
pub struct Field<T: ?Sized> {
    index: u32,
    path: &'static str,
    of: PhantomData<T>,
}

impl<T: ?Sized + Kind> Field<T> {
    #[doc(hidden)]
    pub const fn new(index: u32, path: &'static str) -> Self {
        Field { index, path, of: PhantomData }
    }

    #[doc(hidden)]
    pub const fn declared(&self) -> Declared {
        Declared { path: self.path, kind: T::NAME }
    }

    /// The field as the host decoded it, whatever its kind.
    ///
    /// # Panics
    ///
    /// If the projection's `FIELDS` lack the field.
    #[inline]
    pub fn slot<'a>(&self, event: &Event<'a>) -> Slot<'a> {
        if self.index >= event.slots() {
            undeclared(self.path);
        }
        event.slot(self.index)
    }
}

impl<T: ?Sized + for<'a> FieldType<'a>> Field<T> {
    /// The field's value, or the type's default where it is absent, null or of
    /// another kind.
    #[inline]
    pub fn of<'a>(&self, event: &Event<'a>) -> <T as FieldType<'a>>::Value {
        self.get(event).unwrap_or_default()
    }

    /// The field's value, if it is there and of the field's kind.
    #[inline]
    pub fn get<'a>(&self, event: &Event<'a>) -> Option<<T as FieldType<'a>>::Value> {
        T::value(self.slot(event))
    }

    /// The field's value, or a rejection that names the field and what is there
    /// instead.
    #[inline]
    pub fn need<'a>(&self, event: &Event<'a>) -> Result<<T as FieldType<'a>>::Value, Reject> {
        match self.get(event) {
            Some(value) => Ok(value),
            None => Err(self.lacking(event)),
        }
    }

    #[cold]
    fn lacking(&self, event: &Event<'_>) -> Reject {
        alloc::format!("the field {} is {}, not {}", self.path, self.slot(event).kind(), T::NAME).into()
    }
}

#[cold]
fn undeclared(path: &str) -> ! {
    panic!("the field {} is not among the projection's FIELDS", path)
}

/// A payload field as the host decoded it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slot<'a> {
    /// Absent or null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number without fraction and exponent.
    I64(i64),
    /// Any other number.
    F64(f64),
    /// A string.
    Str(&'a str),
    /// A string in base64, of a field that asks for bytes.
    Bytes(&'a [u8]),
    /// A string that is a UUID, of a field that asks for one.
    Uuid(Uuid),
    /// A string in RFC 3339, of a field that asks for a time.
    Time(Time),
    /// An object or array.
    Json(json::Value<'a>),
}

impl<'a> Slot<'a> {
    #[inline]
    pub(crate) fn read(event: Place<'a>, at: u32) -> Self {
        let value = event.u64(at + 8);
        let bytes = || event.bytes(value as u32, event.u32(at + 4));
        match event.u32(at) {
            1 => Slot::Bool(value != 0),
            2 => Slot::I64(value as i64),
            3 => Slot::F64(f64::from_bits(value)),
            4 => Slot::Str(text(bytes())),
            5 => Slot::Bytes(bytes()),
            6 => Slot::Uuid(Uuid(event.id(value as u32))),
            7 => Slot::Time(Time::from_unix_nanos(value as i64)),
            8 => Slot::Json(json::Value::trusted(text(bytes()))),
            _ => Slot::Null,
        }
    }

    fn kind(&self) -> impl fmt::Display {
        match self {
            Slot::Null => "missing",
            Slot::Bool(_) => "bool",
            Slot::I64(_) => "i64",
            Slot::F64(_) => "f64",
            Slot::Str(_) => "string",
            Slot::Bytes(_) => "bytes",
            Slot::Uuid(_) => "uuid",
            Slot::Time(_) => "time",
            Slot::Json(_) => "an object or array",
        }
    }
}

/// Names payload fields, which the host decodes. A path is a field's name; a dot
/// descends into an object.
///
/// ```
/// refold::fields! {
///     AUTHOR: str = "author.name",
///     ADDITIONS: i64 = "additions",
/// }
/// ```
///
/// Each becomes a constant [`Field`], and all of them the constant `FIELDS`,
/// which goes into the projection. A module has one `fields!`.
#[macro_export]
macro_rules! fields {
    ($($(#[$meta:meta])* $visible:vis $name:ident : $type:ty = $path:expr),+ $(,)?) => {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum FieldIndex { $($name),+ }
        $($(#[$meta])* $visible const $name: $crate::Field<$type> = $crate::Field::new(FieldIndex::$name as u32, $path);)+
        /// The fields that the host decodes.
        const FIELDS: $crate::Fields = &[$($name.declared()),+];
    };
}
