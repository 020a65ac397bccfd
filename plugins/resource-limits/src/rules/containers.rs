//! Requests and limits of every container and of the Pod: there, readable and in range.
//!
//! Ephemeral containers are exempt: the API forbids resources there. A request that is not written but would be filled in
//! counts as there and must lie in the range, so that a file and the admitted object get the same findings. Where the Pod has a limit of its own (KEP-2837), a container without one is bounded by it.

use portcullis_sdk::{Amount, Container, Finding, Resource, Resources, Review, Rule, Severity};

use crate::rules::effective::{self, Implied};
use crate::rules::owner::{Owner, Side, what};
use crate::rules::ratio;
use crate::rules::{Problem, advice, fix, problem};
use crate::settings::{Demand, Range, Settings};

macro_rules! side {
    ($resource:literal, $name:literal, $side:literal) => {
        [
            Rule::new(
                concat!($resource, "-", $side, "-missing"),
                Severity::High,
                concat!("A container has no ", $name, " ", $side),
            ),
            Rule::new(
                concat!($resource, "-", $side, "-min"),
                Severity::Medium,
                concat!("A ", $name, " ", $side, " is less than allowed"),
            ),
            Rule::new(
                concat!($resource, "-", $side, "-max"),
                Severity::High,
                concat!("A ", $name, " ", $side, " is more than allowed"),
            ),
            Rule::new(
                concat!($resource, "-", $side, "-unreadable"),
                Severity::High,
                concat!("A ", $name, " ", $side, " is not a quantity"),
            ),
        ]
    };
    ($resource:literal, $name:literal) => {
        [side!($resource, $name, "request"), side!($resource, $name, "limit")]
    };
}

/// How many rules there are here.
pub const COUNT: usize = 24;

/// By resource, side (request, limit) and problem.
pub const RULES: [[[Rule; 4]; 2]; 3] =
    [side!("cpu", "CPU"), side!("memory", "memory"), side!("ephemeral-storage", "ephemeral-storage")];

static TABLE: [[[Rule; 4]; 2]; 3] = RULES;

/// Judges all containers and the Pod. Two calls of the host where nothing is wrong.
pub fn judge(settings: &Settings<'_>, review: Review, findings: &mut Vec<Finding>) {
    let workload = review.workload();
    let Some(pod) = workload.pod_resources() else { return };
    judge_one(settings, Owner::Pod(workload), &pod, None, findings);
    for (position, resources) in workload.container_resources().iter().enumerate() {
        let owner = Owner::Container(Container::at(position as u32));
        judge_one(settings, owner, &resources, Some(&pod), findings);
    }
}

fn judge_one(
    settings: &Settings<'_>,
    owner: Owner,
    resources: &Resources,
    pod: Option<&Resources>,
    findings: &mut Vec<Finding>,
) {
    for resource in Resource::ALL {
        let demand = settings.demand(resource);
        let (request, limit) = (resources.request(resource), resources.limit(resource));
        // Only containers must have something; what the Pod has is theirs.
        let needs = |wanted: bool, of_pod: fn(&Resources, Resource) -> Amount| {
            wanted && pod.is_some_and(|pod| of_pod(pod, resource).is_absent())
        };
        let needs_request = limit.is_absent() && needs(demand.request, Resources::effective_request);
        let needs_limit = needs(demand.limit, Resources::limit);
        let implied = effective::implied(owner, resources, resource);
        findings.extend(implied.and_then(|implied| out_of_range(owner, resource, &implied, &demand.range)));
        for (side, amount, needed) in [(Side::Request, request, needs_request), (Side::Limit, limit, needs_limit)] {
            if let Some(problem) = problem(amount, needed, &demand.range) {
                findings.extend(finding(owner, resource, side, problem, demand));
            }
        }
        findings.extend(ratio::judge(demand, owner, resources, resource));
    }
}

/// A request that will be out of range although nobody wrote it. What it comes from is to be mended, so it has no fix.
fn out_of_range(owner: Owner, resource: Resource, implied: &Implied, range: &Range<'_>) -> Option<Finding> {
    let problem = problem(Amount::Exact(implied.quantity), false, range).filter(|_| !owner.is_exempt())?;
    let rule = &TABLE[resource as usize][Side::Request as usize][problem as usize];
    let (what, whose) = (what(resource, Side::Request), owner.shown());
    let message = format!("the {what} of {whose} is {}; allowed is {range}", implied.shown(owner, resource));
    Some(Finding::new(rule, owner.node(), message).missing(format!("/resources/requests/{}", resource.as_str())))
}

fn finding(owner: Owner, resource: Resource, side: Side, problem: Problem, demand: &Demand<'_>) -> Option<Finding> {
    if owner.is_exempt() {
        return None;
    }
    let rule = &TABLE[resource as usize][side as usize][problem as usize];
    let what = what(resource, side);
    let range = &demand.range;
    let finding = if problem == Problem::Missing {
        let sides = if side == Side::Request { "requests" } else { "limits" };
        let field = format!("resources.{sides}.{}", resource.as_str());
        let message = format!("{} has no {what}{}", owner.shown(), advice(range, &field));
        Finding::new(rule, owner.node(), message).missing(format!("/resources/{sides}/{}", resource.as_str()))
    } else {
        let node = owner.amount(resource, side);
        let written = node.shown();
        let message = match problem {
            Problem::Unreadable => format!(
                "the {what} `{written}` of {} is not a quantity; write a number with a suffix such as `{}`",
                owner.shown(),
                if resource == Resource::Cpu { "500m" } else { "128Mi" },
            ),
            _ => format!("the {what} of {} is `{written}`; allowed is {range}", owner.shown()),
        };
        Finding::new(rule, node, message)
    };
    let least = least(owner, resource, problem, range);
    Some(match fix(problem, &what, range, least.as_deref()) {
        Some(fix) => finding.fix(fix),
        None => finding,
    })
}

/// The request as written, where a missing limit may not be less than it although the range allows less.
fn least(owner: Owner, resource: Resource, problem: Problem, range: &Range<'_>) -> Option<String> {
    if problem != Problem::Missing {
        return None;
    }
    let request = owner.amount(resource, Side::Request);
    let quantity = request.quantity().exact()?;
    let lies_in = self::problem(Amount::Exact(quantity), true, range).is_none();
    let is_more = range.min.as_ref().is_none_or(|min| quantity > min.quantity);
    (lies_in && is_more).then(|| request.shown())
}
