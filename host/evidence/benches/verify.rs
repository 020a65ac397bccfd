//! What it costs to verify one signature offline: with a key, with a certificate, in the older form, and to load trust.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use portcullis_evidence::legacy::{Annotations, verify_image};
use portcullis_evidence::{Artifact, Trust, verify};
use portcullis_model::Presence;
use portcullis_model::{KeyRule, KeySource, TrustRoot, TrustRule};
use serde_json::json;

use portcullis_support::instance::{INSTANCE, b64, hex, p256, sha256, signing_time, spki};
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, entry, leaf, pem, statement};

const KEY: &str = include_str!("../tests/verify/cosign/cosign.pub");
const MESSAGE: &[u8] = include_bytes!("../tests/verify/cosign/blob.sigstore.json");
const ATTESTATION: &[u8] = include_bytes!("../tests/verify/cosign/sbom.sigstore.json");
const BLOB: &[u8] = b"the artifact\n";
const RUNS: usize = 400;

fn main() {
    let keyed = rule(None, Some(KEY.to_owned()));
    let public = rule(Some(TrustRoot::SigstorePublic), None);
    measure("load trust: one key", || drop(load(&keyed)));
    measure("load trust: the public root", || drop(load(&public)));
    let trust = load(&keyed);
    for (name, bundle) in
        [("keyed, no log, signature over bytes", MESSAGE), ("keyed, no log, attestation", ATTESTATION)]
    {
        measure(name, || assert!(verify(bundle, &Artifact::Bytes(BLOB), &trust).is_ok()));
    }
    images();
    conformance();
}

/// Signatures on an image, as the made-up sigstore of the tests and a key of theirs make them.
fn images() {
    let (leaf, pair) = (leaf(), p256());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-root.json", std::process::id()));
    std::fs::write(&path, INSTANCE.trusted_root().to_string()).expect("a file");
    let trust = load(&rule(Some(TrustRoot::File(path)), Some(pem("PUBLIC KEY", &spki(&pair)))));
    let artifact = Artifact::Sha256(sha256(BLOB));
    for (name, by, log, stamped) in [
        ("image, keyed, nothing besides", By::Key(&pair), Log::None, false),
        ("image, keyed, log and time", By::Key(&pair), Log::V2, true),
        ("image, keyless, promised, time", By::Leaf(&leaf), Log::None, true),
        ("image, keyless, promised, Rekor v1", By::Leaf(&leaf), Log::V1, false),
        ("image, keyless, promised, Rekor v2, time", By::Leaf(&leaf), Log::V2, true),
    ] {
        let bundle = bundle(&by, &statement(COSIGN), log, stamped).to_string();
        measure(name, || assert!(verify(bundle.as_bytes(), &artifact, &trust).is_ok()));
    }
    let image = json!({"docker-manifest-digest": format!("sha256:{}", hex(sha256(BLOB)))});
    let kind = "cosign container image signature";
    let payload = json!({"critical": {"identity": {}, "image": image, "type": kind}, "optional": null}).to_string();
    let certificate = pem("CERTIFICATE", &leaf.der);
    for (name, by) in
        [("image, older form, keyed", By::Key(&pair)), ("image, older form, keyless, promises", By::Leaf(&leaf))]
    {
        let signature = by.sign(payload.as_bytes());
        let entry =
            entry(&INSTANCE, &by, &Content::Blob(payload.clone().into_bytes()), &signature, Log::V1, signing_time());
        let promise = json!({
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {"body": entry["canonicalizedBody"], "integratedTime": signing_time(), "logIndex": 1,
                "logID": hex(sha256(spki(&INSTANCE.log1)))},
        });
        let (signature, promise) = (b64(signature), promise.to_string());
        let keyless = matches!(by, By::Leaf(_));
        let annotations = Annotations {
            certificate: keyless.then_some(certificate.as_str()),
            bundle: keyless.then_some(promise.as_str()),
            ..Annotations::default()
        };
        measure(name, || {
            assert!(verify_image(payload.as_bytes(), &signature, &annotations, &artifact, &trust).is_ok());
        });
    }
}

/// Bundles of the public instance, where the corpora are.
fn conformance() {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(default, Into::into);
    let suite = corpora.join("sigstore-conformance/bundle-verify");
    let Ok(artifact) = std::fs::read(suite.join("a.txt")) else {
        println!("SKIPPED: no corpora at {}", corpora.display());
        return;
    };
    for (case, what) in [
        ("happy-path-v0.1", "keyless, 0.1, promise"),
        ("happy-path-v0.3", "keyless, 0.3, Rekor v1"),
        ("rekor2-happy-path", "keyless, Rekor v2 and RFC 3161"),
        ("rekor2-dsse-happy-path", "keyless attestation, Rekor v2"),
        ("managed-key-happy-path", "keyed, Rekor v1"),
    ] {
        let case = suite.join(case);
        let own = case.join("trusted_root.json");
        let root = if own.exists() { TrustRoot::File(own) } else { TrustRoot::SigstorePublic };
        let trust = load(&rule(Some(root), std::fs::read_to_string(case.join("key.pub")).ok()));
        let bundle = std::fs::read(case.join("bundle.sigstore.json")).expect("a bundle");
        let artifact = std::fs::read(case.join("artifact")).unwrap_or_else(|_| artifact.clone());
        measure(what, || assert!(verify(&bundle, &Artifact::Bytes(&artifact), &trust).is_ok()));
    }
}

fn rule(root: Option<TrustRoot>, key: Option<String>) -> TrustRule {
    let key = key.map(|pem| KeyRule {
        name: "key".to_owned(),
        source: KeySource::Inline(pem),
        not_before: None,
        not_after: None,
        revoked: false,
    });
    let (log, timestamp) = (Presence::Optional, Presence::Optional);
    TrustRule { name: "bench".to_owned(), root, keys: key.into_iter().collect(), log, timestamp, place: None }
}

fn load(rule: &TrustRule) -> Trust {
    Trust::load(rule, Path::new("")).expect("trust")
}

/// Prints median and 99th percentile.
fn measure(name: &str, run: impl Fn()) {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(&run)();
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |part: usize| times[(RUNS - 1) * part / 100].as_secs_f64() * 1000.0;
    println!("{name:<40} median {:>7.3} ms   p99 {:>7.3} ms", at(50), at(99));
}
