//! An image is pinned by digest, because a tag may be another image tomorrow.

use portcullis_sdk::{Finding, Image, Rule, Severity};

use crate::rules::user;
use crate::settings::Settings;

/// No digest is written.
pub const MISSING: Rule = Rule::new("digest-missing", Severity::High, "An image is not pinned by digest");

/// Judges one reference.
pub fn judge(settings: &Settings<'_>, image: Image) -> Option<Finding> {
    // A digest of an unknown algorithm makes the whole reference unreadable, which is a finding elsewhere.
    if !settings.require_digest || !image.digest().is_empty() {
        return None;
    }
    let written = image.node().text();
    let message = format!("the image `{written}` of {} has no digest; write `{written}@sha256:...`", user(image));
    Some(Finding::new(&MISSING, image.node(), message))
}
