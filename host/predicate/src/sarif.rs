//! What a SARIF report says: whether the scan ran, and how many results of which severity count.
//!
//! The semantics are those of SARIF 2.1.0 with errata 01, and stricter where the standard leaves it to a consumer: what cannot
//! be known of a result never makes it count for less.

mod ask;
mod baseline;
mod errata;
mod failures;
mod glob;
mod judge;
mod log;
mod offender;
mod path;
mod rules;
mod run;
mod scope;
mod severity;
mod suppress;
mod taxa;
mod wire;
mod work;

use std::borrow::Cow;

pub use ask::{Ask, Baseline, Kinds, Scope, Suppress, Suppressions};
pub use errata::with_errata;
pub use failures::{Failure, Failures};
pub use offender::Offender;
pub use run::{Component, Counted, Revisions, Run};
pub use severity::{Level, Severity};
pub use suppress::Suppressed;
pub use work::Work;

use crate::{Faults, Kind, MAX_RUNS, Piece, Text, Unreadable, shown};
use run::Before;

/// The name of the format.
pub const FORMAT: &str = "SARIF";
/// The only version that is read.
pub const VERSION: &str = "2.1.0";

/// What a report says.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What is wrong with it by the schema. Where there is anything, nothing but its version is to be relied on.
    pub faults: Faults,
    /// Always [`VERSION`].
    pub version: &'static str,
    /// Its runs; none where `runs` is null or empty, which is no evidence of anything.
    pub runs: Vec<Run>,
}

impl Reading {
    /// Whether it keeps the schema.
    pub fn valid(&self) -> bool {
        self.faults.count == 0
    }
}

/// Reads a report: the document itself, a JSON string that holds it, or `Data` of cosign's generic predicate.
///
/// # Errors
/// No JSON, no SARIF, another version; more than [`MAX_RUNS`] runs or [`crate::MAX_RESULTS`] results in one; a baseline that is
/// asked for and is no report itself; an ask beyond the bounds.
pub fn read(text: &[u8], ask: &Ask) -> Result<Reading, Unreadable> {
    ask.check().map_err(Unreadable::new)?;
    let baseline = ask.baseline.as_ref().and_then(|baseline| baseline.document.as_deref());
    let before = baseline.map(before).transpose()?;
    opened(text, |log| reading(log, ask, before.as_ref()))
}

fn reading(log: Piece<'_>, ask: &Ask, before: Option<&Before>) -> Result<Reading, Unreadable> {
    let faults = checked(log)?;
    let mut runs = Vec::new();
    for (index, piece) in log.list("runs").enumerate() {
        if index >= MAX_RUNS {
            return Err(Unreadable::at("/runs", format!("it has more than {MAX_RUNS} runs")));
        }
        runs.push(Run::read(piece, format!("/runs/{index}"), ask, before)?);
    }
    mark_external(log, &mut runs);
    Ok(Reading { faults, version: VERSION, runs })
}

/// The document of the baseline must be a report that keeps the schema: what is missing in it would be new, and what stands in
/// it falsely would be old.
fn before(document: &[u8]) -> Result<Before, Unreadable> {
    let told = |error: Unreadable| Unreadable { what: format!("the baseline: {}", error.what), ..error };
    opened(document, |log| {
        let faults = checked(log)?;
        match faults.first.first() {
            None => Before::read(log.list("runs")),
            Some(fault) => Err(Unreadable::at(fault.pointer.clone(), fault.what.clone())),
        }
    })
    .map_err(told)
}

fn checked(log: Piece<'_>) -> Result<Faults, Unreadable> {
    is_ours(log)?;
    errata::check(log)
}

/// Finds the document in what was attested, and hands it on.
fn opened<T>(bytes: &[u8], with: impl FnOnce(Piece<'_>) -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    let text = Text::read(bytes)?;
    let root = text.root();
    let inner: Option<Cow<'_, str>> = match root.kind() {
        Kind::String => root.str(),
        Kind::Map if root.get("version").is_none() && root.get("runs").is_none() => root.get_str("Data"),
        _ => None,
    };
    match inner {
        Some(inner) => with(Text::of(inner)?.root()),
        None => with(root),
    }
}

fn is_ours(log: Piece<'_>) -> Result<(), Unreadable> {
    if log.kind() != Kind::Map {
        return Err(Unreadable::new("it is no SARIF report: a JSON object is wanted"));
    }
    if let Some(other) = other_format(log) {
        return Err(Unreadable::new(format!("it is {other}, no SARIF report")));
    }
    match log.get("version") {
        Some(version) if version.is(VERSION) => Ok(()),
        Some(version) => {
            let what = shown(&version.str().unwrap_or_else(|| version.raw().into()));
            Err(Unreadable::at(
                "/version",
                format!("it is SARIF {what}; only {VERSION} is read, so convert it to that"),
            ))
        }
        None if log.get("runs").is_some() => {
            Err(Unreadable::new(format!("it has `runs` and no `version`; SARIF {VERSION} is wanted")))
        }
        None => Err(Unreadable::new(format!("it is no SARIF report: it has no `version`, which is to be `{VERSION}`"))),
    }
}

fn other_format(log: Piece<'_>) -> Option<&'static str> {
    let has = |name: &str| log.get(name).is_some();
    if log.get("bomFormat").is_some_and(|format| format.is("CycloneDX")) {
        Some("a CycloneDX SBOM")
    } else if has("spdxVersion") || has("@graph") {
        Some("an SPDX document")
    } else if has("predicateType") && has("subject") {
        Some("a whole in-toto statement")
    } else {
        None
    }
}

/// Parts of a run may stand beside the runs (3.13.5). They are as little to be seen in the run as those in other files.
fn mark_external(log: Piece<'_>, runs: &mut [Run]) {
    for part in log.list("inlineExternalProperties") {
        let says_something = part
            .members()
            .any(|(name, _)| !matches!(&*name, "$schema" | "schema" | "version" | "guid" | "runGuid" | "properties"));
        if !says_something {
            continue;
        }
        let guid = part.get_str("runGuid");
        let is_of =
            |run: &Run| matches!((&run.guid, &guid), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other));
        let known = runs.iter().any(is_of);
        runs.iter_mut().filter(|run| !known || is_of(run)).for_each(|run| run.external = true);
    }
}
