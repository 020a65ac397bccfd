//! What was scanned is what was built (A46c).

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::Look;
use portcullis_proof::pattern;
use portcullis_proof::signer::{digest, signer};
use portcullis_proof::words::{list, name};
use portcullis_sdk::{Node, Rule, Severity};

use crate::scan::{BINDING, BY, COMMIT, DISAGREEING, PROVENANCE, REPOSITORY, Run, SOURCES, SUBJECT};
use crate::settings::Entry;

/// Another commit or repository than that of the build.
pub const WRONG: Rule =
    Rule::new("wrong-commit", Severity::High, "A scan is of other sources than those that were built");
/// Nobody says which one, where somebody must.
pub const UNKNOWN: Rule =
    Rule::new("commit-unknown", Severity::Medium, "Nobody says which sources were scanned, or which were built");

/// Judges repository and commit of every run.
pub fn judge(entry: &Entry<'_>, look: &Look<'_>, document: &Document, runs: &[Run]) -> Option<Fault> {
    let binding = document.node.get(BINDING);
    let sources = sources(look, document);
    // Of the certificate of whoever signed it. What provenance says is about the build, and counts by its own signers alone.
    let by = binding.get(BY).text();
    let said = || [binding.get(COMMIT).text(), binding.get(REPOSITORY).text()];
    let own = if by == "certificate" { said() } else { Default::default() };
    let bound = if by == "subject" { binding.get(COMMIT).text() } else { String::new() };
    for run in runs {
        if let Some(fault) = repository(entry, run, &own[1], &sources) {
            return Some(fault);
        }
        if entry.commit != "ignore"
            && let Some(fault) = commit(entry, run, &bound, &own[0], &sources)
        {
            return Some(fault);
        }
    }
    None
}

fn repository(entry: &Entry<'_>, run: &Run, own: &str, sources: &[[String; 2]]) -> Option<Fault> {
    if entry.repositories.is_empty() {
        return None;
    }
    let said = [run.node.get(REPOSITORY).text(), own.to_owned()];
    let said: Vec<&String> = said.iter().filter(|text| !text.is_empty()).collect();
    let wanted: Vec<String> = entry.repositories.iter().map(|known| name(known)).collect();
    let (is_known, built) = (!said.is_empty(), sources.iter().map(|[_, repository]| repository));
    // Where the report says nothing, the build does.
    let all: Vec<&String> = if is_known { said } else { built.filter(|text| !text.is_empty()).collect() };
    let counts = |text: &str| entry.repositories.iter().any(|known| pattern::matches(known, plain(text)));
    if let Some(other) = all.iter().find(|text| !counts(text)) {
        let what = format!(
            "is of the repository {}, and only {} count (`repositories`); scan the sources that are built",
            name(other),
            list(&wanted, "and")
        );
        return Some(Fault::new(&WRONG, what).at(run.node));
    }
    all.is_empty().then(|| {
        let what = format!(
            "does not say of which repository it is, and only {} count (`repositories`); let {} say so by `versionControlProvenance`",
            list(&wanted, "and"),
            run.shown()
        );
        Fault::new(&UNKNOWN, what).at(run.node)
    })
}

/// An address as patterns are written.
fn plain(repository: &str) -> &str {
    let address = repository.strip_prefix("git+").unwrap_or(repository);
    address.strip_suffix(".git").unwrap_or(address)
}

fn commit(entry: &Entry<'_>, run: &Run, bound: &str, own: &str, sources: &[[String; 2]]) -> Option<Fault> {
    if run.node.get(DISAGREEING).kind() != portcullis_sdk::Kind::Bool || run.node.get(DISAGREEING).boolean() {
        let what = format!("names several revisions in {}, or may do so; scan one", run.shown());
        return Some(Fault::new(&WRONG, what).at(run.node));
    }
    let scanned = run.node.get(COMMIT).text();
    let mut built: Vec<&str> = sources.iter().map(|[commit, _]| commit.as_str()).collect();
    built.push(bound);
    built.retain(|commit| !commit.is_empty());
    let mut said: Vec<&str> = vec![&scanned, own];
    said.retain(|commit| !commit.is_empty());
    let differ = |one: &str, other: &str| !one.eq_ignore_ascii_case(other);
    let wrong = match said.as_slice() {
        [one, other] if differ(one, other) => Some((*one, vec![name(other)])),
        [one, ..] if !built.is_empty() && built.iter().all(|commit| differ(one, commit)) => {
            Some((*one, built.iter().map(|commit| name(commit)).collect()))
        }
        _ => None,
    };
    if let Some((scanned, built)) = wrong {
        let what = format!(
            "is of the commit {}, and what was built is of {}; scan the commit that is built",
            name(scanned),
            list(&built, "and")
        );
        return Some(Fault::new(&WRONG, what).at(run.node));
    }
    if entry.commit != "require" || (!said.is_empty() && !built.is_empty()) {
        return None;
    }
    let what = match said.is_empty() {
        true => format!("does not say which commit was scanned; let {} say so by `versionControlProvenance`, or write `commit: match`", run.shown()),
        false => "is of a commit, and nobody whose word counts says which one was built; attest provenance of the build (`cosign attest --type slsaprovenance1`), or write `commit: match`".to_owned(),
    };
    Some(Fault::new(&UNKNOWN, what).at(run.node))
}

/// Commit and repository of every source of the build, as somebody says whose word counts.
fn sources(look: &Look<'_>, document: &Document) -> Vec<[String; 2]> {
    let subject = if document.subject.is_empty() { digest(look.root) } else { document.subject.clone() };
    let counts = |node: &Node| node.get(SUBJECT).text() == subject && look.admits(&signer(*node)).is_ok();
    let provenance = look.root.get(PROVENANCE).items().filter(counts);
    let sources = provenance.flat_map(|node| node.get(SOURCES).items());
    sources.map(|source| [source.get(COMMIT).text(), source.get(REPOSITORY).text()]).collect()
}
