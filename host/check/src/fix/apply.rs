//! Several fixes done to one text, and only those of which the result is exactly what they say.

use std::collections::HashSet;

use portcullis_model::{Document, NodeId};
use portcullis_report::{FixOutcome, FixState};

use crate::fix::bench::{Bench, Judge, Key};
use crate::fix::edit::{Edit, Page, edit};
use crate::fix::tree::{Tree, segments};
use crate::fix::wanted::{Plan, Wanted};
use crate::read::FileContent;

/// Fixes of one text that are tried one by one, where together they do not come to what they say.
const MAX_ONE_BY_ONE: usize = 200;

/// What became of a plan.
pub(crate) struct Applied {
    /// The text with what was done, judged; nothing where nothing was done.
    pub(crate) bench: Option<Bench>,
    pub(crate) applied: Vec<FixOutcome>,
    pub(crate) refused: Vec<FixOutcome>,
}

/// Why the fixes could not all be done; of one of them, where it is known which.
struct Fault {
    of: Option<usize>,
    reason: String,
}

/// Does what the plan says, or as much of it as holds: the new text must be read as the old one with just these values
/// changed, must not have the findings any more, and must have no other finding instead.
pub(crate) fn apply(judge: Judge<'_>, content: &FileContent, bench: &Bench, mut plan: Plan) -> Applied {
    let mut wanted = std::mem::take(&mut plan.wanted);
    let before = bench.keys();
    let mut one_by_one = false;
    let bench = loop {
        if wanted.is_empty() {
            break None;
        }
        let attempt = Attempt { judge, content, bench, one_by_one };
        let fault = match attempt.text(&wanted) {
            Ok(text) => match attempt.judged(&wanted, &before, &text) {
                Ok(after) => break Some(after),
                Err(fault) => fault,
            },
            Err(fault) => fault,
        };
        match fault.of {
            Some(at) if at < wanted.len() => plan.refuse(&wanted.remove(at), &fault.reason),
            _ if !one_by_one && wanted.len() <= MAX_ONE_BY_ONE => one_by_one = true,
            _ => wanted.drain(..).for_each(|wanted| plan.refuse(&wanted, &fault.reason)),
        }
    };
    let done = |wanted: Wanted| {
        wanted.findings.into_iter().map(|(_, outcome)| FixOutcome { state: FixState::Applied, ..outcome })
    };
    Applied { bench, applied: wanted.into_iter().flat_map(done).collect(), refused: plan.refused }
}

/// The edits that can be done to one version of a text, and the fixes that must wait for the next.
type Round = (Vec<(usize, Edit)>, Vec<usize>);

struct Attempt<'a> {
    judge: Judge<'a>,
    content: &'a FileContent,
    bench: &'a Bench,
    one_by_one: bool,
}

impl Attempt<'_> {
    /// The text with all of the fixes done: in rounds, because what is missing inside of something that is missing as well
    /// has its place only when that is there.
    fn text(&self, wanted: &[Wanted]) -> Result<String, Fault> {
        let mut text = self.bench.text.clone();
        let mut documents = self.bench.documents.clone();
        let mut expected = self.bench.trees();
        let mut pending: Vec<usize> = (0..wanted.len()).collect();
        while !pending.is_empty() {
            let (now, later) = self.round(wanted, &pending, &documents, &text)?;
            let single = if let [(at, _)] = now.as_slice() { Some(*at) } else { None };
            let fault = |reason: &str| Fault { of: single, reason: reason.to_owned() };
            for (at, _) in &now {
                let wanted = &wanted[*at];
                let tree = expected.get_mut(wanted.document);
                let path = segments(&wanted.pointer);
                if !tree.is_some_and(|tree| tree.change(&path, wanted.operation, wanted.value.as_ref())) {
                    return Err(Fault { of: Some(*at), reason: "nothing stands at its pointer".into() });
                }
            }
            text = with(&text, now.into_iter().map(|(_, edit)| edit).collect());
            documents = self
                .content
                .with_text(&text)
                .documents(&self.judge.options.read)
                .map_err(|_| fault("the text with it could not be read any more"))?;
            if Tree::of_all(&documents) != expected {
                return Err(fault("the text with it would mean something else than the fix says"));
            }
            pending = later;
        }
        Ok(text)
    }

    /// What can be done to this version of the text at once, and what must wait for the next.
    fn round(&self, wanted: &[Wanted], pending: &[usize], documents: &[Document], text: &str) -> Result<Round, Fault> {
        let mut edits: Vec<(usize, Edit)> = Vec::new();
        let mut later = Vec::new();
        for &at in pending {
            if self.one_by_one && !edits.is_empty() {
                later.push(at);
                continue;
            }
            let wanted = &wanted[at];
            let document = documents.get(wanted.document);
            let document = document.ok_or(Fault { of: Some(at), reason: "its document is not there".into() })?;
            let page = Page { document, text, json: self.bench.json };
            let edit = edit(&page, &wanted.pointer, wanted.operation, wanted.value.as_ref())
                .map_err(|reason| Fault { of: Some(at), reason })?;
            edits.push((at, edit));
        }
        // In the order of the text each can only touch the one before it.
        edits.sort_by_key(|(_, edit)| (edit.start, edit.end));
        let mut now: Vec<(usize, Edit)> = Vec::with_capacity(edits.len());
        for (at, edit) in edits {
            if now.last().is_some_and(|(_, before)| before.touches(&edit)) {
                later.push(at)
            } else {
                now.push((at, edit))
            }
        }
        later.sort_unstable();
        Ok((now, later))
    }

    /// The text that was fixed, judged, or what is wrong with it.
    fn judged(&self, wanted: &[Wanted], before: &HashSet<Key>, text: &str) -> Result<Bench, Fault> {
        let bench = Bench::of(self.judge, self.content, text)
            .ok_or(Fault { of: None, reason: "the text with it could not be judged any more".into() })?;
        let after = bench.keys();
        let still = |wanted: &Wanted| wanted.findings.iter().any(|(key, _)| after.contains(key));
        if let Some(at) = wanted.iter().position(still) {
            return Err(Fault { of: Some(at), reason: "its finding would still be there".into() });
        }
        let mut new: Vec<&Key> = after.difference(before).collect();
        new.sort_by(|one, other| (one.subject, &one.pointer).cmp(&(other.subject, &other.pointer)));
        let Some(new) = new.first() else { return Ok(bench) };
        let near = |wanted: &Wanted| {
            let mut own = wanted.findings.iter().filter(|(key, _)| key.subject == new.subject);
            own.any(|(key, _)| key.pointer.starts_with(&new.pointer) || new.pointer.starts_with(&key.pointer))
        };
        let same = |wanted: &Wanted| wanted.findings.iter().any(|(key, _)| key.subject == new.subject);
        let of = wanted.iter().position(near).or_else(|| wanted.iter().position(same));
        Err(Fault { of, reason: format!("it would lead to another finding: {}", new.shown()) })
    }
}

/// The text with other bytes in some places; no two of them touch, and they are in the order of the text.
fn with(text: &str, edits: Vec<Edit>) -> String {
    let mut out = String::with_capacity(text.len() + edits.len() * 16);
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The value at the root of each document, for what only compares.
pub(crate) fn means_the_same(documents: &[Document], trees: &[Tree]) -> bool {
    documents.len() == trees.len()
        && documents.iter().zip(trees).all(|(document, tree)| Tree::of(document, NodeId::ROOT) == *tree)
}
