//! Who the plugin is: what `describe` answers, written down as constants.

use std::fmt::Write;

use crate::last_words;

/// The version of the contract that this SDK speaks.
pub const CONTRACT: &str = "1.0.0";
/// How the address of a page begins.
const HTTPS: &[u8] = b"https://";

/// How bad it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Untidy.
    Low,
    /// Will hurt one day.
    Medium,
    /// Hurts.
    High,
    /// Must never happen.
    Critical,
}

impl Severity {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One thing that a plugin looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// In kebab-case; unique in the plugin, and forever.
    pub id: &'static str,
    /// One sentence without full stop: what is wrong when this rule speaks.
    pub title: &'static str,
    /// How bad it is, before a policy set says otherwise.
    pub severity: Severity,
    /// The address of a page where a person can read more; empty where there is none.
    pub help: &'static str,
}

impl Rule {
    /// A rule without an address to read more.
    pub const fn new(id: &'static str, severity: Severity, title: &'static str) -> Self {
        Self { id, title, severity, help: "" }
    }

    /// The same rule with the address of a page about it, such as `https://example.org/rules/owner`. What to do about a
    /// finding stands in the finding's own message.
    ///
    /// # Panics
    /// Where it does not begin with `https://`: in a constant, as rules are, that does not compile.
    pub const fn with_help(self, address: &'static str) -> Self {
        let (bytes, mut at) = (address.as_bytes(), 0);
        while at < HTTPS.len() {
            let same = at < bytes.len() && bytes[at] == HTTPS[at];
            assert!(same, "the help of a rule is the address of a page, and begins with `https://`");
            at += 1;
        }
        Self { help: address, ..self }
    }

    /// The families of rules that a plugin keeps in several files, as one list for its description; `N` is their number.
    pub const fn join<const N: usize>(families: &[&[Rule]]) -> [Rule; N] {
        let mut all = [Rule::new("", Severity::Info, ""); N];
        let (mut family, mut count) = (0, 0);
        while family < families.len() {
            let mut at = 0;
            while at < families[family].len() {
                all[count] = families[family][at];
                count += 1;
                at += 1;
            }
            family += 1;
        }
        assert!(count == N, "as many rules as announced");
        all
    }
}

/// What `describe` answers.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The plugin's name in kebab-case, forever: `env!("CARGO_PKG_NAME")`.
    pub name: &'static str,
    /// Its version: `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// One sentence without full stop: what it is for.
    pub title: &'static str,
    /// Every rule that it has.
    pub rules: &'static [Rule],
    /// The JSON Schema (2020-12) of its settings, as JSON text.
    pub settings: &'static str,
    /// The kinds of object that it reads, such as `Pod`; `*` for any.
    pub kinds: &'static [&'static str],
    /// The keys that it reads: `KEYS` of [`keys!`](crate::keys).
    pub keys: &'static [&'static str],
    /// The paths that it selects by: `PATHS` of [`paths!`](crate::paths).
    pub paths: &'static [&'static str],
    /// The kinds of fact that it may ask for.
    pub facts: &'static [&'static str],
}

impl Description {
    /// Nothing yet: `Description { name: .., ..Description::EMPTY }`.
    pub const EMPTY: Description = Description {
        name: "",
        version: "",
        title: "",
        rules: &[],
        settings: r#"{"type":"object","additionalProperties":false}"#,
        kinds: &["*"],
        keys: &[],
        paths: &[],
        facts: &[],
    };

    /// The JSON text of `describe`, after `describe.schema.json`.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(4096);
        out.push('{');
        for (key, value) in
            [("contract", CONTRACT), ("name", self.name), ("version", self.version), ("title", self.title)]
        {
            member(key, &mut out);
            json_text(value, &mut out);
            out.push(',');
        }
        member("rules", &mut out);
        list(self.rules, &mut out, |rule, out| {
            out.push('{');
            for (key, value) in [("id", rule.id), ("title", rule.title), ("severity", rule.severity.as_str())] {
                member(key, out);
                json_text(value, out);
                out.push(',');
            }
            out.pop();
            if !rule.help.is_empty() {
                out.push(',');
                member("help", out);
                json_text(rule.help, out);
            }
            out.push('}');
        });
        for (key, texts) in [("kinds", self.kinds), ("keys", self.keys), ("paths", self.paths), ("facts", self.facts)] {
            out.push(',');
            member(key, &mut out);
            list(texts, &mut out, |text, out| json_text(text, out));
        }
        out.push(',');
        member("settings", &mut out);
        out.push_str(self.settings.trim());
        out.push('}');
        out
    }

    /// The rule's number in the contract. A plugin that speaks of a rule that it does not describe gives up, and says so.
    pub(crate) fn number_of(&self, rule: &Rule) -> u32 {
        match self.rules.iter().position(|described| described.id == rule.id) {
            Some(position) => position as u32,
            None => last_words::give_up(&format!(
                "a finding is of the rule `{}`, which is not among the `rules` of DESCRIPTION; add it there",
                rule.id
            )),
        }
    }
}

fn member(key: &str, out: &mut String) {
    json_text(key, out);
    out.push(':');
}

fn list<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// Appends a text as a JSON string (RFC 8259 section 7).
pub(crate) fn json_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_who_it_is_as_json() {
        const RULES: &[Rule] = &[
            Rule::new("a-missing", Severity::High, "A \"thing\" is missing"),
            Rule::new("b", Severity::Low, "B").with_help("https://example.org/b"),
        ];
        let description =
            Description { name: "demo", version: "1.2.3", title: "T", rules: RULES, ..Description::EMPTY };
        let json: serde_json::Value = serde_json::from_str(&description.to_json()).expect("JSON");
        assert_eq!(json["contract"], "1.0.0");
        assert_eq!(json["rules"][0]["title"], "A \"thing\" is missing");
        assert!(json["rules"][0].get("help").is_none());
        assert_eq!(json["rules"][1]["help"], "https://example.org/b");
        assert_eq!(json["settings"]["type"], "object");
        assert_eq!(description.number_of(&RULES[1]), 1);
    }
}
