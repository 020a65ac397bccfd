//! What a policy author may set; an unknown key is an error.

use std::collections::BTreeMap;

use portcullis_proof::evidence;
use portcullis_proof::need::{self, Need, Wanted};
use portcullis_proof::pattern;
use portcullis_proof::settings::{Signers, duration, exact, one_signer, refuse_empty, refuse_name_alone, version};
use portcullis_sdk::{Object, Setting, packed};
use serde_json::{Map, Value, json};

/// The severities of results, the worst first.
pub const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];
/// The most results that may be allowed.
const MOST_RESULTS: i64 = 1_000_000;
/// Each report must keep every rule: a pipeline that attests one for each tool would else be as good as its best tool.
const WANTED: Wanted<'static> = Wanted { one: "a SARIF report", attestations: "all" };
/// How far clocks may differ where nothing is set, in seconds.
const SKEW: i64 = 600;
/// What a limit may be about, besides weaknesses by number.
const TEXTS_OF_LIMITS: [&str; 5] = ["paths", "exclude", "tags", "rules", "tools"];

packed! {
    /// A tool of which there must be a run.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Tool<'a> {
        /// Its name or guid.
        pub name: &'a str,
        /// The oldest version that counts; empty where every one does.
        pub version: &'a str,
        /// The rules that it must have.
        pub rules: Vec<&'a str>,
        /// What the run must be called; empty where that does not matter.
        pub automation: &'a str,
        /// Whether a run of it without results is clean though it declares no rule.
        pub without_rules: bool,
    }
}

packed! {
    /// How many results there may be.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Limit {
        /// What it is about, for messages; empty for everything.
        pub about: String,
        /// The most of each severity, in the order of [`SEVERITIES`]; nothing where any number is allowed.
        pub most: Vec<Option<i64>>,
    }
}

packed! {
    /// Whose verdict counts in place of a report.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Delegate<'a> {
        /// `testResult`, `vsa` or `svr`.
        pub kind: &'a str,
        /// Who must have judged, exactly; empty where that does not matter.
        pub verifier: &'a str,
        /// Who must have signed it.
        pub signers: Signers<'a>,
        /// The levels that it must name.
        pub levels: Vec<&'a str>,
        /// The properties that it must name.
        pub properties: Vec<&'a str>,
        /// The configurations that it must name.
        pub configurations: Vec<&'a str>,
    }
}

packed! {
    /// What is asked of the images that match, or of a file.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Entry<'a> {
        /// Whose reports count, and what they must be about.
        pub need: Need<'a>,
        /// What the host is to look for, as JSON.
        pub ask: String,
        /// The tools of which there must be a run.
        pub tools: Vec<Tool<'a>>,
        /// The tools whose runs may say that they failed.
        pub tolerated: Vec<&'a str>,
        /// How many results there may be.
        pub limits: Vec<Limit>,
        /// Whether suppressions in the source count: `refuse`, `justified` or `accept`. With the last the source may also keep
        /// results from being told at all.
        pub in_source: &'a str,
        /// Whether those from elsewhere do.
        pub external: &'a str,
        /// How many results may be suppressed; nothing where any number is allowed.
        pub max_suppressed: Option<i64>,
        /// How many rules may be switched off; nothing where any number is allowed.
        pub max_disabled: Option<i64>,
        /// `require`, `match` or `ignore`.
        pub commit: &'a str,
        /// The repositories whose scan counts; every one where there is none.
        pub repositories: Vec<&'a str>,
        /// How old it may be, in seconds.
        pub max_age: Option<i64>,
        /// How far clocks may differ, in seconds.
        pub skew: i64,
        /// Whose verdicts count in place of a report.
        pub delegated: Vec<Delegate<'a>>,
    }
}

packed! {
    /// All settings.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Settings<'a> {
        /// The first one that matches an image decides.
        pub images: Vec<Entry<'a>>,
        /// What is asked of the file that holds what is judged; nothing where it needs no report.
        pub files: Option<Entry<'a>>,
        /// Whether images that no entry matches may run.
        pub allow_unmatched: bool,
    }
}

/// The settings that say what a report must be.
const OF_REPORTS: [&str; 14] = [
    "tools",
    "tolerateFailures",
    "limits",
    "suppressions",
    "maxSuppressed",
    "maxDisabledRules",
    "baseline",
    "commit",
    "repositories",
    "maxAge",
    "futureSkew",
    "kinds",
    "delegated",
    "predicateTypes",
];

impl<'a> Settings<'a> {
    /// Reads them, complaining about whatever is wrong.
    pub fn read(setting: Setting<'a>) -> Self {
        let (images, files, allow_unmatched) = evidence::settings(&setting, image, file);
        Self { images, files, allow_unmatched }
    }
}

fn image<'a>(setting: &Setting<'a>, earlier: &[&[String]]) -> Entry<'a> {
    let known: Vec<&str> = need::OF_IMAGES.iter().chain(&OF_REPORTS).copied().collect();
    let all = setting.object(&known);
    entry(&all, need::of_images(&all, setting, &known, earlier, WANTED))
}

fn file<'a>(setting: &Setting<'a>) -> Entry<'a> {
    let known: Vec<&str> = need::OF_FILES.iter().chain(&OF_REPORTS).copied().collect();
    let all = setting.object(&known);
    entry(&all, need::of_files(&all, setting, WANTED))
}

fn entry<'a>(all: &Object<'a, '_>, need: Need<'a>) -> Entry<'a> {
    let (tools, tolerated, limits) = (all.get("tools"), all.get("tolerateFailures"), all.get("limits"));
    refuse_empty(&tools, "asks for no tool; leave it out");
    refuse_empty(&tolerated, "tolerates nothing; leave it out");
    refuse_empty(&limits, "would allow every result; write a limit whose `max` says so, or leave it out");
    let tools: Vec<Tool<'a>> = tools.items().iter().filter(|item| !refuse_name_alone(item)).map(tool).collect();
    let (scopes, limits) = self::limits(&limits);
    let ask = ask(all, scopes, &tools);
    let at_most = |key: &str| most(&all.get(key), "a whole number, or be left out where any number is allowed");
    let delegated = all.get("delegated");
    refuse_empty(&delegated, "delegates nothing; leave it out");
    if delegated.is_given() && need.trust.is_none() {
        delegated.complain("says whose signed verdict counts, and there is no `trust`");
    }
    let (in_source, external) = suppressions(all);
    Entry {
        need,
        ask,
        in_source,
        external,
        tools,
        tolerated: tolerated.texts(),
        limits,
        max_suppressed: at_most("maxSuppressed"),
        max_disabled: at_most("maxDisabledRules"),
        commit: all.get("commit").word(&["match", "require", "ignore"]).unwrap_or("match"),
        repositories: repositories(&all.get("repositories")),
        max_age: duration(&all.get("maxAge")),
        skew: duration(&all.get("futureSkew")).unwrap_or(SKEW),
        delegated: delegated.items().iter().map(delegate).collect(),
    }
}

fn tool<'a>(setting: &Setting<'a>) -> Tool<'a> {
    let all = setting.object(&["name", "minVersion", "rules", "automationId", "withoutRules"]);
    let (least, rules) = (all.get("minVersion"), all.get("rules"));
    refuse_empty(&rules, "asks for no rule; leave it out");
    if rules.is_given() && all.get("name").text().is_some_and(|name| name.eq_ignore_ascii_case("Bandit")) {
        rules.complain(
            "Bandit declares a rule only where it has a result of it, so that nobody can tell which rules it had; leave `rules` out",
        );
    }
    Tool {
        name: all.require("name").text().unwrap_or_default(),
        version: if least.is_given() { version(&least).unwrap_or_default() } else { "" },
        rules: rules.texts(),
        automation: all.get("automationId").text().unwrap_or_default(),
        without_rules: all.get("withoutRules").word(&["refuse", "accept"]) == Some("accept"),
    }
}

/// What the host is asked to count, and how many of it there may be.
fn limits(setting: &Setting<'_>) -> (Vec<Value>, Vec<Limit>) {
    if !setting.is_given() {
        let most = vec![Some(0), Some(0), None, None];
        return (vec![json!({})], vec![Limit { about: String::new(), most }]);
    }
    setting.items().iter().map(limit).unzip()
}

fn limit(setting: &Setting<'_>) -> (Value, Limit) {
    let all = setting.object(&["paths", "exclude", "tags", "cwe", "rules", "tools", "max"]);
    let mut scope = Map::new();
    let mut about: Vec<String> = Vec::new();
    for key in TEXTS_OF_LIMITS {
        let list = all.get(key);
        refuse_empty(&list, "counts nothing; leave it out to count everything");
        let texts = list.texts();
        for (item, text) in list.items().iter().zip(&texts) {
            let fault = if ["paths", "exclude"].contains(&key) { path_fault(text) } else { None };
            if let Some(fault) = fault {
                item.complain(format!("`{}` {fault}", text.escape_debug()));
            }
        }
        if !texts.is_empty() {
            about.push(format!("{key} {}", texts.join(" ")));
            scope.insert(key.to_owned(), Value::from(texts));
        }
    }
    let cwe = all.get("cwe");
    refuse_empty(&cwe, "counts nothing; leave it out to count everything");
    let numbers: Vec<i64> = cwe.items().iter().filter_map(self::cwe).collect();
    if !numbers.is_empty() {
        let shown: Vec<String> = numbers.iter().map(i64::to_string).collect();
        about.push(format!("cwe {}", shown.join(" ")));
        scope.insert("cwe".to_owned(), Value::from(numbers));
    }
    let max = all.require("max");
    let numbers = max.object(&SEVERITIES);
    let most: Vec<Option<i64>> = SEVERITIES.iter().map(|severity| limited(&numbers.get(severity))).collect();
    if max.is_given() && most.iter().all(Option::is_none) && setting.is_sound() {
        max.complain("limits nothing; say how many results of a severity there may be, as in `{critical: 0}`");
    }
    (Value::Object(scope), Limit { about: about.join(", "), most })
}

/// A number, or nothing where any number is allowed.
fn limited(setting: &Setting<'_>) -> Option<i64> {
    if setting.is_text("unlimited") {
        None
    } else {
        most(setting, "a whole number, or `unlimited` where any number is allowed")
    }
}

/// A number of results; `otherwise` is what a text should have been.
fn most(setting: &Setting<'_>, otherwise: &str) -> Option<i64> {
    if setting.as_text().is_some_and(|text| text.parse::<i64>().is_err()) {
        setting.expected(otherwise);
        return None;
    }
    setting.integer(0, MOST_RESULTS)
}

/// The number of a weakness.
fn cwe(setting: &Setting<'_>) -> Option<i64> {
    let text = setting.as_text().unwrap_or_default();
    let number = text.rsplit(['-', ':']).next().unwrap_or_default();
    if text != number && number.parse::<u32>().is_ok() {
        setting.complain(format!("is written by its number alone: `{number}`"));
        return None;
    }
    setting.integer(1, 99_999)
}

/// What is wrong with a pattern of paths.
fn path_fault(text: &str) -> Option<&'static str> {
    if text.starts_with('/') || text.contains("://") {
        Some("is no path in the sources; write it as the repository has it, as in `src/**`")
    } else if text.contains('\\') {
        Some("has a `\\`; write `/` between folders")
    } else if text.strip_suffix('/').unwrap_or(text).split('/').any(|one| matches!(one, "" | "." | "..")) {
        Some("has an empty folder, `.` or `..` in it; no result is there")
    } else if text.split('/').any(|segment| segment.contains("**") && segment != "**") {
        Some("has `**` within a segment; it stands for whole folders, between two `/`")
    } else {
        None
    }
}

/// Which suppressions count: those in the source, and those from elsewhere.
fn suppressions<'a>(all: &Object<'a, '_>) -> (&'a str, &'a str) {
    const WORDS: [&str; 3] = ["refuse", "justified", "accept"];
    let of = all.get("suppressions").object(&["inSource", "external"]);
    (of.get("inSource").word(&WORDS).unwrap_or("refuse"), of.get("external").word(&WORDS).unwrap_or("justified"))
}

/// Everything that the host is asked besides who and what.
fn ask(all: &Object<'_, '_>, scopes: Vec<Value>, tools: &[Tool<'_>]) -> String {
    let (in_source, external) = suppressions(all);
    let kinds = all.get("kinds").object(&["open", "review"]);
    let count = |key: &str| kinds.get(key).boolean().unwrap_or(false);
    let mut ask = Map::new();
    ask.insert("scopes".to_owned(), Value::from(scopes));
    ask.insert("suppressions".to_owned(), json!({"inSource": in_source, "external": external}));
    ask.insert("kinds".to_owned(), json!({"open": count("open"), "review": count("review")}));
    if let Some(baseline) = baseline(&all.get("baseline")) {
        ask.insert("baseline".to_owned(), baseline);
    }
    // Several entries may name one tool: each asks for its own rules.
    let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for tool in tools.iter().filter(|tool| !tool.rules.is_empty()) {
        let asked = rules.entry(tool.name).or_default();
        asked.extend(tool.rules.iter().filter(|rule| !asked.contains(rule)).collect::<Vec<_>>());
    }
    if !rules.is_empty() {
        ask.insert("rules".to_owned(), json!(rules));
    }
    let types = all.get("predicateTypes");
    refuse_empty(&types, "would count no report; leave it out to count the types that are known");
    let types: Vec<String> = types.items().iter().filter_map(predicate_type).collect();
    if !types.is_empty() {
        ask.insert("predicateTypes".to_owned(), Value::from(types));
    }
    Value::Object(ask).to_string()
}

/// A type of predicates: a URI, by in-toto's statement.
fn predicate_type(setting: &Setting<'_>) -> Option<String> {
    let text = exact(setting, "is compared whole; a predicate type has no wildcards")?;
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    };
    let is_uri = text.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty());
    if !is_uri && pattern::fault(text).is_none() && !text.contains('*') {
        setting.complain(format!(
            "`{text}` is no URI, as every predicate type is; write one such as `https://example.org/sarif`"
        ));
    }
    Some(text.to_owned())
}

fn baseline(setting: &Setting<'_>) -> Option<Value> {
    let all = setting.object(&["guid", "digest"]);
    if !setting.is_given() {
        return None;
    }
    let (guid, digest) = (all.get("guid"), all.get("digest"));
    if guid.is_given() == digest.is_given() && setting.is_sound() {
        setting.complain("a baseline is named either by `guid` or by `digest`");
    }
    let is_guid = |text: &str| {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    if guid.text().is_some_and(|text| !is_guid(text)) {
        guid.expected("the guid of the baseline's run, such as `3f2504e0-4f89-41d3-9a0c-0305e82c3301`");
    }
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let written = digest.text();
    if written.is_some_and(|text| !text.strip_prefix("sha256:").is_some_and(hex)) {
        digest.expected("the digest of the baseline's report, `sha256:` and 64 digits");
    }
    let texts = [("guid", guid.text()), ("digest", written)];
    let given = texts.iter().filter_map(|(key, text)| Some(((*key).to_owned(), Value::from((*text)?))));
    Some(Value::Object(given.collect()))
}

fn repositories<'a>(setting: &Setting<'a>) -> Vec<&'a str> {
    refuse_empty(setting, "would count no repository; leave it out to count every one");
    for item in setting.items() {
        let Some(text) = item.text() else { continue };
        let fault = match text.contains('*') {
            true if !text.bytes().any(|byte| !matches!(byte, b'*' | b'/' | b'@')) => {
                Some(format!("`{text}` would be any repository; write some, or leave `repositories` out"))
            }
            true => pattern::of_subjects(text).err(),
            false => pattern::fault(text).map(|fault| format!("`{}` {fault}", text.escape_debug())),
        };
        match fault {
            Some(fault) => item.complain(fault),
            None if !text.contains("://") => {
                item.complain(format!("`{text}` is no address; write one such as `https://github.com/org/*`"));
            }
            None => {}
        }
    }
    setting.texts()
}

fn delegate<'a>(setting: &Setting<'a>) -> Delegate<'a> {
    let all = setting.object(&["kind", "verifier", "keys", "identities", "levels", "properties", "configurations"]);
    let kind = all.require("kind").word(&["testResult", "vsa", "svr"]).unwrap_or_default();
    let (levels, properties, configurations) = (all.get("levels"), all.get("properties"), all.get("configurations"));
    for (list, of) in [(&levels, "vsa"), (&properties, "svr"), (&configurations, "testResult")] {
        refuse_empty(list, "asks for nothing; leave it out");
        if list.is_given() && !kind.is_empty() && kind != of {
            list.complain(format!("is said by a `{of}`, and this is a `{kind}`"));
        }
    }
    let verifier = all.get("verifier");
    // A test result names nobody but its signer.
    if kind != "testResult" && !kind.is_empty() && !verifier.is_given() {
        all.require("verifier");
    }
    if kind == "testResult" && verifier.is_given() {
        verifier.complain("a `testResult` names no verifier; say by `keys` or `identities` who signs it");
    }
    if !all.get("keys").is_given() && !all.get("identities").is_given() && setting.is_sound() {
        setting.complain("anybody's verdict would count: say by `keys` or `identities` who signs it");
    }
    Delegate {
        kind,
        verifier: exact(&verifier, "is compared whole; a verifier has no wildcards").unwrap_or_default(),
        signers: one_signer(&all, setting),
        levels: levels.texts(),
        properties: properties.texts(),
        configurations: configurations.texts(),
    }
}
