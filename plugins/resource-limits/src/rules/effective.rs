//! Requests that nobody wrote and that the API server fills in, so that a file is judged as the object that it becomes.

use portcullis_sdk::{Container, Quantity, Resource, Resources, Role, Workload};

use crate::rules::owner::{Owner, Side};

/// A request that is not written.
pub struct Implied {
    /// What it will be.
    pub quantity: Quantity,
    /// Whether it is copied from the limit; else it is what the containers request.
    of_limit: bool,
}

impl Implied {
    /// For messages: the amount, and where it comes from.
    pub fn shown(&self, owner: Owner, resource: Resource) -> String {
        if self.of_limit {
            format!("`{}` like its limit", owner.amount(resource, Side::Limit).shown())
        } else {
            format!("`{}`, which its containers request", self.quantity)
        }
    }
}

/// What the API server fills in for the missing request of a container or of the Pod; nothing where it leaves it out.
///
/// A container's is copied from its limit (`SetDefaults_Pod` of Kubernetes' core/v1 defaults). A Pod that has a limit of its own
/// gets what its containers request, and where none requests anything, that limit (`defaultPodRequests` there).
pub fn implied(owner: Owner, resources: &Resources, resource: Resource) -> Option<Implied> {
    if !resources.request(resource).is_absent() {
        return None;
    }
    let of_limit = || Some(Implied { quantity: resources.limit(resource).exact()?, of_limit: true });
    let Owner::Pod(workload) = owner else { return of_limit() };
    let limited = [Resource::Cpu, Resource::Memory].iter().any(|&known| !resources.limit(known).is_absent());
    if !limited || resource == Resource::EphemeralStorage {
        return None;
    }
    match of_containers(workload, resource) {
        Some(quantity) => Some(Implied { quantity, of_limit: false }),
        None => of_limit(),
    }
}

/// What all containers together make the scheduler reserve: the larger of all regular and sidecar containers together, and of
/// each init container together with the sidecars started before it. Nothing where none of them requests anything.
pub fn of_containers(workload: Workload, resource: Resource) -> Option<Quantity> {
    let (mut running, mut starting, mut sidecars) = (Quantity::ZERO, Quantity::ZERO, Quantity::ZERO);
    let mut any = false;
    for (position, resources) in workload.container_resources().iter().enumerate() {
        let Some(request) = resources.effective_request(resource).exact() else { continue };
        match Container::at(position as u32).role() {
            Role::Ephemeral => continue,
            Role::Init => starting = starting.max(sidecars.plus(request)),
            Role::Sidecar => {
                sidecars = sidecars.plus(request);
                starting = starting.max(sidecars);
            }
            Role::Regular | Role::Other(_) => running = running.plus(request),
        }
        any = true;
    }
    any.then(|| running.plus(sidecars).max(starting))
}
