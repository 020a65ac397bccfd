//! What a policy asks of an image or a file before anything in its documents is judged: whose, about what, how many.

use portcullis_sdk::{Object, Setting, packed};

use crate::settings::{Signers, patterns, refuse_too_many, signers};

packed! {
    /// Whose documents count, and what they must be about.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Need<'a> {
        /// Patterns of repositories, any of which may match; none for a file.
        pub patterns: Vec<String>,
        /// The name of a trust of the policy set; nothing where nobody's signature counts.
        pub trust: Option<&'a str>,
        /// Whether nothing is needed.
        pub exempt: bool,
        /// Whose signatures count, and how many there must be.
        pub signers: Signers<'a>,
        /// Whether a file counts in CI that nobody signed.
        pub local: bool,
        /// Whether every document that counts must keep every rule, and not only enough of them.
        pub all: bool,
        /// `index`, `platforms` or `either`; empty for a file.
        pub scope: &'a str,
        /// The platforms that count; all of them where there is none.
        pub platforms: Vec<&'a str>,
    }
}

impl Need<'_> {
    /// What is judged, for messages: `image` or `file`.
    pub fn noun(&self) -> &'static str {
        if self.scope.is_empty() { "file" } else { "image" }
    }
}

/// The settings that this reads for an image.
pub const OF_IMAGES: [&str; 10] =
    ["match", "trust", "exempt", "keys", "identities", "local", "attestations", "atLeast", "scope", "platforms"];
/// The settings that this reads for a file.
pub const OF_FILES: [&str; 6] = ["trust", "keys", "identities", "local", "attestations", "atLeast"];

/// What is needed, as a plugin says it.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// One of it: `an SBOM`.
    pub one: &'w str,
    /// What `attestations` is where nothing is written: `any` or `all`.
    pub attestations: &'w str,
}

/// Reads what is asked of images; `known` are all keys of the entry.
pub fn of_images<'a>(
    all: &Object<'a, '_>,
    setting: &Setting<'a>,
    known: &[&str],
    earlier: &[&[String]],
    wanted: Wanted<'_>,
) -> Need<'a> {
    let exempt = all.get("exempt").boolean().unwrap_or(false);
    let mut given = known.iter().filter(|key| !["match", "exempt"].contains(*key) && all.get(key).is_given());
    if exempt {
        for key in given.by_ref() {
            all.get(key).complain(format!("an exempt image needs nothing; remove `{key}` or `exempt`"));
        }
    }
    let (scope, platforms) = (all.get("scope"), all.get("platforms"));
    refuse_too_many(&platforms);
    let scope = scope.word(&["index", "platforms", "either"]).unwrap_or("either");
    if platforms.is_given() && scope == "index" {
        platforms.complain("says something about platforms, and `scope` is `index`");
    }
    if platforms.is_list() && platforms.items().is_empty() {
        platforms.complain("an empty list names no platform; leave it out to mean all of them");
    }
    for (item, platform) in platforms.items().iter().zip(platforms.texts()) {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !(2..=3).contains(&platform.split('/').count()) || !platform.split('/').all(word) {
            item.complain("is no platform; write one such as `linux/amd64` or `linux/arm64/v8`");
        }
    }
    let patterns = patterns(&all.require("match"), earlier, exempt, wanted.one);
    let whose = whose(all, setting, exempt, wanted);
    Need { patterns, exempt, scope, platforms: platforms.texts(), ..whose }
}

/// Reads what is asked of a file.
pub fn of_files<'a>(all: &Object<'a, '_>, setting: &Setting<'a>, wanted: Wanted<'_>) -> Need<'a> {
    whose(all, setting, false, wanted)
}

fn whose<'a>(all: &Object<'a, '_>, setting: &Setting<'a>, exempt: bool, wanted: Wanted<'_>) -> Need<'a> {
    let Wanted { one, attestations: otherwise } = wanted;
    let trust = all.get("trust");
    let local = all.get("local").word(&["refuse", "accept"]) == Some("accept");
    if !exempt && !trust.is_given() && !local {
        setting.complain(format!(
            "nobody's word would count: name by `trust` who may attest {one}, or let files count in CI by `local: accept`"
        ));
    }
    for key in ["keys", "identities"].iter().filter(|key| !exempt && !trust.is_given() && all.get(key).is_given()) {
        all.get(key).complain("says who of a trust counts, and there is no `trust`");
    }
    let need = Need {
        patterns: Vec::new(),
        trust: trust.text(),
        exempt,
        signers: signers(all, setting),
        local,
        all: all.get("attestations").word(&["any", "all"]).unwrap_or(otherwise) == "all",
        scope: "",
        platforms: Vec::new(),
    };
    if need.trust.is_none() && need.signers.at_least > 1 && setting.is_sound() {
        all.get("atLeast").complain("asks for several signers, and without `trust` nobody signs");
    }
    need
}
