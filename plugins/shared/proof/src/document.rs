//! One document of a fact: where it comes from, who stands for it, and what it is about.

use portcullis_sdk::{Finding, Node, Rule};

use crate::identity::shown;
use crate::reading::{flag, seconds};
use crate::signer::{Signer, signer};
use crate::words::{cut, name};

crate::document_keys! {}

/// Who stands for a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Somebody signed a statement that holds.
    Attested(Signer),
    /// A file of the caller's, by its path.
    Local(String),
    /// Nobody that this plugin could know: it counts for nothing.
    Unknown(String),
}

/// One document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it stands in the fact.
    pub node: Node,
    /// Who stands for it.
    pub source: Source,
    /// The digest that it is about; empty where it says none.
    pub subject: String,
}

impl Document {
    /// Reads the head of one.
    pub fn of(node: Node) -> Self {
        let source = match node.get(AUTHENTICITY).text().as_str() {
            "attested" => Source::Attested(signer(node)),
            "local" => Source::Local(node.get(FILE).text()),
            other => Source::Unknown(other.to_owned()),
        };
        Self { node, source, subject: node.get(SUBJECT).text() }
    }

    /// Whether it is a file that nobody signed.
    pub fn is_local(&self) -> bool {
        matches!(self.source, Source::Local(_))
    }

    /// Whoever stands for it, as one who can be counted.
    pub fn signer(&self) -> Signer {
        match &self.source {
            Source::Attested(signer) => signer.clone(),
            Source::Local(_) => Signer::Unknown("a file".to_owned()),
            Source::Unknown(what) => Signer::Unknown(what.clone()),
        }
    }

    /// When it was signed, by a clock that was verified; nothing where nobody knows.
    pub fn signed_at(&self) -> Option<i64> {
        match self.source {
            Source::Attested(_) => seconds(self.node.get(SIGNED_AT_SECONDS)),
            _ => None,
        }
    }

    /// Where it was found and who stands for it, for messages.
    pub fn shown(&self) -> String {
        match &self.source {
            Source::Attested(signer) => {
                let found = match self.node.get(FOUND).text() {
                    // The host has quoted what stands in it.
                    found if found.contains('`') => cut(&found, MOST_REASON),
                    found => name(&found),
                };
                format!("{found}, by {}", shown(signer, ""))
            }
            Source::Local(file) => format!("the file {}", name(file)),
            Source::Unknown(what) if what.is_empty() => "one that does not say where it comes from".to_owned(),
            Source::Unknown(what) => format!("one from {}", name(what)),
        }
    }

    /// What keeps it from being read at all; the rules are those of text that cannot be read and of text that is not valid.
    pub(crate) fn fault(&self, unreadable: &'static Rule, invalid: &'static Rule) -> Option<Fault> {
        let place = |fault: Node| match fault.get(POINTER).text() {
            place if place.is_empty() => String::new(),
            place => format!(" (at {})", name(&place)),
        };
        if flag(self.node.get(READABLE)) != Some(true) {
            let fault = self.node.get(FAULT);
            let what = match fault.get(WHAT).text() {
                what if what.is_empty() => "nobody knows what it is".to_owned(),
                what => cut(&what, MOST_REASON),
            };
            let verb = if self.is_local() { "give" } else { "attest" };
            let what = format!("cannot be read: {what}{}; make it again and {verb} what the tool wrote", place(fault));
            return Some(Fault::new(unreadable, what).at(fault));
        }
        let faults = self.node.get(FAULTS);
        let many = self.node.get(FAULT_COUNT).number_text();
        if flag(self.node.get(VALID)) != Some(true) || many != "0" || !faults.is_empty() {
            let first = faults.at(0);
            let what = match first.get(WHAT).text() {
                what if what.is_empty() => "it is not known to keep it".to_owned(),
                what => format!("{}{}", cut(&what, MOST_REASON), place(first)),
            };
            let count = match many.as_str() {
                "" | "0" | "1" => String::new(),
                many => format!(", {many} in all"),
            };
            let what = format!(
                "does not keep the schema of its format: {what}{count}; make it with a tool that does, or mend what changes it"
            );
            return Some(Fault::new(invalid, what).at(first));
        }
        None
    }
}

/// The longest reason of the host's in a message, in characters.
const MOST_REASON: usize = 600;

/// What is wrong with a document.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The rule that is broken.
    pub rule: &'static Rule,
    /// Where that stands in the fact; none where the document as a whole is meant.
    pub node: Node,
    /// What is wrong and what to do, as it goes on behind the document's name.
    pub what: String,
}

impl Fault {
    /// The document as a whole breaks a rule.
    pub fn new(rule: &'static Rule, what: impl Into<String>) -> Self {
        Self { rule, node: Node::NONE, what: what.into() }
    }

    /// The same because of one thing in it.
    #[must_use]
    pub fn at(mut self, node: Node) -> Self {
        self.node = node;
        self
    }

    /// The finding: of a file where the thing stands in it, of anything else at the image.
    pub(crate) fn finding(self, document: &Document, image: Node, subject: &str) -> Finding {
        let node = match (document.is_local(), self.node.is_none()) {
            (false, _) => image,
            (true, true) => document.node,
            (true, false) => self.node,
        };
        Finding::new(self.rule, node, format!("{subject} {}", cut(&self.what, MOST_WHAT)))
    }
}

/// The longest text of a fault in a message, in characters: with what stands before it, less than what a host cuts.
const MOST_WHAT: usize = 2000;
