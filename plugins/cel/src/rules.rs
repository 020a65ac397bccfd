//! The rules: an expression that is false, and one that cannot be evaluated.

use portcullis_sdk::{Rule, Severity};

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &[
    Rule::new("validation-failed", Severity::High, "An expression of the policy is false"),
    Rule::new("expression-failed", Severity::High, "An expression of the policy cannot be evaluated"),
];

/// An expression is false.
pub const VALIDATION_FAILED: &Rule = &ALL[0];
/// An expression ended in an error.
pub const EXPRESSION_FAILED: &Rule = &ALL[1];
