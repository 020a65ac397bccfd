//! The list of forgeries (N1-N25): each is refused, and for its own reason; beside each stands what it was made from, verified.

use portcullis_evidence::{Artifact, Reason, Signer, TimeSource, Trust, Verified, verify};
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::agreement;
use crate::instance::{INSTANCE, ISSUER, Instance, SUBJECT, Tsa, b64, now, p256, sha256, signing_time, spki};
use crate::made::{
    BLOB, By, COSIGN, Content, Log, blob, bundle, checkpoint, entry, entry_v2, leaf, signature_of, stamp_of, stamps,
    statement,
};
use crate::trusts::{key, load, rule, rule_of, trust_both};

/// The tests in here, for whoever wants every bundle that they judge.
pub const TESTS: [fn(); 5] = [
    verifies_every_kind_of_bundle_and_says_what_it_proves,
    verifies_keys_of_every_kind_in_an_air_gap,
    refuses_bundles_of_another_artifact_key_or_form_n1_to_n13,
    refuses_log_entries_that_prove_something_else_n14_to_n21,
    refuses_signed_times_that_are_not_of_this_signature_or_of_nobody_n22_n23_n25,
];

pub fn judge(bundle: &Value, trust: &Trust) -> Result<Verified, portcullis_evidence::Refused> {
    judge_text("good", &bundle.to_string(), trust)
}

fn judge_text(id: &str, bundle: &str, trust: &Trust) -> Result<Verified, portcullis_evidence::Refused> {
    agreement::note(id, bundle, &rule_of(trust));
    verify(bundle.as_bytes(), &Artifact::Bytes(BLOB), trust)
}

#[track_caller]
pub fn refuses(id: &str, bundle: &Value, trust: &Trust, reason: Reason) {
    let refused = judge_text(id, &bundle.to_string(), trust).expect_err(id);
    println!("{id}: {} ({refused})", refused.reason.code());
    assert_eq!(refused.reason, reason, "{id}: {refused}");
}

/// A bundle with one thing changed.
pub fn changed(bundle: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut bundle = bundle.clone();
    change(&mut bundle);
    bundle
}

#[test]
fn verifies_every_kind_of_bundle_and_says_what_it_proves() {
    let (leaf, pair) = (leaf(), p256());
    let trust = trust_both(&pair);
    for content in [blob(), statement(COSIGN)] {
        for (by, log, stamped) in [
            (By::Leaf(&leaf), Log::V1, false),
            (By::Leaf(&leaf), Log::V1, true),
            (By::Leaf(&leaf), Log::V2, true),
            (By::Leaf(&leaf), Log::None, true),
            (By::Key(&pair), Log::None, false),
            (By::Key(&pair), Log::None, true),
            (By::Key(&pair), Log::V1, false),
            (By::Key(&pair), Log::V2, false),
            (By::Key(&pair), Log::V2, true),
        ] {
            let bundle = bundle(&by, &content, log, stamped).to_string();
            agreement::note("good", &bundle, &rule_of(&trust));
            for artifact in [Artifact::Bytes(BLOB), Artifact::Sha256(sha256(BLOB))] {
                let verified = verify(bundle.as_bytes(), &artifact, &trust).expect("it holds");
                assert_eq!(verified.is_image_signature(), matches!(content, Content::Envelope(..)));
                assert_eq!(verified.log.len(), usize::from(log != Log::None));
                let sources: Vec<_> = verified.times.iter().map(|time| &time.source).collect();
                let authority = TimeSource::Authority("https://tsa.example.test".to_owned());
                assert_eq!(sources.contains(&&authority), stamped);
                assert_eq!(sources.len(), usize::from(stamped) + usize::from(log == Log::V1));
                assert!(
                    verified
                        .times
                        .iter()
                        .all(|time| time.seconds == signing_time() || time.seconds + 60 > signing_time())
                );
                match (&verified.signer, &by) {
                    (Signer::Key { name, .. }, By::Key(_)) => assert_eq!(name, "release"),
                    (Signer::Certificate(identity), By::Leaf(_)) => {
                        assert_eq!(identity.issuer.as_deref(), Some(ISSUER));
                        assert_eq!(identity.subjects[0].as_str(), SUBJECT);
                        assert_eq!(identity.claims["sourceRepositoryRef"], "refs/heads/main");
                        assert_eq!(identity.claims["runnerEnvironment"], "github-hosted");
                        assert!(identity.logged);
                    }
                    other => panic!("another signer: {:?}", other.0),
                }
            }
        }
    }
}

#[test]
fn verifies_keys_of_every_kind_in_an_air_gap() {
    for kind in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let pair = KeyPair::generate_for(kind).expect("a key");
        let trust = load(&rule(None, vec![key("other", &p256()), key("release", &pair)]));
        let envelope = bundle(&By::Key(&pair), &statement(COSIGN), Log::None, false);
        let id = if *kind == rcgen::PKCS_ECDSA_P384_SHA384 { ["P-384 envelope", "P-384 message"] } else { ["good"; 2] };
        assert!(judge_text(id[0], &envelope.to_string(), &trust).is_ok());
        let mut message = bundle(&By::Key(&pair), &blob(), Log::None, false);
        if *kind == rcgen::PKCS_ECDSA_P384_SHA384 {
            message["messageSignature"].as_object_mut().expect("a message").remove("messageDigest");
        }
        assert!(judge_text(id[1], &message.to_string(), &trust).is_ok());
        let by_digest = verify(message.to_string().as_bytes(), &Artifact::Sha256(sha256(BLOB)), &trust);
        if *kind == rcgen::PKCS_ECDSA_P256_SHA256 {
            assert!(by_digest.is_ok());
        } else {
            assert_eq!(by_digest.expect_err("not over SHA-256").reason, Reason::NeedsBytes);
        }
    }
}

#[test]
fn refuses_bundles_of_another_artifact_key_or_form_n1_to_n13() {
    let (leaf, pair, other) = (leaf(), p256(), p256());
    let trust = trust_both(&pair);
    let bare = load(&rule(None, vec![key("release", &pair)]));
    for (by, log, stamped) in
        [(By::Leaf(&leaf), Log::V2, true), (By::Leaf(&leaf), Log::V1, false), (By::Key(&pair), Log::None, false)]
    {
        let good = bundle(&by, &blob(), log, stamped);
        let elsewhere = bundle(&by, &Content::Blob(b"other".to_vec()), log, stamped);
        refuses("N1", &elsewhere, &trust, Reason::WrongArtifact);
        let quiet = |value: &mut Value| {
            drop(value["messageSignature"].as_object_mut().expect("a message").remove("messageDigest"))
        };
        let wrong = if matches!(by, By::Key(_)) { Reason::WrongKey } else { Reason::WrongSignature };
        refuses("N1 unsaid", &changed(&elsewhere, quiet), &trust, wrong);
        let digest =
            |digest: Value| changed(&good, |value| value["messageSignature"]["messageDigest"]["digest"] = digest);
        refuses("N7", &digest(b64([0; 32]).into()), &trust, Reason::WrongArtifact);
        refuses("N8 short", &digest(b64([0; 31]).into()), &trust, Reason::WrongArtifact);
        let sha512 =
            changed(&good, |value| value["messageSignature"]["messageDigest"]["algorithm"] = "SHA2_512".into());
        refuses("N8 algorithm", &sha512, &trust, Reason::WrongArtifact);
        let sha1 = changed(&good, |value| value["messageSignature"]["messageDigest"]["algorithm"] = "SHA1".into());
        refuses("N8 SHA-1", &sha1, &trust, Reason::Malformed);
        for version in ["application/vnd.dev.sigstore.bundle.v0.4+json", "application/json", ""] {
            refuses(
                "N12",
                &changed(&good, |value| value["mediaType"] = version.into()),
                &trust,
                Reason::UnknownVersion,
            );
        }
        refuses("N12 none", &changed(&good, |value| value["mediaType"] = Value::Null), &trust, Reason::UnknownVersion);
        let signature = b64(signature_of(&good));
        for text in [
            signature.replacen('A', "A\n", 1).replacen('M', "M\n", 1),
            format!("{signature} "),
            format!("{signature}!"),
        ] {
            refuses(
                "N13",
                &changed(&good, |value| value["messageSignature"]["signature"] = text.into()),
                &trust,
                Reason::Malformed,
            );
        }
        let both =
            changed(&good, |value| value["dsseEnvelope"] = json!({"payload": "", "payloadType": "", "signatures": []}));
        refuses("two contents", &both, &trust, Reason::Malformed);
        let materials = changed(&good, |value| {
            value["verificationMaterial"]["publicKey"] = json!({"hint": ""});
            value["verificationMaterial"]["certificate"] = json!({"rawBytes": b64(&leaf.der)});
        });
        refuses("two materials", &materials, &trust, Reason::Malformed);

        let envelope = bundle(&by, &statement(COSIGN), log, stamped);
        let with = |change: &dyn Fn(&mut Value)| changed(&envelope, |value| change(&mut value["dsseEnvelope"]));
        let Content::Envelope(_, payload) = statement("https://cyclonedx.org/bom") else { panic!("an envelope") };
        refuses("N3", &with(&|value| value["payload"] = b64(&payload).into()), &trust, wrong);
        let plain = Content::Envelope("application/json".to_owned(), payload.clone());
        refuses("N4", &bundle(&by, &plain, log, stamped), &trust, Reason::PayloadType);
        let one = envelope["dsseEnvelope"]["signatures"][0].clone();
        refuses("N6 two", &with(&|value| value["signatures"] = json!([one, one])), &trust, Reason::Malformed);
        refuses("N6 none", &with(&|value| value["signatures"] = json!([])), &trust, Reason::Malformed);
        // N8-N10 are tested where statements are read.
        let by_name = Content::Envelope(
            "application/vnd.in-toto+json".to_owned(),
            json!({
                "_type": "https://in-toto.io/Statement/v1", "predicateType": COSIGN,
                "subject": [{"name": b64(sha256(BLOB)), "digest": {"sha256": "00".repeat(32)}}],
            })
            .to_string()
            .into_bytes(),
        );
        refuses("N10", &bundle(&by, &by_name, log, stamped), &trust, Reason::WrongArtifact);
    }
    refuses("N2", &bundle(&By::Key(&other), &blob(), Log::None, false), &bare, Reason::WrongKey);
    let stranger = changed(&bundle(&By::Leaf(&leaf), &blob(), Log::V2, true), |value| {
        let forged = By::Key(&other).sign(BLOB);
        value["messageSignature"]["signature"] = b64(&forged).into();
        value["verificationMaterial"]["timestampVerificationData"] =
            stamps(&[INSTANCE.tsa.stamp(&forged, signing_time())]);
    });
    refuses("N2", &stranger, &trust, Reason::WrongSignature);
    // N5: the signed bytes cut elsewhere, so that lengths lie.
    let Content::Envelope(kind, payload) = statement(COSIGN) else { panic!("an envelope") };
    let lying = [format!("DSSEv1 {} {kind} {} ", kind.len() + 1, payload.len()).as_bytes(), &payload].concat();
    let n5 = changed(&bundle(&By::Key(&pair), &statement(COSIGN), Log::None, false), |value| {
        value["dsseEnvelope"]["signatures"][0]["sig"] = b64(By::Key(&pair).sign(&lying)).into();
    });
    refuses("N5", &n5, &bare, Reason::WrongKey);
    let twice = bundle(&By::Key(&pair), &blob(), Log::None, false).to_string();
    let twice = twice.replacen('{', r#"{"messageSignature":null,"#, 1);
    let refused = judge_text("N11", &twice, &bare).expect_err("N11");
    assert_eq!(refused.reason, Reason::Malformed, "{refused}");
    assert!(refused.to_string().contains("stands twice"), "{refused}");
}

#[test]
fn refuses_log_entries_that_prove_something_else_n14_to_n21() {
    let (leaf, other, pair) = (leaf(), leaf(), p256());
    let trust = trust_both(&pair);
    let by = By::Leaf(&leaf);
    let v1 = bundle(&by, &blob(), Log::V1, false);
    let v2 = bundle(&by, &blob(), Log::V2, true);
    let with = |bundle: &Value, change: &dyn Fn(&mut Value)| {
        changed(bundle, |value| change(&mut value["verificationMaterial"]["tlogEntries"][0]))
    };
    for good in [&v1, &v2] {
        let log = if good == &v1 { Log::V1 } else { Log::V2 };
        let unrelated = bundle(&By::Leaf(&other), &Content::Blob(b"other".to_vec()), log, true);
        let swapped = with(good, &|entry| *entry = unrelated["verificationMaterial"]["tlogEntries"][0].clone());
        refuses("N14", &swapped, &trust, Reason::LogMismatch);
        let relabelled = entry(&INSTANCE, &By::Leaf(&other), &blob(), &signature_of(good), log, signing_time());
        refuses("N15", &with(good, &|entry| *entry = relabelled.clone()), &trust, Reason::LogMismatch);
        let resigned = entry(&INSTANCE, &by, &blob(), &By::Leaf(&leaf).sign(b"again"), log, signing_time());
        refuses("N14 signature", &with(good, &|entry| *entry = resigned.clone()), &trust, Reason::LogMismatch);
        let proof = |change: &dyn Fn(&mut Value)| with(good, &|entry| change(&mut entry["inclusionProof"]));
        refuses(
            "N16",
            &with(good, &|entry| drop(entry.as_object_mut().expect("an entry").remove("inclusionProof"))),
            &trust,
            Reason::LogProof,
        );
        refuses("N16 wrong way", &proof(&|proof| proof["hashes"] = json!([b64([7; 32])])), &trust, Reason::LogProof);
        refuses("N17", &proof(&|proof| proof["rootHash"] = b64([7; 32]).into()), &trust, Reason::LogCheckpoint);
        let envelope = |text: String| proof(&|proof| proof["checkpoint"]["envelope"] = text.clone().into());
        let text = good["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]
            .as_str()
            .expect("a checkpoint");
        let (note, _) = text.split_once("\n\n").expect("a note");
        let root: [u8; 32] = sha256_of(note.lines().nth(2).expect("a root"));
        refuses("N18 unsigned", &envelope(format!("{note}\n\n")), &trust, Reason::Malformed);
        refuses("N18 none", &envelope(String::new()), &trust, Reason::LogCheckpoint);
        let witness = checkpoint("witness.example.test", &[9; 32], &root, &pair);
        let (_, line) = witness.split_once("\n\n").expect("a note");
        refuses("N18 witness only", &envelope(format!("{note}\n\n{line}")), &trust, Reason::LogCheckpoint);
        let log_id = if log == Log::V1 { sha256(spki(&INSTANCE.log1)) } else { INSTANCE.log2_id() };
        let forged = checkpoint(note.lines().next().expect("an origin"), &log_id, &root, &pair);
        refuses("N18 another key", &envelope(forged), &trust, Reason::LogCheckpoint);
        refuses(
            "unknown log",
            &with(good, &|entry| entry["logId"]["keyId"] = b64([5; 32]).into()),
            &trust,
            Reason::LogUnknown,
        );
        refuses("negative index", &with(good, &|entry| entry["logIndex"] = "-1".into()), &trust, Reason::Malformed);
    }
    let elsewhere = json!({"apiVersion": "0.0.2", "kind": "hashedrekord"});
    let elsewhere = entry_v2(&INSTANCE, "evil.example.test", &elsewhere);
    refuses("N18 origin", &with(&v2, &|entry| *entry = elsewhere.clone()), &trust, Reason::LogCheckpoint);
    refuses(
        "N19",
        &with(&v1, &|entry| entry["inclusionPromise"]["signedEntryTimestamp"] = b64(By::Key(&pair).sign(b"x")).into()),
        &trust,
        Reason::LogPromise,
    );
    refuses(
        "N19 time",
        &with(&v1, &|entry| entry["integratedTime"] = (signing_time() + 1).to_string().into()),
        &trust,
        Reason::LogPromise,
    );
    let at = |time: i64| {
        let late = entry(&INSTANCE, &by, &blob(), &signature_of(&v1), Log::V1, time);
        with(&v1, &|entry| *entry = late.clone())
    };
    refuses("N20 future", &at(now() + 600), &trust, Reason::LogTime);
    refuses("N20 late", &at(signing_time() + 1000), &trust, Reason::CertificateExpired);
    refuses("N20 early", &at(signing_time() - 1000), &trust, Reason::CertificateNotYetValid);
    refuses("N21", &bundle(&by, &blob(), Log::V2, false), &trust, Reason::TimestampMissing);
    refuses("no time at all", &bundle(&by, &blob(), Log::None, false), &trust, Reason::TimestampMissing);
    // An entry that proves nothing beside one that does.
    let beside = changed(&v1, |value| {
        let entries = value["verificationMaterial"]["tlogEntries"].as_array_mut().expect("entries");
        let mut bare = entries[0].clone();
        let members = bare.as_object_mut().expect("an entry");
        members.remove("inclusionProof");
        members.remove("inclusionPromise");
        entries.push(bare);
    });
    refuses("N16 beside", &beside, &trust, Reason::LogProof);
    let twice = changed(&v1, |value| {
        let entries = value["verificationMaterial"]["tlogEntries"].as_array_mut().expect("entries");
        entries.push(entries[0].clone());
    });
    let verified = judge_text("N24", &twice.to_string(), &trust).expect("twice in one log");
    assert_eq!(verified.log[0].log, verified.log[1].log, "N24: one log is one witness, and it says so");
}

fn sha256_of(text: &str) -> [u8; 32] {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64").try_into().expect("a hash")
}

#[test]
fn refuses_signed_times_that_are_not_of_this_signature_or_of_nobody_n22_n23_n25() {
    let (leaf, pair) = (leaf(), p256());
    let trust = trust_both(&pair);
    for by in [By::Leaf(&leaf), By::Key(&pair)] {
        let good = bundle(&by, &blob(), Log::V2, true);
        let stamped = |tokens: &[Vec<u8>]| {
            changed(&good, |value| value["verificationMaterial"]["timestampVerificationData"] = stamps(tokens))
        };
        let (own, at) = (stamp_of(&good, &INSTANCE.tsa, signing_time()), signing_time());
        let another = INSTANCE.tsa.stamp(b"another signature", at);
        refuses("N22 mismatch", &stamped(std::slice::from_ref(&another)), &trust, Reason::TimestampMismatch);
        refuses("N23", &stamped(&[own.clone(), another]), &trust, Reason::TimestampMismatch);
        let stranger = Instance::new(-86_400, 86_400);
        refuses("N22 untrusted", &stamped(&[stamp_of(&good, &stranger.tsa, at)]), &trust, Reason::TimestampUntrusted);
        let expired = Tsa::new(&INSTANCE.tsa_root, at - 86_400 * 9, at - 86_400);
        let with_expired = changed(&INSTANCE.trusted_root(), |root| {
            root["timestampAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = b64(&expired.der).into();
        });
        let with_expired = load(&rule(Some(&with_expired), vec![key("release", &pair)]));
        refuses("N22 expired", &stamped(&[stamp_of(&good, &expired, at)]), &with_expired, Reason::TimestampUntrusted);
        refuses("N22 garbage", &stamped(&[b"garbage".to_vec()]), &trust, Reason::TimestampInvalid);
        let window = |from: i64, to: i64| json!({"start": portcullis_model::format_time(from), "end": portcullis_model::format_time(to)});
        let limited = |list: &'static str, member: &'static str| {
            let root = changed(&INSTANCE.trusted_root(), |root| {
                let one = &mut root[list][0];
                let holder = if member.is_empty() { one } else { &mut one[member] };
                holder["validFor"] = window(at - 86_400 * 9, at - 86_400);
            });
            load(&rule(Some(&root), vec![key("release", &pair)]))
        };
        refuses("N25 authority", &good, &limited("timestampAuthorities", ""), Reason::TimestampOutsideWindow);
        refuses("N25 log", &good, &limited("tlogs", "publicKey"), Reason::LogUnknown);
        if matches!(by, By::Leaf(_)) {
            refuses("N25 CA", &good, &limited("certificateAuthorities", ""), Reason::CertificateUntrusted);
            refuses("N25 certificate log", &good, &limited("ctlogs", "publicKey"), Reason::CertificateNotLogged);
        }
        assert!(judge(&stamped(&[own.clone(), own]), &trust).is_ok());
    }
}
