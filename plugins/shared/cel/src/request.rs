//! `request` and `namespaceObject`: structures whose fields are known before anything is evaluated.

/// A structure.
#[derive(Debug)]
pub struct Struct {
    /// As CEL calls its type.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

/// A field of a structure.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub holds: Holds,
    /// The contract of plugins cannot tell it; who has the whole request can.
    pub whole: bool,
}

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Another structure, by its number.
    Struct(u8),
    /// What the host is asked for, as the type with this signature.
    Given(Given, &'static str),
    /// What nobody here can tell.
    Unknown,
}

/// What a host is asked about the request and the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Given {
    /// `request.kind.group`.
    KindGroup,
    /// `request.kind.version`.
    KindVersion,
    /// `request.kind.kind`.
    KindKind,
    /// `request.resource.group`.
    ResourceGroup,
    /// `request.resource.version`.
    ResourceVersion,
    /// `request.resource.resource`.
    Resource,
    /// `request.subResource`.
    SubResource,
    /// `request.name`.
    Name,
    /// `request.namespace`.
    Namespace,
    /// `request.operation`.
    Operation,
    /// `request.userInfo.username`.
    Username,
    /// `request.userInfo.groups`.
    Groups,
    /// `request.dryRun`.
    DryRun,
    /// `request.options`.
    Options,
    /// `namespaceObject.metadata.name`.
    NamespaceName,
    /// `namespaceObject.metadata.labels`.
    NamespaceLabels,
    /// `request.requestKind.group`.
    RequestKindGroup,
    /// `request.requestKind.version`.
    RequestKindVersion,
    /// `request.requestKind.kind`.
    RequestKindKind,
    /// `request.requestResource.group`.
    RequestResourceGroup,
    /// `request.requestResource.version`.
    RequestResourceVersion,
    /// `request.requestResource.resource`.
    RequestResource,
    /// `request.requestSubResource`.
    RequestSubResource,
    /// `request.userInfo.uid`.
    UserId,
    /// `request.userInfo.extra`.
    UserExtra,
}

impl Given {
    /// In the order of their numbers.
    pub const ALL: [Self; 25] = [
        Self::KindGroup,
        Self::KindVersion,
        Self::KindKind,
        Self::ResourceGroup,
        Self::ResourceVersion,
        Self::Resource,
        Self::SubResource,
        Self::Name,
        Self::Namespace,
        Self::Operation,
        Self::Username,
        Self::Groups,
        Self::DryRun,
        Self::Options,
        Self::NamespaceName,
        Self::NamespaceLabels,
        Self::RequestKindGroup,
        Self::RequestKindVersion,
        Self::RequestKindKind,
        Self::RequestResourceGroup,
        Self::RequestResourceVersion,
        Self::RequestResource,
        Self::RequestSubResource,
        Self::UserId,
        Self::UserExtra,
    ];

    /// As an expression names it: `request.kind.group`.
    pub fn path(self) -> String {
        path_below(REQUEST, "request", self)
            .or_else(|| path_below(NAMESPACE, "namespaceObject", self))
            .unwrap_or_default()
    }
}

/// The number of `request`.
pub const REQUEST: u8 = 0;
/// The number of `namespaceObject`.
pub const NAMESPACE: u8 = 6;

const fn field(name: &'static str, holds: Holds) -> Field {
    Field { name, holds, whole: false }
}

const fn given(name: &'static str, given: Given, signature: &'static str) -> Field {
    field(name, Holds::Given(given, signature))
}

const fn unknown(name: &'static str) -> Field {
    field(name, Holds::Unknown)
}

const fn whole(field: Field) -> Field {
    Field { whole: true, ..field }
}

fn path_below(structure: u8, name: &str, wanted: Given) -> Option<String> {
    STRUCTS[usize::from(structure)].fields.iter().find_map(|field| match field.holds {
        Holds::Given(given, _) if given == wanted => Some(format!("{name}.{}", field.name)),
        Holds::Struct(inner) => path_below(inner, &format!("{name}.{}", field.name), wanted),
        _ => None,
    })
}

/// Every structure, by its number.
pub const STRUCTS: &[Struct] = &[
    Struct {
        name: "kubernetes.AdmissionRequest",
        fields: &[
            field("kind", Holds::Struct(1)),
            field("resource", Holds::Struct(2)),
            given("subResource", Given::SubResource, "s"),
            whole(field("requestKind", Holds::Struct(4))),
            whole(field("requestResource", Holds::Struct(5))),
            whole(given("requestSubResource", Given::RequestSubResource, "s")),
            given("name", Given::Name, "s"),
            given("namespace", Given::Namespace, "s"),
            given("operation", Given::Operation, "s"),
            field("userInfo", Holds::Struct(3)),
            given("dryRun", Given::DryRun, "b"),
            given("options", Given::Options, "*"),
        ],
    },
    Struct {
        name: "kubernetes.GroupVersionKind",
        fields: &[
            given("group", Given::KindGroup, "s"),
            given("version", Given::KindVersion, "s"),
            given("kind", Given::KindKind, "s"),
        ],
    },
    Struct {
        name: "kubernetes.GroupVersionResource",
        fields: &[
            given("group", Given::ResourceGroup, "s"),
            given("version", Given::ResourceVersion, "s"),
            given("resource", Given::Resource, "s"),
        ],
    },
    Struct {
        name: "kubernetes.UserInfo",
        fields: &[
            given("username", Given::Username, "s"),
            whole(given("uid", Given::UserId, "s")),
            given("groups", Given::Groups, "Ls"),
            whole(given("extra", Given::UserExtra, "MsLs")),
        ],
    },
    Struct {
        name: "kubernetes.GroupVersionKind",
        fields: &[
            given("group", Given::RequestKindGroup, "s"),
            given("version", Given::RequestKindVersion, "s"),
            given("kind", Given::RequestKindKind, "s"),
        ],
    },
    Struct {
        name: "kubernetes.GroupVersionResource",
        fields: &[
            given("group", Given::RequestResourceGroup, "s"),
            given("version", Given::RequestResourceVersion, "s"),
            given("resource", Given::RequestResource, "s"),
        ],
    },
    Struct {
        name: "kubernetes.Namespace",
        fields: &[field("metadata", Holds::Struct(7)), unknown("spec"), unknown("status")],
    },
    Struct {
        name: "kubernetes.NamespaceMetadata",
        fields: &[
            given("name", Given::NamespaceName, "s"),
            given("labels", Given::NamespaceLabels, "Mss"),
            unknown("generateName"),
            unknown("namespace"),
            unknown("annotations"),
            unknown("UID"),
            unknown("creationTimestamp"),
            unknown("deletionGracePeriodSeconds"),
            unknown("deletionTimestamp"),
            unknown("generation"),
            unknown("resourceVersion"),
            unknown("finalizers"),
        ],
    },
];
