//! Every bundle made up here through `cosign verify-blob` too, where cosign is installed: agreement, or a difference that is meant.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_evidence::{Artifact, Signer, verify};
use portcullis_model::{KeySource, Presence, TrustRoot, TrustRule};
use serde_json::Value;

use crate::instance::{INSTANCE, ISSUER, SUBJECT};
use crate::made::BLOB;
use crate::trusts::{file, load};
use crate::{forgeries, signers};

/// Names cosign; `cargo xtask test --all` sets it. Where it is not set, the one on the path counts.
const COSIGN: &str = "PORTCULLIS_COSIGN";
/// Names the product; `cargo xtask test` sets it. Where it is not set, only the library is asked.
const PRODUCT: &str = "PORTCULLIS_BIN";

/// What one of the two lets pass and the other does not, by the beginning of the case's name, each with the reason.
const DIFFERENCES: [(&str, Verdicts, &str); 10] = [
    (
        "P-384 envelope",
        Verdicts::OnlyOurs,
        "cosign 3.1.3 takes SHA-256 for every key of a file, and refuses what it signed itself with this one",
    ),
    ("P-384 message", Verdicts::OnlyOurs, "cosign wants the digest that the format leaves to whoever signs"),
    (
        "N24",
        Verdicts::OnlyOurs,
        "cosign refuses two entries of one log; here they are one witness, and say no more than one",
    ),
    ("N13", Verdicts::OnlyTheirs, "Go's base64 passes over line breaks; here bytes have one way to be written"),
    (
        "N17",
        Verdicts::OnlyTheirs,
        "cosign takes the root of the checkpoint in entries of Rekor v2, and lets that of the proof lie",
    ),
    (
        "N23",
        Verdicts::OnlyTheirs,
        "cosign is content with one signed time that holds; here every one that is there must",
    ),
    (
        "N25 log",
        Verdicts::OnlyTheirs,
        "cosign asks nobody whether the log was in office, where entries have no time of their own",
    ),
    ("N28", Verdicts::OnlyTheirs, "cosign passes over a root that a bundle brings along; here it is refused"),
    (
        "N29 no usage",
        Verdicts::OnlyTheirs,
        "a certificate for nothing is one for everything in Go; here it must say that it signs code",
    ),
    ("N29 authority", Verdicts::OnlyTheirs, "cosign does not mind a signer who may issue certificates"),
];

/// The one of these that not every run shows: what Go's base64 passes over depends on the length of the text.
const SELDOM: &str = "N13";

/// What both said of one bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdicts {
    BothVerify,
    BothRefuse,
    OnlyOurs,
    OnlyTheirs,
}

/// One bundle, with what it is judged by: one command line for both.
struct Case {
    name: String,
    bundle: String,
    root: PathBuf,
    signer: By,
}

/// Whose signature is asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Key(String),
    Identity,
}

thread_local! {
    /// The bundles of this thread, while somebody collects them.
    static COLLECTED: RefCell<Option<Vec<(String, String, TrustRule)>>> = const { RefCell::new(None) };
}

/// Keeps a bundle and the trust that it was judged by.
pub fn note(name: &str, bundle: &str, trust: &TrustRule) {
    COLLECTED.with_borrow_mut(|all| {
        if let Some(all) = all {
            all.push((name.to_owned(), bundle.to_owned(), trust.clone()));
        }
    });
}

/// Everything that the tests of forgeries judge, as command lines.
fn cases() -> Vec<Case> {
    COLLECTED.set(Some(Vec::new()));
    forgeries::TESTS.iter().chain(&signers::TESTS).for_each(|test| test());
    let collected = COLLECTED.take().expect("it was set above");
    let own = file("root.json", &INSTANCE.trusted_root().to_string());
    let mut cases = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, bundle, rule) in collected {
        let root = match &rule.root {
            Some(TrustRoot::File(path)) => path.clone(),
            _ => own.clone(),
        };
        let material = serde_json::from_str::<Value>(&bundle).unwrap_or_default();
        let keyed = !material["verificationMaterial"]["publicKey"].is_null();
        let signers: Vec<By> = match keyed {
            true => rule.keys.iter().map(|key| By::Key(pem_of(&key.source))).collect(),
            false => vec![By::Identity],
        };
        for signer in signers {
            if seen.insert((bundle.clone(), root.clone(), signer.clone())) {
                cases.push(Case { name: name.clone(), bundle: bundle.clone(), root: root.clone(), signer });
            }
        }
    }
    cases
}

fn pem_of(source: &KeySource) -> String {
    match source {
        KeySource::Inline(text) => text.clone(),
        KeySource::File(path) | KeySource::Directory(path) => std::fs::read_to_string(path).expect("a key"),
    }
}

impl Case {
    fn material(&self, member: &str) -> bool {
        let bundle = serde_json::from_str::<Value>(&self.bundle).unwrap_or_default();
        match &bundle["verificationMaterial"][member] {
            Value::Array(entries) => !entries.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => false,
        }
    }

    /// The flags that both know by these names.
    fn arguments(&self) -> Vec<String> {
        let path = |name: &str, text: &str| file(name, text).display().to_string();
        let bundle = path("bundle.json", &self.bundle);
        let root = self.root.display().to_string();
        let mut arguments = vec!["--bundle".to_owned(), bundle, "--trusted-root".to_owned(), root];
        match &self.signer {
            By::Key(text) => arguments.extend(["--key".to_owned(), path("key.pub", text)]),
            By::Identity => arguments
                .extend(["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER].map(str::to_owned)),
        }
        arguments
    }

    fn run(command: &mut Command) -> bool {
        let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        ended.expect("it starts").success()
    }

    /// The verdict of cosign, which is to look at all that the bundle holds.
    fn theirs(&self, cosign: &Path, blob: &Path) -> bool {
        let mut command = Command::new(cosign);
        command.arg("verify-blob").args(self.arguments());
        if self.material("timestampVerificationData") {
            command.arg("--use-signed-timestamps");
        }
        if matches!(self.signer, By::Key(_)) && !self.material("tlogEntries") {
            command.arg("--insecure-ignore-tlog");
        }
        Self::run(command.arg(blob))
    }

    /// The verdict of `portcullis verify-bundle`: by the library under the trust that it makes of these flags, and by the
    /// product, which must say the same.
    fn ours(&self, product: Option<&Path>, blob: &Path) -> bool {
        let keyed = match &self.signer {
            By::Key(text) => Some(text),
            By::Identity => None,
        };
        let key = |text: &String| portcullis_model::KeyRule {
            name: "key".to_owned(),
            source: KeySource::Inline(text.clone()),
            not_before: None,
            not_after: None,
            revoked: false,
        };
        let rule = TrustRule {
            name: "command line".to_owned(),
            root: Some(TrustRoot::File(self.root.clone())),
            keys: keyed.map(key).into_iter().collect(),
            log: if keyed.is_some() { Presence::Optional } else { Presence::Required },
            timestamp: Presence::Optional,
            place: None,
        };
        let verified = verify(self.bundle.as_bytes(), &Artifact::Bytes(BLOB), &load(&rule));
        let library = verified.is_ok_and(|verified| match verified.signer {
            Signer::Key { .. } => keyed.is_some(),
            Signer::Certificate(identity) => {
                let names: Vec<&str> = identity.subjects.iter().map(|name| name.as_str()).collect();
                keyed.is_none() && names == [SUBJECT] && identity.issuer.as_deref() == Some(ISSUER)
            }
        });
        if let Some(product) = product {
            let mut command = Command::new(product);
            let product = Self::run(command.arg("verify-bundle").args(self.arguments()).arg(blob));
            assert_eq!(product, library, "{}: the product and its library differ over {}", self.name, self.bundle);
        }
        library
    }
}

/// The real one, or nothing and a line that says so.
fn cosign() -> Option<PathBuf> {
    let named = std::env::var_os(COSIGN).map(PathBuf::from);
    let program = named.clone().unwrap_or_else(|| "cosign".into());
    let there = Command::new(&program).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match there {
        Ok(status) if status.success() => Some(program),
        _ => {
            assert!(named.is_none(), "{COSIGN} names {}, which does not run", program.display());
            println!(
                "SKIPPED: agreement with cosign: there is none on this machine; `cargo xtask test --all` installs it"
            );
            None
        }
    }
}

/// What both say of all of them, in their order.
fn judged(cases: &[Case], cosign: &Path) -> Vec<Verdicts> {
    let product = std::env::var_os(PRODUCT).map(PathBuf::from);
    let blob = file("blob", std::str::from_utf8(BLOB).expect("text"));
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((number, case)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, cases.get(n)?)))
        {
            let verdict = match (case.ours(product.as_deref(), &blob), case.theirs(cosign, &blob)) {
                (true, true) => Verdicts::BothVerify,
                (false, false) => Verdicts::BothRefuse,
                (true, false) => Verdicts::OnlyOurs,
                (false, true) => Verdicts::OnlyTheirs,
            };
            verdicts.lock().expect("nobody panics while writing").insert(number, verdict);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    verdicts.into_inner().expect("nobody panicked").into_values().collect()
}

#[test]
fn agrees_with_cosign_on_every_bundle_made_here() {
    let Some(cosign) = cosign() else { return };
    let cases = cases();
    let verdicts = judged(&cases, &cosign);
    assert_eq!(verdicts.len(), cases.len());
    let count = |wanted: Verdicts| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let (mut known, mut unknown) = (BTreeMap::new(), Vec::new());
    for (case, verdict) in cases.iter().zip(&verdicts) {
        if matches!(verdict, Verdicts::BothVerify | Verdicts::BothRefuse) {
            continue;
        }
        let meant = DIFFERENCES.iter().position(|(name, its, _)| case.name.starts_with(name) && its == verdict);
        match meant {
            Some(index) => *known.entry(index).or_insert(0) += 1,
            None => unknown.push(format!("{}: {verdict:?}: {} {}", case.name, case.arguments().join(" "), case.bundle)),
        }
    }
    println!("| `portcullis verify-bundle` | `cosign verify-blob` | bundles |\n| --- | --- | --- |");
    println!("| verified | verified | {} |", count(Verdicts::BothVerify));
    println!("| refused | refused | {} |", count(Verdicts::BothRefuse));
    println!("| verified | refused | {} |", count(Verdicts::OnlyOurs));
    println!("| refused | verified | {} |", count(Verdicts::OnlyTheirs));
    for (index, (name, verdict, reason)) in DIFFERENCES.iter().enumerate() {
        println!("- {name} ({verdict:?}, {}): {reason}", known.get(&index).copied().unwrap_or(0));
    }
    assert!(unknown.is_empty(), "{} differences that nobody listed:\n{}", unknown.len(), unknown.join("\n"));
    let unseen = |(index, (name, ..)): (usize, &(&str, Verdicts, &str))| *name != SELDOM && !known.contains_key(&index);
    assert!(!DIFFERENCES.iter().enumerate().any(unseen), "a difference is listed that is none");
    assert!(cases.len() >= 150, "only {} bundles", cases.len());
}
