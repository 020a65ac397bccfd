//! How components hang together: ids, relations, what the root leads to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::reading::{GraphReading, Named, Offender, Offenders};
use crate::{MAX_RELATIONS, MOST_SHOWN, Piece, Unreadable, shown};

/// The graph of one document while it is read.
#[derive(Default)]
pub(crate) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    ids: HashMap<Cow<'a, str>, u32>,
    edges: Vec<(u32, u32)>,
    duplicates: Offenders<Offender>,
    dangling: Offenders<Offender>,
}

struct Node<'a> {
    piece: Piece<'a>,
    /// A component that is counted, not a root, service or anything else that has an id.
    counts: bool,
    /// Its dependencies are stated, be it that there are none.
    stated: bool,
}

impl<'a> Graph<'a> {
    /// Something that others may refer to.
    pub(crate) fn add(&mut self, id: Option<Cow<'a, str>>, piece: Piece<'a>, counts: bool) -> u32 {
        let index = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Node { piece, counts, stated: false });
        let Some(id) = id else { return index };
        match self.ids.entry(id) {
            Entry::Vacant(free) => {
                free.insert(index);
            }
            Entry::Occupied(taken) => {
                self.duplicates.add(|| Offender { reference: shown(taken.key()), pointer: piece.pointer() });
            }
        }
        index
    }

    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// What a reference means; a reference to nothing is counted, unless it leads to another document.
    pub(crate) fn resolve(&mut self, reference: Piece<'a>, elsewhere: impl Fn(&str) -> bool) -> Option<u32> {
        let id = reference.str()?;
        let found = self.find(&id);
        if found.is_none() && !elsewhere(&id) {
            self.dangling.add(|| Offender { reference: shown(&id), pointer: reference.pointer() });
        }
        found
    }

    /// One thing contains or needs another.
    pub(crate) fn relate(&mut self, from: u32, to: u32) -> Result<(), Unreadable> {
        if self.edges.len() >= MAX_RELATIONS {
            return Err(Unreadable::new(format!(
                "it states more than {MAX_RELATIONS} relations; at most that many are read"
            )));
        }
        self.edges.push((from, to));
        Ok(())
    }

    pub(crate) fn state(&mut self, node: u32) {
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.stated = true;
        }
    }

    pub(crate) fn stated(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|node| node.stated)
    }

    /// Walks from the roots.
    pub(crate) fn reading(mut self, roots: &[u32], label: impl Fn(Piece<'a>) -> String) -> GraphReading {
        let reached = self.reach(roots);
        let mut reading =
            GraphReading { duplicates: self.duplicates, dangling: self.dangling, ..GraphReading::default() };
        for (node, reached) in self.nodes.iter().zip(reached).filter(|(node, _)| node.counts) {
            reading.of += 1;
            if reached {
                reading.reachable += 1;
            } else if reading.unreachable.len() < MOST_SHOWN {
                reading.unreachable.push(Named { component: label(node.piece), pointer: node.piece.pointer() });
            }
        }
        reading
    }

    fn reach(&mut self, roots: &[u32]) -> Vec<bool> {
        self.edges.sort_unstable();
        let mut reached = vec![false; self.nodes.len()];
        let mut open: Vec<u32> = roots.to_vec();
        while let Some(node) = open.pop() {
            let Some(here) = reached.get_mut(node as usize) else { continue };
            if std::mem::replace(here, true) {
                continue;
            }
            let from = self.edges.partition_point(|&(other, _)| other < node);
            let edges = self.edges[from..].iter().take_while(|&&(other, _)| other == node);
            open.extend(edges.map(|&(_, to)| to).filter(|&to| !reached[to as usize]));
        }
        reached
    }
}
