//! Every recorded AdmissionReview is judged; a CREATE is judged as the object that it carries.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use portcullis_tests::{Folder, corpora, files, portcullis, root};
use rustix::process::Signal;
use serde_json::{Value, json};

#[expect(dead_code, reason = "only --dev serves here")]
#[path = "serve/authority.rs"]
mod authority;
#[expect(dead_code, reason = "answers are compared, not judged")]
#[path = "serve/caller.rs"]
mod caller;
#[expect(dead_code, reason = "it serves, and that is all")]
#[path = "serve/served.rs"]
mod served;

/// The sets that ship.
const SHIPPED: [&str; 3] = ["default", "sandbox", "compliance"];
const MODES: [&str; 2] = ["compliance", "sandbox"];

fn policy_set(name: &str) -> String {
    root().join(format!("policies/{name}.yaml")).display().to_string()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The file that a decision is about, without its folder.
fn file(decision: &Value) -> String {
    let path = decision["subject"]["source"]["file"].as_str().unwrap_or_else(|| panic!("no file: {decision}"));
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What was found and what no policy could judge, by file; without where in it that stands, and without notices, which tell the
/// author of a file what an API server sees for itself.
fn judged(report: &Value) -> BTreeMap<String, Vec<Value>> {
    let said = |decision: &Value| {
        let findings = items(&decision["findings"]).map(|finding| {
            json!([finding["policy"], finding["rule"], finding["effect"], finding["message"], finding["pointer"]])
        });
        let failures =
            items(&decision["errors"]).filter(|error| !error["policy"].is_null() || error["effect"] != "warn");
        findings.chain(failures.cloned()).collect()
    };
    items(&report["decisions"]).map(|decision| (file(decision), said(decision))).collect()
}

/// The reviews of both corpora in one folder, with those left out that are broken on purpose.
fn reviews(folder: &Folder) -> Option<usize> {
    let mut sent = 0;
    for path in files(&corpora("admission-reviews")?, "json") {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        // Two are no reviews at all (A58), and the text in place of an old object is a notice of its own.
        if !["04_", "25", "26"]
            .iter()
            .any(|broken| name.starts_with(broken) && path.components().any(|part| part.as_os_str() == "connaisseur"))
        {
            folder.write(&format!("reviews/{name}"), std::fs::read(&path).expect("a review"));
            sent += 1;
        }
    }
    Some(sent)
}

fn check(folder: &Path, more: &[&str]) -> Value {
    portcullis(folder, &[&["check", "--no-config", "-f", "json"], more].concat()).json()
}

#[test]
fn judges_every_recorded_review_under_every_shipped_set_without_error() {
    let folder = Folder::new("reviews");
    let Some(sent) = reviews(&folder) else { return };
    for (set, mode) in SHIPPED.iter().flat_map(|set| MODES.map(|mode| (set, mode))) {
        let report = check(folder.path(), &["-p", &policy_set(set), "--mode", mode, "reviews"]);
        assert_eq!(report["errors"], json!([]), "{set} in {mode}");
        let decisions = report["decisions"].as_array().expect("decisions");
        assert!(decisions.len() == sent && sent >= 113 + 17, "{} decisions about {sent} reviews", decisions.len());
        for decision in decisions {
            let subject = &decision["subject"];
            assert_eq!(decision["mode"], mode, "{subject}");
            for error in items(&decision["errors"]) {
                // The only thing that is not known here: whose signatures count, which nobody has said.
                let evidence = ["signature", "sbom", "sast"].iter().any(|policy| error["policy"] == *policy);
                let asked = error["message"].as_str().is_some_and(|message| message.contains("trust"));
                assert!(*set == "compliance" && evidence && error["kind"] == "settings" && asked, "{subject}: {error}");
            }
        }
        println!("{set} in {mode}: {} reviews", decisions.len());
    }
}

#[test]
fn gives_clear_errors_for_broken_reviews_and_judges_the_rest() {
    // A58
    let Some(folder) = corpora("admission-reviews/connaisseur") else { return };
    let mut broken = Vec::new();
    let all = files(&folder, "json");
    assert!(all.len() >= 20, "{} files", all.len());
    for path in &all {
        let answer = portcullis(&folder, &["check", "--format", "json", &path.display().to_string()]);
        if answer.status == 2 {
            let report = answer.json();
            let message = report["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
            assert!(!message.is_empty(), "{}: {answer:?}", path.display());
            broken.push(path.file_name().expect("a name").to_string_lossy()[..2].to_owned());
        }
    }
    assert_eq!(broken, ["25", "26"], "the null, and the request with nothing in it");
    // The third that is broken on purpose carries a text in place of an old object. A CREATE has none, so it is judged, and
    // the oddity is told.
    let odd = portcullis(&folder, &["check", "--format", "json", "04_cronjob.json"]).json();
    assert!(odd["decisions"][0]["errors"].to_string().contains("oldObject"), "{odd}");
}

#[test]
fn finds_in_a_create_review_what_it_finds_in_its_object() {
    let folder = Folder::new("parity");
    if reviews(&folder).is_none() {
        return;
    }
    let mut whole = 0;
    for path in files(&folder.path().join("reviews"), "json") {
        let review: Value = serde_json::from_slice(&std::fs::read(&path).expect("a review")).expect("JSON");
        let request = &review["request"];
        let created = request["operation"] == "CREATE" && request["object"]["kind"].is_string();
        if created && request["subResource"].as_str().unwrap_or_default().is_empty() {
            let name = path.file_name().expect("a name").to_string_lossy();
            folder.write(&format!("objects/{name}"), request["object"].to_string());
            whole += 1;
        }
    }
    assert!(whole >= 30 + 14, "{whole} whole objects were created");
    let mut findings = 0;
    for (set, mode) in SHIPPED.iter().flat_map(|set| MODES.map(|mode| (set, mode))) {
        let judge = |paths: &str| judged(&check(folder.path(), &["-p", &policy_set(set), "--mode", mode, paths]));
        let (from_reviews, from_objects) = (judge("reviews"), judge("objects"));
        assert_eq!(from_objects.len(), whole, "{set} in {mode}: each object is judged");
        for (file, found) in &from_objects {
            assert_eq!(from_reviews.get(file), Some(found), "{file} under {set} in {mode}");
            findings += found.len();
        }
    }
    assert!(findings > 200, "{findings} findings");
    println!(
        "compared {whole} reviews with their objects under 3 sets in 2 modes: {findings} findings, the same in both"
    );
}

/// The ids that a report holds, as the webhook tells them: `set=id`.
fn ids(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for decision in items(&report["decisions"]) {
        let text = |member: &str| decision[member].as_str().expect("a text").to_owned();
        ids.entry(file(decision)).or_default().insert(format!("{}={}", text("policySet"), text("id")));
    }
    ids
}

#[test]
fn decides_at_both_doors_alike_under_every_shipped_set_in_both_modes() {
    let folder = Folder::new("doors");
    if reviews(&folder).is_none() {
        return;
    }
    let all = files(&folder.path().join("reviews"), "json");
    let read =
        |path: &PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).expect("a review")).expect("JSON") };
    let namespaces: BTreeSet<String> =
        all.iter().filter_map(|path| read(path)["request"]["namespace"].as_str().map(str::to_owned)).collect();
    let sets = SHIPPED.map(policy_set);
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["-p", set]).collect();
    for mode in MODES {
        let label = |name: &String| {
            format!(
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{portcullis.dev/mode: {mode}}}}}\n"
            )
        };
        let labels =
            folder.write("labels.yaml", namespaces.iter().map(label).collect::<String>()).display().to_string();
        let common = [&sets[..], &["--namespace-labels", &labels]].concat();
        let checked = ids(&check(folder.path(), &[&common[..], &["reviews"]].concat()));
        let mut served = served::Served::start(folder.path(), &[&["--dev", "--drain", "1s"], &common[..]].concat());
        served.wait_for("the words of --dev", |served| served.out().contains("curl "));
        let out = served.out();
        let ca = out.lines().find_map(|line| line.strip_prefix("authority ")).expect("a path");
        let caller = caller::Caller::new(&std::fs::read_to_string(ca).expect("an authority"), None);
        let (mut told, mut older) = (0, 0);
        for path in &all {
            let mut review = read(path);
            // The door answers in the version that an API server of today sends; `check` reads the older one as well.
            if review["apiVersion"] != "admission.k8s.io/v1" {
                older += 1;
                continue;
            }
            review["request"]["uid"] = json!("one");
            let reply = served.judge(&caller, &review.to_string()).json();
            let name = path.file_name().expect("a name").to_string_lossy();
            let here = &checked[&*name];
            let annotation = reply["response"]["auditAnnotations"]["decisions"].as_str().unwrap_or_default();
            for decision in annotation.split(',').filter(|decision| !decision.is_empty()) {
                assert!(here.contains(decision), "{name} in {mode}: {decision}, and `check` says {here:?}");
                told += 1;
            }
        }
        served.signal(Signal::TERM);
        assert_eq!(served.ended(), 0, "{}", served.log());
        assert!(told >= 150, "{told} decisions told in {mode}");
        println!(
            "{mode}: {told} decisions about {} reviews, the same at both doors; {older} of an older version",
            all.len() - older
        );
    }
}

#[test]
fn shows_no_value_of_a_secret_in_any_format() {
    // Corpus review 028 is a Secret whose value says that it must not be logged.
    let Some(folder) = corpora("admission-reviews/captured-1.36") else { return };
    let secret =
        files(&folder, "json").into_iter().find(|path| path.display().to_string().contains("028-")).expect("028");
    let text = std::fs::read_to_string(&secret).expect("a review");
    let review: Value = serde_json::from_str(&text).expect("JSON");
    let values: Vec<String> = review["request"]["object"]["data"]
        .as_object()
        .expect("data")
        .values()
        .map(|value| value.as_str().expect("a text").to_owned())
        .collect();
    assert!(!values.is_empty());
    for format in ["human", "json", "sarif"] {
        let answer = portcullis(&folder, &["check", "--format", format, &secret.display().to_string()]);
        for value in &values {
            assert!(!answer.out.contains(value) && !answer.err.contains(value), "{format} shows the Secret");
        }
    }
}
