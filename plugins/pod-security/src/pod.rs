//! The Pod as its checks see it, and how they read it: what cannot be read is a finding, never a pass.

use portcullis_sdk::{Container, Finding, Key, Kind, Node, Rule, Severity, Workload};

portcullis_sdk::keys! {
    ADD = "add",
    ALLOW_PRIVILEGE_ESCALATION = "allowPrivilegeEscalation",
    ANNOTATIONS = "annotations",
    APP_ARMOR_PROFILE = "appArmorProfile",
    CAPABILITIES = "capabilities",
    DROP = "drop",
    HOST = "host",
    HOST_IPC = "hostIPC",
    HOST_NETWORK = "hostNetwork",
    HOST_PATH = "hostPath",
    HOST_PID = "hostPID",
    HOST_PORT = "hostPort",
    HOST_PROCESS = "hostProcess",
    HOST_USERS = "hostUsers",
    HTTP_GET = "httpGet",
    LIFECYCLE = "lifecycle",
    LIVENESS_PROBE = "livenessProbe",
    NAME = "name",
    OS = "os",
    PATH = "path",
    PORTS = "ports",
    POST_START = "postStart",
    PRE_STOP = "preStop",
    PRIVILEGED = "privileged",
    PROC_MOUNT = "procMount",
    READINESS_PROBE = "readinessProbe",
    ROLE = "role",
    RUN_AS_NON_ROOT = "runAsNonRoot",
    RUN_AS_USER = "runAsUser",
    SE_LINUX_OPTIONS = "seLinuxOptions",
    SECCOMP_PROFILE = "seccompProfile",
    SECURITY_CONTEXT = "securityContext",
    STARTUP_PROBE = "startupProbe",
    SYSCTLS = "sysctls",
    TCP_SOCKET = "tcpSocket",
    TYPE = "type",
    USER = "user",
    VOLUMES = "volumes",
    WINDOWS_OPTIONS = "windowsOptions",
}

/// A value is not of the type that Kubernetes gives it.
pub const UNREADABLE: Rule =
    Rule::new("value-unreadable", Severity::High, "A value that a check needs is not of its type");

/// What `spec.os.name` says of a Pod for Windows.
const WINDOWS: &str = "windows";

/// What stands under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// Nothing, or null: Kubernetes makes no difference between the two.
    Absent,
    /// A value of the right type, and its node.
    Is(T, Node),
    /// A value of another type, of which a finding tells already.
    Unreadable,
}

impl<T> Read<T> {
    /// The value and its node; nothing where there is none that can be read.
    pub fn found(self) -> Option<(T, Node)> {
        match self {
            Self::Is(value, node) => Some((value, node)),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl Read<()> {
    /// The node of a map; none where there is none that can be read.
    pub fn node(self) -> Node {
        self.found().map_or(Node::NONE, |((), node)| node)
    }
}

/// Whoever has a security context: the Pod, or one of its containers.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// The container; nothing for the Pod.
    container: Option<Container>,
    /// What holds the security context: the Pod's `spec`, or the container.
    pub node: Node,
    /// The security context.
    pub security: Read<()>,
}

impl Holder {
    /// For messages: ``the Pod``, ``init container `setup` ``.
    pub fn shown(&self) -> String {
        match self.container {
            Some(container) => format!("{} `{}`", container.role().as_str(), container.name()),
            None => "the Pod".to_owned(),
        }
    }
}

/// A Pod, or the template of Pods.
#[derive(Clone, Debug)]
pub struct Pod {
    /// The Pod as a whole.
    pub whole: Holder,
    /// Its containers, init and ephemeral ones among them.
    pub containers: Vec<Holder>,
    /// Its `metadata`.
    pub metadata: Node,
    /// It says that it is for Windows.
    pub windows: bool,
    /// It runs in a user namespace of its own (`hostUsers: false`).
    pub user_namespace: bool,
}

impl Pod {
    /// The Pod of whatever runs containers; nothing where the subject runs none.
    pub fn of(workload: Workload, findings: &mut Findings) -> Option<Self> {
        let spec = workload.pod_spec();
        if spec.is_none() {
            return None;
        }
        let mut holder = |container, node| {
            let mut holder = Holder { container, node, security: Read::Absent };
            holder.security = findings.map(&holder, node, SECURITY_CONTEXT);
            holder
        };
        let whole = holder(None, spec);
        let containers = workload.containers().map(|container| holder(Some(container), container.node())).collect();
        let os = findings.map(&whole, spec, OS).node();
        let windows = findings.text(&whole, os, NAME).found().is_some_and(|(name, _)| name == WINDOWS);
        let host_users = findings.boolean(&whole, spec, HOST_USERS);
        let user_namespace = host_users.found().is_some_and(|(host_users, _)| !host_users);
        Some(Self { whole, containers, metadata: workload.pod_metadata(), windows, user_namespace })
    }

    /// The Pod as a whole, then its containers.
    pub fn holders(&self) -> impl Iterator<Item = &Holder> {
        std::iter::once(&self.whole).chain(&self.containers)
    }
}

/// What was found so far, and the one way to read a value.
///
/// Every reader answers [`Read::Absent`] for a parent that is not there, without asking the host.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
    /// The nodes of which it was said that they cannot be read: several checks may ask for one.
    unreadable: Vec<Node>,
}

impl Findings {
    /// All of them.
    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }

    /// One more.
    pub fn add(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    /// A map.
    pub fn map(&mut self, holder: &Holder, parent: Node, key: Key) -> Read<()> {
        self.read(holder, parent, key, Kind::Map, |_| Some(()))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, holder: &Holder, parent: Node, key: Key) -> Read<bool> {
        self.read(holder, parent, key, Kind::Bool, |node| Some(node.boolean()))
    }

    /// A text.
    pub fn text(&mut self, holder: &Holder, parent: Node, key: Key) -> Read<String> {
        self.read(holder, parent, key, Kind::String, |node| Some(node.text()))
    }

    /// A whole number.
    pub fn integer(&mut self, holder: &Holder, parent: Node, key: Key) -> Read<i64> {
        self.read(holder, parent, key, Kind::Number, |node| node.number_text().parse().ok())
    }

    /// The items of a list of maps; an absent one has none. A null among them is a map without anything, as it is to
    /// Kubernetes.
    pub fn maps(&mut self, holder: &Holder, parent: Node, key: Key) -> Vec<Node> {
        let Some(((), list)) = self.read(holder, parent, key, Kind::List, |_| Some(())).found() else {
            return Vec::new();
        };
        let mut maps = Vec::new();
        for item in list.items() {
            match item.kind() {
                Kind::Map | Kind::Null => maps.push(item),
                found => self.unreadable(item, &format!("an item of `{}`", name(key)), holder, found, Kind::Map),
            }
        }
        maps
    }

    /// The items of a list of texts. A null among them is the empty text, as it is to Kubernetes.
    pub fn texts(&mut self, holder: &Holder, parent: Node, key: Key) -> Read<Vec<(String, Node)>> {
        let list = match self.read(holder, parent, key, Kind::List, |_| Some(())) {
            Read::Is((), list) => list,
            Read::Absent => return Read::Absent,
            Read::Unreadable => return Read::Unreadable,
        };
        let mut texts = Vec::new();
        for item in list.items() {
            match item.kind() {
                Kind::String | Kind::Null => texts.push((item.text(), item)),
                found => self.unreadable(item, &format!("an item of `{}`", name(key)), holder, found, Kind::String),
            }
        }
        Read::Is(texts, list)
    }

    /// An annotation's value; null is the empty text, as it is to Kubernetes. Nothing where it cannot be read.
    pub fn annotation(&mut self, holder: &Holder, key: &str, node: Node) -> Option<String> {
        match node.kind() {
            Kind::String | Kind::Null => Some(node.text()),
            found => {
                self.unreadable(node, &format!("the annotation `{key}`"), holder, found, Kind::String);
                None
            }
        }
    }

    /// Says that a value which must be a map is none.
    pub fn not_a_map(&mut self, node: Node, what: &str, holder: &Holder) {
        self.unreadable(node, what, holder, node.kind(), Kind::Map);
    }

    fn read<T>(
        &mut self,
        holder: &Holder,
        parent: Node,
        key: Key,
        wanted: Kind,
        value: impl FnOnce(Node) -> Option<T>,
    ) -> Read<T> {
        let node = if parent.is_none() { parent } else { parent.get(key) };
        if node.is_none() {
            return Read::Absent;
        }
        match node.kind() {
            Kind::None | Kind::Null => Read::Absent,
            found => match (found == wanted).then(|| value(node)).flatten() {
                Some(value) => Read::Is(value, node),
                None => {
                    self.unreadable(node, &format!("`{}`", name(key)), holder, found, wanted);
                    Read::Unreadable
                }
            },
        }
    }

    fn unreadable(&mut self, node: Node, what: &str, holder: &Holder, found: Kind, wanted: Kind) {
        if self.unreadable.contains(&node) {
            return;
        }
        self.unreadable.push(node);
        let found = match found {
            Kind::String => format!("the text `{}`", node.text()),
            Kind::Number => format!("the number `{}`", node.number_text()),
            found => found.as_str().to_owned(),
        };
        let wanted = match wanted {
            Kind::Bool => "`true` or `false`",
            Kind::Number => "a whole number",
            Kind::String => "a text",
            wanted => wanted.as_str(),
        };
        let message = format!("{what} of {} must be {wanted}, not {found}", holder.shown());
        self.add(Finding::new(&UNREADABLE, node, message));
    }
}

/// What a declared key is called.
pub fn name(key: Key) -> &'static str {
    KEYS[key.0 as usize]
}
