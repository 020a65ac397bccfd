//! The document of a fact, whose values know where they stand in the files that it tells of.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use portcullis_model::{BuildError, Document, DocumentBuilder, Limits, Source, Span};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The member that names the file which a map tells of, where that is one of the caller's (`"authenticity": "local"`).
const FILE: &str = "file";
/// The member that says where in that file it stands (RFC 6901).
const POINTER: &str = "pointer";
/// The member of a fault that says what is wrong.
const WHAT: &str = "what";

/// A document out of a value. A map that names one of the files tells of it, and each map in it that has a pointer stands
/// where that points.
///
/// # Errors
/// More values than a document may have.
pub(crate) fn placed(value: &Value, files: &[Arc<Source>]) -> Result<Document, BuildError> {
    let mut builder = DocumentBuilder::new(None, Limits::default());
    let texts: Vec<Text<'_>> = files.iter().map(Text::new).collect();
    let mut writer = Writer { builder: &mut builder, texts, of: None };
    writer.write(value, None)?;
    builder.finish()
}

struct Writer<'a, 'b> {
    builder: &'b mut DocumentBuilder,
    texts: Vec<Text<'a>>,
    /// The file that is told of.
    of: Option<usize>,
}

impl Writer<'_, '_> {
    fn write(&mut self, value: &Value, place: Option<Span>) -> Result<(), BuildError> {
        match value {
            Value::Null => self.builder.null(place),
            Value::Bool(value) => self.builder.boolean(*value, place),
            Value::Number(number) => self.builder.number(&number.to_string(), place),
            Value::String(text) => self.builder.string(text, place),
            Value::Array(items) => {
                self.builder.begin_list(place);
                for item in items {
                    self.write(item, place)?;
                }
                self.builder.end(0)?;
            }
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str);
                let file = text(FILE).filter(|_| text("authenticity") == Some("local"));
                let named = file.and_then(|name| self.texts.iter().position(|one| one.source.name() == name));
                let begins = self.of.is_none() && named.is_some();
                if begins {
                    self.of = named;
                    let source = named.and_then(|at| self.texts.get(at)).map(|text| Arc::clone(text.source));
                    self.builder.read_from(source);
                }
                let pointer = if begins { Some("") } else { text(POINTER) };
                let own =
                    self.of.and_then(|at| self.texts.get_mut(at)).zip(pointer).and_then(|(text, at)| text.span(at));
                let broken = self.broken(members);
                let place = broken.or(own).or(place);
                self.builder.begin_map(place);
                for (key, member) in members {
                    self.builder.key(key, None);
                    self.write(member, place)?;
                }
                self.builder.end(0)?;
                if begins {
                    self.of = None;
                    self.builder.read_from(None);
                }
            }
        }
        Ok(())
    }

    /// Where the file that is told of ceases to be readable, where this is the fault which says so.
    fn broken(&self, members: &Map<String, Value>) -> Option<Span> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let what = text(WHAT).filter(|_| text(POINTER).is_some_and(str::is_empty))?;
        span_at(self.texts.get(self.of?)?.source.text(), what)
    }
}

/// The line, and the column in it where that is told (in bytes, from 1), of which a fault of a text that cannot be read speaks:
/// `line 5, column 34`.
fn span_at(text: &str, what: &str) -> Option<Span> {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let (line, rest): (usize, &str) = what.split("line ").skip(1).find_map(|rest| Some((number(rest)?, rest)))?;
    let column = rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(", column ").and_then(number);
    let column: usize = column.unwrap_or(1);
    let begin: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let own = text.get(begin..)?.lines().next().unwrap_or_default();
    // What ends too early is wrong at its end, where nothing stands.
    let start = begin + own.floor_char_boundary(column.saturating_sub(1).min(own.len().saturating_sub(1)));
    Some(Span::new(start, (begin + own.len()).max(start + 1).min(text.len().max(start))))
}

/// A file in which pointers are looked up: each list and map on the way is taken apart once.
struct Text<'a> {
    source: &'a Arc<Source>,
    /// What stands at a pointer.
    values: HashMap<String, Option<&'a RawValue>>,
    /// What stands in the list or map at a pointer, by the last part of theirs.
    inner: HashMap<String, BTreeMap<String, &'a RawValue>>,
}

impl<'a> Text<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        Self { source, values: HashMap::new(), inner: HashMap::new() }
    }

    /// Where the value at a pointer begins, or the nearest one around it that is there.
    fn span(&mut self, pointer: &str) -> Option<Span> {
        let mut at = pointer;
        loop {
            if let Some(value) = self.value(at) {
                let start = value.get().as_ptr() as usize - self.source.text().as_ptr() as usize;
                let first = value.get().lines().next().unwrap_or_default().len().max(1);
                return Some(Span::new(start, start + first));
            }
            at = at.rsplit_once('/')?.0;
        }
    }

    fn value(&mut self, pointer: &str) -> Option<&'a RawValue> {
        if let Some(known) = self.values.get(pointer) {
            return *known;
        }
        let found = match pointer.rsplit_once('/') {
            None => serde_json::from_str(self.source.text().trim_start_matches('\u{feff}')).ok(),
            Some((outer, last)) => {
                let last = last.replace("~1", "/").replace("~0", "~");
                self.inner(outer).and_then(|inner| inner.get(&last).copied())
            }
        };
        self.values.insert(pointer.to_owned(), found);
        found
    }

    fn inner(&mut self, pointer: &str) -> Option<&BTreeMap<String, &'a RawValue>> {
        if !self.inner.contains_key(pointer) {
            let text = self.value(pointer)?.get();
            let inner = match text.as_bytes().first() {
                Some(b'[') => {
                    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                    items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
                }
                _ => {
                    let members: BTreeMap<Cow<'a, str>, &RawValue> = serde_json::from_str(text).ok()?;
                    members.into_iter().map(|(key, member)| (key.into_owned(), member)).collect()
                }
            };
            self.inner.insert(pointer.to_owned(), inner);
        }
        self.inner.get(pointer)
    }
}

#[cfg(test)]
mod tests {
    use portcullis_model::NodeId;
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_each_entry_in_its_own_file() {
        let sbom = "\u{feff}{\n \"a/b\": [1,\n  {\"x\": 2}]\n}";
        let files = [Source::new("sbom.json", sbom), Source::new("x.sarif", "{\"runs\":\n [\n 7]}")];
        let value = json!({"documents": [
            {"authenticity": "local", "file": "sbom.json", "first": [{"pointer": "/a~1b/1"}, {"pointer": "/a~1b/1/missing"}, {"file": "x.sarif"}]},
            {"authenticity": "local", "file": "x.sarif", "pointer": "/nowhere", "first": [{"pointer": "/runs/0", "message": "m"}]},
            {"authenticity": "local", "file": "other.json", "pointer": "/runs/0"},
            {"authenticity": "attested", "file": "x.sarif", "pointer": "/runs/0"},
        ]});
        let document = placed(&value, &files).expect("a document");
        let place = |pointer: &str| {
            let (node, rest) = document.resolve(NodeId::ROOT, pointer);
            assert!(rest, "{pointer}");
            document.place(node).map(|place| place.to_string())
        };
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(place("/documents/0"), is("sbom.json:1:2"), "columns count the byte order mark");
        assert_eq!(place("/documents/0/first/0"), is("sbom.json:3:3"));
        assert_eq!(
            place("/documents/0/first/1"),
            is("sbom.json:3:3"),
            "what is missing stands in what it is missing from"
        );
        assert_eq!(place("/documents/0/first/2"), is("sbom.json:1:2"), "a path in a report is not the report");
        assert_eq!(place("/documents/1"), is("x.sarif:1:1"));
        assert_eq!(place("/documents/1/first/0/message"), is("x.sarif:3:2"));
        assert_eq!(place("/documents/2"), None);
        assert_eq!(place("/documents/3"), None, "no file of the caller's");
        assert_eq!(place(""), None);
    }

    #[test]
    fn finds_where_a_file_ceases_to_be_readable() {
        let text = "{\n \"ä\": 1,\n \"b\": nul\n}";
        let place = |name: &str, text: &str, what: &str, pointer: &str| {
            let files = [Source::new(name, text)];
            let fault = json!({"pointer": pointer, "what": what});
            let document = json!({"authenticity": "local", "file": name, "readable": false, "fault": fault});
            let document = placed(&document, &files).expect("a document");
            document.place(document.walk(NodeId::ROOT, &["fault"])).map(|place| place.to_string())
        };
        let is = |text: &str| Some(text.to_owned());
        let at = "it is no JSON that can be judged: line 3, column 7: expected value";
        assert_eq!(place("a.json", text, at, ""), is("a.json:3:7"));
        assert_eq!(place("a.json", text, "line 2, column 4: x", ""), is("a.json:2:3"), "within a character");
        assert_eq!(place("a.json", "{\"a\":\n", "line 2, column 1: EOF", ""), is("a.json:2:1"), "at its end");
        assert_eq!(place("a.json", "{", "line 99, column 7: x", ""), is("a.json:1:2"), "never beyond it");
        assert_eq!(place("a.spdx", "A: 1\nB\n", "SPDX tag-value, line 2: no tag", ""), is("a.spdx:2:1"));
        assert_eq!(
            place("a.json", "{\n\"a\": 7}", "line 1, column 1: x", "/a"),
            is("a.json:2:6"),
            "a pointer says more"
        );
        assert_eq!(place("a.json", "{}", "it is an SBOM on line ten", ""), is("a.json:1:1"), "as before");
    }
}
