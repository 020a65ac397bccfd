//! Whatever runs containers, seen as one shape.

use crate::document::NodeId;

/// Whether an amount is there and could be read; the numbers are those of the contract (`wit/types.wit`, `amount`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum AmountState {
    /// No such field, or null.
    #[default]
    Absent = 0,
    /// Read exactly.
    Exact = 1,
    /// Not a Kubernetes quantity.
    Unreadable = 2,
}

/// An exact quantity: `whole + nanos / 10^9`, nanos in `0..=999_999_999`; held at the nearest end of the range beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Whether the rest means anything.
    pub state: AmountState,
    /// Whole units: cores, bytes.
    pub whole: i64,
    /// Billionths of a unit.
    pub nanos: u32,
}

impl Amount {
    /// No such field.
    pub const ABSENT: Amount = Amount { state: AmountState::Absent, whole: 0, nanos: 0 };
    /// Not a Kubernetes quantity.
    pub const UNREADABLE: Amount = Amount { state: AmountState::Unreadable, whole: 0, nanos: 0 };
}

/// Requests and limits, in the order of the contract (`workload.container-amounts`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU request, CPU limit, memory request, memory limit, ephemeral-storage request, ephemeral-storage limit.
    pub amounts: [Amount; 6],
}

/// What a container is for; the numbers are those of the contract (`workload.container-role`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContainerRole {
    /// Runs for the Pod's life.
    Regular = 0,
    /// Runs to its end before the regular ones start.
    Init = 1,
    /// An init container with `restartPolicy: Always`.
    Sidecar = 2,
    /// Added to a running Pod for debugging; the API forbids resources there.
    Ephemeral = 3,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its node in the object.
    pub node: NodeId,
    /// Its name; its place (`containers[0]`) where it has none.
    pub name: String,
    /// What it is for.
    pub role: ContainerRole,
    /// Its requests and limits.
    pub resources: Resources,
}

/// An image reference, read by the grammar of the distribution project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// The container has no image.
    Absent,
    /// Read.
    Exact {
        /// Host and port in lower case; `docker.io` where none is written.
        registry: String,
        /// Path in the registry, such as `library/nginx`.
        repository: String,
        /// As written; `None` where none is written.
        tag: Option<String>,
        /// As written, such as `sha256:...`; `None` where none is written.
        digest: Option<String>,
    },
    /// Not a reference; the reason is for a person.
    Unreadable(String),
}

/// One reference to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The node of the reference; none where the container has no image.
    pub node: NodeId,
    /// The container by position; `None` for an image volume.
    pub container: Option<u32>,
    /// What it says.
    pub state: ImageState,
}

/// One claim for storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim's `spec`, or the node that should hold it.
    pub node: NodeId,
    /// `resources.requests.storage`.
    pub request: Amount,
    /// `resources.limits.storage`.
    pub limit: Amount,
}

/// The view; empty where the subject runs no containers and claims no storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The Pod's `spec`.
    pub pod_spec: NodeId,
    /// The Pod's `metadata`.
    pub pod_metadata: NodeId,
    /// How many Pods; `-1` where that depends on the cluster or is not a whole number.
    pub replicas: i64,
    /// The field that `replicas` was read from.
    pub replicas_node: NodeId,
    /// The Pod's own resources (`spec.resources`).
    pub pod_resources: Resources,
    /// Init and sidecar containers, then regular, then ephemeral ones.
    pub containers: Vec<Container>,
    /// The containers' images in their order, then image volumes.
    pub images: Vec<Image>,
    /// Claims for storage.
    pub claims: Vec<Claim>,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            pod_spec: NodeId::NONE,
            pod_metadata: NodeId::NONE,
            replicas: -1,
            replicas_node: NodeId::NONE,
            pod_resources: Resources::default(),
            containers: Vec::new(),
            images: Vec::new(),
            claims: Vec::new(),
        }
    }
}
