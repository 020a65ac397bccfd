//! The round trip of facts: a plugin asks, a record answers, and what could not be looked up never reaches it.

use portcullis_tests::{Answer, Folder, components, portcullis};
use serde_json::json;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Judges a Pod with two containers of one image by the guest that asks.
fn judge(facts: &str, policy: &str) -> Answer {
    let folder = Folder::new("facts");
    let plugin = components().join("guest-asks.wasm");
    folder.write(
        "set.yaml",
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  policies:\n  - name: asks\n    plugin: {{file: {}}}\n{policy}",
            plugin.display()
        ),
    );
    let image = format!("registry.example/team/app@{DIGEST}");
    let containers = format!("[{{name: a, image: \"{image}\"}}, {{name: b, image: \"{image}\"}}]");
    folder.write(
        "pod.yaml",
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: {containers}}}\n"),
    );
    folder.write("facts.yaml", format!("apiVersion: portcullis.dev/v1alpha1\nkind: RecordedFacts\nfacts: {facts}\n"));
    portcullis(folder.path(), &["check", "-f", "json", "-p", "set.yaml", "--facts", "facts.yaml", "pod.yaml"])
}

fn fact(status: &str) -> String {
    format!("{{kind: approval, arguments: {{repository: team/app, digest: \"{DIGEST}\"}}, {status}}}")
}

const GRANTED: &str = "    grants: [approval]\n";
const ANN: &str = "{kind: approval, arguments: {person: ann}, status: verified, document: {}}";

#[test]
fn allows_what_two_rounds_of_facts_prove() {
    let answer = judge(&format!("[{}, {ANN}]", fact("status: verified, document: {by: ann}")), GRANTED);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_eq!(answer.json()["decisions"][0]["judged"], json!(true));
}

#[test]
fn denies_where_the_record_says_that_there_is_nothing() {
    let answer = judge(&format!("[{}]", fact("status: absent")), GRANTED);
    assert_eq!((answer.status, answer.codes().len()), (1, 2), "one finding for each container: {answer:?}");
    assert_eq!(answer.codes()[0], "guest-asks/not-approved");
}

#[test]
fn shows_the_plugin_why_a_fact_was_rejected() {
    let answer = judge(&format!("[{}]", fact("status: rejected, reason: signed by a stranger")), GRANTED);
    let message = answer.json()["decisions"][0]["findings"][0]["message"].clone();
    assert_eq!(message, "the approval is refused: signed by a stranger");
}

#[test]
fn denies_as_not_judged_what_could_not_be_looked_up() {
    // X03, X27: "could not look" is an error, never "there is none".
    for facts in ["[]".to_owned(), format!("[{}]", fact("status: verified, document: {by: ann}"))] {
        let answer = judge(&facts, GRANTED);
        assert_eq!(answer.status, 2, "{answer:?}");
        let error = &answer.json()["decisions"][0]["errors"][0];
        assert_eq!((&error["kind"], &error["effect"]), (&json!("fact"), &json!("deny")));
        assert_eq!(answer.codes(), Vec::<String>::new());
    }
    let answer = judge(&format!("[{}]", fact("status: failed, reason: nobody answers")), GRANTED);
    assert_eq!((answer.status, answer.codes()), (2, Vec::new()), "{answer:?}");
    let message = answer.json()["decisions"][0]["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(message, "the fact `approval` could not be looked up: nobody answers");
}

#[test]
fn denies_a_query_that_the_policy_set_does_not_grant() {
    // P54
    let answer = judge(&format!("[{}]", fact("status: absent")), "");
    assert_eq!(answer.status, 2, "{answer:?}");
    let message = answer.json()["decisions"][0]["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("approval") && message.contains("grants"), "{message}");
}

#[test]
fn lets_through_what_could_not_be_judged_only_where_somebody_wrote_so() {
    let answer = judge("[]", &format!("{GRANTED}    onError: {{compliance: warn}}\n"));
    assert_eq!(answer.status, 0, "{answer:?}");
    let report = answer.json();
    assert_eq!(report["decisions"][0]["judged"], json!(false), "shown as not judged, never as a pass: {report}");
}
