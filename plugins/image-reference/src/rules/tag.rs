//! Tags that nobody may use. No tag and no digest means `latest`.

use portcullis_sdk::{Finding, Image, Rule, Severity};

use crate::rules::user;
use crate::settings::Settings;

/// A forbidden tag is written or implied.
pub const FORBIDDEN: Rule = Rule::new("tag-forbidden", Severity::Medium, "An image has a forbidden tag");

/// What a container runtime pulls where neither tag nor digest is written.
const IMPLIED: &str = "latest";

/// Judges one reference.
pub fn judge(settings: &Settings<'_>, image: Image) -> Option<Finding> {
    if settings.forbidden_tags.is_empty() {
        return None;
    }
    let written = image.tag();
    let implied = written.is_empty() && image.digest().is_empty();
    let tag = if implied { IMPLIED } else { &written };
    if !settings.forbidden_tags.contains(&tag) {
        return None;
    }
    let why = if implied { "has no tag, which means the forbidden tag" } else { "has the forbidden tag" };
    let message =
        format!("the image `{}` of {} {why} `{tag}`; write the tag of a version", image.node().text(), user(image));
    Some(Finding::new(&FORBIDDEN, image.node(), message))
}
