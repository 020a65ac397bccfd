//! The review in hand, as expressions see it.

use std::borrow::Cow;

use portcullis_cel::{Answer, Documents, Given, NodeKind};
use portcullis_sdk::{Kind, Node, Review};

/// The review in hand. Every question goes to the host.
pub(crate) struct Hand(pub(crate) Review);

impl Documents for Hand {
    fn root(&self, number: u8) -> u32 {
        if number == 0 { self.0.object().number() } else { self.0.old_object().number() }
    }
    fn kind(&self, node: u32) -> NodeKind {
        match Node::numbered(node).kind() {
            Kind::None => NodeKind::None,
            Kind::Null => NodeKind::Null,
            Kind::Bool => NodeKind::Bool,
            Kind::Number => NodeKind::Number,
            Kind::String => NodeKind::Text,
            Kind::List => NodeKind::List,
            Kind::Map => NodeKind::Map,
        }
    }
    fn len(&self, node: u32) -> u32 {
        Node::numbered(node).len()
    }
    fn at(&self, node: u32, position: u32) -> u32 {
        Node::numbered(node).at(position).number()
    }
    fn key_at(&self, node: u32, position: u32) -> Cow<'_, str> {
        Node::numbered(node).key_at(position).into()
    }
    fn find(&self, node: u32, key: &str) -> u32 {
        Node::numbered(node).find(key).number()
    }
    fn text(&self, node: u32) -> Cow<'_, str> {
        Node::numbered(node).text().into()
    }
    fn number(&self, node: u32) -> Cow<'_, str> {
        Node::numbered(node).number_text().into()
    }
    fn boolean(&self, node: u32) -> bool {
        Node::numbered(node).boolean()
    }
    fn given(&self, given: Given) -> Answer {
        let request = self.0.request();
        // The API server leaves out what is empty, except inside of kind and resource.
        let unless_empty = |text: String| if text.is_empty() { Answer::Absent } else { Answer::Text(text) };
        match given {
            Given::KindGroup | Given::ResourceGroup => Answer::Text(request.api_group()),
            Given::KindVersion | Given::ResourceVersion => Answer::Text(request.api_version()),
            Given::KindKind => Answer::Text(request.kind()),
            Given::Resource => Answer::Text(request.resource()),
            Given::SubResource => unless_empty(request.subresource()),
            Given::Name => unless_empty(request.name()),
            Given::Namespace | Given::NamespaceName => {
                let namespace = request.namespace();
                if namespace.is_empty() {
                    // Where nobody knows into which one it goes, the host ends the evaluation here.
                    request.namespace_labels();
                }
                unless_empty(namespace)
            }
            Given::Operation => Answer::Text(request.operation()),
            Given::Username => unless_empty(request.user()),
            Given::Groups => match request.groups() {
                groups if groups.is_empty() => Answer::Absent,
                groups => Answer::Texts(groups),
            },
            Given::DryRun => Answer::Bool(request.dry_run()),
            Given::Options => match self.0.options() {
                Node::NONE => Answer::Absent,
                options => Answer::Node(options.number()),
            },
            Given::NamespaceLabels => match request.namespace_labels() {
                labels if labels.is_empty() => Answer::Absent,
                labels => Answer::Pairs(labels),
            },
            // The contract of plugins does not tell the rest.
            _ => Answer::Absent,
        }
    }
    fn namespaced(&self) -> bool {
        let request = self.0.request();
        // As the API server does (validating/dispatcher.go): a Namespace has no namespace, though requests about it name one.
        if request.kind() == "Namespace" && request.api_group().is_empty() {
            return false;
        }
        // Where an object names no namespace though it must lie in one, the host ends the evaluation rather than say "none".
        !request.namespace().is_empty() || !request.namespace_labels().is_empty()
    }
}
