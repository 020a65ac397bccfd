//! Whose word counts: keys, roots, and since when.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::io::Read;
use std::path::Path;

use portcullis_model::Presence;
use portcullis_model::{KeyRule, KeySource, TrustRoot, TrustRule, json_string, parse_time, sha256_hex};
use sigstore_crypto::{KeyAlgorithm, VerificationKey, validate_raw_public_key};
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_types::{DerPublicKey, TsaAuthority};
use sigstore_verify::Verifier;

use crate::error::{Error, ErrorKind};
use crate::{MAX_AUTHORITIES, MAX_KEYS, MAX_TRUST_FILE_BYTES, json};

/// The day on which the public root inside this program was fetched.
pub const PUBLIC_ROOT_DATE: &str = "2026-10-23T00:00:00Z";
/// The age at which the public root is worth a warning: 180 days. Sigstore adds a log or an authority about twice a year.
pub const PUBLIC_ROOT_STALE_SECONDS: i64 = 180 * 86_400;

const ROOT_TYPES: [&str; 2] =
    ["application/vnd.dev.sigstore.trustedroot+json;version=0.1", "application/vnd.dev.sigstore.trustedroot.v0.2+json"];

/// Trust that is ready to verify by: files read, keys and certificates parsed.
pub struct Trust {
    name: String,
    pub(crate) log: Presence,
    pub(crate) timestamp: Presence,
    pub(crate) keys: Vec<TrustedKey>,
    pub(crate) root: Option<Root>,
    digest: String,
}

/// A key whose signatures count.
pub(crate) struct TrustedKey {
    pub name: String,
    pub der: DerPublicKey,
    pub algorithm: KeyAlgorithm,
    pub fingerprint: String,
    pub not_before: Option<i64>,
    pub not_after: Option<i64>,
    pub revoked: bool,
}

/// A root that is ready to verify by.
pub(crate) struct Root {
    pub trusted: TrustedRoot,
    pub verifier: Verifier,
    /// Timestamp authorities with the names under which we speak of them.
    pub authorities: Vec<(String, TsaAuthority)>,
    public: bool,
}

/// What a root may hold (sigstore_trustroot.proto); all but the first are lists.
const ROOT_MEMBERS: [&str; 5] = ["mediaType", "tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"];

impl Trust {
    /// Reads what a rule names. Paths are relative to `base`.
    ///
    /// # Errors
    /// A rule that could never trust anything, files and keys that cannot be read, one key under two names, a root with
    /// what the specification forbids (two logs with one id, a window that ends before it begins).
    pub fn load(rule: &TrustRule, base: &Path) -> Result<Self, Error> {
        let fail = |kind| Error { trust: rule.name.clone(), kind };
        if rule.root.is_none() && rule.keys.is_empty() {
            return Err(fail(ErrorKind::Empty));
        }
        for (demand, what) in [(rule.log, "log"), (rule.timestamp, "timestamp")] {
            if rule.root.is_none() && demand == Presence::Required {
                return Err(fail(ErrorKind::NothingVouches { what }));
            }
        }
        let mut canonical =
            format!("portcullis trust 1\nlog {}\ntime {}\n", rule.log.as_str(), rule.timestamp.as_str());
        let mut rules = Vec::new();
        for key in &rule.keys {
            match &key.source {
                KeySource::Directory(path) => rules.extend(keys_in(&base.join(path), key).map_err(fail)?),
                _ => rules.push(key.clone()),
            }
        }
        if rules.len() > MAX_KEYS {
            return Err(fail(ErrorKind::TooManyKeys { keys: rules.len(), limit: MAX_KEYS }));
        }
        let mut keys = Vec::new();
        for key in &rules {
            let key = load_key(key, base).map_err(fail)?;
            key.write_canonical(&mut canonical);
            keys.push(key);
        }
        check_distinct(&keys).map_err(fail)?;
        let root = rule.root.as_ref().map(|root| load_root(root, base, &mut canonical)).transpose().map_err(fail)?;
        let digest = sha256_hex(canonical.as_bytes());
        Ok(Self { name: rule.name.clone(), log: rule.log, timestamp: rule.timestamp, keys, root, digest })
    }

    /// The name of the rule.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `sha256:` and the hash of all that a verification under this trust depends on, the contents of files included: two
    /// trusts with one digest verify alike, so that what one verified may be remembered for the other (N60).
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// When next one of the keys begins or ceases to count, in seconds since 1970-01-01T00:00:00Z: what was verified before
    /// is not remembered beyond.
    pub(crate) fn next_change(&self, now: i64) -> Option<i64> {
        let times = self.keys.iter().flat_map(|key| [key.not_before, key.not_after]).flatten();
        times.filter(|time| *time > now).min()
    }

    /// What the operator should know about this trust at a time, in sentences; nothing of it changes a verification.
    pub fn warnings(&self, now: i64) -> Vec<String> {
        let mut warnings = Vec::new();
        let date = parse_time(PUBLIC_ROOT_DATE).unwrap_or_default();
        if self.root.as_ref().is_some_and(|root| root.public) && now - date > PUBLIC_ROOT_STALE_SECONDS {
            let days = (now - date) / 86_400;
            warnings.push(format!(
                "trust `{}` uses sigstore's public root as of {}, which is {days} days old: what newer logs and authorities \
                 sign is refused; update portcullis, or name a newer `trusted_root.json`",
                self.name,
                PUBLIC_ROOT_DATE.get(..10).unwrap_or_default()
            ));
        }
        let gone = |key: &TrustedKey| key.revoked || key.not_after.is_some_and(|end| end <= now);
        if self.root.is_none() && self.keys.iter().all(gone) {
            warnings.push(format!("trust `{}`: every key is revoked or past its time", self.name));
        }
        warnings
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("name", &self.name).field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl TrustedKey {
    fn write_canonical(&self, out: &mut String) {
        out.push_str("key ");
        json_string(&self.name, out);
        // Writing to a String cannot fail.
        let _ = writeln!(out, " {} {:?} {:?} {}", self.fingerprint, self.not_before, self.not_after, self.revoked);
    }
}

fn check_distinct(keys: &[TrustedKey]) -> Result<(), ErrorKind> {
    for (index, key) in keys.iter().enumerate() {
        let before = keys.iter().take(index);
        if let Some(same) = before.into_iter().find(|one| one.name == key.name || one.fingerprint == key.fingerprint) {
            return Err(ErrorKind::SameKey { first: same.name.clone(), second: key.name.clone() });
        }
    }
    Ok(())
}

/// A rule for each key in a directory, by the names of the files.
fn keys_in(directory: &Path, rule: &KeyRule) -> Result<Vec<KeyRule>, ErrorKind> {
    let fail = |cause| ErrorKind::File { path: directory.to_owned(), cause };
    let mut rules = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let is_key = path.extension().is_some_and(|ending| ending == "pub" || ending == "pem");
        let name = path.file_stem().filter(|_| is_key).map(|stem| stem.to_string_lossy().into_owned());
        rules.extend(name.map(|name| KeyRule { name, source: KeySource::File(path), ..rule.clone() }));
    }
    if rules.is_empty() {
        return Err(ErrorKind::NoKey { directory: directory.to_owned() });
    }
    rules.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(rules)
}

fn load_key(rule: &KeyRule, base: &Path) -> Result<TrustedKey, ErrorKind> {
    let text = match &rule.source {
        KeySource::Inline(text) => text.clone().into_bytes(),
        KeySource::File(path) | KeySource::Directory(path) => read_file(&base.join(path))?,
    };
    let bad = |what: &str| ErrorKind::Key { key: rule.name.clone(), what: what.to_owned() };
    if let (Some(from), Some(to)) = (rule.not_before, rule.not_after)
        && to <= from
    {
        return Err(ErrorKind::KeyWindow { key: rule.name.clone() });
    }
    let text = std::str::from_utf8(&text).map_err(|_| bad("it is no PEM text"))?;
    let der = public_key(text).map_err(|what| bad(&what))?;
    let usable = KeyAlgorithm::from_spki(&der).and_then(|algorithm| {
        let key = VerificationKey::from_spki(&der)?;
        validate_raw_public_key(key.scheme(), key.as_bytes())?;
        Ok(algorithm)
    });
    let algorithm = usable.map_err(|_| {
        bad("keys on P-256 and P-384, Ed25519, ML-DSA and RSA from 2048 to 8192 bits are known, as SubjectPublicKeyInfo")
    })?;
    let fingerprint = sha256_hex(der.as_bytes());
    let KeyRule { name, not_before, not_after, revoked, .. } = rule.clone();
    Ok(TrustedKey { name, der, algorithm, fingerprint, not_before, not_after, revoked })
}

/// The one public key of a PEM text. No part of the text is ever in the error: it may be a private key.
fn public_key(text: &str) -> Result<DerPublicKey, String> {
    let mut blocks = text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN "));
    match (blocks.next(), blocks.next()) {
        (None, _) => Err("it is no PEM text (nothing begins with `-----BEGIN PUBLIC KEY-----`)".to_owned()),
        (Some(_), Some(_)) => Err("it holds more than one block; give each key a name of its own".to_owned()),
        (Some(label), None) if label.contains("PRIVATE") => {
            Err("it is a private key, which must not be here; the public one belongs here (`cosign public-key`)"
                .to_owned())
        }
        (Some(_), None) => DerPublicKey::from_pem(text).map_err(|_| "it is not a PEM block `PUBLIC KEY`".to_owned()),
    }
}

fn load_root(root: &TrustRoot, base: &Path, canonical: &mut String) -> Result<Root, ErrorKind> {
    let (path, text) = match root {
        TrustRoot::SigstorePublic => {
            (Path::new("sigstore's public root").to_owned(), SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes().to_vec())
        }
        TrustRoot::File(path) => (base.join(path), read_file(&base.join(path))?),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(canonical, "root {}", sha256_hex(&text));
    let bad = |what: String| ErrorKind::Root { path: path.clone(), what };
    let value = json::read(&text).map_err(bad)?;
    let known = value["mediaType"].as_str().is_some_and(|its| ROOT_TYPES.contains(&its));
    if !known {
        return Err(bad("its `mediaType` is not that of a trusted root, version 0.1 or 0.2".to_owned()));
    }
    // A list that nobody reads would be a check that nobody makes.
    if let Some(odd) = value.as_object().into_iter().flatten().find(|(name, _)| !ROOT_MEMBERS.contains(&name.as_str()))
    {
        return Err(bad(format!("a trusted root has no member `{}`", odd.0.escape_debug())));
    }
    for list in &ROOT_MEMBERS[1..] {
        if value[list].as_array().is_some_and(|list| list.len() > MAX_AUTHORITIES) {
            return Err(bad(format!("it has more than {MAX_AUTHORITIES} `{list}`")));
        }
    }
    let trusted: TrustedRoot = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
    let verifier = Verifier::new(&trusted).map_err(|error| bad(error.to_string()))?;
    check_logs(&trusted).map_err(bad)?;
    let authorities = authorities(&trusted);
    Ok(Root { trusted, verifier, authorities, public: *root == TrustRoot::SigstorePublic })
}

/// Two logs with one id would let the order of a list decide whose key counts (N26).
fn check_logs(root: &TrustedRoot) -> Result<(), String> {
    let ids =
        root.tlogs.iter().map(|log| (true, &log.log_id)).chain(root.ctlogs.iter().map(|log| (false, &log.log_id)));
    let mut seen = BTreeSet::new();
    for (entries, id) in ids {
        if !seen.insert((entries, id.key_id.as_bytes().to_vec())) {
            return Err("two logs have one id".to_owned());
        }
    }
    Ok(())
}

fn authorities(root: &TrustedRoot) -> Vec<(String, TsaAuthority)> {
    let usable = |tsa: &sigstore_trust_root::TimestampAuthority| {
        let (leaf, intermediates, root) = match tsa.cert_chain.certificates.as_slice() {
            [] => return None,
            [only] => (only, &[][..], only),
            [leaf, intermediates @ .., root] => (leaf, intermediates, root),
        };
        let name = tsa.uri.clone().filter(|uri| !uri.is_empty()).or_else(|| tsa.subject.common_name.clone());
        let intermediates = intermediates.iter().map(|one| one.raw_bytes.clone()).collect();
        let authority = TsaAuthority::new(leaf.raw_bytes.clone(), intermediates, root.raw_bytes.clone(), tsa.valid_for);
        Some((name.unwrap_or_else(|| "a timestamp authority without a name".to_owned()), authority))
    };
    root.timestamp_authorities.iter().filter_map(usable).collect()
}

fn read_file(path: &Path) -> Result<Vec<u8>, ErrorKind> {
    let fail = |cause| ErrorKind::File { path: path.to_owned(), cause };
    // Before it is opened: opening a named pipe waits for a writer that may never come.
    if !std::fs::metadata(path).map_err(fail)?.is_file() {
        return Err(fail(std::io::Error::other("it is no file")));
    }
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(MAX_TRUST_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() > MAX_TRUST_FILE_BYTES {
        return Err(ErrorKind::FileTooLarge { path: path.to_owned(), limit: MAX_TRUST_FILE_BYTES });
    }
    Ok(bytes)
}
