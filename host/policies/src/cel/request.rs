//! What a condition sees: the object, the old object, and the request as Kubernetes shows it to CEL.

use std::borrow::Cow;

use portcullis_cel::{Answer, Documents, Given, NodeKind};
use portcullis_model::{Document, Kind, NamespaceLabels, NodeId, Review};

/// Bits of a node's number: no document has more nodes (`portcullis_model::Limits::nodes`).
const BITS: u32 = 24;
/// The documents of a review, by the number above those bits.
const OBJECT: u32 = 0;
const OLD_OBJECT: u32 = 1;
const OPTIONS: u32 = 2;
const REQUEST: u32 = 3;

/// One review as conditions see it. Nothing is copied.
pub(crate) struct Input<'r> {
    review: &'r Review,
}

impl<'r> Input<'r> {
    pub(crate) fn new(review: &'r Review) -> Self {
        Self { review }
    }

    fn document(&self, number: u32) -> Option<&Document> {
        match number {
            OBJECT => self.review.object.as_ref(),
            OLD_OBJECT => self.review.old_object.as_ref(),
            OPTIONS => self.review.options.as_ref(),
            REQUEST => self.review.request_document.as_ref(),
            _ => None,
        }
    }

    /// The document of a node, and the node in it; none where there is none.
    fn at_node(&self, node: u32) -> Option<(&Document, NodeId)> {
        let id = NodeId(node & ((1 << BITS) - 1));
        self.document(node >> BITS).filter(|_| !id.is_none()).map(|document| (document, id))
    }

    /// Another node of the same document.
    fn beside(node: u32, found: NodeId) -> u32 {
        if found.is_none() || found.0 >> BITS != 0 { 0 } else { node >> BITS << BITS | found.0 }
    }

    /// A member of the request as the API server sent it. A file has none.
    fn sent(&self, path: &[&str]) -> Option<Answer> {
        let found = self.review.request_document.as_ref()?.walk(NodeId::ROOT, path);
        let node = Self::beside(REQUEST << BITS, found);
        Some(if node == 0 || self.kind(node) == NodeKind::Null { Answer::Absent } else { Answer::Node(node) })
    }

    /// The same where that member is there at all: what the client asked for, before the API server converted it.
    fn sent_in(&self, member: &str, key: &str) -> Option<Answer> {
        match self.sent(&[member])? {
            Answer::Absent => None,
            _ if key.is_empty() => self.sent(&[member]),
            _ => self.sent(&[member, key]),
        }
    }
}

impl Documents for Input<'_> {
    fn root(&self, number: u8) -> u32 {
        let number = if number == 0 { OBJECT } else { OLD_OBJECT };
        if self.document(number).is_some() { number << BITS | NodeId::ROOT.0 } else { 0 }
    }
    fn kind(&self, node: u32) -> NodeKind {
        match self.at_node(node).map(|(document, id)| document.kind(id)) {
            None | Some(Kind::None) => NodeKind::None,
            Some(Kind::Null) => NodeKind::Null,
            Some(Kind::Bool) => NodeKind::Bool,
            Some(Kind::Number) => NodeKind::Number,
            Some(Kind::String) => NodeKind::Text,
            Some(Kind::List) => NodeKind::List,
            Some(Kind::Map) => NodeKind::Map,
        }
    }
    fn len(&self, node: u32) -> u32 {
        self.at_node(node).map_or(0, |(document, id)| document.len(id))
    }
    fn at(&self, node: u32, position: u32) -> u32 {
        self.at_node(node).map_or(0, |(document, id)| Self::beside(node, document.at(id, position)))
    }
    fn key_at(&self, node: u32, position: u32) -> Cow<'_, str> {
        self.at_node(node).map_or("", |(document, id)| document.key_at(id, position)).into()
    }
    fn find(&self, node: u32, key: &str) -> u32 {
        self.at_node(node).map_or(0, |(document, id)| Self::beside(node, document.find(id, key)))
    }
    fn text(&self, node: u32) -> Cow<'_, str> {
        self.at_node(node).map_or("", |(document, id)| document.text(id)).into()
    }
    fn number(&self, node: u32) -> Cow<'_, str> {
        self.at_node(node).map_or("", |(document, id)| document.number_text(id)).into()
    }
    fn boolean(&self, node: u32) -> bool {
        self.at_node(node).is_some_and(|(document, id)| document.boolean(id).unwrap_or_default())
    }

    /// With the members that Kubernetes' own JSON has: empty texts are absent, except that the user of a file is nobody (an
    /// empty name, no groups) rather than unknown.
    fn given(&self, given: Given) -> Answer {
        let request = &self.review.request;
        let text = |text: &str| Answer::Text(text.to_owned());
        let unless_empty = |text: &str| if text.is_empty() { Answer::Absent } else { Answer::Text(text.to_owned()) };
        let resource = request.resource.as_ref();
        let of_resource = |part: Option<&String>| part.map_or(Answer::Absent, |part| Answer::Text(part.clone()));
        match given {
            Given::KindGroup => text(&request.kind.group),
            Given::KindVersion => text(&request.kind.version),
            Given::KindKind => text(&request.kind.kind),
            Given::ResourceGroup => of_resource(resource.map(|resource| &resource.group)),
            Given::ResourceVersion => of_resource(resource.map(|resource| &resource.version)),
            Given::Resource => of_resource(resource.map(|resource| &resource.resource)),
            Given::SubResource => unless_empty(&request.subresource),
            Given::RequestKindGroup => {
                self.sent_in("requestKind", "group").unwrap_or_else(|| text(&request.kind.group))
            }
            Given::RequestKindVersion => {
                self.sent_in("requestKind", "version").unwrap_or_else(|| text(&request.kind.version))
            }
            Given::RequestKindKind => self.sent_in("requestKind", "kind").unwrap_or_else(|| text(&request.kind.kind)),
            Given::RequestResourceGroup => self
                .sent_in("requestResource", "group")
                .unwrap_or_else(|| of_resource(resource.map(|resource| &resource.group))),
            Given::RequestResourceVersion => self
                .sent_in("requestResource", "version")
                .unwrap_or_else(|| of_resource(resource.map(|resource| &resource.version))),
            Given::RequestResource => self
                .sent_in("requestResource", "resource")
                .unwrap_or_else(|| of_resource(resource.map(|resource| &resource.resource))),
            Given::RequestSubResource => {
                self.sent_in("requestSubResource", "").unwrap_or_else(|| unless_empty(&request.subresource))
            }
            Given::Name => unless_empty(&request.name),
            Given::Namespace => match &self.review.namespace {
                NamespaceLabels::Unknown(why) if request.namespace.is_empty() => Answer::Unknown(why.clone()),
                _ => unless_empty(&request.namespace),
            },
            Given::Operation => unless_empty(&request.operation),
            Given::Username => self.sent_in("userInfo", "username").unwrap_or_else(|| text(&request.user.name)),
            Given::UserId => self.sent_in("userInfo", "uid").unwrap_or_else(|| unless_empty(&request.user.uid)),
            Given::UserExtra => self.sent_in("userInfo", "extra").unwrap_or(Answer::Absent),
            Given::Groups => {
                self.sent_in("userInfo", "groups").unwrap_or_else(|| Answer::Texts(request.user.groups.clone()))
            }
            Given::DryRun => Answer::Bool(request.dry_run),
            Given::Options => self.sent_in("options", "").unwrap_or(match self.review.options {
                Some(_) => Answer::Node(OPTIONS << BITS | NodeId::ROOT.0),
                None => Answer::Absent,
            }),
            Given::NamespaceName | Given::NamespaceLabels => Answer::Absent,
        }
    }
    fn namespaced(&self) -> bool {
        false
    }
    fn whole(&self) -> bool {
        true
    }
}
