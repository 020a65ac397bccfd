//! What a policy author may set; an unknown key is an error.

use portcullis_proof::evidence;
use portcullis_proof::need::{self, Need, Wanted};
use portcullis_proof::pattern;
use portcullis_proof::settings::{Signers, duration, one_signer, refuse_empty, refuse_name_alone, version};
use portcullis_sdk::{Object, Setting, packed};
use serde_json::{Map, Value};

use crate::{denied, packages, profile};

/// What components may have, by the names under which the host counts it.
pub const ELEMENTS: [&str; 17] = [
    "name",
    "version",
    "supplier",
    "author",
    "uniqueId",
    "purl",
    "cpe",
    "license",
    "licenseValid",
    "hash",
    "sha256",
    "sha512",
    "dependencies",
    "filename",
    "executable",
    "archive",
    "structured",
];
/// The severities of vulnerabilities.
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];
/// One SBOM that keeps every rule is enough, but for what [`crate::rules::stands`] says.
const WANTED: Wanted<'static> = Wanted { one: "an SBOM", attestations: "any" };
/// How far clocks may differ where nothing is set, in seconds.
const SKEW: i64 = 600;
/// The formats that the host reads.
pub const FORMATS: [&str; 2] = ["CycloneDX", "SPDX"];

packed! {
    /// A name and the oldest version that counts.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Oldest<'a> {
        /// The name of a format or a tool.
        pub name: &'a str,
        /// Empty where every version counts.
        pub version: &'a str,
    }
}

packed! {
    /// How many components must have something.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Least<'a> {
        /// One of [`ELEMENTS`].
        pub element: &'a str,
        /// In per cent.
        pub percent: u32,
    }
}

packed! {
    /// Whose word counts that a vulnerability does no harm.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Vex<'a> {
        /// Who they are; those of the SBOM where nothing is said.
        pub signers: Option<Signers<'a>>,
        /// How old a statement may be, in seconds.
        pub max_age: Option<i64>,
    }
}

packed! {
    /// What is asked of the images that match, or of a file.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Entry<'a> {
        /// Whose SBOMs count, and what they must be about.
        pub need: Need<'a>,
        /// What the host is to look for, as JSON.
        pub ask: String,
        /// The formats that count; every one where there is none.
        pub formats: Vec<Oldest<'a>>,
        /// The name of a profile.
        pub profile: &'a str,
        /// `agrees`, `silent-ok`, or empty where neither is said.
        pub root: &'a str,
        /// How many components it must list.
        pub min_components: i64,
        /// What its components must have besides the profile.
        pub coverage: Vec<Least<'a>>,
        /// States of completeness that are refused.
        pub refused_completeness: Vec<&'a str>,
        /// Whether references to nothing and names that stand for two things are refused.
        pub refuse_dangling: bool,
        /// How many components must be reachable from the root, in per cent; nothing where that does not matter.
        pub reachable: Option<u32>,
        /// How old it may be, in seconds.
        pub max_age: Option<i64>,
        /// How far clocks may differ, in seconds.
        pub skew: i64,
        /// How long after the build it may have been made, in seconds.
        pub after_build: Option<i64>,
        /// The tools that may make it; any where there is none.
        pub tools: Vec<Oldest<'a>>,
        /// The lifecycle phases of which it must name one; any where there is none.
        pub lifecycles: Vec<&'a str>,
        /// Whether it may not list some components.
        pub denies_components: bool,
        /// Whether some licences are denied.
        pub denies_licenses: bool,
        /// Whether what is no licence is refused.
        pub refuse_invalid: bool,
        /// Whether licences are refused that the list of SPDX calls deprecated.
        pub refuse_deprecated: bool,
        /// Whether endpoints without encryption are refused.
        pub refuse_plain: bool,
        /// Whether only some endpoints are allowed.
        pub limits_endpoints: bool,
        /// Severities of vulnerabilities that are refused.
        pub severities: Vec<&'a str>,
        /// Who may say that a vulnerability does no harm.
        pub vex: Vex<'a>,
    }
}

packed! {
    /// All settings.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Settings<'a> {
        /// The first one that matches an image decides.
        pub images: Vec<Entry<'a>>,
        /// What is asked of the file that holds what is judged; nothing where it needs no SBOM.
        pub files: Option<Entry<'a>>,
        /// Whether images that no entry matches may run.
        pub allow_unmatched: bool,
    }
}

/// The settings that say what an SBOM must be.
const OF_SBOMS: [&str; 18] = [
    "formats",
    "profile",
    "root",
    "minComponents",
    "coverage",
    "componentTypes",
    "completeness",
    "graph",
    "maxAge",
    "futureSkew",
    "afterBuild",
    "tools",
    "lifecycles",
    "denied",
    "invalidLicenses",
    "deprecatedLicenses",
    "services",
    "vulnerabilities",
];

impl<'a> Settings<'a> {
    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: Setting<'a>) -> Self {
        let (images, files, allow_unmatched) = evidence::settings(&setting, image, file);
        Self { images, files, allow_unmatched }
    }
}

fn image<'a>(setting: &Setting<'a>, earlier: &[&[String]]) -> Entry<'a> {
    let known: Vec<&str> = need::OF_IMAGES.iter().chain(&OF_SBOMS).copied().collect();
    let all = setting.object(&known);
    entry(&all, need::of_images(&all, setting, &known, earlier, WANTED))
}

fn file<'a>(setting: &Setting<'a>) -> Entry<'a> {
    let known: Vec<&str> = need::OF_FILES.iter().chain(&OF_SBOMS).copied().collect();
    let all = setting.object(&known);
    entry(&all, need::of_files(&all, setting, WANTED))
}

fn entry<'a>(all: &Object<'a, '_>, need: Need<'a>) -> Entry<'a> {
    let types = all.get("componentTypes");
    refuse_empty(&types, "would count no component; leave it out to count all but files");
    denied::types(&types);
    let graph = all.get("graph").object(&["dangling", "reachable"]);
    let (reachable, skew) = (graph.get("reachable"), all.get("futureSkew"));
    let denied = denied(&all.get("denied"));
    let services = all.get("services").object(&["plainEndpoints", "endpoints"]);
    let endpoints = endpoints(&services.get("endpoints"));
    let (severities, vex) = vulnerabilities(&all.get("vulnerabilities"), &need);
    let least = all.get("minComponents");
    let deny = |setting: Setting<'_>| setting.word(&["deny", "allow"]) == Some("deny");
    let asked = [
        ("components", &denied.0),
        ("licenses", &denied.1),
        ("types", &types.texts()),
        ("endpoints", &endpoints),
        ("severities", &severities),
    ];
    Entry {
        need,
        ask: ask(&asked),
        formats: formats(&all.get("formats")),
        profile: all.get("profile").word(&profile::ALL.map(|profile| profile.name)).unwrap_or("presence"),
        root: all.get("root").word(&["agrees", "silent-ok"]).unwrap_or_default(),
        min_components: least.integer(0, 1_000_000).unwrap_or(1),
        coverage: coverage(&all.get("coverage")),
        refused_completeness: completeness(&all.get("completeness")),
        refuse_dangling: deny(graph.get("dangling")),
        reachable: reachable.integer(1, 100).map(|percent| percent as u32),
        max_age: duration(&all.get("maxAge")),
        skew: duration(&skew).unwrap_or(SKEW),
        after_build: duration(&all.get("afterBuild")),
        tools: tools(&all.get("tools")),
        lifecycles: lifecycles(&all.get("lifecycles")),
        denies_components: !denied.0.is_empty(),
        denies_licenses: !denied.1.is_empty(),
        refuse_invalid: deny(all.get("invalidLicenses")),
        refuse_deprecated: deny(all.get("deprecatedLicenses")),
        refuse_plain: deny(services.get("plainEndpoints")),
        limits_endpoints: !endpoints.is_empty(),
        severities,
        vex,
    }
}

/// A question to the host in which what is empty is left out.
fn ask(asked: &[(&str, &Vec<&str>)]) -> String {
    let given = asked.iter().filter(|(_, texts)| !texts.is_empty());
    let map: Map<String, Value> =
        given.map(|(key, texts)| ((*key).to_owned(), Value::from((*texts).clone()))).collect();
    Value::Object(map).to_string()
}

fn formats<'a>(setting: &Setting<'a>) -> Vec<Oldest<'a>> {
    let all = setting.object(&FORMATS);
    let given = FORMATS.into_iter().filter(|name| all.get(name).is_given());
    let formats: Vec<Oldest<'a>> =
        given.map(|name| Oldest { name, version: version(&all.get(name)).unwrap_or_default() }).collect();
    if setting.is_given() && formats.is_empty() && setting.is_sound() {
        setting.complain("would count no format; name one with its oldest version, as in `{CycloneDX: \"1.5\"}`");
    }
    formats
}

fn coverage<'a>(setting: &Setting<'a>) -> Vec<Least<'a>> {
    let all = setting.object(&ELEMENTS);
    let least = |element: &'static str| Some(Least { element, percent: all.get(element).integer(1, 100)? as u32 });
    let coverage: Vec<Least<'a>> = ELEMENTS.into_iter().filter_map(least).collect();
    if setting.is_given() && coverage.is_empty() && setting.is_sound() {
        setting.complain("asks for nothing; name an element with a share in per cent, as in `{purl: 90}`");
    }
    coverage
}

fn completeness<'a>(setting: &Setting<'a>) -> Vec<&'a str> {
    const STATES: [(&str, &str); 3] = [("unknown", "deny"), ("incomplete", "deny"), ("undeclared", "allow")];
    let known = STATES.map(|(state, _)| state);
    let all = setting.object(&known);
    let refused = |(state, otherwise): &(&'static str, &'static str)| {
        (all.get(state).word(&["deny", "allow"]).unwrap_or(otherwise) == "deny").then_some(*state)
    };
    STATES.iter().filter_map(refused).collect()
}

fn tools<'a>(setting: &Setting<'a>) -> Vec<Oldest<'a>> {
    refuse_empty(setting, "would count no tool; leave it out to count every one");
    let tool = |item: &Setting<'a>| {
        if refuse_name_alone(item) {
            return Oldest { name: "", version: "" };
        }
        let all = item.object(&["name", "minVersion"]);
        let (name, least) = (all.require("name").text(), all.get("minVersion"));
        let version = if least.is_given() { version(&least) } else { None };
        Oldest { name: name.unwrap_or_default(), version: version.unwrap_or_default() }
    };
    setting.items().iter().map(tool).collect()
}

fn lifecycles<'a>(setting: &Setting<'a>) -> Vec<&'a str> {
    // CycloneDX 1.5, `metadata.lifecycles[].phase`; SPDX 3's software_sbomType is told by the same words.
    const PHASES: [&str; 7] = ["design", "pre-build", "build", "post-build", "operations", "discovery", "decommission"];
    refuse_empty(setting, "would count no phase; leave it out to count every one");
    setting.items().iter().filter_map(|item| item.word(&PHASES)).collect()
}

/// Packages and licences that are denied.
fn denied<'a>(setting: &Setting<'a>) -> (Vec<&'a str>, Vec<&'a str>) {
    let all = setting.object(&["components", "licenses"]);
    let (components, licenses) = (all.get("components"), all.get("licenses"));
    refuse_empty(&components, "denies nothing; leave it out");
    refuse_empty(&licenses, "denies nothing; leave it out");
    for item in components.items() {
        let Some(text) = item.text() else { continue };
        if let Some(fault) = packages::fault(text) {
            item.complain(fault);
        }
    }
    denied::licenses(&licenses);
    (components.texts(), licenses.texts())
}

fn endpoints<'a>(setting: &Setting<'a>) -> Vec<&'a str> {
    refuse_empty(setting, "would allow no endpoint at all; write one, or leave it out to allow every one");
    for item in setting.items() {
        let Some(text) = item.text() else { continue };
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty() || scheme.contains('*') || host.is_empty() || host == "*" || pattern::fault(text).is_some()
        {
            item.complain(format!(
                "`{}` is no address; write one such as `https://*.example.com/**`, with a whole scheme",
                text.escape_debug()
            ));
        } else if text.split('/').any(|segment| segment.contains("**") && segment != "**") {
            item.complain(format!(
                "`{}`: `**` stands for whole segments, between two `/`; write `*` within one",
                text.escape_debug()
            ));
        }
    }
    setting.texts()
}

fn vulnerabilities<'a>(setting: &Setting<'a>, need: &Need<'a>) -> (Vec<&'a str>, Vex<'a>) {
    let all = setting.object(&["deny", "vex"]);
    let (deny, vex) = (all.get("deny"), all.get("vex"));
    refuse_empty(&deny, "denies nothing; leave it out");
    if setting.is_given() && !deny.is_given() && setting.is_sound() {
        setting.complain("asks for nothing; say by `deny` which severities are too high");
    }
    let known = vex.object(&["keys", "identities", "maxAge"]);
    let own = ["keys", "identities"].iter().any(|key| known.get(key).is_given());
    if own && need.trust.is_none() && setting.is_sound() {
        vex.complain("says who of a trust counts, and there is no `trust`");
    }
    let vex = Vex { signers: own.then(|| one_signer(&known, setting)), max_age: duration(&known.get("maxAge")) };
    (deny.items().iter().filter_map(|item| item.word(&SEVERITIES)).collect(), vex)
}
