//! JSON: what is kept, what is refused, and where.

use portcullis_document::{Error, ErrorKind, ReadLimits, read_json, read_json_text};
use portcullis_model::{NodeId, Source};

fn json(text: &str) -> String {
    let limits = ReadLimits::default();
    let placed = read_json(&Source::new("a.json", text), &limits);
    let placed = placed.map_err(|error| format!("{text:?}: {error}")).expect("readable");
    let bare = read_json_text(text, &limits).expect("the same text").to_json(NodeId::ROOT);
    assert_eq!(placed.to_json(NodeId::ROOT), bare);
    bare
}

fn refused(text: &str) -> Error {
    let read = read_json(&Source::new("a.json", text), &ReadLimits::default());
    read.map_or_else(Ok, |_| Err(text)).expect("refused")
}

#[test]
fn keeps_the_text_of_numbers_and_the_order_of_keys() {
    for text in
        [r#"{"b":1.0,"a":[1e400,-0,0.10,12345678901234567890123],"c":{}}"#, "null", "true", "\"x\"", "[]", "-0.0e+1"]
    {
        assert_eq!(json(text), text);
    }
    assert_eq!(json(" \r\n\t[ \"\\u00e9\\ud83d\\ude00\\/\\n\" , { } ] \n"), "[\"é😀/\\n\",{}]");
}

#[test]
fn a09b_refuses_duplicate_keys_with_both_places() {
    let error = refused("{\"a\": 1,\n \"\\u0061\": 2}");
    assert_eq!(error.to_string(), "the key `a` stands here twice, the first time in line 1");
    assert_eq!(error.place().expect("a place").to_string(), "a.json:2:2");
}

#[test]
fn refuses_what_is_not_json_with_its_place() {
    let syntax = |what| ErrorKind::Syntax { what };
    let cases = [
        ("", ErrorKind::Truncated, (1, 1)),
        ("{\"a\": [1, 2", ErrorKind::Truncated, (1, 12)),
        ("\"abc", ErrorKind::Truncated, (1, 5)),
        ("[1] x", ErrorKind::TrailingText, (1, 5)),
        ("{\"a\":\"\\ud800x\"}", ErrorKind::LoneSurrogate, (1, 13)),
        ("[\"\\udc00\"]", ErrorKind::LoneSurrogate, (1, 8)),
        ("[\"a\nb\"]", ErrorKind::ControlCharacter, (1, 4)),
        ("[1,]", syntax("a `,` before a closing bracket"), (1, 4)),
        ("{\"a\" 1}", syntax("a `:` is missing after a key"), (1, 6)),
        ("{a: 1}", syntax("a key must stand in double quotes"), (1, 2)),
        ("[01]", syntax("a number that is not written as JSON wants it"), (1, 3)),
        ("[NaN]", syntax("no JSON value begins here"), (1, 2)),
        ("[Infinity]", syntax("no JSON value begins here"), (1, 2)),
        ("[tru]", syntax("a word that is not `true`, `false` or `null`"), (1, 5)),
        ("['a']", syntax("no JSON value begins here"), (1, 2)),
        ("[1 2]", syntax("a `,` or `]` is missing"), (1, 4)),
        ("[\"\\x\"]", syntax("an escape that JSON does not have"), (1, 4)),
    ];
    for (text, kind, place) in cases {
        let error = refused(text);
        assert_eq!((error.kind(), error.place().expect("a place").start()), (&kind, place), "{text:?}");
    }
}

#[test]
fn bounds_depth_without_recursion() {
    assert!(matches!(refused(&"[".repeat(4 << 20)).kind(), ErrorKind::TooDeep { limit: 100 }));
    assert!(matches!(refused(&"{\"a\":".repeat(1 << 20)).kind(), ErrorKind::TooDeep { limit: 100 }));
    assert!(json(&format!("{}{}", "[".repeat(100), "]".repeat(100))).len() == 200);
}

#[test]
fn keeps_the_place_of_every_key_and_value() {
    let text = "\u{feff}{ \"a\\n\" : [ 1.50 , \"x\\\"y\" ],\n\"ä\":{\"k\":null}}";
    let document = read_json(&Source::new("a.json", text), &ReadLimits::default()).expect("a document");
    let slice = |pointer: &str| {
        let node = document.resolve(NodeId::ROOT, pointer).0;
        let text_of =
            |place: portcullis_model::Place| text[place.span.start as usize..place.span.end as usize].to_owned();
        (document.key_place(node).map(text_of), document.value_place(node).map(text_of).expect("a place"))
    };
    assert_eq!(slice("/a\n"), (Some("\"a\\n\"".into()), "[ 1.50 , \"x\\\"y\" ]".into()));
    assert_eq!(slice("/a\n/0").1, "1.50");
    assert_eq!(slice("/a\n/1").1, "\"x\\\"y\"");
    assert_eq!(slice("/ä"), (Some("\"ä\"".into()), "{\"k\":null}".into()));
    assert_eq!(slice("/ä/k"), (Some("\"k\"".into()), "null".into()));
}
