//! Baselines: what was there before is shown as known and does not deny, and nothing else gets through beside it.

use std::fs;

use portcullis_tests::{Answer, Folder, portcullis, portcullis_with};
use serde_json::Value;

/// Findings deny, and quote what they found.
const SET: &str = r#"
apiVersion: portcullis.dev/v1alpha1
kind: PolicySet
metadata: {name: strict}
spec:
  mode: {default: compliance}
  policies:
  - name: limits
    plugin: {builtin: resource-limits}
    settings: {requireLimits: true, cpu: {max: "16"}, memory: {max: 32Gi}}
"#;

const ALLOWED: i32 = 0;
const DENIED: i32 = 1;
const NOT_JUDGED: i32 = 2;

fn pod(name: &str, cpu: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{containers: [{{name: a, resources: {{limits: {{cpu: {cpu}, memory: 1Gi}}}}}}]}}\n"
    )
}

fn folder(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(name);
    folder.write("set.yaml", SET);
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

fn write(folder: &Folder, more: &[&str]) -> Answer {
    let arguments = ["baseline", "write", "--owner", "team-web", "--expires", "2027-03-31", "-p", "set.yaml"];
    portcullis(folder.path(), &[&arguments, more].concat())
}

fn check(folder: &Folder, more: &[&str]) -> Answer {
    portcullis(folder.path(), &[&["check", "-p", "set.yaml", "--baseline", "baseline.yaml"], more].concat())
}

fn baseline(folder: &Folder) -> String {
    fs::read_to_string(folder.path().join("baseline.yaml")).expect("a baseline")
}

#[test]
fn denies_only_what_is_new() {
    let folder = folder("baseline-new", &[("m/a.yaml", &pod("web", "32")), ("m/b.yaml", &pod("old", "64"))]);
    let answer = write(&folder, &["--ticket", "OPS-1", "--reason", "moving", "m"]);
    assert_eq!(
        (answer.status, answer.out.as_str()),
        (ALLOWED, "wrote baseline.yaml: 2 findings, until 2027-03-31, of team-web\n")
    );
    let answer = check(&folder, &["m"]);
    assert_eq!(answer.status, ALLOWED, "{}", answer.out);
    let known = "known[resource-limits/cpu-limit-max] high: the CPU limit of container `a` is `32`; allowed is at most 16\n  --> m/a.yaml:4:57  by the baseline `baseline` of team-web, until 2027-03-31\n";
    assert!(answer.out.contains(known), "{}", answer.out);
    assert!(
        answer.out.contains("note: the baseline `baseline.yaml` of team-web, until 2027-03-31 (sha256:"),
        "{}",
        answer.out
    );
    assert!(answer.out.contains(", OPS-1), lists 2 findings; 2 are known here"), "{}", answer.out);
    assert!(answer.out.ends_with("2 subjects: 0 denied, 2 allowed; 2 findings (2 known)\n"), "{}", answer.out);
    // Another number, another container, another name, another file: each is new.
    for (name, text) in [
        ("m/a.yaml", pod("web", "48")),
        ("m/a.yaml", pod("web", "32").replace("name: a", "name: other")),
        ("m/a.yaml", pod("renamed", "32")),
        ("m/c.yaml", pod("web", "32")),
        ("m/a.yaml", format!("{}---\n{}", pod("web", "32"), pod("web", "32"))),
        ("m/a.yaml", pod("web", "32").replace("[{", "[{name: a, resources: {limits: {cpu: 32, memory: 1Gi}}}, {")),
    ] {
        folder.write(name, &text);
        let answer = check(&folder, &["m"]);
        assert_eq!(answer.status, DENIED, "{text}{}", answer.out);
        folder.write("m/a.yaml", pod("web", "32"));
        let _ = fs::remove_file(folder.path().join("m/c.yaml"));
    }
    assert_eq!(check(&folder, &["./m"]).status, ALLOWED, "the same files by another path");
}

#[test]
fn says_the_same_to_machines() {
    let folder = folder("baseline-machines", &[("m/a.yaml", &pod("web", "32"))]);
    write(&folder, &["m"]);
    folder.write("m/b.yaml", pod("new", "64"));
    let report = check(&folder, &["-f", "json", "m"]).json();
    assert_eq!((&report["summary"]["known"], &report["summary"]["denied"]), (&1.into(), &1.into()));
    assert_eq!(report["decisions"][0]["findings"][0]["effect"], "known");
    assert_eq!(report["decisions"][0]["verdict"], "allow");
    let told = &report["baseline"];
    assert_eq!(
        (&told["owner"], &told["expires"], &told["expired"]),
        (&"team-web".into(), &"2027-03-31".into(), &false.into())
    );
    assert!(told["digest"].as_str().expect("a digest").starts_with("sha256:"));
    let sarif = check(&folder, &["-f", "sarif", "m"]).json();
    let states: Vec<&Value> = sarif["runs"][0]["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| &result["baselineState"])
        .collect();
    assert_eq!(states, ["unchanged", "new"]);
    let without = portcullis(folder.path(), &["check", "-p", "set.yaml", "-f", "json", "m"]).json();
    assert!(without.get("baseline").is_none() && without["summary"].get("known").is_none());
    assert_ne!(without["decisions"][0]["id"], report["decisions"][0]["id"], "the decision's own bytes say it");
}

#[test]
fn does_nothing_once_expired_and_says_so() {
    let folder = folder("baseline-expired", &[("m/a.yaml", &pod("web", "32"))]);
    write(&folder, &["m"]);
    let answer = check(&folder, &["--time", "2027-04-01T00:00:00Z", "m"]);
    assert_eq!(answer.status, DENIED);
    assert!(
        answer.out.contains("THE BASELINE `baseline.yaml` of team-web EXPIRED on 2027-03-31 and does nothing"),
        "{}",
        answer.out
    );
    let sarif = check(&folder, &["--time", "2027-04-01T00:00:00Z", "-f", "sarif", "m"]).json();
    assert!(sarif["runs"][0]["results"][0].get("baselineState").is_none(), "nothing was compared");
}

#[test]
fn tells_what_is_gone_as_far_as_it_looked() {
    let folder = folder("baseline-gone", &[("m/a.yaml", &pod("web", "32")), ("m/b.yaml", &pod("old", "64"))]);
    write(&folder, &["m"]);
    folder.write("m/a.yaml", pod("web", "1"));
    let gone = |paths: &[&str]| {
        let answer = check(&folder, paths);
        assert_eq!(answer.status, ALLOWED, "{}", answer.out);
        answer.out.lines().find(|line| line.contains("gone")).map(str::to_owned)
    };
    let one = Some("note: 1 finding of the baseline is gone: run `portcullis baseline write` again".to_owned());
    assert_eq!(gone(&["m"]), one);
    assert_eq!(gone(&["m/b.yaml"]), None, "nobody looked at the other file");
    folder.write("m/a.yaml", pod("web", "32"));
    fs::remove_file(folder.path().join("m/b.yaml")).expect("removed");
    assert_eq!(gone(&["m"]), one, "a file that is gone takes its findings with it");
}

#[test]
fn calls_nothing_gone_that_only_compliance_would_find() {
    let folder = folder("baseline-modes", &[("m/a.yaml", &pod("web", "32")), ("m/b.yaml", &pod("old", "64"))]);
    let settings = "settings: {requireLimits: true, cpu: {max: \"16\"}, memory: {max: 32Gi}}";
    let by_mode = "settingsByMode: {sandbox: {cpu: {max: 40}}, compliance: {cpu: {max: \"16\"}}}";
    assert!(SET.contains(settings));
    folder.write("set.yaml", SET.replace(settings, by_mode));
    write(&folder, &["m"]);
    let notes = |more: &[&str]| {
        let answer = check(&folder, more);
        answer.out.lines().filter(|line| line.contains(" of the baseline ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let beware = "note: 2 findings of the baseline are not found in sandbox, where other settings hold; a baseline that is written \
                  now would lose what is known in compliance";
    assert_eq!(notes(&["-m", "sandbox", "m"]), [beware]);
    assert_eq!(notes(&["m"]), [] as [String; 0]);
    folder.write("m/a.yaml", pod("web", "1"));
    assert_eq!(notes(&["m"]), ["note: 1 finding of the baseline is gone: run `portcullis baseline write` again"]);
    fs::remove_file(folder.path().join("m/a.yaml")).expect("removed");
    let gone = "note: 1 finding of the baseline is gone: run `portcullis baseline write` again, in compliance";
    assert_eq!(
        notes(&["-m", "sandbox", "m"]),
        [gone, &beware.replace("2 findings", "1 finding").replace(" are ", " is ")]
    );
    // The same settings in both modes find the same in both.
    folder.write("set.yaml", SET);
    folder.write("m/a.yaml", pod("web", "32"));
    write(&folder, &["m"]);
    folder.write("m/a.yaml", pod("web", "1"));
    let gone = "note: 1 finding of the baseline is gone: run `portcullis baseline write` again";
    assert_eq!(notes(&["-m", "sandbox", "m"]), [gone]);
}

#[test]
fn writes_the_same_bytes_for_the_same_findings_and_may_write_them_again() {
    let folder = folder(
        "baseline-bytes",
        &[("m/a.yaml", &format!("{}---\n{}", pod("web", "32"), pod("web", "32"))), ("m/b.yaml", &pod("b", "64"))],
    );
    write(&folder, &["m"]);
    let first = baseline(&folder);
    assert!(first.contains("file: \"m/a.yaml\", occurrence: 2}"), "{first}");
    assert_eq!(write(&folder, &["m/b.yaml", "m/a.yaml", "-j", "1"]).status, ALLOWED);
    assert_eq!(baseline(&folder), first);
    // In the directory that is judged it is configuration, and no subject.
    let answer = write(&folder, &["--output", "m/baseline.yaml", "m"]);
    assert_eq!(answer.status, ALLOWED, "{}", answer.err);
    let answer = write(&folder, &["--output", "m/baseline.yaml", "m"]);
    assert_eq!(answer.status, ALLOWED, "{}", answer.err);
    let answer = write(&folder, &["--output", "m/a.yaml", "m"]);
    assert!(answer.err.contains("the output `m/a.yaml` would overwrite the input `m`"), "{}", answer.err);
    assert_eq!(check(&folder, &["m"]).status, ALLOWED);
}

#[test]
fn writes_nothing_where_something_could_not_be_judged() {
    let folder = folder("baseline-unjudged", &[("m/a.yaml", &pod("web", "32")), ("m/b.yaml", "a: [\n")]);
    let answer = write(&folder, &["m"]);
    assert_eq!(answer.status, NOT_JUDGED);
    assert!(answer.err.contains("no baseline was written: what could not be judged is in none"), "{}", answer.err);
    assert!(!folder.path().join("baseline.yaml").exists());
    fs::remove_file(folder.path().join("m/b.yaml")).expect("removed");
    for (change, why) in [
        (&["--expires", "2026-11-20"][..], "--expires 2026-11-20 is over already"),
        (&["--expires", "2028-01-01"], "`2028-01-01` is more than 366 days away"),
        (&["--owner", " "], "--owner is empty"),
        (&["--fix"], "`baseline write` changes no manifest"),
        (&["--baseline", "set.yaml"], "leave out --baseline"),
        (&["--changed-since", "HEAD"], "leave out --changed-since"),
        (&["--explain", "resource-limits"], "`baseline write` explains nothing"),
    ] {
        let mut arguments = vec!["baseline", "write", "-p", "set.yaml"];
        for pair in [["--owner", "a"], ["--expires", "2027-01-01"]] {
            arguments.extend(if pair[0] == change[0] { &[][..] } else { &pair[..] });
        }
        let answer = portcullis(folder.path(), &[&arguments, change, &["m"]].concat());
        assert_eq!(answer.status, NOT_JUDGED);
        assert!(answer.err.contains(why), "{change:?}: {}", answer.err);
    }
    let answer = check(&folder, &["m"]);
    assert_eq!(answer.status, NOT_JUDGED, "a baseline that is not there is no empty one");
}

#[test]
fn keeps_the_values_of_secrets_out_of_the_file() {
    let set = SET.replace("settings: {", "settings: {fields: [{pointer: /stringData/pin, max: 1}], ");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {pin: \"hunter2\"}\n";
    let folder = folder("baseline-secret", &[("set.yaml", &set), ("m/a.yaml", secret)]);
    let answer = write(&folder, &["m"]);
    assert_eq!(answer.status, ALLOWED, "{}", answer.err);
    let text = baseline(&folder);
    assert!(text.contains("resource-limits/field-unreadable") && !text.contains("hunter2"), "{text}");
    assert_eq!(check(&folder, &["m"]).status, ALLOWED);
}

#[test]
fn covers_nothing_that_no_file_of_a_change_holds() {
    let folder = folder("baseline-stream", &[]);
    let arguments = ["baseline", "write", "--owner", "a", "--expires", "2027-01-01", "-p", "set.yaml", "-"];
    let stream = pod("web", "32");
    let answer = portcullis_with(folder.path(), &arguments, Some(stream.as_bytes()));
    assert_eq!(answer.status, ALLOWED, "a rendered chart has a place in a baseline: {}", answer.err);
    let arguments = ["check", "-p", "set.yaml", "--baseline", "baseline.yaml", "-"];
    assert_eq!(portcullis_with(folder.path(), &arguments, Some(stream.as_bytes())).status, ALLOWED);
    let review = r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "name": "web", "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "a"}, "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": 32, "memory": "1Gi"}}}]}}}}"#;
    let answer = portcullis_with(folder.path(), &arguments, Some(review.as_bytes()));
    assert_eq!(answer.status, DENIED, "a recorded review is judged as it was: {}", answer.out);
}

#[test]
fn holds_by_the_file_of_the_repository_whichever_folder_somebody_stands_in() {
    let config = "apiVersion: portcullis.dev/v1alpha1\nkind: CheckConfig\npaths: [m]\npolicies: [set.yaml]\nbaseline: ci/baseline.yaml\nfailOn: info\nformats: [{format: json, output: out.json}]\n";
    let files = [("portcullis.yaml", config), (".git/HEAD", "x"), ("ci/README", ""), ("m/a.yaml", &pod("web", "32"))];
    let folder = folder("baseline-config", &files);
    let below = folder.path().join("m");
    let arguments = ["baseline", "write", "--owner", "team-web", "--expires", "2027-03-31"];
    let answer = portcullis(&below, &arguments);
    assert_eq!(
        (answer.status, answer.out.as_str()),
        (ALLOWED, "wrote ../ci/baseline.yaml: 1 findings, until 2027-03-31, of team-web\n"),
        "{answer:?}"
    );
    assert!(!folder.path().join("out.json").exists(), "no report is asked for");
    let written = fs::read_to_string(folder.path().join("ci/baseline.yaml")).expect("a baseline");
    assert!(written.contains("file: \"m/a.yaml\"}"), "{written}");
    assert_eq!(portcullis(&below, &arguments).status, ALLOWED, "and again");
    assert_eq!(fs::read_to_string(folder.path().join("ci/baseline.yaml")).ok(), Some(written));
    let absolute = below.join("a.yaml");
    let named = absolute.to_str().expect("UTF-8");
    for (here, paths) in [(folder.path(), &[][..]), (&below, &[]), (&below, &["a.yaml"]), (folder.path(), &[named])] {
        let answer = portcullis(here, &[&["check", "-f", "json"], paths].concat());
        assert_eq!(answer.status, ALLOWED, "what is known counts by no --fail-on: {answer:?}");
        assert_eq!(answer.json()["summary"]["known"], 1, "{answer:?}");
    }
    let quiet = portcullis(&below, &["check", "-q", "-f", "human"]);
    assert_eq!((quiet.status, quiet.out.as_str()), (ALLOWED, ""));
    // Nothing in the file excuses from the policies that a flag names.
    let answer = portcullis(folder.path(), &["check", "-f", "json", "-p", "set.yaml", "m"]);
    assert_eq!(answer.status, DENIED);
    assert!(
        answer.json()["notices"]
            .to_string()
            .contains("`baseline` of `portcullis.yaml` does not hold, because --policies is given")
    );
    folder.write("m/b.yaml", pod("new", "64"));
    assert_eq!(portcullis(&below, &["check", "-q"]).status, DENIED, "what is new denies");
    // The file may come with a change, and overwrites nothing else.
    folder.write("portcullis.yaml", config.replace("ci/baseline.yaml", "set.yaml"));
    let answer = portcullis(folder.path(), &arguments);
    assert_eq!(answer.status, NOT_JUDGED);
    assert!(answer.err.contains("`set.yaml` is no baseline of ours, and would be overwritten"), "{answer:?}");
    assert_eq!(fs::read_to_string(folder.path().join("set.yaml")).expect("the set"), SET);
}
