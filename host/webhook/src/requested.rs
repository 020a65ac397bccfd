//! What a workload asks for, as platforms watch it over time.

use portcullis_model::{Amount, AmountState, ContainerRole, Decision, Mode, Resources, Review, Verdict, Workload};

use crate::metrics::Requested;

/// What one Pod of a workload asks for, and its claims for storage; nothing for what runs no containers and claims nothing,
/// and for requests about something else than the object itself. By the stronger mode and the harder verdict of all sets.
pub fn requested(review: &Review, decisions: &[Decision], view: &Workload) -> Option<Requested> {
    let unfit = review.object.is_none() || !review.request.subresource.is_empty();
    if unfit || (view.containers.is_empty() && view.claims.is_empty()) {
        return None;
    }
    let matched: Vec<&Decision> = decisions.iter().filter(|decision| decision.matched()).collect();
    let containers: Vec<(ContainerRole, Resources)> =
        view.containers.iter().map(|container| (container.role, container.resources)).collect();
    let [cpu, memory, ephemeral] = [0, 2, 4].map(|kind| in_all(&containers, &view.pod_resources, kind));
    let claims = view.claims.iter().filter_map(|claim| of_either(claim.request, claim.limit));
    let is = |mode| matched.iter().any(|decision| decision.mode == mode);
    let denied = matched.iter().any(|decision| decision.verdict() == Verdict::Deny);
    Some(Requested {
        mode: if is(Mode::Compliance) { Mode::Compliance } else { Mode::Sandbox },
        verdict: if denied { Verdict::Deny } else { Verdict::Allow },
        cpu_cores: cpu,
        memory_bytes: memory,
        storage_bytes: claims.chain(ephemeral).reduce(|sum, amount| sum + amount),
    })
}

/// What Kubernetes sets aside for one Pod: what the Pod says itself, else the sum over what runs side by side, or the
/// largest of what runs before (KEP-753, without its finer order).
fn in_all(containers: &[(ContainerRole, Resources)], pod: &Resources, kind: usize) -> Option<f64> {
    let amount = |resources: &Resources| of_either(resources.amounts[kind], resources.amounts[kind + 1]);
    let of = |before: bool| {
        let chosen = containers.iter().filter(move |(role, _)| (*role == ContainerRole::Init) == before);
        chosen.filter_map(move |(_, resources)| amount(resources))
    };
    let together = of(false).reduce(|sum, amount| sum + amount);
    let before = of(true).reduce(f64::max);
    amount(pod).or_else(|| together.into_iter().chain(before).reduce(f64::max))
}

/// The request, else the limit, which the API server would copy to it.
fn of_either(request: Amount, limit: Amount) -> Option<f64> {
    let exact = |amount: Amount| {
        // Seven decimal places fewer than exact are enough for a histogram.
        (amount.state == AmountState::Exact).then(|| amount.whole as f64 + f64::from(amount.nanos) / 1e9)
    };
    exact(request).or_else(|| exact(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(request: i64, limit: Option<i64>) -> Resources {
        let exact = |whole| Amount { state: AmountState::Exact, whole, nanos: 500_000_000 };
        let mut resources = Resources::default();
        resources.amounts[0] = exact(request);
        resources.amounts[1] = limit.map_or(Amount::ABSENT, exact);
        resources
    }

    #[test]
    fn adds_what_runs_side_by_side_and_takes_the_largest_of_what_runs_before() {
        let mut containers = vec![
            (ContainerRole::Regular, resources(1, None)),
            (ContainerRole::Sidecar, resources(2, Some(9))),
            (ContainerRole::Init, resources(3, None)),
        ];
        let none = Resources::default();
        assert_eq!(in_all(&containers, &none, 0), Some(4.0));
        containers[2] = (ContainerRole::Init, resources(9, None));
        assert_eq!(in_all(&containers, &none, 0), Some(9.5));
        assert_eq!(in_all(&containers, &resources(20, None), 0), Some(20.5), "the Pod's own");
        assert_eq!(in_all(&containers, &none, 2), None, "nobody says");
    }
}
