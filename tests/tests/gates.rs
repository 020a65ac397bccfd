//! SBOMs and SARIF reports that real tools wrote, given as files: allowed, or denied for their own reason, with file and line.

use std::path::PathBuf;

use portcullis_tests::{Answer, Folder, portcullis, root};
use serde_json::{Value, json};

/// The image that the SBOMs are about.
const IMAGE: &str = "127.0.0.1:5955/team/app@sha256:0b7875e1ed2de0c4bb1be2e7554ee6e2620c56e4e0bd4459528820cf625d354c";
/// What the tools wrote, and what they wrote it about.
const FIXTURES: [&str; 10] = [
    "app.cdx.json",
    "app.spdx.json",
    "app-by-tag.cdx.json",
    "other.cdx.json",
    "requirements.cdx.json",
    "requirements.txt",
    "bandit-clean.sarif",
    "bandit-faulty.sarif",
    "semgrep-clean.sarif",
    "semgrep-faulty.sarif",
];
/// Files count, though nobody signed them.
const ACCEPTED: &str = "{images: [{match: ['**'], local: accept}]}";
/// Files count for the file that is judged.
const OF_FILES: &str = "{files: {local: accept}}";
/// They do not.
const REFUSED: &str = "{images: [{match: ['**'], local: refuse, trust: release}]}";

fn fixture(name: &str) -> PathBuf {
    root().join("tests/tests/gates").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).expect("a fixture")
}

/// A folder with all fixtures, and a policy set with these settings of `sbom` and `sast`.
fn folder(sbom: &str, sast: &str) -> Folder {
    let folder = Folder::new("gates");
    for name in FIXTURES {
        folder.write(name, text(name));
    }
    folder.write("cosign.pub", std::fs::read_to_string(root().join("tests/tests/signed/cosign.pub")).expect("a key"));
    let trust = "[{name: release, keys: [{name: release-2026, file: cosign.pub}]}]";
    let mut set = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: gates}}\nspec:\n  trust: {trust}\n  policies:\n"
    );
    for (plugin, settings) in [("sbom", sbom), ("sast", sast)] {
        let policy = format!("  - name: {plugin}\n    plugin: {{builtin: {plugin}}}\n    grants: [{plugin}]\n");
        set += &format!("{policy}    settings: {settings}\n");
    }
    folder.write("set.yaml", set);
    folder
}

/// Judges the image with these files, and nobody is asked.
fn check(folder: &Folder, arguments: &[&str]) -> Answer {
    // After the tools wrote the files.
    let usual = ["check", "-f", "json", "--offline", "--time", "2026-11-23T00:00:00Z", "-p", "set.yaml"];
    portcullis(folder.path(), &[&usual[..], arguments].concat())
}

/// The one finding of a decision.
fn finding(answer: &Answer) -> Value {
    let report = answer.json();
    let findings = report["decisions"][0]["findings"].as_array().cloned().unwrap_or_default();
    assert_eq!(findings.len(), 1, "{answer:?}");
    findings[0].clone()
}

#[test]
fn allows_an_image_with_the_files_of_real_tools() {
    let folder = folder(ACCEPTED, ACCEPTED);
    for sbom in ["app.cdx.json", "app.spdx.json"] {
        for sarif in ["semgrep-clean.sarif", "bandit-clean.sarif"] {
            let answer = check(&folder, &["--sbom", sbom, "--sarif", sarif, "--image", IMAGE]);
            assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{sbom}, {sarif}: {answer:?}");
        }
    }
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]}});
    folder.write("pod.json", pod.to_string());
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "pod.json"]);
    assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{answer:?}");
}

#[test]
fn denies_what_an_sbom_or_a_report_says_by_its_own_file_and_line() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let (sbom, sarif) = ("app.cdx.json", "semgrep-clean.sarif");
    for (sbom, sarif, code, file, line, words) in [
        (sbom, "bandit-faulty.sarif", "sast/too-many-results", "bandit-faulty.sarif", 112, "src/faulty.py:8"),
        (sbom, "semgrep-faulty.sarif", "sast/too-many-results", "semgrep-faulty.sarif", 1, "src/faulty.py:8"),
        ("other.cdx.json", sarif, "sbom/wrong-subject", "other.cdx.json", 23, "feedaaf6"),
        ("app-by-tag.cdx.json", sarif, "sbom/wrong-subject", "app-by-tag.cdx.json", 19, "0b7875e1"),
        (sarif, sarif, "sbom/sbom-unreadable", sarif, 1, "SARIF"),
        (sbom, sbom, "sast/sarif-unreadable", sbom, 1, "CycloneDX"),
    ] {
        let answer = check(&folder, &["--sbom", sbom, "--sarif", sarif, "--image", IMAGE]);
        assert_eq!((answer.status, answer.codes()), (1, vec![code.to_owned()]), "{answer:?}");
        let finding = finding(&answer);
        let message = finding["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{message}");
        let source = (finding["source"]["file"].as_str(), finding["source"]["line"].as_u64());
        assert_eq!(source, (Some(file), Some(line)), "{finding}");
    }
}

#[test]
fn lets_no_file_count_that_nobody_signed_where_that_is_not_said() {
    let folder = folder(REFUSED, REFUSED);
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "--image", IMAGE]);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(answer.codes(), ["sbom/not-signed", "sast/not-signed"], "{answer:?}");
}

#[test]
fn lets_no_file_count_for_what_an_api_server_asked() {
    let folder = folder(ACCEPTED, ACCEPTED);
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]}});
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web", "userInfo": {"username": "ann"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "object": object}});
    folder.write("review.json", review.to_string());
    let answer = check(&folder, &["--sbom", "app.cdx.json", "--sarif", "semgrep-clean.sarif", "review.json"]);
    assert_ne!(answer.status, 0, "{answer:?}");
    assert_eq!(answer.json()["decisions"][0]["verdict"], "deny", "{answer:?}");
}

#[test]
fn judges_a_file_by_its_own_sbom() {
    let folder = folder(OF_FILES, OF_FILES);
    let flags = ["--sbom", "requirements.cdx.json", "--sarif", "semgrep-clean.sarif", "--artifact", "requirements.txt"];
    let answer = check(&folder, &flags);
    assert_eq!((answer.status, answer.codes()), (0, Vec::new()), "{answer:?}");
    // One more byte, and it is another file.
    folder.write("requirements.txt", text("requirements.txt") + "\n");
    let answer = check(&folder, &flags);
    assert_eq!((answer.status, answer.codes()), (1, vec!["sbom/wrong-subject".to_owned()]), "{answer:?}");
    assert!(finding(&answer)["message"].to_string().contains("f96b1d17"), "{answer:?}");
}

#[test]
fn refuses_files_that_are_not_there_before_anything_is_judged() {
    let folder = folder(ACCEPTED, ACCEPTED);
    for flag in ["--sbom", "--sarif"] {
        let answer = check(&folder, &[flag, "nowhere.json", "--image", IMAGE]);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains(flag) && answer.err.contains("nowhere.json"), "{answer:?}");
    }
}
