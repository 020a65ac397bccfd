//! Every way a policy set can fail to come into force.

use std::fmt;

use portcullis_model::Place;

/// One reason why a policy set was not installed.
#[derive(Debug)]
pub struct InstallError {
    /// What it concerns: ``policy `default/resource-limits` ``, ``waiver `legacy` ``.
    pub about: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Where it stands in the policy set's file.
    pub place: Option<Place>,
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.message)
    }
}

impl std::error::Error for InstallError {}
