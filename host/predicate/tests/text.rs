//! What is read as JSON and what is not, beside `serde_json`; and the places of every value.

use portcullis_predicate::{Kind, MAX_DEPTH, Piece, Text};
use serde_json::Value;

fn every(piece: Piece<'_>, seen: &mut Vec<(String, String)>, pointer: &str) {
    seen.push((pointer.to_owned(), piece.raw().to_owned()));
    for (index, element) in piece.elements().enumerate() {
        every(element, seen, &format!("{pointer}/{index}"));
    }
    for (name, member) in piece.members() {
        every(member, seen, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")));
    }
}

#[test]
fn finds_every_value_again_by_its_pointer_and_its_place() {
    let text = "\u{feff} {\"a\" : [1, -2.5e3 ,\"x\\n\\u00e4\\ud83d\\ude00\", null,[ ], { } ], \"b/c~\": {\"\": [[true ] , false]}}\n";
    let read = Text::read(text.as_bytes()).expect("JSON");
    let whole: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).expect("JSON");
    assert_eq!(read.root().value(), whole);
    let mut seen = Vec::new();
    every(read.root(), &mut seen, "");
    assert_eq!(seen.len(), 13);
    for (pointer, raw) in seen {
        let piece = read.at(&pointer).expect("a value");
        assert_eq!(piece.pointer(), pointer);
        assert_eq!(text[read.span_of(&pointer).expect("a place")], raw, "{pointer}");
        assert_eq!(&serde_json::from_str::<Value>(&raw).expect("JSON"), whole.pointer(&pointer).expect("a value"));
    }
    assert_eq!(read.at("/a/2").and_then(Piece::str).as_deref(), Some("x\nä😀"));
    for nowhere in ["/a/6", "/x", "a", "/a/0/0", "/a/x"] {
        assert!(read.at(nowhere).is_none(), "{nowhere}");
    }
}

#[test]
fn refuses_what_has_two_meanings_or_no_bound_n11() {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Text::read(deep(MAX_DEPTH).as_bytes()).is_ok());
    let many: Vec<String> = (0..40).map(|key| format!("\"k{}\":0", key % 39)).collect();
    for (text, word) in [
        (r#"{"a": 1, "a": 1}"#.to_owned(), "`a` stands twice"),
        (r#"{"x": {"a": 1, "\u0061": 2}}"#.to_owned(), "`a` stands twice"),
        (format!("{{{}}}", many.join(",")), "`k0` stands twice"),
        (deep(MAX_DEPTH + 1), "deeper"),
        (deep(100_000), "deeper"),
        ("1e999".to_owned(), "out of range"),
        ("-1E+400".to_owned(), "out of range"),
        ("9".repeat(400), "out of range"),
        ("NaN".to_owned(), "a JSON value"),
        ("{} {}".to_owned(), "follows"),
        (String::new(), "empty"),
        (" \n".to_owned(), "empty"),
        ("<bom/>".to_owned(), "XML"),
        (r#""\ud800""#.to_owned(), "lone surrogate"),
        (r#""\udc00\ud800""#.to_owned(), "lone surrogate"),
        (r#""\x""#.to_owned(), "escape"),
        ("\"a\tb\"".to_owned(), "control character"),
        ("[1,]".to_owned(), "expected a JSON value, found `]`"),
        ("{\"a\":1,}".to_owned(), "the name of a member"),
        ("{\"a\":1 \"b\":2}".to_owned(), "line 1, column 8"),
        ("[\n1\n2]".to_owned(), "line 3, column 1"),
        ("01".to_owned(), "follows"),
        ("1.".to_owned(), "a digit"),
        ("[1".to_owned(), "the text ends"),
    ] {
        let error = Text::read(text.as_bytes()).expect_err("two meanings");
        assert!(error.what.contains(word), "{word}: {error}");
        if !text.contains("\"a\"") && !text.contains("k0") && !text.starts_with('[') {
            assert!(serde_json::from_str::<Value>(&text).is_err(), "{text}");
        }
    }
    assert!(Text::read(b"\"\xff\"").expect_err("no UTF-8").what.contains("byte 1"));
    assert!(Text::read(b"\xff\xfe{\0}\0").expect_err("UTF-16").what.contains("UTF-16"));
    assert!(Text::read(b"\x1f\x8b\x08").expect_err("gzip").what.contains("compressed"));
    assert_eq!(Text::read(b"9223372036854775808").expect("JSON").root().kind(), Kind::Number);
}

/// What a small document becomes when any byte of it is another: the same verdict as `serde_json` gives, but for what is stricter
/// here (a member twice).
#[test]
fn reads_what_serde_json_reads_whatever_byte_changes() {
    let text = br#"{"a":[1,-2.5e3,"x\n\u00e4\ud83d\ude00",null,[],{}],"b":{"c":[[true],false]},"d":0.1}"#;
    let mut judged = 0;
    for at in 0..text.len() {
        assert!(Text::read(&text[..at]).is_err(), "cut at {at}");
        for byte in 0..=255 {
            let mut changed = text.to_vec();
            changed[at] = byte;
            let value = serde_json::from_slice::<Value>(&changed);
            match (Text::read(&changed), value) {
                (Ok(read), Ok(value)) => {
                    assert_eq!(read.root().value(), value, "{}", String::from_utf8_lossy(&changed));
                    judged += 1;
                }
                (Err(_), Err(_)) => {}
                (Err(error), Ok(_)) => assert!(error.what.contains("twice"), "{error}"),
                (Ok(_), Err(error)) => panic!("{error}: {}", String::from_utf8_lossy(&changed)),
            }
        }
    }
    assert!(judged > 1_000, "only {judged} that can be read");
}

#[test]
fn finds_members_however_their_names_are_escaped() {
    let text =
        Text::read(br#"{"\u0061\u0062": 1, "\n\/": 2, "\ud83d\ude00x": 3, "ab\u0063": 4, "\u0061": 5}"#).expect("JSON");
    for (name, value) in [("ab", 1), ("\n/", 2), ("\u{1f600}x", 3), ("abc", 4), ("a", 5)] {
        assert_eq!(text.root().get(name).and_then(|piece| piece.index_number()), Some(value), "{name}");
    }
    for name in ["", "b", "abcd", "\\u0061"] {
        assert!(text.root().get(name).is_none(), "{name}");
    }
}
