//! A voice that we do not have.

use std::fmt;

/// A format of this name cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// What the user wrote.
    pub name: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = crate::Format::ALL.map(|format| format!("`{}`", format.as_str())).join(", ");
        write!(f, "there is no format `{}`; there are {known}", crate::plain(&self.name))
    }
}

impl std::error::Error for FormatError {}
