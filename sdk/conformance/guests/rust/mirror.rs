//! The conformance guest in Rust: it says back what it reads, and does what an
//! event commands. sdk/testdata/README.md specifies it.
#![no_std]

use core::fmt::Write;

use refold::alloc::format;
use refold::alloc::string::String;
use refold::json::Object;
use refold::{Effects, Event, Fields, Keyed, Level, Names, Reject, Slot, Time, Uuid};

refold::fields! {
    DO: str = "do",
    BOOL: bool = "value.bool",
    I64: i64 = "value.i64",
    F64: f64 = "value.f64",
    STRING: str = "value.string",
    BYTES: [u8] = "value.bytes",
    UUID: Uuid = "value.uuid",
    TIME: Time = "value.time",
}

refold::record! {
    pub struct Mirror {
        events: i64,
    }
}

impl Keyed for Mirror {
    const NAME: &'static str = "mirror";
    const KEY: &'static str = "key";
    const EVENTS: Names = &["mirrored", "commanded"];
    const FIELDS: Fields = FIELDS;

    fn fold(&mut self, event: &Event<'_>, out: &mut Effects) -> Result<(), Reject> {
        self.events += 1;
        match DO.of(event) {
            "update" => out.update("mirror", event.key(), |columns| {
                columns.fill(self);
            }),
            "delete" => out.delete("mirror", event.key()),
            "query" => out.query("select 1", |parameters| {
                parameters.fill(self);
            }),
            "log" => out.log(Level::Warn, &format!("seen {}", self.events)),
            "emit" => out.emit_event("mirrored_again", |data| {
                data.fill(self);
            }),
            "remove" => out.remove_state(),
            "reject" => return Err("rejected on demand".into()),
            "panic" => panic!("panicked on demand"),
            _ => out.insert("mirror", |row| fill(row, event)),
        }
        Ok(())
    }
}

fn fill(row: &mut Object<'_>, event: &Event<'_>) {
    row.set("position", event.position())
        .set("version", event.version())
        .set("time", event.time().unix_nanos())
        .set("id", event.id())
        .set("aggregate_type", event.aggregate_type())
        .set("aggregate_id", event.aggregate_id())
        .set("type", event.event_type())
        .set("type_index", event.type_index())
        .set("schema_version", event.schema_version())
        .set("correlation_id", event.correlation_id())
        .set("causation_id", event.causation_id())
        .set("key", event.key())
        .set("data", event.data().text())
        .set("metadata", event.metadata().map(|metadata| metadata.text()))
        .array("slots", |slots| {
            for slot in [
                DO.slot(event),
                BOOL.slot(event),
                I64.slot(event),
                F64.slot(event),
                STRING.slot(event),
                BYTES.slot(event),
                UUID.slot(event),
                TIME.slot(event),
            ] {
                let (kind, value) = described(slot, event);
                slots.object(|o| {
                    o.set("kind", kind).set("value", value);
                });
            }
        });
}

/// The kind's number and the value, read through the field of the kind where
/// there is one.
fn described(slot: Slot<'_>, event: &Event<'_>) -> (u32, String) {
    match slot {
        Slot::Null => (0, String::new()),
        Slot::Bool(value) => (1, format!("{}", value)),
        Slot::I64(value) => (2, format!("{}", value)),
        Slot::F64(value) => (3, format!("{:016x}", value.to_bits())),
        Slot::Str(value) => (4, value.into()),
        Slot::Bytes(_) => (5, hex(BYTES.of(event))),
        Slot::Uuid(_) => (6, format!("{}", UUID.of(event))),
        Slot::Time(_) => (7, format!("{}", TIME.of(event).unix_nanos())),
        Slot::Json(value) => (8, value.text().into()),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{:02x}", byte);
    }
    text
}

refold::export!(Mirror as Keyed);
