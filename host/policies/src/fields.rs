//! Reads a document field by field and collects every complaint with its place.

use std::cell::RefCell;

use portcullis_model::{Document, Kind, NodeId, PerMode, Place, nearest};

use crate::error::{Complaint, one_of, quote, sort};

/// Complaints after this many are dropped: nobody reads more, and a hostile file must not fill the memory.
pub const MAX_COMPLAINTS: usize = 100;

/// A document that a person wrote, on its way to becoming what it describes.
pub struct Fields<'d> {
    /// What is read.
    pub document: &'d Document,
    complaints: RefCell<Vec<Complaint>>,
}

impl<'d> Fields<'d> {
    /// Nothing of it is read yet.
    pub fn new(document: &'d Document) -> Self {
        Self { document, complaints: RefCell::default() }
    }

    /// All complaints, in the order of the lines that they are about: what is read first need not be written first.
    pub fn finish(self) -> Vec<Complaint> {
        let mut complaints = self.complaints.into_inner();
        let misspelt: Vec<(String, String)> = complaints.iter().filter_map(misspelt).collect();
        complaints.retain(|complaint| !misspelt.iter().any(|(map, key)| is_lack(&complaint.message, map, key)));
        sort(&mut complaints);
        complaints
    }

    /// Adds a complaint, up to [`MAX_COMPLAINTS`].
    pub fn add(&self, complaint: Complaint) {
        let mut complaints = self.complaints.borrow_mut();
        if complaints.len() < MAX_COMPLAINTS {
            complaints.push(complaint);
        }
    }

    /// Something that is wrong at a node.
    pub fn wrong(&self, node: NodeId, message: impl Into<String>) {
        self.add(Complaint::wrong(message, self.place(node)));
    }

    /// The same with advice.
    pub fn wrong_hint(&self, node: NodeId, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Complaint::wrong(message, self.place(node)).hint(hint));
    }

    /// Where a node stands.
    pub fn place(&self, node: NodeId) -> Option<Place> {
        self.document.place(node)
    }

    /// What a node is called in messages: its key, or the list it stands in and its position.
    pub fn name(&self, node: NodeId) -> String {
        let document = self.document;
        match document.key(node) {
            Some(key) => quote(key),
            None if node == NodeId::ROOT => "the document".to_owned(),
            None => {
                let parent = document.parent(node);
                let position = document.items(parent).position(|item| item == node).unwrap_or_default();
                quote(&format!("{}[{position}]", document.key(parent).unwrap_or_default()))
            }
        }
    }

    /// Complains about every key of a map that is not known. True where the node is a map at all.
    pub fn expect_map(&self, node: NodeId, known: &[&str]) -> bool {
        self.expect_map_or(node, known, |_| None)
    }

    /// The same, with what a map looks like for who wrote something else.
    pub fn expect_map_like(&self, node: NodeId, known: &[&str], like: &str) -> bool {
        let found = self.document.kind(node);
        if found != Kind::Map {
            let message = format!("{} must be a map, found {}", self.name(node), found_word(found));
            self.wrong_hint(node, message, format!("write `{like}`"));
            return false;
        }
        self.expect_map(node, known)
    }

    /// The same, with advice about keys that are not known, where there is any that is better than the nearest known one.
    pub fn expect_map_or(&self, node: NodeId, known: &[&str], advice: impl Fn(&str) -> Option<String>) -> bool {
        if !self.expect(node, Kind::Map, "a map") {
            return false;
        }
        for (key, value) in self.document.entries(node) {
            if !known.contains(&key) {
                let message = format!("unknown field {} in {}", quote(key), self.name(node));
                let hint = advice(key).unwrap_or_else(|| match nearest(key, known) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("known here: {}", known.join(", ")),
                });
                self.add(Complaint::wrong(message, self.document.key_place(value)).hint(hint));
            }
        }
        true
    }

    /// Complains where a node is not of this kind.
    pub fn expect(&self, node: NodeId, kind: Kind, expected: &str) -> bool {
        let found = self.document.kind(node);
        if found == kind {
            return true;
        }
        let message = format!("{} must be {expected}, found {}", self.name(node), found_word(found));
        match (kind, found) {
            (Kind::String, Kind::Number | Kind::Bool) => self.wrong_hint(node, message, "put it in quotes"),
            (Kind::List, Kind::String) => self.wrong_hint(node, message, "put it in brackets: `[..]`"),
            _ => self.wrong(node, message),
        }
        false
    }

    /// The value under a key; nothing where the key is absent.
    pub fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        Some(self.document.find(node, key)).filter(|found| !found.is_none())
    }

    /// The value under a key that must be there.
    pub fn required(&self, node: NodeId, key: &str) -> Option<NodeId> {
        let found = self.get(node, key);
        if found.is_none() {
            self.wrong(node, format!("{} has no `{key}`", self.name(node)));
        }
        found
    }

    /// A string that is not empty.
    pub fn text(&self, node: NodeId) -> Option<&'d str> {
        if !self.expect(node, Kind::String, "a string") {
            return None;
        }
        let text = self.document.text(node);
        if text.trim().is_empty() {
            self.wrong(node, format!("{} is empty", self.name(node)));
            return None;
        }
        Some(text)
    }

    /// A string under a key that must be there.
    pub fn required_text(&self, node: NodeId, key: &str) -> Option<&'d str> {
        self.required(node, key).and_then(|found| self.text(found))
    }

    /// The items of a list under a key; none where the key is absent.
    pub fn list(&self, node: NodeId, key: &str) -> Option<Vec<NodeId>> {
        let found = self.get(node, key)?;
        self.expect(found, Kind::List, "a list").then(|| self.document.items(found).collect())
    }

    /// A list of strings under a key, each with its node.
    pub fn texts(&self, node: NodeId, key: &str) -> Option<Vec<(NodeId, &'d str)>> {
        let found = self.get(node, key)?;
        if !self.expect(found, Kind::List, "a list of strings") {
            return None;
        }
        let text = |item| self.expect(item, Kind::String, "a string").then(|| (item, self.document.text(item)));
        Some(self.document.items(found).filter_map(text).collect())
    }

    /// One of some known words.
    pub fn word<T: Copy>(&self, node: NodeId, words: &[(&str, T)]) -> Option<T> {
        let known: Vec<&str> = words.iter().map(|&(word, _)| word).collect();
        if !self.expect(node, Kind::String, &one_of(&known)) {
            return None;
        }
        let written = self.document.text(node);
        let found = words.iter().find(|(word, _)| *word == written).map(|&(_, value)| value);
        if found.is_none() {
            let message = format!("{} cannot be {}", self.name(node), quote(written));
            let hint = match nearest(written, &known) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("write {}", one_of(&known)),
            };
            self.wrong_hint(node, message, hint);
        }
        found
    }

    /// `true` or `false`.
    pub fn flag(&self, node: NodeId) -> Option<bool> {
        self.expect(node, Kind::Bool, "`true` or `false`").then(|| self.document.boolean(node)).flatten()
    }

    /// A map `{sandbox: .., compliance: ..}` under a key.
    pub fn per_mode<T>(&self, node: NodeId, key: &str, read: impl Fn(NodeId) -> Option<T>) -> PerMode<Option<T>> {
        let absent = PerMode { sandbox: None, compliance: None };
        let Some(found) = self.get(node, key) else { return absent };
        if self.document.kind(found) != Kind::Map {
            let message =
                format!("{} must be a map, found {}", self.name(found), found_word(self.document.kind(found)));
            self.wrong_hint(found, message, "say it for each mode: `{sandbox: .., compliance: ..}`");
            return absent;
        }
        self.expect_map(found, &["sandbox", "compliance"]);
        PerMode {
            sandbox: self.get(found, "sandbox").and_then(&read),
            compliance: self.get(found, "compliance").and_then(&read),
        }
    }
}

fn found_word(kind: Kind) -> &'static str {
    match kind {
        Kind::None | Kind::Null => "nothing",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::List => "a list",
        Kind::Map => "a map",
    }
}

/// The map and the key of a field that has another name there, of a complaint about such a field.
fn misspelt(complaint: &Complaint) -> Option<(String, String)> {
    let (_, map) = complaint.message.strip_prefix("unknown field `")?.split_once("` in ")?;
    let key = complaint.hint.as_ref()?.strip_prefix("did you mean `")?.strip_suffix("`?")?;
    Some((map.to_owned(), key.to_owned()))
}

/// Whether a complaint says that the key is missing in the map, which who misspelt it need not be told besides.
fn is_lack(message: &str, map: &str, key: &str) -> bool {
    let rest = message.strip_prefix(map).unwrap_or_default();
    rest == format!(" has no `{key}`") || (rest.starts_with(" has neither `") && rest.contains(&format!("`{key}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_complaint_about_a_key_that_was_only_misspelt_from_any_other() {
        let is = |message: &str| is_lack(message, "`a`", "name");
        assert!(is("`a` has no `name`") && is("`a` has neither `name` nor `selector`"));
        for other in [
            "`a` has no `kind`",
            "`a` has neither `file` nor `pem`",
            "`a` has both `name` and `file`",
            "`b` has no `name`",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
