//! `verify-bundle` as a user and as the client protocol of sigstore-conformance call it: what it proves, and why not.

use std::path::{Path, PathBuf};

use portcullis_tests::{Answer, Folder, corpora, portcullis, root};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const DIGEST: &str = "sha256:bc7d9595113fde1cc84e2489f523da6184c8f1417a62ee5d8f2f2f98f6dd3854";

/// What cosign made offline.
fn fixture(name: &str) -> String {
    root().join("host/evidence/tests/verify/cosign").join(name).display().to_string()
}

fn verify(folder: &Folder, arguments: &[&str]) -> Answer {
    portcullis(folder.path(), &[&["verify-bundle"], arguments].concat())
}

/// The artifact that the fixtures are about.
fn folder() -> Folder {
    let folder = Folder::new("verify-bundle");
    folder.write("blob.txt", "the artifact\n");
    folder.write("other.txt", "another\n");
    folder
}

#[test]
fn verifies_what_cosign_signed_in_an_air_gap() {
    let (folder, key) = (folder(), fixture("cosign.pub"));
    for bundle in ["blob.sigstore.json", "sbom.sigstore.json"] {
        for artifact in ["blob.txt", DIGEST] {
            let answer = verify(&folder, &["--bundle", &fixture(bundle), "--key", &key, artifact]);
            assert_eq!(answer.status, 0, "{answer:?}");
            assert!(answer.out.starts_with(&format!("verified: {DIGEST}\n")), "{answer:?}");
            assert!(
                answer.out.contains("time: none that anybody signed") && answer.out.contains("log: none"),
                "{answer:?}"
            );
            assert_eq!(answer.err, "");
        }
    }
}

#[test]
fn refuses_with_status_1_and_says_why() {
    let (folder, key) = (folder(), fixture("cosign.pub"));
    let bundle = fixture("blob.sigstore.json");
    folder.write("broken.json", "{");
    let elsewhere = format!("sha256:{}", "0".repeat(64));
    let identity = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
    for (arguments, word) in [
        (vec!["--bundle", &bundle, "--key", &key, "other.txt"], "it was made for something else"),
        (vec!["--bundle", &bundle, "--key", &key, &elsewhere], "[wrong-artifact]"),
        (vec!["--bundle", "broken.json", "--key", &key, "blob.txt"], "[malformed]"),
        ([&["--bundle", &bundle, "blob.txt"], &identity[..]].concat(), "[no-keys]"),
    ] {
        let answer = verify(&folder, &arguments);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert!(answer.err.starts_with("refused: ") && answer.err.contains(word), "{answer:?}");
        assert_eq!(answer.out, "", "nothing is proved");
    }
}

#[test]
fn cannot_try_without_a_signer_a_bundle_or_an_artifact() {
    let (folder, key) = (folder(), fixture("cosign.pub"));
    let bundle = fixture("blob.sigstore.json");
    let upper = DIGEST.to_uppercase().replace("SHA256", "sha256");
    for (arguments, word) in [
        (vec!["--bundle", &bundle, "blob.txt"], "--key"),
        (vec!["--bundle", &bundle, "--certificate-identity", "a", "blob.txt"], "--certificate-oidc-issuer"),
        (vec!["--bundle", &bundle, "--certificate-oidc-issuer", "a", "blob.txt"], "--certificate-identity"),
        (
            vec![
                "--bundle",
                &bundle,
                "--key",
                &key,
                "--certificate-identity",
                "a",
                "--certificate-oidc-issuer",
                "b",
                "blob.txt",
            ],
            "--key",
        ),
        (vec!["--bundle", "none.json", "--key", &key, "blob.txt"], "none.json"),
        (vec!["--bundle", &bundle, "--key", "none.pub", "blob.txt"], "none.pub"),
        (vec!["--bundle", &bundle, "--key", "blob.txt", "blob.txt"], "PEM"),
        (vec!["--bundle", &bundle, "--key", &key, "none.txt"], "none.txt"),
        (vec!["--bundle", &bundle, "--key", &key, &upper], "lower-case"),
        (vec!["--bundle", &bundle, "--key", &key, "--trusted-root", "blob.txt", "blob.txt"], "trusted root"),
        (vec!["--key", &key, "blob.txt"], "--bundle"),
    ] {
        let answer = verify(&folder, &arguments);
        assert_eq!(answer.status, 2, "{answer:?}");
        assert!(answer.err.contains(word), "{word}: {answer:?}");
        assert_eq!(answer.out, "", "nothing is proved");
    }
}

/// A set that wants every image signed with the key of the fixtures, and a Pod with one image.
fn judge_offline(digest: &str, bundles: &[&str]) -> Answer {
    let folder = Folder::new("offline");
    let trust = format!("[{{name: shop, keys: [{{name: release, file: {}}}]}}]", fixture("cosign.pub"));
    let policy = "{name: signed, plugin: {builtin: signature}, grants: [signature], settings: {images: [{match: [reg.example/**], trust: shop}]}}";
    let head = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\n";
    folder.write("set.yaml", format!("{head}spec:\n  trust: {trust}\n  policies: [{policy}]\n"));
    let container = format!("{{name: web, image: \"reg.example/app@{digest}\"}}");
    folder.write(
        "pod.yaml",
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{container}]}}\n"),
    );
    let bundles: Vec<String> = bundles.iter().flat_map(|name| ["--bundle".to_owned(), fixture(name)]).collect();
    let mut arguments = vec!["check", "-f", "json", "-p", "set.yaml", "--offline", "pod.yaml"];
    arguments.extend(bundles.iter().map(String::as_str));
    portcullis(folder.path(), &arguments)
}

#[test]
fn says_of_nothing_that_it_is_unsigned_where_nobody_may_look() {
    let elsewhere = format!("sha256:{}", "0".repeat(64));
    for (digest, bundles) in [(DIGEST, &[][..]), (&elsewhere, &["sbom.sigstore.json"])] {
        let answer = judge_offline(digest, bundles);
        assert_eq!((answer.status, answer.codes()), (2, Vec::new()), "{answer:?}");
        let message = answer.json()["decisions"][0]["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains("no registry may be asked") && message.contains(digest), "{message}");
    }
    let about = judge_offline(DIGEST, &["sbom.sigstore.json"]);
    assert_eq!((about.status, about.codes()), (1, vec!["signature/predicate-type".to_owned()]), "{about:?}");
}

/// The arguments of one case of the suite, by the rules of its README.
fn arguments(case: &Path) -> Vec<String> {
    let read = |name: &str, default: &str| {
        std::fs::read_to_string(case.join(name)).map_or(default.to_owned(), |text| text.trim().to_owned())
    };
    let path = |name: &str| case.join(name).display().to_string();
    let mut arguments = vec!["--bundle".to_owned(), path("bundle.sigstore.json")];
    if case.join("trusted_root.json").exists() {
        arguments.extend(["--trusted-root".to_owned(), path("trusted_root.json")]);
    }
    if case.join("key.pub").exists() {
        arguments.extend(["--key".to_owned(), path("key.pub")]);
    } else {
        arguments.extend(["--certificate-identity".to_owned(), read("identity", IDENTITY)]);
        arguments.extend(["--certificate-oidc-issuer".to_owned(), read("issuer", ISSUER)]);
    }
    arguments
}

#[test]
fn passes_the_conformance_suite_as_its_client() {
    let Some(suite) = corpora("sigstore-conformance/bundle-verify") else { return };
    let folder = folder();
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(&suite).expect("the suite").map(|one| one.expect("a case").path()).collect();
    cases.retain(|case| case.is_dir());
    cases.sort();
    let (mut judged, mut wrong) = (0, Vec::new());
    for case in &cases {
        let own = case.join("artifact");
        let artifact = if own.exists() { own } else { suite.join("a.txt") };
        let digest = portcullis_model::sha256_hex(&std::fs::read(&artifact).expect("an artifact"));
        for artifact in [artifact.display().to_string(), digest] {
            judged += 1;
            let mut arguments = arguments(case);
            arguments.push(artifact);
            let answer = verify(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let is_negative = case.display().to_string().ends_with("_fail");
            if (answer.status == 0) == is_negative || !(0..=2).contains(&answer.status) {
                wrong.push(format!("{}: {answer:?}", case.display()));
            }
        }
    }
    println!("{} of {judged} as the suite says", judged - wrong.len());
    assert!(judged >= 140, "only {judged} judged");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
