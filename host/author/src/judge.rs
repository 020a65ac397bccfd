//! Cases judged by the component itself, in the runner that judges elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_cases::{Case, Expected, differences};
use portcullis_model::{Fact, Query};
use portcullis_runner::{Breach, Description, Error, Input, Outcome, Plugin, Reason};
use portcullis_subject::Secrets;

/// What to do about a trap. A panic of a plugin that is made with the SDK says itself what it is.
const SILENT: &str = "; \"When it does not work\" in the page of the SDK says what that means";
/// Rounds of questions about one review, as everywhere.
const MAX_ROUNDS: u32 = 4;

/// What became of one case.
#[derive(Debug)]
pub struct Verdict {
    /// The case.
    pub case: Case,
    /// The name of its file.
    pub file: String,
    /// What the plugin found, in the order of places.
    pub found: Vec<Expected>,
    /// Why it could not judge; nothing where it could.
    pub failure: Option<String>,
    /// The difference between what is drawn and what was found, drawn; empty where there is none.
    pub difference: String,
    /// How long it took.
    pub time: Duration,
}

impl Verdict {
    /// Whether the plugin found what is drawn.
    pub fn is_right(&self) -> bool {
        self.failure.is_none() && self.difference.is_empty()
    }
}

/// Judges one case.
pub fn judge(plugin: &Plugin, case: Case, path: &Path) -> Verdict {
    let began = Instant::now();
    let (mut found, failure) = match findings(plugin, &case) {
        Ok(found) => (found, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    let time = began.elapsed();
    found.sort();
    let difference = if failure.is_some() { String::new() } else { differences(&case, &found) };
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Verdict { case, file, found, failure, difference, time }
}

fn findings(plugin: &Plugin, case: &Case) -> Result<Vec<Expected>, String> {
    let prepared = plugin.prepare(&case.settings).map_err(|error| error.to_string())?;
    let review = Arc::new(case.review().map_err(|error| error.to_string())?);
    let workload = Arc::new(portcullis_subject::workload::view(&review, &[]));
    // The words that a door would show, so that what is drawn holds there as well.
    let secrets = Secrets::default();
    let recorded = case.answers();
    let mut facts: Vec<Fact> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let input = Input {
            review: Arc::clone(&review),
            workload: Arc::clone(&workload),
            facts: Arc::new(facts.clone()),
            hidden_label: None,
            deadline: None,
            hide: secrets.hide(&review),
        };
        match plugin.evaluate(&prepared, &input).map_err(|error| advised(&error, plugin.description()))? {
            Outcome::Findings(findings) => {
                return Ok(findings.into_iter().map(|finding| drawn(plugin.name(), finding)).collect());
            }
            Outcome::Needs(queries) => {
                for query in queries {
                    let answer = recorded.iter().flatten().find(|fact| is_same(&fact.query, &query));
                    facts.push(answer.cloned().ok_or_else(|| secrets.redact(&review, &unanswered(&query)))?);
                }
            }
        }
    }
    Err(format!("asked for more facts in each of its {MAX_ROUNDS} rounds and never judged"))
}

/// The failure, and what an author who writes in Rust has most probably forgotten.
fn advised(error: &Error, description: &Description) -> String {
    let (list, declared) = match error.reason() {
        Reason::Breach(Breach::Key(_)) => ("keys", &description.keys),
        Reason::Breach(Breach::Path(_)) => ("paths", &description.paths),
        Reason::Trap(_) => return format!("{error}{SILENT}"),
        _ => return error.to_string(),
    };
    match declared.is_empty() {
        true => format!("{error}; add `{list}: {}` to DESCRIPTION", list.to_ascii_uppercase()),
        false => format!(
            "{error}; `{list}` of DESCRIPTION must be the list that this number is of: one `{list}!` for the whole plugin"
        ),
    }
}

fn drawn(plugin: &str, finding: portcullis_model::Finding) -> Expected {
    let (line, column) = finding.place.as_ref().map_or((1, 1), portcullis_model::Place::start);
    Expected { line, column, code: format!("{plugin}/{}", finding.rule), message: finding.message }
}

/// The same question; a case does not know which trust a name means.
fn is_same(one: &Query, other: &Query) -> bool {
    (&one.kind, &one.arguments) == (&other.kind, &other.arguments)
}

fn unanswered(query: &Query) -> String {
    format!(
        "asks for a fact that the head of the case does not record; add to its `facts`: {{kind: {}, arguments: {}, status: absent}}, or what is known",
        query.kind, query.arguments
    )
}
