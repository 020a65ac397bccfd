//! The events of one document to a tree with anchors, before anything has a meaning.

use std::collections::HashMap;
use std::sync::Arc;

use libyaml_safer::{Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};
use portcullis_model::{Source, Span};

use crate::ReadLimits;
use crate::error::{Error, ErrorKind};
use crate::yaml::feed::Feed;
use crate::yaml::{complaint, gave_up};

/// The directives of one part of a stream: the parser compares each `%TAG` with all others.
const MAX_TAG_DIRECTIVES: usize = 100;

/// One node: its children follow it, up to `end`. Small, because there may be as many as [`portcullis_model::Limits::nodes`]
/// and their keys: a text that is written as it is meant stays in the source.
pub(crate) struct Node {
    pub(crate) content: Content,
    /// The value's bytes in the source, without anchor and tag.
    pub(crate) start: u32,
    pub(crate) finish: u32,
    /// The index after the last node of this subtree.
    end: u32,
}

pub(crate) enum Content {
    /// A scalar without tag whose text stands in the source, between quotes unless plain.
    Verbatim {
        plain: bool,
    },
    Scalar(Box<Scalar>),
    List,
    Map {
        /// Whether one of the keys is a merge key.
        merges: bool,
    },
    /// The index of the node that is repeated here; never an alias itself.
    Alias(u32),
}

/// A scalar that differs from its source.
pub(crate) struct Scalar {
    text: String,
    /// The full tag, `tag:yaml.org,2002:int`.
    tag: Option<Box<str>>,
    /// Whether the text decides what it is: plain and without tag.
    plain: bool,
}

/// The nodes of one document in the order of the text; the first is the root.
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// What YAML 1.1 takes for the end of a line.
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

impl Node {
    /// The index after the last node of this subtree.
    pub(crate) fn end(&self) -> usize {
        self.end as usize
    }

    /// A scalar's text, its tag, and whether it is plain and without tag; nothing for what is no scalar.
    pub(crate) fn scalar<'t>(&'t self, source: &'t str) -> Option<(&'t str, Option<&'t str>, bool)> {
        let quotes = |plain: bool| if plain { 0 } else { 1 };
        match &self.content {
            Content::Verbatim { plain } => {
                let (start, finish) = (self.start as usize + quotes(*plain), self.finish as usize - quotes(*plain));
                Some((source.get(start..finish).unwrap_or_default(), None, *plain))
            }
            Content::Scalar(scalar) => Some((&scalar.text, scalar.tag.as_deref(), scalar.plain)),
            _ => None,
        }
    }

    /// Whether this is a merge key: `<<`, not quoted unless it says so by its tag (go-yaml's `isMerge`).
    pub(crate) fn is_merge(&self, source: &str) -> bool {
        self.scalar(source)
            .is_some_and(|(text, tag, plain)| text == "<<" && (plain || matches!(tag, Some(MERGE_TAG | "!"))))
    }
}

/// One part of a stream: usually one document.
pub(crate) struct Part<'t> {
    parser: Parser<Feed<'t>>,
    /// How many events the parser gave.
    events: usize,
    /// The offsets in the text of commas that belong to tags.
    commas: Vec<usize>,
    source: &'t Arc<Source>,
    text: &'t str,
    /// Where the text begins in the source.
    base: usize,
    limits: ReadLimits,
}

impl<'t> Part<'t> {
    /// The part of a source between two offsets.
    pub(crate) fn new(source: &'t Arc<Source>, start: usize, end: usize) -> Result<Self, Error> {
        let text = source.text().get(start..end).unwrap_or_default();
        // Parts that were files of their own may each bring a byte-order mark.
        let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        let text = &text[mark..];
        let (parser, base, limits) = (parser_of(text, &[]), start + mark, ReadLimits::default());
        let part = Self { parser, events: 0, commas: Vec::new(), source, text, base, limits };
        part.check()?;
        Ok(part)
    }

    /// The next document of this part, within these limits; nothing at its end.
    pub(crate) fn next_document(&mut self, limits: &ReadLimits) -> Result<Option<Tree>, Error> {
        self.limits = *limits;
        let mut composer =
            Composer { part: self, nodes: Vec::new(), values: 0, open: Vec::new(), anchors: HashMap::new() };
        composer.run()
    }

    /// Refuses what the parser would take too long for or read differently from kubectl.
    fn check(&self) -> Result<(), Error> {
        let refuse = |what, at: usize| {
            let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
            Err(ErrorKind::Syntax { what }.at(Some(self.source), self.base + at, self.base + at + length))
        };
        let directive = |&(at, _): &(usize, &str)| at == 0 || self.text[..at].ends_with(LINE_BREAKS);
        if let Some((at, _)) = self.text.match_indices("%TAG").filter(directive).nth(MAX_TAG_DIRECTIVES) {
            return refuse("more than 100 `%TAG` directives", at);
        }
        // kubectl takes it for one line break, the parser for two.
        if let Some(at) = self.text.find("\r\r\n") {
            return refuse("two carriage returns before a line feed: the line ends were converted twice", at);
        }
        // At the beginning of a line the parser skips it, and go-yaml takes it for text. Where it meets the end of go-yaml's
        // buffer (every 512 bytes), the next `#` begins no comment any more: kubectl reads what nobody else does.
        match self.text.find(BYTE_ORDER_MARK) {
            Some(at) => {
                refuse("a byte-order mark inside the text; remove it, or write it as `\\uFEFF` in double quotes", at)
            }
            None => Ok(()),
        }
    }

    fn event(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(answer) = gave_up::caught(|| self.parser.parse()) {
                self.events += 1;
                return answer.map_err(|error| complaint::syntax(&error, self.source, self.base, self.text));
            }
            self.begin_again()?;
        }
    }

    /// Leads a new parser to where the one before panicked, past the comma that it panicked at.
    fn begin_again(&mut self) -> Result<(), Error> {
        let comma = gave_up::place(self.text, &self.commas);
        let comma = comma.map_err(|(kind, start, end)| self.error(kind, start as u64, end as u64))?;
        self.commas.push(comma);
        self.parser = parser_of(self.text, &self.commas);
        let parser = &mut self.parser;
        let events = self.events;
        let same = gave_up::caught(|| (0..events).all(|_| parser.parse().is_ok()));
        if same == Some(true) { Ok(()) } else { Err(ErrorKind::ParserGaveUp.nowhere()) }
    }

    fn error(&self, kind: ErrorKind, start: u64, finish: u64) -> Error {
        let error = kind.at(Some(self.source), self.base + start as usize, self.base + finish as usize);
        complaint::explain(error, self.source, self.base, self.base + self.text.len())
    }

    /// Where a value begins after its anchor, its tag and the comments between.
    fn after_properties(&self, start: usize, finish: usize) -> usize {
        let mut at = start;
        while let Some(rest) = self.text.get(at..finish) {
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            let skipped = match trimmed.as_bytes().first() {
                Some(b'&' | b'!') => trimmed.find(char::is_whitespace),
                Some(b'#') => trimmed.find(LINE_BREAKS),
                _ => return at,
            };
            at += skipped.unwrap_or(trimmed.len());
            if skipped.is_none() {
                return at;
            }
        }
        start
    }
}

fn parser_of<'t>(text: &'t str, commas: &[usize]) -> Parser<Feed<'t>> {
    let mut parser = Parser::new();
    parser.set_input(Feed::new(text, commas));
    parser
}

struct Composer<'p, 't> {
    part: &'p mut Part<'t>,
    nodes: Vec<Node>,
    /// How many of the nodes are no keys.
    values: u32,
    /// The maps and lists around, each with the number of its children so far.
    open: Vec<(usize, usize)>,
    /// An anchor's node; a later anchor of the same name replaces it (go-yaml).
    anchors: HashMap<String, u32>,
}

impl Composer<'_, '_> {
    fn run(&mut self) -> Result<Option<Tree>, Error> {
        loop {
            let event = self.part.event()?;
            // The line break at the end may not be part of the text.
            let length = self.part.text.len() as u64;
            let (start, finish) = (event.start_mark.index.min(length), event.end_mark.index.min(length));
            match event.data {
                EventData::StreamEnd => return Ok(None),
                EventData::DocumentEnd { .. } => return Ok(Some(Tree { nodes: std::mem::take(&mut self.nodes) })),
                EventData::StreamStart { .. } | EventData::DocumentStart { .. } => {}
                EventData::Alias { anchor } => self.alias(anchor, start, finish)?,
                EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                    let finish = self.end_of_scalar(style, start, finish);
                    let properties = anchor.is_some() || tag.is_some();
                    let written = if properties { None } else { self.verbatim(&value, style, start, finish) };
                    let scalar = || Scalar { text: value, tag: tag.map(Into::into), plain: plain_implicit };
                    let content = written.unwrap_or_else(|| Content::Scalar(Box::new(scalar())));
                    self.add(content, anchor, properties, start, finish)?;
                }
                EventData::SequenceStart { anchor, tag, style, .. } => {
                    let finish = if style == SequenceStyle::Flow { finish } else { start };
                    self.begin(Content::List, anchor, tag.is_some(), start, finish)?;
                }
                EventData::MappingStart { anchor, tag, style, .. } => {
                    let finish = if style == MappingStyle::Flow { finish } else { start };
                    self.begin(Content::Map { merges: false }, anchor, tag.is_some(), start, finish)?;
                }
                EventData::SequenceEnd | EventData::MappingEnd => self.close(start, finish),
            }
        }
    }

    fn alias(&mut self, name: String, start: u64, finish: u64) -> Result<(), Error> {
        let Some(&target) = self.anchors.get(&name) else {
            return Err(self.part.error(ErrorKind::UnknownAnchor { name }, start, finish));
        };
        if self.open.iter().any(|&(node, _)| node == target as usize) {
            return Err(self.part.error(ErrorKind::AnchorInsideItself { name }, start, finish));
        }
        self.add(Content::Alias(target), None, false, start, finish).map(|_| ())
    }

    fn begin(
        &mut self,
        content: Content,
        anchor: Option<String>,
        tag: bool,
        start: u64,
        finish: u64,
    ) -> Result<(), Error> {
        let limit = self.part.limits.tree.depth;
        if self.open.len() >= limit as usize {
            return Err(self.part.error(ErrorKind::TooDeep { limit }, start, finish));
        }
        let properties = anchor.is_some() || tag;
        let node = self.add(content, anchor, properties, start, finish)?;
        self.open.push((node, 0));
        Ok(())
    }

    fn add(
        &mut self,
        content: Content,
        anchor: Option<String>,
        properties: bool,
        start: u64,
        finish: u64,
    ) -> Result<usize, Error> {
        let index = self.nodes.len();
        let (mut start, mut finish) = (start as usize, finish as usize);
        if properties {
            let scalar = matches!(content, Content::Verbatim { .. } | Content::Scalar(_));
            let far = if scalar { finish } else { self.part.text.len() };
            start = self.part.after_properties(start, far);
            finish = finish.max(start);
        }
        let Span { start, end: finish } = Span::new(self.part.base + start, self.part.base + finish);
        // As many as there are bytes at most, and these have 32 bits.
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let node = Node { content, start, finish, end: number.saturating_add(1) };
        let mut is_key = false;
        if let Some((parent, children)) = self.open.last_mut()
            && let Content::Map { merges } = &mut self.nodes[*parent].content
        {
            is_key = *children % 2 == 0;
            *children += 1;
            *merges |= is_key && node.is_merge(self.part.source.text());
        }
        self.values += u32::from(!is_key);
        let limit = self.part.limits.tree.nodes;
        // Before the tree grows: a text of a few MB can have millions.
        if self.values > limit {
            return Err(ErrorKind::TooManyNodes { limit }.at(Some(self.part.source), start as usize, finish as usize));
        }
        let finish = node.finish;
        self.nodes.push(node);
        self.stretch(finish);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, number);
        }
        Ok(index)
    }

    /// The content of a scalar that the source has word for word.
    fn verbatim(&self, value: &str, style: ScalarStyle, start: u64, finish: u64) -> Option<Content> {
        let (plain, quotes) = match style {
            ScalarStyle::Plain => (true, 0),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => (false, 1),
            _ => return None,
        };
        let written = self.part.text.get(start as usize + quotes..(finish as usize).checked_sub(quotes)?)?;
        (written == value).then_some(Content::Verbatim { plain })
    }

    /// A bracket ends a flow value; a block ends with its last value, not with the comments after it.
    fn close(&mut self, start: u64, finish: u64) {
        let Some((index, _)) = self.open.pop() else { return };
        let bracket = if finish > start { Span::new(0, self.part.base + finish as usize).end } else { 0 };
        let end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let node = &mut self.nodes[index];
        node.end = end;
        node.finish = node.finish.max(bracket);
        let finish = node.finish;
        self.stretch(finish);
    }

    /// What is open ends no earlier than what stands in it.
    fn stretch(&mut self, finish: u32) {
        if let Some(&(parent, _)) = self.open.last() {
            let parent = &mut self.nodes[parent];
            parent.finish = parent.finish.max(finish);
        }
    }

    /// The parser ends a block scalar after its line breaks and the blank lines that follow.
    fn end_of_scalar(&self, style: ScalarStyle, start: u64, finish: u64) -> u64 {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let text = self.part.text.get(start as usize..finish as usize).unwrap_or_default();
                start + text.trim_end().len() as u64
            }
            _ => finish,
        }
    }
}
