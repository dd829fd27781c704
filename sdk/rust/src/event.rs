use crate::frame::{text, Batch, Group, Place};
use crate::json::{self, FromJson, Value};
use crate::{Reject, Slot, Time, Uuid};

/// The event that a fold is called with.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    batch: Batch<'a>,
    record: Place<'a>,
    key: &'a str,
    index: u32,
}

impl<'a> Event<'a> {
    /// The event's type, such as `file_added`.
    #[inline]
    pub fn event_type(&self) -> &'a str {
        self.batch.event_type(self.record.u32(96))
    }

    /// The type's place among the projection's `EVENTS`, for a fold that matches
    /// integers.
    #[inline]
    pub fn type_index(&self) -> u32 {
        self.record.u32(96)
    }

    /// The key of a keyed projection, else empty.
    #[inline]
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The event's place in the whole log, from 1.
    #[inline]
    pub fn position(&self) -> u64 {
        self.record.u64(8)
    }

    /// The event's place in its aggregate, from 1.
    #[inline]
    pub fn version(&self) -> u64 {
        self.record.u64(16)
    }

    /// When the event happened.
    #[inline]
    pub fn time(&self) -> Time {
        Time::from_unix_nanos(self.record.u64(24) as i64)
    }

    /// The event's id.
    #[inline]
    pub fn id(&self) -> Uuid {
        Uuid(self.record.id(32))
    }

    /// The id of the event's aggregate.
    #[inline]
    pub fn aggregate_id(&self) -> Uuid {
        Uuid(self.record.id(48))
    }

    /// The type of the event's aggregate.
    #[inline]
    pub fn aggregate_type(&self) -> &'a str {
        self.batch.aggregate_type(self.record.u32(100))
    }

    /// What ties together all events of one undertaking.
    #[inline]
    pub fn correlation_id(&self) -> Uuid {
        Uuid(self.record.id(64))
    }

    /// The event or command that caused the event, if it has one.
    #[inline]
    pub fn causation_id(&self) -> Option<Uuid> {
        match self.record.u32(4) & 1 {
            0 => None,
            _ => Some(Uuid(self.record.id(80))),
        }
    }

    /// The version of the event type's fields.
    #[inline]
    pub fn schema_version(&self) -> u32 {
        self.record.u32(104)
    }

    /// The payload, a JSON object. Name a field with [`fields!`](crate::fields)
    /// instead where one will do.
    #[inline]
    pub fn data(&self) -> Value<'a> {
        Value::trusted(text(self.record.reference(112)))
    }

    /// The payload as a `T`, such as a [`record!`](crate::record). The error
    /// names the event type and the field.
    pub fn read<T: FromJson>(&self) -> Result<T, Reject> {
        self.data().read().map_err(|e: json::Error| e.within(self.event_type()).into())
    }

    /// The metadata, a JSON object, if there is some.
    #[inline]
    pub fn metadata(&self) -> Option<Value<'a>> {
        match self.record.u32(4) & 2 {
            0 => None,
            _ => Some(Value::trusted(text(self.record.reference(120)))),
        }
    }

    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.index
    }

    #[inline]
    pub(crate) fn slots(&self) -> u32 {
        self.batch.slots()
    }

    /// The slot of a field that the batch has.
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> Slot<'a> {
        Slot::read(self.record, self.record.u32(108) + 16 * index)
    }
}

/// The events of a group, in the order of the log.
pub(crate) struct Events<'a> {
    next: Event<'a>,
    end: u32,
}

impl<'a> Events<'a> {
    #[inline]
    pub(crate) fn of(group: Group<'a>) -> Self {
        let first = group.first_event();
        Events {
            next: Event { batch: group.batch, record: group.first_record(), key: text(group.key()), index: first },
            end: first + group.event_count(),
        }
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    #[inline]
    fn next(&mut self) -> Option<Event<'a>> {
        if self.next.index == self.end {
            return None;
        }
        let event = self.next;
        self.next.index += 1;
        self.next.record = event.record.add(event.record.u32(0));
        Some(event)
    }
}
