//! The list of forgeries (N1-N40): each is refused, and for its own reason; beside each stands what it was made from, verified.

use portcullis_evidence::{Artifact, Reason, Signer, TimeSource, Trust, Verified, verify, verify_at};
use portcullis_model::TrustRule;
use portcullis_model::trust::Requirement;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SanType};
use serde_json::{Value, json};

use crate::instance::{
    INSTANCE, ISSUER, Instance, LeafParams, SUBJECT, Tsa, b64, now, p256, sha256, signing_time, spki, uri,
};
use crate::made::{
    BLOB, By, COSIGN, Content, Log, blob, bundle, bundle_of, checkpoint, entry, entry_v2, leaf, signature_of, stamp_of,
    stamps, statement,
};
use crate::trusts::{key, load, rule, trust_both, trust_root};

fn judge(bundle: &Value, trust: &Trust) -> Result<Verified, portcullis_evidence::Refused> {
    verify(bundle.to_string().as_bytes(), &Artifact::Bytes(BLOB), trust)
}

#[track_caller]
fn refuses(id: &str, bundle: &Value, trust: &Trust, reason: Reason) {
    let refused = judge(bundle, trust).expect_err(id);
    println!("{id}: {} ({refused})", refused.reason.code());
    assert_eq!(refused.reason, reason, "{id}: {refused}");
}

/// A bundle with one thing changed.
fn changed(bundle: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut bundle = bundle.clone();
    change(&mut bundle);
    bundle
}

/// The made-up root with one thing changed.
fn root_with(change: impl FnOnce(&mut Value)) -> Trust {
    load(&rule(Some(&changed(&INSTANCE.trusted_root(), change)), Vec::new()))
}

fn demanding(pair: Option<&KeyPair>, log: Requirement, timestamp: Requirement) -> Trust {
    let keys = pair.map(|pair| key("release", pair)).into_iter().collect();
    load(&TrustRule { log, timestamp, ..rule(Some(&INSTANCE.trusted_root()), keys) })
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
        assert!(judge(&envelope, &trust).is_ok());
        let mut message = bundle(&By::Key(&pair), &blob(), Log::None, false);
        if *kind == rcgen::PKCS_ECDSA_P384_SHA384 {
            message["messageSignature"].as_object_mut().expect("a message").remove("messageDigest");
        }
        assert!(judge(&message, &trust).is_ok());
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
    let refused = verify(twice.as_bytes(), &Artifact::Bytes(BLOB), &bare).expect_err("N11");
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
    let verified = judge(&twice, &trust).expect("twice in one log");
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
    use Requirement::{Forbidden, Optional, Required};
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
