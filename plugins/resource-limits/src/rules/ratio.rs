//! How many times its request a limit may be.
//!
//! A request that is not written but would be copied from the limit makes a ratio of 1; that of a Pod is what its containers
//! request.

use portcullis_sdk::{Finding, Resource, Resources, Rule, Severity};

use crate::rules::effective::implied;
use crate::rules::owner::{Owner, Side, what};
use crate::settings::Demand;

/// CPU, memory.
pub const RULES: &[Rule] = &[
    Rule::new("cpu-limit-ratio", Severity::Medium, "A CPU limit is too many times its request"),
    Rule::new("memory-limit-ratio", Severity::Medium, "A memory limit is too many times its request"),
];

/// Judges one resource of a container or of the Pod.
pub fn judge(demand: &Demand<'_>, owner: Owner, resources: &Resources, resource: Resource) -> Option<Finding> {
    let ratio = demand.ratio.as_ref()?;
    let limit = resources.limit(resource).exact()?;
    let implied = implied(owner, resources, resource);
    let request = match &implied {
        Some(implied) => implied.quantity,
        None => resources.request(resource).exact()?,
    };
    if !limit.exceeds(ratio.quantity, request) {
        return None;
    }
    let node = owner.amount(resource, Side::Limit);
    let written = || format!("`{}`", owner.amount(resource, Side::Request).shown());
    let message = format!(
        "the {} of {} is `{}`, more than {} times its request {}; lower it or raise the request",
        what(resource, Side::Limit),
        owner.shown(),
        node.shown(),
        ratio.written,
        implied.map_or_else(written, |implied| implied.shown(owner, resource)),
    );
    // Settings know a ratio for CPU and memory only, which are the first two resources.
    Some(Finding::new(RULES.get(resource as usize)?, node, message))
}
