//! Complaints to the person who started the command.

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_gate::InstallError;
use portcullis_model::Place;
use portcullis_policies::unquoted_expression;
use portcullis_report::{InputError, input_error_text};

/// What stands in every private key in PEM.
const PRIVATE: &str = "PRIVATE KEY";

/// Everything that is wrong with what the command was given; shown one by one, so that all of it can be mended at once.
#[derive(Debug, Default)]
pub struct Complaints(Vec<InputError>);

impl Complaints {
    /// Adds one.
    pub fn add(&mut self, message: String, place: Option<Place>, hint: Option<String>) {
        self.0.push(told(message, place, hint));
    }

    /// One alone.
    pub fn one(message: String, place: Option<Place>, hint: Option<String>) -> Self {
        Self(vec![told(message, place, hint)])
    }

    /// Those of another crate.
    pub fn of<T: Into<Complaints>>(found: impl IntoIterator<Item = T>) -> Self {
        let mut complaints = Self::default();
        complaints.extend(found);
        complaints
    }

    /// Adds those of another crate.
    pub fn extend<T: Into<Complaints>>(&mut self, found: impl IntoIterator<Item = T>) {
        self.0.extend(found.into_iter().flat_map(|one| one.into().0));
    }

    /// The same for a report, so that a machine that reads only reports learns of it.
    pub fn in_report(&self) -> impl Iterator<Item = InputError> {
        self.0.iter().cloned()
    }

    /// Whether there is nothing to complain about.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the person at the terminal, as the report says what is wrong with an input: with the guilty line.
    fn drawn(&self) -> String {
        self.0.iter().map(input_error_text).collect()
    }
}

/// A complaint. A place in a document that was read is quoted, for its secrets are masked ([`crate::sets::mask`]); but of what
/// looks like a key, wherever it stands, no more than the structure.
fn told(message: String, place: Option<Place>, hint: Option<String>) -> InputError {
    let hint = place.as_ref().and_then(unquoted_expression).map(str::to_owned).or(hint);
    let mut error = InputError::new(message);
    if let Some(place) = place {
        let is_key = place.source.line_text(place.start().0).contains(PRIVATE);
        error = if is_key { error.at(place) } else { error.at_masked(place) };
    }
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, complaint) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\nerror: " };
            let place = complaint.place.as_ref().map_or(String::new(), |place| format!("{place}: "));
            write!(f, "{separator}{place}{}", complaint.message)?;
            if let Some(hint) = &complaint.hint {
                write!(f, "\n  help: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

impl From<portcullis_document::Error> for Complaints {
    fn from(error: portcullis_document::Error) -> Self {
        let (place, hint) = (error.place(), error.hint().map(str::to_owned));
        let slip = place.as_ref().and_then(unquoted_expression).map(str::to_owned);
        let mut told = InputError::new(error.to_string());
        if let Some(place) = place {
            // What could not be read could not be masked either.
            told = told.at(place);
        }
        Self(vec![match slip.or(hint) {
            Some(hint) => told.hint(hint),
            None => told,
        }])
    }
}

impl From<portcullis_policies::Complaint> for Complaints {
    fn from(complaint: portcullis_policies::Complaint) -> Self {
        Self(vec![told(complaint.message, complaint.place, complaint.hint)])
    }
}

impl From<InstallError> for Complaints {
    fn from(error: InstallError) -> Self {
        Self(vec![told(error.to_string(), error.place, None)])
    }
}

/// Whether what is only worth knowing is left unsaid.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on nothing is written that is only worth knowing.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Writes something worth knowing to the standard error, control characters escaped.
pub fn note(text: &str) {
    if QUIET.load(Ordering::Relaxed) {
        return;
    }
    // It changes nothing, and neither does a standard error that is closed.
    let _ = writeln!(std::io::stderr(), "note: {}", portcullis_report::plain(text));
}

/// Writes an error and its causes to the standard error, control characters escaped.
pub fn complain(error: &anyhow::Error) {
    // Who added words to the complaints wants them read.
    let text = match error.downcast_ref::<Complaints>() {
        Some(complaints) if complaints.to_string() == error.to_string() => complaints.drawn(),
        _ => explained(error),
    };
    let text = text.trim_end();
    // Nothing is left to do where even the complaint cannot be written.
    let lines: Vec<_> = text.lines().map(portcullis_report::plain).collect();
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

/// The error and its causes; a cause that somebody has quoted already is not said again.
fn explained(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text.push_str(&format!("\n  because: {cause}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_a_cause_once() {
        let error = anyhow::anyhow!("no such file").context("`a.crt`: cannot be read: no such file").context("no door");
        assert_eq!(explained(&error), "error: no door\n  because: `a.crt`: cannot be read: no such file");
        let error = anyhow::anyhow!("no such file").context("no door");
        assert_eq!(explained(&error), "error: no door\n  because: no such file");
    }
}
