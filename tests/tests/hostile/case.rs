//! Reads a case: one file, which says in its first lines what it does, where it must end, and with which words.

use std::path::Path;

use portcullis_tests::root;

use crate::plugin::Change;

/// Where a plugin must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Refused when it is loaded: nothing is judged.
    AtLoad,
    /// A typed error in every evaluation; other policies judge as ever.
    InEvaluate,
    /// It is a plugin like any other.
    Passes,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file's name without its ending.
    pub name: String,
    /// What it does, in one sentence.
    pub about: String,
    /// Ids of the checklist.
    pub covers: Vec<String>,
    pub ends: Ends,
    /// The kind of the error; empty where it does not end in `evaluate`.
    pub kind: String,
    /// The error, or all findings, each on a line of its own; `...` stands for anything.
    pub says: Vec<String>,
    /// Another end, as `kind: error`: a slow build or a busy machine may spend the time before what is meant to be spent.
    pub or: String,
    /// The most memory that the product or its compile child may have had, in MiB.
    pub memory: u64,
    /// The most processor time that both may have taken, in seconds. Wide: it tells "bounded" from "not".
    pub time: u64,
    /// Settings of the policy, as YAML.
    pub settings: String,
    /// Kinds of fact that the set grants, as YAML.
    pub grants: String,
    /// Recorded facts, as YAML.
    pub facts: String,
    /// Another annotation of the judged Pods: its key has so many bytes.
    pub long_key: usize,
    /// How often each finding is expected.
    pub times: usize,
    /// How many plugins of this kind there are, which differ in one byte.
    pub copies: usize,
    /// A built component in place of the text.
    pub built: Option<String>,
    /// What is done to the bytes.
    pub bytes: Vec<Change>,
    /// Whether the digest in the set is of what the bytes were before.
    pub digest_before: bool,
    /// What happens to the compiled code that is remembered, between a first run and the one that counts.
    pub cache: Option<String>,
    /// What the product lives under, as `measured` reads it.
    pub limits: String,
    /// Why it is not served; empty where it is.
    pub not_served: String,
    /// The text of the plugin.
    pub text: String,
}

/// All cases, sorted by name.
pub fn cases() -> Vec<Case> {
    let files = portcullis_tests::files(&root().join("tests/hostile"), "wat");
    let cases: Vec<Case> = files.iter().map(|path| read(path).unwrap_or_else(|e| panic!("{path:?}: {e}"))).collect();
    assert!(cases.len() > 100, "the cases were not found");
    cases
}

fn read(path: &Path) -> Result<Case, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a name")?.to_owned();
    parse(name, &text)
}

fn parse(name: String, text: &str) -> Result<Case, String> {
    let mut case = Case {
        name,
        about: String::new(),
        covers: Vec::new(),
        ends: Ends::Passes,
        kind: String::new(),
        says: Vec::new(),
        or: String::new(),
        memory: 0,
        time: 0,
        settings: String::new(),
        grants: String::new(),
        facts: String::new(),
        long_key: 0,
        times: 1,
        copies: 1,
        built: None,
        bytes: Vec::new(),
        digest_before: false,
        cache: None,
        limits: "-".into(),
        not_served: String::new(),
        text: String::new(),
    };
    let number = |value: &str| value.parse::<u64>().map_err(|_| format!("`{value}` is no number"));
    let mut ends = None;
    let mut lines = text.lines().peekable();
    case.about = lines.next().and_then(|line| line.strip_prefix(";; ")).ok_or("no sentence")?.to_owned();
    while let Some(line) = lines.next_if(|line| line.starts_with(";;")) {
        let Some(line) = line.strip_prefix(";; ") else { continue };
        let (key, value) = line.split_once(':').ok_or_else(|| format!("`{line}` is no `key: value`"))?;
        let value = value.trim();
        match key.trim() {
            "covers" => case.covers = value.split_whitespace().map(str::to_owned).collect(),
            "ends" => {
                ends = Some(match value {
                    "at load" => Ends::AtLoad,
                    "in evaluate" => Ends::InEvaluate,
                    "passes" => Ends::Passes,
                    other => return Err(format!("nothing ends `{other}`")),
                });
            }
            "kind" => case.kind = value.to_owned(),
            "says" => case.says.push(value.to_owned()),
            "or" => case.or = value.to_owned(),
            "memory" => case.memory = number(value.strip_suffix(" MiB").ok_or("memory in MiB")?)?,
            "time" => case.time = number(value.strip_suffix(" s").ok_or("time in s")?)?,
            "settings" => case.settings = value.to_owned(),
            "grants" => case.grants = value.to_owned(),
            "facts" => case.facts = value.to_owned(),
            "long key" => case.long_key = usize::try_from(number(value)?).map_err(|e| e.to_string())?,
            "times" => case.times = usize::try_from(number(value)?).map_err(|e| e.to_string())?,
            "copies" => case.copies = usize::try_from(number(value)?).map_err(|e| e.to_string())?,
            "built" => case.built = Some(value.to_owned()),
            "bytes" => case.bytes.push(Change::read(value)?),
            "digest" if value == "of the bytes before" => case.digest_before = true,
            "cache" => case.cache = Some(value.to_owned()),
            "limits" => case.limits = value.to_owned(),
            "not served" => case.not_served = value.to_owned(),
            other => return Err(format!("`{other}: {value}` means nothing")),
        }
    }
    case.ends = ends.ok_or("it does not say where it ends")?;
    case.text = lines.map(|line| format!("{line}\n")).collect();
    let complete = !case.covers.is_empty() && case.memory > 0 && case.time > 0 && case.about.ends_with('.');
    let worded = case.ends == Ends::Passes || case.says.len() == 1;
    let kind = (case.ends == Ends::InEvaluate) != case.kind.is_empty();
    match complete && worded && kind {
        true => Ok(case),
        false => Err("it says not all of: a sentence, covers, ends, kind, says, memory, time".into()),
    }
}

impl Case {
    /// Whether an evaluation ended as it must.
    pub fn ended(&self, kind: &str, message: &str) -> bool {
        let expected = kind == self.kind && fits(&self.says[0], message);
        expected || (!self.or.is_empty() && fits(&self.or, &format!("{kind}: {message}")))
    }
}

/// Whether a text is what was expected, where `...` stands for anything.
pub fn fits(expected: &str, seen: &str) -> bool {
    let mut parts = expected.split("...");
    let Some(mut rest) = parts.next().and_then(|first| seen.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn compares_words_with_gaps() {
    for (expected, seen, same) in [
        ("a b", "a b", true),
        ("a b", "a b c", false),
        ("a...", "abc", true),
        ("...c", "abc", true),
        ("a...c...e", "abcde", true),
        ("a...c...e", "abde", false),
        ("...", "", true),
    ] {
        assert_eq!(fits(expected, seen), same, "{expected} {seen}");
    }
}

#[test]
fn refuses_a_case_that_does_not_say_all() {
    let whole = ";; Does nothing.\n;; covers: P12\n;; ends: passes\n;; memory: 9 MiB\n;; time: 9 s\n(module)\n";
    assert!(parse("a".into(), whole).is_ok_and(|case| case.text == "(module)\n"));
    for line in whole.lines().take(5) {
        assert!(parse("a".into(), &whole.replacen(&format!("{line}\n"), "", 1)).is_err(), "{line}");
    }
    assert!(parse("a".into(), &whole.replace("P12", "P12\n;; colour: red")).is_err());
}
