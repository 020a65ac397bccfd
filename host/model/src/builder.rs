//! Events in, a document out: the one way to make a tree, within its limits.

use std::fmt;
use std::sync::Arc;

use crate::document::{Arena, Document, INDEXED_FROM, Kind, NOWHERE, Node, hash};
use crate::place::{Source, Span};

/// How large a tree may become.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maps and lists inside each other. Default 100: Kubernetes' own objects stay under 30, and the API server refuses
    /// more than 10,000.
    pub depth: u32,
    /// Nodes in all, copies of aliases included. Default 4 million, what 8 MiB of JSON can hold at most; never above
    /// 16,777,215, because a plugin's handle has 24 bits for it.
    pub nodes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100, nodes: 4_000_000 }
    }
}

/// Why events did not make a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// One map has one key twice.
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stands the second time.
        second: Option<Span>,
        /// Where it stands the first time.
        first: Option<Span>,
    },
    /// More maps and lists inside each other than [`Limits::depth`].
    TooDeep {
        /// The limit.
        limit: u32,
        /// Where the first one too many begins.
        at: Option<Span>,
    },
    /// More nodes than [`Limits::nodes`].
    TooManyNodes {
        /// The limit.
        limit: u32,
    },
    /// No value at all, or a map or list that was never closed.
    Incomplete,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKey { key, .. } => write!(f, "the key `{}` stands here twice", key.escape_debug()),
            Self::TooDeep { limit, .. } => write!(f, "more than {limit} maps and lists inside each other"),
            Self::TooManyNodes { limit } => write!(f, "more than {limit} values"),
            Self::Incomplete => write!(f, "the text ends before its value is complete"),
        }
    }
}

impl std::error::Error for BuildError {}

/// So many times what it holds is the room that a finished document may keep.
const SLACK: usize = 4;

struct Open {
    node: u32,
    /// Where this container's children begin in `pending`.
    first: usize,
}

/// Builds a [`Document`] from the events of a reader.
///
/// A map's values each follow their [`DocumentBuilder::key`]. Errors that a single event can cause are kept and reported by
/// the next [`DocumentBuilder::end`] or by [`DocumentBuilder::finish`].
pub struct DocumentBuilder {
    arena: Arena,
    limits: Limits,
    open: Vec<Open>,
    pending: Vec<u32>,
    key: Option<(Span, u32, Span)>,
    failed: Option<BuildError>,
}

impl DocumentBuilder {
    /// A builder; `source` is kept with the document so that findings have places.
    pub fn new(source: Option<Arc<Source>>, limits: Limits) -> Self {
        let arena = Arena { nodes: Vec::new(), children: Vec::new(), text: String::new(), source, others: Vec::new() };
        Self { arena, limits, open: Vec::new(), pending: Vec::new(), key: None, failed: None }
    }

    /// Makes room for a document of this many bytes of text: one of a stream is far smaller than its source.
    #[must_use]
    pub fn expecting(mut self, bytes: usize) -> Self {
        self.arena.nodes.reserve(bytes / 16);
        self.arena.children.reserve(bytes / 16);
        self.arena.text.reserve(bytes / 2);
        self
    }

    /// What follows was read from another source, or from none: a fact tells of several files.
    pub fn read_from(&mut self, source: Option<Arc<Source>>) {
        self.arena.others.push((self.arena.nodes.len() as u32, source));
    }

    /// The first thing that went wrong, so that a reader can stop early.
    #[inline]
    pub fn failure(&self) -> Option<&BuildError> {
        self.failed.as_ref()
    }

    /// The key of the next value.
    #[inline]
    pub fn key(&mut self, key: &str, place: Option<Span>) {
        let text = self.intern(key);
        self.key = Some((text, hash(key), place.unwrap_or(NOWHERE)));
    }

    /// `null`.
    #[inline]
    pub fn null(&mut self, place: Option<Span>) {
        self.push(Kind::Null, Span { start: 0, end: 0 }, place);
    }

    /// `true` or `false`.
    #[inline]
    pub fn boolean(&mut self, value: bool, place: Option<Span>) {
        self.push(Kind::Bool, Span { start: u32::from(value), end: 0 }, place);
    }

    /// A number, as JSON text.
    #[inline]
    pub fn number(&mut self, text: &str, place: Option<Span>) {
        let value = self.intern(text);
        self.push(Kind::Number, value, place);
    }

    /// A string.
    #[inline]
    pub fn string(&mut self, text: &str, place: Option<Span>) {
        let value = self.intern(text);
        self.push(Kind::String, value, place);
    }

    /// Opens a list.
    pub fn begin_list(&mut self, place: Option<Span>) {
        self.begin(Kind::List, place);
    }

    /// Opens a map.
    pub fn begin_map(&mut self, place: Option<Span>) {
        self.begin(Kind::Map, place);
    }

    /// Closes the innermost list or map; its place then ends at `end`, a byte offset.
    pub fn end(&mut self, end: u32) -> Result<(), BuildError> {
        let Some(open) = self.open.pop() else { return Err(BuildError::Incomplete) };
        let start = self.arena.children.len();
        self.arena.children.extend(self.pending.drain(open.first..));
        let finish = self.arena.children.len();
        let last = self.arena.nodes.len() as u32;
        let node = &mut self.arena.nodes[open.node as usize];
        node.value = Span::new(start, finish);
        node.end = last;
        if node.place != NOWHERE {
            node.place.end = node.place.end.max(end);
        }
        if node.kind == Kind::Map {
            self.refuse_duplicates(start, finish);
        }
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// The finished tree.
    pub fn finish(mut self) -> Result<Document, BuildError> {
        if let Some(failure) = self.failed {
            return Err(failure);
        }
        if !self.open.is_empty() || self.pending.len() != 1 {
            return Err(BuildError::Incomplete);
        }
        // One of many values of a text must not keep room for all of it.
        let Arena { nodes, children, text, .. } = &mut self.arena;
        let wasteful = |room: usize, used: usize| room > used.saturating_mul(SLACK);
        if wasteful(nodes.capacity(), nodes.len()) || wasteful(text.capacity(), text.len()) {
            nodes.shrink_to_fit();
            children.shrink_to_fit();
            text.shrink_to_fit();
        }
        Ok(Document { arena: Arc::new(self.arena), root: 0 })
    }

    fn begin(&mut self, kind: Kind, place: Option<Span>) {
        if self.open.len() as u32 >= self.limits.depth {
            self.fail(BuildError::TooDeep { limit: self.limits.depth, at: place });
        }
        let node = self.push(kind, Span { start: 0, end: 0 }, place);
        self.open.push(Open { node, first: self.pending.len() });
    }

    fn push(&mut self, kind: Kind, value: Span, place: Option<Span>) -> u32 {
        let index = self.arena.nodes.len() as u32;
        if index >= self.limits.nodes {
            self.fail(BuildError::TooManyNodes { limit: self.limits.nodes });
            return index.saturating_sub(1);
        }
        let (parent, first) = self.open.last().map_or((u32::MAX, 0), |open| (open.node, open.first));
        let (key, key_hash, key_place) = self.key.take().unwrap_or((Span { start: 0, end: 0 }, 0, NOWHERE));
        let position = (self.pending.len() - first) as u32;
        let place = place.unwrap_or(NOWHERE);
        self.arena.nodes.push(Node { kind, parent, position, end: index + 1, key, key_hash, value, place, key_place });
        self.pending.push(index);
        index
    }

    #[inline]
    fn intern(&mut self, text: &str) -> Span {
        let start = self.arena.text.len();
        self.arena.text.push_str(text);
        Span::new(start, self.arena.text.len())
    }

    /// Finds equal keys, and leaves the hash-ordered index of a large map behind its children.
    fn refuse_duplicates(&mut self, start: usize, finish: usize) {
        let Arena { nodes, children, text, .. } = &mut self.arena;
        let key = |child: u32| {
            let node = &nodes[child as usize];
            (node.key_hash, text.as_bytes().get(node.key.start as usize..node.key.end as usize).unwrap_or_default())
        };
        let same = if finish - start > INDEXED_FROM {
            let mut index = children[start..finish].to_vec();
            // Stable, so that of two equal keys the first in the text comes first.
            index.sort_by(|&a, &b| key(a).cmp(&key(b)));
            let same = index.windows(2).find(|pair| key(pair[0]) == key(pair[1])).map(|pair| (pair[0], pair[1]));
            children.extend(index);
            same
        } else {
            let children = &children[start..finish];
            // Hashes first: texts are looked at only where these are equal.
            let earlier = |(at, &second): (usize, &u32)| {
                let hash = nodes[second as usize].key_hash;
                let same = |&&first: &&u32| nodes[first as usize].key_hash == hash && key(first) == key(second);
                children[..at].iter().find(same).map(|&first| (first, second))
            };
            children.iter().enumerate().find_map(earlier)
        };
        if let Some((first, second)) = same {
            let place = |child: u32| Some(nodes[child as usize].key_place).filter(|&place| place != NOWHERE);
            let failure = BuildError::DuplicateKey {
                key: String::from_utf8_lossy(key(first).1).into_owned(),
                first: place(first),
                second: place(second),
            };
            self.fail(failure);
        }
    }

    fn fail(&mut self, failure: BuildError) {
        self.failed.get_or_insert(failure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map_of(count: usize, extra: &str) -> Result<Document, BuildError> {
        let mut b = DocumentBuilder::new(None, Limits::default());
        b.begin_map(None);
        for n in 0..count {
            b.key(&format!("k{n}"), None);
            b.null(None);
        }
        b.key(extra, Some(Span::new(7, 8)));
        b.null(None);
        b.end(0)?;
        b.finish()
    }

    #[test]
    fn refuses_a_key_that_stands_twice_in_small_and_large_maps() {
        for count in [3, 300] {
            let refused = map_of(count, "k1").expect_err("a duplicate");
            assert_eq!(refused.to_string(), "the key `k1` stands here twice");
            assert!(matches!(refused, BuildError::DuplicateKey { second: Some(Span { start: 7, .. }), .. }));
            assert!(map_of(count, "other").is_ok());
        }
    }

    #[test]
    fn keeps_no_room_for_the_rest_of_a_text() {
        let mut b = DocumentBuilder::new(None, Limits::default()).expecting(1 << 20);
        b.string("one of many values", None);
        let arena = b.finish().expect("a document").arena;
        let room = arena.nodes.capacity().max(arena.children.capacity()).max(arena.text.capacity());
        assert!(room <= 64, "room for {room}");
    }

    #[test]
    fn refuses_more_depth_and_more_nodes_than_the_limits() {
        let mut b = DocumentBuilder::new(None, Limits { depth: 2, nodes: 10 });
        (0..3).for_each(|_| b.begin_list(None));
        assert_eq!(b.end(0).expect_err("too deep").to_string(), "more than 2 maps and lists inside each other");
        let mut b = DocumentBuilder::new(None, Limits { depth: 2, nodes: 10 });
        b.begin_list(None);
        (0..20).for_each(|_| b.null(None));
        assert_eq!(b.end(0).expect_err("too many").to_string(), "more than 10 values");
    }

    #[test]
    fn knows_of_each_value_which_source_it_was_read_from() {
        let (one, two) = (Source::new("one", "1"), Source::new("two", "22"));
        let mut b = DocumentBuilder::new(None, Limits::default());
        b.begin_list(Some(Span::new(0, 1)));
        for source in [Some(one), None, Some(two)] {
            b.read_from(source);
            b.null(Some(Span::new(0, 1)));
        }
        b.end(0).expect("a list");
        let document = b.finish().expect("a document");
        let list = document.items(crate::NodeId::ROOT);
        let files: Vec<_> = list.map(|node| document.place(node).map(|place| place.file().to_owned())).collect();
        assert_eq!(files, [Some("one".to_owned()), None, Some("two".to_owned())]);
        assert_eq!(document.place(crate::NodeId::ROOT), None, "nobody said where that was read from");
    }

    #[test]
    fn refuses_what_never_ends() {
        let mut b = DocumentBuilder::new(None, Limits::default());
        b.begin_list(None);
        assert_eq!(b.finish().err(), Some(BuildError::Incomplete));
    }

    #[test]
    fn tells_a_reader_at_once_what_went_wrong_first_so_that_it_can_stop() {
        let mut b = DocumentBuilder::new(None, Limits { depth: 1, nodes: 2 });
        b.begin_list(None);
        assert_eq!(b.failure(), None);
        b.begin_list(None);
        let first = BuildError::TooDeep { limit: 1, at: None };
        assert_eq!(b.failure(), Some(&first));
        (0..9).for_each(|_| b.null(None));
        assert_eq!(b.failure(), Some(&first));
        assert_eq!(b.finish().err(), Some(first));
    }

    #[test]
    fn refuses_an_end_without_a_beginning_and_two_values_without_a_list_around_them() {
        assert_eq!(DocumentBuilder::new(None, Limits::default()).end(0), Err(BuildError::Incomplete));
        let mut b = DocumentBuilder::new(None, Limits::default());
        b.null(None);
        b.null(None);
        assert_eq!(b.finish().err(), Some(BuildError::Incomplete));
        assert_eq!(BuildError::Incomplete.to_string(), "the text ends before its value is complete");
    }
}
