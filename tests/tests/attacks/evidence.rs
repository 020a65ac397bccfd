//! Evidence as a pipeline gives it (A30 to A46c): what is missing, unknown or unreachable is never good.

use portcullis_tests::{Folder, portcullis};
use serde_json::json;

use crate::{DIGEST, clean, denied, judge_by, pod, refused, set, tagged};

/// A set that wants a signature by a key.
fn signed() -> String {
    let key = rcgen::KeyPair::generate().expect("a key").public_key_pem();
    let key: String = key.lines().map(|line| format!("        {line}\n")).collect();
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  trust:\n  - name: release\n    keys:\n    - name: key\n      pem: |\n{key}  policies:\n  - {{name: signed, plugin: {{builtin: signature}}, grants: [signature], settings: {{images: [{{match: ['**'], trust: release}}]}}}}\n"
    )
}

#[test]
fn denies_what_nobody_could_look_up_a42_a43() {
    // Nobody listens there, and with --offline nobody is asked.
    let mut container = clean("app");
    container["image"] = json!(format!("127.0.0.1:1/app@{DIGEST}"));
    let object = pod(&json!({"containers": [container]})).to_string();
    for more in [&["--offline"][..], &["--insecure-registry", "127.0.0.1:1"], &[]] {
        let said = refused(&judge_by(Some(&signed()), &object, more));
        assert!(said.contains("could not be looked up") && said.contains("127.0.0.1:1"), "{more:?}: {said}");
    }
}

#[test]
fn wants_a_digest_where_a_tag_could_move_a30() {
    let set = set("  - {name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}}");
    let moving = pod(&json!({"containers": [tagged("app")]})).to_string();
    assert_eq!(denied(&judge_by(Some(&set), &moving, &[])).len(), 1);
    let both = pod(&json!({"containers": [clean("app")]})).to_string();
    assert!(both.contains(DIGEST));
    assert_eq!(
        denied(&judge_by(Some(&set), &both, &[])),
        Vec::<String>::new(),
        "the digest is what runs, beside a tag too"
    );
}

#[test]
fn takes_no_document_for_a_clean_one_by_its_silence_a45_a46() {
    let folder = Folder::new("attack-documents");
    folder.write("app.tar", "not much of an archive");
    let run = |kind: &str, text: &str| {
        folder.write("document.json", text);
        portcullis(
            folder.path(),
            &["check", "--no-config", "-f", "json", kind, "document.json", "--artifact", "app.tar"],
        )
    };
    for sarif in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"version": "2.1.0", "runs": null}"#,
        r#"{"version": "2.1.0", "runs": []}"#,
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}"#,
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "invocations": [{"executionSuccessful": false}], "results": []}]}"#,
        r#"{"version": "2.2.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}"#,
    ] {
        let answer = run("--sarif", sarif);
        assert_ne!(answer.status, 0, "{sarif}: {answer:?}");
    }
    for sbom in [
        "",
        "{}",
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": []}"#,
        r#"{"bomFormat": "CycloneDX", "specVersion": "9.9", "version": 1, "components": [{"type": "library", "name": "a"}]}"#,
        "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n",
        r#"<?xml version="1.0"?><!DOCTYPE bom [<!ENTITY x SYSTEM "file:///etc/passwd">]><bom>&x;</bom>"#,
    ] {
        let answer = run("--sbom", sbom);
        assert_ne!(answer.status, 0, "{sbom}: {answer:?}");
        assert!(!answer.out.contains("root:"), "{answer:?}");
    }
}
