//! There is an SBOM, it holds, and it is about all that it must be about.

use portcullis_sdk::{Rule, Severity};

/// There is none.
pub const MISSING: Rule = Rule::new("sbom-missing", Severity::High, "Nothing says what is in an image or a file");
/// There are some, and none holds (A35, A45).
pub const REFUSED: Rule = Rule::new("sbom-refused", Severity::High, "No SBOM of an image or a file holds");
/// One of a platform is none of the index, nor the reverse (A38, N56).
pub const PLATFORM_MISSING: Rule =
    Rule::new("platform-missing", Severity::High, "No SBOM is about the image itself, or about a platform of it");
