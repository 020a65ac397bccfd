//! Where images may come from.

use portcullis_sdk::{Finding, Image, Rule, Severity};

use crate::pattern;
use crate::rules::user;
use crate::settings::Settings;

/// A pattern of `denied` matches.
pub const DENIED: Rule = Rule::new("repository-denied", Severity::High, "An image comes from a denied repository");
/// No pattern of `allowed` matches.
pub const NOT_ALLOWED: Rule =
    Rule::new("repository-not-allowed", Severity::High, "An image comes from a repository that is not allowed");

/// Judges one reference; what is denied is denied also where it is allowed.
pub fn judge(settings: &Settings<'_>, image: Image) -> Option<Finding> {
    if settings.allowed.is_empty() && settings.denied.is_empty() {
        return None;
    }
    let (registry, repository) = (image.registry(), image.repository());
    let denied = settings.denied.iter().find(|pattern| pattern::denies(pattern, &registry, &repository));
    if let Some(pattern) = denied {
        let message = format!(
            "{} uses an image of `{registry}/{repository}`, which `{pattern}` denies; use one from elsewhere",
            user(image)
        );
        return Some(Finding::new(&DENIED, image.node(), message));
    }
    if settings.allowed.is_empty()
        || settings.allowed.iter().any(|pattern| pattern::allows(pattern, &registry, &repository))
    {
        return None;
    }
    let allowed: Vec<String> = settings.allowed.iter().map(|pattern| format!("`{pattern}`")).collect();
    let message = format!(
        "{} uses an image of `{registry}/{repository}`; use one of those that are allowed: {}",
        user(image),
        allowed.join(", ")
    );
    Some(Finding::new(&NOT_ALLOWED, image.node(), message))
}
