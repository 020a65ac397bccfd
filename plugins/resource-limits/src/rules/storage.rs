//! The storage of PersistentVolumeClaims, `volumeClaimTemplates` and ephemeral volumes.

use portcullis_sdk::{Claim, Finding, Review, Rule, Severity};

use crate::rules::owner::Side;
use crate::rules::{LIMITS, Problem, REQUESTS, RESOURCES, STORAGE, advice, fix, problem};
use crate::settings::Range;

/// Request, then limit, by problem; nobody needs a limit of storage.
pub const RULES: &[Rule] = &[
    Rule::new("storage-request-missing", Severity::High, "A claim does not say how much storage it wants"),
    Rule::new("storage-request-min", Severity::Medium, "A claim wants less storage than allowed"),
    Rule::new("storage-request-max", Severity::High, "A claim wants more storage than allowed"),
    Rule::new("storage-request-unreadable", Severity::High, "What a claim wants is not a quantity"),
    Rule::new("storage-limit-min", Severity::Medium, "The storage limit of a claim is less than allowed"),
    Rule::new("storage-limit-max", Severity::High, "The storage limit of a claim is more than allowed"),
    Rule::new("storage-limit-unreadable", Severity::High, "The storage limit of a claim is not a quantity"),
];

/// Judges all claims. One call of the host where nothing is wrong.
pub fn judge(range: &Range<'_>, review: Review, findings: &mut Vec<Finding>) {
    for claim in review.workload().claims() {
        for (side, amount, required) in [(Side::Request, claim.request, true), (Side::Limit, claim.limit, false)] {
            if let Some(problem) = problem(amount, required, range) {
                findings.push(finding(claim, side, problem, range));
            }
        }
    }
}

fn finding(claim: Claim, side: Side, problem: Problem, range: &Range<'_>) -> Finding {
    let (what, key, offset) = match side {
        Side::Request => ("storage request", REQUESTS, 0),
        Side::Limit => ("storage limit", LIMITS, 3),
    };
    let rule = &RULES[offset + problem as usize];
    let finding = if problem == Problem::Missing {
        Finding::new(
            rule,
            claim.node(),
            format!("the claim has no {what}{}", advice(range, "resources.requests.storage")),
        )
        .missing("/resources/requests/storage")
    } else {
        let node = claim.node().get(RESOURCES).get(key).get(STORAGE);
        let written = node.shown();
        let message = match problem {
            Problem::Unreadable => {
                format!("the {what} `{written}` is not a quantity; write a number with a suffix such as `10Gi`")
            }
            _ => format!("the {what} is `{written}`; allowed is {range}"),
        };
        Finding::new(rule, node, message)
    };
    match fix(problem, what, range, None) {
        Some(fix) => finding.fix(fix),
        None => finding,
    }
}
