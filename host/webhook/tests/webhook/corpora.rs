//! Every recorded review of the corpora, through the door and through the judgement of `check`: the same decisions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_cluster::Namespaces;
use portcullis_document::{ReadLimits, decode, read_json};
use portcullis_gate::Gate;
use portcullis_model::{Decision, Facts};
use portcullis_subject::{Context, from_admission_review};
use portcullis_webhook::Webhook;
use serde_json::Value;

use crate::world::{call, config, policy, sets};

fn corpora() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let base = std::env::var_os("PORTCULLIS_CORPORA").map_or_else(|| root.join("../shared/corpora"), PathBuf::from);
    if !base.is_dir() {
        println!("SKIPPED: no corpora at {}", base.display());
        return None;
    }
    Some(base.join("admission-reviews"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    found.sort();
}

/// Judges everything, with and without findings, and cannot judge Deployments.
fn specs() -> [String; 2] {
    let everything = |plugin: &str| {
        let rules = "[{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}]";
        format!("{{name: {plugin}, plugin: {{builtin: {plugin}}}, match: {{resourceRules: {rules}}}}}")
    };
    let traps = "{name: traps, plugin: {builtin: traps}, match: {resourceRules: [{apiGroups: [apps], apiVersions: ['*'], operations: ['*'], resources: [deployments]}]}}";
    [
        format!(
            "{{mode: {{namespaceLabel: mode}}, policies: [{}, {}, {traps}]}}",
            everything("content"),
            everything("loud")
        ),
        format!("{{mode: {{default: sandbox}}, policies: [{}]}}", policy("loud", "")),
    ]
}

#[tokio::test]
async fn decides_what_check_decides_about_every_recorded_review() {
    let Some(folder) = corpora() else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let [first, second] = specs();
    let gate = Arc::new(Gate::new(sets(&[&first, &second]), Arc::new(Facts::none())));
    // Half of the namespaces are sandboxes, as `check` is told with --namespace-labels.
    let mut labels: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (index, path) in paths.iter().enumerate() {
        let review: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).unwrap_or_default();
        if let Some(namespace) = review["request"]["namespace"].as_str() {
            let mode = if index % 2 == 0 { "sandbox" } else { "compliance" };
            labels.entry(namespace.to_owned()).or_default().entry("mode".to_owned()).or_insert(mode.to_owned());
        }
    }
    let webhook = Webhook::new(Arc::clone(&gate), Namespaces::fixed(labels.clone()), config()).expect("a webhook");
    let (mut compared, mut malformed) = (0, 0);
    for path in &paths {
        let bytes = std::fs::read(path).expect("a file");
        let answer = webhook.answer(call(bytes.clone())).await;
        let context = Context { namespace_labels: labels.clone(), ..Context::default() };
        let review = decode("review", bytes, &ReadLimits::default())
            .and_then(|source| read_json(&source, &ReadLimits::default()))
            .map_err(|error| error.to_string())
            .and_then(|document| from_admission_review(&document, &context).map_err(|error| error.to_string()));
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let review = match review {
            Ok(review) if body["kind"] == "AdmissionReview" && !body["response"]["status"]["code"].eq(&400) => review,
            Ok(_) => {
                // `check` reads what an older API server sent; the door refuses to answer it.
                assert_eq!(body["apiVersion"], "admission.k8s.io/v1beta1", "{}: {body}", path.display());
                malformed += 1;
                continue;
            }
            Err(error) => {
                let message = body["message"].as_str().or(body["response"]["status"]["message"].as_str());
                assert!(message.is_some_and(|message| !message.is_empty()), "{}: {error}", path.display());
                assert_ne!(body["response"]["allowed"], true, "{}: {error}", path.display());
                malformed += 1;
                continue;
            }
        };
        let uid = review.request.uid.clone();
        let decisions = gate.judge(&Arc::new(review)).await;
        assert_eq!(body["response"]["uid"], uid, "{}", path.display());
        let allowed = decisions.iter().all(|decision| decision.verdict() == portcullis_model::Verdict::Allow);
        assert_eq!(body["response"]["allowed"], allowed, "{}", path.display());
        let ids = |decisions: &[Decision]| {
            let one = |decision: &Decision| format!("{}={}", decision.policy_set, decision.id());
            let told = decisions.iter().filter(|decision| decision.matched() || !allowed);
            told.map(one).collect::<Vec<_>>().join(",")
        };
        let told = body["response"]["auditAnnotations"]["decisions"].as_str().unwrap_or_default();
        assert_eq!(told, ids(&decisions), "{}", path.display());
        compared += 1;
    }
    println!("compared {compared} reviews, {malformed} are malformed");
    assert!(compared >= 113 && malformed < 20, "{compared} compared, {malformed} malformed");
}

#[tokio::test]
async fn never_fails_to_answer_a_review_with_a_byte_changed() {
    let Some(folder) = corpora() else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let [first, _] = specs();
    let gate = Arc::new(Gate::new(sets(&[&first]), Arc::new(Facts::none())));
    let webhook = Webhook::new(gate, Namespaces::unlabelled(), config()).expect("a webhook");
    let mut answered = 0;
    for (number, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path).expect("a file");
        for step in 0..8 {
            let at = (number * 7_919 + step * 104_729) % bytes.len();
            let mut changed = bytes.clone();
            changed[at] = b"\"{}[],:0\xff"[step];
            let answer = webhook.answer(call(changed)).await;
            assert!(matches!(answer.status, 200 | 400), "{} with byte {at} changed: {answer:?}", path.display());
            let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert!(body["response"]["allowed"].is_boolean() || body["kind"] == "Status", "{body}");
            answered += 1;
        }
    }
    assert!(answered > 900, "{answered}");
}
