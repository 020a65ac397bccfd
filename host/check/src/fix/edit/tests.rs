//! Single edits: what is written, and what is left to people.

use portcullis_document::{ReadLimits, read_json, read_yaml};
use portcullis_model::{FixOperation, Source};

use super::*;

fn edited(text: &str, pointer: &str, operation: FixOperation, value: &str) -> Result<String, String> {
    let source = Source::new("a", text);
    let limits = ReadLimits::default();
    let json = text.starts_with('{') && read_json(&source, &limits).is_ok();
    let read = |text: &str| {
        let source = Source::new("a", text);
        let documents =
            if json { read_json(&source, &limits).map(|one| vec![one]) } else { read_yaml(&source, &limits) };
        documents.map_err(|error| error.to_string())
    };
    let documents = read(text).expect("a document");
    let page = Page { document: &documents[0], text, json };
    let value = Tree::of_json(value);
    let edit = edit(&page, pointer, operation, value.as_ref())?;
    let new = format!("{}{}{}", &text[..edit.start], edit.text, &text[edit.end..]);
    let mut expected = Tree::of(&documents[0], NodeId::ROOT);
    assert!(expected.change(&segments(pointer), operation, value.as_ref()));
    let documents = read(&new)?;
    assert_eq!(Tree::of(&documents[0], NodeId::ROOT), expected, "{new}");
    Ok(new)
}

#[track_caller]
fn replaces(text: &str, value: &str, new: &str) {
    assert_eq!(edited(text, "/a/b", FixOperation::Replace, value).as_deref(), Ok(new), "{text:?}");
}

#[track_caller]
fn adds(text: &str, pointer: &str, value: &str, new: &str) {
    assert_eq!(edited(text, pointer, FixOperation::Add, value).as_deref(), Ok(new), "{text:?}");
}

#[track_caller]
fn removes(text: &str, pointer: &str, new: &str) {
    assert_eq!(edited(text, pointer, FixOperation::Remove, "").as_deref(), Ok(new), "{text:?}");
}

#[test]
fn replaces_a_scalar_in_its_own_quotes() {
    replaces("a:\n  b: 0.5 # half\n  c: 1\n", "\"500m\"", "a:\n  b: 500m # half\n  c: 1\n");
    replaces("a:\n  b: \"0.5\"\n", "\"500m\"", "a:\n  b: \"500m\"\n");
    replaces("a:\n  b: '0.5'\r\n", "\"500m\"", "a:\n  b: '500m'\r\n");
    replaces("a:\n  b: 1000m", "\"1\"", "a:\n  b: \"1\"");
    replaces("a:\n  b: 1000m", "1", "a:\n  b: 1");
    replaces("a: {b: 1000m, c: 2}", "\"x,y\"", "a: {b: \"x,y\", c: 2}");
    replaces("{\"a\":{\"b\":1.5}}", "\"1500m\"", "{\"a\":{\"b\":\"1500m\"}}");
    replaces("a:\n  b: &here 0.5\n", "\"500m\"", "a:\n  b: &here 500m\n");
    replaces("a:\n  b: !!str 5\n", "\"7\"", "a:\n  b: !!str \"7\"\n");
    replaces("a:\n  b: |\n    x\n    y\n  c: 1\n", "\"z\"", "a:\n  b: z\n  c: 1\n");
    replaces("a:\n  b:\n  c: 1\n", "\"z\"", "a:\n  b: z\n  c: 1\n");
    replaces("a:\n  b: [1, 2]\n", "[3]", "a:\n  b: [3]\n");
    let refused = edited("a:\n  b:\n    - 1 # one\n    - 2\n", "/a/b", FixOperation::Replace, "[2]");
    assert_eq!(refused, Err("it may hold a comment, which would be lost".into()));
}

#[test]
fn adds_to_a_block_in_its_own_indentation() {
    adds("a:\n   b: 1 # one\nc: 2\n", "/a/x", "\"z\"", "a:\n   b: 1 # one\n   x: z\nc: 2\n");
    adds("a:\n- b: 1\n  c: 2", "/a/0/x", "1", "a:\n- b: 1\n  c: 2\n  x: 1");
    adds("a:\r\n- b: 1\r\n", "/a/0/x", "1", "a:\r\n- b: 1\r\n  x: 1\r\n");
    adds(
        "a:\n    b:\n        c: 1\n",
        "/a/r/limits/cpu",
        "\"1\"",
        "a:\n    b:\n        c: 1\n    r:\n        limits:\n            cpu: \"1\"\n",
    );
    adds("a:\n  b:\n  c: 1\n", "/a/b/x", "1", "a:\n  b:\n    x: 1\n  c: 1\n");
    adds("a:\n  b: # nothing yet\n", "/a/b/x/v", "1", "a:\n  b: # nothing yet\n    x:\n      v: 1\n");
    adds("a:\n  b: null\n", "/a/b/x", "1", "a:\n  b: {x: 1}\n");
    adds("a:\n  b: |\n    x\n\nc: 1\n", "/a/x", "1", "a:\n  b: |\n    x\n  x: 1\n\nc: 1\n");
    adds("\"a\":\n  \"b\": \"1\"\n", "/a/x", "\"y\"", "\"a\":\n  \"b\": \"1\"\n  \"x\": \"y\"\n");
    adds("a:\n  b: &b\n    c: 1\n  d: *b\n", "/a/x", "1", "a:\n  b: &b\n    c: 1\n  d: *b\n  x: 1\n");
}

#[test]
fn adds_to_brackets_as_they_are_written() {
    adds("a: {b: 1}\n", "/a/x/v", "\"z\"", "a: {b: 1, x: {v: z}}\n");
    adds("a: {}\n", "/a/x", "1", "a: {x: 1}\n");
    adds("a: {b: 1,}\n", "/a/x", "1", "a: {b: 1, x: 1,}\n");
    adds("{\"a\":{\"b\":1}}", "/a/x", "\"y\"", "{\"a\":{\"b\":1,\"x\":\"y\"}}");
    adds("{\"a\": {\"b\": 1}}", "/a/x/y", "2", "{\"a\": {\"b\": 1, \"x\": {\"y\": 2}}}");
    adds(
        "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n",
        "/a/x/y",
        "2",
        "{\n  \"a\": {\n    \"b\": 1,\n    \"x\": {\n      \"y\": 2\n    }\n  }\n}\n",
    );
    adds("{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n", "/a/x", "2", "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"x\": 2\n\t}\n}\n");
}

#[test]
fn leaves_lists_and_values_to_people() {
    let refused = |text: &str, pointer: &str| edited(text, pointer, FixOperation::Add, "1").expect_err(text);
    assert_eq!(refused("a: [1]\n", "/a/1"), "where in a list an item belongs is not for a machine to say");
    assert_eq!(refused("a: 1\n", "/a/b"), "it would have to stand inside a value that holds nothing");
    assert_eq!(refused("a: 1\n", "/a"), "something stands there already");
}

#[test]
fn removes_lines_and_entries_with_their_commas() {
    removes("a:\n  b: 1\n  c:\n    d: 2\ne: 3\n", "/a/c", "a:\n  b: 1\ne: 3\n");
    removes("a:\n  b: 1\r\n  c: 2\r\n", "/a/b", "a:\n  c: 2\r\n");
    removes("a: {b: 1, c: 2}\n", "/a/b", "a: {c: 2}\n");
    removes("a: {b: 1, c: 2}\n", "/a/c", "a: {b: 1}\n");
    removes("{\"a\":[1,2,3]}", "/a/1", "{\"a\":[1,3]}");
    removes("{\"a\":[1]}", "/a/0", "{\"a\":[]}");
    let refused = |text: &str, pointer: &str| edited(text, pointer, FixOperation::Remove, "").expect_err(text);
    assert_eq!(refused("a:\n  b: 1 # why\n  c: 2\n", "/a/b"), "a comment may stand there, which would be lost");
    let disturbs = "it cannot be taken out without disturbing what stands around it";
    assert_eq!(refused("a:\n  b: 1\n", "/a/b"), disturbs);
    assert_eq!(refused("- b: 1\n  c: 2\n", "/0/b"), disturbs);
    assert_eq!(refused("- 1\n- 2\n", "/0"), disturbs);
}

/// A map of maps in the manner that the dice choose, with comments that must all survive.
fn manifest(next: &mut dyn FnMut(u32) -> u32, depth: usize, indent: usize, out: &mut String) {
    let step = 1 + next(3) as usize;
    for key in 0..1 + next(3) {
        let comment = if next(3) == 0 { format!(" # c{}", next(1000)) } else { String::new() };
        let blank = " ".repeat(indent);
        match next(if depth == 0 { 6 } else { 9 }) {
            0 => *out += &format!("{blank}k{key}: {}{comment}\n", next(9)),
            1 => *out += &format!("{blank}k{key}: \"v{}\"{comment}\n", next(9)),
            2 => *out += &format!("{blank}k{key}: 'v # {}'{comment}\n", next(9)),
            3 => *out += &format!("{blank}\"k{key}\": {{a: 1, b: [x, 'y']}}{comment}\n"),
            4 => *out += &format!("{blank}k{key}: |\n{blank}   text # {}\n\n", next(9)),
            5 => *out += &format!("{blank}k{key}:{comment}\n"),
            6 => {
                *out += &format!("{blank}k{key}:{comment}\n{blank}- a: {}\n{blank}  b: 2\n{blank}- x\n", next(9));
            }
            _ => {
                *out += &format!("{blank}k{key}:{comment}\n");
                manifest(next, depth - 1, indent + step, out);
            }
        }
    }
}

fn comments(text: &str) -> Vec<&str> {
    text.match_indices(" # c").map(|(at, _)| text[at..].lines().next().unwrap_or_default()).collect()
}

#[test]
fn keeps_every_comment_and_every_other_value_of_any_manifest() {
    let mut seed = 11_u32;
    let mut next = move |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % most
    };
    let mut done = 0;
    for _ in 0..1500 {
        let mut text = String::new();
        manifest(&mut next, 3, 0, &mut text);
        let text = if next(4) == 0 { text.replace('\n', "\r\n") } else { text };
        let document = &read_yaml(&Source::new("a", text.as_str()), &ReadLimits::default()).expect("YAML")[0];
        let node = NodeId(1 + next(document.node_count()));
        let pointer = document.pointer(node);
        let (operation, pointer) = match next(3) {
            0 if node != NodeId::ROOT => (FixOperation::Replace, pointer),
            1 if node != NodeId::ROOT => (FixOperation::Remove, pointer),
            _ => (FixOperation::Add, format!("{pointer}/new/inner")),
        };
        let value = ["\"w\"", "7", "\"yes\"", "{\"p\": {\"q\": \"r\"}}", "[1]"][next(5) as usize];
        // Where the reader would refuse the result, so does the one who applies it; nothing else may happen.
        if let Ok(new) = edited(&text, &pointer, operation, value) {
            assert_eq!(comments(&text), comments(&new), "{operation:?} {pointer} in\n{text}\nto\n{new}");
            done += 1;
        }
    }
    assert!(done > 900, "only {done} of 1500 could be done");
}
