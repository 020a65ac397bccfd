//! The suites of gatekeeper-library: the same rules as policy sets of ours judge their objects as the suites say.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

use std::path::{Path, PathBuf};

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{NodeId, Source};
use portcullis_tests::{Answer, Folder, corpora, files, portcullis, root};
use serde_json::Value;

/// The fewest cases of each suite, in all of its tests.
const SUITES: [(&str, usize); 5] = [
    ("containerlimits", 4),
    ("containerrequests", 2),
    ("containerresources", 13),
    ("disallowedtags", 7),
    ("imagedigests", 3),
];

/// The sets that stand for their constraints: each named after the folder of its constraint.
fn sets() -> PathBuf {
    root().join("docs/from-gatekeeper")
}

/// The set that stands for a constraint.
fn set(constraint: &str) -> String {
    sets().join(format!("{constraint}.yaml")).display().to_string()
}

/// A file of a suite as JSON; its booleans are those of YAML 1.1.
fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents = read_yaml(&Source::new("suite.yaml", text), &ReadLimits::default());
    let documents = documents.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&documents[0].to_json(NodeId::ROOT)).expect("JSON")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Judges an object under the set of a constraint, in the namespace where their `namespaces: [default]` has it.
fn judge(constraint: &str, object: &Path) -> Answer {
    let (set, object) = (set(constraint), object.display().to_string());
    let arguments =
        ["check", "--no-config", "-m", "compliance", "--namespace", "default", "-f", "json", "-p", &set, &object];
    portcullis(&root(), &arguments)
}

/// Whether what was found is what an assertion says: none, any or so many, of all or of those in one list of containers.
fn holds(assertion: &Value, found: &[String]) -> bool {
    // Their messages begin with the kind of container, ours point at it.
    let of = assertion["message"].as_str().map(|message| format!("/{message}s/"));
    let found = found.iter().filter(|pointer| of.as_ref().is_none_or(|of| pointer.contains(of))).count();
    match &assertion["violations"] {
        Value::Bool(any) => *any == (found > 0),
        Value::Number(count) => count.as_u64() == u64::try_from(found).ok(),
        other => panic!("`violations: {other}` is neither a boolean nor a number"),
    }
}

#[test]
fn finds_in_every_case_of_the_suites_what_the_suite_asserts() {
    let Some(library) = corpora("gatekeeper-library") else { return };
    let mut used = Vec::new();
    for (suite, least) in SUITES {
        let folder = library.join(suite);
        let mut judged = 0;
        for test in items(&read(&folder.join("suite.yaml"))["tests"]) {
            let constraint = folder.join(text(&test["constraint"]));
            let name = constraint.parent().and_then(Path::file_name).expect("a folder").to_string_lossy().into_owned();
            says_what_the_constraint_says(&name, &read(&constraint));
            for case in items(&test["cases"]) {
                let answer = judge(&name, &folder.join(text(&case["object"])));
                let report = answer.json();
                assert_eq!(report["decisions"].as_array().map(Vec::len), Some(1), "{report}");
                let decision = &report["decisions"][0];
                assert_eq!((&report["errors"], &decision["errors"]), (&Value::Array(vec![]), &Value::Array(vec![])));
                let denies = items(&decision["findings"]).filter(|finding| finding["effect"] == "deny");
                let found: Vec<String> = denies.map(|finding| text(&finding["pointer"]).to_owned()).collect();
                assert_eq!(answer.status, i32::from(!found.is_empty()), "{answer:?}");
                let assertions: Vec<&Value> = items(&case["assertions"]).collect();
                assert!(!assertions.is_empty(), "{suite}: {case}");
                for assertion in assertions {
                    assert!(holds(assertion, &found), "{suite}, {name}: {case}: {assertion} of {found:?}");
                }
                judged += 1;
            }
            used.push(name);
        }
        assert!(judged >= least, "{suite}: {judged} cases");
        println!("{suite}: {judged} cases as the suite says");
    }
    for path in files(&sets(), "yaml") {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(used.contains(&name), "{} stands for no constraint of the suites", path.display());
    }
}

/// Whether a set names the kind of its constraint and every parameter of it, so that it stands for this one.
fn says_what_the_constraint_says(name: &str, constraint: &Value) {
    let set = std::fs::read_to_string(set(name)).unwrap_or_else(|error| panic!("no set for {name}: {error}"));
    let first = set.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("# {}", text(&constraint["kind"]))), "{name}: {first}");
    let mut values = vec![constraint["spec"]["parameters"].clone()];
    while let Some(value) = values.pop() {
        match value {
            Value::Object(members) => values.extend(members.into_iter().map(|(_, value)| value)),
            Value::Array(items) => values.extend(items),
            Value::Null => {}
            scalar => {
                let scalar = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
                assert!(set.contains(&scalar), "{name} does not say `{scalar}` of {constraint}");
            }
        }
    }
    let everywhere = constraint["spec"]["match"]["namespaces"].is_null();
    assert_eq!(!set.contains("namespaceSelector"), everywhere, "{name}: {constraint}");
}

/// Where the same rule means something else on purpose: the set, a manifest, whether *they* find a violation (by their
/// templates, which read the Pod and nothing else), whether we do, and why.
const DIFFERENCES: [(&str, &str, bool, bool, &str); 6] = [
    (
        "container-must-have-limits",
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: a, image: nginx}]}}}}",
        false,
        true,
        "what its Pods will be refused for is told where it is written",
    ),
    (
        "container-must-have-limits",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {resources: {limits: {cpu: 100m, memory: 1Gi}}, containers: [{name: a, image: nginx}]}}",
        true,
        false,
        "the limit of a Pod bounds its containers",
    ),
    (
        "container-must-have-requests",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: nginx, resources: {limits: {cpu: 100m, memory: 1Gi}}}]}}",
        true,
        false,
        "the API server copies a limit to the request that is missing",
    ),
    (
        "container-must-have-requests",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: nginx, resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: 500m, memory: 1Gi}}}]}}",
        false,
        true,
        "a range is one of a resource: requests and limits, each where it is written",
    ),
    (
        "container-must-have-requests",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: nginx, resources: {requests: {cpu: 1e-1, memory: 1e9}}}]}}",
        true,
        false,
        "quantities are read as Kubernetes reads them, exponents too",
    ),
    (
        "container-image-must-have-digest",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: 'nginx@sha256:abc'}]}}",
        false,
        true,
        "a digest is one that a registry can have: 64 digits",
    ),
];

#[test]
fn differs_from_the_suites_where_it_means_to_and_says_why() {
    let folder = Folder::new("gatekeeper");
    for (constraint, manifest, theirs, ours, why) in DIFFERENCES {
        assert_ne!(theirs, ours, "no difference: {why}");
        let object = folder.write("object.yaml", manifest);
        let answer = judge(constraint, &object);
        assert_eq!(answer.status, i32::from(ours), "{constraint}: {why}: {answer:?}");
        assert_eq!(answer.json()["decisions"][0]["errors"], Value::Array(vec![]), "{why}");
    }
    // A constraint without parameters asks for nothing and is taken there; here it is a mistake that is told.
    let idle = folder.write(
        "idle.yaml",
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: idle}\nspec: {policies: [{name: resources, plugin: {builtin: resource-limits}, settings: {}}]}\n",
    );
    folder.write("pod.yaml", DIFFERENCES[2].1);
    let answer = portcullis(folder.path(), &["check", "--no-config", "-p", &idle.display().to_string(), "pod.yaml"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    assert!(
        answer.err.contains("nothing would be judged") || answer.out.contains("nothing would be judged"),
        "{answer:?}"
    );
}
