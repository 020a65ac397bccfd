//! Documents for tests, from text.

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_model::{Document, Source};

/// A document from JSON text that is known to be well formed, without places.
pub(crate) fn json(text: &str) -> Document {
    read_json_text(text, &ReadLimits::default()).expect("well formed JSON")
}

/// The only document of a YAML text called `set.yaml`.
pub(crate) fn yaml(text: &str) -> Document {
    let source = Source::new("set.yaml", text);
    read_yaml(&source, &ReadLimits::default()).expect("well formed YAML").remove(0)
}
