//! Every way a registration cannot be written.

use std::fmt;

/// Why there is nothing to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationError {
    /// No policy judges objects of a cluster.
    NothingToJudge,
    /// The set that was asked for is not among those given; the known ones.
    NoSuchSet(String, Vec<String>),
    /// A word of the user cannot stand where it would; what it is for, the word, and what may stand there.
    Unfit(&'static str, String, &'static str),
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingToJudge => {
                write!(f, "no policy of these sets judges objects of a cluster, so there is nothing to register")
            }
            Self::NoSuchSet(name, known) => {
                write!(f, "there is no policy set `{}`; there are {}", name.escape_debug(), known.join(", "))
            }
            Self::Unfit(what, word, rule) => write!(f, "`{}` cannot be {what}: {rule}", word.escape_debug()),
        }
    }
}

impl std::error::Error for RegistrationError {}
