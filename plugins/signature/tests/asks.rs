//! What the plugin asks the host, and when.

use portcullis_sdk::testing::Scene;
use signature::Signature;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SETTINGS: &str = r#"{"images": [
    {"match": ["docker.io/library/*"], "trust": "community"},
    {"match": ["registry.k8s.io/**"], "exempt": true},
    {"match": ["**"], "trust": "release"}
]}"#;

fn pod(images: &[&str]) -> Scene {
    let containers: String =
        images.iter().enumerate().map(|(n, image)| format!("  - {{name: c{n}, image: \"{image}\"}}\n")).collect();
    Scene::object("pod.yaml", &format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"))
}

fn asked(images: &[&str]) -> Vec<String> {
    let queries = pod(images).evaluate::<Signature>(SETTINGS).expect_err("the plugin asks");
    assert!(queries.iter().all(|query| query.kind == "signature"));
    queries.into_iter().map(|query| query.arguments).collect()
}

#[test]
fn asks_about_whole_references_under_the_trust_of_the_first_entry() {
    let pinned = format!("REG.example:5000/a/b:v1@{DIGEST}");
    let whole = format!(r#"{{"image":"reg.example:5000/a/b:v1@{DIGEST}","trust":"release"}}"#);
    assert_eq!(asked(&[&pinned]), [whole]);
    assert_eq!(asked(&["nginx:1.27"]), [r#"{"image":"docker.io/library/nginx:1.27","trust":"community"}"#]);
    assert_eq!(asked(&["ghcr.io/org/app"]), [r#"{"image":"ghcr.io/org/app","trust":"release"}"#]);
}

#[test]
fn asks_once_about_each_image() {
    let many =
        ["nginx:1", "index.docker.io/library/nginx:1", "docker.io/nginx:1", "registry.k8s.io/pause:1", "nginx:2"];
    assert_eq!(asked(&many).len(), 2);
}

#[test]
fn asks_nothing_about_what_needs_no_signature() {
    assert_eq!(pod(&["registry.k8s.io/pause:1"]).judge::<Signature>(SETTINGS), []);
    let config = Scene::object("a.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {image: nginx}\n");
    assert_eq!(config.judge::<Signature>(SETTINGS), []);
}

#[test]
fn keeps_a_message_short_whatever_strangers_wrote() {
    let subject = "https://github.com/".to_owned() + &"x".repeat(5_000);
    let signature = format!(
        r#"{{"signer": "certificate", "issuer": "{subject}", "subjects": ["{subject}", "{subject}2", "{subject}3"], "predicateType": "https://sigstore.dev/cosign/sign/v1"}}"#
    );
    let signatures = vec![signature; 50].join(",");
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let arguments = format!(r#"{{"image": "{image}", "trust": "release"}}"#);
    let document = format!(r#"{{"digest": "{DIGEST}", "signatures": [{signatures}], "refused": []}}"#);
    let found = pod(&[&image]).fact("signature", &arguments, Some(&document)).judge::<Signature>(SETTINGS);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.len() < 4096, "{}", found[0].message.len());
    let rejected = pod(&[&image]).rejected_fact("signature", &arguments, &subject).judge::<Signature>(SETTINGS);
    assert!(rejected[0].message.len() < 4096 && rejected[0].message.ends_with("a key of the trust `release`"));
}

#[test]
fn takes_no_signer_that_it_does_not_know() {
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let arguments = format!(r#"{{"image": "{image}", "trust": "release"}}"#);
    for signer in [
        r#""signer": "key""#,
        r#""signer": "key", "key": """#,
        r#""signer": "friend", "key": "release""#,
        r#""key": "release""#,
    ] {
        let signature = format!(r#"{{{signer}, "predicateType": "https://sigstore.dev/cosign/sign/v1"}}"#);
        let document = format!(r#"{{"digest": "{DIGEST}", "signatures": [{signature}]}}"#);
        let found = pod(&[&image]).fact("signature", &arguments, Some(&document)).judge::<Signature>(SETTINGS);
        assert_eq!(found[0].rule, "signer-not-allowed", "{signer}");
    }
    // No digest, no proof.
    let signature = r#"{"signer": "key", "key": "k", "predicateType": "https://sigstore.dev/cosign/sign/v1"}"#;
    let document = format!(r#"{{"signatures": [{signature}]}}"#);
    let found = pod(&[&image]).fact("signature", &arguments, Some(&document)).judge::<Signature>(SETTINGS);
    assert_eq!(found[0].rule, "signature-refused");
}
