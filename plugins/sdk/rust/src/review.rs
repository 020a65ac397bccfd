//! The review in hand: the object, the request around it, what runs containers, and the facts so far.

use crate::host::{documents, facts, request};
use crate::node::Node;
use crate::workload::Workload;

/// The review in hand. It holds nothing: every method asks the host.
#[derive(Clone, Copy, Debug)]
pub struct Review(());

impl Review {
    pub(crate) fn in_hand() -> Self {
        Self(())
    }

    /// The object, or the document; none for DELETE.
    pub fn object(self) -> Node {
        Node(documents::root(0))
    }

    /// The object as it was; none except for UPDATE and DELETE.
    pub fn old_object(self) -> Node {
        Node(documents::root(1))
    }

    /// The options of the request.
    pub fn options(self) -> Node {
        Node(documents::root(2))
    }

    /// The request around the object.
    pub fn request(self) -> Request {
        Request(())
    }

    /// Whatever runs containers, as one view.
    pub fn workload(self) -> Workload {
        Workload(())
    }

    /// The answers so far to this plugin's own queries.
    pub fn facts(self) -> impl Iterator<Item = Fact> {
        (0..facts::count()).map(Fact)
    }

    /// The answer to a query; nothing where it was not asked yet.
    pub fn fact(self, kind: &str, arguments: &str) -> Option<Fact> {
        Some(facts::find(kind, arguments)).filter(|&index| index != u32::MAX).map(Fact)
    }
}

/// The request around the object. Texts are empty where the API server sent nothing.
#[derive(Clone, Copy, Debug)]
pub struct Request(());

impl Request {
    /// Whether a Kubernetes object is judged, rather than another file.
    pub fn is_object(self) -> bool {
        request::subject() == "object"
    }
    /// The path of the file that a document came from; empty for an object.
    pub fn document_path(self) -> String {
        request::document_path()
    }
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`; empty for a document.
    pub fn operation(self) -> String {
        request::operation()
    }
    /// Group of the kind; empty for the core group.
    pub fn api_group(self) -> String {
        request::api_group()
    }
    /// Version of the kind.
    pub fn api_version(self) -> String {
        request::api_version()
    }
    /// The kind, such as `Deployment`.
    pub fn kind(self) -> String {
        request::kind()
    }
    /// The plural name, such as `deployments`.
    pub fn resource(self) -> String {
        request::resource()
    }
    /// The subresource, such as `scale`; empty for the resource itself.
    pub fn subresource(self) -> String {
        request::subresource()
    }
    /// The name; empty where the API server will generate it.
    pub fn name(self) -> String {
        request::name()
    }
    /// The namespace; empty for cluster-scoped objects.
    pub fn namespace(self) -> String {
        request::namespace()
    }
    /// Who asks; empty for a file.
    pub fn user(self) -> String {
        request::user()
    }
    /// The groups of who asks.
    pub fn groups(self) -> Vec<String> {
        request::groups()
    }
    /// Whether nothing will be stored.
    pub fn dry_run(self) -> bool {
        request::dry_run()
    }
    /// The labels of the namespace, sorted, without the one that chooses the mode.
    pub fn namespace_labels(self) -> Vec<(String, String)> {
        request::namespace_labels()
    }
    /// One label of the namespace.
    pub fn namespace_label(self, key: &str) -> Option<String> {
        request::namespace_label(key)
    }
    /// The time of the review in seconds since 1970-01-01T00:00:00Z.
    pub fn time(self) -> i64 {
        request::time()
    }
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub struct Fact(u32);

/// What became of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactStatus {
    /// Found and verified: see [`Fact::root`].
    Verified,
    /// Looked, and there is nothing.
    Absent,
    /// Found and refused, with the reason.
    Rejected(String),
}

impl Fact {
    /// The kind of the query.
    pub fn kind(self) -> String {
        facts::kind(self.0)
    }
    /// The arguments of the query as JSON text.
    pub fn arguments(self) -> String {
        facts::arguments(self.0)
    }
    /// What became of it. A status that this SDK does not know is a rejection: never a pass.
    pub fn status(self) -> FactStatus {
        match facts::status(self.0).as_str() {
            "verified" => FactStatus::Verified,
            "absent" => FactStatus::Absent,
            _ => FactStatus::Rejected(facts::reason(self.0)),
        }
    }
    /// The document that was found; none unless verified.
    pub fn root(self) -> Node {
        Node(facts::root(self.0))
    }
}
