//! A tree of events to a document: keys as text, aliases repeated, merge keys merged.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use portcullis_model::{Document, DocumentBuilder, Source, Span};

use crate::ReadLimits;
use crate::error::{Error, ErrorKind};
use crate::yaml::scalar::{Value, resolve};
use crate::yaml::tree::{Content, Node, Tree};

/// Builds the document of a tree, without recursion: an alias can make it deeper than its text.
pub(crate) fn emit(tree: &Tree, source: &Arc<Source>, limits: &ReadLimits) -> Result<Document, Error> {
    let bytes = tree.nodes.first().map_or(0, |root| (root.finish - root.start) as usize);
    let builder = DocumentBuilder::new(Some(Arc::clone(source)), limits.tree).expecting(bytes);
    let mut emitter =
        Emitter { nodes: &tree.nodes, text: source.text(), source, limits, builder, repeated: 0, open: Vec::new() };
    emitter.value(0, false)?;
    emitter.run()?;
    emitter.builder.finish().map_err(|error| Error::building(error, Some(source)))
}

/// A map or list whose children are being emitted.
struct Open<'t> {
    rest: Rest<'t>,
    /// Whether it stands here only because an alias or a merge key repeats it.
    repeated: bool,
    finish: u32,
}

enum Rest<'t> {
    Items { at: usize, end: usize },
    Pairs { at: usize, end: usize },
    Merged(std::vec::IntoIter<Entry<'t>>),
}

/// One entry of a map after merging.
struct Entry<'t> {
    key: Cow<'t, str>,
    key_node: usize,
    value: usize,
    repeated: bool,
}

struct Emitter<'t> {
    nodes: &'t [Node],
    text: &'t str,
    source: &'t Arc<Source>,
    limits: &'t ReadLimits,
    builder: DocumentBuilder,
    /// Values so far that only repeat others.
    repeated: usize,
    open: Vec<Open<'t>>,
}

impl<'t> Emitter<'t> {
    fn run(&mut self) -> Result<(), Error> {
        let nodes = self.nodes;
        while let Some(open) = self.open.last_mut() {
            let repeated = open.repeated;
            match &mut open.rest {
                Rest::Items { at, end } if *at < *end => {
                    let item = *at;
                    *at = nodes[item].end();
                    self.value(item, repeated)?;
                }
                Rest::Pairs { at, end } if *at < *end => {
                    let key = *at;
                    let value = nodes[key].end();
                    *at = nodes[value].end();
                    let text = self.key(key)?;
                    self.builder.key(&text, self.span(key));
                    self.value(value, repeated)?;
                }
                Rest::Merged(entries) => match entries.next() {
                    Some(entry) => {
                        self.builder.key(&entry.key, self.span(entry.key_node));
                        self.value(entry.value, repeated || entry.repeated)?;
                    }
                    None => self.close()?,
                },
                _ => self.close()?,
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        self.builder.end(open.finish).map_err(|error| Error::building(error, Some(self.source)))
    }

    fn value(&mut self, index: usize, repeated: bool) -> Result<(), Error> {
        let nodes = self.nodes;
        let (index, repeated) = match nodes[index].content {
            Content::Alias(target) => (target as usize, true),
            _ => (index, repeated),
        };
        if repeated {
            self.repeat(index)?;
        }
        let node = &nodes[index];
        let place = self.span(index);
        match &node.content {
            Content::Verbatim { .. } | Content::Scalar(_) => {
                let (text, tag, plain) = node.scalar(self.text).unwrap_or_default();
                let value = resolve(text, tag, plain).map_err(|kind| self.error(kind, index))?;
                match value {
                    Value::Null => self.builder.null(place),
                    Value::Bool(value) => self.builder.boolean(value, place),
                    Value::Text(text) => self.builder.string(&text, place),
                    Value::Number(number) => {
                        let text = number.json().ok_or_else(|| self.error(ErrorKind::NotANumber, index))?;
                        self.builder.number(&text, place);
                    }
                }
            }
            Content::List => {
                self.builder.begin_list(place);
                self.begin(Rest::Items { at: index + 1, end: node.end() }, index, repeated);
            }
            Content::Map { merges } => {
                self.builder.begin_map(place);
                let rest = match merges {
                    true => Rest::Merged(self.merge(index)?.into_iter()),
                    false => Rest::Pairs { at: index + 1, end: node.end() },
                };
                self.begin(rest, index, repeated);
            }
            // An alias never names an alias.
            Content::Alias(_) => self.builder.null(place),
        }
        match self.builder.failure() {
            Some(failure) => Err(Error::building(failure.clone(), Some(self.source))),
            None => Ok(()),
        }
    }

    fn begin(&mut self, rest: Rest<'t>, index: usize, repeated: bool) {
        self.open.push(Open { rest, repeated, finish: self.nodes[index].finish });
    }

    /// A key as sigs.k8s.io/yaml writes it.
    fn key(&self, index: usize) -> Result<Cow<'t, str>, Error> {
        let nodes = self.nodes;
        let node = match nodes[index].content {
            Content::Alias(target) => &nodes[target as usize],
            _ => &nodes[index],
        };
        let complex = || self.error(ErrorKind::ComplexKey, index);
        let Some((text, tag, plain)) = node.scalar(self.text) else { return Err(complex()) };
        match resolve(text, tag, plain).map_err(|kind| self.error(kind, index))? {
            Value::Text(text) => Ok(text),
            Value::Bool(value) => Ok(Cow::Borrowed(if value { "true" } else { "false" })),
            Value::Number(number) => number.key().map(Cow::Owned).ok_or_else(complex),
            Value::Null => Err(complex()),
        }
    }

    /// The entries of a map with merge keys, as go-yaml fills a Go map: in the order of the text, what comes later wins. A
    /// merge key sets all entries of its map; of a list of maps the last comes first, so that the first wins.
    fn merge(&mut self, map: usize) -> Result<Vec<Entry<'t>>, Error> {
        let nodes = self.nodes;
        let mut entries: Vec<Entry<'t>> = Vec::new();
        let mut positions: HashMap<Cow<'t, str>, usize> = HashMap::new();
        // A map may be merged twice, and its keys are its own each time: hence a number for each turn.
        let mut own: HashMap<(usize, Cow<'t, str>), usize> = HashMap::new();
        let mut turns = 1;
        let mut work = vec![(map + 1, nodes[map].end(), 0)];
        while let Some((at, end, turn)) = work.last_mut() {
            if *at >= *end {
                work.pop();
                continue;
            }
            let (key_node, turn) = (*at, *turn);
            let value = nodes[key_node].end();
            *at = nodes[value].end();
            if turn > 0 {
                self.repeat(key_node)?;
            }
            if nodes[key_node].is_merge(self.text) {
                for source in self.merged_maps(value)? {
                    self.repeat(source)?;
                    work.push((source + 1, nodes[source].end(), turns));
                    turns += 1;
                }
                continue;
            }
            let key = self.key(key_node)?;
            if let Some(first) = own.insert((turn, key.clone()), key_node) {
                let first = self.error(ErrorKind::ComplexKey, first).place();
                return Err(self.error(ErrorKind::DuplicateKey { key: key.into_owned(), first }, key_node));
            }
            let entry = Entry { key: key.clone(), key_node, value, repeated: turn > 0 };
            match positions.get(&key) {
                Some(&position) if turn > 0 && !entries[position].repeated && !self.limits.merges_replace => {
                    let kind = ErrorKind::MergeReplaces { key: key.into_owned() };
                    return Err(self.error(kind, entries[position].key_node));
                }
                Some(&position) => entries[position] = entry,
                None => {
                    positions.insert(key, entries.len());
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }

    /// The maps that a merge key's value names, in the order of its list; the last is merged first.
    fn merged_maps(&self, value: usize) -> Result<Vec<usize>, Error> {
        let nodes = self.nodes;
        let map = |index: usize| {
            let target = match nodes[index].content {
                Content::Alias(target) => target as usize,
                _ => index,
            };
            let is_map = matches!(nodes[target].content, Content::Map { .. });
            is_map.then_some(target).ok_or_else(|| self.error(ErrorKind::MergeNotAMap, index))
        };
        if !matches!(nodes[value].content, Content::List) {
            return Ok(vec![map(value)?]);
        }
        let mut maps = Vec::new();
        let mut at = value + 1;
        while at < nodes[value].end() {
            maps.push(map(at)?);
            at = nodes[at].end();
        }
        Ok(maps)
    }

    fn repeat(&mut self, index: usize) -> Result<(), Error> {
        self.repeated += 1;
        let limit = self.limits.alias_expansion;
        if self.repeated > limit { Err(self.error(ErrorKind::AliasExpansion { limit }, index)) } else { Ok(()) }
    }

    fn span(&self, index: usize) -> Option<Span> {
        let index = match self.nodes[index].content {
            Content::Alias(target) => target as usize,
            _ => index,
        };
        self.nodes.get(index).map(|node| Span { start: node.start, end: node.finish })
    }

    fn error(&self, kind: ErrorKind, index: usize) -> Error {
        let node = &self.nodes[index];
        kind.at(Some(self.source), node.start as usize, node.finish as usize)
    }
}
