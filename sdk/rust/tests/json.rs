//! Reading and writing JSON.

use std::collections::BTreeMap;

use refold::json::{self, Kind, Reader, Value};
use refold::{Time, Uuid};

refold::record! {
    #[derive(Debug, Clone, PartialEq)]
    struct Inner {
        name: String,
        tags: Vec<String>,
    }
}

refold::record! {
    #[derive(Debug, Clone, PartialEq)]
    struct Outer {
        r#type: String,
        small: i8,
        large: u64,
        ratio: f64,
        flag: bool,
        id: Uuid,
        at: Time,
        inner: Option<Inner>,
        by_name: BTreeMap<String, i64>,
        limit: i64 = 100,
    }
}

const TEXT: &str = concat!(
    r#"{"type":"größe \"\\\n\u0001","small":-128,"large":18446744073709551615,"ratio":0.1,"flag":true,"#,
    r#""id":"00ff7f80-0000-4000-8000-00000000000a","at":"2023-11-14T22:13:20.5Z","#,
    r#""inner":{"name":"x","tags":["a","b"]},"by_name":{"a":1,"b":-2},"limit":7}"#
);

#[test]
fn a_record_goes_there_and_back() {
    let outer: Outer = Value::parse(TEXT).unwrap().read().unwrap();
    assert_eq!(outer.r#type, "größe \"\\\n\u{1}");
    assert_eq!((outer.small, outer.large, outer.limit), (-128, u64::MAX, 7));
    assert_eq!(outer.at.unix_nanos(), 1_700_000_000_500_000_000);
    assert_eq!(outer.inner.as_ref().unwrap().tags, ["a", "b"]);
    assert_eq!(json::to_string(&outer), TEXT);
}

#[test]
fn a_record_passes_over_what_it_does_not_know() {
    let text = r#" { "x" : [ { } , [ ] , null , 1e5 ] , "tags" : [ ] , "name" : "\ud83d\ude00\u00e9\/\b\f" } "#;
    let inner: Inner = Value::parse(text).unwrap().read().unwrap();
    assert_eq!(inner, Inner { name: "😀é/\u{8}\u{c}".into(), tags: vec![] });
}

#[test]
fn errors_say_where() {
    for (text, want) in [
        (r#"{"tags":[]}"#, "name: the field is missing"),
        (r#"{"name":5,"tags":[]}"#, "name: a string is wanted at byte 8, not '5'"),
        (r#"{"name":"","tags":["",7]}"#, "tags.1: a string is wanted at byte 22, not '7'"),
        (r#"{"name":"","tags":[""#, "tags.0: the string's end is wanted where the text ends"),
        (r#"{"name" 5}"#, "a colon is wanted at byte 8, not '5'"),
        (r#"5"#, "an object is wanted at byte 0, not '5'"),
    ] {
        let mut reader = Reader::new(text);
        let got = <Inner as json::FromJson>::read(&mut reader).unwrap_err().to_string();
        assert_eq!(got, want, "{}", text);
    }
    let number = |text| Value::parse(text).and_then(|v| v.read::<i8>()).unwrap_err().to_string();
    assert_eq!(number("128"), "an integer of i8 is wanted, not 128 before byte 3");
    assert_eq!(number("1.5"), "an integer of i8 is wanted, not 1.5 before byte 3");
}

#[test]
fn what_is_no_json_is_refused() {
    let deep = "[".repeat(200) + &"]".repeat(200);
    for text in [
        "",
        " ",
        "nul",
        "tru",
        "01",
        "-",
        "1.",
        "1e",
        "1e+",
        ".5",
        "+1",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\n\"",
        "[",
        "[1",
        "[1,]",
        "[,]",
        "[1 2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "1 2",
        "[]]",
        &deep,
    ] {
        assert!(Value::parse(text).is_err(), "{}", text);
    }
}

#[test]
fn a_value_is_looked_at_in_place() {
    let text = r#"{"a":{"b":[1,"two",{"c":null},[]]},"d":-1.5e3,"e\n":true,"big":9223372036854775808}"#;
    let value = Value::parse(text).unwrap();
    let items: Vec<_> = value.get("a.b").unwrap().items().map(|v| (v.kind(), v.text())).collect();
    let want =
        [(Kind::Number, "1"), (Kind::String, "\"two\""), (Kind::Object, "{\"c\":null}"), (Kind::Array, "[]")];
    assert_eq!(items, want);
    assert_eq!(value.members().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "d", "e\n", "big"]);
    assert_eq!(value.get("d").unwrap().as_f64(), Some(-1500.0));
    assert_eq!(value.get("d").unwrap().as_i64(), None);
    assert_eq!(value.get("big").unwrap().as_u64(), Some(1 << 63));
    assert_eq!(value.get("big").unwrap().as_i64(), None);
    assert_eq!(value.get("e\n").unwrap().as_bool(), Some(true));
    assert!(value.get("a.x").is_none() && value.get("d.x").is_none() && value.get("a.b.0").is_none());
    assert_eq!(Value::parse("[ ]").unwrap().items().count() + Value::parse("{ }").unwrap().members().count(), 0);
}

/// Whatever is cut out of a text or put into it, reading ends, and what is read
/// is read again.
#[test]
fn reading_survives_anything() {
    let mut seed = 1u64;
    for _ in 0..50_000 {
        let mut bytes = TEXT.as_bytes().to_vec();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (at, what) =
                ((seed >> 33) as usize % bytes.len(), b"{}[]\",:\\u0e-.ntf "[(seed >> 20) as usize % 17]);
            match seed >> 62 {
                0 => bytes.truncate(at.max(1)),
                1 => bytes.insert(at, what),
                _ => bytes[at] = what,
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(outer) = Value::parse(&text).and_then(|value| value.read::<Outer>()) {
            let again: Outer = Value::parse(&json::to_string(&outer)).unwrap().read().unwrap();
            assert_eq!(outer, again);
        }
    }
}
