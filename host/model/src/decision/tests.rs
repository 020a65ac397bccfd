//! Decisions: the same bytes for the same judgement, forever.

use super::*;
use crate::finding::{Finding, Fix, FixOperation};
use crate::subject::SubjectKind;

fn judged(waiver: Option<&str>, fix: Option<Fix>) -> Judged {
    let finding = Finding {
        rule: "rule".into(),
        severity: Severity::High,
        message: "a \"message\"\n".into(),
        pointer: "/spec/a~1b".into(),
        place: None,
        fix,
    };
    Judged {
        policy: "limits".into(),
        plugin: "resource-limits@sha256:0".into(),
        severity: Severity::Low,
        effect: if waiver.is_some() { Effect::Waived } else { Effect::Deny },
        waiver: waiver.map(str::to_owned),
        existing: false,
        finding,
    }
}

#[test]
fn writes_the_same_bytes_forever() {
    let fix =
        |safe| Fix { description: "set it".into(), operation: FixOperation::Replace, value: "\"1\"".into(), safe };
    let failure = |policy: Option<&str>, effect| Failure {
        policy: policy.map(str::to_owned),
        kind: FailureKind::Input,
        message: "m".into(),
        effect,
    };
    let mut decision = Decision {
        policy_set: "default".into(),
        policy_set_digest: "sha256:1".into(),
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: "shop".into(),
            name: "w\u{e4}b".into(),
            place: None,
            occurrence: None,
        },
        operation: "CREATE".into(),
        mode: Mode::Compliance,
        policies: Vec::new(),
        findings: Vec::new(),
        failures: Vec::new(),
        facts: Vec::new(),
    };
    let bytes = |decision: &Decision| String::from_utf8(decision.canonical_bytes()).expect("text");
    assert_eq!(
        bytes(&decision),
        r#"{"errors":[],"facts":[],"findings":[],"judged":true,"mode":"compliance","operation":"CREATE","policies":[],"policySet":{"digest":"sha256:1","name":"default"},"subject":{"apiVersion":"v1","kind":"Pod","name":"wäb","namespace":"shop","subject":"object"},"verdict":"allow","version":1}"#
    );
    decision.policies = vec![("a".into(), PolicyState::Evaluated), ("b".into(), PolicyState::NotEvaluated)];
    decision.findings = vec![judged(None, Some(fix(true))), judged(Some("w"), Some(fix(false))), judged(None, None)];
    decision.failures = vec![failure(None, Effect::Warn), failure(Some("p"), Effect::Deny)];
    decision.facts = vec![("q".into(), "absent".into(), String::new())];
    let finding = r#""message":"a \"message\"\n","plugin":"resource-limits@sha256:0","pointer":"/spec/a~1b","policy":"limits","rule":"rule","severity":"low""#;
    let whole = r#"{"errors":[{"effect":"warn","kind":"input","message":"m","policy":null},{"effect":"deny","kind":"input","message":"m","policy":"p"}],"facts":[{"digest":"","query":"q","status":"absent"}],"findings":[{"effect":"deny","fix":{"description":"set it","operation":"replace","safe":true,"value":"\"1\""},FINDING,"waiver":null},{"effect":"waived","fix":{"description":"set it","operation":"replace","safe":false,"value":"\"1\""},FINDING,"waiver":"w"},{"effect":"deny","fix":null,FINDING,"waiver":null}],"judged":false,"mode":"compliance","operation":"CREATE","policies":[{"name":"a","state":"evaluated"},{"name":"b","state":"notEvaluated"}],"policySet":{"digest":"sha256:1","name":"default"},"subject":{"apiVersion":"v1","kind":"Pod","name":"wäb","namespace":"shop","subject":"object"},"verdict":"deny","version":1}"#;
    assert_eq!(bytes(&decision), whole.replace("FINDING", finding));
}
