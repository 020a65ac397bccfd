//! Signatures through both doors, offline, with what the real cosign made: admitted with them, denied without, each for its reason.

use std::path::PathBuf;
use std::process::Command;

use portcullis_tests::{Answer, Folder, binary, portcullis, root};
use serde_json::json;

/// What cosign made.
fn fixture(name: &str) -> PathBuf {
    root().join("tests/tests/signed").join(name)
}

/// A folder with the Pod, the key, and a policy set with this `trust` and these settings of `signature`.
fn folder(trust: &str, settings: &str) -> Folder {
    let folder = Folder::new("signed");
    for name in ["pod.yaml", "cosign.pub", "image.sigstore.json", "sbom.sigstore.json"] {
        folder.write(name, std::fs::read_to_string(fixture(name)).expect("a fixture"));
    }
    let everything = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]}";
    folder.write(
        "set.yaml",
        format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: signed}}\nspec:\n  trust: {trust}\n  policies:\n  - name: signed\n    plugin: {{builtin: signature}}\n    grants: [signature]\n    match: {everything}\n    settings: {settings}\n"
        ),
    );
    folder
}

const KEY: &str = "[{name: release, keys: [{name: release-2026, file: cosign.pub}]}]";
const IMAGES: &str = "{images: [{match: ['**'], trust: release}]}";
const FILES: &str = "{files: {trust: release}}";

fn check(folder: &Folder, arguments: &[&str]) -> Answer {
    portcullis(folder.path(), &[&["check", "-f", "json", "--offline"], arguments].concat())
}

/// All messages of all findings.
fn message(answer: &Answer) -> String {
    let report = answer.json();
    let decisions = report["decisions"].as_array().into_iter().flatten();
    let findings = decisions.flat_map(|decision| decision["findings"].as_array().into_iter().flatten());
    findings.filter_map(|finding| finding["message"].as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn admits_an_image_with_its_bundle_and_denies_it_without() {
    let folder = folder(KEY, IMAGES);
    let answer = check(&folder, &["-p", "set.yaml", "--bundle", "image.sigstore.json", "pod.yaml"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    // Nobody looked, which is not to have found nothing.
    let answer = check(&folder, &["-p", "set.yaml", "pod.yaml"]);
    assert_eq!((answer.status, answer.codes()), (2, Vec::new()), "{answer:?}");
    assert_eq!(answer.json()["decisions"][0]["verdict"], "deny", "{answer:?}");
    // An SBOM that is signed is no signature on the image (N53).
    let answer = check(&folder, &["-p", "set.yaml", "--bundle", "sbom.sigstore.json", "pod.yaml"]);
    assert_eq!((answer.status, answer.codes()), (1, vec!["signature/predicate-type".to_owned()]), "{answer:?}");
    let sandbox = ["-m", "sandbox", "-p", "set.yaml", "--bundle", "sbom.sigstore.json", "pod.yaml"];
    let answer = check(&folder, &sandbox);
    assert_eq!((answer.status, answer.codes().len()), (0, 1), "sandbox warns: {answer:?}");
}

#[test]
fn denies_what_a_revoked_key_signed_n40() {
    let trust = "[{name: release, keys: [{name: release-2026, file: cosign.pub, revoked: true}]}]";
    let answer = check(&folder(trust, IMAGES), &["-p", "set.yaml", "--bundle", "image.sigstore.json", "pod.yaml"]);
    assert_eq!((answer.status, answer.codes()), (1, vec!["signature/signature-refused".to_owned()]), "{answer:?}");
    assert!(message(&answer).contains("revoked"), "{}", message(&answer));
}

#[test]
fn takes_the_keys_of_a_directory_by_the_names_of_their_files() {
    let trust = "[{name: release, keys: [{directory: keys}]}]";
    let folder = folder(trust, "{images: [{match: ['**'], trust: release, keys: [release-2026]}]}");
    let refused = check(&folder, &["-p", "set.yaml", "pod.yaml"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.err.contains("keys` cannot be read"), "{refused:?}");
    folder.write("keys/notes.txt", "not a key");
    let refused = check(&folder, &["-p", "set.yaml", "pod.yaml"]);
    assert!(refused.err.contains("no file in it ends in `.pub` or `.pem`"), "{refused:?}");
    folder.write("keys/release-2026.pub", std::fs::read_to_string(fixture("cosign.pub")).expect("a key"));
    let answer = check(&folder, &["-p", "set.yaml", "--bundle", "image.sigstore.json", "pod.yaml"]);
    assert_eq!(answer.status, 0, "{answer:?}");
}

#[test]
fn judges_an_image_by_its_name_alone() {
    let text = std::fs::read_to_string(fixture("pod.yaml")).expect("a Pod");
    let image = text.lines().find_map(|line| line.trim().strip_prefix("image: ")).expect("an image");
    let folder = folder(KEY, IMAGES);
    for (arguments, status, code) in [
        (vec!["--key", "cosign.pub", "--bundle", "image.sigstore.json", "--image", image], 0, None),
        (vec!["-p", "set.yaml", "--bundle", "image.sigstore.json", "--image", image], 0, None),
        (
            vec!["--key", "cosign.pub", "--bundle", "sbom.sigstore.json", "--image", image],
            1,
            Some("signature/predicate-type"),
        ),
        (vec!["--key", "cosign.pub", "--image", image], 2, None),
        // The default set judges, too.
        (vec!["--image", "registry.example/team/app:v1"], 1, Some("image-reference/digest-missing")),
    ] {
        let answer = check(&folder, &arguments);
        assert_eq!((answer.status, answer.codes().first().map(String::as_str)), (status, code), "{answer:?}");
    }
    let answer = check(&folder, &["--image", "two words"]);
    assert_eq!(answer.status, 2, "{answer:?}");
    assert!(answer.out.contains("is no name of an image"), "{answer:?}");
    // A certificate's identity is asked for in the same way, and a key's signature is not one.
    let identity =
        ["--certificate-identity", "ann@example.com", "--certificate-oidc-issuer", "https://accounts.example"];
    let answer = check(&folder, &[&["--bundle", "image.sigstore.json", "--image", image], &identity[..]].concat());
    assert_eq!((answer.status, answer.codes()), (1, vec!["signature/signature-refused".to_owned()]), "{answer:?}");
}

#[test]
fn asks_for_a_signature_on_the_manifest_itself() {
    let folder = folder(KEY, FILES);
    let answer = check(&folder, &["-p", "set.yaml", "pod.yaml"]);
    assert_eq!((answer.status, answer.codes()), (1, vec!["signature/file-signature-missing".to_owned()]), "{answer:?}");
    let bundle = std::fs::read_to_string(fixture("pod.yaml.sigstore.json")).expect("a bundle");
    folder.write("given.json", &bundle);
    assert_eq!(check(&folder, &["-p", "set.yaml", "--bundle", "given.json", "pod.yaml"]).status, 0);
    folder.write("pod.yaml.sigstore.json", &bundle);
    assert_eq!(check(&folder, &["-p", "set.yaml", "pod.yaml"]).status, 0, "a bundle beside it");
    assert_eq!(check(&folder, &["-p", "set.yaml", "."]).status, 0, "the bundle itself is no manifest");
    for flags in
        [vec!["--key", "cosign.pub", "--artifact", "pod.yaml"], vec!["-p", "set.yaml", "--artifact", "pod.yaml"]]
    {
        assert_eq!(check(&folder, &flags).status, 0, "{flags:?}");
    }
    // One more byte, and it is another file (N3).
    let text = std::fs::read_to_string(fixture("pod.yaml")).expect("a Pod");
    folder.write("pod.yaml", format!("{text}# \n"));
    for flags in [vec!["-p", "set.yaml", "pod.yaml"], vec!["--key", "cosign.pub", "--artifact", "pod.yaml"]] {
        let answer = check(&folder, &flags);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert!(answer.codes().contains(&"signature/file-signature-refused".to_owned()), "{answer:?}");
        assert!(message(&answer).contains("it was made for something else"), "{}", message(&answer));
    }
    assert_eq!(check(&folder, &["--key", "cosign.pub", "--artifact", "nowhere"]).status, 2);
}

#[test]
fn asks_for_no_file_where_an_api_server_sent_it() {
    let folder = folder(KEY, FILES);
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web", "userInfo": {"username": "ann"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": []}}}});
    folder.write("review.json", review.to_string());
    let answer = check(&folder, &["-p", "set.yaml", "review.json"]);
    assert_eq!(answer.status, 0, "{answer:?}");
}

#[test]
fn says_how_to_configure_trust_where_compliance_cannot_judge() {
    let set = root().join("policies/compliance.yaml").display().to_string();
    let folder = folder(KEY, IMAGES);
    let answer = check(&folder, &["-p", &set, "pod.yaml"]);
    assert_eq!(answer.status, 2, "not judged: {answer:?}");
    let said = answer.json()["decisions"][0]["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert!(said.contains("trust `release`") && said.contains("cosign.pub"), "{said}");
    // As its own comments say.
    let text = std::fs::read_to_string(&set).expect("the set");
    let trust = "  trust:\n  - name: release\n    keys: [{name: release-2026, file: cosign.pub}]\n  policies:\n";
    folder.write("compliance.yaml", text.replacen("  policies:\n", trust, 1));
    let answer = check(&folder, &["-p", "compliance.yaml", "--bundle", "image.sigstore.json", "pod.yaml"]);
    // Signed, and nobody may be asked what is in it.
    let decision = &answer.json()["decisions"][0];
    let left: Vec<&serde_json::Value> =
        decision["errors"].as_array().into_iter().flatten().map(|error| &error["policy"]).collect();
    assert_eq!((answer.status, left), (2, vec![&serde_json::json!("sbom")]), "{answer:?}");
    assert_eq!(answer.codes(), Vec::<String>::new(), "{answer:?}");
    let answer = check(&folder, &["-p", "compliance.yaml", "--bundle", "sbom.sigstore.json", "pod.yaml"]);
    assert_eq!((answer.status, answer.codes()), (1, vec!["signature/predicate-type".to_owned()]), "{answer:?}");
}

#[test]
fn needs_no_network_for_what_is_at_hand_a43() {
    // A namespace of its own has no network at all, not even a loopback that is up.
    let alone = |folder: &Folder, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net"]).arg(binary()).args(arguments).current_dir(folder.path());
        command.output()
    };
    let trust = "[{name: release, root: {builtin: sigstore}, log: optional, keys: [{name: a, file: cosign.pub}]}]";
    let folder = folder(trust, IMAGES);
    let judged = match alone(&folder, &["check", "-p", "set.yaml", "--bundle", "image.sigstore.json", "pod.yaml"]) {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("unshare") => output,
        other => {
            println!("SKIPPED: nobody may cut the network off here: {other:?}");
            return;
        }
    };
    assert_eq!(judged.status.code(), Some(0), "{judged:?}");
    let unsigned = alone(&folder, &["check", "-p", "set.yaml", "pod.yaml"]).expect("it ran before");
    assert_eq!(unsigned.status.code(), Some(2), "nobody could look: {unsigned:?}");
    let bundle = ["verify-bundle", "--key", "cosign.pub", "--bundle", "image.sigstore.json"];
    let digest = "sha256:a0bf925f87ccb74317e4548cfca29f0df8924c0edac584f814c10c04b2be37b3";
    let verified = alone(&folder, &[&bundle[..], &[digest]].concat()).expect("it ran before");
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[test]
fn refuses_a_trust_and_a_key_that_are_named_by_a_slip_before_anything_is_judged() {
    for (settings, place, said) in [
        (
            "{images: [{match: ['**'], trust: relaese}]}",
            "set.yaml:11:48",
            "has no trust `relaese`; did you mean `release`?",
        ),
        (
            "{images: [{match: ['**'], trust: release, keys: [bobby]}]}",
            "set.yaml:11:64",
            "has no key `bobby`; it has `release-2026`",
        ),
        ("{files: {trust: other}}", "set.yaml:11:31", "has no trust `other`; it has `release`"),
    ] {
        let folder = folder(KEY, settings);
        let answer = check(&folder, &["-p", "set.yaml", "pod.yaml"]);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains(place) && answer.err.contains(said), "{}", answer.err);
    }
}

#[test]
fn says_where_nobody_asked_who_signed() {
    let folder = folder(KEY, IMAGES);
    let image = format!("registry.example/team/app@sha256:{}", "a0".repeat(32));
    // Of a file nothing else is judged, and of an image its name.
    for arguments in [vec!["--artifact", "pod.yaml"], vec!["-p", "set.yaml", "--artifact", "pod.yaml"]] {
        let answer = check(&folder, &arguments);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.out.contains("nobody asked who signed it"), "{answer:?}");
    }
    let answer = check(&folder, &["--image", &image]);
    assert_eq!(answer.status, 0, "{answer:?}");
    assert!(answer.json()["notices"].to_string().contains("nobody asked who signed"), "{answer:?}");
    for (arguments, said) in [
        (vec!["--bundle", "image.sigstore.json", "--image", &image], "nothing uses --bundle"),
        (vec!["--trusted-root", "nowhere", "--image", &image], "say who must have signed"),
        (vec!["--key", "nowhere.pub", "--image", &image], "--key: `nowhere.pub` is no file"),
        (vec!["--key", "cosign.pub", "--bundle", "pod.yaml", "--image", &image], "is no sigstore bundle"),
    ] {
        let answer = check(&folder, &arguments);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains(said), "{}", answer.err);
    }
}
