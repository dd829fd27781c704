//! Batch frames, read in place. A guest may trust a batch: offsets are not
//! checked, and texts are UTF-8.

use core::marker::PhantomData;
use core::{slice, str};

const MAGIC: u32 = u32::from_le_bytes(*b"RFB1");
const HEADER: usize = 64;

/// A place in a frame that outlives `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a>(*const u8, PhantomData<&'a [u8]>);

impl<'a> Place<'a> {
    /// The beginning of a frame.
    #[inline]
    pub(crate) fn of(frame: &'a [u8]) -> Self {
        Place(frame.as_ptr(), PhantomData)
    }

    #[inline]
    pub(crate) fn add(self, offset: u32) -> Self {
        Place(unsafe { self.0.add(offset as usize) }, PhantomData)
    }

    #[inline]
    pub(crate) fn u32(self, offset: u32) -> u32 {
        u32::from_le(unsafe { self.add(offset).0.cast::<u32>().read_unaligned() })
    }

    #[inline]
    pub(crate) fn u64(self, offset: u32) -> u64 {
        u64::from_le(unsafe { self.add(offset).0.cast::<u64>().read_unaligned() })
    }

    #[inline]
    pub(crate) fn id(self, offset: u32) -> [u8; 16] {
        unsafe { self.add(offset).0.cast::<[u8; 16]>().read() }
    }

    #[inline]
    pub(crate) fn bytes(self, offset: u32, length: u32) -> &'a [u8] {
        if length == 0 {
            return &[];
        }
        unsafe { slice::from_raw_parts(self.add(offset).0, length as usize) }
    }

    /// What the offset and the length at `field` refer to, from here.
    #[inline]
    pub(crate) fn reference(self, field: u32) -> &'a [u8] {
        self.bytes(self.u32(field), self.u32(field + 4))
    }
}

/// The text in bytes that a host says are UTF-8.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> &str {
    unsafe { str::from_utf8_unchecked(bytes) }
}

/// A batch frame.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a>(Place<'a>);

impl<'a> Batch<'a> {
    /// Panics on what is no batch of this version: that is the host's fault.
    pub(crate) fn open(frame: &'a [u8]) -> Self {
        let batch = Place::of(frame);
        assert!(frame.len() >= HEADER && batch.u32(0) == MAGIC, "refold: the input is no batch frame");
        assert!(batch.u32(8) & 0xffff == 1, "refold: the batch frame is of another version");
        assert!(batch.u32(4) as usize <= frame.len(), "refold: the batch frame is cut off");
        Batch(batch)
    }

    pub(crate) fn events(self) -> u32 {
        self.0.u32(12)
    }

    #[inline]
    pub(crate) fn slots(self) -> u32 {
        self.0.u32(48)
    }

    #[inline]
    pub(crate) fn event_type(self, index: u32) -> &'a str {
        text(self.0.reference(self.0.u32(28) + 8 * index))
    }

    #[inline]
    pub(crate) fn aggregate_type(self, index: u32) -> &'a str {
        text(self.0.reference(self.0.u32(36) + 8 * index))
    }

    #[inline]
    pub(crate) fn groups(self) -> impl Iterator<Item = Group<'a>> {
        let table = self.0.u32(20);
        (0..self.0.u32(16)).map(move |index| Group { batch: self, record: self.0.add(table + 32 * index), index })
    }
}

/// A group of a batch: a key, its prior state and its events.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) batch: Batch<'a>,
    record: Place<'a>,
    pub(crate) index: u32,
}

impl<'a> Group<'a> {
    /// Empty for the unkeyed group.
    #[inline]
    pub(crate) fn key(self) -> &'a [u8] {
        match self.record.u32(16) & 2 {
            0 => &[],
            _ => self.batch.0.reference(self.offset()),
        }
    }

    #[inline]
    pub(crate) fn state(self) -> Option<&'a [u8]> {
        match self.record.u32(16) & 1 {
            0 => None,
            _ => Some(self.batch.0.reference(self.offset() + 8)),
        }
    }

    #[inline]
    pub(crate) fn first_event(self) -> u32 {
        self.record.u32(20)
    }

    #[inline]
    pub(crate) fn event_count(self) -> u32 {
        self.record.u32(24)
    }

    #[inline]
    pub(crate) fn first_record(self) -> Place<'a> {
        self.batch.0.add(self.record.u32(28))
    }

    /// The record's offset in the frame.
    #[inline]
    fn offset(self) -> u32 {
        self.batch.0.u32(20) + 32 * self.index
    }
}
