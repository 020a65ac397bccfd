//! A voice that we do not have, or do not have yet.

use std::fmt;

/// Why a format cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// It is promised (DESIGN.md, "The command line") and not built yet.
    NotYet {
        /// Its name.
        name: &'static str,
    },
    /// Nobody promised it.
    Unknown {
        /// What the user wrote.
        name: String,
    },
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let today = crate::Format::ALL.map(|format| format!("`{}`", format.as_str())).join(", ");
        match self {
            Self::NotYet { name } => write!(f, "the format `{name}` is not there yet; today there are {today}"),
            Self::Unknown { name } => {
                write!(f, "there is no format `{}`; there are {today}", crate::plain(name))
            }
        }
    }
}

impl std::error::Error for FormatError {}
