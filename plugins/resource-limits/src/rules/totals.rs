//! What one workload asks for with all its Pods.
//!
//! One Pod asks for what the scheduler reserves for it (`PodRequests` of Kubernetes' component-helpers): the larger of all
//! regular and sidecar containers together, and of each init container together with the sidecars started before it; the
//! Pod's own request instead, where there is one; and its overhead on top. Unreadable amounts are findings elsewhere.

use portcullis_sdk::{Amount, Bound, Finding, Node, Quantity, Resource, Review, Rule, Severity, Workload};

use crate::rules::OVERHEAD;
use crate::rules::effective::of_containers;
use crate::settings::Totals;

/// CPU and memory first, in the order of [`Resource`].
pub const RULES: &[Rule] = &[
    Rule::new("total-cpu-max", Severity::High, "All Pods of a workload together request too much CPU"),
    Rule::new("total-memory-max", Severity::High, "All Pods of a workload together request too much memory"),
    Rule::new("replicas-max", Severity::High, "A workload asks for too many Pods"),
    Rule::new("total-unknown", Severity::Medium, "The totals of a workload cannot be known from this object"),
];

/// Judges the workload; whatever runs no containers has no totals.
pub fn judge(totals: &Totals<'_>, review: Review, findings: &mut Vec<Finding>) {
    let workload = review.workload();
    let is_scale = workload.pod_spec().is_none() && review.request().kind() == "Scale";
    if workload.pod_spec().is_none() && !is_scale {
        return;
    }
    let Some(replicas) = workload.replicas() else {
        let message = "how many Pods this starts cannot be known here, so that no total can be judged; a waiver or an override of this rule lets it pass";
        findings.push(Finding::new(&RULES[3], counted(workload, review), message));
        return;
    };
    if let Some(most) = totals.replicas.filter(|&most| replicas > most) {
        let message = format!("{replicas} Pods are asked for; allowed are at most {most}");
        findings.push(Finding::new(&RULES[2], counted(workload, review), message));
    }
    let bounds = [(Resource::Cpu, &totals.cpu), (Resource::Memory, &totals.memory)];
    for (resource, bound) in bounds.into_iter().filter_map(|(resource, bound)| Some((resource, bound.as_ref()?))) {
        if is_scale {
            let message = "a Scale says nothing about requests, so that their total cannot be judged; a waiver or an override of this rule lets it pass";
            findings.push(Finding::new(&RULES[3], counted(workload, review), message));
            return;
        }
        findings.extend(judge_one(workload, review, replicas, resource, bound));
    }
}

fn judge_one(
    workload: Workload,
    review: Review,
    replicas: i64,
    resource: Resource,
    bound: &Bound<'_>,
) -> Option<Finding> {
    let one = pod_request(workload, resource);
    let total = one.times(replicas);
    if total <= bound.quantity {
        return None;
    }
    let what = if resource == Resource::Cpu { "cores" } else { "memory" };
    let message = format!(
        "{replicas} × `{one}` requested {what} are `{total}` in total; allowed are at most {}: request less or start fewer Pods",
        bound.written
    );
    Some(Finding::new(&RULES[resource as usize], counted(workload, review), message))
}

/// Where the number of Pods stands; the Pod's `spec`, or the object, where it is not written.
fn counted(workload: Workload, review: Review) -> Node {
    [workload.replicas_node(), workload.pod_spec(), review.object()]
        .into_iter()
        .find(|node| !node.is_none())
        .unwrap_or(Node::NONE)
}

fn pod_request(workload: Workload, resource: Resource) -> Quantity {
    let containers = of_containers(workload, resource);
    let pod = workload.pod_resources().map(|pod| (pod.request(resource), pod.limit(resource)));
    let request = match (pod, containers) {
        (Some((Amount::Exact(request), _)), _) => request,
        // `defaultPodRequests`: the limit counts only where no container asks for anything.
        (Some((_, Amount::Exact(limit))), None) => limit,
        (_, containers) => containers.unwrap_or(Quantity::ZERO),
    };
    let overhead = workload.pod_spec().get(OVERHEAD).find(resource.as_str()).quantity().exact();
    request.plus(overhead.unwrap_or(Quantity::ZERO))
}
