//! A JSON text read once: strict, bounded, and every value in it found again by where it stands.

use std::borrow::Cow;
use std::ops::Range;

use crate::{MAX_TEXT, Piece, Unreadable, scan};

/// Where one value stands. In a string or another scalar `rest` is where it ends (with [`ESCAPED`]), in a list or map the
/// index of the mark behind everything in it. In a map each member is two values: its name and what it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) start: u32,
    pub(crate) rest: u32,
}

/// Set in the end of a string that has escapes.
pub(crate) const ESCAPED: u32 = 1 << 31;

/// A JSON text and where its values stand: eight bytes for each.
#[derive(Debug)]
pub struct Text<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) marks: Vec<Mark>,
    /// Nobody wrote this text: it was made of another form, and pointers into it would lead nowhere.
    pub(crate) made: bool,
}

impl<'t> Text<'t> {
    /// Reads bytes as JSON. A UTF-8 byte order mark is taken for none; places count from before it.
    ///
    /// # Errors
    /// No UTF-8; anything that RFC 8259 refuses; a member that stands twice in one map (N11); numbers beyond a double; more than
    /// [`crate::MAX_DEPTH`] levels, [`crate::MAX_VALUES`] values, [`crate::MAX_MAP_KEYS`] members of one map, [`MAX_TEXT`] bytes.
    pub fn read(bytes: &'t [u8]) -> Result<Self, Unreadable> {
        within(bytes.len())?;
        let text = std::str::from_utf8(bytes).map_err(|error| Unreadable::new(no_utf8(bytes, error.valid_up_to())))?;
        Self::of(Cow::Borrowed(text))
    }

    /// Reads a text that was taken out of another.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn of(text: Cow<'t, str>) -> Result<Self, Unreadable> {
        within(text.len())?;
        let from = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        match scan::scan(&text, from) {
            Ok(marks) => Ok(Self { text, marks, made: false }),
            Err((at, what)) => Err(Unreadable::new(said(&text, from, at, &what))),
        }
    }

    /// Reads a text that was made of a document in another form; its values have no pointers.
    pub(crate) fn made(text: String) -> Result<Self, Unreadable> {
        Ok(Self { made: true, ..Self::of(Cow::Owned(text))? })
    }

    /// A text that is nothing but one string, for the names of members.
    pub(crate) fn of_string(string: &str) -> Text<'static> {
        let text = serde_json::Value::from(string).to_string();
        let escaped = if text.contains('\\') { ESCAPED } else { 0 };
        let end = u32::try_from(text.len()).unwrap_or(ESCAPED - 1);
        Text { text: Cow::Owned(text), marks: vec![Mark { start: 0, rest: end | escaped }], made: true }
    }

    /// The value that is the document.
    pub fn root(&self) -> Piece<'_> {
        Piece::new(self, 0)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value at a JSON pointer (RFC 6901).
    pub fn at(&self, pointer: &str) -> Option<Piece<'_>> {
        let mut piece = self.root();
        if pointer.is_empty() {
            return Some(piece);
        }
        for step in pointer.strip_prefix('/')?.split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            piece = match piece.kind() {
                crate::Kind::Map => piece.get(&step)?,
                crate::Kind::List => piece.elements().nth(step.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(piece)
    }

    /// The bytes at which the value of a JSON pointer stands.
    pub fn span_of(&self, pointer: &str) -> Option<Range<usize>> {
        self.at(pointer).map(|piece| piece.span())
    }
}

fn within(length: usize) -> Result<(), Unreadable> {
    if length > MAX_TEXT {
        return Err(Unreadable::new(format!("it has {length} bytes; at most {MAX_TEXT} are read")));
    }
    Ok(())
}

fn no_utf8(bytes: &[u8], at: usize) -> String {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16; write it as UTF-8".to_owned(),
        [0x1f, 0x8b, ..] => "it is compressed (gzip), no JSON".to_owned(),
        _ => format!("byte {at} is no UTF-8"),
    }
}

/// What it is instead where that can be told, else what is wrong and where.
fn said(text: &str, from: usize, at: usize, what: &str) -> String {
    let start = text[from..].trim_start();
    if start.is_empty() {
        return "it is empty".to_owned();
    }
    if start.starts_with('<') {
        return "it is XML or HTML, no JSON; only the JSON form is read".to_owned();
    }
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    format!("it is no JSON that can be judged: line {line}, column {column}: {what}")
}
