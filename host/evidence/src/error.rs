//! Every way trust can be unusable, without a byte of a key.

use std::fmt;
use std::path::PathBuf;

/// Trust that cannot be used.
#[derive(Debug)]
pub struct Error {
    /// The name of the rule.
    pub trust: String,
    /// What is wrong with it.
    pub kind: ErrorKind,
}

/// What is wrong with a rule of trust.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Neither a root nor a key.
    Empty,
    /// More keys than the limit.
    TooManyKeys {
        /// How many there are.
        keys: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A file that cannot be read.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file with more bytes than the limit.
    FileTooLarge {
        /// Which.
        path: PathBuf,
        /// How many bytes there may be.
        limit: usize,
    },
    /// A root that cannot be used.
    Root {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A key that cannot be used.
    Key {
        /// Its name.
        key: String,
        /// What is wrong; never a part of the text.
        what: String,
    },
    /// A directory of keys without any.
    NoKey {
        /// Which.
        directory: PathBuf,
    },
    /// One name for two keys, or two names for one key.
    SameKey {
        /// The first name.
        first: String,
        /// The second name.
        second: String,
    },
    /// A window that ends before it begins.
    KeyWindow {
        /// The name of the key.
        key: String,
    },
    /// A log or a signed time is required, and there is no root that could vouch for it.
    NothingVouches {
        /// `log` or `timestamp`.
        what: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trust `{}`: ", self.trust)?;
        match &self.kind {
            ErrorKind::Empty => f.write_str("it names neither a root nor a key, so that nothing could ever be trusted"),
            ErrorKind::TooManyKeys { keys, limit } => write!(f, "it names {keys} keys; {limit} is the most"),
            ErrorKind::File { path, .. } => write!(f, "`{}` cannot be read", path.display()),
            ErrorKind::FileTooLarge { path, limit } => {
                write!(f, "`{}` has more than {limit} bytes, which no root and no key has", path.display())
            }
            ErrorKind::Root { path, what } => write!(f, "`{}` is no usable trusted root: {what}", path.display()),
            ErrorKind::Key { key, what } => write!(f, "the key `{key}` cannot be used: {what}"),
            ErrorKind::NoKey { directory } => {
                write!(f, "`{}` holds no key: no file in it ends in `.pub` or `.pem`", directory.display())
            }
            ErrorKind::SameKey { first, second } if first == second => write!(f, "two keys are called `{first}`"),
            ErrorKind::SameKey { first, second } => write!(f, "`{first}` and `{second}` are one and the same key"),
            ErrorKind::KeyWindow { key } => write!(f, "the time of the key `{key}` ends before it begins"),
            ErrorKind::NothingVouches { what } => {
                write!(f, "`{what}` is required, and without a root nothing can vouch for it")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::File { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
