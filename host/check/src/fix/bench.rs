//! A version of a text, read and judged as `check` would.

use std::collections::HashSet;
use std::sync::Arc;

use portcullis_gate::Gate;
use portcullis_model::{Decision, Document, Judged, Mode, Review, Source};

use crate::CheckOptions;
use crate::fix::tree::Tree;
use crate::read::{FileContent, reviewed};
use crate::subjects::Surroundings;

/// What judges.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) gate: &'a Gate,
    pub(crate) options: &'a CheckOptions,
    pub(crate) surroundings: &'a Surroundings,
}

/// What tells one finding of a text from another, whatever its message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) subject: usize,
    set: String,
    policy: String,
    rule: String,
    pub(crate) pointer: String,
}

impl Key {
    pub(crate) fn of(subject: usize, set: &str, judged: &Judged) -> Self {
        Self {
            subject,
            set: set.to_owned(),
            policy: judged.policy.clone(),
            rule: judged.finding.rule.clone(),
            pointer: judged.finding.pointer.clone(),
        }
    }

    /// For a person: what was found, and where.
    pub(crate) fn shown(&self) -> String {
        format!("{}/{} at `{}`", self.policy, self.rule, self.pointer)
    }
}

/// One subject of a text, judged.
pub(crate) struct Subject {
    pub(crate) review: Arc<Review>,
    pub(crate) decisions: Vec<Decision>,
    /// Whether it is the record of an earlier judgement.
    pub(crate) recorded: bool,
}

/// A version of a text, judged.
pub(crate) struct Bench {
    pub(crate) text: String,
    /// The same with what is masked in it.
    pub(crate) source: Arc<Source>,
    pub(crate) json: bool,
    pub(crate) documents: Vec<Document>,
    pub(crate) subjects: Vec<Subject>,
}

impl Bench {
    /// Reads and judges a version of a file's text. Nothing where the file has errors: these are told elsewhere.
    pub(crate) fn of(judge: Judge<'_>, content: &FileContent, text: &str) -> Option<Self> {
        let content = content.with_text(text);
        let source = content.source.clone().ok()?;
        let documents = content.documents(&judge.options.read).ok()?;
        let found = judge.surroundings.subjects(judge.gate, judge.options, &content);
        if !found.errors.is_empty() {
            return None;
        }
        let judged = |(review, record): (Review, Option<_>)| {
            let review = Arc::new(review);
            let decisions = pollster::block_on(judge.gate.judge(&review));
            Subject { review, decisions, recorded: record.is_some() }
        };
        let subjects = found.reviews.into_iter().map(judged).collect();
        let json = content.is_json(&judge.options.read);
        Some(Self { text: text.to_owned(), source, json, documents, subjects })
    }

    /// Whether every subject may be changed as far as its mode goes, and there is one.
    pub(crate) fn is_all_sandbox(&self) -> bool {
        let mut decisions = self.subjects.iter().flat_map(|subject| &subject.decisions).peekable();
        decisions.peek().is_some() && decisions.all(|decision| decision.mode == Mode::Sandbox)
    }

    pub(crate) fn trees(&self) -> Vec<Tree> {
        Tree::of_all(&self.documents)
    }

    /// Everything that was found; what could not be judged is among it.
    pub(crate) fn keys(&self) -> HashSet<Key> {
        let mut keys = HashSet::new();
        for (number, subject) in self.subjects.iter().enumerate() {
            for decision in &subject.decisions {
                let set = &decision.policy_set;
                keys.extend(decision.findings.iter().map(|judged| Key::of(number, set, judged)));
                keys.extend(decision.failures.iter().map(|failure| Key {
                    subject: number,
                    set: set.clone(),
                    policy: failure.policy.clone().unwrap_or_default(),
                    rule: failure.kind.as_str().to_owned(),
                    pointer: String::new(),
                }));
            }
        }
        keys
    }
}

impl FileContent {
    /// The same file with another text.
    pub(crate) fn with_text(&self, text: &str) -> Self {
        let shown = &self.file.shown;
        let signed = Some(reviewed(shown, text.as_bytes()));
        Self { file: self.file.clone(), source: Ok(Source::new(shown.as_str(), text)), signed }
    }
}
