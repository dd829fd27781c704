//! The kit for [Refold](https://github.com/refold-dev/refold) projections in
//! Rust. It depends on no other crate.
//!
//! A projection is its state, and a trait says of which kind it is: the
//! [`Keyed`] host keeps one state a key, a [`Resident`] state lives in the
//! guest's memory, a [`Stateless`] projection has none. [`export!`] makes a
//! module of it.
//!
//! ```
//! use refold::{Effects, Event, Fields, Keyed, Names, Reject};
//!
//! refold::fields! { ADDITIONS: i64 = "additions" }
//!
//! refold::record! {
//!     struct Totals { lines: i64 }
//! }
//!
//! impl Keyed for Totals {
//!     const NAME: &'static str = "lines_by_dir";
//!     const KEY: &'static str = "dir";
//!     const EVENTS: Names = &["file_added"];
//!     const FIELDS: Fields = FIELDS;
//!
//!     fn fold(&mut self, event: &Event<'_>, out: &mut Effects) -> Result<(), Reject> {
//!         self.lines += ADDITIONS.need(event)?;
//!         out.insert("lines_by_dir", |row| {
//!             row.set("dir", event.key()).set("lines", self.lines);
//!         });
//!         Ok(())
//!     }
//! }
//!
//! refold::export!(Totals as Keyed);
//! ```
//!
//! - [`fields!`] names payload fields, which the host decodes; so most guests
//!   parse no JSON.
//! - [`record!`] makes structs that are read from JSON and written to it: states,
//!   payloads, rows. [`events!`] makes an enum of event types.
//! - [`Event`] is what a fold reads, [`Effects`] what it asks for.
//! - [`executor`] is the kit for what performs effects.
//!
//! # Invariants
//!
//! 1. A module holds one projection.
//! 2. A fold's error rejects the event: nothing of the batch counts. A panic goes
//!    to the plugin's log and ends the instance.
//! 3. The kit allocates nothing for an event: buffers grow and are used again.
//!
//! A fold must give the same output for the same input: it has no clock and no
//! randomness. Collections of `alloc` are ordered; the order of a hash table must
//! not reach an effect, a state or an answer.
//!
//! # Features
//!
//! `std`, on by default: the guest is an ordinary crate. Without it, the guest is
//! `#![no_std]`, smaller by some kilobytes, and needs Rust 1.68; with it, 1.63.
//!
//! Start reading at `projection.rs`; `abi.rs` is what the host calls.
#![no_std]
#![warn(missing_docs)]

#[doc(hidden)]
pub extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

#[doc(hidden)]
pub mod abi;
mod effects;
mod event;
mod events;
pub mod executor;
mod field;
mod frame;
#[cfg(any(test, target_arch = "wasm32"))]
mod heap;
mod host;
pub mod json;
mod manifest;
mod projection;
mod record;
mod time;
mod uuid;

pub use effects::{Effects, Level};
pub use event::Event;
pub use field::{Field, FieldType, Fields, Slot};
pub use host::print;
pub use projection::{Keyed, Names, Reject, Resident, State, Stateless};
pub use time::Time;
pub use uuid::Uuid;
