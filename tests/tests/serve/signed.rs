//! Signatures at the webhook, with what the real cosign made: what `check` says of them, and what a reload changes.

use portcullis_tests::{Folder, portcullis, root};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{dev, text};

/// A set in which every image must be signed under this trust.
fn set(key: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: signed}}\nspec:\n  trust: [{{name: release, keys: [{{name: release, file: cosign.pub{key}}}]}}]\n  policies:\n  - name: signed\n    plugin: {{builtin: signature}}\n    grants: [signature]\n    match: {{resourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}}]}}\n    settings: {{images: [{{match: ['**'], trust: release}}]}}\n"
    )
}

/// A CREATE of a Pod with so many containers of one image.
fn review(uid: &str, image: &str, containers: usize) -> String {
    let container = |number: usize| json!({"name": format!("c{number}"), "image": image});
    let containers: Vec<Value> = (0..containers).map(container).collect();
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": uid, "operation": "CREATE", "namespace": "shop", "name": "web",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "ann"}, "object": {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": containers}}}})
    .to_string()
}

#[test]
fn admits_what_is_signed_until_its_key_is_revoked_n60() {
    let folder = Folder::new("serve-signed");
    for name in ["pod.yaml", "cosign.pub", "image.sigstore.json"] {
        folder.write(name, std::fs::read_to_string(root().join("tests/tests/signed").join(name)).expect("a fixture"));
    }
    let pod = std::fs::read_to_string(folder.path().join("pod.yaml")).expect("a Pod");
    let image = pod.lines().find_map(|line| line.trim().strip_prefix("image: ")).expect("an image").to_owned();
    let policies = folder.write("set.yaml", set(""));
    let records = folder.path().join("records");
    let bundle = text(&folder.path().join("image.sigstore.json"));
    let offline = ["--offline", "--bundle", &bundle, "-p", &text(&policies), "--record-reviews", &text(&records)];
    let (mut served, caller) = dev(&folder, &offline);
    assert!(served.judge(&caller, &review("signed", &image, 8)).allowed());
    let other = image.replace("@sha256:a", "@sha256:b");
    let unsigned = served.judge(&caller, &review("unsigned", &other, 1));
    let said = unsigned.json()["response"]["status"]["message"].to_string();
    assert!(!unsigned.allowed() && said.contains("none of the 1 bundles that were given is about"), "{said}");
    let tag = image.split('@').next().expect("a name");
    let tagged = served.judge(&caller, &review("tagged", tag, 1));
    assert!(!tagged.allowed() && tagged.json().to_string().contains("no registry may be asked"), "{tagged:?}");

    folder.write("set.yaml", set(", revoked: true"));
    served.wait_for("the revocation", |served| !served.judge(&caller, &review("revoked", &image, 1)).allowed());
    let revoked = served.judge(&caller, &review("revoked-again", &image, 1));
    assert!(revoked.json().to_string().contains("revoked"), "{revoked:?}");
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0, "{}", served.log());

    // The facts stand in the records: they are all that a second judgement needs, and it comes to the same.
    for name in ["set.yaml", "signed.yaml"] {
        folder.write(name, set(""));
    }
    let files = std::fs::read_dir(&records).expect("records");
    let recorded: Vec<String> = files.flatten().map(|entry| text(&entry.path())).collect();
    for (uid, status) in [("unsigned", 2), ("signed", 0)] {
        let path = recorded
            .iter()
            .find(|path| path.rsplit('/').next().is_some_and(|name| name.contains(&format!("-{uid}-"))))
            .expect("a record");
        let again = portcullis(folder.path(), &["check", "-f", "json", "--offline", "-p", "set.yaml", path]);
        let report = again.json();
        assert_eq!(again.status, status, "{path}: {again:?}");
        let then: Value = serde_json::from_slice(&std::fs::read(path).expect("a record")).expect("JSON");
        assert_eq!(report["decisions"][0]["id"], then["decisions"][0]["id"], "{path}");
        assert_eq!(then["facts"].as_array().map(Vec::len), Some(1), "eight containers, one image, one question");
    }
}

#[test]
fn says_in_the_log_that_a_policy_may_not_ask_for_what_its_plugin_needs() {
    let folder = Folder::new("serve-ungranted");
    let key = std::fs::read_to_string(root().join("tests/tests/signed/cosign.pub")).expect("a key");
    folder.write("cosign.pub", key);
    let policies = folder.write("set.yaml", set(""));
    let (mut served, _) = dev(&folder, &["--offline", "-p", &text(&policies)]);
    let said = "the policy `signed` of `signed` cannot judge what its plugin `signature` asks the fact `signature` for";
    assert!(!served.log().contains("cannot judge"), "{}", served.log());
    folder.write("set.yaml", set("").replace("    grants: [signature]\n", ""));
    served.wait_for("the warning", |served| served.log().contains(said));
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0, "{}", served.log());
}

#[test]
fn says_in_the_log_and_the_health_that_a_set_names_a_trust_which_it_does_not_have() {
    let folder = Folder::new("serve-untrusted");
    let policies = folder.write(
        "set.yaml",
        "apiVersion: portcullis.dev/v1alpha1
kind: PolicySet
metadata: {name: s}
spec:
  policies:
  - name: p
    plugin: {builtin: sbom}
    grants: [sbom]
    settings: {images: [{match: ['docker.io/a/**'], local: accept}, {match: ['**'], trust: release}]}
",
    );
    let (mut served, _) = dev(&folder, &["--offline", "-p", &text(&policies)]);
    let said = [
        "the policy set `s` has no trust `release`, named by `p`: what these cover is not judged",
        "the policy `p` of `s` takes only files for images `docker.io/a/**` (`local: accept` without a `trust`)",
    ];
    let health = served.verbose();
    for said in said {
        assert!(served.log().contains(said), "{}", served.log());
        assert!(health.contains("[!]policies: the policy set `s` has no trust"), "{health}");
    }
    served.signal(Signal::TERM);
    assert_eq!(served.ended(), 0, "{}", served.log());
}
