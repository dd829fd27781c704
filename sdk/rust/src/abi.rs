//! What the host calls. [`export!`](crate::export) makes the exports.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::marker::PhantomData;

use crate::event::Events;
use crate::frame::{text, Batch, Group};
use crate::manifest::Manifest;
use crate::{host, print, Effects, Level, Reject};

/// The largest frame.
const MAX_FRAME: usize = 64 << 20;

/// An event that a projection could not fold.
pub struct Rejection {
    event: u32,
    why: Reject,
}

/// A projection of some kind, as the host sees it.
pub trait Guest {
    #[doc(hidden)]
    fn new() -> Self;
    #[doc(hidden)]
    fn manifest() -> Vec<u8>;
    #[doc(hidden)]
    fn fold(&mut self, groups: Groups<'_>, out: &mut Effects) -> Result<(), Rejection>;
    #[doc(hidden)]
    fn query(&self, query: &str) -> Result<String, Reject>;
}

/// The groups of a batch.
pub struct Groups<'a>(Batch<'a>);

/// A [`Stateless`](crate::Stateless) projection.
pub struct Stateless<P>(PhantomData<P>);

/// A [`Resident`](crate::Resident) projection.
pub struct Resident<P>(P);

/// A [`Keyed`](crate::Keyed) projection.
pub struct Keyed<P>(PhantomData<P>);

impl<P: crate::Stateless> Guest for Stateless<P> {
    fn new() -> Self {
        Stateless(PhantomData)
    }

    fn manifest() -> Vec<u8> {
        let (name, version, events, fields) = (P::NAME, P::VERSION, P::EVENTS, P::FIELDS);
        Manifest { name, version, state: "stateless", key: "", events, fields }.json()
    }

    #[inline]
    fn fold(&mut self, groups: Groups<'_>, out: &mut Effects) -> Result<(), Rejection> {
        fold_unkeyed(groups, out, P::fold)
    }

    fn query(&self, _: &str) -> Result<String, Reject> {
        Err("the projection has no resident state".into())
    }
}

impl<P: crate::Resident> Guest for Resident<P> {
    fn new() -> Self {
        Resident(P::default())
    }

    fn manifest() -> Vec<u8> {
        let (name, version, events, fields) = (P::NAME, P::VERSION, P::EVENTS, P::FIELDS);
        Manifest { name, version, state: "resident", key: "", events, fields }.json()
    }

    #[inline]
    fn fold(&mut self, groups: Groups<'_>, out: &mut Effects) -> Result<(), Rejection> {
        fold_unkeyed(groups, out, |event, out| self.0.fold(event, out))
    }

    fn query(&self, query: &str) -> Result<String, Reject> {
        self.0.query(query)
    }
}

impl<P: crate::Keyed> Guest for Keyed<P> {
    fn new() -> Self {
        Keyed(PhantomData)
    }

    fn manifest() -> Vec<u8> {
        let (name, version, key, events, fields) = (P::NAME, P::VERSION, P::KEY, P::EVENTS, P::FIELDS);
        Manifest { name, version, state: "keyed", key, events, fields }.json()
    }

    #[inline]
    fn fold(&mut self, groups: Groups<'_>, out: &mut Effects) -> Result<(), Rejection> {
        groups.0.groups().try_for_each(|group| fold_group::<P>(group, out))
    }

    fn query(&self, _: &str) -> Result<String, Reject> {
        Err("the projection has no resident state".into())
    }
}

#[inline]
fn fold_unkeyed(
    groups: Groups<'_>,
    out: &mut Effects,
    mut fold: impl FnMut(&crate::Event<'_>, &mut Effects) -> Result<(), Reject>,
) -> Result<(), Rejection> {
    for group in groups.0.groups() {
        for event in Events::of(group) {
            out.begin(event.index());
            let mut folded = fold(&event, out);
            if out.removes_state() && folded.is_ok() {
                folded = Err("remove_state: the projection has no keyed state".into());
            }
            if let Err(why) = folded {
                return Err(Rejection { event: event.index(), why });
            }
        }
    }
    Ok(())
}

/// Folds the events of one key: its state is read once before them, and written
/// once behind them.
#[inline]
fn fold_group<P: crate::Keyed>(group: Group<'_>, out: &mut Effects) -> Result<(), Rejection> {
    let first = group.first_event();
    if group.event_count() == 0 {
        return Ok(());
    }
    out.begin(first); // reading the state is part of it
    let mut state = match group.state().map(P::load) {
        None => P::default(),
        Some(Ok(state)) => state,
        Some(Err(why)) => return Err(broken_state(first, group, why)),
    };
    for event in Events::of(group) {
        if event.index() != first {
            out.begin(event.index());
        }
        if let Err(why) = state.fold(&event, out) {
            return Err(Rejection { event: event.index(), why });
        }
        if out.removes_state() {
            state = P::default();
        }
    }
    if out.removes_state() {
        out.remove_group(group.index);
    } else {
        out.set_group(group.index, |to| state.save(to));
    }
    Ok(())
}

#[cold]
fn broken_state(event: u32, group: Group<'_>, why: Reject) -> Rejection {
    Rejection { event, why: format_args!("state of key {}: {}", text(group.key()), why.why()).into() }
}

/// A guest and the memory that the host reads and writes between calls.
pub struct Module<G> {
    guest: G,
    out: Effects,
    input: Input,
    text: Vec<u8>,   // the manifest, or the last answer
}

impl<G: Guest> Module<G> {
    /// A guest that has folded nothing.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        host::start();
        Module { guest: G::new(), out: Effects::new(), input: Input::new(), text: Vec::new() }
    }

    /// The manifest as JSON.
    pub fn describe(&mut self) -> &[u8] {
        self.text = G::manifest();
        &self.text
    }

    /// Folds a batch frame and returns the result frame.
    #[inline]
    pub fn fold(&mut self, frame: &[u8]) -> &[u8] {
        let batch = Batch::open(frame);
        self.out.reset();
        if let Err(rejected) = self.guest.fold(Groups(batch), &mut self.out) {
            return self.out.reject(rejected.event, rejected.why.why());
        }
        host::begin_event(batch.events()); // what follows belongs to no event
        self.out.finish()
    }

    /// Answers a read of resident state. An empty answer refuses the query, and
    /// the log says why.
    pub fn query(&mut self, query: &str) -> &[u8] {
        self.text = match self.guest.query(query) {
            Ok(answer) => answer.into_bytes(),
            Err(why) => {
                print(Level::Error, &alloc::format!("query: {}", why.why()));
                Vec::new()
            }
        };
        &self.text
    }

    /// Room for the host's next input: 8-aligned, 0 when memory is out.
    pub fn alloc(&mut self, size: usize) -> *mut u8 {
        self.input.alloc(size)
    }
}

/// The memory that the host writes its input to, 8-aligned.
pub(crate) struct Input(Vec<u64>);

impl Input {
    pub(crate) fn new() -> Self {
        Input(Vec::new())
    }

    pub(crate) fn alloc(&mut self, size: usize) -> *mut u8 {
        let words = size / 8 + 1;
        if size > MAX_FRAME {
            return core::ptr::null_mut();
        }
        if words > self.0.len() {
            let room = words.max(2 * self.0.len());
            self.0 = Vec::new();
            if self.0.try_reserve_exact(room).is_err() {
                return core::ptr::null_mut();
            }
            self.0.resize(room, 0);
        }
        self.0.as_mut_ptr().cast()
    }
}

/// The one module of a guest. WebAssembly calls it from one thread.
pub struct Global<G>(UnsafeCell<Option<Module<G>>>);

unsafe impl<G> Sync for Global<G> {}

impl<G: Guest> Global<G> {
    /// For a static.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Global(UnsafeCell::new(None))
    }

    /// The module.
    ///
    /// # Safety
    ///
    /// One call at a time, from one thread.
    #[allow(clippy::mut_from_ref)]
    #[inline]
    pub unsafe fn module(&self) -> &mut Module<G> {
        (*self.0.get()).get_or_insert_with(Module::new)
    }
}

/// A span as the host wants it.
#[cfg(target_arch = "wasm32")]
#[inline]
pub fn span(bytes: &[u8]) -> u64 {
    (bytes.as_ptr() as u64) << 32 | bytes.len() as u64
}

/// Makes a WebAssembly module of a projection: `export!(Totals as Keyed)`, with
/// the trait that the type implements. Outside of WebAssembly it makes nothing.
#[macro_export]
macro_rules! export {
    ($projection:ty as $kind:ident) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Guest = $crate::abi::$kind<$projection>;
            static MODULE: $crate::abi::Global<Guest> = $crate::abi::Global::new();

            #[no_mangle]
            extern "C" fn refold_abi_v1() {}

            #[no_mangle]
            extern "C" fn refold_alloc(size: usize) -> *mut u8 {
                unsafe { MODULE.module() }.alloc(size)
            }

            #[no_mangle]
            extern "C" fn refold_describe() -> u64 {
                $crate::abi::span(unsafe { MODULE.module() }.describe())
            }

            #[no_mangle]
            extern "C" fn refold_fold(at: *const u8, length: usize) -> u64 {
                let frame = unsafe { ::core::slice::from_raw_parts(at, length) };
                $crate::abi::span(unsafe { MODULE.module() }.fold(frame))
            }

            #[no_mangle]
            extern "C" fn refold_query(at: *const u8, length: usize) -> u64 {
                let query = unsafe { ::core::slice::from_raw_parts(at, length) };
                let query = unsafe { ::core::str::from_utf8_unchecked(query) };
                $crate::abi::span(unsafe { MODULE.module() }.query(query))
            }
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: $crate::abi::Checked<$crate::abi::$kind<$projection>> = $crate::abi::Checked::new();
    };
}

/// Has a guest's type checked where no module is made of it.
pub struct Checked<G>(PhantomData<G>);

impl<G: Guest> Checked<G> {
    /// For a constant.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Checked(PhantomData)
    }
}
