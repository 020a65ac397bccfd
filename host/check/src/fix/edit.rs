//! One fix as a change of some bytes of its text, in the manner of the bytes around them.

use portcullis_model::{Document, FixOperation, Kind, NodeId, Span};

use crate::fix::render::{Lines, Style};
use crate::fix::tree::{Tree, segments};

/// How far a level is indented where nothing else shows it.
const STEP: usize = 2;

/// Another text in the place of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) text: String,
}

impl Edit {
    /// Whether both cannot be done to one version of the text.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// A document with the text that it was read from.
pub(crate) struct Page<'a> {
    pub(crate) document: &'a Document,
    pub(crate) text: &'a str,
    /// Whether the text is JSON rather than YAML.
    pub(crate) json: bool,
}

/// What is to be done to the bytes so that the fix is done to the tree.
///
/// # Errors
/// Why it cannot be done without disturbing what stands around it.
pub(crate) fn edit(
    page: &Page<'_>,
    pointer: &str,
    operation: FixOperation,
    value: Option<&Tree>,
) -> Result<Edit, String> {
    let (node, whole) = page.document.resolve(NodeId::ROOT, pointer);
    let is_null = page.document.kind(node) == Kind::Null;
    match (operation, whole, value) {
        (FixOperation::Replace, true, Some(value)) => page.replace(node, value),
        (FixOperation::Add, true, Some(value)) if is_null => page.replace(node, value),
        (FixOperation::Add, false, Some(value)) => {
            let known = segments(&page.document.pointer(node)).len();
            page.add(node, &segments(pointer)[known..], value)
        }
        (FixOperation::Remove, true, _) => page.remove(node),
        (FixOperation::Add, true, _) => Err("something stands there already".into()),
        (FixOperation::Replace | FixOperation::Remove, false, _) => Err("nothing stands there any more".into()),
        (_, _, None) => Err("its value is not JSON".into()),
    }
}

impl Page<'_> {
    fn span(&self, node: NodeId) -> Result<Span, String> {
        let place = self.document.value_place(node).ok_or("nobody knows where it stands")?;
        Ok(place.span)
    }

    fn at(&self, from: u32, until: u32) -> &str {
        self.text.get(from as usize..until as usize).unwrap_or_default()
    }

    fn style(&self, flow: bool) -> Style {
        Style { json: self.json, flow: flow || self.json, spaced: true }
    }

    /// Whether a map or list is written between brackets.
    fn is_flow(&self, node: NodeId) -> bool {
        let Some(place) = self.document.value_place(node) else { return false };
        self.at(place.span.start, place.span.end).starts_with(['{', '['])
    }

    /// Whether a node stands between brackets, however far out these are.
    fn in_flow(&self, node: NodeId) -> bool {
        let mut around = self.document.parent(node);
        while !around.is_none() {
            if matches!(self.document.kind(around), Kind::Map | Kind::List) && self.is_flow(around) {
                return true;
            }
            around = self.document.parent(around);
        }
        false
    }

    fn replace(&self, node: NodeId, value: &Tree) -> Result<Edit, String> {
        let span = self.span(node)?;
        let old = self.at(span.start, span.end);
        if matches!(self.document.kind(node), Kind::Map | Kind::List) && !self.json && old.contains('#') {
            return Err("it may hold a comment, which would be lost".into());
        }
        let style = self.style(self.in_flow(node));
        let mut text = if value.is_container() { style.inline(value) } else { style.scalar_like(value, old) };
        let before = self.text[..span.start as usize].chars().next_back();
        if old.is_empty() && before.is_some_and(|c| !c.is_whitespace()) {
            text.insert(0, ' ');
        }
        Ok(Edit { start: span.start as usize, end: span.end as usize, text })
    }

    fn add(&self, parent: NodeId, missing: &[String], value: &Tree) -> Result<Edit, String> {
        let Some((key, inner)) = missing.split_first() else { return Err("something stands there already".into()) };
        let value = value.clone().under(inner);
        match self.document.kind(parent) {
            Kind::Map if self.is_flow(parent) => self.add_to_flow(parent, key, &value),
            Kind::Map => self.add_to_block(parent, key, &value),
            Kind::Null => self.add_to_nothing(parent, key, value),
            Kind::List => Err("where in a list an item belongs is not for a machine to say".into()),
            _ => Err("it would have to stand inside a value that holds nothing".into()),
        }
    }

    fn add_to_flow(&self, map: NodeId, key: &str, value: &Tree) -> Result<Edit, String> {
        let span = self.span(map)?;
        let style = self.style(true);
        let Some(last) = self.entries_inside(map).into_iter().max_by_key(|&(_, _, end)| end) else {
            // Right after the bracket: what else stands in there is a comment or white space.
            let at = span.start as usize + 1;
            return Ok(Edit { start: at, end: at, text: style.flow_entry(key, value, None) });
        };
        let (last_key, last_value, end) = last;
        let between = self.at(last_key.end, self.span(last_value)?.start);
        let quoted = self.at(last_key.start, last_key.end).starts_with('"');
        let spaced = between.ends_with(char::is_whitespace) || last_value.is_none();
        let style = Style { json: style.json || quoted, spaced, ..style };
        let line = self.line_start(last_key.start);
        let indent = self.at(line, last_key.start);
        let at = end as usize;
        // On lines of their own: what stands before the key on its line is white space.
        if line > span.start && indent.chars().all(|c| c == ' ' || c == '\t') {
            let lines = Lines { line_break: self.line_break(), indent: 0, step: self.flow_step(map, indent.len()) };
            // A map inside begins where the key does; its lines count from there.
            let inner = Lines { indent: indent.len(), ..lines };
            let entry = style.flow_entry(key, value, (!indent.contains('\t')).then_some(inner));
            return Ok(Edit { start: at, end: at, text: format!(",{}{indent}{entry}", lines.line_break) });
        }
        let comma = if spaced { ", " } else { "," };
        Ok(Edit { start: at, end: at, text: format!("{comma}{}", style.flow_entry(key, value, None)) })
    }

    fn add_to_block(&self, map: NodeId, key: &str, value: &Tree) -> Result<Edit, String> {
        let entries = self.entries_inside(map);
        let first = entries.iter().map(|&(key, _, _)| key).min().ok_or("nobody knows how its entries are indented")?;
        let last = entries.iter().map(|&(_, _, end)| end).max().unwrap_or(first.end).max(self.span(map)?.end);
        let indent = self.column(first.start);
        let quoted = self.at(first.start, first.end).starts_with('"');
        let style = Style { json: quoted, ..self.style(false) };
        let lines = Lines { line_break: self.line_break(), indent, step: self.step(map) };
        let at = self.line_end(last);
        let mut text = String::new();
        lines.begin(&mut text);
        text.push_str(&style.block_entry(key, value, lines));
        Ok(Edit { start: at, end: at, text })
    }

    /// Into `key:` with nothing after it, or with `null`.
    fn add_to_nothing(&self, null: NodeId, key: &str, value: Tree) -> Result<Edit, String> {
        let span = self.span(null)?;
        let empty = span.start == span.end;
        let own = self.document.key_place(null).map(|place| place.span);
        match own {
            Some(own) if empty && !self.in_flow(null) => {
                let step = self.step(self.document.parent(null));
                let indent = self.column(own.start) + step;
                let lines = Lines { line_break: self.line_break(), indent, step };
                let at = self.line_end(own.end);
                let mut text = String::new();
                lines.begin(&mut text);
                text.push_str(&self.style(false).block_entry(key, &value, lines));
                Ok(Edit { start: at, end: at, text })
            }
            _ => self.replace(null, &value.under(&[key.to_owned()])),
        }
    }

    fn remove(&self, node: NodeId) -> Result<Edit, String> {
        let parent = self.document.parent(node);
        let span = self.span(node)?;
        let own = self.document.key_place(node).map_or(span.start, |key| key.span.start);
        let edit = if self.is_flow(parent) {
            self.remove_from_flow(parent, own, span.end)
        } else {
            self.remove_lines(parent, own, span.end)
        }?;
        if !self.json && self.text.get(edit.start..edit.end).unwrap_or_default().contains('#') {
            return Err("a comment may stand there, which would be lost".into());
        }
        Ok(edit)
    }

    fn remove_from_flow(&self, parent: NodeId, start: u32, end: u32) -> Result<Edit, String> {
        let mut spans: Vec<(u32, u32)> = match self.document.kind(parent) {
            Kind::Map => self.entries_inside(parent).into_iter().map(|(key, _, end)| (key.start, end)).collect(),
            _ => {
                self.document.items(parent).filter_map(|item| self.span(item).ok()).map(|s| (s.start, s.end)).collect()
            }
        };
        spans.sort_unstable();
        let at = spans.iter().position(|&(from, _)| from == start).ok_or("it is written elsewhere")?;
        let (from, until) = match (spans.get(at + 1), at.checked_sub(1).and_then(|before| spans.get(before))) {
            (Some(next), _) => (start, next.0),
            (None, Some(before)) => (before.1, end),
            (None, None) => (start, end),
        };
        Ok(Edit { start: from as usize, end: until as usize, text: String::new() })
    }

    fn remove_lines(&self, parent: NodeId, start: u32, end: u32) -> Result<Edit, String> {
        let line = self.line_start(start);
        let alone = self.at(line, start).chars().all(|c| c == ' ');
        if self.document.kind(parent) != Kind::Map || self.document.len(parent) < 2 || !alone {
            return Err("it cannot be taken out without disturbing what stands around it".into());
        }
        let end = self.line_end(end);
        let rest = self.text.get(end..).unwrap_or_default();
        let break_length = rest.chars().take_while(|c| matches!(c, '\r' | '\n')).take(2).collect::<String>();
        let length = if break_length.starts_with("\r\n") { 2 } else { break_length.len().min(1) };
        Ok(Edit { start: line as usize, end: end + length, text: String::new() })
    }

    /// The entries of a map that are written inside it, not merged into it: key, value, and where the entry ends.
    fn entries_inside(&self, map: NodeId) -> Vec<(Span, NodeId, u32)> {
        let Ok(around) = self.span(map) else { return Vec::new() };
        let entry = |value: NodeId| {
            let key = self.document.key_place(value)?.span;
            let own = self.document.value_place(value)?.span;
            // The value of an alias stands elsewhere; of such an entry only the line is known.
            let end = if own.start >= key.end && own.end <= around.end { own.end.max(key.end) } else { return None };
            (key.start >= around.start && key.end <= around.end).then_some((key, value, end))
        };
        self.document.items(map).filter_map(entry).collect()
    }

    /// How far the entries below one level are indented, as the nearest levels show it.
    fn step(&self, node: NodeId) -> usize {
        let mut at = node;
        while !at.is_none() {
            let below = self.document.items(at).filter_map(|child| self.step_of(child)).next();
            if let Some(step) = below.or_else(|| self.step_of(at)) {
                return step;
            }
            at = self.document.parent(at);
        }
        STEP
    }

    /// How much further the first key inside an entry stands than its own key.
    fn step_of(&self, node: NodeId) -> Option<usize> {
        if self.document.kind(node) != Kind::Map || self.is_flow(node) {
            return None;
        }
        let own = self.document.key_place(node)?.span;
        let first = self.document.key_place(self.document.at(node, 0))?.span;
        let (own, first) = (self.column(own.start), if first.start > own.start { self.column(first.start) } else { 0 });
        first.checked_sub(own).filter(|&step| step > 0)
    }

    fn flow_step(&self, map: NodeId, indent: usize) -> usize {
        let start = self.document.value_place(map).map_or(0, |place| place.span.start);
        let outer = self.at(self.line_start(start), start);
        let outer = outer.len() - outer.trim_start_matches(' ').len();
        indent.checked_sub(outer).filter(|&step| step > 0).unwrap_or(STEP)
    }

    /// The characters before a byte on its line.
    fn column(&self, at: u32) -> usize {
        self.at(self.line_start(at), at).chars().count()
    }

    fn line_start(&self, at: u32) -> u32 {
        let before = self.text.get(..at as usize).unwrap_or_default();
        u32::try_from(before.rfind(['\n', '\r']).map_or(0, |found| found + 1)).unwrap_or(u32::MAX)
    }

    /// The end of the line that a value ends on, before its line break.
    fn line_end(&self, at: u32) -> usize {
        let at = at as usize;
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }

    fn line_break(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}

#[cfg(test)]
mod tests;
