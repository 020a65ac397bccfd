//! A path with wildcards, parsed once and walked often.

use portcullis_model::{Document, Key, Kind, NodeId};

use crate::budget::Purse;
use crate::error::Breach;

/// A JSON Pointer (RFC 6901) in which a segment `*` stands for every item or entry (`~2` for a literal `*`).
pub(crate) struct Path {
    segments: Vec<Segment>,
}

enum Segment {
    Every,
    /// A key, which in a list is a position where it is a number without a leading zero.
    One(Key, Option<u32>),
}

/// Segments of one path: no document is deeper than this (`model::Limits::depth`).
const SEGMENTS: usize = 100;

/// How many nodes are walked for one step of the budget.
const NODES_PER_STEP: u64 = 64;

impl Path {
    /// Nothing where the text is neither empty nor a pointer, or is longer than any document is deep.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && !text.starts_with('/') {
            return None;
        }
        // Counted before they are kept: a plugin may ask for a million of them in one call.
        if text.bytes().filter(|byte| *byte == b'/').nth(SEGMENTS).is_some() {
            return None;
        }
        let segments = text.split('/').skip(1).map(Segment::parse).collect::<Option<Vec<_>>>()?;
        Some(Self { segments })
    }

    /// Every node that this reaches from `node`, in the order of the text; each node that is looked at is paid for.
    pub(crate) fn select(&self, document: &Document, node: NodeId, purse: &mut Purse) -> Result<Vec<NodeId>, Breach> {
        let mut reached = if node.is_none() { Vec::new() } else { vec![node] };
        for segment in &self.segments {
            purse.work(reached.len() as u64 / NODES_PER_STEP)?;
            match segment {
                Segment::One(key, position) => {
                    for at in &mut reached {
                        *at = match (document.kind(*at), position) {
                            (Kind::List, Some(position)) => document.at(*at, *position),
                            (Kind::List, None) => NodeId::NONE,
                            _ => document.get(*at, key),
                        };
                    }
                    reached.retain(|at| !at.is_none());
                }
                Segment::Every => {
                    let mut next = Vec::new();
                    for &at in &reached {
                        purse.work(u64::from(document.len(at)) / NODES_PER_STEP)?;
                        // Before they are collected: a handle takes four bytes at the border.
                        if (next.len() as u64 + u64::from(document.len(at))) * 4 > purse.bytes_left() {
                            purse.bytes(usize::MAX)?;
                        }
                        next.extend(document.items(at));
                    }
                    reached = next;
                }
            }
        }
        purse.bytes(reached.len() * 4)?;
        Ok(reached)
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Every);
        }
        let mut key = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            key.push(match c {
                '~' => match chars.next()? {
                    '0' => '~',
                    '1' => '/',
                    '2' => '*',
                    _ => return None,
                },
                c => c,
            });
        }
        let plain = key == "0" || (!key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit()));
        let position = plain.then(|| key.parse().ok()).flatten();
        Some(Self::One(Key::new(key), position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    fn document(items: usize) -> Document {
        let mut b = portcullis_model::DocumentBuilder::new(None, portcullis_model::Limits::default());
        b.begin_map(None);
        b.key("*", None);
        b.begin_list(None);
        for n in 0..items {
            b.begin_map(None);
            b.key("n", None);
            b.number(&n.to_string(), None);
            b.end(0).expect("a map");
        }
        b.end(0).expect("a list");
        b.end(0).expect("a map");
        b.finish().expect("a document")
    }

    fn select(path: &str, items: usize) -> Result<usize, Breach> {
        let budget = Budget::default();
        let mut purse = Purse::new(&budget, budget.time, None);
        let path = Path::parse(path).expect("a path");
        path.select(&document(items), NodeId::ROOT, &mut purse).map(|nodes| nodes.len())
    }

    #[test]
    fn reaches_every_item_and_literal_stars() {
        assert_eq!(select("/~2/*/n", 5), Ok(5));
        assert_eq!(select("/*/*/n", 5), Ok(5));
        assert_eq!(select("/~2/4/n", 5), Ok(1));
        assert_eq!(select("/~2/04/n", 5), Ok(0));
        assert_eq!(select("", 5), Ok(1));
        assert!(Path::parse("x").is_none() && Path::parse("/~").is_none() && Path::parse(&"/x".repeat(101)).is_none());
    }

    #[test]
    fn ends_when_a_huge_list_spends_the_budget_p69() {
        assert_eq!(select("/~2/*/n", 300_000), Err(Breach::Bytes(1 << 20)));
        assert_eq!(select("/~2/*/n", 200_000), Ok(200_000));
    }
}
