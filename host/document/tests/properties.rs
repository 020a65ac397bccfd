//! What holds of every JSON Pointer, whatever the keys of a document are.

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, Kind, NodeId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

/// The same cases in every run, unless `PROPTEST_RNG_SEED` says other ones; `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(8);
    }
    config
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        prop::bool::ANY.prop_map(Value::from),
        (-5..5i64).prop_map(Value::from),
        "\\PC{0,4}".prop_map(Value::from)
    ];
    let key = "[~/01a#%\"\\\\é -]{0,4}|~[01]{0,2}|\\PC{0,3}";
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn nodes(document: &Document, node: NodeId, all: &mut Vec<NodeId>) {
    all.push(node);
    match document.kind(node) {
        Kind::Map => document.entries(node).for_each(|(_, node)| nodes(document, node, all)),
        Kind::List => document.items(node).for_each(|node| nodes(document, node, all)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn finds_every_value_by_its_pointer_and_by_no_other(value in values()) {
        let document = read_json_text(&value.to_string(), &ReadLimits::default()).expect("JSON");
        let mut all = Vec::new();
        nodes(&document, NodeId::ROOT, &mut all);
        let mut pointers = std::collections::BTreeSet::new();
        for node in all {
            let pointer = document.pointer(node);
            prop_assert_eq!(document.resolve(NodeId::ROOT, &pointer), (node, true), "{}", pointer);
            let theirs = value.pointer(&pointer).map(Value::to_string);
            prop_assert_eq!(theirs, Some(document.to_json(node)), "{}", pointer);
            prop_assert!(pointers.insert(pointer.clone()), "{} names two values", pointer);
        }
    }

    #[test]
    fn resolves_what_is_not_there_to_what_would_hold_it(value in values(), pointer in "(/(~0|~1|[a01-]|é){0,3}){0,5}") {
        let document = read_json_text(&value.to_string(), &ReadLimits::default()).expect("JSON");
        let (node, whole) = document.resolve(NodeId::ROOT, &pointer);
        prop_assert_eq!(whole, value.pointer(&pointer).is_some(), "{}", pointer);
        let above = document.pointer(node);
        prop_assert_eq!(document.resolve(NodeId::ROOT, &above), (node, true));
        prop_assert!(pointer == above || pointer.starts_with(&format!("{above}/")), "{} is below {}", pointer, above);
    }
}
