use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Error, Kind, Reader};

/// A type that is read from JSON.
pub trait FromJson: Sized {
    /// Reads the value that comes next.
    fn read(from: &mut Reader<'_>) -> Result<Self, Error>;

    /// What a member that is not there means; None: an error.
    fn absent() -> Option<Self> {
        None
    }
}

/// What a record has for a member that is not there.
#[doc(hidden)]
pub fn missing<T: FromJson>(name: &str) -> Result<T, Error> {
    T::absent().ok_or_else(|| Error::new("the field is missing").within(name))
}

/// The JSON name of a Rust identifier.
#[doc(hidden)]
#[inline]
pub fn name(identifier: &'static str) -> &'static str {
    identifier.strip_prefix("r#").unwrap_or(identifier)
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl FromJson for $type {
            #[inline]
            fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
                let digits = from.number()?;
                digits.parse().map_err(|_| out_of_range(from, digits, stringify!($type)))
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

#[cold]
fn out_of_range(from: &Reader<'_>, digits: &str, wanted: &str) -> Error {
    from.error(&format!("an integer of {} is wanted, not {}", wanted, digits))
}

impl FromJson for f64 {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let digits = from.number()?;
        match digits.parse() {
            Ok(number) if f64::is_finite(number) => Ok(number),
            _ => Err(out_of_range(from, digits, "f64")),
        }
    }
}

impl FromJson for bool {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        from.bool()
    }
}

impl FromJson for String {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        from.string().map(|text| text.into_owned())
    }
}

/// Null, or absent, is None.
impl<T: FromJson> FromJson for Option<T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        match from.null()? {
            true => Ok(None),
            false => T::read(from).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        T::read(from).map(Box::new)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let mut list = Vec::new();
        from.array(|from| {
            list.push(T::read(from)?);
            Ok(())
        })?;
        Ok(list)
    }
}

impl<T: FromJson + Ord> FromJson for BTreeSet<T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        Vec::read(from).map(|list| list.into_iter().collect())
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let mut map = BTreeMap::new();
        from.object(|name, from| {
            map.insert(name.into(), T::read(from)?);
            Ok(())
        })?;
        Ok(map)
    }
}

impl Kind {
    /// The kind with an article, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}
