//! Our words to WIT words: the functions that a plugin may call.
//!
//! Each one pays before it works, and answers from memory: no I/O, nothing that waits, nothing that panics.

use portcullis_model::{
    Amount as Exact, Document, FactStatus, Image, ImageState, Kind, NodeId, Resources, SubjectKind,
};
use wasmtime::Result;

use crate::budget::Purse;
use crate::error::Breach;
use crate::path::Path;
use crate::state::{FACTS, FIRST_FACT, Input, OBJECT, State, handle};

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "policy",
    imports: { default: trappable },
});

use portcullis::policy::{documents, facts, request, types, workload};
use types::{Amount, Node};
pub(crate) use types::{Finding, Fix, Query};

/// "Beyond the end" and "not asked yet", as the contract writes them.
const NOTHING: u32 = u32::MAX;

/// Whoever asks this node, which nobody is given, for something ends its own evaluation. What it asks for is why: the guest kit
/// says there what a panic says.
pub(crate) const LAST_WORDS: u32 = u32::MAX;

/// Pays for a text and hands it over.
fn text(purse: &mut Purse, text: &str) -> Result<String> {
    purse.bytes(text.len())?;
    Ok(text.to_owned())
}

fn amount(exact: Exact) -> Amount {
    Amount { state: exact.state as u32, whole: exact.whole, nanos: exact.nanos }
}

impl State {
    /// Pays for a call, then reads from one node.
    #[inline]
    fn node<T: Default>(&mut self, node: Node, read: impl FnOnce(&Document, NodeId) -> T) -> Result<T> {
        self.purse.call()?;
        Ok(self.input.at(node)?.map(|(_, document, node)| read(document, node)).unwrap_or_default())
    }

    /// Pays for a call, then goes from one node to another.
    #[inline]
    fn step(&mut self, node: Node, to: impl FnOnce(&Document, NodeId) -> NodeId) -> Result<Node> {
        self.purse.call()?;
        Ok(self.input.at(node)?.map_or(0, |(number, document, node)| handle(number, to(document, node))))
    }

    /// Pays for a call and for the text that it reads.
    fn node_text(&mut self, node: Node, read: impl FnOnce(&Document, NodeId) -> &str) -> Result<String> {
        self.purse.call()?;
        match self.input.at(node)? {
            Some((_, document, node)) => text(&mut self.purse, read(document, node)),
            None => Ok(String::new()),
        }
    }

    fn request_text(&mut self, read: impl FnOnce(&portcullis_model::Review) -> &str) -> Result<String> {
        self.purse.call()?;
        text(&mut self.purse, read(&self.input.review))
    }

    fn object_node(&mut self, read: impl FnOnce(&portcullis_model::Workload) -> NodeId) -> Result<Node> {
        self.purse.call()?;
        Ok(handle(OBJECT, read(&self.input.workload)))
    }

    fn image_text(&mut self, index: u32, read: impl FnOnce(&Image) -> Option<&str>) -> Result<String> {
        self.purse.call()?;
        let image = self.input.workload.images.get(index as usize);
        text(&mut self.purse, image.and_then(read).unwrap_or_default())
    }

    fn fact_text(&mut self, index: u32, read: impl FnOnce(&portcullis_model::Fact) -> &str) -> Result<String> {
        self.purse.call()?;
        text(&mut self.purse, self.input.facts.get(index as usize).map_or("", read))
    }
}

/// Walks a path from a node, and pays for the walk.
fn select(input: &Input, purse: &mut Purse, node: Node, path: &Path) -> Result<Vec<Node>> {
    let Some((number, document, node)) = input.at(node)? else { return Ok(Vec::new()) };
    let nodes = path.select(document, node, purse)?;
    Ok(nodes.into_iter().map(|node| handle(number, node)).collect())
}

impl types::Host for State {}

impl documents::Host for State {
    fn root(&mut self, source: u32) -> Result<Node> {
        self.purse.call()?;
        let known = source < FIRST_FACT && self.input.document(source).is_some();
        Ok(if known { handle(source, NodeId::ROOT) } else { 0 })
    }

    fn get(&mut self, node: Node, key: u32) -> Result<Node> {
        self.purse.call()?;
        let key = self.declared.keys.get(key as usize).ok_or(Breach::Key(key))?;
        Ok(self.input.at(node)?.map_or(0, |(number, document, node)| handle(number, document.get(node, key))))
    }

    fn find(&mut self, node: Node, key: String) -> Result<Node> {
        self.purse.bytes(key.len())?;
        let found = self.step(node, |document, node| document.find(node, &key));
        if found.is_err() && node == LAST_WORDS {
            self.last_words = Some(key);
        }
        found
    }

    fn at(&mut self, node: Node, index: u32) -> Result<Node> {
        self.step(node, |document, node| document.at(node, index))
    }

    fn key_at(&mut self, node: Node, index: u32) -> Result<String> {
        self.node_text(node, |document, node| match document.kind(node) {
            Kind::Map => document.key_at(node, index),
            _ => "",
        })
    }

    fn len(&mut self, node: Node) -> Result<u32> {
        self.node(node, Document::len)
    }

    fn kind(&mut self, node: Node) -> Result<u32> {
        self.node(node, |document, node| document.kind(node) as u32)
    }

    fn select(&mut self, node: Node, path: u32) -> Result<Vec<Node>> {
        self.purse.call()?;
        let path = self.declared.paths.get(path as usize).ok_or(Breach::Path(path))?;
        select(&self.input, &mut self.purse, node, path)
    }

    fn find_all(&mut self, node: Node, path: String) -> Result<Vec<Node>> {
        self.purse.call()?;
        self.purse.bytes(path.len())?;
        match Path::parse(&path) {
            Some(path) => select(&self.input, &mut self.purse, node, &path),
            // Checked also here, so that a bad handle never passes.
            None => Ok(self.input.at(node).map(|_| Vec::new())?),
        }
    }

    fn text(&mut self, node: Node) -> Result<String> {
        self.node_text(node, Document::text)
    }

    fn boolean(&mut self, node: Node) -> Result<bool> {
        self.node(node, |document, node| document.boolean(node).unwrap_or(false))
    }

    fn number_text(&mut self, node: Node) -> Result<String> {
        self.node_text(node, Document::number_text)
    }

    fn raw(&mut self, node: Node) -> Result<String> {
        self.purse.call()?;
        let Some((_, document, node)) = self.input.at(node)? else { return Ok(String::new()) };
        // A node is at least one byte of JSON, so that a huge subtree is refused before it is written.
        let nodes = document.subtree(node).map_or(0, |subtree| subtree.node_count());
        if u64::from(nodes) > self.purse.bytes_left() {
            self.purse.bytes(usize::MAX)?;
        }
        let json = document.to_json(node);
        self.purse.bytes(json.len())?;
        Ok(json)
    }

    fn pointer(&mut self, node: Node) -> Result<String> {
        self.purse.call()?;
        let pointer = self.input.at(node)?.map_or_else(String::new, |(_, document, node)| document.pointer(node));
        self.purse.bytes(pointer.len())?;
        Ok(pointer)
    }

    fn quantity(&mut self, node: Node) -> Result<Amount> {
        self.purse.call()?;
        let Some((_, document, node)) = self.input.at(node)? else { return Ok(amount(Exact::ABSENT)) };
        let text = match document.kind(node) {
            Kind::None | Kind::Null => return Ok(amount(Exact::ABSENT)),
            Kind::String => document.text(node),
            Kind::Number => document.number_text(node),
            Kind::Bool | Kind::List | Kind::Map => return Ok(amount(Exact::UNREADABLE)),
        };
        self.purse.bytes(text.len())?;
        Ok(amount((self.parse_quantity)(text)))
    }

    fn parse_quantity(&mut self, text: String) -> Result<Amount> {
        self.purse.call()?;
        self.purse.bytes(text.len())?;
        Ok(amount((self.parse_quantity)(&text)))
    }
}

impl request::Host for State {
    fn subject(&mut self) -> Result<String> {
        self.request_text(|review| review.subject.kind_of.as_str())
    }

    fn document_path(&mut self) -> Result<String> {
        self.request_text(|review| match review.subject.kind_of {
            SubjectKind::Document => &review.subject.name,
            SubjectKind::Object => "",
        })
    }

    fn operation(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.operation)
    }

    fn api_group(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.kind.group)
    }

    fn api_version(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.kind.version)
    }

    fn kind(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.kind.kind)
    }

    fn resource(&mut self) -> Result<String> {
        self.request_text(|review| review.request.resource.as_ref().map_or("", |resource| &resource.resource))
    }

    fn subresource(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.subresource)
    }

    fn name(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.name)
    }

    fn namespace(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.namespace)
    }

    fn user(&mut self) -> Result<String> {
        self.request_text(|review| &review.request.user.name)
    }

    fn groups(&mut self) -> Result<Vec<String>> {
        self.purse.call()?;
        let groups = &self.input.review.request.user.groups;
        self.purse.bytes(groups.iter().map(|group| group.len() + 8).sum())?;
        Ok(groups.clone())
    }

    fn dry_run(&mut self) -> Result<bool> {
        self.purse.call()?;
        Ok(self.input.review.request.dry_run)
    }

    fn namespace_labels(&mut self) -> Result<Vec<(String, String)>> {
        self.purse.call()?;
        let Some(labels) = self.input.labels()? else { return Ok(Vec::new()) };
        let hidden = self.input.hidden_label.as_deref();
        let seen = || labels.iter().filter(|(key, _)| Some(key.as_str()) != hidden);
        self.purse.bytes(seen().map(|(key, value)| key.len() + value.len() + 16).sum())?;
        Ok(seen().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn namespace_label(&mut self, key: String) -> Result<Option<String>> {
        self.purse.call()?;
        self.purse.bytes(key.len())?;
        if self.input.hidden_label.as_deref() == Some(key.as_str()) {
            return Ok(None);
        }
        let Some(value) = self.input.labels()?.and_then(|labels| labels.get(&key)) else { return Ok(None) };
        text(&mut self.purse, value).map(Some)
    }

    fn time(&mut self) -> Result<i64> {
        self.purse.call()?;
        Ok(self.input.review.time)
    }
}

impl workload::Host for State {
    fn pod_spec(&mut self) -> Result<Node> {
        self.object_node(|workload| workload.pod_spec)
    }

    fn pod_metadata(&mut self) -> Result<Node> {
        self.object_node(|workload| workload.pod_metadata)
    }

    fn replicas(&mut self) -> Result<i64> {
        self.purse.call()?;
        Ok(self.input.workload.replicas)
    }

    fn replicas_node(&mut self) -> Result<Node> {
        self.object_node(|workload| workload.replicas_node)
    }

    fn container_count(&mut self) -> Result<u32> {
        self.purse.call()?;
        Ok(count(self.input.workload.containers.len()))
    }

    fn container(&mut self, index: u32) -> Result<Node> {
        self.object_node(|workload| workload.containers.get(index as usize).map_or(NodeId::NONE, |found| found.node))
    }

    fn container_name(&mut self, index: u32) -> Result<String> {
        self.purse.call()?;
        let container = self.input.workload.containers.get(index as usize);
        text(&mut self.purse, container.map_or("", |container| &container.name))
    }

    fn container_role(&mut self, index: u32) -> Result<u32> {
        self.purse.call()?;
        Ok(self.input.workload.containers.get(index as usize).map_or(NOTHING, |container| container.role as u32))
    }

    fn container_amounts(&mut self) -> Result<Vec<Amount>> {
        self.purse.call()?;
        let containers = &self.input.workload.containers;
        self.purse.bytes(containers.len() * 6 * size_of::<Amount>())?;
        let mut all = Vec::with_capacity(containers.len() * 6);
        containers.iter().for_each(|container| all.extend(amounts(&container.resources)));
        Ok(all)
    }

    fn pod_amounts(&mut self) -> Result<Vec<Amount>> {
        self.purse.call()?;
        let workload = &self.input.workload;
        if workload.pod_spec.is_none() {
            return Ok(Vec::new());
        }
        Ok(amounts(&workload.pod_resources).collect())
    }

    fn image_count(&mut self) -> Result<u32> {
        self.purse.call()?;
        Ok(count(self.input.workload.images.len()))
    }

    fn image(&mut self, index: u32) -> Result<Node> {
        self.object_node(|workload| workload.images.get(index as usize).map_or(NodeId::NONE, |image| image.node))
    }

    fn image_container(&mut self, index: u32) -> Result<u32> {
        self.purse.call()?;
        Ok(self.input.workload.images.get(index as usize).and_then(|image| image.container).unwrap_or(NOTHING))
    }

    fn image_state(&mut self, index: u32) -> Result<u32> {
        self.purse.call()?;
        Ok(match self.input.workload.images.get(index as usize).map(|image| &image.state) {
            None | Some(ImageState::Absent) => 0,
            Some(ImageState::Exact { .. }) => 1,
            Some(ImageState::Unreadable(_)) => 2,
        })
    }

    fn image_error(&mut self, index: u32) -> Result<String> {
        self.image_text(index, |image| match &image.state {
            ImageState::Unreadable(why) => Some(why),
            _ => None,
        })
    }

    fn image_registry(&mut self, index: u32) -> Result<String> {
        self.image_text(index, |image| match &image.state {
            ImageState::Exact { registry, .. } => Some(registry),
            _ => None,
        })
    }

    fn image_repository(&mut self, index: u32) -> Result<String> {
        self.image_text(index, |image| match &image.state {
            ImageState::Exact { repository, .. } => Some(repository),
            _ => None,
        })
    }

    fn image_tag(&mut self, index: u32) -> Result<String> {
        self.image_text(index, |image| match &image.state {
            ImageState::Exact { tag, .. } => tag.as_deref(),
            _ => None,
        })
    }

    fn image_digest(&mut self, index: u32) -> Result<String> {
        self.image_text(index, |image| match &image.state {
            ImageState::Exact { digest, .. } => digest.as_deref(),
            _ => None,
        })
    }

    fn claim_count(&mut self) -> Result<u32> {
        self.purse.call()?;
        Ok(count(self.input.workload.claims.len()))
    }

    fn claim(&mut self, index: u32) -> Result<Node> {
        self.object_node(|workload| workload.claims.get(index as usize).map_or(NodeId::NONE, |claim| claim.node))
    }

    fn claim_amounts(&mut self) -> Result<Vec<Amount>> {
        self.purse.call()?;
        let claims = &self.input.workload.claims;
        self.purse.bytes(claims.len() * 2 * size_of::<Amount>())?;
        Ok(claims.iter().flat_map(|claim| [amount(claim.request), amount(claim.limit)]).collect())
    }
}

fn amounts(resources: &Resources) -> impl Iterator<Item = Amount> {
    resources.amounts.into_iter().map(amount)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl facts::Host for State {
    fn find(&mut self, kind: String, arguments: String) -> Result<u32> {
        self.purse.call()?;
        self.purse.bytes(kind.len() + arguments.len())?;
        let found = self.answer(&kind, &arguments).or_else(|| {
            // Compared as JSON: most plugins build the same text again, and the others pay for reading it.
            let same = crate::query::canonical(&arguments).ok()?;
            self.answer(&kind, &same)
        });
        Ok(found.map_or(NOTHING, count))
    }

    fn count(&mut self) -> Result<u32> {
        self.purse.call()?;
        Ok(count(self.input.facts.len()))
    }

    fn kind(&mut self, index: u32) -> Result<String> {
        self.fact_text(index, |fact| &fact.query.kind)
    }

    fn arguments(&mut self, index: u32) -> Result<String> {
        self.fact_text(index, |fact| &fact.query.arguments)
    }

    fn status(&mut self, index: u32) -> Result<String> {
        self.fact_text(index, |fact| fact.status.as_str())
    }

    fn reason(&mut self, index: u32) -> Result<String> {
        self.fact_text(index, |fact| match &fact.status {
            FactStatus::Rejected(why) => why,
            FactStatus::Verified | FactStatus::Absent => "",
        })
    }

    fn root(&mut self, index: u32) -> Result<Node> {
        self.purse.call()?;
        let fact = self.input.facts.get(index as usize).filter(|_| (index as usize) < FACTS);
        let verified = fact.filter(|fact| fact.status == FactStatus::Verified && fact.document.is_some());
        Ok(verified.map_or(0, |_| handle(FIRST_FACT + index, NodeId::ROOT)))
    }
}
