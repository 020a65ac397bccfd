//! Trust as a policy set would write it: for the other tests, and what is said of trust that cannot be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_evidence::{ErrorKind, PUBLIC_ROOT_DATE, PUBLIC_ROOT_STALE_SECONDS, Trust};
use portcullis_model::Presence;
use portcullis_model::{KeyRule, KeySource, TrustRoot, TrustRule, parse_time};
use rcgen::KeyPair;
use serde_json::Value;

use crate::instance::{INSTANCE, p256, spki};
use crate::made::pem;

/// A file of its own for every call.
pub fn file(name: &str, text: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let unique = format!("{}-{}-{name}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
    std::fs::write(&path, text).expect("a file");
    path
}

pub fn rule(root: Option<&Value>, keys: Vec<KeyRule>) -> TrustRule {
    let root = root.map(|root| TrustRoot::File(file("trusted_root.json", &root.to_string())));
    let (log, timestamp) = (Presence::Optional, Presence::Optional);
    TrustRule { name: "shop".to_owned(), root, keys, log, timestamp, place: None }
}

/// What trusts were loaded from, by their digests.
static RULES: Mutex<BTreeMap<String, TrustRule>> = Mutex::new(BTreeMap::new());

pub fn load(rule: &TrustRule) -> Trust {
    let trust = Trust::load(rule, Path::new("/nowhere")).expect("trust");
    RULES.lock().expect("nobody panics while writing").insert(trust.digest().to_owned(), rule.clone());
    trust
}

/// What this trust, or one that verifies alike, was loaded from.
pub fn rule_of(trust: &Trust) -> TrustRule {
    RULES.lock().expect("nobody panics while writing")[trust.digest()].clone()
}

pub fn key(name: &str, pair: &KeyPair) -> KeyRule {
    key_of(name, &pem("PUBLIC KEY", &spki(pair)))
}

fn key_of(name: &str, pem: &str) -> KeyRule {
    let source = KeySource::Inline(pem.to_owned());
    KeyRule { name: name.to_owned(), source, not_before: None, not_after: None, revoked: false }
}

/// The made-up sigstore, and this key.
pub fn trust_both(pair: &KeyPair) -> Trust {
    load(&rule(Some(&INSTANCE.trusted_root()), vec![key("release", pair)]))
}

/// The made-up sigstore.
pub fn trust_root() -> Trust {
    load(&rule(Some(&INSTANCE.trusted_root()), Vec::new()))
}

fn fails(rule: &TrustRule) -> (ErrorKind, String) {
    let error = Trust::load(rule, Path::new("/nowhere")).expect_err("no trust");
    let text = error.to_string();
    (error.kind, text)
}

#[test]
fn is_shared_by_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Trust>();
}

#[test]
fn refuses_trust_that_could_trust_nothing() {
    assert!(matches!(fails(&rule(None, Vec::new())).0, ErrorKind::Empty));
    let mut log = rule(None, vec![key("a", &p256())]);
    log.log = Presence::Required;
    assert_eq!(fails(&log).1, "trust `shop`: `log` is required, and without a root nothing can vouch for it");
    let mut window = key("a", &p256());
    (window.not_before, window.not_after) = (Some(10), Some(10));
    assert!(matches!(fails(&rule(None, vec![window])).0, ErrorKind::KeyWindow { .. }));
    let many = (0..65).map(|n| key_of(&n.to_string(), "")).collect();
    assert!(matches!(fails(&rule(None, many)).0, ErrorKind::TooManyKeys { keys: 65, limit: 64 }));
}

#[test]
fn refuses_keys_that_are_none_and_shows_no_byte_of_them() {
    let pair = p256();
    let good = pem("PUBLIC KEY", &spki(&pair));
    for (text, word) in [
        (pair.serialize_pem(), "private key"),
        (pem("ENCRYPTED SIGSTORE PRIVATE KEY", b"secret"), "private key"),
        (format!("{good}{good}"), "more than one"),
        ("hello".to_owned(), "no PEM"),
        (pem("PUBLIC KEY", b"secret"), "are known"),
        (pem("CERTIFICATE", &spki(&pair)), "PUBLIC KEY"),
        (good.replace("==", "!="), "PUBLIC KEY"),
    ] {
        let (kind, said) = fails(&rule(None, vec![key_of("release", &text)]));
        assert!(matches!(kind, ErrorKind::Key { .. }) && said.contains(word), "{said}");
        assert!(!text.lines().any(|line| line.len() > 20 && said.contains(line)), "{said}");
    }
    let twice = vec![key("a", &pair), key("b", &pair)];
    assert_eq!(fails(&rule(None, twice)).1, "trust `shop`: `a` and `b` are one and the same key");
    let name = vec![key("a", &pair), key("a", &p256())];
    assert_eq!(fails(&rule(None, name)).1, "trust `shop`: two keys are called `a`");
}

#[test]
fn takes_keys_of_every_kind_from_files_beside_the_set() {
    let kinds = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    for kind in kinds {
        let pair = KeyPair::generate_for(kind).expect("a key");
        let path = file("key.pub", &pem("PUBLIC KEY", &spki(&pair)));
        let mut rule = rule(None, vec![key("a", &pair)]);
        let inline = load(&rule).digest().to_owned();
        rule.keys[0].source = KeySource::File(path.file_name().expect("a name").into());
        let beside = Trust::load(&rule, path.parent().expect("a folder")).expect("trust");
        assert_eq!(beside.digest(), inline, "the same key from elsewhere is the same trust");
        assert!(matches!(fails(&rule).0, ErrorKind::File { .. }), "and it is looked for beside the set only");
    }
}

#[test]
fn takes_every_key_of_a_directory_by_the_name_of_its_file() {
    let (pair, other) = (p256(), p256());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("notes.txt"), "no key").expect("a file");
    let mut rule = rule(None, vec![key("a", &pair)]);
    rule.keys[0].source = KeySource::Directory(folder.clone());
    assert!(matches!(fails(&rule).0, ErrorKind::NoKey { .. }));
    std::fs::write(folder.join("b.pem"), pem("PUBLIC KEY", &spki(&other))).expect("a key");
    std::fs::write(folder.join("a.pub"), pem("PUBLIC KEY", &spki(&pair))).expect("a key");
    let named = load(&self::rule(None, vec![key("a", &pair), key("b", &other)]));
    assert_eq!(load(&rule).digest(), named.digest());
    std::fs::write(folder.join("a.pem"), pem("PUBLIC KEY", &spki(&p256()))).expect("a key");
    assert!(matches!(fails(&rule).0, ErrorKind::SameKey { .. }), "one name for two keys");
    rule.keys[0].source = KeySource::Directory(folder.join("nowhere"));
    assert!(matches!(fails(&rule).0, ErrorKind::File { .. }));
}

#[test]
fn refuses_roots_that_mean_two_things_or_nothing_n26() {
    let good = INSTANCE.trusted_root();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut root = good.clone();
        change(&mut root);
        fails(&rule(Some(&root), Vec::new())).1
    };
    let misspelt = changed(&|root| {
        let logs = root.as_object_mut().expect("a map").remove("ctlogs").expect("logs");
        root["ctLogs"] = logs;
    });
    assert!(misspelt.contains("no member `ctLogs`"), "else no certificate would need to be logged: {misspelt}");
    let twice = changed(&|root| {
        let log = root["tlogs"][0].clone();
        root["tlogs"].as_array_mut().expect("logs").push(log);
    });
    assert!(twice.contains("duplicate") || twice.contains("one id"), "{twice}");
    let ct_twice = changed(&|root| {
        let log = root["ctlogs"][0].clone();
        root["ctlogs"].as_array_mut().expect("logs").push(log);
    });
    assert!(ct_twice.contains("duplicate") || ct_twice.contains("one id"), "{ct_twice}");
    assert!(changed(&|root| root["mediaType"] = "text/plain".into()).contains("mediaType"));
    assert!(changed(&|root| root["tlogs"] = vec![root["tlogs"][0].clone(); 65].into()).contains("more than 64"));
    assert!(
        changed(&|root| root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = "AAAA".into())
            .contains("no usable trusted root")
    );
    assert!(
        changed(&|root| root["tlogs"][0]["publicKey"]["validFor"] =
            serde_json::json!({"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}))
        .contains("no usable")
    );
    let mut missing = rule(Some(&good), Vec::new());
    missing.root = Some(TrustRoot::File("no-such-file.json".into()));
    assert!(matches!(fails(&missing).0, ErrorKind::File { .. }));
}

#[test]
fn changes_its_digest_with_everything_that_a_verification_depends_on_n60() {
    let pair = p256();
    let root = INSTANCE.trusted_root();
    let base = rule(Some(&root), vec![key("a", &pair)]);
    let mut digests = vec![load(&base).digest().to_owned()];
    let mut add = |change: &dyn Fn(&mut TrustRule)| {
        let mut rule = base.clone();
        change(&mut rule);
        digests.push(load(&rule).digest().to_owned());
    };
    add(&|rule| rule.log = Presence::Required);
    add(&|rule| rule.timestamp = Presence::Forbidden);
    add(&|rule| rule.keys[0].revoked = true);
    add(&|rule| rule.keys[0].not_after = Some(1));
    add(&|rule| rule.keys[0].not_before = Some(1));
    add(&|rule| rule.keys[0].name = "b".to_owned());
    add(&|rule| rule.keys.push(key("c", &p256())));
    add(&|rule| rule.keys.clear());
    add(&|rule| rule.root = None);
    add(&|rule| rule.root = Some(TrustRoot::SigstorePublic));
    add(&|rule| rule.root = Some(TrustRoot::File(file("other.json", &format!("{root} ")))));
    let all = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), all);
    let renamed = TrustRule { name: "other".to_owned(), ..base.clone() };
    assert_eq!(load(&renamed).digest(), load(&base).digest(), "its own name changes nothing");
}

#[test]
fn warns_of_a_public_root_that_has_aged() {
    let rule = TrustRule { root: Some(TrustRoot::SigstorePublic), ..rule(None, Vec::new()) };
    let trust = load(&rule);
    let date = parse_time(PUBLIC_ROOT_DATE).expect("a date");
    assert!(trust.warnings(date + PUBLIC_ROOT_STALE_SECONDS).is_empty());
    let warnings = trust.warnings(date + PUBLIC_ROOT_STALE_SECONDS + 86_400);
    assert!(warnings[0].contains("2026-10-23") && warnings[0].contains("181 days"), "{warnings:?}");
    assert!(trust_root().warnings(i64::MAX / 2).is_empty(), "nobody knows how old a file is");
}
