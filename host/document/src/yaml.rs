//! YAML as kubectl reads it.
//!
//! The judge is `sigs.k8s.io/yaml` (go-yaml 2, YAML 1.1) behind kubectl's splitting of streams. Deliberately different:
//! - a key twice in one map is an error, also where two notations collapse into one key (`n` and `no`); kubectl takes the
//!   last in silence. A merge key is no second time: what stands later wins, as in kubectl (usually the map's own key,
//!   because `<<` usually stands first);
//! - what follows `...` in one part of a stream is read, where kubectl drops it in silence;
//! - `--- text` on one line, `%YAML` and `%TAG` are read, where kubectl refuses them; so are the escape `\/`, a `?` inside a plain
//!   scalar in brackets, and up to four bytes after a JSON text;
//! - text after the one value of a part, a byte-order mark inside and `\r\r\n` are errors, where
//!   kubectl drops, keeps or joins them; so are a plain scalar in brackets that ends with `:` (`[a:]`) and brackets and commas in a tag;
//! - half of a surrogate pair is an error in JSON, where kubectl puts U+FFFD in its place;
//! - depth, values, documents and what aliases repeat have limits of our own.
//!
//! What nearly all manifests are written in is read in one pass ([`plain`]), everything else by the parser; where both can read a
//! text, they read the same.

mod complaint;
mod emit;
mod feed;
mod gave_up;
mod number;
mod plain;
mod scalar;
mod split;
mod tree;

use std::sync::{Arc, Mutex, PoisonError};

use portcullis_model::{Document, Kind, NodeId, Source};

use crate::error::{Error, ErrorKind};
use crate::{LARGE_YAML_BYTES, ReadLimits, json};
pub use complaint::yaml_looks_like_template;

/// Held while a text above [`LARGE_YAML_BYTES`] is parsed.
static ONE_LARGE_TEXT: Mutex<()> = Mutex::new(());

/// How far kubectl looks for the brace that JSON begins with.
const JSON_WITHIN: usize = 4096;

/// The documents of a stream so far.
struct Documents {
    read: Vec<Document>,
    /// The values of all of them.
    values: u32,
    limits: ReadLimits,
}

/// Reads all documents of a stream; empty ones (nothing, comments, `null`) are skipped, as kubectl skips them. Every key
/// and value keeps its place; what an alias repeats keeps the places of what it repeats.
///
/// A stream that begins with `{` is read as JSON texts first, as kubectl does, so that JSON keeps JSON's rules (escapes,
/// number texts, no limit on the length of keys).
///
/// # Errors
/// The first thing that cannot be read; no document is given then.
pub fn read_yaml(source: &Arc<Source>, limits: &ReadLimits) -> Result<Vec<Document>, Error> {
    let bytes = source.text().len();
    limits.check(bytes)?;
    let large = (bytes > LARGE_YAML_BYTES).then(|| ONE_LARGE_TEXT.lock().unwrap_or_else(PoisonError::into_inner));
    let documents = read_stream(source, limits).map_err(|error| error.of_values(limits.tree.nodes));
    drop(large);
    documents
}

fn read_stream(source: &Arc<Source>, limits: &ReadLimits) -> Result<Vec<Document>, Error> {
    let mut documents = Documents { read: Vec::new(), values: 0, limits: *limits };
    let (from, json_error) = documents.read_leading_json(source)?;
    for (start, end) in split::parts(source.text(), from) {
        documents.read_part(source, start, end).map_err(|error| {
            // The first word of JSON decides whose complaint helps.
            let first = json_error.clone().filter(|_| start == from && documents.read.is_empty());
            match first.or_else(|| json_complaint(source, start, end, limits)) {
                Some(json) if *error.kind() != ErrorKind::HelmTemplate => {
                    complaint::template(source, start, end).unwrap_or(json)
                }
                _ => error,
            }
        })?;
    }
    Ok(documents.read)
}

/// What JSON has to say about a part that is written as JSON.
fn json_complaint(source: &Arc<Source>, start: usize, end: usize, limits: &ReadLimits) -> Option<Error> {
    let text = source.text().get(..end)?;
    // The line of dashes that begins a part stays with it.
    let dashes = text[start..].strip_prefix("---").and_then(|rest| rest.find('\n'));
    let at = blank_after(text, dashes.map_or(start, |length| start + 3 + length));
    begins_as_json(&text[at..]).then(|| json::read_value(text, at, Some(source), limits).err()).flatten()
}

/// Whether a text begins as an object of JSON, and not just as a flow mapping.
fn begins_as_json(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

fn begins_as_number(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).starts_with(|first: char| first.is_ascii_digit())
}

/// The offset of what follows JSON's blanks at an offset.
fn blank_after(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// Where YAML begins behind JSON that ended at an offset: kubectl drops white space of any kind up to the end of the line, so
/// that a no-break space before `{` makes no text of an object (`consumeWhitespace` of k8s.io/apimachinery).
fn yaml_after(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let end = rest.find('\n').map_or(text.len(), |length| at + length + 1);
    end - text[at..end].trim_start().len()
}

impl Documents {
    /// What the next document may still hold.
    fn rest(&self) -> ReadLimits {
        let mut rest = self.limits;
        rest.tree.nodes = rest.tree.nodes.saturating_sub(self.values);
        rest
    }

    /// Reads JSON texts from the beginning as long as there are any; returns where YAML goes on, and why JSON did not.
    fn read_leading_json(&mut self, source: &Arc<Source>) -> Result<(usize, Option<Error>), Error> {
        let text = source.text();
        let first = text.len() - text.trim_start().len();
        if first >= JSON_WITHIN || !text[first..].starts_with('{') {
            return Ok((0, None));
        }
        let (mut from, mut count) = (0, 0);
        loop {
            let at = blank_after(text, from);
            if at == text.len() {
                return Ok((at, None));
            }
            match json::read_value(text, at, Some(source), &self.rest()) {
                Ok((document, end)) => {
                    self.keep(document)?;
                    from = end;
                    count += 1;
                }
                // Two JSON texts make a JSON stream: what follows may not be YAML (kubectl's rule).
                // Go takes `07` for two texts and goes on after them; as YAML, what follows would be a part of one text.
                Err(error) if count == 1 && begins_as_number(&text[at..]) => return Err(error),
                Err(error) if count > 1 => return Err(error),
                Err(error) => {
                    let json = Some(error).filter(|_| begins_as_json(&text[first..]));
                    return Ok((yaml_after(text, from), json));
                }
            }
        }
    }

    /// Reads one part of the stream: in one pass where it is written as nearly all manifests are, else by the parser.
    fn read_part(&mut self, source: &Arc<Source>, start: usize, end: usize) -> Result<(), Error> {
        match plain::read(source, start, end, &self.rest()) {
            Some(document) => document.map_or(Ok(()), |document| self.keep(document)),
            None => self.parse_part(source, start, end),
        }
    }

    fn parse_part(&mut self, source: &Arc<Source>, start: usize, end: usize) -> Result<(), Error> {
        let mut part = tree::Part::new(source, start, end)?;
        while let Some(tree) = part.next_document(&self.rest())? {
            let document = emit::emit(&tree, source, &self.rest());
            self.keep(document.map_err(|error| complaint::explain(error, source, start, end))?)?;
        }
        Ok(())
    }

    /// Keeps a document that says something.
    fn keep(&mut self, document: Document) -> Result<(), Error> {
        if document.kind(NodeId::ROOT) == Kind::Null {
            return Ok(());
        }
        if self.read.len() >= self.limits.documents {
            let place = document.value_place(NodeId::ROOT);
            let error = ErrorKind::TooManyDocuments { limit: self.limits.documents };
            return Err(match place {
                Some(place) => error.at(Some(&place.source), place.span.start as usize, place.span.end as usize),
                None => error.nowhere(),
            });
        }
        self.values = self.values.saturating_add(document.node_count());
        self.read.push(document);
        Ok(())
    }
}
