//! Attested documents: a reading or one complaint, whatever a signed text holds.

use std::sync::LazyLock;

use portcullis_predicate::{Text, Unreadable, delegated, provenance, sarif, sbom, vex};
use serde_json::json;

static SARIF: LazyLock<sarif::Ask> = LazyLock::new(|| sarif::Ask::read(&json!({})).expect("an ask"));

static SBOM: LazyLock<(sbom::About, sbom::Ask)> = LazyLock::new(|| {
    let about = sbom::About { digests: vec![format!("sha256:{}", "a".repeat(64))], sha512: None };
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let ask =
        sbom::Ask::new(&list(&["pkg:npm/left-pad", "pkg:npm/*/a@1"]), &list(&["GPL-*", "MIT"]), &list(&["library"]));
    (about, ask.and_then(|ask| ask.with_endpoints(&list(&["https://*.example/**"]))).expect("an ask"))
});

pub fn judge(data: &[u8]) {
    if let Some(text) = told(Text::read(data)) {
        let span = text.span_of("").expect("the whole text stands somewhere");
        assert!(text.as_str().get(span).is_some());
    }
    if let Some(reading) = told(sarif::read(data, &SARIF)) {
        shown(&reading.to_json());
    }
    if let Some(reading) = told(sbom::read(data, &SBOM.0, &SBOM.1)) {
        shown(&reading.to_json());
    }
    if let Some(reading) = told(vex::read(data)) {
        shown(&reading.to_json());
    }
    for predicate_type in provenance::PREDICATE_TYPES {
        if let Some(reading) = told(provenance::read(predicate_type, data)) {
            shown(&reading.to_json());
        }
    }
    for predicate_type in [delegated::TEST_RESULT, delegated::VSA, delegated::SVR[0]] {
        if let Some(reading) = told(delegated::read(predicate_type, data)) {
            shown(&reading.to_json());
        }
    }
}

/// A fact is one JSON document.
fn shown(members: &serde_json::Map<String, serde_json::Value>) {
    assert!(!members.is_empty());
}

fn told<T>(result: Result<T, Unreadable>) -> Option<T> {
    result.map_err(|unreadable| assert!(!unreadable.to_string().is_empty())).ok()
}
