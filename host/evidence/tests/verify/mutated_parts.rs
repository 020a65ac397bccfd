//! Certificates, signed times, roots and cosign's older form with changed bytes, each beneath its base64 where a text would hide it.

use std::time::{Duration, Instant};

use portcullis_evidence::legacy::{Annotations, verify_attestation, verify_image};
use portcullis_evidence::{Artifact, Signer, Trust, Verified, verify};
use serde_json::{Value, json};

use crate::instance::{INSTANCE, b64, hex, p256, sha256, signing_time};
use crate::legacy::{good_payload, promise};
use crate::made::{BLOB, By, Content, Log, blob, bundle, leaf, pem, stamps, statement};
use crate::mutations::{Chance, flipped, means_the_same, mutate, times};
use crate::trusts::{file, key, load, rule, trust_both, trust_root};

/// What one verification may take, whatever it is given; a debug build on a busy machine is far below it.
const PATIENCE: Duration = Duration::from_secs(5);

fn judge(bundle: &Value, trust: &Trust) -> Option<Verified> {
    let begin = Instant::now();
    let verdict = verify(bundle.to_string().as_bytes(), &Artifact::Sha256(sha256(BLOB)), trust).ok();
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    verdict
}

#[test]
fn refuses_every_changed_byte_of_a_certificate_n27_n29() {
    let (leaf, trust) = (leaf(), trust_root());
    // Without a log entry, which would hold the certificate a second time.
    let good = bundle(&By::Leaf(&leaf), &blob(), Log::None, true);
    assert!(judge(&good, &trust).is_some(), "it holds");
    for (at, bytes) in flipped(&leaf.der) {
        let mut bundle = good.clone();
        bundle["verificationMaterial"]["certificate"]["rawBytes"] = b64(&bytes).into();
        assert!(judge(&bundle, &trust).is_none(), "byte {at} of {}", hex(&leaf.der));
    }
}

#[test]
fn survives_every_certificate_and_believes_none() {
    let (leaf, trust) = (leaf(), trust_root());
    let good = bundle(&By::Leaf(&leaf), &blob(), Log::None, true);
    let original = judge(&good, &trust).expect("it holds");
    let mut chance = Chance(0x6a09_e667_f3bc_c908);
    for _ in 0..times(600) {
        let mut bundle = good.clone();
        bundle["verificationMaterial"]["certificate"]["rawBytes"] = b64(mutate(&leaf.der, &mut chance)).into();
        if let Some(verified) = judge(&bundle, &trust) {
            assert!(means_the_same(&verified, &original), "{verified:?}");
        }
    }
}

#[test]
fn believes_no_changed_time_n22() {
    let (leaf, trust) = (leaf(), trust_root());
    let good = bundle(&By::Leaf(&leaf), &blob(), Log::None, true);
    let token = INSTANCE.tsa.stamp(&crate::made::signature_of(&good), signing_time());
    let with = |bytes: &[u8]| {
        let mut bundle = good.clone();
        bundle["verificationMaterial"]["timestampVerificationData"] = stamps(&[bytes.to_vec()]);
        judge(&bundle, &trust)
    };
    let original = with(&token).expect("it holds");
    let mut still = 0;
    for (at, bytes) in flipped(&token) {
        if let Some(verified) = with(&bytes) {
            still += 1;
            // What nobody signs in it (the version of the answer, its status) may change; the time may not.
            assert_eq!(verified.times, original.times, "byte {at} of {}", hex(&token));
            assert!(means_the_same(&verified, &original), "byte {at}");
        }
    }
    assert!(still * 10 < token.len(), "{still} of {} bytes are signed by nobody", token.len());
    let mut chance = Chance(0xbb67_ae85_84ca_a73b);
    for _ in 0..times(400) {
        if let Some(verified) = with(&mutate(&token, &mut chance)) {
            assert!(means_the_same(&verified, &original), "{verified:?}");
        }
    }
}

#[test]
fn refuses_every_changed_byte_of_the_type_of_an_envelope_n4_n5() {
    let pair = p256();
    let trust = trust_both(&pair);
    let good = bundle(&By::Key(&pair), &statement("https://cyclonedx.org/bom"), Log::None, false);
    assert!(judge(&good, &trust).is_some(), "it holds");
    let kind = "application/vnd.in-toto+json";
    for at in 0..kind.len() {
        let mut changed = kind.as_bytes().to_vec();
        changed[at] ^= 1;
        let mut bundle = good.clone();
        bundle["dsseEnvelope"]["payloadType"] = String::from_utf8(changed).expect("ASCII").into();
        assert!(judge(&bundle, &trust).is_none(), "character {at}");
    }
}

#[test]
fn survives_every_root_and_believes_nobody_else_by_it_n25_n26() {
    let leaf = leaf();
    let bundles = [Log::V1, Log::V2].map(|log| bundle(&By::Leaf(&leaf), &blob(), log, true));
    let originals = bundles.each_ref().map(|bundle| judge(bundle, &trust_root()).expect("it holds"));
    let text = INSTANCE.trusted_root().to_string();
    let mut chance = Chance(0x3c6e_f372_fe94_f82b);
    let mut loaded = 0;
    for round in 0..times(400) {
        let bytes = mutate(text.as_bytes(), &mut chance);
        let path = file("mutated_root.json", "");
        std::fs::write(&path, &bytes).expect("a file");
        let mut rule = rule(Some(&Value::Null), Vec::new());
        rule.root = Some(portcullis_model::TrustRoot::File(path.clone()));
        let trust = Trust::load(&rule, std::path::Path::new("/nowhere"));
        std::fs::remove_file(&path).expect("the same file");
        let Ok(trust) = trust else { continue };
        loaded += 1;
        if let Some(mut verified) = judge(&bundles[round % 2], &trust) {
            let original = &originals[round % 2];
            // A root whose list of certificate logs is called something else has none, and the identity says so.
            if let Signer::Certificate(identity) = &mut verified.signer {
                identity.logged = true;
            }
            assert_eq!((&verified.signer, &verified.says), (&original.signer, &original.says), "round {round}");
        }
    }
    println!("{loaded} changed roots load");
    assert!(loaded > 10, "some are still roots: {loaded}");
}

#[test]
fn refuses_every_key_of_a_root_with_a_changed_byte() {
    use base64::Engine;
    let leaf = leaf();
    let good = bundle(&By::Leaf(&leaf), &blob(), Log::V2, true);
    let root = INSTANCE.trusted_root();
    let pointers = [
        "/tlogs/0/publicKey/rawBytes",
        "/certificateAuthorities/0/certChain/certificates/0/rawBytes",
        "/ctlogs/0/publicKey/rawBytes",
        "/timestampAuthorities/0/certChain/certificates/0/rawBytes",
    ];
    for pointer in pointers {
        let text = root.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"));
        let der = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
        // The last bytes are those of the key, or of the signature over the certificate.
        for at in der.len() - 24..der.len() {
            let mut bytes = der.clone();
            bytes[at] ^= 1;
            let mut changed = root.clone();
            *changed.pointer_mut(pointer).expect("a key") = b64(&bytes).into();
            let Ok(trust) = Trust::load(&rule(Some(&changed), Vec::new()), std::path::Path::new("/nowhere")) else {
                continue;
            };
            let certificate = pointer.contains("certChain");
            // A certificate that the operator wrote down is believed for what it says, not for who signed it.
            assert!(certificate || judge(&good, &trust).is_none(), "{pointer}: byte {at}");
        }
    }
}

#[test]
fn refuses_every_changed_byte_of_what_cosign_signed_before_bundles_n3_n51() {
    let pair = p256();
    let trust = load(&rule(None, vec![key("release", &pair)]));
    let image = Artifact::Sha256(sha256(BLOB));
    let (payload, none) = (good_payload(), Annotations::default());
    let signature = By::Key(&pair).sign(&payload);
    let judge = |payload: &[u8], signature: &[u8]| verify_image(payload, &b64(signature), &none, &image, &trust);
    assert!(judge(&payload, &signature).is_ok(), "it holds");
    for (at, bytes) in flipped(&payload) {
        assert!(judge(&bytes, &signature).is_err(), "byte {at} of the payload");
    }
    for (at, bytes) in flipped(&signature) {
        assert!(judge(&payload, &bytes).is_err(), "byte {at} of the signature");
    }
}

#[test]
fn survives_every_annotation_and_never_takes_another_meaning_from_it() {
    let (leaf, pair) = (leaf(), p256());
    let (trust, image) = (trust_both(&pair), Artifact::Sha256(sha256(BLOB)));
    let payload = good_payload();
    let by = By::Leaf(&leaf);
    let signature = by.sign(&payload);
    let token = INSTANCE.tsa.stamp(&signature, signing_time());
    let intermediate = pem("CERTIFICATE", INSTANCE.intermediate.der());
    let good = [
        b64(&signature),
        pem("CERTIFICATE", &leaf.der),
        format!("{intermediate}{}", pem("CERTIFICATE", INSTANCE.root.der())),
        promise(&by, &Content::Blob(payload.clone()), &signature),
        json!({"SignedRFC3161Timestamp": b64(token)}).to_string(),
    ];
    let judge = |texts: &[String; 5]| {
        let [signature, certificate, chain, bundle, timestamp] = texts.each_ref().map(String::as_str);
        let annotations = Annotations {
            certificate: Some(certificate),
            chain: Some(chain),
            bundle: Some(bundle),
            timestamp: Some(timestamp),
        };
        verify_image(&payload, signature, &annotations, &image, &trust)
    };
    let original = judge(&good).expect("it holds");
    let mut chance = Chance(0xa54f_f53a_5f1d_36f1);
    let mut still = 0;
    for round in 0..times(800) {
        let mut texts = good.clone();
        let one = &mut texts[round % good.len()];
        *one = String::from_utf8_lossy(&mutate(one.as_bytes(), &mut chance)).into_owned();
        if let Ok(verified) = judge(&texts) {
            still += 1;
            assert!(means_the_same(&verified, &original), "round {round}: {verified:?}");
        }
    }
    assert!(still < times(800) / 3, "the changes change nothing: {still}");
    // What is no image signature at all.
    for _ in 0..times(300) {
        let bytes = mutate(&payload, &mut chance);
        let _ = verify_attestation(&bytes, &Annotations::default(), &image, &trust);
        if bytes != payload {
            assert!(verify_image(&bytes, &good[0], &Annotations::default(), &image, &trust).is_err());
        }
    }
}
