//! Every image is one of which somebody said what it needs.

use portcullis_sdk::{Finding, Image, Rule, Severity};

use crate::settings::Settings;
use portcullis_proof::reference::{self, Reference};
use portcullis_proof::words::{list, name};

/// No entry matches an image (N58), or nobody can say which one would.
pub const NOT_COVERED: Rule =
    Rule::new("image-not-covered", Severity::High, "Nothing says whose signature an image needs");

/// Judges an image that no entry matches.
pub fn judge(settings: &Settings<'_>, reference: &Reference) -> Option<Finding> {
    if settings.allow_unmatched {
        return None;
    }
    let known: Vec<String> =
        settings.images.iter().flat_map(|entry| &entry.patterns).map(|known| name(known)).collect();
    let message = format!(
        "no entry of `images` says whose signature {} needs: {} is none of {}; use one of those images, or add an entry with its `trust`",
        reference.shown(),
        name(&reference.name),
        list(&known, "and")
    );
    Some(Finding::new(&NOT_COVERED, reference.node, message))
}

/// The finding for a reference that cannot be read, whatever `unmatched` says: nobody knows what would run.
pub fn unreadable(image: Image, reason: &str) -> Finding {
    let message = format!(
        "{} is not an image reference, so that no signature can be looked for: {reason}; write `registry/repository@sha256:...`",
        reference::shown(image)
    );
    Finding::new(&NOT_COVERED, image.node(), message)
}

/// The finding for a container without an image.
pub fn missing(image: Image) -> Finding {
    let message =
        format!("{} has no image, so that no signature can be looked for; set `image`", reference::user(image));
    match image.container() {
        Some(container) if image.node().is_absent() => {
            Finding::new(&NOT_COVERED, container.node(), message).missing("/image")
        }
        // An empty text, which the API server takes for none.
        _ => Finding::new(&NOT_COVERED, image.node(), message),
    }
}
