//! The families of rules, and what they have in common.

pub mod digest;
pub mod reference;
pub mod repository;
pub mod tag;

use portcullis_sdk::{Image, Rule};

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &[
    reference::MISSING,
    reference::UNREADABLE,
    digest::MISSING,
    tag::FORBIDDEN,
    repository::DENIED,
    repository::NOT_ALLOWED,
];

/// Who uses the image, for messages.
fn user(image: Image) -> String {
    match image.container() {
        Some(container) => format!("{} `{}`", container.role().as_str(), container.name()),
        // Judged by its name alone, with nothing that uses it.
        None if image.node().pointer() == "/spec/image" => "`--image`".to_owned(),
        None => "an image volume".to_owned(),
    }
}
