//! All that one run has to say, and its verdict.

use portcullis_model::{Decision, Place, Severity};

use crate::tally::{Summary, verdict_of};

/// Whether the changes may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportVerdict {
    /// All of them may.
    Allow,
    /// At least one may not.
    Deny,
    /// Something could not be judged where that denies, an input could not be read, or nothing was judged at all.
    Error,
}

impl ReportVerdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

/// The program that judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Such as `0.1.0`.
    pub version: String,
    /// The commit that it was built from; empty where that is not known.
    pub commit: String,
}

/// A policy set that judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySetInfo {
    /// Its name.
    pub name: String,
    /// `sha256:` and 64 hex digits.
    pub digest: String,
}

/// A rule that could have spoken, whether or not it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub plugin_version: String,
    /// The plugin's digest, `sha256:` and 64 hex digits.
    pub plugin_digest: String,
    /// The rule's id inside its plugin.
    pub id: String,
    /// One sentence: what the rule asks for.
    pub title: String,
    /// The rule's own severity.
    pub severity: Severity,
    /// A URL that explains it.
    pub help: Option<String>,
}

impl RuleInfo {
    /// The finding code that is forever: `plugin/rule`.
    pub fn code(&self) -> String {
        format!("{}/{}", self.plugin, self.id)
    }
}

/// Something that kept an input, a policy set or an argument from being used.
#[derive(Clone, Debug, PartialEq)]
pub struct InputError {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// The file, where no exact place is known.
    pub file: Option<String>,
    /// Where exactly.
    pub place: Option<Place>,
    /// What to do.
    pub hint: Option<String>,
    /// Whether the guilty line may be quoted.
    quote: bool,
}

impl InputError {
    /// An error that belongs to no file.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), file: None, place: None, hint: None, quote: false }
    }

    /// An error about a file as a whole.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// An error at a place of a manifest or another input. Its line is quoted unless the text could hold a Secret: what
    /// could not be read could not be masked either.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.quote = !may_hold_secrets(place.source.text());
        self.place = Some(place);
        self
    }

    /// An error at a place of a policy set, a waiver or another configuration, none of which holds Secrets.
    #[must_use]
    pub fn at_configuration(mut self, place: Place) -> Self {
        self.quote = true;
        self.place = Some(place);
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The place, where its line may be shown.
    pub(crate) fn quoted(&self) -> Option<&Place> {
        self.place.as_ref().filter(|_| self.quote)
    }

    /// The file, from wherever it is known.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.place.as_ref().map(Place::file).or(self.file.as_deref())
    }
}

/// A file that was plainly not meant for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path as the user would write it.
    pub path: String,
    /// Why, as a fragment.
    pub reason: String,
}

/// A waiver as a report shows it beside what it waives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverInfo {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it was agreed.
    pub ticket: String,
    /// Why.
    pub reason: String,
    /// When it ends, as written.
    pub expires: String,
}

/// What a report is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The sets that judged.
    pub policy_sets: Vec<PolicySetInfo>,
    /// What could not be used.
    pub errors: Vec<InputError>,
    /// What was left aside.
    pub skipped: Vec<Skipped>,
    /// Things worth knowing that change nothing (gates that the built-in set leaves out, expired waivers).
    pub notices: Vec<String>,
    /// The decisions, those about one subject side by side, in the order of the policy sets.
    pub decisions: Vec<Decision>,
    /// Every rule of every plugin in the sets.
    pub rules: Vec<RuleInfo>,
    /// Every waiver that was loaded.
    pub waivers: Vec<WaiverInfo>,
}

/// All that one run has to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whether the changes may enter.
    pub verdict: ReportVerdict,
    /// How many of what.
    pub summary: Summary,
    /// The program that judged.
    pub tool: Tool,
    /// The sets that judged.
    pub policy_sets: Vec<PolicySetInfo>,
    /// What could not be used.
    pub errors: Vec<InputError>,
    /// What was left aside.
    pub skipped: Vec<Skipped>,
    /// Things worth knowing that change nothing.
    pub notices: Vec<String>,
    /// The decisions, those about one subject side by side.
    pub decisions: Vec<Decision>,
    /// Every rule that could have spoken.
    pub rules: Vec<RuleInfo>,
    /// Every waiver that was loaded.
    pub waivers: Vec<WaiverInfo>,
}

impl Report {
    /// Counts and settles the verdict. A run that judged nothing and says no other error says that one.
    pub fn new(tool: Tool, parts: Parts) -> Self {
        let Parts { policy_sets, mut errors, skipped, notices, decisions, rules, waivers } = parts;
        if decisions.is_empty() && errors.is_empty() {
            let hint = "give at least one manifest; a run that judges nothing is never a pass";
            errors.push(InputError::new("nothing was judged: the input holds no subject").hint(hint));
        }
        let summary = Summary::of(&errors, &skipped, &decisions);
        Self {
            verdict: verdict_of(&summary),
            summary,
            tool,
            policy_sets,
            errors,
            skipped,
            notices,
            decisions,
            rules,
            waivers,
        }
    }
}

impl Report {
    /// What is known of the waiver of this name.
    pub(crate) fn waiver(&self, name: &str) -> Option<&WaiverInfo> {
        self.waivers.iter().find(|waiver| waiver.name == name)
    }
}

/// Whether a text that nobody could read might hold a Secret: it says so, or has the members that a Secret keeps its values
/// in (a truncated one ends before its `kind`).
fn may_hold_secrets(text: &str) -> bool {
    let says = |word: &[u8]| text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    let member = |line: &str| {
        let key = line.trim_start_matches([' ', '\t', '-', '{', ',', '\'', '"', '?']);
        ["data", "stringData"].iter().any(|name| {
            key.strip_prefix(name).is_some_and(|rest| rest.trim_start_matches(['\'', '"', ' ', '\t']).starts_with(':'))
        })
    };
    says(b"secret") || text.contains("\"data\"") || text.contains("\"stringData\"") || text.lines().any(member)
}

#[cfg(test)]
mod tests {
    use portcullis_model::{Source, Span};

    use super::*;

    #[test]
    fn refuses_to_quote_a_line_of_an_unreadable_text_that_may_hold_a_secret() {
        let quotes = |text: &str| {
            let place = Place { source: Source::new("a.yaml", text), span: Span::new(0, 1) };
            InputError::new("x").at(place).quoted().is_some()
        };
        assert!(quotes("kind: Pod\nmetadata:\n\tname: x\n"));
        for text in [
            "kind: SECRET\nx: [",
            "apiVersion: v1\ndata:\n  a: b",
            "{\"data\": {\"a\": \"b\"",
            "- {stringData: {a: b",
            "\"data\" : {a: b",
        ] {
            assert!(!quotes(text), "{text}");
        }
    }

    #[test]
    fn judges_an_empty_run_as_an_error_and_says_so() {
        let tool = Tool { version: "0.1.0".into(), commit: String::new() };
        let report = Report::new(tool, Parts::default());
        assert_eq!(report.verdict, ReportVerdict::Error);
        assert_eq!(report.errors[0].message, "nothing was judged: the input holds no subject");
    }
}
