//! One statement: a rule is broken.

use std::fmt;

use crate::place::Place;

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
    /// All of them, least first.
    pub const ALL: [Severity; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in policy sets, descriptions and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a fix does at the finding's pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixOperation {
    /// Another value instead of this one.
    Replace,
    /// A value where there is none.
    Add,
    /// No value any more.
    Remove,
}

impl FixOperation {
    /// The word of the contract and of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }
}

/// A change that would make a finding go away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// For a person.
    pub description: String,
    /// What is done.
    pub operation: FixOperation,
    /// The new value as JSON text; empty for a removal.
    pub value: String,
    /// Whether it cannot change what the object means.
    pub safe: bool,
}

/// One statement of a plugin: this rule is broken here. It knows no mode and no effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's id inside its plugin, such as `memory-missing`.
    pub rule: String,
    /// The rule's own severity, before a policy set overrides it.
    pub severity: Severity,
    /// For a person; control characters already escaped, length already bounded.
    pub message: String,
    /// JSON Pointer (RFC 6901) in the object (for DELETE: in the old object) of what is wrong or missing.
    pub pointer: String,
    /// Where to look: the guilty value, or what should have held the missing one.
    pub place: Option<Place>,
    /// An optional way to mend it.
    pub fix: Option<Fix>,
}
