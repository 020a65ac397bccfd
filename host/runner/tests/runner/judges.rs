//! What an honest plugin sees, and what becomes of what it says.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::guest::{self, DESCRIBE, GET, Guest, finding};
use portcullis_model::{Fact, FactStatus, Finding, NamespaceLabels, NodeId, Query, Severity};
use portcullis_runner::{Input, Outcome, PrepareError, Reason};

fn findings(guest: &Guest<'_>, input: &Input) -> Vec<Finding> {
    let plugin = guest.load().expect("loaded");
    match plugin.evaluate(&guest::prepared(&plugin), input).expect("judged") {
        Outcome::Findings(findings) => findings,
        Outcome::Needs(queries) => unreachable!("{queries:?}"),
    }
}

#[test]
fn points_at_the_guilty_value_and_at_what_should_have_held_a_missing_one() {
    let spec = "(call $get (call $root (i32.const 0)) (i32.const 0))";
    let name = format!("(call $get {spec} (i32.const 1))");
    for (node, missing, pointer, column) in [
        (name.as_str(), "", "/spec/name", 17),
        (spec, "", "/spec", 2),
        (spec, "/list/1", "/spec/list/1", 31),
        (spec, "/resources/limits/a~1b", "/spec/resources/limits/a~1b", 2),
        ("(i32.const 0)", "", "", 1),
    ] {
        let (evaluate, more) = finding(0, node, missing, "wrong");
        let guest = Guest { evaluate: &evaluate, more: &more, imports: GET, ..Guest::default() };
        let found = &findings(&guest, &guest::input(guest::pod()))[0];
        assert_eq!((found.rule.as_str(), found.severity, found.message.as_str()), ("broken", Severity::High, "wrong"));
        assert_eq!(found.pointer, pointer);
        assert_eq!(found.place.as_ref().expect("a place").start(), (1, column), "{pointer}");
    }
}

#[test]
fn points_into_the_new_object_for_what_the_old_one_had() {
    let gone = "(call $get (call $get (call $root (i32.const 1)) (i32.const 0)) (i32.const 1))";
    let (evaluate, more) = finding(0, gone, "", "must not go");
    let guest = Guest { evaluate: &evaluate, more: &more, imports: GET, ..Guest::default() };
    let mut review = guest::review(guest::pod().subtree(NodeId(2)));
    review.old_object = Some(guest::pod());
    let mut input = guest::input(guest::pod());
    input.review = Arc::new(review);
    let found = &findings(&guest, &input)[0];
    assert_eq!(found.pointer, "/spec/name");
    assert_eq!(found.place.as_ref().expect("a place").start(), (1, 2), "the nearest that still exists");
    let mut review = guest::review(None);
    review.old_object = Some(guest::pod());
    input.review = Arc::new(review);
    let found = &findings(&guest, &input)[0];
    assert_eq!(found.place.as_ref().expect("a place").start(), (1, 17), "a deletion is judged by the old object");
}

#[test]
fn reads_a_fact_and_concerns_the_whole_subject_where_it_is_guilty() {
    let imports = r#"(import "portcullis:policy/facts@1.0.0" "root" (func $fact (param i32) (result i32)))"#;
    let (evaluate, more) = finding(0, "(call $fact (i32.const 0))", "/x", "unsigned");
    let guest = Guest { evaluate: &evaluate, more: &more, imports, ..Guest::default() };
    let mut input = guest::input(guest::pod());
    let query = Query::new("signature", "{}");
    input.facts = Arc::new(vec![Fact { query, status: FactStatus::Verified, document: Some(guest::pod()) }]);
    let found = &findings(&guest, &input)[0];
    assert_eq!((found.pointer.as_str(), found.place.as_ref().expect("a place").start()), ("", (1, 1)));
}

#[test]
fn finds_an_answer_however_its_question_is_written() {
    let imports =
        r#"(import "portcullis:policy/facts@1.0.0" "find" (func $find (param i32 i32 i32 i32) (result i32)))"#;
    let ask = |arguments: &str| {
        let escaped: String = arguments.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let more = format!(r#"(data (i32.const 8192) "signature") (data (i32.const 9000) "{escaped}")"#);
        let evaluate = format!(
            "(if (call $find (i32.const 8192) (i32.const 9) (i32.const 9000) (i32.const {})) (then unreachable)) (i32.const 16)",
            arguments.len()
        );
        let plugin = Guest { evaluate: &evaluate, more: &more, imports, ..Guest::default() }.load().expect("loaded");
        let mut input = guest::input(guest::pod());
        let query = Query::new("signature", r#"{"a":1,"b":2}"#);
        input.facts = Arc::new(vec![Fact { query, status: FactStatus::Absent, document: None }]);
        plugin.evaluate(&guest::prepared(&plugin), &input).is_ok()
    };
    assert!(ask(r#"{"a":1,"b":2}"#) && ask(r#"{ "b": 2, "a": 1 }"#));
    assert!(!ask(r#"{"a":1}"#) && !ask("nonsense"));
}

#[test]
fn never_shows_the_label_that_chooses_the_mode() {
    let imports = r#"(import "portcullis:policy/request@1.0.0" "namespace-labels" (func $all (param i32)))
        (import "portcullis:policy/request@1.0.0" "namespace-label" (func $one (param i32 i32 i32)))"#;
    let more = r#"(data (i32.const 8192) "mode")"#;
    // Traps where there is more than one label, or where the hidden one is shown.
    let evaluate = "(call $all (i32.const 64)) (if (i32.ne (i32.load (i32.const 68)) (i32.const 1)) (then unreachable))
        (call $one (i32.const 8192) (i32.const 4) (i32.const 80)) (if (i32.load8_u (i32.const 80)) (then unreachable)) (i32.const 16)";
    let plugin = Guest { evaluate, more, imports, ..Guest::default() }.load().expect("loaded");
    let mut input = guest::input(guest::pod());
    let mut review = guest::review(Some(guest::pod()));
    let labels = [("mode", "sandbox"), ("team", "shop")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    review.namespace = NamespaceLabels::Known(BTreeMap::from(labels));
    input.review = Arc::new(review);
    assert!(plugin.evaluate(&guest::prepared(&plugin), &input).is_err(), "two labels where none is hidden");
    input.hidden_label = Some("mode".into());
    assert!(plugin.evaluate(&guest::prepared(&plugin), &input).is_ok());
}

#[test]
fn selects_by_declared_paths_and_reads_quantities() {
    let imports = r#"(import "portcullis:policy/documents@1.0.0" "select" (func $select (param i32 i32 i32)))
        (import "portcullis:policy/documents@1.0.0" "quantity" (func $quantity (param i32 i32)))
        (import "portcullis:policy/documents@1.0.0" "at" (func $at (param i32 i32) (result i32)))
        (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))"#;
    let evaluate = "(call $select (call $root (i32.const 0)) (i32.const 0) (i32.const 64))
        (if (i32.ne (i32.load (i32.const 68)) (i32.const 2)) (then unreachable))
        (call $quantity (call $at (i32.load offset=4 (i32.load (i32.const 64))) (i32.const 1)) (i32.const 80))
        (if (i32.ne (i32.load (i32.const 80)) (i32.const 1)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 88)) (i64.const 2)) (then unreachable)) (i32.const 16)";
    assert!(findings(&Guest { evaluate, imports, ..Guest::default() }, &guest::input(guest::pod())).is_empty());
}

#[test]
fn gives_back_the_complaints_about_settings() {
    let prepare = r#"(i32.store8 (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 4096)) (i32.store (i32.const 40) (i32.const 1))
        (i32.store (i32.const 4096) (i32.const 8192)) (i32.store (i32.const 4100) (i32.const 4))
        (i32.store (i32.const 4104) (i32.const 8200)) (i32.store (i32.const 4108) (i32.const 8)) (i32.const 32)"#;
    let more = r#"(data (i32.const 8192) "/cpu") (data (i32.const 8200) "too\1bmuch")"#;
    let plugin = Guest { prepare, more, ..Guest::default() }.load().expect("loaded");
    let refused = plugin.prepare("{}").expect_err("complaints");
    assert_eq!(refused.to_string(), r"the plugin refuses its settings: `/cpu`: too\u{1b}much");
    assert!(matches!(refused, PrepareError::Settings(complaints) if complaints.len() == 1));
    let refused = plugin.prepare(&" ".repeat((1 << 20) + 1)).expect_err("too large").to_string();
    assert_eq!(
        refused,
        "plugin `test` cannot use its settings: 1048577 bytes of settings, at most 1048576 are admitted"
    );
}

#[test]
fn refuses_settings_that_another_plugin_prepared() {
    let one = Guest::default().load().expect("loaded");
    let other =
        Guest { describe: &DESCRIBE.replace("\"test\"", "\"other\""), ..Guest::default() }.load().expect("loaded");
    let error = other.evaluate(&guest::prepared(&one), &guest::input(guest::pod())).expect_err("refused");
    assert!(matches!(error.reason(), Reason::Settings(_)));
    assert_eq!(error.to_string(), "plugin `other` cannot use its settings: they were prepared by another plugin");
}

#[test]
fn answers_the_same_on_every_thread() {
    let (evaluate, more) = finding(0, "(call $root (i32.const 0))", "/missing", "wrong");
    let plugin = Guest { evaluate: &evaluate, more: &more, imports: GET, ..Guest::default() }.load().expect("loaded");
    let (prepared, input) = (guest::prepared(&plugin), guest::input(guest::pod()));
    let first = plugin.evaluate(&prepared, &input).expect("judged");
    std::thread::scope(|scope| {
        let judge = || (0..200).all(|_| plugin.evaluate(&prepared, &input).is_ok_and(|outcome| outcome == first));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(judge)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().expect("no panic")));
    });
}
