//! YAML as kubectl reads it.
//!
//! The judge is `sigs.k8s.io/yaml` (go-yaml 2, YAML 1.1) behind kubectl's splitting of streams. Deliberately different:
//! - a key twice in one map is an error, also where two notations collapse into one key (`n` and `no`); kubectl takes the
//!   last in silence. A merge key is no second time: what stands later wins, as in kubectl (usually the map's own key,
//!   because `<<` usually stands first);
//! - what follows `...` in one part of a stream is read, where kubectl drops it in silence;
//! - `--- text` on one line, `%YAML` and `%TAG` are read, where kubectl refuses them; so is the escape `\/`;
//! - text after the one value of a part, a byte-order mark at the beginning of a later line and `\r\r\n` are errors, where
//!   kubectl drops, keeps or joins them; so is a plain scalar in brackets that ends with `:` (`[a:]`);
//! - half of a surrogate pair is an error in JSON, where kubectl puts U+FFFD in its place;
//! - depth, values, documents and what aliases repeat have limits of our own.

mod complaint;
mod emit;
mod number;
mod scalar;
mod split;
mod tree;

use std::sync::Arc;

use portcullis_model::{Document, Kind, NodeId, Source};

use crate::error::{Error, ErrorKind};
use crate::{ReadLimits, json};
pub use complaint::yaml_looks_like_template;

/// Reads all documents of a stream; empty ones (nothing, comments, `null`) are skipped, as kubectl skips them. Every key
/// and value keeps its place; what an alias repeats keeps the places of what it repeats.
///
/// A stream that begins with `{` is read as JSON texts first, as kubectl does, so that JSON keeps JSON's rules (escapes,
/// number texts, no limit on the length of keys).
///
/// # Errors
/// The first thing that cannot be read; no document is given then.
pub fn read_yaml(source: &Arc<Source>, limits: &ReadLimits) -> Result<Vec<Document>, Error> {
    limits.check(source.text().len())?;
    let mut documents = Vec::new();
    let (from, json_error) = read_leading_json(source, limits, &mut documents)?;
    for (start, end) in split::parts(source.text(), from) {
        read_part(source, start, end, limits, &mut documents).map_err(|error| {
            // The first word of JSON decides whose complaint helps.
            match json_error.clone().filter(|_| start == from && documents.is_empty()) {
                Some(json) if *error.kind() != ErrorKind::HelmTemplate => {
                    complaint::template(source, start, end).unwrap_or(json)
                }
                _ => error,
            }
        })?;
    }
    Ok(documents)
}

/// Reads JSON texts from the beginning as long as there are any; returns where YAML goes on, and why JSON did not.
fn read_leading_json(
    source: &Arc<Source>,
    limits: &ReadLimits,
    documents: &mut Vec<Document>,
) -> Result<(usize, Option<Error>), Error> {
    let text = source.text();
    let blank =
        |at: usize| at + text[at..].len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']).len();
    let first = blank(0);
    if !text[first..].starts_with('{') {
        return Ok((0, None));
    }
    let mut from = 0;
    loop {
        let at = blank(from);
        if at == text.len() {
            return Ok((at, None));
        }
        match json::read_value(text, at, Some(source), limits) {
            Ok((document, end)) => {
                keep(document, limits, documents)?;
                from = end;
            }
            // Two JSON texts make a JSON stream: what follows may not be YAML (kubectl's rule).
            Err(error) if documents.len() > 1 => return Err(error),
            Err(error) => {
                let json = text[first + 1..].trim_start().starts_with(['"', '}']);
                return Ok((from, Some(error).filter(|_| json)));
            }
        }
    }
}

fn read_part(
    source: &Arc<Source>,
    start: usize,
    end: usize,
    limits: &ReadLimits,
    documents: &mut Vec<Document>,
) -> Result<(), Error> {
    let mut part = tree::Part::new(source, start, end, limits)?;
    while let Some(tree) = part.next_document()? {
        keep(
            emit::emit(&tree, source, limits).map_err(|error| complaint::explain(error, source, start, end))?,
            limits,
            documents,
        )?;
    }
    Ok(())
}

fn keep(document: Document, limits: &ReadLimits, documents: &mut Vec<Document>) -> Result<(), Error> {
    if document.kind(NodeId::ROOT) == Kind::Null {
        return Ok(());
    }
    if documents.len() >= limits.documents {
        let place = document.value_place(NodeId::ROOT);
        let error = ErrorKind::TooManyDocuments { limit: limits.documents };
        return Err(match place {
            Some(place) => error.at(Some(&place.source), place.span.start as usize, place.span.end as usize),
            None => error.nowhere(),
        });
    }
    documents.push(document);
    Ok(())
}
