//! There is a report, it holds, and it is about all that it must be about.

use portcullis_sdk::{Rule, Severity};

/// There is none.
pub const MISSING: Rule =
    Rule::new("sast-missing", Severity::High, "Nothing says that the sources of an image, or a file, were scanned");
/// There are some, and none holds (A35).
pub const REFUSED: Rule = Rule::new("sast-refused", Severity::High, "No SARIF report of an image or a file holds");
/// One of a platform is none of the index, nor the reverse (A38, N56).
pub const PLATFORM_MISSING: Rule = Rule::new(
    "platform-missing",
    Severity::High,
    "No SARIF report is about the image itself, or about a platform of it",
);
