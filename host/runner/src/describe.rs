//! What a plugin says about itself, read strictly (`wit/describe.schema.json`).

use std::collections::{BTreeMap, HashSet};

use portcullis_model::Severity;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Bytes of a description.
pub const DESCRIPTION_BYTES: usize = 256 << 10;
/// Rules of one plugin.
pub const RULES: usize = 256;
/// Keys that one plugin may declare.
pub const KEYS: usize = 1_024;
/// Paths that one plugin may declare.
pub const PATHS: usize = 256;
/// Kinds that one plugin may declare.
pub const KINDS: usize = 256;
/// Kinds of fact that one plugin may declare.
pub const FACTS: usize = 32;
/// Bytes of one name, title, key, path or kind.
pub const TEXT: usize = 512;

/// One rule of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Kebab-case, unique in the plugin, and forever: `memory-missing`.
    pub id: String,
    /// One line for a person.
    pub title: String,
    /// How bad it is to break it, before a policy set overrides that.
    pub severity: Severity,
    /// Where more is said: an `https` URL, or empty.
    pub help: String,
}

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The version of the contract that it was built against.
    pub contract: String,
    /// Kebab-case.
    pub name: String,
    /// Its own version, `major.minor.patch` with an optional suffix.
    pub version: String,
    /// One line for a person.
    pub title: String,
    /// Its rules; a finding names one by its index.
    pub rules: Vec<Rule>,
    /// The JSON Schema of its settings, as JSON text: an object.
    pub settings: String,
    /// The kinds that it reads: `Pod`, `apps/Deployment`; `*` for any.
    pub kinds: Vec<String>,
    /// The keys that it reads by index.
    pub keys: Vec<String>,
    /// The paths that it selects by index.
    pub paths: Vec<String>,
    /// The kinds of fact that it may ask for.
    pub facts: Vec<String>,
}

/// The wire form. Unknown members are refused: a plugin of a later contract is refused anyway.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    contract: String,
    name: String,
    version: String,
    title: String,
    rules: Vec<WireRule>,
    #[serde(borrow)]
    settings: &'a RawValue,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    facts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRule {
    id: String,
    title: String,
    severity: String,
    #[serde(default)]
    help: String,
}

impl Description {
    /// Reads a description; the error continues "describes itself wrongly: ...".
    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        if json.len() > DESCRIPTION_BYTES {
            return Err(format!("{} bytes, at most {DESCRIPTION_BYTES} are admitted", json.len()));
        }
        let wire: Wire<'_> = serde_json::from_str(json).map_err(|e| e.to_string().escape_debug().to_string())?;
        kebab("name", &wire.name)?;
        version(&wire.version)?;
        line("title", &wire.title)?;
        // An object at the top, whatever it says: editors and documentation use it, the plugin itself judges settings.
        serde_json::from_str::<BTreeMap<&str, &RawValue>>(wire.settings.get())
            .map_err(|_| "`settings` is not a JSON Schema object".to_owned())?;
        list("rules", RULES, &wire.rules, |rule| &rule.id, |rule| kebab("rule", &rule.id))?;
        list("kinds", KINDS, &wire.kinds, |s| s, |kind| line("kind", kind))?;
        list("keys", KEYS, &wire.keys, |s| s, |key| bounded("key", key))?;
        list("paths", PATHS, &wire.paths, |s| s, |path| self::path(path))?;
        list("facts", FACTS, &wire.facts, |s| s, |fact| kebab("fact", fact))?;
        Ok(Self {
            contract: wire.contract,
            name: wire.name,
            version: wire.version,
            title: wire.title,
            rules: wire.rules.into_iter().map(rule).collect::<Result<_, _>>()?,
            settings: wire.settings.get().to_owned(),
            kinds: wire.kinds,
            keys: wire.keys,
            paths: wire.paths,
            facts: wire.facts,
        })
    }
}

fn rule(wire: WireRule) -> Result<Rule, String> {
    line("title", &wire.title)?;
    let severity = Severity::parse(&wire.severity).ok_or_else(|| {
        let words = Severity::ALL.map(Severity::as_str).join("`, `");
        format!("the severity `{}` of rule `{}` is none of `{words}`", wire.severity.escape_debug(), wire.id)
    })?;
    let plain = |c: char| c.is_ascii_graphic();
    if wire.help.len() > TEXT
        || !(wire.help.is_empty() || wire.help.starts_with("https://"))
        || !wire.help.chars().all(plain)
    {
        return Err(format!("`help` of rule `{}` is not an https URL", wire.id));
    }
    Ok(Rule { id: wire.id, title: wire.title, severity, help: wire.help })
}

/// Bounds a list, checks each item, and refuses one that stands there twice.
fn list<'a, T>(
    name: &str,
    most: usize,
    items: &'a [T],
    id: impl Fn(&'a T) -> &'a String,
    check: impl Fn(&'a T) -> Result<(), String>,
) -> Result<(), String> {
    if items.len() > most {
        return Err(format!("{} `{name}`, at most {most} are admitted", items.len()));
    }
    let mut seen = HashSet::new();
    for item in items {
        check(item)?;
        if !seen.insert(id(item)) {
            return Err(format!("`{}` stands twice in `{name}`", id(item).escape_debug()));
        }
    }
    Ok(())
}

/// Lower-case letters and digits in groups joined by single hyphens, a letter first, at most 63 bytes.
fn kebab(what: &str, text: &str) -> Result<(), String> {
    let group = |g: &str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let good = text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(group);
    if good { Ok(()) } else { Err(format!("the {what} `{}` is not in kebab-case", shown(text))) }
}

fn version(text: &str) -> Result<(), String> {
    let (numbers, suffix) = text.split_once(['-', '+']).unwrap_or((text, ""));
    let number = |n: &str| !n.is_empty() && n.len() <= 9 && n.bytes().all(|b| b.is_ascii_digit());
    let suffix = suffix.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+.".contains(&b));
    let good = text.len() <= 63 && suffix && numbers.split('.').count() == 3 && numbers.split('.').all(number);
    if good { Ok(()) } else { Err(format!("the version `{}` is not `major.minor.patch`", shown(text))) }
}

/// One line of text for a person.
fn line(what: &str, text: &str) -> Result<(), String> {
    bounded(what, text)?;
    let bad = text.trim().is_empty() || text.chars().any(crate::answer::must_escape);
    if bad { Err(format!("the {what} `{}` is not one line of text", shown(text))) } else { Ok(()) }
}

fn bounded(what: &str, text: &str) -> Result<(), String> {
    if text.len() > TEXT {
        Err(format!("a {what} of {} bytes, at most {TEXT} are admitted", text.len()))
    } else {
        Ok(())
    }
}

/// A JSON Pointer with the wildcard `*`.
fn path(text: &str) -> Result<(), String> {
    bounded("path", text)?;
    match crate::path::Path::parse(text) {
        Some(_) => Ok(()),
        None => Err(format!("the path `{}` is not a JSON Pointer", shown(text))),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"contract":"1.0.0","name":"a-b","version":"0.1.0","title":"T",
        "rules":[{"id":"r-1","title":"R","severity":"high","help":"https://example.org/r"}],
        "settings":{"type":"object"},"keys":["spec"],"paths":["/spec/*/a~2"],"facts":["signature"],"kinds":["Pod"]}"#;

    #[test]
    fn reads_what_the_schema_describes() {
        let description = Description::parse(GOOD).expect("a description");
        assert_eq!((description.name.as_str(), description.rules[0].severity), ("a-b", Severity::High));
        assert_eq!(description.settings, r#"{"type":"object"}"#);
        let schema = include_str!("../../../wit/describe.schema.json");
        let schema: serde_json::Value = serde_json::from_str(schema).expect("the schema is JSON");
        let named: Vec<_> = schema["properties"].as_object().expect("properties").keys().cloned().collect();
        let read: serde_json::Value = serde_json::from_str(GOOD).expect("JSON");
        let read: Vec<_> = read.as_object().expect("an object").keys().cloned().collect();
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(named), sorted(read), "schema and reader know the same members");
    }

    #[test]
    fn refuses_everything_else_in_words() {
        for (from, to, why) in [
            ("\"title\":\"T\"", "\"title\":\"T\",\"more\":1", "unknown field `more`"),
            ("\"title\":\"T\",", "", "missing field `title`"),
            ("a-b", "A_b", "the name `A_b` is not in kebab-case"),
            ("r-1", "r--1", "the rule `r--1` is not in kebab-case"),
            ("0.1.0", "1", "the version `1` is not `major.minor.patch`"),
            (
                "high",
                "huge",
                "the severity `huge` of rule `r-1` is none of `info`, `low`, `medium`, `high`, `critical`",
            ),
            ("https://example.org/r", "javascript:x", "`help` of rule `r-1` is not an https URL"),
            ("{\"type\":\"object\"}", "[]", "`settings` is not a JSON Schema object"),
            ("\"spec\"", "\"spec\",\"spec\"", "`spec` stands twice in `keys`"),
            ("/spec/*/a~2", "spec", "the path `spec` is not a JSON Pointer"),
            ("/spec/*/a~2", "/~3", "the path `/~3` is not a JSON Pointer"),
            ("\"T\"", "\"\\u001b[31m\"", "is not one line of text"),
        ] {
            let refused = Description::parse(&GOOD.replacen(from, to, 1)).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }
}
