//! JSON, as much of it as events, states and rows need: [`Value`] looks at a text
//! in place, [`Reader`] reads it once from front to back, [`Object`] and [`Array`]
//! write.
//!
//! [`FromJson`] and [`ToJson`] are for types; [`record!`](crate::record)
//! implements both for a struct.

mod error;
mod number;
mod read;
mod reader;
mod value;
mod write;

pub use error::Error;
pub use read::FromJson;
#[doc(hidden)]
pub use read::{missing, name};
pub use reader::{Kind, Reader};
pub use value::{Items, Members, Value};
pub use write::{array, object, to_string, Array, Fill, Object, ToJson};
