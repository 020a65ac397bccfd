//! YAML as kubectl reads it: the table of measured rows, merge keys, aliases, streams, places, and every complaint.

use std::sync::Arc;

use portcullis_document::{Error, ErrorKind, ReadLimits, read_json, read_yaml, yaml_looks_like_template};
use portcullis_model::{Document, Limits, NodeId, Source};

fn read(text: &str) -> Result<Vec<Document>, Error> {
    read_yaml(&Source::new("a.yaml", text), &ReadLimits::default())
}

fn json(text: &str) -> String {
    let documents = read(text).map_err(|error| format!("{text:?}: {error}")).expect("readable");
    documents.iter().map(|document| document.to_json(NodeId::ROOT)).collect::<Vec<_>>().join(" ")
}

fn refused(text: &str) -> Error {
    read(text).map_or_else(Ok, |documents| Err((text, documents))).expect("refused")
}

fn complaint(text: &str) -> String {
    let error = refused(text);
    let place = error.place().map(|place| place.to_string()).unwrap_or_default();
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{place}: {error}{hint}")
}

fn assert_values(rows: &[(&str, &str)]) {
    for (scalars, expected) in rows {
        for scalar in scalars.split(' ') {
            assert_eq!(json(&format!("a: {scalar}")), format!(r#"{{"a":{expected}}}"#), "{scalar}");
        }
    }
}

#[test]
fn reads_words_and_numbers_of_yaml_1_1_as_kubectl_does() {
    assert_values(&[
        ("y Y yes Yes YES on On ON true True TRUE", "true"),
        ("n N no No NO off Off OFF false False FALSE", "false"),
        ("~ null Null NULL", "null"),
        ("tRUE", r#""tRUE""#),
        ("nUll", r#""nUll""#),
        ("010", "8"),
        ("0o17 017", "15"),
        ("-010", "-8"),
        ("0o8", r#""0o8""#),
        ("08", "8"),
        ("089", "89"),
        ("0x1F", "31"),
        ("0xFF_FF", "65535"),
        ("0b11", "3"),
        ("+1", "1"),
        ("-0", "0"),
        ("1_000 1e3", "1000"),
        ("1__0", "10"),
        ("1_ 1. 1.0", "1"),
        ("1_0.5", "10.5"),
        ("12e03", "12000"),
        ("-.5", "-0.5"),
        (".5 .5_0", "0.5"),
        ("0.10", "0.1"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        ("18446744073709551616", "18446744073709552000"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
    ]);
    for text in "1_000m 500m 1:30 _1 1,000 = 1e309 1e400 2020-01-01 2020-01-01T10:00:00Z << ._5".split(' ') {
        assert_eq!(json(&format!("a: {text}")), format!(r#"{{"a":"{text}"}}"#));
    }
    assert_eq!(json("a:"), r#"{"a":null}"#);
}

#[test]
fn reads_tags_and_keys_as_kubectl_does() {
    assert_eq!(
        json("[!!str 5, !!int '5', !!binary aGk=, !foo x, !!float 5, !!bool 'yes', ! 5]"),
        r#"["5",5,"hi","x",5,true,"5"]"#
    );
    assert_eq!(json("1: a\n1.5: b\nyes: c\nn: d\n0.1: e"), r#"{"1":"a","1.5":"b","true":"c","false":"d","0.1":"e"}"#);
    assert_eq!(
        json("1e6: a\n0x10: b\n.inf: c\n2020-01-01: d"),
        r#"{"1e+06":"a","16":"b",".inf":"c","2020-01-01":"d"}"#
    );
    assert_eq!(json("a: !!timestamp '2024-2-29'"), r#"{"a":"2024-2-29"}"#);
    for time in ["2024-02-29T1:02:03Z", "2024-2-9t01:02:03.5+07:30", "2024-02-29 1:2:3.25"] {
        assert_eq!(json(&format!("a: !!timestamp '{time}'")), format!(r#"{{"a":"{time}"}}"#));
    }
    for time in
        ["2024-02-29T01:02Z", "2024-02-29T01:02:03", "2024-02-29T24:00:00Z", "2024-02-29 1:2:3 +1", "2024-02-29x"]
    {
        assert_eq!(
            *refused(&format!("a: !!timestamp '{time}'")).kind(),
            ErrorKind::WrongTag { tag: "!!timestamp".into() }
        );
    }
    assert_eq!(
        complaint("a: !!timestamp 2023-2-29"),
        "a.yaml:1:4: this value cannot be read as `!!timestamp`".replace(":4", ":16")
    );
    assert_eq!(*refused("a: !!int x").kind(), ErrorKind::WrongTag { tag: "!!int".into() });
    assert_eq!(*refused("a: !!binary aGk").kind(), ErrorKind::NotBase64);
}

#[test]
fn refuses_values_and_keys_that_json_cannot_say() {
    for text in [".inf", "-.Inf", "+.INF", ".nan", "!!float .inf"] {
        assert_eq!(*refused(&format!("a: {text}")).kind(), ErrorKind::NotANumber, "{text}");
    }
    for text in ["? [a]\n: b", "? {a: 1}\n: b", "~: a", "9223372036854775808: a", "&a [x]: b"] {
        assert_eq!(*refused(text).kind(), ErrorKind::ComplexKey, "{text}");
    }
}

#[test]
fn a09b_refuses_duplicate_keys_and_keys_that_collapse() {
    assert_eq!(
        complaint("a: 1\nb: 2\n\"a\": 3\n"),
        "a.yaml:3:1: the key `a` stands here twice, the first time in line 1 (keep one of the two; `yes`, `on` and `true` are one key unless quoted)"
    );
    for text in ["n: 1\nno: 2", "{1: a, '1': b}", "0x1: a\n1: b", "{a: 1, \"a\": 2}", "{\"a\":1,\"a\":2}"] {
        assert!(matches!(refused(text).kind(), ErrorKind::DuplicateKey { first: Some(_), .. }), "{text}");
    }
    assert_eq!(json("yes: 1\n'yes': 2"), r#"{"true":1,"yes":2}"#);
}

#[test]
fn a09b_merges_maps_as_kubectl_does() {
    let base = "x: &b {a: 1, b: 2}\nz:\n  ";
    assert!(json(&format!("{base}<<: *b\n  a: 3")).ends_with(r#""z":{"a":3,"b":2}}"#));
    // go-yaml fills in the order of the text: a merge key after a key wins.
    assert!(json(&format!("{base}a: 3\n  <<: *b")).ends_with(r#""z":{"a":1,"b":2}}"#));
    assert_eq!(json("{<<: [{a: 1, b: 1}, {b: 2, c: 2}]}"), r#"{"b":1,"c":2,"a":1}"#);
    assert_eq!(json("{<<: {<<: {a: 1}, b: 2}, c: 3}"), r#"{"a":1,"b":2,"c":3}"#);
    assert_eq!(json("'<<': {a: 1}"), r#"{"<<":{"a":1}}"#);
    for text in ["<<: 1", "<<: [1]", "a: &a [x]\nb: {<<: *a}", "<<: ~"] {
        assert_eq!(*refused(text).kind(), ErrorKind::MergeNotAMap, "{text}");
    }
    assert!(matches!(refused("{<<: {a: 1}, b: 1, b: 2}").kind(), ErrorKind::DuplicateKey { .. }));
    assert!(matches!(refused("{<<: {a: 1, a: 2}}").kind(), ErrorKind::DuplicateKey { .. }));
}

#[test]
fn refuses_a_merge_that_replaces_a_written_key_in_files_of_its_own() {
    let own = |text: &str| read_yaml(&Source::new("a.yaml", text), &ReadLimits::own());
    let error = own("spec:\n  policies: [a]\n  <<: {policies: []}\n").expect_err("laxer than it looks");
    let place = error.place().expect("a place");
    assert_eq!(place.start(), (2, 3));
    assert_eq!(
        error.kind().to_string(),
        "a merge key `<<` below replaces `policies`, and most readers of YAML keep it"
    );
    assert!(
        own("a: &a {b: 1, c: 2}\nd: {<<: *a, b: 3}\ne: {c: {}, <<: {b: 1}, f: 1}\n").is_ok(),
        "what all read alike"
    );
}

#[test]
fn a17_keeps_omitted_null_empty_text_and_empty_map_apart() {
    assert_eq!(json("a:\nb: null\nc: ''\nd: {}\ne: []\nf: \"\""), r#"{"a":null,"b":null,"c":"","d":{},"e":[],"f":""}"#);
}

#[test]
fn repeats_anchors_and_refuses_what_cannot_be_repeated() {
    assert_eq!(
        json("a: &x [1, {b: 2}]\nc: *x\n*y : 1\n".replace("*y : 1\n", "").as_str()),
        r#"{"a":[1,{"b":2}],"c":[1,{"b":2}]}"#
    );
    assert_eq!(json("- &k key\n- {*k : 1}\n- &k two\n- *k"), r#"["key",{"key":1},"two","two"]"#);
    assert_eq!(*refused("a: *x").kind(), ErrorKind::UnknownAnchor { name: "x".into() });
    assert_eq!(*refused("a: &x 1\n---\nb: *x").kind(), ErrorKind::UnknownAnchor { name: "x".into() });
    assert_eq!(*refused("a: &x [*x]").kind(), ErrorKind::AnchorInsideItself { name: "x".into() });
}

#[test]
fn refuses_alias_bombs_by_copies_and_by_merges() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    let mut merges = String::from("a0: &a0 {x: 1, y: 2}\n");
    for n in 1..30 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{aliases}]\n");
        merges += &format!("a{n}: &a{n} {{<<: [{aliases}]}}\n");
    }
    for text in [bomb, merges] {
        assert!(matches!(refused(&text).kind(), ErrorKind::AliasExpansion { limit: 400_000 }));
    }
}

#[test]
fn reads_streams_as_kubectl_splits_them() {
    assert_eq!(json("a: 1\n---\n# nothing\n---\nnull\n---\n\n--- # two\nb: 2\n..."), r#"{"a":1} {"b":2}"#);
    assert_eq!(json("\u{feff}a: 1\r\n---\r\n\u{feff}b: |\r\n  x\r\n  y\r\n"), r#"{"a":1} {"b":"x\ny\n"}"#);
    assert_eq!(json("%YAML 1.1\n---\na: 1\n...\n%TAG !e! tag:e,2000:\n---\nb: !e!x 2"), r#"{"a":1} {"b":"2"}"#);
    assert_eq!(json("{\"a\": 1}\n{\"b\": \"\\ud83d\\ude00\\/\"}"), "{\"a\":1} {\"b\":\"😀/\"}");
    assert_eq!(json("{\"a\": 1.0}\n---\nb: 1.0\n"), r#"{"a":1.0} {"b":1}"#);
    assert_eq!(json("{a: 1, \"b\": 2}"), r#"{"a":1,"b":2}"#);
    assert_eq!(json(""), "");
    assert_eq!(json("# only\n--- \n\u{feff}"), "");
}

#[test]
fn reads_an_object_behind_white_space_of_any_kind_a09b() {
    // kubectl creates what stands in the braces. A plain scalar that begins with the space would be a text that nobody judges.
    for blank in ["\u{a0}", "\u{3000}", "\u{85}", "\u{2028}", "\t", " \u{a0}\t", "\u{c}"] {
        for object in ["{\"a\":{\"b\":1}}", "{a: {b: 1}}", "{\"a\":{\"b\":1,},}"] {
            assert_eq!(json(&format!("{blank}{object}\n")), r#"{"a":{"b":1}}"#, "{blank:?}{object}");
        }
        let second = json(&format!("{{\"a\":1}}{blank}{{\"b\":[],}}\n"));
        assert_eq!(second, r#"{"a":1} {"b":[]}"#, "{blank:?}");
    }
    assert_eq!(json("{\"a\":1}\u{feff}{\"b\":2}"), r#"{"a":1} {"b":2}"#);
    let hidden = "{}07\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}";
    assert_eq!(
        refused(hidden).to_string(),
        "a number that is not written as JSON wants it",
        "kubectl creates that Pod"
    );
    assert_eq!(complaint("{\"a\":1}{\"b\":2}\u{feff}{\"c\":3}"), "a.yaml:1:15: no JSON value begins here");
}

#[test]
fn refuses_a_byte_order_mark_that_makes_kubectl_read_a_comment_a09b() {
    // kubectl 1.36 reads `{"hostNetwork":true}` of the first: the mark stands at the end of go-yaml's buffer.
    for text in [
        format!("#{}\u{feff}\n# hostNetwork: true\n", "x".repeat(509)),
        format!("a: \"{}\u{feff}\"\n#b: true\n", "x".repeat(505)),
        "a: |\n  x\u{feff}y\n".to_owned(),
    ] {
        assert_eq!(
            refused(&text).to_string(),
            "a byte-order mark inside the text; remove it, or write it as `\\uFEFF` in double quotes"
        );
    }
    assert_eq!(json("\u{feff}a: 1\n---\n\u{feff}b: \"\\uFEFF\"\n"), "{\"a\":1} {\"b\":\"\u{feff}\"}");
}

#[test]
fn reads_block_and_quoted_scalars() {
    assert_eq!(
        json("a: |\n  x\n   y\n\nb: >-\n  x\n  y\n\n  z\nc: |+\n  x\n\n"),
        r#"{"a":"x\n y\n","b":"x y\nz","c":"x\n\n"}"#
    );
    assert_eq!(
        json(
            r#"["\x41\u00e9\t\"", 'it''s', "a\
      b"]"#
        ),
        "[\"A\u{e9}\\t\\\"\",\"it's\",\"ab\"]"
    );
    assert_eq!(json("{a: http://x:80/y, b: a:b}"), r#"{"a":"http://x:80/y","b":"a:b"}"#);
    assert_eq!(json("a: |"), r#"{"a":""}"#);
}

#[test]
fn keeps_the_place_of_every_key_and_value() {
    let text = "ä: &x\n  cpu: !!str  500m # c\n  list:\n  - 1\n  - \"two\"\nflow: {k: [1, 2]}\ntext: |\n  line\n\nagain: *x\nempty:\n";
    let document = read(text).expect("a document").remove(0);
    let at = |keys: &[&str]| {
        let node = document.walk(NodeId::ROOT, keys);
        let place = document.value_place(node).expect("a place");
        let span = place.span.start as usize..place.span.end as usize;
        (place.start(), text[span].to_owned(), document.key_place(node).expect("a key").start())
    };
    assert_eq!(at(&["ä", "cpu"]), ((2, 15), "500m".into(), (2, 3)));
    assert_eq!(at(&["ä"]), ((2, 3), "cpu: !!str  500m # c\n  list:\n  - 1\n  - \"two\"".into(), (1, 1)));
    assert_eq!(at(&["ä", "list"]), ((4, 3), "- 1\n  - \"two\"".into(), (3, 3)));
    assert_eq!(at(&["flow"]), ((6, 7), "{k: [1, 2]}".into(), (6, 1)));
    assert_eq!(at(&["flow", "k"]), ((6, 11), "[1, 2]".into(), (6, 8)));
    assert_eq!(at(&["text"]), ((7, 7), "|\n  line".into(), (7, 1)));
    assert_eq!(at(&["again", "cpu"]), at(&["ä", "cpu"]), "a copy has the places of what it copies");
    let root =
        read("# c\n- a: [1, 2]\n# d\n").expect("a document").remove(0).value_place(NodeId::ROOT).expect("a place");
    assert_eq!((root.start(), root.end()), ((2, 1), (2, 12)), "a block ends with its last bracket, not with comments");
    assert_eq!(at(&["empty"]), ((11, 7), String::new(), (11, 1)));
}

#[test]
fn names_what_is_wrong_where_and_what_to_do() {
    let cases = [
        ("a:\n\t- b", "a.yaml:2:1: a tab where YAML allows only spaces (indent with spaces)"),
        ("a:\n  b: 1\n\tc: 2\n", "a.yaml:3:1: a tab where YAML allows only spaces (indent with spaces)"),
        (
            "a: [1,\n",
            "a.yaml:2:1: the text ends inside a value (check that the file is complete, and that every quote and bracket is closed)",
        ),
        (
            "a: \"x",
            "a.yaml:1:6: the text ends inside a value (check that the file is complete, and that every quote and bracket is closed)",
        ),
        (
            "{\"a\": [1,",
            "a.yaml:1:10: the text ends inside a value (check that the file is complete, and that every quote and bracket is closed)",
        ),
        (
            "a: {{ .Values.x }}",
            "a.yaml:1:4: this is a template that has not been rendered (render it first: `helm template CHART | portcullis check -`)",
        ),
        (
            "{{- if .Values.x }}\na: 1\n{{- end }}",
            "a.yaml:1:1: this is a template that has not been rendered (render it first: `helm template CHART | portcullis check -`)",
        ),
        ("a: b: c", "a.yaml:1:5: a `:` where no key can stand: check the indentation, or put the value in quotes"),
        ("a: \u{7}", "a.yaml:1:4: a control character that has to be escaped"),
        ("a: @x", "a.yaml:1:4: a value cannot begin with this character unless quoted"),
        (
            "a: 1\nb: x\n\u{feff}c: 1",
            "a.yaml:3:1: a byte-order mark inside the text; remove it, or write it as `\\uFEFF` in double quotes",
        ),
        ("a: x\r\r\nb: 1", "a.yaml:1:5: two carriage returns before a line feed: the line ends were converted twice"),
    ];
    for (text, expected) in cases {
        assert_eq!(complaint(text), expected, "{text:?}");
    }
    assert!(!yaml_looks_like_template("a: '{{workflow.name}}' # {{ .x }}\nb: \"{{=x}}\""));
}

#[test]
fn keeps_every_limit() {
    let source = |text: &str| Source::new("a.yaml", text);
    let small = ReadLimits {
        bytes: 64,
        documents: 2,
        alias_expansion: 3,
        merges_replace: true,
        tree: Limits { depth: 3, nodes: 10 },
    };
    let refused = |text: &str| read_yaml(&source(text), &small).expect_err("beyond a limit").kind().clone();
    assert_eq!(refused(&"a".repeat(65)), ErrorKind::TooLarge { bytes: 65, limit: 64 });
    assert_eq!(refused("a: 1\n---\nb: 2\n---\nc: 3"), ErrorKind::TooManyDocuments { limit: 2 });
    assert_eq!(refused("{}{}{}"), ErrorKind::TooManyDocuments { limit: 2 });
    assert_eq!(refused("[[[[1]]]]"), ErrorKind::TooDeep { limit: 3 });
    assert_eq!(refused("a: &x [[1]]\nb: [[*x]]"), ErrorKind::TooDeep { limit: 3 });
    assert_eq!(refused("[1,2,3,4,5,6,7,8,9,10]"), ErrorKind::TooManyNodes { limit: 10 });
    assert_eq!(refused("[1,2,3,4]\n---\n[1,2,3,4,5]"), ErrorKind::TooManyNodes { limit: 10 }, "all documents count");
    assert_eq!(refused("{\"a\":[1,2,3,4]}\n{\"a\":[1,2,3,4,5]}"), ErrorKind::TooManyNodes { limit: 10 });
    assert!(
        read_yaml(&source("{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9}"), &small).is_ok(),
        "keys are none"
    );
    assert_eq!(refused("- &x [1, 2]\n- *x\n- *x"), ErrorKind::AliasExpansion { limit: 3 });
    let large = ReadLimits::default();
    for text in [
        "[".repeat(1 << 20),
        "- ".repeat(1 << 20),
        "{a: ".repeat(1 << 20),
        "? ".repeat(1 << 20),
        "{\"a\":".repeat(1 << 20),
    ] {
        assert!(matches!(
            read_yaml(&source(&text), &large).expect_err("deep").kind(),
            ErrorKind::TooDeep { limit: 100 }
        ));
    }
    let directives = "%TAG !a! tag:x,2000:\n".repeat(100_000) + "---\na: 1";
    assert!(matches!(read_yaml(&source(&directives), &large).expect_err("many").kind(), ErrorKind::Syntax { .. }));
}

#[test]
fn stops_at_the_first_value_too_many() {
    let file = Source::new("a.yaml", "- a\n".repeat(8_000_000));
    let error = read_yaml(&file, &ReadLimits::file()).expect_err("too many values");
    assert_eq!(error.to_string(), "more than 2000000 values in one text");
    assert_eq!(error.place().expect("a place").start(), (2_000_000, 3), "the list is a value as well");
}

#[test]
fn names_the_fault_of_a_json_stream_where_it_is() {
    let first = "{\"a\":1}";
    for (rest, expected) in [
        ("---\n{\"a\":[{\"b\":1,,}]}", "3:14: a key must stand in double quotes"),
        ("{\"a\":[{\"b\":1,,}]}", "2:14: a key must stand in double quotes"),
        ("{\"a\":[1,\n 2", "3:3: the text ends inside a value"),
        ("---\n{\"a\":[1,\n 2", "4:3: the text ends inside a value"),
        ("---\n{\"a\":2}\n---\na: [", "5:5: the text ends inside a value"),
        ("x", "2:1: more text after the end of the JSON value"),
    ] {
        let source = Source::new("a", format!("{first}\n{rest}"));
        let whole = read_json(&source, &ReadLimits::default()).expect_err("no JSON value");
        assert_eq!(format!("{}: {whole}", whole.place().expect("a place")), format!("a:{expected}"), "{rest}");
        if rest != "x" {
            let stream = read_yaml(&source, &ReadLimits::default()).expect_err("no stream");
            assert_eq!(stream, whole, "{rest}");
        }
    }
    for legal in ["{\"b\":2}", "---\n{\"b\":2}", "---\nb: 2"] {
        let source = Source::new("a", format!("{first}\n{legal}"));
        assert_eq!(read_yaml(&source, &ReadLimits::default()).expect("a stream").len(), 2);
        let error = read_json(&source, &ReadLimits::default()).expect_err("two values");
        assert_eq!((error.kind(), error.place().expect("a place").start()), (&ErrorKind::TrailingText, (2, 1)));
        assert!(error.hint().expect("a way out").contains("`List`"));
    }
}

#[test]
fn counts_lines_that_end_with_a_carriage_return() {
    assert_eq!(refused("a: 1\rb: &x 1 # c\rc: *y\r").place().expect("a place").start(), (3, 4));
    assert_eq!(refused("a:\r  b: 1\r\tc: 2\r").to_string(), "a tab where YAML allows only spaces");
    assert_eq!(refused("- a\n \t\n- [b:]\n").to_string(), "found unexpected ':'", "a line of blanks is not to blame");
    assert_eq!(refused("- >\n a\n \tt\n- [b:]\n").to_string(), "found unexpected ':'", "nor is a tab in a text");
    assert_eq!(json("a: &x # c\r  b: 1\rc: 2\r"), r#"{"a":{"b":1},"c":2}"#);
}

#[test]
fn never_shows_a_value_in_a_message() {
    for text in [
        "password: &hunter2 [*hunter2]",
        "password: *hunter2",
        "password: !hunter2 x: y",
        "password: !<tag:yaml.org,2002:int> hunter2",
        "password: !!int hunter2",
        "password: 'hunter2",
        "a: hunter2: b",
        "password: hunter2\n hunter2: 1\n x",
        "{\"password\": \"hunter2}",
    ] {
        let error = refused(text);
        assert!(!format!("{error} {:?}", error.hint()).contains("hunter2"), "{text}");
    }
}

#[test]
fn shares_one_source_between_all_documents() {
    let source = Source::new("a.yaml", "a: 1\n---\nb: 2\n");
    let documents = read_yaml(&source, &ReadLimits::default()).expect("two documents");
    assert!(documents.iter().all(|document| Arc::ptr_eq(document.source().expect("kept"), &source)));
}

#[test]
fn reads_a_comma_directly_after_a_tag_as_a_part_of_the_tag_like_kubectl() {
    for (text, expected) in [
        ("a: [!x, b]", r#"{"a":["b"]}"#),
        ("args: [!!str, x]", r#"{"args":["x"]}"#),
        ("a: [!!str, 5, 6]", r#"{"a":["5",6]}"#),
        ("a: [!!int, 5]", r#"{"a":["5"]}"#),
        ("a: [!, b]", r#"{"a":["b"]}"#),
        ("a: {!x, b: c}", r#"{"a":{"b":"c"}}"#),
        ("a: [!x,b c]", r#"{"a":["c"]}"#),
        ("a: [!x,\n b]", r#"{"a":["b"]}"#),
        ("a: [!x,y, b]", r#"{"a":["b"]}"#),
        ("a: [!x,!y, b]", r#"{"a":["b"]}"#),
        ("a: [!x , b]", r#"{"a":["","b"]}"#),
        ("a: [!x 5, !!str 5, !!int, 5, !x, 5]", r#"{"a":["5","5","5","5"]}"#),
        (
            "x: 1\n---\nk: [\"ä!x, y\", !x, b]\nz: 2\n---\nz: [!y, 3]",
            r#"{"x":1} {"k":["ä!x, y","b"],"z":2} {"z":["3"]}"#,
        ),
    ] {
        assert_eq!(json(text), expected, "{text:?}");
    }
    for text in ["a: [!x,]", "a: [!x,b]", "a: [!!str,5]", "a: [!x,", "a: [!x"] {
        assert!(read(text).is_err(), "kubectl refuses {text:?}");
    }
}

#[test]
fn says_where_a_comma_follows_a_tag_that_it_does_not_lead_the_parser_past() {
    let many = format!("a: [{}b]", "!x, b, ".repeat(17));
    let expected = "a.yaml:1:117: a comma directly after a tag, which kubectl takes for a part of the tag (write the value after the tag, or leave the tag away)";
    assert_eq!(complaint(&many), expected);
    let large = format!("b: [\n!x, c]\na: '{}'", "x".repeat(2 << 20));
    assert!(complaint(&large).starts_with("a.yaml:2:1: a comma directly after a tag"), "{}", complaint(&large));
}
