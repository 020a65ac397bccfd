//! The same made-up bundles through `cosign verify-blob`, where cosign is installed: agreement, or a difference that is meant.

use std::process::{Command, Stdio};

use portcullis_evidence::{Artifact, verify};
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::Value;

use crate::instance::{INSTANCE, ISSUER, LeafParams, SUBJECT, b64, now, p256, sha256, signing_time, spki};
use crate::made::{BLOB, By, Content, Log, blob, bundle, entry, leaf, pem, signature_of, stamp_of, stamps};
use crate::trusts::{file, trust_both};

/// What cosign lets pass and we do not, each with the reason.
const STRICTER: [(&str, &str); 1] =
    [("N17", "cosign too takes the checkpoint's root in entries of Rekor v2 and lets the proof's lie")];

fn cosign_says(bundle: &Value, key: Option<&str>, flags: &[&str]) -> bool {
    let path = |name: &str, text: &str| file(name, text).display().to_string();
    let (blob, bundle) = (path("blob", "the artifact\n"), path("bundle.json", &bundle.to_string()));
    let root = path("root.json", &INSTANCE.trusted_root().to_string());
    let key = key.map(|text| path("key.pub", text));
    let signer = match &key {
        Some(key) => vec!["--key", key],
        None => vec!["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER],
    };
    let mut cosign = Command::new("cosign");
    cosign.args(["verify-blob", "--bundle", &bundle, "--trusted-root", &root]).args(signer).args(flags).arg(blob);
    cosign.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("cosign ran before").success()
}

#[test]
fn agrees_with_cosign_on_every_bundle_made_here() {
    let there = Command::new("cosign").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no cosign on this machine");
        return;
    }
    let (own, pair) = (leaf(), p256());
    let (by, keyed, trust) = (By::Leaf(&own), By::Key(&pair), trust_both(&pair));
    let v2 = bundle(&by, &blob(), Log::V2, true);
    let v1 = bundle(&by, &blob(), Log::V1, true);
    let change = |bundle: &Value, change: &dyn Fn(&mut Value)| {
        let mut bundle = bundle.clone();
        change(&mut bundle["verificationMaterial"]);
        bundle
    };
    let signed = |params: LeafParams| bundle(&By::Leaf(&INSTANCE.leaf(&params)), &blob(), Log::V2, true);
    let other = leaf();
    let relabelled = entry(&INSTANCE, &By::Leaf(&other), &blob(), &signature_of(&v2), Log::V2, signing_time());
    let unrelated = bundle(&by, &Content::Blob(b"other".to_vec()), Log::V2, true);
    let elsewhere = unrelated["verificationMaterial"]["tlogEntries"][0].clone();
    let stranger = crate::instance::Instance::new(-86_400, 86_400);
    let log = ["--use-signed-timestamps"];
    let offline = ["--insecure-ignore-tlog"];
    let key = pem("PUBLIC KEY", &spki(&pair));
    let none = LeafParams::default;
    let cases: Vec<(&str, Value, Option<&str>, &[&str])> = vec![
        ("v2 and time", v2.clone(), None, &log),
        ("v1", bundle(&by, &blob(), Log::V1, false), None, &[]),
        ("v1 and time", v1.clone(), None, &log),
        ("keyed, bare", bundle(&keyed, &blob(), Log::None, false), Some(&key), &offline),
        ("keyed, v1", bundle(&keyed, &blob(), Log::V1, false), Some(&key), &[]),
        ("N1", unrelated, None, &log),
        ("N2", bundle(&By::Key(&p256()), &blob(), Log::None, false), Some(&key), &offline),
        ("N14", change(&v2, &|material| material["tlogEntries"][0] = elsewhere.clone()), None, &log),
        ("N15", change(&v2, &|material| material["tlogEntries"][0] = relabelled.clone()), None, &log),
        ("N16", change(&v2, &|material| material["tlogEntries"][0]["inclusionProof"] = Value::Null), None, &log),
        (
            "N17",
            change(&v2, &|material| material["tlogEntries"][0]["inclusionProof"]["rootHash"] = b64([7; 32]).into()),
            None,
            &log,
        ),
        (
            "N19",
            change(&v1, &|material| {
                material["tlogEntries"][0]["inclusionPromise"]["signedEntryTimestamp"] =
                    b64(pair.serialize_der()).into()
            }),
            None,
            &log,
        ),
        (
            "N20",
            change(&v1, &|material| {
                material["tlogEntries"][0] = entry(&INSTANCE, &by, &blob(), &signature_of(&v1), Log::V1, now() + 600)
            }),
            None,
            &log,
        ),
        ("N21", bundle(&by, &blob(), Log::V2, false), None, &log),
        (
            "N22",
            change(&v2, &|material| {
                material["timestampVerificationData"] = stamps(&[stamp_of(&v2, &stranger.tsa, signing_time())])
            }),
            None,
            &log,
        ),
        (
            "N22 other",
            change(&v2, &|material| {
                material["timestampVerificationData"] = stamps(&[INSTANCE.tsa.stamp(b"x", signing_time())])
            }),
            None,
            &log,
        ),
        ("N27", bundle(&By::Leaf(&stranger.leaf(&none())), &blob(), Log::V2, true), None, &log),
        ("N29", signed(LeafParams { usages: vec![ExtendedKeyUsagePurpose::ServerAuth], ..none() }), None, &log),
        ("N30", signed(LeafParams { ct: None, ..none() }), None, &log),
        ("expired", signed(LeafParams { from: signing_time() - 900, to: signing_time() - 800, ..none() }), None, &log),
    ];
    let mut differences = Vec::new();
    let (mut agreed, all) = (0, cases.len());
    for (name, bundle, key, flags) in cases {
        let theirs = cosign_says(&bundle, key, flags);
        let ours = verify(bundle.to_string().as_bytes(), &Artifact::Sha256(sha256(BLOB)), &trust).is_ok();
        let meant = !ours && theirs && STRICTER.iter().any(|(its, _)| *its == name);
        agreed += usize::from(theirs == ours);
        if theirs != ours && !meant {
            differences.push(format!("{name}: we say {ours}, cosign says {theirs}"));
        }
    }
    println!("{agreed} of {all} agreed");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
