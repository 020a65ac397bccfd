//! What all kinds of questions have in common: how they are made, what ours says, and when two answers are the same.

use portcullis_support::Dice;
use serde_json::Value;

use crate::image::Images;
use crate::name::Names;
use crate::quantity::Quantities;
use crate::selector::Selectors;
use crate::stream::Streams;

/// Every kind.
pub const KINDS: [&dyn Kind; 5] = [&Quantities, &Selectors, &Names, &Images, &Streams];

/// What the library says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What it makes of the texts.
    Accepted(String, Vec<String>),
    /// Why it refuses them.
    Refused(String, Vec<String>),
    /// It must not be asked this.
    Unasked,
}

impl Answer {
    /// From a line of the program.
    pub fn read(line: &str) -> Self {
        let answer: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
        let text = |key: &str| answer[key].as_str().map(str::to_owned);
        let notes = answer["notes"].as_array().into_iter().flatten();
        let notes = notes.map(|note| note.as_str().unwrap_or_default().to_owned()).collect();
        match (text("ok"), text("error")) {
            (Some(accepted), _) => Self::Accepted(accepted, notes),
            (None, Some(cause)) => Self::Refused(cause, notes),
            (None, None) => Self::Unasked,
        }
    }

    /// Whether the program noted this.
    pub fn notes(&self, note: &str) -> bool {
        match self {
            Self::Accepted(_, notes) | Self::Refused(_, notes) => notes.iter().any(|known| known == note),
            Self::Unasked => false,
        }
    }
}

/// One kind of questions.
pub trait Kind: Sync {
    /// Its name, as the program knows it.
    fn name(&self) -> &'static str;

    /// A question: one text or two.
    fn make(&self, dice: &mut Dice) -> Vec<String>;

    /// What ours makes of the texts, spelt as the program spells it, or why it refuses them.
    fn ours(&self, asked: &[String]) -> Result<String, String>;

    /// The classes of differences that are meant.
    fn classes(&self) -> &'static [&'static str];

    /// Which of them this difference is.
    fn class(&self, asked: &[String], ours: &Result<String, String>, theirs: &Answer) -> Option<&'static str>;
}

/// Whether ours and theirs differ, and in which of the listed ways.
pub fn differ(kind: &dyn Kind, asked: &[String], theirs: &Answer) -> Option<Option<&'static str>> {
    compare(kind, asked, &kind.ours(asked), theirs)
}

/// The same with an answer of ours that is known already.
pub fn compare(
    kind: &dyn Kind,
    asked: &[String],
    ours: &Result<String, String>,
    theirs: &Answer,
) -> Option<Option<&'static str>> {
    let same = match (ours, theirs) {
        (Ok(ours), Answer::Accepted(theirs, _)) => ours == theirs,
        (Err(_), Answer::Refused(..)) | (_, Answer::Unasked) => true,
        _ => false,
    };
    (!same).then(|| kind.class(asked, ours, theirs))
}
