//! Names longer than Kubernetes has any: no voice repeats them with every finding.

use std::collections::BTreeSet;

use portcullis_model::{Decision, Effect, Mode, Severity, Source};
use portcullis_report::{FixOutcome, FixState, Format, Parts, Report};

use crate::{fixture, parsed, said};

/// Findings of one subject: four for each of 240 containers.
const FINDINGS: usize = 960;
/// Bytes of each text of a subject.
const LONG: usize = 1 << 18;

/// A subject with this end of all its texts.
fn decision(end: &str) -> Decision {
    let source = Source::new("m/pod.yaml", "kind: Pod\n");
    let long = |first: char| first.to_string().repeat(LONG) + end;
    let mut subject = fixture::object(&long('K'), &long('s'), &long('w'), fixture::place(&source, "Pod"));
    subject.api_version = long('v');
    let mut decision = fixture::decision("shop", Mode::Sandbox, subject);
    for at in 0..FINDINGS {
        let pointer = format!("/spec/containers/{at}/image");
        let message = "the image is not pinned";
        let place = decision.subject.place.clone();
        let judged =
            fixture::judged("image-reference/digest-missing", Severity::Medium, Effect::Deny, message, &pointer, place);
        decision.findings.push(judged);
    }
    decision
}

fn report(decisions: Vec<Decision>) -> Report {
    let fix = |decision: &Decision| FixOutcome {
        file: "m/pod.yaml".into(),
        line: Some(1),
        subject: portcullis_report::subject_name(&decision.subject),
        policy: Some("image-reference".into()),
        code: "image-reference/digest-missing".into(),
        pointer: "/spec".into(),
        description: "pin it".into(),
        safe: false,
        state: FixState::Patched,
    };
    let fixes = decisions.iter().flat_map(|decision| (0..FINDINGS).map(move |_| fix(decision))).collect();
    let parts = Parts { policy_sets: fixture::sets(&["shop"]), fixes: Some(fixes), decisions, ..Parts::default() };
    Report::new(fixture::tool(), parts)
}

#[test]
fn says_a_long_name_once_at_the_most_and_not_with_every_finding_a23() {
    let report = report(vec![decision("a")]);
    // The four texts once, and some KB for each finding and each fix.
    let most = 4 * LONG + FINDINGS * 8192;
    for format in Format::ALL {
        let text = said(format, &report);
        assert!(text.len() <= most, "{} has {} bytes", format.as_str(), text.len());
        // A cell of a table is shorter still.
        let mark = if format == Format::Markdown { "…" } else { "… (262145 bytes)" };
        assert!(text.contains(mark), "{} says that it is cut", format.as_str());
    }
    let json = parsed(&said(Format::Json, &report));
    assert_eq!(json["decisions"][0]["subject"]["name"].as_str().map(str::len), Some(LONG + 1), "said once, and whole");
}

#[test]
fn tells_subjects_apart_that_differ_where_their_names_are_cut_a23() {
    let report = report(vec![decision("a"), decision("b")]);
    let sarif = parsed(&said(Format::Sarif, &report));
    let gitlab = parsed(&said(Format::Gitlab, &report));
    let results = sarif["runs"][0]["results"].as_array().expect("results").iter();
    let of_sarif: BTreeSet<String> = results.map(|result| result["partialFingerprints"].to_string()).collect();
    let issues = gitlab.as_array().expect("issues").iter();
    let of_gitlab: BTreeSet<String> = issues.map(|issue| issue["fingerprint"].to_string()).collect();
    assert_eq!((of_sarif.len(), of_gitlab.len()), (2 * FINDINGS, 2 * FINDINGS));
    // Of equal ones the second would get a number behind the same hash.
    assert!(of_sarif.iter().all(|fingerprint| fingerprint.contains(":1\"")), "no two are equal");
}

#[test]
fn says_an_ordinary_name_whole() {
    let name = "w".repeat(253);
    let subject = fixture::object("Pod", &name, &name, None);
    assert_eq!(portcullis_report::subject_name(&subject), format!("Pod {name}/{name}"));
    let longer = fixture::object("Pod", "", &("ä".repeat(126) + "wä"), None);
    assert_eq!(portcullis_report::subject_name(&longer), format!("Pod {}w… (255 bytes)", "ä".repeat(126)));
}
