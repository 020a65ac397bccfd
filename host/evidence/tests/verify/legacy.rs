//! Signatures of cosign from before bundles: with a key, with a certificate, with log and time, and what is refused of them.

use portcullis_evidence::legacy::{Annotations, verify_attestation, verify_image};
use portcullis_evidence::{Artifact, Reason, Refused, Signer, TimeSource, Trust, Verified};
use serde_json::{Value, json};

use crate::instance::{INSTANCE, b64, hex, p256, sha256, signing_time, spki};
use crate::made::{BLOB, By, Content, Log, entry, leaf, pem, statement};
use crate::trusts::{key, load, rule, trust_both, trust_root};

fn payload(kind: &str, digest: &str) -> Vec<u8> {
    let image = json!({"docker-manifest-digest": digest});
    json!({"critical": {"identity": {"docker-reference": "r.test/app"}, "image": image, "type": kind}, "optional": {"a": "b", "n": 1}})
        .to_string()
        .into_bytes()
}

pub fn good_payload() -> Vec<u8> {
    payload("cosign container image signature", &format!("sha256:{}", hex(sha256(BLOB))))
}

/// What cosign puts into `dev.sigstore.cosign/bundle`.
pub fn promise(by: &By<'_>, content: &Content, signature: &[u8]) -> String {
    let entry = entry(&INSTANCE, by, content, signature, Log::V1, signing_time());
    json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"], "integratedTime": signing_time(), "logIndex": 1,
            "logID": hex(sha256(spki(&INSTANCE.log1))),
        },
    })
    .to_string()
}

fn judge(payload: &[u8], signature: &[u8], annotations: &Annotations<'_>, trust: &Trust) -> Result<Verified, Refused> {
    verify_image(payload, &b64(signature), annotations, &Artifact::Sha256(sha256(BLOB)), trust)
}

#[test]
fn verifies_image_signatures_with_keys_and_certificates() {
    let (leaf, pair) = (leaf(), p256());
    let payload = good_payload();
    let content = Content::Blob(payload.clone());
    let certificate = pem("CERTIFICATE", &leaf.der);
    let chain =
        format!("{}{}", pem("CERTIFICATE", INSTANCE.intermediate.der()), pem("CERTIFICATE", INSTANCE.root.der()));
    for by in [By::Leaf(&leaf), By::Key(&pair)] {
        let signature = by.sign(&payload);
        let (bundle, token) = (promise(&by, &content, &signature), INSTANCE.tsa.stamp(&signature, signing_time()));
        let timestamp = json!({"SignedRFC3161Timestamp": b64(token)}).to_string();
        let is_leaf = matches!(by, By::Leaf(_));
        let with = |bundle: bool, timestamp_too: bool, text: &'static str| (bundle, timestamp_too, text);
        for (logged, timed, what) in
            [with(true, false, "log"), with(false, true, "time"), with(true, true, "both"), with(false, false, "bare")]
        {
            let annotations = Annotations {
                certificate: is_leaf.then_some(&certificate),
                chain: is_leaf.then_some(&chain),
                bundle: logged.then_some(&bundle),
                timestamp: timed.then_some(&timestamp),
            };
            let verified = judge(&payload, &signature, &annotations, &trust_both(&pair));
            if is_leaf && what == "bare" {
                assert_eq!(verified.expect_err("nobody says when").reason, Reason::TimestampMissing);
                continue;
            }
            let verified = verified.unwrap_or_else(|refused| panic!("{what}: {refused}"));
            assert!(verified.is_image_signature());
            assert_eq!(matches!(verified.signer, Signer::Certificate(_)), is_leaf);
            assert_eq!(verified.log.iter().filter(|entry| !entry.proved).count(), usize::from(logged), "only promised");
            let by_log = verified.times.iter().filter(|time| matches!(time.source, TimeSource::Log(_))).count();
            assert_eq!(by_log, usize::from(logged));
        }
    }
}

#[test]
fn refuses_image_signatures_of_something_else_n51() {
    let pair = p256();
    let trust = load(&rule(None, vec![key("release", &pair)]));
    let none = Annotations::default();
    let digest = format!("sha256:{}", hex(sha256(BLOB)));
    let kind = "cosign container image signature";
    for (text, reason) in [
        (payload(kind, &format!("sha256:{}", "0".repeat(64))), Reason::WrongArtifact),
        (payload(kind, &digest.to_uppercase()), Reason::WrongArtifact),
        (payload(kind, ""), Reason::WrongArtifact),
        (payload("atomic container signature", &digest), Reason::PayloadType),
        (b"{}".to_vec(), Reason::PayloadType),
        (b"not JSON".to_vec(), Reason::Malformed),
        ([&good_payload()[..], b"{}"].concat(), Reason::Malformed),
    ] {
        let signature = By::Key(&pair).sign(&text);
        assert_eq!(judge(&text, &signature, &none, &trust).expect_err("something else").reason, reason);
    }
    let payload = good_payload();
    let other = By::Key(&p256()).sign(&payload);
    assert_eq!(judge(&payload, &other, &none, &trust).expect_err("N2").reason, Reason::WrongKey);
    let own = By::Key(&pair).sign(&payload);
    let changed = [&payload[..], b" "].concat();
    assert_eq!(judge(&changed, &own, &none, &trust).expect_err("N3").reason, Reason::WrongKey);
    let text = verify_image(&payload, "?", &none, &Artifact::Bytes(BLOB), &trust).expect_err("no base64");
    assert_eq!(text.reason, Reason::Malformed);
}

#[test]
fn refuses_promises_and_certificates_of_something_else_n14_n19() {
    let (leaf, pair) = (leaf(), p256());
    let payload = good_payload();
    let content = Content::Blob(payload.clone());
    let by = By::Leaf(&leaf);
    let signature = by.sign(&payload);
    let certificate = pem("CERTIFICATE", &leaf.der);
    let good = promise(&by, &content, &signature);
    let refuses = |certificate: &str, bundle: &str, reason: Reason| {
        let annotations =
            Annotations { certificate: Some(certificate), bundle: Some(bundle), ..Annotations::default() };
        let refused = judge(&payload, &signature, &annotations, &trust_root()).expect_err("refused");
        assert_eq!(refused.reason, reason, "{refused}");
    };
    let change = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&good).expect("JSON");
        change(&mut value);
        value.to_string()
    };
    let later = change(&|value| value["Payload"]["integratedTime"] = (signing_time() + 1).into());
    refuses(&certificate, &later, Reason::LogPromise);
    let index = change(&|value| value["Payload"]["logIndex"] = 2.into());
    refuses(&certificate, &index, Reason::LogPromise);
    let other = promise(&by, &Content::Blob(b"other".to_vec()), &by.sign(b"other"));
    refuses(&certificate, &other, Reason::LogMismatch);
    refuses(&certificate, &change(&|value| value["Payload"]["logID"] = "ZZ".into()), Reason::Malformed);
    refuses(&certificate, &change(&|value| value["Payload"] = Value::Null), Reason::Malformed);
    refuses(&certificate, "{", Reason::Malformed);
    refuses("no PEM", &good, Reason::CertificateMalformed);
    refuses(&pem("PRIVATE KEY", b"x"), &good, Reason::CertificateMalformed);
    refuses(&format!("{certificate}{certificate}"), &good, Reason::CertificateMalformed);
    let keyed = Annotations { bundle: Some(&good), ..Annotations::default() };
    let refused = judge(&payload, &signature, &keyed, &trust_both(&pair)).expect_err("a key's, says nobody");
    assert_eq!(refused.reason, Reason::WrongKey);
}

#[test]
fn verifies_attestations_and_refuses_those_about_something_else() {
    let (leaf, pair) = (leaf(), p256());
    let content = statement("https://slsa.dev/provenance/v1");
    let Content::Envelope(kind, payload) = &content else { panic!("an envelope") };
    for by in [By::Leaf(&leaf), By::Key(&pair)] {
        let signature = by.sign(&content.signed());
        let envelope = json!({"payloadType": kind, "payload": b64(payload), "signatures": [{"keyid": "", "sig": b64(&signature)}]});
        let (certificate, bundle) = (pem("CERTIFICATE", &leaf.der), promise(&by, &content, &signature));
        let annotations = Annotations {
            certificate: matches!(by, By::Leaf(_)).then_some(&certificate),
            bundle: Some(&bundle),
            ..Annotations::default()
        };
        let judge = |artifact: &Artifact<'_>| {
            verify_attestation(envelope.to_string().as_bytes(), &annotations, artifact, &trust_both(&pair))
        };
        let verified = judge(&Artifact::Sha256(sha256(BLOB))).expect("it holds");
        assert_eq!(verified.predicate_type(), Some("https://slsa.dev/provenance/v1"));
        assert_eq!(judge(&Artifact::Sha256([0; 32])).expect_err("A35").reason, Reason::WrongArtifact);
    }
}
