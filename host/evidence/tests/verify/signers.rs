//! The forgeries of certificates and keys (N27-N40, N53), and what is told of a signer without a judgement.

use portcullis_evidence::{Artifact, Reason, Signer, Trust, verify_at};
use portcullis_model::Presence;
use portcullis_model::TrustRule;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SanType};
use serde_json::{Value, json};

use crate::forgeries::{changed, judge, refuses};
use crate::instance::{INSTANCE, Instance, LeafParams, SUBJECT, b64, now, p256, sha256, signing_time, spki, uri};
use crate::made::{BLOB, By, Log, blob, bundle, bundle_of, leaf, statement};
use crate::trusts::{key, load, rule, trust_root};

/// The tests in here, for whoever wants every bundle that they judge.
pub const TESTS: [fn(); 7] = [
    refuses_certificates_of_nobody_we_trust_n27_to_n33,
    tells_every_name_and_claim_and_judges_none_of_them_n32_to_n37,
    refuses_what_the_trust_has_no_word_about_n38_n39,
    refuses_keys_outside_their_time_by_the_signed_time_or_else_by_the_clock_n40,
    asks_for_log_and_time_as_the_trust_says,
    says_of_a_root_without_certificate_logs_that_nothing_was_promised,
    does_not_take_a_signed_attestation_for_a_signature_n53,
];

/// The made-up root with one thing changed.
fn root_with(change: impl FnOnce(&mut Value)) -> Trust {
    load(&rule(Some(&changed(&INSTANCE.trusted_root(), change)), Vec::new()))
}

fn demanding(pair: Option<&KeyPair>, log: Presence, timestamp: Presence) -> Trust {
    let keys = pair.map(|pair| key("release", pair)).into_iter().collect();
    load(&TrustRule { log, timestamp, ..rule(Some(&INSTANCE.trusted_root()), keys) })
}

#[test]
fn refuses_certificates_of_nobody_we_trust_n27_to_n33() {
    let trust = trust_root();
    let signed = |params: LeafParams| bundle(&By::Leaf(&INSTANCE.leaf(&params)), &blob(), Log::V2, true);
    let default = LeafParams::default;
    let stranger = Instance::new(-86_400, 86_400);
    let foreign = stranger.leaf(&default());
    refuses("N27", &bundle(&By::Leaf(&foreign), &blob(), Log::V2, true), &trust, Reason::CertificateUntrusted);
    // N28: bundles 0.3 hold one certificate, so the root can come only in an older form.
    let leaf = leaf();
    let chain = |version: &str, extra: &[u8]| {
        changed(&bundle(&By::Leaf(&leaf), &blob(), Log::V1, true), |value| {
            value["mediaType"] = format!("application/vnd.dev.sigstore.bundle+json;version={version}").into();
            let material = value["verificationMaterial"].as_object_mut().expect("material");
            material.remove("certificate");
            let certificates = json!([{"rawBytes": b64(&leaf.der)}, {"rawBytes": b64(extra)}]);
            material.insert("x509CertificateChain".to_owned(), json!({"certificates": certificates}));
        })
    };
    refuses("N28", &chain("0.2", INSTANCE.root.der()), &trust, Reason::RootInBundle);
    refuses("N28 0.3", &chain("0.3", INSTANCE.intermediate.der()), &trust, Reason::Malformed);
    for version in ["0.1", "0.2"] {
        assert!(judge(&chain(version, INSTANCE.intermediate.der()), &trust).is_ok(), "{version}");
    }
    refuses("N29 no usage", &signed(LeafParams { usages: Vec::new(), ..default() }), &trust, Reason::CertificateUsage);
    let server = vec![ExtendedKeyUsagePurpose::ServerAuth];
    refuses("N29 other usage", &signed(LeafParams { usages: server, ..default() }), &trust, Reason::CertificateUsage);
    refuses("N29 authority", &signed(LeafParams { ca: true, ..default() }), &trust, Reason::CertificateUsage);
    refuses("N30 none", &signed(LeafParams { ct: None, ..default() }), &trust, Reason::CertificateNotLogged);
    refuses("N30 log", &signed(LeafParams { ct: Some(p256()), ..default() }), &trust, Reason::CertificateNotLogged);
    let other = Some(spki(INSTANCE.root.key()));
    refuses("N30 issuer", &signed(LeafParams { ct_issuer: other, ..default() }), &trust, Reason::CertificateNotLogged);
    let old = LeafParams { from: signing_time() - 9000, to: signing_time() - 8000, ..default() };
    refuses("expired leaf", &signed(old), &trust, Reason::CertificateExpired);
    let early = LeafParams { from: signing_time() + 100, ..default() };
    refuses("early leaf", &signed(early), &trust, Reason::CertificateNotYetValid);
    // N31: an intermediate that had expired, log or not.
    let faded = Instance::new(-20 * 86_400, -10 * 86_400);
    let leaf = faded.leaf(&LeafParams { ct: Some(faded.ct()), ..default() });
    let fade = load(&rule(Some(&faded.trusted_root()), Vec::new()));
    for log in [Log::None, Log::V2] {
        refuses("N31", &bundle_of(&faded, &By::Leaf(&leaf), &blob(), log, true), &fade, Reason::CertificateExpired);
    }
    refuses(
        "names nobody",
        &signed(LeafParams { subjects: Vec::new(), ..default() }),
        &trust,
        Reason::CertificateMalformed,
    );
    let broken = vec![uri("https://git.example.test/org/app\n")];
    refuses(
        "N34 line break",
        &signed(LeafParams { subjects: broken, ..default() }),
        &trust,
        Reason::CertificateMalformed,
    );
    let twice = vec![(14, "refs/heads/main".to_owned()), (14, "refs/heads/evil".to_owned())];
    refuses("N35 two refs", &signed(LeafParams { claims: twice, ..default() }), &trust, Reason::CertificateMalformed);
    let garbage = changed(&signed(default()), |value| {
        value["verificationMaterial"]["certificate"]["rawBytes"] = b64(b"x").into()
    });
    refuses("no certificate", &garbage, &trust, Reason::CertificateMalformed);
}

#[test]
fn tells_every_name_and_claim_and_judges_none_of_them_n32_to_n37() {
    let email = SanType::Rfc822Name("dev@example.test".try_into().expect("an IA5 string"));
    let claims: Vec<(u64, String)> = (9..=22).map(|last| (last, format!("value {last}"))).collect();
    let params = LeafParams { subjects: vec![email, uri(SUBJECT)], issuer: None, claims, ..LeafParams::default() };
    let verified = judge(&bundle(&By::Leaf(&INSTANCE.leaf(&params)), &blob(), Log::V2, true), &trust_root());
    let Signer::Certificate(identity) = verified.expect("it holds").signer else { panic!("a certificate") };
    let names: Vec<_> = identity.subjects.iter().map(|name| (name.kind(), name.as_str())).collect();
    assert_eq!(names, [("email", "dev@example.test"), ("uri", SUBJECT)], "N33: all of them");
    assert_eq!(identity.issuer, None, "N32: not there, and not made up");
    assert_eq!(identity.claims.len(), 14);
    assert_eq!(identity.claims["buildSignerURI"], "value 9");
    assert_eq!(identity.claims["sourceRepositoryVisibilityAtSigning"], "value 22");
}

#[test]
fn refuses_what_the_trust_has_no_word_about_n38_n39() {
    let (leaf, pair) = (leaf(), p256());
    let keys = load(&rule(None, vec![key("release", &pair)]));
    refuses("N38", &bundle(&By::Leaf(&leaf), &blob(), Log::V2, true), &keys, Reason::NoRoot);
    refuses("N38", &bundle(&By::Key(&pair), &blob(), Log::V2, true), &trust_root(), Reason::NoKeys);
    refuses("log, no root", &bundle(&By::Key(&pair), &blob(), Log::V2, false), &keys, Reason::NoRoot);
    refuses("time, no root", &bundle(&By::Key(&pair), &blob(), Log::None, true), &keys, Reason::NoRoot);
    let other = p256();
    let two = load(&rule(None, vec![key("release", &pair), key("other", &other)]));
    let misled = changed(&bundle(&By::Key(&pair), &blob(), Log::None, false), |value| {
        value["verificationMaterial"]["publicKey"]["hint"] = b64(sha256(spki(&other))).into();
    });
    let Signer::Key { name, .. } = judge(&misled, &two).expect("a hint proves nothing").signer else { panic!("a key") };
    assert_eq!(name, "release", "N39");
    let stranger = changed(&bundle(&By::Key(&p256()), &blob(), Log::None, false), |value| {
        value["verificationMaterial"]["publicKey"]["hint"] = b64(sha256(spki(&pair))).into();
    });
    refuses("N39", &stranger, &two, Reason::WrongKey);
}

#[test]
fn refuses_keys_outside_their_time_by_the_signed_time_or_else_by_the_clock_n40() {
    let pair = p256();
    let trust = |not_before: Option<i64>, not_after: Option<i64>, revoked: bool| {
        let mut own = key("release", &pair);
        (own.not_before, own.not_after, own.revoked) = (not_before, not_after, revoked);
        load(&rule(Some(&INSTANCE.trusted_root()), vec![own]))
    };
    let (at, clock) = (signing_time(), now());
    let timed = [(Log::None, true), (Log::V1, false), (Log::V2, true)];
    for (log, stamped) in timed {
        let bundle = bundle(&By::Key(&pair), &blob(), log, stamped);
        assert!(
            judge(&bundle, &trust(Some(at - 60), Some(at + 60), false)).is_ok(),
            "its time is over, the signature is not"
        );
        refuses("N40 expired", &bundle, &trust(None, Some(at - 60), false), Reason::KeyExpired);
        refuses("N40 early", &bundle, &trust(Some(at + 60), None, false), Reason::KeyNotYetValid);
        refuses("N40 revoked", &bundle, &trust(None, None, true), Reason::KeyRevoked);
    }
    for log in [Log::None, Log::V2] {
        let undated = bundle(&By::Key(&pair), &blob(), log, false);
        refuses("N40 undated", &undated, &trust(None, Some(clock - 60), false), Reason::KeyExpired);
        let then = verify_at(
            undated.to_string().as_bytes(),
            &Artifact::Bytes(BLOB),
            &trust(None, Some(clock - 60), false),
            clock - 90,
        );
        assert!(then.is_ok(), "by the clock in hand");
    }
}

#[test]
fn asks_for_log_and_time_as_the_trust_says() {
    use Presence::{Forbidden, Optional, Required};
    let (leaf, pair) = (leaf(), p256());
    for by in [By::Leaf(&leaf), By::Key(&pair)] {
        let [logged, plain] = [Log::V2, Log::None].map(|log| bundle(&by, &blob(), log, true));
        let trust = |log, timestamp| demanding(Some(&pair), log, timestamp);
        assert!(judge(&logged, &trust(Required, Required)).is_ok());
        refuses("no log", &plain, &trust(Required, Optional), Reason::LogMissing);
        refuses("a log", &logged, &trust(Forbidden, Optional), Reason::LogForbidden);
        assert!(judge(&plain, &trust(Forbidden, Required)).is_ok());
        let v1 = bundle(&by, &blob(), Log::V1, false);
        refuses("no time", &v1, &trust(Required, Required), Reason::TimestampMissing);
        refuses("a time", &plain, &trust(Optional, Forbidden), Reason::TimestampForbidden);
        assert!(judge(&v1, &trust(Required, Forbidden)).is_ok());
    }
}

#[test]
fn says_of_a_root_without_certificate_logs_that_nothing_was_promised() {
    let trust = root_with(|root| root["ctlogs"] = json!([]));
    let params = LeafParams { ct: None, ..LeafParams::default() };
    let verified =
        judge(&bundle(&By::Leaf(&INSTANCE.leaf(&params)), &blob(), Log::None, true), &trust).expect("it holds");
    let Signer::Certificate(identity) = verified.signer else { panic!("a certificate") };
    assert!(!identity.logged);
}

#[test]
fn does_not_take_a_signed_attestation_for_a_signature_n53() {
    let pair = p256();
    let trust = load(&rule(None, vec![key("release", &pair)]));
    let sbom = bundle(&By::Key(&pair), &statement("https://cyclonedx.org/bom"), Log::None, false);
    let verified = judge(&sbom, &trust).expect("it holds");
    assert!(!verified.is_image_signature());
    assert_eq!(verified.predicate_type(), Some("https://cyclonedx.org/bom"));
    let bytes = judge(&bundle(&By::Key(&pair), &blob(), Log::None, false), &trust).expect("it holds");
    assert_eq!((bytes.is_image_signature(), bytes.predicate_type()), (false, None));
}
