//! What a policy author may set; an unknown key is an error.

use portcullis_sdk::{Object, Setting, packed};

use crate::pattern;
use crate::proof::COSIGN;

/// The most entries in one list.
pub const MOST_ENTRIES: usize = 200;
/// The most patterns of all entries together: each is compared with every other one, and with every image.
pub const MOST_PATTERNS: usize = 500;
/// The most signers that may be asked for.
const MOST_SIGNERS: i64 = 100;

/// What a certificate may say of a CI run, by the names under which the host tells it.
pub const CLAIMS: &[&str] = &[
    "buildSignerURI",
    "buildSignerDigest",
    "runnerEnvironment",
    "sourceRepositoryURI",
    "sourceRepositoryDigest",
    "sourceRepositoryRef",
    "sourceRepositoryIdentifier",
    "sourceRepositoryOwnerURI",
    "sourceRepositoryOwnerIdentifier",
    "buildConfigURI",
    "buildConfigDigest",
    "buildTrigger",
    "runInvocationURI",
    "sourceRepositoryVisibilityAtSigning",
    "deploymentEnvironment",
    "tokenSubject",
    "githubWorkflowTrigger",
    "githubWorkflowSHA",
    "githubWorkflowName",
    "githubWorkflowRepository",
    "githubWorkflowRef",
];

packed! {
    /// What a certificate must say under one name, exactly.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Claim<'a> {
        /// The name of the claim.
        pub name: &'a str,
        /// Its whole value.
        pub value: &'a str,
    }
}

packed! {
    /// One whom certificates may name.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Identity<'a> {
        /// Who must have vouched for them, exactly.
        pub issuer: &'a str,
        /// Every name that the certificate may have: exactly, or as a pattern.
        pub subject: &'a str,
        /// Whether `subject` is a pattern.
        pub is_pattern: bool,
        /// What the certificate must say besides.
        pub claims: Vec<Claim<'a>>,
    }
}

packed! {
    /// What is asked of the images that match.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Entry<'a> {
        /// Patterns of repositories; any may match.
        pub patterns: Vec<String>,
        /// The name of a trust of the policy set; nothing where no signature is needed.
        pub trust: Option<&'a str>,
        /// The names of the keys that count; nothing: every key of the trust.
        pub keys: Option<Vec<&'a str>>,
        /// Whose certificates count.
        pub identities: Vec<Identity<'a>>,
        /// How many different signers there must be.
        pub at_least: u32,
        /// What a signature may say about the image.
        pub predicate_types: Vec<&'a str>,
        /// Whether a signature that does not hold is a finding even beside one that does.
        pub refuse_invalid: bool,
    }
}

packed! {
    /// All settings.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Settings<'a> {
        /// The first one that matches an image decides.
        pub images: Vec<Entry<'a>>,
        /// What is asked of the file that holds what is judged; nothing where it needs no signature.
        pub files: Option<Entry<'a>>,
        /// Whether images that no entry matches may run.
        pub allow_unmatched: bool,
        /// Whether a tag without digest is a finding where a signature is needed.
        pub require_digest: bool,
    }
}

impl<'a> Settings<'a> {
    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: Setting<'a>) -> Self {
        let all = setting.object(&["images", "files", "unmatched", "requireDigest"]);
        let files = all.get("files");
        let images = if files.is_given() { all.get("images") } else { all.require("images") };
        if images.is_list() && images.items().is_empty() {
            images.complain("an empty list covers no image; give an entry with `match` and `trust`");
        }
        refuse_too_many(&images);
        let settings = Self {
            images: entries(&images),
            files: files.is_given().then(|| file_entry(&files)),
            allow_unmatched: all.get("unmatched").word(&["deny", "allow"]) == Some("allow"),
            require_digest: all.get("requireDigest").boolean().unwrap_or(true),
        };
        let idle = settings.files.is_none()
            && settings.allow_unmatched
            && settings.images.iter().all(|entry| entry.trust.is_none());
        for key in ["unmatched", "requireDigest"].iter().filter(|key| !images.is_given() && all.get(key).is_given()) {
            all.get(key).complain("says something about images, and without `images` none is judged");
        }
        if idle && setting.is_sound() {
            setting.complain("nothing would be judged: every entry is exempt, and `unmatched` is `allow`");
        }
        settings
    }

    /// What is asked of an image, by registry and repository; nothing where no entry matches it.
    pub fn entry_for(&self, image: &str) -> Option<&Entry<'a>> {
        self.images.iter().find(|entry| entry.patterns.iter().any(|known| pattern::matches(known, image)))
    }
}

fn entries<'a>(setting: &Setting<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for item in setting.items() {
        let entry = entry(&item, &entries);
        entries.push(entry);
        if entries.iter().map(|entry| entry.patterns.len()).sum::<usize>() > MOST_PATTERNS {
            setting.complain(format!("more than {MOST_PATTERNS} patterns in all entries together"));
            break;
        }
    }
    entries
}

/// The settings that say whose signatures count: they mean nothing where none is needed.
const OF_SIGNATURES: [&str; 5] = ["keys", "identities", "atLeast", "predicateTypes", "invalid"];

fn entry<'a>(setting: &Setting<'a>, earlier: &[Entry<'a>]) -> Entry<'a> {
    let known = ["match", "trust", "exempt", "keys", "identities", "atLeast", "predicateTypes", "invalid"];
    let all = setting.object(&known);
    let (trust, exempt) = (all.get("trust"), all.get("exempt"));
    let is_exempt = exempt.boolean().unwrap_or(false);
    match (trust.is_given(), is_exempt) {
        (true, true) => all.complain("an entry has either `trust` or `exempt: true`"),
        (false, false) => {
            all.complain("say whose signatures count by `trust`, or that none is needed by `exempt: true`")
        }
        _ => {}
    }
    for key in OF_SIGNATURES.iter().filter(|key| is_exempt && all.get(key).is_given()) {
        all.get(key).complain(format!("an exempt image needs no signature; remove `{key}` or `exempt`"));
    }
    let patterns = patterns(&all.require("match"), earlier, is_exempt);
    signed(&all, setting, patterns)
}

/// What is asked of a file: the same, without patterns and exemptions.
fn file_entry<'a>(setting: &Setting<'a>) -> Entry<'a> {
    let all = setting.object(&["trust", "keys", "identities", "atLeast", "predicateTypes", "invalid"]);
    all.require("trust");
    signed(&all, setting, Vec::new())
}

fn signed<'a>(all: &Object<'a, '_>, setting: &Setting<'a>, patterns: Vec<String>) -> Entry<'a> {
    let (trust, keys, types) = (all.get("trust"), all.get("keys"), all.get("predicateTypes"));
    for list in [&keys, &types] {
        refuse_too_many(list);
    }
    let at_least = all.get("atLeast");
    let entry = Entry {
        patterns,
        trust: trust.text(),
        keys: keys.is_given().then(|| keys.texts()),
        identities: identities(&all.get("identities")),
        at_least: at_least.integer(1, MOST_SIGNERS).unwrap_or(1) as u32,
        predicate_types: predicate_types(&types),
        refuse_invalid: all.get("invalid").word(&["ignore", "refuse"]) == Some("refuse"),
    };
    if let (Some(keys), [], true) = (&entry.keys, entry.identities.as_slice(), setting.is_sound()) {
        match keys.len() {
            0 => all.get("keys").complain("nobody's signature would count: name a key, or give `identities`"),
            count if (count as u32) < entry.at_least => {
                at_least.complain(format!("asks for {} signers, and `keys` names {count}", entry.at_least));
            }
            _ => {}
        }
    }
    entry
}

fn patterns(setting: &Setting<'_>, earlier: &[Entry<'_>], exempt: bool) -> Vec<String> {
    refuse_too_many(setting);
    if setting.is_list() && setting.items().is_empty() {
        setting.complain("an empty list matches no image; write a pattern such as `ghcr.io/org/**`");
    }
    let mut patterns: Vec<String> = Vec::new();
    for item in setting.items() {
        let Some(written) = item.text() else { continue };
        match pattern::of_images(written) {
            Ok(_) if exempt && written == "**" => {
                item.complain("would let every image in without a signature; name whose images need none");
            }
            Ok(whole) => {
                refuse_idle(&item, &whole, &patterns, earlier);
                patterns.push(whole);
            }
            Err(fault) => item.complain(fault),
        }
    }
    patterns
}

/// Refuses a pattern that never decides anything: an author who wrote it thought that it does.
fn refuse_idle(setting: &Setting<'_>, whole: &str, own: &[String], earlier: &[Entry<'_>]) {
    let entries = earlier.iter().map(|entry| entry.patterns.as_slice()).chain([own]);
    for (position, patterns) in entries.enumerate() {
        if let Some(wider) = patterns.iter().find(|wider| pattern::covers(wider, whole)) {
            let place = if position == earlier.len() { "here".to_owned() } else { format!("in `images[{position}]`") };
            let what = match wider == whole {
                true => format!("`{whole}` stands {place} already"),
                false => format!("never decides: `{wider}` {place} matches all of it before"),
            };
            return setting.complain(what);
        }
    }
}

fn identities<'a>(setting: &Setting<'a>) -> Vec<Identity<'a>> {
    refuse_too_many(setting);
    setting.items().iter().map(identity).collect()
}

fn identity<'a>(setting: &Setting<'a>) -> Identity<'a> {
    let all = setting.object(&["issuer", "subject", "subjectPattern", "claims"]);
    let (subject, pattern) = (all.get("subject"), all.get("subjectPattern"));
    if subject.is_given() == pattern.is_given() {
        all.complain("an identity has either `subject` or `subjectPattern`");
    }
    let written = pattern.text();
    if let Some(Err(fault)) = written.map(pattern::of_subjects) {
        pattern.complain(fault);
    }
    let exact = exact(&subject, "is compared whole; write `subjectPattern` for a pattern");
    let issuer = self::exact(&all.require("issuer"), "is compared whole; an issuer has no wildcards");
    let claims = all.get("claims");
    Identity {
        issuer: issuer.unwrap_or_default(),
        subject: exact.or(written).unwrap_or_default(),
        is_pattern: pattern.is_given(),
        claims: if claims.is_given() { self::claims(&claims) } else { Vec::new() },
    }
}

fn claims<'a>(setting: &Setting<'a>) -> Vec<Claim<'a>> {
    let all = setting.object(CLAIMS);
    let mut claims = Vec::new();
    for name in CLAIMS {
        let claim = all.get(name);
        let Some(value) = claim.text() else { continue };
        if value.trim() != value || value.chars().any(char::is_control) {
            claim.complain("has white space around it, or a line break in it: no certificate says so");
        }
        if value.contains('*') {
            claim.complain("is compared whole; a claim has no wildcards");
        }
        claims.push(Claim { name, value });
    }
    if claims.is_empty() && setting.is_sound() {
        setting.complain("asks for nothing; name a claim, or leave `claims` out");
    }
    claims
}

/// What a signature may say about an image.
fn predicate_types<'a>(setting: &Setting<'a>) -> Vec<&'a str> {
    if !setting.is_given() {
        return vec![COSIGN];
    }
    if setting.is_list() && setting.items().is_empty() {
        setting.complain(format!("an empty list would count no signature; leave it out to count `{COSIGN}`"));
    }
    let items = setting.items();
    items.iter().filter_map(|item| exact(item, "is compared whole; a predicate type has no wildcards")).collect()
}

/// A text that is compared whole, and that could be found so.
fn exact<'a>(setting: &Setting<'a>, wildcard: &str) -> Option<&'a str> {
    let text = setting.text()?;
    if let Some(fault) = pattern::fault(text) {
        setting.complain(fault);
    } else if text.contains('*') {
        setting.complain(wildcard);
    }
    Some(text)
}

fn refuse_too_many(setting: &Setting<'_>) {
    if setting.is_list() && setting.items().len() > MOST_ENTRIES {
        setting.complain(format!("more than {MOST_ENTRIES} entries"));
    }
}
