//! Every way a set can be wrong.

use std::fmt;

use portcullis_model::Place;

/// Whether a person can mend what is complained about, or has to wait for a later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplaintKind {
    /// It is wrong as it stands.
    Wrong,
    /// It is right, and this version of the product cannot do it yet.
    NotYet,
}

/// One thing that is wrong in a policy set or a waiver. A document with a single complaint is not loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// Wrong, or too early.
    pub kind: ComplaintKind,
    /// What is wrong, and what would be right.
    pub message: String,
    /// Where it stands; absent where the document was not read from a text.
    pub place: Option<Place>,
    /// What was probably meant, or what to do.
    pub hint: Option<String>,
}

impl Complaint {
    /// Something that is wrong as it stands.
    pub fn wrong(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { kind: ComplaintKind::Wrong, message: message.into(), place, hint: None }
    }

    /// Something that a later version will understand.
    pub fn not_yet(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { kind: ComplaintKind::NotYet, message: message.into(), place, hint: None }
    }

    /// The same complaint with advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for Complaint {}

/// What complaints are sorted by: file, then place in it; those without a place come last.
pub fn by_place(place: Option<&Place>) -> (bool, &str, u32) {
    place.map_or((true, "", 0), |place| (false, place.file(), place.span.start))
}

/// Sorts complaints by file and place; two at one place keep their order.
pub(crate) fn sort(complaints: &mut [Complaint]) {
    complaints.sort_by(|left, right| by_place(left.place.as_ref()).cmp(&by_place(right.place.as_ref())));
}

/// Longest quotation of a user's words in a message, in characters.
const QUOTED: usize = 80;

/// A user's words in backticks, control characters escaped, cut at [`QUOTED`] characters.
pub fn quote(words: &str) -> String {
    let cut: String = words.chars().take(QUOTED).collect();
    let more = if cut.len() < words.len() { "…" } else { "" };
    format!("`{}{more}`", printable(&cut))
}

/// Words with their control characters escaped, and their quotes as they are.
pub(crate) fn printable(words: &str) -> String {
    words.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"")
}

/// Some known words as a person lists them: `` `a`, `b` or `c` ``.
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_place_message_and_advice_in_one_line() {
        let source = portcullis_model::Source::new("set.yaml", "a: 1\nbad: 2\n");
        let place = Place { source, span: portcullis_model::Span::new(5, 8) };
        let complaint = Complaint::wrong("unknown field `bad`", Some(place)).hint("did you mean `bat`?");
        assert_eq!(complaint.to_string(), "set.yaml:2:1: unknown field `bad`; did you mean `bat`?");
        assert_eq!(Complaint::wrong("x", None).to_string(), "x");
    }

    #[test]
    fn sorts_by_file_and_place_and_puts_what_has_no_place_last() {
        let at = |file: &str, start: usize, message: &str| {
            let source = portcullis_model::Source::new(file, "0123456789");
            Complaint::wrong(message, Some(Place { source, span: portcullis_model::Span::new(start, 10) }))
        };
        let mut complaints =
            [Complaint::wrong("e", None), at("b", 1, "d"), at("a", 9, "c"), at("a", 2, "a"), at("a", 2, "b")];
        sort(&mut complaints);
        assert_eq!(complaints.map(|complaint| complaint.message).concat(), "abcde");
    }

    #[test]
    fn escapes_and_cuts_what_a_user_wrote() {
        assert_eq!(quote("a\u{1b}[31m'\"\n"), "`a\\u{1b}[31m'\"\\n`");
        assert_eq!(quote(&"x".repeat(100)), format!("`{}…`", "x".repeat(80)));
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(&["a"]), "`a`");
    }
}
