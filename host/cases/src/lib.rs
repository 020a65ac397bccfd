//! Cases: manifests with the expected findings drawn under the guilty lines.
//!
//! Floor 3, pure but for the listing of a folder. The guide for plugin authors (`plugins/README.md`) describes the format;
//! this is its one reader, for the native tests of the SDK and for `portcullis plugin test`.

mod case;
mod drawing;
mod folder;
mod reading;
mod review;

pub use case::{Case, Expected};
pub use drawing::{differences, redrawn};
pub use folder::files;
pub use review::{TIME, document_review, named, object_review};
