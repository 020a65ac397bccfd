//! Whose resources are judged: a container or the Pod, and how a message calls them.

use portcullis_sdk::{Container, Node, Resource, Role, Workload};

use crate::rules::{LIMITS, REQUESTS, RESOURCES};

/// Request or limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is reserved.
    Request = 0,
    /// What is the most.
    Limit = 1,
}

/// Whose resources are judged.
#[derive(Clone, Copy)]
pub enum Owner {
    /// One container.
    Container(Container),
    /// The Pod as a whole.
    Pod(Workload),
}

impl Owner {
    /// Its node.
    pub fn node(self) -> Node {
        match self {
            Self::Container(container) => container.node(),
            Self::Pod(workload) => workload.pod_spec(),
        }
    }

    /// For messages: ``init container `setup` ``.
    pub fn shown(self) -> String {
        match self {
            Self::Container(container) => format!("{} `{}`", container.role().as_str(), container.name()),
            Self::Pod(_) => "the Pod".to_owned(),
        }
    }

    /// The node of one of its amounts.
    pub fn amount(self, resource: Resource, side: Side) -> Node {
        let side = if side == Side::Request { REQUESTS } else { LIMITS };
        self.node().get(RESOURCES).get(side).find(resource.as_str())
    }

    /// Whether the API forbids resources here.
    pub fn is_exempt(self) -> bool {
        matches!(self, Self::Container(container) if container.role() == Role::Ephemeral)
    }
}

/// For messages: `CPU limit`.
pub fn what(resource: Resource, side: Side) -> String {
    let resource = if resource == Resource::Cpu { "CPU" } else { resource.as_str() };
    format!("{resource} {}", if side == Side::Request { "request" } else { "limit" })
}
