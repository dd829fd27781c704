//! Folds the golden vectors of the ABI natively, with the mirror guest that the
//! conformance suite runs as a module.

use std::borrow::Cow;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use refold::abi::{Keyed, Module};
use refold::json::Value;

#[path = "../../conformance/guests/rust/mirror.rs"]
#[allow(unused_attributes)]
mod mirror;

/// The vectors of a folder, by name.
fn vectors(folder: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let list: Vec<_> = files
        .map(|file| (file.file_name().unwrap().to_string_lossy().into(), fs::read_to_string(file).unwrap()))
        .collect();
    assert!(!list.is_empty());
    list
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn u32_at(frame: &[u8], at: usize) -> usize {
    u32::from_le_bytes(frame[at..at + 4].try_into().unwrap()) as usize
}

fn text_at(frame: &[u8], base: usize, field: usize) -> String {
    let at = base + u32_at(frame, base + field);
    String::from_utf8(frame[at..at + u32_at(frame, base + field + 4)].to_vec()).unwrap()
}

/// What a result frame says, a line for each part.
fn told(frame: &[u8]) -> String {
    assert_eq!((&frame[..4], u32_at(frame, 4)), (&b"RFR1"[..], frame.len()));
    let mut text = String::new();
    if u32_at(frame, 12) == 1 {
        writeln!(text, "rejected {} {}", u32_at(frame, 32), text_at(frame, 0, 36)).unwrap();
    }
    for i in 0..u32_at(frame, 16) {
        let group = u32_at(frame, 20) + 16 * i;
        let disposition = ["keep", "set", "remove"][u32_at(frame, group + 4)];
        let state = text_at(frame, 0, group + 8);
        writeln!(text, "group {} {} {}", u32_at(frame, group), disposition, state).unwrap();
    }
    let mut effect = u32_at(frame, 28);
    for _ in 0..u32_at(frame, 24) {
        let kind = u32_at(frame, effect + 4);
        let kinds = ["", "insert", "update", "delete", "query", "log", "emit_event"];
        let (name, key, body) =
            (text_at(frame, effect, 16), text_at(frame, effect, 24), text_at(frame, effect, 32));
        let cause = u32_at(frame, effect + 8);
        writeln!(text, "{} {} {} {} {} {}", cause, kinds[kind & 0xffff], kind >> 16, name, key, body).unwrap();
        effect += u32_at(frame, effect);
    }
    text
}

fn string<'a>(value: Value<'a>, name: &str) -> Cow<'a, str> {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What a vector's result says, in the same way.
fn wanted(result: Value<'_>) -> String {
    let (mut text, number) = (String::new(), |v: Option<Value<'_>>| v.and_then(Value::as_i64).unwrap_or(0));
    if let Some(rejected) = result.get("rejected").filter(|v| !v.is_null()) {
        writeln!(text, "rejected {} {}", number(rejected.get("event")), string(rejected, "reason")).unwrap();
    }
    for group in result.get("groups").unwrap().items() {
        let (index, disposition) = (number(group.get("group")), string(group, "disposition"));
        writeln!(text, "group {} {} {}", index, disposition, string(group, "state")).unwrap();
    }
    for effect in result.get("effects").unwrap().items() {
        let (cause, level) = (number(effect.get("cause")), number(effect.get("level")));
        let (kind, name) = (string(effect, "kind"), string(effect, "name"));
        let (key, body) = (string(effect, "key"), string(effect, "body"));
        writeln!(text, "{} {} {} {} {} {}", cause, kind, level, name, key, body).unwrap();
    }
    text
}

#[test]
fn the_mirror_says_back_what_it_reads() {
    let mut module = Module::<Keyed<mirror::Mirror>>::new();
    for _ in 0..3 {
        for (name, text) in vectors("mirror") {
            let vector = Value::parse(&text).unwrap();
            let frame = unhex(&vector.get("frame").unwrap().as_str().unwrap());
            assert_eq!(told(module.fold(&frame)), wanted(vector.get("result").unwrap()), "{}", name);
        }
    }
}

#[test]
fn the_manifest_is_the_mirrors() {
    let mut module = Module::<Keyed<mirror::Mirror>>::new();
    let text = std::str::from_utf8(module.describe()).unwrap().to_string();
    let manifest = Value::parse(&text).unwrap();
    assert_eq!(manifest.get("name").unwrap().as_str().unwrap(), "mirror");
    assert_eq!(manifest.get("fields").unwrap().items().count(), 8);
    assert!(manifest.get("version").is_none());
}
