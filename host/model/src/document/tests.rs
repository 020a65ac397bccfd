//! Documents: what each kind of node tells, where it stands, and that no key hides another.

use super::*;

fn sample() -> Document {
    let mut b = DocumentBuilder::new(None, Limits::default());
    b.begin_map(None);
    b.key("spec", None);
    b.begin_map(None);
    b.key("a/b", None);
    b.begin_list(None);
    b.number("1.0", None);
    b.string("x\n", None);
    b.end(0).expect("a list");
    b.key("on", None);
    b.boolean(true, None);
    b.end(0).expect("a map");
    b.key("none", None);
    b.null(None);
    b.end(0).expect("a map");
    b.finish().expect("a document")
}

#[test]
fn reads_back_what_was_built() {
    let doc = sample();
    let list = doc.walk(NodeId::ROOT, &["spec", "a/b"]);
    assert_eq!(doc.to_json(NodeId::ROOT), r#"{"spec":{"a/b":[1.0,"x\n"],"on":true},"none":null}"#);
    assert_eq!(doc.number_text(doc.at(list, 0)), "1.0");
    assert_eq!(doc.pointer(doc.at(list, 1)), "/spec/a~1b/1");
    assert_eq!(doc.resolve(NodeId::ROOT, "/spec/a~1b/1"), (doc.at(list, 1), true));
    assert_eq!(doc.resolve(NodeId::ROOT, "/spec/a~1b/7/z"), (list, false));
    assert_eq!(doc.kind(doc.find(NodeId::ROOT, "none")), Kind::Null);
    assert!(doc.find(NodeId::NONE, "spec").is_none());
    assert_eq!(doc.key(list), Some("a/b"));
}

#[test]
fn numbers_a_subtree_from_its_own_root() {
    let doc = sample();
    let spec = doc.subtree(doc.find(NodeId::ROOT, "spec")).expect("spec");
    assert_eq!(spec.node_count(), 5);
    assert!(!spec.contains(NodeId(6)), "a node beside the subtree is out of reach");
    assert_eq!(spec.pointer(spec.find(NodeId::ROOT, "on")), "/on");
    assert!(spec.parent(NodeId::ROOT).is_none());
    assert_eq!(spec.to_json(NodeId::ROOT), r#"{"a/b":[1.0,"x\n"],"on":true}"#);
}

#[test]
fn finds_keys_of_large_maps() {
    let mut b = DocumentBuilder::new(None, Limits::default());
    b.begin_map(None);
    for n in 0..1000 {
        b.key(&format!("k{n}"), None);
        b.number(&n.to_string(), None);
    }
    b.end(0).expect("a map");
    let doc = b.finish().expect("a document");
    for n in 0..1000 {
        assert_eq!(doc.number_text(doc.find(NodeId::ROOT, &format!("k{n}"))), n.to_string());
    }
    assert!(doc.find(NodeId::ROOT, "k1000").is_none());
    assert_eq!(doc.len(NodeId::ROOT), 1000);
}

/// Two keys with one hash; anybody can find more.
const COLLIDING: (&str, &str) = ("ctgzpcvlnkj", "ieutcpappvm");

/// `{"name": "x", "list": [1], "empty": , "flag": false}`, with places.
fn placed() -> Document {
    let source = Source::new("a.yaml", r#"{"name": "x", "list": [1], "empty": , "flag": false}"#);
    let mut b = DocumentBuilder::new(Some(source), Limits::default());
    let span = |from, to| Some(Span::new(from, to));
    b.begin_map(span(0, 1));
    b.key("name", span(1, 7));
    b.string("x", span(9, 12));
    b.key("list", span(14, 20));
    b.begin_list(span(22, 23));
    b.number("1", span(23, 24));
    b.end(25).expect("a list");
    b.key("empty", span(27, 34));
    b.null(span(36, 36));
    b.key("flag", span(38, 44));
    b.boolean(false, span(46, 51));
    b.end(52).expect("a map");
    b.finish().expect("a document")
}

#[test]
fn points_at_a_value_or_where_it_has_nothing_to_show_at_its_key() {
    let doc = placed();
    let columns = |place: Option<Place>| place.map(|place| (place.start().1, place.end().1));
    let shown = |keys: &[&str]| columns(doc.place(doc.walk(NodeId::ROOT, keys)));
    assert_eq!(shown(&["name"]), Some((10, 13)), "a scalar itself");
    assert_eq!(shown(&["list"]), Some((15, 21)), "the key of a list");
    assert_eq!(shown(&["empty"]), Some((28, 35)), "the key of what is written as nothing");
    assert_eq!(shown(&[]), Some((1, 53)), "the root stands under no key");
    let list = doc.find(NodeId::ROOT, "list");
    assert_eq!(columns(doc.place(doc.at(list, 0))), Some((24, 25)), "an item has no key");
    assert_eq!(columns(doc.key_place(list)), Some((15, 21)));
    assert_eq!(columns(doc.value_place(list)), Some((23, 26)), "to its last bracket");
    assert_eq!(columns(doc.key_place(NodeId::ROOT)), None);
    assert_eq!(doc.source().map(|source| source.name()), Some("a.yaml"));
    assert_eq!(sample().place(NodeId::ROOT), None, "nobody kept a text");
}

#[test]
fn reads_of_each_kind_only_what_it_has() {
    let doc = placed();
    let [name, list, empty, flag] = ["name", "list", "empty", "flag"].map(|key| doc.find(NodeId::ROOT, key));
    assert_eq!((doc.text(name), doc.text(list), doc.text(flag)), ("x", "", ""));
    assert_eq!((doc.number_text(doc.at(list, 0)), doc.number_text(name)), ("1", ""));
    assert_eq!((doc.boolean(flag), doc.boolean(name), doc.boolean(empty)), (Some(false), None, None));
    let on = sample();
    assert_eq!(on.boolean(on.walk(NodeId::ROOT, &["spec", "on"])), Some(true));
    assert_eq!(doc.string(NodeId::ROOT, &["name"]), Some("x"));
    assert_eq!(doc.string(NodeId::ROOT, &["list"]), None);
    assert_eq!(doc.string(NodeId::ROOT, &["list", "name"]), None);
    assert_eq!((doc.len(NodeId::ROOT), doc.len(list), doc.len(name), doc.len(flag)), (4, 1, 0, 0));
    assert_eq!(doc.items(name).count(), 0);
    let keys: Vec<&str> = doc.entries(NodeId::ROOT).map(|(key, _)| key).collect();
    assert_eq!(keys, ["name", "list", "empty", "flag"]);
    assert_eq!((doc.entries(list).count(), doc.entries(name).count()), (0, 0));
    assert_eq!((doc.key_at(NodeId::ROOT, 1), doc.key_at(NodeId::ROOT, 4), doc.key_at(list, 0)), ("list", "", ""));
    assert_eq!(doc.key(doc.at(list, 0)), None, "an item stands under no key");
    let interned = Key::new("list");
    assert_eq!((interned.text(), doc.get(NodeId::ROOT, &interned)), ("list", list));
    assert!(doc.get(list, &interned).is_none() && doc.at(list, 1).is_none());
}

#[test]
fn a_view_of_one_value_is_that_value_and_nothing_beside_it() {
    let doc = placed();
    let name = doc.subtree(doc.find(NodeId::ROOT, "name")).expect("a value");
    assert_eq!((name.node_count(), name.to_json(NodeId::ROOT).as_str()), (1, r#""x""#));
    assert!(name.contains(NodeId::NONE) && name.contains(NodeId::ROOT) && !name.contains(NodeId(2)));
    assert_eq!(name.kind(NodeId(2)), Kind::None);
    assert!(doc.subtree(NodeId::NONE).is_none() && doc.subtree(NodeId(7)).is_none());
}

#[test]
fn follows_a_pointer_into_a_list_only_by_a_plain_number() {
    let doc = placed();
    assert!(doc.resolve(NodeId::ROOT, "/list/0").1);
    for pointer in ["/list/00", "/list/01", "/list/+0", "/list/-", "/list/", "/list/1", "/list/0x", "/list/4294967296"]
    {
        let (node, found) = doc.resolve(NodeId::ROOT, pointer);
        assert_eq!((node, found), (doc.find(NodeId::ROOT, "list"), false), "{pointer}");
    }
    let mut b = DocumentBuilder::new(None, Limits::default());
    b.begin_list(None);
    (0..12).for_each(|n| b.number(&n.to_string(), None));
    b.end(0).expect("a list");
    let list = b.finish().expect("a document");
    assert_eq!(list.number_text(list.resolve(NodeId::ROOT, "/10").0), "10");
    assert!(!list.resolve(NodeId::ROOT, "/010").1 && !list.resolve(NodeId::ROOT, "/+1").1);
}

#[test]
fn tells_keys_apart_whose_hashes_are_the_same_and_at_every_size() {
    let (one, other) = COLLIDING;
    assert_eq!(hash(one), hash(other), "find two others where the hash has changed");
    for more in [0, 13, 14, 15, 100] {
        let mut b = DocumentBuilder::new(None, Limits::default());
        b.begin_map(None);
        for key in [one, other] {
            b.key(key, None);
            b.string(key, None);
        }
        (0..more).for_each(|n| {
            b.key(&format!("k{n}"), None);
            b.null(None);
        });
        b.end(0).expect("no key stands there twice");
        let doc = b.finish().expect("a document");
        assert_eq!(doc.len(NodeId::ROOT), more + 2);
        assert_eq!([one, other].map(|key| doc.string(NodeId::ROOT, &[key])), [Some(one), Some(other)], "{more}");
        assert!(doc.find(NodeId::ROOT, "absent").is_none());
    }
}

#[test]
fn writes_something_else_in_the_place_of_a_value_and_goes_on_behind_it() {
    let doc = sample();
    let list = doc.walk(NodeId::ROOT, &["spec", "a/b"]);
    let mut out = String::new();
    doc.write_json_with(NodeId::ROOT, &mut out, |node| (node == list).then_some("hidden"));
    assert_eq!(out, r#"{"spec":{"a/b":"hidden","on":true},"none":null}"#);
}

#[test]
fn never_shows_what_a_document_holds_where_it_is_logged() {
    assert_eq!(format!("{:?}", placed()), "Document(6 nodes)");
}
