//! What a policy author may set; an unknown key is an error.

use portcullis_proof::pattern;
pub use portcullis_proof::settings::CLAIMS;
use portcullis_proof::settings::{Signers, exact, patterns, refuse_too_many, signers};
use portcullis_sdk::{Object, Setting, packed};

use crate::proof::COSIGN;

packed! {
    /// What is asked of the images that match.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Entry<'a> {
        /// Patterns of repositories; any may match.
        pub patterns: Vec<String>,
        /// The name of a trust of the policy set; nothing where no signature is needed.
        pub trust: Option<&'a str>,
        /// Whose signatures count.
        pub signers: Signers<'a>,
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
            images: portcullis_proof::settings::entries(&images, |entry: &Entry<'_>| &entry.patterns, entry),
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

/// The settings that say whose signatures count: they mean nothing where none is needed.
const OF_SIGNATURES: [&str; 5] = ["keys", "identities", "atLeast", "predicateTypes", "invalid"];

fn entry<'a>(setting: &Setting<'a>, earlier: &[&[String]]) -> Entry<'a> {
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
    let patterns = patterns(&all.require("match"), earlier, is_exempt, "a signature");
    signed(&all, setting, patterns)
}

/// What is asked of a file: the same, without patterns and exemptions.
fn file_entry<'a>(setting: &Setting<'a>) -> Entry<'a> {
    let all = setting.object(&["trust", "keys", "identities", "atLeast", "predicateTypes", "invalid"]);
    all.require("trust");
    signed(&all, setting, Vec::new())
}

fn signed<'a>(all: &Object<'a, '_>, setting: &Setting<'a>, patterns: Vec<String>) -> Entry<'a> {
    let types = all.get("predicateTypes");
    refuse_too_many(&types);
    Entry {
        patterns,
        trust: all.get("trust").text(),
        signers: signers(all, setting),
        predicate_types: predicate_types(&types),
        refuse_invalid: all.get("invalid").word(&["ignore", "refuse"]) == Some("refuse"),
    }
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
