//! The reference itself: there, and readable.

use portcullis_sdk::{Finding, Image, Rule, Severity};

use crate::rules::user;

/// A reference that nobody can read is never one that may run.
pub const UNREADABLE: Rule =
    Rule::new("reference-unreadable", Severity::High, "An image reference is not one by the distribution grammar");
/// A container without an image cannot be judged by any other rule.
pub const MISSING: Rule = Rule::new("image-missing", Severity::Medium, "A container has no image");

/// The finding for a container without an image.
pub fn missing(image: Image) -> Finding {
    let message = format!("{} has no image; set `image`", user(image));
    match image.container() {
        Some(container) if image.node().is_absent() => {
            Finding::new(&MISSING, container.node(), message).missing("/image")
        }
        // An empty text, which the API server takes for none.
        _ => Finding::new(&MISSING, image.node(), message),
    }
}

/// The finding for a reference that cannot be read.
pub fn unreadable(image: Image, reason: &str) -> Finding {
    let message = format!(
        "the image `{}` of {} is not an image reference: {reason}; write `registry/repository:tag` or `registry/repository@sha256:...`",
        image.node().shown(),
        user(image)
    );
    Finding::new(&UNREADABLE, image.node(), message)
}
