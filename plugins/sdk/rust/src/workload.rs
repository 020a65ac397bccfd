//! Whatever runs containers, as one view: a rule written once holds for every controller.

use crate::amount::Amount;
use crate::contract::portcullis::policy::types;
use crate::host::workload;
use crate::node::Node;

/// The view; empty where the subject runs no containers and claims no storage.
#[derive(Clone, Copy, Debug)]
pub struct Workload(pub(crate) ());

impl Workload {
    /// The Pod's `spec`; none where the subject runs no containers, and for `scale`.
    pub fn pod_spec(self) -> Node {
        Node(workload::pod_spec())
    }

    /// The Pod's `metadata`.
    pub fn pod_metadata(self) -> Node {
        Node(workload::pod_metadata())
    }

    /// How many Pods; nothing where that depends on the cluster, where the field is not a whole number, and where the
    /// subject runs no containers.
    pub fn replicas(self) -> Option<i64> {
        Some(workload::replicas()).filter(|&replicas| replicas >= 0)
    }

    /// The field that the number of Pods was read from; none where it is absent.
    pub fn replicas_node(self) -> Node {
        Node(workload::replicas_node())
    }

    /// The containers: init (sidecars among them), regular, ephemeral. One call of the host.
    pub fn containers(self) -> impl Iterator<Item = Container> {
        (0..workload::container_count()).map(|position| Container { position })
    }

    /// Requests and limits of all containers in their order. One call of the host, no texts.
    pub fn container_resources(self) -> ResourcesOf {
        ResourcesOf(workload::container_amounts())
    }

    /// Requests and limits of the Pod as a whole; nothing where the subject runs no containers.
    pub fn pod_resources(self) -> Option<Resources> {
        ResourcesOf(workload::pod_amounts()).get(0)
    }

    /// The references to images: one per container (also where it has none), then the image volumes.
    pub fn images(self) -> impl Iterator<Item = Image> {
        (0..workload::image_count()).map(|position| Image { position })
    }

    /// The claims for storage: a PersistentVolumeClaim, `volumeClaimTemplates`, ephemeral volumes. At most two calls.
    pub fn claims(self) -> Vec<Claim> {
        let amounts = workload::claim_amounts();
        let claim = |(position, pair): (usize, &[types::Amount])| Claim {
            position: position as u32,
            request: Amount::from_contract(&pair[0]),
            limit: Amount::from_contract(&pair[1]),
        };
        amounts.chunks_exact(2).enumerate().map(claim).collect()
    }
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Runs for the Pod's life.
    Regular,
    /// Runs to its end before the regular ones start.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// Added to a running Pod for debugging; the API forbids resources there.
    Ephemeral,
    /// A role that a later version of the contract knows and this SDK does not.
    Other(u32),
}

impl Role {
    /// For messages: `init container`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular | Self::Other(_) => "container",
            Self::Init => "init container",
            Self::Sidecar => "sidecar container",
            Self::Ephemeral => "ephemeral container",
        }
    }
}

/// One container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Container {
    position: u32,
}

impl Container {
    /// The container at a position among all of them, from 0.
    pub fn at(position: u32) -> Self {
        Self { position }
    }
    /// Its position among all of them, from 0.
    pub fn position(self) -> u32 {
        self.position
    }
    /// Its node.
    pub fn node(self) -> Node {
        Node(workload::container(self.position))
    }
    /// Its name, or its place where it has none.
    pub fn name(self) -> String {
        workload::container_name(self.position)
    }
    /// What it is for.
    pub fn role(self) -> Role {
        match workload::container_role(self.position) {
            0 => Role::Regular,
            1 => Role::Init,
            2 => Role::Sidecar,
            3 => Role::Ephemeral,
            other => Role::Other(other),
        }
    }
}

/// CPU, memory, or ephemeral storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Resource {
    /// In cores.
    Cpu = 0,
    /// In bytes.
    Memory = 1,
    /// Scratch space on the node, in bytes.
    EphemeralStorage = 2,
}

impl Resource {
    /// All of them, in the order of the contract.
    pub const ALL: [Resource; 3] = [Self::Cpu, Self::Memory, Self::EphemeralStorage];

    /// The key in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::EphemeralStorage => "ephemeral-storage",
        }
    }
}

/// The requests and limits of several containers, as they came over the border.
#[derive(Clone, Debug)]
pub struct ResourcesOf(Vec<types::Amount>);

impl ResourcesOf {
    const EACH: usize = 6;

    /// How many containers there are.
    pub fn len(&self) -> usize {
        self.0.len() / Self::EACH
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Those of one container, by position.
    pub fn get(&self, position: usize) -> Option<Resources> {
        self.0.chunks_exact(Self::EACH).nth(position).map(Resources::of)
    }
    /// Those of all containers.
    pub fn iter(&self) -> impl Iterator<Item = Resources> {
        self.0.chunks_exact(Self::EACH).map(Resources::of)
    }
}

/// The requests and limits of one container, or of a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources([Amount; ResourcesOf::EACH]);

impl Resources {
    fn of(amounts: &[types::Amount]) -> Self {
        Self(std::array::from_fn(|at| amounts.get(at).map_or(Amount::Absent, Amount::from_contract)))
    }
    /// What is reserved, as written: an absent request stays absent here.
    pub fn request(&self, resource: Resource) -> Amount {
        self.0[resource as usize * 2]
    }
    /// What is the most.
    pub fn limit(&self, resource: Resource) -> Amount {
        self.0[resource as usize * 2 + 1]
    }
    /// What is reserved after the API server's default: the limit where no request is written (`SetDefaults_Pod` of
    /// Kubernetes' core/v1 defaults).
    pub fn effective_request(&self, resource: Resource) -> Amount {
        match self.request(resource) {
            Amount::Absent => self.limit(resource),
            written => written,
        }
    }
}

/// One reference to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    position: u32,
}

/// Whether an image reference could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// The container has no image.
    Absent,
    /// Read: ask for its parts.
    Exact,
    /// Not a reference, with the reason.
    Unreadable(String),
}

impl Image {
    /// Its node; none where the container has no image.
    pub fn node(self) -> Node {
        Node(workload::image(self.position))
    }
    /// The container that it belongs to; nothing for an image volume.
    pub fn container(self) -> Option<Container> {
        Some(workload::image_container(self.position)).filter(|&at| at != u32::MAX).map(Container::at)
    }
    /// Whether it could be read.
    pub fn state(self) -> ImageState {
        match workload::image_state(self.position) {
            0 => ImageState::Absent,
            1 => ImageState::Exact,
            _ => ImageState::Unreadable(workload::image_error(self.position)),
        }
    }
    /// Host and port in lower case; `docker.io` where none is written.
    pub fn registry(self) -> String {
        workload::image_registry(self.position)
    }
    /// The path in the registry, such as `library/nginx`.
    pub fn repository(self) -> String {
        workload::image_repository(self.position)
    }
    /// The tag as written; empty where there is none.
    pub fn tag(self) -> String {
        workload::image_tag(self.position)
    }
    /// The digest as written; empty where there is none.
    pub fn digest(self) -> String {
        workload::image_digest(self.position)
    }
}

/// One claim for storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    position: u32,
    /// `resources.requests.storage`.
    pub request: Amount,
    /// `resources.limits.storage`.
    pub limit: Amount,
}

impl Claim {
    /// The claim's `spec`, or the node that should hold it.
    pub fn node(self) -> Node {
        Node(workload::claim(self.position))
    }
}
