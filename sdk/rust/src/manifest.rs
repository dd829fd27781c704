use alloc::vec::Vec;

use crate::json::Object;
use crate::{Fields, Names};

/// What a projection says of itself.
pub(crate) struct Manifest {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) state: &'static str,
    pub(crate) key: &'static str,
    pub(crate) events: Names,
    pub(crate) fields: Fields,
}

impl Manifest {
    pub(crate) fn json(&self) -> Vec<u8> {
        let mut text = Vec::new();
        Object::write(&mut text, |o| {
            o.set("abi", 1).set("name", self.name);
            if !self.version.is_empty() {
                o.set("version", self.version);
            }
            o.set("state", self.state);
            if !self.key.is_empty() {
                o.set("key", self.key);
            }
            if !self.events.is_empty() {
                o.set("events", self.events);
            }
            if !self.fields.is_empty() {
                o.array("fields", |list| {
                    for field in self.fields {
                        list.object(|o| {
                            o.set("path", field.path).set("type", field.kind);
                        });
                    }
                });
            }
            o.set("sdk", "refold-rust");
        });
        text
    }
}
