//! Documents that the caller gave, and what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use portcullis_model::{Source, sha256_hex};

use crate::question::{Kind, Question};

/// What became of a document that the caller gave: of all questions, the one that made most of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Use {
    /// Nobody asked for a document of its kind.
    Unasked,
    /// Only those were asked for that somebody signed.
    Unsigned,
    /// It cannot be read.
    Unreadable,
    /// It names something else than was asked about.
    Elsewhere,
    /// Results were compared with it.
    Compared,
    /// Whoever asked was told of it, or learnt that nobody could look.
    Told,
}

const USES: [Use; 6] = [Use::Unasked, Use::Unsigned, Use::Unreadable, Use::Elsewhere, Use::Compared, Use::Told];

/// Reports whose digests are told where none is the baseline.
const REPORTS_SHOWN: usize = 3;

/// A document that the caller gave, for whoever tells the caller what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenDocument {
    /// The kind of the facts that tell of it.
    pub kind: &'static str,
    /// The file, as the caller named it.
    pub file: String,
    /// What became of it.
    pub used: Use,
}

/// A document of the caller's that nobody signed.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) kind: Kind,
    pub(crate) text: Arc<Source>,
    used: Arc<AtomicU8>,
}

impl Given {
    pub(crate) fn new(kind: Kind, text: Arc<Source>) -> Self {
        Self { kind, text, used: Arc::default() }
    }

    /// Keeps what became of it, unless more did before.
    pub(crate) fn used(&self, used: Use) {
        self.used.fetch_max(used as u8, Ordering::Relaxed);
    }

    pub(crate) fn shown(&self) -> GivenDocument {
        let used = USES.get(usize::from(self.used.load(Ordering::Relaxed))).copied().unwrap_or(Use::Told);
        GivenDocument { kind: self.kind.name(), file: self.text.name().to_owned(), used }
    }
}

/// Keeps of all that a question is about what became of them.
pub(crate) fn used(given: &[Given], question: &Question, used: Use) {
    given.iter().filter(|given| given.kind == question.kind).for_each(|given| given.used(used));
}

/// The bytes of a report of the caller's that has this digest.
pub(crate) fn by_digest(given: &[Given], digest: &str) -> Option<Vec<u8>> {
    let mut reports = given.iter().filter(|given| given.kind == Kind::Sast);
    let found = reports.find(|given| sha256_hex(given.text.text().as_bytes()) == digest)?;
    found.used(Use::Compared);
    Some(found.text.text().as_bytes().to_vec())
}

/// For a person: why there is nothing to compare results with, and what to do. A file that was changed by a byte is another one.
pub(crate) fn no_baseline(given: &[Given], digest: &str, why: &str) -> String {
    let reports = given.iter().filter(|given| given.kind == Kind::Sast).take(REPORTS_SHOWN);
    let one = |given: &Given| format!(" (`{}` is {})", given.text.name(), sha256_hex(given.text.text().as_bytes()));
    let there: String = reports.map(one).collect();
    format!(
        "the baseline `{digest}` {why}{there}; `baseline` in the settings of `sast` names the report of an earlier run, whose results are old, by the digest of its file, or of a manifest in the repository of the image: give that file to `check` by --sarif beside the report that is judged, or name another one"
    )
}

/// For a person: that nobody could look, and what would have been enough.
pub(crate) fn nobody_looked(question: &Question, bundles: usize, about: &str) -> String {
    let bundles = match bundles {
        0 => "no bundle was given (--bundle)".to_owned(),
        count => format!("none of the {count} bundles that were given is about it"),
    };
    let file = match question.kind {
        Kind::Sbom if question.local => {
            ", and no SBOM was given: --sbom FILE gives one, which counts here though nobody signed it"
        }
        Kind::Sast if question.local => {
            ", and no SARIF report was given: --sarif FILE gives one, which counts here though nobody signed it"
        }
        _ => "",
    };
    format!("no registry may be asked about `{about}`, {bundles}{file}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_most_that_became_of_a_document() {
        let given = Given::new(Kind::Sbom, Source::new("a.json", "{}"));
        assert_eq!(given.shown().used, Use::Unasked);
        for (used, shown) in USES.into_iter().rev().map(|used| (used, Use::Told)) {
            given.used(used);
            assert_eq!(given.shown().used, shown);
        }
        for (at, used) in USES.into_iter().enumerate() {
            assert_eq!(used as usize, at, "{used:?}");
        }
    }
}
