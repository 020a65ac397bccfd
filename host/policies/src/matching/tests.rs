//! Matching of resources: groups, versions, operations, names and scope as the API server means them.

use portcullis_model::Scope;

use super::*;
use crate::sample::{json, yaml};

fn complaints(matches: &str) -> String {
    let document = json(&format!(r#"{{"match":{matches}}}"#));
    let fields = Fields::new(&document);
    read_match(&fields, NodeId::ROOT);
    fields.finish().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn reads_a_whole_match() {
    let text = r#"{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["pods","pods/*"],
        "resourceNames":["a"],"scope":"Namespaced"}],"namespaceSelector":{"matchLabels":{"a":"b"}},"objectSelector":{},
        "matchConditions":[{"name":"n","expression":"object.spec.x == 1"}],"documents":[{"paths":["specs/**/*.yaml"]}]}"#;
    let document = json(&format!(r#"{{"match":{text}}}"#));
    let fields = Fields::new(&document);
    let (matches, selector) = read_match(&fields, NodeId::ROOT);
    assert_eq!(fields.finish(), []);
    let rules = matches.resource_rules.expect("rules");
    assert_eq!(
        (rules[0].scope, rules[0].resources.as_slice()),
        (Scope::Namespaced, ["pods".into(), "pods/*".into()].as_slice())
    );
    assert_eq!(matches.documents, ["specs/**/*.yaml"]);
    assert_eq!(selector.conditions.len(), 1);
}

#[test]
fn refuses_a_match_that_never_matches() {
    assert_eq!(
        complaints(r#"{"resourceRules":[{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"scope":"Any"}]}"#),
        "`scope` cannot be `Any`; write `Cluster`, `Namespaced` or `*`\n`resourceRules[0]` has no `resources`"
    );
    assert_eq!(
        complaints(r#"{"resourceRules":[]}"#),
        "this `match` names nothing, so the policy would never judge; leave `resourceRules` out to judge every CREATE and UPDATE of every object"
    );
    assert_eq!(
        complaints(r#"{"excludes":{}}"#),
        "unknown field `excludes` in `match`; known here: resourceRules, namespaceSelector, objectSelector, matchConditions, documents"
    );
    assert_eq!(complaints("null"), "`match` must be a map, found nothing");
}

#[test]
fn points_into_a_condition() {
    let told = |expression: &str| {
        let document = yaml(&format!("match:\n  matchConditions:\n  - name: one\n    expression: {expression}\n"));
        let fields = Fields::new(&document);
        read_match(&fields, NodeId::ROOT);
        fields.finish().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let why = "the condition `one` does not compile: there is no `objekt` here; did you mean `object`?";
    assert_eq!(told("request.name == objekt.x"), format!("set.yaml:4:33: {why}"));
    assert_eq!(told("|-\n      request.name ==\n        objekt.x"), format!("set.yaml:6:9: {why}"));
    let whole = format!("set.yaml:4:17: {why} (line 1, column 8 of the expression)");
    assert_eq!(told("\"\\x27a' == objekt.x\""), whole, "an escape that is not read here");
}

#[test]
fn refuses_conditions_that_cannot_hold() {
    let one = |text: &str| complaints(&format!(r#"{{"matchConditions":[{text}]}}"#));
    assert_eq!(
        one(r#"{"name":"n","expression":"objekt.x"}"#),
        "the condition `n` does not compile: there is no `objekt` here; did you mean `object`? (line 1, column 1 of the expression)"
    );
    assert_eq!(one(r#"{"expression":"true"}"#), "`matchConditions[0]` has no `name`");
    assert_eq!(one(r#"{"name":"n"}"#), "`matchConditions[0]` has no `expression`");
    assert_eq!(one(r#"{"name":"n","expression":"true"},{"name":"n","expression":"true"}"#), "a second condition `n`");
    let many: Vec<String> = (0..=MAX_CONDITIONS).map(|n| format!(r#"{{"name":"c{n}","expression":"true"}}"#)).collect();
    assert_eq!(one(&many.join(",")), "more than 64 conditions in one policy");
}

#[test]
fn refuses_names_of_conditions_as_kubernetes_does() {
    let one = |name: &str| complaints(&format!(r#"{{"matchConditions":[{{"name":"{name}","expression":"true"}}]}}"#));
    for bad in ["a b", "-a", "a/b/c", "UP/a", "a.", "é"] {
        assert_eq!(
            one(bad),
            format!(
                "`{bad}` cannot be the name of a condition; a name has at most 63 letters, digits, `-`, `_` or `.`, such as `not-paused`; a DNS name and `/` may stand before it"
            )
        );
    }
    for good in ["a", "A_b.c-1", "example.com/a"] {
        assert_eq!(one(good), "", "{good}");
    }
}

#[test]
fn refuses_paths_that_never_match() {
    let one = |path: &str| complaints(&format!(r#"{{"documents":[{{"paths":["{path}"]}}]}}"#));
    let hint = "; write the path relative to where the check starts, without `.` and `..`";
    assert_eq!(one("/etc/*.yaml"), format!("`/etc/*.yaml` never matches{hint}"));
    assert_eq!(one("../a.yaml"), format!("`../a.yaml` never matches{hint}"));
    assert_eq!(one("a["), "`a[` is not a pattern: unclosed character class; missing ']'");
    assert_eq!(complaints(r#"{"documents":[{}]}"#), "`documents[0]` has no `paths`");
    assert_eq!(
        complaints(r#"{"documents":["a"]}"#),
        "`documents[0]` must be a map, found a string; write `{paths: [..]}`"
    );
}

#[test]
fn refuses_documents_that_name_no_path() {
    let empty = |key: &str| {
        format!(
            "`{key}` is empty, so it would match no document; name the paths of the documents to judge, or leave `documents` out"
        )
    };
    assert_eq!(complaints(r#"{"documents":[]}"#), empty("documents"));
    assert_eq!(complaints(r#"{"documents":[{"paths":[]}]}"#), empty("paths"));
    assert_eq!(complaints(r#"{"documents":[{"paths":["a"]},{"paths":[]}]}"#), empty("paths"));
    assert_eq!(complaints(r#"{"resourceRules":[],"documents":[]}"#), empty("documents"));
    assert_eq!(complaints(r#"{"resourceRules":[],"documents":[{"paths":["a"]}]}"#), "");
}
