//! What one call of a plugin may see, and what is left of its budget.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use portcullis_model::{Amount, Document, Fact, Key, NamespaceLabels, NodeId, Query, Review, Workload};

use crate::budget::Purse;
use crate::clock::Running;
use crate::error::Breach;
use crate::path::Path;

/// Takes out of a text what nobody may read, the values of a Secret. It gets what a plugin wrote, before that is cut.
pub type Hide = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What a plugin is asked about. Cloning it is cheap.
#[derive(Clone)]
pub struct Input {
    /// The review.
    pub review: Arc<Review>,
    /// The view of its containers, of the same object.
    pub workload: Arc<Workload>,
    /// The answers to this plugin's own queries, in the order in which they were first asked.
    pub facts: Arc<Vec<Fact>>,
    /// The label of the namespace that chooses the mode: a plugin never sees it.
    pub hidden_label: Option<Arc<str>>,
    /// When the review's answer is due, whoever spent the time.
    pub deadline: Option<Instant>,
    /// What is done to each text of the plugin before anything else; nothing where nothing is secret.
    pub hide: Option<Hide>,
}

impl Input {
    /// What `describe` and `prepare` see: nothing at all.
    pub(crate) fn nothing() -> Self {
        static NOTHING: OnceLock<Input> = OnceLock::new();
        let make = || Input {
            review: Arc::new(empty_review()),
            workload: Arc::default(),
            facts: Arc::default(),
            hidden_label: None,
            deadline: None,
            hide: None,
        };
        NOTHING.get_or_init(make).clone()
    }

    /// A text of the plugin without what nobody may read.
    pub(crate) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.hide.as_ref().map_or(Cow::Borrowed(text), |hide| Cow::Owned(hide(text)))
    }

    /// The labels of the namespace, the one that chooses the mode among them; nothing where there is no namespace. What is not
    /// known is never "none" (A18b).
    pub(crate) fn labels(&self) -> Result<Option<&BTreeMap<String, String>>, Breach> {
        match &self.review.namespace {
            NamespaceLabels::Known(labels) => Ok(Some(labels)),
            NamespaceLabels::None => Ok(None),
            NamespaceLabels::Unknown(_) => Err(Breach::Labels),
        }
    }

    /// The document that the upper byte of a handle means.
    pub(crate) fn document(&self, number: u32) -> Option<&Document> {
        match number {
            OBJECT => self.review.object.as_ref(),
            OLD_OBJECT => self.review.old_object.as_ref(),
            OPTIONS => self.review.options.as_ref(),
            fact => self.facts.get((fact - FIRST_FACT) as usize)?.document.as_ref(),
        }
    }

    /// The document and the node of a handle; nothing for a handle that was never given out.
    #[inline]
    fn resolve(&self, handle: u32) -> Option<(u32, &Document, NodeId)> {
        let (number, node) = (handle >> NODE_BITS, NodeId(handle & NODE_MASK));
        let document = self.document(number)?;
        (!node.is_none() && document.contains(node)).then_some((number, document, node))
    }

    /// The same; nothing for none, and an end of the evaluation for a handle that was never given out.
    #[inline]
    pub(crate) fn at(&self, handle: u32) -> Result<Option<(u32, &Document, NodeId)>, Breach> {
        if handle == 0 {
            return Ok(None);
        }
        self.resolve(handle).map(Some).ok_or(Breach::Handle(handle))
    }
}

fn empty_review() -> Review {
    use portcullis_model::{Request, Subject, SubjectKind};
    let subject = Subject {
        kind_of: SubjectKind::Object,
        api_version: String::new(),
        kind: String::new(),
        namespace: String::new(),
        name: String::new(),
        place: None,
        occurrence: None,
    };
    Review {
        subject,
        request: Request::default(),
        object: None,
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

/// A handle is the number of a document in its upper 8 bits and a node in its lower 24 (`model::Limits::nodes`).
pub(crate) const NODE_BITS: u32 = 24;
const NODE_MASK: u32 = (1 << NODE_BITS) - 1;
/// Documents by number; after these come the documents of facts, by position.
pub(crate) const OBJECT: u32 = 0;
pub(crate) const OLD_OBJECT: u32 = 1;
const OPTIONS: u32 = 2;
/// The number of the first fact's document.
pub(crate) const FIRST_FACT: u32 = 3;
/// How many facts have a number.
pub(crate) const FACTS: usize = (1 << (32 - NODE_BITS)) - FIRST_FACT as usize;

/// The handle of a node; 0 for none.
#[inline]
pub(crate) fn handle(document: u32, node: NodeId) -> u32 {
    if node.is_none() { 0 } else { document << NODE_BITS | node.0 }
}

/// What a plugin declared, ready for use.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) keys: Vec<Key>,
    pub(crate) paths: Vec<Path>,
}

/// The data of one store: everything that the imported functions work on.
pub(crate) struct State {
    pub(crate) input: Input,
    pub(crate) declared: Arc<Declared>,
    pub(crate) purse: Purse,
    pub(crate) parse_quantity: fn(&str) -> Amount,
    /// Why the plugin ended its own evaluation, in its words.
    pub(crate) last_words: Option<String>,
    /// The clock ticks as long as there is this.
    pub(crate) _running: Running,
}

impl State {
    /// The position of the answer to a query.
    pub(crate) fn answer(&self, kind: &str, arguments: &str) -> Option<usize> {
        let facts = self.input.facts.iter();
        facts.enumerate().find(|(_, fact)| fact.query.kind == kind && fact.query.arguments == arguments).map(|(n, _)| n)
    }

    /// Whether a query was answered before.
    pub(crate) fn known(&self, query: &Query) -> bool {
        self.answer(&query.kind, &query.arguments).is_some()
    }
}
