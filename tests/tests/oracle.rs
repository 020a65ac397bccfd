//! Kubernetes' own libraries, asked the same questions as ours.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use pod_security::PodSecurity;
use portcullis_sdk::testing::Scene;
use portcullis_support::{Dice, go, pods};
use serde_json::{Value, json};

/// How many Pods are judged, each at one level, as of today and in some older versions.
const PODS: usize = 2_000;
/// In how many.
const OLDER: usize = 6;
/// Versions in which something changed, and those before them.
const VERSIONS: [usize; 21] = [0, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, NEWEST];
/// How many of them have a value of a wrong type.
const MISTYPED: usize = 1_000;
/// The newest version that the oracle's library knows; a later one differs in two sysctls, which its own corpus shows.
const NEWEST: usize = 36;

/// The answers of Kubernetes' own library, one for each question; nothing where there is no Go.
fn asked(questions: &[Value]) -> Option<Vec<Value>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/pod-security");
    let program = match go::built(&source) {
        Ok(program) => program,
        Err(reason) => {
            println!("SKIPPED: no oracle for the Pod Security Standards: {reason}");
            return None;
        }
    };
    let child = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("the oracle starts");
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let mut stdin = child.stdin.take().expect("it was piped");
    // In a thread of its own: it answers while it reads.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("the oracle ends");
    writer.join().expect("no panic").expect("the oracle reads all of it");
    assert!(output.status.success(), "the oracle failed");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), questions.len());
    Some(answers)
}

/// The rules that the plugin finds broken.
fn found(question: &Value) -> BTreeSet<String> {
    let settings = json!({"level": question["level"], "version": question["version"]}).to_string();
    let scene = Scene::object("pod.yaml", &question["pod"].to_string());
    scene.judge::<PodSecurity>(&settings).into_iter().map(|finding| finding.rule).collect()
}

/// Differences between what both found, where there are any.
fn differences(
    questions: &[Value],
    mut differ: impl FnMut(&Value, &BTreeSet<String>) -> Option<String>,
) -> Vec<String> {
    let Some(answers) = asked(questions) else { return Vec::new() };
    let compared = questions.iter().zip(&answers);
    compared
        .filter_map(|(question, answer)| Some(format!("{}\n{question}\n", differ(answer, &found(question))?)))
        .collect()
}

#[test]
fn judges_generated_pods_as_kubernetes_own_library_does_a01_a02_a03_a17() {
    let mut dice = Dice::new(1);
    let mut questions = Vec::new();
    for number in 0..PODS {
        let level = if number % 2 == 0 { "baseline" } else { "restricted" };
        let older = (0..OLDER).map(|_| *dice.one(&VERSIONS));
        for minor in std::iter::once(NEWEST).chain(older) {
            questions.push(json!({"level": level, "version": format!("v1.{minor}"), "pod": pods::pod(number)}));
        }
    }
    let plain = |check: &str| check.replace(['_', '-'], "").to_lowercase();
    let (mut kept, mut broken) = (0, BTreeSet::new());
    let differ = differences(&questions, |answer, found| {
        kept += usize::from(found.is_empty());
        broken.extend(found.iter().cloned());
        let checks = answer["checks"].as_array().into_iter().flatten();
        let checks: BTreeSet<String> = checks.map(|check| plain(check.as_str().unwrap_or_default())).collect();
        let same = answer["error"].is_null() && checks == found.iter().map(|rule| plain(rule)).collect();
        (!same).then(|| format!("Kubernetes says {answer}, and we found {found:?}"))
    });
    assert!(differ.is_empty(), "{} differ; the first:\n{}", differ.len(), differ[0]);
    if kept > 0 || !broken.is_empty() {
        println!("{} questions, {kept} about Pods that break nothing", questions.len());
        let rules = pod_security::rules::ALL.iter().map(|rule| rule.id).filter(|rule| *rule != "value-unreadable");
        let never: Vec<&str> = rules.filter(|rule| !broken.contains(*rule)).collect();
        assert!(
            kept > questions.len() / 10 && never.is_empty(),
            "the Pods show little: {kept} break nothing, none breaks {never:?}"
        );
    }
}

#[test]
fn never_lets_a_pod_pass_that_kubernetes_cannot_read() {
    let version = format!("v1.{NEWEST}");
    let question = |number| json!({"level": "restricted", "version": version, "pod": pods::mistyped(number)});
    let questions: Vec<Value> = (0..MISTYPED).map(question).collect();
    let differ = differences(&questions, |answer, found| match &answer["error"] {
        Value::Null => Some("Kubernetes can read it".to_owned()),
        _ if found.contains("value-unreadable") => None,
        error => Some(format!("Kubernetes says {error}, and we found {found:?}")),
    });
    assert!(differ.is_empty(), "{} of {MISTYPED} differ; the first:\n{}", differ.len(), differ[0]);
}

#[test]
fn asks_the_library_of_the_api_server_that_e2e_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("a go.mod");
    let (ours, theirs) = (read("oracle/pod-security/go.mod"), read("e2e/tools/go.mod"));
    // `name version`, of what is required directly or not.
    let pins = |line: &str| Some(line.trim().split(" //").next()?.to_owned()).filter(|pin| pin.contains(" v"));
    let pins: Vec<String> = ours.lines().filter_map(pins).collect();
    let library = format!("k8s.io/pod-security-admission v0.{NEWEST}.");
    assert!(pins.iter().any(|pin| pin.starts_with(&library)), "{pins:?}");
    let strange: Vec<&String> = pins.iter().filter(|pin| !theirs.contains(pin.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
}
