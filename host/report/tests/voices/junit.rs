//! JUnit XML, read by an XML reader and held to the rules of both schemas that tools judge it by.

use std::collections::BTreeSet;

use portcullis_model::{Effect, Mode, PolicyState, Severity};
use portcullis_report::{Parts, Report, junit};
use roxmltree::{Document, Node};

use crate::{fixture, reports};

type Words = &'static [&'static str];

/// What `junit-10.xsd` of Jenkins' xUnit plugin and `surefire-test-report.xsd` both allow: element, attributes that must be
/// there, attributes that may, children in this order.
const RULES: [(&str, Words, Words, Words); 9] = [
    ("testsuites", &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    ("testsuite", &["name", "tests", "errors", "skipped", "failures"], &["time", "group"], &["properties", "testcase"]),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &[], &[]),
    ("testcase", &["name", "time"], &["classname", "group"], &["failure", "skipped", "error", "system-out"]),
    ("failure", &["type"], &["message"], &[]),
    ("error", &["type"], &["message"], &[]),
    ("skipped", &[], &["message"], &[]),
    ("system-out", &[], &[], &[]),
];

/// Fails where an element breaks a rule.
fn keep(node: Node, name: &str) {
    let element = node.tag_name().name();
    let (_, needed, allowed, children) =
        RULES.into_iter().find(|rule| rule.0 == element).expect("an element that both schemas know");
    let attributes: BTreeSet<&str> = node.attributes().map(|attribute| attribute.name()).collect();
    assert!(needed.iter().all(|needed| attributes.contains(needed)), "{name}: <{element}> has {attributes:?}");
    let known = |attribute: &&str| needed.contains(attribute) || allowed.contains(attribute);
    assert!(attributes.iter().all(known), "{name}: <{element}> has {attributes:?}");
    let order = |child: Node| {
        let child = child.tag_name().name().to_owned();
        children.iter().position(|known| *known == child).expect("a child that both schemas allow there")
    };
    let found: Vec<usize> = node.children().filter(Node::is_element).map(order).collect();
    assert!(found.is_sorted(), "{name}: the children of <{element}> stand in the wrong order");
    if element == "testcase" {
        assert!(found.iter().collect::<BTreeSet<_>>().len() == found.len(), "{name}: a case has one outcome");
        assert!(found.iter().filter(|at| **at < 3).count() <= 1, "{name}: a case has one outcome");
    }
    node.children().filter(Node::is_element).for_each(|child| keep(child, name));
}

fn cases<'a, 'input>(document: &'a Document<'input>) -> Vec<Node<'a, 'input>> {
    document.descendants().filter(|node| node.has_tag_name("testcase")).collect()
}

fn outcome(case: Node) -> String {
    let child = case.children().find(|child| matches!(child.tag_name().name(), "failure" | "error" | "skipped"));
    child.map_or_else(|| "passed".to_owned(), |child| child.tag_name().name().to_owned())
}

#[test]
fn keeps_junit_within_the_rules_of_its_readers() {
    for (name, report) in reports().into_iter().chain([("hostile", fixture::hostile())]) {
        let text = junit(&report);
        let document = Document::parse(&text).expect("XML");
        let root = document.root_element();
        keep(root, name);
        let number = |node: Node, attribute: &str| node.attribute(attribute).and_then(|text| text.parse().ok());
        for suite in root.children().filter(Node::is_element) {
            let outcomes: Vec<String> =
                suite.children().filter(|node| node.has_tag_name("testcase")).map(outcome).collect();
            let of = |wanted: &str| Some(outcomes.iter().filter(|outcome| *outcome == wanted).count());
            assert_eq!(number(suite, "tests"), Some(outcomes.len()), "{name}");
            for (attribute, outcome) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
                assert_eq!(number(suite, attribute), of(outcome), "{name}: {attribute}");
            }
        }
        let all = cases(&document);
        assert_eq!(number(root, "tests"), Some(all.len()), "{name}");
        let names: BTreeSet<_> = all.iter().map(|case| (case.attribute("classname"), case.attribute("name"))).collect();
        assert_eq!(names.len(), all.len(), "{name}: GitLab shows one of two cases of one name");
        assert!(!all.is_empty(), "{name}: Jenkins fails a build without any case");
        let fails = all.iter().any(|case| matches!(outcome(*case).as_str(), "failure" | "error"));
        assert_eq!(fails, report.verdict.as_str() != "allow", "{name}: the tab says what the verdict says");
    }
}

#[test]
fn makes_a_case_of_what_one_policy_says_of_one_subject() {
    let text = junit(&fixture::denied());
    let document = Document::parse(&text).expect("XML");
    let told: Vec<(String, String)> = cases(&document)
        .into_iter()
        .map(|case| (case.attribute("name").unwrap_or_default().to_owned(), outcome(case)))
        .collect();
    let expected = [
        ("Deployment shop/web: image-reference", "skipped"),
        ("Deployment shop/web: resource-limits", "failure"),
        ("Deployment shop/web: signature", "skipped"),
        ("ConfigMap settings", "skipped"),
        ("Pod 漢字: image-reference", "passed"),
        ("Pod 漢字: resource-limits", "passed"),
        ("Pod 漢字: names", "passed"),
    ];
    assert_eq!(told, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())));
    let message = |at: usize| {
        cases(&document)[at].children().find_map(|child| child.attribute("message")).unwrap_or_default().to_owned()
    };
    assert_eq!(message(0), "waived: the image `nginx:latest` is not pinned by digest");
    assert_eq!(message(1), "container `app` may use 32 cores, more than the 16 allowed");
    assert_eq!(message(2), "not evaluated: an earlier policy denied (failFast)");
    assert_eq!(message(3), "no policy of `default` matches");
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).and_then(|node| node.text());
    assert!(failure.is_some_and(|text| text.contains("^^^^") && text.contains("deploy/web.yaml:11:25")), "{failure:?}");
    let warned = document.descendants().filter(|node| node.has_tag_name("system-out")).filter_map(|node| node.text());
    assert!(warned.into_iter().any(|text| text.contains("container `cache` has no memory limit")), "{text}");
}

#[test]
fn tells_what_was_not_judged_from_what_failed() {
    let text = junit(&fixture::errors());
    let document = Document::parse(&text).expect("XML");
    let outcomes: Vec<(String, String)> = cases(&document)
        .into_iter()
        .map(|case| (case.attribute("name").unwrap_or_default().to_owned(), outcome(case)))
        .collect();
    let of = |name: &str| outcomes.iter().find(|one| one.0.ends_with(name)).map(|one| one.1.as_str());
    assert_eq!(outcomes.iter().filter(|(name, outcome)| name == "input" && outcome == "error").count(), 4);
    assert_eq!(of(": sast"), Some("error"));
    assert_eq!(of(": sbom"), Some("skipped"), "an `onError` of warn is no error, and no pass either");
    assert_eq!(of(": the whole set"), Some("error"));
}

#[test]
fn attaches_and_closes_nothing_that_a_stranger_names() {
    for attack in [
        "]]></failure><testcase name=\"x\"/>",
        "\"/><error type=\"a\"/>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>&b;",
        "[[ATTACHMENT|/etc/passwd]]",
        "\u{0}\u{b}\u{fffe}\u{ffff}\u{1b}[31m",
    ] {
        let mut decision = fixture::decision(attack, Mode::Compliance, fixture::object(attack, attack, attack, None));
        decision.policies = vec![(attack.to_owned(), PolicyState::Evaluated)];
        for effect in [Effect::Deny, Effect::Warn] {
            let mut judged = fixture::judged("a/b", Severity::High, effect, attack, attack, None);
            attack.clone_into(&mut judged.policy);
            decision.findings.push(judged);
        }
        let parts = Parts { notices: vec![attack.to_owned()], decisions: vec![decision], ..Parts::default() };
        let text = junit(&Report::new(fixture::tool(), parts));
        let document = Document::parse(&text).expect(attack);
        keep(document.root_element(), attack);
        assert_eq!(cases(&document).len(), 1, "{attack:?}: {text}");
        assert!(!text.contains("[[ATTACHMENT|"), "{attack:?}: {text}");
        let says = document.descendants().find_map(|node| node.attribute("message")).unwrap_or_default();
        assert!(!says.is_empty(), "{attack:?}: it is still told: {text}");
    }
}

#[test]
fn keeps_two_cases_of_one_name_apart() {
    let mut report = fixture::denied();
    let again = report.decisions[0].clone();
    report.decisions.insert(1, again);
    let text = junit(&report);
    assert!(text.contains("name=\"Deployment shop/web: resource-limits (2)\""), "{text}");
}
