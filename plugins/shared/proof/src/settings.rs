//! What authors of policies may say of images and signers, the same in every plugin that judges evidence.

use portcullis_sdk::{Object, Setting, packed};

use crate::pattern;

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
    /// Whose word counts.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Signers<'a> {
        /// The names of the keys that count; nothing: every key of the trust.
        pub keys: Option<Vec<&'a str>>,
        /// Whose certificates count.
        pub identities: Vec<Identity<'a>>,
        /// How many different ones there must be.
        pub at_least: u32,
    }
}

/// Reads the entries of a list of images. `patterns` are those of an entry that was read before.
pub fn entries<'a, E>(
    setting: &Setting<'a>,
    patterns: impl Fn(&E) -> &[String],
    read: impl Fn(&Setting<'a>, &[&[String]]) -> E,
) -> Vec<E> {
    let mut entries: Vec<E> = Vec::new();
    for item in setting.items() {
        let earlier: Vec<&[String]> = entries.iter().map(&patterns).collect();
        let entry = read(&item, &earlier);
        entries.push(entry);
        if entries.iter().map(|entry| patterns(entry).len()).sum::<usize>() > MOST_PATTERNS {
            setting.complain(format!("more than {MOST_PATTERNS} patterns in all entries together"));
            break;
        }
    }
    entries
}

/// Reads `keys`, `identities` and `atLeast` of a map.
pub fn signers<'a>(all: &Object<'a, '_>, setting: &Setting<'a>) -> Signers<'a> {
    let at_least = all.get("atLeast");
    let asked = at_least.integer(1, MOST_SIGNERS).unwrap_or(1) as u32;
    let signers = Signers { at_least: asked, ..one_signer(all, setting) };
    if let (Some(keys), [], true) = (&signers.keys, signers.identities.as_slice(), setting.is_sound())
        && (keys.len() as u32) < asked
    {
        at_least.complain(format!("asks for {asked} signers, and `keys` names {}", keys.len()));
    }
    signers
}

/// Reads `keys` and `identities` of a map: one signer of them is enough.
pub fn one_signer<'a>(all: &Object<'a, '_>, setting: &Setting<'a>) -> Signers<'a> {
    let keys = all.get("keys");
    refuse_too_many(&keys);
    let signers = Signers {
        keys: keys.is_given().then(|| keys.texts()),
        identities: identities(&all.get("identities")),
        at_least: 1,
    };
    if signers.keys.as_ref().is_some_and(Vec::is_empty) && signers.identities.is_empty() && setting.is_sound() {
        keys.complain("nobody's signature would count: name a key, or give `identities`");
    }
    signers
}

/// Reads patterns of images; `without` is what exempt images do without, such as `a signature`.
pub fn patterns(setting: &Setting<'_>, earlier: &[&[String]], exempt: bool, without: &str) -> Vec<String> {
    refuse_too_many(setting);
    if setting.is_list() && setting.items().is_empty() {
        setting.complain("an empty list matches no image; write a pattern such as `ghcr.io/org/**`");
    }
    let mut patterns: Vec<String> = Vec::new();
    for item in setting.items() {
        let Some(written) = item.text() else { continue };
        match pattern::of_images(written) {
            Ok(_) if exempt && written == "**" => {
                item.complain(format!("would let every image in without {without}; name whose images need none"));
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
fn refuse_idle(setting: &Setting<'_>, whole: &str, own: &[String], earlier: &[&[String]]) {
    let entries = earlier.iter().copied().chain([own]);
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

/// Reads whose certificates count.
pub fn identities<'a>(setting: &Setting<'a>) -> Vec<Identity<'a>> {
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

/// A text that is compared whole, and that could be found so.
pub fn exact<'a>(setting: &Setting<'a>, wildcard: &str) -> Option<&'a str> {
    let text = setting.text()?;
    if let Some(fault) = pattern::fault(text) {
        setting.complain(fault);
    } else if text.contains('*') {
        setting.complain(wildcard);
    }
    Some(text)
}

/// Refuses a list of more than [`MOST_ENTRIES`].
pub fn refuse_too_many(setting: &Setting<'_>) {
    if setting.is_list() && setting.items().len() > MOST_ENTRIES {
        setting.complain(format!("more than {MOST_ENTRIES} entries"));
    }
}

/// Seconds of a duration such as `90d`, `24h`, `10m`, `30s`.
pub fn duration(setting: &Setting<'_>) -> Option<i64> {
    const UNITS: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
    const MOST: i64 = 100 * 366 * 86_400;
    if !setting.is_given() {
        return None;
    }
    let bare = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = setting.as_number().or_else(|| setting.as_text().filter(|text| bare(text)).map(str::to_owned));
    if let Some(number) = number {
        let such = if bare(&number) { number.as_str() } else { "30" };
        setting.complain(format!("`{number}` has no unit; write a duration such as `{such}d`, `{such}h` or `{such}m`"));
        return None;
    }
    let text = setting.as_text().unwrap_or_default();
    let seconds = UNITS.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(*unit).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        number.parse::<i64>().ok()?.checked_mul(*seconds).filter(|seconds| *seconds <= MOST)
    });
    if seconds.is_none() {
        setting.expected("a duration such as `90d`, `24h`, `10m` or `30s`");
    }
    seconds
}

/// A version such as `1.5`.
pub fn version<'a>(setting: &Setting<'a>) -> Option<&'a str> {
    if let Some(number) = setting.as_number() {
        setting.complain(format!(
            "`{number}` is a number; put the version in quotes, since YAML takes 1.10 for 1.1 without them"
        ));
        return None;
    }
    let text = setting.text()?;
    if crate::reading::version(text).is_none() {
        setting.expected("a version of numbers such as `1.5`");
    }
    Some(text)
}

/// Refuses a tool that is no map: a name alone is what people write first.
pub fn refuse_name_alone(setting: &Setting<'_>) -> bool {
    let name = setting.as_text();
    if let Some(name) = name {
        setting.complain(format!("is the name of a tool alone; write `{{name: {}}}`", name.escape_debug()));
    }
    name.is_some()
}

/// Refuses an empty list, whose author thought that it does something, and one with too many items.
pub fn refuse_empty(setting: &Setting<'_>, what: &str) {
    refuse_too_many(setting);
    if setting.is_list() && setting.items().is_empty() {
        setting.complain(format!("an empty list {what}"));
    }
}
