//! The contract's imports, answered natively for the scene in hand by the crates that answer them in the host.
//!
//! Like the host, it ends the test when a plugin uses a handle or an index that was never given out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcullis_model::{Document, Key, NodeId, Workload};

use crate::testing::scene::Scene;

/// Handles carry the number of their document above these bits.
const NODE_BITS: u32 = 24;

struct Session {
    scene: Scene,
    /// The object, the old object, the options, then the documents of the facts.
    documents: Vec<Option<Document>>,
    workload: Workload,
    keys: Vec<Key>,
    paths: &'static [&'static str],
}

thread_local! {
    static SESSION: RefCell<Option<Rc<Session>>> = const { RefCell::new(None) };
    /// Calls of imports since the scene began.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

/// Lets the imports answer for a scene while something runs.
pub(crate) fn with<T>(scene: &Scene, keys: &[&str], paths: &'static [&'static str], run: impl FnOnce() -> T) -> T {
    let review = &scene.review;
    let mut documents = vec![review.object.clone(), review.old_object.clone(), review.options.clone()];
    documents.extend(scene.facts.iter().map(|fact| fact.document.clone()));
    let session = Session {
        workload: portcullis_subject::workload::view(review, &[]),
        documents,
        keys: keys.iter().map(|key| Key::new(*key)).collect(),
        paths,
        scene: scene.clone(),
    };
    SESSION.set(Some(Rc::new(session)));
    CALLS.set(0);
    let answer = run();
    SESSION.set(None);
    answer
}

/// Whether a handle is one of the object.
pub(crate) fn in_object(handle: u32) -> bool {
    handle >> NODE_BITS == 0
}

/// How often the last scene was asked something.
pub(crate) fn calls() -> u32 {
    CALLS.get()
}

/// What the scene in hand knows; each import asks for it once.
fn session() -> Rc<Session> {
    CALLS.set(CALLS.get() + 1);
    SESSION.with_borrow(|session| session.clone()).expect("a plugin reads only while a scene is judged")
}

impl Session {
    /// A document and a node of it; nothing for none.
    fn at(&self, handle: u32) -> Option<(usize, &Document, NodeId)> {
        if handle == 0 {
            return None;
        }
        let source = (handle >> NODE_BITS) as usize;
        let node = NodeId(handle & ((1 << NODE_BITS) - 1));
        let document = self.documents.get(source).and_then(Option::as_ref);
        let document = document.filter(|document| document.contains(node) && !node.is_none());
        Some((source, document.expect("only handles that were given out are used"), node))
    }

    fn handle(source: usize, node: NodeId) -> u32 {
        if node.is_none() { 0 } else { ((source as u32) << NODE_BITS) | node.0 }
    }

    fn step(&self, handle: u32, step: impl FnOnce(&Document, NodeId) -> NodeId) -> u32 {
        self.at(handle).map_or(0, |(source, document, node)| Self::handle(source, step(document, node)))
    }

    fn read<T: Default>(&self, handle: u32, read: impl FnOnce(&Document, NodeId) -> T) -> T {
        self.at(handle).map_or_else(T::default, |(_, document, node)| read(document, node))
    }

    fn reach(&self, handle: u32, path: &str) -> Vec<u32> {
        let Some((source, document, node)) = self.at(handle) else { return Vec::new() };
        if !path.is_empty() && !path.starts_with('/') {
            return Vec::new();
        }
        let mut reached = vec![node];
        for segment in path.split('/').skip(1) {
            let below = reached.into_iter().flat_map(|node| match segment {
                "*" => document.items(node).collect(),
                _ => {
                    let (found, exists) = document.resolve(node, &format!("/{}", segment.replace("~2", "*")));
                    if exists { vec![found] } else { Vec::new() }
                }
            });
            reached = below.collect();
        }
        reached.into_iter().map(|node| Self::handle(source, node)).collect()
    }

    fn root(&self, source: usize) -> u32 {
        let there = self.documents.get(source).is_some_and(Option::is_some);
        if there { Self::handle(source, NodeId::ROOT) } else { 0 }
    }
}

fn amount(amount: portcullis_model::Amount) -> crate::contract::portcullis::policy::types::Amount {
    crate::contract::portcullis::policy::types::Amount {
        state: amount.state as u32,
        whole: amount.whole,
        nanos: amount.nanos,
    }
}

pub(crate) mod documents {
    use super::{amount, session};
    use crate::contract::portcullis::policy::types::Amount;
    use portcullis_subject::quantity;

    pub fn root(source: u32) -> u32 {
        if source < 3 { session().root(source as usize) } else { 0 }
    }
    pub fn get(node: u32, key: u32) -> u32 {
        let session = session();
        let key = session.keys.get(key as usize).expect("only declared keys are read");
        session.step(node, |document, node| document.get(node, key))
    }
    pub fn find(node: u32, key: &str) -> u32 {
        session().step(node, |document, node| document.find(node, key))
    }
    pub fn at(node: u32, index: u32) -> u32 {
        session().step(node, |document, node| document.at(node, index))
    }
    pub fn key_at(node: u32, index: u32) -> String {
        session().read(node, |document, node| {
            if document.entries(node).next().is_some() {
                document.key_at(node, index).to_owned()
            } else {
                String::new()
            }
        })
    }
    pub fn len(node: u32) -> u32 {
        session().read(node, |document, node| document.len(node))
    }
    pub fn kind(node: u32) -> u32 {
        session().read(node, |document, node| document.kind(node) as u32)
    }
    pub fn select(node: u32, path: u32) -> Vec<u32> {
        let session = session();
        session.reach(node, session.paths.get(path as usize).expect("only declared paths are selected"))
    }
    pub fn find_all(node: u32, path: &str) -> Vec<u32> {
        session().reach(node, path)
    }
    pub fn text(node: u32) -> String {
        session().read(node, |document, node| document.text(node).to_owned())
    }
    pub fn boolean(node: u32) -> bool {
        session().read(node, |document, node| document.boolean(node).unwrap_or_default())
    }
    pub fn number_text(node: u32) -> String {
        session().read(node, |document, node| document.number_text(node).to_owned())
    }
    pub fn raw(node: u32) -> String {
        session().read(node, |document, node| document.to_json(node))
    }
    pub fn pointer(node: u32) -> String {
        session().read(node, |document, node| document.pointer(node))
    }
    pub fn quantity(node: u32) -> Amount {
        let found = session().at(node).map(|(_, document, node)| quantity::at(document, node));
        amount(found.unwrap_or(portcullis_model::Amount::ABSENT))
    }
    /// Also in `prepare`, where there is no scene.
    pub fn parse_quantity(text: &str) -> Amount {
        amount(quantity::parse(text).unwrap_or(portcullis_model::Amount::UNREADABLE))
    }
}

pub(crate) mod request {
    use super::session;
    use portcullis_model::{NamespaceLabels, Request};

    fn of<T>(read: impl FnOnce(&Request) -> T) -> T {
        read(&session().scene.review.request)
    }

    pub fn subject() -> String {
        session().scene.review.subject.kind_of.as_str().to_owned()
    }
    pub fn document_path() -> String {
        let session = session();
        let subject = &session.scene.review.subject;
        if subject.kind_of.as_str() == "document" { subject.name.clone() } else { String::new() }
    }
    pub fn operation() -> String {
        of(|request| request.operation.clone())
    }
    pub fn api_group() -> String {
        of(|request| request.kind.group.clone())
    }
    pub fn api_version() -> String {
        of(|request| request.kind.version.clone())
    }
    pub fn kind() -> String {
        of(|request| request.kind.kind.clone())
    }
    pub fn resource() -> String {
        of(|request| request.resource.as_ref().map(|resource| resource.resource.clone()).unwrap_or_default())
    }
    pub fn subresource() -> String {
        of(|request| request.subresource.clone())
    }
    pub fn name() -> String {
        of(|request| request.name.clone())
    }
    pub fn namespace() -> String {
        of(|request| request.namespace.clone())
    }
    pub fn user() -> String {
        of(|request| request.user.name.clone())
    }
    pub fn groups() -> Vec<String> {
        of(|request| request.user.groups.clone())
    }
    pub fn dry_run() -> bool {
        of(|request| request.dry_run)
    }
    pub fn namespace_labels() -> Vec<(String, String)> {
        match &session().scene.review.namespace {
            NamespaceLabels::Known(labels) => labels.clone().into_iter().collect(),
            NamespaceLabels::None | NamespaceLabels::Unknown(_) => Vec::new(),
        }
    }
    pub fn namespace_label(key: &str) -> Option<String> {
        namespace_labels().into_iter().find(|(label, _)| label == key).map(|(_, value)| value)
    }
    pub fn time() -> i64 {
        session().scene.review.time
    }
}

pub(crate) mod workload {
    use super::{Session, amount, session};
    use crate::contract::portcullis::policy::types::Amount;
    use portcullis_model::{Container, Image, ImageState, NodeId, Workload};

    fn of<T>(read: impl FnOnce(&Workload) -> T) -> T {
        read(&session().workload)
    }
    fn node(read: impl FnOnce(&Workload) -> NodeId) -> u32 {
        Session::handle(0, of(read))
    }
    fn container_of<T>(index: u32, otherwise: T, read: impl FnOnce(&Container) -> T) -> T {
        of(|workload| workload.containers.get(index as usize).map_or(otherwise, read))
    }
    fn image_of<T>(index: u32, otherwise: T, read: impl FnOnce(&Image) -> T) -> T {
        of(|workload| workload.images.get(index as usize).map_or(otherwise, read))
    }
    fn part(index: u32, read: impl FnOnce(&str, &str, Option<&str>, Option<&str>) -> String) -> String {
        image_of(index, String::new(), |image| match &image.state {
            ImageState::Exact { registry, repository, tag, digest } => {
                read(registry, repository, tag.as_deref(), digest.as_deref())
            }
            ImageState::Absent | ImageState::Unreadable(_) => String::new(),
        })
    }

    pub fn pod_spec() -> u32 {
        node(|workload| workload.pod_spec)
    }
    pub fn pod_metadata() -> u32 {
        node(|workload| workload.pod_metadata)
    }
    pub fn replicas() -> i64 {
        of(|workload| workload.replicas)
    }
    pub fn replicas_node() -> u32 {
        node(|workload| workload.replicas_node)
    }
    pub fn container_count() -> u32 {
        of(|workload| workload.containers.len() as u32)
    }
    pub fn container(index: u32) -> u32 {
        Session::handle(0, container_of(index, NodeId::NONE, |container| container.node))
    }
    pub fn container_name(index: u32) -> String {
        container_of(index, String::new(), |container| container.name.clone())
    }
    pub fn container_role(index: u32) -> u32 {
        container_of(index, u32::MAX, |container| container.role as u32)
    }
    pub fn container_amounts() -> Vec<Amount> {
        let six = |container: &Container| container.resources.amounts.map(amount);
        of(|workload| workload.containers.iter().flat_map(six).collect())
    }
    pub fn pod_amounts() -> Vec<Amount> {
        of(|workload| match workload.pod_spec.is_none() {
            true => Vec::new(),
            false => workload.pod_resources.amounts.map(amount).to_vec(),
        })
    }
    pub fn image_count() -> u32 {
        of(|workload| workload.images.len() as u32)
    }
    pub fn image(index: u32) -> u32 {
        Session::handle(0, image_of(index, NodeId::NONE, |image| image.node))
    }
    pub fn image_container(index: u32) -> u32 {
        image_of(index, u32::MAX, |image| image.container.unwrap_or(u32::MAX))
    }
    pub fn image_state(index: u32) -> u32 {
        image_of(index, 0, |image| match image.state {
            ImageState::Absent => 0,
            ImageState::Exact { .. } => 1,
            ImageState::Unreadable(_) => 2,
        })
    }
    pub fn image_error(index: u32) -> String {
        image_of(index, String::new(), |image| match &image.state {
            ImageState::Unreadable(reason) => reason.clone(),
            ImageState::Absent | ImageState::Exact { .. } => String::new(),
        })
    }
    pub fn image_registry(index: u32) -> String {
        part(index, |registry, _, _, _| registry.to_owned())
    }
    pub fn image_repository(index: u32) -> String {
        part(index, |_, repository, _, _| repository.to_owned())
    }
    pub fn image_tag(index: u32) -> String {
        part(index, |_, _, tag, _| tag.unwrap_or_default().to_owned())
    }
    pub fn image_digest(index: u32) -> String {
        part(index, |_, _, _, digest| digest.unwrap_or_default().to_owned())
    }
    pub fn claim(index: u32) -> u32 {
        node(|workload| workload.claims.get(index as usize).map_or(NodeId::NONE, |claim| claim.node))
    }
    pub fn claim_amounts() -> Vec<Amount> {
        of(|workload| workload.claims.iter().flat_map(|claim| [amount(claim.request), amount(claim.limit)]).collect())
    }
}

pub(crate) mod facts {
    use super::session;
    use crate::testing::scene::same_json;
    use portcullis_model::{Fact, FactStatus};

    fn of<T: Default>(index: u32, read: impl FnOnce(&Fact) -> T) -> T {
        session().scene.facts.get(index as usize).map(read).unwrap_or_default()
    }

    pub fn find(kind: &str, arguments: &str) -> u32 {
        let same = |fact: &Fact| fact.query.kind == kind && fact.query.arguments == same_json(arguments);
        session().scene.facts.iter().position(same).map_or(u32::MAX, |position| position as u32)
    }
    pub fn count() -> u32 {
        session().scene.facts.len() as u32
    }
    pub fn kind(index: u32) -> String {
        of(index, |fact| fact.query.kind.clone())
    }
    pub fn arguments(index: u32) -> String {
        of(index, |fact| fact.query.arguments.clone())
    }
    pub fn status(index: u32) -> String {
        of(index, |fact| fact.status.as_str().to_owned())
    }
    pub fn reason(index: u32) -> String {
        of(index, |fact| match &fact.status {
            FactStatus::Rejected(reason) => reason.clone(),
            FactStatus::Verified | FactStatus::Absent => String::new(),
        })
    }
    pub fn root(index: u32) -> u32 {
        session().root(3 + index as usize)
    }
}
