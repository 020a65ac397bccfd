//! The bundles of sigstore-conformance, each as a file and as a digest, through trust as a user would write it.

use std::path::{Path, PathBuf};

use portcullis_evidence::{Artifact, Reason, Signer, Trust, verify};
use portcullis_model::Presence;
use portcullis_model::{KeyRule, KeySource, TrustRoot, TrustRule};
use sha2::{Digest, Sha256};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The folder of the suite; nothing where it is not on this machine.
fn suite() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(default, PathBuf::from);
    if corpora.is_dir() {
        return Some(corpora.join("sigstore-conformance/bundle-verify"));
    }
    println!("SKIPPED: no corpora at {}", corpora.display());
    None
}

fn trust(case: &Path) -> Result<Trust, String> {
    let root = case.join("trusted_root.json");
    let root = if root.exists() { TrustRoot::File(root) } else { TrustRoot::SigstorePublic };
    let key = case.join("key.pub");
    let keys = key.exists().then(|| KeyRule {
        name: "key".to_owned(),
        source: KeySource::File(key),
        not_before: None,
        not_after: None,
        revoked: false,
    });
    let rule = TrustRule {
        name: "conformance".to_owned(),
        root: Some(root),
        keys: keys.into_iter().collect(),
        log: Presence::Required,
        timestamp: Presence::Optional,
        place: None,
    };
    Trust::load(&rule, Path::new("")).map_err(|error| error.to_string())
}

/// What a client of the suite's protocol says: nothing, or why not.
fn judge(case: &Path, artifact: &Artifact<'_>) -> Result<(), String> {
    let read = |name: &str| std::fs::read_to_string(case.join(name)).ok().map(|text| text.trim().to_owned());
    let trust = trust(case)?;
    let bundle = std::fs::read(case.join("bundle.sigstore.json")).expect("a bundle");
    let verified = verify(&bundle, artifact, &trust).map_err(|refused| refused.to_string())?;
    match verified.signer {
        Signer::Key { .. } if case.join("key.pub").exists() => Ok(()),
        Signer::Key { .. } => Err("a key where an identity was expected".to_owned()),
        Signer::Certificate(identity) => {
            let subject = read("identity").unwrap_or_else(|| IDENTITY.to_owned());
            let issuer = read("issuer").unwrap_or_else(|| ISSUER.to_owned());
            let named = identity.subjects.iter().all(|its| its.as_str() == subject);
            let is_it = !case.join("key.pub").exists() && named && identity.issuer == Some(issuer);
            if is_it { Ok(()) } else { Err(format!("another identity: {:?}", identity.subjects)) }
        }
    }
}

#[test]
fn judges_every_bundle_of_the_conformance_suite_as_it_says() {
    let Some(suite) = suite() else { return };
    let mut wrong = Vec::new();
    let mut judged = 0;
    let mut cases: Vec<_> =
        std::fs::read_dir(&suite).expect("the suite").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    for case in cases.iter().filter(|case| case.is_dir()) {
        let name = case.file_name().expect("a name").to_string_lossy().into_owned();
        let own = case.join("artifact");
        let bytes = std::fs::read(if own.exists() { own } else { suite.join("a.txt") }).expect("an artifact");
        for (form, artifact) in
            [("file", Artifact::Bytes(&bytes)), ("digest", Artifact::Sha256(Sha256::digest(&bytes).into()))]
        {
            judged += 1;
            let said = judge(case, &artifact);
            println!("{name} ({form}): {}", said.as_ref().err().map_or("verified", String::as_str));
            if said.is_ok() == name.ends_with("_fail") {
                wrong.push(format!("{name} ({form}): {said:?}"));
            }
        }
    }
    println!("{} of {judged} judged as the suite says", judged - wrong.len());
    assert!(judged >= 140, "only {judged} judged");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_the_step_that_failed_in_bundles_that_nobody_here_made() {
    let Some(suite) = suite() else { return };
    let bytes = std::fs::read(suite.join("a.txt")).expect("an artifact");
    for (case, reason) in [
        ("bundle-unknown-version_fail", Reason::UnknownVersion),
        ("bundle-malformed-json_fail", Reason::Malformed),
        ("bundle-negative-log-index_fail", Reason::Malformed),
        ("bundle-invalid-base64-signature_fail", Reason::Malformed),
        ("bundle-from-wrong-instance_fail", Reason::LogUnknown),
        ("checkpoint-bad-keyhint_fail", Reason::LogCheckpoint),
        // It was in the future when the suite was written.
        ("integrated-time-in-future_fail", Reason::CertificateExpired),
        ("invalid-ct-key_fail", Reason::CertificateNotLogged),
        ("managed-key-no-key_fail", Reason::NoKeys),
        ("message-digest-mismatch_fail", Reason::WrongArtifact),
        ("rekor2-no-timestamp_fail", Reason::TimestampMissing),
        ("rekor2-timestamp-payload-mismatch_fail", Reason::TimestampMismatch),
        ("rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", Reason::TimestampUntrusted),
        ("rekor2-timestamp-outside-trust-root-tsa-validity_fail", Reason::TimestampOutsideWindow),
        ("set-invalid-signature_fail", Reason::LogPromise),
        ("wrong-hashedrekord-entry_fail", Reason::LogMismatch),
    ] {
        let case = suite.join(case);
        let own = case.join("artifact");
        let bytes = std::fs::read(own).unwrap_or_else(|_| bytes.clone());
        let bundle = std::fs::read(case.join("bundle.sigstore.json")).expect("a bundle");
        let trust = trust(&case).expect("a root");
        let refused = verify(&bundle, &Artifact::Bytes(&bytes), &trust).expect_err("a forgery");
        assert_eq!(refused.reason, reason, "{}: {refused}", case.display());
    }
}
