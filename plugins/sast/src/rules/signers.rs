//! Those who attested a report are those whose word counts (A36, N54).

use portcullis_sdk::{Rule, Severity};

/// Somebody attested one, and not those who should have.
pub const NOT_ALLOWED: Rule =
    Rule::new("signer-not-allowed", Severity::High, "A SARIF report is attested, but not by those whose word counts");
/// Nobody signed it.
pub const NOT_SIGNED: Rule = Rule::new("not-signed", Severity::High, "A SARIF report is a file that nobody signed");
/// Too few of those whose word counts.
pub const TOO_FEW: Rule = Rule::new(
    "too-few-signers",
    Severity::High,
    "Fewer different signers than needed attested a SARIF report that keeps every rule",
);
