//! Every way a text can be unreadable, and where.

use std::fmt;
use std::sync::Arc;

use portcullis_model::{BuildError, Place, Source, Span};

/// A text, or a part of it, that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    kind: Box<ErrorKind>,
    place: Option<Place>,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// UTF-16 or UTF-32 instead of UTF-8.
    Utf16,
    /// More bytes than the limit.
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// More documents in a stream than the limit.
    TooManyDocuments {
        /// How many there may be.
        limit: usize,
    },
    /// Maps and lists inside each other beyond the limit.
    TooDeep {
        /// How many there may be.
        limit: u32,
    },
    /// More values in all documents of a text than the limit.
    TooManyNodes {
        /// How many there may be.
        limit: u32,
    },
    /// Aliases and merge keys repeat more values than the limit.
    AliasExpansion {
        /// How many they may repeat.
        limit: usize,
    },
    /// One key twice in one map, also where two notations mean the same key.
    DuplicateKey {
        /// The key, as JSON has it.
        key: String,
        /// Where it stands the first time; the error's own place is the second.
        first: Option<Place>,
    },
    /// The text breaks a rule of its notation.
    Syntax {
        /// The rule, in the words of the parser; never a part of the text.
        what: &'static str,
    },
    /// A tab where YAML wants spaces.
    TabIndentation,
    /// A template that was not rendered.
    HelmTemplate,
    /// The text ends inside a value.
    Truncated,
    /// `.inf` or `.nan`, which JSON cannot say.
    NotANumber,
    /// A key that cannot be the key of a JSON object.
    ComplexKey,
    /// An alias without an anchor before it.
    UnknownAnchor {
        /// The anchor's name.
        name: String,
    },
    /// An alias inside the very value that its anchor names.
    AnchorInsideItself {
        /// The anchor's name.
        name: String,
    },
    /// A merge key whose value is neither a map nor a list of maps.
    MergeNotAMap,
    /// A merge key would replace a key that is written before it, where that is not wanted.
    MergeReplaces {
        /// The key, as JSON has it.
        key: String,
    },
    /// A value that does not fit its tag.
    WrongTag {
        /// The tag in its short form, `!!int`.
        tag: String,
    },
    /// `!!binary` without valid Base64.
    NotBase64,
    /// Half of a surrogate pair in a JSON string.
    LoneSurrogate,
    /// Something after the one JSON value of a text.
    TrailingText,
    /// A control character that has to be escaped.
    ControlCharacter,
    /// A tag directly before a comma, where the parser cannot be led past it.
    CommaAfterTag,
    /// The parser panicked.
    ParserGaveUp,
}

impl Error {
    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Where; nothing where the whole text is meant or the text is not kept.
    pub fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    /// What to do about it, as a fragment like the message; nothing where the message says it all.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match *self.kind {
            ErrorKind::NotUtf8 => "save the file as UTF-8",
            ErrorKind::Utf16 => "save the file as UTF-8, in PowerShell with `-Encoding utf8`",
            ErrorKind::TabIndentation => "indent with spaces",
            ErrorKind::HelmTemplate => "render it first: `helm template CHART | portcullis check -`",
            ErrorKind::Truncated => "check that the file is complete, and that every quote and bracket is closed",
            ErrorKind::NotANumber => "put it in quotes if text is meant",
            ErrorKind::ComplexKey => "put the key in quotes, and what begins with `{` or `[` as well",
            ErrorKind::DuplicateKey { .. } => "keep one of the two; `yes`, `on` and `true` are one key unless quoted",
            ErrorKind::TooManyDocuments { .. } | ErrorKind::TooManyNodes { .. } | ErrorKind::TooLarge { .. } => {
                "split the file"
            }
            ErrorKind::AnchorInsideItself { .. } => "put text that begins with `&` or `*` in quotes",
            ErrorKind::TrailingText => {
                "remove it; several JSON values go into a `List`, or one after the other into a file that ends with `.yaml`"
            }
            ErrorKind::MergeReplaces { .. } => "write the merge key before it, or leave one of the two away",
            ErrorKind::CommaAfterTag => "write the value after the tag, or leave the tag away",
            ErrorKind::ParserGaveUp => {
                "write what stands here in another way, and report a bug of Portcullis with these lines"
            }
            ErrorKind::UnknownAnchor { .. } => {
                "an anchor ends with its document; put text that begins with `*` in quotes"
            }
            _ => return None,
        })
    }

    /// Names the limit of the whole text where that of what was left of it was met.
    pub(crate) fn of_values(mut self, whole: u32) -> Self {
        if let ErrorKind::TooManyNodes { limit } = &mut *self.kind {
            *limit = whole;
        }
        self
    }

    /// The error a builder gave, with its places in the source.
    pub(crate) fn building(error: BuildError, source: Option<&Arc<Source>>) -> Self {
        let place = |span: Option<Span>| Some(Place { source: Arc::clone(source?), span: span? });
        match error {
            BuildError::DuplicateKey { key, second, first } => {
                Self { kind: Box::new(ErrorKind::DuplicateKey { key, first: place(first) }), place: place(second) }
            }
            BuildError::TooDeep { limit, at } => {
                Self { kind: Box::new(ErrorKind::TooDeep { limit }), place: place(at) }
            }
            BuildError::TooManyNodes { limit } => ErrorKind::TooManyNodes { limit }.nowhere(),
            BuildError::Incomplete => ErrorKind::Truncated.nowhere(),
        }
    }
}

impl ErrorKind {
    /// The error without a place.
    pub(crate) fn nowhere(self) -> Error {
        Error { kind: Box::new(self), place: None }
    }

    /// The error at some bytes of a source.
    pub(crate) fn at(self, source: Option<&Arc<Source>>, start: usize, end: usize) -> Error {
        let span = Span::new(start, end);
        Error { kind: Box::new(self), place: source.map(|source| Place { source: Arc::clone(source), span }) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => write!(f, "the text is not UTF-8 from here on"),
            Self::Utf16 => write!(f, "the text is UTF-16 or UTF-32, not UTF-8"),
            Self::TooLarge { bytes, limit } => write!(f, "the text has {bytes} bytes, more than {limit}"),
            Self::TooManyDocuments { limit } => write!(f, "more than {limit} documents in one stream"),
            Self::TooDeep { limit } => write!(f, "more than {limit} maps and lists inside each other"),
            Self::TooManyNodes { limit } => write!(f, "more than {limit} values in one text"),
            Self::AliasExpansion { limit } => write!(f, "aliases repeat more than {limit} values in one document"),
            Self::DuplicateKey { key, first } => {
                write!(f, "the key `{}` stands here twice", key.escape_debug())?;
                first.as_ref().map_or(Ok(()), |first| write!(f, ", the first time in line {}", first.start().0))
            }
            Self::Syntax { what } => f.write_str(what),
            Self::TabIndentation => write!(f, "a tab where YAML allows only spaces"),
            Self::HelmTemplate => write!(f, "this is a template that has not been rendered"),
            Self::Truncated => write!(f, "the text ends inside a value"),
            Self::NotANumber => write!(f, "infinity and not-a-number are no JSON values"),
            Self::ComplexKey => write!(f, "a key must be text, a number or a boolean"),
            // Not the names: values that begin with `*` and `&` look like these, and they may be a Secret's.
            Self::UnknownAnchor { .. } => write!(f, "no anchor of this name stands before this alias"),
            Self::AnchorInsideItself { .. } => write!(f, "this alias stands inside the value that it repeats"),
            Self::MergeNotAMap => write!(f, "a merge key `<<` needs a map or a list of maps"),
            Self::MergeReplaces { key } => {
                write!(f, "a merge key `<<` below replaces `{}`, and most readers of YAML keep it", key.escape_debug())
            }
            Self::WrongTag { tag } => write!(f, "this value cannot be read as `{}`", tag.escape_debug()),
            Self::NotBase64 => write!(f, "a `!!binary` value that is not Base64"),
            Self::LoneSurrogate => write!(f, "half of a surrogate pair in a string"),
            Self::TrailingText => write!(f, "more text after the end of the JSON value"),
            Self::ControlCharacter => write!(f, "a control character that has to be escaped"),
            Self::CommaAfterTag => write!(f, "a comma directly after a tag, which kubectl takes for a part of the tag"),
            Self::ParserGaveUp => write!(f, "the YAML parser gave up here, which is a bug in it"),
        }
    }
}

impl std::error::Error for Error {}
