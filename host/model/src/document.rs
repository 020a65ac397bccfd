//! A tree parsed once: nodes, keys, paths and their places; read-only.
//!
//! Nodes lie in one arena in the order of the text, so the nodes of a subtree are neighbours. A [`Document`] is a cheap
//! view of one subtree: an AdmissionReview is parsed once, and its `object` and `oldObject` are two views of one arena.
//! Node numbers count from the view's own root, so that a plugin sees the same numbers at both doors.

use std::fmt;
use std::sync::Arc;

pub use crate::builder::{BuildError, DocumentBuilder, Limits};
use crate::canonical::json_string;
use crate::place::{Place, Source, Span};

/// Maps with more entries than this keep an index ordered by hash.
pub(crate) const INDEXED_FROM: usize = 16;
/// The offset that stands for "no place".
pub(crate) const NOWHERE: Span = Span { start: u32::MAX, end: u32::MAX };

/// A node of a [`Document`]: `0` is none, `1` the root of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The place that is not there.
    pub const NONE: NodeId = NodeId(0);
    /// The root of every view.
    pub const ROOT: NodeId = NodeId(1);

    /// Whether this is the place that is not there.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// What stands at a node; the numbers are those of the contract (`wit/types.wit`, `node-kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Nothing is there.
    None = 0,
    /// JSON `null`.
    Null = 1,
    /// JSON `true` or `false`.
    Bool = 2,
    /// A JSON number, kept as text.
    Number = 3,
    /// A string.
    String = 4,
    /// A JSON array.
    List = 5,
    /// A JSON object.
    Map = 6,
}

/// A key with its hash, made once and looked up often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    text: String,
    hash: u32,
}

impl Key {
    /// Interns a key.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let hash = hash(&text);
        Self { text, hash }
    }

    /// The key itself.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Arena index of the parent, `u32::MAX` at the top.
    pub(crate) parent: u32,
    /// Position among the siblings.
    pub(crate) position: u32,
    /// Arena index after the last node of this subtree.
    pub(crate) end: u32,
    /// The key in the arena's text; empty for items of lists.
    pub(crate) key: Span,
    pub(crate) key_hash: u32,
    /// Scalars: a span of the arena's text (booleans: `start` is 0 or 1). Containers: a range of `children`.
    pub(crate) value: Span,
    pub(crate) place: Span,
    pub(crate) key_place: Span,
}

pub(crate) struct Arena {
    pub(crate) nodes: Vec<Node>,
    pub(crate) children: Vec<u32>,
    pub(crate) text: String,
    pub(crate) source: Option<Arc<Source>>,
    /// What was read from another source: from that node on, until the next.
    pub(crate) others: Vec<(u32, Option<Arc<Source>>)>,
}

/// A read-only tree, or a subtree of one; cloning it is cheap.
#[derive(Clone)]
pub struct Document {
    pub(crate) arena: Arc<Arena>,
    pub(crate) root: u32,
}

impl Document {
    /// The number of nodes of this view; node numbers run from 1 to this.
    pub fn node_count(&self) -> u32 {
        self.arena.nodes[self.root as usize].end - self.root
    }

    /// Whether this node is none or belongs to this view.
    pub fn contains(&self, node: NodeId) -> bool {
        node.0 <= self.node_count()
    }

    /// The view of one subtree. Nothing for none and for a node of elsewhere.
    pub fn subtree(&self, node: NodeId) -> Option<Document> {
        self.index(node).map(|index| Document { arena: Arc::clone(&self.arena), root: index })
    }

    /// The text that this was read from, where it is kept.
    pub fn source(&self) -> Option<&Arc<Source>> {
        self.arena.source.as_ref()
    }

    /// What stands at a node.
    pub fn kind(&self, node: NodeId) -> Kind {
        self.node(node).map_or(Kind::None, |n| n.kind)
    }

    /// The value under an interned key.
    pub fn get(&self, node: NodeId, key: &Key) -> NodeId {
        self.lookup(node, &key.text, key.hash)
    }

    /// The value under a key.
    pub fn find(&self, node: NodeId, key: &str) -> NodeId {
        self.lookup(node, key, hash(key))
    }

    /// The value at the end of a chain of keys.
    pub fn walk(&self, node: NodeId, keys: &[&str]) -> NodeId {
        keys.iter().fold(node, |at, key| self.find(at, key))
    }

    /// The text at the end of a chain of keys; nothing where there is no string.
    pub fn string(&self, node: NodeId, keys: &[&str]) -> Option<&str> {
        let found = self.walk(node, keys);
        (self.kind(found) == Kind::String).then(|| self.text(found))
    }

    /// The item or the value of the entry at a position, in the order of the text.
    pub fn at(&self, node: NodeId, position: u32) -> NodeId {
        self.children(node).get(position as usize).map_or(NodeId::NONE, |&index| self.id(index))
    }

    /// The number of items or entries; 0 for anything else.
    pub fn len(&self, node: NodeId) -> u32 {
        self.children(node).len() as u32
    }

    /// All items or entry values, in the order of the text.
    pub fn items(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(node).iter().map(|&index| self.id(index))
    }

    /// All entries of a map, in the order of the text.
    pub fn entries(&self, node: NodeId) -> impl Iterator<Item = (&str, NodeId)> + '_ {
        let map = self.kind(node) == Kind::Map;
        self.children(node).iter().filter(move |_| map).map(|&index| (self.key_text(index), self.id(index)))
    }

    /// The key of a map's entry by position; empty where there is none.
    pub fn key_at(&self, node: NodeId, position: u32) -> &str {
        self.children(node).get(position as usize).map_or("", |&index| self.key_text(index))
    }

    /// The key that a node stands under; nothing for items of lists and for the root of the view.
    pub fn key(&self, node: NodeId) -> Option<&str> {
        let parent = self.parent(node);
        (self.kind(parent) == Kind::Map).then(|| self.index(node).map_or("", |index| self.key_text(index)))
    }

    /// The node around this one; none for the root of the view.
    pub fn parent(&self, node: NodeId) -> NodeId {
        match self.index(node) {
            Some(index) if index != self.root => self.id(self.arena.nodes[index as usize].parent),
            _ => NodeId::NONE,
        }
    }

    /// The text of a string; empty for anything else.
    pub fn text(&self, node: NodeId) -> &str {
        self.scalar(node, Kind::String)
    }

    /// The JSON text of a number; empty for anything else.
    pub fn number_text(&self, node: NodeId) -> &str {
        self.scalar(node, Kind::Number)
    }

    /// The value of a boolean; nothing for anything else.
    pub fn boolean(&self, node: NodeId) -> Option<bool> {
        self.node(node).filter(|n| n.kind == Kind::Bool).map(|n| n.value.start == 1)
    }

    /// The JSON Pointer (RFC 6901) of a node from the root of this view.
    pub fn pointer(&self, node: NodeId) -> String {
        let mut segments = Vec::new();
        let mut at = node;
        while let Some(n) = self.node(at).filter(|_| at != NodeId::ROOT) {
            let parent = self.parent(at);
            segments.push(match self.kind(parent) {
                Kind::Map => self.arena_text(n.key).replace('~', "~0").replace('/', "~1"),
                _ => n.position.to_string(),
            });
            at = parent;
        }
        segments.iter().rev().flat_map(|segment| ["/", segment.as_str()]).collect()
    }

    /// The node at a JSON Pointer (RFC 6901), and whether all of it exists: otherwise the nearest existing ancestor.
    pub fn resolve(&self, node: NodeId, pointer: &str) -> (NodeId, bool) {
        let mut at = node;
        for segment in pointer.split('/').skip(1) {
            let next = match self.kind(at) {
                Kind::List => list_index(segment).map_or(NodeId::NONE, |position| self.at(at, position)),
                _ => self.find(at, &segment.replace("~1", "/").replace("~0", "~")),
            };
            if next.is_none() {
                return (at, false);
            }
            at = next;
        }
        (at, true)
    }

    /// The place to show a person: a scalar's own, a key's for a map or list that stands under one.
    pub fn place(&self, node: NodeId) -> Option<Place> {
        let n = self.node(node)?;
        let container = matches!(n.kind, Kind::Map | Kind::List) || n.place.start == n.place.end;
        let span = if container && n.key_place != NOWHERE { n.key_place } else { n.place };
        self.place_of(node, span)
    }

    /// The place of the key that a node stands under.
    pub fn key_place(&self, node: NodeId) -> Option<Place> {
        self.place_of(node, self.node(node)?.key_place)
    }

    /// The place of a node's whole value.
    pub fn value_place(&self, node: NodeId) -> Option<Place> {
        self.place_of(node, self.node(node)?.place)
    }

    /// Appends the subtree as JSON text without white space.
    pub fn write_json(&self, node: NodeId, out: &mut String) {
        self.write_json_with(node, out, |_| None);
    }

    /// The same, with a text in the place of each value for which `instead` has one.
    pub fn write_json_with(&self, node: NodeId, out: &mut String, instead: impl Fn(NodeId) -> Option<&'static str>) {
        // A walk with its own stack: depth is bounded by the reader, but never by this thread's stack.
        let Some(start) = self.index(node) else { return };
        let end = self.arena.nodes[start as usize].end;
        let mut open: Vec<(u32, char)> = Vec::new();
        let mut next = start;
        while next < end {
            let index = next;
            let n = &self.arena.nodes[index as usize];
            next += 1;
            while let Some((_, close)) = open.pop_if(|(until, _)| *until <= index) {
                out.push(close);
            }
            if index != start && n.position > 0 {
                out.push(',');
            }
            if index != start && open.last().is_some_and(|&(_, close)| close == '}') {
                json_string(self.arena_text(n.key), out);
                out.push(':');
            }
            if let Some(text) = instead(self.id(index)) {
                json_string(text, out);
                next = n.end;
                continue;
            }
            match n.kind {
                Kind::None | Kind::Null => out.push_str("null"),
                Kind::Bool => out.push_str(if n.value.start == 1 { "true" } else { "false" }),
                Kind::Number => out.push_str(self.arena_text(n.value)),
                Kind::String => json_string(self.arena_text(n.value), out),
                Kind::List | Kind::Map => {
                    let (first, close) = if n.kind == Kind::Map { ('{', '}') } else { ('[', ']') };
                    out.push(first);
                    open.push((n.end, close));
                }
            }
        }
        out.extend(open.iter().rev().map(|&(_, close)| close));
    }

    /// The subtree as JSON text without white space; empty for none.
    pub fn to_json(&self, node: NodeId) -> String {
        let mut out = String::new();
        self.write_json(node, &mut out);
        out
    }

    fn place_of(&self, node: NodeId, span: Span) -> Option<Place> {
        let index = self.index(node)?;
        let other = self.arena.others.iter().rev().find(|(first, _)| *first <= index);
        let source = other.map_or(self.arena.source.as_ref(), |(_, source)| source.as_ref())?;
        (span != NOWHERE).then(|| Place { source: Arc::clone(source), span })
    }

    fn lookup(&self, node: NodeId, key: &str, hash: u32) -> NodeId {
        let Some(n) = self.node(node).filter(|n| n.kind == Kind::Map) else { return NodeId::NONE };
        let children = self.children(node);
        let found = if children.len() > INDEXED_FROM {
            let from = n.value.end as usize;
            let index = &self.arena.children[from..from + children.len()];
            let order = |&child: &u32| {
                let child = &self.arena.nodes[child as usize];
                child.key_hash.cmp(&hash).then_with(|| self.arena_text(child.key).cmp(key))
            };
            index.binary_search_by(order).ok().map(|at| index[at])
        } else {
            let same = |&&child: &&u32| {
                let child = &self.arena.nodes[child as usize];
                child.key_hash == hash && self.arena_text(child.key) == key
            };
            children.iter().find(same).copied()
        };
        found.map_or(NodeId::NONE, |index| self.id(index))
    }

    fn children(&self, node: NodeId) -> &[u32] {
        match self.node(node) {
            Some(n) if matches!(n.kind, Kind::List | Kind::Map) => {
                &self.arena.children[n.value.start as usize..n.value.end as usize]
            }
            _ => &[],
        }
    }

    fn scalar(&self, node: NodeId, kind: Kind) -> &str {
        self.node(node).filter(|n| n.kind == kind).map_or("", |n| self.arena_text(n.value))
    }

    fn key_text(&self, index: u32) -> &str {
        self.arena_text(self.arena.nodes[index as usize].key)
    }

    fn arena_text(&self, span: Span) -> &str {
        self.arena.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn node(&self, node: NodeId) -> Option<&Node> {
        self.index(node).map(|index| &self.arena.nodes[index as usize])
    }

    fn index(&self, node: NodeId) -> Option<u32> {
        (!node.is_none() && self.contains(node)).then(|| self.root + node.0 - 1)
    }

    fn id(&self, index: u32) -> NodeId {
        NodeId(index - self.root + 1)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the content: a document may be a Secret.
        write!(f, "Document({} nodes)", self.node_count())
    }
}

/// RFC 6901 section 4: digits without a leading zero.
fn list_index(segment: &str) -> Option<u32> {
    let plain = segment == "0" || (!segment.starts_with('0') && segment.bytes().all(|b| b.is_ascii_digit()));
    plain.then(|| segment.parse().ok()).flatten()
}

/// A multiplicative hash, eight bytes at a time. An attacker can make hashes collide; ties are ordered by text, so that a
/// collision costs nothing.
pub(crate) fn hash(text: &str) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(text.len() as u64, |hash, &word| mix(hash, u64::from_le_bytes(word)));
    let last = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    (mix(hash, last) >> 32) as u32
}

#[cfg(test)]
mod tests;
