//! Every image is one of which somebody said what it needs.

use portcullis_sdk::{Rule, Severity};

/// No entry matches an image (N58), or nobody can say which one would.
pub const NOT_COVERED: Rule = Rule::new("image-not-covered", Severity::High, "Nothing says whose SBOM an image needs");
