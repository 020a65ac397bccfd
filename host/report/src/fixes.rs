//! What became of a fix.

use crate::escape::plain;

/// Whether a fix was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixState {
    /// It stands in the file.
    Applied,
    /// It changes what the object means, so it stands in a patch.
    Patched,
    /// It was not done: why, as a fragment.
    Refused(String),
}

/// A fix, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixOutcome {
    /// The file as the user named it.
    pub file: String,
    /// The line of what was wrong, as the file was then; nothing for the layout.
    pub line: Option<u32>,
    /// The subject, such as `Deployment shop/web`; empty for the layout.
    pub subject: String,
    /// The policy; nothing for the layout.
    pub policy: Option<String>,
    /// `plugin/rule`, or `layout`.
    pub code: String,
    /// Where in the object.
    pub pointer: String,
    /// What is done, for a person.
    pub description: String,
    /// Whether it cannot change what the object means.
    pub safe: bool,
    /// Whether it was done.
    pub state: FixState,
}

impl FixState {
    /// The word in front of a fix.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Applied => "fixed",
            Self::Patched => "fix in the patch",
            Self::Refused(_) => "not fixed",
        }
    }
}

impl FixOutcome {
    /// Where it is, what is done, and why it was not, made harmless.
    pub(crate) fn words(&self) -> String {
        let line = self.line.map_or_else(String::new, |line| format!(":{line}"));
        // A subject's name was made harmless when it was put together.
        let subject = if self.subject.is_empty() { String::new() } else { format!("{}: ", self.subject) };
        let why = match &self.state {
            FixState::Refused(reason) => format!(": {}", plain(reason)),
            _ => String::new(),
        };
        format!("{}{line}: {subject}{}{why}", plain(&self.file), plain(&self.description))
    }
}
