//! What a condition sees: the object, the old object, and the request as Kubernetes shows it to CEL.

use std::cell::OnceCell;

use portcullis_model::{Document, DocumentBuilder, Kind, Limits, NodeId, Review};

/// The members of `request` (`BuildRequestType` of k8s.io/apiserver). The objects are not among them.
pub(super) const FIELDS: [&str; 12] = [
    "kind",
    "resource",
    "subResource",
    "requestKind",
    "requestResource",
    "requestSubResource",
    "name",
    "namespace",
    "operation",
    "userInfo",
    "dryRun",
    "options",
];

/// One review as conditions see it. Nothing is copied; `request` is made when the first condition asks for it.
pub(crate) struct Input<'r> {
    review: &'r Review,
    request: OnceCell<Option<Document>>,
}

impl<'r> Input<'r> {
    pub(crate) fn new(review: &'r Review) -> Self {
        Self { review, request: OnceCell::new() }
    }

    /// The document behind a variable; nothing where it is null.
    pub(super) fn variable(&self, name: &str) -> Option<&Document> {
        match name {
            "object" => self.review.object.as_ref(),
            "oldObject" => self.review.old_object.as_ref(),
            _ => self.request.get_or_init(|| build(self.review)).as_ref(),
        }
    }
}

/// Writes the request with the members that Kubernetes' own JSON has: empty texts are absent, except that the user of a
/// file is nobody (an empty name, no groups) rather than unknown.
fn build(review: &Review) -> Option<Document> {
    let request = &review.request;
    let mut out = Writer { builder: DocumentBuilder::new(None, Limits::default()) };
    out.builder.begin_map(None);
    let kind = &request.kind;
    let kind = [("group", &kind.group), ("version", &kind.version), ("kind", &kind.kind)];
    let resource = request.resource.as_ref();
    let resource = resource.map(|r| [("group", &r.group), ("version", &r.version), ("resource", &r.resource)]);
    // What the client asked for, before the API server converted it, is known of real requests only.
    let sent = |field: &str| {
        let document = review.request_document.as_ref()?;
        let found = document.find(NodeId::ROOT, field);
        (!found.is_none() && document.kind(found) != Kind::Null).then_some((document, found))
    };
    out.texts("kind", &kind);
    if let Some(resource) = &resource {
        out.texts("resource", resource);
    }
    out.text("subResource", &request.subresource);
    match sent("requestKind") {
        Some((document, node)) => out.copy("requestKind", document, node),
        None => out.texts("requestKind", &kind),
    }
    match (sent("requestResource"), &resource) {
        (Some((document, node)), _) => out.copy("requestResource", document, node),
        (None, Some(resource)) => out.texts("requestResource", resource),
        (None, None) => {}
    }
    match sent("requestSubResource") {
        Some((document, node)) => out.copy("requestSubResource", document, node),
        None => out.text("requestSubResource", &request.subresource),
    }
    out.text("name", &request.name);
    out.text("namespace", &request.namespace);
    out.text("operation", &request.operation);
    match sent("userInfo") {
        Some((document, node)) => out.copy("userInfo", document, node),
        None => out.user(review),
    }
    out.builder.key("dryRun", None);
    out.builder.boolean(request.dry_run, None);
    match (sent("options"), &review.options) {
        (Some((document, node)), _) => out.copy("options", document, node),
        (None, Some(options)) => out.copy("options", options, NodeId::ROOT),
        (None, None) => {}
    }
    out.builder.end(0).ok()?;
    out.builder.finish().ok()
}

struct Writer {
    builder: DocumentBuilder,
}

impl Writer {
    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.builder.key(key, None);
            self.builder.string(text, None);
        }
    }

    fn texts(&mut self, key: &str, members: &[(&str, &String); 3]) {
        self.builder.key(key, None);
        self.builder.begin_map(None);
        for (key, text) in members {
            self.builder.key(key, None);
            self.builder.string(text, None);
        }
        self.close();
    }

    fn user(&mut self, review: &Review) {
        let user = &review.request.user;
        self.builder.key("userInfo", None);
        self.builder.begin_map(None);
        self.builder.key("username", None);
        self.builder.string(&user.name, None);
        self.text("uid", &user.uid);
        self.builder.key("groups", None);
        self.builder.begin_list(None);
        for group in &user.groups {
            self.builder.string(group, None);
        }
        self.close();
        self.close();
    }

    /// Copies a subtree; recursion is bounded by the depth that it was read with.
    fn copy(&mut self, key: &str, document: &Document, node: NodeId) {
        self.builder.key(key, None);
        self.copy_value(document, node);
    }

    fn copy_value(&mut self, document: &Document, node: NodeId) {
        match document.kind(node) {
            Kind::None | Kind::Null => self.builder.null(None),
            Kind::Bool => self.builder.boolean(document.boolean(node).unwrap_or_default(), None),
            Kind::Number => self.builder.number(document.number_text(node), None),
            Kind::String => self.builder.string(document.text(node), None),
            Kind::List => {
                self.builder.begin_list(None);
                for item in document.items(node) {
                    self.copy_value(document, item);
                }
                self.close();
            }
            Kind::Map => {
                self.builder.begin_map(None);
                for (key, value) in document.entries(node) {
                    self.copy(key, document, value);
                }
                self.close();
            }
        }
    }

    /// A failure is kept by the builder and reported when the whole is finished.
    fn close(&mut self) {
        let _ = self.builder.end(0);
    }
}
