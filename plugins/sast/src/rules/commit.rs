//! What was scanned is what was built (A46c).

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::Look;
use portcullis_proof::pattern;
use portcullis_proof::reading::flag;
use portcullis_proof::words::{list, name};
use portcullis_sdk::{Rule, Severity};

use crate::scan::{BINDING, BY, COMMIT, DISAGREEING, READABLE, REPOSITORY, Run, SOURCES};
use crate::settings::Entry;

/// Another commit or repository than that of the build.
pub const WRONG: Rule =
    Rule::new("wrong-commit", Severity::High, "A scan is of other sources than those that were built");
/// Nobody says which one, where somebody must.
pub const UNKNOWN: Rule =
    Rule::new("commit-unknown", Severity::Medium, "Nobody says which sources were scanned, or which were built");

/// Commit and repository, either of which may be unknown.
type Source = [String; 2];

/// What is known besides the runs.
struct Known {
    /// What whoever signed says was scanned: the statement by a subject of its own, the certificate by its source.
    own: Source,
    /// Whether the statement names that commit beside the image, so that its signer says of both that they belong together.
    beside: bool,
    /// What was built, as provenance says it.
    built: Vec<Source>,
}

/// Judges repository and commit of every run.
pub fn judge(entry: &Entry<'_>, look: &Look<'_>, document: &Document, runs: &[Run]) -> Option<Fault> {
    let binding = document.node.get(BINDING);
    // What provenance says is about the build, and counts by its own signers alone.
    let by = binding.get(BY).text();
    let (beside, certified) = (by == "subject", by == "certificate");
    let said = || [binding.get(COMMIT).text(), binding.get(REPOSITORY).text()];
    let own = if beside || certified { said() } else { Source::default() };
    let provenance = look.provenance(document);
    if entry.commit != "ignore" && provenance.iter().any(|node| flag(node.get(READABLE)) != Some(true)) {
        let what = "is of an image whose provenance cannot be read, though somebody attested it whose word counts, so that nobody knows what was built; attest it again, or write `commit: ignore`";
        return Some(Fault::new(&UNKNOWN, what));
    }
    let sources = provenance.iter().flat_map(|node| node.get(SOURCES).items());
    let built = sources.map(|source| [source.get(COMMIT).text(), source.get(REPOSITORY).text()]).collect();
    let known = Known { own, beside, built };
    for run in runs {
        if let Some(fault) = repository(entry, run, &known) {
            return Some(fault);
        }
        if entry.commit != "ignore"
            && let Some(fault) = commit(entry, run, &known)
        {
            return Some(fault);
        }
    }
    None
}

fn repository(entry: &Entry<'_>, run: &Run, known: &Known) -> Option<Fault> {
    if entry.repositories.is_empty() {
        return None;
    }
    let said = [run.node.get(REPOSITORY).text(), known.own[1].clone()];
    let said: Vec<&String> = said.iter().filter(|text| !text.is_empty()).collect();
    let wanted: Vec<String> = entry.repositories.iter().map(|known| name(known)).collect();
    let counts = |text: &str| entry.repositories.iter().any(|known| pattern::matches(known, plain(text)));
    // Of several sources of a build those that were scanned; where nobody says which those are, all of them.
    let scanned = [run.node.get(COMMIT).text(), known.own[0].clone()];
    let is_scanned = |source: &&Source| scanned.iter().any(|commit| !commit.is_empty() && is_same(commit, &source[0]));
    let some: Vec<&Source> = known.built.iter().filter(is_scanned).collect();
    let sources = if some.is_empty() { known.built.iter().collect() } else { some };
    let built: Vec<&String> =
        sources.iter().map(|[_, repository]| repository).filter(|text| !text.is_empty()).collect();
    let wrong = match said.iter().find(|text| !counts(text)) {
        Some(other) => Some(("is of the repository", name(other))),
        None if !built.is_empty() && !built.iter().any(|text| counts(text)) => {
            let built: Vec<String> = built.iter().map(|text| name(text)).collect();
            Some(("is of an image that was built from", list(&built, "and")))
        }
        None => None,
    };
    if let Some((is_of, other)) = wrong {
        let what = format!(
            "{is_of} {other}, and only {} count (`repositories`); scan the sources that are built",
            list(&wanted, "and")
        );
        return Some(Fault::new(&WRONG, what).at(run.node));
    }
    (said.is_empty() && built.is_empty()).then(|| {
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

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn commit(entry: &Entry<'_>, run: &Run, known: &Known) -> Option<Fault> {
    if flag(run.node.get(DISAGREEING)) != Some(false) {
        let what = format!("names several revisions or repositories in {}, or may do so; scan one", run.shown());
        return Some(Fault::new(&WRONG, what).at(run.node));
    }
    let scanned = run.node.get(COMMIT).text();
    let own = &known.own[0];
    let said: Vec<&str> = [&*scanned, own].into_iter().filter(|commit| !commit.is_empty()).collect();
    let built: Vec<&str> =
        known.built.iter().map(|[commit, _]| &**commit).filter(|commit| !commit.is_empty()).collect();
    let wrong = match said.as_slice() {
        [one, other] if !is_same(one, other) => {
            let whose = if known.beside { "its statement is about" } else { "whoever signed it worked on" };
            Some(format!(
                "is of the commit {}, and {whose} {}; scan the commit that is attested",
                name(one),
                name(other)
            ))
        }
        [one, ..] if !built.is_empty() && !built.iter().any(|commit| is_same(one, commit)) => {
            let built: Vec<String> = built.iter().map(|commit| name(commit)).collect();
            Some(format!(
                "is of the commit {}, and what was built is of {}; scan the commit that is built",
                name(one),
                list(&built, "and")
            ))
        }
        _ => None,
    };
    if let Some(what) = wrong {
        return Some(Fault::new(&WRONG, what).at(run.node));
    }
    // Without provenance a statement about both the image and the commit says by itself that they belong together.
    let bound = !built.is_empty() || (known.beside && !own.is_empty() && known.built.is_empty());
    if entry.commit != "require" || (!said.is_empty() && bound) {
        return None;
    }
    let what = match said.is_empty() {
        true => format!("does not say which commit was scanned; let {} say so by `versionControlProvenance`, or write `commit: match`", run.shown()),
        false => "is of a commit, and nobody whose word counts says which one was built; attest provenance of the build (`cosign attest --type slsaprovenance1`), or write `commit: match`".to_owned(),
    };
    Some(Fault::new(&UNKNOWN, what).at(run.node))
}
