//! AdmissionReview to review.
//!
//! `admission.k8s.io/v1`, and `v1beta1` in recordings: what this reads is the same in both.

use portcullis_model::{
    Document, GroupVersionKind, GroupVersionResource, Kind, NamespaceLabels, NodeId, Request, Review, User,
};

use crate::error::{Error, ErrorKind};
use crate::objects::{Context, labels, namespace_labels, subject};
use crate::{kinds, workload};

/// What the API server can ask (`Operation`, admission.k8s.io/v1).
const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/// The review that an AdmissionReview asks for.
pub fn from_admission_review(document: &Document, context: &Context) -> Result<Review, Error> {
    supported_version(document)?;
    let node = document.find(NodeId::ROOT, "request");
    let request_document = match document.kind(node) {
        Kind::Map => document.subtree(node),
        Kind::None => None,
        _ => return Err(Error::wrong_type(document, node, "a map; a null or empty request asks nothing", None)),
    };
    let reader = Reader { document, node };
    let request_document = request_document
        .ok_or_else(|| Error::missing(document, NodeId::ROOT, "request", "there is nothing to answer"))?;

    let mut request = reader.request()?;
    let mut notices = Vec::new();
    let (object, old_object) = reader.objects(&request.operation, &mut notices)?;
    for tree in object.iter().chain(&old_object) {
        agree(tree, &request)?;
    }
    let options = reader.tree("options")?;
    let judged = object.as_ref().or(old_object.as_ref());
    let own = request.kind.group.is_empty() && request.kind.kind == "Namespace";
    // The API server names a Namespace as its own namespace; every other cluster-scoped object has none.
    request.namespaced = Some(!own && !request.namespace.is_empty());
    let namespace = match judged.filter(|_| own) {
        Some(object) => NamespaceLabels::Known(labels(object)),
        None => namespace_labels(&request.namespace, request.namespaced, context),
    };
    Ok(Review {
        subject: described(document, node, judged, &request),
        request,
        object,
        old_object,
        options,
        request_document: Some(request_document),
        namespace,
        mode: context.mode,
        time: context.time,
        notices,
        file: None,
    })
}

fn supported_version(document: &Document) -> Result<(), Error> {
    let node = document.find(NodeId::ROOT, "apiVersion");
    match document.text(node) {
        "admission.k8s.io/v1" | "admission.k8s.io/v1beta1" => Ok(()),
        found => {
            let kind = ErrorKind::Unsupported { found: found.to_owned(), expected: "`admission.k8s.io/v1`" };
            Err(Error::new(kind, document, node))
        }
    }
}

/// The object must be what the request says it is, or a policy would judge something else than what is stored.
fn agree(object: &Document, request: &Request) -> Result<(), Error> {
    let (group, kind) = (&request.kind.group, &request.kind.kind);
    let version = object.string(NodeId::ROOT, &["apiVersion"]);
    let own = version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
    let differs =
        own.is_some_and(|own| own != group) || object.string(NodeId::ROOT, &["kind"]).is_some_and(|own| own != kind);
    if differs {
        let expected = "of the kind that `/request/kind` names";
        return Err(Error::wrong_type(object, NodeId::ROOT, expected, None));
    }
    workload::check_shape(object, group, kind)
}

/// The subject: named after the object where it says what it is, else after the request (an exec has no metadata).
fn described(
    document: &Document,
    node: NodeId,
    judged: Option<&Document>,
    request: &Request,
) -> portcullis_model::Subject {
    let generated = judged.and_then(|object| object.string(NodeId::ROOT, &["metadata", "generateName"]));
    let own = judged.and_then(|object| object.string(NodeId::ROOT, &["metadata", "name"])).unwrap_or_default();
    let name = match (request.name.as_str(), own, generated) {
        ("", "", Some(prefix)) => format!("{prefix}*"),
        ("", own, _) => own.to_owned(),
        (name, ..) => name.to_owned(),
    };
    let own_namespace = request.namespaced == Some(false);
    let namespace = if own_namespace { "" } else { request.namespace.as_str() };
    match judged.filter(|object| object.string(NodeId::ROOT, &["kind"]).is_some()) {
        Some(object) => subject(object, namespace, name),
        None => portcullis_model::Subject {
            kind_of: portcullis_model::SubjectKind::Object,
            api_version: match request.kind.group.as_str() {
                "" => request.kind.version.clone(),
                group => format!("{group}/{}", request.kind.version),
            },
            kind: request.kind.kind.clone(),
            namespace: namespace.to_owned(),
            name,
            place: document.place(node),
            occurrence: None,
        },
    }
}

/// Reads the members of `request`, each with its type.
struct Reader<'a> {
    document: &'a Document,
    node: NodeId,
}

impl Reader<'_> {
    fn request(&self) -> Result<Request, Error> {
        let uid = self.text(self.node, "uid")?;
        if uid.is_empty() {
            return Err(Error::missing(self.document, self.node, "uid", "the answer must repeat it"));
        }
        let operation = self.text(self.node, "operation")?;
        if !operation.is_empty() && !OPERATIONS.contains(&operation.as_str()) {
            let kind = ErrorKind::Unsupported { found: operation, expected: "CREATE, UPDATE, DELETE or CONNECT" };
            return Err(Error::new(kind, self.document, self.document.find(self.node, "operation")));
        }
        if operation.is_empty() {
            return Err(Error::missing(self.document, self.node, "operation", "it says what is asked"));
        }
        let kind = self.map("kind")?;
        let resource = self.map("resource")?;
        let request = Request {
            uid,
            operation,
            kind: GroupVersionKind {
                group: self.text(kind, "group")?,
                version: self.text(kind, "version")?,
                kind: self.text(kind, "kind")?,
            },
            resource: Some(GroupVersionResource {
                group: self.text(resource, "group")?,
                version: self.text(resource, "version")?,
                resource: self.text(resource, "resource")?,
            }),
            subresource: self.text(self.node, "subResource")?,
            namespaced: None,
            name: self.text(self.node, "name")?,
            namespace: self.text(self.node, "namespace")?,
            user: self.user()?,
            dry_run: self.document.boolean(self.document.find(self.node, "dryRun")).unwrap_or(false),
        };
        self.whole(&request)?;
        Ok(request)
    }

    /// What chooses the policies must be there, and must not contradict what Kubernetes says about its own resources:
    /// else a policy for Pods could be dodged by what the request calls them.
    fn whole(&self, request: &Request) -> Result<(), Error> {
        let resource = request.resource.clone().unwrap_or_default();
        for (holder, member, value) in [
            ("kind", "version", &request.kind.version),
            ("kind", "kind", &request.kind.kind),
            ("resource", "version", &resource.version),
            ("resource", "resource", &resource.resource),
        ] {
            if value.is_empty() {
                let holder = self.document.find(self.node, holder);
                return Err(Error::missing(self.document, holder, member, "policies are chosen by it"));
            }
        }
        if !request.subresource.is_empty() {
            return Ok(());
        }
        let known = kinds::known(&resource.group, &resource.resource, &request.kind.kind);
        if resource.group != request.kind.group || !known.agree {
            let kind = self.document.walk(self.node, &["kind", "kind"]);
            return Err(Error::wrong_type(
                self.document,
                kind,
                "the kind of the resource that `/request/resource` names",
                None,
            ));
        }
        if known.namespaced == Some(true) && request.namespace.is_empty() {
            return Err(Error::missing(self.document, self.node, "namespace", "this resource lives in namespaces"));
        }
        Ok(())
    }

    fn user(&self) -> Result<User, Error> {
        let user = self.document.find(self.node, "userInfo");
        let groups = self.document.find(user, "groups");
        let group = |node| match self.document.kind(node) {
            Kind::String => Ok(self.document.text(node).to_owned()),
            _ => Err(Error::wrong_type(self.document, node, "a string", None)),
        };
        Ok(User {
            name: self.text(user, "username")?,
            uid: self.text(user, "uid")?,
            groups: self.document.items(groups).map(group).collect::<Result<_, _>>()?,
        })
    }

    /// `object` and `oldObject`, as the operation needs them (notes on shapes: CREATE has no old object, DELETE no new one).
    fn objects(
        &self,
        operation: &str,
        notices: &mut Vec<String>,
    ) -> Result<(Option<Document>, Option<Document>), Error> {
        let object = self.tree("object")?;
        let old_node = self.document.find(self.node, "oldObject");
        let old_object = match (operation, self.document.kind(old_node)) {
            ("CREATE", Kind::None | Kind::Null) => None,
            ("CREATE", kind) => {
                // Put up with because a CREATE has no old object and nothing reads it: recordings of older API servers
                // hold `{}`, and one hand-made recording holds a text.
                if kind != Kind::Map || self.document.len(old_node) > 0 {
                    notices.push("`/request/oldObject` is ignored: a CREATE has no old object".into());
                }
                None
            }
            _ => self.tree("oldObject")?,
        };
        let empty = |tree: &Option<Document>| tree.as_ref().is_none_or(|tree| tree.len(NodeId::ROOT) == 0);
        let needs = |member, why| Err(Error::missing(self.document, self.node, member, why));
        match operation {
            "CREATE" if empty(&object) => {
                needs("object", "a CREATE carries the object, and an empty one cannot be judged")
            }
            "UPDATE" if empty(&object) => {
                needs("object", "an UPDATE carries the object, and an empty one cannot be judged")
            }
            "UPDATE" if empty(&old_object) => needs("oldObject", "an UPDATE carries the object as it was"),
            "DELETE" if empty(&old_object) => needs("oldObject", "a DELETE carries the object as it was"),
            _ => Ok((object, old_object)),
        }
    }

    fn tree(&self, member: &str) -> Result<Option<Document>, Error> {
        let node = self.document.find(self.node, member);
        match self.document.kind(node) {
            Kind::None | Kind::Null => Ok(None),
            Kind::Map => Ok(self.document.subtree(node)),
            _ => Err(Error::wrong_type(self.document, node, "an object or null", None)),
        }
    }

    fn map(&self, member: &str) -> Result<NodeId, Error> {
        let node = self.document.find(self.node, member);
        match self.document.kind(node) {
            Kind::Map => Ok(node),
            Kind::None | Kind::Null => {
                Err(Error::missing(self.document, self.node, member, "it says what is asked about"))
            }
            _ => Err(Error::wrong_type(self.document, node, "a map", None)),
        }
    }

    fn text(&self, holder: NodeId, member: &str) -> Result<String, Error> {
        let node = self.document.find(holder, member);
        match self.document.kind(node) {
            Kind::None | Kind::Null => Ok(String::new()),
            Kind::String => Ok(self.document.text(node).to_owned()),
            _ => Err(Error::wrong_type(self.document, node, "a string", None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::json;

    fn review(request: &str) -> Result<Review, Error> {
        let text = format!(r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{request}}}"#);
        from_admission_review(&json(&text), &Context::default())
    }

    fn request(operation: &str, more: &str) -> String {
        format!(
            r#"{{"uid":"1","operation":"{operation}","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},"namespace":"shop"{more}}}"#
        )
    }

    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"web-"}}"#;

    #[test]
    fn reads_a_create() {
        let review = review(&request("CREATE", &format!(r#","object":{POD},"oldObject":null"#))).expect("a review");
        assert_eq!(review.subject.name, "web-*");
        assert_eq!(review.request.namespaced, Some(true));
        assert!(review.old_object.is_none() && review.notices.is_empty());
    }

    #[test]
    fn refuses_broken_reviews_each_with_its_own_words() {
        // A58, X16
        let cases = [
            (String::from("null"), "`/request` must be a map; a null or empty request asks nothing"),
            (String::from("{}"), "`/request/uid` is missing: the answer must repeat it"),
            (String::from(r#"{"uid":"1"}"#), "`/request/operation` is missing: it says what is asked"),
            (
                String::from(r#"{"uid":"1","operation":"CREATE"}"#),
                "`/request/kind` is missing: it says what is asked about",
            ),
            (
                request("CREATE", r#","object":null"#),
                "`/request/object` is missing: a CREATE carries the object, and an empty one cannot be judged",
            ),
            (
                request("CREATE", r#","object":{}"#),
                "`/request/object` is missing: a CREATE carries the object, and an empty one cannot be judged",
            ),
            (request("CREATE", r#","object":"x""#), "`/request/object` must be an object or null"),
            (request("DELETE", ""), "`/request/oldObject` is missing: a DELETE carries the object as it was"),
        ];
        for (text, message) in cases {
            assert_eq!(review(&text).expect_err(&text).to_string(), message);
        }
        let nothing = json(r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#);
        let error = from_admission_review(&nothing, &Context::default()).expect_err("no request");
        assert_eq!(error.to_string(), "`/request` is missing: there is nothing to answer");
        let old = json(r#"{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview"}"#);
        let error = from_admission_review(&old, &Context::default()).expect_err("v2");
        assert_eq!(error.to_string(), "`admission.k8s.io/v2` is not supported here; it must be `admission.k8s.io/v1`");
    }

    #[test]
    fn puts_up_with_an_old_object_on_create_and_says_so() {
        let odd = review(&request("CREATE", &format!(r#","object":{POD},"oldObject":"None""#))).expect("a review");
        assert_eq!(odd.notices, ["`/request/oldObject` is ignored: a CREATE has no old object"]);
        let empty = review(&request("CREATE", &format!(r#","object":{POD},"oldObject":{{}}"#))).expect("a review");
        assert!(empty.notices.is_empty() && empty.old_object.is_none());
    }

    #[test]
    fn refuses_requests_that_say_less_or_something_else_than_their_resource() {
        // A58
        let good = request("CREATE", &format!(r#","object":{POD}"#));
        for (from, to, words) in [
            (r#""kind":"Pod"},"resource""#, r#""kind":""},"resource""#, "`/request/kind/kind` is missing"),
            (r#""kind":"Pod"},"resource""#, r#""kind":"ConfigMap"},"resource""#, "must be the kind of the resource"),
            (r#""kind":{"group":"""#, r#""kind":{"group":"x""#, "must be the kind of the resource"),
            (r#""resource":{"group":"""#, r#""resource":{"group":"x""#, "must be the kind of the resource"),
            (r#""resource":"pods""#, r#""resource":"foos""#, "must be the kind of the resource"),
            (r#""version":"v1","kind""#, r#""version":"","kind""#, "`/request/kind/version` is missing"),
            (r#""resource":"pods""#, r#""resource":"""#, "`/request/resource/resource` is missing"),
            (r#""namespace":"shop""#, r#""namespace":"""#, "`/request/namespace` is missing"),
        ] {
            assert!(good.contains(from), "{from}");
            let object = good.replacen(from, to, 1).replace(r#""apiVersion":"v1","kind":"Pod","#, "");
            let error = review(&object).expect_err(to).to_string();
            assert!(error.contains(words), "{to}: {error}");
        }
    }

    #[test]
    fn reads_a_connect_without_metadata() {
        // A12
        let options = r#","name":"web","object":{"apiVersion":"v1","kind":"PodExecOptions"}"#;
        let options = format!(r#"{options},"subResource":"exec""#);
        let request = request("CONNECT", &options).replacen(r#""kind":"Pod""#, r#""kind":"PodExecOptions""#, 1);
        let review = review(&request).expect("a review");
        assert_eq!((review.subject.kind.as_str(), review.subject.name.as_str()), ("PodExecOptions", "web"));
    }

    /// The words with which a request is refused.
    fn refusal(text: &str) -> String {
        review(text).expect_err(text).to_string()
    }

    #[test]
    fn reads_who_asks_and_whether_anything_will_be_stored() {
        let user = r#","userInfo":{"username":"eve","uid":"7","groups":["b","a"]},"dryRun":true,"name":"web""#;
        let review = review(&request("CREATE", &format!(r#"{user},"object":{POD}"#))).expect("a review");
        let Request { user, dry_run, name, subresource, .. } = &review.request;
        assert_eq!((user.name.as_str(), user.uid.as_str(), user.groups.join(" ")), ("eve", "7", "b a".into()));
        assert_eq!((*dry_run, name.as_str(), subresource.as_str()), (true, "web", ""));
        let nobody = self::review(&request("CREATE", &format!(r#","object":{POD}"#))).expect("a review");
        assert_eq!((nobody.request.user, nobody.request.dry_run), (User::default(), false));
        let odd = request("CREATE", &format!(r#","object":{POD},"userInfo":{{"groups":[1]}}"#));
        assert_eq!(refusal(&odd), "`/request/userInfo/groups/0` must be a string");
    }

    #[test]
    fn refuses_what_no_api_server_asks_and_members_of_another_type() {
        let asks = |operation: &str| refusal(&request(operation, &format!(r#","object":{POD}"#)));
        for operation in ["PATCH", "create", "*"] {
            assert!(asks(operation).contains("CREATE, UPDATE, DELETE or CONNECT"), "{operation}");
        }
        let good = request("CREATE", &format!(r#","object":{POD}"#));
        assert_eq!(refusal(&good.replacen(r#""uid":"1""#, r#""uid":1"#, 1)), "`/request/uid` must be a string");
        let kind = r#"{"group":"","version":"v1","kind":"Pod"}"#;
        assert_eq!(refusal(&good.replacen(kind, r#""Pod""#, 1)), "`/request/kind` must be a map");
    }

    #[test]
    fn refuses_an_object_that_is_something_else_than_the_request_says() {
        // What is judged must be what is stored.
        let with = |object: &str| review(&request("CREATE", &format!(r#","object":{object}"#)));
        for other in [
            r#"{"apiVersion":"v1","kind":"Service"}"#,
            r#"{"apiVersion":"apps/v1","kind":"Pod"}"#,
            r#"{"kind":"Service"}"#,
        ] {
            let refused = with(other).expect_err(other).to_string();
            assert!(refused.contains("of the kind that `/request/kind` names"), "{other}: {refused}");
        }
        let old = request("DELETE", r#","oldObject":{"apiVersion":"v1","kind":"Service"}"#);
        assert!(refusal(&old).contains("of the kind that `/request/kind` names"));
        assert!(with(r#"{"metadata":{"name":"web"}}"#).is_ok(), "what says nothing is what the request says");
        assert!(with(r#"{"apiVersion":"v1","kind":"Pod","spec":[]}"#).is_err(), "its containers could hide there");
    }

    #[test]
    fn refuses_an_update_or_a_deletion_that_lacks_what_it_changes() {
        let old = "carries the object as it was";
        for (operation, more, words) in [
            ("UPDATE", format!(r#","oldObject":{POD}"#), "an UPDATE carries the object, and an empty one"),
            (
                "UPDATE",
                format!(r#","object":{{}},"oldObject":{POD}"#),
                "an UPDATE carries the object, and an empty one",
            ),
            ("UPDATE", format!(r#","object":{POD}"#), old),
            ("UPDATE", format!(r#","object":{POD},"oldObject":{{}}"#), old),
            ("DELETE", r#","oldObject":{}"#.to_owned(), old),
            ("DELETE", format!(r#","object":{POD}"#), old),
        ] {
            let refused = refusal(&request(operation, &more));
            assert!(refused.contains(words), "{operation}{more}: {refused}");
        }
        let update = review(&request("UPDATE", &format!(r#","object":{POD},"oldObject":{POD}"#))).expect("a review");
        assert!(update.object.is_some() && update.old_object.is_some());
        let deletion = review(&request("DELETE", &format!(r#","object":null,"oldObject":{POD}"#))).expect("a review");
        assert!(deletion.object.is_none() && deletion.old_object.is_some());
        assert_eq!(deletion.subject.kind, "Pod");
        let ignored = review(&request("CREATE", &format!(r#","object":{POD},"oldObject":{POD}"#))).expect("a review");
        assert_eq!((ignored.notices.len(), ignored.old_object.is_some()), (1, false));
    }

    #[test]
    fn takes_a_namespace_for_cluster_scoped_and_its_own_labels_for_those_that_hold() {
        let of = |group: &str, kind: &str, resource: &str, namespace: &str| {
            let text = format!(
                r#"{{"uid":"1","operation":"CREATE","kind":{{"group":"{group}","version":"v1","kind":"{kind}"}},
                "resource":{{"group":"{group}","version":"v1","resource":"{resource}"}},"namespace":"{namespace}",
                "object":{{"kind":"{kind}","metadata":{{"name":"x","labels":{{"mode":"a"}}}}}}}}"#
            );
            let review = review(&text).expect("a review");
            (review.request.namespaced, review.subject.namespace, review.namespace)
        };
        let own = NamespaceLabels::Known([("mode".to_owned(), "a".to_owned())].into());
        assert_eq!(of("", "Namespace", "namespaces", "x"), (Some(false), String::new(), own));
        let role = of("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", "");
        assert_eq!(role, (Some(false), String::new(), NamespaceLabels::None));
        let (namespaced, namespace, labels) = of("example.com", "Namespace", "namespaces", "shop");
        assert_eq!((namespaced, namespace.as_str()), (Some(true), "shop"), "only the core group's is one");
        assert!(matches!(labels, NamespaceLabels::Unknown(_)), "an object's labels are not its namespace's");
    }

    #[test]
    fn names_what_has_no_object_after_the_request() {
        let text = request("CONNECT", r#","name":"web","subResource":"attach""#);
        let subject = review(&text).expect("a review").subject;
        assert_eq!((subject.api_version.as_str(), subject.kind.as_str()), ("v1", "Pod"));
        assert_eq!((subject.namespace.as_str(), subject.name.as_str()), ("shop", "web"));
        let text = text.replacen(r#""group":"""#, r#""group":"example.com""#, 1);
        assert_eq!(review(&text).expect("a review").subject.api_version, "example.com/v1");
    }
}
