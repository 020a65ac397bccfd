//! The same input is the same decision, byte for byte: on any number of threads, in any order, in any build, today and later.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

#[path = "determinism/library.rs"]
mod library;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use portcullis_model::{Mode, sha256_hex};
use portcullis_tests::{Folder, corpora, portcullis, root};
use serde_json::{Value, json};

/// The sets that ship.
const SHIPPED: [&str; 3] = ["default", "sandbox", "compliance"];
const MODES: [Mode; 2] = [Mode::Compliance, Mode::Sandbox];

/// The manifests of this repository that golden digests are kept of.
const OURS: [&str; 5] = [
    "policies/examples",
    "plugins/cel/cases",
    "plugins/image-reference/cases",
    "plugins/pod-security/cases",
    "plugins/resource-limits/cases",
];

fn shipped(name: &str) -> PathBuf {
    root().join(format!("policies/{name}.yaml"))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Runs `check` over these paths from this folder.
fn check(folder: &Path, set: &Path, mode: Mode, more: &[&str], paths: &[String]) -> Value {
    let set = set.display().to_string();
    let mut arguments = vec!["check", "--no-config", "-f", "json", "--mode", mode.as_str(), "-p", &set];
    arguments.extend(more);
    arguments.extend(paths.iter().map(String::as_str));
    portcullis(folder, &arguments).json()
}

/// Every decision of a report by its file and the number that it has there.
fn decisions(report: &Value) -> BTreeMap<String, Value> {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let named = items(&report["decisions"]).map(|decision| {
        let file = decision["subject"]["source"]["file"].as_str().unwrap_or_else(|| panic!("no file: {decision}"));
        let number = numbers.entry(file.to_owned()).or_default();
        *number += 1;
        (format!("{file}#{number}"), decision.clone())
    });
    named.collect()
}

fn id(decision: &Value) -> &str {
    decision["id"].as_str().unwrap_or_else(|| panic!("no id: {decision}"))
}

/// The ids of all decisions, by file and number.
fn ids(report: &Value) -> BTreeMap<String, String> {
    decisions(report).iter().map(|(name, decision)| (name.clone(), id(decision).to_owned())).collect()
}

fn ours() -> Vec<String> {
    OURS.map(str::to_owned).to_vec()
}

/// A text with the members of every object in one order.
fn sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            for (at, (name, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "{" } else { "," });
                out.push_str(&format!("{}:", json!(name)));
                sorted(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| {
                sorted(item, out);
                out.push(',');
            });
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// The digest of a decision without what another build of a plugin or a comment in a manifest may change: the digest of the
/// plugin, with the id that it is part of, and places in files.
fn digest(decision: &Value) -> String {
    let mut bare = decision.clone();
    bare["id"] = Value::Null;
    bare["subject"]["source"] = Value::Null;
    for finding in bare["findings"].as_array_mut().into_iter().flatten() {
        let plugin = finding["plugin"].as_str().and_then(|plugin| plugin.split('@').next()).unwrap_or_default();
        finding["plugin"] = json!(plugin);
        finding["source"] = Value::Null;
    }
    let mut text = String::new();
    sorted(&bare, &mut text);
    sha256_hex(text.as_bytes())
}

/// Compares lines with those that are kept, or keeps them where `UPDATE_SNAPSHOTS` is set.
fn keeps(name: &str, lines: &[String]) {
    let path = root().join("tests/snapshots/golden").join(name);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).expect("the digests can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<&str> = text.lines().filter(|line| !known.lines().any(|known| known == *line)).take(10).collect();
    assert!(
        known == text,
        "decisions are others than those in {}; where that is meant, write them anew by `UPDATE_SNAPSHOTS=1 cargo test -p portcullis-tests --test determinism` and say in the commit why. Now:\n{}",
        path.display(),
        changed.join("\n")
    );
}

#[test]
fn keeps_the_golden_digests_of_what_the_shipped_sets_decide() {
    let mut lines = Vec::new();
    for (set, mode) in SHIPPED.iter().flat_map(|set| MODES.map(|mode| (set, mode))) {
        let report = check(&root(), &shipped(set), mode, &[], &ours());
        assert_eq!(report["errors"], json!([]), "{set} in {mode}");
        let of = |(name, decision): (&String, &Value)| format!("{} {set} {mode} {name}", digest(decision));
        lines.extend(decisions(&report).iter().map(of));
    }
    assert!(lines.len() >= 6 * 80, "{} decisions", lines.len());
    keeps("shipped.txt", &lines);
}

#[test]
fn keeps_the_golden_ids_of_what_a_frozen_plugin_decides() {
    let mut lines = Vec::new();
    for mode in MODES {
        let report = check(&root(), &root().join("tests/snapshots/golden/contract.yaml"), mode, &[], &ours());
        lines.extend(ids(&report).iter().map(|(name, id)| format!("{id} contract {mode} {name}")));
    }
    assert!(lines.len() >= 2 * 80, "{} decisions", lines.len());
    keeps("contract.txt", &lines);
}

#[test]
fn keeps_the_golden_digests_of_what_strangers_wrote() {
    let Some(folder) = corpora("admission-reviews") else { return };
    let folder = folder.parent().expect("the corpora").to_path_buf();
    let paths = ["admission-reviews/captured-1.36", "gatekeeper-library", "pod-security"].map(str::to_owned);
    let mut of_file: BTreeMap<String, String> = BTreeMap::new();
    for (set, mode) in SHIPPED.iter().flat_map(|set| MODES.map(|mode| (set, mode))) {
        for (name, decision) in decisions(&check(&folder, &shipped(set), mode, &[], &paths)) {
            of_file.entry(name).or_default().push_str(&digest(&decision));
        }
    }
    assert!(of_file.len() >= 113 + 29 + 296, "{} subjects", of_file.len());
    // One line for all sets and modes, so short that a person can look through them; with what the file was, for it is not ours
    // and may be another one tomorrow.
    let short = |bytes: &[u8]| sha256_hex(bytes)[7..23].to_owned();
    let line = |(name, all): (&String, &String)| {
        let path = folder.join(name.split('#').next().unwrap_or_default());
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        format!("{} {} {name}", short(all.as_bytes()), short(&text))
    };
    let lines: Vec<String> = of_file.iter().map(line).collect();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return keeps("corpora.txt", &lines);
    }
    let known = std::fs::read_to_string(root().join("tests/snapshots/golden/corpora.txt")).unwrap_or_default();
    let of_input = |line: &str| line.split_once(' ').map(|(_, input)| input.to_owned());
    let known: BTreeMap<String, &str> = known.lines().filter_map(|line| Some((of_input(line)?, line))).collect();
    let kept = |line: &String| of_input(line).and_then(|input| known.get(&input));
    let changed: Vec<&String> = lines.iter().filter(|line| kept(line).is_some_and(|known| known != line)).collect();
    assert!(changed.is_empty(), "decisions are others than those in corpora.txt (see CONTRIBUTING.md): {changed:#?}");
    let strange = lines.iter().filter(|line| kept(line).is_none()).count();
    if strange > 0 {
        println!(
            "SKIPPED: {strange} of {} subjects of the corpora are others than those of the golden digests",
            lines.len()
        );
    }
    assert!(strange < lines.len(), "not one file of the corpora is what it was");
}

#[test]
fn gives_the_same_bytes_for_1_2_and_16_threads_x25() {
    for (set, mode) in SHIPPED.iter().flat_map(|set| MODES.map(|mode| (set, mode))) {
        let run = |jobs: &str| check(&root(), &shipped(set), mode, &["--jobs", jobs], &ours()).to_string();
        let one = run("1");
        assert!(one.contains("\"decisions\":[{"), "{one}");
        for jobs in ["2", "16"] {
            assert!(run(jobs) == one, "{jobs} threads decide otherwise under {set} in {mode}");
        }
    }
}

#[test]
fn decides_the_same_in_whatever_order_files_come() {
    let set = shipped("default");
    let all: Vec<String> = portcullis_tests::files(&root().join(OURS[4]), "yaml")
        .iter()
        .map(|path| path.strip_prefix(root()).expect("below the root").display().to_string())
        .filter(|path| !path.contains("documents"))
        .collect();
    assert!(all.len() >= 20, "{}", all.len());
    let forth = ids(&check(&root(), &set, Mode::Compliance, &[], &all));
    assert!(forth.len() >= all.len(), "{} decisions about {} files", forth.len(), all.len());
    let mut other = all.clone();
    for turn in 0..6 {
        other.rotate_left(7);
        if turn % 2 == 0 {
            other.reverse();
        }
        assert_eq!(ids(&check(&root(), &set, Mode::Compliance, &[], &other)), forth, "{other:?}");
    }
    // What a directory holds is read in one order, whichever file was written first.
    let (one, two) = (Folder::new("order-one"), Folder::new("order-two"));
    for path in &all {
        one.write(&format!("d/{path}"), std::fs::read(root().join(path)).expect("a case"));
    }
    for path in all.iter().rev() {
        two.write(&format!("d/{path}"), std::fs::read(root().join(path)).expect("a case"));
    }
    let read = |folder: &Folder| check(folder.path(), &set, Mode::Compliance, &[], &["d".to_owned()]).to_string();
    assert!(read(&one) == read(&two), "the order in which files were written shows");
}

/// What a subject is called, as its decision says.
fn named(decision: &Value) -> String {
    let text = |member: &str| decision["subject"][member].as_str().unwrap_or_default();
    format!("{}/{}/{}", text("kind"), text("namespace"), text("name"))
}

#[test]
fn decides_the_same_in_whatever_order_documents_stand() {
    let namespace = |name: &str, mode: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{portcullis.dev/mode: {mode}}}}}\n"
        )
    };
    let mut documents = vec![
        namespace("play", "sandbox"),
        namespace("shop", "compliance"),
        namespace("torn", "sandbox"),
        namespace("torn", "compliance"),
    ];
    documents.push("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: rollouts.example.com}\nspec: {group: example.com, scope: Namespaced, names: {kind: Rollout, plural: rollouts}, versions: [{name: v1, served: true, storage: true}]}\n".to_owned());
    documents.push("apiVersion: example.com/v1\nkind: Rollout\nmetadata: {name: custom, namespace: play}\n".to_owned());
    for namespace in ["play", "shop", "torn", "nowhere"] {
        for (name, image) in [("a", "nginx:latest"), ("b", "nginx"), ("c", "'@:'")] {
            documents.push(format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{containers: [{{name: {name}, image: {image}, resources: {{limits: {{cpu: '0.5'}}}}}}]}}\n"));
        }
    }
    let folder = Folder::new("documents");
    let judge = |documents: &[String]| -> Vec<(String, String)> {
        folder.write("all.yaml", documents.join("---\n"));
        let set = shipped("default").display().to_string();
        let report = portcullis(folder.path(), &["check", "--no-config", "-f", "json", "-p", &set, "all.yaml"]).json();
        let mut all: Vec<_> = items(&report["decisions"]).map(|one| (named(one), id(one).to_owned())).collect();
        all.sort();
        all
    };
    let first = judge(&documents);
    assert_eq!(first.len(), documents.len(), "{first:?}");
    for turn in 1..documents.len() {
        documents.rotate_left(1);
        if turn % 3 == 0 {
            documents.swap(0, turn / 2);
            documents.reverse();
        }
        assert_eq!(judge(&documents), first, "after {turn} turns");
    }
}

#[test]
fn decides_the_same_in_the_build_of_the_tests_and_in_the_binary() {
    for set in ["default", "sandbox"] {
        let gate = library::gate(&shipped(set));
        for mode in MODES {
            let binary = ids(&check(&root(), &shipped(set), mode, &[], &ours()));
            let full: Vec<String> = OURS.iter().map(|path| root().join(path).display().to_string()).collect();
            for jobs in [1, 2, 16] {
                let here: BTreeMap<String, String> = ids(&library::check(&gate, &root(), &full, mode, jobs))
                    .into_iter()
                    .map(|(name, id)| (name.trim_start_matches(&format!("{}/", root().display())).to_owned(), id))
                    .collect();
                assert_eq!(here, binary, "{set} in {mode} on {jobs} threads");
            }
            assert!(binary.len() >= 80, "{} decisions", binary.len());
        }
    }
}
