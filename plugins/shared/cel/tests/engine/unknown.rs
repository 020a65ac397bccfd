//! What the contract of plugins does not tell is an error, whatever way leads to it, and never "there is none".

use serde_json::json;

use crate::trees::{Outcome, judge};

#[test]
fn takes_what_nobody_can_tell_for_an_error_whatever_way_leads_to_it() {
    let question = |variable: &str, expression: &str| {
        json!({
            "namespaceObject": {"metadata": {"name": "d"}},
            "request": {"userInfo": {"username": "eve", "uid": "7", "extra": {"k": ["v"]}}},
            "variables": [{"name": "v", "expression": variable}],
            "expression": expression,
        })
    };
    for (variable, expression) in [
        ("namespaceObject", "variables.v.metadata.?annotations['frozen'].orValue('') != 'true'"),
        ("namespaceObject", "!has(variables.v.metadata.annotations)"),
        ("namespaceObject.metadata", "has(variables.v.annotations)"),
        ("request.userInfo", "!has(variables.v.uid)"),
        ("request.userInfo", "variables.v.?extra.orValue({}).size() == 0"),
        ("[request.userInfo][0]", "!has(variables.v.uid)"),
        ("request", "!has(variables.v.userInfo.uid)"),
        ("1", "!has(dyn(request).userInfo.extra)"),
        ("1", "!has(dyn(namespaceObject).metadata.annotations)"),
    ] {
        match judge(&question(variable, expression)) {
            Outcome::Refused(_) => {}
            Outcome::Failed(what) => assert!(what.contains("is not known here"), "{expression}: {what}"),
            Outcome::Value(value) => panic!("{expression}, where `v` is {variable}, is {value}"),
        }
    }
    let known =
        judge(&question("namespaceObject", "variables.v.metadata.name == 'd' && !has(variables.v.metadata.labels)"));
    assert_eq!(known.shown(), "true", "what is known is known");
}
