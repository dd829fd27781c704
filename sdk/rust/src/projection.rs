use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Display};

use crate::json::{FromJson, Reader, ToJson};
use crate::{Effects, Event, Fields};

/// The names of event types.
pub type Names = &'static [&'static str];

/// A projection that has effects only.
pub trait Stateless {
    /// The projection's name.
    const NAME: &'static str;
    /// Its version, for people.
    const VERSION: &'static str = "";
    /// The event types that it wants; none means all.
    const EVENTS: Names = &[];
    /// The payload fields that the host decodes: `FIELDS` of
    /// [`fields!`](crate::fields).
    const FIELDS: Fields = &[];

    /// Folds one event. An error rejects it.
    fn fold(event: &Event<'_>, out: &mut Effects) -> Result<(), Reject>;
}

/// A projection whose value is its state, in the guest's own memory. The host
/// saves and restores it with the whole instance.
pub trait Resident: Default {
    /// The projection's name.
    const NAME: &'static str;
    /// Its version, for people.
    const VERSION: &'static str = "";
    /// The event types that it wants; none means all.
    const EVENTS: Names = &[];
    /// The payload fields that the host decodes: `FIELDS` of
    /// [`fields!`](crate::fields).
    const FIELDS: Fields = &[];

    /// Folds one event into the state. An error rejects the event.
    fn fold(&mut self, event: &Event<'_>, out: &mut Effects) -> Result<(), Reject>;

    /// Answers a read with JSON text; an empty query asks for everything. The
    /// same state must give the same text.
    fn query(&self, query: &str) -> Result<String, Reject> {
        let _ = query;
        Err("the projection answers no queries".into())
    }
}

/// A projection whose value is the state of one key. The host keeps it.
pub trait Keyed: Default + State {
    /// The projection's name.
    const NAME: &'static str;
    /// Its version, for people.
    const VERSION: &'static str = "";
    /// The payload field to key by, a path as in [`fields!`](crate::fields); empty
    /// means the aggregate's id.
    const KEY: &'static str = "";
    /// The event types that it wants; none means all.
    const EVENTS: Names = &[];
    /// The payload fields that the host decodes: `FIELDS` of
    /// [`fields!`](crate::fields).
    const FIELDS: Fields = &[];

    /// Folds one event into the state of its key: the default for a key without
    /// state. An error rejects the event.
    fn fold(&mut self, event: &Event<'_>, out: &mut Effects) -> Result<(), Reject>;
}

/// How the state of a key is kept. What is read from JSON and written to it, as a
/// [`record!`](crate::record) is, is kept as JSON, which can be shown to people.
pub trait State: Sized {
    /// Reads a state that [`save`](State::save) wrote.
    fn load(text: &[u8]) -> Result<Self, Reject>;
    /// Appends the state.
    fn save(&self, to: &mut Vec<u8>);
}

impl<T: FromJson + ToJson> State for T {
    #[inline]
    fn load(text: &[u8]) -> Result<Self, Reject> {
        let text = core::str::from_utf8(text)?;
        let mut reader = Reader::new(text);
        let state = T::read(&mut reader)?;
        reader.end()?;
        Ok(state)
    }

    #[inline]
    fn save(&self, to: &mut Vec<u8>) {
        self.write(to);
    }
}

/// Why an event cannot be folded. Any error becomes one by `?`, and any text by
/// `into`; [`reject!`](crate::reject) formats one.
pub struct Reject(String);

impl Reject {
    pub(crate) fn why(&self) -> &str {
        &self.0
    }
}

impl<E: Display> From<E> for Reject {
    #[cold]
    fn from(why: E) -> Self {
        Reject(why.to_string())
    }
}

impl fmt::Debug for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns from a fold with a [`Reject`] that is formatted as by `format!`.
///
/// ```
/// # fn fold(lines: i64) -> Result<(), refold::Reject> {
/// if lines < 0 {
///     refold::reject!("{} lines are fewer than none", lines);
/// }
/// # Ok(()) }
/// # assert!(fold(-1).is_err());
/// ```
#[macro_export]
macro_rules! reject {
    ($($format:tt)*) => {
        return Err($crate::Reject::from(::core::format_args!($($format)*)))
    };
}
