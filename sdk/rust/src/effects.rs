use alloc::vec::Vec;

use crate::host;
use crate::json::Object;

/// The severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Level {
    /// For whoever debugs the projection.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Wrong.
    Error,
}

const HEADER: usize = 48;
const RECORD: usize = 48;
const MAGIC: u32 = u32::from_le_bytes(*b"RFR1");

#[derive(Clone, Copy)]
#[repr(u16)]
enum Kind {
    Insert = 1,
    Update,
    Delete,
    Query,
    Log,
    EmitEvent,
}

/// Collects what a fold asks for. The host carries effects out, in the order of
/// their events. Everything handed over is copied.
///
/// Rows and other JSON objects are written by a closure, straight to where the
/// host reads them.
pub struct Effects {
    result: Vec<u8>, // header, then effect records
    groups: Vec<u8>, // group results; a state's offset counts from the states' start
    states: Vec<u8>,
    cause: u32,
    count: u32,
    remove_state: bool, // asked for by the event begun last
}

impl Effects {
    /// Writes a whole row: creates it, or replaces the row with the same primary
    /// key.
    #[inline]
    pub fn insert(&mut self, table: &str, row: impl FnOnce(&mut Object<'_>)) {
        self.object(Kind::Insert, table, "", row);
    }

    /// Changes some columns of the row with a primary key; a row that does not
    /// exist is left so. A key of several columns is a JSON array of their values.
    #[inline]
    pub fn update(&mut self, table: &str, key: &str, columns: impl FnOnce(&mut Object<'_>)) {
        self.object(Kind::Update, table, key, columns);
    }

    /// Removes the row with a primary key; a row that does not exist is no error.
    pub fn delete(&mut self, table: &str, key: &str) {
        self.text(Kind::Delete, 0, table, key, "");
    }

    /// Asks for a read whose answer becomes an event.
    #[inline]
    pub fn query(&mut self, text: &str, parameters: impl FnOnce(&mut Object<'_>)) {
        self.object(Kind::Query, text, "", parameters);
    }

    /// Writes a line to the operator's log, as an effect: once for each event,
    /// whatever is retried. [`print`](crate::print) is for debugging.
    pub fn log(&mut self, level: Level, message: &str) {
        self.text(Kind::Log, level as u16, "", "", message);
    }

    /// Appends an event to the log.
    #[inline]
    pub fn emit_event(&mut self, event_type: &str, data: impl FnOnce(&mut Object<'_>)) {
        self.object(Kind::EmitEvent, event_type, "", data);
    }

    /// Removes the event's key and its state from a keyed projection, once the
    /// fold returns. The key's next event starts from the default state.
    pub fn remove_state(&mut self) {
        self.remove_state = true;
    }

    #[inline]
    fn object(&mut self, kind: Kind, name: &str, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        let start = self.open(kind, 0, name, key);
        Object::write(&mut self.result, write);
        self.close(start);
    }

    fn text(&mut self, kind: Kind, level: u16, name: &str, key: &str, body: &str) {
        let start = self.open(kind, level, name, key);
        self.result.extend_from_slice(body.as_bytes());
        self.close(start);
    }

    /// Begins a record and writes all of it but what follows from the body.
    fn open(&mut self, kind: Kind, level: u16, name: &str, key: &str) -> usize {
        let start = self.result.len();
        let mut record = [0; RECORD];
        record[4..6].copy_from_slice(&(kind as u16).to_le_bytes());
        record[6..8].copy_from_slice(&level.to_le_bytes());
        set(&mut record, 8, self.cause);
        set(&mut record, 16, RECORD as u32);
        set(&mut record, 20, name.len() as u32);
        set(&mut record, 24, (RECORD + name.len()) as u32);
        set(&mut record, 28, key.len() as u32);
        set(&mut record, 32, (RECORD + name.len() + key.len()) as u32);
        self.result.extend_from_slice(&record);
        self.result.extend_from_slice(name.as_bytes());
        self.result.extend_from_slice(key.as_bytes());
        start
    }

    /// Ends the record at `start` behind its body.
    fn close(&mut self, start: usize) {
        let end = self.result.len();
        pad(&mut self.result);
        let length = (self.result.len() - start) as u32;
        let record = &mut self.result[start..];
        let body = get(record, 32);
        set(record, 0, length);
        set(record, 36, (end - start) as u32 - body);
        self.count += 1;
    }
}

/// What the kit itself does with them.
impl Effects {
    pub(crate) const fn new() -> Self {
        Effects {
            result: Vec::new(),
            groups: Vec::new(),
            states: Vec::new(),
            cause: 0,
            count: 0,
            remove_state: false,
        }
    }

    /// Starts a batch.
    pub(crate) fn reset(&mut self) {
        self.result.clear();
        self.result.resize(HEADER, 0);
        self.groups.clear();
        self.states.clear();
        self.count = 0;
    }

    /// Starts an event.
    #[inline]
    pub(crate) fn begin(&mut self, event: u32) {
        self.cause = event;
        self.remove_state = false;
        host::begin_event(event);
    }

    #[inline]
    pub(crate) fn removes_state(&self) -> bool {
        self.remove_state
    }

    pub(crate) fn set_group(&mut self, group: u32, save: impl FnOnce(&mut Vec<u8>)) {
        let start = self.states.len();
        save(&mut self.states);
        let length = self.states.len() - start;
        pad(&mut self.states);
        self.group(group, 1, start as u32, length as u32);
    }

    pub(crate) fn remove_group(&mut self, group: u32) {
        self.group(group, 2, 0, 0);
    }

    fn group(&mut self, group: u32, disposition: u32, at: u32, length: u32) {
        for word in [group, disposition, at, length] {
            self.groups.extend_from_slice(&word.to_le_bytes());
        }
    }

    /// The result frame of a batch that was folded.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let (groups, states) = (self.result.len(), self.result.len() + self.groups.len());
        for record in self.groups.chunks_exact_mut(16) {
            let at = get(record, 8);
            set(record, 8, at + states as u32);
        }
        self.result.extend_from_slice(&self.groups);
        self.result.extend_from_slice(&self.states);
        set(&mut self.result, 16, (self.groups.len() / 16) as u32);
        set(&mut self.result, 20, groups as u32);
        set(&mut self.result, 24, self.count);
        set(&mut self.result, 28, HEADER as u32);
        self.header(0)
    }

    /// The result frame of a batch with an event that cannot be folded.
    pub(crate) fn reject(&mut self, event: u32, why: &str) -> &[u8] {
        self.reset();
        self.result.extend_from_slice(why.as_bytes());
        set(&mut self.result, 32, event);
        set(&mut self.result, 36, HEADER as u32);
        set(&mut self.result, 40, why.len() as u32);
        self.header(1)
    }

    fn header(&mut self, status: u32) -> &[u8] {
        let length = self.result.len() as u32;
        set(&mut self.result, 0, MAGIC);
        set(&mut self.result, 4, length);
        set(&mut self.result, 8, 1);
        set(&mut self.result, 12, status);
        &self.result
    }
}

#[inline]
fn pad(bytes: &mut Vec<u8>) {
    let length = bytes.len();
    bytes.extend_from_slice(&[0; 8][..length.wrapping_neg() & 7]);
}

#[inline]
fn set(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[inline]
fn get(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
